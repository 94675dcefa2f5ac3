//! Every version of a message that was ever sent can still be read. Old samples are never edited, only added.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tocsin_domain::outcome::Parked;
use tocsin_domain::wire::{PlanJob, ScopeJob, SendJob, SignalJob, read};

fn reads_and_writes<T: DeserializeOwned + Serialize>(sample: &str) {
    let message: T = read(sample).expect("a message that was sent once");
    assert_eq!(serde_json::to_string(&message).expect("JSON"), sample.trim_end());
}

#[test]
fn every_sample_reads_and_writes_as_itself() {
    reads_and_writes::<SignalJob>(include_str!("fixtures/wire/signal-1.json"));
    reads_and_writes::<ScopeJob>(include_str!("fixtures/wire/scope-1.json"));
    reads_and_writes::<ScopeJob>(include_str!("fixtures/wire/scope-slice-1.json"));
    reads_and_writes::<PlanJob>(include_str!("fixtures/wire/plan-1.json"));
    reads_and_writes::<SendJob>(include_str!("fixtures/wire/send-1.json"));
}

#[test]
fn another_version_or_field_is_refused_without_quoting_the_body() {
    let sample = include_str!("fixtures/wire/signal-1.json");
    for wrong in [
        sample.replace("\"v\":1", "\"v\":2"),
        sample.replace("\"tenant\"", "\"ada@example.com\":1,\"tenant\""),
        sample.replace("shop", "ada@example.com"),
        "ada@example.com".to_owned(),
    ] {
        let refused = read::<SignalJob>(&wrong).expect_err("not a message of ours");
        assert!(matches!(refused, Parked::Unreadable { .. }));
        assert!(!refused.to_string().contains("ada@"), "{refused}");
    }
}
