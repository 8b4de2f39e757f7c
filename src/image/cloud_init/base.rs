//! The base configuration: every file of it, merged as cloud-init merges it (cloud-init's `util.read_conf_with_confd`
//! and `mergers`): mappings key by key, everything else whole, and the file read later wins.
//!
//! What a `## template: jinja` file would become depends on the instance, so it counts as broken. Configuration from
//! the kernel command line (`cc:`), vendor data and user data belongs to an instance, not to the image.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::yaml::{self, Fault};
use super::{Origin, Value};
use crate::image::{Error, Image, Kind, Reason};

const MAIN: &str = "/etc/cloud/cloud.cfg";
/// The largest file that is read, in bytes; real ones have a few thousand.
const LARGEST: u64 = 1 << 20;
/// What all files together may cost in memory, in bytes.
const BUDGET: usize = 32 << 20;

/// The merged configuration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Base {
    pub(super) config: Value,
    pub(super) broken: Vec<(PathBuf, String)>,
    pub(super) origins: Vec<(String, Origin)>,
}

impl Base {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let mut base = Self { config: Value::Map(Vec::new()), broken: Vec::new(), origins: Vec::new() };
        let mut budget = BUDGET;
        base.add_file(image, Path::new(MAIN), &mut budget)?;
        let directory = match &base.config {
            Value::Map(entries) => entries.iter().find(|(name, _)| name == "conf_d").map(|(_, value)| value.clone()),
            _ => None,
        };
        let directory = match directory {
            Some(Value::Text(text)) => PathBuf::from(text.trim()),
            Some(_) => return Ok(base),
            None => PathBuf::from(format!("{MAIN}.d")),
        };
        if image.stat(&directory)?.is_none_or(|meta| meta.kind != Kind::Directory) {
            return Ok(base);
        }
        for entry in image.list(&directory)? {
            if entry.name.as_encoded_bytes().ends_with(b".cfg") {
                base.add_file(image, &directory.join(&entry.name), &mut budget)?;
            }
        }
        Ok(base)
    }

    fn add_file(&mut self, image: &Image, path: &Path, budget: &mut usize) -> Result<(), Error> {
        let too_large = |limit| Error { action: "read", path: path.to_owned(), reason: Reason::TooLarge(limit) };
        let Some(meta) = image.stat(path)? else { return Ok(()) };
        if meta.kind != Kind::File {
            // Of its drop-ins cloud-init takes regular files only; at its main file it would stop.
            let error = Error { action: "read", path: path.to_owned(), reason: Reason::Special(meta.kind) };
            return if path == Path::new(MAIN) { Err(error) } else { Ok(()) };
        }
        if meta.size > LARGEST {
            return Err(too_large(LARGEST));
        }
        let Some(text) = image.read_text(path)? else { return Ok(()) };
        match self.add(path, &text, budget) {
            Ok(()) => {}
            Err(Fault::Broken(why)) => self.broken.push((path.to_owned(), why)),
            Err(Fault::TooLarge) => return Err(too_large(BUDGET as u64)),
        }
        Ok(())
    }

    /// Lays one more file over what is there.
    pub(super) fn add(&mut self, path: &Path, text: &str, budget: &mut usize) -> Result<(), Fault> {
        if is_template(text) {
            return Err(Fault::Broken("it is a template that is filled in on the instance".to_owned()));
        }
        let document = yaml::parse(text, budget)?;
        let entries = match document.value {
            Value::Map(entries) => entries,
            Value::Null => return Ok(()),
            _ => return Err(Fault::Broken("it is not a mapping of keys to values".to_owned())),
        };
        let below = std::mem::replace(&mut self.config, Value::Null);
        self.config = merged(Value::Map(entries), below);
        let set: HashSet<&String> = document.lines.iter().map(|(name, _)| name).collect();
        self.origins.retain(|(name, _)| !set.contains(name));
        // Of a key written twice in one file the last counts.
        let mut seen = HashSet::new();
        for (name, line) in document.lines.iter().rev() {
            if seen.insert(name) {
                self.origins.push((name.clone(), Origin { path: path.to_owned(), line: *line }));
            }
        }
        Ok(())
    }
}

/// cloud-init's default merge: `above` keeps every value it has, mappings take from `below` what they lack. Where
/// `above` has a list or text and `below` a mapping, cloud-init lets the mapping stand.
fn merged(above: Value, below: Value) -> Value {
    let (mut above, below) = match (above, below) {
        (Value::Map(above), Value::Map(below)) => (above, below),
        (Value::List(_) | Value::Text(_), below @ Value::Map(_)) => return below,
        (above, _) => return above,
    };
    let index: HashMap<String, usize> = above.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
    for (name, value) in below {
        match index.get(&name).and_then(|at| above.get_mut(*at)) {
            Some((_, own)) => *own = merged(std::mem::replace(own, Value::Null), value),
            None => above.push((name, value)),
        }
    }
    Value::Map(above)
}

/// Whether the first line asks for a template engine (cloud-init's `templater.TYPE_MATCHER`).
fn is_template(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("##") else { return false };
    rest.trim_start().get(..9).is_some_and(|word| word.eq_ignore_ascii_case("template:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(files: &[(&str, &str)]) -> Base {
        let mut base = Base { config: Value::Map(Vec::new()), broken: Vec::new(), origins: Vec::new() };
        for (path, text) in files {
            if let Err(Fault::Broken(why)) = base.add(Path::new(path), text, &mut (1 << 20)) {
                base.broken.push((path.into(), why));
            }
        }
        base
    }

    fn at<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
        match value {
            Value::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    #[test]
    fn later_files_win_key_by_key_and_lists_whole() {
        let base = base(&[
            ("/1", "system_info: {default_user: {name: a, shell: /bin/sh}}\nusers: [default, x]\nssh_pwauth: yes\n"),
            ("/2", "system_info: {default_user: {name: b}}\nusers: [y]\n"),
        ]);
        let user = at(&base.config, "system_info").and_then(|info| at(info, "default_user")).unwrap();
        assert_eq!(at(user, "name"), Some(&Value::Text("b".into())));
        assert_eq!(at(user, "shell"), Some(&Value::Text("/bin/sh".into())));
        assert_eq!(at(&base.config, "users"), Some(&Value::List(vec![Value::Text("y".into())])));
        assert_eq!(at(&base.config, "ssh_pwauth"), Some(&Value::Bool(true)));
    }

    #[test]
    fn a_mapping_stands_against_lists_and_text() {
        let base = base(&[("/1", "a: {b: 1}\nc: {b: 1}\n"), ("/2", "a: x\nc: 5\n")]);
        assert!(matches!(at(&base.config, "a"), Some(Value::Map(_))));
        assert_eq!(at(&base.config, "c"), Some(&Value::Integer(5)));
    }

    #[test]
    fn null_stays_null() {
        let base = base(&[("/1", "a: {b: 1}\n"), ("/2", "a:\n")]);
        assert_eq!(at(&base.config, "a"), Some(&Value::Null));
    }

    #[test]
    fn origins_name_the_file_that_wins() {
        let base = base(&[("/1", "a: 1\nb: 1\n"), ("/2", "\n\nb: 2\nb: 3\n")]);
        let origin = |key: &str| base.origins.iter().find(|(name, _)| name == key).map(|(_, origin)| origin).unwrap();
        assert_eq!((origin("a").path.as_path(), origin("a").line), (Path::new("/1"), 1));
        assert_eq!((origin("b").path.as_path(), origin("b").line), (Path::new("/2"), 4));
    }

    #[test]
    fn broken_files_change_nothing() {
        let base = base(&[
            ("/1", "a: 1\n"),
            ("/2", "a: ["),
            ("/3", "- a\n"),
            ("/4", "## template: jinja\na: {{ v1.region }}\n"),
            ("/5", ""),
        ]);
        assert_eq!(base.config, Value::Map(vec![("a".into(), Value::Integer(1))]));
        assert_eq!(base.broken.iter().map(|(path, _)| path.to_str().unwrap()).collect::<Vec<_>>(), ["/2", "/3", "/4"]);
    }
}
