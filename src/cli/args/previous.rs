//! The arguments that name a report from before.

use std::path::PathBuf;

use clap::Args;

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
