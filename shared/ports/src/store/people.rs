//! The roster of an incident and the in-app inbox: the only places where people are kept, each in its region.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tocsin_domain::id::{ObligationId, PersonId};
use tocsin_domain::incident::RosterRef;
use tocsin_domain::outcome::Halt;
use tocsin_domain::person::Record;

use super::receipts::NoticeAt;
use super::{read_doc, unreadable, with_doc};
use crate::scope::TenantScope;
use crate::table::{Item, Key, ReadPeople, Select, WritePeople};

/// DynamoDB's `BatchGetItem` takes no more keys.
const AT_ONCE: usize = 100;

/// The shards of a roster: the first hex digit of the person's id.
pub const SHARDS: [&str; 16] =
    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"];

/// Puts records of people into the roster of their region. The same records again change nothing.
pub async fn put(
    ports: &impl WritePeople,
    scope: &TenantScope,
    region: &str,
    roster: RosterRef,
    records: &[Record],
) -> Result<(), Halt> {
    let items = records
        .iter()
        .map(|record| {
            let key = key(scope, roster, record.person.id, record.slice);
            Ok(Item { key, attributes: with_doc(&record.person)? })
        })
        .collect::<Result<Vec<Item>, Halt>>()?;
    Ok(ports.put_people(region, items).await?)
}

/// One page of one shard: records by person id and slice, and where the next page begins.
pub async fn page(
    ports: &impl ReadPeople,
    scope: &TenantScope,
    region: &str,
    roster: RosterRef,
    shard: &str,
    after: Option<String>,
) -> Result<(Vec<Record>, Option<String>), Halt> {
    let select = Select {
        partition: scope.partition(&[&roster.to_string(), shard]),
        sort_prefix: String::new(),
        after,
        limit: super::PAGE,
    };
    let page = ports.people(region, &select).await?;
    Ok((page.items.iter().map(record).collect::<Result<_, Halt>>()?, page.next))
}

/// These records, in no order; what is not there any more is left out.
pub async fn at(
    ports: &impl ReadPeople,
    scope: &TenantScope,
    region: &str,
    roster: RosterRef,
    of: impl Iterator<Item = (PersonId, u32)>,
) -> Result<Vec<Record>, Halt> {
    let keys: Vec<Key> = of.map(|(person, slice)| key(scope, roster, person, slice)).collect();
    let mut records = Vec::with_capacity(keys.len());
    for keys in keys.chunks(AT_ONCE) {
        let items = ports.people_at(region, keys.to_vec()).await?;
        records.extend(items.iter().map(record).collect::<Result<Vec<Record>, Halt>>()?);
    }
    Ok(records)
}

/// A notice in a person's inbox. Its `Debug` shows nothing that it says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxNotice {
    pub at: NoticeAt,
    pub reference: String,
    pub date: Date,
    pub title: String,
    pub text: String,
}

impl fmt::Debug for InboxNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InboxNotice({:?})", self.at)
    }
}

/// Lays a notice into the inbox of the customer. The same notice again changes nothing; what a later plan says stands
/// beside it, and so does a notice to another person who uses the same account.
pub async fn put_in_inbox(
    ports: &impl WritePeople,
    scope: &TenantScope,
    region: &str,
    customer: PersonId,
    obligation: ObligationId,
    notice: &InboxNotice,
) -> Result<(), Halt> {
    let sort = format!("{obligation}#{}#{}", notice.at.chunk, notice.at.index);
    let key = scope.key(&["inbox", &customer.to_string()], sort);
    Ok(ports.put_people(region, vec![Item { key, attributes: with_doc(notice)? }]).await?)
}

/// What lies in the inbox of a customer in one region, in no order.
pub async fn inbox(
    ports: &impl ReadPeople,
    scope: &TenantScope,
    region: &str,
    customer: PersonId,
) -> Result<Vec<InboxNotice>, Halt> {
    let partition = scope.partition(&["inbox", &customer.to_string()]);
    // A person has a notice for each duty of each incident: a page holds hundreds.
    let select = Select { partition, sort_prefix: String::new(), after: None, limit: super::PAGE };
    ports.people(region, &select).await?.items.iter().map(read_doc).collect()
}

fn record(item: &Item) -> Result<Record, Halt> {
    let slice = item.key.sort().split_once('#').and_then(|(_, slice)| slice.parse().ok());
    Ok(Record { slice: slice.ok_or_else(|| unreadable(item))?, person: read_doc(item)? })
}

fn key(scope: &TenantScope, roster: RosterRef, person: PersonId, slice: u32) -> Key {
    let id = person.to_string();
    let shard = id.get(..1).unwrap_or_default();
    scope.key(&[&roster.to_string(), shard], format!("{id}#{slice:08}"))
}
