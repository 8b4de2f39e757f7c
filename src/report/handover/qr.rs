//! A digest as a QR code that a camera reads off the screen (ISO/IEC 18004).

use qrcodegen::{QrCode, QrCodeEcc};

/// The light border that readers want around a code, in modules (ISO/IEC 18004, quiet zone).
pub const QUIET: usize = 4;

/// A code with its border: rows of modules, `true` where dark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    rows: Vec<Vec<bool>>,
}

impl Code {
    /// The code of a digest, with a border of `quiet` modules; `None` for a text that is too long for any code. What a
    /// reader gives is in capital letters.
    pub fn of(digest: &str, quiet: usize) -> Option<Self> {
        // Capital letters and digits alone need fewer modules (alphanumeric mode).
        let code = QrCode::encode_text(&digest.to_ascii_uppercase(), QrCodeEcc::Low).ok()?;
        let quiet = i32::try_from(quiet).ok()?;
        // What is outside of the code is light.
        let places = || -quiet..code.size() + quiet;
        let rows = places().map(|y| places().map(|x| code.get_module(x, y)).collect()).collect();
        Some(Self { rows })
    }

    /// Modules of a side, border included.
    pub fn side(&self) -> usize {
        self.rows.len()
    }

    /// The rows of modules, `true` where dark.
    pub fn rows(&self) -> &[Vec<bool>] {
        &self.rows
    }

    /// One character for two modules, one above the other: blocks to be written dark on a light ground.
    pub fn half_blocks(&self) -> Vec<String> {
        let light = Vec::new();
        let is_dark = |row: &[bool], at: usize| row.get(at).copied().unwrap_or(false);
        let line = |pair: &[Vec<bool>]| {
            let (upper, lower) = (pair.first().unwrap_or(&light), pair.get(1).unwrap_or(&light));
            let block = |at| match (is_dark(upper, at), is_dark(lower, at)) {
                (false, false) => ' ',
                (true, false) => '▀',
                (false, true) => '▄',
                (true, true) => '█',
            };
            (0..upper.len()).map(block).collect()
        };
        self.rows.chunks(2).map(line).collect()
    }

    /// Two characters for a module, `##` where it is dark: for those who have only ASCII.
    pub fn ascii(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.iter().map(|dark| if *dark { "##" } else { "  " }).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn a_digest_fits_beside_text_on_the_smallest_usual_screen() {
        let code = Code::of(DIGEST, QUIET).unwrap();
        // Version 3, 29 modules: 37 columns and 19 rows of the 80 by 20 that are there.
        assert_eq!(code.side(), 29 + 2 * QUIET);
        let blocks = code.half_blocks();
        assert_eq!((blocks.len(), blocks[0].chars().count()), (19, 37));
        assert!(blocks[0].trim().is_empty() && blocks[18].trim().is_empty(), "the border is light");
        assert!(blocks.iter().all(|line| line.starts_with("    ") && line.ends_with("    ")));
        assert_eq!(code.ascii().len(), 37);
    }

    #[test]
    fn both_ways_to_write_it_say_the_same() {
        let code = Code::of(DIGEST, 2).unwrap();
        let blocks = code.half_blocks();
        for (y, line) in code.ascii().iter().enumerate() {
            for (x, pair) in line.as_bytes().chunks(2).enumerate() {
                let block = blocks[y / 2].chars().nth(x).unwrap();
                let dark = if y % 2 == 0 { "▀█" } else { "▄█" }.contains(block);
                assert_eq!(pair == b"##", dark, "{x},{y}");
            }
        }
    }

    #[test]
    fn what_no_code_can_hold_gives_none() {
        assert_eq!(Code::of(&"0".repeat(8000), QUIET), None);
    }
}
