//! What runs under systemd on the running machine, what of it may stop at once and what only at the very end, stopping it
//! so that nothing starts it again before the power goes (a mask below `/run`), and the way back.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::sessions::{Door, Session};
use crate::image::program::{Ended, run, systemctl};
use crate::image::{Error, Image, text};

/// When a unit is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before anything is cleaned.
    First,
    /// Right before the last look: until then the publisher's connection or the work itself needs it; why.
    Last(&'static str),
}

/// A unit of systemd that runs, waits or listens, and is going to be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// When its turn comes.
    pub when: When,
    /// Its kind's place in that turn: what would start others goes before them.
    turn: u8,
    /// Its full name, as systemd prints it: `cron.service`.
    pub name: String,
}

/// Units that are needed until the end, by their names with `*` for anything.
struct Need {
    units: &'static [&'static str],
    /// Only for whom came in by this door; `None`: always.
    door: Option<fn(&Door) -> bool>,
    /// `None`: it is never stopped, and keeps nothing on the disk.
    when: Option<When>,
}

const fn last(reason: &'static str, units: &'static [&'static str]) -> Need {
    Need { units, door: None, when: Some(When::Last(reason)) }
}

const NEEDED: [Need; 8] = [
    // systemd and its programs speak through it; devices are told of by the other. Neither keeps anything on the disk.
    Need {
        units: &[
            "dbus.service",
            "dbus.socket",
            "dbus-broker.service",
            "systemd-udevd.service",
            "systemd-udevd-*.socket",
        ],
        door: None,
        when: None,
    },
    Need { units: &["seaworthy-*"], door: None, when: None },
    last("your connection", &["ssh.service", "ssh.socket", "sshd.service", "sshd.socket", "ssh@*", "sshd@*", "sshd-*"]),
    last("your session", &["user@*.service", "systemd-logind.service", "systemd-logind-*.socket"]),
    last(
        "the network",
        &[
            "NetworkManager.service",
            "systemd-networkd.service",
            "systemd-networkd.socket",
            "systemd-networkd-*.socket",
            "systemd-resolved.service",
            "systemd-resolved-*.socket",
            "wicked*.service",
            "dhcpcd*.service",
            "dhclient*.service",
            "networking.service",
            "network.service",
            "ifup@*.service",
        ],
    ),
    Need {
        units: &["getty@*.service", "console-getty.service"],
        door: Some(|door| *door == Door::Console),
        when: Some(When::Last("your console")),
    },
    Need {
        units: &["serial-getty@*.service", "container-getty@*.service"],
        door: Some(|door| *door == Door::SerialConsole),
        when: Some(When::Last("your console")),
    },
    Need {
        units: &["amazon-ssm-agent.service", "snap.amazon-ssm-agent.*"],
        door: Some(|door| *door == Door::SessionManager),
        when: Some(When::Last("your connection")),
    },
];

/// How long systemd has to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// How long a unit has to stop: systemd's own limit is 90 seconds, then it kills.
const STOP: Duration = Duration::from_secs(150);
/// How often it is looked whether one has.
const PAUSE: Duration = Duration::from_millis(100);

/// The units to stop, in the order of stopping; `own` are the publisher's sessions. None where systemd is not there.
pub(super) fn running(image: &Image, own: &[Session]) -> Result<Vec<Unit>, Error> {
    if !has_systemd() {
        return Ok(Vec::new());
    }
    let listed = ask(image, &LIST, ANSWER)?;
    if !listed.success() {
        return Err(failed("list", "units", &listed));
    }
    let doors: Vec<&Door> = own.iter().map(|session| &session.door).collect();
    Ok(sorted(&listed.output, &doors))
}

const LIST: [&str; 7] = [
    "list-units",
    "--type=service,timer,path,socket",
    "--state=running,waiting,listening",
    "--plain",
    "--full",
    "--no-legend",
    "--no-pager",
];

/// Whether systemd is the first process (`sd_booted(3)`).
fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// `systemctl list-units` as units in the order of stopping.
fn sorted(listing: &str, doors: &[&Door]) -> Vec<Unit> {
    let name = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let mut units: Vec<Unit> = listing.lines().filter_map(name).filter_map(|name| unit(name, doors)).collect();
    let place = |unit: &Unit| (unit.when != When::First, unit.turn);
    units.sort_by(|one, other| (place(one), &one.name).cmp(&(place(other), &other.name)));
    units.dedup();
    units
}

fn unit(name: String, doors: &[&Door]) -> Option<Unit> {
    let suffix = name.rsplit_once('.')?.1;
    let mut turn = ["timer", "path", "socket", "service"].iter().position(|kind| *kind == suffix)?;
    let fits = |need: &&Need| {
        need.units.iter().any(|pattern| is_like(&name, pattern))
            && need.door.is_none_or(|is_it| doors.iter().any(|door| is_it(door)))
    };
    let when = match NEEDED.iter().find(fits) {
        None => When::First,
        Some(need) => need.when?,
    };
    // What else is stopped is written down by it; and while it runs, no log can be removed as it was seen.
    if name.starts_with("systemd-journald") {
        turn += 10;
    }
    Some(Unit { when, turn: u8::try_from(turn).unwrap_or(u8::MAX), name })
}

/// Whether `name` is what `pattern` says, with one `*` for anything.
fn is_like(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| rest.ends_with(tail)),
    }
}

/// Keeps `units` from being started until the machine is switched off. What cannot be masked (a unit in
/// `/etc/systemd/system` of the machine's owner) is stopped all the same.
pub(super) fn mask(image: &Image, units: &[&str]) -> Result<(), Error> {
    for unit in units {
        let _ = ask(image, &["mask", "--runtime", "--quiet", "--no-reload", unit], ANSWER)?;
    }
    reload(image)
}

fn reload(image: &Image) -> Result<(), Error> {
    let reloaded = ask(image, &["daemon-reload"], ANSWER)?;
    if reloaded.success() { Ok(()) } else { Err(failed("reload", "units", &reloaded)) }
}

/// Stops a unit and waits until it has. One that refuses to be stopped by hand (auditd) is sent SIGTERM.
pub(super) fn stop(image: &Image, unit: &str) -> Result<(), Error> {
    let stopped = ask(image, &["stop", unit], STOP)?;
    if stopped.success() || !is_active(image, unit)? {
        return Ok(());
    }
    let _ = ask(image, &["kill", "--signal=TERM", unit], ANSWER)?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while is_active(image, unit)? {
        if Instant::now() >= deadline {
            return Err(failed("stop", unit, &stopped));
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// Lets `units` start again, and starts those of them that were stopped, the last first; gives those that did not start.
pub(super) fn start_again(image: &Image, masked: &[&str], stopped: &[&str]) -> Vec<String> {
    for unit in masked {
        let _ = ask(image, &["unmask", "--runtime", "--quiet", "--no-reload", unit], ANSWER);
    }
    let _ = reload(image);
    let starts = |unit: &&&str| ask(image, &["start", unit], STOP).is_ok_and(|ended| ended.success());
    stopped.iter().rev().filter(|unit| !starts(unit)).map(|unit| (**unit).to_owned()).collect()
}

fn is_active(image: &Image, unit: &str) -> Result<bool, Error> {
    let shown = ask(image, &["show", "--property=ActiveState", unit], ANSWER)?;
    Ok(!["ActiveState=inactive", "ActiveState=failed"].contains(&shown.output.trim()))
}

fn ask(image: &Image, words: &[&str], limit: Duration) -> Result<Ended, Error> {
    let argv: Vec<String> = [systemctl()].iter().chain(words).map(|word| (*word).to_owned()).collect();
    run(image, &argv, limit, &mut |_| {})
}

fn failed(action: &'static str, what: &str, ended: &Ended) -> Error {
    let said = ended.output.lines().last().map(|line| format!(": {}", text::visible(line))).unwrap_or_default();
    Error::malformed(action, what, format!("systemctl ended with {ended}{said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Debian 12 prints.
    const LISTING: &str = "\
systemd-ask-password-wall.path    loaded active waiting   Forward Password Requests to Wall Directory Watch
cron.service                      loaded active running   Regular background program processing daemon
dbus.service                      loaded active running   D-Bus System Message Bus
getty@tty1.service                loaded active running   Getty on tty1
rsyslog.service                   loaded active running   System Logging Service
amazon-ssm-agent.service          loaded active running   amazon-ssm-agent
serial-getty@ttyS0.service        loaded active running   Serial Getty on ttyS0
ssh.service                       loaded active running   OpenBSD Secure Shell server
systemd-journald.service          loaded active running   Journal Service
systemd-logind.service            loaded active running   User Login Management
systemd-networkd.service          loaded active running   Network Configuration
systemd-udevd.service             loaded active running   Rule-based Manager for Device Events and Files
user@1000.service                 loaded active running   User Manager for UID 1000
seaworthy-seal.service            loaded active running   seaworthy
syslog.socket                     loaded active running   Syslog Socket
systemd-journald-dev-log.socket   loaded active running   Journal Socket (/dev/log)
systemd-udevd-kernel.socket       loaded active running   udev Kernel Socket
apt-daily.timer                   loaded active waiting   Daily apt download activities
odd
";

    fn names(doors: &[&Door], when: fn(&When) -> bool) -> Vec<String> {
        sorted(LISTING, doors).into_iter().filter(|unit| when(&unit.when)).map(|unit| unit.name).collect()
    }

    const FIRST: fn(&When) -> bool = |when| *when == When::First;
    const LAST: fn(&When) -> bool = |when| matches!(when, When::Last(_));

    #[test]
    fn what_starts_others_is_stopped_before_them_and_what_the_connection_needs_last() {
        let ssh = Door::Ssh { from: None, key: None };
        assert_eq!(
            names(&[&ssh], FIRST),
            [
                "apt-daily.timer",
                "systemd-ask-password-wall.path",
                "syslog.socket",
                "amazon-ssm-agent.service",
                "cron.service",
                "getty@tty1.service",
                "rsyslog.service",
                "serial-getty@ttyS0.service",
                "systemd-journald-dev-log.socket",
                "systemd-journald.service"
            ]
        );
        let last = ["ssh.service", "systemd-logind.service", "systemd-networkd.service", "user@1000.service"];
        assert_eq!(names(&[&ssh], LAST), last);
    }

    #[test]
    fn the_door_the_publisher_came_by_stays_open() {
        let is_last = |door: &Door, unit: &str| names(&[door], LAST).iter().any(|name| name == unit);
        assert!(is_last(&Door::SessionManager, "amazon-ssm-agent.service"));
        assert!(!is_last(&Door::SessionManager, "getty@tty1.service"));
        assert!(is_last(&Door::SerialConsole, "serial-getty@ttyS0.service"));
        assert!(is_last(&Door::Console, "getty@tty1.service"));
        assert!(is_last(&Door::Console, "ssh.service"), "somebody else may need it, should the seal fail");
    }

    #[test]
    fn patterns_have_one_star() {
        assert!(is_like("user@1000.service", "user@*.service"));
        assert!(!is_like("user@.slice", "user@*.service"));
        assert!(is_like("snap.amazon-ssm-agent.amazon-ssm-agent.service", "snap.amazon-ssm-agent.*"));
        assert!(!is_like("dbus.servicex", "dbus.service"));
    }
}
