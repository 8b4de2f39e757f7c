//! What waits to be done, shared by the workers, and what has been seen already.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::super::Meta;
use super::{Control, Task};

/// The stack of tasks. The walk is over when it is empty and nobody is busy.
pub(super) struct Queue<'c> {
    state: Mutex<State>,
    wake: Condvar,
    /// Workers that wait for something to do.
    idle: AtomicUsize,
    control: &'c Control,
    /// Inodes with several names, and roots of mounts.
    seen: Mutex<HashSet<(u64, u64)>>,
}

#[derive(Default)]
struct State {
    tasks: Vec<Task>,
    busy: usize,
}

/// A worker at work; dropped when it is done, or panics.
pub(super) struct Busy<'q, 'c>(&'q Queue<'c>);

impl Drop for Busy<'_, '_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.busy -= 1;
        if state.busy == 0 && state.tasks.is_empty() {
            self.0.wake.notify_all();
        }
    }
}

impl<'c> Queue<'c> {
    pub(super) fn new(control: &'c Control) -> Self {
        Self {
            state: Mutex::default(),
            wake: Condvar::new(),
            idle: AtomicUsize::new(0),
            control,
            seen: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, tasks: impl IntoIterator<Item = Task>) {
        let mut state = self.lock();
        let before = state.tasks.len();
        state.tasks.extend(tasks);
        if state.tasks.len() - before > 1 {
            self.wake.notify_all();
        } else {
            self.wake.notify_one();
        }
    }

    /// The next task; `None` when the walk is over.
    pub(super) fn pop(&self) -> Option<(Task, Busy<'_, 'c>)> {
        let mut state = self.lock();
        loop {
            if self.control.is_cancelled() {
                // Whoever waits is to see it too.
                self.wake.notify_all();
                return None;
            }
            if let Some(task) = state.tasks.pop() {
                state.busy += 1;
                return Some((task, Busy(self)));
            }
            if state.busy == 0 {
                return None;
            }
            self.idle.fetch_add(1, Ordering::Relaxed);
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            self.idle.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether a worker has nothing to do.
    pub(super) fn is_hungry(&self) -> bool {
        self.idle.load(Ordering::Relaxed) > 0
    }

    /// Whether a file has not been met under another name.
    pub(super) fn is_first(&self, meta: &Meta) -> bool {
        meta.links < 2 || self.meet(meta)
    }

    /// Whether the inode is met for the first time.
    pub(super) fn meet(&self, meta: &Meta) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert((meta.stamp.device, meta.stamp.inode))
    }
}
