//! `seaworthy practice`: the wizard on a throw-away image.

use super::args::{Common, Format, PracticeArgs};
use super::environment::Environment;
use super::output::{Failure, note, print, print_json};
use super::{OK, wizard};
use crate::change::{State, note_created_here};
use crate::image::{Image, text};
use crate::playbook::Playbook;
use crate::practice::{self, PracticeImage};

pub(super) fn run(args: &PracticeArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    if args.list {
        let lessons = practice::lessons()?;
        if common.format == Format::Json {
            let rows = lessons.iter().map(|lesson| serde_json::json!({"name": lesson.name, "title": lesson.title}));
            print_json(&rows.collect::<Vec<_>>())?;
            return Ok(OK);
        }
        for lesson in lessons {
            print(&format!("{:<12} {}\n", lesson.name, lesson.title))?;
        }
        return Ok(OK);
    }
    let build = || PracticeImage::build(args.lesson.as_deref()).map_err(|error| Failure::Usage(format!("{error:#}")));
    if args.keep {
        let image = build()?;
        note(image.story());
        note_created_here([image.directory()])?;
        let root = image.keep();
        note("The image stays where it is; remove its directory when you are done. Try, for instance:");
        note(&format!("  seaworthy check --root {}", text::path(&root)));
        match common.format {
            Format::Text => print(&format!("{}\n", text::path(&root)))?,
            Format::Json => print_json(&serde_json::json!({"root": text::path(&root)}))?,
        }
        return Ok(OK);
    }
    wizard::needs_terminal(environment)?;
    let practice = build()?;
    let image = Image::open(&practice.root())?;
    let state = State::at(&practice.state())?;
    wizard::open(common, environment, image, state, Playbook::default(), Some(practice.story().to_owned()))
}
