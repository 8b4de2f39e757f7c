//! The `[Install]` section of a unit file (systemd.unit(5), systemd.syntax(7)).

use std::collections::BTreeSet;

/// What `[Install]` says, as far as a unit's state depends on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Install {
    /// `Alias=`.
    pub(super) aliases: BTreeSet<String>,
    /// Any of `WantedBy=`, `RequiredBy=` and `UpheldBy=` names a unit.
    pub(super) wanted: [bool; 3],
    /// `Also=` names a unit.
    pub(super) also: bool,
    /// `DefaultInstance=`.
    pub(super) default_instance: Option<String>,
}

impl Install {
    /// Reads the sections called `[Install]` of a unit file.
    pub(super) fn parse(text: &str) -> Self {
        let mut install = Self::default();
        install.read(text);
        install
    }

    /// Reads a drop-in (or the unit file itself) on top of what was read before.
    pub(super) fn read(&mut self, text: &str) {
        let mut within = false;
        for line in logical_lines(text) {
            let line = line.trim();
            if line.starts_with('[') {
                within = line == "[Install]";
            } else if within && let Some((key, value)) = line.split_once('=') {
                self.set(key.trim(), value.trim());
            }
        }
    }

    /// An empty value clears what was set before.
    fn set(&mut self, key: &str, value: &str) {
        let [wanted, required, upheld] = &mut self.wanted;
        match key {
            "WantedBy" => *wanted = !value.is_empty(),
            "RequiredBy" => *required = !value.is_empty(),
            "UpheldBy" => *upheld = !value.is_empty(),
            "Also" => self.also = !value.is_empty(),
            "DefaultInstance" => self.default_instance = Some(value.to_owned()).filter(|value| !value.is_empty()),
            "Alias" if value.is_empty() => self.aliases.clear(),
            "Alias" => self.aliases.extend(value.split_whitespace().map(str::to_owned)),
            _ => {}
        }
    }

    /// Whether `systemctl enable` would make a link for it.
    pub(super) fn has_rules(&self) -> bool {
        !self.aliases.is_empty() || self.wanted.contains(&true)
    }
}

/// Whether a drop-in has anything to say here.
pub(super) fn has_section(text: &str) -> bool {
    text.contains("[Install]")
}

/// Lines with continuations (`\` at the end) joined by a space, comments and empty lines left out.
fn logical_lines(text: &str) -> impl Iterator<Item = String> {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        let mut whole = String::new();
        let mut within = false;
        for line in lines.by_ref() {
            let start = line.trim_start();
            if start.starts_with(['#', ';']) || (start.is_empty() && !within) {
                continue;
            }
            let Some(part) = line.strip_suffix('\\') else {
                whole.push_str(line);
                return Some(whole);
            };
            whole.push_str(part);
            whole.push(' ');
            within = true;
        }
        within.then_some(whole)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_clears() {
        let install = Install::parse(
            "[Unit]\nWantedBy=no.target\n[Install]\n# RequiredBy=comment.target\nWantedBy=a.target b.target\nWantedBy=\n\
             Alias=x.service \\\n ; in between\n y.service\nDefaultInstance=tty1\nAlso=z.socket\nAlso=\n",
        );
        assert_eq!(install.wanted, [false; 3]);
        assert!(!install.also);
        assert!(install.aliases.iter().eq(["x.service", "y.service"]));
        assert_eq!(install.default_instance.as_deref(), Some("tty1"));
        assert!(install.has_rules());
    }

    #[test]
    fn a_drop_in_adds_and_clears() {
        let mut install = Install::parse("[Install]\nWantedBy=a.target\nAlias=x.service\n");
        install.read("[Install]\nAlias=\nRequiredBy=b.target\n");
        assert_eq!((install.wanted, install.aliases.len()), ([true, true, false], 0));
    }

    #[test]
    fn no_section_means_no_rules() {
        assert_eq!(Install::parse("[Service]\nExecStart=/bin/true\n"), Install::default());
        assert!(!Install::parse("[Install]\nAlso=x.socket\n").has_rules());
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]Instal=\\\\#;\n WantedBy.]{0,200}") {
            let _ = Install::parse(&text);
        }
    }
}
