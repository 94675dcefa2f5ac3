//! What the secrets of a tenant say.

use tocsin_domain::id::IdentityKey;
use tocsin_domain::outcome::{Halt, Parked};

use crate::ports::{IDENTITY_KEY, ReadSecrets};
use crate::scope::TenantScope;

/// The key under which people get their ids.
pub async fn identity_key(ports: &impl ReadSecrets, scope: &TenantScope) -> Result<IdentityKey, Halt> {
    let secret = ports.secret(scope, IDENTITY_KEY).await?;
    secret.and_then(|secret| IdentityKey::from_hex(secret.expose()).ok()).ok_or_else(|| {
        let detail = "the tenant has no identity key; put the tenant again to make one".to_owned();
        Parked::Settings { detail }.into()
    })
}
