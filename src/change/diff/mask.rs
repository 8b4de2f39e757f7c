//! Secret content as it may be shown: password files field by field, settings without their values, everything else not
//! at all.

use std::path::Path;

use crate::change::fix::take_out::lines::{is_name, layout};
use crate::image::text::masked as value;

/// `text` with everything secret replaced; `None` when nothing of it may be shown.
pub(super) fn masked(path: &Path, text: &str) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    // Their backups are named shadow-, shadow.bak, gshadow- and so on.
    if !["shadow", "gshadow", "passwd", "group"].iter().any(|stem| name.starts_with(stem)) {
        layout(path, text)?;
        return Some(text.split_inclusive('\n').map(setting).collect());
    }
    Some(text.split_inclusive('\n').map(line).collect())
}

/// A line of settings with every value masked: whether one is secret is not for a name to say. What sets nothing is not
/// shown but for headings and blanks.
fn setting(line: &str) -> String {
    let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
    let text = body.trim();
    let heading = |text: &str| text.chars().all(|sign| sign.is_ascii_alphanumeric() || "_ -".contains(sign));
    let is_heading = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .is_some_and(|text| text.len() < 32 && heading(text));
    if text.is_empty() || is_heading {
        return line.to_owned();
    }
    let lead = body.len() - body.trim_start().len();
    let (lead, rest) = body.split_at_checked(lead).unwrap_or_default();
    let (word, rest) = rest.strip_prefix("export ").map_or(("", rest), |rest| ("export ", rest));
    match named(rest) {
        Some((name, sign, given)) => format!("{lead}{word}{name}{sign}{}{end}", shown(given)),
        None => format!("{lead}[not shown]{end}"),
    }
}

/// A name, the sign after it with its blanks, and the value.
fn named(text: &str) -> Option<(&str, &str, &str)> {
    let name = text.split(['=', ':', ' ', '\t']).next()?;
    let rest = text.get(name.len()..)?;
    let given = rest.trim_start_matches([' ', '\t']).trim_start_matches(['=', ':']).trim_start();
    let sign = rest.get(..rest.len() - given.len())?;
    // What looks like chance is no name but a part of a key.
    let run = name.split(|sign: char| !sign.is_ascii_alphanumeric()).map(str::len).max().unwrap_or_default();
    let is_plain = is_name(name) && run < 20 && sign.contains(['=', ':']);
    is_plain.then_some((name, sign, given))
}

/// A value masked; of `NAME=VALUE` in it, quotes or not, only that value.
fn shown(given: &str) -> String {
    let given = given.trim_end();
    let bare = given.trim_matches(['"', '\'']);
    match given {
        "" | "yes" | "no" | "true" | "false" | "on" | "off" | "REMOVED" => given.to_owned(),
        _ => match bare.split_once('=') {
            Some((name, inner)) if is_name(name) && name.len() < 20 => format!("{name}={}", value(inner)),
            _ => value(bare),
        },
    }
}

/// `name:hash:rest` with the hash replaced by a word that keeps what matters: empty, locked, or set.
fn line(line: &str) -> String {
    let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
    let mut fields = body.splitn(3, ':');
    let (Some(name), Some(password)) = (fields.next(), fields.next()) else {
        // A line that is no entry may be anything, a hash on its own included.
        return if body.is_empty() { line.to_owned() } else { format!("[not shown]{end}") };
    };
    let rest = fields.next().map(|rest| format!(":{rest}")).unwrap_or_default();
    let marks: String = password.chars().take_while(|mark| *mark == '!' || *mark == '*').collect();
    let hash = match password.strip_prefix(marks.as_str()) {
        None | Some("" | "x") => password.to_owned(),
        Some(_) => format!("{marks}[hash]"),
    };
    format!("{name}:{hash}{rest}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_never_show() {
        let text = "root:$6$salt$secret:1:0:\nbin:*:1\nsys:!!:1\na::1\nb:!$y$j9T$x:1\nstray-secret\n\nc:x";
        let shown = masked(Path::new("/etc/shadow"), text).unwrap();
        let wanted = "root:[hash]:1:0:\nbin:*:1\nsys:!!:1\na::1\nb:![hash]:1\n[not shown]\n\nc:x";
        assert_eq!(shown, wanted);
        assert_eq!(masked(Path::new("/root/.bash_history"), text), None);
    }

    #[test]
    fn of_settings_only_names_show() {
        let text = "[db]\nHOST=db.example\n  password = \"hunter22hunter22\"\nexport A_B=abc\n# hunter22\n\non = yes\n\
                    MIIEvQIBADANBgkqhkiG9w0BAQEFAASC=\nEnvironment=\"DB=hunter22\"\nmachine h password hunter22\nx: y\r\n";
        let shown = masked(Path::new("/etc/default/x"), text).unwrap();
        assert_eq!(
            shown,
            "[db]\nHOST=db.… (7 more characters)\n  password = hunt… (12 more characters)\nexport A_B=a… (2 more characters)\n[not shown]\n\n\
             on = yes\n[not shown]\nEnvironment=DB=hu… (6 more characters)\n[not shown]\nx: … (1 character)\n"
        );
        assert_eq!(masked(Path::new("/etc/x.json"), "{}"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_lines_stay_lines(text in "([A-Za-z=: \"'\\[\\]\n\r#]|\\PC){0,80}") {
            let shown = masked(Path::new("/etc/default/x"), &text);
            proptest::prop_assert!(shown.is_none_or(|shown| shown.matches('\n').count() == text.matches('\n').count()));
        }
    }
}
