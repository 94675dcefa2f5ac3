//! A canary message: one of the installation itself that takes the whole way of a mail to a person, on a schedule. When it
//! arrives, everything on that way works; when it does not, somebody hears of it before an incident does. Here and in
//! the store it is called a canary for short; with the canary wave of a plan it has nothing to do.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::BadId;

/// Where a canary goes: SES's mailbox simulator takes it, reports its delivery, and counts it for no reputation.
/// <https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator>
pub const MAILBOX: &str = "success@simulator.amazonses.com";

/// A canary that has not arrived by then is missing. The simulator takes a mail within seconds; what may delay it is a
/// queue, and what waits on one for so long raises that queue's own alarm.
pub const ARRIVES_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// Which canary: the one of a region for the span that begins at an instant. There is one alone, however often
/// somebody looks whether it is time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CanaryId {
    pub region: String,
    /// In whole seconds.
    pub begins: Timestamp,
}

impl CanaryId {
    /// The canary of the span in which `now` lies. Spans are counted from 1970, so that a span of an hour is an hour
    /// of the clock.
    pub fn of(region: &str, every: SignedDuration, now: Timestamp) -> Self {
        let span = every.as_secs().max(1);
        let begins = Timestamp::from_second(now.as_second().div_euclid(span) * span).unwrap_or(now);
        Self { region: region.to_owned(), begins }
    }
}

/// `eu-central-1-1795424400`: of the letters that a tag of a mail may have.
impl fmt::Display for CanaryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.region, self.begins.as_second())
    }
}

impl FromStr for CanaryId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        const BAD: BadId = BadId("canary");
        let (region, begins) = text.rsplit_once('-').ok_or(BAD)?;
        let is_plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
        if region.is_empty() || region.len() > 40 || !region.bytes().all(is_plain) {
            return Err(BAD);
        }
        let begins = Timestamp::from_second(begins.parse().map_err(|_| BAD)?).map_err(|_| BAD)?;
        let canary = Self { region: region.to_owned(), begins };
        if canary.to_string() != text {
            return Err(BAD);
        }
        Ok(canary)
    }
}

impl Serialize for CanaryId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CanaryId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How far a canary has come on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "detail")]
pub enum Flight {
    /// To be handed over, by whoever claims it.
    Due,
    /// Claimed, and no answer is stored.
    HandingOver,
    /// The provider took it, under this id.
    Accepted(String),
    /// Proven not sent.
    NotSent(String),
    /// The provider's answer is unknown.
    InDoubt,
}

impl fmt::Display for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Due => f.write_str("no sender took it from its queue"),
            Self::HandingOver => f.write_str("its sender stored no answer"),
            Self::Accepted(_) => f.write_str("the provider took it, and no delivery was reported"),
            Self::NotSent(why) => write!(f, "it was not sent: {why}"),
            Self::InDoubt => f.write_str("the provider's answer is unknown, and no delivery was reported"),
        }
    }
}

/// A canary as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryMessage {
    pub id: CanaryId,
    /// When it was first put on its queue.
    pub since: Timestamp,
    pub flight: Flight,
    /// When it was delivered, by the provider's report.
    pub delivered: Option<Timestamp>,
    /// Whether it was said how it ended.
    pub is_judged: bool,
}

/// How a canary ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// So long after it was put on its queue.
    Arrived(SignedDuration),
    /// Why, as far as is known.
    Missing(String),
}

impl CanaryMessage {
    /// `None` while it may still arrive. What arrives late, but before anybody looked, has arrived late and is missing.
    pub fn end(&self, now: Timestamp) -> Option<End> {
        let until = self.since + ARRIVES_WITHIN;
        match self.delivered {
            Some(delivered) if delivered <= until => {
                // The provider's clock and ours differ a little.
                Some(End::Arrived(delivered.duration_since(self.since).max(SignedDuration::ZERO)))
            }
            Some(_) => Some(End::Missing("it was delivered too late".to_owned())),
            None if now > until => Some(End::Missing(self.flight.to_string())),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_instant_of_an_hour_has_the_same_canary() {
        let of = |now| CanaryId::of("eu-central-1", SignedDuration::from_hours(1), at(now)).to_string();
        assert_eq!(of("2026-11-23T09:00:00Z"), "eu-central-1-1795424400");
        assert_eq!(of("2026-11-23T09:59:59.9Z"), "eu-central-1-1795424400");
        assert_eq!(of("2026-11-23T10:00:00Z"), "eu-central-1-1795428000");
    }

    #[test]
    fn an_id_is_read_as_it_is_written_and_in_no_other_way() {
        let canary = CanaryId::of("us-east-1", SignedDuration::from_hours(1), at("2026-11-23T09:00:00Z"));
        assert_eq!(canary.to_string().parse(), Ok(canary));
        for wrong in ["", "us", "-1795424400", "us-east-1-01", "us-east-1-x", "us@east-1-1795424400"] {
            assert!(wrong.parse::<CanaryId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_canary_ends_when_it_is_delivered_or_its_time_is_over() {
        let since = at("2026-11-23T09:00:00Z");
        let missing = |why: &str| Some(End::Missing(why.to_owned()));
        let arrived = |seconds| Some(End::Arrived(SignedDuration::from_secs(seconds)));
        for (delivered, now, expected) in [
            (None, "2026-11-23T09:15:00Z", None),
            (None, "2026-11-23T09:15:01Z", missing("no sender took it from its queue")),
            (Some("2026-11-23T09:00:04Z"), "2026-11-23T09:01:00Z", arrived(4)),
            (Some("2026-11-23T08:59:59Z"), "2026-11-23T09:01:00Z", arrived(0)),
            (Some("2026-11-23T09:15:00Z"), "2026-11-23T10:00:00Z", arrived(900)),
            (Some("2026-11-23T09:15:01Z"), "2026-11-23T09:16:00Z", missing("it was delivered too late")),
        ] {
            let canary = CanaryMessage {
                id: CanaryId::of("us-east-1", SignedDuration::from_hours(1), since),
                since,
                flight: Flight::Due,
                delivered: delivered.map(at),
                is_judged: false,
            };
            assert_eq!(canary.end(at(now)), expected, "{delivered:?} at {now}");
        }
    }
}
