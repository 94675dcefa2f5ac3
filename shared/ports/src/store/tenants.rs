//! Tenants' settings.

use tocsin_audit::Leaf;
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::tenant::Tenant;

use super::{directory, leaves, missing, read_doc, with_doc};
use crate::scope::TenantScope;
use crate::table::{Condition, Key, ReadHome, Write, WriteError, WriteHome};

/// Puts the settings and the tenant's routes, or nothing at all; routes that it had before and has no more are freed.
///
/// A route that another tenant holds refuses the whole change; the error names it. Two that put the same tenant at once
/// could leave a freed route behind: the console is the only one who does, for one person at a time.
pub async fn put(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    tenant: &Tenant,
    leaf: &Leaf,
) -> Result<(), Halt> {
    let routes: Vec<(&str, &str)> = tenant.routes.all().collect();
    let mut writes: Vec<Write> =
        routes.iter().map(|(kind, value)| directory::route(scope.tenant(), kind, value)).collect();
    let before = find(ports, scope).await?;
    let freed = before.iter().flat_map(|before| before.routes.all()).filter(|route| !routes.contains(route));
    writes.extend(freed.map(|(kind, value)| directory::free_route(scope.tenant(), kind, value)));
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
