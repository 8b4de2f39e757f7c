//! tar archives: old, ustar, pax and GNU (tar(5); POSIX.1-2017, pax, "ustar Interchange Format").
//!
//! Of a sparse file what is stored is handed over, without its holes.

use std::io::{self, Read};

use super::{HEAD, MEMBER_LIMIT, Member, NAME_LIMIT, Stop, Visit, bytes, damaged, fill, path, skip};

/// Headers and contents fill whole blocks.
const BLOCK: u64 = 512;

/// The most that the extended headers of one member may take: 1 MiB.
const EXTENDED_LIMIT: u64 = 1 << 20;

/// Whether an archive begins with `head`: its first block names something and adds up.
pub(super) fn is_tar(head: &[u8]) -> bool {
    head.first_chunk::<HEAD>().is_some_and(|header| header.first() != Some(&0) && adds_up(header))
}

/// Whether the sum of the header's bytes is what it says, with spaces in the place of the sum.
fn adds_up(header: &[u8; HEAD]) -> bool {
    let Some(said) = header.get(148..156).and_then(octal) else { return false };
    let sum = |bytes: Option<&[u8]>| bytes.unwrap_or_default().iter().map(|&byte| u64::from(byte)).sum::<u64>();
    said == sum(header.get(..148)) + sum(header.get(156..)) + 8 * u64::from(b' ')
}

/// What is said of the next member in headers of its own.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

/// Reads archives one after another up to the end of `source`.
pub(super) fn members(source: &mut dyn Read, visit: Visit<'_>) -> io::Result<()> {
    let mut extended = Extended::default();
    let mut header = [0; HEAD];
    for _ in 0..MEMBER_LIMIT {
        // Two blocks of zeros end an archive; another may follow.
        loop {
            match fill(source, &mut header)? {
                0 => return Ok(()),
                HEAD => {}
                _ => return Err(damaged()),
            }
            if header.iter().any(|&byte| byte != 0) {
                break;
            }
        }
        if !adds_up(&header) {
            return Err(damaged());
        }
        let [.., kind] = header.first_chunk::<157>().copied().unwrap_or([0; 157]);
        let said = header.get(124..136).and_then(number).ok_or_else(damaged)?;
        // Whatever a link, directory or device says of its size, nothing follows it.
        let size = match kind {
            b'1'..=b'6' => 0,
            b'x' | b'g' | b'L' | b'K' => said,
            _ => extended.size.unwrap_or(said),
        };
        let padding = (BLOCK - size % BLOCK) % BLOCK;
        match kind {
            b'x' | b'L' | b'K' | b'g' if size > EXTENDED_LIMIT => return Err(damaged()),
            b'x' => {
                records(&bytes(source, size)?, &mut extended);
                skip(source, padding)?;
                continue;
            }
            b'L' => {
                let mut name = bytes(source, size)?;
                name.truncate(name.iter().position(|&byte| byte == 0).unwrap_or(name.len()));
                extended.name = Some(name);
                skip(source, padding)?;
                continue;
            }
            b'g' | b'K' => {
                skip(source, size + padding)?;
                continue;
            }
            b'S' => skip_map(source, &header)?,
            _ => {}
        }
        let Extended { name, .. } = std::mem::take(&mut extended);
        let name = name.unwrap_or_else(|| name_of(&header));
        if name.len() as u64 > NAME_LIMIT {
            return Err(damaged());
        }
        let mut content = source.take(size);
        // Old archives tell a directory by the end of its name alone.
        if matches!(kind, 0 | b'0' | b'7' | b'S') && !name.ends_with(b"/") {
            visit(Member { name: path(&name), closed: None }, &mut content)?;
        }
        let left = content.limit();
        skip(source, left)?;
        // The last member's padding may be missing; nothing is lost with it.
        match skip(source, padding) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            done => done?,
        }
    }
    Err(Stop::Members.into())
}

/// The old fields for names: at most 155 bytes of directory, and 100.
fn name_of(header: &[u8; HEAD]) -> Vec<u8> {
    let text = |from: usize, to: usize| {
        let field = header.get(from..to).unwrap_or_default();
        field.split(|&byte| byte == 0).next().unwrap_or_default()
    };
    let (name, directory) = (text(0, 100), text(345, 500));
    let is_posix = header.get(257..263) == Some(b"ustar\0");
    if is_posix && !directory.is_empty() { [directory, b"/", name].concat() } else { name.to_vec() }
}

/// Passes over the blocks that go on with a sparse file's map: each says whether another follows.
fn skip_map(source: &mut dyn Read, header: &[u8; HEAD]) -> io::Result<()> {
    let mut more = header.get(482) == Some(&1);
    let mut block = [0; HEAD];
    for _ in 0..EXTENDED_LIMIT / BLOCK {
        if !more {
            return Ok(());
        }
        source.read_exact(&mut block)?;
        more = block.get(504) == Some(&1);
    }
    Err(damaged())
}

/// Records `LENGTH KEY=VALUE\n`; the length counts all of it.
fn records(mut text: &[u8], extended: &mut Extended) {
    while let Some(space) = text.iter().position(|&byte| byte == b' ')
        && let Some(length) = text.get(..space).and_then(decimal)
        && let Some((record, rest)) = usize::try_from(length).ok().and_then(|length| text.split_at_checked(length))
        && let Some(record) = record.get(space + 1..).and_then(|record| record.strip_suffix(b"\n"))
    {
        let equals = record.iter().position(|&byte| byte == b'=').unwrap_or(record.len());
        let (key, value) = record.split_at_checked(equals).unwrap_or_default();
        let value = value.get(1..).unwrap_or_default();
        match key {
            // A sparse file's own name stands for another.
            b"path" | b"GNU.sparse.name" => extended.name = Some(value.to_vec()),
            b"size" => extended.size = decimal(value),
            _ => {}
        }
        text = rest;
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A number of a header: octal, or from its first bit on binary (GNU).
fn number(field: &[u8]) -> Option<u64> {
    match field {
        [0x80, rest @ ..] => {
            rest.iter().try_fold(0_u64, |number, &byte| number.checked_mul(256)?.checked_add(byte.into()))
        }
        _ => octal(field),
    }
}

/// Octal digits with spaces in front, and a space or a zero byte or nothing behind; nothing at all is zero.
fn octal(field: &[u8]) -> Option<u64> {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    let digits = field.get(..end)?.trim_ascii();
    if digits.is_empty() {
        return Some(0);
    }
    digits.iter().try_fold(0_u64, |number, &digit| {
        (b'0'..=b'7').contains(&digit).then_some(())?;
        number.checked_mul(8)?.checked_add((digit - b'0').into())
    })
}
