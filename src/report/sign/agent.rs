//! Signing through ssh-agent (draft-miller-ssh-agent): lists its keys, asks for one signature. The agent may be slow,
//! broken or hostile: everything has a limit.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::SignError;
use crate::image::text::{path, visible};
use crate::report::sshsig::wire::{Reader, put_string};
use crate::report::sshsig::{Fault, PublicKey, fingerprint};

/// How long the agent may take to sign: a person may have to confirm or to touch a token.
const SIGN_TIME: Duration = Duration::from_secs(60);
/// How long it may take to answer what needs no person.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// After this long without an answer a person is told that it is waited for.
const NOTICE_TIME: Duration = Duration::from_secs(1);
/// The longest answer that is read.
const ANSWER_LIMIT: u32 = 256 << 10;
/// The most keys that are looked at.
const KEY_LIMIT: u32 = 1000;
/// Asks for SHA-512 from an RSA key; other keys pay no heed.
const RSA_SHA512: u32 = 4;

/// How long a signature is waited for, and who hears of it.
#[derive(Clone, Copy)]
pub(in crate::report) struct Patience<'a> {
    /// The most that it may take.
    limit: Duration,
    /// After this long `waiting` is called, once.
    notice: Duration,
    /// Told that the agent has not answered yet: it may want a touch or a confirmation.
    waiting: &'a dyn Fn(),
}

impl<'a> Patience<'a> {
    /// A minute; `waiting` is called when there is no answer after a second.
    pub(in crate::report) fn new(waiting: &'a dyn Fn()) -> Self {
        Self { limit: SIGN_TIME, notice: NOTICE_TIME, waiting }
    }

    /// No longer than it takes a program to answer.
    fn short() -> Self {
        Self { limit: ANSWER_TIME, notice: ANSWER_TIME, waiting: &|| () }
    }
}

/// Where the agent is, as far as the environment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agent<'a> {
    /// `SSH_AUTH_SOCK`.
    pub socket: Option<&'a Path>,
    /// `SUDO_USER` is set: sudo has removed `SSH_AUTH_SOCK`.
    pub sudo: bool,
}

/// A key an agent holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The public key; `None` when it is of a type that cannot be used.
    pub key: Option<PublicKey>,
    /// `SHA256:…`.
    pub fingerprint: String,
    /// Its comment, made visible.
    pub comment: String,
}

impl Agent<'_> {
    /// The keys the agent holds.
    ///
    /// # Errors
    /// When there is no agent, or it does not answer as an agent does.
    pub fn identities(self) -> Result<Vec<Identity>, SignError> {
        identities(&mut self.connect()?)
    }

    fn connect(self) -> Result<UnixStream, SignError> {
        let Some(socket) = self.socket.filter(|socket| !socket.as_os_str().is_empty()) else {
            return Err(SignError::new(if self.sudo {
                "No ssh-agent can be reached: sudo removes SSH_AUTH_SOCK. Start again with `sudo --preserve-env=SSH_AUTH_SOCK seaworthy …`, or sign later on your own machine (recommended)."
            } else {
                "No ssh-agent can be reached: SSH_AUTH_SOCK is not set. Start one with `eval \"$(ssh-agent)\"` and `ssh-add`, connect with `ssh -A`, or sign later on your own machine (recommended)."
            }));
        };
        // In a thread of its own: connecting has no time limit, and waits when the agent takes no connections.
        let (sender, receiver) = mpsc::channel();
        let place = socket.to_owned();
        std::thread::spawn(move || sender.send(UnixStream::connect(place)));
        match receiver.recv_timeout(ANSWER_TIME) {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => {
                let hint = match error.kind() {
                    std::io::ErrorKind::NotFound => "there is no such file. The session that forwarded the agent has ended; set SSH_AUTH_SOCK anew (tmux keeps the old one)".to_owned(),
                    std::io::ErrorKind::ConnectionRefused => "nobody listens there any more. Start ssh-agent again, or set SSH_AUTH_SOCK anew".to_owned(),
                    std::io::ErrorKind::PermissionDenied => "permission denied. The agent is another user's".to_owned(),
                    _ => error.to_string(),
                };
                Err(SignError::new(format!("Cannot connect to the ssh-agent at {}: {hint}.", path(socket))))
            }
            Err(_) => Err(SignError::new(format!("The ssh-agent at {} takes no connections.", path(socket)))),
        }
    }
}

/// Signs the bytes of a report with a key of the agent: the one whose fingerprint, comment or `.pub` line is `wanted`;
/// without that, the only one it has. `waiting` is called when the agent lets a person wait.
///
/// # Errors
/// When there is no agent or no such key, when there are several to choose from (they are listed), when the agent
/// refuses, takes longer than a minute, or answers with something else.
pub fn with_agent_telling(
    agent: Agent<'_>,
    wanted: Option<&str>,
    report: &[u8],
    waiting: &dyn Fn(),
) -> Result<String, SignError> {
    let message = super::to_be_signed(report);
    let (key, signature) = signature(agent, wanted, &message, RSA_SHA512, Patience::new(waiting))?;
    super::finished(report, key, signature)
}

/// [`with_agent_telling`], telling nobody.
///
/// # Errors
/// The same.
pub fn with_agent(agent: Agent<'_>, wanted: Option<&str>, report: &[u8]) -> Result<String, SignError> {
    with_agent_telling(agent, wanted, report, &|| ())
}

/// The SSH signature (algorithm name, then its bytes) of `message` by a key of the agent, with that key. It has not been
/// verified. `flags` chooses the hash of an RSA signature (draft-miller-ssh-agent, section 3.6.1).
pub(in crate::report) fn signature(
    agent: Agent<'_>,
    wanted: Option<&str>,
    message: &[u8],
    flags: u32,
    patience: Patience<'_>,
) -> Result<(PublicKey, Vec<u8>), SignError> {
    let mut stream = agent.connect()?;
    let keys = identities(&mut stream)?;
    let key = choose(&keys, wanted)?;
    let mut request = vec![13];
    put_string(&mut request, key.blob());
    put_string(&mut request, message);
    request.extend_from_slice(&flags.to_be_bytes());
    let answer = exchange(&mut stream, &request, patience)?;
    let mut reader = Reader::new(&answer);
    match reader.byte() {
        Ok(14) => {
            let signature = reader.string().and_then(|signature| reader.end().map(|()| signature.to_vec()));
            Ok((key.clone(), signature.map_err(|fault| odd(&fault))?))
        }
        Ok(5) => Err(SignError::new(
            "The agent refused to sign: the request was declined, the key is limited to certain hosts (`ssh-add -h`; such keys sign no files), or it is locked away. Use another key, or sign later on your own machine.",
        )),
        _ => Err(odd(&Fault::new("Its answer is of an unknown kind."))),
    }
}

/// The key that is wanted of those the agent holds.
pub(super) fn choose<'a>(keys: &'a [Identity], wanted: Option<&str>) -> Result<&'a PublicKey, SignError> {
    let list = || {
        let lines: Vec<String> = keys.iter().map(|key| format!("\n  {} {}", key.fingerprint, key.comment)).collect();
        lines.concat()
    };
    let wanted_key = wanted.map(|wanted| {
        let blob = PublicKey::parse_line(wanted).ok().map(|key| fingerprint(key.blob()));
        (wanted.trim(), blob)
    });
    let fits = |key: &&Identity| match &wanted_key {
        None => key.key.is_some(),
        Some((_, Some(print))) => key.fingerprint == *print,
        Some((text, None)) => key.fingerprint == *text || key.comment == *text,
    };
    let fitting: Vec<&Identity> = keys.iter().filter(fits).collect();
    match (fitting.as_slice(), wanted) {
        ([only], _) => only.key.as_ref().ok_or_else(|| {
            SignError::new(format!(
                "The key {} is of a type that cannot be used; use Ed25519, ECDSA P-256 or P-384, RSA or a FIDO key.",
                only.fingerprint
            ))
        }),
        ([], _) if keys.is_empty() => Err(SignError::new(
            "The agent holds no key (or is locked). Add one with `ssh-add`, or unlock it with `ssh-add -X`.",
        )),
        ([], Some(wanted)) => {
            Err(SignError::new(format!("The agent does not hold the key {}. It holds:{}", visible(wanted), list())))
        }
        ([], None) => {
            Err(SignError::new(format!("The agent holds no key of a type that can be used. It holds:{}", list())))
        }
        _ => Err(SignError::new(format!("The agent holds several keys; choose one by its fingerprint:{}", list()))),
    }
}

fn identities(stream: &mut UnixStream) -> Result<Vec<Identity>, SignError> {
    let answer = exchange(stream, &[11], Patience::short())?;
    read_identities(&answer).map_err(|fault| odd(&fault))
}

fn read_identities(answer: &[u8]) -> Result<Vec<Identity>, Fault> {
    let mut reader = Reader::new(answer);
    if reader.byte()? != 12 {
        return Err(Fault::new("Its answer is of an unknown kind."));
    }
    let count = reader.u32()?;
    if count > KEY_LIMIT {
        return Err(Fault::new(format!("It claims to hold {count} keys.")));
    }
    let mut keys = Vec::new();
    for _ in 0..count {
        let blob = reader.string()?;
        let comment = visible(&String::from_utf8_lossy(reader.string()?));
        keys.push(Identity { key: PublicKey::parse(blob).ok(), fingerprint: fingerprint(blob), comment });
    }
    reader.end()?;
    Ok(keys)
}

fn odd(fault: &Fault) -> SignError {
    SignError::new(format!("What answers at SSH_AUTH_SOCK does not behave like an ssh-agent. {fault}"))
}

/// Sends one message and reads the answer, all within the limit.
fn exchange(stream: &mut UnixStream, message: &[u8], patience: Patience<'_>) -> Result<Vec<u8>, SignError> {
    let limit = patience.limit;
    let start = Instant::now();
    let broken = |error: std::io::Error| failed(&error, limit);
    let mut framed = Vec::new();
    put_string(&mut framed, message);
    stream.set_write_timeout(Some(limit)).and_then(|()| stream.write_all(&framed)).map_err(broken)?;
    let mut length = [0; 4];
    let read = fill(stream, &mut length, 0, start + patience.notice.min(limit)).map_err(broken)?;
    if read < length.len() {
        (patience.waiting)();
    }
    filled(stream, &mut length, read, start + limit).map_err(broken)?;
    let length = u32::from_be_bytes(length);
    if length == 0 || length > ANSWER_LIMIT {
        return Err(odd(&Fault::new(format!("It announces an answer of {length} bytes."))));
    }
    let mut answer = vec![0; usize::try_from(length).unwrap_or_default()];
    filled(stream, &mut answer, 0, start + limit).map_err(broken)?;
    Ok(answer)
}

/// [`fill`], or the time is over.
fn filled(stream: &mut UnixStream, buffer: &mut [u8], read: usize, until: Instant) -> std::io::Result<()> {
    let whole = fill(stream, buffer, read, until)? == buffer.len();
    if whole { Ok(()) } else { Err(std::io::ErrorKind::TimedOut.into()) }
}

/// Reads on into `buffer`, of which `read` bytes are there, until it is full or the time is over; how many are there
/// then. One deadline for all of it, so that an agent that drips bytes is not waited for.
fn fill(stream: &mut UnixStream, buffer: &mut [u8], mut read: usize, until: Instant) -> std::io::Result<usize> {
    use std::io::ErrorKind::{BrokenPipe, Interrupted, TimedOut, WouldBlock};
    while let Some(missing) = buffer.get_mut(read..).filter(|missing| !missing.is_empty()) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match stream.set_read_timeout(Some(left)).and_then(|()| stream.read(missing)) {
            Ok(0) => return Err(BrokenPipe.into()),
            Ok(count) => read += count,
            // The clock decides.
            Err(error) if matches!(error.kind(), Interrupted | TimedOut | WouldBlock) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

fn failed(error: &std::io::Error, limit: Duration) -> SignError {
    match error.kind() {
        std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => SignError::new(format!(
            "The agent gave no answer within {} seconds. If it waits for a touch or a confirmation, be there and try again.",
            limit.as_secs()
        )),
        std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::ConnectionReset => {
            SignError::new("The agent hung up without an answer.")
        }
        _ => SignError::new(format!("Talking to the agent failed: {error}.")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn within(limit: u64, waiting: &dyn Fn()) -> Patience<'_> {
        Patience { limit: Duration::from_millis(limit), notice: Duration::ZERO, waiting }
    }

    #[test]
    fn an_agent_that_is_silent_or_drips_is_not_waited_for() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let why = exchange(&mut ours, &[11], within(20, &|| ())).unwrap_err().to_string();
        assert!(why.contains("gave no answer within"), "{why}");
        drop(theirs);
        for part in [&[0, 0][..], &[0, 0, 0, 9, 12, 0]] {
            let (mut ours, mut theirs) = UnixStream::pair().unwrap();
            theirs.write_all(part).unwrap();
            let why = exchange(&mut ours, &[11], within(20, &|| ())).unwrap_err().to_string();
            assert!(why.contains("gave no answer within"), "{why}");
        }
    }

    /// The agent answers only once somebody has been told that it waits.
    #[test]
    fn a_person_is_told_while_the_agent_waits_for_them() {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let (touch, touched) = mpsc::channel();
        let agent = std::thread::spawn(move || {
            touched.recv().unwrap();
            theirs.write_all(&[0, 0, 0, 1, 5]).unwrap();
        });
        let answer = exchange(&mut ours, &[13], within(60_000, &|| touch.send(()).unwrap())).unwrap();
        assert_eq!(answer, [5]);
        agent.join().unwrap();
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_identities(&noise);
            let _ = read_identities(&[&[12, 0, 0, 0, 2][..], &noise].concat());
        }
    }
}
