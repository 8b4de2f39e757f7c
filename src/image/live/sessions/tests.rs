#![expect(clippy::disallowed_methods, reason = "a test makes its own /proc")]

use super::super::table::fake::{self, CONSOLE, SERIAL, pts};
use super::*;

/// A machine: admin over SSH (with `sudo -i`), root over SSH running one command, a login that has not succeeded yet,
/// Session Manager, somebody on the serial console, nobody on the screen, and a multiplexer.
fn machine() -> tempfile::TempDir {
    let proc = tempfile::tempdir().unwrap();
    let add = |ids, who, program, title, environment: &[&str]| {
        fake::process(proc.path(), ids, who, program, title, environment);
    };
    let sshd = "/usr/sbin/sshd";
    add((1, 0, 1), (0, 0), "/usr/lib/systemd/systemd", "/sbin/init", &[]);
    add((500, 1, 500), (0, 0), sshd, "sshd: /usr/sbin/sshd -D -o X=a@b [listener] 0 of 10-100 startups", &[]);
    add((600, 500, 600), (0, 0), sshd, "sshd: admin [priv]", &[]);
    add((601, 600, 600), (1000, 0), sshd, "sshd: admin@pts/0", &[]);
    let ssh = "SSH_CONNECTION=203.0.113.5 50110 10.0.0.10 22";
    add((602, 601, 602), (1000, pts(0)), "/usr/bin/bash", "-bash", &[ssh]);
    add((603, 602, 603), (0, pts(0)), "/usr/bin/sudo", "sudo -i", &[]);
    add((604, 603, 604), (0, pts(1)), "/usr/bin/bash", "-bash", &[]);
    add((605, 604, 605), (0, pts(1)), "/opt/seaworthy", "seaworthy seal", &[]);
    add((610, 500, 610), (0, 0), sshd, "sshd: root@notty", &[]);
    add((611, 610, 611), (0, 0), "/usr/bin/sleep", "sleep 60", &["SSH_CONNECTION=2001:db8::7 50111 2001:db8::1 22"]);
    add((620, 500, 620), (0, 0), sshd, "sshd: admin [priv]", &[]);
    add((621, 620, 620), (105, 0), sshd, "sshd: admin [net]", &[]);
    add((630, 1, 630), (0, 0), "/usr/bin/ssm-session-worker", "/usr/bin/ssm-session-worker admin-0123", &[]);
    add((631, 630, 631), (1001, pts(2)), "/usr/bin/dash", "sh", &[]);
    add((640, 1, 640), (0, 0), "/usr/bin/login", "/bin/login -p --", &[]);
    add((641, 640, 641), (0, SERIAL), "/usr/bin/bash", "-bash", &[]);
    add((650, 1, 650), (0, CONSOLE), "/usr/sbin/agetty", "/sbin/agetty tty1 linux", &[]);
    add((660, 1, 660), (1000, 0), "/usr/bin/tmux", "tmux new", &[ssh]);
    add((661, 660, 661), (1000, pts(3)), "/usr/bin/bash", "-bash", &[]);
    // What a user calls sshd, and says to be root's.
    add((670, 602, 602), (1000, pts(0)), "/home/admin/sshd", "sshd: root@pts/9", &[]);
    proc
}

fn look(proc: &Path, pid: i32) -> Vec<Session> {
    let people = BTreeMap::from([
        (0, ("root".to_owned(), PathBuf::from("/root"))),
        (1000, ("admin".to_owned(), PathBuf::from("/home/admin"))),
    ]);
    let logged = |user: &str, from: SocketAddr, monitor| {
        (user == "admin" && from.port() == 50110 && monitor == 600).then(|| "SHA256:x".to_owned())
    };
    sessions_of(&Machine { proc, pid, people: &people, logged: &logged }).unwrap()
}

#[test]
fn every_door_is_told() {
    let proc = machine();
    let found = look(proc.path(), 605);
    let told: Vec<_> =
        found.iter().map(|one| (one.leader, one.user.as_str(), one.tty.as_deref(), &one.door, one.is_own)).collect();
    let ssh = |from: &str, key: Option<&str>| Door::Ssh { from: from.parse().ok(), key: key.map(str::to_owned) };
    assert_eq!(
        told,
        [
            (600, "admin", Some("pts/0"), &ssh("203.0.113.5", Some("SHA256:x")), true),
            (610, "root", None, &ssh("2001:db8::7", None), false),
            (630, "1001", Some("pts/2"), &Door::SessionManager, false),
            (640, "root", Some("ttyS0"), &Door::SerialConsole, false),
            (660, "admin", Some("pts/3"), &Door::Unknown, false),
        ]
    );
    assert_eq!(found[0].started, 700);
}

#[test]
fn the_kernel_is_asked_before_the_environment() {
    let proc = machine();
    std::os::unix::fs::symlink("socket:[4242]", proc.path().join("600/fd/4")).unwrap();
    std::fs::create_dir(proc.path().join("net")).unwrap();
    let words = |text: &str| u32::from_ne_bytes(text.parse::<std::net::Ipv4Addr>().unwrap().octets());
    let line =
        format!("   0: {:08X}:0016 {:08X}:C3BF 01 0:0 0:0 0 0 0 4242 1\n", words("10.0.0.10"), words("198.51.100.9"));
    std::fs::write(proc.path().join("net/tcp"), format!("heading\n{line}")).unwrap();
    let found = look(proc.path(), 605);
    assert_eq!(found[0].door, Door::Ssh { from: "198.51.100.9".parse().ok(), key: None });
}

#[test]
fn who_works_in_a_multiplexer_is_in_the_session_that_looks_into_it() {
    let proc = machine();
    let own = |proc: &Path, pid| -> Vec<i32> {
        look(proc, pid).into_iter().filter(|one| one.is_own).map(|one| one.leader).collect()
    };
    assert_eq!(own(proc.path(), 661), [660], "nobody looks into it");
    fake::process(proc.path(), (606, 602, 602), (1000, pts(0)), "/usr/bin/tmux", "tmux attach", &[]);
    assert_eq!(own(proc.path(), 661), [600]);
    for (pid, leader) in [(602, 600), (611, 610), (631, 630), (641, 640)] {
        assert_eq!(own(proc.path(), pid), [leader]);
    }
    assert!(own(proc.path(), 500).is_empty(), "a service");
}

#[test]
fn newer_servers_split_themselves() {
    let proc = tempfile::tempdir().unwrap();
    let add = |ids, who, title| fake::process(proc.path(), ids, who, "/usr/lib/openssh/sshd-session", title, &[]);
    add((700, 1, 700), (0, 0), "sshd-session: admin [priv]");
    add((701, 700, 700), (1000, 0), "sshd-session: admin");
    add((710, 1, 710), (0, 0), "sshd-session: root@pts/4,pts/5");
    fake::process(proc.path(), (711, 710, 711), (0, pts(4)), "/usr/bin/bash", "-bash", &[]);
    let found = look(proc.path(), 1);
    let told: Vec<_> = found.iter().map(|one| (one.leader, one.user.as_str(), one.tty.as_deref())).collect();
    assert_eq!(told, [(700, "admin", None), (710, "root", Some("pts/4"))], "a connection without a command counts");
}

#[test]
fn names_are_made_visible() {
    let proc = tempfile::tempdir().unwrap();
    let title = format!("sshd: {}\u{1b}[2J@pts/0", "a".repeat(300));
    fake::process(proc.path(), (700, 1, 700), (0, 0), "/usr/sbin/sshd", &title, &[]);
    for session in look(proc.path(), 1) {
        assert!(session.user.len() <= 256 && !session.user.contains('\u{1b}'));
    }
}

#[test]
fn the_client_is_the_first_address_and_the_server_the_second() {
    let told = |said: &str| ends(said).map(|ends| (ends.peer.to_string(), ends.own.to_string()));
    assert_eq!(
        told("203.0.113.5 50110 10.0.0.10 22"),
        Some(("203.0.113.5:50110".to_owned(), "10.0.0.10:22".to_owned()))
    );
    assert_eq!(told("fe80::1%eth0 7 ::1 22"), Some(("[fe80::1]:7".to_owned(), "[::1]:22".to_owned())));
    assert_eq!(told("UNKNOWN 65535 UNKNOWN 65535"), None);
    assert_eq!(told("203.0.113.5 50110"), None);
    assert_eq!(told(""), None);
}

#[test]
fn the_running_machine_is_looked_at() {
    assert!(sessions(&[]).is_ok());
    assert_eq!(line().unwrap().first().map(|(pid, _)| *pid), Some(nix::unistd::getpid().as_raw()));
}
