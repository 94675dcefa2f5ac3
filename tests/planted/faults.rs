//! The faults as `tests/faults.toml` has them.

use serde::Deserialize;

use crate::Trouble;
use crate::copy::Copy;

/// A defect that somebody could bring in: changes of the product's text that compile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub name: String,
    /// What it would be in real life.
    pub life: String,
    /// The seed that caught it last: it is tried first. What catches a fault may change with every change of the sources.
    pub seed: Option<u64>,
    pub change: Vec<Change>,
}

/// One text of one file, and what stands there instead.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub file: String,
    pub find: String,
    pub replace: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fault: Vec<Fault>,
}

/// Every fault, each of whose texts stands exactly once in its file: one that has rotted is an error, never skipped.
pub fn read(copy: &Copy) -> Result<Vec<Fault>, Trouble> {
    let File { fault: faults } = toml::from_str(include_str!("../faults.toml"))?;
    let mut rotten = Vec::new();
    for fault in &faults {
        if faults.iter().filter(|other| other.name == fault.name).count() > 1 {
            rotten.push(format!("{}: the name is not the only one", fault.name));
        }
        for change in &fault.change {
            let times = copy.original(&change.file)?.matches(&change.find).count();
            if times != 1 {
                let Change { file, find, .. } = change;
                rotten.push(format!(
                    "{}: stands {times} times in {file}, and should stand once:\n{find}",
                    fault.name
                ));
            }
        }
    }
    if rotten.is_empty() { Ok(faults) } else { Err(rotten.join("\n").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cargo planted` takes minutes; that a fault has rotted is said here.
    #[test]
    fn every_fault_finds_its_place() {
        let faults = read(&Copy::of_the_sources()).unwrap();
        assert!(faults.len() >= 20 && faults.iter().all(|fault| !fault.change.is_empty()));
    }
}
