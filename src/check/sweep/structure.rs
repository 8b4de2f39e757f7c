//! Whether a token is built as its issuer builds it: its checksum fits, or it decodes to what it claims to be. Nothing is asked
//! of anybody: what cannot be told from the characters alone is not told here.

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
use serde::Deserialize;

use super::token;

/// How a token is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Structure {
    /// The last six characters are the CRC-32 of those before them, without the prefix, in base 62
    /// (<https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>).
    Crc32,
    /// Base64 of 32 bytes, as keys for X25519 are, which are not all alike.
    Bytes32,
    /// Base64 of 64 bytes, as the keys of storage accounts are.
    Bytes64,
    /// Base64 of `user:password`.
    UserPassword,
    /// Base64, with or without padding, of text that begins as a JSON object does.
    Json,
    /// Base64 of the number of an account, then a dot.
    AccountNumber,
}

impl Structure {
    /// Whether `token` is built like that.
    pub(super) fn fits(self, token: &[u8]) -> bool {
        let Ok(text) = str::from_utf8(token) else { return false };
        match self {
            Self::Crc32 => has_crc(text),
            Self::Bytes32 => decoded(text).is_some_and(|bytes| bytes.len() == 32 && are_random(&bytes)),
            Self::Bytes64 => decoded(text).is_some_and(|bytes| bytes.len() == 64 && are_random(&bytes)),
            Self::UserPassword => decoded(text).is_some_and(|bytes| is_user_and_password(&bytes)),
            Self::Json => decoded(text).is_some_and(|bytes| bytes.starts_with(b"{\"")),
            Self::AccountNumber => text
                .split('.')
                .next()
                .and_then(decoded)
                .is_some_and(|bytes| (15..=20).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit)),
        }
    }
}

/// The bytes that `text` is the base64 of, in either alphabet, padded or not.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    let standard = || Base64::decode_vec(text).or_else(|_| Base64Unpadded::decode_vec(bare));
    standard().or_else(|_| Base64UrlUnpadded::decode_vec(bare)).ok()
}

/// Key material has no two bytes in three alike; text and padding do.
fn are_random(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    for &byte in bytes {
        if let Some(seen) = seen.get_mut(usize::from(byte)) {
            *seen = true;
        }
    }
    seen.iter().filter(|&&seen| seen).count() >= 16
        && !bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

fn is_user_and_password(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    let invented = || token::is_example(bytes) || matches!(text, "user:password" | "username:password" | "user:pass");
    let parts = text.split_once(':').is_some_and(|(user, password)| !user.is_empty() && password.len() >= 4);
    parts && !text.chars().any(char::is_control) && !invented()
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn has_crc(token: &str) -> bool {
    let body = token.rsplit('_').next().unwrap_or(token).as_bytes();
    let Some((random, sum)) = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at)) else { return false };
    let place = |&sign: &u8| BASE62.iter().position(|&other| other == sign);
    let number = sum.iter().try_fold(0_u64, |number, sign| Some(number * 62 + place(sign)? as u64));
    number == Some(u64::from(crc32(random)))
}

/// The CRC-32 of zip files and PNG images (ISO 3309), bit by bit: it is counted over a few dozen bytes now and then.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_counted_as_their_issuers_do() {
        // A token that its owner published after it had expired (github.com/therootcompany/base62-token.js).
        let token = ["ghp", "_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"].concat();
        assert!(Structure::Crc32.fits(token.as_bytes()));
        assert!(!Structure::Crc32.fits(token.replace("zQ", "zR").as_bytes()));
        assert!(!Structure::Crc32.fits(b"ghp_short"));
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn what_is_encoded_is_looked_at() {
        let base64 = |bytes: &[u8]| Base64::encode_string(bytes).into_bytes();
        assert!(Structure::UserPassword.fits(&base64(b"build:hunter22")));
        assert!(!Structure::UserPassword.fits(&base64(b"build")));
        assert!(!Structure::UserPassword.fits(&base64(b"user:password")));
        let key: Vec<u8> = (0..32).map(|at: u8| at.wrapping_mul(37) ^ 0x5a).collect();
        assert!(Structure::Bytes32.fits(&base64(&key)));
        assert!(!Structure::Bytes32.fits(&base64(&key[1..])));
        assert!(!Structure::Bytes32.fits(&base64(&[0; 32])));
        assert!(!Structure::Bytes32.fits(&base64(b"this is thirty-two characters ok")));
        assert!(Structure::Json.fits(b"eyJpYXQiOjE3MTYyMzkwMjJ9"));
        assert!(Structure::AccountNumber.fits(b"NDgyOTEwMzc1NjI5MTA0NzI4.x.y"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,60}") {
            for structure in [Structure::Crc32, Structure::Bytes32, Structure::UserPassword, Structure::Json, Structure::AccountNumber] {
                structure.fits(text.as_bytes());
            }
        }
    }
}
