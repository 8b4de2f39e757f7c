//! Packs the long texts that come with the program, and says how it is linked: the one static file must stay small,
//! whatever flags it is built with.
#![expect(clippy::disallowed_methods, reason = "a build script reads the project's own files")]

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// The directories below `src` whose TOML and JSON files are packed.
const PLACES: [&str; 5] = ["catalogue", "check/sweep", "check/sweep/rules", "practice/lessons", "report/schema"];

fn main() -> Result<(), Box<dyn Error>> {
    pack(Path::new(&env::var("OUT_DIR")?))?;
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|list| list.split(',').any(|one| one == value));
    // Only the static program brings the C library that reads packed relocations along; others run with any.
    if is("CARGO_CFG_TARGET_FEATURE", "crt-static") && is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        println!("cargo:rustc-link-arg-bins=-Wl,--icf=all");
    }
    Ok(())
}

/// Writes `texts`, all of them in one deflated stream, and `texts.rs`, the name and length of each in order.
fn pack(out: &Path) -> Result<(), Box<dyn Error>> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    let mut index = String::from("[");
    for place in PLACES {
        let directory = Path::new("src").join(place);
        println!("cargo:rerun-if-changed={}", directory.display());
        let mut files: Vec<_> =
            fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Result<_, Box<dyn Error>>>()?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "toml" || extension == "json"));
        files.sort();
        for path in files {
            let text = fs::read_to_string(&path)?;
            let name = path.strip_prefix("src")?.to_str().ok_or("a name is no UTF-8")?;
            write!(index, "({name:?}, {}), ", text.len())?;
            packed.write_all(text.as_bytes())?;
        }
    }
    fs::write(out.join("texts"), packed.finish()?)?;
    fs::write(out.join("texts.rs"), index + "]")?;
    println!("cargo:rerun-if-changed=src/build.rs");
    Ok(())
}
