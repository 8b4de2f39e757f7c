//! in-toto Statement v1 with the predicate `test-result/v0.1`, for policy engines: which guidelines passed, by name only.
//!
//! It is kept small and on one line: what is signed of it must fit into one request to an agent or a key service.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::is_practice;
use crate::catalogue::Severity;
use crate::image::text::visible;
use crate::report::{IdentityOf, Kind, Outcome, Report};

/// `_type` of a statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// `predicateType`.
pub const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// What is said about what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`STATEMENT`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// What it is about: `report.json`, and the AMI where an image audit knows it.
    pub subject: Vec<Artifact>,
    /// [`TEST_RESULT`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// How the tests came out.
    pub predicate: TestResult,
}

/// Something with a name and digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Its name.
    pub name: String,
    /// Digests by algorithm; `arn` is no digest, but names an AMI for good (in-toto's `digest_set`).
    pub digest: BTreeMap<String, String>,
}

/// How the tests came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TestResult {
    /// All in all.
    pub result: Grade,
    /// The guidelines that were gone by.
    pub configuration: Vec<Artifact>,
    /// Guidelines that pass, were fixed or are attested.
    pub passed_tests: Vec<String>,
    /// Those that are waived, and those not in order that are not required.
    pub warned_tests: Vec<String>,
    /// Required ones that keep the image from being seaworthy.
    pub failed_tests: Vec<String>,
}

/// The three grades of the predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Grade {
    /// Nothing is left to be said.
    Passed,
    /// Seaworthy, but for what is in `warned_tests`.
    Warned,
    /// Not seaworthy, not decided yet, or only a practice image.
    Failed,
}

/// The statement as JSON on one line. `sha256` is that of `report.json`.
pub fn intoto(report: &Report, sha256: &str) -> String {
    // Strings and lists only: this cannot fail.
    let mut out = serde_json::to_string(&statement(report, sha256)).unwrap_or_default();
    out.push('\n');
    out
}

/// The statement. A guideline that does not apply is in none of the lists.
pub fn statement(report: &Report, sha256: &str) -> Statement {
    let (mut passed, mut warned, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for record in &report.guidelines {
        let required = record.severity == Severity::Required;
        let list = match record.result {
            Outcome::NotApplicable => continue,
            Outcome::Pass | Outcome::Fixed | Outcome::ByHand | Outcome::Attested => &mut passed,
            Outcome::Fail | Outcome::Unknown | Outcome::NotAttested | Outcome::Deferred if required => &mut failed,
            Outcome::Waived | Outcome::Fail | Outcome::Unknown | Outcome::NotAttested | Outcome::Deferred => {
                &mut warned
            }
        };
        list.push(visible(&record.id));
    }
    let result = match (failed.is_empty() && !is_practice(report), warned.is_empty()) {
        (false, _) => Grade::Failed,
        (true, false) => Grade::Warned,
        (true, true) => Grade::Passed,
    };
    let artifact = |name: &str, algorithm: &str, digest: String| Artifact {
        name: visible(name),
        digest: BTreeMap::from([(algorithm.to_owned(), visible(&digest))]),
    };
    let mut subject = vec![artifact("report.json", "sha256", sha256.to_owned())];
    subject.extend(ami(report).map(|(id, arn)| artifact(&id, "arn", arn)));
    let catalogue = format!("seaworthy catalogue {}", report.catalogue.version);
    Statement {
        kind: STATEMENT.to_owned(),
        subject,
        predicate_type: TEST_RESULT.to_owned(),
        predicate: TestResult {
            result,
            configuration: vec![artifact(&catalogue, "sha256", report.catalogue.sha256.clone())],
            passed_tests: passed,
            warned_tests: warned,
            failed_tests: failed,
        },
    }
}

/// The AMI that an image audit was made on, and its ARN (AWS service authorization reference, EC2, "image"), where the
/// instance says which it was started from.
fn ami(report: &Report) -> Option<(String, String)> {
    if report.kind != Kind::ImageAudit || report.identity.of != IdentityOf::Image {
        return None;
    }
    let claims = report.identity.claims.as_ref()?;
    let (id, region) = (claims.image_id.as_ref()?, claims.region.as_ref()?);
    let partitions = [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")];
    let partition = partitions.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, name)| name);
    Some((id.clone(), format!("arn:{partition}:ec2:{region}::image/{id}")))
}
