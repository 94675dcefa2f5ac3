//! Which files there are, by their paths below the root of the merchant's host.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// What the manifest names is below it, or beside it.
pub const MANIFEST: &str = ".well-known/breach-notices.json";

/// A compact JWS whose payload is detached: the manifest's bytes (RFC 7515, appendix F).
pub const SIGNATURE: &str = ".well-known/breach-notices.jws";

/// The public keys (RFC 7517, RFC 8037).
pub const KEYS: &str = ".well-known/breach-notices.jwks.json";

/// The page, in the language in which most notices are.
pub const START_PAGE: &str = ".well-known/breach-notices/index.html";

const FOLDER: &str = ".well-known/breach-notices";

/// The bytes of files by their paths.
pub type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn in_folder(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// The shard of all prints that begin with these hex digits.
pub(crate) fn shard(digits: &str) -> String {
    in_folder(&format!("{}.txt", if digits.is_empty() { "all" } else { digits }))
}

/// The beginnings of so many hex digits, in order.
pub(crate) fn beginnings(digits: u32) -> impl Iterator<Item = String> {
    let width = digits as usize;
    (0..16_u32.saturating_pow(digits))
        .map(move |number| if width == 0 { String::new() } else { format!("{number:0width$x}") })
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
