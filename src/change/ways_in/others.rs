//! The ways in that do not lead through the SSH server: Session Manager, and consoles with a password.

use std::path::Path;

use super::account::kept_password;
use super::rights::Rights;
use super::{By, Root, Way, Ways};
use crate::image::accounts::Password;
use crate::image::units::State;
use crate::image::{Error, Image};

/// The names of the agent's unit: of the package, and of the snap.
const AGENTS: [&str; 2] = ["amazon-ssm-agent.service", "snap.amazon-ssm-agent.amazon-ssm-agent.service"];

/// The account that the agent opens sessions for, and makes when it starts (Systems Manager user guide, "Turn off or turn
/// on ssm-user account administrative permissions").
const AGENT_USER: &str = "ssm-user";

/// The agent's own rule: everything, unasked.
const AGENT_RULE: &str = "/etc/sudoers.d/ssm-agent-users";

/// The most accounts that are named for a console.
const CONSOLE: usize = 50;

/// Adds them. None of them is sure: the first needs a role of the instance, the second a console that somebody reaches.
pub(super) fn add(image: &Image, ways: &mut Ways) {
    for outcome in [session_manager(image), consoles(image)] {
        match outcome {
            Ok(found) => ways.list.extend(found),
            Err(error) => ways.unclear.push(format!("Other ways in could not all be found out: {error}.")),
        }
    }
}

fn session_manager(image: &Image) -> Result<Vec<Way>, Error> {
    let units = image.units()?;
    if !AGENTS.iter().any(|unit| units.state(unit) == State::Enabled) {
        return Ok(Vec::new());
    }
    let accounts = image.accounts()?;
    let is_new = accounts.user(AGENT_USER).is_none() && image.stat(Path::new(AGENT_RULE))?.is_none();
    let root = match accounts.user(AGENT_USER) {
        _ if is_new => Root::Sudo,
        Some(user) => Rights::of(image).of_user(accounts, user, &accounts.groups_of(AGENT_USER)),
        None => Rights::of(image).of_stranger(AGENT_USER, &[AGENT_USER]),
    };
    Ok(vec![Way { user: AGENT_USER.to_owned(), by: By::SessionManager, root, is_sure: false }])
}

fn consoles(image: &Image) -> Result<Vec<Way>, Error> {
    let is_getty =
        |name: &str| ["getty@", "serial-getty@", "console-getty."].iter().any(|start| name.starts_with(start));
    let units = &image.units()?.units;
    if !units.iter().any(|unit| is_getty(&unit.name) && unit.state == State::Enabled) {
        return Ok(Vec::new());
    }
    let accounts = image.accounts()?;
    let rights = Rights::of(image);
    let users = accounts.login_users();
    let with_password = users.filter(|user| matches!(kept_password(user), Some(Password::Hash { locked: false, .. })));
    let way = |user: &crate::image::accounts::User| Way {
        user: user.name.clone(),
        by: By::Console,
        root: rights.of_user(accounts, user, &accounts.groups_of(&user.name)),
        is_sure: false,
    };
    Ok(with_password.take(CONSOLE).map(way).collect())
}
