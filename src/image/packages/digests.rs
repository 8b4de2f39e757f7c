//! Path and digest of every file that packages ship, small enough to hold for a whole machine.

use std::hash::{BuildHasher, RandomState};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use md5::{Digest as _, Md5};
use ring::digest;

/// The most files remembered; beyond it a file counts as not shipped. Twenty-eight bytes each.
const MOST_FILES: usize = 2_000_000;

/// How a digest was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha256,
    Sha512,
}

/// The first sixteen bytes of a digest: all of an MD5, and of the others more than anybody can forge.
pub(super) type Start = [u8; 16];

/// The keyed hash of a path, as bytes: nothing is lost to alignment.
type Key = [u8; 8];

#[derive(Debug, Clone)]
struct Shipped {
    path: Key,
    digest: Start,
    /// The package's index, and above it the algorithm.
    package: u32,
}

/// Where the algorithm begins in [`Shipped::package`].
const ALGORITHM: u32 = 30;

impl Shipped {
    fn algorithm(&self) -> Algorithm {
        match self.package >> ALGORITHM {
            0 => Algorithm::Md5,
            1 => Algorithm::Sha256,
            _ => Algorithm::Sha512,
        }
    }
}

/// Hands the content of one file over, piece by piece, from its beginning.
pub type Content<'a> = &'a mut dyn FnMut(&mut dyn FnMut(&[u8])) -> Result<(), super::Error>;

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
        if let Some(digest) = start_of_hex(hex) {
            self.add_start(path, algorithm, digest, package);
        }
    }

    /// As [`Digests::add`] with the start of the digest itself.
    pub(super) fn add_start(&mut self, path: &[u8], algorithm: Algorithm, digest: Start, package: usize) {
        let Some(package) = u32::try_from(package).ok().filter(|package| package >> ALGORITHM == 0) else { return };
        if self.files.len() < MOST_FILES {
            let package = package | (algorithm as u32) << ALGORITHM;
            self.files.push(Shipped { path: self.key(path), digest, package });
        }
    }

    /// Sorts what was added; to be called once, before the first [`Digests::owner`].
    pub(super) fn sorted(mut self) -> Self {
        self.files.sort_unstable_by_key(|file| file.path);
        self.files.dedup_by(|one, other| (one.path, one.digest) == (other.path, other.digest));
        self.files.shrink_to_fit();
        self
    }

    /// Forgets what was added after the first `length`, before anything is sorted.
    pub(super) fn truncate(&mut self, length: usize) {
        self.files.truncate(length);
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// The index of the package that ships `path` with what `content` hands over, which is not asked when none ships
    /// `path`.
    ///
    /// # Errors
    /// Those of `content`.
    pub(super) fn owner(&self, path: &Path, content: Content<'_>) -> Result<Option<usize>, super::Error> {
        let mut last: Option<(Algorithm, Start)> = None;
        for file in self.claims(path) {
            let digest = match last {
                Some((algorithm, digest)) if algorithm == file.algorithm() => digest,
                _ => digest_of(file.algorithm(), content)?,
            };
            if digest == file.digest {
                return Ok(usize::try_from(file.package & !(u32::MAX << ALGORITHM)).ok());
            }
            last = Some((file.algorithm(), digest));
        }
        Ok(None)
    }

    /// Whether a package ships `path`, with whatever content.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.claims(path).next().is_some()
    }

    /// What packages say of `path`.
    fn claims(&self, path: &Path) -> impl Iterator<Item = &Shipped> {
        let key = self.key(path.as_os_str().as_bytes());
        let first = self.files.partition_point(|file| file.path < key);
        self.files.get(first..).unwrap_or_default().iter().take_while(move |file| file.path == key)
    }

    fn key(&self, path: &[u8]) -> Key {
        self.hasher.hash_one(merged(path)).to_be_bytes()
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

/// The start of the SHA-256 of what `content` hands over.
pub(super) fn sha256(content: Content<'_>) -> Result<Start, super::Error> {
    digest_of(Algorithm::Sha256, content)
}

fn digest_of(algorithm: Algorithm, content: Content<'_>) -> Result<Start, super::Error> {
    let mut hash = match algorithm {
        Algorithm::Md5 => {
            let mut hash = Md5::new();
            content(&mut |piece| hash.update(piece))?;
            return Ok(hash.finalize().into());
        }
        Algorithm::Sha256 => digest::Context::new(&digest::SHA256),
        Algorithm::Sha512 => digest::Context::new(&digest::SHA512),
    };
    content(&mut |piece| hash.update(piece))?;
    Ok(hash.finish().as_ref().first_chunk().copied().unwrap_or_default())
}

pub(super) fn start_of_hex(hex: &[u8]) -> Option<Start> {
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
        let mut content = |sink: &mut dyn FnMut(&[u8])| {
            sink(bytes);
            Ok(())
        };
        digests.owner(Path::new(path), &mut content).unwrap()
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
