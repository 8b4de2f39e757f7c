//! `PuTTY`'s key files (the manual's appendix "PPK file format"), versions 1 to 3.

use super::body::{Wiped, decoded, unescaped};
use super::openssh::{fingerprint, public_key};
use super::{Found, Key, LONGEST};

/// The private key in the file that begins at `bytes[at..]`.
pub(super) fn private_key(bytes: &[u8], at: usize) -> Option<Found> {
    let rest = bytes.get(at..)?.strip_prefix(b"PuTTY-User-Key-File-")?;
    if !matches!(rest, [b'1'..=b'3', b':', ..]) {
        return None;
    }
    // The second line comes at once, so that no flood of first lines is read over and over.
    let head = rest.get(..160).unwrap_or(rest);
    memchr::memmem::find(head, b"Encryption: ")?;
    let end = memchr::memmem::find(rest.get(..LONGEST).unwrap_or(rest), b"PuTTY-User-Key-File-");
    let text = unescaped(rest.get(..end.unwrap_or(LONGEST)).unwrap_or(rest));
    let mut lines = text.0.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let mut protected = None;
    let mut public = None;
    lines.next()?;
    while let Some(line) = lines.next() {
        if let Some(cipher) = line.strip_prefix(b"Encryption: ") {
            protected = Some(cipher != b"none");
        } else if let Some(count) = line.strip_prefix(b"Public-Lines: ") {
            public = Some(block(&mut lines, count)?);
        } else if let Some(count) = line.strip_prefix(b"Private-Lines: ") {
            let private = block(&mut lines, count)?;
            let public = public?;
            let what = public_key(&public.0)?;
            let key =
                Key { fingerprint: Some(fingerprint(&public.0)), ..Key::new(format!("PuTTY {what}"), protected?) };
            return (private.0.len() >= 16).then(|| Found::key("putty-private-key", &key));
        }
    }
    None
}

/// The next `count` lines, decoded.
fn block<'t>(lines: &mut impl Iterator<Item = &'t [u8]>, count: &[u8]) -> Option<Wiped> {
    let count: usize = str::from_utf8(count).ok()?.parse().ok()?;
    let mut digits = Wiped::default();
    for _ in 0..count {
        digits.0.extend_from_slice(lines.next()?);
    }
    decoded(&digits.0)
}
