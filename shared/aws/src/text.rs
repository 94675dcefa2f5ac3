//! Text messages through SNS `Publish`. The client never retries, for the same reason as with mail.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use tocsin_domain::chunk::Entry;
use tocsin_ports::{HandOver, Text, Texter};

use crate::Aws;
use crate::failure::hand_over;

impl Texter for Aws {
    async fn send_text(&self, text: Text) -> HandOver {
        send(&self.texts, text).await
    }
}

/// Transactional: SNS prefers delivery over price.
/// <https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html>
async fn send(client: &Client, text: Text) -> HandOver {
    let kind = MessageAttributeValue::builder().data_type("String").string_value("Transactional").build();
    let kind = match kind {
        Ok(kind) => kind,
        Err(error) => return HandOver::NotSent(format!("Publish: {error}")),
    };
    let call = client
        .publish()
        .phone_number(text.to.personal().expose())
        .message(text.body)
        .message_attributes("AWS.SNS.SMS.SMSType", kind);
    match call.send().await {
        Ok(answer) => match answer.message_id {
            Some(id) => HandOver::Answered(vec![Entry::Accepted(id)]),
            None => HandOver::Unknown("Publish: no message id".to_owned()),
        },
        Err(error) => hand_over("Publish", &error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::loopback::{Loopback, Reply, sdk_config};
    use crate::start::text_client;

    const PATIENT: Duration = Duration::from_secs(30);

    async fn send_to(endpoint: &str, answer_within: Duration) -> HandOver {
        let client = text_client(&sdk_config(endpoint), answer_within);
        send(&client, Text { to: "+447700900123".parse().unwrap(), body: "Your data".to_owned() }).await
    }

    fn published(id: &str) -> Reply {
        Reply::ok(format!("<PublishResponse><PublishResult>{id}</PublishResult></PublishResponse>"))
    }

    #[tokio::test]
    async fn an_accepted_text_has_an_id() {
        let server = Loopback::start(vec![published("<MessageId>id-1</MessageId>")]);
        let answer = send_to(&server.endpoint, PATIENT).await;
        assert_eq!(answer, HandOver::Answered(vec![Entry::Accepted("id-1".to_owned())]));
        let [request] = server.requests().try_into().unwrap();
        for part in ["PhoneNumber=%2B447700900123", "SMSType", "Transactional"] {
            assert!(request.body.contains(part), "{}", request.body);
        }
    }

    #[tokio::test]
    async fn doubt_and_refusal_are_told_apart_and_neither_is_repeated() {
        let unknown = |why: &str| HandOver::Unknown(format!("Publish: {why}"));
        let not_sent = |why: &str| HandOver::NotSent(format!("Publish: {why}"));
        for (reply, expected) in [
            (Reply::Lost, unknown("the connection failed")),
            (Reply::Truncated, unknown("the answer is unreadable")),
            (Reply::xml_error(500, "InternalError"), unknown("InternalError")),
            (published(""), unknown("no message id")),
            (Reply::xml_error(400, "InvalidParameter"), not_sent("InvalidParameter")),
            (Reply::xml_error(429, "Throttled"), HandOver::TooFast("Publish: Throttled".to_owned())),
        ] {
            let server = Loopback::start(vec![reply.clone(), published("<MessageId>id-2</MessageId>")]);
            assert_eq!(send_to(&server.endpoint, PATIENT).await, expected, "{reply:?}");
            assert_eq!(server.requests().len(), 1, "{reply:?}");
        }
        assert_eq!(send_to(&Loopback::nobody(), PATIENT).await, not_sent("no connection"));

        let server = Loopback::start(vec![Reply::Silent, published("<MessageId>id-2</MessageId>")]);
        let answer = send_to(&server.endpoint, Duration::from_millis(300)).await;
        assert_eq!(answer, unknown("no answer in time"));
        assert_eq!(server.requests().len(), 1);
    }
}
