//! When runtimes, databases and servers stop getting security fixes: the table beside this file.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::texts::text;
use jiff::civil::Date;
use serde::Deserialize;

/// One piece of software, how it is recognized on an image, and when its release lines end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Software {
    /// Its name.
    pub name: String,
    /// The page its dates are from.
    pub source: String,
    /// Globs of files, or of places whose path holds the version.
    pub places: Vec<String>,
    /// What stands before the version in such a file; empty: the version is in the path.
    pub mark: String,
    /// Names of packages; `*` stands for anything.
    pub packages: Vec<String>,
    /// The last day of each release line.
    ends: BTreeMap<String, Date>,
}

/// The table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runtimes {
    /// The day on which its dates were looked up.
    pub known: Date,
    /// Every piece of software.
    pub software: Vec<Software>,
}

/// The built-in table; `None` never happens in a released program: a test loads it.
pub fn built_in() -> Option<&'static Runtimes> {
    static TABLE: OnceLock<Option<Runtimes>> = OnceLock::new();
    TABLE.get_or_init(|| toml::from_str(text("catalogue/runtimes.toml")).ok()).as_ref()
}

/// When support of a version ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With this day.
    On(Date),
    /// Before that of the oldest line in the table.
    LongAgo,
}

impl Software {
    /// When support of `version` (`20.11.1`) ends; `None` when the table does not know its line.
    pub fn end(&self, version: &str) -> Option<End> {
        let within = |line: &str| {
            version.strip_prefix(line).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
        };
        let lines = self.ends.iter().filter(|(line, _)| within(line));
        if let Some((_, end)) = lines.max_by_key(|(line, _)| line.len()) {
            return Some(End::On(*end));
        }
        let oldest = self.ends.keys().min_by(|one, other| by_numbers(one, other))?;
        (by_numbers(version, oldest) == Ordering::Less).then_some(End::LongAgo)
    }

    /// Whether the package called `name` is this software.
    pub fn is_package(&self, name: &str) -> bool {
        self.packages.iter().any(|pattern| match pattern.split_once('*') {
            Some((start, end)) => {
                name.strip_prefix(start).is_some_and(|rest| rest.len() >= end.len() && rest.ends_with(end))
            }
            None => pattern == name,
        })
    }
}

/// Compares `1.10` with `1.9` number by number.
fn by_numbers(one: &str, other: &str) -> Ordering {
    let numbers = |text: &str| text.split('.').map(|part| part.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    numbers(one).cmp(&numbers(other))
}

/// The version that stands in `text` behind blanks and quotes: digits and full stops, with a digit first.
pub fn version(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t', '"', '\'']);
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let version = text.get(..end)?.trim_end_matches('.');
    version.starts_with(|first: char| first.is_ascii_digit()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn software(name: &str) -> &'static Software {
        built_in().unwrap().software.iter().find(|software| software.name == name).unwrap()
    }

    #[test]
    fn lines_are_found_by_their_beginning() {
        let node = software("Node.js");
        assert_eq!(node.end("20.11.1"), Some(End::On(date(2026, 4, 30))));
        assert_eq!(node.end("20"), Some(End::On(date(2026, 4, 30))));
        assert_eq!((node.end("200.1"), node.end("8.17.0")), (None, Some(End::LongAgo)));
        assert_eq!(software("OpenSSL").end("1.1.1"), Some(End::On(date(2023, 9, 11))));
        assert_eq!(software("nginx").end("1.25.3"), None);
    }

    #[test]
    fn versions_are_read_from_where_they_stand() {
        assert_eq!(version(" \"3.9.18\"\n"), Some("3.9.18"));
        assert_eq!(version("1.1.1w  11 Sep"), Some("1.1.1"));
        assert_eq!(version("17.0.9\""), Some("17.0.9"));
        assert_eq!((version("v1"), version(""), version(".1")), (None, None, None));
    }

    #[test]
    fn packages_are_known_by_their_names() {
        let postgres = software("PostgreSQL");
        assert!(postgres.is_package("postgresql14-server") && postgres.is_package("postgresql-14"));
        assert!(!postgres.is_package("postgresql-client"));
    }

    #[test]
    fn places_stay_where_only_products_put_things() {
        let starts = ["/opt", "/usr/local", "/usr/share/dotnet", "/root/.", "/home/*/.", "/srv"];
        for software in &built_in().unwrap().software {
            for place in &software.places {
                let inner = place.trim_start_matches('{');
                assert!(starts.iter().any(|start| inner.starts_with(start)), "{place}");
            }
            assert!(software.source.starts_with("https://") && !software.ends.is_empty(), "{}", software.name);
            assert!(!software.places.is_empty() || !software.packages.is_empty(), "{}", software.name);
        }
    }

    proptest! {
        #[test]
        fn any_version_is_survived(text in "\\PC{0,20}") {
            let version = version(&text).unwrap_or(&text);
            for software in &built_in().unwrap().software {
                let _ = software.end(version);
            }
        }
    }
}
