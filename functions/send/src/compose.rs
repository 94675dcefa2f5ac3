//! Every notice of a chunk, rendered, and compared with the bytes that were approved. Only then is what goes out encrypted put
//! into its envelope.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;

use tocsin_domain::chunk::Entry;
use tocsin_domain::id::PersonId;
use tocsin_domain::incident::RosterRef;
use tocsin_domain::notice::{Notice, Recipient};
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::person::{EmailAddress, Member, Person, PhoneNumber};
use tocsin_domain::plan::{Channel, Wave};
use tocsin_domain::tenant::Endpoint;
use tocsin_notices::letter::{self, Brief, ComposeError, Composed, Composer, Opens};
use tocsin_notices::{Rendered, Template};
use tocsin_ports::store::chunks::StoredChunk;
use tocsin_ports::store::templates::Pinned;
use tocsin_ports::store::{people, templates};
use tocsin_ports::{Entropy, ReadHome, ReadPeople, TenantScope};

use crate::letters::{self, Letter};
use crate::seal;

/// What becomes of one notice of the chunk at this attempt.
#[derive(Debug, Clone)]
pub enum Ready {
    /// Its end is known from an attempt before.
    Settled,
    /// It may not or cannot go out, and why.
    Withhold(Cow<'static, str>),
    Email {
        to: EmailAddress,
        mail: Rendered,
    },
    Sealed {
        to: EmailAddress,
        /// The bytes of the encrypted mail.
        message: Vec<u8>,
    },
    Sms {
        to: PhoneNumber,
        text: Rendered,
        /// What the link in it opens, where it has one.
        opens: Option<Opens>,
    },
    Letter {
        letter: Letter,
    },
    Partner {
        to: Endpoint,
        contact: String,
        reference: String,
        message: Rendered,
    },
    InApp {
        /// As the shop knows them: see `Person::customer`.
        to: PersonId,
        reference: String,
        message: Rendered,
    },
}

/// What the notices of a chunk are made from.
pub struct Making<'a> {
    pub template: &'a Template,
    pub wave: &'a Wave,
    pub brief: &'a Brief,
    pub chunk: &'a StoredChunk,
    pub people: &'a BTreeMap<PersonId, Person>,
    pub now: Timestamp,
}

/// One for each notice of the chunk, in order.
pub fn chunk(making: &Making<'_>, entropy: &impl Entropy) -> Result<Vec<Ready>, Halt> {
    let Making { template, wave, brief, chunk, .. } = making;
    let mut composer = Composer::of(template, wave, brief);
    let ready = chunk.chunk.notices.iter().zip(&chunk.entries).enumerate().map(|(place, (notice, entry))| {
        if !entry.goes_next() {
            return Ready::Settled;
        }
        // Whoever may read a second message should learn that it is one.
        let is_copy = *entry == Entry::Repeat && !wave.channel.is_idempotent();
        let ready = match &notice.recipient {
            Recipient::Person(id, slices) => to_person(making, &mut composer, (*id, slices), notice, is_copy),
            Recipient::Contact(name) => approved(composer.to_contact(name), notice, is_copy)
                .map_err(Cow::Borrowed)
                .and_then(|message| to_contact(making, entropy, place, name, message)),
        };
        ready.unwrap_or_else(Ready::Withhold)
    });
    Ok(ready.collect())
}

/// The very template that was approved: another version is another letter.
pub async fn template(ports: &impl ReadHome, scope: &TenantScope, wave: &Wave) -> Result<Pinned, Halt> {
    let approved = templates::pinned(ports, scope, &wave.template).await?;
    approved.ok_or_else(|| {
        let detail = format!(
            "this version of Tocsin does not have the letter {} as it was approved: make a new plan",
            wave.template.id
        );
        Parked::Notice { detail }.into()
    })
}

pub async fn people_of(
    ports: &impl ReadPeople,
    scope: &TenantScope,
    roster: RosterRef,
    wave: &Wave,
    chunk: &StoredChunk,
) -> Result<BTreeMap<PersonId, Person>, Halt> {
    let of = chunk.chunk.notices.iter().filter_map(record_of);
    let records = people::at(ports, scope, wave.kept_in(), roster, of).await?;
    Ok(records.into_iter().map(|record| (record.person.id, record.person)).collect())
}

/// Where the record stands that says who the person is.
fn record_of(notice: &Notice) -> Option<(PersonId, u32)> {
    match &notice.recipient {
        Recipient::Person(id, slices) => Some((*id, *slices.first()?)),
        Recipient::Contact(_) => None,
    }
}

fn to_person(
    making: &Making<'_>,
    composer: &mut Composer<'_>,
    (id, slices): (PersonId, &[u32]),
    notice: &Notice,
    is_copy: bool,
) -> Result<Ready, Cow<'static, str>> {
    let person = making.people.get(&id).ok_or("the person's record is gone")?.clone();
    let member = Member { person, slices: slices.to_vec() };
    let composed = composer.to_person(&member);
    let linked = composed.as_ref().ok().and_then(Composed::opens);
    let message = approved(composed, notice, is_copy)?;
    let mut ready = address(making.wave, making.brief, &member.person, message)?;
    if let Ready::Sms { opens, .. } = &mut ready {
        *opens = linked;
    }
    Ok(ready)
}

fn to_contact(
    making: &Making<'_>,
    entropy: &impl Entropy,
    place: usize,
    name: &str,
    message: Rendered,
) -> Result<Ready, Cow<'static, str>> {
    const UNUSABLE: &str = "the contact's address cannot be used";
    let Making { wave, brief, .. } = making;
    let contact = brief.contacts.get(name).ok_or("the contact is gone")?;
    let reference = letter::reference(&brief.facts.reference_prefix, wave.obligation, name);
    match wave.channel {
        Channel::Email => {
            let to = contact.email.as_ref().and_then(|email| email.parse().ok()).ok_or(UNUSABLE)?;
            match &contact.encryption {
                None => Ok(Ready::Email { to, mail: message }),
                Some(key) => {
                    let whom = seal::Whom { to, name, key, reference: &reference };
                    Ok(seal::mail(making, entropy, place, whom, message)?)
                }
            }
        }
        Channel::Partner => {
            let to = contact.webhook.as_ref().and_then(|webhook| webhook.parse().ok()).ok_or(UNUSABLE)?;
            Ok(Ready::Partner { to, contact: name.to_owned(), reference, message })
        }
        Channel::Sms | Channel::InApp | Channel::Letter => Err("the channel leads to no contact".into()),
    }
}

/// The bytes have to be the approved ones in both forms: a record that changed since, or a renderer that did, sends nothing.
fn approved(
    composed: Result<Composed, ComposeError>,
    notice: &Notice,
    is_copy: bool,
) -> Result<Rendered, &'static str> {
    let composed = composed.ok().filter(|composed| composed.bytes() == notice.bytes);
    let composed = composed.ok_or("the bytes are not the approved ones")?;
    Ok(if is_copy { composed.copy() } else { composed.first() })
}

fn address(wave: &Wave, brief: &Brief, person: &Person, notice: Rendered) -> Result<Ready, &'static str> {
    match wave.channel {
        Channel::Email => {
            let address = person.email.as_ref().ok_or("the person has no e-mail address any more")?;
            let to = address.expose().parse().map_err(|_| "the e-mail address cannot be used")?;
            Ok(Ready::Email { to, mail: notice })
        }
        Channel::Sms => {
            let number = person.phone.as_ref().ok_or("the person has no phone number any more")?;
            let to = number.expose().parse().map_err(|_| "the phone number cannot be used")?;
            Ok(Ready::Sms { to, text: notice, opens: None })
        }
        Channel::Letter => Ok(Ready::Letter { letter: letters::letter(wave, person, notice)? }),
        Channel::Partner => Err("the channel leads to no person"),
        Channel::InApp => {
            let to = person.customer.ok_or("the person has no account in the shop any more")?;
            let reference = letter::reference_of(brief, wave, person.id);
            Ok(Ready::InApp { to, reference, message: notice })
        }
    }
}
