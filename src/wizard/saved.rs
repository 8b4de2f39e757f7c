//! The session: what is kept between two starts, as TOML.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::Model;
use crate::playbook::{Allow, Decision, Playbook};

/// What is kept: the decisions, and where the publisher was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    /// The selected guideline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) selected: Option<String>,
    /// The publisher's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) publisher: Option<String>,
    /// By guideline id.
    #[serde(default)]
    pub(super) decisions: BTreeMap<String, Decision>,
    /// Secrets that may stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) allow: Vec<Allow>,
}

impl Saved {
    /// What is to be kept of `model`.
    pub(super) fn of(model: &Model) -> Self {
        Self {
            selected: model.selected.clone(),
            publisher: Some(model.publisher.clone()).filter(|name| !name.is_empty()),
            decisions: model.playbook.decisions.clone(),
            allow: model.playbook.allow.clone(),
        }
    }

    /// What was decided.
    pub(super) fn playbook(self) -> Playbook {
        Playbook { decisions: self.decisions, allow: self.allow }
    }

    /// As TOML. Everything in it can be written as TOML, so this gives text.
    pub(super) fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// From TOML.
    ///
    /// # Errors
    /// When it is no TOML or holds something unknown; one line.
    pub(super) fn from_toml(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }
}

/// The decisions of a session that the wizard kept, for those who work without a screen.
///
/// # Errors
/// When it is no TOML or holds something unknown; one line.
pub fn saved_playbook(text: &str) -> Result<Playbook, String> {
    Saved::from_toml(text).map(Saved::playbook)
}

/// The session `text` (`None`: a new one) with `waivers` decided in it, for those who work without a screen.
///
/// # Errors
/// When it is no TOML or holds something unknown; one line.
pub fn with_waivers(text: Option<&str>, waivers: &BTreeMap<String, Decision>) -> Result<String, String> {
    let mut saved = text.map(Saved::from_toml).transpose()?.unwrap_or_default();
    saved.decisions.extend(waivers.clone());
    Ok(saved.to_toml())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_as_it_was() {
        let mut saved =
            Saved { selected: Some("SSH-04".into()), publisher: Some("Zoë \"Q\"".into()), ..Saved::default() };
        for (id, decision) in [
            ("A-1", Decision::Apply),
            ("A-2", Decision::Later),
            ("A-3", Decision::ByHand),
            ("A-4", Decision::Attest { by: "Z".into(), note: String::new() }),
            (
                "A-5",
                Decision::Waive { reason: "because\nof".into(), until: jiff::civil::date(2027, 1, 2), by: "Z".into() },
            ),
        ] {
            saved.decisions.insert(id.into(), decision);
        }
        assert_eq!(Saved::from_toml(&saved.to_toml()), Ok(saved));
    }

    #[test]
    fn a_broken_session_is_one_line() {
        let error = Saved::from_toml("decisions = 3").unwrap_err();
        assert!(!error.contains('\n'), "{error}");
        assert!(Saved::from_toml("colour = \"blue\"").is_err());
        assert!(Saved::from_toml("[decisions.X]\nchoice = \"perhaps\"").is_err());
    }
}
