//! Who gets which notice by which channel: duties and people become waves and chunks.
//! Each person of a duty stands in exactly one chunk of it, or is counted as without an address. Whoever can be reached
//! by a second lawful channel stands in one more chunk, which stands by for the case that the first does not arrive.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::chunk::{Chunk, ChunkRef};
use tocsin_domain::id::{IncidentId, ObligationId};
use tocsin_domain::merkle::{Proof, Tree};
use tocsin_domain::notice::Notice;
use tocsin_domain::obligation::{Audience, Obligation, Owed};
use tocsin_domain::person::Person;
use tocsin_domain::personal::Personal;
use tocsin_domain::plan::{Channel, Phase, Settling, TemplateRef, Wave, chunk_size, open};
use tocsin_domain::tenant::{Contact, Tenant};
use tocsin_domain::window::{Interval, SendingWindow};
use tocsin_law::Condition;
use tocsin_notices::gate::Judge;
use tocsin_notices::letter::{self, Brief, Composed, Composer, Pages};
use tocsin_notices::{Demands, Library, NoticeFacts, Page, Template};

use crate::Blocked;
use crate::brief::contact_of;
use crate::failover::Failovers;
use crate::roster::Roster;
use crate::seats::{Counterpart, Group, Seats, To};
use crate::told::{Before, Next, Saying, Stranger, Strangers};

/// A duty with what only the making of a plan needs.
#[derive(Debug, Clone)]
pub struct Duty {
    pub obligation: Obligation,
    /// Where the people of a duty toward individuals live.
    pub residences: BTreeSet<String>,
    pub conditions: BTreeSet<Condition>,
}

/// The plan's parts.
#[derive(Debug, Default)]
pub struct Laid {
    pub waves: Vec<Wave>,
    /// Each with the proof that it stands under its wave's root.
    pub chunks: Vec<(Chunk, Proof)>,
    pub desk: BTreeMap<ObligationId, String>,
    pub no_address: BTreeMap<ObligationId, u64>,
    pub attention: Vec<String>,
    /// How many were told before and need a notice of a phase that their letter has no words for, by regime.
    wordless: BTreeMap<(String, Phase), u64>,
}

/// What a plan is laid out from.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    pub tenant: &'a Tenant,
    pub roster: &'a Roster,
    pub duties: &'a [Duty],
    pub library: &'a Library,
    pub brief: &'a Brief,
    pub told: &'a Before,
    pub strangers: &'a Strangers,
    /// Passwords and the like are among the data, or what nobody knows to be something else.
    pub credentials_leaked: bool,
    pub incident: IncidentId,
    pub version: u32,
    pub now: Timestamp,
}

/// Where somebody sits who is sent from elsewhere, `failovers` says.
pub fn lay(ground: Ground<'_>, failovers: Failovers) -> Result<Laid, Blocked> {
    let Ground { tenant, roster, duties, brief, incident, version, now, .. } = ground;
    let mut laid = Laid::default();
    let mut seats = Seats::with(failovers);
    for duty in duties.iter().filter(|duty| duty.obligation.owed != Owed::No) {
        if let Err(task) = assign(&ground, duty, &mut seats, &mut laid) {
            laid.desk.insert(duty.obligation.id, task);
        }
    }
    if roster.count.residence_unknown > 0 {
        laid.attention.push(format!(
            "{} people have no known residence: no law can be named for them until somebody settles it",
            roster.count.residence_unknown
        ));
    }
    for stranger in &ground.strangers.people {
        withdraw(&ground, stranger, &mut seats, &mut laid);
    }
    if ground.strangers.gone > 0 {
        laid.attention.push(format!(
            "{} people were told under an earlier plan, are not among the affected any more, and their records are \
             gone: nobody can write to them from here",
            ground.strangers.gone
        ));
    }
    if ground.strangers.left > 0 {
        laid.attention.push(format!(
            "{} people were told under an earlier plan of duties that nobody owes them any more, and get no notice under \
             this one: withdraw what was said, or write to them",
            ground.strangers.left
        ));
    }
    for ((regime, phase), people) in std::mem::take(&mut laid.wordless) {
        laid.attention.push(format!(
            "{people} people were told under {regime} and need a {}: its letter has no words for that; write to them",
            phase.as_str()
        ));
    }
    for row in seats.rows(tenant.canary) {
        let Group { obligation, scope, region, failover, channel, residence, phase, stands_by, .. } =
            row.group.clone();
        let (template, duty) = (row.template, row.duty);
        let wave = Wave {
            number: row.number,
            obligation,
            regime: duty.obligation.regime.clone(),
            scope,
            region,
            failover,
            channel,
            language: template.header().language.clone(),
            phase,
            template: TemplateRef {
                id: template.id().to_owned(),
                version: template.version(),
                hash: template.content_hash().to_owned(),
            },
            start: now + SignedDuration::from_mins(row.after.map_or(0, |after| after.minutes).into()),
            window: if residence.is_some() { window(tenant, channel) } else { SendingWindow::Always },
            residence,
            deadline: deadline(&row.group, now),
            settling: settling(&duty.obligation, channel),
            stands_by,
            after: row.after,
            recipients: row.notices.len() as u64,
            chunks: 0,
            root: Tree::default().root(),
        };
        let at = ChunkRef { incident, plan: version, wave: row.number, number: 0 };
        fill(wave, at, &row.notices, template, duty, brief, &mut laid)?;
    }
    Ok(laid)
}

/// Puts everybody of a duty into a group, or says what a person has to do instead.
fn assign<'a>(
    ground: &Ground<'a>,
    duty: &'a Duty,
    seats: &mut Seats<'a>,
    laid: &mut Laid,
) -> Result<(), String> {
    match (duty.obligation.owed, duty.obligation.audience) {
        (Owed::AskCounsel, _) => Err("ask counsel".to_owned()),
        (Owed::No, _) | (_, Audience::Register) => Ok(()),
        (Owed::Yes, Audience::Individual) => assign_people(ground, duty, seats, laid),
        (
            Owed::Yes,
            Audience::Authority
            | Audience::AttorneyGeneral
            | Audience::CreditAgency
            | Audience::Card
            | Audience::Controller
            | Audience::Media
            | Audience::Other,
        ) => assign_contact(ground, duty, seats),
    }
}

fn assign_people<'a>(
    ground: &Ground<'a>,
    duty: &'a Duty,
    seats: &mut Seats<'a>,
    laid: &mut Laid,
) -> Result<(), String> {
    let Ground { tenant, roster, library, brief, told, .. } = *ground;
    // Without a letter for the regime, or without words for any, the whole duty is a person's task, and nobody else's plan
    // waits for that.
    library
        .select_worded(&duty.obligation.regime, &[], &brief.facts)
        .map_err(|error| format!("{error}: a person has to write to them"))?;
    let mut saying = Saying::of(told, library, brief);
    for (region, people) in &roster.by_region {
        for member in people {
            let person = &member.person;
            let lives_there = person
                .residence
                .as_ref()
                .is_some_and(|residence| duty.residences.contains(residence.as_str()));
            if !lives_there {
                continue;
            }
            let language: Vec<&str> = person.locale.as_deref().into_iter().collect();
            let template = library.select_worded(&duty.obligation.regime, &language, &brief.facts).ok();
            // Whoever was tried before is counted by what became of that.
            let mut has_no_address = || {
                if !told.counts(duty.obligation.id, member) {
                    *laid.no_address.entry(duty.obligation.id).or_default() += 1;
                }
            };
            let Some(template) = template else {
                has_no_address();
                continue;
            };
            let mut ways = channels(ground, duty, person, template);
            let phase = match saying.next_to_person(duty.obligation.id, member, template) {
                Next::First { not_by } => {
                    ways.retain(|way| !not_by.contains(way));
                    Phase::First
                }
                Next::Again(phase) => phase,
                Next::Nothing => continue,
            };
            if !template.header().phases.contains(&phase) {
                *laid.wordless.entry((duty.obligation.regime.clone(), phase)).or_default() += 1;
                continue;
            }
            match &ways[..] {
                [first, others @ ..] => {
                    let to = To::Person(member);
                    let of = |channel| {
                        let residence = match window(tenant, channel) {
                            SendingWindow::Always => None,
                            SendingWindow::Daily(_) => person.residence.clone(),
                        };
                        Group { residence, ..group(duty, region, channel, template, phase) }
                    };
                    let first = seats.sit(of(*first), template, duty, to);
                    if let Some(second) = others.first() {
                        seats.stand_by(Group { stands_by: true, ..of(*second) }, template, duty, to, first);
                    }
                }
                [] => has_no_address(),
            }
        }
    }
    Ok(())
}

/// Tells somebody who is not among the affected any more, by the channel by which they were told that they are.
fn withdraw<'a>(ground: &Ground<'a>, stranger: &'a Stranger, seats: &mut Seats<'a>, laid: &mut Laid) {
    let Ground { tenant, duties, strangers, library, brief, .. } = *ground;
    let Stranger { obligation, member, scope, region, channel } = stranger;
    let known = |duty: &&Duty| duty.obligation.id == *obligation;
    // `told::strangers` has the duty of each among its own where it is not among those of this plan.
    let Some(duty) = duties.iter().chain(&strangers.duties).find(known) else {
        return;
    };
    let language: Vec<&str> = member.person.locale.as_deref().into_iter().collect();
    let template = library.select_worded(&duty.obligation.regime, &language, &brief.facts).ok();
    let phase = Phase::Withdrawal;
    let has_words = |template: &&Template| {
        let header = template.header();
        header.phases.contains(&phase) && header.channels.contains(&letter::channel_of(*channel))
    };
    let Some(template) = template.filter(has_words) else {
        *laid.wordless.entry((duty.obligation.regime.clone(), phase)).or_default() += 1;
        return;
    };
    let residence = match window(tenant, *channel) {
        SendingWindow::Always => None,
        SendingWindow::Daily(_) => member.person.residence.clone(),
    };
    let group = Group { residence, scope: Some(*scope), ..group(duty, region, *channel, template, phase) };
    seats.sit(group, template, duty, To::Person(member));
}

fn assign_contact<'a>(ground: &Ground<'a>, duty: &'a Duty, seats: &mut Seats<'a>) -> Result<(), String> {
    let Ground { tenant, library, brief, told, .. } = *ground;
    let by_hand = || {
        let way = duty.obligation.filing.clone().unwrap_or_else(|| duty.obligation.methods.join(", "));
        format!("file by hand: {way}")
    };
    let contact = contact_of(tenant, duty).ok_or_else(by_hand)?;
    let template = library
        .select(&duty.obligation.regime, &[contact.language.as_str()])
        .map_err(|error| format!("{error}; {}", by_hand()))?;
    let mut saying = Saying::of(told, library, brief);
    let mut ways = ways_to(contact, template);
    let phase = match saying.next_to_contact(duty.obligation.id, &contact.name, template) {
        Next::First { not_by } => {
            // Where nothing else is left, it is tried again.
            if ways.iter().any(|way| !not_by.contains(way)) {
                ways.retain(|way| !not_by.contains(way));
            }
            Phase::First
        }
        Next::Again(phase) => phase,
        Next::Nothing => return Ok(()),
    };
    if !template.header().phases.contains(&phase) {
        return Err(format!("the letter has no words for a {}; {}", phase.as_str(), by_hand()));
    }
    let to = To::Contact(&contact.name);
    let of = |channel| group(duty, &tenant.residency.otherwise, channel, template, phase);
    let mut ways = ways.into_iter();
    let first = seats.sit(of(ways.next().ok_or_else(by_hand)?), template, duty, to);
    if let Some(second) = ways.next() {
        seats.stand_by(Group { stands_by: true, ..of(second) }, template, duty, to, first);
    }
    Ok(())
}

/// An endpoint answers at once, and knows what it has by its id: it goes before a mailbox.
fn ways_to(contact: &Contact, template: &Template) -> Vec<Channel> {
    let ways = [(Channel::Partner, contact.webhook.is_some()), (Channel::Email, contact.email.is_some())];
    let has_words = |channel: Channel| template.header().channels.contains(&letter::channel_of(channel));
    let ways = ways.into_iter().filter(|(channel, there)| *there && has_words(*channel));
    ways.map(|(channel, _)| channel).collect()
}

fn group(duty: &Duty, region: &str, channel: Channel, template: &Template, phase: Phase) -> Group {
    // The law asks of nobody to be quick in withdrawing what should not have been said.
    let due = if phase == Phase::Withdrawal { None } else { duty.obligation.due };
    Group {
        deadline: (due.is_none(), due),
        obligation: duty.obligation.id,
        scope: None,
        region: region.to_owned(),
        failover: None,
        channel,
        residence: None,
        template: template.id().to_owned(),
        phase,
        stands_by: false,
    }
}

/// What corrects or follows a notice when its time is over is late for nobody: the law counts the first.
fn deadline(group: &Group, now: Timestamp) -> Option<Timestamp> {
    let (_, due) = group.deadline;
    match group.phase {
        Phase::First => due,
        Phase::FollowUp | Phase::Correction | Phase::Withdrawal => due.filter(|due| *due > now),
    }
}

/// The hours of their day at which people may be reached by a channel. An inbox wakes nobody.
fn window(tenant: &Tenant, channel: Channel) -> SendingWindow {
    match channel {
        Channel::Email => tenant.senders.email_window,
        Channel::Sms => tenant.senders.sms_window,
        Channel::InApp | Channel::Partner | Channel::Letter => SendingWindow::Always,
    }
}

/// The channels that the person can be reached by at some hour, the law allows, the tenant has, and the letter has words
/// for, in their order.
fn channels(ground: &Ground<'_>, duty: &Duty, person: &Person, template: &Template) -> Vec<Channel> {
    let Ground { tenant, now, .. } = *ground;
    let lawful = |method: &str| duty.obligation.methods.iter().any(|known| known == method);
    let email = person.email.as_ref().is_some_and(|address| {
        duty.conditions.iter().all(|condition| lets_mail(*condition, ground, address))
    });
    let ways = [
        (Channel::Email, "email", email),
        (Channel::Sms, "sms", person.phone.is_some() && tenant.senders.sms),
        // A letter comes to its reader; an inbox waits for one.
        (Channel::Letter, "letter", person.post.is_some() && tenant.senders.letters),
        (Channel::InApp, "in-app", person.customer.is_some() && tenant.senders.in_app),
    ];
    ways.into_iter()
        .filter(|(channel, method, there)| {
            *there
                && lawful(method)
                && template.header().channels.contains(&letter::channel_of(*channel))
                && has_hours(window(tenant, *channel), person, now)
        })
        .map(|(channel, _, _)| channel)
        .collect()
}

/// Whether a condition of the law lets a mail go to an address.
fn lets_mail(condition: Condition, ground: &Ground<'_>, address: &Personal<String>) -> bool {
    let senders = &ground.tenant.senders;
    match condition {
        Condition::EmailNeedsEsignConsent | Condition::EmailIfAgreed => senders.esign_consent,
        Condition::NotToBreachedAccount => {
            let domain = address.expose().rsplit_once('@').map_or("", |(_, domain)| domain);
            !(ground.credentials_leaked
                && senders.mailbox_domains.iter().any(|own| own.eq_ignore_ascii_case(domain)))
        }
        // Of the message itself, and of a notice to a brand.
        Condition::DedicatedMessage | Condition::ThroughAcquirer => true,
    }
}

fn has_hours(window: SendingWindow, person: &Person, now: Timestamp) -> bool {
    let days = Interval::new(now, now + SignedDuration::from_hours(72));
    days.is_ok_and(|days| open(window, person.residence.as_ref(), days).is_ok())
}

/// A letter that the law wants to arrive goes again when nobody knows whether it went, and so does what its reader knows by
/// its id; a text message at night or a second filing does more harm than a question to a person.
fn settling(obligation: &Obligation, channel: Channel) -> Settling {
    match (obligation.audience, channel) {
        (_, Channel::Partner | Channel::Letter) => Settling::MustReach,
        (Audience::Individual, Channel::Email | Channel::InApp) => Settling::MustReach,
        (Audience::Individual, Channel::Sms) => Settling::NeverTwice,
        (
            Audience::Authority
            | Audience::AttorneyGeneral
            | Audience::CreditAgency
            | Audience::Card
            | Audience::Controller
            | Audience::Media
            | Audience::Register
            | Audience::Other,
            _,
        ) => Settling::NeverTwice,
    }
}

/// Composes every notice of a wave, has the gate judge it, and cuts the wave into chunks.
fn fill(
    mut wave: Wave,
    at: ChunkRef,
    seated: &[(To<'_>, Counterpart)],
    template: &Template,
    duty: &Duty,
    brief: &Brief,
    laid: &mut Laid,
) -> Result<(), Blocked> {
    let demands = demands(&duty.obligation)?;
    let facts = NoticeFacts { phase: wave.phase, ..brief.facts.clone() };
    let details_page = brief.details.as_ref().map(|details| details.page.as_str());
    let to_people = Judge::of(template, &wave.regime, &facts, &demands).with_details(details_page);
    let mut composer = Composer::of(template, &wave, brief);
    let mut judged = BTreeSet::new();
    let mut chunks = Vec::new();
    for (number, seated) in (0_u32..).zip(seated.chunks(chunk_size(wave.channel, wave.stands_by))) {
        let mut notices = Vec::with_capacity(seated.len());
        for (to, counterpart) in seated {
            let composed = compose(&mut composer, &wave, *to)?;
            // Who reads the same short message may open different letters.
            let Pages { first, details, .. } = &*composed.pages;
            if judged.insert((first.digest(), details.as_ref().map(Page::digest))) {
                match filed(brief, *to, wave.phase) {
                    None => judge(&composed.pages, &wave, &to_people)?,
                    Some(facts) => {
                        let judge_of_filing = Judge::of(template, &wave.regime, &facts, &demands);
                        judge(&composed.pages, &wave, &judge_of_filing)?;
                    }
                }
            }
            let (recipient, counterpart) = (to.recipient(), *counterpart);
            notices.push(Notice { recipient, counterpart, bytes: composed.bytes() });
        }
        let chunk = Chunk { at: ChunkRef { number, ..at }, stands_by: wave.stands_by, notices };
        chunks.push(chunk);
        wave.chunks = number + 1;
    }
    let tree = Tree::of(chunks.iter().map(|chunk| chunk.digest().to_vec()));
    wave.root = tree.root();
    laid.chunks.extend(chunks.into_iter().zip(tree.proofs()));
    laid.waves.push(wave);
    Ok(())
}

fn compose(composer: &mut Composer<'_>, wave: &Wave, to: To<'_>) -> Result<Composed, Blocked> {
    let composed = match to {
        To::Person(member) => composer.to_person(member),
        To::Contact(name) => composer.to_contact(name),
    };
    composed.map_err(|error| blocked(wave, error.to_string()))
}

/// The facts of a filing, where it is one.
fn filed(brief: &Brief, to: To<'_>, phase: Phase) -> Option<NoticeFacts> {
    match to {
        To::Person(_) => None,
        To::Contact(name) => brief.facts_for(name).map(|facts| NoticeFacts { phase, ..facts }),
    }
}

/// What would go out, and what would open behind its link, judged again as it is rendered, once for all who read the same:
/// see [`tocsin_notices::Page`].
fn judge(pages: &Pages, wave: &Wave, judge: &Judge<'_>) -> Result<(), Blocked> {
    for page in [&pages.first, &pages.copy].into_iter().chain(&pages.details) {
        judge.check_page(page).map_err(|violations| {
            let all: Vec<String> = violations.iter().map(ToString::to_string).collect();
            blocked(wave, all.join("; "))
        })?;
    }
    Ok(())
}

fn demands(obligation: &Obligation) -> Result<Demands, Blocked> {
    let forbidden = obligation.forbidden.iter().map(|key| format!("must not include {key}"));
    let keys: Vec<String> = obligation.required.iter().cloned().chain(forbidden).collect();
    Demands::from_keys(keys.iter().map(String::as_str)).map_err(|error| Blocked::Notice {
        regime: obligation.regime.clone(),
        language: "every language".to_owned(),
        what: error.to_string(),
    })
}

fn blocked(wave: &Wave, what: String) -> Blocked {
    Blocked::Notice { regime: wave.regime.clone(), language: wave.language.clone(), what }
}
