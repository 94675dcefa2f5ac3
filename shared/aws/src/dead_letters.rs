//! How the queues stand, what lies in their dead-letter queues, and the way back.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, ListMessageMoveTasksResultEntry, Message,
    MessageSystemAttributeName, QueueAttributeName,
};
use jiff::Timestamp;
use tocsin_ports::{
    DeadLetter, DeadLetters, LookAtQueues, PortError, Queue, QueueStanding, Redrive, Redriving,
};

use crate::failure::{failed, unbuilt};
use crate::{Aws, names};

/// `ReceiveMessage` gives no more.
const AT_ONCE: u32 = 10;

/// For how long a message that is looked at is out of sight, in seconds, should nobody let it go before.
const LOOK: i32 = 20;

/// The one state in which SQS starts no other task for a queue, beside that of one that is being cancelled.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html>
const UNDER_WAY: [&str; 2] = ["RUNNING", "CANCELLING"];

impl LookAtQueues for Aws {
    async fn standing(&self, queue: &Queue) -> Result<QueueStanding, PortError> {
        let place = self.place(queue, &names::queue(&self.settings.prefix, queue)).await?;
        let (waiting, in_flight) = (place.number(Count::Waiting)?, place.number(Count::InFlight)?);
        if !queue.has_dead_letters() {
            return Ok(QueueStanding { waiting, in_flight, dead: None, redrive: None });
        }
        let dead = self.dead_letter_queue(queue).await?;
        let tasks = dead.client.list_message_move_tasks().source_arn(&dead.arn).max_results(1).send().await;
        let tasks = tasks.map_err(|error| failed("ListMessageMoveTasks", &error))?;
        let redrive = tasks.results().first().map(redriving);
        Ok(QueueStanding { waiting, in_flight, dead: Some(dead.number(Count::Waiting)?), redrive })
    }
}

impl DeadLetters for Aws {
    async fn dead_letters(&self, queue: &Queue, limit: u32) -> Result<Vec<DeadLetter>, PortError> {
        let dead = self.dead_letter_queue(queue).await?;
        let mut seen: Vec<Message> = Vec::new();
        while let Some(more) = limit.checked_sub(seen.len() as u32).filter(|more| *more > 0) {
            let messages = receive(dead.client, &dead.url, more.min(AT_ONCE)).await?;
            if messages.is_empty() {
                break;
            }
            seen.extend(messages);
        }
        for messages in seen.chunks(AT_ONCE as usize) {
            let_go(dead.client, &dead.url, messages).await?;
        }
        let mut letters = seen.iter().map(letter).collect::<Result<Vec<DeadLetter>, PortError>>()?;
        letters.sort_by(|one, other| (one.sent_at, &one.message).cmp(&(other.sent_at, &other.message)));
        Ok(letters)
    }
}

impl Redrive for Aws {
    async fn redrive(&self, queue: &Queue, a_second: Option<u32>) -> Result<(), PortError> {
        let own = self.place(queue, &names::queue(&self.settings.prefix, queue)).await?;
        let dead = self.dead_letter_queue(queue).await?;
        let a_second = a_second.map(|number| i32::try_from(number).unwrap_or(i32::MAX));
        // The way is named: what a topic put into the dead-letter queue itself has no queue to go back to.
        let task = dead.client.start_message_move_task().source_arn(&dead.arn).destination_arn(&own.arn);
        let task = task.set_max_number_of_messages_per_second(a_second).send().await;
        task.map_err(|error| failed("StartMessageMoveTask", &error))?;
        Ok(())
    }
}

/// A queue as it was just looked at.
struct Place<'a> {
    client: &'a Client,
    url: String,
    arn: String,
    waiting: Option<u64>,
    in_flight: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
enum Count {
    Waiting,
    InFlight,
}

impl Place<'_> {
    fn number(&self, of: Count) -> Result<u64, PortError> {
        let number = match of {
            Count::Waiting => self.waiting,
            Count::InFlight => self.in_flight,
        };
        number.ok_or_else(|| PortError(format!("GetQueueAttributes: no count {of:?}")))
    }
}

impl Aws {
    async fn dead_letter_queue(&self, queue: &Queue) -> Result<Place<'_>, PortError> {
        if !queue.has_dead_letters() {
            return Err(PortError(format!("{queue} has no dead-letter queue")));
        }
        self.place(queue, &names::dead_letter_queue(&self.settings.prefix, queue)).await
    }

    async fn place(&self, queue: &Queue, name: &str) -> Result<Place<'_>, PortError> {
        let region = queue.region(&self.settings);
        let client = self.queues.client(region)?;
        let url = self.queues.url(client, region, name).await?;
        let call = client
            .get_queue_attributes()
            .queue_url(&url)
            .attribute_names(QueueAttributeName::QueueArn)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible);
        let answer = call.send().await.map_err(|error| failed("GetQueueAttributes", &error))?;
        let text = |name: QueueAttributeName| answer.attributes().and_then(|known| known.get(&name)).cloned();
        let number = |name| text(name).and_then(|text| text.parse().ok());
        Ok(Place {
            client,
            url,
            arn: text(QueueAttributeName::QueueArn)
                .ok_or_else(|| PortError("GetQueueAttributes: no ARN".to_owned()))?,
            waiting: number(QueueAttributeName::ApproximateNumberOfMessages),
            in_flight: number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        })
    }
}

async fn receive(client: &Client, url: &str, limit: u32) -> Result<Vec<Message>, PortError> {
    let call = client
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(i32::try_from(limit).unwrap_or(1))
        .visibility_timeout(LOOK)
        .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
        .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
    let answer = call.send().await.map_err(|error| failed("ReceiveMessage", &error))?;
    Ok(answer.messages.unwrap_or_default())
}

/// Puts messages back into sight. When that fails they come back by themselves.
async fn let_go(client: &Client, url: &str, messages: &[Message]) -> Result<(), PortError> {
    let entries = messages.iter().enumerate().map(|(place, message)| {
        ChangeMessageVisibilityBatchRequestEntry::builder()
            .id(place.to_string())
            .receipt_handle(message.receipt_handle().unwrap_or_default())
            .visibility_timeout(0)
            .build()
            .map_err(unbuilt)
    });
    let entries = entries.collect::<Result<Vec<_>, PortError>>()?;
    let call = client.change_message_visibility_batch().queue_url(url).set_entries(Some(entries));
    call.send().await.map_err(|error| failed("ChangeMessageVisibilityBatch", &error))?;
    Ok(())
}

fn letter(message: &Message) -> Result<DeadLetter, PortError> {
    let attribute = |name: MessageSystemAttributeName| {
        let number = message.attributes().and_then(|known| known.get(&name))?.parse::<i64>().ok();
        number.filter(|number| *number >= 0)
    };
    let sent_at = attribute(MessageSystemAttributeName::SentTimestamp)
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .ok_or_else(|| PortError("ReceiveMessage: a message without its instant".to_owned()))?;
    Ok(DeadLetter {
        message: message.message_id().unwrap_or_default().to_owned(),
        body: message.body().unwrap_or_default().to_owned(),
        received: attribute(MessageSystemAttributeName::ApproximateReceiveCount)
            .unwrap_or_default()
            .unsigned_abs(),
        sent_at,
    })
}

fn redriving(task: &ListMessageMoveTasksResultEntry) -> Redriving {
    let status = task.status().unwrap_or_default().to_owned();
    Redriving {
        runs: UNDER_WAY.contains(&status.as_str()),
        status,
        moved: task.approximate_number_of_messages_moved().unsigned_abs(),
        to_move: task.approximate_number_of_messages_to_move().map(i64::unsigned_abs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_when_it_was_sent_first_and_how_often_it_came() {
        let message = |sent: &str| {
            Message::builder()
                .message_id("m-1")
                .body("{}")
                .attributes(MessageSystemAttributeName::SentTimestamp, sent)
                .attributes(MessageSystemAttributeName::ApproximateReceiveCount, "6")
                .build()
        };
        let letter_of = letter(&message("1795435200000")).unwrap();
        assert_eq!((letter_of.received, letter_of.sent_at.as_millisecond()), (6, 1_795_435_200_000));
        assert!(letter(&message("soon")).is_err() && letter(&Message::builder().build()).is_err());
    }

    #[test]
    fn a_task_is_under_way_until_it_has_ended() {
        for (status, runs) in [
            ("RUNNING", true),
            ("CANCELLING", true),
            ("COMPLETED", false),
            ("CANCELLED", false),
            ("FAILED", false),
        ] {
            let task = ListMessageMoveTasksResultEntry::builder()
                .status(status)
                .approximate_number_of_messages_moved(3)
                .approximate_number_of_messages_to_move(7)
                .build();
            let expected = Redriving { runs, status: status.to_owned(), moved: 3, to_move: Some(7) };
            assert_eq!(redriving(&task), expected);
        }
    }
}
