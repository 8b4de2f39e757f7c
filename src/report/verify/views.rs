//! The views that came with the report: made again, and compared.

use super::output::Judgement::{self, Failed, Holds, NotChecked, Warning};
use crate::image::text::visible;
use crate::report::{Report, view};

/// A view is byte for byte what is made from the report.
pub(super) fn rendered(
    report: &Report,
    sha256: &str,
    given: Option<&[u8]>,
    render: fn(&Report, &str) -> String,
) -> Judgement {
    let Some(given) = given else {
        return NotChecked("No such view was given.".to_owned());
    };
    if given == render(report, sha256).as_bytes() {
        return Holds("It is exactly the view of this report.".to_owned());
    }
    let ours = env!("CARGO_PKG_VERSION");
    let grouped = view::grouped(sha256);
    let names_it = memchr::memmem::find(given, grouped.as_bytes()).is_some();
    if names_it && report.tool.version != ours {
        return Warning(format!(
            "It names this report, but was rendered by {}; this is {ours}, so its text was not compared. Do not rely on it.",
            visible(&report.tool.version)
        ));
    }
    if names_it {
        Failed("It names this report, but its text is not the report's: it was edited. Render it anew, and do not rely on it.".to_owned())
    } else {
        Failed("It is the view of another report.".to_owned())
    }
}
