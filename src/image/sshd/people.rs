//! What the configuration needs to know of accounts: homes for `~`, groups for `Match Group`.

use std::collections::BTreeMap;

use crate::image::Image;

/// One account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) uid: u32,
    pub(super) home: String,
    /// Names of all groups, the primary one included.
    pub(super) groups: Vec<String>,
}

/// Every account by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct People {
    pub(super) by_name: BTreeMap<String, Person>,
    /// The home of the first account with uid 0, whose `~` the server's own is.
    pub(super) root_home: Option<String>,
}

impl People {
    /// `path` with a leading `~` or `~user` replaced by that home.
    ///
    /// # Errors
    /// When there is no such user: sshd refuses to start.
    pub(super) fn expand_home(&self, path: &str) -> Result<String, String> {
        let Some(rest) = path.strip_prefix('~') else { return Ok(path.to_owned()) };
        let (user, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let home = if user.is_empty() {
            self.root_home.as_deref()
        } else {
            self.by_name.get(user).map(|person| person.home.as_str())
        };
        let home = home.ok_or_else(|| format!("names the home of \"{user}\", who does not exist"))?;
        let slash = if home.ends_with('/') { "" } else { "/" };
        Ok(format!("{home}{slash}{}", rest.trim_start_matches('/')))
    }
}

/// The accounts of `image`; none when they cannot be read.
pub(super) fn of(image: &Image) -> People {
    let Ok(accounts) = image.accounts() else { return People::default() };
    let groups = accounts.memberships();
    let person = |user: &crate::image::accounts::User| Person {
        uid: user.uid,
        home: user.home.to_string_lossy().into_owned(),
        groups: groups.get(user.name.as_str()).into_iter().flatten().map(|group| (*group).to_owned()).collect(),
    };
    let root = accounts.users.iter().find(|user| user.uid == 0);
    let mut people =
        People { root_home: root.map(|user| user.home.to_string_lossy().into_owned()), ..People::default() };
    for user in &accounts.users {
        people.by_name.entry(user.name.clone()).or_insert_with(|| person(user));
    }
    people
}
