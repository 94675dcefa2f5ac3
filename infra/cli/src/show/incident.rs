//! One incident, whole.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use tocsin_domain::changes::{Change, DutyChange, DutyChanges};
use tocsin_domain::incident::{Incident, ScopeCount};
use tocsin_domain::plan::{Approval, SentElsewhere, Wave};
use tocsin_domain::stated::Stated;

use super::duties::{self, Duty};
use super::{Options, instant, read, stage, unread};
use crate::table::{Align, Table, clean};

/// How many residences stand on one line.
const RESIDENCES_A_LINE: usize = 8;

/// The console's answer. Before there is a plan it ends after the slices.
#[derive(Debug, Deserialize)]
struct Shown {
    incident: Incident,
    slices: Vec<Slice>,
    plan: Option<Plan>,
    #[serde(default)]
    approvals: Vec<Approval>,
    #[serde(default)]
    /// By state; one that stands by for another channel is in none of a chunk's own.
    chunks: BTreeMap<String, u64>,
    #[serde(default)]
    duties: Vec<Duty>,
    #[serde(default)]
    partners: Vec<Partner>,
}

/// How the endpoint of a contact fares.
#[derive(Debug, Deserialize)]
struct Partner {
    contact: String,
    failures: u32,
    last_attempt: Timestamp,
    why: String,
}

#[derive(Debug, Deserialize)]
struct Slice {
    counted: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Plan {
    version: u32,
    hash: String,
    made_at: Timestamp,
    waves: Vec<Wave>,
    changes: Option<DutyChanges>,
}

/// The console's answer about one incident, as lines and aligned tables that nothing wraps.
pub fn incident(value: &Value, options: Options) -> String {
    let Some(shown) = read::<Shown>(value) else {
        return unread(value);
    };
    let mut parts = vec![head(&shown.incident), scope(&shown)];
    if let Some(plan) = &shown.plan {
        parts.push(of_plan(plan, &shown));
        parts.push(waves(&plan.waves));
        parts.push(duties::text(&shown.duties, options));
    }
    parts.join("\n")
}

fn head(incident: &Incident) -> String {
    let mut lines = Lines::default();
    lines.put("Incident", &incident.id.to_string());
    lines.put("Title", &incident.title);
    lines.put("Stage", &stage(incident));
    lines.put("Severity", incident.severity.as_str());
    lines.put("Opened", &instant(incident.opened_at));
    lines.list("Clocks", incident.clocks.iter().map(|(clock, at)| format!("{} {clock}", instant(*at))));
    lines.list("Stated", stated(&incident.stated));
    lines.put("Signals", &incident.signals.len().to_string());
    lines.put("Datasets", &incident.datasets.join(", "));
    lines.list("Attention", incident.attention.iter().cloned());
    lines.0
}

/// What people stated, a fact a line, by the law's own words.
fn stated(stated: &Stated) -> Vec<String> {
    // Which leaf records what is for whoever checks the log.
    let facts = Stated { leaves: BTreeMap::new(), ..stated.clone() };
    let facts = serde_json::to_value(facts).unwrap_or_default();
    let mut lines = Vec::new();
    for (name, value) in facts.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::Object(parts) => {
                let parts = parts.iter().filter(|(_, value)| !value.is_null());
                lines.extend(parts.map(|(part, value)| format!("{name} {part}: {}", bare(value))));
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                lines.push(format!("{name}: {}", bare(value)));
            }
        }
    }
    lines
}

fn bare(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn scope(shown: &Shown) -> String {
    let mut lines = Lines::default();
    let Some(count) = &shown.incident.scope else {
        let read = shown.slices.iter().filter(|slice| slice.counted.is_some()).count();
        lines.put("Affected", &format!("not known yet: {read} of {} slices are read", shown.slices.len()));
        return lines.0;
    };
    let ScopeCount { version, rows, rejected, reject_files, people, by_residence, residence_unknown } = count;
    lines.put("Affected", &format!("{people} people, by scope version {version}"));
    lines.put("Rows", &format!("{rows} read, {rejected} of them rejected"));
    lines.list("Rejects", reject_files.iter().cloned());
    let mut homes: Vec<(&String, &u64)> = by_residence.iter().collect();
    homes.sort_by(|(home, people), (other, others)| others.cmp(people).then(home.cmp(other)));
    let homes: Vec<String> = homes.iter().map(|(home, people)| format!("{home} {people}")).collect();
    let unknown = (*residence_unknown > 0).then(|| format!("unknown {residence_unknown}"));
    lines.list("Residence", homes.chunks(RESIDENCES_A_LINE).map(|line| line.join("  ")).chain(unknown));
    lines.0
}

fn of_plan(plan: &Plan, shown: &Shown) -> String {
    let mut lines = Lines::default();
    lines.put("Plan", &format!("version {}, made {}", plan.version, instant(plan.made_at)));
    lines.put("Hash", &plan.hash);
    lines.list("Duties", plan.changes.iter().flat_map(changes));
    let approvals = shown.approvals.iter().map(|approval| {
        // An approval binds the bytes that its hash names, and no others.
        let other = if approval.hash == plan.hash { "" } else { ", of another plan" };
        format!("{} {}{other}", instant(approval.at), approval.by)
    });
    lines.list("Approvals", none_or(approvals.collect()));
    let chunks = shown.chunks.iter().map(|(state, count)| format!("{count} {state}"));
    lines.put("Chunks", &none_or(chunks.collect()).join(", "));
    lines.list("Elsewhere", SentElsewhere::of(&plan.waves).iter().map(ToString::to_string));
    lines.list("Partners", shown.partners.iter().map(partner));
    lines.0
}

/// How the duties differ from those of an earlier version; what is withdrawn comes first.
fn changes(changes: &DutyChanges) -> Vec<String> {
    let mut lines = vec![format!("{} since version {}", changes.counts(), changes.since)];
    for kind in [Change::Withdrawn, Change::New, Change::Changed] {
        let terms = |DutyChange { was, now, .. }: &DutyChange| match (was, now) {
            (Some(was), Some(now)) => format!("was {was}; now {now}"),
            (Some(was), None) => format!("was {was}"),
            (None, Some(now)) => now.to_string(),
            (None, None) => String::new(),
        };
        lines.extend(changes.of(kind).map(|(_, change)| {
            format!("{}: {} in {}: {}", kind.as_str(), change.regime, change.jurisdiction, terms(change))
        }));
    }
    lines
}

fn partner(partner: &Partner) -> String {
    let Partner { contact, failures, last_attempt, why } = partner;
    let at = instant(*last_attempt);
    match failures {
        0 => format!("{contact}: took what was last posted, {at}"),
        _ => format!("{contact}: failed {failures} times in a row, last {at}: {why}"),
    }
}

fn waves(waves: &[Wave]) -> String {
    let columns = [
        ("WAVE", Align::Right),
        ("REGIME", Align::Left),
        ("REGION", Align::Left),
        ("CHANNEL", Align::Left),
        ("LANGUAGE", Align::Left),
        ("TEMPLATE", Align::Left),
        ("FROM (UTC)", Align::Left),
        ("DEADLINE (UTC)", Align::Left),
        ("RECIPIENTS", Align::Right),
        ("CHUNKS", Align::Right),
    ];
    let mut table = Table::new(columns);
    for wave in waves {
        table.row(vec![
            wave.number.to_string().into(),
            (&wave.regime).into(),
            (&wave.region).into(),
            wave.channel.as_str().into(),
            (&wave.language).into(),
            format!("{} {}", wave.template.id, wave.template.version).into(),
            instant(wave.start).into(),
            wave.deadline.map_or("-".to_owned(), instant).into(),
            wave.recipients.to_string().into(),
            wave.chunks.to_string().into(),
        ]);
    }
    table.text()
}

fn none_or(items: Vec<String>) -> Vec<String> {
    if items.is_empty() { vec!["none".to_owned()] } else { items }
}

/// Lines of a label and a value.
#[derive(Debug, Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, label: &str, value: &str) {
        let line = format!("{label:<11}{}", clean(value));
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    /// The label stands before the first value alone; without values there is no line.
    fn list(&mut self, label: &str, values: impl IntoIterator<Item = String>) {
        let labels = std::iter::once(label).chain(std::iter::repeat(""));
        for (label, value) in labels.zip(values) {
            self.put(label, &value);
        }
    }
}
