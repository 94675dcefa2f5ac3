//! The front door: what stands between the functions and the emulator on calls to SES and S3.
//!
//! It forwards every call unchanged but for one header, which says that the call came by TLS: the vault refuses
//! whoever comes without, and the emulator itself speaks plain HTTP on loopback. It gives message ids the form that
//! SES gives them, and shows the mailbox provider what SES accepted.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_LENGTH;
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::cloud::{Cloud, now};
use crate::http::{Answer, Ask, end_to_end, read, set};
use crate::mailbox_provider::{Accepted, MailboxProvider, Office, Weather};
use crate::signing;

/// A door that has an address and is still closed: the emulator must know the address when it starts, and the
/// door needs the emulator when it opens.
#[derive(Debug)]
pub struct FrontDoor {
    listener: TcpListener,
    address: SocketAddr,
}

impl FrontDoor {
    pub async fn build() -> io::Result<FrontDoor> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(FrontDoor { listener, address })
    }

    /// What the functions' environment must say so that they come this way.
    pub fn environment(&self) -> Vec<(String, String)> {
        let url = format!("http://{}", self.address);
        ["AWS_ENDPOINT_URL_SESV2", "AWS_ENDPOINT_URL_S3"].map(|name| (name.to_owned(), url.clone())).into()
    }

    /// Starts to forward to the emulator, and with it the mailbox provider.
    pub fn open(self, cloud: &Cloud, weather: Weather) -> MailboxProvider {
        let (office, posted) = Office::open(cloud, weather);
        let postman = tokio::spawn(Arc::clone(&office).deliver(posted));
        let door = tokio::spawn(receive(self.listener, Arc::clone(&office)));
        MailboxProvider::new(office, vec![postman, door])
    }
}

/// The answer to an accepted call gets lost: the connection ends without one.
#[derive(Debug, thiserror::Error)]
#[error("the answer was lost")]
struct LostAnswer;

async fn receive(listener: TcpListener, office: Arc<Office>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // A connection that breaks while it is accepted is its caller's matter.
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(serve(stream, Arc::clone(&office)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, office: Arc<Office>) {
    let service = service_fn(|request| forward(request, &office));
    // An error here is a connection that ended early: a killed function, or a lost answer.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn forward(
    request: Request<Incoming>,
    office: &Arc<Office>,
) -> Result<Response<Full<Bytes>>, LostAnswer> {
    let (head, body) = request.into_parts();
    // Whoever goes away in the middle of asking gets no answer.
    let body = read(body).await.map_err(|_| LostAnswer)?;
    // Whoever goes away after that changes nothing: SES sends what has reached it, and says so in its events.
    tokio::spawn(carry_out(head, body, Arc::clone(office))).await.map_err(|_| LostAnswer)?
}

async fn carry_out(
    head: Parts,
    body: Bytes,
    office: Arc<Office>,
) -> Result<Response<Full<Bytes>>, LostAnswer> {
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let mut headers = end_to_end(&head.headers);
    set(&mut headers, "x-forwarded-proto", "https");
    let region = signing::region(&head.headers).unwrap_or_default().to_owned();
    let ask = Ask { method: head.method.clone(), target: target.clone(), headers, body: body.clone() };
    let Ok(mut answer) = office.cloud().http().ask(ask).await else {
        return Err(LostAnswer);
    };
    if target.starts_with("/v2/email/") {
        answer.body = with_ids_of_ses(&answer.body);
    }
    if head.method == Method::GET && target == "/v2/email/account" {
        answer.body = with_quota(&answer.body, office.rate());
    }
    if answer.status.is_success() && head.method == Method::GET && target.starts_with("/v2/email/identities/")
    {
        answer.body = with_signature(&answer.body);
    }
    if answer.status.is_success() && head.method == Method::POST {
        let mails = accepted(&target, &region, &body, &answer.body);
        let sent = !mails.is_empty();
        office.take(mails);
        if sent && office.loses_answer() {
            return Err(LostAnswer);
        }
    }
    Ok(response(&head.method, answer))
}

fn response(method: &Method, answer: Answer) -> Response<Full<Bytes>> {
    let mut headers = end_to_end(&answer.headers);
    if method == Method::HEAD
        && let Some(length) = answer.headers.get(CONTENT_LENGTH)
    {
        headers.insert(CONTENT_LENGTH, length.clone());
    }
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    response
}

/// The emulator grants what a new account gets, whoever asks. Here the weather says.
fn with_quota(answer: &Bytes, rate: u32) -> Bytes {
    let Ok(Value::Object(mut account)) = serde_json::from_slice(answer) else {
        return answer.clone();
    };
    account.insert("SendingEnabled".to_owned(), Value::Bool(true));
    account.insert(
        "SendQuota".to_owned(),
        serde_json::json!({ "Max24HourSend": -1.0, "MaxSendRate": rate, "SentLast24Hours": 0.0 }),
    );
    Bytes::from(Value::Object(account).to_string())
}

/// The emulator never finds an identity's keys, for it looks at no DNS. Here its owner has published them.
fn with_signature(answer: &Bytes) -> Bytes {
    let Ok(Value::Object(mut identity)) = serde_json::from_slice(answer) else {
        return answer.clone();
    };
    let signed = serde_json::json!({ "SigningEnabled": true, "Status": "SUCCESS" });
    identity.insert("DkimAttributes".to_owned(), signed);
    Bytes::from(Value::Object(identity).to_string())
}

/// The emulator's message ids end in a mail domain, as a `Message-ID` header does; those of SES's API do not.
fn with_ids_of_ses(answer: &Bytes) -> Bytes {
    const DOMAIN: &str = "@email.amazonses.com\"";
    match std::str::from_utf8(answer) {
        Ok(text) if text.contains(DOMAIN) => Bytes::from(text.replace(DOMAIN, "\"")),
        Ok(_) | Err(_) => answer.clone(),
    }
}

/// The mails that a successful call to SES v2 handed over; none for any other call.
fn accepted(target: &str, region: &str, ask: &[u8], answer: &[u8]) -> Vec<Accepted> {
    let path = target.split('?').next().unwrap_or_default();
    let operation = match path {
        "/v2/email/outbound-emails" => "SendEmail",
        "/v2/email/outbound-bulk-emails" => "SendBulkEmail",
        _ => return Vec::new(),
    };
    let (Ok(ask), Ok(answer)) =
        (serde_json::from_slice::<Value>(ask), serde_json::from_slice::<Value>(answer))
    else {
        return Vec::new();
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mail = |message_id: &str, recipient: &str, tags: BTreeMap<String, String>| Accepted {
        message_id: message_id.to_owned(),
        recipient: recipient.to_owned(),
        from: text(&ask["FromEmailAddress"]),
        tags,
        region: region.to_owned(),
        configuration_set: text(&ask["ConfigurationSetName"]),
        operation,
        at: now(),
    };
    if operation == "SendEmail" {
        let Some(message_id) = answer["MessageId"].as_str() else { return Vec::new() };
        let tags = named(&ask["EmailTags"]);
        return recipients(&ask["Destination"]).map(|one| mail(message_id, one, tags.clone())).collect();
    }
    let entries = ask["BulkEmailEntries"].as_array().map(Vec::as_slice).unwrap_or_default();
    let results = answer["BulkEmailEntryResults"].as_array().map(Vec::as_slice).unwrap_or_default();
    entries
        .iter()
        .zip(results)
        .filter_map(|(entry, result)| Some((entry, result["MessageId"].as_str()?)))
        .flat_map(|(entry, message_id)| {
            let mut tags = named(&ask["DefaultEmailTags"]);
            tags.extend(named(&entry["ReplacementTags"]));
            recipients(&entry["Destination"])
                .map(|one| mail(message_id, one, tags.clone()))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn recipients(destination: &Value) -> impl Iterator<Item = &str> {
    ["ToAddresses", "CcAddresses", "BccAddresses"]
        .into_iter()
        .filter_map(|list| destination[list].as_array())
        .flatten()
        .filter_map(Value::as_str)
}

fn named(tags: &Value) -> BTreeMap<String, String> {
    let tags = tags.as_array().map(Vec::as_slice).unwrap_or_default();
    let pair = |tag: &Value| Some((tag["Name"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
    tags.iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_accepted_entries_count_and_their_own_tags_win() {
        let ask = json!({
            "FromEmailAddress": "notice@aurora.example",
            "ConfigurationSetName": "tocsin-eu-central-1",
            "DefaultEmailTags": [{ "Name": "chunk", "Value": "c1" }, { "Name": "attempt", "Value": "1" }],
            "BulkEmailEntries": [
                { "Destination": { "ToAddresses": ["a@example.com"] },
                  "ReplacementTags": [{ "Name": "attempt", "Value": "2" }] },
                { "Destination": { "ToAddresses": ["b@example.com"] } },
                { "Destination": { "ToAddresses": ["c@example.com"] } },
            ],
        });
        let answer = json!({ "BulkEmailEntryResults": [
            { "Status": "SUCCESS", "MessageId": "m1" },
            { "Status": "MESSAGE_REJECTED", "Error": "no" },
            { "Status": "SUCCESS", "MessageId": "m3" },
        ] });
        let (ask, answer) = (ask.to_string(), answer.to_string());
        let mails =
            accepted("/v2/email/outbound-bulk-emails", "eu-central-1", ask.as_bytes(), answer.as_bytes());
        let seen: Vec<_> = mails
            .iter()
            .map(|mail| (mail.message_id.as_str(), mail.recipient.as_str(), mail.tags["attempt"].as_str()))
            .collect();
        assert_eq!(seen, [("m1", "a@example.com", "2"), ("m3", "c@example.com", "1")]);
        assert_eq!(accepted("/v2/email/templates", "eu-central-1", ask.as_bytes(), answer.as_bytes()), []);
        assert_eq!(accepted("/v2/email/outbound-bulk-emails", "eu-central-1", b"{", answer.as_bytes()), []);
    }

    #[test]
    fn message_ids_lose_their_domain_and_nothing_else_changes() {
        let answer =
            Bytes::from_static(br#"{"MessageId": "0100@email.amazonses.com", "To": "a@example.com"}"#);
        assert_eq!(
            with_ids_of_ses(&answer),
            Bytes::from_static(br#"{"MessageId": "0100", "To": "a@example.com"}"#)
        );
        let other = Bytes::from_static(b"\xff");
        assert_eq!(with_ids_of_ses(&other), other);
    }

    #[test]
    fn a_single_mail_counts_for_each_recipient() {
        let ask =
            json!({ "Destination": { "ToAddresses": ["a@example.com"], "BccAddresses": ["b@example.com"] } });
        let (ask, answer) = (ask.to_string(), json!({ "MessageId": "m" }).to_string());
        let mails = accepted("/v2/email/outbound-emails", "eu-central-1", ask.as_bytes(), answer.as_bytes());
        assert_eq!(
            mails.iter().map(|mail| mail.recipient.as_str()).collect::<Vec<_>>(),
            ["a@example.com", "b@example.com"]
        );
    }
}
