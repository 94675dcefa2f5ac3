//! The hand-over itself. One message has one recipient; nothing below this line is tried twice.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::chunk::{Entry, TELL_AFTER, TOO_FAST};
use tocsin_domain::id::PersonId;
use tocsin_domain::pace::{call_size_at, smaller_call};
use tocsin_domain::plan::Wave;
use tocsin_notices::letter::Brief;
use tocsin_notices::{InApp, Rendered};
use tocsin_ports::store::chunks::StoredChunk;
use tocsin_ports::store::people::{self, InboxNotice};
use tocsin_ports::store::receipts::{self, NoticeAt};
use tocsin_ports::{HandOver, Mail, SealedMail, Tags, TenantScope, Text};

use crate::SendPorts;
use crate::compose::Ready;
use crate::letters::{self, Letter};
use crate::links;
use crate::partner::{self, PartnerNotice};
use crate::turn::{self, Turn};

const SHORTEST_TRIED: SignedDuration = SignedDuration::from_hours(1);

/// The longest that AWS End User Messaging takes (`TimeToLive`).
const LONGEST_TRIED: SignedDuration = SignedDuration::from_hours(72);

/// The part of the function's time for which one claim waits between its calls, where a chunk takes several at the
/// provider's rate.
const WAITING_PART: i32 = 3;

/// How a hand-over ended.
pub struct Ended {
    /// What became of each notice.
    pub entries: Vec<Entry>,
    /// Whether the provider said of any that we are too fast.
    pub too_fast: bool,
}

/// What became of each notice of the chunk. Mail goes at the pace of the turn. No call begins whose answer might come
/// after the function's end: what is left then was surely not handed over, and goes in another turn.
pub async fn chunk(
    ports: &impl SendPorts,
    scope: &TenantScope,
    wave: &Wave,
    brief: &Brief,
    chunk: &StoredChunk,
    ready: Vec<Ready>,
    (turn, now): (&Turn, Timestamp),
) -> Ended {
    let mut entries = chunk.entries.clone();
    let mut too_fast = false;
    let (mut mails, mut pages) = (Vec::new(), Vec::new());
    for (index, (entry, ready)) in entries.iter_mut().zip(ready).enumerate() {
        if !matches!(ready, Ready::Settled) && !turn::has_time(ports, now) {
            *entry = after(entry, turn_over());
            continue;
        }
        match ready {
            Ready::Settled => {}
            Ready::Withhold(why) => *entry = after(entry, Entry::Withheld(why.into_owned())),
            Ready::Email { to, mail } => match mail {
                Rendered::Email(mail) => {
                    let tags = tags(scope, chunk, index);
                    let mail = Mail { to, subject: mail.subject, text: mail.text, html: mail.html, tags };
                    mails.push(Waiting { index, mail });
                }
                Rendered::Sms(_) | Rendered::InApp(_) => *entry = after(entry, wrong_form()),
            },
            Ready::Sealed { to, message } => {
                let mail = SealedMail { to, message, tags: tags(scope, chunk, index) };
                let answer = sealed_answer(ports.send_sealed(&brief.sender, mail).await, chunk.attempt);
                too_fast |= answer.is_too_fast();
                *entry = after(entry, answer);
            }
            Ready::Sms { to, text, opens } => match text {
                Rendered::Sms(text) => {
                    let tags = tags(scope, chunk, index);
                    let text = Text { to, body: text.text, valid_for: valid_for(wave.deadline, now), tags };
                    let at = notice_at(chunk, index);
                    let answer = match links::lay_down(ports, scope, (wave, brief), at, opens, now).await {
                        Ok(()) => send_text(ports, scope, chunk, index, text).await,
                        Err(not_kept) => not_kept,
                    };
                    too_fast |= answer.is_too_fast();
                    *entry = after(entry, answer);
                }
                Rendered::Email(_) | Rendered::InApp(_) => *entry = after(entry, wrong_form()),
            },
            Ready::Letter { letter } => pages.push((index, letter)),
            Ready::Partner { to, contact, reference, message } => match message {
                Rendered::Email(letter) => {
                    let notice =
                        PartnerNotice { at: notice_at(chunk, index), to, contact, reference, letter };
                    let answer = partner::post(ports, scope, wave, notice, now).await;
                    *entry = after(entry, answer);
                }
                Rendered::Sms(_) | Rendered::InApp(_) => *entry = after(entry, wrong_form()),
            },
            Ready::InApp { to, reference, message } => match message {
                Rendered::InApp(message) => {
                    let (at, date) = (notice_at(chunk, index), brief.facts.notice_date);
                    let InApp { title, text } = message;
                    let notice = InboxNotice { at, reference, date, title, text };
                    let answer = put_in_inbox(ports, scope, wave, to, &notice).await;
                    *entry = after(entry, answer);
                }
                Rendered::Email(_) | Rendered::Sms(_) => *entry = after(entry, wrong_form()),
            },
        }
    }
    for (index, answer) in send_mails(ports, &brief.sender, mails, chunk, (turn, now)).await {
        too_fast |= answer.is_too_fast();
        if let Some(entry) = entries.get_mut(index) {
            *entry = after(entry, answer);
        }
    }
    put_letters(ports, scope, chunk, pages, &mut entries).await;
    Ended { entries, too_fast }
}

/// A mail that is to go out, with its place in the chunk.
#[derive(Clone)]
struct Waiting {
    index: usize,
    mail: Mail,
}

/// Call after call, until one is not answered for each message: what was to come behind it then goes another time. A
/// call that is refused for what stands in it is cut into smaller ones, until the message stands alone whose fault it
/// is. That message is refused for good only when others of the chunk were taken, by now or before, or when it was tried
/// often: else the fault may be ours.
async fn send_mails(
    ports: &impl SendPorts,
    from: &str,
    mails: Vec<Waiting>,
    chunk: &StoredChunk,
    (turn, now): (&Turn, Timestamp),
) -> Vec<(usize, Entry)> {
    let call_size = turn.call_size().min(call_size_at(chunk.attempt));
    let mut calls: VecDeque<Vec<Waiting>> = cut(&mails, call_size).collect();
    let (mut spent, longest) = (SignedDuration::ZERO, ports.settings().send_timeout / WAITING_PART);
    let (mut ends, mut unfit) = (Vec::new(), Vec::new());
    while let Some(call) = calls.pop_front() {
        if !turn::has_time(ports, now) {
            calls.push_front(call);
            break;
        }
        let messages: Vec<Mail> = call.iter().map(|waiting| waiting.mail.clone()).collect();
        let handed_over = ports.send_mails(from, &messages).await;
        if let HandOver::Unfit(why) = &handed_over {
            match (smaller_call(call.len()), &call[..]) {
                (Some(size), _) => cut(&call, size).rev().for_each(|part| calls.push_front(part)),
                (None, alone) => unfit.extend(alone.iter().map(|waiting| (waiting.index, why.clone()))),
            }
            // The provider may count what it refused: whoever goes again takes a turn more.
            if !calls.is_empty() && !turn.again(ports, messages.len(), now).await {
                break;
            }
            continue;
        }
        let rest = rest_after(&handed_over);
        let indices = call.iter().map(|waiting| waiting.index);
        ends.extend(indices.zip(answers(handed_over, messages.len())));
        // The next call waits until this one's part of the turn is over.
        let part = turn.span(messages.len());
        let rest = rest.or_else(|| (spent + part > longest).then(turn_over));
        if let Some(rest) = rest {
            ends.extend(calls.drain(..).flatten().map(|waiting| (waiting.index, rest.clone())));
        } else if !calls.is_empty() {
            ports.pause(part).await;
            spent += part;
        }
    }
    ends.extend(calls.into_iter().flatten().map(|waiting| (waiting.index, turn_over())));
    let went = |entry: &Entry| matches!(entry, Entry::Accepted(_));
    let not_ours =
        ends.iter().map(|(_, entry)| entry).chain(&chunk.entries).any(went) || chunk.attempt >= TELL_AFTER;
    let end = |why| if not_ours { Entry::Refused(why) } else { Entry::Throttled(why) };
    ends.extend(unfit.into_iter().map(|(index, why)| (index, end(why))));
    ends
}

fn cut(mails: &[Waiting], size: usize) -> impl DoubleEndedIterator<Item = Vec<Waiting>> {
    mails.chunks(size.max(1)).map(<[Waiting]>::to_vec)
}

/// What becomes of the messages behind a call; `None` when the next call may go.
fn rest_after(handed_over: &HandOver) -> Option<Entry> {
    match handed_over {
        HandOver::Answered(entries) if entries.iter().any(Entry::is_too_fast) => Some(too_fast()),
        HandOver::Answered(_) | HandOver::Unfit(_) => None,
        HandOver::TooFast(_) => Some(too_fast()),
        HandOver::NotSent(why) => Some(Entry::Throttled(why.clone())),
        HandOver::Unknown(_) => Some(Entry::Throttled("a call before it was not answered".to_owned())),
    }
}

fn turn_over() -> Entry {
    Entry::Throttled("the rest of the chunk goes in another turn".to_owned())
}

fn too_fast() -> Entry {
    Entry::Throttled(TOO_FAST.to_owned())
}

/// A mail that is refused for what stands in it is refused for good only when it was tried often: else the fault may be ours.
fn sealed_answer(hand_over: HandOver, attempt: u32) -> Entry {
    if let HandOver::Unfit(why) = &hand_over
        && attempt >= TELL_AFTER
    {
        return Entry::Refused(why.clone());
    }
    answers(hand_over, 1).pop().unwrap_or(Entry::InDoubt)
}

async fn put_letters(
    ports: &impl SendPorts,
    scope: &TenantScope,
    chunk: &StoredChunk,
    pages: Vec<(usize, Letter)>,
    entries: &mut [Entry],
) {
    if pages.is_empty() {
        return;
    }
    let answer = letters::put(ports, scope, chunk, &pages).await;
    for (place, _) in pages {
        if let Some(entry) = entries.get_mut(place) {
            *entry = after(entry, answer.clone());
        }
    }
}

async fn send_text(
    ports: &impl SendPorts,
    scope: &TenantScope,
    chunk: &StoredChunk,
    index: usize,
    text: Text,
) -> Entry {
    let answer = answers(ports.send_text(text).await, 1).pop().unwrap_or(Entry::InDoubt);
    if let Entry::Accepted(id) = &answer {
        let notice = notice_at(chunk, index);
        // Without it a later report without our tags is not joined but kept, and nothing is sent twice.
        if receipts::remember_provider_id(ports, scope, id, notice).await.is_err() {
            tracing::error!(chunk = %chunk.chunk.at, index, "a provider's id was not kept");
        }
    }
    answer
}

/// A text is tried until the duty's due instant and not on the next day's morning, but for an hour at least: a phone may
/// be switched off, and a notice that is late is still owed.
fn valid_for(due: Option<Timestamp>, now: Timestamp) -> SignedDuration {
    let left = due.map(|due| due.duration_since(now)).filter(SignedDuration::is_positive);
    left.unwrap_or(LONGEST_TRIED).clamp(SHORTEST_TRIED, LONGEST_TRIED)
}

/// The same notice put again is the same item: a failed put may simply go again.
async fn put_in_inbox(
    ports: &impl SendPorts,
    scope: &TenantScope,
    wave: &Wave,
    to: PersonId,
    notice: &InboxNotice,
) -> Entry {
    match people::put_in_inbox(ports, scope, wave.kept_in(), to, wave.obligation, notice).await {
        Ok(()) => Entry::Accepted("inbox".to_owned()),
        Err(_) => Entry::Throttled("the inbox did not answer".to_owned()),
    }
}

fn notice_at(chunk: &StoredChunk, index: usize) -> NoticeAt {
    NoticeAt { chunk: chunk.chunk.at, index: index as u32, attempt: chunk.attempt }
}

/// An answer for each message, whatever the provider said. Fewer or more answers than messages are a doubt for all.
pub fn answers(hand_over: HandOver, messages: usize) -> Vec<Entry> {
    match hand_over {
        HandOver::Answered(entries) if entries.len() == messages => entries,
        HandOver::Answered(_) | HandOver::Unknown(_) => vec![Entry::InDoubt; messages],
        HandOver::TooFast(_) => vec![too_fast(); messages],
        HandOver::NotSent(why) | HandOver::Unfit(why) => vec![Entry::Throttled(why); messages],
    }
}

/// A copy that did not get through is still a copy: what went before it may have arrived. One that never will leaves the
/// doubt that it was for. What a person found out is no proof either, and is weighed against events until it goes.
fn after(was: &Entry, answer: Entry) -> Entry {
    match &answer {
        Entry::Throttled(_) if was.needs_a_last_look() => was.clone(),
        Entry::Refused(_) | Entry::Withheld(_) if *was == Entry::Repeat => Entry::InDoubt,
        Entry::Throttled(_)
        | Entry::Waiting
        | Entry::Accepted(_)
        | Entry::Refused(_)
        | Entry::Withheld(_)
        | Entry::InDoubt
        | Entry::Repeat
        | Entry::Vouched
        | Entry::FoundUnsent
        | Entry::StandsBy => answer,
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
    fn a_text_is_tried_as_long_as_it_is_of_use() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let hours = SignedDuration::from_hours;
        for (left, expected) in [
            (None, hours(72)),
            (Some(hours(100)), hours(72)),
            (Some(hours(20)), hours(20)),
            (Some(SignedDuration::from_mins(5)), hours(1)),
            (Some(-hours(5)), hours(72)),
        ] {
            assert_eq!(valid_for(left.map(|left| now + left), now), expected, "{left:?}");
        }
    }

    #[test]
    fn what_may_have_arrived_stays_so_when_it_is_throttled() {
        let throttled = || Entry::Throttled("rate".to_owned());
        assert_eq!(after(&Entry::Repeat, throttled()), Entry::Repeat);
        assert_eq!(after(&Entry::FoundUnsent, throttled()), Entry::FoundUnsent);
        for never in [Entry::Refused("bad".to_owned()), Entry::Withheld("gone".to_owned())] {
            assert_eq!(after(&Entry::Repeat, never.clone()), Entry::InDoubt);
            assert_eq!(after(&Entry::FoundUnsent, never.clone()), never);
            assert_eq!(after(&Entry::Waiting, never.clone()), never);
        }
        assert_eq!(after(&Entry::Waiting, throttled()), throttled());
        assert_eq!(after(&Entry::Repeat, Entry::InDoubt), Entry::InDoubt);
    }

    #[test]
    fn an_encrypted_mail_that_is_unfit_is_refused_when_it_was_tried_often() {
        let unfit = || HandOver::Unfit("bad".to_owned());
        let accepted = HandOver::Answered(vec![Entry::Accepted("id".to_owned())]);
        assert_eq!(sealed_answer(unfit(), TELL_AFTER - 1), Entry::Throttled("bad".to_owned()));
        assert_eq!(sealed_answer(unfit(), TELL_AFTER), Entry::Refused("bad".to_owned()));
        assert_eq!(sealed_answer(accepted, TELL_AFTER), Entry::Accepted("id".to_owned()));
        assert_eq!(sealed_answer(HandOver::Unknown("reset".to_owned()), TELL_AFTER), Entry::InDoubt);
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
