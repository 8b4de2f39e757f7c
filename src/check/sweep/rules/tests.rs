use std::collections::{BTreeMap, BTreeSet};

use proptest::strategy::Strategy as _;

use super::*;

/// What each rule must find and what it must not, by its id.
const EXAMPLES: [(&str, &str); SUBJECTS.len()] = [
    ("ai", include_str!("../examples/ai.toml")),
    ("clouds", include_str!("../examples/clouds.toml")),
    ("databases", include_str!("../examples/databases.toml")),
    ("forges", include_str!("../examples/forges.toml")),
    ("infrastructure", include_str!("../examples/infrastructure.toml")),
    ("messaging", include_str!("../examples/messaging.toml")),
    ("observability", include_str!("../examples/observability.toml")),
    ("packages", include_str!("../examples/packages.toml")),
    ("payment", include_str!("../examples/payment.toml")),
    ("portability", include_str!("../examples/portability.toml")),
    ("services", include_str!("../examples/services.toml")),
    ("settings", include_str!("../examples/settings.toml")),
    ("tokens", include_str!("../examples/tokens.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Examples {
    yes: Vec<String>,
    no: Vec<String>,
}

fn rules() -> &'static Rules {
    Rules::built_in().expect("the rules load")
}

/// What the rules find in `text`, a file of sort `kind`.
fn finds(text: &str, kind: Option<FileKind>) -> Vec<Find> {
    let mut finds = Vec::new();
    Scanner::built_in().expect("the rules load").each(text.as_bytes(), kind.is_some(), &mut |at, owner| {
        if let Owner::Rule(word) = owner {
            finds.extend(rules().judge(word, text.as_bytes(), at, kind));
        }
    });
    finds
}

/// The ids of the rules that find something in `text`, a file with settings.
fn found(text: &str) -> Vec<&'static str> {
    finds(text, Some(FileKind::Settings)).into_iter().map(|find| find.rule).collect()
}

#[test]
fn the_rules_load_and_a_mistake_is_named() {
    Rules::load(include_str!("../files.toml"), &built_in()).unwrap();
    let wrong = "[[rule]]\nid = \"a\"\nname = \"a\"\nfinds = \"nothing\"\n";
    let error = Rules::load(include_str!("../files.toml"), &[("odd", wrong)]).unwrap_err();
    assert!(error.starts_with("odd.toml: ") && error.contains("finds"), "{error}");
}

#[test]
fn every_rule_is_well_formed() {
    let mut ids = BTreeSet::new();
    for rule in &rules().list {
        let Rule { id, name, words, before, pattern, scope, any_case, .. } = rule;
        assert!(ids.insert(id), "{id} comes twice");
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{id}");
        assert!(!name.is_empty() && !words.is_empty(), "{id}");
        let shortest = if *scope == Scope::Anywhere { 3 } else { 2 };
        assert!(words.iter().all(|word| word.is_ascii() && word.len() >= shortest), "{id}: {words:?}");
        assert!(!any_case || *scope == Scope::Settings, "{id}: in every file, words count as they are written");
        for Pattern { text, .. } in [before, pattern] {
            assert!(Regex::new(text).is_ok(), "{id}: {text}");
            let bare = text.replace("\\+", "").replace("\\*", "");
            let open = bare.split(['[', ']']).step_by(2).any(|part| part.contains(['+', '*']) || part.contains(",}"));
            assert!(!open, "{id}: nothing bounds {text}");
        }
    }
}

/// Every example: its rule, its text, and whether that rule must find it.
fn examples() -> Vec<(String, String, bool)> {
    let mut all = Vec::new();
    for (subject, text) in EXAMPLES {
        let examples: BTreeMap<String, Examples> = toml::from_str(text).expect(subject);
        for (id, Examples { yes, no }) in examples {
            assert!(!yes.is_empty() && !no.is_empty(), "{subject}: {id} has examples of one sort only");
            let yes = yes.into_iter().map(|text| (text, true));
            let both = yes.chain(no.into_iter().map(|text| (text, false)));
            all.extend(both.map(|(text, expected)| (id.clone(), text.replace('¦', ""), expected)));
        }
    }
    all
}

#[test]
fn every_rule_finds_what_it_must_and_nothing_else() {
    let rules: BTreeSet<String> = rules().list.iter().map(|rule| rule.id.clone()).collect();
    let of_examples: BTreeSet<String> = examples().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(rules, of_examples, "each rule has examples, and each example a rule");
    let mut wrong = Vec::new();
    for (id, text, expected) in examples() {
        let seen = found(&format!("one\n{text}\n"));
        if seen.contains(&id.as_str()) != expected {
            wrong.push((id, text, expected, seen));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Rules that find, besides, what is an example of another: both are true.
const BESIDES: [(&str, &str); 8] = [
    ("jdbc-url-with-a-password", "password"),
    ("name-inside-one-network", "host-name-of-one-machine"),
    ("password-by-a-short-name", "password"),
    ("password-of-openssl-on-a-command-line", "password-by-a-short-name"),
    ("private-token-header", "secret"),
    ("sentry-dsn-with-a-secret", "url-with-a-password"),
    ("sha512-crypt-hash", "password-in-a-directive"),
    ("slack-configuration-token", "slack-user-token"),
];

#[test]
fn a_secret_is_told_by_the_rule_that_knows_it_best() {
    let mut wrong = Vec::new();
    let mut besides = BTreeSet::new();
    for (id, text, _) in examples().into_iter().filter(|(.., expected)| *expected) {
        for other in found(&text) {
            if other != id && !["region", "asks-for-aws-keys"].contains(&other) {
                besides.insert((id.clone(), other));
            }
        }
        let kept = Scanner::built_in().unwrap().scan(text.as_bytes(), Some(FileKind::Settings));
        if !kept.iter().any(|secret| secret.rule == id) {
            wrong.push((id, text, kept));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let expected: BTreeSet<(String, &str)> = BESIDES.iter().map(|&(id, other)| (id.to_owned(), other)).collect();
    assert_eq!(besides, expected);
}

#[test]
fn what_is_shown_gives_nothing_away() {
    let text = "DB_PASSWORD=Tr0ub4dor3x\nurl: postgres://app:Tr0ub4dor3x@db/app\nGL=glpat-Jq7Rk2Wv9Zx4Tn8Bc3Mf\n";
    let shown: Vec<String> = finds(text, Some(FileKind::Settings)).into_iter().map(|find| find.text).collect();
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(!shown.iter().any(|shown| shown.contains("Tr0ub") || shown.contains("Jq7")), "{shown:?}");
}

#[test]
fn programs_count_by_what_stands_in_quotes_and_texts_by_tokens() {
    let count = |text: &str, kind| finds(text, kind).len();
    let token = ["glpat", "-Jq7Rk2Wv9Zx4Tn8Bc3Mf"].concat();
    assert_eq!(count("$password = 'hunter22';", Some(FileKind::Code)), 1);
    assert_eq!(count("password = hunter22", Some(FileKind::Code)), 0);
    assert_eq!(count("password = hunter22", Some(FileKind::Text)), 0);
    assert_eq!(count("password = hunter22", None), 0);
    assert_eq!(count("region = us-east-1", Some(FileKind::Code)), 0);
    assert_eq!(count(&token, Some(FileKind::Text)), 1);
    assert_eq!(count(&format!("\0\u{1}{token}\0"), None), 1);
}

#[test]
fn a_token_is_found_by_its_own_rule_only() {
    let token = ["glpat", "-Jq7Rk2Wv9Zx4Tn8Bc3Mf"].concat();
    for text in
        [format!("password = {token}"), format!("https://x:{token}@git.acme.com"), format!("curl -u me:{token} x")]
    {
        assert_eq!(found(&text), ["gitlab-token"], "{text}");
    }
}

#[test]
fn a_flood_of_words_ends() {
    for Word { text, .. } in rules().words() {
        for words in [text.clone(), format!("{text}="), format!("{text} ")] {
            found(&words.repeat((2 << 10) / words.len()));
        }
    }
    for words in ["://u:p", "<password>", "define('password',", "password=\"", "password: |\n  "] {
        found(&words.repeat((8 << 10) / words.len()));
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_survived(parts in proptest::collection::vec(proptest::prop_oneof![
        proptest::sample::select(rules().words().iter().map(|word| word.text.clone()).collect::<Vec<_>>()),
        proptest::sample::select(vec!["=", ":", "\"", "'", "://", "@", ".", "\n", "#", "define('", ">", "<", ",", "\\", "\u{e9}", "\"\"\"", "|\n  "])
            .prop_map(str::to_owned),
        "\\PC{0,12}",
    ], 0..40)) {
        found(&parts.concat());
    }
}
