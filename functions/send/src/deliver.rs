//! The hand-over itself. One message has one recipient; nothing below this line is tried twice.

use tocsin_domain::chunk::Entry;
use tocsin_domain::person::PhoneNumber;
use tocsin_domain::plan::Wave;
use tocsin_notices::Rendered;
use tocsin_notices::letter::Brief;
use tocsin_ports::store::chunks::StoredChunk;
use tocsin_ports::store::{people, receipts};
use tocsin_ports::{HandOver, Mail, Tags, TenantScope, Text};

use crate::SendPorts;
use crate::compose::Ready;

/// What became of each notice of the chunk.
pub async fn chunk(
    ports: &impl SendPorts,
    scope: &TenantScope,
    wave: &Wave,
    brief: &Brief,
    chunk: &StoredChunk,
    ready: Vec<Ready>,
) -> Vec<Entry> {
    let mut entries = chunk.entries.clone();
    let mut mails = Vec::new();
    for (index, (entry, ready)) in entries.iter_mut().zip(ready).enumerate() {
        match ready {
            Ready::Settled => {}
            Ready::Withhold(why) => *entry = Entry::Withheld(why.to_owned()),
            Ready::Email { to, mail } => match mail {
                Rendered::Email(mail) => {
                    let tags = tags(scope, chunk, index);
                    let mail = Mail { to, subject: mail.subject, text: mail.text, html: mail.html, tags };
                    mails.push((index, mail));
                }
                Rendered::Sms(_) | Rendered::InApp(_) => *entry = wrong_form(),
            },
            Ready::Sms { to, text } => match text {
                Rendered::Sms(text) => {
                    let answer = send_text(ports, scope, chunk, index, to, text.text).await;
                    *entry = after(entry, answer);
                }
                Rendered::Email(_) | Rendered::InApp(_) => *entry = wrong_form(),
            },
            Ready::InApp { to, message } => match message {
                Rendered::InApp(message) => {
                    let body = format!("{}\n\n{}", message.title, message.text);
                    let put =
                        people::put_in_inbox(ports, scope, &wave.region, to, wave.obligation, &body).await;
                    *entry = match put {
                        Ok(()) => Entry::Accepted("inbox".to_owned()),
                        // The same notice put again is the same item: a failed put may simply go again.
                        Err(_) => Entry::Throttled("the inbox did not answer".to_owned()),
                    };
                }
                Rendered::Email(_) | Rendered::Sms(_) => *entry = wrong_form(),
            },
        }
    }
    send_mails(ports, brief, mails, &mut entries).await;
    entries
}

async fn send_mails(ports: &impl SendPorts, brief: &Brief, mails: Vec<(usize, Mail)>, entries: &mut [Entry]) {
    if mails.is_empty() {
        return;
    }
    let (places, mails): (Vec<usize>, Vec<Mail>) = mails.into_iter().unzip();
    let answers = answers(ports.send_mails(&brief.sender, mails).await, places.len());
    for (place, answer) in places.into_iter().zip(answers) {
        if let Some(entry) = entries.get_mut(place) {
            *entry = after(entry, answer);
        }
    }
}

async fn send_text(
    ports: &impl SendPorts,
    scope: &TenantScope,
    chunk: &StoredChunk,
    index: usize,
    to: PhoneNumber,
    body: String,
) -> Entry {
    let answer = answers(ports.send_text(Text { to, body }).await, 1).pop().unwrap_or(Entry::InDoubt);
    if let Entry::Accepted(id) = &answer {
        let notice =
            receipts::NoticeAt { chunk: chunk.chunk.at, index: index as u32, attempt: chunk.attempt };
        // Without this line a later delivery report cannot be joined: it is parked then, and nothing is sent twice.
        if receipts::remember_provider_id(ports, scope, id, notice).await.is_err() {
            tracing::warn!(chunk = %chunk.chunk.at, index, "a provider's id was not kept");
        }
    }
    answer
}

/// An answer for each message, whatever the provider said. Fewer or more answers than messages are a doubt for all.
fn answers(hand_over: HandOver, messages: usize) -> Vec<Entry> {
    match hand_over {
        HandOver::Answered(entries) if entries.len() == messages => entries,
        HandOver::Answered(_) | HandOver::Unknown(_) => vec![Entry::InDoubt; messages],
        HandOver::NotSent(why) => vec![Entry::Throttled(why); messages],
    }
}

/// A copy that did not get through is still a copy: what went before it may have arrived.
fn after(was: &Entry, answer: Entry) -> Entry {
    match (was, &answer) {
        (Entry::Repeat, Entry::Throttled(_)) => Entry::Repeat,
        (_, _) => answer,
    }
}

/// The renderer gave another channel's form: nothing goes out.
fn wrong_form() -> Entry {
    Entry::Withheld("the notice is not in the form of its channel".to_owned())
}

/// They come back with every event of the provider. Ids only.
fn tags(scope: &TenantScope, chunk: &StoredChunk, index: usize) -> Tags {
    Tags::from([
        ("tenant", scope.tenant().to_string()),
        ("chunk", chunk.chunk.at.to_string()),
        ("index", index.to_string()),
        ("attempt", chunk.attempt.to_string()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttled_copy_stays_a_copy() {
        let throttled = || Entry::Throttled("rate".to_owned());
        assert_eq!(after(&Entry::Repeat, throttled()), Entry::Repeat);
        assert_eq!(after(&Entry::Waiting, throttled()), throttled());
        assert_eq!(after(&Entry::Repeat, Entry::InDoubt), Entry::InDoubt);
    }

    #[test]
    fn an_answer_that_does_not_fit_is_a_doubt_for_every_message() {
        let accepted = || Entry::Accepted("id".to_owned());
        assert_eq!(answers(HandOver::Answered(vec![accepted()]), 1), [accepted()]);
        assert_eq!(answers(HandOver::Answered(vec![accepted()]), 2), [Entry::InDoubt, Entry::InDoubt]);
        assert_eq!(answers(HandOver::Unknown("reset".to_owned()), 1), [Entry::InDoubt]);
        assert_eq!(answers(HandOver::NotSent("rate".to_owned()), 1), [Entry::Throttled("rate".to_owned())]);
    }
}
