//! Presets (systemd.preset(5)): what a first boot does with units that are neither enabled nor masked by hand.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::image::{Error, Image, Kind, glob};

/// Where preset files lie, the strongest first; a file hides those of the same name further down.
const SEARCH_PATH: [&str; 5] = [
    "/etc/systemd/system-preset",
    "/run/systemd/system-preset",
    "/usr/local/lib/systemd/system-preset",
    "/usr/lib/systemd/system-preset",
    "/lib/systemd/system-preset",
];

/// The rules of an image in the order they are tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presets {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    enable: bool,
    pattern: String,
    /// Further words: the instances of a template that are enabled.
    instances: Vec<String>,
    path: PathBuf,
    line: u32,
}

/// The rule that decides: where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The file.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: u32,
}

/// What presets say of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preset {
    /// It is enabled; by the rule, or because no rule says otherwise.
    Enable(Option<Decided>),
    /// It is left disabled.
    Disable,
}

impl Presets {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let mut files: BTreeMap<OsString, PathBuf> = BTreeMap::new();
        for directory in SEARCH_PATH.map(Path::new) {
            if image.stat(directory)?.is_none_or(|meta| meta.kind != Kind::Directory) {
                continue;
            }
            for entry in image.list(directory)? {
                if Path::new(&entry.name).extension().is_some_and(|extension| extension == "preset") {
                    let path = directory.join(&entry.name);
                    files.entry(entry.name).or_insert(path);
                }
            }
        }
        let mut rules = Vec::new();
        for path in files.into_values() {
            // A link to /dev/null takes the vendor's file out.
            if image.stat(&path)?.is_some_and(|meta| meta.kind == Kind::File) {
                rules.extend(parse(&path, &image.read_text(&path)?.unwrap_or_default()));
            }
        }
        Ok(Self { rules })
    }

    /// What a first boot does with the unit called `name`: the first rule that fits decides, and without one it is
    /// enabled.
    pub fn of(&self, name: &str) -> Preset {
        let Some(rule) = self.rules.iter().find(|rule| rule.fits(name)) else { return Preset::Enable(None) };
        if rule.enable {
            Preset::Enable(Some(Decided { path: rule.path.clone(), line: rule.line }))
        } else {
            Preset::Disable
        }
    }
}

impl Rule {
    fn fits(&self, name: &str) -> bool {
        if glob::name_fits(&self.pattern, name) {
            return true;
        }
        let Some((stem, rest)) = name.split_once('@') else { return false };
        let Some((instance, suffix)) = rest.rsplit_once('.') else { return false };
        let is_listed = self.instances.iter().any(|listed| listed == instance);
        is_listed && glob::name_fits(&self.pattern, &format!("{stem}@.{suffix}"))
    }
}

fn parse(path: &Path, text: &str) -> Vec<Rule> {
    let rule = |(line, text): (u32, &str)| {
        let mut words = text.split_whitespace();
        let enable = match words.next()? {
            "enable" => true,
            // `ignore` leaves a unit as it is, which here is: not enabled.
            "disable" | "ignore" => false,
            _ => return None,
        };
        let pattern = words.next()?.to_owned();
        let instances = words.map(str::to_owned).collect();
        Some(Rule { enable, pattern, instances, path: path.to_owned(), line })
    };
    (1..).zip(text.lines()).filter_map(rule).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::image::fixture::Fixture;

    fn enables(fixture: &Fixture, name: &str) -> bool {
        matches!(Presets::read(&fixture.image()).unwrap().of(name), Preset::Enable(_))
    }

    #[test]
    fn the_first_rule_decides_and_none_enables() {
        let fixture = Fixture::bare();
        assert!(enables(&fixture, "cups.service"));
        fixture.file(
            "/usr/lib/systemd/system-preset/90-default.preset",
            "# all\nenable sshd.*\nenable getty@.service tty1\n",
        );
        assert!(enables(&fixture, "cups.service"));
        fixture.file("/usr/lib/systemd/system-preset/99-default-disable.preset", "disable *\n");
        assert!(!enables(&fixture, "cups.service"));
        assert!(enables(&fixture, "sshd.socket"));
        assert!(enables(&fixture, "getty@tty1.service"));
        assert!(!enables(&fixture, "getty@tty2.service"));
        fixture.file("/etc/systemd/system-preset/10-own.preset", "enable cups.service\ndisable sshd.service\n");
        assert!(enables(&fixture, "cups.service") && !enables(&fixture, "sshd.service"));
    }

    #[test]
    fn a_file_of_the_same_name_hides_the_vendors() {
        let fixture = Fixture::bare();
        fixture.file("/usr/lib/systemd/system-preset/99-default-disable.preset", "disable *\n");
        fixture.link("/etc/systemd/system-preset/99-default-disable.preset", "/dev/null");
        assert!(enables(&fixture, "cups.service"));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,200}", name in "\\PC{0,40}") {
            let presets = Presets { rules: parse(Path::new("/x"), &text) };
            presets.of(&name);
        }
    }
}
