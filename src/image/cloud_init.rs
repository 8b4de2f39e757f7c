//! cloud-init: its configuration as it merges it, and whether it will run at the next boot.
//!
//! `/etc/cloud/cloud.cfg`, then `/etc/cloud/cloud.cfg.d/*.cfg` in byte order, later files win key by key
//! (cloud-init documentation, "Base configuration"). YAML 1.1 booleans (`yes`, `on`) count as booleans.

use std::path::PathBuf;

use super::{Error, Image};

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
    /// The merged configuration.
    pub config: Value,
    /// Files that could not be parsed as YAML: cloud-init ignores them with a warning.
    pub broken: Vec<(PathBuf, String)>,
    origins: Vec<(String, Origin)>,
}

impl CloudInit {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let _ = image;
        todo!("helper C")
    }

    /// The value at a path of keys: `get(&["system_info", "default_user", "name"])`.
    pub fn get(&self, keys: &[&str]) -> Option<&Value> {
        let _ = keys;
        todo!("helper C")
    }

    /// The file and line that set the top-level `key`.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.iter().find(|(name, _)| name == key).map(|(_, origin)| origin)
    }

    /// The name of the user who gets the launch key: `system_info.default_user.name` (or the `default` entry of `users`).
    pub fn default_user(&self) -> Option<&str> {
        todo!("helper C")
    }

    /// Whether `module` (such as `ssh`) is in any of the three module lists.
    pub fn has_module(&self, module: &str) -> bool {
        let _ = module;
        todo!("helper C")
    }
}
