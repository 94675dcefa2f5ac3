//! How partners' endpoints fare.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tocsin_domain::outcome::Halt;

use super::{all, read_doc, with_doc};
use crate::scope::TenantScope;
use crate::table::{Item, Key, ReadHome, WriteHome};

/// The health of one contact's endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub contact: String,
    /// How many attempts in a row failed; 0 after one that did not.
    pub failures: u32,
    pub last_attempt: Timestamp,
    pub last_success: Option<Timestamp>,
    /// What the last failure was; empty after a success.
    pub why: String,
}

/// Notes how an attempt ended, and answers how the endpoint fares now. Of two attempts at once one may not be counted:
/// the number is for people, and decides nothing.
pub async fn note(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    contact: &str,
    failure: Option<&str>,
    now: Timestamp,
) -> Result<Health, Halt> {
    let key = key(scope, contact);
    let was = ports.get(&key).await?.map(|item| read_doc::<Health>(&item)).transpose()?;
    let last_success = was.as_ref().and_then(|was| was.last_success);
    let health = Health {
        contact: contact.to_owned(),
        failures: failure.map_or(0, |_| was.map_or(0, |was| was.failures).saturating_add(1)),
        last_attempt: now,
        last_success: if failure.is_none() { Some(now) } else { last_success },
        why: failure.unwrap_or_default().to_owned(),
    };
    ports.put_all(vec![Item { key, attributes: with_doc(&health)? }]).await?;
    Ok(health)
}

/// Of every contact that something was posted to.
pub async fn list(ports: &impl ReadHome, scope: &TenantScope) -> Result<Vec<Health>, Halt> {
    all(ports, scope.partition(&["partners"]), "").await?.iter().map(read_doc).collect()
}

fn key(scope: &TenantScope, contact: &str) -> Key {
    scope.key(&["partners"], contact)
}
