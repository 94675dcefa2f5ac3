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
    use crate::sample::{HEAD, RULE};
    use crate::{RulePack, Source};

    /// What is wrong with the cases of a book.
    fn lint(book: &str) -> Vec<String> {
        let source = |file: &str, text: &str| Source { file: file.to_owned(), text: text.to_owned() };
        let none = source("data-categories.toml", "");
        let pack = RulePack::load(&[source("zz.toml", book)], &[], &none).expect("a book that loads");
        let problems = pack.lint().into_iter().map(|lint| lint.problem);
        problems.filter(|problem| problem.starts_with("case `one`: ")).collect()
    }

    #[test]
    fn a_case_that_the_rule_answers_otherwise_is_named() {
        let told =
            "owed = \"yes\"\n        due = \"2026-03-05T00:00:00Z\"\n        reason = \"at least 1\"\n";
        let book = format!("{HEAD}{RULE}").replace("owed = \"yes\"\n", told);
        assert_eq!(lint(&book), [""; 0]);
        for (from, to, want) in [
            ("ZZ = 1", "ZZ = 0", "no, not yes"),
            ("05T00:00:00Z", "05T00:00:01Z", "due 2026-03-05T00:00:00Z, not 2026-03-05T00:00:01Z"),
            ("due = \"2026-03-05T00:00:00Z\"", "due-rule = \"immediately\"", "due PT72H"),
            ("reason = \"at least 1\"", "reason = \"at least 2\"", "no reason says"),
            ("ZZ = 1", "YY = 1", "0 answers"),
        ] {
            let found = lint(&book.replace(from, to));
            assert!(found.iter().any(|one| one.contains(want)), "{want}: {found:?}");
        }
    }
}
