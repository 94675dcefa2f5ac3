//! A copy of the sources with every fault in it, each asleep until it is named.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Trouble;
use crate::faults::Fault;
use crate::graft::graft;

pub struct Copy {
    root: PathBuf,
}

impl Copy {
    pub fn of_the_sources() -> Self {
        Self { root: Path::new(env!("CARGO_MANIFEST_DIR")).join("..") }
    }

    pub fn sources(&self) -> PathBuf {
        self.root.join("target/planted/sources")
    }

    /// The simulation as it was built from the copy.
    pub fn simulation(&self) -> PathBuf {
        self.root.join("target/planted/sim")
    }

    /// A file as it is without any fault.
    pub fn original(&self, file: &str) -> Result<String, Trouble> {
        fs::read_to_string(self.root.join(file)).map_err(|error| format!("{file}: {error}").into())
    }

    /// Makes the copy what the sources are, with the faults grafted into it. A file that is the same stays untouched,
    /// so that cargo does not build it again.
    pub fn bring_up_to_date(&self, faults: &[Fault]) -> Result<(), Trouble> {
        self.folder(Path::new(""), faults)
    }

    /// Without the target directory, and what is hidden but for cargo's settings.
    fn folder(&self, folder: &Path, faults: &[Fault]) -> Result<(), Trouble> {
        let (from, to) = (self.root.join(folder), self.sources().join(folder));
        fs::create_dir_all(&to)?;
        let mut names = Vec::new();
        for entry in fs::read_dir(from)? {
            let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
            let text = name.to_string_lossy();
            if text == "target" || (text.starts_with('.') && text != ".cargo") {
                continue;
            }
            if entry.is_dir() {
                self.folder(&folder.join(&name), faults)?;
            } else {
                let content = content(&folder.join(&name).to_string_lossy(), fs::read(&entry)?, faults)?;
                if fs::read(to.join(&name)).ok().as_ref() != Some(&content) {
                    fs::write(to.join(&name), content)?;
                }
            }
            names.push(name);
        }
        for entry in fs::read_dir(to)? {
            let entry = entry?;
            if names.contains(&entry.file_name()) {
                continue;
            }
            if entry.path().is_dir() {
                fs::remove_dir_all(entry.path())?
            } else {
                fs::remove_file(entry.path())?
            }
        }
        Ok(())
    }
}

/// A file of the copy. Its crates have a version of their own: cargo would take them for those of the sources, with
/// which they share a target directory and so all that others wrote.
fn content(file: &str, original: Vec<u8>, faults: &[Fault]) -> Result<Vec<u8>, Trouble> {
    if file == "Cargo.toml" {
        let version = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
        let planted = format!("version = \"{}-planted\"", env!("CARGO_PKG_VERSION"));
        return Ok(String::from_utf8(original)?.replacen(&version, &planted, 1).into_bytes());
    }
    if !faults.iter().flat_map(|fault| &fault.change).any(|change| change.file == file) {
        return Ok(original);
    }
    Ok(graft(file, &String::from_utf8(original)?, faults)?.into_bytes())
}
