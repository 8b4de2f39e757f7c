//! LOG-02: empties login records, removes their databases.

use crate::change::Remedy;
use crate::check::own::login_records::filled;
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    super::logs::changes(image, filled(image)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::own::tests::after;
    use crate::image::fixture::Fixture;

    #[test]
    fn records_are_emptied() {
        let fixture = Fixture::debian();
        fixture.file("/var/log/wtmp", "x").file("/var/log/btmp.1", "x").file("/var/lib/lastlog/lastlog2.db", "SQLite");
        let draft = after(&fixture.image(), &remedy(&fixture.image()).unwrap());
        assert_eq!(filled(&draft).unwrap(), []);
    }
}
