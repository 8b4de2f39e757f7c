//! Pages: the text of a screen as lines of words with a meaning, before anybody thinks of colours.
//!
//! A page is made for a width, so that whoever scrolls it knows how long it is. Everything put on a page passes
//! [`visible`] on its way: file names, contents and configuration come from a hostile image.

use textwrap::{Options, WordSplitter, wrap};
use unicode_width::UnicodeWidthStr;

use super::words;
use crate::image::text::visible;

mod access;
pub(crate) mod details;
pub(crate) mod dialog;
pub(crate) mod export;
pub(crate) mod help;
pub(crate) mod login;
pub(crate) mod overview;
pub(crate) mod recover;
pub(crate) mod result;
pub(crate) mod review;
pub(crate) mod seal;
pub(crate) mod search;
mod seen;

/// What a piece of text means. Themes give each a look; the names are those in the `[roles]` of `themes/*.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Plain text.
    Text,
    /// Text of less weight.
    Dim,
    /// A heading within a page.
    Heading,
    /// What the eye should find first.
    Accent,
    /// A key, in hints and help.
    Key,
    /// Rules and frames.
    Border,
    /// The program's name and the title of a dialog.
    Title,
    /// The word PRACTICE.
    Practice,
    /// The selected row.
    Selected,
    /// The selected row while another pane has the keys.
    SelectedDim,
    /// Good.
    Pass,
    /// Bad.
    Fail,
    /// Not known.
    Unknown,
    /// For a person to confirm.
    Attest,
    /// Chosen to be changed.
    Chosen,
    /// Let be, with a reason.
    Waived,
    /// A line that is added.
    Added,
    /// A line that is removed.
    Removed,
    /// The part of an added line that differs from its partner.
    AddedPart,
    /// The part of a removed line that differs from its partner.
    RemovedPart,
    /// What to be careful about.
    Warning,
    /// What went wrong.
    Error,
    /// A field to type in.
    Field,
    /// What a search found.
    Match,
    /// Paper: light, and black what is written on it, whatever the theme, so that cameras read it.
    Paper,
    /// Ink: the black itself.
    Ink,
}

/// Every role, in the order of the enum.
pub const ROLES: [Role; 26] = [
    Role::Text,
    Role::Dim,
    Role::Heading,
    Role::Accent,
    Role::Key,
    Role::Border,
    Role::Title,
    Role::Practice,
    Role::Selected,
    Role::SelectedDim,
    Role::Pass,
    Role::Fail,
    Role::Unknown,
    Role::Attest,
    Role::Chosen,
    Role::Waived,
    Role::Added,
    Role::Removed,
    Role::AddedPart,
    Role::RemovedPart,
    Role::Warning,
    Role::Error,
    Role::Field,
    Role::Match,
    Role::Paper,
    Role::Ink,
];

/// One line: pieces of text with their roles.
pub type Line = Vec<(Role, String)>;

/// Lines made for a width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    width: usize,
    lines: Vec<Line>,
}

impl Page {
    /// An empty page of `width` columns.
    pub fn new(width: usize) -> Self {
        Self { width: width.max(1), lines: Vec::new() }
    }

    /// The lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it has no lines.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The furthest it can be scrolled when `height` lines are shown.
    pub fn last_top(&self, height: usize) -> usize {
        self.len().saturating_sub(height)
    }

    /// An empty line, unless the page is empty or the last line is.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(Vec::new());
        }
    }

    /// One line as it is given, cut to the width.
    pub fn line(&mut self, pieces: &[(Role, &str)]) {
        let mut left = self.width;
        let mut line = Vec::with_capacity(pieces.len());
        for (role, text) in pieces {
            let text = words::fit(&visible(text), left);
            left = left.saturating_sub(text.width());
            line.push((*role, text));
            if left == 0 {
                break;
            }
        }
        self.lines.push(line);
    }

    /// A heading, with a gap before it.
    pub fn heading(&mut self, text: &str) {
        self.gap();
        self.line(&[(Role::Heading, text)]);
    }

    /// Prose, wrapped, each line `indent` columns in. Line breaks in the text are kept; indented lines keep their
    /// own indent, so that commands stay commands.
    pub fn prose(&mut self, role: Role, indent: usize, text: &str) {
        for line in text.trim_end().split('\n') {
            let own = line.len() - line.trim_start_matches(' ').len();
            let lead = " ".repeat((indent + own).min(self.width / 2));
            self.wrapped(role, &lead, &lead, line.trim_start_matches(' '));
        }
    }

    /// A command of a shell, `indent` columns in. Where it is wrapped, it is so that what is selected on the screen can be
    /// pasted: between words only, with a backslash. A word that is too long for the indent goes without it; one that is
    /// too long for the page is broken all the same.
    pub fn command(&mut self, indent: usize, text: &str) {
        let room = self.width.saturating_sub(indent + 2);
        let mut line = String::new();
        for word in shell_words(text) {
            if !line.is_empty() && line.width() + 1 + word.width() > room {
                let indent = indent.min(self.width.saturating_sub(line.width() + 2));
                self.prose(Role::Accent, indent, &format!("{line} \\"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.prose(Role::Accent, indent, &line);
    }

    /// A point of a list: a dash, then prose.
    pub fn point(&mut self, role: Role, indent: usize, text: &str) {
        let first = format!("{}- ", " ".repeat(indent));
        let rest = " ".repeat(indent + 2);
        self.wrapped(role, &first, &rest, text);
    }

    /// A label and its value on one line, the value wrapped in its own column.
    pub fn labelled(&mut self, label: &str, column: usize, role: Role, value: &str) {
        let first = self.lines.len();
        let rest = " ".repeat(column);
        self.wrapped(role, &rest, &rest, value);
        if let Some(line) = self.lines.get_mut(first)
            && let Some((_, text)) = line.first_mut()
        {
            let value = text.get(column..).unwrap_or_default().to_owned();
            *line = vec![(Role::Dim, words::pad(&visible(label), column)), (role, value)];
        }
    }

    /// A left and a right text on one line; the left one is cut first.
    pub fn both_ends(&mut self, left: (Role, &str), right: (Role, &str)) {
        let right_text = words::fit(&visible(right.1), self.width);
        let room = self.width.saturating_sub(right_text.width() + 1);
        let left_text = words::pad(&visible(left.1), room);
        self.lines.push(vec![(left.0, left_text), (Role::Text, " ".into()), (right.0, right_text)]);
    }

    /// A bar that is `done` of `all` full.
    pub fn bar(&mut self, done: usize, all: usize) {
        let width = self.width.min(50);
        let full = (width * done.min(all)).checked_div(all).unwrap_or(0);
        self.lines.push(vec![(Role::Accent, "━".repeat(full)), (Role::Border, "─".repeat(width - full))]);
    }

    fn wrapped(&mut self, role: Role, first: &str, rest: &str, text: &str) {
        let text = visible(text);
        if text.trim().is_empty() {
            self.lines.push(Vec::new());
            return;
        }
        if first.width() + text.width() <= self.width {
            self.lines.push(vec![(role, format!("{first}{text}"))]);
            return;
        }
        let options = Options::new(self.width)
            .initial_indent(first)
            .subsequent_indent(rest)
            .word_splitter(WordSplitter::NoHyphenation);
        self.lines.extend(wrap(&text, options).into_iter().map(|line| vec![(role, line.into_owned())]));
    }
}

/// The words of a command, quotes and what is in them together.
fn shell_words(text: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    let is_end = move |character: char| {
        match quote {
            None if matches!(character, '\'' | '"') => quote = Some(character),
            Some(open) if open == character => quote = None,
            _ => {}
        }
        character == ' ' && quote.is_none()
    };
    text.split(is_end).filter(|word| !word.is_empty())
}

/// The page as plain text, for copying and for tests.
impl std::fmt::Display for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.lines {
            let text: String = line.iter().map(|(_, text)| text.as_str()).collect();
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
