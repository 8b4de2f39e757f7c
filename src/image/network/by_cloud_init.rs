//! What cloud-init does about the network at the first boot of a copy: from what EC2 tells it, it writes DHCP for the
//! first card in the format of the first renderer that is on the image (cloud-init's documentation, "Network
//! configuration"; its `net/renderers.py` and the `available` of each).

use std::path::Path;

use super::netplan::Netplan;
use super::{Address, Format, Network, Source, Tool};
use crate::image::cloud_init::{CloudInit, Runs, Value};
use crate::image::units::State;
use crate::image::{Error, Image, kernel, text};

/// A format cloud-init writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renderer {
    /// `/etc/network/interfaces.d`.
    Eni,
    /// `ifcfg-*`.
    Sysconfig,
    /// `/etc/netplan`.
    Netplan,
    /// Keyfiles.
    NetworkManager,
    /// `.network` files.
    Networkd,
}

impl Renderer {
    /// cloud-init's own order.
    const ORDER: [Self; 5] = [Self::Eni, Self::Sysconfig, Self::Netplan, Self::NetworkManager, Self::Networkd];

    /// cloud-init's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eni => "eni",
            Self::Sysconfig => "sysconfig",
            Self::Netplan => "netplan",
            Self::NetworkManager => "network-manager",
            Self::Networkd => "networkd",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ORDER.into_iter().find(|renderer| renderer.name() == name)
    }
}

/// What cloud-init does about the network at the first boot of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByCloudInit {
    /// It writes DHCP for the first card.
    Writes {
        /// In this format.
        renderer: Renderer,
        /// For this one to carry out.
        tool: Tool,
    },
    /// It writes what the image's own configuration says, which is among the sources.
    Fixed,
    /// It does nothing; why.
    No(String),
}

pub(super) fn read(image: &Image, network: &mut Network) -> Result<ByCloudInit, Error> {
    let no = |why: &str| Ok(ByCloudInit::No(why.to_owned()));
    let cloud_init = image.cloud_init()?;
    match &cloud_init.runs {
        Runs::Yes => {}
        Runs::NotInstalled => return no("cloud-init is not installed"),
        Runs::Disabled(why) => return Ok(ByCloudInit::No(format!("cloud-init will not run: {why}"))),
    }
    for (path, why) in &cloud_init.broken {
        network.broken.push(super::Broken { path: path.clone(), line: super::netplan::line_of(why), why: why.clone() });
    }
    let lines = kernel::command_lines(image)?;
    if let Some((path, _)) =
        lines.iter().find(|(_, line)| kernel::words(line).any(|word| word == "network-config=disabled"))
    {
        return Ok(ByCloudInit::No(format!("{} says network-config=disabled", text::path(path))));
    }
    let Some((renderer, tool)) = renderer(image, network, cloud_init)? else {
        return no("none of the programs cloud-init writes a network configuration for is on the image");
    };
    let origin = || cloud_init.origin("network").map_or_else(String::new, |origin| text::path(&origin.path));
    match cloud_init.get(&["network"]) {
        None | Some(Value::Null) => {}
        Some(_) if cloud_init.get(&["network", "config"]).and_then(Value::text) == Some("disabled") => {
            return Ok(ByCloudInit::No(format!("{} says `network: {{config: disabled}}`", origin())));
        }
        Some(given) => {
            fixed(cloud_init, given, tool, network);
            return Ok(ByCloudInit::Fixed);
        }
    }
    if image.stat(Path::new("/var/lib/cloud/data/upgraded-network"))?.is_some() {
        return no("/var/lib/cloud/data/upgraded-network keeps cloud-init from writing it");
    }
    Ok(ByCloudInit::Writes { renderer, tool })
}

/// The configuration that the image itself gives cloud-init, version 2 (netplan's) as sources; version 1 is only told
/// whether it asks for DHCP at all.
fn fixed(cloud_init: &CloudInit, given: &Value, tool: Tool, network: &mut Network) {
    let path = cloud_init.origin("network").map(|origin| origin.path.clone()).unwrap_or_default();
    let line = cloud_init.origin("network").map_or(1, |origin| origin.line);
    let given = match given {
        Value::Map(entries) => entries.iter().find(|(name, _)| name == "config").map_or(given, |(_, value)| value),
        _ => given,
    };
    let mut netplan = Netplan::default();
    netplan.lay(0, given, "");
    for (_, mut profile, _) in netplan.profiles() {
        profile.line = line;
        for bound in &mut profile.bound {
            (bound.path, bound.line) = (path.clone(), line);
        }
        network.sources.push(Source {
            path: path.clone(),
            format: Format::Netplan,
            tool,
            from_cloud_init: false,
            profile,
        });
    }
    let Value::List(cards) = given else { return };
    for card in cards {
        let get = |key: &str| match card {
            Value::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        };
        let mut profile = super::Profile { line, automatic: true, ..super::Profile::default() };
        profile.elsewhere = get("type").and_then(Value::text) != Some("physical");
        profile.names.extend(get("name").and_then(Value::text).map(str::to_owned));
        if let Some(mac) = get("mac_address").and_then(Value::text) {
            profile.bind(line, super::BoundTo::Mac, &format!("mac_address: {mac}"));
        }
        if let Some(Value::List(subnets)) = get("subnets") {
            let is_dhcp = |subnet: &Value| matches!(subnet, Value::Map(entries) if entries.iter().any(|(name, value)| name == "type" && matches!(value.text(), Some("dhcp" | "dhcp4"))));
            profile.address = if subnets.iter().any(is_dhcp) { Address::Dhcp } else { Address::Static };
        }
        for bound in &mut profile.bound {
            bound.path.clone_from(&path);
        }
        network.sources.push(Source {
            path: path.clone(),
            format: Format::Netplan,
            tool,
            from_cloud_init: false,
            profile,
        });
    }
}

/// The first renderer that is on the image, and who carries out what it writes.
fn renderer(image: &Image, network: &Network, cloud_init: &CloudInit) -> Result<Option<(Renderer, Tool)>, Error> {
    let listed = match cloud_init.get(&["system_info", "network", "renderers"]) {
        Some(Value::List(names)) => names.iter().filter_map(Value::text).filter_map(Renderer::named).collect(),
        _ => Renderer::ORDER.to_vec(),
    };
    for renderer in listed {
        if is_there(image, network, renderer)? {
            let manager = network.state(Tool::NetworkManager) == State::Enabled;
            let tool = match renderer {
                Renderer::Eni => Tool::Ifupdown,
                Renderer::Netplan | Renderer::Networkd => Tool::Networkd,
                Renderer::NetworkManager => Tool::NetworkManager,
                Renderer::Sysconfig if network.state(Tool::Wicked) == State::Enabled => Tool::Wicked,
                Renderer::Sysconfig if manager && network.state(Tool::NetworkScripts) != State::Enabled => {
                    Tool::NetworkManager
                }
                Renderer::Sysconfig => Tool::NetworkScripts,
            };
            return Ok(Some((renderer, tool)));
        }
    }
    Ok(None)
}

fn is_there(image: &Image, network: &Network, renderer: Renderer) -> Result<bool, Error> {
    let program = |names: &[&str], places: &[&str]| {
        for name in names {
            let mut found = false;
            for place in places {
                found |= image.stat(&Path::new(place).join(name))?.is_some();
            }
            if !found {
                return Ok::<bool, Error>(false);
            }
        }
        Ok(true)
    };
    let sbin = ["/sbin", "/usr/sbin", "/usr/bin"];
    let file = |path: &str| Ok::<bool, Error>(image.stat(Path::new(path))?.is_some());
    Ok(match renderer {
        Renderer::Eni => program(&["ifquery", "ifup", "ifdown"], &sbin)? && file("/etc/network/interfaces")?,
        Renderer::Netplan => program(&["netplan"], &sbin)?,
        Renderer::NetworkManager => {
            program(&["nmcli"], &["/usr/bin", "/bin"])? && network.state(Tool::NetworkManager) == State::Enabled
        }
        Renderer::Networkd => program(&["networkctl", "systemctl"], &["/usr/bin", "/bin"])?,
        Renderer::Sysconfig => {
            let scripts = program(&["ifup", "ifdown"], &sbin)?
                && (file("/etc/sysconfig/network-scripts/network-functions")?
                    || file("/etc/sysconfig/network/config")?);
            // Up to 23.x the main file of NetworkManager was enough.
            scripts
                || !image.glob("/usr/lib*/NetworkManager/*/libnm-settings-plugin-ifcfg-rh.so")?.is_empty()
                || (image.os().is_ok_and(|os| os.is_like("rhel") || os.is_like("fedora") || os.is_like("suse"))
                    && network.state(Tool::NetworkManager) == State::Enabled
                    && file("/etc/NetworkManager/NetworkManager.conf")?)
        }
    })
}
