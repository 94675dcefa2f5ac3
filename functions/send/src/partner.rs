//! Notices to partners' endpoints, signed after Standard Webhooks.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
//!
//! A partner knows a notice by its `webhook-id`, which is the same at each attempt, and drops what they have. So a lost
//! answer is no doubt: the notice goes again, as it is, until the endpoint says that it has it, or that it is gone.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tocsin_domain::chunk::Entry;
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::Wave;
use tocsin_domain::receipt::{Fact, Report};
use tocsin_domain::tenant::Endpoint;
use tocsin_notices::Email;
use tocsin_ports::store::receipts::NoticeAt;
use tocsin_ports::store::{incidents, partners, receipts};
use tocsin_ports::{Hook, Posted, TenantScope};
use tocsin_sources::webhook::{HmacKey, sign_standard};

use crate::SendPorts;

/// How long after each attempt the next one comes: the schedule that Standard Webhooks suggests. The last one stands for
/// all that follow, because a notice that is owed is not given up.
const SCHEDULE: [SignedDuration; 9] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
    SignedDuration::from_hours(20),
    SignedDuration::from_hours(24),
];

/// After how many failures in a row, of whatever notices, a person is told that an endpoint is ill.
const ILL_AFTER: u32 = 5;

/// "Gone": the partner has taken the endpoint away.
const GONE: u16 = 410;

pub struct PartnerNotice {
    pub at: NoticeAt,
    pub to: Endpoint,
    pub contact: String,
    pub reference: String,
    pub letter: Email,
}

/// How long a chunk waits after this attempt, counted from 1.
pub fn back_off(attempt: u32) -> SignedDuration {
    let place = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    SCHEDULE[place.min(SCHEDULE.len() - 1)]
}

/// Posts a notice once, and appends the receipt when the endpoint has it.
pub async fn post(
    ports: &impl SendPorts,
    scope: &TenantScope,
    wave: &Wave,
    notice: PartnerNotice,
    now: Timestamp,
) -> Entry {
    // Whatever fails on our side may be tried again: see above.
    tried(ports, scope, wave, notice, now).await.unwrap_or_else(|halt| {
        Entry::Throttled(match halt {
            Halt::Again(why) => why,
            Halt::Park(why) => why.to_string(),
        })
    })
}

async fn tried(
    ports: &impl SendPorts,
    scope: &TenantScope,
    wave: &Wave,
    notice: PartnerNotice,
    now: Timestamp,
) -> Result<Entry, Halt> {
    let PartnerNotice { at, to, contact, .. } = &notice;
    let id = format!("{}-{}", at.chunk, at.index);
    let Some(keys) = keys(ports, scope, contact).await? else {
        return Ok(Entry::Throttled(format!("the secret partner-{contact} is not one with usable keys")));
    };
    let body = body(wave, &notice);
    let second = now.as_second();
    let signature = sign_standard(&keys, &id, second, body.as_bytes());
    let entry = match ports.post(Hook { to: to.clone(), id: id.clone(), second, signature, body }).await {
        Posted::Status(200..=299) => {
            let report = Report {
                provider_id: id.clone(),
                fact: Fact::Delivered,
                at: now,
                detail: "the partner's endpoint took it".to_owned(),
            };
            receipts::append(ports, &[(scope.clone(), at.receipt(report))]).await?;
            Entry::Accepted(id)
        }
        Posted::Status(GONE) => {
            Entry::Refused(format!("the endpoint of {contact} is gone (HTTP status 410)"))
        }
        Posted::Status(status) => Entry::Throttled(format!("HTTP status {status}")),
        Posted::Silence(why) => Entry::Throttled(why),
    };
    note_health(ports, scope, &notice, &entry, now).await?;
    Ok(entry)
}

/// What the partner reads. Everything in it is the same at each attempt.
fn body(wave: &Wave, notice: &PartnerNotice) -> String {
    let Email { subject, text, html: _ } = &notice.letter;
    let data = json!({
        "reference": notice.reference, "regime": wave.regime, "language": wave.language, "subject": subject,
        "text": text,
    });
    json!({ "type": "breach.notice", "timestamp": wave.start, "data": data }).to_string()
}

/// `None` where nothing can be signed.
async fn keys(
    ports: &impl SendPorts,
    scope: &TenantScope,
    contact: &str,
) -> Result<Option<Vec<HmacKey>>, Halt> {
    let secret = ports.secret(scope, &format!("partner-{contact}")).await?;
    Ok(secret.and_then(|secret| HmacKey::list(secret.expose(), HmacKey::from_standard).ok()))
}

async fn note_health(
    ports: &impl SendPorts,
    scope: &TenantScope,
    notice: &PartnerNotice,
    entry: &Entry,
    now: Timestamp,
) -> Result<(), Halt> {
    let failure = match entry {
        Entry::Throttled(why) | Entry::Refused(why) => Some(why.as_str()),
        Entry::Waiting
        | Entry::StandsBy
        | Entry::Accepted(_)
        | Entry::Withheld(_)
        | Entry::InDoubt
        | Entry::Repeat
        | Entry::Vouched
        | Entry::FoundUnsent => None,
    };
    let health = partners::note(ports, scope, &notice.contact, failure, now).await?;
    if health.failures == ILL_AFTER {
        let task = format!(
            "the endpoint of {} failed {ILL_AFTER} times in a row: tell them by other means",
            notice.contact
        );
        incidents::ask(ports, scope, notice.at.chunk.incident, task, &[]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_ends_with_a_day_and_does_not_end() {
        let waits: Vec<i64> = [0, 1, 2, 3, 9, 10, u32::MAX].map(|attempt| back_off(attempt).as_secs()).into();
        assert_eq!(waits, [5, 5, 300, 1800, 86_400, 86_400, 86_400]);
    }
}
