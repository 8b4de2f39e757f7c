//! The list of trusted signers: OpenSSH's `allowed_signers` (ssh-keygen(1)), and the list of revoked keys.
//!
//! It is the trust anchor. A faulty line makes the whole file faulty: a line that is skipped could be the one that
//! limits a key.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

use crate::image::text::visible;
use crate::report::sshsig::{blob, fingerprint};

/// The largest list that is read: 1 MiB.
pub const SIGNERS_LIMIT: u64 = 1 << 20;

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    principals: String,
    namespaces: Option<String>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
    /// A certificate authority: vouches for certificates only, which are not supported.
    authority: bool,
    key: Vec<u8>,
}

/// Who may sign what, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signers {
    entries: Vec<Entry>,
    revoked: Vec<Vec<u8>>,
}

impl Signers {
    /// Reads a list; `name` is the file's, for errors.
    ///
    /// # Errors
    /// One line naming the file, the line and what is wrong with it.
    pub fn parse(text: &str, name: &str) -> Result<Self, String> {
        let entries = lines(text)
            .map(|(number, line)| entry(line).map_err(|what| format!("{}:{number}: {what}", visible(name))))
            .collect::<Result<Vec<_>, _>>()?;
        if entries.is_empty() {
            return Err(format!(
                "{}: it lists no signer; a line is \"NAME namespaces=\\\"seaworthy-report\\\" ssh-ed25519 AAAA…\"",
                visible(name)
            ));
        }
        Ok(Self { entries, revoked: Vec::new() })
    }

    /// Adds a list of revoked public keys, one a line as in a `.pub` file.
    ///
    /// # Errors
    /// As [`Signers::parse`]; a binary key revocation list (KRL) is not supported.
    pub fn revoke(&mut self, text: &str, name: &str) -> Result<(), String> {
        if text.starts_with("SSHKRL") {
            return Err(format!(
                "{}: it is a binary key revocation list, which is not supported; list the public keys, one a line",
                visible(name)
            ));
        }
        for (number, line) in lines(text) {
            let key = key(line).map_err(|what| format!("{}:{number}: {what}", visible(name)))?;
            self.revoked.push(key);
        }
        Ok(())
    }

    /// The keys it lists, certificate authorities left out; each may be there more than once.
    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().filter(|entry| !entry.authority).map(|entry| entry.key.as_slice())
    }

    /// Whether `key` may sign for `namespace` at `now` as `signer`, or as anybody when that is `None`.
    /// Gives the principals of the line that says so.
    ///
    /// # Errors
    /// A sentence that says which line came closest and what it lacks.
    pub fn vouch(&self, key: &[u8], signer: Option<&str>, namespace: &str, now: Timestamp) -> Result<&str, String> {
        if self.revoked.iter().any(|revoked| revoked == key) {
            return Err(format!("The key {} is revoked.", fingerprint(key)));
        }
        let mut best = (
            0,
            format!(
                "Signer {} is not in the list of trusted signers. The report may be genuine, but nobody you listed vouches for it.",
                fingerprint(key)
            ),
        );
        for entry in self.entries.iter().filter(|entry| entry.key == key) {
            let Some((rank, why)) = entry.lacks(signer, namespace, now) else {
                return Ok(&entry.principals);
            };
            if rank > best.0 {
                best = (rank, why);
            }
        }
        Err(best.1)
    }
}

impl Entry {
    /// What keeps this line from vouching; the later it comes, the higher it ranks.
    fn lacks(&self, signer: Option<&str>, namespace: &str, now: Timestamp) -> Option<(u8, String)> {
        if self.authority {
            return Some((1, "The key is listed as a certificate authority only, not as a signer.".to_owned()));
        }
        if let Some(signer) = signer
            && !matches_list(signer, &self.principals)
        {
            let listed = visible(&self.principals);
            return Some((2, format!("The key is listed for {listed}, not for {}.", visible(signer))));
        }
        if let Some(namespaces) = &self.namespaces
            && !matches_list(namespace, namespaces)
        {
            let listed = visible(namespaces);
            return Some((3, format!("The key may sign for \"{listed}\" only, not for \"{namespace}\".")));
        }
        match (self.valid_after, self.valid_before) {
            (Some(from), _) if now < from => Some((4, format!("The key is not valid before {from}."))),
            (_, Some(until)) if now > until => Some((4, format!("The key was valid until {until} only."))),
            _ => None,
        }
    }
}

/// Lines that say something, counted from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let meaningful = |(_, line): &(usize, &str)| !line.is_empty() && !line.starts_with('#');
    text.lines().enumerate().map(|(number, line)| (number + 1, line.trim())).filter(meaningful)
}

fn entry(line: &str) -> Result<Entry, String> {
    let (principals, mut rest) = word(line)?;
    let principals = unquoted(principals).to_owned();
    if principals.is_empty() {
        return Err("the name of the signer is empty".to_owned());
    }
    let (mut namespaces, mut valid_after, mut valid_before, mut authority) = (None, None, None, false);
    let (first, after) = word(rest)?;
    if !first.is_empty() && !is_key_type(first) {
        rest = after;
        for option in split_options(first) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = unquoted(value);
            let fresh = match name.to_ascii_lowercase().as_str() {
                "cert-authority" => !std::mem::replace(&mut authority, true),
                "namespaces" if !value.is_empty() => namespaces.replace(value.to_owned()).is_none(),
                "valid-after" => valid_after.replace(time(value)?).is_none(),
                "valid-before" => valid_before.replace(time(value)?).is_none(),
                _ => return Err(format!("unknown option {}", visible(option))),
            };
            if !fresh {
                return Err(format!("the option {} is given twice", visible(name)));
            }
        }
        if let (Some(from), Some(until)) = (valid_after, valid_before)
            && from > until
        {
            return Err("valid-after is later than valid-before".to_owned());
        }
    }
    Ok(Entry { principals, namespaces, valid_after, valid_before, authority, key: key(rest)? })
}

/// `KEYTYPE BASE64 [COMMENT]`.
fn key(text: &str) -> Result<Vec<u8>, String> {
    let mut words = text.split_ascii_whitespace();
    match (words.next(), words.next()) {
        (Some(kind), Some(base64)) if is_key_type(kind) => blob(kind, base64).map_err(|fault| fault.to_string()),
        _ => Err("a key type and its base64 were expected".to_owned()),
    }
}

fn is_key_type(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|prefix| word.starts_with(prefix))
}

/// The first word, quotes kept together, and what follows it.
fn word(text: &str) -> Result<(&str, &str), String> {
    let mut quoted = false;
    for (place, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => {
                let (word, rest) = text.split_at(place);
                return Ok((word, rest.trim_start()));
            }
            _ => {}
        }
    }
    if quoted { Err("a quotation mark is not closed".to_owned()) } else { Ok((text, "")) }
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// Splits at commas outside quotes.
fn split_options(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
}

/// `YYYYMMDD[HHMM[SS]]Z`. Without `Z` OpenSSH would take the reader's own time zone.
fn time(text: &str) -> Result<Timestamp, String> {
    let wrong = || {
        format!(
            "the time {} is not written YYYYMMDDZ or YYYYMMDDHHMM[SS]Z; without the Z it would mean something else on every machine",
            visible(text)
        )
    };
    let digits = text.strip_suffix(['Z', 'z']).ok_or_else(wrong)?;
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|digits| digits.parse::<i16>().ok());
    let small = |from: usize| number(from, from + 2).map_or(Some(0), |value| i8::try_from(value).ok());
    let moment = || -> Option<DateTime> {
        let date = Date::new(number(0, 4)?, small(4)?, small(6)?).ok()?;
        Some(DateTime::from_parts(date, Time::new(small(8)?, small(10)?, small(12)?, 0).ok()?))
    };
    let moment = moment().ok_or_else(wrong)?;
    moment.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| wrong())
}

/// Whether `text` matches a comma list of patterns (`ssh_config(5)`, PATTERNS): one fits, and none with `!` does.
fn matches_list(text: &str, patterns: &str) -> bool {
    let mut found = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(text.as_bytes(), pattern.as_bytes()) => return false,
            Some(_) => {}
            None => found |= matches(text.as_bytes(), pattern.as_bytes()),
        }
    }
    found
}

/// `*` stands for any run of bytes, `?` for one. Goes back to the last `*` only, so it takes no more than
/// text times pattern steps.
fn matches(text: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut wanted) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(at) {
        match pattern.get(wanted) {
            Some(b'*') => {
                star = Some((at, wanted));
                wanted += 1;
            }
            Some(letter) if *letter == b'?' || letter == byte => {
                at += 1;
                wanted += 1;
            }
            _ => match star {
                Some((from, place)) => {
                    star = Some((from + 1, place));
                    at = from + 1;
                    wanted = place + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(wanted..).unwrap_or_default().iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn vouch(line: &str, signer: Option<&str>) -> Result<String, String> {
        let signers = Signers::parse(&line.replace("KEY", KEY), "signers")?;
        let key = key(KEY).unwrap();
        let now = "2026-11-22T16:00:00Z".parse().unwrap();
        signers.vouch(&key, signer, "seaworthy-report", now).map(str::to_owned)
    }

    #[test]
    fn lines_that_vouch() {
        for line in [
            "release@example.com KEY",
            "release@example.com KEY a comment",
            "other@example.com,release@* KEY",
            "\"release@example.com\" KEY",
            "*@example.??? namespaces=\"git,seaworthy-*\" KEY",
            "release@example.com namespaces=\"seaworthy-report\",valid-after=\"20261122Z\",valid-before=202611221601Z KEY",
            "# a comment\n\n  release@example.com KEY",
            "release@example.com namespaces=\"git\" KEY\nrelease@example.com KEY",
        ] {
            assert!(
                vouch(line, Some("release@example.com")).is_ok(),
                "{line}: {:?}",
                vouch(line, Some("release@example.com"))
            );
        }
        assert_eq!(vouch("a,b KEY", None).unwrap(), "a,b");
    }

    #[test]
    fn lines_that_do_not() {
        for (line, part) in [
            ("other@example.com KEY", "is listed for other@example.com, not for release@example.com"),
            ("*,!release@example.com KEY", "is listed for"),
            ("!other@example.com KEY", "is listed for"),
            ("release@example.com namespaces=\"git\" KEY", "may sign for \"git\" only"),
            ("release@example.com namespaces=\"*,!seaworthy-report\" KEY", "may sign for"),
            ("release@example.com valid-before=\"20261122Z\" KEY", "was valid until 2026-11-22T00:00:00Z"),
            ("release@example.com valid-after=\"20261122160001Z\" KEY", "not valid before 2026-11-22T16:00:01Z"),
            ("release@example.com cert-authority KEY", "certificate authority"),
        ] {
            let why = vouch(line, Some("release@example.com")).unwrap_err();
            assert!(why.contains(part), "{line}: {why}");
        }
    }

    #[test]
    fn faulty_lists_are_refused_with_their_line() {
        for (line, part) in [
            ("", "lists no signer"),
            ("release@example.com", "signers:1: a key type"),
            ("ok KEY\nrelease@example.com valid-before=20261122 KEY", "signers:2: the time 20261122"),
            ("release@example.com valid-before=20261340Z KEY", "the time"),
            ("release@example.com surprise KEY", "unknown option surprise"),
            ("release@example.com namespaces=\"a\",namespaces=\"b\" KEY", "twice"),
            ("release@example.com namespaces=\"a KEY", "quotation mark"),
            (
                "release@example.com ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "not of the type",
            ),
            ("release@example.com ssh-ed25519 A$AA", "not valid base64"),
        ] {
            let why = vouch(line, None).unwrap_err();
            assert!(why.contains(part), "{line}: {why}");
        }
    }

    #[test]
    fn a_revoked_key_never_vouches() {
        let mut signers = Signers::parse(&format!("* {KEY}"), "signers").unwrap();
        signers.revoke(KEY, "revoked").unwrap();
        let why = signers.vouch(&key(KEY).unwrap(), None, "seaworthy-report", Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(why.contains("is revoked"), "{why}");
        assert!(signers.revoke("SSHKRL\n\0", "krl").unwrap_err().contains("binary"));
    }

    #[test]
    fn patterns() {
        for (text, pattern, fits) in [
            ("abc", "a*c", true),
            ("abc", "a?c", true),
            ("abc", "a*", true),
            ("abc", "*b", false),
            ("", "*", true),
            ("", "?", false),
            ("aaab", "*a*b", true),
        ] {
            assert_eq!(matches(text.as_bytes(), pattern.as_bytes()), fits, "{text} {pattern}");
        }
    }
}
