//! What sshd refuses after it has read everything, and what cannot be told from files.

use super::algorithms;
use super::keywords::{Kind, TABLE};
use super::pass::{Ground, Slot, Slots};
use super::pattern::parse_address;
use super::script::At;
use super::settle::settle;
use super::{Effective, Origin, Problem};

/// The problems of a configuration that was read without one.
pub(super) fn problems(ground: Ground<'_>, slots: &Slots) -> Vec<Problem> {
    let effective = settle(ground, slots, None);
    let mut found = Vec::new();
    let mut report = |slot: Option<&Slot>, message: String, fatal: bool| {
        let origin = slot.and_then(|slot| slot.origins.first()).map(|at: &At| ground.script.origin(*at));
        found.push(Problem { origin: origin.unwrap_or_else(nowhere), message, fatal });
    };
    for (command, user) in [
        ("authorizedkeyscommand", "authorizedkeyscommanduser"),
        ("authorizedprincipalscommand", "authorizedprincipalscommanduser"),
    ] {
        let slot = slots.get(command);
        let is_set = slot.and_then(|slot| slot.values.first()).is_some_and(|text| !text.eq_ignore_ascii_case("none"));
        if is_set && !slots.contains_key(user) {
            report(slot, format!("{command} is set without {user}"), true);
        }
    }
    if !effective.has_way_in() {
        let message = "authenticationmethods cannot be satisfied: every list names a method that is switched off";
        report(slots.get("authenticationmethods"), message.to_owned(), true);
    }
    for keyword in TABLE {
        let slot = slots.get(keyword.name);
        let text = slot.and_then(|slot| slot.values.first());
        if let (Kind::Algorithms(list), Some(text)) = (keyword.kind, text)
            && let Err(message) = algorithms::assemble(list, text, ground.release)
        {
            report(slot, format!("{} {message}", keyword.name), true);
        }
    }
    let family = effective.value("addressfamily");
    let listen = slots.get("listenaddress");
    for entry in listen.map(|slot| slot.values.as_slice()).unwrap_or_default() {
        let mut words = entry.splitn(3, ' ').skip(1);
        let host = words.next().unwrap_or_default();
        match parse_address(host) {
            Some(address) if family != "any" && address.is_ipv4() != (family == "inet") => {
                report(listen, format!("listenaddress {host} is not of the address family {family}"), true);
            }
            Some(_) => {}
            None => report(listen, format!("listenaddress {host} needs a name service to be told"), false),
        }
        if words.next().is_some() {
            report(listen, "listenaddress names a routing domain, which no file tells".to_owned(), false);
        }
    }
    found
}

/// The origin of what no line decides.
fn nowhere() -> Origin {
    Origin { path: super::MAIN.into(), line: 0, text: String::new() }
}

impl Effective {
    /// Whether `AuthenticationMethods` leaves any way in: at least one of its lists has no method that is switched
    /// off. A server whose own settings leave none does not start; a connection's simply cannot log in.
    pub fn has_way_in(&self) -> bool {
        let lists = self.value("authenticationmethods");
        lists == "any" || lists.split(' ').any(|list| list.split(',').all(|method| self.is_enabled(method)))
    }

    fn is_enabled(&self, method: &str) -> bool {
        let keyword = match method.split(':').next().unwrap_or_default() {
            "publickey" => "pubkeyauthentication",
            "password" => "passwordauthentication",
            "keyboard-interactive" => "kbdinteractiveauthentication",
            "hostbased" => "hostbasedauthentication",
            "gssapi-with-mic" => "gssapiauthentication",
            "gssapi-keyex" => "gssapikeyexchange",
            "none" => return true,
            _ => return false,
        };
        self.value(keyword) == "yes"
    }
}
