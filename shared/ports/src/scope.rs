//! The wall between tenants: there is no other way to build a key.

use tocsin_domain::id::TenantId;

use crate::table::Key;

/// Why we believe that this work is this tenant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A webhook carried a signature made with this tenant's secret.
    Signature,
    /// A signal named a resource that is on record as this tenant's alone.
    Route,
    /// The message came from one of our own queues, which only our own functions may write to.
    OwnQueue,
    /// An IAM principal on this tenant's list of roles asks.
    Principal,
    /// Whoever asks has the code of a link that only the reader of one of this tenant's notices got. It opens that notice
    /// and nothing else.
    Link,
    /// A function that serves every tenant (`dispatch`, `watch`, an administrator's `console`) turns to this one.
    Sweep,
}

/// One tenant's part of every table, bucket and secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantScope {
    tenant: TenantId,
    proof: Proof,
}

impl TenantScope {
    pub fn proven(tenant: TenantId, proof: Proof) -> Self {
        Self { tenant, proof }
    }

    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub fn proof(&self) -> Proof {
        self.proof
    }

    /// A key of this tenant. Parts hold ids and fixed words, none of which contains `#`.
    pub(crate) fn key(&self, partition: &[&str], sort: impl Into<String>) -> Key {
        Key::new(self.partition(partition), sort.into())
    }

    pub(crate) fn partition(&self, parts: &[&str]) -> String {
        std::iter::once(self.tenant.as_str()).chain(parts.iter().copied()).collect::<Vec<_>>().join("#")
    }

    /// Where a file of this tenant lies in the vault.
    pub fn vault_key(&self, parts: &[&str]) -> String {
        std::iter::once(self.tenant.as_str()).chain(parts.iter().copied()).collect::<Vec<_>>().join("/")
    }

    /// Whether a vault key that came from outside is this tenant's own.
    pub fn owns_vault_key(&self, key: &str) -> bool {
        key.strip_prefix(self.tenant.as_str()).is_some_and(|rest| rest.starts_with('/'))
            && !key.split('/').any(|part| part == "..")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_key_is_owned_by_its_first_part() {
        let scope = TenantScope::proven("shop".parse().unwrap(), Proof::OwnQueue);
        assert!(scope.owns_vault_key("shop/manifests/a.csv"));
        for foreign in ["shop2/a.csv", "shop", "other/a.csv", "shop/../other/a.csv", "/shop/a"] {
            assert!(!scope.owns_vault_key(foreign), "{foreign}");
        }
    }
}
