//! The few calls that deploying, watching and checking the local cloud need.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::deploy::Deployed;
use crate::http::{Answer, Ask, HttpError, Loopback, encode, set};
use crate::signing::{Credentials, Scope, sign};

/// The account of the local cloud: the one that AWS's documentation uses for examples.
pub const ACCOUNT: &str = "111122223333";

/// A caller of the emulator.
#[derive(Clone, Debug)]
pub struct Cloud {
    http: Loopback,
    credentials: Arc<Credentials>,
}

#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{call} was refused with status {status}: {message}")]
    Refused { call: String, status: StatusCode, message: String },
    #[error("the answer to {call} is not what {call} answers")]
    Unreadable { call: String },
}

/// A mail as the emulator keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMail {
    pub message_id: String,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A text message as the emulator keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentText {
    pub message_id: String,
    pub phone: String,
    pub text: String,
}

/// How many messages a queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueDepth {
    pub waiting: u64,
    pub in_flight: u64,
}

impl Cloud {
    /// Speaks to the emulator at `authority` (host and port) as the account's root.
    pub(crate) fn of_root(authority: &str) -> Cloud {
        let (access_key, secret_key) = (ACCOUNT.to_owned(), "test".to_owned());
        let credentials = Credentials { access_key, secret_key, session_token: None };
        Cloud { http: Loopback::new(authority), credentials: Arc::new(credentials) }
    }

    /// The same cloud, called by somebody else.
    pub fn called_by(&self, credentials: Credentials) -> Cloud {
        Cloud { http: self.http.clone(), credentials: Arc::new(credentials) }
    }

    /// The same cloud and caller by way of another address (host and port), such as the front door's.
    pub fn through(&self, authority: &str) -> Cloud {
        Cloud { http: Loopback::new(authority), credentials: Arc::clone(&self.credentials) }
    }

    /// The emulator's address, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.http.authority())
    }

    pub async fn put_object(
        &self,
        region: &str,
        bucket: &str,
        key: &str,
        body: Bytes,
    ) -> Result<(), CloudError> {
        self.object("PutObject", region, Method::PUT, bucket, key, body).await?;
        Ok(())
    }

    pub async fn get_object(&self, region: &str, bucket: &str, key: &str) -> Result<Bytes, CloudError> {
        Ok(self.object("GetObject", region, Method::GET, bucket, key, Bytes::new()).await?.body)
    }

    /// Puts a message on a queue, as an event source would.
    pub async fn send_message(&self, region: &str, queue: &str, body: &str) -> Result<(), CloudError> {
        let ask = json!({ "QueueUrl": self.queue_url(queue), "MessageBody": body });
        self.json("sqs", region, "AmazonSQS.SendMessage", &ask).await?;
        Ok(())
    }

    /// The attributes of a queue, by name.
    pub async fn queue_attributes(
        &self,
        region: &str,
        queue: &str,
    ) -> Result<BTreeMap<String, String>, CloudError> {
        let call = "AmazonSQS.GetQueueAttributes";
        let ask = json!({ "QueueUrl": self.queue_url(queue), "AttributeNames": ["All"] });
        let mut answer = self.json("sqs", region, call, &ask).await?;
        serde_json::from_value(answer["Attributes"].take()).map_err(|_| unreadable(call))
    }

    pub async fn queue_depth(&self, region: &str, queue: &str) -> Result<QueueDepth, CloudError> {
        let attributes = self.queue_attributes(region, queue).await?;
        let count = |name: &str| attributes.get(name)?.parse().ok();
        match (count("ApproximateNumberOfMessages"), count("ApproximateNumberOfMessagesNotVisible")) {
            (Some(waiting), Some(in_flight)) => Ok(QueueDepth { waiting, in_flight }),
            _ => Err(unreadable("GetQueueAttributes")),
        }
    }

    /// Changes for how long a message that a function took stays hidden, seconds; a message taken before keeps
    /// its time. After a function was killed, its message comes back only when this time has passed.
    pub async fn set_visibility(&self, region: &str, queue: &str, seconds: u32) -> Result<(), CloudError> {
        let attributes = json!({ "VisibilityTimeout": seconds.to_string() });
        let ask = json!({ "QueueUrl": self.queue_url(queue), "Attributes": attributes });
        self.json("sqs", region, "AmazonSQS.SetQueueAttributes", &ask).await?;
        Ok(())
    }

    /// The bodies of all messages on a queue, those in flight included, without touching them.
    pub async fn peek(&self, region: &str, queue: &str) -> Result<Vec<String>, CloudError> {
        let url = encode(&self.queue_url(queue), b"");
        let target = format!("/_ministack/sqs/messages?region={region}&QueueUrl={url}");
        let answer = self.inspect("the list of queued messages", &target).await?;
        let messages = leaves(&answer["messages"]);
        Ok(messages.filter_map(|message| message["Body"].as_str()).map(str::to_owned).collect())
    }

    /// Lets SES send from a domain, as its owner does by DNS records; the emulator believes it at once.
    pub async fn verify_sender(&self, region: &str, domain: &str) -> Result<(), CloudError> {
        let body = Bytes::from(json!({ "EmailIdentity": domain }).to_string());
        let target = "/v2/email/identities".to_owned();
        self.call("CreateEmailIdentity", "ses", region, Method::POST, target, body).await?;
        Ok(())
    }

    /// Every mail that SES accepted, in all regions.
    pub async fn sent_mail(&self) -> Result<Vec<SentMail>, CloudError> {
        let call = "the list of sent mail";
        let answer = self.inspect(call, "/_ministack/ses/messages").await?;
        leaves(&answer["messages"]).map(|mail| sent_mail(mail).ok_or_else(|| unreadable(call))).collect()
    }

    /// Every text message that SNS accepted, in all regions.
    pub async fn sent_texts(&self) -> Result<Vec<SentText>, CloudError> {
        let call = "the list of sent texts";
        let answer = self.inspect(call, "/_ministack/sns/sms-messages").await?;
        let texts = answer.get("sms_messages").unwrap_or(&Value::Null);
        leaves(texts).map(|text| sent_text(text).ok_or_else(|| unreadable(call))).collect()
    }

    /// Calls a function and waits for its answer.
    pub async fn invoke(&self, region: &str, function: &str, event: &Value) -> Result<Value, CloudError> {
        let target = format!("/2015-03-31/functions/{function}/invocations");
        let body = Bytes::from(event.to_string());
        let answer = self.call("Invoke", "lambda", region, Method::POST, target, body).await?;
        let payload = read_json("Invoke", &answer)?;
        match answer.headers.get("x-amz-function-error") {
            None => Ok(payload),
            Some(_) => Err(CloudError::Refused {
                call: function.to_owned(),
                status: answer.status,
                message: payload.to_string(),
            }),
        }
    }

    /// Makes a user who may call the console of the API, with an access key.
    pub async fn create_operator(&self, deployed: &Deployed, name: &str) -> Result<Credentials, CloudError> {
        let (region, api) = (&deployed.home_region, &deployed.api);
        let resource = format!("arn:aws:execute-api:{region}:{ACCOUNT}:{api}/*/*/console/*");
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource }],
        })
        .to_string();
        self.iam("CreateUser", &[("UserName", name)]).await?;
        let parameters = [("UserName", name), ("PolicyName", "console"), ("PolicyDocument", &policy)];
        self.iam("PutUserPolicy", &parameters).await?;
        let key = self.iam("CreateAccessKey", &[("UserName", name)]).await?;
        let field = |field: &str| text_of(&key, field).ok_or_else(|| unreadable("CreateAccessKey"));
        let (access_key, secret_key) = (field("AccessKeyId")?, field("SecretAccessKey")?);
        Ok(Credentials { access_key, secret_key, session_token: None })
    }

    /// Calls the HTTP API of the stack, `path` being what stands behind its URL; signed as the caller.
    pub async fn call_api(
        &self,
        deployed: &Deployed,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Answer, CloudError> {
        let mut ask = deployed.api_ask(method, path, body);
        let scope = Scope { service: "execute-api", region: &deployed.home_region };
        sign(&mut ask, self.http.authority(), scope, &self.credentials, now());
        Ok(self.http.ask(ask).await?)
    }

    /// Calls the HTTP API of the stack the way a stranger does: with the given headers and no signature.
    pub async fn call_api_unsigned(
        &self,
        deployed: &Deployed,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> Result<Answer, CloudError> {
        let mut ask = deployed.api_ask(method, path, body);
        headers.iter().for_each(|(name, value)| set(&mut ask.headers, name, value));
        Ok(self.http.ask(ask).await?)
    }

    /// A call of the query protocol (CloudFormation, IAM, SNS, CloudWatch); answers with XML.
    pub async fn query(
        &self,
        service: &str,
        region: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, CloudError> {
        let mut form = format!("Action={action}&Version={}", api_version(service));
        for (name, value) in parameters {
            form.push_str(&format!("&{}={}", encode(name, b""), encode(value, b"")));
        }
        let mut headers = HeaderMap::new();
        set(&mut headers, "content-type", "application/x-www-form-urlencoded");
        let ask = Ask { method: Method::POST, target: "/".to_owned(), headers, body: Bytes::from(form) };
        let answer = self.signed(action, service, region, ask).await?;
        String::from_utf8(answer.body.to_vec()).map_err(|_| unreadable(action))
    }

    pub(crate) async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String, CloudError> {
        // IAM is one for all regions; requests to it are signed for us-east-1.
        self.query("iam", "us-east-1", action, parameters).await
    }

    /// A call of the JSON protocol (SQS, DynamoDB, Secrets Manager); `target` is the service's and the call's name.
    pub async fn json(
        &self,
        service: &str,
        region: &str,
        target: &str,
        ask: &Value,
    ) -> Result<Value, CloudError> {
        let mut headers = HeaderMap::new();
        set(&mut headers, "content-type", "application/x-amz-json-1.0");
        set(&mut headers, "x-amz-target", target);
        let body = Bytes::from(ask.to_string());
        let ask = Ask { method: Method::POST, target: "/".to_owned(), headers, body };
        read_json(target, &self.signed(target, service, region, ask).await?)
    }

    /// A call of a REST protocol (S3, Lambda, SES).
    pub async fn call(
        &self,
        call: &str,
        service: &str,
        region: &str,
        method: Method,
        target: String,
        body: Bytes,
    ) -> Result<Answer, CloudError> {
        let mut headers = HeaderMap::new();
        set(&mut headers, "content-type", "application/json");
        self.signed(call, service, region, Ask { method, target, headers, body }).await
    }

    pub(crate) fn http(&self) -> &Loopback {
        &self.http
    }

    fn queue_url(&self, queue: &str) -> String {
        format!("{}/{ACCOUNT}/{queue}", self.endpoint())
    }

    async fn object(
        &self,
        call: &str,
        region: &str,
        method: Method,
        bucket: &str,
        key: &str,
        body: Bytes,
    ) -> Result<Answer, CloudError> {
        let mut headers = HeaderMap::new();
        // The vault refuses whoever does not come by TLS; on loopback the emulator believes this header.
        set(&mut headers, "x-forwarded-proto", "https");
        let target = format!("/{bucket}/{}", encode(key, b"/"));
        self.signed(call, "s3", region, Ask { method, target, headers, body }).await
    }

    async fn inspect(&self, call: &str, target: &str) -> Result<Value, CloudError> {
        let headers = HeaderMap::new();
        let ask = Ask { method: Method::GET, target: target.to_owned(), headers, body: Bytes::new() };
        read_json(call, &accepted(call, self.http.ask(ask).await?)?)
    }

    async fn signed(
        &self,
        call: &str,
        service: &str,
        region: &str,
        mut ask: Ask,
    ) -> Result<Answer, CloudError> {
        sign(&mut ask, self.http.authority(), Scope { service, region }, &self.credentials, now());
        accepted(call, self.http.ask(ask).await?)
    }
}

/// The text of the first element of that name, wherever it stands.
pub(crate) fn text_of(xml: &str, element: &str) -> Option<String> {
    let document = roxmltree::Document::parse(xml).ok()?;
    let node = document.descendants().find(|node| node.tag_name().name() == element)?;
    Some(node.text().unwrap_or_default().to_owned())
}

/// For every element of that name: the texts of its children by their names.
pub(crate) fn rows_of(xml: &str, element: &str) -> Vec<BTreeMap<String, String>> {
    let Ok(document) = roxmltree::Document::parse(xml) else { return Vec::new() };
    let lists = document.descendants().filter(|node| node.tag_name().name() == element);
    lists
        .flat_map(|list| list.children().filter(|child| child.tag_name().name() == "member"))
        .map(|member| {
            let fields = member.children().filter(|child| child.is_element());
            fields
                .map(|field| {
                    (field.tag_name().name().to_owned(), field.text().unwrap_or_default().to_owned())
                })
                .collect()
        })
        .collect()
}

pub(crate) fn unreadable(call: &str) -> CloudError {
    CloudError::Unreadable { call: call.to_owned() }
}

#[expect(clippy::disallowed_methods, reason = "infra may ask what time it is: requests are signed with it")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

fn accepted(call: &str, answer: Answer) -> Result<Answer, CloudError> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let message = String::from_utf8_lossy(&answer.body).into_owned();
    Err(CloudError::Refused { call: call.to_owned(), status: answer.status, message })
}

fn read_json(call: &str, answer: &Answer) -> Result<Value, CloudError> {
    if answer.body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&answer.body).map_err(|_| unreadable(call))
}

fn api_version(service: &str) -> &'static str {
    match service {
        "cloudformation" => "2010-05-15",
        "iam" => "2010-05-08",
        "monitoring" => "2010-08-01",
        "sns" => "2010-03-31",
        _ => "",
    }
}

/// The objects in the arrays of a tree of objects, however deep they stand.
fn leaves(tree: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match tree {
        Value::Object(branches) => Box::new(branches.values().flat_map(leaves)),
        Value::Array(items) => Box::new(items.iter()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Box::new(std::iter::empty()),
    }
}

fn sent_mail(mail: &Value) -> Option<SentMail> {
    let to = mail["To"].as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Some(SentMail {
        message_id: mail["MessageId"].as_str()?.to_owned(),
        to,
        subject: mail["Subject"].as_str().unwrap_or_default().to_owned(),
        text: mail["BodyText"].as_str().unwrap_or_default().to_owned(),
        html: mail["BodyHtml"].as_str().unwrap_or_default().to_owned(),
    })
}

fn sent_text(text: &Value) -> Option<SentText> {
    Some(SentText {
        message_id: text["MessageId"].as_str()?.to_owned(),
        phone: text["PhoneNumber"].as_str()?.to_owned(),
        text: text["Message"].as_str()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACKS: &str = r#"<R xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Stacks><member>
        <StackName>a</StackName><StackStatus>CREATE_COMPLETE</StackStatus>
        <Outputs><member><OutputKey>Api</OutputKey><OutputValue>http://x</OutputValue></member></Outputs>
        </member></Stacks></R>"#;

    #[test]
    fn xml_is_read_by_name() {
        assert_eq!(text_of(STACKS, "StackStatus").as_deref(), Some("CREATE_COMPLETE"));
        assert_eq!(text_of(STACKS, "Nothing"), None);
        assert_eq!(text_of("not xml", "StackStatus"), None);
        let outputs = rows_of(STACKS, "Outputs");
        assert_eq!(outputs.len(), 1);
        assert_eq!(outputs[0]["OutputKey"], "Api");
        assert_eq!(outputs[0]["OutputValue"], "http://x");
    }

    #[test]
    fn leaves_are_found_at_any_depth() {
        let tree =
            json!({ "account": { "region": { "queue": [{ "Body": "1" }, { "Body": "2" }] }, "other": {} } });
        let bodies: Vec<&str> = leaves(&tree).filter_map(|leaf| leaf["Body"].as_str()).collect();
        assert_eq!(bodies, ["1", "2"]);
    }
}
