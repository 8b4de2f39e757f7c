//! SSH-14: nothing of the seller's decides whom the SSH server lets in: no certificate authority, no program that hands
//! out keys, no PAM module that asks elsewhere.

use std::path::Path;

use crate::check::kinds::sshd::{at, everybody, refused};
use crate::check::pam::Pam;
use crate::check::{Finding, Observation, Status};
use crate::image::sshd::{Effective, Origin, Setting};
use crate::image::text::visible;
use crate::image::{Error, Image};

/// The keywords, with the value that trusts nobody (`sshd_config(5)`).
const KEYWORDS: [(&str, &str); 5] = [
    ("trustedusercakeys", "none"),
    ("authorizedkeyscommand", "none"),
    ("authorizedprincipalsfile", "none"),
    ("authorizedprincipalscommand", "none"),
    ("permituserenvironment", "no"),
];

/// Programs that hand out no key of the seller's: EC2 Instance Connect asks the instance's own AWS account, sssd the
/// directory it was joined to, userdbctl the image's user records (KEY-03 looks into those).
const PROGRAMS: [&str; 6] = [
    "/opt/aws/bin/eic_run_authorized_keys",
    "/usr/share/ec2-instance-connect/eic_run_authorized_keys",
    "/usr/lib/ec2-instance-connect/eic_run_authorized_keys",
    "/usr/bin/sss_ssh_authorizedkeys",
    "/usr/bin/userdbctl",
    "/bin/userdbctl",
];

/// PAM modules that run a program or ask another machine whether to let somebody in.
const MODULES: [&str; 9] = [
    "pam_exec.so",
    "pam_script.so",
    "pam_python.so",
    "pam_python3.so",
    "pam_url.so",
    "pam_ldap.so",
    "pam_radius_auth.so",
    "pam_tacplus.so",
    "pam_duo.so",
];

pub(crate) fn check(image: &Image) -> Result<Finding, Error> {
    let mut seen = of_sshd(image)?;
    let pam = Pam::read(image)?;
    seen.extend(pam.rules.iter().filter(|rule| rule.kind == "auth" && MODULES.contains(&rule.module.as_str())).map(
        |rule| {
            Observation::at(&rule.path).line(rule.line).text(format!("{} decides who gets in", visible(&rule.module)))
        },
    ));
    if !seen.is_empty() {
        let fail = "Somebody else than the buyer decides who may log in.";
        return Ok(Finding::new(Status::Fail, fail).seen(seen));
    }
    if let Some(unclear) = pam.unclear() {
        return Ok(unclear);
    }
    if let Some(refused) = refused(image.sshd()?, "so whom it trusts is not known") {
        return Ok(refused);
    }
    Ok(Finding::new(Status::Pass, "No authority or program of the seller's decides who may log in."))
}

/// The lines that make a program of somebody's hand out keys, each as `AuthorizedKeysCommand (FILE:LINE)`.
pub(super) fn programs(image: &Image) -> Result<Vec<String>, Error> {
    const KEYWORD: &str = "authorizedkeyscommand";
    let sshd = image.sshd()?;
    let effective = sshd.effective(None);
    let server = effective.get(KEYWORD).into_iter().flat_map(|setting| &setting.origins);
    let blocks = sshd.matches.iter().flat_map(|block| &block.sets).filter(|(name, _)| name == KEYWORD);
    let mut named = Vec::new();
    for origin in server.chain(blocks.map(|(_, origin)| origin)) {
        if trusts(image, KEYWORD, &words(origin))? {
            let place = crate::image::text::path(&origin.path);
            named.push(format!("{} ({place}:{})", crate::image::sshd::usual_name(KEYWORD), origin.line));
        }
    }
    named.dedup();
    Ok(named)
}

/// Every setting that trusts somebody: the server's, each connection's, and those of blocks that none of them meets.
fn of_sshd(image: &Image) -> Result<Vec<Observation>, Error> {
    let sshd = image.sshd()?;
    let mut seen: Vec<Observation> = Vec::new();
    if sshd.main.is_none() {
        return Ok(seen);
    }
    let mut add = |observation: Observation| {
        if !seen.contains(&observation) {
            seen.push(observation);
        }
    };
    for connection in everybody(image)? {
        for setting in trusting(image, &sshd.effective(connection.as_ref()))? {
            if setting.origins.is_empty() {
                add(Observation::fact(format!("{} is on by default", setting.keyword)));
            }
            setting.origins.iter().for_each(|origin| add(at(origin)));
        }
    }
    for (keyword, origin) in sshd.matches.iter().flat_map(|block| &block.sets) {
        if trusts(image, keyword, &words(origin))? {
            add(at(origin));
        }
    }
    Ok(seen)
}

/// The settings of `effective` that trust somebody else than the buyer.
fn trusting(image: &Image, effective: &Effective) -> Result<Vec<Setting>, Error> {
    let mut found = Vec::new();
    for (keyword, _) in KEYWORDS {
        let words: Vec<String> = effective.value(keyword).split_whitespace().map(str::to_owned).collect();
        if trusts(image, keyword, &words)? {
            found.extend(effective.get(keyword).cloned());
        }
    }
    Ok(found)
}

/// Whether `keyword` with this value trusts somebody else than the buyer.
fn trusts(image: &Image, keyword: &str, value: &[String]) -> Result<bool, Error> {
    let nobody = KEYWORDS.iter().find(|(name, _)| *name == keyword).map(|(_, nobody)| nobody);
    let (Some(nobody), Some(first)) = (nobody, value.first()) else { return Ok(false) };
    if first.eq_ignore_ascii_case(nobody) {
        return Ok(false);
    }
    if keyword != "authorizedkeyscommand" || !PROGRAMS.contains(&first.as_str()) {
        return Ok(true);
    }
    // Where anybody may put another program there, its name says nothing.
    Ok(image.stat(Path::new(first))?.is_some_and(|meta| meta.mode & 0o022 != 0))
}

/// The words behind the keyword of a line.
fn words(origin: &Origin) -> Vec<String> {
    let words = origin.text.split([' ', '\t', '=', '"', '\'']).filter(|word| !word.is_empty());
    words.skip(1).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use crate::change::Remedy;
    use crate::change::trial::{mended, remedy_of};
    use crate::check::trial::judged;
    use crate::check::{Finding, Status};
    use crate::image::fixture::Fixture;

    fn with(config: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").cloud_init("admin").file("/etc/ssh/sshd_config", config);
        fixture
    }

    fn judge(config: &str) -> Finding {
        judged(&with(config).image(), "SSH-14")
    }

    #[test]
    fn nothing_and_what_asks_the_buyers_own_account_pass() {
        for config in [
            "",
            "TrustedUserCAKeys none\nPermitUserEnvironment no\n",
            "AuthorizedKeysCommand /opt/aws/bin/eic_run_authorized_keys %u %f\nAuthorizedKeysCommandUser ec2-instance-connect\n",
            "AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys\nAuthorizedKeysCommandUser nobody\n",
            "AuthorizedKeysCommand none\nMatch User x\nAuthorizedKeysCommand none\n",
        ] {
            assert_eq!(judge(config).status, Status::Pass, "{config}");
        }
        assert_eq!(judged(&Fixture::debian().image(), "SSH-14").status, Status::Pass);
    }

    #[test]
    fn every_anchor_fails_with_its_line_and_goes() {
        for line in [
            "TrustedUserCAKeys /etc/ssh/ca.pub",
            "AuthorizedKeysCommand /usr/local/bin/keys %u\nAuthorizedKeysCommandUser nobody",
            "AuthorizedPrincipalsFile /etc/ssh/principals/%u",
            "PermitUserEnvironment LANG,LC_*",
        ] {
            let fixture = with(&format!("UsePAM yes\n{line}\n"));
            let finding = judged(&fixture.image(), "SSH-14");
            assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(2)), "{line}: {finding:?}");
            mended(&fixture.image(), "SSH-14");
        }
    }

    #[test]
    fn anchors_in_blocks_and_behind_others_are_found_and_go() {
        let fixture = with(
            "TrustedUserCAKeys /a\nTrustedUserCAKeys /b\nMatch Group nobody-yet\n  AuthorizedKeysCommand=/opt/keys %u\n  \
             AuthorizedKeysCommandUser nobody\nMatch Address 10.0.0.0/8\n  TrustedUserCAKeys /c\n",
        );
        let finding = judged(&fixture.image(), "SSH-14");
        let lines: Vec<_> = finding.observations.iter().filter_map(|seen| seen.line).collect();
        assert_eq!((finding.status, lines.as_slice()), (Status::Fail, &[1, 7, 4][..]), "{finding:?}");
        let after = mended(&fixture.image(), "SSH-14");
        let text = after.read_text("/etc/ssh/sshd_config".as_ref()).unwrap().unwrap();
        let want = "Match Group nobody-yet\n  AuthorizedKeysCommandUser nobody\nMatch Address 10.0.0.0/8\n";
        assert_eq!(text, want);
    }

    #[test]
    fn a_known_program_that_anybody_may_write_is_not_trusted() {
        let fixture =
            with("AuthorizedKeysCommand /opt/aws/bin/eic_run_authorized_keys %u\nAuthorizedKeysCommandUser x\n");
        fixture
            .file("/opt/aws/bin/eic_run_authorized_keys", "#!/bin/sh\n")
            .mode("/opt/aws/bin/eic_run_authorized_keys", 0o777);
        assert_eq!(judged(&fixture.image(), "SSH-14").status, Status::Fail);
    }

    #[test]
    fn modules_that_ask_elsewhere_fail_and_are_a_persons_to_take_out() {
        let fixture = with("UsePAM yes\n");
        fixture.file("/etc/pam.d/sshd", "session optional pam_exec.so /bin/true\n");
        assert_eq!(judged(&fixture.image(), "SSH-14").status, Status::Pass);
        fixture.file("/etc/pam.d/sshd", "auth sufficient pam_exec.so /opt/ask\n");
        assert_eq!(judged(&fixture.image(), "SSH-14").status, Status::Fail);
        assert!(matches!(remedy_of(&fixture.image(), "SSH-14"), Some(Remedy::ByHand(_))));
    }

    #[test]
    fn a_pam_file_that_is_none_is_unknown_with_its_line() {
        let fixture = with("");
        fixture.file("/etc/pam.d/sshd", "# x\nnonsense\n");
        let finding = judged(&fixture.image(), "SSH-14");
        assert_eq!((finding.status, finding.observations[0].line), (Status::Unknown, Some(2)), "{finding:?}");
    }
}
