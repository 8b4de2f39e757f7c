//! ACC-02: no account or group has a password hash, locked or not.

use super::password_fields::judge;
use crate::check::Finding;
use crate::image::accounts::Password;
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    judge(
        image,
        |field| matches!(field.password, Password::Hash { .. }),
        "Password hashes are on the image; AWS counts them as hard-coded secrets, a lock before them or not.",
        "No account and no group has a password hash.",
    )
}

#[cfg(test)]
mod tests {
    use crate::change::trial::mended;
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    const HASH: &str =
        "$6$saltsalt$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn hashes_fail_behind_a_lock_too_and_in_groups_and_never_show() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/shadow", format!("root:*:1:0:99999:7:::\nadmin:!{HASH}:1:0:99999:7:::\n"))
            .file("/etc/gshadow", format!("root:*::\nsudo:{HASH}::admin\n"));
        let finding = judged(&fixture.image(), "ACC-02");
        assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 2));
        let shown = format!("{finding:?}");
        assert!(shown.contains("SHA-512") && shown.contains("behind a lock") && !shown.contains("aaaa"), "{shown}");
    }

    #[test]
    fn the_fix_replaces_the_field_and_keeps_every_other_byte() {
        let fixture = Fixture::debian();
        let shadow = format!("root:*:1:0:99999:7:::\nadmin:!{HASH}:1:0:99999:7:::odd \nnobody:{HASH}:1::::::");
        fixture
            .file("/etc/passwd", "root:x:0:0::/root:/bin/bash\nadmin:x:1:1::/:/bin/sh\nnobody:x:2:2::/:/bin/sh\n")
            .file("/etc/shadow", &shadow)
            .file("/etc/group", format!("root:x:0:\nsudo:{HASH}:27:admin\n"))
            .file("/etc/gshadow", format!("root:*::\nsudo:{HASH}::admin\n"));
        let after = mended(&fixture.image(), "ACC-02");
        let read = |path: &str| after.read_text(path.as_ref()).unwrap().unwrap();
        assert_eq!(read("/etc/shadow"), shadow.replace(&format!("!{HASH}"), "!*").replace(HASH, "!*"));
        assert_eq!(read("/etc/group"), "root:x:0:\nsudo:x:27:admin\n");
        assert_eq!(read("/etc/gshadow"), "root:*::\nsudo:!::admin\n");
    }

    #[test]
    fn without_pam_the_lock_lets_keys_through() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/ssh/sshd_config", "UsePAM no\n")
            .file("/etc/shadow", format!("root:*:1:0:99999:7:::\nadmin:{HASH}:1:0:99999:7:::\n"));
        let after = mended(&fixture.image(), "ACC-02");
        let shadow = after.read_text("/etc/shadow".as_ref()).unwrap().unwrap();
        assert!(shadow.contains("\nadmin:*:1:"), "{shadow}");
    }
}
