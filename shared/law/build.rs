//! Makes one text of the law's files, so that a cold start reads JSON and not a hundred and fifty files of TOML.
//!
//! Test cases stay behind: the tests read the files themselves, and compare.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    for source in ["rules", "calendars", "data-categories.toml"] {
        println!("cargo::rerun-if-changed={source}");
    }
    let mut books = folder(&root, "rules")?;
    for (_, book) in &mut books {
        let rules = book["rule"].as_array_mut().into_iter().flatten();
        rules.filter_map(Value::as_object_mut).for_each(|rule| drop(rule.remove("case")));
    }
    let law = json!({
        "books": books,
        "calendars": folder(&root, "calendars")?,
        "categories": read(&root.join("data-categories.toml"))?,
    });
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("law.json"), law.to_string())?;
    Ok(())
}

/// Each file of a folder under its name, in the order of the names.
fn folder(root: &Path, name: &str) -> Result<Vec<(String, Value)>, Box<dyn Error>> {
    let entries: Vec<_> = fs::read_dir(root.join(name))?.collect::<Result<_, _>>()?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let named = |path: &PathBuf| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        Ok((format!("{name}/{file}"), read(path)?))
    };
    paths.iter().map(named).collect()
}

fn read(path: &Path) -> Result<Value, Box<dyn Error>> {
    toml::from_str(&fs::read_to_string(path)?).map_err(|error| format!("{}: {error}", path.display()).into())
}
