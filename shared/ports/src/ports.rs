//! The ports that are not tables.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tocsin_domain::alert::AlertMessage;
use tocsin_domain::chunk::Entry;
use tocsin_domain::outcome::Halt;
use tocsin_domain::person::{EmailAddress, PhoneNumber};
use tocsin_domain::tenant::Endpoint;

use crate::scope::TenantScope;

/// The world did not do what was asked. The text names the call and the service's own error code, and no data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PortError(pub String);

/// Whatever failed may work next time; what never works ends in the dead-letter queue, with an alarm.
impl From<PortError> for Halt {
    fn from(error: PortError) -> Self {
        Halt::Again(error.0)
    }
}

/// What a process used so far: for the figures of a record, and for the bill.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// DynamoDB write units, over all tables and their indexes.
    pub write_units: f64,
    /// Calls of the mail provider.
    pub mail_calls: u64,
    /// Calls that send messages to queues.
    pub queue_calls: u64,
}

impl Usage {
    pub fn and(self, other: Usage) -> Usage {
        Usage {
            write_units: self.write_units + other.write_units,
            mail_calls: self.mail_calls + other.mail_calls,
            queue_calls: self.queue_calls + other.queue_calls,
        }
    }
}

pub trait Metered {
    fn usage(&self) -> Usage;
}

/// The current instant. Only the harness asks; steps get it as an argument.
pub trait Clock {
    fn now(&self) -> Timestamp;
}

/// How long a step has run: whoever has much to do one after the other asks it when to stop. What a step decides, it
/// decides by the instant that it was given.
pub trait Elapsed {
    fn since(&self, began: Timestamp) -> SignedDuration;
}

impl<C: Clock> Elapsed for C {
    fn since(&self, began: Timestamp) -> SignedDuration {
        self.now().duration_since(began)
    }
}

pub trait Entropy {
    /// 32 bytes from the system's generator.
    fn random(&self) -> [u8; 32];
}

mod queue;

pub use queue::{DeadLetter, DeadLetters, LookAtQueues, Queue, QueueStanding, Redrive, Redriving};

/// A message for a queue. Its body carries ids only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub body: String,
    /// It shows itself after this time, in whole seconds, at most 15 minutes (SQS `DelaySeconds`).
    pub after: SignedDuration,
}

impl Outgoing {
    pub fn at_once(body: String) -> Self {
        Self { body, after: SignedDuration::ZERO }
    }
}

pub trait Enqueue {
    /// All were taken when this returns `Ok`; some may have been when it does not.
    async fn enqueue(&self, queue: &Queue, messages: Vec<Outgoing>) -> Result<(), PortError>;
}

/// A message that a function has taken and not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// The queue's ARN, by which its region and name are known.
    pub queue: String,
    pub receipt: String,
}

pub trait Postpone {
    /// Has a message come back after this time, instead of after its queue's own, which is meant for a dead function.
    async fn postpone(&self, message: &InFlight, by: SignedDuration) -> Result<(), PortError>;
}

pub trait Parking {
    /// Sends a note of what was parked to the parking queue, where an alarm stands. The note carries ids only.
    async fn note_parked(&self, body: String) -> Result<(), PortError>;
}

/// A file as it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub size: u64,
    /// Changes with every change of its bytes (S3: the ETag).
    pub tag: String,
}

pub trait ReadVault {
    async fn look(&self, key: &str) -> Result<Option<File>, PortError>;

    /// The bytes from `from` up to but not including `to`, of the file with this tag; fewer where it ends before, and
    /// `None` when the file is another by now.
    async fn range(&self, key: &str, tag: &str, from: u64, to: u64) -> Result<Option<Vec<u8>>, PortError>;
}

pub trait WriteVault {
    /// Puts a whole file; the same key and bytes again change nothing.
    async fn put_file(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError>;
}

/// A secret's text. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A secret of these keys, newest first.
    pub fn of_keys(keys: &[String]) -> Self {
        Self(serde_json::json!({ "keys": keys }).to_string())
    }

    /// The keys in it, newest first, where it is written as `{"keys": [...]}`; `None` where it is not, or has none.
    pub fn keys(&self) -> Option<Vec<String>> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Keys {
            keys: Vec<String>,
        }
        let Keys { keys } = serde_json::from_str(&self.0).ok()?;
        Some(keys).filter(|keys| !keys.is_empty())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The name of the tenant's secret under which people get their ids.
pub const IDENTITY_KEY: &str = "identity-key";

/// The name of the tenant's secret with the keys that sign what is published of its notices. The console makes them, and
/// nobody else sees them.
pub const VERIFICATION_KEYS: &str = "verification";

pub trait ReadSecrets {
    async fn secret(&self, scope: &TenantScope, name: &str) -> Result<Option<Secret>, PortError>;
}

pub trait WriteSecrets {
    /// Puts a secret that is never replaced. `false` when there is one already.
    async fn create_secret(&self, scope: &TenantScope, name: &str, secret: Secret)
    -> Result<bool, PortError>;

    async fn put_secret(&self, scope: &TenantScope, name: &str, secret: Secret) -> Result<(), PortError>;
}

/// What a provider's events carry back to us. Values are of `A-Za-z0-9_-`: no address fits in.
pub type Tags = BTreeMap<&'static str, String>;

/// One message to one recipient, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub to: EmailAddress,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub tags: Tags,
}

/// What a region's mail provider grants the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Messages a second.
    pub a_second: u32,
    /// Messages in any 24 hours; `None` where they are not limited.
    pub a_day: Option<u64>,
    /// Messages in the last 24 hours.
    pub sent: u64,
}

impl Quota {
    /// How many more messages may go before the first of the last 24 hours is a day old.
    pub fn left(&self) -> Option<u64> {
        Some(self.a_day?.saturating_sub(self.sent))
    }
}

pub trait ReadQuota {
    /// What the mail provider of a region grants now (SES `GetAccount`).
    async fn mail_quota(&self, region: &str) -> Result<Quota, PortError>;
}

/// What a region's mail provider knows of a sender: receivers trust mail by its signature (DKIM, RFC 6376).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderStanding {
    /// It takes mail from this sender and signs it.
    Signed,
    /// It takes mail from this sender, and does not sign it, or with a key that nobody finds in the DNS.
    Unsigned,
    /// Nobody has shown that the sender is theirs: it takes no mail.
    Unverified,
}

pub trait ReadSenders {
    /// How a sender stands with the mail provider of a region now (SES `GetEmailIdentity`).
    async fn sender_standing(&self, region: &str, sender: &EmailAddress)
    -> Result<SenderStanding, PortError>;
}

pub trait Pause {
    /// Waits. A function pays while it waits: seconds, not minutes.
    async fn pause(&self, time: SignedDuration);
}

/// How one call of a sending provider ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandOver {
    /// The provider answered for each message, in order.
    Answered(Vec<Entry>),
    /// Proven not sent: the provider takes no more in this moment.
    TooFast(String),
    /// Proven not sent: the whole call was refused for what stands in it. Which message is at fault, smaller calls show.
    Unfit(String),
    /// Proven not sent: the request never left, or was refused as a whole. It may go again.
    NotSent(String),
    /// Nobody knows: a timeout, a reset, a server error. Some or all may have been sent.
    Unknown(String),
}

/// Mail to at most fifty recipients, one message each. Never retried below this port.
pub trait Mailer {
    async fn send_mails(&self, from: &str, mails: &[Mail]) -> HandOver;
}

/// One message to one recipient, encrypted to a key of theirs. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedMail {
    pub to: EmailAddress,
    /// The whole mail (RFC 5322), as it goes out.
    pub message: Vec<u8>,
    pub tags: Tags,
}

impl fmt::Debug for SealedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedMail({} bytes)", self.message.len())
    }
}

/// One encrypted mail. Never retried below this port.
pub trait SealedMailer {
    async fn send_sealed(&self, from: &str, mail: SealedMail) -> HandOver;
}

/// A signed webhook to one partner, whole. Its `Debug` shows neither what it says nor how it is signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Hook {
    pub to: Endpoint,
    /// `webhook-id`: the same for the same notice at each attempt.
    pub id: String,
    /// `webhook-timestamp`, in seconds.
    pub second: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// JSON.
    pub body: String,
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({})", self.id)
    }
}

/// What came of posting a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// The endpoint answered with this HTTP status.
    Status(u16),
    /// No answer, or none that could be read: the text says what is known.
    Silence(String),
}

/// Webhooks to partners. One call is one attempt, and follows no redirection.
pub trait Partners {
    async fn post(&self, hook: Hook) -> Posted;
}

/// One text message to one phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub to: PhoneNumber,
    pub body: String,
    /// For how long it may be tried, where the provider can be told.
    pub valid_for: SignedDuration,
    /// Come back with the provider's events, where it has a place for them.
    pub tags: Tags,
}

/// One text message. Never retried below this port.
pub trait Texter {
    async fn send_text(&self, text: Text) -> HandOver;
}

/// Tells operators. Unlike a notice, an alert may come twice, and not at all is worse: clients below this port retry.
pub trait Alerter {
    async fn alert(&self, message: AlertMessage) -> Result<(), PortError>;
}
