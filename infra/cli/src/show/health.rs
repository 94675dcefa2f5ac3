//! How each channel does in each region, and the last canary of each.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{read, unread};
use crate::table::{Align, Table};

#[derive(Deserialize)]
struct Health {
    channels: Vec<Channel>,
    canaries: Vec<Canary>,
}

#[derive(Deserialize)]
struct Canary {
    region: String,
    since: String,
    state: String,
    seconds: Option<i64>,
    why: Option<String>,
}

#[derive(Deserialize)]
struct Channel {
    region: String,
    channel: String,
    counts: BTreeMap<String, u64>,
    mean_seconds: Option<u64>,
    nine_of_ten_within_seconds: Option<i64>,
}

/// One line a region and channel, and one a region's canary, where there are any.
pub fn health(value: &Value) -> String {
    let Some(Health { channels, canaries }) = read(value) else {
        return unread(value);
    };
    let channels = of_channels(channels);
    if canaries.is_empty() { channels } else { format!("{channels}\n{}", of_canaries(canaries)) }
}

fn of_canaries(canaries: Vec<Canary>) -> String {
    let columns = [
        ("REGION", Align::Left),
        ("LAST CANARY", Align::Left),
        ("STATE", Align::Left),
        ("TOOK", Align::Right),
        ("WHY", Align::Left),
    ];
    let mut table = Table::new(columns);
    for Canary { region, since, state, seconds, why } in canaries {
        let took = seconds.map_or("-".to_owned(), |seconds| format!("{seconds} s"));
        table.row(vec![
            region.into(),
            since.into(),
            state.into(),
            took.into(),
            why.unwrap_or_default().into(),
        ]);
    }
    table.text()
}

/// Shares are of what was accepted.
fn of_channels(channels: Vec<Channel>) -> String {
    let columns = [
        ("REGION", Align::Left),
        ("CHANNEL", Align::Left),
        ("HANDED OVER", Align::Right),
        ("ACCEPTED", Align::Right),
        ("REFUSED", Align::Right),
        ("DELIVERED", Align::Right),
        ("BOUNCED", Align::Right),
        ("COMPLAINED", Align::Right),
        ("DELAYED", Align::Right),
        ("MEAN", Align::Right),
        ("9 OF 10 WITHIN", Align::Right),
    ];
    let mut table = Table::new(columns);
    for Channel { region, channel, counts, mean_seconds, nine_of_ten_within_seconds } in channels {
        let count = |name: &str| counts.get(name).copied().unwrap_or_default();
        let accepted = count("accepted");
        let seconds = |seconds: Option<String>| seconds.map_or("-".to_owned(), |text| format!("{text} s"));
        table.row(vec![
            region.into(),
            channel.into(),
            count("handed_over").to_string().into(),
            accepted.to_string().into(),
            count("refused").to_string().into(),
            with_share(count("delivered"), accepted).into(),
            with_share(count("bounced"), accepted).into(),
            with_share(count("complained"), accepted).into(),
            count("delayed").to_string().into(),
            seconds(mean_seconds.map(|seconds| seconds.to_string())).into(),
            seconds(nine_of_ten_within_seconds.map(|seconds| seconds.to_string())).into(),
        ]);
    }
    table.text()
}

/// In hundredths of a percent: SES looks at a thousandth.
fn with_share(count: u64, of: u64) -> String {
    match (u128::from(count) * 10_000).checked_div(of.into()) {
        Some(share) if count > 0 => format!("{count} ({}.{:02} %)", share / 100, share % 100),
        Some(_) | None => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_channel_is_a_line_with_its_shares() {
        let shown = health(&json!({ "channels": [{
            "region": "eu-central-1", "channel": "email",
            "counts": { "handed_over": 10_050, "accepted": 10_000, "refused": 50, "delivered": 9_489, "bounced": 511,
                        "complained": 1, "delayed": 3 },
            "mean_seconds": 4, "nine_of_ten_within_seconds": 15,
        }], "canaries": [] }));
        let line = shown.lines().nth(2).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            line,
            "eu-central-1 email 10050 10000 50 9489 (94.89 %) 511 (5.11 %) 1 (0.01 %) 3 4 s 15 s"
        );
        assert_eq!(with_share(0, 0), "0");
        assert!(!shown.contains("CANARY"), "{shown}");
    }

    #[test]
    fn a_canary_is_a_line() {
        let canary = |state: &str, seconds: Option<i64>, why: Option<&str>| json!({ "region": "us-east-1", "since": "2026-11-23T10:00:12Z", "state": state, "seconds": seconds, "why": why });
        for (canary, expected) in [
            (canary("arrived", Some(4), None), "arrived 4 s"),
            (canary("missing", None, Some("it was not sent: rate")), "missing - it was not sent: rate"),
        ] {
            let shown = health(&json!({ "channels": [], "canaries": [canary] }));
            let line = shown.lines().last().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(line, format!("us-east-1 2026-11-23T10:00:12Z {expected}"));
        }
    }
}
