use proptest::prelude::*;

use super::*;
use crate::check::trial::judged;
use crate::image::fixture::Fixture;

fn with(unit: &str, path: &str, text: &str) -> Fixture {
    let fixture = Fixture::debian();
    let file = format!("/usr/lib/systemd/system/{unit}");
    fixture.file(&file, "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n");
    fixture.link(&format!("/etc/systemd/system/multi-user.target.wants/{unit}"), &file);
    fixture.file(path, text);
    fixture
}

const NONE: [u32; 0] = [];

fn lines_of(open: Vec<Open>) -> Vec<u32> {
    open.into_iter().map(|(line, _)| line).collect()
}

#[test]
fn what_starts_and_is_open_fails() {
    let fixture =
        with("squid.service", "/etc/squid/squid.conf", "http_access allow localhost\nhttp_access allow all\n");
    let finding = judged(&fixture.image(), "BOT-09");
    assert_eq!(finding.status, Status::Fail);
    let seen = Observation::at("/etc/squid/squid.conf").line(2).text("a web proxy for everybody");
    assert_eq!(finding.observations, [seen]);
    fixture.remove("/etc/systemd/system/multi-user.target.wants/squid.service");
    assert_eq!(judged(&fixture.image(), "BOT-09").status, Status::Pass);
}

#[test]
fn what_cannot_be_looked_at_is_unknown() {
    let fixture = with("squid.service", "/etc/other", "");
    assert_eq!(judged(&fixture.image(), "BOT-09").status, Status::Unknown);
    fixture.fifo("/etc/squid/squid.conf");
    let finding = judged(&fixture.image(), "BOT-09");
    assert_eq!(finding.status, Status::Unknown);
    assert_eq!(finding.observations[0].path.as_deref(), Some(Path::new("/etc/squid/squid.conf")));
}

#[test]
fn postfix_relays() {
    let open = |text| lines_of(postfix(text));
    assert_eq!(open("mynetworks = 127.0.0.0/8 [::1]/128\n"), NONE);
    assert_eq!(open("mynetworks = 127.0.0.0/8,\n  0.0.0.0/0\n"), [1]);
    assert_eq!(open("#mynetworks = 0.0.0.0/0\ninet_interfaces = all\n"), NONE);
    assert_eq!(open("inet_interfaces = loopback-only\nmynetworks = 0.0.0.0/0\n"), NONE);
    assert_eq!(
        open("smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination\n"),
        NONE
    );
    assert_eq!(open("a = b\nsmtpd_relay_restrictions = permit\n"), [2]);
}

#[test]
fn exim_relays() {
    assert_eq!(lines_of(exim("dc_eximconfig_configtype='local'\ndc_relay_nets=''\n")), NONE);
    assert_eq!(lines_of(exim("dc_relay_nets='0.0.0.0/0'\n")), [1]);
    assert_eq!(lines_of(exim("hostlist   relay_from_hosts = 127.0.0.1\n")), NONE);
    assert_eq!(lines_of(exim("hostlist   relay_from_hosts = *\n")), [1]);
}

#[test]
fn proxies() {
    assert_eq!(lines_of(squid("http_access deny all\nhttp_access allow all\n")), NONE);
    assert_eq!(lines_of(tinyproxy("Port 8888\nAllow 127.0.0.1\n")), NONE);
    assert_eq!(lines_of(tinyproxy("Port 8888\n#Allow 127.0.0.1\n")), [0]);
    assert_eq!(lines_of(tinyproxy("Listen 127.0.0.1\n")), NONE);
    assert_eq!(lines_of(tinyproxy("Allow 0.0.0.0/0\n")), [1]);
    let dante_for_all = "socksmethod: none\nclient pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n";
    assert_eq!(lines_of(dante(dante_for_all)), [1]);
    assert_eq!(lines_of(dante(&dante_for_all.replace("none", "username"))), NONE);
    assert_eq!(lines_of(dante(&dante_for_all.replace("0.0.0.0/0", "10.0.0.0/8"))), NONE);
}

#[test]
fn name_servers() {
    let stock = "options {\n\tlisten-on port 53 { 127.0.0.1; };\n\tallow-query { localhost; };\n\trecursion yes;\n};\n";
    assert_eq!(lines_of(bind(stock)), NONE);
    assert_eq!(lines_of(bind("options {\n allow-recursion {\n  any;\n };\n};\n")), [3]);
    assert_eq!(lines_of(bind("options { allow-query-cache { any; }; };\n")), [1]);
    assert_eq!(lines_of(bind("options { recursion no; allow-recursion { any; }; };\n")), NONE);
    assert_eq!(lines_of(bind("options { allow-query { any; }; }; // a server of its own zones\n")), NONE);
    assert_eq!(lines_of(unbound("server:\n  access-control: 127.0.0.0/8 allow\n")), NONE);
    assert_eq!(lines_of(unbound("server:\n  access-control: 0.0.0.0/0 allow\n")), [2]);
    assert_eq!(lines_of(unbound("server:\n  access-control: 0.0.0.0/0 refuse\n")), NONE);
}

#[test]
fn time_servers_and_caches() {
    assert_eq!(lines_of(chrony("pool ntp.example iburst\n#allow\nallow 192.168.0.0/16\n")), NONE);
    assert_eq!(lines_of(chrony("allow\nallow 0/0\n")), [1, 2]);
    assert_eq!(lines_of(chrony("allow\nport 0\n")), NONE);
    assert_eq!(lines_of(memcached("-m 64\n-l 127.0.0.1\n-l ::1\n")), NONE);
    assert_eq!(lines_of(memcached("PORT=\"11211\"\nOPTIONS=\"-l 127.0.0.1,::1\"\n")), NONE);
    assert_eq!(lines_of(memcached("-m 64\n# -l 127.0.0.1\n")), [0]);
    assert_eq!(lines_of(memcached("-l 0.0.0.0\n")), [0]);
}

proptest! {
    #[test]
    fn any_configuration_is_survived(text in "\\PC{0,200}") {
        for service in &SERVICES {
            (service.open)(&text);
        }
    }

    #[test]
    fn words_of_configurations_in_any_order_are_survived(
        words in proptest::collection::vec(
            prop_oneof![
                "[a-z]{1,8}", Just("allow".to_owned()), Just("allow-recursion".to_owned()), Just("{".to_owned()), Just("any;".to_owned()),
                Just("}".to_owned()), Just("=".to_owned()), Just("\n".to_owned()), Just("-l".to_owned()), Just("0.0.0.0/0".to_owned()),
            ],
            0..40,
        )
    ) {
        let text = words.join(" ");
        for service in &SERVICES {
            (service.open)(&text);
        }
    }
}
