//! What goes wrong with calls, clocks, messages, events, regions and the provider.

use std::collections::BTreeMap;
use std::rc::Rc;

use fastrand::Rng;
use jiff::SignedDuration;
use serde_json::Value;
use tocsin_ports::memory::{Call, Delivered, Fault, Texted, Verdict, World};
use tocsin_ports::{Outgoing, Posted, Queue};

use super::people::Deed;
use super::story::{Act, seconds};
use super::{Happening, Shared, State, Told, perform, subject_of};
use crate::{ses_bounce, ses_event, ses_send, sms_voice_event, sns_text_log};

/// A mailbox that refuses every mail, of somebody in California, where no other channel of ours counts.
pub(super) const BOUNCES_ALONE: &str = "bounce-alone-";

/// A mailbox that takes a mail and refuses it hours later.
pub(super) const LATE_BOUNCE: &str = "late-bounce-";

const FAULTS: [Fault; 4] = [Fault::CrashBefore, Fault::CrashAfter, Fault::ErrorBefore, Fault::ErrorAfter];

pub(super) fn set(world: &World, shared: &Shared) {
    world.let_index_lag();
    let state = Rc::clone(shared);
    world.set_fate(Some(Rc::new(move |world, call| fate(world, &state, call))));
    let state = Rc::clone(shared);
    world.set_endpoints(Some(Box::new(move |hook| endpoint(&mut state.borrow_mut(), &hook.id))));
    let state = Rc::clone(shared);
    world.set_provider(Some(Box::new(move |mails| verdicts(&mut state.borrow_mut(), mails.len()))));
}

/// No function runs longer: whoever stalls is killed then.
const LONGEST: SignedDuration = SignedDuration::from_secs(55);

/// By how much the clock of whoever acts next is off.
pub(super) fn clock_off(state: &mut State) -> SignedDuration {
    if !state.storm {
        return SignedDuration::ZERO;
    }
    let Some(mut dice) = state.story.goes_wrong(30, "its clock is off") else {
        return SignedDuration::ZERO;
    };
    let by = seconds(&mut dice, -20, 20);
    state.story.note(&format!("by {} s", by.as_secs()));
    by
}

fn fate(world: &World, shared: &Shared, call: Call<'_>) -> Option<Fault> {
    if !shared.borrow().storm {
        return None;
    }
    let hands_over = match call {
        Call::Mail | Call::Text => true,
        Call::Regional(_) | Call::Other => false,
    };
    let between = {
        let mut state = shared.borrow_mut();
        // A hand-over is where it hurts; so is a decision that two may take at once.
        let others = match (hands_over, state.story.act.who) {
            (true, _) => 150,
            (false, "send") => 120,
            (false, "triage") => 250,
            (false, "watch") => 30,
            (false, _) => 15,
        };
        // Whoever acts within an act that came between is not interrupted again.
        let others = if state.story.is_deep() { 0 } else { others };
        state.story.goes_wrong(others, "others act meanwhile")
    };
    if let Some(mut dice) = between {
        let mut came_again = false;
        for _ in 0..dice.u32(1..=4) {
            came_again = somebody_acts(world, shared, &mut dice, came_again);
        }
    }
    somebody_holds(world, shared);
    let mut state = shared.borrow_mut();
    if is_lost(&state, call) {
        return Some(Fault::ErrorBefore);
    }
    let mut dice = state.story.goes_wrong(if hands_over { 200 } else { 6 }, "a call")?;
    let fault = dice.choice(FAULTS)?;
    state.story.note(&format!("{call:?} {fault:?}"));
    Some(fault)
}

/// While a chunk is on its way to the provider is the worst moment for a hold: somebody holds then, and lets go soon.
fn somebody_holds(world: &World, shared: &Shared) {
    {
        let mut state = shared.borrow_mut();
        if state.story.act.who != "send" || state.story.is_deep() {
            return;
        }
        if state.story.goes_wrong(3, "somebody holds in this moment").is_none() {
            return;
        }
        let soon = world.time() + state.story.seconds(300, 1800);
        state.at(soon, Happening::Person(Deed::Release));
    }
    perform(world, shared, world.time(), Happening::Person(Deed::Hold));
}

/// Whether the call is to the region that is lost.
fn is_lost(state: &State, call: Call<'_>) -> bool {
    let Some(lost) = &state.lost_region else {
        return false;
    };
    match call {
        Call::Mail | Call::Text => state.sends_from.as_ref() == Some(lost),
        Call::Regional(region) => region == lost,
        Call::Other => false,
    }
}

/// Between two calls of a step, which may stall meanwhile, another worker or a person does something, whole. Answers
/// whether the step's own message was given to another. Whoever takes so long finds that what they read has come round
/// to where it was, if a tick comes next.
fn somebody_acts(world: &World, shared: &Shared, dice: &mut Rng, came_again: bool) -> bool {
    let comes_round = came_again && dice.u32(0..1000) < 600;
    // Whoever stalls so long is taken for dead: its message is given to another.
    let comes_again = !comes_round && dice.u32(0..1000) < 200;
    // Where it comes round in time, that other is quick, and what was refused has waited as long as it has to.
    let stall = match (comes_again, comes_round) {
        (true, _) => seconds(dice, 0, 3),
        (false, true) => seconds(dice, 30, 34),
        (false, false) => seconds(dice, 0, 35),
    };
    let stalls_until = world.time() + stall;
    if stalls_until <= shared.borrow().began + LONGEST {
        world.advance_to(stalls_until);
    }
    let soon = world.time() + SignedDuration::from_hours(1);
    // Other workers and people matter more here than one more tick.
    let ticks_too = comes_round || dice.u32(0..1000) < 400;
    // A second message of the same thing matters most.
    let about_the_same = dice.u32(0..1000) < 700;
    let chosen = {
        let mut state = shared.borrow_mut();
        let again = state.at_work.clone().filter(|_| comes_again);
        let near = state.agenda.iter().take_while(|((at, _), _)| *at <= soon);
        let keys: Vec<_> = near
            .filter(|(_, happening)| match happening {
                Happening::Message { .. } | Happening::Person(_) => true,
                Happening::Dispatch | Happening::Watch => ticks_too,
                Happening::Siem(_)
                | Happening::Webhook
                | Happening::Event { .. }
                | Happening::Redrive
                | Happening::RegionLost(_)
                | Happening::RegionBack
                | Happening::FaultsStop => false,
            })
            .filter(|(_, happening)| !about_the_same || is_about(happening, &state.story.act))
            .filter(|(_, happening)| !comes_round || matches!(happening, Happening::Dispatch))
            .map(|(key, _)| *key)
            .collect();
        let due = dice.choice(&keys).copied().filter(|_| again.is_none());
        let due = due.and_then(|key| Some((key.0, state.agenda.remove(&key)?)));
        let again_now = again.map(|message| (world.time(), message));
        again_now.map(|again| (again, true)).or(due.map(|due| (due, false)))
    };
    let Some(((planned, happening), again)) = chosen else {
        return false;
    };
    perform(world, shared, planned, happening);
    take_up_messages(world, shared);
    again
}

fn is_about(happening: &Happening, act: &Act) -> bool {
    match happening {
        Happening::Message { body, .. } => act.is_about(&subject_of(body)),
        Happening::Dispatch | Happening::Watch => true,
        // Whoever stops everything stops this, too.
        Happening::Person(deed) => deed.stops(),
        Happening::Siem(_)
        | Happening::Webhook
        | Happening::Event { .. }
        | Happening::Redrive
        | Happening::RegionLost(_)
        | Happening::RegionBack
        | Happening::FaultsStop => false,
    }
}

/// What the mail provider says of each mail of a call.
fn verdicts(state: &mut State, mails: usize) -> Option<Vec<Verdict>> {
    if !state.storm {
        return Some(vec![Verdict::Take; mails]);
    }
    if state.story.goes_wrong(60, "the provider takes nothing: too many requests").is_some() {
        return None;
    }
    let verdict = |place: usize| {
        if state.story.goes_wrong(120, &format!("mail {place} of the call is throttled")).is_some() {
            Verdict::Throttle
        } else if state.story.goes_wrong(10, &format!("mail {place} of the call is refused")).is_some() {
            Verdict::Refuse
        } else if state.story.goes_wrong(10, &format!("the call is refused for mail {place}")).is_some() {
            Verdict::Unfit
        } else {
            Verdict::Take
        }
    };
    Some((0..mails).map(verdict).collect())
}

/// What a partner answers. One that answers nothing may have taken the notice.
fn endpoint(state: &mut State, id: &str) -> Posted {
    if !state.storm {
        return Posted::Status(204);
    }
    if state.story.goes_wrong(150, &format!("the partner's endpoint is ill for {id}")).is_some() {
        Posted::Status(503)
    } else if state.story.goes_wrong(100, &format!("the partner's answer to {id} is lost")).is_some() {
        Posted::Silence("no answer in time".to_owned())
    } else {
        Posted::Status(204)
    }
}

/// New messages come late, twice, and in another order; one to the senders may be lost.
pub(super) fn take_up_messages(world: &World, shared: &Shared) {
    let mut state = shared.borrow_mut();
    for queue in world.busy_queues() {
        while let Some(message) = world.take(&queue) {
            take_up(&mut state, world, &queue, &message);
        }
    }
}

fn take_up(state: &mut State, world: &World, queue: &Queue, message: &Outgoing) {
    let Outgoing { body, after } = message;
    let interrupted = state.story.begin("the queue", &subject_of(body));
    let line = state.story.open_line();
    let lost = state.storm && state.story.goes_wrong(20, "it loses the message").is_some();
    let twice = state.storm && state.story.goes_wrong(350, "the message comes twice").is_some();
    let copies = if lost && matches!(queue, Queue::Notices(_)) { 0 } else { 1 + usize::from(twice) };
    for _ in 0..copies {
        let wait = state.story.seconds(0, 5);
        let late = if state.storm { state.story.goes_wrong(50, "the message comes late") } else { None };
        let wait = late.map_or(wait, |mut dice| seconds(&mut dice, 60, 3600));
        state.at(world.time() + *after + wait, Happening::message(queue.clone(), body.clone()));
    }
    state.story.close_line(line, world.time(), &format!("{copies} on the way"), false);
    state.story.act = interrupted;
}

/// What the providers say of what they took: late, twice, or never.
pub(super) fn give_events(world: &World, shared: &Shared) {
    let mut state = shared.borrow_mut();
    let mails = world.mails_since(state.told.mails);
    for mail in &mails {
        tell_of_mail(&mut state, world, mail);
    }
    let texts = world.texts().split_off(state.told.texts);
    for text in &texts {
        tell_of_text(&mut state, world, text);
    }
    state.told.mails += mails.len();
    state.told.texts += texts.len();
}

fn tell_of_mail(state: &mut State, world: &World, mail: &Delivered) {
    let notice = begin_to_tell(state, &mail.tags);
    // The provider's clock is not ours.
    let at = mail.at + state.story.seconds(-5, 30);
    let kind = if mail.to.starts_with("bounce") { "Bounce" } else { "Delivery" };
    let mut events = vec![(kind, ses_event(mail, at), 1, 120)];
    if state.story.below(4) == 0 {
        events.insert(0, ("Send", ses_send(mail, mail.at), 0, 60));
    }
    if mail.to.starts_with(LATE_BOUNCE) {
        events.push(("Bounce", ses_bounce(mail, at + SignedDuration::from_hours(2)), 3600, 4 * 3600));
    }
    tell(state, world, &notice, events);
}

/// A text's provider tells by its log, in which only the provider's own id stands, or by events, which carry our tags.
fn tell_of_text(state: &mut State, world: &World, text: &Texted) {
    let notice = begin_to_tell(state, &text.tags);
    let at = world.time() + state.story.seconds(1, 30);
    let logged = state.story.below(2) == 0;
    let (kind, event) =
        if logged { ("Log", sns_text_log(text, at)) } else { ("Delivery", sms_voice_event(text, at)) };
    tell(state, world, &notice, vec![(kind, event, 30, 300)]);
}

fn begin_to_tell(state: &mut State, tags: &BTreeMap<&'static str, String>) -> (String, String) {
    let tag = |name: &str| tags.get(name).cloned().unwrap_or_default();
    let notice = (tag("chunk"), tag("index"));
    state.story.begin("the provider", &format!("of {} {}", notice.0, notice.1));
    notice
}

/// Each event with its kind, and the seconds between which it comes.
fn tell(
    state: &mut State,
    world: &World,
    notice: &(String, String),
    events: Vec<(&'static str, Value, i64, i64)>,
) {
    let line = state.story.open_line();
    for (kind, event, from, to) in events {
        let wait = state.story.seconds(from, to);
        let lost = state.storm && state.story.goes_wrong(40, "an event is lost").is_some();
        let twice = state.story.goes_wrong(100, "an event comes twice").is_some();
        let late = if state.storm { state.story.goes_wrong(100, "an event comes late") } else { None };
        let wait = late.map_or(wait, |mut dice| seconds(&mut dice, 600, 18_000));
        for copy in 0..if lost { 0 } else { 1 + i64::from(twice) } {
            let at = world.time() + wait + SignedDuration::from_secs(copy * 40);
            let of = Told { notice: notice.clone(), kind };
            state.at(at, Happening::Event { of, body: event.to_string(), received: 0 });
        }
    }
    state.story.close_line(line, world.time(), "tells what became of it", false);
}
