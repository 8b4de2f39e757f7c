//! What pip and conda installed: each keeps a list of its files with their digests beside them.
//!
//! pip's is `RECORD` in a package's `.dist-info` (Python packaging specifications, "Recording installed projects"),
//! conda's a JSON file in `conda-meta`. npm, gem and the others keep digests of what they downloaded, not of the files
//! that came of it, so that nothing can be said of theirs.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;

use super::digests::{Algorithm, Digests, Start, start_of_hex};
use super::{Image, Package};
use crate::image::Kind;

/// The files of every package that was installed into `directory` from an index, by their paths in the image. What came
/// from a directory or a repository of source may be the publisher's own, and is left out; so is what cannot be read.
pub(super) fn add(image: &Image, directory: &Path, packages: &mut Vec<Package>, digests: &mut Digests) {
    for entry in image.list(directory).unwrap_or_default() {
        let Some(name) = entry.name.to_str() else { continue };
        if let Some(stem) = name.strip_suffix(".dist-info") {
            record(image, directory, stem, packages, digests);
        } else if name == "conda-meta" && entry.kind == Kind::Directory {
            let place = directory.join(name);
            for entry in image.list(&place).unwrap_or_default() {
                if entry.name.as_bytes().ends_with(b".json") {
                    conda(image, directory, &place.join(entry.name), packages, digests);
                }
            }
        }
    }
}

/// `stem` is name and version of the package.
fn record(image: &Image, directory: &Path, stem: &str, packages: &mut Vec<Package>, digests: &mut Digests) {
    let place = directory.join(format!("{stem}.dist-info"));
    // Written for what did not come from an index (PEP 610).
    if !matches!(image.lstat(&place.join("direct_url.json")), Ok(None)) {
        return;
    }
    let Ok(Some(record)) = image.read(&place.join("RECORD")) else { return };
    let (name, version) = stem.split_once('-').unwrap_or((stem, ""));
    let number = packages.len();
    packages.push(package(name, version));
    for (path, digest) in record.split(|byte| *byte == b'\n').filter_map(recorded) {
        // A script or a manual page elsewhere begins with `..`, and is not looked for.
        let path = directory.join(std::ffi::OsStr::from_bytes(&path));
        digests.add_start(path.as_os_str().as_bytes(), Algorithm::Sha256, digest, number);
    }
}

/// Path and digest of a line `PATH,sha256=DIGEST,SIZE`; a path with a comma is in quotes.
fn recorded(line: &[u8]) -> Option<(Vec<u8>, Start)> {
    let mut fields = line.trim_ascii_end().rsplitn(3, |byte| *byte == b',');
    let (_, digest, path) = (fields.next()?, fields.next()?, fields.next()?);
    let digest = std::str::from_utf8(digest.strip_prefix(b"sha256=")?).ok()?;
    let mut bytes = [0; 32];
    Base64UrlUnpadded::decode(digest.trim_end_matches('='), &mut bytes).ok().filter(|decoded| decoded.len() == 32)?;
    let path = match path.strip_prefix(b"\"").and_then(|path| path.strip_suffix(b"\"")) {
        Some(quoted) => String::from_utf8_lossy(quoted).replace("\"\"", "\"").into_bytes(),
        None => path.to_vec(),
    };
    Some((path, *bytes.first_chunk()?))
}

/// What conda notes of a package.
#[derive(Deserialize)]
struct Installed {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    url: String,
    paths_data: Paths,
}

#[derive(Deserialize)]
struct Paths {
    paths: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "_path")]
    path: String,
    sha256: Option<String>,
    /// After the prefix was written into it.
    sha256_in_prefix: Option<String>,
}

fn conda(image: &Image, directory: &Path, path: &Path, packages: &mut Vec<Package>, digests: &mut Digests) {
    let Ok(Some(text)) = image.read(path) else { return };
    let Ok(installed) = serde_json::from_slice::<Installed>(&text) else { return };
    if !installed.url.starts_with("https://") {
        return;
    }
    let number = packages.len();
    packages.push(package(&installed.name, &installed.version));
    for file in installed.paths_data.paths {
        let digest = file.sha256_in_prefix.or(file.sha256);
        if let Some(digest) = digest.filter(|digest| digest.len() == 64).and_then(|hex| start_of_hex(hex.as_bytes())) {
            let path = directory.join(file.path);
            digests.add_start(path.as_os_str().as_bytes(), Algorithm::Sha256, digest, number);
        }
    }
}

fn package(name: &str, version: &str) -> Package {
    Package { name: name.to_owned(), version: version.to_owned(), arch: String::new(), vendor: String::new() }
}

#[cfg(test)]
mod tests {
    use super::super::Manifest;
    use super::*;
    use crate::image::fixture::Fixture;

    /// SHA-256 of `abc`.
    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const BASE64: &str = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";

    fn owner(fixture: &Fixture, directory: &str, path: &str, bytes: &[u8]) -> Option<String> {
        let mut content = |sink: &mut dyn FnMut(&[u8])| {
            sink(bytes);
            Ok(())
        };
        let manifest = Manifest::of_python(&fixture.image(), Path::new(directory));
        manifest.ships_file(Path::new(path), &mut content).unwrap().map(|package| package.name.clone())
    }

    #[test]
    fn what_pip_recorded_is_known_until_it_changes() {
        let fixture = Fixture::debian();
        let packages = "/opt/venv/lib/python3.11/site-packages";
        let record = format!("x/a.pem,sha256={BASE64},3\r\n\"x/b,c.pem\",sha256={BASE64},3\nx/d,,\n");
        fixture.file(&format!("{packages}/x-1.0.dist-info/RECORD"), &record);
        let known = |path: &str, bytes| owner(&fixture, packages, &format!("{packages}/{path}"), bytes);
        assert_eq!(known("x/a.pem", b"abc").as_deref(), Some("x"));
        assert_eq!(known("x/b,c.pem", b"abc").as_deref(), Some("x"));
        assert_eq!(known("x/a.pem", b"abd"), None);
        assert_eq!(known("x/d", b"abc"), None);
        fixture.file(&format!("{packages}/x-1.0.dist-info/direct_url.json"), "{\"url\": \"file:///srv/x\"}");
        assert_eq!(known("x/a.pem", b"abc"), None, "it is no package of the index");
    }

    #[test]
    fn what_conda_noted_is_known() {
        let fixture = Fixture::debian();
        let note = |url: &str| {
            format!(
                "{{\"name\": \"x\", \"url\": \"{url}\", \"paths_data\": {{\"paths\": [\
                 {{\"_path\": \"lib/a\", \"sha256\": \"0\", \"sha256_in_prefix\": \"{HEX}\"}},\
                 {{\"_path\": \"lib/b\", \"sha256\": \"{HEX}\", \"size_in_bytes\": 3}}, {{\"_path\": \"lib/c\"}}]}}}}"
            )
        };
        fixture.file("/opt/conda/conda-meta/x-1.json", note("https://conda.anaconda.org/x.conda"));
        let known = |path: &str| owner(&fixture, "/opt/conda", path, b"abc");
        assert_eq!(known("/opt/conda/lib/a").as_deref(), Some("x"));
        assert_eq!(known("/opt/conda/lib/b").as_deref(), Some("x"));
        assert_eq!(known("/opt/conda/lib/c"), None);
        fixture.file("/opt/conda/conda-meta/x-1.json", note("file:///srv/x.conda"));
        assert_eq!(known("/opt/conda/lib/a"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_line_panics(line in proptest::collection::vec(proptest::sample::select(b",\"\r=ash256a/".to_vec()), 0..80)) {
            let _ = recorded(&line);
        }
    }
}
