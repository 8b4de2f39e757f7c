//! Patterns against names, and over a tree.

use proptest::prelude::*;

use super::super::fixture::Fixture;
use super::super::{Node, Overlay};
use super::pattern::{ALTERNATIVES, unescaped};
use super::*;

fn shown(pattern: &str) -> Vec<String> {
    alternatives(pattern.as_bytes()).into_iter().map(|one| String::from_utf8(one).unwrap()).collect()
}

#[test]
fn names_fit_as_in_a_shell() {
    for (pattern, name, wanted) in [
        ("*.conf", "a.conf", true),
        ("*.conf", ".conf", true),
        ("*.conf", "a.conf~", false),
        ("*", "", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false),
        ("?", "é", true),
        ("?", "", false),
        ("??", "é", false),
        ("[abc]x", "bx", true),
        ("[!abc]x", "bx", false),
        ("[^a-c]x", "dx", true),
        ("[]a]", "]", true),
        ("[!]a]", "b", true),
        ("[a-]", "-", true),
        ("[é-ö]", "ï", true),
        ("[a", "[a", true),
        ("[a", "a", false),
        ("\\*", "*", true),
        ("\\*", "a", false),
        ("[\\]]", "]", true),
        ("ssh_host_*_key", "ssh_host_ed25519_key", true),
        ("[[:digit:]]x", "7x", true),
        ("[![:digit:]_]x", "7x", false),
        ("[[:digit]", ":", true),
    ] {
        assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), wanted, "{pattern} {name}");
    }
    assert!(fits(b"?\xfe*", b"\xff\xfe\xfd"), "bytes that are no text are characters too");
}

#[test]
fn braces_are_alternatives() {
    assert_eq!(shown("/etc/{a,b}.conf"), ["/etc/a.conf", "/etc/b.conf"]);
    assert_eq!(shown("{a,{b,c}d}{1,2}"), ["a1", "a2", "bd1", "bd2", "cd1", "cd2"]);
    assert_eq!(shown("{a,}"), ["a", ""]);
    assert_eq!(shown("{a}"), ["{a}"]);
    assert_eq!(shown("{a,b"), ["{a,b"]);
    assert_eq!(shown("x{}{a,b}"), ["x{}a", "x{}b"]);
    assert_eq!(shown("\\{a,b}"), ["\\{a,b}"]);
    assert!(shown(&"{a,b}".repeat(40)).len() <= ALTERNATIVES);
}

fn tree() -> Fixture {
    let root = Fixture::bare();
    root.file("/etc/ssh/sshd_config.d/10-a.conf", "").file("/etc/ssh/sshd_config.d/.hidden.conf", "");
    root.file("/home/ann/.ssh/authorized_keys", "").file("/home/bob/.ssh/authorized_keys", "");
    root.file("/home/ann/deep/deeper/id_rsa", "").file("/home/ann/id_rsa", "");
    root.link("/home/eve", "/etc")
        .link("/tmp/planted", "/etc")
        .link("/var/lib/ssh", "/etc/ssh")
        .link("/home/loop", ".");
    root
}

fn found(image: &Image, pattern: &str) -> Vec<String> {
    image.glob(pattern).unwrap().iter().map(|path| path.to_str().unwrap().to_owned()).collect()
}

#[test]
fn paths_are_found() {
    let root = tree();
    let image = root.image();
    let hidden_too = ["/etc/ssh/sshd_config.d/.hidden.conf", "/etc/ssh/sshd_config.d/10-a.conf"];
    assert_eq!(found(&image, "/etc/ssh/sshd_config.d/*.conf"), hidden_too);
    let keys = ["/home/ann/.ssh/authorized_keys", "/home/bob/.ssh/authorized_keys"];
    assert_eq!(found(&image, "/home/*/.ssh/authorized_keys{,2}"), keys);
    assert_eq!(found(&image, "/home/**/id_rsa"), ["/home/ann/deep/deeper/id_rsa", "/home/ann/id_rsa"]);
    assert_eq!(found(&image, "/home/ann/**/deeper/**"), ["/home/ann/deep/deeper/id_rsa"]);
    assert_eq!(found(&image, "/home/ann/*/"), ["/home/ann/.ssh", "/home/ann/deep"]);
    assert_eq!(found(&image, "/etc/ssh"), ["/etc/ssh"]);
    assert_eq!(found(&image, "/etc/ssh/"), ["/etc/ssh"]);
    assert_eq!(found(&image, "/etc/none/*"), [""; 0]);
    assert_eq!(found(&image, "/etc/ssh/sshd_config.d/10-a.conf/*"), [""; 0]);
    assert_eq!(found(&image, "/"), ["/"]);
}

#[test]
fn links_are_followed_in_the_fixed_part_only() {
    let root = tree();
    let image = root.image();
    assert_eq!(found(&image, "/var/lib/ssh/*.d/1*"), ["/var/lib/ssh/sshd_config.d/10-a.conf"]);
    assert_eq!(found(&image, "/tmp/*"), ["/tmp/planted"]);
    assert_eq!(found(&image, "/tmp/*/**"), [""; 0]);
    assert_eq!(found(&image, "/tmp/**/*.conf"), [""; 0]);
    assert_eq!(found(&image, "/home/eve/s*"), ["/home/eve/ssh"]);
    assert_eq!(found(&image, "/home/e*/s*"), [""; 0]);
}

#[test]
fn names_that_are_no_text_are_found() {
    use std::os::unix::ffi::OsStrExt;
    let root = tree();
    let name = OsStr::from_bytes(b"\xff.conf");
    std::os::unix::fs::symlink("x", root.outside("/etc/ssh").join(name)).unwrap();
    assert_eq!(root.image().glob("/etc/ssh/*.conf").unwrap(), [std::path::Path::new("/etc/ssh").join(name)]);
}

#[test]
fn a_draft_is_searched() {
    let root = tree();
    let mut overlay = Overlay::default();
    overlay.put("/home/ann/deep", None);
    overlay.put("/home/bob/id_rsa", Some(Node::new_file(*b"", 0o600)));
    assert_eq!(found(&root.image().drafted(overlay), "/home/**/id_*"), ["/home/ann/id_rsa", "/home/bob/id_rsa"]);
}

/// What a pattern of `*`, `?` and letters means, written as plainly as can be.
fn plainly(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => plainly(rest, name) || (!name.is_empty() && plainly(pattern, &name[1..])),
        ([b'?', rest @ ..], [_, name @ ..]) => plainly(rest, name),
        ([one, rest @ ..], [other, name @ ..]) => one == other && plainly(rest, name),
        _ => false,
    }
}

proptest! {
    #[test]
    fn stars_and_questions(pattern in "[ab*?]{0,8}", name in "[ab]{0,8}") {
        prop_assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), plainly(pattern.as_bytes(), name.as_bytes()));
    }

    #[test]
    fn no_pattern_panics(pattern in prop_oneof![any::<String>(), r"[\[\]{},*?\\!^:a-]{0,24}"], name in any::<Vec<u8>>()) {
        for alternative in alternatives(pattern.as_bytes()) {
            fits(&alternative, &name);
            unescaped(&alternative);
        }
    }
}

#[test]
fn a_path_at_hand_fits_as_it_would_be_found() {
    for (pattern, path, wanted) in [
        ("/etc/*.bak", "/etc/a.bak", true),
        ("/etc/*.bak", "/etc/a/b.bak", false),
        ("/etc/**/*.{bak,old}", "/etc/a/b/c.old", true),
        ("/etc/**/*.{bak,old}", "/etc/c.old", true),
        ("/**/vendor/**", "/opt/a/vendor/b/c", true),
        ("/**/vendor/**", "/opt/a/vendor", false),
        ("/etc/pki/**", "/etc/pkix/a", false),
        ("/a\\*", "/a*", true),
        ("/", "/", true),
    ] {
        assert_eq!(PathPattern::new(pattern).fits(Path::new(path)), wanted, "{pattern} {path}");
    }
}
