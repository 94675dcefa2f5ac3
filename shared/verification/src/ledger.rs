//! The references that were sent, laid out in shards.

use std::fmt::Write;

use crate::files::{self, Files, sha256};
use crate::manifest::{Draft, References};
use crate::notice::{Counted, Notice};
use crate::print::Print;

/// How many references a shard has at most, when they spread evenly as hashes do: some 150 KB. Of a shard its reader's
/// provider learns that one of so many was looked up.
const SHARD: u64 = 4096;

/// Which references stand in which notices.
pub struct Ledger {
    notices: Vec<Notice>,
    lines: Vec<(Print, u32)>,
}

/// A ledger that is closed: what the manifest says of it, and its shards.
pub struct Book {
    pub draft: Draft,
    pub shards: Files,
}

impl Ledger {
    pub fn of(notices: Vec<Notice>) -> Self {
        Self { notices, lines: Vec::new() }
    }

    /// A reference stands in the notice at this place; said twice it is the same.
    pub fn add(&mut self, notice: u32, print: Print) {
        self.lines.push((print, notice));
    }

    /// Notices that nobody gets are left out.
    pub fn close(mut self) -> Book {
        self.lines.sort_unstable();
        self.lines.dedup();
        let mut counts = vec![0_u64; self.notices.len()];
        for (_, notice) in &self.lines {
            if let Some(count) = counts.get_mut(*notice as usize) {
                *count += 1;
            }
        }
        let mut places = Vec::with_capacity(counts.len());
        let mut notices = Vec::new();
        for (notice, references) in self.notices.into_iter().zip(counts) {
            places.push(notices.len());
            if references > 0 {
                notices.push(Counted { notice, references });
            }
        }
        let lines: Vec<String> = self
            .lines
            .chunk_by(|(one, _), (other, _)| one == other)
            .filter_map(|same| line(same, &places))
            .collect();
        let count = lines.len() as u64;
        let digits = digits_for(count);
        let shards = shards(&lines, digits);
        let hashes = shards.iter().map(|(path, bytes)| (path.clone(), sha256(bytes))).collect();
        Book { draft: Draft { notices, references: References { count, digits }, shards: hashes }, shards }
    }
}

/// A print and the places of its notices among those that are published.
fn line(same: &[(Print, u32)], places: &[usize]) -> Option<String> {
    let (print, _) = same.first()?;
    let places: Vec<String> =
        same.iter().filter_map(|(_, notice)| Some(places.get(*notice as usize)?.to_string())).collect();
    if places.is_empty() { None } else { Some(format!("{print} {}", places.join(","))) }
}

fn digits_for(references: u64) -> u32 {
    (0..8).find(|digits| references <= SHARD.saturating_mul(16_u64.saturating_pow(*digits))).unwrap_or(8)
}

/// One for every beginning, the empty ones too: that a file is not there says nothing of a reference.
fn shards(lines: &[String], digits: u32) -> Files {
    let mut rest = lines;
    let mut shards = Files::new();
    for beginning in files::beginnings(digits) {
        let (these, others) = rest.split_at(rest.partition_point(|line| line.starts_with(&beginning)));
        rest = others;
        let mut text = String::new();
        for line in these {
            let _ = writeln!(text, "{line}");
        }
        shards.insert(files::shard(&beginning), text.into_bytes());
    }
    shards
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_stay_small_however_many_references_there_are() {
        for (references, digits) in
            [(0, 0), (4096, 0), (4097, 1), (65_536, 1), (65_537, 2), (1_000_000, 2), (10_000_000, 3)]
        {
            assert_eq!(digits_for(references), digits, "{references}");
        }
    }
}
