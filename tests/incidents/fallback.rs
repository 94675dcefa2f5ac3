//! Whoever a notice does not reach is tried by the next lawful channel, once.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tocsin_domain::chunk::{ChunkEvent, ChunkRef, Entry};
use tocsin_ports::memory::{Call, Fault, Verdict, World};
use tocsin_ports::store::chunks::{self, Change, Claim};
use tocsin_ports::store::unreached;
use tocsin_ports::{Clock, Proof, TenantScope};
use tocsin_tests::*;

const PHONE: &str = "+4915112345678";

/// Seven people, of whom the first, in Germany, has this address, and a phone.
fn with_a_phone(email: &str) -> (Town, String) {
    let mut customers = customers(7);
    customers[0].email = email.to_owned();
    customers[0].phone = PHONE.to_owned();
    let (town, incident) = leaked(&customers);
    approve(&town, &incident);
    (town, incident)
}

fn texts_to_the_phone(world: &World) -> usize {
    world.texts().iter().filter(|text| text.to == PHONE).count()
}

fn called_up(world: &World) -> usize {
    world.home_as_text().matches("notice-called-up").count()
}

#[test]
fn a_bounce_calls_up_the_text_that_stands_by_once() {
    let (mut town, incident) = with_a_phone("bounce@example.com");
    town.minute();
    assert_eq!(town.mails_by_address().get("bounce@example.com"), Some(&1));
    assert_eq!(texts_to_the_phone(&town.world), 0, "nothing goes before the bounce is looked at");
    // The same bounce comes again, and later still.
    for mail in town.world.mails().iter().filter(|mail| mail.to == "bounce@example.com") {
        town.tell(&ses_event(mail, mail.at));
        town.each_minute_of(3);
        town.tell(&ses_event(mail, mail.at));
    }
    town.each_minute_of(20);
    assert_eq!(texts_to_the_phone(&town.world), 1);
    assert_eq!(called_up(&town.world), 1);
    assert_eq!(town.mails_by_address().get("bounce@example.com"), Some(&1));
    let shown = show(&town, &incident);
    let coverage = &duty(&shown, "eu-gdpr-individual", "DE")["coverage"];
    assert_eq!((&coverage["moved"], &coverage["reached"]), (&json!(1), &json!(1)), "{coverage}");
    assert_eq!(coverage["unreachable"], json!({}));
}

#[test]
fn an_address_that_the_provider_refuses_moves_on_too() {
    let (mut town, _) = with_a_phone("refused@example.com");
    town.world.set_provider(Some(Box::new(|mails| {
        let refused = |address: &str| address == "refused@example.com";
        let verdict = |address: &str| if refused(address) { Verdict::Refuse } else { Verdict::Take };
        Some(mails.iter().map(|mail| verdict(mail.to.personal().expose())).collect())
    })));
    town.each_minute_of(5);
    assert_eq!(town.mails_by_address().get("refused@example.com"), None);
    assert_eq!((texts_to_the_phone(&town.world), called_up(&town.world)), (1, 1));
}

#[test]
fn whoever_was_reached_is_left_in_peace_and_so_is_everybody_after_a_cancel() {
    let (mut town, _) = with_a_phone("ada@example.com");
    town.each_minute_of(20);
    assert_eq!((texts_to_the_phone(&town.world), called_up(&town.world)), (0, 0));

    let (mut town, incident) = with_a_phone("bounce@example.com");
    town.minute();
    let called_before = called_up(&town.world);
    let cancelled = act(&town, RESPONDER, &incident, "cancel", &json!({ "reason": "a false alarm" }));
    assert_eq!(cancelled.status, 200);
    town.each_minute_of(20);
    assert_eq!((texts_to_the_phone(&town.world), called_up(&town.world)), (0, called_before));
}

/// Seventy people, of whom those in Germany have these phones and addresses that bounce; the plan is approved.
fn with_many_phones() -> (Town, String, Vec<String>) {
    let mut customers = customers(70);
    let mut phones = Vec::new();
    for customer in customers.iter_mut().filter(|customer| customer.country == "DE") {
        customer.email = format!("bounce{}@example.com", customer.id);
        customer.phone = format!("+49151123456{:02}", customer.id);
        phones.push(customer.phone.clone());
    }
    phones.sort();
    let (town, incident) = leaked(&customers);
    approve(&town, &incident);
    (town, incident, phones)
}

fn texted(town: &Town) -> Vec<String> {
    let mut texts: Vec<String> = town.world.texts().into_iter().map(|text| text.to).collect();
    texts.sort();
    texts
}

/// The first chunk of texts that stand by in Germany.
fn standing_by(town: &Town, incident: &str) -> ChunkRef {
    let plan = show(town, incident)["plan"].clone();
    let waves = plan["waves"].as_array().expect("waves");
    let wave =
        waves.iter().find(|wave| wave["stands_by"] == true && wave["recipients"] != 1).expect("a wave");
    ChunkRef {
        incident: incident.parse().expect("an incident"),
        plan: 1,
        wave: u32::try_from(wave["number"].as_u64().expect("a number")).expect("a wave"),
        number: 0,
    }
}

/// A worker read the chunk while one notice of it was called up, and stalled. Meanwhile events proved that notice
/// needless, and the next one is called up: the chunk is due again, at the same attempt, and not what the worker read.
#[test]
fn who_read_a_chunk_before_it_came_to_its_end_cannot_claim_what_was_called_out_of_it_since() {
    let (town, incident, phones) = with_many_phones();
    assert!(phones.len() >= 2);
    let scope = TenantScope::proven("shop".parse().expect("a tenant"), Proof::Sweep);
    let now = town.world.now();
    let leaf = tocsin_audit::Leaf::new(
        scope.tenant(),
        None,
        now,
        tocsin_audit::Actor::Function("send".to_owned()),
        tocsin_audit::Action::ChunkClaimed,
        "a test",
        [],
    );
    let at = standing_by(&town, &incident);
    let chunk = || run(chunks::get(&town.world, &scope, &at)).expect("the chunk");
    let step = |event: ChunkEvent, entries: Vec<Entry>| {
        let change = Change { event, entries: Some(entries), wake: Some(now) };
        run(chunks::step(&town.world, &scope, &chunk(), change, &leaf)).expect("a store")
    };
    let with = |place: usize, entry: Entry| {
        let mut entries = chunk().entries;
        entries[place] = entry;
        entries
    };
    assert!(step(ChunkEvent::CallUp, with(0, Entry::Waiting)));
    let stale = chunk();
    assert!(step(ChunkEvent::Evidence, with(0, Entry::Vouched)));
    assert!(step(ChunkEvent::CallUp, with(1, Entry::Waiting)));
    let claim = |chunk| run(chunks::claim(&town.world, &scope, chunk, now, &leaf)).expect("a store");
    assert_eq!((stale.state, stale.attempt), (chunk().state, chunk().attempt));
    assert_eq!(claim(&stale), Claim::Lost);
    assert_eq!(claim(&chunk()), Claim::Won(1));
}

#[test]
fn many_texts_that_are_called_up_go_one_at_a_time() {
    let (mut town, _, phones) = with_many_phones();
    town.each_minute_of(60);
    assert_eq!(texted(&town), phones);
    assert_eq!(called_up(&town.world), phones.len());
}

#[test]
fn a_text_in_doubt_keeps_nobody_else_waiting_and_goes_no_more_unless_a_person_says_so() {
    for (fault, went, finding) in [(Fault::ErrorBefore, 0, "not-sent"), (Fault::ErrorAfter, 1, "sent")] {
        let (mut town, incident, phones) = with_many_phones();
        let texts = Cell::new(0);
        // The second text's answer is lost.
        town.world.set_fate(Some(Rc::new(move |_, call| {
            texts.set(texts.get() + u32::from(call == Call::Text));
            (call == Call::Text && texts.get() == 2).then_some(fault)
        })));
        town.each_minute_of(80);
        let texts = texted(&town);
        let distinct: BTreeSet<&String> = texts.iter().collect();
        assert_eq!((texts.len(), distinct.len()), (phones.len() - 1 + went, phones.len() - 1 + went));
        let attention = show(&town, &incident)["incident"]["attention"].clone();
        let questions: Vec<&str> = attention
            .as_array()
            .expect("tasks")
            .iter()
            .filter_map(|task| task.as_str())
            .filter(|task| task.contains("may or may not have been sent"))
            .collect();
        assert_eq!(questions.len(), 1, "{attention}");
        let chunk = questions[0].split(' ').nth(1).expect("a chunk");
        let asked = json!({ "as": finding, "reason": "the carrier was asked" });
        assert_eq!(act(&town, RESPONDER, &incident, &format!("chunks/{chunk}/settle"), &asked).status, 200);
        town.each_minute_of(20);
        assert_eq!(texted(&town), phones, "{finding}");
    }
}

#[test]
fn what_cannot_be_seen_to_keeps_no_bounce_from_being_seen() {
    let (mut town, _) = with_a_phone("bounce@example.com");
    // More than a tick looks at, of a chunk that is not there.
    let scope = TenantScope::proven("shop".parse().expect("a tenant"), Proof::Sweep);
    let chunk: ChunkRef = "0123456789abcdef0123456789abcdef-1-1-0".parse().expect("a chunk");
    let long_ago = town.world.now() - SignedDuration::from_hours(1);
    let gone = (0..10_050).map(|index| (&scope, chunk, index, long_ago));
    run(unreached::put(&town.world, gone)).expect("a store");
    town.each_minute_of(5);
    assert_eq!((texts_to_the_phone(&town.world), called_up(&town.world)), (1, 1));
}

fn amend(town: &Town, incident: &str) {
    let body = json!({ "to_those_told": "follow-up", "read_anew": false, "reason": "more is known" });
    assert_eq!(act(town, RESPONDER, incident, "amend", &body).status, 200);
}

/// Nothing is called up under a plan that is being replaced: the new one has read who was told, or is about to.
#[test]
fn a_bounce_that_comes_before_the_amended_plan_is_made_is_that_plans() {
    let (mut town, incident) = with_a_phone("bounce@example.com");
    town.silence_providers();
    town.minute();
    amend(&town, &incident);
    for mail in town.world.mails() {
        town.tell(&ses_event(&mail, mail.at));
    }
    tick(async { watch::step(&town.world, town.world.now()).await });
    assert_eq!(called_up(&town.world), 0);
    town.drain();
    approve(&town, &incident);
    town.each_minute_of(20);
    assert_eq!((texts_to_the_phone(&town.world), called_up(&town.world)), (1, 0));
}

#[test]
fn a_bounce_that_comes_while_an_amended_plan_waits_is_a_persons() {
    let (mut town, incident) = with_a_phone("bounce@example.com");
    town.silence_providers();
    town.minute();
    amend(&town, &incident);
    town.drain();
    // The new plan counts on the mail.
    for mail in town.world.mails() {
        town.tell(&ses_event(&mail, mail.at));
    }
    town.each_minute_of(20);
    assert_eq!((texts_to_the_phone(&town.world), called_up(&town.world)), (0, 0));
    approve(&town, &incident);
    town.each_minute_of(20);
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("notices of plan 1 did not arrive"), "{attention}");
    amend(&town, &incident);
    town.drain();
    approve(&town, &incident);
    town.each_minute_of(5);
    assert_eq!(texts_to_the_phone(&town.world), 1);
}

/// The answer to the first mail is lost, and a copy goes: the provider says of the copy only that it took it.
#[test]
fn a_late_bounce_of_the_first_mail_says_nothing_of_its_copy() {
    let (mut town, _) = with_a_phone("ada@example.com");
    town.silence_providers();
    town.world.crash_at_mail_to("ada@example.com", Fault::ErrorAfter);
    town.each_minute_of(30);
    let mails = town.world.mails();
    let to_ada: Vec<_> = mails.iter().filter(|mail| mail.to == "ada@example.com").collect();
    let [first, copy] = to_ada[..] else { panic!("{} mails", to_ada.len()) };
    town.tell(&ses_send(copy, copy.at));
    town.tell(&ses_bounce(first, town.world.now()));
    town.each_minute_of(20);
    assert_eq!((texts_to_the_phone(&town.world), called_up(&town.world)), (0, 0));
    town.tell(&ses_bounce(copy, town.world.now()));
    town.each_minute_of(20);
    assert_eq!((texts_to_the_phone(&town.world), called_up(&town.world)), (1, 1));
}

/// The mail is said to have bounced and was opened all the same.
#[test]
fn whom_two_channels_reached_was_reached_by_the_earlier_of_them() {
    for (opens_after, expected) in [(-60, "the mail"), (60, "the text")] {
        let (mut town, incident) = with_a_phone("bounce@example.com");
        town.each_minute_of(20);
        let reached = |town: &Town| {
            let coverage = duty(&show(town, &incident), "eu-gdpr-individual", "DE")["coverage"].clone();
            coverage["last_reached"].as_str().expect("an instant").parse::<Timestamp>().expect("an instant")
        };
        let by_text = reached(&town);
        let opened = by_text + SignedDuration::from_secs(opens_after);
        let mail =
            town.world.mails().into_iter().find(|mail| mail.to == "bounce@example.com").expect("a mail");
        let mut event = ses_event(&mail, opened);
        event["eventType"] = json!("Open");
        event["open"] = json!({ "timestamp": opened.to_string() });
        town.tell(&event);
        assert_eq!(reached(&town), by_text.min(opened), "{expected} was earlier");
    }
}
