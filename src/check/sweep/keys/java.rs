//! Java's key stores: JKS and JCEKS (`sun.security.provider.JavaKeyStore`), BKS and UBER of Bouncy Castle.

use super::wire::Wire;
use super::{Found, Held};

/// More entries than this are not gone through.
const ENTRIES: usize = 100_000;

/// The store that begins with `head` and is `size` bytes long, by its entries up to the first that holds a key.
pub(super) fn store(head: &[u8], size: u64) -> Option<Held> {
    let mut wire = Wire(head);
    let name = match wire.u32()? {
        0xfeed_feed => "JKS",
        0xcece_cece => "JCEKS",
        1 | 2 => return bouncy_castle(head, size),
        _ => return None,
    };
    let version = wire.u32().filter(|version| matches!(version, 1 | 2))?;
    let count = wire.u32()?;
    for _ in 0..count.min(ENTRIES) {
        match entry(&mut wire, version) {
            Some(1) => return Some(held("private key in a key store", name, "protected by a password")),
            Some(3) => return Some(held("secret key in a key store", name, "protected by a password")),
            Some(2) => {}
            _ => return perhaps(name, head, size),
        }
    }
    Some(Held::Nothing)
}

/// Reads an entry of a certificate; gives which sort any entry is.
fn entry(wire: &mut Wire, version: usize) -> Option<usize> {
    let sort = wire.u32()?;
    wire.short()?;
    wire.take(8)?;
    if sort == 2 {
        if version == 2 {
            wire.short()?;
        }
        wire.string()?;
    }
    Some(sort)
}

fn held(what: &str, name: &str, protection: &str) -> Held {
    Held::Key(Found::new("java-key-store", format!("{what} ({name}, {protection})")))
}

/// What there is to say when an entry cannot be read: that the store is damaged, or goes on beyond what was read.
fn perhaps(name: &str, head: &[u8], size: u64) -> Option<Held> {
    let text = format!("key store that may hold a private key ({name}, too large to look at every entry)");
    (size > head.len() as u64).then(|| Held::Perhaps(Found::new("java-key-store", text)))
}

/// Version, salt, rounds, then the entries in the open (BKS), or all of it encrypted (UBER).
fn bouncy_castle(head: &[u8], size: u64) -> Option<Held> {
    let mut wire = Wire(head);
    wire.u32()?;
    wire.string().filter(|salt| salt.len() == 20)?;
    wire.u32().filter(|rounds| (1_024..=4_096).contains(rounds))?;
    for _ in 0..ENTRIES {
        let sort = wire.u8()?;
        if sort == 0 {
            return Some(Held::Nothing);
        }
        let named = wire.short().filter(|alias| sort <= 4 && str::from_utf8(alias).is_ok());
        let (Some(_), Some(_)) = (named, wire.take(8)) else {
            let text = "key store that may hold a private key (UBER, all of it encrypted by a password)";
            return Some(Held::Perhaps(Found::new("java-key-store", text)));
        };
        if sort > 1 {
            return Some(held("key in a key store", "BKS", "protected by a password"));
        }
        // A chain, which certificates have none of, then the certificate's sort and bytes.
        if wire.u32()? != 0 || wire.short().is_none() || wire.string().is_none() {
            return perhaps("BKS", head, size);
        }
    }
    None
}
