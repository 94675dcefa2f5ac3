//! The local cloud: everything AWS that the demo and the end-to-end tests need, on one machine, without Docker
//! and without an account.
//!
//! What runs in it is what a customer deploys: the real templates, the real functions. The emulator's gaps are
//! closed by stand-ins, each with a name; `README.md` lists them.

mod bundle;
pub mod cloud;
pub mod deploy;
pub mod emulator;
pub mod front_door;
mod grants;
mod http;
mod mail_events;
pub mod mailbox_provider;
pub mod people;
mod python;
pub mod random;
mod signing;

pub use http::{Answer, HttpError};
pub use hyper::body::Bytes;
pub use hyper::{Method, StatusCode};
pub use python::{EMULATOR_VERSION, PythonError};
pub use signing::Credentials;
