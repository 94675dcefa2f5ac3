//! Delivery events: what a provider says about a message that it took.
//!
//! No address of a recipient ever leaves this module. Details are taken by an allow-list: codes and fixed phrases,
//! never a remote server's own text, which often repeats the address.

mod logs;
mod ses;
mod sms;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_domain::receipt::Fact;

use crate::envelope::{self, EnvelopeError, Payload};

/// One fact about one message. One message has one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryEvent {
    /// What the provider called the message when it took it.
    pub provider_message_id: String,
    pub kind: ReceiptKind,
    /// When it happened, by the provider.
    pub at: Timestamp,
    /// When the provider took the message, where the event says it.
    pub taken_at: Option<Timestamp>,
    /// Our own tags of the message, such as chunk and attempt.
    pub tags: BTreeMap<String, String>,
    /// Subtype and status codes, for people. Without addresses.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiptKind {
    /// The provider took the message and will try.
    Sent,
    /// The receiving mail server took it.
    Delivered,
    /// This address will not work: take another channel.
    BouncedPermanent(PermanentBounce),
    /// This try failed; the same or another message may get through.
    BouncedTransient(TransientBounce),
    /// The provider could not tell why it came back.
    BouncedUndetermined,
    /// The recipient called it unwanted, and so has it.
    Complained,
    /// The provider refused to send it: a virus, for one.
    Rejected,
    /// The template could not be filled: nothing was sent.
    RenderingFailed,
    /// The provider keeps trying.
    Delayed,
    Opened,
    Clicked,
    /// The recipient changed a subscription by a link of the message. It does not end a legal duty to notify.
    Subscribed,
    /// On its way: queued, or handed to the carrier.
    SmsPending,
    /// The carrier took it. Nobody knows about the phone.
    SmsAcceptedByCarrier,
    /// The phone has it.
    SmsDelivered,
    SmsFailed(SmsFailure),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermanentBounce {
    General,
    NoEmail,
    /// On a list of addresses that bounced before: nothing was sent.
    Suppressed,
    Other,
}

/// What would help is in the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransientBounce {
    General,
    MailboxFull,
    MessageTooLarge,
    ContentRejected,
    AttachmentRejected,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmsFailure {
    /// Not a number that can get a text, or the text is not one: take another channel.
    Invalid,
    /// The carrier, a filter, a spending limit or the recipient stands in the way.
    Blocked,
    /// Switched off, out of reach, or too late.
    Unreachable,
    /// No final word within the carrier's time.
    Unknown,
}

/// What a receipt says about whether the recipient has the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// The receiving side confirmed it.
    Reached,
    NotReached,
    /// It may still end either way.
    Pending,
}

impl DeliveryState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::NotReached => "not-reached",
            Self::Pending => "pending",
        }
    }
}

impl ReceiptKind {
    /// Whether the receiving side refused the address for good. What was never sent, or may get through at another
    /// time, is none.
    pub fn is_hard_bounce(self) -> bool {
        match self {
            Self::BouncedPermanent(
                PermanentBounce::General | PermanentBounce::NoEmail | PermanentBounce::Other,
            )
            | Self::SmsFailed(SmsFailure::Invalid) => true,
            Self::BouncedPermanent(PermanentBounce::Suppressed)
            | Self::Sent
            | Self::Delivered
            | Self::BouncedTransient(_)
            | Self::BouncedUndetermined
            | Self::Complained
            | Self::Rejected
            | Self::RenderingFailed
            | Self::Delayed
            | Self::Opened
            | Self::Clicked
            | Self::Subscribed
            | Self::SmsPending
            | Self::SmsAcceptedByCarrier
            | Self::SmsDelivered
            | Self::SmsFailed(SmsFailure::Blocked | SmsFailure::Unreachable | SmsFailure::Unknown) => false,
        }
    }

    /// Whether the provider took the message and refused to send it, whoever it is for. An address that it refuses because
    /// mail to it bounced before is no word on the message.
    pub fn is_refusal(self) -> bool {
        match self {
            Self::Rejected | Self::RenderingFailed => true,
            Self::Sent
            | Self::Delivered
            | Self::BouncedPermanent(_)
            | Self::BouncedTransient(_)
            | Self::BouncedUndetermined
            | Self::Complained
            | Self::Delayed
            | Self::Opened
            | Self::Clicked
            | Self::Subscribed
            | Self::SmsPending
            | Self::SmsAcceptedByCarrier
            | Self::SmsDelivered
            | Self::SmsFailed(_) => false,
        }
    }

    /// Whether it is about a text message.
    pub fn is_of_text(self) -> bool {
        match self {
            Self::SmsPending | Self::SmsAcceptedByCarrier | Self::SmsDelivered | Self::SmsFailed(_) => true,
            Self::Sent
            | Self::Delivered
            | Self::BouncedPermanent(_)
            | Self::BouncedTransient(_)
            | Self::BouncedUndetermined
            | Self::Complained
            | Self::Rejected
            | Self::RenderingFailed
            | Self::Delayed
            | Self::Opened
            | Self::Clicked
            | Self::Subscribed => false,
        }
    }

    /// The fact that a receipt of this kind records.
    pub fn fact(self) -> Fact {
        match self {
            Self::Sent | Self::SmsPending | Self::SmsAcceptedByCarrier => Fact::Sent,
            Self::Delivered | Self::SmsDelivered => Fact::Delivered,
            Self::Complained | Self::Opened | Self::Clicked | Self::Subscribed => Fact::Seen,
            Self::Delayed => Fact::Delayed,
            Self::BouncedPermanent(PermanentBounce::Suppressed) | Self::Rejected | Self::RenderingFailed => {
                Fact::NeverSent
            }
            Self::BouncedPermanent(
                PermanentBounce::General | PermanentBounce::NoEmail | PermanentBounce::Other,
            )
            | Self::BouncedTransient(_)
            | Self::BouncedUndetermined
            | Self::SmsFailed(_) => Fact::Bounced,
        }
    }

    /// A complaint, an opening, a click or a changed subscription proves that the message arrived.
    pub fn state(self) -> DeliveryState {
        match self.fact() {
            Fact::Delivered | Fact::Seen => DeliveryState::Reached,
            Fact::Sent | Fact::Delayed => DeliveryState::Pending,
            Fact::Bounced | Fact::NeverSent => DeliveryState::NotReached,
        }
    }
}

/// Why a body is no delivery event. To be parked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    #[error("{0}")]
    Envelope(#[from] EnvelopeError),
    #[error("{0}")]
    Json(#[from] crate::json::JsonError),
    #[error("the lines of a log cannot be unpacked")]
    Packed,
    #[error("no delivery event that is known")]
    UnknownFormat,
    #[error("a delivery event of an unknown type")]
    UnknownType,
    #[error("the delivery event has no usable {0}")]
    Field(&'static str),
}

/// Reads the body of a queue message. An empty list is a message of the provider to us, such as the one SES sends
/// when an event destination is made: to be acknowledged.
pub fn receipts(body: &[u8]) -> Result<Vec<DeliveryEvent>, ReceiptError> {
    each(body)?.into_iter().collect()
}

/// The same, where a body holds many events: each by itself, so that one that cannot be read keeps no other back.
pub fn each(body: &[u8]) -> Result<Vec<Result<DeliveryEvent, ReceiptError>>, ReceiptError> {
    match envelope::open(body)? {
        Payload::Json(value) if ses::knows(&value) => Ok(vec![ses::read(&value)]),
        Payload::Json(value) if sms::knows(&value) => Ok(vec![sms::read(&value)]),
        Payload::Json(value) if sms::knows_log(&value) => Ok(vec![sms::read_log(&value)]),
        Payload::Json(value) if logs::knows(&value) => {
            let read = |line: &String| sms::read_log(&crate::json::parse_text(line)?);
            Ok(logs::lines(&value)?.iter().map(read).collect())
        }
        Payload::Text(text) if text.trim_start().starts_with("Successfully validated SNS topic") => {
            Ok(Vec::new())
        }
        Payload::Json(_) | Payload::Text(_) => Err(ReceiptError::UnknownFormat),
    }
}

/// Letters, digits and a few marks, as both providers form their ids.
fn message_id(value: &Value, pointer: &str) -> Result<String, ReceiptError> {
    let lawful = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let id = crate::json::text(value, pointer).filter(|id| id.len() <= 200 && id.bytes().all(lawful));
    Ok(id.ok_or(ReceiptError::Field("message id"))?.to_owned())
}

/// Tags that we set: not the provider's own (`ses:...`), and none that could be an address or a number.
fn own_tags(tags: Option<&Value>) -> BTreeMap<String, String> {
    let entries = tags.and_then(Value::as_object).into_iter().flatten();
    entries
        .filter(|(name, _)| !name.starts_with("ses:"))
        .filter_map(|(name, value)| {
            let value = value.as_str().or_else(|| value.get(0)?.as_str())?;
            let plain = |text: &str| text.len() <= 256 && !text.contains('@') && !text.starts_with('+');
            (plain(name) && plain(value)).then(|| (name.clone(), value.to_owned()))
        })
        .collect()
}
