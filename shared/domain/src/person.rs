//! People: who is affected, where they live, and how the law lets us reach them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{IdentityKey, PersonId};
use crate::link::LinkKey;
use crate::personal::{Personal, for_the_people_table};

/// One affected person as the people table of their region keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    #[serde(serialize_with = "for_the_people_table", default)]
    pub name: Option<Personal<String>>,
    #[serde(serialize_with = "for_the_people_table", default)]
    pub email: Option<Personal<String>>,
    #[serde(serialize_with = "for_the_people_table", default)]
    pub phone: Option<Personal<String>>,
    /// As [`PostalAddress`] writes it.
    #[serde(serialize_with = "for_the_people_table", default, skip_serializing_if = "Option::is_none")]
    pub post: Option<Personal<String>>,
    /// Decides the law; `None` is a bucket of its own that a person must settle.
    pub residence: Option<Jurisdiction>,
    /// By which the shop itself knows them, where it does: so a storefront finds their inbox. See [`by_customer_id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<PersonId>,
    /// Where the tenant's text messages link to the reader's own notice, and the person has a phone.
    #[serde(serialize_with = "for_the_people_table", default, skip_serializing_if = "Option::is_none")]
    pub link_key: Option<Personal<LinkKey>>,
    /// BCP 47, as the profile says it.
    pub locale: Option<String>,
    /// 32 random bytes in hex, for commitments to this person in the audit log. No leaf names a person yet; when one
    /// does, erasing the salt erases the person from the log and breaks no proof.
    pub salt: String,
}

/// What one slice of a manifest says of a person: its first row of them. Records are facts in a set, written again
/// without harm; who the person is, is a function of the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The slice's number. Slices are numbered in the order of the evidence.
    pub slice: u32,
    pub person: Person,
}

/// A person with the slices in which they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// As the first of the slices says it.
    pub person: Person,
    /// Ascending. They tell in which datasets the person stands, and so which of their data leaked.
    pub slices: Vec<u32>,
}

impl Member {
    /// The person behind one record.
    pub fn of(record: Record) -> Self {
        Self { person: record.person, slices: vec![record.slice] }
    }

    /// Takes another record of the same person, in whatever order records come.
    pub fn add(&mut self, record: Record) {
        if self.slices.first().is_none_or(|first| record.slice < *first) {
            self.person = record.person;
        }
        if let Err(place) = self.slices.binary_search(&record.slice) {
            self.slices.insert(place, record.slice);
        }
    }
}

/// ISO 3166-1 alpha-2, or ISO 3166-2 where the law is a state's: `DE`, `US-CA`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Jurisdiction(String);

impl Jurisdiction {
    /// The law asks for the state in the United States alone; elsewhere the country decides.
    /// `None` where the country is missing or is not a two-letter code.
    pub fn of(country: &str, province: &str) -> Option<Self> {
        let (country, province) = (country.trim().to_ascii_uppercase(), province.trim().to_ascii_uppercase());
        let two_letters = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        let province = province.strip_prefix("US-").unwrap_or(&province);
        match country.as_str() {
            "US" if two_letters(province) => Some(Self(format!("US-{province}"))),
            "US" => None,
            "UK" => Some(Self("GB".to_owned())),
            _ if two_letters(&country) => Some(Self(country)),
            _ => None,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `US` of `US-CA`.
    pub fn country(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an address cannot be used. Holds nothing of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum AddressError {
    #[error("the e-mail address holds a line break or another control character")]
    ControlCharacter,
    #[error("the e-mail address is not of the form name@domain")]
    EmailForm,
    #[error("the e-mail address has a non-ASCII part before the @, which SES does not deliver")]
    LocalPartNotAscii,
    #[error("the domain of the e-mail address is not a valid name")]
    EmailDomain,
    #[error("the postal address holds a control character, or a part of more than 200 bytes")]
    PostForm,
    #[error("the phone number is not in international form: + and 7 to 15 digits")]
    PhoneForm,
}

/// An address that a mail provider can take: ASCII before the @, an ASCII domain with a dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress(Personal<String>);

impl EmailAddress {
    pub fn personal(&self) -> &Personal<String> {
        &self.0
    }

    /// What makes two spellings one mailbox: lower case, domain in ASCII. No provider's own folding:
    /// `a.b@` and `ab@` are one mailbox at one provider and two people at another.
    pub fn identity(&self) -> String {
        format!("email:{}", self.0.expose().to_ascii_lowercase())
    }
}

impl FromStr for EmailAddress {
    type Err = AddressError;

    /// RFC 5321 without quoted local parts, address literals, and bare host names.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim_matches(' ');
        if text.chars().any(char::is_control) {
            return Err(AddressError::ControlCharacter);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::EmailForm)?;
        if !local.is_ascii() {
            return Err(AddressError::LocalPartNotAscii);
        }
        if local.contains('"') {
            return Err(AddressError::EmailForm);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| AddressError::EmailDomain)?;
        if domain.rsplit_once('.').is_none_or(|(_, top)| top.len() < 2) {
            return Err(AddressError::EmailDomain);
        }
        let address = format!("{local}@{domain}");
        let strict = email_address::Options::default()
            .with_required_tld()
            .without_domain_literal()
            .without_display_text();
        email_address::EmailAddress::parse_with_options(&address, strict)
            .map_err(|_| AddressError::EmailForm)?;
        Ok(Self(Personal::new(address)))
    }
}

/// A phone number in E.164 form (ITU-T E.164: at most 15 digits, no leading zero).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber(Personal<String>);

impl PhoneNumber {
    pub fn personal(&self) -> &Personal<String> {
        &self.0
    }

    pub fn identity(&self) -> String {
        format!("phone:{}", self.0.expose())
    }
}

impl FromStr for PhoneNumber {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
        let digits = compact.strip_prefix('+').ok_or(AddressError::PhoneForm)?;
        let lawful = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if !lawful {
            return Err(AddressError::PhoneForm);
        }
        Ok(Self(Personal::new(compact)))
    }
}

/// Where a letter goes. Its parts stay apart: the order in which they are printed is each country's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostalAddress(Personal<String>);

/// The parts of a postal address, as a manifest or a print house has them.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct PostalParts<'a> {
    pub line1: &'a str,
    pub line2: &'a str,
    pub postal_code: &'a str,
    pub city: &'a str,
    pub province: &'a str,
    pub country: &'a str,
}

/// The longest part of a postal address, in bytes.
const LONGEST_PART: usize = 200;

impl PostalAddress {
    /// `None` where the street, the city or the country is missing: no letter would arrive.
    ///
    /// # Errors
    /// A part that no print house could set.
    pub fn of(parts: &PostalParts<'_>) -> Result<Option<Self>, AddressError> {
        let PostalParts { line1, line2, postal_code, city, province, country } = parts;
        let all = [line1, line2, postal_code, city, province, country].map(|part| part.trim());
        if all.iter().any(|part| part.len() > LONGEST_PART || part.chars().any(char::is_control)) {
            return Err(AddressError::PostForm);
        }
        let is_whole = ![line1, city, country].iter().any(|part| part.trim().is_empty());
        Ok(is_whole.then(|| Self(Personal::new(all.join("\n")))))
    }

    /// A part a line, in the order of [`PostalParts`].
    pub fn personal(&self) -> &Personal<String> {
        &self.0
    }

    /// `None` where the text is not one that [`PostalAddress::of`] wrote.
    pub fn parts(text: &str) -> Option<PostalParts<'_>> {
        match text.split('\n').collect::<Vec<_>>()[..] {
            [line1, line2, postal_code, city, province, country] => {
                Some(PostalParts { line1, line2, postal_code, city, province, country })
            }
            _ => None,
        }
    }
}

/// The id of the person behind a record: by e-mail, else by phone, else by the shop's own customer id.
/// `None` when the record holds nothing that could tell one person from another.
pub fn identify(
    key: &IdentityKey,
    email: Option<&EmailAddress>,
    phone: Option<&PhoneNumber>,
    customer_id: &str,
) -> Option<PersonId> {
    match (email, phone) {
        (Some(email), _) => Some(PersonId::of(key, &email.identity())),
        (None, Some(phone)) => Some(PersonId::of(key, &phone.identity())),
        (None, None) => by_customer_id(key, customer_id),
    }
}

/// What stands for a shop's own customer id. `None` where there is none. Shopify writes the number alone in its storefront,
/// and with its kind before it in its API.
pub fn by_customer_id(key: &IdentityKey, customer_id: &str) -> Option<PersonId> {
    let id = customer_id.trim();
    let id = id.strip_prefix("gid://shopify/Customer/").unwrap_or(id);
    (!id.is_empty()).then(|| PersonId::of(key, &format!("customer:{id}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record_says_who_it_is_in_whatever_order_they_come() {
        let id = PersonId::of(&IdentityKey::new([7; 32]), "email:ada@example.com");
        let record = |slice, locale: &str| Record {
            slice,
            person: Person {
                id,
                name: None,
                email: None,
                phone: None,
                post: None,
                residence: None,
                customer: None,
                link_key: None,
                locale: Some(locale.to_owned()),
                salt: String::new(),
            },
        };
        let mut records = [record(3, "de"), record(1_000_000, "fr"), record(7, "en"), record(3, "de")];
        for turn in 0..4 {
            records.rotate_left(turn);
            let [first, others @ ..] = records.clone();
            let mut member = Member::of(first);
            others.into_iter().for_each(|other| member.add(other));
            assert_eq!(member.person.locale.as_deref(), Some("de"));
            assert_eq!(member.slices, [3, 7, 1_000_000]);
        }
    }

    #[test]
    fn addresses_that_can_be_used() {
        for (text, sent_to) in [
            ("ada@example.com", "ada@example.com"),
            (" Ada@Example.COM ", "Ada@example.com"),
            ("a+b@bücher.example", "a+b@xn--bcher-kva.example"),
        ] {
            assert_eq!(text.parse::<EmailAddress>().unwrap().personal().expose(), sent_to);
        }
    }

    #[test]
    fn addresses_that_cannot() {
        for (text, why) in [
            ("", AddressError::EmailForm),
            ("ada", AddressError::EmailForm),
            ("ada@localhost", AddressError::EmailDomain),
            ("ada@[127.0.0.1]", AddressError::EmailDomain),
            ("Ada <ada@example.com>", AddressError::EmailDomain),
            ("ada@example.com\nBcc: eve@example.com", AddressError::ControlCharacter),
            ("ада@example.com", AddressError::LocalPartNotAscii),
            ("\"a b\"@example.com", AddressError::EmailForm),
            ("a..b@example.com", AddressError::EmailForm),
            ("a@b@example.com", AddressError::EmailForm),
            ("a@example.c", AddressError::EmailDomain),
        ] {
            assert_eq!(text.parse::<EmailAddress>(), Err(why), "{text:?}");
        }
    }

    #[test]
    fn two_spellings_are_one_person_and_two_mailboxes_two() {
        let key = IdentityKey::new([7; 32]);
        let id = |text: &str| identify(&key, Some(&text.parse().unwrap()), None, "");
        assert_eq!(id("Ada@Example.com"), id("ada@example.com "));
        assert_ne!(id("a.da@example.com"), id("ada@example.com"));
        assert_eq!(identify(&key, None, None, "  "), None);
        assert_eq!(identify(&key, None, None, "7"), by_customer_id(&key, " gid://shopify/Customer/7"));
        assert_ne!(by_customer_id(&key, "7"), by_customer_id(&key, "77"));
    }

    #[test]
    fn a_postal_address_is_whole_or_none_and_reads_back() {
        let parts = PostalParts {
            line1: "1 Example Street ",
            postal_code: "94105",
            city: "San Francisco",
            province: "CA",
            country: "US",
            ..PostalParts::default()
        };
        let address = PostalAddress::of(&parts).unwrap().unwrap();
        assert!(!format!("{address:?}").contains("Example"));
        let read = PostalAddress::parts(address.personal().expose()).unwrap();
        assert!(read == PostalParts { line1: "1 Example Street", ..parts.clone() });
        let of = |parts: &PostalParts<'_>| PostalAddress::of(parts).map(|address| address.is_some());
        assert_eq!(of(&PostalParts { city: " ", ..parts.clone() }), Ok(false));
        assert_eq!(of(&PostalParts { line2: "a\nb", ..parts.clone() }), Err(AddressError::PostForm));
        assert_eq!(of(&PostalParts { line1: &"a".repeat(201), ..parts }), Err(AddressError::PostForm));
        assert!(PostalAddress::parts("one line").is_none());
    }

    #[test]
    fn phones_are_e164() {
        assert_eq!("+44 7700 900-123".parse::<PhoneNumber>().unwrap().personal().expose(), "+447700900123");
        for bad in ["", "07700900123", "+0123456789", "+44", "+44770090012345678", "+44 77oo 900123"] {
            assert_eq!(bad.parse::<PhoneNumber>(), Err(AddressError::PhoneForm), "{bad}");
        }
    }

    #[test]
    fn residence_is_the_state_in_the_united_states_and_the_country_elsewhere() {
        let of = |country, province| Jurisdiction::of(country, province).map(|j| j.to_string());
        assert_eq!(of("us", "ca"), Some("US-CA".to_owned()));
        assert_eq!(of("US", "US-NY"), Some("US-NY".to_owned()));
        assert_eq!(of("US", ""), None);
        assert_eq!(of("de", "BY"), Some("DE".to_owned()));
        assert_eq!(of("UK", ""), Some("GB".to_owned()));
        assert_eq!(of("", "CA"), None);
        assert_eq!(of("Germany", ""), None);
    }
}
