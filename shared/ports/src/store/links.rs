//! What the links of text messages open, once each: kept where its reader is, and gone with the link's time. The code that
//! opens it is kept nowhere; it is found by the code's digest.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tocsin_domain::link::LinkCode;
use tocsin_domain::outcome::Halt;

use super::receipts::NoticeAt;
use super::{read_doc, with_doc};
use crate::scope::TenantScope;
use crate::table::{
    Attributes, Condition, Item, Key, ReadPeople, Select, Test, Value, Write, WriteError, WritePeople,
};

/// By whom it was opened: the mark of one request.
const OPENED: &str = "opened";

/// The table's own time to live; until DynamoDB has removed what is over, it is over all the same.
const EXPIRES: &str = "expires";

/// A notice as its reader gets it. Its `Debug` shows nothing that it says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedNotice {
    pub at: NoticeAt,
    pub reference: String,
    pub date: Date,
    pub language: String,
    pub text: String,
}

impl fmt::Debug for LinkedNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkedNotice({:?})", self.at)
    }
}

/// What a code leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Nothing,
    /// It was opened before, or its time is over.
    Over,
    Opened(LinkedNotice),
}

/// Lays down what a link opens until this instant. The same again gives it a new term, unless it was opened: then its reader
/// has it.
pub async fn put(
    ports: &impl WritePeople,
    scope: &TenantScope,
    region: &str,
    code: &LinkCode,
    notice: &LinkedNotice,
    until: Timestamp,
) -> Result<(), Halt> {
    let mut attributes = with_doc(notice)?;
    attributes.insert(EXPIRES, Value::Number(until.as_second()));
    let only_if = Condition::AbsentOr(vec![Test::Missing(OPENED)]);
    match ports.write_person(region, Write::Put { key: key(scope, code), attributes, only_if }).await {
        Ok(()) | Err(WriteError::Refused(_)) => Ok(()),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

/// Opens what the code leads to, in whichever of the regions it is kept. Of all who ask, one gets it; the table then keeps
/// no word of it. `by` marks the request, so that a write whose answer was lost is known as its own.
pub async fn open(
    ports: &(impl ReadPeople + WritePeople),
    scope: &TenantScope,
    regions: impl IntoIterator<Item = &str>,
    code: &LinkCode,
    (by, now): (&str, Timestamp),
) -> Result<Found, Halt> {
    let key = key(scope, code);
    let mut found = None;
    // All are asked, whichever has it: how long an answer takes tells nobody where its reader lives.
    for region in regions {
        let item = get(ports, region, &key).await?;
        found = found.or(item.map(|item| (region, item)));
    }
    let Some((region, item)) = found else {
        return Ok(Found::Nothing);
    };
    let now = now.as_second();
    if item.text(OPENED).is_some() || item.number(EXPIRES).is_none_or(|expires| expires <= now) {
        return Ok(Found::Over);
    }
    let notice = read_doc(&item)?;
    let tests = vec![Test::Missing(OPENED), Test::Above(EXPIRES, now)];
    let mark = Write::Update {
        key: key.clone(),
        set: Attributes::from([(OPENED, by.into())]),
        remove: vec!["doc"],
        only_if: Condition::Present(tests),
    };
    let is_own = match ports.write_person(region, mark).await {
        Ok(()) => true,
        Err(WriteError::Refused(_)) => {
            get(ports, region, &key).await?.is_some_and(|item| item.text(OPENED) == Some(by))
        }
        Err(WriteError::Port(error)) => return Err(error.into()),
    };
    Ok(if is_own { Found::Opened(notice) } else { Found::Over })
}

async fn get(ports: &impl ReadPeople, region: &str, key: &Key) -> Result<Option<Item>, Halt> {
    let (partition, sort_prefix) = (key.partition().to_owned(), key.sort().to_owned());
    let select = Select { partition, sort_prefix, after: None, limit: 1 };
    Ok(ports.people(region, &select).await?.items.pop())
}

fn key(scope: &TenantScope, code: &LinkCode) -> Key {
    let digest = hex::encode(code.digest());
    scope.key(&["link", digest.get(..1).unwrap_or_default()], &*digest)
}
