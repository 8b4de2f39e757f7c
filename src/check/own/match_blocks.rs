//! SSH-05: no `Match` block opens what SSH-01 to SSH-04 close.
//!
//! Every connection the image's accounts and its blocks give is tried; besides, a weaker line in a block counts even
//! when none of them meets it: an account may come later.

use std::collections::BTreeMap;

use super::keyboard_interactive;
use crate::check::kinds::sshd::{at, no_server, refused};
use crate::check::{Finding, Observation, Status};
use crate::image::sshd::{Connection, Origin, connections};
use crate::image::text::visible;
use crate::image::{Error, Image};

/// A keyword that is watched, the values that are no weaker than the rest asks, and the value to put instead.
type Watched = (&'static str, &'static [&'static str], &'static str);

/// What is watched in `Match` blocks.
pub(crate) fn watched(image: &Image) -> Result<[Watched; 4], Error> {
    Ok([
        ("passwordauthentication", &["no"], "no"),
        (keyboard_interactive::keyword(image)?, &["no"], "no"),
        ("permitemptypasswords", &["no"], "no"),
        ("permitrootlogin", &["no", "prohibit-password", "without-password", "forced-commands-only"], "no"),
    ])
}

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let sshd = image.sshd()?;
    if sshd.main.is_none() {
        return Ok(no_server());
    }
    if let Some(refused) = refused(sshd, "so what its blocks do is not known") {
        return Ok(refused);
    }
    if sshd.matches.is_empty() {
        return Ok(Finding::new(Status::Pass, "There is no Match block."));
    }
    let watched = watched(image)?;
    let mut weak: BTreeMap<Origin, Option<String>> = BTreeMap::new();
    for block in &sshd.matches {
        for (keyword, origin) in &block.sets {
            let is_weak =
                watched.iter().any(|(name, fine, _)| name == keyword && !fine.contains(&value(origin).as_str()));
            if is_weak {
                weak.insert(origin.clone(), None);
            }
        }
    }
    for connection in connections(image) {
        let effective = sshd.effective(Some(&connection));
        for (keyword, fine, _) in watched {
            let Some(setting) = effective.get(keyword).filter(|setting| setting.in_match) else { continue };
            let is_fine = setting.values.iter().all(|value| fine.contains(&value.to_ascii_lowercase().as_str()));
            for origin in setting.origins.iter().filter(|_| !is_fine) {
                weak.entry(origin.clone()).or_default().get_or_insert_with(|| described(&connection));
            }
        }
    }
    if !weak.is_empty() {
        let fail = "A Match block opens to some connections what the rest of the configuration closes.";
        return Ok(Finding::new(Status::Fail, fail).seen(weak.into_iter().map(|(origin, whom)| match whom {
            Some(whom) => at(&origin).text(format!("{}, for {whom}", visible(&origin.text))),
            None => at(&origin),
        })));
    }
    let unclear: Vec<Observation> = sshd
        .matches
        .iter()
        .filter(|block| block.criteria.iter().any(|(name, _)| matches!(name.as_str(), "exec" | "rdomain")))
        .map(|block| at(&block.origin))
        .collect();
    // What a block that cannot be evaluated sets was judged above, line by line.
    Ok(Finding::new(Status::Pass, "No Match block opens what the rest closes.").seen(unclear))
}

fn described(connection: &Connection) -> String {
    format!("{} from {}", visible(&connection.user), visible(&connection.addr))
}

/// The value on a line: the word after the keyword, unquoted, in lower case.
fn value(origin: &Origin) -> String {
    let rest = origin.text.trim_start().split_once([' ', '\t', '=', '"']).map_or("", |(_, rest)| rest);
    let rest = rest.trim_start_matches([' ', '\t', '=', '"', '\'']);
    rest.split([' ', '\t', '"', '\'', '#']).next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn judge(config: &str) -> Finding {
        let fixture = Fixture::debian();
        fixture.file("/etc/ssh/sshd_config", config).openssh("9.2p1");
        judged(&fixture.image(), "SSH-05")
    }

    const CLOSED: &str = "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin no\n";

    #[test]
    fn blocks_that_open_nothing_pass() {
        assert_eq!(judge(CLOSED).status, Status::Pass);
        assert_eq!(judge("PasswordAuthentication yes\n").status, Status::Pass, "that is SSH-01's business");
        let finding =
            judge(&format!("{CLOSED}Match User root\n  PermitRootLogin prohibit-password\n  X11Forwarding no\n"));
        assert_eq!(finding.status, Status::Pass, "{finding:?}");
    }

    #[test]
    fn a_weaker_line_fails_with_its_place_and_whom_it_lets_in() {
        let finding =
            judge(&format!("{CLOSED}Match User admin Address 10.0.0.0/8\n  PasswordAuthentication=\"yes\"\n"));
        assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 1), "{finding:?}");
        assert_eq!(finding.observations[0].line, Some(5));
        assert!(finding.observations[0].text.as_deref().unwrap().contains("admin from 10."), "{finding:?}");
    }

    #[test]
    fn a_block_for_an_account_to_come_counts_too() {
        let finding = judge(&format!("{CLOSED}Match Group deploy-later\n  KbdInteractiveAuthentication yes\n"));
        assert_eq!(finding.status, Status::Fail);
    }

    #[test]
    fn match_all_counts() {
        assert_eq!(judge(&format!("{CLOSED}Match all\nPermitRootLogin yes\n")).status, Status::Fail);
    }
}
