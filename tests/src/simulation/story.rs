//! Chance, and the telling of what it did. Chance hangs on what it is about and not on what came before: a story stays
//! the same story when one thing that went wrong is left out of it.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use tocsin_domain::id::digest;

/// What one worker or person does, whole.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub who: &'static str,
    name: String,
    dice: Rng,
    throws: u32,
    /// What went wrong in it.
    notes: Vec<String>,
}

pub(crate) struct Story {
    pub seed: u64,
    /// What may go wrong, by name; anything, where nothing is said.
    only: Option<BTreeSet<String>>,
    /// How often each thing was begun.
    begun: BTreeMap<String, u32>,
    pub act: Act,
    /// Everything that went wrong, by name, in its order.
    pub went_wrong: Vec<String>,
    /// How many acts are under way within another.
    depth: usize,
    lines: Vec<String>,
}

impl Act {
    pub fn is_about(&self, subject: &str) -> bool {
        self.name.contains(subject)
    }
}

impl Story {
    pub fn new(seed: u64, only: Option<BTreeSet<String>>) -> Self {
        let act = Act {
            who: "nobody",
            name: String::new(),
            dice: Rng::with_seed(seed),
            throws: 0,
            notes: Vec::new(),
        };
        Self { seed, only, begun: BTreeMap::new(), act, went_wrong: Vec::new(), depth: 0, lines: Vec::new() }
    }

    /// From here on chance is that of `about`. Answers the act that is interrupted by it.
    pub fn begin(&mut self, who: &'static str, about: &str) -> Act {
        let about = format!("{who} {about}");
        let times = self.begun.entry(about.clone()).or_default();
        *times += 1;
        let name = if *times == 1 { about } else { format!("{about}, time {times}") };
        let [a, b, c, d, e, f, g, h, ..] = digest("dice", &[&self.seed.to_be_bytes(), name.as_bytes()]);
        let dice = Rng::with_seed(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        std::mem::replace(&mut self.act, Act { who, name, dice, throws: 0, notes: Vec::new() })
    }

    /// Whether this goes wrong, and the dice for how.
    pub fn goes_wrong(&mut self, per_mille: u32, what: &str) -> Option<Rng> {
        let act = &mut self.act;
        act.throws += 1;
        let (strikes, how) = (act.dice.u32(0..1000) < per_mille, act.dice.u64(..));
        if !strikes {
            return None;
        }
        let name = format!("{}: {what} ({})", act.name, act.throws);
        if self.only.as_ref().is_some_and(|only| !only.contains(&name)) {
            return None;
        }
        act.notes.push(what.to_owned());
        self.went_wrong.push(name);
        Some(Rng::with_seed(how))
    }

    /// Says more of what went wrong last.
    pub fn note(&mut self, how: &str) {
        if let Some(last) = self.act.notes.last_mut() {
            last.push_str(": ");
            last.push_str(how);
        }
    }

    /// Whether an act within an act is under way.
    pub fn is_deep(&self) -> bool {
        self.depth > 1
    }

    pub fn below(&mut self, end: u32) -> u32 {
        self.act.dice.u32(0..end)
    }

    pub fn seconds(&mut self, from: i64, to: i64) -> SignedDuration {
        seconds(&mut self.act.dice, from, to)
    }

    /// The act has a line of its own, before the lines of whoever acts within it. Answers its place.
    pub fn open_line(&mut self) -> usize {
        self.depth += 1;
        self.lines.push(String::new());
        self.lines.len() - 1
    }

    /// Ends the act. What did nothing and in which nothing went wrong is not told.
    pub fn close_line(&mut self, place: usize, at: Timestamp, end: &str, did_something: bool) {
        self.depth -= 1;
        let Act { name, notes, .. } = &self.act;
        if !did_something && notes.is_empty() {
            return;
        }
        let within = "  ".repeat(self.depth);
        let wrong = if notes.is_empty() { String::new() } else { format!("  !! {}", notes.join("; ")) };
        if let Some(line) = self.lines.get_mut(place) {
            *line = format!("{at:.0}  {within}{name} -> {end}{wrong}");
        }
    }

    pub fn told(self) -> Vec<String> {
        self.lines.into_iter().filter(|line| !line.is_empty()).collect()
    }
}

pub(crate) fn seconds(dice: &mut Rng, from: i64, to: i64) -> SignedDuration {
    SignedDuration::from_secs(dice.i64(from..=to))
}
