//! Every action with its keys: one table for what a key does, the hints at the foot of the screen, the help, and why
//! something is not possible just now.

use super::model::Model;
use super::screen::{Overlay, Screen};
use super::update::export;
use super::{Key, page, words};

/// Where the keys go: a screen, or what lies over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the screens and overlays are")]
pub enum Place {
    Hub,
    Diff,
    Review,
    Working,
    Result,
    Export,
    Walk,
    Seal,
    Recover,
    Help,
    Filter,
    Search,
    Choices,
    Form,
    ByHand,
    Confirm,
    SecondLogin,
    Message,
}

/// Something the publisher can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table says what each does, in a sentence")]
pub enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Left,
    Right,
    OtherPane,
    Decide,
    Toggle,
    ChooseAll,
    Diff,
    Filter,
    NextOpen,
    Guide,
    Review,
    Apply,
    Shred,
    Export,
    Seal,
    Login,
    Works,
    TakeBackNow,
    UndoLast,
    UndoThis,
    CheckAgain,
    Pause,
    Search,
    NextMatch,
    PreviousMatch,
    NextFile,
    PreviousFile,
    Accept,
    Yes,
    NextField,
    PreviousField,
    Next,
    Copy,
    Finish,
    TakeBack,
    Back,
    Help,
    Redraw,
    Plain,
    Suspend,
    Quit,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What is done.
    pub action: Action,
    /// The keys that do it; the first one is shown.
    pub keys: &'static [Key],
    /// Where.
    pub places: &'static [Place],
    /// A word or two for the foot of the screen; empty: not shown there.
    pub label: &'static str,
    /// A sentence for the help.
    pub help: &'static str,
}

use Place::{
    ByHand, Choices, Confirm, Diff, Export, Filter, Form, Help, Hub, Message, Recover, Result, Review, Seal, Search,
    SecondLogin, Walk, Working,
};

const SCROLLED: &[Place] = &[Hub, Diff, Review, Result, Walk, Seal, Help, ByHand, SecondLogin, Message];
const PAGED: &[Place] =
    &[Hub, Diff, Review, Result, Export, Walk, Seal, Help, ByHand, SecondLogin, Message, Choices, Form, Confirm];
const MOVED: &[Place] = &[Hub, Diff, Review, Result, Walk, Seal, Help, ByHand, SecondLogin, Message, Choices];
const LEFT: &[Place] = &[
    Diff,
    Review,
    Result,
    Export,
    Walk,
    Seal,
    Help,
    Filter,
    Search,
    Choices,
    Form,
    ByHand,
    Confirm,
    SecondLogin,
    Message,
];
const EVERYWHERE: &[Place] = &[
    Hub,
    Diff,
    Review,
    Working,
    Result,
    Export,
    Walk,
    Seal,
    Recover,
    Help,
    Filter,
    Search,
    Choices,
    Form,
    ByHand,
    Confirm,
    SecondLogin,
    Message,
];
const SCREENS: &[Place] = &[Hub, Diff, Review, Working, Result, Walk, Seal, Recover, Choices, ByHand];
const TYPED: &[Place] = &[Help, Filter, Search, Form, Confirm, SecondLogin, Message, Export];

/// Every action, in the order of the help; those with a label in the order of the foot.
pub const TABLE: &[Binding] = &[
    row(
        Action::Login,
        &[Key::Char('l')],
        &[Hub, Review, Result, Walk],
        "second login",
        "Say whether a second login works, so that the last run is kept.",
    ),
    row(
        Action::Works,
        &[Key::Char('y')],
        &[SecondLogin],
        "it works, keep the run",
        "A second login works: keep the run.",
    ),
    row(Action::TakeBackNow, &[Key::Char('u')], &[SecondLogin], "take it back now", "Take the run back now."),
    row(Action::Pause, &[Key::Char('p')], &[Hub], "pause", "Pause the search for secrets, or let it go on."),
    row(Action::Decide, &[Key::Enter], &[Hub], "decide", "Decide about the selected guideline."),
    row(Action::Toggle, &[Key::Char(' ')], &[Hub], "choose", "Choose the remedy, or take the choice back."),
    row(
        Action::Diff,
        &[Key::Char('d')],
        &[Hub, Review, Seal, Choices],
        "diff",
        "Show what would be changed, line by line.",
    ),
    row(Action::Guide, &[Key::Char('g')], &[Hub], "guide me", "Go through everything undecided, one by one."),
    row(Action::Review, &[Key::Char('r')], &[Hub], "review", "Look at the whole plan before anything is changed."),
    row(Action::Apply, &[Key::Char('a')], &[Review], "apply", "Carry out the plan; asks once more."),
    row(Action::Shred, &[Key::Char('s')], &[Review, Seal], "", "Overwrite the files that go before they go, or not."),
    row(
        Action::Filter,
        &[Key::Char('/')],
        &[Hub],
        "filter",
        "Narrow the list: by id, title, status, severity or phase.",
    ),
    row(Action::NextOpen, &[Key::Char('n')], &[Hub], "next", "Go to the next guideline that is still to be decided."),
    row(Action::Export, &[Key::Char('e')], &[Hub, Result, Seal], "export", "Write the report, and sign it."),
    row(
        Action::Seal,
        &[Key::Char('S')],
        &[Hub, Result, Walk, Seal],
        "seal",
        "The last steps: shows them all, and asks before it begins.",
    ),
    row(Action::UndoLast, &[Key::Char('u')], &[Hub, Result], "undo", "Take back the last run."),
    row(Action::UndoThis, &[Key::Char('U')], &[Hub], "", "Take back what was changed for the selected guideline only."),
    row(Action::CheckAgain, &[Key::Char('c')], &[Hub], "", "Check everything again."),
    row(Action::ChooseAll, &[Key::Char('A')], &[Hub], "", "Choose every remedy that a program can carry out."),
    row(Action::OtherPane, &[Key::Tab], &[Hub], "", "Go between the list and the details."),
    row(Action::Search, &[Key::Char('/')], &[Diff], "search", "Search in the diff."),
    row(Action::NextMatch, &[Key::Char('n')], &[Diff], "next match", "Go to the next place found."),
    row(Action::PreviousMatch, &[Key::Char('N')], &[Diff], "", "Go to the place found before."),
    row(Action::NextFile, &[Key::Char(']'), Key::Tab], &[Diff], "next file", "Go to the next file."),
    row(Action::PreviousFile, &[Key::Char('['), Key::BackTab], &[Diff], "", "Go to the file before."),
    row(Action::Finish, &[Key::Char('f')], &[Recover], "finish it", "Carry out what is left of the interrupted run."),
    row(Action::TakeBack, &[Key::Char('t')], &[Recover], "take it back", "Take back what the interrupted run did."),
    row(Action::Accept, &[Key::Enter], &[Choices], "choose", "Take the selected choice."),
    row(Action::Accept, &[Key::Enter], &[Form], "next", "Go to the next field; on the last one, accept the form."),
    row(Action::Accept, &[Key::Enter], &[Confirm], "press", "Press the selected button, or accept the word."),
    row(Action::Accept, &[Key::Enter], &[ByHand], "note it", "Note that you do it by hand."),
    row(Action::Accept, &[Key::Enter], &[Filter, Search, Message], "close", "Accept, and close."),
    row(Action::Next, &[Key::Enter], &[Export, Walk], "next", "Go on to the next step of the report's way."),
    row(Action::Yes, &[Key::Char('y')], &[Confirm], "", "Answer yes at once, where no word is to be typed."),
    row(Action::NextField, &[Key::Tab, Key::Right], &[Confirm], "other button", "Go to the other button."),
    row(Action::NextField, &[Key::Tab, Key::Down], &[Form, Export], "next field", "Go to the next field."),
    row(Action::PreviousField, &[Key::BackTab, Key::Up], &[Form, Export], "", "Go to the field before."),
    row(Action::PreviousField, &[Key::BackTab, Key::Left], &[Confirm], "", "Go to the other button."),
    row(
        Action::Copy,
        &[Key::Char('c')],
        &[ByHand, Walk],
        "copy",
        "Send the text, the digest or the commands to your terminal's clipboard.",
    ),
    row(Action::Up, &[Key::Up, Key::Char('k')], MOVED, "", "Up one line."),
    row(Action::Down, &[Key::Down, Key::Char('j')], MOVED, "", "Down one line."),
    row(Action::PageUp, &[Key::PageUp, Key::Ctrl('u')], PAGED, "", "Up one screen."),
    row(Action::PageDown, &[Key::PageDown, Key::Ctrl('d')], PAGED, "", "Down one screen."),
    row(Action::First, &[Key::Home], SCROLLED, "", "To the beginning."),
    row(Action::Last, &[Key::End, Key::Char('G')], SCROLLED, "", "To the end."),
    row(Action::Left, &[Key::Left, Key::Char('h')], &[Diff], "", "To the left."),
    row(Action::Right, &[Key::Right, Key::Char('l')], &[Diff], "", "To the right."),
    row(Action::Back, &[Key::Esc], LEFT, "back", "Back to where you were; closes what lies on top."),
    row(Action::Help, &[Key::Char('?'), Key::F(1)], SCREENS, "help", "Show this help."),
    row(Action::Help, &[Key::F(1)], &[Export, Form, Confirm, SecondLogin, Filter, Search], "help", "Show this help."),
    row(Action::Redraw, &[Key::Ctrl('l')], EVERYWHERE, "", "Draw the screen anew."),
    row(
        Action::Plain,
        &[Key::Ctrl('t')],
        EVERYWHERE,
        "",
        "Go between the look of this terminal and plain ASCII without colours.",
    ),
    row(Action::Suspend, &[Key::Ctrl('z')], EVERYWHERE, "", "Put Seaworthy in the background; `fg` brings it back."),
    row(Action::Quit, &[Key::Char('q'), Key::Ctrl('c')], SCREENS, "quit", "Leave. Your decisions are kept."),
    row(Action::Quit, &[Key::Ctrl('c')], TYPED, "", "Leave."),
];

const fn row(
    action: Action,
    keys: &'static [Key],
    places: &'static [Place],
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { action, keys, places, label, help }
}

/// Where the keys go now.
pub fn place(model: &Model) -> Place {
    place_of(model.overlays.last(), model)
}

/// Where the keys go with `overlay` over the screen.
pub fn place_of(overlay: Option<&Overlay>, model: &Model) -> Place {
    match overlay {
        Some(Overlay::Help { .. }) => Help,
        Some(Overlay::Filter(_)) => Filter,
        Some(Overlay::Search(_)) => Search,
        Some(Overlay::Choices { .. }) => Choices,
        Some(Overlay::Form(_)) => Form,
        Some(Overlay::ByHand { .. }) => ByHand,
        Some(Overlay::Confirm(_)) => Confirm,
        Some(Overlay::SecondLogin { .. }) => SecondLogin,
        Some(Overlay::Message { .. }) => Message,
        None => match model.screen() {
            Screen::Hub => Hub,
            Screen::Diff(_) => Diff,
            Screen::Review(_) => Review,
            Screen::Working(_) => Working,
            Screen::Result(_) => Result,
            Screen::Export if export::is_typing(model) => Export,
            Screen::Export => Walk,
            Screen::Seal { .. } => Seal,
            Screen::Recover(_) => Recover,
        },
    }
}

/// What `key` does at `place`.
pub fn action(place: Place, key: Key) -> Option<Action> {
    at(place).find(|binding| binding.keys.contains(&key)).map(|binding| binding.action)
}

/// The rows of the table that apply at `place`.
pub fn at(place: Place) -> impl Iterator<Item = &'static Binding> {
    TABLE.iter().filter(move |binding| binding.places.contains(&place))
}

/// Why `action` is not possible at `place` now; `None` when it is.
pub fn why_not(model: &Model, place: Place, action: Action) -> Option<String> {
    match (action, place) {
        (Action::Decide | Action::UndoThis, Hub) if model.selected.is_none() => Some("select a guideline first".into()),
        (Action::Decide, Hub) => decide(model),
        (Action::Toggle, Hub) => match model.guideline() {
            None => Some("select a guideline first".into()),
            Some(guideline) if model.decision(&guideline.id) == Some(&crate::playbook::Decision::Apply) => None,
            Some(guideline) => model.why_not_apply(guideline),
        },
        (Action::Diff, Hub | Choices) => match model.guideline() {
            None => Some("select a guideline first; `r` shows the whole plan".into()),
            Some(guideline) => model.why_not_apply(guideline),
        },
        (Action::Guide | Action::NextOpen, Hub) if model.open() == 0 => Some(if model.survey.running {
            "the checks are still running; nothing they have judged so far is left to decide".into()
        } else {
            "everything is decided".into()
        }),
        (Action::Pause, Hub) if !model.survey.running => Some("the search for secrets is through".into()),
        (Action::Review, Hub) if model.survey.running && !model.is_sweeping() => {
            Some("the checks are still running".into())
        }
        (Action::Finish | Action::TakeBack, Recover) => recover(model, action),
        (Action::Login, _) if model.pending.is_none() => Some("no run waits for a second login".into()),
        (Action::Apply | Action::Export | Action::Seal, _) if model.pending.is_some() => {
            Some("the last run waits for a second login; press l in the list".into())
        }
        (Action::Seal, _) if model.subject.partial => {
            Some("it needs every guideline; start without --only and --skip".into())
        }
        // The report says how the image was before the first run: all of it.
        (Action::Apply | Action::ChooseAll | Action::Export | Action::Seal, _) if model.survey.running => {
            Some(not_through(model).into())
        }
        (Action::Diff | Action::Apply | Action::Shred, Review) => review(model),
        (Action::Diff | Action::Seal | Action::Shred, Seal) => seal(model, action),
        (Action::Review, Hub) if model.chosen().is_empty() => {
            Some("nothing is chosen yet; Space chooses a guideline's remedy".into())
        }
        (Action::ChooseAll, Hub) if model.mendable().next().is_none() => {
            Some("no open guideline has a remedy that a program can carry out".into())
        }
        (Action::UndoLast, _) if model.last_run().is_none() => Some("there is no run to take back".into()),
        (Action::UndoThis, Hub) => {
            let id = model.selected.as_deref().unwrap_or_default();
            model.run_of(id).is_none().then(|| format!("nothing was changed for {id}"))
        }
        (Action::CheckAgain, Hub) if model.survey.running => Some("the checks are running".into()),
        (Action::Quit, Working) => Some("a run is at work; wait until it has ended".into()),
        (Action::NextMatch | Action::PreviousMatch, Diff) => match model.screen() {
            Screen::Diff(view) if view.found() > 0 => None,
            _ => Some("nothing has been found; `/` searches".into()),
        },
        (Action::NextFile | Action::PreviousFile, Diff) => match model.screen() {
            Screen::Diff(view) if view.files().len() > 1 => None,
            _ => Some("there is one file".into()),
        },
        (Action::Next | Action::Back, Export | Walk) if model.walk.busy => Some("the report is being written".into()),
        (Action::Copy, Walk) if export::to_copy(model).is_none() => {
            Some("c copies the digest and the commands; there is neither here".into())
        }
        (Action::Yes | Action::NextField, Confirm) => match model.overlays.last() {
            Some(Overlay::Confirm(confirm)) if confirm.word.is_some() => Some("type the word".into()),
            _ => None,
        },
        _ => None,
    }
}

fn not_through(model: &Model) -> &'static str {
    match (model.survey.paused, model.is_sweeping()) {
        (true, _) => "the search for secrets is paused; p in the list lets it go on",
        (false, true) => "the search for secrets is still running",
        (false, false) => "the checks are still running",
    }
}

fn decide(model: &Model) -> Option<String> {
    use super::Standing::{NotApplicable, Pass, Waiting};
    match model.standing(model.selected.as_deref().unwrap_or_default()) {
        Pass => Some("it passes; there is nothing to decide".into()),
        NotApplicable => Some("it does not apply; there is nothing to decide".into()),
        Waiting => Some("it has not been judged yet".into()),
        _ => None,
    }
}

fn review(model: &Model) -> Option<String> {
    let Screen::Review(review) = model.screen() else { return None };
    match &review.planned {
        None => Some("the plan is being worked out".into()),
        Some(planned) if planned.plan.steps.is_empty() => {
            Some(format!("the plan is empty; {} refused", words::plural(planned.plan.refused.len(), "guideline")))
        }
        Some(_) => None,
    }
}

fn recover(model: &Model, action: Action) -> Option<String> {
    let Screen::Recover(run) = model.screen() else { return None };
    let interrupted = run.interrupted.as_ref();
    let way = if action == Action::Finish { page::recover::finish } else { page::recover::take_back };
    way(interrupted, &run.id).err()
}

fn seal(model: &Model, action: Action) -> Option<String> {
    match &model.sealing {
        None => Some("its steps are being worked out".into()),
        Some(draft) if action == Action::Seal && !draft.sealing.refused.is_empty() => {
            Some("what the next boot must bring is not there; see the red lines".into())
        }
        Some(draft) if action != Action::Seal && draft.sealing.plan.steps.is_empty() => {
            Some("no file would be changed".into())
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for place in EVERYWHERE {
            let mut seen = std::collections::HashMap::new();
            for binding in at(*place) {
                for key in binding.keys {
                    let other = seen.insert(*key, binding.action);
                    assert!(other.is_none(), "{place:?} {key:?}: {other:?} and {:?}", binding.action);
                }
            }
        }
    }

    #[test]
    fn the_key_that_confirms_is_not_the_one_that_asks() {
        for asks in [Action::Apply, Action::UndoLast, Action::UndoThis] {
            for binding in TABLE.iter().filter(|binding| binding.action == asks) {
                assert!(binding.keys.iter().all(|key| action(Place::Confirm, *key) != Some(Action::Yes)));
            }
        }
    }

    #[test]
    fn every_place_can_be_left() {
        for place in EVERYWHERE {
            let leaves = at(*place).any(|b| matches!(b.action, Action::Back | Action::Quit));
            assert!(leaves, "{place:?}");
        }
    }
}
