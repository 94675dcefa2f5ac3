//! Makes the story of a violation smaller: what went wrong is left out, part by part, as long as the same is still
//! violated (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).

use std::collections::BTreeSet;

use super::{Report, tell};

/// How often the story is told anew at most.
const MOST_TELLINGS: u32 = 200;

/// A violation's smallest story that was found, and how much had gone wrong in the first.
pub struct Shrunk {
    pub report: Report,
    pub before: usize,
    pub tellings: u32,
}

/// `None` where nothing is violated.
pub fn shrink(seed: u64) -> Option<Shrunk> {
    let whole = tell(seed, None);
    let kind = kind_of(whole.violations.first()?);
    let before = whole.went_wrong.len();
    let mut smallest = whole;
    let (mut parts, mut tellings) = (1, 0);
    while !smallest.went_wrong.is_empty() && tellings < MOST_TELLINGS {
        let all = smallest.went_wrong.clone();
        let size = all.len().div_ceil(parts);
        let without = (0..all.len()).step_by(size).find_map(|from| {
            let left_out = from..all.len().min(from + size);
            let only: BTreeSet<String> = all
                .iter()
                .enumerate()
                .filter(|(place, _)| !left_out.contains(place))
                .map(|(_, name)| name.clone())
                .collect();
            if tellings >= MOST_TELLINGS {
                return None;
            }
            tellings += 1;
            let report = tell(seed, Some(only));
            report.violations.iter().any(|violation| kind_of(violation) == kind).then_some(report)
        });
        match without {
            Some(smaller) => {
                smallest = smaller;
                parts = (parts - 1).max(1);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(all.len()),
        }
    }
    Some(Shrunk { report: smallest, before, tellings })
}

/// The words of a violation without its names and numbers.
fn kind_of(violation: &str) -> String {
    let words =
        violation.split_whitespace().filter(|word| !word.contains(|letter: char| letter.is_numeric()));
    words.collect::<Vec<_>>().join(" ")
}
