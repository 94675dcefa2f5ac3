//! A region that cannot carry its own notices is helped out by another, where the tenant's policy says so and nowhere else.

use serde_json::{Value, json};
use tocsin_domain::incident::RosterRef;
use tocsin_ports::store::people;
use tocsin_ports::{Clock, Proof, Quota, TenantScope};
use tocsin_tests::*;

const HOME: &str = "us-east-1";
const OTHER: &str = "eu-central-1";
const PAUSED: Quota = Quota { a_second: 10, a_day: Some(0), sent: 0 };

/// Everybody lives in Brazil, whose law gives three working days.
fn brazilians(count: u32) -> Vec<Customer> {
    let mut people = customers(count);
    for customer in &mut people {
        customer.country = "BR";
        customer.province = "";
        customer.locale = "pt-BR";
        customer.phone = String::new();
    }
    people
}

fn settings(may_send_from: &Value) -> Value {
    let mut settings = tenant("shop");
    settings["residency"]["may_send_from"] = may_send_from.clone();
    settings
}

/// A leak in a town where the home region's mail provider grants this.
fn leaked_under(quota: Quota, may_send_from: &Value, people: u32) -> (Town, String) {
    let town = Town::new();
    town.world.set_quota_of(HOME, quota);
    settle_in(&town, "shop", &brazilians(people));
    put_settings(&town, &settings(may_send_from), &json!({}));
    let incident = leak(&town);
    (town, incident)
}

fn waves(shown: &Value, region: &str) -> Vec<Value> {
    let waves = shown["plan"]["waves"].as_array().expect("waves");
    waves.iter().filter(|wave| wave["region"] == region).cloned().collect()
}

/// How many go by mail from a region, who do not stand by.
fn mailed_from(shown: &Value, region: &str) -> u64 {
    let mail = |wave: &&Value| wave["channel"] == "email" && wave["stands_by"] == false;
    waves(shown, region).iter().filter(mail).map(|wave| wave["recipients"].as_u64().expect("a number")).sum()
}

/// How many records of the incident's people are at rest in a region.
fn kept_in(town: &Town, incident: &str, region: &str) -> usize {
    let tenant = TenantScope::proven("shop".parse().expect("a tenant"), Proof::Sweep);
    let roster = RosterRef { incident: incident.parse().expect("an id"), scope: 1 };
    let of_shard =
        |shard| run(people::page(&town.world, &tenant, region, roster, shard, None)).expect("a page").0;
    people::SHARDS.into_iter().map(|shard| of_shard(shard).len()).sum()
}

fn told(town: &Town) -> usize {
    town.world.mails().iter().filter(|mail| mail.to.starts_with("customer")).count()
}

#[test]
fn a_paused_region_is_sent_from_where_the_policy_says_and_its_people_stay() {
    let (mut town, incident) = leaked_under(PAUSED, &json!({ HOME: ["ap-southeast-2", OTHER] }), 60);
    let shown = show(&town, &incident);
    assert_eq!(mailed_from(&shown, HOME), 0, "{}", shown["plan"]["waves"]);
    let away = waves(&shown, "ap-southeast-2");
    assert!(away.iter().all(|wave| wave["failover"] == json!({ "from": HOME, "why": "capacity" })));
    assert_eq!(mailed_from(&shown, "ap-southeast-2"), 60);
    approve(&town, &incident);
    town.each_minute_of(5);
    assert_eq!(told(&town), 60);
    assert_eq!((kept_in(&town, &incident, HOME), kept_in(&town, &incident, "ap-southeast-2")), (60, 0));
    assert_eq!(town.world.home_as_text().matches("region-failed-over").count(), 1);
}

#[test]
fn without_a_policy_nothing_moves_and_the_plan_says_what_it_would_buy_back() {
    for policy in [json!({}), json!({ HOME: [] }), json!({ OTHER: [HOME] })] {
        let (mut town, incident) = leaked_under(PAUSED, &policy, 60);
        let shown = show(&town, &incident);
        assert!(!waves(&shown, HOME).is_empty() && mailed_from(&shown, OTHER) == 0, "{policy}");
        let attention = shown["incident"]["attention"].to_string();
        let refused = format!("residency.may_send_from does not let {HOME} be sent from");
        assert!(attention.contains(&refused), "{attention}");
        approve(&town, &incident);
        town.each_minute_of(5);
        assert_eq!(told(&town), 0, "{policy}");
    }
}

#[test]
fn of_a_region_that_is_too_slow_those_go_who_would_be_late() {
    let slow = Quota { a_second: 10, a_day: Some(40), sent: 0 };
    let (town, incident) = leaked_under(slow, &json!({ HOME: [OTHER] }), 400);
    let shown = show(&town, &incident);
    let (home, away) = (mailed_from(&shown, HOME), mailed_from(&shown, OTHER));
    assert!(home >= 80 && away >= 200 && home + away == 400, "{home} {away}");
    assert_eq!(shown["outlook"]["shortfalls"], json!([]), "{}", shown["incident"]["attention"]);
    let away = waves(&shown, OTHER);
    assert!(away.iter().all(|wave| wave["failover"] == json!({ "from": HOME, "why": "time" })), "{away:?}");
}

#[test]
fn a_region_lost_after_the_approval_is_asked_about_and_an_amendment_moves_the_rest() {
    let whole = Quota { a_second: 10, a_day: None, sent: 0 };
    let (mut town, incident) = leaked_under(whole, &json!({ HOME: [OTHER] }), 120);
    approve(&town, &incident);
    let now = town.world.now();
    tick(async { dispatch::step(&town.world, now).await });
    let queue = tocsin_ports::Queue::Notices(HOME.to_owned());
    while told(&town) == 0 {
        let message = town.world.take(&queue).expect("a chunk of people");
        assert!(deliver(&town.world, &queue, &message.body));
    }
    while town.world.take(&queue).is_some() {}
    town.tell_events();
    town.world.set_quota_of(HOME, PAUSED);
    town.each_minute_of(20);
    // What was approved stays where it was approved.
    assert_eq!(told(&town), 50);
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("email in us-east-1 cannot carry the plan in time"), "{attention}");
    let body = json!({ "to_those_told": "follow-up", "read_anew": false, "reason": "the region is lost" });
    let answer = act(&town, RESPONDER, &incident, "amend", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    town.each_minute_of(1);
    assert_eq!(told(&town), 50, "nothing goes before the new plan is approved");
    assert_eq!(mailed_from(&show(&town, &incident), HOME), 0);
    approve(&town, &incident);
    town.each_minute_of(5);
    let by_address = town.mails_by_address();
    let people = by_address.iter().filter(|(address, _)| address.starts_with("customer"));
    assert!(people.clone().count() == 120 && people.clone().all(|(_, mails)| *mails == 1), "{by_address:?}");
}

#[test]
fn a_policy_names_known_regions_and_never_the_region_itself() {
    let town = Town::new();
    settle_in(&town, "shop", &brazilians(3));
    for (policy, expected) in [
        (json!({ HOME: [OTHER] }), 200),
        (json!({ HOME: ["eu-west-9"] }), 400),
        (json!({ HOME: [HOME] }), 400),
        (json!({ "eu-west-9": [OTHER] }), 400),
    ] {
        let body = json!({ "tenant": settings(&policy) });
        let answer = town.console(ADMINISTRATOR, "PUT", "/console/tenants/shop", &body);
        assert_eq!(answer.status, expected, "{policy}: {}", answer.body);
    }
}
