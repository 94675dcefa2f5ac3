//! What an incident costs in law: `cargo bench -p tocsin-law`, or with `--profile lambda` as it runs in AWS.
//!
//! - `cold-start`: the pack, from its text.
//! - `everywhere`: one person in every place that has a rule.
//! - `sixty`: 50 million people in sixty places.
//! - `phases`: the same sixty from the text of the facts to that of the answer, cut where one thing ends.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use tocsin_law::{Facts, RulePack, evaluate, explain};

const PEOPLE: u64 = 50_000_000;

fn facts(places: &[String], people: u64) -> Value {
    let affected: BTreeMap<&String, u64> = places.iter().map(|place| (place, people)).collect();
    json!({
        "clocks": { "awareness": "2026-11-23T12:00:00Z", "discovery": "2026-11-23T12:00:00Z" },
        "controller": { "time_zone": "America/New_York", "country": "US" },
        "affected": affected,
        "data": ["name", "email", "ssn", "iban", "password_hash"],
        "risk": "high",
        "payment_cards": { "accounts": people, "brands": { "visa": people } },
    })
}

fn read(facts: &Value) -> Facts {
    serde_json::from_value(facts.clone()).expect("facts that can be read")
}

fn everywhere(c: &mut Criterion) {
    let places: Vec<String> = RulePack::shipped().places().map(|place| place.to_string()).collect();
    let facts = read(&facts(&places, 1));
    c.bench_function(&format!("everywhere ({} places)", places.len()), |b| {
        b.iter(|| evaluate(RulePack::shipped(), black_box(&facts)).expect("findings"));
    });
}

fn sixty(c: &mut Criterion) {
    let places: Vec<String> = RulePack::shipped().places().map(|place| place.to_string()).collect();
    let spread: Vec<String> = places.iter().step_by(places.len() / 60).take(60).cloned().collect();
    let written = facts(&spread, PEOPLE / spread.len() as u64);
    let facts = read(&written);
    let line = json!({ "id": "sixty", "facts": written });
    c.bench_function("sixty places, 50 million people", |b| {
        b.iter(|| evaluate(RulePack::shipped(), black_box(&facts)).expect("findings"));
    });
    let mut phases = c.benchmark_group("phases");
    phases.bench_function("facts read", |b| b.iter(|| read(black_box(&written))));
    phases.bench_function("facts checked", |b| b.iter(|| black_box(&facts).check()));
    phases.bench_function("read, decided and written", |b| b.iter(|| explain(black_box(&line)).to_string()));
    phases.finish();
}

fn cold_start(c: &mut Criterion) {
    c.bench_function("cold-start", |b| b.iter(RulePack::compiled));
}

criterion_group!(benches, cold_start, everywhere, sixty);
criterion_main!(benches);
