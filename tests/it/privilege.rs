//! What an ordinary user can do, and what needs root.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::tempdir;

use crate::support::{differences, small_root, stderr, stdout, traces};

/// The program as the user nobody, its state below `home`.
fn as_nobody(home: &Path, args: &[&str]) -> Output {
    // Where the program was built may be closed to others.
    let program = home.join("seaworthy");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_seaworthy"), &program).unwrap();
    }
    Command::new(program)
        .args(args)
        .env_clear()
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("LANG", "C.UTF-8")
        .current_dir("/")
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap()
}

#[test]
#[ignore = "needs root, to run the program as somebody else; run by .ci/run"]
fn anybody_may_look_and_only_root_may_change() {
    let directory = tempdir().unwrap();
    let root = small_root(directory.path());
    let home = directory.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::chown(&home, Some(65534), Some(65534)).unwrap();
    fs::set_permissions(root.join("etc/shadow"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(root.join("root"), fs::Permissions::from_mode(0o700)).unwrap();
    let before = traces(&root);
    let at = root.display().to_string();

    let checked = as_nobody(&home, &["check", "--root", &at, "--format", "json"]);
    assert_eq!(checked.status.code(), Some(1), "{}", stderr(&checked));
    let document: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    let rows = document["guidelines"].as_array().unwrap();
    for (id, path) in [("ACC-02", "/etc/shadow"), ("KEY-04", "/root/.ssh"), ("SEC-04", "/etc/shadow")] {
        let row = rows.iter().find(|row| row["id"] == id).unwrap();
        assert_eq!(row["status"], "unknown", "{row}");
        assert!(row.to_string().contains(path) && row.to_string().contains("run it as root"), "{row}");
    }
    assert!(rows.iter().any(|row| row["id"] == "SSH-04" && row["status"] == "fail"), "what can be read is judged");

    let checked = as_nobody(&home, &["check", "--root", &at]);
    assert!(stderr(&checked).contains("Not run as root"), "{}", stderr(&checked));
    for command in [&["apply", "--all", "--yes"][..], &["undo", "--yes"]] {
        let mut args = command.to_vec();
        args.extend(["--root", &at]);
        let refused = as_nobody(&home, &args);
        assert_eq!((refused.status.code(), stdout(&refused)), (Some(3), String::new()), "{}", stderr(&refused));
        assert_eq!(stderr(&refused).lines().count(), 1, "{}", stderr(&refused));
        assert!(stderr(&refused).contains("run it as root"), "{}", stderr(&refused));
    }
    assert_eq!(differences(&before, &traces(&root)), Vec::<String>::new());
}
