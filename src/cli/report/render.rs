//! `seaworthy report render`.

use crate::change::note_created_here;
use crate::cli::OK;
use crate::cli::args::RenderArgs;
use crate::cli::output::{Failure, note, print};
use crate::image::text;
use crate::report;

pub(super) fn run(args: &RenderArgs) -> Result<u8, Failure> {
    let bytes = report::read_file(&args.file, report::REPORT_LIMIT).map_err(Failure::failed)?;
    let parsed =
        report::parse(&bytes).map_err(|error| Failure::Failed(format!("{}: {error}", text::path(&args.file))))?;
    let view = (args.view.0)(&parsed, &report::sha256_hex(&bytes));
    note(
        "NOT VERIFIED: the view says what the report says, and anybody can have written that. `seaworthy verify` tells who vouches for it.",
    );
    match &args.out {
        None => print(&view)?,
        Some(path) => {
            note_created_here([path.as_path()])?;
            report::write_file(path, view.as_bytes(), args.yes).map_err(Failure::failed)?;
            print(&format!("{}\n", text::path(path)))?;
        }
    }
    Ok(OK)
}
