//! Writing files with holes: what takes no room where it came from takes none where it goes.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write};

/// Writes to a file and leaves a hole where a whole piece is zero. The end must be set afterwards: a hole there writes
/// nothing.
pub(crate) struct Holes<'a>(pub(crate) &'a File);

/// The least that is worth a hole: the block of most file systems.
const BLOCK: usize = 4096;

impl Write for Holes<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() >= BLOCK && bytes.iter().all(|byte| *byte == 0) {
            let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
            self.0.seek(SeekFrom::Current(length))?;
            return Ok(bytes.len());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
