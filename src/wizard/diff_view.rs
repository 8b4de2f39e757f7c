//! The diff as it is looked at: its rows, where one is in it, what was searched for.

use crate::change::diff::{FileDiff, Line};

/// One row of a diff on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffRow {
    /// A file's path, what happens to it, and totals.
    File(usize),
    /// The command line.
    Headline(usize),
    /// The content is masked.
    Masked(usize),
    /// Lines are left out here; the line it goes on at.
    Skip(usize, usize),
    /// A line: file, hunk, line.
    Line(usize, usize, usize),
    /// Nothing.
    Blank,
}

/// Changes being looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DiffView {
    /// What they are of.
    pub title: String,
    files: Vec<FileDiff>,
    rows: Vec<DiffRow>,
    /// First row shown.
    pub top: usize,
    /// First column shown.
    pub left: usize,
    /// What was searched for, in lower case; empty for nothing.
    pub needle: String,
    found: Vec<usize>,
    /// Which of the places found was gone to last.
    current: usize,
}

impl DiffView {
    /// A view of `files`, from the top.
    pub fn new(title: impl Into<String>, files: Vec<FileDiff>) -> Self {
        let mut rows = Vec::new();
        for (file, diff) in files.iter().enumerate() {
            if file > 0 {
                rows.push(DiffRow::Blank);
            }
            rows.push(DiffRow::File(file));
            if diff.path.as_os_str().is_empty() {
                rows.push(DiffRow::Headline(file));
            }
            if diff.masked {
                rows.push(DiffRow::Masked(file));
            }
            for (hunk, lines) in diff.hunks.iter().enumerate() {
                if lines.first().and_then(|line| line.new.or(line.old)).is_some_and(|number| number > 1) {
                    rows.push(DiffRow::Skip(file, hunk));
                }
                rows.extend((0..lines.len()).map(|line| DiffRow::Line(file, hunk, line)));
            }
        }
        Self { title: title.into(), files, rows, ..Self::default() }
    }

    /// The rows.
    pub fn rows(&self) -> &[DiffRow] {
        &self.rows
    }

    /// The files.
    pub fn files(&self) -> &[FileDiff] {
        &self.files
    }

    /// A file.
    pub fn file(&self, file: usize) -> Option<&FileDiff> {
        self.files.get(file)
    }

    /// A line.
    pub fn line(&self, file: usize, hunk: usize, line: usize) -> Option<&Line> {
        self.files.get(file)?.hunks.get(hunk)?.get(line)
    }

    /// The file that the first row shown belongs to, from 0.
    pub fn current_file(&self) -> usize {
        self.rows
            .iter()
            .take(self.top + 1)
            .rev()
            .find_map(|row| match row {
                DiffRow::File(file)
                | DiffRow::Headline(file)
                | DiffRow::Masked(file)
                | DiffRow::Skip(file, _)
                | DiffRow::Line(file, _, _) => Some(*file),
                DiffRow::Blank => None,
            })
            .unwrap_or(0)
    }

    /// Scrolls by `rows`, at most to where the last page is full.
    pub fn scroll(&mut self, rows: isize, height: usize) {
        self.go(self.top.saturating_add_signed(rows), height);
    }

    /// Scrolls to `row`.
    pub fn go(&mut self, row: usize, height: usize) {
        self.top = row.min(self.rows.len().saturating_sub(height));
    }

    /// Scrolls to the next file, or the one before.
    pub fn go_to_file(&mut self, forward: bool, height: usize) {
        let heads = self.rows.iter().enumerate().filter(|(_, row)| matches!(row, DiffRow::File(_)));
        let target = if forward {
            heads.map(|(row, _)| row).find(|row| *row > self.top)
        } else {
            heads.map(|(row, _)| row).rfind(|row| *row < self.top)
        };
        if let Some(row) = target {
            self.go(row, height);
        }
    }

    /// Searches for `needle` and goes to the first place at or below the top; gives how many places there are.
    pub fn search(&mut self, needle: &str, height: usize) -> usize {
        self.needle = needle.to_lowercase();
        self.found = if self.needle.is_empty() {
            Vec::new()
        } else {
            (0..self.rows.len()).filter(|row| self.text(*row).to_lowercase().contains(&self.needle)).collect()
        };
        self.current = self.found.iter().position(|row| *row >= self.top).unwrap_or(0);
        self.show_found(height);
        self.found.len()
    }

    /// Goes to the next place found, or the one before, in a circle.
    pub fn go_to_found(&mut self, forward: bool, height: usize) {
        let count = self.found.len().max(1);
        self.current = (self.current + if forward { 1 } else { count - 1 }) % count;
        self.show_found(height);
    }

    /// The row of the place that was gone to last.
    pub fn found_row(&self) -> Option<usize> {
        self.found.get(self.current).copied()
    }

    fn show_found(&mut self, height: usize) {
        if let Some(row) = self.found_row() {
            self.go(row.saturating_sub(height / 3), height);
        }
    }

    /// How many places a search found.
    pub fn found(&self) -> usize {
        self.found.len()
    }

    /// Columns that line numbers take.
    pub fn number_width(&self) -> usize {
        let last = self
            .files
            .iter()
            .flat_map(|file| &file.hunks)
            .filter_map(|hunk| hunk.last())
            .filter_map(|line| line.old.max(line.new))
            .max()
            .unwrap_or(0);
        last.max(1).ilog10() as usize + 1
    }

    fn text(&self, row: usize) -> String {
        match self.rows.get(row) {
            Some(DiffRow::File(file)) => {
                self.file(*file).map(|file| file.path.to_string_lossy().into_owned()).unwrap_or_default()
            }
            Some(DiffRow::Headline(file)) => self.file(*file).map(|file| file.headline.clone()).unwrap_or_default(),
            Some(DiffRow::Line(file, hunk, line)) => self
                .line(*file, *hunk, *line)
                .map(|line| line.pieces.iter().map(|(_, text)| text.as_str()).collect())
                .unwrap_or_default(),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::diff::Sign;

    fn file(path: &str, lines: &[&str]) -> FileDiff {
        let hunk = lines
            .iter()
            .enumerate()
            .map(|(at, text)| Line {
                sign: Sign::Added,
                old: None,
                new: Some(at + 2),
                pieces: vec![(false, (*text).to_owned())],
                no_newline: false,
            })
            .collect();
        FileDiff {
            path: path.into(),
            headline: "edited".into(),
            hunks: vec![hunk],
            masked: false,
            added: lines.len(),
            removed: 0,
        }
    }

    fn view() -> DiffView {
        DiffView::new("t", vec![file("/a", &["one", "two", "three"]), file("/b", &["four", "TWO"])])
    }

    #[test]
    fn rows_name_every_line_once() {
        use DiffRow::{Blank, File, Line, Skip};
        let expected = [
            File(0),
            Skip(0, 0),
            Line(0, 0, 0),
            Line(0, 0, 1),
            Line(0, 0, 2),
            Blank,
            File(1),
            Skip(1, 0),
            Line(1, 0, 0),
            Line(1, 0, 1),
        ];
        assert_eq!(view().rows(), expected);
        let mut whole = file("/c", &["one"]);
        whole.hunks[0][0].new = Some(1);
        assert_eq!(DiffView::new("t", vec![whole]).rows(), [File(0), Line(0, 0, 0)], "nothing is left out");
    }

    #[test]
    fn scrolling_stops_at_both_ends() {
        let mut view = view();
        view.scroll(-5, 4);
        assert_eq!(view.top, 0);
        view.scroll(500, 4);
        assert_eq!(view.top, 6);
        view.go(0, 50);
        assert_eq!(view.top, 0);
    }

    #[test]
    fn files_are_gone_through() {
        let mut view = view();
        view.go_to_file(true, 3);
        assert_eq!((view.top, view.current_file()), (6, 1));
        view.go_to_file(true, 3);
        assert_eq!(view.top, 6);
        view.go_to_file(false, 3);
        assert_eq!((view.top, view.current_file()), (0, 0));
    }

    #[test]
    fn searching_ignores_case_and_goes_round() {
        let mut view = view();
        assert_eq!(view.search("Two", 3), 2);
        assert_eq!(view.top, 2);
        view.go_to_found(true, 3);
        assert_eq!(view.top, 7);
        view.go_to_found(true, 3);
        assert_eq!(view.top, 2);
        view.go_to_found(false, 3);
        assert_eq!(view.top, 7);
        assert_eq!(view.search("nowhere", 3), 0);
    }
}
