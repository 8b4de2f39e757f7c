//! SSH-08: nothing on the image keeps AWS's scanner out: sshd's own lists, TCP wrappers, firewall rules.
//!
//! Rules are followed for a new connection from each of the scanner's networks. Where they are more than this reading
//! understands, it says so instead of guessing.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::ssh_socket::{self, Listen};
use crate::check::kinds::sshd::{no_server, refused};
use crate::check::own::key_login::fits;
use crate::check::{Finding, Observation, Status};
use crate::image::sshd::Connection;
use crate::image::text::visible;
use crate::image::units::State;
use crate::image::{Error, Image};

pub(super) mod firewalls;

/// Where AWS scans from (AMI-based product requirements, "SSH access"); each is a /16.
const SCANNERS: [Net; 3] = [Net::of([10, 0]), Net::of([10, 2]), Net::of([10, 17])];

/// A buyer somewhere on the Internet (RFC 5737 keeps addresses of this network for documents).
pub(super) const EVERYBODY: Net = Net::of([203, 0]);

/// A network of 65,536 IPv4 addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Net(u32);

/// How a rule's addresses and a network lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overlap {
    Whole,
    Part,
    None,
}

impl Net {
    const fn of([first, second]: [u8; 2]) -> Self {
        Self(u32::from_be_bytes([first, second, 0, 0]))
    }

    /// An address in it.
    fn sample(self) -> Ipv4Addr {
        Ipv4Addr::from(self.0 | 5)
    }

    /// Whether `10.0.0.0/8`, an address or `0/0` takes it in; `None` when that is not written as an address.
    fn within(self, cidr: &str) -> Option<Overlap> {
        let (address, bits) = cidr.split_once('/').unwrap_or((cidr, "32"));
        let address: Ipv4Addr = if address == "0" { Ipv4Addr::UNSPECIFIED } else { address.parse().ok()? };
        let bits: u32 = match bits.parse::<Ipv4Addr>() {
            Ok(mask) => u32::from(mask).leading_ones(),
            Err(_) => bits.parse().ok().filter(|bits| *bits <= 32)?,
        };
        let mask = |bits: u32| u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        let same = |bits: u32| u32::from(address) & mask(bits) == self.0 & mask(bits);
        Some(match (same(bits.min(16)), bits <= 16) {
            (false, _) => Overlap::None,
            (true, true) => Overlap::Whole,
            (true, false) => Overlap::Part,
        })
    }
}

/// What one set of rules does with a new connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    Shut(Observation),
    Unclear(Observation),
}

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let sshd = image.sshd()?;
    if sshd.main.is_none() {
        return Ok(no_server());
    }
    if let Some(refused) = refused(sshd, "so nobody reaches it") {
        return Ok(refused);
    }
    let listens = ssh_socket::listens(image)?;
    let of_socket = listens.iter().flatten().find_map(Listen::port);
    let port: u16 = of_socket.or_else(|| sshd.effective(None).value("port").parse().ok()).unwrap_or(22);
    let (mut shut, mut unclear) = (Vec::new(), Vec::new());
    let mut judge = |door: Door| match door {
        Door::Shut(seen) if !shut.contains(&seen) => shut.push(seen),
        Door::Unclear(seen) if !unclear.contains(&seen) => unclear.push(seen),
        Door::Open | Door::Shut(_) | Door::Unclear(_) => {}
    };
    judge(match &listens {
        Some(listens) => of_socket_unit(listens),
        None => listening(image)?,
    });
    judge(wrappers(image)?);
    for net in SCANNERS {
        judge(lists(image, net)?);
        for door in firewalls::judge(image, port, net)? {
            judge(door);
        }
    }
    Ok(if !shut.is_empty() {
        Finding::new(Status::Fail, "The image keeps out SSH connections from where AWS scans.").seen(shut).seen(unclear)
    } else if !unclear.is_empty() {
        let text = "Whether AWS's scanner gets through to SSH cannot be told from these rules; try it from outside.";
        Finding::new(Status::Unknown, text).seen(unclear)
    } else {
        Finding::new(Status::Pass, format!("Nothing on the image keeps connections to port {port} out."))
    })
}

/// What surely keeps a new connection from `from` (an IPv4 address; else somebody on the Internet) away from the server
/// on `port`.
pub(crate) fn shut(image: &Image, port: u16, from: Option<IpAddr>) -> Result<Option<Observation>, Error> {
    let net = match from {
        Some(IpAddr::V4(address)) => Net(u32::from(address) & 0xffff_0000),
        _ => EVERYBODY,
    };
    let listens = ssh_socket::listens(image)?;
    let of_socket = listens.iter().flatten().find_map(Listen::port);
    let mut doors = vec![match &listens {
        Some(listens) => of_socket_unit(listens),
        None => listening(image)?,
    }];
    doors.push(wrappers(image)?);
    doors.extend(firewalls::judge(image, of_socket.unwrap_or(port), net)?);
    Ok(doors.into_iter().find_map(|door| match door {
        Door::Shut(seen) => Some(seen),
        Door::Open | Door::Unclear(_) => None,
    }))
}

/// Whether a unit starts at boot.
fn starts(image: &Image, unit: &str) -> Result<bool, Error> {
    Ok(image.units()?.state(unit) == State::Enabled)
}

/// Whether a server at this address is reached from the scanner's networks.
fn is_reached(address: &str) -> bool {
    match address.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => !address.is_loopback(),
        // The scanner's networks are IPv4; `::` takes it in as well.
        Ok(IpAddr::V6(address)) => address.is_unspecified(),
        Err(_) => true,
    }
}

fn of_socket_unit(listens: &[Listen]) -> Door {
    match listens.first() {
        Some(first) if !listens.iter().any(|listen| listen.address().is_none_or(is_reached)) => {
            let what = format!("systemd listens on {} only", visible(&first.value));
            Door::Shut(Observation::at(&first.path).line(first.line).text(what))
        }
        _ => Door::Open,
    }
}

fn listening(image: &Image) -> Result<Door, Error> {
    let effective = image.sshd()?.effective(None);
    let Some(setting) = effective.get("listenaddress") else { return Ok(Door::Open) };
    let is_reached = |value: &String| is_reached(value.rsplit_once(':').map_or(value.as_str(), |(address, _)| address));
    if setting.values.is_empty() || setting.values.iter().any(is_reached) {
        return Ok(Door::Open);
    }
    let what = format!("sshd listens on {} only", visible(&setting.values.join(", ")));
    Ok(Door::Shut(match setting.origins.first() {
        Some(origin) => Observation::at(&origin.path).line(origin.line).text(what),
        None => Observation::fact(what),
    }))
}

/// sshd's lists of users with addresses (`sshd_config(5)`, `AllowUsers`).
fn lists(image: &Image, net: Net) -> Result<Door, Error> {
    let sshd = image.sshd()?;
    let user = image.cloud_init()?.default_user().unwrap_or("ec2-user");
    let addr = net.sample().to_string();
    let connection = Connection { user: user.to_owned(), addr: addr.clone(), ..Connection::default() };
    let effective = sshd.effective(Some(&connection));
    let covers = |from: &str| fits(from, &addr) || net.within(from) == Some(Overlap::Whole);
    for (keyword, allows) in [("allowusers", true), ("denyusers", false)] {
        let Some(setting) = effective.get(keyword) else { continue };
        let patterns: Vec<_> = setting.values.iter().flat_map(|value| value.split_whitespace()).collect();
        let of_user = patterns.iter().filter_map(|pattern| match pattern.split_once('@') {
            Some((name, from)) => fits(name, user).then_some(Some(from)),
            None => fits(pattern, user).then_some(None),
        });
        let froms: Vec<Option<&str>> = of_user.collect();
        // Whether the user is on the list at all is SSH-09's business.
        let is_shut = if allows {
            !froms.is_empty() && !froms.iter().any(|from| from.is_none_or(covers))
        } else {
            froms.iter().flatten().any(|from| *from != "*" && covers(from))
        };
        if is_shut {
            let text = format!("{keyword} keeps {} out from {addr}", visible(user));
            let origin = setting.origins.first();
            return Ok(Door::Shut(origin.map_or(Observation::fact(&text), |origin| {
                Observation::at(&origin.path).line(origin.line).text(&text)
            })));
        }
    }
    Ok(Door::Open)
}

/// TCP wrappers (`hosts_access(5)`): what `hosts.allow` takes in counts before what `hosts.deny` keeps out.
fn wrappers(image: &Image) -> Result<Door, Error> {
    const DENY: &str = "/etc/hosts.deny";
    let of_sshd = |text: &str| -> Vec<(u32, String)> {
        let rule = |(line, text): (u32, &str)| {
            let (daemons, clients) = text.split_once('#').map_or(text, |(rule, _)| rule).split_once(':')?;
            let mut daemons = daemons.split([',', ' ', '\t']);
            daemons.any(|daemon| matches!(daemon, "ALL" | "sshd")).then(|| (line, clients.trim().to_owned()))
        };
        (1u32..).zip(text.lines()).filter_map(rule).collect()
    };
    let denied = of_sshd(&image.read_text(Path::new(DENY))?.unwrap_or_default());
    let Some((line, clients)) = denied.into_iter().next() else { return Ok(Door::Open) };
    let seen = Observation::at(DENY).line(line).text(visible(&clients));
    let allowed = of_sshd(&image.read_text(Path::new("/etc/hosts.allow"))?.unwrap_or_default());
    if allowed.iter().any(|(_, clients)| clients == "ALL" || clients == "10.") {
        return Ok(Door::Open);
    }
    let is_all = clients == "ALL" || clients.starts_with("10.");
    Ok(if is_all && allowed.is_empty() { Door::Shut(seen) } else { Door::Unclear(seen) })
}

#[cfg(test)]
mod tests;
