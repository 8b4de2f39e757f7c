//! `OpenPGP`'s secret keys (RFC 9580, section 5.5), armoured and in key rings, and those of `GnuPG`'s agent
//! (`agent/keyformat.txt`).

use super::Key;
use super::der::curve_name;
use super::wire::{Wire, bits};

/// The first secret key in `packets` that is really there: a stub that stands for a key on a card or elsewhere is none.
pub(super) fn secret_key(packets: &[u8]) -> Option<Key> {
    let mut rest = Wire(packets);
    loop {
        let (tag, body) = packet(&mut rest)?;
        if matches!(tag, 5 | 7)
            && let Secret::Here(key) = of_packet(body)?
        {
            return Some(key);
        }
    }
}

/// The next packet's tag and content (section 4.2); none in parts, as keys never are.
fn packet<'b>(wire: &mut Wire<'b>) -> Option<(u8, &'b [u8])> {
    let first = wire.u8().filter(|first| first & 0x80 != 0)?;
    if first & 0x40 == 0 {
        let length = match first & 3 {
            0 => usize::from(wire.u8()?),
            1 => wire.u16()?,
            2 => wire.u32()?,
            _ => return None,
        };
        return Some(((first & 0x3c) >> 2, wire.take(length)?));
    }
    let length = match wire.u8()? {
        short @ 0..=191 => usize::from(short),
        high @ 192..=223 => (usize::from(high) - 192) * 256 + usize::from(wire.u8()?) + 192,
        255 => wire.u32()?,
        _ => return None,
    };
    Some((first & 0x3f, wire.take(length)?))
}

/// What a packet for a secret key holds.
enum Secret {
    Here(Key),
    /// A stub.
    Elsewhere,
}

fn of_packet(body: &[u8]) -> Option<Secret> {
    let mut wire = Wire(body);
    let version = wire.u8()?;
    wire.u32()?;
    match version {
        2 | 3 => {
            wire.u16()?;
        }
        4..=6 => {}
        _ => return None,
    }
    let algorithm = wire.u8()?;
    if version >= 5 {
        wire.u32()?;
    }
    let what = public_part(&mut wire, algorithm)?;
    let usage = wire.u8()?;
    if usage == 0 {
        if version == 5 {
            wire.u32()?;
        }
        return (wire.0.len() >= 16).then(|| Secret::Here(Key::new(format!("OpenPGP {what}"), false)));
    }
    if matches!(usage, 253..=255) {
        if version >= 5 {
            wire.u8()?;
        }
        wire.take(if usage == 253 { 2 } else { 1 })?;
        if version == 6 {
            wire.u8()?;
        }
        // GnuPG's own: what follows is no key (`doc/DETAILS`, "GNU extensions to the S2K algorithm").
        if wire.u8()? == 101 {
            wire.u8()?;
            return (wire.take(3)? == b"GNU").then_some(Secret::Elsewhere);
        }
    }
    (wire.0.len() >= 16).then(|| Secret::Here(Key::new(format!("OpenPGP {what}"), true)))
}

/// Reads the public numbers (section 5.5.5) and says what sort of key they are of.
fn public_part(wire: &mut Wire, algorithm: u8) -> Option<String> {
    let numbers = |wire: &mut Wire, count: usize| (0..count).try_for_each(|_| number(wire).map(drop));
    Some(match algorithm {
        1..=3 => {
            let modulus = number(wire)?;
            numbers(wire, 1)?;
            format!("RSA {modulus} bits")
        }
        16 | 20 => {
            let prime = number(wire)?;
            numbers(wire, 2)?;
            format!("Elgamal {prime} bits")
        }
        17 => {
            let prime = number(wire)?;
            numbers(wire, 3)?;
            format!("DSA {prime} bits")
        }
        18 | 19 | 22 => {
            let length = usize::from(wire.u8()?);
            let curve = curve_name(wire.take(length)?).unwrap_or("of another curve");
            numbers(wire, 1)?;
            if algorithm == 18 {
                let length = usize::from(wire.u8()?);
                wire.take(length)?;
            }
            if algorithm == 22 { curve.to_owned() } else { format!("EC {curve}") }
        }
        25..=28 => {
            let (name, length) = match algorithm {
                25 => ("X25519", 32),
                26 => ("X448", 56),
                27 => ("Ed25519", 32),
                _ => ("Ed448", 57),
            };
            wire.take(length)?;
            name.to_owned()
        }
        _ => return None,
    })
}

/// The bits of the next number, which has exactly as many as it says (section 3.2).
fn number(wire: &mut Wire) -> Option<usize> {
    let said = wire.u16()?;
    let number = wire.take(said.div_ceil(8))?;
    (said > 0 && bits(number) == said).then_some(said)
}

/// A key file of `GnuPG`'s agent (`private-keys-v1.d/*.key`), in its canonical or its readable form.
pub(super) fn of_agent(head: &[u8]) -> Option<Key> {
    let head = head.get(..4096).unwrap_or(head);
    let forms: [(&[u8], bool); 4] = [
        (b"(11:private-key(", false),
        (b"(21:protected-private-key(", true),
        (b"(private-key (", false),
        (b"(protected-private-key (", true),
    ];
    let is_readable =
        head.starts_with(b"Key: ") || head.starts_with(b"Created: ") || head.starts_with(b"Description: ");
    let (rest, protected) = forms.iter().find_map(|(form, protected)| {
        let at = if is_readable { memchr::memmem::find(head, form)? } else { 0 };
        Some((head.get(at..)?.strip_prefix(*form)?, *protected))
    })?;
    let name = rest.iter().position(u8::is_ascii_alphabetic)?;
    let name = rest.get(name..)?;
    let what = match name {
        name if name.starts_with(b"rsa") => "RSA",
        name if name.starts_with(b"dsa") => "DSA",
        name if name.starts_with(b"elg") => "Elgamal",
        name if name.starts_with(b"ecc") => "EC",
        _ => return None,
    };
    Some(Key::new(format!("GnuPG {what}"), protected))
}
