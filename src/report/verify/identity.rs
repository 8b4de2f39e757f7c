//! Which machine it was: the identity document in the report, AWS's signature of it, and what the reviewer expects.

use jiff::{SignedDuration, Timestamp};

use super::output::Judgement::{self, Failed, Holds, NotChecked, Warning};
use super::{Expectations, VerifyInput};
use crate::image::text::visible;
use crate::report::identity::{self, Document, seen};
use crate::report::{Identity, IdentityOf, Kind, Report};

/// By how much two honest clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Whether document, claims and times agree, and AWS signed the document.
pub(super) fn identity(report: &Report, input: &VerifyInput<'_>) -> Judgement {
    let seen = match seen(report, input.expect.identity_file) {
        Ok(Some(seen)) => seen,
        Ok(None) => return without(&report.identity, input),
        Err(sentence) => return Failed(sentence),
    };
    if let Some(sentence) = times(report, seen.document.pending_time) {
        return Failed(sentence);
    }
    let Some(trust) = input.expect.aws else {
        return NotChecked(format!(
            "No AWS certificate was given (--aws-cert), so it is the signer's word alone that it was {}.",
            described(&seen.document)
        ));
    };
    let Some(rsa2048) = &seen.rsa2048 else {
        let why = report.identity.unavailable.as_deref().map(visible).unwrap_or_default();
        return Failed(format!("The identity document has no signature by AWS that could be checked: {why}."));
    };
    let region = seen.document.region.as_deref().unwrap_or_default();
    let verified = trust.certificate(region).and_then(|certificate| identity::verify(rsa2048, certificate));
    match verified {
        Err(fault) => Failed(format!("AWS's signature of the identity document: {fault}")),
        Ok(content) if content != seen.bytes => Failed(format!(
            "AWS signed another identity document than the one in the report: {}. One was put in the other's place.",
            Document::parse(&content).map_or_else(|_| "none that can be read".to_owned(), |signed| described(&signed))
        )),
        Ok(_) => Holds(format!("AWS signed that it was {}.{}", described(&seen.document), meaning(report))),
    }
}

/// Whether it is the report, instance, image, account and Region that the reviewer expects.
pub(super) fn expected(report: &Report, input: &VerifyInput<'_>) -> Judgement {
    let Expectations { report: id, instance, ami, account, region, .. } = input.expect;
    if let Some(id) = id.filter(|id| !id.trim().eq_ignore_ascii_case(&report.report_id)) {
        return Failed(format!("It is the report {}, expected was {}.", visible(&report.report_id), visible(id)));
    }
    if (instance, ami, account, region) == (None, None, None, None) {
        return match id {
            Some(_) => Holds("It is the expected report.".to_owned()),
            None => NotChecked("No report, instance, image, account or Region was given to compare with.".to_owned()),
        };
    }
    if report.identity.of == IdentityOf::Inspector {
        return Failed("The image was mounted, not running: the report does not say on which instance, in which account or from which AMI. Ask for a report of a running instance.".to_owned());
    }
    let document = match seen(report, input.expect.identity_file) {
        Ok(Some(seen)) => seen.document,
        Ok(None) => {
            return Failed(
                "The report holds no identity document, so nothing in it says which machine it was.".to_owned(),
            );
        }
        Err(sentence) => return Failed(sentence),
    };
    let fields = [
        ("the instance", instance, &document.instance_id),
        ("the account", account, &document.account_id),
        ("the Region", region, &document.region),
        (started_from(report), ami, &document.image_id),
    ];
    for (name, expected, found) in fields {
        if let Some(expected) = expected.map(str::trim)
            && found.as_deref() != Some(expected)
        {
            let found = found.as_deref().map_or_else(|| "not named".to_owned(), visible);
            return Failed(format!(
                "In the report {name} is {found}, expected was {}. It is about another machine.",
                visible(expected)
            ));
        }
    }
    if input.expect.aws.is_some() {
        Holds("It is what was expected, and AWS signed it.".to_owned())
    } else {
        Warning(
            "It names what was expected, but AWS's signature was not checked: it is the signer's word alone."
                .to_owned(),
        )
    }
}

fn without(identity: &Identity, input: &VerifyInput<'_>) -> Judgement {
    let why = identity.unavailable.as_deref().map_or_else(|| "it does not say why".to_owned(), visible);
    let withheld = identity.document_sha256.is_some();
    let sentence = if withheld {
        format!(
            "The report holds only the digest of the identity document: {why}. Ask for that file and give it as --identity."
        )
    } else {
        format!("The report holds no identity document of the machine: {why}.")
    };
    // Who asks for AWS's word must not be told that all is well when there is none.
    if input.expect.aws.is_some() { Failed(sentence) } else { NotChecked(sentence) }
}

/// What is wrong with the times: AWS's word for when the machine was started is the earliest that anything in the report
/// can have happened.
fn times(report: &Report, started: Option<Timestamp>) -> Option<String> {
    let before = |earlier: Timestamp, later: Timestamp| earlier.checked_add(SKEW).is_ok_and(|earlier| earlier < later);
    let fetched = report.identity.fetched_at;
    if let Some(started) = started {
        // A preparation of a mounted image may have begun on another machine.
        let (what, moment) = match report.identity.of {
            IdentityOf::Image => ("The preparation began", report.started_at),
            IdentityOf::Inspector => ("The report was written", report.generated_at),
        };
        if before(moment, started) {
            return Some(format!("{what} at {moment}, before AWS started the machine at {started}."));
        }
        if let Some(fetched) = fetched.filter(|fetched| before(*fetched, started)) {
            return Some(format!(
                "The identity document was fetched at {fetched}, before AWS started the machine at {started}."
            ));
        }
    }
    let fetched = fetched.filter(|fetched| before(report.generated_at, *fetched))?;
    Some(format!(
        "The identity document was fetched at {fetched}, after the report was written at {}.",
        report.generated_at
    ))
}

/// The machine in a few words.
fn described(document: &Document) -> String {
    let field = |name: &str, field: &Option<String>| {
        field.as_deref().map_or_else(|| format!("no {name}"), |value| format!("{name} {}", visible(value)))
    };
    let started = document.pending_time.map_or_else(String::new, |time| format!(" at {time}"));
    format!(
        "{} of {} in {}, started from {}{started}",
        field("instance", &document.instance_id),
        field("account", &document.account_id),
        field("Region", &document.region),
        field("image", &document.image_id)
    )
}

/// What the identity says, and what it does not.
fn meaning(report: &Report) -> &'static str {
    match (report.identity.of, report.kind) {
        (IdentityOf::Inspector, _) => " That is the machine that looked; it says nothing of the image.",
        (IdentityOf::Image, Kind::ImageAudit) => " That image is what was audited.",
        (IdentityOf::Image, _) => " That image is what the build began with, not what was made of it.",
    }
}

fn started_from(report: &Report) -> &'static str {
    match report.kind {
        Kind::ImageAudit => "the audited image",
        Kind::Build | Kind::Practice => "the image that the build began with",
    }
}
