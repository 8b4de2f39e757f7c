use super::*;
use crate::check::trial::context;
use crate::image::fixture::Fixture;

const HASH: &str = "root:*:20000:0:99999:7:::\nadmin:$6$salt$hash:20000:0:99999:7:::\n";
const KEY: &str = "ssh-ed25519 AAAAC3Nz me\n";
/// What `ssh-keygen -l` prints of the bytes in [`KEY`].
const FINGERPRINT: &str = "SHA256:aR5vv7GWTQFZPb8C8fzSCMkmK4xSoxT5dPn+9RTgx30";
const OFF: &str = "PasswordAuthentication no\nKbdInteractiveAuthentication no\n";

fn access(fixture: &Fixture, now: &str, then: &str) -> Access {
    let now = fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", now).image();
    assert!(now.sshd().is_ok() && now.accounts().is_ok());
    let now = Ways::of(&now, &context(), None);
    let then = Ways::of(&fixture.file("/etc/ssh/sshd_config", then).image(), &context(), None);
    Access { now, then, ..Access::default() }
}

/// A machine with this configuration, and what it is to become.
fn is_cut(fixture: &Fixture, now: &str, then: &str) -> bool {
    cut(&access(fixture, now, then)).is_some()
}

fn ways(fixture: &Fixture) -> Ways {
    Ways::of(&fixture.image(), &context(), None)
}

fn told(ways: &Ways) -> Vec<String> {
    ways.list.iter().map(ToString::to_string).collect()
}

#[test]
fn the_last_password_is_not_turned_off() {
    let fixture = Fixture::debian();
    fixture.file("/etc/shadow", HASH);
    assert!(is_cut(&fixture, "UsePAM yes\n", OFF));
    assert!(!is_cut(&fixture, "UsePAM yes\n", "UsePAM yes\nPasswordAuthentication no\n"), "PAM still asks for it");
    fixture.file("/home/admin/.ssh/authorized_keys", KEY);
    assert!(!is_cut(&fixture, "UsePAM yes\n", &format!("UsePAM yes\n{OFF}")));
}

#[test]
fn the_last_key_is_not_turned_off_either() {
    let fixture = Fixture::debian();
    fixture.file("/root/.ssh/authorized_keys", KEY);
    assert!(is_cut(&fixture, "UsePAM yes\n", "UsePAM yes\nPermitRootLogin no\n"));
    assert!(!is_cut(&fixture, "UsePAM yes\n", "UsePAM yes\nPermitRootLogin prohibit-password\n"));
}

/// The guard once took any program that sshd asks for keys for a way in.
#[test]
fn a_program_that_hands_out_keys_is_a_way_in_only_where_it_is_known_and_runs() {
    const EIC: &str = "/opt/aws/bin/eic_run_authorized_keys";
    let fixture = Fixture::debian();
    fixture.file("/root/.ssh/authorized_keys", KEY);
    let asks = |program: &str| {
        format!(
            "UsePAM yes\nPermitRootLogin no\nAuthorizedKeysCommand {program} %u %f\nAuthorizedKeysCommandUser daemon\n"
        )
    };
    assert!(is_cut(&fixture, "UsePAM yes\n", &asks("/usr/bin/keys")));
    assert!(is_cut(&fixture, "UsePAM yes\n", &asks(EIC)), "it is not there");
    fixture.file(EIC, "#!/bin/sh\n");
    assert!(is_cut(&fixture, "UsePAM yes\n", &asks(EIC)), "it may not be run");
    fixture.mode(EIC, 0o755);
    assert!(is_cut(&fixture, "UsePAM yes\n", &asks(EIC)), "nobody it lets in becomes root");
    fixture.file("/usr/bin/sudo", "\x7fELF").file("/etc/sudoers", "admin ALL=(ALL) NOPASSWD: ALL\n");
    assert!(!is_cut(&fixture, "UsePAM yes\n", &asks(EIC)));
    assert!(told(&ways(&fixture)).iter().any(|way| way.contains("admin by EC2 Instance Connect")));
}

#[test]
fn where_nobody_got_in_nothing_is_cut() {
    assert!(!is_cut(&Fixture::debian(), "UsePAM yes\n", OFF));
}

#[test]
fn keys_that_cannot_be_read_may_let_somebody_in() {
    let fixture = Fixture::debian();
    fixture.file("/home/admin/.ssh/authorized_keys", vec![b'x'; (16 << 20) + 1]);
    assert!(is_cut(&fixture, "UsePAM yes\n", &format!("UsePAM yes\n{OFF}PubkeyAuthentication no\n")));
    assert!(!is_cut(&fixture, "UsePAM yes\n", "UsePAM yes\nUseDNS no\n"), "no worse than before");
}

#[test]
fn keys_that_cannot_be_read_hide_nobody_else() {
    let fixture = Fixture::debian();
    fixture.file("/home/admin/.ssh/authorized_keys", vec![b'x'; (16 << 20) + 1]);
    fixture.file("/root/.ssh/authorized_keys", KEY);
    assert!(!is_cut(&fixture, "UsePAM yes\n", OFF));
    assert!(is_cut(&fixture, "UsePAM yes\n", &format!("UsePAM yes\n{OFF}PubkeyAuthentication no\n")));
}

/// Somebody who works on the machine.
fn session(user: &str, door: Door) -> Session {
    Session { user: user.to_owned(), tty: None, door, leader: 1, started: 1, is_own: true }
}

fn by_key(user: &str) -> Session {
    session(user, Door::Ssh { from: None, key: Some(FINGERPRINT.to_owned()) })
}

/// An image with sudo for `admin` by `rule`, who has a key.
fn with_sudo(rule: &str) -> Fixture {
    let fixture = Fixture::debian();
    fixture
        .openssh("9.2p1")
        .file("/etc/ssh/sshd_config", "UsePAM yes\n")
        .file("/usr/bin/sudo", "\x7fELF")
        .file("/etc/sudoers", rule)
        .file("/home/admin/.ssh/authorized_keys", KEY);
    fixture
}

/// Why the change of `fixture` that `change` makes is refused to somebody who came in by `session`.
fn refusal(fixture: &Fixture, session: Option<&Session>, change: impl FnOnce(&Fixture)) -> Option<String> {
    let before = fixture.image();
    assert!(before.units().is_ok());
    let access = Access::with_session(&before, session, &context());
    change(fixture);
    access.with(&before, &fixture.image(), &context()).err()
}

#[test]
fn the_publishers_own_way_is_named_with_its_key_file_and_rights() {
    let fixture = with_sudo("admin ALL=(ALL) NOPASSWD: ALL\n");
    let access = Access::with_session(&fixture.image(), Some(&by_key("admin")), &context());
    let line = &access.lines(Mode::Live)[0];
    assert_eq!(
        *line,
        format!(
            "You came in as admin by SSH key {FINGERPRINT} (/home/admin/.ssh/authorized_keys), becomes root with sudo, unasked."
        )
    );
}

#[test]
fn sudo_that_asks_for_the_password_that_goes_is_refused() {
    let fixture = with_sudo("%sudo ALL=(ALL:ALL) ALL\n");
    fixture.file("/etc/shadow", HASH);
    let lock = |fixture: &Fixture| {
        fixture.file("/etc/shadow", HASH.replace("$6$salt$hash", "!*"));
    };
    for session in [None, Some(by_key("admin"))] {
        fixture.file("/etc/shadow", HASH);
        let reason = refusal(&fixture, session.as_ref(), lock).unwrap();
        assert!(reason.contains("sudo asks for a password, and there is none"), "{reason}");
    }
    let free = with_sudo("%sudo ALL=(ALL:ALL) NOPASSWD: ALL\n");
    free.file("/etc/shadow", HASH);
    assert_eq!(refusal(&free, Some(&by_key("admin")), lock), None);
}

#[test]
fn lists_rules_and_accounts_that_keep_the_publisher_out_are_refused() {
    let free = "admin ALL=(ALL) NOPASSWD: ALL\n";
    let configured = |text: &'static str| {
        move |fixture: &Fixture| {
            fixture.file("/etc/ssh/sshd_config", text);
        }
    };
    for (text, said) in [
        ("UsePAM yes\nAllowUsers bob\n", "AllowUsers does not name admin"),
        ("UsePAM yes\nDenyUsers a*\n", "DenyUsers names admin"),
        ("UsePAM yes\nAllowGroups wheel\n", "AllowGroups names no group of admin"),
        ("UsePAM yes\nDenyGroups sudo\n", "DenyGroups names a group of admin"),
        ("UsePAM yes\nMatch User admin\nAuthenticationMethods publickey,password\n", "admin, as whom you came in"),
        ("UsePAM yes\nPubkeyAuthentication no\n", "admin, as whom you came in"),
    ] {
        let reason = refusal(&with_sudo(free), Some(&by_key("admin")), configured(text)).unwrap_or_default();
        assert!(reason.contains(said), "{text}: {reason}");
    }
    let gone = |fixture: &Fixture| {
        fixture.file("/etc/passwd", "root:x:0:0::/root:/bin/bash\n");
    };
    assert!(refusal(&with_sudo(free), Some(&by_key("admin")), gone).unwrap().contains("admin, as whom you came in"));
    let fixture = with_sudo(free);
    let unit = |name: &str| {
        let path = format!("/usr/lib/systemd/system/{name}");
        fixture.file(&path, "[Install]\nWantedBy=multi-user.target\n");
        fixture.link(&format!("/etc/systemd/system/multi-user.target.wants/{name}"), &path);
    };
    unit("ssh.service");
    unit("iptables.service");
    let rule = |fixture: &Fixture| {
        fixture.file("/etc/sysconfig/iptables", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n");
    };
    let reason = refusal(&fixture, Some(&by_key("admin")), rule).unwrap();
    assert!(reason.contains("admin, as whom you came in"), "{reason}");
}

#[test]
fn another_account_with_the_same_key_will_do() {
    let fixture = with_sudo("admin ALL=(ALL) NOPASSWD: ALL\n");
    fixture.file("/root/.ssh/authorized_keys", KEY);
    let no_root = |fixture: &Fixture| {
        fixture.file("/etc/ssh/sshd_config", "UsePAM yes\nPermitRootLogin no\n");
    };
    assert_eq!(refusal(&fixture, Some(&by_key("root")), no_root), None);
    let fixture = with_sudo("admin ALL=(ALL) NOPASSWD: ALL\n");
    fixture.file("/root/.ssh/authorized_keys", "ssh-ed25519 AAAAB3Nz other\n");
    let session = session("root", Door::Ssh { from: None, key: None });
    let reason = refusal(&fixture, Some(&session), no_root).unwrap();
    assert!(reason.contains("Log in as admin first"), "{reason}");
}

#[test]
fn session_manager_is_proof_for_whoever_came_by_it() {
    let fixture = with_sudo("admin ALL=(ALL) NOPASSWD: ALL\n");
    let path = "/usr/lib/systemd/system/amazon-ssm-agent.service";
    fixture.file(path, "[Install]\nWantedBy=multi-user.target\n");
    fixture.link("/etc/systemd/system/multi-user.target.wants/amazon-ssm-agent.service", path);
    let remove = |fixture: &Fixture| {
        fixture.remove("/home/admin/.ssh/authorized_keys");
    };
    let by_agent = session("ssm-user", Door::SessionManager);
    assert_eq!(refusal(&fixture, Some(&by_agent), remove), None);
    fixture.file("/home/admin/.ssh/authorized_keys", KEY);
    let reason = refusal(&fixture, None, remove).unwrap();
    assert!(reason.contains("Nobody could log in any more"), "{reason}");
}

#[test]
fn keys_that_run_a_command_or_come_from_elsewhere_give_no_shell() {
    let told = "command=\"echo 'Please login as ssh-rsa \\\"admin\\\"'\",no-pty ";
    for (line, count) in [
        (KEY.to_owned(), 1),
        (format!("no-pty {KEY}"), 1),
        (format!("{told}{KEY}"), 0),
        (format!("from=\"10.0.0.0/8\" {KEY}"), 0),
        (format!("from=\"203.0.113.0/24\" {KEY}"), 1),
        (format!("# {KEY}"), 0),
        ("ssh-ed25519 not-base64! me\n".to_owned(), 0),
    ] {
        let fixture = with_sudo("");
        fixture.file("/home/admin/.ssh/authorized_keys", &line);
        assert_eq!(ways(&fixture).list.len(), count, "{line}");
    }
}

/// What plans are made of that could cut a way in.
const GUIDELINES: [&str; 12] = [
    "SSH-01", "SSH-02", "SSH-03", "SSH-04", "SSH-09", "SSH-14", "ACC-01", "ACC-02", "ACC-03", "ACC-08", "ACC-12",
    "KEY-03",
];

/// Lines of a configuration that decide who gets in.
const LINES: [&str; 9] = [
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin yes",
    "PermitRootLogin no",
    "PubkeyAuthentication no",
    "AllowUsers root",
    "AllowUsers admin",
    "AuthorizedKeysCommand /opt/keys\nAuthorizedKeysCommandUser daemon",
    "AuthenticationMethods publickey,password password",
];

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 48, ..Default::default() })]

    /// However a running machine is set up, and whatever is chosen.
    #[test]
    fn no_plan_for_a_running_machine_leaves_nobody(
        lines in proptest::sample::subsequence(LINES.to_vec(), 0..=4),
        chosen in proptest::sample::subsequence(GUIDELINES.to_vec(), 1..=6),
        passwords in (0..3usize, 0..3usize),
        keys in (proptest::bool::ANY, proptest::bool::ANY),
        sudo in 0..3usize,
    ) {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").cloud_init("admin").dhcp();
        fixture.file("/etc/ssh/sshd_config", format!("UsePAM yes\n{}\n", lines.join("\n")));
        let field = |kind: usize| ["!*", "$6$salt$hash", ""][kind];
        let (root, admin) = (field(passwords.0), field(passwords.1));
        fixture.file("/etc/shadow", format!("root:{root}:20000:0:99999:7:::\nadmin:{admin}:20000:0:99999:7:::\n"));
        for (home, has_key) in [("/root", keys.0), ("/home/admin", keys.1)] {
            if has_key {
                fixture.file(&format!("{home}/.ssh/authorized_keys"), KEY);
            }
        }
        fixture.file("/etc/sudoers", ["", "%sudo ALL=(ALL) ALL\n", "%sudo ALL=(ALL) NOPASSWD: ALL\n"][sudo]);
        let image = fixture.image().taken_for_live();
        let mut catalogue = crate::catalogue::Catalogue::built_in().unwrap();
        catalogue.guidelines.retain(|guideline| {
            GUIDELINES.contains(&guideline.id.as_str()) || ["KEY-06", "ACC-07", "BOT-02", "SSH-07"].contains(&guideline.id.as_str())
        });
        let findings = crate::check::judge_all(&image, &catalogue, &context());
        let chosen: Vec<String> = chosen.into_iter().map(str::to_owned).collect();
        let plan = crate::change::plan(&image, &catalogue, &findings, &context(), &chosen);
        let (now, then) = (Ways::of(&image, &context(), None), Ways::of(&image.drafted(plan.overlay), &context(), None));
        let rooted = |ways: &Ways| ways.sure().any(|way| way.root.is_sure());
        proptest::prop_assert!(now.sure().next().is_none() || then.sure().next().is_some(), "{:?}", plan.steps);
        proptest::prop_assert!(!rooted(&now) || rooted(&then), "{:?}", plan.steps);
        proptest::prop_assert!(now.list.is_empty() || !then.list.is_empty() || !then.unclear.is_empty(), "{:?}", plan.steps);
    }
}
