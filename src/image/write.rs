//! The only code that writes to the image: whole-file replacement, removal, links; atomic, synced, labels carried over.
//!
//! What to write, in which order, and how to take it back is [`crate::change`]'s business.
