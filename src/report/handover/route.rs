//! By which way a report gets from a running machine to the publisher's own: what to type there and here, with all that
//! is known of this very session filled in.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::armour::unarmour;
use crate::change::seal::DIGEST_CHARS;
use crate::image::Image;
use crate::image::live::metadata::Answer;
use crate::image::live::sessions::Door;

/// A way in, which is the way out as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over SSH.
    Ssh,
    /// AWS Systems Manager's Session Manager.
    SessionManager,
    /// A serial line or a console: nothing but what the screen shows.
    Console,
}

/// Every way, the shortest line first.
pub const WAYS: [Way; 3] = [Way::Ssh, Way::SessionManager, Way::Console];

/// What is known of the running machine and of this session, for the lines to paste.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Here {
    /// How to call this program in a shell of this machine.
    pub program: String,
    /// How this session came in.
    pub way: Option<Way>,
    /// Who it belongs to.
    pub user: Option<String>,
    /// The address by which the publisher's machine reaches this one, where that can be told.
    pub host: Option<String>,
    /// The port that this machine's SSH server was reached at.
    pub port: Option<u16>,
    /// `i-0123456789abcdef0`.
    pub instance: Option<String>,
    /// `eu-west-1`.
    pub region: Option<String>,
    /// Files and devices that memory is swapped out to.
    pub swap: Vec<PathBuf>,
}

/// What to type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commands {
    /// On the machine that is being prepared.
    pub here: Vec<String>,
    /// On the publisher's own machine.
    pub there: Vec<String>,
}

impl Way {
    /// In a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Ssh => "SSH",
            Self::SessionManager => "Session Manager",
            Self::Console => "serial line or console",
        }
    }
}

impl Here {
    /// What is known of the running machine that `image` is; `None` for a mounted one.
    pub fn of(image: &Image) -> Option<Self> {
        let live = image.live()?;
        let own = live.sessions().ok().and_then(|sessions| sessions.into_iter().find(|session| session.is_own));
        let mut here = Self { program: program(), swap: live.swaps().unwrap_or_default(), ..Self::default() };
        if let Some(own) = own {
            here.way = match own.door {
                Door::Ssh { .. } => Some(Way::Ssh),
                Door::SessionManager => Some(Way::SessionManager),
                Door::SerialConsole | Door::Console => Some(Way::Console),
                Door::Unknown => None,
            };
            if let Door::Ssh { from, .. } = own.door
                && let Some(reached) = live.reached(&own)
            {
                let public = || live.public_address().map(|address| address.to_string());
                here.host = known_outside(reached.ip(), from).or_else(public);
                here.port = Some(reached.port());
            }
            here.user = Some(own.user);
        }
        if let Answer::Found { document, .. } = live.metadata() {
            let field = |name: &str| document.get(name).filter(|value| is_plain(value)).cloned();
            (here.instance, here.region) = (field("instanceId"), field("region"));
        }
        Some(here)
    }

    /// What to type to get the report whose digest is `sha256`, and its signature if it was `signed` here.
    pub fn commands(&self, way: Way, sha256: &str, signed: bool) -> Commands {
        let mut commands = Commands::default();
        let files = [("report.json", ""), ("report.json.sig", " --signature")];
        for (file, flag) in files.into_iter().take(1 + usize::from(signed)) {
            match way {
                Way::Ssh => {
                    let fetch = self.fetch(way, sha256, flag);
                    commands.there.push(format!("ssh -n {}{} {fetch} > {file}", self.port(), self.target()));
                }
                Way::SessionManager => {
                    let fetch = self.fetch(way, sha256, &format!(" --base64{flag}"));
                    let region = self.region.as_ref().map(|region| format!(" --region {region}")).unwrap_or_default();
                    let instance = self.instance.as_deref().unwrap_or("INSTANCE-ID");
                    commands.there.push(format!(
                        "aws ssm start-session{region} --target {instance} --document-name AWS-StartInteractiveCommand \
                         --parameters 'command=[\"{fetch}\"]' | {}",
                        unarmour("", file)
                    ));
                }
                Way::Console => {
                    commands.here.push(self.fetch(way, sha256, &format!(" --base64{flag}")));
                    commands.there.push(unarmour(" pasted.txt", file));
                }
            }
        }
        commands.there.push("sha256sum report.json".into());
        commands
    }

    /// The command of this machine that writes the report to standard output.
    fn fetch(&self, way: Way, sha256: &str, flags: &str) -> String {
        // Who comes in another way may be somebody else: the user of Session Manager is not root.
        let is_root = self.user.as_deref() == Some("root") && self.way == Some(way);
        let sudo = if is_root { "" } else { "sudo " };
        // One report is kept, so that these tell whether it is that one; and the line stays short.
        let begins: String = sha256.chars().take(DIGEST_CHARS).collect();
        format!("{sudo}{} report{flags} --again {begins}", self.program)
    }

    fn port(&self) -> String {
        self.port.filter(|port| *port != 22).map(|port| format!("-p {port} ")).unwrap_or_default()
    }

    fn target(&self) -> String {
        let host = self.host.as_deref().unwrap_or("HOST");
        match self.user.as_deref().filter(|user| is_plain(user)) {
            Some(user) => format!("{user}@{host}"),
            None => host.to_owned(),
        }
    }

    /// What stands in the lines for something that is not known, in a sentence; nothing when all is known.
    pub fn unknown(&self, way: Way) -> Option<&'static str> {
        match way {
            Way::Ssh if self.host.is_none() => Some("HOST is the name or address that you connect to."),
            Way::SessionManager if self.instance.is_none() => Some("INSTANCE-ID is that of this machine."),
            _ => None,
        }
    }

    /// That what is in memory may reach a disk, in a sentence; nothing where it cannot.
    pub fn swap_warning(&self) -> Option<String> {
        let first = self.swap.first()?;
        Some(format!(
            "Swap is on ({}): what is kept in memory, this report too, may be written to that disk. `swapoff -a` before, \
             and see that it is not published.",
            crate::image::text::path(first)
        ))
    }
}

/// The address of ours that a machine at `from` reaches us by: the one its connection came to, unless an address
/// translation stands between them, as at the border of a VPC, where only the outer one is of use.
fn known_outside(reached: IpAddr, from: Option<IpAddr>) -> Option<String> {
    let is_near = from.is_some_and(is_inner);
    (!is_inner(reached) || is_near).then(|| reached.to_string())
}

/// Whether an address means something only within some network (RFC 1918, 3927, 4193, 4291, 6598).
fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// How to call this program where `sudo` sets the path of commands: by name where every such path has it, else by path.
fn program() -> String {
    const EVERYWHERE: [&str; 4] = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
    let Ok(path) = std::env::current_exe() else { return "seaworthy".into() };
    let is_everywhere = path.parent().is_some_and(|parent| EVERYWHERE.iter().any(|one| parent == Path::new(one)));
    let shown = if is_everywhere { path.file_name().map(PathBuf::from) } else { Some(path) };
    // A path that a shell would read differently, or that is gone (` (deleted)`), is of no use on a line to paste.
    let plain = shown.and_then(|path| path.to_str().filter(|path| is_plain(path)).map(str::to_owned));
    plain.unwrap_or_else(|| "seaworthy".into())
}

/// Whether no shell sees anything but itself in `word`.
fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with('-')
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte))
}

#[cfg(test)]
mod tests;
