//! From TOML to a pack. What is missing or makes no sense is refused, with the file and the rule named.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::calendar::{self, Calendar, CalendarError, RawCalendar};
use crate::category::{Categories, DataClass};
use crate::deadline::Deadline;
use crate::pack::{Authority, Book, RulePack};
use crate::rule::{Rule, Zone};
use crate::words::Jurisdiction;

/// One file of a pack.
#[derive(Clone, Debug)]
pub struct Source {
    pub file: String,
    pub text: String,
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
    Unreadable(String),
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

/// Reads a pack as people write it.
pub(crate) fn written(
    rules: &[Source],
    calendars: &[Source],
    categories: &Source,
) -> Result<RulePack, LoadError> {
    let read_calendar = |source: &Source| Ok((source.file.clone(), read(source)?));
    let text = Text {
        books: rules.iter().map(written_book).collect::<Result<_, _>>()?,
        calendars: calendars.iter().map(read_calendar).collect::<Result<_, _>>()?,
        categories: read(categories)?,
    };
    pack(text)
}

/// Reads the one text that `build.rs` makes of the files.
pub(crate) fn compiled(text: &str) -> Result<RulePack, LoadError> {
    let text: Text = serde_json::from_str(text)
        .map_err(|error| in_file("law.json", Problem::Unreadable(error.to_string())))?;
    pack(text)
}

/// A whole pack, its files under their names.
#[derive(Deserialize)]
struct Text {
    books: Vec<(String, RawBook<Rule>)>,
    calendars: Vec<(String, RawCalendar)>,
    /// Class -> words.
    categories: BTreeMap<String, Vec<String>>,
}

fn pack(text: Text) -> Result<RulePack, LoadError> {
    let calendars = calendars(text.calendars)?;
    let categories = categories(text.categories)?;
    let mut books: Vec<Book> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut served_by: BTreeMap<Jurisdiction, Vec<usize>> = BTreeMap::new();
    for (number, (file, raw)) in text.books.into_iter().enumerate() {
        let book = book(number, file, raw, &calendars)?;
        if books.iter().any(|other| other.jurisdiction == book.jurisdiction) {
            return Err(in_file(&book.file, Problem::SecondFile));
        }
        if let Some(rule) = book.rules.iter().find(|rule| ids.contains(&rule.id)) {
            return Err(in_rule(&book.file, &rule.id, Problem::SecondRule));
        }
        ids.extend(book.rules.iter().map(|rule| rule.id.clone()));
        for place in [&book.jurisdiction].into_iter().chain(&book.members) {
            served_by.entry(*place).or_default().push(number);
        }
        books.push(book);
    }
    let displacing = books.iter().filter(|book| book.displaces_parent).map(|book| book.jurisdiction);
    let displacing = displacing.collect();
    Ok(RulePack { books, calendars, categories, served_by, displacing })
}

fn calendars(raw: Vec<(String, RawCalendar)>) -> Result<BTreeMap<String, Calendar>, LoadError> {
    let mut calendars = BTreeMap::new();
    for (file, raw) in raw {
        let calendar = Calendar::new(raw)
            .map_err(|error: CalendarError| in_file(&file, Problem::Calendar(error.to_string())))?;
        calendars.insert(calendar.name.clone(), calendar);
    }
    Ok(calendars)
}

fn categories(raw: BTreeMap<String, Vec<String>>) -> Result<Categories, LoadError> {
    let mut categories = BTreeMap::new();
    for (class, words) in raw {
        let class: DataClass = class.parse().map_err(|error| {
            in_file("data-categories.toml", Problem::Unreadable(format!("{class}: {error}")))
        })?;
        categories.extend(words.into_iter().map(|word| (word, class)));
    }
    Ok(Categories(categories))
}

/// A rule file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawBook<R> {
    jurisdiction: Jurisdiction,
    /// For the reader of the file.
    #[serde(rename = "name")]
    _name: String,
    zone: String,
    languages: Vec<String>,
    #[serde(default)]
    members: BTreeSet<Jurisdiction>,
    /// The days on which nobody works there; without them, Saturday and Sunday.
    #[serde(default = "saturday_and_sunday")]
    weekend: Vec<String>,
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
    rules: Vec<R>,
}

fn yes() -> bool {
    true
}

fn saturday_and_sunday() -> Vec<String> {
    ["saturday", "sunday"].map(str::to_owned).into()
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

/// Rules stay tables at first, so that an error can name its rule.
fn written_book(source: &Source) -> Result<(String, RawBook<Rule>), LoadError> {
    let mut raw: RawBook<toml::Table> = read(source)?;
    let mut rules = Vec::new();
    for (nth, table) in raw.rules.drain(..).enumerate() {
        let id = match table.get("id").and_then(toml::Value::as_str) {
            Some(id) => id.to_owned(),
            None => format!("number {}", nth + 1),
        };
        let rule: Rule = table.try_into().map_err(|error| in_rule(&source.file, &id, unreadable(&error)))?;
        if rule.cases.is_empty() {
            return Err(in_rule(&source.file, &id, Problem::Empty("case")));
        }
        rules.push(rule);
    }
    Ok((source.file.clone(), raw.with(rules)))
}

impl<R> RawBook<R> {
    fn with<S>(self, rules: Vec<S>) -> RawBook<S> {
        let Self { jurisdiction, _name, zone, languages, members, weekend, authorities, .. } = self;
        let Self { covers_residents, binds_established, one_stop_shop, displaces_parent, .. } = self;
        RawBook {
            jurisdiction,
            _name,
            zone,
            languages,
            members,
            weekend,
            covers_residents,
            binds_established,
            one_stop_shop,
            displaces_parent,
            authorities,
            rules,
        }
    }
}

fn book(
    number: usize,
    file: String,
    raw: RawBook<Rule>,
    calendars: &BTreeMap<String, Calendar>,
) -> Result<Book, LoadError> {
    let zone = TimeZone::get(&raw.zone).map_err(|_| in_file(&file, Problem::Zone))?;
    let weekend = calendar::weekdays(&raw.weekend)
        .map_err(|error| in_file(&file, Problem::Calendar(error.to_string())))?;
    let mut rules = raw.rules;
    if let Some((rule, problem)) = rules.iter().find_map(|rule| Some((rule, check(rule, calendars)?))) {
        return Err(in_rule(&file, &rule.id, problem));
    }
    rules.sort_by(|a, b| (&a.id, a.effective_from).cmp(&(&b.id, b.effective_from)));
    if let Some((id, day)) = overlap(&rules) {
        return Err(in_rule(&file, &id, Problem::Overlap(day)));
    }
    let authorities = raw.authorities.into_iter().map(|authority| {
        let known =
            Authority { name: authority.name, filing: authority.filing, languages: authority.languages };
        (authority.jurisdiction, known)
    });
    Ok(Book {
        number,
        file,
        jurisdiction: raw.jurisdiction,
        members: raw.members,
        zone,
        zone_name: raw.zone,
        languages: raw.languages,
        weekend,
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
    let deadlines = [Some(rule.deadline), rule.hold.as_ref().map(|hold| hold.tail)].into_iter().flatten();
    let all = deadlines
        .chain(rule.instead.iter().map(|instead| instead.deadline))
        .chain(rule.no_later_than.iter().map(|cap| cap.deadline))
        .chain(rule.hold.iter().filter_map(|hold| Some(hold.at_most.as_ref()?.deadline)))
        .chain(rule.further_filings.iter().map(|filing| filing.deadline));
    let read = rule.other_readings.iter().any(|reading| reading.count.counts_business_days());
    rule.roll.is_some() || read || all.into_iter().any(Deadline::counts_business_days)
}

fn read<T: DeserializeOwned>(source: &Source) -> Result<T, LoadError> {
    toml::from_str(&source.text).map_err(|error| in_file(&source.file, unreadable(&error)))
}

fn unreadable(error: &toml::de::Error) -> Problem {
    Problem::Unreadable(error.message().to_owned())
}

fn in_file(file: &str, problem: Problem) -> LoadError {
    LoadError { file: file.to_owned(), rule: None, problem }
}

fn in_rule(file: &str, rule: &str, problem: Problem) -> LoadError {
    LoadError { file: file.to_owned(), rule: Some(rule.to_owned()), problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HEAD, RULE};

    fn load(rules: &str) -> Result<RulePack, LoadError> {
        load_files(&[format!("{HEAD}{rules}")])
    }

    fn load_files(texts: &[String]) -> Result<RulePack, LoadError> {
        let sources: Vec<Source> =
            texts.iter().map(|text| Source { file: "zz.toml".to_owned(), text: text.clone() }).collect();
        let none = Source { file: "data-categories.toml".to_owned(), text: String::new() };
        written(&sources, &[], &none)
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
            (
                "hours = 72 }",
                "hours = 72 }\n further-filings = [{ role = 'phase', what = 'more', clock = 'awareness', deadline = { business-days = 3 } }]",
                "counts business days, or rolls, without a calendar",
            ),
            (
                "hours = 72 }",
                "hours = 72 }\n other-readings = [{ count = 'two-working-days', source = 'a court' }]",
                "counts business days, or rolls, without a calendar",
            ),
            (
                "hours = 72 }",
                "hours = 72 }\n hold = { tail = { days = 7 }, at-most = { deadline = { business-days = 7 }, why = 's. 2' } }",
                "counts business days, or rolls, without a calendar",
            ),
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
