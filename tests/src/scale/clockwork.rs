//! One installation in simulated time: what happens when, and who takes it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::pause::Limits;
use tocsin_ports::memory::{Delivered, World};
use tocsin_ports::{Clock, Outgoing, Queue, Quota, Settings};

use super::incident::Case;
use super::weather::{self, Weather};
use super::{Lane, Report, Scale};
use crate::simulation::quietly;
use crate::{Town, deliver, ses_bounce, ses_event, take_in_events, tick};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// SQS and Lambda hand `receipts` so many reports at once.
const BATCH: usize = 100;

/// After this many deliveries a message lies in the dead-letter queue, until somebody redrives it an hour later.
const RECEIVES: u32 = 5;

/// The incidents that the lanes work off in this time open at once: a lane has work while plans are approved and canaries
/// waited for. From then on one opens as soon as the lanes have worked one off.
const HEAD_START: SignedDuration = SignedDuration::from_mins(25);

/// So long after the last incident opened everything is over, or never is.
const LONGEST: SignedDuration = SignedDuration::from_hours(48);

/// Puts one thing wrong with what the provider took, for tests of the checks.
pub(super) type Tampering = fn(&mut Vec<Delivered>);

enum Happening {
    Opens(u32),
    Looks(String),
    Message { queue: Queue, body: String, received: u32 },
    Events { bodies: Vec<String>, received: u32 },
    Dispatch,
    Watch,
}

pub(super) struct Installation {
    scale: Scale,
    pub town: Town,
    pub weather: weather::Shared,
    pub regions: [&'static str; 2],
    agenda: BTreeMap<(Timestamp, u64), Happening>,
    sequence: u64,
    cases: BTreeMap<String, Case>,
    to_open: u32,
    /// Reports that are not on their way to `receipts` yet.
    reports: Vec<String>,
    pub report: Report,
    tampering: Option<Tampering>,
}

impl Installation {
    pub fn of(regions: [&'static str; 2], scale: Scale) -> Self {
        let settings = Settings {
            home_region: regions[0].to_owned(),
            region: regions[0].to_owned(),
            regions: regions.map(str::to_owned).into(),
            send_rate: scale.rate,
            pause: Limits { sample: 200, ..World::settings_for_tests().pause },
            ..World::settings_for_tests()
        };
        let town = Town::with(settings);
        town.world.set_quota(Quota { a_second: scale.rate, a_day: None, sent: 0 });
        town.world.let_index_lag();
        let weather = Rc::new(RefCell::new(Weather::new(scale.seed, scale.rate)));
        Self {
            scale,
            town,
            weather,
            regions,
            agenda: BTreeMap::new(),
            sequence: 0,
            cases: BTreeMap::new(),
            to_open: u32::try_from(scale.people.div_ceil(u64::from(scale.incident))).unwrap_or(u32::MAX),
            reports: Vec::new(),
            report: Report { people: scale.people, ..Report::default() },
            tampering: None,
        }
    }

    #[cfg(test)]
    pub fn tampered(self, tampering: Tampering) -> Self {
        Self { tampering: Some(tampering), ..self }
    }

    pub fn carry_out(mut self) -> Report {
        let start = self.town.world.time();
        let every = tocsin_domain::pace::span(u64::from(self.scale.incident), self.scale.rate * 2);
        let at_once = HEAD_START.as_micros() / every.as_micros().max(1);
        self.report.incidents = u64::from(self.to_open);
        let mut last = start;
        for number in 0..self.to_open {
            let place = i32::try_from((i128::from(number) - at_once).max(0)).unwrap_or(i32::MAX);
            last = start + every * place + SignedDuration::from_secs(i64::from(number) - i64::from(place));
            self.at(last, Happening::Opens(number));
        }
        self.at(start, Happening::Dispatch);
        self.at(start + SignedDuration::from_secs(30), Happening::Watch);
        weather::set(&self.town.world, &self.weather);
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            self.town.world.advance_to(at);
            if at > last + LONGEST {
                self.report.violations.extend(self.cases.keys().map(|tenant| format!("{tenant} never ends")));
                break;
            }
            self.act(happening);
            self.take_up_messages();
        }
        self.end(start)
    }

    fn end(mut self, start: Timestamp) -> Report {
        self.report.lasted = self.town.world.time().duration_since(start);
        let weather = self.weather.borrow();
        (self.report.calls, self.report.throttled) = (weather.calls, weather.throttled);
        self.report.faults = weather.faults.clone();
        let parked = self.town.world.parked();
        self.report.violations.extend(parked.iter().map(|note| format!("parked: {note}")));
        drop(weather);
        self.report
    }

    fn at(&mut self, at: Timestamp, happening: Happening) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), happening);
    }

    fn after(&mut self, wait: SignedDuration, happening: Happening) {
        self.at(self.town.world.time() + wait, happening);
    }

    fn is_over(&self) -> bool {
        self.to_open == 0 && self.cases.is_empty()
    }

    /// How long something takes in real time, under a name.
    fn timed<T>(&mut self, name: &'static str, act: impl FnOnce(&mut Self) -> T) -> T {
        let began = Instant::now();
        let done = act(self);
        *self.report.spent.entry(name).or_default() += began.elapsed();
        done
    }

    fn act(&mut self, happening: Happening) {
        match happening {
            Happening::Opens(number) => {
                self.to_open -= 1;
                let people = u64::from(self.scale.incident);
                let left = self.scale.people - people * u64::from(number);
                let case = self.timed("the simulation", |own| {
                    Case::open(own, number, u32::try_from(people.min(left)).unwrap_or(u32::MAX))
                });
                self.after(MINUTE * 2, Happening::Looks(case.tenant.clone()));
                self.cases.insert(case.tenant.clone(), case);
                self.report.most_open = self.report.most_open.max(self.cases.len());
            }
            Happening::Looks(tenant) => self.look(tenant),
            Happening::Message { queue, body, received } => self.message(queue, body, received),
            Happening::Events { bodies, received } => self.events(bodies, received),
            Happening::Dispatch => {
                self.timed("dispatch", |own| {
                    let world = &own.town.world;
                    tick(async { dispatch::step(world, world.now()).await });
                });
                self.hand_on_reports(1);
                self.ticks_again(Happening::Dispatch);
            }
            Happening::Watch => {
                self.timed("watch", |own| {
                    let world = &own.town.world;
                    tick(async { watch::step(world, world.now()).await });
                });
                self.ticks_again(Happening::Watch);
            }
        }
    }

    fn ticks_again(&mut self, tick: Happening) {
        if !self.is_over() {
            self.after(MINUTE, tick);
        }
    }

    fn look(&mut self, tenant: String) {
        let Some(mut case) = self.cases.remove(&tenant) else {
            return;
        };
        match self.timed("console, and the checks", |own| case.look(own)) {
            Some(wait) => {
                self.cases.insert(tenant.clone(), case);
                self.after(wait, Happening::Looks(tenant));
            }
            None => self.timed("the simulation", |own| case.close(own)),
        }
    }

    fn message(&mut self, queue: Queue, body: String, received: u32) {
        let function = function_of(&queue);
        {
            let mut weather = self.weather.borrow_mut();
            weather.waited = self.town.world.paused();
            weather.sends_from = match &queue {
                Queue::Notices(region) => Some(region.clone()),
                Queue::Siem
                | Queue::Signals
                | Queue::Scope
                | Queue::Plan
                | Queue::Receipts(_)
                | Queue::Parked(_) => None,
            };
        }
        let taken = self.timed(function, |own| quietly(|| deliver(&own.town.world, &queue, &body)));
        self.town.world.set_clock_off(SignedDuration::ZERO);
        self.weather.borrow_mut().waited = self.town.world.paused();
        let region = self.weather.borrow_mut().sends_from.take();
        self.timed("the simulation", |own| own.take_up_mails(region));
        if taken != Some(true) {
            let wait = self.comes_back_after(received);
            self.after(wait, Happening::Message { queue, body, received: (received + 1) % RECEIVES });
        }
    }

    fn events(&mut self, bodies: Vec<String>, received: u32) {
        let taken = self.timed("receipts", |own| {
            let batch: Vec<&str> = bodies.iter().map(String::as_str).collect();
            quietly(|| take_in_events(&own.town.world, &batch))
        });
        let back: Vec<String> = match taken {
            None => bodies,
            Some(places) => places.iter().filter_map(|place| bodies.get(*place).cloned()).collect(),
        };
        if !back.is_empty() {
            let wait = self.comes_back_after(received);
            self.after(wait, Happening::Events { bodies: back, received: (received + 1) % RECEIVES });
        }
    }

    fn comes_back_after(&mut self, received: u32) -> SignedDuration {
        if received + 1 == RECEIVES { SignedDuration::from_hours(1) } else { MINUTE * 6 }
    }

    /// New messages come a little late; some twice, and some to the senders never.
    fn take_up_messages(&mut self) {
        for queue in self.town.world.busy_queues() {
            while let Some(Outgoing { body, after }) = self.town.world.take(&queue) {
                let mut weather = self.weather.borrow_mut();
                let is_lost =
                    matches!(queue, Queue::Notices(_)) && weather.goes_wrong("the queue loses a message");
                let copies = 1 + usize::from(weather.goes_wrong("a message comes twice"));
                let late = if weather.goes_wrong("a message comes late") {
                    weather.seconds(60, 1800)
                } else {
                    SignedDuration::ZERO
                };
                let waits = [(); 2].map(|()| after + late + weather.milliseconds(0, 1000));
                drop(weather);
                for wait in waits.into_iter().take(if is_lost { 0 } else { copies }) {
                    let message =
                        Happening::Message { queue: queue.clone(), body: body.clone(), received: 0 };
                    self.after(wait, message);
                }
            }
        }
    }

    /// What the provider took goes into the mailboxes, and its reports on their way.
    fn take_up_mails(&mut self, region: Option<String>) {
        let mut mails = self.town.world.take_mails();
        if let Some(tampering) = self.tampering {
            tampering(&mut mails);
        }
        let Some((region, first)) = region.zip(mails.first()) else {
            return;
        };
        let (at, a_second) = (first.at, self.scale.rate);
        let lane = Lane { messages: 0, a_second, first: at, last: at };
        let lane = self.report.lanes.entry(region).or_insert(lane);
        lane.messages += mails.len() as u64;
        // What a fault put back waits for events and settlements, however fast the lane is.
        if mails.iter().any(|mail| mail.tags.get("attempt").is_some_and(|attempt| attempt == "1")) {
            lane.last = at;
        }
        for mail in &mails {
            let tenant = mail.tags.get("tenant").map(String::as_str).unwrap_or_default();
            match self.cases.get_mut(tenant) {
                Some(case) => case.take(mail),
                None => self.report.violations.push(format!("a mail of {tenant}, whose incident is over")),
            }
            self.report_of(mail);
        }
        self.hand_on_reports(BATCH);
    }

    /// What the provider says of a mail: nearly always once, and soon.
    fn report_of(&mut self, mail: &Delivered) {
        let at = mail.at + self.weather.borrow_mut().milliseconds(500, 5000);
        let is_gone = mail.to.starts_with("bounce");
        let event = if is_gone { ses_bounce(mail, at) } else { ses_event(mail, at) }.to_string();
        let (lost, twice, late) = {
            let mut weather = self.weather.borrow_mut();
            let lost = weather.goes_wrong("an event is lost");
            let twice = weather.goes_wrong("an event comes twice");
            (lost, twice, weather.goes_wrong("an event comes late"))
        };
        if late {
            let wait = self.weather.borrow_mut().seconds(600, 3600);
            self.after(wait, Happening::Events { bodies: vec![event.clone()], received: 0 });
        }
        for _ in 0..usize::from(!lost && !late) + usize::from(twice) {
            self.reports.push(event.clone());
        }
    }

    fn hand_on_reports(&mut self, at_least: usize) {
        while self.reports.len() >= at_least.max(1) {
            let bodies = self.reports.split_off(self.reports.len().saturating_sub(BATCH));
            let wait = self.weather.borrow_mut().seconds(2, 60);
            self.after(wait, Happening::Events { bodies, received: 0 });
        }
    }

    /// What somebody is shown when nothing goes wrong.
    pub fn calmly<T>(&mut self, act: impl FnOnce(&Self) -> T) -> T {
        self.weather.borrow_mut().calm = true;
        let done = act(self);
        self.weather.borrow_mut().calm = false;
        done
    }

    pub fn finding(&mut self, finding: &str) {
        let siem = Happening::Message { queue: Queue::Siem, body: finding.to_owned(), received: 0 };
        self.after(SignedDuration::from_secs(1), siem);
    }
}

fn function_of(queue: &Queue) -> &'static str {
    match queue {
        Queue::Siem => "intake-siem",
        Queue::Signals => "triage",
        Queue::Scope => "scope",
        Queue::Plan => "plan",
        Queue::Notices(_) => "send",
        Queue::Receipts(_) => "receipts",
        Queue::Parked(_) => "nobody",
    }
}
