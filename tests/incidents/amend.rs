//! A plan that is amended while it goes out: a new version for those who were not told, and a correction for those who
//! were told what is wrong.

use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tocsin_ports::memory::{Call, Fault, Verdict};
use tocsin_ports::{Clock, Queue};
use tocsin_tests::*;

const CORRECTS: &str = "corrects what we told you before";
const WITHDRAWS: &str = "we withdraw that notice";
const ADDS: &str = "adds to what we told you before";

fn irish() -> Vec<Customer> {
    let mut people = customers(120);
    for customer in &mut people {
        customer.country = "IE";
        customer.province = "";
        customer.locale = "en";
    }
    people
}

/// Three chunks' people in one country, one of whose chunks is handed over.
fn half_told() -> (Town, String) {
    half_told_by(&tenant("shop"))
}

fn half_told_by(settings: &Value) -> (Town, String) {
    let (town, incident) = leaked_of(&irish(), settings, &json!({}));
    approve(&town, &incident);
    let now = town.world.now();
    tick(async { dispatch::step(&town.world, now).await });
    let queue = Queue::Notices("eu-central-1".to_owned());
    while town.world.mails().iter().filter(|mail| mail.to.starts_with("customer")).count() == 0 {
        let message = town.world.take(&queue).expect("a chunk of people");
        assert!(deliver(&town.world, &queue, &message.body));
    }
    (town, incident)
}

/// The answer to the hand-over of the next chunk is lost. Answers which that is.
fn lose_the_next_call(town: &Town, fault: Fault) -> String {
    town.world.set_fate(Some(Rc::new(move |_, call| (call == Call::Mail).then_some(fault))));
    let queue = Queue::Notices("eu-central-1".to_owned());
    let message = town.world.take(&queue).expect("another chunk");
    assert!(deliver(&town.world, &queue, &message.body));
    town.world.set_fate(None);
    let job: Value = serde_json::from_str(&message.body).expect("JSON");
    job["chunk"].as_str().expect("a chunk").to_owned()
}

fn told(town: &Town) -> usize {
    town.world.mails().iter().filter(|mail| mail.to.starts_with("customer")).count()
}

fn amend(town: &Town, incident: &str, to_those_told: &str) -> Value {
    let body = json!({ "to_those_told": to_those_told, "read_anew": false, "reason": "the text was wrong" });
    let answer = act(town, RESPONDER, incident, "amend", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn put_wording(town: &Town, what_happened: &str) {
    let mut settings = tenant("shop");
    settings["wording"]["en"]["what_happened"] = json!(what_happened);
    put_settings(town, &settings, &json!({}));
}

fn texts_by_address(town: &Town) -> BTreeMap<String, Vec<String>> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in town.world.mails().into_iter().filter(|mail| mail.to.starts_with("customer")) {
        texts.entry(mail.to).or_default().push(mail.text);
    }
    texts
}

#[test]
fn those_told_get_a_correction_and_the_others_the_right_notice_once() {
    let (mut town, incident) = half_told();
    town.tell_events();
    put_wording(&town, "A second bucket was open, too.");
    let answer = amend(&town, &incident, "correction");
    let handed_over = answer["handed_over"].as_array().expect("chunks");
    assert!(!handed_over.is_empty() && told(&town) == 50, "{answer}");
    // What still lies on the queue finds the gates closed.
    town.each_minute_of(3);
    assert_eq!(told(&town), 50);
    approve(&town, &incident);
    town.each_minute_of(5);
    let texts = texts_by_address(&town);
    assert_eq!(texts.len(), 120);
    let twice: Vec<&Vec<String>> = texts.values().filter(|texts| texts.len() == 2).collect();
    assert_eq!(twice.len(), 50);
    for texts in &twice {
        assert!(!texts[0].contains(CORRECTS) && texts[1].contains(CORRECTS));
        assert!(texts[1].contains("A second bucket") && !texts[0].contains("A second bucket"));
    }
    for texts in texts.values().filter(|texts| texts.len() != 2) {
        assert!(texts.len() == 1 && texts[0].contains("A second bucket") && !texts[0].contains(CORRECTS));
    }
    let shown = show(&town, &incident);
    let duty = duty(&shown, "eu-gdpr-individual", "IE");
    assert_eq!((&duty["coverage"]["reached"], &duty["state"]), (&json!(120), &json!("met")), "{duty}");
}

#[test]
fn who_was_told_the_same_is_left_in_peace_and_still_counts() {
    let (mut town, incident) = half_told();
    town.tell_events();
    amend(&town, &incident, "follow-up");
    town.each_minute_of(2);
    approve(&town, &incident);
    town.each_minute_of(5);
    assert!(texts_by_address(&town).values().all(|texts| texts.len() == 1 && !texts[0].contains(ADDS)));
    let shown = show(&town, &incident);
    let duty = duty(&shown, "eu-gdpr-individual", "IE");
    assert_eq!((&duty["coverage"]["reached"], &duty["state"]), (&json!(120), &json!("met")), "{duty}");
}

#[test]
fn a_withdrawal_tells_nobody_who_was_not_told() {
    let (mut town, incident) = half_told();
    amend(&town, &incident, "withdrawal");
    town.each_minute_of(2);
    approve(&town, &incident);
    town.each_minute_of(5);
    let texts = texts_by_address(&town);
    assert!(
        texts.len() == 50 && texts.values().all(|texts| texts.len() == 2 && texts[1].contains(WITHDRAWS))
    );
    // And no one is told so twice.
    amend(&town, &incident, "withdrawal");
    town.each_minute_of(2);
    approve(&town, &incident);
    town.each_minute_of(5);
    assert_eq!(told(&town), 100);
}

/// The people of a leak of whom the first so many turn out not to be affected.
fn read_anew_without(town: &mut Town, incident: &str, customers: &[Customer]) {
    put_manifest(town, "shop", manifest(customers).into_bytes());
    let body = json!({ "to_those_told": "follow-up", "read_anew": true, "reason": "another list" });
    let answer = act(town, RESPONDER, incident, "amend", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    town.each_minute_of(2);
    approve(town, incident);
    town.each_minute_of(5);
}

#[test]
fn who_was_told_and_is_affected_no_more_is_told_so_once() {
    let (mut town, incident) = half_told();
    town.tell_events();
    let was_told: Vec<String> = texts_by_address(&town).into_keys().collect();
    let all = irish();
    let (strangers, kept): (Vec<Customer>, Vec<Customer>) = all
        .iter()
        .cloned()
        .partition(|customer| was_told.iter().take(20).any(|address| *address == customer.email));
    read_anew_without(&mut town, &incident, &kept);
    let texts = texts_by_address(&town);
    assert_eq!((strangers.len(), texts.len()), (20, 120));
    for (address, texts) in &texts {
        let is_stranger = strangers.iter().any(|stranger| stranger.email == *address);
        let withdrawn = texts.iter().filter(|text| text.contains(WITHDRAWS)).count();
        assert_eq!((texts.len(), withdrawn), if is_stranger { (2, 1) } else { (1, 0) }, "{address}");
    }
    read_anew_without(&mut town, &incident, &kept);
    assert_eq!(told(&town), 140);
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(!attention.contains("not among the affected"), "{attention}");
    // Nobody of the country is affected, and the duty is owed no more: who was told is told so.
    let mut elsewhere = customers(1);
    elsewhere[0].email = "somebody@example.com".to_owned();
    read_anew_without(&mut town, &incident, &elsewhere);
    let texts = texts_by_address(&town);
    assert!(texts.values().all(|texts| texts.iter().filter(|text| text.contains(WITHDRAWS)).count() == 1));
    let shown = show(&town, &incident);
    assert_eq!(duty(&shown, "eu-gdpr-individual", "IE")["state"], "not-owed");
    // Whoever turns out to be affected after all is told that this was wrong.
    read_anew_without(&mut town, &incident, &all);
    let texts = texts_by_address(&town);
    assert!(
        texts.len() == 120 && texts.values().all(|texts| texts.last().expect("a text").contains(CORRECTS))
    );
}

/// The dataset turns out to be harmless.
fn without_any_risk(town: &Town) {
    let mut settings = tenant("shop");
    settings["datasets"][0]["risk"] = json!("none");
    put_settings(town, &settings, &json!({}));
}

#[test]
fn who_was_told_of_what_is_owed_to_nobody_gets_the_withdrawal_or_a_person_hears_of_them() {
    for (to_those_told, mails) in [("withdrawal", 100), ("correction", 50)] {
        let (mut town, incident) = half_told();
        town.tell_events();
        without_any_risk(&town);
        amend(&town, &incident, to_those_told);
        town.drain();
        let shown = show(&town, &incident);
        assert_eq!(duty(&shown, "eu-gdpr-individual", "IE")["state"], "not-owed");
        let attention = shown["incident"]["attention"].to_string();
        let is_asked =
            attention.contains("50 people were told under an earlier plan of duties that nobody owes");
        assert_eq!(is_asked, to_those_told == "correction", "{attention}");
        approve(&town, &incident);
        town.each_minute_of(5);
        assert_eq!(told(&town), mails);
    }
}

#[test]
fn an_amendment_asked_again_and_a_hold_after_it_name_what_was_handed_over() {
    for read_anew in [false, true] {
        let (town, incident) = half_told();
        let body = json!({ "to_those_told": "correction", "read_anew": read_anew, "reason": "it was wrong" });
        let handed_over = |answer: &Value| answer["handed_over"].as_array().expect("chunks").clone();
        let first = handed_over(&act(&town, RESPONDER, &incident, "amend", &body).body);
        assert!(!first.is_empty());
        assert_eq!(handed_over(&act(&town, RESPONDER, &incident, "amend", &body).body), first);
        let hold = act(&town, RESPONDER, &incident, "hold", &json!({ "reason": "counsel asks" }));
        assert_eq!(handed_over(&hold.body), first, "read anew: {read_anew}");
    }
}

#[test]
fn whom_no_channel_is_left_for_is_counted_once() {
    let mut people = irish();
    people.truncate(7);
    people[0].email = "bounce@example.com".to_owned();
    let mut settings = tenant("shop");
    settings["senders"]["in_app"] = json!(false);
    let (mut town, incident) = leaked_of(&people, &settings, &json!({}));
    approve(&town, &incident);
    town.each_minute_of(5);
    let coverage = |town: &Town| {
        let shown = show(town, &incident);
        duty(&shown, "eu-gdpr-individual", "IE")["coverage"].clone()
    };
    let before = coverage(&town);
    assert_eq!((&before["reached"], &before["unreachable"]), (&json!(6), &json!({ "bounced": 1 })));
    amend(&town, &incident, "follow-up");
    town.each_minute_of(2);
    assert_eq!(coverage(&town), before);
}

#[test]
fn a_doubt_under_an_amended_plan_is_a_persons_and_sends_nothing() {
    let (mut town, incident) = half_told();
    lose_the_next_call(&town, Fault::ErrorBefore);
    amend(&town, &incident, "follow-up");
    town.each_minute_of(40);
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("may or may not have been sent"), "{attention}");
    assert_eq!(told(&town), 50);
    approve(&town, &incident);
    town.each_minute_of(5);
    let in_doubt = told(&town);
    assert!(in_doubt < 120, "{in_doubt}");
    let chunk = attention.split(' ').nth(1).expect("a chunk");
    let settle = |finding: &str| {
        let body = json!({ "as": finding, "reason": "the provider's log" });
        act(&town, RESPONDER, &incident, &format!("chunks/{chunk}/settle"), &body)
    };
    assert_eq!(settle("again").status, 409);
    let answer = settle("not-sent");
    assert_eq!((answer.status, &answer.body["goes_again"]), (200, &json!(false)), "{}", answer.body);
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("amend it, and whoever was not told is told"), "{attention}");
    amend(&town, &incident, "follow-up");
    town.drain();
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(!attention.contains("amend it"), "{attention}");
    approve(&town, &incident);
    town.each_minute_of(5);
    assert_eq!(told(&town), 120);
}

#[test]
fn a_copy_that_a_policy_decided_on_and_an_amendment_overtook_is_a_doubt_again() {
    let (mut town, incident) = half_told();
    let chunk = lose_the_next_call(&town, Fault::ErrorBefore);
    // The policy lets it go again, and before it is on its queue the plan is over.
    town.world.advance_to(town.world.now() + SignedDuration::from_hours(1));
    tick(async { watch::step(&town.world, town.world.now()).await });
    assert!(town.world.home_as_text().contains("the approved policy is to send again"));
    amend(&town, &incident, "follow-up");
    town.each_minute_of(20);
    approve(&town, &incident);
    town.each_minute_of(5);
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains(&format!("chunk {chunk} may or may not have been sent")), "{attention}");
    assert_eq!(told(&town), 70);
    let found = json!({ "as": "not-sent", "reason": "the provider's log" });
    let answer = act(&town, RESPONDER, &incident, &format!("chunks/{chunk}/settle"), &found);
    assert_eq!((answer.status, &answer.body["unsent"]), (200, &json!(50)), "{}", answer.body);
    amend(&town, &incident, "follow-up");
    town.drain();
    approve(&town, &incident);
    town.each_minute_of(5);
    assert_eq!(told(&town), 120);
}

#[test]
fn of_a_doubt_a_person_says_which_were_sent_and_the_others_are_told_by_the_next_plan() {
    let (mut town, incident) = half_told();
    let before = town.world.mail_count();
    // The provider takes twenty of the next fifty, and its answer is lost.
    town.world.set_provider(Some(Box::new(|mails| {
        let verdict = |place| if place < 20 { Verdict::Take } else { Verdict::Throttle };
        Some((0..mails.len()).map(verdict).collect())
    })));
    let chunk = lose_the_next_call(&town, Fault::ErrorAfter);
    assert_eq!(town.world.mail_count(), before + 20);
    town.world.set_provider(None);
    town.silence_providers();
    amend(&town, &incident, "follow-up");
    town.each_minute_of(40);
    approve(&town, &incident);
    town.each_minute_of(5);
    let settle = |body: Value| act(&town, RESPONDER, &incident, &format!("chunks/{chunk}/settle"), &body);
    let places: Vec<u32> = (0..20).collect();
    let found = |finding: &str, only: &[u32]| json!({ "as": finding, "only": only, "reason": "the log" });
    assert_eq!(settle(found("not-sent", &places)).status, 400);
    assert_eq!(settle(found("sent", &[50])).status, 400);
    assert_eq!(settle(found("sent", &[])).status, 400);
    let answer = settle(found("sent", &places));
    assert_eq!(
        (&answer.body["settled"], &answer.body["unsent"]),
        (&json!(50), &json!(30)),
        "{}",
        answer.body
    );
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("30 notices of chunk"), "{attention}");
    let numbers = |from: u32, until: u32| (from..until).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    let log = town.world.home_as_text();
    for places in [numbers(0, 20), numbers(20, 50)] {
        assert!(log.contains(&places), "{places}");
    }
    amend(&town, &incident, "follow-up");
    town.drain();
    approve(&town, &incident);
    town.each_minute_of(5);
    let by_address = town.mails_by_address();
    assert_eq!(told(&town), 120);
    assert!(by_address.values().all(|count| *count == 1), "{by_address:?}");
}

#[test]
fn whose_mail_came_back_gets_none_again_though_the_text_in_its_place_did_not_go() {
    let mut customers = customers(7);
    customers[0].email = "bounce@example.com".to_owned();
    customers[0].phone = "+4915112345678".to_owned();
    let (mut town, incident) = leaked(&customers);
    approve(&town, &incident);
    tick(async { dispatch::step(&town.world, town.world.now()).await });
    town.drain();
    town.tell_events();
    tick(async { watch::step(&town.world, town.world.now()).await });
    assert!(town.world.home_as_text().contains("notice-called-up"));
    put_wording(&town, "A second bucket was open, too.");
    amend(&town, &incident, "correction");
    town.each_minute_of(2);
    assert_eq!(town.world.texts().len(), 0);
    approve(&town, &incident);
    town.each_minute_of(5);
    assert_eq!(town.mails_by_address().get("bounce@example.com"), Some(&1));
    assert_eq!(town.world.texts().len(), 1);
}

#[test]
fn an_approval_expires_when_the_facts_change() {
    let (mut town, incident) = leaked(&customers(7));
    put_wording(&town, "It was worse.");
    let hash = show(&town, &incident)["plan"]["hash"].clone();
    let refused = act(&town, APPROVER, &incident, "approve", &json!({ "hash": hash }));
    assert_eq!(refused.status, 409, "{}", refused.body);
    let again = act(&town, RESPONDER, &incident, "rescope", &json!({ "reason": "the facts changed" }));
    assert_eq!(again.status, 200, "{}", again.body);
    town.each_minute_of(2);
    approve(&town, &incident);
    town.each_minute_of(2);
    let mails = town.world.mails();
    let to_people = mails.iter().filter(|mail| mail.to.starts_with("customer"));
    assert!(mails.len() == 8 && to_people.filter(|mail| mail.text.contains("It was worse.")).count() > 0);
}

#[test]
fn what_was_filed_in_time_and_is_corrected_after_its_due_instant_is_not_late() {
    let (mut town, incident) = leaked(&customers(7));
    approve(&town, &incident);
    town.each_minute_of(3);
    let filing = |town: &Town| duty(&show(town, &incident), "eu-gdpr-authority", "DE").clone();
    assert_eq!(filing(&town)["state"], "met");
    let first = filing(&town)["coverage"]["last_reached"].clone();
    town.world.advance_to(town.world.now() + SignedDuration::from_hours(80));
    put_wording(&town, "A second bucket was open, too.");
    amend(&town, &incident, "correction");
    town.minute();
    approve(&town, &incident);
    let corrected = filing(&town);
    assert_eq!((&corrected["state"], &corrected["coverage"]["pending"]), (&json!("met"), &json!(1)));
    tick(async { watch::step(&town.world, town.world.now()).await });
    let asks = |town: &Town| show(town, &incident)["incident"]["attention"].to_string();
    let of_it =
        format!("eu-gdpr-authority ({})", corrected["duty"]["recipient"].as_str().expect("a recipient"));
    for alarm in [of_it.as_str(), "no start is early enough"] {
        assert!(!asks(&town).contains(alarm), "{}", asks(&town));
    }
    town.each_minute_of(3);
    let corrected = filing(&town);
    assert_eq!((&corrected["state"], &corrected["coverage"]["reached"]), (&json!("met"), &json!(1)));
    assert_eq!(corrected["coverage"]["last_reached"], first, "{corrected}");
    // Nothing more is said to the authority by a third plan.
    amend(&town, &incident, "follow-up");
    town.minute();
    approve(&town, &incident);
    town.each_minute_of(3);
    let left_in_peace = filing(&town);
    assert_eq!(
        (&left_in_peace["state"], &left_in_peace["coverage"]["last_reached"]),
        (&json!("met"), &first)
    );
}

/// Whoever settles may crash at any call, and asks again.
#[test]
fn what_a_person_found_unsent_under_a_plan_that_is_over_asks_for_an_amendment_whatever_call_fails() {
    for faulty in 1..40 {
        let (mut town, incident) = half_told();
        let chunk = lose_the_next_call(&town, Fault::ErrorBefore);
        amend(&town, &incident, "follow-up");
        town.each_minute_of(20);
        approve(&town, &incident);
        town.minute();
        let found = json!({ "as": "not-sent", "reason": "the provider's log" });
        let path = format!("chunks/{chunk}/settle");
        town.world.fail_at(town.world.calls() + faulty, Fault::ErrorAfter);
        if act(&town, RESPONDER, &incident, &path, &found).status == 200 {
            assert!(faulty > 5, "{faulty} calls");
            return;
        }
        act(&town, RESPONDER, &incident, &path, &found);
        let attention = show(&town, &incident)["incident"]["attention"].to_string();
        assert!(attention.contains("50 notices of chunk"), "call {faulty}: {attention}");
    }
    panic!("no settlement without a fault");
}

#[test]
fn a_person_is_soon_asked_about_a_copy_that_an_amendment_overtook_at_night() {
    let mut settings = tenant("shop");
    settings["senders"]["email_window"] = json!("08:00-21:00");
    let (mut town, incident) = half_told_by(&settings);
    town.silence_providers();
    let chunk = lose_the_next_call(&town, Fault::ErrorBefore);
    let night = "2026-11-24T02:00:00Z".parse().expect("an instant");
    town.world.advance_to(night);
    // The policy lets it go again, in the morning.
    tick(async { watch::step(&town.world, town.world.now()).await });
    town.each_minute_of(5);
    amend(&town, &incident, "follow-up");
    town.drain();
    approve(&town, &incident);
    town.each_minute_of(10);
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains(&format!("chunk {chunk} may or may not have been sent")), "{attention}");
}

#[test]
fn whoever_is_affected_no_more_keeps_no_duty_open_under_whatever_plan() {
    let (mut town, incident) = leaked(&irish());
    approve(&town, &incident);
    town.silence_providers();
    town.each_minute_of(5);
    let all = irish();
    let (strangers, kept) = all.split_at(20);
    let is_stranger = |address: &str| strangers.iter().any(|stranger| stranger.email == address);
    for mail in town.world.mails().iter().filter(|mail| !is_stranger(&mail.to)) {
        town.tell(&ses_event(mail, mail.at));
    }
    for plan in [2, 3] {
        read_anew_without(&mut town, &incident, kept);
        let duty = duty(&show(&town, &incident), "eu-gdpr-individual", "IE").clone();
        let coverage = &duty["coverage"];
        let counts = [&coverage["reached"], &coverage["pending"], &coverage["owed_no_more"]];
        assert_eq!(
            (&duty["state"], counts),
            (&json!("met"), [&json!(100), &json!(20), &json!(20)]),
            "plan {plan}"
        );
    }
}
