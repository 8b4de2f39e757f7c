//! How the report leaves the machine: the ways, with what to paste where; and what is done with it there.

use super::super::dialog::Foot;
use super::super::{Page, Role};
use super::signer::SIGN;
use crate::image::{Mode, text};
use crate::report::handover::{Commands, Here, WAYS, Way};
use crate::report::sshsig::NAMESPACE;
use crate::wizard::message::Exported;
use crate::wizard::model::Model;
use crate::wizard::update::export::way;

/// The ways, and what the chosen one asks for.
pub(super) fn sheet(model: &Model, width: usize) -> (Vec<Foot>, Page) {
    let walk = &model.walk;
    let chosen = way(model);
    let mut page = Page::new(width);
    let Some(exported) = walk.exported() else { return (Vec::new(), page) };
    let live = model.subject.mode == Mode::Live;
    let mut rows = Vec::from(super::title(if live { "How it leaves this machine" } else { "Where it goes" }));
    if live {
        let own = exported.here.as_ref().and_then(|here| here.way);
        for way in WAYS.map(Some).into_iter().chain([None]) {
            let mark = if way == chosen { "(•) " } else { "( ) " };
            let name = way.map_or("a directory in memory, to copy it from", Way::title);
            let note = if way.is_some() && way == own { "  this session" } else { "" };
            let row = vec![(Role::Text, mark.to_owned()), (Role::Text, name.to_owned()), (Role::Dim, note.to_owned())];
            rows.push(Foot::Choice(row, way == chosen));
        }
    }
    if chosen.is_none() {
        rows.push(Foot::Field("Directory", walk.directory.clone(), true));
    }
    rows.push(Foot::Line(Vec::new()));
    match (chosen, &exported.here) {
        (Some(way), Some(here)) => paste(&mut page, way, here, exported),
        (Some(_), None) => {}
        (None, _) => directory(&mut page, model, live),
    }
    afterwards(&mut page, exported);
    (rows, page)
}

fn paste(page: &mut Page, way: Way, here: &Here, exported: &Exported) {
    let Commands { here: on_this, there } = here.commands(way, &exported.sha256, exported.signed_by.is_some());
    if on_this.is_empty() {
        page.prose(Role::Text, 0, "On your own machine; c copies it:");
    } else {
        page.prose(Role::Text, 0, "In a shell of this machine (q leaves Seaworthy, and everything is kept):");
        for line in &on_this {
            page.command(2, line);
        }
        page.prose(Role::Text, 0, "Copy what it prints, markers and all, into pasted.txt. Then on your own machine:");
    }
    for line in &there {
        page.command(2, line);
    }
    if let Some(unknown) = here.unknown(way) {
        page.prose(Role::Dim, 0, unknown);
    }
    page.prose(Role::Dim, 0, "Each gives the report of this digest, from memory, and writes nothing to the image.");
    if let Some(warning) = here.swap_warning() {
        page.prose(Role::Warning, 0, &warning);
    }
}

fn directory(page: &mut Page, model: &Model, live: bool) {
    match &model.walk.delivered {
        Some(delivered) => {
            page.line(&[(Role::Pass, "The report is written")]);
            page.labelled("Where", 9, Role::Text, &text::path(&delivered.directory));
            page.labelled("Files", 9, Role::Text, &delivered.files.join("  "));
        }
        None if live => page.prose(
            Role::Dim,
            0,
            "Enter writes report.json and its views there. Keep it below /run, which is not part of the image.",
        ),
        None => page.prose(
            Role::Dim,
            0,
            "Enter writes report.json and its views there: outside the image; made if need be.",
        ),
    }
}

/// What is done with it on the other side.
fn afterwards(page: &mut Page, exported: &Exported) {
    if exported.signed_by.is_none() {
        page.heading("Then sign it there");
        page.command(2, SIGN);
        page.prose(
            Role::Text,
            0,
            "or `seaworthy report sign report.json --agent`, which shows the digest and asks first.",
        );
    }
    if let Some(line) = &exported.signers_line {
        page.heading("For the reviewer's allowed_signers; send it another way");
        page.command(2, line);
    }
    let name = &exported.signer_name;
    page.heading("The reviewer verifies it with");
    page.command(
        2,
        &format!("ssh-keygen -Y verify -f allowed_signers -I {name} -n {NAMESPACE} -s report.json.sig < report.json"),
    );
    page.command(2, &format!("seaworthy verify report.json --signers allowed_signers --signer {name}"));
}
