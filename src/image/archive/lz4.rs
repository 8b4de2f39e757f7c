//! LZ4 in the legacy form, which the Linux kernel reads: blocks of at most 8 MiB, each with its packed length in front
//! (`lz4(1)`, `-l`; LZ4 frame format description, "Legacy frame").

use std::io::{self, Read};
use std::ops::Range;

use super::damaged;

/// What the blocks of a legacy frame unpack to.
pub(super) struct Legacy<R> {
    packed: R,
    /// Room for the largest block; made once, since a block of six bytes takes all of it to be safe.
    block: Vec<u8>,
    /// What of it is unpacked and not read yet.
    left: Range<usize>,
}

/// What a block unpacks to at most, and what it takes packed at worst.
const BLOCK: usize = 8 << 20;
const PACKED: usize = BLOCK + BLOCK / 255 + 16;

impl<R: Read> Legacy<R> {
    pub(super) fn new(mut packed: R) -> io::Result<Self> {
        packed.read_exact(&mut [0; 4])?;
        Ok(Self { packed, block: vec![0; BLOCK], left: 0..0 })
    }

    pub(super) fn into_inner(self) -> R {
        self.packed
    }

    /// Unpacks the next block; `false` at the end.
    fn next(&mut self) -> io::Result<bool> {
        let length = loop {
            let mut length = [0; 4];
            let [first, rest @ ..] = &mut length;
            if self.packed.read(std::slice::from_mut(first))? == 0 {
                return Ok(false);
            }
            self.packed.read_exact(rest)?;
            match u32::from_le_bytes(length) {
                // Zeros fill the file up; another frame begins with the magic again.
                0 => return Ok(false),
                0x184c_2102 => {}
                length => break length as usize,
            }
        };
        if length > PACKED {
            return Err(damaged());
        }
        let mut packed = Vec::new();
        (&mut self.packed).take(length as u64).read_to_end(&mut packed)?;
        if packed.len() != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let length = lz4_flex::block::decompress_into(&packed, &mut self.block).map_err(|_| damaged())?;
        self.left = 0..length;
        Ok(length > 0)
    }
}

impl<R: Read> Read for Legacy<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let read = self.block.get(self.left.clone()).unwrap_or_default().read(buffer)?;
            self.left.start += read;
            if read > 0 || !self.next()? {
                return Ok(read);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_beginnings_of_frames_do_not_overflow_the_stack() {
        let frames = [0x02, 0x21, 0x4c, 0x18].repeat(1_000_000);
        assert!(!Legacy::new(frames.as_slice()).unwrap().next().unwrap());
    }
}
