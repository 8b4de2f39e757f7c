//! Which image, which machine, which program, by whom: names and values, for both views.

use super::super::Report;
use super::super::record::{IdentityOf, Mode, Previous};
use super::words::moment;

/// Names and values; what is not known is left out.
pub(super) type Rows = Vec<(&'static str, String)>;

/// What a reader needs to know first.
pub(super) fn essential(report: &Report) -> Rows {
    let image = &report.image;
    let os = image.os.as_ref().map_or("unknown", |os| os.pretty_name.as_str());
    let mut rows = vec![
        ("Operating system", format!("{os}, {}", image.arch.as_deref().unwrap_or("unknown architecture"))),
        ("Image", format!("{} ({})", image.root, mode(image.mode))),
    ];
    if report.identity.of == IdentityOf::Image {
        rows.extend(claims(report).map(|claims| ("Instance (as it says itself)", claims)));
    }
    rows.push(("Named as responsible", report.publisher.clone()));
    rows.push(("Written", moment(report.generated_at)));
    rows.extend(report.challenge.clone().map(|challenge| ("Challenge", challenge)));
    rows.push(("Report", report.report_id.clone()));
    rows
}

/// Everything else, by heading.
pub(super) fn all(report: &Report) -> [(&'static str, Rows); 4] {
    [
        ("Image", image(report)),
        ("Machine that wrote the report", machine(report)),
        ("Operator and clock", operator(report)),
        ("Program and guidelines", program(report)),
    ]
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "the running machine",
        Mode::Offline => "mounted, not running",
    }
}

fn claims(report: &Report) -> Option<String> {
    let claims = report.identity.claims.as_ref()?;
    let fields = [&claims.instance_id, &claims.image_id, &claims.region, &claims.account_id];
    let known: Vec<&str> = fields.into_iter().flatten().map(String::as_str).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

fn image(report: &Report) -> Rows {
    let image = &report.image;
    let mut rows = vec![("Looked at", format!("{} ({})", image.root, mode(image.mode)))];
    rows.extend(
        image.os.as_ref().map(|os| ("Operating system", format!("{} ({} {})", os.pretty_name, os.id, os.version_id))),
    );
    rows.extend(named("Architecture", image.arch.as_ref()));
    rows.extend(named("Kernel", image.kernel.as_ref()));
    rows.extend(named("Boot", image.boot_id.as_ref()));
    rows.extend(image.machine_id.as_ref().map(|id| {
        let digest = id.sha256.as_ref().map_or_else(String::new, |sha256| format!(", SHA-256 {sha256}"));
        ("Machine id", format!("{}{digest}", id.state))
    }));
    rows.extend(named("Root file system", image.filesystem_uuid.as_ref()));
    rows.extend(named("Its partition", image.partition_uuid.as_ref()));
    rows.extend(named("Virtualization", image.virtualization.as_ref()));
    rows.extend(named("Security module", image.security.as_ref()));
    rows.extend(image.fips.map(|fips| ("FIPS mode", if fips { "on" } else { "off" }.to_owned())));
    rows.extend(
        image
            .packages
            .as_ref()
            .map(|packages| ("Packages", format!("{}, SHA-256 of their list {}", packages.count, packages.sha256))),
    );
    rows
}

fn machine(report: &Report) -> Rows {
    let identity = &report.identity;
    let of = match identity.of {
        IdentityOf::Image => "the image itself, running",
        IdentityOf::Inspector => "another one, on which the image was mounted; what follows says nothing of the image",
    };
    let mut rows = vec![("This machine is", of.to_owned())];
    if let Some(claims) = &identity.claims {
        rows.extend(named("Instance", claims.instance_id.as_ref()));
        rows.extend(named("Started from AMI", claims.image_id.as_ref()));
        rows.extend(named("Region", claims.region.as_ref()));
        rows.extend(named("Account", claims.account_id.as_ref()));
    }
    rows.extend(named("SHA-256 of its identity document", identity.document_sha256.as_ref()));
    rows.extend(identity.fetched_at.map(|at| ("Fetched", moment(at))));
    if identity.document_sha256.is_some() {
        let word = match (&identity.document, &identity.rsa2048) {
            (Some(_), Some(_)) => "in report.json; verify checks it with the certificate of the region",
            _ => "not in report.json: what is said of the instance cannot be checked from it",
        };
        rows.push(("Signature of AWS", word.to_owned()));
    }
    rows.extend(named("No identity", identity.unavailable.as_ref()));
    rows
}

fn operator(report: &Report) -> Rows {
    let (operator, clock) = (&report.operator, &report.clock);
    let mut rows = Rows::new();
    let uid = operator.uid.map_or_else(String::new, |uid| format!(" (number {uid})"));
    rows.extend(operator.user.as_ref().map(|user| ("Ran as", format!("{user}{uid}"))));
    rows.extend(named("Called sudo as", operator.sudo_user.as_ref()));
    rows.extend(named("Connected by", operator.session.as_ref()));
    rows.extend(named("From", operator.client.as_ref()));
    rows.push(("Begun", moment(report.started_at)));
    rows.push(("Written", moment(report.generated_at)));
    rows.push(("Checking took", format!("{} ms", report.duration_ms)));
    let synchronised = match clock.synchronised {
        Some(true) => "the kernel calls it synchronised",
        Some(false) => "the kernel does not call it synchronised",
        None => "not known whether it is synchronised",
    };
    let source = clock.source.as_ref().map_or_else(String::new, |source| format!(", kept by {source}"));
    rows.push(("Clock", format!("{synchronised}{source}")));
    rows
}

fn program(report: &Report) -> Rows {
    let (tool, catalogue) = (&report.tool, &report.catalogue);
    let mut rows = vec![("Program", format!("{} {} ({})", tool.name, tool.version, tool.target))];
    rows.extend(named("Commit", tool.commit.as_ref()));
    rows.extend(named("SHA-256 of the program", tool.binary_sha256.as_ref()));
    if !tool.arguments.is_empty() {
        rows.push(("Called with", tool.arguments.join(" ")));
    }
    let house_rules = if catalogue.custom { ", with house rules" } else { "" };
    rows.push(("Guidelines", format!("{}, catalogue {}{house_rules}", catalogue.guidelines, catalogue.version)));
    rows.push(("SHA-256 of the catalogue", catalogue.sha256.clone()));
    rows
}

fn named(name: &'static str, value: Option<&String>) -> Option<(&'static str, String)> {
    value.map(|value| (name, value.clone()))
}

/// The report that this one goes on from.
pub(super) fn previous(previous: &Previous) -> Rows {
    let unverified = || "nobody: its signature was not verified".to_owned();
    vec![
        ("Report", previous.report_id.clone()),
        ("Its SHA-256", previous.sha256.clone()),
        ("Signed by", previous.signer.clone().unwrap_or_else(unverified)),
    ]
}
