//! The report that a preparation goes on from, in its journal.

use super::State;
use super::journal::Event;
use crate::image::Error;

/// Sees to it that by the journal of `state` the preparation goes on from the report `report_id` with the digest `sha256`,
/// signed with the key of the fingerprint `signer`; `None`: its signature was not verified.
///
/// # Errors
/// When the journal cannot be read or written, or another Seaworthy is at work on the image.
pub fn goes_on_from(state: &State, report_id: &str, sha256: &str, signer: Option<&str>) -> Result<(), Error> {
    let event = Event::Previous {
        report_id: report_id.to_owned(),
        sha256: sha256.to_owned(),
        signer: signer.map(str::to_owned),
    };
    state.add_to_journal(|events| {
        let last = events.iter().rev().map(|(_, event)| event).find(|event| matches!(event, Event::Previous { .. }));
        if last == Some(&event) { Vec::new() } else { vec![event.clone()] }
    })
}
