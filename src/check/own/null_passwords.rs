//! ACC-01: no account has an empty password.
//!
//! Groups are left out: an empty field in gshadow(5) lets nobody in but the group's members.

use super::password_fields::judge;
use crate::check::Finding;
use crate::image::accounts::Password;
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    judge(
        image,
        |field| field.uid.is_some() && field.password == Password::Empty,
        "Accounts have an empty password: anybody who knows the name gets in.",
        "No account has an empty password.",
    )
}

#[cfg(test)]
mod tests {
    use crate::change::trial::mended;
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn locked_accounts_pass_and_an_empty_gshadow_field_is_no_password() {
        let fixture = Fixture::debian();
        fixture.file("/etc/gshadow", "root:::\nsudo:!::admin\n");
        assert_eq!(judged(&fixture.image(), "ACC-01").status, Status::Pass);
    }

    #[test]
    fn an_empty_field_fails_in_shadow_and_in_passwd() {
        let fixture = Fixture::debian();
        fixture.file("/etc/passwd", "root:x:0:0::/root:/bin/bash\ntoor::0:0::/root:/bin/bash\n");
        fixture.file("/etc/shadow", "root::1:0:99999:7:::\n");
        let finding = judged(&fixture.image(), "ACC-01");
        assert_eq!(finding.status, Status::Fail);
        let seen: Vec<_> = finding.observations.iter().map(|seen| (seen.path.clone().unwrap(), seen.line)).collect();
        assert_eq!(seen, [("/etc/shadow".into(), Some(1)), ("/etc/passwd".into(), Some(2))]);
        mended(&fixture.image(), "ACC-01");
    }

    #[test]
    fn a_shadow_that_cannot_be_read_is_unknown() {
        let fixture = Fixture::debian();
        fixture.remove("/etc/shadow").fifo("/etc/shadow");
        let finding = judged(&fixture.image(), "ACC-01");
        assert_eq!(finding.status, Status::Unknown);
        assert!(finding.summary.contains("/etc/shadow"), "{}", finding.summary);
    }

    #[test]
    fn a_line_that_is_not_understood_is_no_pass() {
        let fixture = Fixture::debian();
        fixture.file("/etc/shadow", "root:*:1:0:99999:7:::\nnonsense\n");
        assert_eq!(judged(&fixture.image(), "ACC-01").status, Status::Unknown);
    }
}
