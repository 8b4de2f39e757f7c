use std::path::Path;

use super::*;
use crate::change::Plan;
use crate::change::tests::plan_of;
use crate::image::{FileNode, Stamp};

#[expect(clippy::unnecessary_wraps, reason = "a side of a change may be nothing")]
fn file(text: &str) -> Option<Node> {
    Some(Node::new_file(text.as_bytes(), 0o644))
}

fn change(path: &str, before: Option<Node>, after: Option<Node>) -> Change {
    Change::Path { path: path.into(), before, after, secret: false }
}

fn secret(path: &str, before: &str, after: Option<&str>) -> Change {
    Change::Path { path: path.into(), before: file(before), after: after.and_then(file), secret: true }
}

/// The lines as `diff -u` has them, with what differs within a line in brackets.
fn drawn(diff: &FileDiff) -> Vec<String> {
    let lines = diff.hunks.iter().flatten().map(|line| {
        let sign = match line.sign {
            Sign::Same => ' ',
            Sign::Removed => '-',
            Sign::Added => '+',
        };
        let text = |(differs, piece): &(bool, String)| if *differs { format!("[{piece}]") } else { piece.clone() };
        format!("{sign}{}", line.pieces.iter().map(text).collect::<String>())
    });
    lines.collect()
}

fn plan(changes: Vec<Change>) -> Plan {
    plan_of(&[("A-1", changes)])
}

#[test]
fn an_edit_shows_what_differs_within_its_lines() {
    let diff = of(&change("/etc/a", file("one\nPort 22\nthree\n"), file("one\nPort 2222\nthree\n")), 3);
    assert_eq!(drawn(&diff), [" one", "-Port [22]", "+Port [2222]", " three"]);
    assert_eq!((diff.headline.as_str(), diff.added, diff.removed), ("edited", 1, 1));
    let numbers: Vec<_> = diff.hunks[0].iter().map(|line| (line.old, line.new)).collect();
    assert_eq!(numbers, [(Some(1), Some(1)), (Some(2), None), (None, Some(2)), (Some(3), Some(3))]);
}

#[test]
fn lines_that_are_not_alike_are_not_marked() {
    let diff = of(&change("/etc/a", file("abc\n"), file("xyz 1 2 3\n")), 3);
    assert_eq!(drawn(&diff), ["-abc", "+xyz 1 2 3"]);
}

#[test]
fn carriage_returns_and_missing_newlines_are_kept() {
    let diff = of(&change("/etc/a", file("a\r\nb"), file("a\r\nb\n")), 3);
    assert_eq!(drawn(&diff), [" a\r", "-b", "+b"]);
    assert!(diff.hunks[0][1].no_newline && !diff.hunks[0][2].no_newline);
    // A lone carriage return ends no line.
    let diff = of(&change("/etc/a", file("a\rb\n"), file("a\rc\n")), 3);
    assert_eq!(diff.hunks[0].len(), 2);
}

#[test]
fn headlines_say_what_happens() {
    let headline = |before: Option<Node>, after: Option<Node>| of(&change("/x", before, after), 3).headline;
    let directory = || Some(Node::Directory { mode: 0o755, uid: 0, gid: 0 });
    let with = |mode, uid| Some(Node::File(FileNode { body: Body::Bytes(b"a\n"[..].into()), mode, uid, gid: 0 }));
    let large = Some(Node::File(FileNode {
        body: Body::OnDisk { size: 5 << 20, stamp: Stamp::default() },
        mode: 0o600,
        uid: 0,
        gid: 0,
    }));
    assert_eq!(headline(None, file("a\n")), "new file, mode 0644");
    assert_eq!(headline(file("a\n"), None), "removed, 2 bytes");
    assert_eq!(headline(large, None), "removed, 5242880 bytes");
    assert_eq!(headline(directory(), None), "removed, an empty directory");
    assert_eq!(headline(None, Some(Node::new_link("/dev/null"))), "link to /dev/null");
    assert_eq!(headline(with(0o644, 0), with(0o600, 0)), "mode 0644 to 0600");
    assert_eq!(headline(with(0o644, 0), with(0o644, 7)), "owner 0:0 to 7:0");
    assert_eq!(headline(file("a\n"), file("")), "emptied, 2 bytes");
    assert_eq!(headline(file("a\0b"), file("a\0c")), "edited, binary, 3 to 3 bytes");
    assert!(of(&change("/x", file("a\0b"), file("a\0c")), 3).hunks.is_empty());
}

#[test]
fn secrets_never_show() {
    let shadow =
        secret("/etc/shadow", "root:$6$salt$hash:1:::::\nbin:*:1\n", Some("root:!$6$salt$hash:1:::::\nbin:*:1\n"));
    let diff = of(&shadow, 3);
    assert!(diff.masked);
    assert_eq!(drawn(&diff)[..2], ["-root:[hash]:1:::::", "+root:![hash]:1:::::"]);
    let history = secret("/root/.bash_history", "export KEY=hunter2\nls\n", None);
    let diff = of(&history, 3);
    assert_eq!(diff.headline, "removed, 22 bytes, 2 lines, content not shown");
    assert!(diff.hunks.is_empty());
    let plan = plan(vec![shadow, history, secret("/root/.env", "A=hunter2\n", Some("A=hunter3\n"))]);
    let patch = patch(&plan);
    assert!(!patch.contains("hunter") && !patch.contains("salt"), "{patch}");
    assert!(patch.lines().all(|line| line.starts_with('#')), "{patch}");
}

#[test]
fn a_patch_has_one_part_for_each_file() {
    let first = change("/etc/a", file("1\n2\n"), file("1\n3\n"));
    let second = change("/etc/a", file("1\n3\n"), file("0\n3\n"));
    let plan = plan_of(&[("A-1", vec![first]), ("A-2", vec![second])]);
    assert_eq!(patch(&plan), "diff --git a/etc/a b/etc/a\n--- a/etc/a\n+++ b/etc/a\n@@ -1,2 +1,2 @@\n-1\n-2\n+0\n+3\n");
}

#[test]
fn changes_that_cancel_each_other_are_left_out() {
    let there = change("/etc/a", file("1\n"), file("2\n"));
    let back = change("/etc/a", file("2\n"), file("1\n"));
    assert_eq!(patch(&plan(vec![there, back])), "");
}

#[test]
fn odd_names_are_quoted_as_git_does() {
    let patch = patch(&plan(vec![change("/etc/a \"b\"\n\u{e9}", None, file("x\n"))]));
    assert!(patch.contains(r#"+++ "b/etc/a \"b\"\n\303\251""#), "{patch}");
    let plain = super::patch(&plan(vec![change("/etc/a b", None, file("x\n"))]));
    assert!(plain.contains("+++ b/etc/a b\t\n"), "{plain}");
}

#[test]
fn what_a_patch_cannot_carry_is_a_comment() {
    let command =
        Change::Command { argv: vec!["/usr/bin/apt-get".into(), "upgrade".into()], purpose: "Upgrades".into() };
    let changes = vec![
        change("/etc/gone", file("x\n"), None),
        change("/etc/latin", None, Some(Node::new_file(&b"\xe9\n"[..], 0o644))),
        command,
    ];
    let wanted = "# A-1: /etc/gone: removed, 2 bytes\n\
                  # A-1: /etc/latin: new file, mode 0644, not shown: it is no UTF-8 text\n\
                  # A-1: run /usr/bin/apt-get upgrade (Upgrades)\n";
    assert_eq!(patch(&plan(changes)), wanted);
}

proptest::proptest! {
    #[test]
    fn any_two_texts_can_be_compared(old in "[ab\r\n\u{e9}\u{0}]{0,60}", new in "[ab\r\n\u{e9}\u{0}]{0,60}") {
        let diff = of(&change("/x", file(&old), file(&new)), usize::MAX / 4);
        if diff.hunks.is_empty() {
            return Ok(());
        }
        let side = |keep: Sign| -> String {
            let lines = diff.hunks.iter().flatten().filter(|line| line.sign == keep || line.sign == Sign::Same);
            lines.map(|line| {
                let text: String = line.pieces.iter().map(|(_, piece)| piece.as_str()).collect();
                if line.no_newline { text } else { text + "\n" }
            }).collect()
        };
        proptest::prop_assert_eq!(side(Sign::Removed), old);
        proptest::prop_assert_eq!(side(Sign::Added), new);
    }

    #[test]
    fn a_masked_password_file_never_holds_a_hash(name in "[a-z]{1,8}", hash in "[a-zA-Z0-9./]{4,20}", lock in "!{0,2}") {
        let line = format!("{name}:{lock}$6$salt${hash}:1:0:99999:7:::\n");
        let diff = of(&secret("/etc/shadow-", &line, Some("")), 3);
        let shown = format!("{diff:?}");
        let holds_hash = shown.contains(&format!("${hash}"));
        proptest::prop_assert!(!holds_hash);
        proptest::prop_assert!(shown.contains(Path::new("/etc/shadow-").to_str().unwrap()));
    }
}
