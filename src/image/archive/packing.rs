//! The ways files are compressed, told apart by their first bytes.

use std::io::{self, BufRead, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::{LzmaReader, XzReader};
use ruzstd::decoding::StreamingDecoder;

use super::lz4::Legacy;
use super::{Stop, damaged, skip};

/// The most memory the window of a decoder may take: 32 MiB, what `xz -8` and `zstd --ultra -20` need.
const WINDOW_LIMIT: u32 = 32 << 20;

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// xz (The .xz File Format).
    Xz,
    /// bzip2.
    Bzip2,
    /// An LZ4 frame (LZ4 Frame Format Description).
    Lz4,
    /// LZ4 as the Linux kernel reads it.
    Lz4Legacy,
    /// What `xz --format=lzma` writes.
    Lzma,
}

impl Packing {
    /// How a file is compressed that begins with `head`.
    pub fn of(head: &[u8]) -> Option<Self> {
        Some(match head {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Self::Bzip2,
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Lz4,
            [0x02, 0x21, 0x4c, 0x18, ..] => Self::Lz4Legacy,
            _ if is_lzma(head) => Self::Lzma,
            _ => return None,
        })
    }
}

/// The format has no magic: the properties everybody uses, a dictionary of 2^n or 2^n + 2^(n-1) bytes, a size that is
/// unknown or below 256 GiB (xz(1), "The .lzma Format").
fn is_lzma(head: &[u8]) -> bool {
    let Some((&[0x5d, a, b, c, d], rest)) = head.split_first_chunk() else { return false };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let size = rest.first_chunk().map_or(0, |size| u64::from_le_bytes(*size));
    let is_usual = dictionary.is_power_of_two() || dictionary.count_ones() == 2 && dictionary & dictionary << 1 != 0;
    dictionary >= 4096 && is_usual && (size == u64::MAX || size < 256 << 30)
}

/// A source of which six bytes can be looked at before they are read.
pub(super) struct Ahead<R> {
    inner: R,
    magic: [u8; 6],
    from: usize,
}

impl<R: BufRead> Ahead<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, magic: [0; 6], from: 6 }
    }

    /// What the bytes are read from; those that were looked at and not read are lost.
    pub(super) fn into_inner(self) -> R {
        self.inner
    }

    /// Passes over zeros, which fill the space between two streams, and looks at what follows; `None` at the end.
    pub(super) fn magic(&mut self) -> io::Result<Option<[u8; 6]>> {
        let mut magic = [0; 6];
        let [first, rest @ ..] = &mut magic;
        while *first == 0 {
            if self.read(std::slice::from_mut(first))? == 0 {
                return Ok(None);
            }
        }
        self.read_exact(rest)?;
        (self.magic, self.from) = (magic, 0);
        Ok(Some(magic))
    }
}

impl<R: BufRead> Read for Ahead<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.magic.get(self.from..) {
            Some(mut ahead) if !ahead.is_empty() => {
                let read = ahead.read(buffer)?;
                self.from += read;
                Ok(read)
            }
            _ => self.inner.read(buffer),
        }
    }
}

impl<R: BufRead> BufRead for Ahead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.magic.get(self.from..) {
            Some(ahead) if !ahead.is_empty() => Ok(ahead),
            _ => self.inner.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        if self.from < self.magic.len() {
            self.from += amount;
        } else {
            self.inner.consume(amount);
        }
    }
}

/// One compressed stream. No more is taken of the source than belongs to it, but by [`Decoder::Lzma`].
enum Decoder<R: BufRead> {
    Gzip(GzDecoder<R>),
    Zstd(Box<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>),
    Xz(Box<XzReader<R>>),
    Bzip2(BzDecoder<R>),
    Lz4(FrameDecoder<R>),
    Lz4Legacy(Legacy<R>),
    Lzma(Box<LzmaReader<R>>),
}

impl<R: BufRead> Decoder<R> {
    fn new(packing: Packing, source: R) -> io::Result<Self> {
        Ok(match packing {
            Packing::Gzip => Self::Gzip(GzDecoder::new(source)),
            Packing::Zstd => {
                let decoder = StreamingDecoder::new_with_max_window_size(source, WINDOW_LIMIT.into());
                Self::Zstd(Box::new(decoder.map_err(|error| match error {
                    ruzstd::decoding::errors::FrameDecoderError::WindowSizeTooBig { .. } => Stop::Memory.into(),
                    _ => damaged(),
                })?))
            }
            // The reader's own needs come on top of the window.
            Packing::Xz => Self::Xz(Box::new(XzReader::new_mem_limit(source, false, (WINDOW_LIMIT >> 10) + 1024))),
            Packing::Bzip2 => Self::Bzip2(BzDecoder::new(source)),
            Packing::Lz4 => Self::Lz4(FrameDecoder::new(source)),
            Packing::Lz4Legacy => Self::Lz4Legacy(Legacy::new(source)?),
            Packing::Lzma => {
                Self::Lzma(Box::new(LzmaReader::new_mem_limit(source, (WINDOW_LIMIT >> 10) + 1024, None)?))
            }
        })
    }

    fn into_inner(self) -> R {
        match self {
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.into_inner(),
            Self::Xz(decoder) => decoder.into_inner(),
            Self::Bzip2(decoder) => decoder.into_inner(),
            Self::Lz4(decoder) => decoder.into_inner(),
            Self::Lz4Legacy(decoder) => decoder.into_inner(),
            Self::Lzma(decoder) => decoder.into_inner(),
        }
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
            Self::Xz(decoder) => decoder.read(buffer),
            Self::Bzip2(decoder) => decoder.read(buffer),
            Self::Lz4(decoder) => decoder.read(buffer),
            Self::Lz4Legacy(decoder) => decoder.read(buffer),
            Self::Lzma(decoder) => decoder.read(buffer),
        }
    }
}

/// What compressed streams, one after another, unpack to; ends where something else follows.
pub(super) struct Unpacked<'s, R: BufRead> {
    /// Between two streams; in one, its decoder has the source.
    source: Option<&'s mut Ahead<R>>,
    decoder: Option<Decoder<&'s mut Ahead<R>>>,
}

impl<'s, R: BufRead> Unpacked<'s, R> {
    pub(super) fn new(source: &'s mut Ahead<R>) -> Self {
        Self { source: Some(source), decoder: None }
    }

    /// Begins the next stream; `false` when there is none.
    fn next(&mut self) -> io::Result<bool> {
        while let Some(source) = self.source.take() {
            // What follows the last stream and is too short for another is none.
            let magic = match source.magic() {
                Ok(Some(magic)) => magic,
                Ok(None) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                Err(error) => return Err(error),
            };
            if matches!(magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]) {
                let mut header = [0; 8];
                source.read_exact(&mut header)?;
                let [.., a, b, c, d] = header;
                skip(source, u32::from_le_bytes([a, b, c, d]).into())?;
                self.source = Some(source);
                continue;
            }
            let Some(packing) = Packing::of(&magic) else { return Ok(false) };
            self.decoder = Some(Decoder::new(packing, source)?);
            return Ok(true);
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Unpacked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(decoder) = &mut self.decoder {
                match decoder.read(buffer) {
                    Ok(0) => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    read => return read,
                }
                self.source = self.decoder.take().map(Decoder::into_inner);
            }
            if !self.next()? {
                return Ok(0);
            }
        }
    }
}
