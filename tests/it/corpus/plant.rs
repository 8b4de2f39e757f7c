//! A root that is filled with secrets whose places are known, and with what only looks like one.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A secret that must be found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Planted {
    /// As the program shows it.
    pub(crate) path: String,
    /// The member of the archive.
    pub(crate) inside: Option<String>,
    /// The line; `None` where there is none to tell, or any will do.
    pub(crate) line: Option<u64>,
    pub(crate) rule: String,
    /// What it is counted under.
    pub(crate) table: String,
}

/// The root and what is known of it.
pub(crate) struct Corpus {
    directory: TempDir,
    pub(crate) planted: Vec<Planted>,
    /// Paths at which `rule` must find nothing; no rule at all when there is none.
    pub(crate) decoys: Vec<(String, Option<String>)>,
    /// Parts of secrets that nothing may show.
    pub(crate) hidden: Vec<String>,
}

impl Corpus {
    /// A small Debian with one account and one package of two files.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let corpus = Self { directory, planted: Vec::new(), decoys: Vec::new(), hidden: Vec::new() };
        for (path, text) in [
            ("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"),
            ("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nadmin:x:1000:1000::/home/admin:/bin/bash\n"),
            ("/etc/group", "root:x:0:\nadmin:x:1000:\n"),
            ("/etc/shadow", "root:*:20000:0:99999:7:::\nadmin:!:20000:0:99999:7:::\n"),
            ("/usr/bin/true", "\x7fELF\0"),
            ("/home/admin/.profile", "umask 027\n"),
        ] {
            corpus.write(path, text.as_bytes());
        }
        corpus
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Where `path` of the image is.
    pub(crate) fn at(&self, path: impl AsRef<[u8]>) -> PathBuf {
        let path = path.as_ref();
        self.root().join(OsStr::from_bytes(path.strip_prefix(b"/").unwrap_or(path)))
    }

    /// A file of the image, with the directories it lies in.
    pub(crate) fn write(&self, path: impl AsRef<[u8]>, bytes: &[u8]) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Notes that what is at `path` must be found.
    pub(crate) fn expect(&mut self, table: &str, path: &str, line: impl Into<Option<u64>>, rule: &str) {
        let path = path.to_owned();
        let (line, rule, table) = (line.into(), rule.to_owned(), table.to_owned());
        self.planted.push(Planted { path, inside: None, line, rule, table });
    }

    /// Writes a secret and notes that it must be found.
    pub(crate) fn plant(&mut self, table: &str, path: &str, bytes: &[u8], line: impl Into<Option<u64>>, rule: &str) {
        self.write(path, bytes);
        self.expect(table, path, line, rule);
    }

    /// Writes what is no secret to `rule`, or to any.
    pub(crate) fn decoy(&mut self, path: &str, bytes: &[u8], rule: Option<&str>) {
        self.write(path, bytes);
        self.decoys.push((path.to_owned(), rule.map(str::to_owned)));
    }

    /// `text` without the signs that keep other scanners away from it; what stands behind one is hidden for good.
    pub(crate) fn joined(&mut self, text: &str) -> String {
        for part in text.split('¦').skip(1) {
            let part: String = part.chars().take_while(|sign| !sign.is_whitespace()).take(12).collect();
            if part.len() == 12 {
                self.hidden.push(part);
            }
        }
        text.replace('¦', "")
    }
}
