//! IMG-05: no snapshot of the AMI is encrypted. A running instance does not see whether its volumes are.

use crate::check::kinds::ami::{not_described, not_whole, said};
use crate::check::{Context, Finding, Status};
use crate::image::Error;
use crate::image::ami::{Ami, Ebs};

#[expect(clippy::unnecessary_wraps, reason = "every check of its own has the same form")]
pub(super) fn check(context: &Context) -> Result<Finding, Error> {
    Ok(match context.ami.as_deref() {
        Some(ami) => judge(ami),
        None => not_described("Neither the image nor the instance tells whether the AMI's snapshots are encrypted"),
    })
}

fn judge(ami: &Ami) -> Finding {
    let volumes: Vec<_> = ami.image.volumes().map(|(mapping, ebs)| (mapping.name(), encrypted(ami, ebs))).collect();
    let seen = volumes.iter().map(|(name, encrypted)| {
        let words = match encrypted {
            Some(true) => "encrypted",
            Some(false) => "not encrypted",
            None => "not told whether encrypted",
        };
        said(ami, &format!("{name} {words}"))
    });
    let count = volumes.iter().filter(|(_, encrypted)| *encrypted == Some(true)).count();
    match count {
        _ if volumes.is_empty() => not_whole("EBS volumes in BlockDeviceMappings"),
        0 if volumes.iter().any(|(_, encrypted)| encrypted.is_none()) => not_whole("Encrypted of a volume"),
        0 => Finding::new(Status::Pass, "No volume of the AMI is encrypted."),
        1 => Finding::new(Status::Fail, "One volume of the AMI is encrypted; AWS Marketplace cannot copy it."),
        many => Finding::new(
            Status::Fail,
            format!("{many} volumes of the AMI are encrypted; AWS Marketplace cannot copy them."),
        ),
    }
    .seen(seen)
}

/// Whether the volume is encrypted, by itself or because its snapshot is. A key speaks for encryption.
pub(super) fn encrypted(ami: &Ami, ebs: &Ebs) -> Option<bool> {
    let snapshot = ami.snapshot(ebs).and_then(|snapshot| snapshot.encrypted);
    let key = ebs.kms_key_id.as_ref().map(|_| true);
    let all = [ebs.encrypted, snapshot, key];
    all.iter().flatten().copied().reduce(|one, other| one || other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ami::tests::{GOOD, ami, with};

    #[test]
    fn the_volume_the_snapshot_or_the_key_tells() {
        for (what, by, status) in [
            ("acme", "acme", Status::Pass),
            ("\"Encrypted\": false", "\"Encrypted\": true", Status::Fail),
            ("\"Encrypted\": false", "\"Encrypted\": false, \"KmsKeyId\": \"arn:aws:kms:x\"", Status::Fail),
            ("\"Encrypted\": false", "\"Encrypted\": null", Status::Unknown),
            ("BlockDeviceMappings", "Other", Status::Unknown),
        ] {
            assert_eq!(judge(&with(what, by)).status, status, "{by}");
        }
        let of = |id: &str| format!(r#"{{"Snapshots": [{{"SnapshotId": "{id}", "Encrypted": true}}]}}"#);
        assert_eq!(judge(&ami(&[GOOD, &of("snap-0aa11bb22cc33dd44")]).unwrap()).status, Status::Fail);
        assert_eq!(judge(&ami(&[GOOD, &of("snap-of-another")]).unwrap()).status, Status::Pass);
    }
}
