//! The operator's side of the console: requests to its HTTP API, signed with the operator's own AWS credentials.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use jiff::Timestamp;
use serde_json::Value;

use crate::clock::now;
use crate::http::connector;
use crate::start::sdk_config;

/// What an API Gateway signature is made for.
const SERVICE: &str = "execute-api";

/// API Gateway itself gives up after 30 s.
const ANSWER: Duration = Duration::from_secs(40);

const CONNECTION: Duration = Duration::from_secs(5);

/// Why a request to the console got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(
        "no AWS credentials: {0}. Sign in, or set AWS_PROFILE. For a profile with single sign-on: \
         eval \"$(aws configure export-credentials --format env)\""
    )]
    Credentials(String),
    #[error("{url} cannot be asked: {why}. The console's address is an output of the deployed stack")]
    Request { url: String, why: String },
    #[error("no answer from {url}: {why}")]
    Answer { url: String, why: String },
}

/// One console, asked as one operator.
pub struct ConsoleClient {
    endpoint: String,
    region: String,
    credentials: SharedCredentialsProvider,
    connector: Connector,
}

impl ConsoleClient {
    /// Credentials come from the default chain: environment, profile, container, instance.
    pub async fn new(endpoint_url: &str, region: &str) -> Result<Self, ClientError> {
        let sdk: SdkConfig = sdk_config(region).await;
        let credentials =
            sdk.credentials_provider().ok_or_else(|| ClientError::Credentials("no provider".to_owned()))?;
        Ok(Self::with_credentials(endpoint_url, region, credentials))
    }

    /// The status and the body: JSON, or text where it is none, or null where it is empty. `path` begins with `/`
    /// and is percent-encoded.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value), ClientError> {
        let url = format!("{}{path}", self.endpoint);
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = self.signed(method, &url, body).await?;
        let failed = |why: String| ClientError::Answer { url: url.clone(), why };
        let answer = async {
            let response = self.connector.call(request).await.map_err(|error| failed(causes(&error)))?;
            let status = response.status().as_u16();
            let body = ByteStream::new(response.into_body()).collect().await;
            Ok((status, readable(&body.map_err(|error| failed(causes(&error)))?.to_vec())))
        };
        match tokio::time::timeout(ANSWER, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(failed(format!("none came within {} s", ANSWER.as_secs()))),
        }
    }

    fn with_credentials(endpoint_url: &str, region: &str, credentials: SharedCredentialsProvider) -> Self {
        Self {
            endpoint: endpoint_url.trim_end_matches('/').to_owned(),
            region: region.to_owned(),
            credentials,
            connector: connector(CONNECTION),
        }
    }

    async fn signed(&self, method: &str, url: &str, body: String) -> Result<HttpRequest, ClientError> {
        let credentials = self.credentials.provide_credentials().await;
        let identity: Identity =
            credentials.map_err(|error| ClientError::Credentials(causes(&error)))?.into();
        let wrong = |why: String| ClientError::Request { url: url.to_owned(), why };
        let headers = [("content-type", "application/json")];
        let signable =
            SignableRequest::new(method, url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()));
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::UNIX_EPOCH + now().duration_since(Timestamp::UNIX_EPOCH).unsigned_abs())
            .settings(SigningSettings::default())
            .build();
        let params = params.map_err(|error| wrong(causes(&error)))?.into();
        let signed = sign(signable.map_err(|error| wrong(causes(&error)))?, &params);
        let (instructions, _signature) = signed.map_err(|error| wrong(causes(&error)))?.into_parts();

        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).map_err(|error| wrong(causes(&error)))?;
        request.set_uri(url).map_err(|error| wrong(causes(&error)))?;
        for (name, value) in headers.into_iter().chain(instructions.headers()) {
            let inserted = request.headers_mut().try_insert(name.to_owned(), value.to_owned());
            inserted.map_err(|error| wrong(causes(&error)))?;
        }
        Ok(request)
    }
}

/// An error and what is behind it: the outermost text often says no more than that something failed.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn readable(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use serde_json::json;

    use super::*;
    use crate::loopback::{Loopback, Reply};

    fn client(endpoint: &str) -> ConsoleClient {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
        ConsoleClient::with_credentials(endpoint, "eu-central-1", SharedCredentialsProvider::new(credentials))
    }

    #[tokio::test]
    async fn a_call_is_signed_and_its_answer_read() {
        let server = Loopback::start(vec![Reply::ok(r#"{"plan":1}"#.to_owned())]);
        let client = client(&format!("{}/", server.endpoint));
        let answer = client.call("POST", "/plans/1?dry=1", Some(json!({ "reason": "drill" }))).await;
        assert_eq!(answer.unwrap(), (200, json!({ "plan": 1 })));

        let [request] = server.requests().try_into().unwrap();
        assert_eq!(request.line, "POST /plans/1?dry=1 HTTP/1.1");
        assert_eq!(request.body, r#"{"reason":"drill"}"#);
        let header =
            |name: &str| request.headers.iter().find(|header| header.starts_with(name)).cloned().unwrap();
        let authorization = header("authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/");
        assert!(authorization.contains("/eu-central-1/execute-api/aws4_request"), "{authorization}");
        assert_eq!(header("x-amz-security-token"), "x-amz-security-token: token");
    }

    #[tokio::test]
    async fn what_is_not_json_comes_back_as_text_and_nothing_as_null() {
        let server = Loopback::start(vec![Reply::ok("Forbidden".to_owned()), Reply::ok(String::new())]);
        let client = client(&server.endpoint);
        assert_eq!(client.call("GET", "/", None).await.unwrap(), (200, json!("Forbidden")));
        assert_eq!(client.call("GET", "/", None).await.unwrap(), (200, Value::Null));
    }

    #[tokio::test]
    async fn what_went_wrong_is_said() {
        let refused = client(&Loopback::nobody()).call("GET", "/", None).await.unwrap_err();
        assert!(matches!(refused, ClientError::Answer { .. }), "{refused}");
        let nonsense = client("no address").call("GET", "/", None).await.unwrap_err();
        assert!(matches!(nonsense, ClientError::Request { .. }), "{nonsense}");
    }
}
