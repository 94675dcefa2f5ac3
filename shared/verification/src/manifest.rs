//! The manifest: who sent which notices, and the SHA-256 of every file.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tocsin_domain::id::digest;

use crate::files::{self, sha256};
use crate::notice::{Counted, Issuer};
use crate::page::{Defect, pages};

/// The version of the manifest's form.
const VERSION: u32 = 1;

/// The most hex digits by which shards are told apart: a manifest of more is larger than a console takes.
const MOST_DIGITS: u32 = 3;

/// The signed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub version: u32,
    pub issuer: Issuer,
    pub issued_at: Timestamp,
    /// The same in every page: a page and a manifest that were not made together tell it by this.
    pub edition: String,
    pub references: References,
    /// A shard names them by their places here, from 0 on.
    pub notices: Vec<Counted>,
    /// SHA-256 in hex, by path below the root of the host.
    pub files: BTreeMap<String, String>,
}

/// How the references are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct References {
    pub count: u64,
    /// By how many hex digits of their prints the shards are told apart.
    pub digits: u32,
}

/// What whoever has the references says of them; everything else of a manifest, the signer knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    pub notices: Vec<Counted>,
    pub references: References,
    /// SHA-256 in hex by path.
    pub shards: BTreeMap<String, String>,
}

/// What a signer answers: three files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    pub manifest: String,
    pub signature: String,
    pub keys: String,
}

/// Why no manifest is made of a draft.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDraft {
    #[error("the shards are not those that {0} hex digits tell apart, each with its SHA-256 in hex")]
    Shards(u32),
    #[error("there are more references than {MOST_DIGITS} hex digits tell apart: some sixteen million")]
    TooMany,
    #[error("more references than notices, or a notice that none stands in")]
    Counts,
    #[error(transparent)]
    Page(#[from] Defect),
}

impl Manifest {
    /// Makes the manifest of a draft: the pages are made of the same notices, and named with the shards.
    ///
    /// # Errors
    /// A draft that contradicts itself.
    pub fn of(issuer: Issuer, draft: Draft, issued_at: Timestamp) -> Result<Self, BadDraft> {
        let Draft { notices, references, shards } = draft;
        if references.digits > MOST_DIGITS {
            return Err(BadDraft::TooMany);
        }
        let beginnings = files::beginnings(references.digits);
        let named: BTreeMap<String, ()> = beginnings.map(|digits| (files::shard(&digits), ())).collect();
        if !named.keys().eq(shards.keys()) || !shards.values().all(|hash| is_sha256(hash)) {
            return Err(BadDraft::Shards(references.digits));
        }
        let total: u64 = notices.iter().map(|counted| counted.references).sum();
        if references.count > total || notices.iter().any(|counted| counted.references == 0) {
            return Err(BadDraft::Counts);
        }
        let mut files = shards;
        files.extend(pages(&issuer, &notices)?.iter().map(|(path, bytes)| (path.clone(), sha256(bytes))));
        let edition = edition(&issuer, &notices);
        Ok(Self { version: VERSION, issuer, issued_at, edition, references, notices, files })
    }

    /// The bytes that are signed and published. The type has no map but with text keys, so writing it cannot fail.
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{text}\n")
    }

    /// Whether this version knows the form.
    pub(crate) fn is_known(&self) -> bool {
        self.version == VERSION && self.references.digits <= MOST_DIGITS
    }
}

pub(crate) fn edition(issuer: &Issuer, notices: &[Counted]) -> String {
    let bytes = serde_json::to_vec(&(issuer, notices)).unwrap_or_default();
    hex::encode(&digest("verification-edition", &[&bytes])[..8])
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|sign| matches!(sign, b'0'..=b'9' | b'a'..=b'f'))
}
