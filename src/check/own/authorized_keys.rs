//! KEY-03: no file, template or configuration lets a key of the publisher in.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::ssh_keys::{conclude, key_blob, key_lines};
use super::trust_anchors;
use crate::check::cloud_lines::{self, KeyLine};
use crate::check::{Context, Finding, Observation, Status, places};
use crate::image::accounts::User;
use crate::image::cloud_init::Value;
use crate::image::sshd::Sshd;
use crate::image::text::visible;
use crate::image::{Error, Image, Kind};

/// Where key files, and copies that editors and scripts leave of them, lie whatever sshd is told.
const PLACES: [&str; 14] = [
    "~/.ssh/authorized_keys*",
    "~/.ssh/.authorized_keys*",
    "~/.ssh2/authorized_keys*",
    "~/authorized_keys*",
    "/etc/skel/.ssh/authorized_keys*",
    "/etc/ssh/authorized_keys*",
    "/etc/ssh/authorized_keys*/*",
    "/etc/dropbear*/authorized_keys*",
    "/etc/dropbear*/initramfs/authorized_keys*",
    "/var/backups/**/authorized_keys*",
    // What systemd puts in for root at boot (systemd.system-credentials(7)), and what it knows of users.
    "/etc/credstore/ssh.*authorized_keys*",
    USER_RECORDS,
    // Container layers, containers and chroots: each has accounts of its own.
    "/var/lib/{docker/overlay2/*/diff,containers/storage/overlay/*/diff,containerd/*/snapshots/*/fs}/{root,home/*}/.ssh/authorized_keys*",
    "/{var/lib/lxc/*/rootfs,var/lib/machines/*,srv/chroot/*,var/chroot/*}/{root,home/*}/.ssh/authorized_keys*",
];

/// Records of users as JSON (systemd's user record format, `sshAuthorizedKeys`).
const USER_RECORDS: &str = "/etc/userdb/*.user";

/// What is said of an instance of the finished image.
const LAUNCH_KEY: &str = "The one key that is trusted is that of the launch, put in after this instance first booted.";

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let patterns = PLACES.map(str::to_owned);
    let mut paths: BTreeSet<PathBuf> = places::matching(image, &patterns, &[])?.into_iter().collect();
    paths.extend(configured(image)?);
    paths.extend(authorities(image)?);
    let (mut seen, mut unread, mut launch) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        match key_file(image, &path) {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                let mut text = String::from_utf8_lossy(&bytes).into_owned();
                if path.extension().is_some_and(|ending| ending == "user") {
                    text = text.replace(['"', ',', '[', ']'], " ");
                }
                for (line, key) in key_lines(&text) {
                    let observed = Observation::at(&path).line(line).text(key);
                    match launched(image, context, &path, text.lines().nth(line as usize - 1).unwrap_or_default()) {
                        Ok(true) => launch.push(observed),
                        Ok(false) => seen.push(observed),
                        Err(error) => unread.push(error),
                    }
                }
            }
            Err(error) => unread.push(error),
        }
    }
    let mut in_lines = false;
    for path in cloud_lines::files(image)? {
        match image.read_text(&path) {
            Ok(text) => {
                let text = text.unwrap_or_default();
                let keys = cloud_lines::keys(&text).into_iter().filter(is_seeded_key);
                for key in keys {
                    in_lines = true;
                    let text = format!("{} puts keys in", visible(&key.keys.join(".")));
                    seen.push(Observation::at(&path).line(key.line).text(text));
                }
            }
            Err(error) => unread.push(error),
        }
    }
    if !in_lines && image.cloud_init().is_ok_and(|cloud_init| is_seeding(&cloud_init.config)) {
        seen.push(Observation::fact("cloud-init's merged configuration puts keys in"));
    }
    let fail = "Public keys on the image let somebody in to every copy.";
    let pass = if launch.is_empty() { "No account trusts a public key." } else { LAUNCH_KEY };
    let finding = conclude(seen, unread, fail, pass);
    let finding = if finding.status == Status::Pass { finding.seen(launch) } else { finding };
    // Keys that lie elsewhere are SSH-14's business; they are told here without a path, for no file is to go.
    let asked = trust_anchors::programs(image)?;
    Ok(finding.seen(asked.into_iter().map(|program| Observation::fact(format!("{program} may hand out other keys")))))
}

/// Whether `line` of the file at `path` is the key that the audited instance was launched with, put in since.
fn launched(image: &Image, context: &Context, path: &Path, line: &str) -> Result<bool, Error> {
    match (&context.audit, key_blob(line)) {
        (Some(audit), Some(blob)) => audit.is_launch_key(image, path, blob),
        _ => Ok(false),
    }
}

/// Whether the merged configuration puts keys in for anybody, in whatever style it is written.
fn is_seeding(config: &Value) -> bool {
    match config {
        Value::Map(entries) => entries.iter().any(|(name, value)| {
            let is_none = matches!(value, Value::Null) || *value == Value::List(Vec::new());
            (is_key_name(name) && !is_none)
                || (matches!(name.as_str(), "users" | "user" | "system_info" | "default_user") && is_seeding(value))
        }),
        Value::List(items) => items.iter().any(is_seeding),
        _ => false,
    }
}

fn is_key_name(name: &str) -> bool {
    matches!(name, "ssh_authorized_keys" | "ssh-authorized-keys" | "ssh_import_id" | "ssh-import-id")
}

/// The files of certificate authorities whose certificates sshd takes for keys, for the server or in some block.
fn authorities(image: &Image) -> Result<BTreeSet<PathBuf>, Error> {
    const KEYWORD: &str = "trustedusercakeys";
    let sshd = image.sshd()?;
    let mut words: Vec<String> = sshd.effective(None).get(KEYWORD).map_or_else(Vec::new, |ours| ours.values.clone());
    words.extend(in_blocks(sshd, KEYWORD));
    let paths = words.into_iter().map(|word| PathBuf::from(word.trim_matches('"')));
    Ok(paths.filter(|path| path.is_absolute()).collect())
}

/// The values that lines in blocks give `keyword`.
fn in_blocks<'a>(sshd: &'a Sshd, keyword: &'a str) -> impl Iterator<Item = String> + 'a {
    let lines = sshd.matches.iter().flat_map(|block| &block.sets).filter(move |(name, _)| name == keyword);
    lines.flat_map(move |(_, origin)| {
        let words = origin.text.split([' ', '\t', '=']).map(|word| word.trim_matches('"'));
        words
            .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case(keyword))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    })
}

/// The bytes of a regular file; `None` for anything else. sshd reads a key file of any size to its end, so one that is
/// too large for us is an error.
pub(crate) fn key_file(image: &Image, path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match image.stat(path)? {
        Some(meta) if meta.kind == Kind::File => image.read(path),
        _ => Ok(None),
    }
}

/// Whether a line of cloud-init's configuration puts keys of the publisher's in.
pub(crate) fn is_seeded_key(key: &KeyLine) -> bool {
    let keys: Vec<&str> = key.keys.iter().map(String::as_str).collect();
    let is_none = matches!(key.value.as_str(), "null" | "~" | "[]");
    match keys.as_slice() {
        [name] | ["users", "-", name] | ["system_info", "default_user", name] | ["user", name] => {
            is_key_name(name) && !is_none
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
    patterns.extend(in_blocks(sshd, KEYWORD));
    for user in &image.accounts()?.users {
        paths.extend(patterns.iter().filter_map(|pattern| expanded(pattern, user)));
    }
    for pattern in patterns.iter().filter(|pattern| pattern.starts_with('/') && !pattern.contains("%h")) {
        let glob = places::literal(Path::new(pattern)).replace("%u", "*").replace("%U", "*").replace("%%", "%");
        paths.extend(image.glob(&glob)?);
    }
    Ok(paths)
}

/// The path that `pattern` stands for (`sshd_config(5)`, "TOKENS"); relative paths hang off the home.
pub(crate) fn expanded(pattern: &str, user: &User) -> Option<PathBuf> {
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

    use crate::change::Remedy;
    use crate::change::trial::{mended, remedy_of};
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
    fn authorities_and_layers_of_containers_are_key_files_too() {
        for path in [
            "/etc/ssh/ca.pub",
            "/etc/ssh/block-ca.pub",
            "/var/lib/docker/overlay2/abc/diff/root/.ssh/authorized_keys",
            "/var/lib/machines/one/home/bob/.ssh/authorized_keys",
            "/var/backups/home/authorized_keys.gz.txt",
            "/etc/credstore/ssh.authorized_keys.root",
        ] {
            let fixture = base();
            let config = "TrustedUserCAKeys /etc/ssh/ca.pub\nMatch User x\n  TrustedUserCAKeys=/etc/ssh/block-ca.pub\n";
            fixture.file("/etc/ssh/sshd_config", config).file(path, KEY);
            let finding = judged(&fixture.image(), "KEY-03");
            assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 1), "{path}");
            mended(&fixture.image(), "KEY-03");
        }
    }

    #[test]
    fn a_users_record_is_read_and_left_to_a_person() {
        let fixture = base();
        let record =
            format!("{{\"userName\":\"x\",\n\"privileged\":{{\"sshAuthorizedKeys\":[\"{}\"]}}}}\n", KEY.trim());
        fixture.file("/etc/userdb/x.user", record);
        assert_eq!(judged(&fixture.image(), "KEY-03").observations[0].line, Some(2));
        assert!(matches!(remedy_of(&fixture.image(), "KEY-03"), Some(Remedy::ByHand(_))));
    }

    #[test]
    fn keys_in_cloud_inits_configuration_written_in_braces_are_found() {
        let fixture = base();
        fixture.file(
            "/etc/cloud/cloud.cfg.d/10-x.cfg",
            format!("users: [{{name: x, ssh_authorized_keys: [\"{}\"]}}]\n", KEY.trim()),
        );
        assert_eq!(status(&fixture), Status::Fail);
    }

    #[test]
    fn a_program_that_hands_out_keys_is_named_and_no_file_goes_for_it() {
        let fixture = base();
        let config = "AuthorizedKeysCommand /opt/keys %u\nAuthorizedKeysCommandUser nobody\n";
        fixture.file("/etc/ssh/sshd_config", config);
        let finding = judged(&fixture.image(), "KEY-03");
        assert_eq!((finding.status, finding.observations[0].path.as_deref()), (Status::Pass, None));
        assert!(finding.observations[0].text.as_deref().unwrap().contains("/etc/ssh/sshd_config:1"), "{finding:?}");
        fixture.file("/root/.ssh/authorized_keys", KEY);
        mended(&fixture.image(), "KEY-03");
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
