//! The lock-out guard for a running machine: whoever works on it came in somehow, and must be able to come back.
//!
//! Which account the publisher uses is not known for sure (sudo, a session manager, a console), so what counts is
//! whether anybody is left who could log in over SSH.

use crate::check::own::authorized_keys;
use crate::image::accounts::{Password, User};
use crate::image::sshd::{Connection, Effective};
use crate::image::{Error, Image};

/// Whether somebody gets in over SSH `now`, and nobody would `then` (or that could not be found out). Where it cannot be
/// told of now, somebody may well get in: then a plan that surely shuts everybody out is refused too.
pub(super) fn is_cut(now: &Image, then: &Image) -> bool {
    match (is_open(now), is_open(then)) {
        (_, Ok(true)) | (Ok(false), _) | (Err(_), Err(_)) => false,
        (Ok(true), _) | (Err(_), Ok(false)) => true,
    }
}

/// Whether any account could log in over SSH, by a key or a password that is there. One that cannot be looked at does
/// not hide the others.
fn is_open(image: &Image) -> Result<bool, Error> {
    let sshd = image.sshd()?;
    if sshd.main.is_none() {
        return Ok(false);
    }
    let lport = sshd.effective(None).value("port").parse().unwrap_or(22);
    let mut unread = None;
    for user in image.accounts()?.login_users() {
        let connection = Connection {
            user: user.name.clone(),
            host: "client.example.com".to_owned(),
            addr: "203.0.113.5".to_owned(),
            laddr: "10.0.0.10".to_owned(),
            lport,
        };
        let effective = sshd.effective(Some(&connection));
        match takes_key(image, &effective, user) {
            Ok(true) => return Ok(true),
            _ if takes_password(&effective, user) => return Ok(true),
            Ok(false) => {}
            Err(error) => unread = Some(error),
        }
    }
    unread.map_or(Ok(false), Err)
}

fn takes_password(effective: &Effective, user: &User) -> bool {
    let asked = ["passwordauthentication", "kbdinteractiveauthentication"];
    let is_asked = asked.iter().any(|keyword| effective.value(keyword) == "yes");
    let is_let = user.uid != 0 || effective.value("permitrootlogin") == "yes";
    let password = match user.password {
        Password::Shadowed => user.shadow.map(|shadow| shadow.password),
        other => Some(other),
    };
    let fits = match password {
        Some(Password::Hash { locked, .. }) => !locked,
        Some(Password::Empty) => effective.value("permitemptypasswords") == "yes",
        _ => false,
    };
    is_asked && is_let && fits
}

fn takes_key(image: &Image, effective: &Effective, user: &User) -> Result<bool, Error> {
    let is_let = user.uid != 0 || effective.value("permitrootlogin") != "no";
    let is_on = effective.value("pubkeyauthentication") != "no";
    Ok(is_let && is_on && authorized_keys::lets_in(image, effective, user)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    const HASH: &str = "root:*:20000:0:99999:7:::\nadmin:$6$salt$hash:20000:0:99999:7:::\n";

    /// A machine with this configuration, and what it is to become.
    fn cut(fixture: &Fixture, now: &str, then: &str) -> bool {
        let now = fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", now).image();
        assert!(now.sshd().is_ok() && now.accounts().is_ok());
        is_cut(&now, &fixture.file("/etc/ssh/sshd_config", then).image())
    }

    const OFF: &str = "PasswordAuthentication no\nKbdInteractiveAuthentication no\n";

    #[test]
    fn the_last_password_is_not_turned_off() {
        let fixture = Fixture::debian();
        fixture.file("/etc/shadow", HASH);
        assert!(cut(&fixture, "UsePAM yes\n", OFF));
        assert!(!cut(&fixture, "UsePAM yes\n", "PasswordAuthentication no\n"), "PAM still asks for it");
        fixture.file("/home/admin/.ssh/authorized_keys", "ssh-ed25519 AAAAC3Nz me\n");
        assert!(!cut(&fixture, "UsePAM yes\n", OFF));
    }

    #[test]
    fn the_last_key_is_not_turned_off_either() {
        let fixture = Fixture::debian();
        fixture.file("/root/.ssh/authorized_keys", "ssh-ed25519 AAAAC3Nz me\n");
        assert!(cut(&fixture, "UsePAM yes\n", "PermitRootLogin no\n"));
        assert!(!cut(&fixture, "UsePAM yes\n", "PermitRootLogin prohibit-password\n"));
        assert!(!cut(
            &fixture,
            "UsePAM yes\n",
            "PermitRootLogin no\nAuthorizedKeysCommand /usr/bin/eic\nAuthorizedKeysCommandUser nobody\n"
        ));
    }

    #[test]
    fn where_nobody_got_in_nothing_is_cut() {
        assert!(!cut(&Fixture::debian(), "UsePAM yes\n", OFF));
    }

    #[test]
    fn keys_that_cannot_be_read_may_let_somebody_in() {
        let fixture = Fixture::debian();
        fixture.file("/home/admin/.ssh/authorized_keys", vec![b'x'; (16 << 20) + 1]);
        assert!(cut(&fixture, "UsePAM yes\n", &format!("{OFF}PubkeyAuthentication no\n")));
        assert!(!cut(&fixture, "UsePAM yes\n", "UsePAM yes\nUseDNS no\n"), "no worse than before");
    }

    #[test]
    fn keys_that_cannot_be_read_hide_nobody_else() {
        let fixture = Fixture::debian();
        fixture.file("/home/admin/.ssh/authorized_keys", vec![b'x'; (16 << 20) + 1]);
        fixture.file("/root/.ssh/authorized_keys", "ssh-ed25519 AAAAC3Nz me\n");
        assert!(!cut(&fixture, "UsePAM yes\n", OFF));
        assert!(cut(&fixture, "UsePAM yes\n", &format!("{OFF}PubkeyAuthentication no\n")));
    }
}
