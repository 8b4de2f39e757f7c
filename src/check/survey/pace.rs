//! How long the sweep is going to take, from how fast it has been lately.

use std::time::Duration;

/// All of it, in the millionths that [`crate::image::walk::Extent::done`] counts in.
const ALL: f64 = 1e6;

/// Nothing is foretold before this: the first files say little of the rest.
const FIRST: Duration = Duration::from_secs(2);

/// How much of the past counts, in seconds.
const MEMORY: f64 = 5.0;

/// A smoothed rate.
#[derive(Debug, Default)]
pub(super) struct Pace {
    at: Duration,
    done: u32,
    /// Millionths a second.
    rate: f64,
}

impl Pace {
    /// The time left when `done` millionths took the time `at`; `None` while that cannot be told.
    pub(super) fn left(&mut self, at: Duration, done: u32) -> Option<Duration> {
        if let Some(passed) = at.checked_sub(self.at).filter(|passed| !passed.is_zero()) {
            let passed = passed.as_secs_f64();
            let rate = f64::from(done.saturating_sub(self.done)) / passed;
            // An average over everything at first, then one that forgets.
            let weight = passed / at.as_secs_f64().min(MEMORY).max(passed);
            self.rate += (rate - self.rate) * weight;
            (self.at, self.done) = (at, done.max(self.done));
        }
        let left = (ALL - f64::from(self.done)) / self.rate;
        (at >= FIRST && left > 0.0).then(|| Duration::try_from_secs_f64(left).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_steady_walk_is_foretold_exactly() {
        let mut pace = Pace::default();
        for step in 1..200_u32 {
            // 1 % a second.
            let left = pace.left(seconds(f64::from(step) * 0.1), step * 1000);
            assert_eq!(left.is_some(), step >= 20, "{step}");
            if let Some(left) = left {
                let wrong = left.as_secs_f64() - (100.0 - f64::from(step) * 0.1);
                assert!(wrong.abs() < 0.001, "{step}: {left:?}");
            }
        }
    }

    #[test]
    fn what_has_become_slower_takes_longer() {
        let mut pace = Pace::default();
        for step in 1..=100_u32 {
            pace.left(seconds(f64::from(step) * 0.1), step * 5000);
        }
        let before = pace.left(seconds(10.0), 500_000).unwrap();
        assert_eq!(before.as_secs(), 10);
        for step in 1..=300_u32 {
            pace.left(seconds(10.0 + f64::from(step) * 0.1), 500_000 + step * 500);
        }
        let after = pace.left(seconds(40.0), 650_000).unwrap().as_secs();
        assert!((60..=72).contains(&after), "{after}");
    }

    #[test]
    fn what_stands_still_or_is_exceeded_is_not_foretold() {
        let mut pace = Pace::default();
        assert_eq!(pace.left(seconds(3.0), 0), None, "nothing is done yet");
        assert_eq!(pace.left(seconds(4.0), 1_000_000), None, "there was more than was known");
        assert_eq!(pace.left(seconds(4.0), 5), None, "a step back is none");
        assert_eq!(Pace::default().left(Duration::ZERO, 0), None);
    }
}
