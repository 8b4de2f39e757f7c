//! The ways files are compressed, told apart by their first bytes.

use std::io::{self, BufRead, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::{LzmaReader, XzReader};
use ruzstd::decoding::StreamingDecoder;

use super::lz4::Legacy;
use super::memory::{Held, MEMORY, hold};
use super::{Stop, damaged, skip};

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

/// A source whose next bytes can be looked at before they are read.
pub(super) struct Ahead<'a> {
    inner: &'a mut dyn BufRead,
    seen: Vec<u8>,
    /// How many of those have been read.
    read: usize,
}

impl<'a> Ahead<'a> {
    pub(super) fn new(inner: &'a mut dyn BufRead) -> Self {
        Self { inner, seen: Vec::new(), read: 0 }
    }

    /// The next `length` bytes, or as many as there are.
    fn peek(&mut self, length: usize) -> io::Result<&[u8]> {
        self.seen.drain(..self.read.min(self.seen.len()));
        self.read = 0;
        let more = length.saturating_sub(self.seen.len()) as u64;
        (&mut self.inner).take(more).read_to_end(&mut self.seen)?;
        Ok(&self.seen)
    }

    /// Passes over zeros, which fill the space between two streams, and looks at what follows; `None` at the end.
    pub(super) fn magic(&mut self) -> io::Result<Option<[u8; 6]>> {
        loop {
            match self.peek(6)? {
                [] => return Ok(None),
                [0, 0, 0, 0, 0, 0, ..] => {
                    let seen = self.seen.len();
                    self.consume(seen);
                    self.pass_zeros()?;
                }
                [0, ..] => self.consume(1),
                seen => return seen.first_chunk().copied().map(Some).ok_or(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}

impl Ahead<'_> {
    /// Passes over the zeros that come next in the source, a buffer at a time.
    fn pass_zeros(&mut self) -> io::Result<()> {
        loop {
            let next = self.inner.fill_buf()?;
            let zeros = next.iter().take_while(|byte| **byte == 0).count();
            let is_over = next.is_empty() || zeros < next.len();
            self.inner.consume(zeros);
            if is_over {
                return Ok(());
            }
        }
    }
}

impl Read for Ahead<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.seen.get(self.read..) {
            Some(mut seen) if !seen.is_empty() => {
                let read = seen.read(buffer)?;
                self.read += read;
                Ok(read)
            }
            _ => self.inner.read(buffer),
        }
    }
}

impl BufRead for Ahead<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.seen.get(self.read..) {
            Some(seen) if !seen.is_empty() => Ok(seen),
            _ => self.inner.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        if self.read < self.seen.len() {
            self.read += amount;
        } else {
            self.inner.consume(amount);
        }
    }
}

/// How many bytes of a stream tell what its decoder needs.
const HEADER: usize = 48;

/// The largest window that is read at all: 64 MiB, what `xz -9` asks for however little it packs.
const WINDOW_LIMIT: u64 = 64 << 20;

/// How much memory the window takes that a stream of `packing` beginning with `head` needs.
fn window(packing: Packing, head: &[u8]) -> u64 {
    match packing {
        Packing::Gzip => 0,
        Packing::Bzip2 => 4 << 20,
        // A block as it is packed, and two of them unpacked.
        Packing::Lz4 => 12 << 20,
        Packing::Lz4Legacy => 16 << 20,
        Packing::Lzma => match head {
            [_, a, b, c, d, ..] => u32::from_le_bytes([*a, *b, *c, *d]).into(),
            _ => 0,
        },
        Packing::Xz => xz_window(head).unwrap_or_default(),
        Packing::Zstd => zstd_window(head).unwrap_or_default(),
    }
}

/// What the first block's filter says of its dictionary (The .xz File Format, 3.1 and 5.3.1).
fn xz_window(head: &[u8]) -> Option<u64> {
    let (&flags, mut rest) = head.get(13..)?.split_first()?;
    for _ in 0..(flags & 0xc0).count_ones() {
        rest = number(rest)?.1;
    }
    for _ in 0..=flags & 3 {
        let (filter, after) = number(rest)?;
        let (length, properties) = number(after)?;
        if filter == 0x21 {
            let bits = u64::from(*properties.first()?);
            return Some((2 | bits & 1) << (bits / 2 + 11).min(32));
        }
        rest = properties.get(usize::try_from(length).ok()?..)?;
    }
    None
}

/// A number of seven bits a byte, the low ones first, and what follows it.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(9).position(|byte| byte & 0x80 == 0)? + 1;
    let (digits, rest) = bytes.split_at_checked(length)?;
    Some((digits.iter().rev().fold(0, |number, digit| number << 7 | u64::from(digit & 0x7f)), rest))
}

/// What a frame's header says of its window (RFC 8878, 3.1.1.1).
fn zstd_window(head: &[u8]) -> Option<u64> {
    let (&descriptor, rest) = head.get(4..)?.split_first()?;
    if descriptor & 0x20 == 0 {
        let window = u64::from(*rest.first()?);
        let base = 1_u64 << (10 + (window >> 3));
        return Some(base + base / 8 * (window & 7));
    }
    // The whole content is the window; its size stands behind the dictionary's id.
    let id = [0, 1, 2, 4].get(usize::from(descriptor & 3)).copied()?;
    let size = rest.get(id..)?;
    Some(match descriptor >> 6 {
        0 => u64::from(*size.first()?),
        1 => u64::from(u16::from_le_bytes(*size.first_chunk()?)) + 256,
        2 => u32::from_le_bytes(*size.first_chunk()?).into(),
        _ => u64::from_le_bytes(*size.first_chunk()?),
    })
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
    /// A decoder whose window takes at most `window` bytes.
    fn new(packing: Packing, source: R, window: u64) -> io::Result<Self> {
        // The reader's own needs come on top of the window.
        let kibibytes = u32::try_from(window >> 10).unwrap_or(u32::MAX).saturating_add(1024);
        Ok(match packing {
            Packing::Gzip => Self::Gzip(GzDecoder::new(source)),
            Packing::Zstd => {
                let decoder = StreamingDecoder::new_with_max_window_size(source, window);
                Self::Zstd(Box::new(decoder.map_err(|error| match error {
                    ruzstd::decoding::errors::FrameDecoderError::WindowSizeTooBig { .. } => Stop::Memory.into(),
                    _ => damaged(),
                })?))
            }
            Packing::Xz => Self::Xz(Box::new(XzReader::new_mem_limit(source, false, kibibytes))),
            Packing::Bzip2 => Self::Bzip2(BzDecoder::new(source)),
            Packing::Lz4 => Self::Lz4(FrameDecoder::new(source)),
            Packing::Lz4Legacy => Self::Lz4Legacy(Legacy::new(source)?),
            Packing::Lzma => Self::Lzma(Box::new(LzmaReader::new_mem_limit(source, kibibytes, None)?)),
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
pub(super) struct Unpacked<'s, 'a> {
    /// Between two streams; in one, its decoder has the source.
    source: Option<&'s mut Ahead<'a>>,
    decoder: Option<Decoder<&'s mut Ahead<'a>>>,
    /// What the decoder may take.
    held: Option<Held>,
    /// How much the stream may unpack to when its window is larger than that: a window holds no more than was unpacked.
    left: u64,
}

impl<'s, 'a> Unpacked<'s, 'a> {
    pub(super) fn new(source: &'s mut Ahead<'a>) -> Self {
        Self { source: Some(source), decoder: None, held: None, left: u64::MAX }
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
            let window = window(packing, source.peek(HEADER)?);
            if window > WINDOW_LIMIT {
                return Err(Stop::Memory.into());
            }
            self.held = Some(hold(window.min(MEMORY))?);
            self.left = if window > MEMORY { MEMORY } else { u64::MAX };
            self.decoder = Some(Decoder::new(packing, source, window)?);
            return Ok(true);
        }
        Ok(false)
    }
}

impl Read for Unpacked<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(decoder) = &mut self.decoder {
                match decoder.read(buffer) {
                    Ok(0) => {}
                    Ok(read) => {
                        self.left = self.left.checked_sub(read as u64).ok_or(Stop::Expanded(MEMORY))?;
                        return Ok(read);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    failed => return failed,
                }
                self.held = None;
                self.source = self.decoder.take().map(Decoder::into_inner);
            }
            if !self.next()? {
                return Ok(0);
            }
        }
    }
}
