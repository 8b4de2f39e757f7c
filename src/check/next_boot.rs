//! What the next boot makes of sshd's configuration: cloud-init edits it before anybody logs in.
//!
//! cloud-init's `ssh_pwauth` sets `PasswordAuthentication` (`cc_set_passwords.py`, `ssh_util.py`): since 22.3 in a
//! drop-in of its own where the main file includes the directory by cloud-init's own spelling, else in the main file,
//! on every line that has the keyword, or on a new line at the end. The result is a draft; nothing is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::own::match_blocks::watched;
use crate::image::cloud_init::{Runs, Value};
use crate::image::sshd::{Connection, Setting, connections};
use crate::image::{Error, Image, Node};

/// The file cloud-init edits, wherever the distribution keeps its own.
const MAIN: &str = "/etc/ssh/sshd_config";

/// Its drop-in.
pub(crate) const DROP_IN: &str = "/etc/ssh/sshd_config.d/50-cloud-init.conf";

/// What cloud-init writes at the first boot.
#[derive(Debug)]
pub(crate) struct Written {
    /// The image as it would then be.
    pub(crate) image: Image,
    /// The file it writes, as cloud-init calls it.
    pub(crate) path: &'static str,
    /// `PasswordAuthentication yes` or `no`.
    pub(crate) passwords: bool,
}

/// What cloud-init would write; `None` when it does not run, or would leave sshd's configuration as it is.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn written(image: &Image) -> Result<Option<Written>, Error> {
    let cloud_init = image.cloud_init()?;
    // Without a server cloud-init writes nothing for it.
    if image.sshd()?.main.is_none() {
        return Ok(None);
    }
    if cloud_init.runs != Runs::Yes || !cloud_init.has_module("set-passwords") {
        return Ok(None);
    }
    let Some(passwords) = cloud_init.get(&["ssh_pwauth"]).and_then(truth) else { return Ok(None) };
    let main = image.read_text(Path::new(MAIN))?;
    let directory = Path::new(DROP_IN).parent().unwrap_or(Path::new("/"));
    let has_drop_ins = match &main {
        Some(text) => text.lines().any(|line| line.starts_with("Include /etc/ssh/sshd_config.d/*.conf")),
        // Since 23.1, where the distribution's own file lies below /usr.
        None => image.stat(directory)?.is_some() && cloud_init.version.is_none_or(|version| version >= (23, 1)),
    };
    let path = if has_drop_ins && cloud_init.version.is_none_or(|version| version >= (22, 3)) { DROP_IN } else { MAIN };
    let real = image.real_path(Path::new(path))?;
    let before = image.node(&real)?;
    let text = image.read_text(&real)?.unwrap_or_default();
    let Some(after) = edited(&text, if passwords { "yes" } else { "no" }) else { return Ok(None) };
    let mut overlay = image.overlay().clone();
    if image.stat(directory)?.is_none() && path == DROP_IN {
        overlay.put(image.real_path(directory)?, Some(Node::Directory { mode: 0o755, uid: 0, gid: 0 }));
    }
    let after = match before {
        Some(before) => before.with_bytes(after.into_bytes()),
        None => Node::new_file(after.into_bytes(), 0o600),
    };
    overlay.put(real, Some(after));
    Ok(Some(Written { image: image.drafted(overlay), path, passwords }))
}

/// What cloud-init's `is_true` and `is_false` make of a value; `None` for anything else, which changes nothing.
pub(crate) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(on) => Some(*on),
        Value::Integer(1) => Some(true),
        Value::Integer(0) => Some(false),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => Some(true),
            "false" | "0" | "off" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The text with `PasswordAuthentication` set as cloud-init sets it; `None` when it is so already.
fn edited(text: &str, value: &str) -> Option<String> {
    const KEYWORD: &str = "PasswordAuthentication";
    let (mut lines, mut found, mut changed) = (Vec::new(), false, false);
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            lines.push(line.to_owned());
            continue;
        }
        let cut = line.split_once(char::is_whitespace).map(|(key, rest)| (key, rest.trim_start()));
        // A line without a value is left out.
        let Some((key, now)) = cut.or_else(|| line.split_once('=')) else { continue };
        if key.eq_ignore_ascii_case(KEYWORD) {
            found = true;
            changed |= now != value;
            lines.push(format!("{key} {value}"));
        } else {
            lines.push(format!("{key} {now}"));
        }
    }
    if !found {
        lines.push(format!("{KEYWORD} {value}"));
    }
    (changed || !found).then(|| lines.join("\n") + "\n")
}

/// Whom sshd lets in as SSH-01 to SSH-05 forbid: the keyword and the connection (`None`: any), with the setting.
pub(crate) type Openings = BTreeMap<(&'static str, Option<Connection>), Setting>;

/// Every opening of `image`, for the connections that `asked` tells apart.
///
/// # Errors
/// When sshd's configuration cannot be read.
pub(crate) fn openings(image: &Image, asked: &[Connection]) -> Result<Openings, Error> {
    let mut found = Openings::new();
    let sshd = image.sshd()?;
    if sshd.main.is_none() {
        return Ok(found);
    }
    let watched = watched(image)?;
    for connection in std::iter::once(None).chain(asked.iter().cloned().map(Some)) {
        let effective = sshd.effective(connection.as_ref());
        for (keyword, fine, _) in watched {
            let Some(setting) = effective.get(keyword) else { continue };
            if !setting.values.iter().all(|value| fine.contains(&value.to_ascii_lowercase().as_str())) {
                found.insert((keyword, connection.clone()), setting.clone());
            }
        }
    }
    Ok(found)
}

/// What `then` opens that `now` does not.
///
/// # Errors
/// As [`openings`].
pub(crate) fn opened(now: &Image, then: &Image) -> Result<Openings, Error> {
    let mut asked = if now.sshd()?.matches.is_empty() { Vec::new() } else { connections(now) };
    if !then.sshd()?.matches.is_empty() {
        asked.extend(connections(then));
    }
    asked.sort();
    asked.dedup();
    let before = openings(now, &asked)?;
    let mut after = openings(then, &asked)?;
    after.retain(|opening, _| !before.contains_key(opening));
    Ok(after)
}

/// Where `openings` stand: each deciding line once; the file is the one the draft has.
pub(crate) fn places(openings: &Openings) -> Vec<(PathBuf, u32, String)> {
    let origins = openings.values().flat_map(|setting| &setting.origins);
    let mut places: Vec<_> =
        origins.map(|origin| (origin.path.clone(), origin.line, crate::image::text::visible(&origin.text))).collect();
    places.sort();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    const INCLUDE: &str = "Include /etc/ssh/sshd_config.d/*.conf\n";

    fn with(config: &str, cloud: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").cloud_init("admin").file("/etc/ssh/sshd_config", config);
        fixture.file("/etc/cloud/cloud.cfg.d/50-x.cfg", cloud);
        fixture
    }

    fn passwords(fixture: &Fixture) -> Option<(&'static str, String)> {
        let written = written(&fixture.image()).unwrap()?;
        Some((written.path, written.image.sshd().unwrap().effective(None).value("passwordauthentication").to_owned()))
    }

    #[test]
    fn the_drop_in_is_written_where_the_include_has_cloud_inits_spelling() {
        let made = passwords(&with(INCLUDE, "ssh_pwauth: true\n"));
        assert_eq!(made, Some((DROP_IN, "yes".to_owned())));
        let other = "Include  /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication no\n";
        assert_eq!(passwords(&with(other, "ssh_pwauth: \"1\"\n")), Some((MAIN, "yes".to_owned())));
        assert_eq!(passwords(&with(other, "ssh_pwauth: false\n")), None, "it says so already");
    }

    #[test]
    fn before_22_3_the_main_file_is_edited() {
        let fixture = with(INCLUDE, "ssh_pwauth: true\n");
        let status = String::from_utf8(fixture.read("/var/lib/dpkg/status")).unwrap();
        let package = "\nPackage: cloud-init\nStatus: install ok installed\nArchitecture: all\nVersion: 22.2.2-1\n";
        fixture.file("/var/lib/dpkg/status", status + package);
        assert_eq!(passwords(&fixture), Some((MAIN, "yes".to_owned())));
    }

    /// SSH-06 on SUSE: the main file is the distribution's own, below /usr.
    #[test]
    fn where_the_main_file_lies_below_usr_the_drop_in_is_written() {
        let fixture = with("", "ssh_pwauth: true\n");
        fixture.remove("/etc/ssh/sshd_config").directory("/etc/ssh/sshd_config.d");
        fixture.file("/usr/etc/ssh/sshd_config", INCLUDE.to_owned() + "PasswordAuthentication no\n");
        assert_eq!(passwords(&fixture), Some((DROP_IN, "yes".to_owned())));
    }

    #[test]
    fn a_line_that_comes_first_still_decides() {
        let fixture = with(INCLUDE, "ssh_pwauth: true\n");
        fixture.file("/etc/ssh/sshd_config.d/00-hard.conf", "PasswordAuthentication no\n");
        assert_eq!(passwords(&fixture), Some((DROP_IN, "no".to_owned())));
    }

    #[test]
    fn nothing_is_written_without_the_key_the_module_or_cloud_init() {
        assert!(written(&with(INCLUDE, "ssh_pwauth: unchanged\n").image()).unwrap().is_none());
        assert!(written(&with(INCLUDE, "").image()).unwrap().is_none());
        assert!(
            written(&with(INCLUDE, "ssh_pwauth: true\ncloud_config_modules: [locale]\n").image()).unwrap().is_none()
        );
        let fixture = with(INCLUDE, "ssh_pwauth: true\n");
        fixture.file("/etc/cloud/cloud-init.disabled", "");
        assert!(written(&fixture.image()).unwrap().is_none());
    }

    #[test]
    fn every_line_with_the_keyword_is_set_and_the_rest_kept_as_cloud_init_keeps_it() {
        let text = "# PasswordAuthentication x\n\n  UsePAM   yes\nbare\nMatch User a\n\tpasswordauthentication=no\n";
        let want = "# PasswordAuthentication x\n\nUsePAM yes\nMatch User a\npasswordauthentication yes\n";
        assert_eq!(edited(text, "yes").as_deref(), Some(want));
        assert_eq!(edited("UsePAM yes\n", "no").as_deref(), Some("UsePAM yes\nPasswordAuthentication no\n"));
        assert_eq!(edited("PasswordAuthentication no\n", "no"), None);
    }

    #[test]
    fn what_a_draft_opens_is_told_by_connection() {
        let fixture = with(INCLUDE, "ssh_pwauth: true\n");
        fixture.file("/etc/ssh/sshd_config.d/60-x.conf", "PasswordAuthentication no\n");
        fixture.file("/etc/ssh/sshd_config.d/50-cloud-init.conf", "# empty\n");
        let image = fixture.image();
        let written = written(&image).unwrap().unwrap();
        let opened = opened(&image, &written.image).unwrap();
        assert!(opened.keys().all(|(keyword, _)| *keyword == "passwordauthentication"), "{opened:?}");
        assert_eq!(places(&opened), [(DROP_IN.into(), 2, "PasswordAuthentication yes".to_owned())]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_edited_once_and_for_all(text in "(PasswordAuthentication|Match|[a #\t\r\n]){0,30}") {
            if let Some(after) = edited(&text, "no") {
                assert_eq!(edited(&after, "no"), None, "{after:?}");
            }
        }
    }
}
