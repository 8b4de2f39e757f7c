use super::*;
use crate::change::Remedy;
use crate::change::trial::{mended, remedy_of};
use crate::check::trial::judged;
use crate::image::fixture::Fixture;

/// An image of `id` whose kernel is told `line`.
fn image_of(id: &str, line: &str) -> Fixture {
    let fixture = Fixture::debian();
    fixture
        .file("/etc/os-release", format!("ID={id}\n"))
        .file("/etc/default/grub", format!("GRUB_CMDLINE_LINUX=\"{line}\"\n"));
    fixture
}

fn enabled(fixture: &Fixture, unit: &str) {
    let path = format!("/usr/lib/systemd/system/{unit}");
    fixture.file(&path, "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n");
    fixture.link(&format!("/etc/systemd/system/multi-user.target.wants/{unit}"), &path);
}

/// The finding passes and names `mechanism`.
fn passes(fixture: &Fixture, mechanism: &str) {
    let finding = judged(&fixture.image(), "BOT-02");
    assert_eq!(finding.status, Status::Pass, "{finding:?}");
    assert!(finding.summary.contains(mechanism), "{finding:?}");
}

fn status(fixture: &Fixture) -> Status {
    judged(&fixture.image(), "BOT-02").status
}

#[test]
fn amazon_linux_2_has_network_scripts_for_eth0() {
    let fixture = image_of("amzn", "console=ttyS0 net.ifnames=0 biosdevname=0");
    fixture
        .file("/etc/sysconfig/network-scripts/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\nTYPE=Ethernet\n")
        .file("/etc/init.d/network", "#!/bin/sh\n")
        .mode("/etc/init.d/network", 0o755)
        .link("/etc/rc3.d/S10network", "../init.d/network");
    passes(&fixture, "ifcfg-eth0");
    fixture.file("/etc/default/grub", "GRUB_CMDLINE_LINUX=\"console=ttyS0\"\n");
    assert_eq!(status(&fixture), Status::Fail, "the first card is called ens5");
    fixture.remove("/etc/default/grub");
    assert_eq!(status(&fixture), Status::Unknown, "no command line tells what it is called");
}

#[test]
fn amazon_linux_2023_has_networkd_by_driver() {
    let fixture = image_of("amzn", "console=ttyS0");
    fixture.file("/usr/lib/systemd/network/80-ec2.network", "[Match]\nDriver=ena ixgbevf vif\n[Network]\nDHCP=yes\n");
    assert_eq!(status(&fixture), Status::Fail, "networkd does not start");
    enabled(&fixture, "systemd-networkd.service");
    passes(&fixture, "80-ec2.network");
    fixture.file("/etc/systemd/network/10-build.network", "[Match]\nName=ens5\n[Network]\nAddress=10.0.0.9/24\n");
    assert_eq!(status(&fixture), Status::Fail, "the first file by name counts");
    assert!(matches!(remedy_of(&fixture.image(), "BOT-02"), Some(Remedy::ByHand(_))));
}

#[test]
fn debian_11_has_ifupdown_with_a_template() {
    let fixture = image_of("debian", "quiet");
    enabled(&fixture, "networking.service");
    fixture
        .file(
            "/etc/network/interfaces",
            "source-directory /etc/network/interfaces.d\nsource-directory /run/network/interfaces.d\n",
        )
        .file("/lib/udev/rules.d/75-cloud-ifupdown.rules", "SUBSYSTEM==\"net\"\n")
        .file("/etc/network/cloud-interfaces-template", "auto $INTERFACE\niface $INTERFACE inet dhcp\n");
    passes(&fixture, "cloud-interfaces-template");
}

#[test]
fn debian_12_has_netplan_for_every_card() {
    let fixture = image_of("debian", "quiet");
    enabled(&fixture, "systemd-networkd.service");
    fixture.file(
        "/etc/netplan/90-default.yaml",
        "network:\n  ethernets:\n    all-en:\n      match: {name: en*}\n      dhcp4: true\n",
    );
    passes(&fixture, "90-default.yaml");
}

#[test]
fn ubuntu_leaves_it_to_cloud_init_and_netplan() {
    let fixture = image_of("ubuntu", "quiet");
    fixture
        .cloud_init("ubuntu")
        .file("/usr/sbin/netplan", "x")
        .file("/usr/lib/systemd/system-generators/netplan", "\x7fELF")
        .file("/usr/lib/systemd/system/systemd-networkd.service", "[Service]\n[Install]\nWantedBy=multi-user.target\n")
        .file(
            "/etc/netplan/50-cloud-init.yaml",
            "network: {ethernets: {ens5: {match: {macaddress: 'a:b'}, dhcp4: true}}}\n",
        );
    passes(&fixture, "cloud-init writes DHCP");
    fixture.file("/etc/cloud/cloud.cfg.d/99-x.cfg", "network: {config: disabled}\n");
    let finding = judged(&fixture.image(), "BOT-02");
    assert_eq!(finding.status, Status::Fail, "{finding:?}");
    assert!(finding.observations.iter().any(|seen| seen.text.as_deref().is_some_and(|text| text.contains("a:b"))));
    let after = mended(&fixture.image(), "BOT-02");
    assert!(judged(&after, "BOT-02").summary.contains("90-dhcp.yaml"));
}

#[test]
fn the_rhel_family_has_network_manager() {
    let fixture = image_of("rhel", "net.ifnames=0");
    enabled(&fixture, "NetworkManager.service");
    passes(&fixture, "NetworkManager asks");
    fixture.file("/etc/NetworkManager/conf.d/00-server.conf", "[main]\nno-auto-default=*\n");
    assert_eq!(status(&fixture), Status::Fail, "NetworkManager-config-server");
    mended(&fixture.image(), "BOT-02");
    fixture.file("/etc/sysconfig/network-scripts/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\n");
    passes(&fixture, "ifcfg-eth0");
}

#[test]
fn suse_has_wicked() {
    let fixture = image_of("sles", "net.ifnames=0");
    enabled(&fixture, "wicked.service");
    fixture.file("/etc/sysconfig/network/ifcfg-eth0", "STARTMODE='auto'\nBOOTPROTO='dhcp'\n");
    passes(&fixture, "wicked");
    fixture.file("/etc/sysconfig/network/ifcfg-eth0", "STARTMODE='off'\nBOOTPROTO='dhcp'\n");
    assert_eq!(status(&fixture), Status::Fail);
}

#[test]
fn each_service_gets_a_file_of_its_own_kind() {
    for (unit, prepare, written) in [
        ("systemd-networkd.service", "", "/etc/systemd/network/85-dhcp.network"),
        ("networking.service", "/etc/network/interfaces", "/etc/network/interfaces.d/dhcp"),
        ("wicked.service", "", "/etc/sysconfig/network/ifcfg-ens5"),
        ("network.service", "", "/etc/sysconfig/network-scripts/ifcfg-ens5"),
    ] {
        let fixture = image_of("x", "quiet");
        enabled(&fixture, unit);
        if !prepare.is_empty() {
            fixture.file(prepare, "source /etc/network/interfaces.d/*\n");
        }
        let after = mended(&fixture.image(), "BOT-02");
        assert!(after.lstat(written.as_ref()).unwrap().is_some(), "{unit}");
    }
    let fixture = image_of("x", "quiet");
    assert!(matches!(remedy_of(&fixture.image(), "BOT-02"), Some(Remedy::ByHand(_))), "nobody brings cards up");
}

#[test]
fn what_is_not_understood_is_unknown() {
    let fixture = image_of("debian", "quiet");
    enabled(&fixture, "systemd-networkd.service");
    fixture.file("/etc/netplan/90-default.yaml", "network:\n  ethernets: [\n");
    let finding = judged(&fixture.image(), "BOT-02");
    assert_eq!(finding.status, Status::Unknown);
    assert_eq!(finding.observations[0].path.as_deref(), Some("/etc/netplan/90-default.yaml".as_ref()));
    let fixture = image_of("debian", "quiet");
    fixture.fifo("/etc/network/interfaces");
    assert_eq!(judged(&fixture.image(), "BOT-02").status, Status::Unknown);
    let fixture = image_of("debian", "quiet");
    enabled(&fixture, "connman.service");
    assert_eq!(judged(&fixture.image(), "BOT-02").status, Status::Unknown);
}

#[test]
fn a_fixed_address_beside_cloud_inits_is_unknown() {
    let fixture = image_of("ubuntu", "quiet");
    enabled(&fixture, "systemd-networkd.service");
    fixture
        .cloud_init("ubuntu")
        .file("/usr/sbin/netplan", "x")
        .file("/etc/netplan/60-fixed.yaml", "network: {ethernets: {ens5: {addresses: [10.0.0.9/24]}}}\n");
    assert_eq!(status(&fixture), Status::Unknown);
}

#[test]
fn the_root_is_let_grow() {
    let fixture = image_of("debian", "quiet");
    assert_eq!(judged(&fixture.image(), "BOT-05").status, Status::NotApplicable);
    fixture.cloud_init("admin");
    assert_eq!(judged(&fixture.image(), "BOT-05").status, Status::Pass);
    fixture.file("/etc/cloud/cloud.cfg.d/10-x.cfg", "growpart:\n  mode: off\n");
    mended(&fixture.image(), "BOT-05");
}
