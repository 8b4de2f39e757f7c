//! The command line as typed; nothing here looks at the machine.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod evidence;
mod previous;
mod view;

pub(super) use evidence::{BindArgs, ReportArgs, ReportCommand, SignArgs, VerifyArgs};
pub(super) use previous::{PreviousArgs, ReportDiffArgs, SchemaOf};
pub(super) use view::RenderArgs;

/// Prepares a machine image for AWS Marketplace or for sharing: judges it, shows every change, applies what you
/// choose, takes it back, and exports a signed checklist.
#[derive(Debug, Parser)]
#[command(
    name = "seaworthy",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    after_help = "Examples:
  sudo seaworthy                            the wizard on this machine
  sudo seaworthy --root /mnt/image          the wizard on a mounted image
  sudo seaworthy --playbook last.toml       the wizard with the decisions of the last image
  seaworthy practice                        the wizard on a throw-away image; try anything
  sudo seaworthy check --root /mnt/image    judge every guideline, change nothing
  seaworthy guidelines SSH-04               what one guideline asks, why, and how to do it by hand

Exit codes: 0 seaworthy, or done as asked; 1 not seaworthy or undecided; 2 wrong use;
3 something could not be read or done."
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) common: Common,
    /// Decisions to begin with, for the wizard
    #[arg(long, value_name = "FILE")]
    pub(super) playbook: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Flags that every subcommand knows.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub(super) struct Common {
    /// The directory where the image is mounted; `/` is this machine
    #[arg(long, global = true, value_name = "DIR", default_value = "/")]
    pub(super) root: PathBuf,
    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// Only these guidelines
    #[arg(long, global = true, value_name = "ID,…", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// All guidelines but these
    #[arg(long, global = true, value_name = "ID,…", value_delimiter = ',')]
    pub(super) skip: Vec<String>,
    /// A directory of your own guidelines (TOML), added to the built-in ones
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) guidelines: Option<PathBuf>,
    /// What AWS says of the finished AMI: the output of `aws ec2 describe-images` (and `describe-snapshots`); may be
    /// given more than once
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) ami: Vec<PathBuf>,
    /// What a vulnerability scanner said of the image: the JSON of trivy, grype or Amazon Inspector; may be given more
    /// than once
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) cve: Vec<PathBuf>,
    /// Colour theme of the wizard
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) theme: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub(super) ascii: bool,
    /// Never ask the instance metadata service
    #[arg(long, global = true)]
    pub(super) no_imds: bool,
    /// Let the package manager ask its repositories for security updates, over the network; without it, the lists it
    /// has fetched before decide. Nothing of what it fetches stays on the image
    #[arg(long, global = true)]
    pub(super) ask_repositories: bool,
    /// No progress and no notes
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Every place seen, and the reasons
    #[arg(long, short, global = true)]
    pub(super) verbose: bool,
}

/// How results are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Open the wizard on a throw-away practice image; needs no root and touches nothing else
    #[command(after_help = "Example:\n  seaworthy practice")]
    Practice(PracticeArgs),
    /// Judge every guideline and print the checklist; changes nothing
    #[command(after_help = "Examples:
  sudo seaworthy check
  sudo seaworthy check --root /mnt/image --format json
  sudo seaworthy check --only SSH-01,SSH-04 --verbose")]
    Check(CheckArgs),
    /// Print every change the remedies would make, as one patch; changes nothing
    #[command(after_help = "Examples:
  sudo seaworthy diff --root /mnt/image
  sudo seaworthy diff --only SSH-04 | less")]
    Diff,
    /// Carry out remedies; asks first unless --yes
    #[command(after_help = "Examples:
  sudo seaworthy apply SSH-01 SSH-04
  sudo seaworthy apply --all --root /mnt/image --yes
  sudo seaworthy apply --playbook playbook.toml
  sudo seaworthy apply SEC-03 SEC-04 --shred")]
    Apply(ApplyArgs),
    /// Take back the last run, a named run, or one guideline's changes
    #[command(after_help = "Examples:
  sudo seaworthy undo
  sudo seaworthy undo SSH-04
  sudo seaworthy undo --list")]
    Undo(UndoArgs),
    /// The last steps: remove what must not be published, then power off (a running machine) or done (a mounted image)
    #[command(after_help = "Examples:
  sudo seaworthy seal --dry-run
  sudo seaworthy seal --playbook playbook.toml
  sudo seaworthy seal --root /mnt/image --yes

Exit codes: 0 sealed; 1 not sealed, or something required is left; 2 wrong use;
3 something could not be read or done.")]
    Seal(SealArgs),
    /// Write the evidence: the report and its views; subcommands sign, show, compare and convert reports
    #[command(after_help = "Examples:
  sudo seaworthy report --out /run/seaworthy-report --publisher 'Jane Roe'
  sudo seaworthy report --stdout > report.json
  seaworthy report sign report.json --agent")]
    Report(ReportArgs),
    /// Check evidence against a list of trusted signers
    #[command(after_help = "Example:
  seaworthy verify report.json --signers allowed_signers --signer release@example.com

Exit codes: 0 authentic and seaworthy; 1 authentic but not seaworthy; 2 wrong use or faulty trust file;
3 the signature does not fit; 4 the signer is not trusted; 5 the contents contradict themselves;
6 not what was expected; 7 a file is missing.")]
    Verify(VerifyArgs),
    /// List the catalogue, or explain one guideline
    #[command(after_help = "Examples:
  seaworthy guidelines
  seaworthy guidelines SSH-04
  seaworthy guidelines --schema > seaworthy.schema.json")]
    Guidelines(GuidelinesArgs),
    /// Print what was found out about the image, raw
    #[command(after_help = "Examples:
  sudo seaworthy facts sshd
  sudo seaworthy facts sshd --user root --addr 203.0.113.5
  sudo seaworthy facts accounts --root /mnt/image
  sudo seaworthy facts secrets --root /mnt/image --format json")]
    Facts(FactsArgs),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  seaworthy completions bash > /etc/bash_completion.d/seaworthy")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example:\n  seaworthy man | man -l -")]
    Man,
}

#[derive(Debug, Args)]
pub(super) struct PracticeArgs {
    /// The lesson; without one, the standard image
    pub(super) lesson: Option<String>,
    /// List the lessons
    #[arg(long)]
    pub(super) list: bool,
    /// Build the image, print where it is, and leave it there instead of opening the wizard
    #[arg(long, conflicts_with = "list")]
    pub(super) keep: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Decisions to count: waivers that hold, secrets that may stay, and statements confirmed
    #[arg(long, value_name = "FILE")]
    pub(super) playbook: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub(super) struct ApplyArgs {
    /// The guidelines whose remedies to carry out
    #[arg(value_name = "ID")]
    pub(super) ids: Vec<String>,
    /// Every failing guideline that has an automatic remedy, but those that must be chosen by name
    #[arg(long, conflicts_with_all = ["ids", "playbook", "resume"])]
    pub(super) all: bool,
    /// The guidelines a playbook decides to apply
    #[arg(long, value_name = "FILE", conflicts_with = "ids")]
    pub(super) playbook: Option<PathBuf>,
    /// Finish a run that was interrupted
    #[arg(long, conflicts_with_all = ["ids", "playbook"])]
    pub(super) resume: bool,
    /// Overwrite the bytes of every file that is removed or replaced before its name goes; says how far that helps on
    /// the file system at hand, and what helps more
    #[arg(long, conflicts_with = "resume")]
    pub(super) shred: bool,
    /// Keep the run that waits for a second login: say so from a login that began after it
    #[arg(long, conflicts_with_all = ["ids", "all", "playbook", "resume", "shred"])]
    pub(super) confirm: bool,
    /// How many seconds a second login may take
    #[arg(long, value_name = "SECONDS", hide = true, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(super) confirm_within: Option<u64>,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub(super) struct UndoArgs {
    /// A run (see --list) or a guideline; without one, the last run
    #[arg(value_name = "RUN|ID")]
    pub(super) what: Option<String>,
    /// Take back every run, newest first
    #[arg(long, conflicts_with = "what")]
    pub(super) everything: bool,
    /// List the runs
    #[arg(long, conflicts_with_all = ["what", "everything"])]
    pub(super) list: bool,
    /// Take the run back only if nobody confirmed it: what its timer runs
    #[arg(long, hide = true, requires = "what")]
    pub(super) unconfirmed: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub(super) struct SealArgs {
    /// Print the exact steps, in order, and do none of them
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Decisions: what is waived, done by hand or put off stays. Without it, those of the wizard's session on this image
    #[arg(long, value_name = "FILE")]
    pub(super) playbook: Option<PathBuf>,
    /// The SHA-256 of report.json as your own machine shows it (8 characters or more): proof that the report is stored
    /// elsewhere before a running machine is sealed
    #[arg(long, value_name = "SHA256", conflicts_with = "without_report")]
    pub(super) report: Option<String>,
    /// Seal a running machine although no report is stored elsewhere
    #[arg(long)]
    pub(super) without_report: bool,
    /// Overwrite the bytes of every file that is removed or replaced before its name goes
    #[arg(long)]
    pub(super) shred: bool,
    /// Carry out what was asked for before, and answered
    #[arg(long, hide = true)]
    pub(super) carry_out: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct GuidelinesArgs {
    /// The guideline to explain
    pub(super) id: Option<String>,
    /// Print the JSON Schema of the files that --guidelines takes, for editors
    #[arg(long, conflicts_with = "id")]
    pub(super) schema: bool,
}

#[derive(Debug, Args)]
pub(super) struct FactsArgs {
    /// Which facts; without one, a page of all of them but the secrets, which take a search through every file
    #[arg(value_enum)]
    pub(super) which: Option<Fact>,
    /// facts sshd: for a login as this user (`sshd -T -C user=…`)
    #[arg(long, value_name = "NAME")]
    pub(super) user: Option<String>,
    /// facts sshd: from this client host
    #[arg(long, value_name = "NAME")]
    pub(super) host: Option<String>,
    /// facts sshd: from this client address
    #[arg(long, value_name = "ADDRESS")]
    pub(super) addr: Option<String>,
    /// facts sshd: to this server address
    #[arg(long, value_name = "ADDRESS")]
    pub(super) laddr: Option<String>,
    /// facts sshd: to this server port
    #[arg(long, value_name = "PORT")]
    pub(super) lport: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Fact {
    /// os-release and architecture
    Os,
    /// Users, groups and homes
    Accounts,
    /// Who gets in, by what, and who becomes root: you, everybody, and the next user
    Access,
    /// Effective SSH server settings in the format of `sshd -T`
    Sshd,
    /// cloud-init's merged configuration
    CloudInit,
    /// systemd units and their state
    Units,
    /// Who configures network cards at boot, and what each file tells them
    Network,
    /// Installed packages
    Packages,
    /// Listening sockets (this machine only)
    Sockets,
    /// The rules that the listing's security group would need, as the form of the listing takes them
    SecurityGroup,
    /// Instance metadata (this machine only)
    Metadata,
    /// Every secret in any file, masked, with the rule that found it
    Secrets,
}
