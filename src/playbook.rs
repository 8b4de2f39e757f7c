//! What the publisher decided, in and out as TOML, so that the next image is prepared the same way.
//!
//! A leaf of data: it knows guideline ids and nothing else.
//!
//! ```toml
//! [decisions.SSH-04]
//! choice = "apply"
//!
//! [decisions.SSH-13]
//! choice = "waive"
//! reason = "The appliance's console needs it until 3.2 is out."
//! until = "2027-03-31"
//! by = "Ann Example"
//!
//! [[allow]]
//! path = "/opt/app/tests/*.pem"
//! rule = "private-key"
//! reason = "Published with the library; nothing trusts it."
//! until = "2027-03-31"
//! by = "Ann Example"
//! ```

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The fewest characters a waiver's reason has.
pub const REASON_CHARS: usize = 10;
/// The most days a waiver lasts.
pub const WAIVER_DAYS: i64 = 366;

/// What the publisher chose for one guideline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "choice", rename_all = "kebab-case", try_from = "Fields")]
pub enum Decision {
    /// Carry out the remedy.
    Apply,
    /// Let it be, for a reason and until a day.
    Waive {
        /// Why; at least ten characters.
        reason: String,
        /// The last day it holds; at most a year ahead.
        until: Date,
        /// Who decided.
        by: String,
    },
    /// Confirm the guideline's statement.
    Attest {
        /// Who confirms.
        by: String,
        /// A note, such as a ticket number; may be empty.
        note: String,
    },
    /// A person does it by hand.
    ByHand,
    /// Not now.
    Later,
}

/// One sort of secret that may stay at some places, for a reason and until a day. It never makes a guideline pass: where
/// nothing else was found, the guideline counts as waived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// The file, or a shell pattern for files (glob(7), and `**` for any number of directories); absolute.
    pub path: String,
    /// The id of the rule, as `seaworthy facts secrets` shows it.
    pub rule: String,
    /// Why; at least ten characters.
    pub reason: String,
    /// The last day it holds; at most a year ahead.
    #[serde(deserialize_with = "required_day")]
    pub until: Date,
    /// Who decided; without it, whoever vouches for the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Allow {
    /// What is wrong with it on `today`, in half a sentence. One that has ended is in order, but no longer holds.
    fn fault(&self, today: Date) -> Option<String> {
        if !self.path.starts_with('/') {
            return Some(format!("`path` must begin with a slash, as paths inside the image do, not {:?}", self.path));
        }
        term_fault(&self.reason, self.until, today).or_else(|| self.by.as_ref().and_then(|by| nameless(by)))
    }
}

/// What is wrong with the reason and the last day of a waiver.
fn term_fault(reason: &str, until: Date, today: Date) -> Option<String> {
    let latest = today.checked_add(WAIVER_DAYS.days()).unwrap_or(Date::MAX);
    if reason.trim().chars().count() < REASON_CHARS {
        Some(format!("`reason` must have at least {REASON_CHARS} characters"))
    } else if until > latest {
        Some(format!("`until` may be {latest} at the latest, a year from today"))
    } else {
        None
    }
}

fn nameless(by: &str) -> Option<String> {
    by.trim().is_empty().then(|| "`by` must name a person".to_owned())
}

/// A decision as it is written. Every field of every choice, so that one that does not belong is noticed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    choice: Choice,
    reason: Option<String>,
    #[serde(default, deserialize_with = "day")]
    until: Option<Date>,
    by: Option<String>,
    note: Option<String>,
}

/// [`Decision`] without its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Carry out the remedy.
    Apply,
    /// Let it be.
    Waive,
    /// Confirm the statement.
    Attest,
    /// A person does it.
    ByHand,
    /// Not now.
    Later,
}

impl TryFrom<Fields> for Decision {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, &'static str> {
        let Fields { choice, reason, until, by, note } = fields;
        let plain = |decision| match (&reason, &until, &by, &note) {
            (None, None, None, None) => Ok(decision),
            _ => Err("this choice stands alone: `reason`, `until`, `by` and `note` do not belong to it"),
        };
        match choice {
            Choice::Apply => plain(Self::Apply),
            Choice::ByHand => plain(Self::ByHand),
            Choice::Later => plain(Self::Later),
            Choice::Waive => match (reason, until, by, note) {
                (Some(reason), Some(until), Some(by), None) => Ok(Self::Waive { reason, until, by }),
                _ => Err("a waiver has `reason`, `until` and `by`, and nothing else"),
            },
            Choice::Attest => match (by, reason, until) {
                (Some(by), None, None) => Ok(Self::Attest { by, note: note.unwrap_or_default() }),
                _ => Err("an attestation has `by`, perhaps a `note`, and nothing else"),
            },
        }
    }
}

impl Decision {
    /// Which it is.
    pub fn choice(&self) -> Choice {
        match self {
            Self::Apply => Choice::Apply,
            Self::Waive { .. } => Choice::Waive,
            Self::Attest { .. } => Choice::Attest,
            Self::ByHand => Choice::ByHand,
            Self::Later => Choice::Later,
        }
    }

    /// What is wrong with it on `today`, in half a sentence. A waiver that has ended is in order (it was, when it was
    /// made) but no longer holds: see [`Playbook::ended`].
    pub fn fault(&self, today: Date) -> Option<String> {
        match self {
            Self::Waive { reason, until, by } => term_fault(reason, *until, today).or_else(|| nameless(by)),
            Self::Attest { by, .. } => nameless(by),
            Self::Apply | Self::ByHand | Self::Later => None,
        }
    }
}

/// Decisions by guideline id, and what may stay of what the search for secrets finds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// By guideline id.
    #[serde(default)]
    pub decisions: BTreeMap<String, Decision>,
    /// Secrets that may stay, in the order they are written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Allow>,
}

/// What a playbook may speak of.
#[derive(Clone, Copy)]
pub struct Known<'k> {
    /// Whether there is a guideline of this id.
    pub guideline: &'k dyn Fn(&str) -> bool,
    /// Whether that guideline has a statement for a person to confirm.
    pub statement: &'k dyn Fn(&str) -> bool,
    /// Whether the search for secrets has a rule of this id.
    pub rule: &'k dyn Fn(&str) -> bool,
}

/// Why a playbook was refused. Displays as one line with file and line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct PlaybookError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what was expected.
    pub message: String,
}

impl Playbook {
    /// Reads a playbook. `file` is its name, for errors.
    ///
    /// # Errors
    /// The first thing that is wrong: no TOML, a field that is unknown or missing, an unknown guideline or rule, a
    /// decision that is not in order (see [`Decision::fault`]).
    pub fn parse(text: &str, file: &str, today: Date, known: Known<'_>) -> Result<Self, PlaybookError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Located {
            #[serde(default)]
            decisions: BTreeMap<String, toml::Spanned<Decision>>,
            #[serde(default)]
            allow: Vec<toml::Spanned<Allow>>,
        }
        let at = |offset: usize, message: String| PlaybookError {
            file: file.to_owned(),
            line: 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count(),
            message,
        };
        let located: Located = toml::from_str(text).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            at(error.span().map_or(0, |span| span.start), message)
        })?;
        let mut decisions = BTreeMap::new();
        let mut in_order: Vec<_> = located.decisions.into_iter().collect();
        in_order.sort_by_key(|(_, decision)| decision.span().start);
        for (id, decision) in in_order {
            let offset = decision.span().start;
            if !(known.guideline)(&id) {
                let hint = Some(id.to_ascii_uppercase()).filter(|id| (known.guideline)(id));
                let hint = hint.map(|id| format!("; did you mean {id}?")).unwrap_or_default();
                return Err(at(offset, format!("there is no guideline {id:?}{hint}")));
            }
            let decision = decision.into_inner();
            if let Some(fault) = decision.fault(today) {
                return Err(at(offset, format!("{id}: {fault}")));
            }
            if decision.choice() == Choice::Attest && !(known.statement)(&id) {
                let why = "there is nothing to confirm about it, it has no statement; a waiver may let it be";
                return Err(at(offset, format!("{id}: {why}")));
            }
            decisions.insert(id, decision);
        }
        let mut allow = Vec::new();
        for entry in located.allow {
            let offset = entry.span().start;
            let entry = entry.into_inner();
            if !(known.rule)(&entry.rule) {
                let hint = "`seaworthy facts secrets` shows the rule of everything it finds";
                return Err(at(offset, format!("there is no rule {:?}; {hint}", entry.rule)));
            }
            if let Some(fault) = entry.fault(today) {
                return Err(at(offset, format!("allow: {fault}")));
            }
            allow.push(entry);
        }
        Ok(Self { decisions, allow })
    }

    /// The playbook as TOML, one table for each guideline in the order of their ids; the same decisions give the same
    /// text.
    pub fn to_toml(&self) -> String {
        let header = "# Seaworthy playbook: what was decided, by guideline.\n";
        // Strings in tables always have a TOML form.
        let body = toml::to_string(self).unwrap_or_default();
        let separator = if self.decisions.is_empty() && self.allow.is_empty() { "" } else { "\n" };
        format!("{header}{separator}{body}")
    }

    /// What has ended before `today`, and its last day: guidelines whose waiver no longer holds, and places where a secret
    /// may no longer stay. They count as not decided.
    pub fn ended(&self, today: Date) -> Vec<(&str, Date)> {
        let waivers = self.decisions.iter().filter_map(|(id, decision)| match decision {
            Decision::Waive { until, .. } => Some((id.as_str(), *until)),
            _ => None,
        });
        let allowed = self.allow.iter().map(|entry| (entry.path.as_str(), entry.until));
        waivers.chain(allowed).filter(|(_, until)| *until < today).collect()
    }
}

fn required_day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    day(deserializer)?.ok_or_else(|| serde::de::Error::custom("`until` must be a day, written \"2027-03-31\""))
}

/// A day as text (`"2027-03-31"`) or as TOML's own date (`2027-03-31`).
fn day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Day {
        Text(String),
        Native(toml::value::Datetime),
    }
    let text = match Day::deserialize(deserializer) {
        Ok(Day::Text(text)) => text,
        Ok(Day::Native(date)) => date.to_string(),
        Err(_) => String::new(),
    };
    text.parse().map(Some).map_err(|_| serde::de::Error::custom("`until` must be a day, written \"2027-03-31\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Playbook, String> {
        let known = |id: &str| ["SSH-04", "SSH-13", "PRD-13", "KEY-01"].contains(&id);
        let known = Known { guideline: &known, statement: &|id| id == "PRD-13", rule: &|id| id == "private-key" };
        Playbook::parse(text, "book.toml", "2026-11-22".parse().unwrap(), known).map_err(|error| error.to_string())
    }

    fn waiver(until: &str) -> Decision {
        let until = until.parse().unwrap();
        Decision::Waive { reason: "Needed until 3.2 is out.".into(), until, by: "Ann".into() }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut playbook = Playbook::default();
        assert_eq!(parse(&playbook.to_toml()).unwrap(), playbook);
        playbook.decisions.insert("SSH-04".into(), Decision::Apply);
        playbook.decisions.insert("SSH-13".into(), waiver("2027-03-31"));
        playbook.decisions.insert("PRD-13".into(), Decision::Attest { by: "Ann \"A\"\nB".into(), note: String::new() });
        playbook.decisions.insert("KEY-01".into(), Decision::ByHand);
        playbook.allow.push(Allow {
            path: "/opt/*.pem".into(),
            rule: "private-key".into(),
            reason: "Published with the library.".into(),
            until: "2027-03-31".parse().unwrap(),
            by: None,
        });
        let text = playbook.to_toml();
        assert!(text.contains("[decisions.SSH-04]\nchoice = \"apply\"\n"), "{text}");
        assert!(text.contains("until = \"2027-03-31\"\n"), "{text}");
        assert_eq!(parse(&text).unwrap(), playbook);
    }

    #[test]
    fn a_native_date_is_read_too() {
        let text = "[decisions.SSH-13]\nchoice='waive'\nreason='Needed until 3.2 is out.'\nuntil=2027-03-31\nby='Ann'";
        assert_eq!(parse(text).unwrap().decisions["SSH-13"], waiver("2027-03-31"));
    }

    #[test]
    fn faults_name_file_and_line() {
        for (text, part) in [
            ("x = 1", "book.toml:1: unknown field `x`"),
            ("\n[decisions.SSH-04]\nchoice = \"maybe\"", "book.toml:3: unknown variant `maybe`"),
            ("\n[decisions.SSH-04]\nchoice = \"apply\"\nextra = 1", "book.toml:4: unknown field `extra`"),
            ("\n[decisions.SSH-04", "book.toml:2:"),
            ("[decisions.SSH-04]\nchoice = \"apply\"\nby = 'Ann'", "stands alone"),
            ("[decisions.SSH-04]\nchoice = \"waive\"\nby = 'Ann'", "a waiver has"),
            (
                "[decisions.SSH-04]\nchoice='apply'\n\n[decisions.SSH-99]\nchoice='apply'",
                "book.toml:4: there is no guideline \"SSH-99\"",
            ),
            ("[decisions.ssh-04]\nchoice='apply'", "did you mean SSH-04?"),
            (
                "[decisions.SSH-04]\nchoice='waive'\nreason='because'\nuntil='2027-01-01'\nby='Ann'",
                "`reason` must have at least 10",
            ),
            (
                "[decisions.SSH-04]\nchoice='waive'\nreason='long enough it is'\nuntil='2027-11-24'\nby='Ann'",
                "2027-11-23 at the latest",
            ),
            ("[decisions.SSH-04]\nchoice='waive'\nreason='long enough it is'\nuntil='soon'\nby='Ann'", "must be a day"),
            (
                "[decisions.SSH-04]\nchoice='waive'\nreason='long enough it is'\nuntil=12:00:00\nby='Ann'",
                "must be a day",
            ),
            (
                "[decisions.SSH-04]\nchoice='waive'\nreason='long enough it is'\nuntil='2027-01-01'\nby=' '",
                "name a person",
            ),
            ("[decisions.PRD-13]\nchoice='attest'\nby=''", "name a person"),
            ("[decisions.SSH-04]\nchoice='attest'\nby='Ann'", "SSH-04: there is nothing to confirm about it"),
            ("\n[[allow]]\npath='/x'\nrule='private-key'\nuntil='2027-01-01'", "book.toml:2: missing field `reason`"),
            (
                "[[allow]]\npath='/x'\nrule='privat'\nreason='long enough it is'\nuntil='2027-01-01'",
                "book.toml:1: there is no rule \"privat\"",
            ),
            (
                "[[allow]]\npath='x'\nrule='private-key'\nreason='long enough it is'\nuntil='2027-01-01'",
                "must begin with a slash",
            ),
            (
                "[[allow]]\npath='/x'\nrule='private-key'\nreason='short'\nuntil='2027-01-01'",
                "`reason` must have at least 10",
            ),
            (
                "[[allow]]\npath='/x'\nrule='private-key'\nreason='long enough it is'\nuntil='2028-01-01'",
                "2027-11-23 at the latest",
            ),
            (
                "[[allow]]\npath='/x'\nrule='private-key'\nreason='long enough it is'\nuntil='2027-01-01'\nby=''",
                "name a person",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part) && !error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn an_ended_waiver_is_read_but_does_not_hold() {
        let playbook =
            Playbook { decisions: BTreeMap::from([("SSH-13".into(), waiver("2026-11-21"))]), ..Playbook::default() };
        let again = parse(&playbook.to_toml()).unwrap();
        assert_eq!(again.ended("2026-11-22".parse().unwrap()), [("SSH-13", "2026-11-21".parse().unwrap())]);
        assert!(again.ended("2026-11-21".parse().unwrap()).is_empty());
    }
}
