//! A table in memory that evaluates conditions as DynamoDB does, and counts what it would charge.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::Timestamp;

use crate::table::{Attributes, Condition, Item, Key, Page, Select, Test, Value, Woken, Write};

/// Items by partition and sort key, and the index of those that somebody has to look at.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    partitions: BTreeMap<String, BTreeMap<String, Attributes>>,
    woken: BTreeMap<String, BTreeSet<(Timestamp, Key)>>,
    write_units: u64,
}

impl Table {
    pub fn get(&self, key: &Key) -> Option<Item> {
        self.attributes(key).map(|attributes| Item { key: key.clone(), attributes: attributes.clone() })
    }

    pub fn select(&self, select: &Select) -> Page {
        let Some(partition) = self.partitions.get(&select.partition) else {
            return Page { items: Vec::new(), next: None };
        };
        let first = match &select.after {
            Some(after) => Bound::Excluded(after.as_str()),
            None => Bound::Included(select.sort_prefix.as_str()),
        };
        let mut found = partition
            .range::<str, _>((first, Bound::Unbounded))
            .take_while(|(sort, _)| sort.starts_with(&select.sort_prefix));
        let key = |sort: &str| Key::new(select.partition.clone(), sort.to_owned());
        let items: Vec<Item> = found
            .by_ref()
            .take(select.limit as usize)
            .map(|(sort, attributes)| Item { key: key(sort), attributes: attributes.clone() })
            .collect();
        let next = found.next().and_then(|_| items.last().map(|item| item.key.sort().to_owned()));
        Page { items, next }
    }

    pub fn woken(&self, partition: &str, until: Timestamp, limit: u32) -> Vec<Woken> {
        let entries = self.woken.get(partition).into_iter().flatten();
        let due = entries.take_while(|(wake, _)| *wake <= until).take(limit as usize);
        due.map(|(wake, key)| Woken { key: key.clone(), wake: *wake }).collect()
    }

    /// See [`super::World::tamper`].
    pub fn tamper(&mut self, sort_prefix: &str, name: &str, change: impl Fn(&str) -> String) -> usize {
        let items = self.partitions.values_mut().flatten().filter(|(sort, _)| sort.starts_with(sort_prefix));
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

    /// Removes every item of which a value says this; whoever is woken by it, still is.
    pub fn remove_saying(&mut self, words: &str) {
        let says = |value: &Value| match value {
            Value::Text(text) => text.contains(words),
            Value::Number(_) => false,
        };
        for items in self.partitions.values_mut() {
            items.retain(|_, attributes| !attributes.iter().any(|(_, value)| says(value)));
        }
    }

    /// Removes every partition of a tenant, as it is removed from nowhere else: see [`super::World::archive`].
    pub fn remove_tenant(&mut self, tenant: &str) {
        let of_parts = format!("{tenant}#");
        self.partitions.retain(|name, _| name != tenant && !name.starts_with(&of_parts));
        self.woken.retain(|_, entries| {
            entries.retain(|(_, key)| key.partition() != tenant && !key.partition().starts_with(&of_parts));
            !entries.is_empty()
        });
    }

    /// All writes, or the place of the first whose condition does not hold.
    pub fn write(&mut self, writes: Vec<Write>) -> Result<(), usize> {
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
        let before = match self.attributes(key).and_then(|attributes| attributes.get(name)) {
            Some(Value::Number(before)) => *before,
            Some(Value::Text(_)) | None => 0,
        };
        let sum = before.saturating_add(number);
        let set = Attributes::from([(name.to_owned(), Value::Number(sum))]);
        let write = Write::Update { key: key.clone(), set, remove: Vec::new(), only_if: Condition::Always };
        self.apply(write, 1);
        Some(sum)
    }

    pub fn put_all(&mut self, items: Vec<Item>) {
        for Item { key, attributes } in items {
            self.apply(Write::Put { key, attributes, only_if: Condition::Always }, 1);
        }
    }

    pub fn delete_all(&mut self, keys: Vec<Key>) {
        for key in keys {
            self.apply(Write::Delete { key, only_if: Condition::Always }, 1);
        }
    }

    pub fn write_units(&self) -> u64 {
        self.write_units
    }

    fn attributes(&self, key: &Key) -> Option<&Attributes> {
        self.partitions.get(key.partition())?.get(key.sort())
    }

    fn apply(&mut self, write: Write, factor: u64) {
        let key = write.key().clone();
        let before = Weighed::of(&key, self.attributes(&key));
        match write {
            Write::Put { attributes, .. } => *self.entry(&key) = attributes,
            Write::Update { set, remove, .. } => {
                let attributes = self.entry(&key);
                attributes.extend(set);
                for name in remove {
                    attributes.remove(name);
                }
            }
            Write::Delete { .. } => self.remove(&key),
            Write::Add { add, .. } => {
                let attributes = self.entry(&key);
                for (name, number) in add {
                    let before = match attributes.get(&name) {
                        Some(Value::Number(before)) => *before,
                        Some(Value::Text(_)) | None => 0,
                    };
                    attributes.insert(name, Value::Number(before + number));
                }
            }
            Write::Check { .. } => {}
        }
        let after = Weighed::of(&key, self.attributes(&key));
        let larger = before.size.max(after.size) as u64;
        self.write_units += factor * larger.div_ceil(1024).max(1);
        if before.wakes != after.wakes {
            // One unit for each entry that leaves the index, one for each that enters.
            self.write_units += u64::from(before.wakes.is_some()) + u64::from(after.wakes.is_some());
            self.index(&key, before.wakes, after.wakes);
        }
    }

    fn entry(&mut self, key: &Key) -> &mut Attributes {
        let partition = self.partitions.entry(key.partition().to_owned()).or_default();
        partition.entry(key.sort().to_owned()).or_default()
    }

    fn remove(&mut self, key: &Key) {
        if let Some(partition) = self.partitions.get_mut(key.partition()) {
            partition.remove(key.sort());
            if partition.is_empty() {
                self.partitions.remove(key.partition());
            }
        }
    }

    fn index(&mut self, key: &Key, leaves: Option<Wakes>, enters: Option<Wakes>) {
        if let Some(entries) = leaves.as_ref().and_then(|wakes| self.woken.get_mut(&wakes.under)) {
            leaves.iter().for_each(|wakes| {
                entries.remove(&(wakes.at, key.clone()));
            });
        }
        if let Some(wakes) = enters {
            self.woken.entry(wakes.under).or_default().insert((wakes.at, key.clone()));
        }
    }

    fn holds(&self, key: &Key, condition: &Condition) -> bool {
        let item = self.attributes(key);
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
        Test::Is(name, value) => attributes.get(name) == Some(value),
        Test::IsOneOf(name, values) => attributes.get(name).is_some_and(|value| values.contains(value)),
        Test::Missing(name) => !attributes.contains_key(name),
        Test::Lacks(name, part) => {
            !matches!(attributes.get(name), Some(Value::Text(text)) if text.contains(part.as_str()))
        }
        Test::Above(name, than) => {
            matches!(attributes.get(name), Some(Value::Number(number)) if number > than)
        }
        Test::AtMost(name, most) => {
            matches!(attributes.get(name), Some(Value::Number(number)) if number <= most)
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

/// What of an item counts for the charge and for the index.
struct Weighed {
    size: usize,
    wakes: Option<Wakes>,
}

/// Where an item stands in the index.
#[derive(Debug, PartialEq, Eq)]
struct Wakes {
    under: String,
    at: Timestamp,
}

impl Weighed {
    fn of(key: &Key, attributes: Option<&Attributes>) -> Self {
        let key_size = key.partition().len() + key.sort().len();
        Self {
            size: attributes.map_or(0, |attributes| key_size + size_of(attributes)),
            wakes: attributes.and_then(Wakes::of),
        }
    }
}

impl Wakes {
    fn of(attributes: &Attributes) -> Option<Self> {
        let text = |name| attributes.get(name)?.text();
        Some(Self { under: text("wake_pk")?.to_owned(), at: text("wake")?.parse().ok()? })
    }
}
