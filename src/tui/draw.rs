//! Drawing text into cells: the few strokes every screen is made of.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::theme::Theme;
use crate::wizard::Input;
use crate::wizard::layout::Area;
use crate::wizard::page::{Line, Page, Role};

/// A sheet to draw on: the cells and the look of things.
pub(super) struct Sheet<'a> {
    pub(super) buffer: &'a mut Buffer,
    pub(super) theme: &'a Theme,
    /// Where the real cursor goes: to the selected row, so that screen readers follow, or into a field.
    pub(super) cursor: Option<(u16, u16)>,
}

impl Sheet<'_> {
    /// Writes `text` at a place, at most `width` columns; gives the column after it. Outside the sheet, nothing.
    pub(super) fn text(&mut self, x: u16, y: u16, width: u16, role: Role, text: &str) -> u16 {
        let area = self.buffer.area;
        if y >= area.bottom() || x >= area.right() || width == 0 {
            return x;
        }
        self.buffer.set_stringn(x, y, text, usize::from(width), self.theme.style(role)).0
    }

    /// Writes a line of pieces.
    pub(super) fn line(&mut self, x: u16, y: u16, width: u16, line: &Line) -> u16 {
        let mut at = x;
        for (role, text) in line {
            let left = (x + width).saturating_sub(at);
            at = self.text(at, y, left, *role, text);
        }
        at
    }

    /// Writes text that ends at column `right` (not included).
    pub(super) fn right(&mut self, right: u16, y: u16, role: Role, text: &str) -> u16 {
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX);
        let x = right.saturating_sub(width);
        self.text(x, y, width, role, text);
        x
    }

    /// Gives every cell of a row the look of `role`.
    pub(super) fn tint(&mut self, area: Area, row: u16, role: Role) {
        let rect = Rect { x: area.x, y: row, width: area.width, height: 1 }.intersection(self.buffer.area);
        self.buffer.set_style(rect, self.theme.style(role));
    }

    /// A horizontal rule over `width` columns.
    pub(super) fn rule(&mut self, x: u16, y: u16, width: u16) {
        self.text(x, y, width, Role::Border, &"─".repeat(usize::from(width)));
    }

    /// A vertical rule.
    pub(super) fn column(&mut self, x: u16, y: u16, height: u16) {
        for row in y..y.saturating_add(height) {
            self.text(x, row, 1, Role::Border, "│");
        }
    }

    /// The lines of `page` from `top` on, and marks at the right edge when there is more above or below.
    pub(super) fn page(&mut self, area: Area, page: &Page, top: usize) {
        let top = top.min(page.last_top(usize::from(area.height)));
        for (row, line) in page.lines().iter().skip(top).take(usize::from(area.height)).enumerate() {
            self.line(area.x, area.y + u16::try_from(row).unwrap_or(0), area.width, line);
        }
        let edge = area.x + area.width;
        if top > 0 {
            self.text(edge, area.y, 1, Role::Accent, "↑");
        }
        if top < page.last_top(usize::from(area.height)) && area.height > 0 {
            self.text(edge, area.y + area.height - 1, 1, Role::Accent, "↓");
        }
    }

    /// A field with its text; the cursor is put into it when it has the keys.
    pub(super) fn field(&mut self, x: u16, y: u16, width: u16, input: &Input, active: bool) {
        let (text, column) = input.window(usize::from(width));
        self.text(x, y, width, Role::Field, &" ".repeat(usize::from(width)));
        self.text(x, y, width, Role::Field, &text);
        if active {
            let column = u16::try_from(column).unwrap_or(0).min(width.saturating_sub(1));
            self.cursor = Some((x + column, y));
        }
    }

    /// Empties an area and draws a frame with a title around it.
    pub(super) fn frame(&mut self, area: Area, title: &str) {
        let blank = " ".repeat(usize::from(area.width));
        for row in area.y..area.y + area.height {
            self.clear(area.x, row, area.width, &blank);
        }
        if area.height < 2 || area.width < 2 {
            return;
        }
        let (right, bottom) = (area.x + area.width - 1, area.y + area.height - 1);
        self.rule(area.x, area.y, area.width);
        self.rule(area.x, bottom, area.width);
        self.column(area.x, area.y, area.height);
        self.column(right, area.y, area.height);
        for (x, y, corner) in [(area.x, area.y, "┌"), (right, area.y, "┐"), (area.x, bottom, "└"), (right, bottom, "┘")]
        {
            self.text(x, y, 1, Role::Border, corner);
        }
        if !title.is_empty() {
            self.text(area.x + 2, area.y, area.width.saturating_sub(4), Role::Title, &format!(" {title} "));
        }
    }

    fn clear(&mut self, x: u16, y: u16, width: u16, blank: &str) {
        let rect = Rect { x, y, width, height: 1 }.intersection(self.buffer.area);
        for cell in rect.positions() {
            if let Some(cell) = self.buffer.cell_mut(cell) {
                cell.reset();
            }
        }
        self.text(x, y, width, Role::Text, blank);
    }
}

/// Replaces every character beyond ASCII by one that looks like it, for terminals that have no others.
pub(super) fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol().is_ascii() {
            continue;
        }
        let plain = match cell.symbol() {
            "━" => "=",
            "│" => "|",
            "┌" | "┐" | "└" | "┘" | "┬" | "┴" | "├" | "┤" | "┼" => "+",
            "▸" | "›" | "→" => ">",
            "‹" | "←" => "<",
            "↑" => "^",
            "↓" => "v",
            "─" | "·" | "–" | "—" => "-",
            "…" => "~",
            "•" => "*",
            "“" | "”" => "\"",
            "‘" | "’" => "'",
            "×" => "x",
            _ => "?",
        };
        cell.set_symbol(plain);
    }
}
