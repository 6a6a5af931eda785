//! How long a download is continued that does not get ahead.

use std::time::Instant;

use crate::environment::hub_settings::Rate;

/// Number of times that one request is tried, and of tries in a row that bring a download too little.
pub(crate) const TRIES: u32 = 5;

/// Number of new bytes that a try must bring to count as one that succeeded. A server that breaks
/// every connection after fewer bytes would be asked very often.
const PROGRESS: u64 = 1 << 16;

/// The tries of one download.
pub(crate) struct Tries {
    /// Number of tries in a row that brought too little.
    failed: u32,
    /// Most bytes that the file ever had. It may have fewer now, if a server does not resume.
    furthest: u64,
}

impl Tries {
    pub(crate) fn new(done: u64) -> Self {
        Self { failed: 0, furthest: done }
    }

    /// Counts a try that broke off when the file had `done` bytes. Returns the number of tries in a
    /// row that brought too little.
    pub(crate) fn count(&mut self, done: u64) -> u32 {
        if done >= self.furthest + PROGRESS {
            self.failed = 0;
        } else {
            self.failed += 1;
        }
        self.furthest = self.furthest.max(done);
        self.failed
    }
}

/// The pace of one response.
pub(crate) struct Pace {
    slowest: Rate,
    /// Start of the current window, and the number of bytes then.
    start: (Instant, u64),
}

impl Pace {
    pub(crate) fn new(slowest: Rate, done: u64) -> Self {
        Self { slowest, start: (Instant::now(), done) }
    }

    /// Whether too few bytes arrived in the window that ends now.
    pub(crate) fn is_too_slow(&mut self, done: u64) -> bool {
        let (started, before) = self.start;
        if started.elapsed() < self.slowest.window {
            return false;
        }
        self.start = (Instant::now(), done);
        done.saturating_sub(before) < self.slowest.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_that_end_at_the_same_two_places_fail() {
        let mut tries = Tries::new(0);
        let failed: Vec<u32> = [100_000, 50_000, 100_000, 50_000, 100_000, 50_000]
            .into_iter()
            .map(|done| tries.count(done))
            .collect();
        assert_eq!(failed, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn tries_that_bring_enough_succeed_and_others_fail() {
        let mut tries = Tries::new(10);
        assert_eq!(tries.count(10 + PROGRESS), 0);
        assert_eq!(tries.count(10 + PROGRESS + 1), 1);
        assert_eq!(tries.count(10 + PROGRESS + 2), 2);
        assert_eq!(tries.count(10 + 2 * PROGRESS + 2), 0);
    }
}
