//! Security findings from a queue: the body's format is found out, and the finding normalised.
//!
//! A body that is no finding we know is rejected, so that the caller parks it: it is never a signal of a low
//! severity, and never dropped. A vendor's test finding is ignored.
//!
//! | Format | Known by |
//! |---|---|
//! | generic | `tocsin` |
//! | GuardDuty | `service` with a detector, in camel case (EventBridge) or Pascal case (its API) |
//! | Macie | `resourcesAffected` |
//! | Security Hub, ASFF | `findings`, or `ProductArn` and `GeneratorId` |
//! | OCSF, findings category | `class_uid` 2001 to 2007 |
//! | Shopify over a partner event bus | `metadata` with a Shopify topic |
//! | Datadog, Defender, Elastic, Google SecOps, SentinelOne, Splunk, Wiz | see each module |
//! | CEF | text with `CEF:0\|` or `CEF:1\|` |

mod asff;
mod cef;
mod datadog;
mod defender;
mod elastic;
mod generic;
mod guardduty;
mod macie;
mod ocsf;
mod secops;
mod sentinelone;
mod shopify_bus;
mod splunk;
mod wiz;

use serde_json::Value;
use tocsin_domain::signal::{Severity, Signal, SignalStatus};

pub use crate::draft::BadId;
use crate::draft::bounded;
use crate::envelope::{self, EnvelopeError, Payload};

/// How many findings one body may hold; Security Hub sends at most 100 at once.
pub const MAX_FINDINGS: usize = 100;

/// What a body holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// At least one signal. `rejected` says what else in the body could not be read: then park the body as well.
    Signals { signals: Vec<Signal>, rejected: Vec<Rejection> },
    /// To be acknowledged and counted.
    Ignored { reason: Ignored },
    /// To be parked.
    Rejected { reason: Rejection },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    #[error("a test finding of the vendor")]
    Sample,
    #[error("commerce as usual")]
    Ordinary,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("{0}")]
    Envelope(#[from] EnvelopeError),
    #[error("no format that is known")]
    UnknownFormat,
    #[error("{format} without a usable {field}")]
    Field { format: &'static str, field: &'static str },
    #[error("{0}")]
    Id(#[from] BadId),
    #[error("the body holds no finding")]
    Empty,
    #[error("the body holds more than {MAX_FINDINGS} findings")]
    TooMany,
    /// The mark lies in an escaped text that may hold other things too, in a form that AWS delivers nowhere.
    #[error("a GuardDuty finding in its API form that seems to be a sample: a person must look")]
    UnclearSample,
    #[error("a privacy request of Shopify came over a queue: a person must take it in")]
    ComplianceOverQueue,
}

/// One finding of a body.
type Finding = Result<Reading, Rejection>;

enum Reading {
    Signal(Box<Signal>),
    Ignored(Ignored),
}

struct Format {
    knows: fn(&Value) -> bool,
    read: fn(&Value) -> Vec<Finding>,
}

/// The first that knows the value reads it. Marks that only one product uses stand before common words.
const FORMATS: &[Format] = &[
    Format { knows: generic::knows, read: generic::read },
    Format { knows: guardduty::knows, read: guardduty::read },
    Format { knows: macie::knows, read: macie::read },
    Format { knows: asff::knows, read: asff::read },
    Format { knows: ocsf::knows, read: ocsf::read },
    Format { knows: shopify_bus::knows, read: shopify_bus::read },
    Format { knows: elastic::knows, read: elastic::read },
    Format { knows: datadog::knows, read: datadog::read },
    Format { knows: secops::knows, read: secops::read },
    Format { knows: wiz::knows, read: wiz::read },
    Format { knows: splunk::knows, read: splunk::read },
    Format { knows: sentinelone::knows, read: sentinelone::read },
    Format { knows: defender::knows, read: defender::read },
];

/// Reads the body of a queue message.
pub fn parse(body: &[u8]) -> Parsed {
    match envelope::open(body) {
        Ok(Payload::Json(value)) => parse_value(&value),
        Ok(Payload::Text(text)) => gather(vec![cef::read(&text)]),
        Err(error) => Parsed::Rejected { reason: error.into() },
    }
}

/// Only the generic form, for a sender whose format is agreed upon.
pub(crate) fn read_generic(value: &Value) -> Parsed {
    if !generic::knows(value) {
        return Parsed::Rejected { reason: Rejection::UnknownFormat };
    }
    gather(generic::read(value))
}

/// A list at the top is a batch.
fn parse_value(value: &Value) -> Parsed {
    match value {
        Value::Array(batch) if batch.len() > MAX_FINDINGS => Parsed::Rejected { reason: Rejection::TooMany },
        Value::Array(batch) => gather(batch.iter().flat_map(read).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            gather(read(value))
        }
    }
}

fn read(value: &Value) -> Vec<Finding> {
    match FORMATS.iter().find(|format| (format.knows)(value)) {
        Some(format) => (format.read)(value),
        None => vec![Err(Rejection::UnknownFormat)],
    }
}

/// Signals win over rejections, and rejections over what is ignored: nothing unread is ever acknowledged alone.
fn gather(findings: Vec<Finding>) -> Parsed {
    if findings.len() > MAX_FINDINGS {
        return Parsed::Rejected { reason: Rejection::TooMany };
    }
    let (mut signals, mut ignored, mut rejected) = (Vec::new(), None, Vec::new());
    for finding in findings {
        match finding {
            Ok(Reading::Signal(signal)) => signals.push(*signal),
            Ok(Reading::Ignored(reason)) => ignored = Some(reason),
            Err(reason) => rejected.push(reason),
        }
    }
    match (signals.is_empty(), rejected.pop(), ignored) {
        (false, last, _) => {
            rejected.extend(last);
            Parsed::Signals { signals, rejected }
        }
        (true, Some(reason), _) => Parsed::Rejected { reason },
        (true, None, Some(reason)) => Parsed::Ignored { reason },
        (true, None, None) => Parsed::Rejected { reason: Rejection::Empty },
    }
}

/// The end of every reader.
fn signal(signal: Signal) -> Finding {
    Ok(Reading::Signal(Box::new(bounded(signal)?)))
}

fn missing(format: &'static str, field: &'static str) -> Rejection {
    Rejection::Field { format, field }
}

fn status(is_over: bool) -> SignalStatus {
    if is_over { SignalStatus::Resolved } else { SignalStatus::Open }
}

/// The bands of a number from 0 to 100, as AWS defines them for `Severity.Normalized` in ASFF.
fn out_of_hundred(score: f64) -> Option<Severity> {
    match score {
        0.0 => Some(Severity::Informational),
        s if (0.0..40.0).contains(&s) => Some(Severity::Low),
        s if (40.0..70.0).contains(&s) => Some(Severity::Medium),
        s if (70.0..90.0).contains(&s) => Some(Severity::High),
        s if (90.0..=100.0).contains(&s) => Some(Severity::Critical),
        _ => None,
    }
}
