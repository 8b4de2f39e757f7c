//! Has the report written and signed.

use std::path::Path;

use super::engine::Engine;
use super::message::{AgentKey, ExportRequest, Exported};

/// The keys the agent at `socket` holds.
pub(super) fn agent_keys(socket: Option<&Path>) -> Result<Vec<AgentKey>, String> {
    let _ = socket;
    Err("No agent is reachable.".into())
}

/// Writes the report that `request` asks for.
pub(super) fn export(engine: &Engine, request: &ExportRequest) -> Result<Exported, String> {
    let _ = (engine, request);
    Err("Not yet.".into())
}
