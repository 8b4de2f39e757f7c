use std::collections::BTreeMap;
use std::ffi::OsString;

use super::people::{People, Person};
use super::release::Family;
use super::source::Source;
use super::*;

/// A few files in memory.
#[derive(Default)]
struct Files(BTreeMap<PathBuf, Option<Vec<u8>>>);

impl Files {
    fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| (path.into(), Some(text.as_bytes().to_vec()))).collect())
    }
}

impl Source for Files {
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.get(path).cloned().flatten())
    }

    fn list(&self, path: &Path) -> Result<Vec<OsString>, Error> {
        let below = self.0.keys().filter_map(|file| file.strip_prefix(path).ok());
        let mut names: Vec<OsString> =
            below.filter_map(|rest| rest.iter().next()).map(std::ffi::OsStr::to_os_string).collect();
        names.dedup();
        Ok(names)
    }

    fn exists(&self, path: &Path) -> Result<bool, Error> {
        Ok(self.0.keys().any(|file| file.starts_with(path)))
    }
}

fn work_out(source: &Files, version: (u32, u32)) -> Sshd {
    let person = |uid, home: &str, groups: &[&str]| Person {
        uid,
        home: home.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    };
    let people = People {
        by_name: BTreeMap::from([
            ("root".to_owned(), person(0, "/root", &["root"])),
            ("admin".to_owned(), person(1000, "/home/admin", &["admin", "sudo"])),
        ]),
        root_home: Some("/root".to_owned()),
    };
    Sshd::work_out(Given {
        source,
        main: Some(MAIN.into()),
        version: Some(version),
        family: Family::Debian,
        people,
        services: "ssh\t22/tcp\nalt 2200/udp\nalt 2222/tcp other # comment\n".to_owned(),
        command_line: server::CommandLine::default(),
    })
    .unwrap()
}

fn sshd(main: &str) -> Sshd {
    work_out(&Files::of(&[(MAIN, main)]), (9, 2))
}

fn value(main: &str, keyword: &str) -> String {
    sshd(main).effective(None).value(keyword).to_owned()
}

fn fatal(main: &str) -> String {
    let sshd = sshd(main);
    sshd.problems.iter().find(|problem| problem.fatal).map(|problem| problem.message.clone()).unwrap_or_default()
}

fn root_from(addr: &str) -> Connection {
    Connection {
        user: "root".to_owned(),
        host: "client.example.com".to_owned(),
        addr: addr.to_owned(),
        laddr: "10.0.0.1".to_owned(),
        lport: 22,
    }
}

#[test]
fn the_first_value_wins_and_its_line_is_named() {
    let sshd = sshd("Port 22\n\nPermitRootLogin no # first\nPermitRootLogin yes\n");
    let effective = sshd.effective(None);
    let setting = effective.get("permitrootlogin").unwrap();
    assert_eq!(setting.values, ["no"]);
    let origin = Origin { path: MAIN.into(), line: 3, text: "PermitRootLogin no # first".to_owned() };
    assert_eq!(setting.origins, [origin]);
    assert!(!setting.in_match);
    assert_eq!(effective.get("passwordauthentication").unwrap().origins, []);
}

#[test]
fn the_new_lexer_knows_quotes_escapes_and_comments() {
    assert_eq!(value("banner \"/a b\" # c\n", "banner"), "/a b");
    assert_eq!(value("Banner /a#b\n", "banner"), "/a#b");
    assert_eq!(value("Banner '/a\\'b'\\ c\n", "banner"), "/a'b c");
    assert_eq!(value("Banner=/a\n", "banner"), "/a");
    assert_eq!(value("\"Banner\" /a\r\n", "banner"), "/a");
    assert_eq!(value("  Banner   = \t /a \x0c\n", "banner"), "/a");
    assert_eq!(value("ForceCommand /x # y \"z\n", "forcecommand"), "/x # y \"z");
    assert_eq!(value("ForceCommand /x # y 'z'\n", "forcecommand"), "/x # y 'z'");
}

#[test]
fn the_old_lexer_cuts_at_any_hash() {
    let old = |main: &str| work_out(&Files::of(&[(MAIN, main)]), (8, 4)).effective(None).value("banner").to_owned();
    assert_eq!(old("Banner /a#b\n"), "/a");
    assert_eq!(old("Banner \"/a b\"\n"), "/a b");
    assert_eq!(old("Banner = /a=b\n"), "none");
    let sshd = work_out(&Files::of(&[(MAIN, "Banner = /a=b\n")]), (8, 4));
    assert!(sshd.is_refused());
}

#[test]
fn a_byte_order_mark_is_a_bad_keyword() {
    assert!(fatal("\u{feff}PermitRootLogin no\n").contains("not a keyword"));
}

#[test]
fn a_nul_joins_the_line_to_the_next() {
    let sshd = sshd("Banner /a\0 ignored\n/b\nPermitRootLogin no\n");
    assert_eq!(sshd.effective(None).value("banner"), "/a/b");
    let effective = sshd.effective(None);
    assert_eq!(effective.get("permitrootlogin").unwrap().origins[0].line, 3);
}

#[test]
fn no_final_newline_and_carriage_returns_are_fine() {
    let sshd = sshd("PermitRootLogin no\r\nMatch User root\r\n  PermitRootLogin yes");
    assert!(!sshd.is_refused());
    assert_eq!(sshd.effective(None).value("permitrootlogin"), "no");
    assert_eq!(sshd.effective(Some(&root_from("10.0.0.5"))).value("permitrootlogin"), "yes");
}

#[test]
fn what_sshd_refuses_is_a_fatal_problem_with_its_line() {
    for (main, part) in [
        ("PermitRotLogin no\n", "not a keyword"),
        ("PermitRootLogin maybe\n", "unsupported value \"maybe\""),
        ("PermitRootLogin\n", "no argument"),
        ("PermitRootLogin no yes\n", "extra words"),
        ("Banner \"open\n", "never closed"),
        ("Match User root\nPort 22\n", "not allowed within a Match block"),
        ("Match exec /bin/true\n", "unknown criterion"),
        ("Match all user x\n", "combines"),
        ("Match\n", "no argument"),
        ("Match Address 10.0.0.1/8\n", "invalid address"),
        ("Subsystem a b\nSubsystem a c\n", "second time"),
        ("AuthorizedKeysCommand /x\n", "without authorizedkeyscommanduser"),
        ("AuthenticationMethods password\nPasswordAuthentication no\n", "cannot be satisfied"),
        ("ListenAddress ::1\nAddressFamily inet\n", "address family"),
        ("Ciphers nope\n", "unsupported value"),
        ("RDomain x\n", "not supported on Linux"),
        ("AuthorizedKeysFile ~nobody/x\n", "does not exist"),
    ] {
        let message = fatal(main);
        assert!(message.contains(part), "{main:?}: {message:?}");
    }
    let line = sshd("\n\nPort x\n").problems[0].origin.line;
    assert_eq!(line, 3);
}

#[test]
fn a_file_that_is_no_configuration_is_not_quoted() {
    for line in ["root:$6$salt$hunter22:1:0:99999:7:::", "b3BlbnNzaC1rZXktdjEAhunter22", "0 hunter22"] {
        let sshd = sshd(&format!("{line}\n"));
        assert!(sshd.is_refused());
        assert!(!format!("{:?}", sshd.problems).contains("hunter22"), "{:?}", sshd.problems);
    }
    assert!(fatal("PermitRotLogin hunter22\n").starts_with("PermitRotLogin "));
}

#[test]
fn what_no_file_tells_is_a_problem_that_is_not_fatal() {
    let sshd = sshd("ListenAddress example.com\n");
    assert!(!sshd.is_refused());
    assert!(sshd.problems[0].message.contains("name service"));
}

#[test]
fn includes_count_at_their_place_in_byte_order() {
    let source = Files::of(&[
        (MAIN, "Include sshd_config.d/*.conf\nPermitRootLogin yes\nX11Forwarding yes\n"),
        ("/etc/ssh/sshd_config.d/9.conf", "PermitRootLogin no\n"),
        ("/etc/ssh/sshd_config.d/10.conf", "PermitRootLogin forced-commands-only\n"),
        ("/etc/ssh/sshd_config.d/.00.conf", "X11Forwarding no\n"),
        ("/etc/ssh/sshd_config.d/00.CONF", "X11Forwarding no\n"),
    ]);
    let sshd = work_out(&source, (9, 2));
    let effective = sshd.effective(None);
    assert_eq!(effective.value("permitrootlogin"), "forced-commands-only");
    assert_eq!(effective.value("x11forwarding"), "yes");
    assert_eq!(sshd.files().count(), 3);
}

#[test]
fn include_is_no_keyword_before_it_was_invented() {
    let source = Files::of(&[(MAIN, "Include x\n")]);
    assert!(work_out(&source, (7, 4)).is_refused());
    assert!(!work_out(&source, (8, 2)).is_refused());
}

#[test]
fn an_included_file_that_cannot_be_opened_stops_sshd() {
    let mut source = Files::of(&[(MAIN, "Include /etc/ssh/x.conf\n")]);
    assert!(!work_out(&source, (9, 2)).is_refused());
    source.0.insert("/etc/ssh/x.conf".into(), None);
    assert!(work_out(&source, (9, 2)).is_refused());
}

#[test]
fn files_that_include_each_other_end() {
    let itself = Files::of(&[(MAIN, "Include sshd_config\n")]);
    assert!(work_out(&itself, (9, 2)).problems[0].message.contains("more than 16 deep"));
    // Sixteen levels, each of which reads the next ten times: without a bound, 10¹⁶ files.
    let names: Vec<String> = (0..16).map(|level| format!("/etc/ssh/l{level}")).collect();
    let texts: Vec<String> = (0..16).map(|level| format!("Include l{}\n", level + 1).repeat(10)).collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    files.push((MAIN, "Include l0\n"));
    let sshd = work_out(&Files::of(&files), (9, 2));
    assert!(sshd.is_refused());
}

#[test]
fn match_state_does_not_leak_out_of_an_included_file() {
    let source = Files::of(&[
        (MAIN, "Include a.conf\nPort 2222\nPasswordAuthentication no\n"),
        ("/etc/ssh/a.conf", "Match User root\nPasswordAuthentication yes\n"),
    ]);
    let sshd = work_out(&source, (9, 2));
    assert!(!sshd.is_refused());
    assert_eq!(sshd.effective(None).value("passwordauthentication"), "no");
    assert_eq!(sshd.effective(Some(&root_from("1.2.3.4"))).value("passwordauthentication"), "yes");
    assert_eq!(sshd.matches.len(), 1);
    assert_eq!(sshd.matches[0].sets.len(), 1);
}

#[test]
fn match_values_replace_the_servers() {
    let main = "PasswordAuthentication no\nAllowUsers a b\nMatch Address 10.0.0.0/8,!10.0.0.9 User root\n\
                PasswordAuthentication yes\nAllowUsers c\n";
    let sshd = sshd(main);
    let inside = sshd.effective(Some(&root_from("10.0.0.5")));
    assert_eq!(inside.value("passwordauthentication"), "yes");
    assert!(inside.get("passwordauthentication").unwrap().in_match);
    assert_eq!(inside.get("allowusers").unwrap().values, ["c"]);
    assert_eq!(sshd.effective(Some(&root_from("10.0.0.9"))).value("passwordauthentication"), "no");
    assert_eq!(sshd.matches[0].criteria[0], ("address".to_owned(), "10.0.0.0/8,!10.0.0.9".to_owned()));
}

#[test]
fn match_all_counts_for_the_server_and_ends_a_block() {
    let sshd = sshd("PasswordAuthentication yes\nMatch User x\nMatch all\nPort 2222\nPasswordAuthentication no\n");
    let effective = sshd.effective(None);
    assert_eq!(effective.value("passwordauthentication"), "no");
    assert_eq!(effective.value("port"), "2222");
    assert!(!sshd.is_refused());
}

#[test]
fn groups_are_those_of_the_group_file() {
    let sshd = sshd("Match Group sudo\nX11Forwarding yes\n");
    let as_user = |user: &str| Connection { user: user.to_owned(), ..root_from("10.0.0.5") };
    assert_eq!(sshd.effective(Some(&as_user("admin"))).value("x11forwarding"), "yes");
    assert_eq!(sshd.effective(Some(&as_user("root"))).value("x11forwarding"), "no");
    assert_eq!(sshd.effective(Some(&as_user("stranger"))).value("x11forwarding"), "no");
}

#[test]
fn before_8_7_challenge_response_decides() {
    let old = |main: &str| {
        work_out(&Files::of(&[(MAIN, main)]), (8, 4)).effective(None).value("kbdinteractiveauthentication").to_owned()
    };
    assert_eq!(old("KbdInteractiveAuthentication no\n"), "yes");
    assert_eq!(old("ChallengeResponseAuthentication no\n"), "no");
    assert_eq!(old("ChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes\n"), "yes");
    assert_eq!(value("ChallengeResponseAuthentication no\n", "kbdinteractiveauthentication"), "no");
}

#[test]
fn old_names_are_printed_by_old_versions_and_found_by_new_ones() {
    let old = work_out(&Files::of(&[(MAIN, "PubkeyAcceptedKeyTypes ssh-ed25519\n")]), (8, 4)).effective(None);
    assert_eq!(old.value("pubkeyacceptedalgorithms"), "ssh-ed25519");
    assert!(old.dump().contains("\npubkeyacceptedkeytypes ssh-ed25519\n"));
}

#[test]
fn root_login_without_password_has_two_names() {
    let main = "PermitRootLogin prohibit-password\n";
    let printed =
        |version| work_out(&Files::of(&[(MAIN, main)]), version).effective(None).value("permitrootlogin").to_owned();
    assert_eq!(printed((10, 0)), "without-password");
    assert_eq!(printed((10, 1)), "prohibit-password");
}

#[test]
fn suse_compiles_other_defaults_in() {
    let files = Files::of(&[(MAIN, "")]);
    let given = Given {
        source: &files,
        main: Some(MAIN.into()),
        version: Some((8, 4)),
        family: Family::Suse,
        people: People::default(),
        services: String::new(),
        command_line: server::CommandLine::default(),
    };
    let effective = Sshd::work_out(given).unwrap().effective(None);
    assert_eq!((effective.value("permitrootlogin"), effective.value("usepam")), ("yes", "yes"));
}

#[test]
fn the_command_line_beats_the_files_and_match_beats_it() {
    let files =
        Files::of(&[(MAIN, "PermitRootLogin no\nPort 22\nMatch User root\nPermitRootLogin forced-commands-only\n")]);
    let given = Given {
        source: &files,
        main: Some(MAIN.into()),
        version: Some((9, 2)),
        family: Family::Debian,
        people: People::default(),
        services: String::new(),
        command_line: server::CommandLine {
            path: "/unit".into(),
            options: vec!["PermitRootLogin=yes".to_owned(), "Port 2222".to_owned()],
            fixed_ports: true,
            ..Default::default()
        },
    };
    let sshd = Sshd::work_out(given).unwrap();
    let effective = sshd.effective(None);
    assert_eq!(effective.value("permitrootlogin"), "yes");
    assert_eq!(effective.get("permitrootlogin").unwrap().origins[0].path, Path::new("/unit"));
    assert_eq!(effective.get("port").unwrap().values, ["2222"]);
    assert_eq!(sshd.effective(Some(&root_from("1.1.1.1"))).value("permitrootlogin"), "forced-commands-only");
}

#[test]
fn values_are_written_as_sshd_prints_them() {
    for (main, keyword, printed) in [
        ("LoginGraceTime 1h30m\n", "logingracetime", "5400"),
        ("RekeyLimit 1.5K 2m\n", "rekeylimit", "1536 120"),
        ("IPQoS EF 0x20\n", "ipqos", "ef cs1"),
        ("StreamLocalBindMask 22\n", "streamlocalbindmask", "022"),
        ("MaxStartups 5\n", "maxstartups", "5:30:5"),
        ("Port ssh\n", "port", "22"),
        ("Port other\n", "port", "2222"),
        ("ListenAddress 10.1\n", "listenaddress", "10.0.0.1:22"),
        ("ListenAddress [::1]:99\n", "listenaddress", "[::1]:99"),
        ("Ciphers -aes*,chacha*\n", "ciphers", &algorithms::default(algorithms::List::Ciphers, NINE_TWO)),
        ("MACs ^hmac-sha1\nMACs x\n", "macs", ""),
        ("AuthorizedKeysFile ~/a /b/%u\n", "authorizedkeysfile", "/root/a /b/%u"),
        ("PermitListen 8080\n", "permitlisten", "*:8080"),
        ("Banner issue\n", "banner", "//issue"),
        ("LogLevel quiet\n", "loglevel", "SILENT"),
    ] {
        if printed.is_empty() {
            assert!(sshd(main).is_refused(), "{main:?}");
        } else {
            assert_eq!(value(main, keyword), printed, "{main:?}");
        }
    }
    let both = sshd("Port 22\nPort 2222\nAcceptEnv A B\nAcceptEnv C\n").effective(None);
    assert_eq!(both.get("listenaddress").unwrap().values, ["[::]:22", "0.0.0.0:22", "[::]:2222", "0.0.0.0:2222"]);
    assert_eq!(both.get("acceptenv").unwrap().values, ["A", "B", "C"]);
    assert_eq!(both.get("acceptenv").unwrap().origins.len(), 2);
}

const NINE_TWO: release::Release = release::Release { version: (9, 2), family: Family::Debian };

#[test]
fn a_large_file_is_read_in_time_and_memory() {
    let long_line = format!("AcceptEnv {}\n", "A ".repeat(100_000));
    assert!(!sshd(&long_line).is_refused());
    let many_lines = "x\n".repeat(200_000);
    assert!(sshd(&many_lines).problems.len() <= 410);
    let quotes = format!("AcceptEnv {}\n", "\"a\" ".repeat(100_000));
    assert!(!work_out(&Files::of(&[(MAIN, &quotes)]), (8, 4)).is_refused());
    let stars = format!("Match User {}b\n", "*a".repeat(500));
    assert_eq!(sshd(&stars).matches.len(), 1);
}

#[test]
fn connections_meet_every_block() {
    let fixture = crate::image::fixture::Fixture::debian();
    fixture.file("/usr/sbin/sshd", "OpenSSH_9.2p1").file(
        MAIN,
        "Match User backup,!root Address 192.168.7.0/24\nX11Forwarding yes\nMatch Host *.lan LocalPort 2200\n\
         X11Forwarding yes\nMatch Group sudo LocalAddress 172.16.*\nX11Forwarding yes\n",
    );
    let image = fixture.image();
    let connections = connections(&image);
    assert!(connections.iter().any(|connection| connection.user == "root" && connection.addr == "203.0.113.5"));
    assert!(connections.iter().any(|connection| connection.user == "admin" && connection.addr == "10.0.0.5"));
    assert!(!connections.iter().any(|connection| connection.user == "daemon"));
    let sshd = image.sshd().unwrap();
    for line in [2, 4, 6] {
        let met = connections.iter().any(|connection| {
            let effective = sshd.effective(Some(connection));
            effective.get("x11forwarding").unwrap().origins.iter().any(|origin| origin.line == line)
        });
        assert!(met, "no connection meets the block that sets line {line}");
    }
}

/// What RHEL 9 ships: a drop-in that includes the crypto policy, with names only Red Hat builds in.
#[test]
fn a_crypto_policy_is_taken_on_trust() {
    let source = Files::of(&[
        (MAIN, "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile\t.ssh/authorized_keys\n"),
        (
            "/etc/ssh/sshd_config.d/50-redhat.conf",
            "Include /etc/crypto-policies/back-ends/opensshserver.config\nSyslogFacility AUTHPRIV\n\
             ChallengeResponseAuthentication no\nGSSAPIAuthentication yes\nGSSAPICleanupCredentials no\nUsePAM yes\n",
        ),
        (
            "/etc/crypto-policies/back-ends/opensshserver.config",
            "KexAlgorithms mlkem768nistp256-sha256,curve25519-sha256\nRequiredRSASize 2048\n\
             GSSAPIKexAlgorithms gss-curve25519-sha256-,gss-nistp256-sha256-\nKerberosUniqueCCache yes\n",
        ),
    ]);
    let given = |family| Given {
        source: &source,
        main: Some(MAIN.into()),
        version: Some((8, 7)),
        family,
        people: People::default(),
        services: String::new(),
        command_line: server::CommandLine::default(),
    };
    let sshd = Sshd::work_out(given(Family::RedHat)).unwrap();
    assert_eq!(sshd.problems, []);
    let effective = sshd.effective(None);
    assert_eq!(effective.value("kexalgorithms"), "mlkem768nistp256-sha256,curve25519-sha256");
    assert_eq!(effective.value("requiredrsasize"), "2048");
    assert_eq!(effective.value("kbdinteractiveauthentication"), "no");
    assert!(Sshd::work_out(given(Family::Debian)).unwrap().is_refused());
}

#[test]
fn an_unknown_version_is_said() {
    let fixture = crate::image::fixture::Fixture::debian();
    fixture.file(MAIN, "PermitRootLogin no\n");
    let image = fixture.image();
    let sshd = image.sshd().unwrap();
    assert_eq!(sshd.version, None);
    assert!(sshd.problems[0].message.contains("not known") && !sshd.is_refused());
}

/// What a user of the image sees: unit, environment file, vendor's main file, links and a directory in the way.
#[test]
fn an_image_is_read_with_its_unit_and_odd_files() {
    let fixture = crate::image::fixture::Fixture::debian();
    fixture
        .file("/usr/sbin/sshd", "..OpenSSH_7.4*..OpenSSH_9.6p1 Ubuntu-3ubuntu13..")
        .file(MAIN, "Include sshd_config.d/*.conf\nPermitRootLogin no\n")
        .file("/usr/lib/systemd/system/ssh.service", "[Service]\nEnvironmentFile=-/etc/default/ssh\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n")
        .file("/etc/default/ssh", "SSHD_OPTS='-o PermitRootLogin=yes -p 2222'\n")
        .file("/etc/systemd/system/ssh.service.d/eic.conf", "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -o \"AuthorizedKeysCommand /x %u\" -o AuthorizedKeysCommandUser=nobody $SSHD_OPTS\n")
        .directory("/etc/ssh/sshd_config.d/directory.conf")
        .file("/opt/real", "X11Forwarding yes\n")
        .link("/etc/ssh/sshd_config.d/link.conf", "/opt/real");
    let image = fixture.image();
    let sshd = image.sshd().unwrap();
    assert_eq!(sshd.version, Some((9, 6)));
    assert_eq!(sshd.problems, []);
    let effective = sshd.effective(None);
    for (keyword, value) in [
        ("permitrootlogin", "yes"),
        ("port", "2222"),
        ("authorizedkeyscommand", "/x %u"),
        ("authorizedkeyscommanduser", "nobody"),
        ("x11forwarding", "yes"),
    ] {
        assert_eq!(effective.value(keyword), value);
    }
    fixture.link("/etc/ssh/sshd_config.d/dangling.conf", "/nowhere");
    assert!(fixture.image().sshd().unwrap().is_refused());
}

mod property {
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            4 => prop::sample::select(vec![
                "Match", "Include", "User", "root", "all", "Address", "10.0.0.0/8", "*", "!x", "PermitRootLogin", "yes",
                "no", "Port", "22", "=", "\"", "'", "\\", "#", "AcceptEnv", "Subsystem", "sftp", "ListenAddress", "[::]",
                "Ciphers", "+", "-*", "^", "RekeyLimit", "1G", "IPQoS", "LoginGraceTime", "5m", "MaxStartups", "1:2:3",
                "AuthenticationMethods", "any", "SetEnv", "A=b", "PermitOpen", "localhost:1", "sshd_config",
                "PerSourcePenalties", "crash:5",
            ]).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        let end = prop::sample::select(vec![" ", "\n", "\r\n", "\t", "", "\0", "\x0c\n"]);
        prop::collection::vec((word, end), 0..60)
            .prop_map(|words| words.into_iter().map(|(word, end)| word + end).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// No file makes it panic, and the same files give the same answer.
        #[test]
        fn any_file_gives_one_answer(main in text(), other in text(), minor in 0u32..10, major in 7u32..11) {
            let files = Files::of(&[(MAIN, &main), ("/etc/ssh/sshd_config.d/x.conf", &other)]);
            let connection = root_from("10.0.0.5");
            let first = work_out(&files, (major, minor));
            let again = work_out(&files, (major, minor));
            prop_assert_eq!(&first.problems, &again.problems);
            prop_assert_eq!(first.effective(None), again.effective(None));
            prop_assert_eq!(first.effective(Some(&connection)).dump(), again.effective(Some(&connection)).dump());
        }

        /// Any bytes at all.
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let files = Files(BTreeMap::from([(MAIN.into(), Some(bytes))]));
            for version in [(7, 4), (8, 4), (9, 2), (10, 0)] {
                work_out(&files, version).effective(Some(&root_from("::1")));
            }
        }
    }
}
