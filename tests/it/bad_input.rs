//! Files that cannot be read or understood: what depends on one is unknown, names it, and never passes.
//!
//! `bad_input.toml` lists, for each kind of file, the guidelines that read it. Each file is replaced on a stock image by
//! what nobody expects there; root reads files of every mode, so a link that leads to itself stands for "no permission".

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::date;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use seaworthy::catalogue::{Catalogue, Guideline};
use seaworthy::check::sweep::Sweep;
use seaworthy::check::{Context, Finding, Status, judge};
use seaworthy::image::Image;
use serde::Deserialize;
use tempfile::TempDir;

use crate::distros::tree::Tree;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    file: Vec<Case>,
}

/// One file of one distribution.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) tree: String,
    pub(crate) path: String,
    /// The link to it that is named, where that is read first.
    #[serde(default)]
    link: Option<String>,
    /// What is put there first, where the tree has no such file.
    text: Option<String>,
    /// Damages that take nothing away.
    #[serde(default)]
    but: Vec<Damage>,
    /// The guidelines that cannot be decided when it cannot be read, or holds bytes that mean nothing.
    unknown: Vec<String>,
    /// More that cannot be decided when it holds bytes that mean nothing.
    #[serde(default)]
    garbage: Vec<String>,
}

/// What a file is replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Damage {
    Garbage,
    CutShort,
    Large,
    Fifo,
    Directory,
    Loop,
}

const DAMAGES: [Damage; 6] =
    [Damage::Garbage, Damage::CutShort, Damage::Large, Damage::Fifo, Damage::Directory, Damage::Loop];

/// Bytes that are no text and no format: a fixed sequence (xorshift).
fn garbage(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next).flatten().take(length).collect()
}

impl Damage {
    /// Puts it in the place of `file`, which holds `valid` or another damage.
    fn done_to(self, file: &Path, valid: &[u8]) {
        if fs::symlink_metadata(file).unwrap().is_dir() {
            fs::remove_dir(file).unwrap();
        } else {
            fs::remove_file(file).unwrap();
        }
        match self {
            Self::Garbage => fs::write(file, garbage(4096)).unwrap(),
            Self::CutShort => fs::write(file, &valid[..valid.len() * 2 / 5]).unwrap(),
            Self::Large => {
                fs::write(file, valid).unwrap();
                // Mostly a hole: the size counts.
                fs::OpenOptions::new().write(true).open(file).unwrap().set_len(20 << 20).unwrap();
            }
            Self::Fifo => mkfifo(file, Mode::from_bits_truncate(0o644)).unwrap(),
            Self::Directory => fs::create_dir(file).unwrap(),
            Self::Loop => symlink(file.file_name().unwrap(), file).unwrap(),
        }
    }
}

fn names(finding: &Finding, path: &str) -> bool {
    finding.summary.contains(path)
        || finding.observations.iter().any(|seen| seen.path.as_deref() == Some(Path::new(path)))
}

/// Every case.
pub(crate) fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/bad_input.toml");
    toml::from_str::<Table>(&fs::read_to_string(path).unwrap()).unwrap().file
}

impl Case {
    /// The tree on disk, and where its file is.
    pub(crate) fn laid_out(&self) -> (TempDir, PathBuf) {
        let root = Tree::read(&self.tree).laid_out();
        let file = root.path().join(self.path.trim_start_matches('/'));
        if let Some(text) = &self.text {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
        }
        (root, file)
    }

    /// The guidelines that read it.
    pub(crate) fn readers<'a>(&'a self, catalogue: &'a Catalogue) -> impl Iterator<Item = &'a Guideline> {
        let known = |id: &String| catalogue.get(id).unwrap_or_else(|| panic!("{}: no guideline {id}", self.path));
        self.unknown.iter().chain(&self.garbage).map(known)
    }

    /// What is wrong with what the readers say of `image` after `damage`, each a line.
    fn complaints(&self, damage: Damage, image: &Image, catalogue: &Catalogue) -> Vec<String> {
        let mut wrong = Vec::new();
        for guideline in self.readers(catalogue) {
            let finding = judge(image, guideline, &context());
            let place = format!("{} {} {damage:?}: {}", self.tree, self.path, guideline.id);
            if finding.summary.contains("defect of Seaworthy") {
                wrong.push(format!("{place} broke down"));
            }
            let is_due = match damage {
                // What is left may well be a valid file.
                Damage::CutShort => false,
                Damage::Garbage => true,
                _ => !self.but.contains(&damage) && self.unknown.contains(&guideline.id),
            };
            if is_due && finding.status != Status::Unknown {
                wrong.push(format!("{place} is {}: {}", finding.status.word(), finding.summary));
            } else if is_due && !names(&finding, self.link.as_ref().unwrap_or(&self.path)) {
                wrong.push(format!("{place} does not name the file: {finding:?}"));
            }
        }
        wrong
    }
}

/// A search that went through everything and found nothing, so that only the file decides.
fn context() -> Context {
    Context { sweep: Some(Arc::new(Sweep::default())), ..Context::on(date(2026, 11, 22)) }
}

#[test]
fn what_depends_on_a_file_nobody_can_read_is_unknown() {
    let catalogue = Catalogue::built_in().unwrap();
    let mut wrong = Vec::new();
    for case in cases() {
        let (root, file) = case.laid_out();
        let image = Image::open(root.path()).unwrap();
        for guideline in case.readers(&catalogue) {
            let finding = judge(&image, guideline, &context());
            if finding.status == Status::Unknown {
                wrong.push(format!(
                    "{} {}: {} is unknown anyway: {}",
                    case.tree, case.path, guideline.id, finding.summary
                ));
            }
        }
        let valid = fs::read(&file).unwrap();
        for damage in DAMAGES {
            damage.done_to(&file, &valid);
            wrong.extend(case.complaints(damage, &image.refreshed(), &catalogue));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
