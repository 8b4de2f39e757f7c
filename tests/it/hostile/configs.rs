//! Configuration that never ends: files that include themselves or each other, that grow when they are read, or that
//! multiply.

use std::fmt::Write as _;

use super::yard::Yard;

/// Files that name themselves, each other, their own directory and what has no end.
const CIRCLES: &[(&str, &str)] = &[
    ("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config\nInclude sshd_config.d/*.conf\nPermitRootLogin yes\n"),
    ("/etc/ssh/sshd_config.d/a.conf", "Include /etc/ssh/sshd_config.d/*.conf\nMatch all\nInclude b.conf\n"),
    ("/etc/ssh/sshd_config.d/b.conf", "Include /etc/ssh/sshd_config.d/a.conf /etc/ssh /proc/self/root/etc/ssh/*\n"),
    ("/etc/sudoers", "@include /etc/sudoers\n#includedir /etc\n@includedir /etc/sudoers.d\nroot ALL=(ALL) ALL\n"),
    (
        "/etc/sudoers.d/a",
        "@include /etc/sudoers\n@include a\n@includedir /etc/sudoers.d\nUser_Alias A = B\nUser_Alias B = A\nA ALL = ALL\n",
    ),
    ("/etc/pam.d/sshd", "@include sshd\nauth include login\nauth substack sshd\nauth required pam_unix.so nullok\n"),
    ("/etc/pam.d/login", "@include sshd\nauth include /etc/pam.d/login\nauth substack ../../../etc/pam.d/login\n"),
    ("/etc/pam.d/common-auth", "@include common-auth\n"),
    (
        "/etc/network/interfaces",
        "source /etc/network/interfaces\nsource-directory /etc/network\nsource /etc/network/*\niface lo inet loopback\n",
    ),
    ("/etc/network/interfaces.d/a", "source /etc/network/interfaces.d/*\nsource /dev/zero\n"),
    (
        "/etc/apt/apt.conf",
        "#include \"/etc/apt/apt.conf\";\nDir::Etc::parts \"/etc/apt\";\nDir::Etc::main \"/etc/apt/apt.conf\";\n",
    ),
    ("/etc/apt/apt.conf.d/00a", "#include \"/etc/apt/apt.conf.d/00a\"\n#include /etc/apt\n"),
    ("/etc/logrotate.conf", "include /etc/logrotate.conf\ninclude /etc/logrotate.d\ninclude /etc\n"),
    ("/etc/logrotate.d/a", "include /etc/logrotate.d/a\n"),
    ("/etc/ld.so.conf", "include /etc/ld.so.conf\ninclude /etc/ld.so.conf.d/*.conf\n"),
    ("/etc/rsyslog.conf", "$IncludeConfig /etc/rsyslog.conf\ninclude(file=\"/etc/rsyslog.conf\")\n"),
    ("/etc/dnf/dnf.conf", "[main]\ninclude=file:///etc/dnf/dnf.conf\nreposdir=/etc/dnf /etc/yum.repos.d\n"),
    ("/etc/yum.repos.d/a.repo", "[a]\nbaseurl=$a$releasever\ninclude=a.repo\n"),
    (
        "/etc/systemd/system/a.service",
        "[Service]\nExecStart=/bin/true\n[Install]\nAlias=b.service a.service\nAlso=a.service b.service\nWantedBy=a.service\n",
    ),
    (
        "/etc/systemd/system/t@.service",
        "[Service]\nExecStart=/bin/%i\n[Install]\nDefaultInstance=%i%i\nWantedBy=t@%i.service\n",
    ),
    ("/etc/cloud/cloud.cfg", "a: &a [x, *a]\nb: &b\n  <<: *b\n  c: *b\nusers: *a\n"),
    ("/etc/cloud/cloud.cfg.d/1.cfg", "merge_how: [{name: list, settings: [append]}]\nssh_pwauth: &x {<<: *x}\n"),
    ("/etc/netplan/a.yaml", "network: &n\n  ethernets: *n\n"),
    ("/etc/default/grub", "GRUB_A=\"$GRUB_A$GRUB_A\"\n. /etc/default/grub\n"),
    ("/etc/profile", ". /etc/profile\nfor i in /etc/profile.d/*; do . $i; done\n"),
    ("/etc/postfix/main.cf", "mynetworks = $mynetworks $relayhost\nrelayhost = $mynetworks\n"),
    ("/etc/nftables.conf", "include \"/etc/nftables.conf\"\nchain a { jump a; }\n"),
    ("/etc/crontab", "* * * * * root . /etc/crontab\n"),
    ("/etc/nsswitch.conf", "passwd: files passwd\n"),
    ("/etc/fstab", "/ / none bind 0 0\n/x /x/x none bind 0 0\nUUID=x / ext4 defaults 0 0\n"),
];

#[test]
fn files_that_include_themselves_are_read_once_or_refused() {
    let yard = Yard::new();
    for (path, text) in CIRCLES {
        yard.file(path, text);
    }
    // Links that lead to themselves, each other, and what they lie in.
    for (path, target) in [
        ("/etc/systemd/system/loop.service", "loop.service"),
        ("/etc/systemd/system/b.service", "a.service"),
        ("/etc/systemd/system/c.service", "d.service"),
        ("/etc/systemd/system/d.service", "c.service"),
        ("/etc/systemd/system/a.service.d", "."),
        ("/etc/systemd/system/e.service.d", "e.service.d"),
        ("/etc/systemd/system/multi-user.target.wants", "../system"),
        ("/etc/systemd/system/default.target", "default.target"),
        ("/etc/systemd/system/x.target", "/etc/systemd/system/default.target"),
        ("/etc/init.d", "."),
        ("/etc/rc2.d", "/etc/rc2.d"),
        ("/etc/ssh/sshd_config.d/dir", "."),
        ("/etc/cloud/cloud.cfg.d/self", "."),
        ("/var/lib/cloud/instance", "instance"),
        ("/etc/pam.d/sudo", "sudo"),
        ("/etc/localtime", "localtime"),
        ("/boot/grub", "."),
        ("/home/loop", "."),
        ("/var/run", "/run"),
        ("/run", "/var/run"),
    ] {
        yard.link(path, target);
    }
    let found = yard.judged("");
    for id in ["SSH-01", "SSH-04", "ACC-07"] {
        assert_ne!(found.status(id), "pass", "{}", found.said(id));
    }
    yard.gone_through();
}

/// A file for each level, each including the next; the last one opens what the first has closed.
#[test]
fn sshd_takes_no_more_than_sixteen_includes_in_one_another() {
    for (depth, starts) in [(15, true), (17, false), (200, false)] {
        let yard = Yard::new();
        yard.file("/etc/ssh/sshd_config", "Include /etc/ssh/inc/1\nPasswordAuthentication no\n");
        for level in 1..=depth {
            yard.file(format!("/etc/ssh/inc/{level}"), format!("Include /etc/ssh/inc/{}\n", level + 1));
        }
        yard.file(format!("/etc/ssh/inc/{}", depth + 1), "PasswordAuthentication yes\n");
        let found = yard.judged("SSH-01");
        let said = found.said("SSH-01");
        assert_eq!(found.status("SSH-01") == "fail", starts, "{depth}: {said}");
        assert_ne!(found.status("SSH-01"), "pass", "{depth}: {said}");
        assert_eq!(yard.run(&["facts", "sshd"]).status.code() == Some(0), starts, "{depth}");
    }
}

#[test]
fn what_has_no_end_is_not_opened() {
    let yard = Yard::new();
    yard.device("/dev/zero").device("/etc/ssh/sshd_config.d/zero.conf").device("/etc/sudoers.d/zero");
    yard.device("/etc/cloud/cloud.cfg.d/zero.cfg").device("/etc/pam.d/zero").device("/etc/cron.d/zero");
    yard.add("/etc/ssh/sshd_config", "Include /dev/zero /dev/stdin /proc/kmsg\n");
    yard.add("/etc/sudoers", "@include /dev/zero\n").link("/etc/fstab", "/dev/zero").link("/etc/hosts", "/dev/zero");
    yard.gone_through();
}

#[test]
#[ignore = "takes many seconds; run by .ci/run"]
fn blocks_and_files_without_number_are_read_in_time() {
    let yard = Yard::new();
    let block = |number: usize| {
        format!(
            "Match User u{number},*a*b*c*d*e*,!x Address 10.{}.0.0/16,!10.1.1.1 Group g{number}\n  PasswordAuthentication yes\n",
            number % 256
        )
    };
    yard.add("/etc/ssh/sshd_config", &(0..100).map(block).collect::<String>());
    for number in 0..100 {
        yard.file(
            format!("/etc/ssh/sshd_config.d/{number}.conf"),
            format!("AllowUsers u{number} {}\n", "*a".repeat(200)),
        );
        yard.file(format!("/etc/sudoers.d/{number}"), format!("u{number} ALL=(ALL) NOPASSWD: ALL\n"));
        yard.file(format!("/etc/cron.d/{number}"), "* * * * * root /bin/true\n");
        yard.file(
            format!("/etc/cloud/cloud.cfg.d/{number}.cfg"),
            format!("a{number}: {{b: [1, 2]}}\nusers: [u{number}]\n"),
        );
        yard.file(format!("/etc/systemd/system/u{number}.service"), "[Install]\nWantedBy=multi-user.target\n");
    }
    let found = yard.judged("SSH-01,SSH-05");
    assert_eq!(found.status("SSH-05"), "fail", "{}", found.said("SSH-05"));
}

#[test]
fn yaml_that_multiplies_is_not_multiplied() {
    let yard = Yard::new();
    let (mut doubling, mut maps) = (String::new(), String::new());
    for level in 1..60 {
        let _ = writeln!(doubling, "a{level}: &a{level} [*a{0}, *a{0}, *a{0}]", level - 1);
        let _ = writeln!(maps, "m{level}: &m{level} {{<<: [*m{0}, *m{0}], x{level}: *m{0}}}", level - 1);
    }
    yard.file("/etc/cloud/cloud.cfg", format!("a0: &a0 [lol, lol]\n{doubling}ssh_pwauth: true\n"));
    yard.file("/etc/cloud/cloud.cfg.d/b.cfg", format!("m0: &m0 {{x: y}}\n{maps}"));
    yard.file("/etc/cloud/cloud.cfg.d/c.cfg", format!("{}x", "[".repeat(100_000)));
    yard.file("/etc/cloud/cloud.cfg.d/d.cfg", "- ".repeat(50_000));
    yard.file("/etc/netplan/a.yaml", format!("network: {}", "{a: ".repeat(50_000)));
    yard.gone_through();
}
