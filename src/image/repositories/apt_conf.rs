//! apt's settings: `apt.conf(5)`, a tree written as `A::B "value";` or `A { B "value"; };`.

use std::path::PathBuf;

use super::Refused;
use crate::image::{Error, Image, Kind};

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The file.
    pub path: PathBuf,
    /// The names from the top, joined with `::`, in lower case.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Its line, from 1.
    pub line: u32,
}

/// Blocks within blocks that are followed; apt's own files have four.
const DEPTH: usize = 32;

/// Every setting in the files that apt reads: those of `apt.conf.d` by name, then `apt.conf`.
pub(super) fn read(image: &Image) -> Result<Vec<Setting>, Error> {
    let mut settings = Vec::new();
    let mut files = image.glob("/etc/apt/apt.conf.d/*")?;
    files.retain(|path| path.extension().is_none_or(|extension| extension == "conf"));
    files.push(PathBuf::from("/etc/apt/apt.conf"));
    for path in files {
        if image.stat(&path)?.is_none_or(|meta| meta.kind == Kind::Directory) {
            continue;
        }
        let Some(text) = image.read_text(&path)? else { continue };
        let found = parse(&text).map_err(|refused| refused.of(&path))?;
        settings.extend(found.into_iter().map(|setting| Setting { path: path.clone(), ..setting }));
    }
    Ok(settings)
}

/// The last value of the setting called `name` (in lower case).
pub fn get<'a>(settings: &'a [Setting], name: &str) -> Option<&'a Setting> {
    settings.iter().rfind(|setting| setting.name == name)
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    End,
    Word(String),
}

/// The settings of `text`; they have no path yet. `#clear` and `#include` are not followed.
///
/// # Errors
/// A quote or comment without an end, or blocks that do not fit together.
pub fn parse(text: &str) -> Result<Vec<Setting>, Refused> {
    let mut settings = Vec::new();
    let mut scopes: Vec<String> = Vec::new();
    let mut words: Vec<(String, u32)> = Vec::new();
    let mut last = 1;
    for (token, line) in tokens(text)? {
        last = line;
        match token {
            Token::Word(word) => words.push((word, line)),
            Token::Open => {
                if scopes.len() >= DEPTH {
                    return Err(Refused::at(line, "there are too many blocks within blocks"));
                }
                scopes.push(words.first().map(|(word, _)| word.to_ascii_lowercase()).unwrap_or_default());
                words.clear();
            }
            Token::Close => {
                if scopes.pop().is_none() {
                    return Err(Refused::at(line, "a } without its {"));
                }
                words.clear();
            }
            Token::End => {
                if let [(name, line), (value, _), ..] = words.as_slice() {
                    let name = name.to_ascii_lowercase();
                    let name = scopes.iter().map(String::as_str).chain([name.as_str()]).collect::<Vec<_>>().join("::");
                    settings.push(Setting { path: PathBuf::new(), name, value: value.clone(), line: *line });
                }
                words.clear();
            }
        }
    }
    if scopes.is_empty() { Ok(settings) } else { Err(Refused::at(last, "a { without its }")) }
}

fn tokens(text: &str) -> Result<Vec<(Token, u32)>, Refused> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, length) = if rest.starts_with("//") || first == '#' {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            let Some(end) = rest.find("*/") else { return Err(Refused::at(line, "a comment without its */")) };
            (None, end + 2)
        } else if first == '"' {
            let quoted = rest.get(1..).unwrap_or_default();
            let Some(end) = quoted.find('"') else { return Err(Refused::at(line, "a quote without its end")) };
            (Some(Token::Word(quoted.get(..end).unwrap_or_default().to_owned())), end + 2)
        } else {
            match first {
                '{' => (Some(Token::Open), 1),
                '}' => (Some(Token::Close), 1),
                ';' => (Some(Token::End), 1),
                _ if first.is_whitespace() => (None, first.len_utf8()),
                _ => {
                    let ends = |letter: char| letter.is_whitespace() || "{};\"".contains(letter);
                    let end = rest.find(ends).unwrap_or(rest.len());
                    (Some(Token::Word(rest.get(..end).unwrap_or_default().to_owned())), end)
                }
            }
        };
        let (done, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        found.extend(token.map(|token| (token, line)));
        line += u32::try_from(memchr::memchr_iter(b'\n', done.as_bytes()).count()).unwrap_or(0);
        rest = after;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str) -> Vec<(String, String, u32)> {
        let settings = parse(text).unwrap();
        settings.into_iter().map(|setting| (setting.name, setting.value, setting.line)).collect()
    }

    #[test]
    fn flat_and_nested_settings() {
        let text = "// c\nAPT::Periodic::Unattended-Upgrade \"1\";\n/* x\n y */ Acquire\n{\n  http { Proxy \"http://p;{}\"; };\n\
                    \x20 AllowInsecureRepositories true; # c\n};\nAPT::NeverAutoRemove { \"^linux\"; };\n";
        let expected = [
            ("apt::periodic::unattended-upgrade", "1", 2),
            ("acquire::http::proxy", "http://p;{}", 6),
            ("acquire::allowinsecurerepositories", "true", 7),
        ];
        let expected = expected.map(|(name, value, line)| (name.to_owned(), value.to_owned(), line));
        assert_eq!(values(text), expected);
    }

    #[test]
    fn broken_files_are_refused_with_their_line() {
        for (text, line) in [("a \"b;\n", 1), ("\n/* x", 2), ("}\n", 1), ("a {\nb \"c\";\n", 2)] {
            assert_eq!(parse(text).unwrap_err().line, line, "{text}");
        }
        assert!(parse(&"a {".repeat(100)).is_err());
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in "([{};\"/*#: \na-z]|\\PC){0,120}") {
            let _ = parse(&text);
        }
    }
}
