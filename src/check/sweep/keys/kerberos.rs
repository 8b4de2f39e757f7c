//! Kerberos key tables (MIT's "keytab file format", version 2), whatever their name.

use super::Found;
use super::wire::Wire;
use crate::image::text;

/// More holes than this are not passed over.
const HOLES: usize = 1000;

/// The key table that begins with `head`, by its first key.
pub(super) fn key_table(head: &[u8]) -> Option<Found> {
    let mut wire = Wire(head.strip_prefix(&[5, 2])?);
    for _ in 0..HOLES {
        let length = i32::from_be_bytes(wire.take(4)?.try_into().ok()?);
        let entry = wire.take(usize::try_from(length.unsigned_abs()).ok()?)?;
        if length > 0 {
            return of_entry(entry);
        }
    }
    None
}

fn of_entry(entry: &[u8]) -> Option<Found> {
    let mut wire = Wire(entry);
    let count = wire.u16().filter(|count| (1..=16).contains(count))?;
    let realm = str::from_utf8(wire.short()?).ok()?;
    let mut name = String::new();
    for at in 0..count {
        if at > 0 {
            name.push('/');
        }
        name.push_str(str::from_utf8(wire.short()?).ok()?);
    }
    // The sort of name, when it was written, the key's version and sort.
    wire.take(4 + 4 + 1)?;
    let sort = match wire.u16()? {
        1 | 3 => "DES",
        16 => "DES3",
        17 | 19 => "AES 128 bits",
        18 | 20 => "AES 256 bits",
        23 | 24 => "RC4",
        25 | 26 => "Camellia",
        _ => return None,
    };
    wire.short().filter(|key| (8..=64).contains(&key.len()))?;
    let name: String = name.chars().chain(['@']).chain(realm.chars()).take(100).collect();
    Some(Found::new("kerberos-keytab", format!("Kerberos key of {} ({sort}, not encrypted)", text::visible(&name))))
}
