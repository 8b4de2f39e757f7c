//! What the real sshd says of a drafted configuration: `sshd -t` on a copy of it, off the image (live only).
//!
//! The copy has every `Include` rewritten to itself, since sshd looks for relative names in its own directory wherever
//! the main file lies (`sshd_config(5)`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::change::state::{make_parents, write_file};
use crate::image::{Image, Mode, program, text};

const SSHD: &str = "/usr/sbin/sshd";
const KEYGEN: &str = "/usr/bin/ssh-keygen";
const LIMIT: Duration = Duration::from_secs(20);

/// Whether the real sshd takes the configuration of `drafted`. Where it cannot be asked (offline, no root, no sshd),
/// the answer is yes: the configuration has been judged from the files already.
///
/// # Errors
/// What sshd says, in one line.
pub(super) fn judge(drafted: &Image) -> Result<(), String> {
    let is_there = |path: &str| matches!(drafted.stat(Path::new(path)), Ok(Some(_)));
    let main = drafted.sshd().ok().and_then(|sshd| sshd.main.clone());
    let (Mode::Live, true, true, Some(main)) = (drafted.mode(), nix::unistd::geteuid().is_root(), is_there(SSHD), main)
    else {
        return Ok(());
    };
    let Ok(directory) = tempfile::Builder::new().prefix("seaworthy-").tempdir_in("/run") else { return Ok(()) };
    let stage = directory.path();
    let mut copied = BTreeSet::new();
    copy(drafted, stage, &main, &mut copied, 0).map_err(|error| error.to_string())?;
    let config = within(stage, &main).display().to_string();
    let mut argv = vec![SSHD.to_owned(), "-t".to_owned(), "-f".to_owned(), config];
    let mut ended = program::run(drafted, &argv, LIMIT, &mut |_| {}).map_err(|error| error.to_string())?;
    if ended.output.contains("no hostkeys available") {
        let key = stage.join("key").display().to_string();
        let keygen = [KEYGEN, "-q", "-t", "ed25519", "-N", "", "-f", &key].map(str::to_owned);
        let made = program::run(drafted, &keygen, LIMIT, &mut |_| {});
        if !made.is_ok_and(|made| made.success()) {
            return Ok(());
        }
        argv.extend(["-h".to_owned(), key]);
        ended = program::run(drafted, &argv, LIMIT, &mut |_| {}).map_err(|error| error.to_string())?;
    }
    // A matter of the running system, not of the configuration.
    if ended.success() || ended.output.contains("Missing privilege separation directory") {
        return Ok(());
    }
    let message = ended.output.replace(&stage.display().to_string(), "");
    let message: Vec<String> = message.lines().map(text::visible).collect();
    Err(if message.is_empty() { ended.to_string() } else { message.join("; ") })
}

/// Copies `path` and all it includes below `stage`, Includes rewritten.
fn copy(
    image: &Image,
    stage: &Path,
    path: &Path,
    copied: &mut BTreeSet<PathBuf>,
    depth: usize,
) -> Result<(), crate::image::Error> {
    // sshd gives up after 16 levels (SERVCONF_MAX_DEPTH); the copy then lacks the file, and sshd says so itself.
    if depth > 16 || !copied.insert(path.to_owned()) {
        return Ok(());
    }
    let Some(bytes) = image.read(path)? else { return Ok(()) };
    let (text, patterns) = rewrite(&bytes, stage);
    let target = within(stage, path);
    make_parents(&target)?;
    write_file(&target, &text)?;
    for pattern in patterns {
        for included in image.glob(&pattern)? {
            copy(image, stage, &included, copied, depth + 1)?;
        }
    }
    Ok(())
}

/// The text with every `Include` pointing below `stage`, and the patterns it included. Relative names are looked for in
/// sshd's own directory.
fn rewrite(bytes: &[u8], stage: &Path) -> (Vec<u8>, Vec<String>) {
    let (mut text, mut patterns) = (Vec::new(), Vec::new());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let readable = String::from_utf8_lossy(line);
        let mut words = readable.split([' ', '\t', '=', '\r', '\n']).filter(|word| !word.is_empty());
        if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("include")) {
            text.extend_from_slice(line);
            continue;
        }
        text.extend_from_slice(b"Include");
        for word in words.take_while(|word| !word.starts_with('#')) {
            let pattern = word.trim_matches('"');
            let pattern = Path::new("/etc/ssh").join(pattern).display().to_string();
            text.push(b' ');
            text.extend_from_slice(within(stage, Path::new(&pattern)).display().to_string().as_bytes());
            patterns.push(pattern);
        }
        text.push(b'\n');
    }
    (text, patterns)
}

fn within(stage: &Path, path: &Path) -> PathBuf {
    stage.join(path.strip_prefix("/").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[ignore = "needs sshd and root; run by .ci/run"]
    fn the_real_sshd_judges_the_draft() {
        let image = Image::open(Path::new("/")).unwrap();
        let drafted = |text: &str| {
            let mut overlay = crate::image::Overlay::default();
            let main = "Include /etc/ssh/sshd_config.d/*.conf\n";
            overlay.put("/etc/ssh/sshd_config", Some(crate::image::Node::new_file(main.as_bytes(), 0o644)));
            let part = Some(crate::image::Node::new_file(text.as_bytes(), 0o644));
            overlay.put("/etc/ssh/sshd_config.d/zz-seaworthy-test.conf", part);
            image.drafted(overlay)
        };
        judge(&drafted("PermitRootLogin no\n")).unwrap();
        let message = judge(&drafted("PermitRootLogin no\nNoSuchKeyword 1\n")).unwrap_err();
        assert!(message.contains("/etc/ssh/sshd_config.d/zz-seaworthy-test.conf"), "{message}");
        assert!(message.contains("NoSuchKeyword") && !message.contains("/run/seaworthy-"), "{message}");
    }

    #[test]
    fn includes_point_to_the_copy() {
        let text = b"Include /etc/ssh/sshd_config.d/*.conf more.conf # all\nPort 22\n";
        let (text, patterns) = rewrite(text, Path::new("/run/x"));
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, "Include /run/x/etc/ssh/sshd_config.d/*.conf /run/x/etc/ssh/more.conf\nPort 22\n");
        assert_eq!(patterns, ["/etc/ssh/sshd_config.d/*.conf", "/etc/ssh/more.conf"]);
    }
}
