//! Deadlines as data, and the instant at which each ends.

use jiff::civil::{Date, Time, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::Deserialize;

use crate::calendar::Calendar;
use crate::keyed::keyed;

keyed! {
    /// The other duty that a deadline leans on.
    EventKind, "event" {
        IndividualNotice = "individual-notice",
        AuthorityNotice = "authority-notice",
    }
}

/// How long a law gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deadline {
    /// Elapsed hours: weekends, holidays and changes of the clock do not matter.
    Hours(u32),
    /// Calendar days: the day of the trigger is left out, the last day ends at 23:59:59 in the counting zone.
    Days(u32),
    /// Business days of the rule's calendar, counted in the same way.
    BusinessDays(u32),
    /// Calendar months: the same day of a later month, or that month's last day.
    Months(u32),
    WithoutUndueDelay,
    Immediately,
    /// When the authority says so.
    AsOrdered,
    /// No later than the other notice, at the same time.
    ConcurrentWith(EventKind),
    Before(EventKind),
    OnOrAfter(EventKind),
}

impl Deadline {
    /// The rule in words, as an answer carries it: `P30D`, `PT72H`, `without-undue-delay`.
    pub fn code(self) -> String {
        match self {
            Deadline::Hours(n) => format!("PT{n}H"),
            Deadline::Days(n) => format!("P{n}D"),
            Deadline::BusinessDays(n) => format!("P{n}BD"),
            Deadline::Months(n) => format!("P{n}M"),
            Deadline::WithoutUndueDelay => "without-undue-delay".to_owned(),
            Deadline::Immediately => "immediately".to_owned(),
            Deadline::AsOrdered => "as-ordered".to_owned(),
            Deadline::ConcurrentWith(event) => format!("concurrent-with-{event}"),
            Deadline::Before(event) => format!("before-{event}"),
            Deadline::OnOrAfter(event) => format!("on-or-after-{event}"),
        }
    }

    /// Whether the law sets a number, so that there is a due instant.
    pub const fn has_number(self) -> bool {
        match self {
            Deadline::Hours(_) | Deadline::Days(_) | Deadline::BusinessDays(_) | Deadline::Months(_) => true,
            Deadline::WithoutUndueDelay
            | Deadline::Immediately
            | Deadline::AsOrdered
            | Deadline::ConcurrentWith(_)
            | Deadline::Before(_)
            | Deadline::OnOrAfter(_) => false,
        }
    }

    /// Whether a calendar of business days decides where the period ends.
    pub const fn counts_business_days(self) -> bool {
        matches!(self, Deadline::BusinessDays(_))
    }
}

/// How the days of one rule are counted.
pub(crate) struct Counting<'a> {
    pub zone: &'a TimeZone,
    /// The wall-clock end of the last day; 23:59:59 unless a law says otherwise.
    pub ends_at: Time,
    /// The trigger day is day 1.
    pub first_day_counts: bool,
    /// The period starts with the end of the calendar year of the trigger.
    pub from_end_of_year: bool,
    /// For business days and for rolling.
    pub calendar: Option<&'a Calendar>,
}

/// The instant at which a deadline that starts at `start` ends. None when it has no number, when it counts
/// business days without a calendar, or when it ends beyond the range of time.
pub(crate) fn ends(deadline: Deadline, start: Timestamp, counting: &Counting<'_>) -> Option<Timestamp> {
    let first = first_day(start, counting)?;
    let days = |n: u32| if counting.first_day_counts { n.saturating_sub(1) } else { n };
    let last = match deadline {
        Deadline::Hours(n) => return start.checked_add(SignedDuration::from_hours(i64::from(n))).ok(),
        Deadline::Days(n) => first.checked_add(Span::new().try_days(i64::from(days(n))).ok()?).ok()?,
        Deadline::BusinessDays(n) => counting.calendar?.after(first, days(n))?,
        Deadline::Months(n) => first.checked_add(Span::new().try_months(i64::from(n)).ok()?).ok()?,
        Deadline::WithoutUndueDelay
        | Deadline::Immediately
        | Deadline::AsOrdered
        | Deadline::ConcurrentWith(_)
        | Deadline::Before(_)
        | Deadline::OnOrAfter(_) => return None,
    };
    wall(last, counting.ends_at, counting.zone)
}

/// A wall-clock time of a day as an instant. Within a gap of the clock the instant after the gap, within a fold
/// the first of the two: the earlier end.
pub(crate) fn wall(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible().ok()
}

fn first_day(start: Timestamp, counting: &Counting<'_>) -> Option<Date> {
    let day = start.to_zoned_datetime(counting.zone.clone()).date();
    if counting.from_end_of_year { Some(date(day.year(), 12, 31)) } else { Some(day) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RulePack;

    const DAY_END: Time = Time::constant(23, 59, 59, 0);

    fn end_in(deadline: Deadline, start: &str, zone: &str) -> String {
        let zone = TimeZone::get(zone).expect("a zone of the database");
        let counting = Counting {
            zone: &zone,
            ends_at: DAY_END,
            first_day_counts: false,
            from_end_of_year: false,
            calendar: RulePack::shipped().calendar("us-federal"),
        };
        let start = start.parse().expect("an instant");
        ends(deadline, start, &counting).expect("an end").to_string()
    }

    #[test]
    fn hours_are_elapsed_and_days_are_of_the_wall_clock() {
        let cases = [
            // Europe, clocks forward on 2026-03-29 and back on 2026-10-25.
            (Deadline::Hours(72), "2026-03-27T18:30:00+01:00", "Europe/Madrid", "2026-03-30T17:30:00Z"),
            (Deadline::Hours(72), "2026-10-23T18:30:00+02:00", "Europe/Madrid", "2026-10-26T16:30:00Z"),
            (Deadline::Days(3), "2026-03-27T18:30:00+01:00", "Europe/Madrid", "2026-03-30T21:59:59Z"),
            (Deadline::Days(3), "2026-10-23T18:30:00+02:00", "Europe/Madrid", "2026-10-26T22:59:59Z"),
            // United States, forward on 2026-03-08 and back on 2026-11-01.
            (Deadline::Days(15), "2026-02-20T10:00:00-08:00", "America/Los_Angeles", "2026-03-08T07:59:59Z"),
            (Deadline::Days(16), "2026-02-20T10:00:00-08:00", "America/Los_Angeles", "2026-03-09T06:59:59Z"),
            (Deadline::Days(30), "2026-10-02T16:00:00-05:00", "America/Chicago", "2026-11-02T05:59:59Z"),
            // The other half of the world, and places without summer time.
            (Deadline::Days(30), "2026-03-20T03:30:00Z", "Australia/Sydney", "2026-04-19T13:59:59Z"),
            (Deadline::Days(10), "2026-12-31T22:00:00-04:00", "America/Puerto_Rico", "2027-01-11T03:59:59Z"),
            (Deadline::Days(45), "2026-02-24T17:00:00-07:00", "America/Phoenix", "2026-04-11T06:59:59Z"),
        ];
        for (deadline, start, zone, want) in cases {
            assert_eq!(end_in(deadline, start, zone), want, "{deadline:?} from {start} in {zone}");
        }
    }

    #[test]
    fn the_date_of_the_counting_zone_decides_not_that_of_the_instant() {
        let start = "2026-03-02T08:00:00+09:00"; // 1 March in New York
        assert_eq!(end_in(Deadline::Days(30), start, "America/New_York"), "2026-04-01T03:59:59Z");
        assert_eq!(end_in(Deadline::Days(30), start, "Asia/Tokyo"), "2026-04-01T14:59:59Z");
    }

    #[test]
    fn months_clamp_and_leap_days_count() {
        let cases = [
            (Deadline::Months(1), "2027-01-31T09:00:00Z", "2027-02-28T23:59:59Z"),
            (Deadline::Months(1), "2028-01-31T09:00:00Z", "2028-02-29T23:59:59Z"),
            (Deadline::Months(1), "2027-02-28T09:00:00Z", "2027-03-28T23:59:59Z"),
            (Deadline::Months(12), "2028-02-29T09:00:00Z", "2029-02-28T23:59:59Z"),
            (Deadline::Days(1), "2028-02-28T09:00:00Z", "2028-02-29T23:59:59Z"),
            (Deadline::Days(1), "2027-02-28T09:00:00Z", "2027-03-01T23:59:59Z"),
            (Deadline::BusinessDays(4), "2026-11-25T09:00:00Z", "2026-12-02T23:59:59Z"),
        ];
        for (deadline, start, want) in cases {
            assert_eq!(end_in(deadline, start, "UTC"), want, "{deadline:?} from {start}");
        }
    }

    /// Every day of two years, in every zone that a rule counts in, whatever its clocks do.
    #[test]
    fn a_day_ends_a_second_before_the_next_and_an_hour_is_an_hour() {
        for book in &RulePack::shipped().books {
            let counting = Counting {
                zone: &book.zone,
                ends_at: DAY_END,
                first_day_counts: false,
                from_end_of_year: false,
                calendar: None,
            };
            let start: Timestamp = "2027-01-01T00:30:00Z".parse().expect("an instant");
            for day in 0..731 {
                let start = start + SignedDuration::from_hours(day * 24 + day % 24);
                let first = start.to_zoned_datetime(book.zone.clone()).date();
                for days in [1, 3, 30, 45] {
                    let end = ends(Deadline::Days(days), start, &counting).expect("an end");
                    let day_of = |at: Timestamp| at.to_zoned_datetime(book.zone.clone()).date();
                    let last = first.checked_add(Span::new().days(i64::from(days))).expect("a day");
                    assert_eq!(day_of(end), last, "{} {start}", book.zone_name);
                    let next = last.tomorrow().expect("a day");
                    // Where a day's last hour comes twice, as in Chile, the first of the two ends it.
                    let twice = day_of(end + SignedDuration::from_hours(1)) == last;
                    let rest = SignedDuration::from_secs(if twice { 3601 } else { 1 });
                    assert_eq!(day_of(end + rest), next, "{} {start}", book.zone_name);
                }
                let hours = ends(Deadline::Hours(72), start, &counting).expect("an end");
                assert_eq!(hours.duration_since(start), SignedDuration::from_hours(72));
            }
        }
    }

    #[test]
    fn the_trigger_day_counts_where_the_law_says_so() {
        let zone = TimeZone::get("Asia/Tokyo").expect("a zone of the database");
        let counting = Counting {
            zone: &zone,
            ends_at: DAY_END,
            first_day_counts: true,
            from_end_of_year: false,
            calendar: None,
        };
        let start = "2026-03-02T08:00:00+09:00".parse().expect("an instant");
        let end = ends(Deadline::Days(60), start, &counting).map(|end| end.to_string());
        assert_eq!(end.as_deref(), Some("2026-04-30T14:59:59Z"));
    }

    #[test]
    fn sixty_days_after_the_year_end_on_29_february_of_a_leap_year() {
        let zone = TimeZone::UTC;
        let counting = Counting {
            zone: &zone,
            ends_at: DAY_END,
            first_day_counts: false,
            from_end_of_year: true,
            calendar: None,
        };
        for (start, want) in [
            ("2026-06-01T00:00:00Z", "2027-03-01T23:59:59Z"),
            ("2027-06-01T00:00:00Z", "2028-02-29T23:59:59Z"),
        ] {
            let start = start.parse().expect("an instant");
            let end = ends(Deadline::Days(60), start, &counting).map(|end| end.to_string());
            assert_eq!(end.as_deref(), Some(want));
        }
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let zone = TimeZone::UTC;
        let counting = Counting {
            zone: &zone,
            ends_at: DAY_END,
            first_day_counts: false,
            from_end_of_year: false,
            calendar: RulePack::shipped().calendar("us-federal"),
        };
        for deadline in [Deadline::Hours(u32::MAX), Deadline::Days(u32::MAX), Deadline::Months(u32::MAX)] {
            assert_eq!(ends(deadline, Timestamp::MAX, &counting), None, "{deadline:?}");
        }
    }
}
