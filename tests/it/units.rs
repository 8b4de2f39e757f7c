//! Unit states, compared with what the real `systemctl --root` says of the same directories.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use seaworthy::image::Image;
use seaworthy::image::units::State;

/// Every unit file `systemctl` lists, with the word it has for its state.
fn listed(root: &Path) -> BTreeMap<String, String> {
    let output = Command::new("systemctl")
        .arg("--root")
        .arg(root)
        .args(["list-unit-files", "--no-legend", "--no-pager", "--full", "--plain"])
        .output()
        .expect("systemctl runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let mut states = BTreeMap::new();
    for mut line in text.lines().map(str::split_whitespace) {
        if let (Some(name), Some(state)) = (line.next(), line.next()) {
            states.insert(name.to_owned(), state.to_owned());
        }
    }
    states
}

fn is_enabled(root: &Path, name: &str) -> String {
    let output =
        Command::new("systemctl").arg("--root").arg(root).args(["is-enabled", name]).output().expect("systemctl runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn agrees(state: State, word: &str) -> bool {
    match word {
        "enabled" => state == State::Enabled,
        "disabled" => state == State::Disabled,
        "masked" => state == State::Masked,
        "static" => state == State::Static,
        "" | "not-found" => state == State::Missing,
        // An alias has the state of the unit behind it.
        "alias" => state != State::Missing,
        _ => state == State::Other,
    }
}

fn compare(root: &Path) -> usize {
    let image = Image::open(root).expect("the root opens");
    let units = image.units().expect("units are read");
    let listed = listed(root);
    assert!(!listed.is_empty(), "systemctl listed nothing");
    let mut wrong: Vec<String> = listed
        .iter()
        .filter(|(name, word)| !agrees(units.state(name), word))
        .map(|(name, word)| format!("{name}: systemctl says {word}, we say {:?}", units.state(name)))
        .collect();
    for unit in &units.units {
        let word = is_enabled(root, &unit.name);
        if !agrees(unit.state, &word) && !unit.path.starts_with("/etc/init.d") {
            wrong.push(format!("{}: systemctl is-enabled says {word:?}, we say {:?}", unit.name, unit.state));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    listed.len()
}

fn file(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    fs::write(path, text).expect("a file");
}

fn link(root: &Path, path: &str, target: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    symlink(target, path).expect("a link");
}

#[test]
#[ignore = "needs systemctl; run by .ci/run"]
fn a_root_with_every_sort_of_unit() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    fs::create_dir_all(root.join("etc")).expect("directories");
    let install = "[Install]\nWantedBy=multi-user.target\n";
    for (path, text) in [
        ("usr/lib/systemd/system/on.service", install),
        ("usr/lib/systemd/system/off.service", install),
        ("usr/lib/systemd/system/masked.service", install),
        ("usr/lib/systemd/system/required.service", "[Install]\nRequiredBy=multi-user.target\n"),
        ("usr/lib/systemd/system/vendor-wanted.service", install),
        ("usr/lib/systemd/system/still.service", "[Service]\nExecStart=/bin/true\n"),
        ("usr/lib/systemd/system/empty.service", ""),
        ("usr/lib/systemd/system/also.service", "[Install]\nAlso=on.service\n"),
        (
            "usr/lib/systemd/system/continued.service",
            "[Install]\n; a comment\nWantedBy=\\\n# another\n multi-user.target\n",
        ),
        ("usr/lib/systemd/system/cleared.service", "[Install]\nWantedBy=a.target\nWantedBy=\n"),
        ("usr/lib/systemd/system/ssh.service", "[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n"),
        ("usr/lib/systemd/system/other.service", install),
        ("usr/lib/systemd/system/getty@.service", "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n"),
        ("usr/lib/systemd/system/wild@.service", install),
        ("usr/lib/systemd/system/vendor@.service", "[Service]\n"),
        ("usr/lib/systemd/system/dropped.service", "[Service]\nExecStart=/bin/true\n"),
        ("etc/systemd/system/dropped.service.d/x.conf", install),
        ("usr/lib/systemd/system/cut.service", install),
        ("etc/systemd/system/cut.service.d/x.conf", "[Install]\nWantedBy=\n"),
        ("usr/lib/systemd/system/overruled.service", "[Service]\nExecStart=/bin/true\n"),
        ("usr/lib/systemd/system/overruled.service.d/x.conf", install),
        ("etc/systemd/system/overruled.service.d/x.conf", "[Unit]\n"),
        ("usr/lib/systemd/system/renamed.service", install),
        ("etc/systemd/system/renamed.service.d/x.conf", "[Install]\nAlias=other-name.service\n"),
        ("usr/lib/systemd/system/multi-user.target", "[Unit]\n"),
        ("usr/lib/systemd/system/x.socket", "[Install]\nWantedBy=sockets.target\n"),
        ("usr/lib/systemd/system/shadowed.service", "[Service]\n"),
        ("etc/systemd/system/shadowed.service", install),
        ("usr/local/lib/systemd/system/local.service", install),
        ("opt/linked.service", install),
        ("opt/linked-on.service", install),
    ] {
        file(root, path, text);
    }
    for (path, target) in [
        ("etc/systemd/system/masked.service", "/dev/null"),
        ("etc/systemd/system/multi-user.target.wants/on.service", "/usr/lib/systemd/system/on.service"),
        ("etc/systemd/system/multi-user.target.wants/local.service", "/usr/local/lib/systemd/system/local.service"),
        ("etc/systemd/system/multi-user.target.requires/required.service", "/usr/lib/systemd/system/required.service"),
        ("etc/systemd/system/multi-user.target.wants/wild@a.service", "/usr/lib/systemd/system/wild@.service"),
        ("etc/systemd/system/getty.target.wants/getty@tty1.service", "/usr/lib/systemd/system/getty@.service"),
        ("etc/systemd/system/sockets.target.wants/x.socket", "/usr/lib/systemd/system/x.socket"),
        ("etc/systemd/system/foreign.service", "/usr/lib/systemd/system/other.service"),
        ("etc/systemd/system/sshd.service", "/usr/lib/systemd/system/ssh.service"),
        ("etc/systemd/system/other-name.service", "/usr/lib/systemd/system/renamed.service"),
        ("etc/systemd/system/linked.service", "/opt/linked.service"),
        ("etc/systemd/system/linked-on.service", "/opt/linked-on.service"),
        ("etc/systemd/system/multi-user.target.wants/linked-on.service", "/opt/linked-on.service"),
        ("etc/systemd/system/default.target", "/usr/lib/systemd/system/multi-user.target"),
        ("usr/lib/systemd/system/multi-user.target.wants/vendor-wanted.service", "../vendor-wanted.service"),
        ("usr/lib/systemd/system/getty.target.wants/vendor@a.service", "../vendor@.service"),
        ("etc/systemd/system/getty.target.wants/nobody@a.service", "/usr/lib/systemd/system/nobody@.service"),
    ] {
        link(root, path, target);
    }
    assert!(compare(root) > 20);
    let image = Image::open(root).expect("the root opens");
    assert_eq!(image.units().expect("units").default_target.as_deref(), Some("multi-user.target"));
}

/// The units of this machine (or of the root named by `SEAWORTHY_TEST_ROOT`), copied: unit directories alone.
#[test]
#[ignore = "needs systemctl; run by .ci/run"]
fn the_units_of_a_real_root() {
    let real = env::var_os("SEAWORTHY_TEST_ROOT").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    for path in ["etc/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system"] {
        copy(&real.join(path), &root.join(path));
    }
    if fs::read_link(real.join("lib")).is_ok() {
        symlink("usr/lib", root.join("lib")).expect("a link");
    } else {
        copy(&real.join("lib/systemd/system"), &root.join("lib/systemd/system"));
    }
    compare(root);
}

fn copy(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).expect("directories");
    for entry in entries.flatten() {
        let (here, there) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("a kind");
        if kind.is_symlink() {
            symlink(fs::read_link(here).expect("a link"), there).expect("a link");
        } else if kind.is_dir() {
            copy(&here, &there);
        } else if kind.is_file() {
            fs::copy(here, there).expect("a copy");
        }
    }
}
