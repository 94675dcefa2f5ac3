//! A Python environment that holds the emulator.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;

use sha2::{Digest, Sha256};
use tokio::process::Command;

/// The emulator's version; with it changes where the environment stands.
pub const EMULATOR_VERSION: &str = "1.5.33";

const REQUIREMENTS: &str = include_str!("../requirements.txt");
const OLDEST: (u32, u32) = (3, 11);
/// The names that Python goes by, the most usual first.
const NAMES: [&str; 5] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];
/// Names another interpreter to take.
const CHOICE: &str = "TOCSIN_PYTHON";

#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    #[error(
        "the emulator needs Python {}.{} or newer, and {found}. Install it (for example `apt install python3 \
         python3-venv` or `brew install python`), or name one in {CHOICE}", OLDEST.0, OLDEST.1
    )]
    TooOld { found: String },
    #[error(
        "`{python} -m venv` failed. On Debian and Ubuntu install `python3-venv`; or name another Python in \
         {CHOICE}. It said: {said}"
    )]
    NoEnvironment { python: String, said: String },
    #[error(
        "pip could not install the emulator. It needs to reach a Python package index once; behind a proxy or \
         with an index of your own set HTTPS_PROXY or PIP_INDEX_URL. It said: {said}"
    )]
    NotInstalled { said: String },
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
}

/// Makes the environment under `state` unless it is there and complete; gives its interpreter.
/// Two processes that do so at once wait for each other.
pub(crate) async fn environment(state: &Path) -> Result<PathBuf, PythonError> {
    let place = state.join(format!("venv-{EMULATOR_VERSION}"));
    let python = place.join("bin").join("python");
    let stamp = place.join("complete");
    let wanted = hex::encode(Sha256::digest(REQUIREMENTS));
    if is_complete(&stamp, &wanted) {
        return Ok(python);
    }
    fs::create_dir_all(state).map_err(at(state))?;
    let lock = hold(&state.join("venv.lock")).await?;
    if !is_complete(&stamp, &wanted) {
        install(&place, &python).await?;
        fs::write(&stamp, &wanted).map_err(at(&stamp))?;
    }
    drop(lock);
    Ok(python)
}

fn is_complete(stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found == wanted)
}

async fn hold(path: &Path) -> Result<File, PythonError> {
    let file = File::create(path).map_err(at(path))?;
    let held = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
    held.await.map_err(io::Error::other).flatten().map_err(at(path))
}

async fn install(place: &Path, python: &Path) -> Result<(), PythonError> {
    let base = find_python().await?;
    let made = run(Command::new(&base).args(["-m", "venv", "--clear"]).arg(place)).await;
    if let Err(said) = made {
        return Err(PythonError::NoEnvironment { python: base, said });
    }
    let requirements = place.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).map_err(at(&requirements))?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
    run(&mut pip).await.map_err(|said| PythonError::NotInstalled { said })
}

async fn find_python() -> Result<String, PythonError> {
    let chosen = std::env::var(CHOICE).ok();
    let candidates = match &chosen {
        Some(name) => vec![name.as_str()],
        None => NAMES.to_vec(),
    };
    let mut found = "none was found".to_owned();
    for candidate in candidates {
        match version(candidate).await {
            Some(version) if version >= OLDEST => return Ok(candidate.to_owned()),
            Some((major, minor)) => found = format!("{candidate} is {major}.{minor}"),
            None => {}
        }
    }
    Err(PythonError::TooOld { found })
}

async fn version(python: &str) -> Option<(u32, u32)> {
    let ask = "import sys; print(sys.version_info[0], sys.version_info[1])";
    let output = Command::new(python).args(["-c", ask]).output().await.ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = said.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Runs to the end; where that is not success, gives the last lines of what was said.
async fn run(command: &mut Command) -> Result<(), String> {
    match command.output().await {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(last_lines(&output)),
        Err(error) => Err(error.to_string()),
    }
}

fn last_lines(output: &Output) -> String {
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(8)).copied().collect::<Vec<_>>().join("\n")
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> PythonError {
    let path = path.to_owned();
    move |source| PythonError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_emulator_is_pinned_to_the_version_that_names_its_place() {
        let pinned = format!("ministack=={EMULATOR_VERSION}");
        assert!(REQUIREMENTS.lines().any(|line| line == pinned));
        let loose = REQUIREMENTS.lines().filter(|line| !line.starts_with('#') && !line.contains("=="));
        assert_eq!(loose.collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_python_that_is_too_old_is_named() {
        let said = PythonError::TooOld { found: "python3 is 3.9".to_owned() }.to_string();
        assert!(said.contains("3.11 or newer") && said.contains("python3 is 3.9"), "{said}");
    }
}
