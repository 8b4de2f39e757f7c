//! KEY-04: no user's key pair, by content in the places where people keep them, and by OpenSSH's names.

use std::path::Path;

use super::ssh_keys::{conclude, is_private_key, small_file};
use crate::check::{Finding, Observation, places, sweep};
use crate::image::{Error, Image};

const PLACES: [&str; 8] =
    ["~/.ssh/*", "~/.ssh/*/*", "~/id_*", "~/*.pem", "~/*.ppk", "~/*.key", "/etc/skel/.ssh/*", "/etc/skel/*.pem"];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let (mut seen, mut unread) = (Vec::new(), Vec::new());
    for path in places::matching(image, &PLACES.map(str::to_owned), &[])? {
        match what(image, &path) {
            Ok(Some(what)) => seen.push(Observation::at(path).text(what)),
            Ok(None) => {}
            Err(error) => unread.push(error),
        }
    }
    let fail = "Keys of the people who built the image are on it.";
    Ok(conclude(seen, unread, fail, "No home holds an SSH key pair."))
}

fn what(image: &Image, path: &Path) -> Result<Option<String>, Error> {
    let Some(bytes) = small_file(image, path)? else { return Ok(None) };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if let Some(key) = sweep::private_key(path, &bytes) {
        return Ok(Some(key));
    }
    if is_private_key(&bytes) {
        return Ok(Some("a private key, or what is left of one".to_owned()));
    }
    // Elsewhere a name says nothing: `~/id_map.csv` is data.
    let is_kept_there = path.parent().is_some_and(|parent| parent.ends_with(".ssh"));
    if let Some(private) = name.strip_suffix(".pub") {
        let beside = small_file(image, &path.with_file_name(private))?;
        let is_half = (is_kept_there && name.starts_with("id_")) || beside.is_some_and(|bytes| is_private_key(&bytes));
        return Ok(is_half.then(|| "the public half of a key".to_owned()));
    }
    let is_named = is_kept_there && name.starts_with("id_") && !bytes.is_empty();
    Ok(is_named.then(|| "a key by its name".to_owned()))
}

#[cfg(test)]
mod tests {
    use crate::change::trial::mended;
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn keys_are_known_by_content_and_their_halves_with_them() {
        let fixture = Fixture::debian();
        fixture
            .file("/home/admin/.ssh/deploy", "-----BEGIN OPENSSH PRIVATE KEY-----\n")
            .file("/home/admin/.ssh/deploy.pub", "ssh-ed25519 AAAA x\n")
            .file("/home/admin/.ssh/config", "Host *\n")
            .file("/home/admin/prod.pem", "-----BEGIN RSA PRIVATE KEY-----\n")
            .file("/home/admin/chain.pem", "-----BEGIN CERTIFICATE-----\n")
            .file("/root/.ssh/id_rsa", "cut short")
            .file("/home/admin/id_map.csv", "1,2\n")
            .file("/root/.ssh/other.pub", "ssh-ed25519 AAAA x\n");
        let finding = judged(&fixture.image(), "KEY-04");
        let seen: Vec<_> =
            finding.observations.iter().map(|seen| seen.path.as_ref().unwrap().display().to_string()).collect();
        let want =
            ["/home/admin/.ssh/deploy", "/home/admin/.ssh/deploy.pub", "/home/admin/prod.pem", "/root/.ssh/id_rsa"];
        assert_eq!(seen, want);
        mended(&fixture.image(), "KEY-04");
    }

    #[test]
    fn a_fifo_is_no_key_and_a_loop_is_unknown() {
        let fixture = Fixture::debian();
        fixture.directory("/root/.ssh").fifo("/root/.ssh/id_rsa");
        assert_eq!(judged(&fixture.image(), "KEY-04").status, Status::Pass);
        fixture.link("/root/.ssh/id_dsa", "id_dsa");
        assert_eq!(judged(&fixture.image(), "KEY-04").status, Status::Unknown);
    }
}
