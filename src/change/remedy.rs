//! What would make a failing guideline pass.

use std::path::PathBuf;

use super::secret::is_secret;
use super::{Change, fix, own};
use crate::catalogue::{Fix, Guideline};
use crate::check::{Context, Finding, Status};
use crate::image::{Error, Image};

/// What would make a failing guideline pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Exact changes, in order.
    Changes(Vec<Change>),
    /// Exact changes that deal with some of what was seen; the rest is for a person.
    Part {
        /// In order.
        changes: Vec<Change>,
        /// What stays, and what a person must do about it.
        left: Vec<Left>,
    },
    /// A person must do it; the guideline's `by_hand` says how, and this says why no program can.
    ByHand(String),
}

/// Something that no program should deal with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Where it is.
    pub path: PathBuf,
    /// What a person must do: whole sentences that name the place.
    pub what: String,
}

/// The remedy for `guideline` on `image` as it stands (or as drafted). Only a failing finding has one. Its changes are
/// marked where they may be secret.
///
/// # Errors
/// When a file the change would be made from cannot be read.
pub fn remedy(
    image: &Image,
    guideline: &Guideline,
    finding: &Finding,
    context: &Context,
) -> Result<Option<Remedy>, Error> {
    if finding.status != Status::Fail {
        return Ok(None);
    }
    let Some(wanted) = &guideline.fix else {
        let why = guideline.no_fix.as_deref().unwrap_or("It needs a person's judgement.");
        return Ok(Some(Remedy::ByHand(why.to_owned())));
    };
    let finding = &finding.without_allowed();
    let mut remedy = match wanted {
        Fix::Sshd { keyword, value } => fix::sshd::remedy(image, keyword, value),
        Fix::Remove => fix::remove::found(image, &guideline.check, finding),
        Fix::RemoveUnless { observed, why } => {
            fix::remove::found_unless(image, &guideline.check, finding, observed, why)
        }
        Fix::TakeOut { keep, why, whole } => {
            let wanted = fix::take_out::Wanted { keep, why, whole };
            fix::take_out::remedy(image, &guideline.check, wanted, finding, context)
        }
        Fix::Truncate => fix::truncate::remedy(image, finding),
        Fix::DropLines => fix::drop_lines::remedy(image, finding),
        Fix::Mask => fix::mask::remedy(image, finding),
        Fix::CloudInit { key, value } => fix::cloud_init::remedy(image, key, value),
        Fix::Own(wanted) => own::remedy(*wanted, image, finding, context),
    }?;
    if let Remedy::Changes(changes) | Remedy::Part { changes, .. } = &mut remedy {
        changes.iter_mut().for_each(mark_secret);
    }
    Ok(Some(remedy))
}

/// Marks what may be secret before anybody can show it.
fn mark_secret(change: &mut Change) {
    if let Change::Path { path, before, after, secret } = change {
        *secret |= is_secret(path, before.as_ref(), after.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::{Remedy, remedy};
    use crate::change::Change;
    use crate::change::trial::mended;
    use crate::check::trial::{context, guideline, judged};
    use crate::image::fixture::Fixture;

    #[test]
    fn what_may_be_secret_is_marked_before_it_is_shown() {
        let fixture = Fixture::debian();
        fixture.file(
            "/root/.ssh/id_ed25519",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        );
        let image = fixture.image();
        let found = remedy(&image, &guideline("KEY-04"), &judged(&image, "KEY-04"), &context()).unwrap();
        let Some(Remedy::Changes(changes)) = found else { panic!("{found:?}") };
        assert!(!changes.is_empty());
        for change in &changes {
            assert!(matches!(change, Change::Path { secret: true, .. }), "{change:?}");
        }
    }

    #[test]
    fn more_places_than_a_finding_lists_are_removed_whole() {
        let fixture = Fixture::debian();
        for number in 0..1100 {
            fixture.file(&format!("/root/.ssh/known_hosts.{number}"), "x");
        }
        let after = mended(&fixture.image(), "KEY-05");
        assert_eq!(after.list("/root/.ssh".as_ref()).unwrap(), []);
    }

    #[test]
    fn a_directory_goes_with_all_that_is_in_it() {
        let fixture = Fixture::debian();
        fixture.file("/root/.ssh/config.d/a/b", "x").link("/root/.ssh/config.d/l", "/etc");
        let after = mended(&fixture.image(), "KEY-05");
        assert!(after.stat("/root/.ssh/config.d".as_ref()).unwrap().is_none());
        assert!(after.stat("/etc/passwd".as_ref()).unwrap().is_some());
    }
}
