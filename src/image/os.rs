//! Which operating system the image holds: os-release (os-release(5)) and the CPU it is for.

use std::collections::BTreeMap;

use super::{Error, Image};

/// What `os-release` says. Missing fields are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Os {
    /// `ID`, such as `debian`, `amzn`, `rhel`.
    pub id: String,
    /// `ID_LIKE`, split.
    pub id_like: Vec<String>,
    /// `VERSION_ID`, such as `12` or `24.04`.
    pub version_id: String,
    /// `PRETTY_NAME`.
    pub pretty_name: String,
    /// Every field, unquoted.
    pub fields: BTreeMap<String, String>,
}

impl Os {
    /// Reads `/etc/os-release`, else `/usr/lib/os-release`.
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let _ = image;
        todo!("helper A")
    }

    /// Whether it is `id` or says it is like it.
    pub fn is_like(&self, id: &str) -> bool {
        self.id == id || self.id_like.iter().any(|like| like == id)
    }
}

/// The architecture named in the ELF header of the image's own `/usr/bin/env` or another program that every image has.
pub(super) fn arch(image: &Image) -> Option<&'static str> {
    let _ = image;
    todo!("helper A")
}
