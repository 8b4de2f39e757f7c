//! Secret content as it may be shown: password files field by field, everything else not at all.

use std::path::Path;

/// `text` with everything secret replaced; `None` when nothing of it may be shown.
pub(super) fn masked(path: &Path, text: &str) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    // Their backups are named shadow-, shadow.bak, gshadow- and so on.
    if !["shadow", "gshadow", "passwd", "group"].iter().any(|stem| name.starts_with(stem)) {
        return None;
    }
    Some(text.split_inclusive('\n').map(line).collect())
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
}
