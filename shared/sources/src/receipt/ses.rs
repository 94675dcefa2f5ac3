//! Amazon SES: published events (`eventType`) and the older feedback notifications (`notificationType`).
//! <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>

use serde_json::Value;

use super::{
    DeliveryEvent, PermanentBounce, ReceiptError, ReceiptKind, TransientBounce, message_id, own_tags,
};
use crate::{json, text, time};

pub(super) fn knows(value: &Value) -> bool {
    event_type(value).is_some() && json::is_object(value, "/mail")
}

pub(super) fn read(value: &Value) -> Result<DeliveryEvent, ReceiptError> {
    let (kind, part) = kind(value)?;
    let happened = format!("/{part}/timestamp");
    Ok(DeliveryEvent {
        provider_message_id: message_id(value, "/mail/messageId")?,
        kind,
        at: time::first(value, &[&happened, "/mail/timestamp"]).ok_or(ReceiptError::Field("timestamp"))?,
        taken_at: time::first(value, &["/mail/timestamp"]),
        tags: own_tags(json::at(value, "/mail/tags")),
        detail: detail(value),
    })
}

fn event_type(value: &Value) -> Option<&str> {
    json::first_text(value, &["/eventType", "/notificationType"])
}

/// The kind, and the member of the event that describes it.
fn kind(value: &Value) -> Result<(ReceiptKind, &'static str), ReceiptError> {
    match event_type(value).unwrap_or_default() {
        "Send" => Ok((ReceiptKind::Sent, "send")),
        "Delivery" => Ok((ReceiptKind::Delivered, "delivery")),
        "Bounce" => Ok((bounce(value), "bounce")),
        "Complaint" => Ok((complaint(value), "complaint")),
        "Reject" => Ok((ReceiptKind::Rejected, "reject")),
        // With a space in the events, without one in the name of the event destination's setting.
        "Rendering Failure" | "RenderingFailure" => Ok((ReceiptKind::RenderingFailed, "failure")),
        "DeliveryDelay" => Ok((ReceiptKind::Delayed, "deliveryDelay")),
        "Open" => Ok((ReceiptKind::Opened, "open")),
        "Click" => Ok((ReceiptKind::Clicked, "click")),
        "Subscription" => Ok((ReceiptKind::Subscribed, "subscription")),
        _ => Err(ReceiptError::UnknownType),
    }
}

fn bounce(value: &Value) -> ReceiptKind {
    let subtype = json::text(value, "/bounce/bounceSubType").unwrap_or_default();
    match json::text(value, "/bounce/bounceType") {
        Some("Permanent") => ReceiptKind::BouncedPermanent(match subtype {
            "General" => PermanentBounce::General,
            "NoEmail" => PermanentBounce::NoEmail,
            "Suppressed" | "OnAccountSuppressionList" => PermanentBounce::Suppressed,
            _ => PermanentBounce::Other,
        }),
        Some("Transient") => ReceiptKind::BouncedTransient(match subtype {
            "General" => TransientBounce::General,
            "MailboxFull" => TransientBounce::MailboxFull,
            "MessageTooLarge" => TransientBounce::MessageTooLarge,
            "ContentRejected" => TransientBounce::ContentRejected,
            "AttachmentRejected" => TransientBounce::AttachmentRejected,
            _ => TransientBounce::Other,
        }),
        _ => ReceiptKind::BouncedUndetermined,
    }
}

/// A complaint of this subtype is SES's own: the address is on our suppression list, and nothing was sent.
fn complaint(value: &Value) -> ReceiptKind {
    match json::text(value, "/complaint/complaintSubType") {
        Some("OnAccountSuppressionList") => ReceiptKind::BouncedPermanent(PermanentBounce::Suppressed),
        Some(_) | None => ReceiptKind::Complained,
    }
}

fn detail(value: &Value) -> String {
    let phrases = [
        "/bounce/bounceType",
        "/bounce/bounceSubType",
        "/complaint/complaintFeedbackType",
        "/complaint/complaintSubType",
        "/reject/reason",
        "/failure/errorMessage",
        "/deliveryDelay/delayType",
    ];
    let codes = ["/bounce/bouncedRecipients/0", "/deliveryDelay/delayedRecipients/0"];
    let said =
        phrases.iter().filter_map(|pointer| text::words(json::text(value, pointer)?)).map(str::to_owned);
    let coded = codes.iter().filter_map(|pointer| json::at(value, pointer)).flat_map(status_codes);
    let smtp = json::text(value, "/delivery/smtpResponse").and_then(reply_code).map(str::to_owned);
    said.chain(coded).chain(smtp).collect::<Vec<_>>().join("; ")
}

/// `5.1.1` (RFC 3463) of the status, and the reply code (RFC 5321) at the head of the remote server's text.
fn status_codes(recipient: &Value) -> Vec<String> {
    let is_status = |text: &&str| text.len() <= 11 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let status = json::text(recipient, "/status").filter(is_status);
    let reply = json::text(recipient, "/diagnosticCode").and_then(|text| {
        let text = text.strip_prefix("smtp;").unwrap_or(text);
        reply_code(text.trim_start())
    });
    status.into_iter().chain(reply).map(str::to_owned).collect()
}

fn reply_code(text: &str) -> Option<&str> {
    let code = text.split([' ', '-']).next()?;
    (code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit())).then_some(code)
}
