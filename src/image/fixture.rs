//! Small image roots for tests, built in a temporary directory.

#![expect(clippy::disallowed_methods, reason = "a fixture is made from outside, before it is opened as an image")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Image;

/// A root directory for tests, removed when dropped. Paths are absolute paths inside it; parents are made as needed.
pub(crate) struct Fixture {
    directory: tempfile::TempDir,
}

impl Fixture {
    /// The least that opens as an image: `/etc` and `/usr`, nothing in them.
    pub(crate) fn bare() -> Self {
        let fixture = Self { directory: tempfile::tempdir().expect("a temporary directory") };
        fixture.directory("/etc").directory("/usr/bin");
        fixture
    }

    /// A small Debian 12: os-release, three accounts (`root`, `daemon`, `admin` with a home and sudo), all locked.
    pub(crate) fn debian() -> Self {
        let fixture = Self::bare();
        fixture
            .file("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")
            .file(
                "/etc/passwd",
                "root:x:0:0:root:/root:/bin/bash\n\
                 daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
                 admin:x:1000:1000:Debian:/home/admin:/bin/bash\n",
            )
            .file(
                "/etc/shadow",
                "root:*:20000:0:99999:7:::\ndaemon:*:20000:0:99999:7:::\nadmin:!*:20000:0:99999:7:::\n",
            )
            .mode("/etc/shadow", 0o640)
            .file("/etc/group", "root:x:0:\ndaemon:x:1:\nsudo:x:27:admin\nadmin:x:1000:\n")
            .file("/etc/gshadow", "root:*::\ndaemon:*::\nsudo:*::admin\nadmin:!::\n")
            .mode("/etc/gshadow", 0o640)
            .file("/bin/bash", "\x7fELF")
            .mode("/bin/bash", 0o755)
            .file("/usr/sbin/nologin", "\x7fELF")
            .mode("/usr/sbin/nologin", 0o755)
            .directory("/root")
            .directory("/home/admin");
        fixture
    }

    /// cloud-init, enabled, with `user` as its default user and sudo for them.
    pub(crate) fn cloud_init(&self, user: &str) -> &Self {
        let config = format!(
            "users:\n  - default\ndisable_root: true\ncloud_init_modules:\n  - seed_random\n  - users-groups\n  - ssh\n\
             cloud_config_modules:\n  - set-passwords\ncloud_final_modules:\n  - final-message\n\
             system_info:\n  distro: debian\n  default_user:\n    name: {user}\n    lock_passwd: true\n    \
             sudo: [\"ALL=(ALL) NOPASSWD:ALL\"]\n    shell: /bin/bash\n"
        );
        self.file("/etc/cloud/cloud.cfg", config).file("/usr/bin/cloud-init", "#!/usr/bin/python3\n");
        self.mode("/usr/bin/cloud-init", 0o755).file("/usr/bin/sudo", "\x7fELF").mode("/usr/bin/sudo", 0o4755);
        for (unit, target) in [
            ("cloud-init-local.service", "cloud-init.target"),
            ("cloud-init.service", "cloud-init.target"),
            ("cloud-config.service", "cloud-init.target"),
            ("cloud-final.service", "cloud-init.target"),
            ("cloud-init.target", "multi-user.target"),
        ] {
            let path = format!("/usr/lib/systemd/system/{unit}");
            let link = format!("/etc/systemd/system/{target}.wants/{unit}");
            self.file(&path, format!("[Unit]\nDescription={unit}\n[Install]\nWantedBy={target}\n"));
            if !self.outside(&link).is_symlink() {
                self.link(&link, &path);
            }
        }
        self
    }

    /// systemd-networkd, enabled, with DHCP for every wired card.
    pub(crate) fn dhcp(&self) -> &Self {
        let unit = "/usr/lib/systemd/system/systemd-networkd.service";
        self.file(unit, "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n");
        self.link("/etc/systemd/system/multi-user.target.wants/systemd-networkd.service", unit);
        self.file("/etc/systemd/network/80-dhcp.network", "[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n")
    }

    /// OpenSSH as dpkg knows it, with Debian's service unit, not enabled.
    pub(crate) fn openssh(&self, version: &str) -> &Self {
        let status = format!(
            "Package: openssh-server\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: Debian\n\
             Version: 1:{version}-2+deb12u1\n"
        );
        self.file("/var/lib/dpkg/status", status).file(
            "/usr/lib/systemd/system/ssh.service",
            "[Service]\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n",
        )
    }

    /// Writes a file, mode 0644.
    pub(crate) fn file(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let outside = self.outside(path);
        std::fs::create_dir_all(outside.parent().expect("a file is in a directory")).expect("parents");
        std::fs::write(outside, text).expect("a file");
        self.mode(path, 0o644)
    }

    /// Makes a directory.
    pub(crate) fn directory(&self, path: &str) -> &Self {
        std::fs::create_dir_all(self.outside(path)).expect("a directory");
        self
    }

    /// Makes a symbolic link.
    pub(crate) fn link(&self, path: &str, target: &str) -> &Self {
        let outside = self.outside(path);
        std::fs::create_dir_all(outside.parent().expect("a link is in a directory")).expect("parents");
        std::os::unix::fs::symlink(target, outside).expect("a link");
        self
    }

    /// Makes a FIFO: what a check that reads it would hang on.
    pub(crate) fn fifo(&self, path: &str) -> &Self {
        let outside = self.outside(path);
        std::fs::create_dir_all(outside.parent().expect("a FIFO is in a directory")).expect("parents");
        nix::unistd::mkfifo(&outside, nix::sys::stat::Mode::from_bits_truncate(0o644)).expect("a FIFO");
        self
    }

    /// Changes the mode of what is there.
    pub(crate) fn mode(&self, path: &str, mode: u32) -> &Self {
        std::fs::set_permissions(self.outside(path), std::fs::Permissions::from_mode(mode)).expect("a mode");
        self
    }

    /// Removes a file or link.
    pub(crate) fn remove(&self, path: &str) -> &Self {
        std::fs::remove_file(self.outside(path)).expect("a file to remove");
        self
    }

    /// The bytes of a file.
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.outside(path)).expect("a file to read")
    }

    /// The path on this machine of a path inside the root.
    pub(crate) fn outside(&self, path: &str) -> PathBuf {
        self.directory.path().join(path.trim_start_matches('/'))
    }

    /// The root's path on this machine.
    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// The root opened as an offline image.
    pub(crate) fn image(&self) -> Image {
        Image::open(self.root()).expect("a fixture opens as an image")
    }
}
