//! Filings with authorities: people answer what nobody else knows, a filing is prepared, approved by its hash, submitted by
//! a person, and acknowledged by the authority.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::id::{IncidentId, ObligationId, TenantId};
use tocsin_domain::incident::Incident;
use tocsin_domain::obligation::{Done, Obligation, Owed};
use tocsin_domain::tenant::Role;
use tocsin_filings::{
    Acknowledgement, Act, Completeness, Filing, FilingError, FilingKind, Filled, Form, Given, Known, Lack,
    Source, Submission, fill, stated,
};
use tocsin_ports::store::incidents::Versioned;
use tocsin_ports::store::{done, filings, incidents};
use tocsin_ports::{ReadHome, TenantScope};

use crate::access::{any_role, with_a_role_of, with_role};
use crate::acts::{person, reason};
use crate::desk::phase_of;
use crate::dossier::Papers;
use crate::{ConsolePorts, No};

/// Whose filing is meant: a duty of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of {
    pub incident: IncidentId,
    pub obligation: ObligationId,
}

/// All filings of an incident, and the forms that there are.
pub async fn list(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    id: IncidentId,
) -> Result<Value, No> {
    let (scope, _) = any_role(ports, principal, tenant).await?;
    let of_regime = |form: &Form| json!({ "key": form.key, "name": form.name, "regimes": form.regimes });
    let forms: Vec<Value> = tocsin_filings::forms().map_err(defect)?.iter().map(of_regime).collect();
    Ok(json!({ "filings": filings::list(ports, &scope, id).await?, "forms": forms }))
}

/// The form as it would be filled now, and what a complete filing would need. Nothing is kept.
pub async fn draft(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    of: Of,
    key: &str,
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, settings) = any_role(ports, principal, tenant).await?;
    let form = form(key)?;
    let incident = incidents::get(ports, &scope, of.incident).await?.incident;
    let papers = Papers::read(ports, &scope, settings, incident).await?;
    let before = filings::of_duty(ports, &scope, of.incident, of.obligation).await?.pop();
    let (given, _) = filings::answers(ports, &scope, of.incident, (of.obligation, key)).await?;
    let duty = duty_for(&papers, of, form)?;
    let filled = filled(&papers, duty, form, (before.as_ref(), Completeness::Incomplete), &given, now)?;
    let lacks: Vec<String> = filled.lacks(form).iter().map(ToString::to_string).collect();
    Ok(json!({ "form": form, "filled": filled, "lacks": lacks }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswersBody {
    form: String,
    /// By question; null takes an answer back.
    answers: Map<String, Value>,
    reason: String,
}

/// Takes in what a person answers to questions of a form.
pub async fn answer(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    of: Of,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_a_role_of(ports, principal, tenant, &[Role::Responder, Role::Counsel]).await?;
    let AnswersBody { form: key, answers, reason: why } = read(
        body,
        "{\"form\": \"edpb-art33\", \"answers\": {\"60\": \"g\"}, \"reason\": \"...\"}; null takes an answer back",
    )?;
    let why = reason(why)?;
    let form = form(&key)?;
    let (mut given, times) = filings::answers(ports, &scope, of.incident, (of.obligation, &key)).await?;
    incidents::get(ports, &scope, of.incident).await?;
    let asked: Vec<&str> = answers.keys().map(String::as_str).collect();
    let subject = [
        ("form", format!("{key}@{}", form.version)),
        ("obligation", of.obligation.to_string()),
        ("questions", asked.join(" ")),
        ("times", times.to_string()),
    ];
    let leaf = Leaf::new(
        scope.tenant(),
        Some(of.incident),
        now,
        person(principal),
        Action::FilingAnswered,
        why,
        subject,
    );
    let before = given.clone();
    for (id, said) in &answers {
        let question = form.question(id).ok_or_else(|| No::Bad(Lack::NoQuestion(id.clone()).to_string()))?;
        if said.is_null() {
            given.remove(id);
        } else {
            let value = stated(question, said).map_err(|lack| No::Bad(lack.to_string()))?;
            given.insert(id.clone(), Known { value, source: Source::Leaf(leaf.id) });
        }
    }
    let values =
        |given: &Given| given.iter().map(|(id, known)| (id.clone(), known.value.clone())).collect::<Vec<_>>();
    if values(&before) != values(&given) {
        filings::put_answers(ports, &scope, of.incident, (of.obligation, &key), (&given, times), &leaf)
            .await?;
    }
    Ok(json!({ "answers": given }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrepareBody {
    form: String,
    completeness: Completeness,
    reason: String,
}

/// Freezes what is known and what was answered.
pub async fn prepare(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    of: Of,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, settings) =
        with_a_role_of(ports, principal, tenant, &[Role::Responder, Role::Counsel]).await?;
    let PrepareBody { form: key, completeness, reason: why } = read(
        body,
        "{\"form\", \"completeness\": \"complete\", \"incomplete\" or \"withdrawal\", \"reason\"}",
    )?;
    let why = reason(why)?;
    let form = form(&key)?;
    let was = incidents::get(ports, &scope, of.incident).await?;
    let papers = Papers::read(ports, &scope, settings, was.incident.clone()).await?;
    let duty = duty_for(&papers, of, form)?;
    let before = filings::of_duty(ports, &scope, of.incident, of.obligation).await?.pop();
    let (given, _) = filings::answers(ports, &scope, of.incident, (of.obligation, &key)).await?;
    let filled = filled(&papers, duty, form, (before.as_ref(), completeness), &given, now)?;
    let act = Act { by: principal.to_owned(), at: now };
    let filing =
        Filing::prepare((of.incident, of.obligation), before.as_ref(), completeness, (form, filled), act)
            .map_err(refused)?;
    let (action, further) = (Action::FilingPrepared, Vec::new());
    let step = Step { filing: &filing, was: None, action, why, further, done: None };
    keep(ports, &scope, &was, principal, step, now).await?;
    Ok(json!({ "filing": filing }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApproveBody {
    hash: String,
}

/// Binds an approver to the very answers.
pub async fn approve(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    (of, number): (Of, u32),
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Approver).await?;
    let ApproveBody { hash } = read(body, "{\"hash\": \"...\"}")?;
    let Found { was, filing: before, .. } = found(ports, &scope, of, number).await?;
    let act = Act { by: principal.to_owned(), at: now };
    let filing = before.clone().approve(&hash, act).map_err(refused)?;
    let why = "approved as it was prepared".to_owned();
    let step = Step {
        filing: &filing,
        was: Some(&before),
        action: Action::FilingApproved,
        why,
        further: Vec::new(),
        done: None,
    };
    keep(ports, &scope, &was, principal, step, now).await?;
    Ok(json!({ "filing": filing }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubmitBody {
    at: Timestamp,
    how: String,
    #[serde(default)]
    late_because: Option<String>,
    /// The later phase of the duty that it is, by how its words begin.
    #[serde(default)]
    phase: Option<String>,
}

/// Takes in that a person filed it, and with that, at once, their word that the duty is done; what is incomplete waits for a
/// supplement.
pub async fn submit(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    (of, number): (Of, u32),
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, settings) = with_role(ports, principal, tenant, Role::Responder).await?;
    let SubmitBody { at, how, late_because, phase } = read(
        body,
        "{\"at\": INSTANT, \"how\": \"the portal or the address\", \"late_because\": \"only where it is late\", \"phase\": \"only where it is a later phase of the duty\"}",
    )?;
    let how = reason(how)?;
    let late_because = late_because.map(reason).transpose()?;
    if at > now {
        return Err(No::Bad("what lies ahead is not done yet".to_owned()));
    }
    let Found { was, filing: before, others } = found(ports, &scope, of, number).await?;
    let papers = Papers::read(ports, &scope, settings, was.incident.clone()).await?;
    let duty = papers.duty(of.obligation).ok_or(No::NotFound)?;
    let submission =
        Submission { by: principal.to_owned(), at, how: how.clone(), late_because: late_because.clone() };
    let filing = before.clone().submit(&others, duty.due, submission).map_err(refused)?;
    let word = Done {
        obligation: of.obligation,
        by: principal.to_owned(),
        what: format!("filed by the form {}, number {number}", filing.filled.form),
        at,
        place: how.clone(),
        sha256: Some(filing.hash.clone()),
        phase: phase.map(|named| phase_of(duty, &named)).transpose()?,
    };
    let further = vec![("done", at.to_string()), ("late-because", late_because.unwrap_or_default())];
    let step = Step {
        filing: &filing,
        was: Some(&before),
        action: Action::FilingSubmitted,
        why: how,
        further,
        done: Some((duty, &word)),
    };
    keep(ports, &scope, &was, principal, step, now).await?;
    Ok(json!({ "filing": filing }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcknowledgeBody {
    number: String,
}

/// Takes in the number that the authority gave.
pub async fn acknowledge(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    (of, number): (Of, u32),
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let AcknowledgeBody { number: given } = read(body, "{\"number\": \"that the authority gave\"}")?;
    let given = reason(given)?;
    let Found { was, filing: before, .. } = found(ports, &scope, of, number).await?;
    let known = Acknowledgement { by: principal.to_owned(), at: now, number: given.clone() };
    let filing = before.clone().acknowledge(known).map_err(refused)?;
    if filing != before {
        let why = "the authority gave it a number".to_owned();
        let further = vec![("authority-number", given)];
        let (was_before, action) = (Some(&before), Action::FilingAcknowledged);
        let step = Step { filing: &filing, was: was_before, action, why, further, done: None };
        keep(ports, &scope, &was, principal, step, now).await?;
    }
    Ok(json!({ "filing": filing }))
}

/// A step of a filing, to be kept with its leaf.
struct Step<'a> {
    filing: &'a Filing,
    was: Option<&'a Filing>,
    action: Action,
    why: String,
    further: Vec<(&'static str, String)>,
    /// What the person says that it did for the duty.
    done: Option<(&'a Obligation, &'a Done)>,
}

/// Keeps the step, its leaf, and what is asked of people after it, at once.
async fn keep(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    was: &Versioned,
    principal: &str,
    step: Step<'_>,
    now: Timestamp,
) -> Result<(), No> {
    let Step { filing, was: before, action, why, further, done } = step;
    let subject = [
        ("form", format!("{}@{}", filing.filled.form, filing.filled.version)),
        ("obligation", filing.obligation.to_string()),
        ("number", filing.number.to_string()),
        ("hash", filing.hash.clone()),
    ];
    let subject = subject.into_iter().chain(further);
    let leaf = Leaf::new(scope.tenant(), Some(filing.incident), now, person(principal), action, why, subject);
    let mut incident = was.incident.clone();
    if filing.submitted.is_some() {
        ask_for_a_supplement(&mut incident, filing);
    }
    if let Some((duty, word)) = done {
        see_to_phases(&mut incident, duty, word);
    }
    let mut writes = vec![filings::write(scope, before, filing)?];
    if let Some((_, word)) = done {
        writes.push(done::write(scope, filing.incident, word)?);
    }
    Ok(incidents::change(ports, scope, was, &incident, &[leaf], writes).await?)
}

/// What is incomplete is to be supplemented without undue further delay (GDPR Article 33(4)); what came after it ends that.
fn ask_for_a_supplement(incident: &mut Incident, filing: &Filing) {
    incident.forget_supplement(filing.obligation);
    if filing.waits_for_a_supplement() {
        incident.ask(Incident::supplement_task(filing.obligation, &filing.filled.form));
    }
}

/// Asks for the later phases whose time begins with this filing, or takes off what was asked about the one that it was.
fn see_to_phases(incident: &mut Incident, duty: &Obligation, word: &Done) {
    let task = |phase: &str| Incident::phase_task(&duty.regime, &duty.recipient, phase);
    if let Some(phase) = &word.phase {
        incident.attention.retain(|asked| !asked.starts_with(&task(phase)));
        return;
    }
    for phase in duty.phases().filter(|phase| phase.due.is_none()) {
        let asked = task(&phase.what);
        if !incident.attention.iter().any(|known| known.starts_with(&asked)) {
            incident.ask(format!(
                "{asked}, {}: its time may have begun with what was filed; file it, and say so (tocsin filing submit with \
                 --phase, or tocsin incident done with --phase)",
                phase.due_rule
            ));
        }
    }
}

/// A filing as it was found, with the others of its duty.
struct Found {
    was: Versioned,
    filing: Filing,
    others: Vec<Filing>,
}

async fn found(ports: &impl ReadHome, scope: &TenantScope, of: Of, number: u32) -> Result<Found, No> {
    let was = incidents::get(ports, scope, of.incident).await?;
    let mut others = filings::of_duty(ports, scope, of.incident, of.obligation).await?;
    let place = others.iter().position(|filing| filing.number == number).ok_or(No::NotFound)?;
    let filing = others.remove(place);
    Ok(Found { was, filing, others })
}

fn form(key: &str) -> Result<&'static Form, No> {
    let found = tocsin_filings::form(key).map_err(defect)?;
    found.ok_or_else(|| No::Bad(format!("there is no form {key:?}")))
}

/// The duty, where the form meets it.
fn duty_for<'a>(papers: &'a Papers, of: Of, form: &Form) -> Result<&'a Obligation, No> {
    let duty = papers.duty(of.obligation).ok_or(No::NotFound)?;
    if !form.regimes.contains(&duty.regime) {
        return Err(No::Bad(format!("the form {} meets no duty of {}", form.key, duty.regime)));
    }
    match duty.owed {
        Owed::Yes | Owed::AskCounsel => Ok(duty),
        Owed::No => Err(No::Conflict("nothing is owed there".to_owned())),
    }
}

fn filled(
    papers: &Papers,
    duty: &Obligation,
    form: &Form,
    (before, completeness): (Option<&Filing>, Completeness),
    given: &Given,
    now: Timestamp,
) -> Result<Filled, No> {
    let follows = before.and_then(Filing::authority_number);
    let kind = FilingKind::after(before);
    let dossier = papers.dossier(duty, (kind, completeness, follows), &form.language, now);
    fill(form, &dossier, given).map_err(|lacks| {
        let lacks: Vec<String> = lacks.iter().map(ToString::to_string).collect();
        No::Conflict(format!("answers do not fit the form: {}", lacks.join("; ")))
    })
}

fn read<T: DeserializeOwned>(body: &[u8], example: &str) -> Result<T, No> {
    serde_json::from_slice(body).map_err(|_| No::Bad(format!("send {example}")))
}

fn refused(error: FilingError) -> No {
    No::Conflict(error.to_string())
}

fn defect(error: &tocsin_filings::FormError) -> No {
    No::Conflict(format!("the shipped forms cannot be read: {error}"))
}
