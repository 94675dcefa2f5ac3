//! The last step of every parser: a signal within bounds.

use tocsin_domain::signal::{Hints, Severity, Signal};

use crate::shopify::ShopDomain;
use crate::text::line;

/// The severity of an alert whose source gives none, or one that cannot be read: high enough that triage looks
/// at it, and no claim that it is harmless. Sources that define a severity for every finding do not get it.
pub(crate) const UNRATED: Severity = Severity::Medium;

const MAX_ID: usize = 1024;
const MAX_KIND: usize = 256;
const MAX_TITLE: usize = 512;
/// Entries of one list of hints, and characters of one entry. More is cut off: hints only help to find a tenant.
const MAX_HINTS: usize = 100;
const MAX_HINT: usize = 512;

/// A finding without an id of its own cannot be told from its redelivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    #[error("the finding has no id")]
    Missing,
    #[error("the finding's id is too long or holds a control character")]
    Unusable,
}

/// Cuts texts, sorts hints, takes addresses out.
/// The id is refused rather than cut: two cut ids may be one.
pub(crate) fn bounded(signal: Signal) -> Result<Signal, BadId> {
    if signal.external_id.is_empty() {
        return Err(BadId::Missing);
    }
    if signal.external_id.len() > MAX_ID || signal.external_id.chars().any(char::is_control) {
        return Err(BadId::Unusable);
    }
    Ok(Signal {
        source: line(&signal.source, MAX_KIND),
        kind: line(&signal.kind, MAX_KIND),
        title: line(&signal.title, MAX_TITLE),
        hints: Hints {
            accounts: tidy(signal.hints.accounts),
            buckets: tidy(signal.hints.buckets),
            shop_domains: tidy(signal.hints.shop_domains),
            resources: tidy(signal.hints.resources),
            actors: tidy(signal.hints.actors),
        },
        ..signal
    })
}

/// Adds a hint where there is one.
pub(crate) fn hint<T: Into<String>>(list: &mut Vec<String>, value: Option<T>) {
    list.extend(value.map(Into::into));
}

/// Adds a resource, and what leads from it to a tenant: an ARN's bucket and account, a shop's domain.
pub(crate) fn resource(hints: &mut Hints, id: Option<&str>) {
    let Some(id) = id.filter(|id| !id.is_empty()) else { return };
    hint(&mut hints.buckets, bucket_of_arn(id));
    hint(&mut hints.accounts, account_of_arn(id));
    hint(&mut hints.shop_domains, ShopDomain::parse(id).ok().map(|shop| shop.as_str().to_owned()));
    hint(&mut hints.resources, Some(id));
}

/// The account of `arn:aws:iam::444455556666:role/x`.
fn account_of_arn(arn: &str) -> Option<&str> {
    let account = arn.strip_prefix("arn:")?.split(':').nth(3)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

/// The bucket of `arn:aws:s3:::bucket/key`.
pub(crate) fn bucket_of_arn(arn: &str) -> Option<&str> {
    let (_, path) = arn.split_once(":s3:::")?;
    path.split('/').next().filter(|bucket| !bucket.is_empty())
}

/// The five words as products write them.
pub(crate) fn severity_word(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "informational" | "info" | "information" => Some(Severity::Informational),
        "low" => Some(Severity::Low),
        "medium" | "moderate" => Some(Severity::Medium),
        "high" => Some(Severity::High),
        "critical" | "fatal" | "very-high" | "very high" => Some(Severity::Critical),
        _ => None,
    }
}

fn tidy(list: Vec<String>) -> Vec<String> {
    let mut list: Vec<String> = list.iter().map(|entry| line(entry, MAX_HINT)).collect();
    list.retain(|entry| !entry.is_empty());
    list.sort();
    list.dedup();
    list.truncate(MAX_HINTS);
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_domain::signal::SignalStatus;

    fn signal(external_id: &str) -> Signal {
        Signal {
            source: "generic".to_owned(),
            external_id: external_id.to_owned(),
            severity: Severity::High,
            kind: "k".repeat(1000),
            title: "ada@example.com\n".repeat(1000),
            occurred_at: None,
            status: SignalStatus::Open,
            hints: Hints {
                actors: (0..1000).map(|n| format!("{:04}", n % 500)).chain(["".to_owned()]).collect(),
                ..Hints::default()
            },
        }
    }

    #[test]
    fn a_signal_stays_within_bounds() {
        let signal = bounded(signal("f-1")).unwrap();
        assert_eq!(signal.kind.len(), MAX_KIND);
        assert!(signal.title.chars().count() == MAX_TITLE && !signal.title.contains("ada"));
        assert_eq!(signal.hints.actors.len(), MAX_HINTS);
        assert!(signal.hints.actors.is_sorted());
    }

    #[test]
    fn an_id_is_kept_whole_or_refused() {
        assert_eq!(bounded(signal("")), Err(BadId::Missing));
        assert_eq!(bounded(signal("a\0b")), Err(BadId::Unusable));
        assert_eq!(bounded(signal(&"x".repeat(MAX_ID + 1))), Err(BadId::Unusable));
        assert_eq!(bounded(signal("owner@example.com")).unwrap().external_id, "owner@example.com");
    }

    #[test]
    fn a_resource_leads_to_a_tenant() {
        let mut hints = Hints::default();
        for id in
            ["arn:aws:s3:::exports/a.csv", "arn:aws:iam::444455556666:role/etl", "Lamps.myshopify.com", ""]
        {
            resource(&mut hints, Some(id));
        }
        assert_eq!(hints.buckets, ["exports"]);
        assert_eq!(hints.accounts, ["444455556666"]);
        assert_eq!(hints.shop_domains, ["lamps.myshopify.com"]);
        assert_eq!(hints.resources.len(), 3);
    }

    #[test]
    fn buckets_of_arns() {
        assert_eq!(bucket_of_arn("arn:aws:s3:::exports/2025/a.csv"), Some("exports"));
        assert_eq!(bucket_of_arn("arn:aws-cn:s3:::exports"), Some("exports"));
        assert_eq!(bucket_of_arn("arn:aws:s3:::"), None);
        assert_eq!(bucket_of_arn("exports"), None);
    }
}
