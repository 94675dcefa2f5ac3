//! How a reader of a notice checks that it is real.
//!
//! Real notices of a breach cannot be told from false ones by their looks. So a merchant publishes, on the host that every
//! notice points to, which notices went out and the hash of each reference: static files, signed as a whole.
//!
//! - [`Ledger`] takes in the hashes of references, each with the notice that bears it, and lays them out as shards.
//! - [`pages`] makes the page, in every language, with the script that hashes what is typed.
//! - [`Manifest`] names it all by SHA-256; [`Keys`] sign it (RFC 7515, RFC 8037).
//! - [`check`] finds whatever is not as it was signed; [`Checked::find`] says whose a reference is.
//!
//! Architecture invariants: no clock, no input or output, no randomness. No personal data goes in: a reference is a hash
//! of ids, and of a reference only a hash goes out.

mod check;
mod files;
mod key;
mod ledger;
mod manifest;
mod notice;
mod page;
mod print;
mod words;

pub use check::{Broken, Checked, check};
pub use files::{Files, KEYS, MANIFEST, SIGNATURE, START_PAGE};
pub use key::{BadKeys, Keys, Seed};
pub use ledger::{Book, Ledger};
pub use manifest::{BadDraft, Draft, Manifest, References, Signed};
pub use notice::{Contact, Counted, Issuer, Notice};
pub use page::{Defect, pages};
pub use print::{NoPrint, NoReference, Print, canonical};
