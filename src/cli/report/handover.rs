//! How a report leaves the machine from the command line: to standard output, as it is or between markers, once more by its
//! digest; and the digest for people to compare.

use crate::change::State;
use crate::cli::args::{Common, Format, ReportArgs};
use crate::cli::environment::Environment;
use crate::cli::output::{self, Failure, note, note_drawn};
use crate::cli::{OK, engine};
use crate::image::Image;
use crate::report::handover::qr::{Code, QUIET};
use crate::report::handover::{self, Here, Kept, WAYS};
use crate::report::{self, Report};

/// Keeps `report`, so that it can be handed out again.
pub(super) fn keep(state: &State, report: &Report) -> Result<Kept, Failure> {
    Ok(handover::keep(state, report)?)
}

/// `--again`: the report that is kept, or its signature.
pub(super) fn again(
    digest: &str,
    args: &ReportArgs,
    common: &Common,
    environment: &Environment,
) -> Result<u8, Failure> {
    let image = engine::image(common)?;
    let state = engine::state(&image, environment)?;
    let kept = Kept::named(&state, digest).map_err(Failure::Failed)?;
    if args.signature {
        let signature = kept
            .signature
            .ok_or_else(|| Failure::Failed("that report was not signed here; sign it on your own machine".into()))?;
        print("SIGNATURE", &signature, args.base64)?;
        return Ok(OK);
    }
    print("REPORT", &kept.bytes, args.base64)?;
    self::digest(&kept.sha256, kept.bytes.len(), args.qr, common, environment);
    Ok(OK)
}

/// Writes a file to standard output, as it is or between markers.
pub(super) fn print(name: &str, bytes: &[u8], armoured: bool) -> Result<(), Failure> {
    if armoured {
        output::print(&handover::armoured(name, bytes))
    } else {
        output::print(&String::from_utf8_lossy(bytes))
    }
}

/// Size and digest, in one piece for programs and in groups for people; as a QR code with `qr`.
pub(super) fn digest(sha256: &str, size: usize, qr: bool, common: &Common, environment: &Environment) {
    if !common.quiet {
        note(&format!("SHA-256 {sha256}  {size} bytes"));
        note(&format!("        {}", report::view::grouped(sha256)));
    }
    if qr && let Some(code) = Code::of(sha256, QUIET) {
        note_drawn(&drawn(&code, common.ascii, environment));
    }
}

/// The code, dark on light whatever the terminal's colours; where none may be used, in reverse video.
fn drawn(code: &Code, ascii: bool, environment: &Environment) -> String {
    let (light, dark, off) = match (environment.stderr_terminal, environment.no_color) {
        (false, _) => ("", "", ""),
        (true, true) => ("\x1b[7m", "\x1b[27m", "\x1b[0m"),
        // Black on bright white, and black.
        (true, false) => ("\x1b[30;107m", "\x1b[40m", "\x1b[0m"),
    };
    let lines = if !ascii && environment.utf8 {
        code.half_blocks()
    } else if dark.is_empty() {
        code.ascii()
    } else {
        code.ascii().iter().map(|line| line.replace("##", &format!("{dark}  {light}"))).collect()
    };
    lines.iter().flat_map(|line| [light, line, off, "\n"]).collect()
}

/// On a running machine: the lines to paste that fetch the report, for the way this session came in, else for every way.
pub(super) fn lines(image: &Image, sha256: &str, common: &Common) {
    if common.quiet || common.format != Format::Text {
        return;
    }
    let Some(here) = Here::of(image) else { return };
    for way in WAYS.into_iter().filter(|way| here.way.is_none_or(|own| own == *way)) {
        let commands = here.commands(way, sha256, false);
        for line in &commands.here {
            note(&format!("Here:                {line}"));
        }
        for line in &commands.there {
            note(&format!("On your own machine: {line}"));
        }
    }
    if let Some(warning) = here.swap_warning() {
        note(&warning);
    }
}
