//! Themes: what each role looks like. The only file that names a colour; the rest of the program asks for roles.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::wizard::page::{ROLES, Role};

/// Every theme that is built in: its name and its text in `themes/`.
const THEMES: [(&str, &str); 5] = [
    ("default", include_str!("../../themes/default.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// The names of the themes, for `--theme` and its error.
pub fn names() -> impl Iterator<Item = &'static str> {
    THEMES.iter().map(|(name, _)| *name)
}

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Its sixteen, by name.
    Sixteen,
    /// The palette of 256 (the 6×6×6 cube of xterm).
    Palette,
    /// Red, green and blue.
    True,
}

/// A look for every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    styles: BTreeMap<Role, Style>,
}

impl Theme {
    /// The built-in theme called `name`, for a terminal of `depth`.
    ///
    /// # Errors
    /// When there is none of that name; one line that lists them.
    pub fn named(name: &str, depth: Depth) -> Result<Self, String> {
        let mut chain = Vec::new();
        let mut next = Some(name.to_owned());
        while let Some(name) = next.take() {
            let Some((_, text)) = THEMES.iter().find(|(other, _)| *other == name) else {
                return Err(format!(
                    "there is no theme {name:?}; there are {}",
                    names().collect::<Vec<_>>().join(", ")
                ));
            };
            if chain.len() > THEMES.len() {
                return Err(format!("the theme {name:?} inherits from itself"));
            }
            let file: File =
                toml::from_str(text).map_err(|error| format!("themes/{name}.toml: {}", error.message()))?;
            next.clone_from(&file.inherits);
            chain.push(file);
        }
        let mut palette = BTreeMap::new();
        let mut looks = BTreeMap::new();
        for file in chain.into_iter().rev() {
            palette.extend(file.palette);
            looks.extend(file.roles);
        }
        let mut styles = BTreeMap::new();
        for role in ROLES {
            let look = looks.get(&role).ok_or_else(|| format!("the theme {name:?} has no look for {role:?}"))?;
            styles.insert(role, look.style(&palette, depth)?);
        }
        Ok(Self { styles })
    }

    /// What `role` looks like.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).copied().unwrap_or_default()
    }
}

/// A theme as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    inherits: Option<String>,
    #[serde(default)]
    palette: BTreeMap<String, Paint>,
    #[serde(default)]
    roles: BTreeMap<Role, Look>,
}

/// A colour of the palette: a name of the sixteen, or red, green and blue with the name that stands in for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Paint {
    Name(String),
    Exact([String; 2]),
}

impl Paint {
    fn color(&self, depth: Depth) -> Result<Color, String> {
        match self {
            Self::Name(name) => named(name).ok_or_else(|| format!("{name:?} is no colour name")),
            Self::Exact([exact, name]) => {
                let (red, green, blue) = rgb(exact).ok_or_else(|| format!("{exact:?} is not #rrggbb"))?;
                match depth {
                    Depth::True => Ok(Color::Rgb(red, green, blue)),
                    Depth::Palette => Ok(Color::Indexed(nearest(red, green, blue))),
                    Depth::Sixteen => named(name).ok_or_else(|| format!("{name:?} is no colour name")),
                }
            }
        }
    }
}

/// The look of a role: colours by their name in the palette (or of the sixteen), and what else makes it stand out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word in the file")]
struct Look {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    underline: bool,
    reverse: bool,
}

impl Look {
    fn style(&self, palette: &BTreeMap<String, Paint>, depth: Depth) -> Result<Style, String> {
        let color = |name: &Option<String>| match name {
            None => Ok(None),
            Some(name) => match palette.get(name) {
                Some(paint) => paint.color(depth).map(Some),
                None => Paint::Name(name.clone()).color(depth).map(Some),
            },
        };
        let mut style = Style { fg: color(&self.fg)?, bg: color(&self.bg)?, ..Style::default() };
        for (wanted, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
        ] {
            if wanted {
                style = style.add_modifier(modifier);
            }
        }
        Ok(style)
    }
}

fn named(name: &str) -> Option<Color> {
    Some(match name {
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return None,
    })
}

fn rgb(text: &str) -> Option<(u8, u8, u8)> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok();
    Some((part(0)?, part(2)?, part(4)?))
}

/// The entry of xterm's colour cube (16 to 231) nearest to a colour.
fn nearest(red: u8, green: u8, blue: u8) -> u8 {
    let step = |part: u8| if part < 48 { 0 } else { ((u16::from(part) - 35) / 40).min(5) as u8 };
    16 + 36 * step(red) + 6 * step(green) + step(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_loads_at_every_depth() {
        for name in names() {
            for depth in [Depth::Sixteen, Depth::Palette, Depth::True] {
                Theme::named(name, depth).unwrap();
            }
        }
        let error = Theme::named("plaid", Depth::True).unwrap_err();
        assert!(error.contains("colour-blind") && !error.contains('\n'));
    }

    #[test]
    fn the_table_is_the_folder() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("themes");
        #[expect(clippy::disallowed_methods, reason = "a test of the project's own folder")]
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".toml").to_owned())
            .collect();
        files.sort();
        let mut table: Vec<&str> = names().collect();
        table.sort_unstable();
        assert_eq!(table, files);
    }

    #[test]
    fn mono_has_no_colour() {
        let theme = Theme::named("mono", Depth::True).unwrap();
        for role in ROLES {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn what_is_added_never_looks_like_what_is_removed() {
        for name in names() {
            for depth in [Depth::Sixteen, Depth::Palette, Depth::True] {
                let theme = Theme::named(name, depth).unwrap();
                assert_ne!(theme.style(Role::Added), theme.style(Role::Removed), "{name} {depth:?}");
                assert_ne!(theme.style(Role::Pass), theme.style(Role::Fail), "{name} {depth:?}");
            }
        }
    }

    #[test]
    fn the_cube_holds_its_corners() {
        assert_eq!((nearest(0, 0, 0), nearest(255, 255, 255), nearest(255, 0, 0)), (16, 231, 196));
        assert_eq!(nearest(0x56, 0xb4, 0xe9), 74);
    }
}
