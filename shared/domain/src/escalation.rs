//! Who is told when something waits for a person, and when: what a tenant's administrators decided beforehand.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::person::EmailAddress;

/// How the secrets of alert targets are named, so that no other secret can be sent to one.
pub const SECRET_PREFIX: &str = "alert-";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// At which shares of its time left, in percent, a duty that is not met is escalated: the largest first, such as
    /// 50, 25, 10. It is escalated once more when its time is over.
    pub at_percent_left: Vec<u32>,
    /// Everybody here is told of everything that waits for a person.
    pub targets: Vec<AlertTarget>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AlertTarget {
    /// A topic of this AWS account.
    SnsTopic { name: String, topic: String },
    /// From the address of the tenant's notices, by SES in the home region.
    Email { name: String, to: String },
    /// `secret` names the tenant's secret that goes with it, which begins with `alert-`: what it holds, `format` says.
    Webhook { name: String, url: String, secret: String, format: WebhookFormat },
}

/// The body of a webhook, and what its secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookFormat {
    /// Signed after Standard Webhooks. The secret is the keys, `whsec_` and base64, newest first.
    Standard,
    /// PagerDuty Events API v2. The secret is the integration's routing key.
    Pagerduty,
    /// A Slack incoming webhook. The secret is the end of its address, behind `https://hooks.slack.com/services`.
    Slack,
}

impl AlertTarget {
    pub fn name(&self) -> &str {
        match self {
            AlertTarget::SnsTopic { name, .. }
            | AlertTarget::Email { name, .. }
            | AlertTarget::Webhook { name, .. } => name,
        }
    }

    /// The name of the secret that goes with it.
    pub fn secret(&self) -> Option<&str> {
        match self {
            AlertTarget::SnsTopic { .. } | AlertTarget::Email { .. } => None,
            AlertTarget::Webhook { secret, .. } => Some(secret),
        }
    }

    fn problem(&self) -> Option<String> {
        let problem = match self {
            AlertTarget::SnsTopic { topic, .. } => region_of_topic(topic).is_none().then(|| {
                "topic is no ARN of an SNS topic, such as arn:aws:sns:eu-central-1:111122223333:on-call"
                    .to_owned()
            }),
            AlertTarget::Email { to, .. } => to.parse::<EmailAddress>().err().map(|error| error.to_string()),
            AlertTarget::Webhook { url, secret, .. } => {
                if !is_https(url) {
                    Some("url has to be https://HOST and a path, without a user in it".to_owned())
                } else if !secret.starts_with(SECRET_PREFIX) {
                    Some(format!("the secret's name has to begin with {SECRET_PREFIX}"))
                } else {
                    None
                }
            }
        };
        problem.map(|problem| format!("the alert target {}: {problem}", self.name()))
    }
}

/// `arn:PARTITION:sns:REGION:ACCOUNT:NAME`
pub fn region_of_topic(arn: &str) -> Option<&str> {
    match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", partition, "sns", region, account, name]
            if partition.starts_with("aws") && ![region, account, name].contains(&"") =>
        {
            Some(region)
        }
        _ => None,
    }
}

fn is_https(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty() && !host.contains('@') && url.bytes().all(|sign| sign.is_ascii_graphic())
}

impl Escalation {
    /// What is wrong with it, for the administrator who wrote it.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.targets.iter().filter_map(AlertTarget::problem).collect();
        let shares = &self.at_percent_left;
        let descending = shares.iter().zip(shares.iter().skip(1)).all(|(share, next)| share > next);
        if shares.is_empty() || !descending || !shares.iter().all(|share| (1..=99).contains(share)) {
            problems.push(
                "escalation.at_percent_left has to be shares of 99 to 1 percent, each smaller than the one before"
                    .to_owned(),
            );
        }
        if self.targets.is_empty() {
            problems.push("escalation.targets is empty: nobody would be told".to_owned());
        }
        let names: BTreeSet<&str> = self.targets.iter().map(AlertTarget::name).collect();
        if names.len() < self.targets.len() {
            problems.push("two alert targets have the same name".to_owned());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(url: &str, secret: &str) -> AlertTarget {
        AlertTarget::Webhook {
            name: "pager".to_owned(),
            url: url.to_owned(),
            secret: secret.to_owned(),
            format: WebhookFormat::Standard,
        }
    }

    fn topic(arn: &str) -> AlertTarget {
        AlertTarget::SnsTopic { name: "topic".to_owned(), topic: arn.to_owned() }
    }

    #[test]
    fn a_target_that_cannot_be_reached_is_refused_when_it_is_put() {
        let mail = |to: &str| AlertTarget::Email { name: "mail".to_owned(), to: to.to_owned() };
        for (target, good) in [
            (webhook("https://events.example/v2/enqueue", "alert-pager"), true),
            (webhook("https://events.example:8443", "alert-pager"), true),
            (webhook("http://events.example/", "alert-pager"), false),
            (webhook("https://", "alert-pager"), false),
            (webhook("https:///path", "alert-pager"), false),
            (webhook("https://user:pass@events.example/", "alert-pager"), false),
            (webhook("https://events.example/a b", "alert-pager"), false),
            (webhook("https://events.example/", "identity-key"), false),
            (topic("arn:aws:sns:eu-central-1:111122223333:on-call"), true),
            (topic("arn:aws:sqs:eu-central-1:111122223333:on-call"), false),
            (topic("on-call"), false),
            (topic("arn:aws:sns::111122223333:on-call"), false),
            (mail("on-call@shop.example"), true),
            (mail("on-call"), false),
        ] {
            assert_eq!(target.problem().is_none(), good, "{target:?}");
        }
    }

    #[test]
    fn shares_descend_and_somebody_is_told() {
        let of = |shares: &[u32], targets: Vec<AlertTarget>| {
            Escalation { at_percent_left: shares.to_vec(), targets }.problems().len()
        };
        let one = || vec![topic("arn:aws:sns:eu-central-1:111122223333:on-call")];
        for (shares, wrong) in [
            (vec![50, 25, 10], 0),
            (vec![99, 1], 0),
            (vec![], 1),
            (vec![10, 25], 1),
            (vec![25, 25], 1),
            (vec![100], 1),
            (vec![0], 1),
        ] {
            assert_eq!(of(&shares, one()), wrong, "{shares:?}");
        }
        assert_eq!(of(&[50], Vec::new()), 1);
        assert_eq!(of(&[50], [one(), one()].concat()), 1);
    }

    #[test]
    fn a_field_that_is_not_known_is_refused() {
        let read = |text: &str| serde_json::from_str::<AlertTarget>(text);
        assert!(read(r#"{"kind": "email", "name": "a", "to": "a@shop.example"}"#).is_ok());
        assert!(read(r#"{"kind": "email", "name": "a", "to": "a@shop.example", "cc": "b"}"#).is_err());
        assert!(read(r#"{"kind": "pigeon", "name": "a"}"#).is_err());
    }
}
