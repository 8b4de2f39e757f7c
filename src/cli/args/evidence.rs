//! The arguments of `report` and `verify`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Span, SpanRelativeTo};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub(in crate::cli) struct ReportArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<ReportCommand>,
    /// The directory to write the evidence to; must not be on the image
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Write report.json to standard output and nothing to the image
    #[arg(long, conflicts_with = "out")]
    pub(in crate::cli) stdout: bool,
    /// With --stdout or --again: as base64 between markers, for a serial line or a terminal whose output is copied by hand
    #[arg(long, conflicts_with = "out")]
    pub(in crate::cli) base64: bool,
    /// Write to standard output the report that was made last, whose SHA-256 begins so (8 characters or more), instead of
    /// making one
    #[arg(long, value_name = "SHA256", conflicts_with = "out")]
    pub(in crate::cli) again: Option<String>,
    /// With --again: the signature that was made with it, instead of the report
    #[arg(long, requires = "again")]
    pub(in crate::cli) signature: bool,
    /// Show the digest as a QR code too, wherever the notes go
    #[arg(long)]
    pub(in crate::cli) qr: bool,
    /// Decisions to record; without it, those of the wizard's session on this image
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) playbook: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) previous: super::PreviousArgs,
    /// Who vouches for the report
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) publisher: Option<String>,
    /// A word given by the reviewer, to prove that the report is new
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) challenge: Option<String>,
    /// Keep the instance identity document out of the report, which then has its digest only, and write it to
    /// identity.json beside the report
    #[arg(long)]
    pub(in crate::cli) without_identity: bool,
    /// Replace a report that is already there, and do not ask
    #[arg(long, short)]
    pub(in crate::cli) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ReportCommand {
    /// Sign a report: with your ssh-agent, with a key file through ssh-keygen, or elsewhere
    #[command(after_help = "Examples:
  seaworthy report sign report.json --agent
  seaworthy report sign report.json --key ~/.ssh/id_ed25519
  seaworthy report sign report.json --tbs to-be-signed.bin
  seaworthy report sign report.json --agent --dsse

Exit codes: 0 signed; 2 wrong use; 3 something could not be read or written; 8 the agent, ssh-keygen or you refused.")]
    Sign(SignArgs),
    /// State which AMI the reports belong to, once it exists; sign what is written with `report sign`
    #[command(after_help = "Examples:
  seaworthy report bind --ami ami-0123456789abcdef0 build.json audit.json --out binding.json
  seaworthy report sign binding.json --agent
  seaworthy verify build.json audit.json --signers allowed_signers --binding binding.json")]
    Bind(BindArgs),
    /// Print a report for reading; says that it was not verified
    Show {
        /// report.json
        file: PathBuf,
    },
    /// Write a view of a report: for people, pipelines, dashboards; says that it was not verified
    #[command(after_help = "Examples:
  seaworthy report render report.json --format junit --out report.junit.xml
  seaworthy report render report.json --format sarif > report.sarif")]
    Render(super::RenderArgs),
    /// Tell what is different between two reports; a gate for pipelines
    #[command(after_help = "Exit codes:
  0  nothing regressed
  1  something regressed:
     a guideline that was pass, fixed, by-hand, attested, waived or not-applicable is now fail, unknown or not-attested;
     or the verdict got worse (from best to worst: seaworthy, seaworthy-with-waivers, undecided, not-seaworthy);
     or a waiver that held in the old report has ended, and what it waived is neither met nor waived nor not-applicable
  2  wrong use
  3  a report could not be read, is none, or is not signed by whom --signers and --signer name

Examples:
  seaworthy report diff last/report.json report.json
  seaworthy report diff last/report.json report.json --signers allowed_signers --format json")]
    Diff(super::ReportDiffArgs),
    /// Print the JSON Schema of a report, of `verify --json`, or of `report diff --format json`
    #[command(after_help = "Example:
  seaworthy report schema verify > seaworthy.verify.schema.json")]
    Schema {
        /// Of what
        #[arg(value_enum, default_value = "report")]
        of: super::SchemaOf,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SignArgs {
    /// report.json
    pub(in crate::cli) file: PathBuf,
    /// Sign with the agent that `SSH_AUTH_SOCK` names
    #[arg(long, conflicts_with_all = ["tbs", "attach"])]
    pub(in crate::cli) agent: bool,
    /// Sign with this key file; ssh-keygen reads it and asks for its passphrase. With --agent: which of the agent's
    /// keys, by fingerprint (SHA256:…) or .pub file
    #[arg(long, value_name = "KEY", conflicts_with_all = ["tbs", "attach"])]
    pub(in crate::cli) key: Option<PathBuf>,
    /// Write the bytes to be signed elsewhere (KMS, HSM) to this file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) tbs: Option<PathBuf>,
    /// Make the signature file from a raw signature made elsewhere
    #[arg(long, value_name = "FILE", conflicts_with = "tbs", requires = "public")]
    pub(in crate::cli) attach: Option<PathBuf>,
    /// The public key (OpenSSH format) that the raw signature was made with
    #[arg(long = "pub", value_name = "FILE")]
    pub(in crate::cli) public: Option<PathBuf>,
    /// Sign a summary for in-toto tools instead, in a DSSE envelope: report.intoto.json. Not with a key file or a
    /// security key, which cannot sign in that form
    #[arg(long)]
    pub(in crate::cli) dsse: bool,
    /// Replace a signature that is already there
    #[arg(long, short)]
    pub(in crate::cli) yes: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct BindArgs {
    /// The report of the build
    pub(in crate::cli) build: PathBuf,
    /// The image audit
    pub(in crate::cli) audit: Option<PathBuf>,
    /// The AMI they belong to
    // Of the type that the common flag of this name has, whose values are read from the same place.
    #[arg(long, value_name = "AMI")]
    pub(in crate::cli) ami: PathBuf,
    /// The Region it is in; without it, what the image audit says
    #[arg(long, value_name = "REGION")]
    pub(in crate::cli) region: Option<String>,
    /// The account that owns it
    #[arg(long, value_name = "ACCOUNT")]
    pub(in crate::cli) account: Option<String>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: PathBuf,
    /// Replace a binding that is already there
    #[arg(long, short)]
    pub(in crate::cli) yes: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    /// report.json; its signature is report.json.sig beside it
    pub(in crate::cli) report: PathBuf,
    /// The image audit that closes what the build report left for the seal; its signature is beside it, and what is
    /// expected is expected of it
    #[arg(conflicts_with = "signature")]
    pub(in crate::cli) audit: Option<PathBuf>,
    /// The trust file (`allowed_signers`, as ssh-keygen knows it), from the publisher, not from the bundle
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) signers: Option<PathBuf>,
    /// Who must have signed, as named in the trust file
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) signer: Option<String>,
    /// The signature, when it is elsewhere
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) signature: Option<PathBuf>,
    /// Public keys that are no longer trusted, one a line
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) revoked: Option<PathBuf>,
    /// The word you gave the publisher
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) challenge: Option<String>,
    /// How old the report may be: 30d, 12h
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub(in crate::cli) max_age: Option<SignedDuration>,
    /// The SHA-256 the publisher told you
    #[arg(long, value_name = "HEX")]
    pub(in crate::cli) expect_sha256: Option<String>,
    /// The publisher's statement to which AMI it belongs; its signature is FILE.sig
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) binding: Option<PathBuf>,
    /// The last report.json of this product: the report must go on from it, and neither its time nor its catalogue may
    /// go back
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// The id the report must have
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) expect_report: Option<String>,
    /// The instance the report must be made on
    #[arg(long, value_name = "INSTANCE")]
    pub(in crate::cli) expect_instance: Option<String>,
    /// The image that instance must have been started from: for a build the one it began with, for an image audit the
    /// product
    #[arg(long, value_name = "AMI")]
    pub(in crate::cli) expect_ami: Option<String>,
    /// The AWS account that instance must belong to
    #[arg(long, value_name = "ACCOUNT")]
    pub(in crate::cli) expect_account: Option<String>,
    /// The Region that instance must run in
    #[arg(long, value_name = "REGION")]
    pub(in crate::cli) expect_region: Option<String>,
    /// AWS's RSA-2048 certificate for the instance's Region, to check that AWS signed which machine it was; accepted
    /// only when its fingerprint is the one this program knows
    #[arg(long, value_name = "FILE", conflicts_with = "aws_cert_unpinned")]
    pub(in crate::cli) aws_cert: Option<PathBuf>,
    /// The same, whatever its fingerprint: you answer for the certificate
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) aws_cert_unpinned: Option<PathBuf>,
    /// identity.json, for a report made --without-identity
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) identity: Option<PathBuf>,
    /// The DSSE envelope that `report sign --dsse` made
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) dsse: Option<PathBuf>,
    /// The HTML view to hold against the report
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) html: Option<PathBuf>,
    /// The Markdown view to hold against the report
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) markdown: Option<PathBuf>,
    /// Print the result as JSON; the same as --format json
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// An age such as `30d` or `12h`; days have 24 hours.
fn age(text: &str) -> Result<SignedDuration, String> {
    let span: Span = text.parse().map_err(|_| "an age is a number and its unit, such as 30d or 12h".to_owned())?;
    let age = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|error| error.to_string())?;
    if age.is_positive() { Ok(age) } else { Err("an age is more than nothing".to_owned()) }
}
