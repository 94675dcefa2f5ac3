//! A tenant's own letters, each version as it was put in, with what people said of it since.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tocsin_audit::Leaf;
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::{Approval, TemplateRef};
use tocsin_notices::own::OwnLetter;
use tocsin_notices::{Library, LoadError, Template, letter};

use super::{all, leaves, overtaken, read_doc, with_doc};
use crate::scope::TenantScope;
use crate::table::{Condition, Key, ReadHome, Test, Value, Write, WriteHome};

/// One version of a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnTemplate {
    /// Family, audience and language.
    pub id: String,
    /// Counts up from version to version.
    pub version: u32,
    pub hash: String,
    pub letter: OwnLetter,
    /// The principal who put it in.
    pub by: String,
    pub at: Timestamp,
    pub approvals: Vec<Approval>,
    /// When the last approval needed came.
    pub approved: Option<Timestamp>,
    /// When somebody took it back: no plan is made of it from then on.
    pub withdrawn: Option<Timestamp>,
}

impl OwnTemplate {
    /// How often it was changed since it was put in.
    fn changes(&self) -> Value {
        Value::Number(self.approvals.len() as i64 + i64::from(self.withdrawn.is_some()))
    }

    fn may_be_used(&self) -> bool {
        self.approved.is_some() && self.withdrawn.is_none()
    }
}

/// Puts a version in, or what people said of it. Of two people who do so at once one is refused.
pub async fn put(
    ports: &impl WriteHome,
    scope: &TenantScope,
    was: Option<&OwnTemplate>,
    now_is: &OwnTemplate,
    leaf: &Leaf,
) -> Result<(), Halt> {
    let mut attributes = with_doc(now_is)?;
    attributes.insert("changes", now_is.changes());
    let only_if = match was {
        None => Condition::Absent,
        Some(was) => Condition::Present(vec![Test::Is("changes", was.changes())]),
    };
    let key = key(scope, &now_is.id, now_is.version);
    ports
        .write(vec![Write::Put { key, attributes, only_if }, leaves::leaf(scope, leaf)])
        .await
        .map_err(overtaken)
}

pub async fn find(
    ports: &impl ReadHome,
    scope: &TenantScope,
    (id, version): (&str, u32),
) -> Result<Option<OwnTemplate>, Halt> {
    ports.get(&key(scope, id, version)).await?.as_ref().map(read_doc).transpose()
}

/// Every version of every letter, by id and version.
pub async fn list(ports: &impl ReadHome, scope: &TenantScope) -> Result<Vec<OwnTemplate>, Halt> {
    all(ports, scope.partition(&["templates"]), "").await?.iter().map(read_doc).collect()
}

/// The letters of which plans are made on a day: of each of the tenant's own the newest version that is approved, not taken
/// back, and in force on the day, before those that ship. The others are there for what was said before.
///
/// # Errors
/// One that may be used and that this release cannot read: it has to be put in again, or taken back.
pub fn library(own: &[OwnTemplate], day: Date) -> Result<Library, LoadError> {
    let shipped = letter::shipped().map_err(LoadError::clone)?;
    let mut in_force: BTreeMap<&str, Template> = BTreeMap::new();
    let mut set_aside = Vec::new();
    for stored in own {
        let template = match stored.letter.template() {
            Ok(template) => template,
            Err(error) if stored.may_be_used() => return Err(error),
            // Nobody can be told again by it, and nobody is.
            Err(_) => continue,
        };
        let older = match stored.may_be_used() && template.header().is_in_force(day) {
            true => in_force.insert(&stored.id, template),
            false => Some(template),
        };
        set_aside.extend(older);
    }
    Library::over(shipped, in_force.into_values().collect(), set_aside)
}

/// The very letter of which a plan was made: one that ships, or the tenant's own version. `None` where neither is known
/// any more.
pub async fn pinned(
    ports: &impl ReadHome,
    scope: &TenantScope,
    approved: &TemplateRef,
) -> Result<Option<Pinned>, Halt> {
    if let Some(template) = letter::shipped().ok().and_then(|shipped| shipped.pinned(approved)) {
        return Ok(Some(Pinned::Shipped(template)));
    }
    let Some(version) = approved.version.strip_prefix("own-").and_then(|number| number.parse().ok()) else {
        return Ok(None);
    };
    let stored = find(ports, scope, (&approved.id, version)).await?;
    let template = stored.and_then(|stored| stored.letter.template().ok());
    let template = template.filter(|template| template.content_hash() == approved.hash);
    Ok(template.map(|template| Pinned::Own(Box::new(template))))
}

/// The letter that a plan names.
pub enum Pinned {
    Shipped(&'static Template),
    Own(Box<Template>),
}

impl std::ops::Deref for Pinned {
    type Target = Template;

    fn deref(&self) -> &Template {
        match self {
            Pinned::Shipped(template) => template,
            Pinned::Own(template) => template,
        }
    }
}

fn key(scope: &TenantScope, id: &str, version: u32) -> Key {
    scope.key(&["templates"], format!("{id}@{version:06}"))
}
