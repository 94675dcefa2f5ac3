//! What authorities ask for: their forms as data, filled from an incident.
//!
//! A [`Form`] is a file under `forms/`: the questions of one authority or of a common template, in the order in which they are
//! asked. A [`Dossier`] is what is known of an incident, each value with where it is recorded. [`fill`] makes answers of the
//! two: what a person stated comes before what is known, and what nobody knows says so and is never blank.
//!
//! Architecture invariants: no clock, no input or output, no randomness, and no data of a person who is affected: a filing
//! has counts, kinds and words of the enterprise.

mod dossier;
mod export;
mod filing;
mod fill;
mod form;
mod known;
mod library;
mod mail;
mod readable;
pub mod register;

pub use dossier::{Dossier, Known, Source, Value};
pub use export::{NOT_YET_KNOWN, schema, to_html, to_json, to_text};
pub use filing::{Acknowledgement, Act, Completeness, Filing, FilingError, Kind as FilingKind, Submission};
pub use fill::{Answer, Filled, Given, Lack, fill, stated};
pub use form::{Asked, Authority, Form, FormError, Kind, Need, Opt, Question, Section};
pub use known::Fact;
pub use library::{form, forms};
pub use mail::{Envelope, MailAddress, MailError, NoAddress, mailbox, to_mail};
