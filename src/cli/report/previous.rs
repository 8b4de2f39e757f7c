//! The report that a new one goes on from: read as the arguments say, and its waivers offered one by one.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::catalogue::Catalogue;
use crate::change::State;
use crate::check::Findings;
use crate::cli::args::{PreviousArgs, ReportArgs};
use crate::cli::engine;
use crate::cli::environment::Environment;
use crate::cli::output::{Failure, ask, note};
use crate::image::text;
use crate::playbook::{Decision, Playbook};
use crate::report::compare::{Renewable, renewable};
use crate::report::{Earlier, Kind, SignedBy};

/// The report of `--previous`, verified as the arguments say.
pub(super) fn read(args: &PreviousArgs, catalogue: &Catalogue) -> Result<Option<Earlier>, Failure> {
    let Some(file) = &args.previous else { return Ok(None) };
    let trust = match (&args.previous_signers, args.previous_unverified) {
        (Some(signers), _) => {
            Some(SignedBy { signers, signer: args.previous_signer.as_deref(), catalogue, now: engine::now() })
        }
        (None, true) => None,
        (None, false) => {
            return Err(Failure::Usage(
                "say who signed the earlier report: --previous-signers FILE (the allowed_signers file); or take it as it is, with --previous-unverified, which the new report will say"
                    .into(),
            ));
        }
    };
    let earlier = Earlier::read(file, trust).map_err(Failure::Failed)?;
    if earlier.report.kind == Kind::Practice {
        let shown = text::path(file);
        return Err(Failure::Usage(format!("{shown} is about a practice image; no other report goes on from it")));
    }
    Ok(Some(earlier))
}

/// The waivers of `earlier` that the person at the terminal renews. Where nobody is asked, they are listed.
pub(super) fn renewed(
    earlier: &Earlier,
    playbook: &Playbook,
    findings: &Findings,
    args: &ReportArgs,
    (publisher, environment): (&str, &Environment),
) -> Result<BTreeMap<String, Decision>, Failure> {
    let today = engine::today();
    let offered = renewable(earlier, playbook, findings, today);
    if offered.is_empty() {
        return Ok(BTreeMap::new());
    }
    if environment.answers && !args.yes {
        return ask_each(&offered, publisher, today);
    }
    list(&offered);
    Ok(BTreeMap::new())
}

/// Keeps what was renewed for the seal and the next report: in the session, or in the publisher's own hands.
pub(super) fn keep(state: &State, args: &ReportArgs, renewed: &BTreeMap<String, Decision>) -> Result<(), Failure> {
    if renewed.is_empty() {
        return Ok(());
    }
    if args.playbook.is_none() {
        let text = crate::wizard::with_waivers(state.load_session()?.as_deref(), renewed).map_err(Failure::Failed)?;
        return Ok(state.save_session(&text)?);
    }
    let playbook = Playbook { decisions: renewed.clone(), ..Playbook::default() };
    note(&format!("Put what you renewed into your playbook:\n\n{}", playbook.to_toml()));
    Ok(())
}

/// Asks about each of `waivers` on the terminal, and gives those that `by` renews.
pub(super) fn ask_each(waivers: &[Renewable], by: &str, today: Date) -> Result<BTreeMap<String, Decision>, Failure> {
    let mut renewed = BTreeMap::new();
    if by.trim().is_empty() {
        list(waivers);
        note("Nobody is named who could renew them; --publisher NAME does.");
        return Ok(renewed);
    }
    note(&format!("Waivers of the previous report: {}. None holds any longer unless you renew it.", waivers.len()));
    for waiver in waivers {
        note(&format!("\n{}  {}\n  now: {}\n  {}", waiver.id, waiver.title, waiver.summary, was(waiver)));
        if let Some(decision) = one(waiver, by, today)? {
            renewed.insert(waiver.id.clone(), decision);
        }
    }
    Ok(renewed)
}

/// Asks for the new last day and reason until both will do, or no day is given.
fn one(waiver: &Renewable, by: &str, today: Date) -> Result<Option<Decision>, Failure> {
    loop {
        let day = ask(&format!("  {by} waives it until (YYYY-MM-DD; empty: it is not renewed): "))?;
        if day.is_empty() {
            return Ok(None);
        }
        let Ok(until) = day.parse::<Date>() else {
            note("  That is no day. A day is written 2027-03-31.");
            continue;
        };
        let mut reason = ask("  Reason (empty: as before): ")?;
        if reason.is_empty() {
            reason = waiver.waiver.reason.clone().unwrap_or_default();
        }
        let decision = Decision::Waive { reason, until, by: by.to_owned() };
        let fault = if until < today { Some("that day is over".to_owned()) } else { decision.fault(today) };
        match fault {
            None => return Ok(Some(decision)),
            Some(fault) => note(&format!("  It cannot be renewed so: {fault}.")),
        }
    }
}

/// Lists `waivers`, which nobody was asked about.
pub(super) fn list(waivers: &[Renewable]) {
    note(&format!(
        "Waivers of the previous report that were not renewed: {}. Run this on a terminal without --yes, or decide them in the wizard or in a playbook.",
        waivers.len()
    ));
    for waiver in waivers {
        note(&format!("  {}  {}", waiver.id, was(waiver)));
    }
}

fn was(waiver: &Renewable) -> String {
    let old = &waiver.waiver;
    format!(
        "was waived until {} by {}: \"{}\"",
        old.until.map_or_else(|| "an unknown day".to_owned(), |until| until.to_string()),
        old.by.as_deref().unwrap_or("nobody"),
        old.reason.as_deref().unwrap_or_default()
    )
}
