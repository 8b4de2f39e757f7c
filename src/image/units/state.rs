//! The state of every unit, found the way `systemctl is-enabled` finds it (systemd's `src/shared/install.c`, version
//! 252: `unit_file_lookup_state`, `find_symlinks_in_scope`, `find_symlinks_in_directory`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::directory::{Directory, File};
use super::install::Install;
use super::{State, Unit, Units, template_of};

/// The most links a chain of aliases is followed.
const LONGEST_CHAIN: usize = 16;

/// A link that may enable a unit.
struct Link<'a> {
    /// Index of the directory of the search path.
    place: usize,
    path: PathBuf,
    name: &'a str,
    /// The last component of where it points.
    target: &'a str,
    /// It stands in the directory itself, not in a `.wants` below it.
    top: bool,
}

/// All links of the search path, to be found by either name.
struct Links<'a> {
    all: Vec<Link<'a>>,
    by_name: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Links<'a> {
    fn of(directories: &'a [Directory]) -> Self {
        let mut all = Vec::new();
        for (place, directory) in directories.iter().enumerate() {
            for wants in &directory.wants {
                let (name, target) = (wants.name.as_str(), wants.target.as_str());
                all.push(Link { place, path: wants.path.clone(), name, target, top: false });
            }
            for (name, file) in &directory.files {
                if let File::Link(target, _) = file
                    && let Some(target) = file_name(target)
                {
                    all.push(Link { place, path: directory.path.join(name), name, target, top: true });
                }
            }
        }
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, link) in all.iter().enumerate() {
            by_name.entry(link.name).or_default().push(index);
            if link.target != link.name {
                by_name.entry(link.target).or_default().push(index);
            }
        }
        Self { all, by_name }
    }

    /// Every link that has `name` or leads to it.
    fn about(&self, name: &str) -> impl Iterator<Item = &Link<'a>> {
        self.by_name.get(name).into_iter().flatten().filter_map(|index| self.all.get(*index))
    }
}

/// One unit as found in the search path.
struct Found<'a> {
    name: &'a str,
    path: PathBuf,
    /// Index of the directory of the search path that holds the file that counts.
    place: usize,
    install: Install,
}

/// Every unit of these directories, strongest first, and the default target.
pub(super) fn judge(directories: &[Directory]) -> Units {
    let links = Links::of(directories);
    let mut first: BTreeMap<&str, (usize, &File)> = BTreeMap::new();
    for (place, directory) in directories.iter().enumerate() {
        for (name, file) in &directory.files {
            first.entry(name).or_insert((place, file));
        }
    }

    let mut units: BTreeMap<String, Unit> = BTreeMap::new();
    let mut aliases: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, (place, file)) in &first {
        let Some(directory) = directories.get(*place) else { continue };
        let path = directory.path.join(name);
        if let Some(target) = alias_target(directories, &first, name) {
            aliases.entry(target).or_default().insert((*name).to_owned());
            continue;
        }
        let install = match file {
            File::Masked => {
                let state = if is_runtime(directory) { State::Other } else { State::Masked };
                units.insert((*name).to_owned(), unit(name, path, state));
                continue;
            }
            File::Regular(install) | File::Link(_, Some(install)) => install.clone(),
            File::Link(_, None) => continue,
        };
        let install = with_drop_ins(install, directories, name);
        let found = Found { name, path, place: *place, install };
        let state = state(directories, &links, &found);
        let mut judged = unit(name, found.path.clone(), state);
        judged.enabled_by = enabling(&links, &found).map(|link| link.path.clone()).collect();
        judged.aliases = found.install.aliases.iter().filter(|alias| alias != name).cloned().collect();
        units.insert((*name).to_owned(), judged);
    }
    for instance in instances(directories, &links, &first) {
        units.entry(instance.name.clone()).or_insert(instance);
    }
    for (target, names) in aliases {
        if let Some(unit) = units.get_mut(target) {
            unit.aliases.extend(names);
            unit.aliases.sort();
            unit.aliases.dedup();
        }
    }
    let default_target = first
        .contains_key("default.target")
        .then(|| alias_target(directories, &first, "default.target").unwrap_or("default.target").to_owned())
        .filter(|target| !matches!(first.get(target.as_str()), Some((_, File::Masked))));
    Units { units: units.into_values().collect(), default_target, ..Units::default() }
}

fn unit(name: &str, path: PathBuf, state: State) -> Unit {
    Unit { name: name.to_owned(), path, state, enabled_by: Vec::new(), aliases: Vec::new() }
}

/// The unit that `name` is another name of: where its link, followed by name through the search path, ends.
fn alias_target<'a>(
    directories: &[Directory],
    first: &BTreeMap<&'a str, (usize, &'a File)>,
    name: &'a str,
) -> Option<&'a str> {
    let mut at = name;
    for _ in 0..LONGEST_CHAIN {
        let Some((_, File::Link(target, _))) = first.get(at) else { break };
        let inside = directories.iter().any(|directory| target.parent() == Some(&directory.path))
            || target.parent() == Some(Path::new("/lib/systemd/system"));
        match file_name(target) {
            Some(next) if inside && next != at => at = next,
            _ => break,
        }
    }
    (at != name).then_some(at)
}

fn state(directories: &[Directory], links: &Links<'_>, unit: &Found<'_>) -> State {
    let mut runtime = false;
    let mut vendor = false;
    let mut other_name = false;
    let mut same_name = false;
    for link in links.about(unit.name) {
        let Some(directory) = directories.get(link.place) else { continue };
        // Links with the unit's own name below the place of the file are hidden by it.
        let own = link.name == unit.name && link.place <= unit.place;
        let leads_here = link.target == unit.name;
        if own && leads_here && link.top {
            same_name = true;
        } else if own || leads_here {
            match (is_known_name(unit, link.name), is_persistent(directory), is_runtime(directory)) {
                (true, true, _) => return State::Enabled,
                (true, _, true) => runtime = true,
                (false, true, _) | (false, _, true) => other_name = true,
                _ => vendor = true,
            }
        }
    }
    if runtime || same_name {
        State::Other
    } else if vendor && template_of(unit.name).is_some() {
        State::Static
    } else if other_name {
        State::Other
    } else if unit.install.has_rules() {
        State::Disabled
    } else if unit.install.also {
        State::Other
    } else {
        State::Static
    }
}

/// The links that start `unit`: in `.wants` and the like under its own name or that of an instance, or alias links.
fn enabling<'a>(links: &'a Links<'_>, unit: &'a Found<'_>) -> impl Iterator<Item = &'a Link<'a>> {
    links.about(unit.name).filter(|link| {
        let own = link.name == unit.name && !link.top;
        let leads_here = link.target == unit.name && link.name != unit.name;
        own || leads_here && (is_known_name(unit, link.name) || !link.top)
    })
}

/// Instances that a link in a `.wants` names, of templates that are there.
fn instances(directories: &[Directory], links: &Links<'_>, first: &BTreeMap<&str, (usize, &File)>) -> Vec<Unit> {
    let names: BTreeSet<&str> =
        links.all.iter().filter(|link| !link.top && !first.contains_key(link.name)).map(|link| link.name).collect();
    let mut units = Vec::new();
    for name in names {
        let Some(template) = template_of(name) else { continue };
        let Some((place, file)) = first.get(template.as_str()) else { continue };
        let Some(directory) = directories.get(*place) else { continue };
        let install = match file {
            File::Masked => {
                units.push(unit(name, directory.path.join(&template), State::Masked));
                continue;
            }
            File::Regular(install) | File::Link(_, Some(install)) => install.clone(),
            File::Link(_, None) => continue,
        };
        let install = with_drop_ins(with_drop_ins(install, directories, &template), directories, name);
        let found = Found { name, path: directory.path.join(&template), place: *place, install };
        let state = state(directories, links, &found);
        let mut judged = unit(name, found.path.clone(), state);
        judged.enabled_by = enabling(links, &found).map(|link| link.path.clone()).collect();
        units.push(judged);
    }
    units
}

fn is_known_name(unit: &Found<'_>, name: &str) -> bool {
    name == unit.name
        || unit.install.aliases.contains(name)
        || unit.install.default_instance.as_ref().is_some_and(|instance| {
            unit.name.split_once("@.").is_some_and(|(prefix, suffix)| format!("{prefix}@{instance}.{suffix}") == name)
        })
}

/// `install` with what drop-ins add, in the order of their names; of two with the same name the stronger directory's
/// counts.
fn with_drop_ins(mut install: Install, directories: &[Directory], name: &str) -> Install {
    let mut files: BTreeMap<&String, &String> = BTreeMap::new();
    for (file, text) in directories.iter().filter_map(|directory| directory.drop_ins.get(name)).flatten() {
        files.entry(file).or_insert(text);
    }
    for text in files.values() {
        install.read(text);
    }
    install
}

fn is_persistent(directory: &Directory) -> bool {
    directory.path.starts_with("/etc")
}

fn is_runtime(directory: &Directory) -> bool {
    directory.path.starts_with("/run")
}

fn file_name(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str())
}
