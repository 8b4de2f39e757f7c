//! The program without a screen: what is known, what can happen, and what is to be done about it.
//!
//! `update(&mut Model, Message) -> Vec<Effect>` does no I/O; effects are carried out by a runtime on worker threads, whose
//! answers come back as messages. Nothing here knows ratatui or crossterm.
