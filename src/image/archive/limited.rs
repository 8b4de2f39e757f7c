//! A reader that hands over so much and no more.

use std::io::{self, Read};

use super::Stop;

/// Reads no more than a limit, and fails where there is more.
pub(super) struct Limited<'r> {
    inner: &'r mut dyn Read,
    limit: u64,
    left: u64,
}

impl<'r> Limited<'r> {
    pub(super) fn new(inner: &'r mut dyn Read, limit: u64) -> Self {
        Self { inner, limit, left: limit }
    }

    /// How much may still be read.
    pub(super) fn left(&self) -> u64 {
        self.left
    }
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // At the limit it still may end.
        let length = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX).max(1));
        let read = self.inner.read(buffer.get_mut(..length).unwrap_or_default())?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return Err(Stop::Expanded(self.limit).into()),
        }
        Ok(read)
    }
}
