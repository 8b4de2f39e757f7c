//! One package's header as the database stores it (rpm's `docs/manual/hregions.md` and `format_header.md`): two counts,
//! an index of sixteen-byte entries, and the data they point into. All numbers have the most significant byte first.

use super::super::digests::Algorithm;
use super::super::{Digests, Package};
use super::source::be32;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const VENDOR: u32 = 1011;
const ARCH: u32 = 1022;
const FILE_DIGESTS: u32 = 1035;
const DIR_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIR_NAMES: u32 = 1118;
const DIGEST_ALGORITHM: u32 = 5011;

const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// `PATH_MAX` of Linux.
const LONGEST_PATH: usize = 4096;

/// A header whose counts fit its size.
pub(super) struct Header<'a> {
    index: &'a [[u8; 16]],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    /// `None` when the counts do not fit.
    pub(super) fn parse(blob: &'a [u8]) -> Option<Self> {
        let entries = be32(blob, 0)? as usize;
        let length = be32(blob, 4)? as usize;
        let (index, data) = blob.get(8..)?.split_at_checked(entries.checked_mul(16)?)?;
        let (index, _) = index.as_chunks();
        Some(Self { index, data: data.get(..length)? })
    }

    /// The package it describes; `None` without a name.
    pub(super) fn package(&self) -> Option<Package> {
        let text = |tag| self.string(tag).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let mut version = format!("{}-{}", text(VERSION)?, text(RELEASE)?);
        if let Some(epoch) = self.numbers(EPOCH).next() {
            version = format!("{epoch}:{version}");
        }
        Some(Package {
            name: text(NAME).filter(|name| !name.is_empty())?,
            version,
            arch: text(ARCH).unwrap_or_default(),
            vendor: text(VENDOR).unwrap_or_default(),
        })
    }

    /// Adds the digests of its files as those of the package at `index`.
    pub(super) fn add_digests(&self, digests: &mut Digests, index: usize) {
        // PGP's numbers of hash methods (RFC 9580, 9.5); without the tag it is MD5.
        let algorithm = match self.numbers(DIGEST_ALGORITHM).next() {
            None | Some(1) => Algorithm::Md5,
            Some(8) => Algorithm::Sha256,
            Some(10) => Algorithm::Sha512,
            Some(_) => return,
        };
        let directories: Vec<&[u8]> = self.strings(DIR_NAMES).collect();
        let files = self.numbers(DIR_INDEXES).zip(self.strings(BASE_NAMES)).zip(self.strings(FILE_DIGESTS));
        let mut path = Vec::new();
        for ((directory, name), hex) in files {
            let Some(directory) = directories.get(directory as usize) else { continue };
            if hex.is_empty() || directory.len() + name.len() > LONGEST_PATH {
                continue;
            }
            path.clear();
            path.extend_from_slice(directory);
            path.extend_from_slice(name);
            digests.add(&path, algorithm, hex, index);
        }
    }

    /// Type, data and count of `tag`.
    fn entry(&self, tag: u32) -> Option<(u32, &'a [u8], usize)> {
        let entry = self.index.iter().find(|entry| be32(&entry[..], 0) == Some(tag))?;
        let data = self.data.get(be32(entry, 8)? as usize..)?;
        Some((be32(entry, 4)?, data, be32(entry, 12)? as usize))
    }

    fn string(&self, tag: u32) -> Option<&'a [u8]> {
        let (kind, data, _) = self.entry(tag)?;
        matches!(kind, STRING | STRING_ARRAY | I18N_STRING).then(|| data.split(|byte| *byte == 0).next()).flatten()
    }

    fn strings(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> {
        let entry = self.entry(tag).filter(|(kind, ..)| *kind == STRING_ARRAY);
        let (data, count) = entry.map_or((&[][..], 0), |(_, data, count)| (data, count));
        data.split(|byte| *byte == 0).take(count)
    }

    fn numbers(&self, tag: u32) -> impl Iterator<Item = u32> {
        let entry = self.entry(tag).filter(|(kind, ..)| *kind == INT32);
        let (data, count) = entry.map_or((&[][..], 0), |(_, data, count)| (data, count));
        let (numbers, _) = data.as_chunks();
        numbers.iter().map(|number| u32::from_be_bytes(*number)).take(count)
    }
}
