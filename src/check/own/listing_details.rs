//! PRD-16: what the form of a new version asks for, as far as the image tells. What it does not tell is said too: this
//! is for a person to copy and confirm.

use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image};

#[expect(clippy::unnecessary_wraps, reason = "every check of its own has the same form")]
pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let details = [
        ("operating system", system(image)),
        ("user", user(image)),
        ("scanning port", ports(image)),
        ("architecture", architecture(image)),
    ];
    let words = if details.iter().all(|(_, detail)| detail.is_some()) {
        "Compare the form of the version with these details of the image."
    } else {
        "Compare the form of the version with these details; the image does not tell all of them."
    };
    let seen = details.into_iter().map(|(name, detail)| {
        Observation::fact(format!("{name}: {}", detail.as_deref().unwrap_or("the image does not tell")))
    });
    Ok(Finding::new(Status::Attest, words).seen(seen))
}

fn system(image: &Image) -> Option<String> {
    let os = image.os().ok()?;
    let name = os.fields.get("NAME").filter(|name| !name.is_empty()).unwrap_or(&os.id);
    let detail = format!("{name} {}", os.version_id);
    Some(detail.trim().to_owned()).filter(|detail| !detail.is_empty())
}

/// Whom a buyer logs in as.
pub(super) fn user(image: &Image) -> Option<String> {
    image.cloud_init().ok()?.default_user().map(str::to_owned)
}

/// The ports of the SSH server, with commas between them.
pub(super) fn ports(image: &Image) -> Option<String> {
    let effective = image.sshd().ok()?.effective(None);
    let ports = effective.get("port").map(|setting| setting.values.join(", ")).filter(|ports| !ports.is_empty());
    Some(ports.unwrap_or_else(|| "22".to_owned()))
}

/// As Linux and as the form calls it.
fn architecture(image: &Image) -> Option<String> {
    Some(match image.arch()? {
        "x86_64" => "x86_64 (64-bit x86)".to_owned(),
        "aarch64" => "arm64 (64-bit Arm)".to_owned(),
        other => other.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn details(fixture: &Fixture) -> Vec<String> {
        let finding = judged(&fixture.image(), "PRD-16");
        assert_eq!(finding.status, Status::Attest);
        finding.observations.into_iter().filter_map(|seen| seen.text).collect()
    }

    #[test]
    fn the_form_can_be_filled_in_from_the_image() {
        let fixture = Fixture::debian();
        fixture.cloud_init("admin").openssh("9.2p1").file("/etc/ssh/sshd_config", "Port 2222\n");
        let mut header = b"\x7fELF\x02\x01\x01".to_vec();
        header.resize(18, 0);
        header.extend([183, 0]);
        fixture.file("/usr/bin/env", header);
        let wanted =
            ["operating system: debian 12", "user: admin", "scanning port: 2222", "architecture: arm64 (64-bit Arm)"];
        assert_eq!(details(&fixture), wanted);
    }

    #[test]
    fn what_the_image_does_not_tell_is_said() {
        let all = details(&Fixture::bare());
        assert_eq!(all[0], "operating system: the image does not tell");
        assert_eq!(all[1], "user: the image does not tell");
    }
}
