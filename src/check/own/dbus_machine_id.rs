//! IDN-02: D-Bus has no machine id of its own: systemd would take it for an empty machine-id(5).

use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image, Kind};

/// The file.
pub(crate) const PATH: &str = "/var/lib/dbus/machine-id";

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let path = Path::new(PATH);
    let Some(meta) = image.lstat(path)? else {
        return Ok(Finding::new(Status::Pass, "D-Bus keeps no machine id of its own."));
    };
    if meta.kind == Kind::Symlink {
        let real = image.real_path(path)?;
        return Ok(if real == Path::new(super::machine_id::PATH) {
            Finding::new(Status::Pass, "D-Bus takes its machine id from /etc/machine-id.")
        } else {
            Finding::new(Status::Fail, "D-Bus takes its machine id from another file than /etc/machine-id.")
                .seen([Observation::at(PATH).text(format!("links to {}", crate::image::text::path(&real)))])
        });
    }
    Ok(match image.read_text(path)? {
        Some(id) if !id.trim().is_empty() => {
            Finding::new(Status::Fail, "D-Bus keeps a machine id of its own, which systemd would give to every copy.")
                .seen([Observation::at(PATH).line(1).text("an id is set")])
        }
        _ => Finding::new(Status::Pass, "The machine id of D-Bus is empty."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    fn status(prepare: impl Fn(&Fixture) -> &Fixture) -> Status {
        let fixture = Fixture::debian();
        prepare(&fixture);
        check(&fixture.image()).map_or(Status::Unknown, |finding| finding.status)
    }

    #[test]
    fn a_copy_fails_and_a_link_passes() {
        assert_eq!(status(|fixture| fixture.file(PATH, "0123456789abcdef0123456789abcdef\n")), Status::Fail);
        assert_eq!(status(|fixture| fixture.file(PATH, "")), Status::Pass);
        assert_eq!(status(|fixture| fixture.link(PATH, "/etc/machine-id")), Status::Pass);
        assert_eq!(status(|fixture| fixture.link(PATH, "../../../etc/machine-id")), Status::Pass);
        assert_eq!(status(|fixture| fixture.link(PATH, "/etc/hostname")), Status::Fail);
        assert_eq!(status(|fixture| fixture), Status::Pass);
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        assert_eq!(status(|fixture| fixture.fifo(PATH)), Status::Unknown);
    }
}
