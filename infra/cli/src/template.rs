//! A merchant's own letters: judged here before anybody is asked, put in, approved, taken back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};
use tocsin_law::{Rule, RulePack};
use tocsin_notices::own::{self, OwnLetter};
use tocsin_notices::shipped_parts;

use crate::args::OfTenant;
use crate::command::{answered, console, print};
use crate::console::Role;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub enum OfTemplate {
    /// Write a letter that ships into a folder, to begin an own one with
    Copy {
        /// Family, audience and language, such as gdpr/individual/de
        template: String,
        /// A folder, made where there is none
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Say what the law and the gate have against the letter in a folder, and do nothing
    Lint { folder: PathBuf },
    /// List a tenant's own letters, each version with its hash and how far it is
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Write one version into a folder, to read it before it is approved
    Show {
        #[command(flatten)]
        at: Version,
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Put in the letter of a folder as a new version (responders, counsel, the tenant's administrators)
    Put {
        folder: PathBuf,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Approve a version with this very hash; whoever put it in may not (approvers)
    Approve {
        #[command(flatten)]
        at: Version,
        #[arg(long)]
        hash: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Take a version back: what was planned by it stays as it is (responders, counsel, approvers)
    Withdraw {
        #[command(flatten)]
        at: Version,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        of: OfTenant,
    },
}

/// One version of a letter.
#[derive(Debug, Clone, clap::Args)]
pub struct Version {
    /// Family, audience and language, such as gdpr/individual/de
    pub template: String,
    #[arg(long)]
    pub version: u32,
}

impl Version {
    fn path(&self, rest: &str) -> String {
        format!("/templates/{}/{}{rest}", self.template.trim_matches('/'), self.version)
    }
}

pub async fn run(command: OfTemplate) -> Result<(), Failure> {
    match command {
        OfTemplate::Copy { template, to } => {
            let known = shipped_parts().into_iter().find(|parts| parts.folder == template);
            let parts = known.ok_or_else(|| Failure::Letter(format!("no letter {template} ships")))?;
            let sources = parts.sources.into_iter().map(|(part, text)| (part.file_name().to_owned(), text));
            write_all(&to, sources.chain([("notice.toml".to_owned(), parts.header)]))
        }
        OfTemplate::Lint { folder } => lint(&read(&folder)?),
        OfTemplate::List { of: OfTenant { tenant, json, connection } } => {
            let answer = console(&connection).await?.look(&tenant, "/templates").await?;
            answered(&answer, json, list)
        }
        OfTemplate::Show { at, to, of: OfTenant { tenant, connection, .. } } => {
            let answer = console(&connection).await?.look(&tenant, &at.path("")).await?;
            let parts = &answer["letter"]["parts"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let sources = parts["sources"].as_object().into_iter().flatten();
            let files = sources.filter_map(|(part, source)| {
                let part = serde_json::from_value::<tocsin_notices::Part>(json!(part)).ok()?;
                Some((part.file_name().to_owned(), text(source)))
            });
            write_all(&to, files.chain([("notice.toml".to_owned(), text(&parts["header"]))]))?;
            print(&line(&answer["template"]))
        }
        OfTemplate::Put { folder, reason, of } => {
            let body = json!({ "files": read(&folder)?, "reason": reason });
            step(&of, ("/templates", Role::Writer), &body).await
        }
        OfTemplate::Approve { at, hash, of } => {
            step(&of, (&at.path("/approve"), Role::Approver), &json!({ "hash": hash })).await
        }
        OfTemplate::Withdraw { at, reason, of } => {
            step(&of, (&at.path("/withdraw"), Role::ResponderOrCounsel), &json!({ "reason": reason })).await
        }
    }
}

async fn step(of: &OfTenant, to: (&str, Role), body: &Value) -> Result<(), Failure> {
    let OfTenant { tenant, json, connection } = of;
    let answer = console(connection).await?.tell(tenant, to, body).await?;
    answered(&answer, *json, |answer| line(&answer["template"]))
}

fn lint(files: &BTreeMap<String, String>) -> Result<(), Failure> {
    let wrong = |error: tocsin_notices::LoadError| Failure::Letter(error.to_string());
    let letter = OwnLetter::from_files(files).map_err(wrong)?;
    let template = letter.template().map_err(wrong)?;
    let problems =
        own::problems(&template, |regime| RulePack::shipped().rule(regime).map(Rule::content_keys));
    if problems.is_empty() {
        let regimes = template.header().regimes.len();
        return print(&format!("{}: nothing against it under its {regimes} regimes\n", template.id()));
    }
    print(&problems.iter().map(|problem| format!("- {problem}\n")).collect::<String>())?;
    Err(Failure::Letter(format!("{} things are wrong with {}", problems.len(), template.id())))
}

/// The files of a folder. What is no text is no part of a letter.
fn read(folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let entries = fs::read_dir(folder).map_err(Failure::reading(folder))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(Failure::reading(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, fs::read_to_string(&path).map_err(Failure::reading(&path))?);
    }
    Ok(files)
}

fn write_all(folder: &Path, files: impl Iterator<Item = (String, String)>) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::writing(folder))?;
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(Failure::writing(&path))?;
    }
    Ok(())
}

fn list(answer: &Value) -> String {
    let lines: Vec<String> = answer["templates"].as_array().into_iter().flatten().map(line).collect();
    if lines.is_empty() {
        "no letters of its own: those that ship go out\n".to_owned()
    } else {
        lines.concat()
    }
}

/// One version, and how far it is.
fn line(template: &Value) -> String {
    let text = |name: &str| template[name].as_str();
    let state = match (text("withdrawn"), text("approved")) {
        (Some(at), _) => format!("taken back {at}"),
        (None, Some(at)) => format!("approved {at}"),
        (None, None) => {
            format!("waits for approval, {} given", template["approved_by"].as_array().map_or(0, Vec::len))
        }
    };
    let (id, hash) = (text("id").unwrap_or_default(), text("hash").unwrap_or_default());
    format!("{id} version {}: {state}; hash {hash}\n", template["version"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_copy_of_a_shipped_letter_is_lawful_and_one_without_a_paragraph_is_not() {
        let folder = std::env::temp_dir().join(format!("template-{}", std::process::id()));
        let copy = OfTemplate::Copy { template: "gdpr/individual/fr".to_owned(), to: folder.clone() };
        run(copy).await.unwrap();
        run(OfTemplate::Lint { folder: folder.clone() }).await.unwrap();
        let header = folder.join("notice.toml");
        let text = fs::read_to_string(&header).unwrap();
        fs::write(&header, text.replace("  \"nature\",\n", "")).unwrap();
        let error = run(OfTemplate::Lint { folder: folder.clone() }).await.unwrap_err();
        fs::remove_dir_all(&folder).unwrap();
        assert!(error.to_string().contains("gdpr/individual/fr"), "{error}");
    }

    #[test]
    fn a_version_says_how_far_it_is() {
        let version = |approved: Value, withdrawn: Value| {
            line(&json!({ "id": "gdpr/individual/de", "version": 3, "hash": "ab", "approved_by": ["x"],
                "approved": approved, "withdrawn": withdrawn }))
        };
        let at = json!("2026-11-27T12:00:00Z");
        for (line, want) in [
            (version(Value::Null, Value::Null), "waits for approval, 1 given"),
            (version(at.clone(), Value::Null), "approved 2026"),
            (version(at.clone(), at), "taken back 2026"),
        ] {
            assert!(line.contains(want) && line.starts_with("gdpr/individual/de version 3: "), "{line}");
        }
    }
}
