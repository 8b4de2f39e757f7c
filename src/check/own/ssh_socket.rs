//! The socket unit of the SSH server: where it listens when systemd, not sshd, holds the port (systemd.socket(5)).
//!
//! sshd's own `Port` and `ListenAddress` then have no effect, except where a generator writes them into the socket at
//! boot (Ubuntu from 23.10).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::image::units::State;
use crate::image::{Error, Image, Kind, Mode};

/// Units of this kind, by distribution.
const SOCKETS: [&str; 2] = ["ssh.socket", "sshd.socket"];

/// Writes sshd's ports into the socket at boot.
const GENERATORS: [&str; 2] = [
    "/usr/lib/systemd/system-generators/sshd-socket-generator",
    "/lib/systemd/system-generators/sshd-socket-generator",
];

/// Where drop-ins lie, the weakest first.
const DIRECTORIES: [&str; 4] =
    ["/lib/systemd/system", "/usr/lib/systemd/system", "/run/systemd/system", "/etc/systemd/system"];

/// One `ListenStream=` line in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listen {
    pub(super) path: PathBuf,
    pub(super) line: u32,
    /// As written: `22`, `0.0.0.0:22`, `[::]:22`, a path.
    pub(super) value: String,
}

impl Listen {
    /// The port; `None` for what is no TCP socket.
    pub(super) fn port(&self) -> Option<u16> {
        let port = self.value.rsplit_once(':').map_or(self.value.as_str(), |(_, port)| port);
        port.parse().ok().filter(|_| !self.value.starts_with("vsock:"))
    }

    /// The address, without brackets; `None` when it is every one.
    pub(super) fn address(&self) -> Option<&str> {
        self.value.rsplit_once(':').map(|(address, _)| address.trim_matches(['[', ']']))
    }
}

/// Where the socket listens that is enabled; `None` when there is none, or sshd's configuration decides after all.
///
/// # Errors
/// When a unit file cannot be read.
pub(super) fn listens(image: &Image) -> Result<Option<Vec<Listen>>, Error> {
    let units = image.units()?;
    let enabled = SOCKETS.iter().filter_map(|name| units.unit(name)).find(|unit| unit.state == State::Enabled);
    let Some(unit) = enabled else { return Ok(None) };
    for generator in GENERATORS {
        if image.stat(Path::new(generator))?.is_some() {
            return Ok(None);
        }
    }
    let mut files = vec![unit.path.clone()];
    files.extend(drop_ins(image, &unit.name)?);
    let mut found = Vec::new();
    for path in files {
        if image.stat(&path)?.is_some_and(|meta| meta.kind == Kind::File) {
            add(&mut found, &path, &image.read_text(&path)?.unwrap_or_default());
        }
    }
    Ok(Some(found))
}

/// The drop-ins in the order of their names; one of a stronger directory hides its namesakes.
fn drop_ins(image: &Image, unit: &str) -> Result<Vec<PathBuf>, Error> {
    let mut by_name = BTreeMap::new();
    for directory in DIRECTORIES {
        if directory.starts_with("/run/") && image.mode() == Mode::Offline {
            continue;
        }
        let directory = Path::new(directory).join(format!("{unit}.d"));
        if image.stat(&directory)?.is_none_or(|meta| meta.kind != Kind::Directory) {
            continue;
        }
        for entry in image.list(&directory)? {
            if entry.name.as_encoded_bytes().ends_with(b".conf") {
                by_name.insert(entry.name.clone(), directory.join(&entry.name));
            }
        }
    }
    Ok(by_name.into_values().collect())
}

/// The `ListenStream=` lines of one file; an empty one takes back those before it.
fn add(found: &mut Vec<Listen>, path: &Path, text: &str) {
    let mut in_socket = false;
    for (line, text) in (1_u32..).zip(text.lines().map(str::trim)) {
        if text.starts_with('[') {
            in_socket = text == "[Socket]";
        }
        let Some((key, value)) = text.split_once('=').filter(|_| in_socket) else { continue };
        if key.trim_end() != "ListenStream" {
            continue;
        }
        match value.trim() {
            "" => found.clear(),
            value => found.push(Listen { path: path.to_owned(), line, value: value.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    fn socket(text: &str) -> Fixture {
        let fixture = Fixture::debian();
        let path = "/usr/lib/systemd/system/ssh.socket";
        fixture.file(path, format!("{text}[Install]\nWantedBy=sockets.target\n"));
        fixture.link("/etc/systemd/system/sockets.target.wants/ssh.socket", path);
        fixture
    }

    fn values(fixture: &Fixture) -> Option<Vec<String>> {
        Some(listens(&fixture.image()).unwrap()?.into_iter().map(|listen| listen.value).collect())
    }

    #[test]
    fn drop_ins_add_and_take_back() {
        let fixture = socket("[Unit]\nListenStream=1\n[Socket]\nListenStream=22\n");
        assert_eq!(values(&fixture), Some(vec!["22".to_owned()]));
        fixture.file("/etc/systemd/system/ssh.socket.d/a.conf", "[Socket]\nListenStream=\nListenStream = 2222\n");
        assert_eq!(values(&fixture), Some(vec!["2222".to_owned()]));
        fixture.file("/usr/lib/systemd/system/ssh.socket.d/b.conf", "[Socket]\nListenStream=[::1]:22\n");
        assert_eq!(values(&fixture), Some(vec!["2222".to_owned(), "[::1]:22".to_owned()]));
    }

    #[test]
    fn a_generator_or_no_enabled_socket_leaves_it_to_sshd() {
        let fixture = socket("[Socket]\nListenStream=22\n");
        fixture.file(GENERATORS[0], "\x7fELF");
        assert_eq!(values(&fixture), None);
        assert_eq!(values(&Fixture::debian()), None);
    }

    #[test]
    fn ports_and_addresses() {
        let parts = |value: &str| {
            let listen = Listen { path: "/x".into(), line: 1, value: value.to_owned() };
            (listen.port(), listen.address().map(str::to_owned))
        };
        assert_eq!(parts("22"), (Some(22), None));
        assert_eq!(parts("127.0.0.1:2222"), (Some(2222), Some("127.0.0.1".to_owned())));
        assert_eq!(parts("[::]:22"), (Some(22), Some("::".to_owned())));
        assert_eq!(parts("/run/ssh"), (None, None));
        assert_eq!(parts("vsock::22").0, None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(\\[Socket\\]|ListenStream|[=:0-9 \n\\[\\]]){0,40}") {
            let mut found = Vec::new();
            add(&mut found, Path::new("/x"), &text);
            for listen in &found {
                let _ = (listen.port(), listen.address());
            }
        }
    }
}
