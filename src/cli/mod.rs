//! The command line: one file per subcommand; arguments as typed (`args`), then as meant (`engine`).

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};

mod apply;
mod args;
mod check;
mod confirm;
mod diff;
mod engine;
mod environment;
mod facts;
mod guidelines;
mod output;
mod practice;
mod report;
mod seal;
mod undo;
mod verify;
mod wizard;

use args::{Cli, Command};
use environment::Environment;
use output::{Failure, note, print};

/// Exit code: seaworthy, or done as asked.
const OK: u8 = 0;
/// Exit code: not seaworthy or undecided.
const NOT_SEAWORTHY: u8 = 1;
/// Exit code: wrong use.
const USAGE: u8 = 2;
/// Exit code: something could not be read or done.
const FAILED: u8 = 3;

/// Runs the program with the process's own arguments and gives its exit code.
pub fn run() -> ExitCode {
    if let Some(code) = crate::image::program::play(std::env::args_os()) {
        return code;
    }
    leave_no_core_dump();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { OK };
            // A closed standard output is nobody's concern here.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let code = match dispatch(&cli, &Environment::read()) {
        Ok(code) => code,
        Err(Failure::Closed) => OK,
        Err(Failure::Usage(message)) => {
            note(&format!("seaworthy: {message}"));
            USAGE
        }
        Err(Failure::Failed(message)) => {
            note(&format!("seaworthy: {message}"));
            FAILED
        }
    };
    ExitCode::from(code)
}

/// Memory may hold a secret of the image: should the program crash, no file is made of it, by the kernel or a crash handler,
/// and no other program of the same user looks into it meanwhile (core(5), `PR_SET_DUMPABLE(2const)`). Programs that are
/// started may still be traced.
fn leave_no_core_dump() {
    // Neither can fail on Linux: a limit may always be lowered.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let _ = set_dumpable(false);
}

fn dispatch(cli: &Cli, environment: &Environment) -> Result<u8, Failure> {
    let common = &cli.common;
    match &cli.command {
        None => wizard::run(cli.playbook.as_deref(), common, environment),
        Some(Command::Practice(args)) => practice::run(args, common, environment),
        Some(Command::Check(args)) => check::run(args, common, environment),
        Some(Command::Diff) => diff::run(common, environment),
        Some(Command::Apply(args)) => apply::run(args, common, environment),
        Some(Command::Undo(args)) => undo::run(args, common, environment),
        Some(Command::Seal(args)) => seal::run(args, common, environment),
        Some(Command::Report(args)) => report::run(args, common, environment),
        Some(Command::Verify(args)) => verify::run(args, common),
        Some(Command::Guidelines(args)) => guidelines::run(args, common, environment),
        Some(Command::Facts(args)) => facts::run(args, common, environment),
        Some(Command::Completions { shell }) => completions(*shell),
        Some(Command::Man) => manual(),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "seaworthy", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(OK)
}

fn manual() -> Result<u8, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(Failure::failed)?;
    print(&String::from_utf8_lossy(&page))?;
    Ok(OK)
}
