//! LOG-01 and LOG-02: empties what is written to, removes what was rotated.

use crate::change::fix::real;
use crate::change::fix::truncate::emptied;
use crate::change::{Change, Remedy};
use crate::check::own::logs::{Log, Way, filled};
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    changes(image, filled(image)?)
}

/// Not from the finding, which may leave places out: from the image itself.
pub(super) fn changes(image: &Image, logs: Vec<Log>) -> Result<Remedy, Error> {
    let mut changes = Vec::with_capacity(logs.len());
    for log in logs {
        let path = real(image, &log.path)?;
        let before = image.node(&path)?;
        let after = match log.way {
            Way::Remove => None,
            Way::Truncate => before.as_ref().and_then(emptied),
        };
        changes.push(Change::Path { path, before, after, secret: true });
    }
    Ok(Remedy::Changes(changes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::own::tests::after;
    use crate::image::Kind;
    use crate::image::fixture::Fixture;
    use std::path::Path;

    #[test]
    fn logs_are_emptied_and_directories_stay() {
        let fixture = Fixture::debian();
        fixture.file("/var/log/syslog", "x").mode("/var/log/syslog", 0o640).file("/var/log/nginx/access.log.1", "x");
        fixture.file("/var/log/big", vec![b'x'; 3 << 20]);
        let draft = after(&fixture.image(), &remedy(&fixture.image()).unwrap());
        assert_eq!(filled(&draft).unwrap(), []);
        let meta = draft.lstat(Path::new("/var/log/syslog")).unwrap().unwrap();
        assert_eq!((meta.size, meta.mode), (0, 0o640));
        assert_eq!(draft.lstat(Path::new("/var/log/big")).unwrap().unwrap().size, 0);
        assert_eq!(draft.lstat(Path::new("/var/log/nginx/access.log.1")).unwrap(), None);
        assert_eq!(draft.lstat(Path::new("/var/log/nginx")).unwrap().unwrap().kind, Kind::Directory);
    }
}
