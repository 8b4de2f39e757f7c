use super::*;

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn here() -> Here {
    Here {
        program: "/home/admin/seaworthy".into(),
        way: Some(Way::Ssh),
        user: Some("admin".into()),
        host: Some("203.0.113.7".into()),
        port: Some(22),
        instance: Some("i-0123456789abcdef0".into()),
        region: Some("eu-west-1".into()),
        swap: Vec::new(),
    }
}

#[test]
fn ssh_needs_one_line() {
    let commands = here().commands(Way::Ssh, DIGEST, false);
    assert!(commands.here.is_empty());
    assert_eq!(
        commands.there,
        [
            "ssh -n admin@203.0.113.7 sudo /home/admin/seaworthy report --again 9f86d081 > report.json",
            "sha256sum report.json",
        ]
    );
    let root = Here { user: Some("root".into()), port: Some(2222), host: None, program: "seaworthy".into(), ..here() };
    let commands = root.commands(Way::Ssh, DIGEST, true);
    assert_eq!(
        commands.there,
        [
            "ssh -n -p 2222 root@HOST seaworthy report --again 9f86d081 > report.json",
            "ssh -n -p 2222 root@HOST seaworthy report --signature --again 9f86d081 > report.json.sig",
            "sha256sum report.json",
        ]
    );
    assert!(root.unknown(Way::Ssh).is_some() && here().unknown(Way::Ssh).is_none());
}

#[test]
fn session_manager_is_asked_to_run_it() {
    let commands = here().commands(Way::SessionManager, DIGEST, false);
    let [line, _] = commands.there.as_slice() else { panic!("{commands:?}") };
    let start = "aws ssm start-session --region eu-west-1 --target i-0123456789abcdef0 --document-name \
                 AWS-StartInteractiveCommand --parameters 'command=[\"sudo /home/admin/seaworthy report --base64 \
                 --again 9f86d081\"]' | sed ";
    assert!(line.starts_with(start), "{line}");
    assert!(line.ends_with(" | base64 -d > report.json"), "{line}");
}

#[test]
fn who_came_as_root_another_way_is_not_root_in_session_manager() {
    let root = Here { user: Some("root".into()), way: Some(Way::Ssh), ..here() };
    let [line, _] = root.commands(Way::SessionManager, DIGEST, false).there.try_into().unwrap();
    assert!(line.contains("command=[\"sudo "), "{line}");
}

#[test]
fn a_console_needs_a_line_on_either_side() {
    let commands = here().commands(Way::Console, DIGEST, true);
    assert_eq!(commands.here.len(), 2);
    assert_eq!(commands.there.len(), 3);
    assert!(commands.there.iter().take(2).all(|line| line.contains(" pasted.txt | ")));
}

#[test]
fn an_address_that_only_this_network_knows_is_not_told_outside() {
    let known = |reached: &str, from: Option<&str>| {
        known_outside(reached.parse().unwrap(), from.map(|from| from.parse().unwrap()))
    };
    assert_eq!(known("10.0.0.12", Some("198.51.100.7")), None);
    assert_eq!(known("10.0.0.12", None), None);
    assert_eq!(known("10.0.0.12", Some("10.9.0.1")).as_deref(), Some("10.0.0.12"));
    assert_eq!(known("203.0.113.7", Some("198.51.100.7")).as_deref(), Some("203.0.113.7"));
    assert_eq!(known("100.64.3.4", Some("198.51.100.7")), None);
    assert_eq!(known("fd00::1", Some("2001:db8::9")), None);
    assert_eq!(known("2001:db8::1", Some("2001:db8::9")).as_deref(), Some("2001:db8::1"));
}

#[test]
fn a_name_that_a_shell_would_read_is_left_out() {
    let odd = Here { user: Some("a;b".into()), ..here() };
    assert!(odd.commands(Way::Ssh, DIGEST, false).there[0].starts_with("ssh -n 203.0.113.7 "));
}

#[test]
fn swap_is_told_of() {
    assert_eq!(here().swap_warning(), None);
    let swapped = Here { swap: vec!["/swapfile".into()], ..here() };
    assert!(swapped.swap_warning().unwrap().contains("/swapfile"));
}

/// What a terminal makes of it: carriage returns, and lines before and after.
#[test]
#[ignore = "needs sh, sed, tr and base64; run by .ci/run"]
#[expect(clippy::disallowed_methods, reason = "the real programs as judges")]
fn what_was_put_between_markers_is_taken_apart_by_the_line_that_is_shown() {
    let bytes: Vec<u8> = (0..=255).cycle().take(10_001).collect();
    let armoured = crate::report::handover::armoured("REPORT", &bytes).replace('\n', "\r\n");
    let transcript =
        format!("Starting session with SessionId: x\r\n{armoured}\r\nExiting session with SessionId: x\r\n");
    for text in [transcript, armoured.replace("\r\n", "  \n")] {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("pasted.txt"), text).unwrap();
        let line = unarmour(" pasted.txt", "report.json");
        let done = std::process::Command::new("sh").args(["-c", &line]).current_dir(place.path()).status().unwrap();
        assert!(done.success());
        assert!(std::fs::read(place.path().join("report.json")).unwrap() == bytes);
    }
}
