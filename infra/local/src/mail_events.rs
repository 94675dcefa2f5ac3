//! What SES says about a mail after it accepted it, in SES's own JSON.
//!
//! Source: <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::cloud::ACCOUNT;
use crate::mailbox_provider::Accepted;

/// One thing that may become of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MailEvent {
    Send,
    Delivery,
    DeliveryDelay,
    Bounce(Bounce),
    Complaint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bounce {
    /// The mailbox does not exist.
    Permanent,
    /// SES did not try: the address is on a suppression list.
    Suppressed,
    /// An automatic answer, such as "out of the office"; the mail was delivered.
    Transient,
}

impl MailEvent {
    /// The name that a configuration set's event destination matches it by.
    pub(crate) fn matching_type(self) -> &'static str {
        match self {
            MailEvent::Send => "SEND",
            MailEvent::Delivery => "DELIVERY",
            MailEvent::DeliveryDelay => "DELIVERY_DELAY",
            MailEvent::Bounce(_) => "BOUNCE",
            MailEvent::Complaint => "COMPLAINT",
        }
    }

    /// The notification that SES publishes. `at` is when it happened, not when it is published.
    pub(crate) fn notification(self, accepted: &Accepted, at: Timestamp) -> Value {
        let (event_type, member, detail) = match self {
            MailEvent::Send => ("Send", "send", json!({})),
            MailEvent::Delivery => ("Delivery", "delivery", delivery(accepted, at)),
            MailEvent::DeliveryDelay => ("DeliveryDelay", "deliveryDelay", delay(accepted, at)),
            MailEvent::Bounce(bounce) => ("Bounce", "bounce", bounced(bounce, accepted, at)),
            MailEvent::Complaint => ("Complaint", "complaint", complaint(accepted, at)),
        };
        json!({ "eventType": event_type, "mail": mail(accepted), member: detail })
    }
}

fn mail(accepted: &Accepted) -> Value {
    let address = bare_address(&accepted.from);
    json!({
        "timestamp": instant(accepted.at),
        "source": accepted.from,
        "sourceArn": format!("arn:aws:ses:{}:{ACCOUNT}:identity/{address}", accepted.region),
        "sendingAccountId": ACCOUNT,
        "messageId": accepted.message_id,
        "destination": [accepted.recipient],
        "headersTruncated": false,
        "headers": [
            { "name": "From", "value": accepted.from },
            { "name": "To", "value": accepted.recipient },
            { "name": "MIME-Version", "value": "1.0" },
        ],
        "commonHeaders": {
            "from": [accepted.from],
            "to": [accepted.recipient],
            "messageId": accepted.message_id,
        },
        "tags": tags(accepted),
    })
}

/// SES's own tags, and the sender's.
fn tags(accepted: &Accepted) -> Map<String, Value> {
    let domain = bare_address(&accepted.from).rsplit_once('@').map_or("", |(_, domain)| domain);
    let mut tags = Map::new();
    tags.insert("ses:operation".to_owned(), json!([accepted.operation]));
    tags.insert("ses:configuration-set".to_owned(), json!([accepted.configuration_set]));
    tags.insert("ses:source-ip".to_owned(), json!(["192.0.2.1"]));
    tags.insert("ses:from-domain".to_owned(), json!([domain]));
    tags.insert("ses:caller-identity".to_owned(), json!(["local"]));
    tags.extend(accepted.tags.iter().map(|(name, value)| (name.clone(), json!([value]))));
    tags
}

fn delivery(accepted: &Accepted, at: Timestamp) -> Value {
    json!({
        "timestamp": instant(at),
        "processingTimeMillis": at.duration_since(accepted.at).as_millis().max(1),
        "recipients": [accepted.recipient],
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "mta.example.com",
    })
}

fn delay(accepted: &Accepted, at: Timestamp) -> Value {
    json!({
        "timestamp": instant(at),
        "delayType": "TransientCommunicationFailure",
        "expirationTime": instant(at.saturating_add(jiff::SignedDuration::from_hours(14)).unwrap_or(at)),
        "delayedRecipients": [{
            "emailAddress": accepted.recipient,
            "status": "4.4.1",
            "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
        }],
    })
}

fn bounced(bounce: Bounce, accepted: &Accepted, at: Timestamp) -> Value {
    let (kind, sub_kind, status, said) = match bounce {
        Bounce::Permanent => ("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),
        Bounce::Suppressed => (
            "Permanent",
            "Suppressed",
            "5.1.1",
            "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an \
             invalid address.",
        ),
        Bounce::Transient => ("Transient", "General", "4.0.0", "smtp; 450 4.0.0 out of the office"),
    };
    json!({
        "bounceType": kind,
        "bounceSubType": sub_kind,
        "bouncedRecipients": [{
            "emailAddress": accepted.recipient,
            "action": "failed",
            "status": status,
            "diagnosticCode": said,
        }],
        "timestamp": instant(at),
        "feedbackId": format!("{}-bounce", accepted.message_id),
        "reportingMTA": "dsn; mta.example.com",
    })
}

fn complaint(accepted: &Accepted, at: Timestamp) -> Value {
    json!({
        "complainedRecipients": [{ "emailAddress": accepted.recipient }],
        "timestamp": instant(at),
        "feedbackId": format!("{}-complaint", accepted.message_id),
        "complaintSubType": null,
        "complaintFeedbackType": "abuse",
        "userAgent": "ExampleCorp Feedback Loop (V0.01)",
        "arrivalDate": instant(at),
    })
}

fn bare_address(from: &str) -> &str {
    let inside = from.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(from, |(address, _)| address)
}

fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn accepted() -> Accepted {
        Accepted {
            message_id: "0100-1".to_owned(),
            recipient: "bounce@example.com".to_owned(),
            from: "Aurora Shop <notice@aurora.example>".to_owned(),
            tags: BTreeMap::from([("chunk".to_owned(), "c1".to_owned())]),
            region: "eu-central-1".to_owned(),
            configuration_set: "tocsin-eu-central-1".to_owned(),
            operation: "SendBulkEmail",
            at: "2026-11-23T18:00:00.5Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_bounce_reads_like_one_of_ses() {
        let at = "2026-11-23T18:00:02Z".parse().unwrap();
        let said = MailEvent::Bounce(Bounce::Permanent).notification(&accepted(), at);
        assert_eq!(said["eventType"], "Bounce");
        assert_eq!(said["bounce"]["bounceType"], "Permanent");
        assert_eq!(said["bounce"]["bouncedRecipients"][0]["emailAddress"], "bounce@example.com");
        assert_eq!(said["bounce"]["timestamp"], "2026-11-23T18:00:02.000Z");
        assert_eq!(said["mail"]["timestamp"], "2026-11-23T18:00:00.500Z");
        assert_eq!(said["mail"]["messageId"], "0100-1");
        assert_eq!(said["mail"]["tags"]["chunk"], json!(["c1"]));
        assert_eq!(said["mail"]["tags"]["ses:configuration-set"], json!(["tocsin-eu-central-1"]));
        assert_eq!(said["mail"]["tags"]["ses:from-domain"], json!(["aurora.example"]));
    }

    #[test]
    fn a_delivery_says_how_long_it_took() {
        let at = "2026-11-23T18:00:02Z".parse().unwrap();
        let said = MailEvent::Delivery.notification(&accepted(), at);
        assert_eq!(said["delivery"]["processingTimeMillis"], 1500);
        assert_eq!(said["delivery"]["recipients"], json!(["bounce@example.com"]));
    }
}
