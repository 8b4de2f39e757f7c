//! Keywords that take a list: some add to what earlier lines say, some count only once.

use super::super::keywords::{Keyword, Kind};
use super::super::lexer::Args;
use super::super::pattern::matches_addresses;
use super::super::release::Release;
use super::super::value;
use super::{How, Reader, Taken, Write, first_list, unsupported};

impl Reader<'_> {
    pub(super) fn list(&self, keyword: &'static Keyword, args: &mut Args<'_>) -> Taken {
        let name = keyword.name;
        let add = |values: Vec<String>| Ok(vec![Write { slot: name, how: How::Add, values }]);
        match keyword.kind {
            Kind::Users => add(self.words(args, |word| {
                let host = word.split_once('@').map(|(_, host)| host);
                host.is_none_or(|host| matches_addresses(None, host).is_ok())
            })?),
            Kind::AcceptEnv => add(self.words(args, |word| !word.contains('='))?),
            Kind::SetEnv => self.set_env(name, args),
            Kind::KeysFiles => {
                let files = self.words(args, |_| true)?;
                let files = files.iter().map(|file| self.people.expand_home(file)).collect::<Result<_, _>>()?;
                Ok(first_list(name, files))
            }
            Kind::LogVerbose => Ok(first_list(name, none_alone(self.words(args, |_| true)?)?)),
            Kind::Methods => self.methods(name, args),
            Kind::Forwards(bare_port) => self.forwards(name, bare_port, args),
            Kind::ChannelTimeout => {
                let timeouts = self.words(args, |word| {
                    let interval = word.split_once('=').filter(|(what, _)| !what.is_empty());
                    word.eq_ignore_ascii_case("none")
                        || interval.is_some_and(|(_, time)| value::seconds(time).is_some())
                })?;
                Ok(first_list(name, none_alone(timeouts)?))
            }
            _ => add(self.words(args, |_| true)?),
        }
    }

    /// Every argument that is left, none of them empty, each of which `is_valid` must accept.
    fn words(&self, args: &mut Args<'_>, is_valid: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
        let mut words = Vec::new();
        while let Some(word) = args.next() {
            if word.is_empty() || !is_valid(&word) {
                return Err(unsupported(&word));
            }
            words.push(word);
        }
        if words.is_empty() && self.release.since(9, 7) {
            return Err("has no argument".to_owned());
        }
        Ok(words)
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
