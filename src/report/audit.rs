//! The image audit: what the finished image is judged by, beside the report of its build.
//!
//! The image is judged as ever; what an instance makes for itself when it first boots is expected to be there again
//! ([`crate::check::audit`]). What the two reports must have in common is here, for whoever makes the audit and for
//! whoever verifies both.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;

use super::compare::{compare, drift};
use super::identity::{Document, IdentityFile, instance};
use super::{Earlier, IdentityOf, Kind, Previous, Report};
use crate::check::audit::Audit;
use crate::image::first_boot::Boots;
use crate::image::text::visible;
use crate::image::{Error, Image};

/// What is known of `image`, if it runs as an instance, and of the build that it comes from. Asks the metadata service of
/// a running image unless that was forbidden.
pub fn known(image: &Image, build: &Report) -> Audit {
    let keys = build.guidelines.iter().find(|record| record.id == "KEY-01");
    let told = keys.into_iter().flat_map(|record| record.before.observations.iter().chain(&record.after.observations));
    let build_keys: BTreeSet<String> =
        told.filter_map(|seen| seen.text.clone()).filter(|text| text.contains("SHA256:")).collect();
    let live = image.live();
    Audit {
        boots: live.map(|_| image.boots()),
        launch_keys: live.map_or_else(|| Ok(Vec::new()), crate::image::live::Live::launch_keys),
        build_keys,
        program: build.tool.binary_sha256.clone(),
    }
}

/// What the program left on the build machine by its report: paths that the finished image must not have.
pub fn traces(build: &Report) -> Vec<PathBuf> {
    let paths = build.own_traces.iter().map(|trace| &trace.path);
    paths.filter(|path| is_plain(path)).map(PathBuf::from).collect()
}

/// Whether a path in a report is the very path: a backslash may stand for itself or for a character that was made visible.
fn is_plain(path: &str) -> bool {
    path.starts_with('/') && !path.contains('\\')
}

/// Whether `audit` can be an audit of the image that `build` tells of. `apart`: what the audit leaves out of its identity.
///
/// # Errors
/// In a sentence, what speaks against it.
pub fn belongs(build: &Report, audit: &Report, apart: Option<&IdentityFile>) -> Result<(), String> {
    if build.kind != Kind::Build || audit.kind != Kind::ImageAudit {
        return Err(format!(
            "The first is {} and the second {}; wanted are the report of a build and the image audit of it.",
            name(build.kind),
            name(audit.kind)
        ));
    }
    let (began, audited) = (instance(build, None)?, instance(audit, apart)?);
    let (began, audited) = (began.as_ref(), audited.as_ref());
    if same(build.image.boot_id.as_ref(), audit.image.boot_id.as_ref())
        || same(known_document(build), known_document(audit))
        || same(field(began, |document| &document.instance_id), field(audited, |document| &document.instance_id))
    {
        return Err(
            "The audit looked at the very machine that was being prepared. Launch an instance of the finished AMI, or mount its snapshot."
                .to_owned(),
        );
    }
    let image = field(audited, |document| &document.image_id);
    if let Some(base) = image.filter(|image| same(field(began, |document| &document.image_id), Some(image))) {
        return Err(format!(
            "The audited instance was started from {}, the image that the build began with: not what was made of it was audited, but the base.",
            visible(base)
        ));
    }
    let written = build.generated_at;
    if let Some(started) = field(audited, |document| &document.pending_time).filter(|started| **started < written) {
        return Err(format!(
            "AWS started the audited instance at {started}, before the report of the build was written at {written}: the image of that build was not there yet."
        ));
    }
    if audit.started_at < written {
        return Err(format!(
            "The audit began at {}, before the report of the build was written at {written}: the image of that build was not there yet.",
            audit.started_at
        ));
    }
    match (&build.image.filesystem_uuid, &audit.image.filesystem_uuid) {
        (Some(old), Some(new)) if old != new => Err(format!(
            "The root file system that was audited is {}, that of the build {}: the audited image was not made from the build's disk.",
            visible(new),
            visible(old)
        )),
        _ => Ok(()),
    }
}

/// Whether both are known and the same.
fn same<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.is_some() && one == other
}

fn field<T>(document: Option<&Document>, of: impl Fn(&Document) -> &Option<T>) -> Option<&T> {
    document.and_then(|document| of(document).as_ref())
}

/// The digest of the instance's identity document, which is there even where the document is not.
fn known_document(report: &Report) -> Option<&String> {
    report.identity.document_sha256.as_ref().filter(|_| report.identity.of == IdentityOf::Image)
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Build => "the report of a build",
        Kind::ImageAudit => "an image audit",
        Kind::Practice => "a practice report",
    }
}

/// Makes `report` an audit of `build`: what is different since, what became of the files that were changed, and what the
/// audit cannot tell.
///
/// # Errors
/// When `report` is about something else than an image made from that build.
pub fn close(image: &Image, audit: &Audit, build: &Earlier, report: &mut Report) -> Result<(), String> {
    belongs(&build.report, report, None)?;
    let mut comparison = compare(&build.report, report);
    comparison.drift = Some(drift(image, &[], &build.report));
    report.previous = Some(Previous { comparison: Some(comparison), ..build.previous() });
    report.limits.extend(limits(audit, &build.report));
    Ok(())
}

/// What an audit of `build` cannot tell, for the report to say.
fn limits(audit: &Audit, build: &Report) -> Vec<String> {
    let mut limits = match &audit.boots {
        None => {
            vec!["The image was mounted: nothing that AWS signs names the AMI that its disk belongs to.".to_owned()]
        }
        Some(boots) => of_instance(audit, boots),
    };
    if audit.program.is_none() {
        limits.push(
            "The report of the build does not tell the digest of the program that made it: a copy of that program under another name was not looked for."
                .to_owned(),
        );
    }
    let mut missed = build.own_traces.iter().map(|trace| &trace.path).filter(|path| !is_plain(path));
    if let Some(first) = missed.next() {
        let more = match missed.count() {
            0 => String::new(),
            1 => ", and one more".to_owned(),
            more => format!(", and {more} more"),
        };
        limits.push(format!(
            "Not everything that the program left on the build machine was looked for, as the report does not write its path as it is: {}{more}.",
            visible(first)
        ));
    }
    limits
}

/// What cannot be told of an instance.
fn of_instance(audit: &Audit, boots: &Result<Boots, Error>) -> Vec<String> {
    let mut limits = vec![
        "What an instance makes for itself when it first boots was judged by its age: only what is older counts. A look at the mounted snapshot sees the image before that."
            .to_owned(),
    ];
    let moment = |seconds| Timestamp::from_second(seconds).unwrap_or_default();
    limits.extend(match boots {
        Err(error) => Some(format!("When the instance booted is not known: {error}.")),
        Ok(boots) => match boots.rebooted() {
            Some(false) => None,
            Some(true) => Some(format!(
                "The instance was started again at {}, after its first boot at {}: what an earlier boot changed or removed on the image cannot be told.",
                moment(boots.this),
                moment(boots.first.unwrap_or(boots.this))
            )),
            None => Some(format!(
                "Whether the instance had booted before {} cannot be told (cloud-init or the metadata service does not say): what is older than that boot was left unknown where an earlier one may have made it.",
                moment(boots.this)
            )),
        },
    });
    if let Err(why) = &audit.launch_keys {
        limits.push(format!("Which key the instance was launched with is not known: {}.", visible(why)));
    }
    limits
}

#[cfg(test)]
mod tests;
