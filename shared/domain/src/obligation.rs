//! The obligation: one regime applied to one incident and one recipient, its terms frozen when it arose.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::ObligationId;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    pub id: ObligationId,
    /// The rule's id: `us-ca-individual`.
    pub regime: String,
    pub jurisdiction: String,
    pub audience: Audience,
    /// The authority or body; for people, "affected people".
    pub recipient: String,
    pub owed: Owed,
    /// `None` where the law sets no number; then `due_rule` says what it says instead.
    pub due: Option<Timestamp>,
    pub due_rule: String,
    /// Why it is owed or not, and which clock stood in for which.
    pub reasons: Vec<String>,
    pub citation: String,
    /// Where a filing goes, where the rule says it.
    pub filing: Option<String>,
    /// How sure the rule's text is: `verified`, `well-known`, `uncertain`.
    pub confidence: String,
    /// What the notice has to carry and may not carry, in the rule's words.
    pub required: Vec<String>,
    pub forbidden: Vec<String>,
    pub methods: Vec<String>,
}

/// A duty presses when a quarter of its time is left.
const LAST_PART: i32 = 4;

impl Obligation {
    /// From when on the duty presses, with the time reckoned from `since`; `None` where nothing is owed by a number.
    pub fn presses_from(&self, since: Timestamp) -> Option<Timestamp> {
        let due = self.due.filter(|_| self.owed == Owed::Yes)?;
        let whole = due.duration_since(since).max(SignedDuration::ZERO);
        Some(due - whole / LAST_PART)
    }
}

/// A person's word that something was done for a duty by other ways than notices, with what proves it: a portal's filing,
/// a page, a list of media, a call. Facts in a set: a later one takes no earlier one back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub obligation: ObligationId,
    /// The principal who says so.
    pub by: String,
    pub what: String,
    /// When it was done.
    pub at: Timestamp,
    /// Where it can be looked up: an address on the web, or the acknowledgement's number.
    pub place: String,
    /// SHA-256 in hex of a file that shows it, which people keep elsewhere.
    pub sha256: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owed {
    Yes,
    No,
    /// No rule is known for people who live there: never silence.
    AskCounsel,
}

/// To whom a law owes a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    Authority,
    Individual,
    AttorneyGeneral,
    CreditAgency,
    /// Card brand or acquirer.
    Card,
    /// Processor to controller.
    Controller,
    Media,
    /// A record that is kept and not sent, such as the register of GDPR Article 33(5).
    Register,
    /// Another duty without a recipient, such as an assessment within a term.
    Other,
}

impl Audience {
    pub fn as_str(self) -> &'static str {
        match self {
            Audience::Authority => "authority",
            Audience::Individual => "individual",
            Audience::AttorneyGeneral => "attorney-general",
            Audience::CreditAgency => "credit-agency",
            Audience::Card => "card",
            Audience::Controller => "controller",
            Audience::Media => "media",
            Audience::Register => "register",
            Audience::Other => "other",
        }
    }
}
