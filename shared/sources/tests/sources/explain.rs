//! What people are told about an input.

use crate::common::*;
use serde_json::{Value, json};
use tocsin_sources::explain;

/// A request of ours as a line.
fn line(source: &str, sent: &Sent, secrets: Value, now: Value) -> Value {
    let headers: serde_json::Map<_, _> =
        sent.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let request =
        json!({"method": "POST", "path": "/", "headers": headers, "body_base64": base64(&sent.body)});
    json!({"id": "case", "source": source, "request": request, "secrets": secrets, "now": now})
}

#[test]
fn a_webhook_is_explained_by_trust_status_and_reason() {
    let standard_key = format!("whsec_{}", base64(KEY.as_bytes()));
    let keys = json!([include_str!("../keys/public-1.pem"), include_str!("../keys/public-2.pem")]);
    let certificate = include_str!("../keys/certificate.pem");
    for (source, sent, secrets) in [
        ("shopify", shopify("orders/create", b"{}"), json!({"hmac": ["new", KEY]})),
        ("stripe", stripe(b"{\"type\":\"x\"}"), json!({"hmac": [KEY], "tolerance_s": 300})),
        ("adyen", adyen_fraud(), json!({"hmac_hex": [hex::encode(KEY)]})),
        ("adobe-io", adobe(), json!({"public_keys_pem": keys, "client_id": "tocsin-test"})),
        ("paypal", paypal(), json!({"certificate_pem": certificate, "webhook_id": "hook-9"})),
        ("standard-webhooks", standard(&generic_body()), json!({"hmac": [standard_key]})),
    ] {
        let answer = explain::webhook(&line(source, &sent, secrets, json!(SECOND)));
        assert_eq!(
            answer,
            json!({"id": "case", "authentic": true, "status": 202, "reason": "accepted"}),
            "{source}"
        );
    }
}

#[test]
fn zero_or_null_turns_the_check_of_time_off() {
    let at = |secrets: Value, now: Value| {
        explain::webhook(&line("stripe", &stripe(b"{}"), secrets, now))["authentic"] == true
    };
    let late = json!(SECOND + 301);
    assert!(!at(json!({"hmac": [KEY]}), late.clone()));
    assert!(!at(json!({"hmac": [KEY], "tolerance_s": 300}), late.clone()));
    assert!(at(json!({"hmac": [KEY], "tolerance_s": 301}), late.clone()));
    assert!(at(json!({"hmac": [KEY], "tolerance_s": 0}), late.clone()));
    assert!(at(json!({"hmac": [KEY], "tolerance_s": null}), late));
    assert!(at(json!({"hmac": [KEY], "tolerance_s": 300}), Value::Null));
}

#[test]
fn a_header_may_hold_further_headers_or_several_values() {
    let sent = shopify("orders/create", b"{}");
    let signature = sent.header("x-shopify-hmac-sha256").to_owned();
    let with = |value: Value| {
        let mut line = line("shopify", &sent, json!({"hmac": [KEY]}), Value::Null);
        line["request"]["headers"]["X-Shopify-Hmac-Sha256"] = value;
        explain::webhook(&line)["authentic"] == true
    };
    assert!(with(json!({"X-Shopify-Hmac-Sha256": signature})));
    assert!(with(json!([signature])));
    assert!(!with(json!([signature, signature])));
    assert!(!with(json!(7)));
}

#[test]
fn a_line_that_cannot_be_explained_says_so() {
    let good = line("shopify", &shopify("orders/create", b"{}"), json!({"hmac": [KEY]}), Value::Null);
    let with = |pointer: &str, value: Value| {
        let mut line = good.clone();
        *line.pointer_mut(pointer).unwrap_or(&mut Value::Null) = value;
        explain::webhook(&line)
    };
    for answer in [
        with("/source", json!("fax")),
        with("/request/body_base64", json!("%")),
        with("/secrets/hmac", json!([""])),
        with("/source", json!("paypal")),
        with("/source", json!("adobe-io")),
        explain::signal(&json!({"id": "case"})),
        explain::receipt(&json!({"id": "case", "body": "hello"})),
    ] {
        assert_eq!(answer["id"], "case");
        assert!(answer["error"].is_string(), "{answer}");
    }
    assert_eq!(explain::signal(&json!(7))["id"], Value::Null);
}

#[test]
fn a_finding_is_explained_by_its_outcome() {
    let explained = |body: &str| explain::signal(&json!({"id": 1, "body": body}));
    let found = explained(&String::from_utf8_lossy(&generic_body()));
    assert_eq!(found["outcome"], "signal");
    assert_eq!(
        (&found["signal"]["severity"], &found["signal"]["external_id"]),
        (&json!("high"), &json!("case-1"))
    );
    assert_eq!(found["signal"]["occurred_at"], "2026-02-03T04:05:06Z");
    let mut test: Value = serde_json::from_slice(&generic_body()).unwrap_or_default();
    test["test"] = json!(true);
    assert_eq!(explained(&test.to_string())["outcome"], "ignored");
    assert_eq!(explained("hello")["outcome"], "rejected");
}

#[test]
fn a_receipt_is_explained_by_its_state() {
    let body =
        json!({"eventType": "Open", "mail": {"messageId": "m-1", "timestamp": "2026-02-03T04:05:06Z"}});
    let answer = explain::receipt(&json!({"id": 1, "body": body.to_string()}));
    assert_eq!((&answer["state"], &answer["kind"]), (&json!("reached"), &json!("opened")));
    let hello = "Successfully validated SNS topic for Amazon SES event publishing.";
    assert_eq!(explain::receipt(&json!({"id": 1, "body": hello}))["state"], Value::Null);
}
