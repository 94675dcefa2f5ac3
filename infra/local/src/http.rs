//! Plain HTTP/1.1 on loopback.

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A client for one server on loopback; it keeps connections open and may be cloned freely.
#[derive(Clone, Debug)]
pub(crate) struct Loopback {
    authority: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// What to ask.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub method: Method,
    /// The path and, where there is one, the query: percent-encoded as it goes over the wire.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("no answer from {authority}: {why}")]
    NoAnswer { authority: String, why: String },
    #[error("not a request that can be sent: {0}")]
    NotSendable(#[from] hyper::http::Error),
}

impl Loopback {
    /// `authority` is host and port, as in `127.0.0.1:4566`.
    pub fn new(authority: impl Into<String>) -> Loopback {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Loopback { authority: authority.into(), client }
    }

    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Asks once. Nothing is tried again: whoever forwards a mail must know that it went once.
    pub async fn ask(&self, ask: Ask) -> Result<Answer, HttpError> {
        let uri = Uri::builder()
            .scheme("http")
            .authority(self.authority.as_str())
            .path_and_query(ask.target)
            .build()?;
        let mut request = Request::builder().method(ask.method).uri(uri).body(Full::new(ask.body))?;
        *request.headers_mut() = ask.headers;
        let response = self.client.request(request).await.map_err(|error| self.no_answer(&error))?;
        let (head, body) = response.into_parts();
        let body = read(body).await.map_err(|error| self.no_answer(&error))?;
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    fn no_answer(&self, error: &dyn std::error::Error) -> HttpError {
        let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        HttpError::NoAnswer { authority: self.authority.clone(), why: format!("{error}{cause}") }
    }
}

/// Reads a whole body.
pub(crate) async fn read<B: Body>(body: B) -> Result<Bytes, B::Error> {
    Ok(body.collect().await?.to_bytes())
}

/// Drops what belongs to one connection and not to the message (RFC 9110, 7.6.1), and the length, which is
/// written anew.
pub(crate) fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let of_the_connection = |name: &HeaderName| {
        matches!(
            name.as_str(),
            "connection"
                | "expect"
                | "keep-alive"
                | "proxy-connection"
                | "te"
                | "trailer"
                | "transfer-encoding"
                | "upgrade"
        ) || name == hyper::header::CONTENT_LENGTH
    };
    headers
        .iter()
        .filter(|(name, _)| !of_the_connection(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Adds a header whose value is known to be printable ASCII; another value is left out.
pub(crate) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters and those of `kept`.
pub(crate) fn encode(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_keeps_the_unreserved() {
        assert_eq!(encode("a-b.c_d~e/f g$ü", b"/"), "a-b.c_d~e/f%20g%24%C3%BC");
        assert_eq!(encode("a/b=c&d", b""), "a%2Fb%3Dc%26d");
    }

    #[test]
    fn headers_of_the_connection_are_dropped() {
        let mut headers = HeaderMap::new();
        set(&mut headers, "connection", "keep-alive");
        set(&mut headers, "transfer-encoding", "chunked");
        set(&mut headers, "content-length", "3");
        set(&mut headers, "authorization", "AWS4-HMAC-SHA256");
        let kept = end_to_end(&headers);
        assert_eq!(kept.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["authorization"]);
    }
}
