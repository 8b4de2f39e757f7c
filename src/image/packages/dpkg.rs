//! dpkg's database: `status` (or distroless images' `status.d`), `info/*.md5sums`, conffiles and diversions.
//!
//! Facts from deb-control(5), dpkg(1), dpkg-query(1), dpkg-divert(1) and dpkg's `doc/triggers.txt`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::digests::{Algorithm, Digests, merged};
use super::{Error, Image, Package};

const STATUS: &str = "var/lib/dpkg/status";
const STATUS_D: &str = "var/lib/dpkg/status.d";
const UPDATES: &str = "var/lib/dpkg/updates";
const INFO: &str = "var/lib/dpkg/info";
const DIVERSIONS: &str = "var/lib/dpkg/diversions";

/// Every package installed below `root`, or `None` when there is no dpkg database.
pub(super) fn packages(image: &Image, root: &Path) -> Result<Option<Vec<Package>>, Error> {
    let status = image.read(&root.join(STATUS))?;
    let parts = status_d(image, root)?;
    if status.is_none() && parts.is_empty() {
        return Ok(None);
    }
    // Of an interrupted run, what dpkg had noted but not yet written into `status` counts.
    let notes = updates(image, root)?;
    let status = status.map(|text| (root.join(STATUS), text));
    let mut newest = BTreeMap::new();
    for (path, text) in status.iter().chain(&notes) {
        for stanza in stanzas(text) {
            if field(stanza, "Package").is_none_or(<[u8]>::is_empty) {
                return Err(nameless(path, text, stanza));
            }
            newest.insert((field(stanza, "Package"), field(stanza, "Architecture")), installed(stanza));
        }
    }
    let mut packages: Vec<Package> = newest.into_values().flatten().collect();
    packages.extend(parts.iter().flat_map(|(_, text)| stanzas(text)).filter_map(described));
    Ok(Some(packages))
}

/// Adds the digests of every file the `packages` ship, numbered by `numbers`. Files of the database that
/// cannot be read add none, and so does one whose diversions cannot be read.
pub(super) fn digests(image: &Image, root: &Path, packages: &[Package], numbers: &[usize], digests: &mut Digests) {
    let Ok(diversions) = image.read(&root.join(DIVERSIONS)) else { return };
    let diversions = diversions.unwrap_or_default();
    let diversions = diverted(&diversions);
    let mut add = |path: &[u8], hex: &[u8], index: usize, name: &str| {
        let Some(&number) = numbers.get(index) else { return };
        let path = match diversions.get(merged(path)) {
            Some((to, by)) if *by != name.as_bytes() => to,
            _ => path,
        };
        digests.add(path, Algorithm::Md5, hex, number);
    };

    for (index, package) in packages.iter().enumerate() {
        let Package { name, arch, .. } = package;
        let sums = [format!("{INFO}/{name}.md5sums"), format!("{INFO}/{name}:{arch}.md5sums")];
        for sums in sums.iter().filter_map(|path| image.read(&root.join(path)).ok().flatten()) {
            md5sums(&sums).for_each(|(path, hex)| add(path, hex, index, name));
        }
    }

    let status = image.read(&root.join(STATUS)).ok().flatten().unwrap_or_default();
    for stanza in stanzas(&status) {
        let Some(package) = installed(stanza) else { continue };
        let Ok(index) = packages.binary_search(&package) else { continue };
        conffiles(stanza).for_each(|(path, hex)| add(path, hex, index, &package.name));
    }

    for (name, text) in status_d(image, root).unwrap_or_default() {
        let Some(package) = stanzas(&text).find_map(described) else { continue };
        let Ok(index) = packages.binary_search(&package) else { continue };
        let sums = image.read(&root.join(format!("{STATUS_D}/{name}.md5sums"))).ok().flatten().unwrap_or_default();
        md5sums(&sums).for_each(|(path, hex)| add(path, hex, index, &package.name));
    }
}

/// Takes out of `paths` those that a package lists: the few that were built without digests are known by that alone.
///
/// # Errors
/// When a list cannot be read.
pub(super) fn drop_listed(image: &Image, root: &Path, paths: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
    let info = root.join(INFO);
    for entry in image.list(&info)? {
        if paths.is_empty() {
            break;
        }
        if entry.name.as_bytes().ends_with(b".list") {
            let list = image.read(&info.join(&entry.name))?.unwrap_or_default();
            let listed: HashSet<&[u8]> = list.split(|byte| *byte == b'\n').map(merged).collect();
            paths.retain(|path| !listed.contains(merged(path.as_os_str().as_bytes())));
        }
    }
    Ok(())
}

/// `stanza` of the file at `path` is about no package: the file is damaged.
fn nameless(path: &Path, text: &[u8], stanza: &[u8]) -> Error {
    let before = stanza.as_ptr().addr() - text.as_ptr().addr();
    let line = 1 + memchr::memchr_iter(b'\n', text.get(..before).unwrap_or_default()).count();
    Error::malformed("read", path, format!("the paragraph on line {line} names no package"))
}

/// The notes of an interrupted run, in their order: files of digits in `updates`.
fn updates(image: &Image, root: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, Error> {
    let mut notes = Vec::new();
    for entry in image.list(&root.join(UPDATES))? {
        if entry.name.as_bytes().iter().all(u8::is_ascii_digit) {
            let path = root.join(UPDATES).join(&entry.name);
            notes.extend(image.read(&path)?.map(|text| (path, text)));
        }
    }
    Ok(notes)
}

/// The files of `status.d`, one package each, with their names; images built without dpkg (distroless) have them.
fn status_d(image: &Image, root: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut parts = Vec::new();
    for entry in image.list(&root.join(STATUS_D))? {
        let name = entry.name.as_bytes();
        if name.ends_with(b".md5sums") || name.starts_with(b".") {
            continue;
        }
        let Some(name) = entry.name.to_str() else { continue };
        if let Some(text) = image.read(&root.join(STATUS_D).join(name))? {
            parts.push((name.to_owned(), text));
        }
    }
    Ok(parts)
}

/// The paragraphs of a control file: blocks of lines with empty lines between them.
fn stanzas(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some(after) = rest.strip_prefix(b"\n") {
            rest = after;
        }
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memmem::find(rest, b"\n\n").unwrap_or(rest.len());
        let (stanza, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(stanza)
    })
}

/// The value of a one-line field; names are compared without case.
fn field<'a>(stanza: &'a [u8], name: &str) -> Option<&'a [u8]> {
    stanza.split(|byte| *byte == b'\n').find_map(|line| {
        let (key, value) = line.split_at_checked(name.len())?;
        (key.eq_ignore_ascii_case(name.as_bytes())).then(|| value.strip_prefix(b":")).flatten().map(<[u8]>::trim_ascii)
    })
}

/// The package of a stanza of `status`, when its files are in place, configured or not. Packages that are held, or
/// marked for removal but still there, count.
fn installed(stanza: &[u8]) -> Option<Package> {
    let state = field(stanza, "Status")?.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).nth(2)?;
    // Of the last two, the files are in their place, whatever their scripts have still to do (dpkg(1)).
    let there = [b"installed".as_slice(), b"triggers-awaited", b"triggers-pending", b"unpacked", b"half-configured"];
    there.contains(&state).then(|| described(stanza)).flatten()
}

fn described(stanza: &[u8]) -> Option<Package> {
    let text = |name| field(stanza, name).map(|value| String::from_utf8_lossy(value).into_owned());
    Some(Package {
        name: text("Package").filter(|name| !name.is_empty())?,
        version: text("Version").unwrap_or_default(),
        arch: text("Architecture").unwrap_or_default(),
        vendor: text("Maintainer").unwrap_or_default(),
    })
}

/// Path and digest of each configuration file: lines ` /path digest [obsolete] [remove-on-upgrade]` below `Conffiles:`.
fn conffiles(stanza: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    stanza
        .split(|byte| *byte == b'\n')
        .skip_while(|line| !line.eq_ignore_ascii_case(b"Conffiles:"))
        .skip(1)
        .take_while(|line| line.starts_with(b" "))
        .filter_map(|line| {
            let line = line.trim_ascii();
            let line = line.strip_suffix(b" remove-on-upgrade").unwrap_or(line);
            let line = line.strip_suffix(b" obsolete").unwrap_or(line);
            let space = memchr::memrchr(b' ', line)?;
            Some((line.get(..space)?, line.get(space + 1..)?))
        })
}

/// Path (without leading `/`) and digest of each line `digest  path`.
fn md5sums(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let (hex, rest) = line.split_at_checked(32)?;
        Some((rest.strip_prefix(b"  ").or_else(|| rest.strip_prefix(b" *"))?, hex))
    })
}

/// Where files were diverted to, and by which package (`:` for the administrator): three lines each. Paths as
/// [`merged`] writes them.
fn diverted(text: &[u8]) -> HashMap<&[u8], (&[u8], &[u8])> {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let (triples, _) = lines.as_chunks::<3>();
    triples.iter().map(|[from, to, by]| (merged(from), (*to, *by))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &[u8] = b"Package: held
Status: hold ok installed
Maintainer: A Person <a@example.org>
Architecture: amd64
Version: 1:2.0-3
Conffiles:
 /etc/held.conf 900150983cd24fb0d6963f7d28e17f72
 /etc/old name.conf 00000000000000000000000000000000 obsolete
Description: something
 Status: deinstall ok config-files

Package: gone
Status: deinstall ok config-files
Version: 1

Package: leaving
Status: deinstall ok installed
Version: 1

Package: half
Status: install ok half-installed
Version: 1

Package: waiting
Status: install ok triggers-awaited
Version: 1

Status: install ok installed
Version: nameless

Package: bare
Version: no status";

    #[test]
    fn only_what_is_in_place_counts() {
        let names: Vec<String> = stanzas(STATUS).filter_map(installed).map(|package| package.name).collect();
        assert_eq!(names, ["held", "leaving", "waiting"]);
    }

    #[test]
    fn every_field_is_read() {
        let package = stanzas(STATUS).find_map(installed).unwrap();
        assert_eq!(package.version, "1:2.0-3");
        assert_eq!(package.arch, "amd64");
        assert_eq!(package.vendor, "A Person <a@example.org>");
    }

    #[test]
    fn a_distroless_stanza_has_no_status() {
        let package = described(b"package: base-files\nVersion: 12.4").unwrap();
        assert_eq!(
            (package.name.as_str(), package.version.as_str(), package.arch.as_str()),
            ("base-files", "12.4", "")
        );
    }

    #[test]
    fn conffiles_may_have_spaces_and_flags() {
        let found: Vec<_> = stanzas(STATUS).flat_map(conffiles).collect();
        assert_eq!(
            found,
            [
                (&b"/etc/held.conf"[..], &b"900150983cd24fb0d6963f7d28e17f72"[..]),
                (b"/etc/old name.conf", b"00000000000000000000000000000000"),
            ]
        );
    }

    #[test]
    fn sums_lines_that_are_none_are_left_out() {
        let text = b"900150983cd24fb0d6963f7d28e17f72  usr/share/a b\nshort  x\n\n900150983cd24fb0d6963f7d28e17f72x";
        assert_eq!(
            md5sums(text).collect::<Vec<_>>(),
            [(&b"usr/share/a b"[..], &b"900150983cd24fb0d6963f7d28e17f72"[..])]
        );
    }

    #[test]
    fn a_diversion_moves_the_file_of_every_other_package() {
        let diversions = diverted(b"/bin/sh\n/bin/sh.distrib\ndash\n/odd");
        assert_eq!(diversions.get(&b"bin/sh"[..]), Some(&(&b"/bin/sh.distrib"[..], &b"dash"[..])));
        assert_eq!(diversions.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in proptest::collection::vec(proptest::sample::select(b"\n :/aPackageStatus install ok\0".to_vec()), 0..300)) {
            let _ = stanzas(&text).filter_map(installed).count();
            let _ = stanzas(&text).flat_map(conffiles).count();
            let _ = md5sums(&text).count();
            let _ = diverted(&text);
        }
    }
}
