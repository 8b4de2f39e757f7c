//! The wizard where ways in are at stake, and in the last act.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use seaworthy::change::diff::FileDiff;
use seaworthy::change::seal::watch::Line;
use seaworthy::change::seal::{Act, SealStep, Sealing, Stage};
use seaworthy::change::state::{How, Interrupted, RunSummary, Standing as RunStanding};
use seaworthy::change::ways_in::{Access, By, Own, Root, Way, Ways};
use seaworthy::change::{ApplyStep, Plan, PlanStep, Refusal};
use seaworthy::check::{Finding, Status};
use seaworthy::image::Mode;
use seaworthy::image::live::shells::Shell;
use seaworthy::wizard::{Failure, Instance, Key, Message, Model, Planned, SealDraft, Waiting, update};

use super::scenes::{applied, decided, exported, findings, planned, press, rechecked, reviewing, run_summary, typed};

fn way(user: &str, by: By, root: Root) -> Way {
    Way { user: user.into(), by, root, is_sure: true }
}

fn key(file: &str, fingerprint: &str) -> By {
    By::Key { file: file.into(), fingerprint: fingerprint.into() }
}

/// The publisher stays, root with a password goes, and the next user's key pair is awaited.
pub(super) fn access() -> Access {
    let own = way(
        "admin",
        key("/home/admin/.ssh/authorized_keys", "SHA256:nV3YmrFzYp9sQW1cQkE0zR9m1gHq3o5hYpJd2bQ4v8w"),
        Root::Sudo,
    );
    let root = way("root", By::Password, Root::Is);
    let perhaps = Way { is_sure: false, ..way("ec2-user", By::SessionManager, Root::Sudo) };
    let unclear = vec!["What AuthorizedKeysCommand of /etc/ssh/sshd_config gives is not known.".to_owned()];
    Access {
        own: Some(Own { way: own.clone(), from: Some("198.51.100.7".parse().unwrap()), barred: None }),
        now: Ways { list: vec![own.clone(), root, perhaps.clone()], shut: None, unclear: unclear.clone() },
        then: Ways { list: vec![own, perhaps], shut: None, unclear },
        next: Ways { list: vec![way("ec2-user", By::LaunchKey, Root::Sudo)], ..Ways::default() },
    }
}

/// The review on a running machine.
pub(super) fn ways_in() -> Model {
    let mut model = reviewing(false);
    model.subject.mode = Mode::Live;
    let mut planned = Planned::clone(&planned(false));
    planned.plan.access = access();
    update(&mut model, Message::Planned(Arc::new(planned)));
    model
}

pub(super) const NOW: Timestamp = Timestamp::constant(1_795_362_099, 0);

pub(super) fn waiting(is_second: bool) -> Waiting {
    let until = NOW + SignedDuration::from_secs(107);
    Waiting { run: "20261122T154139Z-1".into(), until, is_second }
}

/// A run that touched a way in is done, and waits.
pub(super) fn second_login(is_second: bool) -> Model {
    let mut model = applied();
    model.subject.mode = Mode::Live;
    update(&mut model, Message::Pending(Some(waiting(is_second)), NOW));
    model
}

fn shell(pid: i32, user: &str) -> Shell {
    let tty = Some(format!("pts/{}", pid % 10));
    let (program, history) = ("bash".into(), Some(format!("/home/{user}/.bash_history").into()));
    Shell { pid, started: 1, user: user.into(), tty, program, history, is_own: false }
}

fn removed(path: &str, what: &str) -> FileDiff {
    let headline = format!("removed, {what}");
    FileDiff { path: path.into(), headline, hunks: Vec::new(), masked: false, added: 0, removed: 0 }
}

/// What the seal would do: on a running machine, with its report written.
pub(super) fn draft(mode: Mode) -> SealDraft {
    let live = mode == Mode::Live;
    let step = |stage, act| SealStep { stage, act };
    let carry = |stage, guideline: &str, title: &str| {
        step(stage, Act::Carry { guideline: guideline.into(), title: title.into() })
    };
    let mut steps = Vec::new();
    if live {
        steps.extend(
            ["cron.service", "rsyslog.service", "unattended-upgrades.service"]
                .map(|unit| step(Stage::Writers, Act::StopUnit { unit: unit.into() })),
        );
        steps.push(step(Stage::Writers, Act::EndShell(shell(812, "app"))));
    }
    steps.push(carry(Stage::Clean, "LOG-01", "Logs of the build are gone"));
    steps.push(carry(Stage::Seal, "KEY-01", "No SSH host key is in the image"));
    if live {
        let journald = Act::StopUnit { unit: "systemd-journald.service".into() };
        steps.extend([Act::EndSessions, journald, Act::Again].map(|act| step(Stage::Off, act)));
    }
    steps.push(step(Stage::Off, Act::Sync));
    if live {
        steps.push(step(Stage::Off, Act::PowerOff));
    }
    let logs = ["syslog", "auth.log", "dpkg.log", "apt/history.log", "apt/term.log", "boot.log", "cloud-init.log"];
    let files = vec![
        logs.iter().map(|log| removed(&format!("/var/log/{log}"), "48 213 bytes")).collect(),
        vec![removed("/etc/ssh/ssh_host_ed25519_key", "411 bytes, masked")],
    ];
    let plan_steps = ["LOG-01", "KEY-01"].map(|id| PlanStep { guideline: id.into(), changes: Vec::new() });
    let left = vec![Refusal {
        guideline: "PRE-01".into(),
        reason: "A person must look and confirm it; no program can.".into(),
    }];
    let plan = Plan { steps: plan_steps.into(), ..Plan::default() };
    SealDraft {
        sealing: Sealing { steps, left, plan, ..Sealing::default() },
        steps: files,
        report: live.then(|| Err("No report of this machine was written. `seaworthy report` writes one.".into())),
        instance: live.then(|| Instance { id: "i-0123456789abcdef0".into(), region: Some("eu-west-1".into()) }),
        ..SealDraft::default()
    }
}

pub(super) fn refused(mode: Mode) -> SealDraft {
    let mut draft = draft(mode);
    draft.sealing.refused.push(Refusal {
        guideline: "SSH-02".into(),
        reason:
            "KEY-06 must pass before KEY-01 is sealed: a copy without host keys starts no sshd. Nothing would make \
                 host keys at the first boot: ssh.service is disabled."
                .into(),
    });
    draft
}

/// The page of the seal.
pub(super) fn sealing(mode: Mode, draft: SealDraft) -> Model {
    let mut model = decided();
    model.subject.mode = mode;
    press(&mut model, &[Key::Char('S')]);
    update(&mut model, Message::SealDrafted(Arc::new(draft)));
    model
}

fn sealed(is_whole: bool) -> Model {
    let mut model = sealing(Mode::Offline, draft(Mode::Offline));
    press(&mut model, &[Key::Char('S')]);
    typed(&mut model, "seal");
    press(&mut model, &[Key::Enter]);
    update(&mut model, Message::Step(ApplyStep::Guideline { number: 1, of: 2, id: "LOG-01".into() }));
    update(&mut model, Message::Step(ApplyStep::Done { what: "removed /var/log/auth.log".into() }));
    update(&mut model, Message::Sealed(Ok(Some("20261122T160000Z-1".into()))));
    if is_whole {
        for (id, _) in findings() {
            let finding = Finding::new(Status::Pass, "As it should be.");
            update(&mut model, Message::Progress(seaworthy::check::Progress::Judged { id: id.into(), finding }));
        }
        update(&mut model, Message::Surveyed);
    } else {
        rechecked(&mut model);
    }
    model
}

/// A run that did not end; whether it can be finished, and taken back.
fn interrupted(how: How, is_undo: bool, (can_finish, can_take_back): (bool, bool)) -> Model {
    let mut model = second_login(false);
    let interrupted = Interrupted { how, is_undo, done: 3, of: 8, can_finish, can_take_back };
    let run = RunSummary { interrupted: Some(interrupted), ..run_summary(RunStanding::Unfinished) };
    update(&mut model, Message::Runs(Ok(vec![run])));
    model
}

fn asked(mut model: Model, said: &str) -> Model {
    press(&mut model, &[Key::Char('S')]);
    typed(&mut model, said);
    model
}

/// Every screen of its own, by name.
pub(super) fn scenes() -> Vec<(&'static str, Model)> {
    let later = {
        let mut model = second_login(false);
        press(&mut model, &[Key::Esc, Key::Esc]);
        model
    };
    let over = {
        let mut model = later.clone();
        let text = "Run 20261122T154139Z-1 was taken back at 2026-11-22 15:43:39 UTC: nobody confirmed that a second login works.";
        update(&mut model, Message::News(vec![text.into()]));
        update(&mut model, Message::Pending(None, NOW + SignedDuration::from_secs(108)));
        update(&mut model, Message::Runs(Ok(vec![run_summary(RunStanding::Undone)])));
        rechecked(&mut model);
        model
    };
    let working = {
        let mut model = asked(sealing(Mode::Live, draft(Mode::Live)), "without report");
        press(&mut model, &[Key::Enter]);
        for line in [
            Line::Note { what: "Looking at the whole machine once more.".into() },
            Line::Step { number: 1, of: 11, stage: Stage::Writers, what: "Stop cron.service.".into() },
            Line::Stopped { unit: "cron.service".into() },
            Line::Step { number: 5, of: 11, stage: Stage::Clean, what: "LOG-01: Logs of the build are gone.".into() },
            Line::Note { what: "removed /var/log/auth.log".into() },
        ] {
            update(&mut model, Message::SealLine(line));
        }
        model
    };
    let stopped = {
        let mut model = working.clone();
        let text = "The seal could not go on: cannot remove /var/log/journal: Read-only file system\nWhat was stopped runs \
                    again: cron.service rsyslog.service.\nRun 20261122T160000Z-1 stays; `seaworthy undo \
                    20261122T160000Z-1` takes it back.";
        update(&mut model, Message::Sealed(Err(Failure { text: text.into(), changed: false })));
        rechecked(&mut model);
        model
    };
    let exported = {
        let mut model = exported(Mode::Live);
        update(&mut model, Message::SealDrafted(Arc::new(draft(Mode::Live))));
        press(&mut model, &[Key::Enter, Key::Enter]);
        model
    };
    let help = {
        let mut model = second_login(false);
        press(&mut model, &[Key::F(1)]);
        model
    };
    vec![
        ("ways-in", ways_in()),
        ("second-login", second_login(false)),
        ("second-login-here", second_login(true)),
        ("second-login-later", later),
        ("second-login-over", over),
        ("second-login-help", help),
        ("seal", sealing(Mode::Offline, draft(Mode::Offline))),
        ("seal-live", sealing(Mode::Live, draft(Mode::Live))),
        ("seal-refused", sealing(Mode::Offline, refused(Mode::Offline))),
        ("confirm-seal", asked(sealing(Mode::Offline, draft(Mode::Offline)), "sea")),
        ("confirm-seal-live", asked(sealing(Mode::Live, draft(Mode::Live)), "9f86d081")),
        ("sealing-live", working),
        ("seal-stopped", stopped),
        ("sealed", sealed(true)),
        ("sealed-not", sealed(false)),
        ("export-seal", exported),
        ("recover-run", interrupted(How::Ended, false, (true, true))),
        ("recover-undo", interrupted(How::Ended, true, (true, true))),
        ("recover-power", interrupted(How::PowerLost, false, (true, false))),
        (
            "recover-stuck",
            interrupted(How::Failed("cannot rename /etc/shadow: no space left".into()), true, (false, false)),
        ),
    ]
}
