//! `report.json`: every field typed, every object closed, no floating point, times in UTC.
//!
//! Text from the image or a person is kept as [`crate::image::text::visible`] shows it, so that a reader who looks at
//! the raw file is not fooled either.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::compare::Comparison;
use super::verdict::{Counts, Outcome, Verdict};
use crate::catalogue::{Phase, Severity, Source};
use crate::check::Status;

mod decisions;
mod describe;
mod form;
mod machine;
mod make;
pub(super) mod runs;
#[cfg(test)]
pub(super) mod tests;

pub use crate::playbook::Choice;
pub use decisions::decisions;
pub(super) use form::{EXACT, largest_number};
pub use form::{FormError, REPORT_LIMIT, parse, to_bytes};
pub(super) use make::unified;
pub use make::{ReportInput, new_id, record};

/// The format's name and version.
pub const FORMAT: &str = "seaworthy.report/1";

/// The record of one preparation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`FORMAT`].
    pub format: String,
    /// 128 random bits in Crockford's base32.
    pub report_id: String,
    /// A real image or a practice image.
    pub kind: Kind,
    /// When it was written, by this machine's clock, in whole seconds.
    pub generated_at: Timestamp,
    /// When the preparation began.
    pub started_at: Timestamp,
    /// How long the check took that it is made from, in milliseconds.
    pub duration_ms: u64,
    /// The clock that the times are by.
    pub clock: Clock,
    /// The program that wrote it.
    pub tool: Tool,
    /// The guidelines it went by.
    pub catalogue: CatalogueInfo,
    /// The image.
    pub image: ImageInfo,
    /// What AWS says of the machine that the program ran on.
    pub identity: Identity,
    /// Who ran the program.
    pub operator: Operator,
    /// The name the publisher typed; the signature says who vouches.
    pub publisher: String,
    /// A word from the reviewer, which shows that the report was made after they gave it.
    pub challenge: Option<String>,
    /// The report it goes on from: of the last image, or for an image audit the one of the build.
    pub previous: Option<Previous>,
    /// What it all comes to.
    pub summary: Summary,
    /// Every guideline, in catalogue order.
    pub guidelines: Vec<GuidelineRecord>,
    /// Every change that was carried out.
    pub changes: Vec<ChangeRecord>,
    /// Every command that was run.
    pub commands: Vec<CommandRecord>,
    /// What people confirmed.
    pub attestations: Vec<Attestation>,
    /// What is left for the seal, after this report has left the machine.
    pub finish_plan: Vec<FinishStep>,
    /// What the program itself left on the image, and what removes it.
    pub own_traces: Vec<OwnTrace>,
    /// What was not or could not be checked, in sentences.
    pub limits: Vec<String>,
    /// The journal of the preparation.
    pub journal: Journal,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An image that is being prepared.
    Build,
    /// The finished image: on an instance started from it, or mounted from its snapshot.
    ImageAudit,
    /// A practice image: `verify` never calls it seaworthy, whatever its verdict.
    Practice,
}

/// The program that wrote the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `seaworthy`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from, where the build said so.
    pub commit: Option<String>,
    /// Architecture, system and C library it was built for.
    pub target: String,
    /// SHA-256 of the program's own file, where it could be read.
    pub binary_sha256: Option<String>,
    /// How it was called, without its own name.
    pub arguments: Vec<String>,
}

/// The clock of the machine that wrote the report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Whether the kernel calls it synchronised (adjtimex(2)).
    pub synchronised: Option<bool>,
    /// The service that keeps it, such as `chronyd`.
    pub source: Option<String>,
}

/// The guidelines that were gone by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CatalogueInfo {
    /// Version of the built-in part.
    pub version: String,
    /// SHA-256 over its texts.
    pub sha256: String,
    /// Whether house rules were added.
    pub custom: bool,
    /// How many guidelines it has.
    pub guidelines: usize,
}

/// The image, as far as a reader needs to know it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ImageInfo {
    /// The running machine or a mounted directory.
    pub mode: Mode,
    /// Where it was mounted.
    pub root: String,
    /// What `os-release` says.
    pub os: Option<OsInfo>,
    /// CPU architecture of its programs.
    pub arch: Option<String>,
    /// Release of the running kernel; live only.
    pub kernel: Option<String>,
    /// The kernel's name for this boot; live only.
    pub boot_id: Option<String>,
    /// The state of `/etc/machine-id`.
    pub machine_id: Option<MachineId>,
    /// UUID of the root file system.
    pub filesystem_uuid: Option<String>,
    /// UUID of the partition it is on.
    pub partition_uuid: Option<String>,
    /// What it runs on, such as `amazon`; live only.
    pub virtualization: Option<String>,
    /// The security module and its mode, such as `selinux: enforcing`.
    pub security: Option<String>,
    /// Whether the kernel is in FIPS mode; live only.
    pub fips: Option<bool>,
    /// The installed packages.
    pub packages: Option<Packages>,
}

/// What is known of the machine id; never the id itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MachineId {
    /// `set`, `empty`, `uninitialized` or `missing`.
    pub state: String,
    /// SHA-256 of the id as hexadecimal text, where one is set.
    pub sha256: Option<String>,
}

/// The installed packages as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Packages {
    /// How many.
    pub count: usize,
    /// SHA-256 of their sorted lines `name version architecture`, each with a newline.
    pub sha256: String,
}

/// What AWS says of the machine that the program ran on: its instance identity document (EC2 user guide, "Instance
/// identity documents").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Whose it is: a mounted image has none, it is then that of the machine that looked.
    pub of: IdentityOf,
    /// Fields of the document. Claims, until its signature was verified.
    pub claims: Option<InstanceInfo>,
    /// The document's bytes in base64.
    pub document: Option<String>,
    /// Its PKCS#7 signature with RSA-2048, base64 in one line.
    pub rsa2048: Option<String>,
    /// SHA-256 of the document's bytes; all that stays where the publisher withholds it.
    pub document_sha256: Option<String>,
    /// When it was fetched.
    pub fetched_at: Option<Timestamp>,
    /// Why there is none.
    pub unavailable: Option<String>,
}

/// Whose identity it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum IdentityOf {
    /// The machine that was looked at.
    Image,
    /// The machine on which a mounted image was looked at.
    Inspector,
}

/// Who ran the program, as the machine tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// The account it ran as.
    pub user: Option<String>,
    /// The account that called sudo.
    pub sudo_user: Option<String>,
    /// The number of the account it ran as.
    pub uid: Option<u32>,
    /// How they were connected: `ssh`, `session-manager`, `serial-console`, `console`.
    pub session: Option<String>,
    /// The address they came from.
    pub client: Option<String>,
}

/// The report that this one goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Previous {
    /// Its id.
    pub report_id: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Fingerprint of the key that signed it; `None`: its signature was not verified.
    pub signer: Option<String>,
    /// What is different since; `None` where the two were not compared.
    pub comparison: Option<Comparison>,
}

/// Something that the program itself left on the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OwnTrace {
    /// The path.
    pub path: String,
    /// What removes it.
    pub removed_by: String,
}

/// [`crate::image::Mode`] in the report's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The running machine.
    Live,
    /// A mounted directory.
    Offline,
}

/// The operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OsInfo {
    /// `ID` of os-release.
    pub id: String,
    /// `VERSION_ID`.
    pub version_id: String,
    /// `PRETTY_NAME`.
    pub pretty_name: String,
}

/// Fields of the instance identity document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InstanceInfo {
    /// `instanceId`.
    pub instance_id: Option<String>,
    /// `imageId`: the image the build machine was started from.
    pub image_id: Option<String>,
    /// `region`.
    pub region: Option<String>,
    /// `accountId`.
    pub account_id: Option<String>,
}

/// What it all comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The verdict.
    pub verdict: Verdict,
    /// How many findings there are of each status at the end.
    pub counts: Counts,
}

/// One guideline: how it stood, what was decided, what was done, how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GuidelineRecord {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How much it matters.
    pub severity: Severity,
    /// When it is dealt with.
    pub phase: Phase,
    /// Who asks for it.
    pub sources: Vec<Source>,
    /// How it stood at first.
    pub before: FindingRecord,
    /// What the publisher decided; `None` when nothing.
    pub decision: Option<DecisionRecord>,
    /// Ids of the changes and commands that were carried out for it.
    pub changes: Vec<String>,
    /// How it stands at the end.
    pub after: FindingRecord,
    /// What came of it.
    pub result: Outcome,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FindingRecord {
    /// Its status.
    pub status: Status,
    /// Its sentence.
    pub summary: String,
    /// Where it was seen.
    pub observations: Vec<ObservationRecord>,
    /// How many more observations there were than are listed here.
    pub unlisted: usize,
}

/// An observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ObservationRecord {
    /// Path inside the image.
    pub path: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// What was seen, masked.
    pub text: Option<String>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DecisionRecord {
    /// What was chosen.
    pub choice: Choice,
    /// By whom; always there for a waiver or an attestation.
    pub by: Option<String>,
    /// When, by the journal.
    pub at: Option<Timestamp>,
    /// Why; always there for a waiver.
    pub reason: Option<String>,
    /// The last day a waiver holds.
    pub until: Option<Date>,
    /// Number of the journal's line that tells of it.
    pub journal_seq: Option<u64>,
}

/// One change to one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeRecord {
    /// Its id in this report: `C001`.
    pub id: String,
    /// The run that carried it out.
    pub run: String,
    /// The guideline it was made for.
    pub guideline: String,
    /// Path inside the image.
    pub path: String,
    /// What sort of change.
    pub kind: ChangeKind,
    /// The same in a few words.
    pub headline: String,
    /// What was there; `None`: nothing.
    pub before: Option<NodeRecord>,
    /// What is there now; `None`: nothing.
    pub after: Option<NodeRecord>,
    /// The content may hold secrets: the diff is masked, sizes and digests are withheld.
    pub secret: bool,
    /// Whether it could be taken back when the report was made; on a running machine no longer once that is switched off.
    pub reversible: bool,
    /// Number of the journal's line that tells of it.
    pub journal_seq: Option<u64>,
    /// Unified diff, masked; `None` where there is no text to show.
    pub diff: Option<String>,
    /// The diff was cut.
    pub diff_truncated: bool,
    /// SHA-256 of `diff` as it stands here.
    pub diff_sha256: Option<String>,
}

/// The sort of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// The content changed.
    Edit,
    /// Something new is there.
    Create,
    /// It is gone.
    Remove,
    /// It became a symbolic link.
    Link,
    /// Only mode or owner changed.
    Attributes,
}

/// What was at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NodeRecord {
    /// File, link or directory.
    pub kind: NodeKind,
    /// SHA-256 of the content; `None` for a secret, a file too large to hold, and what is no file.
    pub sha256: Option<String>,
    /// Size in bytes; `None` as for `sha256`, but for large files.
    pub size: Option<u64>,
    /// Permissions in octal: `0644`; links have none.
    pub mode: Option<String>,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Where a link points.
    pub target: Option<String>,
    /// Why there is no digest.
    pub withheld: Option<Withheld>,
}

/// The sort of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A directory.
    Directory,
}

/// Why there is no digest of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Withheld {
    /// A short secret could be guessed from it.
    Secret,
    /// It was too large to hold in memory.
    TooLarge,
}

/// One command that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CommandRecord {
    /// Its id in this report, in one series with the changes.
    pub id: String,
    /// The run that carried it out.
    pub run: String,
    /// The guideline it was run for.
    pub guideline: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// What it does.
    pub purpose: String,
    /// How it ended, as the journal says: `exit code 0`; `None` when it does not say.
    pub outcome: Option<String>,
    /// Number of the journal's line that tells of it.
    pub journal_seq: Option<u64>,
}

/// A statement somebody confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The guideline.
    pub guideline: String,
    /// The statement as it was shown.
    pub statement: String,
    /// Who confirmed.
    pub by: String,
    /// When, by the journal.
    pub at: Option<Timestamp>,
    /// A note, such as a ticket number.
    pub note: Option<String>,
    /// Number of the journal's line that tells of it.
    pub journal_seq: Option<u64>,
}

/// A guideline left for the seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FinishStep {
    /// The guideline.
    pub guideline: String,
    /// How it is done.
    pub by_hand: String,
}

/// The journal as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// Every line, without its newline.
    pub lines: Vec<String>,
    /// How many.
    pub count: usize,
    /// SHA-256 of the last line; `None` when there is none.
    pub head: Option<String>,
}
