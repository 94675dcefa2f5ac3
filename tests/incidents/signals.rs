//! What comes in: what it opens, what it joins, what is refused, what is parked.

use serde_json::{Value, json};
use tocsin_ports::Clock;
use tocsin_tests::*;

#[test]
fn a_webhook_joins_and_a_forged_one_leaves_no_trace() {
    let (town, incident) = leaked(&customers(7));
    let body =
        br#"{"id": 1, "admin_graphql_api_id": "gid://shopify/BulkOperation/1", "status": "completed"}"#;
    let before = (town.world.home_as_text(), town.world.files());
    let forged = shopify_webhook("shop", "bulk_operations/finish", body, "another secret");
    assert_eq!(town.webhook(forged).status, 401);
    let mut unsigned = shopify_webhook("shop", "bulk_operations/finish", body, SHOP_SECRET);
    unsigned.headers.remove("x-shopify-hmac-sha256");
    assert_eq!(town.webhook(unsigned).status, 401);
    let unknown = shopify_webhook("nobody", "bulk_operations/finish", body, SHOP_SECRET);
    assert_eq!(town.webhook(unknown).status, 401);
    assert_eq!((town.world.home_as_text(), town.world.files()), before);
    assert_eq!(
        town.webhook(shopify_webhook("shop", "bulk_operations/finish", body, SHOP_SECRET)).status,
        202
    );
    town.drain();
    assert_eq!(show(&town, &incident)["incident"]["signals"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_cannot_be_read_is_parked_and_a_signed_one_answered_400() {
    let (town, _) = leaked(&customers(7));
    let deep = "[".repeat(100_000);
    let malformed = shopify_webhook("shop", "bulk_operations/finish", deep.as_bytes(), SHOP_SECRET);
    assert_eq!(town.webhook(malformed).status, 400);
    for body in [
        "",
        "nonsense",
        &deep,
        "{}",
        &guardduty_finding("nobodys-bucket", 8.0).replace("000000000000", "111111111111"),
    ] {
        assert!(town.siem(body), "it is acknowledged");
    }
    let parked = town.world.parked();
    assert_eq!(parked.len(), 6, "{parked:#?}");
    assert!(parked[5].contains("unknown-tenant"), "{}", parked[5]);
}

#[test]
fn one_finding_ten_times_is_one_incident_and_one_notice_each() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(7));
    for _ in 0..10 {
        assert!(town.siem(&guardduty_finding(&bucket("shop"), 8.0)));
    }
    town.drain();
    let incident = only_incident(&town);
    approve(&town, &incident);
    let mut town = town;
    town.minute();
    assert!(town.mails_by_address().values().all(|count| *count == 1));
}

#[test]
fn a_mild_finding_opens_nothing_and_says_why() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(7));
    assert!(town.siem(&guardduty_finding(&bucket("shop"), 2.0)));
    town.drain();
    let list = town.console(APPROVER, "GET", "/console/tenants/shop/incidents", &Value::Null);
    assert_eq!(list.body["incidents"], json!([]));
    assert!(town.world.home_as_text().contains("signal-dismissed"));
}

#[test]
fn we_know_from_the_instant_at_which_a_finding_reached_the_queue() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(7));
    let hours_ago = town.world.now() - jiff::SignedDuration::from_hours(5);
    assert!(town.late_siem(&guardduty_finding(&bucket("shop"), 8.0), hours_ago));
    town.drain();
    let shown = show(&town, &only_incident(&town));
    assert_eq!(shown["incident"]["clocks"]["awareness"], hours_ago.to_string());
}

#[test]
fn a_finding_that_its_source_makes_worse_opens_the_incident() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(7));
    let first = town.world.now();
    town.siem(&guardduty_finding(&bucket("shop"), 2.0));
    town.drain();
    town.world.advance_to(first + jiff::SignedDuration::from_hours(1));
    let shown = show(&town, &leak(&town));
    assert_eq!(shown["incident"]["severity"], "high");
    assert_eq!(shown["incident"]["clocks"]["awareness"], first.to_string());
    town.siem(&guardduty_finding(&bucket("shop"), 9.5));
    town.siem(&guardduty_finding(&bucket("shop"), 2.0));
    town.drain();
    let shown = show(&town, &only_incident(&town));
    assert_eq!(shown["incident"]["severity"], "critical");
    assert_eq!(shown["incident"]["signals"].as_array().map(Vec::len), Some(1));
}

#[test]
fn of_two_findings_triaged_at_once_one_opens_and_one_joins() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(7));
    let other = guardduty_finding(&bucket("shop"), 8.0).replace("16afba5c", "26afba5c");
    town.siem(&guardduty_finding(&bucket("shop"), 8.0));
    town.siem(&other);
    // The first writer is paused between its look and its write, while the second goes through.
    let scope =
        tocsin_ports::TenantScope::proven("shop".parse().expect("a tenant"), tocsin_ports::Proof::Sweep);
    let listed =
        run(tocsin_ports::store::incidents::list_to_open(&town.world, &scope)).expect("no incident yet");
    town.drain();
    let opened = show(&town, &only_incident(&town))["incident"].clone();
    let mut late: tocsin_domain::incident::Incident =
        serde_json::from_value(opened.clone()).expect("an incident");
    late.id = "0123456789abcdef0123456789abcdef".parse().expect("an id");
    let leaf = tocsin_audit::Leaf::new(
        scope.tenant(),
        Some(late.id),
        town.world.now(),
        tocsin_audit::Actor::Function("triage".to_owned()),
        tocsin_audit::Action::IncidentOpened,
        "late",
        [],
    );
    let refused = run(tocsin_ports::store::incidents::open(&town.world, &scope, &listed, &late, &leaf));
    assert!(matches!(refused, Err(tocsin_domain::outcome::Halt::Again(_))), "{refused:?}");
    only_incident(&town);
    assert_eq!(opened["signals"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_route_that_a_tenant_gives_up_is_free_for_another() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(7));
    let mut without = tenant("shop");
    without["routes"]["buckets"] = json!([]);
    let put = |id: &str, settings: &Value| {
        town.console(ADMINISTRATOR, "PUT", &format!("/console/tenants/{id}"), &json!({ "tenant": settings }))
            .status
    };
    let mut other = tenant("other");
    other["routes"]["buckets"] = json!([bucket("shop")]);
    assert_eq!(put("other", &other), 422);
    assert_eq!(put("shop", &without), 200);
    assert_eq!(put("other", &other), 200);
    assert_eq!(put("shop", &tenant("shop")), 422);
}
