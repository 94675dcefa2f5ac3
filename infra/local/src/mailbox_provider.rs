//! The mailbox provider: the stand-in for what happens to a mail after SES accepted it.
//!
//! The emulator accepts mail and publishes no events. This provider sees what SES accepts (the front door shows
//! it), decides by the address what becomes of it, and publishes what SES would publish, in SES's own format, to
//! the topic of the mail's configuration set. As in life, events come late, twice, and in any order; each comes
//! at least once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::cloud::{Cloud, CloudError, now, rows_of};
pub use crate::mail_events::{Bounce, MailEvent};
use crate::random::Random;

/// How the mail system behaves. Shares are between 0 and 1.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// The same seed gives the same recipient the same fate.
    pub seed: u64,
    /// The share of events that are published twice.
    pub twice: f64,
    /// The share of events that come late, and by how much at most.
    pub late: f64,
    pub late_by: Duration,
    /// The share of deliveries that a `DeliveryDelay` goes before.
    pub delayed: f64,
    /// The share of calls that SES accepts and whose answer the caller never sees.
    pub lost_answers: f64,
    /// Mails a second that SES grants.
    pub rate: u32,
}

impl Weather {
    /// What is to be expected of real mail; no answer is lost.
    pub fn usual(seed: u64) -> Weather {
        Weather {
            seed,
            twice: 0.02,
            late: 0.02,
            late_by: Duration::from_secs(3),
            delayed: 0.01,
            lost_answers: 0.0,
            rate: 10_000,
        }
    }
}

/// A mail that SES accepted for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub message_id: String,
    pub recipient: String,
    pub from: String,
    /// The sender's tags: those of the call, overridden by those of the entry.
    pub tags: BTreeMap<String, String>,
    pub region: String,
    pub configuration_set: String,
    /// The API call that it came by.
    pub operation: &'static str,
    pub at: Timestamp,
}

/// The running provider; dropping it ends it, with whatever it has not published yet.
#[derive(Debug)]
pub struct MailboxProvider {
    office: Arc<Office>,
    tasks: Vec<JoinHandle<()>>,
}

impl MailboxProvider {
    /// Everything that SES accepted so far, lost answers included.
    pub fn accepted(&self) -> Vec<Accepted> {
        held(&self.office.accepted).clone()
    }

    /// How many events are still to be published.
    pub fn outstanding(&self) -> usize {
        self.office.outstanding.load(Ordering::SeqCst)
    }

    /// How many events were published, by kind; one published twice counts twice.
    pub fn published(&self) -> BTreeMap<MailEvent, usize> {
        held(&self.office.published).clone()
    }

    /// How many events could not be published, though that was tried again and again.
    pub fn unpublished(&self) -> usize {
        self.office.unpublished.load(Ordering::SeqCst)
    }

    /// How many accepted calls never answered.
    pub fn lost_answers(&self) -> usize {
        self.office.lost_answers.load(Ordering::SeqCst)
    }

    pub(crate) fn new(office: Arc<Office>, tasks: Vec<JoinHandle<()>>) -> MailboxProvider {
        MailboxProvider { office, tasks }
    }
}

impl Drop for MailboxProvider {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// What the front door and the postman share.
#[derive(Debug)]
pub(crate) struct Office {
    cloud: Cloud,
    weather: Weather,
    dice: Mutex<Random>,
    post: mpsc::UnboundedSender<Posting>,
    accepted: Mutex<Vec<Accepted>>,
    published: Mutex<BTreeMap<MailEvent, usize>>,
    destinations: Mutex<BTreeMap<ConfigurationSet, Arc<Vec<Destination>>>>,
    outstanding: AtomicUsize,
    unpublished: AtomicUsize,
    lost_answers: AtomicUsize,
}

/// An event on its way.
#[derive(Debug)]
pub(crate) struct Posting {
    accepted: Arc<Accepted>,
    event: MailEvent,
    after: Duration,
}

/// Region and name.
type ConfigurationSet = (String, String);

/// Region and ARN.
type Topic = (String, String);

/// Where a configuration set publishes to, and what.
#[derive(Clone, Debug)]
struct Destination {
    topic: String,
    types: Vec<String>,
}

/// SNS takes so many at once; the ids tell them apart within one call.
const BATCH: usize = ENTRY_IDS.len();
const ENTRY_IDS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const TRIES: usize = 5;

impl Office {
    pub fn open(cloud: &Cloud, weather: Weather) -> (Arc<Office>, mpsc::UnboundedReceiver<Posting>) {
        let (post, posted) = mpsc::unbounded_channel();
        let office = Office {
            cloud: cloud.clone(),
            weather,
            dice: Mutex::new(Random::named(weather.seed, "answers")),
            post,
            accepted: Mutex::default(),
            published: Mutex::default(),
            destinations: Mutex::default(),
            outstanding: AtomicUsize::new(0),
            unpublished: AtomicUsize::new(0),
            lost_answers: AtomicUsize::new(0),
        };
        (Arc::new(office), posted)
    }

    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Takes note of what SES accepted, and sends the events on their way.
    pub fn take(&self, mails: Vec<Accepted>) {
        for mail in mails {
            let mail = Arc::new(mail);
            held(&self.accepted).push(mail.as_ref().clone());
            for (event, after) in fate(&mail.recipient, &self.weather) {
                let posting = Posting { accepted: Arc::clone(&mail), event, after };
                self.outstanding.fetch_add(1, Ordering::SeqCst);
                // The postman is gone only when the provider is being dropped.
                let _ = self.post.send(posting);
            }
        }
    }

    /// Mails a second that SES grants.
    pub fn rate(&self) -> u32 {
        self.weather.rate
    }

    /// Whether the answer to an accepted call gets lost.
    pub fn loses_answer(&self) -> bool {
        let lost = held(&self.dice).chance(self.weather.lost_answers);
        self.lost_answers.fetch_add(usize::from(lost), Ordering::SeqCst);
        lost
    }

    /// Publishes what is posted, each event in its time, until the sender is gone.
    pub async fn deliver(self: Arc<Office>, mut posted: mpsc::UnboundedReceiver<Posting>) {
        let mut waiting = JoinSet::new();
        loop {
            tokio::select! {
                posting = posted.recv() => {
                    let Some(posting) = posting else { break };
                    waiting.spawn(in_time(posting));
                }
                Some(first) = waiting.join_next() => {
                    let others = std::iter::from_fn(|| waiting.try_join_next());
                    let due = std::iter::once(first).chain(others).flatten().collect();
                    self.publish(due).await;
                }
            }
        }
    }

    async fn publish(&self, due: Vec<Posting>) {
        let count = due.len();
        for ((region, topic), events) in self.by_topic(due).await {
            for batch in events.chunks(BATCH) {
                if self.publish_batch(&region, &topic, batch).await {
                    let mut published = held(&self.published);
                    batch.iter().for_each(|(event, _)| *published.entry(*event).or_default() += 1);
                } else {
                    self.unpublished.fetch_add(batch.len(), Ordering::SeqCst);
                }
            }
        }
        self.outstanding.fetch_sub(count, Ordering::SeqCst);
    }

    /// The notifications to publish, by region and topic.
    async fn by_topic(&self, due: Vec<Posting>) -> BTreeMap<Topic, Vec<(MailEvent, String)>> {
        let mut topics: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for Posting { accepted, event, .. } in due {
            let Ok(destinations) = self.destinations_of(&accepted).await else {
                self.unpublished.fetch_add(1, Ordering::SeqCst);
                continue;
            };
            let interested =
                destinations.iter().filter(|one| one.types.iter().any(|kind| kind == event.matching_type()));
            for destination in interested {
                let topic = (accepted.region.clone(), destination.topic.clone());
                topics
                    .entry(topic)
                    .or_default()
                    .push((event, event.notification(&accepted, now()).to_string()));
            }
        }
        topics
    }

    /// Whether all of the batch was published, at the first try or a later one. One that fails in part goes once
    /// more as a whole: events may come twice.
    async fn publish_batch(&self, region: &str, topic: &str, batch: &[(MailEvent, String)]) -> bool {
        let mut parameters = vec![("TopicArn".to_owned(), topic)];
        for (number, (_, notification)) in (1..).zip(batch) {
            let entry = format!("PublishBatchRequestEntries.member.{number}");
            let id = ENTRY_IDS.get(number - 1).copied().unwrap_or_default();
            parameters.push((format!("{entry}.Id"), id));
            parameters.push((format!("{entry}.Subject"), "Amazon SES Email Event Notification"));
            parameters.push((format!("{entry}.Message"), notification));
        }
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        for attempt in 0..TRIES {
            tokio::time::sleep(Duration::from_millis(200) * u32::from(attempt > 0)).await;
            let answer = self.cloud.query("sns", region, "PublishBatch", &parameters).await;
            if answer.is_ok_and(|answer| rows_of(&answer, "Failed").is_empty()) {
                return true;
            }
        }
        false
    }

    async fn destinations_of(&self, accepted: &Accepted) -> Result<Arc<Vec<Destination>>, CloudError> {
        let name = (accepted.region.clone(), accepted.configuration_set.clone());
        if let Some(known) = held(&self.destinations).get(&name) {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(self.look_up(&name.0, &name.1).await?);
        held(&self.destinations).insert(name, Arc::clone(&found));
        Ok(found)
    }

    async fn look_up(&self, region: &str, configuration_set: &str) -> Result<Vec<Destination>, CloudError> {
        let call = "GetConfigurationSetEventDestinations";
        let target = format!("/v2/email/configuration-sets/{configuration_set}/event-destinations");
        let answer = match self.cloud.call(call, "ses", region, Method::GET, target, Bytes::new()).await {
            Ok(answer) => answer,
            // A set that does not exist publishes nowhere. SES would not have accepted the mail.
            Err(CloudError::Refused { status, .. }) if status.as_u16() == 404 => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let answer: Value =
            serde_json::from_slice(&answer.body).map_err(|_| crate::cloud::unreadable(call))?;
        let listed = answer["EventDestinations"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(listed.iter().filter(|one| one["Enabled"] == true).filter_map(destination).collect())
    }
}

async fn in_time(posting: Posting) -> Posting {
    tokio::time::sleep(posting.after).await;
    posting
}

/// What becomes of a mail, and when: the part of the address before `+` decides, as with the addresses of SES's
/// mailbox simulator; every other mail is delivered.
fn fate(recipient: &str, weather: &Weather) -> Vec<(MailEvent, Duration)> {
    let mut dice = Random::named(weather.seed, recipient);
    let local_part = recipient.rsplit_once('@').map_or(recipient, |(local, _)| local);
    let mailbox = local_part.split_once('+').map_or(local_part, |(mailbox, _)| mailbox);
    let mut events = vec![MailEvent::Send];
    events.extend(match mailbox {
        "bounce" => vec![MailEvent::Bounce(Bounce::Permanent)],
        "suppressionlist" => vec![MailEvent::Bounce(Bounce::Suppressed)],
        "ooto" => vec![MailEvent::Delivery, MailEvent::Bounce(Bounce::Transient)],
        "complaint" => vec![MailEvent::Delivery, MailEvent::Complaint],
        _ if dice.chance(weather.delayed) => vec![MailEvent::DeliveryDelay, MailEvent::Delivery],
        _ => vec![MailEvent::Delivery],
    });
    let times = events.into_iter().flat_map(|event| {
        let again = dice.chance(weather.twice);
        (0..=usize::from(again)).map(|_| (event, when(weather, &mut dice))).collect::<Vec<_>>()
    });
    times.collect()
}

/// Within a fifth of a second, so that events of one mail overtake each other; or late.
fn when(weather: &Weather, dice: &mut Random) -> Duration {
    let soon = Duration::from_millis(dice.below(200) as u64);
    if !dice.chance(weather.late) {
        return soon;
    }
    let most = usize::try_from(weather.late_by.as_millis()).unwrap_or(usize::MAX);
    soon + Duration::from_millis(dice.below(most) as u64)
}

fn destination(listed: &Value) -> Option<Destination> {
    let topic = listed["SnsDestination"]["TopicArn"].as_str()?.to_owned();
    let types = listed["MatchingEventTypes"].as_array()?;
    let types = types.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Some(Destination { topic, types })
}

fn held<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_address_decides() {
        use MailEvent::{Complaint, Delivery, Send};
        let calm = Weather { twice: 0.0, late: 0.0, delayed: 0.0, ..Weather::usual(1) };
        let cases: [(&str, &[MailEvent]); 8] = [
            ("anna@example.com", &[Send, Delivery]),
            ("success@example.com", &[Send, Delivery]),
            ("bounce@example.com", &[Send, MailEvent::Bounce(Bounce::Permanent)]),
            ("bounce+aurora-7@example.com", &[Send, MailEvent::Bounce(Bounce::Permanent)]),
            ("bounced@example.com", &[Send, Delivery]),
            ("complaint+x@example.com", &[Send, Delivery, Complaint]),
            ("ooto@example.com", &[Send, Delivery, MailEvent::Bounce(Bounce::Transient)]),
            ("suppressionlist@example.com", &[Send, MailEvent::Bounce(Bounce::Suppressed)]),
        ];
        for (recipient, expected) in cases {
            let events: Vec<MailEvent> = fate(recipient, &calm).into_iter().map(|(event, _)| event).collect();
            assert_eq!(events, expected, "{recipient}");
        }
    }

    #[test]
    fn fates_are_seeded_and_some_are_rough() {
        let weather = Weather::usual(5);
        let all: Vec<_> = (0..1000).map(|number| fate(&format!("p{number}@example.com"), &weather)).collect();
        let same: Vec<_> =
            (0..1000).map(|number| fate(&format!("p{number}@example.com"), &weather)).collect();
        assert_eq!(all, same);
        let doubled = all.iter().filter(|events| {
            events.len() > events.iter().map(|(event, _)| event).collect::<BTreeSet<_>>().len()
        });
        assert!(doubled.count() > 10, "some events come twice");
        let late = all.iter().flatten().filter(|(_, after)| *after > Duration::from_millis(200));
        assert!(late.count() > 10, "some events come late");
        let overtaken = all.iter().filter(|events| events.first().map(|e| e.1) > events.last().map(|e| e.1));
        assert!(overtaken.count() > 100, "events overtake each other");
        assert!(all.iter().flatten().any(|(event, _)| *event == MailEvent::DeliveryDelay));
    }
}
