//! Authorities that wait for what an incomplete filing left open. The law sets no number ("without undue further delay",
//! GDPR Article 33(4)): people are asked when it is filed, and again after each week.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::incident::Incident;
use tocsin_domain::outcome::Halt;
use tocsin_ports::store::{filings, incidents};
use tocsin_ports::{ReadHome, TenantScope, WriteHome};

use crate::deadlines::leaf;

const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Each week's reminder stands on the incident in the place of the one before, and in the log.
pub async fn remind(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    incident: &Incident,
    now: Timestamp,
) -> Result<(), Halt> {
    if !incident.waits_for_a_supplement() {
        return Ok(());
    }
    let all = filings::list(ports, scope, incident.id).await?;
    // By duty, the newest that was submitted.
    let submitted = all.into_iter().filter_map(|filing| Some((filing.submitted.clone()?.at, filing)));
    let newest: BTreeMap<_, _> = submitted.map(|(at, filing)| (filing.obligation, (at, filing))).collect();
    for (duty, (at, filing)) in newest {
        let weeks = now.duration_since(at).as_secs() / AGAIN_AFTER.as_secs();
        if weeks < 1 || !filing.waits_for_a_supplement() {
            continue;
        }
        let task = Incident::supplement_again_task(duty, &filing.filled.form, weeks);
        if incident.attention.contains(&task) {
            continue;
        }
        let subject = [("obligation", duty.to_string()), ("filing", filing.number.to_string())];
        let leaf = leaf(scope, incident.id, &task, subject, now);
        let ask = |now_is: &mut Incident| {
            now_is.forget_supplement(duty);
            now_is.ask(task.clone());
        };
        incidents::amend(ports, scope, incident.id, ask, &[leaf]).await?;
    }
    Ok(())
}
