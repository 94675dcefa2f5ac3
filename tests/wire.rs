//! Every version of a message that was ever sent can still be read. Old samples are never edited, only added.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tocsin_domain::outcome::Parked;
use tocsin_domain::wire::{CanaryJob, Message, NoticesJob, PlanJob, ScopeJob, SendJob, SignalJob, read};

fn message(body: &str) -> Message<'_> {
    Message { body, sent_at: Timestamp::UNIX_EPOCH }
}

fn reads_and_writes<T: DeserializeOwned + Serialize>(sample: &str) {
    let job: T = read(message(sample)).expect("a message that was sent once");
    assert_eq!(serde_json::to_string(&job).expect("JSON"), sample.trim_end());
}

#[test]
fn every_sample_reads_and_writes_as_itself() {
    reads_and_writes::<SignalJob>(include_str!("fixtures/wire/signal-1.json"));
    reads_and_writes::<ScopeJob>(include_str!("fixtures/wire/scope-2.json"));
    reads_and_writes::<ScopeJob>(include_str!("fixtures/wire/scope-slice-2.json"));
    reads_and_writes::<PlanJob>(include_str!("fixtures/wire/plan-2.json"));
    reads_and_writes::<SendJob>(include_str!("fixtures/wire/send-1.json"));
    reads_and_writes::<CanaryJob>(include_str!("fixtures/wire/canary-1.json"));
}

#[test]
fn a_notices_queue_carries_two_kinds_and_no_third() {
    let (send, canary) =
        (include_str!("fixtures/wire/send-1.json"), include_str!("fixtures/wire/canary-1.json"));
    let of = |body: &str| read::<NoticesJob>(message(body));
    assert!(matches!(of(send), Ok(NoticesJob::Chunk(_))));
    assert!(matches!(of(canary), Ok(NoticesJob::Canary(_))));
    let both = canary.replace("\"v\"", "\"tenant\":\"shop\",\"v\"");
    for wrong in [canary.replace("\"v\":1", "\"v\":2"), send.replace("\"v\":1", "\"v\":2"), both] {
        assert!(of(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_older_message_means_the_first_scope() {
    let cut: ScopeJob = read(message(include_str!("fixtures/wire/scope-1.json"))).expect("version 1");
    let slice: ScopeJob = read(message(include_str!("fixtures/wire/scope-slice-1.json"))).expect("version 1");
    let plan: PlanJob = read(message(include_str!("fixtures/wire/plan-1.json"))).expect("version 1");
    assert_eq!((cut.scope, cut.slice, slice.scope, slice.slice, plan.scope), (1, None, 1, Some(7), 1));
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
        let refused = read::<SignalJob>(message(&wrong)).expect_err("not a message of ours");
        assert!(matches!(refused, Parked::Unreadable { .. }));
        assert!(!refused.to_string().contains("ada@"), "{refused}");
    }
}
