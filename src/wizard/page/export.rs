//! The export: the form, and what to do with the report that was written.

use super::dialog::{Dialog, Foot};
use super::{Page, Role};
use crate::image::{Mode, text};
use crate::report::Verdict;
use crate::wizard::message::Exported;
use crate::wizard::model::Model;
use crate::wizard::screen::ExportForm;
use crate::wizard::update::export::{KEY_FILE, SIGNERS, agent_keys_of, is_key_file};
use crate::wizard::words;

/// The form, drawn as a dialog without a frame.
pub(crate) fn form(model: &Model, form: &ExportForm, width: usize) -> Dialog {
    let mut body = Page::new(width);
    body.line(&[(Role::Title, "The report")]);
    body.gap();
    let open = model.open();
    body.prose(Role::Text, 0, &format!("It would say: {}.", verdict_word(model.verdict())));
    if open > 0 {
        let left = words::plural(open, "guideline");
        body.prose(Role::Warning, 0, &format!("{left} still to be decided; the report lists them as open."));
    }
    let mut foot = vec![
        Foot::Line(Vec::new()),
        Foot::Field("Directory", form.directory.clone(), form.focus == 0),
        Foot::Field("Your name", form.publisher.clone(), form.focus == 1),
        Foot::Field("Challenge", form.challenge.clone(), form.focus == 2),
        Foot::Line(Vec::new()),
    ];
    let hint = match form.focus {
        0 if model.subject.mode == Mode::Live => "on this machine; keep it under /run, which is not part of the image",
        0 => "outside the image; made if need be",
        1 => "who prepared the image; stands in the report",
        2 => "a word the reviewer asked to find in the report; may be empty",
        KEY_FILE => "ssh-keygen reads it, and asks for its passphrase",
        _ => "never keep a private key on the image you are preparing",
    };
    foot.push(Foot::Line(match (&form.error, form.busy) {
        (_, true) => vec![(Role::Accent, "Writing; an agent may ask you to confirm or to touch a key …".into())],
        (Some(error), _) => vec![(Role::Error, words::fit(error, width))],
        (None, _) => vec![(Role::Dim, words::fit(hint, width))],
    }));
    foot.push(Foot::Line(Vec::new()));
    foot.push(Foot::Line(vec![(Role::Heading, "Signed".into())]));
    signers(&mut foot, form, width);
    Dialog { title: String::new(), body, top: 0, foot }
}

fn signers(foot: &mut Vec<Foot>, form: &ExportForm, width: usize) {
    let mark = |chosen: bool| if chosen { "(•) " } else { "( ) " };
    let mut row = |place: usize, text: &str, dim: &str| {
        let chosen = form.signer == place;
        let line = vec![
            (Role::Text, mark(chosen).to_owned()),
            (Role::Text, text.to_owned()),
            (Role::Dim, words::fit(dim, width.saturating_sub(text.len() + 6))),
        ];
        foot.push(Foot::Choice(line, chosen && form.focus == SIGNERS));
    };
    row(0, "later", "  on your own machine (safest)");
    for (place, key) in agent_keys_of(form).iter().enumerate() {
        let name = crate::image::text::visible(&key.comment);
        row(place + 1, "agent", &format!("  {} {} {name}", key.kind, key.fingerprint));
    }
    row(agent_keys_of(form).len() + 1, "key file", "  through ssh-keygen");
    if is_key_file(form) {
        foot.push(Foot::Field("    File", form.key_file.clone(), form.focus == KEY_FILE));
    }
    match &form.keys {
        None => foot.push(Foot::Line(vec![(Role::Dim, "Asking the agent for its keys …".into())])),
        Some(Err(why)) => {
            let mut page = Page::new(width);
            page.prose(Role::Dim, 4, why);
            foot.extend(page.lines().iter().cloned().map(Foot::Line));
        }
        Some(Ok(keys)) if keys.is_empty() => {
            foot.push(Foot::Line(vec![(Role::Dim, "The agent holds no key.".into())]));
        }
        Some(Ok(_)) => {}
    }
}

/// What to do with the report.
pub(crate) fn exported(model: &Model, exported: &Exported, width: usize) -> Page {
    let mut page = Page::new(width);
    page.line(&[(Role::Pass, "The report is written")]);
    page.gap();
    page.labelled("Where", 9, Role::Text, &text::path(&exported.directory));
    page.labelled("Files", 9, Role::Text, &exported.files.join("  "));
    page.labelled("Verdict", 9, Role::Text, verdict_word(exported.verdict));
    page.labelled("Size", 9, Role::Text, &format!("{} bytes", words::grouped(exported.size)));
    page.labelled("SHA-256", 9, Role::Text, &exported.sha256);
    // What people read to each other: the first half, which is as hard to forge as anybody needs.
    let half: String = exported.sha256.chars().take(32).collect();
    page.labelled("Compare", 9, Role::Accent, &words::in_groups(&half, 4));
    let (role, signed) = match (&exported.signed_by, &exported.not_signed) {
        (Some(key), _) => (Role::Pass, format!("by {key}")),
        (None, Some(why)) => (Role::Error, format!("no: {why}")),
        (None, None) => (Role::Unknown, "not yet".into()),
    };
    page.labelled("Signed", 9, role, &signed);
    if !exported.sign_with.is_empty() {
        page.heading("Sign it on your own machine");
        page.prose(Role::Dim, 2, "Copy report.json there, compare the SHA-256, then:");
        for command in &exported.sign_with {
            page.prose(Role::Text, 2, command);
        }
    }
    if let Some(line) = &exported.signers_line {
        page.heading("For the reviewer's allowed_signers; send it another way");
        page.prose(Role::Text, 2, line);
    }
    page.heading("The reviewer verifies it with");
    for command in &exported.verify_with {
        page.prose(Role::Text, 2, command);
    }
    seal(&mut page, model);
    page
}

/// What remains to be sealed, and what of it no program does.
fn seal(page: &mut Page, model: &Model) {
    page.heading("What remains to be sealed");
    super::seal::remains(page, model);
}

/// A verdict in words.
pub(crate) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Seaworthy => "seaworthy",
        Verdict::SeaworthyWithWaivers => "seaworthy, with waivers",
        Verdict::Undecided => "undecided",
        Verdict::NotSeaworthy => "not seaworthy",
    }
}
