//! Images that are large rather than wrong: what is above a bound is told as such, and time and memory stay within theirs.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::yard::Yard;

/// The most memory that the program holds on any of them, in KiB. The release build takes a third of it.
const MEMORY: u64 = 192 << 10;

/// Runs `words` with bounded memory, and fails when it held more than [`MEMORY`].
fn measured(yard: &Yard, words: &[&str]) -> String {
    let inner = yard.command(words);
    let peak = yard.home().join("peak");
    // What the shell's own child took in the end, as the kernel counted it.
    let script = "import os, resource, subprocess, sys\n\
                  code = subprocess.call(sys.argv[2:])\n\
                  open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))\n\
                  os._exit(code)";
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", script]).arg(&peak).arg("timeout").args(inner.get_args());
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.current_dir(yard.home()).stdin(std::process::Stdio::null()).output().unwrap();
    yard.is_fine(words, &output);
    let held: u64 = fs::read_to_string(peak).unwrap().parse().unwrap();
    assert!(held < MEMORY, "{words:?}: {held} KiB");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs python3; run by .ci/run"]
fn a_hundred_thousand_accounts_are_too_many_and_told_so() {
    let yard = Yard::new();
    let (mut passwd, mut shadow, mut group) = (String::new(), String::new(), String::new());
    for number in 0..100_000 {
        let _ = writeln!(passwd, "u{number}:x:{0}:{0}::/home/u{number}:/bin/sh", 2000 + number);
        let _ = writeln!(shadow, "u{number}:!:19000:0:99999:7:::");
        let _ = writeln!(group, "g{number}:x:{}:u{number}", 2000 + number);
        fs::create_dir_all(yard.root().join(format!("home/u{number}"))).unwrap();
    }
    yard.add("/etc/passwd", &passwd).add("/etc/shadow", &shadow).add("/etc/group", &group);
    measured(&yard, &["check"]);
    let said = measured(&yard, &["check", "--format", "json", "--only", "ACC-02,SSH-01,KEY-03"]);
    assert!(!said.contains("\"status\": \"pass\"") && said.contains("it is larger than 4194304 bytes"), "{said}");
    // As many in shorter lines.
    yard.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n".to_owned() + &"a:x:1:1:::\n".repeat(100_000));
    let said = measured(&yard, &["check", "--format", "json"]);
    assert!(said.contains("there are more than 20000 entries"), "{said}");
}

#[test]
#[ignore = "takes many seconds; run by .ci/run"]
fn three_thousand_accounts_are_judged() {
    let yard = Yard::new();
    let (mut passwd, mut group) = (String::new(), String::new());
    for number in 0..3_000 {
        let _ = writeln!(passwd, "u{number}:x:{0}:{0}::/home/u{number}:/bin/sh", 2000 + number);
        let _ = writeln!(group, "g{number}:x:{}:u{number},u0", 2000 + number);
    }
    yard.add("/etc/passwd", &passwd).add("/etc/group", &group);
    yard.add("/etc/ssh/sshd_config", "Match Group g7\n  PasswordAuthentication yes\n");
    let found = yard.judged("SSH-01,SSH-05");
    assert_eq!((found.status("SSH-01"), found.status("SSH-05")), ("fail", "fail"));
}

#[test]
#[ignore = "needs python3; run by .ci/run"]
fn a_million_entries_of_a_directory_are_walked_and_not_listed() {
    let yard = Yard::new();
    yard.directory("/tmp").file("/tmp/0", "x");
    let first = yard.root().join("tmp/0");
    for number in 1..1_000_000 {
        fs::hard_link(&first, yard.root().join(format!("tmp/{number}"))).unwrap();
    }
    let said = measured(&yard, &["check", "--format", "json", "--only", "LOG-10,SEC-04"]);
    assert!(said.contains("there are more than 262144 entries"), "{said}");
    assert!(said.contains("\"status\": \"unknown\""), "{said}");
}

#[test]
#[ignore = "needs python3; run by .ci/run"]
fn files_of_a_million_lines_and_lines_of_many_megabytes_are_read_in_bounds() {
    let yard = Yard::new();
    yard.file("/etc/fstab", "UUID=x /x ext4 defaults 0 0\n".repeat(500_000));
    yard.file("/etc/hosts", "192.0.2.1 x\n".repeat(1_000_000))
        .file("/etc/crontab", "* * * * * root x\n".repeat(800_000));
    yard.file("/etc/sudoers", "x ALL = ALL\n".repeat(1_000_000));
    yard.file("/etc/cloud/cloud.cfg", ["a: ", &"b".repeat(12 << 20)].concat());
    yard.file("/etc/ssh/sshd_config.d/a.conf", ["Banner ", &"b".repeat(15 << 20)].concat());
    yard.file("/etc/environment", ["A=", &"b".repeat(100 << 20)].concat());
    let said = measured(&yard, &["check", "--format", "json"]);
    assert!(said.contains("/etc/fstab: it is larger than 1048576 bytes"), "{said}");
    // As many in shorter lines; who may use sudo is asked only where cloud-init's user is known.
    yard.file("/etc/cloud/cloud.cfg", "users: []\n");
    yard.file("/etc/fstab", "a b c\n".repeat(30_000)).file("/etc/sudoers", "x ALL = ALL\n".repeat(30_000));
    let said = measured(&yard, &["check", "--format", "json"]);
    for told in ["/etc/fstab: there are more than 20000 entries", "/etc/sudoers: there are more than 20000 entries"] {
        assert!(said.contains(told), "{told}: {said}");
    }
}
