//! How the program is linked, whatever flags it is built with: the one static file must stay small.
#![expect(clippy::disallowed_methods, reason = "how a build script answers")]

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=src/build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|list| list.split(',').any(|one| one == value));
    // Only the static program brings the C library that reads packed relocations along; others run with any.
    if is("CARGO_CFG_TARGET_FEATURE", "crt-static") && is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        println!("cargo:rustc-link-arg-bins=-Wl,--icf=all");
    }
}
