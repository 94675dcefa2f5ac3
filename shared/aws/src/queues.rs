//! The queues between the functions, and the parking queue.

use std::cell::RefCell;
use std::collections::BTreeMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::{TryStreamExt, stream};
use jiff::SignedDuration;
use tocsin_ports::{Enqueue, InFlight, Outgoing, Parking, PortError, Postpone, Queue, Usage};

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
    async fn enqueue(&self, queue: &Queue, messages: Vec<Outgoing>) -> Result<(), PortError> {
        let region = queue.region(&self.settings);
        self.queues.send(region, &names::queue(&self.settings.prefix, queue), &messages).await
    }
}

impl Postpone for Aws {
    async fn postpone(&self, message: &InFlight, by: SignedDuration) -> Result<(), PortError> {
        let (region, queue) = place_of(&message.queue)
            .ok_or_else(|| PortError(format!("{} is no queue's ARN", message.queue)))?;
        self.queues.postpone(region, queue, &message.receipt, by).await
    }
}

/// `arn:aws:sqs:REGION:ACCOUNT:NAME`
fn place_of(arn: &str) -> Option<(&str, &str)> {
    match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "sqs", region, _, name] => Some((region, name)),
        _ => None,
    }
}

impl Parking for Aws {
    async fn note_parked(&self, body: String) -> Result<(), PortError> {
        let parked = Queue::Parked(self.settings.region.clone());
        let queue = names::queue(&self.settings.prefix, &parked);
        self.queues.send(&self.settings.region, &queue, &[Outgoing::at_once(body)]).await
    }
}

impl Queues {
    pub fn new(clients: BTreeMap<String, Client>, meter: Meter) -> Self {
        Self { clients, urls: RefCell::default(), meter }
    }

    async fn send(&self, region: &str, queue: &str, messages: &[Outgoing]) -> Result<(), PortError> {
        let client = self.client(region)?;
        let url = &self.url(client, region, queue).await?;
        stream::iter(messages.chunks(BATCH_MESSAGES).map(Ok))
            .try_for_each_concurrent(BATCHES, |batch| self.send_batch(client, url, batch))
            .await
    }

    async fn postpone(
        &self,
        region: &str,
        queue: &str,
        receipt: &str,
        by: SignedDuration,
    ) -> Result<(), PortError> {
        let client = self.client(region)?;
        let url = self.url(client, region, queue).await?;
        let seconds = i32::try_from(by.as_secs()).unwrap_or(i32::MAX);
        let call = client.change_message_visibility().queue_url(url).receipt_handle(receipt);
        let answer = call.visibility_timeout(seconds).send().await;
        answer.map_err(|error| failed("ChangeMessageVisibility", &error))?;
        Ok(())
    }

    pub fn client(&self, region: &str) -> Result<&Client, PortError> {
        self.clients.get(region).ok_or_else(|| {
            PortError(format!("{region} is not a region of this installation: see TOCSIN_REGIONS"))
        })
    }

    pub async fn url(&self, client: &Client, region: &str, queue: &str) -> Result<String, PortError> {
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
    async fn send_batch(&self, client: &Client, url: &str, messages: &[Outgoing]) -> Result<(), PortError> {
        let entries = messages.iter().enumerate().map(|(place, message)| {
            SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .message_body(&message.body)
                .delay_seconds(delay(message.after))
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

/// What is less than a second is none; SQS takes 900 at most.
fn delay(after: SignedDuration) -> i32 {
    i32::try_from(after.as_secs().clamp(0, 900)).unwrap_or(900)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_where_a_queue_is() {
        let arn = "arn:aws:sqs:eu-central-1:111122223333:tocsin-plan";
        assert_eq!(place_of(arn), Some(("eu-central-1", "tocsin-plan")));
        for none in
            ["", "tocsin-plan", "arn:aws:sns:eu-central-1:111122223333:tocsin-plan", "arn:aws:sqs:a:b:c:d"]
        {
            assert_eq!(place_of(none), None, "{none}");
        }
    }
}
