//! The time of a tick, and how what it looks after shares it. What one part or tenant leaves over, those behind it have;
//! what a part did not get to comes first, or before long, at one of the next minutes. So nothing slow starves anything.

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::outcome::Halt;
use tocsin_ports::Elapsed;

/// For how long a tick begins things: three quarters of the function's minute (`Timeout` in template.yaml). What was begun
/// is ended in the rest.
const TICK: SignedDuration = SignedDuration::from_secs(45);

/// A part of a tick's time: nothing is begun beyond its end.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// When the tick began.
    began: Timestamp,
    /// How long after that the share is over.
    end: SignedDuration,
}

impl Share {
    /// The whole of a tick that began then.
    pub fn of_tick(began: Timestamp) -> Self {
        Self { began, end: TICK }
    }

    /// An equal share of what is left of this one, for the first of so many that are still to come.
    pub fn one_of(self, ports: &impl Elapsed, many: usize) -> Self {
        let spent = ports.since(self.began);
        let left = (self.end - spent).max(SignedDuration::ZERO);
        Self { end: spent + left / i32::try_from(many.max(1)).unwrap_or(i32::MAX), ..self }
    }

    pub fn is_over(self, ports: &impl Elapsed) -> bool {
        ports.since(self.began) >= self.end
    }
}

/// The shares of the parts that follow one another.
pub struct Shares {
    of: Share,
    left: usize,
}

impl Shares {
    pub fn of(share: Share, parts: usize) -> Self {
        Self { of: share, left: parts }
    }

    pub fn next(&mut self, ports: &impl Elapsed) -> Share {
        let share = self.of.one_of(ports, self.left);
        self.left = self.left.saturating_sub(1);
        share
    }
}

/// Looks at one after the other while the share lasts. One thing's trouble does not stop the others: it is reported when
/// all had their turn.
pub async fn each<T>(
    ports: &impl Elapsed,
    share: Share,
    part: &str,
    things: Vec<T>,
    mut look: impl AsyncFnMut(T) -> Result<(), Halt>,
) -> Result<(), Halt> {
    let mut failed = None;
    let mut left = things.len();
    for thing in things {
        if share.is_over(ports) {
            tracing::warn!(part, left, "time");
            break;
        }
        if let Err(halt) = look(thing).await {
            failed = Some(halt);
        }
        left -= 1;
    }
    failed.map_or(Ok(()), Err)
}

/// Things of which a look takes none away begin with another at each tick: so each is looked at, however few a tick
/// gets to.
pub fn in_turn<T>(mut things: Vec<T>, now: Timestamp) -> Vec<T> {
    let minute = usize::try_from(now.as_second() / 60).unwrap_or_default();
    let first = minute.checked_rem(things.len()).unwrap_or_default();
    things.rotate_left(first);
    things
}

/// What is looked at every quarter of an hour: of all things, in order, those whose minute this is.
pub fn of_this_minute<T>(things: Vec<T>, now: Timestamp) -> Vec<T> {
    let minute = usize::try_from(now.as_second() / 60).unwrap_or_default();
    let is_its_minute = |place: usize| (minute + place).is_multiple_of(QUARTER);
    things
        .into_iter()
        .enumerate()
        .filter(|(place, _)| is_its_minute(*place))
        .map(|(_, thing)| thing)
        .collect()
}

/// Minutes.
const QUARTER: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// How long the tick has run.
    struct Ran(Cell<SignedDuration>);

    impl Ran {
        fn seconds(seconds: i64) -> Self {
            Self(Cell::new(SignedDuration::from_secs(seconds)))
        }
    }

    impl tocsin_ports::Clock for Ran {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH + self.0.get()
        }
    }

    #[test]
    fn what_a_part_leaves_over_those_behind_it_have() {
        let tick = Share::of_tick(Timestamp::UNIX_EPOCH);
        let mut shares = Shares::of(tick, 3);
        for (ran, goes_on_until) in [(0, 15), (1, 23), (40, 45), (50, 0)] {
            let ports = Ran::seconds(ran);
            let share = shares.next(&ports);
            for second in ran..60 {
                let is_over = share.is_over(&Ran::seconds(second));
                assert_eq!(is_over, second >= goes_on_until, "{ran} {second}");
            }
        }
    }

    #[test]
    fn each_begins_a_tick_in_its_turn_and_has_one_minute_of_the_quarter() {
        let minute = |minute: i64| Timestamp::from_second(minute * 60 + 7).unwrap();
        for count in [1, 2, 7, 40] {
            let things: Vec<usize> = (0..count).collect();
            let mut first: Vec<usize> =
                (0..count as i64).map(|at| in_turn(things.clone(), minute(at))[0]).collect();
            first.sort_unstable();
            assert_eq!(first, things);
            let mut looked: Vec<usize> =
                (100..115).flat_map(|at| of_this_minute(things.clone(), minute(at))).collect();
            looked.sort_unstable();
            assert_eq!(looked, things);
        }
        assert!(in_turn(Vec::<u8>::new(), minute(3)).is_empty());
    }
}
