//! What a password field means. The field itself is forgotten here.

/// What a password field means (shadow(5), crypt(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Password {
    /// Empty: anybody gets in without one.
    Empty,
    /// `*`, `!`, `!!`, `!*`, `*LK*` and the like: no password fits, and none is kept.
    Locked,
    /// A hash; `locked` when it stands behind a `!` (it is still a hash on the image).
    Hash {
        /// Behind one or more `!` or `*`.
        locked: bool,
        /// The method: `yescrypt`, `SHA-512`, `DES` …
        scheme: &'static str,
    },
    /// `x` in passwd: the field is in the other file.
    Shadowed,
    /// Anything else: fits no password, but is no lock either.
    Junk,
}

impl Password {
    /// What `field` of `passwd`, `group`, `shadow` or `gshadow` means; `x` is [`Password::Shadowed`] here, which the two
    /// shadow files then make [`Password::Junk`].
    pub(super) fn of(field: &[u8]) -> Self {
        let locks = field.iter().take_while(|byte| matches!(byte, b'!' | b'*')).count();
        let behind = field.get(locks..).unwrap_or_default();
        let locked = locks > 0;
        match scheme(behind) {
            Some(scheme) => Self::Hash { locked, scheme },
            None if field.is_empty() => Self::Empty,
            None if locked => Self::Locked,
            None if field == b"x" => Self::Shadowed,
            None => Self::Junk,
        }
    }

    /// As [`Password::of`], for a file that has no other file behind it.
    pub(crate) fn of_shadow(field: &[u8]) -> Self {
        match Self::of(field) {
            Self::Shadowed => Self::Junk,
            other => other,
        }
    }
}

/// The method of a hash (crypt(5)); `None` when `field` is none.
fn scheme(field: &[u8]) -> Option<&'static str> {
    if let Some(rest) = field.strip_prefix(b"$") {
        // `$id$…`, or `$id,parameters$…`: without a second `$` there is nothing that could be compared.
        let end = rest.iter().position(|byte| *byte == b'$')?;
        let (id, _) = rest.split_at_checked(end)?;
        let id = id.split(|byte| *byte == b',').next().unwrap_or_default();
        return Some(match id {
            b"y" => "yescrypt",
            b"gy" => "gost-yescrypt",
            b"sm3y" => "sm3-yescrypt",
            b"7" => "scrypt",
            b"6" => "SHA-512",
            b"5" => "SHA-256",
            b"2" | b"2a" | b"2b" | b"2x" | b"2y" => "bcrypt",
            b"argon2i" | b"argon2d" | b"argon2id" => "Argon2",
            b"sha1" => "SHA-1",
            b"md5" => "Sun MD5",
            b"1" | b"apr1" => "MD5",
            b"3" => "NT",
            _ => "an unknown method",
        });
    }
    let of_alphabet = |text: &[u8]| text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'));
    match field {
        [b'_', rest @ ..] if rest.len() == 19 && of_alphabet(rest) => Some("BSDi DES"),
        _ if field.len() == 13 && of_alphabet(field) => Some("DES"),
        _ => None,
    }
}
