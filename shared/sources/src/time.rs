//! Instants as products write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::json;

/// Numbers from here on count milliseconds: as seconds they would lie beyond the year 5000.
const FIRST_MILLISECOND: i64 = 100_000_000_000;

/// RFC 3339; a date and time without an offset, which is read as UTC; or a number of seconds or
/// milliseconds since 1970, also as text.
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
    if let Ok(local) = text.parse::<DateTime>() {
        return TimeZone::UTC.to_timestamp(local).ok();
    }
    from_number(text.parse().ok()?)
}

/// The first instant that one of the pointers finds.
pub(crate) fn first(value: &Value, pointers: &[&str]) -> Option<Timestamp> {
    pointers.iter().find_map(|pointer| instant(json::at(value, pointer)?))
}

fn from_number(number: i64) -> Option<Timestamp> {
    if number < FIRST_MILLISECOND {
        Timestamp::from_second(number).ok()
    } else {
        Timestamp::from_millisecond(number).ok()
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
        ] {
            assert_eq!(instant(&value), noon, "{value}");
        }
        for value in [json!("yesterday"), json!(""), json!(null), json!(i64::MAX), json!(-1e300), json!({})] {
            assert_eq!(instant(&value), None, "{value}");
        }
    }
}
