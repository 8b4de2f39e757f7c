//! Which OpenSSH the image has, and the command line its unit starts it with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::lexer;
use super::release::Family;
use crate::image::{Error, Image, Kind, Reason};

/// Where distributions put the program.
const PROGRAMS: &[&str] = &["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/lib/ssh/sshd", "/usr/libexec/openssh/sshd"];

/// Packages that bring the server.
const PACKAGES: &[&str] = &["openssh-server", "openssh"];

/// Major and minor version: of the program itself, else of the package.
pub(super) fn version(image: &Image) -> Option<(u32, u32)> {
    let of_program = PROGRAMS.iter().find_map(|path| {
        let bytes = image.read(Path::new(path)).ok().flatten()?;
        memmem::find_iter(&bytes, b"OpenSSH_").find_map(|at| {
            let text = bytes.get(at + 8..)?;
            let end = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
            // The program also holds patterns of other versions, such as `OpenSSH_7.4*`.
            (text.get(end) == Some(&b'p')).then(|| numbers(&lexer::lossy(text.get(..end)?))).flatten()
        })
    });
    of_program.or_else(|| {
        let packages = image.packages().ok()?;
        PACKAGES.iter().find_map(|name| of_package(&packages.get(name)?.version))
    })
}

/// `1:9.2p1-2+deb12u3`, `8.7p1-38.el9`, `9.6p1` → major and minor.
fn of_package(version: &str) -> Option<(u32, u32)> {
    let version = version.split_once(':').map_or(version, |(_, version)| version);
    numbers(version.split(|letter: char| letter != '.' && !letter.is_ascii_digit()).next()?)
}

fn numbers(text: &str) -> Option<(u32, u32)> {
    let (major, rest) = text.split_once('.')?;
    Some((major.parse().ok()?, rest.split('.').next()?.parse().ok()?))
}

/// Who built it, by the operating system.
pub(super) fn family(image: &Image) -> Family {
    let Ok(os) = image.os() else { return Family::Upstream };
    let is = |names: &[&str]| names.iter().any(|name| os.is_like(name));
    if is(&["debian", "ubuntu"]) {
        Family::Debian
    } else if is(&["rhel", "fedora", "centos", "amzn"]) {
        Family::RedHat
    } else if is(&["suse", "sles", "opensuse"]) || os.id.starts_with("opensuse") {
        Family::Suse
    } else {
        Family::Upstream
    }
}

/// What the unit's command line says besides the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CommandLine {
    /// The unit file or drop-in that has it.
    pub(super) path: PathBuf,
    /// `-f`.
    pub(super) config: Option<PathBuf>,
    /// `-o` and `-p`, in order, as lines of a configuration file.
    pub(super) options: Vec<String>,
    /// `-p` was given.
    pub(super) fixed_ports: bool,
}

const UNIT_DIRECTORIES: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The command line of `ssh.service` or `sshd.service`, drop-ins and environment files included.
///
/// # Errors
/// When a unit file is there but cannot be read.
pub(super) fn command_line(image: &Image) -> Result<CommandLine, Error> {
    for name in ["sshd.service", "ssh.service"] {
        let mut files = Vec::new();
        for directory in UNIT_DIRECTORIES {
            let path = Path::new(directory).join(name);
            if let Some(text) = readable(image, &path)? {
                files.push((path, text));
                break;
            }
        }
        if files.is_empty() {
            continue;
        }
        files.extend(drop_ins(image, name)?);
        return unit(image, &files);
    }
    Ok(CommandLine::default())
}

/// The text of a unit file; a directory, a special file or a loop of links in its place is none.
fn readable(image: &Image, path: &Path) -> Result<Option<String>, Error> {
    match image.stat(path) {
        Ok(Some(meta)) if meta.kind == Kind::File => image.read_text(path),
        Ok(_) | Err(Error { reason: Reason::Loop, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Drop-ins in the order systemd reads them: by name, the first directory's file hiding the others of that name.
fn drop_ins(image: &Image, unit: &str) -> Result<Vec<(PathBuf, String)>, Error> {
    let mut by_name: BTreeMap<std::ffi::OsString, PathBuf> = BTreeMap::new();
    for directory in UNIT_DIRECTORIES {
        let directory = Path::new(directory).join(format!("{unit}.d"));
        let entries = match image.list(&directory) {
            Err(Error { reason: Reason::NotDirectory(_) | Reason::Loop, .. }) => Vec::new(),
            entries => entries?,
        };
        for entry in entries {
            let path = directory.join(&entry.name);
            if path.extension().is_some_and(|extension| extension == "conf") {
                by_name.entry(entry.name).or_insert(path);
            }
        }
    }
    let mut files = Vec::new();
    for path in by_name.into_values() {
        if let Some(text) = readable(image, &path)? {
            files.push((path, text));
        }
    }
    Ok(files)
}

fn unit(image: &Image, files: &[(PathBuf, String)]) -> Result<CommandLine, Error> {
    let mut command: Option<(PathBuf, String)> = None;
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in files {
        let joined = text.replace("\\\n", " ");
        for line in joined.lines().map(str::trim) {
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = value.trim();
            match key.trim() {
                "ExecStart" if value.is_empty() => command = None,
                "ExecStart" => command = Some((path.clone(), value.to_owned())),
                "Environment" => {
                    for pair in lexer::split(value.as_bytes()).unwrap_or_default() {
                        variables.extend(pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())));
                    }
                }
                "EnvironmentFile" => {
                    let path = Path::new(value.strip_prefix('-').unwrap_or(value));
                    if path.is_absolute()
                        && let Some(text) = readable(image, path)?
                    {
                        variables.extend(environment(&text));
                    }
                }
                _ => {}
            }
        }
    }
    Ok(command.map(|(path, command)| parse(path, &command, &variables)).unwrap_or_default())
}

/// `NAME=value` lines, quotes removed.
fn environment(text: &str) -> Vec<(String, String)> {
    let pairs = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    let pairs = pairs.filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| {
            let value = value.trim();
            let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
            (name.trim().to_owned(), quoted.unwrap_or(value).to_owned())
        })
        .collect()
}

fn parse(path: PathBuf, command: &str, variables: &BTreeMap<String, String>) -> CommandLine {
    let mut words = Vec::new();
    for word in lexer::split(command.as_bytes()).unwrap_or_default() {
        let name = word.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
        if let Some(name) = name {
            words.push(variables.get(name).cloned().unwrap_or_default());
        } else if let Some(name) = word.strip_prefix('$') {
            // A bare variable is split into words.
            let value = variables.get(name).map(String::as_str).unwrap_or_default();
            words.extend(lexer::split(value.as_bytes()).unwrap_or_default());
        } else {
            words.push(word);
        }
    }
    let mut line = CommandLine { path, ..CommandLine::default() };
    let mut words = words.into_iter().skip(1);
    while let Some(word) = words.next() {
        let Some(flags) = word.strip_prefix('-') else { continue };
        let mut letters = flags.chars();
        while let Some(letter) = letters.next() {
            if !"bCcEfghkopuV".contains(letter) {
                continue;
            }
            let rest = letters.as_str().to_owned();
            let value = if rest.is_empty() { words.next().unwrap_or_default() } else { rest };
            match letter {
                'f' => line.config = Some(PathBuf::from(value)),
                'o' => line.options.push(value),
                'p' => {
                    line.options.push(format!("Port {value}"));
                    line.fixed_ports = true;
                }
                _ => {}
            }
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_packages_are_read() {
        assert_eq!(of_package("1:9.2p1-2+deb12u3"), Some((9, 2)));
        assert_eq!(of_package("8.7p1-38.amzn2023.0.4"), Some((8, 7)));
        assert_eq!(of_package("1:10.0p1-7"), Some((10, 0)));
        assert_eq!(of_package("weird"), None);
    }

    #[test]
    fn a_command_line_gives_options_ports_and_the_file() {
        let variables = BTreeMap::from([
            ("SSHD_OPTS".to_owned(), "-o PermitRootLogin=no -p2222".to_owned()),
            ("ONE".to_owned(), "-oX11Forwarding yes".to_owned()),
        ]);
        let line = parse("/u".into(), "/usr/sbin/sshd -D $SSHD_OPTS ${ONE} -f /etc/alt -Dp 22 $NONE", &variables);
        assert_eq!(line.options, ["PermitRootLogin=no", "Port 2222", "X11Forwarding yes", "Port 22"]);
        assert_eq!(line.config.as_deref(), Some(Path::new("/etc/alt")));
        assert!(line.fixed_ports);
    }
}
