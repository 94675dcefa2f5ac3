//! What is known of an incident when a filing is prepared, each value with the leaf that records it: a fact that a person
//! stated with that statement's, a count with that of the reading, and all else with that of the plan, whose hash binds the
//! facts, the duties and the words that it was made from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tocsin_domain::coverage::Coverage;
use tocsin_domain::id::{LeafId, ObligationId};
use tocsin_domain::incident::Incident;
use tocsin_domain::obligation::{Audience, Obligation, Owed};
use tocsin_domain::plan::{Channel, Wave};
use tocsin_domain::tenant::{Dataset, Risk, Tenant, all_encrypted};
use tocsin_filings::{Completeness, Dossier, Fact, FilingKind, Value};
use tocsin_law::{Jurisdiction, RulePack};
use tocsin_notices::letter::{self, Brief};
use tocsin_notices::{Reader, Rendered, Texts, render};
use tocsin_ports::store::plans::{self, StoredPlan, counted_leaf, made_leaf};
use tocsin_ports::store::templates::Pinned;
use tocsin_ports::store::{coverage, templates};
use tocsin_ports::{ReadHome, TenantScope};

use crate::No;

/// What a dossier is made from.
pub struct Papers {
    pub incident: Incident,
    pub tenant: Tenant,
    plan: StoredPlan,
    duties: Vec<Obligation>,
    waves: Vec<Wave>,
    covered: BTreeMap<ObligationId, Coverage>,
    brief: Brief,
    /// The letters of the waves that go by mail, by their hashes.
    letters: BTreeMap<String, Pinned>,
    /// The leaf of the plan, and that of the count.
    made: LeafId,
    counted: LeafId,
}

impl Papers {
    /// Reads them. A filing is prepared from a plan: it says who is affected, and what is owed.
    pub async fn read(
        ports: &impl ReadHome,
        scope: &TenantScope,
        tenant: Tenant,
        incident: Incident,
    ) -> Result<Papers, No> {
        let Some(in_force) = &incident.plan else {
            return Err(No::Conflict("the incident has no plan yet: nobody knows what is owed".to_owned()));
        };
        let plan = plans::get(ports, scope, incident.id, in_force.version).await?;
        let waves = plans::waves(ports, scope, &plan.head).await?;
        let brief = plans::brief(ports, scope, &plan.head).await?;
        let brief: Brief = serde_json::from_str(&brief).map_err(|_| {
            No::Conflict("the words of the plan cannot be read: have it made anew".to_owned())
        })?;
        Ok(Papers {
            letters: letters(ports, scope, &waves).await?,
            duties: plans::obligations(ports, scope, &plan.head).await?,
            covered: coverage::of_plan(ports, scope, &plan.head, &waves).await?,
            made: made_leaf(scope, &plan.head, waves.len(), plan.head.made_at).id,
            counted: counted_leaf(scope, &plan.head, plan.head.made_at).id,
            incident,
            tenant,
            plan,
            waves,
            brief,
        })
    }

    pub fn duties(&self) -> &[Obligation] {
        &self.duties
    }

    pub fn coverage(&self, id: ObligationId) -> Option<&Coverage> {
        self.covered.get(&id)
    }

    /// Whether no notice can fulfil the duty.
    pub fn is_on_desk(&self, id: ObligationId) -> bool {
        self.plan.head.desk.contains_key(&id)
    }

    /// What is known of the breach itself, whoever is told of it.
    pub fn of_the_breach(&self) -> Dossier {
        let mut dossier =
            Dossier::new(TimeZone::get(&self.tenant.controller.time_zone).unwrap_or(TimeZone::UTC));
        clocks(&mut dossier, &self.incident, Some(self.made));
        self.counts(&mut dossier);
        self.data(&mut dossier, "en");
        self.words(&mut dossier, "en", false);
        dossier
    }

    pub fn duty(&self, id: ObligationId) -> Option<&Obligation> {
        self.duties.iter().find(|duty| duty.id == id)
    }

    /// What fills a form for a duty. `now` says whether it is late.
    pub fn dossier(
        &self,
        duty: &Obligation,
        (kind, completeness, follows): (FilingKind, Completeness, Option<&str>),
        language: &str,
        now: Timestamp,
    ) -> Dossier {
        let zone = TimeZone::get(&self.tenant.controller.time_zone).unwrap_or(TimeZone::UTC);
        let mut dossier = Dossier::new(zone);
        self.filing(&mut dossier, duty, (kind, completeness, follows));
        self.who_files(&mut dossier);
        self.times(&mut dossier);
        self.people(&mut dossier, duty);
        self.data(&mut dossier, language);
        self.words(&mut dossier, language, duty.due.is_some_and(|due| now > due));
        self.told(&mut dossier, duty);
        self.others(&mut dossier, duty);
        dossier
    }

    fn filing(
        &self,
        dossier: &mut Dossier,
        duty: &Obligation,
        (kind, completeness, follows): (FilingKind, Completeness, Option<&str>),
    ) {
        let kind = match kind {
            FilingKind::New => "new",
            FilingKind::FollowUp => "follow-up",
        };
        let completeness = match completeness {
            Completeness::Complete => "complete",
            Completeness::Incomplete => "incomplete",
            Completeness::Withdrawal => "withdraw",
        };
        dossier.say(Fact::FilingKind, Value::word(kind));
        dossier.say(Fact::FilingCompleteness, Value::word(completeness));
        if let Some(number) = follows {
            dossier.say(Fact::EarlierNumber, Value::Text(number.to_owned()));
        }
        dossier.put(Fact::FilingAuthority, Value::Text(duty.recipient.clone()), self.made);
        dossier.put(Fact::OwnReference, Value::Text(self.incident.id.to_string()), self.made);
    }

    fn who_files(&self, dossier: &mut Dossier) {
        let merchant = &self.brief.facts.merchant;
        let phone = merchant.phone.iter().map(|phone| format!("telephone {phone}"));
        let contact: Vec<String> =
            merchant.address.iter().cloned().chain([merchant.email.clone()]).chain(phone).collect();
        dossier.put(Fact::ControllerName, Value::Text(merchant.controller.clone()), self.made);
        dossier.put(Fact::ControllerContact, Value::Text(contact.join(", ")), self.made);
        let country = self.tenant.controller.country.clone();
        dossier.put(Fact::ControllerCountry, Value::Text(country), self.made);
        dossier.put(Fact::DpoDesignated, Value::yes_or_no(merchant.dpo.is_some()), self.made);
        if let Some(officer) = &merchant.dpo {
            let phone =
                officer.phone.as_ref().map(|phone| format!(", telephone {phone}")).unwrap_or_default();
            dossier.put(Fact::DpoName, Value::Text(officer.name.clone()), self.made);
            dossier.put(Fact::DpoContact, Value::Text(format!("{}{phone}", officer.email)), self.made);
        }
        let representative = self.tenant.controller.eu_representative.clone().map(Value::Text);
        dossier.put_known(Fact::Representative, representative, self.made);
    }

    fn times(&self, dossier: &mut Dossier) {
        clocks(dossier, &self.incident, Some(self.made));
        let occurrence =
            if self.incident.all_clocks().contains_key("occurrence") { "day" } else { "unknown" };
        dossier.put(Fact::OccurrenceKind, Value::word(occurrence), self.stated("clocks.occurrence"));
    }

    fn counts(&self, dossier: &mut Dossier) {
        let scope = &self.plan.head.scope;
        dossier.put(Fact::People, Value::Number(scope.people), self.counted);
        let exactness = if scope.rejected == 0 { "exact" } else { "about" };
        dossier.put(Fact::PeopleExactness, Value::word(exactness), self.counted);
        dossier.put(Fact::PeopleByPlace, Value::Places(scope.by_residence.clone()), self.counted);
    }

    fn people(&self, dossier: &mut Dossier, duty: &Obligation) {
        self.counts(dossier);
        let scope = &self.plan.head.scope;
        let residents = scope.by_residence.get(&duty.jurisdiction).copied().unwrap_or_default();
        dossier.put(Fact::Residents, Value::Number(residents), self.counted);
        let in_union = scope.by_residence.iter().filter(|(place, _)| in_eea(place));
        let in_union: BTreeMap<String, u64> =
            in_union.map(|(place, people)| (place.clone(), *people)).collect();
        let controller = &self.tenant.controller;
        let seat = controller.eu_main_establishment.as_ref().unwrap_or(&controller.country);
        let sits_there = in_eea(seat);
        dossier.put(Fact::CrossBorder, Value::yes_or_no(sits_there && in_union.len() > 1), self.counted);
        dossier.put(Fact::OutsideEea, Value::yes_or_no(!sits_there), self.made);
        if sits_there {
            dossier.put(Fact::LeadAuthority, Value::Text(duty.recipient.clone()), self.made);
        }
        if !in_union.is_empty() {
            dossier.put(Fact::EeaPlaces, Value::Places(in_union), self.counted);
        }
    }

    fn data(&self, dossier: &mut Dossier, language: &str) {
        let datasets = || {
            let leaked = |dataset: &&Dataset| self.incident.datasets.contains(&dataset.name);
            self.tenant.datasets.iter().filter(leaked)
        };
        let stated = &self.incident.stated;
        let kinds: Vec<String> = self.brief.facts.data_categories.iter().cloned().collect();
        dossier.put(Fact::DataKinds, Value::Words(kinds), self.made);
        let terms = letter::terms_of(&self.brief.facts.data_categories, language);
        dossier.put_known(Fact::DataKindsText, terms.map(Value::Text), self.made);
        let risk = stated.risk.or_else(|| datasets().map(|dataset| dataset.risk).max());
        let word = risk.map(|risk: Risk| Value::word(risk.as_str()));
        dossier.put_known(Fact::Risk, word, self.stated("risk"));
        let encrypted = stated.encrypted.unwrap_or_else(|| all_encrypted(datasets()));
        let key_is_lost = stated.key_compromised.unwrap_or(false)
            || stated.clocks.contains_key("key_compromise_discovered");
        let encryption = match (encrypted, key_is_lost) {
            (false, _) => "none",
            (true, false) => "intact",
            (true, true) => "key-lost",
        };
        dossier.put(Fact::Encryption, Value::word(encryption), self.stated("encrypted"));
        let is_held = stated.law_enforcement_hold.is_some_and(|hold| hold.lifted.is_none());
        let held = self.stated("law_enforcement_hold");
        dossier.put(Fact::LawEnforcementHold, Value::yes_or_no(is_held), held);
    }

    fn words(&self, dossier: &mut Dossier, language: &str, is_late: bool) {
        let texts = &self.brief.facts.texts;
        let Some(texts) = texts.get(language).or_else(|| texts.get("en")) else {
            return;
        };
        let Texts { what_happened, consequences, measures, cause, reasons_for_delay, .. } = texts;
        for (fact, text) in [
            (Fact::WhatHappened, what_happened),
            (Fact::Consequences, consequences),
            (Fact::Measures, measures),
            (Fact::Cause, cause),
        ] {
            dossier.put_known(fact, text.clone().map(Value::Text), self.made);
        }
        let reasons = reasons_for_delay.clone().filter(|_| is_late).map(Value::Text);
        dossier.put_known(Fact::ReasonsForDelay, reasons, self.made);
    }

    /// What became of the notices to people under the same law.
    fn told(&self, dossier: &mut Dossier, duty: &Obligation) {
        let of_law = |other: &&Obligation| other.regime == people_of(&duty.regime);
        let owed: Vec<&Obligation> = self.duties.iter().filter(of_law).collect();
        let mut told = Coverage::default();
        owed.iter().filter_map(|duty| self.covered.get(&duty.id)).for_each(|coverage| told.merge(coverage));
        let approved = self.plan.approvals.iter().filter(|approval| approval.hash == self.plan.hash);
        let approved = approved.filter_map(|approval| approval.leaf).next_back();
        let leaf = approved.unwrap_or(self.made);
        let state = match (owed.iter().any(|duty| duty.owed == Owed::Yes), told.reached, approved) {
            (false, _, _) => "not-owed",
            (true, 1.., _) => "yes",
            (true, 0, Some(_)) => "will",
            (true, 0, None) => "pending",
        };
        dossier.put(Fact::Told, Value::word(state), leaf);
        let waves: Vec<&Wave> =
            self.waves.iter().filter(|wave| owed.iter().any(|duty| duty.id == wave.obligation)).collect();
        self.sample(dossier, &waves);
        if state != "yes" {
            return;
        }
        let began = waves.iter().map(|wave| wave.start).min();
        dossier.put_known(Fact::ToldOn, began.map(Value::Instant), leaf);
        dossier.put(Fact::ToldNumber, Value::Number(told.reached), leaf);
        dossier.put(Fact::ResidentsTold, Value::Number(told.reached), leaf);
        let all = told.reached + told.owed_no_more == told.total();
        dossier.put(Fact::ToldAll, Value::word(if all { "all" } else { "not-all" }), leaf);
        dossier.put(Fact::ToldMeansKind, Value::word("individual"), leaf);
        let mut means: Vec<&str> = waves.iter().map(|wave| means_of(wave.channel)).collect();
        means.sort_unstable();
        means.dedup();
        dossier.put(Fact::ToldMeans, Value::Text(means.join(", ")), leaf);
        if !all {
            let why = format!(
                "{} of {} were reached; {} are on their way, {} cannot be reached by any channel that is left, of {} it is not \
                 known",
                told.reached,
                told.total(),
                told.pending,
                told.unreachable_total(),
                told.undecided
            );
            dossier.put(Fact::ToldWhyNotAll, Value::Text(why), leaf);
        }
    }

    /// The letter to people, to nobody.
    fn sample(&self, dossier: &mut Dossier, waves: &[&Wave]) {
        let mailed = waves.iter().find(|wave| wave.channel == Channel::Email);
        let text = mailed.and_then(|wave| {
            let template = self.letters.get(&wave.template.hash)?;
            let reference = format!("{}-SAMPLE", self.brief.facts.reference_prefix);
            let channel = letter::channel_of(wave.channel);
            let nobody = Reader::nobody();
            match render(template, channel, &wave.regime, &self.brief.facts, &nobody, &reference).ok()? {
                Rendered::Email(email) => Some(format!("{}\n\n{}", email.subject, email.text)),
                Rendered::Sms(_) | Rendered::InApp(_) => None,
            }
        });
        dossier.put_known(Fact::SampleNotice, text.map(Value::Text), self.made);
    }

    fn others(&self, dossier: &mut Dossier, duty: &Obligation) {
        let is_authority = |audience: Audience| match audience {
            Audience::Authority | Audience::AttorneyGeneral => true,
            Audience::Individual
            | Audience::CreditAgency
            | Audience::Card
            | Audience::Controller
            | Audience::Media
            | Audience::Register
            | Audience::Other => false,
        };
        let others = self.duties.iter().filter(|other| {
            other.owed == Owed::Yes && is_authority(other.audience) && other.recipient != duty.recipient
        });
        let mut names: Vec<&str> = others.map(|other| other.recipient.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        dossier.put(Fact::OtherAuthoritiesTold, Value::yes_or_no(!names.is_empty()), self.made);
        if !names.is_empty() {
            dossier.put(Fact::OtherAuthorities, Value::Text(names.join("; ")), self.made);
        }
    }

    /// The leaf of a person's statement of a fact; of what nobody stated, that of the plan.
    fn stated(&self, fact: &str) -> LeafId {
        self.incident.stated.leaves.get(fact).copied().unwrap_or(self.made)
    }
}

/// The instants that laws count from, each with the leaf of the person who stated it, else with this one. What has no leaf
/// yet is said without.
pub fn clocks(dossier: &mut Dossier, incident: &Incident, else_by: Option<LeafId>) {
    let clocks = incident.all_clocks();
    for (fact, name) in [
        (Fact::Awareness, "awareness"),
        (Fact::Discovery, "discovery"),
        (Fact::OccurrenceBegin, "occurrence"),
    ] {
        let Some(at) = clocks.get(name).copied().map(Value::Instant) else {
            continue;
        };
        match incident.stated.leaves.get(&format!("clocks.{name}")).copied().or(else_by) {
            Some(leaf) => dossier.put(fact, at, leaf),
            None => dossier.say(fact, at),
        }
    }
}

/// Each letter once.
async fn letters(
    ports: &impl ReadHome,
    scope: &TenantScope,
    waves: &[Wave],
) -> Result<BTreeMap<String, Pinned>, No> {
    let mut letters = BTreeMap::new();
    for wave in waves.iter().filter(|wave| wave.channel == Channel::Email) {
        if !letters.contains_key(&wave.template.hash)
            && let Some(letter) = templates::pinned(ports, scope, &wave.template).await?
        {
            letters.insert(wave.template.hash.clone(), letter);
        }
    }
    Ok(letters)
}

/// `us-ca-individual` for `us-ca-ag`, `jp-appi-individual` for `jp-appi-preliminary`.
fn people_of(regime: &str) -> String {
    let law: Vec<&str> = regime.split('-').take(2).collect();
    format!("{}-individual", law.join("-"))
}

fn means_of(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "e-mail",
        Channel::Sms => "text message",
        Channel::InApp => "message in the account",
        Channel::Partner => "message to a partner",
        Channel::Letter => "letter",
    }
}

fn in_eea(place: &str) -> bool {
    place.parse::<Jurisdiction>().is_ok_and(|place| RulePack::shipped().in_one_stop_shop(&place))
}
