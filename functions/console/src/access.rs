//! Who may do what. A principal without a role of the tenant does not learn whether the tenant exists.

use tocsin_domain::id::TenantId;
use tocsin_domain::tenant::{Role, Tenant, listed};
use tocsin_ports::store::tenants;
use tocsin_ports::{Configured, Proof, ReadHome, TenantScope};

use crate::No;

pub async fn any_role(
    ports: &impl ReadHome,
    principal: &str,
    tenant: TenantId,
) -> Result<(TenantScope, Tenant), No> {
    let scope = TenantScope::proven(tenant, Proof::Principal);
    let settings = tenants::find(ports, &scope).await?.ok_or(No::Forbidden)?;
    let roles = settings.standing_of(principal).and_then(|entry| settings.roles.get(entry));
    if roles.is_none_or(Vec::is_empty) {
        return Err(No::Forbidden);
    }
    Ok((scope, settings))
}

pub async fn with_role(
    ports: &impl ReadHome,
    principal: &str,
    tenant: TenantId,
    role: Role,
) -> Result<(TenantScope, Tenant), No> {
    with_a_role_of(ports, principal, tenant, &[role]).await
}

/// Whoever has one of the roles may.
pub async fn with_a_role_of(
    ports: &impl ReadHome,
    principal: &str,
    tenant: TenantId,
    roles: &[Role],
) -> Result<(TenantScope, Tenant), No> {
    let (scope, settings) = any_role(ports, principal, tenant).await?;
    if !roles.iter().any(|role| settings.may(principal, *role)) {
        return Err(No::Forbidden);
    }
    Ok((scope, settings))
}

/// The log of a tenant is for its auditors; the installation's own for its administrators, who may read all.
pub async fn auditor(
    ports: &(impl ReadHome + Configured),
    principal: &str,
    tenant: TenantId,
) -> Result<TenantScope, No> {
    if is_administrator(ports, principal) {
        return Ok(TenantScope::proven(tenant, Proof::Principal));
    }
    with_role(ports, principal, tenant, Role::Auditor).await.map(|(scope, _)| scope)
}

pub fn is_administrator(ports: &impl Configured, principal: &str) -> bool {
    listed(principal, ports.settings().administrators.iter().map(String::as_str)).is_some()
}
