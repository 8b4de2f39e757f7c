//! BOT-02: adds a configuration that asks for an address by DHCP on any wired card, for whoever brings cards up.

use std::path::{Path, PathBuf};

use crate::change::Remedy;
use crate::change::fix::put;
use crate::image::network::{Address, Format, Network, Tool};
use crate::image::units::State;
use crate::image::{Error, Image, Node};

const NETPLAN: &str = "\
network:
  version: 2
  ethernets:
    wired-en:
      match:
        name: \"en*\"
      dhcp4: true
      dhcp6: true
    wired-eth:
      match:
        name: \"eth*\"
      dhcp4: true
      dhcp6: true
";

const NETWORKD: &str = "\
[Match]
Name=en* eth*

[Network]
DHCP=yes
";

/// `multi-connect=3`: for as many cards as there are.
const KEYFILE: &str = "\
[connection]
id=wired-dhcp
type=ethernet
autoconnect-priority=-100
multi-connect=3

[ipv4]
method=auto

[ipv6]
method=auto
";

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    let network = image.network()?;
    let by_hand = |why: &str| Ok(Remedy::ByHand(why.to_owned()));
    let is_fixed = network.sources.iter().any(|source| {
        let takes = network.first_names().iter().any(|name| source.profile.takes(name));
        takes && source.profile.address == Address::Static && network.is_on(source.tool)
    });
    if is_fixed {
        return by_hand("A file gives the first card a fixed address; only a person knows what depends on it.");
    }
    let Some(tool) = chosen(network) else {
        return by_hand("No network service starts at boot; enable the one your distribution comes with.");
    };
    if tool == Tool::NetworkManager && network.unmanaged {
        return by_hand("NetworkManager is told to leave wired cards alone; decide who takes them.");
    }
    let mut changes = Vec::new();
    for (path, text, mode) in files(network, tool) {
        if image.lstat(&path)?.is_none() {
            put(image, &path, Some(Node::new_file(text.into_bytes(), mode)), &mut changes)?;
        }
    }
    if changes.is_empty() {
        by_hand("The files it would write are there already.")
    } else {
        Ok(Remedy::Changes(changes))
    }
}

/// Who brings cards up, one that is enabled before one that netplan would start.
fn chosen(network: &Network) -> Option<Tool> {
    let enabled = Tool::ALL.into_iter().find(|tool| network.state(*tool) == State::Enabled);
    enabled.or_else(|| Tool::ALL.into_iter().find(|tool| network.is_on(*tool)))
}

/// The files to write: path, text and mode.
fn files(network: &Network, tool: Tool) -> Vec<(PathBuf, String, u32)> {
    let one = |path: &str, text: &str, mode| vec![(PathBuf::from(path), text.to_owned(), mode)];
    let uses_netplan = network.has_netplan
        && (network.state(Tool::Networkd) != State::Enabled
            || network
                .sources
                .iter()
                .all(|source| source.format != Format::Networkd || !source.path.starts_with("/etc")));
    let each = |directory: &str, text: &str, is_shell: bool| {
        let file = |name: &&str| {
            let device = if is_shell { format!("DEVICE={name}\n") } else { String::new() };
            (Path::new(directory).join(format!("ifcfg-{name}")), format!("{device}{text}"), 0o644)
        };
        network.first_names().iter().map(file).collect()
    };
    match tool {
        Tool::Networkd if uses_netplan => one("/etc/netplan/90-dhcp.yaml", NETPLAN, 0o600),
        Tool::Networkd => one("/etc/systemd/network/85-dhcp.network", NETWORKD, 0o644),
        Tool::NetworkManager => one("/etc/NetworkManager/system-connections/wired-dhcp.nmconnection", KEYFILE, 0o600),
        Tool::NetworkScripts => {
            each("/etc/sysconfig/network-scripts", "TYPE=Ethernet\nBOOTPROTO=dhcp\nONBOOT=yes\n", true)
        }
        Tool::Wicked => each("/etc/sysconfig/network", "BOOTPROTO='dhcp'\nSTARTMODE='auto'\n", false),
        Tool::Ifupdown => {
            let stanza = |name: &&str| format!("allow-hotplug {name}\niface {name} inet dhcp\n");
            let text: String = network.first_names().iter().map(stanza).collect();
            one("/etc/network/interfaces.d/dhcp", &text, 0o644)
        }
    }
}
