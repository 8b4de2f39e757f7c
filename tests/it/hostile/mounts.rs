//! Mounts inside the image, and the ways out that `/proc` has. Each run has a mount namespace of its own.

use std::fs;
use std::process::{Command, Output};

use super::yard::Yard;
use crate::support::traces;

/// The program after `script` has mounted what it mounts; `$root` is the image, `$outside` what lies beside it.
fn run(yard: &Yard, script: &str, words: &[&str]) -> Output {
    let inner = yard.command(words);
    let script = format!("set -e; {script}; exec timeout \"$@\"");
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", &script, "sh"])
        .args(inner.get_args())
        .current_dir(yard.home())
        .env_clear()
        .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("root", yard.root())
        .env("outside", yard.outside())
        .output()
        .unwrap();
    yard.is_fine(words, &output);
    output
}

const WORDS: [&[&str]; 7] = [
    &["check", "--verbose"],
    &["facts", "--format", "json"],
    &["diff"],
    &["facts", "secrets"],
    &["apply", "--all", "--yes"],
    &["check"],
    &["undo", "--everything", "--yes"],
];

#[test]
#[ignore = "needs a mount namespace; run by .ci/run"]
fn the_ways_out_that_proc_has_are_not_taken() {
    let yard = Yard::new();
    let outside = yard.outside().display().to_string();
    for (path, target) in [
        ("/etc/passwd", format!("/proc/self/root{outside}/etc/passwd")),
        ("/etc/shadow", format!("/proc/1/root{outside}/etc/shadow")),
        ("/etc/group", "/proc/self/cwd/../outside/etc/group".to_owned()),
        ("/etc/ssh/sshd_config.d/a.conf", format!("/proc/thread-self/root{outside}/etc/ssh/sshd_config")),
        ("/etc/ssh/sshd_config.d/b.conf", "/proc/self/fd/0".to_owned()),
        ("/etc/ssh/sshd_config.d/c.conf", "/proc/kmsg".to_owned()),
        ("/etc/sudoers", "/proc/self/mem".to_owned()),
        ("/etc/fstab", "/proc/self/map_files".to_owned()),
        ("/etc/cloud", format!("/proc/self/root{outside}/etc/cloud")),
        ("/root", format!("/proc/1/cwd{outside}/root")),
        ("/home/ann", format!("/proc/self/root{outside}/home/ann")),
        ("/var/log", format!("/proc/self/task/../root{outside}/var/log")),
        ("/tmp", "/proc".to_owned()),
        ("/opt", "/proc/self".to_owned()),
        ("/srv", "/proc/self/fd".to_owned()),
    ] {
        yard.link(path, target);
    }
    yard.directory("/proc");
    let before = traces(&yard.root());
    for words in WORDS {
        run(&yard, "mount -t proc proc \"$root/proc\"", words);
    }
    yard.is_as(&before);
}

#[test]
#[ignore = "needs a mount namespace; run by .ci/run"]
fn a_second_mount_of_the_same_file_system_is_not_searched() {
    let yard = Yard::new();
    yard.directory("/mnt").directory("/mnt/outside").directory("/mnt/self");
    let before = traces(&yard.root());
    let script = "mount --bind \"$outside\" \"$root/mnt/outside\"; \
                  mount --rbind \"$root\" \"$root/mnt/self\"";
    for words in [&["check"][..], &["facts", "secrets"], &["apply", "SEC-03", "SEC-04", "--yes"]] {
        run(&yard, script, words);
    }
    yard.is_as(&before);
}

#[test]
#[ignore = "needs a mount namespace; run by .ci/run"]
fn an_overlay_is_an_image_like_any_other() {
    let yard = Yard::new();
    let home = yard.home();
    for name in ["upper", "work", "lower"] {
        fs::create_dir(home.join(name)).unwrap();
    }
    let before = traces(&yard.root());
    // What is below lies elsewhere; the image is what is mounted over it.
    let script = "mount --bind \"$root\" \"$HOME/lower\"; \
                  mount -t overlay overlay -o \"lowerdir=$HOME/lower,upperdir=$HOME/upper,workdir=$HOME/work\" \"$root\"";
    for words in WORDS {
        run(&yard, script, words);
    }
    assert_eq!(before, traces(&yard.root()), "what is below is not written to");
    // Copied up, and as it was.
    for (path, trace) in traces(&home.join("upper")) {
        assert!(before.get(&path).is_none_or(|was| was.content == trace.content), "{path:?}");
    }
}
