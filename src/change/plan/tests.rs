use super::*;
use crate::change::trial::{absent, catalogue, plain};
use crate::check::trial::context;
use crate::image::fixture::Fixture;

fn planned(fixture: &Fixture, catalogue: &Catalogue, chosen: &[&str]) -> Plan {
    let image = fixture.image();
    let findings = check::judge_all(&image, catalogue, &context());
    let chosen: Vec<String> = chosen.iter().map(|id| (*id).to_owned()).collect();
    plan(&image, catalogue, &findings, &context(), &chosen)
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.guideline.as_str()).collect()
}

fn reason<'a>(plan: &'a Plan, id: &str) -> &'a str {
    plan.refused.iter().find(|refusal| refusal.guideline == id).map_or("", |refusal| &refusal.reason)
}

#[test]
fn steps_come_by_phase_and_after_what_they_wait_for() {
    let fixture = Fixture::bare();
    for name in ["a", "b", "c", "d"] {
        fixture.file(&format!("/etc/{name}"), "x\n");
    }
    let catalogue = catalogue(vec![
        absent("A-1", "clean", "/etc/a", ""),
        absent("A-2", "harden", "/etc/b", "after = ['A-3']"),
        absent("A-3", "harden", "/etc/c", ""),
        absent("A-4", "reduce", "/etc/d", "needs = ['A-1']"),
    ]);
    let plan = planned(&fixture, &catalogue, &["A-1", "a-2", "A-3", "A-4"]);
    assert_eq!(ids(&plan), ["A-3", "A-2", "A-1", "A-4"]);
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    assert_eq!(plan.overlay.get(std::path::Path::new("/etc/a")), Some(None));
}

#[test]
fn what_cannot_be_done_is_refused_with_the_reason() {
    let fixture = Fixture::bare();
    fixture.file("/etc/a", "x\n").file("/etc/b", "x\n").file("/etc/c", "x\n");
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::hard_link(fixture.outside("/etc/c"), elsewhere.path().join("c")).unwrap();
    let catalogue = catalogue(vec![
        absent("A-1", "clean", "/etc/a", "needs = ['A-2']"),
        absent("A-2", "clean", "/etc/b", ""),
        absent("A-3", "clean", "/etc/c", ""),
        plain("A-4", "clean", "check = { absent = { paths = ['/etc/b'] } }"),
        plain("A-5", "clean", "check = { absent = { paths = ['/etc/b'] } }\nfix = 'truncate'"),
        plain("A-6", "clean", "check = 'attest'\nattest = 'yes'"),
        absent("A-7", "clean", "/etc/missing", ""),
    ]);
    let plan = planned(&fixture, &catalogue, &["A-1", "A-3", "A-4", "A-5", "A-6", "A-7", "A-9"]);
    assert!(plan.steps.is_empty(), "{:?}", ids(&plan));
    assert!(reason(&plan, "A-1").contains("A-2 must pass first"));
    assert!(reason(&plan, "A-3").contains("hard links"));
    assert!(reason(&plan, "A-4").contains("person"));
    assert!(reason(&plan, "A-5").contains("would not be enough"));
    assert!(reason(&plan, "A-6").contains("person"));
    assert_eq!(reason(&plan, "A-7"), "");
    assert!(reason(&plan, "A-9").contains("no guideline A-9"));
    let plan = planned(&fixture, &catalogue, &["A-1", "A-2"]);
    assert_eq!(ids(&plan), ["A-2", "A-1"]);
}

#[test]
fn a_plan_says_what_keeps_its_content_under_another_name() {
    let fixture = Fixture::bare();
    fixture.file("/etc/a", "x\n");
    for other in ["/etc/b", "/usr/c"] {
        std::fs::hard_link(fixture.outside("/etc/a"), fixture.outside(other)).unwrap();
    }
    let catalogue = catalogue(vec![absent("A-1", "clean", "/etc/a", ""), absent("A-2", "clean", "/etc/b", "")]);
    let plan = planned(&fixture, &catalogue, &["A-1"]);
    let sentences: Vec<String> = plan.effects.iter().map(crate::change::Effect::sentence).collect();
    assert_eq!(sentences, ["/etc/a has other names (hard links), which keep what it holds now: /etc/b, /usr/c."]);
    let plan = planned(&fixture, &catalogue, &["A-1", "A-2"]);
    assert!(plan.effects.iter().all(|effect| effect.sentence().ends_with(": /usr/c.")), "{:?}", plan.effects);
}

#[test]
fn what_an_earlier_step_mends_is_left_out() {
    let fixture = Fixture::bare();
    fixture.file("/etc/d/a", "x\n");
    let catalogue =
        catalogue(vec![absent("A-1", "clean", "/etc/d", ""), absent("A-2", "clean", "/etc/d/a", "after = ['A-1']")]);
    let plan = planned(&fixture, &catalogue, &["A-1", "A-2"]);
    assert_eq!((ids(&plan), plan.refused.len()), (vec!["A-1"], 0));
    assert_eq!(plan.steps[0].changes.len(), 2);
}

#[test]
fn secrets_are_marked() {
    let fixture = Fixture::bare();
    fixture.file("/root/.bash_history", "x\n").file("/etc/plain", "x\n");
    let catalogue =
        catalogue(vec![absent("A-1", "clean", "/root/.bash_history", ""), absent("A-2", "clean", "/etc/plain", "")]);
    let plan = planned(&fixture, &catalogue, &["A-1", "A-2"]);
    let secret = |step: usize| matches!(plan.steps[step].changes[0], Change::Path { secret: true, .. });
    assert!(secret(0) && !secret(1));
}

#[test]
fn a_later_step_does_not_break_what_an_earlier_one_needs() {
    let fixture = Fixture::bare();
    fixture.file("/etc/a", "x\n").file("/etc/ssh/sshd_config", "Include /etc/ssh/extra\nX11Forwarding yes\n");
    fixture.file("/etc/ssh/extra", "X11Forwarding no\n");
    let catalogue = catalogue(vec![
        absent("A-1", "harden", "/etc/a", "needs = ['A-2']"),
        plain("A-2", "harden", "check = { sshd = { keyword = 'x11forwarding', pass = ['no'] } }"),
        // Nothing is in the place of the included file any more, so the line behind it decides.
        absent("A-3", "clean", "/etc/ssh/extra", ""),
    ]);
    let plan = planned(&fixture, &catalogue, &["A-1", "A-3"]);
    assert_eq!(ids(&plan), ["A-1"]);
    assert!(reason(&plan, "A-3").contains("relies on A-2"), "{:?}", plan.refused);
    assert_eq!(ids(&planned(&fixture, &catalogue, &["A-3"])), ["A-3"]);
}

#[test]
fn the_running_machine_is_neither_sealed_nor_locked_up() {
    let fixture = Fixture::debian();
    fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "KbdInteractiveAuthentication no\n").file("/etc/a", "x\n");
    fixture.file("/etc/shadow", "root:*:20000:0:99999:7:::\nadmin:$6$salt$hash:20000:0:99999:7:::\n");
    let password = "check = { sshd = { keyword = 'passwordauthentication', pass = ['no'] } }\n\
                    fix = { sshd = { keyword = 'passwordauthentication', value = 'no' } }";
    let catalogue = catalogue(vec![absent("A-1", "seal", "/etc/a", ""), plain("A-2", "harden", password)]);
    let on = |image: Image| {
        let findings = check::judge_all(&image, &catalogue, &context());
        plan(&image, &catalogue, &findings, &context(), &["A-1".to_owned(), "A-2".to_owned()])
    };
    let live = on(fixture.image().taken_for_live());
    assert!(live.steps.is_empty());
    assert!(reason(&live, "A-1").contains("last steps") && reason(&live, "A-2").contains("Nobody could log in"));
    assert_eq!(ids(&on(fixture.image())), ["A-2", "A-1"], "nobody works on a mounted image from inside");
    fixture.file("/home/admin/.ssh/authorized_keys", "ssh-ed25519 AAAAC3Nz me\n");
    assert_eq!(ids(&on(fixture.image().taken_for_live())), ["A-2"]);
}

/// With nothing that brings new ones at the first boot, what lets people in stays; the guidelines that say so are those
/// of the built-in catalogue, however they are chosen.
#[test]
fn keys_and_passwords_stay_until_the_next_boot_brings_new_ones() {
    let fixture = Fixture::debian();
    let hash = "root:$6$salt$hash:20000:0:99999:7:::\nadmin:$6$salt$hash:20000:0:99999:7:::\n";
    fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "UsePAM yes\n").file("/etc/shadow", hash);
    let private = ["-----BEGIN OPENSSH ", "PRIVATE KEY-----\n"].concat();
    fixture.file("/etc/ssh/ssh_host_rsa_key", private).file("/home/admin/.ssh/authorized_keys", "ssh-rsa AAAAB3 me\n");
    let catalogue = Catalogue::built_in().unwrap();
    for (id, needed) in [("KEY-01", "KEY-02"), ("KEY-03", "KEY-06"), ("ACC-02", "ACC-07"), ("ACC-03", "ACC-07")] {
        let plan = planned(&fixture, &catalogue, &[id]);
        assert!(plan.steps.is_empty(), "{id}");
        assert!(reason(&plan, id).contains(&format!("{needed} must pass first")), "{id}: {:?}", plan.refused);
    }
    fixture.cloud_init("admin").file("/usr/bin/ssh-keygen", "\x7fELF");
    let refused = |id: &str| reason(&planned(&fixture, &catalogue, &[id]), id).to_owned();
    for id in ["KEY-01", "KEY-03"] {
        assert!(refused(id).contains("BOT-02 must pass first"), "{}", refused(id));
    }
    fixture.dhcp();
    assert!(refused("KEY-03").contains("SSH-07 must pass first"));
    let unit = "[Service]\nExecStart=/usr/sbin/sshd -D\n[Install]\nWantedBy=multi-user.target\n";
    fixture.file("/usr/lib/systemd/system/ssh.service", unit);
    let units = "/etc/systemd/system";
    fixture.link(&format!("{units}/multi-user.target.wants/ssh.service"), "/usr/lib/systemd/system/ssh.service");
    assert!(refused("KEY-03").contains("BOT-06 must pass first"));
    fixture.file("/usr/lib/systemd/systemd", "\x7fELF").file("/usr/lib/systemd/system/multi-user.target", "[Unit]\n");
    fixture.link(&format!("{units}/default.target"), "/usr/lib/systemd/system/multi-user.target");
    fixture.file("/etc/ssh/sshd_config", "DenyUsers admin\n");
    assert!(refused("KEY-03").contains("SSH-09 must pass first"));
    fixture.file("/etc/ssh/sshd_config", "UsePAM yes\n");
    for id in ["KEY-01", "KEY-03", "ACC-02", "ACC-03"] {
        assert_eq!(
            ids(&planned(&fixture, &catalogue, &[id])),
            [id],
            "{:?}",
            planned(&fixture, &catalogue, &[id]).refused
        );
    }
}
