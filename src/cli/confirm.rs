//! The second login: a run on a running machine that touched a way in is kept only when somebody confirms it.

use std::io::{BufRead, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::output::{Failure, confirm, note};
use super::{OK, apply};
use crate::change::revert::{self, Pending, Proof};
use crate::change::{self, ApplyError, State, UndoError, What};
use crate::cli::args::Common;
use crate::image::Image;

/// Says what happened since somebody was last here.
pub(super) fn news(state: &State) -> Result<(), Failure> {
    for line in state.take_news()? {
        note(&line);
    }
    Ok(())
}

/// Refuses what must not come between a run and its confirmation, and says what happened since somebody was last here.
pub(super) fn nothing_waits(state: &State) -> Result<(), Failure> {
    news(state)?;
    match state.pending()? {
        Some(pending) => {
            let (run, until) = (pending.run.clone(), pending.at());
            Err(Failure::failed(ApplyError::Pending { run, until }))
        }
        None => Ok(()),
    }
}

/// What is to be done about a run that waits, for somebody who is not asked.
pub(super) fn advice(pending: &Pending) -> String {
    format!(
        "It touched a way in: at {} everything of it is taken back by itself. Open a second login now from your machine; if it works, and sudo works there, run `seaworthy apply --confirm` there.",
        pending.at()
    )
}

/// Asks for the second login, and does what is answered. Where nobody answers, the timer does what it is there for.
pub(super) fn ask(image: &Image, state: &State, pending: &Pending, common: &Common) -> Result<(), Failure> {
    let mut out = std::io::stderr().lock();
    let _ = write!(
        out,
        "This touched a way in. Open a second login now from your machine; if it works, and sudo works there, type yes.\nno takes everything back at once; without an answer it is taken back at {}.\nDoes a second login work? ",
        pending.at()
    )
    .and_then(|()| out.flush());
    drop(out);
    let (sender, answers) = channel();
    // It waits for a line that may never come; the end of the program ends it.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    loop {
        match answers.recv_timeout(PAUSE) {
            Ok(answer) => match answer.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" => {
                    let run = revert::confirm(image, state).map_err(Failure::failed)?;
                    note(&format!("Run {run} is kept."));
                    return Ok(());
                }
                "n" | "no" => return take_back(image, state, pending, common),
                _ => note("Type yes or no."),
            },
            Err(RecvTimeoutError::Disconnected) => {
                note(&format!("\nNobody answered: run {} is taken back at {}.", pending.run, pending.at()));
                return Ok(());
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if state.pending()?.is_none_or(|now| now.run != pending.run) {
            note("");
            let news = state.take_news()?;
            if news.is_empty() {
                note(&format!("Run {} was confirmed elsewhere, or taken back.", pending.run));
            }
            for line in &news {
                note(line);
            }
            return Ok(());
        }
    }
}

/// How often it is looked whether the run was taken back, or confirmed elsewhere.
const PAUSE: Duration = Duration::from_millis(300);

fn take_back(image: &Image, state: &State, pending: &Pending, common: &Common) -> Result<(), Failure> {
    let mut log = apply::Log::new(common);
    change::undo(image, state, &What::Run(pending.run.clone()), &mut |step| log.step(&step))
        .map_err(Failure::failed)?;
    note(&format!("Run {} was taken back.", pending.run));
    Ok(())
}

/// `seaworthy apply --confirm`, from a login that began after the run.
pub(super) fn late(image: &Image, state: &State, yes: bool, interactive: bool) -> Result<u8, Failure> {
    let pending = state
        .pending()?
        .ok_or_else(|| Failure::Usage("no run waits to be confirmed; there is nothing to do".into()))?;
    let doubt = match pending.proof(image) {
        Proof::NewLogin => None,
        Proof::OldSession => {
            Some("This session was open before the run ended, so it does not prove that a login works")
        }
        Proof::NotTold => {
            Some("How this session came in cannot be told, so it does not prove that a login over the network works")
        }
    };
    if let Some(doubt) = doubt {
        if !yes && !interactive {
            let run = &pending.run;
            return Err(Failure::Usage(format!(
                "{doubt}; confirm from a new login, add --yes if you know that one works, or take it back with `seaworthy undo {run}`"
            )));
        }
        note(&format!("{doubt}."));
        if !yes && !confirm("Keep the run all the same?")? {
            note(&format!("Run {} is taken back at {}.", pending.run, pending.at()));
            return Ok(OK);
        }
    }
    let run = revert::confirm(image, state).map_err(|error| match error {
        UndoError::Nothing(reason) => Failure::Usage(reason),
        other => Failure::failed(other),
    })?;
    note(&format!("Run {run} is kept; `seaworthy undo {run}` takes it back."));
    Ok(OK)
}
