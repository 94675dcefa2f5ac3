//! Alerts to operators: SNS topics, e-mail by SES, and webhooks. An alert may come twice, so these calls are retried.

use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use tocsin_domain::alert::AlertMessage;
use tocsin_domain::escalation::region_of_topic;
use tocsin_ports::{Alerter, PortError};

use crate::Aws;
use crate::failure::failed;
use crate::http::connector;

/// How long a webhook's receiver may take. `watch` has a minute for everything.
const ANSWER: Duration = Duration::from_secs(8);

const CONNECTION: Duration = Duration::from_secs(3);

impl Alerter for Aws {
    async fn alert(&self, message: AlertMessage) -> Result<(), PortError> {
        match message {
            AlertMessage::Topic { topic, subject, text } => publish(&self.sdk, &topic, &subject, &text).await,
            AlertMessage::Mail { from, to, subject, text } => {
                mail(&self.sdk, &from, &to, &subject, &text).await
            }
            AlertMessage::Post { url, headers, body } => post(&url, &headers, body).await,
        }
    }
}

/// In the topic's own region.
async fn publish(sdk: &SdkConfig, topic: &str, subject: &str, text: &str) -> Result<(), PortError> {
    let region = region_of_topic(topic).ok_or_else(|| PortError("Publish: no topic's ARN".to_owned()))?;
    let config = aws_sdk_sns::config::Builder::from(sdk).region(Region::new(region.to_owned()));
    let client = aws_sdk_sns::Client::from_conf(config.build());
    let call = client.publish().topic_arn(topic).subject(subject).message(text);
    call.send().await.map_err(|error| failed("Publish", &error))?;
    Ok(())
}

/// Without the configuration set of notices: its events would be taken for receipts.
async fn mail(sdk: &SdkConfig, from: &str, to: &str, subject: &str, text: &str) -> Result<(), PortError> {
    let content = |text: &str| {
        let content = Content::builder().data(text).charset("UTF-8").build();
        content.map_err(|error| PortError(format!("SendEmail: {error}")))
    };
    let body = Body::builder().text(content(text)?).build();
    let message = Message::builder().subject(content(subject)?).body(body).build();
    let call = aws_sdk_sesv2::Client::new(sdk)
        .send_email()
        .from_email_address(from)
        .destination(Destination::builder().to_addresses(to).build())
        .content(EmailContent::builder().simple(message).build());
    call.send().await.map_err(|error| failed("SendEmail", &error))?;
    Ok(())
}

/// Any 2xx is a yes. No redirection is followed: a signed message goes where the settings say and nowhere else. Errors
/// name neither the address nor what was answered: both may hold a secret.
async fn post(url: &str, headers: &[(&'static str, String)], body: String) -> Result<(), PortError> {
    let wrong = |what: &str| PortError(format!("webhook: {what}"));
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST").map_err(|_| wrong("the request could not be built"))?;
    request.set_uri(url).map_err(|_| wrong("the address cannot be used"))?;
    for (name, value) in headers {
        let inserted = request.headers_mut().try_insert(*name, value.clone());
        inserted.map_err(|_| wrong("a header cannot be sent"))?;
    }
    let answer = tokio::time::timeout(ANSWER, connector(CONNECTION).call(request)).await;
    let answer = answer.map_err(|_| wrong("no answer in time"))?.map_err(|_| wrong("no connection"))?;
    match answer.status().as_u16() {
        200..300 => Ok(()),
        status => Err(wrong(&format!("HTTP status {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::{Loopback, Reply, sdk_config};

    #[tokio::test]
    async fn a_webhook_is_posted_with_its_headers_and_only_2xx_is_a_yes() {
        let answered = |status: u16| Reply::Whole { status, code: "", body: String::new() };
        for (status, good) in [(200, true), (202, true), (301, false), (400, false), (500, false)] {
            let server = Loopback::start(vec![answered(status)]);
            let headers = [("content-type", "application/json".to_owned()), ("webhook-id", "a-1".to_owned())];
            let posted = post(&format!("{}/hook", server.endpoint), &headers, "{}".to_owned()).await;
            assert_eq!(posted.is_ok(), good, "{status}: {posted:?}");
            let [request] = server.requests().try_into().unwrap();
            assert_eq!((request.line.as_str(), request.body.as_str()), ("POST /hook HTTP/1.1", "{}"));
            assert!(request.headers.contains(&"webhook-id: a-1".to_owned()), "{:?}", request.headers);
        }
        let nobody = post(&format!("{}/SECRET", Loopback::nobody()), &[], String::new()).await.unwrap_err();
        assert_eq!(nobody.to_string(), "webhook: no connection");
    }

    #[tokio::test]
    async fn a_topic_gets_subject_and_text_and_a_mail_has_no_configuration_set() {
        let published =
            "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";
        let server = Loopback::start(vec![Reply::ok(published.to_owned())]);
        let topic = "arn:aws:sns:us-east-1:111122223333:on-call";
        publish(&sdk_config(&server.endpoint), topic, "a subject", "a text").await.unwrap();
        let [request] = server.requests().try_into().unwrap();
        for part in ["TopicArn=arn%3Aaws%3Asns%3Aus-east-1", "Subject=a%20subject", "Message=a%20text"] {
            assert!(request.body.contains(part), "{}", request.body);
        }
        let server = Loopback::start(vec![Reply::ok(r#"{"MessageId":"1"}"#.to_owned())]);
        let (from, to) = ("notice@shop.example", "on-call@shop.example");
        mail(&sdk_config(&server.endpoint), from, to, "a subject", "a text").await.unwrap();
        let [request] = server.requests().try_into().unwrap();
        assert!(request.body.contains("on-call@shop.example") && !request.body.contains("ConfigurationSet"));
    }
}
