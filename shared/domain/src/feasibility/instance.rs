//! The question in whole seconds and whole messages: classes of people, cells of time, and limits over runs of cells.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::question::{Capacity, Demand, Question};
use crate::window::merged;

pub(super) const DAY: i64 = 86_400;

/// The question as numbers. A change that might buy something back is a change to a copy of it.
#[derive(Clone)]
pub(super) struct Model {
    pub now: i64,
    pub lanes: Vec<LaneModel>,
    /// Earliest deadline first; those without one at the end.
    pub classes: Vec<Class>,
}

#[derive(Clone)]
pub(super) struct LaneModel {
    pub sent: i64,
    /// From when on, and what; the first holds before it, too.
    pub capacities: Vec<(i64, Capacity)>,
}

#[derive(Clone)]
pub(super) struct Class {
    /// The demand's place in the question.
    pub demand: usize,
    pub people: i64,
    pub last: Option<i64>,
    /// Nothing goes out before.
    pub earliest: i64,
    /// The first is its own.
    pub lanes: Vec<usize>,
    /// Lanes that may serve it, too, if that is allowed.
    pub elsewhere: Vec<usize>,
    /// When these people may be reached, in order and apart, whether they are late by then or not.
    pub reachable: Vec<(i64, i64)>,
    /// The part of it that lies before `last`.
    pub open: Vec<(i64, i64)>,
}

impl Model {
    /// Everybody in their own lane. What is not a whole second is rounded so that less can be sent.
    pub fn of(question: &Question) -> Self {
        let lanes = question.supplies.iter().map(|lane| {
            let changes = lane.changes.iter().map(|change| (change.at.as_second(), change.capacity));
            let capacities = [(i64::MIN, lane.capacity)].into_iter().chain(changes).collect();
            LaneModel { sent: whole(lane.sent), capacities }
        });
        let lane_of = |region: &String, channel| {
            question.supplies.iter().position(|lane| lane.region == *region && lane.channel == channel)
        };
        let class = |(place, demand): (usize, &Demand)| {
            let last = demand.last.map(|last| last.as_second());
            let earliest = ceiling(demand.earliest);
            let spans =
                demand.open.iter().map(|open| (ceiling(open.from()).max(earliest), open.until().as_second()));
            let reachable = merged(spans.filter(|(from, until)| from < until).collect());
            let open = until(&reachable, last);
            let Demand { region, channel, .. } = demand;
            let lanes = lane_of(region, *channel).into_iter().collect();
            let others = demand.elsewhere.iter().filter(|other| *other != region);
            let elsewhere = others.filter_map(|other| lane_of(other, *channel)).collect();
            Class {
                demand: place,
                people: whole(demand.people),
                last,
                earliest,
                lanes,
                elsewhere,
                reachable,
                open,
            }
        };
        let mut classes: Vec<Class> = question.demands.iter().enumerate().map(class).collect();
        classes.sort_by_key(|class| (class.last.is_none(), class.last));
        Self { now: question.now.as_second(), lanes: lanes.collect(), classes }
    }

    /// The part of it that these classes are.
    pub fn only(&self, wanted: impl Fn(&Class) -> bool) -> Self {
        let classes = self.classes.iter().filter(|class| wanted(class)).cloned().collect();
        Self { now: self.now, lanes: self.lanes.clone(), classes }
    }
}

impl Class {
    /// With another deadline.
    pub fn due(mut self, last: Option<i64>) -> Self {
        self.open = until(&self.reachable, last);
        self.last = last;
        self
    }
}

fn until(spans: &[(i64, i64)], last: Option<i64>) -> Vec<(i64, i64)> {
    let clipped = spans.iter().map(|&(from, until)| (from, until.min(last.unwrap_or(i64::MAX))));
    clipped.filter(|(from, until)| from < until).collect()
}

/// The first whole second that is not before an instant.
pub(super) fn ceiling(at: jiff::Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

/// Counts beyond this are no limit to anybody.
fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX).min(1 << 60)
}

impl LaneModel {
    pub fn capacity_at(&self, second: i64) -> Capacity {
        let held = self.capacities.iter().take_while(|(from, _)| *from <= second);
        held.last().map_or(Capacity { rate: 0, quota: None }, |&(_, capacity)| capacity)
    }
}

/// A stretch of time in one lane in which nothing changes: who may be reached, the rate, the quota. Somebody may be
/// reached in it.
pub(super) struct Cell {
    pub lane: usize,
    pub from: i64,
    pub until: i64,
    pub rate: i64,
    /// Messages that the rate allows.
    pub most: i64,
    /// Whether a quota may bind in this lane: then the messages of a cell are spread evenly over it.
    pub spread: bool,
}

impl Cell {
    /// When so many of all that the cell sends are handed over, as a second that is not before it.
    pub fn sent_by(&self, messages: i64, of_all: i64) -> i64 {
        let (messages, of_all, seconds) =
            (i128::from(messages), i128::from(of_all.max(1)), i128::from(self.until - self.from));
        let passed = if self.spread {
            (messages * seconds + of_all - 1) / of_all
        } else {
            let rate = i128::from(self.rate.max(1));
            (messages + rate - 1) / rate
        };
        self.from + i64::try_from(passed.min(seconds)).unwrap_or(self.until - self.from)
    }
}

/// What a run of cells may send together.
pub(super) struct Limit {
    pub cells: Range<usize>,
    pub most: i64,
}

/// The model from one start on.
pub(super) struct Instance<'a> {
    pub classes: &'a [Class],
    /// Supply by lane, in order of time.
    pub cells: Vec<Cell>,
    pub limits: Vec<Limit>,
    /// The limits that hold over each cell.
    pub limits_of: Vec<Vec<usize>>,
    /// The cells in which each class may be told, in order of time.
    pub cells_of: Vec<Vec<usize>>,
}

impl<'a> Instance<'a> {
    pub fn new(model: &'a Model, start: i64) -> Self {
        let (mut cells, mut limits) = (Vec::new(), Vec::new());
        for (number, lane) in model.lanes.iter().enumerate() {
            let users = model.classes.iter().filter(|class| class.lanes.contains(&number));
            LaneGrid::new(model.now, start, number, lane, users).cut(&mut cells, &mut limits);
        }
        let mut limits_of = vec![Vec::new(); cells.len()];
        for (number, limit) in limits.iter().enumerate() {
            limit.cells.clone().for_each(|cell| limits_of[cell].push(number));
        }
        let cells_of = model.classes.iter().map(|class| cells_of(class, &cells)).collect();
        Self { classes: &model.classes, cells, limits, limits_of, cells_of }
    }
}

fn cells_of(class: &Class, cells: &[Cell]) -> Vec<usize> {
    let mut open: Vec<(i64, usize, usize)> = Vec::new();
    for (preference, &lane) in class.lanes.iter().enumerate() {
        let (mut spans, mut span) = (class.open.iter(), None);
        for (number, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.lane == lane) {
            while span.is_none_or(|&(_, until)| until <= cell.from) {
                let Some(next) = spans.next() else { break };
                span = Some(next);
            }
            if span.is_some_and(|&(from, until)| from <= cell.from && cell.until <= until) {
                open.push((cell.from, preference, number));
            }
        }
    }
    open.sort_unstable();
    open.into_iter().map(|(_, _, number)| number).collect()
}

/// One lane's time, to be cut into cells.
struct LaneGrid<'a> {
    number: usize,
    lane: &'a LaneModel,
    start: i64,
    end: i64,
    /// When anybody at all may be told: what is closed to all has no cells.
    open: Vec<(i64, i64)>,
    /// Everybody who may be told through this lane.
    people: i64,
    /// When the last message of those that were sent before this plan leaves the 24 hours at the latest.
    returned: i64,
    cuts: BTreeSet<i64>,
}

impl<'a> LaneGrid<'a> {
    fn new(
        now: i64,
        start: i64,
        number: usize,
        lane: &'a LaneModel,
        users: impl Iterator<Item = &'a Class>,
    ) -> Self {
        let (mut people, mut open) = (0, Vec::new());
        for class in users {
            people += class.people;
            open.extend_from_slice(&class.open);
        }
        let mut cuts: BTreeSet<i64> = open.iter().flat_map(|&(from, until)| [from, until]).collect();
        cuts.insert(start);
        cuts.extend(lane.capacities.iter().map(|&(from, _)| from));
        let open = merged(open);
        let end = open.last().map_or(start, |&(_, until)| until.max(start));
        let mut grid = Self { number, lane, start, end, open, people, returned: now.min(start) + DAY, cuts };
        if grid.may_bind() {
            grid.close();
        }
        grid.cuts.retain(|cut| (start..=end).contains(cut));
        grid
    }

    fn quota(&self, at: i64) -> i64 {
        self.lane.capacity_at(at).quota.map_or(i64::MAX, whole)
    }

    fn may_bind(&self) -> bool {
        let quotas = self.lane.capacities.iter().filter_map(|(_, capacity)| capacity.quota.map(whole));
        quotas.min().is_some_and(|quota| quota < self.people + self.lane.sent)
    }

    /// Cuts each day where any day is cut.
    fn close(&mut self) {
        self.cuts.insert(self.returned);
        self.cuts.retain(|cut| (self.start..=self.end.max(self.returned)).contains(cut));
        let times_of_day: BTreeSet<i64> = self.cuts.iter().map(|cut| cut.rem_euclid(DAY)).collect();
        for day in self.start.div_euclid(DAY)..=self.end.div_euclid(DAY) {
            self.cuts.extend(times_of_day.iter().map(|time| day * DAY + time));
        }
    }

    fn cut(&self, cells: &mut Vec<Cell>, limits: &mut Vec<Limit>) {
        let first = cells.len();
        let spread = self.may_bind();
        let mut open = self.open.iter().peekable();
        for (&from, &until) in self.cuts.iter().zip(self.cuts.iter().skip(1)) {
            while open.next_if(|&&(_, until)| until <= from).is_some() {}
            if open.peek().is_none_or(|&&(opens, _)| from < opens) {
                continue;
            }
            let rate = whole(self.lane.capacity_at(from).rate);
            let most = rate.saturating_mul(until - from).min(self.people);
            cells.push(Cell { lane: self.number, from, until, rate, most, spread });
        }
        if spread {
            self.limit(first, cells, limits);
        }
    }

    /// In each cell its quota holds over the 24 hours that end where it begins, and over those that end where it ends.
    fn limit(&self, first: usize, cells: &[Cell], limits: &mut Vec<Limit>) {
        let mut least: BTreeMap<(usize, usize), i64> = BTreeMap::new();
        for number in first..cells.len() {
            let Cell { from, until, .. } = cells[number];
            let before = if until <= self.returned { self.lane.sent } else { 0 };
            let most = self.quota(from).saturating_sub(before).max(0);
            for (end, past) in [(from, number), (until, number + 1)] {
                let begin = first + cells[first..].partition_point(|cell| cell.from < end - DAY);
                if begin < past {
                    let known = least.entry((begin, past)).or_insert(most);
                    *known = most.min(*known);
                }
            }
        }
        let mut stricter = (usize::MAX, i64::MAX);
        for ((begin, past), most) in least.into_iter().rev() {
            // Of those that begin together, a longer one that is as strict says it all.
            let said = stricter.0 == begin && stricter.1 <= most;
            let by_rate: i64 = cells[begin..past].iter().map(|cell| cell.most).sum();
            if !said && most < self.people.min(by_rate) {
                limits.push(Limit { cells: begin..past, most });
                stricter = (begin, most);
            }
        }
    }
}
