//! Where in sshd's configuration a value must be written so that it counts.
//!
//! The line that decides is edited in place. Where nothing decides, or what decides belongs to cloud-init or is a
//! package's own untouched drop-in, the value is inserted in the main file above everything that could decide first.
//! A main file that is the distribution's own (`/usr/etc`) or a link is left alone: a drop-in is written instead.
//! Every result is proven by resolving the drafted image before it is given away.
//!
//! `fix::sshd` calls [`set`] for the server's own value; the fix of SSH-05 calls [`set_in_matches`] for each keyword
//! it must close; [`set_everywhere`] is both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Change;
use crate::image::sshd::{Connection, Effective, Origin, Sshd, connections, usual_name};
use crate::image::{Error, Image, Node, Overlay};

mod line;
#[cfg(test)]
mod tests;

/// Why a value cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A file could not be read.
    #[error(transparent)]
    Image(#[from] Error),
    /// It would not work, or would do harm; one sentence without a full stop.
    #[error("{0}")]
    Refused(String),
}

/// The comment above lines that were inserted; later ones go below the same comment.
const MARKER: &str = "# Set by Seaworthy. Keep it above every Include and Match: the first value counts.";

/// Our own drop-in, for systems whose main file is not to be edited.
const DROP_IN: &str = "/etc/ssh/sshd_config.d/00-seaworthy.conf";

/// The changes after which `keyword` (lower case, current name) has `value` for the server: for every connection that
/// no `Match` block makes an exception of. A `Match all` block is no exception and is edited too.
///
/// # Errors
/// When a file cannot be read, when no edit would bring the value into force, when sshd would then refuse to start,
/// or when an account would have no way in any more.
pub fn set(image: &Image, keyword: &str, value: &str) -> Result<Vec<Change>, EditError> {
    let mut draft = Draft::new(image)?;
    draft.set(keyword, value)?;
    draft.finish(keyword)
}

/// The changes after which no `Match` block gives `keyword` a value that is neither `value` nor one of `accepted`.
///
/// # Errors
/// As [`set`].
pub fn set_in_matches(image: &Image, keyword: &str, value: &str, accepted: &[&str]) -> Result<Vec<Change>, EditError> {
    let mut draft = Draft::new(image)?;
    draft.set_in_matches(keyword, value, accepted)?;
    draft.finish(keyword)
}

/// [`set`] and [`set_in_matches`] together, proven for every connection.
///
/// # Errors
/// As [`set`], and when a connection would still meet another value.
pub fn set_everywhere(image: &Image, keyword: &str, value: &str) -> Result<Vec<Change>, EditError> {
    let mut draft = Draft::new(image)?;
    draft.set(keyword, value)?;
    draft.set_in_matches(keyword, value, &[])?;
    let after = draft.image();
    let sshd = after.sshd()?;
    for connection in connections(&after) {
        let effective = sshd.effective(Some(&connection));
        if !has(&effective, keyword, value) {
            let shown = effective.value(keyword);
            return Err(refused(format!("{keyword} would still be {shown} for {}", connection.user)));
        }
    }
    draft.finish(keyword)
}

/// Edits on their way, laid over the image.
struct Draft<'a> {
    image: &'a Image,
    /// Old lexer: before 8.7.
    old: bool,
    edits: BTreeMap<PathBuf, (Option<Node>, Node)>,
}

/// An edit moves the decision at most from file to file: more rounds than this mean it does not settle.
const MOST_ROUNDS: usize = 40;

impl<'a> Draft<'a> {
    fn new(image: &'a Image) -> Result<Self, EditError> {
        let sshd = image.sshd()?;
        if sshd.main.is_none() {
            return Err(refused("there is no sshd configuration to edit"));
        }
        if let Some(problem) = sshd.problems.iter().find(|problem| problem.fatal) {
            let path = crate::image::text::path(&problem.origin.path);
            let message = &problem.message;
            return Err(refused(format!(
                "sshd refuses its configuration already: {message} ({path}); mend that first"
            )));
        }
        let old = sshd.version.is_some_and(|version| version < (8, 7));
        Ok(Self { image, old, edits: BTreeMap::new() })
    }

    /// The image as it would be with the edits so far.
    fn image(&self) -> Image {
        let mut overlay: Overlay = self.image.overlay().clone();
        for (path, (_, after)) in &self.edits {
            overlay.put(path, Some(after.clone()));
        }
        self.image.drafted(overlay)
    }

    fn set(&mut self, keyword: &str, value: &str) -> Result<(), EditError> {
        // Before 8.7 the older name is an option of its own, and it is the one that decides.
        if keyword == "kbdinteractiveauthentication" && self.old {
            self.set_one("challengeresponseauthentication", value)?;
        }
        self.set_one(keyword, value)
    }

    fn set_one(&mut self, keyword: &str, value: &str) -> Result<(), EditError> {
        for _ in 0..MOST_ROUNDS {
            let image = self.image();
            let sshd = image.sshd()?;
            let effective = sshd.effective(None);
            if has(&effective, keyword, value) {
                return Ok(());
            }
            let Some(setting) = effective.get(keyword) else {
                return Err(refused(format!("this OpenSSH has no setting {keyword}")));
            };
            match setting.origins.first() {
                Some(origin) if setting.in_match || Self::is_ours_to_edit(&image, sshd, &origin.path)? => {
                    self.replace(&image, origin, value)?;
                }
                Some(origin) if !sshd.files().any(|path| path == origin.path) => {
                    return Err(on_command_line(keyword, &origin.path));
                }
                _ => self.insert(&image, sshd, keyword, value)?,
            }
        }
        Err(refused(format!("no edit brings {keyword} {value} into force")))
    }

    fn set_in_matches(&mut self, keyword: &str, value: &str, accepted: &[&str]) -> Result<(), EditError> {
        for _ in 0..MOST_ROUNDS * 10 {
            let image = self.image();
            let lines = image.sshd()?.matches.iter().flat_map(|block| &block.sets);
            let is_accepted = |origin: &Origin| {
                let found = line::value(origin.text.as_bytes(), self.old).unwrap_or_default();
                found == value || accepted.contains(&found.as_str())
            };
            let mut weaker = lines.filter(|(name, _)| name == keyword).map(|(_, origin)| origin);
            let Some(origin) = weaker.find(|origin| !is_accepted(origin)).cloned() else { return Ok(()) };
            self.replace(&image, &origin, value)?;
        }
        Err(refused(format!("there are too many Match lines with {keyword}")))
    }

    /// Whether an administrator edits this file: one below `/etc`, not cloud-init's, and not a package's drop-in as
    /// shipped. The main file is always one, unless it is a link or the vendor's.
    fn is_ours_to_edit(image: &Image, sshd: &Sshd, path: &Path) -> Result<bool, EditError> {
        let real = image.real_path(path)?;
        if !real.starts_with("/etc") || path.file_name().is_some_and(|name| name == "50-cloud-init.conf") {
            return Ok(false);
        }
        if sshd.main.as_deref() == Some(path) {
            return Ok(real == path);
        }
        let bytes = image.read(path)?.unwrap_or_default();
        let is_shipped = image.packages().is_ok_and(|packages| packages.ships(image, &real, &bytes).is_some());
        Ok(!is_shipped)
    }

    /// Puts `value` on the line of `origin`.
    fn replace(&mut self, image: &Image, origin: &Origin, value: &str) -> Result<(), EditError> {
        let place = || format!("{} line {}", crate::image::text::path(&origin.path), origin.line);
        let bytes = plain_file(image, &origin.path)?;
        let text = line::replaced(&bytes, origin.line, value, self.old)
            .ok_or_else(|| refused(format!("{} cannot be edited", place())))?;
        if text == bytes {
            return Err(refused(format!("{} already says {value}, yet it does not count", place())));
        }
        self.put(image, &origin.path, text)
    }

    /// Writes the keyword where nothing can decide before it.
    fn insert(&mut self, image: &Image, sshd: &Sshd, keyword: &str, value: &str) -> Result<(), EditError> {
        let setting = format!("{} {value}", usual_name(keyword));
        let main = sshd.main.clone().unwrap_or_default();
        if Self::is_ours_to_edit(image, sshd, &main)? {
            let bytes = plain_file(image, &main)?;
            let (number, marked) = place(&bytes, keyword);
            let lines = if marked { vec![setting] } else { vec![MARKER.to_owned(), setting] };
            let text = line::inserted(&bytes, number, &lines);
            return self.put(image, &main, text);
        }
        let drop_in = Path::new(DROP_IN);
        let bytes = image.read(drop_in)?.unwrap_or_default();
        if bytes.windows(setting.len()).any(|window| window == setting.as_bytes()) {
            return Err(refused(format!("{DROP_IN} would not count: no Include at the top of the main file reads it")));
        }
        let lines = if bytes.is_empty() { vec![MARKER.to_owned(), setting] } else { vec![setting] };
        let text = line::inserted(&bytes, usize::MAX, &lines);
        self.put(image, drop_in, text)
    }

    /// Lays `text` over the file at `path`.
    fn put(&mut self, image: &Image, path: &Path, text: Vec<u8>) -> Result<(), EditError> {
        let real = image.real_path(path)?;
        if let Some((_, after)) = self.edits.get_mut(&real) {
            *after = after.with_bytes(text);
            return Ok(());
        }
        let before = self.image.node(&real)?;
        let after = match &before {
            Some(node) => node.with_bytes(text),
            // As cloud-init and RHEL make theirs.
            None => Node::new_file(text, 0o600),
        };
        for parent in real.ancestors().skip(1) {
            if self.image.stat(parent)?.is_none() {
                self.edits.insert(parent.to_path_buf(), (None, Node::Directory { mode: 0o755, uid: 0, gid: 0 }));
            }
        }
        self.edits.insert(real, (before, after));
        Ok(())
    }

    /// Proves that the edits do no harm, and gives them away.
    fn finish(self, keyword: &str) -> Result<Vec<Change>, EditError> {
        let after = self.image();
        let (was, is) = (self.image.sshd()?, after.sshd()?);
        let is_new =
            |message: &String| !was.problems.iter().any(|problem| problem.fatal && problem.message == *message);
        if let Some(problem) = is.problems.iter().find(|problem| problem.fatal && is_new(&problem.message)) {
            let path = crate::image::text::path(&problem.origin.path);
            return Err(refused(format!(
                "sshd would refuse to start: {} ({path} line {})",
                problem.message, problem.origin.line
            )));
        }
        let loses = |connection: &Connection| {
            was.effective(Some(connection)).has_way_in() && !is.effective(Some(connection)).has_way_in()
        };
        if let Some(locked_out) = connections(self.image).iter().find(|connection| loses(connection)) {
            return Err(refused(format!(
                "changing {keyword} would leave {} no way in: authenticationmethods asks for a method that would be off",
                locked_out.user
            )));
        }
        let changes = self.edits.into_iter().filter(|(_, (before, after))| before.as_ref() != Some(after));
        Ok(changes
            .map(|(path, (before, after))| Change::Path { path, before, after: Some(after), secret: false })
            .collect())
    }
}

fn refused(message: impl Into<String>) -> EditError {
    EditError::Refused(message.into())
}

fn on_command_line(keyword: &str, unit: &Path) -> EditError {
    let unit = crate::image::text::path(unit);
    refused(format!("{unit} sets {keyword} on sshd's command line, which beats every file; change the unit"))
}

/// Whether `keyword` has `value`, whichever of its two names `prohibit-password` goes by.
fn has(effective: &Effective, keyword: &str, value: &str) -> bool {
    let found = effective.value(keyword);
    found.eq_ignore_ascii_case(value) || (found == "without-password" && value == "prohibit-password")
}

/// The bytes of a configuration file that can be edited by lines.
fn plain_file(image: &Image, path: &Path) -> Result<Vec<u8>, EditError> {
    let bytes = image.read(path)?.unwrap_or_default();
    if bytes.contains(&0) {
        let path = crate::image::text::path(path);
        return Err(refused(format!("{path} holds a NUL byte and cannot be edited by lines; mend it by hand")));
    }
    Ok(bytes)
}

/// Before which line (from 1) of the main file a value counts first, and whether our marker is right above: below the
/// marker, else below the commented-out line of the keyword, else above the first `Include` or `Match`, else at the end.
fn place(file: &[u8], keyword: &str) -> (usize, bool) {
    let lines: Vec<&[u8]> = file.split(|byte| *byte == b'\n').collect();
    let word = |line: &[u8]| {
        let text = String::from_utf8_lossy(line).to_ascii_lowercase();
        text.split([' ', '\t', '=', '\r']).find(|word| !word.is_empty()).unwrap_or_default().replace('"', "")
    };
    let limit = lines.iter().position(|line| matches!(word(line).as_str(), "include" | "match")).unwrap_or(lines.len());
    let above = lines.get(..limit).unwrap_or_default();
    if let Some(at) = above.iter().position(|line| line.trim_ascii() == MARKER.as_bytes()) {
        return (at + 2, true);
    }
    let is_commented =
        |line: &&[u8]| line.trim_ascii_start().strip_prefix(b"#").is_some_and(|rest| word(rest) == keyword);
    match above.iter().position(is_commented) {
        Some(at) => (at + 2, false),
        None => (limit + 1, false),
    }
}
