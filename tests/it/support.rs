//! What several tests need: the program itself, a root to try it on, a whole tree to compare.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program with a clean environment: no colour, no agent, its state below `home`.
pub(crate) fn seaworthy<S: AsRef<OsStr>>(home: &Path, args: impl IntoIterator<Item = S>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(args)
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("LANG", "C.UTF-8")
        .env("TERM", "dumb")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Writes `text` to `path` inside `root`, making its directories.
pub(crate) fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A small root that looks like Debian 12 and is wrong in a few known places.
pub(crate) fn small_root(directory: &Path) -> PathBuf {
    let root = directory.join("root");
    put(&root, "/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
    put(&root, "/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nadmin:x:1000:1000::/home/admin:/bin/bash\n");
    put(&root, "/etc/shadow", "root:$6$abcdefgh$notarealhash:19000:0:99999:7:::\nadmin:!:19000:0:99999:7:::\n");
    put(&root, "/etc/group", "root:x:0:\nsudo:x:27:admin\nadmin:x:1000:\n");
    put(&root, "/etc/gshadow", "root:*::\nsudo:*::admin\nadmin:!::\n");
    put(&root, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    put(
        &root,
        "/etc/ssh/sshd_config",
        "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\nKbdInteractiveAuthentication no\nUsePAM yes\n",
    );
    put(&root, "/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication yes\n");
    put(&root, "/root/.bash_history", "mysql -p hunter2\nexit\n");
    put(&root, "/home/admin/.ssh/authorized_keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKt0 build@host\n");
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    root
}

/// Everything about one path that undo must bring back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) mode: u32,
    pub(crate) owner: (u32, u32),
    pub(crate) modified: (i64, i64),
    pub(crate) content: Vec<u8>,
    pub(crate) attributes: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Every path below `root` with its [`Trace`]; links by where they point.
pub(crate) fn traces(root: &Path) -> BTreeMap<PathBuf, Trace> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        let content = if meta.is_symlink() {
            fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else if meta.is_file() {
            fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        if meta.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let mut attributes: Vec<_> = xattr::list(&path)
            .map(|names| {
                names
                    .filter_map(|name| {
                        let value = xattr::get(&path, &name).ok().flatten()?;
                        Some((name.into_encoded_bytes(), value))
                    })
                    .collect()
            })
            .unwrap_or_default();
        attributes.sort();
        let trace = Trace {
            mode: meta.mode(),
            owner: (meta.uid(), meta.gid()),
            modified: (meta.mtime(), meta.mtime_nsec()),
            content,
            attributes,
        };
        found.insert(path.strip_prefix(root).unwrap().to_owned(), trace);
    }
    found
}

/// The paths in which two trees differ, with why.
pub(crate) fn differences(before: &BTreeMap<PathBuf, Trace>, after: &BTreeMap<PathBuf, Trace>) -> Vec<String> {
    let mut found = Vec::new();
    for (path, trace) in before {
        match after.get(path) {
            None => found.push(format!("{} is gone", path.display())),
            Some(now) if now != trace => found.push(format!("{} differs: {}", path.display(), what(trace, now))),
            Some(_) => {}
        }
    }
    found.extend(
        after.keys().filter(|path| !before.contains_key(*path)).map(|path| format!("{} is new", path.display())),
    );
    found
}

fn what(before: &Trace, after: &Trace) -> &'static str {
    if before.content != after.content {
        "content"
    } else if before.mode != after.mode {
        "mode"
    } else if before.owner != after.owner {
        "owner"
    } else if before.attributes != after.attributes {
        "extended attributes"
    } else {
        "modification time"
    }
}

/// Runs the program and kills it after so many lines on standard error; how many there were.
pub(crate) fn killed(home: &Path, lines: usize, arguments: &[&str]) -> usize {
    use std::io::BufRead as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(arguments)
        .env("XDG_STATE_HOME", home.join("state"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let progress = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    let seen = progress.take(lines).count();
    child.kill().unwrap();
    child.wait().unwrap();
    seen
}
