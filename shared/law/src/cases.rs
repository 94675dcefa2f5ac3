//! A rule's own cases, and whether the engine answers them as they say.

use crate::engine::evaluate;
use crate::finding::{Finding, Owed};
use crate::pack::RulePack;
use crate::rule::{Case, Rule};

/// What is wrong with the answer of a rule to one of its cases; nothing where it is right.
pub(crate) fn problems(pack: &RulePack, rule: &Rule, case: &Case) -> Vec<String> {
    let findings = match evaluate(pack, &case.facts) {
        Ok(findings) => findings,
        Err(error) => return vec![error.to_string()],
    };
    let mine: Vec<&Finding<'_>> = findings
        .iter()
        .filter(|finding| finding.regime == rule.id)
        .filter(|finding| case.jurisdiction.is_none_or(|place| place == finding.jurisdiction))
        .collect();
    match mine.as_slice() {
        [finding] => wrong(finding, case),
        // A rule that binds the enterprise itself is silent where nothing names it.
        [] if case.owed == Owed::No => Vec::new(),
        several => vec![format!("{} answers", several.len())],
    }
}

fn wrong(finding: &Finding<'_>, case: &Case) -> Vec<String> {
    let mut wrong = Vec::new();
    if finding.owed != case.owed {
        wrong.push(format!("{}, not {}: {:?}", finding.owed, case.owed, finding.reasons));
    }
    if let Some(due) = case.due
        && finding.due != Some(due)
    {
        let found = finding.due.map_or(finding.due_rule.clone(), |due| due.to_string());
        wrong.push(format!("due {found}, not {due}: {:?}", finding.reasons));
    }
    if let Some(rule) = &case.due_rule
        && (*rule != finding.due_rule || finding.due.is_some())
    {
        wrong.push(format!("due {} ({:?}), not {rule} without an instant", finding.due_rule, finding.due));
    }
    if let Some(reason) = &case.reason
        && !finding.reasons.iter().any(|given| given.contains(reason))
    {
        wrong.push(format!("no reason says {reason:?}: {:?}", finding.reasons));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use crate::{RulePack, Source};

    const BOOK: &str = r#"
        jurisdiction = "ZZ"
        name = "Nowhere"
        zone = "UTC"
        languages = ["en"]

        [[rule]]
        id = "zz-controller"
        law = "Law"
        citation = "s. 1"
        audience = "controller"
        effective-from = "2026-01-01"
        source = "unverified"
        confidence = "uncertain"
        status = "in-force"
        trigger = [{ people-at-least = 5 }]
        clocks = ["awareness"]
        deadline = { hours = 72 }

        [[rule.case]]
        name = "five"
        facts.clocks = { awareness = "2026-03-02T00:00:00Z" }
        facts.controller = { time_zone = "UTC" }
        facts.affected = { ZZ = 5 }
        owed = "yes"
        due = "2026-03-05T00:00:00Z"
        reason = "at least 5"
    "#;

    fn lint(book: String) -> Vec<String> {
        let source = |file: &str, text: String| Source { file: file.to_owned(), text };
        let none = source("data-categories.toml", String::new());
        let pack = RulePack::load(&[source("zz.toml", book)], &[], &none).expect("a book that loads");
        pack.lint().into_iter().map(|lint| lint.problem).collect()
    }

    #[test]
    fn a_case_that_the_rule_answers_otherwise_is_named() {
        assert_eq!(lint(BOOK.to_owned()), [""; 0]);
        for (from, to, want) in [
            ("ZZ = 5", "ZZ = 4", "no, not yes"),
            ("05T00:00:00Z\"", "05T00:00:01Z\"", "due 2026-03-05T00:00:00Z, not 2026-03-05T00:00:01Z"),
            ("due = \"2026-03-05T00:00:00Z\"", "due-rule = \"immediately\"", "due PT72H"),
            ("reason = \"at least 5\"", "reason = \"at least 6\"", "no reason says"),
            ("ZZ = 5", "YY = 5", "0 answers"),
        ] {
            let book = BOOK.replace(from, to);
            let found = lint(book);
            assert!(found.iter().all(|one| one.starts_with("case `five`: ")), "{found:?}");
            assert!(found.iter().any(|one| one.contains(want)), "{want}: {found:?}");
        }
    }
}
