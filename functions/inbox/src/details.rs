//! The page behind the link of a text message: what one notice says to one person, once.
//!
//! | request | answer |
//! |---|---|
//! | `GET /details/T` | the page, the same for everybody, with a button |
//! | `GET /details/T?file=page.js`, `...page.css` | what it needs. Under the same path, so that a shop maps one address |
//! | `POST /details/T` `{"code"}` | the notice; 410 when its link was opened before or its time is over; 404 for all else |
//!
//! - Walls: the code, of 80 bits, stands behind the link's `#`, which no browser sends; the page's script posts it when its
//!   reader presses the button. So what follows links by itself, a messenger or a scanner, opens nothing.
//! - Idempotency: a code opens once. Whoever lost the answer calls or writes to the merchant, as the answers say.
//! - Errors: 400 for a body that is none, 503 by a table that did not answer; nothing was opened then, or nobody knows.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tocsin_domain::id::TenantId;
use tocsin_domain::link::LinkCode;
use tocsin_domain::outcome::Halt;
use tocsin_domain::receipt::{Fact, Report};
use tocsin_domain::tenant::Controller;
use tocsin_ports::store::links::{self, Found, LinkedNotice};
use tocsin_ports::store::{receipts, tenants};
use tocsin_ports::{Proof, TenantScope, WriteHome};
use tocsin_stage::http::{Request, Response, StaticFile};

use crate::InboxPorts;

/// Nothing but the page's own files, and no word of where it stands to anybody.
const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action \
         'none'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-robots-tag", "noindex, nofollow, noarchive"),
];

const PAGE: StaticFile = StaticFile {
    content_type: "text/html; charset=utf-8",
    text: include_str!("details/page.html"),
    headers: HEADERS,
};

const SCRIPT: StaticFile = StaticFile {
    content_type: "text/javascript; charset=utf-8",
    text: include_str!("details/page.js"),
    headers: HEADERS,
};

const STYLE: StaticFile = StaticFile {
    content_type: "text/css; charset=utf-8",
    text: include_str!("details/page.css"),
    headers: HEADERS,
};

/// What somebody asks of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    Page,
    Script,
    Style,
    Open(TenantId),
}

pub fn route(request: &Request) -> Option<Ask> {
    let mut parts = request.path.trim_matches('/').split('/');
    let (Some("details"), Some(tenant), None) = (parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let tenant = tenant.parse().ok()?;
    match request.method.as_str() {
        "GET" => {
            // A shop's proxy may add parameters of its own.
            let asks_for = |file| request.query.split('&').any(|parameter| parameter == file);
            if asks_for("file=page.js") {
                Some(Ask::Script)
            } else if asks_for("file=page.css") {
                Some(Ask::Style)
            } else {
                Some(Ask::Page)
            }
        }
        "POST" => Some(Ask::Open(tenant)),
        _ => None,
    }
}

pub async fn answer(
    ports: &impl InboxPorts,
    ask: Ask,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Halt> {
    match ask {
        Ask::Page => Ok(Response::file("details-page", PAGE)),
        Ask::Script => Ok(Response::file("details-script", SCRIPT)),
        Ask::Style => Ok(Response::file("details-style", STYLE)),
        Ask::Open(tenant) => open(ports, tenant, &request.body, now).await,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    code: String,
}

async fn open(
    ports: &impl InboxPorts,
    tenant: TenantId,
    body: &[u8],
    now: Timestamp,
) -> Result<Response, Halt> {
    let Ok(OpenBody { code }) = serde_json::from_slice(body) else {
        return Ok(Response::error(400, "bad-request", "send {\"code\": \"...\"}"));
    };
    let scope = TenantScope::proven(tenant, Proof::Link);
    let Some(tenant) = tenants::find(ports, &scope).await? else {
        return Ok(Response::error(404, "no-such-tenant", "not found"));
    };
    let merchant = &tenant.controller;
    let Ok(code) = code.parse::<LinkCode>() else {
        return Ok(closed(404, "no-such-link", merchant));
    };
    let by = hex::encode(&ports.random()[..8]);
    match links::open(ports, &scope, tenant.residency.all(), &code, (&by, now)).await? {
        Found::Nothing => Ok(closed(404, "no-such-link", merchant)),
        Found::Over => Ok(closed(410, "link-is-over", merchant)),
        Found::Opened(notice) => {
            record(ports, &scope, &notice, now).await;
            let LinkedNotice { at: _, reference, date, language, text } = notice;
            let body = json!({ "reference": reference, "date": date, "language": language, "text": text });
            Ok(Response::new(200, "link-opened", body))
        }
    }
}

/// The reader has it now, so they get it whether or not that can be recorded: without the receipt less is known than happened.
async fn record(ports: &impl WriteHome, scope: &TenantScope, notice: &LinkedNotice, now: Timestamp) {
    let (provider_id, detail) = ("link".to_owned(), "opened by its link".to_owned());
    let receipt = notice.at.receipt(Report { provider_id, fact: Fact::Seen, at: now, detail });
    if receipts::append(ports, &[(scope.clone(), receipt)]).await.is_err() {
        tracing::error!(chunk = %notice.at.chunk, index = notice.at.index, "that a notice was opened was not kept");
    }
}

/// No notice, and what to do: the same whether somebody opened it or its time is over.
fn closed(status: u16, reason: &str, merchant: &Controller) -> Response {
    let error = "this link was opened before, or its time is over, or it is not complete. Write to us or call us; whether a \
                 reference is ours can be checked on our page";
    let body = json!({
        "error": error,
        "email": merchant.email,
        "phone": merchant.phone,
        "notice_page": merchant.notice_page,
    });
    Response::new(status, reason, body)
}
