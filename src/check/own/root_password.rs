//! ACC-03: root, and every other account with user id 0, has a lock for a password.

use super::password_fields::judge;
use crate::check::Finding;
use crate::image::accounts::Password;
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    judge(
        image,
        |field| field.uid == Some(0) && field.password != Password::Locked,
        "Root's password field is not a plain lock.",
        "Root has no password.",
    )
}

#[cfg(test)]
mod tests {
    use crate::change::trial::mended;
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn every_lock_passes() {
        for lock in ["*", "!", "!!", "!*", "*LK*"] {
            let fixture = Fixture::debian();
            fixture.file("/etc/shadow", format!("root:{lock}:1:0:99999:7:::\n"));
            assert_eq!(judged(&fixture.image(), "ACC-03").status, Status::Pass, "{lock}");
        }
    }

    #[test]
    fn a_second_root_counts_and_is_mended() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/passwd", "root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\n")
            .file("/etc/shadow", "root:*:1:0:99999:7:::\ntoor:$1$abcdefgh$0123456789012345678901:1:0:99999:7:::\n");
        assert_eq!(judged(&fixture.image(), "ACC-03").status, Status::Fail);
        mended(&fixture.image(), "ACC-03");
    }
}
