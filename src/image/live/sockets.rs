//! Listening sockets, from `/proc/net` (proc(5)), and the programs that hold them, from `/proc/PID/fd`.

#![expect(
    clippy::disallowed_methods,
    reason = "the door to /proc of the running machine, which is no part of the image"
)]

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::image::Error;

/// One listening socket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listener {
    /// `tcp` or `udp`.
    pub protocol: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// The program that holds it, where this user may see it.
    pub program: Option<String>,
    /// The systemd unit the program runs in, where that can be seen.
    pub unit: Option<String>,
}

/// Who holds a socket.
#[derive(Debug, Clone)]
struct Holder {
    program: String,
    unit: Option<String>,
}

/// Every listening socket, sorted.
pub(super) fn listening() -> Result<Vec<Listener>, Error> {
    listening_in(Path::new("/proc"))
}

fn listening_in(proc: &Path) -> Result<Vec<Listener>, Error> {
    let programs = programs(proc);
    let mut listeners = Vec::new();
    for (file, protocol) in [("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp")] {
        let path = proc.join("net").join(file);
        let table = match fs::read_to_string(&path) {
            Ok(table) => table,
            // A kernel without IPv6 has no such table.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && file.ends_with('6') => continue,
            Err(error) => {
                let errno = nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0));
                return Err(Error::io("read", path, errno));
            }
        };
        listeners.extend(table.lines().skip(1).filter_map(|line| listener(line, protocol)).map(|(address, inode)| {
            Listener {
                protocol,
                address,
                program: programs.get(&inode).map(|holder| holder.program.clone()),
                unit: programs.get(&inode).and_then(|holder| holder.unit.clone()),
            }
        }));
    }
    listeners.sort();
    listeners.dedup();
    Ok(listeners)
}

/// Address and inode of a line of the table, when the socket listens: TCP in state LISTEN (0A); UDP not connected,
/// which the kernel calls CLOSE (07).
fn listener(line: &str, protocol: &str) -> Option<(SocketAddr, u64)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, local, _, state, _, _, _, _, _, inode, ..] = fields.as_slice() else { return None };
    let listens = if protocol == "tcp" { "0A" } else { "07" };
    (*state == listens).then_some(())?;
    Some((address(local)?, inode.parse().ok()?))
}

/// `0100007F:0016`: the address as words in the byte order of the machine, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?))
        }
        _ => return None,
    };
    Some(SocketAddr::new(address, u16::from_str_radix(port, 16).ok()?))
}

/// A program that holds each socket, by the socket's inode; only processes this user may look into.
fn programs(proc: &Path) -> HashMap<u64, Holder> {
    let mut programs = HashMap::new();
    let Ok(processes) = fs::read_dir(proc) else { return programs };
    for process in processes.flatten() {
        if !process.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        let mut holder = None;
        for file in files.flatten() {
            let Some(inode) = fs::read_link(file.path()).ok().and_then(|target| socket_inode(&target)) else {
                continue;
            };
            let holder = holder.get_or_insert_with(|| {
                let name = fs::read(process.path().join("comm")).unwrap_or_default();
                let program = String::from_utf8_lossy(name.trim_ascii_end()).into_owned();
                let cgroup = fs::read(process.path().join("cgroup")).unwrap_or_default();
                Holder { program, unit: unit(&String::from_utf8_lossy(&cgroup)) }
            });
            // Of a socket that systemd passed on, the service counts, not the one who waited for it.
            let known = programs.entry(inode).or_insert_with(|| holder.clone());
            if known.unit.as_deref() == Some("init.scope") {
                known.clone_from(holder);
            }
        }
    }
    programs
}

/// The unit in `/proc/PID/cgroup` (cgroups(7)): the last component that is a unit's name.
pub(super) fn unit(cgroup: &str) -> Option<String> {
    let path = cgroup.lines().find_map(|line| {
        line.strip_prefix("0::").or_else(|| line.split_once(":name=systemd:").map(|(_, path)| path))
    })?;
    let is_unit = |name: &&str| [".service", ".scope", ".socket"].iter().any(|suffix| name.ends_with(suffix));
    path.split('/').rfind(is_unit).map(str::to_owned)
}

/// The ends of a connection, as this machine sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    /// This machine's.
    pub(super) own: SocketAddr,
    /// The other side's.
    pub(super) peer: SocketAddr,
}

/// The first connection among the open files (their links, as `/proc/PID/fd` has them).
pub(super) fn connection(proc: &Path, files: &[PathBuf]) -> Option<Ends> {
    let own: Vec<u64> = files.iter().filter_map(|target| socket_inode(target)).collect();
    let end = |text: &str| address(text).map(|end| SocketAddr::new(end.ip().to_canonical(), end.port()));
    ["tcp", "tcp6"].iter().find_map(|file| {
        let table = fs::read_to_string(proc.join("net").join(file)).ok()?;
        table.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, "01", _, _, _, _, _, inode, ..] = fields.as_slice() else { return None };
            let is_own = own.contains(&inode.parse().ok()?);
            is_own.then(|| Some(Ends { own: end(local)?, peer: end(remote)? })).flatten()
        })
    })
}

fn socket_inode(target: &Path) -> Option<u64> {
    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    #[test]
    fn addresses_are_in_the_order_of_the_machine() {
        let local = if cfg!(target_endian = "little") { "0100007F:0016" } else { "7F000001:0016" };
        assert_eq!(address(local), Some("127.0.0.1:22".parse().unwrap()));
        assert_eq!(address("00000000000000000000000000000000:1F90"), Some("[::]:8080".parse().unwrap()));
        assert_eq!(address("0100007F"), None);
        assert_eq!(address("01é0007F:0016"), None);
    }

    #[test]
    fn only_what_listens_counts() {
        let line =
            |state| format!("  0: 0100007F:0016 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 42 1");
        assert!(listener(&line("0A"), "tcp").is_some_and(|(_, inode)| inode == 42));
        assert_eq!(listener(&line("01"), "tcp"), None);
        assert!(listener(&line("07"), "udp").is_some());
        assert_eq!(listener("0: nonsense", "tcp"), None);
    }

    #[test]
    fn the_unit_is_the_last_in_the_control_group() {
        assert_eq!(unit("0::/system.slice/nginx.service\n").as_deref(), Some("nginx.service"));
        let nested = "12:pids:/x\n1:name=systemd:/system.slice/docker.service/payload\n";
        assert_eq!(unit(nested).as_deref(), Some("docker.service"));
        assert_eq!(unit("0::/\n"), None);
        assert_eq!(unit(""), None);
    }

    #[test]
    fn our_own_sockets_are_among_them() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let listeners = listening().unwrap();
        for (protocol, address) in [("tcp", tcp.local_addr().unwrap()), ("udp", udp.local_addr().unwrap())] {
            let own = listeners.iter().find(|one| one.protocol == protocol && one.address == address).unwrap();
            assert!(own.program.is_some());
        }
    }

    #[test]
    fn no_proc_is_an_error() {
        let empty = tempfile::tempdir().unwrap();
        assert!(listening_in(empty.path()).is_err());
    }
}
