//! SSH-10: nobody gets in because of the machine or the realm they come from.

use std::path::{Path, PathBuf};

use crate::check::kinds::sshd::{at, everybody, no_server, refused};
use crate::check::{Finding, Observation, Status, places};
use crate::image::{Error, Image, Kind};

/// Lists of hosts and users that are let in without a key of their own (sshd(8), "FILES"; `hosts.equiv(5)`), and of
/// Kerberos principals (`k5login(5)`).
const LISTS: [&str; 9] = [
    "/etc/hosts.equiv",
    "/etc/shosts.equiv",
    "/etc/ssh/shosts.equiv",
    "~/.rhosts",
    "~/.shosts",
    "~/.k5login",
    "~/.k5users",
    "/etc/skel/{.rhosts,.shosts,.k5login,.k5users}",
    "/etc/k5login.d/*",
];

/// The machine's own Kerberos key: without it no ticket is accepted.
const KEYTAB: &str = "/etc/krb5.keytab";

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    for path in lists(image)? {
        seen.push(Observation::at(path).text("names whom to let in"));
    }
    for (_, places) in switched_on(image)? {
        seen.extend(places);
    }
    if !seen.is_empty() {
        let fail = "The image lets people in because of the machine or realm they come from.";
        return Ok(Finding::new(Status::Fail, fail).seen(seen));
    }
    let sshd = image.sshd()?;
    if sshd.main.is_none() {
        return Ok(no_server());
    }
    if let Some(refused) = refused(sshd, "so whom it trusts is not known") {
        return Ok(refused);
    }
    Ok(Finding::new(Status::Pass, "Nobody is let in because of the machine or realm they come from."))
}

/// The keywords that are on and must not be, with where. GSSAPI is on by default on the RHEL family, and idle without a
/// key of the machine.
pub(crate) fn switched_on(image: &Image) -> Result<Vec<(&'static str, Vec<Observation>)>, Error> {
    let mut keywords = vec!["hostbasedauthentication"];
    if image.lstat(Path::new(KEYTAB))?.is_some() {
        keywords.push("gssapiauthentication");
    }
    let mut on = Vec::new();
    for keyword in keywords {
        let places = settings(image, keyword)?;
        if !places.is_empty() {
            on.push((keyword, places));
        }
    }
    Ok(on)
}

/// Every list that names somebody; blanks and comments name nobody.
fn lists(image: &Image) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for path in places::matching(image, &LISTS.map(str::to_owned), &[])? {
        if image.stat(&path)?.is_some_and(|meta| meta.kind == Kind::File) {
            let text = image.read_text(&path)?.unwrap_or_default();
            if text.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with('#')) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Where `keyword` is on, for the server or some connection.
fn settings(image: &Image, keyword: &str) -> Result<Vec<Observation>, Error> {
    let sshd = image.sshd()?;
    let mut seen = Vec::new();
    if sshd.main.is_none() {
        return Ok(seen);
    }
    for connection in everybody(image)? {
        let effective = sshd.effective(connection.as_ref());
        let Some(setting) = effective.get(keyword).filter(|_| effective.value(keyword) == "yes") else { continue };
        let mut places: Vec<Observation> = setting.origins.iter().map(at).collect();
        if places.is_empty() {
            places.push(Observation::fact(format!("{keyword} yes, by default")));
        }
        seen.extend(places.into_iter().filter(|place| !seen.contains(place)).collect::<Vec<_>>());
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use crate::change::trial::mended;
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn with(config: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").cloud_init("admin").file("/etc/ssh/sshd_config", config);
        fixture
    }

    #[test]
    fn comments_name_nobody_and_gssapi_is_idle_without_a_keytab() {
        let fixture = with("GSSAPIAuthentication yes\n");
        fixture.file("/etc/hosts.equiv", "# /etc/hosts.equiv: list of hosts and users\n\n");
        assert_eq!(judged(&fixture.image(), "SSH-10").status, Status::Pass);
        fixture.file("/etc/krb5.keytab", "\x05\x02x");
        assert_eq!(judged(&fixture.image(), "SSH-10").status, Status::Fail);
        mended(&fixture.image(), "SSH-10");
    }

    #[test]
    fn lists_of_hosts_and_principals_fail_and_go() {
        for path in ["/etc/hosts.equiv", "/etc/ssh/shosts.equiv", "/root/.shosts", "/home/admin/.k5login"] {
            let fixture = with("");
            fixture.file(path, "build.example.com admin\n");
            let finding = judged(&fixture.image(), "SSH-10");
            assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 1), "{path}");
            let after = mended(&fixture.image(), "SSH-10");
            assert!(after.lstat(path.as_ref()).unwrap().is_none(), "{path}");
        }
    }

    #[test]
    fn host_based_logins_count_in_a_block_too() {
        let fixture = with("HostbasedAuthentication no\nMatch Address 10.0.0.0/8\n  HostbasedAuthentication yes\n");
        let finding = judged(&fixture.image(), "SSH-10");
        assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(3)), "{finding:?}");
        mended(&fixture.image(), "SSH-10");
    }

    #[test]
    fn a_list_that_cannot_be_read_is_unknown_and_no_server_is_not_applicable() {
        let fixture = with("");
        fixture.link("/root/.rhosts", ".rhosts");
        assert_eq!(judged(&fixture.image(), "SSH-10").status, Status::Unknown);
        assert_eq!(judged(&Fixture::debian().image(), "SSH-10").status, Status::NotApplicable);
    }
}
