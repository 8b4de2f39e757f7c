//! OSL-04: the newest installed kernel runs, the next boot starts it, and no reboot is pending.

use std::cmp::Ordering;
use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image, text};

mod next_boot;

use next_boot::NextBoot;

/// Where Debian, Ubuntu and SUSE say that a reboot is due.
const DUE: [&str; 2] = ["/run/reboot-required", "/run/reboot-needed"];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let kernels = installed(image)?;
    let next = next_boot::find(image, &kernels)?;
    let Some(live) = image.live() else {
        return Ok(judge_next(&next, &kernels).seen(seen(&kernels)));
    };
    for due in DUE {
        if image.stat(Path::new(due))?.is_some() {
            let finding = Finding::new(Status::Fail, "A reboot is pending since the last update.");
            return Ok(finding.seen([Observation::at(due)]).seen(seen(&kernels)));
        }
    }
    let finding = judge_running(&live.kernel_release(), &kernels);
    let next = judge_next(&next, &kernels);
    Ok(if finding.status == Status::Pass && next.status == Status::Fail { next } else { finding }.seen(seen(&kernels)))
}

fn seen(kernels: &[String]) -> impl Iterator<Item = Observation> {
    kernels.iter().map(|kernel| Observation::at(format!("/boot/vmlinuz-{kernel}")))
}

/// Whether the kernel that runs is the newest.
fn judge_running(running: &str, kernels: &[String]) -> Finding {
    let shown = text::visible(running);
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

/// Whether the kernel that will start is the newest.
fn judge_next(next: &NextBoot, kernels: &[String]) -> Finding {
    let Some(newest) = kernels.last() else {
        return Finding::new(Status::NotApplicable, "No kernel is installed in /boot.");
    };
    let shown = text::visible(newest);
    let more = match kernels.len() {
        1 => String::new(),
        many => format!(" It is one of {many}; one is enough."),
    };
    match next {
        NextBoot::Kernel(release, said) if release != newest => {
            let summary =
                format!("The next boot starts kernel {}, but {shown} is installed too.", text::visible(release));
            Finding::new(Status::Fail, summary).seen([Observation::at(said).text(text::visible(release))])
        }
        NextBoot::Kernel(..) => {
            Finding::new(Status::Pass, format!("The next boot starts the newest kernel, {shown}.{more}"))
        }
        NextBoot::Unknown(_) if kernels.len() == 1 => {
            Finding::new(Status::Pass, format!("Only one kernel is installed, {shown}."))
        }
        NextBoot::Unknown(why) => {
            let many = kernels.len();
            Finding::new(Status::Unknown, format!("Which of {many} kernels the next boot starts is not known: {why}."))
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
pub(super) fn by_version(one: &str, other: &str) -> Ordering {
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
        assert_eq!(judge_running("6.1.0-10-amd64", &installed).status, Status::Pass);
        assert_eq!(judge_running("6.1.0-9-amd64", &installed).status, Status::Fail);
        assert_eq!(judge_running("5.4.0", &installed).status, Status::Unknown);
        assert_eq!(judge_running("5.4.0", &[]).status, Status::Unknown);
    }

    #[test]
    fn the_newest_must_be_next() {
        let (one, two) = (kernels(&["6.1.0-9-amd64"]), kernels(&["6.1.0-9-amd64", "6.1.0-10-amd64"]));
        let starts = |release: &str| NextBoot::Kernel(release.to_owned(), "/boot/grub/grub.cfg".into());
        let unclear = NextBoot::Unknown("x".to_owned());
        assert_eq!(judge_next(&starts("6.1.0-10-amd64"), &two).status, Status::Pass);
        assert_eq!(judge_next(&starts("6.1.0-9-amd64"), &two).status, Status::Fail);
        assert_eq!(judge_next(&unclear, &one).status, Status::Pass);
        assert_eq!(judge_next(&unclear, &two).status, Status::Unknown);
        assert_eq!(judge_next(&unclear, &[]).status, Status::NotApplicable);
    }

    #[test]
    fn a_pending_reboot_fails_on_a_running_machine() {
        let fixture = Fixture::debian();
        fixture.file("/run/reboot-required", "*** System restart required ***\n");
        assert_eq!(check(&fixture.image().taken_for_live()).unwrap().status, Status::Fail);
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
