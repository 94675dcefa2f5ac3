//! What is owed, to whom, by when: breach-notification law as data, and the engine that reads it.
//!
//! The law stands in `rules/`, one TOML file a jurisdiction, with citation, source, effective dates, confidence
//! and test cases beside each rule; `CHANGELOG.md` says for people what changed in the law.
//! [`RulePack::shipped`] is that law, parsed once. [`evaluate`] turns the facts of a breach into [`Finding`]s:
//! one answer for each duty that could apply, owed or not, always with reasons.
//! [`explain`] is the same for one JSON line.
//!
//! How the engine reads the facts:
//! - A fact that is missing never excuses. A clock that is missing falls back to the nearest one that is given.
//!   A test whose fact is missing counts as met where the law says "unless", and else yields
//!   [`Owed::AskCounsel`]. Every such step stands in the reasons.
//! - A jurisdiction with affected people and no rule is an answer of its own (`unknown-…`), never silence.
//! - The law is taken as of the day on which its own clock starts, unless the facts name another day.
//! - Day counts name their zone; a date in doubt is taken at the earlier end. A day that may be a holiday counts as
//!   a business day, and the reasons name it.
//!
//! Architecture invariant: no clock, no input or output, no randomness. The same facts and the same pack give the
//! same findings, byte for byte.

mod calendar;
mod cases;
mod category;
mod clock;
mod deadline;
mod due;
mod element;
mod engine;
mod explain;
mod facts;
mod filing;
mod finding;
mod keyed;
mod load;
mod pack;
mod reach;
mod reading;
mod rule;
#[cfg(test)]
mod sample;
pub mod severity;
mod shipped;
mod trigger;
mod words;

pub use calendar::Calendar;
pub use category::DataClass;
pub use clock::Clock;
pub use deadline::{Deadline, EventKind};
pub use element::Element;
pub use engine::evaluate;
pub use explain::explain;
pub use facts::{Clocks, Controller, Facts, FactsError, LawEnforcementHold, PaymentCards, by_place};
pub use filing::{FilingRole, FurtherFiling};
pub use finding::{Finding, Owed};
pub use keyed::UnknownKey;
pub use load::{LoadError, Problem, Source};
pub use pack::{Lint, RulePack};
pub use reading::Reading;
pub use rule::{Case, Rule};
pub use words::{
    Audience, Condition, Confidence, Encryption, Jurisdiction, JurisdictionError, Method, Risk, Status,
};

#[cfg(test)]
mod tests;
