//! JSON from outside: one value, no key twice, bounded depth. And short ways to read a value.
//!
//! A key that stands twice is refused because two readers may see two different documents:
//! the one that was checked must be the one that is used.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep arrays and objects may nest. Real findings nest about 15 deep.
/// It is below `serde_json`'s own 128, so that the stack is bounded while the text is read.
pub const MAX_DEPTH: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("the text is not UTF-8")]
    NotUtf8,
    #[error("the JSON nests too deep")]
    TooDeep,
    #[error("a key stands twice in one JSON object")]
    DuplicateKey,
    #[error("the text is not one JSON value")]
    Syntax,
}

/// Reads exactly one JSON value. A byte order mark in front is skipped (RFC 8259, section 8.1, allows it).
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    parse_text(text)
}

/// As [`parse`], for text that is known to be UTF-8.
pub fn parse_text(text: &str) -> Result<Value, JsonError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fault = Cell::new(JsonError::Syntax);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0, fault: &fault }.deserialize(&mut reader).map_err(|_| fault.get())?;
    reader.end().map_err(|_| JsonError::Syntax)?;
    Ok(value)
}

/// What stands at a JSON pointer (RFC 6901). As [`Value::pointer`], which makes a new text of every step: an event is asked
/// for dozens of places, and millions of events come in.
pub(crate) fn at<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    if pointer.contains('~') {
        return value.pointer(pointer);
    }
    let Some(steps) = pointer.strip_prefix('/') else {
        return pointer.is_empty().then_some(value);
    };
    steps.split('/').try_fold(value, |value, step| match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(_) => value.pointer(&format!("/{step}")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// The text at a JSON pointer, unless it is empty.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    at(value, pointer)?.as_str().filter(|text| !text.is_empty())
}

/// The first text that one of the pointers finds.
pub(crate) fn first_text<'a>(value: &'a Value, pointers: &[&str]) -> Option<&'a str> {
    pointers.iter().find_map(|pointer| text(value, pointer))
}

/// An id: text, or a whole number. A number beyond 64 bits is no id, because it was rounded.
pub(crate) fn id(value: &Value, pointer: &str) -> Option<String> {
    match at(value, pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    }
}

/// The elements at a pointer; none where there is no list.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    at(value, pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(crate) fn is_object(value: &Value, pointer: &str) -> bool {
    at(value, pointer).is_some_and(Value::is_object)
}

/// `true`, or the text `true`: some products write every value as text.
pub(crate) fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => false,
    }
}

/// Builds a [`Value`] and stops at the first key that stands twice or step that is too deep.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    fault: &'a Cell<JsonError>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.stop(JsonError::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn stop<E: serde::de::Error>(self, fault: JsonError) -> E {
        self.fault.set(fault);
        E::custom(fault)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(self.stop(JsonError::DuplicateKey));
            }
            map.insert(key, entries.next_value_seed(inner)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_finds_what_rfc_6901_says() {
        let value = serde_json::json!({
            "a": { "b": [1, { "c": "d" }], "": 2, "x/y": 3, "m~n": 4, "0": 5 }, "e": null, "t": "text",
        });
        for pointer in [
            "",
            "/",
            "a",
            "/a",
            "/a/b",
            "/a/b/0",
            "/a/b/1/c",
            "/a/b/2",
            "/a/b/01",
            "/a/b/+1",
            "/a/b/-",
            "/a/",
            "/a//",
            "/a/x~1y",
            "/a/x/y",
            "/a/m~0n",
            "/a/m~n",
            "/a/0",
            "/e",
            "/e/f",
            "/t/0",
            "/t/length",
            "/none",
        ] {
            assert_eq!(at(&value, pointer), value.pointer(pointer), "{pointer}");
        }
    }

    #[test]
    fn what_is_one_json_value() {
        for (text, why) in [
            ("{\"a\":1,\"a\":2}", JsonError::DuplicateKey),
            ("{\"x\":{\"a\":1,\"\\u0061\":2}}", JsonError::DuplicateKey),
            ("{} trailing", JsonError::Syntax),
            ("{\"a\":1}\n{\"b\":2}", JsonError::Syntax),
            ("{\"severity\":NaN}", JsonError::Syntax),
            ("{\"severity\":1e400}", JsonError::Syntax),
            ("\"\\ud800\"", JsonError::Syntax),
            ("", JsonError::Syntax),
        ] {
            assert_eq!(parse_text(text), Err(why), "{text}");
        }
        assert_eq!(parse(b"\xff\xfe{\0}\0"), Err(JsonError::NotUtf8));
        assert_eq!(parse(b"\xef\xbb\xbf{\"A\":1,\"a\":-0.0}").unwrap()["A"], 1);
    }

    #[test]
    fn depth_is_bounded_long_before_the_stack() {
        let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(parse_text(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(parse_text(&nested(MAX_DEPTH + 1)), Err(JsonError::TooDeep));
        let objects = format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
        assert_eq!(parse_text(&objects), Err(JsonError::TooDeep));
    }

    #[test]
    fn a_rounded_number_is_no_id() {
        let value =
            parse_text(r#"{"a":18446744073709551615,"b":18446744073709551616,"c":"","d":1.5}"#).unwrap();
        assert_eq!(id(&value, "/a"), Some("18446744073709551615".to_owned()));
        for pointer in ["/b", "/c", "/d", "/e"] {
            assert_eq!(id(&value, pointer), None, "{pointer}");
        }
    }
}
