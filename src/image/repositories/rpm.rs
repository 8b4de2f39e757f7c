//! Repositories of yum, dnf and zypper: `*.repo` files and the sections of their main configuration.

use std::path::{Path, PathBuf};

use super::ini::{self, Section, Setting};
use crate::image::{Error, Image};

/// One repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The file.
    pub path: PathBuf,
    /// Its section.
    pub section: Section,
    /// It is used unless somebody says otherwise on the command line.
    pub enabled: bool,
    /// Whether the signature of each package is checked.
    pub packages: Checked,
    /// Whether the signature of the list of packages is checked.
    pub metadata: Checked,
}

/// Whether something is checked, and which line says so; `None`: nothing says it, it is the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// It is checked.
    pub on: bool,
    /// File and line that say it.
    pub said: Option<(PathBuf, u32)>,
}

impl Repository {
    /// Every URL it names: of packages, lists of mirrors.
    pub fn urls(&self) -> impl Iterator<Item = (&str, u32)> {
        ["baseurl", "mirrorlist", "metalink"]
            .into_iter()
            .filter_map(|name| self.section.get(name))
            .flat_map(|setting| setting.value.split([' ', ',', '\n', '\t']).map(|url| (url, setting.line)))
            .filter(|(url, _)| !url.is_empty())
    }

    /// Where its keys are; empty when it names none.
    pub fn key(&self) -> &str {
        self.section.get("gpgkey").map_or("", |setting| setting.value.as_str())
    }
}

/// A package manager's files.
struct Manager {
    main: &'static [&'static str],
    directories: &'static [&'static str],
    /// What it does about signatures when nothing is said (`dnf.conf(5)`: no; libzypp's `zypp.conf`: yes).
    checks: bool,
}

const DNF: Manager = Manager {
    main: &["/etc/dnf/dnf.conf", "/etc/yum.conf"],
    directories: &["/etc/yum.repos.d", "/etc/yum/repos.d", "/etc/distro.repos.d"],
    checks: false,
};

const ZYPPER: Manager = Manager { main: &["/etc/zypp/zypp.conf"], directories: &["/etc/zypp/repos.d"], checks: true };

pub(super) fn read(image: &Image) -> Result<Vec<Repository>, Error> {
    let mut found = Vec::new();
    for manager in [DNF, ZYPPER] {
        let mut files = Vec::new();
        for path in manager.main {
            // `/etc/yum.conf` is a link to the other where dnf is.
            if image.read_link(Path::new(path))?.is_none() {
                files.extend(sections(image, Path::new(path))?.map(|sections| (PathBuf::from(path), sections)));
            }
        }
        let main: Vec<_> = files
            .iter()
            .filter_map(|(path, sections)| {
                Some((path.clone(), sections.iter().find(|one| one.name == "main")?.clone()))
            })
            .collect();
        let elsewhere =
            main.iter().find_map(|(_, section)| section.get("reposdir")).map(|setting| setting.value.clone());
        let directories: Vec<&str> = match &elsewhere {
            Some(value) => value.split([' ', ',', '\n', '\t']).filter(|path| path.starts_with('/')).collect(),
            None => manager.directories.to_vec(),
        };
        for directory in directories {
            for path in image.glob(&format!("{}/*.repo", directory.trim_end_matches('/')))? {
                files.extend(sections(image, &path)?.map(|sections| (path.clone(), sections)));
            }
        }
        for (path, sections) in files {
            let own = sections.into_iter().filter(|section| section.name != "main");
            found.extend(own.map(|section| repository(&path, section, &main, manager.checks)));
        }
    }
    Ok(found)
}

fn sections(image: &Image, path: &Path) -> Result<Option<Vec<Section>>, Error> {
    let Some(text) = image.read_text(path)? else { return Ok(None) };
    ini::parse(&text).map(Some).map_err(|refused| refused.of(path))
}

fn repository(path: &Path, section: Section, main: &[(PathBuf, Section)], checks: bool) -> Repository {
    let said = |name: &str, default: bool| {
        let own = section.get(name).map(|setting| (path, setting));
        let above = main.iter().find_map(|(path, section)| Some((path.as_path(), section.get(name)?)));
        let stated = own.or(above).and_then(|(path, setting)| Some((setting.switch()?, path, setting.line)));
        match stated {
            Some((on, path, line)) => Checked { on, said: Some((path.to_owned(), line)) },
            None => Checked { on: default, said: None },
        }
    };
    let mut packages = said("gpgcheck", checks);
    let metadata = said("repo_gpgcheck", false);
    if checks {
        // zypper's gpgcheck is a summary; pkg_gpgcheck is about packages alone.
        let alone = said("pkg_gpgcheck", false);
        if alone.on {
            packages = alone;
        }
    }
    let enabled = section.get("enabled").and_then(Setting::switch).unwrap_or(true);
    Repository { path: path.to_owned(), enabled, packages, metadata, section }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn what_is_said_for_all_holds_unless_one_says_otherwise() {
        let fixture = Fixture::bare();
        fixture.file("/etc/dnf/dnf.conf", "[main]\ngpgcheck=1\n").link("/etc/yum.conf", "dnf/dnf.conf").file(
            "/etc/yum.repos.d/a.repo",
            "[a]\nbaseurl=https://a.example https://b.example\n\n[b]\ngpgcheck=0\nenabled=0\n",
        );
        let found = read(&fixture.image()).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[0].enabled && found[0].packages.on && !found[0].metadata.on);
        assert_eq!(found[0].packages.said, Some(("/etc/dnf/dnf.conf".into(), 2)));
        assert_eq!(found[0].urls().count(), 2);
        assert!(!found[1].enabled && !found[1].packages.on);
        assert_eq!(found[1].packages.said, Some(("/etc/yum.repos.d/a.repo".into(), 5)));
    }

    #[test]
    fn dnf_checks_nothing_by_default_and_zypper_does() {
        let fixture = Fixture::bare();
        fixture.file("/etc/yum.repos.d/a.repo", "[a]\n").file("/etc/zypp/repos.d/b.repo", "[b]\n");
        let found = read(&fixture.image()).unwrap();
        assert_eq!(found.iter().map(|one| one.packages.on).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn repositories_elsewhere_are_found_and_broken_ones_are_told() {
        let fixture = Fixture::bare();
        fixture.file("/etc/yum.conf", "[main]\nreposdir=/etc/acme.d/\n\n[in-main]\n");
        fixture.file("/etc/acme.d/a.repo", "[a]\n").file("/etc/yum.repos.d/unseen.repo", "[x]\n");
        let names: Vec<_> = read(&fixture.image()).unwrap().into_iter().map(|one| one.section.name).collect();
        assert_eq!(names, ["in-main", "a"]);
        fixture.file("/etc/acme.d/b.repo", "[b]\nwords\n");
        let error = read(&fixture.image()).unwrap_err();
        assert_eq!(error.path, Path::new("/etc/acme.d/b.repo"));
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
