//! ACC-13: no console or desktop logs somebody in unasked.

use std::path::Path;

use crate::check::{Finding, Observation, Status, places};
use crate::image::{Error, Image, Kind};

/// Units of agetty(8) that were written on this machine, and drop-ins wherever systemd reads them.
const UNITS: &str = "/etc/systemd/system/{getty,serial-getty,console-getty,container-getty,autovt}*";
const DROP_INS: &str =
    "/{etc,usr/local/lib,usr/lib}/systemd/system/{getty,serial-getty,console-getty,container-getty,autovt}*/*.conf";

/// Other places: the files, and what a line of them says; letters count the same in upper and lower case.
const OTHERS: [(&str, &[&str]); 7] = [
    ("/etc/lightdm/{lightdm.conf,lightdm.conf.d/*.conf}", &["autologin-user="]),
    ("/usr/share/lightdm/lightdm.conf.d/*.conf", &["autologin-user="]),
    ("/etc/{gdm,gdm3}/{custom,daemon}.conf", &["automaticloginenable=true", "timedloginenable=true"]),
    ("/etc/sddm.conf{,.d/*.conf}", &["user="]),
    ("/etc/sysconfig/displaymanager", &["displaymanager_autologin="]),
    ("/etc/inittab", &["--autologin"]),
    ("/etc/conf.d/agetty*", &["--autologin"]),
];

/// A credential that agetty takes a user's name from.
const CREDENTIALS: &str = "/etc/credstore{,.encrypted}/agetty.autologin";

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    for pattern in [UNITS, DROP_INS] {
        for path in image.glob(pattern)? {
            let is_meant = |line: &str| line.starts_with("ExecStart") && is_autologin(line) || is_credential(line);
            seen.extend(lines(image, &path, true, is_meant)?);
        }
    }
    for (pattern, said) in OTHERS {
        for path in image.glob(pattern)? {
            seen.extend(lines(image, &path, false, |line| says(line, said))?);
        }
    }
    for path in image.glob(CREDENTIALS)? {
        seen.extend(places::observed(image, &path)?);
    }
    Ok(if seen.is_empty() {
        Finding::new(Status::Pass, "No console logs anybody in unasked.")
    } else {
        Finding::new(Status::Fail, "A console logs somebody in without asking who it is.").seen(seen)
    })
}

/// The lines that are meant; with `joined`, those that end in a backslash go on in the next (systemd.syntax(7)).
fn lines(image: &Image, path: &Path, joined: bool, is_meant: impl Fn(&str) -> bool) -> Result<Vec<Observation>, Error> {
    if image.stat(path)?.is_none_or(|meta| meta.kind != Kind::File) {
        return Ok(Vec::new());
    }
    let text = image.read_text(path)?.unwrap_or_default();
    let mut meant = Vec::new();
    let (mut first, mut whole) = (None, String::new());
    for (number, line) in (1_u32..).zip(text.lines().map(str::trim)) {
        // A comment between two parts of a line is passed over.
        if line.starts_with(['#', ';']) {
            continue;
        }
        let start = *first.get_or_insert(number);
        if let Some(part) = line.strip_suffix('\\').filter(|_| joined) {
            whole.push_str(part);
            whole.push(' ');
        } else {
            whole.push_str(line);
            meant.extend(is_meant(&whole).then_some(start));
            (first, whole) = (None, String::new());
        }
    }
    if let Some(start) = first {
        meant.extend(is_meant(&whole).then_some(start));
    }
    Ok(meant.into_iter().map(|number| Observation::at(path).line(number).text("logs in unasked")).collect())
}

/// Whether a line of a unit hands agetty a name as a credential.
fn is_credential(line: &str) -> bool {
    line.split_once('=').is_some_and(|(key, value)| {
        (key.starts_with("SetCredential") || key.starts_with("LoadCredential")) && value.contains("agetty.autologin")
    })
}

/// Whether a command line of agetty names a user: `--autologin NAME`, `--autologin=NAME`, `-a NAME`, `-aNAME`.
fn is_autologin(line: &str) -> bool {
    let mut words = line.split_whitespace();
    line.contains("agetty")
        && words.any(|word| word.starts_with("--autologin") || (word.starts_with("-a") && !word.starts_with("--")))
        || line.contains("login -f")
}

/// Whether a line sets one of these to something, or contains an option.
fn says(line: &str, said: &[&str]) -> bool {
    let simple = line.to_ascii_lowercase().replace([' ', '\t', '"', '\''], "");
    said.iter().any(|words| match words.strip_suffix('=') {
        Some(_) => simple.strip_prefix(words).is_some_and(|value| !value.is_empty()),
        None => simple.contains(words),
    })
}

#[cfg(test)]
mod tests {
    use crate::change::Remedy;
    use crate::change::trial::{mended, remedy_of};
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    const DROP_IN: &str = "/etc/systemd/system/serial-getty@ttyS0.service.d/autologin.conf";

    #[test]
    fn a_drop_in_fails_and_goes_whole() {
        for options in ["--autologin root --noclear %I $TERM", "-a admin - $TERM", "-aroot %I"] {
            let fixture = Fixture::debian();
            fixture.file(DROP_IN, format!("[Service]\nExecStart=\nExecStart=-/sbin/agetty {options}\n"));
            let finding = judged(&fixture.image(), "ACC-13");
            assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(3)), "{options}");
            let after = mended(&fixture.image(), "ACC-13");
            assert!(after.lstat(DROP_IN.as_ref()).unwrap().is_none());
        }
    }

    #[test]
    fn a_whole_unit_is_a_persons() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/systemd/system/getty@tty1.service", "[Service]\nExecStart=-/sbin/agetty --autologin root %I\n");
        assert!(matches!(remedy_of(&fixture.image(), "ACC-13"), Some(Remedy::ByHand(_))));
    }

    #[test]
    fn consoles_that_ask_pass() {
        let fixture = Fixture::debian();
        fixture
            .file(DROP_IN, "[Service]\n# --autologin root\nExecStart=\nExecStart=-/sbin/agetty --keep-baud 115200 %I\n")
            .file("/etc/lightdm/lightdm.conf", "[Seat:*]\n#autologin-user=\nautologin-user=\n")
            .file("/etc/gdm3/daemon.conf", "[daemon]\n#  AutomaticLoginEnable = true\nAutomaticLoginEnable=false\n");
        assert_eq!(judged(&fixture.image(), "ACC-13").status, Status::Pass);
    }

    #[test]
    fn desktops_fail_and_their_lines_go() {
        for (path, line) in [
            ("/etc/lightdm/lightdm.conf.d/50-x.conf", "autologin-user=bob"),
            ("/etc/gdm3/custom.conf", "AutomaticLoginEnable = True"),
            ("/etc/sysconfig/displaymanager", "DISPLAYMANAGER_AUTOLOGIN=\"bob\""),
        ] {
            let fixture = Fixture::debian();
            fixture.file(path, format!("# one\n{line}\nlast=1\n"));
            assert_eq!(judged(&fixture.image(), "ACC-13").status, Status::Fail, "{line}");
            let after = mended(&fixture.image(), "ACC-13");
            assert_eq!(after.read_text(path.as_ref()).unwrap().unwrap(), "# one\nlast=1\n");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_unknown() {
        let fixture = Fixture::debian();
        fixture.link(DROP_IN, "autologin.conf");
        assert_eq!(judged(&fixture.image(), "ACC-13").status, Status::Unknown);
    }

    #[test]
    fn a_continued_line_a_drop_in_elsewhere_and_a_credential_fail() {
        let continued = "[Service]\nExecStart=\nExecStart=-/sbin/agetty \\\n# why\n  --autologin root \\\n  %I $TERM\n";
        let last = "[Service]\nExecStart=\nExecStart=-/sbin/agetty -a root \\";
        let set = "[Service]\n\nSetCredential=agetty.autologin:root\n";
        for text in [continued, last, set, "\n\nLoadCredential=agetty.autologin:/etc/name\n"] {
            for below in ["/etc", "/usr/local/lib", "/usr/lib"] {
                let fixture = Fixture::debian();
                fixture.file(&format!("{below}/systemd/system/getty@.service.d/a.conf"), text);
                let finding = judged(&fixture.image(), "ACC-13");
                assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(3)), "{below} {text}");
                let by_hand = matches!(remedy_of(&fixture.image(), "ACC-13"), Some(Remedy::ByHand(_)));
                assert_eq!(by_hand, below != "/etc");
            }
        }
        let fixture = Fixture::debian();
        fixture.file(DROP_IN, "[Service]\nImportCredential=agetty.*\nExecStart=-/sbin/agetty \\\n  %I\n");
        assert_eq!(judged(&fixture.image(), "ACC-13").status, Status::Pass);
    }
}
