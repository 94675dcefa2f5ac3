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
}

/// A calendar file that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CalendarError {
    #[error("weekend names a day that is none")]
    Weekend,
    #[error("weekend leaves no business day")]
    NoBusinessDay,
    #[error("a holiday lies outside of the years of the calendar")]
    HolidayOutsideYears,
    #[error("a year of the calendar has no holiday")]
    EmptyYear,
}

impl Calendar {
    pub(crate) fn new(raw: RawCalendar) -> Result<Calendar, CalendarError> {
        let weekend: Vec<Weekday> = raw.weekend.iter().map(|day| weekday(day)).collect::<Result<_, _>>()?;
        if (0..7).all(|offset| weekend.contains(&Weekday::Monday.wrapping_add(offset))) {
            return Err(CalendarError::NoBusinessDay);
        }
        let years = raw.first_year..=raw.last_year;
        let holidays: BTreeSet<Date> = raw.holidays.into_iter().collect();
        if holidays.iter().any(|day| !years.contains(&day.year())) {
            return Err(CalendarError::HolidayOutsideYears);
        }
        if years.clone().any(|year| !holidays.iter().any(|day| day.year() == year)) {
            return Err(CalendarError::EmptyYear);
        }
        Ok(Calendar {
            name: raw.name,
            source: raw.source,
            version: raw.version,
            weekend,
            first_year: raw.first_year,
            last_year: raw.last_year,
            holidays,
        })
    }

    /// Whether work is done on this day. Outside of the calendar's years only weekends are known.
    pub fn is_business_day(&self, day: Date) -> bool {
        !self.weekend.contains(&day.weekday()) && !self.holidays.contains(&day)
    }

    /// Whether the holidays of this day's year are known.
    pub fn knows(&self, day: Date) -> bool {
        (self.first_year..=self.last_year).contains(&day.year())
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

    #[test]
    fn a_calendar_that_makes_no_sense_is_refused() {
        let raw = |weekend: &[&str], holiday: Date| RawCalendar {
            name: "x".to_owned(),
            source: "x".to_owned(),
            version: "1".to_owned(),
            weekend: weekend.iter().map(|&day| day.to_owned()).collect(),
            first_year: 2026,
            last_year: 2026,
            holidays: vec![holiday],
        };
        let all = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        assert_eq!(Calendar::new(raw(&["caturday"], date(2026, 1, 1))), Err(CalendarError::Weekend));
        assert_eq!(Calendar::new(raw(&all, date(2026, 1, 1))), Err(CalendarError::NoBusinessDay));
        assert_eq!(Calendar::new(raw(&all[5..], date(2025, 1, 1))), Err(CalendarError::HolidayOutsideYears));
        assert!(Calendar::new(raw(&all[5..], date(2026, 1, 1))).is_ok());
    }
}
