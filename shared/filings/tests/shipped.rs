//! The forms that ship: whether they can be filled, and what their exports are.

mod samples;

use jiff::tz::TimeZone;
use samples::{filing, known};
use tocsin_filings::{Dossier, Given, NOT_YET_KNOWN, fill, forms, schema, to_html, to_json, to_text};
use tocsin_law::RulePack;

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
            let mut export = to_json(form, &filing(form, &dossier, &Given::new()));
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
        let filing = filing(form, &Dossier::new(TimeZone::UTC), &Given::new());
        let asked = filing.filled.answers.len();
        assert_eq!(to_text(form, &filing).matches(NOT_YET_KNOWN).count(), asked, "{}", form.key);
        assert_eq!(to_html(form, &filing).matches("class=\"unknown\"").count(), asked, "{}", form.key);
    }
}

#[test]
fn the_article_33_notification_is_on_record() {
    let form = tocsin_filings::form("edpb-art33").expect("forms").expect("the form");
    let filing = filing(form, &known(), &Given::new());
    insta::assert_snapshot!("edpb-art33.text", to_text(form, &filing));
    insta::assert_json_snapshot!("edpb-art33.json", to_json(form, &filing));
}
