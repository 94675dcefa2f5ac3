//! The greatest flow through a network: Dinic's algorithm, in whole numbers.

use std::collections::VecDeque;

pub(super) struct Network {
    /// The edges that leave each node.
    leaving: Vec<Vec<usize>>,
    /// Each edge with its opposite behind it: 2k and 2k + 1.
    edges: Vec<Edge>,
}

struct Edge {
    to: usize,
    left: i64,
}

impl Network {
    pub fn new(nodes: usize) -> Self {
        Self { leaving: vec![Vec::new(); nodes], edges: Vec::new() }
    }

    /// An edge that carries `flow` already and can carry `left` more. Its number names it.
    pub fn edge(&mut self, from: usize, to: usize, flow: i64, left: i64) -> usize {
        let number = self.edges.len();
        self.edges.extend([Edge { to, left }, Edge { to: from, left: flow }]);
        self.leaving[from].push(number);
        self.leaving[to].push(number + 1);
        number
    }

    pub fn widen(&mut self, edge: usize, by: i64) {
        self.edges[edge].left += by;
    }

    pub fn flow(&self, edge: usize) -> i64 {
        self.edges[edge ^ 1].left
    }

    /// Sends as much more as goes, and says how much.
    pub fn fill(&mut self, source: usize, sink: usize) -> i64 {
        let mut sent = 0;
        loop {
            let levels = self.levels(source);
            if levels[sink].is_none() {
                return sent;
            }
            let mut next = vec![0; self.leaving.len()];
            while let Some(more) = self.push_along(source, sink, i64::MAX, &levels, &mut next) {
                sent += more;
            }
        }
    }

    /// Which nodes more could be sent to: after [`Network::fill`], the source's side of a smallest cut.
    pub fn reached(&self, source: usize) -> Vec<bool> {
        self.levels(source).into_iter().map(|level| level.is_some()).collect()
    }

    fn levels(&self, source: usize) -> Vec<Option<u32>> {
        let mut levels = vec![None; self.leaving.len()];
        levels[source] = Some(0);
        let mut queue = VecDeque::from([(source, 0)]);
        while let Some((node, level)) = queue.pop_front() {
            for edge in self.leaving[node].iter().map(|&number| &self.edges[number]) {
                if edge.left > 0 && levels[edge.to].is_none() {
                    levels[edge.to] = Some(level + 1);
                    queue.push_back((edge.to, level + 1));
                }
            }
        }
        levels
    }

    /// One path by rising levels. A path is as long as there are classes and cells at most, and in practice four edges.
    fn push_along(
        &mut self,
        node: usize,
        sink: usize,
        most: i64,
        levels: &[Option<u32>],
        next: &mut [usize],
    ) -> Option<i64> {
        if node == sink {
            return Some(most);
        }
        while let Some(&number) = self.leaving[node].get(next[node]) {
            let Edge { to, left } = self.edges[number];
            if left > 0
                && levels[to] == levels[node].map(|level| level + 1)
                && let Some(sent) = self.push_along(to, sink, most.min(left), levels, next)
            {
                self.edges[number].left -= sent;
                self.edges[number ^ 1].left += sent;
                return Some(sent);
            }
            next[node] += 1;
        }
        None
    }
}
