//! `seaworthy report bind`.

use crate::change::note_created_here;
use crate::cli::args::{BindArgs, Common, Format};
use crate::cli::output::{Failure, note, print, print_json};
use crate::cli::{OK, engine};
use crate::image::text;
use crate::report::bind::{Bound, bind, to_bytes};
use crate::report::{self, REPORT_LIMIT};

pub(super) fn run(args: &BindArgs, common: &Common) -> Result<u8, Failure> {
    let read = |path| report::read_file(path, REPORT_LIMIT).map_err(Failure::failed);
    let build = read(&args.build)?;
    let audit = args.audit.as_deref().map(read).transpose()?;
    let binding = bind(&Bound {
        ami: &args.ami.to_string_lossy(),
        region: args.region.as_deref(),
        account: args.account.as_deref(),
        build: &build,
        audit: audit.as_deref(),
        now: engine::now(),
    })
    .map_err(Failure::Usage)?;
    let bytes = to_bytes(&binding);
    note_created_here([args.out.as_path()])?;
    report::write_file(&args.out, &bytes, args.yes).map_err(Failure::failed)?;
    let path = text::path(&args.out);
    match common.format {
        Format::Text => print(&format!("{path}\n"))?,
        Format::Json => print_json(&serde_json::json!({"binding": path, "sha256": report::sha256_hex(&bytes)}))?,
    }
    if !common.quiet {
        note(&format!("SHA-256 {}  {} bytes", report::sha256_hex(&bytes), bytes.len()));
        note(&format!("Next: seaworthy report sign {path} --agent (or --key FILE)."));
    }
    Ok(OK)
}
