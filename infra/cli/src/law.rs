//! `tocsin law`: the shipped law, looked at as a whole.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use tocsin_law::{
    Audience, Clock, Clocks, Confidence, Controller, Facts, FactsError, Finding, Jurisdiction, Lint, Rule,
    RulePack, evaluate,
};

use crate::table::{Align, Cell, Table};

/// One remark a line: `FILE, RULE: PROBLEM`.
pub fn lint(remarks: &[Lint]) -> String {
    remarks.iter().map(|Lint { file, rule, problem }| format!("{file}, {rule}: {problem}\n")).collect()
}

/// The places that have rules, toward whom, and how well the rules' texts are known; then the sums.
///
/// A place has the rules that the law answers with when somebody affected lives there.
///
/// # Errors
/// Never in practice: the facts that are asked with do not contradict themselves.
pub fn coverage(pack: &RulePack) -> Result<String, FactsError> {
    let rules = in_force_or_to_come(pack);
    let facts = somebody_everywhere(pack, &rules);
    let findings = evaluate(pack, &facts)?;
    // A place without any rule is answered too, by a finding that no rule stands behind.
    let known = findings.iter().filter(|finding| rules.contains_key(finding.regime.as_ref()));
    let mut by_place: BTreeMap<&Jurisdiction, Vec<&Finding>> = BTreeMap::new();
    for finding in known {
        by_place.entry(&finding.jurisdiction).or_default().push(finding);
    }
    let mut table = counts([("PLACE", Align::Left)], [("TOWARD", Align::Left)]);
    for (place, findings) in &by_place {
        let audiences: BTreeSet<Audience> = findings.iter().map(|finding| finding.audience).collect();
        let audiences: Vec<&str> = audiences.into_iter().map(Audience::key).collect();
        let confidences: Vec<Confidence> = findings.iter().map(|finding| finding.confidence).collect();
        table.row(row(place.as_str(), &confidences, Some(audiences.join(", "))));
    }
    Ok(format!(
        "{}\n{}\n{} places, {} rules\n",
        table.text(),
        by_audience(&rules),
        by_place.len(),
        rules.len()
    ))
}

/// The newest version of each rule, by id.
fn in_force_or_to_come(pack: &RulePack) -> BTreeMap<&str, &Rule> {
    pack.rules().map(|rule| (rule.id.as_str(), rule)).collect()
}

fn by_audience(rules: &BTreeMap<&str, &Rule>) -> String {
    let mut table = counts([("TOWARD", Align::Left)], []);
    let confidences = |toward: &dyn Fn(&Rule) -> bool| -> Vec<Confidence> {
        rules.values().filter(|rule| toward(rule)).map(|rule| rule.confidence).collect()
    };
    for audience in Audience::ALL {
        table.row(row(audience.key(), &confidences(&|rule| rule.audience == *audience), None));
    }
    table.row(row("all", &confidences(&|_| true), None));
    table.text()
}

/// A table of rules counted by confidence.
fn counts<const B: usize, const A: usize>(
    before: [(&'static str, Align); B],
    after: [(&'static str, Align); A],
) -> Table {
    let confidences = Confidence::ALL.iter().map(|confidence| (confidence.key(), Align::Right));
    Table::new(before.into_iter().chain([("RULES", Align::Right)]).chain(confidences).chain(after))
}

fn row(what: &str, confidences: &[Confidence], last: Option<String>) -> Vec<Cell> {
    let mut row: Vec<Cell> = vec![what.into(), confidences.len().to_string().into()];
    for confidence in Confidence::ALL {
        let count = confidences.iter().filter(|other| *other == confidence).count();
        row.push(count.to_string().into());
    }
    row.extend(last.map(Cell::from));
    row
}

/// Facts in which one person is affected in every place that there could be, under the newest law.
fn somebody_everywhere(pack: &RulePack, rules: &BTreeMap<&str, &Rule>) -> Facts {
    let newest = rules.values().map(|rule| rule.effective_from).max().unwrap_or(Date::ZERO);
    // Some clock has to be given; no deadline is read from the answers.
    let given = BTreeMap::from([(Clock::Awareness, Timestamp::UNIX_EPOCH)]);
    Facts {
        clocks: Clocks { given, authority_notified: BTreeMap::new() },
        controller: Controller {
            time_zone: "UTC".to_owned(),
            country: None,
            eu_main_establishment: None,
            eu_representative: None,
            sectors: BTreeSet::new(),
        },
        affected: pack.places().map(|place| (*place, 1)).collect(),
        data: BTreeSet::new(),
        encrypted: false,
        key_compromised: false,
        risk: None,
        processor: false,
        law_enforcement_hold: None,
        payment_cards: None,
        improper_purpose: None,
        significant_incident: None,
        significant_harm: None,
        backup: None,
        recorded: None,
        law_as_of: Some(newest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_counted_and_states_stand_beside_countries() {
        let text = coverage(RulePack::shipped()).unwrap();
        let line = |place: &str| text.lines().find(|line| line.split_whitespace().next() == Some(place));
        for place in ["DE", "US-CA", "CA-QC", "GB", "XX-PCI", "authority", "individual"] {
            assert!(line(place).is_some(), "{place} in\n{text}");
        }
        assert_eq!(line("AQ"), None, "a place without a rule");
        let ids: BTreeSet<&str> = RulePack::shipped().rules().map(|rule| rule.id.as_str()).collect();
        let all: Vec<usize> =
            line("all").unwrap().split_whitespace().skip(1).map(|count| count.parse().unwrap()).collect();
        assert_eq!(all.first(), Some(&ids.len()));
        assert_eq!(all.iter().skip(1).sum::<usize>(), ids.len());
    }

    /// A rule that answers nobody anywhere would be missing from the table of places.
    #[test]
    fn every_rule_answers_for_some_place() {
        let pack = RulePack::shipped();
        let rules = in_force_or_to_come(pack);
        let facts = somebody_everywhere(pack, &rules);
        let findings = evaluate(pack, &facts).unwrap();
        let answered: BTreeSet<&str> = findings.iter().map(|finding| finding.regime.as_ref()).collect();
        let silent: Vec<&&str> = rules.keys().filter(|id| !answered.contains(**id)).collect();
        assert_eq!(silent, Vec::<&&str>::new());
    }

    #[test]
    fn a_remark_names_its_rule() {
        let remark = Lint {
            file: "zz.toml".to_owned(),
            rule: "zz-authority".to_owned(),
            problem: "is odd".to_owned(),
        };
        assert_eq!(lint(&[remark]), "zz.toml, zz-authority: is odd\n");
    }
}
