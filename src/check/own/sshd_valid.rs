//! SSH-12: sshd would start with this configuration.

use crate::check::kinds::sshd::{at, no_server, refusals};
use crate::check::{Finding, Status};
use crate::image::text::visible;
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let sshd = image.sshd()?;
    if sshd.main.is_none() {
        return Ok(no_server());
    }
    let fatal: Vec<_> = refusals(sshd).collect();
    if let Some(first) = fatal.first() {
        let seen = fatal.iter().map(|problem| at(&problem.origin).text(visible(&problem.message)));
        let summary = format!("sshd would not start: {}.", visible(&first.message));
        return Ok(Finding::new(Status::Fail, summary).seen(seen));
    }
    let seen = sshd
        .problems
        .iter()
        .filter(|problem| !problem.fatal)
        .map(|problem| at(&problem.origin).text(visible(&problem.message)));
    Ok(Finding::new(Status::Pass, "Nothing in sshd's configuration keeps it from starting.").seen(seen))
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn a_misspelt_word_fails_on_its_line() {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "UsePAM yes\n");
        assert_eq!(judged(&fixture.image(), "SSH-12").status, Status::Pass);
        fixture.file("/etc/ssh/sshd_config", "UsePAM yes\nPermitRootLogn no\n");
        let finding = judged(&fixture.image(), "SSH-12");
        assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(2)));
        assert_eq!(judged(&fixture.image(), "SSH-01").status, Status::Unknown);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_unknown() {
        let fixture = Fixture::debian();
        fixture.directory("/etc/ssh").fifo("/etc/ssh/sshd_config");
        assert_eq!(judged(&fixture.image(), "SSH-12").status, Status::Unknown);
    }
}
