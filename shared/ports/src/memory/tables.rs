//! A table in memory that evaluates conditions as DynamoDB does, and counts what it would charge.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::Timestamp;

use crate::table::{Attributes, Condition, Item, Key, Page, Select, Test, Value, Woken, Write};

#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    items: BTreeMap<Key, Attributes>,
    write_units: u64,
}

impl Table {
    pub fn get(&self, key: &Key) -> Option<Item> {
        self.items.get(key).map(|attributes| Item { key: key.clone(), attributes: attributes.clone() })
    }

    pub fn select(&self, select: &Select) -> Page {
        let first = match &select.after {
            Some(after) => Bound::Excluded(Key::new(select.partition.clone(), after.clone())),
            None => Bound::Included(Key::new(select.partition.clone(), select.sort_prefix.clone())),
        };
        let mut found = self.items.range((first, Bound::Unbounded)).take_while(|(key, _)| {
            key.partition() == select.partition && key.sort().starts_with(&select.sort_prefix)
        });
        let items: Vec<Item> = found
            .by_ref()
            .take(select.limit as usize)
            .map(|(key, attributes)| Item { key: key.clone(), attributes: attributes.clone() })
            .collect();
        let next = found.next().and_then(|_| items.last().map(|item| item.key.sort().to_owned()));
        Page { items, next }
    }

    pub fn woken(&self, partition: &str, until: Timestamp, limit: u32) -> Vec<Woken> {
        let mut woken: Vec<Woken> = self
            .items
            .iter()
            .filter(|(_, attributes)| match attributes.get("wake_pk") {
                Some(Value::Text(stands_under)) => stands_under == partition,
                Some(Value::Number(_)) | None => false,
            })
            .filter_map(|(key, attributes)| match attributes.get("wake") {
                Some(Value::Text(wake)) => Some(Woken { key: key.clone(), wake: wake.parse().ok()? }),
                Some(Value::Number(_)) | None => None,
            })
            .filter(|woken| woken.wake <= until)
            .collect();
        woken.sort_by_key(|woken| (woken.wake, woken.key.clone()));
        woken.truncate(limit as usize);
        woken
    }

    /// How many items stand in partitions with this in their name.
    pub fn count_in(&self, partition_part: &str) -> usize {
        self.items.keys().filter(|key| key.partition().contains(partition_part)).count()
    }

    /// See [`super::World::tamper`].
    pub fn tamper(&mut self, sort_prefix: &str, name: &str, change: impl Fn(&str) -> String) -> usize {
        let items = self.items.iter_mut().filter(|(key, _)| key.sort().starts_with(sort_prefix));
        let texts = items.filter_map(|(_, attributes)| match attributes.get_mut(name) {
            Some(Value::Text(text)) => Some(text),
            Some(Value::Number(_)) | None => None,
        });
        let mut changed = 0;
        for text in texts {
            let other = change(text);
            changed += usize::from(other != *text);
            *text = other;
        }
        changed
    }

    /// All writes, or the place of the first whose condition does not hold.
    pub fn write(&mut self, writes: &[Write]) -> Result<(), usize> {
        if let Some(place) = writes.iter().position(|write| !self.holds(write.key(), write.only_if())) {
            return Err(place);
        }
        // A transaction prepares and commits: twice the units.
        let factor = if writes.len() > 1 { 2 } else { 1 };
        for write in writes {
            self.apply(write, factor);
        }
        Ok(())
    }

    /// The sum, or nothing where the condition does not hold.
    pub fn add(&mut self, key: &Key, name: &str, number: i64, only_if: &Condition) -> Option<i64> {
        if !self.holds(key, only_if) {
            return None;
        }
        let before = match self.items.get(key).and_then(|attributes| attributes.get(name)) {
            Some(Value::Number(before)) => *before,
            Some(Value::Text(_)) | None => 0,
        };
        let sum = before.saturating_add(number);
        let set = Attributes::from([(name.to_owned(), Value::Number(sum))]);
        let write = Write::Update { key: key.clone(), set, remove: Vec::new(), only_if: Condition::Always };
        self.apply(&write, 1);
        Some(sum)
    }

    pub fn put_all(&mut self, items: Vec<Item>) {
        for Item { key, attributes } in items {
            self.apply(&Write::Put { key, attributes, only_if: Condition::Always }, 1);
        }
    }

    pub fn delete_all(&mut self, keys: &[Key]) {
        for key in keys {
            self.apply(&Write::Delete { key: key.clone(), only_if: Condition::Always }, 1);
        }
    }

    pub fn write_units(&self) -> u64 {
        self.write_units
    }

    fn apply(&mut self, write: &Write, factor: u64) {
        let before = self.items.get(write.key()).cloned();
        match write {
            Write::Put { key, attributes, .. } => {
                self.items.insert(key.clone(), attributes.clone());
            }
            Write::Update { key, set, remove, .. } => {
                let attributes = self.items.entry(key.clone()).or_default();
                attributes.extend(set.clone());
                for name in remove {
                    attributes.remove(*name);
                }
            }
            Write::Delete { key, .. } => {
                self.items.remove(key);
            }
            Write::Add { key, add } => {
                let attributes = self.items.entry(key.clone()).or_default();
                for (name, number) in add {
                    let before = match attributes.get(name) {
                        Some(Value::Number(before)) => *before,
                        Some(Value::Text(_)) | None => 0,
                    };
                    attributes.insert(name.clone(), Value::Number(before + number));
                }
            }
            Write::Check { .. } => {}
        }
        let after = self.items.get(write.key());
        let key_size = write.key().partition().len() + write.key().sort().len();
        let size = |attributes: Option<&Attributes>| {
            attributes.map_or(0, |attributes| key_size + size_of(attributes))
        };
        let larger = size(before.as_ref()).max(size(after)) as u64;
        self.write_units += factor * larger.div_ceil(1024).max(1) + index_units(before.as_ref(), after);
    }

    fn holds(&self, key: &Key, condition: &Condition) -> bool {
        let item = self.items.get(key);
        match (condition, item) {
            (Condition::Always, _) | (Condition::Absent | Condition::AbsentOr(_), None) => true,
            (Condition::Absent, Some(_)) | (Condition::Present(_), None) => false,
            (Condition::Present(tests) | Condition::AbsentOr(tests), Some(attributes)) => {
                tests.iter().all(|test| test_holds(test, attributes))
            }
        }
    }
}

fn test_holds(test: &Test, attributes: &Attributes) -> bool {
    match test {
        Test::Is(name, value) => attributes.get(*name) == Some(value),
        Test::IsOneOf(name, values) => attributes.get(*name).is_some_and(|value| values.contains(value)),
        Test::Missing(name) => !attributes.contains_key(*name),
        Test::Lacks(name, part) => {
            !matches!(attributes.get(*name), Some(Value::Text(text)) if text.contains(part.as_str()))
        }
        Test::Above(name, than) => {
            matches!(attributes.get(*name), Some(Value::Number(number)) if number > than)
        }
        Test::AtMost(name, most) => {
            matches!(attributes.get(*name), Some(Value::Number(number)) if number <= most)
        }
    }
}

/// DynamoDB counts the names and the values in UTF-8; a number takes about half a byte a digit, and one more.
fn size_of(attributes: &Attributes) -> usize {
    attributes
        .iter()
        .map(|(name, value)| {
            name.len()
                + match value {
                    Value::Text(text) => text.len(),
                    Value::Number(number) => {
                        2 + number.unsigned_abs().checked_ilog10().unwrap_or(0) as usize / 2
                    }
                }
        })
        .sum()
}

/// One unit for each entry that leaves the index, one for each that enters.
fn index_units(before: Option<&Attributes>, after: Option<&Attributes>) -> u64 {
    let entry =
        |attributes: Option<&Attributes>| attributes.and_then(|attributes| attributes.get("wake").cloned());
    let (before, after) = (entry(before), entry(after));
    if before == after { 0 } else { u64::from(before.is_some()) + u64::from(after.is_some()) }
}
