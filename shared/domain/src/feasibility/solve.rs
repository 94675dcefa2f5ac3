//! The schedule that leaves the fewest people late, and the proof that none leaves fewer.

use super::flow::Network;
use super::instance::Instance;
use super::ledger::Ledger;
use super::simplex::{self, Program};

pub(super) struct Solution<'a> {
    pub ledger: Ledger<'a>,
    /// No schedule leaves fewer late.
    pub at_least: i64,
}

impl Solution<'_> {
    pub fn fits(&self) -> bool {
        self.ledger.late() == 0
    }
}

/// See the module's comment for why this is exact.
pub(super) fn solve<'a>(instance: &'a Instance<'a>) -> Solution<'a> {
    let mut ledger = Ledger::new(instance);
    ledger.send_by_deadline();
    if ledger.late() == 0 {
        return Solution { ledger, at_least: 0 };
    }
    if instance.limits.is_empty() {
        let rates: Vec<i64> = instance.cells.iter().map(|cell| cell.most).collect();
        let ledger = assigned(instance, &rates);
        return Solution { at_least: ledger.late(), ledger };
    }
    within_quotas(instance, ledger)
}

fn within_quotas<'a>(instance: &'a Instance<'a>, greedy: Ledger<'a>) -> Solution<'a> {
    let proven = proven_late(instance);
    if proven == greedy.late() {
        return Solution { ledger: greedy, at_least: proven };
    }
    let (late, cells) = fluid(instance).unwrap_or_else(|| (proven, greedy.by_cell()));
    let mut ledger = assigned(instance, &cells);
    ledger.send_by_deadline();
    let ledger = if ledger.late() < greedy.late() { ledger } else { greedy };
    Solution { ledger, at_least: late.max(proven) }
}

/// Assigns classes to cells that send so much at most: as many people as go, those of earlier deadlines first, and each
/// as early as goes.
fn assigned<'a>(instance: &'a Instance<'a>, most: &[i64]) -> Ledger<'a> {
    let mut assignment = Assignment::empty(instance, most);
    let served: Vec<i64> = (0..instance.classes.len())
        .map(|class| match instance.classes[class].last {
            Some(_) => assignment.serve(class, instance.classes[class].people),
            None => 0,
        })
        .collect();
    let early = as_early_as_goes(instance, most, &served);
    let mut assignment = Assignment::new(instance, most, &early);
    for (class, sent) in early.iter().enumerate() {
        assignment.serve(class, served[class] - sent.iter().sum::<i64>());
    }
    let mut ledger = Ledger::new(instance);
    for (class, edges) in assignment.edges_of.iter().enumerate() {
        for (place, &edge) in edges.iter().enumerate() {
            ledger.put(class, place, assignment.network.flow(edge));
        }
    }
    ledger
}

/// Earliest deadline first, as time goes by: nearly an assignment already.
fn as_early_as_goes(instance: &Instance<'_>, most: &[i64], served: &[i64]) -> Vec<Vec<i64>> {
    let mut room = most.to_vec();
    let mut sent: Vec<Vec<i64>> = instance.cells_of.iter().map(|cells| vec![0; cells.len()]).collect();
    for (class, cells) in instance.cells_of.iter().enumerate() {
        let mut waiting = served[class];
        for (place, &cell) in cells.iter().enumerate() {
            let messages = waiting.min(room[cell]);
            sent[class][place] = messages;
            waiting -= messages;
            room[cell] -= messages;
        }
    }
    sent
}

/// From the source to classes, to the cells in which they may be told, to the sink.
struct Assignment {
    network: Network,
    /// From the source, by class.
    entries: Vec<usize>,
    edges_of: Vec<Vec<usize>>,
}

const SOURCE: usize = 0;
const SINK: usize = 1;
const FIRST_CLASS: usize = 2;

impl Assignment {
    fn empty(instance: &Instance<'_>, most: &[i64]) -> Self {
        let nothing: Vec<Vec<i64>> = instance.cells_of.iter().map(|cells| vec![0; cells.len()]).collect();
        Self::new(instance, most, &nothing)
    }

    /// `sent` is assigned already, by class and place.
    fn new(instance: &Instance<'_>, most: &[i64], sent: &[Vec<i64>]) -> Self {
        let classes = instance.classes.len();
        let first_cell = FIRST_CLASS + classes;
        let mut network = Network::new(first_cell + most.len());
        let mut in_cells = vec![0; most.len()];
        let (mut entries, mut edges_of) = (Vec::new(), Vec::new());
        for (class, cells) in instance.cells_of.iter().enumerate() {
            entries.push(network.edge(SOURCE, FIRST_CLASS + class, sent[class].iter().sum(), 0));
            let mut edges = Vec::new();
            for (&cell, &already) in cells.iter().zip(&sent[class]) {
                in_cells[cell] += already;
                edges.push(network.edge(FIRST_CLASS + class, first_cell + cell, already, i64::MAX / 4));
            }
            edges_of.push(edges);
        }
        for (cell, &most) in most.iter().enumerate() {
            network.edge(first_cell + cell, SINK, in_cells[cell], most - in_cells[cell]);
        }
        Self { network, entries, edges_of }
    }

    /// Assigns so many more of a class, as far as goes without taking anybody else's assignment away.
    fn serve(&mut self, class: usize, people: i64) -> i64 {
        if people == 0 {
            return 0;
        }
        self.network.widen(self.entries[class], people);
        self.network.fill(SOURCE, SINK)
    }

    /// Assigns as many of everybody as go, each counted as so many.
    fn serve_all(&mut self, instance: &Instance<'_>, each: i64) -> Option<i64> {
        let everybody: i64 = dated(instance).map(|class| instance.classes[class].people).sum();
        everybody.checked_mul(each)?;
        for class in dated(instance) {
            self.network.widen(self.entries[class], instance.classes[class].people * each);
        }
        Some(self.network.fill(SOURCE, SINK))
    }

    /// The classes that compete for too few cells: the source's side of a smallest cut.
    fn short(&self) -> Vec<bool> {
        let reached = self.network.reached(SOURCE);
        (0..self.entries.len()).map(|class| reached[FIRST_CLASS + class]).collect()
    }
}

/// People who are late whatever is done: those up to some deadline can be told only in the cells that they share.
fn proven_late(instance: &Instance<'_>) -> i64 {
    let (mut people, mut open, mut proven) = (0, vec![false; instance.cells.len()], 0);
    let dated = instance.classes.iter().zip(&instance.cells_of).filter(|(class, _)| class.last.is_some());
    for (class, cells) in dated {
        people += class.people;
        cells.iter().for_each(|&cell| open[cell] = true);
        proven = proven.max(people - most_in(instance, &open));
    }
    proven
}

/// The most messages that limits and rates allow in these cells: the cumulative sums of all that may be sent are
/// distances at most, so the greatest is a shortest way (Bellman 1958).
fn most_in(instance: &Instance<'_>, open: &[bool]) -> i64 {
    let count = instance.cells.len();
    let mut sums = vec![i64::MAX / 4; count + 1];
    sums[0] = 0;
    loop {
        let before = sums.clone();
        for cell in 0..count {
            let most = if open[cell] { instance.cells[cell].most } else { 0 };
            sums[cell + 1] = sums[cell + 1].min(sums[cell] + most);
        }
        for limit in &instance.limits {
            sums[limit.cells.end] = sums[limit.cells.end].min(sums[limit.cells.start] + limit.most);
        }
        for cell in (0..count).rev() {
            sums[cell] = sums[cell].min(sums[cell + 1]);
        }
        if sums == before {
            return sums[count];
        }
    }
}

/// How often a set of classes is added, at most.
const ROUNDS: usize = 500;

/// The schedule in parts of messages that leaves the fewest late: how many those are, rounded up, and what each cell
/// sends in it, with every sum over a run of cells rounded up or down, so that all limits hold.
///
/// What cells send serves as many people as a smallest cut says: those outside a set of classes, and what the cells of
/// the set send. A program knows the limits and some sets, those up to each deadline at first. As long as the cells
/// that it proposes serve fewer people than it believes, the cut that says so is the next set.
fn fluid(instance: &Instance<'_>) -> Option<(i64, Vec<i64>)> {
    let served = instance.cells.len();
    let mut limits = limits_of_cells(instance);
    limits.extend(deadlines(instance).map(|set| bound(instance, &set)));
    limits.push(bound(instance, &vec![false; instance.classes.len()]));
    let mut program = Program::new(served + 1, &limits)?;
    program.rise()?;
    for _ in 0..ROUNDS {
        let (denominator, values) = (program.denominator(), program.values());
        let mut assignment = Assignment::empty(instance, &values[..served]);
        if assignment.serve_all(instance, denominator)? == values[served] {
            let people: i64 = dated(instance).map(|class| instance.classes[class].people).sum();
            return Some((people - values[served] / denominator, rounded(&values[..served], denominator)));
        }
        program.give_way(&bound(instance, &assignment.short()))?;
    }
    None
}

fn dated(instance: &Instance<'_>) -> impl Iterator<Item = usize> {
    (0..instance.classes.len()).filter(|&class| instance.classes[class].last.is_some())
}

/// The classes up to each deadline.
fn deadlines(instance: &Instance<'_>) -> impl Iterator<Item = Vec<bool>> {
    dated(instance).map(|last| (0..instance.classes.len()).map(|class| class <= last).collect())
}

/// What limits and rates say of each cell's messages.
fn limits_of_cells(instance: &Instance<'_>) -> Vec<simplex::Limit> {
    let quotas = instance.limits.iter().map(|limit| (limit.cells.clone(), limit.most));
    let unsaid = |cell: &usize| {
        let most = instance.cells[*cell].most;
        instance.limits_of[*cell].iter().all(|&limit| instance.limits[limit].most > most)
    };
    let rates =
        (0..instance.cells.len()).filter(unsaid).map(|cell| (cell..cell + 1, instance.cells[cell].most));
    quotas
        .chain(rates)
        .map(|(cells, most)| simplex::Limit { sum: cells.collect(), less: Vec::new(), most })
        .collect()
}

/// No more people are served than those outside a set of classes, and what the cells of the set send.
fn bound(instance: &Instance<'_>, set: &[bool]) -> simplex::Limit {
    let outside =
        dated(instance).filter(|&class| !set[class]).map(|class| instance.classes[class].people).sum();
    let mut cells: Vec<usize> = dated(instance)
        .filter(|&class| set[class])
        .flat_map(|class| instance.cells_of[class].clone())
        .collect();
    cells.sort_unstable();
    cells.dedup();
    simplex::Limit { sum: vec![instance.cells.len()], less: cells, most: outside }
}

/// Each cell sends the difference of the cumulative sums behind and before it, rounded down.
fn rounded(sent: &[i64], denominator: i64) -> Vec<i64> {
    let (mut whole, mut part) = (Vec::new(), 0);
    for sent in sent {
        part += sent % denominator;
        whole.push(sent / denominator + part / denominator);
        part %= denominator;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::super::instance::{Class, DAY, LaneModel, Model};
    use super::super::question::Capacity;
    use super::*;

    #[test]
    fn sums_are_rounded_and_not_each_cell() {
        assert_eq!(rounded(&[1, 1, 1, 3], 2), [0, 1, 0, 2]);
        assert_eq!(rounded(&[3, 0, 4], 1), [3, 0, 4]);
    }

    #[test]
    fn what_the_first_deadlines_need_proves_how_many_are_late_before_a_program_is_asked() {
        let capacity = Capacity { rate: 1000, quota: Some(100) };
        let class = |demand: usize, people: i64, days: i64| Class {
            demand,
            people,
            last: Some(days * DAY),
            earliest: 0,
            lanes: vec![0],
            elsewhere: Vec::new(),
            reachable: vec![(0, 3 * DAY)],
            open: vec![(0, days * DAY)],
        };
        let late = |first: i64, second: i64| {
            let lanes = vec![LaneModel { sent: 40, capacities: vec![(i64::MIN, capacity)] }];
            let model = Model { now: 0, lanes, classes: vec![class(0, first, 2), class(1, second, 3)] };
            proven_late(&Instance::new(&model, 0))
        };
        assert_eq!([late(160, 100), late(161, 99), late(160, 101), late(171, 100)], [0, 1, 1, 11]);
    }
}
