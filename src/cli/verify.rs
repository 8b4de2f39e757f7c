//! `seaworthy verify`: check evidence against a list of trusted signers.

use super::args::{Common, Format, VerifyArgs};
use super::engine;
use super::output::{Failure, print};
use crate::report::verify::{AwsCertificate, Expectations, VerifyFiles, verify_files, verify_pair_files};

pub(super) fn run(args: &VerifyArgs, common: &Common) -> Result<u8, Failure> {
    let Some(signers) = &args.signers else {
        return Err(Failure::Usage(
            "a signature without a trusted key proves nothing; give --signers FILE, the publisher's allowed_signers file, obtained from the publisher and not from this bundle"
                .into(),
        ));
    };
    let catalogue = engine::catalogue(common)?;
    let files = VerifyFiles {
        report: &args.report,
        signature: args.signature.as_deref(),
        signers,
        revoked: args.revoked.as_deref(),
        signer: args.signer.as_deref(),
        expect: Expectations {
            sha256: args.expect_sha256.as_deref(),
            challenge: args.challenge.as_deref(),
            max_age: args.max_age,
            report: args.expect_report.as_deref(),
            instance: args.expect_instance.as_deref(),
            ami: args.expect_ami.as_deref(),
            account: args.expect_account.as_deref(),
            region: args.expect_region.as_deref(),
            ..Expectations::default()
        },
        binding: args.binding.as_deref(),
        baseline: args.baseline.as_deref(),
        aws: match (&args.aws_cert, &args.aws_cert_unpinned) {
            (Some(path), _) => Some(AwsCertificate::Pinned(path)),
            (None, path) => path.as_deref().map(AwsCertificate::Given),
        },
        identity_file: args.identity.as_deref(),
        dsse: args.dsse.as_deref(),
        html: args.html.as_deref(),
        markdown: args.markdown.as_deref(),
        catalogue: Some(&catalogue),
        now: engine::now(),
    };
    let json = args.json || common.format == Format::Json;
    if let Some(audit) = &args.audit {
        let pair = verify_pair_files(&files, audit);
        print(&if json { pair.json() } else { pair.text() })?;
        return Ok(pair.code);
    }
    let verification = verify_files(&files);
    print(&if json { verification.json() } else { verification.text() })?;
    Ok(verification.code)
}
