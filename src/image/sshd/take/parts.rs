//! Keywords whose value is made of parts.

use super::super::lexer::Args;
use super::super::value;
use super::word::time;
use super::{How, Reader, Taken, Write, unsupported};

/// The slots of the parts of `RekeyLimit`.
pub(in crate::image::sshd) const REKEY: [&str; 2] = ["rekeylimit", "rekeylimit/interval"];

/// The slots of the parts of `MaxStartups`.
pub(in crate::image::sshd) const STARTUPS: [&str; 3] = ["maxstartups", "maxstartups/rate", "maxstartups/full"];

impl Reader<'_> {
    pub(super) fn listen(&self, name: &'static str, args: &mut Args<'_>) -> Taken {
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
        let entry = format!("{} {host}{domain}", port.unwrap_or(0));
        Ok(vec![Write { slot: name, how: How::Add, values: vec![entry] }])
    }

    pub(super) fn max_startups(&self, word: &str) -> Taken {
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

    pub(super) fn subsystem(&self, slot: &'static str, args: &mut Args<'_>) -> Taken {
        let add = |value: String| Ok(vec![Write { slot, how: How::Add, values: vec![value] }]);
        let name = args.one()?;
        if !self.active && self.release.since(9, 5) {
            args.clear();
            return add(name);
        }
        let command = match args.one() {
            Ok(command) => command,
            // Since 9.5 a name that is defined already is not looked at any further: who sets it knows.
            Err(_) if self.release.since(9, 5) => return add(name),
            Err(_) => return Err("has no command".to_owned()),
        };
        let mut words = vec![command];
        while let Some(word) = args.next() {
            words.push(word);
        }
        if !self.release.since(9, 5) {
            return add(format!("{name} {}", words.join(" ")));
        }
        let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        // 9.5 and 9.6 leave a blank where there are no arguments.
        let blank = if quoted.len() == 1 && !self.release.since(9, 7) { " " } else { "" };
        add(format!("{name} {}{blank}", quoted.join(" ")))
    }
}

pub(super) fn rekey_limit(args: &mut Args<'_>) -> Taken {
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
