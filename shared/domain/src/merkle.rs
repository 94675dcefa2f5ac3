//! A root over a list in its order, and each item's proof that it stands there: RFC 6962, section 2.1, with SHA-256.
//!
//! A plan is approved by one hash. Whoever holds one chunk of it can check that chunk against the hash without
//! reading the others.

use std::fmt;
use std::str::FromStr;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{InclusionProof, RootHash};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

use crate::id::BadId;

/// A list as a tree, while it is being made.
#[derive(Debug, Clone, Default)]
pub struct Tree(MemoryBackedTree<Sha256, Vec<u8>>);

impl Tree {
    pub fn of(items: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut tree = Self::default();
        for item in items {
            tree.0.push(item);
        }
        tree
    }

    pub fn root(&self) -> Root {
        let root = self.0.root();
        Root { items: root.num_leaves(), hash: (*root.as_bytes()).into() }
    }

    /// A proof for each item, in order.
    pub fn proofs(&self) -> impl Iterator<Item = Proof> {
        (0..self.0.items().len()).map(|place| Proof(self.0.prove_inclusion(place).as_bytes().to_vec()))
    }
}

/// Over a list: how many items it has, and the hash of its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    items: u64,
    hash: [u8; 32],
}

impl Root {
    /// Whether `item` stands at this place of the list, counted from 0.
    pub fn holds(&self, place: u64, item: &[u8], proof: &Proof) -> bool {
        let Ok(proof) = InclusionProof::<Sha256>::try_from_bytes(proof.0.clone()) else {
            return false;
        };
        RootHash::<Sha256>::new(self.hash.into(), self.items).verify_inclusion(&item, place, &proof).is_ok()
    }
}

/// An item's way to the root: about 32 bytes for each doubling of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof(Vec<u8>);

/// The number of items, a colon, the hash in hex.
impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.items, hex::encode(self.hash))
    }
}

impl FromStr for Root {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        const BAD: BadId = BadId("root");
        let (items, digest) = text.split_once(':').ok_or(BAD)?;
        let mut hash = [0; 32];
        hex::decode_to_slice(digest, &mut hash).map_err(|_| BAD)?;
        let root = Self { items: items.parse().map_err(|_| BAD)?, hash };
        if root.to_string() != text {
            return Err(BAD);
        }
        Ok(root)
    }
}

impl Serialize for Root {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Root {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for Proof {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        hex::decode(text).map(Self).map_err(|_| BadId("proof"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6962's own definition, written down anew.
    fn by_definition(items: &[Vec<u8>]) -> [u8; 32] {
        use sha2::Digest;
        let hash = |parts: &[&[u8]]| -> [u8; 32] { Sha256::digest(parts.concat()).into() };
        match items {
            [] => hash(&[]),
            [one] => hash(&[&[0], one]),
            _ => {
                let split = (items.len() - 1).ilog2();
                let (left, right) = items.split_at(1 << split);
                hash(&[&[1], &by_definition(left), &by_definition(right)])
            }
        }
    }

    fn items() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..8), 0..40)
    }

    proptest! {
        #[test]
        fn each_item_is_proven_at_its_place_and_nothing_else_is(
            items in items(), other in any::<Vec<u8>>(), flipped in any::<prop::sample::Index>(),
        ) {
            let tree = Tree::of(items.clone());
            let root = tree.root();
            prop_assert_eq!(root.hash, by_definition(&items));
            prop_assert_eq!(root.to_string().parse(), Ok(root));
            for (place, (item, proof)) in (0_u64..).zip(items.iter().zip(tree.proofs())) {
                prop_assert!(root.holds(place, item, &proof));
                prop_assert_eq!(proof.to_string().parse(), Ok(proof.clone()));
                prop_assert!(!root.holds(items.len() as u64, item, &proof));
                if other != *item {
                    prop_assert!(!root.holds(place, &other, &proof));
                }
                if !proof.0.is_empty() {
                    let mut changed = proof.clone();
                    let at = flipped.index(changed.0.len());
                    changed.0[at] ^= 1;
                    prop_assert!(!root.holds(place, item, &changed));
                    changed.0.pop();
                    prop_assert!(!root.holds(place, item, &changed));
                }
            }
        }
    }

    #[test]
    fn what_is_no_root_is_not_read() {
        let root = Tree::of([b"a".to_vec()]).root().to_string();
        for bad in ["", ":", "1", &root[1..], &format!("0{root}"), &root.to_uppercase(), &root[..40]] {
            assert!(bad.parse::<Root>().is_err(), "{bad}");
        }
        assert!("0g".parse::<Proof>().is_err());
    }
}
