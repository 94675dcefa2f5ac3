//! A copy of the sources, in which a fault may be planted, with a target directory of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Trouble;
use crate::faults::Fault;

pub struct Copy {
    root: PathBuf,
}

impl Copy {
    pub fn of_the_sources() -> Self {
        Self { root: Path::new(env!("CARGO_MANIFEST_DIR")).join("..") }
    }

    /// A file that is the same stays untouched, so that cargo does not build it again.
    pub fn bring_up_to_date(&self) -> Result<(), Trouble> {
        Ok(bring_up_to_date(&self.root, &self.sources())?)
    }

    pub fn sources(&self) -> PathBuf {
        self.root.join("target/planted/sources")
    }

    /// One of its own: cargo takes the copy's crates for those of the sources.
    pub fn target(&self) -> PathBuf {
        self.root.join("target/planted/target")
    }

    /// A file as it is without any fault.
    pub fn original(&self, file: &str) -> Result<String, Trouble> {
        fs::read_to_string(self.root.join(file)).map_err(|error| format!("{file}: {error}").into())
    }

    pub fn plant(&self, fault: &Fault) -> Result<(), Trouble> {
        for change in &fault.change {
            let path = self.sources().join(&change.file);
            let planted = fs::read_to_string(&path)?.replacen(&change.find, &change.replace, 1);
            fs::write(path, planted)?;
        }
        Ok(())
    }

    pub fn mend(&self, fault: &Fault) -> Result<(), Trouble> {
        for change in &fault.change {
            fs::write(self.sources().join(&change.file), self.original(&change.file)?)?;
        }
        Ok(())
    }
}

/// Makes `to` what `from` is, without its target directory and what is hidden in it but for cargo's settings.
fn bring_up_to_date(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(from)? {
        let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        let text = name.to_string_lossy();
        if text == "target" || (text.starts_with('.') && text != ".cargo") {
            continue;
        }
        let copied = to.join(&name);
        if entry.is_dir() {
            bring_up_to_date(&entry, &copied)?;
        } else if fs::read(&copied).ok() != Some(fs::read(&entry)?) {
            fs::write(copied, fs::read(&entry)?)?;
        }
        names.push(name);
    }
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if names.contains(&entry.file_name()) {
            continue;
        }
        if entry.path().is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(())
}
