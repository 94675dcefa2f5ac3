//! The verifier: a log file is whole, or here is where it breaks.
//!
//! The file holds one tile a line as JSON, and the head as its last line. Every byte counts: a line that reads
//! as the same tile but is written in another way is refused too.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tocsin_domain::id::TenantId;

use crate::leaf::Leaf;
use crate::log::{Head, Tile, seal};

/// What a whole log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub head: Head,
    pub leaves: Vec<Leaf>,
}

/// Where a log breaks. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("the file is empty or does not end with a line break: it was cut off")]
    CutOff,
    #[error("line {0} is not what the log writes: it was changed")]
    Line(usize),
    #[error("line {0} is of another tenant")]
    Tenant(usize),
    #[error(
        "line {0} does not follow from the lines before it: a leaf was changed, left out, put in or moved"
    )]
    Chain(usize),
    #[error("leaf {0} is not a leaf that this version knows")]
    Leaf(u64),
}

/// The file of a log.
pub fn export(tiles: &[Tile], head: &Head) -> String {
    let mut text = String::new();
    for tile in tiles {
        text.push_str(&line(tile));
    }
    text.push_str(&line(head));
    text
}

pub fn verify(file: &[u8]) -> Result<Verified, Broken> {
    let text = std::str::from_utf8(file).map_err(|error| {
        Broken::Line(1 + file[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count())
    })?;
    let body = text.strip_suffix('\n').ok_or(Broken::CutOff)?;
    let lines: Vec<&str> = body.split('\n').collect();
    let (last, tiles) = lines.split_last().ok_or(Broken::CutOff)?;
    let claimed: Head = exact(last, lines.len())?;
    let mut head = Head::empty(&claimed.tenant);
    let mut leaves = Vec::new();
    for (place, text) in tiles.iter().enumerate() {
        let tile: Tile = exact(text, place + 1)?;
        head = follow(&head, tile, place + 1, &mut leaves)?;
    }
    if head != claimed {
        return Err(Broken::Chain(lines.len()));
    }
    Ok(Verified { head, leaves })
}

fn follow(head: &Head, tile: Tile, line: usize, leaves: &mut Vec<Leaf>) -> Result<Head, Broken> {
    if tile.tenant != head.tenant {
        return Err(Broken::Tenant(line));
    }
    let (expected, next) = seal(head, tile.leaves.clone());
    if expected != tile {
        return Err(Broken::Chain(line));
    }
    for (place, text) in tile.leaves.iter().enumerate() {
        let number = tile.first_leaf + place as u64;
        let leaf: Leaf = serde_json::from_str(text).map_err(|_| Broken::Leaf(number))?;
        own(&leaf.tenant, &head.tenant, line)?;
        leaves.push(leaf);
    }
    Ok(next)
}

fn own(tenant: &TenantId, expected: &TenantId, line: usize) -> Result<(), Broken> {
    if tenant != expected {
        return Err(Broken::Tenant(line));
    }
    Ok(())
}

fn exact<T: DeserializeOwned + Serialize>(text: &str, number: usize) -> Result<T, Broken> {
    let value: T = serde_json::from_str(text).map_err(|_| Broken::Line(number))?;
    if line(&value).trim_end_matches('\n') != text {
        return Err(Broken::Line(number));
    }
    Ok(value)
}

fn line<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::leaf::{Action, Actor};

    fn tenant() -> TenantId {
        "shop".parse().unwrap()
    }

    fn leaf(count: u32) -> String {
        Leaf::new(
            &tenant(),
            None,
            "2026-11-23T12:00:00Z".parse().unwrap(),
            Actor::Function("triage".to_owned()),
            Action::SignalReceived,
            "because",
            [("signal", count.to_string())],
        )
        .text()
    }

    fn log(sizes: &[usize]) -> (Vec<Tile>, Head) {
        let mut head = Head::empty(&tenant());
        let mut tiles = Vec::new();
        let mut count = 0;
        for size in sizes {
            let leaves = (0..*size)
                .map(|_| {
                    count += 1;
                    leaf(count)
                })
                .collect();
            let (tile, next) = seal(&head, leaves);
            tiles.push(tile);
            head = next;
        }
        (tiles, head)
    }

    #[test]
    fn a_whole_log_verifies_and_gives_its_leaves_back() {
        let (tiles, head) = log(&[1, 3, 2]);
        let verified = verify(export(&tiles, &head).as_bytes()).unwrap();
        assert_eq!(verified.head, head);
        assert_eq!(verified.leaves.len(), 6);
    }

    #[test]
    fn a_log_without_leaves_verifies() {
        let (tiles, head) = log(&[]);
        assert_eq!(verify(export(&tiles, &head).as_bytes()).unwrap().leaves, []);
    }

    #[test]
    fn leaving_out_moving_and_cutting_off_break_it() {
        let (mut tiles, head) = log(&[1, 1, 1]);
        let whole = export(&tiles, &head);
        assert!(verify(&whole.as_bytes()[..whole.len() - 1]).is_err());
        tiles.swap(0, 1);
        assert_eq!(verify(export(&tiles, &head).as_bytes()), Err(Broken::Chain(1)));
        tiles.swap(0, 1);
        tiles.pop();
        assert_eq!(verify(export(&tiles, &head).as_bytes()), Err(Broken::Chain(3)));
        assert_eq!(verify(b""), Err(Broken::CutOff));
    }

    proptest! {
        #[test]
        fn changing_any_one_byte_breaks_it(place in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let (tiles, head) = log(&[2, 1]);
            let mut bytes = export(&tiles, &head).into_bytes();
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
            prop_assert!(verify(&bytes).is_err());
        }
    }
}
