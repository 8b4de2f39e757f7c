//! How far the walk has come, and what went wrong.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::super::Error;
use super::{Control, ERROR_LIMIT, Extent, Progress};

/// Milliseconds between two calls of the progress callback.
const PACE: u64 = 50;

pub(super) struct Tally<'p> {
    files: AtomicU64,
    bytes: AtomicU64,
    errors: Mutex<(Vec<Error>, u64)>,
    progress: &'p (dyn Fn(Progress) + Sync),
    begun: Instant,
    control: &'p Control,
    /// How much there is; `None` once some of it cannot be told.
    extent: Mutex<Option<Extent>>,
    /// When `progress` was called last, in milliseconds since the beginning.
    told: AtomicU64,
}

impl<'p> Tally<'p> {
    pub(super) fn new(progress: &'p (dyn Fn(Progress) + Sync), control: &'p Control) -> Self {
        Self {
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            errors: Mutex::default(),
            progress,
            begun: Instant::now(),
            control,
            extent: Mutex::new(Some(Extent { files: 0, bytes: 0 })),
            told: AtomicU64::new(0),
        }
    }

    pub(super) fn add(&self, files: u64, bytes: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let told = self.told.load(Ordering::Relaxed);
        if now.saturating_sub(told) >= PACE
            && self.told.compare_exchange(told, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            (self.progress)(self.progress());
        }
    }

    fn progress(&self) -> Progress {
        Progress {
            files: self.files.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            of: *self.extent.lock().unwrap_or_else(PoisonError::into_inner),
            at_work: self.begun.elapsed().saturating_sub(self.control.paused_for()),
        }
    }

    /// The walk goes into a file system that holds this much, as far as it is known.
    pub(super) fn enter(&self, extent: Option<Extent>) {
        let mut all = self.extent.lock().unwrap_or_else(PoisonError::into_inner);
        *all = all.zip(extent).map(|(all, extent)| all.and(extent));
    }

    pub(super) fn error(&self, error: Error) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        if errors.0.len() < ERROR_LIMIT {
            errors.0.push(error);
        } else {
            errors.1 += 1;
        }
    }

    /// The end: progress is told once more.
    pub(super) fn end(self) -> (Progress, Vec<Error>, u64) {
        let progress = self.progress();
        (self.progress)(progress);
        let (mut errors, more) = self.errors.into_inner().unwrap_or_else(PoisonError::into_inner);
        errors.sort_by(|one, other| one.path.cmp(&other.path));
        (progress, errors, more)
    }
}
