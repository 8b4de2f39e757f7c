//! Private keys in stores of their own format, told by name and first bytes.

use std::path::Path;

use super::Kind;
use super::scan::Secret;

/// The key store that the file at `path`, which begins with `head`, is.
///
/// A Java store of trusted certificates alone is none; its first entry tells. What a PKCS #12 or `KeePass` file holds
/// cannot be seen without its password: it is taken for what such files are made for.
pub(super) fn key_store(path: &Path, head: &[u8]) -> Option<Secret> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let (rule, text) = match extension.as_str() {
        "jks" | "keystore" | "jceks" if is_java_key_store(head) => {
            ("java-key-store", "Java key store with a private key")
        }
        "p12" | "pfx" | "jks" | "keystore" if head.starts_with(&[0x30, 0x82]) => {
            ("pkcs12-key-store", "PKCS #12 key store")
        }
        "kdbx" | "kdb" if head.starts_with(&[0x03, 0xd9, 0xa2, 0x9a]) => ("keepass-store", "KeePass password store"),
        _ => return None,
    };
    Some(Secret { kind: Kind::PrivateKey, rule, line: None, text: text.to_owned() })
}

/// Magic, version, number of entries, then the first entry's tag: 1 is a private key (`sun.security.provider.JavaKeyStore`).
fn is_java_key_store(head: &[u8]) -> bool {
    let magic = head.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) || head.starts_with(&[0xce, 0xce, 0xce, 0xce]);
    magic && head.get(12..16) == Some(&[0, 0, 0, 1])
}
