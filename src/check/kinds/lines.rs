//! No line of these files says what it must not say.

use std::ops::Range;
use std::path::Path;

use crate::catalogue::Saying;
use crate::check::{Finding, Observation, Status, places};
use crate::image::{Error, Image, Kind, text};

/// The most lines of one file that are observed; the others of it say the same.
const LIMIT: usize = 100;

/// Which lines are looked for.
#[derive(Default)]
pub(crate) struct Wanted<'a> {
    pub(in crate::check) files: &'a [String],
    pub(in crate::check) forbid: &'a [String],
    pub(in crate::check) allow: &'a [String],
    pub(in crate::check) generated: &'a [String],
    pub(in crate::check) passwords_in_urls: bool,
}

impl<'a> Wanted<'a> {
    /// What `saying` says.
    pub(crate) fn of(saying: &'a Saying) -> Self {
        let Saying { files, forbid, allow, passwords_in_urls } = saying;
        Self { files, forbid, allow, passwords_in_urls: *passwords_in_urls, ..Self::default() }
    }

    /// `text` without the lines that are looked for; from URLs only user and password go.
    pub(crate) fn cleaned(&self, text: &[u8]) -> Vec<u8> {
        let mut kept = Vec::with_capacity(text.len());
        let mut comments = Comments::of(&String::from_utf8_lossy(text));
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let shown = String::from_utf8_lossy(line);
            match self.seen(&shown).filter(|_| !comments.hide(&shown)) {
                None => kept.extend_from_slice(line),
                Some(Seen::Pattern(_)) => {}
                // A line that is not UTF-8 cannot be cut at places found in its replacement.
                Some(Seen::Url) => {
                    let line = std::str::from_utf8(line).map(without_url_passwords).unwrap_or_default();
                    kept.extend_from_slice(line.as_bytes());
                }
            }
        }
        kept
    }

    /// What is looked for, if `line` says it.
    fn seen(&self, line: &str) -> Option<Seen<'a>> {
        let simple = simple(line);
        let is_any = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, &simple));
        if simple.is_empty() || simple.starts_with(['#', ';']) || is_any(self.allow) {
            return None;
        }
        let pattern = self.forbid.iter().find(|pattern| fits(pattern, &simple)).map(|pattern| Seen::Pattern(pattern));
        pattern.or_else(|| (self.passwords_in_urls && !fixed_url_passwords(line).is_empty()).then_some(Seen::Url))
    }
}

/// What a line says.
enum Seen<'a> {
    /// What this pattern looks for.
    Pattern(&'a str),
    /// A URL with a password.
    Url,
}

/// Comments of markup (`<!-- … -->`), which hide whole lines.
#[derive(Clone, Copy)]
struct Comments {
    markup: bool,
    open: bool,
}

impl Comments {
    /// Those of `text`; what does not begin with a tag has none.
    fn of(text: &str) -> Self {
        Self { markup: text.trim_start_matches('\u{feff}').trim_start().starts_with('<'), open: false }
    }

    /// Whether `line`, which follows the lines asked for before, is nothing but comment.
    fn hide(&mut self, line: &str) -> bool {
        if !self.markup {
            return false;
        }
        let (mut rest, mut bare) = (line, false);
        loop {
            let (before, after) = if self.open {
                let Some((_, after)) = rest.split_once("-->") else { break };
                ("", after)
            } else {
                let Some((before, after)) = rest.split_once("<!--") else {
                    bare |= !rest.trim().is_empty();
                    break;
                };
                (before, after)
            };
            bare |= !before.trim().is_empty();
            self.open = !self.open;
            rest = after;
        }
        !bare && !line.trim().is_empty()
    }
}

/// Where passwords stand in URLs, but for those that a variable stands for.
fn fixed_url_passwords(line: &str) -> Vec<Range<usize>> {
    let is_fixed = |at: &Range<usize>| {
        let user = line.get(at.clone()).unwrap_or_default();
        !user.split_once(':').is_some_and(|(_, password)| password.starts_with(['$', '{', '%', '<']))
    };
    text::url_passwords(line).into_iter().filter(is_fixed).collect()
}

fn without_url_passwords(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut done = 0;
    for place in fixed_url_passwords(line) {
        kept.push_str(line.get(done..place.start).unwrap_or_default());
        done = place.end;
    }
    kept + line.get(done..).unwrap_or_default()
}

pub(in crate::check) fn check(image: &Image, wanted: &Wanted, places: &[String]) -> Result<Finding, Error> {
    let mut seen = found(image, wanted)?;
    let lines = seen.len();
    for path in places::matching(image, places, &[])? {
        seen.extend(places::observed(image, &path)?);
    }
    let what = match (lines, seen.len() - lines) {
        (0, 0) => return Ok(Finding::new(Status::Pass, "No file says so.")),
        (1, 0) => "One line says what it should not.".to_owned(),
        (many, 0) => format!("{many} lines say what they should not."),
        (0, _) => "Something is there that should not be.".to_owned(),
        (_, _) => "Lines say what they should not, and something is there that should not be.".to_owned(),
    };
    Ok(Finding::new(Status::Fail, what).seen(seen))
}

/// Every line that fits one of `forbid` and none of `allow`. What is shown of it is the pattern, for the rest of the
/// line may be secret.
pub(in crate::check) fn found(image: &Image, wanted: &Wanted) -> Result<Vec<Observation>, Error> {
    let mut seen = Vec::new();
    for path in places::matching(image, wanted.files, &[])? {
        if image.stat(&path)?.is_some_and(|meta| meta.kind == Kind::File) {
            let text = image.read_text(&path)?.unwrap_or_default();
            seen.extend(lines(&path, &text, wanted));
        }
    }
    Ok(seen)
}

fn lines(path: &Path, text: &str, wanted: &Wanted) -> Vec<Observation> {
    let is_generated = |line: &str| wanted.generated.iter().any(|pattern| fits(pattern, &simple(line)));
    if !wanted.generated.is_empty() && text.lines().any(is_generated) {
        return Vec::new();
    }
    let mut comments = Comments::of(text);
    let numbered = (1_u32..).zip(text.lines());
    let observed = numbered.filter_map(|(number, line)| {
        if comments.hide(line) {
            return None;
        }
        let shown = match wanted.seen(line)? {
            Seen::Pattern(pattern) => parts(pattern).join("…"),
            Seen::Url => "…://…:…@…".to_owned(),
        };
        Some(Observation::at(path).line(number).text(shown))
    });
    observed.take(LIMIT).collect()
}

/// The line in lower case, blanks squeezed, none around `=` and `:`.
fn simple(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let line = words.join(" ").to_lowercase();
    let mut simple = String::with_capacity(line.len());
    for letter in line.chars() {
        if matches!(letter, '=' | ':') && simple.ends_with(' ') {
            simple.pop();
        }
        if !(letter == ' ' && simple.ends_with(['=', ':'])) {
            simple.push(letter);
        }
    }
    simple
}

/// The parts of `pattern` between its `*`; `\*` is a star that a line says.
fn parts(pattern: &str) -> Vec<String> {
    pattern.replace("\\*", "\0").split('*').map(|part| part.replace('\0', "*")).collect()
}

/// Whether `line`, which is [`simple`], fits `pattern`: its [`parts`] in their order, the first at the beginning, the last
/// at the end.
fn fits(pattern: &str, line: &str) -> bool {
    let parts = parts(&pattern.to_lowercase());
    let [first, middle @ .., last] = parts.as_slice() else { return parts.iter().any(|only| only == line) };
    let Some(mut left) = line.strip_prefix(first.as_str()) else { return false };
    for part in middle.iter().filter(|part| !part.is_empty()) {
        match left.split_once(part.as_str()) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::image::fixture::Fixture;

    fn texts(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn passwords_in_urls_are_seen_and_cut_out() {
        let wanted = Wanted { passwords_in_urls: true, ..Wanted::default() };
        for (line, cleaned) in [
            ("deb https://joe:pw@a.example/x y\r\n", "deb https://a.example/x y\r\n"),
            ("a=http://u:p@h http://u:q@i", "a=http://h http://i"),
            ("url = ssh://git@h/x:y@z", "url = ssh://git@h/x:y@z"),
            ("baseurl=https://joe:$pw@h/", "baseurl=https://joe:$pw@h/"),
            ("# http://u:p@h", "# http://u:p@h"),
            ("http://h:8080/a@b", "http://h:8080/a@b"),
        ] {
            assert_eq!(wanted.cleaned(line.as_bytes()), cleaned.as_bytes(), "{line}");
            assert_eq!(lines(Path::new("/x"), line, &wanted).len(), usize::from(line != cleaned), "{line}");
        }
        let shown = format!("{:?}", lines(Path::new("/x"), "http://joe:hunter22@h", &wanted));
        assert!(!shown.contains("joe") && !shown.contains("hunter22"));
    }

    #[test]
    fn patterns_fit_lines() {
        for (pattern, line, expected) in [
            ("gpgcheck=0", "gpgcheck = 0", true),
            ("gpgcheck=0", "GPGCheck=0", true),
            ("gpgcheck=0", "gpgcheck=01", false),
            ("*nullok*", "auth  sufficient\tpam_unix.so try_first_pass nullok", true),
            ("proxy=*", "proxy=http://a", true),
            ("proxy=*", "no_proxy=http://a", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("*", "anything", true),
            ("\\*", "*", true),
            ("\\*", "anything", false),
            ("a \\* *", "a * b", true),
            ("a \\* *", "a c b", false),
        ] {
            assert_eq!(fits(pattern, &simple(line)), expected, "{pattern} {line}");
        }
    }

    #[test]
    fn a_star_in_ppps_secrets_excuses_no_password() {
        let guideline = crate::check::trial::guideline("SEC-02");
        let crate::catalogue::Check::Absent(absent) = &guideline.check else { panic!("{:?}", guideline.check) };
        let saying = absent.lines.iter().find(|saying| saying.files.iter().any(|file| file.contains("pap,"))).unwrap();
        for (line, expected) in [
            ("alice * \"hunter22\" -", true),
            ("alice * \"\" hunter22", true),
            ("guest\thostname\t\"*\"\t-", false),
            ("*\thostname\t\"\"\t*", false),
        ] {
            assert_eq!(Wanted::of(saying).seen(line).is_some(), expected, "{line}");
        }
    }

    fn finding(fixture: &Fixture, allow: &[&str], generated: &[&str], places: &[&str]) -> Finding {
        let files = texts(&["/etc/environment", "/etc/profile.d"]);
        let (forbid, allow, generated) = (texts(&["http_proxy=*"]), texts(allow), texts(generated));
        let wanted =
            Wanted { files: &files, forbid: &forbid, allow: &allow, generated: &generated, ..Wanted::default() };
        check(&fixture.image(), &wanted, &texts(places)).unwrap()
    }

    #[test]
    fn a_header_of_configuration_management_excuses_no_proxy() {
        let fixture = Fixture::debian();
        fixture.file("/etc/resolv.conf", "# Generated by NetworkManager\nnameserver 10.0.0.2\n");
        assert_eq!(crate::check::trial::judged(&fixture.image(), "BOT-11").status, Status::Pass);
        let text = "# This file is managed by Ansible\nexport http_proxy=http://proxy.example:3128\n";
        fixture.file("/etc/profile.d/proxy.sh", text);
        assert_eq!(crate::check::trial::judged(&fixture.image(), "BOT-11").status, Status::Fail);
    }

    #[test]
    fn a_zero_byte_hides_no_file_of_settings_from_the_sweep() {
        let fixture = Fixture::debian();
        fixture.file("/opt/app/.env", ["DB_PASSWORD=", "kR8vTq2LmX9z\n\0"].concat());
        assert_eq!(crate::check::trial::judged(&fixture.image(), "SEC-04").status, Status::Fail);
    }

    #[test]
    fn comments_do_not_count_and_the_line_is_not_shown() {
        let fixture = Fixture::debian();
        fixture.file("/etc/environment", "# http_proxy=x\n\n  HTTP_PROXY = http://user:hunter22@proxy\n");
        fixture.directory("/etc/profile.d");
        let found = finding(&fixture, &[], &[], &[]);
        assert_eq!(found.status, Status::Fail);
        assert_eq!(found.observations, [Observation::at("/etc/environment").line(3).text("http_proxy=…")]);
        assert_eq!(finding(&fixture, &["*@proxy"], &[], &[]).status, Status::Pass);
        assert_eq!(finding(&fixture, &[], &["# http_proxy=?"], &[]).status, Status::Fail);
        assert_eq!(finding(&fixture, &[], &["# http*"], &[]).status, Status::Pass);
        let found = finding(&fixture, &["*"], &[], &["/etc/env*"]);
        assert_eq!((found.status, found.observations.len()), (Status::Fail, 1));
        assert_eq!(finding(&fixture, &[], &[], &["/etc/env*"]).observations.len(), 2);
    }

    proptest! {
        #[test]
        fn what_is_cleaned_says_no_more_of_it(bytes in proptest::collection::vec(proptest::sample::select(&b"a:/@=$\n\xff "[..]), 0..80)) {
            let forbid = ["a=*".to_owned()];
            let wanted = Wanted { forbid: &forbid, passwords_in_urls: true, ..Wanted::default() };
            let cleaned = wanted.cleaned(&bytes);
            prop_assert_eq!(wanted.cleaned(&cleaned), cleaned);
        }

        #[test]
        fn any_text_and_pattern_are_survived(text in "\\PC{0,80}", pattern in "[a-c*= ]{0,12}") {
            let patterns = [pattern];
            let wanted = Wanted { forbid: &patterns, ..Wanted::default() };
            prop_assert!(lines(Path::new("/x"), &text, &wanted).len() <= text.lines().count());
        }

        #[test]
        fn a_pattern_fits_what_its_stars_are_filled_with(parts in proptest::collection::vec("[a-z]{0,4}", 1..5), fill in "[a-z]{0,3}") {
            prop_assert!(fits(&parts.join("*"), &parts.join(&fill)));
        }
    }
}
