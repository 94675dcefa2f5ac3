//! What is planned so far, and how much room is left.

use super::instance::Instance;

/// Messages by class and cell, within every limit.
pub(super) struct Ledger<'a> {
    instance: &'a Instance<'a>,
    /// Beside [`Instance::cells_of`], place by place.
    sent: Vec<Vec<i64>>,
    /// People of each class who are not planned yet.
    waiting: Vec<i64>,
    room_of_cells: Vec<i64>,
    room_of_limits: Vec<i64>,
}

impl<'a> Ledger<'a> {
    pub fn new(instance: &'a Instance<'a>) -> Self {
        Self {
            instance,
            sent: instance.cells_of.iter().map(|cells| vec![0; cells.len()]).collect(),
            waiting: instance.classes.iter().map(|class| class.people).collect(),
            room_of_cells: instance.cells.iter().map(|cell| cell.most).collect(),
            room_of_limits: instance.limits.iter().map(|limit| limit.most).collect(),
        }
    }

    /// Plans messages of a class in the cell at a place of its list. Whoever calls has seen that there is room.
    pub fn put(&mut self, class: usize, place: usize, messages: i64) {
        let cell = self.instance.cells_of[class][place];
        self.sent[class][place] += messages;
        self.waiting[class] -= messages;
        self.room_of_cells[cell] -= messages;
        for &limit in &self.instance.limits_of[cell] {
            self.room_of_limits[limit] -= messages;
        }
    }

    fn room(&self, cell: usize) -> i64 {
        let of_limits = self.instance.limits_of[cell].iter().map(|&limit| self.room_of_limits[limit]);
        of_limits.fold(self.room_of_cells[cell], i64::min)
    }

    /// As time goes by, earliest deadline first, as much as there is room for: what a dispatcher does that looks at
    /// nothing but deadlines and limits.
    pub fn send_by_deadline(&mut self) {
        self.send(|last| last.is_some());
    }

    /// Those who have no number to be met, where there is room.
    pub fn send_without_deadline(&mut self) {
        self.send(|last| last.is_none());
    }

    fn send(&mut self, wanted: impl Fn(Option<i64>) -> bool) {
        let mut turns: Vec<(i64, usize, usize, usize)> = Vec::new();
        for (class, cells) in self.instance.cells_of.iter().enumerate() {
            if !wanted(self.instance.classes[class].last) {
                continue;
            }
            let turn = |(place, &cell): (usize, &usize)| (self.instance.cells[cell].from, class, place, cell);
            turns.extend(cells.iter().enumerate().map(turn));
        }
        turns.sort_unstable();
        for (_, class, place, cell) in turns {
            if self.waiting[class] > 0 {
                let messages = self.waiting[class].min(self.room(cell));
                if messages > 0 {
                    self.put(class, place, messages);
                }
            }
        }
    }

    pub fn waiting(&self, class: usize) -> i64 {
        self.waiting[class]
    }

    /// People who have a number to be met and are not planned within it.
    pub fn late(&self) -> i64 {
        let classes = self.instance.classes.iter().zip(&self.waiting);
        classes.filter(|(class, _)| class.last.is_some()).map(|(_, waiting)| waiting).sum()
    }

    pub fn sent_in(&self, class: usize) -> &[i64] {
        &self.sent[class]
    }

    /// Messages planned in each cell.
    pub fn by_cell(&self) -> Vec<i64> {
        self.instance.cells.iter().zip(&self.room_of_cells).map(|(cell, room)| cell.most - room).collect()
    }
}
