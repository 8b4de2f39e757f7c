//! A root laid out from data: one TOML a distribution, with layers below it for what several share.
//!
//! Every file says which package owns it (`image` for what none does), and the package database is written in the
//! distribution's own format with the digests of what the packages own, as on a real machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tempfile::TempDir;

use super::database::{Database, Installed, Owned};

/// The owner of files that no package ships.
const NOBODY: &str = "image";

/// One TOML file: a layer, or a whole distribution with its table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Tree {
    pub(crate) title: String,
    /// Layers below this one, the lowest first.
    like: Vec<String>,
    database: Option<Database>,
    /// Installed packages of which no file is needed.
    packages: Vec<String>,
    /// What the layers below have and this one does not.
    absent: Vec<String>,
    directories: Vec<String>,
    /// `{{name}}` in every text and path.
    words: BTreeMap<String, String>,
    /// Package and version; `1.0-1` where none is given.
    versions: BTreeMap<String, String>,
    links: BTreeMap<String, String>,
    modes: BTreeMap<String, String>,
    /// Package and the paths of its programs.
    programs: BTreeMap<String, Vec<String>>,
    /// Package, path, text.
    files: BTreeMap<String, BTreeMap<String, String>>,
    /// Lines added to files of the layers below.
    append: BTreeMap<String, String>,
    /// What is found in it as its maker publishes it.
    pub(crate) stock: Table,
    /// What is found after a week of use and `apply --all`.
    pub(crate) sealed: Table,
}

/// Ids that do not pass, each with why that is right.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Table {
    pub(crate) fails: BTreeMap<String, String>,
    pub(crate) unknown: BTreeMap<String, String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/distros")
}

fn parsed(path: &Path) -> Tree {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every distribution: its file's name and its tree.
pub(crate) fn all() -> Vec<(String, Tree)> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), Tree::read(&name))).collect()
}

impl Tree {
    /// The distribution called `name`, with its layers.
    pub(crate) fn read(name: &str) -> Self {
        parsed(&folder().join(format!("{name}.toml"))).upon_its_layers(&mut BTreeSet::new())
    }

    /// The layer called `name` laid over this tree.
    pub(crate) fn with(self, name: &str) -> Self {
        let layer = Self::layer(name);
        let mut with = self.clone().below(layer);
        (with.title, with.stock, with.sealed) = (self.title, self.stock, self.sealed);
        with
    }

    fn layer(name: &str) -> Self {
        parsed(&folder().join(format!("layers/{name}.toml")))
    }

    fn upon_its_layers(self, seen: &mut BTreeSet<String>) -> Self {
        let mut below = Self::default();
        for name in &self.like {
            if seen.insert(name.clone()) {
                below = below.below(Self::layer(name).upon_its_layers(seen));
            }
        }
        below.below(self)
    }

    /// `above` laid over this one: what it says counts.
    fn below(mut self, above: Self) -> Self {
        for path in &above.absent {
            self.links.remove(path);
            self.files.values_mut().for_each(|files| drop(files.remove(path)));
        }
        for path in above.links.keys() {
            self.files.values_mut().for_each(|files| drop(files.remove(path)));
        }
        for (package, files) in above.files {
            for path in files.keys() {
                self.links.remove(path);
                self.files.values_mut().for_each(|below| drop(below.remove(path)));
            }
            self.files.entry(package).or_default().extend(files);
        }
        for (package, paths) in above.programs {
            self.programs.entry(package).or_default().extend(paths);
        }
        for (path, lines) in above.append {
            self.append.entry(path).or_default().push_str(&lines);
        }
        self.packages.extend(above.packages);
        self.directories.extend(above.directories);
        self.words.extend(above.words);
        self.versions.extend(above.versions);
        self.links.extend(above.links);
        self.modes.extend(above.modes);
        Self {
            title: above.title,
            database: above.database.or(self.database),
            stock: above.stock,
            sealed: above.sealed,
            ..self
        }
    }

    /// The value of a word.
    pub(crate) fn word(&self, name: &str) -> String {
        self.filled(&format!("{{{{{name}}}}}"))
    }

    /// `text` with its words put in; a word may hold other words.
    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        while let Some((before, rest)) = text.split_once("{{") {
            let (name, after) = rest.split_once("}}").unwrap_or_else(|| panic!("{}: {{{{ without }}}}", self.title));
            let word = self.words.get(name).unwrap_or_else(|| panic!("{}: no word {name}", self.title));
            text = format!("{before}{word}{after}");
        }
        text
    }

    /// Writes it all below a new temporary directory.
    pub(crate) fn laid_out(&self) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        let place = |path: &str| {
            let path = root.path().join(self.filled(path).trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        // Short ones first: `/bin` must be a link before something is put into it.
        let mut links: Vec<_> = self.links.iter().collect();
        links.sort_by_key(|(path, _)| path.matches('/').count());
        for directory in ["/usr/bin", "/usr/sbin", "/usr/lib", "/etc", "/run", "/root", "/tmp", "/var/tmp"] {
            fs::create_dir_all(place(directory)).unwrap();
        }
        for (path, target) in links {
            symlink(self.filled(target), place(path)).unwrap_or_else(|error| panic!("{}: {path}: {error}", self.title));
        }
        for directory in &self.directories {
            fs::create_dir_all(place(directory)).unwrap_or_else(|error| panic!("{}: {directory}: {error}", self.title));
        }
        for (path, bytes) in self.owned().values().flatten() {
            fs::write(place(path), bytes).unwrap_or_else(|error| panic!("{}: {path}: {error}", self.title));
        }
        for path in self.programs.values().flatten() {
            fs::set_permissions(place(path), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let moved = self.links.contains_key("/var/lib/rpm");
        let rpm = root.path().join(if moved { "usr/lib/sysimage/rpm" } else { "var/lib/rpm" });
        self.database.expect("a database").write(root.path(), &rpm, &self.installed());
        for (path, mode) in &self.modes {
            if place(path).exists() {
                let mode = u32::from_str_radix(mode, 8).unwrap();
                fs::set_permissions(place(path), fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        root
    }

    /// Every file with its content, by the package that owns it.
    pub(crate) fn owned(&self) -> BTreeMap<&str, Vec<Owned>> {
        let mut owned: BTreeMap<&str, Vec<Owned>> = BTreeMap::new();
        for (package, files) in &self.files {
            let files = files.iter().map(|(path, text)| {
                let added = self.append.get(path).map_or("", String::as_str);
                (self.filled(path), self.filled(&(text.clone() + added)).into_bytes())
            });
            owned.entry(package).or_default().extend(files);
        }
        for (package, paths) in &self.programs {
            let programs = paths.iter().map(|path| (self.filled(path), ELF.to_vec()));
            owned.entry(package).or_default().extend(programs);
        }
        owned
    }

    /// Every installed package with its files.
    pub(crate) fn installed(&self) -> Vec<Installed> {
        let mut owned = self.owned();
        owned.remove(NOBODY);
        for name in &self.packages {
            owned.entry(name).or_default();
        }
        let vendor = self.word("maker");
        let package = |(name, files): (&str, Vec<Owned>)| Installed {
            name: name.to_owned(),
            version: self.versions.get(name).map_or("1.0-1", String::as_str).to_owned(),
            vendor: vendor.clone(),
            files,
        };
        owned.into_iter().map(package).collect()
    }
}

/// The start of an x86-64 program (elf(5)).
const ELF: [u8; 20] = [0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 62, 0];
