//! What is answered: a schedule, or which deadlines break, by how many people, and what buys them back.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::ObligationId;
use crate::plan::Channel;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The start that was asked for.
    pub start: Timestamp,
    /// One for each demand, in the order of the question.
    pub outlooks: Vec<Outlook>,
    /// In order of time. Where not everybody fits, it leaves the fewest late that were found.
    pub schedule: Vec<Sending>,
    /// One for each lane in which a deadline breaks: none means that the plan is feasible.
    pub shortfalls: Vec<Shortfall>,
}

/// What becomes of a demand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    pub obligation: ObligationId,
    pub regime: String,
    pub residence: String,
    pub region: String,
    pub channel: Channel,
    pub people: u64,
    /// `None` where the law sets no number.
    pub last: Option<Timestamp>,
    /// People who have no place in the schedule: late, where there is a number; else beyond what was asked about.
    pub unplanned: u64,
    /// When the schedule has handed over to the last of them; `None` unless all have a place.
    pub finishes: Option<Timestamp>,
    pub latest_start: LatestStart,
}

/// The latest instant at which approval may come so that a demand is met, after everybody in its lane whose deadline is
/// not later was told, in time or not. It is a whole second; one second later is too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LatestStart {
    /// No start within the intervals that were given does.
    Never,
    At(Timestamp),
    /// The law sets no number.
    NoNumber,
}

/// Messages of one demand that are handed over within one stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// The demand's place in the question.
    pub demand: usize,
    pub region: String,
    pub from: Timestamp,
    pub until: Timestamp,
    pub messages: u64,
}

/// A lane that does not carry what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfall {
    pub region: String,
    pub channel: Channel,
    /// What the lane has at the start that was asked for.
    pub rate: u64,
    pub quota: Option<u64>,
    /// People who are late in the schedule.
    pub late: u64,
    /// No schedule leaves fewer people late. Equal to `late` but where a rolling quota and windows that differ from
    /// place to place meet: see the module's comment.
    pub at_least: u64,
    pub buys_back: BuyBack,
}

/// What makes everything in a lane fit, each taken alone; `None` or `false` where it does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuyBack {
    /// The smallest rate, in messages a second.
    pub rate: Option<u64>,
    /// The smallest rolling quota.
    pub quota: Option<u64>,
    /// Regions that carry the people of this lane without making anybody else late, and how many each.
    pub regions: Option<BTreeMap<String, u64>>,
    /// Whether it would do to reach people at any hour.
    pub window: bool,
    /// The latest start, before the one that was asked for.
    pub start: Option<Timestamp>,
}

impl Answer {
    pub fn fits(&self) -> bool {
        self.shortfalls.is_empty()
    }

    /// The latest safe start of an obligation: that of its most pressing demand. `None` if it has no demand here.
    pub fn latest_start(&self, obligation: ObligationId) -> Option<LatestStart> {
        let of_it = self.outlooks.iter().filter(|outlook| outlook.obligation == obligation);
        of_it.map(|outlook| outlook.latest_start).min()
    }
}

impl Outlook {
    pub fn late(&self) -> u64 {
        if self.last.is_some() { self.unplanned } else { 0 }
    }

    /// Where the law sets no number: how many cannot be told at all within the time that was asked about.
    pub fn without_room(&self) -> u64 {
        if self.last.is_none() { self.unplanned } else { 0 }
    }
}

/// The sentences that a responder reads, one a line.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fits() {
            writeln!(f, "With approval by {} every deadline is met.", self.start)?;
        }
        for shortfall in &self.shortfalls {
            let own = |outlook: &&Outlook| {
                outlook.region == shortfall.region
                    && outlook.channel == shortfall.channel
                    && outlook.late() > 0
            };
            self.outlooks.iter().filter(own).try_for_each(|outlook| outlook.write_late(f))?;
            write!(f, "{shortfall}")?;
        }
        for outlook in &self.outlooks {
            match outlook.latest_start {
                LatestStart::At(at) => writeln!(f, "{} has to be approved by {at}.", outlook.name())?,
                LatestStart::Never | LatestStart::NoNumber => {}
            }
        }
        Ok(())
    }
}

impl Outlook {
    fn name(&self) -> String {
        let Outlook { regime, residence, region, channel, .. } = self;
        format!("{regime} for {residence} in {region} {}", by(*channel))
    }

    fn write_late(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(last) = self.last else { return Ok(()) };
        writeln!(
            f,
            "{}: {} of {} people would be late by {last}.",
            self.name(),
            grouped(self.unplanned),
            grouped(self.people)
        )
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shortfall { region, channel, late, at_least, .. } = self;
        write!(f, "{region} {} is short of {} people", by(*channel), grouped(*late))?;
        if at_least < late {
            write!(f, ", of {} at least", grouped(*at_least))?;
        }
        let ways = self.ways();
        if ways.is_empty() {
            writeln!(
                f,
                ". Neither a higher rate or quota, nor another region, nor other hours, nor an earlier approval alone makes it fit."
            )
        } else {
            writeln!(f, ". It fits {}.", ways.join(", or "))
        }
    }
}

impl Shortfall {
    fn ways(&self) -> Vec<String> {
        let BuyBack { rate, quota, regions, window, start } = &self.buys_back;
        let rate = rate
            .map(|rate| format!("at {} messages a second instead of {}", grouped(rate), grouped(self.rate)));
        let quota = quota.zip(self.quota).map(|(quota, had)| {
            format!("with {} messages in 24 hours instead of {}", grouped(quota), grouped(had))
        });
        let regions = regions.as_ref().map(|regions| {
            let each: Vec<String> = regions
                .iter()
                .map(|(region, people)| format!("{} through {region}", grouped(*people)))
                .collect();
            format!("with {}", each.join(" and "))
        });
        let window = window.then(|| "if people are reached at any hour".to_owned());
        let start = start.map(|start| format!("with approval by {start}"));
        [rate, quota, regions, window, start].into_iter().flatten().collect()
    }
}

fn by(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "by e-mail",
        Channel::Sms => "by text message",
        Channel::InApp => "in the shop's inbox",
        Channel::Partner => "by webhook",
        Channel::Letter => "by post",
    }
}

/// `31,200`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
