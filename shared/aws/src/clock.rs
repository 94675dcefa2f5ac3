//! The real clock, the real generator of random bytes, and waiting.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tocsin_ports::{Clock, Entropy, Pause};

use crate::Aws;

impl Clock for Aws {
    fn now(&self) -> Timestamp {
        now()
    }
}

impl Entropy for Aws {
    /// Panics when the system has no random bytes: keys and salts out of anything else would be worthless.
    fn random(&self) -> [u8; 32] {
        random()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

impl Pause for Aws {
    async fn pause(&self, time: SignedDuration) {
        tokio::time::sleep(time.unsigned_abs()).await;
    }
}

/// Waits before another try of something busy: not at all before the first one (0), then a random part of 50 ms,
/// of 100 ms, and so on up to 400 ms.
pub(crate) async fn pause(before_try: u32) {
    let Some(doublings) = before_try.checked_sub(1) else {
        return;
    };
    let longest = Duration::from_millis(50 << doublings.min(3));
    let [part] = random();
    tokio::time::sleep(longest.mul_f64(f64::from(part) / 255.0)).await;
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes,
        Err(error) => panic!("the system has no random bytes: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_draws_are_alike() {
        assert_ne!(random::<32>(), random::<32>());
        assert_ne!(random::<32>(), [0; 32]);
    }
}
