//! OSL-04: the newest installed kernel runs, and no reboot is pending.

use std::cmp::Ordering;
use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image, text};

/// Where Debian and Ubuntu say that a reboot is due.
const DUE: &str = "/run/reboot-required";

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let kernels = installed(image)?;
    let seen = kernels.iter().map(|kernel| Observation::at(format!("/boot/vmlinuz-{kernel}")));
    let Some(live) = image.live() else {
        let summary = match kernels.len() {
            0 | 1 => "Nothing runs on a mounted image.".to_owned(),
            many => format!("Nothing runs on a mounted image; it holds {many} kernels, of which one is enough."),
        };
        return Ok(Finding::new(Status::NotApplicable, summary).seen(seen));
    };
    let due = image.stat(Path::new(DUE))?.is_some();
    Ok(judge(&live.kernel_release(), &kernels, due).seen(seen))
}

fn judge(running: &str, kernels: &[String], due: bool) -> Finding {
    let shown = text::visible(running);
    if due {
        return Finding::new(Status::Fail, "A reboot is pending since the last update.").seen([Observation::at(DUE)]);
    }
    match kernels.last() {
        None => Finding::new(Status::Unknown, format!("Kernel {shown} runs, but none is installed in /boot.")),
        Some(newest) if newest == running => {
            Finding::new(Status::Pass, format!("The newest installed kernel, {shown}, is the one that runs."))
        }
        Some(_) if !kernels.iter().any(|kernel| kernel == running) => {
            Finding::new(Status::Unknown, format!("Kernel {shown} runs, which is none of those in /boot."))
        }
        Some(newest) => {
            Finding::new(Status::Fail, format!("Kernel {shown} runs; {} is newer: reboot.", text::visible(newest)))
        }
    }
}

/// The releases of the kernels in `/boot`, oldest first. Rescue images are none.
fn installed(image: &Image) -> Result<Vec<String>, Error> {
    let mut kernels: Vec<String> = image
        .glob("/boot/vmlinuz-*")?
        .iter()
        .filter_map(|path| path.file_name()?.to_str()?.strip_prefix("vmlinuz-").map(str::to_owned))
        .filter(|release| !release.starts_with("0-rescue"))
        .collect();
    kernels.sort_by(|one, other| by_version(one, other));
    Ok(kernels)
}

/// As `sort -V` does for kernel releases: runs of digits by their value, all else by bytes.
fn by_version(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (pieces(one), pieces(other));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => {
                let (left_number, right_number) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
                let digits = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
                let order = if digits(left) && digits(right) {
                    left_number.len().cmp(&right_number.len()).then_with(|| left_number.cmp(right_number))
                } else {
                    left.cmp(right)
                };
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
    }
}

/// Runs of digits and runs of anything else.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let digit = rest.chars().next()?.is_ascii_digit();
        let end = rest.find(|letter: char| letter.is_ascii_digit() != digit).unwrap_or(rest.len());
        let (piece, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;
    use proptest::prelude::*;

    fn kernels(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_newest_must_run() {
        let installed = kernels(&["6.1.0-9-amd64", "6.1.0-10-amd64"]);
        assert_eq!(judge("6.1.0-10-amd64", &installed, false).status, Status::Pass);
        assert_eq!(judge("6.1.0-9-amd64", &installed, false).status, Status::Fail);
        assert_eq!(judge("6.1.0-10-amd64", &installed, true).status, Status::Fail);
        assert_eq!(judge("5.4.0", &installed, false).status, Status::Unknown);
        assert_eq!(judge("5.4.0", &[], false).status, Status::Unknown);
    }

    #[test]
    fn versions_are_ordered_by_value() {
        let fixture = Fixture::debian();
        for release in
            ["6.1.0-10-amd64", "6.1.0-9-amd64", "0-rescue-0123", "6.1.0-9-cloud-amd64", "5.10.237-230.949.amzn2.x86_64"]
        {
            fixture.file(&format!("/boot/vmlinuz-{release}"), "");
        }
        let expected =
            kernels(&["5.10.237-230.949.amzn2.x86_64", "6.1.0-9-amd64", "6.1.0-9-cloud-amd64", "6.1.0-10-amd64"]);
        assert_eq!(installed(&fixture.image()).unwrap(), expected);
    }

    #[test]
    fn a_mounted_image_runs_nothing() {
        assert_eq!(check(&Fixture::debian().image()).unwrap().status, Status::NotApplicable);
    }

    proptest! {
        #[test]
        fn the_order_is_one(one in "[0-9a-z.-]{0,12}", other in "[0-9a-z.-]{0,12}", third in "[0-9a-z.-]{0,12}") {
            prop_assert_eq!(by_version(&one, &other), by_version(&other, &one).reverse());
            if by_version(&one, &other).is_le() && by_version(&other, &third).is_le() {
                prop_assert!(by_version(&one, &third).is_le());
            }
        }
    }
}
