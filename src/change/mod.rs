//! From findings to a changed image and back: remedies, changes, the plan and its order, the diff, the journal, apply
//! and undo.
//!
//! A change is data: what is at a path now, and what would be there. A plan is proven on the image seen through an
//! [`crate::image::Overlay`] before anything is written. Judging does not belong here, nor does asking people.

use std::path::PathBuf;

use crate::image::Node;

mod apply;
mod carry;
mod compare;
mod contents;
mod created;
pub mod decisions;
pub mod diff;
mod effect;
pub(crate) mod fix;
pub mod journal;
mod legs;
mod links;
mod manifest;
mod own;
mod plan;
mod prepare;
mod previous;
mod remedy;
pub mod revert;
mod run;
pub mod seal;
mod secret;
mod services;
mod shred;
mod sshd;
pub mod sshd_edit;
pub mod state;
#[cfg(test)]
pub(crate) mod trial;
mod undo;
pub mod ways_in;

pub use apply::{Applied, ApplyError, Step as ApplyStep, apply};
pub use created::{created, note as note_created, note_here as note_created_here};
pub use effect::Effect;
pub use plan::{Plan, PlanStep, Refusal, plan};
pub use previous::goes_on_from;
pub use remedy::{Left, Remedy, remedy};
pub use shred::Shredding;
pub use state::State;
pub use undo::{UndoError, Undone, What, finish, undo};

/// One exact edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// What is at one path becomes something else: edited, created, removed, linked, its mode or owner changed.
    Path {
        /// Real path inside the image: every link followed but, for links that are themselves changed, the last.
        path: PathBuf,
        /// What it was made from; `None`: nothing there.
        before: Option<Node>,
        /// What would be there; `None`: nothing.
        after: Option<Node>,
        /// The content may be secret: masked in every diff, no digest of it leaves the process.
        secret: bool,
    },
    /// A program is run (live images only). The exception: package upgrades.
    Command {
        /// Program by absolute path, and its arguments; no shell.
        argv: Vec<String>,
        /// What it does, in one sentence.
        purpose: String,
    },
}

impl Change {
    /// Whether undo can take it back exactly.
    pub fn is_undoable(&self) -> bool {
        matches!(self, Self::Path { .. })
    }
}

/// What happened to a path, for the log: `edited /etc/ssh/sshd_config`.
fn describe(path: &std::path::Path, from: Option<&run::Held>, to: Option<&run::Held>) -> String {
    let path = crate::image::text::path(path);
    match (from, to) {
        (None, Some(to)) => match &to.body {
            run::HeldBody::Symlink(target) => {
                format!("linked {path} to {}", crate::image::text::path(&target.to_path()))
            }
            _ => format!("made {path}"),
        },
        (_, None) => format!("removed {path}"),
        (Some(from), Some(to)) => match &to.body {
            run::HeldBody::Symlink(target) => {
                format!("linked {path} to {}", crate::image::text::path(&target.to_path()))
            }
            run::HeldBody::File { size: 0, .. } => format!("emptied {path}"),
            _ if from.same_content(to) => format!("set the mode of {path} to {:04o}", to.mode),
            _ => format!("edited {path}"),
        },
    }
}

/// What taking back did to a path, for the log: `restored /etc/ssh/sshd_config`.
fn describe_back(path: &std::path::Path, from: Option<&run::Held>, to: Option<&run::Held>) -> String {
    let shown = crate::image::text::path(path);
    match (from, to) {
        (_, None) => format!("removed {shown} again"),
        (Some(from), Some(to)) if from.same_content(to) => format!("set the mode of {shown} back to {:04o}", to.mode),
        (_, Some(_)) => format!("restored {shown}"),
    }
}

#[cfg(test)]
mod tests;
