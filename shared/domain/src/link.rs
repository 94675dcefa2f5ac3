//! Links to what a notice says to one person: a text message has no room for it, and carries a link that opens once.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{BadId, IdentityKey, ObligationId, PersonId, digest, truncated};

/// Letters and digits that are not taken for one another.
pub const SIGNS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// 80 bits: whoever tries them all at a thousand a second needs longer than the world is old.
const CODE_SIGNS: usize = 16;

/// A text message bears no longer address anyway.
const LONGEST_PAGE: usize = 200;

const LONGEST_HOURS: u16 = 720;

/// Whether text messages link to the reader's own notice, and for how long a link opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// The page on the shop's host that leads to `/details/T` of the installation. A link is this, `#`, and a code: what
    /// stands behind a `#` is sent to no server, and so stands in no log of one.
    pub page: String,
    /// Counted from the hand-over. A phone that is switched off may take a text up to 72 hours later.
    pub hours: u16,
}

impl Details {
    /// What is wrong with them, for a shop at this host.
    pub(crate) fn problems(&self, website: &str) -> impl Iterator<Item = &'static str> {
        let rest = self.page.strip_prefix("https://");
        let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let plain = self.page.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        [
            (host != Some(website), "senders.details.page is not an https:// address on controller.website"),
            (
                !plain || self.page.len() > LONGEST_PAGE,
                "senders.details.page has more than 200 signs, or one that an address in a text may not have: no #, no \
                 blanks, plain letters",
            ),
            (!(1..=LONGEST_HOURS).contains(&self.hours), "senders.details.hours is not between 1 and 720"),
        ]
        .into_iter()
        .filter_map(|(is_wrong, what)| is_wrong.then_some(what))
    }
}

/// A person's secret, from which the codes of their links come. Ids stand in the home table and in what is exported, so a
/// code must not follow from one: this takes the tenant's key to make, and is kept in the people table alone.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey([u8; 16]);

impl LinkKey {
    pub fn of(key: &IdentityKey, person: PersonId) -> Self {
        Self(truncated(&key.mac("link", person.as_bytes())))
    }
}

impl AsRef<[u8]> for LinkKey {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey")
    }
}

/// In a [`crate::personal::Personal`], which alone lets it out to the people table.
impl Serialize for LinkKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for LinkKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut bytes = [0; 16];
        let text = String::deserialize(deserializer)?;
        hex::decode_to_slice(text, &mut bytes).map_err(|_| D::Error::custom("not a link key"))?;
        Ok(Self(bytes))
    }
}

/// What opens one notice of one person. It goes out in the link, and is kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkCode(String);

impl LinkCode {
    /// `page` binds what is opened: a later notice of the same duty says something else, and has another link.
    pub fn of(key: &LinkKey, obligation: ObligationId, page: &[u8; 32]) -> Self {
        let hash = digest("link-code", &[obligation.as_bytes(), page, key.as_ref()]);
        let sign = |byte: &u8| char::from(SIGNS[usize::from(byte % 32)]);
        Self(hash.iter().take(CODE_SIGNS).map(sign).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Under which what it opens is kept.
    pub fn digest(&self) -> [u8; 32] {
        digest("link", &[self.0.as_bytes()])
    }

    /// None of anybody's, as wide as any.
    pub fn longest() -> Self {
        Self("Z".repeat(CODE_SIGNS))
    }
}

impl fmt::Debug for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkCode")
    }
}

impl FromStr for LinkCode {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let is_code = text.len() == CODE_SIGNS && text.bytes().all(|byte| SIGNS.contains(&byte));
        is_code.then(|| Self(text.to_owned())).ok_or(BadId("code"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::IncidentId;
    use crate::personal::Personal;

    fn duty(regime: &str) -> ObligationId {
        let incident: IncidentId = "00112233445566778899aabbccddeeff".parse().unwrap();
        ObligationId::of(incident, regime, "FR", "people")
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Another key, duty or page is another code; and a code reads back as itself.
        #[test]
        fn a_code_follows_from_key_duty_and_page_alone(name in ".{0,20}", keys: [[u8; 32]; 2], pages: [[u8; 32]; 2]) {
            let [key, stranger] = keys.map(IdentityKey::new);
            let person = PersonId::of(&key, &name);
            let own = LinkKey::of(&key, person);
            let code = LinkCode::of(&own, duty("a"), &pages[0]);
            prop_assert_eq!(code.as_str().parse(), Ok(code.clone()));
            prop_assert_eq!(&code, &LinkCode::of(&LinkKey::of(&key, person), duty("a"), &pages[0]));
            for other in [
                LinkCode::of(&LinkKey::of(&stranger, person), duty("a"), &pages[0]),
                LinkCode::of(&LinkKey(*person.as_bytes()), duty("a"), &pages[0]),
                LinkCode::of(&own, duty("b"), &pages[0]),
                LinkCode::of(&own, duty("a"), &pages[1]),
            ] {
                prop_assert_ne!(&code, &other);
            }
        }
    }

    #[test]
    fn a_key_and_a_code_print_nothing_of_themselves() {
        let key = IdentityKey::new([7; 32]);
        let key = LinkKey::of(&key, PersonId::of(&key, "phone:+447700900123"));
        let code = LinkCode::of(&key, duty("a"), &[0; 32]);
        let shown = format!("{key:?} {:?} {code:?}", Personal::new(key.clone()));
        assert!(!shown.contains(&hex::encode(&key.0[..4])) && !shown.contains(code.as_str()), "{shown}");
    }

    #[test]
    fn what_is_no_code_is_none() {
        for bad in [
            "",
            "ZZZZZZZZZZZZZZZ",
            "ZZZZZZZZZZZZZZZZZ",
            "zzzzzzzzzzzzzzzz",
            "ZZZZZZZZZZZZZZZ0",
            "ZZZZZZZZZZZZZZ#Z",
        ] {
            assert!(bad.parse::<LinkCode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_lies_on_the_shops_own_host() {
        let found = |page: &str, hours| {
            let details = Details { page: page.to_owned(), hours };
            details.problems("shop.example").count()
        };
        assert_eq!(found("https://shop.example/apps/notice", 48), 0);
        assert_eq!(found("https://shop.example", 720), 0);
        for (page, hours) in [
            ("http://shop.example/notice", 48),
            ("https://shop.example.evil.example/notice", 48),
            ("https://shop.example@evil.example/notice", 48),
            ("https://www.shop.example/notice", 48),
            ("https://shop.example/no tice", 48),
            ("https://shop.example/notice#x", 48),
            ("https://shop.example/notiçe", 48),
            ("https://shop.example/notice", 0),
            ("https://shop.example/notice", 721),
        ] {
            assert_eq!(found(page, hours), 1, "{page} {hours}");
        }
    }
}
