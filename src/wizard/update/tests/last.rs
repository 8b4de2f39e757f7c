//! The second login and the seal.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::change::Refusal;
use crate::change::seal::watch::{Ending as SealEnding, Line};
use crate::change::seal::{Act, Exported, SealStep, Sealing, Stage};
use crate::change::state::{How, Interrupted};
use crate::wizard::message::{SealDraft, Waiting};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn waits(seconds: i64) -> Message {
    let until = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(120);
    let waiting = Waiting { run: "R1".into(), until, is_second: false };
    Message::Pending(Some(waiting), NOW + SignedDuration::from_secs(seconds))
}

fn waiting() -> Model {
    let mut model = at("SSH-01");
    model.runs = vec![run_of(RunStanding::Done)];
    assert_eq!(update(&mut model, waits(0)), [Effect::Watch]);
    model
}

fn is_asked(model: &Model) -> bool {
    matches!(model.overlays.last(), Some(Overlay::SecondLogin { .. }))
}

fn line(model: &Model) -> String {
    crate::wizard::page::login::line(model, 76).map(|(_, text)| text).unwrap_or_default()
}

#[test]
fn a_run_that_waits_is_asked_about_once_and_kept_in_mind() {
    let mut model = waiting();
    assert!(is_asked(&model));
    press(&mut model, &[Key::Esc]);
    assert!(!is_asked(&model));
    assert_eq!(update(&mut model, waits(13)), [], "it is followed already");
    assert!(!is_asked(&model));
    assert_eq!(line(&model), "Second login not confirmed; the run is taken back in 1 min 47 s (l asks)");
    press(&mut model, &[Key::Char('l')]);
    assert!(is_asked(&model));
    update(&mut model, waits(120));
    assert!(line(&model).contains("is being taken back"), "{}", line(&model));
}

#[test]
fn yes_keeps_the_run() {
    let mut model = waiting();
    assert_eq!(press(&mut model, &[Key::Char('y')]), [Effect::ConfirmLogin]);
    assert!(!is_asked(&model) && model.pending.is_none());
    // What was looked at before the answer was noted changes nothing.
    assert_eq!(update(&mut model, waits(1)), []);
    assert!(!is_asked(&model) && model.pending.is_none());
    update(&mut model, Message::Confirmed(Ok("R1".into())));
    assert_eq!(update(&mut model, Message::Pending(None, NOW)), []);
    assert!(model.notice.as_ref().is_some_and(|notice| notice.text.contains("is kept")));
}

#[test]
fn a_run_that_could_not_be_confirmed_waits_still() {
    let mut model = waiting();
    press(&mut model, &[Key::Char('y')]);
    update(&mut model, Message::Confirmed(Err("another seaworthy is at work".into())));
    assert!(matches!(model.overlays.last(), Some(Overlay::Message { .. })));
    assert_eq!(update(&mut model, waits(2)), [Effect::Watch]);
    assert!(is_asked(&model));
}

#[test]
fn u_takes_it_back_at_once() {
    let mut model = waiting();
    assert_eq!(press(&mut model, &[Key::Char('u')]), [Effect::Undo(What::Run("R1".into()))]);
    assert!(matches!(model.screen(), Screen::Working(working) if working.task == Task::Undo));
    assert_eq!(update(&mut model, Message::Pending(None, NOW)), []);
}

#[test]
fn when_the_time_is_over_everything_is_looked_at_again() {
    let mut model = waiting();
    model.playbook.decisions.insert("SSH-01".into(), Decision::Apply);
    update(&mut model, Message::News(vec!["Run R1 was taken back.".into()]));
    let effects = update(&mut model, Message::Pending(None, NOW));
    assert_eq!(effects, [Effect::Runs, Effect::Survey]);
    assert!(matches!(model.overlays.as_slice(), [Overlay::Message { .. }]));
    let effects = update(&mut model, Message::Runs(Ok(vec![run_of(RunStanding::Undone)])));
    assert!(saves(&effects) && model.decision("SSH-01").is_none(), "it must not slip into the next plan");
}

#[test]
fn nothing_is_carried_out_or_exported_or_sealed_meanwhile() {
    for key in ['e', 'S'] {
        let mut model = waiting();
        press(&mut model, &[Key::Esc]);
        assert_eq!(press(&mut model, &[Key::Char(key)]), []);
        assert_eq!(model.screens, [Screen::Hub]);
        assert!(model.notice.is_some_and(|notice| notice.bad && notice.text.contains("second login")), "{key}");
    }
    let mut model = reviewing(false);
    update(&mut model, waits(0));
    assert_eq!(press(&mut model, &[Key::Esc, Key::Char('a')]), []);
    assert!(model.notice.is_some_and(|notice| notice.text.contains("second login")));
}

#[test]
fn an_interrupted_run_that_waits_is_offered_first() {
    let mut model = model();
    update(&mut model, Message::Runs(Ok(vec![run_of(RunStanding::Unfinished)])));
    update(&mut model, waits(0));
    assert!(model.overlays.is_empty() && matches!(model.screen(), Screen::Recover(_)));
    assert!(line(&model).ends_with("2 min 0 s"), "{}", line(&model));
}

fn drafted(report: Option<Result<Exported, String>>) -> Arc<SealDraft> {
    let act = Act::Carry { guideline: "KEY-01".into(), title: "Keys".into() };
    let steps = vec![SealStep { stage: Stage::Seal, act }, SealStep { stage: Stage::Off, act: Act::Sync }];
    let plan = planned(false).plan.clone();
    Arc::new(SealDraft { sealing: Sealing { steps, plan, ..Sealing::default() }, report, ..SealDraft::default() })
}

/// The page of the seal, its steps worked out.
fn at_the_seal(mode: Mode, draft: &Arc<SealDraft>) -> Model {
    let mut model = at("SSH-01");
    model.subject.mode = mode;
    let effects = press(&mut model, &[Key::Char('S')]);
    assert_eq!(effects, [Effect::SealDraft(Box::default())]);
    assert_eq!(press(&mut model, &[Key::Char('S')]), [], "not worked out yet");
    assert!(model.overlays.is_empty());
    update(&mut model, Message::SealDrafted(Arc::clone(draft)));
    model
}

fn asked(model: &mut Model, said: &str) -> Vec<Effect> {
    press(model, &[Key::Char('S')]);
    typed(model, said);
    press(model, &[Key::Enter])
}

#[test]
fn a_mounted_image_is_sealed_with_a_word_and_looked_at_once_more() {
    let draft = drafted(None);
    let mut model = at_the_seal(Mode::Offline, &draft);
    assert_eq!(asked(&mut model, "sea"), []);
    typed(&mut model, "l");
    assert_eq!(press(&mut model, &[Key::Enter]), [Effect::Seal(draft)]);
    assert!(matches!(model.screen(), Screen::Working(working) if working.task == Task::Seal && working.of == 1));
    let effects = update(&mut model, Message::Sealed(Ok(Some("R2".into()))));
    assert_eq!(effects, [Effect::Runs, Effect::Survey]);
    let left = |model: &Model| match model.screen() {
        Screen::Result(outcome) => match &outcome.ending {
            Ending::Sealed { left, .. } => left.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(left(&model), None, "not known before the second look");
    let finding = Finding::new(Status::Fail, "3 host keys are on the image.");
    update(&mut model, Message::Progress(Progress::Judged { id: "KEY-01".into(), finding: finding.clone() }));
    update(&mut model, Message::Surveyed);
    assert_eq!(left(&model), Some(vec![Refusal { guideline: "KEY-01".into(), reason: finding.summary }]));
}

#[test]
fn a_running_machine_asks_for_the_reports_digest_or_to_give_it_up() {
    let exported: Exported = serde_json::from_str(&format!(
        r#"{{"sha256":"{}","at":"1970-01-01T00:00:00Z","lines":0}}"#,
        "0123456789abcdef".repeat(4)
    ))
    .unwrap();
    for (said, is_taken) in
        [("01234567", true), ("0123456", false), ("76543210", false), ("seal", false), ("without report", true)]
    {
        let draft = drafted(Some(Ok(exported.clone())));
        let mut model = at_the_seal(Mode::Live, &draft);
        let effects = asked(&mut model, said);
        assert_eq!(effects == [Effect::Seal(draft)], is_taken, "{said}: {effects:?}");
    }
    let draft = drafted(Some(Err("No report was written.".into())));
    assert_eq!(asked(&mut at_the_seal(Mode::Live, &draft), "01234567"), []);
    assert_eq!(asked(&mut at_the_seal(Mode::Live, &draft), "without report"), [Effect::Seal(draft)]);
}

#[test]
fn closed_gates_keep_the_seal_from_beginning() {
    let mut draft = SealDraft::clone(&drafted(None));
    draft.sealing.refused.push(Refusal { guideline: "KEY-06".into(), reason: "no".into() });
    let mut model = at_the_seal(Mode::Offline, &Arc::new(draft));
    assert_eq!(press(&mut model, &[Key::Char('S')]), []);
    assert!(model.overlays.is_empty() && model.notice.is_some_and(|notice| notice.bad));
}

#[test]
fn a_narrowed_catalogue_is_not_enough_to_seal() {
    let mut model = model();
    model.subject.partial = true;
    assert_eq!(press(&mut model, &[Key::Char('S')]), []);
    assert!(model.notice.is_some_and(|notice| notice.text.contains("--only")));
}

#[test]
fn the_seal_of_a_running_machine_is_followed_until_it_fails() {
    let mut model = model();
    assert_eq!(update(&mut model, Message::SealUnderWay), [Effect::FollowSeal]);
    let what = "Stop cron.service.".to_owned();
    update(&mut model, Message::SealLine(Line::Step { number: 1, of: 9, stage: Stage::Writers, what }));
    update(&mut model, Message::SealLine(Line::Stopped { unit: "cron.service".into() }));
    update(&mut model, Message::SealLine(Line::End { ending: SealEnding::GivenUp }));
    let Screen::Working(working) = model.screen() else { panic!("{:?}", model.screen()) };
    assert_eq!((working.number, working.of, working.log.len()), (1, 9, 2));
    let failure = Failure { text: "no room".into(), changed: false };
    update(&mut model, Message::Sealed(Err(failure.clone())));
    assert!(matches!(model.screen(), Screen::Result(o) if o.ending == Ending::Failed(Task::Seal, failure)));
}

#[test]
fn what_was_worked_out_before_a_new_look_is_not_shown() {
    let draft = drafted(None);
    let mut model = at_the_seal(Mode::Offline, &draft);
    press(&mut model, &[Key::Esc, Key::Char('c')]);
    assert_eq!(model.sealing, None);
    update(&mut model, Message::SealDrafted(draft));
    assert_eq!(model.sealing, None);
}

#[test]
fn a_way_out_that_is_not_open_says_why() {
    let interrupted = |can_finish, can_take_back| Interrupted {
        how: How::PowerLost,
        is_undo: false,
        done: 2,
        of: 5,
        can_finish,
        can_take_back,
    };
    for (can_finish, can_take_back) in [(true, true), (true, false), (false, true), (false, false)] {
        for (key, is_open) in [('f', can_finish), ('t', can_take_back)] {
            let mut model = model();
            let run = run_of(RunStanding::Unfinished);
            let run = RunSummary { interrupted: Some(interrupted(can_finish, can_take_back)), ..run };
            update(&mut model, Message::Runs(Ok(vec![run])));
            assert_eq!(press(&mut model, &[Key::Char(key)]).len(), usize::from(is_open), "{key}");
            assert_eq!(model.overlays.is_empty(), is_open, "{key}: why not");
        }
    }
}
