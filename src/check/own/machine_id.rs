//! IDN-01: machine-id(5) is empty.

use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image};

/// The file.
pub(crate) const PATH: &str = "/etc/machine-id";

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let Some(id) = image.read_text(Path::new(PATH))? else {
        return Ok(Finding::new(
            Status::Pass,
            "There is no machine id. An empty file is safer: without one the next boot counts as the very first, which sets services back to the distribution's defaults.",
        ));
    };
    Ok(match id.trim() {
        "" => Finding::new(Status::Pass, "The machine id is empty: each copy makes its own."),
        "uninitialized" => Finding::new(
            Status::Pass,
            "The machine id is `uninitialized`: each copy makes its own, and counts its first boot as the very first, which sets services back to the distribution's defaults.",
        ),
        _ => Finding::new(Status::Fail, "The image carries a machine id, which every copy would share.")
            .seen([Observation::at(PATH).line(1).text("an id is set")]),
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
    fn an_id_fails_and_none_passes() {
        assert_eq!(status(|fixture| fixture.file(PATH, "0123456789abcdef0123456789abcdef\n")), Status::Fail);
        assert_eq!(status(|fixture| fixture.file(PATH, "")), Status::Pass);
        assert_eq!(status(|fixture| fixture.file(PATH, "uninitialized\n")), Status::Pass);
        assert_eq!(status(|fixture| fixture), Status::Pass);
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        assert_eq!(status(|fixture| fixture.fifo(PATH)), Status::Unknown);
        assert_eq!(status(|fixture| fixture.directory(PATH)), Status::Unknown);
    }
}
