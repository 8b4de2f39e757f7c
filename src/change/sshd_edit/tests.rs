use super::*;
use crate::image::fixture::Fixture;

/// What the resolver says after the changes are laid over the image.
fn after(image: &Image, changes: &[Change]) -> Image {
    let mut overlay = Overlay::default();
    for change in changes {
        if let Change::Path { path, after, .. } = change {
            overlay.put(path, after.clone());
        }
    }
    image.drafted(overlay)
}

fn debian(main: &str) -> Fixture {
    let fixture = Fixture::debian();
    fixture.file("/usr/sbin/sshd", "OpenSSH_9.2p1 Debian").file("/etc/ssh/sshd_config", main);
    fixture
}

fn text(image: &Image, path: &str) -> String {
    image.read_text(Path::new(path)).unwrap().unwrap()
}

#[test]
fn the_deciding_line_is_edited_in_place() {
    let fixture = debian("Port 22\r\n\tpermitrootlogin = \"yes\"  # why\r\nPermitRootLogin yes\r\n");
    let image = fixture.image();
    let changes = set(&image, "permitrootlogin", "no").unwrap();
    assert_eq!(changes.len(), 1);
    let after = after(&image, &changes);
    assert_eq!(
        text(&after, "/etc/ssh/sshd_config"),
        "Port 22\r\n\tpermitrootlogin = no  # why\r\nPermitRootLogin yes\r\n"
    );
    assert_eq!(after.sshd().unwrap().effective(None).value("permitrootlogin"), "no");
}

#[test]
fn a_default_is_set_above_include_under_one_marker() {
    let fixture = debian("# Top\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n");
    let image = fixture.image();
    let first = set(&image, "permitrootlogin", "no").unwrap();
    let image = after(&image, &first);
    let second = set(&image, "passwordauthentication", "no").unwrap();
    let image = after(&image, &second);
    let expected = format!(
        "# Top\n{MARKER}\nPasswordAuthentication no\nPermitRootLogin no\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"
    );
    assert_eq!(text(&image, "/etc/ssh/sshd_config"), expected);
}

#[test]
fn a_default_is_set_below_its_commented_out_line() {
    let fixture = debian("#Port 22\n#PermitRootLogin prohibit-password\n#X\nMatch User x\n  X11Forwarding no\n");
    let image = fixture.image();
    let changes = set(&image, "permitrootlogin", "no").unwrap();
    let written = text(&after(&image, &changes), "/etc/ssh/sshd_config");
    assert!(
        written
            .starts_with(&format!("#Port 22\n#PermitRootLogin prohibit-password\n{MARKER}\nPermitRootLogin no\n#X\n"))
    );
}

#[test]
fn cloud_inits_drop_in_is_overruled_and_not_edited() {
    let fixture = debian("Include /etc/ssh/sshd_config.d/*.conf\n");
    fixture.file("/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication yes\n");
    let image = fixture.image();
    let changes = set(&image, "passwordauthentication", "no").unwrap();
    let image = after(&image, &changes);
    assert_eq!(text(&image, "/etc/ssh/sshd_config.d/50-cloud-init.conf"), "PasswordAuthentication yes\n");
    assert!(text(&image, "/etc/ssh/sshd_config").starts_with(MARKER));
    assert_eq!(image.sshd().unwrap().effective(None).value("passwordauthentication"), "no");
}

#[test]
fn an_administrators_drop_in_is_edited() {
    let fixture = debian("Include /etc/ssh/sshd_config.d/*.conf\n");
    fixture.file("/etc/ssh/sshd_config.d/10-own.conf", "PasswordAuthentication yes");
    let image = fixture.image();
    let changes = set(&image, "passwordauthentication", "no").unwrap();
    assert_eq!(text(&after(&image, &changes), "/etc/ssh/sshd_config.d/10-own.conf"), "PasswordAuthentication no");
}

#[test]
fn a_vendors_main_file_gets_a_drop_in() {
    let fixture = Fixture::debian();
    fixture
        .file("/usr/sbin/sshd", "OpenSSH_10.0p2")
        .file("/usr/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\n");
    let image = fixture.image();
    let changes = set(&image, "permitrootlogin", "no").unwrap();
    let image = after(&image, &changes);
    assert_eq!(text(&image, DROP_IN), format!("{MARKER}\nPermitRootLogin no\n"));
    assert_eq!(image.lstat(Path::new("/etc/ssh/sshd_config")).unwrap(), None);
    assert_eq!(image.sshd().unwrap().effective(None).value("permitrootlogin"), "no");
}

#[test]
fn a_vendors_main_file_without_include_is_refused() {
    let fixture = Fixture::debian();
    fixture.file("/usr/sbin/sshd", "OpenSSH_10.0p2").file("/usr/etc/ssh/sshd_config", "PermitRootLogin yes\n");
    let error = set(&fixture.image(), "permitrootlogin", "no").unwrap_err();
    assert!(error.to_string().contains("no Include"), "{error}");
}

#[test]
fn match_blocks_are_left_to_their_own_edit() {
    let main =
        "PermitRootLogin no\nPasswordAuthentication no\nMatch Address 10.0.0.0/8\n  PasswordAuthentication yes # lan\n";
    let fixture = debian(main);
    let image = fixture.image();
    assert_eq!(set(&image, "passwordauthentication", "no").unwrap(), Vec::new());
    let changes = set_in_matches(&image, "passwordauthentication", "no", &[]).unwrap();
    assert_eq!(
        text(&after(&image, &changes), "/etc/ssh/sshd_config"),
        main.replace("PasswordAuthentication yes", "PasswordAuthentication no")
    );
    assert_eq!(set_everywhere(&image, "passwordauthentication", "no").unwrap(), changes);
}

#[test]
fn accepted_values_in_match_blocks_stay() {
    let fixture = debian("PermitRootLogin no\nMatch User root\n  PermitRootLogin without-password\n");
    let image = fixture.image();
    let changes = set_in_matches(&image, "permitrootlogin", "no", &["prohibit-password"]).unwrap();
    assert_eq!(changes, Vec::new());
}

#[test]
fn match_all_decides_for_the_server_and_is_edited() {
    let fixture = debian("PasswordAuthentication no\nMatch all\nPasswordAuthentication yes\n");
    let image = fixture.image();
    let changes = set(&image, "passwordauthentication", "no").unwrap();
    assert_eq!(
        text(&after(&image, &changes), "/etc/ssh/sshd_config"),
        "PasswordAuthentication no\nMatch all\nPasswordAuthentication no\n"
    );
}

#[test]
fn an_edit_that_stops_sshd_is_refused() {
    let fixture = debian("AuthenticationMethods publickey,password\n");
    let error = set(&fixture.image(), "passwordauthentication", "no").unwrap_err();
    assert!(error.to_string().contains("refuse to start"), "{error}");
}

#[test]
fn an_edit_that_locks_an_account_out_is_refused() {
    let fixture = debian("Match User admin\nAuthenticationMethods publickey,password\n");
    let error = set(&fixture.image(), "passwordauthentication", "no").unwrap_err();
    assert!(error.to_string().contains("admin no way in"), "{error}");
}

#[test]
fn before_8_7_both_names_of_keyboard_interactive_are_set() {
    let fixture = Fixture::debian();
    fixture
        .file("/usr/sbin/sshd", "OpenSSH_8.4p1 Debian")
        .file("/etc/ssh/sshd_config", "KbdInteractiveAuthentication yes#x\nUsePAM yes\n");
    let image = fixture.image();
    let changes = set(&image, "kbdinteractiveauthentication", "no").unwrap();
    let written = text(&after(&image, &changes), "/etc/ssh/sshd_config");
    assert_eq!(
        written,
        format!("KbdInteractiveAuthentication no#x\nUsePAM yes\n{MARKER}\nChallengeResponseAuthentication no\n")
    );
}

#[test]
fn a_command_line_that_decides_is_named() {
    let fixture = debian("PermitRootLogin no\n");
    fixture.file(
        "/usr/lib/systemd/system/ssh.service",
        "[Service]\nExecStart=/usr/sbin/sshd -D -o PermitRootLogin=yes\n[Install]\nWantedBy=multi-user.target\n",
    );
    let image = fixture.image();
    assert_eq!(image.sshd().unwrap().effective(None).value("permitrootlogin"), "yes");
    let error = set(&image, "permitrootlogin", "no").unwrap_err();
    assert!(error.to_string().contains("ssh.service"), "{error}");
}

#[test]
fn a_file_with_nul_is_left_to_a_person() {
    let fixture = debian("PermitRootLogin yes\n# \0 x\n");
    let error = set(&fixture.image(), "permitrootlogin", "no").unwrap_err();
    assert!(error.to_string().contains("zero byte"), "{error}");
}

mod property {
    use proptest::prelude::*;

    use super::*;

    /// One line of a configuration that starts.
    fn setting() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec![
            "PermitRootLogin",
            "permitrootlogin",
            "PasswordAuthentication",
            "KbdInteractiveAuthentication",
            "ChallengeResponseAuthentication",
            "X11Forwarding",
        ]);
        let value = prop::sample::select(vec!["yes", "no", "\"yes\"", "'no'"]);
        let between = prop::sample::select(vec![" ", "=", " = ", "\t"]);
        let after = prop::sample::select(vec!["", " # note", "\r", "  "]);
        (name, between, value, after)
            .prop_map(|(name, between, value, after)| format!("{name}{between}{value}{after}\n"))
    }

    fn lines() -> impl Strategy<Value = String> {
        let other = prop::sample::select(vec![
            "Include /etc/ssh/sshd_config.d/*.conf\n",
            "Match User root\n",
            "Match Address 10.0.0.0/8,!10.0.0.9\n",
            "Match all\n",
            "Match Group sudo Host *.example.com\n",
            "# PermitRootLogin no\n",
            "#PasswordAuthentication yes\n",
            "\n",
        ]);
        let line = prop_oneof![2 => setting(), 1 => other.prop_map(str::to_owned)];
        prop::collection::vec(line, 0..9).prop_map(|lines| lines.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the files say, the wanted values are in force for every connection afterwards, and setting them
        /// again changes nothing.
        #[test]
        fn wanted_values_come_into_force(main in lines(), first in lines(), cloud in setting()) {
            let fixture = debian(&main);
            // A pattern that reads itself would never end.
            let first = first.replace("Include", "#Include");
            fixture.file("/etc/ssh/sshd_config.d/10-own.conf", first);
            fixture.file("/etc/ssh/sshd_config.d/50-cloud-init.conf", cloud);
            let mut image = fixture.image();
            let wanted = [("permitrootlogin", "no"), ("passwordauthentication", "no"), ("kbdinteractiveauthentication", "no")];
            for (keyword, value) in wanted {
                let changes = set_everywhere(&image, keyword, value).unwrap();
                let mut overlay = image.overlay().clone();
                for change in changes {
                    if let Change::Path { path, after, .. } = change {
                        overlay.put(path, after);
                    }
                }
                image = image.drafted(overlay);
            }
            let sshd = image.sshd().unwrap();
            prop_assert!(!sshd.is_refused());
            for connection in connections(&image) {
                for (keyword, value) in wanted {
                    let effective = sshd.effective(Some(&connection));
                    prop_assert_eq!(effective.value(keyword), value);
                }
            }
            for (keyword, value) in wanted {
                prop_assert_eq!(set_everywhere(&image, keyword, value).unwrap(), Vec::new());
            }
        }
    }
}
