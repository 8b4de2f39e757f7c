use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn handed() -> Handed {
    Handed { name: "scan.json".to_owned(), sha256: "0".repeat(64) }
}

/// The result that `text` holds.
pub(crate) fn scan(text: &str) -> Result<Scan, String> {
    parse(handed(), text.as_bytes())
}

/// As `trivy rootfs --format json` writes it, shortened.
pub(crate) const TRIVY: &str = r#"{"SchemaVersion": 2, "CreatedAt": "2026-11-20T23:30:00.123456789-02:00",
"ArtifactName": "/mnt/image", "ArtifactType": "filesystem",
"Metadata": {"OS": {"Family": "debian", "Name": "12.8"}},
"Results": [{"Target": "debian", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [
 {"VulnerabilityID": "CVE-2023-45853", "PkgID": "zlib1g@1.2.13", "PkgName": "zlib1g", "InstalledVersion": "1:1.2.13.dfsg-1", "Status": "will_not_fix", "Severity": "CRITICAL", "CVSS": {"nvd": {"V3Score": 9.8}}},
 {"VulnerabilityID": "CVE-2024-1", "PkgName": "libssl3", "InstalledVersion": "3.0.11-1", "FixedVersion": "3.0.14-1", "Severity": "HIGH"},
 {"VulnerabilityID": "CVE-2024-1", "PkgName": "libssl3", "InstalledVersion": "3.0.11-1", "FixedVersion": "3.0.14-1", "Severity": "HIGH"},
 {"VulnerabilityID": "CVE-2011-3374", "PkgName": "apt", "InstalledVersion": "2.6.1", "Severity": "LOW"}]},
 {"Target": "Node.js", "Class": "lang-pkgs", "Type": "node-pkg"}]}"#;

/// As `grype -o json` writes it, shortened.
pub(crate) const GRYPE: &str = r#"{"matches": [{"vulnerability": {"id": "CVE-2024-2", "severity": "Medium",
 "fix": {"versions": ["1.2.4"], "state": "fixed"}}, "artifact": {"name": "curl", "version": "1.2.3", "type": "rpm"}}],
"source": {"type": "directory", "target": "/mnt/image"}, "distro": {"name": "amazonlinux", "version": "2023", "idLike": ["fedora"]},
"descriptor": {"name": "grype", "version": "0.80.0", "timestamp": "2026-11-21T10:00:00Z"}}"#;

/// As `aws inspector2 list-findings` writes it, shortened.
pub(crate) const INSPECTOR: &str = r#"{"findings": [
 {"findingArn": "arn:aws:inspector2:us-east-1:111122223333:finding/1", "severity": "HIGH", "status": "ACTIVE", "type": "PACKAGE_VULNERABILITY",
  "title": "CVE-2024-3 - openssh", "lastObservedAt": "2026-11-19T10:00:00+00:00", "updatedAt": 1795255200.5,
  "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2024-3", "vulnerablePackages": [
   {"name": "openssh", "version": "8.7p1", "fixedInVersion": "0:8.7p1-9"}, {"name": "openssh-server", "version": "8.7p1", "fixedInVersion": "NotAvailable"}]},
  "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-0123456789abcdef0", "details": {"awsEc2Instance": {"platform": "AMAZON_LINUX_2023"}}}]},
 {"severity": "CRITICAL", "status": "CLOSED", "title": "gone"},
 {"severity": "MEDIUM", "status": "ACTIVE", "title": "Port 22 is reachable", "type": "NETWORK_REACHABILITY"}]}"#;

#[test]
fn trivys_result_is_read() {
    let scan = scan(TRIVY).unwrap();
    assert_eq!((scan.scanner, scan.made), ("Trivy", Some(date(2026, 11, 21))));
    assert_eq!(scan.system, Some(System { id: "debian".to_owned(), version: "12.8".to_owned() }));
    let found: Vec<_> = scan.found.iter().map(|one| (one.severity, one.id.as_str(), one.fixed.as_str())).collect();
    let expected = [
        (Severity::Critical, "CVE-2023-45853", ""),
        (Severity::High, "CVE-2024-1", "3.0.14-1"),
        (Severity::Lower, "CVE-2011-3374", ""),
    ];
    assert_eq!(found, expected);
    assert!(super::parse(handed(), br#"{"SchemaVersion": 2, "ArtifactName": "x"}"#).unwrap().found.is_empty());
}

#[test]
fn grypes_result_is_read() {
    let scan = scan(GRYPE).unwrap();
    assert_eq!(
        (scan.scanner, scan.made, scan.target.as_deref()),
        ("Grype", Some(date(2026, 11, 21)), Some("/mnt/image"))
    );
    assert_eq!(scan.system.unwrap().id, "amzn");
    assert_eq!((scan.found.len(), scan.found[0].severity, scan.found[0].fixed.as_str()), (1, Severity::Lower, "1.2.4"));
}

#[test]
fn inspectors_findings_are_read() {
    let scan = scan(INSPECTOR).unwrap();
    assert_eq!((scan.scanner, scan.target.as_deref()), ("Amazon Inspector", Some("i-0123456789abcdef0")));
    assert_eq!(scan.made, Some(date(2026, 11, 21)));
    assert_eq!(scan.system, Some(System { id: "amzn".to_owned(), version: "2023".to_owned() }));
    assert_eq!(scan.found.len(), 3);
    assert_eq!((scan.found[0].fixed.as_str(), scan.found[1].fixed.as_str()), ("0:8.7p1-9", ""));
}

#[test]
fn anything_else_is_refused() {
    for text in
        ["", "[]", "{}", "3", "{\"Images\": []}", "{\"matches\": 3}", "{\"SchemaVersion\": 2}", "{\"findings\": []} x"]
    {
        assert!(scan(text).is_err(), "{text}");
    }
}

#[test]
fn platforms_and_times() {
    assert_eq!(of_platform("UBUNTU_22_04").unwrap().version, "22.04");
    assert_eq!(of_platform("PLAN9"), None);
    assert_eq!(day_of(&serde_json::json!({})), None);
    assert_eq!(system("none", ""), None);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(handed(), &bytes);
    }

    #[test]
    fn any_part_of_a_result_is_survived(cut in 0..2000_usize, letter in any::<char>()) {
        for text in [TRIVY, GRYPE, INSPECTOR] {
            let mut text: String = text.chars().take(cut).collect();
            text.push(letter);
            let _ = scan(&text);
        }
    }
}
