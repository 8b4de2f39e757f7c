//! `seaworthy check`: judge every guideline and print the checklist.

use std::fmt::Write;

use serde::Serialize;

use super::args::{CheckArgs, Common, Format};
use super::environment::Environment;
use super::output::{Failure, Paint, note, print, print_json};
use super::{NOT_SEAWORTHY, OK, engine};
use crate::catalogue::{Catalogue, Guideline, PHASES, Severity};
use crate::change::{Change, Remedy, remedy};
use crate::check::{Allowed, Context, Finding, Findings, Status};
use crate::image::{Image, Mode, text};
use crate::playbook::Playbook;
use crate::report::verdict::{counting, decided, verdict};
use crate::report::{Counts, Verdict};

/// How many observations a finding shows without `--verbose`.
const SHOWN: usize = 5;

pub(super) fn run(args: &CheckArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    let whole = engine::catalogue(common)?;
    let catalogue = engine::selected(common, &whole)?;
    let playbook = match &args.playbook {
        Some(path) => engine::playbook(path, &whole)?,
        None => Playbook::default(),
    };
    let image = engine::image(common)?;
    let (context, findings) =
        engine::survey(&image, &catalogue, engine::context(&image, common, &playbook)?, common, environment);
    let verdict = judge(&image, &catalogue, &findings, &playbook);
    match common.format {
        Format::Json => print_json(&document(&image, &whole, &context, &findings, verdict))?,
        Format::Text => {
            let paint = Paint(environment.stdout_terminal && !environment.no_color);
            print(&checklist(&image, &catalogue, whole.guidelines.len(), &findings, verdict, common, paint))?;
        }
    }
    let is_open = findings.iter().any(|(_, finding)| finding.status == Status::Unknown);
    if is_open && !common.quiet && !engine::is_permitted(&image) {
        note("Not run as root: what this user may not read is unknown. `sudo seaworthy check` looks at all of it.");
    }
    engine::tell_interrupted(&image, common, environment);
    Ok(exit_code(verdict))
}

/// The verdict over `findings`, decisions counted.
pub(super) fn judge(image: &Image, catalogue: &Catalogue, findings: &Findings, playbook: &Playbook) -> Verdict {
    let live = image.mode() == Mode::Live;
    verdict(findings.iter().filter_map(|(id, finding)| {
        let guideline = catalogue.get(id)?;
        let decision = counting(playbook.decisions.get(id), Some(finding));
        let decided = decided(decision.as_ref(), guideline.phase, live, engine::today());
        Some((guideline.severity, finding.status, decided))
    }))
}

pub(super) fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Seaworthy | Verdict::SeaworthyWithWaivers => OK,
        Verdict::Undecided | Verdict::NotSeaworthy => NOT_SEAWORTHY,
    }
}

/// The checklist for people.
fn checklist(
    image: &Image,
    catalogue: &Catalogue,
    known: usize,
    findings: &Findings,
    verdict: Verdict,
    common: &Common,
    paint: Paint,
) -> String {
    let mut out = String::new();
    if !common.quiet {
        let _ = writeln!(out, "{}", paint.strong(&describe(image)));
        for phase in PHASES {
            let mut rows = findings
                .iter()
                .filter_map(|(id, finding)| Some((catalogue.get(id)?, finding)))
                .filter(|(guideline, _)| guideline.phase == phase)
                .peekable();
            if rows.peek().is_some() {
                let _ = writeln!(out, "\n{}", paint.strong(phase.title()));
            }
            for (guideline, finding) in rows {
                row(&mut out, guideline, finding, common.verbose, paint);
            }
        }
        out.push('\n');
    }
    let counts = Counts::of(findings.iter().map(|(_, finding)| finding.status));
    let _ = writeln!(
        out,
        "{} pass, {} fail, {} unknown, {} not applicable, {} to attest",
        counts.pass, counts.fail, counts.unknown, counts.not_applicable, counts.attest
    );
    out.push_str(&partial(findings, known));
    let _ = writeln!(out, "{}", paint.strong(&sentence(verdict, catalogue, findings)));
    out
}

/// One guideline of the checklist.
fn row(out: &mut String, guideline: &Guideline, finding: &Finding, verbose: bool, paint: Paint) {
    let status = paint.status(finding.status);
    let _ = writeln!(out, "  {status}  {:<6}  {}", guideline.id, guideline.title);
    if !verbose && matches!(finding.status, Status::Pass | Status::NotApplicable) {
        return;
    }
    let indent = " ".repeat(19);
    let _ = writeln!(out, "{indent}{} ({})", text::visible(&finding.summary), guideline.severity);
    let limit = if verbose { usize::MAX } else { SHOWN };
    for observation in finding.observations.iter().take(limit) {
        let place = match (&observation.path, observation.line) {
            (Some(path), Some(line)) => format!("{}:{line}", text::path(path)),
            (Some(path), None) => text::path(path),
            (None, _) => String::new(),
        };
        let rule = observation.rule.as_deref().map(|rule| format!(" [{rule}]")).unwrap_or_default();
        let seen = observation.text.as_deref().map(text::visible).unwrap_or_default() + &rule;
        let gap = if place.is_empty() || seen.is_empty() { "" } else { "  " };
        let _ = writeln!(out, "{indent}{}", paint.faint(&format!("{place}{gap}{seen}")));
    }
    let more = finding.observations.len().saturating_sub(limit);
    if more > 0 {
        let _ = writeln!(out, "{indent}{}", paint.faint(&format!("and {more} more; --verbose shows them")));
    }
}

/// The line that says so when fewer guidelines were judged than there are.
pub(super) fn partial(findings: &Findings, known: usize) -> String {
    if findings.len() < known {
        format!("Only {} of {known} guidelines were judged.\n", findings.len())
    } else {
        String::new()
    }
}

/// What image this is, in one line.
pub(super) fn describe(image: &Image) -> String {
    let os = image.os().map_or_else(|_| "unknown system".to_owned(), |os| text::visible(&os.pretty_name));
    let place = match image.mode() {
        Mode::Live => "this machine".to_owned(),
        Mode::Offline => format!("offline at {}", text::path(image.mount_point())),
    };
    format!("{os}, {}, {place}", image.arch().unwrap_or("unknown architecture"))
}

pub(super) fn sentence(verdict: Verdict, catalogue: &Catalogue, findings: &Findings) -> String {
    let required = |status: &[Status]| {
        findings
            .iter()
            .filter(|(id, finding)| {
                status.contains(&finding.status)
                    && catalogue.get(id).is_some_and(|guideline| guideline.severity == Severity::Required)
            })
            .count()
    };
    match verdict {
        Verdict::Seaworthy => "seaworthy".to_owned(),
        Verdict::SeaworthyWithWaivers => "seaworthy-with-waivers".to_owned(),
        Verdict::Undecided => {
            format!("undecided: {} required still open", required(&[Status::Unknown, Status::Attest]))
        }
        Verdict::NotSeaworthy => format!("not-seaworthy: {} required fail", required(&[Status::Fail])),
    }
}

/// `seaworthy.check/1`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    format: &'static str,
    tool: Tool,
    catalogue: CatalogueInfo<'a>,
    image: ImageInfo,
    verdict: Verdict,
    counts: Counts,
    guidelines: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct CatalogueInfo<'a> {
    version: &'a str,
    sha256: &'a str,
    guidelines: usize,
    custom: bool,
}

#[derive(Debug, Serialize)]
struct ImageInfo {
    root: String,
    mode: &'static str,
    arch: Option<&'static str>,
    os: Option<OsInfo>,
}

#[derive(Debug, Serialize)]
struct OsInfo {
    id: String,
    version_id: String,
    pretty_name: String,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'a str,
    title: &'a str,
    severity: Severity,
    phase: &'static str,
    status: Status,
    summary: String,
    observations: Vec<Seen>,
    remedy: Option<RemedyInfo>,
}

#[derive(Debug, Serialize)]
struct Seen {
    path: Option<String>,
    line: Option<u32>,
    text: Option<String>,
    rule: Option<String>,
    allowed: Option<Allowed>,
}

#[derive(Debug, Serialize)]
struct RemedyInfo {
    changes: usize,
    undoable: bool,
    /// Places that stay for a person.
    left: usize,
}

impl RemedyInfo {
    fn of(changes: &[Change], left: usize) -> Self {
        Self { changes: changes.len(), undoable: changes.iter().all(Change::is_undoable), left }
    }
}

fn document<'a>(
    image: &Image,
    catalogue: &'a Catalogue,
    context: &Context,
    findings: &Findings,
    verdict: Verdict,
) -> Document<'a> {
    let guidelines = catalogue
        .guidelines
        .iter()
        .filter_map(|guideline| Some((guideline, &findings.iter().find(|(id, _)| *id == guideline.id)?.1)))
        .map(|(guideline, finding)| Row {
            id: &guideline.id,
            title: &guideline.title,
            severity: guideline.severity,
            phase: guideline.phase.name(),
            status: finding.status,
            summary: text::visible(&finding.summary),
            observations: finding
                .observations
                .iter()
                .map(|seen| Seen {
                    path: seen.path.as_deref().map(text::path),
                    line: seen.line,
                    text: seen.text.as_deref().map(text::visible),
                    rule: seen.rule.clone(),
                    allowed: seen.allowed.clone(),
                })
                .collect(),
            remedy: remedy_info(image, guideline, finding, context),
        })
        .collect();
    Document {
        format: "seaworthy.check/1",
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        catalogue: CatalogueInfo {
            version: catalogue.version,
            sha256: &catalogue.sha256,
            guidelines: catalogue.guidelines.len(),
            custom: catalogue.custom,
        },
        image: ImageInfo {
            root: text::path(image.mount_point()),
            mode: match image.mode() {
                Mode::Live => "live",
                Mode::Offline => "offline",
            },
            arch: image.arch(),
            os: image.os().ok().map(|os| OsInfo {
                id: text::visible(&os.id),
                version_id: text::visible(&os.version_id),
                pretty_name: text::visible(&os.pretty_name),
            }),
        },
        verdict,
        counts: Counts::of(findings.iter().map(|(_, finding)| finding.status)),
        guidelines,
    }
}

fn remedy_info(image: &Image, guideline: &Guideline, finding: &Finding, context: &Context) -> Option<RemedyInfo> {
    match remedy(image, guideline, finding, context) {
        Ok(Some(Remedy::Changes(changes))) => Some(RemedyInfo::of(&changes, 0)),
        Ok(Some(Remedy::Part { changes, left })) => Some(RemedyInfo::of(&changes, left.len())),
        Ok(Some(Remedy::ByHand(_)) | None) | Err(_) => None,
    }
}
