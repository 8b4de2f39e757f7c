//! The SSH server: whether anybody reaches it, and what it takes from whom.

use std::net::IpAddr;
use std::path::Path;

use super::account::{Ground, add_account, on_a_list};
use super::rights::Rights;
use super::{Ways, keys};
use crate::check::own::password_expiry::days;
use crate::check::own::{pam_nullok, ssh_reachable, sshd_at_boot};
use crate::check::pam::Pam;
use crate::check::{Context, Status};
use crate::image::sshd::{Connection, Effective, Sshd};
use crate::image::text::{path, visible};
use crate::image::units::State;
use crate::image::{Error, Image, Mode};

/// More accounts than this are not looked at, and more ways in are not listed.
const ACCOUNTS: usize = 1000;
const WAYS: usize = 200;

/// Somebody on the Internet (RFC 5737).
const ANYWHERE: &str = "203.0.113.5";

/// Adds the ways in over SSH for a client at `from`.
pub(super) fn add(image: &Image, context: &Context, from: Option<IpAddr>, ways: &mut Ways) {
    if let Err(error) = try_add(image, context, from, ways) {
        ways.unclear.push(format!("Who gets in over SSH could not all be found out: {error}."));
    }
}

fn try_add(image: &Image, context: &Context, from: Option<IpAddr>, ways: &mut Ways) -> Result<(), Error> {
    let sshd = image.sshd()?;
    if sshd.main.is_none() {
        return Ok(());
    }
    let server = sshd.effective(None);
    match shut(image, sshd, &server, from) {
        Ok(shut) => ways.shut = shut,
        Err(error) => ways.unclear.push(format!("Whether the SSH server is reached could not be found out: {error}.")),
    }
    let pam = Pam::read(image)?;
    others(image, &server, &pam, ways)?;
    let accounts = image.accounts()?;
    accounts.shadow.clone()?;
    let ground = Ground {
        image,
        accounts,
        has_nullok: pam_nullok::rules(&pam).next().is_some(),
        is_closed: is_closed(image)?,
        today: days(context.today),
        rights: Rights::of(image),
        from: from.map_or_else(|| ANYWHERE.to_owned(), |from| from.to_string()),
    };
    let mut users: Vec<_> = accounts.login_users().collect();
    users.sort_by_key(|user| user.uid != 0);
    if users.len() > ACCOUNTS {
        ways.unclear.push(format!("Only {ACCOUNTS} of {} accounts were looked at.", users.len()));
    }
    for user in users.into_iter().take(ACCOUNTS) {
        if ways.list.len() >= WAYS {
            ways.unclear.push(format!("There are more than {WAYS} ways in; the others were not looked for."));
            break;
        }
        if sshd.matches.is_empty() {
            add_account(&ground, &server, user, ways);
        } else {
            add_account(&ground, &sshd.effective(Some(&connection(&server, &user.name, from))), user, ways);
        }
    }
    Ok(())
}

fn connection(server: &Effective, user: &str, from: Option<IpAddr>) -> Connection {
    Connection {
        user: user.to_owned(),
        host: "client.example.com".to_owned(),
        addr: from.map_or_else(|| ANYWHERE.to_owned(), |from| from.to_string()),
        laddr: "10.0.0.10".to_owned(),
        lport: server.value("port").parse().unwrap_or(22),
    }
}

/// Why sshd surely lets nobody of this name in from this address, whether the image knows the account or a directory
/// does.
pub(super) fn barred(image: &Image, user: &str, from: Option<IpAddr>) -> Option<String> {
    let (sshd, accounts) = (image.sshd().ok()?, image.accounts().ok()?);
    let server = sshd.effective(None);
    let connection = connection(&server, user, from);
    let effective = sshd.effective(Some(&connection));
    on_a_list(&effective, user, &accounts.groups_of(user), &connection.addr)
}

/// Why nobody reaches the server.
fn shut(image: &Image, sshd: &Sshd, server: &Effective, from: Option<IpAddr>) -> Result<Option<String>, Error> {
    if let Some(problem) = sshd.problems.iter().find(|problem| problem.fatal) {
        let (file, why) = (path(&problem.origin.path), visible(&problem.message));
        return Ok(Some(format!("The SSH server would not start: {file}: {why}.")));
    }
    let boot = sshd_at_boot::check(image)?;
    if boot.status == Status::Fail {
        return Ok(Some(boot.summary));
    }
    if from.is_some_and(|from| from.is_loopback()) {
        return Ok(None);
    }
    let port = server.value("port").parse().unwrap_or(22);
    Ok(ssh_reachable::shut(image, port, from)?.map(|seen| {
        let place = seen.path.as_deref().map_or_else(String::new, |file| format!("{}: ", path(file)));
        format!("A rule keeps connections to port {port} out: {place}{}.", seen.text.unwrap_or_default())
    }))
}

/// Whether nobody but root may log in (`pam_nologin(8)`).
fn is_closed(image: &Image) -> Result<bool, Error> {
    let in_etc = image.stat(Path::new("/etc/nologin"))?.is_some();
    Ok(in_etc || (image.mode() == Mode::Live && image.stat(Path::new("/run/nologin"))?.is_some()))
}

/// PAM modules that ask a directory of accounts.
const DIRECTORIES: [&str; 5] =
    ["pam_winbind.so", "pam_krb5.so", "pam_ldap.so", "pam_radius_auth.so", "pam_systemd_home.so"];

/// What may let people in that no file of the image tells: tickets, other hosts, directories, programs.
fn others(image: &Image, server: &Effective, pam: &Pam, ways: &mut Ways) -> Result<(), Error> {
    let mut say = |sentence: String| ways.unclear.push(sentence);
    if server.value("gssapiauthentication") == "yes" && image.stat(Path::new("/etc/krb5.keytab"))?.is_some() {
        say("Kerberos tickets may let somebody in (GSSAPIAuthentication).".to_owned());
    }
    if server.value("hostbasedauthentication") == "yes" {
        say("Other hosts may let their users in (HostbasedAuthentication).".to_owned());
    }
    let by_password = ["passwordauthentication", "kbdinteractiveauthentication"];
    if by_password.iter().any(|keyword| server.value(keyword) == "yes") && server.value("usepam") == "yes" {
        let has = |name: &str| pam.rules.iter().any(|rule| rule.kind == "auth" && rule.module == name);
        let is_joined = |unit: &str| Ok::<_, Error>(image.units()?.state(unit) == State::Enabled);
        let directory = DIRECTORIES.iter().copied().find(|name| has(name));
        let sssd = if has("pam_sss.so") && is_joined("sssd.service")? { Some("pam_sss.so") } else { None };
        if let Some(module) = directory.or(sssd) {
            say(format!("Accounts of a directory may log in with their password ({module})."));
        }
    }
    if let Some(program) = keys::unknown_program(server) {
        say(format!("sshd asks {} for keys; whom that lets in is not known.", visible(&program)));
    }
    Ok(())
}
