//! Seaworthy prepares a Linux machine image for publishing on AWS Marketplace or for sharing.
//!
//! The house has one room for each word of the trade, and data goes through it once, from left to right:
//!
//! ```text
//!               catalogue (TOML)
//!                     │
//!   image ──▶ check ──▶ finding ──▶ remedy ──▶ change ──▶ plan ──▶ journal ──▶ image
//!                     │                          │  diff            │ undo
//!                     │        decision ─────────┘                  │
//!                     └──────────────┬──────────────────────────────┘
//!                                    ▼
//!                                 report ──▶ views, signature, verify
//! ```
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`image`] | the image itself: the only code that touches its files, processes, sockets and metadata |
//! | [`catalogue`] | every guideline, as data |
//! | [`check`] | judges one guideline on one image; never writes |
//! | [`change`] | remedies, changes, the plan, its diff, the journal, apply and undo |
//! | [`playbook`] | what the publisher decided, in and out |
//! | [`report`] | the record of a preparation, its verdict, its views, signing and verifying |
//! | [`practice`] | throw-away images for training |
//! | [`wizard`] | the program without a screen: model, messages, update, effects |
//! | [`tui`] | terminal, theme, screens, widgets |
//! | [`cli`] | one file per subcommand |
//!
//! Dependence goes one way: `image` ← `check` ← `change` ← `report` ← `wizard` ← `tui`; `catalogue` and
//! `playbook` are leaves of data; `cli` and `tui` are the two front ends of one engine.

pub mod catalogue;
pub mod change;
pub mod check;
pub mod cli;
pub mod image;
pub mod playbook;
pub mod practice;
pub mod report;
mod texts;
pub mod tui;
pub mod wizard;
