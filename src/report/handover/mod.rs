//! How a report leaves the machine it was made on: it is kept in memory, and handed out as it is or as text between
//! markers, by a line to paste on the publisher's own machine. Its digest is shown so that people can compare it.
//!
//! Whatever is handed out is the one report that is kept, so that its digest is the one that was shown. Nothing here
//! writes to the image.

mod armour;
mod kept;
pub mod qr;
mod route;

pub use armour::armoured;
pub use kept::{Kept, keep};
pub use route::{Commands, Here, WAYS, Way};

/// A digest in its groups ([`grouped`](super::view::grouped)), four of the eight in a row: as people read it to each other.
pub fn in_rows(digest: &str) -> Vec<String> {
    let groups = super::view::grouped(digest);
    groups.split(' ').collect::<Vec<_>>().chunks(4).map(|row| row.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_two_rows_of_four_groups() {
        let rows = in_rows("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
        assert_eq!(rows, ["9f86d081 884c7d65 9a2feaa0 c55ad015", "a3bf4f1b 2b0b822c d15d6c15 b0f00a08"]);
        // What the seal asks for is one of them.
        assert_eq!(rows[0].find(' '), Some(crate::change::seal::DIGEST_CHARS));
    }
}
