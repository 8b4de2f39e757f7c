//! Where keys stand in cloud-init's YAML files, line by line: what the merged configuration cannot tell, and an edit
//! needs to know.
//!
//! Only block style is followed; a mapping in braces stays one value. Whether the text is YAML at all is the parser's
//! business ([`crate::image::cloud_init`]).

use std::path::PathBuf;

use crate::image::{Error, Image};

/// One `key:` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyLine {
    /// Line, from 1.
    pub(crate) line: u32,
    /// Column of the key, from 0.
    pub(crate) indent: usize,
    /// The keys on the way, this one last; `-` stands for an item of a list.
    pub(crate) keys: Vec<String>,
    /// What follows the colon, without comment; empty when a block follows.
    pub(crate) value: String,
    /// The key stands behind a `- `: the line opens an item of a list.
    pub(crate) opens_item: bool,
}

impl KeyLine {
    /// Whether its keys are `wanted`.
    pub(crate) fn is(&self, wanted: &[&str]) -> bool {
        self.keys.iter().map(String::as_str).eq(wanted.iter().copied())
    }
}

/// Every file cloud-init takes configuration from on an image: its own, and seeds that lie on the disk.
pub(crate) fn files(image: &Image) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for pattern in [
        "/etc/cloud/cloud.cfg",
        "/etc/cloud/cloud.cfg.d/*.cfg",
        "/var/lib/cloud/seed/*/{user-data,vendor-data,vendor-data2,meta-data}",
    ] {
        files.extend(image.glob(pattern)?);
    }
    Ok(files)
}

/// As deep as cloud-init's configuration may be nested to be read at all.
const DEEPEST: usize = 64;

/// The key lines of a YAML text in block style.
///
/// What is nested deeper than [`DEEPEST`] is left out: such a file is not taken for a configuration, and nothing passes
/// by it.
pub(crate) fn keys(text: &str) -> Vec<KeyLine> {
    let mut found = Vec::new();
    let mut stack: Vec<(usize, String)> = Vec::new();
    let mut scalar: Option<usize> = None;
    'lines: for (number, line) in (1u32..).zip(text.lines()) {
        let mut rest = line.trim_start_matches(' ');
        let mut indent = line.len() - rest.len();
        if rest.trim().is_empty() || scalar.is_some_and(|above| indent > above) {
            continue;
        }
        scalar = None;
        if rest.starts_with('#') {
            continue;
        }
        let mut opens_item = false;
        while let Some(item) = rest.strip_prefix('-').filter(|item| item.is_empty() || item.starts_with(' ')) {
            stack.retain(|(column, key)| *column < indent || (*column == indent && key != "-" && !opens_item));
            if stack.len() >= DEEPEST {
                continue 'lines;
            }
            stack.push((indent, "-".to_owned()));
            let trimmed = item.trim_start_matches(' ');
            indent += rest.len() - trimmed.len();
            rest = trimmed;
            opens_item = true;
        }
        let Some((key, value)) = key_and_value(rest) else {
            if is_block_scalar(rest) {
                scalar = Some(stack.last().map_or(indent, |(column, _)| *column));
            }
            continue;
        };
        stack.retain(|(column, _)| *column < indent);
        if stack.len() >= DEEPEST {
            continue;
        }
        stack.push((indent, key.to_owned()));
        if is_block_scalar(value) {
            scalar = Some(indent);
        }
        let keys = stack.iter().map(|(_, key)| key.clone()).collect();
        found.push(KeyLine { line: number, indent, keys, value: value.to_owned(), opens_item });
    }
    found
}

fn key_and_value(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':')?;
    if !(value.is_empty() || value.starts_with([' ', '\t', '\r'])) {
        return None;
    }
    let value = if value.trim_start().starts_with('#') { "" } else { value };
    let value = value.split_once(" #").map_or(value, |(value, _)| value).trim();
    let key = key.trim().trim_matches(['"', '\'']);
    let is_plain = !key.is_empty() && !key.contains(['{', '[', '"', '\'', ' ']);
    is_plain.then_some((key, value))
}

fn is_block_scalar(value: &str) -> bool {
    value.starts_with(['|', '>']) && value.len() <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<(u32, String, String)> {
        keys(text).into_iter().map(|key| (key.line, key.keys.join("."), key.value)).collect()
    }

    #[test]
    fn keys_have_their_way_and_line() {
        let text =
            "# c\nssh_pwauth: yes  # no\nsystem_info:\n  default_user:\n    name: admin\n\n    lock_passwd: False\n";
        let found = paths(text);
        let want = [
            (2, "ssh_pwauth", "yes"),
            (3, "system_info", ""),
            (4, "system_info.default_user", ""),
            (5, "system_info.default_user.name", "admin"),
            (7, "system_info.default_user.lock_passwd", "False"),
        ];
        assert_eq!(found, want.map(|(line, keys, value)| (line, keys.to_owned(), value.to_owned())));
    }

    #[test]
    fn lists_may_stand_at_their_keys_own_column() {
        for text in ["users:\n- default\n- name: a\n  passwd: x\n", "users:\n  - default\n  - name: a\n    passwd: x\n"]
        {
            let found: Vec<_> = paths(text).into_iter().map(|(line, keys, _)| (line, keys)).collect();
            assert_eq!(found, [(1, "users".into()), (3, "users.-.name".into()), (4, "users.-.passwd".into())]);
        }
    }

    #[test]
    fn text_blocks_hold_no_keys() {
        let text = "runcmd:\n  - |\n    password: no key\n  - ls\nwrite: |\n  password: none\npassword: one\n";
        let found: Vec<_> = paths(text).into_iter().map(|(line, keys, _)| (line, keys)).collect();
        assert_eq!(found, [(1, "runcmd".into()), (5, "write".into()), (7, "password".into())]);
    }

    #[test]
    fn nesting_without_end_costs_no_more_than_its_length() {
        assert!(keys(&"- ".repeat(1 << 20)).is_empty());
        let nested = (0..3_000).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n");
        assert_eq!(keys(&format!("{nested}b: 1\n")).len(), DEEPEST + 1);
    }

    #[test]
    fn odd_text_gives_nothing() {
        assert!(paths("- - -\n:\n  : x\nhttp://x\n{a: b}\n\u{feff}\t\n").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[-a: #|\n\t]{0,80}") {
            let lines = u32::try_from(text.lines().count()).unwrap();
            for key in keys(&text) {
                assert!(key.line >= 1 && key.line <= lines);
            }
        }
    }
}
