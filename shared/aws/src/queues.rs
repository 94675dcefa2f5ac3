//! The queues between the functions, and the parking queue.

use std::cell::RefCell;
use std::collections::BTreeMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::{TryStreamExt, stream};
use tocsin_ports::{Enqueue, Parking, PortError, Queue, Usage};

use crate::failure::{failed, unbuilt};
use crate::table::Meter;
use crate::{Aws, names};

/// `SendMessageBatch` takes no more.
const BATCH_MESSAGES: usize = 10;

/// How many batches are under way at once.
const BATCHES: usize = 8;

/// One client a region, and the addresses of the queues that were asked for.
pub(crate) struct Queues {
    clients: BTreeMap<String, Client>,
    urls: RefCell<BTreeMap<(String, String), String>>,
    meter: Meter,
}

impl Enqueue for Aws {
    async fn enqueue(&self, queue: &Queue, bodies: Vec<String>) -> Result<(), PortError> {
        let region = match queue {
            Queue::Signals | Queue::Scope | Queue::Plan => &self.settings.home_region,
            Queue::Notices(region) => region,
        };
        self.queues.send(region, &names::queue(&self.settings.prefix, queue), &bodies).await
    }
}

impl Parking for Aws {
    async fn note_parked(&self, body: String) -> Result<(), PortError> {
        let queue = names::parking_queue(&self.settings.prefix);
        self.queues.send(&self.settings.region, &queue, &[body]).await
    }
}

impl Queues {
    pub fn new(clients: BTreeMap<String, Client>, meter: Meter) -> Self {
        Self { clients, urls: RefCell::default(), meter }
    }

    async fn send(&self, region: &str, queue: &str, bodies: &[String]) -> Result<(), PortError> {
        let client = self.clients.get(region).ok_or_else(|| {
            PortError(format!("{region} is not a region of this installation: see TOCSIN_REGIONS"))
        })?;
        let url = &self.url(client, region, queue).await?;
        stream::iter(bodies.chunks(BATCH_MESSAGES).map(Ok))
            .try_for_each_concurrent(BATCHES, |batch| self.send_batch(client, url, batch))
            .await
    }

    async fn url(&self, client: &Client, region: &str, queue: &str) -> Result<String, PortError> {
        let place = (region.to_owned(), queue.to_owned());
        if let Some(url) = self.urls.borrow().get(&place) {
            return Ok(url.clone());
        }
        let operation = format!("GetQueueUrl of {queue} in {region}");
        let answer = client.get_queue_url().queue_name(queue).send().await;
        let answer = answer.map_err(|error| failed(&operation, &error))?;
        let url = answer.queue_url.ok_or_else(|| PortError(format!("{operation}: no address")))?;
        self.urls.borrow_mut().insert(place, url.clone());
        Ok(url)
    }

    /// Sends ten messages at most; what fails is sent once more.
    async fn send_batch(&self, client: &Client, url: &str, bodies: &[String]) -> Result<(), PortError> {
        let entries = bodies.iter().enumerate().map(|(place, body)| {
            SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .message_body(body)
                .build()
                .map_err(unbuilt)
        });
        let mut left = entries.collect::<Result<Vec<_>, _>>()?;
        let mut code = String::new();
        for _try in 0..2 {
            let call = client.send_message_batch().queue_url(url).set_entries(Some(left.clone()));
            let usage = self.meter.get();
            self.meter.set(Usage { queue_calls: usage.queue_calls + 1, ..usage });
            let answer = call.send().await.map_err(|error| failed("SendMessageBatch", &error))?;
            let Some(first) = answer.failed().first() else {
                return Ok(());
            };
            code = first.code().to_owned();
            left.retain(|entry| answer.failed().iter().any(|failed| failed.id() == entry.id()));
        }
        Err(PortError(format!("SendMessageBatch: {code}")))
    }
}
