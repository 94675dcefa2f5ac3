//! Text messages: events of AWS End User Messaging, and the delivery logs of Amazon SNS.
//! <https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format.html>
//! <https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html>

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{DeliveryEvent, ReceiptError, ReceiptKind, SmsFailure, message_id, own_tags};
use crate::{json, text, time};

pub(super) fn knows(value: &Value) -> bool {
    status(value).is_some() && value.get("messageId").is_some()
}

pub(super) fn read(value: &Value) -> Result<DeliveryEvent, ReceiptError> {
    Ok(DeliveryEvent {
        provider_message_id: message_id(value, "/messageId")?,
        kind: kind(value)?,
        at: time::first(value, &["/eventTimestamp"]).ok_or(ReceiptError::Field("eventTimestamp"))?,
        taken_at: None,
        tags: own_tags(value.get("context")),
        detail: phrases(value, &["/messageStatus", "/messageStatusDescription"]),
    })
}

pub(super) fn knows_log(value: &Value) -> bool {
    json::at(value, "/notification/messageId").is_some() && json::is_object(value, "/delivery")
}

pub(super) fn read_log(value: &Value) -> Result<DeliveryEvent, ReceiptError> {
    Ok(DeliveryEvent {
        provider_message_id: message_id(value, "/notification/messageId")?,
        kind: log_kind(value)?,
        at: log_time(value)?,
        taken_at: None,
        tags: Default::default(),
        detail: phrases(value, &["/status", "/delivery/providerResponse"]),
    })
}

/// `DELIVERED` of `TEXT_DELIVERED`.
fn status(value: &Value) -> Option<&str> {
    let name = json::text(value, "/eventType")?;
    ["TEXT_", "MEDIA_"].iter().find_map(|prefix| name.strip_prefix(prefix))
}

/// A failure that is not final may still end well.
fn kind(value: &Value) -> Result<ReceiptKind, ReceiptError> {
    let kind = match status(value).unwrap_or_default() {
        "DELIVERED" => ReceiptKind::SmsDelivered,
        "SUCCESSFUL" => ReceiptKind::SmsAcceptedByCarrier,
        "QUEUED" | "SENT" | "PENDING" => ReceiptKind::SmsPending,
        "INVALID" | "INVALID_MESSAGE" => ReceiptKind::SmsFailed(SmsFailure::Invalid),
        "BLOCKED" | "CARRIER_BLOCKED" | "PROTECT_BLOCKED" | "SPAM" => {
            ReceiptKind::SmsFailed(SmsFailure::Blocked)
        }
        "UNREACHABLE" | "CARRIER_UNREACHABLE" | "TTL_EXPIRED" => {
            ReceiptKind::SmsFailed(SmsFailure::Unreachable)
        }
        "UNKNOWN" => ReceiptKind::SmsFailed(SmsFailure::Unknown),
        _ => return Err(ReceiptError::UnknownType),
    };
    match (kind, value.get("isFinal").and_then(Value::as_bool)) {
        (ReceiptKind::SmsFailed(_), Some(false)) => Ok(ReceiptKind::SmsPending),
        _ => Ok(kind),
    }
}

/// The log tells when the message was published, and how many milliseconds later the phone, or else the carrier, answered.
fn log_time(value: &Value) -> Result<Timestamp, ReceiptError> {
    let published =
        time::first(value, &["/notification/timestamp"]).ok_or(ReceiptError::Field("timestamp"))?;
    let waits = ["/delivery/dwellTimeMsUntilDeviceAck", "/delivery/dwellTimeMs"];
    let Some(wait) =
        waits.iter().filter_map(|pointer| json::at(value, pointer)).find(|wait| wait.is_number())
    else {
        return Ok(published);
    };
    let wait = wait.as_u64().and_then(|wait| i64::try_from(wait).ok()).map(SignedDuration::from_millis);
    wait.and_then(|wait| published.checked_add(wait).ok()).ok_or(ReceiptError::Field("dwellTimeMs"))
}

/// `SUCCESS` alone says that the carrier took it; with the time until the phone's acknowledgement, that the phone did.
fn log_kind(value: &Value) -> Result<ReceiptKind, ReceiptError> {
    let reached_phone = json::at(value, "/delivery/dwellTimeMsUntilDeviceAck").is_some_and(Value::is_number);
    match (json::text(value, "/status"), reached_phone) {
        (Some("SUCCESS"), true) => Ok(ReceiptKind::SmsDelivered),
        (Some("SUCCESS"), false) => Ok(ReceiptKind::SmsAcceptedByCarrier),
        (Some("FAILURE"), _) => Ok(ReceiptKind::SmsFailed(log_failure(value))),
        _ => Err(ReceiptError::UnknownType),
    }
}

/// By the texts of "SMS delivery failure reasons".
fn log_failure(value: &Value) -> SmsFailure {
    let reason = json::text(value, "/delivery/providerResponse").unwrap_or_default().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if says(&["invalid"]) {
        SmsFailure::Invalid
    } else if says(&["blocked", "opted out", "max price", "spam"]) {
        SmsFailure::Blocked
    } else if says(&["unreachable", "unavailable"]) {
        SmsFailure::Unreachable
    } else {
        SmsFailure::Unknown
    }
}

fn phrases(value: &Value, pointers: &[&str]) -> String {
    let said = pointers.iter().filter_map(|pointer| text::words(json::text(value, pointer)?));
    said.collect::<Vec<_>>().join("; ")
}
