//! The command line: one file per subcommand; arguments as typed, then as meant.

use std::process::ExitCode;

/// Runs the program with the process's own arguments and gives its exit code.
pub fn run() -> ExitCode {
    todo!("lead")
}
