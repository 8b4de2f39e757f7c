//! BOT-09: no service that starts works for strangers: mail, web and SOCKS proxies, name servers, time servers, caches.
//!
//! Judged by configuration files alone. Only what they say outright counts; a firewall in front is not looked at, for
//! the buyer's may be another.

use std::net::IpAddr;
use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::units::State;
use crate::image::{Error, Image, text};

/// A line of a configuration, from 1, and what it lets strangers do.
type Open = (u32, &'static str);

/// A service, its units, its files (patterns), and what is open in the text of one of them.
struct Service {
    units: &'static [&'static str],
    files: &'static [&'static str],
    open: fn(&str) -> Vec<Open>,
}

const SERVICES: [Service; 9] = [
    Service { units: &["postfix.service"], files: &["/etc/postfix/main.cf"], open: postfix },
    Service {
        units: &["exim4.service", "exim.service"],
        files: &["/etc/exim4/update-exim4.conf.conf", "/etc/exim/exim.conf"],
        open: exim,
    },
    Service { units: &["squid.service", "squid3.service"], files: &["/etc/squid/squid.conf"], open: squid },
    Service { units: &["tinyproxy.service"], files: &["/etc/tinyproxy/tinyproxy.conf"], open: tinyproxy },
    Service {
        units: &["danted.service", "sockd.service"],
        files: &["/etc/danted.conf", "/etc/sockd.conf"],
        open: dante,
    },
    Service {
        units: &["named.service", "bind9.service"],
        files: &["/etc/named.conf", "/etc/named/*.conf", "/etc/bind/named.conf*"],
        open: bind,
    },
    Service {
        units: &["unbound.service"],
        files: &["/etc/unbound/unbound.conf", "/etc/unbound/*.d/*.conf"],
        open: unbound,
    },
    Service {
        units: &["chronyd.service", "chrony.service"],
        files: &["/etc/chrony.conf", "/etc/chrony/chrony.conf", "/etc/chrony.d/*.conf", "/etc/chrony/conf.d/*.conf"],
        open: chrony,
    },
    Service {
        units: &["memcached.service"],
        files: &["/etc/memcached.conf", "/etc/sysconfig/memcached"],
        open: memcached,
    },
];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let units = image.units()?;
    let (mut seen, mut unread, mut looked) = (Vec::new(), Vec::new(), Vec::new());
    for service in &SERVICES {
        let Some(unit) = service.units.iter().find(|unit| units.state(unit) == State::Enabled) else { continue };
        let mut found = false;
        for path in files(image, service.files)? {
            let Some(text) = image.read_text(&path)? else { continue };
            found = true;
            seen.extend((service.open)(&text).into_iter().map(|(line, why)| at(&path, line, why)));
        }
        if found {
            looked.push(*unit);
        } else {
            unread.push(Observation::fact(format!("{unit} starts; its configuration is not where it usually is")));
        }
    }
    Ok(if !seen.is_empty() {
        Finding::new(Status::Fail, "A service that starts at boot works for anybody who reaches it.").seen(seen)
    } else if !unread.is_empty() {
        let what = "Whether these services work for strangers is not known: no configuration of theirs was found.";
        Finding::new(Status::Unknown, what).seen(unread)
    } else if looked.is_empty() {
        Finding::new(Status::Pass, "No mail server, proxy, name server, time server or cache is known to start.")
    } else {
        Finding::new(Status::Pass, format!("What starts is closed to strangers: {}.", looked.join(", ")))
    })
}

fn files(image: &Image, patterns: &[&str]) -> Result<Vec<std::path::PathBuf>, Error> {
    let mut found = Vec::new();
    for pattern in patterns {
        found.extend(image.glob(pattern)?);
    }
    Ok(found)
}

fn at(path: &Path, line: u32, why: &str) -> Observation {
    let seen = Observation::at(path).text(text::visible(why));
    if line == 0 { seen } else { seen.line(line) }
}

/// Lines with their numbers, without comments that begin with one of `marks` and without those that say nothing.
fn lines<'a>(text: &'a str, marks: &'a [&'a str]) -> impl Iterator<Item = (u32, &'a str)> + 'a {
    (1..).zip(text.lines()).filter_map(move |(number, line)| {
        let end = marks.iter().filter_map(|mark| line.find(mark)).min().unwrap_or(line.len());
        let line = line.get(..end)?.trim();
        (!line.is_empty()).then_some((number, line))
    })
}

/// Whether `range` takes in (nearly) everybody: `any`, `0/0`, a prefix shorter than that of any private network.
fn is_everybody(range: &str) -> bool {
    if matches!(range, "any" | "all" | "*" | "0/0" | "::/0" | "0.0.0.0/0") {
        return true;
    }
    let Some((address, bits)) = range.split_once('/') else { return false };
    let address = address.trim_matches(['[', ']']);
    let parsed = address.parse::<IpAddr>();
    bits.parse::<u8>().is_ok_and(|bits| match parsed {
        Ok(IpAddr::V4(_)) => bits < 8,
        Ok(IpAddr::V6(_)) => bits < 7,
        Err(_) => false,
    })
}

/// postconf(5): a line that begins with a blank goes on with the one before.
fn postfix(text: &str) -> Vec<Open> {
    let mut settings: Vec<(u32, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with('#') {
            continue;
        }
        match settings.last_mut() {
            Some((_, before)) if line.starts_with([' ', '\t']) => {
                before.push(' ');
                before.push_str(line.trim());
            }
            _ => settings.push((number, line.trim().to_owned())),
        }
    }
    // The last of several lines with the same name counts.
    let setting = |wanted: &str| {
        settings.iter().rev().find_map(|(number, line)| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == wanted).then(|| (*number, value.trim()))
        })
    };
    let words = |value: &str| value.split([' ', '\t', ',']).map(str::to_owned).collect::<Vec<_>>();
    let mut open = Vec::new();
    let local_only = setting("inet_interfaces").is_some_and(|(_, value)| {
        words(value).iter().all(|name| matches!(name.as_str(), "loopback-only" | "localhost" | "127.0.0.1" | "::1"))
    });
    if local_only {
        return open;
    }
    if let Some((line, value)) = setting("mynetworks")
        && words(value).iter().any(|range| is_everybody(range))
    {
        open.push((line, "mynetworks takes in everybody: an open mail relay"));
    }
    for name in ["smtpd_relay_restrictions", "smtpd_recipient_restrictions"] {
        if let Some((line, value)) = setting(name)
            && words(value).iter().find(|word| !word.is_empty()).is_some_and(|first| first == "permit")
        {
            open.push((line, "the first rule permits everybody: an open mail relay"));
        }
    }
    open
}

/// Debian's `dc_relay_nets='0.0.0.0/0'`, and `hostlist relay_from_hosts = *`.
fn exim(text: &str) -> Vec<Open> {
    let is_open = |line: &str| {
        let value = line.strip_prefix("dc_relay_nets=").or_else(|| {
            line.strip_prefix("hostlist")?
                .trim_start()
                .strip_prefix("relay_from_hosts")?
                .split_once('=')
                .map(|(_, value)| value)
        })?;
        Some(value.trim_matches(['\'', '"', ' ']).split([':', ';', ' ']).any(is_everybody))
    };
    let found = lines(text, &["#"]).filter(|(_, line)| is_open(line) == Some(true));
    found.map(|(number, _)| (number, "relays mail for everybody")).collect()
}

/// The first `http_access` line that fits decides.
fn squid(text: &str) -> Vec<Open> {
    for (number, line) in lines(text, &["#"]) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words.as_slice() {
            ["http_access", "deny", "all"] => break,
            ["http_access", "allow", "all"] => return vec![(number, "a web proxy for everybody")],
            _ => {}
        }
    }
    Vec::new()
}

/// tinyproxy.conf(5): without any `Allow` or `Deny` line everybody is let in.
fn tinyproxy(text: &str) -> Vec<Open> {
    let mut local = false;
    let mut limited = false;
    for (number, line) in lines(text, &["#"]) {
        match line.split_once(char::is_whitespace).map(|(name, value)| (name.to_ascii_lowercase(), value.trim())) {
            Some((name, value)) if name == "allow" && is_everybody(value) => {
                return vec![(number, "a web proxy for everybody")];
            }
            Some((name, _)) if name == "allow" || name == "deny" || name == "basicauth" => limited = true,
            Some((name, value)) if name == "listen" => local = value.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
            _ => {}
        }
    }
    if limited || local { Vec::new() } else { vec![(0, "a web proxy for everybody: no Allow line limits it")] }
}

/// sockd.conf(5): `socksmethod: none` with a `socks pass` for everybody.
fn dante(text: &str) -> Vec<Open> {
    let without_login = lines(text, &["#"]).find(|(_, line)| {
        let method = line.strip_prefix("socksmethod:").or_else(|| line.strip_prefix("method:"));
        method.is_some_and(|method| method.split_ascii_whitespace().any(|word| word == "none"))
    });
    let for_all = lines(text, &["#"]).any(|(_, line)| {
        line.split_once("from:").and_then(|(_, rest)| rest.split_ascii_whitespace().next()).is_some_and(is_everybody)
    });
    match without_login {
        Some((number, _)) if for_all => vec![(number, "a SOCKS proxy for everybody, without a login")],
        _ => Vec::new(),
    }
}

/// named.conf(5): `allow-recursion { any; }`; where only `allow-query-cache` or `allow-query` is given, recursion goes by it.
fn bind(text: &str) -> Vec<Open> {
    let mut recursion = true;
    let mut any: Vec<(u32, &str)> = Vec::new();
    let mut name = "";
    for (number, line) in lines(text, &["//", "#"]) {
        for word in line.split([' ', '\t', ';', '{', '}']).filter(|word| !word.is_empty()) {
            match word {
                "allow-recursion" | "allow-query-cache" | "allow-query" | "recursion" => name = word,
                "no" if name == "recursion" => recursion = false,
                "any" | "0.0.0.0/0" if name.starts_with("allow") => any.push((number, name)),
                _ if word.starts_with(|letter: char| letter.is_ascii_alphabetic()) && !is_everybody(word) => {
                    name = "";
                }
                _ => {}
            }
        }
        if line.contains('}') {
            name = "";
        }
    }
    if !recursion {
        return Vec::new();
    }
    let open = any.into_iter().filter(|(_, name)| *name != "allow-query");
    open.map(|(number, _)| (number, "a name server that looks things up for everybody")).collect()
}

/// unbound.conf(5): `access-control: 0.0.0.0/0 allow`.
fn unbound(text: &str) -> Vec<Open> {
    let is_open = |line: &str| {
        let mut words = line.strip_prefix("access-control:")?.split_ascii_whitespace();
        Some(is_everybody(words.next()?) && words.next()?.starts_with("allow"))
    };
    let found = lines(text, &["#"]).filter(|(_, line)| is_open(line) == Some(true));
    found.map(|(number, _)| (number, "a name server that looks things up for everybody")).collect()
}

/// chrony.conf(5): `allow` alone or with `all` opens the time server to everybody; `port 0` shuts it.
fn chrony(text: &str) -> Vec<Open> {
    let mut open = Vec::new();
    for (number, line) in lines(text, &["#", "!", "%", ";"]) {
        let words: Vec<String> = line.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["port", "0"] => return Vec::new(),
            ["allow"] | ["allow", "all"] => open.push((number, "a time server for everybody")),
            ["allow", range] | ["allow", "all", range] if is_everybody(range) => {
                open.push((number, "a time server for everybody"));
            }
            _ => {}
        }
    }
    open
}

/// memcached(1): listens everywhere unless `-l` names addresses.
fn memcached(text: &str) -> Vec<Open> {
    let mut addresses = Vec::new();
    for (_, line) in lines(text, &["#"]) {
        let words: Vec<&str> = line.split([' ', '\t', '"', '=', '\'']).filter(|word| !word.is_empty()).collect();
        for (place, word) in words.iter().enumerate() {
            let given = if matches!(*word, "-l" | "--listen") {
                words.get(place + 1).copied()
            } else if matches!(*word, "-s" | "--unix-socket") {
                Some("localhost")
            } else {
                word.strip_prefix("-l").filter(|rest| rest.starts_with(|first: char| first.is_ascii_hexdigit()))
            };
            addresses.extend(given.into_iter().flat_map(|list| list.split(',')).map(str::to_owned));
        }
    }
    let is_local = |address: &String| {
        let address = address.trim_matches(['[', ']']);
        address == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    };
    let open = addresses.iter().find(|address| {
        let given = address.trim_matches(['[', ']']);
        !is_local(address) && given.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified())
    });
    if addresses.is_empty() {
        vec![(0, "a cache without a login that listens on every address (no -l)")]
    } else if open.is_some() {
        vec![(0, "a cache without a login that listens on every address (-l)")]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
