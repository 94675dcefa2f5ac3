//! What Tocsin keeps, and the conditions under which it changes: written once over the table ports.
//!
//! Every function takes the tenant's scope first; there is no other way to a key. A change and the leaf of the
//! audit log that describes it are one transaction.
//!
//! | partition | sort | what |
//! |---|---|---|
//! | `@tenants` | tenant | the directory of tenants (names only) |
//! | `@routes` | `kind#value` | which tenant a resource belongs to |
//! | `T` | `tenant`, `incidents` | settings; how many incidents were opened |
//! | `T#signals` | signal | signals |
//! | `T#incidents` | incident | incidents |
//! | `T#I` | `slice#S-n`, `plan#P`, `brief#P`, `duty#P-n`, `wave#P-W`, `tally#P-W`, `gate#n`, `letters#n`, `done#O#digest` | what belongs to one incident |
//! | `T#I` | `unreached#chunk#index` | notices that did not arrive, until somebody has seen to them |
//! | `@health#region#channel` | hour | how a channel does in a region |
//! | `T#I#P-W` | `chunk#n`, `state#n` | the chunks of one wave of one plan, and where they are on their way |
//! | `T#I#P-W#receipts` | `run#digest` | the receipts of one wave, by runs of chunks, as they came together |
//! | `T#law` | `RULE@FROM` | which versions of rules counsel has confirmed |
//! | `T#templates` | `ID@VERSION` | the tenant's own letters, each version with its approvals |
//! | `T#partners` | contact | how the endpoint of a contact fares |
//! | `T#outbox` | alert | what operators have to be told |
//! | `T#unsealed`, `T#log` | time and id, `tile#n`, `head` | the audit log |
//! | `@pace` | `region#channel` | how fast a provider is handed messages, and whose turn it is |
//! | `@provider-ids` | message id | which notice a provider's id stands for, where its events carry no tags |
//! | `@canary#region` | instant | the canaries of a region, each for 30 days |
//! | `@orphans#ID` | digest | reports of a message whose notice is not known, until it is, or for 90 days |
//! | people table: `T#I-S#s` | `person#slice` | the records of one scope version's roster, in sixteen shards |
//! | people table: `T#inbox#customer` | `O#P` | in-app notices |
//! | people table: `T#link#s` | digest of a link's code | what a link opens, once, until its time is over |

pub mod canaries;
pub mod chunks;
pub mod confirmations;
pub mod coverage;
pub mod directory;
pub mod done;
pub mod filings;
pub mod health;
pub mod incidents;
pub mod leaves;
pub mod letters;
pub mod links;
pub mod outbox;
pub mod pace;
pub mod partners;
pub mod pauses;
pub mod people;
pub mod plans;
pub mod receipts;
pub mod signals;
pub mod slices;
pub mod templates;
pub mod tenants;
pub mod told;
pub mod unreached;
mod wake;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tocsin_domain::merkle::Proof;
use tocsin_domain::outcome::{Halt, Parked};

use crate::ports::PortError;
use crate::table::{Attributes, Item, ReadHome, Select, Value, WriteError};

/// How many items one page holds at most.
const PAGE: u32 = 1000;

/// A stored value as JSON under the attribute `doc`.
fn doc<T: Serialize>(value: &T) -> Result<Value, Halt> {
    serde_json::to_string(value)
        .map(Value::Text)
        .map_err(|error| Halt::Park(Parked::Defect { place: format!("writing a record: {error}") }))
}

fn with_doc<T: Serialize>(value: &T) -> Result<Attributes, Halt> {
    Ok(Attributes::from([("doc", doc(value)?)]))
}

/// An item of a list, with the proof that it stands in it.
fn with_proof<T: Serialize>(value: &T, proof: &Proof) -> Result<Attributes, Halt> {
    let mut attributes = with_doc(value)?;
    attributes.insert("proof", proof.to_string().into());
    Ok(attributes)
}

fn read_proven<T: DeserializeOwned>(item: &Item) -> Result<(T, Proof), Halt> {
    let proof = item.text("proof").and_then(|text| text.parse().ok()).ok_or_else(|| unreadable(item))?;
    Ok((read_doc(item)?, proof))
}

fn read_doc<T: DeserializeOwned>(item: &Item) -> Result<T, Halt> {
    read_json(item, "doc")
}

fn read_json<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T, Halt> {
    let text = item.text(name).ok_or_else(|| unreadable(item))?;
    serde_json::from_str(text).map_err(|_| unreadable(item))
}

fn unreadable(item: &Item) -> Halt {
    Halt::Park(Parked::Missing { what: format!("a readable record at {}", item.key.sort()) })
}

fn missing(what: impl Into<String>) -> Halt {
    Halt::Park(Parked::Missing { what: what.into() })
}

/// Every item of a partition under a prefix, page by page.
async fn all(ports: &impl ReadHome, partition: String, sort_prefix: &str) -> Result<Vec<Item>, PortError> {
    all_behind(ports, partition, sort_prefix, None).await
}

/// The same, of those behind a sort key.
async fn all_behind(
    ports: &impl ReadHome,
    partition: String,
    sort_prefix: &str,
    after: Option<String>,
) -> Result<Vec<Item>, PortError> {
    let mut items = Vec::new();
    let mut select = Select { partition, sort_prefix: sort_prefix.to_owned(), after, limit: PAGE };
    loop {
        let page = ports.select(&select).await?;
        items.extend(page.items);
        match page.next {
            Some(next) => select.after = Some(next),
            None => return Ok(items),
        }
    }
}

/// For writes whose condition only fails when somebody else was faster: look again, decide again.
fn overtaken(error: WriteError) -> Halt {
    match error {
        WriteError::Refused(_) => Halt::Again("overtaken by another writer".to_owned()),
        WriteError::Port(error) => error.into(),
    }
}

/// An instant as text that sorts as time does.
fn sortable(at: jiff::Timestamp) -> String {
    format!("{at:.3}")
}
