//! What is packed in archives and compressed files, looked through as if it lay unpacked beside them; one level deep.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::files::FileKind;
use super::pass::Pass;
use super::rules::Rules;
use super::scan::{OVERLAP, Scanner, Secret};
use super::{keys, layers, without_tables};
use crate::image::archive::{Format, Member, Stop, members};
use crate::image::walk::{Control, OpenFile};
use crate::image::{Error, text};

/// How much of a member is looked at in one go.
const PIECE: usize = 256 << 10;

/// The most secrets that are kept of one archive.
const SECRET_LIMIT: usize = 256;

/// How many members are named that were not opened.
const NAMED: usize = 3;

/// The longest name of a member that is shown, in characters.
const NAME_LENGTH: usize = 200;

/// What is in one archive.
#[derive(Debug, Default)]
pub(super) struct Inside {
    /// What was found, each with the name of the member it is in.
    pub(super) secrets: Vec<(String, Secret)>,
    /// What was found beyond [`SECRET_LIMIT`].
    pub(super) more: u64,
    /// How many members were looked through by the rules.
    pub(super) settings: u64,
    /// What was not looked into, for people to read.
    pub(super) unopened: Option<String>,
    /// Why the rest could not be looked through.
    pub(super) failed: Option<Error>,
}

/// Who looks.
pub(super) struct Looker<'l> {
    pub(super) scanner: &'static Scanner,
    /// Homes of services.
    pub(super) homes: &'l [PathBuf],
    /// Holds the walk up, or ends it.
    pub(super) control: &'l Control,
    /// Memory to read into, kept from one archive to the next.
    pub(super) buffer: &'l mut Zeroizing<Vec<u8>>,
}

impl Looker<'_> {
    /// Looks through what is packed in `file` at `path`, which is of `format`.
    pub(super) fn look_into(&mut self, format: Format, path: &Path, file: &mut OpenFile<'_>) -> Inside {
        let mut source = Source { file, at: 0, failed: None };
        let mut inside = Inside::default();
        let mut closed = Closed::default();
        let ended = members(format, &mut source, &mut |member, content| {
            let (name, places) = places(layers::inner(path), &member);
            if let Some(why) = member.closed {
                closed.add(&name, why);
                return Ok(());
            }
            self.member(content, &name, &places, &mut inside, &mut closed)
        });
        inside.failed = source.failed;
        inside.unopened = closed.told();
        match ended {
            Ok(()) | Err(Stop::Asked) => {}
            Err(stop @ (Stop::Expanded(_) | Stop::Members | Stop::Memory)) => {
                let what = format!("{stop}; look through it yourself, or remove it");
                inside.failed = Some(Error::malformed("look through", path, what));
            }
            Err(stop) => {
                let told = inside.unopened.take().map_or_else(String::new, |told| format!("; {told}"));
                inside.unopened = Some(format!("not looked through to its end: {stop}{told}"));
            }
        }
        inside
    }

    /// Looks through one member, in pieces that overlap; what was found before an error stands.
    fn member(
        &mut self,
        content: &mut dyn Read,
        name: &str,
        places: &[PathBuf],
        inside: &mut Inside,
        closed: &mut Closed,
    ) -> io::Result<()> {
        self.buffer.resize(PIECE, 0);
        let mut pass = Pass::new(self.scanner, u64::MAX);
        let (mut offset, mut kept) = (0, 0);
        let mut store = None;
        let mut ended = Ok(());
        loop {
            if !self.control.pass() {
                return Err(Stop::Asked.into());
            }
            let mut end = kept;
            while let Some(room) = self.buffer.get_mut(end..)
                && !room.is_empty()
            {
                match content.read(room) {
                    Ok(0) => break,
                    Ok(read) => end += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        ended = Err(error);
                        break;
                    }
                }
            }
            let piece = self.buffer.get(..end).unwrap_or_default();
            let last = end < PIECE;
            if last {
                pass.size = offset + end as u64;
            }
            if offset == 0 && kept == 0 {
                if is_core(piece) {
                    closed.add(name, "a core dump");
                    return ended;
                }
                if Format::of(piece).is_some() {
                    closed.add(name, "an archive or compressed itself");
                }
                let size = if last { end as u64 } else { u64::MAX };
                store = places.first().and_then(|path| keys::store(path, piece, size)).map(Secret::of_file);
                pass.kind = places.iter().find_map(|path| self.kind(path, piece));
                inside.settings += u64::from(pass.kind.is_some());
            }
            pass.piece(offset, piece);
            if last {
                break;
            }
            let keep = OVERLAP.min(end);
            self.buffer.copy_within(end - keep..end, 0);
            offset += (end - keep) as u64;
            kept = keep;
        }
        for secret in without_tables(store.into_iter().chain(pass.finish()).collect()) {
            if inside.secrets.len() < SECRET_LIMIT {
                inside.secrets.push((name.to_owned(), secret));
            } else {
                inside.more += 1;
            }
        }
        ended
    }

    fn kind(&self, path: &Path, head: &[u8]) -> Option<FileKind> {
        Rules::built_in()?.files.kind(layers::inner(path), head, self.homes)
    }
}

/// How a member of the archive at `path` is called, and where it lies once it is unpacked: at the root, or beside the
/// archive.
fn places(path: &Path, member: &Member) -> (String, Vec<PathBuf>) {
    if member.name.is_empty() {
        // Where the name has no end that tells of compression, it is the name of what is inside.
        let inside = path.with_extension("");
        let name = inside.file_name().unwrap_or_default().to_string_lossy();
        return (shown(&name), vec![inside, path.to_owned()]);
    }
    let beside = path.parent().unwrap_or(path).join(&member.name);
    (shown(&member.name), vec![Path::new("/").join(&member.name), beside])
}

fn shown(name: &str) -> String {
    let mut visible = text::visible(name);
    if let Some((cut, _)) = visible.char_indices().nth(NAME_LENGTH) {
        visible.truncate(cut);
    }
    visible
}

/// Whether `head` begins the memory of a process (elf(5), `ET_CORE`).
fn is_core(head: &[u8]) -> bool {
    head.starts_with(b"\x7fELF") && matches!(head.get(16..18), Some([4, 0] | [0, 4]))
}

/// Members that were not opened: how many, and some of them with why.
#[derive(Default)]
struct Closed {
    number: u64,
    named: Vec<String>,
}

impl Closed {
    fn add(&mut self, name: &str, why: &str) {
        self.number += 1;
        if self.named.len() < NAMED {
            self.named.push(format!("{name} ({why})"));
        }
    }

    fn told(self) -> Option<String> {
        let more = self.number - self.named.len() as u64;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (self.number > 0).then(|| format!("not opened in it: {}{more}", self.named.join(", ")))
    }
}

/// The file from its beginning, for readers that know nothing of the walk.
struct Source<'f, 'w> {
    file: &'f mut OpenFile<'w>,
    at: u64,
    /// Why it could not be read.
    failed: Option<Error>,
}

impl Read for Source<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.file.control().pass() {
            return Err(Stop::Asked.into());
        }
        match self.file.read_at(self.at, buffer) {
            Ok(read) => {
                self.at += read as u64;
                Ok(read)
            }
            Err(error) => {
                self.failed = Some(error);
                Err(Stop::Asked.into())
            }
        }
    }
}

impl Seek for Source<'_, '_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.file.meta().size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests;
