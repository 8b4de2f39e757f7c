//! The diff, line by line; only what is in sight is styled.
//!
//! ```text
//!  /etc/ssh/sshd_config  edited                              +1 -1
//!  … line 31
//!    31   31   # Authentication:
//!    32      - PermitRootLogin yes
//!         32 + PermitRootLogin no
//! ```

use unicode_width::UnicodeWidthStr;

use super::super::draw::Sheet;
use crate::change::diff::{Line, Sign};
use crate::image::text;
use crate::wizard::layout::{Area, Size};
use crate::wizard::page::Role;
use crate::wizard::page::details::totals;
use crate::wizard::{DiffRow, DiffView, words};

/// Tabs are drawn as an arrow and blanks up to the next multiple of this.
const TAB: usize = 8;

/// Draws the rows that are in sight.
pub(super) fn draw(view: &DiffView, size: Size, sheet: &mut Sheet<'_>) {
    let area = size.body().inset(1, 0);
    if view.rows().is_empty() {
        sheet.text(area.x, area.y, area.width, Role::Dim, "Nothing would be changed.");
        return;
    }
    position(view, size, sheet);
    for (row, y) in view.rows().iter().skip(view.top).zip(super::rows(area)) {
        draw_row(view, *row, area, y, sheet);
    }
    sheet.cursor = Some((area.x, area.y));
}

/// On the rule above: what this is, which file, how far down.
fn position(view: &DiffView, size: Size, sheet: &mut Sheet<'_>) {
    let last = view.rows().len().saturating_sub(usize::from(size.body().height));
    let percent = (view.top * 100).checked_div(last).unwrap_or(100);
    let found = if view.needle.is_empty() { String::new() } else { format!(" {} found ·", view.found()) };
    let right = format!("{found} file {} of {} · {percent} % ", view.current_file() + 1, view.files().len());
    let start = sheet.right(size.width.saturating_sub(1), 1, Role::Dim, &right);
    let room = usize::from(start.saturating_sub(4));
    sheet.text(1, 1, size.width, Role::Title, &format!(" {} ", words::fit(&text::visible(&view.title), room)));
}

fn draw_row(view: &DiffView, row: DiffRow, area: Area, y: u16, sheet: &mut Sheet<'_>) {
    let Area { x, width, .. } = area;
    match row {
        DiffRow::Blank => {}
        DiffRow::File(file) => {
            let Some(file) = view.file(file) else { return };
            if file.path.as_os_str().is_empty() {
                sheet.text(x, y, width, Role::Heading, "Command");
                return;
            }
            let start = sheet.right(x + width, y, Role::Dim, &totals(file));
            let room = start.saturating_sub(x + 1);
            let at = sheet.text(x, y, room, Role::Heading, &words::fit(&text::path(&file.path), usize::from(room)));
            let headline = format!("  {}", text::visible(&file.headline));
            let room = start.saturating_sub(at + 1);
            sheet.text(at, y, room, Role::Accent, &words::fit(&headline, usize::from(room)));
        }
        DiffRow::Headline(file) => {
            let headline = view.file(file).map_or("", |file| &file.headline);
            sheet.text(x, y, width, Role::Accent, &words::fit(&text::visible(headline), usize::from(width)));
        }
        DiffRow::Masked(_) => {
            sheet.text(x, y, width, Role::Warning, "Masked: the content may be secret. The real bytes are written.");
        }
        DiffRow::Skip(file, hunk) => {
            let line = view.line(file, hunk, 0).and_then(|line| line.new.or(line.old)).unwrap_or(1);
            sheet.text(x, y, width, Role::Dim, &format!("… line {line}"));
        }
        DiffRow::Line(file, hunk, line) => {
            if let Some(line) = view.line(file, hunk, line) {
                draw_line(view, line, area, y, sheet);
            }
        }
    }
}

fn draw_line(view: &DiffView, line: &Line, area: Area, y: u16, sheet: &mut Sheet<'_>) {
    let digits = view.number_width().max(3);
    let number = |number: Option<usize>| number.map(|n| n.to_string()).unwrap_or_default();
    let numbers = format!("{:>digits$} {:>digits$} ", number(line.old), number(line.new));
    let (sign, role, part) = match line.sign {
        Sign::Same => (" ", Role::Text, Role::Text),
        Sign::Removed => ("-", Role::Removed, Role::RemovedPart),
        Sign::Added => ("+", Role::Added, Role::AddedPart),
    };
    let mut at = sheet.text(area.x, y, area.width, Role::Dim, &numbers);
    at = sheet.text(at, y, 1, role, sign) + 1;
    let right = area.x + area.width;
    let (mut column, mut cut) = (0, false);
    // Every character takes a column or more, so nothing beyond this can be in sight.
    let limit = view.left + usize::from(area.width) + 1;
    for (differs, piece) in &line.pieces {
        let look = if *differs { part } else { role };
        let end = piece.char_indices().nth(limit).map_or(piece.len(), |(at, _)| at);
        for (found, text) in marked(&shown(piece.get(..end).unwrap_or_default(), column), &view.needle) {
            let wide = text.width();
            let visible = skip_columns(&text, view.left.saturating_sub(column));
            column += wide;
            let room = right.saturating_sub(at);
            cut |= visible.width() > usize::from(room);
            at = sheet.text(at, y, room, if found { Role::Match } else { look }, visible);
        }
    }
    if line.no_newline {
        sheet.text(at, y, right.saturating_sub(at), Role::Dim, " (no line break at the end)");
    }
    if cut {
        sheet.text(right, y, 1, Role::Accent, "›");
    }
}

/// `piece` as it can be seen: tabs as arrows, whatever is hidden as its escape.
fn shown(piece: &str, column: usize) -> String {
    let mut out = String::new();
    for (at, part) in piece.trim_end_matches(['\n', '\r']).split('\t').enumerate() {
        if at > 0 {
            let here = column + out.width();
            out.push('→');
            out.extend(std::iter::repeat_n(' ', TAB - 1 - here % TAB));
        }
        out.push_str(&text::visible(part));
    }
    if piece.ends_with("\r\n") || piece.ends_with('\r') {
        out.push_str(&text::visible("\r"));
    }
    out
}

/// `text` in parts, `true` where it is what was searched for.
fn marked(text: &str, needle: &str) -> Vec<(bool, String)> {
    let lower = text.to_lowercase();
    // Where lower case has other lengths the places do not fit; then nothing is marked.
    if needle.is_empty() || lower.len() != text.len() {
        return vec![(false, text.to_owned())];
    }
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, found) in lower.match_indices(needle) {
        parts.push((false, text.get(from..at).unwrap_or_default().to_owned()));
        parts.push((true, text.get(at..at + found.len()).unwrap_or_default().to_owned()));
        from = at + found.len();
    }
    parts.push((false, text.get(from..).unwrap_or_default().to_owned()));
    parts.retain(|(_, part)| !part.is_empty());
    parts
}

/// `text` without its first `columns` columns.
fn skip_columns(text: &str, columns: usize) -> &str {
    let mut skipped = 0;
    for (at, character) in text.char_indices() {
        if skipped >= columns {
            return text.get(at..).unwrap_or_default();
        }
        skipped += unicode_width::UnicodeWidthChar::width(character).unwrap_or(0);
    }
    if skipped >= columns && columns == 0 { text } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_and_line_ends_are_seen() {
        assert_eq!(shown("a\tb\n", 0), "a→      b");
        assert_eq!(shown("a\tb", 6), "a→b");
        assert!(shown("x\r\n", 0).starts_with("x\\u{"));
    }

    #[test]
    fn matches_are_marked_without_regard_to_case() {
        assert_eq!(
            marked("Permit permit", "permit"),
            [(true, "Permit".into()), (false, " ".into()), (true, "permit".into())]
        );
        assert_eq!(marked("abc", ""), [(false, "abc".into())]);
    }

    #[test]
    fn columns_are_skipped_whole() {
        assert_eq!(skip_columns("abc", 0), "abc");
        assert_eq!(skip_columns("abc", 2), "c");
        assert_eq!(skip_columns("漢字", 1), "字");
        assert_eq!(skip_columns("ab", 5), "");
    }
}
