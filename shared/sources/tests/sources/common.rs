//! Requests signed by ourselves, with keys that exist for these tests alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use tocsin_sources::webhook::{Answer, Headers, HmacKey, Request, RsaKey, Secrets, Tolerance, receive};

pub const KEY: &str = "a shared key of this test";
pub const SECOND: i64 = 1_770_000_000;

pub const ADOBE_BODY: &str = r#"{"specversion":"1.0","event_id":"e-77","recipient_client_id":"tocsin-test","type":"com.adobe.commerce.observer.backend_auth_user_login_failed","time":"2026-02-03T04:05:06Z","source":"urn:uuid:store-1","data":{"value":{"user_name":"owner","password":"hunter2"}}}"#;
pub const PAYPAL_BODY: &str = r#"{"id":"WH-1","event_type":"CUSTOMER.DISPUTE.CREATED"}"#;

/// A request that can be changed before it is sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub method: &'static str,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub secrets: Secrets,
    pub now: Timestamp,
}

impl Sent {
    pub fn new(secrets: Secrets, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let content_type = ("Content-Type".to_owned(), "application/json".to_owned());
        Self {
            method: "POST",
            headers: headers.chain([content_type]).collect(),
            body: body.to_vec(),
            secrets,
            now: at(SECOND),
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    pub fn answer(&self) -> Answer {
        let headers: Headers = self.headers.iter().map(|(name, value)| (name, value.as_str())).collect();
        receive(Request { method: self.method, headers: &headers, body: &self.body }, &self.secrets, self.now)
    }
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub fn shopify(topic: &str, body: &[u8]) -> Sent {
    let secrets = Secrets::Shopify { keys: vec![HmacKey::from_text(KEY).unwrap()] };
    let signature = base64(&mac(KEY.as_bytes(), body));
    let headers = [
        ("X-Shopify-Hmac-Sha256", signature.as_str()),
        ("X-Shopify-Topic", topic),
        ("X-Shopify-Shop-Domain", "lamps.myshopify.com"),
        ("X-Shopify-Event-Id", "event-1"),
        ("X-Shopify-Webhook-Id", "delivery-1"),
        ("X-Shopify-Triggered-At", "2026-02-03T04:05:06.123456789Z"),
    ];
    Sent::new(secrets, &headers, body)
}

pub fn stripe(body: &[u8]) -> Sent {
    let keys = vec![HmacKey::from_text(KEY).unwrap()];
    let secrets = Secrets::Stripe { keys, tolerance: Tolerance::USUAL };
    let message = [SECOND.to_string().as_bytes(), b".", body].concat();
    let signature = format!("t={SECOND},v1={}", hex::encode(mac(KEY.as_bytes(), &message)));
    Sent::new(secrets, &[("Stripe-Signature", &signature)], body)
}

/// `signed` is the text over the eight fields, as the vendor's rule makes it of the item.
pub fn adyen(item: serde_json::Value, signed: &str) -> Sent {
    let secrets = Secrets::Adyen { keys: vec![HmacKey::from_hex(&hex::encode(KEY)).unwrap()] };
    let mut item = item;
    item["additionalData"]["hmacSignature"] = base64(&mac(KEY.as_bytes(), signed.as_bytes())).into();
    let body = serde_json::json!({"live": "true", "notificationItems": [{"NotificationRequestItem": item}]});
    Sent::new(secrets, &[], body.to_string().as_bytes())
}

pub fn standard(body: &[u8]) -> Sent {
    let keys = vec![HmacKey::from_standard(&format!("whsec_{}", base64(KEY.as_bytes()))).unwrap()];
    let secrets = Secrets::Standard { keys, tolerance: Tolerance::USUAL };
    let message = [b"msg-1.", SECOND.to_string().as_bytes(), b".", body].concat();
    let signature = format!("v1,{}", base64(&mac(KEY.as_bytes(), &message)));
    let time = SECOND.to_string();
    let headers = [
        ("webhook-id", "msg-1"),
        ("webhook-timestamp", time.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    Sent::new(secrets, &headers, body)
}

pub fn adobe() -> Sent {
    let keys = [include_str!("../keys/public-1.pem"), include_str!("../keys/public-2.pem")];
    let keys = keys.iter().map(|pem| RsaKey::from_pem(pem).unwrap()).collect();
    let secrets = Secrets::AdobeIo { keys, client_id: "tocsin-test".to_owned() };
    let headers = [
        ("x-adobe-digital-signature-1", include_str!("../keys/adobe-1.base64")),
        ("x-adobe-digital-signature-2", include_str!("../keys/adobe-2.base64")),
        ("x-adobe-public-key1-path", "/prod/keys/pub-key-1.pem"),
    ];
    Sent::new(secrets, &headers, ADOBE_BODY.as_bytes())
}

pub fn paypal() -> Sent {
    let secrets = Secrets::PayPal {
        certificate: RsaKey::from_certificate_pem(include_str!("../keys/certificate.pem")).unwrap(),
        webhook_id: "hook-9".to_owned(),
        tolerance: Tolerance::Within(jiff::SignedDuration::from_mins(5)),
    };
    let headers = [
        ("PAYPAL-TRANSMISSION-ID", "t-1"),
        ("PAYPAL-TRANSMISSION-TIME", "2026-02-03T04:05:06Z"),
        ("PAYPAL-TRANSMISSION-SIG", include_str!("../keys/paypal.base64")),
        ("PAYPAL-AUTH-ALGO", "SHA256withRSA"),
        ("PAYPAL-CERT-URL", "https://api.paypal.com/v1/notifications/certs/CERT-1"),
    ];
    let mut sent = Sent::new(secrets, &headers, PAYPAL_BODY.as_bytes());
    sent.now = "2026-02-03T04:06:00Z".parse().unwrap();
    sent
}

pub fn adyen_fraud() -> Sent {
    let item = serde_json::json!({
        "pspReference": "psp:1", "merchantAccountCode": "Lamps", "merchantReference": "a\\b",
        "amount": {"value": 1000, "currency": "EUR"}, "eventCode": "NOTIFICATION_OF_FRAUD", "success": "true",
        "reason": "paid by ada@example.com",
    });
    adyen(item, "psp:1::Lamps:a\\b:1000:EUR:NOTIFICATION_OF_FRAUD:true")
}

pub fn generic_body() -> Vec<u8> {
    serde_json::json!({
        "tocsin": 1, "source": "backoffice", "external_id": "case-1", "severity": "high", "kind": "export",
        "title": "All customers were exported", "occurred_at": "2026-02-03T04:05:06Z",
        "hints": {"shop_domains": ["lamps.myshopify.com"]},
    })
    .to_string()
    .into_bytes()
}
