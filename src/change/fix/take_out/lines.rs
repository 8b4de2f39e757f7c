//! What a line of a file of settings is: one setting, one word, the beginning of a block. Nothing else may go.
//!
//! Sources: systemd.exec(5) and systemd.syntax(7), crontab(5), environment.d(5), sh(1), RFC 7468.

use std::path::Path;

/// How the lines of a file are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::change) enum Layout {
    /// A name, a sign and a value on each line: `.env`, ini, properties, most of `*.conf`.
    Pairs,
    /// A unit of systemd.
    Unit,
    /// A crontab: settings and jobs.
    Cron,
    /// A shell script.
    Shell,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// It sets one thing and nothing else.
    Setting,
    /// One word.
    Bare,
    /// It begins a block in text armour that ends with the line at this place.
    Block(usize),
    /// Anything else.
    Other,
}

/// How the file at `path` is to be read; `None` when its lines are not one by one.
pub(in crate::change) fn layout(path: &Path, text: &str) -> Option<Layout> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let below = |places: &[&str]| places.iter().any(|place| path.starts_with(place));
    let first = text.lines().next().unwrap_or_default();
    if first.starts_with("#!") {
        let shells = ["sh", "bash", "dash", "ash", "ksh", "zsh"];
        let is_shell = first.split(['/', ' ']).any(|word| shells.contains(&word.trim()));
        return is_shell.then_some(Layout::Shell);
    }
    if is_structured(path, text) {
        return None;
    }
    let is_unit = ["service", "socket", "timer", "mount", "automount", "path", "target", "slice", "scope"];
    let in_units = path.components().any(|part| part.as_os_str() == "systemd");
    if in_units && (is_unit.contains(&extension) || extension == "conf") {
        return Some(Layout::Unit);
    }
    if below(&["/etc/cron.d", "/etc/crontab", "/etc/anacrontab", "/var/spool/cron"]) {
        return Some(Layout::Cron);
    }
    let shell_names = [
        "profile",
        "bashrc",
        "bash.bashrc",
        "bash_profile",
        "bash_login",
        "bash_aliases",
        "zshrc",
        "zshenv",
        "zprofile",
    ];
    if ["sh", "bash", "ksh", "zsh"].contains(&extension) || shell_names.contains(&name.trim_start_matches('.')) {
        return Some(Layout::Shell);
    }
    let extensions = ["env", "conf", "cnf", "ini", "cfg", "cf", "properties", "config", "settings"];
    let is_pairs = extensions.contains(&extension)
        || name.starts_with(".env")
        || ["environment", "env", "s3cfg", ".s3cfg", "boto.cfg", "credentials", "config"].contains(&name.as_str())
        || below(&["/etc/default", "/etc/sysconfig", "/etc/environment.d"]);
    is_pairs.then_some(Layout::Pairs)
}

/// Whether the text is a program or data with a structure that spans lines: JSON, YAML, XML.
pub(super) fn is_structured(path: &Path, text: &str) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    let extensions = [
        "json", "yaml", "yml", "xml", "toml", "tf", "tfvars", "hcl", "plist", "html", "htm", "ipynb", "sql", "py",
        "rb", "php", "js", "mjs", "cjs", "ts", "jsx", "tsx", "go", "java", "kt", "scala", "groovy", "cs", "c", "h",
        "cc", "cpp", "hpp", "rs", "pl", "pm", "lua", "r", "swift", "ps1", "psm1", "bat", "cmd", "patch", "diff", "eml",
        "mbox", "ovpn",
    ];
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let array = start.strip_prefix('[').map(str::trim_start);
    let is_json = start.starts_with('{') || array.is_some_and(|rest| rest.starts_with(['{', '"', '[']));
    let first = text.lines().next().unwrap_or_default();
    let is_program = first.starts_with("#!") && !first.contains("sh");
    extensions.contains(&extension.as_str())
        || path.starts_with("/etc/cloud")
        || is_json
        || start.starts_with('<')
        || first.trim_end() == "---"
        || is_program
}

/// What the line at `place` is.
pub(super) fn shape(lines: &[String], place: usize, layout: Option<Layout>) -> Shape {
    let line = |place: usize| lines.get(place).map(|line| line.trim_end_matches(['\n', '\r']));
    let Some(this) = line(place) else { return Shape::Other };
    if let Some(end) = block(lines, place) {
        return Shape::Block(end);
    }
    let before = place.checked_sub(1).and_then(line);
    if this.ends_with('\\') || before.is_some_and(|before| before.ends_with('\\')) {
        return Shape::Other;
    }
    let word = this.trim();
    if !word.is_empty()
        && !word.contains(|sign: char| sign.is_whitespace() || "\"'=,;{}()<>".contains(sign))
        && !is_pair(word, &[':'])
    {
        return Shape::Bare;
    }
    let is_setting = match layout {
        None => false,
        Some(Layout::Pairs) => is_pairs(this, line(place + 1)),
        Some(Layout::Unit) => is_of_unit(this),
        Some(Layout::Cron) => is_pair(this.trim(), &['=']),
        Some(Layout::Shell) => is_of_shell(lines, place, this),
    };
    if is_setting { Shape::Setting } else { Shape::Other }
}

/// Where the block ends that begins at `place`, when both lines stand alone at the margin.
fn block(lines: &[String], place: usize) -> Option<usize> {
    let first = lines.get(place)?.trim_end();
    let label = first.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?;
    if !label.contains("PRIVATE KEY") || label.contains('-') {
        return None;
    }
    let last = format!("-----END {label}-----");
    let after = lines.iter().skip(place + 1);
    // No key is longer than this.
    let length = after.take(1000).position(|line| line.trim_end() == last)?;
    Some(place + 1 + length)
}

fn is_pairs(line: &str, next: Option<&str>) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    // A value of ini and Postfix goes on in lines that stand further in.
    let goes_on = next.is_some_and(|next| !next.trim().is_empty() && indent(next) > indent(line));
    let text = line.trim();
    let text = text.strip_prefix("export ").map_or(text, str::trim_start);
    let two_words =
        text.split_once([' ', '\t']).is_some_and(|(name, value)| is_name(name) && is_value(value.trim_start()));
    !goes_on && (is_pair(text, &['=', ':']) || two_words)
}

/// `Environment=NAME=VALUE`, in quotes or not, with one setting.
fn is_of_unit(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    let value = value.trim();
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).map_or_else(
        || (!value.contains([' ', '\t', '"', '\''])).then_some(value),
        |value| (!value.contains(['"', '\\'])).then_some(value),
    );
    match name.trim() {
        "Environment" => value.and_then(|value| value.split_once('=')).is_some_and(|(name, _)| is_name(name)),
        "SetCredential" => value.and_then(|value| value.split_once(':')).is_some_and(|(name, _)| is_name(name)),
        _ => false,
    }
}

/// One assignment at the margin, which no other line needs and nothing goes on from.
fn is_of_shell(lines: &[String], place: usize, line: &str) -> bool {
    let text = ["export ", "readonly ", "declare -x ", "typeset -x "].iter().find_map(|word| line.strip_prefix(word));
    let text = text.unwrap_or(line).trim_end();
    let Some((name, value)) = text.split_once('=') else { return false };
    let is_variable = is_name(name) && !name.contains(['.', '-']);
    let runs = value.contains(['`', ';', '&', '|', '<', '>', '(', ')']) || value.contains("$(");
    let earlier = || lines.iter().take(place);
    // A block must not be left without a command, and what is in a here-document is no command.
    let opens = earlier().rev().map(|line| line.trim()).find(|line| !line.is_empty() && !line.starts_with('#'));
    let opens = opens.is_some_and(|line| {
        ["then", "do", "else", "{", "(", "&&", "||", "|", "in"].iter().any(|word| line.ends_with(word))
    });
    let in_quotes = earlier().fold(None, |open, line| quoted(line, open)).is_some();
    is_variable && is_value(value) && !runs && !opens && !in_quotes && !earlier().any(|line| line.contains("<<"))
}

/// Which quote is open at the end of `line`, when `open` was at its beginning.
fn quoted(line: &str, mut open: Option<char>) -> Option<char> {
    let mut escaped = false;
    let mut last = ' ';
    for sign in line.chars() {
        match (sign, open) {
            _ if escaped => escaped = false,
            ('\\', None | Some('"')) => escaped = true,
            ('#', None) if last.is_whitespace() => return None,
            ('"' | '\'', None) => open = Some(sign),
            (sign, Some(quote)) if sign == quote => open = None,
            _ => {}
        }
        last = sign;
    }
    open
}

/// A name, one of `signs`, and a value that is one word or all in quotes.
fn is_pair(text: &str, signs: &[char]) -> bool {
    text.split_once(signs).is_some_and(|(name, value)| is_name(name.trim_end()) && is_value(value.trim_start()))
}

pub(in crate::change) fn is_name(text: &str) -> bool {
    let sign = |sign: char| sign.is_ascii_alphanumeric() || "_.-".contains(sign);
    text.len() <= 100
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(sign)
}

fn is_value(text: &str) -> bool {
    if let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        return inner.is_some_and(|inner| !inner.contains(quote));
    }
    let is_word = !text.is_empty() && !text.contains(char::is_whitespace);
    is_word && !text.contains(['{', '}', '"', '\'']) && !text.ends_with([',', ';', '['])
}
