//! Names and default lists of ciphers, MACs, key exchange and key algorithms by version, and how `+`, `-` and `^`
//! change a default list (`myproposal.h`, `kex_assemble_names`).

use super::pattern::{Verdict, matches_list};
use super::release::{Family, Release};

/// Which list a keyword takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Ciphers,
    Macs,
    Kex,
    Keys,
    CaSignatures,
}

/// A name with the versions that know it: from, and the first that no longer does.
type Known = (&'static str, (u32, u32), (u32, u32));

const OLD: (u32, u32) = (0, 0);
const EVER: (u32, u32) = (u32::MAX, 0);

const CIPHERS: &[Known] = &[
    ("3des-cbc", OLD, EVER),
    ("blowfish-cbc", OLD, (7, 6)),
    ("cast128-cbc", OLD, (7, 6)),
    ("arcfour", OLD, (7, 6)),
    ("arcfour128", OLD, (7, 6)),
    ("arcfour256", OLD, (7, 6)),
    ("aes128-cbc", OLD, EVER),
    ("aes192-cbc", OLD, EVER),
    ("aes256-cbc", OLD, EVER),
    ("rijndael-cbc@lysator.liu.se", OLD, (8, 5)),
    ("aes128-ctr", OLD, EVER),
    ("aes192-ctr", OLD, EVER),
    ("aes256-ctr", OLD, EVER),
    ("aes128-gcm@openssh.com", OLD, EVER),
    ("aes256-gcm@openssh.com", OLD, EVER),
    ("chacha20-poly1305@openssh.com", OLD, EVER),
];

const MACS: &[Known] = &[
    ("hmac-sha1", OLD, EVER),
    ("hmac-sha1-96", OLD, EVER),
    ("hmac-sha2-256", OLD, EVER),
    ("hmac-sha2-512", OLD, EVER),
    ("hmac-md5", OLD, EVER),
    ("hmac-md5-96", OLD, EVER),
    ("hmac-ripemd160", OLD, (7, 6)),
    ("hmac-ripemd160@openssh.com", OLD, (7, 6)),
    ("umac-64@openssh.com", OLD, EVER),
    ("umac-128@openssh.com", OLD, EVER),
    ("hmac-sha1-etm@openssh.com", OLD, EVER),
    ("hmac-sha1-96-etm@openssh.com", OLD, EVER),
    ("hmac-sha2-256-etm@openssh.com", OLD, EVER),
    ("hmac-sha2-512-etm@openssh.com", OLD, EVER),
    ("hmac-md5-etm@openssh.com", OLD, EVER),
    ("hmac-md5-96-etm@openssh.com", OLD, EVER),
    ("hmac-ripemd160-etm@openssh.com", OLD, (7, 6)),
    ("umac-64-etm@openssh.com", OLD, EVER),
    ("umac-128-etm@openssh.com", OLD, EVER),
];

const KEX: &[Known] = &[
    ("diffie-hellman-group1-sha1", OLD, EVER),
    ("diffie-hellman-group14-sha1", OLD, EVER),
    ("diffie-hellman-group14-sha256", OLD, EVER),
    ("diffie-hellman-group16-sha512", OLD, EVER),
    ("diffie-hellman-group18-sha512", OLD, EVER),
    ("diffie-hellman-group-exchange-sha1", OLD, EVER),
    ("diffie-hellman-group-exchange-sha256", OLD, EVER),
    ("ecdh-sha2-nistp256", OLD, EVER),
    ("ecdh-sha2-nistp384", OLD, EVER),
    ("ecdh-sha2-nistp521", OLD, EVER),
    ("curve25519-sha256", OLD, EVER),
    ("curve25519-sha256@libssh.org", OLD, EVER),
    ("sntrup4591761x25519-sha512@tinyssh.org", (8, 0), (8, 5)),
    // Debian's 9.2 has the first name by backport.
    ("sntrup761x25519-sha512", (9, 2), EVER),
    ("sntrup761x25519-sha512@openssh.com", (8, 5), EVER),
    ("mlkem768x25519-sha256", (9, 9), EVER),
];

/// In the order of the newer versions (`sshkey_alg_list`), then `true` for certificates.
const KEYS: &[(Known, bool)] = &[
    (("ssh-ed25519", OLD, EVER), false),
    (("ssh-ed25519-cert-v01@openssh.com", OLD, EVER), true),
    (("sk-ssh-ed25519@openssh.com", (8, 2), EVER), false),
    (("sk-ssh-ed25519-cert-v01@openssh.com", (8, 2), EVER), true),
    (("ecdsa-sha2-nistp256", OLD, EVER), false),
    (("ecdsa-sha2-nistp256-cert-v01@openssh.com", OLD, EVER), true),
    (("ecdsa-sha2-nistp384", OLD, EVER), false),
    (("ecdsa-sha2-nistp384-cert-v01@openssh.com", OLD, EVER), true),
    (("ecdsa-sha2-nistp521", OLD, EVER), false),
    (("ecdsa-sha2-nistp521-cert-v01@openssh.com", OLD, EVER), true),
    (("sk-ecdsa-sha2-nistp256@openssh.com", (8, 2), EVER), false),
    (("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", (8, 2), EVER), true),
    (("webauthn-sk-ecdsa-sha2-nistp256@openssh.com", (8, 4), EVER), false),
    (("ssh-dss", OLD, (10, 0)), false),
    (("ssh-dss-cert-v01@openssh.com", OLD, (10, 0)), true),
    (("ssh-rsa", OLD, EVER), false),
    (("ssh-rsa-cert-v01@openssh.com", OLD, EVER), true),
    (("rsa-sha2-256", OLD, EVER), false),
    (("rsa-sha2-256-cert-v01@openssh.com", (7, 8), EVER), true),
    (("rsa-sha2-512", OLD, EVER), false),
    (("rsa-sha2-512-cert-v01@openssh.com", (7, 8), EVER), true),
];

/// The order before 9.2: plain names with RSA before ECDSA, then certificates the same way.
const KEYS_BEFORE_9_2: &[&str] = &[
    "ssh-ed25519",
    "ssh-ed25519-cert-v01@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "ssh-rsa",
    "rsa-sha2-256",
    "rsa-sha2-512",
    "ssh-dss",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "ssh-dss-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
];

/// Short names of key types, which are valid in a list though they select nothing.
const SHORT_KEYS: &[&str] = &["ed25519", "ed25519-sk", "ecdsa", "ecdsa-sk", "rsa", "dsa"];

fn known<'a>(table: impl Iterator<Item = &'a Known>, release: Release) -> Vec<&'static str> {
    let version = release.version;
    table.filter(|(_, since, until)| version >= *since && version < *until).map(|(name, _, _)| *name).collect()
}

/// Every name of a list that `release` knows, in the order in which wildcards pick them.
fn all(list: List, release: Release) -> Vec<&'static str> {
    match list {
        List::Ciphers => known(CIPHERS.iter(), release),
        List::Macs => known(MACS.iter(), release),
        List::Kex => known(KEX.iter(), release),
        List::Keys | List::CaSignatures => {
            let plain_only = list == List::CaSignatures;
            let names = KEYS.iter().filter(|(_, certificate)| !plain_only || !certificate).map(|(known, _)| known);
            let mut names = known(names, release);
            if !release.since(9, 2) {
                names.sort_by_key(|name| KEYS_BEFORE_9_2.iter().position(|old| old == name));
            }
            names
        }
    }
}

/// The list used when nothing sets it.
pub(super) fn default(list: List, release: Release) -> String {
    let all = all(list, release);
    let wanted = match list {
        List::Ciphers if release.since(10, 0) => {
            "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr"
        }
        List::Ciphers => {
            "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com"
        }
        List::Macs => {
            "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,\
             hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1"
        }
        List::Kex => default_kex(release),
        List::Keys => default_keys(release),
        List::CaSignatures if release.since(8, 5) => {
            "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,\
             sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256"
        }
        List::CaSignatures if release.since(8, 2) => {
            "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,sk-ecdsa-sha2-nistp256@openssh.com,ssh-ed25519,\
             sk-ssh-ed25519@openssh.com,rsa-sha2-512,rsa-sha2-256"
        }
        List::CaSignatures => {
            "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,ssh-ed25519,rsa-sha2-512,rsa-sha2-256,ssh-rsa"
        }
    };
    wanted.split(',').filter(|name| all.contains(name)).collect::<Vec<_>>().join(",")
}

fn default_kex(release: Release) -> &'static str {
    if release.since(10, 0) {
        "mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,\
         curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521"
    } else if release.since(9, 9) {
        "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,mlkem768x25519-sha256,curve25519-sha256,\
         curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,\
         diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,\
         diffie-hellman-group14-sha256"
    } else if release.version == (9, 2) && release.family == Family::Debian {
        "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,\
         ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,\
         diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256"
    } else if release.since(9, 0) {
        "sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,\
         ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,\
         diffie-hellman-group18-sha512,diffie-hellman-group14-sha256"
    } else if release.since(8, 9) {
        "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,\
         sntrup761x25519-sha512@openssh.com,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,\
         diffie-hellman-group18-sha512,diffie-hellman-group14-sha256"
    } else if release.since(8, 2) {
        "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,\
         diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,\
         diffie-hellman-group14-sha256"
    } else {
        "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,\
         diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,\
         diffie-hellman-group14-sha256,diffie-hellman-group14-sha1"
    }
}

fn default_keys(release: Release) -> &'static str {
    if release.since(8, 8) {
        "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,\
         ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com,\
         sk-ssh-ed25519-cert-v01@openssh.com,sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,\
         rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,ssh-ed25519,ecdsa-sha2-nistp256,\
         ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,\
         rsa-sha2-512,rsa-sha2-256"
    } else if release.since(8, 5) {
        "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,\
         ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com,\
         sk-ssh-ed25519-cert-v01@openssh.com,sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,\
         rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,ssh-rsa-cert-v01@openssh.com,ssh-ed25519,\
         ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,\
         sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256,ssh-rsa"
    } else {
        "ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384-cert-v01@openssh.com,\
         ecdsa-sha2-nistp521-cert-v01@openssh.com,sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,\
         ssh-ed25519-cert-v01@openssh.com,sk-ssh-ed25519-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com,\
         rsa-sha2-256-cert-v01@openssh.com,ssh-rsa-cert-v01@openssh.com,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,\
         ecdsa-sha2-nistp521,sk-ecdsa-sha2-nistp256@openssh.com,ssh-ed25519,sk-ssh-ed25519@openssh.com,rsa-sha2-512,\
         rsa-sha2-256,ssh-rsa"
    }
}

/// Whether the program accepts `text` as a list when it reads the line. A list after `-` is never looked at.
pub(super) fn is_valid(list: List, text: &str, release: Release) -> bool {
    if text.starts_with('-') {
        return true;
    }
    let names = text.strip_prefix(['+', '^']).unwrap_or(text);
    // Certificates were let through as signature algorithms until 9.4, though they select nothing.
    let lenient = list == List::CaSignatures && !release.since(9, 4);
    let all = all(if lenient { List::Keys } else { list }, release);
    // An empty name ends the look.
    !names.is_empty()
        && names.split(',').take_while(|name| !name.is_empty()).all(|name| match list {
            _ if is_vendors_own(name, release) => true,
            List::Ciphers | List::Macs | List::Kex => all.contains(&name),
            List::Keys | List::CaSignatures => {
                let short = SHORT_KEYS.iter().any(|short| short.eq_ignore_ascii_case(name));
                short || all.iter().any(|known| matches_list(known, name, false) != Verdict::Nothing)
            }
        })
}

/// Whether `list` names only GSSAPI key exchange methods.
pub(super) fn is_valid_gssapi(list: &str) -> bool {
    const KNOWN: &[&str] = &[
        "gss-gex-sha1-",
        "gss-group1-sha1-",
        "gss-group14-sha1-",
        "gss-group14-sha256-",
        "gss-group16-sha512-",
        "gss-nistp256-sha256-",
        "gss-curve25519-sha256-",
    ];
    !list.is_empty() && list.split(',').take_while(|name| !name.is_empty()).all(|name| KNOWN.contains(&name))
}

/// Red Hat and SUSE build algorithms in that no release of the project has, and their crypto policies name them: what
/// looks like a name is taken on trust there, so that a sound configuration is never called broken.
fn is_vendors_own(name: &str, release: Release) -> bool {
    let looks_right = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte));
    matches!(release.family, Family::RedHat | Family::Suse) && looks_right && name.contains('-')
}

/// The list in force when `text` is what the file says.
///
/// # Errors
/// When nothing is left, or a negated pattern is used.
pub(super) fn assemble(list: List, text: &str, release: Release) -> Result<String, String> {
    let default = default(list, release);
    let names = match text.split_at_checked(1) {
        None => return Ok(default),
        Some(("-", removed)) => {
            let kept = default.split(',').filter(|name| matches_list(name, removed, false) != Verdict::Positive);
            return Ok(kept.collect::<Vec<_>>().join(","));
        }
        Some(("+", more)) => format!("{default},{more}"),
        Some(("^", first)) => format!("{first},{default}"),
        Some(_) => text.to_owned(),
    };
    let all = all(list, release);
    let mut chosen: Vec<&str> = Vec::new();
    for pattern in names.split(',') {
        if pattern.starts_with('!') {
            return Err("has a negated pattern in a list of algorithms".to_owned());
        }
        let is_unknown = !pattern.is_empty() && !pattern.contains(['*', '?']) && !all.contains(&pattern);
        if is_unknown && is_vendors_own(pattern, release) && !chosen.contains(&pattern) {
            chosen.push(pattern);
        }
        for name in &all {
            if matches_list(name, pattern, false) == Verdict::Positive && !chosen.contains(name) {
                chosen.push(name);
            }
        }
    }
    if chosen.is_empty() { Err("leaves no algorithm".to_owned()) } else { Ok(chosen.join(",")) }
}
