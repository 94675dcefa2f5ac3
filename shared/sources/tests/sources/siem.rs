//! Every form of every vendor: what its sample gives, however it was wrapped; and how an update, an end, a test, an
//! unknown severity, a missing id and the vendor's own times are read.

mod lines;
mod samples;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::prelude::*;
use samples::*;
use serde_json::{Value, json};
use tocsin_domain::signal::{Severity, Signal, SignalStatus};
use tocsin_sources::signal::{Ignored, Parsed, parse};

/// The second in which all samples happened: 2026-02-03T04:05:06Z.
const SECOND: i64 = 1_770_091_506;

/// The body of a queue message.
fn text(body: &Value) -> String {
    match body {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            body.to_string()
        }
    }
}

#[track_caller]
fn signal(body: &Value) -> Signal {
    let Parsed::Signals { signals, rejected } = parse(text(body).as_bytes()) else {
        panic!("{:?} {body}", parse(text(body).as_bytes()))
    };
    assert_eq!((signals.len(), rejected), (1, Vec::new()), "{body}");
    signals[0].clone()
}

#[track_caller]
fn reason(body: &Value) -> String {
    let Parsed::Rejected { reason } = parse(text(body).as_bytes()) else { panic!("{body}") };
    reason.to_string()
}

/// The body with one value changed, or taken out by null.
fn with(mut body: Value, pointer: &str, new: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let map = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if new.is_null() {
        map.remove(key).unwrap();
    } else {
        map.insert(key.to_owned(), new);
    }
    body
}

fn all_samples() -> Vec<Sample> {
    json_samples().into_iter().chain(text_samples()).collect()
}

#[test]
fn every_sample_is_read() {
    for (source, severity, id, body) in all_samples() {
        let found = signal(&body);
        let read = (found.source.as_str(), found.severity.as_str(), found.external_id.as_str());
        assert_eq!(read, (source, severity, id), "{body}");
        assert!(!found.title.is_empty(), "{body}");
        assert_eq!(found.status, SignalStatus::Open, "{body}");
        if !body.is_string() {
            assert_eq!(found.occurred_at.map(|at| at.as_second()), Some(SECOND), "{body}");
        }
        assert!(!serde_json::to_string(&found).unwrap().contains("ada@"), "{body}");
    }
}

#[test]
fn a_list_at_the_top_is_a_batch() {
    for (source, _, id, body) in json_samples() {
        assert_eq!(signal(&json!([body])), signal(&body), "{source} {id}");
    }
    let second = with(qradar(), "/id", json!(15));
    let Parsed::Signals { signals, rejected } = parse(json!([qradar(), second, {}]).to_string().as_bytes())
    else {
        panic!("no signals")
    };
    assert_eq!((signals.len(), rejected.len()), (2, 1));
    let many = json!({"data": vec![s1_threat(); 101]});
    assert_eq!(reason(&many), "the body holds more than 100 findings");
}

/// A page with something in it that is no finding: what can be read is read, and the rest is not forgotten.
#[test]
fn what_else_lies_in_a_page_is_not_lost() {
    let evidence = with(defender_record(), "/category", json!("AdvancedHunting-AlertEvidence"));
    let other = json!({"category": "AdvancedHunting-DeviceInfo", "properties": {}});
    let page = |records: Value| parse(json!({"records": records}).to_string().as_bytes());
    let Parsed::Signals { signals, rejected } = page(json!([evidence, defender_record()])) else {
        panic!("no signals")
    };
    assert_eq!((signals.len(), rejected.len()), (1, 0));
    let Parsed::Signals { rejected, .. } = page(json!([other, defender_record()])) else {
        panic!("no signals")
    };
    assert_eq!(rejected.len(), 1);
    assert_eq!(page(json!([evidence])), Parsed::Ignored { reason: Ignored::NoFinding });
}

#[test]
fn an_update_is_the_same_finding() {
    for (before, after) in [
        (falcon_event(), with(falcon_event(), "/event/SeverityName", json!("Critical"))),
        (falcon_alert(), with(falcon_alert(), "/status", json!("in_progress"))),
        (sentinel_incident(), with(sentinel_incident(), "/properties/status", json!("Active"))),
        (defender_record(), with(defender_record(), "/time", json!("2026-02-03T05:00:00Z"))),
        (s1_threat(), with(s1_threat(), "/threatInfo/incidentStatus", json!("in_progress"))),
        (wiz_issue(), with(wiz_issue(), "/status", json!("IN_PROGRESS"))),
        (qradar(), with(qradar(), "/magnitude", json!(9))),
        (notable(), with(notable(), "/status_label", json!("In Progress"))),
        (aws_case(), with(aws_case(), "/detail-type", json!("Case Updated"))),
        (ocsf_incident(), with(ocsf_incident(), "/status_id", json!(3))),
    ] {
        let (before, after) = (signal(&before), signal(&after));
        assert_eq!((&before.source, &before.external_id), (&after.source, &after.external_id));
        assert_eq!(after.status, SignalStatus::Open, "{after:?}");
    }
}

#[test]
fn what_is_over_is_resolved_and_else_the_same() {
    for (open, pointer, word) in [
        (falcon_event(), "/event/Status", json!("closed")),
        (falcon_alert(), "/status", json!("closed")),
        (falcon_alert(), "/status", json!("false_positive")),
        (sentinel_incident(), "/properties/status", json!("Closed")),
        (sentinel_incident(), "/properties/classification", json!("FalsePositive")),
        (defender_record(), "/properties/classification", json!("falsePositive")),
        (s1_threat(), "/threatInfo/incidentStatus", json!("resolved")),
        (s1_threat(), "/threatInfo/analystVerdict", json!("false_positive")),
        (s1_alert(), "/alertInfo/analystVerdict", json!("False positive")),
        (wiz_issue(), "/status", json!("RESOLVED")),
        (wiz_issue(), "/status", json!("REJECTED")),
        (qradar(), "/status", json!("CLOSED")),
        (qradar(), "/status", json!("HIDDEN")),
        (notable(), "/status_label", json!("Closed")),
        (aws_case(), "/detail-type", json!("Case Closed")),
        (ocsf_incident(), "/status_id", json!(4)),
        (ocsf_incident(), "/status_id", json!(5)),
        (ocsf_incident(), "/verdict_id", json!(1)),
        (ocsf_data(), "/status_id", json!(3)),
        (ocsf_data(), "/compliance", json!({"status_id": 1})),
    ] {
        let over = signal(&with(open.clone(), pointer, word.clone()));
        assert_eq!(over.status, SignalStatus::Resolved, "{pointer} {word}");
        assert_eq!(Signal { status: SignalStatus::Open, ..over }, signal(&open), "{pointer} {word}");
    }
}

#[test]
fn test_findings_and_other_news_are_ignored_with_the_reason() {
    let sample_of_falcon = json!("For evaluation only - benign, no action needed.");
    let cloud = |product: &str| {
        let incident = with(sentinel_incident(), "/properties/title", json!("[SAMPLE ALERT] Blob read"));
        with(incident, "/properties/productName", json!(product))
    };
    let guardduty = |title: &str, product: &str| {
        let finding = with(ocsf_data(), "/finding_info/title", json!(title));
        with(finding, "/metadata/product/name", json!(product))
    };
    let case = |news: &str| with(aws_case(), "/detail-type", json!(news));
    let test_alert = json!("[Test Alert] Suspicious Powershell commandline");
    let of_endpoint = |product: &str| {
        let incident = with(sentinel_incident(), "/properties/title", test_alert.clone());
        with(incident, "/properties/productName", json!(product))
    };
    for (body, reason) in [
        (with(falcon_event(), "/event/Description", sample_of_falcon.clone()), Ignored::Sample),
        (with(falcon_alert(), "/description", sample_of_falcon), Ignored::Sample),
        (cloud("Azure Security Center"), Ignored::Sample),
        (with(defender_record(), "/properties/Title", test_alert.clone()), Ignored::Sample),
        (of_endpoint("MDATP"), Ignored::Sample),
        (guardduty("[SAMPLE] The bucket is public", "GuardDuty"), Ignored::Sample),
        (case("Case Comment Added"), Ignored::NoFinding),
        (case("Membership Created"), Ignored::NoFinding),
    ] {
        assert_eq!(parse(text(&body).as_bytes()), Parsed::Ignored { reason }, "{body}");
    }
    // An attacker can write a command line, and a customer a rule's name: neither hides a finding.
    let command = json!("evil.exe crowdstrike_sample_detection");
    for body in [
        with(falcon_event(), "/event/CommandLine", command),
        cloud("Azure Sentinel"),
        of_endpoint("Azure Sentinel"),
        guardduty("[SAMPLE] The bucket is public", "DLP"),
    ] {
        assert_eq!(signal(&body).severity, Severity::High, "{body}");
    }
}

#[test]
fn a_severity_that_cannot_be_read_rejects_and_says_so() {
    for (body, pointer, value, field) in [
        (
            with(falcon_event(), "/event/Severity", Value::Null),
            "/event/SeverityName",
            json!("Odd"),
            "CrowdStrike without a usable severity",
        ),
        (falcon_alert(), "/severity", json!(0), "CrowdStrike without a usable severity"),
        (falcon_fdr(), "/Severity", json!(7), "CrowdStrike without a usable severity"),
        (falcon_alert(), "/severity", json!(101), "CrowdStrike without a usable severity"),
        (falcon_alert(), "/severity", Value::Null, "CrowdStrike without a usable severity"),
        (
            sentinel_incident(),
            "/properties/severity",
            json!("Grave"),
            "Microsoft Sentinel without a usable severity",
        ),
        (
            sentinel_incident(),
            "/properties/severity",
            Value::Null,
            "Microsoft Sentinel without a usable severity",
        ),
        (
            defender_record(),
            "/properties/Severity",
            json!("UnSpecified"),
            "Defender without a usable severity",
        ),
        (
            s1_threat(),
            "/threatInfo/confidenceLevel",
            json!("n/a"),
            "SentinelOne without a usable confidenceLevel",
        ),
        (s1_alert(), "/ruleInfo/severity", Value::Null, "SentinelOne without a usable rule severity"),
        (wiz_issue(), "/severity", json!("NONE"), "Wiz without a usable severity"),
        (wazuh(), "/rule/level", json!(17), "Wazuh without a usable rule.level"),
        (wazuh(), "/rule/level", json!("high"), "Wazuh without a usable rule.level"),
        (wazuh(), "/rule/level", Value::Null, "Wazuh without a usable rule.level"),
        (qradar(), "/severity", json!(0), "QRadar without a usable severity"),
        (qradar(), "/severity", json!(11), "QRadar without a usable severity"),
        (qradar(), "/severity", Value::Null, "QRadar without a usable severity"),
        (ocsf_data(), "/severity_id", json!(0), "OCSF without a usable severity_id"),
    ] {
        assert_eq!(reason(&with(body, pointer, value.clone())), field, "{pointer} {value}");
    }
}

#[test]
fn a_finding_without_its_id_is_rejected_and_says_so() {
    for (body, pointer, field) in [
        (falcon_event(), "/event/CompositeId", "CrowdStrike without a usable id"),
        (sentinel_incident(), "/name", "Microsoft Sentinel without a usable name"),
        (defender_record(), "/properties/AlertId", "Defender without a usable id"),
        (
            with(s1_threat(), "/id", Value::Null),
            "/threatInfo/threatId",
            "SentinelOne without a usable threatId",
        ),
        (s1_alert(), "/alertInfo/alertId", "SentinelOne without a usable alertId"),
        (wiz_issue(), "/id", "Wiz without a usable id"),
        (wazuh(), "/id", "Wazuh without a usable id"),
        (qradar(), "/id", "QRadar without a usable id"),
        (aws_case(), "/detail/caseId", "AWS Security Incident Response without a usable caseId"),
        (aws_case(), "/detail-type", "no format that is known"),
        (ocsf_incident(), "/finding_info_list", "OCSF without a usable finding_info.uid"),
    ] {
        assert_eq!(reason(&with(body, pointer, Value::Null)), field, "{pointer}");
    }
    assert_eq!(
        reason(&with(aws_case(), "/detail-type", json!("AWS API Call via CloudTrail"))),
        "AWS Security Incident Response without a usable detail-type"
    );
}

#[test]
fn numbers_become_words_by_each_vendors_own_scale() {
    use Severity::*;
    let of = |body: Value, pointer: &str, number: i64| signal(&with(body, pointer, json!(number))).severity;
    for (number, word) in [
        (1, Informational),
        (19, Informational),
        (20, Low),
        (39, Low),
        (40, Medium),
        (59, Medium),
        (60, High),
        (79, High),
        (80, Critical),
        (100, Critical),
    ] {
        assert_eq!(of(falcon_alert(), "/severity", number), word, "{number}");
    }
    assert_eq!(of(falcon_fdr(), "/Severity", 30), Low);
    let first = with(falcon_event(), "/metadata/eventType", json!("DetectionSummaryEvent"));
    let first = with(first, "/event/SeverityName", Value::Null);
    for (number, word) in [(1, Informational), (2, Low), (3, Medium), (4, High), (5, Critical)] {
        assert_eq!(of(first.clone(), "/event/Severity", number), word, "{number}");
    }
    for (level, word) in [
        (0, Low),
        (6, Low),
        (7, Medium),
        (11, Medium),
        (12, High),
        (14, High),
        (15, Critical),
        (16, Critical),
    ] {
        assert_eq!(of(wazuh(), "/rule/level", level), word, "{level}");
        assert_eq!(signal(&with(wazuh(), "/rule/level", json!(level.to_string()))).severity, word, "{level}");
    }
    let light = with(qradar(), "/magnitude", json!(1));
    for (number, word) in
        [(1, Low), (3, Low), (4, Medium), (6, Medium), (7, High), (8, High), (9, Critical), (10, Critical)]
    {
        assert_eq!(of(light.clone(), "/severity", number), word, "{number}");
    }
    let elastic = json!({"kibana.alert": {"uuid": "k", "rule.name": "n"}});
    for (score, word) in [
        (0, Low),
        (21, Low),
        (22, Medium),
        (47, Medium),
        (48, High),
        (73, High),
        (74, Critical),
        (100, Critical),
    ] {
        assert_eq!(of(elastic.clone(), "/kibana.alert/risk_score", score), word, "{score}");
    }
    let by_rule = with(elastic, "/kibana.alert/rule.severity", json!("critical"));
    assert_eq!(of(by_rule, "/kibana.alert/risk_score", 1), Critical);
}

#[test]
fn times_are_read_as_the_vendors_write_them() {
    let late = json!("2026-02-03T23:00:00Z");
    let falcon = || with(falcon_event(), "/metadata/eventCreationTime", late.clone());
    for (body, pointer, time) in [
        (falcon_event(), "/metadata/eventCreationTime", json!("2026-02-03 04:05:06.000000000")),
        (falcon(), "/event/UTCTimestamp", json!("2026-02-03 04:05:06Z")),
        (falcon(), "/event/UTCTimestamp", json!(SECOND * 1000)),
        (falcon(), "/event/ContextTimeStamp", json!(SECOND)),
        (falcon(), "/event/StartTimeEpoch", json!(SECOND * 1_000_000_000)),
        // What Windows counts is not told apart from other counts, and 0 is no time: the event's own stands in.
        (falcon_event(), "/event/StartTime", json!(134_145_651_060_000_000_i64)),
        (falcon_event(), "/event/IncidentStartTime", json!(0)),
        (wazuh(), "/timestamp", json!("2026-02-03T05:05:06.126+0100")),
        (qradar(), "/start_time", json!(SECOND * 1000 + 336)),
        (notable(), "/_time", json!("2026-02-03T09:35:06.000+05:30")),
        (sentinel_incident(), "/properties/firstActivityTimeUtc", json!("2026-02-03T04:05:06Z")),
        (with(ocsf_data(), "/time", json!(null)), "/time_dt", json!("2026-02-03T04:05:06.000Z")),
    ] {
        let occurred_at = signal(&with(body, pointer, time.clone())).occurred_at;
        assert_eq!(occurred_at.map(|at| at.as_second()), Some(SECOND), "{pointer} {time}");
    }
    assert_eq!(signal(&with(wazuh(), "/timestamp", json!("yesterday"))).occurred_at, None);
}

#[test]
fn hints_lead_to_the_tenant() {
    let found = |body: Value| signal(&body).hints;
    for (body, buckets, accounts) in [
        (sentinel_incident(), vec!["exports"], vec![]),
        (wiz_issue(), vec!["exports"], vec!["444455556666"]),
        (wazuh(), vec!["exports"], vec!["444455556666"]),
        (s1_threat(), vec![], vec!["444455556666"]),
        (falcon_alert(), vec![], vec!["444455556666"]),
        (aws_case(), vec![], vec!["444455556666"]),
        (ocsf_data(), vec!["exports"], vec![]),
    ] {
        let hints = found(body);
        assert_eq!((hints.buckets, hints.accounts), (strings(&buckets), strings(&accounts)));
    }
    assert_eq!(found(qradar()).shop_domains, ["shop.myshopify.com"]);
    assert_eq!(found(qradar()).actors, ["203.0.113.9"]);
    assert_eq!(found(sentinel_incident()).actors, ["203.0.113.9", "etl"]);
    assert!(found(ocsf_data()).resources.contains(&"customers".to_owned()));
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

/// Ways into the queue, of which a message may take several.
const WAYS: [fn(&str) -> Value; 6] = [
    |body| json!({"Type": "Notification", "TopicArn": "arn:t", "MessageId": "m", "Message": body}),
    |body| {
        let detail = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
        json!({"version": "0", "source": "forwarder", "detail-type": "Finding", "detail": detail})
    },
    |body| json!({"httpMethod": "POST", "headers": {}, "body": body, "isBase64Encoded": false}),
    |body| json!({"version": "2.0", "requestContext": {}, "body": STANDARD.encode(body), "isBase64Encoded": true}),
    |body| {
        let inner = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
        json!({"body-json": inner, "params": {"path": {}}, "context": {}})
    },
    |body| json!(body),
];

/// As JSON, also where it is a text: an input transformer's, for one.
fn wrapped(body: &Value, ways: &[usize]) -> Value {
    let plain = text(body);
    Value::String(ways.iter().fold(plain, |inner, way| WAYS[*way](&inner).to_string()))
}

#[test]
fn each_way_gives_the_same_answer_for_each_sample() {
    for (source, _, id, body) in all_samples() {
        let plain = parse(text(&body).as_bytes());
        for way in 0..WAYS.len() {
            for ways in [vec![way], vec![0, way], vec![way, 0], vec![way; 4]] {
                assert_eq!(parse(text(&wrapped(&body, &ways)).as_bytes()), plain, "{source} {id} {ways:?}");
            }
        }
    }
}

#[test]
fn a_body_cut_short_is_rejected_or_read_and_never_panics() {
    for (source, _, id, body) in all_samples() {
        let whole = text(&body);
        for (end, _) in whole.char_indices() {
            let outcome = parse(&whole.as_bytes()[..end]);
            let is_rejected = matches!(outcome, Parsed::Rejected { .. });
            assert!(is_rejected || body.is_string(), "{source} {id} {end}: {outcome:?}");
        }
    }
}

/// Puts `new` at the `n`-th place of the tree.
fn replace(value: &mut Value, n: &mut usize, new: &Value) {
    if *n == 0 {
        *value = new.clone();
    }
    *n = n.wrapping_sub(1);
    match value {
        Value::Object(map) => map.values_mut().for_each(|inner| replace(inner, n, new)),
        Value::Array(list) => list.iter_mut().for_each(|inner| replace(inner, n, new)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn wrapping_never_changes_the_answer(sample in any::<prop::sample::Index>(), ways in vec(0..WAYS.len(), 0..5)) {
        let samples = all_samples();
        let body = &samples[sample.index(samples.len())].3;
        prop_assert_eq!(parse(text(&wrapped(body, &ways)).as_bytes()), parse(text(body).as_bytes()));
    }

    /// One wrap more than is opened, each around an object.
    #[test]
    fn the_limit_of_wraps_holds(sample in any::<prop::sample::Index>(), ways in vec(0..4_usize, 5..9)) {
        let samples = all_samples();
        let body = &samples[sample.index(samples.len())].3;
        prop_assert_eq!(reason(&wrapped(body, &ways)), "more than 4 envelopes lie in one another");
    }

    /// A rejection says what is missing and nothing of what is there.
    #[test]
    fn any_place_may_hold_anything(
        sample in any::<prop::sample::Index>(),
        place in 0..60_usize,
        new in prop_oneof![Just(json!("Ada Lovelace 4111")), Just(json!([])), Just(json!({})), Just(json!(-1)), Just(json!(null))],
    ) {
        let samples = json_samples();
        let mut body = samples[sample.index(samples.len())].3.clone();
        let mut n = place;
        replace(&mut body, &mut n, &new);
        match parse(text(&body).as_bytes()) {
            Parsed::Rejected { reason } => prop_assert!(!reason.to_string().contains("Ada")),
            Parsed::Signals { signals, rejected } => {
                prop_assert!(signals.iter().all(|signal| !signal.external_id.is_empty()));
                prop_assert!(rejected.iter().all(|reason| !reason.to_string().contains("Ada")));
            }
            Parsed::Ignored { .. } => {}
        }
    }
}
