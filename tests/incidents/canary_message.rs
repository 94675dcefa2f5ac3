//! A canary goes the whole way on its schedule, and how it ended stands in the log, once. Nothing of a tenant is touched.

use jiff::SignedDuration;
use serde_json::{Value, json};
use tocsin_ports::memory::{Fault, Verdict, World};
use tocsin_ports::{CanarySettings, Clock, Queue, Settings};
use tocsin_tests::*;

const MAILBOX: &str = "success@simulator.amazonses.com";

fn hourly() -> Settings {
    let every = SignedDuration::from_hours(1);
    let canary = Some(CanarySettings { every, sender: "canary@example.com".to_owned() });
    Settings { canary, ..World::settings_for_tests() }
}

/// The same in one region alone.
fn hourly_at_home() -> Settings {
    Settings { regions: vec!["eu-central-1".to_owned()], ..hourly() }
}

fn canaries(town: &Town) -> Vec<String> {
    let mails = town.world.mails().into_iter().filter(|mail| mail.to == MAILBOX);
    mails.map(|mail| mail.tags["canary"].clone()).collect()
}

/// How many leaves there are of this action, sealed or not.
fn leaves(town: &Town, action: &str) -> usize {
    town.world.home_as_text().matches(action).count()
}

/// One tick of `watch` a minute later, and what lies on the queues then.
fn watch_alone(town: &Town) -> Vec<(Queue, String)> {
    town.world.advance_to(town.world.now() + SignedDuration::from_mins(1));
    tick(async { watch::step(&town.world, town.world.now()).await });
    let mut messages = Vec::new();
    while let Some(queue) = town.world.busy_queues().into_iter().next() {
        messages.extend(town.world.take(&queue).map(|message| (queue.clone(), message.body)));
    }
    messages
}

#[test]
fn one_goes_out_an_hour_and_region_and_arrives() {
    let mut town = Town::with(hourly());
    for _ in 0..125 {
        for (queue, body) in watch_alone(&town) {
            // Every message comes twice.
            assert!(deliver(&town.world, &queue, &body) && deliver(&town.world, &queue, &body));
        }
        town.tell_events();
    }
    // From nine to a few minutes past eleven: three hours of the clock, in three regions.
    let mut sent = canaries(&town);
    assert_eq!(sent.len(), 9);
    assert!(sent.contains(&"us-east-1-1795428000".to_owned()), "{sent:?}");
    sent.sort();
    sent.dedup();
    assert_eq!((sent.len(), town.world.mail_count(), town.world.parked().len()), (9, 9, 0));
    assert_eq!((leaves(&town, "canary-arrived"), leaves(&town, "canary-missing")), (9, 0));
}

#[test]
fn nobody_wants_canaries_and_none_is_sent() {
    let town = Town::new();
    assert_eq!(watch_alone(&town), []);
}

#[test]
fn the_leaf_says_how_long_it_took_and_an_event_may_come_twice() {
    let town = Town::with(hourly_at_home());
    let messages = watch_alone(&town);
    let begun = town.world.now();
    messages.iter().for_each(|(queue, body)| assert!(deliver(&town.world, queue, body)));
    let event = ses_event(&town.world.mails()[0], begun + SignedDuration::from_secs(7));
    town.tell(&event);
    town.tell(&event);
    watch_alone(&town);
    town.tell(&event);
    watch_alone(&town);
    let log = town.world.home_as_text().replace('\\', "");
    assert_eq!(log.matches("\"seconds\":\"7\"").count(), 1, "{log}");
    assert_eq!(leaves(&town, "canary-arrived"), 1);
}

#[test]
fn one_that_does_not_arrive_is_missing_once() {
    type Way = fn(&Town, &Queue, &str);
    let ways: [(&str, &str, Way); 3] = [
        ("its event is lost", "no delivery was reported", |town, queue, body| {
            assert!(deliver(&town.world, queue, body));
        }),
        ("its mail is refused", "it was not sent: MESSAGE_REJECTED", |town, queue, body| {
            town.world.set_provider(Some(Box::new(|mails| Some(vec![Verdict::Refuse; mails.len()]))));
            assert!(deliver(&town.world, queue, body));
        }),
        ("no sender takes it", "no sender took it from its queue", |_, _, _| {}),
    ];
    for (name, why, way) in ways {
        let town = Town::with(hourly_at_home());
        town.world.let_index_lag();
        let first = watch_alone(&town);
        for (queue, body) in &first {
            way(&town, queue, body);
        }
        for _ in 0..15 {
            watch_alone(&town);
        }
        assert_eq!(leaves(&town, "canary-missing"), 0, "{name}: too early");
        for _ in 0..20 {
            watch_alone(&town);
        }
        assert_eq!((leaves(&town, "canary-missing"), leaves(&town, why)), (1, 1), "{name}");
        assert_eq!(leaves(&town, "canary-arrived"), 0, "{name}");
        // What comes after that changes nothing any more.
        let sent = town.world.mail_count();
        town.world.set_provider(None);
        first.iter().for_each(|(queue, body)| assert!(deliver(&town.world, queue, body)));
        assert_eq!((town.world.mail_count(), town.world.parked().len()), (sent, 0), "{name}");
        town.world.mails().iter().for_each(|mail| town.tell(&ses_event(mail, town.world.now())));
        watch_alone(&town);
        assert_eq!((leaves(&town, "canary-missing"), leaves(&town, "canary-arrived")), (1, 0), "{name}");
    }
}

#[test]
fn a_message_that_is_lost_is_no_lost_canary() {
    let mut town = Town::with(hourly_at_home());
    assert_eq!(watch_alone(&town).len(), 1);
    let again = watch_alone(&town);
    again.iter().for_each(|(queue, body)| assert!(deliver(&town.world, queue, body)));
    assert_eq!(canaries(&town).len(), 1);
    town.tell_events();
    assert_eq!(watch_alone(&town), [], "it is on its way");
    assert_eq!((leaves(&town, "canary-arrived"), leaves(&town, "canary-missing")), (1, 0));
}

#[test]
fn whatever_fails_it_goes_once_at_most_and_has_one_end() {
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::ErrorBefore, Fault::ErrorAfter] {
        let mut ends = (0, 0);
        for call in 1.. {
            let mut town = Town::with(hourly_at_home());
            town.world.fail_at(call, fault);
            for _ in 0..20 {
                town.minute();
            }
            if town.world.calls() < call {
                break;
            }
            let (arrived, missing) = (leaves(&town, "canary-arrived"), leaves(&town, "canary-missing"));
            assert!(canaries(&town).len() <= 1, "{fault:?} at call {call}");
            assert_eq!(arrived + missing, 1, "{fault:?} at call {call}");
            ends = (ends.0 + arrived, ends.1 + missing);
        }
        // What dies between the claim and the provider is lost, and nothing else is.
        assert!(ends.0 > 10 && ends.1 <= 3, "{fault:?}: {ends:?}");
    }
}

#[test]
fn of_two_who_judge_at_once_one_does() {
    for call in 1..40 {
        let town = Town::with(hourly_at_home());
        for _ in 0..16 {
            watch_alone(&town);
        }
        assert_eq!(leaves(&town, "canary-missing"), 0);
        let calls = std::cell::Cell::new(0);
        town.world.set_fate(Some(std::rc::Rc::new(move |world, _| {
            calls.set(calls.get() + 1);
            // Who judges meanwhile makes calls, too.
            if calls.get() == call {
                run(watch::step(world, world.now()));
            }
            None
        })));
        watch_alone(&town);
        town.world.set_fate(None);
        watch_alone(&town);
        assert_eq!(leaves(&town, "canary-missing"), 1, "another one at call {call}");
    }
}

/// A town in which a campaign is under way, with what can be seen of its incident and of the channels.
fn campaign(settings: Settings) -> (Town, Value, Value) {
    let mut town = Town::with(settings);
    settle_in(&town, "shop", &customers(14));
    let incident = leak(&town);
    approve(&town, &incident);
    for _ in 0..5 {
        town.minute();
    }
    for mail in town.world.mails().iter().filter(|mail| mail.to == MAILBOX) {
        let mut event = ses_event(mail, town.world.now());
        event["eventType"] = json!("Bounce");
        event["bounce"] = json!({
            "bounceType": "Permanent", "bounceSubType": "General", "timestamp": town.world.now().to_string(),
        });
        town.tell(&event);
    }
    town.minute();
    let health = town.console(ADMINISTRATOR, "GET", "/console/health/24", &Value::Null).body;
    let shown = show(&town, &incident);
    (town, shown, health["channels"].clone())
}

#[test]
fn nothing_of_a_tenant_is_touched() {
    let (with, shown, health) = campaign(hourly());
    let (without, as_ever, health_as_ever) = campaign(World::settings_for_tests());
    assert_eq!((canaries(&with).len(), canaries(&without).len()), (3, 0));
    assert_eq!(shown["duties"], as_ever["duties"]);
    assert_eq!(shown["incident"]["attention"], as_ever["incident"]["attention"]);
    assert_eq!(health, health_as_ever);
    let mut addresses = with.mails_by_address();
    addresses.remove(MAILBOX);
    assert_eq!(addresses, without.mails_by_address());
    assert_eq!(with.world.parked().len(), 0);
    assert_eq!(leaves(&with, "canary-arrived"), 3);
}

#[test]
fn an_operator_sees_the_last_canary_of_each_region() {
    let mut town = Town::with(hourly_at_home());
    let last = |town: &Town| {
        let answer = town.console(ADMINISTRATOR, "GET", "/console/health/24", &Value::Null);
        answer.body["canaries"].clone()
    };
    assert_eq!(last(&town), json!([]));
    town.minute();
    let of = |since: &str, state: &str, seconds: Option<u32>, why: Option<&str>| json!([{ "region": "eu-central-1", "since": since, "state": state, "seconds": seconds, "why": why }]);
    assert_eq!(last(&town), of("2026-11-23T09:01:00Z", "on its way", None, None));
    town.minute();
    assert_eq!(last(&town), of("2026-11-23T09:01:00Z", "arrived", Some(60), None));
    while town.world.now() < "2026-11-23T10:16:00Z".parse().expect("an instant") {
        watch_alone(&town);
    }
    let why = "no sender took it from its queue";
    assert_eq!(last(&town), of("2026-11-23T10:00:00Z", "missing", None, Some(why)));
}

#[test]
fn what_is_not_a_canary_of_this_build_is_parked() {
    let town = Town::with(hourly_at_home());
    let queue = Queue::Notices("eu-central-1".to_owned());
    let newer = include_str!("../fixtures/wire/canary-1.json").replace("\"v\":1", "\"v\":2");
    assert!(deliver(&town.world, &queue, &newer));
    assert_eq!((town.world.parked().len(), town.world.mail_count()), (1, 0));
    // One that nobody has begun is nobody's, and nothing is sent.
    assert!(deliver(&town.world, &queue, include_str!("../fixtures/wire/canary-1.json")));
    assert_eq!((town.world.parked().len(), town.world.mail_count()), (1, 0));
    let messages = watch_alone(&town);
    messages.iter().for_each(|(queue, body)| assert!(deliver(&town.world, queue, body)));
    let mut event = ses_event(&town.world.mails()[0], town.world.now());
    event["mail"]["tags"]["canary"] = json!(["somewhere"]);
    town.tell(&event);
    assert_eq!(town.world.parked().len(), 2);
}
