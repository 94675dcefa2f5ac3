//! What is stuck, and how it goes on: a manifest is mended, a doubt is settled, a malformed message is found.

use std::cell::Cell;
use std::rc::Rc;

use jiff::SignedDuration;
use serde_json::json;
use tocsin_ports::memory::{Call, Fault, Verdict, World};
use tocsin_ports::{Clock, Mail};
use tocsin_tests::*;

/// A town that waits for a person, because the filing's claim died before its call.
fn with_a_filing_in_doubt() -> (Town, String, String) {
    let (mut town, incident) = leaked(&customers(7));
    approve(&town, &incident);
    // The filing's hand-over is the call after which nobody knows: find it by trying.
    let before = |world: &World| world.mails().len();
    let waves = show(&town, &incident)["plan"]["waves"].as_array().cloned().expect("waves");
    let filing = waves.iter().find(|wave| wave["regime"] == "eu-gdpr-authority").expect("a filing").clone();
    assert_eq!(before(&town.world), 0);
    town.world.crash_at_mail_to("filings@authority.example", Fault::CrashBefore);
    for _ in 0..20 {
        town.minute();
    }
    let attention = show(&town, &incident)["incident"]["attention"].clone();
    let question = attention[0].as_str().expect("a question").to_owned();
    let chunk = question.split(' ').nth(1).expect("a chunk").to_owned();
    assert!(chunk.ends_with(&format!("-{}-0", filing["number"])), "{question}");
    (town, incident, chunk)
}

fn settle(
    town: &Town,
    who: &str,
    incident: &str,
    chunk: &str,
    finding: &str,
) -> tocsin_stage::http::Response {
    let path = format!("/console/tenants/shop/incidents/{incident}/chunks/{chunk}/settle");
    town.console(who, "POST", &path, &json!({ "as": finding, "reason": "the authority was asked" }))
}

fn filings(town: &Town) -> usize {
    town.mails_by_address().get("filings@authority.example").copied().unwrap_or(0)
}

#[test]
fn a_filing_that_was_not_sent_goes_when_a_person_says_so() {
    let (mut town, incident, chunk) = with_a_filing_in_doubt();
    assert_eq!(filings(&town), 0);
    assert_eq!(settle(&town, APPROVER, &incident, &chunk, "not-sent").status, 403);
    assert_eq!(settle(&town, RESPONDER, &incident, &chunk, "perhaps").status, 400);
    let answer = settle(&town, RESPONDER, &incident, &chunk, "not-sent");
    assert_eq!(answer.body["settled"], 1, "{}", answer.body);
    assert_eq!(show(&town, &incident)["incident"]["attention"], json!([]));
    for _ in 0..3 {
        town.minute();
    }
    assert_eq!(filings(&town), 1);
    assert_eq!(settle(&town, RESPONDER, &incident, &chunk, "again").status, 409);
    assert!(town.world.home_as_text().contains("the authority was asked"), "the reason is in the log");
}

/// A town that waits for a person, because the filing's claim died after its call and the provider's events are late.
fn with_a_filing_sent_in_doubt() -> (Town, String) {
    let (town, incident) = leaked(&customers(7));
    approve(&town, &incident);
    town.world.crash_at_mail_to("filings@authority.example", Fault::CrashAfter);
    let is_asked = |town: &Town| show(town, &incident)["incident"]["attention"] != json!([]);
    while !is_asked(&town) {
        town.world.advance_to(town.world.now() + SignedDuration::from_mins(1));
        run(dispatch::step(&town.world, town.world.now()));
        while let Some(queue) = town.world.busy_queues().into_iter().next() {
            let message = town.world.take(&queue).expect("a message");
            tick(async {
                deliver(&town.world, &queue, &message.body);
                tocsin_domain::outcome::Outcome::Done
            });
        }
        run(watch::step(&town.world, town.world.now()));
    }
    (town, incident)
}

#[test]
fn what_a_person_found_not_sent_does_not_go_again_once_an_event_shows_that_it_was() {
    let (mut town, incident) = with_a_filing_sent_in_doubt();
    let question =
        show(&town, &incident)["incident"]["attention"][0].as_str().expect("a question").to_owned();
    let chunk = question.split(' ').nth(1).expect("a chunk");
    assert_eq!(settle(&town, RESPONDER, &incident, chunk, "not-sent").status, 200);
    town.tell_events();
    for _ in 0..5 {
        town.minute();
    }
    assert_eq!(filings(&town), 1);
    let duty = duty(&show(&town, &incident), "eu-gdpr-authority", "DE").clone();
    assert_eq!(duty["coverage"]["reached"], 1, "{duty}");
}

#[test]
fn a_doubt_that_waits_for_a_person_is_left_alone_for_minutes_and_its_event_still_ends_it() {
    use tocsin_ports::store::chunks;
    let (mut town, incident) = with_a_filing_sent_in_doubt();
    let scope =
        tocsin_ports::TenantScope::proven("shop".parse().expect("a tenant"), tocsin_ports::Proof::Sweep);
    let waiting = |minutes: i64| {
        let at = town.world.now() + SignedDuration::from_mins(minutes);
        run(chunks::to_settle(&town.world, &scope, at)).expect("a store").len()
    };
    assert_eq!((waiting(1), waiting(5)), (0, 1));
    town.tell_events();
    for _ in 0..5 {
        town.minute();
    }
    assert_eq!(filings(&town), 1);
    assert!(!show(&town, &incident)["chunks"].to_string().contains("undecided"));
}

#[test]
fn a_doubt_that_waits_for_a_person_keeps_nobody_else_of_its_chunk_waiting() {
    // A mail a call: those behind one whose answer is lost are not handed over.
    let mut town = Town::with(tocsin_ports::Settings { send_rate: 1, ..World::settings_for_tests() });
    settle_in(&town, "shop", &customers(70));
    let incident = leak(&town);
    approve(&town, &incident);
    let unlucky = customers(70)[0].email.clone();
    for _ in 0..90 {
        // The copy's answer is lost, too.
        town.world.crash_at_mail_to(&unlucky, Fault::ErrorBefore);
        town.minute();
    }
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("may or may not have been sent"), "{attention}");
    let by_address = town.mails_by_address();
    assert_eq!(by_address.len(), 70, "everybody else, and the authority");
    assert!(by_address.values().all(|mails| *mails == 1) && !by_address.contains_key(&unlucky));
}

#[test]
fn a_filing_that_was_sent_by_what_a_person_found_stays_sent_and_is_not_reached_yet() {
    let (mut town, incident, chunk) = with_a_filing_in_doubt();
    assert_eq!(settle(&town, RESPONDER, &incident, &chunk, "sent").status, 200);
    for _ in 0..3 {
        town.minute();
    }
    assert_eq!(filings(&town), 0);
    let shown = show(&town, &incident);
    assert_eq!(
        shown["chunks"].as_object().map(|states| states.keys().cloned().collect()),
        Some(vec!["accepted".to_owned(), "standing-by".to_owned()])
    );
    let duty = duty(&shown, "eu-gdpr-authority", "DE");
    assert_eq!((&duty["coverage"]["pending"], &duty["coverage"]["reached"]), (&json!(1), &json!(0)));
}

#[test]
fn a_mended_manifest_is_read_anew_and_what_stood_in_the_old_one_is_forgotten() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(7));
    let broken = format!("{}9,No,not an address,,DE,,de\n", manifest(&customers(20)));
    put_manifest(&town, "shop", broken.into_bytes());
    let incident = leak(&town);
    assert_eq!(show(&town, &incident)["incident"]["stage"], "blocked");
    put_manifest(&town, "shop", manifest(&customers(14)).into_bytes());
    let reason = json!({ "reason": "the export was mended" });
    assert_eq!(act(&town, APPROVER, &incident, "rescope", &reason).status, 403);
    assert_eq!(act(&town, RESPONDER, &incident, "rescope", &reason).status, 200);
    town.drain();
    let shown = show(&town, &incident);
    assert_eq!(shown["incident"]["stage"], "awaiting-approval", "{shown:#}");
    assert_eq!(shown["plan"]["scope"]["people"], 14, "nobody of the first reading is left");
    approve(&town, &incident);
    let mut town = town;
    town.minute();
    assert_eq!(town.mails_by_address().len(), 15);
    assert_eq!(act(&town, RESPONDER, &incident, "rescope", &reason).status, 409);
}

#[test]
fn a_manifest_that_is_replaced_is_not_cut_beside_what_was_cut_of_the_old_one() {
    use tocsin_ports::store::slices::{self, Slice};
    let (town, incident) = leaked(&customers(7));
    let scope =
        tocsin_ports::TenantScope::proven("shop".parse().expect("a tenant"), tocsin_ports::Proof::Sweep);
    let roster = tocsin_domain::incident::RosterRef { incident: incident.parse().expect("an id"), scope: 9 };
    let slice = |number, tag: &str| Slice {
        number,
        dataset: "exports".to_owned(),
        from: 0,
        to: 1,
        first_line: 2,
        tag: tag.to_owned(),
        counted: None,
    };
    let cut = |slices: &[Slice]| run(slices::cut(&town.world, &scope, roster, slices)).expect("a store");
    assert!(cut(&[slice(0, "old")]));
    assert!(cut(&[slice(0, "old")]), "cut again it comes out the same");
    assert!(!cut(&[slice(0, "new"), slice(1, "new")]));
    assert_eq!(run(slices::list(&town.world, &scope, roster)).expect("a store").len(), 1);
}

#[test]
fn a_doubt_that_cannot_be_settled_does_not_stop_the_sealing_of_the_log() {
    let (mut town, incident) = leaked(&customers(7));
    approve(&town, &incident);
    town.world.crash_at_mail_to("filings@authority.example", Fault::CrashBefore);
    town.minute();
    assert!(town.world.tamper("plan#", "doc", |doc| doc.replace("\"version\":1", "\"version\":2")) > 0);
    for _ in 0..30 {
        town.minute();
    }
    let put =
        town.console(ADMINISTRATOR, "PUT", "/console/tenants/shop", &json!({ "tenant": tenant("shop") }));
    assert_eq!(put.status, 200, "{}", put.body);
    assert!(town.world.home_as_text().contains("#unsealed"), "the act left a leaf");
    town.minute();
    assert!(!town.world.home_as_text().contains("#unsealed"), "it is sealed");
}

#[test]
fn a_plan_that_waits_is_not_in_force_once_its_evidence_is_read_anew() {
    let (town, incident) = leaked(&customers(7));
    let old = show(&town, &incident)["plan"]["hash"].clone();
    put_manifest(&town, "shop", manifest(&customers(14)).into_bytes());
    let answer = act(&town, RESPONDER, &incident, "rescope", &json!({ "reason": "a newer export" }));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(act(&town, APPROVER, &incident, "approve", &json!({ "hash": old })).status, 409);
    town.drain();
    assert_eq!(act(&town, APPROVER, &incident, "approve", &json!({ "hash": old })).status, 409);
    approve(&town, &incident);
    let mut town = town;
    town.minute();
    assert_eq!(town.mails_by_address().len(), 15);
}

/// A plan of two people a place was approved; then the store was changed. How many mails went out?
fn mails_after(part: &str, name: &str, change: impl Fn(&str) -> String) -> usize {
    let (mut town, incident) = leaked(&customers(14));
    approve(&town, &incident);
    assert!(town.world.tamper(part, name, change) > 0, "{part} {name}");
    for _ in 0..3 {
        town.minute();
    }
    town.world.mails().len()
}

#[test]
fn what_somebody_changed_in_the_store_is_not_sent() {
    assert_eq!(
        mails_after("chunk#", "doc", |doc| format!("{doc} ")),
        15,
        "a blank changes nothing that is read"
    );
    // One person twice instead of two people: each notice is as it was approved.
    let twice = |doc: &str| {
        let mut chunk: serde_json::Value = serde_json::from_str(doc).expect("a chunk");
        let first = chunk["notices"][0].clone();
        chunk["notices"]
            .as_array_mut()
            .expect("notices")
            .iter_mut()
            .for_each(|notice| *notice = first.clone());
        chunk.to_string()
    };
    assert_eq!(mails_after("chunk#", "doc", twice), 1, "the filing alone stays as it was");
    let elsewhere = |doc: &str| doc.replace("must-reach", "never-twice");
    assert_eq!(mails_after("wave#", "doc", elsewhere), 0, "the waves of a plan stand or fall together");
    assert_eq!(
        mails_after("brief#", "brief", |brief| brief
            .replace("stranger", "Stranger")
            .replace("copied", "kept")),
        0
    );
    assert_eq!(mails_after("plan#", "doc", |doc| doc.replace("\"version\":1", "\"version\":2")), 0);
}

#[test]
fn a_malformed_message_is_found_by_smaller_calls_and_only_it_is_refused() {
    let (mut town, incident) = leaked_of(&customers(70), &without_an_inbox(), &json!({}));
    town.world.set_provider(Some(Box::new(|mails| {
        let malformed = |mail: &Mail| mail.to.personal().expose() == "customer0@example.com";
        let verdict = |mail| if malformed(mail) { Verdict::Unfit } else { Verdict::Take };
        Some(mails.iter().map(verdict).collect())
    })));
    approve(&town, &incident);
    town.minute();
    assert_eq!(town.world.mails().len(), 70, "all but one, and the filing");
    let germany = show(&town, &incident);
    let coverage = &duty(&germany, "eu-gdpr-individual", "DE")["coverage"];
    assert_eq!(
        (&coverage["reached"], &coverage["unreachable"]["refused-by-provider"]),
        (&json!(9), &json!(1))
    );
}

/// The provider may count what it refused: smaller calls take turns of their own.
#[test]
fn what_goes_again_in_smaller_calls_keeps_to_the_rate() {
    let waited = |is_malformed: fn(&str) -> bool| {
        let (mut town, incident) = leaked_of(&customers(70), &without_an_inbox(), &json!({}));
        let (calls, messages) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (called, handed_over) = (Rc::clone(&calls), Rc::clone(&messages));
        town.world.set_provider(Some(Box::new(move |mails| {
            called.set(called.get() + 1);
            handed_over.set(handed_over.get() + mails.len());
            let malformed = |mail: &Mail| is_malformed(mail.to.personal().expose());
            let verdict = |mail| if malformed(mail) { Verdict::Unfit } else { Verdict::Take };
            Some(mails.iter().map(verdict).collect())
        })));
        approve(&town, &incident);
        let before = town.world.paused();
        town.minute();
        (calls.get(), messages.get(), town.world.paused() - before)
    };
    let (calls, messages, smoothly) = waited(|_| false);
    let (more_calls, more_messages, again) = waited(|address| address == "customer0@example.com");
    assert!(more_calls > calls, "{more_calls} {calls}");
    let rate = World::settings_for_tests().send_rate;
    let more = tocsin_domain::pace::span((more_messages - messages) as u64, rate);
    assert!(again - smoothly >= more, "{again} {smoothly} {more}");
}

#[test]
fn when_every_message_is_called_malformed_the_fault_is_ours_and_all_go_again() {
    let (mut town, incident) = leaked(&customers(14));
    town.world.set_provider(Some(Box::new(|mails| Some(vec![Verdict::Unfit; mails.len()]))));
    approve(&town, &incident);
    town.minute();
    assert!(town.world.mails().is_empty());
    town.world.set_provider(None);
    for _ in 0..3 {
        town.minute();
    }
    assert_eq!(town.world.mails().len(), 15);
}

#[test]
fn what_is_in_doubt_of_a_cancelled_incident_is_looked_at_no_more_and_stays_shown() {
    use tocsin_ports::store::chunks;
    let (mut town, incident, _) = with_a_filing_in_doubt();
    let cancelled = act(&town, RESPONDER, &incident, "cancel", &json!({ "reason": "a false alarm" }));
    assert_eq!(cancelled.status, 200);
    town.each_minute_of(10);
    let scope =
        tocsin_ports::TenantScope::proven("shop".parse().expect("a tenant"), tocsin_ports::Proof::Sweep);
    let later = town.world.now() + SignedDuration::from_hours(24);
    assert_eq!(run(chunks::to_settle(&town.world, &scope, later)).expect("a store"), []);
    assert_eq!(show(&town, &incident)["chunks"]["undecided"], 1);
}

/// Fifty people in one chunk, whose calls carry ten. The first attempt reaches all of them and dies, and so the chunk goes
/// again as copies; of those the first call is lost. A person is asked about ten, and the others need no copy in the end.
#[test]
fn what_is_in_doubt_stays_a_persons_question_when_the_others_of_its_chunk_need_no_copy() {
    let mut people = customers(50);
    for customer in &mut people {
        (customer.country, customer.province, customer.locale) = ("IE", "", "en");
    }
    let mut town = Town::with(tocsin_ports::Settings { send_rate: 14, ..World::settings_for_tests() });
    settle_in(&town, "shop", &people);
    put_settings(&town, &without_an_inbox(), &json!({}));
    let incident = leak(&town);
    approve(&town, &incident);
    town.silence_providers();
    let told = |world: &World| world.mails().iter().filter(|mail| mail.to.starts_with("customer")).count();
    let phase = Cell::new(0);
    town.world.set_fate(Some(Rc::new(move |world, call| match (phase.get(), call) {
        (0, Call::Other) if told(world) == 50 => {
            phase.set(1);
            Some(Fault::CrashBefore)
        }
        (1, Call::Mail) => {
            phase.set(2);
            Some(Fault::ErrorBefore)
        }
        (_, _) => None,
    })));
    let question = |town: &Town| {
        let attention = show(town, &incident)["incident"]["attention"].clone();
        let mut tasks = attention.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
        tasks.find(|task| task.contains("may or may not")).map(str::to_owned)
    };
    let asked = (0..90).find_map(|_| {
        town.minute();
        question(&town)
    });
    let chunk = asked.expect("a question").split(' ').nth(1).expect("a chunk").to_owned();
    for mail in town.world.mails().iter().filter(|mail| mail.tags.get("chunk") == Some(&chunk)) {
        if mail.tags["index"].parse::<u32>().expect("a place") >= 10 {
            town.tell(&ses_event(mail, mail.at));
        }
    }
    town.each_minute_of(3);
    assert_eq!(told(&town.world), 50, "no copy went");
    let coverage = duty(&show(&town, &incident), "eu-gdpr-individual", "IE")["coverage"].clone();
    assert_eq!((&coverage["reached"], &coverage["undecided"]), (&json!(40), &json!(10)));
    let answer = settle(&town, RESPONDER, &incident, &chunk, "sent");
    assert_eq!((answer.status, &answer.body["settled"]), (200, &json!(10)), "{}", answer.body);
    assert_eq!(question(&town), None);
}

/// A chunk of one person, whose first mail went and whose answer was lost; up to the moment when its copy is due.
fn with_a_copy_due() -> (Town, String) {
    let mut people = customers(1);
    (people[0].country, people[0].province, people[0].locale) = ("IE", "", "en");
    let (mut town, incident) = leaked_of(&people, &without_an_inbox(), &json!({}));
    approve(&town, &incident);
    town.silence_providers();
    town.world.crash_at_mail_to("customer0@example.com", Fault::ErrorAfter);
    while !town.world.home_as_text().contains("the approved policy is to send again") {
        town.minute();
    }
    assert_eq!(town.mails_by_address().get("customer0@example.com"), Some(&1));
    (town, incident)
}

#[test]
fn a_copy_that_can_never_go_leaves_the_doubt_that_it_was_for() {
    let (mut town, incident) = with_a_copy_due();
    town.world.forget_people("customer0@example.com");
    town.each_minute_of(30);
    assert_eq!(town.mails_by_address().get("customer0@example.com"), Some(&1));
    let shown = show(&town, &incident);
    assert!(shown["incident"]["attention"].to_string().contains("may or may not"), "{shown:#}");
    assert_eq!(duty(&shown, "eu-gdpr-individual", "IE")["coverage"]["undecided"], 1);
}

#[test]
fn a_copy_that_is_throttled_slows_its_lane_down() {
    use tocsin_domain::pace::Lane;
    use tocsin_domain::plan::Channel;
    use tocsin_ports::store::pace;
    let (mut town, _) = with_a_copy_due();
    let lane = Lane::of("eu-central-1", Channel::Email).expect("a lane");
    let rate = |town: &Town| run(pace::get(&town.world, &lane)).expect("a store").expect("a pace").a_second;
    let before = rate(&town);
    town.world.set_provider(Some(Box::new(|_| None)));
    town.minute();
    assert!(rate(&town) < before, "{} {before}", rate(&town));
}
