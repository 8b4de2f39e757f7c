//! A database file read piece by piece, within limits.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// The largest header that is read, in bytes; that of a package with tens of thousands of files has a few MiB.
pub(super) const LARGEST_HEADER: usize = 32 << 20;

/// The largest database that is read, in bytes; what is larger (or claims to be, full of holes) is none.
const LARGEST_DATABASE: u64 = 4 << 30;

/// What to do with each package's header; it may stop the walk with a reason.
pub(super) type Visit<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), String>;

/// An open database file.
pub(super) struct Source<'a> {
    file: &'a File,
    size: u64,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a File) -> Result<Self, String> {
        let size = file.metadata().map_err(|error| error.to_string())?.len();
        if size > LARGEST_DATABASE {
            return Err(format!("it is larger than {LARGEST_DATABASE} bytes"));
        }
        Ok(Self { file, size })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Exactly `length` bytes from `offset`.
    pub(super) fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>, String> {
        if offset.checked_add(length as u64).is_none_or(|end| end > self.size) {
            return Err("the database is cut short".to_owned());
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, offset).map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}

/// Which pages were gone through, so that no page is twice.
pub(super) struct Seen(Vec<u64>);

impl Seen {
    pub(super) fn new(pages: u32) -> Self {
        Self(vec![0; pages as usize / 64 + 1])
    }

    /// Marks `page`.
    ///
    /// # Errors
    /// When it was marked before, or there is no such page.
    pub(super) fn mark(&mut self, page: u32) -> Result<(), String> {
        let word = self.0.get_mut(page as usize / 64).ok_or("a page number leads out of the database")?;
        let bit = 1 << (page % 64);
        if *word & bit != 0 {
            return Err("its pages lead in a circle".to_owned());
        }
        *word |= bit;
        Ok(())
    }
}

/// Sixteen bits at `at`, most significant byte first.
pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_be_bytes(*chunk))
}

/// Thirty-two bits at `at`, most significant byte first.
pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk))
}

/// Thirty-two bits at `at`, least significant byte first.
pub(super) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}
