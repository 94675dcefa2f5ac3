//! The console's answers as text for people. Pure: the clock is asked by nobody here.

mod duties;
mod health;
mod incident;
mod queues;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tocsin_domain::incident::{Halt, Incident, Stage};
use tocsin_domain::obligation::Confirmation;

use crate::table::{Align, Table, clean};

pub use health::health;
pub use incident::incident;
pub use queues::{dead_letters, queues, redriven};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Why each duty is owed or not, with its citation; those not owed among them.
    pub reasons: bool,
    /// The instant for which to say how much time is left; without it nothing is said of it.
    pub at: Option<Timestamp>,
    pub colour: bool,
}

impl Options {
    /// The table alone, without colours.
    pub const PLAIN: Self = Self { reasons: false, at: None, colour: false };
}

/// A tenant's incidents, one a line.
pub fn incidents(values: &[Value]) -> String {
    let Some(incidents) = values.iter().map(read).collect::<Option<Vec<Incident>>>() else {
        return unread(&Value::Array(values.to_vec()));
    };
    if incidents.is_empty() {
        return "no incidents\n".to_owned();
    }
    let columns = [
        ("INCIDENT", Align::Left),
        ("OPENED (UTC)", Align::Left),
        ("SEVERITY", Align::Left),
        ("STAGE", Align::Left),
        ("PEOPLE", Align::Right),
        ("PLAN", Align::Right),
        ("ATTENTION", Align::Right),
        ("TITLE", Align::Left),
    ];
    let mut table = Table::new(columns);
    for incident in incidents {
        table.row(vec![
            incident.id.to_string().into(),
            instant(incident.opened_at).into(),
            incident.severity.as_str().into(),
            stage(&incident).into(),
            incident.scope.as_ref().map_or("-".to_owned(), |scope| scope.people.to_string()).into(),
            incident.plan.as_ref().map_or("-".to_owned(), |plan| plan.version.to_string()).into(),
            incident.attention.len().to_string().into(),
            incident.title.into(),
        ]);
    }
    table.text()
}

/// The console's answer to an approval.
pub fn approved(value: &Value) -> String {
    let Some(Approved { stage, approved_by, approvals_needed }) = read(value) else {
        return unread(value);
    };
    let given = approved_by.len();
    let who = approved_by.join(", ");
    clean(&format!("approved, {given} of {approvals_needed} ({who}): the incident is {}", name(stage))) + "\n"
}

/// The console's answer to a hold, a release or a cancellation: one line, then the handed-over chunks, one a line.
pub fn halted(value: &Value) -> String {
    let Some(Halted { halt, handed_over }) = read(value) else {
        return unread(value);
    };
    went(halt.map_or("released", Halt::as_str), &handed_over)
}

/// The console's answer to what was stated.
pub fn stated(value: &Value) -> String {
    let Some(StatedNow { stage }) = read(value) else {
        return unread(value);
    };
    let next = match stage {
        Stage::Scoping => "a plan is made from it, and will wait for approval",
        Stage::Blocked => "the incident is blocked: the next plan is made from it",
        Stage::AwaitingApproval => "nothing changed by it",
        Stage::Sending => "what was approved goes on: amend it, and the next plan is made from it",
    };
    format!("stated; {next}\n")
}

#[derive(Deserialize)]
struct StatedNow {
    stage: Stage,
}

/// The console's answer to an amendment, in the same way.
pub fn amended(value: &Value) -> String {
    let Some(Amended { handed_over }) = read(value) else {
        return unread(value);
    };
    went("a new version of the plan is being made, and will wait for approval", &handed_over)
}

fn went(what: &str, handed_over: &[String]) -> String {
    let chunks = handed_over.iter().map(|chunk| format!("{}\n", clean(chunk)));
    format!("{what}; chunks handed over so far: {}\n{}", handed_over.len(), chunks.collect::<String>())
}

/// The console's answer to a settlement.
pub fn settled(value: &Value) -> String {
    let Some(Settled { chunk, settled, unsent, finding, goes_again }) = read(value) else {
        return unread(value);
    };
    let (as_found, others) = match (finding.as_str(), unsent) {
        ("sent", 1..) => (settled.saturating_sub(unsent), format!(", {unsent} as not-sent")),
        (_, _) => (settled, String::new()),
    };
    let next = if goes_again { ", and they go again" } else { ", and nothing of it goes again" };
    clean(&format!("{chunk}: {as_found} notices settled as {finding}{others}{next}")) + "\n"
}

/// The console's answer to a recovery: one line, then the chunks that go again, one a line.
pub fn resent(value: &Value) -> String {
    let Some(Resent { contact, resent }) = read(value) else {
        return unread(value);
    };
    let chunks = resent.iter().map(|chunk| format!("{}\n", clean(chunk)));
    format!("{}: {} notices go again\n{}", clean(&contact), resent.len(), chunks.collect::<String>())
}

/// The console's answer to what was done by hand.
pub fn done(value: &Value) -> String {
    match value.get("on_desk").and_then(Value::as_bool) {
        Some(true) => "entered: the duty is met by your word\n".to_owned(),
        Some(false) => {
            "entered beside the duty, whose state is what the receipts of its notices say\n".to_owned()
        }
        None => unread(value),
    }
}

/// What counsel has confirmed, a rule a line.
pub fn confirmed(value: &Value) -> String {
    let Some(Confirmed { confirmed }) = read(value) else {
        return unread(value);
    };
    if confirmed.is_empty() {
        return "nothing is confirmed\n".to_owned();
    }
    let columns = ["RULE", "FROM", "CONFIDENCE", "CONFIRMED (UTC)", "BY", "REASON"];
    let mut table = Table::new(columns.map(|column| (column, Align::Left)));
    for Confirmation { rule, confidence, by, at, reason } in confirmed {
        table.row(vec![
            rule.id.into(),
            rule.from.to_string().into(),
            confidence.into(),
            instant(at).into(),
            by.into(),
            reason.into(),
        ]);
    }
    table.text()
}

#[derive(Deserialize)]
struct Confirmed {
    confirmed: Vec<Confirmation>,
}

/// The console's answer to an export.
pub fn exported(value: &Value) -> String {
    match read(value) {
        Some(Exported { batch: Some(batch), letters, left: 0 }) => {
            format!("batch {batch}: {letters} letters\n")
        }
        Some(Exported { batch: Some(batch), letters, left }) => {
            format!("batch {batch}: {letters} letters; {left} wait for another export\n")
        }
        Some(Exported { batch: None, .. }) => "no letters that were not exported before\n".to_owned(),
        None => unread(value),
    }
}

#[derive(Deserialize)]
struct Exported {
    batch: Option<u32>,
    letters: u64,
    left: u64,
}

/// What was recorded of letters: one line, then the references that the incident does not have, and those of which it
/// cannot be, one a line.
pub fn taken_in(value: &Value) -> String {
    let Some(TakenIn { recorded, unknown, refused }) = read(value) else {
        return unread(value);
    };
    let names = unknown.iter().map(|reference| format!("unknown: {}\n", clean(reference)));
    let contradictions = refused
        .iter()
        .map(|Refused { reference, why }| format!("refused: {}: {}\n", clean(reference), clean(why)));
    let counts = format!("{recorded} recorded, {} unknown, {} refused\n", unknown.len(), refused.len());
    std::iter::once(counts).chain(names).chain(contradictions).collect()
}

#[derive(Deserialize)]
struct TakenIn {
    recorded: u64,
    unknown: Vec<String>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    reference: String,
    why: String,
}

#[derive(Deserialize)]
struct Resent {
    contact: String,
    resent: Vec<String>,
}

#[derive(Deserialize)]
struct Settled {
    chunk: String,
    settled: u64,
    unsent: u64,
    #[serde(rename = "as")]
    finding: String,
    goes_again: bool,
}

#[derive(Deserialize)]
struct Approved {
    stage: Stage,
    approved_by: Vec<String>,
    approvals_needed: u32,
}

#[derive(Deserialize)]
struct Amended {
    handed_over: Vec<String>,
}

#[derive(Deserialize)]
struct Halted {
    halt: Option<Halt>,
    handed_over: Vec<String>,
}

/// The stage, and what a person did to it.
fn stage(incident: &Incident) -> String {
    match incident.halt {
        None => name(incident.stage).to_owned(),
        Some(halt) => format!("{}, {}", name(incident.stage), halt.as_str()),
    }
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Scoping => "scoping",
        Stage::Blocked => "blocked",
        Stage::AwaitingApproval => "awaiting approval",
        Stage::Sending => "sending",
    }
}

/// To the second, in UTC.
fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

/// Better the bare answer than none.
fn unread(value: &Value) -> String {
    format!("This answer is of another version of the console. As it came:\n{value:#}\n")
}
