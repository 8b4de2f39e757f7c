//! IMG-06: the volumes that come from snapshots have at most 5 TB together.
//!
//! The EC2 API counts in GiB, AWS Marketplace writes TB and does not say which it means: 5 TB are 4,656 GiB, 5 TiB are
//! 5,120.

use crate::check::kinds::ami::{not_described, not_whole, said};
use crate::check::{Context, Finding, Status};
use crate::image::Error;
use crate::image::ami::Ami;

/// 5 · 10¹² bytes in whole GiB.
const TERABYTES: u64 = 5_000_000_000_000 >> 30;
/// 5 · 2⁴⁰ bytes in GiB.
const TEBIBYTES: u64 = 5 << 10;

#[expect(clippy::unnecessary_wraps, reason = "every check of its own has the same form")]
pub(super) fn check(context: &Context) -> Result<Finding, Error> {
    Ok(match context.ami.as_deref() {
        Some(ami) => judge(ami),
        None => not_described("The image does not tell the sizes of its AMI's snapshots"),
    })
}

fn judge(ami: &Ami) -> Finding {
    let size = |ebs| ami.snapshot(ebs).and_then(|snapshot| snapshot.volume_size);
    let volumes: Vec<_> =
        ami.from_snapshots().map(|(mapping, ebs)| (mapping.name(), ebs.volume_size.or_else(|| size(ebs)))).collect();
    let seen = volumes.iter().filter_map(|(name, size)| Some(said(ami, &format!("{name} {} GiB", (*size)?))));
    if volumes.is_empty() {
        return not_whole("volumes with a SnapshotId in BlockDeviceMappings");
    }
    let sizes = volumes.iter().map(|(_, size)| *size);
    let Some(sum) = sizes.reduce(|one, other| Some(one?.saturating_add(other?))).flatten() else {
        return not_whole("VolumeSize of a volume").seen(seen);
    };
    if sum <= TERABYTES {
        Finding::new(Status::Pass, format!("The AMI's snapshots have {sum} GiB together; 5 TB are allowed."))
    } else if sum <= TEBIBYTES {
        let words = format!(
            "The AMI's snapshots have {sum} GiB together: more than 5 TB ({TERABYTES} GiB) but not more than 5 TiB, and AWS does not say which it means."
        );
        Finding::new(Status::Unknown, words)
    } else {
        Finding::new(Status::Fail, format!("The AMI's snapshots have {sum} GiB together; more than 5 TB is not taken."))
    }
    .seen(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ami::tests::with;

    #[test]
    fn the_sum_decides() {
        for (size, status) in [
            ("8", Status::Pass),
            ("4656", Status::Pass),
            ("4657", Status::Unknown),
            ("5120", Status::Unknown),
            ("5121", Status::Fail),
            ("18446744073709551615", Status::Fail),
            ("null", Status::Unknown),
        ] {
            let finding = judge(&with("\"VolumeSize\": 8", &format!("\"VolumeSize\": {size}")));
            assert_eq!(finding.status, status, "{size}: {finding:?}");
        }
        let second = r#"{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5120, "SnapshotId": "snap-2"}},"#;
        let two = with("\"BlockDeviceMappings\": [", &format!("\"BlockDeviceMappings\": [{second}"));
        assert_eq!(judge(&two).status, Status::Fail);
        let empty = with(
            "\"BlockDeviceMappings\": [",
            &format!("\"BlockDeviceMappings\": [{}", second.replace("SnapshotId", "X")),
        );
        assert_eq!(judge(&empty).status, Status::Pass);
    }
}
