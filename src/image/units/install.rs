//! The `[Install]` section of a unit file (systemd.unit(5), systemd.syntax(7)).

/// What `[Install]` says, as far as a unit's state depends on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Install {
    /// `Alias=`.
    pub(super) aliases: Vec<String>,
    /// `WantedBy=`, `RequiredBy=` and `UpheldBy=` together.
    pub(super) wanted_by: Vec<String>,
    /// `Also=`.
    pub(super) also: Vec<String>,
    /// `DefaultInstance=`.
    pub(super) default_instance: Option<String>,
}

impl Install {
    /// Reads the sections called `[Install]` of a unit file or drop-in.
    pub(super) fn parse(text: &str) -> Self {
        let mut install = Self::default();
        let mut within = false;
        for line in logical_lines(text) {
            let line = line.trim();
            if line.starts_with('[') {
                within = line == "[Install]";
            } else if within && let Some((key, value)) = line.split_once('=') {
                install.set(key.trim(), value.trim());
            }
        }
        install
    }

    fn set(&mut self, key: &str, value: &str) {
        let list = match key {
            "Alias" => &mut self.aliases,
            "WantedBy" | "RequiredBy" | "UpheldBy" => &mut self.wanted_by,
            "Also" => &mut self.also,
            "DefaultInstance" => {
                self.default_instance = Some(value.to_owned()).filter(|value| !value.is_empty());
                return;
            }
            _ => return,
        };
        if value.is_empty() {
            list.clear();
        }
        list.extend(value.split_whitespace().map(str::to_owned));
    }

    /// Adds what a drop-in says.
    pub(super) fn extend(&mut self, other: &Self) {
        self.aliases.extend(other.aliases.iter().cloned());
        self.wanted_by.extend(other.wanted_by.iter().cloned());
        self.also.extend(other.also.iter().cloned());
        self.default_instance = other.default_instance.clone().or(self.default_instance.take());
    }

    /// Whether `systemctl enable` would make a link for it.
    pub(super) fn has_rules(&self) -> bool {
        !self.aliases.is_empty() || !self.wanted_by.is_empty()
    }
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
    fn lists_add_up_and_an_empty_value_clears() {
        let install = Install::parse(
            "[Unit]\nWantedBy=no.target\n[Install]\n# WantedBy=comment.target\nWantedBy=a.target b.target\nWantedBy=\n\
             WantedBy = c.target \\\n ; in between\n d.target\nRequiredBy=e.target\nAlias=x.service\nDefaultInstance=tty1\n",
        );
        assert_eq!(install.wanted_by, ["c.target", "d.target", "e.target"]);
        assert_eq!(install.aliases, ["x.service"]);
        assert_eq!(install.default_instance.as_deref(), Some("tty1"));
        assert!(install.has_rules());
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
