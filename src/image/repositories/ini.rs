//! Files of sections and settings, as yum, dnf and zypper write them (`dnf.conf(5)`, `yum.conf(5)`).

use super::Refused;

/// One `[section]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What stands between the brackets.
    pub name: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its settings, in order.
    pub settings: Vec<Setting>,
}

/// One `name = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The name, in lower case.
    pub name: String,
    /// The value; continuation lines are joined with line feeds.
    pub value: String,
    /// Its line, from 1.
    pub line: u32,
}

impl Section {
    /// The setting called `name`; the last one where it is said twice.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().rfind(|setting| setting.name == name)
    }
}

impl Setting {
    /// The value as yum, dnf and zypper read a switch; `None` when it is none.
    pub fn switch(&self) -> Option<bool> {
        match self.value.trim().to_ascii_lowercase().as_str() {
            "1" | "yes" | "true" | "on" | "enabled" | "always" => Some(true),
            "0" | "no" | "false" | "off" | "disabled" | "never" => Some(false),
            _ => None,
        }
    }
}

/// The sections of `text`. Lines that begin with `#` or `;` are comments; a line that begins with a blank goes on with
/// the value before it.
///
/// # Errors
/// A line that is neither a section nor a setting, or a setting before the first section.
pub fn parse(text: &str) -> Result<Vec<Section>, Refused> {
    let mut sections: Vec<Section> = Vec::new();
    for (line, written) in (1..).zip(text.lines()) {
        let body = written.trim();
        if body.is_empty() || body.starts_with(['#', ';']) {
            continue;
        }
        if written.starts_with([' ', '\t'])
            && let Some(last) = sections.last_mut().and_then(|section| section.settings.last_mut())
        {
            last.value.push('\n');
            last.value.push_str(body);
            continue;
        }
        if let Some(name) = body.strip_prefix('[') {
            let Some((name, _)) = name.split_once(']') else { return Err(Refused::at(line, "the section has no ]")) };
            sections.push(Section { name: name.to_owned(), line, settings: Vec::new() });
            continue;
        }
        let Some(section) = sections.last_mut() else {
            return Err(Refused::at(line, "a setting stands before the first [section]"));
        };
        let Some(at) = body.find(['=', ':']) else {
            return Err(Refused::at(line, "it is neither a [section] nor name=value"));
        };
        let (name, value) = body.split_at(at);
        let value = value.trim_start_matches(['=', ':']).trim().to_owned();
        section.settings.push(Setting { name: name.trim().to_ascii_lowercase(), value, line });
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sections_settings_and_continuations() {
        let text = "# c\n[main]\ngpgcheck = 1\n\n[acme]\nname: Acme $basearch\nbaseurl=https://a.example/\n  https://b.example/\nGPGCheck=No\n; c\n";
        let sections = parse(text).unwrap();
        assert_eq!(sections.iter().map(|section| section.name.as_str()).collect::<Vec<_>>(), ["main", "acme"]);
        let acme = &sections[1];
        assert_eq!((acme.line, acme.get("name").unwrap().value.as_str()), (5, "Acme $basearch"));
        assert_eq!(acme.get("baseurl").unwrap().value, "https://a.example/\nhttps://b.example/");
        assert_eq!((acme.get("gpgcheck").unwrap().switch(), acme.get("gpgcheck").unwrap().line), (Some(false), 9));
        assert_eq!(acme.get("enabled"), None);
    }

    #[test]
    fn what_dnf_would_refuse_is_refused() {
        for (text, line) in [("x=1\n", 1), ("[a\n", 1), ("[a]\n\nwords\n", 3)] {
            assert_eq!(parse(text).unwrap_err().line, line, "{text}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in "([\\[\\]=:#; \t\na-z0-9]|\\PC){0,200}") {
            let _ = parse(&text);
        }
    }
}
