//! Trees that change while they are looked at and changed: at every level a directory or file is exchanged, over and over,
//! with a link that leads outside, a FIFO or a device.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

use super::yard::Yard;

/// What is exchanged with its like outside: at each level of what is read, cleaned, edited and swept.
const PLACES: [&str; 12] = [
    "etc/ssh",
    "etc/ssh/sshd_config.d",
    "etc/ssh/sshd_config",
    "etc/cloud",
    "etc/sudoers",
    "etc/shadow",
    "root",
    "root/.ssh",
    "root/.bash_history",
    "home/ann",
    "home",
    "var/log",
];

/// An image with everything that is outside inside as well, in which each of the places has its twin beside it.
fn prepared() -> (Yard, Vec<(PathBuf, PathBuf)>) {
    let yard = Yard::new();
    let root = yard.root();
    for path in ["/etc/sudoers", "/etc/cloud/cloud.cfg", "/home/ann/.bash_history", "/var/log/syslog", "/var/log/wtmp"]
    {
        yard.file(path, "exit\n");
    }
    yard.file("/home/ann/.ssh/authorized_keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKt0 a\n");
    yard.file("/root/.ssh/id_ed25519", "x").file("/opt/app/config/.env", "DB_PASSWORD=Tr0ub4dor3x\n");
    let mut pairs = Vec::new();
    for place in PLACES {
        let twin = root.join(format!("{place}-twin"));
        // As the machine's own kernel reads it, from where it lies.
        let up = "../".repeat(place.matches('/').count() + 1);
        symlink(format!("{up}outside/{place}"), &twin).unwrap();
        assert!(twin.exists(), "{}", twin.display());
        pairs.push((root.join(place), twin));
    }
    for place in ["/etc/hosts", "/etc/hostname", "/etc/fstab"] {
        yard.file(place, "x\n").fifo(format!("{place}-twin"));
        pairs.push((root.join(&place[1..]), root.join(format!("{}-twin", &place[1..]))));
    }
    yard.file("/etc/motd", "x\n").device("/etc/motd-twin");
    yard.file("/opt/app/large", vec![b'x'; 1 << 20]).device("/opt/app/large-twin").fifo("/opt/app/fifo");
    for place in ["etc/motd", "opt/app/large"] {
        pairs.push((root.join(place), root.join(format!("{place}-twin"))));
    }
    (yard, pairs)
}

fn exchange(one: &Path, other: &Path) -> nix::Result<()> {
    renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE)
}

/// Says so when it goes, by a panic too.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `watch` while the pairs change places.
fn meanwhile(pairs: &[(PathBuf, PathBuf)], watch: impl FnOnce()) {
    let (over, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for (one, other) in pairs {
                    // What the program took away is gone; a directory above may just be exchanged, too.
                    if exchange(one, other).is_ok() {
                        rounds.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        });
        let _over = Over(&over);
        watch();
    });
    assert!(rounds.into_inner() > 1000, "nothing raced");
}

/// Looks and writes while the tree is moved about; `command` makes the program's command line.
fn raced(rounds: usize, command: impl Fn(&Yard, &[&str]) -> Command) {
    let (yard, pairs) = prepared();
    let run = |words: &[&str]| yard.is_fine(words, &command(&yard, words).output().unwrap());
    meanwhile(&pairs, || {
        for _ in 0..rounds {
            run(&["check", "--format", "json"]);
            run(&["apply", "--all", "--yes"]);
            run(&["diff"]);
            run(&["undo", "--everything", "--yes"]);
        }
    });
    yard.is_undisturbed();
}

/// The race may not reach a thing without a look at what the exchange does.
#[test]
fn the_places_of_the_races_lead_outside() {
    let (yard, pairs) = prepared();
    for (place, twin) in pairs.iter().take(PLACES.len()) {
        exchange(place, twin).unwrap();
        assert!(place.canonicalize().unwrap().starts_with(yard.outside()), "{place:?}");
        exchange(place, twin).unwrap();
        assert!(fs::symlink_metadata(place).unwrap().is_dir() || place.is_file());
    }
}

#[test]
fn what_is_exchanged_for_a_link_in_the_meantime_is_not_followed() {
    raced(2, |yard, words| yard.command(words));
}

#[test]
#[ignore = "takes many seconds; run by .ci/run"]
fn what_is_exchanged_for_a_link_over_and_over_is_not_followed() {
    raced(12, |yard, words| yard.command(words));
}

/// Has the kernel say that it knows no `openat2`, as those before 5.6 do, and runs the program.
const OLD_KERNEL: &str = r#"
import ctypes, os, platform, struct, sys
SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW, ENOSYS, OPENAT2 = 0x00050000, 0x7fff0000, 38, 437
code = [(0x20, 0, 0, 0), (0x15, 0, 1, OPENAT2), (0x06, 0, 0, SECCOMP_RET_ERRNO | ENOSYS), (0x06, 0, 0, SECCOMP_RET_ALLOW)]
filter = b"".join(struct.pack("=HBBI", *line) for line in code)
buffer = ctypes.create_string_buffer(filter)
program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0, os.strerror(ctypes.get_errno())
assert libc.syscall(OPENAT2, -100, b"/", 0, 0) == -1 and ctypes.get_errno() == ENOSYS
os.execv(sys.argv[1], sys.argv[1:])
"#;

/// The program's command line on a kernel without `openat2`.
fn on_old_kernel(yard: &Yard, words: &[&str]) -> Command {
    let inner = yard.command(words);
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", OLD_KERNEL, "/usr/bin/timeout"]).args(inner.get_args()).current_dir(yard.home()).env_clear();
    for (name, value) in inner.get_envs() {
        command.env(name, value.unwrap());
    }
    command.stdin(std::process::Stdio::null());
    command
}

#[test]
#[ignore = "needs python3; run by .ci/run"]
fn an_old_kernel_follows_no_exchanged_link_either() {
    raced(8, on_old_kernel);
}

#[test]
#[ignore = "needs python3; run by .ci/run"]
fn an_old_kernel_finds_what_a_new_one_does() {
    let (yard, _) = prepared();
    let said = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    let old = said(on_old_kernel(&yard, &["check", "--format", "json"]).output().unwrap());
    assert_eq!(old, said(yard.run(&["check", "--format", "json"])));
}
