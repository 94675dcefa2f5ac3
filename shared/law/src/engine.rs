//! Facts and law in, findings out.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::due::{self, Due};
use crate::element::Element;
use crate::facts::{Facts, FactsError};
use crate::filing;
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
pub fn evaluate<'pack>(pack: &'pack RulePack, facts: &Facts) -> Result<Vec<Finding<'pack>>, FactsError> {
    facts.check()?;
    if let Some(place) = &facts.controller.eu_main_establishment
        && !pack.in_one_stop_shop(place)
    {
        return Err(FactsError::NotInEea(*place));
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
pub(crate) struct Inquiry<'pack, 'facts> {
    pub pack: &'pack RulePack,
    pub book: &'pack Book,
    pub facts: &'facts Facts,
    pub concern: Concern<'facts>,
    pub controller_zone: &'facts TimeZone,
}

impl<'pack> Inquiry<'pack, '_> {
    /// The answers of one regime, whose versions are given oldest first.
    fn regime(&self, versions: &'pack [Rule]) -> Vec<Finding<'pack>> {
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

    fn in_force_version(
        &self,
        versions: &'pack [Rule],
        newest: &'pack Rule,
        target: Target,
    ) -> Finding<'pack> {
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

    fn finding(&self, rule: &'pack Rule, target: Target) -> Finding<'pack> {
        let verdict = self.verdict(rule, &target, self.facts);
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
        let verdict = self.verdict(oldest, target, self.facts);
        if verdict.owed == Owed::No {
            return verdict;
        }
        let reason =
            format!("no version of this law is known for {day}, the oldest is of {from}: ask counsel");
        Verdict { owed: Owed::AskCounsel, reasons: vec![reason] }
    }

    /// Whether such facts meet the rule.
    pub fn verdict(&self, rule: &Rule, target: &Target, facts: &Facts) -> Verdict {
        let no = |reason: String| Verdict { owed: Owed::No, reasons: vec![reason] };
        if let Some(reason) = no_duty(rule.status) {
            return no(reason.to_owned());
        }
        if let Some(barred) = &target.barred {
            return no(barred.clone());
        }
        let mut verdict = trigger::all(&rule.trigger, &self.circumstances(target, facts));
        if verdict.owed == Owed::No {
            return verdict;
        }
        verdict.reasons.splice(0..0, target.reasons.iter().cloned());
        let questions = [
            encryption(rule.encryption, facts),
            as_processor(rule, facts).map(|reason| (Owed::AskCounsel, reason)),
            target.undecided.clone().map(|reason| (Owed::AskCounsel, reason)),
        ];
        for (owed, reason) in questions.into_iter().flatten() {
            match owed {
                Owed::No => return no(reason),
                Owed::Yes => {}
                Owed::AskCounsel => verdict.owed = Owed::AskCounsel,
            }
            verdict.reasons.push(reason);
        }
        answered(&rule.id, facts, verdict)
    }

    pub fn circumstances<'a>(&'a self, target: &Target, facts: &'a Facts) -> Circumstances<'a> {
        let (people, place) = (target.people, target.jurisdiction);
        Circumstances { facts, categories: self.pack.categories(), people, place }
    }

    fn answer(&self, rule: &'pack Rule, target: Target, verdict: Verdict) -> Finding<'pack> {
        let jurisdiction = target.jurisdiction;
        let (_, zone_name) = due::zone(self, rule);
        let Due { at, rule: due_rule, counted_from, readings, reasons, undecided } =
            if verdict.owed == Owed::No { Due::none() } else { due::due(self, rule, &target) };
        let substitute = rule.substitute.as_ref().filter(|_| verdict.owed != Owed::No);
        let substitute = substitute.map(|substitute| substitute.allowed(target.people));
        let owed = if undecided { Owed::AskCounsel } else { verdict.owed };
        Finding {
            regime: Cow::Borrowed(&rule.id),
            law: &rule.law,
            citation: &rule.citation,
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
            reasons: verdict.reasons.into_iter().chain(reasons).chain(substitute).collect(),
            further_filings: filing::further(self, rule, &target, owed),
            required: self.required(rule, &target),
            forbidden: Cow::Borrowed(&rule.forbidden),
            methods: &rule.methods,
            conditions: Cow::Borrowed(&rule.conditions),
            languages: self.languages(rule, &jurisdiction),
            jurisdiction,
        }
    }

    fn recipient(&self, rule: &'pack Rule, jurisdiction: &Jurisdiction) -> Cow<'pack, str> {
        if let Some(named) = &rule.recipient {
            return Cow::Borrowed(named);
        }
        match rule.audience {
            Audience::Individual => format!("affected people in {jurisdiction}").into(),
            Audience::Authority | Audience::AttorneyGeneral => {
                match self.book.authorities.get(jurisdiction) {
                    Some(authority) => Cow::Borrowed(&authority.name),
                    None => format!("the competent authority of {jurisdiction}").into(),
                }
            }
            Audience::ConsumerReportingAgency => "the nationwide consumer reporting agencies".into(),
            Audience::CardBrand => "the acquirer".into(),
            Audience::Controller => "each controller whose data is held".into(),
            Audience::Media => format!("prominent media of {jurisdiction}").into(),
            Audience::Other => "the enterprise's own records".into(),
        }
    }

    fn filing(&self, rule: &'pack Rule, jurisdiction: &Jurisdiction) -> Option<&'pack str> {
        let authority =
            self.book.authorities.get(jurisdiction).filter(|_| filed_with_authority(rule.audience));
        rule.filing.as_deref().or_else(|| authority?.filing.as_deref())
    }

    fn required(&self, rule: &'pack Rule, target: &Target) -> Cow<'pack, BTreeSet<Element>> {
        let circumstances = self.circumstances(target, self.facts);
        let further = rule.required_when.iter().filter(|when| {
            let test = [Test::DataAnyOf(when.data_any_of.clone())];
            trigger::all(&test, &circumstances).owed != Owed::No
        });
        let mut required = Cow::Borrowed(&rule.required);
        further.for_each(|when| required.to_mut().extend(when.elements.iter().copied()));
        required
    }

    fn languages(&self, rule: &'pack Rule, jurisdiction: &Jurisdiction) -> &'pack [String] {
        if !rule.languages.is_empty() {
            return &rule.languages;
        }
        // An individual reads the languages of the place too, and the authority's are the official ones.
        match self.book.authorities.get(jurisdiction) {
            Some(authority) => &authority.languages,
            None => &self.book.languages,
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

/// Counsel's answer, where the question is counsel's. What the law or the facts decide is no question.
fn answered(id: &str, facts: &Facts, verdict: Verdict) -> Verdict {
    let (Owed::AskCounsel, Some(&owed)) = (verdict.owed, facts.counsel.get(id)) else {
        return verdict;
    };
    let (owed, answer) = match owed {
        true => (Owed::Yes, "counsel was asked, and says that it is owed"),
        false => (Owed::No, "counsel was asked, and says that it is not owed"),
    };
    let reasons = verdict.reasons.into_iter().chain([answer.to_owned()]).collect();
    Verdict { owed, reasons }
}

/// What a controller owes is not owed by whoever holds data for others alone, and the facts may not tell.
fn as_processor(rule: &Rule, facts: &Facts) -> Option<String> {
    let binds_controllers = match rule.audience {
        Audience::Authority
        | Audience::Individual
        | Audience::AttorneyGeneral
        | Audience::ConsumerReportingAgency
        | Audience::Media => rule.reach != Reach::Controller,
        Audience::CardBrand | Audience::Controller | Audience::Other => false,
    };
    (binds_controllers && facts.knows_as_processor_alone()).then(|| {
        "undecided: the enterprise holds data for others and is not said to know of its own: their controllers owe this"
            .to_owned()
    })
}

/// What encryption does to a duty whose tests are met; none when it plays no part.
fn encryption(effect: Encryption, facts: &Facts) -> Option<(Owed, String)> {
    if !facts.encrypted {
        return None;
    }
    match (effect, facts.key_is_lost()) {
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
fn unknown_places<'pack>(pack: &RulePack, facts: &Facts) -> Vec<Finding<'pack>> {
    let unknown = facts.affected.iter().filter(|(place, people)| **people > 0 && !pack.covers(place));
    unknown
        .map(|(place, &people)| {
            let regime = format!("unknown-{}", place.as_str().to_lowercase());
            let reason = format!("no rule known for the {people} affected people of {place}: ask counsel");
            ask_counsel(facts, regime, *place, people, Audience::Other, reason)
        })
        .collect()
}

/// An affected card brand that no rule names.
fn unknown_brands<'pack>(pack: &RulePack, facts: &Facts) -> Vec<Finding<'pack>> {
    let Some(cards) = &facts.payment_cards else {
        return Vec::new();
    };
    let known: BTreeSet<&str> = pack.rules().filter_map(Rule::card_brand).collect();
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
            let place = contracts.jurisdiction;
            ask_counsel(facts, format!("unknown-card-{name}"), place, accounts, Audience::CardBrand, reason)
        })
        .collect()
}

fn ask_counsel<'pack>(
    facts: &Facts,
    regime: String,
    jurisdiction: Jurisdiction,
    people: u64,
    audience: Audience,
    reason: String,
) -> Finding<'pack> {
    let residences = BTreeSet::from([jurisdiction]);
    let asked = Verdict { owed: Owed::AskCounsel, reasons: vec![reason] };
    let Verdict { owed, reasons } = answered(&regime, facts, asked);
    Finding {
        regime: regime.into(),
        jurisdiction,
        law: "no rule known",
        citation: "no rule known",
        effective_from: None,
        confidence: Confidence::Uncertain,
        audience,
        recipient: "counsel".into(),
        filing: None,
        owed,
        due: None,
        due_rule: "ask-counsel".to_owned(),
        readings: Vec::new(),
        zone: "UTC".into(),
        counted_from: None,
        people,
        residences,
        reasons,
        further_filings: Vec::new(),
        required: Cow::default(),
        forbidden: Cow::default(),
        methods: &[],
        conditions: Cow::default(),
        languages: &[],
    }
}
