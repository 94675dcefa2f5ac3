//! The register of breaches (GDPR Article 33(5)): of each, the facts, the effects, what was done, and what was decided, also
//! where nobody is told. The EDPB wants the reasons for each decision and for a delay in it (Guidelines 9/2022, 5.A).

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tocsin_domain::id::{IncidentId, LeafId};
use tocsin_domain::obligation::Owed;

use crate::dossier::{Dossier, Source, Value};
use crate::export::{NOT_YET_KNOWN, STYLE, escaped};
use crate::filing::Submission;
use crate::known::Fact;
use crate::readable::readable;

/// What an entry says of a breach, under the headings that the article names.
pub const FACTS: &[(&str, Fact, &str)] = &[
    ("Facts", Fact::WhatHappened, "What happened"),
    ("Facts", Fact::Cause, "Cause"),
    ("Facts", Fact::OccurrenceBegin, "When it happened"),
    ("Facts", Fact::Discovery, "When it was found out"),
    ("Facts", Fact::Awareness, "When the enterprise was aware"),
    ("Facts", Fact::DataKindsText, "Kinds of data"),
    ("Facts", Fact::People, "People concerned"),
    ("Facts", Fact::PeopleByPlace, "Where they live"),
    ("Facts", Fact::Encryption, "Whether the data could be read"),
    ("Effects", Fact::Consequences, "Likely consequences"),
    ("Effects", Fact::Risk, "Risk to people"),
    ("Remedial action", Fact::Measures, "Measures taken and planned"),
];

/// One breach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub incident: IncidentId,
    pub title: String,
    pub opened_at: Timestamp,
    /// How far it is, in a word.
    pub stage: String,
    /// In the order of [`FACTS`], each of them.
    pub facts: Vec<Line>,
    /// Whether each law asks for a notice, and why.
    pub decisions: Vec<Decision>,
    pub filed: Vec<Filed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub section: String,
    pub what: String,
    /// None where it is not yet known.
    pub value: Option<Value>,
    pub leaf: Option<LeafId>,
}

/// What was decided of one duty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    pub regime: String,
    pub recipient: String,
    pub jurisdiction: String,
    pub owed: Owed,
    /// As it stands now: `met`, `late`, ...
    pub state: String,
    pub due: Option<Timestamp>,
    pub citation: String,
    pub reasons: Vec<String>,
}

/// What was filed with an authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filed {
    pub regime: String,
    pub recipient: String,
    pub submission: Submission,
    /// The authority's own number.
    pub number: Option<String>,
    /// Of the answers that were filed.
    pub hash: String,
}

/// What a dossier knows of each fact of the register.
pub fn lines(dossier: &Dossier) -> Vec<Line> {
    let line = |(section, fact, what): &(&str, Fact, &str)| {
        let known = dossier.get(*fact);
        let leaf = known.and_then(|known| match known.source {
            Source::Leaf(leaf) => Some(leaf),
            Source::Filing => None,
        });
        let value = known.map(|known| known.value.clone());
        Line { section: (*section).to_owned(), what: (*what).to_owned(), value, leaf }
    };
    FACTS.iter().map(line).collect()
}

impl Line {
    fn says(&self) -> String {
        match &self.value {
            None => NOT_YET_KNOWN.to_owned(),
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Instant(at)) => at.to_string(),
            Some(Value::Day(day)) => day.to_string(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Words(words)) => words.join(", "),
            Some(Value::Places(places)) => {
                let places = places.iter().map(|(place, number)| format!("{place}: {number}"));
                places.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

impl Decision {
    fn owed(&self) -> &'static str {
        match self.owed {
            Owed::Yes => "owed",
            Owed::No => "not owed",
            Owed::AskCounsel => "counsel is asked",
        }
    }

    fn says(&self) -> String {
        let Decision { regime, recipient, jurisdiction, state, citation, reasons, .. } = self;
        let due = self.due.map(|due| format!(", due {due}")).unwrap_or_default();
        format!(
            "{regime} in {jurisdiction} ({recipient}): {}{due}, {state}; {citation}: {}",
            self.owed(),
            reasons.join("; ")
        )
    }
}

impl Filed {
    fn says(&self) -> String {
        let Filed { regime, recipient, submission, number, hash } = self;
        let number = number.as_ref().map(|number| format!(", number {number}")).unwrap_or_default();
        let late = submission.late_because.as_ref();
        let late = late.map(|why| format!(", late because {why}")).unwrap_or_default();
        let Submission { at, how, .. } = submission;
        format!("{regime} ({recipient}): {at} by {how}{number}{late}; SHA-256 {hash}")
    }
}

/// The heads of the columns of [`to_rows`].
pub fn columns() -> Vec<String> {
    let facts = FACTS.iter().map(|(_, _, what)| (*what).to_owned());
    let before = ["Incident", "Title", "Opened", "Stage"].map(str::to_owned).into_iter();
    before.chain(facts).chain(["Decisions", "Filed"].map(str::to_owned)).collect()
}

/// A breach a row, for a table that people open: a cell that a spreadsheet would take for a formula begins with a quotation
/// mark (OWASP, CSV injection).
pub fn to_rows(entries: &[Entry]) -> Vec<Vec<String>> {
    let row = |entry: &Entry| {
        let Entry { incident, title, opened_at, stage, facts, decisions, filed } = entry;
        let before = [incident.to_string(), title.clone(), opened_at.to_string(), stage.clone()].into_iter();
        let decisions = decisions.iter().map(Decision::says).collect::<Vec<_>>().join("\n");
        let filed = filed.iter().map(Filed::says).collect::<Vec<_>>().join("\n");
        before
            .chain(facts.iter().map(Line::says))
            .chain([decisions, filed])
            .map(|cell| cell_of(&cell))
            .collect()
    };
    entries.iter().map(row).collect()
}

fn cell_of(text: &str) -> String {
    let text = readable(text);
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text,
    }
}

/// The register as a page to read and to print.
pub fn to_page(controller: &str, entries: &[Entry]) -> String {
    let title = escaped(&format!("Register of breaches of {controller}"));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n<h1>{title}</h1>\n<p>GDPR Article 33(5). {} entries.</p>\n",
        entries.len(),
    );
    for entry in entries {
        let Entry { incident, title, opened_at, stage, facts, decisions, filed } = entry;
        // Writing to a String does not fail.
        let _ = write!(page, "<h2>{}</h2>\n<table>\n", escaped(title));
        let _ =
            write!(page, "{}", row("Incident", &format!("{incident}, opened {opened_at}, {stage}"), None));
        for line in facts {
            let what = format!("{}: {}", line.section, line.what);
            page += &row(&what, &line.says(), line.leaf.as_ref());
        }
        for decision in decisions {
            page += &row("Decision", &decision.says(), None);
        }
        for filed in filed {
            page += &row("Filed", &filed.says(), None);
        }
        page += "</table>\n";
    }
    page + "</body>\n</html>\n"
}

fn row(what: &str, says: &str, leaf: Option<&LeafId>) -> String {
    let leaf = leaf.map(|leaf| format!("<span class=\"leaf\">leaf {leaf}</span>")).unwrap_or_default();
    let says = escaped(says).replace('\n', "<br>");
    format!("<tr><th>{}</th><td><bdi>{says}</bdi> {leaf}</td></tr>\n", escaped(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use tocsin_domain::id::{SignalId, TenantId};

    fn entry(what: &str) -> Entry {
        let tenant: TenantId = "shop".parse().unwrap();
        let mut dossier = Dossier::new(TimeZone::UTC);
        dossier.put(Fact::WhatHappened, Value::Text(what.to_owned()), LeafId::of(&tenant, &[b"leaf"]));
        Entry {
            incident: IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b")),
            title: what.to_owned(),
            opened_at: Timestamp::UNIX_EPOCH,
            stage: "ended".to_owned(),
            facts: lines(&dossier),
            decisions: vec![Decision {
                regime: "eu-gdpr-authority".to_owned(),
                recipient: "the authority".to_owned(),
                jurisdiction: "DE".to_owned(),
                owed: Owed::No,
                state: "not-owed".to_owned(),
                due: None,
                citation: "Art. 33(1)".to_owned(),
                reasons: vec!["no risk to people".to_owned()],
            }],
            filed: Vec::new(),
        }
    }

    #[test]
    fn an_entry_names_each_fact_and_why_nobody_is_told() {
        let entry = entry("a laptop was lost");
        assert_eq!(entry.facts.len(), FACTS.len());
        let page = to_page("Example Goods Inc.", std::slice::from_ref(&entry));
        let row = to_rows(std::slice::from_ref(&entry)).remove(0);
        assert_eq!(row.len(), columns().len());
        for text in [page, row.join("\n")] {
            for words in ["a laptop was lost", NOT_YET_KNOWN, "not owed", "no risk to people", "Art. 33(1)"] {
                assert!(text.contains(words), "{words}: {text}");
            }
        }
    }

    #[test]
    fn no_cell_is_a_formula_and_no_text_is_a_tag() {
        for hostile in ["=HYPERLINK(\"https://x.example\")", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            let row = to_rows(&[entry(hostile)]).remove(0);
            assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{row:?}");
            let letters = hostile.trim();
            assert!(row.iter().any(|cell| cell.contains(letters)), "nothing is lost: {row:?}");
        }
        let page = to_page("<b>", &[entry("<script>alert(1)</script>")]);
        assert!(
            !page.contains("<script") && !page.contains("<b>") && page.contains("&lt;script&gt;"),
            "{page}"
        );
    }
}
