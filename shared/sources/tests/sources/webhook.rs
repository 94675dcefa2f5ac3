//! Webhooks: who is believed, and what comes of it.

use crate::common::*;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tocsin_domain::signal::{Severity, Signal};
use tocsin_sources::shopify::Compliance;
use tocsin_sources::webhook::{
    Answer, Headers, HmacKey, KeyError, Received, RsaKey, Secrets, Tolerance, adobe_key_url, challenge,
    paypal_certificate_url,
};

const REDACT: &str = r#"{"shop_id":1,"shop_domain":"lamps.myshopify.com","customer":{"id":7,"email":"ada@example.com","phone":"+4915112345678"},"orders_to_redact":[11,12]}"#;
const DATA_REQUEST: &str = r#"{"shop_id":1,"shop_domain":"lamps.myshopify.com","orders_requested":[11],"customer":{"email":"ada@example.com"},"data_request":{"id":9}}"#;
const SHOP_REDACT: &str = r#"{"shop_id":1,"shop_domain":"lamps.myshopify.com"}"#;
/// No topic carries this.
const BOTH: &str = r#"{"shop_domain":"lamps.myshopify.com","customer":{"id":7},"orders_to_redact":[],"data_request":{"id":9}}"#;
const THEME: &str = r#"{"id":5,"name":"Ada's theme","admin_graphql_api_id":"gid://shopify/OnlineStoreTheme/5","updated_at":"2026-02-03T05:05:06+01:00"}"#;

fn status_and_trust(sent: &Sent) -> (u16, bool) {
    let answer = sent.answer();
    (answer.status, answer.authentic)
}

fn only_signal(answer: Answer) -> Signal {
    match answer.received.as_slice() {
        [Received::Signal(signal)] => Signal::clone(signal),
        other => panic!("{other:?} {}", answer.reason),
    }
}

/// One good request of every vendor.
fn good() -> Vec<(&'static str, Sent)> {
    vec![
        ("shopify", shopify("customers/redact", REDACT.as_bytes())),
        ("stripe", stripe(br#"{"id":"evt_1","object":"event","type":"charge.succeeded"}"#)),
        ("adyen", adyen_fraud()),
        ("adobe", adobe()),
        ("paypal", paypal()),
        ("standard", standard(&generic_body())),
    ]
}

#[test]
fn a_good_request_of_every_vendor_is_accepted() {
    for (vendor, sent) in good() {
        let answer = sent.answer();
        assert_eq!((answer.status, answer.authentic), (202, true), "{vendor}: {}", answer.reason);
        assert_eq!(answer.received.len(), 1, "{vendor}");
    }
}

#[test]
fn what_is_authentic_and_cannot_be_read_says_so_by_its_status() {
    for (vendor, sent) in good() {
        for (content_type, status) in [
            ("APPLICATION/JSON; charset=UTF-8", 202),
            ("application/cloudevents+json", 202),
            ("text/plain", 415),
            ("application/json, text/html", 415),
            ("application/x-www-form-urlencoded", 415),
            ("application/jsonp", 415),
            ("application/<+json", 415),
            ("", 415),
        ] {
            let sent = sent.clone().with("content-type", content_type);
            assert_eq!(status_and_trust(&sent), (status, true), "{vendor} {content_type}");
        }
        let get = Sent { method: "GET", ..sent.clone() };
        assert_eq!(status_and_trust(&get), (405, true), "{vendor}");
        let large = Sent { body: vec![b' '; 1024 * 1024 + 1], ..sent };
        assert_eq!(status_and_trust(&large), (413, false), "{vendor}");
    }
    for body in ["foo=bar", "", "{", "[]", "\u{1}", r#"{"shop_domain":"a","shop_domain":"b"}"#] {
        assert_eq!(status_and_trust(&shopify("orders/create", body.as_bytes())), (400, true), "{body}");
    }
    assert_eq!(status_and_trust(&shopify("orders/create", b"\xef\xbb\xbf{}")), (202, true));
    assert_eq!(status_and_trust(&shopify("orders/create", b"{\"a\":\"\xff\"}")), (400, true));
}

#[test]
fn a_missing_header_refuses() {
    for (sent, header) in [
        (shopify("orders/create", b"{}"), "X-Shopify-Hmac-Sha256"),
        (stripe(b"{}"), "Stripe-Signature"),
        (paypal(), "PayPal-Transmission-Id"),
        (paypal(), "PayPal-Transmission-Time"),
        (paypal(), "PayPal-Transmission-Sig"),
        (standard(b"{}"), "webhook-id"),
        (standard(b"{}"), "webhook-timestamp"),
        (standard(b"{}"), "webhook-signature"),
    ] {
        for sent in [sent.clone().without(header), sent.with(header, "  ")] {
            let answer = sent.answer();
            assert_eq!((answer.status, answer.authentic), (401, false), "{header}");
            assert_eq!(answer.reason, format!("the header {} is missing", header.to_lowercase()));
        }
    }
    let unsigned = adobe().without("x-adobe-digital-signature-1").without("x-adobe-digital-signature-2");
    assert_eq!(status_and_trust(&unsigned), (401, false));
}

#[test]
fn changing_one_byte_of_the_body_refuses() {
    for (vendor, sent) in good() {
        for index in 0..sent.body.len() {
            for flip in [1, 0x20, 0x80] {
                let mut changed = sent.clone();
                changed.body[index] ^= flip;
                let answer = changed.answer();
                // Adyen signs eight fields of an item: what else changes is not believed, and not read.
                if vendor == "adyen" && answer.authentic {
                    assert!(answer.received.is_empty() || answer.received == sent.answer().received);
                    continue;
                }
                assert_eq!((answer.status, answer.authentic), (401, false), "{vendor} at {index}");
            }
        }
    }
}

#[test]
fn changing_one_byte_of_what_a_header_binds_refuses() {
    for (sent, header) in [
        (shopify("customers/redact", REDACT.as_bytes()), "X-Shopify-Hmac-Sha256"),
        (stripe(b"{}"), "Stripe-Signature"),
        (adobe().without("x-adobe-digital-signature-2"), "x-adobe-digital-signature-1"),
        (adobe().without("x-adobe-digital-signature-1"), "x-adobe-digital-signature-2"),
        (paypal(), "PayPal-Transmission-Id"),
        (paypal(), "PayPal-Transmission-Time"),
        (paypal(), "PayPal-Transmission-Sig"),
        (standard(&generic_body()), "webhook-id"),
        (standard(&generic_body()), "webhook-timestamp"),
        (standard(&generic_body()), "webhook-signature"),
    ] {
        assert!(sent.answer().authentic, "{header}");
        let value = sent.header(header).to_owned();
        for index in 0..value.len() {
            for other in *b"aA0=+ ,." {
                let mut bytes = value.clone().into_bytes();
                if bytes[index] == other {
                    continue;
                }
                bytes[index] = other;
                let changed = String::from_utf8(bytes).unwrap();
                assert_ne!(changed, value);
                let answer = sent.clone().with(header, &changed).answer();
                assert_eq!((answer.status, answer.authentic), (401, false), "{header}: {changed}");
            }
        }
    }
}

#[test]
fn while_a_key_is_rotated_the_old_one_counts_too() {
    let sent = shopify("orders/create", b"{}");
    let keys = |names: &[&str]| names.iter().map(|name| HmacKey::from_text(name).unwrap()).collect();
    for (names, status) in
        [(vec!["new", KEY], 202), (vec![KEY, "old"], 202), (vec!["new", "old"], 401), (vec![], 401)]
    {
        let sent = Sent { secrets: Secrets::Shopify { keys: keys(&names) }, ..sent.clone() };
        assert_eq!(sent.answer().status, status, "{names:?}");
    }
}

#[test]
fn keys_that_cannot_be_used_are_errors_and_print_nothing() {
    assert_eq!(HmacKey::from_text("").unwrap_err(), KeyError::Empty);
    assert_eq!(HmacKey::from_hex("BadKey").unwrap_err(), KeyError::Form);
    assert_eq!(HmacKey::from_standard("whsec_%").unwrap_err(), KeyError::Form);
    assert_eq!(HmacKey::from_standard("whsec_").unwrap_err(), KeyError::Empty);
    assert_eq!(RsaKey::from_pem("-----BEGIN PUBLIC KEY-----").unwrap_err(), KeyError::Form);
    assert_eq!(RsaKey::from_certificate_pem("").unwrap_err(), KeyError::Form);
    // Wherever it is cut off, and with its lines cut out: an answer, and no loop.
    let certificate = include_str!("../keys/certificate.pem");
    for end in 0..certificate.trim_end().len() {
        assert_eq!(RsaKey::from_certificate_pem(&certificate[..end]).unwrap_err(), KeyError::Form, "{end}");
    }
    let lines: Vec<&str> = certificate.lines().collect();
    for gone in 1..lines.len() - 1 {
        let rest = [&lines[..gone], &lines[lines.len() - 1..]].concat().join("\n");
        assert_eq!(RsaKey::from_certificate_pem(&rest).unwrap_err(), KeyError::Form, "{gone}");
    }
    assert!(!format!("{:?}", shopify("", b"").secrets).contains(KEY));
}

#[test]
fn shopify_has_two_families_of_headers_and_the_newer_one_counts() {
    let sent = shopify("orders/create", b"{}");
    let signature = sent.header("x-shopify-hmac-sha256").to_owned();
    assert_eq!(status_and_trust(&sent.clone().with("Shopify-Hmac-Sha256", "bad")), (401, false));
    let newer = Sent { headers: Vec::new(), ..sent.clone() }
        .with("content-type", "application/json")
        .with("SHOPIFY-HMAC-SHA256", &signature)
        .with("shopify-topic", "orders/create")
        .with("shopify-shop-domain", "lamps.myshopify.com");
    assert_eq!(status_and_trust(&newer), (202, true));
    let mut twice = sent.clone();
    twice.headers.push(("x-shopify-hmac-sha256".to_owned(), signature));
    assert_eq!(status_and_trust(&twice), (401, false));
    let in_hex = hex::encode(mac(KEY.as_bytes(), b"{}"));
    assert_eq!(status_and_trust(&sent.with("x-shopify-hmac-sha256", &in_hex)), (401, false));
}

#[test]
fn shopify_headers_that_are_not_signed_must_agree_with_the_body() {
    for (topic, body, header, value) in [
        ("customers/redact", REDACT, "X-Shopify-Shop-Domain", "others.myshopify.com"),
        ("customers/redact", REDACT, "X-Shopify-Shop-Domain", "lamps.myshopify.com.evil.example"),
        ("customers/redact", REDACT, "X-Shopify-Shop-Domain", ""),
        ("customers/redact", REDACT, "X-Shopify-Topic", ""),
        ("customers/redact", REDACT, "X-Shopify-Topic", "shop/redact"),
        ("customers/redact", REDACT, "X-Shopify-Topic", "customers/data_request"),
        ("customers/data_request", DATA_REQUEST, "X-Shopify-Topic", "customers/redact"),
        ("shop/redact", SHOP_REDACT, "X-Shopify-Topic", "customers/redact"),
        ("themes/publish", THEME, "X-Shopify-Topic", "shop/redact"),
        ("customers/redact", BOTH, "X-Shopify-Topic", "customers/redact"),
        ("customers/redact", BOTH, "X-Shopify-Topic", "customers/data_request"),
        ("shop/update", r#"{"myshopify_domain":"others.myshopify.com"}"#, "X-Shopify-Topic", "shop/update"),
    ] {
        let sent = shopify(topic, body.as_bytes()).with(header, value);
        assert_eq!(status_and_trust(&sent), (400, true), "{topic}: {header} {value}");
    }
}

#[test]
fn shopify_compliance_is_a_result_of_its_own() {
    let received = |topic, body: &str| shopify(topic, body.as_bytes()).answer().received;
    match received("customers/redact", REDACT).as_slice() {
        [Received::Compliance(Compliance::CustomerRedact { shop, customer, orders })] => {
            assert_eq!(shop.as_str(), "lamps.myshopify.com");
            assert_eq!(customer.id.as_deref(), Some("7"));
            assert_eq!(customer.email.as_ref().unwrap().expose(), "ada@example.com");
            assert_eq!(orders, &["11", "12"]);
        }
        other => panic!("{other:?}"),
    }
    match received("customers/data_request", DATA_REQUEST).as_slice() {
        [Received::Compliance(Compliance::CustomerDataRequest { customer, request, .. })] => {
            assert_eq!((customer.id.as_ref(), request.as_deref()), (None, Some("9")));
        }
        other => panic!("{other:?}"),
    }
    let shop = received("shop/redact", SHOP_REDACT);
    assert!(matches!(shop.as_slice(), [Received::Compliance(Compliance::ShopRedact { .. })]), "{shop:?}");
    let printed = format!("{:?}", received("customers/redact", REDACT));
    assert!(!printed.contains("ada@") && !printed.contains("4915"), "{printed}");
}

#[test]
fn shopify_topics_about_security_become_signals() {
    for (topic, severity) in [
        ("app/scopes_update", Severity::Medium),
        ("app/uninstalled", Severity::Low),
        ("audit_events/admin_api_activity", Severity::Low),
        ("bulk_operations/finish", Severity::Medium),
        ("domains/create", Severity::Medium),
        ("domains/destroy", Severity::Medium),
        ("domains/update", Severity::Medium),
        ("shop/update", Severity::Informational),
        ("themes/publish", Severity::Medium),
    ] {
        let body = json!({"id": 1, "email": "owner@example.com", "shop_owner": "Ada Lovelace", "phone": "+4915112345678"});
        let signal = only_signal(shopify(topic, body.to_string().as_bytes()).answer());
        assert_eq!((signal.severity, signal.kind.as_str()), (severity, topic));
        assert_eq!((signal.source.as_str(), signal.external_id.as_str()), ("shopify", "event-1"));
        assert_eq!(signal.hints.shop_domains, ["lamps.myshopify.com"]);
        assert!(signal.occurred_at.is_some());
        let carried = serde_json::to_string(&signal).unwrap();
        assert!(!["owner@", "Ada", "4915"].iter().any(|text| carried.contains(text)), "{carried}");
    }
    for topic in ["orders/create", "customers/update", "themes/update", "", "x"] {
        let sent = shopify("orders/create", THEME.as_bytes()).with("x-shopify-topic", topic);
        let received = sent.answer().received;
        let is_ordinary =
            matches!(received.as_slice(), [Received::Ordinary { topic: counted }] if counted == topic);
        assert!(is_ordinary || topic.is_empty() && received.is_empty(), "{topic} {received:?}");
    }
}

#[test]
fn a_redelivery_keeps_its_id_and_another_event_has_another() {
    let first = shopify("themes/publish", THEME.as_bytes());
    let again =
        first.clone().with("X-Shopify-Webhook-Id", "delivery-2").with("X-Shopify-Triggered-At", "later");
    assert_eq!(only_signal(first.answer()), only_signal(again.answer()));

    let unnamed = first.clone().without("X-Shopify-Event-Id");
    let unnamed_again = again.without("X-Shopify-Event-Id");
    let id = only_signal(unnamed.answer()).external_id;
    assert_eq!(id, only_signal(unnamed_again.answer()).external_id);
    assert!(id.starts_with("themes/publish:gid://shopify/OnlineStoreTheme/5:"), "{id}");
    let next = THEME.replace("05:05:06", "06:05:06");
    let next = shopify("themes/publish", next.as_bytes()).without("X-Shopify-Event-Id");
    assert_ne!(id, only_signal(next.answer()).external_id);
    let elsewhere = unnamed.with("X-Shopify-Shop-Domain", "rugs.myshopify.com");
    assert_ne!(id, only_signal(elsewhere.answer()).external_id);
}

#[test]
fn the_signed_time_wins_over_the_header() {
    let signal = only_signal(shopify("themes/publish", THEME.as_bytes()).answer());
    assert_eq!(signal.occurred_at, Some("2026-02-03T04:05:06Z".parse().unwrap()));
}

#[test]
fn stripe_reads_its_header_strictly() {
    let sent = stripe(b"{}");
    let good = sent.header("stripe-signature").to_owned();
    let (time, v1) = good.split_once(',').unwrap();
    for (header, authentic) in [
        (format!("{good},v1=bad"), true),
        (format!("{time},v1=00,{v1},v0=x"), true),
        (format!("{v1},{time}"), true),
        (good.to_uppercase(), false),
        (format!("{time},{}", v1.replace("v1", "v0")), false),
        (v1.to_owned(), false),
        (format!("{good},t=1"), false),
        (format!("t=x,{v1}"), false),
        ("t=,v1=".to_owned(), false),
        (",,=,".to_owned(), false),
    ] {
        assert_eq!(sent.clone().with("stripe-signature", &header).answer().authentic, authentic, "{header}");
    }
}

#[test]
fn a_signed_time_must_be_near() {
    for (late, authentic) in
        [(0, true), (300, true), (-300, true), (301, false), (-301, false), (i64::MAX / 2, false)]
    {
        for sent in [stripe(b"{}"), standard(&generic_body())] {
            let now = at(SECOND).checked_add(SignedDuration::from_secs(late)).unwrap_or(jiff::Timestamp::MAX);
            assert_eq!(Sent { now, ..sent }.answer().authentic, authentic, "{late}");
        }
    }
    let keys = vec![HmacKey::from_text(KEY).unwrap()];
    let unchecked = Secrets::Stripe { keys, tolerance: Tolerance::Unchecked };
    assert!(Sent { now: at(0), secrets: unchecked, ..stripe(b"{}") }.answer().authentic);
    let late = Sent { now: "2026-02-03T05:00:00Z".parse().unwrap(), ..paypal() };
    assert_eq!(status_and_trust(&late), (401, false));
}

#[test]
fn stripe_events_become_signals_only_as_live_events_of_the_first_version() {
    let event = json!({
        "id": "evt_1", "object": "event", "type": "account.external_account.created", "livemode": true,
        "created": SECOND, "account": "acct_1", "data": {"object": {"id": "ba_1", "account_holder_name": "Ada"}},
    });
    let signal = only_signal(stripe(event.to_string().as_bytes()).answer());
    assert_eq!((signal.external_id.as_str(), signal.severity), ("evt_1", Severity::Medium));
    assert_eq!(signal.occurred_at, Some(at(SECOND)));
    assert!(!serde_json::to_string(&signal).unwrap().contains("Ada"));
    for (field, value) in
        [("livemode", json!(false)), ("object", json!("v2.core.event")), ("type", json!("charge.succeeded"))]
    {
        let mut other = event.clone();
        other[field] = value;
        let received = stripe(other.to_string().as_bytes()).answer().received;
        assert!(matches!(received.as_slice(), [Received::Ordinary { .. }]), "{field}");
    }
}

#[test]
fn adyen_signs_fields_and_only_they_are_read() {
    let signal = only_signal(adyen_fraud().answer());
    assert_eq!(signal.external_id, "NOTIFICATION_OF_FRAUD:psp:1");
    assert_eq!(signal.occurred_at, None);
    let item = |value: Value| {
        let body = json!({"notificationItems": value}).to_string();
        Sent { body: body.into_bytes(), ..adyen_fraud() }
    };
    let good: Value = serde_json::from_slice(&adyen_fraud().body).unwrap();
    let good = &good["notificationItems"][0];
    let mut unsigned = good.clone();
    unsigned["NotificationRequestItem"]["additionalData"] = json!({});
    let mut fraction = good.clone();
    fraction["NotificationRequestItem"]["amount"]["value"] = json!(1000.0);
    for (items, authentic) in [
        (json!([good]), true),
        (json!([good, good]), true),
        (json!([good, unsigned]), false),
        (json!([fraction]), false),
        (json!([]), false),
        (json!({}), false),
        (json!(null), false),
    ] {
        assert_eq!(item(items.clone()).answer().authentic, authentic, "{items}");
    }
    let rounded = adyen(json!({"pspReference": "p", "amount": {"value": 10.5}}), "p::::10.5:::");
    assert!(!rounded.answer().authentic);
    let whole =
        adyen(json!({"pspReference": "p", "amount": {"value": 10}, "success": true}), "p::::10:::true");
    assert!(whole.answer().authentic);
    for (signature, authentic) in [
        (base64(&mac(KEY.as_bytes(), b"TestPayload")), true),
        (base64(&[0; 33]), false),
        ("%".to_owned(), false),
    ] {
        let raw = Sent { body: b"TestPayload".to_vec(), ..adyen_fraud() }.with("HmacSignature", &signature);
        assert_eq!(raw.answer().authentic, authentic, "{signature}");
    }
}

#[test]
fn adobe_needs_one_good_signature_and_us_as_the_recipient() {
    let good = adobe();
    let second = good.header("x-adobe-digital-signature-2").to_owned();
    assert!(good.clone().with("x-adobe-digital-signature-1", "AAAA").answer().authentic);
    let swapped =
        good.clone().with("x-adobe-digital-signature-1", &second).without("x-adobe-digital-signature-2");
    assert!(!swapped.answer().authentic);
    let keys = vec![RsaKey::from_pem(include_str!("../keys/public-1.pem")).unwrap()];
    let stranger = Secrets::AdobeIo { keys, client_id: "another".to_owned() };
    assert_eq!(status_and_trust(&Sent { secrets: stranger, ..good.clone() }), (401, false));
    let signal = only_signal(good.answer());
    assert_eq!((signal.source.as_str(), signal.external_id.as_str()), ("adobe-commerce", "e-77"));
    assert!(!serde_json::to_string(&signal).unwrap().contains("hunter2"));
}

#[test]
fn keys_are_fetched_from_the_vendor_alone() {
    let path =
        |value: &str| adobe_key_url(&[("x-adobe-public-key1-path", value)].into_iter().collect(), 1).ok();
    assert_eq!(path("/prod/keys/k-1.pem").unwrap(), "https://static.adobeioevents.com/prod/keys/k-1.pem");
    for bad in [
        ".evil.example/k.pem",
        "@evil.example/k.pem",
        "//evil.example/k.pem",
        "/../k.pem",
        "/k",
        "/k.pem?x=.pem",
    ] {
        assert_eq!(path(bad), None, "{bad}");
    }
    assert!(adobe_key_url(&Headers::default(), 3).is_err());
    let url =
        |value: &str| paypal_certificate_url(&[("paypal-cert-url", value)].into_iter().collect()).is_ok();
    assert!(url("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1"));
    for bad in [
        "http://api.paypal.com/c",
        "https://api.paypal.com.evil.example/c",
        "https://evilpaypal.com/c",
        "https://evil.example?.paypal.com/c",
        "https://u@evil.example#.paypal.com/",
        "https://api.paypal.com:8443/c",
    ] {
        assert!(!url(bad), "{bad}");
        assert!(!paypal().with("PAYPAL-CERT-URL", bad).answer().authentic, "{bad}");
    }
}

#[test]
fn only_a_plain_challenge_is_echoed() {
    assert_eq!(challenge("a=1&challenge=8ec8-d794").ok(), Some("8ec8-d794"));
    let long = format!("challenge={}", "a".repeat(129));
    for bad in ["", "challenge=", "challenge=<script>", "challenge=%3Cb%3E", "challenge=a&challenge=a", &long]
    {
        assert!(challenge(bad).is_err(), "{bad}");
    }
}

#[test]
fn standard_webhooks_carry_the_generic_form() {
    let signal = only_signal(standard(&generic_body()).answer());
    assert_eq!((signal.source.as_str(), signal.external_id.as_str()), ("backoffice", "case-1"));
    assert_eq!(status_and_trust(&standard(b"{\"tocsin\":2}")), (400, true));
    assert_eq!(status_and_trust(&standard(b"{\"severity\":\"high\"}")), (400, true));
    let sent = standard(&generic_body());
    let other = format!("v1a,AAAA v1,AAAA {}", sent.header("webhook-signature"));
    assert!(sent.clone().with("webhook-signature", &other).answer().authentic);
    let svix = ["id", "timestamp", "signature"].iter().fold(sent.clone(), |moved, part| {
        let (old, new) = (format!("webhook-{part}"), format!("svix-{part}"));
        moved.without(&old).with(&new, sent.header(&old))
    });
    assert!(svix.answer().authentic);
    // What is signed as `msg-1`, time, `<time>.{...}` must not pass as `msg-1.<time>`, time, `{...}`.
    let inner = standard(format!("{SECOND}.{}", String::from_utf8(generic_body()).unwrap()).as_bytes());
    let cut = Sent { body: generic_body(), ..inner }.with("webhook-id", &format!("msg-1.{SECOND}"));
    assert_eq!(status_and_trust(&cut), (401, false));
}
