//! Nothing is at any of these places.

use crate::check::{Finding, Status, places};
use crate::image::{Error, Image, Kind};

pub(in crate::check) fn check(
    image: &Image,
    paths: &[String],
    except: &[String],
    empty_is_fine: bool,
) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    for path in places::matching(image, paths, except)? {
        let Some(meta) = image.lstat(&path)? else { continue };
        if empty_is_fine && meta.kind == Kind::File && meta.size == 0 {
            continue;
        }
        seen.extend(places::observed(image, &path)?);
    }
    Ok(match seen.len() {
        0 => Finding::new(Status::Pass, "Nothing of the kind is on the image."),
        1 => Finding::new(Status::Fail, "One file or directory that must not be published is on the image."),
        many => Finding::new(
            Status::Fail,
            format!("{many} files or directories that must not be published are on the image."),
        ),
    }
    .seen(seen))
}
