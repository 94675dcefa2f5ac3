//! What a vendor's topics tell about security, as data.

use tocsin_domain::signal::Severity;

/// A topic that becomes a signal. All others are ordinary.
pub(crate) struct Topic {
    pub name: &'static str,
    pub severity: Severity,
    /// Of the signal; a fixed sentence, so that nothing of the body gets into it.
    pub title: &'static str,
}

pub(crate) const fn topic(name: &'static str, severity: Severity, title: &'static str) -> Topic {
    Topic { name, severity, title }
}

pub(crate) fn find(topics: &'static [Topic], name: &str) -> Option<&'static Topic> {
    topics.iter().find(|topic| topic.name == name)
}
