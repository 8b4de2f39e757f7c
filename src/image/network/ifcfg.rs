//! `ifcfg-*` files: shell assignments, in the Red Hat dialect (network-scripts, `NetworkManager`'s ifcfg-rh) and in
//! SUSE's (wicked, ifcfg(5)).

use super::{Address, BoundTo, Profile};

/// The assignments with the lines they stand on.
fn assignments(text: &str) -> impl Iterator<Item = (u32, &str, &str)> {
    (1u32..).zip(text.lines()).filter_map(|(line, text)| {
        let text = text.trim();
        let (key, value) = text.strip_prefix("export ").unwrap_or(text).split_once('=')?;
        let is_name = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !key.is_empty();
        is_name.then(|| (line, key, unquoted(value)))
    })
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some((inside, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inside;
        }
    }
    value.split_whitespace().next().unwrap_or_default()
}

/// The Red Hat dialect.
pub(super) fn red_hat(text: &str, name: &str) -> Profile {
    let mut profile = Profile { line: 1, id: name.to_owned(), automatic: true, ..Profile::default() };
    for (line, key, value) in assignments(text) {
        let said = format!("{key}={value}");
        match key {
            "DEVICE" => profile.names = vec![value.to_owned()],
            "TYPE" => profile.elsewhere |= !value.eq_ignore_ascii_case("ethernet"),
            "ONBOOT" => profile.automatic = !matches!(value.to_ascii_lowercase().as_str(), "no" | "false" | "0"),
            "BOOTPROTO" => profile.address = boot_protocol(value),
            "HWADDR" | "MACADDR" if value.contains(':') => profile.bind(line, BoundTo::Mac, &said),
            "UUID" if !value.is_empty() => profile.bind(line, BoundTo::Uuid, &said),
            _ if is_address(key) && !value.is_empty() => profile.bind(line, BoundTo::Address, &said),
            _ => {}
        }
    }
    profile.settle();
    profile
}

/// SUSE's dialect, where the file's name is the card's.
pub(super) fn suse(text: &str, name: &str) -> Profile {
    let mut profile =
        Profile { line: 1, id: name.to_owned(), names: vec![name.to_owned()], automatic: false, ..Profile::default() };
    for (line, key, value) in assignments(text) {
        let said = format!("{key}={value}");
        match key {
            "STARTMODE" => {
                profile.automatic = !matches!(value.to_ascii_lowercase().as_str(), "manual" | "off" | "");
            }
            "BOOTPROTO" => profile.address = boot_protocol(value),
            "LLADDR" | "HWADDR" if value.contains(':') => profile.bind(line, BoundTo::Mac, &said),
            _ if is_address(key) && !value.is_empty() => profile.bind(line, BoundTo::Address, &said),
            _ => {}
        }
    }
    profile.settle();
    profile
}

/// `IPADDR`, `IPADDR0`, `IPADDR_1` …
fn is_address(key: &str) -> bool {
    key.strip_prefix("IPADDR")
        .is_some_and(|rest| rest.trim_start_matches('_').bytes().all(|byte| byte.is_ascii_digit()))
}

fn boot_protocol(value: &str) -> Address {
    match value.to_ascii_lowercase().as_str() {
        "dhcp" | "dhcp4" | "dhcp+autoip" | "bootp" => Address::Dhcp,
        _ => Address::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazon_linux_2_is_not_tied() {
        let text = "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\nTYPE=Ethernet\nUSERCTL=yes\nPEERDNS=yes\nDHCPV6C=yes\n";
        let profile = red_hat(text, "eth0");
        assert_eq!((profile.address, profile.automatic, profile.bound.len()), (Address::Dhcp, true, 0));
        assert!(profile.takes("eth0") && !profile.takes("ens5"));
    }

    #[test]
    fn what_ties_a_file_stands_on_its_line() {
        let text = "# x\nDEVICE=\"eth0\"\nHWADDR='02:00:00:00:00:01'\nUUID=5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03\nIPADDR0=10.0.0.9\nBOOTPROTO=none\n";
        let profile = red_hat(text, "eth0");
        let bound: Vec<_> = profile.bound.iter().map(|bound| (bound.line, bound.to)).collect();
        assert_eq!(bound, [(3, BoundTo::Mac), (4, BoundTo::Uuid), (5, BoundTo::Address)]);
        assert_eq!((profile.address, profile.takes("eth0")), (Address::Static, false));
        assert!(!red_hat("DEVICE=br0\nTYPE=Bridge\n", "br0").takes("br0"));
    }

    #[test]
    fn suse_takes_the_name_of_the_file() {
        let profile = suse("STARTMODE='auto'\nBOOTPROTO='dhcp'\n", "eth0");
        assert!(profile.takes("eth0") && profile.automatic && profile.address == Address::Dhcp);
        assert!(!suse("BOOTPROTO=dhcp\nSTARTMODE=off\n", "eth0").automatic);
        assert_eq!(suse("BOOTPROTO=static\nIPADDR=10.0.0.9/24\n", "eth0").address, Address::Static);
        assert_eq!(suse("BOOTPROTO=dhcp6\n", "eth0").address, Address::Nothing);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = red_hat(&text, "eth0");
            let _ = suse(&text, "eth0");
        }
    }
}
