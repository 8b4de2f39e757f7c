//! `seaworthy report diff`: two reports held against each other, for people and for pipelines.

use crate::cli::args::{Common, Format, ReportDiffArgs};
use crate::cli::engine;
use crate::cli::output::{Failure, print};
use crate::cli::{NOT_SEAWORTHY, OK};
use crate::report::compare::Pair;
use crate::report::{Earlier, SignedBy};

pub(super) fn run(args: &ReportDiffArgs, common: &Common) -> Result<u8, Failure> {
    let catalogue = engine::catalogue(common)?;
    let trust = args.signers.as_deref().map(|signers| SignedBy {
        signers,
        signer: args.signer.as_deref(),
        catalogue: &catalogue,
        now: engine::now(),
    });
    let read = |path| Earlier::read(path, trust).map_err(Failure::Failed);
    let pair = Pair::of(&read(&args.old)?, &read(&args.new)?);
    print(&match common.format {
        Format::Text => pair.text(),
        Format::Json => pair.json(),
    })?;
    Ok(if pair.comparison.regression { NOT_SEAWORTHY } else { OK })
}
