//! One account: whether sshd lets it in, and by what (OpenSSH, `allowed_user`, `auth_root_allowed`, `platform_locked_account`).

use std::path::Path;

use super::rights::Rights;
use super::{By, Way, Ways, keys};
use crate::check::own::key_login::fits;
use crate::check::own::password_expiry::expires;
use crate::image::accounts::{Accounts, Password, User};
use crate::image::sshd::{Effective, is_from};
use crate::image::text::visible;
use crate::image::{Error, Image, Kind};

/// What counts for every account.
pub(super) struct Ground<'i> {
    pub(super) image: &'i Image,
    pub(super) accounts: &'i Accounts,
    /// PAM takes an empty password for one.
    pub(super) has_nullok: bool,
    /// Nobody but root may log in.
    pub(super) is_closed: bool,
    /// Days since 1970-01-01.
    pub(super) today: i64,
    pub(super) rights: Rights,
    /// The client's address.
    pub(super) from: String,
}

/// Adds the ways in of `user`, for whom sshd is set as `effective`.
pub(super) fn add_account(ground: &Ground<'_>, effective: &Effective, user: &User, ways: &mut Ways) {
    let has_password = has_password(effective, user, ground.has_nullok);
    let for_root = if user.uid == 0 { effective.value("permitrootlogin") } else { "yes" };
    let takes_keys =
        effective.value("pubkeyauthentication") != "no" && !matches!(for_root, "no" | "forced-commands-only");
    let keys = match takes_keys.then(|| keys::of(ground.image, effective, user, &ground.from)).transpose() {
        Ok(keys) => keys.unwrap_or_default(),
        Err(error) => {
            let user = visible(&user.name);
            ways.unclear.push(format!("Whether a key lets {user} in could not be found out: {error}."));
            Vec::new()
        }
    };
    if keys.is_empty() && !has_password {
        return;
    }
    let groups = ground.accounts.groups_of(&user.name);
    match is_let(ground, effective, user, &groups, has_password) {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            let user = visible(&user.name);
            ways.unclear.push(format!("Whether {user} gets in could not be found out: {error}."));
            return;
        }
    }
    let root = ground.rights.of_user(ground.accounts, user, &groups);
    for by in by(effective, keys, for_root == "yes" && has_password) {
        ways.list.push(Way { user: user.name.clone(), by, root, is_sure: true });
    }
}

/// Whether sshd and PAM let the account in at all, whatever it shows.
fn is_let(
    ground: &Ground<'_>,
    effective: &Effective,
    user: &User,
    groups: &[&str],
    has_password: bool,
) -> Result<bool, Error> {
    if let Some(shadow) = &user.shadow {
        let is_over = shadow.expires.is_some_and(|day| (1..ground.today).contains(&day));
        // Whoever has a password is asked for a new one; the others stand before a question they cannot answer.
        if is_over || (!has_password && expires(shadow, ground.today).is_some()) {
            return Ok(false);
        }
        if shadow.is_barred && effective.value("usepam") == "no" {
            return Ok(false);
        }
    }
    if ground.is_closed && user.uid != 0 {
        return Ok(false);
    }
    if on_a_list(effective, &user.name, groups, &ground.from).is_some() {
        return Ok(false);
    }
    let shell = if user.shell.as_os_str().is_empty() { Path::new("/bin/sh") } else { user.shell.as_path() };
    Ok(ground.image.stat(shell)?.is_some_and(|meta| meta.kind == Kind::File && meta.mode & 0o111 != 0))
}

/// Why sshd's lists keep `user` out, in a sentence.
pub(super) fn on_a_list(effective: &Effective, user: &str, groups: &[&str], from: &str) -> Option<String> {
    let judged = [
        ("DenyUsers", false, true),
        ("AllowUsers", true, true),
        ("DenyGroups", false, false),
        ("AllowGroups", true, false),
    ];
    for (keyword, allows, is_of_users) in judged {
        let patterns: Vec<&str> = effective
            .get(&keyword.to_ascii_lowercase())
            .map_or(&[][..], |setting| &setting.values)
            .iter()
            .flat_map(|value| value.split_whitespace())
            .collect();
        if patterns.is_empty() {
            continue;
        }
        let is_listed = patterns.iter().any(|pattern| match pattern.split_once('@') {
            _ if !is_of_users => groups.iter().any(|group| fits(pattern, group)),
            Some((name, hosts)) => fits(name, user) && (fits(hosts, from) || is_from(from, hosts)),
            None => fits(pattern, user),
        });
        if is_listed != allows {
            let user = visible(user);
            return Some(match (allows, is_of_users) {
                (true, true) => format!("{keyword} does not name {user}"),
                (false, true) => format!("{keyword} names {user}"),
                (true, false) => format!("{keyword} names no group of {user}"),
                (false, false) => format!("{keyword} names a group of {user}"),
            });
        }
    }
    None
}

/// Whether a password lets the account in somewhere.
pub(super) fn kept_password(user: &User) -> Option<Password> {
    match user.password {
        Password::Shadowed => user.shadow.map(|shadow| shadow.password),
        other => Some(other),
    }
}

fn has_password(effective: &Effective, user: &User, has_nullok: bool) -> bool {
    match kept_password(user) {
        Some(Password::Hash { locked, .. }) => !locked,
        Some(Password::Empty) => {
            effective.value("permitemptypasswords") == "yes" && (has_nullok || effective.value("usepam") == "no")
        }
        _ => false,
    }
}

/// What lets the account in: the methods of one of the lists that `AuthenticationMethods` asks for, each of them.
fn by(effective: &Effective, keys: Vec<By>, by_password: bool) -> Vec<By> {
    let is_on = |keyword: &str| effective.value(keyword) == "yes";
    let is_met = |method: &str, keys_before: usize| match method.split(':').next().unwrap_or_default() {
        // The same key does not count twice.
        "publickey" => keys.len() > keys_before,
        "password" => by_password && is_on("passwordauthentication"),
        "keyboard-interactive" => by_password && is_on("kbdinteractiveauthentication") && is_on("usepam"),
        _ => false,
    };
    let lists = match effective.value("authenticationmethods") {
        "any" | "" => "publickey password keyboard-interactive",
        lists => lists,
    };
    let (mut with_keys, mut without) = (false, false);
    for list in lists.split_whitespace() {
        let mut asked = 0;
        let is_open = list.split(',').all(|method| {
            let is_met = is_met(method, asked);
            asked += usize::from(method.starts_with("publickey"));
            is_met
        });
        with_keys |= is_open && asked > 0;
        without |= is_open && asked == 0;
    }
    let mut found = if with_keys { keys } else { Vec::new() };
    found.extend(without.then_some(By::Password));
    found
}
