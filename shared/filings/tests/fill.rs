//! How a form is filled, with a small form of our own.

use jiff::tz::TimeZone;
use serde_json::json;
use tocsin_domain::id::{LeafId, TenantId};
use tocsin_filings::{Dossier, Fact, Form, Given, Known, Lack, Source, Value, fill, stated};

const FORM: &str = r#"
    key = "zz"
    name = "A form"
    law = "s. 1"
    source = "invented"
    confidence = "uncertain"
    version = 3
    regimes = ["zz-authority"]
    language = "en"

    [[section]]
    title = "All"

    [[section.question]]
    id = "risk"
    ask = "Risk"
    takes = "choice"
    options = [{ key = "a", says = "high" }, { key = "b", says = "some" }, { key = "x", says = "not yet known", while-incomplete = true }]
    from = "risk"
    map = { high = "a", risk = "b" }
    need = "required"

    [[section.question]]
    id = "why"
    ask = "Why it is high"
    takes = "text"
    asked-when = [{ question = "risk", is = ["a"] }]
    need = "required"

    [[section.question]]
    id = "data"
    ask = "Data"
    takes = "choices"
    options = [{ key = "m", says = "mail" }, { key = "n", says = "names" }]
    from = "data-kinds"
    map = { email = "m", name = "n", phone = "m" }

    [[section.question]]
    id = "on"
    ask = "Day"
    takes = "day"
    from = "awareness"

    [[section.question]]
    id = "places"
    ask = "Where"
    takes = "places"
    from = "people-by-place"
"#;

fn form() -> Form {
    Form::read("zz", FORM).expect("a form")
}

fn leaf(of: &str) -> LeafId {
    let tenant: TenantId = "shop".parse().expect("a tenant");
    LeafId::of(&tenant, &[of.as_bytes()])
}

fn dossier(risk: &str) -> Dossier {
    let mut dossier = Dossier::new(TimeZone::get("Europe/Berlin").expect("a zone"));
    dossier.put(Fact::Risk, Value::word(risk), leaf("risk"));
    let kinds = ["email", "name", "phone", "shoe-size"].map(str::to_owned).to_vec();
    dossier.put(Fact::DataKinds, Value::Words(kinds), leaf("data"));
    let at = "2026-11-23T23:30:00Z".parse().expect("an instant");
    dossier.put(Fact::Awareness, Value::Instant(at), leaf("aware"));
    dossier
}

fn said(question: &str, value: Value) -> Given {
    Given::from([(question.to_owned(), Known { value, source: Source::Leaf(leaf("person")) })])
}

#[test]
fn what_is_known_fills_and_what_is_not_says_so() {
    let filled = fill(&form(), &dossier("risk"), &Given::new()).expect("a filling");
    let answers: Vec<(&str, Option<&Value>)> =
        filled.answers.iter().map(|answer| (answer.question.as_str(), answer.value.as_ref())).collect();
    let words = |words: &[&str]| Value::Words(words.iter().map(|word| (*word).to_owned()).collect());
    let day = Value::Day("2026-11-24".parse().expect("a day"));
    // `why` is asked of a high risk alone; the residences are not known yet, and stand there.
    assert_eq!(
        answers,
        [
            ("risk", Some(&words(&["b"]))),
            ("data", Some(&words(&["m", "n"]))),
            ("on", Some(&day)),
            ("places", None)
        ]
    );
    assert_eq!(filled.answer("risk").map(|answer| &answer.source), Some(&Source::Leaf(leaf("risk"))));
    assert_eq!(filled.answer("places").map(|answer| &answer.source), Some(&Source::Filing));
    assert_eq!(filled.lacks(&form()), []);
}

#[test]
fn what_a_person_says_comes_first_and_opens_further_questions() {
    let given = said("risk", Value::word("a"));
    let filled = fill(&form(), &dossier("risk"), &given).expect("a filling");
    assert_eq!(filled.answer("risk").map(|answer| &answer.source), Some(&Source::Leaf(leaf("person"))));
    assert_eq!(filled.lacks(&form()), [Lack::NotKnown("why".to_owned())]);
    let provisional = fill(&form(), &dossier("risk"), &said("risk", Value::word("x"))).expect("a filling");
    assert_eq!(provisional.lacks(&form()), [Lack::OnlyWhileIncomplete("risk".to_owned())]);
    // A word that no option stands for fills nothing.
    let filled = fill(&form(), &dossier("none"), &Given::new()).expect("a filling");
    assert_eq!(filled.lacks(&form()), [Lack::NotKnown("risk".to_owned())]);
}

#[test]
fn an_answer_that_the_form_does_not_take_is_refused_and_named() {
    for (question, value, lack) in [
        ("risk", Value::word("z"), Lack::NoOption { question: "risk".to_owned(), key: "z".to_owned() }),
        ("on", Value::Number(3), Lack::WrongKind { question: "on".to_owned(), takes: "a day".to_owned() }),
        ("shoe", Value::Number(3), Lack::NoQuestion("shoe".to_owned())),
        ("why", Value::Text("because".to_owned()), Lack::NotAsked("why".to_owned())),
    ] {
        assert_eq!(fill(&form(), &dossier("risk"), &said(question, value)), Err(vec![lack]), "{question}");
    }
}

#[test]
fn a_persons_words_are_read_as_the_question_takes_them() {
    let form = form();
    let question = |id: &str| form.question(id).expect("a question");
    for (id, said, is_taken) in [
        ("risk", json!("a"), true),
        ("risk", json!(["a", "b"]), false),
        ("data", json!(["m", "n"]), true),
        ("data", json!([]), false),
        ("on", json!("2026-11-23"), true),
        ("on", json!("soon"), false),
        ("places", json!({"DE": 3}), true),
        ("places", json!({"DE": -3}), false),
        ("places", json!({}), false),
        ("why", json!(" "), false),
        ("why", json!("because"), true),
    ] {
        assert_eq!(stated(question(id), &said).is_ok(), is_taken, "{id} {said}");
    }
}

#[test]
fn a_form_that_makes_no_sense_is_refused_and_named() {
    for (from, to, want) in [
        ("law = \"s. 1\"", "law = \" \"", "`law` is empty"),
        ("confidence = \"uncertain\"", "confidence = \"sure\"", "confidence"),
        ("[\"zz-authority\"]", "[]", "meets no duty"),
        ("id = \"why\"", "id = \"risk\"", "two questions are called risk"),
        ("risk = \"b\"", "risk = \"c\"", "`map` leads to an option"),
        ("is = [\"a\"]", "is = [\"q\"]", "risk has no option q"),
        ("question = \"risk\", is", "question = \"data\", is", "does not stand before it"),
        ("takes = \"text\"", "takes = \"choice\"", "options and kind do not fit"),
        ("key = \"b\", says", "key = \"a\", says", "two options have one key"),
        ("from = \"risk\"", "from = \"shoe-size\"", "unknown variant"),
        ("takes = \"day\"", "takes = \"week\"", "unknown variant"),
    ] {
        let error = Form::read("zz", &FORM.replacen(from, to, 1)).expect_err(want).to_string();
        assert!(error.starts_with("zz: ") && error.contains(want), "{from}: {error}");
    }
    assert!(Form::read("yy", FORM).is_err(), "another name");
}
