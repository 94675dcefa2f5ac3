//! The operator's command, run as a person would run it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tocsin_local::Credentials;

use crate::Trouble;

/// `tocsin`, signed in as one operator.
#[derive(Debug, Clone)]
pub struct Operator {
    binary: PathBuf,
    console: String,
    region: String,
    credentials: Credentials,
}

/// How a command ended.
#[derive(Debug, Clone)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Operator {
    pub fn new(binary: &Path, console: &str, region: &str, credentials: Credentials) -> Self {
        Self {
            binary: binary.to_owned(),
            console: console.to_owned(),
            region: region.to_owned(),
            credentials,
        }
    }

    /// What a person sets to sign in as this operator of the local cloud.
    pub fn environment(&self) -> String {
        let Credentials { access_key, secret_key, .. } = &self.credentials;
        format!("export AWS_ACCESS_KEY_ID={access_key} AWS_SECRET_ACCESS_KEY={secret_key}")
    }

    /// Runs the command and gives what it said, whatever the exit code.
    pub async fn run(&self, arguments: &[&str]) -> Result<Said, Trouble> {
        let output = tokio::process::Command::new(&self.binary)
            .args(arguments)
            .env("TOCSIN_CONSOLE", &self.console)
            .env("AWS_REGION", &self.region)
            .env("AWS_ACCESS_KEY_ID", &self.credentials.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &self.credentials.secret_key)
            .stdin(Stdio::null())
            .output()
            .await?;
        Ok(Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs the command; anything but success is trouble.
    pub async fn do_it(&self, arguments: &[&str]) -> Result<String, Trouble> {
        let said = self.run(arguments).await?;
        if said.code != 0 {
            return Err(format!("`tocsin {}` said: {}{}", arguments.join(" "), said.out, said.err).into());
        }
        Ok(said.out)
    }

    /// The answer as JSON.
    pub async fn ask(&self, arguments: &[&str]) -> Result<Value, Trouble> {
        Ok(serde_json::from_str(&self.do_it(arguments).await?)?)
    }
}
