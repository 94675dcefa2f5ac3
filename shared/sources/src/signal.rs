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
//! | OCSF, findings category | `class_uid` from 2001 |
//! | AWS Security Incident Response | an event with `source` `aws.security-ir`; or a case with `caseArn` |
//! | Shopify over a partner event bus | `metadata` with a Shopify topic |
//! | Wazuh | `rule` with a `level`, and the `agent`, `manager` or `decoder` |
//! | CrowdStrike Falcon | `eventType` or `ExternalApiType` of a detection; `composite_id` |
//! | Microsoft Sentinel | `type` under `Microsoft.SecurityInsights`; `SystemAlertId`; `IncidentNumber` |
//! | QRadar | two of the numbers that only its offenses have |
//! | Datadog, Defender, Elastic, Google SecOps, SentinelOne, Splunk, Wiz | see each module |
//! | CEF, LEEF | text with `CEF:` or `LEEF:` and a version, behind a syslog header or none |
//!
//! Where a vendor has words for how bad a finding is, a word that is not known, or none, rejects it. Where a vendor
//! has none, or leaves it to the customer, the finding is unrated. Each module says from where it has its numbers.

mod asff;
mod cef;
mod crowdstrike;
mod datadog;
mod defender;
mod elastic;
mod generic;
mod guardduty;
mod leef;
mod lines;
mod macie;
mod ocsf;
mod qradar;
mod secops;
mod security_ir;
mod sentinel;
mod sentinelone;
mod shopify_bus;
mod splunk;
mod wazuh;
mod wiz;

use serde_json::Value;
use tocsin_domain::signal::{Severity, Signal, SignalStatus};

pub use crate::draft::BadId;
use crate::draft::bounded;
use crate::envelope::{self, EnvelopeError, Payload};
use crate::json;

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
    #[error("the source's news of something that is no finding")]
    NoFinding,
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
    Format { knows: security_ir::knows, read: security_ir::read },
    Format { knows: shopify_bus::knows, read: shopify_bus::read },
    Format { knows: crowdstrike::knows, read: crowdstrike::read },
    Format { knows: wazuh::knows, read: wazuh::read },
    Format { knows: elastic::knows, read: elastic::read },
    Format { knows: datadog::knows, read: datadog::read },
    Format { knows: secops::knows, read: secops::read },
    Format { knows: wiz::knows, read: wiz::read },
    Format { knows: splunk::knows, read: splunk::read },
    Format { knows: sentinelone::knows, read: sentinelone::read },
    Format { knows: sentinel::knows, read: sentinel::read },
    Format { knows: qradar::knows, read: qradar::read },
    Format { knows: defender::knows, read: defender::read },
];

/// Reads the body of a queue message.
pub fn parse(body: &[u8]) -> Parsed {
    match envelope::open(body) {
        Ok(Payload::Json(value)) => parse_value(&value),
        Ok(Payload::Text(text)) => gather(lines::read(&text)),
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

/// One finding, or the list of them at the first of the places where a vendor puts lists; nothing if there is none.
fn each<'a>(value: &'a Value, places: &[&str], is_one: fn(&Value) -> bool) -> &'a [Value] {
    if is_one(value) {
        return std::slice::from_ref(value);
    }
    let lists = places.iter().filter_map(|place| json::at(value, place)).map(|found| match found {
        Value::Array(list) => list.as_slice(),
        Value::Object(_) => std::slice::from_ref(found),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => &[],
    });
    lists.into_iter().find(|list| list.iter().any(is_one)).unwrap_or_default()
}

/// Reads what [`each`] finds. What else lies in the list is in no format that is known.
fn read_each(
    value: &Value,
    places: &[&str],
    is_one: fn(&Value) -> bool,
    finding: fn(&Value) -> Finding,
) -> Vec<Finding> {
    let found = each(value, places, is_one).iter().take(MAX_FINDINGS + 1);
    found.map(|one| if is_one(one) { finding(one) } else { Err(Rejection::UnknownFormat) }).collect()
}

/// What a search of Elasticsearch or OpenSearch wraps around a document.
fn without_hit(value: &Value) -> &Value {
    value.get("_source").filter(|source| source.is_object()).unwrap_or(value)
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

/// The text is one of the words, in any case.
fn is_one_of(word: Option<&str>, words: &[&str]) -> bool {
    word.is_some_and(|word| words.iter().any(|other| word.eq_ignore_ascii_case(other)))
}

/// The bands of a number from 0 to 10, as CEF defines them for its severity: 0 to 3 low, 4 to 6 medium, 7 and 8 high,
/// 9 and 10 very high.
fn out_of_ten(number: u64) -> Option<Severity> {
    match number {
        0..=3 => Some(Severity::Low),
        4..=6 => Some(Severity::Medium),
        7 | 8 => Some(Severity::High),
        9 | 10 => Some(Severity::Critical),
        _ => None,
    }
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

#[cfg(test)]
#[path = "../tests/sources/siem/samples.rs"]
mod samples;

#[cfg(test)]
mod tests {
    use super::*;

    /// So that the order of [`FORMATS`] decides nothing.
    #[test]
    fn every_sample_is_known_by_exactly_one_reader() {
        for (source, _, id, body) in samples::json_samples() {
            let body = envelope::open(body.to_string().as_bytes());
            let Ok(Payload::Json(value)) = body else { panic!("{source} {id}: {body:?}") };
            let known = FORMATS.iter().filter(|format| (format.knows)(&value)).count();
            assert_eq!(known, 1, "{source} {id}");
        }
        for (source, _, id, body) in samples::text_samples() {
            let body = envelope::open(body.as_str().unwrap_or_default().as_bytes());
            assert!(matches!(body, Ok(Payload::Text(_))), "{source} {id}");
        }
    }
}
