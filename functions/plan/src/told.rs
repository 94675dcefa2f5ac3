//! What a recipient was told under earlier plans of the incident, and what follows from that for this one.

use std::collections::{BTreeMap, BTreeSet};

use tocsin_domain::id::{ObligationId, PersonId};
use tocsin_domain::incident::Incident;
use tocsin_domain::notice::Recipient;
use tocsin_domain::obligation::{Obligation, Owed};
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::person::Member;
use tocsin_domain::plan::{Channel, Phase, PlanHead, Wave};
use tocsin_domain::receipt::Reach;
use tocsin_notices::letter::{Addressee, Brief, Words};
use tocsin_notices::{Library, Template};
use tocsin_ports::TenantScope;
use tocsin_ports::store::told::{self, ByDuty, Told, Who};
use tocsin_ports::store::{people, plans};

use crate::PlanPorts;
use crate::roster::Roster;
use crate::waves::Duty;

/// What was said under one earlier plan.
struct Said {
    head: PlanHead,
    brief: Brief,
    obligations: Vec<Obligation>,
    waves: Vec<Wave>,
}

/// Somebody who was told, or may have been, and is not among the affected any more.
pub struct Stranger {
    pub obligation: ObligationId,
    /// As they were told.
    pub member: Member,
    pub scope: u32,
    /// Where they are kept.
    pub region: String,
    /// The channel by which they were told.
    pub channel: Channel,
}

/// Everybody who gets a withdrawal because they are not among the affected any more, or because nobody owes them anything
/// where what was said is withdrawn.
#[derive(Default)]
pub struct Strangers {
    pub people: Vec<Stranger>,
    /// The duties under which they were told and that nobody is owed any more.
    pub duties: Vec<Duty>,
    /// How many more there are whose records are gone.
    pub gone: usize,
    /// How many are affected, were told, and are owed nothing any more, while nothing is withdrawn: they get no notice.
    pub left: usize,
}

/// The slices in which each person stands.
type People = BTreeMap<PersonId, Vec<u32>>;

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
        let obligations = plans::obligations(ports, scope, &head).await?;
        let waves = plans::waves(ports, scope, &head).await?;
        said.insert(*version, Said { head, brief, obligations, waves });
    }
    Ok(Before { by: incident.amends_by.unwrap_or(Phase::FollowUp), told, said })
}

/// Reads everybody who is not among the affected any more, from the reading of the evidence under which they were told.
pub async fn strangers(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    before: &Before,
    (roster, duties): (&Roster, &[Duty]),
) -> Result<Strangers, Halt> {
    let mut strangers = Strangers::default();
    let OwedNothing { by_wave, left } = before.owed_nothing_now(roster, duties);
    strangers.left = left;
    for ((said, wave), told) in by_wave {
        let of = told.iter().filter_map(|(id, slices)| Some((*id, *slices.first()?)));
        let at = said.head.roster_of(wave);
        let records = people::at(ports, scope, wave.kept_in(), at, of).await?;
        strangers.gone += told.len() - records.len();
        strangers.people.extend(records.into_iter().map(|record| Stranger {
            obligation: wave.obligation,
            member: Member {
                slices: told.get(&record.person.id).cloned().unwrap_or_default(),
                person: record.person,
            },
            scope: at.scope,
            region: wave.kept_in().to_owned(),
            channel: wave.channel,
        }));
        let is_known = |known: &Duty| known.obligation.id == wave.obligation;
        if !duties.iter().chain(&strangers.duties).any(is_known) {
            let was = said.obligations.iter().find(|duty| duty.id == wave.obligation);
            let was =
                was.ok_or_else(|| Parked::Missing { what: "the duty of an earlier wave".to_owned() })?;
            strangers.duties.push(owed_no_more(was));
        }
    }
    strangers.people.sort_by_key(|stranger| (stranger.obligation, stranger.member.person.id));
    Ok(strangers)
}

fn owed_no_more(was: &Obligation) -> Duty {
    let reasons = vec!["nobody whom it was owed to is among the affected any more".to_owned()];
    Duty {
        obligation: Obligation { owed: Owed::No, reasons, ..was.clone() },
        residences: BTreeSet::new(),
        conditions: BTreeSet::new(),
    }
}

/// Who was told and is owed nothing now.
struct OwedNothing<'a> {
    /// Who has to hear that it does not concern them, by the wave that told them.
    by_wave: Vec<((&'a Said, &'a Wave), People)>,
    /// How many are still affected, where nothing is withdrawn.
    left: usize,
}

impl Before {
    /// Whether anything became of a notice of the duty to them: coverage knows them by that.
    pub fn counts(&self, obligation: ObligationId, member: &Member) -> bool {
        self.told.contains_key(&(obligation, Who::Person(member.person.id)))
    }

    /// Who was told, or may have been, and was not told that it does not concern them, though they are not among those
    /// affected now, or a withdrawal is due to everybody and this duty to nobody: the slices of each, by the wave that
    /// told them. And how many are still affected and are owed nothing, where nothing is withdrawn.
    fn owed_nothing_now(&self, roster: &Roster, duties: &[Duty]) -> OwedNothing<'_> {
        let affected: BTreeSet<PersonId> =
            roster.by_region.values().flatten().map(|member| member.person.id).collect();
        let owed = duties.iter().map(|duty| &duty.obligation).filter(|duty| duty.owed == Owed::Yes);
        let owed: BTreeSet<ObligationId> = owed.map(|duty| duty.id).collect();
        let mut by_wave: BTreeMap<(u32, u32), People> = BTreeMap::new();
        let mut left = 0;
        for ((duty, _), told) in &self.told {
            let knows = told.handed_over && !matches!(told.reach, Reach::Unreachable(_));
            let Recipient::Person(id, slices) = &told.recipient else {
                continue;
            };
            if !knows || self.was_withdrawn(told) || (affected.contains(id) && owed.contains(duty)) {
                continue;
            }
            if affected.contains(id) && self.by != Phase::Withdrawal {
                left += 1;
                continue;
            }
            by_wave.entry((told.version, told.wave)).or_default().insert(*id, slices.clone());
        }
        let found = by_wave.into_iter().filter_map(|((version, wave), people)| {
            let said = self.said.get(&version)?;
            Some(((said, said.wave(wave)?), people))
        });
        OwedNothing { by_wave: found.collect(), left }
    }

    /// The wave by which somebody was told last.
    fn wave(&self, told: &Told) -> Option<&Wave> {
        self.said.get(&told.version)?.wave(told.wave)
    }

    fn was_withdrawn(&self, told: &Told) -> bool {
        self.wave(told).is_some_and(|wave| wave.phase == Phase::Withdrawal)
    }

    /// To whom it still concerns: that it did not was wrong.
    fn after_a_withdrawal(&self) -> Next {
        match self.by {
            Phase::Withdrawal => Next::Nothing,
            Phase::First | Phase::FollowUp | Phase::Correction => Next::Again(Phase::Correction),
        }
    }

    /// A withdrawal is nothing for those who were never told.
    fn first(&self, not_by: Vec<Channel>) -> Next {
        match self.by {
            Phase::Withdrawal => Next::Nothing,
            Phase::First | Phase::FollowUp | Phase::Correction => Next::First { not_by },
        }
    }
}

/// What is said now, held against what was said. What many have in common is composed once.
pub struct Saying<'a> {
    before: &'a Before,
    library: &'a Library,
    brief: &'a Brief,
    /// Of one wave of an earlier plan and one letter of now: what was said and what would be.
    words: BTreeMap<(u32, u32, &'a str), (Option<Words<'a>>, Words<'a>)>,
}

impl<'a> Saying<'a> {
    pub fn of(before: &'a Before, library: &'a Library, brief: &'a Brief) -> Self {
        Self { before, library, brief, words: BTreeMap::new() }
    }

    /// What a person gets of a duty, whose letter would now be this one.
    pub fn next_to_person(
        &mut self,
        obligation: ObligationId,
        member: &Member,
        template: &'a Template,
    ) -> Next {
        self.next(obligation, &Who::Person(member.person.id), Addressee::Person(member), template)
    }

    pub fn next_to_contact(
        &mut self,
        obligation: ObligationId,
        contact: &str,
        template: &'a Template,
    ) -> Next {
        self.next(obligation, &Who::Contact(contact.to_owned()), Addressee::Contact(contact), template)
    }

    fn next(
        &mut self,
        obligation: ObligationId,
        who: &Who,
        to: Addressee<'_>,
        template: &'a Template,
    ) -> Next {
        let before = self.before;
        let Some(told) = before.told.get(&(obligation, who.clone())) else {
            return before.first(Vec::new());
        };
        // The last notice may have been called up and not have gone when the one before it had come back.
        if !told.handed_over || matches!(told.reach, Reach::Unreachable(_)) {
            return before.first(told.tried.clone());
        }
        if before.was_withdrawn(told) {
            return before.after_a_withdrawal();
        }
        // Nobody settles what a partner's endpoint has of an earlier plan: they are told once more, as those who know.
        let in_doubt = told.reach == Reach::Undecided && told.tried.contains(&Channel::Partner);
        match before.by {
            Phase::Withdrawal => Next::Again(Phase::Withdrawal),
            Phase::First | Phase::FollowUp | Phase::Correction
                if !in_doubt && self.is_the_same(told, to, template) =>
            {
                Next::Nothing
            }
            Phase::First | Phase::FollowUp => Next::Again(Phase::FollowUp),
            Phase::Correction => Next::Again(Phase::Correction),
        }
    }

    /// Whether they would read the same as they did. What cannot be composed as it was, is not the same.
    fn is_the_same(&mut self, told: &Told, to: Addressee<'_>, template: &'a Template) -> bool {
        let Some((said, wave)) = self.before.said.get(&told.version).zip(self.before.wave(told)) else {
            return false;
        };
        let (library, brief) = (self.library, self.brief);
        let (then, now) = self.words.entry((told.version, told.wave, template.id())).or_insert_with(|| {
            let as_it_was = library.pinned(&wave.template);
            let then = as_it_was.map(|as_it_was| Words::of(as_it_was, wave, &said.brief));
            (then, Words::of(template, wave, brief))
        });
        let Some(then) = then else {
            return false;
        };
        let as_they_were;
        let recipient = match (to, &told.recipient) {
            (Addressee::Person(member), Recipient::Person(_, slices)) => {
                as_they_were = Member { person: member.person.clone(), slices: slices.clone() };
                Addressee::Person(&as_they_were)
            }
            (other, _) => other,
        };
        match (then.to(recipient), now.to(to)) {
            (Ok(then), Ok(now)) => then == now,
            (_, _) => false,
        }
    }
}

impl Said {
    fn wave(&self, number: u32) -> Option<&Wave> {
        self.waves.iter().find(|wave| wave.number == number)
    }
}
