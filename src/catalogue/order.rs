//! The order of the guidelines: by phase, then by what must come first, then by id; and what contradicts it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Guideline;

/// Another guideline that is dealt with first. In TOML its id, or `{ id = "LOG-03", why = "…" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Its id.
    pub id: String,
    /// Why it must come first: one sentence that can follow a colon.
    pub why: Option<String>,
}

impl Earlier {
    /// `lead`, such as `Comes after LOG-03`, with the reason where there is one.
    pub fn because(&self, lead: &str) -> String {
        match &self.why {
            Some(why) => format!("{lead}: {}", why.trim()),
            None => format!("{lead}."),
        }
    }
}

impl<'de> Deserialize<'de> for Earlier {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(IdOrTable)
    }
}

/// Written out rather than derived as an untagged enum, which would not say what was expected.
struct IdOrTable;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    id: String,
    why: Option<String>,
}

impl<'de> Visitor<'de> for IdOrTable {
    type Value = Earlier;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of a guideline, or { id = …, why = … }")
    }

    fn visit_str<E: Error>(self, id: &str) -> Result<Earlier, E> {
        Ok(Earlier { id: id.to_owned(), why: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Earlier, A::Error> {
        let Table { id, why } = Table::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Earlier { id, why })
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Earlier {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Earlier".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let text = |description: &str| serde_json::json!({"type": "string", "description": description});
        schemars::json_schema!({
            "description": "Another guideline that is dealt with first.",
            "anyOf": [text("Its id."), {
                "type": "object",
                "properties": {"id": text("Its id."), "why": text("Why it must come first.")},
                "required": ["id"],
                "additionalProperties": false
            }]
        })
    }
}

/// `guidelines` in the order they are dealt with. What a guideline `needs`, and what it comes `after`, is before it, so
/// that one that needs something of a later phase waits for that. What waits in a circle is left out; the loader
/// refuses it ([`circle`]).
pub(super) fn in_order(guidelines: &[Guideline]) -> Vec<&Guideline> {
    let mut waiting: Vec<&Guideline> = guidelines.iter().collect();
    waiting.sort_by_key(|guideline| guideline.phase);
    let mut left: BTreeSet<&str> = waiting.iter().map(|guideline| guideline.id.as_str()).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    let is_free =
        |guideline: &Guideline, left: &BTreeSet<&str>| guideline.waits_for().all(|one| !left.contains(one.id.as_str()));
    while let Some(next) = waiting.iter().position(|guideline| is_free(guideline, &left)) {
        let guideline = waiting.remove(next);
        left.remove(guideline.id.as_str());
        ordered.push(guideline);
    }
    ordered
}

/// A circle of guidelines that each wait for the next, the first named again at the end; `None` when there is none.
pub(super) fn circle<'a>(guidelines: impl Iterator<Item = &'a Guideline>) -> Option<Vec<&'a str>> {
    let waits: BTreeMap<&str, Vec<&str>> = guidelines
        .map(|guideline| (guideline.id.as_str(), guideline.waits_for().map(|one| one.id.as_str()).collect()))
        .collect();
    let mut done = BTreeSet::new();
    for start in waits.keys() {
        // The way to where we are, with what is still to be looked at from each place on it.
        let mut way = vec![(*start, waits.get(start).cloned().unwrap_or_default())];
        while let Some((here, open)) = way.last_mut() {
            let Some(next) = open.pop() else {
                done.insert(*here);
                way.pop();
                continue;
            };
            if let Some(first) = way.iter().position(|(id, _)| *id == next) {
                return Some(way.iter().skip(first).map(|(id, _)| *id).chain([next]).collect());
            }
            if !done.contains(next) {
                way.push((next, waits.get(next).cloned().unwrap_or_default()));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::{Catalogue, PHASES};

    fn guideline(id: &str, phase: &str, more: &str) -> Guideline {
        let text = format!(
            "id = '{id}'\ntitle = 't'\nseverity = 'required'\nphase = '{phase}'\nasks = 'a'\nwhy = 'w'\nby_hand = 'b'\n\
             danger = 'd'\nsources = []\ncheck = 'attest'\n{more}\n"
        );
        toml::from_str(&text).unwrap()
    }

    fn ids<'a>(ordered: &[&'a Guideline]) -> Vec<&'a str> {
        ordered.iter().map(|one| one.id.as_str()).collect()
    }

    #[test]
    fn phases_come_in_turn_but_what_needs_something_later_waits_for_it() {
        let all = [
            guideline("A-1", "clean", ""),
            guideline("A-2", "harden", "after = ['A-3']"),
            guideline("A-3", "harden", ""),
            guideline("A-4", "reduce", "needs = [{ id = 'A-1', why = 'it locks out.' }]"),
        ];
        assert_eq!(ids(&in_order(&all)), ["A-3", "A-2", "A-1", "A-4"]);
        assert_eq!(all[3].turn(), ["Waits until A-1 passes: it locks out."]);
        assert_eq!(all[1].turn(), ["Comes after A-3."]);
        assert_eq!(circle(all.iter()), None);
    }

    #[test]
    fn a_circle_is_named_from_where_it_closes() {
        let all = [
            guideline("A-1", "clean", "after = ['A-2']"),
            guideline("A-2", "clean", "needs = ['A-3']"),
            guideline("A-3", "clean", "after = ['A-2']"),
        ];
        assert_eq!(circle(all.iter()), Some(vec!["A-2", "A-3", "A-2"]));
    }

    /// What a running machine forgives nobody who mixes it up.
    #[test]
    fn the_built_in_guidelines_come_in_the_order_that_works() {
        let catalogue = Catalogue::built_in().unwrap();
        let order = ids(&catalogue.in_order());
        let place = |id: &str| order.iter().position(|one| *one == id).unwrap_or_else(|| panic!("{id}"));
        for chain in [
            // Updates fill caches and logs, ending a subscription needs the network and is logged.
            "OSL-03 LOG-11 LOG-01",
            "SEC-16 LOG-01",
            // Who goes takes their home along.
            "ACC-05 SEC-02",
            "ACC-05 KEY-04 LOG-13",
            // The configuration is edited, then tested, which needs a host key.
            "SSH-01 SSH-05 SSH-12 SSH-09 KEY-01",
            // The journal's directory and the DHCP identifiers come of the id; labels last.
            "LOG-03 IDN-08 IDN-01 IDN-02",
            "IDN-05 IDN-01 BOT-13",
            "IDN-08 IDN-09",
            // The buyer's way in before the publisher's goes.
            "ACC-07 ACC-02 ACC-09",
            "KEY-02 KEY-03",
            "BOT-02 KEY-03",
            "KEY-06 KEY-03",
            // The report out, the tool gone, histories, keys, records, power off.
            "FIN-02 FIN-01 SEC-05 KEY-03 KEY-01 LOG-02 SEC-22 FIN-03 FIN-04",
            "KEY-01 AGT-01 FIN-03",
            "KEY-01 IDN-03 FIN-03",
        ] {
            let places: Vec<_> = chain.split(' ').map(place).collect();
            assert!(places.is_sorted(), "{chain}: {places:?}");
        }
    }

    proptest! {
        /// Edges lead back in a random order of the guidelines, so there is no circle; phases are random.
        #[test]
        fn every_edge_is_respected(
            edges in proptest::collection::vec((0usize..12, 0usize..12), 0..40),
            phases in proptest::collection::vec(0usize..12, 12),
        ) {
            let all: Vec<Guideline> = (0..12).map(|at| {
                let before: Vec<_> = edges.iter().filter(|(from, to)| *from == at && to < from).collect();
                let needs: Vec<String> = before.iter().map(|(_, to)| format!("'A-{to}'")).collect();
                guideline(&format!("A-{at}"), PHASES[phases[at]].name(), &format!("needs = [{}]", needs.join(", ")))
            }).collect();
            prop_assert_eq!(circle(all.iter()), None);
            let order = in_order(&all);
            prop_assert_eq!(order.len(), all.len());
            for (place, one) in order.iter().enumerate() {
                for earlier in one.waits_for() {
                    prop_assert!(order.iter().position(|other| other.id == earlier.id) < Some(place));
                }
            }
        }

        #[test]
        fn a_chosen_part_of_the_catalogue_keeps_its_order(chosen in proptest::collection::vec(any::<bool>(), 200)) {
            static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::built_in().unwrap());
            let order: Vec<&Guideline> =
                CATALOGUE.in_order().into_iter().zip(chosen.iter().cycle()).filter(|(_, is)| **is).map(|(one, _)| one).collect();
            for (place, one) in order.iter().enumerate() {
                for later in order.iter().skip(place + 1) {
                    prop_assert!(one.waits_for().all(|earlier| earlier.id != later.id), "{} before {}", one.id, later.id);
                }
            }
        }
    }
}
