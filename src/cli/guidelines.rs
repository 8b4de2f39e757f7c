//! `seaworthy guidelines`: the catalogue, or one guideline explained.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::args::{Common, Format, GuidelinesArgs};
use super::environment::Environment;
use super::output::{Failure, Paint, print, print_json};
use super::{OK, engine};
use crate::catalogue::{Catalogue, Earlier, Guideline, PHASES, schema};

/// Text is wrapped at this many columns, so that a page reads well on an 80-column terminal.
const WIDTH: usize = 78;

pub(super) fn run(args: &GuidelinesArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    if args.schema {
        print(schema())?;
        return Ok(OK);
    }
    let catalogue = engine::catalogue(common)?;
    let paint = Paint(environment.stdout_terminal && !environment.no_color);
    match &args.id {
        None => {
            let catalogue = engine::selected(common, &catalogue)?;
            match common.format {
                Format::Json => {
                    print_json(&catalogue.guidelines.iter().map(document).collect::<Vec<_>>())?;
                }
                Format::Text => print(&list(&catalogue, paint))?,
            }
        }
        Some(id) => {
            let id = engine::known(&catalogue, id)?;
            if let Some(guideline) = catalogue.get(&id) {
                match common.format {
                    Format::Json => print_json(&document(guideline))?,
                    Format::Text => print(&page(guideline, paint))?,
                }
            }
        }
    }
    Ok(OK)
}

fn list(catalogue: &Catalogue, paint: Paint) -> String {
    let mut out = String::new();
    for phase in PHASES {
        let mut rows = catalogue.guidelines.iter().filter(|guideline| guideline.phase == phase).peekable();
        if rows.peek().is_some() {
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}{}", paint.strong(phase.title()));
        }
        for guideline in rows {
            let severity = guideline.severity.to_string();
            let _ =
                writeln!(out, "  {:<7} {}  {}", guideline.id, paint.faint(&format!("{severity:<11}")), guideline.title);
        }
    }
    out
}

fn page(guideline: &Guideline, paint: Paint) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}  {}", paint.strong(&guideline.id), paint.strong(&guideline.title));
    let _ = writeln!(out, "{}, phase: {}", guideline.severity, guideline.phase.title());
    let mut section = |title: &str, text: &str| {
        let _ = writeln!(out, "\n{}", paint.strong(title));
        for line in text.trim_start_matches('\n').trim_end().lines() {
            // A line that starts with a blank is an example and keeps its shape.
            if line.is_empty() {
                out.push('\n');
            } else if line.starts_with(' ') {
                let _ = writeln!(out, "  {line}");
            } else {
                let _ = writeln!(out, "{}", textwrap::indent(&textwrap::fill(line, WIDTH - 2), "  "));
            }
        }
    };
    section("What it asks", &guideline.asks);
    section("Why", &guideline.why);
    section("By hand", &guideline.by_hand);
    if let Some(why) = &guideline.no_fix {
        section("Why no program does it", why);
    }
    section("What can go wrong", &guideline.danger);
    if let Some(statement) = &guideline.attest {
        section("What you confirm", statement);
    }
    let turn = guideline.turn();
    if !turn.is_empty() {
        section("Its turn", &turn.join("\n"));
    }
    let sources: Vec<String> =
        guideline.sources.iter().map(|source| format!("{}, {}", source.page, source.section)).collect();
    section("Source", &sources.join("\n"));
    out
}

fn document(guideline: &Guideline) -> serde_json::Value {
    let ids = |of: &[Earlier]| of.iter().map(|earlier| earlier.id.clone()).collect::<Vec<_>>();
    let reasons: BTreeMap<&str, &str> =
        guideline.waits_for().filter_map(|earlier| Some((earlier.id.as_str(), earlier.why.as_deref()?))).collect();
    serde_json::json!({
        "id": guideline.id,
        "title": guideline.title,
        "severity": guideline.severity,
        "phase": guideline.phase.name(),
        "asks": guideline.asks,
        "why": guideline.why,
        "by_hand": guideline.by_hand,
        "danger": guideline.danger,
        "attest": guideline.attest,
        "needs": ids(&guideline.needs),
        "after": ids(&guideline.after),
        "why_it_waits": reasons,
        "sources": guideline.sources,
        "automatic": guideline.fix.is_some(),
        "no_fix": guideline.no_fix,
        "only_by_name": guideline.only_by_name,
    })
}
