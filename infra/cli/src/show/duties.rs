//! The table of an incident's duties: what is owed to whom by when, and how far it is.

use jiff::Timestamp;
use serde::Deserialize;
use tocsin_domain::coverage::{Coverage, DutyState};
use tocsin_domain::obligation::{Done, FurtherFiling, Obligation, Owed};

use super::{Options, instant};
use crate::table::{Align, Cell, Paint, Table, clean};

/// One duty as the console shows it.
#[derive(Debug, Deserialize)]
pub struct Duty {
    duty: Obligation,
    coverage: Coverage,
    state: DutyState,
    /// What a person has to do, where no notice of the plan fulfils it.
    desk: Option<String>,
    /// What people say that they did for it.
    #[serde(default)]
    done: Vec<Done>,
    /// Its rule's text is not verified, and counsel has not confirmed it.
    #[serde(default)]
    waits_for_counsel: bool,
}

impl Duty {
    /// What is owed comes first, the earliest due first.
    fn order(&self) -> impl Ord + '_ {
        let Obligation { owed, due, regime, jurisdiction, .. } = &self.duty;
        let rank = match owed {
            Owed::Yes => 0,
            Owed::AskCounsel => 1,
            Owed::No => 2,
        };
        (rank, due.is_none(), *due, regime, jurisdiction)
    }
}

/// Without reasons, duties that are not owed are only counted.
pub fn text(duties: &[Duty], options: Options) -> String {
    let mut shown: Vec<&Duty> =
        duties.iter().filter(|duty| options.reasons || duty.duty.owed != Owed::No).collect();
    shown.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut text = table(&shown, options).text();
    let left_out = duties.len() - shown.len();
    if left_out > 0 {
        text.push_str(&format!("and {left_out} that are not owed\n"));
    }
    if options.reasons {
        text.extend(shown.into_iter().map(reasons));
    }
    text
}

fn table(duties: &[&Duty], options: Options) -> Table {
    let time_left = options.at.map(|_| ("LEFT", Align::Right));
    let columns = [
        ("REGIME", Align::Left),
        ("PLACE", Align::Left),
        ("RECIPIENT", Align::Left),
        ("DUE (UTC)", Align::Left),
        ("STATE", Align::Left),
        ("REACHED", Align::Right),
        ("PENDING", Align::Right),
        ("UNDECIDED", Align::Right),
        ("UNREACHABLE", Align::Left),
        ("FOR A PERSON TO DO", Align::Left),
    ];
    let (before, after) = columns.split_at(4);
    let mut table = Table::new(before.iter().copied().chain(time_left).chain(after.iter().copied()));
    for duty in duties {
        table.row(row(duty, options));
    }
    table
}

fn row(shown: &Duty, options: Options) -> Vec<Cell> {
    let Duty { duty, coverage, state, .. } = shown;
    let due = duty.due.map_or_else(|| duty.due_rule.clone(), instant);
    let mut row: Vec<Cell> =
        vec![(&duty.regime).into(), (&duty.jurisdiction).into(), (&duty.recipient).into(), due.into()];
    row.extend(options.at.map(|at| Cell::from(duty.due.map_or("-".to_owned(), |due| time_left(due, at)))));
    let paint = if options.colour { paint(*state) } else { Paint::Plain };
    row.push(Cell::painted(state.as_str(), paint));
    // Who is told by hand has no receipts.
    let count =
        |count: u64| Cell::from(if coverage.total() == 0 { "-".to_owned() } else { count.to_string() });
    row.extend([count(coverage.reached), count(coverage.pending), count(coverage.undecided)]);
    row.push(unreachable(coverage).into());
    let confirm = shown.waits_for_counsel.then(|| format!("counsel confirms the rule ({})", duty.confidence));
    let to_do: Vec<String> = confirm.into_iter().chain(to_do(shown)).collect();
    row.push(to_do.join("; ").into());
    row
}

/// What a person has to do for it, did, or was too late with.
fn to_do(Duty { coverage, state, desk, done, .. }: &Duty) -> Option<String> {
    let last_reached = coverage.last_reached.filter(|_| *state == DutyState::MetLate);
    match (done.last(), last_reached) {
        (Some(Done { at, place, .. }), _) => Some(format!("done {}: {place}", instant(*at))),
        (None, Some(last)) => Some(format!("the last was reached {}", instant(last))),
        (None, None) => desk.clone(),
    }
}

/// How many, and why.
fn unreachable(coverage: &Coverage) -> String {
    match (coverage.total(), coverage.unreachable_total()) {
        (0, _) => "-".to_owned(),
        (_, 0) => "0".to_owned(),
        (_, _) => {
            let why = coverage.unreachable.iter().map(|(why, count)| format!("{count} {}", why.as_str()));
            why.collect::<Vec<_>>().join(", ")
        }
    }
}

/// In days, hours and minutes, never more than there is; with a minus when the instant has passed.
fn time_left(due: Timestamp, at: Timestamp) -> String {
    let seconds = due.duration_since(at).as_secs();
    let minutes = seconds.unsigned_abs() / 60;
    let sign = if seconds < 0 { "-" } else { "" };
    format!("{sign}{}d {:02}h {:02}m", minutes / (24 * 60), minutes / 60 % 24, minutes % 60)
}

fn paint(state: DutyState) -> Paint {
    match state {
        DutyState::NotOwed | DutyState::Open => Paint::Plain,
        DutyState::Met | DutyState::MetByWord => Paint::Green,
        DutyState::MetLate
        | DutyState::MetByWordLate
        | DutyState::AtRisk
        | DutyState::OnDesk
        | DutyState::AskCounsel => Paint::Yellow,
        DutyState::Late => Paint::Red,
        DutyState::Undecided => Paint::Magenta,
    }
}

fn reasons(Duty { duty, state, waits_for_counsel, .. }: &Duty) -> String {
    let waits = if *waits_for_counsel { ", waits for counsel" } else { "" };
    let Obligation { regime, jurisdiction, citation, confidence, .. } = duty;
    let mut lines = vec![
        String::new(),
        format!("{regime} in {jurisdiction}: {}", state.as_str()),
        format!("  {citation} ({confidence}{waits})"),
        format!(
            "  due: {}{}",
            duty.due_rule,
            duty.due.map(|due| format!(", {}", instant(due))).unwrap_or_default()
        ),
    ];
    lines.extend(
        duty.alarm.filter(|alarm| Some(*alarm) != duty.due).map(|at| format!("  alarm: {}", instant(at))),
    );
    lines.extend(duty.readings.iter().map(|other| format!("  or {}: {}", instant(other.due), other.why)));
    lines.extend(duty.further_filings.iter().map(further_filing));
    lines.extend(duty.reasons.iter().map(|reason| format!("  - {reason}")));
    lines.iter().map(|line| clean(line) + "\n").collect()
}

fn further_filing(filing: &FurtherFiling) -> String {
    let role = if filing.opens_exception { "to be excused where no harm is likely" } else { "then" };
    let due = filing.due.map(|due| format!(", {}", instant(due))).unwrap_or_default();
    format!("  {role}: {} ({}{due})", filing.what, filing.due_rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_never_more_than_there_is() {
        let due = "2026-11-30T16:40:00Z".parse().unwrap();
        for (at, expected) in [
            ("2026-11-27T16:40:00Z", "3d 00h 00m"),
            ("2026-11-30T16:39:01Z", "0d 00h 00m"),
            ("2026-11-30T16:40:00Z", "0d 00h 00m"),
            ("2026-11-30T16:40:01Z", "-0d 00h 00m"),
            ("2026-12-01T18:45:00Z", "-1d 02h 05m"),
        ] {
            assert_eq!(time_left(due, at.parse().unwrap()), expected, "{at}");
        }
    }
}
