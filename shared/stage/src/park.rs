//! Parking: what can never succeed as it stands is kept, recorded and shown to a person. Then, and only then,
//! it may be acknowledged.

use jiff::Timestamp;
use serde::Serialize;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::id::{TenantId, digest};
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_ports::{Parking, Proof, TenantScope, WriteHome, WriteVault, store};

/// What a person finds on the parking queue. The body itself lies in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note<'a> {
    pub v: u32,
    pub function: &'a str,
    pub message: &'a str,
    pub reason: &'static str,
    pub why: String,
    pub file: String,
}

/// Something to park.
#[derive(Debug, Clone, Copy)]
pub struct Parcel<'a> {
    pub function: &'static str,
    /// The message's id, or the request's.
    pub message: &'a str,
    pub body: &'a [u8],
    /// The tenant in whose log the leaf belongs; the installation's own where none is proven.
    pub scope: Option<&'a TenantScope>,
}

/// Keeps the body in the vault, records a leaf, and notes it on the parking queue, in this order: when a later
/// one fails the message comes back and all three happen again, with the same file and a leaf of the same id.
pub async fn park(
    ports: &(impl WriteVault + WriteHome + Parking),
    parcel: Parcel<'_>,
    why: &Parked,
    now: Timestamp,
) -> Result<(), Halt> {
    let own = TenantScope::proven(TenantId::installation(), Proof::OwnQueue);
    let scope = parcel.scope.unwrap_or(&own);
    let body_hash = hex(&digest("parked", &[parcel.body]));
    let file = scope.vault_key(&["parked", parcel.function, &body_hash]);
    ports.put_file(&file, parcel.body.to_vec()).await?;
    let leaf = Leaf::new(
        scope.tenant(),
        None,
        now,
        Actor::Function(parcel.function.to_owned()),
        Action::MessageParked,
        why.to_string(),
        [("reason", why.reason().to_owned()), ("body", body_hash)],
    );
    store::leaves::record(ports, scope, &leaf).await?;
    let note = Note {
        v: 1,
        function: parcel.function,
        message: parcel.message,
        reason: why.reason(),
        why: why.to_string(),
        file,
    };
    let body = serde_json::to_string(&note)
        .map_err(|error| Halt::Again(format!("the parking note could not be written: {error}")))?;
    Ok(ports.note_parked(body).await?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
