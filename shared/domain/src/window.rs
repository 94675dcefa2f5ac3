//! When a person may be reached: a sending window in their local time, and the instants at which it is open.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::zones::Zones;

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;
const MINUTES_A_DAY: u16 = 1440;

/// The hours of the local day at which a person may be reached, the same on every day.
///
/// Written `always`, or `08:00-21:00`: from the first minute on, until the last one begins. `24:00` is the end of the
/// day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SendingWindow {
    Always,
    Daily(Hours),
}

/// Part of a local day. It does not reach over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hours {
    from: u16,
    until: u16,
}

impl Hours {
    /// In minutes of the day; `None` unless `from` is before `until` and `until` is at most 1440.
    pub fn new(from: u16, until: u16) -> Option<Self> {
        (from < until && until <= MINUTES_A_DAY).then_some(Self { from, until })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a sending window: write `always`, or two times of the same day, the earlier first, as in 08:00-21:00"
)]
pub struct BadWindow(String);

impl FromStr for SendingWindow {
    type Err = BadWindow;

    fn from_str(text: &str) -> Result<Self, BadWindow> {
        if text == "always" {
            return Ok(Self::Always);
        }
        let hours = text.split_once('-').and_then(|(from, until)| Hours::new(minute(from)?, minute(until)?));
        hours.map(Self::Daily).ok_or_else(|| BadWindow(text.to_owned()))
    }
}

/// The minute of the day of `08:05`, in exactly this form.
fn minute(text: &str) -> Option<u16> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (hour, minute) = text
        .split_once(':')
        .filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2 && digits(hour) && digits(minute))?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60).then_some(hour * 60 + minute)
}

impl fmt::Display for SendingWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendingWindow::Always => f.write_str("always"),
            SendingWindow::Daily(Hours { from, until }) => {
                write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
            }
        }
    }
}

impl TryFrom<String> for SendingWindow {
    type Error = BadWindow;

    fn try_from(text: String) -> Result<Self, BadWindow> {
        text.parse()
    }
}

impl From<SendingWindow> for String {
    fn from(window: SendingWindow) -> Self {
        window.to_string()
    }
}

/// From an instant on, until another, which is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Ends", into = "Ends")]
pub struct Interval {
    from: Timestamp,
    until: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ends {
    from: Timestamp,
    until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an interval has to end after it begins: {from} to {until}")]
pub struct EmptyInterval {
    from: Timestamp,
    until: Timestamp,
}

impl Interval {
    pub fn new(from: Timestamp, until: Timestamp) -> Result<Self, EmptyInterval> {
        if from < until { Ok(Self { from, until }) } else { Err(EmptyInterval { from, until }) }
    }

    pub fn from(self) -> Timestamp {
        self.from
    }

    pub fn until(self) -> Timestamp {
        self.until
    }

    /// The part that lies within another.
    fn clipped(self, within: Self) -> Option<Self> {
        Self::new(self.from.max(within.from), self.until.min(within.until)).ok()
    }
}

impl TryFrom<Ends> for Interval {
    type Error = EmptyInterval;

    fn try_from(ends: Ends) -> Result<Self, EmptyInterval> {
        Self::new(ends.from, ends.until)
    }
}

impl From<Interval> for Ends {
    fn from(interval: Interval) -> Self {
        Self { from: interval.from, until: interval.until }
    }
}

/// The hours of the window have no instant in common in the zones that a person may live in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "between {from} and {until} there is no instant at which it is {window} in all of {zones}: \
     take a longer window, or find out in which zone these people live"
)]
pub struct NeverOpen {
    window: SendingWindow,
    zones: String,
    from: Timestamp,
    until: Timestamp,
}

impl SendingWindow {
    /// The instants within an interval at which the window is open in every one of the zones, in order and apart.
    ///
    /// Exact over changes of the clock: a window is a set of readings of the local clock. What the clock skips is not
    /// open, what it shows twice is open twice. Empty when the window merely does not open within the interval;
    /// [`NeverOpen`] when it does not open a day before or after either.
    pub fn open(self, zones: &Zones, within: Interval) -> Result<Vec<Interval>, NeverOpen> {
        let SendingWindow::Daily(hours) = self else { return Ok(vec![within]) };
        let around = (
            clamped(within.from.as_second().saturating_sub(DAY)),
            clamped(within.until.as_second().saturating_add(DAY)),
        );
        let mut common = vec![around];
        for zone in zones.iter() {
            common = intersection(&common, &open_in(hours, zone, around));
        }
        if common.is_empty() {
            let Interval { from, until } = within;
            return Err(NeverOpen { window: self, zones: zones.to_string(), from, until });
        }
        Ok(common.into_iter().filter_map(interval).filter_map(|open| open.clipped(within)).collect())
    }
}

/// The second, within what an instant can be.
fn clamped(second: i64) -> i64 {
    second.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second())
}

fn interval((from, until): (i64, i64)) -> Option<Interval> {
    let second = |second| Timestamp::from_second(second).ok();
    Interval::new(second(from)?, second(until)?).ok()
}

/// The seconds at which the window is open in one zone: between two changes of its clock, local time is the time of
/// UTC and a constant.
fn open_in(hours: Hours, zone: &jiff::tz::TimeZone, (from, until): (i64, i64)) -> Vec<(i64, i64)> {
    let (mut open, mut at) = (Vec::new(), from);
    let Ok(first) = Timestamp::from_second(from) else { return open };
    let mut offset = i64::from(zone.to_offset(first).seconds());
    for change in zone.following(first).take_while(|change| change.timestamp().as_second() < until) {
        let next = change.timestamp().as_second();
        open_at_offset(hours, offset, (at, next), &mut open);
        (at, offset) = (next, i64::from(change.offset().seconds()));
    }
    open_at_offset(hours, offset, (at, until), &mut open);
    merged(open)
}

fn open_at_offset(hours: Hours, offset: i64, (from, until): (i64, i64), open: &mut Vec<(i64, i64)>) {
    let midnights = (from + offset).div_euclid(DAY)..=(until + offset).div_euclid(DAY);
    for midnight in midnights.map(|day| day * DAY - offset) {
        let opens = (midnight + i64::from(hours.from) * MINUTE).max(from);
        let closes = (midnight + i64::from(hours.until) * MINUTE).min(until);
        if opens < closes {
            open.push((opens, closes));
        }
    }
}

/// In order and apart: what overlaps or touches is one.
pub(crate) fn merged(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    let mut apart: Vec<(i64, i64)> = Vec::new();
    for (from, until) in spans {
        match apart.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            Some(_) | None => apart.push((from, until)),
        }
    }
    apart
}

/// Of two lists that are in order and apart.
fn intersection(left: &[(i64, i64)], right: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let (mut common, mut l, mut r) = (Vec::new(), 0, 0);
    while let (Some(a), Some(b)) = (left.get(l), right.get(r)) {
        let (from, until) = (a.0.max(b.0), a.1.min(b.1));
        if from < until {
            common.push((from, until));
        }
        if a.1 < b.1 { l += 1 } else { r += 1 }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn open(window: &str, zones: &str, from: &str, until: &str) -> Result<Vec<(String, String)>, NeverOpen> {
        let window: SendingWindow = window.parse().unwrap();
        let open = window.open(&Zones::of_names(zones), Interval::new(at(from), at(until)).unwrap())?;
        Ok(open.into_iter().map(|open| (open.from().to_string(), open.until().to_string())).collect())
    }

    #[test]
    fn a_window_is_read_as_it_is_written() {
        for text in ["always", "08:00-21:00", "00:00-24:00", "00:00-00:01", "23:59-24:00"] {
            assert_eq!(text.parse::<SendingWindow>().unwrap().to_string(), text);
        }
        let window: SendingWindow = serde_json::from_str("\"08:05-09:10\"").unwrap();
        assert_eq!(Some(window), Hours::new(485, 550).map(SendingWindow::Daily));
        assert_eq!(serde_json::to_string(&window).unwrap(), "\"08:05-09:10\"");
    }

    #[test]
    fn nonsense_is_no_window() {
        for text in [
            "",
            "Always",
            "08:00",
            "8:00-21:00",
            "08:00-08:00",
            "21:00-08:00",
            "08:00-24:01",
            "08:60-21:00",
            "24:00-24:00",
            "08:00-21:00 ",
            "08:00–21:00",
            "+8:00-21:00",
            "08:00-99:00",
            "08:00-21:00-22:00",
        ] {
            assert!(text.parse::<SendingWindow>().is_err(), "{text}");
        }
        assert!(
            serde_json::from_str::<Interval>(
                r#"{"from":"2026-01-02T00:00:00Z","until":"2026-01-02T00:00:00Z"}"#
            )
            .is_err()
        );
    }

    #[test]
    fn a_window_opens_by_the_local_clock_also_where_it_is_put_on_or_back() {
        let cases = [
            // The clock is put on on 29 March at 02:00, and back on 25 October at 03:00.
            (
                "08:00-21:00",
                "Europe/Berlin",
                "2026-03-28T00:00:00Z",
                "2026-03-30T00:00:00Z",
                vec![
                    ("2026-03-28T07:00:00Z", "2026-03-28T20:00:00Z"),
                    ("2026-03-29T06:00:00Z", "2026-03-29T19:00:00Z"),
                ],
            ),
            (
                "02:30-04:00",
                "Europe/Berlin",
                "2026-03-29T00:00:00Z",
                "2026-03-30T00:00:00Z",
                vec![("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z")],
            ),
            ("02:00-03:00", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z", vec![]),
            (
                "02:30-04:00",
                "Europe/Berlin",
                "2026-10-25T00:00:00Z",
                "2026-10-25T23:00:00Z",
                vec![
                    ("2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"),
                    ("2026-10-25T01:30:00Z", "2026-10-25T03:00:00Z"),
                ],
            ),
            // On 8 March at 02:00, back on 1 November at 02:00.
            (
                "08:00-21:00",
                "America/New_York",
                "2026-03-07T12:00:00Z",
                "2026-03-09T00:00:00Z",
                vec![
                    ("2026-03-07T13:00:00Z", "2026-03-08T02:00:00Z"),
                    ("2026-03-08T12:00:00Z", "2026-03-09T00:00:00Z"),
                ],
            ),
            (
                "01:30-02:00",
                "America/New_York",
                "2026-11-01T04:00:00Z",
                "2026-11-01T12:00:00Z",
                vec![
                    ("2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z"),
                    ("2026-11-01T06:30:00Z", "2026-11-01T07:00:00Z"),
                ],
            ),
            // By half an hour: back on 5 April at 02:00, on on 4 October at 02:00.
            (
                "08:00-21:00",
                "Australia/Lord_Howe",
                "2026-04-03T12:00:00Z",
                "2026-04-05T12:00:00Z",
                vec![
                    ("2026-04-03T21:00:00Z", "2026-04-04T10:00:00Z"),
                    ("2026-04-04T21:30:00Z", "2026-04-05T10:30:00Z"),
                ],
            ),
            (
                "02:15-03:00",
                "Australia/Lord_Howe",
                "2026-10-03T12:00:00Z",
                "2026-10-03T20:00:00Z",
                vec![("2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z")],
            ),
            // Midnight is no border.
            (
                "00:00-24:00",
                "Asia/Tokyo",
                "2026-01-01T12:34:56Z",
                "2026-01-04T00:00:00Z",
                vec![("2026-01-01T12:34:56Z", "2026-01-04T00:00:00Z")],
            ),
            (
                "always",
                "Asia/Tokyo",
                "2026-01-01T12:34:56.5Z",
                "2026-01-04T00:00:00Z",
                vec![("2026-01-01T12:34:56.5Z", "2026-01-04T00:00:00Z")],
            ),
            // Everybody from the Baltic to Kamchatka: ten hours apart.
            (
                "08:00-21:00",
                "Europe/Kaliningrad Europe/Moscow Asia/Kamchatka",
                "2026-01-01T00:00:00Z",
                "2026-01-02T00:00:00Z",
                vec![("2026-01-01T06:00:00Z", "2026-01-01T09:00:00Z")],
            ),
        ];
        for (window, zones, from, until, expected) in cases {
            let expected: Vec<(String, String)> =
                expected.into_iter().map(|(from, until)| (from.to_owned(), until.to_owned())).collect();
            assert_eq!(
                open(window, zones, from, until).unwrap(),
                expected,
                "{window} in {zones} from {from}"
            );
        }
    }

    #[test]
    fn zones_without_a_common_instant_are_answered_as_such_and_a_short_interval_is_not() {
        let russia = "Europe/Kaliningrad Asia/Kamchatka";
        let error = open("09:00-18:00", russia, "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z").unwrap_err();
        assert!(error.to_string().contains("09:00-18:00 in all of Europe/Kaliningrad, Asia/Kamchatka"));
        let night = open("08:00-21:00", "Asia/Tokyo", "2026-01-01T14:00:00Z", "2026-01-01T15:00:00Z");
        assert_eq!(night.unwrap(), []);
    }

    #[test]
    fn the_ends_of_time_do_no_harm() {
        let all =
            Interval::new(Timestamp::MAX - jiff::SignedDuration::from_hours(1), Timestamp::MAX).unwrap();
        let first =
            Interval::new(Timestamp::MIN, Timestamp::MIN + jiff::SignedDuration::from_hours(1)).unwrap();
        let window: SendingWindow = "00:00-24:00".parse().unwrap();
        for within in [all, first] {
            assert!(window.open(&Zones::of_names("Asia/Tokyo"), within).is_ok());
        }
    }
}
