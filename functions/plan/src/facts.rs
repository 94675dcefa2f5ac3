//! Between the incident's words and the law's: facts in, duties out.

use std::collections::{BTreeMap, BTreeSet};

use tocsin_domain::id::{IncidentId, ObligationId};
use tocsin_domain::incident::Incident;
use tocsin_domain::obligation::{Audience, FurtherFiling, Obligation, Owed, Reading};
use tocsin_domain::tenant::{Dataset, Risk, Tenant, all_encrypted};
use tocsin_law::{
    Clocks, Controller, DataClass, Facts, FilingRole, Finding, Jurisdiction, LawEnforcementHold,
    PaymentCards, RulePack,
};

use crate::roster::Roster;
use crate::waves::Duty;

/// What the law asks about this incident. What people stated stands over what the settings say of the datasets; what nobody
/// judged stays unsaid: the engine says what it makes of that.
pub fn of(tenant: &Tenant, incident: &Incident, roster: &Roster) -> Result<Facts, String> {
    let datasets = datasets(tenant, incident);
    let mut affected: BTreeMap<Jurisdiction, u64> = BTreeMap::new();
    for (residence, people) in &roster.count.by_residence {
        affected.insert(place(residence)?, *people);
    }
    let stated = &incident.stated;
    let clocks = Clocks::named(&incident.all_clocks(), &stated.authority_notified);
    Ok(Facts {
        clocks: clocks.map_err(|error| error.to_string())?,
        controller: controller(tenant)?,
        affected,
        data: datasets.iter().flat_map(|dataset| dataset.data.iter().cloned()).collect(),
        encrypted: stated.encrypted.unwrap_or_else(|| all_encrypted(datasets.iter().copied())),
        key_compromised: stated.key_compromised.unwrap_or(false),
        risk: stated.risk.or_else(|| datasets.iter().map(|dataset| dataset.risk).max()).map(risk),
        processor: stated.processor.unwrap_or(false),
        law_enforcement_hold: stated
            .law_enforcement_hold
            .map(|hold| LawEnforcementHold { from: hold.from, lifted: hold.lifted }),
        payment_cards: payment_cards(tenant, &datasets, roster.count.people),
        improper_purpose: stated.improper_purpose,
        significant_incident: stated.significant_incident,
        significant_harm: stated.significant_harm.or_else(|| significant_harm(&datasets)),
        backup: stated.backup,
        exceptions_opened: tocsin_law::by_place(&stated.exceptions_opened)
            .map_err(|error| error.to_string())?,
        counsel: stated.counsel.clone(),
        recorded: None,
        law_as_of: None,
    })
}

pub fn datasets<'a>(tenant: &'a Tenant, incident: &Incident) -> Vec<&'a Dataset> {
    tenant.datasets.iter().filter(|dataset| incident.datasets.contains(&dataset.name)).collect()
}

/// Whether passwords and the like are among the data, or what nobody knows to be something else.
pub fn credentials_leaked(tenant: &Tenant, incident: &Incident) -> bool {
    let words = datasets(tenant, incident).into_iter().flat_map(|dataset| &dataset.data);
    let mut classes = words.map(|word| RulePack::shipped().class(word));
    classes.any(|class| class.is_none_or(|class| class == DataClass::Credentials))
}

/// The law's answer as an obligation of ours, its terms frozen, with what only this plan needs of it.
pub fn duty(incident: IncidentId, finding: Finding<'_>) -> Duty {
    let jurisdiction = finding.jurisdiction.to_string();
    let (audience, alarm, citation) = (audience(&finding), finding.alarm(), citation(&finding));
    let obligation = Obligation {
        id: ObligationId::of(incident, &finding.regime, &jurisdiction, &finding.recipient),
        regime: finding.regime.into_owned(),
        rule_from: finding.effective_from,
        jurisdiction,
        audience,
        recipient: finding.recipient.into_owned(),
        owed: match finding.owed {
            tocsin_law::Owed::Yes => Owed::Yes,
            tocsin_law::Owed::No => Owed::No,
            tocsin_law::Owed::AskCounsel => Owed::AskCounsel,
        },
        due: finding.due,
        alarm,
        due_rule: finding.due_rule,
        readings: finding.readings.into_iter().map(reading).collect(),
        further_filings: finding.further_filings.into_iter().map(further_filing).collect(),
        reasons: finding.reasons,
        citation,
        filing: finding.filing.map(str::to_owned),
        confidence: finding.confidence.to_string(),
        required: finding.required.iter().map(ToString::to_string).collect(),
        forbidden: finding.forbidden.iter().map(ToString::to_string).collect(),
        methods: finding.methods.iter().map(ToString::to_string).collect(),
        conditions: finding.conditions.iter().map(ToString::to_string).collect(),
    };
    Duty {
        obligation,
        residences: finding.residences.iter().map(ToString::to_string).collect(),
        conditions: finding.conditions.into_owned(),
    }
}

/// The law by name, and where in it: "Art. 33" alone is of no law.
fn citation(finding: &Finding<'_>) -> String {
    match finding.law == finding.citation {
        true => finding.law.to_owned(),
        false => format!("{}, {}", finding.law, finding.citation),
    }
}

fn reading(reading: tocsin_law::Reading) -> Reading {
    Reading { due: reading.due, why: reading.why }
}

fn further_filing(filing: tocsin_law::FurtherFiling) -> FurtherFiling {
    let opens_exception = match filing.role {
        FilingRole::Phase => false,
        FilingRole::Exception => true,
    };
    FurtherFiling { what: filing.what, opens_exception, due: filing.due, due_rule: filing.due_rule }
}

fn audience(finding: &Finding<'_>) -> Audience {
    match finding.audience {
        tocsin_law::Audience::Authority => Audience::Authority,
        tocsin_law::Audience::Individual => Audience::Individual,
        tocsin_law::Audience::AttorneyGeneral => Audience::AttorneyGeneral,
        tocsin_law::Audience::ConsumerReportingAgency => Audience::CreditAgency,
        tocsin_law::Audience::CardBrand => Audience::Card,
        tocsin_law::Audience::Controller => Audience::Controller,
        tocsin_law::Audience::Media => Audience::Media,
        tocsin_law::Audience::Other if finding.regime.ends_with("-register") => Audience::Register,
        tocsin_law::Audience::Other => Audience::Other,
    }
}

fn controller(tenant: &Tenant) -> Result<Controller, String> {
    let settings = &tenant.controller;
    let optional = |code: &Option<String>| code.as_deref().map(place).transpose();
    Ok(Controller {
        time_zone: settings.time_zone.clone(),
        country: Some(place(&settings.country)?),
        eu_main_establishment: optional(&settings.eu_main_establishment)?,
        eu_representative: optional(&settings.eu_representative)?,
        sectors: settings.sectors.iter().cloned().collect(),
    })
}

fn place(code: &str) -> Result<Jurisdiction, String> {
    code.parse().map_err(|_| format!("{code:?} is no jurisdiction code"))
}

fn risk(risk: Risk) -> tocsin_law::Risk {
    match risk {
        Risk::None => tocsin_law::Risk::None,
        Risk::Risk => tocsin_law::Risk::Risk,
        Risk::High => tocsin_law::Risk::High,
    }
}

/// Each affected person may have had a card of each brand: the number is an upper bound until the acquirer's own
/// list of accounts is known.
fn payment_cards(tenant: &Tenant, datasets: &[&Dataset], people: u64) -> Option<PaymentCards> {
    let brands: BTreeSet<&String> = datasets.iter().flat_map(|dataset| &dataset.card_brands).collect();
    if brands.is_empty() {
        return None;
    }
    Some(PaymentCards {
        accounts: people,
        brands: brands.into_iter().map(|brand| (brand.clone(), people)).collect(),
        acquirer_hours: tenant.controller.acquirer_hours.clone(),
    })
}

/// One dataset whose leak does harm is enough; nobody's judgement is no judgement.
fn significant_harm(datasets: &[&Dataset]) -> Option<bool> {
    datasets.iter().filter_map(|dataset| dataset.significant_harm).max()
}
