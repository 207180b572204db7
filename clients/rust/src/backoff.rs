//! When to connect again.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Counts attempts that came to nothing, and spaces out the next ones.
#[derive(Default)]
pub(crate) struct Backoff {
    fruitless: u32,
    not_before: Option<Instant>,
}

impl Backoff {
    /// When the next attempt is due; none if at once.
    pub(crate) fn not_before(&self) -> Option<Instant> {
        self.not_before
    }

    /// Connecting failed.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.fruitless = self.fruitless.max(1);
        self.pause(now);
    }

    /// A connection ended. After one that answered, or the first that did not, the next attempt is made at once.
    pub(crate) fn ended(&mut self, has_answered: bool, now: Instant) {
        if has_answered {
            *self = Backoff::default();
        } else {
            self.pause(now);
        }
    }

    /// Something was answered.
    pub(crate) fn answered(&mut self) {
        *self = Backoff::default();
    }

    fn pause(&mut self, now: Instant) {
        let doublings = self.fruitless.saturating_sub(1).min(10);
        let pause = (FIRST_PAUSE * 2u32.pow(doublings)).min(LONGEST_PAUSE);
        self.not_before = match self.fruitless {
            0 => None,
            _ => Some(now + pause + random_part(pause)),
        };
        self.fruitless += 1;
    }
}

/// Up to a quarter of the pause, so that those who lost the same daemon do not come back at the same moment.
fn random_part(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() % 1024;
    pause * (random as u32) / 4096
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses of so many failures in a row, without their random parts.
    fn pauses(backoff: &mut Backoff, now: Instant, count: usize) -> Vec<u128> {
        let mut pauses = Vec::new();
        for _ in 0..count {
            backoff.failed(now);
            let pause = (backoff.not_before().unwrap() - now).as_millis();
            let whole = [50, 100, 200, 400, 800, 1000].into_iter().rev().find(|&whole| pause >= whole).unwrap();
            assert!(pause <= whole + whole / 4, "{} ms", pause);
            pauses.push(whole);
        }
        pauses
    }

    #[test]
    fn pauses_double_up_to_a_second() {
        let pauses = pauses(&mut Backoff::default(), Instant::now(), 8);
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1000, 1000, 1000]);
    }

    #[test]
    fn the_first_connection_that_ends_is_replaced_at_once() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        backoff.ended(false, now);
        assert_eq!(backoff.not_before(), None);
        backoff.ended(false, now);
        assert!(backoff.not_before().unwrap() >= now + FIRST_PAUSE);
        assert_eq!(pauses(&mut backoff, now, 1), [100]);
    }

    #[test]
    fn an_answer_forgets_the_failures() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        pauses(&mut backoff, now, 5);
        backoff.answered();
        assert_eq!(backoff.not_before(), None);
        assert_eq!(pauses(&mut backoff, now, 1), [50]);
    }
}
