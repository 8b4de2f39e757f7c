//! Accounts whose homes are the system's directories, lead elsewhere, or are no directories: nothing below them that is
//! not a person's is taken, and nothing is followed.

use super::yard::{Yard, odd};
use crate::support::traces;

/// What passwd calls homes here. The directories are there, and so are files in them that a person's home would be
/// cleaned of.
const SYSTEM: [&str; 30] = [
    "/",
    "//",
    "/.",
    "/..",
    "/../..",
    "/root/..",
    "/etc",
    "/etc/",
    "/etc/.",
    "/etc/../etc",
    "//etc",
    "/usr",
    "/usr/lib",
    "/usr/sbin",
    "/bin",
    "/boot",
    "/dev",
    "/proc",
    "/sys",
    "/run",
    "/var",
    "/var/lib",
    "/var/log",
    "/tmp",
    "/opt",
    "/srv",
    "/home",
    "/home/.",
    "/home/ann/../..",
    "/home/admin/../../etc",
];

/// Homes that are nothing of the kind.
const NONE: [&str; 12] = [
    "",
    ".",
    "..",
    "etc",
    "../outside",
    "/nonexistent",
    "/nonexistent/../etc",
    "/etc/passwd",
    "/srv/fifo",
    "/srv/loop",
    "/dev/null",
    "/proc/self/cwd",
];

fn lines<'h>(homes: impl IntoIterator<Item = &'h str>) -> String {
    let line = |(number, home): (usize, &str)| format!("odd{number}:x:{}:100::{home}:/bin/bash\n", 2000 + number);
    homes.into_iter().enumerate().map(line).collect()
}

#[test]
fn homes_that_are_the_systems_directories_are_not_cleaned() {
    let yard = Yard::new();
    yard.add("/etc/passwd", &lines(SYSTEM));
    let key = ["-----BEGIN OPENSSH PRIVATE", " KEY-----\nb3BlbnNzaA\n-----END OPENSSH PRIVATE", " KEY-----\n"].concat();
    let mut kept = Vec::new();
    // What each remedy for homes takes by a name that a system's directory may have as well.
    for directory in ["", "/etc", "/usr", "/usr/lib", "/usr/sbin", "/boot", "/var", "/var/lib", "/opt", "/srv"] {
        for name in
            ["site.pem", "id_rsa", "server.key", "mbox", "dead.letter", "app.keytab", "seaworthy-notes", ".cache/x"]
        {
            // The root's and /etc's own rules.
            if !(directory == "/etc" && name == "app.keytab" || directory == "/opt" && name.starts_with("seaworthy")) {
                kept.push(format!("{directory}/{name}"));
            }
            yard.file(format!("{directory}/{name}"), &key);
        }
    }
    let before = traces(&yard.root());
    let found = yard.judged("");
    for id in found.with_remedy() {
        yard.run(&["apply", "--yes", &id]);
        let gone: Vec<_> = kept.iter().filter(|path| !yard.root().join(&path[1..]).exists()).collect();
        assert!(gone.is_empty(), "{id} took {gone:?}");
    }
    for path in ["/etc/passwd", "/etc/ssh/sshd_config", "/usr/bin", "/etc/os-release"] {
        assert!(yard.root().join(&path[1..]).exists(), "{path}");
    }
    yard.run(&["undo", "--everything", "--yes"]);
    yard.is_as(&before);
}

#[test]
fn homes_that_are_none_stop_nothing() {
    let yard = Yard::new();
    yard.fifo("/srv/fifo").link("/srv/loop", "loop").add("/etc/passwd", &lines(NONE));
    let long = format!("/{}", "h".repeat(65_536));
    yard.add("/etc/passwd", &lines([long.as_str()]));
    // A number that no user id holds, and lines that are none.
    yard.add("/etc/passwd", "over:x:4294967296:0::/root:/bin/sh\nneg:x:-1:0::/root:/bin/sh\n::::::\n:::\nx\n");
    assert_ne!(yard.judged("ACC-10").status("ACC-10"), "");
    yard.gone_through();
}

#[test]
fn names_of_accounts_may_be_anything() {
    let yard = Yard::new();
    let names: [&[u8]; 9] = [
        b"../../../../outside",
        b"..",
        b"/",
        b"\x1b]0;owned\x07\x1b[2J",
        "ann\u{202e}toor".as_bytes(),
        b"\xff\xfe",
        b"a b\tc",
        b"$(reboot)`reboot`;reboot",
        b"-rf",
    ];
    let mut passwd = b"root:x:0:0:root:/root:/bin/bash\nadmin:x:1000:1000::/home/admin:/bin/bash\n".to_vec();
    let mut shadow = b"root:*:19000:0:99999:7:::\nadmin:!:19000:0:99999:7:::\n".to_vec();
    for (number, name) in names.iter().chain([&"n".repeat(65_536).into_bytes().as_slice()]).enumerate() {
        passwd.extend([*name, format!(":x:{}:100::/home/x{number}:/bin/bash\n", 2000 + number).as_bytes()].concat());
        shadow.extend([*name, b":$6$abcdefgh$notarealhash:1:::::\x1b[31m:\n"].concat());
    }
    yard.file("/etc/passwd", &passwd).file("/etc/shadow", &shadow);
    // Where names become paths: key files, crontabs, mail.
    yard.add("/etc/ssh/sshd_config", "AuthorizedKeysFile /etc/ssh/keys/%u /var/keys/%u/%h\nAllowUsers ../../x\n");
    yard.directory("/etc/ssh/keys").directory("/var/keys");
    yard.gone_through();
    // A zero byte makes it no text at all.
    yard.file("/etc/passwd", [passwd.as_slice(), b"nul\0:x:1:1::/:/bin/sh\n"].concat());
    yard.gone_through();
}

#[test]
fn a_home_that_leads_out_is_not_followed() {
    let yard = Yard::new();
    let up = format!("{}{}", "../".repeat(40), yard.outside().display().to_string().trim_start_matches('/'));
    yard.link("/home/ann", &up).link("/srv/eve", &up).link("/var/lib/bob", format!("/proc/self/root/{up}"));
    yard.add("/etc/passwd", &lines(["/home/ann", "/srv/eve", "/var/lib/bob", &format!("/{up}"), "/home/ann/home/ann"]));
    yard.gone_through();
}

#[test]
fn a_home_whose_name_is_no_text_stands_for_no_other() {
    let yard = Yard::new();
    // As a pattern it would be `/???`, which `/etc` and `/srv` fit.
    yard.file(odd(b"/\xff\xff\xff/mbox"), "a").file("/srv/mbox", "a").file("/etc/mbox", "a");
    let passwd = std::fs::read(yard.root().join("etc/passwd")).unwrap();
    yard.file("/etc/passwd", [passwd.as_slice(), b"odd:x:2000:100::/\xff\xff\xff:/bin/bash\n"].concat());
    assert_eq!(yard.judged("LOG-07").paths("LOG-07").len(), 1);
    yard.gone_through();
}
