//! The address that the world outside of a VPC knows an instance by (EC2 user guide, "Instance metadata categories",
//! `public-ipv4`): the instance itself has only the inner one.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::{ADDRESS, LIMIT, Service};

const PUBLIC: &str = "/latest/meta-data/public-ipv4";

/// The public address; `None` for an instance without one, or where the service does not say.
pub(in crate::image::live) fn address() -> Option<Ipv4Addr> {
    address_at(ADDRESS, LIMIT)
}

fn address_at(address: SocketAddr, limit: Duration) -> Option<Ipv4Addr> {
    let service = Service { address, until: Instant::now() + limit };
    let token = service.token().ok()?;
    let answer = service.get(PUBLIC, &token).ok().filter(|answer| answer.status == 200)?;
    std::str::from_utf8(&answer.body).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::live::metadata::tests::{PATIENT, http, service};

    #[test]
    fn the_public_address_or_none() {
        for (answer, wanted) in [
            (http("200 OK", "203.0.113.7\n"), Some(Ipv4Addr::new(203, 0, 113, 7))),
            (http("200 OK", "$(reboot)"), None),
            (http("404 Not Found", ""), None),
        ] {
            let (at, _requests) = service(move |request| match request {
                _ if request.starts_with("PUT ") => http("200 OK", "token"),
                _ if request.starts_with(&format!("GET {PUBLIC} ")) => answer.clone(),
                _ => http("404 Not Found", ""),
            });
            assert_eq!(address_at(at, PATIENT), wanted);
        }
    }
}
