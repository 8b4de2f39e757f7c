//! Who may run everything as root without a password, by sudoers(5).
//!
//! Read are rules whose commands are `ALL`; of several that fit an account the last one counts. What is not understood
//! is counted, so that a "no" can be told from "not known".

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::image::{Error, Image, Reason, TABLE_LIMIT, TABLE_LINES};

/// What the rules say of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Everything, without a password.
    Free,
    /// Everything, after a password.
    WithPassword,
    /// Nothing.
    None,
}

/// One line of the rules, with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) path: PathBuf,
    pub(crate) line: u32,
    text: String,
}

/// The rules in the order sudo reads them.
#[derive(Debug, Default)]
pub(crate) struct Sudoers {
    rules: Vec<Rule>,
    aliases: BTreeMap<String, Vec<String>>,
    /// `Defaults !authenticate`: nobody is asked.
    never_asks: bool,
    /// `Defaults targetpw` or `rootpw`: it is root's password that is asked for.
    pub(crate) asks_for_roots: Option<Rule>,
    /// Files, bytes and lines read so far.
    files: u32,
    bytes: usize,
    count: usize,
    /// Lines that this reading does not understand.
    pub(crate) unclear: Vec<Rule>,
}

/// Where cloud-init writes the default user's rules at first boot.
pub(super) const CLOUD_INIT_FILE: &str = "/etc/sudoers.d/90-cloud-init-users";

/// Included files nest no deeper than this (sudo's own limit).
const DEPTH: u32 = 128;

/// More files than this are not read: files that include each other twice would never come to an end.
const FILES: u32 = 1000;

impl Sudoers {
    /// Reads `/etc/sudoers` and what it includes. `seeded` are lines that will be added to cloud-init's file; without
    /// an include of its directory, cloud-init adds one at the end.
    pub(crate) fn read(image: &Image, seeded: &[String]) -> Result<Self, Error> {
        let mut sudoers = Self::default();
        let mut placed = false;
        // SUSE's newer releases ship the file below /usr; the administrator's hides it.
        let own = Path::new("/etc/sudoers");
        let main = if image.lstat(own)?.is_some() { own } else { Path::new("/usr/etc/sudoers") };
        sudoers.file(image, main, seeded, &mut placed, 0)?;
        if !placed {
            sudoers.seed(seeded);
        }
        Ok(sudoers)
    }

    /// What is granted to `user`, a member of `groups`, and the rule that says so.
    pub(crate) fn grant(&self, user: &str, groups: &[&str]) -> (Grant, Option<&Rule>) {
        let mut found = (Grant::None, None);
        for rule in &self.rules {
            let Some((who, rest)) = subjects(&rule.text) else { continue };
            if self.includes(who, user, groups, 0) != Some(true) {
                continue;
            }
            if let Some(asks) = asks_for_all(rest) {
                let grant = if asks && !self.never_asks { Grant::WithPassword } else { Grant::Free };
                found = (grant, Some(rule));
            }
        }
        found
    }

    /// The accounts that rules name, each with its rule; groups, aliases and numbers are none.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &Rule)> {
        let is_account = |name: &&str| {
            let plain = name.strip_prefix('!').unwrap_or(name);
            let is_other = plain.starts_with(['%', '#', '+']) || plain.is_empty();
            !is_other && !plain.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        };
        self.rules.iter().flat_map(move |rule| {
            let who = subjects(&rule.text).map_or("", |(who, _)| who);
            who.split(',').map(|name| name.trim().trim_matches('"')).filter(is_account).map(move |name| (name, rule))
        })
    }

    fn seed(&mut self, seeded: &[String]) {
        let lines = seeded.join("\n");
        self.lines(Path::new(CLOUD_INIT_FILE), &lines, &mut |_| None);
    }

    fn file(
        &mut self,
        image: &Image,
        path: &Path,
        seeded: &[String],
        placed: &mut bool,
        depth: u32,
    ) -> Result<(), Error> {
        if depth >= DEPTH || self.files >= FILES {
            return Err(Error::malformed("read", path, "sudo's files include each other without end"));
        }
        self.files += 1;
        let Some(text) = image.read_table(path)? else { return Ok(()) };
        self.has_room_for(path, &text)?;
        let mut includes = Vec::new();
        // Lines keep their order: what stands above an include comes before it.
        let mut pending = String::new();
        let mut start = 1;
        for (number, line) in (1u32..).zip(text.lines()) {
            if let Some(include) = Include::of(line) {
                includes.push((start, std::mem::take(&mut pending), Some(include)));
                start = number + 1;
            } else {
                pending.push_str(line);
                pending.push('\n');
            }
        }
        includes.push((start, pending, None));
        for (start, lines, include) in includes {
            self.lines(path, &lines, &mut |line| Some(start + line - 1));
            match include {
                None => {}
                Some(Include::File(name)) => {
                    let file = Path::new("/etc").join(name);
                    self.file(image, &file, seeded, placed, depth + 1)?;
                }
                Some(Include::Directory(name)) => self.directory(image, &name, seeded, placed, depth)?,
            }
        }
        Ok(())
    }

    /// What holds for one table holds for all of these together: a file may be included again and again.
    fn has_room_for(&mut self, path: &Path, text: &str) -> Result<(), Error> {
        self.bytes += text.len();
        self.count += text.lines().count();
        let reason = if self.bytes as u64 > TABLE_LIMIT {
            Reason::TooLarge(TABLE_LIMIT)
        } else if self.count > TABLE_LINES {
            Reason::TooMany(TABLE_LINES)
        } else {
            return Ok(());
        };
        Err(Error { action: "read", path: path.to_owned(), reason })
    }

    fn directory(
        &mut self,
        image: &Image,
        name: &str,
        seeded: &[String],
        placed: &mut bool,
        depth: u32,
    ) -> Result<(), Error> {
        let directory = Path::new("/etc").join(name);
        let is_ours = directory == Path::new("/etc/sudoers.d") && !*placed;
        let mut names: Vec<_> = image.list(&directory)?.into_iter().map(|entry| entry.name).collect();
        let cloud_init = Path::new(CLOUD_INIT_FILE).file_name().unwrap_or_default();
        if is_ours && !names.iter().any(|name| name == cloud_init) {
            names.push(cloud_init.to_owned());
            names.sort();
        }
        for name in names {
            // sudo leaves out names with a dot and editors' backups (sudoers(5), "Including other files").
            let shown = name.to_string_lossy();
            if shown.contains('.') || shown.ends_with('~') {
                continue;
            }
            self.file(image, &directory.join(&name), seeded, placed, depth + 1)?;
            if is_ours && name == cloud_init {
                *placed = true;
                self.seed(seeded);
            }
        }
        Ok(())
    }

    fn lines(&mut self, path: &Path, text: &str, number: &mut dyn FnMut(u32) -> Option<u32>) {
        let mut whole = String::new();
        let mut first = None;
        for (line, text) in (1u32..).zip(text.lines()) {
            let line = *first.get_or_insert(number(line).unwrap_or(0));
            if let Some(start) = text.strip_suffix('\\') {
                whole.push_str(start);
                continue;
            }
            whole.push_str(text);
            first = None;
            self.line(Rule { path: path.to_owned(), line, text: std::mem::take(&mut whole) });
        }
    }

    fn line(&mut self, mut rule: Rule) {
        let text = without_comment(rule.text.trim()).trim().to_owned();
        rule.text.clone_from(&text);
        let first = text.split_whitespace().next().unwrap_or_default();
        match first {
            "User_Alias" => {
                let rest = text.strip_prefix(first).unwrap_or_default();
                for alias in rest.split(':') {
                    let Some((name, members)) = alias.split_once('=') else { continue };
                    let members = members.split(',').map(|member| member.trim().to_owned()).collect();
                    self.aliases.insert(name.trim().to_owned(), members);
                }
            }
            "Defaults" => {
                let rest = text.strip_prefix(first).unwrap_or_default();
                for option in rest.split(',').map(str::trim) {
                    match option {
                        "authenticate" => self.never_asks = false,
                        "!authenticate" => self.never_asks = true,
                        "targetpw" | "rootpw" | "runaspw" => self.asks_for_roots = Some(rule.clone()),
                        "!targetpw" | "!rootpw" | "!runaspw" => self.asks_for_roots = None,
                        _ => {}
                    }
                }
            }
            _ if is_of_no_account(first) => {}
            _ if subjects(&text).is_some() => self.rules.push(rule),
            _ => self.unclear.push(rule),
        }
    }

    /// Whether a list of users names `user`; `None` when it says nothing of them. Later items count more.
    fn includes(&self, list: &str, user: &str, groups: &[&str], depth: u32) -> Option<bool> {
        let mut found = None;
        for item in list.split(',').map(str::trim) {
            let (name, negated) = match item.strip_prefix('!') {
                Some(name) => (name.trim(), true),
                None => (item, false),
            };
            let name = name.trim_matches('"');
            let fits = if let Some(group) = name.strip_prefix('%') {
                groups.contains(&group)
            } else if let Some(members) = self.aliases.get(name).filter(|_| depth < 16) {
                members.iter().any(|member| self.includes(member, user, groups, depth + 1) == Some(true))
            } else {
                name == "ALL" || name == user
            };
            if fits {
                found = Some(!negated);
            }
        }
        found
    }
}

enum Include {
    File(String),
    Directory(String),
}

impl Include {
    /// `@include`, `@includedir` and their older spellings with `#`.
    fn of(line: &str) -> Option<Self> {
        let line = line.trim_start();
        let word = line.strip_prefix(['@', '#'])?;
        let (word, name) = word.split_once([' ', '\t'])?;
        let name = name.trim().trim_matches('"').to_owned();
        match word {
            "include" => Some(Self::File(name)),
            "includedir" => Some(Self::Directory(name)),
            _ => None,
        }
    }
}

/// Nothing, aliases of what is not looked at, and defaults for one user, host or command.
fn is_of_no_account(first: &str) -> bool {
    matches!(first, "" | "Host_Alias" | "Cmnd_Alias" | "Cmd_Alias" | "Runas_Alias") || first.starts_with("Defaults")
}

/// A `#` starts a comment unless a number follows, which is a user id.
fn without_comment(line: &str) -> &str {
    let is_comment = |(at, _): &(usize, &str)| {
        let after = line.get(at + 1..).unwrap_or_default();
        !after.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-')
    };
    let at = line.match_indices('#').find(is_comment).map_or(line.len(), |(at, _)| at);
    line.get(..at).unwrap_or(line)
}

/// The users of a rule, and what follows them, when it holds on every host: `who ALL = what`.
fn subjects(text: &str) -> Option<(&str, &str)> {
    let (left, what) = text.split_once('=')?;
    let (who, host) = left.trim().rsplit_once([' ', '\t'])?;
    (host == "ALL").then_some((who.trim(), what.trim()))
}

/// Whether a rule gives every command as root, and then whether it asks for a password; `None` when it does not give
/// everything.
fn asks_for_all(what: &str) -> Option<bool> {
    let mut rest = what;
    if let Some(runas) = rest.strip_prefix('(') {
        let (runas, after) = runas.split_once(')')?;
        let users = runas.split(':').next().unwrap_or_default();
        if !users.split(',').any(|user| matches!(user.trim(), "ALL" | "root")) {
            return None;
        }
        rest = after;
    }
    let mut asks = true;
    let mut all = None;
    for command in rest.split(',') {
        let mut command = command.trim();
        while let Some((tag, after)) = command.split_once(':') {
            let tag = tag.trim();
            if tag.is_empty() || !tag.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
                break;
            }
            match tag {
                "NOPASSWD" => asks = false,
                "PASSWD" => asks = true,
                _ => {}
            }
            command = after.trim();
        }
        match command {
            "ALL" => all = Some(asks),
            "!ALL" => all = None,
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    fn grant(sudoers: &str) -> Grant {
        let fixture = Fixture::debian();
        fixture.file("/etc/sudoers", sudoers);
        Sudoers::read(&fixture.image(), &[]).unwrap().grant("admin", &["admin", "sudo"]).0
    }

    #[test]
    fn rules_name_users_groups_aliases_and_all() {
        for who in ["admin", "%sudo", "ALL", "bob, admin", "OPS", "ALL, !bob"] {
            let text = format!("User_Alias OPS = bob, %sudo : X = y\n{who} ALL=(ALL:ALL) NOPASSWD: ALL # all\n");
            assert_eq!(grant(&text), Grant::Free, "{who}");
        }
        for who in ["bob", "%wheel", "ALL, !admin", "#1000x"] {
            assert_eq!(grant(&format!("{who} ALL=(ALL) NOPASSWD: ALL\n")), Grant::None, "{who}");
        }
    }

    #[test]
    fn the_last_rule_that_fits_counts() {
        assert_eq!(grant("admin ALL=(ALL) NOPASSWD:ALL\n%sudo ALL=(ALL) ALL\n"), Grant::WithPassword);
        assert_eq!(grant("%sudo ALL=(ALL) ALL\nadmin ALL=(ALL) NOPASSWD:ALL\n"), Grant::Free);
        assert_eq!(grant("%sudo ALL=(ALL) ALL\nDefaults !authenticate\n"), Grant::Free);
    }

    #[test]
    fn only_everything_as_root_counts() {
        for what in ["(www-data) NOPASSWD: ALL", "NOPASSWD: /bin/ls", "(ALL) NOPASSWD: ALL, !ALL"] {
            assert_eq!(grant(&format!("admin ALL={what}\n")), Grant::None, "{what}");
        }
        assert_eq!(grant("admin ALL=SETENV:NOPASSWD: ALL, !/bin/su\n"), Grant::Free);
        assert_eq!(grant("admin ALL=\\\n  (root) NOPASSWD:\\\n ALL\n"), Grant::Free);
    }

    #[test]
    fn included_names_with_dots_and_tildes_are_left_out() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/sudoers", "root ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n")
            .file("/etc/sudoers.d/10-admin.conf", "admin ALL=(ALL) NOPASSWD: ALL\n")
            .file("/etc/sudoers.d/10-admin~", "admin ALL=(ALL) NOPASSWD: ALL\n");
        let read = |seeded: &[String]| Sudoers::read(&fixture.image(), seeded).unwrap().grant("admin", &["sudo"]).0;
        assert_eq!(read(&[]), Grant::None);
        let seeded = ["admin ALL=(ALL) NOPASSWD:ALL".to_owned()];
        assert_eq!(read(&seeded), Grant::Free);
        fixture.file("/etc/sudoers.d/99-late", "%sudo ALL=(ALL) ALL\n");
        assert_eq!(read(&seeded), Grant::WithPassword, "what comes after cloud-init's file counts more");
        fixture.file("/etc/sudoers", "#includedir sudoers.d\n").remove("/etc/sudoers.d/99-late");
        assert_eq!(read(&seeded), Grant::Free);
    }

    #[test]
    fn files_that_include_themselves_are_an_error() {
        let fixture = Fixture::debian();
        fixture.file("/etc/sudoers", "@include sudoers\n@include sudoers\n");
        assert!(Sudoers::read(&fixture.image(), &[]).is_err());
    }

    #[test]
    fn more_lines_than_are_held_are_an_error_with_the_path() {
        let fixture = Fixture::debian();
        let read = || Sudoers::read(&fixture.image(), &[]).map(|_| ()).map_err(|error| error.to_string());
        fixture.file("/etc/sudoers", "@include many\n").file("/etc/many", "x ALL = ALL\n".repeat(TABLE_LINES - 1));
        assert_eq!(read(), Ok(()));
        fixture.file("/etc/sudoers", "@include many\n@include many\n");
        assert!(read().is_err_and(|why| why.contains("/etc/many") && why.contains("more than 20000")));
        fixture.file("/etc/sudoers", format!("@include long\n{}", "@include long\n".repeat(3)));
        fixture.file("/etc/long", "x".repeat(300_000));
        assert!(read().is_err_and(|why| why.contains("/etc/long") && why.contains("larger than 1048576")));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[a-b%!=:,()#@\\\\ \nAL]{0,60}") {
            let fixture = Fixture::bare();
            fixture.file("/etc/passwd", "root:x:0:0::/:/bin/sh\n").file("/etc/sudoers", text);
            let _ = Sudoers::read(&fixture.image(), &[]).unwrap().grant("a", &["b"]);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let mut sudoers = Sudoers::default();
            sudoers.lines(Path::new("/x"), &String::from_utf8_lossy(&bytes), &mut Some);
            let _ = sudoers.grant("admin", &["sudo"]);
        }

        #[test]
        fn any_likely_text_is_read_without_a_panic(
            text in "(Defaults|User_Alias|A|ALL|%sudo|NOPASSWD|targetpw|[ ,:=()!#\"\\\\\n]){0,40}",
        ) {
            let mut sudoers = Sudoers::default();
            sudoers.lines(Path::new("/x"), &text, &mut Some);
            let (grant, rule) = sudoers.grant("admin", &["sudo"]);
            assert_eq!(grant == Grant::None, rule.is_none());
        }
    }
}
