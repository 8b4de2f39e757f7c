//! AGT-05: EC2 Instance Connect, where it is installed, is set up safely.

use std::path::{Path, PathBuf};

use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image, Kind, text};

/// The program that sshd asks for keys: of Amazon Linux, and of the package for other distributions (GitHub,
/// aws/aws-ec2-instance-connect-config).
pub(crate) const PROGRAMS: [&str; 3] = [
    "/opt/aws/bin/eic_run_authorized_keys",
    "/usr/share/ec2-instance-connect/eic_run_authorized_keys",
    "/usr/lib/ec2-instance-connect/eic_run_authorized_keys",
];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut installed = Vec::new();
    for program in PROGRAMS.map(PathBuf::from) {
        if let Some(meta) = image.stat(&program)? {
            installed.push((program, meta));
        }
    }
    if installed.is_empty() {
        return Ok(Finding::new(Status::NotApplicable, "EC2 Instance Connect is not installed."));
    }
    let loose = installed.iter().filter(|(_, meta)| meta.kind != Kind::File || meta.mode & 0o022 != 0);
    let seen: Vec<_> = loose
        .map(|(path, meta)| Observation::at(path).text(format!("{}, mode {:04o}", meta.kind, meta.mode)))
        .collect();
    if !seen.is_empty() {
        let what = "Others than root may change the program that tells sshd whom to let in; sshd refuses to run it.";
        return Ok(Finding::new(Status::Fail, what).seen(seen));
    }
    let server = image.sshd()?.effective(None);
    let command = server.value("authorizedkeyscommand");
    let program = command.split_whitespace().next().unwrap_or("none");
    if !PROGRAMS.contains(&program) {
        let what = "EC2 Instance Connect is installed, but the SSH server does not ask it.";
        return Ok(Finding::new(Status::Pass, what).seen(installed.iter().map(|(path, _)| Observation::at(path))));
    }
    let user = server.value("authorizedkeyscommanduser");
    if image.stat(Path::new(program))?.is_none() {
        let what = "The SSH server asks a program of EC2 Instance Connect that is not there.";
        return Ok(Finding::new(Status::Fail, what).seen([Observation::at(program)]));
    }
    if !image.accounts()?.users.iter().any(|known| known.name == user) {
        let what = format!("EC2 Instance Connect runs as {}, an account that is not there.", text::visible(user));
        return Ok(Finding::new(Status::Fail, what).seen([Observation::at("/etc/passwd")]));
    }
    let what = "EC2 Instance Connect is set up; it takes keys from the buyer's own AWS account only.";
    Ok(Finding::new(Status::Pass, what).seen([Observation::at(program)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    const CONFIG: &str = "AuthorizedKeysCommand /opt/aws/bin/eic_run_authorized_keys %u %f\n\
                          AuthorizedKeysCommandUser ec2-instance-connect\n";

    fn said(fixture: &Fixture) -> (Status, String) {
        let finding = judged(&fixture.image(), "AGT-05");
        (finding.status, finding.summary)
    }

    #[test]
    fn it_passes_as_the_package_sets_it_up() {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", CONFIG);
        assert_eq!(said(&fixture).0, Status::NotApplicable);
        fixture.file(PROGRAMS[0], "#!/bin/sh\n").mode(PROGRAMS[0], 0o755);
        assert!(said(&fixture).1.contains("ec2-instance-connect, an account that is not there"));
        fixture.file("/etc/passwd", "root:x:0:0::/root:/bin/bash\nec2-instance-connect:x:9:9::/home/x:/sbin/nologin\n");
        assert_eq!(said(&fixture).0, Status::Pass);
        fixture.file("/etc/ssh/sshd_config", "UsePAM yes\n");
        assert!(said(&fixture).1.contains("does not ask it"));
    }

    #[test]
    fn a_program_that_others_may_write_to_fails() {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", CONFIG);
        fixture.file(PROGRAMS[0], "#!/bin/sh\n").mode(PROGRAMS[0], 0o775);
        assert_eq!(said(&fixture).0, Status::Fail);
        fixture.mode(PROGRAMS[0], 0o755).file(PROGRAMS[1], "").mode(PROGRAMS[1], 0o757);
        assert_eq!(said(&fixture).0, Status::Fail);
    }
}
