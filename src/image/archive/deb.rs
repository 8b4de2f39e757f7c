//! Debian packages: an ar archive of two tar archives (deb(5), ar(5)).

use std::io::{self, BufRead, Read};

use super::packing::{Ahead, Packing, Unpacked};
use super::{Limited, MEMBER_LIMIT, Member, Stop, Visit, damaged, path, skip, tar};

const MAGIC: &[u8] = b"!<arch>\n";

/// Whether a package begins with `head`. Other archives of the same form hold object files.
pub(super) fn is_deb(head: &[u8]) -> bool {
    head.strip_prefix(MAGIC).is_some_and(|rest| rest.starts_with(b"debian-binary"))
}

pub(super) fn members(source: &mut dyn BufRead, limit: u64, visit: Visit<'_>) -> io::Result<()> {
    skip(source, MAGIC.len() as u64)?;
    let mut left = limit;
    for _ in 0..MEMBER_LIMIT {
        // Sixteen bytes of name, a time, ids and a mode, ten digits of size, two of magic.
        let mut header = [0; 60];
        match super::fill(source, &mut header)? {
            0 => return Ok(()),
            60 if header.ends_with(b"`\n") => {}
            _ => return Err(damaged()),
        }
        let text = |from: usize, to: usize| header.get(from..to).unwrap_or_default().trim_ascii();
        let name = text(0, 16);
        let name = name.strip_suffix(b"/").unwrap_or(name);
        let digits = std::str::from_utf8(text(48, 58)).ok();
        let size: u64 = digits.and_then(|digits| digits.parse().ok()).ok_or_else(damaged)?;
        let mut content = source.take(size);
        if name.starts_with(b"data.tar") || name.starts_with(b"control.tar") {
            let mut content = Ahead::new(&mut content);
            let is_packed = content.magic()?.is_some_and(|magic| Packing::of(&magic).is_some());
            if is_packed {
                let mut unpacked = Unpacked::new(&mut content);
                let mut limited = Limited::new(&mut unpacked, left);
                tar::members(&mut limited, visit)?;
                left = limited.left();
            } else {
                tar::members(&mut content, visit)?;
            }
        } else {
            visit(Member { name: path(name), closed: None }, &mut content)?;
        }
        let rest = content.limit();
        skip(source, rest)?;
        match skip(source, size % 2) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            done => done?,
        }
    }
    Err(Stop::Members.into())
}
