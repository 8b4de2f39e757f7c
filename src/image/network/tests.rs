use super::*;
use crate::image::fixture::Fixture;

fn unit(fixture: &Fixture, name: &str) {
    let path = format!("/usr/lib/systemd/system/{name}");
    fixture.file(&path, "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n");
    fixture.link(&format!("/etc/systemd/system/multi-user.target.wants/{name}"), &path);
}

fn network(fixture: &Fixture) -> Network {
    fixture.image().network().unwrap().clone()
}

#[test]
fn files_are_found_with_who_reads_them() {
    let fixture = Fixture::debian();
    fixture
        .file("/usr/lib/systemd/network/80-ec2.network", "[Match]\nDriver=ena\n[Network]\nDHCP=yes\n")
        .file("/usr/lib/systemd/network/10-hidden.network", "[Network]\nDHCP=yes\n")
        .link("/etc/systemd/network/10-hidden.network", "/dev/null")
        .file("/etc/systemd/network/80-ec2.network.d/x.conf", "[Network]\nAddress=10.0.0.9/24\n")
        .file(
            "/etc/netplan/50-cloud-init.yaml",
            "network:\n  ethernets:\n    ens5:\n      match: {macaddress: 'a:b'}\n      dhcp4: true\n",
        )
        .file("/etc/NetworkManager/system-connections/a.nmconnection", "[connection]\ntype=ethernet\n")
        .file("/etc/sysconfig/network-scripts/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\n")
        .file("/etc/sysconfig/network-scripts/ifcfg-lo", "DEVICE=lo\n")
        .file("/etc/sysconfig/network/ifcfg-eth0", "BOOTPROTO=dhcp\nSTARTMODE=auto\n")
        .file("/etc/network/interfaces", "source interfaces.d/*\nauto eth1\n")
        .file("/etc/network/interfaces.d/eth1", "iface eth1 inet dhcp\n");
    let found = network(&fixture);
    assert_eq!(found.broken, []);
    let said: Vec<_> = found
        .sources
        .iter()
        .map(|source| (source.path.to_str().unwrap(), source.tool, source.profile.automatic))
        .collect();
    assert_eq!(
        said,
        [
            ("/etc/netplan/50-cloud-init.yaml", Tool::Networkd, true),
            ("/usr/lib/systemd/network/80-ec2.network", Tool::Networkd, true),
            ("/etc/NetworkManager/system-connections/a.nmconnection", Tool::NetworkManager, true),
            ("/etc/sysconfig/network-scripts/ifcfg-eth0", Tool::NetworkScripts, true),
            ("/etc/sysconfig/network/ifcfg-eth0", Tool::Wicked, true),
            ("/etc/network/interfaces.d/eth1", Tool::Ifupdown, true),
        ]
    );
    assert!(found.sources[0].from_cloud_init && !found.sources[1].from_cloud_init);
    assert_eq!(found.sources[1].profile.bound[0].path, Path::new("/etc/systemd/network/80-ec2.network.d/x.conf"));
}

#[test]
fn what_is_no_configuration_is_told_and_a_fifo_is_an_error() {
    let fixture = Fixture::debian();
    fixture.file("/etc/netplan/a.yaml", "network: [\n").file("/etc/network/interfaces", "\nnonsense\n");
    let broken = network(&fixture).broken;
    assert_eq!(
        broken.iter().map(|broken| broken.path.to_str().unwrap()).collect::<Vec<_>>(),
        ["/etc/netplan/a.yaml", "/etc/network/interfaces"]
    );
    assert_eq!(broken[1].line, 2);
    let fixture = Fixture::debian();
    fixture.fifo("/etc/netplan/a.yaml");
    assert!(fixture.image().network().is_err());
    let fixture = Fixture::debian();
    fixture.fifo("/etc/network/interfaces");
    assert!(fixture.image().network().is_err());
}

#[test]
fn cloud_init_writes_for_the_first_renderer_there_is() {
    let fixture = Fixture::debian();
    assert!(matches!(network(&fixture).cloud_init, ByCloudInit::No(_)), "no cloud-init");
    fixture.cloud_init("admin");
    assert!(matches!(network(&fixture).cloud_init, ByCloudInit::No(_)), "nobody to write for");
    fixture.file("/usr/sbin/netplan", "#!/usr/bin/python3\n");
    let by_netplan = ByCloudInit::Writes { renderer: Renderer::Netplan, tool: Tool::Networkd };
    assert_eq!(network(&fixture).cloud_init, by_netplan);
    for program in ["ifquery", "ifup", "ifdown"] {
        fixture.file(&format!("/sbin/{program}"), "\x7fELF");
    }
    fixture.file("/etc/network/interfaces", "auto lo\n");
    assert_eq!(network(&fixture).cloud_init, ByCloudInit::Writes { renderer: Renderer::Eni, tool: Tool::Ifupdown });
    let order = "system_info: {network: {renderers: [netplan, eni]}}\n";
    fixture.file("/etc/cloud/cloud.cfg.d/10-a.cfg", order);
    assert_eq!(network(&fixture).cloud_init, by_netplan);
    fixture.file("/etc/cloud/cloud.cfg.d/20-b.cfg", "network: {config: disabled}\n");
    assert!(matches!(network(&fixture).cloud_init, ByCloudInit::No(why) if why.contains("20-b.cfg")));
    let own = "network: {version: 2, ethernets: {ens5: {dhcp4: true}}}\n";
    fixture.file("/etc/cloud/cloud.cfg.d/20-b.cfg", own);
    let found = network(&fixture);
    assert_eq!(found.cloud_init, ByCloudInit::Fixed);
    assert!(found.sources.iter().any(|source| source.path.ends_with("20-b.cfg") && source.profile.takes("ens5")));
    fixture
        .file("/etc/cloud/cloud.cfg.d/20-b.cfg", "a: 1\n")
        .file("/etc/default/grub", "GRUB_CMDLINE_LINUX=\"network-config=disabled\"\n");
    assert!(matches!(network(&fixture).cloud_init, ByCloudInit::No(why) if why.contains("grub")));
}

#[test]
fn version_1_of_cloud_inits_own_is_read_too() {
    let fixture = Fixture::debian();
    fixture.cloud_init("admin").file("/usr/sbin/netplan", "x").file(
        "/etc/cloud/cloud.cfg.d/20-b.cfg",
        "network:\n  version: 1\n  config:\n    - {type: physical, name: ens5, subnets: [{type: dhcp}]}\n    - {type: bridge, name: br0}\n",
    );
    let found = network(&fixture);
    assert!(found.sources[0].profile.takes("ens5") && found.sources[0].profile.address == Address::Dhcp);
    assert!(!found.sources[1].profile.takes("br0"));
}

#[test]
fn units_say_who_is_on() {
    let fixture = Fixture::debian();
    unit(&fixture, "wicked.service");
    unit(&fixture, "NetworkManager.service");
    let found = network(&fixture);
    assert!(found.is_on(Tool::Wicked) && found.is_on(Tool::NetworkManager) && found.is_on(Tool::NetworkScripts));
    assert!(!found.is_on(Tool::Networkd) && !found.is_on(Tool::Ifupdown));
    fixture.file("/usr/lib/systemd/system/systemd-networkd.service", "[Install]\nWantedBy=multi-user.target\n");
    assert!(!network(&fixture).is_on(Tool::Networkd));
    fixture.file("/usr/lib/systemd/system-generators/netplan", "\x7fELF");
    assert!(network(&fixture).is_on(Tool::Networkd));
    fixture.link("/etc/systemd/system/systemd-networkd.service", "/dev/null");
    assert!(!network(&fixture).is_on(Tool::Networkd));
}

#[test]
fn debian_11_writes_a_stanza_for_each_card() {
    let fixture = Fixture::debian();
    fixture
        .file(
            "/etc/network/interfaces",
            "source-directory /etc/network/interfaces.d\nsource-directory /run/network/interfaces.d\n",
        )
        .file("/etc/udev/rules.d/75-cloud-ifupdown.rules", "SUBSYSTEM==\"net\"\n")
        .file(
            "/etc/network/cloud-interfaces-template",
            "auto $INTERFACE\nallow-hotplug $INTERFACE\niface $INTERFACE inet dhcp\n",
        );
    let found = network(&fixture);
    assert!(found.sources[0].profile.takes("ens5") && found.sources[0].profile.address == Address::Dhcp);
}
