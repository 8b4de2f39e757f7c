//! A report and a signer for the tests of this room.

use base64ct::{Base64, Encoding};
use jiff::{SignedDuration, Timestamp};
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::sshsig::{Hash, NAMESPACE, PublicKey, SshSig, to_be_signed, wire::put_string};
use super::*;
use crate::catalogue::{Catalogue, Check, Guideline, Phase, Severity, Source};
use crate::change::decisions::DecisionEvent;
use crate::change::journal::{Event, JournalLine, Trace};
use crate::check::{Finding, Findings, Observation, Status};
use crate::playbook::{Decision, Playbook};

/// A key made from a seed; a test key, nobody's.
pub(crate) struct TestKey(Ed25519KeyPair);

impl TestKey {
    pub(crate) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    pub(crate) fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        put_string(&mut blob, b"ssh-ed25519");
        put_string(&mut blob, self.0.public_key().as_ref());
        blob
    }

    pub(crate) fn line(&self) -> String {
        format!("ssh-ed25519 {}", Base64::encode_string(&self.blob()))
    }

    pub(crate) fn raw(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    /// An SSH signature of `message` itself, as an agent gives it.
    pub(crate) fn ssh_signature(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = Vec::new();
        put_string(&mut signature, b"ssh-ed25519");
        put_string(&mut signature, &self.raw(message));
        signature
    }

    pub(crate) fn sign(&self, namespace: &str, message: &[u8]) -> String {
        let signature = self.ssh_signature(&to_be_signed(namespace, Hash::Sha512, message));
        let key = PublicKey::parse(&self.blob()).unwrap();
        SshSig { key, namespace: namespace.into(), hash: Hash::Sha512, signature }.armour()
    }

    pub(crate) fn sign_report(&self, message: &[u8]) -> String {
        self.sign(NAMESPACE, message)
    }
}

/// A signature of `message` by a FIDO token made in software, with the flags it sets (PROTOCOL.u2f), and its `.pub` line.
pub(crate) fn fido(message: &[u8], flags: u8) -> (String, String) {
    const KIND: &[u8] = b"sk-ssh-ed25519@openssh.com";
    let token = TestKey::new(9);
    let mut blob = Vec::new();
    put_string(&mut blob, KIND);
    put_string(&mut blob, token.0.public_key().as_ref());
    put_string(&mut blob, b"ssh:");
    let counter = 42_u32.to_be_bytes();
    let digest = sha256(&to_be_signed(NAMESPACE, Hash::Sha512, message));
    let signed = [&sha256(b"ssh:")[..], &[flags], &counter, &digest].concat();
    let mut signature = Vec::new();
    put_string(&mut signature, KIND);
    put_string(&mut signature, &token.raw(&signed));
    signature.push(flags);
    signature.extend_from_slice(&counter);
    let key = PublicKey::parse(&blob).unwrap();
    let line = format!("{} {}", key.kind(), Base64::encode_string(&blob));
    (SshSig { key, namespace: NAMESPACE.into(), hash: Hash::Sha512, signature }.armour(), line)
}

pub(crate) fn catalogue() -> Catalogue {
    use Phase::{Harden, Listing, Preflight, Seal};
    use Severity::{Optional, Recommended, Required};
    let guideline = |id: &str, title: &str, severity, phase, attest: Option<&str>| Guideline {
        id: id.into(),
        title: title.into(),
        severity,
        phase,
        sources: vec![Source { page: "Shared AMIs".into(), section: "Disable root logins".into() }],
        asks: "Asks for something.".into(),
        why: "Because of somebody.".into(),
        by_hand: "sudo rm /root/.ssh/authorized_keys\nsudo sync".into(),
        danger: "Little.".into(),
        attest: attest.map(str::to_owned),
        needs: Vec::new(),
        after: Vec::new(),
        check: Check::Attest,
        fix: None,
        no_fix: None,
        only_by_name: false,
    };
    Catalogue {
        version: "2026.11",
        sha256: sha256_hex(b"catalogue"),
        custom: false,
        guidelines: vec![
            guideline("OSL-01", "The distribution is maintained", Recommended, Preflight, None),
            guideline("SSH-04", "Root cannot log in with a password", Required, Harden, None),
            guideline("SSH-13", "sshd does not look up names", Required, Harden, None),
            guideline("ACC-02", "No password hash is on the image", Required, Harden, None),
            guideline("WIN-01", "Remote Desktop is set up", Optional, Harden, None),
            guideline("KEY-01", "No host keys are on the image", Required, Seal, None),
            guideline(
                "PRD-13",
                "Penetration tests were made",
                Required,
                Listing,
                Some("We had the product tested by people who know how."),
            ),
        ],
    }
}

pub(crate) fn findings(ssh: Status) -> Findings {
    let root = Finding::new(
        ssh,
        if ssh == Status::Pass { "Root may not log in." } else { "Root may log in with a password." },
    );
    vec![
        ("OSL-01".into(), Finding::new(Status::Unknown, "Its end of life is not known.")),
        ("SSH-04".into(), root.seen([Observation::at("/etc/ssh/sshd_config").line(2).text("PermitRootLogin yes")])),
        ("SSH-13".into(), Finding::new(Status::Fail, "UseDNS is on.")),
        (
            "ACC-02".into(),
            Finding::new(ssh, "One password hash.")
                .seen([Observation::at("/etc/shadow").line(1).text("root:$6$… (86 more characters)")]),
        ),
        ("WIN-01".into(), Finding::new(Status::NotApplicable, "This is no Windows image.")),
        ("KEY-01".into(), Finding::new(Status::Pass, "There are none.")),
        ("PRD-13".into(), Finding::new(Status::Attest, "Only you can know.")),
    ]
}

pub(crate) fn playbook() -> Playbook {
    let until = "2027-03-31".parse().unwrap();
    let waiver =
        Decision::Waive { reason: "The console needs it until 3.2 is out.".into(), until, by: "Ann Example".into() };
    let attest = Decision::Attest { by: "Ann Example".into(), note: "SEC-1234".into() };
    let decisions = [("SSH-04", Decision::Apply), ("ACC-02", Decision::Apply), ("SSH-13", waiver), ("PRD-13", attest)];
    let decisions = decisions.map(|(id, decision)| (id.to_owned(), decision)).into();
    Playbook { decisions, ..Playbook::default() }
}

pub(crate) fn image() -> ImageInfo {
    ImageInfo {
        os: Some(OsInfo {
            id: "debian".into(),
            version_id: "12".into(),
            pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
        }),
        arch: Some("x86_64".into()),
        ..ImageInfo::unknown(Mode::Offline, "/mnt/image".into())
    }
}

/// A mounted image has no identity of its own.
pub(crate) fn identity() -> Identity {
    Identity::unavailable(IdentityOf::Inspector, "the image is not running")
}

/// The identity of an instance of `image`; its document is not signed. It goes with [`Mode::Live`].
pub(crate) fn identity_on(image: &str) -> Identity {
    identity_of("i-0123456789abcdef0", image, "2026-11-22T14:30:00Z")
}

/// The same of an instance that AWS started at a time.
pub(crate) fn identity_of(instance: &str, image: &str, started: &str) -> Identity {
    let document = format!(
        r#"{{"accountId":"123456789012","imageId":"{image}","instanceId":"{instance}","pendingTime":"{started}","region":"us-east-1"}}"#
    );
    Identity {
        of: IdentityOf::Image,
        claims: Some(InstanceInfo {
            instance_id: Some(instance.into()),
            image_id: Some(image.into()),
            region: Some("us-east-1".into()),
            account_id: Some("123456789012".into()),
        }),
        document_sha256: Some(sha256_hex(document.as_bytes())),
        document: Some(Base64::encode_string(document.as_bytes())),
        rsa2048: None,
        fetched_at: Some(NOW.parse().unwrap()),
        unavailable: Some("a test gives no signature".into()),
    }
}

pub(crate) const NOW: &str = "2026-11-22T16:00:00Z";

/// A report with one of everything; its verdict is `seaworthy-with-waivers`.
pub(crate) fn sample() -> Report {
    let (catalogue, playbook) = (catalogue(), playbook());
    let decided = decisions(&catalogue, &playbook, &findings(Status::Pass), "Ann Example");
    let decided: Vec<Event> = decided.into_values().map(Event::Decision).collect();
    let mut report = record(&ReportInput {
        report_id: "01JD8Q4Z6T7W8X9Y0ABCDEFGHJ".into(),
        tool: Tool {
            name: "seaworthy".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            commit: None,
            target: "x86_64-linux-gnu".into(),
            binary_sha256: None,
            arguments: Vec::new(),
        },
        image: image(),
        catalogue: &catalogue,
        before: &findings(Status::Fail),
        after: &findings(Status::Pass),
        playbook: &playbook,
        runs: &[],
        journal: &journal(&decided).lines,
        unread: &[],
        kind: Kind::Build,
        identity: identity(),
        operator: Operator::default(),
        clock: Clock::default(),
        duration_ms: 1200,
        previous: None,
        own_traces: Vec::new(),
        started_at: "2026-11-22T15:00:00.25Z".parse().unwrap(),
        now: NOW.parse().unwrap(),
        challenge: Some("case 4711"),
        publisher: "Ann Example, Example Ltd",
    });
    let diff = "--- a/etc/ssh/sshd_config\n+++ b/etc/ssh/sshd_config\n@@ -1,2 +1,2 @@\n Port 22\n-PermitRootLogin yes\n+PermitRootLogin no\n";
    let file = |content: &str| NodeRecord {
        kind: NodeKind::File,
        sha256: Some(sha256_hex(content.as_bytes())),
        size: Some(content.len() as u64),
        mode: Some("0644".into()),
        uid: 0,
        gid: 0,
        target: None,
        withheld: None,
    };
    let shadow = NodeRecord { sha256: None, size: None, withheld: Some(Withheld::Secret), ..file("") };
    let change = ChangeRecord {
        id: "C001".into(),
        run: "20261122T150500Z-1".into(),
        guideline: "SSH-04".into(),
        path: "/etc/ssh/sshd_config".into(),
        kind: ChangeKind::Edit,
        headline: "edited".into(),
        before: Some(file("Port 22\nPermitRootLogin yes\n")),
        after: Some(file("Port 22\nPermitRootLogin no\n")),
        secret: false,
        reversible: true,
        journal_seq: None,
        diff_sha256: Some(sha256_hex(diff.as_bytes())),
        diff: Some(diff.into()),
        diff_truncated: false,
    };
    let masked = "--- a/etc/shadow\n+++ b/etc/shadow\n@@ -1,1 +1,1 @@\n-root:…:19000:0\n+root:!*:19000:0\n";
    let secret = ChangeRecord {
        id: "C002".into(),
        guideline: "ACC-02".into(),
        path: "/etc/shadow".into(),
        before: Some(shadow.clone()),
        after: Some(shadow),
        secret: true,
        diff_sha256: Some(sha256_hex(masked.as_bytes())),
        diff: Some(masked.into()),
        ..change.clone()
    };
    for (guideline, id) in [("SSH-04", "C001"), ("ACC-02", "C002")] {
        let record = report.guidelines.iter_mut().find(|record| record.id == guideline).unwrap();
        record.changes.push(id.into());
        record.result = Outcome::Fixed;
    }
    report.changes = vec![change, secret];
    retell(&mut report);
    report
}

/// Has the journal tell of what `report` says was decided and changed, as one who holds the key could before signing.
pub(crate) fn retell(report: &mut Report) {
    report.journal = journal(&events(report));
    let lines: Vec<JournalLine> = report.journal.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        let (at, seq) = (line.at.parse().ok(), Some(line.seq));
        match &line.event {
            Event::Decision(made) => {
                let record = report.guidelines.iter_mut().find(|record| record.id == made.guideline).unwrap();
                let decision = record.decision.as_mut().unwrap();
                (decision.at, decision.journal_seq) = (at, seq);
                for attestation in report.attestations.iter_mut().filter(|one| one.guideline == made.guideline) {
                    (attestation.at, attestation.journal_seq) = (at, seq);
                }
            }
            Event::Change { number, .. } => report.changes[*number].journal_seq = seq,
            _ => {}
        }
    }
}

/// A journal with these events, one a second.
pub(crate) fn journal(events: &[Event]) -> Journal {
    journal_from(RUN.parse().unwrap(), events)
}

/// When the sample's run began.
const RUN: &str = "2026-11-22T15:05:00Z";

fn journal_from(begun: Timestamp, events: &[Event]) -> Journal {
    let mut lines: Vec<String> = Vec::new();
    for (seq, event) in (0..).zip(events) {
        let prev = lines.last().map_or_else(|| sha256_hex(b"genesis"), |line| sha256_hex(line.as_bytes()));
        let at = (begun + SignedDuration::from_secs(seq.try_into().unwrap())).to_string();
        let line = JournalLine { seq, at, prev, event: event.clone() };
        lines.push(serde_json::to_string(&line).unwrap());
    }
    Journal { count: lines.len(), head: lines.last().map(|line| sha256_hex(line.as_bytes())), lines }
}

/// The events that `report` tells of: its decisions, and the one run that made its changes.
pub(crate) fn events(report: &Report) -> Vec<Event> {
    let trace = |node: &NodeRecord| Trace {
        what: "file".into(),
        sha256: node.sha256.clone().or(Some("withheld".into())),
        size: node.size,
        target: None,
        mode: "0644".into(),
        uid: 0,
        gid: 0,
    };
    let attestation = |id: &str| report.attestations.iter().find(|attestation| attestation.guideline == id);
    let decision = |record: &GuidelineRecord| {
        let made = record.decision.clone()?;
        let attestation = attestation(&record.id);
        Some(DecisionEvent {
            guideline: record.id.clone(),
            choice: made.choice,
            by: made.by,
            reason: made.reason,
            until: made.until,
            statement: attestation.map(|attestation| attestation.statement.clone()),
            note: attestation.and_then(|attestation| attestation.note.clone()),
        })
    };
    let mut decided: Vec<DecisionEvent> = report.guidelines.iter().filter_map(decision).collect();
    decided.sort_by(|one, other| one.guideline.cmp(&other.guideline));
    let mut events: Vec<Event> = decided.into_iter().map(Event::Decision).collect();
    events.push(Event::Begin { run: "20261122T150500Z-1".into(), guidelines: vec!["SSH-04".into(), "ACC-02".into()] });
    events.extend(report.changes.iter().enumerate().map(|(number, change)| Event::Change {
        number,
        guideline: change.guideline.clone(),
        path: change.path.clone(),
        before: change.before.as_ref().map(trace),
        after: change.after.as_ref().map(trace),
    }));
    events.extend((0..report.changes.len()).map(|number| Event::Done { number }));
    events.push(Event::End);
    events
}

/// The journal of `report`, which tells that it goes on from `previous`.
pub(crate) fn continuing(report: &Report, previous: &Previous) -> Journal {
    let Previous { report_id, sha256, signer, .. } = previous.clone();
    let mut events = events(report);
    events.push(Event::Previous { report_id, sha256, signer });
    journal_from(report.started_at.max(RUN.parse().unwrap()), &events)
}
