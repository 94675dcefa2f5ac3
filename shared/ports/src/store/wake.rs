//! The index of what somebody has to look at, and when. Each kind has a partition of its own, and what a look cannot end
//! goes behind what waits for one: so nothing, however much it is, keeps anything else from being seen.
//!
//! The index lags behind the table: whoever is woken looks at the item itself before acting.

use jiff::Timestamp;
use tocsin_domain::chunk::ChunkState;

use crate::ports::PortError;
use crate::scope::TenantScope;
use crate::table::{Attributes, ReadHome, Woken};

/// How many things of one kind a tick takes on of one tenant.
const WOKEN: u32 = 10_000;

/// What there is to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Canaries,
    /// Chunks that go onto their queue again.
    ChunksToSend,
    /// Chunks that are being handed over, are in doubt, or have to move on.
    ChunksToSettle,
    Incidents,
    Unreached,
    Waves,
}

impl Kind {
    pub fn of_chunk(state: ChunkState) -> Self {
        match state {
            ChunkState::Due | ChunkState::Refused => Kind::ChunksToSend,
            ChunkState::Planned | ChunkState::HandingOver | ChunkState::Accepted | ChunkState::Undecided => {
                Kind::ChunksToSettle
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Canaries => "canaries",
            Kind::ChunksToSend => "chunks-to-send",
            Kind::ChunksToSettle => "chunks-to-settle",
            Kind::Incidents => "incidents",
            Kind::Unreached => "unreached",
            Kind::Waves => "waves",
        }
    }

    fn partition(self, scope: &TenantScope) -> String {
        scope.partition(&["wake", self.name()])
    }
}

/// The attributes by which an item stands in the index.
pub(super) const ATTRIBUTES: [&str; 2] = ["wake_pk", "wake"];

/// The attributes under which an item stands in the index from this instant on.
pub(super) fn waking(scope: &TenantScope, kind: Kind, at: Timestamp) -> Attributes {
    let [partition, wake] = ATTRIBUTES;
    Attributes::from([
        (partition.to_owned(), kind.partition(scope).into()),
        (wake.to_owned(), super::sortable(at).into()),
    ])
}

/// What the tenant has to look at of a kind by now, soonest first.
pub(super) async fn woken(
    ports: &impl ReadHome,
    scope: &TenantScope,
    kind: Kind,
    now: Timestamp,
) -> Result<Vec<Woken>, PortError> {
    ports.woken(&kind.partition(scope), now, WOKEN).await
}
