//! The digest of the report, for people to compare.

use super::super::{Page, Role, overview};
use super::verdict_word;
use crate::report::handover::in_rows;
use crate::wizard::layout::TWO_PANES;
use crate::wizard::model::Model;
use crate::wizard::words;

/// The page; the QR code beside it is drawn where there is room.
pub(super) fn page(model: &Model, width: usize) -> Page {
    let mut page = Page::new(width);
    page.line(&[(Role::Title, "SHA-256 of report.json")]);
    page.gap();
    let Some(exported) = model.walk.exported() else { return page };
    for row in in_rows(&exported.sha256) {
        page.line(&[(Role::Accent, &row)]);
    }
    page.gap();
    page.labelled("Size", 9, Role::Text, &format!("{} bytes", words::grouped(exported.size)));
    page.labelled("Verdict", 9, overview::verdict_role(exported.verdict), verdict_word(exported.verdict));
    let (role, signed) = match (&exported.signed_by, &exported.not_signed) {
        (Some(key), _) => (Role::Pass, format!("by {key}")),
        (None, Some(why)) => (Role::Error, format!("no: {why}")),
        (None, None) => (Role::Unknown, "not yet".into()),
    };
    page.labelled("Signed", 9, role, &signed);
    page.gap();
    page.prose(
        Role::Text,
        0,
        "The copy on your own machine must show the same before you sign it: `sha256sum report.json`, or `seaworthy report \
         sign`, in these groups. The seal asks for the first one.",
    );
    if model.size.width < TWO_PANES {
        page.prose(Role::Dim, 0, "On a screen of 80×24 it stands here as a QR code too.");
    }
    page
}
