//! Leaves waiting to be sealed, and the sealed log.

use tocsin_audit::{Head, Leaf, Tile, seal};
use tocsin_domain::outcome::Halt;

use super::{all, overtaken, read_doc, sortable, with_doc};
use crate::scope::TenantScope;
use crate::table::{Attributes, Condition, Item, Key, ReadHome, Select, Test, Value, Write, WriteHome};

/// How many leaves one tile holds at most.
const TILE_LEAVES: u32 = 256;

/// How many bytes of leaves one tile holds at most: also when every second sign is escaped, less than DynamoDB's 400 KB an
/// item. One act of a person may leave hundreds of leaves, each with the reason.
const TILE_BYTES: usize = 150_000;

/// The leaf as a write, for the transaction of the change it describes.
pub fn leaf(scope: &TenantScope, leaf: &Leaf) -> Write {
    Write::Put {
        key: scope.key(&["unsealed"], format!("{}#{}", sortable(leaf.at), leaf.id)),
        attributes: Attributes::from([("leaf", Value::Text(leaf.text()))]),
        only_if: Condition::Always,
    }
}

/// A leaf for what changes nothing else.
pub async fn record(ports: &impl WriteHome, scope: &TenantScope, of: &Leaf) -> Result<(), Halt> {
    ports.write(vec![leaf(scope, of)]).await.map_err(overtaken)
}

/// Seals what waits, tile by tile, as long as that goes on, and answers how many leaves it sealed.
///
/// Two sealers at once: the head's condition lets one win, the other starts again later. A crash between a tile
/// and the removal of its leaves: the next run finds them in the last tile and removes them before it goes on.
pub async fn seal_waiting(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    goes_on: impl Fn() -> bool,
) -> Result<u64, Halt> {
    let mut sealed = 0;
    while goes_on() {
        let head = head(ports, scope).await?;
        remove_sealed(ports, scope, &head).await?;
        let waiting = waiting(ports, scope).await?;
        if waiting.is_empty() {
            return Ok(sealed);
        }
        let leaves = waiting.iter().filter_map(|item| item.text("leaf").map(str::to_owned)).collect();
        let (tile, next) = seal(&head, leaves);
        write_tile(ports, scope, &head, &tile, &next).await?;
        sealed += tile.leaves.len() as u64;
        ports.delete_all(waiting.into_iter().map(|item| item.key).collect()).await?;
    }
    Ok(sealed)
}

/// The whole sealed log: its tiles in order, and its head.
pub async fn log(ports: &impl ReadHome, scope: &TenantScope) -> Result<(Vec<Tile>, Head), Halt> {
    let head = head(ports, scope).await?;
    let items = all(ports, scope.partition(&["log"]), "tile#").await?;
    let mut tiles = items.iter().map(read_doc).collect::<Result<Vec<Tile>, Halt>>()?;
    // A tile that was written after the head was read belongs to the next reading.
    tiles.truncate(usize::try_from(head.tiles).unwrap_or(usize::MAX));
    Ok((tiles, head))
}

/// One sealed tile.
pub async fn tile(ports: &impl ReadHome, scope: &TenantScope, number: u64) -> Result<Option<Tile>, Halt> {
    match ports.get(&tile_key(scope, number)).await? {
        Some(item) => read_doc(&item).map(Some),
        None => Ok(None),
    }
}

/// Where the sealed log ends.
pub async fn head(ports: &impl ReadHome, scope: &TenantScope) -> Result<Head, Halt> {
    match ports.get(&scope.key(&["log"], "head")).await? {
        Some(item) => read_doc(&item),
        None => Ok(Head::empty(scope.tenant())),
    }
}

async fn waiting(ports: &impl ReadHome, scope: &TenantScope) -> Result<Vec<Item>, Halt> {
    let select = Select {
        partition: scope.partition(&["unsealed"]),
        sort_prefix: String::new(),
        after: None,
        limit: TILE_LEAVES,
    };
    let items = ports.select(&select).await?.items;
    let mut bytes = 0;
    let fits = |item: &Item| {
        bytes += item.text("leaf").map_or(0, str::len);
        bytes <= TILE_BYTES
    };
    Ok(items.into_iter().take_while(fits).collect())
}

async fn remove_sealed(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    head: &Head,
) -> Result<(), Halt> {
    let Some(last) = head.tiles.checked_sub(1) else {
        return Ok(());
    };
    let Some(item) = ports.get(&tile_key(scope, last)).await? else {
        return Ok(());
    };
    let tile: Tile = read_doc(&item)?;
    let left: Vec<Key> = waiting(ports, scope)
        .await?
        .into_iter()
        .filter(|item| item.text("leaf").is_some_and(|leaf| tile.leaves.iter().any(|sealed| sealed == leaf)))
        .map(|item| item.key)
        .collect();
    if !left.is_empty() {
        ports.delete_all(left).await?;
    }
    Ok(())
}

async fn write_tile(
    ports: &impl WriteHome,
    scope: &TenantScope,
    head: &Head,
    tile: &Tile,
    next: &Head,
) -> Result<(), Halt> {
    let mut attributes = with_doc(next)?;
    attributes.insert("hash", next.hash.clone().into());
    let writes = vec![
        Write::Put {
            key: tile_key(scope, tile.number),
            attributes: with_doc(tile)?,
            only_if: Condition::Absent,
        },
        Write::Put {
            key: scope.key(&["log"], "head"),
            attributes,
            only_if: Condition::AbsentOr(vec![Test::Is("hash", head.hash.clone().into())]),
        },
    ];
    ports.write(writes).await.map_err(overtaken)
}

fn tile_key(scope: &TenantScope, number: u64) -> Key {
    scope.key(&["log"], format!("tile#{number:012}"))
}
