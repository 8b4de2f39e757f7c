//! The QR code as a camera sees it: the cells of the screen as a picture, read by a reader that knows nothing of us.

use std::fs;
use std::path::Path;
use std::process::Command;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use seaworthy::image::Mode;

use super::scenes::{exported, exported_report};
use super::{drawn, look};

/// Dots of a cell: one column, two rows, each so many wide and high.
const DOTS: usize = 6;

/// What a PBM reader (`zbarimg`) finds in a picture of `rows`, `true` where dark.
pub(crate) fn read(directory: &Path, rows: &[Vec<bool>]) -> String {
    let width = rows[0].len() * DOTS;
    let mut picture = format!("P1\n{width} {}\n", rows.len() * DOTS);
    for row in rows {
        let line: String = row.iter().map(|dark| if *dark { "1 " } else { "0 " }.repeat(DOTS)).collect();
        picture.extend(std::iter::repeat_n(format!("{line}\n"), DOTS));
    }
    let path = directory.join("screen.pbm");
    fs::write(&path, picture).unwrap();
    let found = Command::new("zbarimg").args(["--quiet", "--raw"]).arg(&path).output().unwrap();
    String::from_utf8(found.stdout).unwrap().trim().to_owned()
}

/// Upper and lower half of a cell, `true` where dark, on a terminal that writes light on dark.
fn halves(cell: &Cell) -> [bool; 2] {
    let style = cell.style();
    let is_dark = |color: Option<Color>, other: bool| match color {
        Some(Color::Black) => true,
        Some(Color::White) => false,
        _ => other,
    };
    let (mut glyph, mut ground) = (is_dark(style.fg, false), is_dark(style.bg, true));
    if style.add_modifier.contains(Modifier::REVERSED) {
        (glyph, ground) = (ground, glyph);
    }
    match cell.symbol() {
        "█" => [glyph, glyph],
        "▀" => [glyph, ground],
        "▄" => [ground, glyph],
        // A letter leaves most of its cell as it is.
        _ => [ground, ground],
    }
}

/// The screen in dots, two above each other for a cell.
fn dots(buffer: &Buffer) -> Vec<Vec<bool>> {
    let rows = buffer.content.chunks(usize::from(buffer.area.width));
    rows.flat_map(|row| [0, 1].map(|half| row.iter().map(|cell| halves(cell)[half]).collect())).collect()
}

#[test]
#[ignore = "needs zbarimg; run by .ci/run"]
fn a_camera_reads_the_digest_off_the_screen() {
    let directory = tempfile::tempdir().unwrap();
    let digest = exported_report().sha256.to_uppercase();
    let model = exported(Mode::Offline);
    for theme in seaworthy::tui::theme_names() {
        for (ascii, (width, height)) in [(false, (80, 24)), (false, (200, 50)), (true, (120, 40)), (true, (200, 50))] {
            let terminal = drawn(&model, &look(theme, ascii), width, height);
            let found = read(directory.path(), &dots(terminal.backend().buffer()));
            assert_eq!(found, digest, "{theme}, ascii {ascii}, {width}x{height}");
        }
    }
}

#[test]
fn where_the_code_has_no_room_that_is_said() {
    let model = exported(Mode::Offline);
    for (ascii, (width, height)) in [(false, (60, 16)), (false, (80, 20)), (true, (80, 24)), (true, (111, 60))] {
        let terminal = drawn(&model, &look("default", ascii), width, height);
        let screen = super::text(terminal.backend().buffer());
        assert!(!screen.contains('█') && screen.contains("9f86d081"), "{screen}");
        let said = if width == 60 { "On a screen of" } else { "A screen of" };
        assert!(screen.contains(said) || width == 60, "{width}x{height}: {screen}");
    }
}
