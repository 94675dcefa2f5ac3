//! What a law wants a notice to say, or forbids it to say, as a closed list.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Declares [`Element`] with its one key, so that the list, the names and the parser cannot drift apart.
macro_rules! elements {
    ($($(#[$doc:meta])* $variant:ident = $key:literal,)*) => {
        /// One thing that a notice says. Its string form is kebab-case and stable: plans and receipts hold it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Element {
            $($(#[$doc])* $variant,)*
        }

        impl Element {
            /// Every element, in the order of declaration.
            pub const ALL: &[Element] = &[$(Element::$variant,)*];

            /// The kebab-case key.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Element::$variant => $key,)*
                }
            }
        }
    };
}

elements! {
    /// Which card accounts are at risk, by their number and never by their numbers (Mastercard Security Rules ch. 10).
    AccountsAtRisk = "accounts-at-risk",
    /// Name of the parent or affiliated company (Mass. c. 93H s.3).
    Affiliation = "affiliation",
    /// What brought it about (APPI Enforcement Rules Art. 10, PIPL Art. 57).
    Cause = "cause",
    /// What happened when, in its order (Visa WTDIC).
    Chronology = "chronology",
    /// Postal address, e-mail and telephone of the one who writes.
    Contact = "contact",
    /// Name of the controller, so that the reader knows who writes.
    ControllerIdentity = "controller-identity",
    /// Name, address and telephone of the major credit agencies (Cal. Civ. Code 1798.82(d)(2)(F)).
    CraContacts = "cra-contacts",
    /// How to ask for a security freeze, what it needs, and that it is free (Mass. c. 93H s.3).
    CreditFreezeSteps = "credit-freeze-steps",
    /// Which kinds of data are affected.
    DataTypes = "data-types",
    /// The date of the breach, an estimate of it, or its range; "not yet known" if so.
    DateOrEstimate = "date-or-estimate",
    /// The date on which the breach became known to the one who writes (RCW 19.255.010(6), Res. CD/ANPD 15/2024).
    DiscoveryDate = "discovery-date",
    /// The data protection officer or another contact point (GDPR Art. 33(3)(b)).
    DpoOrContactPoint = "dpo-or-contact-point",
    /// Rights under the Fair Credit Reporting Act (N.M. Stat. 57-12C-7).
    FcraRights = "fcra-rights",
    /// That fraud alerts and security freezes exist and where to ask for them (815 ILCS 530/10).
    FraudAlertStatement = "fraud-alert-statement",
    /// Telephone number and web site of the national body that advises people (the FTC in the United States).
    FtcContacts = "ftc-contacts",
    /// A free identity theft service (Cal. Civ. Code 1798.82(d)(2)(G), Mass. c. 93H s.3A), where identity numbers leaked.
    IdentityTheftServices = "identity-theft-services",
    /// Whether law enforcement asked for a delay (Cal. Civ. Code 1798.82(d)(2)(D)).
    LawEnforcementDelay = "law-enforcement-delay",
    /// What the breach may lead to for the reader (GDPR Art. 33(3)(c)).
    LikelyConsequences = "likely-consequences",
    /// Anything that sells: a notice is a message of its own (EDPB Guidelines 9/2022).
    Marketing = "marketing",
    /// What was done and what is planned (GDPR Art. 33(3)(d)).
    MeasuresTaken = "measures-taken",
    /// What happened (GDPR Art. 34(2), Cal. Civ. Code 1798.82(d)(2)(E)); forbidden in Massachusetts (c. 93H s.3).
    Nature = "nature",
    /// The date of the notice itself (Cal. Civ. Code 1798.82(d)(2)(C)).
    NoticeDate = "notice-date",
    /// Categories and approximate number of the people concerned (GDPR Art. 33(3)(a)).
    NumberOfPeople = "number-of-people",
    /// Categories and approximate number of the records concerned (GDPR Art. 33(3)(a)).
    NumberOfRecords = "number-of-records",
    /// The number of affected residents in a notice to a person; forbidden in Illinois and Massachusetts.
    NumberOfResidents = "number-of-residents",
    /// What else the reader should know (APPI Enforcement Rules Art. 10).
    OtherFacts = "other-facts",
    /// Whether this is the first, a following, a corrected or a withdrawn notice (GDPR Art. 33(4)).
    Phase = "phase",
    /// Plain words and short sentences (GDPR Art. 34(2), RCW 19.255.010(6)(a)).
    PlainLanguage = "plain-language",
    /// The right to a police report (Mass. c. 93H s.3).
    PoliceReportRight = "police-report-right",
    /// The headings that California prescribes, in its order (Cal. Civ. Code 1798.82(d)(1)).
    PrescribedHeadings = "prescribed-headings",
    /// What the reader can do.
    ProtectiveSteps = "protective-steps",
    /// Why the notice is late, if it is (GDPR Art. 33(1), Res. CD/ANPD 15/2024).
    ReasonsForDelay = "reasons-for-delay",
    /// Who got the data, if known (POPIA s.22(5), 16 CFR 318.6).
    RecipientIdentity = "recipient-identity",
    /// That the regulator was told (Privacy Act 2020 (NZ) s.117(2)).
    RegulatorInformed = "regulator-informed",
    /// To remain vigilant: to look at account statements and credit reports (Mich. Comp. Laws 445.72(6)).
    RemainVigilant = "remain-vigilant",
    /// To report suspected identity theft to the police, the attorney general or the FTC (Iowa Code 715C.2(5)).
    ReportToAuthoritiesAdvice = "report-to-authorities-advice",
    /// What the enterprise does for those who suffered harm, and how to ask for it (PIPA Art. 34(1)).
    ResponseAndRelief = "response-and-relief",
    /// To review account statements and credit reports (N.M. Stat. 57-12C-7).
    ReviewStatementsAdvice = "review-statements-advice",
    /// The right to complain to the regulator (Privacy Act 2020 (NZ) s.117(2)).
    RightToComplain = "right-to-complain",
    /// Card numbers, social security numbers and the like themselves: never in a notice.
    SensitiveValues = "sensitive-values",
    /// Telephone numbers and web sites of the state's own bodies (N.Y. Gen. Bus. Law 899-aa(7)).
    StateAgencyContacts = "state-agency-contacts",
    /// The title "Notice of Data Breach" (Cal. Civ. Code 1798.82(d)(1)).
    TitleNoticeOfDataBreach = "title-notice-of-data-breach",
    /// A number that can be called free of charge (45 CFR 164.404(c)(1)(E)).
    TollFreeNumber = "toll-free-number",
    /// That somebody acquired personal information without leave (Wis. Stat. 134.98(2)).
    UnauthorizedAcquisitionStatement = "unauthorized-acquisition-statement",
}

/// A key that names no element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no element of a notice is called {key:?}")]
pub struct UnknownElement {
    /// The key after normalisation.
    pub key: String,
}

impl FromStr for Element {
    type Err = UnknownElement;

    /// Takes the element's key with hyphens or underscores in any case, or another word of the statutes for it.
    /// A key that stands for several elements is an error here; see [`Demands::from_keys`].
    fn from_str(key: &str) -> Result<Element, UnknownElement> {
        let key = normalised(key);
        match elements_of(&key) {
            Some([element]) => Ok(*element),
            Some(_) | None => Err(UnknownElement { key }),
        }
    }
}

impl TryFrom<String> for Element {
    type Error = UnknownElement;

    fn try_from(key: String) -> Result<Element, UnknownElement> {
        key.parse()
    }
}

impl From<Element> for String {
    fn from(element: Element) -> String {
        element.as_str().to_owned()
    }
}

impl fmt::Display for Element {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// What one regime wants in a notice to one audience, and what it forbids there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demands {
    /// Elements that the notice must carry.
    pub required: Vec<Element>,
    /// Elements that the notice must not carry.
    #[serde(default)]
    pub forbidden: Vec<Element>,
}

impl Demands {
    /// Reads the keys of a rule pack. One key may stand for several elements ("measures-and-advice"),
    /// and a key that begins with "must NOT include" forbids.
    ///
    /// # Errors
    /// The first key that names nothing known: better no plan than one that overlooks a demand.
    pub fn from_keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Demands, UnknownElement> {
        let mut demands = Demands::default();
        for key in keys {
            let key = normalised(key);
            let (list, name) = match key.strip_prefix("must-not-include-") {
                Some(name) => (&mut demands.forbidden, name),
                None => (&mut demands.required, key.as_str()),
            };
            let Some(elements) = elements_of(name) else {
                return Err(UnknownElement { key });
            };
            list.extend_from_slice(elements);
        }
        demands.required.sort_unstable();
        demands.required.dedup();
        demands.forbidden.sort_unstable();
        demands.forbidden.dedup();
        Ok(demands)
    }
}

/// Lower case, with every run of other signs than letters and digits as one hyphen.
fn normalised(key: &str) -> String {
    key.split(|sign: char| !sign.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect::<Vec<_>>()
        .join("-")
}

fn elements_of(key: &str) -> Option<&'static [Element]> {
    match Element::ALL.iter().position(|element| element.as_str() == key) {
        Some(at) => Element::ALL.get(at..=at),
        None => other_words(key),
    }
}

/// Other words that statutes and rule packs use for our elements.
fn other_words(key: &str) -> Option<&'static [Element]> {
    use Element::*;
    let elements: &[Element] = match key {
        "general-description"
        | "description"
        | "circumstances"
        | "what-happened"
        | "summary"
        | "incident-general-terms"
        | "general-terms"
        | "nature-of-the-breach" => &[Nature],
        "nature-in-clear-plain-language" => &[Nature, PlainLanguage],
        "nature-categories"
        | "data-type"
        | "data-categories"
        | "categories"
        | "kinds-of-information"
        | "types-of-information"
        | "personal-information"
        | "categories-and-specific-elements" => &[DataTypes],
        "consequences"
        | "effects"
        | "consequences-and-risks"
        | "risks"
        | "risks-impacts"
        | "secondary-damage" => &[LikelyConsequences],
        "measures"
        | "measures-intended"
        | "measures-taken-or-proposed"
        | "mitigation"
        | "security-measures"
        | "steps-taken" => &[MeasuresTaken],
        "measures-and-advice" => &[MeasuresTaken, ProtectiveSteps],
        "advice"
        | "actions-and-advice"
        | "protective-acts"
        | "recommended-steps"
        | "recommended-steps-other-entities"
        | "steps-for-individuals"
        | "steps-individuals-can-take" => &[ProtectiveSteps],
        "name-contact" | "identity-contact" => &[ControllerIdentity, Contact],
        "dpo" | "contact-dpo" => &[DpoOrContactPoint],
        "date" | "approx-date" | "date-or-range" | "day-or-period" | "time-and-duration" => &[DateOrEstimate],
        "date-of-knowledge" | "awareness-date" => &[DiscoveryDate],
        "date-of-incident-and-knowledge"
        | "exposure-time-frame"
        | "time-frame-of-exposure-incl-breach-and-discovery-dates" => &[DateOrEstimate, DiscoveryDate],
        "ag-contacts" => &[StateAgencyContacts],
        "agency-contacts" | "ftc-ag-contacts" | "state-federal-agency-contacts" => {
            &[FtcContacts, StateAgencyContacts]
        }
        "cra-ftc-contacts" => &[CraContacts, FtcContacts],
        "cra-ftc-ag-contacts" => &[CraContacts, FtcContacts, StateAgencyContacts],
        "fraud-alert-freeze-statement" | "fraud-alert-and-freeze" => &[FraudAlertStatement],
        "how-to-request-freeze" | "how-to-request-freeze-free" => &[CreditFreezeSteps],
        "mitigation-services"
        | "services"
        | "18-months-credit-monitoring-if-ssn-42-if-cra"
        | "12mo-id-theft-services-if-ssn-dl-and-notifier-was-the-source" => &[IdentityTheftServices],
        "law-enforcement-delay-statement" => &[LawEnforcementDelay],
        "headings-california" => &[PrescribedHeadings],
        "right-to-police-report" => &[PoliceReportRight],
        "parent-or-affiliate" => &[Affiliation],
        "number-of-data-subjects" | "categories-and-approx-number-of-data-subjects" => &[NumberOfPeople],
        "categories-and-approx-number-of-records" => &[NumberOfRecords],
        "number-of-residents-affected" | "the-number-of-illinois-residents-affected" => &[NumberOfResidents],
        "nature-of-the-breach-or-number-of-residents" => &[Nature, NumberOfResidents],
        "title-notice-of-data-breach-and-headings-what-happened-what-information-was-involved-what-we-are-doing-what-you-can-do-for-more-information" => {
            &[TitleNoticeOfDataBreach, PrescribedHeadings]
        }
        "as-authority-minus-data-volumes-plain-language" => {
            &[Contact, DateOrEstimate, LikelyConsequences, MeasuresTaken, Nature, PlainLanguage]
        }
        "copy-contents-of-statement" => &[Contact, ControllerIdentity, DataTypes, Nature, ProtectiveSteps],
        _ => return None,
    };
    Some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_one_key_that_reads_back() {
        for element in Element::ALL {
            assert_eq!(element.as_str().parse(), Ok(*element));
            assert_eq!(element.as_str().replace('-', "_").to_uppercase().parse(), Ok(*element));
            let json = serde_json::to_string(element).unwrap();
            assert_eq!(json, format!("\"{element}\""));
            assert_eq!(serde_json::from_str::<Element>(&json).unwrap(), *element);
        }
        let mut keys: Vec<&str> = Element::ALL.iter().map(|element| element.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), Element::ALL.len());
    }

    #[test]
    fn demands_are_read_from_the_keys_of_rules() {
        use Element::{
            Contact, ControllerIdentity, MeasuresTaken, Nature, NumberOfResidents, PlainLanguage,
            ProtectiveSteps,
        };
        let cases: [(&[&str], &[Element], &[Element]); 5] = [
            (&[], &[], &[]),
            (&["nature_in_clear_plain_language"], &[Nature, PlainLanguage], &[]),
            (&["measures_and_advice", "measures"], &[MeasuresTaken, ProtectiveSteps], &[]),
            (&["name_contact"], &[Contact, ControllerIdentity], &[]),
            (
                &["contact", "MUST NOT include nature of the breach or number of residents"],
                &[Contact],
                &[Nature, NumberOfResidents],
            ),
        ];
        for (keys, required, forbidden) in cases {
            let demands = Demands::from_keys(keys.iter().copied()).unwrap();
            assert_eq!(
                (demands.required.as_slice(), demands.forbidden.as_slice()),
                (required, forbidden),
                "{keys:?}"
            );
        }
        for unknown in ["", "shoe-size", "must not include"] {
            assert!(Demands::from_keys([unknown]).is_err(), "{unknown}");
        }
        assert!("measures-and-advice".parse::<Element>().is_err());
        assert_eq!("general-description".parse(), Ok(Nature));
    }
}
