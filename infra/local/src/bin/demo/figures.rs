//! What the run took and cost: from the functions' own metric lines, and from the processes that still stand.

use serde_json::{Value, json};

use crate::Trouble;
use crate::screen::Screen;
use crate::story::{FUNCTIONS, HOME, Scene};

/// The sum of a function's metric lines.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    records: u64,
    milliseconds: u64,
    write_units: f64,
    mail_calls: u64,
    queue_calls: u64,
}

pub async fn print(screen: &Screen, scene: &Scene, planned: &Value) -> Result<(), Trouble> {
    println!("\nFigures: stages");
    for (stage, took) in &screen.took {
        println!("  {stage:<12} {:>8.1} s", took.as_secs_f64());
    }
    println!("Figures: functions");
    println!("  function        records   busy s  write units  SES calls  SQS sends  peak MiB");
    let mut all = Sum::default();
    for function in FUNCTIONS {
        let sum = sum_of(scene, function).await?;
        all = all.and(sum);
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
    Ok(())
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
}

impl Sum {
    fn and(self, other: Sum) -> Sum {
        Sum {
            records: self.records + other.records,
            milliseconds: self.milliseconds + other.milliseconds,
            write_units: self.write_units + other.write_units,
            mail_calls: self.mail_calls + other.mail_calls,
            queue_calls: self.queue_calls + other.queue_calls,
        }
    }
}

async fn sum_of(scene: &Scene, function: &str) -> Result<Sum, Trouble> {
    let mut sum = Sum::default();
    for region in Scene::regions() {
        if region != HOME && !matches!(function, "send" | "receipts") {
            continue;
        }
        for line in metric_lines(scene, region, function).await? {
            let whole = |name: &str| line[name].as_u64().unwrap_or(0);
            sum = sum.and(Sum {
                records: whole("records"),
                milliseconds: whole("duration_ms"),
                write_units: line["write_units"].as_f64().unwrap_or(0.0),
                mail_calls: whole("mail_calls"),
                queue_calls: whole("queue_calls"),
            });
        }
    }
    Ok(sum)
}

/// Every metric line of a function in a region, page by page.
pub async fn metric_lines(scene: &Scene, region: &str, function: &str) -> Result<Vec<Value>, Trouble> {
    let mut lines = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let mut ask = json!({ "logGroupName": format!("/aws/lambda/tocsin-{function}"), "limit": 10_000 });
        if let Some(token) = &next {
            ask["nextToken"] = json!(token);
        }
        let logged = scene.cloud().json("logs", region, "Logs_20140328.FilterLogEvents", &ask).await?;
        let texts =
            logged["events"].as_array().into_iter().flatten().filter_map(|event| event["message"].as_str());
        lines.extend(
            texts
                .filter_map(|text| serde_json::from_str::<Value>(text).ok())
                .filter(|line| !line["_aws"].is_null()),
        );
        match logged["nextToken"].as_str() {
            Some(token) if Some(token) != next.as_deref() => next = Some(token.to_owned()),
            Some(_) | None => return Ok(lines),
        }
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
