//! The keys that sshd takes from an account: in files, signed by an authority, or handed out by a known program.

use std::path::{Path, PathBuf};

use base64ct::{Base64, Base64Unpadded, Encoding as _};

use super::By;
use crate::check::own::authorized_keys::{expanded, key_file};
use crate::check::own::instance_connect::PROGRAMS;
use crate::image::accounts::User;
use crate::image::sshd::{Effective, is_from};
use crate::image::{Error, Image, Kind};

/// More keys of one account than this are not listed.
const KEYS: usize = 50;

/// Every key of `user` that gives a shell to somebody at the address `from`.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn of(image: &Image, effective: &Effective, user: &User, from: &str) -> Result<Vec<By>, Error> {
    let mut found = Vec::new();
    for file in words(effective, "authorizedkeysfile").filter_map(|file| expanded(file, user)) {
        if !is_trusted(image, effective, user, &file)? {
            continue;
        }
        let bytes = key_file(image, &file)?.unwrap_or_default();
        let keys = fingerprints(&bytes, from).into_iter();
        found.extend(keys.map(|fingerprint| By::Key { file: file.clone(), fingerprint }));
    }
    for file in words(effective, "trustedusercakeys").filter(|file| *file != "none").map(PathBuf::from) {
        if !has_principals(image, effective, user)? {
            continue;
        }
        let bytes = key_file(image, &file)?.unwrap_or_default();
        let keys = fingerprints(&bytes, from).into_iter();
        found.extend(keys.map(|fingerprint| By::Authority { file: file.clone(), fingerprint }));
    }
    if asks_instance_connect(image, effective)? {
        found.push(By::InstanceConnect);
    }
    found.truncate(KEYS);
    Ok(found)
}

fn words<'e>(effective: &'e Effective, keyword: &str) -> impl Iterator<Item = &'e str> {
    let values = effective.get(keyword).map_or(&[][..], |setting| &setting.values);
    values.iter().flat_map(|value| value.split_whitespace()).map(|word| word.trim_matches('"'))
}

/// The program that sshd asks for keys, where it is not known whom it lets in.
pub(super) fn unknown_program(effective: &Effective) -> Option<String> {
    let program = words(effective, "authorizedkeyscommand").next()?;
    (program != "none" && !PROGRAMS.contains(&program)).then(|| program.to_owned())
}

/// Whether EC2 Instance Connect hands keys out: its program is the one that sshd asks, is there and may be run, and so is
/// the account it runs as (`sshd_config(5)`, `AuthorizedKeysCommand`).
fn asks_instance_connect(image: &Image, effective: &Effective) -> Result<bool, Error> {
    let Some(program) = words(effective, "authorizedkeyscommand").next().filter(|word| PROGRAMS.contains(word)) else {
        return Ok(false);
    };
    let meta = image.stat(Path::new(program))?;
    let runs = meta.is_some_and(|meta| meta.kind == Kind::File && meta.mode & 0o111 != 0 && meta.mode & 0o022 == 0);
    let account = effective.value("authorizedkeyscommanduser");
    Ok(runs && image.accounts()?.user(account).is_some())
}

/// Whether a certificate may name `user`: by its own name, or by what the principals' file says.
fn has_principals(image: &Image, effective: &Effective, user: &User) -> Result<bool, Error> {
    match words(effective, "authorizedprincipalsfile").find(|file| *file != "none") {
        Some(file) => {
            let bytes = expanded(file, user).map(|file| key_file(image, &file)).transpose()?.flatten();
            Ok(bytes.is_some_and(|bytes| !bytes.trim_ascii().is_empty()))
        }
        None => Ok(true),
    }
}

/// Whether sshd reads a key file: with `StrictModes` neither it nor a directory above it, up to the home, may be written
/// to by everybody or belong to somebody else (OpenSSH, `safe_path`).
fn is_trusted(image: &Image, effective: &Effective, user: &User, file: &Path) -> Result<bool, Error> {
    if effective.value("strictmodes") == "no" {
        return Ok(true);
    }
    // Of an image that was unpacked by an ordinary user, everything belongs to that user.
    let unpacked_by = image.stat(Path::new("/"))?.map_or(0, |meta| meta.uid);
    for above in file.ancestors() {
        if let Some(meta) = image.stat(above)?
            && (meta.mode & 0o002 != 0 && meta.mode & 0o1000 == 0 || ![0, user.uid, unpacked_by].contains(&meta.uid))
        {
            return Ok(false);
        }
        if above == user.home {
            break;
        }
    }
    Ok(true)
}

/// The fingerprints of the keys that a file lists (`sshd(8)`, "`AUTHORIZED_KEYS` FILE FORMAT") and that give a shell: one
/// that runs a command of its own, as cloud-init gives root, does not, nor does one for other addresses.
pub(super) fn fingerprints(bytes: &[u8], from: &str) -> Vec<String> {
    let of_line = |line: &str| {
        let (options, blob) = entry(line)?;
        if options.iter().any(|option| is_kept_from_shell(option, from)) {
            return None;
        }
        let bytes = Base64::decode_vec(blob).or_else(|_| Base64Unpadded::decode_vec(blob)).ok()?;
        let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
        Some(format!("SHA256:{}", Base64Unpadded::encode_string(digest.as_ref())))
    };
    String::from_utf8_lossy(bytes).lines().filter_map(of_line).take(KEYS).collect()
}

fn is_kept_from_shell(option: &str, from: &str) -> bool {
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    let value = value.trim_matches('"');
    match name.to_ascii_lowercase().as_str() {
        "command" => true,
        "from" => !is_from(from, value),
        _ => false,
    }
}

/// The options and the base64 of one line; `None` where there is no key.
fn entry(line: &str) -> Option<(Vec<&str>, &str)> {
    const TYPES: [&str; 6] = ["ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-", "sk-ssh-ed25519", "sk-ecdsa-sha2-"];
    let is_type = |word: &str| TYPES.iter().any(|kind| word.starts_with(kind));
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let mut parts = outside_quotes(line, &[' ', '\t']).filter(|word| !word.is_empty());
    let first = parts.next()?;
    let (options, kind) = if is_type(first) { ("", first) } else { (first, parts.next()?) };
    let options = outside_quotes(options, &[',']).collect();
    is_type(kind).then(|| parts.next()).flatten().map(|blob| (options, blob))
}

/// The parts of `text` between separators that do not stand in double quotes.
fn outside_quotes<'t>(text: &'t str, separators: &'t [char]) -> impl Iterator<Item = &'t str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |letter| {
        let is_plain = !is_escaped;
        is_escaped = letter == '\\' && is_plain;
        is_quoted ^= letter == '"' && is_plain;
        !is_quoted && separators.contains(&letter)
    })
}
