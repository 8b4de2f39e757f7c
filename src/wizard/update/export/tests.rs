use super::super::tests::{model, press, typed};
use super::super::update;
use super::*;
use crate::report::Verdict;
use crate::report::handover::Here;
use crate::wizard::message::Message;
use crate::wizard::page;
use crate::wizard::screen::Overlay;
use crate::wizard::{Key, Step};

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn exported(here: Option<Here>) -> Box<Exported> {
    Box::new(Exported {
        size: 48_213,
        sha256: DIGEST.into(),
        verdict: Verdict::NotSeaworthy,
        signed_by: None,
        signers_line: None,
        not_signed: None,
        signer_name: "ada".into(),
        here,
    })
}

/// On the way, the name given, before who signs.
fn signing(mode: Mode) -> Model {
    let mut model = model();
    model.subject.mode = mode;
    press(&mut model, &[Key::Char('e')]);
    typed(&mut model, "Ada");
    press(&mut model, &[Key::Enter, Key::Enter]);
    update(&mut model, Message::AgentKeys(Err("none".into())));
    model
}

/// The report is made.
fn made(mode: Mode) -> Model {
    let mut model = signing(mode);
    press(&mut model, &[Key::Enter]);
    let here = (mode == Mode::Live).then(|| Here { program: "seaworthy".into(), ..Here::default() });
    update(&mut model, Message::Exported(Ok(exported(here))));
    model
}

#[test]
fn the_report_names_its_publisher_and_its_signer() {
    let mut model = model();
    assert_eq!(press(&mut model, &[Key::Char('e')]), [Effect::AgentKeys]);
    assert_eq!(press(&mut model, &[Key::Enter]), [], "no name yet");
    assert!(model.walk.error.is_some());
    typed(&mut model, "Ada");
    press(&mut model, &[Key::Down]);
    typed(&mut model, "tide 7");
    press(&mut model, &[Key::Enter, Key::Enter]);
    update(&mut model, Message::AgentKeys(Err("none".into())));
    press(&mut model, &[Key::Down]);
    assert_eq!(press(&mut model, &[Key::Enter]), [], "which key file?");
    typed(&mut model, "/keys/id");
    let request = ExportRequest {
        publisher: "Ada".into(),
        challenge: Some("tide 7".into()),
        signer: Signer::KeyFile("/keys/id".into()),
        playbook: model.playbook.clone(),
    };
    assert_eq!(press(&mut model, &[Key::Enter]), [Effect::Export(Box::new(request))]);
    for key in [Key::Enter, Key::Esc] {
        assert_eq!(press(&mut model, &[key]), [], "it is being made");
        assert_eq!(model.walk.step, Step::Signer);
    }
    update(&mut model, Message::Exported(Err("no random numbers".into())));
    assert!(matches!(model.overlays.last(), Some(Overlay::Message { text, .. }) if text == "no random numbers"));
    assert!(!model.walk.busy && model.walk.report.is_none());
}

#[test]
fn every_step_can_be_gone_back_and_nothing_entered_is_lost() {
    let mut model = made(Mode::Offline);
    assert_eq!(model.walk.step, Step::Digest);
    press(&mut model, &[Key::Esc, Key::Esc, Key::Esc]);
    assert_eq!((model.walk.step, model.walk.publisher.text().as_str()), (Step::Name, "Ada"));
    press(&mut model, &[Key::Esc]);
    assert!(matches!(model.screen(), Screen::Hub));
    press(&mut model, &[Key::Char('e')]);
    assert_eq!(model.walk.step, Step::Digest, "the report is there still");
    press(&mut model, &[Key::Esc]);
    assert_eq!(press(&mut model, &[Key::Enter]), [], "nothing of it would be another: it keeps its digest");
    assert_eq!(model.walk.exported().map(|exported| exported.sha256.as_str()), Some(DIGEST));
    press(&mut model, &[Key::Esc, Key::Esc, Key::Esc, Key::Char('!'), Key::Enter, Key::Enter]);
    assert!(
        matches!(press(&mut model, &[Key::Enter]).as_slice(), [Effect::Export(request)] if request.publisher == "Ada!")
    );
}

#[test]
fn the_signer_stays_chosen_when_the_export_is_left_and_entered_again() {
    let key = |name: &str| AgentKey { kind: "ssh-ed25519".into(), fingerprint: name.into(), comment: String::new() };
    let keys = || Message::AgentKeys(Ok(vec![key("SHA256:one"), key("SHA256:two")]));
    let mut model = signing(Mode::Offline);
    update(&mut model, keys());
    press(&mut model, &[Key::Down, Key::Down]);
    assert!(matches!(press(&mut model, &[Key::Enter]).as_slice(), [Effect::Export(_)]));
    update(&mut model, Message::Exported(Ok(exported(None))));
    press(&mut model, &[Key::Esc, Key::Esc, Key::Esc, Key::Esc, Key::Char('e'), Key::Esc]);
    assert_eq!((model.walk.step, model.walk.signer), (Step::Signer, 2));
    // Before the agent has answered again, and afterwards.
    assert_eq!(press(&mut model, &[Key::Enter]), [], "the signed report is kept");
    update(&mut model, keys());
    press(&mut model, &[Key::Esc]);
    assert_eq!(press(&mut model, &[Key::Enter]), [], "the signed report is kept");
}

#[test]
fn a_report_of_yesterday_is_not_shown() {
    let mut model = made(Mode::Offline);
    press(&mut model, &[Key::Esc, Key::Esc, Key::Esc, Key::Esc, Key::Char('c')]);
    assert!(model.walk.report.is_none(), "everything is judged again");
    update(&mut model, Message::Surveyed);
    press(&mut model, &[Key::Char('e')]);
    assert_eq!(model.walk.step, Step::Name);

    let mut model = made(Mode::Offline);
    model.playbook.decisions.insert("SSH-01".into(), crate::playbook::Decision::Later);
    press(&mut model, &[Key::Esc, Key::Enter]);
    assert!(model.walk.busy, "what was decided since belongs into it");
}

#[test]
fn the_evidence_of_a_mounted_image_is_written_into_a_directory() {
    let mut model = made(Mode::Offline);
    press(&mut model, &[Key::Enter]);
    let directory = PathBuf::from("/tmp/report");
    assert_eq!(press(&mut model, &[Key::Enter]), [Effect::Deliver(directory.clone(), false)]);
    update(&mut model, Message::Delivered(Err("read-only".into())));
    press(&mut model, &[Key::Enter]);
    assert_eq!(press(&mut model, &[Key::Enter]), [Effect::Deliver(directory.clone(), false)]);
    update(&mut model, Message::Delivered(Ok(Delivered { directory: directory.clone(), files: Vec::new() })));
    assert_eq!(press(&mut model, &[Key::Enter]), []);
    assert_eq!(model.walk.step, Step::Seal);
    press(&mut model, &[Key::Enter]);
    assert!(matches!(model.screen(), Screen::Hub));
    // Another report may take the place of what this wizard wrote.
    press(
        &mut model,
        &[Key::Char('e'), Key::Esc, Key::Esc, Key::Esc, Key::Char('!'), Key::Enter, Key::Enter, Key::Enter],
    );
    update(&mut model, Message::Exported(Ok(exported(None))));
    press(&mut model, &[Key::Enter]);
    assert_eq!(press(&mut model, &[Key::Enter]), [Effect::Deliver(directory, true)]);
}

#[test]
fn a_running_machine_is_left_by_a_line_to_paste() {
    let mut model = made(Mode::Live);
    assert_eq!(press(&mut model, &[Key::Char('c')]), [Effect::Copy(DIGEST.into())], "the digest, not the report");
    press(&mut model, &[Key::Enter]);
    let copied = |model: &mut Model| match press(model, &[Key::Char('c')]).as_slice() {
        [Effect::Copy(text)] => text.clone(),
        other => panic!("{other:?}"),
    };
    let ssh = copied(&mut model);
    // It reads nothing of what is pasted after it, and what comes after it waits for it.
    assert!(ssh.starts_with("ssh -n HOST sudo seaworthy report --again 9f86d081 > report.json &&\n"), "{ssh}");
    press(&mut model, &[Key::Down]);
    assert!(copied(&mut model).starts_with("aws ssm start-session "));
    press(&mut model, &[Key::Down]);
    assert!(copied(&mut model).starts_with("sed "));
    press(&mut model, &[Key::Down]);
    assert_eq!(way(&model), None);
    press(&mut model, &[Key::Char('x'), Key::Up]);
    assert_eq!(model.walk.directory.text(), "/tmp/reportx", "a directory is typed");
    assert_eq!(press(&mut model, &[Key::Enter]), [], "there is nothing to be written");
    assert_eq!(model.walk.step, Step::Seal);
    let said = page::export::sheet(&model, 76).page.to_string();
    assert!(said.contains("first group"), "{said}");
}
