//! Files of `[Section]` and `key=value` lines: systemd's (systemd.syntax(7)) and `NetworkManager`'s keyfiles.

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Line it begins on, from 1.
    pub(super) line: u32,
    /// The section, without brackets; empty before the first.
    pub(super) section: String,
    pub(super) key: String,
    pub(super) value: String,
}

/// Every assignment, and the lines that are neither that, nor a section, a comment or blank. A `\` at the end of a line
/// joins it with the next, as systemd has it; keyfiles never end a line so.
pub(super) fn entries(text: &str) -> (Vec<Entry>, Vec<u32>) {
    let (mut found, mut odd) = (Vec::new(), Vec::new());
    let mut section = String::new();
    let mut lines = (1u32..).zip(text.lines());
    while let Some((line, start)) = lines.next() {
        let start = start.trim();
        if start.is_empty() || start.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = start.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            continue;
        }
        let mut whole = start.to_owned();
        while whole.ends_with('\\') {
            whole.pop();
            let Some((_, next)) = lines.next() else { break };
            if next.trim_start().starts_with(['#', ';']) {
                whole.push('\\');
            } else {
                whole.push(' ');
                whole.push_str(next.trim());
            }
        }
        match whole.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => found.push(Entry {
                line,
                section: section.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
            }),
            _ => odd.push(line),
        }
    }
    (found, odd)
}

/// A boolean as systemd writes it; `None` for any other word.
pub(super) fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_comments_and_continuations() {
        let (found, odd) = entries("# c\n[Match]\nName=en* \\\n ; c\n eth*\n\n[ipv4]\nmethod = auto\nodd\n=x\n");
        let of = |entry: &Entry| (entry.line, entry.section.clone(), entry.key.clone(), entry.value.clone());
        let want = [(3, "Match", "Name", "en*  eth*"), (8, "ipv4", "method", "auto")]
            .map(|(line, section, key, value)| (line, section.to_owned(), key.to_owned(), value.to_owned()));
        assert_eq!(found.iter().map(of).collect::<Vec<_>>(), want);
        assert_eq!(odd, [9, 10]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = entries(&String::from_utf8_lossy(&bytes));
        }
    }
}
