//! The one report that is kept: whoever fetches it gets the bytes whose digest was shown, not those of a new report.

use crate::change::State;
use crate::change::seal::{DIGEST_CHARS, Exported};
use crate::image::Error;
use crate::report::{Report, sha256_hex, to_bytes};

/// The report that was made last, as it is kept with the runs: in memory (tmpfs) while its machine runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The bytes of `report.json`.
    pub bytes: Vec<u8>,
    /// SHA-256 of them, lower-case hexadecimal.
    pub sha256: String,
    /// Its signature, where it was signed here.
    pub signature: Option<Vec<u8>>,
}

/// Keeps `report` in place of the one before, and tells the seal that it was handed out.
///
/// # Errors
/// When the state cannot be written.
pub fn keep(state: &State, report: &Report) -> Result<Kept, Error> {
    let bytes = to_bytes(report);
    state.keep_report(&bytes)?;
    let sha256 = sha256_hex(&bytes);
    Exported::keep(state, &report.report_id, &sha256, report.generated_at)?;
    Ok(Kept { bytes, sha256, signature: None })
}

impl Kept {
    /// The report that is kept, if its digest begins with `typed` (at least [`DIGEST_CHARS`] characters; blanks between
    /// them do not count).
    ///
    /// # Errors
    /// When there is none, it is another one, or the state cannot be read; one line.
    pub fn named(state: &State, typed: &str) -> Result<Self, String> {
        let wanted: String = typed.split_whitespace().collect::<String>().to_ascii_lowercase();
        if wanted.len() < DIGEST_CHARS || !wanted.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("name the report by its SHA-256, at least the first {DIGEST_CHARS} characters of it"));
        }
        let again = "make it again with `seaworthy report`, or in the wizard with e";
        let kept = Self::of(state).map_err(|error| error.to_string())?;
        match kept {
            None => Err(format!("no report is kept here: {again}")),
            Some(kept) if kept.sha256.starts_with(&wanted) => Ok(kept),
            Some(kept) => {
                let begins: String = kept.sha256.chars().take(DIGEST_CHARS).collect();
                Err(format!("that report is not kept any more, only one whose digest begins with {begins}: {again}"))
            }
        }
    }

    /// The report that is kept; `None` where there is none.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn of(state: &State) -> Result<Option<Self>, Error> {
        let Some(bytes) = state.kept_report()? else { return Ok(None) };
        Ok(Some(Self { sha256: sha256_hex(&bytes), bytes, signature: state.kept_signature()? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_report_that_was_shown_is_the_one_that_is_handed_out() {
        let place = tempfile::tempdir().unwrap();
        let state = State::at(place.path()).unwrap();
        assert!(Kept::named(&state, "0123456789").unwrap_err().contains("no report is kept"));
        let report = fixture::sample();
        let kept = keep(&state, &report).unwrap();
        assert_eq!(kept.bytes, to_bytes(&report));
        let groups = crate::report::handover::in_rows(&kept.sha256);
        let begins = |length| kept.sha256.chars().take(length).collect::<String>();
        for typed in [&kept.sha256, &begins(8), &kept.sha256.to_uppercase(), &groups[0]] {
            assert_eq!(Kept::named(&state, typed).as_ref(), Ok(&kept), "{typed}");
        }
        assert!(Kept::named(&state, &begins(7)).unwrap_err().contains("at least"));
        assert!(Kept::named(&state, "not a digest").unwrap_err().contains("at least"));
        state.keep_signature("-----BEGIN SSH SIGNATURE-----\n").unwrap();
        assert!(Kept::named(&state, &kept.sha256).unwrap().signature.is_some());

        let other = Report { publisher: "Somebody Else".into(), ..report };
        let other = keep(&state, &other).unwrap();
        let said = Kept::named(&state, &kept.sha256).unwrap_err();
        assert!(said.contains(&other.sha256.chars().take(8).collect::<String>()) && !said.contains('\n'), "{said}");
        assert_eq!(Kept::of(&state).unwrap().unwrap().signature, None, "the old one's signature is gone with it");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "looks at the state's own files")]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::MetadataExt as _;
        let place = tempfile::tempdir().unwrap();
        let state = State::at(place.path()).unwrap();
        keep(&state, &fixture::sample()).unwrap();
        state.keep_signature("x").unwrap();
        for name in ["report.json", "report.json.sig"] {
            let meta = std::fs::symlink_metadata(place.path().join(name)).unwrap();
            assert_eq!(meta.mode() & 0o777, 0o600, "{name}");
        }
    }
}
