//! The forms that ship: whether they can be filled, and what their exports are.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use tocsin_domain::id::{IncidentId, LeafId, ObligationId, SignalId, TenantId};
use tocsin_filings::{
    Act, Completeness, Dossier, Fact, Filing, Form, Given, NOT_YET_KNOWN, Value, fill, forms, schema,
    to_html, to_json, to_text,
};
use tocsin_law::RulePack;

fn tenant() -> TenantId {
    "shop".parse().expect("a tenant")
}

/// Everything is known, in the first of its words.
fn known() -> Dossier {
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

fn filing(form: &Form, dossier: &Dossier) -> Filing {
    let incident = IncidentId::of(&tenant(), SignalId::of(&tenant(), "a", "b"));
    let obligation = ObligationId::of(incident, "eu-gdpr-authority", "DE", "the authority");
    let filled = fill(form, dossier, &Given::new()).expect("a filling");
    let act = Act { by: "arn:person".to_owned(), at: "2026-11-24T09:00:00Z".parse().expect("an instant") };
    Filing::prepare((incident, obligation), None, Completeness::Incomplete, (form, filled), act)
        .expect("a filing")
}

#[test]
fn every_form_meets_a_duty_of_the_law_and_is_filled_from_what_is_known() {
    let forms = forms().expect("forms that can be read");
    assert_eq!(forms.len(), 13);
    for form in forms {
        for regime in &form.regimes {
            assert!(RulePack::shipped().rule(regime).is_some(), "{}: {regime}", form.key);
        }
        let filled = fill(form, &known(), &Given::new()).expect("a filling");
        for answer in &filled.answers {
            let question = form.question(&answer.question).expect("a question");
            if question.from.is_some() {
                assert!(
                    answer.value.is_some(),
                    "{}, question {}: {:?} fills nothing",
                    form.key,
                    question.id,
                    question.from
                );
            }
        }
    }
}

#[test]
fn every_export_is_what_its_schema_says_whether_all_is_known_or_nothing() {
    for form in forms().expect("forms that can be read") {
        let validator = jsonschema::validator_for(&schema(form)).expect("a schema");
        for dossier in [known(), Dossier::new(TimeZone::UTC)] {
            let mut export = to_json(form, &filing(form, &dossier));
            let wrong: Vec<String> = validator.iter_errors(&export).map(|error| error.to_string()).collect();
            assert_eq!(wrong, [""; 0], "{}", form.key);
            // And a schema that takes anything says nothing.
            let answers = export["answers"].as_object_mut().expect("answers");
            let first = answers.keys().next().expect("an answer").clone();
            answers.insert("shoe-size".to_owned(), serde_json::json!(43));
            assert!(!validator.is_valid(&export));
            export["answers"].as_object_mut().expect("answers").remove("shoe-size");
            export["answers"][&first]["value"] = serde_json::Value::Null;
            assert!(!validator.is_valid(&export), "{}: {first} may be blank", form.key);
        }
    }
}

#[test]
fn what_nobody_knows_is_said_and_never_blank() {
    for form in forms().expect("forms that can be read") {
        let filing = filing(form, &Dossier::new(TimeZone::UTC));
        let asked = filing.filled.answers.len();
        assert_eq!(to_text(form, &filing).matches(NOT_YET_KNOWN).count(), asked, "{}", form.key);
        assert_eq!(to_html(form, &filing).matches("class=\"unknown\"").count(), asked, "{}", form.key);
    }
}

#[test]
fn the_article_33_notification_is_on_record() {
    let form = tocsin_filings::form("edpb-art33").expect("forms").expect("the form");
    let filing = filing(form, &known());
    insta::assert_snapshot!("edpb-art33.text", to_text(form, &filing));
    insta::assert_json_snapshot!("edpb-art33.json", to_json(form, &filing));
}

#[test]
fn hostile_words_stay_words() {
    let form = tocsin_filings::form("edpb-art33").expect("forms").expect("the form");
    let mut dossier = known();
    let leaf = LeafId::of(&tenant(), &[b"leaf"]);
    let hostile = "<script>alert(1)</script>\n97 Were they told?\n    Yes\u{1b}[2J {{ secret }} =1+1";
    dossier.put(Fact::WhatHappened, Value::Text(hostile.to_owned()), leaf);
    let filing = filing(form, &dossier);
    let page = to_html(form, &filing);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;") && !page.contains('\u{1b}'));
    let text = to_text(form, &filing);
    assert!(
        !text.contains('\u{1b}') && text.lines().filter(|line| line.starts_with("97 ")).count() == 1,
        "{text}"
    );
}
