//! What is no secret although it stands where one might: variables, commands, what manuals write.

use serde::Deserialize;

use super::token;

/// As `files.toml` has it; in lower case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Placeholders {
    beginnings: Vec<String>,
    values: Vec<String>,
    within: Vec<String>,
    sentences: Vec<String>,
    in_urls: Vec<String>,
}

/// A value shorter than this is none.
const SHORTEST: usize = 4;

impl Placeholders {
    /// Whether `value` is a secret written out, be it a bad one. `blanks` says whether it may be several words.
    pub(super) fn is_written_out(&self, value: &[u8], blanks: bool, quoted: bool) -> bool {
        let Ok(text) = str::from_utf8(value) else { return false };
        let lower = text.to_lowercase();
        let opaque =
            text.chars().all(|sign| matches!(sign, 'x' | 'X' | '*' | '.' | ':' | '-' | '_' | '?' | '#' | '•' | '…'));
        let sentence = || !blanks || self.is_sentence(text, &lower);
        // In quotes such a sign stands for itself where the rest looks like chance.
        let plain = quoted && value.first().is_some_and(|sign| b"!#*&~=@".contains(sign)) && token::is_mixed(value);
        value.len() >= SHORTEST
            && !opaque
            && (quoted || !is_worked_out(value))
            && !is_label(text)
            && !is_version(value)
            && !(text.contains(char::is_whitespace) && sentence())
            && !text.chars().any(char::is_control)
            && (plain || !self.beginnings.iter().any(|beginning| lower.starts_with(beginning)))
            && !self.values.contains(&lower)
            && !self.within.iter().any(|word| lower.contains(word))
    }

    /// Whether manuals write `value` in the place of a password in a URL.
    pub(super) fn is_invented(&self, value: &[u8]) -> bool {
        self.in_urls.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Whether a value of several words says something to a person.
    fn is_sentence(&self, text: &str, lower: &str) -> bool {
        text.ends_with(['.', '?', ':', '…'])
            || text.len() > 80
            || lower
                .split(|sign: char| !sign.is_alphanumeric())
                .any(|word| self.sentences.iter().any(|other| other == word))
    }
}

/// The label of a field, `password: "Password"`, in any language; `Passw0rd!` is none.
fn is_label(text: &str) -> bool {
    let letters = text.chars().all(|sign| sign.is_alphabetic() || matches!(sign, ':' | ' '));
    letters && (text.starts_with("Pass") || !text.is_ascii())
}

/// Whether `value` is the number of a version or an address: digits with dots between, or as packages have it, with an epoch
/// before and a revision behind (deb-version(7)).
fn is_version(value: &[u8]) -> bool {
    let epoch = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let of_package = |rest: &[u8]| {
        rest.first().is_some_and(u8::is_ascii_digit)
            && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || b".+~:-".contains(byte))
    };
    let has_epoch = epoch > 0 && value.get(epoch..).and_then(|rest| rest.strip_prefix(b":")).is_some_and(of_package);
    value.contains(&b'.') && (has_epoch || value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.'))
}

/// Whether `value`, which is in no quotes, is the call of a function or the place in a list: `getenv(X)`, `lines[2]`. What has more
/// behind the bracket is a password with a bracket in it.
fn is_worked_out(value: &[u8]) -> bool {
    let name =
        value.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':')).count();
    let close = match value.get(name) {
        Some(b'(') => b')',
        Some(b'[') => b']',
        Some(b'{') => b'}',
        _ => return false,
    };
    memchr::memchr(close, value)
        .is_none_or(|at| value.get(at + 1..).is_none_or(|rest| rest.iter().all(|byte| !byte.is_ascii_alphanumeric())))
}

#[cfg(test)]
mod tests {
    use super::super::rules::Rules;

    #[test]
    fn secrets_are_told_from_what_stands_for_one() {
        let no = Rules::built_in().unwrap().placeholders();
        for (text, quoted) in [
            ("hunter22", false),
            ("changeme", true),
            ("correct horse battery staple", true),
            ("hunt(er)22", false),
            ("p{a}ss[w]0rd", false),
            ("Passw0rd!", true),
            ("Sommer 2026", true),
            ("a#b$c%d", false),
            ("#Xk29fj2kQ", true),
            ("!Tr0ub4dor99", true),
        ] {
            assert!(no.is_written_out(text.as_bytes(), true, quoted), "{text}");
        }
        for (text, quoted) in [
            ("abc", false),
            ("********", true),
            ("getenv(X)", false),
            ("lines[2]", false),
            ("getpass.getpass(", false),
            ("Password", true),
            ("Mot de passe", true),
            ("Contraseña", true),
            ("1.302103", true),
            (":****", true),
            ("Enter the password", true),
            ("must be at least 8 characters", true),
            ("${X}", true),
            ("<password>", true),
            ("your-password", true),
            ("a\tb\u{7}cd", true),
        ] {
            assert!(!no.is_written_out(text.as_bytes(), true, quoted), "{text}");
        }
    }
}
