//! What the link of a text message opens. It is laid down right before the text is handed over, so that no link leads to
//! nothing; what is laid down and never linked to is found by nobody, and goes with its time.

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::chunk::Entry;
use tocsin_domain::plan::Wave;
use tocsin_notices::letter::{Brief, Opens};
use tocsin_ports::TenantScope;
use tocsin_ports::store::links::{self, LinkedNotice};
use tocsin_ports::store::receipts::NoticeAt;

use crate::SendPorts;

/// Nothing where the text has no link. What could not be kept is an end of its text: it goes another time.
pub async fn lay_down(
    ports: &impl SendPorts,
    scope: &TenantScope,
    (wave, brief): (&Wave, &Brief),
    at: NoticeAt,
    opens: Option<Opens>,
    now: Timestamp,
) -> Result<(), Entry> {
    let Some((Opens { code, text, reference }, details)) = opens.zip(brief.details.as_ref()) else {
        return Ok(());
    };
    let (date, language) = (brief.facts.notice_date, wave.language.clone());
    let notice = LinkedNotice { at, reference, date, language, text };
    let until = now + SignedDuration::from_hours(details.hours.into());
    let kept = links::put(ports, scope, wave.kept_in(), &code, &notice, until).await;
    kept.map_err(|_| Entry::Throttled("what the text links to could not be kept".to_owned()))
}
