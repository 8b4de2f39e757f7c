//! What the process that carries the seal out on a running machine is told by the one that asked the publisher.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::change::State;
use crate::change::state::{read_file, write_file};
use crate::image::Error;
use crate::playbook::Playbook;

/// Kept in the state directory, which is in memory and goes with the power.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The publisher's decisions; the mandate follows from them.
    pub playbook: Playbook,
    /// A directory of house rules (`--guidelines`), absolute.
    pub house_rules: Option<PathBuf>,
    /// The bytes of files that go are overwritten first (`--shred`).
    pub shred: bool,
    /// Who asks: processes and the leaders of their sessions, as `Live::lineage` gives them. Their turn comes last.
    pub own: Vec<(i32, u64)>,
    /// The instance metadata service is never asked (`--no-imds`).
    pub no_metadata: bool,
}

impl Request {
    /// Writes it where [`Request::load`] finds it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, state: &State) -> Result<(), Error> {
        let path = path(state);
        let text = serde_json::to_vec(self).map_err(|error| Error::malformed("write", &path, error.to_string()))?;
        write_file(&path, &text)
    }

    /// The request that was kept last; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn load(state: &State) -> Result<Option<Self>, Error> {
        let path = path(state);
        let Some(bytes) = read_file(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Error::malformed("read", &path, format!("{error}; call `seaworthy seal` again")))
    }
}

fn path(state: &State) -> PathBuf {
    state.directory().join("seal.json")
}
