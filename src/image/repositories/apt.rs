//! apt's sources: `sources.list(5)`, both the one-line form and deb822.

use std::path::PathBuf;

use super::Refused;
use crate::image::{Error, Image};

/// One enabled source of binary packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Its line, or the first line of its stanza, from 1.
    pub line: u32,
    /// Where it is fetched from.
    pub uris: Vec<String>,
    /// Suites (`bookworm-security`).
    pub suites: Vec<String>,
    /// Options (`trusted`, `signed-by`), in lower case, with their line.
    pub options: Vec<Setting>,
}

/// One option of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// In lower case; deb822's name (`allow-insecure`, `signed-by`).
    pub name: String,
    /// As written.
    pub value: String,
    /// Its line, from 1.
    pub line: u32,
}

impl Source {
    /// The option called `name`; the last one where it is said twice.
    pub fn option(&self, name: &str) -> Option<&Setting> {
        self.options.iter().rfind(|option| option.name == name)
    }
}

/// Whether apt reads a value as "yes" (`StringToBool` of apt).
pub fn is_yes(value: &str) -> bool {
    let value = value.trim();
    ["yes", "true", "with", "on", "enable"].iter().any(|word| value.eq_ignore_ascii_case(word))
        || value.parse::<i64>().is_ok_and(|number| number != 0)
}

/// Every source in the files that apt reads.
pub(super) fn read(image: &Image) -> Result<Vec<Source>, Error> {
    let mut sources = Vec::new();
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    files.extend(image.glob("/etc/apt/sources.list.d/*.{list,sources}")?);
    for path in files {
        let Some(text) = image.read_text(&path)? else { continue };
        let deb822 = path.extension().is_some_and(|extension| extension == "sources");
        let found = if deb822 { stanzas(&text) } else { lines(&text) };
        let found = found.map_err(|refused| refused.of(&path))?;
        sources.extend(found.into_iter().map(|source| Source { path: path.clone(), ..source }));
    }
    Ok(sources)
}

fn source(line: u32) -> Source {
    Source { path: PathBuf::new(), line, uris: Vec::new(), suites: Vec::new(), options: Vec::new() }
}

/// The one-line form: `deb [option=value …] uri suite component…`. The sources have no path yet.
///
/// # Errors
/// A line that apt refuses.
pub fn lines(text: &str) -> Result<Vec<Source>, Refused> {
    let mut sources = Vec::new();
    for (line, written) in (1..).zip(text.lines()) {
        let body = written.split('#').next().unwrap_or_default().trim();
        if body.is_empty() {
            continue;
        }
        let (kind, rest) = body.split_once([' ', '\t']).unwrap_or((body, ""));
        match kind {
            "deb" => {}
            "deb-src" => continue,
            _ => return Err(Refused::at(line, "a source begins with deb or deb-src")),
        }
        let mut found = source(line);
        let mut rest = rest.trim_start();
        if let Some(options) = rest.strip_prefix('[') {
            let Some((options, after)) = options.split_once(']') else {
                return Err(Refused::at(line, "the options have no ]"));
            };
            for option in options.split_ascii_whitespace() {
                let Some((name, value)) = option.split_once('=') else {
                    return Err(Refused::at(line, "an option is name=value"));
                };
                let name = name.trim_end_matches(['+', '-']).to_ascii_lowercase();
                found.options.push(Setting { name, value: value.to_owned(), line });
            }
            rest = after.trim_start();
        }
        // A CD's name stands in brackets and may hold blanks.
        let name = if rest.starts_with("cdrom:[") { rest.find(']').unwrap_or(0) } else { 0 };
        let end = rest.get(name..).and_then(|tail| tail.find([' ', '\t'])).map_or(rest.len(), |at| name + at);
        let (uri, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let Some(suite) = after.split_ascii_whitespace().next() else {
            return Err(Refused::at(line, "a source names a URI and a suite"));
        };
        found.uris.push(uri.to_owned());
        found.suites.push(suite.to_owned());
        sources.push(found);
    }
    Ok(sources)
}

/// The deb822 form: stanzas of `Field: value`. The sources have no path yet. Disabled ones are left out.
///
/// # Errors
/// A line that apt refuses, or a stanza without `Types`, `URIs` or `Suites`.
pub fn stanzas(text: &str) -> Result<Vec<Source>, Refused> {
    let mut sources = Vec::new();
    let mut fields: Vec<Setting> = Vec::new();
    // The blank line behind the end closes the last stanza.
    for (line, written) in (1..).zip(text.lines().chain([""])) {
        if written.starts_with('#') {
            continue;
        }
        if written.trim().is_empty() {
            sources.extend(stanza(std::mem::take(&mut fields))?);
        } else if written.starts_with([' ', '\t']) {
            let Some(last) = fields.last_mut() else {
                return Err(Refused::at(line, "a continuation without a field before it"));
            };
            last.value.push('\n');
            last.value.push_str(written.trim());
        } else {
            let Some((name, value)) = written.split_once(':') else {
                return Err(Refused::at(line, "a field is `Name: value`"));
            };
            fields.push(Setting { name: name.trim().to_ascii_lowercase(), value: value.trim().to_owned(), line });
        }
    }
    Ok(sources)
}

fn stanza(fields: Vec<Setting>) -> Result<Option<Source>, Refused> {
    let Some(line) = fields.first().map(|field| field.line) else { return Ok(None) };
    let mut found = source(line);
    let value = |name: &str| fields.iter().rfind(|field| field.name == name).map(|field| field.value.as_str());
    let words =
        |name: &str| value(name).map(|value| value.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>());
    if value("enabled").is_some_and(|enabled| !is_yes(enabled)) {
        return Ok(None);
    }
    let Some(types) = words("types") else { return Err(Refused::at(line, "the stanza has no Types")) };
    found.uris = words("uris").ok_or(Refused::at(line, "the stanza has no URIs"))?;
    found.suites = words("suites").ok_or(Refused::at(line, "the stanza has no Suites"))?;
    found.options = fields;
    found.options.retain(|field| !["types", "uris", "suites", "components", "enabled"].contains(&field.name.as_str()));
    Ok(types.iter().any(|kind| kind == "deb").then_some(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_line_sources() {
        let text = "# c\ndeb http://deb.debian.org/debian bookworm main contrib # c\n\
                    deb-src http://deb.debian.org/debian bookworm main\n\
                    deb [ arch=amd64 signed-by=/k.gpg Trusted=yes ] https://apt.example/ ./\n\
                    deb cdrom:[Debian GNU/Linux 12 _Bookworm_]/ bookworm main\n";
        let found = lines(text).unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!((found[0].line, found[0].suites[0].as_str()), (2, "bookworm"));
        assert_eq!(found[1].option("trusted").unwrap().value, "yes");
        assert_eq!(found[1].option("signed-by").unwrap().value, "/k.gpg");
        assert_eq!(found[2].uris, ["cdrom:[Debian GNU/Linux 12 _Bookworm_]/"]);
    }

    #[test]
    fn stanzas_of_sources() {
        let text = "# Ubuntu\nTypes: deb deb-src\nURIs: http://archive.ubuntu.com/ubuntu/\nSuites: noble noble-updates\n\
                    Components: main\nSigned-By:\n -----BEGIN\n .\n# c\n -----END\n\n\n\
                    Types: deb\nURIs: https://x.example\nSuites: noble-security\nEnabled: no\n\n\
                    Types: deb-src\nURIs: https://x.example\nSuites: noble\n\n\
                    types: deb\nuris: https://y.example\nsuites: noble-security\ntrusted: yes";
        let found = stanzas(text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[0].suites.len()), (2, 2));
        assert!(found[0].option("signed-by").unwrap().value.contains("-----END"));
        assert_eq!(found[1].option("trusted").unwrap().line, 25);
    }

    #[test]
    fn what_apt_refuses_is_refused() {
        for text in ["rpm http://x y z", "deb", "deb http://x", "deb [a=b http://x y", "deb [a] http://x y"] {
            assert_eq!(lines(text).unwrap_err().line, 1, "{text}");
        }
        for text in ["words", " x: y", "Types: deb\nURIs: x\n", "URIs: x\nSuites: y"] {
            assert!(stanzas(text).is_err(), "{text}");
        }
    }

    #[test]
    fn yes_as_apt_reads_it() {
        assert!(is_yes("yes") && is_yes("True") && is_yes("1") && is_yes("enable"));
        assert!(!is_yes("no") && !is_yes("0") && !is_yes("") && !is_yes("maybe"));
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in "((deb|Types:|URIs:|\\[|\\]|=| |\t|\n|#|cdrom:\\[)|\\PC){0,80}") {
            let _ = (lines(&text), stanzas(&text));
        }
    }
}
