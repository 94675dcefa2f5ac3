//! One entry of the log.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tocsin_domain::id::{IncidentId, LeafId, TenantId};

/// Who did what to what, when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    pub v: u32,
    pub id: LeafId,
    pub tenant: TenantId,
    pub incident: Option<IncidentId>,
    pub at: Timestamp,
    pub actor: Actor,
    pub action: Action,
    /// Ids, hashes and counts that the action is about.
    pub subject: BTreeMap<String, String>,
    /// The reason, as the actor gave it or as the rule says it.
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A function of the pipeline.
    Function(String),
    /// The ARN of the IAM principal that a person signed in as.
    Person(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    AlertTold,
    AlertUndelivered,
    CanaryArrived,
    CanaryMissing,
    ChunkAccepted,
    ChunkClaimed,
    ChunkRefused,
    ChunkResent,
    ChunkSettled,
    ChunkUndecided,
    ChunkWithheld,
    DeadlineEscalated,
    DutiesChanged,
    DutyDone,
    FactsStated,
    FilingAcknowledged,
    FilingAnswered,
    FilingApproved,
    FilingPrepared,
    FilingSubmitted,
    IncidentCancelled,
    IncidentEnded,
    IncidentHeld,
    IncidentOpened,
    IncidentReleased,
    IncidentTakenUp,
    LettersExported,
    /// A file of exported letters was read: names and addresses left.
    LetterFileRead,
    LettersPosted,
    LettersReturned,
    /// What is published of a tenant's notices was signed.
    ManifestSigned,
    MessageParked,
    NoticeCalledUp,
    PersonAsked,
    PlanAmended,
    PlanApproved,
    PlanBlocked,
    PlanMade,
    RedriveAsked,
    RegionFailedOver,
    RegisterRecorded,
    RuleConfirmed,
    ScopeBegunAgain,
    ScopeCounted,
    SignalDismissed,
    SignalIgnored,
    SignalJoined,
    SignalReceived,
    SignalUpdated,
    TemplateApproved,
    TemplatePut,
    TemplateWithdrawn,
    TenantPut,
    VerificationKeyMade,
    WavePaused,
    WaveResumed,
}

impl Leaf {
    /// The leaf's id comes from what it records: a step that runs twice leaves two leaves of one id, and the log shows it.
    pub fn new(
        tenant: &TenantId,
        incident: Option<IncidentId>,
        at: Timestamp,
        actor: Actor,
        action: Action,
        why: impl Into<String>,
        subject: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        let subject: BTreeMap<String, String> =
            subject.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let incident_bytes = incident.map(|id| *id.as_bytes()).unwrap_or_default();
        let named = serde_json::to_vec(&(action, &actor, &subject)).unwrap_or_default();
        let id = LeafId::of(tenant, &[&incident_bytes, &named]);
        Self { v: 1, id, tenant: tenant.clone(), incident, at, actor, action, subject, why: why.into() }
    }

    /// The bytes that are hashed and kept.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
