//! What the run took and cost: from the functions' own metric lines, and from the processes that still stand.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::Trouble;
use crate::screen::Screen;
use crate::story::{FUNCTIONS, HOME, Scene, text};

/// The functions that an event source hands messages of a queue to.
const QUEUE_FUNCTIONS: [&str; 6] = ["intake-siem", "plan", "receipts", "scope", "send", "triage"];

/// How many lines the emulator answers with at most.
const PAGE: usize = 10_000;

/// The sum of a function's metric lines.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    records: u64,
    milliseconds: u64,
    write_units: f64,
    mail_calls: u64,
    queue_calls: u64,
    /// How many batches of messages the function was handed.
    batches: u64,
}

/// Prints the figures; `false` when they cannot be all of it.
pub async fn print(screen: &Screen, scene: &Scene, planned: &Value) -> Result<bool, Trouble> {
    println!("\nFigures: stages");
    for (stage, took) in &screen.took {
        println!("  {stage:<12} {:>8.1} s", took.as_secs_f64());
    }
    println!("Figures: functions");
    println!("  function        records   busy s  write units  SES calls  SQS sends  peak MiB");
    let mut all = Sum::default();
    let mut receipts = 0;
    for function in FUNCTIONS {
        let sum = sum_of(scene, function).await?;
        all = all.and(sum);
        receipts += if function == "receipts" { sum.records } else { 0 };
        let peak = peak_mib(scene, function).await?;
        println!(
            "  {function:<14} {:>8} {:>8.1} {:>12.0} {:>10} {:>10} {:>9}",
            sum.records,
            sum.milliseconds as f64 / 1000.0,
            sum.write_units,
            sum.mail_calls,
            sum.queue_calls,
            peak.map_or("-".to_owned(), |mib| mib.to_string())
        );
    }
    per_person(screen, planned, all);
    let published: usize = scene.mailboxes.published().values().sum();
    let complete = receipts >= published as u64;
    if !complete {
        println!("  FAILED  the figures are incomplete: {receipts} records of receipts, {published} events");
    }
    Ok(complete)
}

fn per_person(screen: &Screen, planned: &Value, all: Sum) {
    let people = planned["plan"]["scope"]["people"].as_u64().unwrap_or(0);
    let waves = planned["plan"]["waves"].as_array().cloned().unwrap_or_default();
    let needed: u64 = waves
        .iter()
        .filter(|wave| wave["channel"] == "email")
        .filter_map(|wave| wave["recipients"].as_u64())
        .map(|recipients| recipients.div_ceil(50))
        .sum();
    let seconds: f64 = screen
        .took
        .iter()
        .filter(|(stage, _)| matches!(*stage, "people" | "chunks" | "receipts"))
        .map(|(_, took)| took.as_secs_f64())
        .sum();
    println!("Figures: together");
    println!(
        "  {people} people, {:.0} a second from the finding to the last receipt",
        people as f64 / seconds.max(0.001)
    );
    println!("  {:.2} write units a person", all.write_units / people.max(1) as f64);
    println!("  {} SES calls; {needed} are needed at fifty a call in each wave", all.mail_calls);
    println!("  {} SQS sends by functions", all.queue_calls);
    println!("  {} SQS batches received and deleted by event sources", all.batches);
}

impl Sum {
    fn and(self, other: Sum) -> Sum {
        Sum {
            records: self.records + other.records,
            milliseconds: self.milliseconds + other.milliseconds,
            write_units: self.write_units + other.write_units,
            mail_calls: self.mail_calls + other.mail_calls,
            queue_calls: self.queue_calls + other.queue_calls,
            batches: self.batches + other.batches,
        }
    }
}

async fn sum_of(scene: &Scene, function: &str) -> Result<Sum, Trouble> {
    let mut sum = Sum::default();
    for region in Scene::regions() {
        if region != HOME && !matches!(function, "send" | "receipts") {
            continue;
        }
        sum = sum.and(sum_in(scene, region, function).await?);
    }
    Ok(sum)
}

async fn sum_in(scene: &Scene, region: &str, function: &str) -> Result<Sum, Trouble> {
    let mut sum = Sum::default();
    let mut requests = BTreeSet::new();
    each_line(scene, region, function, |line| {
        if let Some(request) = line["span"]["requestId"].as_str() {
            requests.insert(request.to_owned());
        }
        if is_metric(&line) {
            sum = sum.and(measured(&line));
        }
    })
    .await?;
    // An event source receives and deletes a batch by one call each, and hands it over in one request.
    let batches = if QUEUE_FUNCTIONS.contains(&function) { requests.len() as u64 } else { 0 };
    Ok(Sum { batches, ..sum })
}

fn measured(line: &Value) -> Sum {
    let whole = |name: &str| line[name].as_u64().unwrap_or(0);
    Sum {
        records: whole("records"),
        milliseconds: whole("duration_ms"),
        write_units: line["write_units"].as_f64().unwrap_or(0.0),
        mail_calls: whole("mail_calls"),
        queue_calls: whole("queue_calls"),
        batches: 0,
    }
}

fn is_metric(line: &Value) -> bool {
    !line["_aws"].is_null()
}

/// Every metric line of a function in a region.
pub async fn metric_lines(scene: &Scene, region: &str, function: &str) -> Result<Vec<Value>, Trouble> {
    let mut lines = Vec::new();
    each_line(scene, region, function, |line| lines.extend(Some(line).filter(is_metric))).await?;
    Ok(lines)
}

/// Goes once through each line of JSON that a function logged in a region, one page after the other.
async fn each_line(
    scene: &Scene,
    region: &str,
    function: &str,
    mut take: impl FnMut(Value),
) -> Result<(), Trouble> {
    let mut pages = Pages::default();
    loop {
        let ask = json!({
            "logGroupName": format!("/aws/lambda/tocsin-{function}"),
            "limit": PAGE,
            "startTime": pages.from,
        });
        let logged = scene.cloud().json("logs", region, "Logs_20140328.FilterLogEvents", &ask).await?;
        let events = logged["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        let fresh = pages.turn(events);
        for event in &fresh {
            // The emulator's own lines, of which each request has some, are no JSON.
            if let Ok(line) = serde_json::from_str::<Value>(text(&event["message"])) {
                take(line);
            }
        }
        if events.len() < PAGE {
            return Ok(());
        }
        if fresh.is_empty() {
            return Err(format!("{function} logged more than {PAGE} lines in a millisecond").into());
        }
    }
}

/// Pages by time: the emulator never gives a token for what did not fit on the page. The next page begins with the
/// instant that ended the last one, and leaves out what was seen of that instant.
#[derive(Debug, Default)]
struct Pages {
    from: i64,
    /// The lines of that instant that were seen: the stream, and the place among the stream's lines of the instant.
    /// The lines of functions have no id, and two of them may be the same.
    seen: BTreeSet<(String, usize)>,
}

impl Pages {
    /// The events of a page that no page before had.
    fn turn<'a>(&mut self, events: &'a [Value]) -> Vec<&'a Value> {
        let instant = |event: &Value| event["timestamp"].as_i64().unwrap_or(0);
        let last = events.last().map_or(self.from, instant);
        let mut before = std::mem::take(&mut self.seen);
        let mut places: BTreeMap<(i64, &str), usize> = BTreeMap::new();
        let mut fresh = Vec::new();
        for event in events {
            let (at, stream) = (instant(event), text(&event["logStreamName"]));
            let next = places.entry((at, stream)).or_default();
            let place = (stream.to_owned(), *next);
            *next += 1;
            if at != self.from || !before.contains(&place) {
                fresh.push(event);
            }
            if at == last {
                self.seen.insert(place);
            }
        }
        if last == self.from {
            self.seen.append(&mut before);
        }
        self.from = last;
        fresh
    }
}

/// The largest resident size that a still running process of the function had, where the system tells.
async fn peak_mib(scene: &Scene, function: &str) -> Result<Option<u64>, Trouble> {
    let processes = scene.deployed.processes(function).await?;
    let peaks = processes.iter().filter_map(|process| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()
    });
    Ok(peaks.max().map(|kib| kib.div_ceil(1024)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_lost_or_taken_twice_between_pages() {
        let event =
            |at: i64, stream: &str| json!({ "timestamp": at, "logStreamName": stream, "message": "x" });
        let all = [event(1, "a"), event(2, "a"), event(2, "a"), event(2, "b"), event(3, "a"), event(3, "c")];
        let mut pages = Pages::default();
        let mut taken = 0;
        for _ in 0..4 {
            let rest = all.iter().filter(|event| event["timestamp"].as_i64() >= Some(pages.from));
            let page: Vec<Value> = rest.take(4).cloned().collect();
            taken += pages.turn(&page).len();
        }
        assert_eq!(taken, all.len());
    }
}
