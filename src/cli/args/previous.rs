//! The arguments that name a report from before, and those of `report schema`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportDiffArgs {
    /// The older report.json
    pub(in crate::cli) old: PathBuf,
    /// The newer report.json
    pub(in crate::cli) new: PathBuf,
    /// Verify both first, by this trust file; each signature is beside its report
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) signers: Option<PathBuf>,
    /// Who must have signed both, as named in the trust file
    #[arg(long, value_name = "NAME", requires = "signers")]
    pub(in crate::cli) signer: Option<String>,
}

/// The report that a new one goes on from, and whether its signature counts.
#[derive(Debug, Args)]
pub(in crate::cli) struct PreviousArgs {
    /// Go on from the last report of this product: tell what was fixed, what came back, which waivers ended, and which
    /// files are no longer as it left them
    #[arg(long, value_name = "FILE", group = "earlier")]
    pub(in crate::cli) previous: Option<PathBuf>,
    /// Judge the finished image, on an instance of the AMI or mounted from its snapshot (--root), and close what this
    /// report of its build left for the seal
    #[arg(long, value_name = "BUILD.json", group = "earlier")]
    pub(in crate::cli) audit_of: Option<PathBuf>,
    /// Verify that report first, by this trust file; its signature is beside it
    #[arg(long, value_name = "FILE", requires = "earlier")]
    pub(in crate::cli) previous_signers: Option<PathBuf>,
    /// Who must have signed it, as named in the trust file
    #[arg(long, value_name = "NAME", requires = "previous_signers")]
    pub(in crate::cli) previous_signer: Option<String>,
    /// Take that report as it is, whoever wrote it; the new report says so
    #[arg(long, requires = "earlier", conflicts_with = "previous_signers")]
    pub(in crate::cli) previous_unverified: bool,
}

/// What `report schema` prints the schema of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SchemaOf {
    /// report.json
    Report,
    /// verify --json
    Verify,
    /// report diff --format json
    Diff,
}
