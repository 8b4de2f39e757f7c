//! Which files are looked through by the rules, and what sort each is.

use std::path::Path;

use serde::Deserialize;

use super::encoding::readable;

/// Where to look, as `files.toml` says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Files {
    below: Vec<String>,
    names: Vec<String>,
    libraries: Vec<String>,
    settings: Vec<String>,
    code: Vec<String>,
}

/// What sort of text a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// Settings or a shell script: values may stand without quotes.
    Settings,
    /// A program in another language: values stand in quotes.
    Code,
    /// Anything else.
    Text,
}

/// The interpreters of programs that are no shell scripts.
const INTERPRETERS: [&[u8]; 6] = [b"python", b"perl", b"ruby", b"node", b"php", b"lua"];

/// Extensions of files for people to read, and of others that set nothing.
const PROSE: [&str; 11] = ["md", "txt", "rst", "adoc", "pot", "po", "csv", "svg", "css", "log", "map"];

impl Files {
    /// What sort of text the file at `path` is, which begins with `head`; `None` when it is not looked through.
    /// `homes` are directories of accounts.
    pub(super) fn kind(&self, path: &Path, head: &[u8], homes: &[impl AsRef<Path>]) -> Option<FileKind> {
        let name = path.file_name()?.to_string_lossy();
        let known = self.names.iter().any(|pattern| fits(pattern, &name));
        let here =
            self.below.iter().any(|place| path.starts_with(place)) || homes.iter().any(|home| path.starts_with(home));
        if !(known || here) || self.is_library(path) {
            return None;
        }
        let extension = Path::new(without_backup(&name)).extension();
        let extension = extension.map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        let is_one_of = |list: &[String]| extension.as_ref().is_some_and(|extension| list.contains(extension));
        let (is_code, is_settings) = (is_one_of(&self.code), is_one_of(&self.settings));
        let head = &*readable(head);
        // Nothing makes no other file of one whose name says what it holds.
        if !(known || is_code || is_settings) && is_binary(head) {
            return None;
        }
        if name.contains("example") || name.contains("sample") {
            return Some(FileKind::Text);
        }
        let first = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let is_program = first.starts_with(b"#!")
            && INTERPRETERS.iter().any(|interpreter| memchr::memmem::find(first, interpreter).is_some());
        let is_prose = extension.as_ref().is_some_and(|extension| PROSE.contains(&extension.as_str()));
        Some(if is_program || is_code {
            FileKind::Code
        } else if known || extension.is_none() || is_settings || path.starts_with("/etc") && !is_prose {
            FileKind::Settings
        } else {
            FileKind::Text
        })
    }

    fn is_library(&self, path: &Path) -> bool {
        let Some(directory) = path.parent() else { return false };
        let mut words: Vec<_> = directory.iter().map(|word| word.to_string_lossy()).collect();
        // The account or the product itself may have such a name.
        if words.get(1).is_some_and(|word| ["home", "opt", "srv"].contains(&word.as_ref())) && words.len() > 2 {
            words.remove(2);
        }
        let is = |library: &String| match library.split_once('/') {
            Some((first, second)) => words.windows(2).any(|two| {
                two.first().is_some_and(|word| word == first) && two.last().is_some_and(|word| word == second)
            }),
            None => words.iter().any(|word| fits(library, word)),
        };
        self.libraries.iter().any(is)
    }
}

/// What editors, package managers and people put behind the name of a file that they keep a copy of.
const BACKUPS: [&str; 20] = [
    "~",
    ".bak",
    ".backup",
    ".bkp",
    ".old",
    ".orig",
    ".save",
    ".swp",
    ".swo",
    ".dpkg-old",
    ".dpkg-dist",
    ".dpkg-new",
    ".dpkg-bak",
    ".ucf-old",
    ".ucf-dist",
    ".rpmsave",
    ".rpmnew",
    ".rpmorig",
    ".disabled",
    ".tmp",
];

/// `name` without what says that it is a copy: `shop.conf` of `shop.conf.dpkg-old`, `.shop.conf.swp`, `#shop.conf#` and
/// `shop.conf.20260101`.
fn without_backup(name: &str) -> &str {
    let mut left = name.strip_prefix('#').and_then(|name| name.strip_suffix('#')).unwrap_or(name);
    for _ in 0..3 {
        let shorter = BACKUPS.iter().find_map(|end| left.strip_suffix(end)).or_else(|| {
            let (rest, end) = left.rsplit_once(['.', '-'])?;
            let dated = end.len() <= 14 && !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
            (dated && rest.contains('.')).then_some(rest)
        });
        match shorter {
            Some(shorter) if !shorter.is_empty() => left = shorter,
            _ => break,
        }
    }
    left
}

/// How much of a file is looked at to tell whether it is a text.
const SAMPLE: usize = 8 << 10;

/// Whether a file that begins with `head` is no text: more than one byte in sixteen controls something. Chance makes it one
/// in ten; one or two zero bytes among text make it none.
fn is_binary(head: &[u8]) -> bool {
    let sample = head.get(..SAMPLE).unwrap_or(head);
    let controls = |byte: &&u8| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127);
    sample.iter().filter(controls).count() > 1 + sample.len() / 16
}

/// Whether `name` fits `pattern`, in which one `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::Rules;
    use super::*;

    #[test]
    fn files_are_told_by_place_name_and_beginning() {
        let kind = |path: &str, head: &str| {
            Rules::built_in().unwrap().files.kind(Path::new(path), head.as_bytes(), &["/var/lib/jenkins"])
        };
        for (path, head, expected) in [
            ("/etc/app/app.conf", "a", Some(FileKind::Settings)),
            ("/etc/app/odd.thing", "a", Some(FileKind::Settings)),
            ("/etc/app/README.md", "a", Some(FileKind::Text)),
            ("/opt/app/bin/start", "#!/bin/sh\n", Some(FileKind::Settings)),
            ("/opt/app/bin/serve", "#!/usr/bin/env python3\n", Some(FileKind::Code)),
            ("/opt/app/index.php", "<?php", Some(FileKind::Code)),
            ("/opt/app/bin/elf", "\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", None),
            ("/opt/app/app.py.bak", "a", Some(FileKind::Code)),
            ("/opt/app/.app.conf.swp", "b0VIM 9.0\0\0\0\0\0", Some(FileKind::Settings)),
            ("/home/a/#app.ini#", "a", Some(FileKind::Settings)),
            ("/home/a/app.ini.20260101", "a", Some(FileKind::Settings)),
            ("/home/a/app.ini.2026-01-01", "a", Some(FileKind::Settings)),
            ("/home/a/notes.txt~", "a", Some(FileKind::Text)),
            ("/opt/app/one.json", "{\"a\": 1}\0", Some(FileKind::Settings)),
            ("/opt/app/wide.ini", "\0[\0a\0p\0p\0]\0\n\0a\0=\0b\0c\0d", Some(FileKind::Settings)),
            ("/opt/app/node_modules/x/config.json", "{}", None),
            ("/opt/app/lib/python3.12/urllib.py", "", None),
            ("/home/a/go/pkg/mod/x.json", "{}", None),
            ("/home/test/app.conf", "a", Some(FileKind::Settings)),
            ("/opt/demo/test/app.conf", "a", None),
            ("/home/a/go/x.json", "{}", Some(FileKind::Settings)),
            ("/opt/app/config.example.json", "{}", Some(FileKind::Text)),
            ("/usr/share/x/x.conf", "a", None),
            ("/usr/share/x/.env", "a", Some(FileKind::Settings)),
            ("/data/compose.prod.yml", "a", Some(FileKind::Settings)),
            ("/var/lib/jenkins/config.xml", "a", Some(FileKind::Settings)),
        ] {
            assert_eq!(kind(path, head), expected, "{path}");
        }
    }
}
