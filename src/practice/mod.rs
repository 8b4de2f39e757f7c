//! Throw-away practice images, full of realistic mistakes, for training.
//!
//! A lesson is data (`lessons/*.toml`): the files of a small tree that looks like a cloud image somebody worked on for a
//! week. The same program then works on it with the same checks; only the root is another. Nothing outside the
//! temporary directory is touched, and no root is needed. Keys and tokens are made anew for each image, so that none is
//! ever published with the program.
#![expect(clippy::disallowed_methods, reason = "writes the practice image into its own temporary directory")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

mod secrets;

use secrets::Secrets;

use crate::texts::text;

/// The built-in lessons: name and file.
const LESSONS: [(&str, &str); 1] = [("standard", "practice/lessons/standard.toml")];

/// One lesson as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lesson {
    /// One line for the list.
    title: String,
    /// What happened to this image before the learner meets it.
    story: String,
    /// The guidelines that the planted mistakes break.
    broken: Vec<String>,
    /// Of those, the ones whose remedy leaves something to a person.
    #[serde(default)]
    left: Vec<String>,
    file: Vec<File>,
    #[serde(default)]
    link: Vec<Link>,
    #[serde(default)]
    directory: Vec<Directory>,
}

/// A regular file; `{{…}}` in its text is replaced by a secret made for this image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    path: String,
    text: String,
    /// Octal, such as `0600`; 0644 when absent.
    #[serde(default)]
    mode: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    path: String,
    target: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Directory {
    path: String,
    #[serde(default)]
    mode: Option<String>,
}

/// A lesson as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonInfo {
    /// What to type after `seaworthy practice`.
    pub name: &'static str,
    /// One line.
    pub title: String,
    /// What happened to the image before the learner meets it.
    pub story: String,
    /// The guidelines that the planted mistakes break.
    pub broken: Vec<String>,
    /// Of those, the ones whose remedy leaves something to a person.
    pub left: Vec<String>,
}

/// Every lesson.
///
/// # Errors
/// Never in a released program: a test parses each lesson.
pub fn lessons() -> anyhow::Result<Vec<LessonInfo>> {
    LESSONS
        .iter()
        .map(|(name, file)| {
            let lesson = parse(name, text(file))?;
            Ok(LessonInfo { name, title: lesson.title, story: lesson.story, broken: lesson.broken, left: lesson.left })
        })
        .collect()
}

fn parse(name: &str, text: &str) -> anyhow::Result<Lesson> {
    toml::from_str(text).with_context(|| format!("lesson {name}"))
}

/// A practice image on disk; removed when dropped.
#[derive(Debug)]
pub struct PracticeImage {
    directory: tempfile::TempDir,
    story: String,
}

impl PracticeImage {
    /// Builds the lesson called `lesson` (the standard one for `None`) in a new temporary directory. Needs no root.
    ///
    /// # Errors
    /// When there is no such lesson, or the directory cannot be written.
    pub fn build(lesson: Option<&str>) -> anyhow::Result<Self> {
        let wanted = lesson.unwrap_or("standard");
        let Some((name, file)) = LESSONS.iter().find(|(name, _)| *name == wanted) else {
            let names: Vec<&str> = LESSONS.iter().map(|(name, _)| *name).collect();
            bail!("there is no lesson {}; there is: {}", crate::image::text::visible(wanted), names.join(", "));
        };
        let lesson = parse(name, text(file))?;
        let directory = tempfile::Builder::new()
            .prefix("seaworthy-practice-")
            .tempdir()
            .context("cannot make a temporary directory for the practice image; is TMPDIR full or read-only?")?;
        let image = Self { directory, story: lesson.story.clone() };
        image.lay_out(&lesson)?;
        Ok(image)
    }

    fn lay_out(&self, lesson: &Lesson) -> anyhow::Result<()> {
        let secrets = Secrets::new()?;
        fs::create_dir_all(self.state()).with_context(|| format!("cannot make {}", self.state().display()))?;
        for directory in &lesson.directory {
            let path = self.place(&directory.path)?;
            fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        for file in &lesson.file {
            let path = self.place(&file.path)?;
            write(&path, &secrets.fill(&file.text), mode(file.mode.as_deref(), 0o644)?)?;
        }
        for link in &lesson.link {
            let path = self.place(&link.path)?;
            symlink(&link.target, &path).with_context(|| format!("cannot make the link {}", path.display()))?;
        }
        // Modes last: a directory that nobody may write to would refuse its files.
        for directory in lesson.directory.iter().rev() {
            let path = self.place(&directory.path)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode(directory.mode.as_deref(), 0o755)?))
                .with_context(|| format!("cannot set the mode of {}", path.display()))?;
        }
        Ok(())
    }

    /// The place of `path` in the temporary directory, its parents made.
    fn place(&self, path: &str) -> anyhow::Result<PathBuf> {
        let path = self.root().join(path.trim_start_matches('/'));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        Ok(path)
    }

    /// The image's root.
    pub fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    /// Where its runs and session are kept.
    pub fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// The whole temporary directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What happened to the image before the learner meets it.
    pub fn story(&self) -> &str {
        &self.story
    }

    /// Leaves the image where it is instead of removing it; gives its root.
    pub fn keep(self) -> PathBuf {
        let root = self.root();
        let _ = self.directory.keep();
        root
    }
}

fn mode(text: Option<&str>, default: u32) -> anyhow::Result<u32> {
    text.map_or(Ok(default), |text| u32::from_str_radix(text, 8).with_context(|| format!("{text} is no octal mode")))
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(bytes).with_context(|| format!("cannot write {}", path.display()))?;
    file.set_permissions(fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the mode of {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lesson_builds_and_is_gone_afterwards() {
        for lesson in lessons().unwrap() {
            let image = PracticeImage::build(Some(lesson.name)).unwrap();
            assert!(image.root().join("etc/os-release").is_file());
            assert!(image.state().is_dir());
            let directory = image.directory().to_owned();
            drop(image);
            assert!(!directory.exists());
        }
    }

    #[test]
    fn lessons_break_guidelines_that_exist() {
        let catalogue = crate::catalogue::Catalogue::built_in().unwrap();
        for lesson in lessons().unwrap() {
            for id in &lesson.broken {
                assert!(catalogue.get(id).is_some(), "{}: {id}", lesson.name);
            }
        }
    }

    #[test]
    fn no_two_practice_images_share_a_secret() {
        let read = || {
            let image = PracticeImage::build(None).unwrap();
            fs::read(image.root().join("home/packer/.ssh/id_ed25519")).unwrap()
        };
        assert_ne!(read(), read());
    }

    #[test]
    fn an_unknown_lesson_is_refused_with_the_names_there_are() {
        let error = PracticeImage::build(Some("advanced")).unwrap_err().to_string();
        assert!(error.contains("advanced") && error.contains("standard"), "{error}");
    }
}
