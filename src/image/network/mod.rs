//! How the image configures its network cards at boot: who does it, and what each configuration file tells them.
//!
//! One parser for each format, each a pure function of a file's text; here they are put together. Only what concerns a
//! wired card and IPv4 is kept: bridges, tunnels and wireless cards are none an instance gets its first address on.
//! Whether that is good does not belong here.

use std::path::{Path, PathBuf};

use super::units::State;
use super::{Error, Image, kernel};

mod by_cloud_init;
mod ifcfg;
mod ini;
mod interfaces;
mod keyfile;
mod netplan;
mod networkd;
mod read;

pub use by_cloud_init::{ByCloudInit, Renderer};
pub use read::tied_links;

/// Who brings network cards up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// systemd-networkd.
    Networkd,
    /// `NetworkManager`.
    NetworkManager,
    /// The Red Hat network scripts, or `NetworkManager` reading their files.
    NetworkScripts,
    /// Debian's ifupdown.
    Ifupdown,
    /// SUSE's wicked.
    Wicked,
}

impl Tool {
    /// Every one of them.
    pub const ALL: [Self; 5] =
        [Self::Networkd, Self::NetworkManager, Self::NetworkScripts, Self::Ifupdown, Self::Wicked];

    /// Its name as people know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Networkd => "systemd-networkd",
            Self::NetworkManager => "NetworkManager",
            Self::NetworkScripts => "the network scripts",
            Self::Ifupdown => "ifupdown",
            Self::Wicked => "wicked",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Networkd => "systemd-networkd.service",
            Self::NetworkManager => "NetworkManager.service",
            Self::NetworkScripts => "network.service",
            Self::Ifupdown => "networking.service",
            Self::Wicked => "wicked.service",
        }
    }
}

/// The format of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `/etc/systemd/network/*.network`.
    Networkd,
    /// `/etc/netplan/*.yaml`.
    Netplan,
    /// `/etc/NetworkManager/system-connections/*`.
    Keyfile,
    /// `/etc/sysconfig/network-scripts/ifcfg-*`.
    Ifcfg,
    /// `/etc/sysconfig/network/ifcfg-*`.
    Wicked,
    /// `/etc/network/interfaces`.
    Interfaces,
}

/// Where the IPv4 address comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Address {
    /// DHCP.
    Dhcp,
    /// It is written in the file.
    Static,
    /// There is none, or not from here.
    #[default]
    Nothing,
}

/// What a configuration is tied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundTo {
    /// The MAC address of one network card.
    Mac,
    /// The UUID of one connection, which every copy would share.
    Uuid,
    /// An IP address of one network.
    Address,
    /// One place in one machine, or one machine's name.
    Place,
}

/// A line that ties a configuration to one machine or network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u32,
    /// To what.
    pub to: BoundTo,
    /// What the line says.
    pub text: String,
}

/// What one configuration says of wired cards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The line it begins on, from 1.
    pub line: u32,
    /// Its own name, where it has one.
    pub id: String,
    /// The cards it is for, as shell patterns; `!` in front: not these. Any card when there are none.
    pub names: Vec<String>,
    /// The drivers of the cards it is for, as shell patterns; any when there are none.
    pub drivers: Vec<String>,
    /// It is for something that is no wired card.
    pub elsewhere: bool,
    /// It tells its reader to leave the card alone.
    pub unmanaged: bool,
    /// Where the address comes from.
    pub address: Address,
    /// Whether the card comes up without anybody asking.
    pub automatic: bool,
    /// What ties it to one machine.
    pub bound: Vec<Bound>,
}

/// One configuration and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Its format.
    pub format: Format,
    /// Who carries it out.
    pub tool: Tool,
    /// cloud-init wrote it on an earlier boot.
    pub from_cloud_init: bool,
    /// What it says.
    pub profile: Profile,
}

/// A file that is not what its place says; where and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u32,
    /// Why.
    pub why: String,
}

/// How the image configures its network cards at boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Who brings cards up at boot, and the unit that says so.
    pub tools: Vec<(Tool, State)>,
    /// netplan's generator is on the image: it starts systemd-networkd when a file asks for it.
    pub has_netplan: bool,
    /// `NetworkManager` takes a wired card that no file speaks of, and asks for an address by DHCP.
    pub auto_default: bool,
    /// `NetworkManager` leaves wired cards to others.
    pub unmanaged: bool,
    /// Every configuration, in the order its reader goes by.
    pub sources: Vec<Source>,
    /// Files nobody can make sense of.
    pub broken: Vec<Broken>,
    /// What cloud-init does about it at the first boot of a copy.
    pub cloud_init: ByCloudInit,
    /// How cards are named.
    pub naming: kernel::Naming,
}

impl Network {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let mut tools = Vec::new();
        let units = image.units()?;
        for tool in Tool::ALL {
            // wicked calls itself network.service as well.
            let unit = units.unit(tool.unit()).filter(|unit| unit.name == tool.unit());
            tools.push((tool, unit.map_or(State::Missing, |unit| unit.state)));
        }
        let mut has_netplan = false;
        for place in ["/usr/lib/systemd/system-generators/netplan", "/lib/systemd/system-generators/netplan"] {
            has_netplan |= image.lstat(Path::new(place))?.is_some();
        }
        let mut network = Self {
            tools,
            has_netplan,
            auto_default: false,
            unmanaged: false,
            sources: Vec::new(),
            broken: Vec::new(),
            cloud_init: ByCloudInit::No("cloud-init was not asked".to_owned()),
            naming: kernel::naming(image)?,
        };
        read::sources(image, &mut network)?;
        network.cloud_init = by_cloud_init::read(image, &mut network)?;
        Ok(network)
    }

    /// The state of the unit that starts `tool`.
    pub fn state(&self, tool: Tool) -> State {
        self.tools.iter().find(|(known, _)| *known == tool).map_or(State::Missing, |(_, state)| *state)
    }

    /// Whether `tool` brings cards up at the next boot: its unit is enabled, or netplan starts it, or (for the files of
    /// the network scripts) `NetworkManager` reads them in their place.
    pub fn is_on(&self, tool: Tool) -> bool {
        match (tool, self.state(tool)) {
            (_, State::Enabled) => true,
            (Tool::Networkd, State::Disabled | State::Static | State::Other) => self.has_netplan,
            (Tool::NetworkScripts, _) => self.state(Tool::NetworkManager) == State::Enabled,
            _ => false,
        }
    }

    /// The names the first network card may have.
    pub fn first_names(&self) -> &'static [&'static str] {
        match self.naming {
            kernel::Naming::Kernel => &["eth0"],
            kernel::Naming::Predictable => &["ens5"],
            kernel::Naming::Unknown => &["ens5", "eth0"],
        }
    }

    /// Whether cloud-init writes a file such as this anew at the first boot of a copy.
    pub fn is_written_anew(&self, source: &Source) -> bool {
        source.from_cloud_init && matches!(self.cloud_init, ByCloudInit::Writes { .. })
    }
}

impl Profile {
    fn bind(&mut self, line: u32, to: BoundTo, text: &str) {
        self.bound.push(Bound { path: PathBuf::new(), line, to, text: text.to_owned() });
    }

    /// Draws together what the lines said on their own.
    fn settle(&mut self) {
        if self.unmanaged {
            self.address = Address::Nothing;
        } else if self.address == Address::Nothing && self.bound.iter().any(|bound| bound.to == BoundTo::Address) {
            self.address = Address::Static;
        }
    }

    /// Whether it is for the wired card called `name` of an EC2 instance that is not the one it was written on.
    pub fn takes(&self, name: &str) -> bool {
        let is_elsewhere = self.bound.iter().any(|bound| matches!(bound.to, BoundTo::Mac | BoundTo::Place));
        // The drivers of EC2's network cards.
        let has_driver = ["ena", "ixgbevf", "vif", "xen_netfront"]
            .iter()
            .any(|driver| self.drivers.iter().any(|pattern| fits(pattern, driver)));
        !self.elsewhere && !is_elsewhere && (self.drivers.is_empty() || has_driver) && self.is_named(name)
    }

    /// Whether it could be for some wired card, on the machine it was written on or any other.
    pub fn is_wired(&self) -> bool {
        let unbound = Self { bound: Vec::new(), drivers: Vec::new(), ..self.clone() };
        let literal = |name: &String| name.starts_with("en") || name.starts_with("eth");
        !self.elsewhere && (self.names.iter().any(literal) || unbound.takes("ens5") || unbound.takes("eth0"))
    }

    fn is_named(&self, name: &str) -> bool {
        let not = |pattern: &String| pattern.strip_prefix('!').is_some_and(|pattern| fits(pattern, name));
        let mut wanted = self.names.iter().filter(|pattern| !pattern.starts_with('!')).peekable();
        let is_wanted = wanted.peek().is_none() || wanted.any(|pattern| fits(pattern, name));
        is_wanted && !self.names.iter().any(not)
    }
}

/// Whether `name` fits a shell pattern.
fn fits(pattern: &str, name: &str) -> bool {
    super::glob::fits(pattern.as_bytes(), name.as_bytes())
}

#[cfg(test)]
mod tests;
