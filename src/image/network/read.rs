//! Finds the files that configure network cards and puts their parsers to work.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::interfaces::{self, Include};
use super::netplan::Netplan;
use super::{Address, Broken, Format, Network, Profile, Source, Tool, ifcfg, keyfile, networkd};
use crate::image::look::text_of;
use crate::image::{Error, Image, Kind, Reason};

/// The largest file that is read, in bytes; real ones have a few hundred.
const LARGEST: u64 = 1 << 20;
/// The most files of one format.
const MOST: usize = 2000;

/// Everything the image holds, in the order the readers go by.
pub(super) fn sources(image: &Image, network: &mut Network) -> Result<(), Error> {
    networkd_files(image, network)?;
    netplan_files(image, network)?;
    // netplan writes `10-netplan-ID.network`; of all files the first by name that fits a card counts.
    network.sources.sort_by_key(|source| match source.format {
        Format::Netplan => format!("10-netplan-{}.network", source.profile.id),
        _ => source.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    });
    network_manager_files(image, network)?;
    ifcfg_files(image, network)?;
    interfaces_files(image, network)
}

/// The text of a regular file of a size such files have.
fn text(image: &Image, path: &Path) -> Result<Option<String>, Error> {
    let Some(bytes) = image.read_start(path, LARGEST + 1)? else { return Ok(None) };
    if bytes.len() as u64 > LARGEST {
        return Err(Error { action: "read", path: path.to_owned(), reason: Reason::TooLarge(LARGEST) });
    }
    text_of(path, &bytes).map(Some)
}

fn files(image: &Image, pattern: &str) -> Result<Vec<PathBuf>, Error> {
    let mut found = image.glob(pattern)?;
    if found.len() > MOST {
        let path = Path::new(pattern).parent().unwrap_or(Path::new("/")).to_owned();
        return Err(Error { action: "list", path, reason: Reason::TooMany(MOST) });
    }
    // What is not there behind a link, and directories, are no files.
    let mut kept = Vec::new();
    for path in found.drain(..) {
        if image.stat(&path)?.is_some_and(|meta| meta.kind != Kind::Directory) {
            kept.push(path);
        }
    }
    Ok(kept)
}

/// Files by their name, those of the stronger of two directories before the other's; one that is empty, or a link to
/// `/dev/null`, hides its namesake.
fn by_name(image: &Image, patterns: &[&str]) -> Result<BTreeMap<String, PathBuf>, Error> {
    let mut found = BTreeMap::new();
    for pattern in patterns {
        for path in image.glob(pattern)?.into_iter().take(MOST) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            found.entry(name).or_insert(path);
        }
    }
    let mut masked = Vec::new();
    for (name, path) in &found {
        let to_null = image.read_link(path)?.is_some_and(|target| target == Path::new("/dev/null"));
        // What is neither file nor directory is kept: reading it gives the error it deserves.
        let is_kept = |meta: crate::image::Meta| match meta.kind {
            Kind::File => meta.size > 0,
            kind => kind != Kind::Directory,
        };
        if to_null || !image.stat(path)?.is_some_and(is_kept) {
            masked.push(name.clone());
        }
    }
    found.retain(|name, _| !masked.contains(name));
    Ok(found)
}

/// What cloud-init says at the top of what it writes, or calls it.
fn is_from_cloud_init(path: &Path, text: &str) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_named = ["50-cloud-init.", "10-cloud-init-", "cloud-init-"].iter().any(|start| name.starts_with(start));
    is_named || name == "50-cloud-init" || text.lines().take(3).any(|line| line.starts_with("# Created by cloud-init"))
}

fn put(network: &mut Network, path: PathBuf, text: &str, format: Format, tool: Tool, mut profile: Profile) {
    for bound in &mut profile.bound {
        bound.path.clone_from(&path);
    }
    let from_cloud_init = is_from_cloud_init(&path, text);
    network.sources.push(Source { path, format, tool, from_cloud_init, profile });
}

fn networkd_files(image: &Image, network: &mut Network) -> Result<(), Error> {
    const PLACES: [&str; 4] =
        ["/etc/systemd/network", "/usr/local/lib/systemd/network", "/usr/lib/systemd/network", "/lib/systemd/network"];
    let patterns = PLACES.map(|place| format!("{place}/*.network"));
    for (name, path) in by_name(image, &patterns.each_ref().map(String::as_str))? {
        let Some(whole) = text(image, &path)? else { continue };
        let mut profile = networkd::parse(&whole);
        let drop_ins = PLACES.map(|place| format!("{place}/{name}.d/*.conf"));
        let mut bound = Vec::new();
        for drop_in in by_name(image, &drop_ins.each_ref().map(String::as_str))?.into_values() {
            let Some(more) = text(image, &drop_in)? else { continue };
            let said = networkd::parse(&more);
            if said.address != Address::Nothing {
                profile.address = said.address;
            }
            profile.unmanaged |= said.unmanaged;
            profile.automatic &= said.automatic;
            bound.extend(said.bound.into_iter().map(|bound| super::Bound { path: drop_in.clone(), ..bound }));
        }
        profile.settle();
        put(network, path, &whole, Format::Networkd, Tool::Networkd, profile);
        if let Some(source) = network.sources.last_mut() {
            source.profile.bound.extend(bound);
        }
    }
    Ok(())
}

/// The lines of udev's `.link` files on the image that tie a card's name to one machine's hardware.
///
/// # Errors
/// When such a file cannot be read.
pub fn tied_links(image: &Image) -> Result<Vec<super::Bound>, Error> {
    let mut found = Vec::new();
    for path in by_name(image, &["/etc/systemd/network/*.link"])?.into_values() {
        let Some(whole) = text(image, &path)? else { continue };
        found.extend(networkd::link(&whole).into_iter().map(|bound| super::Bound { path: path.clone(), ..bound }));
    }
    Ok(found)
}

fn netplan_files(image: &Image, network: &mut Network) -> Result<(), Error> {
    let found = by_name(image, &["/etc/netplan/*.yaml", "/usr/lib/netplan/*.yaml", "/lib/netplan/*.yaml"])?;
    let mut read = Vec::new();
    let mut netplan = Netplan::default();
    for path in found.into_values() {
        let Some(whole) = text(image, &path)? else { continue };
        if let Err((line, why)) = netplan.add(read.len(), &whole) {
            network.broken.push(Broken { path: path.clone(), line, why });
        }
        read.push((path, whole));
    }
    for (definition, mut profile, is_manager) in netplan.profiles() {
        let Some((path, whole)) = read.get(definition.file) else { continue };
        for (bound, (file, _)) in profile.bound.iter_mut().zip(&definition.bound) {
            bound.path = read.get(*file).map_or_else(|| path.clone(), |(path, _)| path.clone());
        }
        let tool = if is_manager { Tool::NetworkManager } else { Tool::Networkd };
        let from_cloud_init = is_from_cloud_init(path, whole);
        network.sources.push(Source { path: path.clone(), format: Format::Netplan, tool, from_cloud_init, profile });
    }
    Ok(())
}

fn network_manager_files(image: &Image, network: &mut Network) -> Result<(), Error> {
    const PLACES: [&str; 2] =
        ["/etc/NetworkManager/system-connections/*", "/usr/lib/NetworkManager/system-connections/*"];
    for (name, path) in by_name(image, &PLACES)? {
        // Editors' backups and hidden files are passed over (nm-settings-keyfile(5)).
        if name.starts_with('.') || name.ends_with('~') || name.ends_with(".rpmsave") || name.ends_with(".rpmnew") {
            continue;
        }
        let Some(whole) = text(image, &path)? else { continue };
        match keyfile::parse(&whole) {
            Ok(profile) => put(network, path, &whole, Format::Keyfile, Tool::NetworkManager, profile),
            Err((line, why)) => network.broken.push(Broken { path, line, why }),
        }
    }
    let mut read = Vec::new();
    let drop_ins = by_name(image, &["/etc/NetworkManager/conf.d/*.conf", "/usr/lib/NetworkManager/conf.d/*.conf"])?;
    // Those of the vendor come before the main file, those of /etc after it, each by name (NetworkManager.conf(5)).
    let (own, vendor): (Vec<_>, Vec<_>) = drop_ins.into_values().partition(|path| path.starts_with("/etc"));
    let main = files(image, "/etc/NetworkManager/NetworkManager.conf")?;
    for path in vendor.into_iter().chain(main).chain(own) {
        read.extend(text(image, &path)?);
    }
    let manner = keyfile::manner(read.iter().map(String::as_str));
    network.auto_default = manner.auto_default;
    network.unmanaged = manner.unmanaged;
    Ok(())
}

fn ifcfg_files(image: &Image, network: &mut Network) -> Result<(), Error> {
    let red_hat = files(image, "/etc/sysconfig/network-scripts/ifcfg-*")?;
    let suse = files(image, "/etc/sysconfig/network/ifcfg-*")?;
    let all = red_hat.into_iter().map(|path| (path, false)).chain(suse.into_iter().map(|path| (path, true)));
    for (path, is_suse) in all {
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("ifcfg-"));
        let Some(name) = name.filter(|name| *name != "lo" && !name.contains(['.', '~'])).map(str::to_owned) else {
            continue;
        };
        let Some(whole) = text(image, &path)? else { continue };
        if is_suse {
            put(network, path, &whole, Format::Wicked, Tool::Wicked, ifcfg::suse(&whole, &name));
        } else {
            put(network, path, &whole, Format::Ifcfg, Tool::NetworkScripts, ifcfg::red_hat(&whole, &name));
        }
    }
    Ok(())
}

fn interfaces_files(image: &Image, network: &mut Network) -> Result<(), Error> {
    let mut waiting = vec![PathBuf::from("/etc/network/interfaces")];
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut autos = Vec::new();
    let mut found = Vec::new();
    let mut reads_run = false;
    while let Some(path) = waiting.pop() {
        if seen.contains(&path) || seen.len() >= MOST {
            continue;
        }
        seen.push(path.clone());
        let Some(whole) = text(image, &path)? else { continue };
        let stanzas = interfaces::parse(&whole);
        if let Some(line) = stanzas.odd {
            let why = "it is no stanza of interfaces(5)".to_owned();
            network.broken.push(Broken { path: path.clone(), line, why });
        }
        let beside = path.parent().unwrap_or(Path::new("/")).to_owned();
        for include in &stanzas.includes {
            let (Include::Files(place) | Include::Directory(place)) = include;
            reads_run |= place.starts_with("/run/network/interfaces.d");
            waiting.extend(included(image, &beside, include)?);
        }
        autos.extend(stanzas.autos);
        found.extend(stanzas.profiles.into_iter().map(|profile| (path.clone(), whole.clone(), profile)));
    }
    for (path, whole, profile) in found {
        put(network, path, &whole, Format::Interfaces, Tool::Ifupdown, interfaces::brought_up(profile, &autos));
    }
    cloud_ifupdown(image, network, reads_run)
}

fn included(image: &Image, beside: &Path, include: &Include) -> Result<Vec<PathBuf>, Error> {
    Ok(match include {
        Include::Files(pattern) => files(image, &beside.join(pattern).to_string_lossy())?,
        Include::Directory(place) => {
            let plain = |path: &PathBuf| {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            };
            let pattern = beside.join(place).join("*");
            files(image, &pattern.to_string_lossy())?.into_iter().filter(plain).collect()
        }
    })
}

/// Debian's cloud images up to 11 write a file for each card that udev finds, from a template.
fn cloud_ifupdown(image: &Image, network: &mut Network, reads_run: bool) -> Result<(), Error> {
    const TEMPLATE: &str = "/etc/network/cloud-interfaces-template";
    let rules = files(image, "/{etc,lib,usr/lib}/udev/rules.d/75-cloud-ifupdown.rules")?;
    if !reads_run || rules.is_empty() {
        return Ok(());
    }
    let Some(whole) = text(image, Path::new(TEMPLATE))? else { return Ok(()) };
    let is_dhcp = whole.lines().any(|line| line.trim() == "iface $INTERFACE inet dhcp");
    let address = if is_dhcp { Address::Dhcp } else { Address::Nothing };
    let profile = Profile { line: 1, id: "each card".to_owned(), address, automatic: true, ..Profile::default() };
    put(network, PathBuf::from(TEMPLATE), &whole, Format::Interfaces, Tool::Ifupdown, profile);
    Ok(())
}
