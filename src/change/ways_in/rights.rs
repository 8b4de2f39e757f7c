//! Whether an account becomes root: by sudo, or by su and root's password.

use std::path::Path;

use super::Root;
use super::account::kept_password;
use crate::check::own::sudo_rights::has_sudo;
use crate::check::own::sudoers::{Grant, Sudoers};
use crate::image::accounts::{Accounts, Password, User};
use crate::image::{Error, Image, Kind};

/// What gives accounts root's rights.
pub(super) struct Rights {
    /// sudo's rules; `None` without sudo.
    sudoers: Result<Option<Sudoers>, Error>,
    has_su: bool,
    /// Another program that no rules are read of: doas.
    has_other: bool,
}

impl Rights {
    pub(super) fn of(image: &Image) -> Self {
        let sudoers = match has_sudo(image) {
            Ok(true) => Sudoers::read(image, &[]).map(Some),
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        };
        let is_set_id = |path: &str| {
            let meta = image.stat(Path::new(path)).ok().flatten();
            meta.is_some_and(|meta| meta.kind == Kind::File && meta.mode & 0o4000 != 0)
        };
        let has_su = is_set_id("/usr/bin/su") || is_set_id("/bin/su");
        let has_other = matches!(image.stat(Path::new("/etc/doas.conf")), Ok(Some(_)));
        Self { sudoers, has_su, has_other }
    }

    /// What `user`, a member of `groups`, may become.
    pub(super) fn of_user(&self, accounts: &Accounts, user: &User, groups: &[&str]) -> Root {
        if user.uid == 0 {
            return Root::Is;
        }
        let is_usable = |user: &User| matches!(kept_password(user), Some(Password::Hash { locked: false, .. }));
        let root = accounts.users.iter().find(|user| user.uid == 0);
        let of_root = root.is_some_and(is_usable);
        let mut asks_in_vain = false;
        match &self.sudoers {
            Ok(Some(sudoers)) => match sudoers.grant(&user.name, groups).0 {
                Grant::Free => return Root::Sudo,
                Grant::WithPassword => {
                    let has = if sudoers.asks_for_roots.is_some() { of_root } else { is_usable(user) };
                    if has {
                        return Root::SudoWithPassword;
                    }
                    asks_in_vain = true;
                }
                Grant::None if !sudoers.unclear.is_empty() => return Root::Unknown,
                Grant::None => {}
            },
            Ok(None) => {}
            Err(_) => return Root::Unknown,
        }
        if self.has_su && of_root {
            Root::Su
        } else if self.has_other {
            Root::Unknown
        } else if asks_in_vain {
            Root::NoPassword
        } else {
            Root::No
        }
    }

    /// What an account that the image does not know yet may become, as a member of `groups`.
    pub(super) fn of_stranger(&self, name: &str, groups: &[&str]) -> Root {
        match &self.sudoers {
            Ok(Some(sudoers)) => match sudoers.grant(name, groups).0 {
                Grant::Free => Root::Sudo,
                Grant::WithPassword => Root::NoPassword,
                Grant::None => Root::No,
            },
            Ok(None) => Root::No,
            Err(_) => Root::Unknown,
        }
    }
}
