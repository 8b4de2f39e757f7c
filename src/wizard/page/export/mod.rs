//! The way of the report: the rows of each step, which always stay in sight, and the text under them.

use super::dialog::Foot;
use super::{Line, Page, Role};
use crate::image::Mode;
use crate::report::Verdict;
use crate::wizard::layout::{self, Area, Size};
use crate::wizard::model::Model;
use crate::wizard::walk::{STEPS, Step};
use crate::wizard::words;

mod digest;
mod leave;
mod signer;
mod vouched;

/// A step as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sheet {
    /// What is entered and chosen.
    pub(crate) rows: Vec<Foot>,
    /// What is to be read.
    pub(crate) page: Page,
}

/// The fewest lines of text that the rows leave.
const LEAST_TEXT: u16 = 3;

impl Sheet {
    /// The places of the rows and of the text in `area`.
    pub(crate) fn areas(&self, area: Area) -> (Area, Area) {
        let least = LEAST_TEXT.min(u16::try_from(self.page.len()).unwrap_or(LEAST_TEXT));
        let rows = u16::try_from(self.rows.len()).unwrap_or(u16::MAX).min(area.height.saturating_sub(least));
        (Area { height: rows, ..area }, Area { y: area.y + rows, height: area.height - rows, ..area })
    }
}

/// The place of the step's rows and text on a screen of `size`.
pub(crate) fn area(model: &Model, size: Size) -> Area {
    match model.walk.step {
        Step::Digest => layout::digest(size).0,
        _ => layout::page(size),
    }
}

/// The furthest the text can be scrolled.
pub(crate) fn last_top(model: &Model) -> usize {
    let area = area(model, model.size);
    let sheet = sheet(model, usize::from(area.width));
    sheet.page.last_top(usize::from(sheet.areas(area).1.height))
}

/// The step that is shown.
pub(crate) fn sheet(model: &Model, width: usize) -> Sheet {
    let (mut rows, page) = match model.walk.step {
        Step::Name => name(model, width),
        Step::Vouched => (Vec::new(), vouched::page(model, width)),
        Step::Signer => signer::sheet(model, width),
        Step::Digest => (Vec::new(), digest::page(model, width)),
        Step::Where => leave::sheet(model, width),
        Step::Seal => (Vec::new(), seal(model, width)),
    };
    if model.walk.busy {
        let said = "Working; an agent may ask you to confirm or to touch a key …";
        rows.push(Foot::Line(vec![(Role::Accent, words::fit(said, width))]));
    } else if let Some(error) = &model.walk.error {
        rows.push(Foot::Line(vec![(Role::Error, words::fit(error, width))]));
    }
    Sheet { rows, page }
}

/// The steps, the one that is shown in brackets, for the rule above.
pub(crate) fn trail(model: &Model) -> Line {
    let mut line = vec![(Role::Dim, " ".to_owned())];
    for step in STEPS {
        if step > Step::Name {
            line.push((Role::Border, " › ".into()));
        }
        line.push(match step.cmp(&model.walk.step) {
            std::cmp::Ordering::Equal => (Role::Title, format!("[{}]", step.title())),
            std::cmp::Ordering::Less => (Role::Text, step.title().into()),
            std::cmp::Ordering::Greater => (Role::Dim, step.title().into()),
        });
    }
    line.push((Role::Dim, " ".to_owned()));
    line
}

fn title(text: &str) -> [Foot; 2] {
    [Foot::Line(vec![(Role::Title, text.to_owned())]), Foot::Line(Vec::new())]
}

fn name(model: &Model, width: usize) -> (Vec<Foot>, Page) {
    let walk = &model.walk;
    let mut rows = Vec::from(title("Who vouches for this image?"));
    rows.push(Foot::Field("Your name", walk.publisher.clone(), walk.focus == 0));
    rows.push(Foot::Field("Challenge", walk.challenge.clone(), walk.focus == 1));
    rows.push(Foot::Line(Vec::new()));
    let mut page = Page::new(width);
    page.prose(
        Role::Dim,
        0,
        match walk.focus {
            0 => "Who prepared the image; stands in the report.",
            _ => "A word the reviewer asked to find in the report; may be empty.",
        },
    );
    page.gap();
    page.prose(
        Role::Text,
        0,
        "The report says what was found, what was changed, and what you decided. The next steps show what you would vouch \
         for, who signs it, and how it gets to your own machine. Nothing of it is written to the image, and every step can \
         be gone back.",
    );
    (rows, page)
}

fn seal(model: &Model, width: usize) -> Page {
    let mut page = Page::new(width);
    page.line(&[(Role::Title, "What remains to be sealed")]);
    page.gap();
    super::seal::remains(&mut page, model);
    let for_seal = vouched::those(model, crate::wizard::Standing::ForSeal);
    if !for_seal.is_empty() {
        page.heading("Left to the seal, and so stated in the report");
        for guideline in for_seal {
            page.point(Role::Text, 0, &format!("{}  {}", guideline.id, guideline.title));
        }
        page.prose(Role::Dim, 0, "An image audit on an instance of the finished image says what became of them.");
    }
    page.gap();
    if model.subject.mode == Mode::Live {
        page.prose(
            Role::Text,
            0,
            "Before it begins, the seal asks how the digest of report.json begins on your own machine: the first group of \
             the Digest step. What has not left this machine by then is gone.",
        );
    }
    page.prose(Role::Dim, 0, "Enter goes back to the list, S to the steps of the seal.");
    page
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
