//! AWS Signature Version 4, as far as the emulator's API needs it.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
//! The product signs with the SDK, which only `shared/aws` may depend on.

use hmac::{Hmac, KeyInit, Mac};
use hyper::header::HeaderMap;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::http::{Ask, encode, set};

/// An access key. Its secret is not printed.
#[derive(Clone)]
pub struct Credentials {
    pub access_key: String,
    pub secret_key: String,
    /// Only temporary credentials, such as those of a role, have one.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// What a signature is good for: one service in one region.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub service: &'a str,
    pub region: &'a str,
}

/// Signs the host, the date, the method, the target and the body, and adds the headers that say so.
pub(crate) fn sign(ask: &mut Ask, host: &str, scope: Scope<'_>, credentials: &Credentials, now: Timestamp) {
    let instant = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = now.strftime("%Y%m%d").to_string();
    let body_hash = hex::encode(Sha256::digest(&ask.body));
    let signed = "host;x-amz-content-sha256;x-amz-date";
    let (path, query) = ask.target.split_once('?').unwrap_or((&ask.target, ""));
    let canonical = format!(
        "{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{body_hash}\nx-amz-date:{instant}\n\n{signed}\n{body_hash}",
        method = ask.method,
        path = canonical_path(path, scope.service),
        query = canonical_query(query),
    );
    let terms = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!("AWS4-HMAC-SHA256\n{instant}\n{terms}\n{}", hex::encode(Sha256::digest(canonical)));
    let key = ["aws4_request", scope.service, scope.region, &day]
        .iter()
        .rfold(format!("AWS4{}", credentials.secret_key).into_bytes(), |key, term| mac(&key, term));
    let signature = hex::encode(mac(&key, &to_sign));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{terms}, SignedHeaders={signed}, Signature={signature}",
        credentials.access_key
    );
    set(&mut ask.headers, "host", host);
    set(&mut ask.headers, "x-amz-content-sha256", &body_hash);
    set(&mut ask.headers, "x-amz-date", &instant);
    if let Some(token) = &credentials.session_token {
        set(&mut ask.headers, "x-amz-security-token", token);
    }
    set(&mut ask.headers, "authorization", &authorization);
}

/// The region that a request was signed for.
pub(crate) fn region(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(hyper::header::AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split(',').next()?.split('/').nth(2)
}

/// Every service but S3 encodes the path, as it is sent, once more.
fn canonical_path(path: &str, service: &str) -> String {
    if service == "s3" { path.to_owned() } else { encode(path, b"/") }
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
        .collect();
    pairs.sort_unstable();
    pairs.join("&")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes a key of any length, so this arm is never taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use hyper::Method;
    use hyper::body::Bytes;

    use super::*;

    fn example() -> Credentials {
        Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        }
    }

    /// The worked example "GET Bucket Lifecycle" of the S3 API reference ("Signature Calculations for the
    /// Authorization Header").
    #[test]
    fn it_signs_like_the_worked_example() {
        let mut ask = Ask {
            method: Method::GET,
            target: "/?lifecycle".to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        let now = "2013-05-24T00:00:00Z".parse().unwrap();
        let scope = Scope { service: "s3", region: "us-east-1" };
        sign(&mut ask, "examplebucket.s3.amazonaws.com", scope, &example(), now);
        let authorization = ask.headers["authorization"].to_str().unwrap();
        assert_eq!(
            authorization.rsplit_once("Signature=").unwrap().1,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        assert_eq!(region(&ask.headers), Some("us-east-1"));
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert!(!format!("{:?}", example()).contains("wJalr"));
    }

    #[test]
    fn an_unsigned_request_has_no_region() {
        assert_eq!(region(&HeaderMap::new()), None);
    }
}
