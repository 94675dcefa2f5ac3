//! Text messages: through SNS `Publish`, or through `SendTextMessage` of AWS End User Messaging. The clients never retry,
//! for the same reason as with mail.

use aws_sdk_pinpointsmsvoicev2::error::SdkError;
use aws_sdk_pinpointsmsvoicev2::operation::send_text_message::SendTextMessageError;
use aws_sdk_pinpointsmsvoicev2::types::{ConflictExceptionReason, MessageType, ValidationExceptionReason};
use aws_sdk_sns::types::MessageAttributeValue;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tocsin_domain::chunk::Entry;
use tocsin_ports::{HandOver, Text, Texter};

use crate::Aws;
use crate::failure::hand_over;

/// Who carries texts in this installation.
pub(crate) enum Texts {
    Sns(aws_sdk_sns::Client),
    EndUserMessaging {
        client: aws_sdk_pinpointsmsvoicev2::Client,
        /// The ARN of the number, pool or sender id that texts come from.
        origin: String,
        /// Its events lead to `receipts`.
        configuration_set: String,
    },
}

impl Texter for Aws {
    async fn send_text(&self, text: Text) -> HandOver {
        self.texts.send(text).await
    }
}

impl Texts {
    async fn send(&self, text: Text) -> HandOver {
        match self {
            Texts::Sns(client) => publish(client, text).await,
            Texts::EndUserMessaging { client, origin, configuration_set } => {
                send_text_message(client, origin, configuration_set, text).await
            }
        }
    }
}

/// Transactional: SNS prefers delivery over price.
/// <https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html>
async fn publish(client: &aws_sdk_sns::Client, text: Text) -> HandOver {
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
        Ok(answer) => answered("Publish", answer.message_id),
        // It says so of the number or of the words, and we have no other parameters.
        Err(error) if error.code().is_some_and(|code| code.starts_with("InvalidParameter")) => {
            HandOver::Answered(vec![Entry::Refused("InvalidParameter".to_owned())])
        }
        Err(error) => hand_over("Publish", &error),
    }
}

/// The tags go as context, which every event of the message carries back.
/// <https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html>
async fn send_text_message(
    client: &aws_sdk_pinpointsmsvoicev2::Client,
    origin: &str,
    configuration_set: &str,
    text: Text,
) -> HandOver {
    let context = text.tags.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let call = client
        .send_text_message()
        .destination_phone_number(text.to.personal().expose())
        .origination_identity(origin)
        .message_body(text.body)
        .message_type(MessageType::Transactional)
        .configuration_set_name(configuration_set)
        .time_to_live(i32::try_from(text.valid_for.as_secs()).unwrap_or(i32::MAX))
        .set_context(Some(context));
    match call.send().await {
        Ok(answer) => answered("SendTextMessage", answer.message_id),
        Err(error) => match refused_for_good(&error) {
            Some(why) => HandOver::Answered(vec![Entry::Refused(format!("SendTextMessage: {why}"))]),
            None => hand_over("SendTextMessage", &error),
        },
    }
}

fn answered(operation: &str, id: Option<String>) -> HandOver {
    match id {
        Some(id) => HandOver::Answered(vec![Entry::Accepted(id)]),
        None => HandOver::Unknown(format!("{operation}: no message id")),
    }
}

/// Refusals of this one phone, which trying again does not change. All others are about us: they may end.
fn refused_for_good(error: &SdkError<SendTextMessageError, HttpResponse>) -> Option<&str> {
    const OF_THE_NUMBER: [ConflictExceptionReason; 2] = [
        ConflictExceptionReason::DestinationPhoneNumberOptedOut,
        ConflictExceptionReason::DestinationCountryBlockedByProtectConfiguration,
    ];
    const OF_ITS_COUNTRY: [ValidationExceptionReason; 2] = [
        ValidationExceptionReason::DestinationCountryBlocked,
        ValidationExceptionReason::InvalidIdentityForDestinationCountry,
    ];
    let refused = error.as_service_error()?;
    if let SendTextMessageError::ConflictException(conflict) = refused {
        let reason = conflict.reason.as_ref().filter(|reason| OF_THE_NUMBER.contains(reason))?;
        return Some(reason.as_str());
    }
    if let SendTextMessageError::ValidationException(invalid) = refused {
        let reason = invalid.reason.as_ref().filter(|reason| OF_ITS_COUNTRY.contains(reason))?;
        return Some(reason.as_str());
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;
    use tocsin_ports::Tags;

    use super::*;
    use crate::loopback::{Loopback, Reply, sdk_config};
    use crate::start::{sms_voice_client, text_client};

    const PATIENT: Duration = Duration::from_secs(30);

    async fn send_to(endpoint: &str, answer_within: Duration) -> HandOver {
        Texts::Sns(text_client(&sdk_config(endpoint), answer_within)).send(text()).await
    }

    async fn send_from_pool(endpoint: &str, answer_within: Duration) -> HandOver {
        let client = sms_voice_client(&sdk_config(endpoint), answer_within);
        let (origin, configuration_set) = ("arn:pool".to_owned(), "tocsin-eu".to_owned());
        Texts::EndUserMessaging { client, origin, configuration_set }.send(text()).await
    }

    fn text() -> Text {
        Text {
            to: "+447700900123".parse().unwrap(),
            body: "Your data".to_owned(),
            valid_for: SignedDuration::from_hours(2),
            tags: Tags::from([("chunk", "c-1-1-0".to_owned()), ("index", "0".to_owned())]),
        }
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
            (
                Reply::xml_error(400, "InvalidParameter"),
                HandOver::Answered(vec![Entry::Refused("InvalidParameter".to_owned())]),
            ),
            (Reply::xml_error(403, "AuthorizationError"), not_sent("AuthorizationError")),
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

    #[tokio::test]
    async fn a_text_of_a_pool_carries_its_tags_and_its_time() {
        let server = Loopback::start(vec![Reply::ok(r#"{"MessageId":"id-1"}"#.to_owned())]);
        let answer = send_from_pool(&server.endpoint, PATIENT).await;
        assert_eq!(answer, HandOver::Answered(vec![Entry::Accepted("id-1".to_owned())]));
        let [request] = server.requests().try_into().unwrap();
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        let expected = serde_json::json!({
            "DestinationPhoneNumber": "+447700900123", "OriginationIdentity": "arn:pool",
            "MessageBody": "Your data", "MessageType": "TRANSACTIONAL",
            "ConfigurationSetName": "tocsin-eu", "TimeToLive": 7200,
            "Context": { "chunk": "c-1-1-0", "index": "0" },
        });
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn a_pools_refusal_of_a_phone_is_for_good_and_of_us_is_not() {
        let conflict = |reason: &str| Reply::Whole {
            status: 400,
            code: "ConflictException",
            body: format!(r#"{{"message":"+447700900123","Reason":"{reason}"}}"#),
        };
        let not_sent = |why: &str| HandOver::NotSent(format!("SendTextMessage: {why}"));
        let opted_out = "SendTextMessage: DESTINATION_PHONE_NUMBER_OPTED_OUT".to_owned();
        for (reply, expected) in [
            (Reply::Lost, HandOver::Unknown("SendTextMessage: the connection failed".to_owned())),
            (
                Reply::error(500, "InternalServerException"),
                HandOver::Unknown("SendTextMessage: InternalServerException".to_owned()),
            ),
            (
                Reply::error(429, "ThrottlingException"),
                HandOver::TooFast("SendTextMessage: ThrottlingException".to_owned()),
            ),
            (Reply::error(402, "ServiceQuotaExceededException"), not_sent("ServiceQuotaExceededException")),
            (conflict("NO_ORIGINATION_IDENTITIES_FOUND"), not_sent("ConflictException")),
            (
                conflict("DESTINATION_PHONE_NUMBER_OPTED_OUT"),
                HandOver::Answered(vec![Entry::Refused(opted_out.clone())]),
            ),
        ] {
            let second = Reply::ok(r#"{"MessageId":"id-2"}"#.to_owned());
            let server = Loopback::start(vec![reply.clone(), second]);
            assert_eq!(send_from_pool(&server.endpoint, PATIENT).await, expected, "{reply:?}");
            assert_eq!(server.requests().len(), 1, "{reply:?}");
        }
        assert_eq!(send_from_pool(&Loopback::nobody(), PATIENT).await, not_sent("no connection"));
    }
}
