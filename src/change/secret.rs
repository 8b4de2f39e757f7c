//! Which contents may be secret: by their name, their place, and what is in them.

use std::path::Path;

use crate::check::sweep::holds_secret;
use crate::image::Node;
use crate::image::text::url_passwords;

/// Whether a change of `path` must be shown masked and recorded without digests: by what is known of it, and by what the
/// sweep's own rules find in it.
pub(super) fn is_secret(path: &Path, before: Option<&Node>, after: Option<&Node>) -> bool {
    let nodes = || [before, after].into_iter().flatten();
    let may_be = |bytes: &[u8]| holds_secret(path, bytes);
    known_secret(path, before, after) || nodes().filter_map(Node::bytes).any(may_be)
}

fn known_secret(path: &Path, before: Option<&Node>, after: Option<&Node>) -> bool {
    let nodes = || [before, after].into_iter().flatten();
    if !nodes().any(|node| matches!(node, Node::File(_))) {
        return false;
    }
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    if is_public(&name) {
        return false;
    }
    is_named_secret(&name)
        || !SYSTEM.iter().any(|place| path.starts_with(place))
        || PRIVATE.iter().any(|place| path.starts_with(place))
        || nodes()
            .filter_map(Node::bytes)
            .any(|bytes| is_password_file(&name, bytes) || holds_key(bytes) || sets_password(path, bytes))
}

/// A line that a program printed, for a screen: escapes made visible, and not shown when it may hold a secret.
pub(super) fn printable(line: &str) -> String {
    if holds_key(line.as_bytes())
        || sets_password(Path::new(""), line.as_bytes())
        || holds_secret(Path::new("/etc/environment"), line.as_bytes())
    {
        "(a line that may hold a secret is not shown)".to_owned()
    } else {
        crate::image::text::visible(line)
    }
}

/// Configuration and programs. What lies elsewhere (homes, logs, caches, applications) is somebody's data.
const SYSTEM: [&str; 8] = ["/etc", "/usr", "/boot", "/lib", "/lib64", "/bin", "/sbin", "/run/systemd"];

/// Places within those that hold secrets.
const PRIVATE: [&str; 24] = [
    "/etc/ssl/private",
    "/etc/pki/tls/private",
    "/etc/letsencrypt",
    "/etc/wireguard",
    "/etc/openvpn",
    "/etc/ipsec.d",
    "/etc/NetworkManager/system-connections",
    "/etc/krb5.keytab",
    "/etc/apt/auth.conf",
    "/etc/apt/auth.conf.d",
    "/etc/ceph",
    "/etc/chef",
    "/etc/corosync/authkey",
    "/etc/credstore",
    "/etc/credstore.encrypted",
    "/etc/docker",
    "/etc/exim4/passwd.client",
    "/etc/kubernetes",
    "/etc/munge",
    "/etc/pki/consumer",
    "/etc/pki/entitlement",
    "/etc/ppp",
    "/etc/rancher",
    "/etc/salt/pki",
];

fn is_public(name: &str) -> bool {
    ["authorized_keys", "known_hosts", "machine-id"].iter().any(|start| name.starts_with(start)) || ends(name, "pub")
}

fn ends(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case(extension))
}

fn is_named_secret(name: &str) -> bool {
    let shadow = name.starts_with("shadow") || name.starts_with("gshadow") || name == "opasswd" || name == "nopasswd";
    let history = name.ends_with("_history") || name.ends_with("history") || name == ".lesshst" || name == ".viminfo";
    let host_key = name.starts_with("ssh_host_") && name.ends_with("_key");
    let key =
        host_key || name.starts_with("id_") || ["pem", "key", "p12", "pfx", "jks"].iter().any(|end| ends(name, end));
    let words = ["credential", "passwd.", "password", "secret", "token", ".netrc", ".pgpass", ".my.cnf", ".env"];
    shadow || history || key || words.iter().any(|word| name.contains(word))
}

/// A password file that holds more than marks in its second fields.
fn is_password_file(name: &str, bytes: &[u8]) -> bool {
    let is_one = name.starts_with("passwd") || name.starts_with("group");
    is_one
        && String::from_utf8_lossy(bytes).lines().any(|line| {
            let password = line.split(':').nth(1).unwrap_or("x");
            !matches!(password, "x" | "*" | "!" | "!!" | "")
        })
}

/// Content that gives itself away whatever its name.
fn holds_key(bytes: &[u8]) -> bool {
    let find = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
    find(b"PRIVATE KEY-----") || find(b"aws_secret_access_key") || find(b"AKIA") || find(b"ASIA")
}

/// Words that a password or a token follows in configuration, after a colon, an equals sign, or, as an option of a
/// command, a blank.
const SETS: [&str; 6] = ["password", "passwd", "passphrase", "secret", "token", "chpasswd"];

/// Whether a line sets a password: `password: x`, `Environment=DB_PASSWORD=x`, `--password x`, `https://me:x@host`.
fn sets_password(path: &Path, bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    // There `PASSWD:` is a tag.
    let is_sudoers = path.starts_with("/etc/sudoers") || path.starts_with("/etc/sudoers.d");
    !is_sudoers && text.lines().any(|line| !url_passwords(line).is_empty() || SETS.iter().any(|word| sets(line, word)))
}

fn sets(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = line.split_at_checked(at).unwrap_or_default();
        let after = after.strip_prefix(word).unwrap_or_default();
        // `lock_passwd: true` locks one.
        let is_whole = !before.ends_with(|last: char| last.is_ascii_alphabetic()) && !before.ends_with("lock_");
        let is_whole = is_whole && !before.ends_with("lock-");
        let after = after.trim_start_matches(['"', '\'']);
        let value = after.trim_start().strip_prefix([':', '=']);
        let value = value.or_else(|| (before.ends_with("--") && after.starts_with(' ')).then_some(after));
        let is_block = word == "chpasswd" && value.is_some();
        is_whole && (is_block || value.is_some_and(|value| !value.trim_matches(['"', '\'', ' ', '\t']).is_empty()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(path: &str, text: &str) -> bool {
        is_secret(Path::new(path), Some(&Node::new_file(text.as_bytes(), 0o600)), None)
    }

    #[test]
    fn secrets_are_known_by_name_place_and_content() {
        assert!(secret("/etc/shadow", ""));
        assert!(secret("/etc/shadow-", ""));
        assert!(secret("/etc/gshadow", ""));
        assert!(secret("/root/.bash_history", ""));
        assert!(secret("/etc/ssh/ssh_host_rsa_key", ""));
        assert!(secret("/etc/motd", "-----BEGIN OPENSSH PRIVATE KEY-----"));
        assert!(secret("/etc/passwd", "a:$6$x:0:0::/:"));
        assert!(secret("/var/log/auth.log", ""));
        for line in [
            "password: hunter22",
            "  - {name: bob, plain_text_passwd: hunter22}",
            "chpasswd:\n  list: |\n    root:hunter22",
            "Environment=\"DB_PASSWORD=hunter22\"",
            "ExecStart=/usr/bin/x --password hunter22",
            "//nas/x /mnt cifs username=a,password=hunter22 0 0",
            "deb https://me:hunter22@example.com/ x main",
            "api_token = hunter22",
        ] {
            assert!(secret("/etc/cloud/cloud.cfg.d/10-x.cfg", line), "{line}");
        }
        for line in
            ["    lock_passwd: True", "PasswordAuthentication yes", "password:", "deb https://example.com/a@b:c x"]
        {
            assert!(!secret("/etc/cloud/cloud.cfg", line), "{line}");
        }
        assert!(!secret("/etc/sudoers.d/90-x", "%sudo ALL=(ALL) PASSWD: ALL\nbob ALL=(ALL) NOPASSWD: ALL"));
        assert!(!secret("/etc/passwd", "a:x:0:0::/:"));
        assert!(!secret("/etc/ssh/sshd_config", "PermitRootLogin no"));
        assert!(!secret("/etc/ssh/ssh_host_rsa_key.pub", ""));
        assert!(!secret("/home/a/.ssh/authorized_keys", ""));
    }

    #[test]
    fn what_a_program_prints_is_shown_without_its_secrets_and_escapes() {
        assert_eq!(printable("Setting up nginx ..."), "Setting up nginx ...");
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert!(!printable("token=hunter22").contains("hunter22"));
        assert!(!printable("Get:1 https://me:hunter22@example.com/ x").contains("hunter22"));
    }
}
