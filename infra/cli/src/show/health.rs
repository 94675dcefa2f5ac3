//! How each channel does in each region.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{read, unread};
use crate::table::{Align, Table};

#[derive(Deserialize)]
struct Health {
    channels: Vec<Channel>,
}

#[derive(Deserialize)]
struct Channel {
    region: String,
    channel: String,
    counts: BTreeMap<String, u64>,
    mean_seconds: Option<u64>,
    nine_of_ten_within_seconds: Option<i64>,
}

/// One line a region and channel. Shares are of what was accepted.
pub fn health(value: &Value) -> String {
    let Some(Health { channels }) = read(value) else {
        return unread(value);
    };
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
        }] }));
        let line = shown.lines().nth(2).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            line,
            "eu-central-1 email 10050 10000 50 9489 (94.89 %) 511 (5.11 %) 1 (0.01 %) 3 4 s 15 s"
        );
        assert_eq!(with_share(0, 0), "0");
    }
}
