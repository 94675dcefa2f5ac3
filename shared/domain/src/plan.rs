//! The plan: the obligations, waves and chunks of an incident, approved by people through its hash.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::changes::DutyChanges;
use crate::chunk::Chunk;
use crate::id::{IncidentId, LeafId, ObligationId, TenantId, digest};
use crate::incident::{Incident, RosterRef, ScopeCount};
use crate::merkle::{Proof, Root, Tree};
use crate::obligation::Obligation;
use crate::person::Jurisdiction;
use crate::tenant::Tenant;
use crate::window::{Interval, NeverOpen, SendingWindow};
use crate::zones::{UnknownZone, Zones};

/// A plan, whole. Immutable: a change is a new version with a new hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub head: PlanHead,
    pub obligations: Vec<Obligation>,
    /// Numbered from 1, in their order.
    pub waves: Vec<Wave>,
}

/// What is approved: the plan without its lists, for which their roots stand. Each obligation, wave and chunk can be
/// proven against it alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanHead {
    pub tenant: TenantId,
    pub incident: IncidentId,
    pub version: u32,
    /// The versions before it under which something was handed over, ascending: whoever was told then is not told again
    /// but to add, correct or withdraw.
    pub earlier: Vec<u32>,
    pub made_at: Timestamp,
    /// Over the facts that the plan was made from: approvals are given for these facts, and no longer when they change.
    pub facts: String,
    pub scope: ScopeCount,
    /// Over the obligations, each with its terms and its due instant.
    pub obligations: Root,
    /// How they differ from those of an earlier version; `None` for the first plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<DutyChanges>,
    /// The earliest alarm of those that are owed: before its time runs short nobody has to look at them for theirs.
    pub first_alarm: Option<Timestamp>,
    /// Over the waves, each with its template, its settling policy, and the root over its chunks.
    pub waves: Root,
    /// Duties that no notice of this plan fulfils, and why: a person has to see to them.
    pub desk: BTreeMap<ObligationId, String>,
    /// People to whom no lawful channel leads, by obligation.
    pub no_address: BTreeMap<ObligationId, u64>,
    /// SHA-256 in hex over the brief: the facts that every notice of the plan is rendered from.
    pub brief: String,
}

impl PlanHead {
    /// Where the people of a wave stand.
    pub fn roster_of(&self, wave: &Wave) -> RosterRef {
        RosterRef { incident: self.incident, scope: wave.scope.unwrap_or(self.scope.version) }
    }

    /// What approvals bind: over every byte of the head, in a canonical form (fields in the order of the type, maps
    /// in the order of their keys).
    pub fn hash(&self) -> String {
        hex::encode(digest("plan", &[&canonical(self)]))
    }

    /// Whether this is the wave that was planned under its number.
    pub fn holds_wave(&self, wave: &Wave, proof: &Proof) -> bool {
        let place = wave.number.checked_sub(1);
        place.is_some_and(|place| self.waves.holds(place.into(), &canonical(wave), proof))
    }

    /// Whether this is the brief that the notices were rendered from.
    pub fn holds_brief(&self, brief: &str) -> bool {
        self.brief == brief_digest(brief)
    }
}

pub fn obligations_root(obligations: &[Obligation]) -> Root {
    Tree::of(obligations.iter().map(canonical)).root()
}

pub fn waves_tree(waves: &[Wave]) -> Tree {
    Tree::of(waves.iter().map(canonical))
}

pub fn brief_digest(brief: &str) -> String {
    hex::encode(digest("brief", &[brief.as_bytes()]))
}

/// What a plan is made from besides the people: what the incident says, and what the tenant's settings say that notices
/// and duties depend on. Whoever may act, and where signals come from, is no such fact.
pub fn facts_digest(incident: &Incident, tenant: &Tenant) -> String {
    let of_incident = (
        &incident.clocks,
        &incident.stated,
        &incident.datasets,
        &incident.datasets_later,
        incident.scope_version,
        incident.amends_by,
    );
    let of_tenant = (
        &tenant.name,
        &tenant.controller,
        &tenant.datasets,
        &tenant.residency,
        &tenant.senders,
        &tenant.contacts,
        &tenant.wording,
    );
    hex::encode(digest("facts", &[&canonical(&of_incident), &canonical(&of_tenant)]))
}

/// These types have no map but with text keys, so writing them cannot fail.
fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// The chunks that share region, regime, channel, language and template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    pub number: u32,
    pub obligation: ObligationId,
    pub regime: String,
    /// The reading of the evidence that its people stand in, if it is not the plan's own: they are affected no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<u32>,
    /// Whose queue and senders serve it.
    pub region: String,
    /// Where its people are kept, if that is another region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover: Option<Failover>,
    pub channel: Channel,
    pub language: String,
    pub phase: Phase,
    pub template: TemplateRef,
    /// When sending may begin.
    pub start: Timestamp,
    /// The hours of their day at which its people may be reached.
    pub window: SendingWindow,
    /// Where its people live, where their hours count.
    pub residence: Option<Jurisdiction>,
    /// The duty's due instant: waves go out earliest deadline first.
    pub deadline: Option<Timestamp>,
    pub settling: Settling,
    /// Its notices stand by: each takes the place of a notice of the same duty that does not arrive by another channel.
    pub stands_by: bool,
    /// A canary wave goes first: this one follows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<After>,
    pub recipients: u64,
    pub chunks: u32,
    /// Over the chunks' digests in order: binds every recipient and every rendered byte.
    pub root: Root,
}

/// Whether a wave's people may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    OpenUntil(Timestamp),
    OpensAt(Timestamp),
    /// Not within days: a person has to find another way.
    Shut,
}

/// How far ahead a door is looked for: a day and a night, and a change of the clocks.
const NEXT_DAYS: SignedDuration = SignedDuration::from_hours(72);

impl Wave {
    pub fn door(&self, now: Timestamp) -> Door {
        let open = Interval::new(now, now + NEXT_DAYS)
            .ok()
            .map(|days| open(self.window, self.residence.as_ref(), days));
        match open.and_then(Result::ok).as_ref().and_then(|open| open.first()) {
            Some(first) if first.from() <= now => Door::OpenUntil(first.until()),
            Some(first) => Door::OpensAt(first.from()),
            None => Door::Shut,
        }
    }

    /// Whether it is stopped when too much of it bounces, is complained about or refused: mail to people. A filing is one
    /// message that is owed, and what becomes of a text or an inbox notice endangers no account.
    pub fn stops_in_trouble(&self) -> bool {
        self.channel == Channel::Email && self.settling == Settling::MustReach
    }

    /// The region in which its people are kept.
    pub fn kept_in(&self) -> &str {
        self.failover.as_ref().map_or(&self.region, |failover| &failover.from)
    }

    /// Whether this is the chunk that was planned under its number.
    pub fn holds_chunk(&self, chunk: &Chunk, proof: &Proof) -> bool {
        self.root.holds(chunk.at.number.into(), &chunk.digest(), proof)
    }

    /// How many notices the chunk of this number has: all are full but the last.
    pub fn notices_in(&self, chunk: u32) -> usize {
        let size = chunk_size(self.channel, self.stands_by);
        let before = u64::from(chunk).saturating_mul(size as u64);
        let left = self.recipients.saturating_sub(before);
        usize::try_from(left).unwrap_or(usize::MAX).min(size)
    }
}

/// Of a wave that is sent from another region, because the tenant's residency policy allows it: the region in which its
/// people are kept and stay, and what that one lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Failover {
    pub from: String,
    pub why: Lack,
}

/// What a region lacks to carry its own notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// Its provider takes nothing: its quota is zero, or its sending is paused.
    Capacity,
    /// It does not carry everybody in time.
    Time,
}

impl Lack {
    pub fn as_str(self) -> &'static str {
        match self {
            Lack::Capacity => "its provider there takes nothing",
            Lack::Time => "they would be late from there",
        }
    }
}

/// All of a plan that one region sends for another by one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentElsewhere {
    pub failover: Failover,
    pub region: String,
    pub channel: Channel,
    pub recipients: u64,
}

impl SentElsewhere {
    /// What stands by is not counted: whoever it is for is counted once.
    pub fn of(waves: &[Wave]) -> Vec<Self> {
        let mut all: BTreeMap<_, u64> = BTreeMap::new();
        for wave in waves.iter().filter(|wave| !wave.stands_by) {
            if let Some(failover) = &wave.failover {
                *all.entry((failover, &wave.region, wave.channel)).or_default() += wave.recipients;
            }
        }
        all.into_iter()
            .map(|((failover, region, channel), recipients)| Self {
                failover: failover.clone(),
                region: region.clone(),
                channel,
                recipients,
            })
            .collect()
    }
}

impl fmt::Display for SentElsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { failover: Failover { from, why }, region, channel, recipients } = self;
        let (channel, why) = (channel.as_str(), why.as_str());
        write!(f, "{recipients} of {from} are sent from {region} by {channel}, because {why}")
    }
}

/// Which notice of an incident a recipient gets (GDPR Art. 33(4) allows phases, and so does Art. 34 in practice).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    First,
    /// Adds to what they were told before.
    FollowUp,
    /// What they were told before was wrong.
    Correction,
    /// They were told and are not concerned.
    Withdrawal,
}

impl Phase {
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::First => "first",
            Phase::FollowUp => "follow-up",
            Phase::Correction => "correction",
            Phase::Withdrawal => "withdrawal",
        }
    }
}

/// What a wave waits for: the canary wave of this number has gone, and so many minutes have passed for its receipts to
/// come in. The wave then goes by itself only if they clear it (`pause::CanaryFigures`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    pub wave: u32,
    pub minutes: u32,
}

/// Why nobody can say at which hours people may be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoHours {
    #[error("their residence is not known, and with it their hours")]
    NoResidence,
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    #[error(transparent)]
    Never(#[from] NeverOpen),
}

/// When people who live there may be reached.
pub fn open(
    window: SendingWindow,
    residence: Option<&Jurisdiction>,
    within: Interval,
) -> Result<Vec<Interval>, NoHours> {
    match (window, residence) {
        (SendingWindow::Always, _) => Ok(vec![within]),
        (SendingWindow::Daily(_), None) => Err(NoHours::NoResidence),
        (SendingWindow::Daily(_), Some(residence)) => Ok(window.open(&Zones::of(residence)?, within)?),
    }
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
    /// A partner's own endpoint, by signed webhook.
    Partner,
    /// By post, through a print house.
    Letter,
}

impl Channel {
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Sms => "sms",
            Channel::InApp => "in-app",
            Channel::Partner => "partner",
            Channel::Letter => "letter",
        }
    }

    /// Whether its provider says within minutes that a notice arrived, or that it did not. An inbox says it when its reader
    /// comes, the post after days.
    pub fn reports_arrival(self) -> bool {
        match self {
            Channel::Email | Channel::Sms | Channel::Partner => true,
            Channel::InApp | Channel::Letter => false,
        }
    }

    /// How many notices one claim takes along. A text message is a call of its own, and nothing that SNS says of it
    /// later can be joined to it when the answer was lost: a claim of its own leaves one text in doubt and not several. A
    /// partner has a retry schedule of their own.
    pub fn claim_size(self) -> usize {
        match self {
            Channel::Email | Channel::InApp | Channel::Letter => crate::chunk::CHUNK_SIZE,
            Channel::Sms | Channel::Partner => 1,
        }
    }

    /// Whether a notice may go again as it is, because whoever gets it knows it by its id: a partner drops a webhook of an
    /// id that they have, and the same letters are the same file. What may have arrived is then no doubt, and its
    /// repetition no copy.
    pub fn is_idempotent(self) -> bool {
        match self {
            Channel::Partner | Channel::Letter => true,
            Channel::Email | Channel::Sms | Channel::InApp => false,
        }
    }
}

/// How many notices a chunk has. Those that stand by are called up as far as a claim takes them along, so they are kept
/// together whatever their channel: most are never called.
pub fn chunk_size(channel: Channel, stands_by: bool) -> usize {
    if stands_by { crate::chunk::CHUNK_SIZE } else { channel.claim_size() }
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

/// One person's yes to one plan's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: String,
    pub at: Timestamp,
    pub hash: String,
    /// The leaf that records it.
    #[serde(default)]
    pub leaf: Option<LeafId>,
}

/// The distinct people whose approval binds exactly this hash.
pub fn approvers<'a>(approvals: &'a [Approval], hash: &str) -> std::collections::BTreeSet<&'a str> {
    approvals.iter().filter(|approval| approval.hash == hash).map(|approval| approval.by.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::ChunkRef;
    use crate::id::SignalId;

    fn wave(number: u32, recipients: u64, chunks: &Tree) -> Wave {
        let tenant: TenantId = "shop".parse().unwrap();
        let incident = IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b"));
        Wave {
            number,
            obligation: ObligationId::of(incident, "eu-gdpr-individual", "DE", ""),
            regime: "eu-gdpr-individual".to_owned(),
            scope: None,
            region: "eu-central-1".to_owned(),
            failover: None,
            channel: Channel::Email,
            language: "de".to_owned(),
            phase: Phase::First,
            template: TemplateRef { id: String::new(), version: String::new(), hash: String::new() },
            start: Timestamp::UNIX_EPOCH,
            window: SendingWindow::Always,
            residence: None,
            deadline: None,
            settling: Settling::MustReach,
            stands_by: false,
            after: None,
            recipients,
            chunks: 0,
            root: chunks.root(),
        }
    }

    #[test]
    fn a_wave_or_chunk_that_was_not_planned_does_not_stand_under_the_head() {
        let tenant: TenantId = "shop".parse().unwrap();
        let incident = IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b"));
        let chunk = |number| Chunk {
            stands_by: false,
            at: ChunkRef { incident, plan: 1, wave: 1, number },
            notices: Vec::new(),
        };
        let chunks = Tree::of((0..3).map(|number| chunk(number).digest().to_vec()));
        let waves = [wave(1, 3, &chunks), wave(2, 3, &Tree::default())];
        let tree = waves_tree(&waves);
        let head = PlanHead {
            tenant,
            incident,
            version: 1,
            earlier: Vec::new(),
            facts: String::new(),
            made_at: Timestamp::UNIX_EPOCH,
            scope: ScopeCount::default(),
            obligations: obligations_root(&[]),
            changes: None,
            first_alarm: None,
            waves: tree.root(),
            desk: BTreeMap::new(),
            no_address: BTreeMap::new(),
            brief: brief_digest("brief"),
        };
        let [first, second] = &waves;
        let proofs: Vec<Proof> = tree.proofs().collect();
        assert!(head.holds_wave(first, &proofs[0]) && head.holds_wave(second, &proofs[1]));
        assert!(!head.holds_wave(first, &proofs[1]));
        assert!(!head.holds_wave(&Wave { region: "us-east-1".to_owned(), ..first.clone() }, &proofs[0]));
        assert!(!head.holds_wave(&Wave { number: 0, ..first.clone() }, &proofs[0]));
        assert!(head.holds_brief("brief") && !head.holds_brief("brief "));
        for (number, proof) in (0_u32..).zip(chunks.proofs()) {
            assert!(first.holds_chunk(&chunk(number), &proof));
            assert!(!first.holds_chunk(&chunk(number + 1), &proof));
            assert!(!second.holds_chunk(&chunk(number), &proof));
        }
        assert!(head.hash() != PlanHead { version: 2, ..head.clone() }.hash());
    }

    #[test]
    fn who_is_sent_from_elsewhere_is_counted_once_and_kept_at_home() {
        let from = |from: &str, why| Some(Failover { from: from.to_owned(), why });
        let of = |region: &str, failover| Wave {
            region: region.to_owned(),
            failover,
            ..wave(1, 20, &Tree::default())
        };
        let home = of("eu-central-1", None);
        let away = of("eu-west-1", from("eu-central-1", Lack::Capacity));
        assert_eq!((home.kept_in(), away.kept_in()), ("eu-central-1", "eu-central-1"));
        let waves = [
            home,
            away.clone(),
            Wave { stands_by: true, ..away.clone() },
            away,
            of("eu-west-1", from("eu-central-1", Lack::Time)),
        ];
        let sentences: Vec<String> = SentElsewhere::of(&waves).iter().map(ToString::to_string).collect();
        assert_eq!(
            sentences,
            [
                "40 of eu-central-1 are sent from eu-west-1 by email, because its provider there takes nothing",
                "20 of eu-central-1 are sent from eu-west-1 by email, because they would be late from there",
            ]
        );
    }

    #[test]
    fn every_chunk_is_full_but_the_last() {
        let of = |recipients| wave(1, recipients, &Tree::default());
        for (recipients, chunk, expected) in [
            (0, 0, 0),
            (1, 0, 1),
            (50, 0, 50),
            (50, 1, 0),
            (51, 0, 50),
            (51, 1, 1),
            (120, 2, 20),
            (120, 9, 0),
        ] {
            assert_eq!(of(recipients).notices_in(chunk), expected, "{chunk} of {recipients}");
        }
    }

    #[test]
    fn the_same_person_twice_is_one_approver_and_another_hash_is_none() {
        let at: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let yes =
            |by: &str, hash: &str| Approval { by: by.to_owned(), at, hash: hash.to_owned(), leaf: None };
        let approvals = [yes("ada", "1"), yes("ada", "1"), yes("bo", "0")];
        assert_eq!(approvers(&approvals, "1").len(), 1);
        assert_eq!(approvers(&approvals, "2").len(), 0);
    }
}
