//! BOT-02: something asks for an address by DHCP on the first network card of a copy, whatever its MAC address.

use crate::check::{Finding, Observation, Status};
use crate::image::kernel::Naming;
use crate::image::network::{Address, Bound, BoundTo, Broken, ByCloudInit, Format, Network, Profile, Source, Tool};
use crate::image::text::{path as shown, visible};
use crate::image::units::State;
use crate::image::{Error, Image};

/// Others who bring cards up, whose files are not read here.
const OTHERS: [&str; 4] = ["dhcpcd.service", "connman.service", "dhclient.service", "dhcpcd@eth0.service"];

pub(crate) fn check(image: &Image) -> Result<Finding, Error> {
    let network = image.network()?;
    if let Some(unknown) = not_understood(&network.broken) {
        return Ok(unknown);
    }
    let answers: Vec<Answer<'_>> = network.first_names().iter().map(|name| answer(network, name)).collect();
    let of = |wanted: fn(&Answer<'_>) -> bool| answers.iter().find(|answer| wanted(answer));
    if let Some(Answer::Both(said, source)) = of(|answer| matches!(answer, Answer::Both(..))) {
        let text = format!("{said}, but another configuration gives the same card a fixed address.");
        return Ok(Finding::new(Status::Unknown, capital(&text)).seen([at(source)]));
    }
    if let [Answer::Dhcp(said, source), rest @ ..] = answers.as_slice()
        && rest.iter().all(|answer| matches!(answer, Answer::Dhcp(..)))
    {
        return Ok(Finding::new(Status::Pass, capital(&format!("{said}."))).seen(source.map(at)));
    }
    if network.naming == Naming::Unknown
        && let Some(Answer::Dhcp(said, source)) = of(|answer| matches!(answer, Answer::Dhcp(..)))
    {
        let text = format!(
            "{said}, but whether the first card gets that name cannot be told: no kernel command line was found."
        );
        return Ok(Finding::new(Status::Unknown, capital(&text)).seen(source.map(at)));
    }
    for unit in OTHERS {
        if image.units()?.state(unit) == State::Enabled {
            let text = format!("{unit} brings network cards up; only a test launch shows whether it gets an address.");
            return Ok(Finding::new(Status::Unknown, text).seen([Observation::fact(format!("{unit} is enabled"))]));
        }
    }
    let fail = if answers.iter().any(|answer| matches!(answer, Answer::Static)) {
        "The first network card gets a fixed address, which is wrong in a buyer's network: nobody could reach a copy."
    } else {
        "Nothing asks for an address by DHCP on the first network card of a copy: nobody could reach it."
    };
    Ok(Finding::new(Status::Fail, fail).seen(lacks(network)))
}

/// "Unknown", where a file that configures cards cannot be made sense of.
pub(super) fn not_understood(broken: &[Broken]) -> Option<Finding> {
    let first = broken.first()?;
    let text = format!("{} is not understood: {}.", shown(&first.path), visible(&first.why));
    let seen = broken.iter().map(|one| Observation::at(&one.path).line(one.line).text(visible(&one.why)));
    Some(Finding::new(Status::Unknown, text).seen(seen))
}

enum Answer<'a> {
    /// Who does it, and by which file.
    Dhcp(String, Option<&'a Source>),
    /// A file gives a fixed address.
    Static,
    /// Both: who asks, and the file that gives a fixed address.
    Both(String, &'a Source),
    Nothing,
}

/// What happens to a card called `name` at the first boot of a copy.
fn answer<'a>(network: &'a Network, name: &str) -> Answer<'a> {
    let mut dhcp = None;
    let mut fixed = None;
    for tool in Tool::ALL.into_iter().filter(|tool| network.is_on(*tool)) {
        let is_left =
            |source: &&Source| tool == Tool::NetworkManager && network.unmanaged && source.format == Format::Keyfile;
        let takes = |source: &&Source| {
            source.tool == tool
                && !network.is_written_anew(source)
                && source.profile.automatic
                && source.profile.takes(name)
        };
        let mut taking: Vec<&Source> = network.sources.iter().filter(takes).filter(|source| !is_left(source)).collect();
        if tool == Tool::Networkd {
            // The first file by name that fits a card is the only one it reads.
            taking.truncate(1);
        }
        if let Some(source) = taking.iter().find(|source| source.profile.address == Address::Dhcp) {
            dhcp.get_or_insert((
                format!("{} asks for an address by DHCP, by {}", tool.name(), shown(&source.path)),
                Some(*source),
            ));
        }
        if let Some(source) = taking.iter().find(|source| source.profile.address == Address::Static) {
            fixed.get_or_insert(*source);
        }
        if tool == Tool::NetworkManager && taking.is_empty() && network.auto_default && !network.unmanaged {
            dhcp.get_or_insert((
                "NetworkManager asks for an address by DHCP on cards that no file speaks of".to_owned(),
                None,
            ));
        }
    }
    if let ByCloudInit::Writes { renderer, tool } = &network.cloud_init
        && network.is_on(*tool)
    {
        let said = format!(
            "cloud-init writes DHCP for the first network card at the first boot (its {} renderer), and {} carries it out",
            renderer.name(),
            tool.name()
        );
        dhcp = Some((said, None));
    }
    match (dhcp, fixed) {
        (Some((said, _)), Some(source)) => Answer::Both(said, source),
        (Some((said, source)), None) => Answer::Dhcp(said, source),
        (None, Some(_)) => Answer::Static,
        (None, None) => Answer::Nothing,
    }
}

fn at(source: &Source) -> Observation {
    let Profile { line, address, .. } = &source.profile;
    let how = match address {
        Address::Dhcp => "DHCP",
        Address::Static => "a fixed address",
        Address::Nothing => "no address",
    };
    Observation::at(&source.path).line(*line).text(format!("{how} for {}", cards(&source.profile)))
}

/// The cards a configuration is for, in words.
fn cards(profile: &Profile) -> String {
    let mut words: Vec<String> = profile.names.iter().map(|name| visible(name)).collect();
    words.extend(profile.drivers.iter().map(|driver| format!("driver {}", visible(driver))));
    if words.is_empty() { "any card".to_owned() } else { words.join(", ") }
}

/// What there is, and why none of it brings an address.
fn lacks(network: &Network) -> Vec<Observation> {
    let mut seen = Vec::new();
    for source in network.sources.iter().filter(|source| source.profile.is_wired() && !network.is_written_anew(source))
    {
        let why = if !network.is_on(source.tool) {
            format!("{} does not start at boot", source.tool.name())
        } else if let Some(Bound { text, .. }) = tie(&source.profile) {
            format!("for one machine's card only: {}", visible(text))
        } else if !source.profile.automatic {
            format!("not brought up at boot: {}", cards(&source.profile))
        } else {
            at(source).text.unwrap_or_default()
        };
        seen.push(Observation::at(&source.path).line(source.profile.line).text(why));
    }
    match &network.cloud_init {
        ByCloudInit::No(why) => seen.push(Observation::fact(visible(why))),
        ByCloudInit::Writes { tool, .. } => {
            seen.push(Observation::fact(format!(
                "cloud-init writes for {}, which does not start at boot",
                tool.name()
            )));
        }
        ByCloudInit::Fixed => {}
    }
    if !Tool::ALL.into_iter().any(|tool| network.is_on(tool)) {
        seen.push(Observation::fact("no network service is enabled"));
    }
    seen
}

fn tie(profile: &Profile) -> Option<&Bound> {
    profile.bound.iter().find(|bound| matches!(bound.to, BoundTo::Mac | BoundTo::Place))
}

/// `text` with its first letter in upper case, but for names that begin in lower case.
fn capital(text: &str) -> String {
    match text.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
