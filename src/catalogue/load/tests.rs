use super::*;
use crate::catalogue::Check;

const ONE: &str = r#"
[[guideline]]
id = "ACME-1"
title = "No fax machine"
severity = "optional"
phase = "reduce"
sources = [{ page = "House rules", section = "Fax" }]
asks = "No fax daemon."
why = "It rings."
by_hand = "apt-get purge hylafax"
danger = "None."
check = { packages-absent = { packages = ["hylafax*"] } }
"#;

fn load(text: &str) -> Result<Catalogue, LoadError> {
    Catalogue::from_texts(&[("house.toml".to_owned(), text.to_owned())], true)
}

fn refusal(text: &str) -> String {
    load(text).expect_err("the text must be refused").to_string()
}

#[test]
fn the_built_in_catalogue_loads_in_order() {
    let catalogue = Catalogue::built_in().unwrap();
    assert_eq!(catalogue.sha256.len(), 64);
    assert!(!catalogue.custom);
    let keys: Vec<_> =
        catalogue.guidelines.iter().map(|guideline| (guideline.phase, id_parts(&guideline.id))).collect();
    assert!(keys.is_sorted());
}

#[test]
fn a_house_rule_is_added_and_found_in_any_case() {
    let catalogue = load(ONE).unwrap();
    assert!(catalogue.custom);
    assert!(matches!(catalogue.get("acme-1").unwrap().check, Check::PackagesAbsent { .. }));
}

#[test]
fn an_unknown_field_is_refused_with_file_line_and_what_was_expected() {
    let message = refusal(&format!("{ONE}colour = \"red\"\n"));
    assert!(message.starts_with("house.toml:13: unknown field `colour`, expected one of `id`"), "{message}");
    let message = refusal("[[guidelines]]\n");
    assert!(message.starts_with("house.toml:1: unknown field `guidelines`"), "{message}");
}

#[test]
fn an_unknown_kind_of_check_is_refused() {
    let message = refusal(&ONE.replace("packages-absent", "moon-phase"));
    assert!(message.contains("house.toml:12:") && message.contains("moon-phase"), "{message}");
}

#[test]
fn a_text_that_is_no_toml_is_refused_on_its_line() {
    let message = refusal("# fine\nid = = 3\n");
    assert!(message.starts_with("house.toml:2: "), "{message}");
    assert!(!message.contains('\n'));
}

#[test]
fn an_id_is_used_once_and_well_formed() {
    assert!(refusal(&format!("{ONE}{ONE}")).starts_with("house.toml:14: ACME-1: this id is used twice"));
    assert!(refusal(&ONE.replace("ACME-1", "acme 1")).contains("`id` must be"));
}

#[test]
fn nobody_is_told_to_remove_what_a_copy_needs() {
    for name in ["sudo", "cloud-init", "kernel"] {
        let message = refusal(&ONE.replace("hylafax*", name));
        assert!(message.contains(&format!("`{name}` must never be removed")), "{message}");
    }
}

#[test]
fn texts_and_sources_must_be_there() {
    assert!(refusal(&ONE.replace("It rings.", " ")).contains("`why` is empty"));
    assert!(
        refusal(&ONE.replace(r#"[{ page = "House rules", section = "Fax" }]"#, "[]")).contains("`sources` is empty")
    );
    assert!(
        refusal(&ONE.replace(r#"{ packages-absent = { packages = ["hylafax*"] } }"#, r#""attest""#))
            .contains("needs `attest`")
    );
}

#[test]
fn needs_and_after_name_other_guidelines() {
    assert!(refusal(&format!("{ONE}needs = [\"ACME-7\"]\n")).contains("`ACME-7` is none"));
    assert!(refusal(&format!("{ONE}after = [\"ACME-1\"]\n")).contains("`ACME-1` is none"));
}

#[test]
fn an_order_that_contradicts_itself_is_refused() {
    let two = |one: &str, other: &str| format!("{ONE}{one}\n{}{other}\n", ONE.replace("ACME-1", "ACME-2"));
    assert!(load(&two("", "after = [\"ACME-1\"]")).is_ok());
    assert!(load(&two("", "after = [{ id = \"ACME-1\", why = \"it rings first.\" }]")).is_ok());
    assert_eq!(
        refusal(&two("needs = [\"ACME-2\"]", "after = [\"ACME-1\"]")),
        "house.toml:15: ACME-2: it would wait for itself: ACME-1 waits for ACME-2 waits for ACME-1; \
         take one out of `needs` or `after`"
    );
    let later = two("", "").replacen("reduce", "clean", 1) + "after = [\"ACME-1\"]\n";
    let message = refusal(&later);
    assert!(message.contains("ACME-2: it cannot come `after` ACME-1, which is of a later phase"), "{message}");
    assert!(load(&later.replace("after", "needs")).is_ok(), "a guard may be of a later phase");
    let message = refusal(&format!("{ONE}after = [{{ id = \"ACME-2\", because = \"x\" }}]\n"));
    assert!(message.starts_with("house.toml:13: unknown field `because`, expected `id` or `why`"), "{message}");
    let message = refusal(&format!("{ONE}after = [7]\n"));
    assert!(message.contains("expected the id of a guideline, or {"), "{message}");
}

#[test]
fn house_rules_are_read_in_order_and_change_the_digest() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("b.toml"), ONE.replace("ACME-1", "ACME-2")).unwrap();
    std::fs::write(directory.path().join("a.toml"), ONE).unwrap();
    std::fs::write(directory.path().join("notes.txt"), "not TOML").unwrap();
    let catalogue = Catalogue::with_house_rules(directory.path()).unwrap();
    assert!(catalogue.get("ACME-1").is_some() && catalogue.get("ACME-2").is_some());
    assert_ne!(catalogue.sha256, Catalogue::built_in().unwrap().sha256);
}

#[test]
fn a_house_rule_may_not_redefine_a_built_in_guideline() {
    let built_in = Catalogue::built_in().unwrap();
    let Some(first) = built_in.guidelines.first() else { return };
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.toml"), ONE.replace("ACME-1", &first.id)).unwrap();
    let message = Catalogue::with_house_rules(directory.path()).unwrap_err().to_string();
    assert!(message.contains("a.toml:2: ") && message.contains("used twice"), "{message}");
}

#[test]
fn a_directory_without_rules_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    assert!(Catalogue::with_house_rules(directory.path()).unwrap_err().to_string().contains("no *.toml file"));
    let missing = directory.path().join("missing");
    assert!(Catalogue::with_house_rules(&missing).unwrap_err().to_string().contains("cannot list"));
}

/// The variants of a `pub enum` as they are written in `rule.rs`.
fn variants(name: &str) -> Vec<String> {
    let source = include_str!("../rule.rs");
    let body = source.split_once(&format!("pub enum {name} {{")).unwrap().1.split_once("\n}").unwrap().0;
    let lines = body.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    let words = lines.map(str::trim).filter(|line| line.starts_with(|letter: char| letter.is_ascii_uppercase()));
    words.map(|line| line.split([' ', ',', '(']).next().unwrap().to_owned()).collect()
}

/// The house rules that the README shows.
fn of_the_readme() -> String {
    let blocks = include_str!("../../../README.md").split("```toml\n").skip(1);
    let rules = blocks.filter_map(|block| block.split("```").next().filter(|text| text.contains("[[guideline]]")));
    rules.collect()
}

// Some kinds of fix are there for house rules; those have a user in the README.
#[test]
fn every_kind_of_check_and_of_fix_has_a_user() {
    let texts: Vec<_> = BUILT_IN.map(built_in).into();
    let catalogue =
        Catalogue::from_texts(&[texts, vec![("README.md".to_owned(), of_the_readme())]].concat(), true).unwrap();
    assert!(catalogue.get("ACME-02").is_some());
    let used: Vec<String> = catalogue.guidelines.iter().map(|one| format!("{:?} {:?} ", one.check, one.fix)).collect();
    let is_used = |words: &str| used.iter().any(|text| text.contains(words));
    for kind in variants("Check") {
        assert!(["Own"].contains(&kind.as_str()) || is_used(&format!("{kind} ")), "check kind {kind} has no user");
    }
    for kind in variants("Fix") {
        assert!(kind == "Own" || is_used(&format!("Some({kind}")), "fix kind {kind} has no user");
    }
    for own in variants("OwnCheck").into_iter().chain(variants("OwnFix")) {
        assert!(is_used(&format!("Own({own})")), "{own} has no user");
    }
}

/// How many guidelines each section has; they are numbered from 1 without a gap. 158 in all.
const SECTIONS: [(&str, u32); 12] = [
    ("OSL", 9),
    ("SSH", 14),
    ("KEY", 7),
    ("ACC", 14),
    ("SEC", 22),
    ("AGT", 7),
    ("IDN", 12),
    ("LOG", 16),
    ("BOT", 13),
    ("IMG", 20),
    ("PRD", 20),
    ("FIN", 4),
];

#[test]
fn every_guideline_of_every_section_is_there() {
    let catalogue = Catalogue::built_in().unwrap();
    let ids =
        SECTIONS.iter().flat_map(|(section, count)| (1..=*count).map(move |number| format!("{section}-{number:02}")));
    let wanted: BTreeSet<String> = ids.collect();
    assert_eq!(wanted.len(), 158);
    // Two of Windows say why they do not apply.
    let ids = catalogue.guidelines.iter().map(|one| one.id.clone()).filter(|id| !id.starts_with("WIN-"));
    let found: BTreeSet<String> = ids.collect();
    assert_eq!(found.symmetric_difference(&wanted).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn what_no_program_mends_says_why() {
    for guideline in Catalogue::built_in().unwrap().guidelines {
        let asks = matches!(guideline.check, Check::Attest | Check::Evidence { .. } | Check::NotApplicable { .. });
        let says = guideline.no_fix.as_deref().is_some_and(|why| why.ends_with('.') && why.len() > 20);
        assert!(asks || guideline.fix.is_some() || says, "{} has neither `fix` nor `no_fix`", guideline.id);
        assert!(!asks || guideline.fix.is_none(), "{} asks a person and cannot know what to mend", guideline.id);
    }
    assert!(refusal(&format!("{ONE}fix = \"remove\"\nno_fix = \"It cannot.\"\n")).contains("leave one of them out"));
}

/// The widest line of commands, in columns, that is whole on a screen of 80.
const COMMANDS: usize = 76;

/// The longest title, in columns: a line of a list shows it after id and severity.
const TITLE: usize = 64;

#[test]
fn every_text_is_written_and_fits() {
    let mut wrong = Vec::new();
    for guideline in Catalogue::built_in().unwrap().guidelines {
        let id = &guideline.id;
        if guideline.title.chars().count() > TITLE || guideline.title.ends_with('.') {
            wrong.push(format!("{id}: title: {}", guideline.title));
        }
        let commands = guideline.by_hand.lines().filter(|line| line.starts_with(' '));
        wrong.extend(
            commands.filter(|line| line.chars().count() > COMMANDS).map(|line| format!("{id}: by_hand: {line}")),
        );
        let attest = guideline.attest.iter().map(|text| ("attest", text));
        let texts = [("asks", &guideline.asks), ("why", &guideline.why), ("danger", &guideline.danger)];
        for (name, text) in texts.into_iter().chain(attest) {
            let ends = text.trim_end().ends_with(['.', '?', '!', ')']);
            if !ends || !(3..=900).contains(&text.chars().count()) {
                wrong.push(format!("{id}: {name} is no sentence, or too long: {text}"));
            }
        }
        for source in &guideline.sources {
            if source.page.trim().is_empty() || source.section.trim().is_empty() || source.page.contains("MP-") {
                wrong.push(format!("{id}: source {source:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
