//! cloud-init: its configuration as it merges it, and whether it will run at the next boot.
//!
//! `/etc/cloud/cloud.cfg`, then `/etc/cloud/cloud.cfg.d/*.cfg` in byte order, later files win key by key
//! (cloud-init documentation, "Base configuration"). YAML 1.1 booleans (`yes`, `on`) count as booleans.

use std::path::PathBuf;

use super::{Error, Image, text};

mod base;
mod runs;
pub(in crate::image) mod yaml;

use base::Base;

/// A value of the merged configuration.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, `~`.
    Null,
    /// A boolean, YAML 1.1 spellings included.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Text, or any other scalar as written.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A mapping in the order written.
    Map(Vec<(String, Value)>),
}

/// Where a top-level key got its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub path: PathBuf,
    /// The line of the key, from 1.
    pub line: u32,
}

/// Whether cloud-init runs at the next boot, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// Installed and enabled.
    Yes,
    /// Not installed.
    NotInstalled,
    /// Installed but kept from running; what keeps it.
    Disabled(String),
}

/// cloud-init on the image.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudInit {
    /// Whether it will run.
    pub runs: Runs,
    /// The merged configuration; text under a key that names a password, token or private key is masked.
    pub config: Value,
    /// Files that could not be parsed as YAML: cloud-init ignores them with a warning.
    pub broken: Vec<(PathBuf, String)>,
    /// Major and minor version, from the package database; `None` when unknown.
    pub version: Option<(u32, u32)>,
    origins: Vec<(String, Origin)>,
}

impl CloudInit {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let base = Base::read(image)?;
        let runs = runs::runs(image, &base)?;
        let package = image.packages().ok().and_then(|packages| packages.get("cloud-init"));
        let version = package.and_then(|package| version(&package.version));
        let Base { mut config, broken, origins } = base;
        mask(&mut config, false);
        Ok(Self { runs, config, broken, version, origins })
    }

    /// The value at a path of keys: `get(&["system_info", "default_user", "name"])`.
    pub fn get(&self, keys: &[&str]) -> Option<&Value> {
        find(&self.config, keys)
    }

    /// An error when some file of the configuration could not be made sense of: what it means to set is not known.
    ///
    /// # Errors
    /// Names the first such file, and the line where one is known.
    pub fn whole(&self) -> Result<(), Error> {
        match self.broken.first() {
            Some((path, why)) => Err(Error::malformed("read", path, text::visible(why))),
            None => Ok(()),
        }
    }

    /// The file and line that set the top-level `key`; of several files that add to a mapping, the last.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.iter().find(|(name, _)| name == key).map(|(_, origin)| origin)
    }

    /// The name of the user who gets the launch key: that of `user` (the old form), or of
    /// `system_info.default_user` when `users` lists `default`.
    pub fn default_user(&self) -> Option<&str> {
        let old = self.get(&["user", "name"]).or_else(|| self.get(&["user"])).and_then(Value::text);
        if let Some(name) = old.filter(|name| !name.is_empty()) {
            return Some(name);
        }
        let listed = match self.get(&["users"])? {
            Value::Text(names) => names.split(',').any(|name| name.trim() == "default"),
            Value::List(users) => users.iter().any(|user| {
                let name = user.text().or_else(|| find(user, &["name"]).and_then(Value::text));
                name.is_some_and(|names| names.split(',').any(|name| name.trim() == "default"))
            }),
            Value::Map(users) => users.iter().any(|(name, _)| name == "default"),
            _ => false,
        };
        self.get(&["system_info", "default_user", "name"]).filter(|_| listed).and_then(Value::text)
    }

    /// Whether `module` (such as `ssh`) is in any of the three module lists; `-` and `_` are the same in its name.
    pub fn has_module(&self, module: &str) -> bool {
        ["cloud_init_modules", "cloud_config_modules", "cloud_final_modules"].iter().any(|list| {
            let Some(Value::List(modules)) = self.get(&[list]) else { return false };
            modules.iter().filter_map(module_name).any(|name| canonical(name) == canonical(module))
        })
    }

    /// The data sources that are tried, in order; `None` when the configuration leaves it to cloud-init's own list.
    pub fn datasources(&self) -> Option<Vec<&str>> {
        match self.get(&["datasource_list"])? {
            Value::List(list) => Some(list.iter().filter_map(Value::text).collect()),
            Value::Text(one) => Some(vec![one]),
            _ => None,
        }
    }
}

impl Value {
    /// The text, when it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, when it is one; `yes` and `on` without quotes are booleans, quoted they are text.
    pub fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

fn find<'a>(mut value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    for key in keys {
        let Value::Map(entries) = value else { return None };
        value = entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)?;
    }
    Some(value)
}

/// Masks every text below a key that names a secret (`hashed_passwd`, `chpasswd`, `rsa_private`, `token` …) or holds a
/// whole file.
fn mask(value: &mut Value, secret: bool) {
    const WORDS: [&str; 7] = ["passw", "secret", "token", "private", "credential", "api_key", "content"];
    match value {
        Value::Text(text) if secret => *text = text::masked(text),
        Value::Integer(_) if secret => *value = Value::Text("…".to_owned()),
        Value::List(items) => items.iter_mut().for_each(|item| mask(item, secret)),
        Value::Map(entries) => {
            for (name, value) in entries {
                let name = name.to_ascii_lowercase();
                mask(value, secret || WORDS.iter().any(|word| name.contains(word)));
            }
        }
        _ => {}
    }
}

/// `ssh`, `[ssh, always]` or `{name: ssh}`.
fn module_name(entry: &Value) -> Option<&str> {
    match entry {
        Value::Text(name) => Some(name),
        Value::List(parts) => parts.first().and_then(Value::text),
        Value::Map(_) => find(entry, &["name"]).and_then(Value::text),
        _ => None,
    }
}

/// A module's name as cloud-init looks for it: without `cc_` and `.py`, with `_` for `-`.
fn canonical(module: &str) -> String {
    let name = module.trim().replace('-', "_");
    let name = name.strip_suffix(".py").unwrap_or(&name);
    name.strip_prefix("cc_").unwrap_or(name).to_owned()
}

/// Major and minor version out of a package's, such as (22, 4) of `1:22.4.2-1+deb12u2`.
fn version(package: &str) -> Option<(u32, u32)> {
    let upstream = package.split_once(':').map_or(package, |(_, upstream)| upstream);
    let mut numbers = upstream.split(|mark: char| !mark.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests;
