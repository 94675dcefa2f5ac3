//! What people do in a town, and what they see.

use serde_json::{Value, json};
use tocsin_stage::http::Response;

use crate::{APPROVER, Customer, Town, bucket, guardduty_finding, put_settings, run, settle_in, tenant};

/// A town with one tenant whose exports leaked, at the point where the plan waits.
pub fn leaked(customers: &[Customer]) -> (Town, String) {
    leaked_of(customers, &tenant("shop"), &json!({}))
}

/// As [`leaked`], where the tenant has these settings and further secrets.
pub fn leaked_of(customers: &[Customer], settings: &Value, secrets: &Value) -> (Town, String) {
    let town = Town::new();
    settle_in(&town, "shop", customers);
    put_settings(&town, settings, secrets);
    let incident = leak(&town);
    (town, incident)
}

/// The shop's exports leak; its only incident, at the point where the plan waits.
pub fn leak(town: &Town) -> String {
    assert!(town.siem(&guardduty_finding(&bucket("shop"), 8.0)));
    town.drain();
    only_incident(town)
}

pub fn only_incident(town: &Town) -> String {
    let list = town.console(APPROVER, "GET", "/console/tenants/shop/incidents", &Value::Null);
    let incidents = list.body["incidents"].as_array().expect("a list").clone();
    assert_eq!(incidents.len(), 1, "{list:?}");
    incidents[0]["id"].as_str().expect("an id").to_owned()
}

pub fn show(town: &Town, incident: &str) -> Value {
    let path = format!("/console/tenants/shop/incidents/{incident}");
    let shown = town.console(APPROVER, "GET", &path, &Value::Null);
    assert_eq!(shown.status, 200, "{}", shown.body);
    shown.body
}

pub fn act(town: &Town, who: &str, incident: &str, act: &str, body: &Value) -> Response {
    town.console(who, "POST", &format!("/console/tenants/shop/incidents/{incident}/{act}"), body)
}

/// The waves of an incident, as the console shows it, that wait for somebody to let them go on.
pub fn paused_waves(incident: &Value) -> Vec<String> {
    let pauses = incident["pauses"].as_object().into_iter().flatten();
    pauses.filter(|(_, pause)| pause["lifted"] == false).map(|(wave, _)| wave.clone()).collect()
}

pub fn approve(town: &Town, incident: &str) {
    let hash = show(town, incident)["plan"]["hash"].clone();
    let answer = act(town, APPROVER, incident, "approve", &json!({ "hash": hash }));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// One duty of a shown incident.
pub fn duty<'a>(shown: &'a Value, regime: &str, jurisdiction: &str) -> &'a Value {
    shown["duties"]
        .as_array()
        .expect("duties")
        .iter()
        .find(|duty| duty["duty"]["regime"] == regime && duty["duty"]["jurisdiction"] == jurisdiction)
        .unwrap_or_else(|| panic!("no duty {regime} {jurisdiction}"))
}

/// The shop's log as far as it is sealed, as an auditor gets it.
pub fn exported_log(town: &Town) -> String {
    let scope =
        tocsin_ports::TenantScope::proven("shop".parse().expect("a tenant"), tocsin_ports::Proof::Sweep);
    let (tiles, head) = run(tocsin_ports::store::leaves::log(&town.world, &scope)).expect("a log");
    tocsin_audit::export(&tiles, &head)
}
