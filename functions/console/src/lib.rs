//! `console`: the operator's API. Who may do what stands here, and the leaf of every human act.
//!
//! | request | role |
//! |---|---|
//! | `PUT /console/tenants/T` | administrator of the installation |
//! | `GET /console/tenants/T/incidents`, `GET .../incidents/I` | any role of the tenant |
//! | `POST .../incidents/I/approve` `{"hash"}` | approver |
//! | `POST /console/tenants/T/law/confirm` `{"rules": [{"id", "from"}], "reason"}` | counsel |
//! | `GET /console/tenants/T/law/confirmed` | any role of the tenant |
//! | `POST .../incidents/I/hold`, `/release`, `/cancel`, `/rescope` `{"reason"}` | responder |
//! | `POST .../incidents/I/amend` `{"to_those_told", "read_anew", "reason"}` | responder |
//! | `POST .../incidents/I/facts` `{"facts", "reason"}` | responder or counsel |
//! | `POST .../incidents/I/waves/N/resume` `{"reason"}` | responder |
//! | `POST .../incidents/I/chunks/C/settle` `{"as", "only", "reason"}` | responder |
//! | `POST /console/tenants/T/partners/resend` `{"contact", "from", "to", "reason"}` | responder |
//! | `POST .../incidents/I/duties/O/done` `{"what", "at", "place", "sha256"}` | responder |
//! | `POST .../incidents/I/letters/export` `{"batch"}`, `GET .../letters/N/FILE` | responder |
//! | `POST .../incidents/I/letters/posted`, `/returned` `{"letters": [{"reference", "at", "detail"}]}` | responder |
//! | `GET .../incidents/I/register` | any role of the tenant |
//! | `GET /console/tenants/T/templates`, `GET .../templates/FAMILY/AUDIENCE/LANGUAGE/N` | any role of the tenant |
//! | `POST /console/tenants/T/templates` `{"files", "reason"}` | responder, counsel or administrator of the tenant |
//! | `POST .../templates/FAMILY/AUDIENCE/LANGUAGE/N/approve` `{"hash"}` | approver, but for who put it in |
//! | `POST .../templates/FAMILY/AUDIENCE/LANGUAGE/N/withdraw` `{"reason"}` | responder, counsel or approver |
//! | `GET /console/tenants/T/verification`, `GET .../incidents/I/prints/PLAN/WAVE/FROM` | any role of the tenant |
//! | `POST /console/tenants/T/verification/sign` `{"notices", "references", "shards"}` | responder or approver |
//! | `POST /console/tenants/T/verification/key` `{"reason"}` | administrator of the installation |
//! | `GET /console/tenants/T/audit`, `GET .../audit/tiles/N` | auditor or administrator |
//! | `GET /console/health/HOURS` | administrator |
//! | `GET /console/queues`, `GET /console/queues/Q/dead-letters/N`, `POST .../redrive` `{"reason", "rate"}` | administrator |
//!
//! The principal is the one whose signature API Gateway checked (`AWS_IAM`). Every act names it in its leaf.
//!
//! - Idempotency: an approval by the same person of the same hash, or a hold of what is held, changes nothing.
//! - Errors: 403 for who may not, 404 for what is not the tenant's, 409 with what to do when the incident has moved
//!   on, 400 for what cannot be read.

mod access;
mod acts;
mod desk;
mod dossier;
mod facts;
mod filings;
mod health;
mod law;
mod letters;
mod mend;
mod partners;
mod queues;
mod register;
mod routes;
mod show;
mod templates;
mod tenant;
mod verification;

use jiff::Timestamp;
use serde_json::json;
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_ports::store::leaves;
use tocsin_ports::{
    Configured, DeadLetters, Enqueue, Entropy, LookAtQueues, ReadHome, ReadSecrets, ReadVault, Redrive,
    WriteHome, WriteSecrets,
};
use tocsin_stage::http::{Request, Response};

use crate::routes::{Act, FilingStep, Route, TemplateStep};

pub trait ConsolePorts:
    ReadHome
    + WriteHome
    + ReadVault
    + ReadSecrets
    + WriteSecrets
    + Enqueue
    + Entropy
    + Configured
    + LookAtQueues
    + DeadLetters
    + Redrive
{
}

impl<T> ConsolePorts for T where
    T: ReadHome
        + WriteHome
        + ReadVault
        + ReadSecrets
        + WriteSecrets
        + Enqueue
        + Entropy
        + Configured
        + LookAtQueues
        + DeadLetters
        + Redrive
{
}

/// Why a request is not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum No {
    Forbidden,
    NotFound,
    /// What was sent cannot be used; the text says what to mend.
    Bad(String),
    /// The incident is not in the state that the act needs; the text says what to do.
    Conflict(String),
    Halt(Halt),
}

impl From<Halt> for No {
    fn from(halt: Halt) -> Self {
        No::Halt(halt)
    }
}

pub async fn step(ports: &impl ConsolePorts, request: Request, now: Timestamp) -> Response {
    match answer(ports, &request, now).await {
        Ok(body) => Response::new(200, "ok", body),
        Err(No::Forbidden) => Response::error(403, "forbidden", "your roles do not allow this"),
        Err(No::NotFound) => Response::error(404, "not-found", "there is no such thing here"),
        Err(No::Bad(what)) => Response::error(400, "bad-request", &what),
        Err(No::Conflict(what)) => Response::error(409, "conflict", &what),
        Err(No::Halt(Halt::Again(_))) => Response::error(503, "again", "not now; try again"),
        Err(No::Halt(Halt::Park(Parked::Missing { .. }))) => {
            Response::error(404, "not-found", "there is no such thing here")
        }
        Err(No::Halt(Halt::Park(why))) => Response::error(422, why.reason(), &why.to_string()),
    }
}

async fn answer(
    ports: &impl ConsolePorts,
    request: &Request,
    now: Timestamp,
) -> Result<serde_json::Value, No> {
    let principal = request.principal.as_deref().ok_or(No::Forbidden)?;
    match routes::route(request)? {
        Route::PutTenant(tenant) => tenant::put(ports, principal, &tenant, &request.body, now).await,
        Route::ListIncidents(tenant) => {
            let (scope, _) = access::any_role(ports, principal, tenant).await?;
            show::list(ports, &scope).await
        }
        Route::ShowIncident(tenant, incident) => {
            let (scope, _) = access::any_role(ports, principal, tenant).await?;
            show::incident(ports, &scope, incident, now).await
        }
        Route::Act(tenant, incident, Act::Approve) => {
            acts::approve(ports, principal, tenant, incident, &request.body, now).await
        }
        Route::Act(tenant, incident, Act::Rescope) => {
            mend::rescope(ports, principal, tenant, incident, &request.body, now).await
        }
        Route::Act(tenant, incident, Act::Amend) => {
            mend::amend(ports, principal, tenant, incident, &request.body, now).await
        }
        Route::Act(tenant, incident, Act::State) => {
            facts::state(ports, principal, tenant, incident, &request.body, now).await
        }
        Route::Resume(tenant, incident, wave) => {
            mend::resume(ports, principal, tenant, (incident, wave), &request.body, now).await
        }
        Route::Settle(tenant, chunk) => {
            mend::settle(ports, principal, tenant, chunk, &request.body, now).await
        }
        Route::DutyDone(tenant, incident, obligation) => {
            desk::done(ports, principal, tenant, (incident, obligation), &request.body, now).await
        }
        Route::ConfirmRules(tenant) => law::confirm(ports, principal, tenant, &request.body, now).await,
        Route::ListConfirmed(tenant) => law::confirmed(ports, principal, tenant).await,
        Route::ListTemplates(tenant) => templates::list(ports, principal, tenant).await,
        Route::PutTemplate(tenant) => templates::put(ports, principal, tenant, &request.body, now).await,
        Route::ShowTemplate(tenant, at) => templates::show(ports, principal, tenant, &at).await,
        Route::StepOfTemplate(tenant, at, TemplateStep::Approve) => {
            templates::approve(ports, principal, tenant, &at, &request.body, now).await
        }
        Route::StepOfTemplate(tenant, at, TemplateStep::Withdraw) => {
            templates::withdraw(ports, principal, tenant, &at, &request.body, now).await
        }
        Route::ExportLetters(tenant, incident) => {
            letters::export(ports, principal, tenant, incident, &request.body, now).await
        }
        Route::LetterFile(tenant, incident, batch, file) => {
            letters::file(ports, principal, tenant, (incident, batch, file), now).await
        }
        Route::ImportLetters(tenant, incident, post) => {
            letters::import(ports, principal, tenant, (incident, post), &request.body, now).await
        }
        Route::ListFilings(tenant, incident) => filings::list(ports, principal, tenant, incident).await,
        Route::DraftFiling(tenant, of, form) => {
            filings::draft(ports, principal, tenant, of, &form, now).await
        }
        Route::RegisterEntry(tenant, incident) => {
            register::entry(ports, principal, tenant, incident, now).await
        }
        Route::AnswerFiling(tenant, of) => {
            filings::answer(ports, principal, tenant, of, &request.body, now).await
        }
        Route::PrepareFiling(tenant, of) => {
            filings::prepare(ports, principal, tenant, of, &request.body, now).await
        }
        Route::StepOfFiling(tenant, of, number, FilingStep::Approve) => {
            filings::approve(ports, principal, tenant, (of, number), &request.body, now).await
        }
        Route::StepOfFiling(tenant, of, number, FilingStep::Submit) => {
            filings::submit(ports, principal, tenant, (of, number), &request.body, now).await
        }
        Route::StepOfFiling(tenant, of, number, FilingStep::Acknowledge) => {
            filings::acknowledge(ports, principal, tenant, (of, number), &request.body, now).await
        }
        Route::ResendToPartner(tenant) => {
            partners::resend(ports, principal, tenant, &request.body, now).await
        }
        Route::Act(tenant, incident, act @ (Act::Hold | Act::Release | Act::Cancel)) => {
            acts::halt(ports, principal, tenant, incident, act, &request.body, now).await
        }
        Route::ListPublished(tenant) => verification::list(ports, principal, tenant).await,
        Route::Prints(tenant, wave, from) => {
            verification::prints(ports, principal, tenant, (wave, from)).await
        }
        Route::SignManifest(tenant) => verification::sign(ports, principal, tenant, &request.body, now).await,
        Route::MakeVerificationKey(tenant) => {
            verification::make_key(ports, principal, tenant, &request.body, now).await
        }
        Route::ShowHealth(hours) => health::show(ports, principal, hours, now).await,
        Route::ListQueues => queues::list(ports, principal).await,
        Route::ShowDeadLetters(queue, limit) => queues::show(ports, principal, &queue, limit).await,
        Route::Redrive(queue) => queues::redrive(ports, principal, &queue, &request.body, now).await,
        Route::AuditHead(tenant) => {
            let scope = access::auditor(ports, principal, tenant).await?;
            Ok(json!({ "head": leaves::head(ports, &scope).await? }))
        }
        Route::AuditTile(tenant, number) => {
            let scope = access::auditor(ports, principal, tenant).await?;
            show::tile(ports, &scope, number).await
        }
    }
}
