use super::*;
use crate::catalogue::Guideline;
use crate::check::trial::context;
use crate::image::fixture::Fixture;

fn guideline(id: &str, phase: &str, more: &str) -> Guideline {
    let text = format!(
        "id = '{id}'\ntitle = 't'\nseverity = 'required'\nphase = '{phase}'\nasks = 'a'\nwhy = 'w'\nby_hand = 'b'\n\
         danger = 'd'\nsources = []\n{more}\n"
    );
    toml::from_str(&text).unwrap()
}

/// Nothing may be at `path`; what is there is removed.
fn absent(id: &str, phase: &str, path: &str, more: &str) -> Guideline {
    guideline(id, phase, &format!("{more}\ncheck = {{ absent = {{ paths = ['{path}'] }} }}\nfix = 'remove'"))
}

fn catalogue(guidelines: Vec<Guideline>) -> Catalogue {
    Catalogue { version: "test", sha256: String::new(), custom: false, guidelines }
}

fn planned(fixture: &Fixture, catalogue: &Catalogue, chosen: &[&str]) -> Plan {
    let image = fixture.image();
    let findings = check::judge_all(&image, catalogue, &context());
    let chosen: Vec<String> = chosen.iter().map(|id| (*id).to_owned()).collect();
    plan(&image, catalogue, &findings, &context(), &chosen)
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.guideline.as_str()).collect()
}

fn reason<'a>(plan: &'a Plan, id: &str) -> &'a str {
    plan.refused.iter().find(|refusal| refusal.guideline == id).map_or("", |refusal| &refusal.reason)
}

#[test]
fn steps_come_by_phase_and_after_what_they_wait_for() {
    let fixture = Fixture::bare();
    for name in ["a", "b", "c", "d"] {
        fixture.file(&format!("/etc/{name}"), "x\n");
    }
    let catalogue = catalogue(vec![
        absent("A-1", "clean", "/etc/a", ""),
        absent("A-2", "harden", "/etc/b", "after = ['A-3']"),
        absent("A-3", "harden", "/etc/c", ""),
        absent("A-4", "reduce", "/etc/d", "needs = ['A-1']"),
    ]);
    let plan = planned(&fixture, &catalogue, &["A-1", "a-2", "A-3", "A-4"]);
    assert_eq!(ids(&plan), ["A-3", "A-2", "A-1", "A-4"]);
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    assert_eq!(plan.overlay.get(std::path::Path::new("/etc/a")), Some(None));
}

#[test]
fn guidelines_that_wait_for_each_other_keep_their_order() {
    let catalogue = catalogue(vec![
        absent("A-1", "clean", "/etc/a", "after = ['A-2']"),
        absent("A-2", "clean", "/etc/b", "after = ['A-1']"),
    ]);
    let chosen = ["A-2".to_owned(), "A-1".to_owned()];
    let order: Vec<_> = order::in_order(&catalogue, &chosen).into_iter().map(|guideline| &guideline.id).collect();
    assert_eq!(order, ["A-1", "A-2"]);
}

#[test]
fn what_cannot_be_done_is_refused_with_the_reason() {
    let fixture = Fixture::bare();
    fixture.file("/etc/a", "x\n").file("/etc/b", "x\n").file("/etc/c", "x\n");
    std::fs::hard_link(fixture.outside("/etc/c"), fixture.outside("/etc/c2")).unwrap();
    let catalogue = catalogue(vec![
        absent("A-1", "clean", "/etc/a", "needs = ['A-2']"),
        absent("A-2", "clean", "/etc/b", ""),
        absent("A-3", "clean", "/etc/c", ""),
        guideline("A-4", "clean", "check = { absent = { paths = ['/etc/b'] } }"),
        guideline("A-5", "clean", "check = { absent = { paths = ['/etc/b'] } }\nfix = 'truncate'"),
        guideline("A-6", "clean", "check = 'attest'\nattest = 'yes'"),
        absent("A-7", "clean", "/etc/missing", ""),
    ]);
    let plan = planned(&fixture, &catalogue, &["A-1", "A-3", "A-4", "A-5", "A-6", "A-7", "A-9"]);
    assert!(plan.steps.is_empty(), "{:?}", ids(&plan));
    assert!(reason(&plan, "A-1").contains("A-2 must pass first"));
    assert!(reason(&plan, "A-3").contains("hard links"));
    assert!(reason(&plan, "A-4").contains("person"));
    assert!(reason(&plan, "A-5").contains("would not be enough"));
    assert!(reason(&plan, "A-6").contains("person"));
    assert_eq!(reason(&plan, "A-7"), "");
    assert!(reason(&plan, "A-9").contains("no guideline A-9"));
    let plan = planned(&fixture, &catalogue, &["A-1", "A-2"]);
    assert_eq!(ids(&plan), ["A-2", "A-1"]);
}

#[test]
fn what_an_earlier_step_mends_is_left_out() {
    let fixture = Fixture::bare();
    fixture.file("/etc/d/a", "x\n");
    let catalogue =
        catalogue(vec![absent("A-1", "clean", "/etc/d", ""), absent("A-2", "clean", "/etc/d/a", "after = ['A-1']")]);
    let plan = planned(&fixture, &catalogue, &["A-1", "A-2"]);
    assert_eq!((ids(&plan), plan.refused.len()), (vec!["A-1"], 0));
    assert_eq!(plan.steps[0].changes.len(), 2);
}

#[test]
fn secrets_are_marked() {
    let fixture = Fixture::bare();
    fixture.file("/root/.bash_history", "x\n").file("/etc/plain", "x\n");
    let catalogue =
        catalogue(vec![absent("A-1", "clean", "/root/.bash_history", ""), absent("A-2", "clean", "/etc/plain", "")]);
    let plan = planned(&fixture, &catalogue, &["A-1", "A-2"]);
    let secret = |step: usize| matches!(plan.steps[step].changes[0], Change::Path { secret: true, .. });
    assert!(secret(0) && !secret(1));
}
