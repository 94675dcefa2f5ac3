//! The words that rules and facts share.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::keyed::keyed;

keyed! {
    /// To whom a duty is owed.
    Audience, "audience" {
        Authority = "authority",
        Individual = "individual",
        AttorneyGeneral = "attorney-general",
        ConsumerReportingAgency = "consumer-reporting-agency",
        /// The acquirer, and through it the card brand: a contract, not a statute.
        CardBrand = "card-brand",
        /// A processor's duty to the controller whose data it holds.
        Controller = "controller",
        Media = "media",
        /// Records, assessments, markets: duties without a person on the other side.
        Other = "other",
    }
}

keyed! {
    /// How well the text behind a rule is known.
    Confidence, "confidence" {
        /// The text, or a page that states it, was read.
        Verified = "verified",
        /// Common knowledge of the field; the text was not read.
        WellKnown = "well-known",
        /// Sources disagree or are silent.
        Uncertain = "uncertain",
    }
}

keyed! {
    /// What the rule is today.
    Status, "status" {
        InForce = "in-force",
        /// In force for some trades only; the trigger names them.
        Sectoral = "sectoral",
        /// A card brand's contract.
        Contract = "contract",
        /// Enacted, in force from a later day (`effective-from`).
        Future = "future",
        /// Enacted; no day is set from which it binds. `effective-from` is the day of enactment and decides nothing.
        NotCommenced = "not-commenced",
        Voluntary = "voluntary",
        Proposal = "proposal",
        NoDuty = "no-duty",
        /// Gives a private action, asks for no notice.
        LiabilityOnly = "liability-only",
        /// In force for trades that Tocsin does not serve.
        OutOfScope = "out-of-scope",
        /// The law stands, its terms are not settled.
        Unsettled = "unsettled",
    }
}

keyed! {
    /// The assessed risk to people, in the words of GDPR Articles 33 and 34. Ordered.
    Risk, "risk" {
        None = "none",
        Risk = "risk",
        High = "high",
    }
}

keyed! {
    /// What encryption does to a duty.
    Encryption, "effect of encryption" {
        /// Nothing: the duty does not ask.
        Ignored = "ignored",
        /// No duty while the key is safe; the duty is back when the key is taken.
        SafeHarbour = "safe-harbour",
        /// Encrypted, key safe and backed up speaks against a risk, and contradicts facts that state one.
        LowersRisk = "lowers-risk",
    }
}

keyed! {
    /// A lawful way to give a notice.
    Method, "method" {
        Email = "email",
        InApp = "in-app",
        Letter = "letter",
        Phone = "phone",
        Portal = "portal",
        Sms = "sms",
        /// Press, broadcast or a conspicuous page, where the law allows it instead of direct notice.
        PublicNotice = "public-notice",
        /// Kept by the enterprise itself: a register or an assessment.
        InternalRecord = "internal-record",
    }
}

keyed! {
    /// A condition that the law puts on a way of giving a notice.
    Condition, "condition" {
        /// E-mail only with consent to electronic records (15 U.S.C. 7001).
        EmailNeedsEsignConsent = "email-needs-esign-consent",
        /// E-mail only where the person agreed to it (45 CFR 164.404(d)(1)).
        EmailIfAgreed = "email-if-agreed",
        /// Never to the e-mail account whose credentials were breached.
        NotToBreachedAccount = "not-to-breached-account",
        /// A message of its own, never mixed with other content (EDPB Guidelines 9/2022).
        DedicatedMessage = "dedicated-message",
        /// Through the acquirer, which tells the brand.
        ThroughAcquirer = "through-acquirer",
    }
}

/// A place whose law may apply: ISO 3166-1 alpha-2, ISO 3166-2, `EU`, or `XX-PCI` for the card brands' contracts.
///
/// An incident looks up hundreds of them in every rule, so its few letters lie in it and not on the heap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Jurisdiction {
    /// Capital letters, digits and a hyphen, then zeros: in the order of the texts.
    letters: [u8; LONGEST],
}

/// `US-CALI`: two letters, a hyphen, four letters or digits.
const LONGEST: usize = 7;

/// A text that is no jurisdiction code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a jurisdiction code (ISO 3166-1 alpha-2 or ISO 3166-2, upper case)")]
pub struct JurisdictionError;

impl Jurisdiction {
    /// The code as written.
    pub fn as_str(&self) -> &str {
        let end = self.letters.iter().position(|letter| *letter == 0).unwrap_or(LONGEST);
        let letters = self.letters.get(..end).unwrap_or_default();
        std::str::from_utf8(letters).unwrap_or_default()
    }

    /// The country of a subdivision (`US` of `US-CA`); none for a country.
    pub fn parent(&self) -> Option<Jurisdiction> {
        self.as_str().split_once('-').and_then(|(country, _)| country.parse().ok())
    }
}

impl FromStr for Jurisdiction {
    type Err = JurisdictionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (country, rest) = match text.split_once('-') {
            Some((country, subdivision)) => (country, Some(subdivision)),
            None => (text, None),
        };
        let country_ok = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        let rest_ok = rest.is_none_or(|subdivision| {
            (1..=4).contains(&subdivision.len())
                && subdivision.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        });
        let mut letters = [0; LONGEST];
        match letters.get_mut(..text.len()) {
            Some(place) if country_ok && rest_ok => place.copy_from_slice(text.as_bytes()),
            Some(_) | None => return Err(JurisdictionError),
        }
        Ok(Jurisdiction { letters })
    }
}

impl TryFrom<String> for Jurisdiction {
    type Error = JurisdictionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Jurisdiction> for String {
    fn from(jurisdiction: Jurisdiction) -> String {
        jurisdiction.as_str().to_owned()
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jurisdiction_is_a_country_or_a_subdivision() {
        for good in ["DE", "US-CA", "XX-PCI", "CA-QC", "FR-75", "AE-DIFC"] {
            assert_eq!(good.parse::<Jurisdiction>().map(|place| place.to_string()).as_deref(), Ok(good));
        }
        for bad in ["", "de", "DEU", "US-", "US-ca", "US_CA", "-CA", "US-CALIF", "U\u{130}"] {
            assert_eq!(bad.parse::<Jurisdiction>(), Err(JurisdictionError), "{bad}");
        }
    }

    #[test]
    fn risk_is_ordered() {
        assert!(Risk::None < Risk::Risk && Risk::Risk < Risk::High);
    }
}
