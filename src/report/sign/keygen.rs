//! Signing through `ssh-keygen -Y sign`, which reads the key file and asks for its passphrase itself.
#![expect(
    clippy::disallowed_methods,
    reason = "the door for ssh-keygen on the signer's own machine, by absolute path with a clean environment"
)]

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{SignError, namespace};
use crate::image::text::path;
use crate::report::sshsig::SIGNATURE_LIMIT;

/// Where ssh-keygen is looked for.
const PLACES: [&str; 3] = ["/usr/bin/ssh-keygen", "/usr/local/bin/ssh-keygen", "/bin/ssh-keygen"];

/// What of the environment ssh-keygen may see: where the agent is, and how to ask for a passphrase.
const KEPT: [&str; 8] = [
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "SSH_SK_PROVIDER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "TERM",
    "HOME",
];

/// How ssh-keygen is to sign.
#[derive(Debug, Clone)]
pub struct Keygen<'a> {
    /// The key file; a `.pub` file when the private part is in an agent.
    pub key: &'a Path,
    /// The process's environment, of which a few variables are handed on.
    pub environment: &'a [(OsString, OsString)],
}

/// Signs the bytes of a report with a key file. ssh-keygen asks for a passphrase on the terminal, so no screen of our own
/// may be up.
///
/// # Errors
/// When there is no ssh-keygen, when it fails (it has said why on standard error), or when its signature does not hold.
pub fn with_keygen(keygen: &Keygen<'_>, report: &[u8]) -> Result<String, SignError> {
    let Some(program) = PLACES.iter().find(|place| Path::new(place).exists()) else {
        return Err(SignError::new(
            "There is no ssh-keygen in /usr/bin or /usr/local/bin. Install the OpenSSH client (8.1 or newer), or sign on another machine.",
        ));
    };
    let kept = |name: &OsStr| KEPT.iter().any(|kept| name == *kept);
    let mut child = Command::new(program)
        .args(["-Y", "sign", "-n", namespace(report), "-f"])
        .arg(keygen.key)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .envs(keygen.environment.iter().filter(|(name, _)| kept(name)).cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| SignError::new(format!("Cannot run {program}: {error}.")))?;
    // It reads everything before it writes anything, so writing first cannot lock up. A key it cannot use ends it
    // before it reads; its exit code then says so.
    if let Some(mut input) = child.stdin.take() {
        let _ = input.write_all(report);
    }
    let mut armoured = Vec::new();
    if let Some(output) = child.stdout.take() {
        let _ = output.take(SIGNATURE_LIMIT + 1).read_to_end(&mut armoured);
    }
    match child.wait() {
        Ok(status) if status.success() => super::checked(report, &armoured),
        Ok(status) => Err(SignError::new(format!(
            "ssh-keygen did not sign with {} ({status}). It says why above; a version before 8.1 cannot sign files.",
            path(keygen.key)
        ))),
        Err(error) => Err(SignError::new(format!("Waiting for {program} failed: {error}."))),
    }
}
