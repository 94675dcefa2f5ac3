//! How severe a breach is for the people whose data it touched, by ENISA's method: the kind of data, times how easily
//! somebody is identified by it, plus what happened to it.
//!
//! <https://www.enisa.europa.eu/publications/dbn-severity> (Recommendations for a methodology of the assessment of severity
//! of personal data breaches, version 1.0, December 2013). Its words are in the arithmetic.
//!
//! It proposes a risk, and never decides: [`crate::Facts::risk`] is what a person says. What is not known is taken at the
//! severe end. ENISA has no class for credentials, government identifiers and locations; what stands for them here says so.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::category::DataClass;
use crate::keyed::keyed;
use crate::pack::RulePack;
use crate::words::Risk;

keyed! {
    /// How easily whoever has the data finds out whose it is (EI).
    Identification, "ease of identification" {
        Negligible = "negligible",
        Limited = "limited",
        Significant = "significant",
        Maximum = "maximum",
    }
}

keyed! {
    /// How far confidentiality, integrity or availability was lost (CB).
    Loss, "loss" {
        None = "none",
        /// To a known number of known recipients; altered, and it can be put right; away for a time.
        Bounded = "bounded",
        /// To an unknown number of recipients; altered for good; lost for good.
        Unbounded = "unbounded",
    }
}

keyed! {
    /// ENISA's level.
    Severity, "severity" {
        Low = "low",
        Medium = "medium",
        High = "high",
        VeryHigh = "very-high",
    }
}

/// What happened to the data, as far as a person can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// None: not judged; then it follows from the data.
    pub identification: Option<Identification>,
    pub confidentiality: Loss,
    pub integrity: Loss,
    pub availability: Loss,
    /// Somebody meant it.
    pub malicious: bool,
    /// All of the data was encrypted, and the key is safe.
    pub unintelligible: bool,
}

/// A proposal, with its arithmetic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// In hundredths: 25 to 600.
    pub score: u32,
    pub severity: Severity,
    /// What a person may confirm, or override with a reason.
    pub proposed_risk: Risk,
    /// Each step, in words, ending with the sum.
    pub arithmetic: Vec<String>,
}

/// The severity of a breach of data of these kinds, in the words of `data-categories.toml`.
pub fn assess(pack: &RulePack, data: &BTreeSet<String>, circumstances: &Circumstances) -> Assessment {
    let mut arithmetic = Vec::new();
    let context = context(pack, data, &mut arithmetic);
    let identification = identification(pack, data, circumstances, &mut arithmetic);
    let happened = happened(circumstances, &mut arithmetic);
    let score = context * identification + happened;
    let severity = match score {
        0..200 => Severity::Low,
        200..300 => Severity::Medium,
        300..400 => Severity::High,
        400.. => Severity::VeryHigh,
    };
    let proposed_risk = match severity {
        Severity::Low => Risk::None,
        Severity::Medium => Risk::Risk,
        Severity::High | Severity::VeryHigh => Risk::High,
    };
    arithmetic.push(format!(
        "severity: {context} x {} + {} = {}: {severity}, which proposes the risk `{proposed_risk}`",
        hundredths(identification),
        hundredths(happened),
        hundredths(score),
    ));
    Assessment { score, severity, proposed_risk, arithmetic }
}

/// The data processing context (DPC), 1 to 4: the highest of all kinds.
fn context(pack: &RulePack, data: &BTreeSet<String>, arithmetic: &mut Vec<String>) -> u32 {
    let scored = data.iter().map(|word| match pack.categories().class(word) {
        Some(class) => (of_class(class), format!("{class} data")),
        None => ((4, "of a kind that is not in the list, and could be sensitive"), "data".to_owned()),
    });
    // Of equals the first stands: the words are in order.
    let highest = scored.fold(None, |highest: Option<((u32, &str), String)>, next| match highest {
        Some(highest) if highest.0.0 >= next.0.0 => Some(highest),
        Some(_) | None => Some(next),
    });
    match highest {
        Some(((score, why), what)) => {
            arithmetic.push(format!("data processing context {score}: {what}, {why}"));
            score
        }
        None => {
            arithmetic.push("data processing context 4: the kinds of data are not stated".to_owned());
            4
        }
    }
}

fn of_class(class: DataClass) -> (u32, &'static str) {
    match class {
        DataClass::Contact => (1, "simple in ENISA's words"),
        DataClass::Behaviour => (2, "behavioural in ENISA's words"),
        DataClass::Location => (2, "taken as behavioural"),
        DataClass::Financial => (3, "financial in ENISA's words"),
        DataClass::Credentials => (3, "taken as financial: they open what they protect"),
        DataClass::GovernmentId => (3, "taken as financial: they open accounts in somebody's name"),
        DataClass::Health | DataClass::Biometric | DataClass::Sensitive => (4, "sensitive in ENISA's words"),
        DataClass::Vulnerable => (4, "of people who are vulnerable: simple, and 3 more"),
    }
}

/// The ease of identification (EI), in hundredths.
fn identification(
    pack: &RulePack,
    data: &BTreeSet<String>,
    circumstances: &Circumstances,
    arithmetic: &mut Vec<String>,
) -> u32 {
    let names_somebody = |word: &String| match pack.categories().class(word) {
        Some(DataClass::Contact | DataClass::GovernmentId | DataClass::Biometric) | None => true,
        Some(
            DataClass::Behaviour
            | DataClass::Credentials
            | DataClass::Financial
            | DataClass::Health
            | DataClass::Sensitive
            | DataClass::Location
            | DataClass::Vulnerable,
        ) => false,
    };
    let (ease, why) = match circumstances.identification {
        Some(judged) => (judged, "as a person judged"),
        None if circumstances.unintelligible => {
            (Identification::Negligible, "the data is encrypted and the key is safe")
        }
        None if data.is_empty() || data.iter().any(names_somebody) => {
            (Identification::Maximum, "the data names people, or may")
        }
        None => (Identification::Significant, "nothing in the data names people by itself"),
    };
    let score = match ease {
        Identification::Negligible => 25,
        Identification::Limited => 50,
        Identification::Significant => 75,
        Identification::Maximum => 100,
    };
    arithmetic.push(format!("ease of identification {}: {ease}, {why}", hundredths(score)));
    score
}

/// The circumstances of the breach (CB), in hundredths.
fn happened(circumstances: &Circumstances, arithmetic: &mut Vec<String>) -> u32 {
    let losses = [
        ("confidentiality", circumstances.confidentiality),
        ("integrity", circumstances.integrity),
        ("availability", circumstances.availability),
    ];
    let mut sum = 0;
    for (what, loss) in losses {
        let score = match loss {
            Loss::None => 0,
            Loss::Bounded => 25,
            Loss::Unbounded => 50,
        };
        arithmetic.push(format!("loss of {what} {}: {loss}", hundredths(score)));
        sum += score;
    }
    let malicious = if circumstances.malicious { 50 } else { 0 };
    arithmetic.push(format!("malicious intent {}", hundredths(malicious)));
    sum + malicious
}

fn hundredths(score: u32) -> String {
    format!("{}.{:02}", score / 100, score % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAK: Circumstances = Circumstances {
        identification: None,
        confidentiality: Loss::Unbounded,
        integrity: Loss::None,
        availability: Loss::None,
        malicious: true,
        unintelligible: false,
    };

    fn of(data: &[&str], circumstances: Circumstances) -> Assessment {
        let data = data.iter().map(|&word| word.to_owned()).collect();
        assess(RulePack::shipped(), &data, &circumstances)
    }

    #[test]
    fn the_arithmetic_is_that_of_the_method() {
        let bounded = Circumstances { confidentiality: Loss::Bounded, malicious: false, ..LEAK };
        let limited = Circumstances { identification: Some(Identification::Limited), ..LEAK };
        let all = Circumstances { integrity: Loss::Unbounded, availability: Loss::Unbounded, ..LEAK };
        let cases: [(&[&str], Circumstances, u32, Severity, Risk); 10] = [
            (&["name", "email"], bounded, 125, Severity::Low, Risk::None),
            (&["name", "email"], LEAK, 200, Severity::Medium, Risk::Risk),
            (&["name", "order_history"], LEAK, 300, Severity::High, Risk::High),
            (&["order_history"], LEAK, 250, Severity::Medium, Risk::Risk),
            (&["name", "iban"], bounded, 325, Severity::High, Risk::High),
            (&["name", "password_hash"], LEAK, 400, Severity::VeryHigh, Risk::High),
            (&["name", "diagnosis"], limited, 300, Severity::High, Risk::High),
            (&["name", "shoe_secrets"], bounded, 425, Severity::VeryHigh, Risk::High),
            (&[], all, 600, Severity::VeryHigh, Risk::High),
            (
                &["name", "iban"],
                Circumstances { unintelligible: true, ..bounded },
                100,
                Severity::Low,
                Risk::None,
            ),
        ];
        for (data, circumstances, score, severity, risk) in cases {
            let found = of(data, circumstances);
            assert_eq!(
                (found.score, found.severity, found.proposed_risk),
                (score, severity, risk),
                "{data:?}"
            );
        }
    }

    #[test]
    fn each_step_is_shown_and_the_sum_at_the_end() {
        let found = of(&["name", "iban"], LEAK).arithmetic;
        assert_eq!(
            found,
            [
                "data processing context 3: financial data, financial in ENISA's words",
                "ease of identification 1.00: maximum, the data names people, or may",
                "loss of confidentiality 0.50: unbounded",
                "loss of integrity 0.00: none",
                "loss of availability 0.00: none",
                "malicious intent 0.50",
                "severity: 3 x 1.00 + 1.00 = 4.00: very-high, which proposes the risk `high`",
            ]
        );
    }

    #[test]
    fn every_word_of_the_list_has_a_score_and_more_data_never_lowers_it() {
        let name = of(&["name"], LEAK).score;
        for word in RulePack::shipped().categories().0.keys() {
            assert!(of(&["name", word], LEAK).score >= name.max(of(&[word], LEAK).score), "{word}");
        }
    }
}
