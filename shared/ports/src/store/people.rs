//! The roster of an incident and the in-app inbox: the only places where people are kept, each in its region.

use tocsin_domain::id::{IncidentId, ObligationId, PersonId};
use tocsin_domain::outcome::Halt;
use tocsin_domain::person::Person;

use super::{overtaken, read_doc, with_doc};
use crate::scope::TenantScope;
use crate::table::{
    Attributes, Condition, Item, Key, ReadPeople, Select, Test, Value, Write, WriteError, WritePeople,
};

/// The shards of a roster: the first hex digit of the person's id.
pub const SHARDS: [&str; 16] =
    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"];

/// Begins the attributes that say in which datasets a person stands.
const DATASET: &str = "in#";

/// Puts a person into the roster of their region, as standing in `dataset`.
///
/// Of two records of one person the one that stands first in its manifest counts, and the person stands in both
/// datasets, in whatever order the records come; the same record again changes nothing.
/// `false` when another record of this person counts, or this one stood there already.
pub async fn put(
    ports: &impl WritePeople,
    scope: &TenantScope,
    region: &str,
    incident: IncidentId,
    person: &Person,
    dataset: &str,
) -> Result<bool, Halt> {
    let row = i64::try_from(person.row).unwrap_or(i64::MAX);
    let key = key(scope, incident, person.id);
    let stands_in = (format!("{DATASET}{dataset}"), Value::Number(1));
    let mut set = with_doc(person)?;
    set.insert("row".to_owned(), Value::Number(row));
    set.extend([stands_in.clone()]);
    let only_if = Condition::AbsentOr(vec![Test::Above("row", row)]);
    match ports
        .write_person(region, Write::Update { key: key.clone(), set, remove: Vec::new(), only_if })
        .await
    {
        Ok(()) => Ok(true),
        Err(WriteError::Refused(_)) => {
            let set = Attributes::from([stands_in]);
            let also =
                Write::Update { key, set, remove: Vec::new(), only_if: Condition::Present(Vec::new()) };
            ports.write_person(region, also).await.map_err(overtaken)?;
            Ok(false)
        }
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

/// One page of one shard, by person id, and where the next page begins.
pub async fn page(
    ports: &impl ReadPeople,
    scope: &TenantScope,
    region: &str,
    incident: IncidentId,
    shard: &str,
    after: Option<String>,
) -> Result<(Vec<Person>, Option<String>), Halt> {
    let select = Select {
        partition: scope.partition(&[&incident.to_string(), shard]),
        sort_prefix: String::new(),
        after,
        limit: super::PAGE,
    };
    let page = ports.people(region, &select).await?;
    Ok((page.items.iter().map(person).collect::<Result<_, Halt>>()?, page.next))
}

/// The people with these ids, in no order; who is not there any more is left out. At most 100.
pub async fn at(
    ports: &impl ReadPeople,
    scope: &TenantScope,
    region: &str,
    incident: IncidentId,
    ids: &[PersonId],
) -> Result<Vec<Person>, Halt> {
    let keys = ids.iter().map(|id| key(scope, incident, *id)).collect();
    ports.people_at(region, keys).await?.iter().map(person).collect()
}

/// Lays a notice into a person's inbox. The same notice again changes nothing.
pub async fn put_in_inbox(
    ports: &impl WritePeople,
    scope: &TenantScope,
    region: &str,
    person: PersonId,
    obligation: ObligationId,
    body: &str,
) -> Result<(), Halt> {
    let write = Write::Put {
        key: scope.key(&["inbox", &person.to_string()], obligation.to_string()),
        attributes: Attributes::from([("body".to_owned(), body.into())]),
        only_if: Condition::Always,
    };
    ports.write_person(region, write).await.map_err(overtaken)
}

fn person(item: &Item) -> Result<Person, Halt> {
    let mut person: Person = read_doc(item)?;
    person.datasets =
        item.attributes.keys().filter_map(|name| name.strip_prefix(DATASET)).map(str::to_owned).collect();
    Ok(person)
}

fn key(scope: &TenantScope, incident: IncidentId, person: PersonId) -> Key {
    let id = person.to_string();
    let shard = id.get(..1).unwrap_or_default();
    scope.key(&[&incident.to_string(), shard], id.clone())
}
