//! `seaworthy verify`: check evidence against a list of trusted signers.

use jiff::SignedDuration;

use super::args::{Common, Format, VerifyArgs};
use super::engine;
use super::output::{Failure, print};
use crate::report::verify::{Expectations, VerifyFiles, verify_files};

pub(super) fn run(args: &VerifyArgs, common: &Common) -> Result<u8, Failure> {
    let Some(signers) = &args.signers else {
        return Err(Failure::Usage(
            "a signature without a trusted key proves nothing; give --signers FILE, the publisher's allowed_signers file, obtained from the publisher and not from this bundle"
                .into(),
        ));
    };
    let view = |extension: &str| {
        args.view
            .iter()
            .find(|path| path.extension().is_some_and(|found| found == extension))
            .map(std::path::PathBuf::as_path)
    };
    if let Some(odd) =
        args.view.iter().find(|path| path.extension().is_none_or(|found| found != "html" && found != "md"))
    {
        return Err(Failure::Usage(format!(
            "--view takes report.html or report.md, not {}",
            crate::image::text::path(odd)
        )));
    }
    let catalogue = engine::catalogue(common)?;
    let verification = verify_files(&VerifyFiles {
        report: &args.report,
        signature: args.signature.as_deref(),
        signers,
        revoked: args.revoked.as_deref(),
        signer: args.signer.as_deref(),
        expect: Expectations {
            sha256: args.expect_sha256.as_deref(),
            challenge: args.challenge.as_deref(),
            max_age: args.max_age.map(|days| SignedDuration::from_hours(24 * i64::from(days))),
        },
        html: view("html"),
        markdown: view("md"),
        catalogue: Some(&catalogue),
        now: engine::now(),
    });
    match common.format {
        Format::Text => print(&verification.text())?,
        Format::Json => print(&verification.json())?,
    }
    Ok(verification.code)
}
