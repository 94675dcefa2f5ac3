//! The plan: the obligations, waves and chunks of an incident, approved by people through its hash.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chunk::Chunk;
use crate::id::{IncidentId, ObligationId, TenantId, digest};
use crate::incident::ScopeCount;
use crate::obligation::Obligation;

/// What is approved. Immutable: a change is a new version with a new hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub tenant: TenantId,
    pub incident: IncidentId,
    pub version: u32,
    pub made_at: Timestamp,
    pub scope: ScopeCount,
    pub obligations: Vec<Obligation>,
    pub waves: Vec<Wave>,
    /// Duties that no notice of this plan fulfils, and why: a person has to see to them.
    pub desk: BTreeMap<ObligationId, String>,
    /// People to whom no lawful channel leads, by obligation.
    pub no_address: BTreeMap<ObligationId, u64>,
    /// SHA-256 in hex over the facts that every notice of the plan is rendered from.
    pub facts: String,
}

impl Plan {
    /// What approvals bind: over every byte of the plan, in a canonical form (fields in the order of the type,
    /// maps in the order of their keys).
    pub fn hash(&self) -> String {
        let body = serde_json::to_vec(self).unwrap_or_default();
        hex::encode(digest("plan", &[&body]))
    }
}

/// The chunks that share region, regime, channel, language and template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    pub number: u32,
    pub obligation: ObligationId,
    pub regime: String,
    pub region: String,
    pub channel: Channel,
    pub language: String,
    pub template: TemplateRef,
    /// When sending may begin.
    pub start: Timestamp,
    /// The duty's due instant: waves go out earliest deadline first.
    pub deadline: Option<Timestamp>,
    pub settling: Settling,
    pub recipients: u64,
    pub chunks: u32,
    /// SHA-256 in hex over the chunks' digests in order: binds every recipient and every rendered byte.
    pub root: String,
}

/// The exact template: a later version changes nothing that was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRef {
    pub id: String,
    pub version: String,
    pub hash: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    Email,
    Sms,
    InApp,
}

impl Channel {
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Sms => "sms",
            Channel::InApp => "in-app",
        }
    }

    /// SNS and the inbox take one message a call; SES fifty.
    pub fn chunk_size(self) -> usize {
        match self {
            Channel::Email => crate::chunk::CHUNK_SIZE,
            Channel::Sms => 10,
            Channel::InApp => crate::chunk::CHUNK_SIZE,
        }
    }
}

/// What happens to a notice that may have been sent, when the settling time has passed without evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settling {
    /// Hold it and ask a person.
    NeverTwice,
    /// A notice that the law wants to arrive: send again, with the same bytes and the same reference.
    MustReach,
}

/// Over the chunks of one wave, in order.
#[derive(Debug, Default)]
pub struct ChunkRoot(Vec<[u8; 32]>);

impl ChunkRoot {
    pub fn add(&mut self, chunk: &Chunk) {
        self.0.push(chunk.digest());
    }

    pub fn finish(&self) -> String {
        let parts: Vec<&[u8]> = self.0.iter().map(|digest| digest.as_slice()).collect();
        hex::encode(digest("chunks", &parts))
    }
}

/// One person's yes to one plan's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: String,
    pub at: Timestamp,
    pub hash: String,
}

/// The distinct people whose approval binds exactly this hash.
pub fn approvers<'a>(approvals: &'a [Approval], hash: &str) -> std::collections::BTreeSet<&'a str> {
    approvals.iter().filter(|approval| approval.hash == hash).map(|approval| approval.by.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_person_twice_is_one_approver_and_another_hash_is_none() {
        let at: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let yes = |by: &str, hash: &str| Approval { by: by.to_owned(), at, hash: hash.to_owned() };
        let approvals = [yes("ada", "1"), yes("ada", "1"), yes("bo", "0")];
        assert_eq!(approvers(&approvals, "1").len(), 1);
        assert_eq!(approvers(&approvals, "2").len(), 0);
    }
}
