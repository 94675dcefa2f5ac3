//! Lists the shipped letters and the words of their languages, so that a folder or a file that is added is shipped.
//!
//! A file that has no place is an error: a letter with a misspelt part would lack it in silence.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The files of a letter, and the variants of `Part` that they are.
const PARTS: [(&str, &str); 5] = [
    ("subject.txt.j2", "Subject"),
    ("body.txt.j2", "Text"),
    ("body.html.j2", "Html"),
    ("sms.txt.j2", "Sms"),
    ("in-app.txt.j2", "InApp"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    for source in ["templates", "languages"] {
        println!("cargo::rerun-if-changed={source}");
    }
    let mut letters = String::new();
    for family in entries(&root.join("templates"))? {
        for audience in entries(&family)? {
            for folder in entries(&audience)? {
                letters += &letter(&root, &folder)?;
            }
        }
    }
    let mut languages = String::new();
    for file in entries(&root.join("languages"))? {
        let tag = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        writeln!(languages, "    ({tag:?}, include_str!({file:?})),")?;
    }
    let text = format!(
        "const LETTERS: &[Letter] = &[\n{letters}];\n\n/// By BCP 47 tag.\nconst LANGUAGES: &[(&str, &str)] = &[\n{languages}];\n"
    );
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("shipped.rs"), text)?;
    Ok(())
}

fn letter(root: &Path, folder: &Path) -> Result<String, Box<dyn Error>> {
    let name = folder.strip_prefix(root.join("templates"))?.to_string_lossy().into_owned();
    let mut parts = String::new();
    for file in entries(folder)? {
        let called = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match PARTS.iter().find(|(known, _)| *known == called) {
            Some((_, part)) => write!(parts, "(Part::{part}, include_str!({file:?})), ")?,
            None if called == "notice.toml" => {}
            None => return Err(format!("{}: no part of a letter has this name", file.display()).into()),
        }
    }
    let header = folder.join("notice.toml");
    Ok(format!("    Letter {{ folder: {name:?}, header: include_str!({header:?}), parts: &[{parts}] }},\n"))
}

/// In the order of their names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let read = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> =
        read.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    paths.sort();
    Ok(paths)
}
