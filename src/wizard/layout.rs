//! Where things are on a screen of a given size: plain arithmetic, the same for who scrolls and for who draws.
//!
//! ```text
//! header                                        1 row
//! ─────────────────────┬──────────────────────  1 row
//! list                 │ details                the rest
//! ─────────────────────┴──────────────────────  1 row
//! keys                                          1 row
//! ```

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// The smallest size anything is drawn on.
pub const SMALLEST: Size = Size { width: 60, height: 16 };

/// From this width on, the list and the details are side by side.
pub const TWO_PANES: u16 = 76;

/// From this width on, the list has room for whole titles, and the details still for lines one likes to read.
const WHOLE_TITLES: u16 = 160;

impl Size {
    /// Whether it is large enough for the wizard.
    pub fn is_enough(self) -> bool {
        self.width >= SMALLEST.width && self.height >= SMALLEST.height
    }

    /// The rows between header and footer.
    pub fn body(self) -> Area {
        Area { x: 0, y: 2, width: self.width, height: self.height.saturating_sub(4) }
    }
}

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// First column, from 0.
    pub x: u16,
    /// First row, from 0.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// The same without `columns` at the left and the right and `rows` at the top and the bottom.
    #[must_use]
    pub fn inset(self, columns: u16, rows: u16) -> Self {
        Self {
            x: self.x + columns.min(self.width),
            y: self.y + rows.min(self.height),
            width: self.width.saturating_sub(columns * 2),
            height: self.height.saturating_sub(rows * 2),
        }
    }
}

/// The panes of the hub. On a narrow screen there is one, and Tab changes which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hub {
    /// Phases and guidelines.
    pub list: Option<Area>,
    /// What is said of the selected one, without the margin.
    pub details: Option<Area>,
}

/// The hub's panes on a screen of `size`; `details_have_keys` says which one a narrow screen shows.
pub fn hub(size: Size, details_have_keys: bool) -> Hub {
    let body = size.body();
    if size.width < TWO_PANES {
        let whole = Some(body);
        return if details_have_keys {
            Hub { list: None, details: whole.map(|area| area.inset(1, 0)) }
        } else {
            Hub { list: whole, details: None }
        };
    }
    let list = if size.width >= WHOLE_TITLES { 86 } else { (size.width / 2).clamp(40, 72) };
    let details = Area { x: list + 1, width: body.width.saturating_sub(list + 1), ..body };
    // Longer lines than this are hard to read.
    let details = details.inset(1, 0);
    let details = Area { width: details.width.min(100), ..details };
    Hub { list: Some(Area { width: list, ..body }), details: Some(details) }
}

/// A page that has the whole body: margins grow with the screen, and lines stay short enough to read.
pub fn page(size: Size) -> Area {
    let body = size.body();
    let margin = if size.width >= 100 { 4 } else { 2 };
    let inner = body.inset(margin, 0);
    Area { width: inner.width.min(112), ..inner }
}

/// Columns of the text beside a QR code.
const BESIDE_CODE: u16 = 36;

/// The text of the digest's page and, where the screen is wide enough for both, the place for its QR code.
pub fn digest(size: Size) -> (Area, Option<Area>) {
    let whole = page(size);
    if size.width < TWO_PANES {
        return (whole, None);
    }
    let code = Area { x: whole.x + BESIDE_CODE + 2, width: whole.width.saturating_sub(BESIDE_CODE + 2), ..whole };
    (Area { width: BESIDE_CODE, ..whole }, Some(code))
}

/// A dialog in the middle, `rows` high if there is room; the frame included.
pub fn dialog(size: Size, rows: usize) -> Area {
    let width = size.width.saturating_sub(4).min(76);
    let height = u16::try_from(rows + 2).unwrap_or(u16::MAX).min(size.height.saturating_sub(2));
    Area { x: (size.width - width) / 2, y: (size.height - height) / 2, width, height }
}

/// The columns of text in a dialog.
pub fn dialog_text(size: Size) -> usize {
    usize::from(dialog(size, 0).inset(3, 1).width)
}

/// The first of `len` rows to show when `height` fit and `selected` must be seen: it stays in the middle until an end
/// is near.
pub fn first_row(selected: usize, len: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(len.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u16, height: u16) -> Size {
        Size { width, height }
    }

    #[test]
    fn panes_are_side_by_side_where_both_can_be_read() {
        for (width, list, details) in [(80, 40, 37), (120, 60, 57), (159, 72, 84), (160, 86, 71), (200, 86, 100)] {
            let hub = hub(size(width, 24), false);
            assert_eq!(hub.list.map(|area| area.width), Some(list), "{width}");
            assert_eq!(hub.details.map(|area| area.width), Some(details), "{width}");
            assert_eq!(hub.list.map(|area| (area.y, area.height)), Some((2, 20)));
        }
        assert_eq!(hub(size(60, 16), false).details, None);
        assert_eq!(hub(size(60, 16), true).list, None);
    }

    #[test]
    fn everything_is_inside_for_any_size() {
        for width in 0..220 {
            for height in 0..70 {
                let size = size(width, height);
                let hub = hub(size, true);
                for area in [hub.list, hub.details, Some(page(size)), Some(dialog(size, 30))].into_iter().flatten() {
                    if size.is_enough() {
                        assert!(area.x + area.width <= width && area.y + area.height <= height, "{size:?} {area:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_selected_row_is_seen() {
        assert_eq!(first_row(0, 100, 20), 0);
        assert_eq!(first_row(50, 100, 20), 40);
        assert_eq!(first_row(99, 100, 20), 80);
        assert_eq!(first_row(3, 5, 20), 0);
    }
}
