use super::*;
use proptest::prelude::*;

#[test]
fn prose_wraps_and_keeps_commands_apart() {
    let mut page = Page::new(20);
    page.prose(Role::Text, 2, "One two three four five.\n  sudo passwd -l root");
    assert_eq!(page.to_string(), "  One two three four\n  five.\n    sudo passwd -l\n    root\n");
}

#[test]
fn a_label_stands_beside_its_value() {
    let mut page = Page::new(20);
    page.labelled("Image", 8, Role::Text, "a name that wraps");
    assert_eq!(page.to_string(), "Image   a name that\n        wraps\n");
    let mut page = Page::new(20);
    page.both_ends((Role::Text, "a long headline that is cut"), (Role::Dim, "+1 -1"));
    assert_eq!(page.to_string(), "a long headli… +1 -1\n");
}

#[test]
fn hidden_characters_are_shown() {
    let mut page = Page::new(60);
    page.line(&[(Role::Text, "a\u{202e}b\u{1b}[31m")]);
    assert!(!page.to_string().contains('\u{202e}') && !page.to_string().contains('\u{1b}'));
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_page(width in 1usize..90, indent in 0usize..12, text in "\\PC{0,80}") {
        let mut page = Page::new(width);
        page.line(&[(Role::Text, &text), (Role::Dim, &text)]);
        page.both_ends((Role::Text, &text), (Role::Dim, "end"));
        page.prose(Role::Text, indent, &text);
        page.point(Role::Text, 2, &text);
        page.labelled("Label", 9, Role::Text, &text);
        page.bar(3, 7);
        if width > 16 {
            for line in page.lines() {
                let columns: usize = line.iter().map(|(_, text)| text.width()).sum();
                prop_assert!(columns <= width, "{columns} > {width}: {line:?}");
            }
        }
    }
}

#[test]
fn a_command_is_wrapped_so_that_it_can_be_pasted() {
    let mut page = Page::new(24);
    page.command(2, "tool --name 'a b' \"c 'd e\" | other > file");
    assert_eq!(page.to_string(), "  tool --name 'a b' \\\n  \"c 'd e\" | other > \\\n  file\n");
    let mut page = Page::new(60);
    page.command(2, "short one");
    assert_eq!(page.to_string(), "  short one\n");
    let mut page = Page::new(12);
    page.command(2, "x 'a word that is too long'");
    assert!(page.to_string().starts_with("  x \\\n  'a word"), "{page}");
    let mut page = Page::new(12);
    page.command(2, "x 'nine ch' y");
    assert_eq!(page.to_string(), "  x \\\n 'nine ch' \\\n  y\n", "the backslash stays on its line");
}
