//! The terminal itself: taking it over, giving it back on every way out, its size.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute, style};
use nix::sys::termios::{SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Rect, Size};

/// The wheel sends arrows while the alternate screen is shown, and selecting with the mouse stays the terminal's own
/// (xterm's mode 1007).
const WHEEL_ON: &[u8] = b"\x1b[?1007h";
const WHEEL_OFF: &[u8] = b"\x1b[?1007l";

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes the terminal over.
fn take() -> io::Result<()> {
    // Colours and their absence are decided by the theme. Left to itself crossterm 0.29 turns every colour into a reset
    // when NO_COLOR is set, which takes reverse video with it.
    style::force_color_output(true);
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    let mut out = io::stdout();
    execute!(out, EnterAlternateScreen, EnableBracketedPaste)?;
    out.write_all(WHEEL_ON)?;
    out.flush()
}

/// Gives the terminal back as it was; does nothing when it is not ours. Called on every way out: the normal one, a
/// signal, a panic.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        // Nothing can be done when the terminal is gone; each is tried all the same.
        let _ = out.write_all(WHEEL_OFF);
        let _ = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
    }
}

/// Makes a panic give the terminal back before it is reported. Where panics unwind, those of other threads say nothing
/// here: they are caught and shown on the screen.
pub(super) fn restore_on_panic() {
    let main = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if cfg!(panic = "abort") || std::thread::current().id() == main {
            restore();
            before(info);
        } else if !TAKEN.load(Ordering::SeqCst) {
            before(info);
        }
    }));
}

/// The terminal while it is ours; given back when dropped.
pub(super) struct Screen {
    terminal: Terminal<Sized<CrosstermBackend<BufWriter<Stdout>>>>,
}

impl Screen {
    /// Takes the terminal over. `fallback` is its size where it does not know its own, as serial lines do not.
    pub(super) fn open(fallback: Size) -> io::Result<Self> {
        take()?;
        // A frame goes out in one write.
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        let terminal = Terminal::new(Sized { inner: backend, fallback }).inspect_err(|_| restore())?;
        Ok(Self { terminal })
    }

    /// Its size.
    pub(super) fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    /// Draws a frame.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(|_| ())
    }

    /// Has the next frame draw every cell. (Not `clear`: that asks the terminal where its cursor is and waits for an
    /// answer that some terminals never give.)
    pub(super) fn forget(&mut self) -> io::Result<()> {
        let size = self.size()?;
        self.terminal.backend_mut().clear()?;
        self.terminal.resize(Rect { x: 0, y: 0, width: size.width, height: size.height })
    }

    /// Gives the terminal back for a while, runs `during`, and takes it over again.
    pub(super) fn without<T>(&mut self, during: impl FnOnce() -> T) -> io::Result<T> {
        restore();
        let result = during();
        self.retake()?;
        Ok(result)
    }

    /// Takes the terminal over again, whatever happened to it, and draws everything anew.
    pub(super) fn retake(&mut self) -> io::Result<()> {
        take()?;
        self.forget()
    }

    /// Sends text to the terminal's clipboard (OSC 52).
    pub(super) fn copy(text: &str) -> io::Result<()> {
        execute!(io::stdout(), crossterm::clipboard::CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// The terminal's stop key (Ctrl-Z) switched off, until this is dropped.
pub(super) struct NoStopKey(Option<Termios>);

impl NoStopKey {
    /// Switches it off.
    pub(super) fn new() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(mut without) = before.clone()
            && let Some(key) = without.control_chars.get_mut(SpecialCharacterIndices::VSUSP as usize)
        {
            // 0 is `_POSIX_VDISABLE` on Linux (termios(3)).
            *key = 0;
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &without);
        }
        Self(before)
    }
}

impl Drop for NoStopKey {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, before);
        }
    }
}

/// A backend whose size is never 0×0.
pub(super) struct Sized<B> {
    pub(super) inner: B,
    pub(super) fallback: Size,
}

impl<B> Sized<B> {
    fn known(&self, size: Size) -> Size {
        Size {
            width: if size.width == 0 { self.fallback.width } else { size.width },
            height: if size.height == 0 { self.fallback.height } else { size.height },
        }
    }
}

impl<B: Backend> Backend for Sized<B> {
    type Error = B::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Self::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> Result<(), Self::Error> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), Self::Error> {
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, Self::Error> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Self::Error> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Self::Error> {
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), Self::Error> {
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> Result<Size, Self::Error> {
        self.inner.size().map(|size| self.known(size))
    }

    fn window_size(&mut self) -> Result<WindowSize, Self::Error> {
        let size = self.inner.window_size()?;
        Ok(WindowSize { columns_rows: self.known(size.columns_rows), ..size })
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::backend::TestBackend;

    #[test]
    fn a_terminal_without_a_size_gets_one() {
        let fallback = Size { width: 80, height: 24 };
        let terminal = Terminal::new(Sized { inner: TestBackend::new(0, 0), fallback }).unwrap();
        assert_eq!(terminal.size().unwrap(), fallback);
        let terminal = Terminal::new(Sized { inner: TestBackend::new(100, 0), fallback }).unwrap();
        assert_eq!(terminal.size().unwrap(), Size { width: 100, height: 24 });
    }
}
