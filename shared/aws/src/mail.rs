//! Mail through SES: `SendBulkEmail`, one message to each recipient, and for what is encrypted `SendEmail`, whose message is
//! ours to the last byte. The client never retries: SES has no idempotency token, and a retry after a lost answer would send
//! everything twice.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::BuildError;
use aws_sdk_sesv2::types::{
    BulkEmailContent, BulkEmailEntry, BulkEmailEntryResult, BulkEmailStatus, Destination, EmailContent,
    EmailTemplateContent, MessageTag, RawMessage, ReplacementEmailContent, ReplacementTemplate, Template,
};
use aws_smithy_types::Blob;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::json;
use tocsin_domain::chunk::{CHUNK_SIZE, Entry, TOO_FAST};
use tocsin_ports::{HandOver, Mail, Mailer, SealedMail, SealedMailer, Tags, Usage};

use crate::Aws;
use crate::failure::hand_over;
use crate::table::Meter;

/// The most that the messages of one call may take in its JSON, in bytes: under the 1 MB that SES takes with an
/// inline template, with room for the rest of the call.
/// <https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-api.html>
const CALL_BYTES: usize = 900_000;

/// What an entry takes in the call's JSON besides its message, in bytes, generously.
const ENTRY_BYTES: usize = 1_000;

pub(crate) struct Post {
    pub(crate) client: Client,
    pub(crate) configuration_set: String,
    pub(crate) meter: Meter,
}

impl Mailer for Aws {
    async fn send_mails(&self, from: &str, mails: &[Mail]) -> HandOver {
        self.post.send(from, mails).await
    }
}

impl SealedMailer for Aws {
    async fn send_sealed(&self, from: &str, mail: SealedMail) -> HandOver {
        self.post.send_sealed(from, mail).await
    }
}

impl Post {
    /// One call, or as few as the size of the messages allows, one after the other. The first call that is not
    /// answered for each message is the last one: what stood in it is then `Throttled` or `InDoubt`, and what was
    /// to come behind it is `Throttled`, for it was not sent.
    pub async fn send(&self, from: &str, mails: &[Mail]) -> HandOver {
        let entries = match mails.iter().map(entry).collect::<Result<Vec<_>, _>>() {
            Ok(entries) => entries,
            Err(error) => return HandOver::NotSent(format!("SendBulkEmail: {error}")),
        };
        let mut answers: Vec<Entry> = Vec::new();
        for call in calls(entries) {
            let size = call.len();
            match self.call(from, call).await {
                HandOver::Answered(entries) => answers.extend(entries),
                refused @ (HandOver::NotSent(_) | HandOver::TooFast(_) | HandOver::Unfit(_))
                    if answers.is_empty() =>
                {
                    return refused;
                }
                HandOver::NotSent(why) | HandOver::Unfit(why) => {
                    answers.resize(mails.len(), Entry::Throttled(why));
                    break;
                }
                HandOver::TooFast(_) => {
                    answers.resize(mails.len(), Entry::Throttled(TOO_FAST.to_owned()));
                    break;
                }
                HandOver::Unknown(why) if size == mails.len() => return HandOver::Unknown(why),
                HandOver::Unknown(why) => {
                    answers.resize(answers.len() + size, Entry::InDoubt);
                    answers.resize(mails.len(), Entry::Throttled(format!("after {why}")));
                    break;
                }
            }
        }
        HandOver::Answered(answers)
    }

    async fn call(&self, from: &str, entries: Vec<BulkEmailEntry>) -> HandOver {
        let count = entries.len();
        self.count_call();
        let call = self
            .client
            .send_bulk_email()
            .from_email_address(from)
            .configuration_set_name(&self.configuration_set)
            .default_content(placeholders())
            .set_bulk_email_entries(Some(entries));
        match call.send().await {
            Ok(answer) => answered(count, answer.bulk_email_entry_results()),
            Err(error) => hand_over("SendBulkEmail", &error),
        }
    }

    /// One call for one message.
    pub async fn send_sealed(&self, from: &str, SealedMail { to, message, tags }: SealedMail) -> HandOver {
        let unbuilt = |error| HandOver::NotSent(format!("SendEmail: {error}"));
        let (raw, tags) = match (RawMessage::builder().data(Blob::new(message)).build(), tags_of(&tags)) {
            (Ok(raw), Ok(tags)) => (raw, tags),
            (Err(error), _) | (_, Err(error)) => return unbuilt(error),
        };
        self.count_call();
        let call = self
            .client
            .send_email()
            .from_email_address(from)
            .configuration_set_name(&self.configuration_set)
            .destination(Destination::builder().to_addresses(to.personal().expose()).build())
            .content(EmailContent::builder().raw(raw).build())
            .set_email_tags(Some(tags));
        match call.send().await {
            Ok(answer) => match answer.message_id() {
                Some(id) => HandOver::Answered(vec![Entry::Accepted(id.to_owned())]),
                None => HandOver::Unknown("SendEmail: no id in the answer".to_owned()),
            },
            // "It contains invalid content."
            Err(error) if error.code() == Some("MessageRejected") => {
                HandOver::Unfit("SendEmail: MessageRejected".to_owned())
            }
            Err(error) => hand_over("SendEmail", &error),
        }
    }

    fn count_call(&self) {
        let usage = self.meter.get();
        self.meter.set(Usage { mail_calls: usage.mail_calls + 1, ..usage });
    }
}

/// A letter of nothing but placeholders: the messages are rendered, and SES must only carry them.
///
/// In an inline template SES knows `{{name}}` alone, and it does not escape what it puts in:
/// <https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-advanced.html>
fn placeholders() -> BulkEmailContent {
    let content =
        EmailTemplateContent::builder().subject("{{subject}}").text("{{text}}").html("{{html}}").build();
    BulkEmailContent::builder()
        .template(Template::builder().template_content(content).template_data("{}").build())
        .build()
}

fn entry(mail: &Mail) -> Result<BulkEmailEntry, BuildError> {
    let parts = json!({ "subject": mail.subject, "text": mail.text, "html": mail.html });
    let parts = ReplacementTemplate::builder().replacement_template_data(parts.to_string()).build();
    Ok(BulkEmailEntry::builder()
        .destination(Destination::builder().to_addresses(mail.to.personal().expose()).build())
        .replacement_email_content(ReplacementEmailContent::builder().replacement_template(parts).build())
        .set_replacement_tags(Some(tags_of(&mail.tags)?))
        .build())
}

fn tags_of(tags: &Tags) -> Result<Vec<MessageTag>, BuildError> {
    tags.iter().map(|(name, value)| MessageTag::builder().name(*name).value(value).build()).collect()
}

/// The entries in their order, cut into calls that SES takes: at most fifty, at most 1 MB. A message that is too
/// large by itself has a call of its own, which SES refuses.
fn calls(entries: Vec<BulkEmailEntry>) -> Vec<Vec<BulkEmailEntry>> {
    let mut calls: Vec<Vec<BulkEmailEntry>> = Vec::new();
    let mut room = 0;
    for entry in entries {
        let bytes = bytes_of(&entry);
        match calls.last_mut() {
            Some(call) if call.len() < CHUNK_SIZE && bytes <= room => {
                room -= bytes;
                call.push(entry);
            }
            Some(_) | None => {
                room = CALL_BYTES.saturating_sub(bytes);
                calls.push(vec![entry]);
            }
        }
    }
    calls
}

/// The message is JSON within JSON: its quotes and backslashes take two bytes.
fn bytes_of(entry: &BulkEmailEntry) -> usize {
    let parts = entry
        .replacement_email_content()
        .and_then(|content| content.replacement_template())
        .and_then(|template| template.replacement_template_data())
        .unwrap_or_default();
    parts.len() + parts.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count() + ENTRY_BYTES
}

fn answered(count: usize, results: &[BulkEmailEntryResult]) -> HandOver {
    if results.len() != count {
        return HandOver::Unknown(format!("SendBulkEmail: {} answers for {count} messages", results.len()));
    }
    HandOver::Answered(results.iter().map(answer).collect())
}

/// What SES says of one message. Its `Error` text may quote the address: only the status is kept.
///
/// A state of our account or set-up says nothing about the message and ends when it is mended: the message may go
/// again.
#[expect(clippy::wildcard_enum_match_arm, reason = "SES may learn a status that is newer than this code")]
fn answer(result: &BulkEmailEntryResult) -> Entry {
    let Some(status) = result.status() else {
        return Entry::InDoubt;
    };
    match status {
        BulkEmailStatus::Success => match result.message_id() {
            Some(id) => Entry::Accepted(id.to_owned()),
            None => Entry::InDoubt,
        },
        // "Unable to process your request": nothing of the message itself.
        BulkEmailStatus::Failed
        | BulkEmailStatus::AccountDailyQuotaExceeded
        | BulkEmailStatus::AccountSendingPaused
        | BulkEmailStatus::AccountSuspended
        | BulkEmailStatus::ConfigurationSetNotFound
        | BulkEmailStatus::ConfigurationSetSendingPaused
        | BulkEmailStatus::InvalidSendingPoolName
        | BulkEmailStatus::MailFromDomainNotVerified
        | BulkEmailStatus::TemplateNotFound
        | BulkEmailStatus::TransientFailure => Entry::Throttled(status.as_str().to_owned()),
        BulkEmailStatus::AccountThrottled => Entry::Throttled(TOO_FAST.to_owned()),
        BulkEmailStatus::InvalidParameter | BulkEmailStatus::MessageRejected => {
            Entry::Refused(status.as_str().to_owned())
        }
        _ => Entry::InDoubt,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::loopback::{Loopback, Reply, nobody, sdk_config};
    use crate::start::mail_client;

    const FROM: &str = "privacy@example.com";
    const PATIENT: Duration = Duration::from_secs(30);

    fn post(endpoint: &str, answer_within: Duration) -> Post {
        let client = mail_client(&sdk_config(endpoint), answer_within);
        Post { client, configuration_set: "tocsin-eu-central-1".to_owned(), meter: Meter::default() }
    }

    fn mail(number: usize, html: &str) -> Mail {
        Mail {
            to: format!("ada{number}@example.com").parse().unwrap(),
            subject: "Your data".to_owned(),
            text: "Dear Ada,\r\n{{not ours}}".to_owned(),
            html: html.to_owned(),
            tags: [("chunk", format!("c-{number}"))].into(),
        }
    }

    fn mails(count: usize) -> Vec<Mail> {
        (0..count).map(|number| mail(number, "<p class=\"a\">\"Zwölf\" & <b>so</b></p>")).collect()
    }

    fn accepted(ids: std::ops::Range<usize>) -> String {
        let results: Vec<_> =
            ids.map(|id| json!({ "Status": "SUCCESS", "MessageId": format!("id-{id}") })).collect();
        json!({ "BulkEmailEntryResults": results }).to_string()
    }

    fn ids(ids: std::ops::Range<usize>) -> Vec<Entry> {
        ids.map(|id| Entry::Accepted(format!("id-{id}"))).collect()
    }

    #[tokio::test]
    async fn an_accepted_call_carries_each_message_as_it_is() {
        let server = Loopback::start(vec![Reply::ok(accepted(0..2))]);
        let answer = post(&server.endpoint, PATIENT).send(FROM, &mails(2)).await;
        assert_eq!(answer, HandOver::Answered(ids(0..2)));

        let [request] = server.requests().try_into().unwrap();
        assert_eq!(request.line, "POST /v2/email/outbound-bulk-emails HTTP/1.1");
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["FromEmailAddress"], FROM);
        assert_eq!(body["ConfigurationSetName"], "tocsin-eu-central-1");
        assert_eq!(
            body["DefaultContent"]["Template"]["TemplateContent"],
            json!({ "Subject": "{{subject}}", "Text": "{{text}}", "Html": "{{html}}" })
        );
        let entries = body["BulkEmailEntries"].as_array().unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1]["Destination"], json!({ "ToAddresses": ["ada1@example.com"] }));
        assert_eq!(entries[1]["ReplacementTags"], json!([{ "Name": "chunk", "Value": "c-1" }]));
        let parts = &entries[1]["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"];
        let parts: serde_json::Value = serde_json::from_str(parts.as_str().unwrap()).unwrap();
        let [_, there] = mails(2).try_into().unwrap();
        assert_eq!(parts, json!({ "subject": there.subject, "text": there.text, "html": there.html }));
    }

    #[tokio::test]
    async fn whatever_may_have_been_sent_is_unknown_and_goes_out_once() {
        for reply in [
            Reply::Lost,
            Reply::Truncated,
            Reply::error(500, "InternalServiceErrorException"),
            Reply::error(503, "ServiceUnavailable"),
            Reply::ok("no JSON".to_owned()),
            Reply::ok(accepted(0..1)),
            Reply::ok(accepted(0..3)),
            Reply::ok("{}".to_owned()),
        ] {
            let server = Loopback::start(vec![reply.clone(), Reply::ok(accepted(0..2))]);
            let answer = post(&server.endpoint, PATIENT).send(FROM, &mails(2)).await;
            assert!(matches!(answer, HandOver::Unknown(_)), "{reply:?}: {answer:?}");
            assert_eq!(server.requests().len(), 1, "{reply:?}");
        }
    }

    #[tokio::test]
    async fn silence_is_unknown_and_the_call_goes_out_once() {
        let server = Loopback::start(vec![Reply::Silent, Reply::ok(accepted(0..2))]);
        let answer = post(&server.endpoint, Duration::from_millis(300)).send(FROM, &mails(2)).await;
        assert_eq!(answer, HandOver::Unknown("SendBulkEmail: no answer in time".to_owned()));
        assert_eq!(server.requests().len(), 1);
    }

    #[tokio::test]
    async fn what_was_refused_as_a_whole_was_not_sent() {
        for (status, code) in [
            (429, "TooManyRequestsException"),
            (400, "BadRequestException"),
            (400, "SendingPausedException"),
            (403, "AccessDeniedException"),
            (413, ""),
        ] {
            let reply = Reply::error(status, code);
            let server = Loopback::start(vec![reply, Reply::ok(accepted(0..2))]);
            let answer = post(&server.endpoint, PATIENT).send(FROM, &mails(2)).await;
            let (HandOver::NotSent(why) | HandOver::TooFast(why) | HandOver::Unfit(why)) = &answer else {
                panic!("{status}: {answer:?}")
            };
            assert_eq!(matches!(answer, HandOver::TooFast(_)), status == 429, "{answer:?}");
            let unfit = status == 413 || code == "BadRequestException";
            assert_eq!(matches!(answer, HandOver::Unfit(_)), unfit, "{answer:?}");
            assert!(why.contains(if code.is_empty() { "413" } else { code }), "{why}");
            assert!(!why.contains("ada"), "the service's message is not ours to repeat: {why}");
            assert_eq!(server.requests().len(), 1, "{status}");
        }
    }

    #[tokio::test]
    async fn without_a_connection_nothing_was_sent() {
        let answer = post(&Loopback::nobody(), PATIENT).send(FROM, &mails(1)).await;
        assert_eq!(answer, HandOver::NotSent("SendBulkEmail: no connection".to_owned()));
    }

    #[tokio::test]
    async fn without_credentials_nothing_was_sent() {
        let server = Loopback::start(vec![Reply::ok(accepted(0..1))]);
        let without = sdk_config(&server.endpoint).into_builder().credentials_provider(nobody()).build();
        let post = Post {
            client: mail_client(&without, PATIENT),
            configuration_set: "set".to_owned(),
            meter: Meter::default(),
        };
        let answer = post.send(FROM, &mails(1)).await;
        assert_eq!(answer, HandOver::NotSent("SendBulkEmail: no AWS credentials".to_owned()));
        assert_eq!(server.requests().len(), 0);
    }

    #[tokio::test]
    async fn each_call_has_a_connection_of_its_own() {
        let server = Loopback::start(vec![Reply::Kept(accepted(0..1)), Reply::Kept(accepted(1..2))]);
        let post = post(&server.endpoint, PATIENT);
        assert_eq!(post.send(FROM, &mails(1)).await, HandOver::Answered(ids(0..1)));
        assert_eq!(post.send(FROM, &mails(1)).await, HandOver::Answered(ids(1..2)));
    }

    #[tokio::test]
    async fn large_messages_go_in_several_calls_and_stop_at_the_first_trouble() {
        let large: Vec<Mail> = (0..4).map(|number| mail(number, &"x".repeat(400_000))).collect();
        let in_doubt = |count: usize| vec![Entry::InDoubt; count];
        let throttled = |count: usize, why: &str| vec![Entry::Throttled(why.to_owned()); count];
        for (replies, calls, expected) in [
            (vec![Reply::ok(accepted(0..2)), Reply::ok(accepted(2..4))], 2, HandOver::Answered(ids(0..4))),
            (
                vec![Reply::ok(accepted(0..2)), Reply::error(429, "TooManyRequestsException")],
                2,
                HandOver::Answered([ids(0..2), throttled(2, TOO_FAST)].concat()),
            ),
            (
                vec![Reply::error(429, "TooManyRequestsException"), Reply::ok(accepted(0..2))],
                1,
                HandOver::TooFast("SendBulkEmail: TooManyRequestsException".to_owned()),
            ),
            (
                vec![Reply::Lost, Reply::ok(accepted(0..2))],
                1,
                HandOver::Answered(
                    [in_doubt(2), throttled(2, "after SendBulkEmail: the connection failed")].concat(),
                ),
            ),
        ] {
            let server = Loopback::start(replies);
            assert_eq!(post(&server.endpoint, PATIENT).send(FROM, &large).await, expected);
            assert_eq!(server.requests().len(), calls);
        }
    }

    fn sealed() -> SealedMail {
        SealedMail {
            to: "filings@authority.example".parse().unwrap(),
            message: b"Subject: Encrypted notice\r\n\r\n\x00\xff".to_vec(),
            tags: [("chunk", "c-0".to_owned())].into(),
        }
    }

    #[tokio::test]
    async fn an_encrypted_mail_is_one_call_and_carries_the_message_to_the_last_byte() {
        let server = Loopback::start(vec![Reply::ok(json!({ "MessageId": "id-0" }).to_string())]);
        let post = post(&server.endpoint, PATIENT);
        assert_eq!(post.send_sealed(FROM, sealed()).await, HandOver::Answered(ids(0..1)));
        assert_eq!(post.meter.get().mail_calls, 1);

        let [request] = server.requests().try_into().unwrap();
        assert_eq!(request.line, "POST /v2/email/outbound-emails HTTP/1.1");
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        let data = "U3ViamVjdDogRW5jcnlwdGVkIG5vdGljZQ0KDQoA/w==";
        assert_eq!(
            body,
            json!({
                "FromEmailAddress": FROM,
                "Destination": { "ToAddresses": ["filings@authority.example"] },
                "Content": { "Raw": { "Data": data } },
                "EmailTags": [{ "Name": "chunk", "Value": "c-0" }],
                "ConfigurationSetName": "tocsin-eu-central-1",
            })
        );
    }

    #[tokio::test]
    async fn an_encrypted_mail_goes_out_once_whatever_is_answered() {
        let unknown = |why: &str| HandOver::Unknown(format!("SendEmail: {why}"));
        let not_sent = |why: &str| HandOver::NotSent(format!("SendEmail: {why}"));
        for (reply, expected) in [
            (Reply::Lost, unknown("the connection failed")),
            (Reply::Truncated, unknown("the answer is unreadable")),
            (Reply::error(500, "InternalServiceErrorException"), unknown("InternalServiceErrorException")),
            (Reply::ok("{}".to_owned()), unknown("no id in the answer")),
            (
                Reply::error(429, "TooManyRequestsException"),
                HandOver::TooFast("SendEmail: TooManyRequestsException".to_owned()),
            ),
            (Reply::error(400, "SendingPausedException"), not_sent("SendingPausedException")),
            (Reply::error(403, "AccessDeniedException"), not_sent("AccessDeniedException")),
            (
                Reply::error(400, "BadRequestException"),
                HandOver::Unfit("SendEmail: BadRequestException".to_owned()),
            ),
            (Reply::error(400, "MessageRejected"), HandOver::Unfit("SendEmail: MessageRejected".to_owned())),
        ] {
            let again = Reply::ok(json!({ "MessageId": "id-0" }).to_string());
            let server = Loopback::start(vec![reply.clone(), again]);
            let answer = post(&server.endpoint, PATIENT).send_sealed(FROM, sealed()).await;
            assert_eq!(answer, expected, "{reply:?}");
            assert_eq!(server.requests().len(), 1, "{reply:?}");
        }
        let nobody = post(&Loopback::nobody(), PATIENT).send_sealed(FROM, sealed()).await;
        assert_eq!(nobody, not_sent("no connection"));
    }

    #[test]
    fn every_status_has_its_meaning() {
        let result = |status: &str, id: Option<&str>| {
            BulkEmailEntryResult::builder()
                .status(BulkEmailStatus::from(status))
                .set_message_id(id.map(str::to_owned))
                .error("ada@example.com is bad")
                .build()
        };
        let throttled = [
            "ACCOUNT_DAILY_QUOTA_EXCEEDED",
            "ACCOUNT_SENDING_PAUSED",
            "ACCOUNT_SUSPENDED",
            "CONFIGURATION_SET_NOT_FOUND",
            "CONFIGURATION_SET_SENDING_PAUSED",
            "FAILED",
            "INVALID_SENDING_POOL_NAME",
            "MAIL_FROM_DOMAIN_NOT_VERIFIED",
            "TEMPLATE_NOT_FOUND",
            "TRANSIENT_FAILURE",
        ];
        let refused = ["INVALID_PARAMETER", "MESSAGE_REJECTED"];
        for status in throttled {
            assert_eq!(answer(&result(status, None)), Entry::Throttled(status.to_owned()));
        }
        for status in refused {
            assert_eq!(answer(&result(status, None)), Entry::Refused(status.to_owned()));
        }
        assert!(answer(&result("ACCOUNT_THROTTLED", None)).is_too_fast());
        assert_eq!(throttled.len() + refused.len() + 2, BulkEmailStatus::values().len());
        assert_eq!(answer(&result("SUCCESS", Some("id"))), Entry::Accepted("id".to_owned()));
        assert_eq!(answer(&result("SUCCESS", None)), Entry::InDoubt);
        assert_eq!(answer(&result("SOMETHING_NEW", None)), Entry::InDoubt);
        assert_eq!(answer(&BulkEmailEntryResult::builder().build()), Entry::InDoubt);
    }

    #[test]
    fn a_call_takes_fifty() {
        let entries: Vec<BulkEmailEntry> = mails(101).iter().map(|mail| entry(mail).unwrap()).collect();
        let sizes: Vec<usize> = calls(entries).iter().map(Vec::len).collect();
        assert_eq!(sizes, [50, 50, 1]);
    }
}
