//! Which key somebody showed to sshd: from its log, or from the file it writes where `ExposeAuthInfo` is on.
#![expect(
    clippy::disallowed_methods,
    reason = "the door to what sshd writes for a session of the running machine, which is no part of the image"
)]

use std::ffi::OsStr;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use base64ct::{Base64, Base64Unpadded, Encoding as _};

use crate::image::{Image, program};

/// How much of the end of a log is read: 4 MiB, some 40,000 lines.
const TAIL: u64 = 4 << 20;

/// The log of logins: Debian's and Red Hat's names for it.
const LOGS: [&str; 2] = ["/var/log/auth.log", "/var/log/secure"];

/// The fingerprint of the key that `user` showed on the connection from `from`, which the sshd process `monitor` holds.
pub(super) fn logged(image: &Image, user: &str, from: SocketAddr, monitor: i32) -> Option<String> {
    LOGS.iter().find_map(|path| accepted(&tail(image, Path::new(path))?, user, from)).or_else(|| {
        let words = ["/usr/bin/journalctl", "--quiet", "--no-pager", "--boot", "--output=short", "--lines=200"];
        let fields = [format!("_PID={monitor}"), "_UID=0".to_owned()];
        let argv: Vec<String> = words.iter().map(|word| (*word).to_owned()).chain(fields).collect();
        let ended = program::run(image, &argv, Duration::from_secs(5), &mut |_| {}).ok()?;
        accepted(&ended.output, user, from)
    })
}

fn tail(image: &Image, path: &Path) -> Option<String> {
    let mut file = image.open_file(path).ok()??;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The fingerprint in the last line in which sshd says that it took a key on that connection:
/// `… sshd[812]: Accepted publickey for admin from 203.0.113.5 port 50110 ssh2: ED25519 SHA256:…`.
///
/// What follows `sshd[…]: ` is sshd's own word: a login name with that sentence in it stands further back.
fn accepted(log: &str, user: &str, from: SocketAddr) -> Option<String> {
    let wanted = format!("Accepted publickey for {user} from {} port {} ssh2: ", from.ip(), from.port());
    log.lines().rev().find_map(|line| {
        let (head, message) = line.split_once("]: ")?;
        let (program, pid) = head.rsplit_once(['[', ' '])?;
        let is_sshd = ["sshd", "sshd-session", "sshd-auth"].iter().any(|name| {
            program.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
        });
        if !is_sshd || !pid.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let rest = message.strip_prefix(&wanted)?;
        rest.split(' ').find(|word| is_fingerprint(word)).map(str::to_owned)
    })
}

fn is_fingerprint(word: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    word.strip_prefix("SHA256:").is_some_and(|digest| digest.len() == 43 && digest.bytes().all(is_letter))
}

/// The largest file of `SSH_USER_AUTH` that is read; one line for each method, a key has at most 16 KiB.
const SHOWN: u64 = 64 << 10;

/// The fingerprint of the key in the file that `SSH_USER_AUTH` names (`sshd_config(5)`, `ExposeAuthInfo`).
pub(super) fn shown(path: &OsStr) -> Option<String> {
    let path = Path::new(path);
    let mut options = std::fs::OpenOptions::new();
    // The name comes from a user: whatever lies there, looking at it neither waits nor follows.
    options.read(true).custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY);
    let is_plain = path.is_absolute() && std::fs::symlink_metadata(path).ok()?.is_file();
    let file = is_plain.then(|| options.open(path).ok()).flatten()?;
    let mut text = String::new();
    file.metadata().ok()?.is_file().then_some(())?;
    file.take(SHOWN).read_to_string(&mut text).ok()?;
    text.lines().find_map(|line| fingerprint(line.strip_prefix("publickey ")?))
}

/// `ssh-ed25519 AAAA…` as OpenSSH prints its fingerprint.
fn fingerprint(key: &str) -> Option<String> {
    let blob = Base64::decode_vec(key.split(' ').nth(1)?).ok()?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &blob);
    Some(format!("SHA256:{}", Base64Unpadded::encode_string(digest.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINT: &str = "SHA256:ujjrHoIwXD7vDYIv0eAaLJxjVQ0bAvs3t1iUgNlP7VM";

    fn from(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[test]
    fn the_last_line_of_that_connection_tells_the_key() {
        let line = |program: &str, rest: &str| format!("Nov 23 01:00:00 build {program}[812]: Accepted {rest}\n");
        let rest = format!("publickey for admin from 203.0.113.5 port 50110 ssh2: ED25519 {PRINT}");
        for program in ["sshd", "sshd-session"] {
            assert_eq!(accepted(&line(program, &rest), "admin", from("203.0.113.5:50110")).as_deref(), Some(PRINT));
        }
        let iso =
            format!("2026-11-23T01:00:00.123456+00:00 build {}", line("sshd", &rest).split_once("build ").unwrap().1);
        assert_eq!(accepted(&iso, "admin", from("203.0.113.5:50110")).as_deref(), Some(PRINT));
        for (user, peer) in
            [("root", "203.0.113.5:50110"), ("admin", "203.0.113.6:50110"), ("admin", "203.0.113.5:50111")]
        {
            assert_eq!(accepted(&line("sshd", &rest), user, from(peer)), None);
        }
        assert_eq!(accepted(&line("evil", &rest), "admin", from("203.0.113.5:50110")), None);
        assert_eq!(accepted(&line("my-sshd", &rest), "admin", from("203.0.113.5:50110")), None);
    }

    #[test]
    fn a_name_with_that_sentence_in_it_is_not_believed() {
        let said = format!("Accepted publickey for admin from 203.0.113.5 port 50110 ssh2: RSA {PRINT}");
        let log = format!("Nov 23 01:00:00 build sshd[9]: Invalid user sshd[812]: {said} from 198.51.100.1 port 7\n");
        assert_eq!(accepted(&log, "admin", from("203.0.113.5:50110")), None);
        assert_eq!(accepted("]: \n[]: ", "admin", from("203.0.113.5:50110")), None);
    }

    #[test]
    fn a_shown_key_is_read_from_a_plain_file_only() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("sshauth.1");
        // RFC 8032's first test key, as `ssh-keygen -l` prints it.
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
        std::fs::write(&path, format!("password\npublickey {key}\n")).unwrap();
        assert!(is_fingerprint(&shown(path.as_os_str()).unwrap()));
        let link = place.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let fifo = place.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for other in [&link, &fifo, &place.path().join("none"), &place.path().to_owned()] {
            assert_eq!(shown(other.as_os_str()), None);
        }
    }
}
