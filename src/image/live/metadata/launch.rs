//! The public key that an instance was launched with (EC2 user guide, "Instance metadata categories", `public-keys/`).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{ADDRESS, LIMIT, Service};

const KEY: &str = "/latest/meta-data/public-keys/0/openssh-key";

/// The lines of the launch key; none for an instance that was launched without one.
///
/// # Errors
/// Why it is not known, as a clause.
pub(in crate::image::live) fn keys() -> Result<Vec<String>, String> {
    keys_at(ADDRESS, LIMIT)
}

fn keys_at(address: SocketAddr, limit: Duration) -> Result<Vec<String>, String> {
    let service = Service { address, until: Instant::now() + limit };
    let token = service.token()?;
    let answer = service.get(KEY, &token)?;
    match answer.status {
        200 => Ok(String::from_utf8_lossy(&answer.body).lines().map(str::to_owned).collect()),
        404 => Ok(Vec::new()),
        other => Err(format!("the metadata service answered {other} when asked for the launch key")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::live::metadata::tests::{PATIENT, http, service};

    #[test]
    fn the_launch_key_or_none_or_why_not() {
        for (answer, wanted) in [
            (http("200 OK", "ssh-ed25519 AAAA me\n"), Ok(vec!["ssh-ed25519 AAAA me".to_owned()])),
            (http("404 Not Found", ""), Ok(Vec::new())),
            (http("500 Oops", ""), Err("the metadata service answered 500 when asked for the launch key".to_owned())),
        ] {
            let (address, _requests) = service(move |request| match request {
                _ if request.starts_with("PUT ") => http("200 OK", "token"),
                _ if request.starts_with(&format!("GET {KEY} ")) => answer.clone(),
                _ => http("404 Not Found", ""),
            });
            assert_eq!(keys_at(address, PATIENT), wanted);
        }
    }
}
