//! The `seaworthy` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    seaworthy::cli::run()
}
