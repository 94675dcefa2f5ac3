//! A server on the loopback interface that answers as it is told: for tests of what a sending call makes of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use crate::http::http_client;

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Whole {
        status: u16,
        code: &'static str,
        body: String,
    },
    /// A whole answer on a connection that stays open and is never read again.
    Kept(String),
    /// The request is read, and the connection closed without an answer.
    Lost,
    /// The connection stays open and silent until the client gives up.
    Silent,
    /// The answer breaks off in its body.
    Truncated,
}

impl Reply {
    pub fn ok(body: String) -> Self {
        Reply::Whole { status: 200, code: "", body }
    }

    /// An error as SES answers it, with a message that quotes an address. Without a code: as a proxy answers it.
    pub fn error(status: u16, code: &'static str) -> Self {
        let body = if code.is_empty() { "" } else { r#"{"message":"ada@example.com"}"# };
        Reply::Whole { status, code, body: body.to_owned() }
    }

    /// An error as SNS answers it, with a message that quotes a number.
    pub fn xml_error(status: u16, code: &'static str) -> Self {
        let error = format!("<Error><Code>{code}</Code><Message>+447700900123</Message></Error>");
        Reply::Whole { status, code: "", body: format!("<ErrorResponse>{error}</ErrorResponse>") }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub line: String,
    pub headers: Vec<String>,
    pub body: String,
}

pub(crate) struct Loopback {
    pub endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Loopback {
    /// Answers with these replies in turn, one connection each.
    pub fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            let mut kept = Vec::new();
            for reply in replies {
                let (stream, _) = listener.accept().unwrap();
                let request = read(&stream);
                seen.lock().unwrap().push(request);
                kept.push(answer(stream, reply));
            }
        });
        Self { endpoint, requests }
    }

    /// An endpoint where nobody listens.
    pub fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// What clients are made from in tests: the real HTTP client, retries as the SDK has them by default.
pub(crate) fn sdk_config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client())
        .endpoint_url(endpoint)
        .build()
}

/// Somebody without credentials.
pub(crate) fn nobody() -> SharedCredentialsProvider {
    #[derive(Debug)]
    struct Nobody;

    impl ProvideCredentials for Nobody {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nobody")))
        }
    }

    SharedCredentialsProvider::new(Nobody)
}

fn read(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let line = lines.remove(0);
    let length = lines
        .iter()
        .find_map(|header| header.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    Request { line, headers: lines, body: String::from_utf8(body).unwrap() }
}

/// The connection, where it is to stay open.
fn answer(mut stream: TcpStream, reply: Reply) -> Option<TcpStream> {
    let whole = |status, headers: String, body: String| {
        format!("HTTP/1.1 {status} -\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
    };
    match reply {
        Reply::Whole { status, code, body } => {
            let headers = format!("x-amzn-errortype: {code}\r\nconnection: close\r\n");
            stream.write_all(whole(status, headers, body).as_bytes()).unwrap();
            None
        }
        Reply::Kept(body) => {
            stream.write_all(whole(200, String::new(), body).as_bytes()).unwrap();
            Some(stream)
        }
        Reply::Lost => None,
        Reply::Silent => {
            stream.read_to_end(&mut Vec::new()).unwrap_or_default();
            None
        }
        Reply::Truncated => {
            stream.write_all(b"HTTP/1.1 200 -\r\ncontent-length: 100\r\n\r\n{\"Bulk").unwrap();
            None
        }
    }
}
