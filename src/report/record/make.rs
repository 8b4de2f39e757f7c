//! Makes the record from findings, decisions and what was carried out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;

use super::decisions::{attestation, decided, decision};
use super::runs::runs;
use super::{
    CatalogueInfo, ChangeKind, ChangeRecord, Clock, CommandRecord, DecisionRecord, FORMAT, FindingRecord, FinishStep,
    GuidelineRecord, Identity, ImageInfo, Journal, Kind, Mode, NodeKind, NodeRecord, ObservationRecord, Operator,
    OwnTrace, Previous, Report, Summary, Tool, Withheld, to_bytes,
};
use crate::catalogue::{Catalogue, Guideline};
use crate::change::decisions::{self, Told};
use crate::change::diff::{self, FileDiff, Sign};
use crate::change::journal::{Event, JournalLine};
use crate::change::{Change, Plan};
use crate::check::{Finding, Findings, Status};
use crate::image::text::{cut, path, visible};
use crate::image::{self, Body, Node};
use crate::playbook::{Choice, Playbook};
use crate::report::sha256_hex;
use crate::report::verdict::{Counts, Outcome, outcome, verdict};

/// What a report is made from.
#[derive(Debug, Clone)]
pub struct ReportInput<'a> {
    /// The report's name: [`crate::report::new_id`], fixed in tests.
    pub report_id: String,
    /// The program: [`Tool::current`], fixed in tests.
    pub tool: Tool,
    /// The image: [`ImageInfo::of`].
    pub image: ImageInfo,
    /// The guidelines.
    pub catalogue: &'a Catalogue,
    /// How they stood before the first run of this preparation, where that is known; else as `after`.
    pub before: &'a Findings,
    /// How they stand now.
    pub after: &'a Findings,
    /// What was decided.
    pub playbook: &'a Playbook,
    /// Every run that was carried out and not taken back: its id and plan.
    pub runs: &'a [(String, Plan)],
    /// Every journal line of this preparation, runs that were taken back included.
    pub journal: &'a [String],
    /// What the sweep could not read.
    pub unread: &'a [image::Error],
    /// What was looked at.
    pub kind: Kind,
    /// What AWS says of this machine.
    pub identity: Identity,
    /// Who runs the program.
    pub operator: Operator,
    /// This machine's clock.
    pub clock: Clock,
    /// How long the check took, in milliseconds.
    pub duration_ms: u64,
    /// The report it goes on from.
    pub previous: Option<Previous>,
    /// What the program left on the image.
    pub own_traces: Vec<OwnTrace>,
    /// When the preparation began.
    pub started_at: Timestamp,
    /// Now; fixed in tests.
    pub now: Timestamp,
    /// A word from the reviewer that must appear in the report.
    pub challenge: Option<&'a str>,
    /// The name the publisher typed.
    pub publisher: &'a str,
}

/// The most observations of one finding that are listed.
const OBSERVATIONS: usize = 100;
/// The most characters of an observation's text.
const TEXT_CHARS: usize = 400;
/// The most characters of a summary or a path.
const LINE_CHARS: usize = 4096;
/// The largest diff of one change: 256 KiB.
const DIFF_LIMIT: usize = 256 << 10;
/// The largest report that is written without cutting: half of what is read, so that what is written can be read.
const WRITE_LIMIT: usize = 8 << 20;
/// The most paths that are named as unread.
const UNREAD: usize = 50;

/// Makes the record. Pure: what it is made from is all in `input`.
pub fn record(input: &ReportInput<'_>) -> Report {
    let lines: Vec<JournalLine> = input.journal.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    // The last line may be newer than the caller's look at the clock, and where that was set back it is not waited for.
    let last = lines.last().and_then(|line| line.at.parse().ok());
    let generated_at = whole_seconds(input.now.max(last.unwrap_or(Timestamp::MIN)));
    let today = generated_at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let told = decisions::told(&lines);
    let (mut changes, mut commands) = carried_out(input.runs);
    number(&mut changes, &mut commands, &lines);
    let mut made: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (guideline, id) in changes.iter().map(|change| (&change.guideline, &change.id)) {
        made.entry(guideline).or_default().push(id.clone());
    }
    for (guideline, id) in commands.iter().map(|command| (&command.guideline, &command.id)) {
        made.entry(guideline).or_default().push(id.clone());
    }
    let guidelines: Vec<GuidelineRecord> = input
        .catalogue
        .guidelines
        .iter()
        .map(|guideline| guideline_record(input, guideline, made.remove(guideline.id.as_str()), &told, today))
        .collect();
    let attestations = guidelines.iter().filter_map(|record| attestation(input, record, &told)).collect();
    let live = leaves_for_seal(input.kind, input.image.mode);
    let standing = guidelines.iter().map(|record| (record.severity, record.after.status, record.decided(live, today)));
    let summary =
        Summary { verdict: verdict(standing), counts: Counts::of(guidelines.iter().map(|record| record.after.status)) };
    let mut report = Report {
        format: FORMAT.to_owned(),
        report_id: input.report_id.clone(),
        kind: input.kind,
        generated_at,
        started_at: whole_seconds(input.started_at.min(generated_at)),
        duration_ms: input.duration_ms,
        clock: input.clock.clone(),
        tool: input.tool.clone(),
        catalogue: CatalogueInfo {
            version: input.catalogue.version.to_owned(),
            sha256: input.catalogue.sha256.clone(),
            custom: input.catalogue.custom,
            guidelines: input.catalogue.guidelines.len(),
        },
        image: input.image.clone(),
        identity: input.identity.clone(),
        operator: input.operator.clone(),
        publisher: visible(input.publisher),
        challenge: input.challenge.map(visible),
        previous: input.previous.clone().or_else(|| goes_on_from(&lines)),
        summary,
        attestations,
        finish_plan: finish_plan(input.catalogue, &guidelines),
        own_traces: input.own_traces.clone(),
        limits: Vec::new(),
        journal: Journal {
            lines: input.journal.to_vec(),
            count: input.journal.len(),
            head: input.journal.last().map(|line| sha256_hex(line.as_bytes())),
        },
        guidelines,
        changes,
        commands,
    };
    fit(&mut report);
    report.limits = limits(input, &report);
    report
}

/// The report that the preparation goes on from by its journal, where this one was not told of it again.
fn goes_on_from(lines: &[JournalLine]) -> Option<Previous> {
    lines.iter().rev().find_map(|line| match line.event.clone() {
        Event::Previous { report_id, sha256, signer } => Some(Previous { report_id, sha256, signer, comparison: None }),
        _ => None,
    })
}

/// A new report id: 128 random bits in Crockford's base32, 26 letters and digits.
///
/// # Errors
/// When the kernel gives no random bytes.
pub fn new_id() -> Result<String, crate::image::Error> {
    let mut bytes = [0; 16];
    let random = ring::rand::SystemRandom::new();
    ring::rand::SecureRandom::fill(&random, &mut bytes).map_err(|_| {
        crate::image::Error::malformed("read", "/dev/urandom", "the kernel gives no random bytes; try again later")
    })?;
    let mut number = u128::from_be_bytes(bytes);
    let mut letters = [0; 26];
    for letter in letters.iter_mut().rev() {
        let digit = usize::try_from(number % 32).unwrap_or_default();
        *letter = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".get(digit).copied().unwrap_or_default();
        number /= 32;
    }
    Ok(letters.map(char::from).iter().collect())
}

pub(super) fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

fn guideline_record(
    input: &ReportInput<'_>,
    guideline: &Guideline,
    changes: Option<Vec<String>>,
    told: &BTreeMap<String, Told>,
    today: Date,
) -> GuidelineRecord {
    let find =
        |findings: &Findings| findings.iter().find(|(id, _)| *id == guideline.id).map(|(_, finding)| finding.clone());
    // A guideline nobody judged is unknown, never left out.
    let after = find(input.after).unwrap_or_else(|| Finding::new(Status::Unknown, "It was not judged in this run."));
    let before = find(input.before).unwrap_or_else(|| after.clone());
    let decision = decision(guideline, input.playbook, Some(&after), input.publisher);
    let decision = decision.map(|decision| DecisionRecord::of(decision, told));
    let changes = changes.unwrap_or_default();
    let by_hand = decision.as_ref().is_some_and(|decision| decision.choice == Choice::ByHand);
    let live = leaves_for_seal(input.kind, input.image.mode);
    let decided = decided(decision.as_ref(), guideline.phase, live, today);
    GuidelineRecord {
        id: guideline.id.clone(),
        title: visible(&guideline.title),
        severity: guideline.severity,
        phase: guideline.phase,
        sources: guideline.sources.clone(),
        result: outcome(before.status, after.status, decided, by_hand, !changes.is_empty()),
        before: finding_record(&before),
        decision,
        changes,
        after: finding_record(&after),
    }
}

fn finding_record(finding: &Finding) -> FindingRecord {
    let observations: Vec<ObservationRecord> = finding
        .observations
        .iter()
        .take(OBSERVATIONS)
        .map(|seen| ObservationRecord {
            path: seen.path.as_deref().map(|at| cut(&path(at), LINE_CHARS)),
            line: seen.line,
            text: seen.text.as_deref().map(|text| cut(text, TEXT_CHARS)),
        })
        .collect();
    FindingRecord {
        status: finding.status,
        summary: cut(&finding.summary, LINE_CHARS),
        unlisted: finding.observations.len() - observations.len(),
        observations,
    }
}

impl Report {
    /// Whether what belongs to the seal is still to come.
    pub fn leaves_for_seal(&self) -> bool {
        leaves_for_seal(self.kind, self.image.mode)
    }
}

/// Only on a machine that is being prepared the seal is still to come: on a mounted image it is done at once, and on an
/// instance of the finished image nothing is left for it.
fn leaves_for_seal(kind: Kind, mode: Mode) -> bool {
    mode == Mode::Live && kind != Kind::ImageAudit
}

fn finish_plan(catalogue: &Catalogue, guidelines: &[GuidelineRecord]) -> Vec<FinishStep> {
    let left = guidelines.iter().filter(|record| record.result == Outcome::Deferred);
    left.filter_map(|record| catalogue.get(&record.id))
        .map(|guideline| FinishStep { guideline: guideline.id.clone(), by_hand: guideline.by_hand.clone() })
        .collect()
}

fn carried_out(runs: &[(String, Plan)]) -> (Vec<ChangeRecord>, Vec<CommandRecord>) {
    let (mut changes, mut commands) = (Vec::new(), Vec::new());
    let steps = runs.iter().flat_map(|(run, plan)| plan.steps.iter().map(move |step| (run, step)));
    for (run, step) in steps {
        for change in &step.changes {
            let id = format!("C{:03}", changes.len() + commands.len() + 1);
            let (run, guideline) = (run.clone(), step.guideline.clone());
            match change {
                Change::Path { path, before, after, secret } => {
                    let shown = diff::of(change, 3);
                    let sides = (before.as_ref(), after.as_ref());
                    let record = change_record((id, run, guideline), path, sides, *secret, &shown);
                    changes.push(ChangeRecord { reversible: change.is_undoable(), ..record });
                }
                Change::Command { argv, purpose } => commands.push(CommandRecord {
                    id,
                    run,
                    guideline,
                    argv: argv.iter().map(|word| visible(word)).collect(),
                    purpose: visible(purpose),
                    outcome: None,
                    journal_seq: None,
                }),
            }
        }
    }
    (changes, commands)
}

fn change_record(
    (id, run, guideline): (String, String, String),
    at: &std::path::Path,
    (before, after): (Option<&Node>, Option<&Node>),
    secret: bool,
    shown: &FileDiff,
) -> ChangeRecord {
    let (diff, diff_truncated) = unified(shown, before.is_some(), after.is_some());
    ChangeRecord {
        id,
        run,
        guideline,
        path: path(at),
        kind: match (before, after) {
            (_, None) => ChangeKind::Remove,
            (_, Some(Node::Symlink { .. })) => ChangeKind::Link,
            (None, Some(_)) => ChangeKind::Create,
            (Some(Node::File(old)), Some(Node::File(new))) if old.body == new.body => ChangeKind::Attributes,
            (Some(Node::Directory { .. }), Some(Node::Directory { .. })) => ChangeKind::Attributes,
            (Some(_), Some(_)) => ChangeKind::Edit,
        },
        headline: visible(&shown.headline),
        before: before.map(|node| node_record(node, secret)),
        after: after.map(|node| node_record(node, secret)),
        secret,
        reversible: false,
        journal_seq: None,
        diff_sha256: diff.as_deref().map(|text| sha256_hex(text.as_bytes())),
        diff,
        diff_truncated,
    }
}

fn node_record(node: &Node, secret: bool) -> NodeRecord {
    let plain = |kind, mode: Option<u32>, uid, gid| NodeRecord {
        kind,
        sha256: None,
        size: None,
        mode: mode.map(|mode| format!("{mode:04o}")),
        uid,
        gid,
        target: None,
        withheld: None,
    };
    match node {
        Node::Symlink { target, uid, gid } => {
            NodeRecord { target: Some(path(target)), ..plain(NodeKind::Link, None, *uid, *gid) }
        }
        Node::Directory { mode, uid, gid } => plain(NodeKind::Directory, Some(*mode), *uid, *gid),
        Node::File(file) => {
            let record = plain(NodeKind::File, Some(file.mode), file.uid, file.gid);
            match &file.body {
                _ if secret => NodeRecord { withheld: Some(Withheld::Secret), ..record },
                Body::OnDisk { size, .. } => {
                    NodeRecord { size: Some(*size), withheld: Some(Withheld::TooLarge), ..record }
                }
                Body::Bytes(bytes) => {
                    NodeRecord { sha256: Some(sha256_hex(bytes)), size: u64::try_from(bytes.len()).ok(), ..record }
                }
            }
        }
    }
}

/// The diff as unified text, each line made visible with its tabs kept, and whether it was cut at [`DIFF_LIMIT`].
pub(in crate::report) fn unified(diff: &FileDiff, existed: bool, exists: bool) -> (Option<String>, bool) {
    if diff.hunks.is_empty() {
        return (None, false);
    }
    let name = |side: &str, there: bool| if there { format!("{side}{}", path(&diff.path)) } else { "/dev/null".into() };
    let mut out = format!("--- {}\n+++ {}\n", name("a", existed), name("b", exists));
    for hunk in &diff.hunks {
        let old: Vec<usize> = hunk.iter().filter_map(|line| line.old).collect();
        let new: Vec<usize> = hunk.iter().filter_map(|line| line.new).collect();
        let range = |lines: &[usize]| format!("{},{}", lines.first().copied().unwrap_or_default(), lines.len());
        // Writing to a string cannot fail.
        let _ = writeln!(out, "@@ -{} +{} @@", range(&old), range(&new));
        for line in hunk {
            let text: String = line.pieces.iter().map(|(_, piece)| piece.as_str()).collect();
            let text = text.split('\t').map(visible).collect::<Vec<_>>().join("\t");
            if out.len() + text.len() + 40 > DIFF_LIMIT {
                return (Some(out), true);
            }
            out.push(match line.sign {
                Sign::Same => ' ',
                Sign::Removed => '-',
                Sign::Added => '+',
            });
            out.push_str(&text);
            out.push('\n');
            if line.no_newline {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
    (Some(out), false)
}

/// Which line of the journal tells of each change and command, and how each command ended: the journal alone knows.
fn number(changes: &mut [ChangeRecord], commands: &mut [CommandRecord], lines: &[JournalLine]) {
    for (run, told) in runs(lines).unwrap_or_default() {
        let listed = changes.iter_mut().filter(|change| change.run == run);
        for (change, told) in listed.zip(told.changes.iter().filter(|told| !told.taken_back)) {
            change.journal_seq = Some(told.seq);
        }
        let ran = commands.iter_mut().filter(|command| command.run == run);
        for (command, told) in ran.zip(&told.commands) {
            command.journal_seq = Some(told.seq);
            command.outcome = told.outcome.map(visible);
        }
    }
}

/// Cuts observations, then diffs, until the report is small enough to be read again. The journal is never cut.
fn fit(report: &mut Report) {
    for keep in [20, 3] {
        if to_bytes(report).len() <= WRITE_LIMIT {
            return;
        }
        for finding in report.guidelines.iter_mut().flat_map(|record| [&mut record.before, &mut record.after]) {
            let more = finding.observations.len().saturating_sub(keep);
            finding.observations.truncate(keep);
            finding.unlisted += more;
        }
    }
    let mut size = to_bytes(report).len();
    for change in report.changes.iter_mut().rev() {
        if size <= WRITE_LIMIT {
            return;
        }
        size -= change.diff.take().map_or(0, |diff| diff.len());
        change.diff_sha256 = None;
        change.diff_truncated = true;
    }
}

fn limits(input: &ReportInput<'_>, report: &Report) -> Vec<String> {
    let mut limits = Vec::new();
    match report.image.mode {
        Mode::Offline => limits.push(
            "The image was not running: what only a running machine shows (listening sockets, the running kernel, instance metadata) was not looked at."
                .to_owned(),
        ),
        Mode::Live => {
            let why = report.identity.unavailable.iter();
            limits.extend(why.map(|why| format!("AWS does not vouch for which instance this is: {why}.")));
        }
    }
    if report.clock.synchronised == Some(false) {
        limits.push(
            "The clock of the machine that wrote this was not synchronised: every time in it may be wrong.".to_owned(),
        );
    }
    if report.catalogue.custom {
        limits.push("House rules were added to the built-in catalogue.".to_owned());
    }
    for record in report.guidelines.iter().filter(|record| record.after.status == Status::Unknown) {
        limits.push(format!("{} could not be decided: {}", record.id, record.after.summary));
    }
    if !report.finish_plan.is_empty() {
        limits.push(format!(
            "{} guidelines are left for the seal, which comes after this report; whether it was done must be checked on the finished image.",
            report.finish_plan.len()
        ));
    }
    if !report.commands.is_empty() {
        limits.push("Commands were run; the files they changed are not listed one by one.".to_owned());
    }
    if report.changes.iter().any(|change| change.diff_truncated) {
        limits.push("Some diffs were too long and are cut.".to_owned());
    }
    limits.extend(
        input
            .unread
            .iter()
            .take(UNREAD)
            .map(|error| format!("Not searched for secrets: {}.", cut(&error.to_string(), LINE_CHARS))),
    );
    if let Some(more) = input.unread.len().checked_sub(UNREAD).filter(|more| *more > 0) {
        limits.push(format!("{more} more paths could not be searched for secrets."));
    }
    limits
}
