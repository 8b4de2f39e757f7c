//! No line of these files says what it must not say.

use std::path::Path;

use crate::check::{Finding, Observation, Status, places};
use crate::image::{Error, Image, Kind};

/// The most lines of one file that are observed; the others of it say the same.
const LIMIT: usize = 100;

pub(in crate::check) fn check(
    image: &Image,
    files: &[String],
    forbid: &[String],
    allow: &[String],
) -> Result<Finding, Error> {
    let seen = found(image, files, forbid, allow)?;
    Ok(match seen.len() {
        0 => Finding::new(Status::Pass, "No file says so."),
        1 => Finding::new(Status::Fail, "One line says what it should not."),
        many => Finding::new(Status::Fail, format!("{many} lines say what they should not.")),
    }
    .seen(seen))
}

/// Every line that fits one of `forbid` and none of `allow`. What is shown of it is the pattern, for the rest of the
/// line may be secret.
pub(in crate::check) fn found(
    image: &Image,
    files: &[String],
    forbid: &[String],
    allow: &[String],
) -> Result<Vec<Observation>, Error> {
    let mut seen = Vec::new();
    for path in places::matching(image, files, &[])? {
        if image.stat(&path)?.is_some_and(|meta| meta.kind == Kind::File) {
            let text = image.read_text(&path)?.unwrap_or_default();
            seen.extend(lines(&path, &text, forbid, allow).take(LIMIT));
        }
    }
    Ok(seen)
}

fn lines<'a>(
    path: &'a Path,
    text: &'a str,
    forbid: &'a [String],
    allow: &'a [String],
) -> impl Iterator<Item = Observation> + 'a {
    let numbered = (1_u32..).zip(text.lines());
    numbered.filter_map(move |(number, line)| {
        let line = simple(line);
        if line.is_empty() || line.starts_with(['#', ';']) || allow.iter().any(|pattern| fits(pattern, &line)) {
            return None;
        }
        let pattern = forbid.iter().find(|pattern| fits(pattern, &line))?;
        Some(Observation::at(path).line(number).text(pattern.replace('*', "…")))
    })
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

    #[test]
    fn comments_do_not_count_and_the_line_is_not_shown() {
        let fixture = Fixture::debian();
        fixture.file("/etc/environment", "# http_proxy=x\n\n  HTTP_PROXY = http://user:hunter22@proxy\n");
        fixture.directory("/etc/profile.d");
        let files = texts(&["/etc/environment", "/etc/profile.d"]);
        let finding = check(&fixture.image(), &files, &texts(&["http_proxy=*"]), &[]).unwrap();
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.observations, [Observation::at("/etc/environment").line(3).text("http_proxy=…")]);
        let finding = check(&fixture.image(), &files, &texts(&["http_proxy=*"]), &texts(&["*@proxy"])).unwrap();
        assert_eq!(finding.status, Status::Pass);
    }

    proptest! {
        #[test]
        fn any_text_and_pattern_are_survived(text in "\\PC{0,80}", pattern in "[a-c*= ]{0,12}") {
            let patterns = [pattern];
            let found = lines(Path::new("/x"), &text, &patterns, &[]).count();
            prop_assert!(found <= text.lines().count());
        }

        #[test]
        fn a_pattern_fits_what_its_stars_are_filled_with(parts in proptest::collection::vec("[a-z]{0,4}", 1..5), fill in "[a-z]{0,3}") {
            prop_assert!(fits(&parts.join("*"), &parts.join(&fill)));
        }
    }
}
