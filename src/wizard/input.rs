//! A field of one line: text and a cursor.

use unicode_width::UnicodeWidthStr;

use super::Key;

/// The longest text a field takes, in characters.
const FIELD_LIMIT: usize = 500;

/// One line of text being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    text: Vec<char>,
    cursor: usize,
}

impl Input {
    /// A field that holds `text`, its cursor at the end.
    pub fn new(text: &str) -> Self {
        let mut input = Self::default();
        input.paste(text);
        input
    }

    /// What has been typed.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// What has been typed, without blanks at both ends.
    pub fn trimmed(&self) -> String {
        self.text().trim().to_owned()
    }

    /// Whether nothing has been typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes a key; `false` when it means nothing to a field.
    pub fn key(&mut self, key: Key) -> bool {
        match key {
            Key::Char(character) => self.insert(character),
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            Key::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            Key::Backspace | Key::Delete => {}
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            Key::Home | Key::Ctrl('a') => self.cursor = 0,
            Key::End | Key::Ctrl('e') => self.cursor = self.text.len(),
            Key::Ctrl('u') => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::Ctrl('k') => self.text.truncate(self.cursor),
            Key::Ctrl('w') => self.delete_word(),
            _ => return false,
        }
        true
    }

    /// Takes pasted text. Line breaks become blanks, so that pasting never presses Enter.
    pub fn paste(&mut self, text: &str) {
        for character in text.trim_end_matches(['\r', '\n']).chars() {
            self.insert(if matches!(character, '\r' | '\n' | '\t') { ' ' } else { character });
        }
    }

    /// The part that fits `width` columns, and the column of the cursor in it. The cursor is always inside.
    pub fn window(&self, width: usize) -> (String, usize) {
        let before: Vec<char> = self.text.iter().take(self.cursor).copied().collect();
        let mut start = before.len();
        let mut used = 0;
        while start > 0 {
            let wide = before.get(start - 1).map_or(0, |c| c.to_string().width());
            if used + wide + 1 > width {
                break;
            }
            used += wide;
            start -= 1;
        }
        let mut shown = String::new();
        let mut columns = 0;
        for character in self.text.iter().skip(start) {
            let wide = character.to_string().width();
            if columns + wide > width {
                break;
            }
            columns += wide;
            shown.push(*character);
        }
        (shown, used)
    }

    fn insert(&mut self, character: char) {
        if !character.is_control() && !is_invisible(character) && self.text.len() < FIELD_LIMIT {
            self.text.insert(self.cursor, character);
            self.cursor += 1;
        }
    }

    fn delete_word(&mut self) {
        let start = self.cursor;
        while self.cursor > 0 && self.text.get(self.cursor - 1) == Some(&' ') {
            self.cursor -= 1;
        }
        while self.cursor > 0 && self.text.get(self.cursor - 1).is_some_and(|c| *c != ' ') {
            self.cursor -= 1;
        }
        self.text.drain(self.cursor..start);
    }
}

/// Characters that would make a name or a reason read differently from what it is.
fn is_invisible(character: char) -> bool {
    crate::image::text::visible(character.encode_utf8(&mut [0; 4])) != character.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[Key]) -> Input {
        let mut input = Input::default();
        for key in keys {
            input.key(*key);
        }
        input
    }

    #[test]
    fn editing_works_as_in_a_shell() {
        let mut input = Input::new("one two");
        input.key(Key::Ctrl('w'));
        assert_eq!(input.text(), "one ");
        input.key(Key::Home);
        input.key(Key::Delete);
        input.key(Key::Char('O'));
        assert_eq!(input.text(), "One ");
        input.key(Key::Right);
        input.key(Key::Ctrl('k'));
        assert_eq!(input.text(), "On");
        input.key(Key::Ctrl('u'));
        assert_eq!(input.text(), "");
        assert_eq!(typed(&[Key::Backspace, Key::Delete, Key::Left, Key::Right]).text(), "");
    }

    #[test]
    fn pasting_never_presses_enter() {
        assert_eq!(Input::new("a\r\nb\n").text(), "a  b");
    }

    #[test]
    fn keys_that_mean_nothing_are_passed_on() {
        assert!(!Input::default().key(Key::Enter));
        assert!(!Input::default().key(Key::Esc));
    }

    #[test]
    fn the_window_holds_the_cursor() {
        let input = Input::new("abcdefghij");
        assert_eq!(input.window(5), ("ghij".into(), 4));
        assert_eq!(input.window(20), ("abcdefghij".into(), 10));
        assert_eq!(Input::new("漢字").window(3), ("字".into(), 2));
    }
}
