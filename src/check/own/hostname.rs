//! IDN-04: no file names the machine the image was built on: hostname(5), hosts(5), machine-info(5), mailname(5).

use std::net::IpAddr;
use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::Value;
use crate::image::{Error, Image, Kind};

/// The machine's name.
pub(crate) const HOSTNAME: &str = "/etc/hostname";

/// Names of addresses.
pub(crate) const HOSTS: &str = "/etc/hosts";

/// The name mail is sent under (Debian).
pub(crate) const MAILNAME: &str = "/etc/mailname";

/// Files of `KEY=value` lines, and the keys that name the machine or where it stood.
const ASSIGNED: [(&str, &[&str]); 3] = [
    ("/etc/machine-info", &["PRETTY_HOSTNAME", "LOCATION"]),
    ("/etc/sysconfig/network", &["HOSTNAME"]),
    ("/etc/postfix/main.cf", &["myhostname"]),
];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let generic = |name: &str| is_generic(name, image.os().map_or("", |os| &os.id));
    let mut seen = Vec::new();
    let mut own = None;
    if let Some((line, name)) = first_word(&text(image, HOSTNAME)?)
        && !generic(&name)
    {
        seen.push(Observation::at(HOSTNAME).line(line).text(&name));
        own = Some(name);
    }
    for (line, names) in stale_hosts(&text(image, HOSTS)?, own.as_deref(), generic) {
        seen.push(Observation::at(HOSTS).line(line).text(names));
    }
    if let Some((line, name)) = first_word(&text(image, MAILNAME)?)
        && !generic(&name)
    {
        seen.push(Observation::at(MAILNAME).line(line).text(name));
    }
    for (path, keys) in ASSIGNED {
        // SUSE has a directory where the RHEL family has a file.
        if image.stat(Path::new(path))?.is_some_and(|meta| meta.kind == Kind::Directory) {
            continue;
        }
        for (line, value) in assigned(&text(image, path)?, keys) {
            if !generic(&value) {
                seen.push(Observation::at(path).line(line).text(value));
            }
        }
    }
    if seen.is_empty() {
        return Ok(Finding::new(Status::Pass, "No file names the machine the image was built on."));
    }
    let kept = own.is_some() && image.cloud_init()?.get(&["preserve_hostname"]) == Some(&Value::Bool(true));
    let words = if kept {
        "Files name the machine the image was built on, and cloud-init leaves that name alone (`preserve_hostname`)."
    } else {
        "Files name the machine the image was built on."
    };
    Ok(Finding::new(Status::Fail, words).seen(seen))
}

fn text(image: &Image, path: &str) -> Result<String, Error> {
    // SUSE has a directory where the RHEL family has the file `/etc/sysconfig/network`.
    if image.stat(Path::new(path))?.is_some_and(|meta| meta.kind == Kind::Directory) && path.contains("/sysconfig/") {
        return Ok(String::new());
    }
    Ok(image.read_text(Path::new(path))?.unwrap_or_default())
}

/// The first word that is no comment, and its line.
fn first_word(text: &str) -> Option<(u32, String)> {
    let mut lines = (1..).zip(text.lines().map(str::trim));
    let (line, text) = lines.find(|(_, line)| !line.is_empty() && !line.starts_with('#'))?;
    Some((line, text.split_whitespace().next()?.to_owned()))
}

/// A name that says nothing of the machine: every image of the distribution has it.
fn is_generic(name: &str, os: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let (host, domain) = name.split_once('.').unwrap_or((&name, ""));
    let known =
        ["", "(none)", "localhost", "localhost4", "localhost6", "ip6-localhost", "loopback", "ip6-loopback", "linux"];
    let local = ["", "localdomain", "localdomain4", "localdomain6"];
    (known.contains(&host) || host == os) && local.contains(&domain) || name.contains('$')
}

/// The lines of hosts(5) that speak of the build machine or its network, with the names on them: its own name `own`,
/// names that EC2 gives, Debian's `127.0.1.1`, and addresses of private networks.
fn stale_hosts(text: &str, own: Option<&str>, generic: impl Fn(&str) -> bool) -> Vec<(u32, String)> {
    let short = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let own = own.map(short);
    let mut stale = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { continue };
        let names: Vec<&str> = words.filter(|name| !generic(name)).collect();
        let is_private = match address {
            IpAddr::V4(address) => address.is_private() || address.octets() == [127, 0, 1, 1],
            IpAddr::V6(address) => address.is_unique_local(),
        };
        let is_build = |name: &&str| is_of_ec2(name) || own.as_ref().is_some_and(|own| *own == short(name));
        if !names.is_empty() && (is_private || names.iter().any(is_build)) {
            stale.push((number, names.join(" ")));
        }
    }
    stale
}

/// `ip-10-20-3-7`, `i-0abc.ec2.internal`, `…eu-west-1.compute.internal`.
fn is_of_ec2(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_address = |text: &str| {
        let parts: Vec<_> = text.split('.').next().unwrap_or_default().split('-').collect();
        parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok())
    };
    name.strip_prefix("ip-").is_some_and(is_address)
        || name.ends_with(".ec2.internal")
        || name.ends_with(".compute.internal")
}

/// The values that lines `KEY=value` or `key = value` give to `keys`, without their quotes.
fn assigned(text: &str, keys: &[&str]) -> Vec<(u32, String)> {
    let lines = (1..).zip(text.lines());
    let values = lines.filter_map(|(number, line)| {
        let (key, value) = line.split_once('=')?;
        keys.contains(&key.trim()).then(|| (number, value.trim().trim_matches(['"', '\'']).to_owned()))
    });
    values.filter(|(_, value)| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::change::trial::mended;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn localhost_stays_where_the_machines_name_stands_beside_it() {
        let fixture = Fixture::debian();
        let hosts = "127.0.0.1 localhost ip-10-20-3-7 # for sudo\n10.20.3.7 ip-10-20-3-7.ec2.internal\n::1 localhost\n";
        fixture.file("/etc/hosts", hosts);
        let after = mended(&fixture.image(), "IDN-04");
        let left = after.read_text(HOSTS.as_ref()).unwrap().unwrap();
        assert_eq!(left, "127.0.0.1 localhost # for sudo\n::1 localhost\n");
    }

    #[test]
    fn names_of_the_build_machine_fail_and_are_taken_out() {
        let fixture = Fixture::debian();
        let hosts = "127.0.0.1 localhost\n127.0.1.1 vm.lan vm\n::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\n";
        fixture.file(HOSTNAME, "# set by hand\nvm\n").file("/etc/hosts", hosts).file(MAILNAME, "vm.lan\n");
        fixture.file("/etc/machine-info", "CHASSIS=vm\nPRETTY_HOSTNAME=\"Ann's\"\n");
        fixture.file("/etc/sysconfig/network", "NETWORKING=yes\nHOSTNAME=vm.lan\n");
        fixture.file("/etc/postfix/main.cf", "mydestination = $myhostname, localhost\nmyhostname = vm.lan\n");
        let finding = judged(&fixture.image(), "IDN-04");
        assert_eq!(finding.observations.len(), 6, "{finding:?}");
        assert!(!finding.summary.contains("preserve_hostname"));
        let after = mended(&fixture.image(), "IDN-04");
        let read = |path: &str| after.read_text(path.as_ref()).unwrap().unwrap();
        assert_eq!((read(HOSTNAME).as_str(), read(MAILNAME).as_str()), ("", "localhost\n"));
        assert_eq!(read("/etc/hosts"), hosts.replace("127.0.1.1 vm.lan vm\n", ""));
        assert_eq!(read("/etc/postfix/main.cf"), "mydestination = $myhostname, localhost\n");
        fixture.cloud_init("admin").file("/etc/cloud/cloud.cfg.d/10-a.cfg", "preserve_hostname: yes\n");
        assert!(judged(&fixture.image(), "IDN-04").summary.contains("preserve_hostname"));
    }

    #[test]
    fn what_distributions_deliver_passes() {
        let fixture = Fixture::debian();
        fixture.directory("/etc/sysconfig/network");
        assert_eq!(judged(&fixture.image(), "IDN-04").status, Status::Pass);
        for (name, hosts) in [
            ("", "127.0.0.1   localhost localhost.localdomain localhost4 localhost4.localdomain4\n"),
            ("localhost", "127.0.0.1 localhost\nfe00::0 ip6-localnet\nff02::3 ip6-allhosts\n"),
            ("debian", "127.0.0.1 localhost\n127.0.1.1 debian\n"),
            ("localhost.localdomain\n", "::1 localhost6 localhost6.localdomain6\n127.0.0.1 db.product.example # own\n"),
        ] {
            fixture.file(HOSTNAME, name).file("/etc/hosts", hosts);
            let finding = judged(&fixture.image(), "IDN-04");
            assert_eq!(finding.status, Status::Pass, "{name}: {finding:?}");
        }
    }

    #[test]
    fn the_build_network_is_known_by_its_addresses_and_names() {
        let generic = |name: &str| is_generic(name, "debian");
        for (line, expected) in [
            ("10.1.2.3 repo", true),
            ("192.168.0.1 localhost", false),
            ("93.184.216.34 api.product.example", false),
            ("127.0.0.1 ip-10-20-3-7.eu-west-1.compute.internal", true),
            ("127.0.0.1 ip-10-20-3-7", true),
            ("127.0.0.1 ip-address-finder", false),
            ("127.0.0.1 builder.lan", true),
            ("# 10.1.2.3 repo", false),
            ("nonsense repo", false),
        ] {
            assert_eq!(!stale_hosts(line, Some("builder"), generic).is_empty(), expected, "{line}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        let fixture = Fixture::debian();
        fixture.fifo("/etc/hosts");
        assert_eq!(judged(&fixture.image(), "IDN-04").status, Status::Unknown);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(?s)[ -~\\n]{0,120}|.{0,60}", own in "\\PC{0,20}") {
            let lines = text.lines().count();
            prop_assert!(stale_hosts(&text, Some(&own), |name| is_generic(name, "debian")).len() <= lines);
            prop_assert!(assigned(&text, &["a", "HOSTNAME"]).len() <= lines);
            prop_assert!(first_word(&text).is_none_or(|(line, _)| line as usize <= lines));
        }
    }
}
