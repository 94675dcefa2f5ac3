//! The installation's queues, and what died in them.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{instant, read, unread};
use crate::table::{Align, Table, clean};

#[derive(Deserialize)]
struct Queues {
    queues: Vec<Queue>,
}

#[derive(Deserialize)]
struct Queue {
    queue: String,
    region: String,
    standing: Standing,
    oldest_dead: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Standing {
    waiting: u64,
    in_flight: u64,
    dead: Option<u64>,
    redrive: Option<Redrive>,
}

#[derive(Deserialize)]
struct Redrive {
    status: String,
    moved: u64,
    to_move: Option<u64>,
}

#[derive(Deserialize)]
struct DeadLetters {
    queue: String,
    dead_letters: Vec<DeadLetter>,
}

#[derive(Deserialize)]
struct DeadLetter {
    message: String,
    received: u64,
    first_sent: Timestamp,
    body: Option<Value>,
    size: u64,
    hash: String,
    fault: Option<String>,
}

#[derive(Deserialize)]
struct Redriven {
    queue: String,
    messages: u64,
}

/// Every queue, one a line.
pub fn queues(value: &Value) -> String {
    let Some(Queues { queues }) = read(value) else {
        return unread(value);
    };
    let columns = [
        ("QUEUE", Align::Left),
        ("REGION", Align::Left),
        ("WAITING", Align::Right),
        ("IN FLIGHT", Align::Right),
        ("DEAD", Align::Right),
        ("OLDEST DEAD (UTC)", Align::Left),
        ("LAST REDRIVE", Align::Left),
    ];
    let mut table = Table::new(columns);
    for Queue { queue, region, standing, oldest_dead } in queues {
        let Standing { waiting, in_flight, dead, redrive } = standing;
        table.row(vec![
            queue.into(),
            region.into(),
            waiting.to_string().into(),
            in_flight.to_string().into(),
            dead.map_or("-".to_owned(), |dead| dead.to_string()).into(),
            oldest_dead.map_or("-".to_owned(), instant).into(),
            redrive.map_or("-".to_owned(), |redrive| progress(&redrive)).into(),
        ]);
    }
    table.text()
}

fn progress(Redrive { status, moved, to_move }: &Redrive) -> String {
    let of = to_move.map_or(String::new(), |to_move| format!(" of {to_move}"));
    format!("{}, {moved}{of} moved", status.to_lowercase())
}

/// What lies in a dead-letter queue: a line for each message, and under it what it says or what is wrong with it.
pub fn dead_letters(value: &Value) -> String {
    let Some(DeadLetters { queue, dead_letters }) = read(value) else {
        return unread(value);
    };
    if dead_letters.is_empty() {
        return format!("nothing was found in the dead-letter queue of {}\n", clean(&queue));
    }
    dead_letters.iter().map(letter).collect()
}

fn letter(letter: &DeadLetter) -> String {
    let DeadLetter { message, received, first_sent, body, size, hash, fault } = letter;
    let says = match (body, fault) {
        (Some(body), _) => body.to_string(),
        (None, Some(fault)) => format!("{size} bytes, hash {hash}: {fault}"),
        (None, None) => {
            format!("{size} bytes, hash {hash}: can be read; the function's log says why it failed")
        }
    };
    let line = format!("{message}  sent {}, received {received} times", instant(*first_sent));
    format!("{}\n    {}\n", clean(&line), clean(&says))
}

/// The console's answer to a redrive.
pub fn redriven(value: &Value) -> String {
    let Some(Redriven { queue, messages }) = read(value) else {
        return unread(value);
    };
    let queue = clean(&queue);
    format!("about {messages} messages move back to {queue}; `tocsin dlq list` shows how far it is\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_queue_is_a_line_with_its_dead_and_its_redrive() {
        let standing = |dead: Value, redrive: Value| json!({ "waiting": 3, "in_flight": 1, "dead": dead, "redrive": redrive });
        let running = json!({ "runs": true, "status": "RUNNING", "moved": 12, "to_move": 40 });
        let shown = queues(&json!({ "queues": [
            { "queue": "siem", "region": "eu-central-1", "standing": standing(json!(40), running),
              "oldest_dead": "2026-11-23T09:00:00Z" },
            { "queue": "parked-us-east-1", "region": "us-east-1", "standing": standing(Value::Null, Value::Null),
              "oldest_dead": null },
        ] }));
        let lines: Vec<&str> = shown.lines().skip(2).collect();
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            lines.iter().map(|line| words(line)).collect::<Vec<_>>(),
            [
                "siem eu-central-1 3 1 40 2026-11-23 09:00:00Z running, 12 of 40 moved",
                "parked-us-east-1 us-east-1 3 1 - - -",
            ]
        );
    }

    #[test]
    fn a_dead_letter_says_its_ids_or_what_is_wrong_with_it() {
        let letter = |body: Value, fault: Value| {
            json!({ "message": "m-1", "received": 5, "first_sent": "2026-11-23T09:00:00Z", "body": body,
                    "size": 70, "hash": "ab12", "fault": fault })
        };
        let of = |letter: Value| dead_letters(&json!({ "queue": "siem", "dead_letters": [letter] }));
        let head = "m-1  sent 2026-11-23 09:00:00Z, received 5 times\n    ";
        assert_eq!(of(letter(json!({ "v": 1 }), Value::Null)), format!("{head}{{\"v\":1}}\n"));
        let faulty = of(letter(Value::Null, json!("no format that is known")));
        assert_eq!(faulty, format!("{head}70 bytes, hash ab12: no format that is known\n"));
    }
}
