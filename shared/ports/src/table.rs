//! A table as DynamoDB is one: items under a partition and a sort key, conditional writes, transactions, pages.
//! Just as much of it as the store needs, so that a second implementation can be exact.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ports::PortError;

/// An item's place. Only [`crate::TenantScope`] and the store's own directory make one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    partition: String,
    sort: String,
}

impl Key {
    pub(crate) fn new(partition: String, sort: String) -> Self {
        Self { partition, sort }
    }

    pub fn partition(&self) -> &str {
        &self.partition
    }

    pub fn sort(&self) -> &str {
        &self.sort
    }

    /// For adapters, which read keys back from the table.
    pub fn read_back(partition: String, sort: String) -> Self {
        Self { partition, sort }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Number(number)
    }
}

impl Value {
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Number(_) => None,
        }
    }
}

/// Everything of an item but its key, by name in order. An item has few: they lie side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(Name, Value)>);

/// Ours stand in the code; what an adapter reads back is its own.
type Name = Cow<'static, str>;

impl Attributes {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.place(name).ok().map(|place| &self.0[place].1)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.place(name).ok().map(|place| &mut self.0[place].1)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    pub fn insert(&mut self, name: impl Into<Name>, value: Value) {
        let name = name.into();
        match self.place(&name) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (name, value));
            }
        }
    }

    pub fn remove(&mut self, name: &str) {
        if let Ok(place) = self.place(name) {
            self.0.remove(place);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_ref().cmp(name))
    }
}

impl<N: Into<Name>> Extend<(N, Value)> for Attributes {
    fn extend<I: IntoIterator<Item = (N, Value)>>(&mut self, others: I) {
        others.into_iter().for_each(|(name, value)| self.insert(name, value));
    }
}

impl<N: Into<Name>> FromIterator<(N, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(attributes: I) -> Self {
        let mut own = Self::new();
        own.extend(attributes);
        own
    }
}

impl<K: Into<Name>, const N: usize> From<[(K, Value); N]> for Attributes {
    fn from(attributes: [(K, Value); N]) -> Self {
        attributes.into_iter().collect()
    }
}

impl IntoIterator for Attributes {
    type Item = (Name, Value);
    type IntoIter = std::vec::IntoIter<(Name, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub key: Key,
    pub attributes: Attributes,
}

impl Item {
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.text()
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        match self.attributes.get(name)? {
            Value::Number(number) => Some(*number),
            Value::Text(_) => None,
        }
    }
}

/// One write of a transaction. Either all writes of a transaction happen, or none does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    Put {
        key: Key,
        attributes: Attributes,
        only_if: Condition,
    },
    /// Sets and removes attributes; creates the item when it is absent and the condition allows that.
    Update {
        key: Key,
        set: Attributes,
        remove: Vec<&'static str>,
        only_if: Condition,
    },
    Delete {
        key: Key,
        only_if: Condition,
    },
    /// Adds to numbers, each 0 where it is not there; creates the item when it is absent. Repeated, it adds again.
    Add {
        key: Key,
        add: BTreeMap<String, i64>,
    },
    /// Writes nothing; the transaction fails unless the condition holds.
    Check {
        key: Key,
        only_if: Condition,
    },
}

impl Write {
    pub fn key(&self) -> &Key {
        match self {
            Write::Put { key, .. }
            | Write::Update { key, .. }
            | Write::Delete { key, .. }
            | Write::Add { key, .. }
            | Write::Check { key, .. } => key,
        }
    }

    pub fn only_if(&self) -> &Condition {
        match self {
            Write::Put { only_if, .. }
            | Write::Update { only_if, .. }
            | Write::Delete { only_if, .. }
            | Write::Check { only_if, .. } => only_if,
            Write::Add { .. } => &Condition::Always,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    Always,
    Absent,
    /// The item is there, and every test holds.
    Present(Vec<Test>),
    /// The item is absent, or is there and every test holds.
    AbsentOr(Vec<Test>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    Is(&'static str, Value),
    IsOneOf(&'static str, Vec<Value>),
    Missing(&'static str),
    Above(&'static str, i64),
    AtMost(&'static str, i64),
    /// The text does not hold this part; nor does one that is not there.
    Lacks(&'static str, String),
}

/// What to read of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    pub partition: String,
    /// Only items whose sort key begins so.
    pub sort_prefix: String,
    /// Only items behind this sort key: where the page before ended.
    pub after: Option<String>,
    pub limit: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub items: Vec<Item>,
    /// There is more behind this sort key.
    pub next: Option<String>,
}

/// An entry of the index of things that somebody has to look at at a given instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Woken {
    pub key: Key,
    pub wake: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The condition of the write at this place did not hold; nothing was written.
    #[error("the condition of write {0} did not hold")]
    Refused(usize),
    #[error(transparent)]
    Port(#[from] PortError),
}

pub trait ReadHome {
    /// A consistent read.
    async fn get(&self, key: &Key) -> Result<Option<Item>, PortError>;

    /// One page, ascending by sort key, consistent.
    async fn select(&self, select: &Select) -> Result<Page, PortError>;

    /// What a tenant has to look at until `until`, soonest first. The index lags behind the table: whoever
    /// is woken looks at the item itself before acting.
    async fn woken(&self, partition: &str, until: Timestamp, limit: u32) -> Result<Vec<Woken>, PortError>;
}

pub trait WriteHome {
    /// All or nothing. At most 100 writes (DynamoDB `TransactWriteItems`).
    async fn write(&self, writes: Vec<Write>) -> Result<(), WriteError>;

    /// Adds to a number of an item where the condition holds, and answers with the sum. What is missing counts as 0.
    /// An answer that is lost may be followed by a second addition: only for numbers that bear that.
    async fn add(
        &self,
        key: &Key,
        name: &'static str,
        number: i64,
        only_if: Condition,
    ) -> Result<i64, WriteError>;

    /// Many unconditional puts, each by itself: written again they change nothing.
    async fn put_all(&self, items: Vec<Item>) -> Result<(), PortError>;

    /// Many unconditional deletes, each by itself.
    async fn delete_all(&self, keys: Vec<Key>) -> Result<(), PortError>;
}

pub trait ReadPeople {
    async fn people(&self, region: &str, select: &Select) -> Result<Page, PortError>;

    /// At most 100 keys (DynamoDB `BatchGetItem`); what is not there is left out.
    async fn people_at(&self, region: &str, keys: Vec<Key>) -> Result<Vec<Item>, PortError>;
}

pub trait WritePeople {
    /// Many unconditional puts, each by itself: written again they change nothing.
    async fn put_people(&self, region: &str, items: Vec<Item>) -> Result<(), PortError>;

    /// One write with its condition.
    async fn write_person(&self, region: &str, write: Write) -> Result<(), WriteError>;
}
