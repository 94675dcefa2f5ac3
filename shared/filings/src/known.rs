//! The things that a form can be filled with, as a closed list.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident = $key:literal,)*) => {
        /// One thing that is known, or may be, of an incident and of who files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Fact {
            $($(#[$doc])* #[serde(rename = $key)] $variant,)*
        }

        impl Fact {
            pub const ALL: &[Fact] = &[$(Fact::$variant,)*];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Fact::$variant => $key,)*
                }
            }
        }
    };
}

facts! {
    /// When the enterprise was aware: an instant.
    Awareness = "awareness",
    /// What brought it about, in words.
    Cause = "cause",
    /// Where more can be asked: address, e-mail, telephone, in words.
    ControllerContact = "controller-contact",
    /// The country of the enterprise, as a code.
    ControllerCountry = "controller-country",
    ControllerName = "controller-name",
    /// Likely consequences, in words.
    Consequences = "consequences",
    /// Kinds of data: words of the notices' categories (`email`, `payment-card`).
    DataKinds = "data-kinds",
    /// The same in words.
    DataKindsText = "data-kinds-text",
    /// When it was found out: an instant.
    Discovery = "discovery",
    DpoContact = "dpo-contact",
    /// `yes` or `no`.
    DpoDesignated = "dpo-designated",
    DpoName = "dpo-name",
    /// The number that the authority gave to an earlier filing.
    EarlierNumber = "earlier-number",
    /// The countries of the European Economic Area in which people are affected: codes with numbers.
    EeaPlaces = "eea-places",
    /// Whether the data could not be read: `intact`, `key-lost`, `none`.
    Encryption = "encryption",
    /// Who is to get it, by name.
    FilingAuthority = "filing-authority",
    /// `complete`, `incomplete` or `withdraw`.
    FilingCompleteness = "filing-completeness",
    /// `new` or `follow-up`.
    FilingKind = "filing-kind",
    /// A free service against identity theft on offer, in words.
    IdentityServices = "identity-services",
    /// Whether law enforcement holds notices back: `yes` or `no`.
    LawEnforcementHold = "law-enforcement-hold",
    /// The lead authority under GDPR Article 56, where there is one.
    LeadAuthority = "lead-authority",
    /// What was done and is planned, in words.
    Measures = "measures",
    /// A day or an instant at which it began, as far as known.
    OccurrenceBegin = "occurrence-begin",
    OccurrenceEnd = "occurrence-end",
    /// `day`, `span` or `unknown`.
    OccurrenceKind = "occurrence-kind",
    /// The other authorities that are told, by name.
    OtherAuthorities = "other-authorities",
    /// Whether any is: `yes` or `no`.
    OtherAuthoritiesTold = "other-authorities-told",
    /// Whether the controller has no establishment in the European Economic Area: `yes` or `no`.
    OutsideEea = "outside-eea",
    /// Whether people of several of its member states are affected, and the controller sits in one: `yes` or `no`.
    CrossBorder = "cross-border",
    /// Our own reference of the incident.
    OwnReference = "own-reference",
    /// Everybody affected.
    People = "people",
    /// `exact`, `about` or `unknown`.
    PeopleExactness = "people-exactness",
    /// By residence: codes with numbers.
    PeopleByPlace = "people-by-place",
    /// Why the filing comes late, in words; only where it does.
    ReasonsForDelay = "reasons-for-delay",
    Records = "records",
    RecordsExactness = "records-exactness",
    /// The representative under GDPR Article 27, by its country.
    Representative = "representative",
    /// Those affected in the form's own jurisdiction.
    Residents = "residents",
    /// How many of those a notice reached.
    ResidentsTold = "residents-told",
    /// `none`, `risk` or `high`.
    Risk = "risk",
    /// The letter to people, without any person's data.
    SampleNotice = "sample-notice",
    /// Whether people were told: `yes`, `will`, `pending` or `not-owed`.
    Told = "told",
    /// `all` or `not-all`.
    ToldAll = "told-all",
    /// By what means, in words (`e-mail, text message`).
    ToldMeans = "told-means",
    /// `individual`, where notices went to each person.
    ToldMeansKind = "told-means-kind",
    /// The first day on which a notice went.
    ToldOn = "told-on",
    /// How many were reached.
    ToldNumber = "told-number",
    /// Why not all were told, in words and numbers.
    ToldWhyNotAll = "told-why-not-all",
    /// When the rest will be told.
    ToldNext = "told-next",
    /// What happened, in words.
    WhatHappened = "what-happened",
}

impl fmt::Display for Fact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
