//! SSH-04: root does not log in over SSH with a password; better not at all.
//!
//! Where sshd takes root's keys, cloud-init's `disable_root` decides whether the launch key is one of them.

use crate::check::kinds::sshd;
use crate::check::next_boot::truth;
use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::Runs;
use crate::image::{Error, Image};

const KEYWORD: &str = "permitrootlogin";

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let accepted = ["prohibit-password", "without-password", "forced-commands-only"].map(str::to_owned);
    let mut finding = sshd::check(image, KEYWORD, &["no".to_owned()], &accepted)?;
    let takes_keys = ["prohibit-password", "without-password"].contains(&image.sshd()?.effective(None).value(KEYWORD));
    if finding.status != Status::Pass || !takes_keys {
        return Ok(finding);
    }
    let cloud_init = image.cloud_init()?;
    let lets_root_in = cloud_init.get(&["disable_root"]).and_then(truth) == Some(false);
    if lets_root_in && cloud_init.runs == Runs::Yes {
        finding.summary.push_str(" At the first boot cloud-init lets root in with the launch key.");
        let seen = cloud_init.origin("disable_root");
        return Ok(finding.seen(seen.map(|at| Observation::at(&at.path).line(at.line).text("disable_root is off"))));
    }
    Ok(finding)
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn what_cloud_init_will_let_root_do_is_told() {
        let fixture = Fixture::debian();
        fixture
            .openssh("9.2p1")
            .cloud_init("admin")
            .file("/etc/ssh/sshd_config", "PermitRootLogin prohibit-password\n");
        let finding = judged(&fixture.image(), "SSH-04");
        assert!(!finding.summary.contains("launch key"), "{}", finding.summary);
        fixture.file("/etc/cloud/cloud.cfg.d/99-root.cfg", "disable_root: false\n");
        let finding = judged(&fixture.image(), "SSH-04");
        assert_eq!(finding.status, Status::Pass);
        assert!(finding.summary.contains("launch key"), "{}", finding.summary);
        assert_eq!(finding.observations.last().and_then(|seen| seen.line), Some(1));
        fixture.file("/etc/ssh/sshd_config", "PermitRootLogin no\n");
        assert!(!judged(&fixture.image(), "SSH-04").summary.contains("launch key"));
    }
}
