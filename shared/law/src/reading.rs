//! Other ways to read a deadline. The due instant follows the reading that the rule's text supports best; whatever else is
//! held by somebody who may be right stands beside it, so that the alarm can be set by the earliest of all.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::deadline::{self, Counting, Deadline};

/// Where a deadline ends by another reading, and whose reading that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    pub due: Timestamp,
    pub why: String,
}

/// Another reading, as a rule states it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct OtherReading {
    pub count: Count,
    /// Who reads it so: a text, a court, an authority.
    pub source: String,
}

/// What another reading counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Count {
    /// The hour in which the event falls is left out: hours count from the next full one.
    HourOfEventLeftOut,
    /// The day of the trigger is day 1.
    FirstDayCounts,
    /// A period of two days or more holds two working days at least: it does not end before the end of the second.
    TwoWorkingDays,
    /// Another period than the rule's.
    Deadline(Deadline),
}

impl Count {
    /// Where the deadline ends when it is read in this way; none where the reading says nothing about it.
    fn ends(self, deadline: Deadline, from: Timestamp, counting: &Counting<'_>) -> Option<Timestamp> {
        match self {
            Count::HourOfEventLeftOut => {
                let Deadline::Hours(_) = deadline else {
                    return None;
                };
                deadline::ends(deadline, next_full_hour(from)?, counting)
            }
            Count::FirstDayCounts => {
                deadline::ends(deadline, from, &Counting { first_day_counts: true, ..*counting })
            }
            Count::TwoWorkingDays => deadline::ends(Deadline::BusinessDays(2), from, counting),
            Count::Deadline(other) => deadline::ends(other, from, counting),
        }
    }

    /// Whether it needs a calendar of working days.
    pub fn counts_business_days(self) -> bool {
        match self {
            Count::TwoWorkingDays | Count::Deadline(Deadline::BusinessDays(_)) => true,
            Count::HourOfEventLeftOut | Count::FirstDayCounts | Count::Deadline(_) => false,
        }
    }

    fn says(self) -> String {
        match self {
            Count::HourOfEventLeftOut => "the hour of the event is not counted".to_owned(),
            Count::FirstDayCounts => "the first day counts".to_owned(),
            Count::TwoWorkingDays => "two working days at least".to_owned(),
            Count::Deadline(other) => other.code(),
        }
    }
}

/// An hour that has just begun is the hour of the event.
fn next_full_hour(from: Timestamp) -> Option<Timestamp> {
    let into_the_hour = SignedDuration::from_nanos((from.as_nanosecond().rem_euclid(HOUR_IN_NANOS)) as i64);
    from.checked_sub(into_the_hour).ok()?.checked_add(SignedDuration::from_hours(1)).ok()
}

const HOUR_IN_NANOS: i128 = 3_600_000_000_000;

/// The readings of a rule that end at another instant than `due`, which is none where the rule sets no number.
pub(crate) fn others(
    stated: &[OtherReading],
    deadline: Deadline,
    from: Timestamp,
    due: Option<Timestamp>,
    counting: &Counting<'_>,
) -> Vec<Reading> {
    let read = |reading: &OtherReading| {
        let at = reading.count.ends(deadline, from, counting)?;
        // Working days at least: they never shorten a period.
        let at = if reading.count == Count::TwoWorkingDays { due.map_or(at, |due| at.max(due)) } else { at };
        Some(Reading { due: at, why: format!("{}: {}", reading.count.says(), reading.source) })
    };
    stated.iter().filter_map(read).filter(|reading| Some(reading.due) != due).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::Time;
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_period_whose_first_day_counts_ends_a_day_earlier() {
        let counting = Counting {
            zone: &TimeZone::UTC,
            ends_at: Time::constant(23, 59, 59, 0),
            first_day_counts: false,
            from_end_of_year: false,
            calendar: None,
        };
        let from: Timestamp = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let due = deadline::ends(Deadline::Days(5), from, &counting);
        assert_eq!(due.map(|due| due.to_string()).as_deref(), Some("2026-03-07T23:59:59Z"));
        let stated = [OtherReading { count: Count::FirstDayCounts, source: "a court".to_owned() }];
        let read = others(&stated, Deadline::Days(5), from, due, &counting);
        let read: Vec<(String, &str)> =
            read.iter().map(|reading| (reading.due.to_string(), reading.why.as_str())).collect();
        assert_eq!(read, [("2026-03-06T23:59:59Z".to_owned(), "the first day counts: a court")]);
    }
}
