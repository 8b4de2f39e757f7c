//! ifupdown's `/etc/network/interfaces` (interfaces(5)).

use super::{Address, BoundTo, Profile};

/// One file's stanzas; which card comes up by itself may stand in another file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stanzas {
    /// What `auto`, `allow-auto` and `allow-hotplug` name.
    pub(super) autos: Vec<String>,
    pub(super) profiles: Vec<Profile>,
    pub(super) includes: Vec<Include>,
    /// The first line that is no stanza and no part of one.
    pub(super) odd: Option<u32>,
}

/// Another place to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Include {
    /// `source`: a shell pattern.
    Files(String),
    /// `source-directory`: every file of a plain name in there.
    Directory(String),
}

/// The stanzas of one file.
pub(super) fn parse(text: &str) -> Stanzas {
    let mut found = Stanzas::default();
    let mut within = Within::Nothing;
    for (line, text) in logical_lines(text) {
        let mut words = text.split_whitespace();
        let Some(first) = words.next() else { continue };
        let rest: Vec<&str> = words.collect();
        match first {
            "auto" | "allow-auto" | "allow-hotplug" => {
                found.autos.extend(rest.iter().map(|word| (*word).to_owned()));
                within = Within::Nothing;
            }
            "source" => {
                found.includes.extend(rest.iter().map(|word| Include::Files((*word).to_owned())));
                within = Within::Nothing;
            }
            "source-directory" | "source-dir" => {
                found.includes.extend(rest.iter().map(|word| Include::Directory((*word).to_owned())));
                within = Within::Nothing;
            }
            "iface" => {
                within = Within::Other;
                if let [name, family, method, ..] = rest.as_slice()
                    && *family == "inet"
                    && *method != "loopback"
                {
                    found.profiles.push(profile(line, name, method));
                    within = Within::Wired;
                } else if rest.is_empty() {
                    found.odd.get_or_insert(line);
                }
            }
            "mapping" | "template" | "rename" => within = Within::Other,
            _ if first.starts_with("allow-") || first.starts_with("no-") => within = Within::Nothing,
            _ => match within {
                Within::Nothing => {
                    found.odd.get_or_insert(line);
                }
                Within::Other => {}
                Within::Wired => {
                    if let Some(profile) = found.profiles.last_mut() {
                        option(profile, line, first, &rest);
                    }
                }
            },
        }
    }
    found.profiles.iter_mut().for_each(Profile::settle);
    found
}

enum Within {
    Nothing,
    Wired,
    Other,
}

fn profile(line: u32, name: &str, method: &str) -> Profile {
    let address = if method == "dhcp" { Address::Dhcp } else { Address::Nothing };
    Profile { line, id: name.to_owned(), names: vec![name.to_owned()], address, ..Profile::default() }
}

fn option(profile: &mut Profile, line: u32, key: &str, values: &[&str]) {
    let said = format!("{key} {}", values.join(" "));
    match key {
        "address" => profile.bind(line, BoundTo::Address, &said),
        "hwaddress" => profile.bind(line, BoundTo::Mac, &said),
        _ => {}
    }
}

/// Lines joined at a `\`; a line that begins with `#` is a comment, within a joined one too.
fn logical_lines(text: &str) -> impl Iterator<Item = (u32, String)> {
    let mut lines = (1u32..).zip(text.lines());
    std::iter::from_fn(move || {
        let (line, start) = lines.find(|(_, line)| !line.trim_start().starts_with('#'))?;
        let mut whole = start.trim_end().to_owned();
        while whole.ends_with('\\') {
            whole.pop();
            let Some((_, next)) = lines.next() else { break };
            whole.push(' ');
            whole.push_str(next.trim());
        }
        Some((line, whole))
    })
}

/// The profile as `autos` bring it up: `auto eth0`, `auto /en*`, `auto /en*=wired`.
pub(super) fn brought_up(mut profile: Profile, autos: &[String]) -> Profile {
    for auto in autos {
        let Some(pattern) = auto.strip_prefix('/') else {
            profile.automatic |= *auto == profile.id;
            continue;
        };
        match pattern.split_once('=') {
            Some((pattern, logical)) if logical == profile.id => {
                profile.names.push(pattern.to_owned());
                profile.automatic = true;
            }
            None if super::fits(pattern, &profile.id) => profile.automatic = true,
            _ => {}
        }
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_options_and_includes() {
        let text = "# x\nsource-directory /etc/network/interfaces.d\nsource /run/network/interfaces.d/*\nauto lo ens5\n\
                    iface lo inet loopback\niface ens5 inet dhcp\n  metric 1\niface ens5 inet6 auto\n\
                    iface eth1 inet static\n  address \\\n  10.0.0.9/24\n  hwaddress ether 02:00:00:00:00:01\n";
        let found = parse(text);
        assert_eq!(found.autos, ["lo", "ens5"]);
        assert_eq!(found.includes.len(), 2);
        let [ens5, eth1] = found.profiles.as_slice() else { panic!("{found:?}") };
        assert_eq!((ens5.address, ens5.line), (Address::Dhcp, 6));
        let bound: Vec<_> = eth1.bound.iter().map(|bound| (bound.line, bound.to, bound.text.as_str())).collect();
        assert_eq!(
            bound,
            [(10, BoundTo::Address, "address 10.0.0.9/24"), (12, BoundTo::Mac, "hwaddress ether 02:00:00:00:00:01")]
        );
        assert_eq!(eth1.address, Address::Static);
        assert_eq!(found.odd, None);
        assert_eq!(parse("iface x inet dhcp\n").odd, None);
        assert_eq!(parse("\nwhat is this\n").odd, Some(2));
    }

    #[test]
    fn patterns_bring_up_what_they_fit() {
        let wired = || parse("iface wired inet dhcp\n").profiles.remove(0);
        let up = brought_up(wired(), &["/en*=wired".to_owned()]);
        assert!(up.automatic && up.takes("ens5"));
        assert!(!brought_up(wired(), &["/en*".to_owned()]).automatic);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = parse(&String::from_utf8_lossy(&bytes));
        }
        #[test]
        fn no_words_panic(text in "(auto|iface|inet|dhcp|/e\\*=x|source|address|#|\\\\|\n| |[a-z]){0,40}") {
            let found = parse(&text);
            for profile in found.profiles {
                let _ = brought_up(profile, &found.autos);
            }
        }
    }
}
