//! `seaworthy diff`: every change the remedies would make, as one patch.

use std::io::{self, IsTerminal as _};

use super::args::{Common, Format};
use super::environment::Environment;
use super::output::{Failure, note, print, print_json};
use super::{OK, engine};
use crate::change::{self, Plan, diff};
use crate::image::text;
use crate::playbook::Playbook;

pub(super) fn run(common: &Common, environment: &Environment) -> Result<u8, Failure> {
    let catalogue = engine::catalogue(common)?;
    let chosen = engine::selected(common, &catalogue)?;
    let image = engine::image(common)?;
    let (context, findings) =
        engine::survey(&image, &catalogue, engine::context(&image, common, &Playbook::default())?, common, environment);
    let failing = engine::failing(&chosen, &findings);
    let plan = change::plan(&image, &catalogue, &findings, &context, &failing);
    match common.format {
        Format::Text if io::stdout().is_terminal() => print(&for_terminal(&diff::patch(&plan)))?,
        Format::Text => print(&diff::patch(&plan))?,
        Format::Json => print_json(&document(&plan))?,
    }
    if !common.quiet {
        refusals(&plan);
    }
    Ok(OK)
}

/// Says on standard error what is not in the plan, and why.
pub(super) fn refusals(plan: &Plan) {
    for refusal in &plan.refused {
        note(&format!("{}: {}", refusal.guideline, text::visible(&refusal.reason)));
    }
    for left in &plan.left {
        note(&format!("{}, left for you: {}", left.guideline, text::visible(&left.reason)));
    }
}

fn document(plan: &Plan) -> serde_json::Value {
    let changes = |step: &change::PlanStep| -> Vec<serde_json::Value> {
        let shown = step.changes.iter().map(|change| diff::of(change, 3));
        shown
            .map(|file| {
                serde_json::json!({
                    "path": text::path(&file.path),
                    "what": text::visible(&file.headline),
                    "added": file.added,
                    "removed": file.removed,
                    "masked": file.masked,
                })
            })
            .collect()
    };
    serde_json::json!({
        "format": "seaworthy.diff/1",
        "steps": plan.steps.iter().map(|step| serde_json::json!({
            "guideline": step.guideline,
            "changes": changes(step),
        })).collect::<Vec<_>>(),
        "effects": plan.effects.iter().map(|effect| serde_json::json!({
            "guideline": effect.guideline(),
            "what": effect.sentence(),
        })).collect::<Vec<_>>(),
        "refused": plan.refused.iter().map(|refusal| serde_json::json!({
            "guideline": refusal.guideline,
            "reason": text::visible(&refusal.reason),
        })).collect::<Vec<_>>(),
        "left": plan.left.iter().map(|left| serde_json::json!({
            "guideline": left.guideline,
            "what": text::visible(&left.reason),
        })).collect::<Vec<_>>(),
        "patch": diff::patch(plan),
    })
}

/// A patch as a terminal may show it: the image's own lines are in it, and they could move the cursor. A program that
/// takes it through a pipe gets every byte.
fn for_terminal(patch: &str) -> String {
    let line = |line: &str| line.split('\t').map(text::visible).collect::<Vec<_>>().join("\t") + "\n";
    patch.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_escapes_from_the_image() {
        let shown = for_terminal("-a\tb\n+\x1b[2J\u{202e}c\r\n");
        assert_eq!(shown, "-a\tb\n+\\u{1b}[2J\\u{202e}c\n");
        assert_eq!(for_terminal("+x\ry\n"), "+x\\u{d}y\n");
    }
}
