//! What scanners said of the image, judged by AWS's rule: no critical or high vulnerability that is not mended.

use jiff::civil::Date;

use crate::check::{Finding, Observation, Status};
use crate::image::os::Os;
use crate::image::repositories;
use crate::image::text;
use crate::image::vulnerabilities::{Scan, Severity, System, Vulnerability};

/// A scan older than this many days says too little: vulnerabilities are published every day.
const FRESH: i32 = 7;

/// What one scan says of the image that is `os`.
pub(super) fn judge(scan: &Scan, os: &Os, today: Date) -> Finding {
    let Scan { scanner, made, file, .. } = scan;
    let target =
        scan.target.as_deref().map(|target| format!(" of {}", repositories::shown(target))).unwrap_or_default();
    let when = made.map(|day| format!("on {day}")).unwrap_or_default();
    let record = format!("{scanner} {when}{target}: {} (SHA-256 {})", file.name, file.sha256);
    let record = Observation::fact(text::visible(&record));
    let unknown = |why: String| Finding::new(Status::Unknown, text::visible(&why)).seen([record.clone()]);
    if let Some(system) = &scan.system
        && !is_same(system, os)
    {
        let System { id, version } = system;
        return unknown(format!("{scanner} scanned {id} {version}, but this image is {} {}.", os.id, os.version_id));
    }
    let Some(made) = made else {
        return unknown(format!("{scanner}'s result does not say when it was made, so it may be of any age."));
    };
    let age = made.until(today).map_or(i32::MAX, |span| span.get_days());
    if !(-1..=FRESH).contains(&age) {
        return unknown(format!("{scanner}'s result is of {made}: scan again, results count for {FRESH} days."));
    }
    let grave: Vec<_> = scan.found.iter().filter(|one| one.severity != Severity::Lower).collect();
    if grave.is_empty() && (scan.system.is_none() || !scan.whole) {
        return unknown(format!("{scanner}'s result does not show that this system's packages were looked at."));
    }
    let lower = scan.found.len() - grave.len();
    let (status, summary) = if grave.is_empty() {
        (Status::Pass, format!("{scanner} found no critical or high vulnerability on {made} ({lower} lower ones)."))
    } else {
        let critical = grave.iter().filter(|one| one.severity == Severity::Critical).count();
        let high = grave.len() - critical;
        let fixed = grave.iter().filter(|one| !one.fixed.is_empty()).count();
        let summary = format!(
            "{scanner} found {critical} critical and {high} high vulnerabilities on {made}; {fixed} have a fix."
        );
        (Status::Fail, summary)
    };
    Finding::new(status, summary).seen([record]).seen(grave.into_iter().map(observed))
}

fn observed(one: &Vulnerability) -> Observation {
    let severity = if one.severity == Severity::Critical { "critical" } else { "high" };
    let fix = if one.fixed.is_empty() { "no fix yet".to_owned() } else { format!("fixed in {}", one.fixed) };
    Observation::fact(text::visible(&format!("{} {severity}: {} {}, {fix}", one.id, one.package, one.version)))
}

/// Whether the scanner's system can be `os`: the same id, and versions that agree as far as both go.
fn is_same(system: &System, os: &Os) -> bool {
    let mut parts = system.version.split('.').zip(os.version_id.split('.'));
    system.id == os.id
        && (system.version.is_empty() || os.version_id.is_empty() || parts.all(|(one, other)| one == other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Context;
    use crate::check::trial::{context, guideline};
    use crate::image::fixture::Fixture;
    use crate::image::vulnerabilities::tests::{GRYPE, INSPECTOR, TRIVY, scan};

    fn judged(os: &str, scans: &[&str]) -> Finding {
        let fixture = Fixture::debian();
        fixture.file("/etc/os-release", os);
        let scans = scans.iter().map(|text| scan(text).unwrap()).collect();
        crate::check::judge(&fixture.image(), &guideline("OSL-03"), &Context { scans, ..context() })
    }

    const DEBIAN: &str = "ID=debian\nVERSION_ID=12\n";
    const AMAZON: &str = "ID=amzn\nVERSION_ID=2023\n";

    #[test]
    fn critical_and_high_fail_with_or_without_a_fix() {
        let finding = judged(DEBIAN, &[TRIVY]);
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.summary, "Trivy found 1 critical and 1 high vulnerabilities on 2026-11-21; 1 have a fix.");
        let texts: Vec<_> = finding.observations.iter().filter_map(|seen| seen.text.as_deref()).collect();
        assert!(texts[0].starts_with("Trivy on 2026-11-21 of /mnt/image: scan.json (SHA-256 0000"), "{texts:?}");
        assert_eq!(texts[1], "CVE-2023-45853 critical: zlib1g 1:1.2.13.dfsg-1, no fix yet");
        assert_eq!(texts[2], "CVE-2024-1 high: libssl3 3.0.11-1, fixed in 3.0.14-1");
    }

    #[test]
    fn lower_ones_pass_and_the_worst_scan_counts() {
        let finding = judged(AMAZON, &[GRYPE]);
        assert_eq!(
            (finding.status, finding.summary.as_str()),
            (Status::Pass, "Grype found no critical or high vulnerability on 2026-11-21 (1 lower ones).")
        );
        let both = judged(AMAZON, &[GRYPE, INSPECTOR]);
        assert_eq!(both.status, Status::Fail);
        assert!(both.summary.starts_with("Amazon Inspector"), "{}", both.summary);
        assert!(both.observations.iter().any(|seen| seen.text.as_ref().is_some_and(|text| text.starts_with("Grype"))));
    }

    #[test]
    fn a_scan_of_another_system_or_time_decides_nothing() {
        for (os, text, why) in [
            ("ID=debian\nVERSION_ID=11\n", TRIVY.to_owned(), "scanned debian 12.8"),
            (AMAZON, TRIVY.to_owned(), "this image is amzn 2023"),
            (DEBIAN, TRIVY.replace("2026-11-20", "2026-10-01"), "scan again"),
            (DEBIAN, TRIVY.replace("2026-11-20", "2027-10-01"), "scan again"),
            (DEBIAN, TRIVY.replace("CreatedAt", "Created"), "does not say when"),
            (DEBIAN, "{\"findings\": []}".to_owned(), "does not say when"),
        ] {
            let finding = judged(os, &[&text]);
            assert_eq!(finding.status, Status::Unknown, "{finding:?}");
            assert!(finding.summary.contains(why), "{}", finding.summary);
        }
    }

    #[test]
    fn a_scan_that_looked_at_no_packages_does_not_pass() {
        let trivy = r#"{"SchemaVersion": 2, "CreatedAt": "2026-11-21T10:00:00Z", "ArtifactName": "/mnt/image",
            "Metadata": {"OS": {"Family": "debian", "Name": "12.8"}}"#;
        let inspector = INSPECTOR.replace("HIGH", "LOW");
        for (os, text) in [
            (DEBIAN, format!("{trivy}}}")),
            (DEBIAN, format!(r#"{trivy}, "Results": [{{"Target": "/key.pem", "Class": "secret"}}]}}"#)),
            (AMAZON, GRYPE.replace(r#""name": "amazonlinux", "version": "2023""#, r#""name": "", "version": """#)),
            (AMAZON, inspector.replacen('{', r#"{"nextToken": "x","#, 1)),
            (AMAZON, inspector.replacen('{', r#"{"NextToken": "x","#, 1)),
        ] {
            let finding = judged(os, &[&text]);
            assert_eq!(finding.status, Status::Unknown, "{finding:?}");
            assert!(finding.summary.contains("does not show that this system's packages"), "{}", finding.summary);
        }
        let whole = format!(r#"{trivy}, "Results": [{{"Target": "debian", "Class": "os-pkgs"}}]}}"#);
        assert_eq!(judged(DEBIAN, &[&whole]).status, Status::Pass);
        assert_eq!(judged(AMAZON, &[&inspector]).status, Status::Pass);
        let part = INSPECTOR.replacen('{', r#"{"nextToken": "x","#, 1);
        assert_eq!(judged(AMAZON, &[&part]).status, Status::Fail);
    }

    #[test]
    fn a_token_in_the_name_of_what_was_scanned_is_not_shown() {
        let finding = judged(DEBIAN, &[&TRIVY.replace("/mnt/image", "https://bob:s3cret@git.example/x")]);
        let seen = format!("{finding:?}");
        assert!(seen.contains("git.example/x") && !seen.contains("s3cret"), "{seen}");
    }
}
