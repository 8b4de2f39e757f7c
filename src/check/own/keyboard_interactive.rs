//! SSH-02: sshd does not ask for passwords through keyboard-interactive.
//!
//! Up to OpenSSH 8.6 `ChallengeResponseAuthentication` is an option of its own, and the one that decides.

use crate::check::kinds::sshd;
use crate::check::{Finding, Status};
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let keyword = keyword(image)?;
    let finding = sshd::check(image, keyword, &["no".to_owned()], &[])?;
    if image.sshd()?.version.is_none() && finding.status == Status::Pass {
        // Which of the two names decides depends on the version.
        let older = sshd::check(image, "challengeresponseauthentication", &["no".to_owned()], &[])?;
        if older.status == Status::Fail {
            return Ok(older);
        }
    }
    Ok(finding)
}

/// The name of the option that decides for the image's OpenSSH, as `sshd -T` prints it.
pub(crate) fn keyword(image: &Image) -> Result<&'static str, Error> {
    let is_old = image.sshd()?.version.is_some_and(|version| version < (8, 7));
    Ok(if is_old { "challengeresponseauthentication" } else { "kbdinteractiveauthentication" })
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn status(version: &str, config: &str) -> Status {
        let fixture = Fixture::debian();
        fixture.file("/etc/ssh/sshd_config", config).openssh(version);
        judged(&fixture.image(), "SSH-02").status
    }

    #[test]
    fn the_name_that_decides_depends_on_the_version() {
        assert_eq!(status("9.2p1", "KbdInteractiveAuthentication no\n"), Status::Pass);
        assert_eq!(status("9.2p1", "ChallengeResponseAuthentication no\n"), Status::Pass);
        assert_eq!(status("9.2p1", "\n"), Status::Fail);
        assert_eq!(status("8.4p1", "ChallengeResponseAuthentication no\n"), Status::Pass);
        assert_eq!(status("8.4p1", "KbdInteractiveAuthentication no\n"), Status::Fail);
    }

    #[test]
    fn without_a_server_it_does_not_apply() {
        assert_eq!(judged(&Fixture::debian().image(), "SSH-02").status, Status::NotApplicable);
    }
}
