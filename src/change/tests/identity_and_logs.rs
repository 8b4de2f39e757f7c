//! Every guideline on identity and logs: it fails on what a build leaves, its remedy mends that, and what distributions
//! deliver passes.

use crate::catalogue::Catalogue;
use crate::change::Remedy;
use crate::change::trial::{mended, remedy_of};
use crate::check::Status;
use crate::check::trial::judged;
use crate::image::fixture::Fixture;

/// What builds leave, by guideline: paths, each of which fails by itself.
const MESS: [(&str, &[&str]); 17] = [
    ("IDN-01", &["/etc/machine-id"]),
    ("IDN-02", &["/var/lib/dbus/machine-id"]),
    (
        "IDN-03",
        &[
            "/var/lib/systemd/random-seed",
            "/var/lib/random-seed",
            "/var/lib/urandom/random-seed",
            "/boot/efi/loader/random-seed",
        ],
    ),
    ("IDN-04", &["/etc/hostname", "/etc/mailname"]),
    (
        "IDN-05",
        &[
            "/var/lib/dhclient/dhclient--eth0.lease",
            "/var/lib/dhcp/dhclient.eth0.leases",
            "/var/lib/dhcpcd/duid",
            "/var/lib/NetworkManager/internal-0123-eth0.lease",
            "/var/lib/NetworkManager/secret_key",
            "/var/lib/NetworkManager/timestamps",
            "/var/lib/wicked/duid.xml",
            "/var/lib/systemd/network/x",
        ],
    ),
    ("IDN-08", &["/var/lib/cloud/instance"]),
    ("IDN-10", &["/var/lib/yum/uuid", "/var/lib/rpm/__db.001", "/var/cache/yum/x86_64/2/a/.gpgkeyschecked.yum"]),
    ("LOG-01", &["/var/log/syslog", "/var/log/nginx/access.log.2.gz"]),
    (
        "LOG-02",
        &[
            "/var/log/wtmp",
            "/var/log/btmp",
            "/var/log/lastlog",
            "/var/lib/wtmpdb/wtmp.db",
            "/var/lib/lastlog/lastlog2.db",
        ],
    ),
    ("LOG-03", &["/var/log/journal/0123/system.journal", "/var/log/journal/remote/remote-a.journal"]),
    ("LOG-04", &["/var/log/audit/audit.log", "/var/log/audit/audit.log.1"]),
    ("LOG-05", &["/var/log/cloud-init.log", "/var/log/cloud-init-output.log"]),
    (
        "LOG-06",
        &["/var/log/sa/sa22", "/var/log/sysstat/sa22", "/var/log/pcp/pmlogger/host/a.0", "/var/log/atop/atop_20261122"],
    ),
    (
        "LOG-08",
        &[
            "/var/spool/cron/ann",
            "/var/spool/cron/crontabs/ann",
            "/var/spool/cron/tabs/ann",
            "/var/spool/cron/atjobs/a0000101",
            "/var/spool/at/a0000101",
            "/home/admin/.config/systemd/user/sync.timer",
        ],
    ),
    (
        "LOG-09",
        &[
            "/var/crash/127.0.0.1-2026/vmcore",
            "/var/lib/systemd/coredump/core.x.zst",
            "/var/spool/abrt/a/coredump",
            "/root/core.123",
        ],
    ),
    (
        "LOG-14",
        &[
            "/var/lib/rsyslog/imjournal.state",
            "/var/lib/logrotate/status",
            "/var/lib/sudo/ts/ann",
            "/var/lib/sudo/lectured/ann",
        ],
    ),
    ("LOG-16", &["/etc/.updated", "/var/.updated"]),
];

/// More of it, with what else has to be there.
const MAIL: [&str; 5] = [
    "/var/mail/root",
    "/var/spool/postfix/deferred/A/A1",
    "/var/spool/exim4/input/1-H",
    "/var/spool/mqueue/q1",
    "/root/mbox",
];
const DEBRIS: [&str; 5] = [
    "/root/.cache/pip/a",
    "/home/admin/.vscode-server/x",
    "/home/admin/.npm/_logs/a",
    "/root/.claude/history",
    "/root/.cargo/registry/a",
];

fn fails_and_is_mended(id: &str, path: &str) {
    let fixture = Fixture::debian();
    fixture.file(path, "0123456789abcdef0123456789abcdef\n");
    assert_eq!(judged(&fixture.image(), id).status, Status::Fail, "{id} {path}");
    let after = mended(&fixture.image(), id);
    let name = std::path::Path::new(path);
    let left = after.stat(name).unwrap().is_some_and(|meta| meta.size > 0);
    assert!(!left || path == "/etc/mailname" || path == "/var/lib/dbus/machine-id", "{id} {path}");
}

#[test]
fn what_a_build_leaves_fails_and_is_mended() {
    for (id, paths) in MESS {
        for path in paths {
            fails_and_is_mended(id, path);
        }
    }
    for path in MAIL {
        fails_and_is_mended("LOG-07", path);
    }
    for path in DEBRIS {
        fails_and_is_mended("LOG-13", path);
    }
}

#[test]
fn directories_that_services_do_not_make_stay() {
    let fixture = Fixture::debian();
    let kept = [
        ("LOG-03", "/var/log/journal", "0123/system.journal"),
        ("LOG-04", "/var/log/audit", "audit.log"),
        ("LOG-06", "/var/log/pcp/pmlogger", "a.0"),
        ("LOG-07", "/var/spool/postfix/deferred", "A1"),
        ("LOG-08", "/var/spool/cron/crontabs", "ann"),
        ("LOG-09", "/var/crash", "a.crash"),
        ("LOG-10", "/var/tmp", "a"),
    ];
    for (id, directory, file) in kept {
        fixture.file(&format!("{directory}/{file}"), "x").mode(directory, 0o1770);
        let after = mended(&fixture.image(), id);
        assert_eq!(after.stat(directory.as_ref()).unwrap().unwrap().mode, 0o1770, "{id}");
    }
}

/// What fresh images of the distributions have in these places.
fn stock() -> Fixture {
    let fixture = Fixture::debian();
    for path in [
        "/etc/machine-id",
        "/var/log/wtmp",
        "/var/log/btmp",
        "/var/log/lastlog",
        "/var/log/cloud-init.log",
        "/var/spool/mail/ec2-user",
        "/var/spool/cron/atjobs/.SEQ",
        "/var/spool/at/.SEQ",
        "/var/lib/logrotate/logrotate.status",
    ] {
        fixture.file(path, "");
    }
    for path in [
        "/var/log/journal/remote",
        "/var/log/audit",
        "/var/log/sa",
        "/var/log/pcp/pmcd",
        "/var/spool/postfix/deferred/A",
        "/var/spool/cron/crontabs",
        "/var/spool/at/spool",
        "/var/lib/NetworkManager",
        "/var/lib/systemd/coredump",
        "/var/lib/sudo/lectured",
        "/var/lib/samba/private",
        "/tmp/.X11-unix",
        "/var/tmp",
    ] {
        fixture.directory(path);
    }
    fixture
        .file("/etc/hostname", "localhost\n")
        .file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost\n")
        .file("/etc/locale.conf", "LANG=en_US.UTF-8\n")
        .file("/etc/iscsi/initiatorname.iscsi", "GenerateName=yes\n")
        .file("/etc/multipath/wwids", "# Multipath wwids, Version : 1.0\n")
        .file("/etc/fstab", "UUID=0123 / ext4 defaults 0 1\n")
        .file("/etc/cron.d/sysstat", "5-55/10 * * * * root debian-sa1 1 1\n")
        .file("/etc/aliases.db", "x")
        .file("/var/lib/NetworkManager/NetworkManager.state", "[main]\nNetworkingEnabled=true\n")
        .file("/var/spool/postfix/etc/resolv.conf", "nameserver 127.0.0.53\n")
        .file("/root/.bashrc", "alias ll='ls -l'\n");
    fixture.link("/var/mail", "spool/mail").link("/var/lib/dbus/machine-id", "/etc/machine-id");
    fixture
}

#[test]
fn what_distributions_deliver_passes() {
    let fixture = stock();
    let image = fixture.image();
    for guideline in Catalogue::built_in().unwrap().guidelines {
        let id = guideline.id.as_str();
        if id.starts_with("IDN-") || id.starts_with("LOG-") {
            let finding = judged(&image, id);
            assert!(matches!(finding.status, Status::Pass | Status::NotApplicable), "{id}: {finding:?}");
        }
    }
}

#[test]
fn a_mailbox_is_counted_once() {
    for (real, link, target) in
        [("/var/mail", "/var/spool/mail", "../mail"), ("/var/spool/mail", "/var/mail", "spool/mail")]
    {
        let fixture = Fixture::debian();
        fixture.file(&format!("{real}/root"), "From x\n").link(link, target);
        assert_eq!(judged(&fixture.image(), "LOG-07").observations.len(), 1, "{real}");
    }
}

#[test]
fn what_may_be_the_product_is_for_a_person() {
    let fixture = Fixture::debian();
    fixture.file("/var/lib/samba/private/secrets.tdb", "x").file("/var/lib/dhcpd/dhcpd.leases", "x");
    assert_eq!(judged(&fixture.image(), "LOG-15").observations.len(), 2);
    assert!(matches!(remedy_of(&fixture.image(), "LOG-15"), Some(Remedy::ByHand(_))));
    for path in ["/var/account/pacct", "/var/log/account/pacct.1", "/etc/blkid.tab", "/etc/smolt/hw-uuid"] {
        fails_and_is_mended("LOG-15", path);
    }
}

#[test]
fn a_place_that_cannot_be_read_is_unknown() {
    for (id, path) in [("LOG-12", "/etc/fstab"), ("IDN-11", "/etc/multipath/wwids")] {
        let fixture = Fixture::debian();
        fixture.fifo(path);
        assert_eq!(judged(&fixture.image(), id).status, Status::Unknown, "{id}");
    }
}
