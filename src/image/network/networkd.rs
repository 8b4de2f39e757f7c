//! systemd-networkd's `.network` files (systemd.network(5)) and udev's `.link` files (systemd.link(5)).

use super::ini::{self, Entry};
use super::{Address, Bound, BoundTo, Profile};

/// What a `.network` file, or a drop-in for one, says.
pub(super) fn parse(text: &str) -> Profile {
    let mut profile = Profile { line: 1, automatic: true, ..Profile::default() };
    for entry in ini::entries(text).0 {
        match (entry.section.as_str(), entry.key.as_str()) {
            ("Match", _) => matches(&mut profile, &entry),
            ("Network", "DHCP") => {
                let is_on =
                    matches!(entry.value.as_str(), "ipv4" | "v4" | "both") || ini::boolean(&entry.value) == Some(true);
                if is_on {
                    profile.address = Address::Dhcp;
                } else if profile.address == Address::Dhcp {
                    profile.address = Address::Nothing;
                }
            }
            ("Network" | "Address", "Address") if !is_placeholder(&entry.value) => {
                profile.bind(entry.line, BoundTo::Address, &format!("Address={}", entry.value));
            }
            ("Link", "Unmanaged") if ini::boolean(&entry.value) == Some(true) => profile.unmanaged = true,
            ("Link", "ActivationPolicy") => {
                profile.automatic = !matches!(entry.value.as_str(), "manual" | "always-down" | "down");
            }
            _ => {}
        }
    }
    profile.settle();
    profile
}

fn matches(profile: &mut Profile, entry: &Entry) {
    let words = || entry.value.split_whitespace().map(str::to_owned);
    match entry.key.as_str() {
        "Name" | "OriginalName" if entry.value.is_empty() => profile.names.clear(),
        // `Name=!lo` negates the whole list.
        "Name" | "OriginalName" => match entry.value.strip_prefix('!') {
            Some(rest) => profile.names.extend(rest.split_whitespace().map(|name| format!("!{name}"))),
            None => profile.names.extend(words()),
        },
        "Driver" => profile.drivers.extend(words()),
        "MACAddress" | "PermanentMACAddress" if !entry.value.is_empty() => {
            profile.bind(entry.line, BoundTo::Mac, &format!("{}={}", entry.key, entry.value));
        }
        "Path" | "Host" if !entry.value.is_empty() && !entry.value.starts_with('!') => {
            profile.bind(entry.line, BoundTo::Place, &format!("{}={}", entry.key, entry.value));
        }
        "Type" => {
            let listed = words().any(|word| word.trim_start_matches('!') == "ether");
            profile.elsewhere |= listed == entry.value.starts_with('!');
        }
        "Kind" => profile.elsewhere |= !entry.value.starts_with('!'),
        "WLANInterfaceType" | "SSID" | "BSSID" => profile.elsewhere = true,
        "Virtualization" => {
            profile.elsewhere |= entry.value == "container" || ini::boolean(&entry.value) == Some(false);
        }
        _ => {}
    }
}

/// Nothing, or `0.0.0.0/28` and `::/64`, which ask for any free subnet.
fn is_placeholder(address: &str) -> bool {
    address.is_empty() || address.starts_with("0.0.0.0") || address.starts_with("::/")
}

/// What ties a `.link` file, which gives a card its name, to one machine's hardware.
pub(super) fn link(text: &str) -> Vec<Bound> {
    let mut profile = Profile::default();
    let entries = ini::entries(text).0;
    for entry in entries.iter().filter(|entry| entry.section == "Match") {
        matches(&mut profile, entry);
    }
    profile.bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazon_linux_2023_asks_by_driver() {
        let profile = parse("[Match]\nDriver=ena ixgbevf vif\n\n[Link]\nMTUBytes=9001\n\n[Network]\nDHCP=yes\n");
        assert_eq!((profile.address, profile.drivers.len()), (Address::Dhcp, 3));
        assert!(profile.takes("ens5") && profile.bound.is_empty() && profile.automatic);
        assert!(!parse("[Match]\nDriver=virtio_net\n[Network]\nDHCP=yes\n").takes("ens5"));
    }

    #[test]
    fn what_is_matched_and_what_is_given() {
        let profile =
            parse("[Match]\nMACAddress=02:00:00:00:00:01\nName=ens5\n[Network]\nDHCP=ipv6\nAddress=10.0.0.9/24\n");
        assert_eq!(profile.address, Address::Static);
        assert_eq!(
            profile.bound.iter().map(|bound| (bound.line, bound.to)).collect::<Vec<_>>(),
            [(2, BoundTo::Mac), (6, BoundTo::Address)]
        );
        assert!(!profile.takes("ens5"), "another machine's card has another MAC");
        assert!(parse("[Match]\nName=!lo docker*\n[Network]\nDHCP=v4\n").takes("ens5"));
        assert!(!parse("[Match]\nName=!en*\n[Network]\nDHCP=v4\n").takes("ens5"));
        assert!(parse("[Match]\nType=ether\n[Network]\nDHCP=true\n").takes("eth0"));
        for other in ["Type=wlan", "Kind=veth\nName=ve-*", "Name=host0", "Virtualization=container", "Type=!ether"] {
            assert!(!parse(&format!("[Match]\n{other}\n[Network]\nDHCP=yes\n")).takes("ens5"), "{other}");
        }
        assert_eq!(parse("[Network]\nDHCP=yes\n[Link]\nUnmanaged=yes\n").address, Address::Nothing);
    }

    #[test]
    fn links_are_tied_by_mac_or_place() {
        assert_eq!(link("[Match]\nMACAddress=02:00:00:00:00:01\n[Link]\nName=eth0\n").len(), 1);
        assert_eq!(link("[Match]\nOriginalName=*\n[Link]\nNamePolicy=keep kernel\n"), []);
    }
}
