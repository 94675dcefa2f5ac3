//! Sealing: leaves become tiles of a chain.

use serde::{Deserialize, Serialize};
use tocsin_domain::id::{TenantId, digest};

/// Some leaves in their sealed order, and the head of the chain before and after them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tile {
    pub tenant: TenantId,
    /// Counted from 0.
    pub number: u64,
    /// The number of its first leaf, counted from 0 over the whole log.
    pub first_leaf: u64,
    pub before: String,
    /// Each leaf's bytes as they were written.
    pub leaves: Vec<String>,
    pub after: String,
}

/// Where the log ends. Whoever knows the head knows whether a log is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub tenant: TenantId,
    pub tiles: u64,
    pub leaves: u64,
    pub hash: String,
}

impl Head {
    /// The head of a log without leaves.
    pub fn empty(tenant: &TenantId) -> Self {
        let hash = hex::encode(digest("log", &[tenant.as_str().as_bytes()]));
        Self { tenant: tenant.clone(), tiles: 0, leaves: 0, hash }
    }
}

/// The next tile and the head after it.
pub fn seal(head: &Head, leaves: Vec<String>) -> (Tile, Head) {
    let after = leaves.iter().enumerate().fold(head.hash.clone(), |before, (place, leaf)| {
        let number = head.leaves + place as u64;
        hex::encode(digest("entry", &[before.as_bytes(), &number.to_be_bytes(), leaf.as_bytes()]))
    });
    let next = Head {
        tenant: head.tenant.clone(),
        tiles: head.tiles + 1,
        leaves: head.leaves + leaves.len() as u64,
        hash: after.clone(),
    };
    let tile = Tile {
        tenant: head.tenant.clone(),
        number: head.tiles,
        first_leaf: head.leaves,
        before: head.hash.clone(),
        leaves,
        after,
    };
    (tile, next)
}
