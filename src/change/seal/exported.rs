//! Which report was written last, so that a running machine is not sealed before its report is somewhere else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::change::State;
use crate::change::journal::Event;
use crate::change::state::{read_file, write_file};
use crate::image::Error;

/// The fewest characters of a digest that are taken for it.
pub const DIGEST_CHARS: usize = 8;

/// A report that was written for this image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    /// SHA-256 of `report.json`, lower-case hexadecimal.
    pub sha256: String,
    /// When it was written.
    pub at: Timestamp,
    /// How many lines the journal had: a run, an undo or a decision since then makes more.
    lines: usize,
}

impl Exported {
    /// Keeps the digest of a report that was written just now, in place of the one before, and notes it in the journal.
    ///
    /// # Errors
    /// When the state cannot be read or written, or another Seaworthy is at work on the image.
    pub fn keep(state: &State, report_id: &str, sha256: &str, at: Timestamp) -> Result<(), Error> {
        state.add_to_journal(|_| vec![Event::Export { report_id: report_id.to_owned(), sha256: sha256.to_owned() }])?;
        let exported = Self { sha256: sha256.to_owned(), at, lines: state.journal_lines()?.len() };
        let path = path(state);
        let text =
            serde_json::to_vec(&exported).map_err(|error| Error::malformed("write", &path, error.to_string()))?;
        write_file(&path, &text)
    }

    /// The report that was written last; where there is none, or it says nothing of what was changed since, the sentence
    /// that says so.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn current(state: &State) -> Result<Result<Self, String>, Error> {
        let path = path(state);
        let Some(bytes) = read_file(&path)? else {
            let how = "`seaworthy report` writes one; copy it to your own machine.";
            return Ok(Err(format!("No report of this machine was written. {how}")));
        };
        let exported: Self = serde_json::from_slice(&bytes)
            .map_err(|error| Error::malformed("read", &path, format!("{error}; write the report again")))?;
        Ok(if exported.lines == state.journal_lines()?.len() {
            Ok(exported)
        } else {
            Err(format!(
                "Something was changed or decided after the report of {} was written. Write it again with `seaworthy report`, and copy \
                 it to your own machine.",
                exported.at
            ))
        })
    }

    /// Whether `typed` is its digest: the whole, or at least [`DIGEST_CHARS`] characters from its beginning.
    pub fn is(&self, typed: &str) -> bool {
        // As it is shown in groups, too.
        let typed: String = typed.split_whitespace().collect::<String>().to_ascii_lowercase();
        typed.len() >= DIGEST_CHARS && self.sha256.starts_with(&typed)
    }
}

fn path(state: &State) -> std::path::PathBuf {
    state.directory().join("exported.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_from_before_the_last_change_does_not_count() {
        let place = tempfile::tempdir().unwrap();
        let state = State::at(place.path()).unwrap();
        assert!(Exported::current(&state).unwrap().unwrap_err().contains("No report"));
        Exported::keep(&state, "ID", &"ab".repeat(32), Timestamp::UNIX_EPOCH).unwrap();
        assert!(Exported::current(&state).unwrap().unwrap().is("ABABABAB"));
        let fixture = crate::image::fixture::Fixture::debian();
        fixture.file("/etc/ssh/sshd_config", "PermitRootLogin yes\n");
        let image = fixture.image();
        let catalogue = crate::catalogue::Catalogue::built_in().unwrap();
        let context = crate::check::trial::context();
        let plan = crate::change::plan(&image, &catalogue, &Vec::new(), &context, &["SSH-04".to_owned()]);
        let done = crate::change::apply(&image, &plan, &state, &mut |_| {}).unwrap();
        assert!(Exported::current(&state).unwrap().unwrap_err().contains("changed or decided after"));
        Exported::keep(&state, "ID", &"cd".repeat(32), Timestamp::UNIX_EPOCH).unwrap();
        crate::change::undo(&image, &state, &crate::change::What::Run(done.run), &mut |_| {}).unwrap();
        assert!(
            Exported::current(&state).unwrap().unwrap_err().contains("changed or decided after"),
            "an undo is a change too"
        );
    }

    #[test]
    fn a_digest_is_known_by_its_beginning() {
        let exported = Exported { sha256: "0123456789abcdef".repeat(4), at: Timestamp::UNIX_EPOCH, lines: 0 };
        assert!(
            exported.is("01234567")
                && exported.is(" 0123456789ABCDEF\n")
                && exported.is("0123 4567")
                && exported.is(&exported.sha256)
        );
        for other in ["", "0123456", "01234568", "89abcdef", &format!("{}0", exported.sha256)] {
            assert!(!exported.is(other), "{other}");
        }
    }
}
