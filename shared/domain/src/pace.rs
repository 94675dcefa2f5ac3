//! Pace: how many messages a provider takes in a second, shared by everybody who sends through it.
//!
//! Whoever wants to send takes a turn: a span on a line of time that is as long as its messages need at the provider's
//! rate. Turns stand behind one another, so together they never ask for more than the rate, however many workers there
//! are; the turn of a worker that died passes, and is lost.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::plan::Channel;

/// For how long a worker waits for its turn. A turn that is farther away is not given.
pub const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

/// How much of the time that nobody used may be made up for: workers come a moment late. SES takes short bursts above
/// the rate: <https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html>
pub const CREDIT: SignedDuration = SignedDuration::from_millis(250);

/// How many messages one call of a provider carries: as many as may be, fewer when a call was refused for what stands
/// in it, until the message is found whose fault it is.
pub const CALL_SIZES: [usize; 3] = [crate::chunk::CHUNK_SIZE, 10, 1];

/// What has a rate of its own: the provider of one channel in one region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    pub region: String,
    pub channel: Channel,
}

impl Lane {
    /// `None` for what no provider has to take.
    pub fn of(region: &str, channel: Channel) -> Option<Self> {
        match channel {
            Channel::Email | Channel::Sms => Some(Self { region: region.to_owned(), channel }),
            // A partner is asked once a claim, and a file is no message.
            Channel::InApp | Channel::Partner | Channel::Letter => None,
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.region, self.channel.as_str())
    }
}

/// How long a provider that takes so many messages a second needs for these. A rate of 0 counts as 1.
pub fn span(messages: u64, a_second: u32) -> SignedDuration {
    let micros = messages.saturating_mul(1_000_000) / u64::from(a_second.max(1));
    SignedDuration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// How many messages the first call carries: not more than the provider takes in a second.
pub fn call_size(a_second: u32) -> usize {
    CALL_SIZES.into_iter().find(|size| *size <= a_second as usize).unwrap_or(1)
}

/// How many messages a call carries at most at a chunk's attempt of this number, counted from 1: the more often it did not
/// go through, the fewer are in doubt at once when it does not again.
pub fn call_size_at(attempt: u32) -> usize {
    let [first, second, later] = CALL_SIZES;
    match attempt {
        0 | 1 => first,
        2 => second,
        3.. => later,
    }
}

/// The next smaller call, for messages whose call was refused for what stands in it; `None` when one stood alone.
pub fn smaller_call(size: usize) -> Option<usize> {
    CALL_SIZES.into_iter().find(|smaller| *smaller < size)
}

/// The rate after a provider throttled us although we kept to what it granted.
pub fn slower(a_second: u32) -> u32 {
    (a_second - a_second / 10).min(a_second.saturating_sub(1)).max(1)
}

/// The rate for the next minute: what is granted, or a hundredth of it closer when we had to slow down.
pub fn faster(a_second: u32, granted: u32) -> u32 {
    a_second.saturating_add(granted.div_ceil(100)).min(granted)
}

/// Where a lane's next messages may be laid, within the time for which messages are laid out ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    now: Timestamp,
    /// Where the next messages go.
    pub next: Timestamp,
    until: Timestamp,
    a_second: u32,
    /// How many messages go until the day's quota is used up; `None` where there is none.
    left_today: Option<u64>,
}

impl Spread {
    /// `laid_until`: how far messages were laid before. Those that lie ahead of now count against the day's quota,
    /// for the provider has not counted them yet.
    pub fn new(
        now: Timestamp,
        ahead: SignedDuration,
        laid_until: Timestamp,
        a_second: u32,
        left_today: Option<u64>,
    ) -> Self {
        let next = laid_until.max(now);
        let under_way = next.duration_since(now).as_micros() * i128::from(a_second) / 1_000_000;
        let under_way = u64::try_from(under_way).unwrap_or(u64::MAX);
        let left_today = left_today.map(|left| left.saturating_sub(under_way));
        Self { now, next, until: now + ahead, a_second, left_today }
    }

    /// After how long from now these messages go; `None` when they do not go in this round.
    pub fn take(&mut self, messages: u64) -> Option<SignedDuration> {
        if self.next >= self.until {
            return None;
        }
        if let Some(left) = &mut self.left_today {
            *left = left.checked_sub(messages)?;
        }
        let at = self.next;
        self.next += span(messages, self.a_second);
        Some(at.duration_since(self.now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    const AHEAD: SignedDuration = SignedDuration::from_mins(2);

    #[test]
    fn the_more_often_a_chunk_did_not_go_through_the_smaller_its_calls_are() {
        assert_eq!([0, 1, 2, 3, 4, u32::MAX].map(call_size_at), [50, 50, 10, 1, 1, 1]);
    }

    #[test]
    fn calls_grow_smaller_until_one_message_stands_alone() {
        for (rate, expected) in [(0, 1), (1, 1), (9, 1), (10, 10), (14, 10), (49, 10), (50, 50), (5000, 50)] {
            assert_eq!(call_size(rate), expected, "{rate}");
        }
        for (size, expected) in [(50, Some(10)), (47, Some(10)), (10, Some(1)), (3, Some(1)), (1, None)] {
            assert_eq!(smaller_call(size), expected, "{size}");
        }
    }

    #[test]
    fn slowing_down_always_slows_and_never_stops() {
        let mut rate = 1000;
        for _ in 0..200 {
            let next = slower(rate);
            assert!(next < rate || rate == 1);
            rate = next;
        }
        assert_eq!(rate, 1);
        for _ in 0..100 {
            rate = faster(rate, 1000);
        }
        assert_eq!(rate, 1000);
        assert_eq!(faster(1000, 14), 14);
    }

    #[test]
    fn messages_are_laid_out_at_the_rate_for_two_minutes_and_then_no_further() {
        let mut spread = Spread::new(at(0), AHEAD, at(-100), 100, None);
        let delays: Vec<i64> =
            std::iter::from_fn(|| spread.take(50)).map(|delay| delay.as_millis() as i64).collect();
        assert_eq!(delays.len(), 240);
        assert_eq!(delays[..3], [0, 500, 1000]);
        assert_eq!(delays[239], 119_500);
        // A minute later the next minute is laid out behind it, and nothing twice.
        let mut later = Spread::new(at(60), AHEAD, spread.next, 100, None);
        assert_eq!(later.take(50), Some(SignedDuration::from_secs(60)));
        assert_eq!(std::iter::from_fn(|| later.take(50)).count(), 119);
    }

    #[test]
    fn the_days_quota_counts_what_is_under_way() {
        let mut spread = Spread::new(at(0), AHEAD, at(1), 100, Some(240));
        assert_eq!(std::iter::from_fn(|| spread.take(50)).count(), 2);
        assert_eq!(Spread::new(at(0), AHEAD, at(10), 100, Some(240)).take(1), None);
        assert_eq!(spread.take(41), None);
        assert_eq!(spread.take(40), Some(SignedDuration::from_secs(2)));
    }
}
