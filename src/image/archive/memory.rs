//! Memory for the windows of decoders, shared by everybody who unpacks at the same time.

use std::sync::{Condvar, Mutex, PoisonError};

use super::Stop;

/// What all decoders together may take: 32 MiB.
pub(super) const MEMORY: u64 = 32 << 20;

static FREE: Mutex<u64> = Mutex::new(MEMORY);
static GIVEN_BACK: Condvar = Condvar::new();

/// Memory that somebody has; given back when it is dropped. Whoever holds some never waits for more.
#[derive(Debug)]
pub(super) struct Held(u64);

/// Waits until `amount` bytes are free.
///
/// # Errors
/// When that is more than there is.
pub(super) fn hold(amount: u64) -> Result<Held, Stop> {
    if amount > MEMORY {
        return Err(Stop::Memory);
    }
    if amount > 0 {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        while *free < amount {
            free = GIVEN_BACK.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= amount;
    }
    Ok(Held(amount))
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.0 > 0 {
            *FREE.lock().unwrap_or_else(PoisonError::into_inner) += self.0;
            GIVEN_BACK.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_too_little_waits_until_another_is_done() {
        let most = hold(MEMORY).unwrap();
        let waiting = std::thread::spawn(|| hold(1 << 20).unwrap().0);
        drop(most);
        assert_eq!(waiting.join().unwrap(), 1 << 20);
        assert!(matches!(hold(MEMORY + 1), Err(Stop::Memory)));
    }
}
