//! Dialogs: text that may scroll, and rows under it that always stay in sight.

use super::details::totals;
use super::{Line, Page, Role, help, login, review, seal};
use crate::change::diff::FileDiff;
use crate::check::Finding;
use crate::image::text::{self, visible};
use crate::wizard::action;
use crate::wizard::input::Input;
use crate::wizard::layout;
use crate::wizard::message::SealDraft;
use crate::wizard::model::{Model, Preview};
use crate::wizard::screen::{Confirm, Form, Intent, Overlay, Purpose};
use crate::wizard::update::CHOICES;
use crate::wizard::words;

/// One row under the text of a dialog.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Foot {
    /// Text.
    Line(Line),
    /// Something to choose, and whether it is the chosen one.
    Choice(Line, bool),
    /// A field with its label, and whether it has the cursor.
    Field(&'static str, Input, bool),
    /// Two buttons; whether the second has the keys.
    Buttons(&'static str, &'static str, bool),
}

/// A dialog.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dialog {
    /// On its frame.
    pub(crate) title: String,
    /// The text.
    pub(crate) body: Page,
    /// First line of the text that is shown.
    pub(crate) top: usize,
    /// The rows under it.
    pub(crate) foot: Vec<Foot>,
}

impl Dialog {
    /// Rows without the frame.
    pub(crate) fn rows(&self) -> usize {
        self.body.len() + self.foot.len()
    }

    /// The furthest its text can be scrolled on a screen of `size`.
    pub(crate) fn last_top(&self, size: layout::Size) -> usize {
        let height = usize::from(layout::dialog(size, self.rows()).height);
        self.body.last_top(height.saturating_sub(2 + self.foot.len()))
    }
}

/// The dialog on top; `None` when there is none, or only a line to type in.
pub(crate) fn dialog(model: &Model) -> Option<Dialog> {
    let width = layout::dialog_text(model.size);
    Some(match model.overlays.last()? {
        Overlay::Filter(_) | Overlay::Search(_) => return None,
        Overlay::Help { top } => {
            let under = model.overlays.get(model.overlays.len().saturating_sub(2)).filter(|_| model.overlays.len() > 1);
            let place = action::place_of(under, model);
            reading("Help", help::page(model, place, width), *top)
        }
        Overlay::Message { title, text: said, top } => {
            let mut page = Page::new(width);
            page.prose(Role::Text, 0, said);
            reading(title, page, *top)
        }
        Overlay::SecondLogin { top } => second_login(model, width, *top),
        Overlay::ByHand { top } => by_hand(model, width, *top),
        Overlay::Choices { selected, top } => Dialog { top: *top, ..choices(model, width, *selected) },
        Overlay::Form(form) => Dialog { top: form.top, ..self::form(model, form, width) },
        Overlay::Confirm(confirm) => Dialog { top: confirm.top, ..self::confirm(model, confirm, width) },
    })
}

fn reading(title: &str, body: Page, top: usize) -> Dialog {
    Dialog { title: title.into(), body, top, foot: Vec::new() }
}

fn second_login(model: &Model, width: usize, top: usize) -> Dialog {
    let body = model.pending.as_ref().map_or_else(|| Page::new(width), |waiting| login::page(model, waiting, width));
    let keys = [("y", "it works, keep the run"), ("u", "take it back now"), ("Esc", "not yet; the time runs on")];
    let foot = std::iter::once(Vec::new())
        .chain(keys.map(|(key, what)| vec![(Role::Key, words::pad(key, 5)), (Role::Text, what.to_owned())]));
    Dialog { title: "Does a second login work?".into(), body, top, foot: foot.map(Foot::Line).collect() }
}

fn by_hand(model: &Model, width: usize, top: usize) -> Dialog {
    let mut page = Page::new(width);
    let mut title = "By hand".to_owned();
    if let Some(guideline) = model.guideline() {
        title = format!("{} by hand", guideline.id);
        page.prose(Role::Text, 0, &guideline.by_hand);
        if !guideline.danger.trim().is_empty() {
            page.heading("Take care");
            page.prose(Role::Warning, 0, &guideline.danger);
        }
    }
    let foot = vec![
        Foot::Line(Vec::new()),
        Foot::Line(vec![(Role::Dim, "Enter notes that you do it by hand; c copies the text.".into())]),
    ];
    Dialog { title, body: page, top, foot }
}

fn choices(model: &Model, width: usize, selected: usize) -> Dialog {
    let mut body = Page::new(width);
    let mut title = "Decide".to_owned();
    if let Some(guideline) = model.guideline() {
        title = if model.guiding {
            format!("Decide {}, {} to go", guideline.id, model.open())
        } else {
            format!("Decide {}", guideline.id)
        };
        let standing = model.standing(&guideline.id);
        body.prose(Role::Title, 0, &guideline.title);
        if let Some(finding) = model.findings.get(&guideline.id) {
            body.prose(standing.role(), 0, &finding.summary);
        }
        if let Some(seen) = model.findings.get(&guideline.id).and_then(first_seen) {
            body.labelled("Seen", 8, Role::Text, &words::fit(&visible(&seen), 2 * width.saturating_sub(8)));
        }
        if let Some(files) = model.previews.get(&guideline.id).and_then(Preview::changes)
            && let Some(file) = files.first()
        {
            let change = format!("{}{}", what(file), and_more(files.len()));
            body.labelled("Change", 8, Role::Text, &words::fit(&visible(&change), 2 * width.saturating_sub(8)));
        }
        body.gap();
        body.prose(Role::Dim, 0, &guideline.why);
    }
    let mut foot = vec![Foot::Line(Vec::new())];
    for (place, choice) in CHOICES.iter().enumerate() {
        let why_not = choice.why_not(model);
        let (role, said) = match &why_not {
            Some(reason) => (Role::Dim, format!("not now: {reason}")),
            None => (Role::Text, choice.meaning().to_owned()),
        };
        let name = words::pad(choice.title(), 9);
        let said = words::fit(&said, width.saturating_sub(12));
        foot.push(Foot::Choice(vec![(role, name), (Role::Dim, said)], place == selected));
    }
    Dialog { title, body, top: 0, foot }
}

/// The first of what was seen, in a line.
fn first_seen(finding: &Finding) -> Option<String> {
    let first = finding.observations.first()?;
    let place = match (&first.path, first.line) {
        (Some(path), Some(line)) => format!("{} line {line}", text::path(path)),
        (Some(path), None) => text::path(path),
        (None, _) => String::new(),
    };
    let seen: Vec<&str> = [place.as_str(), first.text.as_deref().unwrap_or_default().trim()]
        .into_iter()
        .filter(|s| !s.is_empty())
        .collect();
    Some(format!("{}{}", seen.join(": "), and_more(finding.observations.len())))
}

/// One change in a line.
fn what(file: &FileDiff) -> String {
    if file.path.as_os_str().is_empty() {
        return format!("run {}", file.headline);
    }
    let totals = totals(file);
    let lead = if totals.is_empty() { "" } else { " " };
    format!("{}: {}{lead}{totals}", text::path(&file.path), file.headline)
}

/// ` (and 2 more)`.
fn and_more(count: usize) -> String {
    if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() }
}

fn form(model: &Model, form: &Form, width: usize) -> Dialog {
    let mut body = Page::new(width);
    let guideline = model.guideline();
    let id = guideline.map_or("", |guideline| guideline.id.as_str());
    let title = match form.purpose {
        Purpose::Waive => {
            body.prose(Role::Text, 0, guideline.map_or("", |guideline| &guideline.title));
            body.gap();
            body.prose(
                Role::Dim,
                0,
                "It stays as it is. The reason, the end date and your name are in the report; after that day it fails \
                 again.",
            );
            format!("Waive {id}")
        }
        Purpose::Attest => {
            body.prose(Role::Dim, 0, "You confirm, and the report says so with your name:");
            body.gap();
            let statement = guideline.and_then(|g| g.attest.as_deref().or(Some(&g.title))).unwrap_or_default();
            body.prose(Role::Accent, 2, statement);
            if let Some(finding) = model.findings.get(id) {
                body.gap();
                body.prose(Role::Dim, 0, &finding.summary);
            }
            format!("Attest {id}")
        }
    };
    let mut foot = vec![Foot::Line(Vec::new())];
    for (place, field) in form.fields.iter().enumerate() {
        foot.push(Foot::Field(field.label, field.input.clone(), place == form.focus));
    }
    let hint = form.fields.get(form.focus).map_or("", |field| field.hint.as_str());
    foot.push(Foot::Line(Vec::new()));
    foot.push(Foot::Line(match &form.error {
        Some(error) => vec![(Role::Error, words::fit(error, width))],
        None => vec![(Role::Dim, words::fit(hint, width))],
    }));
    Dialog { title, body, top: 0, foot }
}

fn confirm(model: &Model, confirm: &Confirm, width: usize) -> Dialog {
    let mut body = Page::new(width);
    let (title, yes) = match &confirm.what {
        Intent::Apply(planned) => {
            let steps = words::plural(planned.plan.steps.len(), "guideline");
            body.prose(Role::Text, 0, &format!("Carry out the plan for {steps} on {}?", image(model)));
            body.gap();
            let for_good = review::for_good(planned);
            if for_good.is_empty() {
                body.prose(Role::Text, 0, "Everything can be taken back afterwards, exactly.");
            } else {
                body.prose(Role::Warning, 0, "This cannot be taken back:");
                for line in for_good {
                    body.point(Role::Warning, 0, &line);
                }
            }
            let cared_for = review::cared_for(model, planned);
            if !cared_for.is_empty() {
                body.gap();
                let (notes, them) = if cared_for.len() == 1 { ("note", "it") } else { ("notes", "them") };
                let said =
                    format!("Esc goes back to the “Take care” {notes} of {}: read {them} first.", cared_for.join(", "));
                body.prose(Role::Warning, 0, &said);
            }
            ("Apply", "Apply")
        }
        Intent::UndoLast(run) => {
            let steps = words::plural(run.guidelines.len(), "guideline");
            body.prose(Role::Text, 0, &format!("Take back run {} on {}?", run.id, image(model)));
            body.gap();
            body.prose(Role::Text, 0, &format!("It dealt with {steps}: {}.", run.guidelines.join(", ")));
            body.prose(Role::Dim, 0, "Edits made by hand since are kept, or it stops and shows the conflict.");
            ("Take back", "Take back")
        }
        Intent::UndoGuideline(id) => {
            body.prose(Role::Text, 0, &format!("Take back what was changed for {id} on {}?", image(model)));
            body.prose(Role::Dim, 0, "Edits made by hand since are kept, or it stops and shows the conflict.");
            ("Take back", "Take back")
        }
        Intent::Seal(draft) => {
            sealing(model, draft, &mut body);
            ("Seal", "Seal")
        }
    };
    let mut foot = vec![Foot::Line(Vec::new())];
    match &confirm.word {
        Some((word, input)) => {
            let lead = match &confirm.what {
                Intent::Seal(draft) if matches!(draft.report, Some(Ok(_))) => "Type those 8 characters, or ",
                Intent::Seal(draft) if draft.report.is_some() => "Type ",
                _ => "Type the word ",
            };
            foot.push(Foot::Line(vec![
                (Role::Text, lead.into()),
                (Role::Key, (*word).into()),
                (Role::Text, " and press Enter; Esc goes back.".into()),
            ]));
            foot.push(Foot::Field("", input.clone(), true));
        }
        None => foot.push(Foot::Buttons("Go back", yes, confirm.on_yes)),
    }
    Dialog { title: title.into(), body, top: 0, foot }
}

/// What is said before the seal begins.
fn sealing(model: &Model, draft: &SealDraft, body: &mut Page) {
    let steps = words::plural(draft.sealing.steps.len(), "step");
    body.prose(Role::Text, 0, &format!("Seal {}, in {steps}?", image(model)));
    body.gap();
    match &draft.report {
        None => {
            body.prose(
                Role::Text,
                0,
                "Everything can be taken back afterwards, exactly. It is checked once more at the end.",
            );
            return;
        }
        Some(Ok(_)) => body.prose(
            Role::Warning,
            0,
            "What is not in the report is gone afterwards. On your own machine, look at the report that you copied \
             there: `sha256sum report.json` shows its digest. Its first 8 characters are asked for, the first group on \
             the export's Digest page.",
        ),
        Some(Err(why)) => {
            body.prose(Role::Warning, 0, why);
            body.prose(Role::Warning, 0, "Esc goes back, then e writes it. To give it up, type it below.");
        }
    }
    body.gap();
    seal::afterwards(body, model, draft.instance.as_ref());
}

/// The image in a sentence.
fn image(model: &Model) -> String {
    match model.subject.mode {
        crate::image::Mode::Live => "this running machine".into(),
        crate::image::Mode::Offline if model.subject.practice => "the practice image".into(),
        crate::image::Mode::Offline => crate::image::text::path(&model.subject.mount_point),
    }
}
