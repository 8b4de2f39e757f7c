//! Keywords with one value of one word, or two that are printed as one.

use super::super::algorithms;
use super::super::keywords::Kind;
use super::super::lexer::Args;
use super::super::pattern::matches_addresses;
use super::super::value;
use super::{Reader, unsupported};

impl Reader<'_> {
    /// The value of a keyword of `kind`, as printed.
    pub(super) fn word(&self, kind: Kind, args: &mut Args<'_>) -> Result<String, String> {
        if kind == Kind::PubkeyOptions {
            return pubkey_options(args);
        }
        let word = args.one()?;
        match kind {
            Kind::Choice(words) => {
                let found = words.iter().find(|(known, _)| known.eq_ignore_ascii_case(&word));
                found.map(|(_, printed)| (*printed).to_owned()).ok_or_else(|| unsupported(&word))
            }
            Kind::ExactChoice(words) => checked(word, |word| words.contains(&word)),
            Kind::Seconds => time(&word),
            Kind::Number => number(&word),
            Kind::TildeWord => self.people.expand_home(&word),
            Kind::Agent if word == "SSH_AUTH_SOCK" => Ok(word),
            Kind::Provider if word.eq_ignore_ascii_case("internal") => Ok(word),
            Kind::Path | Kind::HostKey | Kind::HostCertificate | Kind::Agent | Kind::Provider => self.path(&word),
            Kind::Algorithms(list) => checked(word, |word| algorithms::is_valid(list, word, self.release)),
            Kind::GssapiKeyExchange => checked(word, algorithms::is_valid_gssapi),
            Kind::Port => match value::port(&word, self.services) {
                Some(port) if port > 0 => Ok(port.to_string()),
                _ => Err(format!("has a badly formed port \"{word}\"")),
            },
            Kind::Ipqos => {
                let class = |word: &str| value::service_class(word, self.release).ok_or_else(|| unsupported(word));
                let interactive = class(&word)?;
                let bulk = args.next().map_or_else(|| Ok(interactive.clone()), |bulk| class(&bulk))?;
                Ok(format!("{interactive} {bulk}"))
            }
            Kind::NetBlock => net_block(&word),
            Kind::SourceMax if word != "none" => number(&word),
            Kind::PenaltyExempt => checked(word, |word| matches_addresses(None, word).is_ok()),
            Kind::Mask => value::octal(&word).ok_or_else(|| unsupported(&word)),
            Kind::UnusedTimeout if word.eq_ignore_ascii_case("none") => Ok("none".to_owned()),
            Kind::UnusedTimeout => {
                let seconds = time(&word)?;
                Ok(if seconds == "0" { "none".to_owned() } else { seconds })
            }
            _ => Ok(word),
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
}

fn checked(word: String, is_valid: impl Fn(&str) -> bool) -> Result<String, String> {
    if is_valid(&word) { Ok(word) } else { Err(unsupported(&word)) }
}

pub(super) fn time(word: &str) -> Result<String, String> {
    let seconds = value::seconds(word).ok_or_else(|| format!("has an invalid time \"{word}\""))?;
    Ok(seconds.to_string())
}

pub(super) fn number(word: &str) -> Result<String, String> {
    let number = value::number(word).ok_or_else(|| format!("has an invalid number \"{word}\""))?;
    Ok(number.to_string())
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
