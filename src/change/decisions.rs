//! Decisions in the journal: who decided what about which guideline, when and why.
//!
//! Every decision that counts has one line, and one that is taken back has another. The report takes from here when
//! something was decided, and a reviewer holds both against each other.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::State;
use super::journal::{Event, JournalLine};
use crate::catalogue::{Catalogue, Guideline};
use crate::image::Error;
use crate::image::text::{cut, visible};
use crate::playbook::{Choice, Decision, Playbook};

/// The most characters of a reason or a note.
const TEXT_CHARS: usize = 4096;

/// What was decided about a guideline, in the words of the report: every text visible, none too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionEvent {
    /// The guideline.
    pub guideline: String,
    /// What was chosen.
    pub choice: Choice,
    /// By whom; `None`: nobody gave a name.
    pub by: Option<String>,
    /// Why; of a waiver.
    pub reason: Option<String>,
    /// The last day a waiver holds.
    pub until: Option<Date>,
    /// The statement that was confirmed, as it was shown; of an attestation.
    pub statement: Option<String>,
    /// A note, such as a ticket number; of an attestation.
    pub note: Option<String>,
}

/// A decision that is in force, and the line that tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Number of the line.
    pub seq: u64,
    /// When it was written.
    pub at: String,
    /// What was decided.
    pub decision: DecisionEvent,
}

impl DecisionEvent {
    /// `decision` about `guideline`. Where it names nobody, `person` made it. `None` for the attestation of a guideline
    /// that has no statement: nobody was shown anything to confirm.
    pub fn new(guideline: &Guideline, decision: &Decision, person: &str) -> Option<Self> {
        let named = |by: &str| Some(visible(if by.trim().is_empty() { person } else { by }));
        let plain = Self {
            guideline: guideline.id.clone(),
            choice: decision.choice(),
            by: named("").filter(|by| !by.trim().is_empty()),
            reason: None,
            until: None,
            statement: None,
            note: None,
        };
        Some(match decision {
            Decision::Apply | Decision::ByHand | Decision::Later => plain,
            Decision::Waive { reason, until, by } => {
                Self { by: named(by), reason: Some(cut(reason, TEXT_CHARS)), until: Some(*until), ..plain }
            }
            Decision::Attest { by, note } => Self {
                by: named(by),
                statement: Some(visible(guideline.attest.as_deref()?)),
                note: Some(cut(note, TEXT_CHARS)).filter(|note| !note.is_empty()),
                ..plain
            },
        })
    }

    /// Whether both are the same decision. Who made it belongs to a waiver and an attestation; of any other it is only
    /// noted, so that it is not made anew by whoever looks at it next.
    pub fn is(&self, other: &Self) -> bool {
        match self.choice {
            Choice::Waive | Choice::Attest => self == other,
            Choice::Apply | Choice::ByHand | Choice::Later => self == &Self { by: self.by.clone(), ..other.clone() },
        }
    }
}

/// The decisions in force after `lines`, by guideline.
pub fn told<'l>(lines: impl IntoIterator<Item = &'l JournalLine>) -> BTreeMap<String, Told> {
    let mut told = BTreeMap::new();
    for line in lines {
        follow(&mut told, &line.event, |decision| Told { seq: line.seq, at: line.at.clone(), decision });
    }
    told
}

fn in_force(events: &[(String, Event)]) -> BTreeMap<String, DecisionEvent> {
    let mut all = BTreeMap::new();
    for (_, event) in events {
        follow(&mut all, event, |decision| decision);
    }
    all
}

fn follow<T>(all: &mut BTreeMap<String, T>, event: &Event, keep: impl FnOnce(DecisionEvent) -> T) {
    match event {
        Event::Decision(decision) => {
            all.insert(decision.guideline.clone(), keep(decision.clone()));
        }
        Event::Withdrawn { guideline } => {
            all.remove(guideline);
        }
        _ => {}
    }
}

/// Sees to it that by the journal of `state` exactly `decisions` are in force.
///
/// # Errors
/// When the journal cannot be read or written, or another Seaworthy is at work on the image.
pub fn decide(state: &State, decisions: &BTreeMap<String, DecisionEvent>) -> Result<(), Error> {
    state.add_to_journal(|events| {
        let mut before = in_force(events);
        let mut missing = Vec::new();
        for decision in decisions.values() {
            let known = before.remove(&decision.guideline);
            if known.is_none_or(|known| !known.is(decision)) {
                missing.push(Event::Decision(decision.clone()));
            }
        }
        missing.extend(before.into_keys().map(|guideline| Event::Withdrawn { guideline }));
        missing
    })
}

/// Notes where the decisions of `after` are others than those of `before`, made by `person` where they name nobody.
/// Whatever else is in force stays so.
///
/// # Errors
/// As [`decide`].
pub fn changed(
    state: &State,
    catalogue: &Catalogue,
    before: &Playbook,
    after: &Playbook,
    person: &str,
) -> Result<(), Error> {
    let mut all = in_force(&state.events()?);
    for guideline in &catalogue.guidelines {
        let (old, new) = (before.decisions.get(&guideline.id), after.decisions.get(&guideline.id));
        if old == new {
            continue;
        }
        match new.and_then(|decision| DecisionEvent::new(guideline, decision, person)) {
            Some(decision) => all.insert(guideline.id.clone(), decision),
            None => all.remove(&guideline.id),
        };
    }
    decide(state, &all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guideline(id: &str, attest: Option<&str>) -> Guideline {
        let built_in = Catalogue::built_in().unwrap();
        Guideline { id: id.into(), attest: attest.map(str::to_owned), ..built_in.guidelines[0].clone() }
    }

    fn waiver(by: &str) -> Decision {
        Decision::Waive {
            reason: "The console\nneeds it.".into(),
            until: jiff::civil::date(2027, 3, 31),
            by: by.into(),
        }
    }

    fn journal(state: &State) -> Vec<Event> {
        state.events().unwrap().into_iter().map(|(_, event)| event).collect()
    }

    #[test]
    fn a_decision_is_written_in_visible_words_with_who_made_it() {
        let made = |decision: &Decision| DecisionEvent::new(&guideline("A-1", Some("We did.")), decision, "Ann");
        let waived = made(&waiver("Bob\u{202e}")).unwrap();
        assert_eq!(waived.by.as_deref(), Some("Bob\\u{202e}"));
        assert_eq!(waived.reason.as_deref(), Some("The console\\u{a}needs it."));
        assert_eq!(made(&waiver("")).unwrap().by.as_deref(), Some("Ann"));
        let attested = made(&Decision::Attest { by: "Bob".into(), note: String::new() }).unwrap();
        assert_eq!((attested.statement.as_deref(), attested.note), (Some("We did."), None));
        assert_eq!(made(&Decision::Apply).unwrap().by.as_deref(), Some("Ann"));
        let nothing = Decision::Attest { by: "Bob".into(), note: String::new() };
        assert_eq!(DecisionEvent::new(&guideline("A-1", None), &nothing, "Ann"), None, "nothing was shown");
    }

    #[test]
    fn the_journal_hears_of_what_is_new_and_what_no_longer_counts() {
        let place = tempfile::tempdir().unwrap();
        let state = State::at(place.path()).unwrap();
        let one = |decision: &Decision, person: &str| DecisionEvent::new(&guideline("A-1", None), decision, person);
        let set = |decision: Option<DecisionEvent>| {
            let all = decision.into_iter().map(|decision| (decision.guideline.clone(), decision)).collect();
            decide(&state, &all).unwrap();
            journal(&state).len()
        };
        assert_eq!(set(None), 0);
        assert_eq!(set(one(&Decision::Apply, "Ann")), 1);
        assert_eq!(set(one(&Decision::Apply, "Bob")), 1, "that Bob looks at it decides nothing");
        assert_eq!(set(one(&waiver("Ann"), "")), 2);
        assert_eq!(set(one(&waiver("Bob"), "")), 3, "another person's waiver is another waiver");
        assert_eq!(set(None), 4);
        assert_eq!(set(None), 4);
        assert_eq!(journal(&state)[3], Event::Withdrawn { guideline: "A-1".into() });
        let lines: Vec<JournalLine> =
            state.journal_lines().unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let now = told(&lines[..3]);
        assert_eq!((now["A-1"].seq, now["A-1"].decision.by.as_deref()), (2, Some("Bob")));
        assert!(told(&lines).is_empty());
    }

    #[test]
    fn only_what_a_person_changed_is_noted() {
        let place = tempfile::tempdir().unwrap();
        let state = State::at(place.path()).unwrap();
        let catalogue = Catalogue::built_in().unwrap();
        let ids: Vec<String> = catalogue.guidelines.iter().take(3).map(|guideline| guideline.id.clone()).collect();
        let book = |decided: &[(&String, Decision)]| Playbook {
            decisions: decided.iter().map(|(id, decision)| ((*id).clone(), decision.clone())).collect(),
            ..Playbook::default()
        };
        let kept = DecisionEvent::new(&catalogue.guidelines[2], &waiver("Ann"), "").unwrap();
        decide(&state, &BTreeMap::from([(ids[2].clone(), kept)])).unwrap();
        let first = book(&[(&ids[0], Decision::Apply), (&ids[1], Decision::Later)]);
        changed(&state, &catalogue, &Playbook::default(), &first, "Ann").unwrap();
        changed(&state, &catalogue, &first, &first, "Bob").unwrap();
        changed(&state, &catalogue, &first, &book(&[(&ids[0], Decision::Apply)]), "Ann").unwrap();
        let in_force = in_force(&state.events().unwrap());
        assert_eq!(in_force.keys().collect::<Vec<_>>(), {
            let mut left = vec![&ids[0], &ids[2]];
            left.sort();
            left
        });
        assert_eq!(journal(&state).len(), 4);
    }
}
