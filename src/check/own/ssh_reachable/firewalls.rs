//! Firewall rules that a boot brings into force: ufw, firewalld, iptables' saved rules, nftables.

use std::path::Path;

use super::{Door, Net, Overlap, starts};
use crate::check::Observation;
use crate::image::text::visible;
use crate::image::{Error, Image};

/// Whether any firewall starts at boot.
pub(in crate::check::own) fn any(image: &Image) -> Result<bool, Error> {
    const UNITS: [&str; 5] =
        ["ufw.service", "firewalld.service", "netfilter-persistent.service", "iptables.service", "nftables.service"];
    for unit in UNITS {
        if starts(image, unit)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What each firewall that starts at boot does with a new TCP connection from `net` to `port`.
pub(in crate::check::own) fn judge(image: &Image, port: u16, net: Net) -> Result<Vec<Door>, Error> {
    let mut doors = Vec::new();
    if starts(image, "ufw.service")? {
        doors.push(ufw(image, port, net)?);
    }
    if starts(image, "firewalld.service")? {
        doors.push(firewalld(image, port)?);
    }
    for (unit, path) in [
        ("netfilter-persistent.service", "/etc/iptables/rules.v4"),
        ("iptables.service", "/etc/sysconfig/iptables"),
        ("iptables.service", "/etc/iptables/iptables.rules"),
    ] {
        if starts(image, unit)?
            && let Some(text) = image.read_text(Path::new(path))?
        {
            doors.push(iptables(path, &text, port, net));
        }
    }
    if starts(image, "nftables.service")? {
        for path in ["/etc/nftables.conf", "/etc/sysconfig/nftables.conf"] {
            if let Some(text) = image.read_text(Path::new(path))? {
                doors.push(nftables(path, &text, port));
            }
        }
    }
    Ok(doors)
}

fn setting<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let value = text.lines().rev().find_map(|line| line.trim().strip_prefix(key)?.trim_start().strip_prefix('='))?;
    Some(value.trim().trim_matches('"'))
}

/// ufw writes each rule's meaning beside it: `### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in`.
fn ufw(image: &Image, port: u16, net: Net) -> Result<Door, Error> {
    const RULES: &str = "/etc/ufw/user.rules";
    let read = |path: &str| image.read_text(Path::new(path)).map(Option::unwrap_or_default);
    if setting(&read("/etc/ufw/ufw.conf")?, "ENABLED") != Some("yes") {
        return Ok(Door::Open);
    }
    for (line, text) in (1u32..).zip(read(RULES)?.lines()) {
        let Some(tuple) = text.strip_prefix("### tuple ###") else { continue };
        let words: Vec<&str> = tuple.split_whitespace().collect();
        let [action, protocol, ports, _, _, from, rest @ ..] = words.as_slice() else { continue };
        let fits = rest.last().is_some_and(|way| way.starts_with("in"))
            && matches!(*protocol, "tcp" | "any")
            && (*ports == "any" || has_port(ports, port));
        let seen = || Observation::at(RULES).line(line).text(visible(tuple.trim()));
        match (fits, net.within(from)) {
            (false, _) | (true, Some(Overlap::None)) => {}
            (true, Some(Overlap::Whole)) if action.starts_with("allow") || action.starts_with("limit") => {
                return Ok(Door::Open);
            }
            (true, Some(Overlap::Whole)) => return Ok(Door::Shut(seen())),
            (true, _) => return Ok(Door::Unclear(seen())),
        }
    }
    Ok(match setting(&read("/etc/default/ufw")?, "DEFAULT_INPUT_POLICY") {
        Some("ACCEPT") => Door::Open,
        _ => Door::Shut(Observation::at(RULES).text(format!("ufw lets nothing in to port {port}"))),
    })
}

/// Whether `22`, `22,80`, `20:25` or `20-25` has the port.
fn has_port(list: &str, port: u16) -> bool {
    list.split(',').map(str::trim).any(|item| match item.split_once([':', '-']) {
        Some((from, to)) => match (from.trim().parse::<u16>(), to.trim().parse::<u16>()) {
            (Ok(from), Ok(to)) => (from..=to).contains(&port),
            _ => false,
        },
        None => item.parse() == Ok(port) || (port == 22 && item == "ssh"),
    })
}

fn firewalld(image: &Image, port: u16) -> Result<Door, Error> {
    const CONFIGURATION: &str = "/etc/firewalld/firewalld.conf";
    let configuration = image.read_text(Path::new(CONFIGURATION))?.unwrap_or_default();
    let zone = setting(&configuration, "DefaultZone").unwrap_or("public");
    let unclear = |what: String| Door::Unclear(Observation::at(CONFIGURATION).text(what));
    if zone.contains('/') {
        return Ok(unclear("the default zone's name is no name".to_owned()));
    }
    for directory in ["/etc/firewalld/zones", "/usr/lib/firewalld/zones"] {
        let path = format!("{directory}/{zone}.xml");
        let Some(text) = image.read_text(Path::new(&path))? else { continue };
        let elements: Vec<&str> = text.split('<').collect();
        let has = |start: &str, words: &[&str]| {
            let is_it = |element: &&str| element.starts_with(start) && words.iter().all(|word| element.contains(word));
            elements.iter().any(is_it)
        };
        let is_open = has("zone", &["target=\"ACCEPT\""])
            || (port == 22 && has("service ", &["name=\"ssh\""]))
            || has("port ", &[&format!("port=\"{port}\""), "tcp"]);
        let seen = || Observation::at(&path).text(format!("the default zone lets nothing in to port {port}"));
        return Ok(match (is_open, has("rule", &[]) || has("source ", &[])) {
            (true, false) => Door::Open,
            (false, false) => Door::Shut(seen()),
            (_, true) => Door::Unclear(Observation::at(&path).text("the zone has rules of its own")),
        });
    }
    Ok(unclear(format!("the zone {} has no file", visible(zone))))
}

/// The `INPUT` chain as `iptables-save` writes it, rule by rule.
fn iptables(path: &str, text: &str, port: u16, net: Net) -> Door {
    let mut policy = None;
    let mut in_filter = true;
    for (line, text) in (1u32..).zip(text.lines().map(str::trim)) {
        if let Some(table) = text.strip_prefix('*') {
            in_filter = table == "filter";
        }
        if !in_filter {
            continue;
        }
        let seen = || Observation::at(path).line(line).text(visible(text));
        if let Some(rest) = text.strip_prefix(":INPUT ") {
            policy = rest.starts_with("DROP").then(seen);
        }
        let Some(rule) = text.strip_prefix("-A INPUT ") else { continue };
        match (matches(rule, port, net), target(rule)) {
            (Some(false), _) | (_, Some("LOG" | "NFLOG")) => {}
            (Some(true), Some("ACCEPT")) => return Door::Open,
            (Some(true), Some("DROP" | "REJECT")) => return Door::Shut(seen()),
            // A rule that is not understood, or that jumps elsewhere, may decide.
            _ => return Door::Unclear(seen()),
        }
    }
    policy.map_or(Door::Open, Door::Shut)
}

fn target(rule: &str) -> Option<&str> {
    rule.split_whitespace().skip_while(|word| *word != "-j").nth(1)
}

/// Whether a rule fits a new TCP connection; `None` when it has conditions that are not understood.
fn matches(rule: &str, port: u16, net: Net) -> Option<bool> {
    let mut words = rule.split_whitespace();
    let mut fits = true;
    while let Some(word) = words.next() {
        match word {
            "-j" => break,
            "-m" | "--comment" | "--icmp-type" => drop(words.next()),
            "-p" => fits &= matches!(words.next()?, "tcp" | "all"),
            "-i" => fits &= words.next()? != "lo",
            "-s" => match net.within(words.next()?)? {
                Overlap::Whole => {}
                Overlap::None => fits = false,
                Overlap::Part => return None,
            },
            "--dport" | "--dports" => fits &= has_port(words.next()?, port),
            "--state" | "--ctstate" => fits &= words.next()?.split(',').any(|state| state == "NEW"),
            _ => return None,
        }
        if !fits {
            return Some(false);
        }
    }
    Some(fits)
}

/// nftables' language is too rich to be followed here: plain files are told from the rest.
fn nftables(path: &str, text: &str, port: u16) -> Door {
    let lines: Vec<(u32, &str)> = (1u32..)
        .zip(text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let find = |test: &dyn Fn(&str) -> bool| lines.iter().find(|(_, line)| test(line));
    let seen = |(line, text): &(u32, &str)| Observation::at(path).line(*line).text(visible(text));
    if find(&|line| line.contains("hook input")).is_none() {
        return Door::Open;
    }
    let is_plain = |line: &str| {
        !["saddr", "jump", "goto", "vmap", "@", "iif", "meter", "limit"].iter().any(|word| line.contains(word))
    };
    let about_port = |line: &str| {
        line.split_once("dport").is_some_and(|(_, ports)| {
            let ports = ports.trim_matches(|letter: char| letter.is_whitespace() || letter == '{');
            ports.split(['}', ' ']).next().is_some_and(|first| has_port(first, port))
                || ports.split('}').next().is_some_and(|set| has_port(set, port))
        })
    };
    let opens = find(&|line| about_port(line) && line.contains("accept") && is_plain(line));
    let shuts = find(&|line| about_port(line) && (line.contains("drop") || line.contains("reject")));
    let policy = find(&|line| line.contains("policy drop"));
    let last = find(&|line| matches!(line.trim_end_matches(';'), "drop" | "reject" | "counter drop"));
    let other =
        find(&|line| !is_plain(line) && (line.contains("dport") || line.contains("jump") || line.contains("goto")))
            .or_else(|| find(&|line| line.starts_with("include")));
    match (opens, shuts, policy.or(last)) {
        (Some(_), None, _) | (None, None, None) => Door::Open,
        (_, Some(rule), _) => Door::Unclear(seen(rule)),
        (None, None, Some(rule)) => other.map_or_else(|| Door::Shut(seen(rule)), |other| Door::Unclear(seen(other))),
    }
}
