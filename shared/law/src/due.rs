//! By when: the clock that a duty counts from, and where the count ends.

use std::borrow::Cow;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::calendar::Calendar;
use crate::clock::Clock;
use crate::deadline::{self, Counting, Deadline};
use crate::engine::Inquiry;
use crate::facts::LawEnforcementHold;
use crate::finding::Owed;
use crate::reach::Target;
use crate::reading::{self, Reading};
use crate::rule::{Hold, Roll, RollTo, Rule, Zone};
use crate::trigger;
use crate::words::{Encryption, Jurisdiction};

const DAY_END: Time = Time::constant(23, 59, 59, 0);
const NOON: Time = Time::constant(12, 0, 0, 0);

/// When a duty must be done.
pub(crate) struct Due {
    pub at: Option<Timestamp>,
    pub rule: String,
    pub counted_from: Option<(Clock, Timestamp)>,
    pub readings: Vec<Reading>,
    pub reasons: Vec<String>,
    /// The count ends beyond what can be reckoned: counsel must say.
    pub undecided: bool,
}

impl Due {
    /// Nothing is due.
    pub fn none() -> Due {
        Due::without_instant("none".to_owned(), Vec::new())
    }

    fn without_instant(rule: String, reasons: Vec<String>) -> Due {
        Due { at: None, rule, counted_from: None, readings: Vec::new(), reasons, undecided: false }
    }
}

/// The due instant of a rule at one of its places.
pub(crate) fn due(inquiry: &Inquiry<'_, '_>, rule: &Rule, target: &Target) -> Due {
    let mut reasons = Vec::new();
    let term = chosen(inquiry, rule, target, &mut reasons);
    let counted = count(inquiry, rule, &target.jurisdiction, term, reasons);
    held(inquiry, rule, term.deadline, counted)
}

/// Where a deadline ends that is counted as the rule counts, without its clocks, caps and holds.
pub(crate) fn plain_end(
    inquiry: &Inquiry<'_, '_>,
    rule: &Rule,
    deadline: Deadline,
    from: Timestamp,
) -> Option<Timestamp> {
    let (zone, _) = zone(inquiry, rule);
    let counting =
        Counting { first_day_counts: false, from_end_of_year: false, ..counting(inquiry, rule, &zone) };
    deadline::ends(deadline, from, &counting)
}

/// The zone that a rule counts in, and its name.
pub(crate) fn zone<'pack>(inquiry: &Inquiry<'pack, '_>, rule: &'pack Rule) -> (TimeZone, Cow<'pack, str>) {
    let of_book = || (inquiry.book.zone.clone(), Cow::Borrowed(inquiry.book.zone_name.as_str()));
    match &rule.zone {
        Zone::Jurisdiction => of_book(),
        Zone::Controller => {
            (inquiry.controller_zone.clone(), Cow::Owned(inquiry.facts.controller.time_zone.clone()))
        }
        // The loader has looked the name up already.
        Zone::Named(name) => {
            TimeZone::get(name).map_or_else(|_| of_book(), |zone| (zone, Cow::Borrowed(name.as_str())))
        }
    }
}

/// The instant that dates the law: the rule's own clock, else the earliest that is given.
pub(crate) fn law_instant(inquiry: &Inquiry<'_, '_>, rule: &Rule, jurisdiction: &Jurisdiction) -> Timestamp {
    let own = start(inquiry, rule, jurisdiction, &mut Vec::new()).map(|(_, at)| at);
    // `Facts::check` has made sure that some clock is given.
    own.or_else(|| inquiry.facts.clocks.earliest()).unwrap_or(Timestamp::MAX)
}

/// The period that applies, and whether it begins with the end of the year.
#[derive(Clone, Copy)]
struct Term {
    deadline: Deadline,
    from_end_of_year: bool,
}

fn chosen(inquiry: &Inquiry<'_, '_>, rule: &Rule, target: &Target, reasons: &mut Vec<String>) -> Term {
    if let Some((brand, hours)) = acquirers_terms(inquiry, rule) {
        let terms = Deadline::Hours(hours);
        reasons.push(format!(
            "{} instead of {}: the contract with the acquirer of {brand} says so",
            terms.code(),
            rule.deadline.code()
        ));
        return Term { deadline: terms, from_end_of_year: rule.from_end_of_year };
    }
    let circumstances = inquiry.circumstances(target, inquiry.facts);
    for instead in &rule.instead {
        let verdict = trigger::all(&instead.when, &circumstances);
        if verdict.owed == Owed::Yes {
            let code = instead.deadline.code();
            reasons.push(format!(
                "{code} instead of {}: {}",
                rule.deadline.code(),
                verdict.reasons.join("; ")
            ));
            return Term { deadline: instead.deadline, from_end_of_year: instead.from_end_of_year };
        }
    }
    Term { deadline: rule.deadline, from_end_of_year: rule.from_end_of_year }
}

/// The duties toward card brands are contracts, and the acquirer's comes before the brand's own terms.
fn acquirers_terms<'a>(inquiry: &Inquiry<'_, '_>, rule: &'a Rule) -> Option<(&'a str, u32)> {
    let cards = inquiry.facts.payment_cards.as_ref()?;
    rule.card_brand().and_then(|brand| Some((brand, *cards.acquirer_hours.get(brand)?)))
}

fn count(
    inquiry: &Inquiry<'_, '_>,
    rule: &Rule,
    jurisdiction: &Jurisdiction,
    term: Term,
    mut reasons: Vec<String>,
) -> Due {
    let deadline = term.deadline;
    let code = deadline.code();
    // Most duties have no number, and nobody reads one into them.
    if !deadline.has_number() && rule.other_readings.is_empty() {
        return Due::without_instant(code, reasons);
    }
    let (zone, _) = zone(inquiry, rule);
    let counting = Counting { from_end_of_year: term.from_end_of_year, ..counting(inquiry, rule, &zone) };
    if !deadline.has_number() {
        let expected = start(inquiry, rule, jurisdiction, &mut Vec::new())
            .map(|(_, from)| reading::others(&rule.other_readings, deadline, from, None, &counting))
            .unwrap_or_default();
        return Due { readings: expected, ..Due::without_instant(code, reasons) };
    }
    let Some((clock, from)) = start(inquiry, rule, jurisdiction, &mut reasons) else {
        return pending(rule, &code, reasons);
    };
    let Some(end) = deadline::ends(deadline, from, &counting) else {
        reasons.push(format!("{code} from `{clock}` ends beyond what can be reckoned: ask counsel"));
        let counted_from = Some((clock, from));
        return Due { counted_from, undecided: true, ..Due::without_instant(code, reasons) };
    };
    let end = in_doubt(inquiry, deadline, from, end, &counting, &mut reasons);
    let stated = reading::others(&rule.other_readings, deadline, from, Some(end), &counting);
    let end = capped(inquiry, rule, jurisdiction, from, end, &counting, &mut reasons);
    let unrolled = end;
    let end = rolled(rule.roll.as_ref(), inquiry, unrolled, &counting, &mut reasons);
    let of_last_day = last_day(&inquiry.book.weekend, rule, deadline, unrolled, end, &counting);
    let readings = stated.into_iter().chain(of_last_day).collect();
    let asked_from = match deadline.counts_business_days() {
        true => Some(day(from, &zone)),
        false => rule.roll.as_ref().and_then(|_| day(unrolled, &zone).yesterday().ok()),
    };
    doubts(&counting, asked_from, day(end, &zone), &mut reasons);
    let counted_from = Some((clock, from));
    Due { at: Some(end), rule: code, counted_from, readings, reasons, undecided: false }
}

/// Where the clock starts on one date for the people and on another for the controller, a count of days can begin with
/// either. The earliest end is taken: of the last day in the counting zone, and of the period counted from moment to moment
/// in either zone.
fn in_doubt(
    inquiry: &Inquiry<'_, '_>,
    deadline: Deadline,
    from: Timestamp,
    end: Timestamp,
    counting: &Counting<'_>,
    reasons: &mut Vec<String>,
) -> Timestamp {
    let span = match deadline {
        Deadline::Days(days) => i64::from(days).days(),
        Deadline::Months(months) => i64::from(months).months(),
        Deadline::Hours(_)
        | Deadline::BusinessDays(_)
        | Deadline::WithoutUndueDelay
        | Deadline::Immediately
        | Deadline::AsOrdered
        | Deadline::ConcurrentWith(_)
        | Deadline::Before(_)
        | Deadline::OnOrAfter(_) => return end,
    };
    let zones = [counting.zone, inquiry.controller_zone].map(|zone| from.to_zoned_datetime(zone.clone()));
    let [of_people, of_controller] = &zones;
    if of_people.date() == of_controller.date() || counting.first_day_counts || counting.from_end_of_year {
        return end;
    }
    let moments = zones.iter().filter_map(|start| start.checked_add(span).ok()).map(|end| end.timestamp());
    let earliest = moments.min().map_or(end, |moment| moment.min(end));
    if earliest < end {
        reasons.push(format!(
            "it was {} where days are counted and {} at the controller's: the earliest end is taken, from moment to moment",
            of_people.date(),
            of_controller.date()
        ));
    }
    earliest
}

/// A period whose last day is none of work: by some it is extended, by others it is not.
fn last_day(
    weekend: &[Weekday],
    rule: &Rule,
    deadline: Deadline,
    unrolled: Timestamp,
    end: Timestamp,
    counting: &Counting<'_>,
) -> Option<Reading> {
    if unrolled != end {
        return Some(Reading { due: unrolled, why: "the last day is not extended".to_owned() });
    }
    let counts_days = matches!(deadline, Deadline::Days(_) | Deadline::Months(_));
    let day = day(end, counting.zone);
    let is_free = |day: &Date| weekend.contains(&day.weekday());
    if !is_free(&day) {
        return None;
    }
    let next = day.series(1.day()).find(|day| !is_free(day))?;
    let due = deadline::wall(next, counting.ends_at, counting.zone)?;
    (counts_days && rule.roll.is_none()).then(|| Reading {
        due,
        why: "the last day is no working day: some extend the period to the next one".to_owned(),
    })
}

fn counting<'a>(inquiry: &Inquiry<'a, '_>, rule: &Rule, zone: &'a TimeZone) -> Counting<'a> {
    let calendar: Option<&Calendar> = rule.calendar.as_deref().and_then(|name| inquiry.pack.calendar(name));
    Counting {
        zone,
        ends_at: rule.ends_at.unwrap_or(DAY_END),
        first_day_counts: rule.first_day_counts,
        from_end_of_year: rule.from_end_of_year,
        calendar,
    }
}

/// A number without an instant to count from: an event that has not happened, or a clock that nothing stands in for.
fn pending(rule: &Rule, code: &str, mut reasons: Vec<String>) -> Due {
    let Some(clock) = rule.clocks.first() else {
        return Due::without_instant(code.to_owned(), reasons);
    };
    let event = clock.event_name().unwrap_or(clock.key());
    reasons.push(format!("`{clock}` is not given: {code} counts from it"));
    Due::without_instant(format!("{code}-after-{event}"), reasons)
}

/// The clock that a rule counts from: the earliest of its own that is given, else the nearest in meaning.
/// Where encryption held the duty off until the key was lost, the count starts no earlier than that was known.
fn start(
    inquiry: &Inquiry<'_, '_>,
    rule: &Rule,
    jurisdiction: &Jurisdiction,
    reasons: &mut Vec<String>,
) -> Option<(Clock, Timestamp)> {
    let facts = inquiry.facts;
    let given = |&clock: &Clock| facts.clocks.get(clock, jurisdiction).map(|at| (clock, at));
    let own = rule.clocks.iter().filter_map(given).min_by_key(|(_, at)| *at);
    let found = own.or_else(|| {
        let wanted = rule.clocks.first()?;
        let fallbacks = rule.clock_fallbacks.clone().unwrap_or_else(|| wanted.nearest());
        let (clock, at) = fallbacks.iter().find_map(given)?;
        reasons.push(format!("clock `{wanted}` is not given: counted from `{clock}`, the nearest that is"));
        Some((clock, at))
    })?;
    let key_lost =
        if encryption_had_held(rule, inquiry) { given(&Clock::KeyCompromiseDiscovered) } else { None };
    match key_lost {
        Some((clock, at)) if at > found.1 && found.0.event_name().is_none() => {
            reasons
                .push(format!("encryption held until `{clock}`: counted from there, not from `{}`", found.0));
            Some((clock, at))
        }
        Some(_) | None => Some(found),
    }
}

/// Whether only the loss of the key brought the duty about. Without a backup the data was lost with or without it.
fn encryption_had_held(rule: &Rule, inquiry: &Inquiry<'_, '_>) -> bool {
    let facts = inquiry.facts;
    let lost = facts.encrypted && facts.key_is_lost();
    match rule.encryption {
        Encryption::Ignored => false,
        Encryption::SafeHarbour => lost,
        Encryption::LowersRisk => lost && facts.backup == Some(true),
    }
}

fn capped(
    inquiry: &Inquiry<'_, '_>,
    rule: &Rule,
    jurisdiction: &Jurisdiction,
    from: Timestamp,
    end: Timestamp,
    counting: &Counting<'_>,
    reasons: &mut Vec<String>,
) -> Timestamp {
    let mut end = end;
    for cap in &rule.no_later_than {
        let Some(at) = inquiry.facts.clocks.get(cap.clock, jurisdiction) else {
            continue;
        };
        let Some(limit) = deadline::ends(cap.deadline, at, counting) else {
            continue;
        };
        if (from..end).contains(&limit) {
            reasons.push(format!("no later than {} after `{}`", cap.deadline.code(), cap.clock));
            end = limit;
        }
    }
    end
}

fn rolled(
    roll: Option<&Roll>,
    inquiry: &Inquiry<'_, '_>,
    end: Timestamp,
    counting: &Counting<'_>,
    reasons: &mut Vec<String>,
) -> Timestamp {
    let (Some(roll), Some(calendar)) = (roll, counting.calendar) else {
        return end;
    };
    let sectors = &inquiry.facts.controller.sectors;
    let day = day(end, counting.zone);
    if calendar.is_business_day(day) {
        return end;
    }
    if let Some(sector) = roll.exempt_sectors.iter().find(|sector| sectors.contains(*sector)) {
        reasons.push(format!("{day} is no business day, and {sector} gets no relief for that"));
        return end;
    }
    let time = match roll.to {
        RollTo::NextBusinessDay => counting.ends_at,
        RollTo::NoonOfNextBusinessDay => NOON,
    };
    let next = calendar.on_or_after(day);
    match next.and_then(|next| deadline::wall(next, time, counting.zone)) {
        Some(later) => {
            reasons.push(format!("{day} is no business day: rolls to the {}", roll.to));
            later
        }
        None => end,
    }
}

fn day(at: Timestamp, zone: &TimeZone) -> Date {
    at.to_zoned_datetime(zone.clone()).date()
}

/// Says what the calendar does not know of the days that it was asked about: those after `asked_from`, if any, up
/// to `end`.
fn doubts(counting: &Counting<'_>, asked_from: Option<Date>, end: Date, reasons: &mut Vec<String>) {
    let Some(calendar) = counting.calendar else {
        return;
    };
    for day in calendar.doubtful(asked_from.unwrap_or(end), end) {
        reasons.push(format!("{day} may be a holiday ({}): it counts as a business day", calendar.name));
    }
    if !calendar.knows(end) {
        reasons.push(format!(
            "the calendar {} does not reach that year: weekends alone were left out",
            calendar.name
        ));
    }
}

/// A law-enforcement hold suspends a duty; it neither restarts the period nor revives one that had run out.
fn held(inquiry: &Inquiry<'_, '_>, rule: &Rule, deadline: Deadline, mut due: Due) -> Due {
    let Some(hold) = &inquiry.facts.law_enforcement_hold else {
        return due;
    };
    let Some(terms) = &rule.hold else {
        due.reasons.push("this law lets no law-enforcement hold delay the notice".to_owned());
        return due;
    };
    if let Some(who) = &terms.only_by {
        due.reasons
            .push(format!("only {who} can delay this, and the facts do not tell that: the deadline stands"));
        return due;
    }
    match due.at {
        Some(at) if hold.from > at => {
            due.reasons.push("the law-enforcement hold began after the deadline, which stands".to_owned());
            due
        }
        Some(at) => held_with_instant(inquiry, rule, terms, hold, at, due),
        None => held_without_instant(deadline, hold, due),
    }
}

fn held_with_instant(
    inquiry: &Inquiry<'_, '_>,
    rule: &Rule,
    terms: &Hold,
    hold: &LawEnforcementHold,
    at: Timestamp,
    mut due: Due,
) -> Due {
    let (zone, _) = zone(inquiry, rule);
    let counting =
        Counting { first_day_counts: false, from_end_of_year: false, ..counting(inquiry, rule, &zone) };
    let Some(lifted) = hold.lifted else {
        due.reasons.push("suspended while law enforcement holds the notice back".to_owned());
        let limit = terms.at_most.as_ref().and_then(|limit| {
            let end = deadline::ends(limit.deadline, hold.from, &counting)?;
            Some(Reading { due: end.max(at), why: limit.why.clone() })
        });
        return Due { at: None, rule: SUSPENDED.to_owned(), readings: limit.into_iter().collect(), ..due };
    };
    let tail = terms.tail.code();
    match deadline::ends(terms.tail, lifted, &counting) {
        Some(end) if end > at => {
            due.reasons.push(format!("the law-enforcement hold is lifted: {tail} from then"));
            let asked_from = terms.tail.counts_business_days().then(|| day(lifted, &zone));
            doubts(&counting, asked_from, day(end, &zone), &mut due.reasons);
            let rule = format!("{tail}-after-law-enforcement-hold");
            // Some read the tail as what is left once the hold outlasts the period, and nothing before.
            let unheld = (lifted <= at).then(|| Reading {
                due: at,
                why: "the hold was lifted in time, and the deadline without it stands".to_owned(),
            });
            Due { at: Some(end), rule, readings: unheld.into_iter().collect(), ..due }
        }
        None if lifted > at => {
            due.reasons.push(format!("the law-enforcement hold outlasted the deadline: now {tail}"));
            Due { at: None, rule: tail, readings: Vec::new(), ..due }
        }
        Some(_) | None => {
            due.reasons.push("the law-enforcement hold was lifted in time: the deadline stands".to_owned());
            due
        }
    }
}

fn held_without_instant(deadline: Deadline, hold: &LawEnforcementHold, mut due: Due) -> Due {
    let waits = match deadline {
        Deadline::WithoutUndueDelay | Deadline::Immediately => true,
        // These follow another notice, which is itself suspended, or an event that has not happened.
        Deadline::Hours(_)
        | Deadline::Days(_)
        | Deadline::BusinessDays(_)
        | Deadline::Months(_)
        | Deadline::AsOrdered
        | Deadline::ConcurrentWith(_)
        | Deadline::Before(_)
        | Deadline::OnOrAfter(_) => false,
    };
    match hold.lifted {
        None if waits => {
            due.reasons.push("suspended while law enforcement holds the notice back".to_owned());
            Due { rule: SUSPENDED.to_owned(), ..due }
        }
        None => {
            due.reasons.push("law enforcement holds the notice back".to_owned());
            due
        }
        Some(_) => {
            due.reasons.push("the law-enforcement hold is lifted".to_owned());
            due
        }
    }
}

const SUSPENDED: &str = "suspended-by-law-enforcement-hold";
