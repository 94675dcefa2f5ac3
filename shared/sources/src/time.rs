//! Instants as products write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::json;

/// Numbers from here on count milliseconds: as seconds they would lie beyond the year 5000. So with the next two.
const FIRST_MILLISECOND: i64 = 100_000_000_000;
const FIRST_MICROSECOND: i64 = 100_000_000_000_000;
/// Nanoseconds from 2001 to 2096. Below lies what Windows counts (100 ns since 1601), which nothing here tells apart.
const NANOSECONDS: std::ops::Range<i64> = 1_000_000_000_000_000_000..4_000_000_000_000_000_000;

/// RFC 3339; a date and time without an offset, which is read as UTC; a date as syslog's relatives write it; or a
/// number of seconds, milliseconds, microseconds or nanoseconds since 1970, also as text.
pub(crate) fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => from_text(text),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => from_number(whole),
            None => from_number(number.as_f64()? as i64),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(crate) fn from_text(text: &str) -> Option<Timestamp> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    // Eight digits are a date; more are a count.
    if text.len() > 8
        && let Ok(number) = text.parse::<i64>()
    {
        return from_number(number);
    }
    if let Ok(local) = text.parse::<DateTime>() {
        return TimeZone::UTC.to_timestamp(local).ok();
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return from_number(text.parse::<f64>().ok()? as i64);
    }
    DEVICE_FORMS.iter().find_map(|form| from_form(form, text))
}

/// How devices write dates in CEF and LEEF: `Jan 02 2025 15:04:05`, `2025/01/02 15:04:05`, with or without a fraction.
const DEVICE_FORMS: [&str; 2] = ["%b %d %Y %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f"];

/// Behind it may stand an offset or a name of UTC. Other zones' names mean one thing here and another there: with one
/// of those there is no instant.
fn from_form(form: &str, text: &str) -> Option<Timestamp> {
    let local = text.strip_suffix(" GMT").or_else(|| text.strip_suffix(" UTC")).unwrap_or(text);
    match DateTime::strptime(form, local) {
        Ok(local) => TimeZone::UTC.to_timestamp(local).ok(),
        Err(_) => Timestamp::strptime(format!("{form} %z"), text).ok(),
    }
}

/// The first instant that one of the pointers finds.
pub(crate) fn first(value: &Value, pointers: &[&str]) -> Option<Timestamp> {
    pointers.iter().find_map(|pointer| instant(json::at(value, pointer)?))
}

fn from_number(number: i64) -> Option<Timestamp> {
    if number < FIRST_MILLISECOND {
        Timestamp::from_second(number).ok()
    } else if number < FIRST_MICROSECOND {
        Timestamp::from_millisecond(number).ok()
    } else if number < FIRST_MICROSECOND * 1000 {
        Timestamp::from_microsecond(number).ok()
    } else {
        NANOSECONDS.contains(&number).then(|| Timestamp::from_nanosecond(number.into()).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn instants_in_the_forms_that_products_use() {
        let noon = Some("2025-01-01T12:00:00Z".parse().unwrap());
        for value in [
            json!("2025-01-01T12:00:00Z"),
            json!("2025-01-01T13:00:00+01:00"),
            json!("2025-01-01 12:00:00.000000000"),
            json!(1_735_732_800),
            json!(1_735_732_800_000_i64),
            json!(1_735_732_800.0),
            json!("1735732800000"),
            json!(1_735_732_800_000_000_i64),
            json!(1_735_732_800_000_000_000_i64),
            json!("1735732800"),
            json!("1735732800.000"),
            json!("2025-01-01 12:00:00Z"),
            json!("2025-01-01T12:00:00.000+0000"),
            json!("2025-01-01T17:30:00.000+05:30"),
            json!("Jan 01 2025 12:00:00"),
            json!("Jan 01 2025 12:00:00.000"),
            json!("Jan 01 2025 12:00:00 GMT"),
            json!("Jan 01 2025 12:00:00.000 UTC"),
            json!("Jan 01 2025 13:00:00 +0100"),
            json!("Jan 1 2025 12:00:00"),
            json!("2025/01/01 08:00:00 -0400"),
        ] {
            assert_eq!(instant(&value), noon, "{value}");
        }
        for value in [
            json!("yesterday"),
            json!(""),
            json!("."),
            json!(null),
            json!(i64::MAX),
            json!(133_801_920_000_000_000_i64),
            json!(-1e300),
            json!({}),
            json!("Jan 01 2025 12:00:00 CET"),
            json!("Jan 01 12:00:00"),
        ] {
            assert_eq!(instant(&value), None, "{value}");
        }
    }
}
