//! IMG-19: the AMI has no volumes that nobody meant to publish, and none that stays behind.

use crate::check::kinds::ami::{not_described, not_whole, said};
use crate::check::{Context, Finding, Status};
use crate::image::Error;
use crate::image::ami::{Ami, Ebs, Mapping};

#[expect(clippy::unnecessary_wraps, reason = "every check of its own has the same form")]
pub(super) fn check(context: &Context) -> Result<Finding, Error> {
    Ok(match context.ami.as_deref() {
        Some(ami) => judge(ami),
        None => not_described("The image does not tell which volumes its AMI has"),
    })
}

fn judge(ami: &Ami) -> Finding {
    let volumes: Vec<_> = ami.image.volumes().collect();
    let Some(root) = ami.image.root_device_name.as_deref() else { return not_whole("RootDeviceName") };
    let is_root = |mapping: &Mapping| mapping.device_name.as_deref() == Some(root);
    if !volumes.iter().any(|(mapping, _)| is_root(mapping)) {
        return not_whole("the root device in BlockDeviceMappings");
    }
    let seen = volumes.iter().map(|(mapping, ebs)| said(ami, &describe(mapping, ebs)));
    let stays = volumes.iter().find(|(mapping, ebs)| is_root(mapping) && ebs.delete_on_termination == Some(false));
    let filled = volumes.iter().filter(|(mapping, ebs)| !is_root(mapping) && ebs.snapshot_id.is_some()).count();
    if stays.is_some() {
        let words = "The root volume stays when a buyer terminates the instance, and goes on costing: set DeleteOnTermination.";
        Finding::new(Status::Fail, words)
    } else if filled > 0 {
        let volumes = if filled == 1 { "One volume beside the root is" } else { "Volumes beside the root are" };
        let words = format!("{volumes} filled from a snapshot; what is on it was not looked at here. Check it with --root, and confirm that it is meant to be published.");
        Finding::new(Status::Attest, words)
    } else {
        Finding::new(Status::Pass, "No volume but the root is filled from a snapshot.")
    }
    .seen(seen)
}

fn describe(mapping: &Mapping, ebs: &Ebs) -> String {
    let size = ebs.volume_size.map_or_else(|| "size not told".to_owned(), |size| format!("{size} GiB"));
    let from = ebs.snapshot_id.as_deref().map_or_else(|| "empty".to_owned(), |id| format!("from {id}"));
    let end = match ebs.delete_on_termination {
        Some(false) => ", stays when the instance is terminated",
        _ => "",
    };
    format!("{} {size} {from}{end}", mapping.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ami::tests::with;

    #[test]
    fn filled_volumes_are_for_a_person_and_a_root_that_stays_fails() {
        let more = |ebs: &str| format!("\"BlockDeviceMappings\": [{{\"DeviceName\": \"/dev/sdf\", \"Ebs\": {ebs}}},");
        let mappings = "\"BlockDeviceMappings\": [";
        for (what, by, status) in [
            ("acme", "acme".to_owned(), Status::Pass),
            (mappings, more(r#"{"VolumeSize": 100}"#), Status::Pass),
            (mappings, more(r#"{"VolumeSize": 100, "SnapshotId": "snap-2"}"#), Status::Attest),
            (mappings, more("null"), Status::Pass),
            ("\"DeleteOnTermination\": true", "\"DeleteOnTermination\": false".to_owned(), Status::Fail),
            ("\"RootDeviceName\": \"/dev/xvda\"", "\"RootDeviceName\": \"/dev/sda1\"".to_owned(), Status::Unknown),
            ("\"RootDeviceName\"", "\"Other\"".to_owned(), Status::Unknown),
        ] {
            let finding = judge(&with(what, &by));
            assert_eq!(finding.status, status, "{by}: {finding:?}");
        }
    }
}
