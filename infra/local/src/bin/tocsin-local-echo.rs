//! A function that answers with the event it was given, and with what it sees of its environment: what the tests
//! of the local cloud deploy in the place of every function.
//!
//! Speaks the Lambda runtime API: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
    loop {
        let (headers, event) = call(&api, "GET", "/2018-06-01/runtime/invocation/next", "")?;
        let id = headers.get("lambda-runtime-aws-request-id").map_or("", String::as_str);
        let answer = answer(&event).to_string();
        call(&api, "POST", &format!("/2018-06-01/runtime/invocation/{id}/response"), &answer)?;
    }
}

/// An answer that suits API Gateway, SQS and whoever calls directly.
fn answer(event: &str) -> Value {
    let seen = |name: &String| name.starts_with("TOCSIN_") || name.starts_with("AWS_");
    let environment: BTreeMap<String, String> = std::env::vars().filter(|(name, _)| seen(name)).collect();
    json!({ "statusCode": 200, "body": event, "environment": environment, "batchItemFailures": [] })
}

fn call(api: &str, method: &str, path: &str, body: &str) -> io::Result<(BTreeMap<String, String>, String)> {
    let mut stream = TcpStream::connect(api)?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {api}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut reader = BufReader::new(stream);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim().split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_lowercase(), value.trim().to_owned());
            }
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let mut answer = String::new();
    reader.read_to_string(&mut answer)?;
    Ok((headers, answer))
}
