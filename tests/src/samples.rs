//! Invented merchants, people and messages.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;
use tocsin_law::{Confidence, RulePack};
use tocsin_ports::memory::{Delivered, Texted};
use tocsin_stage::http::Request;

use crate::{Town, run};

pub const ADMINISTRATOR: &str = "arn:aws:iam::000000000000:user/administrator";
pub const APPROVER: &str = "arn:aws:iam::000000000000:user/ada";
pub const SECOND_APPROVER: &str = "arn:aws:iam::000000000000:user/bo";
pub const RESPONDER: &str = "arn:aws:iam::000000000000:user/cy";
pub const COUNSEL: &str = "arn:aws:iam::000000000000:user/di";

pub const ALERT_TOPIC: &str = "arn:aws:sns:eu-central-1:000000000000:on-call";
pub const ALERT_ADDRESS: &str = "on-call@shop.example";

pub const SHOP_SECRET: &str = "a secret of the shop's app";

/// What a Magento customer section signs with.
pub const SECTION_SECRET: &str = "whsec_YSBzZWNyZXQgb2YgdGhlIHNlY3Rpb24=";

/// A person of a manifest: number, country, province, locale, address, phone.
#[derive(Debug, Clone)]
pub struct Customer {
    pub id: u32,
    pub email: String,
    pub phone: String,
    pub country: &'static str,
    pub province: &'static str,
    pub locale: &'static str,
    /// Street and city, where the shop has them.
    pub post: Option<(&'static str, &'static str)>,
}

/// `count` customers in turn from seven places, each with a mailbox of their own.
pub fn customers(count: u32) -> Vec<Customer> {
    const PLACES: [(&str, &str, &str); 7] = [
        ("DE", "", "de"),
        ("FR", "", "fr"),
        ("GB", "", "en"),
        ("US", "CA", "en-US"),
        ("US", "TX", "en-US"),
        ("BR", "", "pt-BR"),
        ("AU", "", "en-AU"),
    ];
    (0..count)
        .map(|id| {
            let (country, province, locale) = PLACES[id as usize % PLACES.len()];
            let email = format!("customer{id}@example.com");
            Customer { id, email, phone: String::new(), country, province, locale, post: None }
        })
        .collect()
}

pub fn manifest(customers: &[Customer]) -> String {
    let mut file = "customer_id,name,email,phone,country,province,locale,address1,city\n".to_owned();
    for customer in customers {
        let Customer { id, email, phone, country, province, locale, post } = customer;
        let (street, city) = post.unwrap_or_default();
        writeln!(
            file,
            "{id},Customer Number {id},{email},{phone},{country},{province},{locale},{street},{city}"
        )
        .expect("text");
    }
    file
}

/// The settings of a merchant whose exports lie in `BUCKET`.
pub fn tenant(id: &str) -> Value {
    json!({
        "id": id,
        "name": "Example Goods",
        "platform": "shopify-plus",
        "controller": {
            "legal_name": "Example Goods Inc.",
            "country": "US",
            "time_zone": "America/Los_Angeles",
            "eu_main_establishment": null,
            "eu_representative": "IE",
            "postal_address": ["1 Example Street", "San Francisco, CA 94105", "USA"],
            "email": "privacy@shop.example",
            "phone": "+1 555 0100",
            "privacy_officer": null,
            "website": "shop.example",
            "notice_page": "https://shop.example/notice",
        },
        "routes": { "shop_domains": [format!("{id}.myshopify.com")], "buckets": [bucket(id)] },
        "datasets": [{
            "name": "exports",
            "bucket": bucket(id),
            "manifest": format!("{id}/manifests/exports.csv"),
            "format": "csv",
            "data": ["name", "email", "order_history", "password"],
            "encrypted": false,
            "risk": "high",
            "significant_harm": true,
        }],
        "triage": { "opens_at": "high", "joins_within_hours": 24 },
        "residency": {
            "regions": { "US": "us-east-1", "BR": "us-east-1", "AU": "ap-southeast-2" },
            "otherwise": "eu-central-1",
        },
        "senders": {
            "email_from": "Example Goods <notice@shop.example>",
            "esign_consent": true, "email_window": "always", "sms_window": "08:00-21:00",
            "sms": true, "letters": true, "in_app": true,
        },
        "roles": {
            APPROVER: ["approver", "viewer"],
            SECOND_APPROVER: ["approver"],
            RESPONDER: ["responder", "auditor"],
            COUNSEL: ["counsel"],
        },
        "approvals_needed": 1,
        "approval_minutes": 120,
        "canary": { "above": 1000, "share_per_mille": 20, "minutes": 30 },
        "reject_limit_per_mille": 20,
        "contacts": [{
            "name": "dpa-germany", "regime": "eu-gdpr-authority", "jurisdiction": "DE",
            "email": "filings@authority.example", "language": "en",
        }],
        "escalation": {
            "at_percent_left": [50, 25, 10],
            "targets": [
                { "kind": "sns-topic", "name": "topic", "topic": ALERT_TOPIC },
                { "kind": "email", "name": "mail", "to": ALERT_ADDRESS },
            ],
        },
        "wording": {
            "en": wording("Somebody copied a file with customer data from our storage."),
            "de": wording("Jemand hat eine Datei mit Kundendaten aus unserem Speicher kopiert."),
            "fr": wording("Quelqu’un a copié un fichier de données de clients dans notre espace de stockage."),
            "pt": wording("Alguém copiou um arquivo com dados de clientes do nosso armazenamento."),
        },
    })
}

/// As [`tenant`]; whose mail bounces has no other channel there.
pub fn without_an_inbox() -> Value {
    let mut settings = tenant("shop");
    settings["senders"]["in_app"] = json!(false);
    settings
}

fn wording(what_happened: &str) -> Value {
    json!({
        "what_happened": what_happened,
        "consequences": "Strangers may write to you and pretend to be us.",
        "measures": "We closed the access and changed the keys.",
        "advice": "Change the password of your account in our shop.",
        "communication": "The people concerned are told by e-mail.",
    })
}

pub fn bucket(tenant: &str) -> String {
    format!("{tenant}-customer-exports")
}

/// Puts a tenant with this manifest; panics when the console refuses.
pub fn settle_in(town: &Town, id: &str, customers: &[Customer]) {
    settle_in_as(town, &tenant(id), customers);
}

/// The same, with these settings.
pub fn settle_in_as(town: &Town, settings: &Value, customers: &[Customer]) {
    let keys = |key: &str| json!({ "keys": [key] }).to_string();
    let secrets = json!({
        "webhook-shopify": keys(SHOP_SECRET), "inbox-shopify": keys(SHOP_SECRET), "inbox-magento": keys(SECTION_SECRET),
    });
    put_settings(town, settings, &secrets);
    let id = settings["id"].as_str().expect("an id");
    put_manifest(town, id, manifest(customers).into_bytes());
    confirm(town, id, &rules_to_confirm());
}

/// Every rule of the shipped law whose text is not verified, in each version.
pub fn rules_to_confirm() -> Vec<Value> {
    let rules = RulePack::shipped().rules().filter(|rule| rule.confidence != Confidence::Verified);
    rules.map(|rule| json!({ "id": rule.id, "from": rule.effective_from })).collect()
}

/// Has the tenant's counsel confirm these rules; panics when the console refuses.
pub fn confirm(town: &Town, id: &str, rules: &[Value]) {
    let body = json!({ "rules": rules, "reason": "read at its source" });
    let answer = town.console(COUNSEL, "POST", &format!("/console/tenants/{id}/law/confirm"), &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Panics when the console refuses.
pub fn put_settings(town: &Town, settings: &Value, secrets: &Value) {
    let path = format!("/console/tenants/{}", settings["id"].as_str().expect("an id"));
    let answer =
        town.console(ADMINISTRATOR, "PUT", &path, &json!({ "tenant": settings, "secrets": secrets }));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

pub fn put_manifest(town: &Town, id: &str, bytes: Vec<u8>) {
    use tocsin_ports::WriteVault;
    run(town.world.put_file(&format!("{id}/manifests/exports.csv"), bytes)).expect("a vault");
}

/// A GuardDuty finding of data being copied out of a bucket, as EventBridge delivers it.
pub fn guardduty_finding(bucket: &str, severity: f64) -> String {
    json!({
        "version": "0",
        "id": "c8c4daa7-0000-0000-0000-000000000001",
        "detail-type": "GuardDuty Finding",
        "source": "aws.guardduty",
        "account": "000000000000",
        "time": "2026-11-23T08:55:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": {
            "schemaVersion": "2.0",
            "accountId": "000000000000",
            "region": "eu-central-1",
            "partition": "aws",
            "id": "16afba5c5c43e07c9e3e5e2e544e95df",
            "arn": "arn:aws:guardduty:eu-central-1:000000000000:detector/1/finding/16afba5c5c43e07c9e3e5e2e544e95df",
            "type": "Exfiltration:S3/AnomalousBehavior",
            "severity": severity,
            "createdAt": "2026-11-23T08:54:00.000Z",
            "updatedAt": "2026-11-23T08:54:00.000Z",
            "title": "Unusual read of many objects in an S3 bucket.",
            "description": "An API was used to read objects in an unusual way.",
            "resource": {
                "resourceType": "S3Bucket",
                "s3BucketDetails": [{ "arn": format!("arn:aws:s3:::{bucket}"), "name": bucket, "type": "Destination" }],
            },
            "service": {
                "serviceName": "guardduty",
                "count": 1,
                "archived": false,
                "eventFirstSeen": "2026-11-23T08:40:00.000Z",
                "eventLastSeen": "2026-11-23T08:50:00.000Z",
            },
        },
    })
    .to_string()
}

/// A webhook as Shopify posts it, signed with `secret`.
pub fn shopify_webhook(tenant: &str, topic: &str, body: &[u8], secret: &str) -> Request {
    use base64::Engine;
    let signature = base64::engine::general_purpose::STANDARD.encode(signed(secret.as_bytes(), body));
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("x-shopify-topic", topic.to_owned()),
        ("x-shopify-hmac-sha256", signature),
        ("x-shopify-shop-domain", format!("{tenant}.myshopify.com")),
        ("x-shopify-api-version", "2026-10".to_owned()),
        ("x-shopify-webhook-id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043".to_owned()),
        ("x-shopify-event-id", "98880550-7158-44d4-b7cd-2c97c8a091b5".to_owned()),
        ("x-shopify-triggered-at", "2026-11-23T08:58:00.123456789Z".to_owned()),
    ];
    Request {
        method: "POST".to_owned(),
        path: format!("/webhooks/{tenant}/shopify"),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: body.to_vec(),
        id: "request-1".to_owned(),
        ..Request::default()
    }
}

/// What SES says of a mail. An address that begins with `bounce` is refused for good, all others deliver.
pub fn ses_event(mail: &Delivered, now: Timestamp) -> Value {
    if mail.to.starts_with("bounce") {
        return ses_bounce(mail, now);
    }
    json!({
        "eventType": "Delivery",
        "mail": ses_head(mail, now),
        "delivery": { "timestamp": now.to_string(), "recipients": [mail.to], "smtpResponse": "250 ok" },
    })
}

/// The receiving side refuses a mail for good.
pub fn ses_bounce(mail: &Delivered, now: Timestamp) -> Value {
    json!({
        "eventType": "Bounce",
        "mail": ses_head(mail, now),
        "bounce": {
            "bounceType": "Permanent", "bounceSubType": "NoEmail", "timestamp": now.to_string(),
            "bouncedRecipients": [{ "emailAddress": mail.to, "status": "5.1.1" }], "feedbackId": "1",
        },
    })
}

/// SES has taken a mail, and will try to deliver it.
pub fn ses_send(mail: &Delivered, now: Timestamp) -> Value {
    json!({ "eventType": "Send", "mail": ses_head(mail, now), "send": {} })
}

/// An event of this kind.
pub fn ses_event_of(kind: &str, mail: &Delivered, now: Timestamp) -> Value {
    match kind {
        "Send" => ses_send(mail, now),
        "Bounce" => ses_bounce(mail, now),
        "Complaint" => json!({
            "eventType": kind, "mail": ses_head(mail, now),
            "complaint": {
                "complainedRecipients": [{ "emailAddress": mail.to }], "timestamp": now.to_string(), "feedbackId": "2",
            },
        }),
        "DeliveryDelay" => json!({
            "eventType": kind, "mail": ses_head(mail, now),
            "deliveryDelay": {
                "delayType": "MailboxFull", "timestamp": now.to_string(),
                "delayedRecipients": [{ "emailAddress": mail.to, "status": "4.2.2" }],
            },
        }),
        "Reject" => json!({
            "eventType": kind, "mail": ses_head(mail, now), "reject": { "reason": "Bad content" },
        }),
        _ => ses_event(mail, now),
    }
}

fn ses_head(mail: &Delivered, now: Timestamp) -> Value {
    let tags: serde_json::Map<String, Value> =
        mail.tags.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    json!({ "messageId": mail.provider_id, "timestamp": now.to_string(), "destination": [mail.to], "tags": tags })
}

/// What SNS logs of a text that the phone takes now, as a subscription of CloudWatch Logs hands it over.
pub fn sns_text_log(text: &Texted, now: Timestamp) -> Value {
    packed_lines(&[sns_text_line(text, now)])
}

/// The line alone.
pub fn sns_text_line(text: &Texted, now: Timestamp) -> Value {
    let published = now - SignedDuration::from_millis(1344);
    json!({
        "notification": { "messageId": text.provider_id, "timestamp": published.strftime("%F %T%.3f").to_string() },
        "delivery": {
            "phoneCarrier": "a carrier", "destination": text.to, "smsType": "Transactional",
            "providerResponse": "Message has been accepted by phone", "dwellTimeMs": 599, "dwellTimeMsUntilDeviceAck": 1344,
        },
        "status": "SUCCESS",
    })
}

/// Lines of a log group as CloudWatch Logs packs them.
pub fn packed_lines(lines: &[Value]) -> Value {
    use base64::Engine;
    let events: Vec<Value> = (1_u32..)
        .zip(lines)
        .map(|(id, line)| json!({ "id": id.to_string(), "timestamp": 0, "message": line.to_string() }))
        .collect();
    let text = json!({
        "messageType": "DATA_MESSAGE", "owner": "000000000000",
        "logGroup": "sns/eu-central-1/000000000000/DirectPublishToPhoneNumber", "logStream": "1",
        "subscriptionFilters": ["receipts"], "logEvents": events,
    });
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, text.to_string().as_bytes()).expect("memory");
    let packed = packer.finish().expect("memory");
    json!({ "awslogs": { "data": base64::engine::general_purpose::STANDARD.encode(packed) } })
}

/// What End User Messaging says of a text that the phone took.
pub fn sms_voice_event(text: &Texted, now: Timestamp) -> Value {
    json!({
        "eventType": "TEXT_DELIVERED", "eventVersion": "1.0", "eventTimestamp": now.as_millisecond(),
        "isFinal": true, "originationPhoneNumber": "+447700900999", "destinationPhoneNumber": text.to,
        "isoCountryCode": "GB", "messageId": text.provider_id, "messageType": "TRANSACTIONAL",
        "messageStatus": "DELIVERED", "messageStatusDescription": "Message has been accepted by phone",
        "context": text.tags, "totalMessageParts": 1,
    })
}

fn signed(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// What Shopify's app proxy asks of us when `customer` is logged in to the shop of `tenant`.
pub fn proxied(tenant: &str, customer: &str, now: Timestamp) -> Request {
    let (second, shop) = (now.as_second(), format!("{tenant}.myshopify.com"));
    let message =
        format!("logged_in_customer_id={customer}path_prefix=/apps/noticesshop={shop}timestamp={second}");
    let signature = hex::encode(signed(SHOP_SECRET.as_bytes(), message.as_bytes()));
    let query = format!(
        "shop={shop}&logged_in_customer_id={customer}&path_prefix=%2Fapps%2Fnotices&timestamp={second}&signature={signature}"
    );
    Request {
        method: "GET".to_owned(),
        path: format!("/inbox/{tenant}/shopify"),
        query,
        ..Request::default()
    }
}

/// What a Magento customer section asks of us for `customer`.
pub fn section(tenant: &str, customer: &str, now: Timestamp) -> Request {
    use base64::Engine;
    let base64 = base64::engine::general_purpose::STANDARD;
    let message = format!("inbox.{customer}.shop.example.{}", now.as_second());
    let key = base64.decode(SECTION_SECRET.trim_start_matches("whsec_")).expect("base64");
    let signature = format!("v1,{}", base64.encode(signed(&key, message.as_bytes())));
    let headers = [
        ("tocsin-customer", customer.to_owned()),
        ("tocsin-website", "shop.example".to_owned()),
        ("tocsin-timestamp", now.as_second().to_string()),
        ("tocsin-signature", signature),
    ];
    Request {
        method: "GET".to_owned(),
        path: format!("/inbox/{tenant}/magento"),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Request::default()
    }
}

/// The same asker, who has read the notice.
pub fn read_by(asked: Request, reference: &str) -> Request {
    let path = format!("{}/read", asked.path);
    let body = json!({ "reference": reference }).to_string().into_bytes();
    Request { method: "POST".to_owned(), path, body, ..asked }
}
