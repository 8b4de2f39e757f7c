use std::sync::Arc;

use jiff::civil::date;

use super::*;
use crate::catalogue::{Catalogue, Guideline};
use crate::change::diff::FileDiff;
use crate::change::state::{RunSummary, Standing as RunStanding};
use crate::change::{Applied, Change, Plan, PlanStep, Undone, What};
use crate::check::{Finding, Status};
use crate::image::Mode;
use crate::playbook::Decision;
use crate::wizard::message::{Failure, Planned};
use crate::wizard::model::Subject;
use crate::wizard::screen::{Ending, Task};
use crate::wizard::{Key, Standing};

/// All judged: the first one to attest, the second passes, the third unknown, the rest fail.
pub(super) fn model() -> Model {
    #[derive(serde::Deserialize)]
    struct File {
        guidelines: Vec<Guideline>,
    }
    let file: File = toml::from_str(include_str!("../../../tests/fixtures/wizard.toml")).unwrap();
    let catalogue = Catalogue { version: "1", sha256: String::new(), custom: false, guidelines: file.guidelines };
    let subject = Subject {
        mode: Mode::Offline,
        mount_point: "/mnt".into(),
        practice: false,
        partial: false,
        story: String::new(),
        os: None,
        arch: None,
    };
    let mut model = Model::new(Arc::new(catalogue), subject, date(2026, 11, 22), String::new(), "/tmp/report".into());
    let statuses = [Status::Attest, Status::Pass, Status::Unknown];
    let ids: Vec<String> = model.catalogue.guidelines.iter().map(|guideline| guideline.id.clone()).collect();
    for (place, id) in ids.into_iter().enumerate() {
        let finding = Finding::new(statuses.get(place).copied().unwrap_or(Status::Fail), "so");
        update(&mut model, Message::Progress(Progress::Judged { id, finding }));
    }
    update(&mut model, Message::Surveyed);
    model
}

pub(super) fn press(model: &mut Model, keys: &[Key]) -> Vec<Effect> {
    keys.iter().flat_map(|key| update(model, Message::Key(*key))).collect()
}

pub(super) fn typed(model: &mut Model, text: &str) {
    for character in text.chars() {
        update(model, Message::Key(Key::Char(character)));
    }
}

fn chars(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

fn at(id: &str) -> Model {
    let mut model = model();
    model.selected = Some(id.into());
    model
}

fn saves(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Save(_)))
}

fn planned(command: bool) -> Arc<Planned> {
    let changes = if command {
        vec![Change::Command { argv: vec!["/bin/x".into()], purpose: "Does it.".into() }]
    } else {
        vec![Change::Path { path: "/etc/x".into(), before: None, after: None, secret: false }]
    };
    let step = PlanStep { guideline: "SSH-01".into(), changes };
    Arc::new(Planned {
        plan: Plan { steps: vec![step], ..Plan::default() },
        steps: vec![Vec::new()],
        ..Planned::default()
    })
}

fn reviewing(command: bool) -> Model {
    let mut model = at("SSH-01");
    press(&mut model, &[Key::Char(' '), Key::Char('r')]);
    update(&mut model, Message::Planned(planned(command)));
    model
}

fn run_of(standing: RunStanding) -> RunSummary {
    RunSummary {
        id: "R1".into(),
        at: "2026-11-22T15:00:00Z".into(),
        guidelines: vec!["SSH-01".into()],
        standing,
        interrupted: None,
    }
}

#[test]
fn it_opens_at_work_and_usable() {
    assert_eq!(start(), [Effect::Start, Effect::Survey]);
    let mut model = model();
    model.survey.running = true;
    press(&mut model, &[Key::Down, Key::Down]);
    assert_eq!(model.selected.as_deref(), Some("PRE-02"));
}

#[test]
fn moving_skips_phases_and_stops_at_the_ends() {
    let mut model = model();
    press(&mut model, &[Key::Up]);
    assert_eq!(model.selected, None);
    press(&mut model, &[Key::End]);
    assert_eq!(model.selected.as_deref(), Some("PRD-19"));
    press(&mut model, &[Key::Down]);
    assert_eq!(model.selected.as_deref(), Some("PRD-19"));
    press(&mut model, &[Key::Home]);
    assert_eq!(model.selected, None);
}

#[test]
fn a_preview_is_asked_for_once_and_only_for_what_can_be_mended() {
    let mut model = at("UPD-01");
    assert_eq!(press(&mut model, &[Key::Down]), [Effect::Preview("RED-01".into())]);
    assert_eq!(press(&mut model, &[Key::Up, Key::Down]), []);
    model.selected = Some("KEY-01".into());
    assert_eq!(press(&mut model, &[Key::Down]), [], "PRD-19 has no remedy");
}

#[test]
fn space_chooses_and_takes_back() {
    let mut model = at("SSH-01");
    assert!(saves(&press(&mut model, &[Key::Char(' ')])));
    assert_eq!(model.standing("SSH-01"), Standing::Chosen);
    assert_eq!(model.chosen(), ["SSH-01"]);
    press(&mut model, &[Key::Char(' ')]);
    assert_eq!(model.standing("SSH-01"), Standing::Fail);
}

#[test]
fn everything_a_program_can_do_is_chosen_at_once() {
    let mut model = at("SSH-01");
    model.playbook.decisions.insert("SSH-02".into(), Decision::Later);
    assert!(saves(&press(&mut model, &[Key::Char('A')])));
    assert_eq!(model.chosen(), ["RED-01", "SSH-01", "SSH-11", "ACC-01", "KEY-04", "LOG-01", "KEY-01"]);
    assert_eq!(model.standing("SSH-02"), Standing::Later, "a decision stays");
    press(&mut model, &[Key::Char('A')]);
    assert!(model.notice.as_ref().is_some_and(|notice| notice.bad));
}

#[test]
fn what_is_not_possible_says_why() {
    for (id, key, reason) in [
        ("PRE-02", Key::Enter, "it passes"),
        ("PRE-02", Key::Char(' '), "it passes already"),
        ("PRD-19", Key::Char(' '), "no program can do this"),
        ("UPD-01", Key::Char(' '), "could not be decided"),
        ("SSH-01", Key::Char('r'), "nothing is chosen yet"),
        ("SSH-01", Key::Char('u'), "no run to take back"),
        ("SSH-01", Key::Char('U'), "nothing was changed for SSH-01"),
    ] {
        let mut model = at(id);
        assert_eq!(press(&mut model, &[key]), [], "{id} {key}");
        let notice = model.notice.clone().unwrap_or_else(|| panic!("{id} {key}: nothing said"));
        assert!(notice.bad && notice.text.contains(reason), "{id} {key}: {}", notice.text);
        assert!(model.overlays.is_empty());
    }
}

#[test]
fn a_waiver_needs_a_reason_a_day_and_a_name() {
    let mut model = at("SSH-01");
    press(&mut model, &[Key::Enter, Key::Down, Key::Enter]);
    let error = |model: &Model| match model.overlays.last() {
        Some(Overlay::Form(form)) => (form.focus, form.error.clone().unwrap_or_default()),
        other => panic!("{other:?}"),
    };
    press(&mut model, &[Key::Enter, Key::Enter, Key::Enter]);
    assert_eq!(error(&model).0, 0);
    typed(&mut model, "the vendor needs it");
    for (day, said) in [("2026-11-21", "past"), ("2028-01-01", "at most a year"), ("tomorrow", "YYYY-MM-DD")] {
        press(&mut model, &[Key::Down, Key::Ctrl('u')]);
        typed(&mut model, day);
        press(&mut model, &[Key::Enter, Key::Enter]);
        assert!(error(&model).1.contains(said), "{day}: {}", error(&model).1);
        press(&mut model, &[Key::Up, Key::Up]);
    }
    press(&mut model, &[Key::Down, Key::Ctrl('u')]);
    typed(&mut model, "2027-02-20");
    press(&mut model, &[Key::Enter, Key::Enter]);
    assert_eq!(error(&model), (2, "a name is needed".into()));
    typed(&mut model, "Ada");
    assert!(saves(&press(&mut model, &[Key::Enter])));
    let waiver = Decision::Waive { reason: "the vendor needs it".into(), until: date(2027, 2, 20), by: "Ada".into() };
    assert_eq!(model.decision("SSH-01"), Some(&waiver));
    assert_eq!((model.standing("SSH-01"), model.publisher.as_str()), (Standing::Waived, "Ada"));
}

#[test]
fn letters_in_a_field_are_letters() {
    let mut model = at("SSH-01");
    press(&mut model, &[Key::Enter, Key::Down, Key::Enter]);
    let effects = press(&mut model, &chars("quit? d/ n"));
    assert_eq!((effects, model.quit), (vec![], None));
    let Some(Overlay::Form(form)) = model.overlays.last() else { panic!() };
    assert_eq!(form.fields[0].input.text(), "quit? d/ n");
}

#[test]
fn a_paste_goes_into_fields_only() {
    let mut model = at("SSH-01");
    assert_eq!(update(&mut model, Message::Paste("q\r\n y".into())), []);
    assert_eq!(model.quit, None);
    let mut model = reviewing(false);
    press(&mut model, &[Key::Char('a')]);
    assert_eq!(update(&mut model, Message::Paste("y\n".into())), []);
    assert!(matches!(model.overlays.last(), Some(Overlay::Confirm(_))));
}

#[test]
fn guiding_goes_through_everything_open_once() {
    let mut model = model();
    let open = model.open();
    press(&mut model, &[Key::Char('g')]);
    for _ in 0..open {
        assert!(model.guiding);
        press(&mut model, &[Key::End]);
        while !matches!(model.overlays.last(), Some(Overlay::Choices { selected: 4, .. })) {
            press(&mut model, &[Key::Down]);
        }
        press(&mut model, &[Key::Enter]);
    }
    assert_eq!((model.guiding, model.open()), (false, 0));
    assert!(matches!(model.overlays.last(), Some(Overlay::Message { title, .. }) if title == "Everything is decided"));
}

#[test]
fn escape_ends_the_guiding() {
    let mut model = model();
    press(&mut model, &[Key::Char('g'), Key::Esc]);
    assert!(!model.guiding && model.overlays.is_empty());
}

#[test]
fn escape_closes_the_top_one() {
    let mut model = at("SSH-01");
    model.previews.insert("SSH-01".into(), Preview::Changes(vec![empty_diff()]));
    press(&mut model, &[Key::Enter, Key::Char('?')]);
    assert_eq!(model.overlays.len(), 2);
    press(&mut model, &[Key::Esc]);
    assert_eq!(model.overlays.len(), 1);
    press(&mut model, &[Key::Char('d')]);
    assert!(matches!(model.screen(), Screen::Diff(_)) && model.overlays.is_empty());
    press(&mut model, &[Key::Esc, Key::Esc, Key::Esc]);
    assert_eq!(model.screens, [Screen::Hub]);
}

fn empty_diff() -> FileDiff {
    FileDiff { path: "/x".into(), headline: "edited".into(), hunks: vec![], masked: false, added: 0, removed: 0 }
}

#[test]
fn the_filter_narrows_and_keeps_a_selection() {
    let mut model = at("PRE-01");
    press(&mut model, &[Key::Char('/')]);
    typed(&mut model, "fail clean");
    assert_eq!(model.selected.as_deref(), Some("KEY-04"));
    assert_eq!(model.rows().len(), 3);
    press(&mut model, &[Key::Enter]);
    assert_eq!((model.filter.as_str(), model.overlays.len()), ("fail clean", 0));
    press(&mut model, &[Key::Char('/'), Key::Esc]);
    assert_eq!(model.filter, "");
    assert_eq!(model.selected.as_deref(), Some("KEY-04"));
    model.filter = "nothing has this".into();
    assert_eq!(press(&mut model, &[Key::Down]), []);
}

#[test]
fn next_goes_round() {
    let mut model = at("PRD-19");
    press(&mut model, &[Key::Char('n')]);
    assert_eq!(model.selected.as_deref(), Some("PRE-01"));
    press(&mut model, &[Key::Char('n')]);
    assert_eq!(model.selected.as_deref(), Some("UPD-01"));
}

#[test]
fn the_plan_is_applied_only_after_the_dangerous_button() {
    let mut model = reviewing(false);
    assert_eq!(press(&mut model, &[Key::Char('a'), Key::Enter]), [], "the default is the safe one");
    assert!(model.overlays.is_empty());
    assert_eq!(press(&mut model, &[Key::Char('a'), Key::Char('a')]), [], "the same key twice");
    press(&mut model, &[Key::Esc]);
    let effects = press(&mut model, &[Key::Char('a'), Key::Tab, Key::Enter]);
    assert_eq!(effects, [Effect::Apply(planned(false))]);
    assert!(matches!(model.screen(), Screen::Working(working) if working.task == Task::Apply));
}

#[test]
fn files_that_go_are_overwritten_when_asked_to() {
    let mut model = reviewing(false);
    press(&mut model, &[Key::Char('s')]);
    let text = crate::wizard::page::review::page(&model, 80);
    assert!(!format!("{text:?}").contains("Overwritten first"), "nothing is said where no file goes");
    let effects = press(&mut model, &[Key::Char('a'), Key::Tab, Key::Enter]);
    let [Effect::Apply(planned)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(planned.plan.shred);
    let mut model = reviewing(false);
    press(&mut model, &[Key::Char('s'), Key::Char('s')]);
    let effects = press(&mut model, &[Key::Char('a'), Key::Tab, Key::Enter]);
    assert!(matches!(effects.as_slice(), [Effect::Apply(planned)] if !planned.plan.shred));
}

#[test]
fn what_cannot_be_taken_back_needs_the_word() {
    let mut model = reviewing(true);
    assert_eq!(press(&mut model, &[Key::Char('a'), Key::Char('y'), Key::Enter]), []);
    assert!(matches!(model.overlays.last(), Some(Overlay::Confirm(_))), "`y` is a letter here");
    press(&mut model, &[Key::Backspace]);
    typed(&mut model, "apply");
    assert_eq!(press(&mut model, &[Key::Enter]), [Effect::Apply(planned(true))]);
}

#[test]
fn after_a_run_everything_is_checked_again() {
    let mut model = reviewing(false);
    press(&mut model, &[Key::Char('a'), Key::Char('y')]);
    let applied = Applied { run: "R1".into(), guidelines: vec!["SSH-01".into()], warnings: vec![], pending: None };
    let effects = update(&mut model, Message::Applied(Ok(applied.clone())));
    assert_eq!(effects, [Effect::Runs, Effect::Survey]);
    assert!(model.survey.running && model.findings.is_empty() && model.previews.is_empty());
    assert!(matches!(model.screen(), Screen::Result(outcome) if outcome.ending == Ending::Applied(applied)));
    update(&mut model, Message::Runs(Ok(vec![run_of(RunStanding::Done)])));
    let effects = press(&mut model, &[Key::Char('u'), Key::Char('y')]);
    assert_eq!(effects, [Effect::Undo(What::Run("R1".into()))]);
    let undone = Undone { guidelines: vec!["SSH-01".into()], ..Undone::default() };
    assert!(saves(&update(&mut model, Message::Undone(Ok(undone)))));
    assert!(matches!(model.screen(), Screen::Result(Outcome { ending: Ending::Undone(_), .. })));
    assert_eq!(model.decision("SSH-01"), None, "it must not slip into the next plan");
}

#[test]
fn a_diff_that_is_not_ready_opens_when_it_is() {
    let changes = Preview::Changes(vec![empty_diff()]);
    let mut model = at("SSH-01");
    assert_eq!(press(&mut model, &[Key::Char('d')]), [Effect::Preview("SSH-01".into())]);
    assert!(matches!(model.screen(), Screen::Hub));
    update(&mut model, Message::Previewed("SSH-01".into(), changes.clone()));
    assert!(matches!(model.screen(), Screen::Diff(_)));
    let mut model = at("SSH-01");
    press(&mut model, &[Key::Char('d'), Key::Down]);
    update(&mut model, Message::Previewed("SSH-01".into(), changes));
    assert!(matches!(model.screen(), Screen::Hub), "another key came in between");
    press(&mut model, &[Key::Up, Key::Down, Key::Char('d')]);
    update(&mut model, Message::Previewed("SSH-02".into(), Preview::ByHand("no".into())));
    assert!(model.notice.as_ref().is_some_and(|notice| notice.bad), "it says why there is none");
}

#[test]
fn a_filter_that_matches_nothing_selects_nothing() {
    let mut model = at("SSH-01");
    press(&mut model, &[Key::Char('/')]);
    typed(&mut model, "ssh zzz");
    assert_eq!(model.selected, None);
    press(&mut model, &[Key::Backspace, Key::Backspace, Key::Backspace]);
    assert_eq!(model.selected.as_deref(), Some("SSH-01"));
}

use crate::wizard::screen::Outcome;

#[test]
fn a_failed_run_is_said_and_leaves_the_wizard_usable() {
    let mut model = reviewing(false);
    press(&mut model, &[Key::Char('a'), Key::Char('y')]);
    let failure = Failure { text: "no space".into(), changed: false };
    update(&mut model, Message::Applied(Err(failure.clone())));
    assert!(
        matches!(model.screen(), Screen::Result(outcome) if outcome.ending == Ending::Failed(Task::Apply, failure))
    );
    press(&mut model, &[Key::Esc]);
    assert_eq!(model.screens, [Screen::Hub]);
}

#[test]
fn nothing_can_be_left_while_a_run_is_at_work() {
    let mut model = reviewing(false);
    press(&mut model, &[Key::Char('a'), Key::Char('y')]);
    assert_eq!(press(&mut model, &[Key::Char('q'), Key::Esc]), []);
    assert_eq!(model.quit, None);
}

#[test]
fn one_guideline_is_taken_back_alone() {
    let mut model = at("SSH-01");
    model.runs = vec![run_of(RunStanding::Done)];
    let effects = press(&mut model, &[Key::Char('U'), Key::Right, Key::Enter]);
    assert_eq!(effects, [Effect::Undo(What::Guideline("SSH-01".into()))]);
}

#[test]
fn an_interrupted_run_comes_first() {
    for (key, effect) in
        [(Key::Char('f'), Effect::Finish("R1".into())), (Key::Char('t'), Effect::Undo(What::Run("R1".into())))]
    {
        let mut model = model();
        update(&mut model, Message::Runs(Ok(vec![run_of(RunStanding::Unfinished)])));
        assert_eq!(press(&mut model, &[Key::Esc, Key::Char('r'), Key::Enter]), []);
        assert!(matches!(model.screen(), Screen::Recover(_)));
        assert_eq!(press(&mut model, &[key]), [effect]);
    }
}

#[test]
fn the_session_comes_back() {
    let mut first = at("SSH-01");
    first.publisher = "Ada".into();
    let effects = press(&mut first, &[Key::Char(' ')]);
    let Some(Effect::Save(text)) = effects.last() else { panic!("{effects:?}") };
    let mut second = model();
    second.playbook.decisions.insert("RED-01".into(), Decision::Later);
    let effects = update(&mut second, Message::Loaded(Ok(Some(text.clone()))));
    assert_eq!(effects, [Effect::Preview("SSH-01".into())]);
    assert_eq!(second.selected.as_deref(), Some("SSH-01"));
    assert_eq!((second.standing("SSH-01"), second.standing("RED-01")), (Standing::Chosen, Standing::Later));
    assert_eq!(second.publisher, "Ada");
}

#[test]
fn a_broken_session_is_said() {
    let mut model = model();
    update(&mut model, Message::Loaded(Ok(Some("not = [toml".into()))));
    assert!(matches!(model.overlays.last(), Some(Overlay::Message { .. })));
}

#[test]
fn every_way_out_keeps_the_session() {
    for message in [Message::Key(Key::Char('q')), Message::Key(Key::Ctrl('c')), Message::Signal(15), Message::Gone] {
        let effects = update(&mut at("SSH-01"), message.clone());
        assert!(saves(&effects), "{message:?}");
        assert!(matches!(effects.last(), Some(Effect::Quit(_))), "{message:?}");
    }
}

#[test]
fn a_small_screen_can_still_be_left() {
    let mut model = at("SSH-01");
    update(&mut model, Message::Resize(20, 5));
    assert_eq!(press(&mut model, &[Key::Char(' '), Key::Enter]), []);
    assert_eq!(model.playbook.decisions.len(), 0);
    assert!(!press(&mut model, &[Key::Char('q')]).is_empty());
}

#[test]
fn details_scroll_to_their_end_and_no_further() {
    let mut model = at("SSH-01");
    press(&mut model, &[Key::Tab, Key::End]);
    let end = model.details_top;
    assert!(end > 0);
    press(&mut model, &[Key::Down]);
    assert_eq!(model.details_top, end);
    press(&mut model, &[Key::Up]);
    assert_eq!(model.details_top, end - 1);
    update(&mut model, Message::Resize(200, 60));
    assert_eq!(model.details_top, 0);
}

/// All judged but what the sweep judges.
fn sweeping() -> Model {
    let mut model = model();
    press(&mut model, &chars("c"));
    let ids: Vec<String> = model.catalogue.guidelines.iter().map(|guideline| guideline.id.clone()).collect();
    for id in ids.into_iter().filter(|id| id != "KEY-04") {
        update(&mut model, Message::Progress(Progress::Judged { id, finding: Finding::new(Status::Fail, "so") }));
    }
    model
}

fn found(places: usize) -> Message {
    let seen = (0..places).map(|n| crate::check::Observation::at(format!("/x/{n}")).line(1)).collect();
    Message::Progress(Progress::Found { id: "KEY-04".into(), seen, places })
}

#[test]
fn the_sweep_is_paused_and_goes_on_and_what_it_judges_is_not_known_meanwhile() {
    let mut model = sweeping();
    assert!(model.is_sweeping());
    assert_eq!(model.standing("KEY-04"), Standing::Waiting);
    assert_eq!(press(&mut model, &chars("p")), [Effect::Pause(true)]);
    assert_eq!(model.standing("KEY-04"), Standing::Unknown);
    assert_eq!(press(&mut model, &chars("p")), [Effect::Pause(false)]);
    assert_eq!(model.standing("KEY-04"), Standing::Waiting);
    update(&mut model, Message::Surveyed);
    assert_eq!(press(&mut model, &chars("p")), []);
    assert!(model.notice.is_some_and(|notice| notice.bad && notice.text.contains("is through")));
}

#[test]
fn a_pause_ends_with_its_survey() {
    let mut model = sweeping();
    press(&mut model, &chars("p"));
    assert!(update(&mut model, Message::Surveyed).contains(&Effect::Pause(false)));
    assert!(!model.survey.paused);
    let mut model = sweeping();
    press(&mut model, &chars("p"));
    let undone = Undone::default();
    let effects = update(&mut model, Message::Undone(Ok(undone)));
    let place = |wanted| effects.iter().position(|effect| *effect == wanted).unwrap();
    assert!(place(Effect::Pause(false)) < place(Effect::Survey));
    assert!(!model.survey.paused && model.survey.running);
}

#[test]
fn hits_are_kept_up_to_a_limit_until_their_guideline_is_judged() {
    let mut model = sweeping();
    update(&mut model, found(3));
    assert_eq!((model.survey.found["KEY-04"].seen.len(), model.survey.found["KEY-04"].places), (3, 3));
    for _ in 0..100 {
        update(&mut model, found(20_000));
    }
    let kept = &model.survey.found["KEY-04"];
    assert_eq!((kept.seen.len(), kept.places), (TOLD_LIMIT, 20_000));
    let finding = Finding::new(Status::Fail, "so");
    update(&mut model, Message::Progress(Progress::Judged { id: "KEY-04".into(), finding }));
    assert!(model.survey.found.is_empty());
}

#[test]
fn while_the_sweep_runs_the_plan_is_read_but_not_carried_out() {
    let mut model = sweeping();
    model.playbook.decisions.insert("SSH-01".into(), Decision::Apply);
    model.playbook.decisions.insert("KEY-04".into(), Decision::Apply);
    assert_eq!(press(&mut model, &chars("r")), [Effect::Plan(vec!["SSH-01".into()])]);
    update(&mut model, Message::Planned(planned(false)));
    assert_eq!(press(&mut model, &chars("a")), []);
    assert!(model.overlays.is_empty() && model.notice.clone().is_some_and(|notice| notice.text.contains("search")));
    // What the sweep judged meanwhile belongs in the plan that is carried out.
    let finding = Finding::new(Status::Fail, "so");
    update(&mut model, Message::Progress(Progress::Judged { id: "KEY-04".into(), finding }));
    let effects = update(&mut model, Message::Surveyed);
    assert!(effects.contains(&Effect::Plan(vec!["SSH-01".into(), "KEY-04".into()])), "{effects:?}");
    assert!(matches!(model.screen(), Screen::Review(review) if review.planned.is_none()));
}

#[test]
fn nothing_is_worked_out_from_half_a_sweep() {
    let mut model = sweeping();
    let mut catalogue = Catalogue::clone(&model.catalogue);
    for guideline in &mut catalogue.guidelines {
        guideline.fix.get_or_insert_with(|| Catalogue::built_in().unwrap().get("SSH-04").unwrap().fix.clone().unwrap());
    }
    model.catalogue = Arc::new(catalogue);
    model.selected = Some("KEY-04".into());
    let finding = Finding::new(Status::Fail, "so");
    let judged = Message::Progress(Progress::Judged { id: "KEY-04".into(), finding });
    assert_eq!(update(&mut model, judged), []);
    assert_eq!(update(&mut model, Message::Surveyed), [Effect::Preview("KEY-04".into())]);
}

mod last;
