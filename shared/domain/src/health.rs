//! Channel health: how a region's senders and its receivers do, counted by channel and hour.
//!
//! Counts are for people and for alarms, never for what is decided about a notice: an event that comes twice may be
//! counted twice. What is decided is decided on receipts, which are a set.

use std::collections::BTreeMap;

use jiff::SignedDuration;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// Given to the provider: accepted, refused, or in doubt. What was throttled was not.
    HandedOver,
    Accepted,
    /// Refused by the provider for good.
    Refused,
    Delivered,
    /// Refused for good by the receiving side: a hard bounce.
    Bounced,
    Complained,
    /// Reports that the provider keeps trying.
    Delayed,
    /// The seconds of all deliveries whose time is known, from the provider's acceptance to the delivery.
    Seconds,
    /// Deliveries that took no longer than the bound of this place, and longer than the one before.
    Took(Pace),
}

/// A place among [`BOUNDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pace(u8);

/// In seconds. Whatever takes longer stands behind the last.
pub const BOUNDS: [i64; 8] = [1, 5, 15, 60, 300, 900, 3600, 14_400];

impl Pace {
    pub fn all() -> impl Iterator<Item = Pace> {
        (0..=BOUNDS.len() as u8).map(Pace)
    }

    fn of(seconds: i64) -> Self {
        Self(BOUNDS.iter().take_while(|bound| seconds > **bound).count() as u8)
    }

    /// `None` behind the last bound.
    fn bound(self) -> Option<i64> {
        BOUNDS.get(usize::from(self.0)).copied()
    }
}

impl Count {
    pub fn all() -> impl Iterator<Item = Count> {
        [
            Count::HandedOver,
            Count::Accepted,
            Count::Refused,
            Count::Delivered,
            Count::Bounced,
            Count::Complained,
            Count::Delayed,
            Count::Seconds,
        ]
        .into_iter()
        .chain(Pace::all().map(Count::Took))
    }

    /// Its name in the store and in what the console answers.
    pub fn name(self) -> String {
        let name = match self {
            Count::HandedOver => "handed_over",
            Count::Accepted => "accepted",
            Count::Refused => "refused",
            Count::Delivered => "delivered",
            Count::Bounced => "bounced",
            Count::Complained => "complained",
            Count::Delayed => "delayed",
            Count::Seconds => "seconds",
            Count::Took(pace) => return format!("took_{}", pace.0),
        };
        name.to_owned()
    }
}

/// The counts of one channel in one region over some time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health(BTreeMap<Count, u64>);

impl Health {
    pub fn add(&mut self, count: Count, number: u64) {
        if number > 0 {
            *self.0.entry(count).or_default() += number;
        }
    }

    /// A delivery, with its time from acceptance where that is known. A negative time is none: clocks differ.
    pub fn add_delivery(&mut self, took: Option<SignedDuration>) {
        self.add(Count::Delivered, 1);
        if let Some(took) = took {
            let seconds = took.as_secs().max(0);
            self.add(Count::Seconds, seconds.unsigned_abs());
            self.add(Count::Took(Pace::of(seconds)), 1);
        }
    }

    pub fn merge(&mut self, other: &Health) {
        other.0.iter().for_each(|(count, number)| self.add(*count, *number));
    }

    pub fn get(&self, count: Count) -> u64 {
        self.0.get(&count).copied().unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was counted, by name.
    pub fn counts(&self) -> impl Iterator<Item = (Count, u64)> {
        self.0.iter().map(|(count, number)| (*count, *number))
    }

    /// The mean time to delivery in seconds.
    pub fn mean_seconds(&self) -> Option<u64> {
        self.get(Count::Seconds).checked_div(self.timed())
    }

    /// The bound, in seconds, within which nine of ten deliveries came; `None` where none is timed, or where it lies
    /// behind the last bound.
    pub fn nine_of_ten_within(&self) -> Option<i64> {
        let wanted = (self.timed() * 9).div_ceil(10);
        let mut seen = 0;
        let reached = |pace: &Pace| {
            seen += self.get(Count::Took(*pace));
            wanted > 0 && seen >= wanted
        };
        Pace::all().find(reached)?.bound()
    }

    fn timed(&self) -> u64 {
        Pace::all().map(|pace| self.get(Count::Took(pace))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_come_within_a_bound() {
        let mut health = Health::default();
        assert_eq!((health.mean_seconds(), health.nine_of_ten_within()), (None, None));
        for seconds in [0, 1, 2, 2, 3, 3, 4, 5, 20, 14_401] {
            health.add_delivery(Some(SignedDuration::from_secs(seconds)));
        }
        assert_eq!(health.nine_of_ten_within(), Some(60));
        assert_eq!(health.mean_seconds(), Some(14_441 / 10));
        health.add_delivery(Some(SignedDuration::from_secs(-5)));
        health.add_delivery(None);
        assert_eq!((health.get(Count::Delivered), health.nine_of_ten_within()), (12, Some(60)));
        let mut slow = Health::default();
        slow.add_delivery(Some(SignedDuration::from_hours(5)));
        assert_eq!((slow.nine_of_ten_within(), slow.mean_seconds()), (None, Some(18_000)));
    }

    #[test]
    fn every_bound_belongs_to_its_own_place() {
        for (place, bound) in BOUNDS.iter().enumerate() {
            assert_eq!(Pace::of(*bound).0 as usize, place);
            assert_eq!(Pace::of(*bound + 1).0 as usize, place + 1);
        }
        let names: std::collections::BTreeSet<String> = Count::all().map(Count::name).collect();
        assert_eq!(names.len(), Count::all().count());
    }
}
