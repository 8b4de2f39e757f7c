//! Reads the arguments of one keyword into values as `sshd -T` prints them.

use super::algorithms;
use super::keywords::{Keyword, Kind};
use super::lexer::Args;
use super::pattern::matches_addresses;
use super::people::People;
use super::release::Release;
use super::value;

/// How a value meets what is set already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Counts when nothing is set yet.
    First,
    /// Replaces what is set.
    Last,
    /// Is added to what is set.
    Add,
}

/// One value to be set. Most keywords set the slot of their own name; a few have parts with slots of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) slot: &'static str,
    pub(super) how: How,
    pub(super) values: Vec<String>,
}

/// What reading arguments needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) release: Release,
    pub(super) people: &'a People,
    /// The text of `/etc/services`.
    pub(super) services: &'a str,
    /// The line counts now: a `Match` block that does not apply is only checked.
    pub(super) active: bool,
    /// `AuthenticationMethods` is set already.
    pub(super) has_methods: bool,
    /// `AuthorizedKeysCommand` is set already.
    pub(super) has_keys_command: bool,
}

type Taken = Result<Vec<Write>, String>;

/// The slots of the parts of `RekeyLimit`, `MaxStartups` and `PerSourceNetBlockSize`.
pub(super) const REKEY: [&str; 2] = ["rekeylimit", "rekeylimit/interval"];
pub(super) const STARTUPS: [&str; 3] = ["maxstartups", "maxstartups/rate", "maxstartups/full"];

impl Reader<'_> {
    /// What `keyword` sets to what; everything it does not take is left in `args`.
    ///
    /// # Errors
    /// A sentence's end that tells what is wrong: "has no argument".
    pub(super) fn take(&self, keyword: &'static Keyword, args: &mut Args<'_>) -> Taken {
        let name = keyword.name;
        let first = |value: String| Ok(vec![Write { slot: name, how: How::First, values: vec![value] }]);
        let last = |value: String| Ok(vec![Write { slot: name, how: How::Last, values: vec![value] }]);
        let add = |values: Vec<String>| Ok(vec![Write { slot: name, how: How::Add, values }]);
        match keyword.kind {
            Kind::Choice(words) => {
                let value = choice(&args.one()?, words)?;
                // The digest is the one choice where a later line counts.
                if name == "fingerprinthash" { last(value) } else { first(value) }
            }
            Kind::ExactChoice(words) => {
                let value = args.one()?;
                if words.contains(&value.as_str()) { first(value) } else { Err(unsupported(&value)) }
            }
            Kind::Seconds => first(time(&args.one()?)?),
            Kind::Number => first(number(&args.one()?)?),
            Kind::Path => first(self.path(&args.one()?)?),
            Kind::Word => first(args.one()?),
            Kind::TildeWord => first(self.people.expand_home(&args.one()?)?),
            Kind::Agent => {
                let value = args.one()?;
                if value == "SSH_AUTH_SOCK" { first(value) } else { first(self.path(&value)?) }
            }
            Kind::Provider => {
                let value = args.one()?;
                if value.eq_ignore_ascii_case("internal") { first(value) } else { first(self.path(&value)?) }
            }
            Kind::Line => first(rest_of_line(args)?),
            Kind::Command => self.command(name, args),
            Kind::Addendum => addendum(args).and_then(first),
            Kind::Algorithms(list) => {
                let value = args.one()?;
                if algorithms::is_valid(list, &value, self.release) { first(value) } else { Err(unsupported(&value)) }
            }
            Kind::GssapiKeyExchange => {
                let value = args.one()?;
                let known = keywords_gssapi(&value);
                if known { first(value) } else { Err(unsupported(&value)) }
            }
            Kind::Port => {
                let value = args.one()?;
                match value::port(&value, self.services) {
                    Some(port) if port > 0 => add(vec![port.to_string()]),
                    _ => Err(format!("has a badly formed port \"{value}\"")),
                }
            }
            Kind::Listen => self.listen(args).and_then(|value| add(vec![value])),
            Kind::HostKey | Kind::HostCertificate => {
                let path = self.path(&args.one()?)?;
                add(vec![path])
            }
            Kind::Users => add(self.list(args, true, |word| {
                let host = word.split_once('@').map(|(_, host)| host);
                host.is_none_or(|host| matches_addresses(None, host).is_ok())
            })?),
            Kind::Groups => add(self.list(args, true, |_| true)?),
            Kind::AcceptEnv => add(self.list(args, true, |word| !word.contains('='))?),
            Kind::SetEnv => self.set_env(name, args),
            Kind::KeysFiles => {
                let mut files = Vec::new();
                for file in self.list(args, true, |_| true)? {
                    files.push(self.people.expand_home(&file)?);
                }
                Ok(first_list(name, files))
            }
            Kind::LogVerbose => Ok(first_list(name, none_alone(self.list(args, true, |_| true)?)?)),
            Kind::Methods => self.methods(name, args),
            Kind::Forwards(bare_port) => self.forwards(name, bare_port, args),
            Kind::ChannelTimeout => {
                let list = self.list(args, true, |word| {
                    let interval = word.split_once('=').filter(|(what, _)| !what.is_empty());
                    word.eq_ignore_ascii_case("none")
                        || interval.is_some_and(|(_, time)| value::seconds(time).is_some())
                })?;
                Ok(first_list(name, none_alone(list)?))
            }
            Kind::UserEnvironment => first(args.one()?),
            Kind::PubkeyOptions => pubkey_options(args).and_then(first),
            Kind::RekeyLimit => rekey_limit(args),
            Kind::Ipqos => {
                let interactive = self.service_class(&args.one()?)?;
                let bulk = match args.next() {
                    Some(bulk) => self.service_class(&bulk)?,
                    None => interactive.clone(),
                };
                last(format!("{interactive} {bulk}"))
            }
            Kind::MaxStartups => self.max_startups(&args.one()?),
            Kind::NetBlock => {
                let value = net_block(&args.one()?)?;
                if self.release.since(10, 1) { first(value) } else { last(value) }
            }
            Kind::SourceMax => {
                let word = args.one()?;
                let value = if word == "none" { word } else { number(&word)? };
                if self.release.since(9, 5) { first(value) } else { last(value) }
            }
            Kind::Penalties => super::penalties::take(args, self.release),
            Kind::PenaltyExempt => {
                let value = args.one()?;
                match matches_addresses(None, &value) {
                    Ok(_) => first(value),
                    Err(()) => Err(unsupported(&value)),
                }
            }
            Kind::Mask => {
                let word = args.one()?;
                value::octal(&word).ok_or_else(|| unsupported(&word)).and_then(last)
            }
            Kind::UnusedTimeout => {
                if args.peek().is_some_and(|word| word.eq_ignore_ascii_case("none")) {
                    args.next();
                    return last("none".to_owned());
                }
                let seconds = time(&args.one()?)?;
                first(if seconds == "0" { "none".to_owned() } else { seconds })
            }
            Kind::Subsystem => self.subsystem(args).and_then(|value| add(vec![value])),
            Kind::Refused => Err("is not supported on Linux".to_owned()),
            Kind::Ignored => {
                args.clear();
                Ok(Vec::new())
            }
            Kind::Match | Kind::Include => Ok(Vec::new()),
        }
    }

    /// A path: `~` is a home, `none` is a word, and a relative path hangs off `/`, where the server runs.
    fn path(&self, text: &str) -> Result<String, String> {
        if text.eq_ignore_ascii_case("none") {
            return Ok("none".to_owned());
        }
        let path = self.people.expand_home(text)?;
        // The program joins its working directory and a slash: `/` + `/` + `banner`.
        Ok(if path.starts_with('/') { path } else { format!("//{path}") })
    }

    /// Every argument that is left, each of which `is_valid` must accept.
    fn list(
        &self,
        args: &mut Args<'_>,
        non_empty: bool,
        is_valid: impl Fn(&str) -> bool,
    ) -> Result<Vec<String>, String> {
        let mut words = Vec::new();
        while let Some(word) = args.next() {
            if (non_empty && word.is_empty()) || !is_valid(&word) {
                return Err(unsupported(&word));
            }
            words.push(word);
        }
        if words.is_empty() && self.release.since(9, 7) {
            return Err("has no argument".to_owned());
        }
        Ok(words)
    }

    fn command(&self, name: &'static str, args: &mut Args<'_>) -> Taken {
        let text = args.text();
        args.clear();
        let is_valid = text.starts_with('/') || text.eq_ignore_ascii_case("none");
        if !is_valid && (self.active || !self.release.old_lexer()) {
            return Err("must be an absolute path".to_owned());
        }
        // From 8.7 to 9.3 both commands asked whether the keys command was set: a slip of theirs.
        let slipped = !self.release.old_lexer() && !self.release.since(9, 4);
        let how = match (slipped && name == "authorizedprincipalscommand", self.has_keys_command) {
            (true, true) => return Ok(Vec::new()),
            (true, false) => How::Last,
            (false, _) => How::First,
        };
        Ok(vec![Write { slot: name, how, values: vec![text] }])
    }

    fn listen(&self, args: &mut Args<'_>) -> Result<String, String> {
        let word = args.one()?;
        let bare_v6 = !word.contains('[') && word.matches(':').count() >= 2;
        let (host, port) = if bare_v6 {
            (word.as_str(), None)
        } else {
            let (host, port) = value::host_and_port(&word).ok_or_else(|| unsupported(&word))?;
            let port = match port {
                None => None,
                Some(port) => match value::port(port, self.services) {
                    Some(port) if port > 0 => Some(port),
                    _ => return Err(format!("has a badly formed port in \"{word}\"")),
                },
            };
            (value::without_brackets(host), port)
        };
        let domain = match args.next() {
            None => String::new(),
            Some(word) if word == "rdomain" => match args.next() {
                Some(domain) => format!(" {domain}"),
                None => return Err("has no routing domain after \"rdomain\"".to_owned()),
            },
            Some(word) => return Err(unsupported(&word)),
        };
        // Ports and family are known only when everything is read: kept as "port host domain" until then.
        Ok(format!("{} {host}{domain}", port.unwrap_or(0)))
    }

    fn set_env(&self, name: &'static str, args: &mut Args<'_>) -> Taken {
        let mut pairs: Vec<String> = Vec::new();
        while let Some(pair) = args.next_with_equals() {
            let Some((variable, _)) = pair.split_once('=') else { return Err(unsupported(&pair)) };
            let same = |known: &String| known.split_once('=').is_some_and(|(known, _)| known == variable);
            if self.release.since(9, 1) && pairs.iter().any(same) {
                continue;
            }
            pairs.push(pair);
        }
        if pairs.is_empty() && self.release.since(9, 7) {
            return Err("has no argument".to_owned());
        }
        Ok(first_list(name, pairs))
    }

    fn methods(&self, name: &'static str, args: &mut Args<'_>) -> Taken {
        // The old program did not even look at a second line.
        if self.release.old_lexer() && self.has_methods {
            args.clear();
            return Ok(Vec::new());
        }
        let mut lists: Vec<String> = Vec::new();
        let mut any = false;
        while let Some(list) = args.next() {
            let others = if self.release.since(9, 7) {
                !lists.is_empty()
            } else {
                self.has_methods || (self.active && !lists.is_empty())
            };
            if any || (list == "any" && others) {
                return Err("has \"any\" among other methods".to_owned());
            }
            if list == "any" {
                any = true;
            } else if let Some(unknown) = unknown_method(&list, self.release) {
                return Err(format!("has an unknown method \"{unknown}\""));
            }
            lists.push(list);
        }
        if lists.is_empty() {
            return Err("has no argument".to_owned());
        }
        Ok(first_list(name, lists))
    }

    fn forwards(&self, name: &'static str, bare_port: bool, args: &mut Args<'_>) -> Taken {
        let mut targets = Vec::new();
        let mut word = args.one()?;
        loop {
            if word == "any" || word == "none" {
                let modern = self.release.since(9, 7);
                if !targets.is_empty() {
                    return Err(if modern {
                        format!("has \"{word}\" among other targets")
                    } else {
                        unsupported(&word)
                    });
                }
                targets.push(word);
                // What follows is left for the caller to refuse, or in newer versions read on.
                if !modern {
                    break;
                }
            } else {
                let target = if bare_port && !word.contains(':') { format!("*:{word}") } else { word.clone() };
                let port = value::host_and_port(&target).and_then(|(_, port)| port);
                let valid = port
                    .is_some_and(|port| port == "*" || value::port(port, self.services).is_some_and(|port| port > 0));
                if !valid {
                    return Err(unsupported(&word));
                }
                targets.push(target);
            }
            match args.next() {
                Some(next) if !next.is_empty() => word = next,
                Some(next) if self.release.since(9, 7) => return Err(unsupported(&next)),
                _ => break,
            }
        }
        Ok(first_list(name, targets))
    }

    fn service_class(&self, word: &str) -> Result<String, String> {
        value::service_class(word, self.release).ok_or_else(|| unsupported(word))
    }

    fn max_startups(&self, word: &str) -> Taken {
        let parts: Vec<Option<i32>> = word.split(':').map(|part| part.parse().ok()).collect();
        let (begin, rate, full) = match parts.as_slice() {
            [Some(begin), Some(rate), Some(full)] if begin <= full && (1..=100).contains(rate) => {
                (Some(*begin), Some(*rate), *full)
            }
            [Some(full)] if self.release.since(10, 1) => (None, None, *full),
            [Some(full)] => (Some(*full), None, *full),
            _ => return Err(unsupported(word)),
        };
        let checks_zero = self.release.since(8, 5);
        if checks_zero && (full <= 0 || begin.is_some_and(|begin| begin <= 0)) {
            return Err(unsupported(word));
        }
        let how = if self.release.since(10, 1) { How::First } else { How::Last };
        let write = |(slot, value): (&'static str, i32)| Write { slot, how, values: vec![value.to_string()] };
        let [begin_slot, rate_slot, full_slot] = STARTUPS;
        let parts =
            [begin.map(|value| (begin_slot, value)), rate.map(|value| (rate_slot, value)), Some((full_slot, full))];
        Ok(parts.into_iter().flatten().map(write).collect())
    }

    fn subsystem(&self, args: &mut Args<'_>) -> Result<String, String> {
        let name = args.one()?;
        if !self.active && self.release.since(9, 5) {
            args.clear();
            return Ok(name);
        }
        let command = match args.one() {
            Ok(command) => command,
            // Since 9.5 a name that is defined already is not looked at any further: who sets it knows.
            Err(_) if self.release.since(9, 5) => return Ok(name),
            Err(_) => return Err("has no command".to_owned()),
        };
        let mut words = vec![command];
        while let Some(word) = args.next() {
            words.push(word);
        }
        if !self.release.since(9, 5) {
            return Ok(format!("{name} {}", words.join(" ")));
        }
        let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        // 9.5 and 9.6 leave a blank where there are no arguments.
        let blank = if quoted.len() == 1 && !self.release.since(9, 7) { " " } else { "" };
        Ok(format!("{name} {}{blank}", quoted.join(" ")))
    }
}

fn first_list(slot: &'static str, values: Vec<String>) -> Vec<Write> {
    if values.is_empty() { Vec::new() } else { vec![Write { slot, how: How::First, values }] }
}

pub(super) fn unsupported(value: &str) -> String {
    format!("has an unsupported value \"{value}\"")
}

fn choice(value: &str, words: &[(&str, &str)]) -> Result<String, String> {
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
    found.map(|(_, printed)| (*printed).to_owned()).ok_or_else(|| unsupported(value))
}

pub(super) fn time(word: &str) -> Result<String, String> {
    let seconds = value::seconds(word).ok_or_else(|| format!("has an invalid time \"{word}\""))?;
    Ok(seconds.to_string())
}

pub(super) fn number(word: &str) -> Result<String, String> {
    let number = value::number(word).ok_or_else(|| format!("has an invalid number \"{word}\""))?;
    Ok(number.to_string())
}

fn rest_of_line(args: &mut Args<'_>) -> Result<String, String> {
    let empty = args.bytes().is_none_or(<[u8]>::is_empty);
    let text = args.text();
    args.clear();
    if empty { Err("has no argument".to_owned()) } else { Ok(text) }
}

fn addendum(args: &mut Args<'_>) -> Result<String, String> {
    let text = rest_of_line(args)?;
    if text.contains('\r') {
        return Err("has a carriage return within its text".to_owned());
    }
    Ok(if text.is_empty() || text.eq_ignore_ascii_case("none") { "none".to_owned() } else { text })
}

fn none_alone(words: Vec<String>) -> Result<Vec<String>, String> {
    let has_none = words.iter().any(|word| word.eq_ignore_ascii_case("none"));
    if has_none && words.len() > 1 { Err("has \"none\" among other values".to_owned()) } else { Ok(words) }
}

/// The first method of a comma-separated list that does not exist.
fn unknown_method(list: &str, release: Release) -> Option<String> {
    list.split(',')
        .map(|method| method.split(':').next().unwrap_or_default())
        .find(|method| match *method {
            "none" | "publickey" | "gssapi-with-mic" | "password" | "keyboard-interactive" | "hostbased" => false,
            "gssapi-keyex" => !release.has_gssapi_key_exchange(),
            _ => true,
        })
        .map(str::to_owned)
}

fn pubkey_options(args: &mut Args<'_>) -> Result<String, String> {
    let (mut touch, mut verify) = (false, false);
    while let Some(word) = args.next() {
        match word.to_ascii_lowercase().as_str() {
            "none" => {}
            "touch-required" => touch = true,
            "verify-required" => verify = true,
            _ => return Err(unsupported(&word)),
        }
    }
    Ok(match (touch, verify) {
        (false, false) => "none",
        (true, false) => "touch-required",
        (false, true) => "verify-required",
        (true, true) => "touch-required verify-required",
    }
    .to_owned())
}

fn rekey_limit(args: &mut Args<'_>) -> Taken {
    let word = args.one()?;
    let limit = if word == "default" { 0 } else { value::size(&word).ok_or_else(|| unsupported(&word))? };
    if limit != 0 && limit < 16 {
        return Err("is too small".to_owned());
    }
    let [limit_slot, interval_slot] = REKEY;
    let mut writes = vec![Write { slot: limit_slot, how: How::First, values: vec![limit.to_string()] }];
    match args.peek().filter(|word| !word.is_empty()).as_deref() {
        None => {}
        Some("none") => {
            args.next();
        }
        Some(_) => {
            let interval = time(&args.one()?)?;
            writes.push(Write { slot: interval_slot, how: How::First, values: vec![interval] });
        }
    }
    Ok(writes)
}

fn net_block(word: &str) -> Result<String, String> {
    let (v4, v6) = word.split_once(':').map_or((word, None), |(v4, v6)| (v4, Some(v6)));
    let bits = |text: &str, most: u32| text.parse::<u32>().ok().filter(|bits| *bits <= most);
    let v4 = bits(v4, 32).ok_or_else(|| unsupported(word))?;
    let v6 = match v6 {
        Some(v6) => bits(v6, 128).ok_or_else(|| unsupported(word))?,
        None => 128,
    };
    Ok(format!("{v4}:{v6}"))
}

fn keywords_gssapi(list: &str) -> bool {
    const KNOWN: &[&str] = &[
        "gss-gex-sha1-",
        "gss-group1-sha1-",
        "gss-group14-sha1-",
        "gss-group14-sha256-",
        "gss-group16-sha512-",
        "gss-nistp256-sha256-",
        "gss-curve25519-sha256-",
    ];
    !list.is_empty() && list.split(',').take_while(|name| !name.is_empty()).all(|name| KNOWN.contains(&name))
}

/// A word of a command line, quoted where it must be.
fn quoted(word: &str) -> String {
    let mut text = String::new();
    for letter in word.chars() {
        if matches!(letter, '\\' | '\'' | '"') {
            text.push('\\');
        }
        text.push(letter);
    }
    if word.contains([' ', '\t']) { format!("\"{text}\"") } else { text }
}
