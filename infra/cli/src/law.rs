//! `tocsin law`: the law looked at as a whole, from the rules that Tocsin ships or from files that counsel works on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

use jiff::Timestamp;
use jiff::civil::Date;
use tocsin_law::{
    Audience, Clock, Clocks, Confidence, Controller, Facts, FactsError, Finding, Jurisdiction, Lint,
    LoadError, Owed, Rule, RulePack, Source, evaluate,
};

use crate::table::{Align, Cell, Table};

/// One remark a line: `FILE, RULE: PROBLEM`.
pub fn lint(remarks: &[Lint]) -> String {
    remarks.iter().map(|Lint { file, rule, problem }| format!("{file}, {rule}: {problem}\n")).collect()
}

/// The rules as people write them, in the folders `rules` and `calendars` and in `data-categories.toml` of a folder.
///
/// # Errors
/// When a file cannot be read. Inside: why it does not load, with its file and its rule.
pub fn read(folder: &Path) -> io::Result<Result<RulePack, LoadError>> {
    let source = |path: &Path, file: String| Ok(Source { file, text: fs::read_to_string(path)? });
    let all = |name: &str| -> io::Result<Vec<Source>> {
        let entries: Vec<fs::DirEntry> = fs::read_dir(folder.join(name))?.collect::<io::Result<_>>()?;
        let paths: BTreeSet<_> = entries.iter().map(fs::DirEntry::path).collect();
        let files = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
        let named = |path: &std::path::PathBuf| {
            source(path, format!("{name}/{}", path.file_name().unwrap_or_default().display()))
        };
        files.map(named).collect()
    };
    let categories = source(&folder.join("data-categories.toml"), "data-categories.toml".to_owned())?;
    Ok(RulePack::load(&all("rules")?, &all("calendars")?, &categories))
}

/// The places that have rules, toward whom, how well the rules' texts are known, and how old the oldest source is; then the
/// sums.
///
/// A place has the rules that the law answers with when somebody affected lives there.
///
/// # Errors
/// Never in practice: the facts that are asked with do not contradict themselves.
pub fn coverage(pack: &RulePack, today: Date) -> Result<String, FactsError> {
    let rules = newest(pack);
    let law_as_of = rules.values().map(|rule| rule.effective_from).max().unwrap_or(Date::ZERO);
    let facts = somebody_everywhere(pack, Timestamp::UNIX_EPOCH, law_as_of);
    let findings = evaluate(pack, &facts)?;
    // A place without any rule is answered too, by a finding that no rule stands behind.
    let known = findings.iter().filter_map(|finding| Some((finding, *rules.get(finding.regime.as_ref())?)));
    let mut by_place: BTreeMap<Jurisdiction, Vec<&Rule>> = BTreeMap::new();
    for (finding, rule) in known {
        by_place.entry(finding.jurisdiction).or_default().push(rule);
    }
    let after = [("OLDEST SOURCE", Align::Right), ("TOWARD", Align::Left)];
    let mut table = counts([("PLACE", Align::Left)], after);
    for (place, rules) in &by_place {
        let audiences: BTreeSet<Audience> = rules.iter().map(|rule| rule.audience).collect();
        let audiences: Vec<&str> = audiences.into_iter().map(Audience::key).collect();
        table.row(row(place.as_str(), rules, [age(rules, today), audiences.join(", ")]));
    }
    let dated = rules.values().filter(|rule| rule.source_as_of.is_some()).count();
    Ok(format!(
        "{}\n{}\n{} places, {} rules; the sources of {} rules say as of when they tell the law\n",
        table.text(),
        by_audience(&rules),
        by_place.len(),
        rules.len(),
        dated,
    ))
}

/// The newest version of each rule, by id.
fn newest(pack: &RulePack) -> BTreeMap<&str, &Rule> {
    pack.rules().map(|rule| (rule.id.as_str(), rule)).collect()
}

/// How old the oldest of the sources is that say as of when they tell the law, and how many do not say it.
fn age(rules: &[&Rule], today: Date) -> String {
    let oldest = rules.iter().filter_map(|rule| rule.source_as_of).min();
    let months = |from: Date| {
        (i32::from(today.year()) - i32::from(from.year())) * 12
            + (i32::from(today.month()) - i32::from(from.month()))
    };
    let undated = rules.iter().filter(|rule| rule.source_as_of.is_none()).count();
    let dated = oldest.map(|from| format!("{} months", months(from)));
    let undated = (undated > 0).then(|| format!("{undated} undated"));
    dated.into_iter().chain(undated).collect::<Vec<_>>().join(", ")
}

fn by_audience(rules: &BTreeMap<&str, &Rule>) -> String {
    let mut table = counts([("TOWARD", Align::Left)], []);
    let toward = |wanted: &dyn Fn(&Rule) -> bool| -> Vec<&Rule> {
        rules.values().copied().filter(|rule| wanted(rule)).collect()
    };
    for audience in Audience::ALL {
        table.row(row(audience.key(), &toward(&|rule| rule.audience == *audience), []));
    }
    table.row(row("all", &toward(&|_| true), []));
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

fn row<const A: usize>(what: &str, rules: &[&Rule], after: [String; A]) -> Vec<Cell> {
    let mut row: Vec<Cell> = vec![what.into(), rules.len().to_string().into()];
    for confidence in Confidence::ALL {
        let count = rules.iter().filter(|rule| rule.confidence == *confidence).count();
        row.push(count.to_string().into());
    }
    row.extend(after.map(Cell::from));
    row
}

/// What an incident would owe under the law of one day and under that of another. Without facts, the incident affects one
/// person in every place, with a high risk, and everybody was aware on the first of the days.
///
/// # Errors
/// When the facts contradict themselves.
pub fn diff(pack: &RulePack, facts: Option<Facts>, from: Date, to: Date) -> Result<String, FactsError> {
    let aware = from
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp());
    let facts = facts.unwrap_or_else(|| somebody_everywhere(pack, aware, from));
    let [before, after] = [from, to].map(|day| Facts { law_as_of: Some(day), ..facts.clone() });
    let (before, after) = (answers(evaluate(pack, &before)?), answers(evaluate(pack, &after)?));
    let mut table = Table::new([
        ("REGIME", Align::Left),
        ("PLACE", Align::Left),
        ("BEFORE", Align::Left),
        ("AFTER", Align::Left),
    ]);
    let mut changed = 0;
    let duties: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for duty in &duties {
        let answer = |of: &BTreeMap<_, String>| of.get(*duty).cloned().unwrap_or_else(|| "-".to_owned());
        let (was, is) = (answer(&before), answer(&after));
        if was != is {
            changed += 1;
            let (regime, place): &(String, Jurisdiction) = duty;
            table.row(vec![regime.as_str().into(), place.as_str().into(), was.into(), is.into()]);
        }
    }
    let summary = format!("{changed} of {} duties differ between {from} and {to}\n", duties.len());
    Ok(if changed == 0 { summary } else { format!("{}\n{summary}", table.text()) })
}

/// What is owed for each duty, in words: `owed, P30D, 2026-04-03 06:59:59Z`.
fn answers(findings: Vec<Finding<'_>>) -> BTreeMap<(String, Jurisdiction), String> {
    let answer = |finding: &Finding<'_>| match (finding.owed, finding.due) {
        (Owed::No, _) => "not owed".to_owned(),
        (Owed::Yes, Some(due)) => format!("owed, {}, {due}", finding.due_rule),
        (Owed::Yes, None) => format!("owed, {}", finding.due_rule),
        (Owed::AskCounsel, _) => format!("ask counsel, {}", finding.due_rule),
    };
    let by_duty =
        |finding: &Finding<'_>| ((finding.regime.to_string(), finding.jurisdiction), answer(finding));
    findings.iter().map(by_duty).collect()
}

/// Facts in which one person is affected in every place, with a high risk, under the law of a day.
fn somebody_everywhere(pack: &RulePack, aware: Timestamp, law_as_of: Date) -> Facts {
    Facts {
        clocks: Clocks {
            given: BTreeMap::from([(Clock::Awareness, aware)]),
            authority_notified: BTreeMap::new(),
        },
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
        risk: Some(tocsin_law::Risk::High),
        processor: false,
        law_enforcement_hold: None,
        payment_cards: None,
        improper_purpose: None,
        significant_incident: None,
        significant_harm: None,
        backup: None,
        exceptions_opened: BTreeMap::new(),
        counsel: BTreeMap::new(),
        recorded: None,
        law_as_of: Some(law_as_of),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 27);

    #[test]
    fn every_rule_is_counted_and_states_stand_beside_countries() {
        let text = coverage(RulePack::shipped(), TODAY).unwrap();
        let line = |place: &str| text.lines().find(|line| line.split_whitespace().next() == Some(place));
        for place in ["DE", "US-CA", "CA-QC", "GB", "XX-PCI", "authority", "individual"] {
            assert!(line(place).is_some(), "{place} in\n{text}");
        }
        assert_eq!(line("AQ"), None, "a place without a rule");
        assert!(line("US-OH").unwrap().contains("14 months"), "the source of Ohio is of September 2025");
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
        let facts = somebody_everywhere(pack, Timestamp::UNIX_EPOCH, date(2028, 1, 1));
        let findings = evaluate(pack, &facts).unwrap();
        let answered: BTreeSet<&str> = findings.iter().map(|finding| finding.regime.as_ref()).collect();
        let silent: Vec<&str> = newest(pack).keys().copied().filter(|id| !answered.contains(id)).collect();
        assert_eq!(silent, Vec::<&str>::new());
    }

    #[test]
    fn what_changed_between_two_days_is_shown_and_nothing_else() {
        let pack = RulePack::shipped();
        let text = diff(pack, None, date(2025, 12, 31), date(2026, 1, 1)).unwrap();
        let california = text.lines().find(|line| line.starts_with("us-ca-individual")).unwrap();
        assert!(california.contains("owed, without-undue-delay"), "{california}");
        assert!(california.contains("owed, P30D, 2026-01-30T00:00:00Z"), "{california}");
        assert!(!text.contains("eu-gdpr-authority"), "{text}");
        let none = diff(pack, None, date(2026, 11, 20), date(2026, 11, 20)).unwrap();
        assert!(none.starts_with("0 of "), "{none}");
        // Chile: from the first of December on, by Chilean time.
        let chile = diff(pack, None, date(2026, 11, 30), date(2026, 12, 1)).unwrap();
        assert!(chile.contains("cl-19628-authority"), "{chile}");
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

    #[test]
    fn files_that_counsel_works_on_are_read_and_refused_by_name() {
        let law = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/law"));
        let pack = read(law).unwrap().unwrap();
        assert_eq!(newest(&pack).len(), newest(RulePack::shipped()).len());
        assert!(read(Path::new("/nowhere")).is_err());
    }
}
