//! The rules of `rules.toml`: which words to search for in configuration and scripts, and what makes one of them a find.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde::Deserialize;

use super::Kind;
use super::assignment::{self, Placeholders};
use super::files::{FileKind, Files};
use super::pattern::Pattern;
use super::scan::{line_of, masked};
use super::token;
use crate::image::text;

/// Every rule, ready to be used.
#[derive(Debug)]
pub(super) struct Rules {
    words: AhoCorasick,
    /// For each word, the place of its rule.
    owners: Vec<usize>,
    list: Vec<Rule>,
    placeholders: Placeholders,
    /// Which files are looked through by them.
    pub(super) files: Files,
}

/// What `rules.toml` holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    files: Files,
    placeholders: Placeholders,
    rule: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    name: String,
    finds: Kind,
    words: Vec<String>,
    #[serde(default)]
    then: String,
    #[serde(default)]
    test: Test,
    #[serde(default)]
    option: Option<String>,
    #[serde(default)]
    after: Option<char>,
    #[serde(skip)]
    pattern: Pattern,
}

/// What is looked at where a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Test {
    /// The pattern follows, the whole stands alone, and it looks like chance: letters and digits.
    #[default]
    Random,
    /// As `random`, of letters only.
    Letters,
    /// The pattern follows and the whole stands alone, in a file with settings, in no comment.
    Exact,
    /// As `exact`; what follows is 8 or 17 characters that look like chance.
    Id,
    /// A JSON web token: its header says how it is signed, and the signature is there (RFC 7519).
    Jwt,
    /// A user and a password follow, then `@` (RFC 3986, section 3.2.1).
    Url,
    /// The name of a setting ends with the word, and its value is written out.
    Password,
    /// As `password`, and the value looks like chance.
    Secret,
    /// A secret written out follows after a blank, or after `option` on the same line, or after the sign `after` in
    /// that; in a file with settings, in no comment.
    Follows,
    /// The word itself, in no comment.
    Mention,
}

/// What a rule found.
pub(super) struct Find {
    pub(super) kind: Kind,
    pub(super) rule: &'static str,
    pub(super) text: String,
}

impl Rules {
    /// The built-in rules; made once. `None` never happens: a test loads them.
    pub(super) fn built_in() -> Option<&'static Self> {
        static RULES: OnceLock<Option<Rules>> = OnceLock::new();
        RULES.get_or_init(|| Self::load(include_str!("rules.toml"))).as_ref()
    }

    fn load(text: &str) -> Option<Self> {
        let Table { files, placeholders, mut rule } = toml::from_str(text).ok()?;
        for rule in &mut rule {
            rule.pattern = Pattern::parse(&rule.then)?;
        }
        let owners = rule.iter().enumerate().flat_map(|(at, rule)| rule.words.iter().map(move |_| at)).collect();
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostLongest).kind(Some(AhoCorasickKind::DFA)).ascii_case_insensitive(true);
        let words = builder.build(rule.iter().flat_map(|rule| &rule.words)).ok()?;
        Some(Self { words, owners, list: rule, placeholders, files })
    }

    /// Everything found in `piece` from `from` on, with its place.
    pub(super) fn find<'a>(
        &'static self,
        piece: &'a [u8],
        from: usize,
        kind: FileKind,
    ) -> impl Iterator<Item = (usize, Find)> + 'a {
        self.words.find_iter(piece.get(from..).unwrap_or_default()).filter_map(move |word| {
            let at = from + word.start();
            let rule = self.list.get(*self.owners.get(word.pattern().as_usize())?)?;
            let text = rule.judge(piece, at, word.len(), kind, &self.placeholders)?;
            Some((at, Find { kind: rule.finds, rule: &rule.id, text }))
        })
    }
}

impl Rule {
    /// What to say of the word of `length` bytes at `piece[at..]`; `None` when it is nothing.
    fn judge(&self, piece: &[u8], at: usize, length: usize, kind: FileKind, no: &Placeholders) -> Option<String> {
        match self.test {
            Test::Random | Test::Letters | Test::Exact | Test::Id => self.fixed(piece, at, length, kind),
            Test::Jwt => token::web_token(piece, at).map(|place| format!("{} {}", self.name, masked(piece, place))),
            Test::Url if kind != FileKind::Text => {
                let password = assignment::url_password(piece, at, no)?;
                Some(format!("{} {}", self.name, masked(piece, password)))
            }
            Test::Password | Test::Secret if kind != FileKind::Text => {
                let found = assignment::assigned(piece, at, &self.words, kind, no)?;
                let value = piece.get(found.value.clone())?;
                let random = self.test == Test::Secret || found.in_comment;
                let long = if self.test == Test::Secret { 16 } else { 8 };
                if random && !(value.len() >= long && token::is_mixed(value)) {
                    return None;
                }
                let key = text::visible(&String::from_utf8_lossy(piece.get(found.key)?));
                Some(format!("{key}: {}", masked(piece, found.value)))
            }
            Test::Follows if kind == FileKind::Settings => {
                let secret = assignment::following(piece, at, length, self.option.as_deref(), self.after, no)?;
                let word = String::from_utf8_lossy(piece.get(at..at + length)?).into_owned();
                Some(format!("{}: {}", text::visible(word.trim()), masked(piece, secret)))
            }
            Test::Mention if kind != FileKind::Text && !line_of(piece, at).in_comment => {
                let word = piece.get(at..at + length)?;
                Some(text::visible(&String::from_utf8_lossy(word)))
            }
            _ => None,
        }
    }

    fn fixed(&self, piece: &[u8], at: usize, length: usize, kind: FileKind) -> Option<String> {
        let word = piece.get(at..at.checked_add(length)?)?;
        let after = piece.get(at + length..)?;
        let found = piece.get(at..at + length + self.pattern.fit(after)?)?;
        let tail = found.get(length..)?;
        let alone = word.starts_with(b".") || token::begins_at(piece, at);
        let as_written = self.words.iter().any(|spelt| spelt.as_bytes() == word);
        if !alone || !as_written || !token::ends_at(piece, at + found.len()) || token::is_example(found) {
            return None;
        }
        let shown = match self.test {
            Test::Random if token::is_mixed(tail) && token::is_random(tail) => masked(piece, at..at + found.len()),
            Test::Letters if token::is_random(tail) => masked(piece, at..at + found.len()),
            Test::Exact | Test::Id if kind != FileKind::Settings || line_of(piece, at).in_comment => return None,
            Test::Exact => String::from_utf8_lossy(found).into_owned(),
            Test::Id if matches!(tail.len(), 8 | 17) && token::is_mixed(tail) => {
                String::from_utf8_lossy(found).into_owned()
            }
            _ => return None,
        };
        Some(format!("{} {shown}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn found(text: &str) -> Vec<Kind> {
        let rules = Rules::built_in().expect("the rules load");
        rules.find(text.as_bytes(), 0, FileKind::Settings).map(|(_, find)| find.kind).collect()
    }

    /// What a rule must find and what it must not.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Examples {
        yes: Vec<String>,
        no: Vec<String>,
    }

    #[test]
    fn every_rule_finds_what_it_must_and_nothing_else() {
        let rules = Rules::built_in().expect("the rules load");
        let mut examples: BTreeMap<String, Examples> = toml::from_str(include_str!("examples.toml")).unwrap();
        let mut wrong = Vec::new();
        for rule in &rules.list {
            let Examples { yes, no } = examples.remove(&rule.name).expect("a rule has examples");
            assert!(!yes.is_empty() && !no.is_empty(), "{} has examples of one sort only", rule.name);
            let yes = yes.into_iter().map(|text| (text, true));
            for (text, expected) in yes.chain(no.into_iter().map(|text| (text, false))) {
                let text = text.replace('¦', "");
                if found(&format!("one\n{text}\n")).contains(&rule.finds) != expected {
                    wrong.push((&rule.name, text, expected));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(examples.is_empty(), "examples of no rule: {:?}", examples.keys());
    }

    #[test]
    fn what_is_shown_gives_nothing_away() {
        let rules = Rules::built_in().unwrap();
        let text = "DB_PASSWORD=Tr0ub4dor3x\nurl: postgres://app:Tr0ub4dor3x@db/app\nGH=ghp_Jq7Rk2Wv9Zx4Tn8Bc3Mf6Hd1Ls5Pg0YaUeIo\n";
        let shown: Vec<String> =
            rules.find(text.as_bytes(), 0, FileKind::Settings).map(|(_, find)| find.text).collect();
        assert_eq!(shown.len(), 3, "{shown:?}");
        assert!(!shown.iter().any(|shown| shown.contains("Tr0ub") || shown.contains("Jq7")), "{shown:?}");
    }

    #[test]
    fn programs_count_by_what_stands_in_quotes_and_texts_by_tokens() {
        let rules = Rules::built_in().unwrap();
        let count = |text: &str, kind| rules.find(text.as_bytes(), 0, kind).count();
        assert_eq!(count("$password = 'hunter22';", FileKind::Code), 1);
        assert_eq!(count("password = hunter22", FileKind::Code), 0);
        assert_eq!(count("password = hunter22", FileKind::Text), 0);
        assert_eq!(count("region = us-east-1", FileKind::Code), 0);
        assert_eq!(count("ghp_Jq7Rk2Wv9Zx4Tn8Bc3Mf6Hd1Ls5Pg0YaUeIo", FileKind::Text), 1);
    }

    #[test]
    fn a_flood_of_words_ends() {
        for words in ["password=", "://u:p", "eyJ", "token: ", "arn:aws", "<password>", "define('password',"] {
            found(&words.repeat((64 << 10) / words.len()));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(parts in proptest::collection::vec(proptest::prop_oneof![
            proptest::sample::select(vec![
                "password", "PASSWORD", "=", ":", "\"", "'", "://", "@", "eyJ", ".", "\n", "#", "define('", "token", "ghp_", "arn:aws", ">", "<", ",", "us-east-", "curl ", " -p", "-u ", "requirepass ", "vpc-0a1b2c3d", "\u{e9}",
            ]).prop_map(str::to_owned),
            "\\PC{0,12}",
        ], 0..40)) {
            found(&parts.concat());
        }
    }
    use proptest::strategy::Strategy as _;
}
