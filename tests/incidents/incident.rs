//! One incident from a finding to coverage, and what must not happen on the way.

use serde_json::json;
use tocsin_tests::*;

#[test]
fn everybody_affected_gets_exactly_one_notice_and_the_duty_is_met() {
    let customers = customers(70);
    let (mut town, incident) = leaked(&customers);
    assert_eq!(
        show(&town, &incident)["incident"]["stage"],
        "awaiting-approval",
        "{:#}",
        show(&town, &incident)
    );
    town.minute();
    assert!(town.world.mails().is_empty(), "nothing is sent without an approval");
    approve(&town, &incident);
    for _ in 0..3 {
        town.minute();
    }
    let by_address = town.mails_by_address();
    for customer in &customers {
        assert_eq!(by_address.get(&customer.email), Some(&1), "{}", customer.email);
    }
    assert_eq!(by_address.get("filings@authority.example"), Some(&1));
    assert_eq!(by_address.len(), customers.len() + 1);
    let shown = show(&town, &incident);
    for duty in shown["duties"].as_array().expect("duties") {
        if duty["duty"]["audience"] == "individual" && duty["duty"]["owed"] == "yes" {
            assert_eq!(duty["state"], "met", "{duty:#}");
            assert_eq!(duty["coverage"]["reached"], 10, "{duty:#}");
        }
    }
}

#[test]
fn what_is_fulfilled_after_its_time_is_met_late() {
    let in_time = |before: i64| {
        let (mut town, incident) = leaked(&customers(7));
        town.minutes(before);
        approve(&town, &incident);
        town.minute();
        let filing = duty(&show(&town, &incident), "eu-gdpr-authority", "DE").clone();
        let (last, due) = (&filing["coverage"]["last_reached"], &filing["duty"]["due"]);
        let instant = |value: &serde_json::Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        (filing["state"].clone(), instant(last) <= instant(due))
    };
    assert_eq!(in_time(71 * 60), (json!("met"), true));
    assert_eq!(in_time(73 * 60), (json!("met-late"), false));
}

#[test]
fn a_bounce_is_unreachable_and_the_duty_at_risk() {
    let mut customers = customers(7);
    customers[0].email = "bounce@example.com".to_owned();
    let (mut town, incident) = leaked_of(&customers, &without_an_inbox(), &json!({}));
    approve(&town, &incident);
    town.minute();
    let shown = show(&town, &incident);
    let germany = duty(&shown, "eu-gdpr-individual", "DE");
    assert_eq!(germany["coverage"]["unreachable"]["bounced"], 1);
    assert_eq!(germany["state"], "at-risk");
}

#[test]
fn duplicates_in_other_spelling_are_one_person() {
    let mut customers = customers(7);
    customers.push(Customer { id: 100, email: " CUSTOMER0@Example.COM".to_owned(), ..customers[0].clone() });
    let (mut town, incident) = leaked(&customers);
    assert_eq!(show(&town, &incident)["plan"]["scope"]["people"], 7);
    approve(&town, &incident);
    town.minute();
    assert_eq!(town.mails_by_address().get("customer0@example.com"), Some(&1));
}

#[test]
fn a_held_incident_sends_nothing_and_a_released_one_goes_on() {
    let (mut town, incident) = leaked(&customers(14));
    approve(&town, &incident);
    let held = act(&town, RESPONDER, &incident, "hold", &json!({ "reason": "counsel asks" }));
    assert_eq!(held.body["handed_over"], json!([]), "{}", held.body);
    town.minute();
    assert!(town.world.mails().is_empty());
    assert_eq!(
        act(&town, RESPONDER, &incident, "release", &json!({ "reason": "counsel agrees" })).status,
        200
    );
    town.minute();
    assert_eq!(town.world.mails().len(), 15);
}

#[test]
fn a_hold_between_dispatch_and_send_stops_the_claim() {
    let (town, incident) = leaked(&customers(14));
    approve(&town, &incident);
    let now = tocsin_ports::Clock::now(&town.world);
    run(dispatch::step(&town.world, now));
    assert!(!town.world.busy_queues().is_empty(), "the chunks are on their queues");
    act(&town, RESPONDER, &incident, "hold", &json!({ "reason": "counsel asks" }));
    town.drain();
    assert!(town.world.mails().is_empty());
}

#[test]
fn a_cancelled_incident_never_sends_again() {
    let (mut town, incident) = leaked(&customers(14));
    approve(&town, &incident);
    town.minute();
    let answer = act(&town, RESPONDER, &incident, "cancel", &json!({ "reason": "a false alarm" }));
    assert!(!answer.body["handed_over"].as_array().expect("a list").is_empty());
    let sent = town.world.mails().len();
    assert_eq!(act(&town, RESPONDER, &incident, "release", &json!({ "reason": "no" })).status, 409);
    town.minute();
    assert_eq!(town.world.mails().len(), sent);
}

#[test]
fn only_who_has_the_role_may_and_only_for_the_very_bytes() {
    let (town, incident) = leaked(&customers(7));
    let hash = show(&town, &incident)["plan"]["hash"].clone();
    let stranger = "arn:aws:iam::000000000000:user/eve";
    assert_eq!(act(&town, stranger, &incident, "approve", &json!({ "hash": hash })).status, 403);
    assert_eq!(act(&town, RESPONDER, &incident, "approve", &json!({ "hash": hash })).status, 403);
    assert_eq!(act(&town, APPROVER, &incident, "hold", &json!({ "reason": "x" })).status, 403);
    assert_eq!(act(&town, APPROVER, &incident, "approve", &json!({ "hash": "00" })).status, 409);
    assert_eq!(act(&town, RESPONDER, &incident, "hold", &json!({ "reason": " " })).status, 400);
    let nowhere = "0123456789abcdef0123456789abcdef";
    assert_eq!(act(&town, RESPONDER, nowhere, "hold", &json!({ "reason": "x" })).status, 404);
    assert_eq!(show(&town, &incident)["incident"]["stage"], "awaiting-approval");
}

#[test]
fn two_approvals_need_two_people() {
    let mut strict = tenant("shop");
    strict["approvals_needed"] = json!(2);
    let (town, incident) = leaked_of(&customers(7), &strict, &json!({}));
    approve(&town, &incident);
    approve(&town, &incident);
    assert_eq!(show(&town, &incident)["incident"]["stage"], "awaiting-approval");
    let hash = show(&town, &incident)["plan"]["hash"].clone();
    assert_eq!(act(&town, SECOND_APPROVER, &incident, "approve", &json!({ "hash": hash })).status, 200);
    assert_eq!(show(&town, &incident)["incident"]["stage"], "sending");
}

#[test]
fn who_is_no_approver_any_more_has_not_approved() {
    let mut strict = tenant("shop");
    strict["approvals_needed"] = json!(2);
    strict["roles"][RESPONDER] = json!(["responder", "approver"]);
    let (town, incident) = leaked_of(&customers(7), &strict, &json!({}));
    approve(&town, &incident);
    strict["roles"][APPROVER] = json!(["viewer"]);
    put_settings(&town, &strict, &json!({}));
    let hash = json!({ "hash": show(&town, &incident)["plan"]["hash"] });
    assert_eq!(act(&town, SECOND_APPROVER, &incident, "approve", &hash).status, 200);
    assert_eq!(show(&town, &incident)["incident"]["stage"], "awaiting-approval");
    assert_eq!(act(&town, RESPONDER, &incident, "approve", &hash).status, 200);
    assert_eq!(show(&town, &incident)["incident"]["stage"], "sending");
}

#[test]
fn too_many_bad_rows_block_the_plan_and_say_where() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(7));
    let broken = format!("{}9,No,not an address,,DE,,de,,\n", manifest(&customers(20)));
    put_manifest(&town, "shop", broken.into_bytes());
    let shown = show(&town, &leak(&town));
    assert_eq!(shown["incident"]["stage"], "blocked");
    let attention = shown["incident"]["attention"][0].as_str().expect("a reason");
    assert!(attention.contains("1 of 21 rows") && attention.contains("rejects"), "{attention}");
    let file = town.world.files().into_iter().find(|file| file.contains("/rejects/")).expect("a reject file");
    let rejects = String::from_utf8(town.world.file(&file).expect("the file")).expect("text");
    assert!(rejects.contains("exports,22,"), "{rejects}");
    assert!(!rejects.contains("not an address"), "nothing of the row itself");
}

#[test]
fn a_manifest_that_is_not_there_blocks_the_incident() {
    let town = Town::new();
    let body = json!({ "tenant": tenant("shop") });
    assert_eq!(town.console(ADMINISTRATOR, "PUT", "/console/tenants/shop", &body).status, 200);
    let shown = show(&town, &leak(&town));
    assert_eq!(shown["incident"]["stage"], "blocked", "{shown:#}");
}

#[test]
fn another_tenants_people_and_routes_stay_its_own() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(7));
    let others: Vec<Customer> = customers(7)
        .into_iter()
        .map(|customer| Customer { email: format!("other-{}", customer.email), ..customer })
        .collect();
    settle_in(&town, "other", &others);
    let mut greedy = tenant("third");
    greedy["routes"] = tenant("shop")["routes"].clone();
    let refused = town.console(ADMINISTRATOR, "PUT", "/console/tenants/third", &json!({ "tenant": greedy }));
    assert_eq!(refused.status, 422, "{}", refused.body);
    let incident = leak(&town);
    approve(&town, &incident);
    let mut town = town;
    town.minute();
    assert!(town.mails_by_address().keys().all(|address| !address.starts_with("other-")));
}

#[test]
fn the_log_verifies_and_breaks_when_a_byte_changes() {
    let (mut town, incident) = leaked(&customers(7));
    approve(&town, &incident);
    town.minute();
    let scope =
        tocsin_ports::TenantScope::proven("shop".parse().expect("a tenant"), tocsin_ports::Proof::Sweep);
    let (tiles, head) = run(tocsin_ports::store::leaves::log(&town.world, &scope)).expect("a log");
    let mut file = tocsin_audit::export(&tiles, &head).into_bytes();
    let verified = tocsin_audit::verify(&file).expect("a whole log");
    let actions: Vec<_> = verified.leaves.iter().map(|leaf| leaf.action).collect();
    for action in [
        tocsin_audit::Action::TenantPut,
        tocsin_audit::Action::IncidentOpened,
        tocsin_audit::Action::PlanMade,
        tocsin_audit::Action::PlanApproved,
        tocsin_audit::Action::ChunkClaimed,
        tocsin_audit::Action::ChunkAccepted,
    ] {
        assert!(actions.contains(&action), "{action:?}");
    }
    let middle = file.len() / 2;
    file[middle] ^= 1;
    assert!(tocsin_audit::verify(&file).is_err());
}

#[test]
fn a_late_bounce_counts_after_a_delivery() {
    let (mut town, incident) = leaked(&customers(7));
    approve(&town, &incident);
    town.minute();
    let mail =
        town.world.mails().into_iter().find(|mail| mail.to == "customer0@example.com").expect("a mail");
    let mut bounced = mail.clone();
    bounced.to = "bounce@example.com".to_owned();
    town.tell(&ses_event(&bounced, tocsin_ports::Clock::now(&town.world)));
    assert_eq!(
        duty(&show(&town, &incident), "eu-gdpr-individual", "DE")["coverage"]["unreachable"]["bounced"],
        1
    );
}

#[test]
fn the_command_line_reads_whatever_the_console_shows() {
    // People by mail alone, by another channel in its place, of a place without a rule, with facts that somebody stated.
    let mut people = customers(9);
    people[0].email = String::new();
    (people[7].country, people[8].country, people[8].province) = ("AQ", "US", "FL");
    let town = Town::new();
    settle_in(&town, "shop", &people);
    let incident = leak(&town);
    let reads = |town: &Town| {
        let page = tocsin_cli::show::incident(&show(town, &incident), tocsin_cli::show::Options::PLAIN);
        assert!(page.starts_with("Incident   "), "{page}");
    };
    reads(&town);
    let facts = json!({ "facts": { "risk": "none", "clocks": { "determination": town.world.time() } }, "reason": "found" });
    assert_eq!(act(&town, RESPONDER, &incident, "facts", &facts).status, 200);
    reads(&town);
    town.drain();
    reads(&town);
    approve(&town, &incident);
    reads(&town);
    town.drain();
    reads(&town);
}
