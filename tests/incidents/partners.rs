//! Bodies and processors that take signed webhooks.

use jiff::Timestamp;
use serde_json::{Value, json};
use tocsin_ports::Clock;
use tocsin_tests::*;

const PARTNER: &str = "dpa-germany";

/// A town whose contact takes webhooks, at the point where the plan waits.
fn with_a_partner() -> (Town, String) {
    told_by_webhook(&customers(7))
}

/// These people's exports leaked; the authority takes webhooks; the plan is approved.
pub fn told_by_webhook(people: &[Customer]) -> (Town, String) {
    told_as_set(people, &with_a_webhook())
}

fn with_a_webhook() -> Value {
    let mut settings = tenant("shop");
    settings["contacts"][0]["webhook"] = json!("https://hooks.authority.example/breaches");
    settings
}

fn told_as_set(people: &[Customer], settings: &Value) -> (Town, String) {
    let secrets = json!({ format!("partner-{PARTNER}"): json!({ "keys": [SECTION_SECRET] }).to_string() });
    let (town, incident) = leaked_of(people, settings, &secrets);
    approve(&town, &incident);
    (town, incident)
}

fn germany(town: &Town, incident: &str) -> String {
    let shown = show(town, incident);
    duty(&shown, "eu-gdpr-authority", "DE")["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_partner_gets_a_signed_webhook_and_their_answer_is_the_receipt() {
    use tocsin_sources::webhook::{Headers, HmacKey, Request, Secrets, Tolerance, Verdict, verify};
    let (mut town, incident) = with_a_partner();
    town.minute();
    let [hook] = town.world.hooks().try_into().expect("one webhook");
    assert_eq!(hook.to.as_str(), "https://hooks.authority.example/breaches");
    let second = hook.second.to_string();
    let headers: Headers = [
        ("webhook-id", hook.id.as_str()),
        ("webhook-timestamp", second.as_str()),
        ("webhook-signature", hook.signature.as_str()),
        ("content-type", "application/json"),
    ]
    .into_iter()
    .collect();
    let request = Request { method: "POST", headers: &headers, body: hook.body.as_bytes() };
    let keys = vec![HmacKey::from_standard(SECTION_SECRET).expect("a key")];
    let secrets = Secrets::Standard { keys, tolerance: Tolerance::USUAL };
    assert!(matches!(verify(request, &secrets, town.world.now()), Verdict::Authentic(_)));
    let body: Value = serde_json::from_str(&hook.body).expect("JSON");
    assert_eq!(body["type"], "breach.notice");
    assert!(body["data"]["text"].as_str().is_some_and(|text| text.contains("Article 33")), "{body:#}");
    assert_eq!(germany(&town, &incident), "met");
    assert!(!town.mails_by_address().contains_key("filings@authority.example"));
}

#[test]
fn an_endpoint_that_is_ill_gets_the_same_notice_again_and_a_person_hears_of_it() {
    use tocsin_ports::memory::World;
    use tocsin_ports::{Hook, Posted};
    let (mut town, incident) = with_a_partner();
    let mut tries = 0;
    let world: &World = &town.world;
    world.set_endpoints(Some(Box::new(move |_: &Hook| {
        tries += 1;
        match tries {
            1 => Posted::Silence("no answer in time".to_owned()),
            2..=6 => Posted::Status(503),
            _ => Posted::Status(200),
        }
    })));
    town.each_minute_of(60 * 24);
    let hooks = town.world.hooks();
    assert_eq!(hooks.len(), 7);
    let first = hooks.first().expect("a webhook");
    assert!(hooks.iter().all(|hook| (&hook.id, &hook.body) == (&first.id, &first.body)));
    let waits: Vec<i64> = hooks.windows(2).map(|pair| (pair[1].second - pair[0].second) / 60).collect();
    // To the minute in which `dispatch` looks: five seconds, five minutes, half an hour, two, five and ten hours.
    assert_eq!(waits, [1, 5, 30, 120, 300, 600]);
    let shown = show(&town, &incident);
    assert!(shown["incident"]["attention"].to_string().contains("failed 5 times in a row"), "{shown:#}");
    assert_eq!(shown["partners"][0]["failures"], 0);
    assert_eq!(germany(&town, &incident), "met");
}

#[test]
fn a_partner_who_may_have_a_notice_gets_what_follows_it_under_a_later_plan() {
    use tocsin_ports::{Hook, Posted};
    let (mut town, incident) = with_a_partner();
    town.world.set_endpoints(Some(Box::new(|_: &Hook| Posted::Silence("no answer in time".to_owned()))));
    town.minute();
    let body = json!({ "to_those_told": "follow-up", "read_anew": false, "reason": "nobody knows" });
    let answer = act(&town, RESPONDER, &incident, "amend", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    town.world.set_endpoints(None);
    town.each_minute_of(2);
    approve(&town, &incident);
    town.each_minute_of(5);
    let hooks = town.world.hooks();
    let [first, next] = &hooks[..] else { panic!("{hooks:?}") };
    assert!(first.id != next.id && first.body.contains("Phase: first notification"), "{}", first.body);
    assert!(next.body.contains("Phase: following notification"), "{}", next.body);
    assert_eq!(germany(&town, &incident), "met");
}

#[test]
fn a_body_whose_endpoint_is_gone_gets_a_mail_instead_once() {
    use tocsin_ports::{Hook, Posted};
    let (mut town, incident) = with_a_partner();
    town.world.set_endpoints(Some(Box::new(|_: &Hook| Posted::Status(410))));
    town.each_minute_of(60);
    assert_eq!(town.world.hooks().len(), 1);
    assert_eq!(town.mails_by_address().get("filings@authority.example"), Some(&1));
    assert_eq!(germany(&town, &incident), "met");
}

#[test]
fn an_endpoint_that_is_gone_ends_it_and_a_resend_begins_anew() {
    use tocsin_ports::{Hook, Posted};
    let mut settings = with_a_webhook();
    settings["contacts"][0]["email"] = Value::Null;
    let (mut town, incident) = told_as_set(&customers(7), &settings);
    let begun = town.world.now();
    town.world.set_endpoints(Some(Box::new(|_: &Hook| Posted::Status(410))));
    town.each_minute_of(60);
    assert_eq!(town.world.hooks().len(), 1);
    assert_eq!(germany(&town, &incident), "at-risk");
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("is gone"), "{attention}");
    town.world.set_endpoints(None);
    let resend = |town: &Town, who: &str, contact: &str, from: Timestamp, to: Timestamp| {
        let body = json!({ "contact": contact, "from": from, "to": to, "reason": "they put it back" });
        town.console(who, "POST", "/console/tenants/shop/partners/resend", &body)
    };
    let now = town.world.now();
    assert_eq!(resend(&town, APPROVER, PARTNER, begun, now).status, 403);
    assert_eq!(resend(&town, RESPONDER, PARTNER, now, begun).status, 400);
    assert_eq!(resend(&town, RESPONDER, "nobody", begun, now).body["resent"], json!([]));
    assert_eq!(
        resend(&town, RESPONDER, PARTNER, begun, now).body["resent"].as_array().map(Vec::len),
        Some(1)
    );
    town.each_minute_of(2);
    assert_eq!(germany(&town, &incident), "met");
    // They lost it: what was taken within the range goes again, under the same id, and nothing else does.
    let later = town.world.now();
    assert_eq!(resend(&town, RESPONDER, PARTNER, begun, now).body["resent"], json!([]));
    assert_eq!(
        resend(&town, RESPONDER, PARTNER, begun, later).body["resent"].as_array().map(Vec::len),
        Some(1)
    );
    town.each_minute_of(2);
    let hooks = town.world.hooks();
    assert_eq!(hooks.len(), 3);
    assert!(hooks.iter().all(|hook| hook.id == hooks[0].id));
    assert_eq!(germany(&town, &incident), "met");
}
