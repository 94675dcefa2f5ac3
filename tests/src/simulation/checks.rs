//! What has to hold at the end of a seed, by the mailbox and by the audit log.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::alert::AlertMessage;
use tocsin_domain::id::TenantId;
use tocsin_domain::person::by_customer_id;
use tocsin_ports::memory::{Delivered, Inboxed, Texted, World};
use tocsin_ports::secrets::identity_key;
use tocsin_ports::{Hook, Proof, TenantScope};

use super::weather::BOUNCES_ALONE;
use super::{Report, SoFar, State, TENANTS, changes, people};
use crate::checks::{
    CLOCKS, again, by_policy, counted_as_planned, duties, every_claim_ended, in_time_or_escalated, log,
    nothing_is_claimed_while_paused, nothing_is_open, nothing_is_withheld, settled, unreachable,
};
use crate::{Customer, run};

pub(super) fn all(world: &World, state: State, people: &BTreeMap<&str, Vec<Customer>>) -> Report {
    let (mails, texts, hooks, inboxed) = (world.mails(), world.texts(), world.hooks(), world.inboxed());
    let mut violations = state.seen.clone();
    for tenant in TENANTS {
        walls(world, &mails, tenant, &people[tenant], &mut violations);
        let leaves = match log(world, tenant) {
            Ok(leaves) => leaves,
            Err(broken) => {
                violations.push(format!("{tenant}: the audit log is broken: {broken}"));
                continue;
            }
        };
        every_claim_ended(&leaves, &mut violations);
        nothing_is_claimed_while_paused(&leaves, &mut violations);
        let inboxes = inboxes_of(world, tenant, &people[tenant]);
        let incidents = people::incidents(world, tenant);
        let cancelled = incidents.iter().filter(|incident| incident["halt"] == "cancelled").count();
        if incidents.len() > 1 + cancelled {
            violations.push(format!("{tenant}: {} incidents of one leak", incidents.len()));
        }
        for incident in incidents {
            let id = incident["id"].as_str().unwrap_or_default();
            let Some(shown) = people::shown(world, tenant, id) else {
                violations.push(format!("{tenant} {id} cannot be shown"));
                continue;
            };
            let end = End {
                world,
                state: &state,
                mails: &mails,
                texts: &texts,
                hooks: &hooks,
                inboxed: &inboxed,
                leaves: &leaves,
                shown: &shown,
                people: &people[tenant],
                inboxes: &inboxes,
                tenant,
                id,
            };
            end.check(&mut violations);
        }
    }
    only_poison_is_parked(world, &state, &mut violations);
    if !state.dead.is_empty() {
        violations.push(format!("{} messages lie in dead-letter queues", state.dead.len()));
    }
    let State { mut story, .. } = state;
    Report {
        notices: mails.len() + texts.len() + inboxed.len(),
        violations,
        went_wrong: std::mem::take(&mut story.went_wrong),
        story: story.told(),
    }
}

fn name_of(customer: u32) -> String {
    format!("customer {customer}")
}

fn inboxes_of(world: &World, tenant: &str, people: &[Customer]) -> BTreeMap<String, u32> {
    let scope = TenantScope::proven(tenant.parse().expect("a tenant"), Proof::Sweep);
    let key = run(identity_key(world, &scope)).expect("the tenant's key");
    let account = |customer: &Customer| by_customer_id(&key, &customer.id.to_string()).expect("an id");
    people.iter().map(|customer| (account(customer).to_string(), customer.id)).collect()
}

/// What no function can read is parked, each with its leaf, and nothing else is.
fn only_poison_is_parked(world: &World, state: &State, violations: &mut Vec<String>) {
    let digest = |body: &String| hex::encode(tocsin_domain::id::digest("parked", &[body.as_bytes()]));
    let poison: BTreeSet<String> = state.poison.iter().map(digest).collect();
    let notes = world.parked();
    let is_of = |note: &String, digest: &String| note.contains(digest.as_str());
    let others = notes.iter().filter(|note| !poison.iter().any(|digest| is_of(note, digest)));
    violations.extend(others.map(|note| format!("parked: {note}")));
    let leaves = match log(world, TenantId::installation().as_str()) {
        Ok(leaves) => leaves,
        Err(broken) => {
            violations.push(format!("the installation's audit log is broken: {broken}"));
            return;
        }
    };
    for digest in &poison {
        let has_leaf = leaves.iter().any(|leaf| {
            leaf.action == Action::MessageParked
                && leaf.subject.get("body").is_some_and(|body| body == digest)
        });
        if !has_leaf || !notes.iter().any(|note| is_of(note, digest)) {
            violations.push(format!("what nobody can read is not parked: {digest}, leaf: {has_leaf}"));
        }
    }
}

/// Nobody of another tenant got anything, nothing of a tenant's went to people who are not its own, and none of its words
/// stand in what another sends.
fn walls(
    world: &World,
    mails: &[Delivered],
    tenant: &str,
    people: &[Customer],
    violations: &mut Vec<String>,
) {
    let own: BTreeSet<&str> = people.iter().map(|customer| customer.email.as_str()).collect();
    for mail in mails.iter().filter(|mail| tag(mail, "tenant") == tenant) {
        if !own.contains(mail.to.as_str()) && mail.to != "filings@authority.example" {
            violations.push(format!("a mail of {tenant} went to a stranger"));
        }
        in_own_words(tenant, &format!("{} {} {}", mail.subject, mail.text, mail.html), violations);
    }
    for text in world.texts().iter().filter(|text| tag_of(&text.tags, "tenant") == tenant) {
        in_own_words(tenant, &text.body, violations);
    }
}

/// Every tenant has a name of its own, which stands in whatever it says.
fn in_own_words(tenant: &str, said: &str, violations: &mut Vec<String>) {
    if !said.contains(&changes::name_of(tenant)) {
        violations.push(format!("{tenant} says something that does not name it"));
    }
    for other in TENANTS.into_iter().filter(|other| *other != tenant) {
        if said.contains(&changes::name_of(other)) {
            violations.push(format!("{tenant} names {other}"));
        }
    }
}

/// An incident at the end.
struct End<'a> {
    world: &'a World,
    state: &'a State,
    mails: &'a [Delivered],
    texts: &'a [Texted],
    hooks: &'a [Hook],
    inboxed: &'a [Inboxed],
    leaves: &'a [Leaf],
    shown: &'a Value,
    people: &'a [Customer],
    /// By what stands for a customer's account in the shop.
    inboxes: &'a BTreeMap<String, u32>,
    tenant: &'a str,
    id: &'a str,
}

/// Something that went out: of which chunk, and its number among all of its kind.
struct Sent<'a> {
    chunk: &'a str,
    index: &'a str,
    /// The mailbox, the phone, the inbox or the endpoint.
    to: &'a str,
    number: usize,
    /// Of what had gone out at some moment, that of its kind.
    of_kind: fn(SoFar) -> usize,
}

impl Sent<'_> {
    fn is_since(&self, moment: SoFar) -> bool {
        self.number >= (self.of_kind)(moment)
    }
}

impl End<'_> {
    fn check(&self, violations: &mut Vec<String>) {
        self.approved_and_not_stopped(violations);
        self.known_and_copies_marked(violations);
        self.once_each(violations);
        self.by_policy_once(violations);
        self.each_person_once(violations);
        self.partners_once(violations);
        self.nobody_erased(violations);
        self.acts_are_in_the_log(violations);
        self.behind_their_canaries(violations);
        settled(self.shown, violations);
        self.somebody_was_told(violations);
        if self.shown["incident"]["halt"].is_null() {
            self.nobody_missed(violations);
            if self.plan() == 1 {
                self.shown_as_it_is(violations);
            }
            in_time_or_escalated(self.shown, self.leaves, self.world.time(), violations);
        }
    }

    /// This incident's mails, each with its number among all.
    fn own_mails(&self) -> impl Iterator<Item = (usize, &Delivered)> {
        self.mails.iter().enumerate().filter(|(_, mail)| tag(mail, "chunk").starts_with(self.id))
    }

    fn sent(&self) -> impl Iterator<Item = Sent<'_>> {
        let mails = self.mails.iter().enumerate().map(|(number, mail)| Sent {
            chunk: tag(mail, "chunk"),
            index: tag(mail, "index"),
            to: &mail.to,
            number,
            of_kind: |moment| moment.mails,
        });
        let texts = self.texts.iter().enumerate().map(|(number, text)| Sent {
            chunk: tag_of(&text.tags, "chunk"),
            index: tag_of(&text.tags, "index"),
            to: &text.to,
            number,
            of_kind: |moment| moment.texts,
        });
        let hooks = self.hooks.iter().enumerate().filter_map(|(number, hook)| {
            let (chunk, index) = hook.id.rsplit_once('-')?;
            Some(Sent { chunk, index, to: hook.to.as_str(), number, of_kind: |moment| moment.hooks })
        });
        let inboxed = self.inboxed.iter().enumerate().map(|(number, notice)| Sent {
            chunk: &notice.chunk,
            index: &notice.index,
            to: &notice.inbox,
            number,
            of_kind: |moment| moment.inboxed,
        });
        let all = mails.chain(texts).chain(hooks).chain(inboxed);
        all.filter(|sent| sent.chunk.starts_with(self.id))
    }

    /// What went out by one channel.
    fn sent_by(&self, channel: &str) -> impl Iterator<Item = Sent<'_>> {
        self.sent().filter(move |sent| {
            let wave = people::wave_of(&self.state.plans, sent.chunk);
            wave.is_some_and(|wave| wave["channel"] == channel)
        })
    }

    fn approved_and_not_stopped(&self, violations: &mut Vec<String>) {
        for sent in self.sent() {
            let chunk = sent.chunk;
            let plan = people::plan_of(chunk).map(|plan| (self.id.to_owned(), plan));
            let approved = plan.and_then(|plan| self.state.approved.get(&plan));
            if approved.is_none_or(|approved| !sent.is_since(*approved)) {
                violations.push(format!("{chunk} went out before anybody approved it"));
            }
            let is_stopped = self.state.stops.iter().any(|stop| {
                let within = sent.is_since(stop.from) && stop.until.is_none_or(|until| !sent.is_since(until));
                stop.concerns(chunk) && within && !stop.handed_over.contains(chunk)
            });
            if is_stopped {
                violations
                    .push(format!("{chunk} went out after a stop was acknowledged that did not name it"));
            }
        }
    }

    /// Nothing goes again once its event is known, and what goes again says that it does.
    fn known_and_copies_marked(&self, violations: &mut Vec<String>) {
        let mut before: BTreeMap<(&str, &str), Vec<&Delivered>> = BTreeMap::new();
        for (number, mail) in self.own_mails() {
            let notice = (tag(mail, "chunk"), tag(mail, "index"));
            let known = self.state.known.get(&(notice.0.to_owned(), notice.1.to_owned()));
            if known.is_some_and(|known| *known <= number) {
                violations
                    .push(format!("{} {} went out again though its event was known", notice.0, notice.1));
            }
            let before = before.entry(notice).or_default();
            // The first that went may itself have been a copy, of one that never left: there is a settlement more then.
            let all_are_copies = self.repeats(notice.0, notice.1) > before.len();
            if before.first().is_some_and(|first| first.text == mail.text && !all_are_copies) {
                violations.push(format!("{} {} went out again and does not say so", notice.0, notice.1));
            }
            before.push(mail);
        }
    }

    /// How often a settlement said of the notice that it goes again.
    fn repeats(&self, chunk: &str, index: &str) -> usize {
        self.settlements(chunk).filter(|leaf| again(leaf).any(|place| place == index)).count()
    }

    fn by_policy(&self, chunk: &str) -> usize {
        self.settlements(chunk).filter(|leaf| by_policy(leaf)).count()
    }

    fn settlements(&self, chunk: &str) -> impl Iterator<Item = &Leaf> {
        let settled = self.leaves.iter().filter(|leaf| leaf.action == Action::ChunkSettled);
        settled.filter(move |leaf| leaf.subject.get("chunk").is_some_and(|named| named == chunk))
    }

    /// Each notice once; again only where a settlement says so.
    fn once_each(&self, violations: &mut Vec<String>) {
        let mut sent: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for Sent { chunk, index, .. } in self.sent_by("email").chain(self.sent_by("sms")) {
            *sent.entry((chunk, index)).or_default() += 1;
        }
        for ((chunk, index), count) in sent {
            let allowed = 1 + self.repeats(chunk, index);
            if count > allowed {
                violations
                    .push(format!("{chunk} {index} went out {count} times, and {allowed} were allowed"));
            }
        }
    }

    /// A policy sends a letter again once, a filing or a text never.
    fn by_policy_once(&self, violations: &mut Vec<String>) {
        // What a partner gets again is the same notice under the same id.
        let sent = self.sent_by("email").chain(self.sent_by("sms"));
        for chunk in sent.map(|sent| sent.chunk).collect::<BTreeSet<&str>>() {
            let (times, wave) = (self.by_policy(chunk), people::wave_of(&self.state.plans, chunk));
            if times > 1 {
                violations.push(format!("{chunk} was sent again by policy {times} times"));
            }
            let never_twice =
                wave.is_some_and(|wave| wave["regime"] == "eu-gdpr-authority" || wave["channel"] == "sms");
            if times > 0 && never_twice {
                violations.push(format!("{chunk} is a filing or a text, and a policy sent it again"));
            }
        }
    }

    /// Over all plans: a person's first notice of a duty goes once, and what corrects it only to whoever had it.
    fn each_person_once(&self, violations: &mut Vec<String>) {
        let mut told: BTreeMap<(String, &str), BTreeSet<(&str, &str)>> = BTreeMap::new();
        for Sent { chunk, index, to, .. } in self.sent() {
            let Some(wave) = people::wave_of(&self.state.plans, chunk) else {
                violations.push(format!("{chunk} {index} went out, and nobody had read its plan"));
                continue;
            };
            let duty = wave["obligation"].as_str().unwrap_or_default();
            let firsts = told.entry((self.who_is_at(to), duty)).or_default();
            if wave["phase"] != "first" {
                let plan = people::plan_of(chunk);
                let may_know = self.was(Action::ChunkUndecided, duty, plan);
                // By another channel.
                let called_up = self.was(Action::NoticeCalledUp, duty, plan);
                // A partner that did not answer as it should may have the notice.
                let is_partner = wave["channel"] == "partner";
                let knows_otherwise = called_up || (is_partner && self.was(Action::ChunkRefused, duty, plan));
                if firsts.is_empty() && !may_know && !knows_otherwise {
                    let channel = &wave["channel"];
                    violations.push(format!("{chunk} {index} by {channel} corrects what nobody said"));
                }
            } else {
                firsts.insert((chunk, index));
            }
        }
        let bounced = self.state.events.get("Bounce").cloned().unwrap_or_default();
        for ((_, duty), mut firsts) in told {
            // Whoever a mail did not reach is told by another channel, or by the next plan.
            firsts.retain(|(chunk, index)| !bounced.contains(&((*chunk).to_owned(), (*index).to_owned())));
            if firsts.len() > 1 {
                violations.push(format!("somebody got two first notices of {duty}: {firsts:?}"));
            }
        }
    }

    /// Whose mailbox, phone or inbox it is; else the endpoint itself.
    fn who_is_at(&self, to: &str) -> String {
        let own = |customer: &&Customer| customer.email == to || customer.phone == to;
        let by_address = self.people.iter().find(own).map(|customer| customer.id);
        let inbox = to.rsplit('#').next().and_then(|account| self.inboxes.get(account));
        by_address.or(inbox.copied()).map_or_else(|| to.to_owned(), name_of)
    }

    /// Whether this befell a chunk of the duty before this plan: somebody was told of it, or may have been. What corrects it
    /// is a whole notice, right for both.
    fn was(&self, action: Action, duty: &str, plan: Option<u64>) -> bool {
        let befallen = self.leaves.iter().filter(|leaf| leaf.action == action);
        let chunks = befallen.filter_map(|leaf| leaf.subject.get("chunk"));
        let own = chunks.filter(|chunk| chunk.starts_with(self.id));
        let earlier = own.filter(|chunk| people::plan_of(chunk) < plan);
        earlier
            .filter_map(|chunk| people::wave_of(&self.state.plans, chunk))
            .any(|wave| wave["obligation"].as_str() == Some(duty))
    }

    /// Whoever is erased is not written to: but for who had their record in hand already.
    fn nobody_erased(&self, violations: &mut Vec<String>) {
        for erased in self.state.erased.iter().filter(|erased| erased.incident == self.id) {
            let after = self.own_mails().map(|(_, mail)| mail).filter(|mail| {
                let of_the_plan = people::plan_of(tag(mail, "chunk")) == Some(erased.plan);
                of_the_plan && mail.to == erased.address && mail.at > erased.at + CLOCKS
            });
            violations.extend(after.map(|mail| format!("{} went to somebody erased", tag(mail, "chunk"))));
        }
    }

    /// What a partner gets again is the same notice, under the same id.
    fn partners_once(&self, violations: &mut Vec<String>) {
        let mut bodies: BTreeMap<&str, &str> = BTreeMap::new();
        for Hook { id, body, .. } in self.hooks.iter().filter(|hook| hook.id.starts_with(self.id)) {
            if bodies.insert(id, body).is_some_and(|known| known != body) {
                violations.push(format!("a partner got two notices under one id: {id}"));
            }
        }
    }

    fn plan(&self) -> u64 {
        self.shown["plan"]["version"].as_u64().unwrap_or(0)
    }

    fn is_in_force(&self, chunk: &str) -> bool {
        people::plan_of(chunk) == Some(self.plan())
    }

    /// What was acknowledged has its leaf, with the name of who did it.
    fn acts_are_in_the_log(&self, violations: &mut Vec<String>) {
        let own = |act: &&people::Acknowledged| act.incident == self.id;
        for act in self.state.acknowledged.iter().filter(own) {
            let is_it = |leaf: &&Leaf| {
                format!("{:?}", leaf.action) == act.action
                    && leaf.actor == Actor::Person(act.who.to_owned())
                    && leaf.incident.is_some_and(|incident| incident.to_string() == self.id)
                    && act.chunk.as_ref().is_none_or(|chunk| leaf.subject.get("chunk") == Some(chunk))
            };
            if !self.leaves.iter().any(|leaf| is_it(&leaf)) {
                violations.push(format!("{} is not in the log: {:?}", act.action, act.chunk));
            }
        }
        for action in [Action::IncidentOpened, Action::PlanMade, Action::ScopeCounted] {
            let of_this = |leaf: &&Leaf| {
                leaf.action == action && leaf.incident.is_some_and(|incident| incident.to_string() == self.id)
            };
            let is_due = action == Action::IncidentOpened || !self.shown["plan"].is_null();
            if is_due && !self.leaves.iter().any(|leaf| of_this(&leaf)) {
                violations.push(format!("{action:?} is not in the log of {}", self.id));
            }
        }
    }

    /// Nothing of a wave is claimed before all of its canary was, and the pause for the canary's receipts is over; but where
    /// a person let the wave go.
    fn behind_their_canaries(&self, violations: &mut Vec<String>) {
        let name = |wave: &Value| format!("{}-{wave}", self.plan());
        let of = |action: Action| self.leaves.iter().filter(move |leaf| leaf.action == action);
        let claims = |wave: &Value| -> BTreeMap<&str, Timestamp> {
            let chunks = format!("{}-{}-", self.id, name(wave));
            let claimed = of(Action::ChunkClaimed)
                .filter_map(|leaf| Some((leaf.subject.get("chunk")?.as_str(), leaf.at)))
                .filter(|(chunk, _)| chunk.starts_with(&chunks));
            let mut first = BTreeMap::new();
            claimed.for_each(|(chunk, at)| {
                let known: &mut Timestamp = first.entry(chunk).or_insert(at);
                *known = at.min(*known);
            });
            first
        };
        for wave in self.waves().filter(|wave| !wave["after"].is_null()) {
            let (number, canary) = (&wave["number"], &wave["after"]["wave"]);
            let let_go = of(Action::WaveResumed)
                .any(|leaf| leaf.subject.get("wave").is_some_and(|resumed| *resumed == name(number)));
            let Some(first) = claims(number).into_values().min().filter(|_| !let_go) else {
                continue;
            };
            let canary_claims = claims(canary);
            let chunks =
                self.waves().find(|other| other["number"] == *canary).map(|canary| &canary["chunks"]);
            let all = chunks.and_then(Value::as_u64) == Some(canary_claims.len() as u64);
            let pause = SignedDuration::from_mins(wave["after"]["minutes"].as_i64().unwrap_or(0));
            let over = canary_claims.into_values().max().map(|last| last + pause);
            if !all || over.is_none_or(|over| first + CLOCKS < over) {
                violations.push(format!("wave {number} went before its canary {canary} was judged"));
            }
        }
    }

    fn waves(&self) -> impl Iterator<Item = &Value> {
        self.shown["plan"]["waves"].as_array().into_iter().flatten()
    }

    /// None is missing but where the provider refused it.
    fn nobody_missed(&self, violations: &mut Vec<String>) {
        nothing_is_open(self.shown, violations);
        let told = self.own_mails().map(|(_, mail)| (tag(mail, "chunk"), tag(mail, "index")));
        let told = told.filter(|(chunk, _)| self.is_in_force(chunk));
        let told = told.collect::<BTreeSet<_>>().len() as u64;
        let planned = |channel: &str| -> u64 {
            let waves = self.waves().filter(|wave| wave["channel"] == channel && wave["stands_by"] == false);
            waves.filter_map(|wave| wave["recipients"].as_u64()).sum()
        };
        let withheld = unreachable(self.shown, "withheld");
        // They are gone from whatever plan was made of them.
        if self.state.erased.iter().all(|erased| erased.tenant != self.tenant) {
            nothing_is_withheld(self.shown, violations);
        }
        let refused =
            unreachable(self.shown, "refused-by-provider") + self.refused_and_called_up() + withheld;
        if told + refused < planned("email") {
            let planned = planned("email");
            violations
                .push(format!("{planned} letters were planned, {told} went out, {refused} were refused"));
        }
        let texted = self.sent_by("sms").map(|sent| sent.chunk).filter(|chunk| self.is_in_force(chunk));
        let texted = texted.collect::<BTreeSet<_>>().len() as u64;
        if texted < planned("sms") {
            violations.push(format!("{} texts were planned, {texted} went out", planned("sms")));
        }
        self.each_of_the_leak_was_told(refused, violations);
        let partners = self.partners_told();
        if partners < planned("partner") {
            violations.push(format!("{} partners were planned, {partners} were told", planned("partner")));
        }
    }

    /// Whoever stands in what leaked, whatever our plan makes of it, was told by some channel: all of them live where they are
    /// owed that. Not where it came out that nobody was concerned, nor whoever is erased or was refused.
    fn each_of_the_leak_was_told(&self, refused: u64, violations: &mut Vec<String>) {
        if self.state.withdrawn.contains(self.id) {
            return;
        }
        let told: BTreeSet<String> = self.sent().map(|sent| self.who_is_at(sent.to)).collect();
        let erased = |address: &str| self.state.erased.iter().any(|erased| erased.address == address);
        let missed =
            self.people.iter().filter(|person| !told.contains(&name_of(person.id)) && !erased(&person.email));
        let missed: Vec<u32> = missed.map(|person| person.id).collect();
        if missed.len() as u64 > refused {
            let asked = &self.shown["incident"]["attention"];
            violations.push(format!("customers {missed:?} were not told, {refused} were refused; {asked}"));
        }
    }

    /// How many notices of the plan in force reached the endpoint that they were for.
    fn partners_told(&self) -> u64 {
        let told = self.sent_by("partner").filter(|sent| self.is_in_force(sent.chunk));
        told.map(|sent| (sent.chunk, sent.index)).collect::<BTreeSet<_>>().len() as u64
    }

    /// How many notices the provider refused for good and another channel took over.
    fn refused_and_called_up(&self) -> u64 {
        let called = self.leaves.iter().filter(|leaf| leaf.action == Action::NoticeCalledUp);
        let of =
            called.filter(|leaf| leaf.subject.get("chunk").is_some_and(|chunk| chunk.starts_with(self.id)));
        of.filter(|leaf| leaf.why.contains("refused by the provider"))
            .filter_map(|leaf| leaf.subject.get("indices"))
            .map(|indices| indices.split(' ').count() as u64)
            .sum()
    }

    fn was_in_doubt(&self, chunk: &str) -> bool {
        let mut doubts = self.leaves.iter().filter(|leaf| leaf.action == Action::ChunkUndecided);
        doubts.any(|leaf| leaf.subject.get("chunk").is_some_and(|named| named == chunk))
    }

    /// What is shown of the notices is what their providers said of them.
    fn shown_as_it_is(&self, violations: &mut Vec<String>) {
        let nothing = BTreeSet::new();
        let said = |kind: &str| -> BTreeSet<&(String, String)> {
            let all = self.state.events.get(kind).unwrap_or(&nothing);
            all.iter().filter(|(chunk, _)| chunk.starts_with(self.id)).collect()
        };
        let (bounced, delivered) = (said("Bounce"), said("Delivery"));
        // A log names a text by the provider's id alone: nobody can tell whose it is where that id was in an answer that was
        // lost.
        let logged = said("Log").into_iter().filter(|notice| !delivered.contains(notice));
        let (nameless, named): (Vec<_>, Vec<_>) = logged.partition(|(chunk, _)| self.was_in_doubt(chunk));
        let least = (delivered.difference(&bounced).count() + named.len()) as u64 + self.partners_told();
        let most = least + nameless.len() as u64;
        let shown: u64 = duties(self.shown).filter_map(|duty| duty["coverage"]["reached"].as_u64()).sum();
        if !(least..=most).contains(&shown) {
            violations.push(format!("{least} notices reached their people, {shown} are shown as such"));
        }
        // Whoever may lawfully be told in another way is told so; of those whose law knows the letter alone it is shown
        // that nobody reaches them.
        let of_the_letter_alone = self.own_mails().filter(|(_, mail)| mail.to.starts_with(BOUNCES_ALONE));
        let of_the_letter_alone: BTreeSet<(String, String)> = of_the_letter_alone
            .map(|(_, mail)| (tag(mail, "chunk").to_owned(), tag(mail, "index").to_owned()))
            .filter(|notice| bounced.contains(notice))
            .collect();
        let shown = unreachable(self.shown, "bounced");
        if shown != of_the_letter_alone.len() as u64 {
            let bounced = of_the_letter_alone.len();
            violations.push(format!("{bounced} letters bounced for good, {shown} are shown as such"));
        }
        counted_as_planned(self.shown, violations);
    }

    /// Whatever the incident asks of people was told to each of the targets that its tenant names.
    fn somebody_was_told(&self, violations: &mut Vec<String>) {
        let alerts = self.world.alerts();
        let told = |by_mail: bool, task: &str| {
            alerts.iter().any(|alert| match alert {
                AlertMessage::Topic { text, .. } => !by_mail && text.contains(task),
                AlertMessage::Mail { text, .. } => by_mail && text.contains(task),
                AlertMessage::Post { .. } => false,
            })
        };
        let tasks = self.shown["incident"]["attention"].as_array().into_iter().flatten();
        for task in tasks.filter_map(Value::as_str) {
            if !told(false, task) || !told(true, task) {
                violations.push(format!("nobody was told: {task}"));
            }
        }
    }
}

fn tag<'a>(mail: &'a Delivered, name: &str) -> &'a str {
    tag_of(&mail.tags, name)
}

fn tag_of<'a>(tags: &'a BTreeMap<&'static str, String>, name: &str) -> &'a str {
    tags.get(name).map(String::as_str).unwrap_or_default()
}
