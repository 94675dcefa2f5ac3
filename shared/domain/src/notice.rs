//! The notice: to whom, and which bytes. One message, one recipient.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{BadId, PersonId};

/// To whom one notice of a chunk goes. One message, one recipient.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// A person of the plan's roster, and the slices in which they stand, ascending: the first has the record that
    /// counts.
    Person(PersonId, Vec<u32>),
    /// An authority, acquirer or other body: the name under which the tenant's settings keep its address.
    Contact(String),
}

/// One notice: to whom, and which bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub recipient: Recipient,
    /// Of a notice that stands by: the one whose place it would take. Of another: the one that stands by for it.
    pub counterpart: Option<Place>,
    /// The first 16 bytes of the SHA-256 over the rendered notice. The approval binds it, and `send` compares it
    /// before it hands anything over.
    pub bytes: [u8; 16],
}

/// Where a notice stands in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub wave: u32,
    pub chunk: u32,
    pub index: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.wave, self.chunk, self.index)
    }
}

impl FromStr for Place {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        const BAD: BadId = BadId("place");
        let numbers = text.split('.').map(|part| part.parse().map_err(|_| BAD));
        match numbers.collect::<Result<Vec<u32>, BadId>>()?[..] {
            [wave, chunk, index] => Ok(Self { wave, chunk, index }),
            _ => Err(BAD),
        }
    }
}

/// Short, because every notice of a campaign is written so: `p`, the person's id and a dot before the number of each
/// slice, or `c` and the contact's name, then a colon and the bytes' digest, then `@` and the counterpart's place if
/// there is one. Ids and digests are in hex.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.recipient {
            Recipient::Person(id, slices) => {
                write!(f, "p{id}")?;
                slices.iter().try_for_each(|slice| write!(f, ".{slice}"))?;
            }
            Recipient::Contact(name) => write!(f, "c{name}")?,
        }
        write!(f, ":{}", hex::encode(self.bytes))?;
        match &self.counterpart {
            Some(place) => write!(f, "@{place}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Notice {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        const BAD: BadId = BadId("notice");
        let (recipient, rest) = text.rsplit_once(':').ok_or(BAD)?;
        let (hash, counterpart) = match rest.split_once('@') {
            Some((hash, place)) => (hash, Some(place.parse().map_err(|_| BAD)?)),
            None => (rest, None),
        };
        let mut bytes = [0; 16];
        hex::decode_to_slice(hash, &mut bytes).map_err(|_| BAD)?;
        let recipient = match recipient.split_at_checked(1).ok_or(BAD)? {
            ("p", person) => {
                let mut parts = person.split('.');
                let id = parts.next().ok_or(BAD)?.parse()?;
                let slices = parts.map(|slice| slice.parse().map_err(|_| BAD)).collect::<Result<_, _>>()?;
                Recipient::Person(id, slices)
            }
            ("c", name) => Recipient::Contact(name.to_owned()),
            (_, _) => return Err(BAD),
        };
        Ok(Self { recipient, counterpart, bytes })
    }
}

impl Serialize for Notice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Notice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::IdentityKey;

    #[test]
    fn notices_read_back_what_they_print() {
        let person = PersonId::of(&IdentityKey::new([1; 32]), "email:a@example.com");
        for recipient in [
            Recipient::Person(person, vec![0]),
            Recipient::Person(person, vec![7, 1_000_000]),
            Recipient::Contact("dpc: dublin@4.5.6".to_owned()),
        ] {
            for counterpart in [None, Some(Place { wave: 4, chunk: 0, index: 49 })] {
                let notice = Notice { recipient: recipient.clone(), counterpart, bytes: [7; 16] };
                assert_eq!(notice.to_string().parse(), Ok(notice));
            }
        }
        assert!("".parse::<Notice>().is_err());
        for bad in ["1.2", "1.2.3.4", "1.2.x", ""] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }
}
