//! How long an answer takes for 50 million people in 60 jurisdictions over 72 hours: `cargo bench -p tocsin-domain`.

use std::collections::BTreeSet;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::feasibility::{Answer, Capacity, Demand, Question, Supply, answer};
use tocsin_domain::id::{IncidentId, ObligationId, SignalId, TenantId};
use tocsin_domain::person::Jurisdiction;
use tocsin_domain::plan::Channel;
use tocsin_domain::window::{Interval, SendingWindow};
use tocsin_domain::zones::Zones;

const RUNS: usize = 5;
const PEOPLE: u64 = 50_000_000;

/// Each region with the places that it serves: sixty.
const REGIONS: [(&str, &str); 3] = [
    (
        "us-east-1",
        "US-CA US-NY US-TX US-FL US-IL US-PA US-OH US-GA US-NC US-MI US-NJ US-VA US-WA US-AZ US-MA US-TN US-IN US-MO \
         US-MD US-WI CA BR MX",
    ),
    (
        "eu-central-1",
        "DE FR IT ES NL BE AT PL SE DK FI IE PT GR CZ HU RO BG HR SK SI EE LV LT LU CY MT GB CH NO",
    ),
    ("ap-southeast-2", "AU NZ JP KR SG HK IN"),
];

struct Setting {
    name: &'static str,
    window: &'static str,
    rate: u64,
    quota: Option<u64>,
    share_of_texts: u64,
    /// Hours between the deadlines of places in turn.
    apart: i64,
}

const SETTINGS: [Setting; 7] = [
    Setting {
        name: "at any hour, fits",
        window: "always",
        rate: 200,
        quota: None,
        share_of_texts: 0,
        apart: 0,
    },
    Setting {
        name: "at any hour, rate breaks",
        window: "always",
        rate: 60,
        quota: None,
        share_of_texts: 0,
        apart: 5,
    },
    Setting {
        name: "windows, fits",
        window: "08:00-21:00",
        rate: 300,
        quota: None,
        share_of_texts: 20,
        apart: 5,
    },
    Setting {
        name: "windows, rate breaks",
        window: "08:00-21:00",
        rate: 100,
        quota: None,
        share_of_texts: 20,
        apart: 5,
    },
    Setting {
        name: "at any hour, quota breaks",
        window: "always",
        rate: 300,
        quota: Some(5_000_000),
        share_of_texts: 0,
        apart: 5,
    },
    Setting {
        name: "windows, quota fits",
        window: "08:00-21:00",
        rate: 1000,
        quota: Some(20_000_000),
        share_of_texts: 20,
        apart: 5,
    },
    Setting {
        name: "windows, quota breaks",
        window: "08:00-21:00",
        rate: 300,
        quota: Some(5_000_000),
        share_of_texts: 20,
        apart: 5,
    },
];

fn main() {
    for setting in &SETTINGS {
        let question = question(setting);
        let mut took = Vec::new();
        let mut last = None;
        for _ in 0..RUNS {
            let began = Instant::now();
            last = Some(answer(&question).expect("the question is sound"));
            took.push(began.elapsed());
        }
        took.sort();
        let Some(answer) = last else { continue };
        println!("{:<28} median {:>8.1?}  {}", setting.name, took[RUNS / 2], outcome(&answer));
    }
}

fn outcome(answer: &Answer) -> String {
    let sum =
        |of: fn(&tocsin_domain::feasibility::Shortfall) -> u64| answer.shortfalls.iter().map(of).sum::<u64>();
    let (late, at_least) = (sum(|shortfall| shortfall.late), sum(|shortfall| shortfall.at_least));
    format!("{} demands, {late} late, {at_least} at least", answer.outlooks.len())
}

fn question(setting: &Setting) -> Question {
    let now: Timestamp = "2026-10-23T09:17:00Z".parse().expect("an instant");
    let window: SendingWindow = setting.window.parse().expect("a window");
    let places: Vec<(&str, &str)> = REGIONS
        .iter()
        .flat_map(|(region, places)| places.split_whitespace().map(move |place| (*region, place)))
        .collect();
    let mut demands = Vec::new();
    for (number, (region, place)) in places.iter().enumerate() {
        let people = PEOPLE / places.len() as u64;
        let texts = people * setting.share_of_texts / 100;
        let last = now + SignedDuration::from_hours(72 - number as i64 * setting.apart % 48);
        for (channel, people) in [(Channel::Email, people - texts), (Channel::Sms, texts)] {
            if people > 0 {
                demands.push(demand(region, place, channel, people, now, last, window));
            }
        }
    }
    let lane = |region: &str, channel| Supply {
        region: region.to_owned(),
        channel,
        sent: 1000,
        capacity: Capacity { rate: setting.rate, quota: setting.quota },
        changes: Vec::new(),
    };
    let lanes =
        REGIONS.iter().flat_map(|(region, _)| [lane(region, Channel::Email), lane(region, Channel::Sms)]);
    Question { now, start: now + SignedDuration::from_hours(2), demands, supplies: lanes.collect() }
}

fn demand(
    region: &str,
    place: &str,
    channel: Channel,
    people: u64,
    now: Timestamp,
    last: Timestamp,
    window: SendingWindow,
) -> Demand {
    let tenant: TenantId = "shop".parse().expect("a tenant");
    let incident = IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b"));
    let (country, state) = place.split_once('-').unwrap_or((place, ""));
    let zones = Zones::of(&Jurisdiction::of(country, state).expect("a place")).expect("its zones");
    let within = Interval::new(now - SignedDuration::from_hours(72), last).expect("an interval");
    Demand {
        obligation: ObligationId::of(incident, "individual", place, ""),
        regime: "individual".to_owned(),
        residence: place.to_owned(),
        channel,
        region: region.to_owned(),
        elsewhere: REGIONS.iter().map(|(region, _)| (*region).to_owned()).collect::<BTreeSet<_>>(),
        people,
        earliest: within.from(),
        last: Some(last),
        open: window.open(&zones, within).expect("an open window"),
    }
}
