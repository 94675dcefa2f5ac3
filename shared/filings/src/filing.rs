//! One filing on its way: prepared, approved, submitted, acknowledged, supplemented.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tocsin_domain::id::{IncidentId, ObligationId, digest};

use crate::fill::{Filled, Lack};
use crate::form::Form;

/// A filing with one authority by one form. Its answers are frozen when it is prepared; what changes later is another filing
/// that follows it (GDPR Article 33(4)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filing {
    pub incident: IncidentId,
    /// The duty that it meets.
    pub obligation: ObligationId,
    /// Counted up over all filings of the duty, from 1.
    pub number: u32,
    pub kind: Kind,
    pub completeness: Completeness,
    /// The number that the authority gave to the one before.
    pub follows: Option<String>,
    pub filled: Filled,
    /// SHA-256 in hex over all of the above: what an approval binds.
    pub hash: String,
    pub prepared: Act,
    pub approved: Option<Act>,
    pub submitted: Option<Submission>,
    pub acknowledged: Option<Acknowledgement>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    New,
    FollowUp,
}

impl Kind {
    /// Of a filing whose duty had this one before: one that nobody submitted leaves the next one new.
    pub fn after(before: Option<&Filing>) -> Kind {
        let follows =
            before.is_some_and(|before| before.submitted.is_some() || before.kind == Kind::FollowUp);
        if follows { Kind::FollowUp } else { Kind::New }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    Complete,
    /// More follows.
    Incomplete,
    /// What was filed before was wrong: there was no breach, or no risk.
    Withdrawal,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    pub by: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Who says so.
    pub by: String,
    /// When it was filed.
    pub at: Timestamp,
    /// The portal, or the address.
    pub how: String,
    /// Why it comes after its due instant; only where it does.
    pub late_because: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    pub by: String,
    pub at: Timestamp,
    /// The authority's own number.
    pub number: String,
}

/// Why a step cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilingError {
    #[error("it is called complete, and is not: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NotComplete(Vec<Lack>),
    #[error("nothing was submitted before that this one could follow or withdraw")]
    NothingBefore,
    #[error("the hash is that of another filing")]
    OtherHash,
    #[error("it is approved already")]
    Approved,
    #[error("it is not approved")]
    NotApproved,
    #[error("it is submitted already")]
    Submitted,
    #[error(
        "another filing of the duty is submitted, and this one would be a second first: prepare one that follows it"
    )]
    AnotherSubmitted,
    #[error("it is not submitted")]
    NotSubmitted,
    #[error("it was submitted after {0}, when it was due: say why")]
    LateWithoutReason(Timestamp),
    #[error("it was submitted in time: there is no delay to give reasons for")]
    NotLate,
    #[error("it was submitted before it was approved")]
    BeforeApproval,
    #[error("it is acknowledged already, under another number")]
    Acknowledged,
}

impl Filing {
    /// Freezes what was filled. `before` is the one before of the same duty.
    ///
    /// # Errors
    /// Where the kind does not fit what was filed before, and where it is called complete and lacks something.
    pub fn prepare(
        (incident, obligation): (IncidentId, ObligationId),
        before: Option<&Filing>,
        completeness: Completeness,
        (form, filled): (&Form, Filled),
        prepared: Act,
    ) -> Result<Filing, FilingError> {
        let kind = Kind::after(before);
        match completeness {
            Completeness::Withdrawal if kind == Kind::New => return Err(FilingError::NothingBefore),
            Completeness::Complete => {
                let lacks = filled.lacks(form);
                if !lacks.is_empty() {
                    return Err(FilingError::NotComplete(lacks));
                }
            }
            Completeness::Incomplete | Completeness::Withdrawal => {}
        }
        let number = before.map_or(1, |before| before.number + 1);
        let follows = before.and_then(Filing::authority_number).map(str::to_owned);
        let hash = hash(&incident, &obligation, (number, kind, completeness, &follows), &filled);
        Ok(Filing {
            incident,
            obligation,
            number,
            kind,
            completeness,
            follows,
            filled,
            hash,
            prepared,
            approved: None,
            submitted: None,
            acknowledged: None,
        })
    }

    /// The number by which the authority knows the matter: that of this filing, else of the one before.
    pub fn authority_number(&self) -> Option<&str> {
        self.acknowledged.as_ref().map(|known| known.number.as_str()).or(self.follows.as_deref())
    }

    /// # Errors
    /// Where it is approved already, or the approval is of something else.
    pub fn approve(mut self, hash: &str, act: Act) -> Result<Filing, FilingError> {
        match &self.approved {
            Some(_) => Err(FilingError::Approved),
            None if hash != self.hash => Err(FilingError::OtherHash),
            None => {
                self.approved = Some(act);
                Ok(self)
            }
        }
    }

    /// Takes in that it was filed. `others` are those of the same duty; `due` is the duty's instant: what follows a first filing
    /// is late for nobody.
    ///
    /// # Errors
    /// Where it is not approved or was filed before that, where it or another first one is submitted already, and where it is
    /// late without a reason.
    pub fn submit(
        mut self,
        others: &[Filing],
        due: Option<Timestamp>,
        submission: Submission,
    ) -> Result<Filing, FilingError> {
        let Some(approved) = &self.approved else {
            return Err(FilingError::NotApproved);
        };
        if self.submitted.is_some() {
            return Err(FilingError::Submitted);
        }
        if self.kind == Kind::New && others.iter().any(|other| other.submitted.is_some()) {
            return Err(FilingError::AnotherSubmitted);
        }
        if submission.at < approved.at {
            return Err(FilingError::BeforeApproval);
        }
        let missed = due.filter(|due| self.kind == Kind::New && submission.at > *due);
        match (missed, &submission.late_because) {
            (Some(due), None) => return Err(FilingError::LateWithoutReason(due)),
            (None, Some(_)) => return Err(FilingError::NotLate),
            (Some(_), Some(_)) | (None, None) => {}
        }
        self.submitted = Some(submission);
        Ok(self)
    }

    /// # Errors
    /// Where it is not submitted, or the authority gave it another number before.
    pub fn acknowledge(mut self, known: Acknowledgement) -> Result<Filing, FilingError> {
        if self.submitted.is_none() {
            return Err(FilingError::NotSubmitted);
        }
        match &self.acknowledged {
            Some(before) if before.number != known.number => Err(FilingError::Acknowledged),
            Some(_) => Ok(self),
            None => {
                self.acknowledged = Some(known);
                Ok(self)
            }
        }
    }

    /// Whether the authority was told that more follows, and nothing has followed: as the newest of its duty.
    pub fn waits_for_a_supplement(&self) -> bool {
        match self.completeness {
            Completeness::Incomplete => self.submitted.is_some(),
            Completeness::Complete | Completeness::Withdrawal => false,
        }
    }
}

fn hash(
    incident: &IncidentId,
    obligation: &ObligationId,
    which: (u32, Kind, Completeness, &Option<String>),
    filled: &Filled,
) -> String {
    // Lists and maps with text keys alone: writing them cannot fail.
    let text = serde_json::to_vec(&(which, filled)).unwrap_or_default();
    hex::encode(digest("filing", &[incident.as_bytes(), obligation.as_bytes(), &text]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_domain::id::{SignalId, TenantId};

    const FORM: &str = r#"
        key = "zz"
        name = "A form"
        law = "s. 1"
        source = "invented"
        confidence = "uncertain"
        version = 1
        regimes = ["zz-authority"]
        language = "en"
        [[section]]
        title = "All"
        [[section.question]]
        id = "what"
        ask = "What happened"
        takes = "text"
        from = "what-happened"
        need = "required"
    "#;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + minute * 60).unwrap()
    }

    fn act(minute: i64) -> Act {
        Act { by: "arn:person".to_owned(), at: at(minute) }
    }

    fn submission(minute: i64, late_because: Option<&str>) -> Submission {
        let late_because = late_because.map(str::to_owned);
        Submission { by: "arn:person".to_owned(), at: at(minute), how: "portal".to_owned(), late_because }
    }

    fn prepare(
        before: Option<&Filing>,
        completeness: Completeness,
        what: Option<&str>,
    ) -> Result<Filing, FilingError> {
        let tenant: TenantId = "shop".parse().unwrap();
        let incident = IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b"));
        let obligation = ObligationId::of(incident, "zz-authority", "ZZ", "the authority");
        let form = Form::read("zz", FORM).unwrap();
        let mut dossier = crate::Dossier::new(jiff::tz::TimeZone::UTC);
        let leaf = tocsin_domain::id::LeafId::of(&tenant, &[b"leaf"]);
        dossier.put_known(
            crate::Fact::WhatHappened,
            what.map(|what| crate::Value::Text(what.to_owned())),
            leaf,
        );
        let filled = crate::fill(&form, &dossier, &crate::Given::new()).unwrap();
        Filing::prepare((incident, obligation), before, completeness, (&form, filled), act(0))
    }

    #[test]
    fn a_filing_goes_its_way_step_by_step() {
        let prepared = prepare(None, Completeness::Incomplete, None).unwrap();
        assert_eq!((prepared.kind, prepared.number), (Kind::New, 1));
        assert_eq!(prepared.clone().submit(&[], None, submission(2, None)), Err(FilingError::NotApproved));
        assert_eq!(prepared.clone().approve("0", act(1)), Err(FilingError::OtherHash));
        let hash = prepared.hash.clone();
        let approved = prepared.approve(&hash, act(1)).unwrap();
        assert_eq!(approved.clone().approve(&hash, act(1)), Err(FilingError::Approved));
        assert_eq!(approved.clone().submit(&[], None, submission(0, None)), Err(FilingError::BeforeApproval));
        let acknowledgement =
            |number: &str| Acknowledgement { by: "a".to_owned(), at: at(9), number: number.to_owned() };
        assert_eq!(approved.clone().acknowledge(acknowledgement("1")), Err(FilingError::NotSubmitted));
        let submitted = approved.submit(&[], Some(at(5)), submission(5, None)).unwrap();
        assert!(submitted.waits_for_a_supplement());
        assert_eq!(submitted.clone().submit(&[], None, submission(6, None)), Err(FilingError::Submitted));
        let known = submitted.acknowledge(acknowledgement("2026/17")).unwrap();
        assert_eq!(known.clone().acknowledge(acknowledgement("2026/17")).unwrap(), known);
        assert_eq!(known.clone().acknowledge(acknowledgement("2026/18")), Err(FilingError::Acknowledged));
        let next = prepare(Some(&known), Completeness::Complete, Some("a leak")).unwrap();
        assert_eq!((next.kind, next.number, next.follows.as_deref()), (Kind::FollowUp, 2, Some("2026/17")));
        assert!(!next.waits_for_a_supplement());
    }

    #[test]
    fn what_is_called_complete_lacks_nothing_and_what_is_withdrawn_was_filed() {
        let lack = Lack::NotKnown("what".to_owned());
        assert_eq!(prepare(None, Completeness::Complete, None), Err(FilingError::NotComplete(vec![lack])));
        assert!(prepare(None, Completeness::Complete, Some("a leak")).is_ok());
        assert_eq!(prepare(None, Completeness::Withdrawal, None), Err(FilingError::NothingBefore));
        // One that nobody submitted leaves the next one new.
        let prepared = prepare(None, Completeness::Incomplete, None).unwrap();
        let again = prepare(Some(&prepared), Completeness::Incomplete, None).unwrap();
        assert_eq!((again.kind, again.number), (Kind::New, 2));
        assert_ne!(again.hash, prepared.hash);
        // Of two first ones that are approved one is filed.
        let approved = |filing: Filing| {
            let hash = filing.hash.clone();
            filing.approve(&hash, act(1)).unwrap()
        };
        let first =
            approved(prepared).submit(std::slice::from_ref(&again), None, submission(2, None)).unwrap();
        let second = approved(again).submit(&[first], None, submission(3, None));
        assert_eq!(second, Err(FilingError::AnotherSubmitted));
    }

    #[test]
    fn who_is_late_says_why_and_who_is_not_does_not() {
        let approved = |before: Option<&Filing>| {
            let prepared = prepare(before, Completeness::Incomplete, None).unwrap();
            let hash = prepared.hash.clone();
            prepared.approve(&hash, act(1)).unwrap()
        };
        let due = Some(at(5));
        assert_eq!(
            approved(None).submit(&[], due, submission(6, None)),
            Err(FilingError::LateWithoutReason(at(5)))
        );
        assert_eq!(approved(None).submit(&[], due, submission(5, Some("busy"))), Err(FilingError::NotLate));
        let late = approved(None).submit(&[], due, submission(6, Some("the portal was down"))).unwrap();
        assert!(
            approved(Some(&late)).submit(&[], due, submission(99, None)).is_ok(),
            "what follows is late for nobody"
        );
    }
}
