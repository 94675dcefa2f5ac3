//! Items between our words and the SDK's.

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_ports::{Attributes, Item, Key, PortError, Value};

#[expect(clippy::disallowed_types, reason = "the SDK's own signatures")]
pub(crate) type Map<V> = std::collections::HashMap<String, V>;

/// An item as the SDK has it.
pub(crate) type Raw = Map<AttributeValue>;

pub(crate) fn value(value: &Value) -> AttributeValue {
    match value {
        Value::Text(text) => AttributeValue::S(text.clone()),
        Value::Number(number) => AttributeValue::N(number.to_string()),
    }
}

pub(crate) fn raw_key(key: &Key) -> Raw {
    Raw::from([
        ("pk".to_owned(), AttributeValue::S(key.partition().to_owned())),
        ("sk".to_owned(), AttributeValue::S(key.sort().to_owned())),
    ])
}

pub(crate) fn raw_item(key: &Key, attributes: &Attributes) -> Raw {
    let mut raw = raw_key(key);
    raw.extend(attributes.iter().map(|(name, of)| (name.to_owned(), value(of))));
    raw
}

/// Errors on an item that is not one of ours: without a key, or with an attribute that is neither text nor a whole
/// number.
pub(crate) fn item(mut raw: Raw) -> Result<Item, PortError> {
    let key = take_key(&mut raw).ok_or_else(|| PortError("an item without a key of ours".to_owned()))?;
    let attributes = raw.into_iter().map(|(name, raw)| match read(&raw) {
        Some(value) => Ok((name, value)),
        None => Err(PortError(format!("an item whose attribute {name} is neither text nor a whole number"))),
    });
    Ok(Item { attributes: attributes.collect::<Result<_, _>>()?, key })
}

pub(crate) fn take_key(raw: &mut Raw) -> Option<Key> {
    Some(Key::read_back(take_text(raw, "pk")?, take_text(raw, "sk")?))
}

pub(crate) fn take_text(raw: &mut Raw, name: &str) -> Option<String> {
    raw.remove(name)?.as_s().ok().cloned()
}

fn read(raw: &AttributeValue) -> Option<Value> {
    match (raw.as_s(), raw.as_n()) {
        (Ok(text), _) => Some(Value::Text(text.clone())),
        (_, Ok(number)) => number.parse().ok().map(Value::Number),
        (Err(_), Err(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_comes_back_as_it_went() {
        let there = Item {
            key: Key::read_back("shop#signals".to_owned(), "a".to_owned()),
            attributes: Attributes::from([
                ("doc".to_owned(), "{}".into()),
                ("row".to_owned(), Value::Number(i64::MIN)),
                ("empty".to_owned(), "".into()),
            ]),
        };
        assert_eq!(item(raw_item(&there.key, &there.attributes)), Ok(there));
    }

    #[test]
    fn what_is_not_ours_is_an_error_that_shows_no_value() {
        let key = Key::read_back("p".to_owned(), "s".to_owned());
        for odd in [AttributeValue::Bool(true), AttributeValue::N("1.5".to_owned())] {
            let mut raw = raw_key(&key);
            raw.insert("odd".to_owned(), odd);
            assert!(item(raw).unwrap_err().to_string().contains("attribute odd"));
        }
        assert!(item(Raw::new()).is_err());
    }
}
