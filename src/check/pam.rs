//! PAM's configuration (pam.d(5)): which modules decide, in what order they stand, with which words.
//!
//! One line is one module; `[…]` around the control and around an argument may hold blanks; a `\` at the end goes on.
//! What a module does does not belong here.

use std::path::{Path, PathBuf};

use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image, Kind};

/// One line that calls a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The service's file.
    pub(crate) path: PathBuf,
    /// Line, from 1; of several joined ones the first.
    pub(crate) line: u32,
    /// `auth`, `account`, `password` or `session`, in lower case and without the leading `-`.
    pub(crate) kind: String,
    /// The module's file name, such as `pam_unix.so`; what is included, for an include.
    pub(crate) module: String,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
}

/// Where services are configured; a file in the first hides its namesake in the second.
const DIRECTORIES: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];

/// Every rule of every service.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pam {
    /// File by file, in the order of each.
    pub(crate) rules: Vec<Rule>,
    /// Lines that are not of the form the manual gives, the first of each file.
    pub(crate) odd: Vec<(PathBuf, u32)>,
}

impl Pam {
    /// Reads them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn read(image: &Image) -> Result<Self, Error> {
        let mut pam = Self::default();
        let mut names = Vec::new();
        for directory in DIRECTORIES.map(Path::new) {
            for entry in image.list(directory)? {
                let path = directory.join(&entry.name);
                let is_file = image.stat(&path)?.is_some_and(|meta| meta.kind != Kind::Directory);
                if !is_file || is_copy(&path) || names.contains(&entry.name) {
                    continue;
                }
                names.push(entry.name);
                let (rules, odd) = parse(&image.read_text(&path)?.unwrap_or_default());
                pam.rules.extend(rules.into_iter().map(|rule| Rule { path: path.clone(), ..rule }));
                pam.odd.extend(odd.map(|line| (path, line)));
            }
        }
        Ok(pam)
    }

    /// What makes a pass unknown: a line that was not understood.
    pub(crate) fn unclear(&self) -> Option<Finding> {
        let places = self.odd.iter().map(|(path, line)| Observation::at(path).line(*line));
        let what = "Some lines of PAM's configuration are not of the form the manual gives.";
        (!self.odd.is_empty()).then(|| Finding::new(Status::Unknown, what).seen(places))
    }
}

/// Whether it is a copy that an editor or a package manager left: no program asks for it.
fn is_copy(path: &Path) -> bool {
    const ENDINGS: [&str; 11] = [
        "~",
        ".bak",
        ".old",
        ".orig",
        ".save",
        ".rpmsave",
        ".rpmnew",
        ".dpkg-old",
        ".dpkg-dist",
        ".dpkg-new",
        ".pam-old",
    ];
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    ENDINGS.iter().any(|ending| name.ends_with(ending.as_bytes()))
}

/// The rules of one file, without its path, and the first line that is none.
pub(crate) fn parse(text: &str) -> (Vec<Rule>, Option<u32>) {
    let (mut rules, mut odd) = (Vec::new(), None);
    let mut whole = String::new();
    let mut first = None;
    for (number, line) in (1_u32..).zip(text.lines()) {
        let start = *first.get_or_insert(number);
        // A comment extends to the end of its line: a backslash in it joins nothing.
        let (code, comment) = line.split_once('#').map_or((line, None), |(code, comment)| (code, Some(comment)));
        if let (Some(head), None) = (code.strip_suffix('\\'), comment) {
            whole.push_str(head);
            whole.push(' ');
            continue;
        }
        whole.push_str(code);
        first = None;
        let words = words(&std::mem::take(&mut whole));
        if words.is_empty() {
            continue;
        }
        match rule(start, &words) {
            Some(rule) => rules.push(rule),
            None => odd = odd.or(Some(start)),
        }
    }
    // What is left was to be joined with a line that never came.
    (rules, odd.or(first))
}

fn rule(line: u32, words: &[String]) -> Option<Rule> {
    let path = PathBuf::new();
    match words {
        [include, module] if include == "@include" => {
            Some(Rule { path, line, kind: "include".to_owned(), module: module.clone(), arguments: Vec::new() })
        }
        [kind, _control, module, arguments @ ..] => {
            let kind = kind.strip_prefix('-').unwrap_or(kind).to_ascii_lowercase();
            let module = module.rsplit('/').next().unwrap_or(module).to_owned();
            let is_kind = matches!(kind.as_str(), "auth" | "account" | "password" | "session");
            is_kind.then(|| Rule { path, line, kind, module, arguments: arguments.to_vec() })
        }
        _ => None,
    }
}

/// Words between blanks; what stands in brackets is one word.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let end = if rest.starts_with('[') {
            rest.find(']').map_or(rest.len(), |end| end + 1)
        } else {
            rest.find([' ', '\t']).unwrap_or(rest.len())
        };
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        words.push(word.trim_end().to_owned());
        rest = after.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn controls_includes_and_joined_lines_are_understood() {
        let text = "# comment\n\nauth\t[success=1 default=ignore]\tpam_unix.so nullok # why\n\
                    -Session optional \\\n  /lib/security/pam_systemd.so\n@include common-auth\n\
                    auth substack system-auth\n";
        let (rules, odd) = parse(text);
        assert_eq!(odd, None);
        let seen: Vec<_> = rules.iter().map(|rule| (rule.line, rule.kind.as_str(), rule.module.as_str())).collect();
        let want = [
            (3, "auth", "pam_unix.so"),
            (4, "session", "pam_systemd.so"),
            (6, "include", "common-auth"),
            (7, "auth", "system-auth"),
        ];
        assert_eq!(seen, want);
        assert_eq!(rules[0].arguments, ["nullok"]);
    }

    #[test]
    fn a_line_that_is_none_of_the_manuals_has_its_number() {
        assert_eq!(parse("auth required pam_unix.so\nauth required\n").1, Some(2));
        assert_eq!(parse("login auth required pam_unix.so\n").1, Some(1));
    }

    #[test]
    fn a_backslash_in_a_comment_does_not_swallow_the_next_rule() {
        let (rules, odd) = parse("# why \\\nauth required pam_unix.so nullok # so \\\nauth required pam_deny.so\n");
        let seen: Vec<_> = rules.iter().map(|rule| (rule.line, rule.module.as_str())).collect();
        assert_eq!((seen, odd), (vec![(2, "pam_unix.so"), (3, "pam_deny.so")], None));
        assert_eq!(parse("# the end \\").1, None);
    }

    #[test]
    fn a_last_line_that_is_to_be_joined_is_odd() {
        assert_eq!(parse("auth required pam_deny.so\nauth required \\\n pam_unix.so \\\n").1, Some(2));
    }

    #[test]
    fn a_file_of_the_administrator_hides_the_vendors() {
        let fixture = Fixture::bare();
        fixture.file("/usr/lib/pam.d/login", "auth required pam_unix.so nullok\n");
        assert_eq!(Pam::read(&fixture.image()).unwrap().rules.len(), 1);
        fixture.file("/etc/pam.d/login", "").file("/etc/pam.d/login.rpmsave", "nonsense\n");
        assert_eq!(Pam::read(&fixture.image()).unwrap(), Pam::default());
        fixture.file("/etc/pam.d/su", "nonsense\n");
        assert_eq!(Pam::read(&fixture.image()).unwrap().odd, [("/etc/pam.d/su".into(), 1)]);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let text = String::from_utf8_lossy(&bytes);
            let lines = u32::try_from(text.lines().count()).unwrap();
            let (rules, odd) = parse(&text);
            assert!(rules.iter().map(|rule| rule.line).chain(odd).all(|line| (1..=lines).contains(&line)));
        }

        #[test]
        fn any_likely_text_is_read_without_a_panic(text in "(auth|@include|-| |\t|\\[|\\]|\\\\|\n|#|pam_unix.so){0,40}") {
            let _ = parse(&text);
        }
    }
}
