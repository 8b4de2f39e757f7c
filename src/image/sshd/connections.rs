//! The connections to ask for: who may log in, from where, and whatever the `Match` blocks tell apart.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::{Connection, MatchBlock};
use crate::image::Image;

/// An address inside a private network, and one outside (RFC 1918, RFC 5737).
const ADDRESSES: [&str; 2] = ["10.0.0.5", "203.0.113.5"];

const HOST: &str = "client.example.com";
const SERVER_ADDRESS: &str = "10.0.0.10";

/// More connections than this are not asked for; the first ones are those that the accounts alone give.
const MOST: usize = 2000;

/// Nor more than makes this many lines to go through: each connection goes through all of them.
const MOST_LINES: usize = 1_000_000;

/// The connections that together show every setting a login could meet: each account that can log in and every
/// account with uid 0, from a private and a public address, and the values each `Match` block names.
pub fn connections(image: &Image) -> Vec<Connection> {
    let Ok(sshd) = image.sshd() else { return Vec::new() };
    let mut users: Vec<String> = vec!["root".to_owned()];
    let mut members = Vec::new();
    if let Ok(accounts) = image.accounts() {
        let can_log_in = accounts.users.iter().filter(|user| user.uid == 0 || user.can_log_in());
        users.extend(can_log_in.map(|user| user.name.clone()));
        let groups = accounts.memberships();
        let of = |user: &str| groups.get(user).into_iter().flatten().map(|group| (*group).to_owned()).collect();
        members.extend(accounts.users.iter().map(|user| (user.name.clone(), of(&user.name))));
    }
    let mut seen = BTreeSet::new();
    users.retain(|user| seen.insert(user.clone()));
    let effective = sshd.effective(None);
    let port = effective.value("port").parse().unwrap_or(22);
    let most = MOST.min(MOST_LINES / sshd.lines().max(1));
    representative(&users, &members, port, &sshd.matches, most)
}

/// See [`connections`]; `members` are all accounts with their groups.
fn representative(
    users: &[String],
    members: &[(String, Vec<String>)],
    port: u16,
    blocks: &[MatchBlock],
    most: usize,
) -> Vec<Connection> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let is_full = Cell::new(false);
    let mut add = |connection: Connection| {
        if found.len() < most && seen.insert(connection.clone()) {
            found.push(connection);
        }
        is_full.set(found.len() >= most);
    };
    let plain = |user: &String, addr: &str| Connection {
        user: user.clone(),
        host: HOST.to_owned(),
        addr: addr.to_owned(),
        laddr: SERVER_ADDRESS.to_owned(),
        lport: port,
    };
    for user in users {
        for addr in ADDRESSES {
            add(plain(user, addr));
        }
    }
    for block in blocks {
        if is_full.get() {
            break;
        }
        let values = |name: &str| -> Vec<String> {
            let lists = block.criteria.iter().filter(|(criterion, _)| criterion == name);
            lists.flat_map(|(_, list)| list.split(',').map(str::to_owned).collect::<Vec<_>>()).collect()
        };
        let mut who: Vec<String> = values("user").iter().map(|pattern| sample(pattern)).collect();
        for pattern in values("group") {
            let group = sample(&pattern);
            who.extend(members.iter().filter(|(_, groups)| groups.contains(&group)).map(|(name, _)| name.clone()));
        }
        who.extend(users.iter().cloned());
        let with_default = |name: &str, make: fn(&str) -> String, default: &[&str]| {
            let mut all: Vec<String> = values(name).iter().map(|pattern| make(pattern)).collect();
            all.extend(default.iter().map(|value| (*value).to_owned()));
            all
        };
        let hosts = with_default("host", sample, &[HOST]);
        let addresses = with_default("address", sample_address, &ADDRESSES);
        let local = with_default("localaddress", sample_address, &[SERVER_ADDRESS]);
        let mut ports: Vec<u16> = values("localport").iter().filter_map(|port| port.parse().ok()).collect();
        ports.push(port);
        // A block that names many values is met by each of them, with the first of the others.
        for (user, host, addr, laddr, lport) in combinations(&who, &hosts, &addresses, &local, &ports) {
            add(Connection { user, host, addr, laddr, lport });
        }
    }
    found
}

type Values = (String, String, String, String, u16);

/// Every user × address with the first of the rest, and every value of the rest at least once with every user.
fn combinations(
    users: &[String],
    hosts: &[String],
    addresses: &[String],
    local: &[String],
    ports: &[u16],
) -> Vec<Values> {
    let mut all = Vec::new();
    for user in users {
        for addr in addresses {
            for host in hosts {
                for laddr in local {
                    for lport in ports {
                        all.push((user.clone(), host.clone(), addr.clone(), laddr.clone(), *lport));
                        if all.len() >= MOST {
                            return all;
                        }
                    }
                }
            }
        }
    }
    all
}

/// A text that matches a pattern: without the negation, wildcards filled in.
fn sample(pattern: &str) -> String {
    pattern.trim_start_matches('!').replace(['*', '?'], "x")
}

/// An address in a network or of a wildcard.
fn sample_address(pattern: &str) -> String {
    let pattern = pattern.trim_start_matches('!');
    let (network, _) = pattern.split_once('/').unwrap_or((pattern, ""));
    if network.contains(':') && network.ends_with("::") {
        return format!("{network}1");
    }
    network.replace(['*', '?'], "1")
}
