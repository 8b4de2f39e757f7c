//! What is in force once everything is read: defaults filled in, a connection's values put over the server's, and each
//! value written as `sshd -T` prints it.

use std::collections::BTreeSet;

use super::algorithms;
use super::keywords::{Keyword, Kind, TABLE, default};
use super::pass::{Ground, Slot, Slots};
use super::pattern::parse_address;
use super::take::{REKEY, STARTUPS, penalties};
use super::value::listening;
use super::{Effective, Setting};

/// The values in force: what the server's pass set, with what a connection's pass set over it.
pub(super) fn settle(ground: Ground<'_>, server: &Slots, connection: Option<&Slots>) -> Effective {
    let settling = Settling { ground, server, connection };
    let settings =
        TABLE.iter().filter(|keyword| keyword.is_printed(ground.release)).map(|keyword| settling.setting(keyword));
    Effective { settings: settings.collect() }
}

struct Settling<'a> {
    ground: Ground<'a>,
    server: &'a Slots,
    connection: Option<&'a Slots>,
}

impl Settling<'_> {
    /// The slot in force, and whether a connection's pass set it.
    fn slot(&self, keyword: &Keyword, name: &str) -> Option<(&Slot, bool)> {
        let of_connection = self.connection.filter(|_| keyword.is_copied(self.ground.release));
        let set = |slots: &'_ Slots| slots.get(name).is_some_and(|slot| !slot.values.is_empty());
        match of_connection.filter(|slots| set(slots)).and_then(|slots| slots.get(name)) {
            Some(slot) => Some((slot, true)),
            None => self.server.get(name).filter(|slot| !slot.values.is_empty()).map(|slot| (slot, false)),
        }
    }

    fn setting(&self, keyword: &'static Keyword) -> Setting {
        let slot = self.slot(keyword, keyword.name);
        let values = self.values(keyword);
        let parts: &[&str] = match keyword.kind {
            Kind::RekeyLimit => &REKEY,
            Kind::MaxStartups => &STARTUPS,
            _ => &[],
        };
        let mut slots: Vec<&Slot> = slot.iter().map(|(slot, _)| *slot).collect();
        slots.extend(parts.iter().skip(1).filter_map(|part| self.slot(keyword, part)).map(|(slot, _)| slot));
        if keyword.name == "kbdinteractiveauthentication" && self.challenge_decides() {
            slots = self.server.get("challengeresponseauthentication").into_iter().collect();
        }
        let mut origins: Vec<_> =
            slots.iter().flat_map(|slot| &slot.origins).map(|at| self.ground.script.origin(*at)).collect();
        let mut seen = BTreeSet::new();
        origins.retain(|origin| seen.insert(origin.clone()));
        Setting {
            keyword: keyword.printed_name(self.ground.release).to_owned(),
            values,
            origins,
            in_match: slots.iter().any(|slot| slot.in_match),
        }
    }

    /// Before 8.7 challenge-response runs over keyboard-interactive and switches it on, unless a `Match` block says
    /// otherwise.
    fn challenge_decides(&self) -> bool {
        let of_connection = self.connection.is_some_and(|slots| slots.contains_key("kbdinteractiveauthentication"));
        let challenge = self.server.get("challengeresponseauthentication").and_then(|slot| slot.values.first());
        self.ground.release.old_lexer() && !of_connection && challenge.is_none_or(|value| value == "yes")
    }

    fn values(&self, keyword: &'static Keyword) -> Vec<String> {
        let release = self.ground.release;
        let slot = self.slot(keyword, keyword.name);
        let set = slot.map(|(slot, _)| slot.values.clone());
        let of_connection = slot.is_some_and(|(_, of_connection)| of_connection);
        let default_words = || default(keyword, release).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let part = |name: &str| self.slot(keyword, name).and_then(|(slot, _)| slot.values.first().cloned());
        match keyword.kind {
            Kind::Listen => self.listening(),
            Kind::Algorithms(list) => {
                let text = set.and_then(|values| values.into_iter().next()).unwrap_or_default();
                let once = algorithms::assemble(list, &text, release).unwrap_or(text);
                // The program assembles the server's list twice, and the second time an empty one means the default.
                vec![if of_connection { once } else { algorithms::assemble(list, &once, release).unwrap_or(once) }]
            }
            Kind::Port | Kind::Users | Kind::Groups | Kind::AcceptEnv | Kind::SetEnv | Kind::HostCertificate => {
                set.unwrap_or_else(default_words)
            }
            Kind::HostKey => {
                let keys = set.unwrap_or_else(default_words);
                keys.into_iter().map(|key| if key == "none" { "(null)".to_owned() } else { key }).collect()
            }
            Kind::Subsystem => self.subsystems(keyword),
            Kind::KeysFiles | Kind::Forwards(_) => vec![set.unwrap_or_else(default_words).join(" ")],
            Kind::LogVerbose => set.map(|values| vec![values.join(" ")]).unwrap_or_default(),
            Kind::Methods => vec![set.map_or_else(|| "any".to_owned(), |lists| lists.join(" "))],
            Kind::ChannelTimeout => match set {
                Some(list) if of_connection || !is_none(&list) => vec![list.join(" ")],
                _ => Some(default(keyword, release)).filter(|text| !text.is_empty()).into_iter().collect(),
            },
            Kind::RekeyLimit => {
                let [limit, interval] = REKEY.map(|name| part(name).unwrap_or_else(|| "0".to_owned()));
                vec![format!("{limit} {interval}")]
            }
            Kind::MaxStartups => {
                let [begin, rate, full] = STARTUPS.map(part);
                let or = |value: Option<String>, default: &str| value.unwrap_or_else(|| default.to_owned());
                vec![format!("{}:{}:{}", or(begin, "10"), or(rate, "30"), or(full, "100"))]
            }
            Kind::Penalties => vec![penalties::print(part, release)],
            Kind::Word | Kind::TildeWord | Kind::Line => {
                let text = set.unwrap_or_else(|| vec![default(keyword, release)]).join(" ");
                // "none" clears these whatever its case, in a Match block only where the program looks again.
                let cleared = match keyword.name {
                    "forcecommand" | "chrootdirectory" => true,
                    "authorizedprincipalsfile" => !of_connection,
                    _ => false,
                };
                vec![if cleared && text.eq_ignore_ascii_case("none") { "none".to_owned() } else { text }]
            }
            _ if keyword.name == "kbdinteractiveauthentication" && self.challenge_decides() => vec!["yes".to_owned()],
            _ if keyword.name == "permitrootlogin" => {
                let value = set.unwrap_or_else(default_words).join(" ");
                let old_name = value == "without-password" && release.since(10, 1);
                vec![if old_name { "prohibit-password".to_owned() } else { value }]
            }
            _ => vec![set.unwrap_or_else(|| vec![default(keyword, release)]).join(" ")],
        }
    }

    /// Every address × port, IPv6 first where both are meant.
    fn listening(&self) -> Vec<String> {
        let ports = self.server.get("port").map(|slot| slot.values.clone()).filter(|ports| !ports.is_empty());
        let ports: Vec<u16> =
            ports.unwrap_or_else(|| vec!["22".to_owned()]).iter().flat_map(|port| port.parse()).collect();
        let family =
            self.server.get("addressfamily").and_then(|slot| slot.values.first()).map_or("any", String::as_str);
        let queued = self.server.get("listenaddress").map(|slot| slot.values.as_slice()).unwrap_or_default();
        let everywhere = ["::", "0.0.0.0"].into_iter().filter(|host| {
            parse_address(host).is_some_and(|host| family == "any" || (family == "inet") == host.is_ipv4())
        });
        let mut lines = Vec::new();
        if queued.is_empty() {
            for port in &ports {
                lines.extend(everywhere.clone().map(|host| listening(host, *port)));
            }
        }
        for entry in queued {
            let mut words = entry.splitn(3, ' ');
            let port: u16 = words.next().and_then(|port| port.parse().ok()).unwrap_or(0);
            let host = words.next().unwrap_or_default();
            let domain = words.next().map(|domain| format!(" rdomain {domain}")).unwrap_or_default();
            let own = [port];
            let ports = if port == 0 { ports.as_slice() } else { own.as_slice() };
            lines.extend(ports.iter().map(|port| format!("{}{domain}", listening(host, *port))));
        }
        lines
    }

    /// Since 9.5 a connection's subsystems replace those of the same name and add the others.
    fn subsystems(&self, keyword: &'static Keyword) -> Vec<String> {
        let mut all = self.server.get(keyword.name).map(|slot| slot.values.clone()).unwrap_or_default();
        let more = self.connection.filter(|_| keyword.may_match(self.ground.release));
        let more = more.and_then(|slots| slots.get(keyword.name)).map(|slot| slot.values.clone()).unwrap_or_default();
        let name = |value: &str| value.split(' ').next().unwrap_or_default().to_owned();
        for new in more {
            match all.iter_mut().find(|old| name(old) == name(&new)) {
                Some(old) => *old = new,
                None => all.push(new),
            }
        }
        all
    }
}

fn is_none(list: &[String]) -> bool {
    matches!(list, [only] if only.eq_ignore_ascii_case("none"))
}
