//! What changes meanwhile: the tenants' settings and secrets, and approved plans that are amended.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tocsin_domain::incident::UNTIL_AMENDED;
use tocsin_ports::Quota;
use tocsin_ports::memory::World;
use tocsin_stage::http::Response;

use super::people::{self, Deed, Of, Stop, ask, said};
use super::{Happening, Shared, SoFar, State, TENANTS};
use crate::{ADMINISTRATOR, RESPONDER, SECTION_SECRET, SHOP_SECRET, tenant};

/// The shop's webhooks are signed with the first, and later with the second.
pub(crate) const SECRETS: [&str; 2] = [SHOP_SECRET, "the next secret of the shop's app"];

/// The region whose mail provider lets nothing out in some stories, until the faults stop.
pub(super) const PAUSED: &str = "eu-central-1";

pub(super) const NOTHING: Quota = Quota { a_second: 14, a_day: Some(0), sent: 0 };
pub(super) const PLENTY: Quota = Quota { a_second: 14, a_day: None, sent: 0 };

/// Whether it does not in this one. The first tenant has its notices sent from elsewhere then; the second waits.
pub(super) fn is_paused(seed: u64) -> bool {
    seed % 7 == 2
}

/// Whether the first tenant sends a canary first in this one.
pub(super) fn has_a_canary(seed: u64) -> bool {
    seed.is_multiple_of(5)
}

/// The second tenant wants two people.
pub(super) fn approvals_needed(tenant: &str) -> usize {
    if tenant == TENANTS[1] { 2 } else { 1 }
}

/// What stands in all that a tenant says, and in nothing that another says.
pub(super) fn name_of(tenant: &str) -> String {
    format!("Goods of {tenant}")
}

/// The settings of a tenant whose wording was changed so many times. In some stories the shop sends a canary first, in
/// others its authority takes webhooks.
fn settings(seed: u64, id: &str, wording: u32) -> Value {
    let mut settings = tenant(id);
    settings["name"] = name_of(id).into();
    settings["controller"]["legal_name"] = format!("{}, Inc.", name_of(id)).into();
    settings["approvals_needed"] = approvals_needed(id).into();
    if id == TENANTS[0] && has_a_canary(seed) {
        settings["canary"] = json!({ "above": 3, "share_per_mille": 300, "minutes": 20 });
    }
    if id == TENANTS[0] && seed % 5 == 1 {
        settings["contacts"][0]["webhook"] = json!("https://hooks.authority.example/breaches");
    }
    if id == TENANTS[0] && is_paused(seed) {
        settings["residency"]["may_send_from"] = json!({ (PAUSED): ["us-east-1"] });
    }
    if wording > 0 {
        for words in
            settings["wording"].as_object_mut().into_iter().flat_map(|by_language| by_language.values_mut())
        {
            words["what_happened"] = json!(format!("We found out more: change {wording} of what we know."));
        }
    }
    settings
}

/// Puts a tenant's settings with these keys of the shop's webhooks.
pub(super) fn put_settings(world: &World, shared: &Shared, id: &str, keys: &[&str]) -> Option<Response> {
    let settings = {
        let state = shared.borrow();
        settings(state.story.seed, id, state.wording.get(id).copied().unwrap_or(0))
    };
    let key = |keys: &[&str]| json!({ "keys": keys }).to_string();
    let secrets = json!({ "webhook-shopify": key(keys), "partner-dpa-germany": key(&[SECTION_SECRET]) });
    let body = json!({ "tenant": settings, "secrets": secrets });
    ask(world, ADMINISTRATOR, "PUT", &format!("/console/tenants/{id}"), &body)
}

/// Whose record is gone since a moment at which this plan was in force. A later one may have found them again.
pub(crate) struct Erased {
    pub tenant: &'static str,
    pub incident: String,
    pub plan: u64,
    pub address: String,
    pub at: Timestamp,
}

fn is_done(answer: Option<&Response>) -> bool {
    answer.is_some_and(|answer| answer.status == 200)
}

/// The keys that are in force with the one that the platform signs with.
fn keys_in_force(state: &State) -> &'static [&'static str] {
    if state.signing == 0 { &SECRETS[..1] } else { &SECRETS }
}

/// Only when both secrets are in force the platform signs with the next.
pub(super) fn rotate(world: &World, shared: &Shared) -> String {
    let answer = put_settings(world, shared, TENANTS[0], &[SECRETS[1], SECRETS[0]]);
    let mut state = shared.borrow_mut();
    if is_done(answer.as_ref()) {
        state.signing = 1;
        state.at(world.time() + SignedDuration::from_hours(1), Happening::Person(Deed::RetireSecret));
    } else {
        state.at(world.time() + SignedDuration::from_mins(5), Happening::Person(Deed::RotateSecret));
    }
    said("rotates", answer.as_ref())
}

pub(super) fn retire(world: &World, shared: &Shared) -> String {
    let answer = put_settings(world, shared, TENANTS[0], &[SECRETS[1]]);
    if !is_done(answer.as_ref()) {
        let again = world.time() + SignedDuration::from_mins(5);
        shared.borrow_mut().at(again, Happening::Person(Deed::RetireSecret));
    }
    said("retires", answer.as_ref())
}

impl Of<'_> {
    /// More is known: the words change, and the plan that goes out is amended; or nobody was concerned, and it is
    /// withdrawn. In half of the stories the people are read anew, too.
    pub(super) fn amend(&self) -> Vec<String> {
        if self.incident["stage"] != "sending" || !self.incident["halt"].is_null() {
            return Vec::new();
        }
        let keys = {
            let mut state = self.shared.borrow_mut();
            *state.wording.entry(self.tenant.to_owned()).or_default() += 1;
            keys_in_force(&state)
        };
        let put = put_settings(self.world, self.shared, self.tenant, keys);
        if !is_done(put.as_ref()) {
            return vec![said("changes the words", put.as_ref())];
        }
        let (read_anew, withdraws) = {
            let story = &mut self.shared.borrow_mut().story;
            (story.below(2) == 0, story.below(3) == 0)
        };
        if withdraws {
            self.shared.borrow_mut().withdrawn.insert(self.id.to_owned());
        }
        let to_those_told = if withdraws { "withdrawal" } else { "correction" };
        let body =
            json!({ "to_those_told": to_those_told, "read_anew": read_anew, "reason": "more is known" });
        let answer = self.ask_to_amend(&body);
        if let Some(answer) = answer.as_ref().filter(|answer| answer.status == 200) {
            let stop = Stop {
                incident: self.id.to_owned(),
                up_to_plan: self.incident["plan"]["version"].as_u64(),
                from: SoFar::in_the(self.world),
                until: None,
                handed_over: Stop::named_in(answer),
            };
            self.shared.borrow_mut().stops.push(stop);
        }
        vec![said("amends", answer.as_ref())]
    }

    /// Notices of a plan that is over turned out not to have gone, or not to have arrived: whoever is asked amends it.
    pub(super) fn amend_as_asked(&self) -> Option<String> {
        let tasks = self.incident["attention"].as_array()?;
        let is_asked = tasks.iter().filter_map(Value::as_str).any(|task| task.contains(UNTIL_AMENDED));
        if !is_asked || self.incident["stage"] != "sending" || !self.incident["halt"].is_null() {
            return None;
        }
        let withdrawn = self.shared.borrow().withdrawn.contains(self.id);
        let said_to_those_told = if withdrawn { "withdrawal" } else { "follow-up" };
        let body = json!({
            "to_those_told": said_to_those_told, "read_anew": false, "reason": "somebody was not told",
        });
        Some(said("amends as asked", self.ask_to_amend(&body).as_ref()))
    }

    /// Whoever was not answered asks again.
    pub(super) fn amend_once_more(&self) -> Option<String> {
        let body = self.shared.borrow().unanswered.get(self.id).cloned()?;
        Some(said("amends, once more", self.ask_to_amend(&body).as_ref()))
    }

    fn ask_to_amend(&self, body: &Value) -> Option<Response> {
        let answer = self.post(RESPONDER, "amend", body);
        self.note(answer.as_ref(), RESPONDER, tocsin_audit::Action::PlanAmended, None);
        let unanswered = &mut self.shared.borrow_mut().unanswered;
        match answer.as_ref().filter(|answer| answer.status < 500) {
            Some(_) => unanswered.remove(self.id),
            None => unanswered.insert(self.id.to_owned(), body.clone()),
        };
        answer
    }

    /// One of the tenant's people is erased, whose notice may be anywhere on its way.
    pub(super) fn erase(&self) -> Vec<String> {
        let Some(plan) =
            self.incident["plan"]["version"].as_u64().filter(|_| self.incident["stage"] == "sending")
        else {
            return Vec::new();
        };
        let address = people::one_who_is_erased(self.tenant);
        self.world.forget_people(&address);
        let incident = self.id.to_owned();
        let erased = Erased { tenant: self.tenant, incident, plan, address, at: self.world.time() };
        self.shared.borrow_mut().erased.push(erased);
        vec!["erases one".to_owned()]
    }

    /// The facts changed behind a plan that waits: it is made anew.
    pub(super) fn plan_anew(&self) -> String {
        let answer = self.post(RESPONDER, "rescope", &json!({ "reason": "the facts changed" }));
        said("has the plan made anew", answer.as_ref())
    }
}
