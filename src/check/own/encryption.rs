//! PRD-11: what is known to listen without encryption. Whether that matters, a person judges.

use super::listeners;
use crate::check::{Finding, Status};
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let listeners = listeners::all(image)?;
    let clear: Vec<_> = listeners.iter().filter(|listener| listener.encrypted == Some(false)).collect();
    let unsure = listeners.iter().filter(|listener| listener.encrypted.is_none());
    let summary = match clear.len() {
        0 => "No listener without encryption is known. Confirm it for the product's own traffic.".to_owned(),
        1 => "One listener speaks clear text. Encrypt it, or confirm that it only redirects.".to_owned(),
        many => format!("{many} listeners speak clear text. Encrypt them, or confirm that they only redirect."),
    };
    let seen = clear.into_iter().map(|listener| listener.observation(": clear text"));
    let seen = seen.chain(unsure.map(|listener| listener.observation(": not known whether encrypted")));
    Ok(Finding::new(Status::Attest, summary).seen(seen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn clear_text_is_named() {
        let fixture = Fixture::debian();
        let unit = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n";
        fixture.file("/usr/lib/systemd/system/nginx.service", unit);
        fixture
            .link("/etc/systemd/system/multi-user.target.wants/nginx.service", "/usr/lib/systemd/system/nginx.service");
        fixture.file("/etc/nginx/nginx.conf", "listen 80;\nlisten 443 ssl;\n");
        let finding = check(&fixture.image()).unwrap();
        assert_eq!(finding.status, Status::Attest);
        assert_eq!(finding.observations[0].text.as_deref(), Some("tcp 80 (nginx): clear text"));
        assert_eq!(finding.observations.len(), 1);
    }
}
