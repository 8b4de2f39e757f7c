//! netplan's YAML (netplan's documentation, "YAML configuration"): the `ethernets` of several files, merged by their
//! ids as netplan merges them.

use std::collections::BTreeMap;

use super::{Address, Bound, BoundTo, Profile};
use crate::image::cloud_init::Value;
use crate::image::cloud_init::yaml::{self, Fault};

/// The largest document, in bytes of memory.
const BUDGET: usize = 4 << 20;

/// What one file says of one wired card, or what several say when they are merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Definition {
    /// Where it is said first.
    pub(super) file: usize,
    pub(super) line: u32,
    names: Option<Vec<String>>,
    drivers: Option<Vec<String>>,
    by_match: bool,
    dhcp: Option<bool>,
    manual: bool,
    renderer: Option<String>,
    pub(super) bound: Vec<(usize, Bound)>,
}

/// The definitions of one or more files, in netplan's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Netplan {
    renderer: Option<String>,
    pub(super) definitions: BTreeMap<String, Definition>,
}

impl Netplan {
    /// Lays one more file over what is there; its line and why when it is none of netplan's.
    pub(super) fn add(&mut self, file: usize, text: &str) -> Result<(), (u32, String)> {
        let mut budget = BUDGET;
        let document = yaml::parse(text, &mut budget).map_err(|fault| match fault {
            Fault::Broken(why) => (line_of(&why), why),
            Fault::TooLarge => (1, "it is larger than any network configuration".to_owned()),
        })?;
        match get(&document.value, "network") {
            Some(Value::Map(_)) => {}
            None | Some(Value::Null) => return Ok(()),
            Some(_) => return Err((1, "`network` is not a mapping".to_owned())),
        }
        self.lay(file, get(&document.value, "network").unwrap_or(&Value::Null), text);
        Ok(())
    }

    /// Lays the value of a `network` key over what is there; `text` is where lines are looked for.
    pub(super) fn lay(&mut self, file: usize, network: &Value, text: &str) {
        if let Some(renderer) = get(network, "renderer").and_then(Value::text) {
            self.renderer = Some(renderer.to_owned());
        }
        let Some(ethernets @ Value::Map(entries)) = get(network, "ethernets") else { return };
        if let Some(renderer) = get(ethernets, "renderer").and_then(Value::text) {
            self.renderer = Some(renderer.to_owned());
        }
        let lines = Lines::of(text);
        for (id, value) in entries.iter().filter(|(id, value)| id != "renderer" || matches!(value, Value::Map(_))) {
            let line = lines.find(1, id);
            let fresh = Definition { file, line, ..Definition::default() };
            let definition = self.definitions.entry(id.clone()).or_insert(fresh);
            definition.lay(file, line, value, &lines);
        }
    }

    /// Each definition's id, what it says, and whether `NetworkManager` carries it out rather than systemd-networkd.
    pub(super) fn profiles(&self) -> impl Iterator<Item = (&Definition, Profile, bool)> {
        self.definitions.iter().map(|(id, definition)| {
            let mut profile = Profile {
                line: definition.line,
                id: id.clone(),
                names: definition.names.clone().unwrap_or_default(),
                drivers: definition.drivers.clone().unwrap_or_default(),
                automatic: !definition.manual,
                address: if definition.dhcp == Some(true) { Address::Dhcp } else { Address::Nothing },
                bound: definition.bound.iter().map(|(_, bound)| bound.clone()).collect(),
                ..Profile::default()
            };
            if !definition.by_match {
                profile.names = vec![id.clone()];
            }
            profile.settle();
            let renderer = definition.renderer.as_ref().or(self.renderer.as_ref());
            (definition, profile, renderer.is_some_and(|renderer| renderer == "NetworkManager"))
        })
    }
}

impl Definition {
    fn lay(&mut self, file: usize, line: u32, value: &Value, lines: &Lines) {
        let mut bind = |key: &str, to: BoundTo, said: String| {
            let line = lines.find(line, key);
            self.bound.push((file, Bound { path: std::path::PathBuf::new(), line, to, text: said }));
        };
        if let Some(matched @ Value::Map(entries)) = get(value, "match") {
            self.by_match |= !entries.is_empty();
            if let Some(mac) = get(matched, "macaddress").and_then(Value::text) {
                bind("macaddress", BoundTo::Mac, format!("macaddress: {mac}"));
            }
            if let Some(names) = get(matched, "name").map(texts) {
                self.names = Some(names);
            }
            if let Some(drivers) = get(matched, "driver").map(texts) {
                self.drivers = Some(drivers);
            }
        }
        if let Some(Value::List(addresses)) = get(value, "addresses")
            && !addresses.is_empty()
        {
            let first = addresses.first().and_then(address).unwrap_or_default();
            bind("addresses", BoundTo::Address, format!("addresses: {first}"));
        }
        match get(value, "dhcp4") {
            Some(Value::Bool(on)) => self.dhcp = Some(*on),
            Some(Value::Text(word)) => self.dhcp = Some(matches!(word.as_str(), "true" | "yes" | "on" | "y")),
            _ => {}
        }
        if let Some(renderer) = get(value, "renderer").and_then(Value::text) {
            self.renderer = Some(renderer.to_owned());
        }
        if let Some(mode) = get(value, "activation-mode").and_then(Value::text) {
            self.manual = matches!(mode, "manual" | "off");
        }
    }
}

/// An address, which may be a key with options below it.
fn address(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Map(entries) => entries.first().map(|(name, _)| name.as_str()),
        _ => None,
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => vec![text.clone()],
        Value::List(items) => items.iter().filter_map(Value::text).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn get<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    let Value::Map(entries) = value else { return None };
    entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// The lines of a text that begin with each key, looked for once: a file may hold very many.
#[derive(Default)]
struct Lines(BTreeMap<String, Vec<u32>>);

impl Lines {
    fn of(text: &str) -> Self {
        let mut lines = Self::default();
        for (number, line) in (1u32..).zip(text.lines()) {
            let line = line.trim_start_matches([' ', '-', '"', '\'']).trim_end();
            if let Some(key) = line.split_once(": ").map(|(key, _)| key).or_else(|| line.strip_suffix(':')) {
                lines.0.entry(key.replace(['"', '\''], "").trim_end().to_owned()).or_default().push(number);
            }
        }
        lines
    }

    /// The first line from `from` on that begins with `key`, quotes left out; `from` itself where there is none.
    fn find(&self, from: u32, key: &str) -> u32 {
        let Some(lines) = self.0.get(key) else { return from };
        lines.get(lines.partition_point(|line| *line < from)).copied().unwrap_or(from)
    }
}

/// The line a parser's message names, or the first.
pub(super) fn line_of(why: &str) -> u32 {
    let after = why.rsplit_once("line ").map_or("", |(_, after)| after);
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[&str]) -> Vec<(Profile, bool)> {
        let mut netplan = Netplan::default();
        for (index, text) in files.iter().enumerate() {
            netplan.add(index, text).unwrap();
        }
        netplan.profiles().map(|(_, profile, manager)| (profile, manager)).collect()
    }

    #[test]
    fn debian_12_takes_every_card() {
        let text = "network:\n  version: 2\n  ethernets:\n    all-en:\n      match:\n        name: en*\n      dhcp4: true\n    all-eth:\n      match: {name: eth*}\n      dhcp4: true\n";
        let found = of(&[text]);
        assert_eq!(found.len(), 2);
        assert!(found[0].0.takes("ens5") && found[0].0.address == Address::Dhcp && found[0].0.line == 4);
        assert!(found[1].0.takes("eth0"));
    }

    #[test]
    fn cloud_init_ties_a_card_to_its_mac() {
        let text = "network:\n  ethernets:\n    ens5:\n      dhcp4: true\n      match:\n        macaddress: \"02:00:00:00:00:01\"\n      set-name: ens5\n";
        let (profile, _) = of(&[text]).remove(0);
        assert_eq!((profile.bound[0].line, profile.bound[0].to), (6, BoundTo::Mac));
        assert!(!profile.takes("ens5"));
    }

    #[test]
    fn later_files_win_key_by_key() {
        let first = "network: {renderer: NetworkManager, ethernets: {ens5: {dhcp4: true}}}\n";
        let second = "network: {ethernets: {ens5: {dhcp4: no, addresses: [10.0.0.9/24]}}}\n";
        let (profile, manager) = of(&[first, second]).remove(0);
        assert_eq!((profile.address, manager), (Address::Static, true));
        assert!(profile.takes("ens5") && !profile.takes("eth0"));
    }

    #[test]
    fn what_is_no_netplan_is_told_with_its_line() {
        let mut netplan = Netplan::default();
        assert!(netplan.add(0, "network:\n  ethernets: [\n").is_err());
        assert!(netplan.add(0, "network: 5\n").is_err());
        assert_eq!(netplan.add(0, ""), Ok(()));
        assert_eq!(netplan.add(0, "other: 1\n"), Ok(()));
    }

    #[test]
    fn lines_of_very_many_definitions_are_found_in_one_pass() {
        let definition =
            |number: u32| format!("    \"en{number}\":\n      macaddress: x\n      addresses: [10.0.0.9/24]\n");
        let text = "network:\n  ethernets:\n".to_owned() + &(0..5000).map(definition).collect::<String>();
        let mut netplan = Netplan::default();
        netplan.add(0, &text).unwrap();
        let last = &netplan.definitions["en4999"];
        assert_eq!((last.line, last.bound[0].1.line), (3 * 4999 + 3, 3 * 4999 + 5));
        assert_eq!(Lines::of("a:\n  \"02:00:01\" :\nb: 1\na:\n").find(2, "a"), 4);
        assert_eq!(Lines::of("a:\n  \"02:00:01\" :\n").find(1, "02:00:01"), 2);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = Netplan::default().add(0, &String::from_utf8_lossy(&bytes));
        }
        #[test]
        fn no_yaml_panics(text in "(network|ethernets|match|name|dhcp4|addresses|renderer|[:{}\\[\\], \n-]|[a-e*]){0,40}") {
            let mut netplan = Netplan::default();
            let _ = netplan.add(0, &text);
            netplan.profiles().for_each(drop);
        }
    }
}
