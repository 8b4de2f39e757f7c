//! Nothing is at any of these places.

use std::path::PathBuf;

use crate::check::{Finding, Status, places};
use crate::image::{Error, Image, Kind};

/// What is there, however much.
pub(crate) fn found(
    image: &Image,
    paths: &[String],
    except: &[String],
    empty_is_fine: bool,
) -> Result<Vec<PathBuf>, Error> {
    let mut found = places::matching(image, paths, except)?;
    if empty_is_fine {
        let mut kept = Vec::new();
        for path in found {
            if image.lstat(&path)?.is_some_and(|meta| meta.kind != Kind::File || meta.size > 0) {
                kept.push(path);
            }
        }
        found = kept;
    }
    Ok(found)
}

pub(in crate::check) fn check(
    image: &Image,
    paths: &[String],
    except: &[String],
    empty_is_fine: bool,
) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    for path in found(image, paths, except, empty_is_fine)? {
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
