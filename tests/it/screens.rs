//! Every screen as it is drawn, with its styles, at three sizes and with two looks; and what holds for all of them.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::PathBuf;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Style};
use seaworthy::change::diff::{FileDiff, Sign};
use seaworthy::check::{Finding, Observation, Status};
use seaworthy::tui::{Depth, Look, Theme, theme_names, view};
use seaworthy::wizard::{self, Key, Message, Model, Preview, STANDINGS, update};

mod code;
mod last;
mod scenes;

pub(crate) use code::read as read_code;
use scenes::{decided, judged, line, press, sshd_diff};

/// The sizes every screen is drawn at.
const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (60, 16)];
/// Those of the last act.
const LAST_SIZES: [(u16, u16); 3] = [(200, 50), (80, 24), (60, 16)];

/// Every screen by name.
fn scenes() -> Vec<(&'static str, Model)> {
    scenes::scenes().into_iter().chain(last::scenes()).collect()
}

fn look(theme: &str, ascii: bool) -> Look {
    Look { theme: Theme::named(theme, Depth::Sixteen).unwrap(), ascii }
}

/// `model` drawn at a size.
fn drawn(model: &Model, look: &Look, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut model = model.clone();
    update(&mut model, Message::Resize(width, height));
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view(&model, look, frame)).unwrap();
    terminal
}

fn text(buffer: &Buffer) -> String {
    rows(buffer, |cell| cell.symbol().to_owned())
}

fn rows(buffer: &Buffer, mut show: impl FnMut(&ratatui::buffer::Cell) -> String) -> String {
    let mut out = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width.max(1))) {
        let line: String = row.iter().map(&mut show).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The screen as text, one letter for each cell's style, and what the letters mean.
fn styled(terminal: &mut Terminal<TestBackend>) -> String {
    let cursor = terminal.get_cursor_position().unwrap();
    let buffer = terminal.backend().buffer();
    let mut styles: Vec<Style> = Vec::new();
    let grid = rows(buffer, |cell| {
        let style = Style { underline_color: None, ..cell.style() };
        if style.fg == Some(Color::Reset) && style.bg == Some(Color::Reset) && style.add_modifier.is_empty() {
            return " ".into();
        }
        let place = styles.iter().position(|other| *other == style).unwrap_or_else(|| {
            styles.push(style);
            styles.len() - 1
        });
        letter(place).to_string()
    });
    let mut legend = String::new();
    for (place, style) in styles.iter().enumerate() {
        let names: Vec<&str> = style.add_modifier.iter_names().map(|(name, _)| name).collect();
        let look = format!("{} {} {}", letter(place), style.fg.unwrap_or(Color::Reset), names.join(" "));
        legend.push_str(look.trim_end());
        legend.push('\n');
    }
    format!("{}-- cursor {},{} --\n-- style --\n{grid}-- legend --\n{legend}", text(buffer), cursor.x, cursor.y)
}

fn letter(place: usize) -> char {
    char::from(b'a' + u8::try_from(place).unwrap())
}

/// Compares with the file of that name in `snapshots/`, the project's folder of expected screens.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn every_screen_is_as_expected() {
    let looks = [("default", look("default", false)), ("mono ascii", look("mono", true))];
    let scenes = scenes::scenes().into_iter().map(|(name, model)| (name, model, SIZES));
    let last = last::scenes().into_iter().map(|(name, model)| (name, model, LAST_SIZES));
    for (name, model, sizes) in scenes.chain(last) {
        let mut sheet = String::new();
        for (look_name, look) in &looks {
            for (width, height) in sizes {
                let screen = styled(&mut drawn(&model, look, width, height));
                sheet.extend([format!("==== {width}x{height} {look_name} ====\n"), screen]);
            }
        }
        snapshot(&format!("screen-{name}"), &sheet);
    }
}

#[test]
fn every_theme_reaches_every_screen() {
    for (name, model) in scenes() {
        let screens: Vec<Buffer> =
            theme_names().map(|theme| drawn(&model, &look(theme, false), 80, 24).backend().buffer().clone()).collect();
        for (place, screen) in screens.iter().enumerate() {
            for other in screens.iter().skip(place + 1) {
                assert_eq!(text(screen), text(other), "{name}: a theme changes the words");
                assert_ne!(screen, other, "{name}: two themes draw the same");
            }
        }
    }
}

#[test]
fn ascii_is_ascii() {
    for (name, model) in scenes() {
        let terminal = drawn(&model, &look("mono", true), 100, 30);
        assert!(text(terminal.backend().buffer()).is_ascii(), "{name}");
    }
}

#[test]
fn without_colour_every_standing_differs_in_words() {
    let signs: Vec<String> = STANDINGS.iter().map(|s| format!("{} {}", s.glyph(), s.word())).collect();
    let screen = text(drawn(&scenes_help(), &look("mono", true), 100, 60).backend().buffer());
    for (place, sign) in signs.iter().enumerate() {
        assert!(screen.contains(sign), "{sign} is not in the legend");
        assert!(signs.iter().skip(place + 1).all(|other| other != sign));
    }
}

fn scenes_help() -> Model {
    let mut model = decided();
    press(&mut model, &[Key::Char('?')]);
    model
}

#[test]
fn practice_is_in_every_frame() {
    for (name, mut model) in scenes() {
        model.subject.practice = true;
        for (width, height) in [(200, 60), (80, 24), (60, 16), (40, 5)] {
            let screen = text(drawn(&model, &look("default", false), width, height).backend().buffer());
            assert!(screen.contains("PRACTICE"), "{name} at {width}x{height}");
        }
    }
}

#[test]
fn hints_are_keys_that_work() {
    for (name, model) in scenes() {
        let place = wizard::action::place(&model);
        // What there is to pause or to confirm is told only while it lasts.
        let is_shown = |binding: &&wizard::action::Binding| {
            let is_idle = match binding.action {
                wizard::action::Action::Pause => !model.survey.running,
                wizard::action::Action::Login => model.pending.is_none(),
                _ => false,
            };
            !binding.label.is_empty() && !is_idle
        };
        let screen = text(drawn(&model, &look("default", false), 200, 50).backend().buffer());
        let foot = screen.lines().last().unwrap_or_default();
        for binding in wizard::action::at(place).filter(is_shown) {
            let label =
                if model.survey.paused { binding.label.replace("pause", "resume") } else { binding.label.into() };
            let hint = format!("{} {label}", binding.keys[0]);
            let prompt = matches!(place, wizard::action::Place::Filter | wizard::action::Place::Search);
            assert!(prompt || foot.contains(&hint), "{name}: {hint:?} is not in {foot:?}");
            assert_eq!(wizard::action::action(place, binding.keys[0]), Some(binding.action), "{name}");
        }
    }
}

#[test]
fn nothing_hidden_reaches_the_screen() {
    for (name, mut model) in scenes() {
        model.selected = Some("KEY-04".into());
        for (width, height) in SIZES {
            let screen = text(drawn(&model, &look("default", false), width, height).backend().buffer());
            let hidden = ['\u{202e}', '\u{7}', '\u{200b}', '\u{1b}'];
            assert!(!screen.contains(|c| hidden.contains(&c)), "{name} at {width}x{height}");
        }
    }
}

/// The cost of a frame does not grow with the diff: only what is in sight is drawn.
#[test]
fn a_long_diff_is_scrolled_to_its_end() {
    let hunk = (1..=10_000).map(|n| line(Sign::Added, None, Some(n), &[(false, &format!("line {n}"))])).collect();
    let file = FileDiff {
        path: "/etc/long".into(),
        headline: "new file".into(),
        hunks: vec![hunk],
        masked: false,
        added: 10_000,
        removed: 0,
    };
    let mut model = judged();
    model.selected = Some("SSH-01".into());
    model.previews.insert("SSH-01".into(), Preview::Changes(vec![file]));
    press(&mut model, &[Key::Char('d'), Key::End]);
    let screen = text(drawn(&model, &look("default", false), 80, 24).backend().buffer());
    assert!(screen.contains("line 10000") && !screen.contains("line 9900"), "{screen}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn drawing_never_panics(width in 0u16..=200, height in 0u16..=60, hostile in "\\PC{0,60}|.{0,30}", scene in 0usize..64) {
        let scenes = scenes();
        let (_, mut model) = scenes[scene % scenes.len()].clone();
        model.subject.os = Some(hostile.clone());
        model.filter = String::new();
        model.notice = Some(wizard::Notice { text: hostile.clone(), bad: true });
        model.findings.insert("SSH-01".into(), Finding::new(Status::Fail, hostile.clone()).seen([
            Observation::at(&hostile).line(1).text(hostile.clone()),
        ]));
        let mut diff = sshd_diff();
        diff.path = PathBuf::from(&hostile);
        diff.hunks[0].push(line(Sign::Added, None, Some(usize::MAX), &[(true, &hostile)]));
        model.previews.insert("SSH-01".into(), Preview::Changes(vec![diff]));
        for ascii in [false, true] {
            drawn(&model, &look("default", ascii), width, height);
            // The terminal can change before the model has heard of it.
            let mut terminal = Terminal::new(TestBackend::new(height, width)).unwrap();
            terminal.draw(|frame| view(&model, &look("default", ascii), frame)).unwrap();
            let mut model = model.clone();
            update(&mut model, Message::Resize(width, height));
            for key in [Key::Esc, Key::Char('d'), Key::PageDown, Key::Right, Key::Char('?'), Key::End] {
                update(&mut model, Message::Key(key));
                drawn(&model, &look("default", ascii), width, height);
            }
        }
    }

    #[test]
    fn any_keys_in_any_order_keep_the_wizard_whole(keys in proptest::collection::vec(0usize..38, 0..60)) {
        let all = [
            Key::Up, Key::Down, Key::Left, Key::Right, Key::PageUp, Key::PageDown, Key::Home, Key::End, Key::Enter,
            Key::Esc, Key::Tab, Key::BackTab, Key::Backspace, Key::Delete, Key::F(1), Key::Char(' '), Key::Char('d'),
            Key::Char('/'), Key::Char('n'), Key::Char('N'), Key::Char('g'), Key::Char('r'), Key::Char('a'), Key::Char('e'),
            Key::Char('u'), Key::Char('U'), Key::Char('c'), Key::Char('?'), Key::Char('y'), Key::Char('f'), Key::Char('t'),
            Key::Ctrl('l'), Key::Ctrl('w'), Key::Char(']'), Key::Char('p'), Key::Char('S'), Key::Char('l'), Key::Char('s'),
        ];
        let mut model = decided();
        for key in keys {
            update(&mut model, Message::Key(all[key]));
            prop_assert!(!model.screens.is_empty());
        }
        drawn(&model, &look("default", false), 80, 24);
    }
}
