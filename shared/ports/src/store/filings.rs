//! Filings with authorities, and what people answered to their forms.

use tocsin_audit::Leaf;
use tocsin_domain::id::{IncidentId, ObligationId};
use tocsin_domain::outcome::Halt;
use tocsin_filings::{Filing, Given};

use super::{all, leaves, overtaken, read_doc, with_doc};
use crate::scope::TenantScope;
use crate::table::{Condition, Key, ReadHome, Test, Value, Write, WriteHome};

const FILING: &str = "filing#";

/// All filings of an incident, by duty and number.
pub async fn list(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
) -> Result<Vec<Filing>, Halt> {
    all(ports, scope.partition(&[&incident.to_string()]), FILING).await?.iter().map(read_doc).collect()
}

/// The filings of one duty, by number.
pub async fn of_duty(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
    obligation: ObligationId,
) -> Result<Vec<Filing>, Halt> {
    let prefix = format!("{FILING}{obligation}#");
    all(ports, scope.partition(&[&incident.to_string()]), &prefix).await?.iter().map(read_doc).collect()
}

/// A filing that is prepared, or that came a step further. Of two people who take the same step one is refused.
pub fn write(scope: &TenantScope, was: Option<&Filing>, now_is: &Filing) -> Result<Write, Halt> {
    let mut attributes = with_doc(now_is)?;
    attributes.insert("step", step(now_is));
    let only_if = match was {
        None => Condition::Absent,
        Some(was) => Condition::Present(vec![Test::Is("step", step(was))]),
    };
    let sort = format!("{FILING}{}#{:06}", now_is.obligation, now_is.number);
    Ok(Write::Put { key: scope.key(&[&now_is.incident.to_string()], sort), attributes, only_if })
}

fn step(filing: &Filing) -> Value {
    let Filing { approved, submitted, acknowledged, .. } = filing;
    let taken = [approved.is_some(), submitted.is_some(), acknowledged.is_some()];
    Value::Number(taken.into_iter().filter(|taken| *taken).count() as i64)
}

/// What people answered to a form of a duty, and how often.
pub async fn answers(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
    of: (ObligationId, &str),
) -> Result<(Given, i64), Halt> {
    match ports.get(&answers_key(scope, incident, of)).await? {
        Some(item) => Ok((read_doc(&item)?, item.number("times").unwrap_or_default())),
        None => Ok((Given::new(), 0)),
    }
}

/// Keeps the answers that stand now, with the leaf of the newest. `times` is how often somebody had answered before.
pub async fn put_answers(
    ports: &impl WriteHome,
    scope: &TenantScope,
    incident: IncidentId,
    of: (ObligationId, &str),
    (answers, times): (&Given, i64),
    leaf: &Leaf,
) -> Result<(), Halt> {
    let mut attributes = with_doc(answers)?;
    attributes.insert("times", Value::Number(times + 1));
    let only_if = match times {
        0 => Condition::Absent,
        times => Condition::Present(vec![Test::Is("times", Value::Number(times))]),
    };
    let writes = vec![
        Write::Put { key: answers_key(scope, incident, of), attributes, only_if },
        leaves::leaf(scope, leaf),
    ];
    ports.write(writes).await.map_err(overtaken)
}

fn answers_key(scope: &TenantScope, incident: IncidentId, (obligation, form): (ObligationId, &str)) -> Key {
    scope.key(&[&incident.to_string()], format!("answers#{obligation}#{form}"))
}
