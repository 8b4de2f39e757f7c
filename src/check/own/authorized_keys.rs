//! KEY-03: no file, template or configuration lets a key of the publisher in.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::ssh_keys::{conclude, key_lines};
use crate::check::cloud_lines::{self, KeyLine};
use crate::check::{Finding, Observation, places};
use crate::image::accounts::User;
use crate::image::sshd::Effective;
use crate::image::text::visible;
use crate::image::{Error, Image, Kind};

/// Where key files, and copies that editors and scripts leave of them, lie whatever sshd is told.
const PLACES: [&str; 8] = [
    "~/.ssh/authorized_keys*",
    "~/.ssh/.authorized_keys*",
    "~/.ssh2/authorized_keys*",
    "/etc/skel/.ssh/authorized_keys*",
    "/etc/ssh/authorized_keys*",
    "/etc/ssh/authorized_keys*/*",
    "/etc/dropbear*/authorized_keys*",
    "/etc/dropbear*/initramfs/authorized_keys*",
];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let patterns = PLACES.map(str::to_owned);
    let mut paths: BTreeSet<PathBuf> = places::matching(image, &patterns, &[])?.into_iter().collect();
    paths.extend(configured(image)?);
    let (mut seen, mut unread) = (Vec::new(), Vec::new());
    for path in paths {
        match key_file(image, &path) {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                let lines = key_lines(&String::from_utf8_lossy(&bytes));
                seen.extend(lines.into_iter().map(|(line, key)| Observation::at(&path).line(line).text(key)));
            }
            Err(error) => unread.push(error),
        }
    }
    for path in cloud_lines::files(image)? {
        match image.read_text(&path) {
            Ok(text) => {
                let text = text.unwrap_or_default();
                let keys = cloud_lines::keys(&text).into_iter().filter(is_seeded_key);
                seen.extend(keys.map(|key| {
                    Observation::at(&path).line(key.line).text(format!("{} puts keys in", visible(&key.keys.join("."))))
                }));
            }
            Err(error) => unread.push(error),
        }
    }
    let fail = "Public keys on the image let somebody in to every copy.";
    Ok(conclude(seen, unread, fail, "No account trusts a public key."))
}

/// The bytes of a regular file; `None` for anything else. sshd reads a key file of any size to its end, so one that is
/// too large for us is an error.
fn key_file(image: &Image, path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match image.stat(path)? {
        Some(meta) if meta.kind == Kind::File => image.read(path),
        _ => Ok(None),
    }
}

/// Whether a line of cloud-init's configuration puts keys of the publisher's in.
pub(crate) fn is_seeded_key(key: &KeyLine) -> bool {
    let is_key =
        |name: &str| matches!(name, "ssh_authorized_keys" | "ssh-authorized-keys" | "ssh_import_id" | "ssh-import-id");
    let keys: Vec<&str> = key.keys.iter().map(String::as_str).collect();
    let is_none = matches!(key.value.as_str(), "null" | "~" | "[]");
    match keys.as_slice() {
        [name] | ["users", "-", name] | ["system_info", "default_user", name] | ["user", name] => {
            is_key(name) && !is_none
        }
        _ => false,
    }
}

/// Every file `AuthorizedKeysFile` names for an account of the image, and what its pattern matches for accounts that
/// are gone.
fn configured(image: &Image) -> Result<BTreeSet<PathBuf>, Error> {
    const KEYWORD: &str = "authorizedkeysfile";
    let sshd = image.sshd()?;
    let mut paths = BTreeSet::new();
    if sshd.main.is_none() {
        return Ok(paths);
    }
    let words = |values: &[String]| -> Vec<String> {
        values.iter().flat_map(|value| value.split_whitespace()).map(|word| word.trim_matches('"').to_owned()).collect()
    };
    let server = sshd.effective(None);
    let mut patterns = words(server.get(KEYWORD).map_or(&[], |setting| &setting.values));
    // Whomever and whatever address a block is for: a file it names lets somebody in.
    let in_blocks = sshd.matches.iter().flat_map(|block| &block.sets).filter(|(keyword, _)| keyword == KEYWORD);
    patterns.extend(in_blocks.flat_map(|(_, origin)| {
        let values: Vec<String> = origin.text.split([' ', '\t', '=']).map(str::to_owned).collect();
        words(&values)
            .into_iter()
            .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case(KEYWORD))
            .collect::<Vec<_>>()
    }));
    for user in &image.accounts()?.users {
        paths.extend(patterns.iter().filter_map(|pattern| expanded(pattern, user)));
    }
    for pattern in patterns.iter().filter(|pattern| pattern.starts_with('/') && !pattern.contains("%h")) {
        let glob = places::literal(Path::new(pattern)).replace("%u", "*").replace("%U", "*").replace("%%", "%");
        paths.extend(image.glob(&glob)?);
    }
    Ok(paths)
}

/// Whether sshd, set as `effective`, finds a key for `user`: in a file that is there, or by asking a program for it.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn lets_in(image: &Image, effective: &Effective, user: &User) -> Result<bool, Error> {
    if !matches!(effective.value("authorizedkeyscommand"), "" | "none") {
        return Ok(true);
    }
    let files = effective.get("authorizedkeysfile").map_or(&[][..], |setting| &setting.values);
    for path in files.iter().flat_map(|value| value.split_whitespace()).filter_map(|file| expanded(file, user)) {
        let bytes = key_file(image, &path)?.unwrap_or_default();
        if !key_lines(&String::from_utf8_lossy(&bytes)).is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The path that `pattern` stands for (`sshd_config(5)`, "TOKENS"); relative paths hang off the home.
fn expanded(pattern: &str, user: &User) -> Option<PathBuf> {
    if pattern.eq_ignore_ascii_case("none") {
        return None;
    }
    let mut path = OsString::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            path.push(letter.encode_utf8(&mut [0; 4]));
            continue;
        }
        match letters.next() {
            Some('h') => path.push(&user.home),
            Some('u') => path.push(&user.name),
            Some('U') => path.push(user.uid.to_string()),
            Some('%') => path.push("%"),
            _ => return None,
        }
    }
    let path = PathBuf::from(path);
    if path.is_absolute() {
        return Some(path);
    }
    user.home.is_absolute().then(|| user.home.join(path))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a name that is not UTF-8 is made from outside")]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use crate::change::trial::mended;
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ publisher@build\n";

    fn base() -> Fixture {
        let fixture = Fixture::debian();
        fixture.cloud_init("admin").file("/etc/ssh/sshd_config", "AuthorizedKeysFile .ssh/authorized_keys\n");
        fixture
    }

    fn status(fixture: &Fixture) -> Status {
        judged(&fixture.image(), "KEY-03").status
    }

    #[test]
    fn files_without_a_key_pass() {
        let fixture = base();
        fixture.file("/root/.ssh/authorized_keys", "").file("/home/admin/.ssh/authorized_keys", "# none\n\n");
        assert_eq!(status(&fixture), Status::Pass);
    }

    #[test]
    fn keys_in_homes_backups_skeletons_and_gone_users_homes_fail_and_go() {
        let places = [
            "/root/.ssh/authorized_keys",
            "/home/admin/.ssh/authorized_keys2",
            "/home/admin/.ssh/authorized_keys.bak",
            "/home/gone/.ssh/authorized_keys~",
            "/etc/skel/.ssh/authorized_keys",
            "/etc/dropbear/initramfs/authorized_keys",
        ];
        for place in places {
            let fixture = base();
            fixture.file(place, KEY);
            let finding = judged(&fixture.image(), "KEY-03");
            assert_eq!(finding.status, Status::Fail, "{place}");
            assert_eq!(finding.observations[0].path.as_deref(), Some(place.as_ref()));
            mended(&fixture.image(), "KEY-03");
        }
    }

    #[test]
    fn the_place_sshd_is_told_is_looked_at_for_every_account() {
        let fixture = base();
        fixture
            .file("/etc/ssh/sshd_config", "AuthorizedKeysFile /srv/keys/%u %h/.keys\n")
            .file("/srv/keys/daemon", KEY)
            .file("/srv/keys/nobody-any-more", KEY)
            .file("/home/admin/.keys", KEY);
        assert_eq!(judged(&fixture.image(), "KEY-03").observations.len(), 3);
        mended(&fixture.image(), "KEY-03");
    }

    #[test]
    fn a_block_for_some_addresses_does_not_hide_its_key_file() {
        let fixture = base();
        let config = "AuthorizedKeysFile .ssh/authorized_keys\nMatch Address 10.9.0.0/16\n\tAuthorizedKeysFile=\"/srv/keys/one\" .keys\n";
        fixture.file("/etc/ssh/sshd_config", config).file("/srv/keys/one", KEY).file("/home/admin/.keys", KEY);
        assert_eq!(judged(&fixture.image(), "KEY-03").observations.len(), 2);
        mended(&fixture.image(), "KEY-03");
    }

    #[test]
    fn a_key_behind_megabytes_of_comment_is_no_pass() {
        let fixture = base();
        let padding = "# padding of a file that is larger than is read\n".repeat(400_000);
        fixture.file("/root/.ssh/authorized_keys", padding + KEY);
        assert_eq!(status(&fixture), Status::Unknown);
    }

    #[test]
    fn homes_with_odd_names_are_looked_into() {
        for home in [&b"/home/a\\b"[..], b"/home/\xff", b"/home/[x]{y}*"] {
            let fixture = base();
            let mut passwd = fixture.read("/etc/passwd");
            passwd.extend([b"odd:x:1001:1001::", home, b":/bin/sh\n"].concat());
            let place = std::ffi::OsStr::from_bytes(home);
            let real = fixture.outside("/").join(std::path::Path::new(place).strip_prefix("/").unwrap());
            std::fs::create_dir_all(real.join(".ssh")).unwrap();
            std::fs::write(real.join(".ssh/authorized_keys.bak"), KEY).unwrap();
            fixture.file("/etc/passwd", passwd);
            assert_eq!(status(&fixture), Status::Fail, "{place:?}");
        }
    }

    #[test]
    fn keys_in_cloud_inits_configuration_are_cut_out_of_it() {
        let fixture = base();
        let path = "/etc/cloud/cloud.cfg.d/10-keys.cfg";
        fixture.file(path, format!("ssh_authorized_keys:\n  - {KEY}locale: C\n"));
        assert_eq!(status(&fixture), Status::Fail);
        let after = mended(&fixture.image(), "KEY-03");
        assert_eq!(after.read_text(path.as_ref()).unwrap().unwrap(), "locale: C\n");
    }

    #[test]
    fn a_fifo_is_no_key_file_and_is_never_opened() {
        let fixture = base();
        fixture.directory("/root/.ssh").fifo("/root/.ssh/authorized_keys");
        assert_eq!(status(&fixture), Status::Pass);
    }

    #[test]
    fn a_link_loop_is_unknown() {
        let fixture = base();
        fixture.link("/root/.ssh/authorized_keys", "authorized_keys");
        assert_eq!(status(&fixture), Status::Unknown);
    }
}
