//! The ways an initramfs is packed, told apart by their first bytes (Linux, `lib/decompress.c`).

use std::io::{self, BufRead, Cursor, Read};

use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;

/// The most memory a decoder may ask for: 32 MiB. Kernels allow 8 MiB windows, and mkinitramfs uses less.
const MEMORY_LIMIT: u32 = 32 << 20;

/// What `magic` and what follows in `source` unpack to. No more is taken of `source` than belongs to it.
pub(super) fn reader<'a>(magic: [u8; 6], source: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let packed = Cursor::new(magic).chain(source);
    Ok(match magic {
        [0x1f, 0x8b, ..] => Box::new(GzDecoder::new(packed)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(
            StreamingDecoder::new_with_max_window_size(packed, MEMORY_LIMIT.into())
                .map_err(|error| io::Error::other(error.to_string()))?,
        ),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Box::new(XzReader::new_mem_limit(packed, false, MEMORY_LIMIT >> 10)),
        [0x02, 0x21, 0x4c, 0x18, ..] => Box::new(Lz4::new(packed)?),
        [b'B', b'Z', b'h', ..] => return Err(unknown("bzip2")),
        [0x5d, 0, 0, ..] => return Err(unknown("lzma")),
        [0x89, b'L', b'Z', b'O', ..] => return Err(unknown("lzop")),
        _ => return Err(io::Error::other("it is neither a cpio archive nor packed in a known way")),
    })
}

fn unknown(packing: &str) -> io::Error {
    io::Error::other(format!("it is packed with {packing}, which is not unpacked here"))
}

/// Reads no more than a limit, and fails where there is more.
pub(super) struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Limited<R> {
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Self { inner, left: limit }
    }

    /// How much may still be read.
    pub(super) fn left(&self) -> u64 {
        self.left
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("it unpacks to more than 2 GiB"));
        }
        let length = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.inner.read(buffer.get_mut(..length).unwrap_or_default())?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// The legacy form of LZ4, which the kernel reads: blocks of at most 8 MiB, each with its packed length in front
/// (`lz4(1)`, `-l`; LZ4 frame format description, "Legacy frame").
struct Lz4<R> {
    packed: R,
    block: Cursor<Vec<u8>>,
}

/// What a block unpacks to at most, and what it takes packed at worst.
const LZ4_BLOCK: usize = 8 << 20;
const LZ4_PACKED: usize = LZ4_BLOCK + LZ4_BLOCK / 255 + 16;

impl<R: Read> Lz4<R> {
    fn new(mut packed: R) -> io::Result<Self> {
        packed.read_exact(&mut [0; 4])?;
        Ok(Self { packed, block: Cursor::new(Vec::new()) })
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
        if length > LZ4_PACKED {
            return Err(io::Error::other("a block of its LZ4 stream is too long"));
        }
        let mut packed = Vec::new();
        (&mut self.packed).take(length as u64).read_to_end(&mut packed)?;
        if packed.len() != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut block = std::mem::take(self.block.get_mut());
        block.resize(LZ4_BLOCK, 0);
        let length = lz4_flex::block::decompress_into(&packed, &mut block)
            .map_err(|_| io::Error::other("a block of its LZ4 stream is damaged"))?;
        block.truncate(length);
        self.block = Cursor::new(block);
        Ok(length > 0)
    }
}

impl<R: Read> Read for Lz4<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let read = self.block.read(buffer)?;
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
    fn a_million_beginnings_of_lz4_frames_do_not_overflow_the_stack() {
        let frames = [0x02, 0x21, 0x4c, 0x18].repeat(1_000_000);
        assert!(!Lz4::new(frames.as_slice()).unwrap().next().unwrap());
    }
}
