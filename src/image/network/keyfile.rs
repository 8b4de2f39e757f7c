//! `NetworkManager`'s keyfiles (nm-settings-keyfile(5)) and the parts of its own configuration that decide whether it
//! takes a wired card at all (NetworkManager.conf(5)).

use super::ini::{self, Entry};
use super::{Address, BoundTo, Profile};

/// What a connection profile says; the line of what is no keyfile.
pub(super) fn parse(text: &str) -> Result<Profile, (u32, String)> {
    let (entries, odd) = ini::entries(text);
    if let Some(line) = odd.first() {
        return Err((*line, "it is neither a section nor an assignment".to_owned()));
    }
    let mut profile = Profile { line: 1, automatic: true, ..Profile::default() };
    for entry in &entries {
        match (entry.section.as_str(), entry.key.as_str()) {
            ("connection", "id") => profile.id.clone_from(&entry.value),
            ("connection", "type") => {
                profile.elsewhere = !matches!(entry.value.as_str(), "ethernet" | "802-3-ethernet");
            }
            ("connection", "interface-name") => profile.names.push(entry.value.clone()),
            ("connection", "autoconnect") => profile.automatic &= ini::boolean(&entry.value) != Some(false),
            ("connection", "permissions") => profile.automatic &= entry.value.is_empty(),
            ("match", "interface-name") => profile.names.extend(list(entry)),
            ("match", "driver") => profile.drivers.extend(list(entry)),
            ("match", "path") => profile.bind(entry.line, BoundTo::Place, &format!("path={}", entry.value)),
            ("ethernet" | "802-3-ethernet", "mac-address" | "cloned-mac-address") if is_mac(&entry.value) => {
                profile.bind(entry.line, BoundTo::Mac, &format!("{}={}", entry.key, entry.value));
            }
            ("ipv4", "method") => {
                profile.address = match entry.value.as_str() {
                    "auto" => Address::Dhcp,
                    "manual" => Address::Static,
                    _ => Address::Nothing,
                };
            }
            ("ipv4", key) if key == "addresses" || key.strip_prefix("address").is_some_and(is_number) => {
                profile.bind(entry.line, BoundTo::Address, &format!("{key}={}", entry.value));
            }
            _ => {}
        }
    }
    profile.settle();
    Ok(profile)
}

fn list(entry: &Entry) -> Vec<String> {
    let words = entry.value.split([';', ',']).map(|word| word.trim().trim_start_matches('|').to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `02:00:…` rather than a word such as `random`.
fn is_mac(text: &str) -> bool {
    text.contains([':', ';']) && text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b';'))
}

/// Whether `NetworkManager`, asked by files in the order it reads them, takes wired cards that no profile speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manner {
    /// It makes a DHCP profile of its own for a card without one.
    pub(super) auto_default: bool,
    /// It leaves every wired card to others.
    pub(super) unmanaged: bool,
}

/// Reads the configuration files on top of each other.
pub(super) fn manner<'a>(texts: impl Iterator<Item = &'a str>) -> Manner {
    let mut manner = Manner { auto_default: true, unmanaged: false };
    for entry in texts.flat_map(|text| ini::entries(text).0) {
        match (entry.section.as_str(), entry.key.trim_end_matches('+')) {
            ("main", "no-auto-default") => {
                let all = list(&entry).iter().any(|word| word == "*");
                manner.auto_default = !all && (manner.auto_default || !entry.key.ends_with('+'));
            }
            ("keyfile", "unmanaged-devices") => {
                let words = list(&entry);
                let all = words.iter().any(|word| matches!(word.as_str(), "*" | "type:ethernet" | "interface-name:*"));
                let but = words
                    .iter()
                    .any(|word| matches!(word.as_str(), "except:type:ethernet" | "except:interface-name:e*"));
                manner.unmanaged = all && !but;
            }
            _ => {}
        }
    }
    manner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_each_kind() {
        let cloud = "[connection]\nid=cloud-init ens5\ntype=ethernet\n[ethernet]\nmac-address=02:00:00:00:00:01\n[ipv4]\nmethod=auto\n";
        let profile = parse(cloud).unwrap();
        assert_eq!((profile.address, profile.bound[0].to, profile.bound[0].line), (Address::Dhcp, BoundTo::Mac, 5));
        assert!(!profile.takes("ens5"));
        let fixed = "[connection]\ntype=802-3-ethernet\ninterface-name=ens5\n[ipv4]\nmethod=manual\naddress1=10.0.0.9/24,10.0.0.1\n";
        let profile = parse(fixed).unwrap();
        assert_eq!((profile.address, profile.takes("ens5"), profile.takes("eth0")), (Address::Static, true, false));
        assert!(!parse("[connection]\ntype=wifi\n[ipv4]\nmethod=auto\n").unwrap().takes("ens5"));
        assert!(!parse("[connection]\ntype=ethernet\nautoconnect=false\n").unwrap().automatic);
        assert!(parse("[match]\ninterface-name=en*;eth*;\n").unwrap().takes("eth0"));
        assert_eq!(parse("[ethernet]\ncloned-mac-address=random\n").unwrap().bound, []);
        assert_eq!(parse("[connection]\nwhat\n").unwrap_err().0, 2);
    }

    #[test]
    fn manners() {
        let of = |texts: &[&str]| manner(texts.iter().copied());
        assert_eq!(of(&["[main]\nplugins=keyfile\n"]), Manner { auto_default: true, unmanaged: false });
        assert!(!of(&["[main]\nno-auto-default=*\n"]).auto_default, "NetworkManager-config-server");
        assert!(of(&["[main]\nno-auto-default=*\n", "[main]\nno-auto-default=\n"]).auto_default);
        let ubuntu = "[keyfile]\nunmanaged-devices=*,except:type:wifi,except:type:gsm,except:type:cdma\n";
        assert!(of(&[ubuntu]).unmanaged);
        assert!(!of(&[ubuntu, "[keyfile]\nunmanaged-devices=none\n"]).unmanaged);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = parse(&text);
            let _ = super::super::networkd::parse(&text);
            let _ = manner(std::iter::once(&*text));
        }
    }
}
