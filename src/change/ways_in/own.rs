//! How the publisher of this session came in.

use std::path::PathBuf;

use super::rights::Rights;
use super::{By, Own, Root, Way, Ways};
use crate::image::Image;
use crate::image::live::sessions::{Door, Session};

/// The session that this program runs in, on a running machine; of several (a terminal multiplexer) the one that came
/// over the network.
pub(in crate::change) fn session(image: &Image) -> Option<Session> {
    let place = |session: &Session| match &session.door {
        Door::Ssh { key: Some(_), .. } => Some(0),
        Door::Ssh { key: None, .. } => Some(1),
        Door::SessionManager => Some(2),
        Door::SerialConsole | Door::Console => Some(3),
        Door::Unknown => None,
    };
    let sessions = image.live()?.sessions().ok()?;
    sessions.into_iter().filter(|session| session.is_own && place(session).is_some()).min_by_key(place)
}

/// `session` among the ways in that there are `now`.
pub(super) fn own(image: &Image, session: &Session, now: &Ways) -> Own {
    let (by, from) = match &session.door {
        Door::Ssh { from, key } => (over_ssh(&session.user, key.as_deref(), now), *from),
        Door::SessionManager => (By::SessionManager, None),
        Door::SerialConsole | Door::Console | Door::Unknown => (By::Console, None),
    };
    let known = now.of_user(&session.user).next().map(|way| way.root);
    let root = known.unwrap_or_else(|| {
        let accounts = image.accounts().ok();
        let user = accounts.and_then(|accounts| Some((accounts, accounts.user(&session.user)?)));
        user.map_or(Root::Unknown, |(accounts, user)| {
            Rights::of(image).of_user(accounts, user, &accounts.groups_of(&user.name))
        })
    });
    Own { way: Way { user: session.user.clone(), by, root, is_sure: true }, from, barred: None }
}

/// By what `user` came in over SSH, with the key `shown` where that is known.
fn over_ssh(user: &str, shown: Option<&str>, now: &Ways) -> By {
    let ways: Vec<&By> = now.of_user(user).map(|way| &way.by).filter(|by| by.is_ssh()).collect();
    if let Some(shown) = shown {
        let listed = ways.iter().find(|by| by.fingerprint() == Some(shown));
        let other = || ways.iter().find(|by| **by == &By::InstanceConnect);
        return listed
            .or_else(other)
            .map_or_else(|| By::Key { file: PathBuf::new(), fingerprint: shown.to_owned() }, |by| (*by).clone());
    }
    match ways.as_slice() {
        [only] => (*only).clone(),
        _ => By::Ssh,
    }
}

/// Whoever came in by a door proves that it works: those ways are sure.
pub(super) fn prove(own: &Own, ways: &mut Ways) {
    for way in &mut ways.list {
        let is_own_door = match way.by {
            By::SessionManager => own.way.by == By::SessionManager,
            By::Console => own.way.by == By::Console && way.user == own.way.user,
            _ => false,
        };
        way.is_sure |= is_own_door;
    }
    ways.list.sort_by_key(|way| !way.is_sure);
}
