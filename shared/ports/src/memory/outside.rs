//! Who is told: mailboxes, phones, partners, and those on call.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::alert::AlertMessage;
use tocsin_domain::chunk::{Entry, TOO_FAST};

use super::{Call, World};
use crate::ports::*;
use crate::table::Item;

/// What the mail provider says of one message that reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Take,
    Throttle,
    Refuse,
    /// The provider refuses the whole call for what stands in this message.
    Unfit,
}

/// What the mail provider says of each message of a call; `None` when it takes none because there are too many.
pub type Provider = Box<dyn FnMut(&[Mail]) -> Option<Vec<Verdict>>>;

/// A mail that the provider took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The bytes of one that came encrypted: of the letter itself nothing is known here.
    pub sealed: Option<Vec<u8>>,
    pub tags: BTreeMap<&'static str, String>,
    pub provider_id: String,
    pub at: Timestamp,
}

/// A text that the provider took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texted {
    pub to: String,
    pub body: String,
    pub valid_for: SignedDuration,
    pub tags: BTreeMap<&'static str, String>,
    pub provider_id: String,
}

/// A notice that was laid into somebody's inbox in the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inboxed {
    /// Whose: the partition that it lies in.
    pub inbox: String,
    pub chunk: String,
    pub index: String,
}

/// What a partner's endpoint answers.
pub type Endpoints = Box<dyn FnMut(&Hook) -> Posted>;

impl World {
    /// From now on `provider` says what becomes of each mail; `None`: all are taken.
    pub fn set_provider(&self, provider: Option<Provider>) {
        self.provider.replace(provider);
    }

    pub fn mails(&self) -> Vec<Delivered> {
        self.mails.borrow().clone()
    }

    pub fn mail_count(&self) -> usize {
        self.mails.borrow().len()
    }

    /// The mails behind the first `known`.
    pub fn mails_since(&self, known: usize) -> Vec<Delivered> {
        self.mails.borrow().get(known..).unwrap_or_default().to_vec()
    }

    /// The mails since they were last taken out, which are then no longer kept.
    pub fn take_mails(&self) -> Vec<Delivered> {
        self.mails.take()
    }

    pub fn texts(&self) -> Vec<Texted> {
        self.texts.borrow().clone()
    }

    pub fn text_count(&self) -> usize {
        self.texts.borrow().len()
    }

    /// From now on `endpoints` says what partners answer; `None`: they take everything.
    pub fn set_endpoints(&self, endpoints: Option<Endpoints>) {
        self.endpoints.replace(endpoints);
    }

    /// Every webhook that reached a partner.
    pub fn hooks(&self) -> Vec<Hook> {
        self.hooks.borrow().clone()
    }

    /// What operators were told.
    pub fn alerts(&self) -> Vec<AlertMessage> {
        self.alerts.borrow().clone()
    }

    /// From now on no alert reaches these topics, addresses and URLs.
    pub fn refuse_alerts_to(&self, places: &[&str]) {
        self.alerts_refused.replace(places.iter().map(|place| (*place).to_owned()).collect());
    }

    /// Every notice that was laid into an inbox, once, in this order, whether or not it still lies there.
    pub fn inboxed(&self) -> Vec<Inboxed> {
        self.inboxed.borrow().clone()
    }

    pub(super) fn note_inboxed(&self, items: &[Item]) {
        let mut inboxed = self.inboxed.borrow_mut();
        for Item { key, .. } in items.iter().filter(|item| item.key.partition().contains("#inbox#")) {
            let mut parts = key.sort().rsplit('#').map(str::to_owned);
            let (index, chunk) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let notice = Inboxed { inbox: key.partition().to_owned(), chunk, index };
            if !inboxed.contains(&notice) {
                inboxed.push(notice);
            }
        }
    }
}

impl Mailer for World {
    async fn send_mails(&self, _from: &str, mails: &[Mail]) -> HandOver {
        self.take_mails_in(mails, None)
    }
}

impl SealedMailer for World {
    async fn send_sealed(&self, _from: &str, mail: SealedMail) -> HandOver {
        let SealedMail { to, message, tags } = mail;
        let closed = String::new;
        self.take_mails_in(
            &[Mail { to, subject: closed(), text: closed(), html: closed(), tags }],
            Some(message),
        )
    }
}

impl World {
    /// One call of the mail provider.
    fn take_mails_in(&self, mails: &[Mail], sealed: Option<Vec<u8>>) -> HandOver {
        self.mail_calls.set(self.mail_calls.get() + 1);
        let to = |address: &String| mails.iter().any(|mail| mail.to.personal().expose() == address);
        let chosen = self.mail_fault.borrow_mut().take_if(|(address, _)| to(address));
        if let Some((_, fault)) = chosen {
            self.fail_at(self.calls() + 1, fault);
        }
        self.call(
            Call::Mail,
            || HandOver::Unknown("the answer was lost".to_owned()),
            || {
                let mut provider = self.provider.borrow_mut();
                let verdicts = match provider.as_mut().map(|provider| provider(mails)) {
                    Some(None) => return HandOver::TooFast("too many requests".to_owned()),
                    Some(Some(verdicts)) if verdicts.contains(&Verdict::Unfit) => {
                        return HandOver::Unfit("a message is malformed".to_owned());
                    }
                    Some(Some(verdicts)) => verdicts,
                    None => vec![Verdict::Take; mails.len()],
                };
                let mut entries = Vec::new();
                for (mail, verdict) in mails.iter().cloned().zip(verdicts) {
                    let provider_id = match verdict {
                        Verdict::Take => self.provider_id(),
                        Verdict::Throttle => {
                            entries.push(Entry::Throttled(TOO_FAST.to_owned()));
                            continue;
                        }
                        Verdict::Refuse | Verdict::Unfit => {
                            entries.push(Entry::Refused("MESSAGE_REJECTED".to_owned()));
                            continue;
                        }
                    };
                    entries.push(Entry::Accepted(provider_id.clone()));
                    self.mails.borrow_mut().push(Delivered {
                        to: mail.to.personal().expose().clone(),
                        subject: mail.subject,
                        text: mail.text,
                        html: mail.html,
                        sealed: sealed.clone(),
                        tags: mail.tags,
                        provider_id,
                        at: self.now.get(),
                    });
                }
                HandOver::Answered(entries)
            },
        )
    }
}

impl Texter for World {
    async fn send_text(&self, text: Text) -> HandOver {
        self.call(
            Call::Text,
            || HandOver::Unknown("the answer was lost".to_owned()),
            || {
                let provider_id = self.provider_id();
                self.texts.borrow_mut().push(Texted {
                    to: text.to.personal().expose().clone(),
                    body: text.body,
                    valid_for: text.valid_for,
                    tags: text.tags,
                    provider_id: provider_id.clone(),
                });
                HandOver::Answered(vec![Entry::Accepted(provider_id)])
            },
        )
    }
}

impl Partners for World {
    async fn post(&self, hook: Hook) -> Posted {
        self.call(
            Call::Other,
            || Posted::Silence("the answer was lost".to_owned()),
            || {
                let answer =
                    self.endpoints.borrow_mut().as_mut().map_or(Posted::Status(204), |says| says(&hook));
                self.hooks.borrow_mut().push(hook);
                answer
            },
        )
    }
}

impl Alerter for World {
    async fn alert(&self, message: AlertMessage) -> Result<(), PortError> {
        self.fallible(|| {
            let (AlertMessage::Topic { topic: place, .. }
            | AlertMessage::Mail { to: place, .. }
            | AlertMessage::Post { url: place, .. }) = &message;
            if self.alerts_refused.borrow().contains(place) {
                return Err(PortError("nobody is there".to_owned()));
            }
            self.alerts.borrow_mut().push(message);
            Ok(())
        })
    }
}
