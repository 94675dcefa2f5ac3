//! Tenants' settings.

use tocsin_audit::Leaf;
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::tenant::Tenant;

use super::{directory, leaves, missing, read_doc, with_doc};
use crate::scope::TenantScope;
use crate::table::{Condition, Key, ReadHome, Write, WriteError, WriteHome};

/// Puts the settings and the tenant's routes, or nothing at all.
///
/// A route that another tenant holds refuses the whole change; the error names it.
pub async fn put(
    ports: &impl WriteHome,
    scope: &TenantScope,
    tenant: &Tenant,
    leaf: &Leaf,
) -> Result<(), Halt> {
    let routes: Vec<(&str, &str)> = tenant.routes.all().collect();
    let mut writes: Vec<Write> =
        routes.iter().map(|(kind, value)| directory::route(scope.tenant(), kind, value)).collect();
    writes.push(directory::listing(scope.tenant()));
    writes.push(Write::Put { key: key(scope), attributes: with_doc(tenant)?, only_if: Condition::Always });
    writes.push(leaves::leaf(scope, leaf));
    match ports.write(writes).await {
        Ok(()) => Ok(()),
        Err(WriteError::Refused(place)) => {
            let (kind, value) = routes.get(place).copied().unwrap_or(("", ""));
            Err(Halt::Park(Parked::Settings { detail: format!("the {kind} {value} is another tenant's") }))
        }
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

pub async fn get(ports: &impl ReadHome, scope: &TenantScope) -> Result<Tenant, Halt> {
    match find(ports, scope).await? {
        Some(tenant) => Ok(tenant),
        None => Err(missing(format!("the tenant {}", scope.tenant()))),
    }
}

pub async fn find(ports: &impl ReadHome, scope: &TenantScope) -> Result<Option<Tenant>, Halt> {
    match ports.get(&key(scope)).await? {
        Some(item) => read_doc(&item).map(Some),
        None => Ok(None),
    }
}

fn key(scope: &TenantScope) -> Key {
    scope.key(&[], "tenant")
}
