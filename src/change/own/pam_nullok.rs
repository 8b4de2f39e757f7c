//! ACC-12: takes the word `nullok` off the lines that let somebody in without a password.
//!
//! A module without an option it knows stays a whole line, so the stack is as it was. Debian's `pam-auth-update` keeps
//! such a change of options (pam-auth-update(8)); what authselect or pam-config write is left to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::change::{Change, Remedy};
use crate::check::own::pam_nullok::{WORDS, rules};
use crate::check::pam::Pam;
use crate::image::{Error, Image};

/// Tools that write PAM's files anew, where their files lie, and what to call instead.
const OWNERS: [(&str, &str); 2] = [
    ("/etc/authselect", "authselect writes this file; run `authselect enable-feature without-nullok`."),
    ("/usr/lib/pam.d", "The file is the distribution's own; copy it to /etc/pam.d and change it there."),
];

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    let pam = Pam::read(image)?;
    let mut lines: BTreeMap<PathBuf, Vec<u32>> = BTreeMap::new();
    for rule in rules(&pam) {
        let path = image.real_path(&rule.path)?;
        if let Some((_, why)) = OWNERS.iter().find(|(directory, _)| path.starts_with(directory)) {
            return Ok(Remedy::ByHand((*why).to_owned()));
        }
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().ends_with(b"-pc"))
            && image.stat(Path::new("/usr/sbin/pam-config"))?.is_some()
        {
            return Ok(Remedy::ByHand(
                "pam-config writes this file; run `pam-config --delete --unix-nullok`.".to_owned(),
            ));
        }
        lines.entry(path).or_default().push(rule.line);
    }
    let mut changes = Vec::new();
    for (path, numbers) in lines {
        let Some(before) = image.node(&path)? else { continue };
        let Some(text) = before.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
            return Ok(Remedy::ByHand("The file is no text that a program should edit.".to_owned()));
        };
        let mut after = String::with_capacity(text.len());
        for (number, line) in (1_u32..).zip(text.split_inclusive('\n')) {
            if numbers.contains(&number) { after.push_str(&without(line)) } else { after.push_str(line) }
        }
        let after = Some(before.with_bytes(after.into_bytes()));
        changes.push(Change::Path { path, before: Some(before), after, secret: false });
    }
    Ok(Remedy::Changes(changes))
}

/// The line without the words, and without the blanks before each; a comment stays as it is.
fn without(line: &str) -> String {
    let (rule, comment) = line.split_at_checked(line.find('#').unwrap_or(line.len())).unwrap_or((line, ""));
    let mut kept = rule.to_owned();
    for word in WORDS {
        let is_blank = |letter: char| letter.is_whitespace();
        let mut from = 0;
        while let Some(at) = kept.get(from..).and_then(|rest| rest.find(word)).map(|at| from + at) {
            let before = kept.get(..at).unwrap_or_default();
            let after = kept.get(at + word.len()..).unwrap_or_default();
            from = at + word.len();
            if before.ends_with(is_blank) && (after.is_empty() || after.starts_with(is_blank)) {
                from = before.trim_end().len();
                kept = format!("{}{after}", before.trim_end());
            }
        }
    }
    kept + comment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_word_goes() {
        assert_eq!(without("auth x pam_unix.so nullok\n"), "auth x pam_unix.so\n");
        assert_eq!(without("auth x pam_unix.so  nullok  a nullok_secure b"), "auth x pam_unix.so  a b");
        assert_eq!(
            without("auth x pam_unix.so nullok2 xnullok # nullok\n"),
            "auth x pam_unix.so nullok2 xnullok # nullok\n"
        );
        assert_eq!(without("auth x pam_unix.so nullok# c\n"), "auth x pam_unix.so# c\n");
    }
}
