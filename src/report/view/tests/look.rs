//! How the views look: as they were when somebody last looked at them, and readable in every colour scheme.

use std::collections::BTreeMap;

use super::{both, rich};

/// Compares with the file of that name in `snapshots/`.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn they_are_as_expected() {
    let (html, markdown) = both(&rich());
    // The style has its own file; its digest stands in the page.
    let (before, rest) = html.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    let digest = before.split("'sha256-").nth(1).unwrap().split('\'').next().unwrap();
    snapshot("report-html", &format!("{before}<style>…</style>{after}").replace(digest, "…"));
    snapshot("report-markdown", &markdown);
}

/// The colours that `block` of the style sheet names.
fn colours(block: &str) -> BTreeMap<String, String> {
    let declarations = block.split(';').filter_map(|declaration| declaration.trim().split_once(':'));
    let named = declarations.filter_map(|(name, value)| Some((name.trim().strip_prefix("--")?, value.trim())));
    named.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Relative luminance (WCAG 2.2, "relative luminance").
fn luminance(colour: &str) -> f64 {
    let digits = colour.strip_prefix('#').unwrap();
    let digits: String =
        if digits.len() == 3 { digits.chars().flat_map(|digit| [digit, digit]).collect() } else { digits.to_owned() };
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(digits.get(at..at + 2).unwrap(), 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

#[test]
fn text_stands_out_in_every_scheme() {
    let style = include_str!("../html/style.css");
    let blocks: Vec<&str> = style.split(":root {").skip(1).map(|block| block.split('}').next().unwrap()).collect();
    let [light, dark, print] = blocks.as_slice() else { panic!("light, dark and print") };
    let light = colours(light);
    let over = |block: &str| {
        let mut colours_of = light.clone();
        colours_of.extend(colours(block));
        colours_of
    };
    let pairs = [
        ("ink", "paper"),
        ("ink", "panel"),
        ("soft", "paper"),
        ("soft", "panel"),
        ("link", "paper"),
        ("place", "panel"),
        ("good", "good-bg"),
        ("warn", "warn-bg"),
        ("bad", "bad-bg"),
        ("calm", "calm-bg"),
        ("ink", "good-bg"),
        ("ink", "warn-bg"),
        ("ink", "bad-bg"),
    ];
    for (name, scheme) in [("light", light.clone()), ("dark", over(dark)), ("print", over(print))] {
        assert_eq!(scheme.len(), light.len(), "{name} names a colour that light does not");
        for (text, ground) in pairs {
            let ratio = contrast(&scheme[text], &scheme[ground]);
            assert!(ratio >= 4.5, "{name}: {text} on {ground} is {ratio:.2}");
        }
    }
}
