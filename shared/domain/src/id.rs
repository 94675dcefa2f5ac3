//! Typed ids: none can be passed for another. One list, alphabetical.
//!
//! Ids are derived, not drawn: the same input gives the same id, so that a step that runs twice
//! writes the same keys twice. An id carries no personal data: a person's id is keyed by a secret
//! of the tenant, because a bare hash of an address can be found by trying addresses.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The text was not an id of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {0}")]
pub struct BadId(pub &'static str);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $word:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            pub fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($word, ":{}"), self)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let mut bytes = [0; 16];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| BadId($word))?;
                if hex::encode(bytes) != text {
                    return Err(BadId($word));
                }
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

ids! {
    /// Of an incident: derived from the tenant and the signal that opened it.
    IncidentId, "incident";
    /// Of a leaf of the audit log.
    LeafId, "leaf";
    /// Of an obligation: derived from the incident, the regime and the recipient.
    ObligationId, "obligation";
    /// Of one affected person in one tenant. Not derivable without the tenant's identity key.
    PersonId, "person";
    /// Of a signal: derived from the tenant, the source and the finding's own id.
    SignalId, "signal";
}

impl IncidentId {
    pub fn of(tenant: &TenantId, opened_by: SignalId) -> Self {
        Self(derived("incident", &[tenant.as_str().as_bytes(), opened_by.as_bytes()]))
    }
}

impl LeafId {
    /// `parts` name the change that the leaf records, so that the same change gives the same leaf.
    pub fn of(tenant: &TenantId, parts: &[&[u8]]) -> Self {
        let mut all = vec![tenant.as_str().as_bytes()];
        all.extend_from_slice(parts);
        Self(derived("leaf", &all))
    }
}

impl ObligationId {
    pub fn of(incident: IncidentId, regime: &str, jurisdiction: &str, recipient: &str) -> Self {
        Self(derived(
            "obligation",
            &[incident.as_bytes(), regime.as_bytes(), jurisdiction.as_bytes(), recipient.as_bytes()],
        ))
    }
}

impl PersonId {
    /// `identity` is the normalised identifier that makes two records the same person.
    pub fn of(key: &IdentityKey, identity: &str) -> Self {
        Self(truncated(&key.mac("person", identity.as_bytes())))
    }
}

impl SignalId {
    pub fn of(tenant: &TenantId, source: &str, external_id: &str) -> Self {
        Self(derived("signal", &[tenant.as_str().as_bytes(), source.as_bytes(), external_id.as_bytes()]))
    }
}

/// A tenant's secret under which people get their ids. 32 random bytes, kept with the tenant's secrets.
#[derive(Clone)]
pub struct IdentityKey([u8; 32]);

impl IdentityKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn from_hex(text: &str) -> Result<Self, BadId> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| BadId("identity key"))?;
        Ok(Self(bytes))
    }

    pub(crate) fn mac(&self, label: &str, message: &[u8]) -> [u8; 32] {
        // HMAC pads a key to its block with zeros (RFC 2104, section 2).
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(label.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

/// One merchant: a short name that an administrator chose, `a` to `z`, digits and dashes, at most 40 long.
/// It stands first in every key, and `#` cannot occur in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct TenantId(String);

impl TenantId {
    /// The installation itself: the log of what belongs to no tenant is kept under this name, and no merchant
    /// may take it.
    pub fn installation() -> Self {
        Self("tocsin".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TenantId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let lawful = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || text.len() > 40 || !text.chars().all(lawful) || text.starts_with('-') {
            return Err(BadId("tenant: 1 to 40 of a-z, 0-9 and -, not starting with -"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// SHA-256 over length-prefixed parts under a label: no two lists of parts share an input.
pub fn digest(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn derived(label: &str, parts: &[&[u8]]) -> [u8; 16] {
    truncated(&digest(label, parts))
}

pub(crate) fn truncated(hash: &[u8; 32]) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_give_the_same_id_and_moved_borders_another() {
        let tenant: TenantId = "shop".parse().unwrap();
        assert_eq!(SignalId::of(&tenant, "ab", "c"), SignalId::of(&tenant, "ab", "c"));
        assert_ne!(SignalId::of(&tenant, "ab", "c"), SignalId::of(&tenant, "a", "bc"));
    }

    #[test]
    fn a_person_is_another_in_another_tenant() {
        let one = PersonId::of(&IdentityKey::new([1; 32]), "a@example.com");
        let other = PersonId::of(&IdentityKey::new([2; 32]), "a@example.com");
        assert_ne!(one, other);
    }

    #[test]
    fn ids_read_back_what_they_print_and_nothing_else() {
        let tenant: TenantId = "shop".parse().unwrap();
        let id = SignalId::of(&tenant, "guardduty", "1");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().to_uppercase().parse::<SignalId>().is_err());
        assert!("12".parse::<SignalId>().is_err());
    }

    #[test]
    fn tenant_names_hold_no_key_separator() {
        for bad in ["", "a#b", "A", "-a", "a b", &"a".repeat(41)] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
    }
}
