//! Personal data is a type of its own.
//!
//! It prints as a fingerprint and is not `Serialize`: the only ways out are [`Personal::expose`], for handing
//! a value to a provider or a renderer, and [`for_the_people_table`], for the people table of its region.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::id::digest;

/// A value about a person. `Debug` and `Display` show eight hex digits of its hash.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Shows the value. Each call is a place to look at in a review.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: AsRef<[u8]>> fmt::Display for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fingerprint = digest("personal", &[self.0.as_ref()]);
        write!(f, "personal:{}", hex::encode(&fingerprint[..4]))
    }
}

impl<T: AsRef<[u8]>> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// For `#[serde(serialize_with)]` on the records of the people table, and nowhere else.
pub fn for_the_people_table<S: Serializer, T: Serialize>(
    value: &Option<Personal<T>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(|personal| &personal.0).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_shows_a_fingerprint() {
        let name = Personal::new("Ada Lovelace".to_owned());
        for text in [format!("{name}"), format!("{name:?}")] {
            assert!(text.starts_with("personal:"), "{text}");
            assert!(!text.contains("Ada"), "{text}");
        }
    }
}
