//! The wizard on a terminal: theme, screens, widgets, input.
//!
//! [`view()`] draws the model and changes nothing. [`run`] is the loop: one queue of messages, [`crate::wizard::update`],
//! effects started on threads, a frame when the queue is empty. Nothing here opens a file of the image.

mod draw;
mod input;
mod options;
mod runtime;
mod terminal;
mod theme;
mod view;

pub use options::Options;
pub use runtime::run;
pub use terminal::restore;
pub use theme::{Depth, Theme, names as theme_names};
pub use view::{Look, view};
