//! Findings: which format a body has, how bad it is, and what is left out.

use serde_json::{Value, json};
use tocsin_domain::signal::{Severity, Signal, SignalStatus};
use tocsin_sources::signal::{Ignored, Parsed, Rejection, parse};

fn guardduty() -> Value {
    json!({
        "schemaVersion": "2.0", "accountId": "444455556666", "id": "f-1", "type": "Exfiltration:S3/ObjectRead.Unusual",
        "severity": 8.0, "title": "Objects were read unusually", "createdAt": "2026-02-03T04:05:06Z",
        "resource": {
            "s3BucketDetails": [{"name": "exports", "arn": "arn:aws:s3:::exports"}],
            "accessKeyDetails": {"userName": "etl", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        },
        "service": {
            "detectorId": "d-1", "serviceName": "guardduty", "archived": false, "additionalInfo": {},
            "eventFirstSeen": "2026-02-03T03:00:00.000Z",
            "action": {"actionType": "AWS_API_CALL", "awsApiCallAction": {"remoteIpDetails": {"ipAddressV4": "203.0.113.9"}}},
        },
    })
}

/// The API's spelling: every key starts with a capital letter.
fn in_pascal_case(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (key[..1].to_uppercase() + &key[1..], in_pascal_case(value)))
            .collect(),
        Value::Array(list) => list.into_iter().map(in_pascal_case).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

fn asff() -> Value {
    json!({
        "SchemaVersion": "2018-10-08", "Id": "arn:finding/1", "ProductArn": "arn:product", "GeneratorId": "g",
        "AwsAccountId": "444455556666", "Types": ["Sensitive Data/PII"], "Title": "Personal data in a bucket",
        "CreatedAt": "2026-02-03T04:05:06Z", "Severity": {"Label": "HIGH", "Normalized": 70}, "RecordState": "ACTIVE",
        "Resources": [
            {"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::exports/a.csv"},
            {"Type": "AwsIamRole", "Id": "arn:aws:iam::444455556666:role/etl", "ResourceRole": "Actor"},
        ],
    })
}

fn ocsf() -> Value {
    json!({
        "class_uid": 2004, "category_uid": 2, "severity_id": 4, "time": 1_770_091_506_000_i64, "status_id": 1,
        "finding_info": {"uid": "u-1", "title": "Bulk export", "types": ["Exfiltration"]},
        "cloud": {"account": {"uid": "444455556666"}},
        "resources": [{"type": "AWS S3 Bucket", "name": "exports", "uid": "arn:aws:s3:::exports"}],
        "actor": {"user": {"name": "etl"}},
    })
}

fn macie() -> Value {
    json!({
        "schemaVersion": "1.0", "id": "m-1", "accountId": "444455556666", "type": "SensitiveData:S3Object/Personal",
        "severity": {"score": 3, "description": "High"}, "title": "The object holds personal data",
        "createdAt": "2026-02-03T04:05:06Z", "archived": false, "sample": false,
        "resourcesAffected": {"s3Bucket": {"name": "exports", "arn": "arn:aws:s3:::exports"}},
    })
}

fn generic() -> Value {
    json!({
        "tocsin": 1, "source": "backoffice", "external_id": "case-1", "severity": "high", "kind": "export",
        "title": "All customers were exported", "occurred_at": "2026-02-03T04:05:06Z",
        "hints": {"accounts": ["2", "1", "2"], "shop_domains": ["lamps.myshopify.com"]},
    })
}

fn event(source: &str, detail_type: &str, detail: Value) -> Value {
    json!({"version": "0", "id": "e-1", "source": source, "detail-type": detail_type, "account": "444455556666",
           "time": "2026-02-03T04:05:06Z", "region": "eu-central-1", "resources": [], "detail": detail})
}

fn sns(message: &str) -> Value {
    json!({"Type": "Notification", "MessageId": "n-1", "TopicArn": "arn:aws:sns:eu-central-1:1:t", "Message": message})
}

fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let map = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if new.is_null() {
        map.remove(key).unwrap();
    } else {
        map.insert(key.to_owned(), new);
    }
    value
}

fn parsed(value: &Value) -> Parsed {
    parse(value.to_string().as_bytes())
}

/// The one signal of a body, with nothing beside it.
#[track_caller]
fn only(body: &[u8]) -> Signal {
    let Parsed::Signals { signals, rejected } = parse(body) else { panic!("{:?}", parse(body)) };
    assert_eq!((signals.len(), rejected), (1, Vec::new()));
    signals[0].clone()
}

#[track_caller]
fn signal(value: &Value) -> Signal {
    only(value.to_string().as_bytes())
}

fn is_rejected(value: &Value) -> bool {
    matches!(parsed(value), Parsed::Rejected { .. })
}

#[test]
fn every_way_into_the_queue_gives_the_same_signal() {
    for finding in [guardduty(), in_pascal_case(guardduty()), asff(), ocsf(), macie(), generic()] {
        let bus = event("aws.x", "Finding", finding.clone());
        let expected = signal(&finding);
        for way in [
            bus.clone(),
            sns(&finding.to_string()),
            sns(&bus.to_string()),
            sns(&sns(&bus.to_string()).to_string()),
        ] {
            assert_eq!(signal(&way), expected);
        }
    }
}

#[test]
fn the_formats_and_what_they_give() {
    let cases = [
        ("guardduty", guardduty(), Severity::High, "f-1"),
        ("guardduty", in_pascal_case(guardduty()), Severity::High, "f-1"),
        ("security-hub", asff(), Severity::High, "arn:finding/1"),
        ("security-hub", json!({"findings": [asff()]}), Severity::High, "arn:finding/1"),
        ("ocsf", ocsf(), Severity::High, "u-1"),
        ("ocsf", json!({"findings": [ocsf()]}), Severity::High, "u-1"),
        ("macie", macie(), Severity::High, "m-1"),
        ("backoffice", generic(), Severity::High, "case-1"),
        (
            "datadog",
            json!({"data": {"type": "signal", "id": "dd-1", "attributes": {"status": "critical", "host": "web-1",
                   "attributes": {"title": "PAM changed", "status": "info"}}}}),
            Severity::Critical,
            "dd-1",
        ),
        (
            "defender",
            json!({"id": "da-1", "title": "Password spray", "severity": "high", "status": "new", "serviceSource": "mdi"}),
            Severity::High,
            "da-1",
        ),
        (
            "defender",
            json!({"incidentId": 924, "incidentName": "Phish", "severity": "Informational", "status": "Active"}),
            Severity::Informational,
            "924",
        ),
        (
            "elastic",
            json!({"kibana.alert.uuid": "k-1", "kibana.alert.rule.name": "Export", "kibana.alert.severity": "low"}),
            Severity::Low,
            "k-1",
        ),
        (
            "elastic",
            json!({"kibana": {"alert": {"uuid": "k-1", "rule.name": "Export", "risk_score": 73}}}),
            Severity::High,
            "k-1",
        ),
        (
            "google-secops",
            json!({"id": "de_1", "type": "RULE_DETECTION", "detectionTime": "2026-02-03T04:05:06Z",
                   "detection": [{"ruleName": "export", "ruleLabels": [{"key": "severity", "value": "High"}]}]}),
            Severity::High,
            "de_1",
        ),
        (
            "sentinelone",
            json!({"activityType": 3608, "id": "5", "data": {"alertId": "9", "ruleName": "r", "severity": "E_CRITICAL"}}),
            Severity::Critical,
            "9",
        ),
        (
            "sentinelone",
            json!({"activitytype": 19, "id": "5", "threatid": "8",
                   "data": {"threatclassification": "Malware", "confidencelevel": "malicious"}}),
            Severity::High,
            "8",
        ),
        (
            "google-secops",
            json!({"detections": [{"id": "de_2", "detectionTime": "2026-02-03T04:05:06Z", "detection": [{"ruleName": "r"}]}]}),
            Severity::Medium,
            "de_2",
        ),
        (
            "defender",
            json!({"id": "da-2", "title": "Code", "severity": "Low", "status": "New", "detectionSource": "WindowsDefenderAtp"}),
            Severity::Low,
            "da-2",
        ),
        ("guardduty", json!([guardduty()]), Severity::High, "f-1"),
        (
            "splunk",
            json!({"sid": "s-1", "search_name": null, "results_link": "http://x", "result": {"count": "8"}}),
            Severity::Medium,
            "s-1",
        ),
        (
            "splunk",
            json!({"sid": "s-1", "search_name": "n", "results_link": "http://x", "result": {"urgency": "high"}}),
            Severity::High,
            "s-1",
        ),
        (
            "wiz",
            json!({"issue": {"id": "w-1", "severity": "LOW", "status": "OPEN"}, "control": {"name": "c"}, "trigger": {}}),
            Severity::Low,
            "w-1",
        ),
    ];
    for (source, body, severity, external_id) in cases {
        let signal = signal(&body);
        assert_eq!(
            (signal.source.as_str(), signal.severity, signal.external_id.as_str()),
            (source, severity, external_id)
        );
        assert!(!signal.title.is_empty(), "{source}");
    }
}

#[test]
fn hints_name_the_accounts_buckets_and_actors() {
    for finding in [guardduty(), in_pascal_case(guardduty()), asff(), ocsf(), macie()] {
        let hints = signal(&finding).hints;
        assert_eq!(
            (hints.accounts, hints.buckets),
            (vec!["444455556666".to_owned()], vec!["exports".to_owned()])
        );
    }
    assert_eq!(signal(&guardduty()).hints.actors, ["203.0.113.9", "AKIAIOSFODNN7EXAMPLE", "etl"]);
    assert_eq!(signal(&asff()).hints.actors, ["arn:aws:iam::444455556666:role/etl"]);
    assert_eq!(signal(&generic()).hints.accounts, ["1", "2"]);
}

#[test]
fn guardduty_severity_is_a_number_with_bands() {
    use Severity::*;
    for (number, severity) in [
        (0.1, Low),
        (1.0, Low),
        (3.9, Low),
        (4.0, Medium),
        (6.9, Medium),
        (7.0, High),
        (8.9, High),
        (9.0, Critical),
        (10.0, Critical),
    ] {
        let finding = with(guardduty(), "/severity", json!(number));
        assert_eq!(signal(&finding).severity, severity, "{number}");
        assert_eq!(signal(&in_pascal_case(finding)).severity, severity, "{number}");
    }
    for bad in [json!(0), json!(-1), json!(10.1), json!("8"), json!({}), Value::Null] {
        let finding = with(guardduty(), "/severity", bad.clone());
        assert!(is_rejected(&finding) && is_rejected(&in_pascal_case(finding)), "{bad}");
    }
    // A key in another case is another key.
    assert_eq!(signal(&with(guardduty(), "/Severity", json!(1))).severity, High);
}

#[test]
fn a_finding_without_a_severity_that_can_be_read_is_rejected() {
    for finding in [
        with(asff(), "/Severity", json!({})),
        with(asff(), "/Severity", json!({"Label": "UNTRIAGED"})),
        with(asff(), "/Severity", json!({"Normalized": 101})),
        with(ocsf(), "/severity_id", json!(0)),
        with(ocsf(), "/severity_id", json!(99)),
        with(ocsf(), "/severity_id", Value::Null),
        with(macie(), "/severity", json!({"score": 3})),
        with(generic(), "/severity", json!("HIGH")),
        with(generic(), "/severity", Value::Null),
    ] {
        assert!(is_rejected(&finding), "{finding}");
    }
    assert_eq!(signal(&with(asff(), "/Severity", json!({"Normalized": 40}))).severity, Severity::Medium);
    let by_word = with(with(ocsf(), "/severity_id", json!(99)), "/severity", json!("Critical"));
    assert_eq!(signal(&by_word).severity, Severity::Critical);
}

#[test]
fn test_findings_of_a_vendor_are_ignored() {
    let sample = with(guardduty(), "/service/additionalInfo", json!({"sample": true}));
    let in_text = with(
        guardduty(),
        "/service/additionalInfo",
        json!({"value": "{\"sample\":true}", "type": "default"}),
    );
    let by_guardduty = json!({"aws/guardduty/service/additionalInfo/sample": "true"});
    for finding in [
        sample.clone(),
        in_text.clone(),
        with(macie(), "/sample", json!(true)),
        with(asff(), "/Sample", json!(true)),
        with(asff(), "/ProductFields", by_guardduty),
        with(generic(), "/test", json!(true)),
    ] {
        assert_eq!(parsed(&finding), Parsed::Ignored { reason: Ignored::Sample }, "{finding}");
    }
    assert!(is_rejected(&in_pascal_case(in_text)));
    // Nothing else that merely sounds like it.
    let other =
        with(guardduty(), "/service/additionalInfo", json!({"sample": false, "value": "sample:true"}));
    assert_eq!(signal(&other).severity, Severity::High);
}

#[test]
fn what_is_over_is_a_resolved_signal_with_the_same_id() {
    for (open, over) in [
        (guardduty(), with(guardduty(), "/service/archived", json!(true))),
        (asff(), with(asff(), "/RecordState", json!("ARCHIVED"))),
        (asff(), with(asff(), "/Workflow", json!({"Status": "RESOLVED"}))),
        (ocsf(), with(ocsf(), "/status_id", json!(4))),
        (ocsf(), with(ocsf(), "/activity_id", json!(3))),
        (macie(), with(macie(), "/archived", json!(true))),
        (generic(), with(generic(), "/status", json!("resolved"))),
    ] {
        let (open, over) = (signal(&open), signal(&over));
        assert_eq!((open.status, over.status), (SignalStatus::Open, SignalStatus::Resolved));
        assert_eq!(Signal { status: SignalStatus::Open, ..over }, open);
    }
}

#[test]
fn an_unknown_shape_is_rejected() {
    for body in [
        json!({}),
        json!([]),
        json!([{}]),
        json!(null),
        json!(7),
        json!("GuardDuty finding of severity 8 in account 444455556666"),
        json!({"severity": 8, "title": "?"}),
        json!({"findings": []}),
        json!({"findings": [{"Title": "?"}]}),
        json!({"class_uid": 3002, "severity_id": 1}),
        event("aws.ec2", "EC2 Instance State-change Notification", json!({"state": "running"})),
        json!({"Type": "SubscriptionConfirmation", "TopicArn": "t", "Message": "m", "SubscribeURL": "https://x"}),
        with(guardduty(), "/id", Value::Null),
        with(asff(), "/Id", json!("")),
        with(generic(), "/tocsin", json!(2)),
        with(generic(), "/source", json!("guardduty")),
        with(generic(), "/source", json!("Back Office")),
        with(generic(), "/occurred_at", json!("yesterday")),
        with(generic(), "/hints", json!({"accounts": "1"})),
        with(generic(), "/external_id", json!("x".repeat(1025))),
    ] {
        assert!(is_rejected(&body), "{body}");
    }
    for body in [&b""[..], b"hello", b"\xff", b"{\"tocsin\":1,\"tocsin\":1}", b"{"] {
        assert!(matches!(parse(body), Parsed::Rejected { .. }), "{body:?}");
    }
}

#[test]
fn several_findings_are_several_signals_and_none_is_lost() {
    let second = with(asff(), "/Id", json!("arn:finding/2"));
    let broken = with(asff(), "/Severity", json!({}));
    let sample = with(asff(), "/Sample", json!(true));
    let mixed = parsed(&json!({"findings": [asff(), broken, second, sample, {"Title": "?"}]}));
    let Parsed::Signals { signals, rejected } = mixed else { panic!("{mixed:?}") };
    let ids: Vec<_> = signals.iter().map(|signal| signal.external_id.as_str()).collect();
    assert_eq!(ids, ["arn:finding/1", "arn:finding/2"]);
    assert_eq!(rejected.len(), 2);
    assert!(is_rejected(&json!({"findings": [sample, broken]})));
    assert_eq!(parsed(&json!({"findings": [sample, sample]})), Parsed::Ignored { reason: Ignored::Sample });
    let many = vec![asff(); 101];
    assert_eq!(parsed(&json!({"findings": many})), Parsed::Rejected { reason: Rejection::TooMany });
}

#[test]
fn shopify_over_its_partner_bus_is_read_as_over_https() {
    let bus = |topic: &str, payload: Value| {
        let metadata = json!({"X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": "lamps.myshopify.com", "X-Shopify-Event-Id": "e-9"});
        event(
            "aws.partner/shopify.com/1/x",
            "shopifyWebhook",
            json!({"payload": payload, "metadata": metadata}),
        )
    };
    let published = signal(&bus("themes/publish", json!({"id": 5})));
    assert_eq!((published.source.as_str(), published.external_id.as_str()), ("shopify", "e-9"));
    assert_eq!(
        parsed(&bus("orders/create", json!({"id": 5}))),
        Parsed::Ignored { reason: Ignored::Ordinary }
    );
    let redact = bus("shop/redact", json!({"shop_domain": "lamps.myshopify.com"}));
    assert_eq!(parsed(&redact), Parsed::Rejected { reason: Rejection::ComplianceOverQueue });
    assert!(is_rejected(&bus("themes/publish", json!({"myshopify_domain": "others.myshopify.com"}))));
}

#[test]
fn cef_lines() {
    let read = |line: &str| only(line.as_bytes());
    for (line, severity, kind, title) in [
        ("CEF:0|acme|wall|1|42|Blocked|3|", Severity::Low, "acme:wall:42", "Blocked"),
        ("CEF:1|acme|wall|1|42|Blocked|6", Severity::Medium, "acme:wall:42", "Blocked"),
        ("Feb  3 04:05:06 host CEF:0|acme|wall|1|42|Blocked|8|", Severity::High, "acme:wall:42", "Blocked"),
        (
            "<134>1 CEF:0|a\\|b|w\\\\x|1|42|Blocked|Very-High|x=y",
            Severity::Critical,
            "a|b:w\\x:42",
            "Blocked",
        ),
        ("CEF:0|acme|wall|1|42|Blocked|?|", Severity::Medium, "acme:wall:42", "Blocked"),
        ("CEF:0|acme|wall|1|42|Blocked|11|", Severity::Medium, "acme:wall:42", "Blocked"),
    ] {
        let signal = read(line);
        assert_eq!(
            (signal.severity, signal.kind.as_str(), signal.title.as_str()),
            (severity, kind, title),
            "{line}"
        );
    }
    let full = read(
        r"CEF:0|a|w|1|2|n|5|src=203.0.113.9 suser=etl job;x=1 dst=10.0.0.1  rt=1770091506000 request='a=b; c=d' cs1= cs1Label=X externalId=e\=1",
    );
    assert_eq!(full.hints.actors, ["203.0.113.9", "etl job;x=1"]);
    assert_eq!(full.hints.resources, ["10.0.0.1"]);
    assert_eq!(full.external_id, "a:w:e=1");
    assert_eq!(full.occurred_at, Some("2026-02-03T04:05:06Z".parse().unwrap()));
    let dated = read("CEF:0|a|w|1|2|n|5|rt=Feb 03 2026 04:05:06 src=ありがとう");
    assert_eq!((dated.occurred_at, dated.hints.actors), (full.occurred_at, vec!["ありがとう".to_owned()]));
    for line in
        ["CEF:", "CEF:0", "CEF:0|a|b|c|d|e", "xCEF:0|a|w|1|2|n|5|", "CEF:x|a|w|1|2|n|5|", "LEEF:1.0|a|b|c|d"]
    {
        assert!(matches!(parse(line.as_bytes()), Parsed::Rejected { .. }), "{line}");
    }
}

#[test]
fn an_event_without_an_id_is_known_by_its_bytes() {
    let id = |line: &str| only(line.as_bytes()).external_id;
    let line = "CEF:0|a|w|1|2|n|5|src=203.0.113.9";
    assert_eq!(id(line), id(&sns(line).to_string()));
    assert_ne!(id(line), id("CEF:0|a|w|1|2|n|5|src=203.0.113.8"));
}

#[test]
fn no_signal_carries_an_address() {
    let address = "ada@example.com";
    for finding in [
        with(guardduty(), "/title", json!(format!("{address} did it"))),
        with(guardduty(), "/resource/accessKeyDetails/userName", json!(address)),
        with(asff(), "/Title", json!(format!("by \"Ada L\" <{address}>"))),
        json!({"sid": "s", "search_name": address, "results_link": "", "result": {"user": address}, "owner": address}),
        json!({"id": "d", "title": "t", "severity": "low", "serviceSource": "s",
               "evidence": [{"userAccount": {"accountName": "ada", "userPrincipalName": address}}]}),
    ] {
        let carried = serde_json::to_string(&signal(&finding)).unwrap();
        assert!(!carried.contains(address), "{carried}");
    }
}
