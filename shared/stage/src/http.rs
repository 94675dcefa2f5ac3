//! Functions behind the HTTP API (payload format 2.0).

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use aws_lambda_events::event::apigw::ApiGatewayV2httpRequest;
use futures_util::FutureExt;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tocsin_ports::{Clock, Metered};

use crate::telemetry::{Metric, used};

/// A request as the step sees it. The body is the raw bytes that were sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// As it was sent, without the question mark.
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// API Gateway's own id of the request.
    pub id: String,
    /// The ARN of the IAM principal that signed the request, where the route asks for a signature.
    pub principal: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub body: Value,
    /// For the metric: what it was, in one word.
    pub reason: String,
    /// What is answered in place of the body, to a browser.
    pub file: Option<StaticFile>,
}

/// A file of a page, the same for everybody who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaticFile {
    pub content_type: &'static str,
    pub text: &'static str,
    /// What the browser is asked to heed, beside what holds for each answer.
    pub headers: &'static [(&'static str, &'static str)],
}

impl Response {
    pub fn new(status: u16, reason: impl Into<String>, body: Value) -> Self {
        Self { status, body, reason: reason.into(), file: None }
    }

    pub fn file(reason: &str, file: StaticFile) -> Self {
        Self { file: Some(file), ..Self::new(200, reason, Value::Null) }
    }

    /// An error for the sender: what is wrong, and nothing of why we think so.
    pub fn error(status: u16, reason: &str, what: &str) -> Self {
        Self::new(status, reason, json!({ "error": what }))
    }
}

pub async fn run<P: Clock + Metered>(
    function: &'static str,
    ports: P,
    step: impl AsyncFn(&P, Request, Timestamp) -> Response,
) -> Result<(), Error> {
    let (ports, step) = (&ports, &step);
    let handler = async |event: LambdaEvent<ApiGatewayV2httpRequest>| -> Result<Value, Error> {
        Ok(answer(function, ports, event.payload, step).await)
    };
    lambda_runtime::run(service_fn(handler)).await
}

/// Never fails: a request that cannot be read is a 400, a panic a 500.
pub async fn answer<P: Clock + Metered>(
    function: &'static str,
    ports: &P,
    event: ApiGatewayV2httpRequest,
    step: &impl AsyncFn(&P, Request, Timestamp) -> Response,
) -> Value {
    let (started, before) = (ports.now(), ports.usage());
    let response = match request(event) {
        Ok(request) => AssertUnwindSafe(step(ports, request, started))
            .catch_unwind()
            .await
            .unwrap_or_else(|_panic| Response::error(500, "panic", "internal error")),
        Err(what) => Response::error(400, "bad-request", what),
    };
    let duration_ms = ports.now().duration_since(started).as_millis() as i64;
    let outcome = response.status.to_string();
    let reason = response.reason.clone();
    match response.status {
        500.. => tracing::error!(function, outcome, reason, "request"),
        _ => tracing::info!(function, outcome, reason, "request"),
    }
    Metric {
        function,
        outcome,
        reason,
        at_ms: started.as_millisecond(),
        duration_ms,
        usage: used(before, ports.usage()),
    }
    .emit();
    written(&response)
}

/// As API Gateway takes it.
fn written(response: &Response) -> Value {
    let (content_type, headers, body) = match response.file {
        Some(StaticFile { content_type, text, headers }) => (content_type, headers, text.to_owned()),
        None => ("application/json", &[] as &[_], response.body.to_string()),
    };
    let mut all = BTreeMap::from([("content-type", content_type), ("cache-control", "no-store")]);
    all.extend(headers.iter().copied());
    json!({ "statusCode": response.status, "headers": all, "body": body, "isBase64Encoded": false })
}

fn request(event: ApiGatewayV2httpRequest) -> Result<Request, &'static str> {
    let body = match (event.body, event.is_base64_encoded) {
        (Some(body), true) => decode_base64(&body).ok_or("the body is not valid base64")?,
        (Some(body), false) => body.into_bytes(),
        (None, _) => Vec::new(),
    };
    let mut headers = BTreeMap::new();
    for (name, value) in &event.headers {
        let value = value.to_str().map_err(|_| "a header is not text")?;
        headers.insert(name.as_str().to_ascii_lowercase(), value.to_owned());
    }
    let principal =
        event.request_context.authorizer.and_then(|authorizer| authorizer.iam).and_then(|iam| iam.user_arn);
    Ok(Request {
        method: event.request_context.http.method.to_string(),
        path: event.raw_path.unwrap_or_default(),
        query: event.raw_query_string.unwrap_or_default(),
        headers,
        body,
        id: event.request_context.request_id.unwrap_or_default(),
        principal,
    })
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_answered_as_it_stands_and_everything_else_as_json() {
        let file =
            StaticFile { content_type: "text/css", text: "p {}", headers: &[("x-robots-tag", "noindex")] };
        let answer = written(&Response::file("style", file));
        assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!("p {}")));
        let headers =
            json!({ "content-type": "text/css", "cache-control": "no-store", "x-robots-tag": "noindex" });
        assert_eq!(answer["headers"], headers);
        let answer = written(&Response::error(410, "over", "it is over"));
        assert_eq!(answer["body"], r#"{"error":"it is over"}"#);
        assert_eq!(
            answer["headers"],
            json!({ "content-type": "application/json", "cache-control": "no-store" })
        );
    }
}
