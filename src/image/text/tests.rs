//! What is hidden is shown, what is secret is not.

use std::ffi::OsStr;

use proptest::prelude::*;

use super::*;

#[test]
fn what_cannot_be_seen_is_written_out() {
    for (text, shown) in [
        ("plain text, ünïcode, 日本語, 🦀", "plain text, ünïcode, 日本語, 🦀"),
        ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
        ("a\tb\nc\rd\0", "a\\u{9}b\\u{a}c\\u{d}d\\u{0}"),
        ("\u{7f}\u{85}\u{9b}", "\\u{7f}\\u{85}\\u{9b}"),
        ("\u{202e}\u{2066}\u{2069}\u{200f}\u{61c}", "\\u{202e}\\u{2066}\\u{2069}\\u{200f}\\u{61c}"),
        ("\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}", "\\u{200b}\\u{200d}\\u{2060}\\u{feff}\\u{ad}"),
        ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
        ("\u{e0041}\u{e007f}\u{e0100}\u{fe0f}", "\\u{e0041}\\u{e007f}\\u{e0100}\\u{fe0f}"),
        ("no\u{a0}break\u{3000}", "no\\u{a0}break\\u{3000}"),
        ("\u{3164}\u{2800}", "\\u{3164}\\u{2800}"),
    ] {
        assert_eq!(visible(text), shown);
    }
}

#[test]
fn bytes_of_a_path_that_are_no_text_are_written_out() {
    let odd = OsStr::from_bytes(b"/tmp/\xff\xc3\xa9\xc3\n\xe2\x80\xae");
    assert_eq!(path(Path::new(odd)), "/tmp/\\xffé\\xc3\\u{a}\\u{202e}");
}

#[test]
fn little_of_a_secret_is_kept() {
    assert_eq!(masked("AKIA2345678901234567"), "AKIA… (16 more characters)");
    assert_eq!(masked("geheim"), "ge… (4 more characters)");
    assert_eq!(masked("abc"), "a… (2 more characters)");
    assert_eq!(masked("ab"), "… (2 characters)");
    assert_eq!(masked("x"), "… (1 character)");
    assert_eq!(masked(""), "… (0 characters)");
    assert_eq!(masked("\u{1b}[31m-----"), "\\u{1b}[3… (7 more characters)");
}

proptest! {
    #[test]
    fn everything_shown_is_seen_and_on_one_line(text in any::<String>()) {
        let shown = visible(&text);
        prop_assert!(!shown.chars().any(is_hidden));
        prop_assert_eq!(visible(&shown), shown);
    }

    #[test]
    fn any_path_can_be_shown(bytes in any::<Vec<u8>>()) {
        prop_assert!(!path(Path::new(OsStr::from_bytes(&bytes))).chars().any(is_hidden));
    }

    #[test]
    fn no_secret_is_told(secret in "[a-z0-9]{1,40}") {
        let shown = masked(&secret);
        let kept = shown.split('…').next().unwrap().len();
        prop_assert!(kept <= 4 && kept * 3 <= secret.len());
        prop_assert!(secret.len() < 2 || !shown.contains(&secret));
    }
}
