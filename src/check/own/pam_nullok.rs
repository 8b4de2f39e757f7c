//! ACC-12: PAM does not take an empty password for one.
//!
//! Only `auth` lines count: on a `password` line the same word lets an empty password be changed. Debian's
//! `nullok_secure` does what `nullok` does, but on secure terminals only; releases that know no such terminals any more
//! take it for `nullok`.

use crate::check::pam::{Pam, Rule};
use crate::check::{Finding, Observation, Status};
use crate::image::text::visible;
use crate::image::{Error, Image};

/// The words that let an empty password in.
pub(crate) const WORDS: [&str; 2] = ["nullok", "nullok_secure"];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let pam = Pam::read(image)?;
    if pam.rules.is_empty() && pam.odd.is_empty() {
        return Ok(Finding::new(Status::NotApplicable, "PAM is not configured on this image."));
    }
    let seen: Vec<_> = rules(&pam)
        .map(|rule| Observation::at(&rule.path).line(rule.line).text(format!("{} with nullok", visible(&rule.module))))
        .collect();
    if !seen.is_empty() {
        let fail = "PAM lets an account without a password in.";
        return Ok(Finding::new(Status::Fail, fail).seen(seen));
    }
    Ok(pam.unclear().unwrap_or_else(|| Finding::new(Status::Pass, "PAM lets no account in without a password.")))
}

/// The rules with such a word.
pub(crate) fn rules(pam: &Pam) -> impl Iterator<Item = &Rule> {
    let has_word = |rule: &&Rule| rule.arguments.iter().any(|word| WORDS.contains(&word.as_str()));
    pam.rules.iter().filter(|rule| rule.kind == "auth" && rule.module.starts_with("pam_unix")).filter(has_word)
}

#[cfg(test)]
mod tests {
    use crate::change::Remedy;
    use crate::change::trial::{mended, remedy_of};
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn with(text: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.file("/etc/pam.d/common-auth", text);
        fixture
    }

    #[test]
    fn the_word_on_an_auth_line_fails_and_only_it_goes() {
        let text = "# nullok\nauth\t[success=1 default=ignore]\tpam_unix.so  nullok try_first_pass # nullok\n\
                    auth\trequisite\t\t\tpam_deny.so\npassword sufficient pam_unix.so nullok\n";
        let fixture = with(text);
        let finding = judged(&fixture.image(), "ACC-12");
        assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(2)));
        let after = mended(&fixture.image(), "ACC-12");
        let want = text.replacen("pam_unix.so  nullok try", "pam_unix.so try", 1);
        assert_eq!(after.read_text("/etc/pam.d/common-auth".as_ref()).unwrap().unwrap(), want);
    }

    #[test]
    fn the_word_at_the_end_of_a_line_goes_and_its_line_stays_whole() {
        let fixture = with("auth [success=1 default=ignore] pam_unix.so nullok_secure\nauth required pam_permit.so\n");
        let after = mended(&fixture.image(), "ACC-12");
        let text = after.read_text("/etc/pam.d/common-auth".as_ref()).unwrap().unwrap();
        assert_eq!(text, "auth [success=1 default=ignore] pam_unix.so\nauth required pam_permit.so\n");
    }

    #[test]
    fn without_the_word_it_passes_and_without_pam_it_does_not_apply() {
        assert_eq!(judged(&with("auth required pam_unix.so\n").image(), "ACC-12").status, Status::Pass);
        assert_eq!(judged(&Fixture::debian().image(), "ACC-12").status, Status::NotApplicable);
        assert_eq!(judged(&with("auth required\n").image(), "ACC-12").status, Status::Unknown);
    }

    #[test]
    fn files_that_authselect_writes_are_left_to_it() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/authselect/system-auth", "auth sufficient pam_unix.so nullok\n")
            .link("/etc/pam.d/system-auth", "/etc/authselect/system-auth");
        assert_eq!(judged(&fixture.image(), "ACC-12").status, Status::Fail);
        let remedy = remedy_of(&fixture.image(), "ACC-12");
        assert!(matches!(&remedy, Some(Remedy::ByHand(why)) if why.contains("authselect")), "{remedy:?}");
    }
}
