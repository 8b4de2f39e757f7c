//! Things that are no regular files where files are read, and files without end.

use super::yard::Yard;

/// What is read, in a line for each reader.
const READ: [&str; 44] = [
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/os-release",
    "/etc/machine-id",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/fstab",
    "/etc/sudoers",
    "/etc/sudoers.d/x",
    "/etc/login.defs",
    "/etc/ssh/sshd_config",
    "/etc/ssh/sshd_config.d/x.conf",
    "/etc/ssh/ssh_host_rsa_key",
    "/etc/ssh/ssh_host_rsa_key.pub",
    "/etc/cloud/cloud.cfg",
    "/etc/cloud/cloud.cfg.d/x.cfg",
    "/etc/pam.d/sshd",
    "/etc/crontab",
    "/etc/cron.d/x",
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/x.sources",
    "/etc/apt/apt.conf.d/x",
    "/etc/netplan/x.yaml",
    "/etc/network/interfaces",
    "/etc/systemd/system/x.service",
    "/etc/systemd/network/x.network",
    "/etc/default/grub",
    "/etc/resolv.conf",
    "/etc/motd",
    "/etc/environment",
    "/etc/profile.d/x.sh",
    "/var/lib/dpkg/status",
    "/var/log/syslog",
    "/var/log/wtmp",
    "/var/lib/systemd/random-seed",
    "/root/.bash_history",
    "/root/.ssh/authorized_keys",
    "/root/.ssh/id_rsa",
    "/root/.aws/credentials",
    "/root/.docker/config.json",
    "/boot/initrd.img-x",
    "/tmp/x",
];

#[test]
fn fifos_in_place_of_files_hold_nothing_up() {
    let yard = Yard::new();
    for path in READ {
        yard.fifo(path);
    }
    let found = yard.judged("");
    assert_ne!(found.with("unknown").len(), 0);
    for id in ["ACC-02", "SSH-01"] {
        assert_eq!(found.status(id), "unknown", "{}", found.said(id));
    }
    yard.gone_through();
}

#[test]
fn devices_in_place_of_files_are_not_opened() {
    let yard = Yard::new();
    for path in READ {
        yard.device(path);
    }
    yard.gone_through();
}

#[test]
fn directories_and_circles_in_place_of_files_are_none() {
    let yard = Yard::new();
    for (number, path) in READ.into_iter().enumerate() {
        if number % 2 == 0 {
            yard.directory(path);
        } else {
            yard.link(path, path);
        }
    }
    yard.gone_through();
}

#[test]
#[ignore = "takes many seconds; run by .ci/run"]
fn sparse_files_of_four_gigabytes_are_not_read_whole() {
    let yard = Yard::new();
    for path in READ {
        yard.sparse(path, 4 << 30);
    }
    let found = yard.judged("");
    for id in ["ACC-02", "SSH-01"] {
        assert_eq!(found.status(id), "unknown", "{}", found.said(id));
    }
    yard.run(&["apply", "--all", "--yes"]);
}

#[test]
fn directories_in_one_another_come_to_an_end() {
    let yard = Yard::new();
    let deep = |path: &str, levels: usize| format!("{path}{}", "/d".repeat(levels));
    for path in ["/var/log", "/tmp", "/root/.cache", "/home/admin", "/opt", "/etc/ssh/sshd_config.d"] {
        yard.file(format!("{}/x.conf", deep(path, 400)), "PASSWORD=Tr0ub4dor3x\n");
    }
    yard.gone_through();
}
