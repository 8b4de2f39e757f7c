//! The wizard in every state that has a screen of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use seaworthy::catalogue::{Catalogue, Guideline};
use seaworthy::change::diff::{FileDiff, Line, Sign};
use seaworthy::change::state::{RunSummary, Standing as RunStanding};
use seaworthy::change::{Applied, ApplyStep, Change, Left, Plan, PlanStep, Refusal};
use seaworthy::check::{Allowed, Finding, Observation, Progress, Status};
use seaworthy::image::{Mode, Node};
use seaworthy::playbook::Decision;
use seaworthy::report::Verdict;
use seaworthy::report::handover::{Here, Way};
use seaworthy::wizard::{
    AgentKey, Delivered, Exported, Failure, Key, Message, Model, Planned, Preview, Subject, update,
};

pub(super) fn catalogue() -> Arc<Catalogue> {
    #[derive(serde::Deserialize)]
    struct File {
        guidelines: Vec<Guideline>,
    }
    let file: File = toml::from_str(include_str!("../../fixtures/wizard.toml")).unwrap();
    Arc::new(Catalogue { version: "2026.11", sha256: String::new(), custom: false, guidelines: file.guidelines })
}

/// A wizard that has just been opened.
pub(super) fn opened() -> Model {
    let subject = Subject {
        mode: Mode::Offline,
        mount_point: PathBuf::from("/mnt/image"),
        practice: false,
        partial: false,
        story: String::new(),
        os: Some("Amazon Linux 2023".into()),
        arch: Some("x86_64".into()),
    };
    Model::new(catalogue(), subject, date(2026, 11, 22), "Ada Lovelace".into(), "/srv/reports/ami-1".into())
}

pub(super) fn findings() -> Vec<(&'static str, Finding)> {
    let fail = |summary: &str| Finding::new(Status::Fail, summary);
    vec![
        ("PRE-01", Finding::new(Status::Attest, "Whether there is a snapshot cannot be seen from here.")),
        ("PRE-02", Finding::new(Status::Pass, "Amazon Linux 2023 is supported until 2029-06-30.")),
        ("UPD-01", Finding::new(Status::Unknown, "Not decided: the package lists are 40 days old.")),
        (
            "RED-01",
            fail("2 services are enabled that are seldom needed.")
                .seen([Observation::fact("avahi-daemon.service"), Observation::fact("cups.service")]),
        ),
        (
            "SSH-01",
            fail("Root may log in with a password.").seen([
                Observation::at("/etc/ssh/sshd_config").line(34).text("PermitRootLogin yes"),
                Observation::at("/etc/ssh/sshd_config.d/50-cloud-init.conf").line(2).text("PermitRootLogin yes"),
            ]),
        ),
        ("SSH-02", fail("Passwords are accepted.")),
        ("SSH-11", Finding::new(Status::Pass, "UseDNS is no.")),
        (
            "ACC-01",
            fail("1 account has an empty password.").seen([Observation::at("/etc/shadow").line(7).text("demo:")]),
        ),
        ("WIN-01", Finding::new(Status::NotApplicable, "This is a Linux image.")),
        (
            "KEY-04",
            fail("A private key was found.")
                .seen([Observation::at("/home/ec2-user/ke\u{202e}y\u{7}.pem").line(1).text("-----BEGIN OPEN…")]),
        ),
        ("LOG-01", fail("14 logs hold lines of the build.")),
        ("KEY-01", fail("3 host keys are on the image.")),
        ("PRD-19", Finding::new(Status::Attest, "The listing cannot be seen from here.")),
    ]
}

pub(super) fn line(sign: Sign, old: Option<usize>, new: Option<usize>, pieces: &[(bool, &str)]) -> Line {
    Line { sign, old, new, pieces: pieces.iter().map(|(d, t)| (*d, (*t).to_owned())).collect(), no_newline: false }
}

pub(super) fn sshd_diff() -> FileDiff {
    FileDiff {
        path: "/etc/ssh/sshd_config".into(),
        headline: "edited".into(),
        hunks: vec![vec![
            line(Sign::Same, Some(32), Some(32), &[(false, "# Authentication:\n")]),
            line(Sign::Same, Some(33), Some(33), &[(false, "\tLoginGraceTime 2m\n")]),
            line(Sign::Removed, Some(34), None, &[(false, "PermitRootLogin "), (true, "yes\u{200b}"), (false, "\n")]),
            line(
                Sign::Added,
                None,
                Some(34),
                &[(false, "PermitRootLogin "), (true, "prohibit-password"), (false, "\n")],
            ),
            line(Sign::Same, Some(35), Some(35), &[(false, "StrictModes yes\n")]),
        ]],
        masked: false,
        added: 1,
        removed: 1,
    }
}

pub(super) fn shadow_diff() -> FileDiff {
    FileDiff {
        path: "/etc/shadow".into(),
        headline: "edited".into(),
        hunks: vec![vec![
            line(Sign::Removed, Some(7), None, &[(false, "demo:"), (true, ""), (false, ":19000:0:99999:7:::\n")]),
            line(Sign::Added, None, Some(7), &[(false, "demo:"), (true, "!"), (false, ":19000:0:99999:7:::\n")]),
        ]],
        masked: true,
        added: 1,
        removed: 1,
    }
}

/// All judged, nothing decided.
pub(super) fn judged() -> Model {
    let mut model = opened();
    for (id, finding) in findings() {
        update(&mut model, Message::Progress(Progress::Judged { id: id.into(), finding }));
    }
    update(&mut model, Message::Progress(Progress::Swept { files: 41_234, bytes: 1_834_000_000, left: None }));
    update(&mut model, Message::Surveyed);
    model.previews.insert("SSH-01".into(), Preview::Changes(vec![sshd_diff()]));
    model
}

/// All judged but what the sweep judges, which is under way and has found something.
pub(super) fn sweeping() -> Model {
    let mut model = opened();
    for (id, finding) in findings().into_iter().filter(|(id, _)| *id != "KEY-04") {
        update(&mut model, Message::Progress(Progress::Judged { id: id.into(), finding }));
    }
    let left = Some(Duration::from_secs(33));
    update(&mut model, Message::Progress(Progress::Swept { files: 12_345, bytes: 1_345_678_901, left }));
    let seen = hidden_keys();
    update(&mut model, Message::Progress(Progress::Found { id: "KEY-04".into(), places: seen.len(), seen }));
    model.selected = Some("KEY-04".into());
    model
}

/// What a sweep may find: in a file with an odd name, in one far away, in an archive, and more than once in one file.
pub(super) fn hidden_keys() -> Vec<Observation> {
    let far = "/var/lib/containers/storage/overlay/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08/diff/srv/app/config/keys/server.key";
    let seen = [
        Observation::at("/home/ec2-user/ke\u{202e}y\u{7}.pem").line(1).text("-----BEGIN OPENSSH PRIVATE KEY-----"),
        Observation::at("/opt/backup.tar.gz").line(7).text("in srv/www/releases/2026-11-01/vendor/acme/settings/production/tls/private.pem: -----BEGIN RSA PRIVATE KEY-----"),
        Observation::at("/opt/app/deploy.sh").line(12).text("-----BEGIN EC PRIVATE KEY-----"),
        Observation::at(far).line(1).text("-----BEGIN PRIVATE KEY-----"),
        Observation::at("/opt/app/deploy.sh").line(40).text("-----BEGIN PRIVATE KEY-----"),
    ];
    let allowed = Allowed { reason: "a key of the tests".into(), until: date(2027, 1, 31), by: None };
    let ruled = |seen: Observation| Observation {
        allowed: (seen.line == Some(40)).then(|| allowed.clone()),
        rule: Some("private-key".into()),
        ..seen
    };
    seen.map(ruled).into()
}

/// The same, once it is through.
pub(super) fn hits() -> Model {
    let mut model = sweeping();
    let finding = Finding::new(Status::Fail, "4 files hold a private key.").seen(hidden_keys());
    update(&mut model, Message::Progress(Progress::Judged { id: "KEY-04".into(), finding }));
    update(&mut model, Message::Surveyed);
    let removed = |path: &str| FileDiff {
        path: path.into(),
        headline: "removed, 411 bytes".into(),
        hunks: Vec::new(),
        masked: false,
        added: 0,
        removed: 0,
    };
    let why = "it is in srv/www/…/private.pem, inside an archive. Build the archive anew without it, or remove it.";
    let left = Left { path: "/opt/backup.tar.gz".into(), what: format!("/opt/backup.tar.gz, line 7: {why}") };
    let cut = FileDiff { headline: "edited".into(), removed: 2, ..removed("/opt/app/deploy.sh") };
    let preview = Preview::Part(vec![removed("/home/ec2-user/ke\u{202e}y\u{7}.pem"), cut], vec![left]);
    update(&mut model, Message::Previewed("KEY-04".into(), preview));
    model
}

pub(super) fn press(model: &mut Model, keys: &[Key]) {
    for key in keys {
        update(model, Message::Key(*key));
    }
}

pub(super) fn typed(model: &mut Model, text: &str) {
    for character in text.chars() {
        update(model, Message::Key(Key::Char(character)));
    }
}

/// With a decision of each sort.
pub(super) fn decided() -> Model {
    let mut model = judged();
    model.selected = Some("SSH-01".into());
    press(&mut model, &[Key::Char(' ')]);
    model.selected = Some("RED-01".into());
    press(&mut model, &[Key::Enter, Key::Up, Key::Up, Key::Down, Key::Enter]);
    typed(&mut model, "the product needs mDNS");
    press(&mut model, &[Key::Enter, Key::Enter, Key::Enter]);
    model.selected = Some("PRE-01".into());
    press(&mut model, &[Key::Enter, Key::Enter, Key::Enter, Key::Enter]);
    model.selected = Some("SSH-01".into());
    model.notice = None;
    model
}

pub(super) fn planned(with_command: bool) -> Arc<Planned> {
    let change = |path: &str| Change::Path {
        path: path.into(),
        before: Some(Node::new_file(*b"a\n", 0o644)),
        after: Some(Node::new_file(*b"b\n", 0o644)),
        secret: false,
    };
    let step = |id: &str, changes| PlanStep { guideline: id.into(), changes };
    let mut steps =
        vec![step("SSH-01", vec![change("/etc/ssh/sshd_config")]), step("ACC-01", vec![change("/etc/shadow")])];
    let mut diffs = vec![vec![sshd_diff()], vec![shadow_diff()]];
    if with_command {
        let argv = vec!["/usr/bin/dnf".into(), "upgrade".into(), "--security".into()];
        steps.push(step("UPD-01", vec![Change::Command { argv, purpose: "Installs security updates.".into() }]));
        diffs.push(vec![FileDiff {
            path: PathBuf::new(),
            headline: "/usr/bin/dnf upgrade --security".into(),
            hunks: Vec::new(),
            masked: false,
            added: 0,
            removed: 0,
        }]);
    }
    let refused = vec![Refusal {
        guideline: "SSH-02".into(),
        reason: "it needs KEY-06 first: no key would open SSH on the next boot.".into(),
    }];
    Arc::new(Planned { plan: Plan { steps, refused, ..Plan::default() }, steps: diffs, ..Planned::default() })
}

pub(super) fn run_summary(standing: RunStanding) -> RunSummary {
    RunSummary {
        id: "20261122T154139Z-1".into(),
        at: "2026-11-22T15:41:39Z".into(),
        guidelines: vec!["SSH-01".into(), "ACC-01".into()],
        standing,
        interrupted: None,
    }
}

pub(super) fn reviewing(with_command: bool) -> Model {
    let mut model = decided();
    press(&mut model, &[Key::Char('r')]);
    update(&mut model, Message::Planned(planned(with_command)));
    model
}

pub(super) fn working() -> Model {
    let mut model = reviewing(false);
    press(&mut model, &[Key::Char('a'), Key::Char('y')]);
    for step in [
        ApplyStep::Guideline { number: 1, of: 2, id: "SSH-01".into() },
        ApplyStep::Done { what: "edited /etc/ssh/sshd_config".into() },
        ApplyStep::Output { line: "sshd: no complaint".into() },
        ApplyStep::Guideline { number: 2, of: 2, id: "ACC-01".into() },
    ] {
        update(&mut model, Message::Step(step));
    }
    model
}

pub(super) fn rechecked(model: &mut Model) {
    for (id, mut finding) in findings() {
        if ["SSH-01", "ACC-01"].contains(&id) {
            finding = Finding::new(Status::Pass, "As it should be.");
        }
        update(model, Message::Progress(Progress::Judged { id: id.into(), finding }));
    }
    update(model, Message::Surveyed);
}

pub(super) fn applied() -> Model {
    let mut model = working();
    let applied = Applied {
        run: "20261122T154139Z-1".into(),
        guidelines: vec!["SSH-01".into(), "ACC-01".into()],
        warnings: Vec::new(),
        pending: None,
    };
    update(&mut model, Message::Applied(Ok(applied)));
    update(&mut model, Message::Runs(Ok(vec![run_summary(RunStanding::Done)])));
    rechecked(&mut model);
    model
}

/// The way of the report, at its beginning.
pub(super) fn exporting(mode: Mode) -> Model {
    let mut model = decided();
    model.subject.mode = mode;
    press(&mut model, &[Key::Char('e')]);
    let key = AgentKey {
        fingerprint: "SHA256:nV3YmrFzYp9sQW1cQkE0zR9m1gHq3o5hYpJd2bQ4v8w".into(),
        comment: "ada@laptop".into(),
        kind: "ssh-ed25519".into(),
    };
    update(&mut model, Message::AgentKeys(Ok(vec![key])));
    model
}

/// Before who signs.
fn signing() -> Model {
    let mut model = exporting(Mode::Offline);
    press(&mut model, &[Key::Enter, Key::Enter]);
    model
}

/// The report is made.
pub(super) fn exported(mode: Mode) -> Model {
    let mut model = exporting(mode);
    press(&mut model, &[Key::Enter, Key::Enter, Key::Enter]);
    let mut exported = exported_report();
    exported.here = (mode == Mode::Live).then(here);
    update(&mut model, Message::Exported(Ok(Box::new(exported))));
    model
}

/// Before how it leaves the machine, by the way that is so many rows down.
fn leaving(mode: Mode, down: usize) -> Model {
    let mut model = exported(mode);
    press(&mut model, &[Key::Enter]);
    press(&mut model, &vec![Key::Down; down]);
    model
}

/// A session over SSH into an instance.
fn here() -> Here {
    Here {
        program: "/home/admin/seaworthy".into(),
        way: Some(Way::Ssh),
        user: Some("admin".into()),
        host: None,
        port: Some(22),
        instance: Some("i-0123456789abcdef0".into()),
        region: Some("eu-west-1".into()),
        swap: vec!["/swapfile".into()],
    }
}

/// Every screen by name.
pub(super) fn scenes() -> Vec<(&'static str, Model)> {
    let mut scenes = Vec::new();
    let mut survey = opened();
    survey.subject.practice = true;
    survey.subject.story = "A colleague built this image in a hurry, and left.".into();
    for (id, finding) in findings().into_iter().take(5) {
        update(&mut survey, Message::Progress(Progress::Judged { id: id.into(), finding }));
    }
    scenes.push(("survey", survey));
    scenes.push(("sweep", {
        let mut model = sweeping();
        model.selected = None;
        model
    }));
    scenes.push(("sweep-found", sweeping()));
    let mut paused = sweeping();
    press(&mut paused, &[Key::Char('p')]);
    scenes.push(("sweep-paused", paused));
    scenes.push(("hits", hits()));
    scenes.push(("overview", {
        let mut model = decided();
        model.selected = None;
        model
    }));
    scenes.push(("hub", decided()));
    let with = |keys: &[Key]| {
        let mut model = decided();
        press(&mut model, keys);
        model
    };
    scenes.push(("hub-details", with(&[Key::Tab, Key::Down, Key::Down])));
    scenes.push(("hub-not-now", with(&[Key::Char('u')])));
    let mut filter = with(&[Key::Char('/')]);
    typed(&mut filter, "fail ssh");
    scenes.push(("filter", filter));
    scenes.push(("diff", with(&[Key::Char('d')])));
    let mut search = reviewing(true);
    press(&mut search, &[Key::Char('d'), Key::Char('/')]);
    typed(&mut search, "demo");
    press(&mut search, &[Key::Enter]);
    scenes.push(("diff-plan", search));
    scenes.push(("choices", with(&[Key::Enter])));
    let mut waive =
        with(&[Key::Char('n'), Key::Char('n'), Key::Enter, Key::Up, Key::Up, Key::Up, Key::Down, Key::Enter]);
    typed(&mut waive, "too short");
    press(&mut waive, &[Key::Enter, Key::Enter, Key::Enter]);
    scenes.push(("waive", waive));
    let mut attest = judged();
    attest.selected = Some("PRE-01".into());
    press(&mut attest, &[Key::Enter, Key::Enter]);
    scenes.push(("attest", attest));
    scenes.push(("by-hand", with(&[Key::Enter, Key::Down, Key::Down, Key::Down, Key::Enter])));
    scenes.push(("review", reviewing(true)));
    let mut careful = reviewing(false);
    let mut removing = Planned::clone(&planned(false));
    removing.plan.refused.clear();
    removing.plan.steps[1].guideline = "KEY-01".into();
    removing.steps[1][0].path = "/etc/ssh/ssh_host_rsa_key".into();
    careful.playbook.decisions.insert("SSH-02".into(), Decision::Apply);
    update(&mut careful, Message::Planned(Arc::new(removing)));
    scenes.push(("review-careful", careful.clone()));
    press(&mut careful, &[Key::Char('a')]);
    scenes.push(("confirm-careful", careful));
    let mut confirm = reviewing(false);
    press(&mut confirm, &[Key::Char('a')]);
    scenes.push(("confirm", confirm));
    let mut word = reviewing(true);
    press(&mut word, &[Key::Char('a')]);
    typed(&mut word, "appl");
    scenes.push(("confirm-word", word));
    scenes.push(("working", working()));
    scenes.push(("result", applied()));
    let mut failed = working();
    let text =
        "/etc/shadow changed since the preview; nothing of this run was kept. Look at the new diff and apply again";
    update(&mut failed, Message::Applied(Err(Failure { text: text.into(), changed: true })));
    rechecked(&mut failed);
    scenes.push(("result-failed", failed));
    scenes.extend(ways_out());
    let mut recover = judged();
    update(&mut recover, Message::Runs(Ok(vec![run_summary(RunStanding::Unfinished)])));
    scenes.push(("recover", recover));
    scenes.push(("help", with(&[Key::Char('?')])));
    let mut message = judged();
    update(
        &mut message,
        Message::Failed("Your decisions could not be kept: cannot write /run/seaworthy: no space left.".into()),
    );
    scenes.push(("message", message));
    scenes
}

/// The way of the report, step by step, by name.
fn ways_out() -> Vec<(&'static str, Model)> {
    let mut scenes = Vec::new();
    scenes.push(("export", exporting(Mode::Offline)));
    let mut vouched = exporting(Mode::Live);
    press(&mut vouched, &[Key::Enter]);
    scenes.push(("export-vouched", vouched));
    let mut agent = signing();
    press(&mut agent, &[Key::Down]);
    scenes.push(("export-agent", agent));
    let mut no_agent = signing();
    let why = "No ssh-agent can be reached: SSH_AUTH_SOCK is not set. Start one, connect with `ssh -A`, or sign later on \
               your own machine (recommended).";
    update(&mut no_agent, Message::AgentKeys(Err(why.into())));
    scenes.push(("export-no-agent", no_agent.clone()));
    press(&mut no_agent, &[Key::Down, Key::Enter]);
    scenes.push(("export-key-file", no_agent));
    scenes.push(("export-digest", exported(Mode::Offline)));
    scenes.push(("export-where", leaving(Mode::Live, 0)));
    scenes.push(("export-where-manager", leaving(Mode::Live, 1)));
    scenes.push(("export-where-console", leaving(Mode::Live, 2)));
    let mut delivered = leaving(Mode::Offline, 0);
    press(&mut delivered, &[Key::Enter]);
    update(
        &mut delivered,
        Message::Delivered(Ok(Delivered {
            directory: "/srv/reports/ami-1".into(),
            files: ["report.json", "report.html", "report.md", "VERIFY.txt"].map(str::to_owned).into(),
        })),
    );
    scenes.push(("export-delivered", delivered));
    scenes
}

pub(super) fn exported_report() -> Exported {
    Exported {
        size: 48_213,
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        verdict: Verdict::NotSeaworthy,
        signed_by: None,
        signers_line: None,
        not_signed: None,
        signer_name: "ada.lovelace".into(),
        here: None,
    }
}
