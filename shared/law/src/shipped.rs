//! The law that Tocsin ships, as `build.rs` made one text of its files.

pub(crate) const LAW: &str = include_str!(concat!(env!("OUT_DIR"), "/law.json"));
