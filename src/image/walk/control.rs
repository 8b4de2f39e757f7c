//! Cancels, pauses and resumes a walk from outside.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const GO: u8 = 0;
const PAUSED: u8 = 1;
const CANCELLED: u8 = 2;

/// Says to the workers of a walk whether they go on. Shared between whoever walks and whoever watches.
///
/// Cancelling is for good: neither pausing nor resuming changes anything after it.
#[derive(Debug, Default)]
pub struct Control {
    /// What `state` says, for the many who only look.
    order: AtomicU8,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    paused_at: Option<Instant>,
    /// How long it was paused before.
    paused_for: Duration,
    /// Workers that wait to be let on.
    waiting: usize,
}

impl Control {
    /// Nothing is held up.
    pub fn new() -> Self {
        Self::default()
    }

    /// To be called between two pieces of work, each a few milliseconds long: waits while the walk is paused, then says
    /// whether to go on. `false` once it is cancelled.
    pub fn pass(&self) -> bool {
        match self.order.load(Ordering::Acquire) {
            GO => true,
            CANCELLED => false,
            _ => self.wait(),
        }
    }

    fn wait(&self) -> bool {
        let mut state = self.lock();
        state.waiting += 1;
        self.changed.notify_all();
        while self.is_paused() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
        !self.is_cancelled()
    }

    /// Lets nobody pass until [`Self::resume`].
    pub fn pause(&self) {
        let mut state = self.lock();
        if self.order.compare_exchange(GO, PAUSED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            state.paused_at = Some(Instant::now());
        }
    }

    /// Lets those who wait go on.
    pub fn resume(&self) {
        let mut state = self.lock();
        if self.order.compare_exchange(PAUSED, GO, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            state.end_pause();
            self.changed.notify_all();
        }
    }

    /// Ends the walk, a paused one as well.
    pub fn cancel(&self) {
        let mut state = self.lock();
        self.order.store(CANCELLED, Ordering::Release);
        state.end_pause();
        self.changed.notify_all();
    }

    /// Whether workers wait, or will as soon as they are done with what they are at.
    pub fn is_paused(&self) -> bool {
        self.order.load(Ordering::Acquire) == PAUSED
    }

    /// Whether it is to end.
    pub fn is_cancelled(&self) -> bool {
        self.order.load(Ordering::Acquire) == CANCELLED
    }

    /// For how long it was paused so far.
    pub(super) fn paused_for(&self) -> Duration {
        let state = self.lock();
        state.paused_for + state.paused_at.map_or(Duration::ZERO, |at| at.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `count` workers wait.
    #[cfg(test)]
    pub(super) fn until_waiting(&self, count: usize) {
        let mut state = self.lock();
        while state.waiting < count {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn end_pause(&mut self) {
        self.paused_for += self.paused_at.take().map_or(Duration::ZERO, |at| at.elapsed());
    }
}
