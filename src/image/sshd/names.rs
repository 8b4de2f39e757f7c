//! How keywords are usually written, for whoever writes or speaks of them; sshd itself does not mind their case.

/// The usual spelling of the keywords that guidelines are about, as in `sshd_config(5)`.
const NAMES: &[&str] = &[
    "AllowAgentForwarding",
    "AllowTcpForwarding",
    "ChallengeResponseAuthentication",
    "ClientAliveInterval",
    "GSSAPIAuthentication",
    "HostbasedAuthentication",
    "IgnoreRhosts",
    "KbdInteractiveAuthentication",
    "LogLevel",
    "LoginGraceTime",
    "MaxAuthTries",
    "PasswordAuthentication",
    "PermitEmptyPasswords",
    "PermitRootLogin",
    "PermitUserEnvironment",
    "PubkeyAuthentication",
    "StrictModes",
    "UseDNS",
    "UsePAM",
    "X11Forwarding",
];

/// `keyword` (in any case) in its usual spelling; one that no guideline is about stays as it is.
pub fn usual_name(keyword: &str) -> &str {
    NAMES.iter().find(|name| name.eq_ignore_ascii_case(keyword)).map_or(keyword, |name| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_stays_as_it_is() {
        assert_eq!(usual_name("permitrootlogin"), "PermitRootLogin");
        assert_eq!(usual_name("nosuchkeyword"), "nosuchkeyword");
    }
}
