//! Business days: weekends and holidays as data, with source and version.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;

/// A calendar of business days, valid for the years that it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    pub name: String,
    /// Where the days come from.
    pub source: String,
    pub version: String,
    weekend: Vec<Weekday>,
    first_year: i16,
    last_year: i16,
    holidays: BTreeSet<Date>,
    working_days: BTreeSet<Date>,
    doubtful: BTreeSet<Date>,
}

/// A calendar file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawCalendar {
    name: String,
    source: String,
    version: String,
    weekend: Vec<String>,
    first_year: i16,
    last_year: i16,
    holidays: Vec<Date>,
    /// Days of the weekend that are worked, by decree.
    #[serde(default)]
    working_days: Vec<Date>,
    /// Days that may be holidays: they hang on the moon, on a decree not yet made, or on a word that the law leaves
    /// open. They count as business days, for a business day too many gives the earlier deadline.
    #[serde(default)]
    doubtful: Vec<Date>,
    #[serde(default)]
    differs: Vec<Difference>,
}

/// Days that the library disagrees about with which `calendars/check.py` compares, and why this file is right.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    days: Vec<Date>,
    why: String,
}

/// A calendar file that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CalendarError {
    #[error("weekend names a day that is none")]
    Weekend,
    #[error("weekend leaves no business day")]
    NoBusinessDay,
    #[error("{0} lies outside of the years of the calendar")]
    OutsideYears(Date),
    #[error("{0} stands twice in the lists")]
    Twice(Date),
    #[error("{0} is no day of the weekend: it needs no decree to be worked")]
    WorkedAnyway(Date),
    #[error("{0} is a day of the weekend: nothing about it is doubtful")]
    FreeAnyway(Date),
    #[error("a difference names no day, or does not say why")]
    Unexplained,
    #[error("a year of the calendar has no holiday")]
    EmptyYear,
}

impl Calendar {
    pub(crate) fn new(raw: RawCalendar) -> Result<Calendar, CalendarError> {
        let weekend = weekdays(&raw.weekend)?;
        check_days(&raw, &weekend)?;
        Ok(Calendar {
            name: raw.name,
            source: raw.source,
            version: raw.version,
            weekend,
            first_year: raw.first_year,
            last_year: raw.last_year,
            holidays: raw.holidays.into_iter().collect(),
            working_days: raw.working_days.into_iter().collect(),
            doubtful: raw.doubtful.into_iter().collect(),
        })
    }

    /// Whether work is done on this day. Outside of the calendar's years only weekends are known.
    pub fn is_business_day(&self, day: Date) -> bool {
        let free = self.weekend.contains(&day.weekday()) || self.holidays.contains(&day);
        !free || self.working_days.contains(&day)
    }

    /// Whether the holidays of this day's year are known.
    pub fn knows(&self, day: Date) -> bool {
        (self.first_year..=self.last_year).contains(&day.year())
    }

    /// The days after `start`, up to `end`, that count as business days and may turn out to be holidays.
    pub fn doubtful(&self, start: Date, end: Date) -> impl Iterator<Item = Date> {
        self.doubtful.iter().copied().filter(move |day| start < *day && *day <= end)
    }

    /// The n-th business day after `day`, which itself is left out. None beyond the end of time.
    pub fn after(&self, day: Date, business_days: u32) -> Option<Date> {
        let mut day = day;
        for _ in 0..business_days {
            day = self.on_or_after(day.checked_add(1.day()).ok()?)?;
        }
        Some(day)
    }

    /// `day` when it is a business day, else the next one. None beyond the end of time.
    pub fn on_or_after(&self, day: Date) -> Option<Date> {
        let mut day = day;
        while !self.is_business_day(day) {
            day = day.checked_add(1.day()).ok()?;
        }
        Some(day)
    }
}

fn check_days(raw: &RawCalendar, weekend: &[Weekday]) -> Result<(), CalendarError> {
    let years = raw.first_year..=raw.last_year;
    let is_weekend = |day: &&Date| weekend.contains(&day.weekday());
    let mut listed: Vec<Date> =
        [&raw.holidays, &raw.working_days, &raw.doubtful].into_iter().flatten().copied().collect();
    listed.sort();
    let explained = raw.differs.iter().flat_map(|difference| &difference.days);
    if let Some(day) = listed.iter().chain(explained).find(|day| !years.contains(&day.year())) {
        return Err(CalendarError::OutsideYears(*day));
    }
    if let Some((day, _)) = listed.iter().zip(listed.iter().skip(1)).find(|(day, next)| day == next) {
        return Err(CalendarError::Twice(*day));
    }
    if let Some(day) = raw.working_days.iter().find(|day| !is_weekend(day)) {
        return Err(CalendarError::WorkedAnyway(*day));
    }
    if let Some(day) = raw.doubtful.iter().find(is_weekend) {
        return Err(CalendarError::FreeAnyway(*day));
    }
    if raw.differs.iter().any(|difference| difference.days.is_empty() || difference.why.trim().is_empty()) {
        return Err(CalendarError::Unexplained);
    }
    if years.clone().any(|year| !raw.holidays.iter().any(|day| day.year() == year)) {
        return Err(CalendarError::EmptyYear);
    }
    Ok(())
}

/// The days of a weekend, which leaves a day to work.
pub(crate) fn weekdays(names: &[String]) -> Result<Vec<Weekday>, CalendarError> {
    let weekend: Vec<Weekday> = names.iter().map(|day| weekday(day)).collect::<Result<_, _>>()?;
    if (0..7).all(|offset| weekend.contains(&Weekday::Monday.wrapping_add(offset))) {
        return Err(CalendarError::NoBusinessDay);
    }
    Ok(weekend)
}

fn weekday(name: &str) -> Result<Weekday, CalendarError> {
    match name {
        "monday" => Ok(Weekday::Monday),
        "tuesday" => Ok(Weekday::Tuesday),
        "wednesday" => Ok(Weekday::Wednesday),
        "thursday" => Ok(Weekday::Thursday),
        "friday" => Ok(Weekday::Friday),
        "saturday" => Ok(Weekday::Saturday),
        "sunday" => Ok(Weekday::Sunday),
        _ => Err(CalendarError::Weekend),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::RulePack;

    #[test]
    fn business_days_skip_weekends_and_holidays() {
        let us = RulePack::shipped().calendar("us-federal").expect("the calendar is shipped");
        let cases = [
            (date(2026, 12, 14), 14, date(2027, 1, 5)),
            (date(2026, 7, 2), 1, date(2026, 7, 6)), // Independence Day on a Saturday, kept on Friday
            (date(2026, 7, 4), 4, date(2026, 7, 9)), // from a holiday
            (date(2027, 12, 30), 1, date(2028, 1, 3)), // 1 January 2028 is a Saturday: kept on 31 December
            (date(2026, 1, 1), 0, date(2026, 1, 1)),
        ];
        for (from, n, want) in cases {
            assert_eq!(us.after(from, n), Some(want), "{from} + {n}");
        }
    }

    #[test]
    fn beyond_its_years_a_calendar_says_so() {
        let us = RulePack::shipped().calendar("us-federal").expect("the calendar is shipped");
        assert!(us.knows(date(2032, 12, 31)));
        assert!(!us.knows(date(2033, 1, 1)));
    }

    fn read(text: &str) -> Result<Calendar, CalendarError> {
        Calendar::new(toml::from_str(text).expect("the fields of a calendar"))
    }

    const SMALL: &str = r#"
        name = "x"
        source = "x"
        version = "1"
        weekend = ["saturday", "sunday"]
        first-year = 2026
        last-year = 2026
        holidays = ["2026-01-01", "2026-07-04"]
        working-days = ["2026-01-10"]
        doubtful = ["2026-01-02"]
        [[differs]]
        days = ["2026-01-01"]
        why = "x"
    "#;

    #[test]
    fn a_calendar_that_makes_no_sense_is_refused() {
        assert!(read(SMALL).is_ok());
        let all = r#""monday", "tuesday", "wednesday", "thursday", "friday", "saturday""#;
        let cases = [
            (r#""saturday""#, r#""caturday""#, CalendarError::Weekend),
            (r#""saturday""#, all, CalendarError::NoBusinessDay),
            (
                r#"holidays = ["2026-01-01""#,
                r#"holidays = ["2025-01-01""#,
                CalendarError::OutsideYears(date(2025, 1, 1)),
            ),
            (r#"["2026-01-10"]"#, r#"["2027-01-09"]"#, CalendarError::OutsideYears(date(2027, 1, 9))),
            (r#"["2026-01-02"]"#, r#"["2027-01-04"]"#, CalendarError::OutsideYears(date(2027, 1, 4))),
            (
                r#"days = ["2026-01-01"]"#,
                r#"days = ["2025-01-01"]"#,
                CalendarError::OutsideYears(date(2025, 1, 1)),
            ),
            (r#""2026-07-04""#, r#""2026-01-01""#, CalendarError::Twice(date(2026, 1, 1))),
            (r#""2026-07-04""#, r#""2026-01-10""#, CalendarError::Twice(date(2026, 1, 10))),
            (r#""2026-07-04""#, r#""2026-01-02""#, CalendarError::Twice(date(2026, 1, 2))),
            (r#"["2026-01-02"]"#, r#"["2026-01-02", "2026-01-02"]"#, CalendarError::Twice(date(2026, 1, 2))),
            (r#"["2026-01-10"]"#, r#"["2026-01-12"]"#, CalendarError::WorkedAnyway(date(2026, 1, 12))),
            (r#"["2026-01-02"]"#, r#"["2026-01-03"]"#, CalendarError::FreeAnyway(date(2026, 1, 3))),
            (r#"days = ["2026-01-01"]"#, "days = []", CalendarError::Unexplained),
            (r#"why = "x""#, r#"why = " ""#, CalendarError::Unexplained),
            ("last-year = 2026", "last-year = 2027", CalendarError::EmptyYear),
        ];
        for (from, to, want) in cases {
            assert!(SMALL.contains(from), "{from}");
            assert_eq!(read(&SMALL.replacen(from, to, 1)), Err(want), "{to}");
        }
        let silent: Result<RawCalendar, _> = toml::from_str(&SMALL.replace(r#"why = "x""#, ""));
        assert!(silent.is_err_and(|error| error.message().contains("missing field `why`")));
    }

    #[test]
    fn a_worked_weekend_counts_and_so_does_a_doubtful_day() {
        let calendar = read(SMALL).expect("a calendar");
        assert_eq!(calendar.after(date(2026, 1, 1), 1), Some(date(2026, 1, 2)));
        assert_eq!(calendar.after(date(2026, 1, 9), 2), Some(date(2026, 1, 12)));
        let doubtful = |from, to| calendar.doubtful(from, to).count();
        assert_eq!(doubtful(date(2026, 1, 1), date(2026, 1, 2)), 1);
        assert_eq!(doubtful(date(2026, 1, 2), date(2026, 1, 5)), 0);
        assert_eq!(doubtful(date(2025, 12, 31), date(2026, 1, 1)), 0);
    }
}
