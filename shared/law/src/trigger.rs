//! Whether the facts meet a rule's tests.
//!
//! A missing fact never excuses. Where the law says "unless", it counts as met; where the law asks for something
//! beyond the ordinary ("likely high risk"), the answer is left to counsel.

use crate::category::{Categories, DataClass};
use crate::facts::Facts;
use crate::finding::Owed;
use crate::rule::Test;
use crate::words::{Jurisdiction, Risk};

/// The outcome of one or more tests, with what decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub owed: Owed,
    pub reasons: Vec<String>,
}

/// What a test looks at.
pub(crate) struct Circumstances<'a> {
    pub facts: &'a Facts,
    pub categories: &'a Categories,
    /// The people whom the rule counts.
    pub people: u64,
    /// Where the duty would be owed.
    pub place: Jurisdiction,
}

/// All tests must be met; one that is not decides, and so its reason alone stands.
pub(crate) fn all(tests: &[Test], circumstances: &Circumstances<'_>) -> Verdict {
    let verdicts: Vec<Verdict> = tests.iter().map(|test| verdict(test, circumstances)).collect();
    let worst = [Owed::No, Owed::AskCounsel]
        .into_iter()
        .find(|owed| verdicts.iter().any(|verdict| verdict.owed == *owed))
        .unwrap_or(Owed::Yes);
    collect(worst, verdicts, worst == Owed::No)
}

/// One test that is met is enough.
fn any(tests: &[Test], circumstances: &Circumstances<'_>) -> Verdict {
    let verdicts: Vec<Verdict> = tests.iter().map(|test| verdict(test, circumstances)).collect();
    let best = [Owed::Yes, Owed::AskCounsel]
        .into_iter()
        .find(|owed| verdicts.iter().any(|verdict| verdict.owed == *owed))
        .unwrap_or(Owed::No);
    collect(best, verdicts, best != Owed::No)
}

fn collect(owed: Owed, verdicts: Vec<Verdict>, only_deciding: bool) -> Verdict {
    let deciding = verdicts.into_iter().filter(|verdict| !only_deciding || verdict.owed == owed);
    Verdict { owed, reasons: deciding.flat_map(|verdict| verdict.reasons).collect() }
}

fn verdict(test: &Test, circumstances: &Circumstances<'_>) -> Verdict {
    let facts = circumstances.facts;
    let people = circumstances.people;
    match test {
        Test::PeopleAtLeast(n) => {
            yes_or_no(people >= *n, format!("{people} affected; at least {n} asked for"))
        }
        Test::PeopleMoreThan(n) => {
            yes_or_no(people > *n, format!("{people} affected; more than {n} asked for"))
        }
        Test::PeopleFewerThan(n) => {
            yes_or_no(people < *n, format!("{people} affected; fewer than {n} asked for"))
        }
        Test::RiskAtLeast(least) => risk_at_least(*least, facts.risk),
        Test::SignificantHarm => significant_harm(facts),
        Test::DataAnyOf(classes) => data(circumstances, |class| classes.contains(&class), || list(classes)),
        Test::DataOtherThan(classes) => data(
            circumstances,
            |class| !classes.contains(&class),
            || format!("anything beyond {}", list(classes)),
        ),
        Test::SectorAnyOf(sectors) => yes_or_no(
            sectors.iter().any(|sector| facts.controller.sectors.contains(sector)),
            format!("the law binds {}", sectors.join(", ")),
        ),
        Test::SectorNoneOf(sectors) => sector_none_of(sectors, facts),
        Test::Processor => yes_or_no(facts.processor, "binds who holds data for others".to_owned()),
        Test::ImproperPurpose => known_or_ask(facts.improper_purpose, "an improper purpose"),
        Test::SignificantIncident => known_or_ask(facts.significant_incident, "a significant incident"),
        Test::ClockGiven(clock) => {
            yes_or_no(facts.clocks.given.contains_key(clock), format!("arises with `{clock}`"))
        }
        Test::CardBrand(brand) => card_brand(brand, circumstances),
        Test::Ordered => yes_or_no(false, "owed only when the authority orders it".to_owned()),
        Test::ExceptionOpenedBy(what) => {
            exception(what, facts.exceptions_opened.contains_key(&circumstances.place))
        }
        Test::AskCounsel(question) => ask(format!("undecided: {question}")),
        Test::Any(tests) => any(tests, circumstances),
        Test::All(tests) => all(tests, circumstances),
    }
}

/// An exception that nobody opened excuses nobody, and whether it will be opened is a lawyer's matter.
fn exception(what: &str, opened: bool) -> Verdict {
    if opened {
        return yes_or_no(false, format!("the exception for want of risk is open: {what}"));
    }
    ask(format!("undecided: the exception for want of risk is open only after {what}"))
}

fn yes_or_no(met: bool, what: String) -> Verdict {
    let (owed, mark) = if met { (Owed::Yes, "met") } else { (Owed::No, "not met") };
    Verdict { owed, reasons: vec![format!("{mark}: {what}")] }
}

fn ask(reason: String) -> Verdict {
    Verdict { owed: Owed::AskCounsel, reasons: vec![reason] }
}

fn known_or_ask(fact: Option<bool>, what: &str) -> Verdict {
    match fact {
        Some(met) => yes_or_no(met, what.to_owned()),
        None => ask(format!("undecided: {what} is not assessed")),
    }
}

/// "Unless a risk is unlikely" holds while nobody has assessed it; "likely high" does not hold by itself.
fn risk_at_least(least: Risk, assessed: Option<Risk>) -> Verdict {
    match assessed {
        Some(risk) => yes_or_no(risk >= least, format!("risk is `{risk}`; at least `{least}` asked for")),
        None if least <= Risk::Risk => Verdict {
            owed: Owed::Yes,
            reasons: vec!["met: the risk is not assessed, so it is not excluded".to_owned()],
        },
        None => ask(format!("undecided: the risk is not assessed; at least `{least}` asked for")),
    }
}

/// Harm that is not assessed by itself is read off the risk, where the risk is at an end of the scale.
fn significant_harm(facts: &Facts) -> Verdict {
    match (facts.significant_harm, facts.risk) {
        (Some(harm), _) => yes_or_no(harm, "significant harm is likely".to_owned()),
        (None, Some(Risk::High)) => {
            yes_or_no(true, "significant harm is not assessed by itself; the risk is high".to_owned())
        }
        (None, Some(Risk::None)) => {
            yes_or_no(false, "significant harm is not assessed by itself; no risk is likely".to_owned())
        }
        (None, Some(Risk::Risk) | None) => ask("undecided: significant harm is not assessed".to_owned()),
    }
}

/// A category that is not listed could be of any class, so it meets every test; so does an empty list.
fn data(
    circumstances: &Circumstances<'_>,
    wanted: impl Fn(DataClass) -> bool,
    what: impl Fn() -> String,
) -> Verdict {
    if circumstances.facts.data.is_empty() {
        return yes_or_no(true, format!("the kinds of data are not stated, so they could be {}", what()));
    }
    let known = |word: &String| circumstances.categories.class(word);
    let words = || circumstances.facts.data.iter();
    if words().filter_map(known).any(&wanted) {
        return yes_or_no(true, format!("the data includes {}", what()));
    }
    let unlisted = words().filter(|word| known(word).is_none()).count();
    if unlisted > 0 {
        return yes_or_no(
            true,
            format!("{unlisted} kinds of data are not in the list and could be {}", what()),
        );
    }
    yes_or_no(false, format!("the data includes {}", what()))
}

fn list(classes: &[DataClass]) -> String {
    classes.iter().map(|class| class.key()).collect::<Vec<_>>().join(", ")
}

fn sector_none_of(sectors: &[String], facts: &Facts) -> Verdict {
    match sectors.iter().find(|sector| facts.controller.sectors.contains(*sector)) {
        Some(sector) => yes_or_no(false, format!("the law exempts {sector}")),
        None => Verdict { owed: Owed::Yes, reasons: Vec::new() },
    }
}

/// Accounts of no named brand could be of any.
fn card_brand(brand: &str, circumstances: &Circumstances<'_>) -> Verdict {
    let Some(cards) = &circumstances.facts.payment_cards else {
        let of_cards = circumstances.facts.data.iter().any(|word| circumstances.categories.is_of_cards(word));
        return match of_cards {
            true => {
                ask(format!("undecided: data of cards is affected, and {brand} may be among their brands"))
            }
            false => yes_or_no(false, "no payment cards are affected".to_owned()),
        };
    };
    let accounts = cards.brands.get(brand).copied().unwrap_or(0);
    let named = cards.brands.values().fold(0_u64, |sum, accounts| sum.saturating_add(*accounts));
    if accounts == 0 && cards.accounts > named {
        let unnamed = cards.accounts - named;
        return ask(format!(
            "undecided: {unnamed} accounts are of no named brand, {brand} may be among them"
        ));
    }
    yes_or_no(accounts > 0, format!("{accounts} {brand} accounts affected"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::RulePack;

    fn facts(more: serde_json::Value) -> Facts {
        let mut facts = json!({
            "clocks": {"awareness": "2026-02-20T00:00:00Z"},
            "controller": {"time_zone": "UTC", "sectors": ["hipaa-covered-entity"]},
            "affected": {},
        });
        for (key, value) in more.as_object().expect("an object") {
            facts[key] = value.clone();
        }
        serde_json::from_value(facts).expect("readable facts")
    }

    fn decide(test: Test, facts: &Facts, people: u64) -> Owed {
        let categories = RulePack::shipped().categories();
        let place = "US-AK".parse().expect("a place");
        verdict(&test, &Circumstances { facts, categories, people, place }).owed
    }

    #[test]
    fn counts_hold_at_their_boundary() {
        let none = facts(json!({}));
        let cases = [
            (Test::PeopleAtLeast(500), [Owed::No, Owed::Yes, Owed::Yes]),
            (Test::PeopleMoreThan(500), [Owed::No, Owed::No, Owed::Yes]),
            (Test::PeopleFewerThan(500), [Owed::Yes, Owed::No, Owed::No]),
        ];
        for (test, want) in cases {
            assert_eq!([499, 500, 501].map(|n| decide(test.clone(), &none, n)), want, "{test:?}");
        }
    }

    #[test]
    fn risk_and_harm_say_what_a_missing_fact_means() {
        let risk = |risk: Option<&str>| risk.map_or(facts(json!({})), |risk| facts(json!({"risk": risk})));
        let cases = [
            (Test::RiskAtLeast(Risk::Risk), None, Owed::Yes),
            (Test::RiskAtLeast(Risk::Risk), Some("none"), Owed::No),
            (Test::RiskAtLeast(Risk::High), None, Owed::AskCounsel),
            (Test::RiskAtLeast(Risk::High), Some("risk"), Owed::No),
            (Test::RiskAtLeast(Risk::High), Some("high"), Owed::Yes),
            (Test::SignificantHarm, None, Owed::AskCounsel),
            (Test::SignificantHarm, Some("none"), Owed::No),
            (Test::SignificantHarm, Some("risk"), Owed::AskCounsel),
            (Test::SignificantHarm, Some("high"), Owed::Yes),
        ];
        for (test, given, want) in cases {
            assert_eq!(decide(test.clone(), &risk(given), 1), want, "{test:?} {given:?}");
        }
        let denied = facts(json!({"risk": "high", "significant_harm": false}));
        assert_eq!(decide(Test::SignificantHarm, &denied, 1), Owed::No);
    }

    #[test]
    fn data_that_is_not_listed_could_be_anything() {
        let ids = || Test::DataAnyOf(vec![DataClass::GovernmentId]);
        let beyond = || Test::DataOtherThan(vec![DataClass::Contact]);
        let cases = [
            (json!([]), Owed::Yes, Owed::Yes),
            (json!(["name", "email"]), Owed::No, Owed::No),
            (json!(["name", "ssn"]), Owed::Yes, Owed::Yes),
            (json!(["name", "password"]), Owed::No, Owed::Yes),
            (json!(["name", "shoe_secrets"]), Owed::Yes, Owed::Yes),
        ];
        for (data, want_ids, want_beyond) in cases {
            let facts = facts(json!({"data": data}));
            assert_eq!(decide(ids(), &facts, 1), want_ids, "{data}");
            assert_eq!(decide(beyond(), &facts, 1), want_beyond, "{data}");
        }
    }

    #[test]
    fn all_and_any_combine_three_answers() {
        let unknown = || Test::SignificantIncident;
        let yes = || Test::SectorAnyOf(vec!["hipaa-covered-entity".to_owned()]);
        let no = || Test::SectorNoneOf(vec!["hipaa-covered-entity".to_owned()]);
        let none = facts(json!({}));
        let cases = [
            (Test::All(vec![]), Owed::Yes),
            (Test::All(vec![yes(), unknown()]), Owed::AskCounsel),
            (Test::All(vec![yes(), unknown(), no()]), Owed::No),
            (Test::Any(vec![]), Owed::No),
            (Test::Any(vec![no(), unknown()]), Owed::AskCounsel),
            (Test::Any(vec![no(), unknown(), yes()]), Owed::Yes),
        ];
        for (test, want) in cases {
            assert_eq!(decide(test.clone(), &none, 1), want, "{test:?}");
        }
    }

    #[test]
    fn card_brands_that_are_not_known_are_a_question() {
        let visa = || Test::CardBrand("visa".to_owned());
        let cases = [
            (json!({}), Owed::No),
            (json!({"payment_cards": {"accounts": 5}}), Owed::AskCounsel),
            (json!({"payment_cards": {"accounts": 5, "brands": {"amex": 5}}}), Owed::No),
            (json!({"payment_cards": {"accounts": 5, "brands": {"visa": 1}}}), Owed::Yes),
            (json!({"payment_cards": {"accounts": 5, "brands": {"amex": 4}}}), Owed::AskCounsel),
            (json!({"payment_cards": {"accounts": 5, "brands": {"amex": 4, "visa": 0, "jcb": 1}}}), Owed::No),
            (json!({"data": ["name", "pan"]}), Owed::AskCounsel),
            (json!({"data": ["name", "iban"]}), Owed::No),
        ];
        for (more, want) in cases {
            assert_eq!(decide(visa(), &facts(more.clone()), 0), want, "{more}");
        }
    }
}
