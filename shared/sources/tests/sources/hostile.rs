//! Any bytes: an answer, never a panic.

use crate::common::*;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tocsin_sources::signal::{Parsed, parse};
use tocsin_sources::{explain, json as strict, receipt};

/// Bodies that get deep into every parser.
fn seeds() -> Vec<Value> {
    let guardduty = json!({"accountId": "1", "id": "f", "type": "t", "severity": 8, "title": "t",
        "service": {"detectorId": "d", "additionalInfo": {"value": "{}"}, "action": {"a": {"remoteIpDetails": {"ipAddressV4": "1"}}}},
        "resource": {"s3BucketDetails": [{"name": "b"}]}});
    let asff = json!({"findings": [{"ProductArn": "p", "GeneratorId": "g", "Id": "i", "Types": ["t"], "Severity": {"Label": "LOW"},
        "Resources": [{"Id": "arn:aws:s3:::b/k"}]}]});
    let mail = json!({"eventType": "Bounce", "mail": {"messageId": "m", "timestamp": "2026-01-01T00:00:00Z", "tags": {"a": ["b"]}},
        "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"status": "5", "diagnosticCode": "smtp; 550 x"}]}});
    let bus = json!({"source": "s", "detail-type": "d", "detail": {"payload": {"shop_domain": "a.myshopify.com", "customer": {"id": 1}},
        "metadata": {"X-Shopify-Topic": "customers/redact", "X-Shopify-Shop-Domain": "a.myshopify.com"}}});
    let elastic = json!({"kibana.alert": {"uuid": "u", "rule": {"name": "r"}, "severity": "low"}});
    let text =
        json!({"eventType": "TEXT_SENT", "messageId": "m", "eventTimestamp": 1, "context": {"a": "b"}});
    let envelope = json!({"Type": "Notification", "TopicArn": "t", "Message": guardduty.to_string()});
    let generic: Value = serde_json::from_slice(&generic_body()).unwrap();
    vec![guardduty, asff, mail, bus, elastic, text, envelope, generic]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-zA-Z/@.]{0,6}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
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

fn read_everything(body: &[u8]) {
    if let Parsed::Signals { signals, .. } = parse(body) {
        assert!(!signals.is_empty());
        for signal in signals {
            assert!(!signal.external_id.is_empty() && !signal.source.is_empty());
            assert!(signal.title.chars().count() <= 512 && !signal.title.contains(char::is_control));
        }
    }
    let _ = receipt::receipts(body);
    for sent in
        [shopify("themes/publish", body), shopify("customers/redact", body), stripe(body), standard(body)]
    {
        assert!(sent.answer().authentic || body.len() > 1024 * 1024);
    }
    for sent in [adyen_fraud(), adobe(), paypal()] {
        let _ = Sent { body: body.to_vec(), ..sent }.answer();
    }
    if let Ok(text) = std::str::from_utf8(body) {
        let line = json!({"id": 1, "body": text});
        assert_eq!(explain::signal(&line)["id"], 1);
        assert_eq!(explain::receipt(&line)["id"], 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes(body in vec(any::<u8>(), 0..300)) {
        read_everything(&body);
    }

    #[test]
    fn any_text_that_starts_like_a_format(
        head in prop_oneof![Just("CEF:0|a|b|c|d|e|5|"), Just("CEF:0|"), Just("LEEF:1.0|a|b|c|d|"), Just("LEEF:2.0|a|b|c|d|^|"), Just("LEEF:2.0|"), Just("{\"tocsin\":1,"), Just("[["), Just("\"")],
        tail in "[ -~é\\\\|=]{0,80}",
    ) {
        read_everything(format!("{head}{tail}").as_bytes());
    }

    #[test]
    fn any_seed_with_one_part_replaced(seed in 0..8_usize, place in 0..24_usize, new in any_json()) {
        let mut value = seeds()[seed].clone();
        let mut n = place;
        replace(&mut value, &mut n, &new);
        read_everything(value.to_string().as_bytes());
    }

    #[test]
    fn any_seed_with_bytes_changed(seed in 0..8_usize, changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut body = seeds()[seed].to_string().into_bytes();
        for (index, byte) in changes {
            let index = index.index(body.len());
            body[index] = byte;
        }
        read_everything(&body);
    }

    #[test]
    fn any_headers(
        names in vec("(x-)?(shopify-|stripe-|webhook-|svix-|paypal-|hmac|x-adobe-)[a-z0-9-]{0,24}", 0..6),
        values in vec(".{0,40}", 6),
        signature in ".{0,60}",
    ) {
        for sent in [shopify("a", b"{}"), stripe(b"{}"), standard(b"{}"), adyen_fraud(), adobe(), paypal()] {
            let first = sent.headers[0].0.clone();
            let sent = names.iter().zip(&values).fold(sent, |sent, (name, value)| sent.with(name, value));
            let _ = sent.clone().answer();
            if signature != sent.header(&first) && first.to_lowercase().contains("hmac") {
                prop_assert!(!sent.with(&first, &signature).without("shopify-hmac-sha256").answer().authentic);
            }
        }
    }

    #[test]
    fn a_lower_bound_of_strictness_is_serde_json(value in any_json()) {
        let text = value.to_string();
        prop_assert_eq!(strict::parse_text(&text).ok(), serde_json::from_str(&text).ok());
    }

    #[test]
    fn any_line_to_explain(line in any_json(), source in "shopify|stripe|adyen|adobe-io|paypal|standard-webhooks|x") {
        let line = json!({"id": "1", "source": source, "body": line, "request": line, "secrets": line, "now": line});
        for answer in [explain::webhook(&line), explain::signal(&line), explain::receipt(&line)] {
            prop_assert_eq!(&answer["id"], "1");
        }
    }
}

#[test]
fn deep_and_large_bodies_are_refused_without_a_stack_overflow() {
    for body in [
        "[".repeat(500_000),
        "{\"a\":".repeat(100_000),
        format!("{{\"tocsin\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("\"{}\"", "\\\"".repeat(200_000)),
        format!("CEF:0|{}", "\\|".repeat(200_000)),
        format!("CEF:0|a|b|c|d|e|5|{}", "a= ".repeat(100_000)),
        format!("LEEF:1.0|a|b|c|d|{}", "a=\t".repeat(100_000)),
        "CEF:0|\n".repeat(100_000),
        " CEF:".repeat(100_000),
        "x".repeat(2_000_000),
        format!("{{{}}}", (0..50_000).map(|n| format!("\"k{n}\":{n}")).collect::<Vec<_>>().join(",")),
        serde_json::json!({"Type": "Notification", "TopicArn": "t", "Message": "[".repeat(400_000)})
            .to_string(),
    ] {
        assert!(!matches!(parse(body.as_bytes()), Parsed::Ignored { .. }));
        assert!(receipt::receipts(body.as_bytes()).is_err());
        let answer = shopify("themes/publish", body.as_bytes()).answer();
        assert!(answer.received.is_empty() || answer.status == 202);
    }
}
