//! Path and digest of every file that packages ship, small enough to hold for a whole machine.

use std::hash::{BuildHasher, RandomState};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use md5::{Digest, Md5};
use ring::digest;

/// The most files remembered; beyond it a file counts as not shipped. Thirty-two bytes each.
const MOST_FILES: usize = 2_000_000;

/// How a digest was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha256,
    Sha512,
}

/// The first sixteen bytes of a digest: all of an MD5, and of the others more than anybody can forge.
type Start = [u8; 16];

#[derive(Debug, Clone)]
struct Shipped {
    path: u64,
    digest: Start,
    package: u32,
    algorithm: Algorithm,
}

/// Every file of every package: a keyed hash of its path, the start of its digest, and whose it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Digests {
    files: Vec<Shipped>,
    hasher: RandomState,
}

impl Digests {
    /// Remembers that the package at index `package` ships `path` with a digest written as hexadecimal `hex`.
    /// What is no digest is left out.
    pub(super) fn add(&mut self, path: &[u8], algorithm: Algorithm, hex: &[u8], package: usize) {
        let (Some(digest), Ok(package)) = (start_of_hex(hex), u32::try_from(package)) else { return };
        if self.files.len() < MOST_FILES {
            self.files.push(Shipped { path: self.key(path), digest, package, algorithm });
        }
    }

    /// Sorts what was added; to be called once, before the first [`Digests::owner`].
    pub(super) fn sorted(mut self) -> Self {
        self.files.sort_unstable_by_key(|file| file.path);
        self.files.shrink_to_fit();
        self
    }

    /// The index of the package that ships `path` with the content `bytes`.
    pub(super) fn owner(&self, path: &Path, bytes: &[u8]) -> Option<usize> {
        let key = self.key(path.as_os_str().as_bytes());
        let first = self.files.partition_point(|file| file.path < key);
        let same_path = self.files.get(first..)?.iter().take_while(|file| file.path == key);
        let mut last: Option<(Algorithm, Start)> = None;
        for file in same_path {
            let digest = match last {
                Some((algorithm, digest)) if algorithm == file.algorithm => digest,
                _ => digest_of(file.algorithm, bytes),
            };
            if digest == file.digest {
                return usize::try_from(file.package).ok();
            }
            last = Some((file.algorithm, digest));
        }
        None
    }

    /// Whether a package ships `path`, with whatever content.
    pub(super) fn has(&self, path: &Path) -> bool {
        let key = self.key(path.as_os_str().as_bytes());
        let first = self.files.partition_point(|file| file.path < key);
        self.files.get(first).is_some_and(|file| file.path == key)
    }

    fn key(&self, path: &[u8]) -> u64 {
        self.hasher.hash_one(merged(path))
    }
}

/// `path` without a leading `/`, and without `usr/` where the merge of `/bin`, `/sbin`, `/lib*` into `/usr` makes the
/// two the same place.
pub(super) fn merged(path: &[u8]) -> &[u8] {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let Some(rest) = path.strip_prefix(b"usr/") else { return path };
    let first = rest.split(|byte| *byte == b'/').next().unwrap_or_default();
    if matches!(first, b"bin" | b"sbin") || first.starts_with(b"lib") && first != b"libexec" { rest } else { path }
}

fn digest_of(algorithm: Algorithm, bytes: &[u8]) -> Start {
    let mut start = Start::default();
    let full = match algorithm {
        Algorithm::Md5 => return Md5::digest(bytes).into(),
        Algorithm::Sha256 => digest::digest(&digest::SHA256, bytes),
        Algorithm::Sha512 => digest::digest(&digest::SHA512, bytes),
    };
    for (to, from) in start.iter_mut().zip(full.as_ref()) {
        *to = *from;
    }
    start
}

fn start_of_hex(hex: &[u8]) -> Option<Start> {
    let mut start = Start::default();
    let (pairs, _) = hex.as_chunks::<2>();
    if pairs.len() < start.len() {
        return None;
    }
    for (byte, [high, low]) in start.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(start)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC_MD5: &[u8] = b"900150983cd24fb0d6963f7d28e17f72";
    const ABC_SHA256: &[u8] = b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn owner(digests: &Digests, path: &str, bytes: &[u8]) -> Option<usize> {
        digests.owner(Path::new(path), bytes)
    }

    #[test]
    fn finds_the_owner_by_path_and_content() {
        let mut digests = Digests::default();
        digests.add(b"usr/share/a", Algorithm::Md5, ABC_MD5, 7);
        digests.add(b"/etc/b", Algorithm::Sha256, ABC_SHA256, 8);
        let digests = digests.sorted();
        assert_eq!(owner(&digests, "/usr/share/a", b"abc"), Some(7));
        assert_eq!(owner(&digests, "/etc/b", b"abc"), Some(8));
        assert_eq!(owner(&digests, "/etc/b", b"abd"), None);
        assert_eq!(owner(&digests, "/etc/c", b"abc"), None);
    }

    #[test]
    fn both_sides_of_the_usr_merge_are_one_place() {
        let mut digests = Digests::default();
        digests.add(b"lib/systemd/x", Algorithm::Md5, ABC_MD5, 1);
        digests.add(b"usr/bin/y", Algorithm::Md5, ABC_MD5, 2);
        digests.add(b"usr/libexec/z", Algorithm::Md5, ABC_MD5, 3);
        let digests = digests.sorted();
        assert_eq!(owner(&digests, "/usr/lib/systemd/x", b"abc"), Some(1));
        assert_eq!(owner(&digests, "/bin/y", b"abc"), Some(2));
        assert_eq!(owner(&digests, "/libexec/z", b"abc"), None);
    }

    #[test]
    fn every_claim_to_one_path_is_tried() {
        let mut digests = Digests::default();
        digests.add(b"a", Algorithm::Md5, b"00000000000000000000000000000000", 1);
        digests.add(b"a", Algorithm::Sha256, ABC_SHA256, 2);
        assert_eq!(owner(&digests.sorted(), "/a", b"abc"), Some(2));
    }

    #[test]
    fn what_is_no_digest_is_left_out() {
        let mut digests = Digests::default();
        digests.add(b"a", Algorithm::Md5, b"", 1);
        digests.add(b"a", Algorithm::Md5, b"900150983cd24fb0d6963f7d28e17fzz", 1);
        assert!(digests.files.is_empty());
    }
}
