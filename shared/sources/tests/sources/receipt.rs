//! Delivery events: what they prove, and what they must not carry.

use serde_json::{Value, json};
use tocsin_domain::receipt::Fact;
use tocsin_sources::receipt::{
    DeliveryEvent, DeliveryState, PermanentBounce, ReceiptError, ReceiptKind, SmsFailure, TransientBounce,
    receipts,
};

use DeliveryState::{NotReached, Pending, Reached};

fn ses(name: &str, part: &str, detail: Value) -> Value {
    let mut event = json!({
        "eventType": name,
        "mail": {
            "timestamp": "2026-02-03T04:05:06.789Z", "messageId": "0102-mail-000000", "source": "notice@shop.example",
            "destination": ["ada@example.com"], "commonHeaders": {"to": ["Ada <ada@example.com>"], "subject": "s"},
            "tags": {"ses:from-domain": ["shop.example"], "chunk": ["c-1"], "who": ["ada@example.com"], "to": ["+49151"]},
        },
    });
    event[part] = detail;
    event
}

fn bounce(kind: &str, subtype: &str) -> Value {
    let recipient = json!({"emailAddress": "ada@example.com", "action": "failed", "status": "5.1.1",
                           "diagnosticCode": "smtp; 550-5.1.1 <ada@example.com>: no such user ada"});
    ses(
        "Bounce",
        "bounce",
        json!({"bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": [recipient],
                                   "timestamp": "2026-02-03T04:10:00Z"}),
    )
}

fn text(name: &str, is_final: Value) -> Value {
    json!({"eventType": name, "eventTimestamp": 1_770_091_506_000_i64, "isFinal": is_final, "messageId": "sms-1",
           "destinationPhoneNumber": "+4915112345678", "messageStatus": name, "context": {"chunk": "c-1"},
           "messageStatusDescription": "call +4915112345678"})
}

fn log(status: &str, response: &str, ack: Value) -> Value {
    json!({"notification": {"messageId": "sms-2", "timestamp": "2026-02-03 04:05:06.000"}, "status": status,
           "delivery": {"destination": "+4915112345678", "providerResponse": response, "dwellTimeMsUntilDeviceAck": ack}})
}

#[track_caller]
fn event(value: &Value) -> DeliveryEvent {
    let mut events = receipts(value.to_string().as_bytes()).unwrap();
    assert_eq!(events.len(), 1);
    events.remove(0)
}

#[test]
fn a_text_arrived_as_long_after_its_publication_as_its_log_says() {
    let of = |delivery: Value| {
        let mut line = log("SUCCESS", "accepted", Value::Null);
        line["delivery"] = delivery;
        event(&line).at.to_string()
    };
    for (delivery, at) in [
        (json!({"dwellTimeMs": 599, "dwellTimeMsUntilDeviceAck": 61_344}), "2026-02-03T04:06:07.344Z"),
        (json!({"dwellTimeMs": 599}), "2026-02-03T04:05:06.599Z"),
        (json!({"dwellTimeMs": 599, "dwellTimeMsUntilDeviceAck": null}), "2026-02-03T04:05:06.599Z"),
        (json!({}), "2026-02-03T04:05:06Z"),
    ] {
        assert_eq!(of(delivery.clone()), at, "{delivery}");
    }
}

#[test]
fn every_kind_has_one_state() {
    use ReceiptKind::*;
    let when = json!({"timestamp": "2026-02-03T04:10:00Z"});
    let on_list =
        json!({"complaintSubType": "OnAccountSuppressionList", "timestamp": "2026-02-03T04:10:00Z"});
    for (value, kind, state) in [
        (ses("Send", "send", json!({})), Sent, Pending),
        (ses("Delivery", "delivery", when.clone()), Delivered, Reached),
        (ses("DeliveryDelay", "deliveryDelay", when.clone()), Delayed, Pending),
        (ses("Complaint", "complaint", when.clone()), Complained, Reached),
        (ses("Complaint", "complaint", on_list), BouncedPermanent(PermanentBounce::Suppressed), NotReached),
        (ses("Reject", "reject", json!({"reason": "Bad content"})), Rejected, NotReached),
        (ses("Rendering Failure", "failure", json!({})), RenderingFailed, NotReached),
        (ses("RenderingFailure", "failure", json!({})), RenderingFailed, NotReached),
        (ses("Open", "open", when.clone()), Opened, Reached),
        (ses("Click", "click", when.clone()), Clicked, Reached),
        (ses("Subscription", "subscription", when), Subscribed, Reached),
        (bounce("Permanent", "General"), BouncedPermanent(PermanentBounce::General), NotReached),
        (bounce("Permanent", "NoEmail"), BouncedPermanent(PermanentBounce::NoEmail), NotReached),
        (bounce("Permanent", "Suppressed"), BouncedPermanent(PermanentBounce::Suppressed), NotReached),
        (
            bounce("Permanent", "OnAccountSuppressionList"),
            BouncedPermanent(PermanentBounce::Suppressed),
            NotReached,
        ),
        (bounce("Permanent", "New"), BouncedPermanent(PermanentBounce::Other), NotReached),
        (bounce("Transient", "General"), BouncedTransient(TransientBounce::General), NotReached),
        (bounce("Transient", "MailboxFull"), BouncedTransient(TransientBounce::MailboxFull), NotReached),
        (
            bounce("Transient", "MessageTooLarge"),
            BouncedTransient(TransientBounce::MessageTooLarge),
            NotReached,
        ),
        (
            bounce("Transient", "ContentRejected"),
            BouncedTransient(TransientBounce::ContentRejected),
            NotReached,
        ),
        (
            bounce("Transient", "AttachmentRejected"),
            BouncedTransient(TransientBounce::AttachmentRejected),
            NotReached,
        ),
        (bounce("Undetermined", "Undetermined"), BouncedUndetermined, NotReached),
        (text("TEXT_DELIVERED", json!(true)), SmsDelivered, Reached),
        (text("TEXT_SUCCESSFUL", json!(true)), SmsAcceptedByCarrier, Pending),
        (text("TEXT_QUEUED", json!(false)), SmsPending, Pending),
        (text("TEXT_SENT", json!(false)), SmsPending, Pending),
        (text("TEXT_PENDING", json!(false)), SmsPending, Pending),
        (text("TEXT_INVALID", json!(true)), SmsFailed(SmsFailure::Invalid), NotReached),
        (text("TEXT_BLOCKED", json!(true)), SmsFailed(SmsFailure::Blocked), NotReached),
        (text("TEXT_SPAM", json!(true)), SmsFailed(SmsFailure::Blocked), NotReached),
        (text("TEXT_CARRIER_BLOCKED", json!(true)), SmsFailed(SmsFailure::Blocked), NotReached),
        (text("TEXT_TTL_EXPIRED", json!(true)), SmsFailed(SmsFailure::Unreachable), NotReached),
        (text("TEXT_UNREACHABLE", json!(true)), SmsFailed(SmsFailure::Unreachable), NotReached),
        (text("TEXT_UNREACHABLE", json!(false)), SmsPending, Pending),
        (text("TEXT_UNKNOWN", json!(true)), SmsFailed(SmsFailure::Unknown), NotReached),
        (text("MEDIA_DELIVERED", Value::Null), SmsDelivered, Reached),
        (log("SUCCESS", "Message has been accepted by phone carrier", json!(1344)), SmsDelivered, Reached),
        (
            log("SUCCESS", "Message has been accepted by phone carrier", Value::Null),
            SmsAcceptedByCarrier,
            Pending,
        ),
        (log("FAILURE", "Invalid phone number", json!(1)), SmsFailed(SmsFailure::Invalid), NotReached),
        (log("FAILURE", "Phone number is opted out", json!(1)), SmsFailed(SmsFailure::Blocked), NotReached),
        (
            log("FAILURE", "Phone is currently unreachable/unavailable", json!(1)),
            SmsFailed(SmsFailure::Unreachable),
            NotReached,
        ),
        (
            log("FAILURE", "Unknown error attempting to reach phone", json!(1)),
            SmsFailed(SmsFailure::Unknown),
            NotReached,
        ),
    ] {
        let event = event(&value);
        assert_eq!((event.kind, event.kind.state()), (kind, state), "{value}");
    }
}

#[test]
fn what_was_never_sent_is_told_from_what_came_back() {
    for (kind, fact) in [
        (ReceiptKind::BouncedPermanent(PermanentBounce::Suppressed), Fact::NeverSent),
        (ReceiptKind::Rejected, Fact::NeverSent),
        (ReceiptKind::RenderingFailed, Fact::NeverSent),
        (ReceiptKind::BouncedPermanent(PermanentBounce::General), Fact::Bounced),
        (ReceiptKind::BouncedTransient(TransientBounce::General), Fact::Bounced),
        (ReceiptKind::Complained, Fact::Seen),
    ] {
        assert_eq!(kind.fact(), fact);
    }
}

#[test]
fn every_way_into_the_queue_gives_the_same_event() {
    let raw = bounce("Permanent", "General");
    let bus = json!({"source": "aws.ses", "detail-type": "Email Bounced", "time": "2026-02-03T04:10:01Z", "detail": raw});
    let sns = |message: &Value| json!({"Type": "Notification", "TopicArn": "t", "Message": message.to_string() + "\n"});
    let mut feedback = raw.clone();
    feedback["notificationType"] = feedback["eventType"].take();
    for way in [&bus, &sns(&raw), &sns(&bus), &feedback, &sns(&feedback)] {
        assert_eq!(event(way), event(&raw), "{way}");
    }
}

#[test]
fn an_event_names_its_message_time_and_tags() {
    let mail = event(&bounce("Permanent", "General"));
    assert_eq!(mail.provider_message_id, "0102-mail-000000");
    assert_eq!(mail.at, "2026-02-03T04:10:00Z".parse().unwrap());
    assert_eq!(mail.tags.into_iter().collect::<Vec<_>>(), [("chunk".to_owned(), "c-1".to_owned())]);
    assert_eq!(mail.detail, "Permanent; General; 5.1.1; 550");
    let sms = event(&text("TEXT_SENT", json!(false)));
    assert_eq!((sms.provider_message_id.as_str(), sms.detail.as_str()), ("sms-1", "TEXT_SENT"));
    assert_eq!(sms.tags["chunk"], "c-1");
    assert_eq!(event(&ses("Send", "send", json!({}))).at, "2026-02-03T04:05:06.789Z".parse().unwrap());
}

#[test]
fn no_address_leaves_the_parser() {
    let delayed = json!({"delayType": "IPFailure", "delayedRecipients": [{"emailAddress": "ada@example.com", "status": "4.0.0",
                         "diagnosticCode": "smtp; 421 ada@example.com later"}], "timestamp": "2026-02-03T04:10:00Z"});
    let failure = json!({"templateName": "t", "errorMessage": "Attribute 'ada@example.com' is not present"});
    let delivery = json!({"recipients": ["ada@example.com"], "smtpResponse": "250 ok ada@example.com", "timestamp": "2026-02-03T04:10:00Z"});
    for value in [
        bounce("Permanent", "ada@example.com"),
        ses("DeliveryDelay", "deliveryDelay", delayed),
        ses("Rendering Failure", "failure", failure),
        ses("Delivery", "delivery", delivery),
        ses("Reject", "reject", json!({"reason": "from ada@example.com"})),
        text("TEXT_INVALID", json!(true)),
        log("FAILURE", "no such +4915112345678", json!(1)),
    ] {
        let printed = format!("{:?}", event(&value));
        assert!(!printed.contains("ada") && !printed.contains("4915"), "{printed}");
    }
}

#[test]
fn what_is_no_delivery_event() {
    let hello = json!({"Type": "Notification", "TopicArn": "t",
                       "Message": "Successfully validated SNS topic for Amazon SES event publishing."});
    assert_eq!(receipts(hello.to_string().as_bytes()), Ok(Vec::new()));
    let no_id = {
        let mut value = bounce("Permanent", "General");
        value["mail"]["messageId"] = json!("a b@c");
        value
    };
    let no_time = {
        let mut value = text("TEXT_SENT", json!(false));
        value["eventTimestamp"] = json!("soon");
        value
    };
    for (value, error) in [
        (json!({}), ReceiptError::UnknownFormat),
        (json!({"eventType": "Bounce"}), ReceiptError::UnknownFormat),
        (json!("hello"), ReceiptError::UnknownFormat),
        (ses("Teleport", "x", json!({})), ReceiptError::UnknownType),
        (text("TEXT_TELEPORTED", json!(true)), ReceiptError::UnknownType),
        (log("MAYBE", "", Value::Null), ReceiptError::UnknownType),
        (log("SUCCESS", "", json!(-1)), ReceiptError::Field("dwellTimeMs")),
        (log("SUCCESS", "", json!(u64::MAX)), ReceiptError::Field("dwellTimeMs")),
        (log("SUCCESS", "", json!(i64::MAX)), ReceiptError::Field("dwellTimeMs")),
        (log("SUCCESS", "", json!(0.5)), ReceiptError::Field("dwellTimeMs")),
        (no_id, ReceiptError::Field("message id")),
        (no_time, ReceiptError::Field("eventTimestamp")),
    ] {
        assert_eq!(receipts(value.to_string().as_bytes()), Err(error), "{value}");
    }
}

/// Lines as CloudWatch Logs packs them.
fn packed(kind: &str, lines: &[Value]) -> Value {
    use base64::Engine;
    use std::io::Write;
    let events: Vec<Value> =
        lines.iter().map(|line| json!({"id": "1", "message": line.to_string()})).collect();
    let text =
        json!({"messageType": kind, "logGroup": "sns/r/1/DirectPublishToPhoneNumber", "logEvents": events});
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.to_string().as_bytes()).unwrap();
    let packed = base64::engine::general_purpose::STANDARD.encode(packer.finish().unwrap());
    json!({"awslogs": {"data": packed}})
}

#[test]
fn the_lines_of_a_log_group_are_unpacked_and_carry_no_number() {
    let lines = [log("SUCCESS", "accepted", json!(1344)), log("FAILURE", "Invalid phone number", json!(1))];
    let event = packed("DATA_MESSAGE", &lines);
    let redriven = json!({"version": "1.0", "requestContext": {}, "requestPayload": event});
    for body in [&event, &redriven] {
        let found = receipts(body.to_string().as_bytes()).unwrap();
        let kinds: Vec<ReceiptKind> = found.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [ReceiptKind::SmsDelivered, ReceiptKind::SmsFailed(SmsFailure::Invalid)]);
        assert!(!format!("{found:?}").contains("4915112345678"));
    }
    let control = packed("CONTROL_MESSAGE", &[json!("CWL CONTROL MESSAGE: Checking health of destination")]);
    assert_eq!(receipts(control.to_string().as_bytes()), Ok(Vec::new()));
}

#[test]
fn what_a_log_group_never_sends() {
    let pack = |data: &str| json!({"awslogs": {"data": data}}).to_string();
    let broken = pack("H4sIAAAA");
    let no_text = pack("???");
    for body in [broken.as_str(), no_text.as_str()] {
        assert_eq!(receipts(body.as_bytes()), Err(ReceiptError::Packed), "{body}");
    }
    let other = packed("OTHER_MESSAGE", &[]).to_string();
    assert_eq!(receipts(other.as_bytes()), Err(ReceiptError::UnknownType));
    let no_log = packed("DATA_MESSAGE", &[json!({"a": 1})]).to_string();
    assert!(receipts(no_log.as_bytes()).is_err());
}
