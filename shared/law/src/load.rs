//! From TOML to a pack. What is missing or makes no sense is refused, with the file and the rule named.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::calendar::{Calendar, CalendarError, RawCalendar};
use crate::category::{Categories, DataClass};
use crate::deadline::Deadline;
use crate::pack::{Authority, Book, RulePack};
use crate::rule::{Rule, Zone};
use crate::words::Jurisdiction;

/// One file of a pack.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    pub file: &'static str,
    pub text: &'static str,
}

/// A pack that does not load.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}", .rule.as_deref().map(|rule| format!(", rule {rule}")).unwrap_or_default())]
pub struct LoadError {
    pub file: String,
    /// The rule's id, or its number in the file when it has none.
    pub rule: Option<String>,
    pub problem: Problem,
}

/// What is wrong with a file or a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("{0}")]
    Toml(String),
    #[error("`{0}` is empty")]
    Empty(&'static str),
    #[error("zone is not in the IANA database")]
    Zone,
    #[error("calendar is not in the pack")]
    UnknownCalendar,
    #[error("counts business days, or rolls, without a calendar")]
    NoCalendar,
    #[error("`effective-to` lies before `effective-from`")]
    EndsBeforeItBegins,
    #[error("two versions are law on {0}")]
    Overlap(Date),
    #[error("another file has the same jurisdiction")]
    SecondFile,
    #[error("the id stands in another file too")]
    SecondRule,
    #[error("calendar: {0}")]
    Calendar(String),
}

pub(crate) fn pack(
    rules: &[Source],
    calendars: &[Source],
    categories: &Source,
) -> Result<RulePack, LoadError> {
    let calendars = self::calendars(calendars)?;
    let categories = self::categories(categories)?;
    let mut books: Vec<Book> = Vec::new();
    for source in rules {
        let book = book(source, &calendars)?;
        if books.iter().any(|other| other.jurisdiction == book.jurisdiction) {
            return Err(in_file(source, Problem::SecondFile));
        }
        if let Some(id) = shared_id(&books, &book) {
            return Err(in_rule(source, &id, Problem::SecondRule));
        }
        books.push(book);
    }
    Ok(RulePack { books, calendars, categories })
}

fn shared_id(books: &[Book], new: &Book) -> Option<String> {
    let known: BTreeSet<&str> =
        books.iter().flat_map(|book| &book.rules).map(|rule| rule.id.as_str()).collect();
    new.rules.iter().find(|rule| known.contains(rule.id.as_str())).map(|rule| rule.id.clone())
}

fn calendars(sources: &[Source]) -> Result<BTreeMap<String, Calendar>, LoadError> {
    let mut calendars = BTreeMap::new();
    for source in sources {
        let raw: RawCalendar =
            toml::from_str(source.text).map_err(|error| in_file(source, unreadable(&error)))?;
        let calendar = Calendar::new(raw)
            .map_err(|error: CalendarError| in_file(source, Problem::Calendar(error.to_string())))?;
        calendars.insert(calendar.name.clone(), calendar);
    }
    Ok(calendars)
}

/// The categories as written: class -> words.
fn categories(source: &Source) -> Result<Categories, LoadError> {
    let raw: BTreeMap<String, Vec<String>> =
        toml::from_str(source.text).map_err(|error| in_file(source, unreadable(&error)))?;
    let mut categories = BTreeMap::new();
    for (class, words) in raw {
        let class: DataClass =
            class.parse().map_err(|error| in_file(source, Problem::Toml(format!("{class}: {error}"))))?;
        categories.extend(words.into_iter().map(|word| (word, class)));
    }
    Ok(Categories(categories))
}

/// A rule file as written. Rules stay tables here, so that an error can name its rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawBook {
    jurisdiction: Jurisdiction,
    /// For the reader of the file.
    #[serde(rename = "name")]
    _name: String,
    zone: String,
    languages: Vec<String>,
    #[serde(default)]
    members: BTreeSet<Jurisdiction>,
    #[serde(default = "yes")]
    covers_residents: bool,
    #[serde(default)]
    binds_established: bool,
    #[serde(default)]
    one_stop_shop: bool,
    #[serde(default)]
    displaces_parent: bool,
    #[serde(default, rename = "authority")]
    authorities: Vec<RawAuthority>,
    #[serde(rename = "rule")]
    rules: Vec<toml::Table>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawAuthority {
    jurisdiction: Jurisdiction,
    name: String,
    #[serde(default)]
    filing: Option<String>,
    languages: Vec<String>,
    #[serde(rename = "confidence")]
    _confidence: crate::words::Confidence,
}

fn book(source: &Source, calendars: &BTreeMap<String, Calendar>) -> Result<Book, LoadError> {
    let raw: RawBook = toml::from_str(source.text).map_err(|error| in_file(source, unreadable(&error)))?;
    let zone = TimeZone::get(&raw.zone).map_err(|_| in_file(source, Problem::Zone))?;
    let mut rules: Vec<Rule> = Vec::new();
    for (number, table) in raw.rules.into_iter().enumerate() {
        rules.push(rule(source, number, table, calendars)?);
    }
    rules.sort_by(|a, b| (&a.id, a.effective_from).cmp(&(&b.id, b.effective_from)));
    if let Some((id, day)) = overlap(&rules) {
        return Err(in_rule(source, &id, Problem::Overlap(day)));
    }
    let authorities = raw.authorities.into_iter().map(|authority| {
        let known =
            Authority { name: authority.name, filing: authority.filing, languages: authority.languages };
        (authority.jurisdiction, known)
    });
    Ok(Book {
        file: source.file.to_owned(),
        jurisdiction: raw.jurisdiction,
        members: raw.members,
        zone,
        zone_name: raw.zone,
        languages: raw.languages,
        covers_residents: raw.covers_residents,
        binds_established: raw.binds_established,
        one_stop_shop: raw.one_stop_shop,
        displaces_parent: raw.displaces_parent,
        authorities: authorities.collect(),
        rules,
    })
}

/// The first day on which two versions of one rule, sorted by id and first day, are law at once.
fn overlap(rules: &[Rule]) -> Option<(String, Date)> {
    rules.iter().zip(rules.iter().skip(1)).find_map(|(older, newer)| {
        let clash = older.id == newer.id && older.in_force(newer.effective_from);
        clash.then(|| (newer.id.clone(), newer.effective_from))
    })
}

fn rule(
    source: &Source,
    number: usize,
    table: toml::Table,
    calendars: &BTreeMap<String, Calendar>,
) -> Result<Rule, LoadError> {
    let id = match table.get("id").and_then(toml::Value::as_str) {
        Some(id) => id.to_owned(),
        None => format!("number {}", number + 1),
    };
    let rule: Rule = table.try_into().map_err(|error| in_rule(source, &id, unreadable(&error)))?;
    match check(&rule, calendars) {
        Some(problem) => Err(in_rule(source, &id, problem)),
        None => Ok(rule),
    }
}

fn check(rule: &Rule, calendars: &BTreeMap<String, Calendar>) -> Option<Problem> {
    let texts = [
        ("id", rule.id.as_str()),
        ("law", rule.law.as_str()),
        ("citation", rule.citation.as_str()),
        ("source", rule.source.as_str()),
    ];
    if let Some((field, _)) = texts.iter().find(|(_, text)| text.trim().is_empty()) {
        return Some(Problem::Empty(field));
    }
    if rule.clocks.is_empty() {
        return Some(Problem::Empty("clocks"));
    }
    if rule.cases.is_empty() {
        return Some(Problem::Empty("case"));
    }
    if rule.effective_to.is_some_and(|last| last < rule.effective_from) {
        return Some(Problem::EndsBeforeItBegins);
    }
    if let Zone::Named(zone) = &rule.zone
        && TimeZone::get(zone).is_err()
    {
        return Some(Problem::Zone);
    }
    match &rule.calendar {
        Some(name) if !calendars.contains_key(name) => Some(Problem::UnknownCalendar),
        None if needs_calendar(rule) => Some(Problem::NoCalendar),
        Some(_) | None => None,
    }
}

fn needs_calendar(rule: &Rule) -> bool {
    let deadlines = [Some(rule.deadline), rule.hold.map(|hold| hold.tail)].into_iter().flatten();
    let all = deadlines
        .chain(rule.instead.iter().map(|instead| instead.deadline))
        .chain(rule.no_later_than.iter().map(|cap| cap.deadline));
    let read = rule.other_readings.iter().any(|reading| reading.count.counts_business_days());
    rule.roll.is_some() || read || all.into_iter().any(Deadline::counts_business_days)
}

fn unreadable(error: &toml::de::Error) -> Problem {
    Problem::Toml(error.message().to_owned())
}

fn in_file(source: &Source, problem: Problem) -> LoadError {
    LoadError { file: source.file.to_owned(), rule: None, problem }
}

fn in_rule(source: &Source, rule: &str, problem: Problem) -> LoadError {
    LoadError { file: source.file.to_owned(), rule: Some(rule.to_owned()), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"
        [[rule]]
        id = "zz-authority"
        law = "Law"
        citation = "s. 1"
        audience = "authority"
        effective-from = "2026-01-01"
        source = "unverified"
        confidence = "uncertain"
        status = "in-force"
        trigger = [{ people-at-least = 1 }]
        clocks = ["awareness"]
        deadline = { hours = 72 }

        [[rule.case]]
        name = "one"
        facts.clocks = { awareness = "2026-03-02T00:00:00Z" }
        facts.controller = { time_zone = "UTC" }
        facts.affected = { ZZ = 1 }
        owed = "yes"
    "#;
    const HEAD: &str = "jurisdiction = 'ZZ'\nname = 'Nowhere'\nzone = 'UTC'\nlanguages = ['en']\n";

    fn load(rules: &str) -> Result<RulePack, LoadError> {
        load_files(&[format!("{HEAD}{rules}")])
    }

    fn load_files(texts: &[String]) -> Result<RulePack, LoadError> {
        let sources: Vec<Source> =
            texts.iter().map(|text| Source { file: "zz.toml", text: text.clone().leak() }).collect();
        pack(&sources, &[], &Source { file: "data-categories.toml", text: "" })
    }

    #[test]
    fn a_rule_without_its_proof_is_refused_and_named() {
        assert!(load(RULE).is_ok());
        for field in
            ["citation", "source", "effective-from", "confidence", "law", "status", "trigger", "clocks"]
        {
            let line =
                RULE.lines().find(|line| line.trim_start().starts_with(&format!("{field} ="))).expect(field);
            let error = load(&RULE.replace(line, "")).expect_err(field).to_string();
            assert!(error.starts_with("zz.toml, rule zz-authority: missing field"), "{error}");
            assert!(error.contains(field), "{error}");
        }
    }

    #[test]
    fn a_rule_that_nothing_tests_is_refused() {
        let untested = RULE.split("[[rule.case]]").next().expect("the rule").to_owned();
        let error = load(&untested).expect_err("no case").to_string();
        assert_eq!(error, "zz.toml, rule zz-authority: `case` is empty");
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_named() {
        let cases = [
            ("citation = \"s. 1\"", "citation = \" \"", "`citation` is empty"),
            ("id = \"zz-authority\"", "", "missing field `id`"),
            ("hours = 72", "business-days = 3", "counts business days, or rolls, without a calendar"),
            ("hours = 72", "weeks = 3", "unknown variant `weeks`"),
            ("[\"awareness\"]", "[\"awarenes\"]", "unknown clock"),
            ("[\"awareness\"]", "[]", "`clocks` is empty"),
            ("[[rule.case]]", "[[rule.caze]]", "unknown field `caze`"),
            ("confidence = \"uncertain\"", "confidence = \"sure\"", "unknown confidence"),
            ("hours = 72 }", "hours = 72 }\n zone = \"Mars/Base\"", "zone is not in the IANA database"),
            ("hours = 72 }", "hours = 72 }\n calendar = \"zz\"", "calendar is not in the pack"),
            ("hours = 72 }", "hours = 72 }\n effective-to = \"2025-01-01\"", "lies before `effective-from`"),
            ("hours = 72 }", "hours = 72 }\n required = [\"natur\"]", "unknown element"),
            ("hours = 72 }", "hours = 72 }\n requird = [\"nature\"]", "unknown field `requird`"),
        ];
        for (from, to, want) in cases {
            let error = load(&RULE.replace(from, to)).expect_err(want).to_string();
            let rule = if from.starts_with("id") { "number 1" } else { "zz-authority" };
            assert!(error.starts_with(&format!("zz.toml, rule {rule}: ")) && error.contains(want), "{error}");
        }
    }

    #[test]
    fn versions_may_follow_but_not_overlap() {
        let ended = RULE.replace("hours = 72 }", "hours = 24 }\n effective-to = \"2026-05-31\"");
        let newer = |from: &str| RULE.replace("2026-01-01", from);
        assert!(load(&(ended.clone() + &newer("2026-06-01"))).is_ok());
        let error = load(&(newer("2026-05-31") + &ended)).expect_err("an overlap");
        assert_eq!(error.to_string(), "zz.toml, rule zz-authority: two versions are law on 2026-05-31");
    }

    #[test]
    fn one_file_a_jurisdiction_and_one_file_an_id() {
        let text = format!("{HEAD}{RULE}");
        let same = load_files(&[text.clone(), text.clone()]).expect_err("a second file");
        assert_eq!(same.problem, Problem::SecondFile);
        let moved = load_files(&[text.clone(), text.replace("'ZZ'", "'YY'")]).expect_err("a second rule");
        assert_eq!(moved.problem, Problem::SecondRule);
    }
}
