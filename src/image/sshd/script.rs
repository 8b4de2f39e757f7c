//! The configuration as one sequence of lines: the main file with every included file at its place.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::lexer::{Args, Span, Text, keyword};
use super::release::Release;
use super::source::{Source, glob};
use super::{Origin, Problem};
use crate::image::Error;

/// One step through the configuration.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// A line of a file.
    Line(At),
    /// An included file begins.
    Enter,
    /// An included file ends.
    Leave,
}

/// A line: its file and its place there.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    file: usize,
    span: Span,
}

impl At {
    /// Whether it is the same line of the same file.
    pub(super) fn is_same(self, other: Self) -> bool {
        self.file == other.file && self.span.number == other.span.number
    }
}

/// Everything that is read, in reading order.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    files: Vec<(PathBuf, Text)>,
    /// `-o` of the command line, which comes before every file.
    pub(super) options: Vec<At>,
    /// The main file with what it includes.
    pub(super) steps: Vec<Step>,
    /// What stops the reading of files: dangling patterns, too deep nesting.
    pub(super) problems: Vec<Problem>,
}

/// A file may include others this deep (`SERVCONF_MAX_DEPTH`).
const DEEPEST: usize = 16;

/// The most lines that are read.
const MOST_LINES: usize = 400_000;

/// The most inclusions that are followed: crafted files could include each other millions of times.
const MOST_INCLUSIONS: usize = 2_000;

/// Relative patterns hang off here.
const BASE: &str = "/etc/ssh";

impl Script {
    /// Reads `main` and everything it includes.
    ///
    /// # Errors
    /// When a file is there but cannot be read.
    pub(super) fn read(source: &dyn Source, main: &Path, release: Release) -> Result<Self, Error> {
        let mut script = Self::default();
        let mut reading =
            Reading { source, release, known: HashMap::new(), patterns: HashMap::new(), inclusions: 0, is_over: false };
        let bytes = source.read(main)?.unwrap_or_default();
        let file = script.add_file(main.to_path_buf(), Text::load(&bytes, release));
        reading.expand(&mut script, file, 0)?;
        Ok(script)
    }

    /// Puts the lines of `options` (each as in a file) before everything; they come from `path`.
    pub(super) fn add_options(&mut self, path: &Path, options: &[String], release: Release) {
        for option in options {
            let file = self.add_file(path.to_path_buf(), Text::load(option.as_bytes(), release));
            let spans = self.files.get(file).map(|(_, text)| text.lines.clone()).unwrap_or_default();
            self.options.extend(spans.into_iter().map(|span| At { file, span }));
        }
    }

    /// The files read, the main file first.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let options: Vec<usize> = self.options.iter().map(|at| at.file).collect();
        let read = self.files.iter().enumerate().filter(move |(file, _)| !options.contains(file));
        read.map(|(_, (path, _))| path.as_path())
    }

    fn add_file(&mut self, path: PathBuf, text: Text) -> usize {
        self.files.push((path, text));
        self.files.len() - 1
    }

    /// The text of a line.
    pub(super) fn line(&self, at: At) -> &[u8] {
        self.files.get(at.file).map(|(_, text)| text.line(at.span)).unwrap_or_default()
    }

    /// Where a line is, for people to read.
    pub(super) fn origin(&self, at: At) -> Origin {
        let path = self.files.get(at.file).map(|(path, _)| path.clone()).unwrap_or_default();
        Origin { path, line: at.span.number, text: super::lexer::lossy(self.line(at)) }
    }

    fn problem(&mut self, at: At, message: String, fatal: bool) {
        let origin = self.origin(at);
        self.problems.push(Problem { origin, message, fatal });
    }
}

struct Reading<'a> {
    source: &'a dyn Source,
    release: Release,
    /// Files read so far; the same file may be included again.
    known: HashMap<PathBuf, Option<usize>>,
    patterns: HashMap<String, Vec<PathBuf>>,
    inclusions: usize,
    /// Reading has stopped for good.
    is_over: bool,
}

impl Reading<'_> {
    fn expand(&mut self, script: &mut Script, file: usize, depth: usize) -> Result<(), Error> {
        let spans = script.files.get(file).map(|(_, text)| text.lines.clone()).unwrap_or_default();
        for span in spans {
            let at = At { file, span };
            if self.is_over {
                return Ok(());
            }
            if script.steps.len() >= MOST_LINES || self.inclusions >= MOST_INCLUSIONS {
                self.is_over = true;
                script.problem(at, TOO_MUCH.to_owned(), true);
                return Ok(());
            }
            script.steps.push(Step::Line(at));
            let patterns = self.patterns_of(script.line(at));
            for pattern in patterns {
                self.include(script, at, &pattern, depth)?;
            }
        }
        Ok(())
    }

    /// The patterns of an `Include` line that this release would follow, made absolute.
    fn patterns_of(&self, line: &[u8]) -> Vec<String> {
        let Some((name, rest)) = keyword(line) else { return Vec::new() };
        if !name.eq_ignore_ascii_case("include") || super::keywords::look_up("include", self.release).is_none() {
            return Vec::new();
        }
        let Ok(mut args) = Args::new(rest, self.release) else { return Vec::new() };
        let mut patterns = Vec::new();
        while let Some(pattern) = args.next().filter(|pattern| !pattern.is_empty()) {
            let absolute = pattern.starts_with(['/', '~']);
            patterns.push(if absolute { pattern } else { format!("{BASE}/{pattern}") });
        }
        patterns
    }

    fn include(&mut self, script: &mut Script, at: At, pattern: &str, depth: usize) -> Result<(), Error> {
        if !self.patterns.contains_key(pattern) {
            // `~` is not expanded: it is a name in the working directory, `/`.
            let paths = glob(self.source, pattern)?;
            self.patterns.insert(pattern.to_owned(), paths);
        }
        for path in self.patterns.get(pattern).cloned().unwrap_or_default() {
            if depth + 1 > DEEPEST {
                // The program gives up here, and going on could take for ever.
                self.is_over = true;
                script.problem(at, format!("includes files more than {DEEPEST} deep"), true);
                return Ok(());
            }
            let Some(file) = self.file(script, &path)? else {
                script.problem(
                    at,
                    format!("includes {}, which cannot be opened", crate::image::text::path(&path)),
                    true,
                );
                continue;
            };
            self.inclusions += 1;
            script.steps.push(Step::Enter);
            self.expand(script, file, depth + 1)?;
            script.steps.push(Step::Leave);
            if self.is_over {
                return Ok(());
            }
        }
        Ok(())
    }

    fn file(&mut self, script: &mut Script, path: &Path) -> Result<Option<usize>, Error> {
        if let Some(known) = self.known.get(path) {
            return Ok(*known);
        }
        let text = self.source.read(path)?.map(|bytes| Text::load(&bytes, self.release));
        let file = text.map(|text| script.add_file(path.to_path_buf(), text));
        self.known.insert(path.to_path_buf(), file);
        Ok(file)
    }
}

const TOO_MUCH: &str = "is where reading stops: the configuration is too large to follow";
