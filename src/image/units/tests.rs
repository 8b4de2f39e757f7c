//! Units of small roots; each expected state is what `systemctl --root` of systemd 252 says (`tests/it/units.rs` asks it).

use crate::image::fixture::Fixture;
use crate::image::{Node, Overlay};

use super::*;

const WANTED: &str = "[Install]\nWantedBy=multi-user.target\n";
const VENDOR: &str = "/usr/lib/systemd/system";
const LOCAL: &str = "/etc/systemd/system";

fn root() -> Fixture {
    let root = Fixture::bare();
    for name in ["on", "off", "masked", "ssh"] {
        let alias = if name == "ssh" { "Alias=sshd.service\n" } else { "" };
        root.file(&format!("{VENDOR}/{name}.service"), format!("[Service]\n{WANTED}{alias}"));
    }
    root.file(&format!("{VENDOR}/still.service"), "[Service]\nExecStart=/bin/true\n")
        .file(&format!("{VENDOR}/empty.service"), "")
        .file(&format!("{VENDOR}/also.service"), "[Install]\nAlso=on.service\n")
        .file(&format!("{VENDOR}/getty@.service"), "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n")
        .file(&format!("{VENDOR}/plain@.service"), "[Service]\n")
        .file(&format!("{VENDOR}/multi-user.target"), "[Unit]\n")
        .file(&format!("{VENDOR}/graphical.target"), "[Unit]\n")
        .link(&format!("{VENDOR}/default.target"), "graphical.target")
        .link(&format!("{LOCAL}/masked.service"), "/dev/null")
        .link(&format!("{LOCAL}/multi-user.target.wants/on.service"), "/lib/systemd/system/on.service")
        .link(&format!("{LOCAL}/multi-user.target.wants/gone.service"), "/usr/lib/systemd/system/gone.service")
        .link(&format!("{LOCAL}/getty.target.wants/getty@tty1.service"), "/usr/lib/systemd/system/getty@.service")
        .link(&format!("{VENDOR}/getty.target.wants/plain@a.service"), "../plain@.service");
    root
}

fn read(root: &Fixture) -> Units {
    Units::read(&root.image()).unwrap()
}

#[test]
fn each_state_is_told_from_files_and_links() {
    let units = read(&root());
    for (name, state) in [
        ("on", State::Enabled),
        ("on.service", State::Enabled),
        ("off", State::Disabled),
        ("masked", State::Masked),
        ("empty", State::Masked),
        ("still", State::Static),
        ("also", State::Other),
        ("gone", State::Missing),
        ("nowhere.socket", State::Missing),
        ("multi-user.target", State::Static),
        ("getty@", State::Enabled),
        ("getty@tty1", State::Enabled),
        ("getty@tty9", State::Disabled),
        ("plain@", State::Static),
        ("plain@a", State::Static),
        ("plain@b", State::Static),
    ] {
        assert_eq!(units.state(name), state, "{name}");
    }
}

#[test]
fn the_links_that_enable_are_named() {
    let units = read(&root());
    let links = |name| units.unit(name).unwrap().enabled_by.clone();
    assert_eq!(links("on"), [PathBuf::from("/etc/systemd/system/multi-user.target.wants/on.service")]);
    assert_eq!(links("getty@tty1"), [PathBuf::from("/etc/systemd/system/getty.target.wants/getty@tty1.service")]);
    assert!(links("off").is_empty());
}

#[test]
fn an_alias_stands_for_its_unit() {
    let root = root();
    let units = read(&root);
    assert_eq!(units.unit("sshd").unwrap().name, "ssh.service");
    assert_eq!(units.state("sshd"), State::Disabled);
    root.link(&format!("{LOCAL}/sshd.service"), "/lib/systemd/system/ssh.service");
    let units = read(&root);
    assert_eq!(units.state("sshd"), State::Enabled);
    assert_eq!(units.unit("ssh").unwrap().enabled_by, [PathBuf::from("/etc/systemd/system/sshd.service")]);
    assert!(!units.units.iter().any(|unit| unit.name == "sshd.service"));
}

#[test]
fn a_link_in_wants_of_the_vendor_does_not_enable() {
    let root = root();
    root.link(&format!("{VENDOR}/multi-user.target.wants/off.service"), "../off.service");
    let units = read(&root);
    assert_eq!(units.state("off"), State::Disabled);
    assert_eq!(units.unit("off").unwrap().enabled_by.len(), 1);
}

#[test]
fn drop_ins_may_bring_an_install_section() {
    let root = root();
    root.file(&format!("{LOCAL}/still.service.d/a.conf"), WANTED);
    assert_eq!(read(&root).state("still"), State::Disabled);
}

#[test]
fn the_default_target_is_followed_to_its_end() {
    let root = root();
    assert_eq!(read(&root).default_target.as_deref(), Some("graphical.target"));
    root.link(&format!("{LOCAL}/default.target"), "/usr/lib/systemd/system/multi-user.target");
    assert_eq!(read(&root).default_target.as_deref(), Some("multi-user.target"));
}

#[test]
fn links_in_a_circle_come_to_an_end() {
    let root = root();
    root.link(&format!("{LOCAL}/a.service"), "b.service").link(&format!("{LOCAL}/b.service"), "a.service");
    let units = read(&root);
    assert_eq!(units.state("on"), State::Enabled);
}

#[test]
fn merged_directories_are_read_once() {
    let root = root();
    root.link("/lib", "usr/lib");
    let units = read(&root);
    assert_eq!(units.units.iter().filter(|unit| unit.name == "on.service").count(), 1);
    assert_eq!(units.unit("on").unwrap().path, PathBuf::from("/usr/lib/systemd/system/on.service"));
}

#[test]
fn scripts_without_a_unit_count_and_others_do_not() {
    let root = root();
    for script in ["old.sh", "idle", "on"] {
        root.file(&format!("/etc/init.d/{script}"), "#!/bin/sh\n").mode(&format!("/etc/init.d/{script}"), 0o755);
    }
    root.file("/etc/init.d/README", "").link("/etc/rc2.d/S01old.sh", "../init.d/old.sh");
    root.link("/etc/rc2.d/K01idle", "../init.d/idle");
    let units = read(&root);
    assert_eq!(units.state("old"), State::Enabled);
    assert_eq!(units.state("idle"), State::Disabled);
    assert_eq!(units.unit("on").unwrap().path, PathBuf::from("/usr/lib/systemd/system/on.service"));
    assert_eq!(units.state("README"), State::Missing);
}

#[test]
fn an_image_without_systemd_has_no_units() {
    assert_eq!(read(&Fixture::bare()), Units::default());
}

#[test]
fn a_draft_is_judged_as_it_would_be() {
    let root = root();
    let mut overlay = Overlay::default();
    overlay.put("/etc/systemd/system/ssh.service", Some(Node::new_link("/dev/null")));
    overlay.put("/etc/systemd/system/multi-user.target.wants/on.service", None);
    let drafted = root.image().drafted(overlay);
    let units = Units::read(&drafted).unwrap();
    assert_eq!(units.state("ssh"), State::Masked);
    assert_eq!(units.state("on"), State::Disabled);
}
