//! Lists the forms, so that a file that is added is shipped.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=forms");
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("forms");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let mut list = String::from("/// Name and text.\nconst FORMS: &[(&str, &str)] = &[\n");
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        writeln!(list, "    ({name:?}, include_str!({path:?})),")?;
    }
    list += "];\n";
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("forms.rs"), list)?;
    Ok(())
}
