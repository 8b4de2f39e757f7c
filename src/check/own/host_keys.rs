//! KEY-01: no SSH host key, public half or certificate.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::ssh_keys::{conclude, is_private_key, key_lines, small_file};
use crate::check::sweep::private_key;
use crate::check::{Finding, Observation, places};
use crate::image::{Error, Image, Kind};

/// Where host keys lie by their names.
const PLACES: [&str; 5] = [
    "/etc/ssh/ssh_host_*",
    "/etc/openssh/ssh_host_*",
    "/usr/local/etc/ssh_host_*",
    "/etc/dropbear*/*_host_key*",
    "/etc/dropbear*/initramfs/*_host_key*",
];

/// Whether a key by one of the usual names is there.
pub(super) fn any(image: &Image) -> Result<bool, Error> {
    Ok(!places::matching(image, &PLACES.map(str::to_owned), &[])?.is_empty())
}

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut paths = BTreeSet::new();
    for path in places::matching(image, &PLACES.map(str::to_owned), &[])? {
        if image.lstat(&path)?.is_some_and(|meta| matches!(meta.kind, Kind::File | Kind::Symlink)) {
            paths.insert(path);
        }
    }
    let mut unread = Vec::new();
    for path in configured(image)? {
        if paths.contains(&path) {
            continue;
        }
        // A `HostKey` line may name any file: only what is a key by its content counts, and may be removed.
        match small_file(image, &path) {
            Ok(Some(bytes)) if is_private_key(&bytes) || !key_lines(&String::from_utf8_lossy(&bytes)).is_empty() => {
                paths.insert(path);
            }
            Ok(_) => {}
            Err(error) => unread.push(error),
        }
    }
    let seen = paths.into_iter().map(|path| observed(image, path, &mut unread)).collect();
    let fail = "SSH host keys are on the image: every copy would share them.";
    Ok(conclude(seen, unread, fail, "There is no SSH host key on the image."))
}

/// The key with its fingerprint, so that whoever launches a copy can see that it has another.
fn observed(image: &Image, path: PathBuf, unread: &mut Vec<Error>) -> Observation {
    let bytes = small_file(image, &path).unwrap_or_else(|error| {
        unread.push(error);
        None
    });
    let key = bytes.and_then(|bytes| private_key(&path, &bytes));
    let seen = Observation::at(path);
    match key {
        Some(key) => seen.text(key),
        None => seen,
    }
}

/// What `HostKey` and `HostCertificate` lines name, with the public halves beside them.
fn configured(image: &Image) -> Result<Vec<PathBuf>, Error> {
    let sshd = image.sshd()?;
    let mut paths = Vec::new();
    if sshd.main.is_none() {
        return Ok(paths);
    }
    let effective = sshd.effective(None);
    for keyword in ["hostkey", "hostcertificate"] {
        let values = effective.get(keyword).map_or(&[][..], |setting| &setting.values);
        for path in values.iter().filter(|value| value.starts_with('/')) {
            paths.extend(["", ".pub", "-cert.pub"].map(|end| PathBuf::from(format!("{path}{end}"))));
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use crate::change::trial::mended;
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    const PRIVATE: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n";

    fn seen(fixture: &Fixture) -> Vec<String> {
        let finding = judged(&fixture.image(), "KEY-01");
        finding.observations.iter().filter_map(|seen| Some(seen.path.as_ref()?.display().to_string())).collect()
    }

    #[test]
    fn an_image_without_keys_passes_and_keeps_the_configuration() {
        let fixture = Fixture::debian();
        fixture.file("/etc/ssh/sshd_config", "").file("/etc/ssh/moduli", "x");
        assert_eq!(judged(&fixture.image(), "KEY-01").status, Status::Pass);
    }

    #[test]
    fn keys_of_every_sort_are_seen_and_go() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/ssh/sshd_config", "HostKey /srv/host.key\nHostKey /etc/passwd\n")
            .file("/srv/host.key", PRIVATE)
            .file("/srv/host.key.pub", "ssh-ed25519 AAAAC3 host\n")
            .file("/etc/ssh/ssh_host_rsa_key", PRIVATE)
            .file("/etc/ssh/ssh_host_rsa_key-cert.pub", "ssh-rsa-cert-v01@openssh.com AAAA\n")
            .file("/etc/ssh/ssh_host_ed25519_key", "")
            .file("/etc/dropbear/dropbear_rsa_host_key", "binary");
        let want = [
            "/etc/dropbear/dropbear_rsa_host_key",
            "/etc/ssh/ssh_host_ed25519_key",
            "/etc/ssh/ssh_host_rsa_key",
            "/etc/ssh/ssh_host_rsa_key-cert.pub",
            "/srv/host.key",
            "/srv/host.key.pub",
        ];
        assert_eq!(seen(&fixture), want);
        let after = mended(&fixture.image(), "KEY-01");
        assert!(after.stat("/etc/passwd".as_ref()).unwrap().is_some());
        assert!(after.stat("/etc/ssh/sshd_config".as_ref()).unwrap().is_some());
    }

    #[test]
    fn a_host_key_that_cannot_be_looked_at_is_unknown() {
        let fixture = Fixture::debian();
        fixture.file("/etc/ssh/sshd_config", "HostKey /srv/loop\n").link("/srv/loop", "loop");
        assert_eq!(judged(&fixture.image(), "KEY-01").status, Status::Unknown);
    }
}
