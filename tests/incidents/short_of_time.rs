//! Functions that run out of their time: they stop in between, nothing is left in doubt, and nobody waits for ever.

use std::rc::Rc;

use jiff::SignedDuration;
use tocsin_domain::chunk::ChunkRef;
use tocsin_ports::memory::{Call, World};
use tocsin_ports::{Clock, Proof, Queue, Settings, TenantScope};
use tocsin_tests::*;

/// From now on the mail provider takes so long for each answer.
fn answers_after(world: &World, seconds: i64) {
    world.set_fate(Some(Rc::new(move |world, call| {
        if call == Call::Mail {
            world.advance_to(world.time() + SignedDuration::from_secs(seconds));
        }
        None
    })));
}

#[test]
fn a_chunk_of_many_slow_calls_stops_before_the_functions_end_and_nobody_is_in_doubt() {
    // One mail a call, and a function of a minute.
    let mut town = Town::with(Settings { send_rate: 1, ..World::settings_for_tests() });
    settle_in(&town, "shop", &customers(70));
    let incident = leak(&town);
    approve(&town, &incident);
    answers_after(&town.world, 15);
    let queue = Queue::Notices("eu-central-1".to_owned());
    run(dispatch::step(&town.world, town.world.now()));
    let mut many = 0;
    while let Some(message) = town.world.take(&queue) {
        let (began, sent) = (town.world.time(), town.world.mail_count());
        assert!(deliver(&town.world, &queue, &message.body));
        let took = town.world.time().duration_since(began);
        assert!(took <= SignedDuration::from_secs(60), "the function would have been killed: {took}");
        many += usize::from(town.world.mail_count() - sent > 1);
    }
    assert!(many > 0, "a chunk of several calls");
    // What was left over was surely not handed over, and goes without a copy.
    town.world.set_fate(None);
    for _ in 0..240 {
        town.minute();
    }
    let log = town.world.home_as_text();
    assert!(!log.contains("chunk-undecided"), "nothing was in doubt");
    let by_address = town.mails_by_address();
    assert_eq!(by_address.len(), 71, "everybody, and the authority");
    assert!(by_address.values().all(|mails| *mails == 1), "{by_address:?}");
}

#[test]
fn a_worker_that_was_slow_before_its_claim_claims_nothing() {
    let (town, incident) = leaked(&customers(7));
    approve(&town, &incident);
    run(dispatch::step(&town.world, town.world.now()));
    let queue = Queue::Notices("eu-central-1".to_owned());
    let message = town.world.take(&queue).expect("a chunk");
    let began = town.world.time();
    town.world.set_fate(Some(Rc::new(move |world, _| {
        world.advance_to(began + SignedDuration::from_secs(50));
        None
    })));
    assert!(!deliver(&town.world, &queue, &message.body), "it comes back");
    town.world.set_fate(None);
    assert_eq!(town.world.mail_count(), 0);
    assert!(!town.world.home_as_text().contains("chunk-claimed"));
}

#[test]
fn what_is_slow_in_watch_leaves_the_rest_its_time_and_comes_round() {
    let mut people = customers(7);
    (people[0].email, people[0].phone) = ("bounce@example.com".to_owned(), "+4915112345678".to_owned());
    let (town, incident) = leaked(&people);
    approve(&town, &incident);
    run(dispatch::step(&town.world, town.world.now()));
    town.drain();
    // A hundred chunks are not there, and have waited longer than the bounce.
    let scope = TenantScope::proven("shop".parse().expect("a tenant"), Proof::Sweep);
    let gone = |number| ChunkRef { number, ..GONE.parse().expect("a chunk") };
    let long_ago = town.world.now() - SignedDuration::from_hours(1);
    let unreached = (0..100).map(|number| (&scope, gone(number), 0, long_ago));
    run(tocsin_ports::store::unreached::put(&town.world, unreached)).expect("a store");
    let bounced = town.world.mails().into_iter().find(|mail| mail.to == "bounce@example.com");
    town.tell(&ses_event(&bounced.expect("a mail"), town.world.now()));
    // Each call takes a while.
    town.world.set_fate(Some(Rc::new(|world, _| {
        world.advance_to(world.time() + SignedDuration::from_millis(200));
        None
    })));
    let minute = |minute: i64| {
        let began = town.world.time() + SignedDuration::from_mins(1);
        town.world.advance_to(began);
        tick(async { watch::step(&town.world, began).await });
        let took = town.world.time().duration_since(began);
        assert!(took < SignedDuration::from_secs(60), "minute {minute}: the function would have been killed");
    };
    minute(0);
    let log = |town: &Town| town.world.home_as_text();
    assert!(!log(&town).contains("notice-called-up"));
    assert!(log(&town).contains("tile#"), "the log is sealed all the same");
    (1..40).for_each(minute);
    assert!(log(&town).contains("notice-called-up"), "what waited behind the others is seen");
}

const GONE: &str = "0123456789abcdef0123456789abcdef-1-1-0";
