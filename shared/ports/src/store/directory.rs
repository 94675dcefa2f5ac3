//! Which tenants there are, and to which of them a resource belongs. Names only: nothing of a tenant's data.

use tocsin_domain::id::TenantId;
use tocsin_domain::outcome::Halt;

use super::{all, unreadable};
use crate::scope::{Proof, TenantScope};
use crate::table::{Attributes, Condition, Key, ReadHome, Test, Write};

/// A scope for each tenant, for the functions that serve all of them.
pub async fn every_tenant(ports: &impl ReadHome) -> Result<Vec<TenantScope>, Halt> {
    let mut scopes = Vec::new();
    for item in all(ports, "@tenants".to_owned(), "").await? {
        let tenant = item.key.sort().parse().map_err(|_| unreadable(&item))?;
        scopes.push(TenantScope::proven(tenant, Proof::Sweep));
    }
    Ok(scopes)
}

/// The tenant that a resource is on record for. `None` is for a person to look at, never for a guess.
pub async fn tenant_of_route(
    ports: &impl ReadHome,
    kind: &str,
    value: &str,
) -> Result<Option<TenantScope>, Halt> {
    let Some(item) = ports.get(&route_key(kind, value)).await? else {
        return Ok(None);
    };
    let tenant = item.text("tenant").and_then(|text| text.parse().ok()).ok_or_else(|| unreadable(&item))?;
    Ok(Some(TenantScope::proven(tenant, Proof::Route)))
}

pub(super) fn listing(tenant: &TenantId) -> Write {
    Write::Put {
        key: Key::new("@tenants".to_owned(), tenant.to_string()),
        attributes: Attributes::new(),
        only_if: Condition::Always,
    }
}

/// A route is a tenant's own: the write fails when another tenant has it.
pub(super) fn route(tenant: &TenantId, kind: &str, value: &str) -> Write {
    Write::Put {
        key: route_key(kind, value),
        attributes: Attributes::from([("tenant", tenant.as_str().into())]),
        only_if: Condition::AbsentOr(vec![Test::Is("tenant", tenant.as_str().into())]),
    }
}

/// Frees a route, unless it is another tenant's by now.
pub(super) fn free_route(tenant: &TenantId, kind: &str, value: &str) -> Write {
    Write::Delete {
        key: route_key(kind, value),
        only_if: Condition::AbsentOr(vec![Test::Is("tenant", tenant.as_str().into())]),
    }
}

fn route_key(kind: &str, value: &str) -> Key {
    Key::new("@routes".to_owned(), format!("{kind}#{value}"))
}
