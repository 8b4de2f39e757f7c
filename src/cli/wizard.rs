//! Plain `seaworthy`, and `seaworthy practice`: the wizard.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Common;
use super::engine;
use super::environment::Environment;
use super::output::Failure;
use crate::change::State;
use crate::image::{Image, Mode};
use crate::playbook::Playbook;
use crate::tui;
use crate::wizard::{Keys, Session, saved_playbook};

pub(super) fn run(playbook: Option<&Path>, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    needs_terminal(environment)?;
    let image = engine::image(common)?;
    let state = engine::state(&image, environment)?;
    let playbook = match playbook {
        Some(path) => engine::playbook(path, &engine::catalogue(common)?)?,
        None => Playbook { allow: last_session(&state).allow, ..Playbook::default() },
    };
    open(common, environment, image, state, playbook, None)
}

/// What the last session decided; nothing where it cannot be read, which the wizard says when it reads it again.
fn last_session(state: &State) -> Playbook {
    let text = state.load_session().ok().flatten();
    text.and_then(|text| saved_playbook(&text).ok()).unwrap_or_default()
}

/// Without a terminal there is no wizard; says what there is instead.
pub(super) fn needs_terminal(environment: &Environment) -> Result<(), Failure> {
    if environment.interactive {
        return Ok(());
    }
    Err(Failure::Usage(
        "the wizard needs a terminal; without one there are `seaworthy check`, `diff`, `apply`, `undo` and `report` (see `seaworthy --help`)"
            .into(),
    ))
}

/// Opens the wizard on `image`; ends with its exit code. A practice image comes with its story.
pub(super) fn open(
    common: &Common,
    environment: &Environment,
    image: Image,
    state: State,
    playbook: Playbook,
    story: Option<String>,
) -> Result<u8, Failure> {
    let catalogue = engine::selected(common, &engine::catalogue(common)?)?;
    // On a running machine the current directory is on the image; /run is memory.
    let export_directory = match image.mode() {
        Mode::Live => PathBuf::from("/run/seaworthy-report"),
        Mode::Offline => std::env::current_dir().unwrap_or_default().join("seaworthy-report"),
    };
    let context = engine::context(&image, common, &playbook)?;
    let caller = environment.caller(&image);
    let session = Session {
        image: Arc::new(image),
        catalogue: Arc::new(catalogue),
        state,
        story,
        house_rules: common.guidelines.as_deref().and_then(|path| std::path::absolute(path).ok()),
        no_metadata: common.no_imds,
        partial: !common.only.is_empty() || !common.skip.is_empty(),
        context,
        playbook,
        publisher: environment.person(),
        export_directory,
        caller,
        keys: Keys {
            agent: environment.agent.clone(),
            sudo: environment.sudo_user.is_some(),
            environment: Environment::variables(),
        },
    };
    let options = tui::Options {
        theme: common.theme.clone(),
        ascii: common.ascii,
        no_color: environment.no_color,
        term: environment.term.clone(),
        color_term: environment.colorterm.clone(),
        utf8: environment.utf8,
        size: environment.size,
    };
    let code = tui::run(session, &options);
    crate::image::program::end_asked();
    Ok(code?)
}
