//! What the publisher would vouch for: the verdict, what is let be and attested in whose words, and what nobody looked at.

use super::super::{Page, Role, overview};
use super::verdict_word;
use crate::catalogue::Guideline;
use crate::playbook::Decision;
use crate::wizard::Standing;
use crate::wizard::model::Model;
use crate::wizard::standing::STANDINGS;

/// The page.
pub(super) fn page(model: &Model, width: usize) -> Page {
    let mut page = Page::new(width);
    page.line(&[(Role::Title, "What you vouch for")]);
    page.gap();
    let verdict = model.verdict();
    page.labelled("Verdict", 9, overview::verdict_role(verdict), verdict_word(verdict));
    let counted = STANDINGS.into_iter().map(|standing| (standing, those(model, standing).len()));
    let counted =
        counted.filter(|(_, count)| *count > 0).map(|(standing, count)| format!("{count} {}", standing.word()));
    page.labelled("Counts", 9, Role::Text, &counted.collect::<Vec<_>>().join(" · "));
    waived(&mut page, model);
    attested(&mut page, model);
    let open = "Still open: the report lists them so";
    plain(&mut page, model, &[Standing::Fail, Standing::Attest], open, Role::Fail);
    plain(&mut page, model, &[Standing::Unknown, Standing::Waiting], "Not checked, and why", Role::Unknown);
    plain(&mut page, model, &[Standing::Chosen], "Chosen, but not carried out", Role::Chosen);
    plain(&mut page, model, &[Standing::ByHand, Standing::Later], "By hand, or put off", Role::Unknown);
    let for_seal = those(model, Standing::ForSeal);
    if !for_seal.is_empty() {
        let ids: Vec<&str> = for_seal.iter().map(|guideline| guideline.id.as_str()).collect();
        page.heading("Left to the seal");
        page.prose(Role::Text, 2, &ids.join(" "));
    }
    page
}

/// The guidelines that stand so.
pub(super) fn those(model: &Model, standing: Standing) -> Vec<&Guideline> {
    model.standings().filter(|(_, other)| *other == standing).map(|(guideline, _)| guideline).collect()
}

fn waived(page: &mut Page, model: &Model) {
    let waived = those(model, Standing::Waived);
    if waived.is_empty() {
        return;
    }
    page.heading("Waived: let be, in your words");
    for guideline in waived {
        page.point(Role::Waived, 0, &format!("{}  {}", guideline.id, guideline.title));
        if let Some(Decision::Waive { reason, until, by }) = model.decision(&guideline.id) {
            page.prose(Role::Text, 2, &format!("“{reason}”"));
            page.prose(Role::Dim, 2, &format!("{by}, until {until}"));
        }
    }
}

fn attested(page: &mut Page, model: &Model) {
    let attested = those(model, Standing::Attested);
    if attested.is_empty() {
        return;
    }
    page.heading("Attested: confirmed by a person, in these words");
    for guideline in attested {
        let statement = guideline.attest.as_deref().unwrap_or(&guideline.title);
        page.point(Role::Attest, 0, &format!("{}  “{statement}”", guideline.id));
        if let Some(Decision::Attest { by, note }) = model.decision(&guideline.id) {
            let note = if note.is_empty() { String::new() } else { format!(": {note}") };
            page.prose(Role::Dim, 2, &format!("{by}{note}"));
        }
    }
}

/// A list of guidelines with what was found.
fn plain(page: &mut Page, model: &Model, standings: &[Standing], heading: &str, role: Role) {
    let these = standings.iter().flat_map(|standing| those(model, *standing)).collect::<Vec<_>>();
    if these.is_empty() {
        return;
    }
    page.heading(heading);
    for guideline in these {
        let found = model.findings.get(&guideline.id).map_or("", |finding| finding.summary.as_str());
        page.point(role, 0, &format!("{}  {}", guideline.id, guideline.title));
        page.prose(Role::Dim, 2, found);
    }
}
