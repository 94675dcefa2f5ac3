//! CloudWatch Logs: what a subscription filter hands to a function, lines packed with gzip and base64.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::ReceiptError;
use crate::json;

/// What a subscription hands over unpacks to about 6 MB at most; a pack of zeros could unpack to a thousand times that.
const MAX_UNPACKED: u64 = 32 * 1024 * 1024;

/// Where the pack stands: in the event, or in the record of an event that a function failed at three times, as Lambda
/// puts it into a dead-letter queue.
const PLACES: [&str; 2] = ["/awslogs/data", "/requestPayload/awslogs/data"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pack {
    message_type: String,
    log_events: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    message: String,
}

pub(super) fn knows(value: &Value) -> bool {
    json::first_text(value, &PLACES).is_some()
}

/// The lines; none where CloudWatch Logs only asks whether somebody is there (`CONTROL_MESSAGE`).
pub(super) fn lines(value: &Value) -> Result<Vec<String>, ReceiptError> {
    let packed = json::first_text(value, &PLACES).and_then(|text| STANDARD.decode(text).ok());
    let packed = packed.ok_or(ReceiptError::Packed)?;
    let mut text = Vec::new();
    let unpacked = flate2::read::GzDecoder::new(packed.as_slice()).take(MAX_UNPACKED).read_to_end(&mut text);
    unpacked.map_err(|_| ReceiptError::Packed)?;
    let Pack { message_type, log_events } =
        serde_json::from_slice(&text).map_err(|_| ReceiptError::Packed)?;
    match message_type.as_str() {
        "DATA_MESSAGE" => Ok(log_events.into_iter().map(|line| line.message).collect()),
        "CONTROL_MESSAGE" => Ok(Vec::new()),
        _ => Err(ReceiptError::UnknownType),
    }
}
