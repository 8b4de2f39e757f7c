//! When operating systems stop getting security fixes: the table beside this file.

use std::sync::OnceLock;

use crate::texts::text;
use jiff::civil::Date;
use serde::Deserialize;

/// How long one release gets security fixes. Dates are the last day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// `ID` of os-release.
    pub id: String,
    /// `VERSION_ID` of os-release, or the part of it before the first full stop.
    pub version: String,
    /// The end for everybody.
    pub end: Date,
    /// The end of an extended time, where there is one.
    #[serde(default)]
    pub extended: Option<Date>,
    /// The extended time costs nothing (Debian LTS); otherwise it must be bought.
    #[serde(default)]
    pub free: bool,
}

/// The table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifeCycles {
    /// The day on which its dates were looked up.
    pub known: Date,
    release: Vec<Release>,
}

/// The built-in table; `None` never happens in a released program: a test loads it.
pub fn built_in() -> Option<&'static LifeCycles> {
    static TABLE: OnceLock<Option<LifeCycles>> = OnceLock::new();
    TABLE.get_or_init(|| toml::from_str(text("catalogue/lifecycle.toml")).ok()).as_ref()
}

impl LifeCycles {
    /// The release with this id and version; a version such as `9.4` is also found as `9`.
    pub fn release(&self, id: &str, version: &str) -> Option<&Release> {
        let find = |version: &str| self.release.iter().find(|release| release.id == id && release.version == version);
        find(version).or_else(|| version.split_once('.').and_then(|(major, _)| find(major)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_loads_and_is_in_itself_sound() {
        let table = built_in().expect("the table is well formed");
        for release in &table.release {
            assert!(release.extended.is_none_or(|extended| extended > release.end), "{release:?}");
            assert_eq!(table.release(&release.id, &release.version), Some(release), "it is there twice: {release:?}");
        }
    }

    #[test]
    fn minor_versions_are_found_by_their_major() {
        let table = built_in().unwrap();
        assert_eq!(table.release("rhel", "9.4"), table.release("rhel", "9"));
        assert_eq!(table.release("sles", "15.6").unwrap().end.to_string(), "2025-12-31");
        assert_eq!(table.release("ubuntu", "24.11"), None);
        assert_eq!(table.release("plan9", "4"), None);
    }
}
