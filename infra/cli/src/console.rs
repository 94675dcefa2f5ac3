//! The console's HTTP API as typed calls. Answers stay the JSON that the console gave; [`crate::show`] reads it.

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_audit::{Head, Tile};
use tocsin_aws::console::{ClientError, ConsoleClient};
use tocsin_domain::chunk::ChunkRef;
use tocsin_domain::id::{IncidentId, ObligationId, TenantId};
use tocsin_domain::obligation::RuleVersion;
use tocsin_verification::{Issuer, Notice, Print, Signed};

use crate::letters::Said;

/// How many tiles of a log are asked for at once.
const TILES_AT_ONCE: usize = 8;

/// Why the console did not give what it was asked for, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the console refuses (403): this needs {0}, and your IAM principal has not got it")]
    Forbidden(Role),
    #[error(
        "API Gateway refuses (403) before the console is asked: your IAM principal needs execute-api:Invoke on \
         it, and the region has to be the console's"
    )]
    Gateway,
    #[error(
        "the console knows nothing there (404): check the tenant, the incident or the queue, and the console's address"
    )]
    NotFound,
    #[error("the console cannot use this (400): {0}")]
    Bad(String),
    #[error("the console refuses for now (409): {0}")]
    Conflict(String),
    #[error("the console refuses (422): {0}")]
    Unfit(String),
    #[error("the console is busy (503): try again in a moment")]
    Again,
    #[error("the console answered {status}, which it never should: look into its log")]
    Unexpected { status: u16 },
    #[error(
        "the answer is not what this version reads: the command and the console have to be of one version"
    )]
    Unreadable,
    #[error("the settings name no tenant: \"id\" has to be 1 to 40 of a-z, 0-9 and -")]
    NoTenant,
}

impl ConsoleError {
    /// Whether the console has decided against the request, so that asking again changes nothing by itself.
    pub fn is_refusal(&self) -> bool {
        match self {
            ConsoleError::Forbidden(_)
            | ConsoleError::Gateway
            | ConsoleError::NotFound
            | ConsoleError::Bad(_)
            | ConsoleError::Conflict(_)
            | ConsoleError::Unfit(_) => true,
            ConsoleError::Client(_)
            | ConsoleError::Again
            | ConsoleError::Unexpected { .. }
            | ConsoleError::Unreadable
            | ConsoleError::NoTenant => false,
        }
    }
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Administrator,
    Any,
    Approver,
    Counsel,
    Responder,
    ResponderOrApprover,
    ResponderOrCounsel,
    Auditor,
    /// Who writes a tenant's own letters.
    Writer,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Role::Administrator => "an administrator of the installation",
            Role::Any => "a role of the tenant, if there is such a tenant",
            Role::Approver => "the role approver of the tenant",
            Role::Counsel => "the role counsel of the tenant",
            Role::Responder => "the role responder of the tenant",
            Role::ResponderOrApprover => "the role responder or approver of the tenant",
            Role::ResponderOrCounsel => "the role responder or counsel of the tenant",
            Role::Writer => "the role responder, counsel or administrator of the tenant",
            Role::Auditor => "the role auditor of the tenant, or an administrator of the installation",
        })
    }
}

/// One console, asked as one operator.
pub struct Console(ConsoleClient);

impl Console {
    /// Credentials come from the default chain: environment, profile, container, instance.
    pub async fn new(url: &str, region: &str) -> Result<Self, ConsoleError> {
        Ok(Self(ConsoleClient::new(url, region).await?))
    }

    /// `body` is `{"tenant": SETTINGS, "secrets": {NAME: TEXT}}`; the settings' id says whose they are.
    pub async fn put_tenant(&self, body: &Value) -> Result<Value, ConsoleError> {
        let id = body.pointer("/tenant/id").and_then(Value::as_str);
        let tenant: TenantId = id.and_then(|id| id.parse().ok()).ok_or(ConsoleError::NoTenant)?;
        self.ask("PUT", &path(&tenant, ""), Some(body.clone()), Role::Administrator).await
    }

    /// Oldest first.
    pub async fn incidents(&self, tenant: &TenantId) -> Result<Vec<Value>, ConsoleError> {
        let answer = self.ask("GET", &path(tenant, "/incidents"), None, Role::Any).await?;
        Ok(read::<Incidents>(answer)?.incidents)
    }

    pub async fn incident(&self, tenant: &TenantId, id: IncidentId) -> Result<Value, ConsoleError> {
        self.ask("GET", &path(tenant, &format!("/incidents/{id}")), None, Role::Any).await
    }

    /// Approves exactly the plan with this hash.
    pub async fn approve(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        hash: &str,
    ) -> Result<Value, ConsoleError> {
        let path = path(tenant, &format!("/incidents/{id}/approve"));
        self.ask("POST", &path, Some(json!({ "hash": hash })), Role::Approver).await
    }

    /// Confirms versions of rules for the tenant.
    pub async fn confirm(
        &self,
        tenant: &TenantId,
        rules: &[RuleVersion],
        reason: &str,
    ) -> Result<Value, ConsoleError> {
        let body = json!({ "rules": rules, "reason": reason });
        self.ask("POST", &path(tenant, "/law/confirm"), Some(body), Role::Counsel).await
    }

    /// What counsel has confirmed for the tenant.
    pub async fn confirmed(&self, tenant: &TenantId) -> Result<Value, ConsoleError> {
        self.ask("GET", &path(tenant, "/law/confirmed"), None, Role::Any).await
    }

    /// The answer's `handed_over` names the chunks that had been handed over when the gates closed.
    pub async fn hold(&self, tenant: &TenantId, id: IncidentId, reason: &str) -> Result<Value, ConsoleError> {
        self.halt(tenant, id, "hold", reason).await
    }

    pub async fn release(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        reason: &str,
    ) -> Result<Value, ConsoleError> {
        self.halt(tenant, id, "release", reason).await
    }

    /// As [`Console::hold`], and for good.
    pub async fn cancel(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        reason: &str,
    ) -> Result<Value, ConsoleError> {
        self.halt(tenant, id, "cancel", reason).await
    }

    /// Has the evidence read anew and a new plan made.
    pub async fn rescope(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        reason: &str,
    ) -> Result<Value, ConsoleError> {
        self.halt(tenant, id, "rescope", reason).await
    }

    /// Begins a new version of the plan. The answer's `handed_over` names the chunks that had been handed over.
    pub async fn amend(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        to_those_told: &str,
        read_anew: bool,
        reason: &str,
    ) -> Result<Value, ConsoleError> {
        let body = json!({ "to_those_told": to_those_told, "read_anew": read_anew, "reason": reason });
        self.ask("POST", &path(tenant, &format!("/incidents/{id}/amend")), Some(body), Role::Responder).await
    }

    /// States facts of the incident.
    pub async fn state(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        facts: &Value,
        reason: &str,
    ) -> Result<Value, ConsoleError> {
        let path = path(tenant, &format!("/incidents/{id}/facts"));
        let body = json!({ "facts": facts, "reason": reason });
        self.ask("POST", &path, Some(body), Role::ResponderOrCounsel).await
    }

    /// Lets a paused wave go on.
    pub async fn resume(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        wave: u32,
        reason: &str,
    ) -> Result<Value, ConsoleError> {
        self.halt(tenant, id, &format!("waves/{wave}/resume"), reason).await
    }

    /// Ends the doubt about a chunk: `sent`, and where only some were, the places of those; `not-sent`; or `again`.
    pub async fn settle(
        &self,
        tenant: &TenantId,
        chunk: ChunkRef,
        (finding, only): (&str, Option<&[u32]>),
        reason: &str,
    ) -> Result<Value, ConsoleError> {
        let path = path(tenant, &format!("/incidents/{}/chunks/{chunk}/settle", chunk.incident));
        let body = json!({ "as": finding, "only": only, "reason": reason });
        self.ask("POST", &path, Some(body), Role::Responder).await
    }

    /// Has posted again what the contact's endpoint took in the range, both ends included.
    pub async fn resend(
        &self,
        tenant: &TenantId,
        contact: &str,
        (from, to): (Timestamp, Timestamp),
        reason: &str,
    ) -> Result<Value, ConsoleError> {
        let body = json!({ "contact": contact, "from": from, "to": to, "reason": reason });
        self.ask("POST", &path(tenant, "/partners/resend"), Some(body), Role::Responder).await
    }

    /// Enters that a duty was done by hand: `what`, `at`, `place`, and the `sha256` of a file.
    pub async fn done(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        obligation: ObligationId,
        body: Value,
    ) -> Result<Value, ConsoleError> {
        let path = path(tenant, &format!("/incidents/{id}/duties/{obligation}/done"));
        self.ask("POST", &path, Some(body), Role::Responder).await
    }

    /// What stands under an incident's filings.
    pub async fn filings(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        rest: &str,
    ) -> Result<Value, ConsoleError> {
        self.ask("GET", &path(tenant, &format!("/incidents/{id}/{rest}")), None, Role::Any).await
    }

    /// A step of a filing.
    pub async fn step_of_filing(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        (rest, needs): (&str, Role),
        body: &Value,
    ) -> Result<Value, ConsoleError> {
        self.ask("POST", &path(tenant, &format!("/incidents/{id}/{rest}")), Some(body.clone()), needs).await
    }

    /// Looks at something of a tenant.
    pub async fn look(&self, tenant: &TenantId, rest: &str) -> Result<Value, ConsoleError> {
        self.ask("GET", &path(tenant, rest), None, Role::Any).await
    }

    /// Has something done for a tenant, which needs a role.
    pub async fn tell(
        &self,
        tenant: &TenantId,
        (rest, needs): (&str, Role),
        body: &Value,
    ) -> Result<Value, ConsoleError> {
        self.ask("POST", &path(tenant, rest), Some(body.clone()), needs).await
    }

    /// Has new letters exported as a batch, or takes a batch out again.
    pub async fn export_letters(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        batch: Option<u32>,
    ) -> Result<Value, ConsoleError> {
        let path = path(tenant, &format!("/incidents/{id}/letters/export"));
        self.ask("POST", &path, Some(json!({ "batch": batch })), Role::Responder).await
    }

    /// Every letter of an exported batch, one a line.
    pub async fn letters_of(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        exported: &Value,
    ) -> Result<String, ConsoleError> {
        let mut lines = String::new();
        if let Exported { batch: Some(batch), files } = read(exported.clone())? {
            for file in files {
                let path = path(tenant, &format!("/incidents/{id}/letters/{batch}/{file}"));
                let file = self.ask("GET", &path, None, Role::Responder).await?;
                lines.push_str(&read::<LetterFile>(file)?.lines);
            }
        }
        Ok(lines)
    }

    /// Takes in what is said of letters: that they were `posted`, or `returned`.
    pub async fn take_in_letters(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        what: &str,
        letters: &[Said],
    ) -> Result<Value, ConsoleError> {
        let path = path(tenant, &format!("/incidents/{id}/letters/{what}"));
        self.ask("POST", &path, Some(json!({ "letters": letters })), Role::Responder).await
    }

    /// What can be published of a tenant's notices.
    pub async fn published(&self, tenant: &TenantId) -> Result<Published, ConsoleError> {
        read(self.ask("GET", &path(tenant, "/verification"), None, Role::Any).await?)
    }

    /// The prints of the references of some of a wave's chunks, from this one on.
    pub async fn prints(
        &self,
        tenant: &TenantId,
        of: &PublishedWave,
        from: u32,
    ) -> Result<Prints, ConsoleError> {
        let PublishedWave { incident, plan, wave, notice: _ } = of;
        let path = path(tenant, &format!("/incidents/{incident}/prints/{plan}/{wave}/{from}"));
        read(self.ask("GET", &path, None, Role::Any).await?)
    }

    /// Has a manifest made of a draft, and signed.
    pub async fn sign_manifest(&self, tenant: &TenantId, draft: Value) -> Result<Signed, ConsoleError> {
        let path = path(tenant, "/verification/sign");
        read(self.ask("POST", &path, Some(draft), Role::ResponderOrApprover).await?)
    }

    /// Has the key made that signs from now on.
    pub async fn make_verification_key(
        &self,
        tenant: &TenantId,
        reason: &str,
    ) -> Result<Value, ConsoleError> {
        let body = json!({ "reason": reason });
        self.ask("POST", &path(tenant, "/verification/key"), Some(body), Role::Administrator).await
    }

    /// The tenant's sealed log as the text of its file, which [`tocsin_audit::verify`] reads.
    pub async fn audit_log(&self, tenant: &TenantId) -> Result<String, ConsoleError> {
        let answer = self.ask("GET", &path(tenant, "/audit"), None, Role::Auditor).await?;
        let head = read::<AuditHead>(answer)?.head;
        // Tiles that are sealed meanwhile belong to the next reading.
        let tiles = stream::iter(0..head.tiles).map(|number| self.tile(tenant, number));
        let tiles: Vec<Tile> = tiles.buffered(TILES_AT_ONCE).try_collect().await?;
        Ok(tocsin_audit::export(&tiles, &head))
    }

    /// How each channel did in each region.
    pub async fn health(&self, hours: u32) -> Result<Value, ConsoleError> {
        self.ask("GET", &format!("/console/health/{hours}"), None, Role::Administrator).await
    }

    /// Every queue of every region.
    pub async fn queues(&self) -> Result<Value, ConsoleError> {
        self.ask("GET", "/console/queues", None, Role::Administrator).await
    }

    /// Some of what lies in a queue's dead-letter queue.
    pub async fn dead_letters(&self, queue: &str, limit: u32) -> Result<Value, ConsoleError> {
        let path = format!("{}/dead-letters/{limit}", queue_path(queue)?);
        self.ask("GET", &path, None, Role::Administrator).await
    }

    /// Begins to move everything from a queue's dead-letter queue back to it.
    pub async fn redrive(&self, queue: &str, rate: Option<u32>, reason: &str) -> Result<Value, ConsoleError> {
        let path = format!("{}/redrive", queue_path(queue)?);
        let body = json!({ "reason": reason, "rate": rate });
        self.ask("POST", &path, Some(body), Role::Administrator).await
    }

    async fn tile(&self, tenant: &TenantId, number: u64) -> Result<Tile, ConsoleError> {
        let answer =
            self.ask("GET", &path(tenant, &format!("/audit/tiles/{number}")), None, Role::Auditor).await?;
        Ok(read::<AuditTile>(answer)?.tile)
    }

    async fn halt(
        &self,
        tenant: &TenantId,
        id: IncidentId,
        act: &str,
        reason: &str,
    ) -> Result<Value, ConsoleError> {
        let path = path(tenant, &format!("/incidents/{id}/{act}"));
        self.ask("POST", &path, Some(json!({ "reason": reason })), Role::Responder).await
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        needs: Role,
    ) -> Result<Value, ConsoleError> {
        let (status, answer) = self.0.call(method, path, body).await?;
        judge(status, answer, needs)
    }
}

#[derive(Deserialize)]
struct Incidents {
    incidents: Vec<Value>,
}

#[derive(Deserialize)]
struct Exported {
    batch: Option<u32>,
    files: Vec<String>,
}

#[derive(Deserialize)]
struct LetterFile {
    lines: String,
}

/// What the console knows of a tenant's notices to people.
#[derive(Debug, Clone, Deserialize)]
pub struct Published {
    pub issuer: Issuer,
    pub notices: Vec<Notice>,
    pub waves: Vec<PublishedWave>,
    /// The thumbprint of the key that signs.
    pub key: Option<String>,
}

/// A wave whose people get the notice at this place of the list.
#[derive(Debug, Clone, Deserialize)]
pub struct PublishedWave {
    pub incident: IncidentId,
    pub plan: u32,
    pub wave: u32,
    pub notice: u32,
}

/// The prints of some chunks, and from which chunk there are more.
#[derive(Debug, Clone, Deserialize)]
pub struct Prints {
    pub prints: Vec<Print>,
    pub next: Option<u32>,
}

#[derive(Deserialize)]
struct AuditHead {
    head: Head,
}

#[derive(Deserialize)]
struct AuditTile {
    tile: Tile,
}

/// Ids hold nothing that a path would have to escape.
fn path(tenant: &TenantId, rest: &str) -> String {
    format!("/console/tenants/{tenant}{rest}")
}

/// A queue's name is of letters, digits and dashes, and none that a path would have to escape.
fn queue_path(queue: &str) -> Result<String, ConsoleError> {
    let plain = |sign: u8| sign.is_ascii_alphanumeric() || sign == b'-';
    if queue.is_empty() || !queue.bytes().all(plain) {
        return Err(ConsoleError::NotFound);
    }
    Ok(format!("/console/queues/{queue}"))
}

/// The console's own refusals carry `error`; API Gateway's do not.
fn judge(status: u16, answer: Value, needs: Role) -> Result<Value, ConsoleError> {
    let said = answer.get("error").and_then(Value::as_str).map(str::to_owned);
    match (status, said) {
        (200, None) => Ok(answer),
        (400, Some(what)) => Err(ConsoleError::Bad(what)),
        (403, Some(_)) => Err(ConsoleError::Forbidden(needs)),
        (403, None) => Err(ConsoleError::Gateway),
        (404, _) => Err(ConsoleError::NotFound),
        (409, Some(what)) => Err(ConsoleError::Conflict(what)),
        (422, Some(what)) => Err(ConsoleError::Unfit(what)),
        (429 | 503, _) => Err(ConsoleError::Again),
        (status, _) => Err(ConsoleError::Unexpected { status }),
    }
}

fn read<T: for<'de> Deserialize<'de>>(answer: Value) -> Result<T, ConsoleError> {
    serde_json::from_value(answer).map_err(|_| ConsoleError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do() {
        let said = |status, answer| judge(status, answer, Role::Approver).unwrap_err().to_string();
        let forbidden = said(403, json!({ "error": "your roles do not allow this" }));
        assert!(forbidden.contains("the role approver of the tenant"), "{forbidden}");
        let gateway = said(403, json!({ "message": "Forbidden" }));
        assert!(gateway.contains("execute-api:Invoke"), "{gateway}");
        let conflict = said(409, json!({ "error": "the plan has another hash" }));
        assert_eq!(conflict, "the console refuses for now (409): the plan has another hash");
        let bad = said(400, json!({ "error": "a reason is needed" }));
        assert!(bad.contains("a reason is needed"), "{bad}");
    }

    #[test]
    fn only_a_decision_of_the_console_is_a_refusal() {
        let error = json!({ "error": "x" });
        for (status, refused) in [(400, true), (403, true), (404, true), (409, true), (422, true)] {
            assert_eq!(
                judge(status, error.clone(), Role::Any).unwrap_err().is_refusal(),
                refused,
                "{status}"
            );
        }
        for (status, answer) in
            [(429, Value::Null), (500, error.clone()), (502, json!("Bad Gateway")), (503, error)]
        {
            assert!(!judge(status, answer, Role::Any).unwrap_err().is_refusal(), "{status}");
        }
    }

    #[test]
    fn an_answer_comes_through_as_it_is() {
        let answer = json!({ "incidents": [] });
        assert_eq!(judge(200, answer.clone(), Role::Any).unwrap(), answer);
        assert!(read::<Incidents>(answer).is_ok());
        assert!(matches!(read::<Incidents>(json!({ "incident": 1 })), Err(ConsoleError::Unreadable)));
    }
}
