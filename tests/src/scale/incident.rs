//! One merchant's incident, from its finding to its archive, and the people who act on it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_ports::memory::{Delivered, World};
use tocsin_ports::store::leaves;
use tocsin_ports::{Clock, Proof, TenantScope};

use super::clockwork::Installation;
use super::mailbox::{Mailbox, place_of};
use crate::checks;
use crate::simulation::quietly;
use crate::{
    APPROVER, Customer, RESPONDER, bucket, guardduty_finding, paused_waves, run, settle_in_as, tenant,
};

/// Who waits for an approval looks so often; whoever waits for the end, each quarter of an hour.
const SOON: SignedDuration = SignedDuration::from_mins(5);
const QUARTER: SignedDuration = SignedDuration::from_mins(15);

/// When nothing went out for so long, everybody is told, or nobody will be: doubts are settled after a quarter of an hour,
/// messages that were lost are laid out again after as long, and what is dead is redriven after an hour.
const QUIET: SignedDuration = SignedDuration::from_mins(75);

pub(super) struct Case {
    pub tenant: String,
    people: u32,
    incident: Option<String>,
    /// When somebody asked to approve the plan.
    approved: Option<Timestamp>,
    mailbox: Mailbox,
}

impl Case {
    /// The merchant's settings and manifest are there, and the finding is on its way.
    pub fn open(installation: &mut Installation, number: u32, people: u32) -> Self {
        let tenant = format!("shop-{number}");
        installation.calmly(|own| {
            settle_in_as(&own.town, &settings(&tenant, own.regions), &customers(&tenant, people));
        });
        installation.finding(&guardduty_finding(&bucket(&tenant), 8.0));
        let mailbox = Mailbox::new(tenant.clone(), people);
        Self { tenant, people, incident: None, approved: None, mailbox }
    }

    pub fn take(&mut self, mail: &Delivered) {
        self.mailbox.take(mail, self.approved.is_some());
    }

    /// Somebody looks after the incident. Answers after how long they look again; `None` when it is over.
    pub fn look(&mut self, installation: &mut Installation) -> Option<SignedDuration> {
        let Some(incident) = self.incident(installation) else {
            return Some(SOON);
        };
        if incident["stage"] == "awaiting-approval" {
            self.approve(installation, &incident);
            return Some(SOON);
        }
        if self.approved.is_none() {
            return Some(SOON);
        }
        self.settle(installation, &incident);
        self.resume(installation, &incident);
        let quiet_since = self.mailbox.last.max(self.approved)?;
        if installation.town.world.time() < quiet_since + QUIET {
            return Some(QUARTER);
        }
        self.is_over(installation).then_some(()).map_or(Some(QUARTER), |()| None)
    }

    fn incident(&mut self, installation: &Installation) -> Option<Value> {
        let path = format!("/console/tenants/{}/incidents", self.tenant);
        let answer = quietly(|| installation.town.console(APPROVER, "GET", &path, &Value::Null))
            .filter(|answer| answer.status == 200)?;
        let incident = answer.body["incidents"].as_array()?.first()?.clone();
        self.incident = incident["id"].as_str().map(str::to_owned);
        Some(incident)
    }

    /// It may take effect though nobody hears of it: from the moment of asking on, notices are lawful.
    fn approve(&mut self, installation: &Installation, incident: &Value) {
        self.approved.get_or_insert(installation.town.world.time());
        self.post(installation, APPROVER, "approve", &json!({ "hash": incident["plan"]["hash"] }));
    }

    /// Finds out in the provider's log what became of the chunks that a person is asked about.
    fn settle(&self, installation: &Installation, incident: &Value) {
        let attention = incident["attention"].as_array().into_iter().flatten();
        let tasks = attention.filter_map(Value::as_str).filter(|task| task.contains("may or may not"));
        let asked: Vec<&str> = tasks.filter_map(|task| task.split(' ').nth(1)).collect();
        if asked.is_empty() {
            return;
        }
        let Some(shown) = self.shown(installation) else {
            return;
        };
        for chunk in asked {
            let (number, _) = place_of(chunk);
            let mut waves = shown["plan"]["waves"].as_array().into_iter().flatten();
            let wave = waves.find(|wave| wave["number"].as_u64() == Some(number.into()));
            let recipients = wave.and_then(|wave| wave["recipients"].as_u64());
            let finding = match self.mailbox.went(chunk) {
                0 => "not-sent",
                went if Some(went) == recipients || went == tocsin_domain::chunk::CHUNK_SIZE as u64 => "sent",
                _ => "again",
            };
            let body = json!({ "as": finding, "reason": "the provider's log" });
            self.post(installation, RESPONDER, &format!("chunks/{chunk}/settle"), &body);
        }
    }

    /// Lets every wave go on that waits for a person: its canary was in doubt, or too little came of it in so short a time.
    fn resume(&self, installation: &Installation, incident: &Value) {
        let body = json!({ "reason": "the provider's log" });
        for wave in paused_waves(incident) {
            self.post(installation, RESPONDER, &format!("waves/{wave}/resume"), &body);
        }
    }

    fn post(&self, installation: &Installation, who: &str, act: &str, body: &Value) {
        let id = self.incident.as_deref().unwrap_or_default();
        let path = format!("/console/tenants/{}/incidents/{id}/{act}", self.tenant);
        // Whoever gets no answer looks again.
        let _ = quietly(|| installation.town.console(who, "POST", &path, body));
    }

    fn shown(&self, installation: &Installation) -> Option<Value> {
        let path = format!("/console/tenants/{}/incidents/{}", self.tenant, self.incident.as_deref()?);
        quietly(|| installation.town.console(APPROVER, "GET", &path, &Value::Null))
            .filter(|answer| answer.status == 200)
            .map(|answer| answer.body)
    }

    /// Whether every chunk has its end; then what was promised is checked.
    fn is_over(&mut self, installation: &mut Installation) -> bool {
        let Some(shown) = installation.calmly(|own| self.shown(own)) else {
            return false;
        };
        let mut open = Vec::new();
        checks::settled(&shown, &mut open);
        if !open.is_empty() {
            return false;
        }
        match installation.calmly(|own| self.log(&own.town.world)) {
            Ok(leaves) => self.check(installation, &shown, &leaves),
            Err(broken) => {
                self.mailbox.violations.push(format!("{}: the audit log is broken: {broken}", self.tenant));
            }
        }
        true
    }

    /// The log to its end: what still waits is sealed.
    fn log(&self, world: &World) -> Result<Vec<Leaf>, String> {
        let scope = TenantScope::proven(self.tenant.parse().expect("a tenant"), Proof::Sweep);
        run(leaves::seal_waiting(world, &scope, || true)).map_err(|halt| format!("{halt:?}"))?;
        checks::log(world, &self.tenant)
    }

    fn check(&mut self, installation: &mut Installation, shown: &Value, leaves: &[Leaf]) {
        let mut violations = Vec::new();
        checks::every_claim_ended(leaves, &mut violations);
        checks::nothing_is_claimed_while_paused(leaves, &mut violations);
        checks::nothing_is_open(shown, &mut violations);
        checks::nothing_is_withheld(shown, &mut violations);
        checks::counted_as_planned(shown, &mut violations);
        checks::in_time_or_escalated(shown, leaves, installation.town.world.now(), &mut violations);
        self.mailbox.check(leaves, checks::unreachable(shown, "refused-by-provider"));
        if shown["incident"]["scope"]["people"].as_u64() != Some(self.people.into()) {
            violations.push(format!("{} has other people than were affected", self.tenant));
        }
        self.mailbox.violations.extend(violations);
        let report = &mut installation.report;
        report.leaves += leaves.len() as u64;
        report.settlements += leaves.iter().filter(|leaf| leaf.action == Action::ChunkSettled).count() as u64;
        let waves = shown["plan"]["waves"].as_array().into_iter().flatten();
        report.chunks += waves.filter_map(|wave| wave["chunks"].as_u64()).sum::<u64>();
    }

    /// What is over is archived.
    pub fn close(self, installation: &mut Installation) {
        let tenant = self.tenant.parse().expect("a tenant");
        installation.town.world.archive(&tenant);
        installation.report.notices += self.mailbox.notices();
        installation.report.copies += self.mailbox.copies();
        installation.report.violations.extend(self.mailbox.violations);
    }
}

/// Half of them in each region of an installation.
fn customers(tenant: &str, people: u32) -> Vec<Customer> {
    const PLACES: [(&str, &str, &str); 8] = [
        ("DE", "", "de"),
        ("US", "CA", "en-US"),
        ("FR", "", "fr"),
        ("US", "TX", "en-US"),
        ("GB", "", "en"),
        ("BR", "", "pt-BR"),
        ("IE", "", "en"),
        ("AU", "", "en-AU"),
    ];
    (0..people)
        .map(|id| {
            let (country, province, locale) = PLACES[id as usize % PLACES.len()];
            let email = Mailbox::address(tenant, id);
            Customer { id, email, phone: String::new(), country, province, locale, post: None }
        })
        .collect()
}

/// Mail alone: whoever has no inbox in the shop is reached by no other channel.
fn settings(id: &str, [european, other]: [&str; 2]) -> Value {
    let mut settings = tenant(id);
    settings["senders"]["in_app"] = json!(false);
    settings["residency"] =
        json!({ "regions": { "US": other, "BR": other, "AU": other }, "otherwise": european });
    settings["canary"] = json!({ "above": 1000, "share_per_mille": 20, "minutes": 5 });
    settings
}
