//! What a recipient was told under earlier plans of the incident, and what follows from that for this one.

use std::collections::{BTreeMap, BTreeSet};

use tocsin_domain::id::{ObligationId, PersonId};
use tocsin_domain::incident::Incident;
use tocsin_domain::notice::Recipient;
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::person::Member;
use tocsin_domain::plan::{Channel, Phase, Wave};
use tocsin_domain::receipt::Reach;
use tocsin_notices::letter::{self, Addressee, Brief};
use tocsin_notices::{Library, Template};
use tocsin_ports::TenantScope;
use tocsin_ports::store::plans;
use tocsin_ports::store::told::{self, ByDuty, Told, Who};

use crate::PlanPorts;
use crate::roster::Roster;

/// What was said under one earlier plan.
struct Said {
    brief: Brief,
    waves: Vec<Wave>,
}

/// What was said before, to whom.
pub struct Before {
    /// What those who were told get.
    by: Phase,
    told: ByDuty,
    said: BTreeMap<u32, Said>,
}

/// Which notice a recipient gets now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The first, by none of the channels by which it did not arrive.
    First { not_by: Vec<Channel> },
    /// One more, because what they were told is not what is to be said now.
    Again(Phase),
    /// They know what there is to know.
    Nothing,
}

pub async fn read(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    incident: &Incident,
    earlier: &[u32],
) -> Result<Before, Halt> {
    if told::is_under_way(ports, scope, incident.id, earlier).await? {
        return Err(Halt::Again("chunks of an earlier plan are being handed over".to_owned()));
    }
    let told = told::under_all(ports, scope, incident.id, earlier).await?;
    let mut said = BTreeMap::new();
    for version in earlier {
        let head = plans::get(ports, scope, incident.id, *version).await?.head;
        let brief = serde_json::from_str(&plans::brief(ports, scope, &head).await?)
            .map_err(|_| Parked::Missing { what: "a readable brief of an earlier plan".to_owned() })?;
        said.insert(*version, Said { brief, waves: plans::waves(ports, scope, &head).await? });
    }
    Ok(Before { by: incident.amends_by.unwrap_or(Phase::FollowUp), told, said })
}

impl Before {
    /// What a person gets of a duty, whose letter would now be this one.
    pub fn next_to_person(
        &self,
        obligation: ObligationId,
        member: &Member,
        library: &Library,
        now: Saying<'_>,
    ) -> Next {
        self.next(obligation, &Who::Person(member.person.id), Addressee::Person(member), library, now)
    }

    pub fn next_to_contact(
        &self,
        obligation: ObligationId,
        contact: &str,
        library: &Library,
        now: Saying<'_>,
    ) -> Next {
        self.next(obligation, &Who::Contact(contact.to_owned()), Addressee::Contact(contact), library, now)
    }

    /// How many people were told, or may have been, who are not among those affected now.
    pub fn not_affected_now(&self, roster: &Roster) -> usize {
        let affected: BTreeSet<PersonId> =
            roster.by_region.values().flatten().map(|member| member.person.id).collect();
        let told: BTreeSet<PersonId> = self
            .told
            .iter()
            .filter(|(_, told)| told.handed_over && !matches!(told.reach, Reach::Unreachable(_)))
            .filter_map(|((_, who), _)| match who {
                Who::Person(id) => Some(*id),
                Who::Contact(_) => None,
            })
            .collect();
        told.difference(&affected).count()
    }

    fn next(
        &self,
        obligation: ObligationId,
        who: &Who,
        to: Addressee<'_>,
        library: &Library,
        now: Saying<'_>,
    ) -> Next {
        let Some(told) = self.told.get(&(obligation, who.clone())) else {
            return self.first(Vec::new());
        };
        // The last notice may have been called up and not have gone when the one before it had come back.
        if !told.handed_over || matches!(told.reach, Reach::Unreachable(_)) {
            return self.first(told.tried.clone());
        }
        match self.by {
            Phase::Withdrawal => Next::Again(Phase::Withdrawal),
            Phase::First | Phase::FollowUp | Phase::Correction
                if self.says_the_same(told, to, library, now) =>
            {
                Next::Nothing
            }
            Phase::First | Phase::FollowUp => Next::Again(Phase::FollowUp),
            Phase::Correction => Next::Again(Phase::Correction),
        }
    }

    /// A withdrawal is nothing for those who were never told.
    fn first(&self, not_by: Vec<Channel>) -> Next {
        match self.by {
            Phase::Withdrawal => Next::Nothing,
            Phase::First | Phase::FollowUp | Phase::Correction => Next::First { not_by },
        }
    }

    /// Whether they would read the same as they did. What cannot be composed as it was, is not the same.
    fn says_the_same(&self, told: &Told, to: Addressee<'_>, library: &Library, now: Saying<'_>) -> bool {
        let Some(said) = self.said.get(&told.version) else {
            return false;
        };
        let Some(wave) = said.waves.iter().find(|wave| wave.number == told.wave) else {
            return false;
        };
        let templates = library.templates().iter();
        let Some(template) = templates.into_iter().find(|known| known.content_hash() == wave.template.hash)
        else {
            return false;
        };
        let as_it_was;
        let then = match (to, &told.recipient) {
            (Addressee::Person(member), Recipient::Person(_, slices)) => {
                as_it_was = Member { person: member.person.clone(), slices: slices.clone() };
                Addressee::Person(&as_it_was)
            }
            (other, _) => other,
        };
        match (
            letter::words(template, wave, &said.brief, then),
            letter::words(now.template, wave, now.brief, to),
        ) {
            (Ok(then), Ok(now)) => then == now,
            (_, _) => false,
        }
    }
}

/// What would be said now.
#[derive(Clone, Copy)]
pub struct Saying<'a> {
    pub template: &'a Template,
    pub brief: &'a Brief,
}
