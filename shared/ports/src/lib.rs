//! What a step may ask of the world: traits of one verb each, so that a step's bounds say what it may do
//! and its IAM policy grants just that.
//!
//! On top of the two table ports stands [`store`]: key layouts and conditions, written once and evaluated by two
//! backends, DynamoDB (`shared/aws`) and [`memory`]. The simulation thereby tests the very conditions that
//! production relies on.
#![expect(async_fn_in_trait, reason = "steps run on one thread; no port crosses threads")]

pub mod jobs;
pub mod memory;
mod ports;
pub mod quota;
mod scope;
pub mod secrets;
mod settings;
pub mod store;
mod table;

pub use ports::{
    Alerter, Clock, DeadLetter, DeadLetters, Elapsed, Enqueue, Entropy, File, HandOver, Hook, IDENTITY_KEY,
    InFlight, LookAtQueues, Mail, Mailer, Metered, Outgoing, Parking, Partners, Pause, PortError, Posted,
    Postpone, Queue, QueueStanding, Quota, ReadQuota, ReadSecrets, ReadSenders, ReadVault, Redrive,
    Redriving, SealedMail, SealedMailer, Secret, SenderStanding, Tags, Text, Texter, Usage,
    VERIFICATION_KEYS, WriteSecrets, WriteVault,
};
pub use scope::{Proof, TenantScope};
pub use settings::{CanarySettings, Configured, SettingError, Settings, TextProvider};
pub use table::{
    Attributes, Condition, Item, Key, Page, ReadHome, ReadPeople, Select, Test, Value, Woken, Write,
    WriteError, WriteHome, WritePeople,
};
