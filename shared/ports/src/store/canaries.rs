//! Canaries: one item each, on which everybody on its way writes a mark of their own, so that none is in another's way.
//! Of nobody's data; who looks at them is woken as the installation.

use jiff::{SignedDuration, Timestamp};
use tocsin_audit::Leaf;
use tocsin_domain::canary::{CanaryId, CanaryMessage, End, Flight};
use tocsin_domain::outcome::Halt;

use super::wake::{self, Kind, waking};
use super::{all_behind, doc, leaves, read_json, unreadable};
use crate::scope::TenantScope;
use crate::table::{Attributes, Condition, Item, Key, ReadHome, Test, Value, Write, WriteError, WriteHome};

/// For how long a canary is kept. Its end stands in the audit log.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

const SINCE: &str = "since";
const FLIGHT: &str = "flight";
const DELIVERED: &str = "delivered";
const END: &str = "end";

/// Remembers a canary that is due, once. It is looked at until somebody has judged it.
pub async fn begin(
    ports: &impl WriteHome,
    installation: &TenantScope,
    canary: &CanaryId,
    now: Timestamp,
) -> Result<(), Halt> {
    let mut attributes = waking(installation, Kind::Canaries, now);
    attributes.insert(SINCE, now.to_string().into());
    attributes.insert(FLIGHT, doc(&Flight::Due)?);
    let expires = now.as_second().saturating_add(KEPT.as_secs());
    attributes.insert("expires", Value::Number(expires));
    // Whoever was faster began the same.
    let put = Write::Put { key: key(canary), attributes, only_if: Condition::Absent };
    is_written(ports.write(vec![put]).await).map(|_| ())
}

/// `None` when it never began, or is no longer kept.
pub async fn get(ports: &impl ReadHome, canary: &CanaryId) -> Result<Option<CanaryMessage>, Halt> {
    ports.get(&key(canary)).await?.map(|item| read(&item)).transpose()
}

/// The canaries that nobody has judged. The index lags, so one that is judged may be among them.
pub async fn to_look_at(
    ports: &impl ReadHome,
    installation: &TenantScope,
    now: Timestamp,
) -> Result<Vec<CanaryId>, Halt> {
    let woken = wake::woken(ports, installation, Kind::Canaries, now).await?;
    Ok(woken.iter().filter_map(|woken| canary_of(&woken.key)).collect())
}

/// The last canary of a region that began within this time.
pub async fn last(
    ports: &impl ReadHome,
    region: &str,
    within: SignedDuration,
    now: Timestamp,
) -> Result<Option<CanaryMessage>, Halt> {
    let before = Some((now - within).to_string());
    let items = all_behind(ports, partition(region), "", before).await?;
    items.last().map(read).transpose()
}

/// Claims a canary that is due and not judged. `false` when there is none: it was claimed before, or its time is over.
pub async fn claim(ports: &impl WriteHome, canary: &CanaryId) -> Result<bool, Halt> {
    let tests = vec![Test::Is(FLIGHT, doc(&Flight::Due)?), Test::Missing(END)];
    mark(ports, canary, FLIGHT, doc(&Flight::HandingOver)?, tests).await
}

/// Stores how a claimed canary left.
pub async fn answer(ports: &impl WriteHome, canary: &CanaryId, flight: &Flight) -> Result<(), Halt> {
    let tests = vec![Test::Is(FLIGHT, doc(&Flight::HandingOver)?)];
    mark(ports, canary, FLIGHT, doc(flight)?, tests).await.map(|_| ())
}

/// Stores that a canary was delivered; again changes nothing. A report of one that is no longer kept says nothing.
pub async fn delivered(ports: &impl WriteHome, canary: &CanaryId, at: Timestamp) -> Result<(), Halt> {
    mark(ports, canary, DELIVERED, at.to_string().into(), Vec::new()).await.map(|_| ())
}

/// Stores how a canary ended, with its leaf, unless somebody was faster, or it arrived in this moment.
pub async fn judge(
    ports: &impl WriteHome,
    installation: &TenantScope,
    canary: &CanaryMessage,
    end: &End,
    leaf: &Leaf,
) -> Result<(), Halt> {
    let word = match end {
        End::Arrived(_) => "arrived",
        End::Missing(_) => "missing",
    };
    let mut tests = vec![Test::Missing(END)];
    if canary.delivered.is_none() {
        tests.push(Test::Missing(DELIVERED));
    }
    let update = Write::Update {
        key: key(&canary.id),
        set: Attributes::from([(END, word.into())]),
        remove: vec!["wake_pk", "wake"],
        only_if: Condition::Present(tests),
    };
    is_written(ports.write(vec![update, leaves::leaf(installation, leaf)]).await).map(|_| ())
}

async fn mark(
    ports: &impl WriteHome,
    canary: &CanaryId,
    name: &str,
    value: Value,
    tests: Vec<Test>,
) -> Result<bool, Halt> {
    let set = Attributes::from([(name.to_owned(), value)]);
    let only_if = Condition::Present(tests);
    let update = Write::Update { key: key(canary), set, remove: Vec::new(), only_if };
    is_written(ports.write(vec![update]).await)
}

fn is_written(written: Result<(), WriteError>) -> Result<bool, Halt> {
    match written {
        Ok(()) => Ok(true),
        Err(WriteError::Refused(_)) => Ok(false),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

fn read(item: &Item) -> Result<CanaryMessage, Halt> {
    let instant = |text: &str| text.parse::<Timestamp>().map_err(|_| unreadable(item));
    Ok(CanaryMessage {
        id: canary_of(&item.key).ok_or_else(|| unreadable(item))?,
        since: instant(item.text(SINCE).ok_or_else(|| unreadable(item))?)?,
        flight: read_json(item, FLIGHT)?,
        delivered: item.text(DELIVERED).map(instant).transpose()?,
        is_judged: item.text(END).is_some(),
    })
}

fn partition(region: &str) -> String {
    format!("@canary#{region}")
}

fn key(canary: &CanaryId) -> Key {
    Key::new(partition(&canary.region), canary.begins.to_string())
}

fn canary_of(key: &Key) -> Option<CanaryId> {
    let region = key.partition().strip_prefix("@canary#")?.to_owned();
    Some(CanaryId { region, begins: key.sort().parse().ok()? })
}
