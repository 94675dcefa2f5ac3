//! IBM QRadar offenses, as its API gives them (`GET /api/siem/offenses`), one by one or in a list.
//! <https://ibmsecuritydocs.github.io/qradar_api_overview/>
//!
//! `severity` says how grave the threat is, `magnitude` how much the offense weighs once relevance and credibility
//! are counted in; both are numbers from 1 to 10. The graver of the two counts. IBM gives no words for them; QRadar
//! takes the severity of CEF events into the same scale unchanged, so CEF's bands are taken.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, each, is_one_of, missing, out_of_ten, read_each, signal, status};
use crate::draft::{hint, resource};
use crate::{json, time};

const NAME: &str = "QRadar";
const PLACES: [&str; 2] = ["/offenses", "/offense"];

/// Names that other formats do not have side by side.
const MARKS: [&str; 5] = ["offense_source", "offense_type", "magnitude", "credibility", "relevance"];

pub(super) fn knows(value: &Value) -> bool {
    !each(value, &PLACES, is_offense).is_empty()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    read_each(value, &PLACES, is_offense, finding)
}

fn is_offense(value: &Value) -> bool {
    MARKS.iter().filter(|mark| value.get(mark).is_some()).count() >= 2
}

fn finding(value: &Value) -> Finding {
    let threat = number(value, "/severity").ok_or(missing(NAME, "severity"))?;
    let description = json::text(value, "/description").ok_or(missing(NAME, "description"))?;
    signal(Signal {
        source: "qradar".to_owned(),
        external_id: json::id(value, "/id").ok_or(missing(NAME, "id"))?,
        severity: number(value, "/magnitude").map_or(threat, |weight| weight.max(threat)),
        kind: json::text(value, "/categories/0").unwrap_or_default().to_owned(),
        title: description.to_owned(),
        occurred_at: time::first(value, &["/start_time", "/first_persisted_time"]),
        // A hidden offense is one that somebody put out of sight.
        status: status(is_one_of(json::text(value, "/status"), &["closed", "hidden"])),
        hints: hints(value),
    })
}

fn number(value: &Value, pointer: &str) -> Option<Severity> {
    json::at(value, pointer).and_then(Value::as_u64).filter(|number| *number > 0).and_then(out_of_ten)
}

/// What `offense_source` is, `offense_type` says: 0 and 10 a source address, 3 a user, 4 a source's MAC address;
/// 1 and 11 a destination, 7 a host.
fn hints(value: &Value) -> Hints {
    let mut hints = Hints::default();
    let source = json::text(value, "/offense_source");
    match json::at(value, "/offense_type").and_then(Value::as_u64) {
        Some(0 | 3 | 4 | 10) => hint(&mut hints.actors, source),
        Some(1 | 7 | 11) => resource(&mut hints, source),
        Some(_) | None => {}
    }
    for log_source in json::list(value, "/log_sources") {
        resource(&mut hints, json::text(log_source, "/name"));
    }
    hints
}
