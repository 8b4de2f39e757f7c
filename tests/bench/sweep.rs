//! How fast the sweep is, by what it meets: `cargo bench --bench sweep`.
//!
//! Each benchmark sweeps a root made for it, with the files in the page cache; what is measured is the sweep and nothing
//! else, but for `start`, which runs the whole program on a root without files. `SEAWORTHY_BENCH_ROOT=DIR` adds a real
//! root. How the whole program does beside other tools is measured by `compare`.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a benchmark makes its own roots and stops at the first surprise"
)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use flate2::Compression;
use flate2::write::GzEncoder;
use seaworthy::check::sweep::{Sweep, sweep};
use seaworthy::image::Image;
use seaworthy::image::walk::Control;
use tempfile::TempDir;

fn main() {
    divan::main();
}

/// The least that opens as an image.
fn root() -> TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    put(root.path(), "etc/os-release", b"ID=debian\n");
    fs::create_dir_all(root.path().join("usr/bin")).expect("a directory");
    root
}

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap_or(root)).expect("a directory");
    fs::write(path, bytes).expect("a file");
}

/// `length` bytes as in a program: many zeros, every value, no long text.
fn program(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let noise = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if state.is_multiple_of(3) { [0; 8] } else { state.to_le_bytes() }
    });
    noise.flatten().take(length).collect()
}

/// `length` bytes of `lines`, over and over.
fn text(lines: &str, length: usize) -> Vec<u8> {
    lines.bytes().cycle().take(length).collect()
}

const PROSE: &str = "# Where the service listens, and how many requests it takes at once.\nlisten = 0.0.0.0:8080\nworkers = 16\n\
    log_level = info\ncache_size = 256m\nallow = 10.0.0.0/8\n\n";

/// Lines in which every word is looked at, and nothing is found.
const WORDY: &str = "password = ${DB_PASSWORD}\napi_token: {{ token }}\nsecret_key = os.environ['SECRET_KEY']\nurl = https://host/path\n\
    passwd: files systemd\nAuthorization: Bearer $TOKEN\nregion = $REGION\nghp_ xoxb- glpat- AKIA sk_live_ eyJ\n";

fn swept(image: &Image) -> Sweep {
    sweep(image, &Control::new(), &|_| (), &|_| ())
}

/// Sweeps `root`, which holds so many files and bytes.
fn measure(bencher: Bencher<'_, '_>, root: &Path, files: usize, bytes: usize) {
    let image = Image::open(root).expect("the root opens");
    let bencher = bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(files));
    bencher.bench_local(|| swept(black_box(&image)));
}

/// One program of 128 MiB.
#[divan::bench]
fn large_binary(bencher: Bencher<'_, '_>) {
    let root = root();
    put(root.path(), "usr/lib/large.so", &program(128 << 20));
    measure(bencher, root.path(), 1, 128 << 20);
}

/// Settings of 2 KiB.
#[divan::bench(args = [1_000, 10_000])]
fn small_files(bencher: Bencher<'_, '_>, files: usize) {
    let root = root();
    let content = text(PROSE, 2 << 10);
    for number in 0..files {
        put(root.path(), &format!("etc/app/{}/{number}.conf", number / 100), &content);
    }
    measure(bencher, root.path(), files, files * (2 << 10));
}

/// Settings in which nothing is looked for, then settings full of words that are.
#[divan::bench(args = ["prose", "words"])]
fn settings(bencher: Bencher<'_, '_>, kind: &str) {
    let root = root();
    let content = text(if kind == "words" { WORDY } else { PROSE }, 1 << 20);
    for number in 0..32 {
        put(root.path(), &format!("etc/app/{number}.conf"), &content);
    }
    measure(bencher, root.path(), 32, 32 << 20);
}

/// One compressed archive that holds 32 MiB in 512 files; the bytes are those of its content.
#[divan::bench]
fn archive(bencher: Bencher<'_, '_>) {
    let root = root();
    let content = [text(PROSE, 48 << 10), program(16 << 10)].concat();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    for number in 0..512 {
        packed.write_all(&member(&format!("app/{number}.conf"), &content)).expect("memory");
    }
    packed.write_all(&[0; 1024]).expect("memory");
    put(root.path(), "srv/backup.tar.gz", &packed.finish().expect("memory"));
    measure(bencher, root.path(), 512, 32 << 20);
}

/// A file in a tar archive (pax(1), "ustar Interchange Format").
fn member(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = Vec::with_capacity(512 + content.len());
    let mut field = |text: &str, length: usize| {
        header.extend(text.bytes());
        header.extend(std::iter::repeat_n(0, length - text.len()));
    };
    field(name, 100);
    field("0000644", 8);
    field("0000000", 8);
    field("0000000", 8);
    field(&format!("{:011o}", content.len()), 12);
    field("00000000000", 12);
    field("        ", 8);
    field("0", 1);
    field("", 100);
    field("ustar", 6);
    field("00", 249);
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header.splice(148..156, format!("{sum:06o}\0 ").into_bytes());
    header.extend(content);
    header.resize(header.len().next_multiple_of(512), 0);
    header
}

/// The whole program on a root without files: reading its catalogue and its rules.
#[divan::bench]
fn start(bencher: Bencher<'_, '_>) {
    let root = root();
    bencher.bench_local(|| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
        program.args(["check", "--only", "SEC-01,SEC-04", "--root"]).arg(root.path());
        program.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program runs")
    });
}

/// The root that `SEAWORTHY_BENCH_ROOT` names.
#[divan::bench(ignore = std::env::var_os("SEAWORTHY_BENCH_ROOT").is_none())]
fn real_root(bencher: Bencher<'_, '_>) {
    let root = std::env::var_os("SEAWORTHY_BENCH_ROOT").unwrap_or_default();
    let image = Image::open(root.as_ref()).expect("the root opens");
    let swept = swept(&image);
    let [files, bytes] = [swept.files, swept.bytes].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    measure(bencher, root.as_ref(), files, bytes);
}
