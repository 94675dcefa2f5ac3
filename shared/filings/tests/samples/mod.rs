//! An incident of which everything is known, and a filing of it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use tocsin_domain::id::{IncidentId, LeafId, ObligationId, SignalId, TenantId};
use tocsin_filings::{Act, Completeness, Dossier, Fact, Filing, Form, Given, Value, fill};

pub fn tenant() -> TenantId {
    "shop".parse().expect("a tenant")
}

/// Everything is known, in the first of its words.
pub fn known() -> Dossier {
    let mut dossier = Dossier::new(TimeZone::get("Europe/Berlin").expect("a zone"));
    let leaf = LeafId::of(&tenant(), &[b"leaf"]);
    let at = Value::Instant("2026-11-23T09:00:00Z".parse().expect("an instant"));
    for fact in Fact::ALL {
        let value = match fact {
            Fact::Awareness
            | Fact::Discovery
            | Fact::OccurrenceBegin
            | Fact::OccurrenceEnd
            | Fact::ToldOn
            | Fact::ToldNext => at.clone(),
            Fact::People | Fact::Records | Fact::Residents | Fact::ResidentsTold | Fact::ToldNumber => {
                Value::Number(7)
            }
            Fact::EeaPlaces | Fact::PeopleByPlace => Value::Places(BTreeMap::from([("DE".to_owned(), 7)])),
            Fact::CrossBorder
            | Fact::DpoDesignated
            | Fact::LawEnforcementHold
            | Fact::OtherAuthoritiesTold
            | Fact::OutsideEea => Value::yes_or_no(true),
            Fact::DataKinds => Value::Words(vec!["email".to_owned(), "password".to_owned()]),
            Fact::Encryption => Value::word("none"),
            Fact::FilingCompleteness => Value::word("incomplete"),
            Fact::FilingKind => Value::word("follow-up"),
            Fact::OccurrenceKind => Value::word("day"),
            Fact::PeopleExactness | Fact::RecordsExactness => Value::word("exact"),
            Fact::Risk => Value::word("high"),
            Fact::Told => Value::word("yes"),
            Fact::ToldAll => Value::word("not-all"),
            Fact::ToldMeansKind => Value::word("individual"),
            Fact::Cause
            | Fact::ControllerContact
            | Fact::ControllerCountry
            | Fact::ControllerName
            | Fact::Consequences
            | Fact::DataKindsText
            | Fact::DpoContact
            | Fact::DpoName
            | Fact::EarlierNumber
            | Fact::FilingAuthority
            | Fact::IdentityServices
            | Fact::LeadAuthority
            | Fact::Measures
            | Fact::OtherAuthorities
            | Fact::OwnReference
            | Fact::ReasonsForDelay
            | Fact::Representative
            | Fact::SampleNotice
            | Fact::ToldMeans
            | Fact::ToldWhyNotAll
            | Fact::WhatHappened => Value::Text(format!("The {fact}.")),
        };
        dossier.put(*fact, value, leaf);
    }
    dossier
}

pub fn filing(form: &Form, dossier: &Dossier, given: &Given) -> Filing {
    let incident = IncidentId::of(&tenant(), SignalId::of(&tenant(), "a", "b"));
    let obligation = ObligationId::of(incident, "eu-gdpr-authority", "DE", "the authority");
    let filled = fill(form, dossier, given).expect("a filling");
    let act = Act { by: "arn:person".to_owned(), at: "2026-11-24T09:00:00Z".parse().expect("an instant") };
    Filing::prepare((incident, obligation), None, Completeness::Incomplete, (form, filled), act)
        .expect("a filing")
}
