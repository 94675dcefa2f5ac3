//! Where everybody sits: who shares a wave with whom, at which place, and where the notice is that stands by for theirs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tocsin_domain::id::ObligationId;
use tocsin_domain::notice::{Place, Recipient};
use tocsin_domain::person::{Jurisdiction, Member};
use tocsin_domain::plan::{After, Channel, Failover, Phase, chunk_size};
use tocsin_domain::tenant::Canary;
use tocsin_notices::Template;

use crate::failover::Failovers;
use crate::waves::Duty;

/// What the chunks of one wave have in common, in the order in which waves are numbered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Duties with a number come first, the earliest first.
    pub deadline: (bool, Option<Timestamp>),
    pub obligation: ObligationId,
    pub scope: Option<u32>,
    /// Whose queue and senders serve it.
    pub region: String,
    pub failover: Option<Failover>,
    pub channel: Channel,
    /// Where its people live, where their hours count.
    pub residence: Option<Jurisdiction>,
    pub template: String,
    pub phase: Phase,
    pub stands_by: bool,
}

/// Somebody a notice goes to.
#[derive(Debug, Clone, Copy)]
pub enum To<'a> {
    Person(&'a Member),
    Contact(&'a str),
}

impl To<'_> {
    pub fn recipient(&self) -> Recipient {
        match self {
            To::Person(member) => Recipient::Person(member.person.id, member.slices.clone()),
            To::Contact(name) => Recipient::Contact((*name).to_owned()),
        }
    }
}

/// A seat: the row's and the place in it, as they were taken.
#[derive(Debug, Clone, Copy)]
pub struct Seat {
    row: usize,
    place: usize,
}

/// Where the notice is that stands by for this one, or whose place this one would take.
pub type Counterpart = Option<Place>;

pub struct Seats<'a> {
    failovers: Failovers,
    by_group: BTreeMap<Group, usize>,
    rows: Vec<Taken<'a>>,
}

struct Taken<'a> {
    template: &'a Template,
    duty: &'a Duty,
    seats: Vec<(To<'a>, Option<Seat>)>,
}

/// A wave's notices in order.
pub struct Row<'a> {
    pub number: u32,
    pub after: Option<After>,
    pub group: Group,
    pub template: &'a Template,
    pub duty: &'a Duty,
    pub notices: Vec<(To<'a>, Counterpart)>,
}

impl<'a> Seats<'a> {
    pub fn with(failovers: Failovers) -> Self {
        Self { failovers, by_group: BTreeMap::new(), rows: Vec::new() }
    }

    pub fn sit(&mut self, group: Group, template: &'a Template, duty: &'a Duty, to: To<'a>) -> Seat {
        let group = self.failovers.place(group);
        let next = self.rows.len();
        let row = *self.by_group.entry(group).or_insert(next);
        if row == next {
            self.rows.push(Taken { template, duty, seats: Vec::new() });
        }
        let seats = &mut self.rows[row].seats;
        seats.push((to, None));
        Seat { row, place: seats.len() - 1 }
    }

    /// Takes a seat that stands by for another.
    pub fn stand_by(
        &mut self,
        group: Group,
        template: &'a Template,
        duty: &'a Duty,
        to: To<'a>,
        instead_of: Seat,
    ) {
        let second = self.sit(group, template, duty, to);
        self.rows[second.row].seats[second.place].1 = Some(instead_of);
        self.rows[instead_of.row].seats[instead_of.place].1 = Some(second);
    }

    /// The waves, numbered from 1; those of people, that go and do not stand by, with their canary before them.
    pub fn rows(self, canary: Canary) -> Vec<Row<'a>> {
        let Self { by_group, mut rows, .. } = self;
        let mut layouts = vec![Layout::default(); rows.len()];
        let mut number = 1;
        for (group, row) in &by_group {
            let size = chunk_size(group.channel, group.stands_by);
            let seats = &rows[*row].seats;
            let to_people = seats.first().is_some_and(|(to, _)| matches!(to, To::Person(_)));
            let first = if to_people && !group.stands_by { canary.of(seats.len()) } else { 0 };
            layouts[*row] = Layout { number, size, first };
            number += if first > 0 { 2 } else { 1 };
        }
        let place = |seat: Seat| layouts[seat.row].place(seat.place);
        let mut waves = Vec::new();
        for (group, row) in by_group {
            let seats = std::mem::take(&mut rows[row].seats);
            let Taken { template, duty, .. } = rows[row];
            let Layout { number, first, .. } = layouts[row];
            let mut notices: Vec<_> =
                seats.into_iter().map(|(to, counterpart)| (to, counterpart.map(place))).collect();
            let rest = notices.split_off(first);
            let wave =
                |number, after, notices| Row { number, after, group: group.clone(), template, duty, notices };
            if first > 0 {
                let after = Some(After { wave: number, minutes: canary.minutes });
                waves.extend([wave(number, None, notices), wave(number + 1, after, rest)]);
            } else {
                waves.push(wave(number, None, rest));
            }
        }
        waves
    }
}

/// How a group's seats become places: the first so many in the wave of this number, the others in the next one.
#[derive(Debug, Clone, Copy, Default)]
struct Layout {
    number: u32,
    size: usize,
    first: usize,
}

impl Layout {
    fn place(&self, seat: usize) -> Place {
        let (wave, place) = match seat.checked_sub(self.first) {
            Some(behind) if self.first > 0 => (self.number + 1, behind),
            Some(_) | None => (self.number, seat),
        };
        Place { wave, chunk: (place / self.size) as u32, index: (place % self.size) as u32 }
    }
}
