//! What our things are called in an account. `template.yaml` and `infra/regional.yaml` give the same names.

use tocsin_domain::id::TenantId;
use tocsin_ports::Queue;

/// The index of the home table: partition `wake_pk`, sort `wake`, keys only.
pub(crate) const WAKE_INDEX: &str = "wake";

pub(crate) fn home_table(prefix: &str) -> String {
    format!("{prefix}-home")
}

/// The same name in every region.
pub(crate) fn people_table(prefix: &str) -> String {
    format!("{prefix}-people")
}

pub(crate) fn queue(prefix: &str, queue: &Queue) -> String {
    match queue {
        // The same name in every region.
        Queue::Parked(_) => format!("{prefix}-parked"),
        Queue::Siem
        | Queue::Signals
        | Queue::Scope
        | Queue::Plan
        | Queue::Notices(_)
        | Queue::Receipts(_) => format!("{prefix}-{queue}"),
    }
}

pub(crate) fn dead_letter_queue(prefix: &str, of: &Queue) -> String {
    format!("{}-dlq", queue(prefix, of))
}

pub(crate) fn configuration_set(prefix: &str, region: &str) -> String {
    format!("{prefix}-{region}")
}

pub(crate) fn secret(prefix: &str, tenant: &TenantId, name: &str) -> String {
    format!("{prefix}/{tenant}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_templates() {
        assert_eq!(home_table("tocsin"), "tocsin-home");
        assert_eq!(people_table("tocsin"), "tocsin-people");
        let notices = Queue::Notices("us-east-1".to_owned());
        assert_eq!(dead_letter_queue("tocsin", &notices), "tocsin-notices-us-east-1-dlq");
        assert_eq!(configuration_set("tocsin", "us-east-1"), "tocsin-us-east-1");
        assert_eq!(secret("tocsin", &"shop".parse().unwrap(), "webhook"), "tocsin/shop/webhook");
        for (of, name) in [
            (Queue::Signals, "tocsin-signals"),
            (Queue::Scope, "tocsin-scope"),
            (Queue::Plan, "tocsin-plan"),
            (Queue::Siem, "tocsin-siem"),
            (notices, "tocsin-notices-us-east-1"),
            (Queue::Receipts("us-east-1".to_owned()), "tocsin-receipts-us-east-1"),
            (Queue::Parked("us-east-1".to_owned()), "tocsin-parked"),
        ] {
            assert_eq!(queue("tocsin", &of), name);
        }
    }
}
