//! Which request asks for what.

use tocsin_domain::chunk::ChunkRef;
use tocsin_domain::id::{IncidentId, ObligationId, TenantId};
use tocsin_ports::Queue;
use tocsin_ports::store::letters::LetterFile;
use tocsin_ports::store::plans::WaveRef;
use tocsin_stage::http::Request;

use crate::No;
use crate::filings::Of;
use crate::templates::TemplateAt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    PutTenant(TenantId),
    ListIncidents(TenantId),
    ShowIncident(TenantId, IncidentId),
    Act(TenantId, IncidentId, Act),
    /// The wave of this number, of the plan in force.
    Resume(TenantId, IncidentId, u32),
    Settle(TenantId, ChunkRef),
    DutyDone(TenantId, IncidentId, ObligationId),
    ListFilings(TenantId, IncidentId),
    /// The incident's entry in the register of breaches.
    RegisterEntry(TenantId, IncidentId),
    /// The form of this key, as it would be filled now.
    DraftFiling(TenantId, Of, String),
    AnswerFiling(TenantId, Of),
    PrepareFiling(TenantId, Of),
    /// A step of the filing of this number.
    StepOfFiling(TenantId, Of, u32, FilingStep),
    ListTemplates(TenantId),
    PutTemplate(TenantId),
    ShowTemplate(TenantId, TemplateAt),
    StepOfTemplate(TenantId, TemplateAt, TemplateStep),
    ResendToPartner(TenantId),
    ConfirmRules(TenantId),
    ListConfirmed(TenantId),
    ExportLetters(TenantId, IncidentId),
    /// A file of the batch of this number.
    LetterFile(TenantId, IncidentId, u32, LetterFile),
    ImportLetters(TenantId, IncidentId, Post),
    /// What can be published of the tenant's notices.
    ListPublished(TenantId),
    /// From this chunk on.
    Prints(TenantId, WaveRef, u32),
    SignManifest(TenantId),
    MakeVerificationKey(TenantId),
    AuditHead(TenantId),
    AuditTile(TenantId, u64),
    /// Over so many hours.
    ShowHealth(u32),
    ListQueues,
    /// At most so many.
    ShowDeadLetters(Queue, u32),
    Redrive(Queue),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Approve,
    Hold,
    Release,
    Cancel,
    Rescope,
    Amend,
    /// People state facts.
    State,
}

/// What becomes of a filing after it is prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilingStep {
    Approve,
    Submit,
    Acknowledge,
}

/// What becomes of a tenant's own letter after it is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateStep {
    Approve,
    Withdraw,
}

/// What a print house, or the post, says of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Post {
    Posted,
    Returned,
}

pub fn route(request: &Request) -> Result<Route, No> {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let tenant = |text: &str| text.parse::<TenantId>().map_err(|_| No::NotFound);
    let incident = |text: &str| text.parse::<IncidentId>().map_err(|_| No::NotFound);
    let chunk = |text: &str, of: IncidentId| {
        let chunk: ChunkRef = text.parse().map_err(|_| No::NotFound)?;
        if chunk.incident == of { Ok(chunk) } else { Err(No::NotFound) }
    };
    let of = |incident_text: &str, duty: &str| {
        let obligation = duty.parse().map_err(|_| No::NotFound)?;
        Ok::<Of, No>(Of { incident: incident(incident_text)?, obligation })
    };
    match (request.method.as_str(), parts.as_slice()) {
        ("PUT", ["console", "tenants", t]) => Ok(Route::PutTenant(tenant(t)?)),
        ("GET", ["console", "tenants", t, "incidents"]) => Ok(Route::ListIncidents(tenant(t)?)),
        ("GET", ["console", "tenants", t, "incidents", i]) => {
            Ok(Route::ShowIncident(tenant(t)?, incident(i)?))
        }
        ("POST", ["console", "tenants", t, "incidents", i, act]) => {
            Ok(Route::Act(tenant(t)?, incident(i)?, act_of(act)?))
        }
        ("POST", ["console", "tenants", t, "incidents", i, "waves", number, "resume"]) => {
            let number = number.parse().map_err(|_| No::NotFound)?;
            Ok(Route::Resume(tenant(t)?, incident(i)?, number))
        }
        ("POST", ["console", "tenants", t, "incidents", i, "chunks", c, "settle"]) => {
            Ok(Route::Settle(tenant(t)?, chunk(c, incident(i)?)?))
        }
        ("POST", ["console", "tenants", t, "incidents", i, "duties", o, "done"]) => {
            let obligation = o.parse().map_err(|_| No::NotFound)?;
            Ok(Route::DutyDone(tenant(t)?, incident(i)?, obligation))
        }
        ("GET", ["console", "tenants", t, "incidents", i, "register"]) => {
            Ok(Route::RegisterEntry(tenant(t)?, incident(i)?))
        }
        ("GET", ["console", "tenants", t, "incidents", i, "filings"]) => {
            Ok(Route::ListFilings(tenant(t)?, incident(i)?))
        }
        ("GET", ["console", "tenants", t, "incidents", i, "duties", o, "filings", "draft", form]) => {
            Ok(Route::DraftFiling(tenant(t)?, of(i, o)?, (*form).to_owned()))
        }
        ("POST", ["console", "tenants", t, "incidents", i, "duties", o, "filings", "answers"]) => {
            Ok(Route::AnswerFiling(tenant(t)?, of(i, o)?))
        }
        ("POST", ["console", "tenants", t, "incidents", i, "duties", o, "filings"]) => {
            Ok(Route::PrepareFiling(tenant(t)?, of(i, o)?))
        }
        ("POST", ["console", "tenants", t, "incidents", i, "duties", o, "filings", number, step]) => {
            let number = number.parse().map_err(|_| No::NotFound)?;
            let step = match *step {
                "approve" => FilingStep::Approve,
                "submit" => FilingStep::Submit,
                "acknowledge" => FilingStep::Acknowledge,
                _ => return Err(No::NotFound),
            };
            Ok(Route::StepOfFiling(tenant(t)?, of(i, o)?, number, step))
        }
        ("POST", ["console", "tenants", t, "incidents", i, "letters", "export"]) => {
            Ok(Route::ExportLetters(tenant(t)?, incident(i)?))
        }
        ("GET", ["console", "tenants", t, "incidents", i, "letters", number, file]) => {
            let number = number.parse().map_err(|_| No::NotFound)?;
            let file = file.parse().map_err(|_| No::NotFound)?;
            Ok(Route::LetterFile(tenant(t)?, incident(i)?, number, file))
        }
        ("POST", ["console", "tenants", t, "incidents", i, "letters", "posted"]) => {
            Ok(Route::ImportLetters(tenant(t)?, incident(i)?, Post::Posted))
        }
        ("POST", ["console", "tenants", t, "incidents", i, "letters", "returned"]) => {
            Ok(Route::ImportLetters(tenant(t)?, incident(i)?, Post::Returned))
        }
        ("GET", ["console", "tenants", t, "templates"]) => Ok(Route::ListTemplates(tenant(t)?)),
        ("POST", ["console", "tenants", t, "templates"]) => Ok(Route::PutTemplate(tenant(t)?)),
        ("GET", ["console", "tenants", t, "templates", family, audience, language, version]) => {
            Ok(Route::ShowTemplate(tenant(t)?, template_at([family, audience, language], version)?))
        }
        ("POST", ["console", "tenants", t, "templates", family, audience, language, version, step]) => {
            let step = match *step {
                "approve" => TemplateStep::Approve,
                "withdraw" => TemplateStep::Withdraw,
                _ => return Err(No::NotFound),
            };
            let at = template_at([family, audience, language], version)?;
            Ok(Route::StepOfTemplate(tenant(t)?, at, step))
        }
        ("POST", ["console", "tenants", t, "partners", "resend"]) => Ok(Route::ResendToPartner(tenant(t)?)),
        ("POST", ["console", "tenants", t, "law", "confirm"]) => Ok(Route::ConfirmRules(tenant(t)?)),
        ("GET", ["console", "tenants", t, "law", "confirmed"]) => Ok(Route::ListConfirmed(tenant(t)?)),
        ("GET", ["console", "tenants", t, "verification"]) => Ok(Route::ListPublished(tenant(t)?)),
        ("GET", ["console", "tenants", t, "incidents", i, "prints", plan, wave, from]) => {
            let [plan, wave, from] =
                [plan, wave, from].map(|number| number.parse().map_err(|_| No::NotFound));
            Ok(Route::Prints(tenant(t)?, WaveRef { incident: incident(i)?, plan: plan?, wave: wave? }, from?))
        }
        ("POST", ["console", "tenants", t, "verification", "sign"]) => Ok(Route::SignManifest(tenant(t)?)),
        ("POST", ["console", "tenants", t, "verification", "key"]) => {
            Ok(Route::MakeVerificationKey(tenant(t)?))
        }
        ("GET", ["console", "tenants", t, "audit"]) => Ok(Route::AuditHead(tenant(t)?)),
        ("GET", ["console", "tenants", t, "audit", "tiles", number]) => {
            Ok(Route::AuditTile(tenant(t)?, number.parse().map_err(|_| No::NotFound)?))
        }
        ("GET", ["console", "health", hours]) => {
            Ok(Route::ShowHealth(hours.parse().map_err(|_| No::NotFound)?))
        }
        ("GET", ["console", "queues"]) => Ok(Route::ListQueues),
        ("GET", ["console", "queues", queue, "dead-letters", limit]) => {
            let limit = limit.parse().map_err(|_| No::NotFound)?;
            Ok(Route::ShowDeadLetters(queue_of(queue)?, limit))
        }
        ("POST", ["console", "queues", queue, "redrive"]) => Ok(Route::Redrive(queue_of(queue)?)),
        _ => Err(No::NotFound),
    }
}

fn queue_of(text: &str) -> Result<Queue, No> {
    text.parse().map_err(|_| No::NotFound)
}

fn template_at(id: [&str; 3], version: &str) -> Result<TemplateAt, No> {
    Ok(TemplateAt { id: id.join("/"), version: version.parse().map_err(|_| No::NotFound)? })
}

fn act_of(text: &str) -> Result<Act, No> {
    match text {
        "approve" => Ok(Act::Approve),
        "hold" => Ok(Act::Hold),
        "release" => Ok(Act::Release),
        "cancel" => Ok(Act::Cancel),
        "rescope" => Ok(Act::Rescope),
        "amend" => Ok(Act::Amend),
        "facts" => Ok(Act::State),
        _ => Err(No::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, path: &str) -> Result<Route, No> {
        route(&Request { method: method.to_owned(), path: path.to_owned(), ..Request::default() })
    }

    #[test]
    fn paths_lead_where_they_say_and_others_nowhere() {
        let incident = "0123456789abcdef0123456789abcdef";
        let (t, i): (TenantId, IncidentId) = ("shop".parse().unwrap(), incident.parse().unwrap());
        assert_eq!(asked("PUT", "/console/tenants/shop"), Ok(Route::PutTenant(t.clone())));
        assert_eq!(asked("GET", "/console/tenants/shop/incidents/"), Ok(Route::ListIncidents(t.clone())));
        let path = format!("/console/tenants/shop/incidents/{incident}/approve");
        assert_eq!(asked("POST", &path), Ok(Route::Act(t, i, Act::Approve)));
        let resend = asked("POST", "/console/tenants/shop/partners/resend");
        assert_eq!(resend, Ok(Route::ResendToPartner("shop".parse().unwrap())));
        let confirm = asked("POST", "/console/tenants/shop/law/confirm");
        assert_eq!(confirm, Ok(Route::ConfirmRules("shop".parse().unwrap())));
        let settle =
            |chunk: &str| format!("/console/tenants/shop/incidents/{incident}/chunks/{chunk}-1-2-3/settle");
        let chunk = ChunkRef { incident: i, plan: 1, wave: 2, number: 3 };
        assert_eq!(asked("POST", &settle(incident)), Ok(Route::Settle("shop".parse().unwrap(), chunk)));
        let notices = Queue::Notices("us-east-1".to_owned());
        let path = "/console/queues/notices-us-east-1/dead-letters/20";
        assert_eq!(asked("GET", path), Ok(Route::ShowDeadLetters(notices.clone(), 20)));
        let path = "/console/queues/notices-us-east-1/redrive";
        assert_eq!(asked("POST", path), Ok(Route::Redrive(notices)));
        let prints = format!("/console/tenants/shop/incidents/{incident}/prints/1/2/500");
        let wave = WaveRef { incident: i, plan: 1, wave: 2 };
        assert_eq!(asked("GET", &prints), Ok(Route::Prints("shop".parse().unwrap(), wave, 500)));
        for (method, path) in [
            ("GET", path),
            ("GET", "/console/tenants/shop/verification/sign"),
            ("GET", &prints.replace("500", "-1")),
            ("POST", "/console/queues/letters/redrive"),
            ("GET", "/console/queues/siem/dead-letters/-1"),
            ("POST", &settle("1123456789abcdef0123456789abcdef")),
            ("POST", "/console/tenants/shop/incidents/1/approve"),
            ("GET", "/console/tenants/sh%23op/incidents"),
            ("DELETE", "/console/tenants/shop"),
            ("GET", "/"),
        ] {
            assert_eq!(asked(method, path), Err(No::NotFound), "{method} {path}");
        }
    }
}
