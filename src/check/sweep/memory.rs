//! Files that are memory of a program or of the machine: core dumps and swap. They are told by their first bytes and not read:
//! whatever was in memory is in them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::Kind;
use super::scan::Secret;
use crate::catalogue::{Catalogue, Check};
use crate::check::own::swap;
use crate::check::places::Excused;
use crate::image::{Error, Image};

/// What memory a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Memory {
    /// That of a program or a kernel that crashed.
    Core,
    /// Pages that were swapped out; they begin at this place.
    Swap(u64),
}

impl Memory {
    /// What the file that begins with `head` is a copy of: an ELF core file (elf(5), `ET_CORE`), a kernel dump of
    /// makedumpfile(8), a swap area (mkswap(8)) or one that the machine hibernated to (the kernel's `kernel/power/swap.c`).
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let is_core = match head {
            [0x7f, b'E', b'L', b'F', _, 1, ..] => head.get(16..18) == Some(&[4, 0]),
            [0x7f, b'E', b'L', b'F', _, 2, ..] => head.get(16..18) == Some(&[0, 4]),
            _ => head.starts_with(b"KDUMP   ") || head.starts_with(b"DISKDUMP"),
        };
        if is_core {
            return Some(Self::Core);
        }
        let page = (12..=16).map(|bits| 1 << bits).find(|&page: &usize| {
            matches!(head.get(page - 10..page), Some(b"SWAPSPACE2" | b"SWAP-SPACE" | b"S1SUSPEND\0"))
        })?;
        Some(Self::Swap(page as u64))
    }

    /// What it is, as a phrase.
    pub fn what(self) -> &'static str {
        match self {
            Self::Core => "a core dump",
            Self::Swap(_) => "swap",
        }
    }
}

/// Tells which of these files are hits: those that no guideline judges by their place (LOG-09, LOG-12).
pub(super) struct Judge<'i> {
    image: &'i Image,
    dumps: OnceLock<Option<Excused>>,
    swaps: OnceLock<Result<Vec<PathBuf>, Error>>,
}

impl<'i> Judge<'i> {
    pub(super) fn new(image: &'i Image) -> Self {
        Self { image, dumps: OnceLock::new(), swaps: OnceLock::new() }
    }

    /// The hit that the file at `path` is.
    ///
    /// # Errors
    /// When it cannot be told whether a swap file holds pages.
    pub(super) fn secret(&self, path: &Path, memory: Memory) -> Result<Option<Secret>, Error> {
        let (rule, text) = match memory {
            Memory::Core if self.is_cleaned_as_a_dump(path) => return Ok(None),
            Memory::Core => ("core-dump", "core dump: the memory of a program"),
            Memory::Swap(from)
                if self.swaps()?.iter().any(|swap| swap == path) || self.image.is_blank_from(path, from)? =>
            {
                return Ok(None);
            }
            Memory::Swap(_) => ("swap-file", "swap file: pages out of memory"),
        };
        Ok(Some(Secret { kind: Kind::Secret, rule, line: None, text: text.to_owned() }))
    }

    fn is_cleaned_as_a_dump(&self, path: &Path) -> bool {
        let places = || {
            let catalogue = Catalogue::built_in().ok()?;
            let guideline = catalogue.guidelines.into_iter().find(|guideline| guideline.id == "LOG-09")?;
            let Check::Absent(absent) = guideline.check else { return None };
            Excused::new(self.image, &absent.paths).ok()
        };
        self.dumps.get_or_init(places).as_ref().is_some_and(|places| places.has(path))
    }

    /// The swap files that LOG-12 fails for.
    fn swaps(&self) -> Result<&[PathBuf], Error> {
        let filled = || Ok(swap::filled(self.image)?.into_iter().map(|swap| swap.path).collect());
        self.swaps.get_or_init(filled).as_deref().map_err(Clone::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;
    use crate::image::walk::Control;

    fn core(class: u8, order: u8) -> Vec<u8> {
        let kind = if order == 1 { [4, 0] } else { [0, 4] };
        [&[0x7f, b'E', b'L', b'F', class, order, 1][..], &[0; 9], &kind, &[0; 100]].concat()
    }

    fn swap(page: usize, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; page];
        bytes[page - 10..].copy_from_slice(b"SWAPSPACE2");
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn copies_of_memory_are_told_by_their_head() {
        for bytes in [core(1, 1), core(2, 1), core(2, 2), b"KDUMP   ".to_vec()] {
            assert_eq!(Memory::of(&bytes), Some(Memory::Core));
        }
        for page in [4096, 65536] {
            assert_eq!(Memory::of(&swap(page, b"")), Some(Memory::Swap(page as u64)));
        }
        let mut program = core(2, 1);
        program[16] = 3;
        for bytes in [&program[..], b"", b"\x7fELF", &swap(4096, b"")[..4095], &swap(5000, b"")] {
            assert_eq!(Memory::of(bytes), None);
        }
    }

    #[test]
    fn they_are_hits_where_no_guideline_judges_them_by_their_place() {
        let fixture = Fixture::debian();
        let password = b"\npassword = hunter22\n";
        let core = [&core(2, 1)[..], password].concat();
        fixture.file("/opt/app/app.conf", &core).file("/var/crash/core.1", &core);
        fixture.file("/opt/spare.img", swap(4096, password)).file("/opt/fresh.img", swap(4096, &[0; 9000]));
        fixture.file("/swapfile", swap(4096, password));
        let sweep = super::super::sweep(&fixture.image(), &Control::new(), &|_| (), &|_| ());
        let hits: Vec<_> = sweep.hits.iter().map(|hit| (hit.path.to_str().unwrap(), hit.rule)).collect();
        assert_eq!(hits, [("/opt/app/app.conf", "core-dump"), ("/opt/spare.img", "swap-file")]);
        assert_eq!(sweep.memory.len(), 5);
        assert!(sweep.unread.is_empty(), "{:?}", sweep.unread);
    }
}
