//! Which package archives the distribution publishes, by the indexes of its repositories that apt keeps on the image
//! (deb822 paragraphs of Debian's repository format: `Size`, `SHA256`).
//!
//! dnf's caches are not read: their index is XML in one of four packings, and an rpm left in a cache is rare.

use std::io::{self, Read};
use std::path::Path;

use memchr::memmem;

use super::digests::{Content, sha256};
use super::{Error, Image};
use crate::image::archive::{self, Format};

const LISTS: &str = "/var/lib/apt/lists";

/// Who publishes: the `Origin` of the repository, in its `Release` file. Others may be the publisher of the image.
const DISTRIBUTIONS: [&str; 8] =
    ["Debian", "Debian Backports", "Ubuntu", "UbuntuESM", "UbuntuESMApps", "Raspbian", "Kali", "Devuan"];

/// The most archives remembered, twenty-four bytes each; those of a whole Debian are some 65,000.
const MOST: usize = 1_000_000;

/// What is read of an index at once; no paragraph is nearly as long.
const CHUNK: usize = 1 << 20;

/// Size and first bytes of the SHA-256 of every archive published.
#[derive(Debug, Default)]
pub struct Published {
    archives: Vec<(u64, [u8; 16])>,
}

impl Published {
    /// What the indexes on `image` say. One that cannot be read says nothing.
    pub fn read(image: &Image) -> Self {
        let mut published = Self::default();
        let entries = image.list(Path::new(LISTS)).unwrap_or_default();
        let names: Vec<&str> = entries.iter().filter_map(|entry| entry.name.to_str()).collect();
        let releases: Vec<&str> = names.iter().filter_map(|name| of_a_distribution(image, name)).collect();
        for name in names.iter().filter(|name| releases.iter().any(|release| name.starts_with(release))) {
            let is_packed = name.rsplit_once('.').is_some_and(|(name, _)| name.ends_with("_Packages"));
            if is_packed || name.ends_with("_Packages") {
                let before = published.archives.len();
                if published.add_file(image, &Path::new(LISTS).join(name), is_packed).is_none() {
                    published.archives.truncate(before);
                }
            }
        }
        published.archives.sort_unstable();
        published.archives.dedup();
        published
    }

    /// Adds what the index at `path` lists; `None` when it was not read to its end.
    fn add_file(&mut self, image: &Image, path: &Path, is_packed: bool) -> Option<()> {
        let mut file = image.open_file(path).ok()??;
        if !is_packed {
            return self.add(&mut file).ok();
        }
        let format = Format::of(&image.read_start(path, archive::HEAD as u64).ok()??)?;
        archive::members(format, file, &mut |_, index| self.add(index)).ok()
    }

    /// Adds what `index` lists.
    fn add(&mut self, index: &mut dyn Read) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        let mut kept = 0;
        loop {
            let read = match index.read(chunk.get_mut(kept..).unwrap_or_default()) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = kept + read;
            let text = chunk.get(..end).unwrap_or_default();
            // Up to the end of the last whole paragraph.
            let whole = if read == 0 { end } else { memmem::rfind(text, b"\n\n").unwrap_or(0) };
            self.add_paragraphs(text.get(..whole).unwrap_or_default());
            if read == 0 {
                return Ok(());
            }
            // What has no end is no paragraph.
            let from = if whole == 0 && end == chunk.len() { end } else { whole };
            chunk.copy_within(from..end, 0);
            kept = end - from;
        }
    }

    /// In a paragraph, the size stands before the digest.
    fn add_paragraphs(&mut self, text: &[u8]) {
        let mut before = 0;
        for at in memmem::find_iter(text, b"\nSHA256: ") {
            let paragraph = text.get(before..at).unwrap_or_default();
            let paragraph = paragraph.get(memmem::rfind(paragraph, b"\n\n").unwrap_or(0)..).unwrap_or_default();
            before = at;
            let hex = text.get(at + 9..).unwrap_or_default();
            let hex = hex.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
            let digest = super::digests::start_of_hex(hex).filter(|_| hex.len() == 64);
            if let (Some(size), Some(digest)) = (size(paragraph), digest)
                && self.archives.len() < MOST
            {
                self.archives.push((size, digest));
            }
        }
    }

    /// Whether an archive of `size` bytes is published whose content is what `content` hands over, which is asked only
    /// when one has that size.
    ///
    /// # Errors
    /// Those of `content`.
    pub fn has(&self, size: u64, content: Content<'_>) -> Result<bool, Error> {
        let first = self.archives.partition_point(|archive| archive.0 < size);
        if self.archives.get(first).is_none_or(|archive| archive.0 != size) {
            return Ok(false);
        }
        Ok(self.archives.binary_search(&(size, sha256(content)?)).is_ok())
    }
}

/// What the names of all files begin with that belong to a repository whose `Release` file is called `name`, when it is a
/// distribution's.
fn of_a_distribution<'n>(image: &Image, name: &'n str) -> Option<&'n str> {
    let start = name.strip_suffix("InRelease").or_else(|| name.strip_suffix("Release"))?;
    let head = image.read_start(&Path::new(LISTS).join(name), 4096).ok()??;
    let origin = head.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"Origin:"))?.trim_ascii();
    DISTRIBUTIONS.iter().any(|own| own.as_bytes() == origin).then_some(start)
}

fn size(paragraph: &[u8]) -> Option<u64> {
    let at = memmem::rfind(paragraph, b"\nSize: ")? + 7;
    let line = paragraph.get(at..)?.split(|byte| *byte == b'\n').next()?;
    std::str::from_utf8(line.trim_ascii()).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn has(fixture: &Fixture, bytes: &[u8]) -> bool {
        let mut content = |sink: &mut dyn FnMut(&[u8])| {
            sink(bytes);
            Ok(())
        };
        Published::read(&fixture.image()).has(bytes.len() as u64, &mut content).unwrap()
    }

    fn index(size: usize) -> String {
        format!("Package: a\nSize: {size}\nMD5sum: 0\nSHA256: {ABC}\n\nPackage: b\nSize: 9\nSHA256: {ABC}\n")
    }

    #[test]
    fn an_archive_is_published_by_its_size_and_digest() {
        let fixture = Fixture::debian();
        fixture
            .file("/var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_InRelease", "-----\n\nOrigin: Debian\n")
            .file("/var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages", index(3));
        assert!(has(&fixture, b"abc"));
        assert!(!has(&fixture, b"abd"));
        fixture.file("/var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages", index(4));
        assert!(!has(&fixture, b"abc"), "the size is another's");
    }

    #[test]
    fn an_index_may_be_packed() {
        use std::io::Write as _;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(index(3).as_bytes()).unwrap();
        let fixture = Fixture::debian();
        fixture.file("/var/lib/apt/lists/mirror_debian_dists_bookworm_InRelease", "Origin: Debian\n").file(
            "/var/lib/apt/lists/mirror_debian_dists_bookworm_main_binary-amd64_Packages.gz",
            packer.finish().unwrap(),
        );
        assert!(has(&fixture, b"abc"));
    }

    #[test]
    fn what_others_publish_does_not_count() {
        let fixture = Fixture::debian();
        fixture
            .file("/var/lib/apt/lists/apt.acme.example_dists_stable_Release", "Origin: Acme\nSHA256: 0\n")
            .file("/var/lib/apt/lists/apt.acme.example_dists_stable_main_binary-amd64_Packages", index(3))
            .file("/var/lib/apt/lists/mirror_dists_stable_main_binary-amd64_Packages", index(3));
        assert!(!has(&fixture, b"abc"));
    }

    #[test]
    fn paragraphs_are_found_wherever_a_chunk_ends() {
        let mut published = Published::default();
        let filler = format!("Package: x\nDescription: {}\n\n", "y".repeat(1000)).repeat(3000);
        let text = format!("{filler}{}{filler}{}", index(3), "z".repeat(3 * CHUNK));
        published.add(&mut text.as_bytes()).unwrap();
        assert_eq!(published.archives.len(), 2);
    }
}
