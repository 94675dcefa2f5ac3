//! One DynamoDB table as the table ports want it. The home table and the people tables are the same code.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{ConsumedCapacity, KeysAndAttributes};
use jiff::Timestamp;
use tocsin_ports::{Item, Key, Page, PortError, Select, Usage, Woken};

use crate::clock::pause;
use crate::expression::Placeholders;
use crate::failure::{failed, unbuilt};
use crate::item::{Raw, item, raw_key, take_key, take_text};
use crate::names;

/// `TransactWriteItems` and `BatchGetItem` take no more.
pub(crate) const CALL_ITEMS: usize = 100;

/// How often a busy table is asked. The pauses between add up to less than 2 s.
pub(crate) const TRIES: u32 = 7;

/// What this process used so far, counted by every client.
pub(crate) type Meter = Rc<Cell<Usage>>;

pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) meter: Meter,
}

impl Table {
    /// A consistent read.
    pub async fn get(&self, key: &Key) -> Result<Option<Item>, PortError> {
        let call =
            self.client.get_item().table_name(&self.name).set_key(Some(raw_key(key))).consistent_read(true);
        let answer = call.send().await.map_err(|error| failed("GetItem", &error))?;
        answer.item.map(item).transpose()
    }

    /// One page, consistent. A page ends after `limit` items or 1 MB. After a last page that is exactly full,
    /// `next` leads to an empty page: DynamoDB has not looked further.
    pub async fn select(&self, select: &Select) -> Result<Page, PortError> {
        let Some(start) = Start::of(select) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let mut placeholders = Placeholders::default();
        let mut condition = is(&mut placeholders, "pk", &select.partition);
        if !select.sort_prefix.is_empty() {
            let prefix = placeholders.value(&select.sort_prefix.as_str().into());
            condition = format!("{condition} AND begins_with({}, {prefix})", placeholders.name("sk"));
        }
        let behind = match start {
            Start::First => None,
            Start::Behind(after) => {
                Some(raw_key(&Key::read_back(select.partition.clone(), after.to_owned())))
            }
        };
        let query = self.query(condition, placeholders, select.limit).consistent_read(true);
        let answer =
            query.set_exclusive_start_key(behind).send().await.map_err(|error| failed("Query", &error))?;
        let items = answer.items.unwrap_or_default().into_iter().map(item).collect::<Result<_, _>>()?;
        let next = answer.last_evaluated_key.and_then(|mut key| take_text(&mut key, "sk"));
        Ok(Page { items, next })
    }

    /// Entries of the wake index until `until`, soonest first, at most `limit`.
    pub async fn woken(
        &self,
        partition: &str,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Woken>, PortError> {
        let mut woken = Vec::new();
        let mut behind = None;
        loop {
            let left = limit.saturating_sub(u32::try_from(woken.len()).unwrap_or(u32::MAX));
            if left == 0 {
                return Ok(woken);
            }
            let mut placeholders = Placeholders::default();
            let of = is(&mut placeholders, "wake_pk", partition);
            // As the store writes it: text that sorts as time does.
            let until = placeholders.value(&format!("{until:.3}").into());
            let condition = format!("{of} AND {} <= {until}", placeholders.name("wake"));
            let query = self.query(condition, placeholders, left).index_name(names::WAKE_INDEX);
            let answer = query
                .set_exclusive_start_key(behind)
                .send()
                .await
                .map_err(|error| failed("Query", &error))?;
            woken.extend(answer.items.unwrap_or_default().into_iter().filter_map(entry));
            behind = answer.last_evaluated_key;
            if behind.is_none() {
                return Ok(woken);
            }
        }
    }

    /// The items with these keys, at most 100, in no order; consistent.
    pub async fn get_all(&self, keys: Vec<Key>) -> Result<Vec<Item>, PortError> {
        let keys: BTreeSet<Key> = keys.into_iter().collect();
        if keys.len() > CALL_ITEMS {
            return Err(PortError(format!("BatchGetItem: {} keys, and it takes {CALL_ITEMS}", keys.len())));
        }
        let mut left: Vec<Raw> = keys.iter().map(raw_key).collect();
        let mut items = Vec::new();
        for tries in 0..TRIES {
            if left.is_empty() {
                return Ok(items);
            }
            pause(tries).await;
            let keys = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
            let call = self.client.batch_get_item().request_items(&self.name, keys.map_err(unbuilt)?);
            let answer = call.send().await.map_err(|error| failed("BatchGetItem", &error))?;
            let found = answer.responses.and_then(|mut tables| tables.remove(&self.name)).unwrap_or_default();
            items.extend(found.into_iter().map(item).collect::<Result<Vec<_>, _>>()?);
            left = answer
                .unprocessed_keys
                .and_then(|mut tables| tables.remove(&self.name))
                .map_or_else(Vec::new, |unprocessed| unprocessed.keys);
        }
        if left.is_empty() { Ok(items) } else { Err(self.busy()) }
    }

    pub(crate) fn busy(&self) -> PortError {
        PortError(format!("the table {} is busy", self.name))
    }

    pub(crate) fn count<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        let units: f64 = consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
        let usage = self.meter.get();
        self.meter.set(Usage { write_units: usage.write_units + units, ..usage });
    }

    fn query(&self, condition: String, placeholders: Placeholders, limit: u32) -> QueryFluentBuilder {
        let (names, values) = placeholders.into_maps();
        self.client
            .query()
            .table_name(&self.name)
            .key_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
    }
}

/// Where a page begins.
#[derive(Debug, PartialEq, Eq)]
enum Start<'a> {
    First,
    Behind(&'a str),
}

impl<'a> Start<'a> {
    /// DynamoDB refuses a starting key outside the prefix, so what lies before the prefix starts at its first item,
    /// and behind what lies after it there is nothing: `None`.
    fn of(select: &'a Select) -> Option<Self> {
        match select.after.as_deref() {
            None => Some(Start::First),
            Some(after) if after.starts_with(&select.sort_prefix) => Some(Start::Behind(after)),
            Some(after) if after < select.sort_prefix.as_str() => Some(Start::First),
            Some(_) => None,
        }
    }
}

fn is(placeholders: &mut Placeholders, name: &str, text: &str) -> String {
    format!("{} = {}", placeholders.name(name), placeholders.value(&text.into()))
}

/// What cannot be read is left out, as the memory does: the index is a hint.
fn entry(mut raw: Raw) -> Option<Woken> {
    let wake = take_text(&mut raw, "wake")?.parse().ok()?;
    Some(Woken { key: take_key(&mut raw)?, wake })
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    #[test]
    fn a_page_starts_inside_its_prefix() {
        let select = |prefix: &str, after: Option<&str>| Select {
            partition: "p".to_owned(),
            sort_prefix: prefix.to_owned(),
            after: after.map(str::to_owned),
            limit: 1,
        };
        for (prefix, after, start) in [
            ("", None, Some(Start::First)),
            ("", Some("a"), Some(Start::Behind("a"))),
            ("chunk#", Some("chunk#1"), Some(Start::Behind("chunk#1"))),
            ("chunk#", Some("chunk#"), Some(Start::Behind("chunk#"))),
            ("chunk#", Some("apple"), Some(Start::First)),
            ("chunk#", Some("chunk"), Some(Start::First)),
            ("chunk#", Some("zebra"), None),
        ] {
            assert_eq!(Start::of(&select(prefix, after)), start, "{prefix:?} behind {after:?}");
        }
    }

    #[test]
    fn an_index_entry_without_an_instant_is_left_out() {
        let key = Key::read_back("p".to_owned(), "s".to_owned());
        let with = |wake: &str| {
            let mut raw = raw_key(&key);
            raw.insert("wake".to_owned(), AttributeValue::S(wake.to_owned()));
            raw
        };
        assert!(entry(with("2026-11-23T12:00:00.000Z")).is_some());
        assert!(entry(with("soon")).is_none());
        assert!(entry(raw_key(&key)).is_none());
    }
}
