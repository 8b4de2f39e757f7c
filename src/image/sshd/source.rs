//! The files a configuration is read from, and `Include` patterns as OpenSSH's own glob(3) expands them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::image::look::text_of;
use crate::image::{Error, Image, Reason};

/// Where configuration files come from: the image, or a few files in a test.
pub(super) trait Source {
    /// The content of the file at `path`; `None` when it cannot be opened because nothing is there. A directory opens
    /// and reads as nothing.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, Error>;
    /// The names in the directory at `path`, in any order; none when it is no directory.
    fn list(&self, path: &Path) -> Result<Vec<OsString>, Error>;
    /// Whether anything is at `path`, a dangling link included.
    fn exists(&self, path: &Path) -> Result<bool, Error>;
}

impl Source for Image {
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, Error> {
        match Self::read(self, path) {
            Err(Error { reason: Reason::Special(crate::image::Kind::Directory), .. }) => Ok(Some(Vec::new())),
            Ok(Some(bytes)) => text_of(path, &bytes).map(|_| Some(bytes)),
            other => other,
        }
    }

    fn list(&self, path: &Path) -> Result<Vec<OsString>, Error> {
        match Self::list(self, path) {
            Ok(entries) => Ok(entries.into_iter().map(|entry| entry.name).collect()),
            Err(error) if matches!(error.reason, Reason::Denied | Reason::Io(_)) => {
                // A file on the way is no reason to stop: the pattern just matches nothing there.
                match self.stat(path) {
                    Ok(Some(meta)) if meta.kind != crate::image::Kind::Directory => Ok(Vec::new()),
                    Ok(None) => Ok(Vec::new()),
                    _ => Err(error),
                }
            }
            // More than can be held is not nothing: sshd would read them.
            Err(error) if matches!(error.reason, Reason::TooMany(_)) => Err(error),
            Err(_) => Ok(Vec::new()),
        }
    }

    fn exists(&self, path: &Path) -> Result<bool, Error> {
        match self.lstat(path) {
            Ok(meta) => Ok(meta.is_some()),
            Err(error) if error.reason == Reason::Denied => Err(error),
            Err(_) => Ok(false),
        }
    }
}

/// The most paths one pattern yields; what a crafted tree could make is without end.
const MOST_PATHS: usize = 10_000;

/// The paths that match `pattern`, in byte order. `*` and `?` do not match a leading dot; `\` takes the next character
/// as it is.
pub(super) fn glob(source: &dyn Source, pattern: &str) -> Result<Vec<PathBuf>, Error> {
    let mut found = vec![PathBuf::from("/")];
    let mut has_magic = false;
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        if let Some(name) = plain(part) {
            next.extend(found.iter().map(|base| base.join(OsStr::from_bytes(&name))));
        } else {
            has_magic = true;
            for base in &found {
                let hits = source.list(base)?.into_iter().filter(|name| matches_name(name.as_bytes(), part.as_bytes()));
                let room = MOST_PATHS.saturating_sub(next.len());
                next.extend(hits.map(|name| base.join(name)).take(room));
            }
        }
        found = next;
    }
    let mut paths = Vec::new();
    for path in found {
        if source.exists(&path)? {
            paths.push(path);
        }
    }
    if has_magic {
        paths.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
    }
    Ok(paths)
}

/// The name a pattern without wildcards stands for, escapes resolved.
fn plain(part: &str) -> Option<Vec<u8>> {
    let mut name = Vec::new();
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' | b'[' => return None,
            b'\\' => name.extend(bytes.next()),
            _ => name.push(byte),
        }
    }
    Some(OsString::from_vec(name).into_vec())
}

/// Whether `name` matches one component of a pattern, in at most `name` × `pattern` steps.
fn matches_name(name: &[u8], pattern: &[u8]) -> bool {
    if name.starts_with(b".") && !pattern.starts_with(b".") {
        return false;
    }
    let tokens = tokens(pattern);
    let (mut at, mut token) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(at) {
        match tokens.get(token) {
            Some(Token::Star) => {
                star = Some((token, at));
                token += 1;
            }
            Some(one) if one.accepts(*byte) => {
                at += 1;
                token += 1;
            }
            _ => match star {
                Some((star_token, from)) => {
                    star = Some((star_token, from + 1));
                    at = from + 1;
                    token = star_token + 1;
                }
                None => return false,
            },
        }
    }
    tokens.iter().skip(token).all(|token| matches!(token, Token::Star))
}

enum Token {
    Star,
    Any,
    Byte(u8),
    Set { negated: bool, ranges: Vec<(u8, u8)> },
}

impl Token {
    fn accepts(&self, byte: u8) -> bool {
        match self {
            Self::Star => false,
            Self::Any => true,
            Self::Byte(wanted) => *wanted == byte,
            Self::Set { negated, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&byte)) != *negated,
        }
    }
}

fn tokens(pattern: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        tokens.push(match byte {
            b'*' => Token::Star,
            b'?' => Token::Any,
            b'\\' => match tail.split_first() {
                Some((escaped, after)) => {
                    rest = after;
                    Token::Byte(*escaped)
                }
                None => Token::Byte(b'\\'),
            },
            b'[' => match set(tail) {
                Some((token, after)) => {
                    rest = after;
                    token
                }
                None => Token::Byte(b'['),
            },
            other => Token::Byte(*other),
        });
    }
    tokens
}

/// What stands between brackets, and what follows; `None` when the bracket is never closed.
fn set(text: &[u8]) -> Option<(Token, &[u8])> {
    let (negated, mut rest) = text.strip_prefix(b"!").map_or((false, text), |rest| (true, rest));
    let mut ranges = Vec::new();
    loop {
        let (from, tail) = rest.split_first()?;
        rest = tail;
        if *from == b']' && !ranges.is_empty() {
            return Some((Token::Set { negated, ranges }, rest));
        }
        match rest {
            [b'-', to, tail @ ..] if *to != b']' => {
                ranges.push((*from, *to));
                rest = tail;
            }
            _ => ranges.push((*from, *from)),
        }
    }
}
