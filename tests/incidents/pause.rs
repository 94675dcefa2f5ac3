//! A wave whose mail bounces is stopped before the provider stops everybody's, a person is asked, and lets it go on.

use jiff::SignedDuration;
use serde_json::{Value, json};
use tocsin_domain::alert::AlertMessage;
use tocsin_domain::pause::Limits;
use tocsin_ports::memory::{Verdict, World};
use tocsin_ports::store::chunks::{self, Claim};
use tocsin_ports::{Clock, Mail, Proof, Queue, Settings, TenantScope};
use tocsin_tests::*;

/// Customers in Germany: one wave, a chunk for each fifty. Of each ten, so many addresses do not work.
fn germans(count: u32, bad_of_ten: u32) -> Vec<Customer> {
    (0..count)
        .map(|id| {
            let kind = if id % 10 < bad_of_ten { "bounce" } else { "customer" };
            let email = format!("{kind}{id}@example.com");
            Customer {
                id,
                email,
                phone: String::new(),
                country: "DE",
                province: "",
                locale: "de",
                post: None,
            }
        })
        .collect()
}

/// A town in which one chunk goes a minute, with an approved plan.
fn sending(customers: &[Customer]) -> (Town, String) {
    let pause = Limits { bounces_per_mille: 50, complaints_per_mille: 1, sample: 20 };
    // Long enough for a chunk at this rate.
    let send_timeout = SignedDuration::from_mins(10);
    let town = Town::with(Settings { send_rate: 1, send_timeout, pause, ..World::settings_for_tests() });
    settle_in(&town, "shop", customers);
    let incident = leak(&town);
    approve(&town, &incident);
    (town, incident)
}

fn to_people(town: &Town) -> usize {
    town.world.mails().iter().filter(|mail| mail.to != "filings@authority.example").count()
}

/// The number of the wave that is paused, and the task that says so.
fn paused(town: &Town, incident: &str) -> Option<(u32, String)> {
    let attention = show(town, incident)["incident"]["attention"].as_array().cloned().unwrap_or_default();
    let task =
        attention.iter().filter_map(Value::as_str).find(|task| task.contains(" is paused "))?.to_owned();
    Some((task.split(' ').nth(1)?.parse().ok()?, task))
}

fn resume(town: &Town, who: &str, incident: &str, wave: u32) -> u16 {
    let body = json!({ "reason": "the addresses were old" });
    act(town, who, incident, &format!("waves/{wave}/resume"), &body).status
}

/// Minutes until a wave is paused, at most twenty.
fn until_paused(town: &mut Town, incident: &str) -> (u32, String) {
    for _ in 0..20 {
        town.minute();
        if let Some(paused) = paused(town, incident) {
            return paused;
        }
    }
    panic!("no wave was paused");
}

#[test]
fn a_wave_that_bounces_stops_until_a_person_lets_it_go_on() {
    let (mut town, incident) = sending(&germans(200, 2));
    let (wave, task) = until_paused(&mut town, &incident);
    let sent = to_people(&town);
    assert_eq!(sent, 50, "the first chunk alone");
    assert!(
        task.contains("of 50 notices that the provider took, ") && task.contains(" bounced for good"),
        "{task}"
    );
    for _ in 0..30 {
        town.minute();
    }
    assert_eq!(to_people(&town), sent, "nothing more");
    let is_told = |alert: &AlertMessage| match alert {
        AlertMessage::Topic { text, .. } => text.contains(&task),
        AlertMessage::Mail { .. } | AlertMessage::Post { .. } => false,
    };
    assert_eq!(town.world.alerts().iter().filter(|alert| is_told(alert)).count(), 1);

    assert_eq!(resume(&town, APPROVER, &incident, wave), 403);
    assert_eq!(resume(&town, RESPONDER, &incident, wave + 1), 409);
    assert_eq!(resume(&town, RESPONDER, &incident, wave), 200);
    assert_eq!(resume(&town, RESPONDER, &incident, wave), 409, "once");
    tick(async { watch::step(&town.world, town.world.now()).await });
    assert_eq!(paused(&town, &incident), None, "not again for the same figures");
    let (again, task) = until_paused(&mut town, &incident);
    assert_eq!((again, to_people(&town)), (wave, 100), "one chunk more, and its own bounces");
    assert!(task.contains("of 50 notices that the provider took, "), "{task}");
    let log = town.world.home_as_text();
    assert!(
        log.contains("wave-paused") && log.contains("wave-resumed") && log.contains("the addresses were old")
    );
}

#[test]
fn a_wave_that_bounces_little_goes_out() {
    let mut people = germans(200, 0);
    for place in [0, 60, 120] {
        people[place].email = format!("bounce{place}@example.com");
    }
    let (mut town, incident) = sending(&people);
    for _ in 0..60 {
        town.minute();
    }
    assert_eq!((to_people(&town), paused(&town, &incident)), (200, None));
}

#[test]
fn a_pause_stops_what_lies_on_the_queue_as_a_hold_does() {
    let (mut town, incident) = sending(&germans(100, 5));
    // The second chunk is on its queue when the first one's bounces come in.
    let queue = Queue::Notices("eu-central-1".to_owned());
    run(dispatch::step(&town.world, town.world.now()));
    let laid_out: Vec<String> =
        std::iter::from_fn(|| town.world.take(&queue)).map(|message| message.body).collect();
    let of =
        |end: &str| laid_out.iter().find(|body| body.contains(end)).expect("a chunk of the wave").clone();
    let (first, late) = (of("-2-0\""), of("-2-1\""));
    while to_people(&town) == 0 {
        town.world.advance_to(town.world.now() + SignedDuration::from_secs(10));
        deliver(&town.world, &queue, &first);
    }
    let sent = to_people(&town);
    assert_eq!(sent, 50);
    town.tell_events();
    tick(async { watch::step(&town.world, town.world.now()).await });
    let (wave, _) = paused(&town, &incident).expect("a pause");
    town.world.advance_to(town.world.now() + SignedDuration::from_mins(16));
    run(dispatch::step(&town.world, town.world.now()));
    let of_wave = |body: &String| body.contains("-2-");
    let again = std::iter::from_fn(|| town.world.take(&queue)).map(|message| message.body).find(of_wave);
    assert_eq!(again, None, "nothing of the wave is put on the queue");
    assert!(deliver(&town.world, &queue, &late), "skipped, and not parked");
    assert_eq!((to_people(&town), town.world.parked().len()), (sent, 0));

    // Whoever looked before the pause and claims after it is refused by the claim's own condition.
    let scope = TenantScope::proven("shop".parse().expect("a tenant"), Proof::Sweep);
    let job: Value = serde_json::from_str(&late).expect("JSON");
    let at = serde_json::from_value(job["chunk"].clone()).expect("a chunk");
    let chunk = run(chunks::get(&town.world, &scope, &at)).expect("the chunk");
    assert_eq!(at.wave, wave);
    let leaf = tocsin_audit::Leaf::new(
        scope.tenant(),
        None,
        town.world.now(),
        tocsin_audit::Actor::Function("send".to_owned()),
        tocsin_audit::Action::ChunkClaimed,
        "a test",
        [],
    );
    let claim = || run(chunks::claim(&town.world, &scope, &chunk, town.world.now(), &leaf)).expect("a store");
    assert_eq!(claim(), Claim::Closed);
    assert_eq!(resume(&town, RESPONDER, &incident, wave), 200);
    assert_eq!(claim(), Claim::Won(1));
}

#[test]
fn a_wave_of_which_the_provider_refuses_everything_is_paused() {
    let (mut town, incident) = sending(&germans(200, 0));
    town.world.set_provider(Some(Box::new(|mails| {
        let customer = |mail: &Mail| mail.to.personal().expose().starts_with("customer");
        let verdict = |mail| if customer(mail) { Verdict::Refuse } else { Verdict::Take };
        Some(mails.iter().map(verdict).collect())
    })));
    let (wave, task) = until_paused(&mut town, &incident);
    assert!(
        task.contains("of 0 notices that the provider took") && task.contains("50 more it refused"),
        "{task}"
    );
    town.world.set_provider(None);
    town.each_minute_of(30);
    assert_eq!(to_people(&town), 0, "nothing more");
    assert_eq!(resume(&town, RESPONDER, &incident, wave), 200);
    town.each_minute_of(60);
    assert_eq!((to_people(&town), paused(&town, &incident)), (150, None));
}

#[test]
fn what_the_provider_took_and_refuses_to_send_counts_as_a_bounce_and_a_suppressed_address_does_not() {
    let (mut town, incident) = sending(&germans(200, 0));
    town.silence_providers();
    while to_people(&town) == 0 {
        town.minute();
    }
    let mails = town.world.mails().into_iter().filter(|mail| mail.to.starts_with("customer"));
    let mut heads = mails.map(|mail| ses_event(&mail, town.world.now())).collect::<Vec<Value>>().into_iter();
    let mut event = |kind: &str, name: &str, says: Value| {
        let mut event = heads.next().expect("a mail");
        (event["eventType"], event[name]) = (kind.into(), says);
        event
    };
    let at = town.world.now().to_string();
    let suppressed = json!({
        "bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList", "timestamp": at,
        "bouncedRecipients": [{ "status": "5.1.1" }], "feedbackId": "1",
    });
    for _ in 0..10 {
        town.tell(&event("Bounce", "bounce", suppressed.clone()));
    }
    town.tell(&event("Reject", "reject", json!({ "reason": "Bad content" })));
    town.tell(&event("Rendering Failure", "failure", json!({ "errorMessage": "Attribute missing" })));
    tick(async { watch::step(&town.world, town.world.now()).await });
    assert_eq!(paused(&town, &incident), None, "two of fifty");
    town.tell(&event("Reject", "reject", json!({ "reason": "Bad content" })));
    tick(async { watch::step(&town.world, town.world.now()).await });
    let (_, task) = paused(&town, &incident).expect("a pause");
    assert!(
        task.contains("of 47 notices that the provider took") && task.contains("3 more it refused"),
        "{task}"
    );
}

#[test]
fn complaints_pause_too_and_one_alone_does_not() {
    let (mut town, incident) = sending(&germans(400, 0));
    town.minute();
    town.minute();
    let complaint = |number: usize| {
        let mail = town.world.mails().into_iter().filter(|mail| mail.to.starts_with("customer")).nth(number);
        let mut event = ses_event(&mail.expect("a mail"), town.world.now());
        event["eventType"] = json!("Complaint");
        event["complaint"] =
            json!({ "timestamp": town.world.now().to_string(), "complaintFeedbackType": "abuse" });
        event
    };
    let (first, second) = (complaint(0), complaint(1));
    town.tell(&first);
    town.tell(&first);
    town.minute();
    assert_eq!(paused(&town, &incident), None, "the same complaint twice is one");
    town.tell(&second);
    assert!(until_paused(&mut town, &incident).1.contains("2 were complained about"));
}

#[test]
fn a_wave_that_is_through_is_not_paused() {
    let (mut town, incident) = sending(&germans(40, 5));
    for _ in 0..10 {
        town.minute();
    }
    assert_eq!((to_people(&town), paused(&town, &incident)), (40, None));
}
