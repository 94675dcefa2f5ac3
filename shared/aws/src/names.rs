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
        Queue::Signals => format!("{prefix}-signals"),
        Queue::Scope => format!("{prefix}-scope"),
        Queue::Plan => format!("{prefix}-plan"),
        Queue::Notices(region) => format!("{prefix}-notices-{region}"),
    }
}

/// The same name in every region.
pub(crate) fn parking_queue(prefix: &str) -> String {
    format!("{prefix}-parked")
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
        assert_eq!(parking_queue("tocsin"), "tocsin-parked");
        assert_eq!(configuration_set("tocsin", "us-east-1"), "tocsin-us-east-1");
        assert_eq!(secret("tocsin", &"shop".parse().unwrap(), "webhook"), "tocsin/shop/webhook");
        for (of, name) in [
            (Queue::Signals, "tocsin-signals"),
            (Queue::Scope, "tocsin-scope"),
            (Queue::Plan, "tocsin-plan"),
            (Queue::Notices("us-east-1".to_owned()), "tocsin-notices-us-east-1"),
        ] {
            assert_eq!(queue("tocsin", &of), name);
        }
    }
}
