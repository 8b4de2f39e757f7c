//! The plan as a patch in git's extended format (git-diff(1), "Generating patch text with -p").

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::{FileDiff, Line, Sign, headline, is_binary, lines, of, rights};
use crate::change::{Change, Plan};
use crate::image::{Node, text};

/// Lines of context, as everywhere.
const CONTEXT: usize = 3;

/// The whole plan as one patch that `git apply` and `patch -p1` accept in the image's root. Several changes of one file
/// appear as one. Secret content, removals and commands appear as `#` comment lines between the hunks.
pub fn patch(plan: &Plan) -> String {
    let changes =
        || plan.steps.iter().flat_map(|step| step.changes.iter().map(move |change| (&step.guideline, change)));
    let mut net: Vec<Net<'_>> = Vec::new();
    let mut places: BTreeMap<&Path, usize> = BTreeMap::new();
    for (guideline, change) in changes() {
        let Change::Path { path, before, after, secret } = change else { continue };
        if let Some(known) = places.get(path.as_path()).and_then(|place| net.get_mut(*place)) {
            known.after = after.as_ref();
            known.secret |= secret;
            if !known.guidelines.contains(&guideline.as_str()) {
                known.guidelines.push(guideline);
            }
        } else {
            places.insert(path, net.len());
            let (before, after) = (before.as_ref(), after.as_ref());
            net.push(Net { path, before, after, secret: *secret, guidelines: vec![guideline] });
        }
    }
    let mut patch: String = net.iter().filter(|net| net.before != net.after).map(Net::patch).collect();
    for effect in &plan.effects {
        let _ = writeln!(patch, "# {}: {}", effect.guideline(), effect.sentence());
    }
    for (guideline, change) in changes() {
        if let Change::Command { purpose, .. } = change {
            let _ = writeln!(patch, "# {guideline}: run {} ({})", of(change, 0).headline, text::visible(purpose));
        }
    }
    patch
}

/// What all changes of one path come to.
struct Net<'a> {
    path: &'a Path,
    before: Option<&'a Node>,
    after: Option<&'a Node>,
    secret: bool,
    guidelines: Vec<&'a str>,
}

impl Net<'_> {
    fn patch(&self) -> String {
        let words = format!("# {}: {}", self.guidelines.join(", "), text::path(self.path));
        match (self.before, self.after) {
            (None, Some(Node::Symlink { target, .. })) if !self.secret => {
                let target = format!("{}\n", target.display());
                if target.contains(char::REPLACEMENT_CHARACTER) {
                    return format!("{words}: {}\n", headline(self.before, self.after));
                }
                let mut hunks = lines::hunks("", target.trim_end_matches('\n'), CONTEXT);
                hunks.iter_mut().flatten().for_each(|line| line.no_newline = true);
                self.git("new file mode 120000", &hunks)
            }
            (before, Some(after @ Node::File(_))) if !self.secret => {
                let text = |node: Option<&Node>| -> Option<String> {
                    let bytes = node.map_or(Some(&[][..]), Node::bytes)?;
                    if is_binary(bytes) { None } else { String::from_utf8(bytes.to_vec()).ok() }
                };
                let is_file = matches!(before, None | Some(Node::File(_)));
                let (Some(old), Some(new), true) = (text(before), text(Some(after)), is_file) else {
                    return format!("{words}: {}, not shown: it is no UTF-8 text\n", headline(before, Some(after)));
                };
                let mut patch = self.rights(&words);
                let mode = rights(after).map_or(0o644, |(mode, _)| mode);
                // Git knows two modes of a regular file.
                let mode = if mode & 0o100 == 0 { "100644" } else { "100755" };
                let new_file = format!("new file mode {mode}");
                let hunks = lines::hunks(&old, &new, CONTEXT);
                if before.is_none() {
                    patch.push_str(&self.git(&new_file, &hunks));
                } else if !hunks.is_empty() {
                    patch.push_str(&self.git("", &hunks));
                }
                patch
            }
            (before, after) => {
                let change = Change::Path {
                    path: self.path.to_owned(),
                    before: before.cloned(),
                    after: after.cloned(),
                    secret: self.secret,
                };
                self.comment(&words, &of(&change, 0))
            }
        }
    }

    /// Modes and owners that a patch cannot carry, as comments.
    fn rights(&self, words: &str) -> String {
        let mut lines = String::new();
        let after = self.after.and_then(rights);
        match (self.before.and_then(rights), after) {
            (Some((mode, owner)), Some((new, new_owner))) => {
                if mode != new {
                    let _ = writeln!(lines, "{words}: mode {mode:04o} to {new:04o}");
                }
                if owner != new_owner {
                    let _ =
                        writeln!(lines, "{words}: owner {}:{} to {}:{}", owner.0, owner.1, new_owner.0, new_owner.1);
                }
            }
            (None, Some((mode, owner))) if mode != 0o644 || owner != (0, 0) => {
                let _ = writeln!(lines, "{words}: mode {mode:04o}, owner {}:{}", owner.0, owner.1);
            }
            _ => {}
        }
        lines
    }

    /// What a patch cannot or must not carry. The lines of a masked file are shown as they may be.
    fn comment(&self, words: &str, diff: &FileDiff) -> String {
        let mut patch = format!("{words}: {}\n", diff.headline);
        if self.after.is_none() {
            return patch;
        }
        for line in diff.hunks.iter().flatten().filter(|line| line.sign != Sign::Same) {
            let _ = writeln!(patch, "#   {}{}", sign(line), text::visible(&joined(line)));
        }
        patch
    }

    fn git(&self, mode: &str, hunks: &[Vec<Line>]) -> String {
        let (old, new) = (name("a", self.path), name("b", self.path));
        let mut patch = format!("diff --git {old} {new}\n");
        if !mode.is_empty() {
            let _ = writeln!(patch, "{mode}");
        }
        if hunks.is_empty() {
            // Git takes an empty new file only with both of its object names.
            patch.push_str("index 0000000..e69de29\n");
            return patch;
        }
        // A name with a space is followed by a tab, so that no program takes the rest for a time.
        let end = |name: &str| if name.contains(' ') { "\t" } else { "" };
        let old_name = if self.before.is_none() { "/dev/null" } else { &old };
        let _ = writeln!(patch, "--- {old_name}{}\n+++ {new}{}", end(old_name), end(&new));
        for hunk in hunks {
            patch.push_str(&hunk_header(hunk));
            for line in hunk {
                let _ = writeln!(patch, "{}{}", sign(line), joined(line));
                if line.no_newline {
                    patch.push_str("\\ No newline at end of file\n");
                }
            }
        }
        patch
    }
}

fn sign(line: &Line) -> char {
    match line.sign {
        Sign::Same => ' ',
        Sign::Removed => '-',
        Sign::Added => '+',
    }
}

fn joined(line: &Line) -> String {
    line.pieces.iter().map(|(_, piece)| piece.as_str()).collect()
}

/// `@@ -3,7 +3,8 @@`; a side without lines names the line before it.
fn hunk_header(hunk: &[Line]) -> String {
    let side = |number: fn(&Line) -> Option<usize>| {
        let count = hunk.iter().filter_map(number).count();
        let first = hunk.iter().find_map(number).unwrap_or(0);
        if count == 1 { first.to_string() } else { format!("{first},{count}") }
    };
    format!("@@ -{} +{} @@\n", side(|line| line.old), side(|line| line.new))
}

/// `a/etc/fstab`, quoted as git does when it holds anything odd.
fn name(side: &str, path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    let bytes = bytes.strip_prefix(b"/").unwrap_or(bytes);
    let is_plain = |byte: &u8| (0x20..0x7f).contains(byte) && *byte != b'"' && *byte != b'\\';
    let mut name = format!("{side}/");
    if bytes.iter().all(is_plain) {
        name.push_str(&String::from_utf8_lossy(bytes));
        return name;
    }
    name.insert(0, '"');
    for byte in bytes {
        match byte {
            b'"' | b'\\' => {
                name.push('\\');
                name.push(char::from(*byte));
            }
            b'\n' => name.push_str("\\n"),
            b'\t' => name.push_str("\\t"),
            b'\r' => name.push_str("\\r"),
            byte if is_plain(byte) => name.push(char::from(*byte)),
            byte => {
                let _ = write!(name, "\\{byte:03o}");
            }
        }
    }
    name.push('"');
    name
}
