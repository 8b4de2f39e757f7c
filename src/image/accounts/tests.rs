//! Account files, plain and odd.

use proptest::prelude::*;

use super::super::fixture::Fixture;
use super::super::{Node, Overlay};
use super::*;

const SHA512: &str =
    "$6$saltsalt$zt8bMy0Ff9PBfSwkGmjbGvDNgPcMqpRQaY1Q7bCWcMVRbdPRvMKHiHXsAXRUFhFPOWM1SnmT5vJVzGjQEFSV2.";

#[test]
fn password_fields_are_classified() {
    let hash = |locked, scheme| Password::Hash { locked, scheme };
    for (field, wanted) in [
        ("", Password::Empty),
        ("*", Password::Locked),
        ("!", Password::Locked),
        ("!!", Password::Locked),
        ("!*", Password::Locked),
        ("*LK*", Password::Locked),
        ("*LOCK*", Password::Locked),
        ("!locked", Password::Locked),
        ("x", Password::Junk),
        ("nonsense", Password::Junk),
        ("$6$", hash(false, "SHA-512")),
        ("$6", Password::Junk),
        (SHA512, hash(false, "SHA-512")),
        (&format!("!{SHA512}"), hash(true, "SHA-512")),
        (&format!("!!{SHA512}"), hash(true, "SHA-512")),
        (&format!("*{SHA512}"), hash(true, "SHA-512")),
        ("$y$j9T$salt$hash", hash(false, "yescrypt")),
        ("$gy$j9T$salt$hash", hash(false, "gost-yescrypt")),
        ("$7$CU..../....salt$hash", hash(false, "scrypt")),
        ("$5$rounds=5000$salt$hash", hash(false, "SHA-256")),
        ("$2a$05$salthash", hash(false, "bcrypt")),
        ("$2b$05$salthash", hash(false, "bcrypt")),
        ("!$2y$05$salthash", hash(true, "bcrypt")),
        ("$1$salt$hash", hash(false, "MD5")),
        ("$sha1$40000$salt$hash", hash(false, "SHA-1")),
        ("$md5,rounds=904$salt$$hash", hash(false, "Sun MD5")),
        ("$3$$8846f7eaee8fb117ad06bdd830b7586c", hash(false, "NT")),
        ("$new$salt$hash", hash(false, "an unknown method")),
        ("ab1FGH./xyzAB", hash(false, "DES")),
        ("!ab1FGH./xyzAB", hash(true, "DES")),
        ("_J9..CCCCXBrJUJV154M", hash(false, "BSDi DES")),
    ] {
        assert_eq!(Password::of_shadow(field.as_bytes()), wanted, "{field}");
    }
    assert_eq!(Password::of(b"x"), Password::Shadowed);
}

#[test]
fn a_plain_image() {
    let root = Fixture::debian();
    let image = root.image();
    let accounts = image.accounts().unwrap();
    assert_eq!(accounts.users.len(), 3);
    let admin = accounts.user("admin").unwrap();
    assert_eq!((admin.uid, admin.line, admin.password), (1000, 3, Password::Shadowed));
    assert_eq!(admin.shadow.unwrap().password, Password::Locked);
    assert_eq!((admin.shadow.unwrap().last_change, admin.shadow.unwrap().expires), (Some(20000), None));
    assert_eq!(accounts.groups_of("admin"), ["admin", "sudo"]);
    assert_eq!(accounts.login_users().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["root", "admin"]);
    let homes: Vec<_> = accounts.homes.iter().map(|home| (home.path.to_str().unwrap(), home.user.as_deref())).collect();
    assert_eq!(homes, [("/home/admin", Some("admin")), ("/root", Some("root"))]);
    assert!(accounts.odd_lines.is_empty() && accounts.strays.is_empty());
    assert_eq!((accounts.shadow.clone(), accounts.gshadow.clone(), accounts.uid_min), (Ok(()), Ok(()), 1000));
}

#[test]
fn odd_lines_are_noted_and_what_can_be_used_is() {
    let root = Fixture::debian();
    let passwd = b"root:x:0:0:root:/root:/bin/bash\n\
        # a comment\n\
        \n\
        +::::::\n\
        short:x:1\n\
        letters:x:abc:1::/:/bin/sh\n\
        \x20 toor:x:+0:0::/root:/bin/sh\n\
        long:x:7:7::/:/bin/sh:more\n\
        crlf:x:8:8::/:/bin/sh\r\n\
        j\xf6rg:x:9:9:J\xf6rg:/home/j\xf6rg:/bin/sh\n\
        latin:x:10:10:J\xf6rg:/:/bin/sh\n\
        huge:x:4294967296:1::/:/bin/sh\n\
        last:x:11:11::/:/sbin/nologin";
    root.file("/etc/passwd", passwd);
    let image = root.image();
    let accounts = image.accounts().unwrap();
    let names: Vec<_> = accounts.users.iter().map(|user| (user.name.as_str(), user.uid)).collect();
    let wanted = [("root", 0), ("toor", 0), ("long", 7), ("crlf", 8), ("j\u{fffd}rg", 9), ("latin", 10), ("last", 11)];
    assert_eq!(names, wanted);
    let odd: Vec<_> = accounts.odd_lines.iter().map(|(path, line)| (path.to_str().unwrap(), *line)).collect();
    assert_eq!(odd, [2, 3, 4, 5, 6, 7, 8, 9, 10, 12].map(|line| ("/etc/passwd", line)));
    assert_eq!(accounts.user("crlf").unwrap().shell, Path::new("/bin/sh"));
    assert_eq!(accounts.user("long").unwrap().shell, Path::new("/bin/sh:more"));
}

#[test]
fn hashes_that_nobody_uses_are_still_there() {
    let root = Fixture::debian();
    root.file("/etc/shadow", format!("root:*:1::::::\nroot:{SHA512}:1::::::\ngone:{SHA512}:1::::::\n#old:{SHA512}:\n"));
    root.file("/etc/gshadow", "sudo:!::admin\ngone:!::\n").file("/etc/group", "sudo:ab1FGH./xyzAB:27:admin, ann,\n");
    let image = root.image();
    let accounts = image.accounts().unwrap();
    let hash = |scheme| Password::Hash { locked: false, scheme };
    let strays: Vec<_> =
        accounts.strays.iter().map(|stray| (stray.name.as_str(), stray.line, stray.password)).collect();
    let wanted = [
        ("root", 2, hash("SHA-512")),
        ("gone", 3, hash("SHA-512")),
        ("#old", 4, hash("SHA-512")),
        ("gone", 2, Password::Locked),
    ];
    assert_eq!(strays, wanted);
    assert_eq!(accounts.groups[0].password, hash("DES"));
    assert_eq!(accounts.groups[0].members, ["admin", "ann"]);
    assert_eq!(accounts.user("admin").unwrap().shadow, None);
    assert!(!format!("{accounts:?}").contains("zt8bMy0F"));
}

#[test]
fn unreadable_files_are_told_apart_from_missing_ones() {
    let root = Fixture::debian();
    root.remove("/etc/shadow").fifo("/etc/shadow").remove("/etc/gshadow");
    let image = root.image();
    let accounts = image.accounts().unwrap();
    assert_eq!(
        accounts.shadow.clone().unwrap_err().to_string(),
        "cannot read /etc/shadow: it is a FIFO, not a regular file"
    );
    assert_eq!(accounts.gshadow, Ok(()));
    assert!(accounts.users.iter().all(|user| user.shadow.is_none()));
    root.remove("/etc/passwd");
    assert!(root.image().accounts().unwrap_err().to_string().contains("/etc/passwd: it is not there"));
}

#[test]
fn homes_are_each_found_once() {
    let root = Fixture::debian();
    root.file(
        "/etc/passwd",
        "root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root/:/bin/bash\nbin:x:2:2::/bin:/sbin/nologin\n\
         jenkins:x:3:3::/var/lib/jenkins:/bin/sh\nann:x:1001:1001::/home/ann:/bin/sh\nbob:x:1002:1002::/data/bob:/bin/sh\n\
         nobody:x:65534:65534::/nonexistent:/bin/sh\neve:x:1003:1003::/home/../:/bin/sh\nsync:x:4:4::relative:/bin/sync\n\
         run:x:5:5::/run/sshd:/bin/sh\nfile:x:6:6::/etc/passwd:/bin/sh\nloop:x:7:7::/home/loop:/bin/sh\n",
    );
    root.directory("/var/lib/jenkins").directory("/data/bob").directory("/home/left").directory("/run/sshd");
    root.directory("/relative").directory("/nonexistent");
    root.link("/home/ann", "/data/ann")
        .directory("/data/ann")
        .link("/home/bob", "/data/bob")
        .link("/home/loop", "loop");
    root.link("/home/out", "/etc");
    let image = root.image();
    let homes: Vec<_> = image
        .accounts()
        .unwrap()
        .homes
        .iter()
        .map(|home| (home.path.to_str().unwrap(), home.user.as_deref()))
        .collect();
    let wanted = [
        ("/data/bob", Some("bob")),
        ("/home/admin", None),
        ("/home/ann", Some("ann")),
        ("/home/left", None),
        ("/root", Some("root")),
        ("/var/lib/jenkins", Some("jenkins")),
    ];
    assert_eq!(homes, wanted);
    let mut overlay = Overlay::default();
    overlay.put("/home/left", None);
    overlay.put("/home/new", Some(Node::Directory { mode: 0o700, uid: 0, gid: 0 }));
    let drafted = image.drafted(overlay);
    let has = |path: &str| drafted.accounts().unwrap().homes.iter().any(|home| home.path == Path::new(path));
    assert!(!has("/home/left") && has("/home/new"));
}

#[test]
fn uid_min_is_read_as_the_tools_do() {
    assert_eq!(lines::uid_min("# UID_MIN 5\nUID_MIN\t\t 500\n"), Some(500));
    assert_eq!(lines::uid_min("UID_MIN 0x3e8\nUID_MIN oops\n"), Some(1000));
    assert_eq!(lines::uid_min("UID_MIN 01750\n"), Some(1000));
    assert_eq!(lines::uid_min("UID_MIN 0\n"), Some(0));
    assert_eq!(lines::uid_min("SYS_UID_MIN 100\n"), None);
}

#[test]
fn shells_that_let_nobody_in() {
    let shell = |shell: &str| {
        let line = format!("a:x:1:1::/:{shell}\n");
        lines::passwd(line.as_bytes(), &mut Vec::new()).remove(0).can_log_in()
    };
    assert!(shell("/bin/bash") && shell("") && shell("/usr/bin/git-shell"));
    assert!(!shell("/usr/sbin/nologin") && !shell("/bin/false") && !shell("/bin/sync") && !shell("/dev/null"));
}

proptest! {
    #[test]
    fn nothing_panics(bytes in prop_oneof![any::<Vec<u8>>(), "[a0:x!$+,#\r\n -]{0,80}".prop_map(String::into_bytes)]) {
        let mut odd = Vec::new();
        let lines = bytes.split(|byte| *byte == b'\n').count();
        prop_assert!(lines::passwd(&bytes, &mut odd).len() <= lines);
        prop_assert!(lines::group(&bytes, &mut odd).len() <= lines);
        lines::shadow(&bytes, &mut odd).strays([].into_iter(), |shadow| (shadow.line, shadow.password));
        lines::gshadow(&bytes, &mut odd).strays([].into_iter(), |line| *line);
        Password::of(&bytes);
        lines::uid_min(&String::from_utf8_lossy(&bytes));
        // Every line is either an entry or noted.
        prop_assert!(odd.iter().all(|(_, line)| *line as usize <= lines));
    }

    #[test]
    fn a_hash_is_nowhere_in_the_debug_form(salt in "[a-zA-Z0-9./]{8}", hash in "[a-zA-Z0-9./]{43}") {
        let line = format!("root:$5${salt}${hash}:1:::::\n");
        let mut odd = Vec::new();
        let users = lines::passwd(line.replace(":1:::::", ":0:0::/:").as_bytes(), &mut odd);
        let shadow = lines::shadow(line.as_bytes(), &mut odd);
        let text = format!("{users:?} {:?}", shadow.get("root"));
        prop_assert!(!text.contains(&salt) && !text.contains(&hash));
    }
}
