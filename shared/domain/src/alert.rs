//! The alert: what operators are told when something waits for a person. Ids, duties and instants, and no personal data.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::escalation::{AlertTarget, WebhookFormat};
use crate::id::{IncidentId, TenantId};
use crate::webhook_signature;

/// SNS takes a subject of so many ASCII characters: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const LONGEST_SUBJECT: usize = 100;

/// PagerDuty takes a summary of so many characters:
/// <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>
const LONGEST_SUMMARY: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Stays the same however often it is sent, so that a receiver may leave out the second.
    pub id: String,
    pub tenant: TenantId,
    pub incident: IncidentId,
    /// What to see to, a sentence each.
    pub tasks: Vec<String>,
}

/// An alert in the form of its target, ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertMessage {
    Topic { topic: String, subject: String, text: String },
    Mail { from: String, to: String, subject: String, text: String },
    Post { url: String, headers: Vec<(&'static str, String)>, body: String },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoMessage {
    #[error("the secret {0} is not put, or holds no key: put the tenant again with --secret {0}=FILE")]
    Secret(String),
    #[error("the secret {0}: {1}")]
    Key(String, webhook_signature::BadKey),
}

impl Alert {
    /// The command that shows more.
    pub fn command(&self) -> String {
        format!("tocsin incident show --tenant {} {}", self.tenant, self.incident)
    }

    pub fn subject(&self) -> String {
        let subject = format!("Tocsin: {}, incident {}: a person is needed", self.tenant, self.incident);
        subject.chars().take(LONGEST_SUBJECT).collect()
    }

    pub fn text(&self) -> String {
        let tasks: String = self.tasks.iter().map(|task| format!("- {task}\n")).collect();
        format!("{}\n\n{tasks}\n{}\n", self.subject(), self.command())
    }

    /// The alert for one target. `sender` is the tenant's own address; `keys` are those of the target's secret.
    pub fn to(
        &self,
        target: &AlertTarget,
        sender: &str,
        keys: &[String],
        now: Timestamp,
    ) -> Result<AlertMessage, NoMessage> {
        match target {
            AlertTarget::SnsTopic { name: _, topic } => {
                Ok(AlertMessage::Topic { topic: topic.clone(), subject: self.subject(), text: self.text() })
            }
            AlertTarget::Email { name: _, to } => {
                let (subject, text) = (self.subject(), self.text());
                Ok(AlertMessage::Mail { from: sender.to_owned(), to: to.clone(), subject, text })
            }
            AlertTarget::Webhook { name: _, url, secret, format } => {
                let key = keys.first().ok_or_else(|| NoMessage::Secret(secret.clone()))?;
                let (url, body) = match format {
                    WebhookFormat::Standard => (url.clone(), self.standard(now)),
                    WebhookFormat::Pagerduty => (url.clone(), self.pagerduty(key)),
                    WebhookFormat::Slack => {
                        (format!("{}/{}", url.trim_end_matches('/'), key.trim_matches('/')), self.slack())
                    }
                };
                let body = body.to_string();
                let mut headers = vec![("content-type", "application/json".to_owned())];
                if *format == WebhookFormat::Standard {
                    let signed = webhook_signature::headers(keys, &self.id, now, &body)
                        .map_err(|error| NoMessage::Key(secret.clone(), error))?;
                    headers.extend(signed);
                }
                Ok(AlertMessage::Post { url, headers, body })
            }
        }
    }

    fn details(&self) -> Value {
        json!({
            "id": self.id, "tenant": self.tenant, "incident": self.incident, "tasks": self.tasks,
            "command": self.command(),
        })
    }

    fn standard(&self, now: Timestamp) -> Value {
        json!({ "type": "tocsin.alert", "timestamp": now, "data": self.details() })
    }

    /// Alerts with one key are one in PagerDuty.
    fn pagerduty(&self, routing_key: &str) -> Value {
        let summary = format!("{}: {}", self.subject(), self.tasks.join("; "));
        json!({
            "routing_key": routing_key,
            "event_action": "trigger",
            "dedup_key": self.id,
            "payload": {
                "summary": summary.chars().take(LONGEST_SUMMARY).collect::<String>(),
                "source": format!("tocsin/{}", self.tenant),
                "severity": "critical",
                "custom_details": self.details(),
            },
        })
    }

    /// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>; three signs have to be written as
    /// entities: <https://docs.slack.dev/messaging/formatting-message-text>
    fn slack(&self) -> Value {
        json!({ "text": self.text().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SignalId;

    fn alert() -> Alert {
        let tenant: TenantId = "shop".parse().unwrap();
        let incident = IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b"));
        Alert { id: "alert-1".to_owned(), tenant, incident, tasks: vec!["a <task> & more".to_owned()] }
    }

    fn post(format: WebhookFormat, key: &str) -> (String, Vec<(&'static str, String)>, Value) {
        let target = AlertTarget::Webhook {
            name: "hook".to_owned(),
            url: "https://hooks.example/services/".to_owned(),
            secret: "alert-hook".to_owned(),
            format,
        };
        match alert().to(&target, "", &[key.to_owned()], Timestamp::UNIX_EPOCH).unwrap() {
            AlertMessage::Post { url, headers, body } => (url, headers, serde_json::from_str(&body).unwrap()),
            other @ (AlertMessage::Topic { .. } | AlertMessage::Mail { .. }) => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_format_carries_its_secret_where_its_receiver_wants_it() {
        let (url, headers, body) = post(WebhookFormat::Standard, "whsec_AAAA");
        assert_eq!(url, "https://hooks.example/services/");
        assert_eq!(
            headers.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["content-type", "webhook-id", "webhook-timestamp", "webhook-signature"]
        );
        assert_eq!((&body["type"], &body["data"]["tenant"]), (&json!("tocsin.alert"), &json!("shop")));

        let (url, headers, body) = post(WebhookFormat::Pagerduty, "routing");
        assert_eq!((url.as_str(), headers.len()), ("https://hooks.example/services/", 1));
        assert_eq!((&body["routing_key"], &body["dedup_key"]), (&json!("routing"), &json!("alert-1")));
        assert_eq!(body["payload"]["severity"], "critical");

        let (url, headers, body) = post(WebhookFormat::Slack, "/T0/B0/x");
        assert_eq!((url.as_str(), headers.len()), ("https://hooks.example/services/T0/B0/x", 1));
        let text = body["text"].as_str().unwrap();
        assert!(
            text.contains("a &lt;task&gt; &amp; more")
                && text.contains("tocsin incident show --tenant shop ")
        );
    }

    #[test]
    fn a_secret_that_is_not_put_is_named() {
        let target = AlertTarget::Webhook {
            name: "hook".to_owned(),
            url: "https://hooks.example".to_owned(),
            secret: "alert-hook".to_owned(),
            format: WebhookFormat::Slack,
        };
        let none = alert().to(&target, "", &[], Timestamp::UNIX_EPOCH);
        assert_eq!(none, Err(NoMessage::Secret("alert-hook".to_owned())));
    }

    #[test]
    fn a_subject_fits_where_subjects_are_short() {
        let tenant: TenantId = "a".repeat(40).parse().unwrap();
        let long = Alert { tenant, ..alert() };
        assert!(long.subject().is_ascii() && long.subject().chars().count() <= LONGEST_SUBJECT);
    }
}
