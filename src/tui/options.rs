//! What is known of the terminal before it is asked: names and variables, read by `cli`, turned into a look here.

use std::io::stdin;

use ratatui::layout::Size;

use super::theme::{Depth, Theme};
use super::view::Look;

/// What the command line and the environment say of the terminal. Only `cli` reads the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// `--theme`.
    pub theme: Option<String>,
    /// `--ascii`.
    pub ascii: bool,
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// `TERM`.
    pub term: String,
    /// `COLORTERM`.
    pub color_term: String,
    /// The locale's character set is UTF-8.
    pub utf8: bool,
    /// `COLUMNS` and `LINES`, for a terminal that does not know its size.
    pub size: Option<(u16, u16)>,
}

impl Options {
    /// Colours and characters for this terminal.
    ///
    /// # Errors
    /// When `--theme` names none; one line.
    pub fn look(&self) -> Result<Look, String> {
        let serial = self.is_serial() || tty_name().is_some_and(|name| is_serial_line(&name));
        let plain = self.no_color || serial || matches!(self.term.as_str(), "" | "dumb" | "vt100" | "vt102");
        let name = self.theme.as_deref().unwrap_or(if plain { "mono" } else { "default" });
        let theme = Theme::named(name, self.depth())?;
        Ok(Look { theme, ascii: self.ascii || serial || self.term.as_str() == "linux" || !self.utf8 })
    }

    /// The look that is not `look`: plain where that is rich, rich where it is plain.
    ///
    /// # Errors
    /// As [`Options::look`].
    pub(super) fn other_look(&self, look: &Look) -> Result<Look, String> {
        let plain = Look { theme: Theme::named("mono", self.depth())?, ascii: true };
        let rich = Look { theme: Theme::named("default", self.depth())?, ascii: false };
        Ok(if *look == plain { rich } else { plain })
    }

    /// The size of a terminal that does not know its own.
    pub(super) fn size(&self) -> Size {
        let (width, height) = self.size.filter(|(width, height)| *width > 0 && *height > 0).unwrap_or((80, 24));
        Size { width, height }
    }

    /// Whether it is a slow line: frames that nobody asked for are drawn less often.
    pub(super) fn is_slow(&self) -> bool {
        self.is_serial() || tty_name().is_some_and(|name| is_serial_line(&name))
    }

    fn is_serial(&self) -> bool {
        self.term.as_str() == "vt220"
    }

    fn depth(&self) -> Depth {
        match (self.color_term.as_str(), self.term.as_str()) {
            ("truecolor" | "24bit", _) => Depth::True,
            (_, term) if term.ends_with("-direct") => Depth::True,
            (_, term) if term.contains("256color") => Depth::Palette,
            _ => Depth::Sixteen,
        }
    }
}

fn tty_name() -> Option<String> {
    nix::unistd::ttyname(stdin()).ok().map(|path| path.to_string_lossy().into_owned())
}

/// Serial lines of PCs, of virtual machines and of Arm boards.
fn is_serial_line(name: &str) -> bool {
    ["/dev/ttyS", "/dev/hvc", "/dev/ttyAMA"].iter().any(|line| name.starts_with(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(term: &str) -> Options {
        Options { term: term.into(), utf8: true, ..Options::default() }
    }

    fn is_mono(options: &Options) -> bool {
        options.look().unwrap().theme == Theme::named("mono", Depth::Sixteen).unwrap()
    }

    #[test]
    fn plain_terminals_are_plain() {
        for (term, mono, ascii) in
            [("xterm-256color", false, false), ("linux", false, true), ("vt220", true, true), ("dumb", true, false)]
        {
            let options = options(term);
            assert_eq!((is_mono(&options), options.look().unwrap().ascii), (mono, ascii), "{term}");
        }
    }

    #[test]
    fn no_color_means_no_colour_unless_a_theme_is_named() {
        let plain = Options { no_color: true, ..options("xterm") };
        assert!(is_mono(&plain));
        assert!(!is_mono(&Options { theme: Some("light".into()), ..plain }));
    }

    #[test]
    fn a_locale_without_utf_8_is_ascii() {
        assert!(Options { utf8: false, ..options("xterm") }.look().unwrap().ascii);
        assert!(Options { ascii: true, ..options("xterm") }.look().unwrap().ascii);
        assert!(!options("xterm").look().unwrap().ascii);
    }

    #[test]
    fn the_size_falls_back_to_the_environment_and_then_to_24_lines() {
        let size = |size| Options { size, ..Options::default() }.size();
        assert_eq!(size(None), Size { width: 80, height: 24 });
        assert_eq!(size(Some((132, 43))), Size { width: 132, height: 43 });
        assert_eq!(size(Some((132, 0))), Size { width: 80, height: 24 });
    }
}
