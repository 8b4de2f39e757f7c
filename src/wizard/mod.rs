//! The program without a screen: what is known, what can happen, and what is to be done about it.
//!
//! [`update()`] takes a [`Message`] into the [`Model`] and says which [`Effect`]s follow. It does no I/O. The
//! [`Engine`] carries effects out on worker threads; what they come to returns as messages through one queue.
//! [`page`] makes the text of each screen, so that whoever scrolls it and whoever draws it agree on how long it is.
//! Nothing here knows ratatui, crossterm or a colour.

pub mod action;
mod diff_view;
mod engine;
mod export;
mod input;
mod key;
pub mod layout;
mod message;
mod model;
pub mod page;
mod saved;
mod screen;
mod standing;
mod update;
mod walk;
pub mod words;

pub use diff_view::{DiffRow, DiffView};
pub use engine::{Engine, Session};
pub use export::Keys;
pub use input::Input;
pub use key::Key;
pub use message::{
    AgentKey, Delivered, Effect, ExportRequest, Exported, Failure, Instance, Message, Planned, SealDraft, Signer,
    Waiting,
};
pub use model::{Model, Notice, Preview, Quit, Row, Subject, Survey};
pub use saved::{saved_playbook, with_waivers};
pub use screen::{Confirm, Ending, Field, Form, Intent, Outcome, Overlay, Purpose, Review, Screen, Task, Working};
pub use standing::{STANDINGS, Standing};
pub use update::{start, update};
pub use walk::{STEPS, Step, Walk};
