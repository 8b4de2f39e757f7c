//! What no unit test can see: the real binary, real roots, real sshd and ssh-keygen, a real terminal.
//!
//! One binary, so that it is linked once. A test that needs a program beyond the Rust toolchain is `#[ignore]`d with the
//! reason and run by `.ci/run`.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "tests make roots and run programs themselves, and stop at the first surprise"
)]

mod ami;
mod apply;
mod audit;
mod bad_input;
mod cli;
mod compare;
mod corpus;
mod distros;
mod formats;
mod fuzz;
mod handover;
mod hostile;
mod identity;
mod initramfs;
mod journeys;
mod keys;
mod known;
mod live;
mod masked;
mod packages;
mod practice;
mod privilege;
mod real_root;
mod record;
mod report;
mod revert;
mod roots;
mod schema;
mod screens;
mod seal;
mod sshd;
mod support;
mod tamper;
mod terminal;
mod units;
mod verify_text;
mod vm;
mod walls;
