//! The file of a run that holds every content its moves speak of, old and new; synced before the first write.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::run::{Held, HeldBody, Links, Raw, hex};
use super::state::{State, disk_error, new_file};
use crate::image::write::sparse::Holes;
use crate::image::write::{Seen, Shape, fault, look};
use crate::image::{Body, Error, Image, Node};

/// The contents of a run that is being prepared.
#[derive(Debug)]
pub(super) struct Contents {
    file: File,
    path: PathBuf,
    run: String,
    length: u64,
    /// Contents that are held already, here or in an earlier run, by digest.
    known: HashMap<String, HeldBody>,
}

impl Contents {
    pub(super) fn create(state: &State, run: &str) -> Result<Self, Error> {
        let path = state.run_directory(run).join("contents");
        let file = new_file(&path)?;
        Ok(Self { file, path, run: run.to_owned(), length: 0, known: HashMap::new() })
    }

    /// A content that an earlier run holds need not be held again.
    pub(super) fn know(&mut self, body: &HeldBody) {
        if let HeldBody::File { sha256, .. } = body {
            self.known.entry(sha256.clone()).or_insert_with(|| body.clone());
        }
    }

    /// Holds what is at `path` now, with everything that belongs to it; `None`: nothing is there.
    pub(super) fn hold(&mut self, image: &Image, path: &Path) -> Result<Option<(Held, Seen)>, Error> {
        let Some(seen) = look(image, path, Some(&mut Holes(&self.file)))? else { return Ok(None) };
        let body = match &seen.shape {
            Shape::File { size, sha256 } => {
                let end = self.file.set_len(self.length + size);
                end.map_err(|error| disk_error("write", &self.path, &error))?;
                self.appended(*size, hex(sha256))?
            }
            Shape::Symlink(target) => HeldBody::Symlink(Raw::path(target)),
            Shape::Directory => HeldBody::Directory,
        };
        let xattrs = seen.xattrs.iter().map(|(name, value)| (Raw::path(Path::new(name)), value.clone())).collect();
        let is_file = matches!(body, HeldBody::File { .. });
        let held = Held {
            body,
            mode: seen.mode,
            uid: seen.uid,
            gid: seen.gid,
            xattrs: Some(xattrs),
            times: Some(seen.times),
            links: is_file.then(|| Links { inode: seen.stamp.inode, others: Vec::new() }),
            is_sparse: seen.is_sparse,
            stamp: Some(seen.stamp),
        };
        Ok(Some((held, seen)))
    }

    /// Holds a content that is in memory.
    pub(super) fn hold_bytes(&mut self, bytes: &[u8]) -> Result<HeldBody, Error> {
        self.file.write_all(bytes).map_err(|error| disk_error("write", &self.path, &error))?;
        let sha256 = hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
        self.appended(bytes.len() as u64, sha256)
    }

    /// Holds `node` as it is planned. `None` when its content is in no memory: such a file is never written.
    pub(super) fn hold_node(&mut self, node: &Node) -> Result<Option<Held>, Error> {
        let (body, mode, uid, gid) = match node {
            Node::File(file) => match &file.body {
                Body::Bytes(bytes) => (self.hold_bytes(bytes)?, file.mode, file.uid, file.gid),
                Body::OnDisk { .. } => return Ok(None),
            },
            Node::Symlink { target, uid, gid } => (HeldBody::Symlink(Raw::path(target)), 0o777, *uid, *gid),
            Node::Directory { mode, uid, gid } => (HeldBody::Directory, *mode, *uid, *gid),
        };
        Ok(Some(Held { body, mode, uid, gid, xattrs: None, times: None, links: None, is_sparse: false, stamp: None }))
    }

    /// The last `size` bytes written are a content with this digest; they are cut off again when it is held already.
    fn appended(&mut self, size: u64, sha256: String) -> Result<HeldBody, Error> {
        if let Some(body) = self.known.get(&sha256) {
            let back = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::End(0)));
            back.map_err(|error| disk_error("write", &self.path, &error))?;
            return Ok(body.clone());
        }
        let body = HeldBody::File { size, sha256: sha256.clone(), run: self.run.clone(), at: self.length };
        self.length += size;
        self.known.insert(sha256, body.clone());
        Ok(body)
    }

    /// Everything held is on the disk.
    pub(super) fn sync(&self) -> Result<(), Error> {
        let synced = fault::point().map_err(std::io::Error::from).and_then(|()| self.file.sync_all());
        synced.map_err(|error| disk_error("sync", &self.path, &error))
    }
}
