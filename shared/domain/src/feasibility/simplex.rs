//! The greatest value of one column under limits, exactly: the simplex method in whole numbers.
//!
//! After Edmonds (1967) and Bareiss (1968): all entries share one denominator, the last pivot, and are minors of the
//! matrix, so that every division comes out even. The matrices here are of zeros and ones in runs; their minors stay
//! small. Where they do not, or the table is too large, there is no answer, and whoever asked says so.

/// Entries of the table at most.
const LARGEST: usize = 3_000_000;

/// Pivots at most, for each row and column.
const PATIENCE: usize = 20;

/// Pivots that gain nothing, after which columns are taken in order, which cannot go round in circles (Bland 1977).
const STALLED: usize = 50;

/// The columns of `sum`, less those of `less`, make `most` at most.
pub(super) struct Limit {
    pub sum: Vec<usize>,
    pub less: Vec<usize>,
    /// Not negative.
    pub most: i64,
}

/// The place of the right-hand side in each row; columns come after it.
const RIGHT: usize = 0;

/// Columns that are not negative, under limits that can become more. The last column is made as great as they allow.
pub(super) struct Program {
    columns: usize,
    /// The objective, then the limits, each with its slack at the end of the columns that there were.
    rows: Vec<Vec<i64>>,
    /// The place of the column that each limit's row stands for.
    basis: Vec<usize>,
    denominator: i64,
}

impl Program {
    /// All is nought, and each limit's slack is all of it.
    pub fn new(columns: usize, limits: &[Limit]) -> Option<Self> {
        let width = 1 + columns + limits.len();
        if width * (limits.len() + 1) > LARGEST {
            return None;
        }
        let mut objective = vec![0; width];
        objective[columns] = -1;
        let mut rows = vec![objective];
        for (number, limit) in limits.iter().enumerate() {
            let mut row = vec![0; width];
            limit.write(&mut row, 1)?;
            row[1 + columns + number] = 1;
            rows.push(row);
        }
        Some(Self { columns, rows, basis: (1 + columns..width).collect(), denominator: 1 })
    }

    /// Each column's value, as a numerator.
    pub fn values(&self) -> Vec<i64> {
        let mut values = vec![0; self.columns];
        for (row, &place) in (1..).zip(&self.basis).filter(|(_, place)| **place <= self.columns) {
            values[place - 1] = self.rows[row][RIGHT];
        }
        values
    }

    /// What all values are over. Positive.
    pub fn denominator(&self) -> i64 {
        self.denominator
    }

    /// Makes the last column as great as goes from where all limits are kept.
    pub fn rise(&mut self) -> Option<()> {
        let mut stalled = 0;
        for _ in 0..self.patience() {
            let Some(place) = self.gaining(stalled > STALLED) else { return Some(()) };
            let row = self.limiting(place)?;
            stalled = if self.rows[row][RIGHT] == 0 { stalled + 1 } else { 0 };
            self.pivot(row, place)?;
        }
        None
    }

    /// Adds a limit that is not kept, and gives way to it as little as goes.
    pub fn give_way(&mut self, limit: &Limit) -> Option<()> {
        if (self.rows.len() + 1) * (self.rows[0].len() + 1) > LARGEST {
            return None;
        }
        self.add(limit)?;
        for _ in 0..self.patience() {
            let broken = (1..self.rows.len()).filter(|&row| self.rows[row][RIGHT] < 0);
            let Some(row) = broken.min_by_key(|&row| self.rows[row][RIGHT]) else { return Some(()) };
            self.rows[row].iter_mut().for_each(|entry| *entry = -*entry);
            let place = self.cheapest(row)?;
            self.pivot(row, place)?;
        }
        None
    }

    fn patience(&self) -> usize {
        PATIENCE * (self.rows.len() + self.columns)
    }

    fn add(&mut self, limit: &Limit) -> Option<()> {
        self.rows.iter_mut().for_each(|row| row.push(0));
        let mut row = vec![0; self.rows[0].len()];
        limit.write(&mut row, self.denominator)?;
        let coefficients: Vec<i64> = self.basis.iter().map(|&place| row[place] / self.denominator).collect();
        for (other, coefficient) in self.rows[1..].iter().zip(coefficients).filter(|(_, factor)| *factor != 0)
        {
            for (entry, of_other) in row.iter_mut().zip(other) {
                *entry = entry.checked_sub(of_other.checked_mul(coefficient)?)?;
            }
        }
        let slack = row.len() - 1;
        row[slack] = self.denominator;
        self.basis.push(slack);
        self.rows.push(row);
        Some(())
    }

    fn gaining(&self, in_order: bool) -> Option<usize> {
        let mut gaining = self.rows[0].iter().enumerate().skip(1).filter(|(_, gain)| **gain < 0);
        let chosen = if in_order { gaining.next() } else { gaining.min_by_key(|(_, gain)| **gain) };
        chosen.map(|(place, _)| place)
    }

    /// The row that limits a column first; among equals that of the first column.
    fn limiting(&self, place: usize) -> Option<usize> {
        let mut first: Option<usize> = None;
        for row in (1..self.rows.len()).filter(|&row| self.rows[row][place] > 0) {
            let sooner = match first {
                None => true,
                Some(other) => {
                    let here = self.rows[row][RIGHT].checked_mul(self.rows[other][place])?;
                    let there = self.rows[other][RIGHT].checked_mul(self.rows[row][place])?;
                    (here, self.basis[row - 1]) < (there, self.basis[other - 1])
                }
            };
            if sooner {
                first = Some(row);
            }
        }
        first
    }

    /// The column that costs least to bring in for a row; among equals the first.
    fn cheapest(&self, row: usize) -> Option<usize> {
        let (objective, row) = (&self.rows[0], &self.rows[row]);
        let mut cheapest: Option<usize> = None;
        for place in (1..row.len()).filter(|&place| row[place] > 0) {
            let cheaper = match cheapest {
                None => true,
                Some(other) => {
                    objective[place].checked_mul(row[other])? < objective[other].checked_mul(row[place])?
                }
            };
            if cheaper {
                cheapest = Some(place);
            }
        }
        cheapest
    }

    fn pivot(&mut self, row: usize, place: usize) -> Option<()> {
        let pivot_row = std::mem::take(&mut self.rows[row]);
        let pivot = pivot_row[place];
        let filled: Vec<usize> = (0..pivot_row.len()).filter(|&place| pivot_row[place] != 0).collect();
        let denominator = self.denominator;
        for other in self.rows.iter_mut().filter(|other| !other.is_empty()) {
            let factor = other[place];
            if pivot != denominator {
                for (entry, &of_pivot) in other.iter_mut().zip(&pivot_row) {
                    *entry = reduced(*entry, pivot, factor, of_pivot, denominator)?;
                }
            } else if factor != 0 {
                for &place in &filled {
                    other[place] = reduced(other[place], pivot, factor, pivot_row[place], denominator)?;
                }
            }
        }
        self.rows[row] = pivot_row;
        self.denominator = pivot;
        self.basis[row - 1] = place;
        Some(())
    }
}

impl Limit {
    fn write(&self, row: &mut [i64], denominator: i64) -> Option<()> {
        self.sum.iter().for_each(|&column| row[1 + column] = denominator);
        self.less.iter().for_each(|&column| row[1 + column] = -denominator);
        row[RIGHT] = self.most.checked_mul(denominator)?;
        Some(())
    }
}

/// The division comes out even.
fn reduced(entry: i64, pivot: i64, factor: i64, of_pivot: i64, denominator: i64) -> Option<i64> {
    if denominator == 1 && pivot == 1 {
        return entry.checked_sub(factor.checked_mul(of_pivot)?);
    }
    Some(entry.checked_mul(pivot)?.checked_sub(factor.checked_mul(of_pivot)?)? / denominator)
}
