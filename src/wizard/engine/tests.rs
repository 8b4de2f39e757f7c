use super::*;
use crate::change::journal::{Event, JournalLine};
use crate::image::fixture::Fixture;
use crate::playbook::{Choice, Decision};

fn engine(place: &std::path::Path) -> Engine {
    Engine::new(Session {
        image: Arc::new(Fixture::debian().image()),
        catalogue: Arc::new(Catalogue::built_in().unwrap()),
        state: State::at(place).unwrap(),
        partial: false,
        house_rules: None,
        no_metadata: true,
        story: None,
        context: check::trial::context(),
        publisher: "ann".into(),
        playbook: Playbook::default(),
        export_directory: PathBuf::from("/nowhere"),
        keys: Keys::default(),
        caller: Caller::default(),
    })
}

/// What is kept when these decisions are made.
fn saved(publisher: Option<&str>, decisions: &[(&str, Decision)]) -> Effect {
    let decisions = decisions.iter().map(|(id, decision)| ((*id).to_owned(), decision.clone())).collect();
    let saved = Saved { publisher: publisher.map(str::to_owned), decisions, ..Saved::default() };
    Effect::Save(saved.to_toml())
}

#[test]
fn what_is_decided_goes_into_the_journal_when_it_is_decided() {
    let place = tempfile::tempdir().unwrap();
    let engine = engine(place.path());
    let send = |message: Message| panic!("{message:?}");
    let waiver = Decision::Waive {
        reason: "The console needs it.".into(),
        until: jiff::civil::date(2027, 3, 31),
        by: "Ann Example".into(),
    };
    engine.carry_out(saved(None, &[("SSH-04", Decision::Apply)]), &send);
    engine.carry_out(saved(Some("Ann Example"), &[("SSH-04", Decision::Apply)]), &send);
    engine.carry_out(saved(Some("Ann Example"), &[("SSH-04", Decision::Apply), ("SSH-13", waiver)]), &send);
    engine.carry_out(saved(Some("Ann Example"), &[("SSH-04", Decision::Apply)]), &send);
    let lines = engine.session.state.journal_lines().unwrap();
    let events: Vec<Event> =
        lines.iter().map(|line| serde_json::from_str::<JournalLine>(line).unwrap().event).collect();
    let [Event::Decision(first), Event::Decision(second), Event::Withdrawn { guideline }] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!((first.choice, first.by.as_deref()), (Choice::Apply, Some("ann")));
    assert_eq!((second.choice, second.by.as_deref()), (Choice::Waive, Some("Ann Example")));
    assert_eq!(guideline, "SSH-13");
}
