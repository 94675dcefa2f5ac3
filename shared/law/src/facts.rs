//! The facts of a breach, as far as law asks for them. They hold counts and kinds, never a person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::words::{Jurisdiction, Risk};

/// What is known about a breach. Missing facts stay missing: the engine says what it made of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawFacts")]
pub struct Facts {
    pub clocks: Clocks,
    pub controller: Controller,
    /// Affected people by residence.
    pub affected: BTreeMap<Jurisdiction, u64>,
    /// Kinds of data, in the words of `rules/data-categories.toml`. An unlisted word could be anything.
    pub data: BTreeSet<String>,
    /// All affected data was encrypted.
    pub encrypted: bool,
    /// The key was, or is believed to have been, taken.
    pub key_compromised: bool,
    /// The assessed risk to people; none while nobody has assessed it.
    pub risk: Option<Risk>,
    /// The enterprise holds the data for others, and owes them word of the breach.
    pub processor: bool,
    pub law_enforcement_hold: Option<LawEnforcementHold>,
    pub payment_cards: Option<PaymentCards>,
    /// Done for an improper purpose, such as unauthorised access (Japan).
    pub improper_purpose: Option<bool>,
    /// A significant incident in the sense of NIS2.
    pub significant_incident: Option<bool>,
    /// Significant or serious harm is likely (Singapore, Australia, New Zealand, Canada, Malaysia).
    pub significant_harm: Option<bool>,
    /// The data is still there in a backup.
    pub backup: Option<bool>,
    /// When what opens the exception for want of risk was done, for each place whose law asks for a filing or a consultation.
    pub exceptions_opened: BTreeMap<Jurisdiction, Timestamp>,
    /// What counsel answered where a rule asks counsel, by the rule's id: whether the duty is owed.
    pub counsel: BTreeMap<String, bool>,
    /// When these facts were written down: nothing in them lies later.
    pub recorded: Option<Timestamp>,
    /// Take the law as of this day, not as of the day on which each law's clock starts.
    pub law_as_of: Option<Date>,
}

/// The instants that laws count from, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Clocks {
    #[serde(flatten)]
    pub given: BTreeMap<Clock, Timestamp>,
    /// When the authority of each jurisdiction was notified.
    pub authority_notified: BTreeMap<Jurisdiction, Timestamp>,
}

/// The legal entity that owes the notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// IANA name of the zone that it counts in.
    pub time_zone: String,
    #[serde(default)]
    pub country: Option<Jurisdiction>,
    /// The member state of its main establishment in the EEA.
    #[serde(default)]
    pub eu_main_establishment: Option<Jurisdiction>,
    /// Where its representative under GDPR Article 27 sits. Gives no one-stop-shop.
    #[serde(default)]
    pub eu_representative: Option<Jurisdiction>,
    /// Trades and statuses that laws name: `hipaa-covered-entity`, `nis2-important`, ...
    #[serde(default)]
    pub sectors: BTreeSet<String>,
}

/// An agency's determination that notice would impede an investigation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LawEnforcementHold {
    pub from: Timestamp,
    /// None while the hold lasts.
    pub lifted: Option<Timestamp>,
}

/// Compromised payment cards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentCards {
    pub accounts: u64,
    /// By brand: `visa`, `mastercard`, `amex`, `discover`, `jcb`, ...
    #[serde(default)]
    pub brands: BTreeMap<String, u64>,
    /// What the contract with the acquirer gives for a brand's notice, in hours, where it gives other terms than the brand.
    #[serde(default)]
    pub acquirer_hours: BTreeMap<String, u32>,
}

/// Facts that cannot be: nothing is computed from them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    #[error("clock `{0}` is unknown")]
    UnknownClock(String),
    #[error("clock `{0}` is not an RFC 3339 instant")]
    Instant(Clock),
    #[error(
        "clock `{0}` has the wrong shape: authority_notified is a map by jurisdiction, all others one instant"
    )]
    Shape(Clock),
    #[error("law_enforcement_hold.{0} is neither an RFC 3339 instant nor a date")]
    HoldInstant(&'static str),
    #[error("law_enforcement_hold is lifted before it begins")]
    HoldLiftedBeforeItBegins,
    #[error("no clock is given: no law can be dated")]
    NoClock,
    #[error("clock `{later}` lies before clock `{earlier}`")]
    Contradiction { earlier: Clock, later: Clock },
    #[error("clock `{0}` lies after `recorded`, the instant at which these facts were written down")]
    AfterRecord(Clock),
    #[error("`affected` counts more people than can be counted")]
    TooManyPeople,
    #[error("a key of `affected`, authority_notified or exceptions_opened is not a jurisdiction code")]
    Jurisdiction,
    #[error("controller.time_zone is not a zone of the IANA database")]
    TimeZone,
    #[error("controller.eu_main_establishment `{0}` is not in the European Economic Area")]
    NotInEea(Jurisdiction),
}

impl Facts {
    /// Whether the facts can be true together.
    ///
    /// # Errors
    /// When there is no clock, when two clocks contradict each other or one lies after the record, when people overflow
    /// their count, or when the controller's zone is unknown.
    pub fn check(&self) -> Result<(), FactsError> {
        self.zone()?;
        self.clocks.check()?;
        if let Some((clock, _)) =
            self.clocks.all().find(|(_, at)| self.recorded.is_some_and(|recorded| *at > recorded))
        {
            return Err(FactsError::AfterRecord(clock));
        }
        if self.affected.values().try_fold(0_u64, |sum, people| sum.checked_add(*people)).is_none() {
            return Err(FactsError::TooManyPeople);
        }
        self.law_enforcement_hold.as_ref().map_or(Ok(()), LawEnforcementHold::check)
    }

    pub(crate) fn zone(&self) -> Result<TimeZone, FactsError> {
        TimeZone::get(&self.controller.time_zone).map_err(|_| FactsError::TimeZone)
    }

    /// Whether the key is lost: it is said, or an instant is given at which it was found out.
    pub fn key_is_lost(&self) -> bool {
        self.key_compromised || self.clocks.given.contains_key(&Clock::KeyCompromiseDiscovered)
    }

    /// Whether whoever holds data for others is said to know of it as a controller too.
    pub(crate) fn knows_as_processor_alone(&self) -> bool {
        let of_processor = |clock: &Clock| match clock {
            Clock::Occurrence | Clock::ProcessorAwareness | Clock::AgentDetermination => true,
            Clock::Suspicion
            | Clock::Detection
            | Clock::ReasonToBelieve
            | Clock::Awareness
            | Clock::Discovery
            | Clock::Knowledge
            | Clock::Confirmation
            | Clock::Determination
            | Clock::ScopeIdentified
            | Clock::AssessmentCompleted
            | Clock::Classification
            | Clock::MaterialityDetermination
            | Clock::KeyCompromiseDiscovered
            | Clock::IndividualNoticeSent
            | Clock::NotificationSubmitted
            | Clock::InitialSubmitted
            | Clock::IntermediateSubmitted
            | Clock::AuthorityNotified => false,
        };
        self.processor && self.clocks.given.keys().all(of_processor)
    }

    /// All affected people, wherever they live.
    pub fn people(&self) -> u64 {
        self.affected.values().fold(0, |sum, &n| sum.saturating_add(n))
    }
}

impl LawEnforcementHold {
    /// # Errors
    /// When it is lifted before it begins.
    pub fn check(&self) -> Result<(), FactsError> {
        match self.lifted {
            Some(lifted) if lifted < self.from => Err(FactsError::HoldLiftedBeforeItBegins),
            Some(_) | None => Ok(()),
        }
    }
}

impl Clocks {
    /// Clocks by their words, and the authorities' by the codes of their places.
    ///
    /// # Errors
    /// When a word is no clock, or a code no jurisdiction.
    pub fn named(
        given: &BTreeMap<String, Timestamp>,
        authority_notified: &BTreeMap<String, Timestamp>,
    ) -> Result<Clocks, FactsError> {
        let mut clocks = Clocks::default();
        for (name, &at) in given {
            let clock: Clock = name.parse().map_err(|_| FactsError::UnknownClock(name.clone()))?;
            if clock == Clock::AuthorityNotified {
                return Err(FactsError::Shape(clock));
            }
            clocks.given.insert(clock, at);
        }
        clocks.authority_notified = by_place(authority_notified)?;
        Ok(clocks)
    }

    /// The instant of a clock. `AuthorityNotified` asks for the authority of the jurisdiction.
    pub fn get(&self, clock: Clock, jurisdiction: &Jurisdiction) -> Option<Timestamp> {
        if clock == Clock::AuthorityNotified {
            return self.authority_notified.get(jurisdiction).copied();
        }
        self.given.get(&clock).copied()
    }

    /// The earliest instant of all.
    pub fn earliest(&self) -> Option<Timestamp> {
        self.all().map(|(_, at)| at).min()
    }

    fn all(&self) -> impl Iterator<Item = (Clock, Timestamp)> {
        let notified = self.authority_notified.values().map(|&at| (Clock::AuthorityNotified, at));
        self.given.iter().map(|(&clock, &at)| (clock, at)).chain(notified)
    }

    /// # Errors
    /// When there is none, or two contradict each other.
    pub fn check(&self) -> Result<(), FactsError> {
        if self.earliest().is_none() {
            return Err(FactsError::NoClock);
        }
        for (later, at) in self.all() {
            for &earlier in later.never_before() {
                if self.given.get(&earlier).is_some_and(|&before| at < before) {
                    return Err(FactsError::Contradiction { earlier, later });
                }
            }
        }
        Ok(())
    }
}

/// The facts as written. Instants are texts here, so that an error can name its clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFacts {
    clocks: BTreeMap<String, RawClock>,
    controller: Controller,
    affected: BTreeMap<String, u64>,
    #[serde(default)]
    data: BTreeSet<String>,
    #[serde(default)]
    encrypted: bool,
    #[serde(default)]
    key_compromised: bool,
    #[serde(default)]
    risk: Option<Risk>,
    #[serde(default)]
    processor: bool,
    #[serde(default)]
    law_enforcement_hold: Option<RawHold>,
    #[serde(default)]
    payment_cards: Option<PaymentCards>,
    #[serde(default)]
    improper_purpose: Option<bool>,
    #[serde(default)]
    significant_incident: Option<bool>,
    #[serde(default)]
    significant_harm: Option<bool>,
    #[serde(default)]
    backup: Option<bool>,
    #[serde(default)]
    exceptions_opened: BTreeMap<String, Timestamp>,
    #[serde(default)]
    counsel: BTreeMap<String, bool>,
    #[serde(default)]
    recorded: Option<Timestamp>,
    #[serde(default)]
    law_as_of: Option<Date>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawClock {
    One(String),
    ByJurisdiction(BTreeMap<String, String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHold {
    from: String,
    #[serde(default)]
    lifted: Option<String>,
}

impl TryFrom<RawFacts> for Facts {
    type Error = FactsError;

    fn try_from(raw: RawFacts) -> Result<Facts, FactsError> {
        let zone = TimeZone::get(&raw.controller.time_zone).map_err(|_| FactsError::TimeZone)?;
        let law_enforcement_hold = match raw.law_enforcement_hold {
            Some(hold) => Some(LawEnforcementHold {
                from: instant_or_day(&hold.from, &zone).ok_or(FactsError::HoldInstant("from"))?,
                lifted: match hold.lifted {
                    Some(lifted) => {
                        Some(instant_or_day(&lifted, &zone).ok_or(FactsError::HoldInstant("lifted"))?)
                    }
                    None => None,
                },
            }),
            None => None,
        };
        let mut affected = BTreeMap::new();
        for (code, people) in raw.affected {
            affected.insert(jurisdiction(&code)?, people);
        }
        Ok(Facts {
            clocks: clocks(raw.clocks)?,
            controller: raw.controller,
            affected,
            data: raw.data,
            encrypted: raw.encrypted,
            key_compromised: raw.key_compromised,
            risk: raw.risk,
            processor: raw.processor,
            law_enforcement_hold,
            payment_cards: raw.payment_cards,
            improper_purpose: raw.improper_purpose,
            significant_incident: raw.significant_incident,
            significant_harm: raw.significant_harm,
            backup: raw.backup,
            exceptions_opened: by_place(&raw.exceptions_opened)?,
            counsel: raw.counsel,
            recorded: raw.recorded,
            law_as_of: raw.law_as_of,
        })
    }
}

fn clocks(raw: BTreeMap<String, RawClock>) -> Result<Clocks, FactsError> {
    let mut clocks = Clocks::default();
    for (name, value) in raw {
        let clock: Clock = name.parse().map_err(|_| FactsError::UnknownClock(name))?;
        match value {
            RawClock::One(text) if clock != Clock::AuthorityNotified => {
                clocks.given.insert(clock, instant(&text, clock)?);
            }
            RawClock::ByJurisdiction(map) if clock == Clock::AuthorityNotified => {
                for (code, text) in map {
                    clocks.authority_notified.insert(jurisdiction(&code)?, instant(&text, clock)?);
                }
            }
            RawClock::One(_) | RawClock::ByJurisdiction(_) => return Err(FactsError::Shape(clock)),
        }
    }
    Ok(clocks)
}

fn instant(text: &str, clock: Clock) -> Result<Timestamp, FactsError> {
    text.parse().map_err(|_| FactsError::Instant(clock))
}

/// A date stands for its first instant in the controller's zone: the earlier end.
fn instant_or_day(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    let day: Date = text.parse().ok()?;
    day.to_zoned_datetime(zone.clone()).ok().map(|start| start.timestamp())
}

/// Instants by the codes of their places.
///
/// # Errors
/// When a code is no jurisdiction.
pub fn by_place(
    instants: &BTreeMap<String, Timestamp>,
) -> Result<BTreeMap<Jurisdiction, Timestamp>, FactsError> {
    instants.iter().map(|(code, &at)| Ok((jurisdiction(code)?, at))).collect()
}

fn jurisdiction(code: &str) -> Result<Jurisdiction, FactsError> {
    code.parse().map_err(|_| FactsError::Jurisdiction)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(facts: serde_json::Value) -> Result<Facts, String> {
        serde_json::from_value(facts).map_err(|error| error.to_string())
    }

    fn minimal(clocks: serde_json::Value) -> serde_json::Value {
        json!({"clocks": clocks, "controller": {"time_zone": "Europe/Berlin"}, "affected": {"DE": 1}})
    }

    #[test]
    fn a_wrong_fact_is_an_error_that_names_it_and_never_a_default() {
        let cases = [
            (json!({"awareness": "yesterday"}), "clock `awareness` is not an RFC 3339 instant"),
            (json!({"awareness": "2026-02-30T00:00:00Z"}), "clock `awareness` is not an RFC 3339 instant"),
            (json!({"awareness": "2026-02-20T00:00:00"}), "clock `awareness` is not an RFC 3339 instant"),
            (json!({"awarenes": "2026-02-20T00:00:00Z"}), "clock `awarenes` is unknown"),
            (
                json!({"authority_notified": "2026-02-20T00:00:00Z"}),
                "clock `authority_notified` has the wrong shape",
            ),
            (json!({"awareness": {"DE": "2026-02-20T00:00:00Z"}}), "clock `awareness` has the wrong shape"),
        ];
        for (clocks, want) in cases {
            let error = read(minimal(clocks)).expect_err(want);
            assert!(error.contains(want), "{error}");
        }
    }

    #[test]
    fn a_misspelt_field_is_an_error() {
        let mut facts = minimal(json!({"awareness": "2026-02-20T00:00:00Z"}));
        facts["encrypted_"] = json!(true);
        assert!(read(facts).expect_err("unknown field").contains("encrypted_"));
    }

    #[test]
    fn contradicting_clocks_are_named_both() {
        let cases = [
            ("occurrence", "awareness"),
            ("discovery", "determination"),
            ("reason_to_believe", "assessment_completed"),
            ("classification", "initial_submitted"),
            ("discovery", "individual_notice_sent"),
        ];
        for (earlier, later) in cases {
            let wrong =
                read(minimal(json!({earlier: "2026-02-20T00:00:01Z", later: "2026-02-20T00:00:00Z"})));
            let error = wrong.expect("readable").check().expect_err("a contradiction").to_string();
            assert_eq!(error, format!("clock `{later}` lies before clock `{earlier}`"));
            let right =
                read(minimal(json!({earlier: "2026-02-20T00:00:00Z", later: "2026-02-20T00:00:00Z"})));
            assert_eq!(right.expect("readable").check(), Ok(()));
        }
    }

    #[test]
    fn a_notice_to_an_authority_before_awareness_contradicts_itself() {
        let facts = read(minimal(json!({
            "awareness": "2026-02-20T00:00:00Z",
            "authority_notified": {"MY": "2026-02-19T00:00:00Z"}
        })));
        let want = FactsError::Contradiction { earlier: Clock::Awareness, later: Clock::AuthorityNotified };
        assert_eq!(facts.expect("readable").check(), Err(want));
    }

    #[test]
    fn nothing_happens_after_it_was_written_down() {
        for (recorded, wanted) in [
            ("2026-02-20T00:00:00Z", Ok(())),
            ("2026-02-19T23:59:59Z", Err(FactsError::AfterRecord(Clock::Discovery))),
        ] {
            let mut facts =
                minimal(json!({"awareness": "2026-02-19T00:00:00Z", "discovery": "2026-02-20T00:00:00Z"}));
            facts["recorded"] = json!(recorded);
            assert_eq!(read(facts).expect("readable").check(), wanted);
        }
        let error = FactsError::AfterRecord(Clock::Discovery).to_string();
        assert!(error.contains("`discovery`") && error.contains("`recorded`"), "{error}");
    }

    #[test]
    fn people_who_cannot_be_counted_are_refused() {
        for (people, wanted) in [
            (json!({"DE": u64::MAX}), None),
            (json!({"DE": u64::MAX, "FR": 1}), Some("more people than can be counted")),
            (json!({"DE": -1}), Some("invalid value")),
            (json!({"DE": 1.5}), Some("invalid type")),
        ] {
            let mut facts = minimal(json!({"awareness": "2026-02-20T00:00:00Z"}));
            facts["affected"] = people.clone();
            let answer = read(facts).and_then(|facts| facts.check().map_err(|error| error.to_string()));
            match wanted {
                None => assert_eq!(answer, Ok(())),
                Some(wanted) => {
                    assert!(answer.as_ref().is_err_and(|error| error.contains(wanted)), "{answer:?}")
                }
            }
        }
    }

    #[test]
    fn no_clock_and_a_hold_that_ends_before_it_begins_are_errors() {
        assert_eq!(read(minimal(json!({}))).expect("readable").check(), Err(FactsError::NoClock));
        let mut facts = minimal(json!({"awareness": "2026-02-20T00:00:00Z"}));
        facts["law_enforcement_hold"] = json!({"from": "2026-03-02", "lifted": "2026-03-01T10:00:00Z"});
        let facts = read(facts).expect("readable");
        assert_eq!(facts.check(), Err(FactsError::HoldLiftedBeforeItBegins));
    }

    #[test]
    fn a_hold_from_a_date_begins_with_that_day_of_the_controller() {
        let mut facts = minimal(json!({"awareness": "2026-02-20T00:00:00Z"}));
        facts["law_enforcement_hold"] = json!({"from": "2026-03-02"});
        let hold = read(facts).expect("readable").law_enforcement_hold.expect("a hold");
        assert_eq!(hold.from.to_string(), "2026-03-01T23:00:00Z");
    }

    #[test]
    fn facts_survive_being_written_and_read() {
        let facts = read(json!({
            "clocks": {"discovery": "2026-01-05T09:00:00-05:00", "authority_notified": {"MY": "2026-01-06T00:00:00Z"}},
            "controller": {"time_zone": "America/New_York", "country": "US", "sectors": ["nis2-important"]},
            "affected": {"US-MD": 100, "MY": 0}, "data": ["name"], "encrypted": true, "risk": "high",
            "law_enforcement_hold": {"from": "2026-01-20", "lifted": "2026-03-16T10:00:00-04:00"},
            "payment_cards": {"accounts": 2, "brands": {"visa": 2}}, "law_as_of": "2026-01-01"
        }))
        .expect("readable");
        let again = read(serde_json::to_value(&facts).expect("writable")).expect("readable");
        assert_eq!(again, facts);
    }
}
