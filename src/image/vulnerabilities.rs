//! What a vulnerability scanner said: results of Trivy, Grype and Amazon Inspector as JSON, which the publisher hands
//! in. Pure reading: no scanner is run and nobody is asked.
//!
//! Shapes: Trivy's report (`trivy … --format json`, schema version 2), Grype's (`grype … -o json`), and the findings of
//! Inspector's API (`aws inspector2 list-findings`, or an exported findings report). Unknown fields are passed over.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::ami::Handed;

/// One result of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The file it was read from.
    pub file: Handed,
    /// Who scanned: `Trivy`, `Grype`, `Amazon Inspector`.
    pub scanner: &'static str,
    /// The day it was made (UTC), where the file says.
    pub made: Option<Date>,
    /// What was scanned, in the scanner's words, where the file says.
    pub target: Option<String>,
    /// The system it found there, where the file says.
    pub system: Option<System>,
    /// It is the whole result, and the system's packages were looked at, as far as the file tells.
    pub whole: bool,
    /// What it found, each vulnerability of a package once, the worst first.
    pub found: Vec<Vulnerability>,
}

/// An operating system, in the words of os-release(5) as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// `ID`.
    pub id: String,
    /// `VERSION_ID`, or the beginning of it; empty when not said.
    pub version: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Critical.
    Critical,
    /// High, or important.
    High,
    /// Anything less, and what nobody has rated.
    Lower,
}

/// One vulnerability in one package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vulnerability {
    /// How bad it is.
    pub severity: Severity,
    /// `CVE-2024-1234`, or the scanner's own id.
    pub id: String,
    /// The package.
    pub package: String,
    /// Its version; empty when not said.
    pub version: String,
    /// The version that mends it; empty when there is none.
    pub fixed: String,
}

/// What was expected of a file.
pub const EXPECTED: &str =
    "the JSON result of trivy (--format json), grype (-o json) or Amazon Inspector (aws inspector2 list-findings)";

/// The result that `bytes` hold.
///
/// # Errors
/// In one line: why it is none.
pub fn parse(file: Handed, bytes: &[u8]) -> Result<Scan, String> {
    let any: Any = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut scan = if let Some(matches) = any.matches {
        grype(file, matches, any.source, any.distro, any.descriptor)
    } else if let Some(findings) = any.findings {
        inspector(file, findings, any.next.is_none() && any.next_cli.is_none())
    } else if any.schema.is_some() && (any.artifact.is_some() || any.results.is_some()) {
        trivy(file, any.results, any.artifact, any.created, any.metadata)
    } else {
        return Err("no scanner's result has these fields".to_owned());
    };
    scan.found.sort();
    scan.found.dedup_by(|one, other| one.id == other.id && one.package == other.package);
    Ok(scan)
}

/// The fields by which the three are told apart, and theirs.
#[derive(Deserialize)]
struct Any {
    #[serde(rename = "SchemaVersion")]
    schema: Option<IgnoredAny>,
    #[serde(rename = "ArtifactName")]
    artifact: Option<String>,
    #[serde(rename = "CreatedAt")]
    created: Option<String>,
    #[serde(rename = "Metadata")]
    metadata: Option<Metadata>,
    #[serde(rename = "Results")]
    results: Option<Vec<TrivyResult>>,
    matches: Option<Vec<Match>>,
    source: Option<GrypeSource>,
    distro: Option<Distro>,
    descriptor: Option<Descriptor>,
    findings: Option<Vec<InspectorFinding>>,
    #[serde(rename = "nextToken")]
    next: Option<IgnoredAny>,
    #[serde(rename = "NextToken")]
    next_cli: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "OS")]
    os: Option<TrivyOs>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrivyOs {
    family: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrivyResult {
    class: Option<String>,
    vulnerabilities: Option<Vec<TrivyVulnerability>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrivyVulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    pkg_name: Option<String>,
    installed_version: Option<String>,
    fixed_version: Option<String>,
    severity: Option<String>,
}

fn trivy(
    file: Handed,
    results: Option<Vec<TrivyResult>>,
    artifact: Option<String>,
    created: Option<String>,
    metadata: Option<Metadata>,
) -> Scan {
    let results = results.unwrap_or_default();
    let whole = results.iter().any(|result| result.class.as_deref() == Some("os-pkgs"));
    let found = results.into_iter().flat_map(|result| result.vulnerabilities.unwrap_or_default());
    let found = found.map(|one| Vulnerability {
        severity: severity(one.severity.as_deref()),
        id: one.id,
        package: one.pkg_name.unwrap_or_default(),
        version: one.installed_version.unwrap_or_default(),
        fixed: one.fixed_version.unwrap_or_default(),
    });
    let os = metadata.and_then(|metadata| metadata.os);
    let system = os.and_then(|os| system(&os.family?, &os.name.unwrap_or_default()));
    let found = found.collect();
    Scan { file, scanner: "Trivy", made: created.and_then(|time| day(&time)), target: artifact, system, whole, found }
}

#[derive(Deserialize)]
struct Match {
    vulnerability: GrypeVulnerability,
    artifact: GrypeArtifact,
}

#[derive(Deserialize)]
struct GrypeVulnerability {
    id: String,
    severity: Option<String>,
    fix: Option<GrypeFix>,
}

#[derive(Deserialize)]
struct GrypeFix {
    versions: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct GrypeArtifact {
    name: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
struct GrypeSource {
    target: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Distro {
    name: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Descriptor {
    timestamp: Option<String>,
}

fn grype(
    file: Handed,
    matches: Vec<Match>,
    source: Option<GrypeSource>,
    distro: Option<Distro>,
    descriptor: Option<Descriptor>,
) -> Scan {
    let found = matches.into_iter().map(|one| Vulnerability {
        severity: severity(one.vulnerability.severity.as_deref()),
        id: one.vulnerability.id,
        package: one.artifact.name.unwrap_or_default(),
        version: one.artifact.version.unwrap_or_default(),
        fixed: one.vulnerability.fix.and_then(|fix| fix.versions).unwrap_or_default().join(", "),
    });
    // A directory by its path, a container image by what the user typed.
    let target = source.and_then(|source| source.target).and_then(|target| match target {
        serde_json::Value::String(path) => Some(path),
        other => other.get("userInput").and_then(|typed| typed.as_str()).map(str::to_owned),
    });
    Scan {
        file,
        scanner: "Grype",
        made: descriptor.and_then(|descriptor| descriptor.timestamp).and_then(|time| day(&time)),
        target,
        system: distro.and_then(|distro| system(&distro.name?, &distro.version.unwrap_or_default())),
        whole: true,
        found: found.collect(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InspectorFinding {
    severity: Option<String>,
    status: Option<String>,
    title: Option<String>,
    last_observed_at: Option<serde_json::Value>,
    updated_at: Option<serde_json::Value>,
    package_vulnerability_details: Option<Details>,
    resources: Option<Vec<Resource>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    vulnerability_id: Option<String>,
    vulnerable_packages: Option<Vec<VulnerablePackage>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VulnerablePackage {
    name: Option<String>,
    version: Option<String>,
    fixed_in_version: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    id: Option<String>,
    details: Option<ResourceDetails>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceDetails {
    aws_ec2_instance: Option<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    platform: Option<String>,
}

fn inspector(file: Handed, findings: Vec<InspectorFinding>, whole: bool) -> Scan {
    let mut scan =
        Scan { file, scanner: "Amazon Inspector", made: None, target: None, system: None, whole, found: Vec::new() };
    for finding in findings {
        scan.made = scan.made.max(finding.last_observed_at.as_ref().and_then(day_of));
        scan.made = scan.made.max(finding.updated_at.as_ref().and_then(day_of));
        for resource in finding.resources.into_iter().flatten() {
            scan.target = scan.target.or(resource.id);
            let instance = resource.details.and_then(|details| details.aws_ec2_instance);
            let platform = instance.and_then(|instance| instance.platform);
            scan.system = scan.system.or_else(|| platform.and_then(|platform| of_platform(&platform)));
        }
        if finding.status.is_some_and(|status| status == "CLOSED") {
            continue;
        }
        let severity = severity(finding.severity.as_deref());
        let details = finding.package_vulnerability_details;
        let (id, packages) = details.map_or((None, None), |one| (one.vulnerability_id, one.vulnerable_packages));
        let id = id.or(finding.title).unwrap_or_default();
        let fixed = |version: Option<String>| version.filter(|version| version != "NotAvailable").unwrap_or_default();
        let mut packages: Vec<_> = packages
            .unwrap_or_default()
            .into_iter()
            .map(|one| Vulnerability {
                severity,
                id: id.clone(),
                package: one.name.unwrap_or_default(),
                version: one.version.unwrap_or_default(),
                fixed: fixed(one.fixed_in_version),
            })
            .collect();
        if packages.is_empty() {
            let nothing = String::new;
            packages.push(Vulnerability { severity, id, package: nothing(), version: nothing(), fixed: nothing() });
        }
        scan.found.extend(packages);
    }
    scan
}

fn severity(word: Option<&str>) -> Severity {
    match word.map(str::to_ascii_lowercase).as_deref() {
        Some("critical") => Severity::Critical,
        Some("high" | "important") => Severity::High,
        _ => Severity::Lower,
    }
}

/// The day of an RFC 3339 time, in UTC.
fn day(time: &str) -> Option<civil::Date> {
    time.parse::<Timestamp>().ok().map(|time| time.to_zoned(TimeZone::UTC).date())
}

/// The AWS command line writes times as text or as seconds since 1970.
fn day_of(time: &serde_json::Value) -> Option<Date> {
    match time {
        serde_json::Value::String(time) => day(time),
        other => {
            let seconds = other.as_i64().or_else(|| other.to_string().split('.').next()?.parse().ok())?;
            Timestamp::from_second(seconds).ok().map(|time| time.to_zoned(TimeZone::UTC).date())
        }
    }
}

/// A scanner's name for a system, in os-release's words.
fn system(name: &str, version: &str) -> Option<System> {
    let id = match name.to_ascii_lowercase().as_str() {
        "" | "none" => return None,
        "amazon" | "amazonlinux" => "amzn".to_owned(),
        "redhat" => "rhel".to_owned(),
        "alma" => "almalinux".to_owned(),
        "rockylinux" => "rocky".to_owned(),
        "oracle" | "oraclelinux" => "ol".to_owned(),
        "suse linux enterprise server" | "suse" | "sle" => "sles".to_owned(),
        other => other.to_owned(),
    };
    // Trivy: `2023.6.20241010 (Amazon Linux)`.
    let version = version.split_whitespace().next().unwrap_or_default().to_owned();
    Some(System { id, version })
}

/// Inspector's name of a platform: `AMAZON_LINUX_2023`, `UBUNTU_22_04`.
fn of_platform(platform: &str) -> Option<System> {
    const NAMES: [(&str, &str); 9] = [
        ("AMAZON_LINUX", "amzn"),
        ("UBUNTU", "ubuntu"),
        ("DEBIAN", "debian"),
        ("RED_HAT_ENTERPRISE_LINUX", "rhel"),
        ("RHEL", "rhel"),
        ("ROCKY_LINUX", "rocky"),
        ("ALMALINUX", "almalinux"),
        ("ORACLE_LINUX", "ol"),
        ("SUSE_SERVER", "sles"),
    ];
    let (rest, id) = NAMES.iter().find_map(|(start, id)| Some((platform.strip_prefix(start)?, id)))?;
    Some(System { id: (*id).to_owned(), version: rest.trim_matches('_').replace('_', ".") })
}

#[cfg(test)]
pub(crate) mod tests;
