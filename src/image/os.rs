//! Which operating system the image holds: os-release (os-release(5)) and the CPU it is for.

use std::collections::BTreeMap;
use std::path::Path;

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
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            if let Some(text) = image.read_text(Path::new(path))? {
                let os = Self::parse(&text);
                let why = "no line of it sets anything: which system the image holds is unknown";
                return if os.fields.is_empty() { Err(Error::malformed("read", path, why)) } else { Ok(os) };
            }
        }
        let why = "it is not there, nor is /usr/lib/os-release: which system the image holds is unknown";
        Err(Error::malformed("read", "/etc/os-release", why))
    }

    fn parse(text: &str) -> Self {
        let mut fields = BTreeMap::new();
        for line in text.lines() {
            let line = line.trim();
            if let Some((name, value)) = line.split_once('=')
                && !name.starts_with('#')
            {
                // A name that is set twice has its last value, as in the shell that would read it.
                fields.insert(name.to_owned(), unquoted(value));
            }
        }
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        Self {
            id: field("ID"),
            id_like: field("ID_LIKE").split_whitespace().map(str::to_owned).collect(),
            version_id: field("VERSION_ID"),
            pretty_name: field("PRETTY_NAME"),
            fields,
        }
    }

    /// Whether it is `id` or says it is like it.
    pub fn is_like(&self, id: &str) -> bool {
        self.id == id || self.id_like.iter().any(|like| like == id)
    }
}

/// The value of a shell assignment (os-release(5)): quotes and backslashes taken away. It ends at the first space that is
/// not quoted; a quote that is not closed ends with the line.
fn unquoted(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut quote = None;
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if character == open => quote = None,
            (None, '\\') => plain.extend(characters.next()),
            (Some('"'), '\\') => match characters.next_if(|next| "\"$`\\".contains(*next)) {
                Some(next) => plain.push(next),
                None => plain.push('\\'),
            },
            (None, _) if character.is_whitespace() => break,
            _ => plain.push(character),
        }
    }
    plain
}

/// Programs of which every image has one.
const PROGRAMS: [&str; 7] = [
    "/usr/bin/env",
    "/bin/sh",
    "/usr/lib/systemd/systemd",
    "/lib/systemd/systemd",
    "/sbin/init",
    "/usr/bin/bash",
    "/bin/busybox",
];

/// The architecture named in the ELF header of the image's own `/usr/bin/env` or another program that every image has.
pub(super) fn arch(image: &Image) -> Option<&'static str> {
    PROGRAMS.iter().find_map(|path| machine(&image.read_start(Path::new(path), 64).ok().flatten()?))
}

/// The machine an ELF header is for (elf(5), `e_machine`), in the words of `uname -m`.
fn machine(header: &[u8]) -> Option<&'static str> {
    let [0x7f, b'E', b'L', b'F', _, endian, ..] = *header else { return None };
    let bytes = [*header.get(18)?, *header.get(19)?];
    let little = endian == 1;
    let machine = if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) };
    Some(match machine {
        3 => "i686",
        21 if little => "ppc64le",
        21 => "ppc64",
        22 => "s390x",
        40 => "arm",
        62 => "x86_64",
        183 => "aarch64",
        243 => "riscv64",
        258 => "loongarch64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
