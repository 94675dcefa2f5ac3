//! Deadlines that can be read in more than one way, and dates that two zones do not share.

use serde_json::{Value, json};

use super::{find, findings};

fn at(zone: &str, place: &str, clock: &str, instant: &str) -> Value {
    json!({
        "clocks": {clock: instant}, "controller": {"time_zone": zone}, "affected": {place: 1},
        "data": ["name", "ssn"], "risk": "high",
    })
}

/// What stands beside the due instant, as `instant: the first words of why`.
fn read(given: Value, regime: &str) -> (String, Vec<String>, String) {
    let all = findings(given);
    let finding = find(&all, regime);
    let others = finding.readings.iter().map(|reading| {
        let why = reading.why.split([':', ',']).next().unwrap_or_default();
        format!("{} {why}", reading.due)
    });
    let due = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    (due(finding.due), others.collect(), due(finding.alarm()))
}

#[test]
fn seventy_two_hours_are_read_in_three_ways_and_the_strict_one_is_due() {
    // A Friday afternoon: the hour that is left out ends at 18:00, and two working days end on Tuesday.
    let (due, others, alarm) =
        read(at("Europe/Berlin", "DE", "awareness", "2026-11-27T17:40:00+01:00"), "eu-gdpr-authority");
    assert_eq!(due, "2026-11-30T16:40:00Z");
    assert_eq!(
        others,
        [
            "2026-11-30T17:00:00Z the hour of the event is not counted",
            "2026-12-01T22:59:59Z two working days at least"
        ]
    );
    assert_eq!(alarm, due);
    // On a Monday two working days are over before 72 hours are, and shorten nothing.
    let (due, others, _) =
        read(at("Europe/Berlin", "DE", "awareness", "2026-11-23T10:00:00+01:00"), "eu-gdpr-authority");
    assert_eq!(due, "2026-11-26T09:00:00Z");
    assert_eq!(others, ["2026-11-26T10:00:00Z the hour of the event is not counted"]);
    // Hours that end on a Sunday are no days that end on one.
    let (due, others, _) =
        read(at("Europe/London", "GB", "awareness", "2026-11-26T09:00:00Z"), "gb-ukgdpr-authority");
    assert_eq!((due.as_str(), others), ("2026-11-29T09:00:00Z", vec![]));
}

#[test]
fn a_last_day_on_a_weekend_is_extended_by_some() {
    for (discovery, due, others) in [
        // Thirty days later is a Saturday, a Sunday, a Monday.
        (
            "2026-11-26T12:00:00-05:00",
            "2026-12-27T04:59:59Z",
            vec!["2026-12-29T04:59:59Z the last day is no working day"],
        ),
        (
            "2026-11-27T12:00:00-05:00",
            "2026-12-28T04:59:59Z",
            vec!["2026-12-29T04:59:59Z the last day is no working day"],
        ),
        ("2026-11-28T12:00:00-05:00", "2026-12-29T04:59:59Z", vec![]),
    ] {
        let read = read(at("America/New_York", "US-NY", "discovery", discovery), "us-ny-individual");
        let others: Vec<String> = others.into_iter().map(str::to_owned).collect();
        assert_eq!(read, (due.to_owned(), others, due.to_owned()), "{discovery}");
    }
}

/// In Algeria the weekend is Friday and Saturday: what ends on a Sunday ends on a working day.
#[test]
fn the_weekend_is_that_of_the_place() {
    for (aware, others) in [
        ("2026-11-08T12:00:00+01:00", vec!["2026-11-15T22:59:59Z the last day is no working day"]),
        ("2026-11-09T12:00:00+01:00", vec!["2026-11-15T22:59:59Z the last day is no working day"]),
        ("2026-11-10T12:00:00+01:00", vec![]),
    ] {
        let read = read(at("Africa/Algiers", "DZ", "awareness", aware), "dz-25-11");
        assert_eq!(read.1, others, "{aware}");
    }
}

/// Where the law extends the period, the alarm still comes before the weekend.
#[test]
fn an_extension_by_law_is_due_and_the_end_without_it_alarms() {
    let mut given = at("Europe/Berlin", "DE", "classification", "2026-09-01T10:00:00+02:00");
    given["clocks"]["intermediate_submitted"] = json!("2026-09-03T10:00:00+02:00");
    given["controller"]["sectors"] = json!(["dora-financial-entity"]);
    // 3 October 2026 is a Saturday: the final report is due at noon of Monday.
    let (due, others, alarm) = read(given, "eu-dora-final");
    assert_eq!(due, "2026-10-05T10:00:00Z");
    assert_eq!(others, ["2026-10-03T21:59:59Z the last day is not extended"]);
    assert_eq!(alarm, "2026-10-03T21:59:59Z");
}

#[test]
fn a_date_that_two_zones_do_not_share_is_taken_at_the_earliest_end() {
    for (zone, discovery, due) in [
        // 2 March in Tokyo is 1 March in New York, 18:00; thirty days later its clocks have gone forward.
        ("Asia/Tokyo", "2026-03-02T08:00:00+09:00", "2026-03-31T22:00:00Z"),
        // In autumn they go back: Tokyo's moment is the earlier one.
        ("Asia/Tokyo", "2026-10-15T08:00:00+09:00", "2026-11-13T23:00:00Z"),
        // The same date in both zones: the last day is given whole.
        ("Asia/Tokyo", "2026-03-02T23:00:00+09:00", "2026-04-02T03:59:59Z"),
        ("America/Los_Angeles", "2026-04-01T10:00:00-07:00", "2026-05-02T03:59:59Z"),
    ] {
        let all = findings(at(zone, "US-NY", "discovery", discovery));
        let finding = find(&all, "us-ny-individual");
        assert_eq!(finding.due.map(|due| due.to_string()).as_deref(), Some(due), "{zone} {discovery}");
        let said = finding.reasons.iter().any(|reason| reason.contains("from moment to moment"));
        assert_eq!(said, !due.ends_with("59:59Z"), "{:?}", finding.reasons);
    }
}

/// Egypt gives three days and does not say which: the alarm comes with the calendar days.
#[test]
fn days_of_a_kind_that_is_not_settled_alarm_by_the_earlier_end() {
    let mut given = at("Africa/Cairo", "EG", "awareness", "2026-11-10T11:00:00+02:00");
    given["clocks"]["authority_notified"] = json!({"EG": "2026-11-11T15:00:00+02:00"});
    let (due, others, alarm) = read(given, "eg-pdpl-individual");
    assert_eq!(due, "2026-11-16T21:59:59Z"); // Thursday, Sunday, Monday
    assert_eq!(others, ["2026-11-14T21:59:59Z P3D"]);
    assert_eq!(alarm, "2026-11-14T21:59:59Z");
}

/// A count whose first day is day 1, or that begins with the end of the year, begins with a whole day in any zone.
#[test]
fn a_count_that_begins_with_a_whole_day_is_not_in_doubt() {
    let mut japan = at("America/New_York", "JP", "awareness", "2026-03-02T08:00:00+09:00");
    japan["improper_purpose"] = json!(true);
    assert_eq!(read(japan, "jp-appi-final").0, "2026-04-30T14:59:59Z");
    let mut hipaa = at("Asia/Tokyo", "US-OH", "discovery", "2026-03-02T08:00:00+09:00");
    hipaa["controller"]["sectors"] = json!(["hipaa-covered-entity"]);
    let (due, _, _) = read(hipaa, "us-hipaa-hhs-annual");
    assert_eq!(due, "2027-03-02T04:59:59Z");
}

#[test]
fn a_count_that_ends_beyond_all_time_asks_counsel() {
    let all = findings(at("America/New_York", "US-NY", "discovery", "9999-12-20T12:00:00Z"));
    let finding = find(&all, "us-ny-individual");
    assert_eq!((finding.owed, finding.due), (crate::Owed::AskCounsel, None), "{:?}", finding.reasons);
    assert_eq!(finding.counted_from.map(|(clock, _)| clock), Some(crate::Clock::Discovery));
}
