//! Configurations as distributions ship them, and everything that keeps cloud-init from running.

use crate::image::fixture::Fixture;

use super::*;

/// The `cloud.cfg` of Debian 12's cloud-init 22.4.2, shortened.
const DEBIAN_12: &str = r#"# The top level settings are used as module
# and system configuration.
users:
   - default

disable_root: true
preserve_hostname: false

apt:
   preserve_sources_list: true

# The modules that run in the 'init' stage
cloud_init_modules:
 - migrator
 - write-files
 - users-groups
 - ssh

cloud_config_modules:
 - [set-passwords, always]
 - grub-dpkg

cloud_final_modules:
 - package-update-upgrade-install
 - {name: keys-to-console, frequency: once}

system_info:
   distro: debian
   default_user:
     name: debian
     lock_passwd: True
     gecos: Debian
     groups: [adm, audio, sudo]
     sudo: ["ALL=(ALL) NOPASSWD:ALL"]
     shell: /bin/bash
   paths:
      cloud_dir: /var/lib/cloud/
   ssh_svcname: ssh
"#;

/// The logging drop-in every distribution ships: anchors with text blocks, aliases in lists.
const LOGGING: &str = "_log:\n - &log_base |\n   [loggers]\n   keys=root,cloudinit\n   \n - &log_file |\n   args=('/x', 'a', 'UTF-8')\n\
log_cfgs:\n# Array entries\n - [ *log_base, *log_file ]\noutput: {all: '| tee -a /var/log/cloud-init-output.log'}\n";

const UNITS: [&str; 4] = ["cloud-init-local", "cloud-init", "cloud-config", "cloud-final"];

fn root() -> Fixture {
    let root = Fixture::bare();
    root.file("/etc/cloud/cloud.cfg", DEBIAN_12)
        .file("/etc/cloud/cloud.cfg.d/05_logging.cfg", LOGGING)
        .file(
            "/etc/cloud/cloud.cfg.d/90_dpkg.cfg",
            "# to update this file, run dpkg-reconfigure cloud-init\ndatasource_list: [ NoCloud, Ec2, None ]\n",
        )
        .file("/etc/cloud/cloud.cfg.d/README", "not: read\n")
        .file(
            "/var/lib/dpkg/status",
            "Package: cloud-init\nStatus: install ok installed\nArchitecture: all\nVersion: 22.4.2-1+deb12u2\n",
        );
    for unit in UNITS {
        root.file(&format!("/usr/lib/systemd/system/{unit}.service"), "[Install]\nWantedBy=cloud-init.target\n").link(
            &format!("/etc/systemd/system/cloud-init.target.wants/{unit}.service"),
            &format!("/lib/systemd/system/{unit}.service"),
        );
    }
    root
}

fn read(root: &Fixture) -> CloudInit {
    CloudInit::read(&root.image()).unwrap()
}

fn why(root: &Fixture) -> String {
    match read(root).runs {
        Runs::Disabled(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn debian_12_as_shipped() {
    let cloud_init = read(&root());
    assert_eq!(cloud_init.runs, Runs::Yes);
    assert_eq!(cloud_init.broken, []);
    assert_eq!(cloud_init.version, Some((22, 4)));
    assert_eq!(cloud_init.default_user(), Some("debian"));
    assert_eq!(cloud_init.datasources(), Some(vec!["NoCloud", "Ec2", "None"]));
    assert_eq!(cloud_init.get(&["disable_root"]), Some(&Value::Bool(true)));
    assert_eq!(cloud_init.get(&["system_info", "default_user", "lock_passwd"]), Some(&Value::Bool(true)));
    assert_eq!(cloud_init.get(&["not"]), None);
    let origin = cloud_init.origin("datasource_list").unwrap();
    assert_eq!((origin.path.to_str(), origin.line), (Some("/etc/cloud/cloud.cfg.d/90_dpkg.cfg"), 2));
    assert_eq!(cloud_init.origin("disable_root").unwrap().line, 6);
    let base = "[loggers]\nkeys=root,cloudinit\n";
    let Some(Value::List(logs)) = cloud_init.get(&["log_cfgs"]) else { panic!("no log_cfgs") };
    assert!(matches!(&logs[..], [Value::List(one)] if one[0] == Value::Text(base.into())), "{logs:?}");
}

#[test]
fn modules_are_found_in_every_list_and_spelling() {
    let cloud_init = read(&root());
    for module in ["ssh", "users_groups", "users-groups", "set_passwords", "keys-to-console", "cc_ssh"] {
        assert!(cloud_init.has_module(module), "{module}");
    }
    assert!(!cloud_init.has_module("ssh-import-id"));
}

#[test]
fn the_default_user_needs_the_default_entry() {
    let user = |text: &str| {
        let root = root();
        root.file("/etc/cloud/cloud.cfg.d/99.cfg", text);
        read(&root).default_user().map(str::to_owned)
    };
    assert_eq!(user("users: []\n"), None);
    assert_eq!(user("users: [bob, {name: eve}]\n"), None);
    assert_eq!(user("users: [bob, default]\n").as_deref(), Some("debian"));
    assert_eq!(user("users: bob, default\n").as_deref(), Some("debian"));
    assert_eq!(user("users: {default: true}\n").as_deref(), Some("debian"));
    assert_eq!(user("system_info: {default_user: {name: admin}}\n").as_deref(), Some("admin"));
    assert_eq!(user("user: ec2-user\n").as_deref(), Some("ec2-user"));
    assert_eq!(user("user: {name: ec2-user}\n").as_deref(), Some("ec2-user"));
}

#[test]
fn not_installed() {
    assert_eq!(read(&Fixture::bare()).runs, Runs::NotInstalled);
    let root = root();
    root.remove("/var/lib/dpkg/status");
    assert_eq!(read(&root).runs, Runs::NotInstalled);
    root.file("/usr/bin/cloud-init", "#!/usr/bin/python3\n");
    assert_eq!(read(&root).runs, Runs::Yes);
}

#[test]
fn each_way_to_keep_it_from_running_is_named() {
    for (path, text, reason) in [
        ("/etc/cloud/cloud-init.disabled", "", "/etc/cloud/cloud-init.disabled is there"),
        (
            "/etc/default/grub",
            "GRUB_CMDLINE_LINUX=\"quiet cloud-init=disabled\"\n",
            "/etc/default/grub says cloud-init=disabled",
        ),
        (
            "/boot/loader/entries/a.conf",
            "options root=x cloud-init=disabled\n",
            "/boot/loader/entries/a.conf says cloud-init=disabled",
        ),
        (
            "/boot/grub2/grubenv",
            "kernelopts=cloud-init=disabled root=x\n",
            "/boot/grub2/grubenv says cloud-init=disabled",
        ),
        (
            "/etc/cloud/cloud.cfg.d/99.cfg",
            "datasource_list: [ None ]\n",
            "/etc/cloud/cloud.cfg.d/99.cfg says datasource_list: [ None ]",
        ),
        ("/etc/cloud/ds-identify.cfg", "policy: disabled\n", "/etc/cloud/ds-identify.cfg says policy: disabled"),
        ("/etc/systemd/system/cloud-config.service", "", "cloud-config.service is masked"),
        ("/etc/systemd/system/cloud-init.target", "", "cloud-init.target is masked"),
    ] {
        let root = root();
        root.file(path, text);
        assert_eq!(why(&root), reason);
    }
    let root = root();
    root.remove("/etc/systemd/system/cloud-init.target.wants/cloud-final.service");
    assert_eq!(why(&root), "cloud-final.service is disabled");
}

#[test]
fn the_command_line_may_enable_what_a_file_disables() {
    let root = root();
    root.file("/etc/cloud/cloud-init.disabled", "").file("/etc/kernel/cmdline", "root=x cloud-init=enabled\n");
    assert_eq!(read(&root).runs, Runs::Yes);
}

#[test]
fn the_names_since_24_3() {
    let root = root();
    for unit in ["cloud-init-main", "cloud-init-network"] {
        root.file(&format!("/usr/lib/systemd/system/{unit}.service"), "[Install]\nWantedBy=cloud-init.target\n");
    }
    assert_eq!(why(&root), "cloud-init-main.service is disabled");
}

#[test]
fn a_broken_file_is_named_and_the_rest_counts() {
    let root = root();
    root.file("/etc/cloud/cloud.cfg.d/99.cfg", "users: [\n");
    let cloud_init = read(&root);
    assert_eq!(cloud_init.broken[0].0.to_str(), Some("/etc/cloud/cloud.cfg.d/99.cfg"));
    assert_eq!(cloud_init.default_user(), Some("debian"));
}

#[test]
fn a_file_that_cannot_be_looked_at_is_an_error() {
    let large = root();
    large.file("/etc/cloud/cloud.cfg.d/99.cfg", vec![b'#'; (1 << 20) + 1]);
    assert!(CloudInit::read(&large.image()).is_err());
    let pipe = root();
    pipe.fifo("/etc/cloud/cloud.cfg.d/98.cfg");
    assert_eq!(read(&pipe).runs, Runs::Yes);
}

#[test]
fn another_directory_of_parts_may_be_named() {
    let root = root();
    root.file("/etc/cloud/cloud.cfg", format!("{DEBIAN_12}conf_d: /etc/parts\n"))
        .file("/etc/parts/a.cfg", "disable_root: no\n");
    let cloud_init = read(&root);
    assert_eq!(cloud_init.get(&["disable_root"]), Some(&Value::Bool(false)));
    assert_eq!(cloud_init.datasources(), None);
}

#[test]
fn no_password_leaves() {
    let root = root();
    root.file(
        "/etc/cloud/cloud.cfg.d/99.cfg",
        "password: hunter2hunter2\nchpasswd: {list: ['root:hunter2hunter2'], expire: false}\n\
         users: [{name: a, hashed_passwd: $6$hunter2hunter2}]\nssh_keys: {rsa_private: hunter2hunter2}\n",
    );
    let cloud_init = read(&root);
    assert!(!format!("{cloud_init:?}").contains("hunter2"));
    assert_eq!(cloud_init.get(&["chpasswd", "expire"]), Some(&Value::Bool(false)));
}
