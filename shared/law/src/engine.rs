//! Facts and law in, findings out.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::due::{self, Due};
use crate::element::Element;
use crate::facts::{Facts, FactsError};
use crate::finding::{Finding, Owed};
use crate::pack::{Book, RulePack};
use crate::reach::{Concern, Homes, Target};
use crate::rule::{Reach, Rule, Test};
use crate::trigger::{self, Circumstances, Verdict};
use crate::words::{Audience, Confidence, Encryption, Jurisdiction, Risk, Status};

/// Decides every duty that could apply: owed or not, to whom, by when, and why.
/// Sorted by regime, then by jurisdiction.
///
/// # Errors
/// When the facts contradict themselves: nothing is computed from such facts.
pub fn evaluate(pack: &RulePack, facts: &Facts) -> Result<Vec<Finding>, FactsError> {
    facts.check()?;
    if let Some(place) = &facts.controller.eu_main_establishment
        && !pack.in_one_stop_shop(place)
    {
        return Err(FactsError::NotInEea(place.clone()));
    }
    let controller_zone = facts.zone()?;
    let mut findings = Vec::new();
    let homes = Homes::of(pack, facts);
    for book in &pack.books {
        let concern = Concern::of(pack, book, facts, &homes);
        let inquiry = Inquiry { pack, book, facts, concern, controller_zone: &controller_zone };
        for versions in book.rules.chunk_by(|a, b| a.id == b.id) {
            findings.extend(inquiry.regime(versions));
        }
    }
    findings.extend(unknown_places(pack, facts));
    findings.extend(unknown_brands(pack, facts));
    findings.sort_by(|a, b| (&a.regime, &a.jurisdiction).cmp(&(&b.regime, &b.jurisdiction)));
    Ok(findings)
}

/// One book asked about one set of facts.
pub(crate) struct Inquiry<'a> {
    pub pack: &'a RulePack,
    pub book: &'a Book,
    pub facts: &'a Facts,
    pub concern: Concern<'a>,
    pub controller_zone: &'a TimeZone,
}

impl Inquiry<'_> {
    /// The answers of one regime, whose versions are given oldest first.
    fn regime(&self, versions: &[Rule]) -> Vec<Finding> {
        let Some(newest) = versions.last() else {
            return Vec::new();
        };
        let findings = self
            .concern
            .targets(newest)
            .into_iter()
            .map(|target| self.in_force_version(versions, newest, target));
        findings
            .filter(|finding| {
                newest.reach != Reach::Controller || self.concern.is_named() || finding.owed != Owed::No
            })
            .collect()
    }

    fn in_force_version(&self, versions: &[Rule], newest: &Rule, target: Target) -> Finding {
        let in_force = versions.iter().find(|rule| rule.in_force(self.law_day(rule, &target.jurisdiction)));
        match in_force {
            Some(rule) => self.finding(rule, target),
            None => {
                let day = self.law_day(newest, &target.jurisdiction);
                let oldest = versions.first().unwrap_or(newest);
                let verdict = self.before_the_oldest(oldest, &target, day);
                self.answer(newest, target, verdict)
            }
        }
    }

    /// The day as of which the law is taken: the day on which the rule's clock starts.
    fn law_day(&self, rule: &Rule, jurisdiction: &Jurisdiction) -> Date {
        match self.facts.law_as_of {
            Some(day) => day,
            None => {
                due::law_instant(self, rule, jurisdiction).to_zoned_datetime(due::zone(self, rule).0).date()
            }
        }
    }

    fn finding(&self, rule: &Rule, target: Target) -> Finding {
        let verdict = self.verdict(rule, &target);
        self.answer(rule, target, verdict)
    }

    /// A law that is to come binds nobody yet; of one that stands, an older version may be missing here.
    fn before_the_oldest(&self, oldest: &Rule, target: &Target, day: Date) -> Verdict {
        let from = oldest.effective_from;
        if oldest.status == Status::Future {
            return Verdict {
                owed: Owed::No,
                reasons: vec![format!("not law on {day}: in force from {from}")],
            };
        }
        let verdict = self.verdict(oldest, target);
        if verdict.owed == Owed::No {
            return verdict;
        }
        let reason =
            format!("no version of this law is known for {day}, the oldest is of {from}: ask counsel");
        Verdict { owed: Owed::AskCounsel, reasons: vec![reason] }
    }

    fn verdict(&self, rule: &Rule, target: &Target) -> Verdict {
        let no = |reason: String| Verdict { owed: Owed::No, reasons: vec![reason] };
        if let Some(reason) = no_duty(rule.status) {
            return no(reason.to_owned());
        }
        if let Some(barred) = &target.barred {
            return no(barred.clone());
        }
        let circumstances =
            Circumstances { facts: self.facts, categories: self.pack.categories(), people: target.people };
        let mut verdict = trigger::all(&rule.trigger, &circumstances);
        if verdict.owed == Owed::No {
            return verdict;
        }
        verdict.reasons.splice(0..0, target.reasons.iter().cloned());
        match encryption(rule.encryption, self.facts) {
            Some((Owed::No, reason)) => no(reason),
            Some((owed, reason)) => {
                verdict.reasons.push(reason);
                if owed == Owed::AskCounsel {
                    verdict.owed = owed;
                }
                verdict
            }
            None => verdict,
        }
    }

    fn answer(&self, rule: &Rule, target: Target, verdict: Verdict) -> Finding {
        let jurisdiction = target.jurisdiction;
        let (_, zone_name) = due::zone(self, rule);
        let Due { at, rule: due_rule, counted_from, readings, reasons, undecided } =
            if verdict.owed == Owed::No {
                Due::none()
            } else {
                due::due(self, rule, &jurisdiction, target.people)
            };
        let owed = if undecided { Owed::AskCounsel } else { verdict.owed };
        Finding {
            regime: rule.id.clone(),
            law: rule.law.clone(),
            citation: rule.citation.clone(),
            effective_from: Some(rule.effective_from),
            confidence: rule.confidence,
            audience: rule.audience,
            recipient: self.recipient(rule, &jurisdiction),
            filing: self.filing(rule, &jurisdiction),
            owed,
            due: at,
            due_rule,
            readings,
            zone: zone_name,
            counted_from,
            people: target.people,
            residences: self.concern.residences(rule, &jurisdiction),
            reasons: verdict.reasons.into_iter().chain(reasons).collect(),
            required: self.required(rule),
            forbidden: rule.forbidden.clone(),
            methods: rule.methods.clone(),
            conditions: rule.conditions.clone(),
            languages: self.languages(rule, &jurisdiction),
            jurisdiction,
        }
    }

    fn recipient(&self, rule: &Rule, jurisdiction: &Jurisdiction) -> String {
        let named = rule.recipient.clone();
        named.unwrap_or_else(|| match rule.audience {
            Audience::Individual => format!("affected people in {jurisdiction}"),
            Audience::Authority | Audience::AttorneyGeneral => {
                match self.book.authorities.get(jurisdiction) {
                    Some(authority) => authority.name.clone(),
                    None => format!("the competent authority of {jurisdiction}"),
                }
            }
            Audience::ConsumerReportingAgency => "the nationwide consumer reporting agencies".to_owned(),
            Audience::CardBrand => "the acquirer".to_owned(),
            Audience::Controller => "each controller whose data is held".to_owned(),
            Audience::Media => format!("prominent media of {jurisdiction}"),
            Audience::Other => "the enterprise's own records".to_owned(),
        })
    }

    fn filing(&self, rule: &Rule, jurisdiction: &Jurisdiction) -> Option<String> {
        let of_authority = || self.book.authorities.get(jurisdiction)?.filing.clone();
        let filed = filed_with_authority(rule.audience);
        rule.filing.clone().or_else(|| if filed { of_authority() } else { None })
    }

    fn required(&self, rule: &Rule) -> BTreeSet<Element> {
        let circumstances =
            Circumstances { facts: self.facts, categories: self.pack.categories(), people: 0 };
        let further = rule.required_when.iter().filter(|when| {
            let test = [Test::DataAnyOf(when.data_any_of.clone())];
            trigger::all(&test, &circumstances).owed != Owed::No
        });
        rule.required.iter().copied().chain(further.flat_map(|when| when.elements.iter().copied())).collect()
    }

    fn languages(&self, rule: &Rule, jurisdiction: &Jurisdiction) -> Vec<String> {
        if !rule.languages.is_empty() {
            return rule.languages.clone();
        }
        // An individual reads the languages of the place too, and the authority's are the official ones.
        match self.book.authorities.get(jurisdiction) {
            Some(authority) => authority.languages.clone(),
            None => self.book.languages.clone(),
        }
    }
}

fn filed_with_authority(audience: Audience) -> bool {
    match audience {
        Audience::Authority | Audience::AttorneyGeneral => true,
        Audience::Individual
        | Audience::ConsumerReportingAgency
        | Audience::CardBrand
        | Audience::Controller
        | Audience::Media
        | Audience::Other => false,
    }
}

fn no_duty(status: Status) -> Option<&'static str> {
    match status {
        Status::InForce | Status::Sectoral | Status::Contract | Status::Future | Status::Unsettled => None,
        Status::NotCommenced => Some("no duty yet: enacted, and no day is set from which it binds"),
        Status::Voluntary => Some("no duty: notification is voluntary"),
        Status::Proposal => Some("no duty: a proposal, not law"),
        Status::NoDuty => Some("no duty in this law"),
        Status::LiabilityOnly => Some("no duty to notify: gives a private right of action"),
        Status::OutOfScope => Some("binds trades that this product does not serve"),
    }
}

/// What encryption does to a duty whose tests are met; none when it plays no part.
fn encryption(effect: Encryption, facts: &Facts) -> Option<(Owed, String)> {
    if !facts.encrypted {
        return None;
    }
    match (effect, facts.key_compromised) {
        (Encryption::Ignored, _) => None,
        (Encryption::SafeHarbour, false) => {
            Some((Owed::No, "safe harbour: the data was encrypted and the key is safe".to_owned()))
        }
        (Encryption::SafeHarbour | Encryption::LowersRisk, true) => {
            Some((Owed::Yes, "encryption does not help: the key was taken".to_owned()))
        }
        (Encryption::LowersRisk, false) if facts.backup == Some(true) && facts.risk < Some(Risk::High) => {
            Some((
                Owed::AskCounsel,
                "encrypted, key safe, backup kept: this speaks against the risk that the facts leave open"
                    .to_owned(),
            ))
        }
        (Encryption::LowersRisk, false) => None,
    }
}

/// An affected place that no book serves.
fn unknown_places(pack: &RulePack, facts: &Facts) -> Vec<Finding> {
    let unknown = facts.affected.iter().filter(|(place, people)| **people > 0 && !pack.covers(place));
    unknown
        .map(|(place, &people)| {
            let regime = format!("unknown-{}", place.as_str().to_lowercase());
            let reason = format!("no rule known for the {people} affected people of {place}: ask counsel");
            ask_counsel(regime, place.clone(), people, Audience::Other, reason)
        })
        .collect()
}

/// An affected card brand that no rule names.
fn unknown_brands(pack: &RulePack, facts: &Facts) -> Vec<Finding> {
    let Some(cards) = &facts.payment_cards else {
        return Vec::new();
    };
    let known: BTreeSet<&str> = pack.rules().flat_map(|rule| rule.trigger.iter().filter_map(brand)).collect();
    let unknown =
        cards.brands.iter().filter(|(name, accounts)| **accounts > 0 && !known.contains(name.as_str()));
    let Some(contracts) =
        pack.books.iter().find(|book| book.rules.iter().any(|rule| rule.status == Status::Contract))
    else {
        return Vec::new();
    };
    unknown
        .map(|(name, &accounts)| {
            let reason =
                format!("no rule known for {accounts} accounts of the card brand {name}: ask counsel");
            let place = contracts.jurisdiction.clone();
            ask_counsel(format!("unknown-card-{name}"), place, accounts, Audience::CardBrand, reason)
        })
        .collect()
}

fn brand(test: &Test) -> Option<&str> {
    if let Test::CardBrand(name) = test { Some(name) } else { None }
}

fn ask_counsel(
    regime: String,
    jurisdiction: Jurisdiction,
    people: u64,
    audience: Audience,
    reason: String,
) -> Finding {
    let residences = BTreeSet::from([jurisdiction.clone()]);
    Finding {
        regime,
        jurisdiction,
        law: "no rule known".to_owned(),
        citation: "no rule known".to_owned(),
        effective_from: None,
        confidence: Confidence::Uncertain,
        audience,
        recipient: "counsel".to_owned(),
        filing: None,
        owed: Owed::AskCounsel,
        due: None,
        due_rule: "ask-counsel".to_owned(),
        readings: Vec::new(),
        zone: "UTC".to_owned(),
        counted_from: None,
        people,
        residences,
        reasons: vec![reason],
        required: BTreeSet::new(),
        forbidden: BTreeSet::new(),
        methods: Vec::new(),
        conditions: BTreeSet::new(),
        languages: Vec::new(),
    }
}
