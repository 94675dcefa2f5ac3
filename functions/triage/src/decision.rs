//! The decision, as a function of what is known.

use jiff::SignedDuration;
use tocsin_domain::id::{IncidentId, SignalId};
use tocsin_domain::incident::{Halt, Incident, Stage};
use tocsin_domain::signal::SignalStatus;
use tocsin_domain::tenant::TriagePolicy;
use tocsin_ports::store::signals::StoredSignal;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// An incident has this signal already.
    Known(IncidentId),
    Join(IncidentId),
    Open,
    /// Not an incident, and why: GDPR Article 33(5) wants that kept too.
    Dismiss(String),
}

pub fn decide(
    policy: &TriagePolicy,
    id: SignalId,
    stored: &StoredSignal,
    touched: &[String],
    incidents: &[Incident],
) -> Decision {
    if let Some(known) = incidents.iter().find(|incident| incident.signals.contains(&id)) {
        return Decision::Known(known.id);
    }
    if let Some(open) = incidents.iter().rev().find(|incident| takes(policy, incident, stored, touched)) {
        return Decision::Join(open.id);
    }
    match stored.signal.status {
        SignalStatus::Resolved => {
            Decision::Dismiss("the source says that it is resolved, and no incident has it".to_owned())
        }
        SignalStatus::Open if stored.signal.severity >= policy.opens_at => Decision::Open,
        SignalStatus::Open => {
            Decision::Dismiss(format!("{} is below {}", stored.signal.severity, policy.opens_at))
        }
    }
}

/// Within the tenant's window, whichever of the two came first. A cancelled incident takes nothing more, and one whose
/// plan is approved takes no evidence of other people: they would be told of nothing.
fn takes(policy: &TriagePolicy, incident: &Incident, stored: &StoredSignal, touched: &[String]) -> bool {
    let window = SignedDuration::from_hours(policy.joins_within_hours.into());
    let apart = stored.received_at.duration_since(incident.opened_at).abs();
    let takes_people = match incident.stage {
        Stage::Scoping | Stage::Blocked | Stage::AwaitingApproval => true,
        Stage::Sending => touched.iter().all(|name| incident.datasets.contains(name)),
    };
    incident.halt != Some(Halt::Cancelled) && takes_people && apart <= window
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use std::collections::BTreeMap;
    use tocsin_domain::id::TenantId;
    use tocsin_domain::signal::{Hints, Severity, Signal};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn tenant() -> TenantId {
        "shop".parse().unwrap()
    }

    fn id(name: &str) -> SignalId {
        SignalId::of(&tenant(), "test", name)
    }

    fn signal(severity: Severity, status: SignalStatus, received_at: &str) -> StoredSignal {
        StoredSignal {
            signal: Signal {
                source: "test".to_owned(),
                external_id: "1".to_owned(),
                severity,
                kind: String::new(),
                title: String::new(),
                occurred_at: None,
                status,
                hints: Hints::default(),
            },
            received_at: at(received_at),
            raw: String::new(),
        }
    }

    fn incident(opened_at: &str, halt: Option<Halt>) -> Incident {
        Incident {
            id: IncidentId::of(&tenant(), id("first")),
            tenant: tenant(),
            title: String::new(),
            severity: Severity::High,
            opened_at: at(opened_at),
            clocks: BTreeMap::new(),
            stated: Default::default(),
            signals: vec![id("first")],
            datasets: vec!["exports".to_owned()],
            datasets_later: Vec::new(),
            stage: Stage::Scoping,
            halt,
            scope_version: 1,
            scope: None,
            plan: None,
            amends_by: None,
            plan_versions: 0,
            attention: Vec::new(),
            pauses: BTreeMap::new(),
        }
    }

    #[test]
    fn the_table_of_decisions() {
        let policy = TriagePolicy { opens_at: Severity::High, joins_within_hours: 24 };
        let noon = "2026-11-23T12:00:00Z";
        let open = incident(noon, None);
        let cancelled = incident(noon, Some(Halt::Cancelled));
        let decide = |name, severity, status, received, incidents: &[Incident]| {
            decide(&policy, id(name), &signal(severity, status, received), &["exports".to_owned()], incidents)
        };
        let second = "second";
        assert_eq!(decide(second, Severity::High, SignalStatus::Open, noon, &[]), Decision::Open);
        assert!(matches!(
            decide(second, Severity::Medium, SignalStatus::Open, noon, &[]),
            Decision::Dismiss(_)
        ));
        assert!(matches!(
            decide(second, Severity::High, SignalStatus::Resolved, noon, &[]),
            Decision::Dismiss(_)
        ));
        assert_eq!(
            decide("first", Severity::High, SignalStatus::Open, noon, std::slice::from_ref(&open)),
            Decision::Known(open.id)
        );
        for (received, expected) in [
            ("2026-11-24T12:00:00Z", Decision::Join(open.id)),
            ("2026-11-24T12:00:01Z", Decision::Open),
            ("2026-11-22T12:00:00Z", Decision::Join(open.id)),
        ] {
            let got =
                decide(second, Severity::High, SignalStatus::Open, received, std::slice::from_ref(&open));
            assert_eq!(got, expected, "{received}");
        }
        assert_eq!(decide(second, Severity::High, SignalStatus::Open, noon, &[cancelled]), Decision::Open);
        let approved = Incident { stage: Stage::Sending, ..open.clone() };
        let of = |touched: &str| {
            let signal = signal(Severity::High, SignalStatus::Open, noon);
            super::decide(
                &policy,
                id(second),
                &signal,
                &[touched.to_owned()],
                std::slice::from_ref(&approved),
            )
        };
        assert_eq!(of("exports"), Decision::Join(open.id));
        assert_eq!(of("orders"), Decision::Open);
        assert_eq!(
            decide(second, Severity::Low, SignalStatus::Open, noon, std::slice::from_ref(&open)),
            Decision::Join(open.id)
        );
    }
}
