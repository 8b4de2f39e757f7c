//! Standard output and standard error: results to the one, progress and notes to the other.

use std::io::{self, Write};

use crate::check::Status;
use crate::image::text::{visible, visible_json};
use crate::wizard::words::fit;

/// Why a command ended without a result.
#[derive(Debug)]
pub(super) enum Failure {
    /// Wrong use: exit code 2.
    Usage(String),
    /// Something could not be read or done: exit code 3.
    Failed(String),
    /// The reader of our output went away: not an error.
    Closed,
}

impl Failure {
    /// Something could not be read or done.
    pub(super) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<crate::image::Error> for Failure {
    fn from(error: crate::image::Error) -> Self {
        Self::failed(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(format!("{error:#}"))
    }
}

/// Writes a result to standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Closed),
        Err(error) => Err(Failure::Failed(format!("cannot write the result to standard output: {error}"))),
    }
}

/// Writes a value as JSON, indented, to standard output.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    text.push('\n');
    print(&visible_json(&text))
}

/// Writes one line to standard error, or several, with what a terminal would act on made visible. A closed standard error
/// is nobody's concern.
pub(super) fn note(text: &str) {
    let lines: Vec<String> = text.split('\n').map(visible).collect();
    let _ = writeln!(io::stderr().lock(), "{}", lines.join("\n"));
}

/// Writes lines that this program made up itself, escapes and all, to standard error.
pub(super) fn note_drawn(lines: &str) {
    let _ = io::stderr().lock().write_all(lines.as_bytes());
}

/// Asks a yes-or-no question on the terminal; anything but `y` or `yes` is a no.
pub(super) fn confirm(question: &str) -> Result<bool, Failure> {
    Ok(matches!(ask(&format!("{question} [y/N] "))?.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Asks on the terminal, and gives the line that was typed without blanks around it.
pub(super) fn ask(question: &str) -> Result<String, Failure> {
    let mut out = io::stderr().lock();
    let _ = write!(out, "{question}").and_then(|()| out.flush());
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| Failure::Failed(format!("cannot read the answer: {error}")))?;
    Ok(answer.trim().to_owned())
}

/// A line on standard error that overwrites itself; silent unless that is a terminal.
#[derive(Debug)]
pub(super) struct ProgressLine {
    shown: bool,
}

impl ProgressLine {
    /// A line that is drawn only when `shown`.
    pub(super) fn new(shown: bool) -> Self {
        Self { shown }
    }

    /// Shows `text` in place of what was shown before.
    pub(super) fn show(&self, text: &str) {
        if self.shown {
            let mut out = io::stderr().lock();
            // A line that wraps could not be overwritten.
            let _ = write!(out, "\r\u{1b}[K{}", fit(text, 79)).and_then(|()| out.flush());
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.show("");
    }
}

/// Colours for a terminal; plain text elsewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A heading.
    pub(super) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Something less important.
    pub(super) fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    /// A status word, padded to the width of the longest.
    pub(super) fn status(self, status: Status) -> String {
        let (word, code) = match status {
            Status::Pass => ("pass", "32"),
            Status::Fail => ("FAIL", "1;31"),
            Status::Unknown => ("unknown", "33"),
            Status::NotApplicable => ("n/a", "2"),
            Status::Attest => ("attest", "36"),
        };
        self.with(code, &format!("{word:<7}"))
    }
}
