//! Listening sockets, from `/proc/net` (proc(5)).

use std::net::SocketAddr;

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
}

/// Every listening socket, sorted.
pub(super) fn listening() -> Result<Vec<Listener>, Error> {
    todo!("helper C")
}
