//! A canary: one mail of the installation itself, by the same provider and port as the mails of chunks. It is of no
//! tenant and needs no approval, because its recipient is a machine of the provider.
//!
//! - Idempotency: the claim. A second message loses it and is skipped.
//! - Retried: nothing, once it is claimed. That a canary did not get through is what it is for; the next one comes.

use tocsin_domain::canary::{CanaryId, Flight, MAILBOX};
use tocsin_domain::chunk::Entry;
use tocsin_domain::outcome::{Outcome, Parked, Progress};
use tocsin_domain::person::EmailAddress;
use tocsin_ports::store::canaries;
use tocsin_ports::{Configured, Mail, Mailer, Tags, WriteHome};

use crate::deliver::answers;

pub async fn send(ports: &(impl WriteHome + Mailer + Configured), canary: &CanaryId) -> Progress {
    let mail = mail(canary)?;
    if !canaries::claim(ports, canary).await? {
        return Ok(Outcome::Skip { why: "the canary was claimed before, or its time is over" });
    }
    let flight = match &ports.settings().canary {
        Some(settings) => {
            let entry = answers(ports.send_mails(&settings.sender, &[mail]).await, 1).pop();
            flight(entry.unwrap_or(Entry::InDoubt))
        }
        None => Flight::NotSent("the stack of this region has no canaries: give it CanaryMinutes".to_owned()),
    };
    canaries::answer(ports, canary, &flight).await?;
    Ok(Outcome::Done)
}

fn mail(canary: &CanaryId) -> Result<Mail, Parked> {
    let to: EmailAddress = MAILBOX
        .parse()
        .map_err(|_| Parked::Defect { place: "the address of the mailbox simulator".to_owned() })?;
    let text = format!("The canary {canary} of an installation of Tocsin. Nobody has to do anything.");
    Ok(Mail {
        to,
        subject: format!("Canary {canary}"),
        html: format!("<!DOCTYPE html><html lang=\"en\"><title>Canary</title><p>{text}</p></html>"),
        text,
        // Of no tenant: `receipts` knows it by this tag.
        tags: Tags::from([("canary", canary.to_string())]),
    })
}

fn flight(entry: Entry) -> Flight {
    match entry {
        Entry::Accepted(id) => Flight::Accepted(id),
        Entry::Throttled(why) | Entry::Refused(why) | Entry::Withheld(why) => Flight::NotSent(why),
        Entry::InDoubt
        | Entry::Waiting
        | Entry::Repeat
        | Entry::Vouched
        | Entry::FoundUnsent
        | Entry::StandsBy => Flight::InDoubt,
    }
}
