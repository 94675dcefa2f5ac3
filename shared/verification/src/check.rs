//! Whether published files are as they were signed, and whose a reference is.

use crate::files::{self, KEYS, MANIFEST, SIGNATURE, sha256};
use crate::key;
use crate::manifest::{Manifest, edition};
use crate::notice::Counted;
use crate::print::{NoReference, Print};

/// What is wrong with published files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("{0} is missing")]
    Missing(String),
    #[error("{0} is not what a version of this program writes")]
    Unreadable(&'static str),
    #[error("none of the published keys signed the manifest as it is: it was changed, or the signature was")]
    Signature,
    #[error("the manifest is signed by the key {0}, and not by the one that you named")]
    OtherKey(String),
    #[error("{0} is not the file that was signed: it was changed")]
    Changed(String),
    #[error("{0} is not a shard as the manifest describes it")]
    Shard(String),
}

/// Files that are as they were signed.
#[derive(Debug)]
pub struct Checked {
    pub manifest: Manifest,
    /// The thumbprint of the key that signed it.
    pub key: String,
    lines: Vec<(Print, Vec<usize>)>,
}

/// Checks everything that a manifest names. `read` gives the bytes at a path; `key` is the thumbprint of the only key that
/// is to be believed, as it is known from elsewhere.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(read: impl Fn(&str) -> Option<Vec<u8>>, key: Option<&str>) -> Result<Checked, Broken> {
    let file = |path: &str| read(path).ok_or_else(|| Broken::Missing(path.to_owned()));
    let text = |path: &'static str| String::from_utf8(file(path)?).map_err(|_| Broken::Unreadable(path));
    let (signed, signature, published) = (text(MANIFEST)?, text(SIGNATURE)?, text(KEYS)?);
    let signer = key::signer(signed.as_bytes(), &signature, &published).ok_or(Broken::Signature)?;
    if key.is_some_and(|key| key != signer) {
        return Err(Broken::OtherKey(signer));
    }
    let manifest: Manifest = serde_json::from_str(&signed).map_err(|_| Broken::Unreadable(MANIFEST))?;
    if !manifest.is_known() || manifest.edition != edition(&manifest.issuer, &manifest.notices) {
        return Err(Broken::Unreadable(MANIFEST));
    }
    for (path, hash) in &manifest.files {
        if sha256(&file(path)?) != *hash {
            return Err(Broken::Changed(path.clone()));
        }
    }
    let mut lines = Vec::new();
    for beginning in files::beginnings(manifest.references.digits) {
        let path = files::shard(&beginning);
        let bytes = file(&path)?;
        let shard = std::str::from_utf8(&bytes).ok().and_then(|text| shard(text, &beginning));
        lines.extend(shard.ok_or(Broken::Shard(path))?);
    }
    let checked = Checked { manifest, key: signer, lines };
    if checked.counts_are_right() { Ok(checked) } else { Err(Broken::Unreadable(MANIFEST)) }
}

/// The lines of a shard, ascending, all with its beginning.
fn shard(text: &str, beginning: &str) -> Option<Vec<(Print, Vec<usize>)>> {
    let line = |line: &str| {
        let (print, places) = line.split_once(' ')?;
        let places = places.split(',').map(str::parse).collect::<Result<Vec<usize>, _>>().ok()?;
        Some((print.parse().ok()?, places)).filter(|_| print.starts_with(beginning))
    };
    let lines = text.lines().map(line).collect::<Option<Vec<(Print, Vec<usize>)>>>()?;
    Some(lines).filter(|lines| lines.is_sorted_by(|(one, _), (next, _)| one < next))
}

impl Checked {
    /// The notices that a reference stands in; none where it is not the merchant's.
    ///
    /// # Errors
    /// Where no reference looks like it.
    pub fn find(&self, reference: &str) -> Result<Vec<&Counted>, NoReference> {
        let print = Print::of(reference)?;
        let found = self.lines.binary_search_by_key(&print, |(known, _)| *known).ok();
        let places = found.and_then(|at| self.lines.get(at)).map(|(_, places)| places.as_slice());
        Ok(places.unwrap_or_default().iter().filter_map(|place| self.manifest.notices.get(*place)).collect())
    }

    fn counts_are_right(&self) -> bool {
        let mut counts = vec![0; self.manifest.notices.len()];
        for place in self.lines.iter().flat_map(|(_, places)| places) {
            match counts.get_mut(*place) {
                Some(count) => *count += 1,
                None => return false,
            }
        }
        self.lines.len() as u64 == self.manifest.references.count
            && self.manifest.notices.iter().map(|counted| counted.references).eq(counts)
    }
}
