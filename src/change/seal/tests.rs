use super::*;
use crate::change::trial::{absent, catalogue, plain};
use crate::check::judge_all;
use crate::check::trial::context;
use crate::image::fixture::Fixture;

fn sealing(image: &Image, catalogue: &Catalogue, playbook: &str) -> Sealing {
    let findings = judge_all(image, catalogue, &context());
    let playbook: Playbook = toml::from_str(playbook).unwrap();
    draft(image, catalogue, &findings, &context(), &playbook)
}

fn acts(sealing: &Sealing) -> Vec<(&str, &str)> {
    let acts = sealing.steps.iter();
    acts.map(|step| (step.stage.name(), step.act.guideline().unwrap_or(step.act.name()))).collect()
}

fn left<'a>(sealing: &'a Sealing, id: &str) -> &'a str {
    sealing.left.iter().find(|one| one.guideline == id).map_or("", |one| &one.reason)
}

fn planted() -> Fixture {
    let fixture = Fixture::bare();
    for name in ["a", "b", "c", "d", "e"] {
        fixture.file(&format!("/etc/{name}"), "x\n");
    }
    fixture
}

#[test]
fn guidelines_of_the_last_phases_come_in_order_and_others_do_not() {
    let catalogue = catalogue(vec![
        absent("A-1", "seal", "/etc/a", ""),
        absent("A-2", "quiesce", "/etc/b", ""),
        absent("A-3", "identity", "/etc/c", ""),
        absent("A-4", "clean", "/etc/d", "needs = ['A-3']"),
        absent("A-5", "harden", "/etc/e", ""),
    ]);
    let sealing = sealing(&planted().image(), &catalogue, "");
    let wanted = [("clean", "A-2"), ("identity", "A-3"), ("identity", "A-4"), ("seal", "A-1"), ("off", "sync")];
    assert_eq!(acts(&sealing), wanted);
    assert_eq!((sealing.refused.len(), sealing.left.len()), (0, 0));
    assert_eq!(sealing.changes(&sealing.steps[0]).len(), 1);
    assert!(sealing.steps.iter().all(|step| step.taken_back(Mode::Offline) == TakenBack::Always));
}

#[test]
fn a_running_machine_is_switched_off_at_the_end() {
    let catalogue = catalogue(vec![absent("A-1", "seal", "/etc/a", "")]);
    let sealing = sealing(&planted().image().taken_for_live(), &catalogue, "");
    let acts = acts(&sealing);
    let wanted = [("seal", "A-1"), ("off", "end-sessions"), ("off", "again"), ("off", "sync"), ("off", "power-off")];
    assert!(acts.ends_with(&wanted), "{acts:?}");
    let last = sealing.steps.last().unwrap();
    assert_eq!(last.taken_back(Mode::Live), TakenBack::Never);
}

#[test]
fn what_was_decided_away_stays_and_is_named() {
    let catalogue = catalogue(vec![
        absent("A-1", "clean", "/etc/a", ""),
        absent("A-2", "clean", "/etc/b", ""),
        absent("A-3", "clean", "/etc/c", ""),
        absent("A-4", "clean", "/etc/d", "only_by_name = true"),
        plain("A-5", "clean", "no_fix = 'You must look.'\ncheck = { absent = { paths = ['/etc/e'] } }"),
        plain("A-6", "seal", "check = 'attest'\nattest = 'yes'"),
    ]);
    let playbook = "[decisions.A-1]\nchoice = 'waive'\nreason = 'it is needed there'\nuntil = '2099-01-01'\nby = 'Ann'\n\
                    [decisions.A-2]\nchoice = 'later'\n[decisions.A-3]\nchoice = 'by-hand'\n";
    let fixture = planted();
    let image = fixture.image();
    let nothing = sealing(&image, &catalogue, playbook);
    assert_eq!(acts(&nothing), [("off", "sync")]);
    assert!(left(&nothing, "A-1").contains("it is needed there"));
    assert!(left(&nothing, "A-4").contains("product"));
    assert!(left(&nothing, "A-5").starts_with("You must look."));
    assert!(["A-2", "A-3", "A-6"].iter().all(|id| !left(&nothing, id).is_empty()));
    let named = sealing(
        &image,
        &catalogue,
        "[decisions.A-4]\nchoice = 'apply'\n[decisions.A-6]\nchoice = 'attest'\nby = 'Ann'\n",
    );
    assert_eq!(acts(&named), [("clean", "A-1"), ("clean", "A-2"), ("clean", "A-3"), ("clean", "A-4"), ("off", "sync")]);
    assert_eq!(left(&named, "A-6"), "");
}

/// A gate that fails, one that nobody can judge, and one that stands.
#[test]
fn what_the_next_boot_would_not_bring_refuses_everything() {
    let fixture = planted();
    let image = fixture.image();
    let gate = |check: &str| {
        catalogue(vec![
            absent("A-1", "clean", "/etc/a", ""),
            absent("A-2", "seal", "/etc/b", "needs = [{ id = 'A-3', why = 'nobody gets in.' }]"),
            plain("A-3", "first-boot", check),
        ])
    };
    let fails = sealing(&image, &gate("check = { absent = { paths = ['/etc/e'] } }"), "");
    assert_eq!(fails.refused.len(), 1);
    let Refusal { guideline, reason } = &fails.refused[0];
    assert!(guideline == "A-3" && reason.contains("A-2") && reason.contains("nobody gets in."), "{reason}");
    assert_eq!(sealing(&image, &gate("check = 'attest'\nattest = 'yes'"), "").refused.len(), 1);
    let stands = gate("check = { absent = { paths = ['/etc/none'] } }");
    assert_eq!(sealing(&image, &stands, "").refused, []);
    // Nothing needs it any more.
    let waived = "[decisions.A-2]\nchoice = 'waive'\nreason = 'it is needed there'\nuntil = '2099-01-01'\nby = 'Ann'\n";
    let fails = gate("check = { absent = { paths = ['/etc/e'] } }");
    assert_eq!(sealing(&image, &fails, waived).refused, []);
    // Nothing is there to be removed, and still nobody would get in.
    assert_eq!(sealing(&Fixture::bare().file("/etc/e", "x").image(), &fails, "").refused.len(), 1);
}

/// What lives on writes between two stages.
#[test]
fn a_stage_is_drafted_from_a_fresh_look() {
    let fixture = Fixture::bare();
    let catalogue = catalogue(vec![absent("A-1", "clean", "/etc/a", ""), absent("A-2", "identity", "/etc/b", "")]);
    let image = fixture.image();
    let mandate = Mandate::of(&catalogue, &Playbook::default());
    let ids = |of: Stage| -> Vec<String> {
        let plan = stage(&image, &catalogue, &context(), &mandate, of);
        plan.steps.into_iter().map(|step| step.guideline).collect()
    };
    assert_eq!(ids(Stage::Clean), [] as [&str; 0]);
    fixture.file("/etc/a", "x").file("/etc/b", "x");
    assert_eq!(ids(Stage::Clean), ["A-1"]);
    assert_eq!(ids(Stage::Identity), ["A-2"]);
    assert_eq!(ids(Stage::Off), ["A-1", "A-2"]);
}

/// The order of the built-in guidelines, and the gates it has.
#[test]
fn the_built_in_seal_is_gated_by_what_the_first_boot_brings() {
    let catalogue = Catalogue::built_in().unwrap();
    let mandate = Mandate::of(&catalogue, &Playbook::default());
    let stage = |id: &str| mandate.stage_of(id);
    assert_eq!(stage("AGT-02"), Some(Stage::Clean));
    assert_eq!(stage("IDN-01"), Some(Stage::Identity));
    assert_eq!(stage("KEY-01"), Some(Stage::Seal));
    assert_eq!(stage("SSH-01"), None);
    let ids = mandate.ids();
    let place = |id: &str| ids.iter().position(|one| one == id).unwrap_or_else(|| panic!("{id}"));
    let order = ["LOG-01", "IDN-08", "IDN-01", "FIN-01", "SEC-05", "KEY-03", "KEY-01", "LOG-02"].map(place);
    assert!(order.is_sorted(), "{order:?}");
    let fixture = Fixture::bare();
    let image = fixture.image();
    let gates: Vec<String> =
        refusals(&image, &catalogue, &context(), &mandate).into_iter().map(|one| one.guideline).collect();
    for gate in ["KEY-06", "ACC-07", "BOT-02"] {
        assert!(gates.iter().any(|one| one == gate), "{gate}: {gates:?}");
    }
}
