//! What is said: letters as data, the content gate, and rendering.
//!
//! A [`Template`] is a folder of files for one family of letters, one audience and one language. Its header names the
//! regimes that it serves and the elements that it carries; marks in its text say where. The [`gate`] refuses a
//! template that lacks what a regime demands or says what it forbids, and judges the rendered bytes again.
//! Rendering is a pure function of the template, the facts, the reader and the reference: a [`Page`], which many
//! readers have in common, with its gaps filled for one of them. So an approval can bind the bytes of a notice through
//! [`Page::digest_to`].
//!
//! Architecture invariants: no clock, no input or output, no randomness. What a regime demands comes in as plain
//! [`Demands`]: this crate knows no rule of law but the wording that statutes prescribe.
//! Personal data of a reader is in [`Reader`] and in rendered notices alone; their `Debug` shows none of it, and no
//! error holds any.

mod category;
mod clean;
mod element;
mod facts;
pub mod gate;
mod header;
pub mod hedge;
mod html;
mod language;
pub mod letter;
mod library;
mod markers;
pub mod own;
mod page;
pub mod readability;
mod render;
pub mod sample;
mod script;
mod secret;
pub mod sms;
mod template;
mod values;

pub use tocsin_domain::plan::Phase;

pub use category::{CATEGORIES, category_of};
pub use clean::NAME_LIMIT;
pub use element::{Demands, Element, UnknownElement};
pub use facts::{
    Counts, Filing, IdentityServices, Merchant, NoticeFacts, Occurred, Officer, Quantity, Reader, Texts,
};
pub use gate::Violation;
pub use header::{Agency, AgencyKind, Audience, Channel, Confidence, Header, RegimeTerms};
pub use html::BadHtml;
pub use language::Language;
pub use library::{Library, SelectError, shipped_parts, shipped_words};
pub use markers::BadMark;
pub use page::{Page, Whom};
pub use render::{Email, InApp, RenderError, Rendered, Sms, render};
pub use template::{LoadError, Origin, Part, Parts, Template, Words};
