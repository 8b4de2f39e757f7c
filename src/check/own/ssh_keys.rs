//! What is a key: by content, never by name alone.

use crate::check::{Finding, Observation, Status};
use crate::image::text::visible;
use crate::image::{Error, Image, Kind, Reason};
use std::path::Path;

/// The beginnings of public keys and certificates in OpenSSH's text form (sshd(8), "Authorized keys file format").
const TYPES: [&str; 6] = ["ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-", "sk-ssh-ed25519", "sk-ecdsa-sha2-"];

/// The lines of an authorized keys file that let a key in: number, and the key's type and comment.
pub(super) fn key_lines(text: &str) -> Vec<(u32, String)> {
    let key_line = |(number, line): (u32, &str)| {
        let line = line.trim();
        let mut words = line.split_whitespace();
        if line.starts_with('#') {
            return None;
        }
        // Options with quoted blanks may come first: the type is the word before the base64.
        while let Some(word) = words.next() {
            if TYPES.iter().any(|kind| word.starts_with(kind)) && words.clone().next().is_some_and(is_base64) {
                let comment: Vec<_> = words.skip(1).collect();
                let comment: String = comment.join(" ").chars().take(60).collect();
                return Some((number, visible(format!("{word} {comment}").trim())));
            }
        }
        None
    };
    (1u32..).zip(text.lines()).filter_map(key_line).collect()
}

/// The base64 of the key that a line of an authorized keys file lets in.
pub(in crate::check) fn key_blob(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| !TYPES.iter().any(|kind| word.starts_with(kind)));
    words.nth(1).filter(|word| is_base64(word))
}

fn is_base64(word: &str) -> bool {
    word.starts_with("AAAA")
}

/// Whether `bytes` hold a private key: PEM of any kind, or the forms of OpenSSH, SSH2 and `PuTTY`.
pub(super) fn is_private_key(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().any(|line| {
        (line.contains("-- BEGIN") || line.contains("-----BEGIN")) && line.contains("PRIVATE KEY")
            || line.starts_with("PuTTY-User-Key-File-")
    }) || bytes.starts_with(b"openssh-key-v1\0")
}

/// The bytes of a regular file; `None` for anything else, and for what is too large to be a key.
pub(super) fn small_file(image: &Image, path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match image.stat(path)? {
        Some(meta) if meta.kind == Kind::File => match image.read(path) {
            Err(Error { reason: Reason::TooLarge(_), .. }) => Ok(None),
            read => read,
        },
        _ => Ok(None),
    }
}

/// Fails with what was seen; else what could not be read makes it unknown; else passes.
pub(super) fn conclude(seen: Vec<Observation>, unread: Vec<Error>, fail: &str, pass: &str) -> Finding {
    match unread.into_iter().next() {
        // A place that could not be read is no place for a remedy: it is told without its path.
        Some(error) if !seen.is_empty() => {
            let also = Observation::fact(format!("also: {error}"));
            Finding::new(Status::Fail, fail).seen(seen).seen([also]).otherwise(error.into())
        }
        Some(error) => error.into(),
        None if seen.is_empty() => Finding::new(Status::Pass, pass),
        None => Finding::new(Status::Fail, fail).seen(seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_lines_are_told_from_comments_and_prose() {
        let text = "# ssh-rsa AAAAB3 old\n\nssh-ed25519 AAAAC3Nz me@home\n\
                    command=\"echo 'Please login as ssh-rsa user'\",no-pty ssh-rsa AAAAB3 build key\nssh-rsa is fine\n\
                    sk-ssh-ed25519@openssh.com AAAAG\u{202e}\n";
        let found = key_lines(text);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4, 6]);
        assert_eq!(found[1].1, "ssh-rsa build key");
    }

    #[test]
    fn private_keys_in_every_armour() {
        for text in [
            "-----BEGIN OPENSSH PRIVATE KEY-----\n",
            "x\n-----BEGIN RSA PRIVATE KEY-----\r\n",
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n",
            "PuTTY-User-Key-File-3: ssh-ed25519\n",
            "openssh-key-v1\0\0",
        ] {
            assert!(is_private_key(text.as_bytes()), "{text}");
        }
        assert!(!is_private_key(b"-----BEGIN CERTIFICATE-----\nPRIVATE KEY\n-----BEGIN PUBLIC KEY-----\n"));
    }
}
