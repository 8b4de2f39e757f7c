//! No line of these files says what it must not say.

use std::path::Path;

use crate::check::{Finding, Observation, Status, places};
use crate::image::{Error, Image, Kind};

/// The most lines of one file that are observed; the others of it say the same.
const LIMIT: usize = 100;

/// Which lines are looked for.
pub(in crate::check) struct Wanted<'a> {
    pub(in crate::check) files: &'a [String],
    pub(in crate::check) forbid: &'a [String],
    pub(in crate::check) allow: &'a [String],
    pub(in crate::check) generated: &'a [String],
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
    let is_any = |patterns: &[String], line: &str| patterns.iter().any(|pattern| fits(pattern, line));
    if !wanted.generated.is_empty() && text.lines().any(|line| is_any(wanted.generated, &simple(line))) {
        return Vec::new();
    }
    let numbered = (1_u32..).zip(text.lines());
    let observed = numbered.filter_map(|(number, line)| {
        let line = simple(line);
        if line.is_empty() || line.starts_with(['#', ';']) || is_any(wanted.allow, &line) {
            return None;
        }
        let pattern = wanted.forbid.iter().find(|pattern| fits(pattern, &line))?;
        Some(Observation::at(path).line(number).text(pattern.replace('*', "…")))
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

/// Whether `line`, which is [`simple`], fits `pattern`: parts between `*` in their order, the first at the beginning, the
/// last at the end.
fn fits(pattern: &str, line: &str) -> bool {
    let pattern = pattern.to_lowercase();
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == line };
    let Some(mut left) = line.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').map_or(("", rest), |(middle, last)| (middle, last));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
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
        ] {
            assert_eq!(fits(pattern, &simple(line)), expected, "{pattern} {line}");
        }
    }

    fn finding(fixture: &Fixture, allow: &[&str], generated: &[&str], places: &[&str]) -> Finding {
        let files = texts(&["/etc/environment", "/etc/profile.d"]);
        let (forbid, allow, generated) = (texts(&["http_proxy=*"]), texts(allow), texts(generated));
        let wanted = Wanted { files: &files, forbid: &forbid, allow: &allow, generated: &generated };
        check(&fixture.image(), &wanted, &texts(places)).unwrap()
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
        fn any_text_and_pattern_are_survived(text in "\\PC{0,80}", pattern in "[a-c*= ]{0,12}") {
            let patterns = [pattern];
            let wanted = Wanted { files: &[], forbid: &patterns, allow: &[], generated: &[] };
            prop_assert!(lines(Path::new("/x"), &text, &wanted).len() <= text.lines().count());
        }

        #[test]
        fn a_pattern_fits_what_its_stars_are_filled_with(parts in proptest::collection::vec("[a-z]{0,4}", 1..5), fill in "[a-z]{0,3}") {
            prop_assert!(fits(&parts.join("*"), &parts.join(&fill)));
        }
    }
}
