//! The long texts that come with the program: guidelines, rules of the search for secrets, lessons, schemas. They are packed by
//! `build.rs` and unpacked once, when the first of them is asked for.
//!
//! A leaf: it knows files by their names and nothing of what is in them.

use std::io::Read as _;
use std::sync::OnceLock;

use flate2::read::DeflateDecoder;

/// Each file and how long it is, in the order in which they are packed.
const INDEX: &[(&str, usize)] = &include!(concat!(env!("OUT_DIR"), "/texts.rs"));

const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/texts"));

/// The text of the file `name`, from `src` on; empty when there is none, which a test of each user would notice.
pub(crate) fn text(name: &str) -> &'static str {
    static TEXTS: OnceLock<String> = OnceLock::new();
    let texts = TEXTS.get_or_init(|| {
        let mut texts = String::new();
        // What this very program was built with can be unpacked.
        let _ = DeflateDecoder::new(PACKED).read_to_string(&mut texts);
        texts
    });
    let before = INDEX.iter().take_while(|(file, _)| *file != name);
    let start: usize = before.map(|(_, length)| length).sum();
    let length = INDEX.iter().find(|(file, _)| *file == name).map_or(0, |(_, length)| *length);
    texts.get(start..start + length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the project's own files")]
    use super::*;

    #[test]
    fn every_text_comes_out_as_it_went_in() {
        assert!(INDEX.len() > 20, "{INDEX:?}");
        for (name, _) in INDEX {
            assert_eq!(text(name), std::fs::read_to_string(format!("src/{name}")).unwrap(), "{name}");
        }
        assert_eq!(text("none.toml"), "");
    }
}
