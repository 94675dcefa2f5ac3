//! A tenant's settings and secrets as an administrator keeps them in files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use serde_json::{Value, json};
use tocsin_domain::tenant::Tenant;

use crate::explain::what;

/// What is wrong with the files of a `tenant put`. No text holds a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenantError {
    #[error("the settings cannot be read, line {line}: {what}")]
    Settings { line: usize, what: String },
    #[error("the settings do not hold together: {0}")]
    Problems(String),
    #[error("the secret {0} is given twice")]
    Twice(String),
    #[error("the secret {0} holds no key: one key a line is needed, newest first")]
    NoKey(String),
    #[error("write NAME=PATH, such as webhook-shopify=keys.txt, or NAME=- for standard input")]
    SecretFile,
}

/// `NAME=PATH`, or `NAME=-` for standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFile {
    pub name: String,
    /// `None` is standard input.
    pub path: Option<PathBuf>,
}

impl FromStr for SecretFile {
    type Err = TenantError;

    fn from_str(text: &str) -> Result<Self, TenantError> {
        match text.split_once('=') {
            Some((name, path)) if !name.is_empty() && !path.is_empty() => {
                let path = (path != "-").then(|| PathBuf::from(path));
                Ok(Self { name: name.to_owned(), path })
            }
            Some(_) | None => Err(TenantError::SecretFile),
        }
    }
}

/// The body of the request: the settings, checked here for whoever mends the file, and the secrets by name.
pub fn body(settings: &str, secrets: &[(String, String)]) -> Result<Value, TenantError> {
    let tenant = read(settings)?;
    let problems = tenant.problems();
    if !problems.is_empty() {
        return Err(TenantError::Problems(problems.join("; ")));
    }
    let mut by_name = BTreeMap::new();
    for (name, text) in secrets {
        if by_name.insert(name, keys(name, text)?).is_some() {
            return Err(TenantError::Twice(name.clone()));
        }
    }
    Ok(json!({ "tenant": tenant, "secrets": by_name }))
}

/// TOML, or JSON where the text begins with a brace, as no TOML does.
fn read(settings: &str) -> Result<Tenant, TenantError> {
    if settings.trim_start().starts_with('{') {
        return serde_json::from_str(settings)
            .map_err(|error| TenantError::Settings { line: error.line(), what: what(&error) });
    }
    toml::from_str(settings).map_err(|error| {
        let before = error.span().and_then(|span| settings.get(..span.start)).unwrap_or_default();
        TenantError::Settings { line: before.split('\n').count(), what: error.message().to_owned() }
    })
}

/// The secret as the intake reads it: `{"keys": [...]}`, in the order of the lines.
fn keys(name: &str, text: &str) -> Result<String, TenantError> {
    let keys: Vec<&str> = text.lines().map(str::trim).filter(|key| !key.is_empty()).collect();
    if keys.is_empty() {
        return Err(TenantError::NoKey(name.to_owned()));
    }
    Ok(json!({ "keys": keys }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = r#"
        id = "shop"
        name = "Example Goods"
        platform = "shopify-plus"
        approvals_needed = 1
        approval_minutes = 120
        canary = { above = 1000, share_per_mille = 20, minutes = 30 }
        reject_limit_per_mille = 20
        contacts = []
        datasets = []

        [controller]
        legal_name = "Example Goods Inc."
        country = "US"
        time_zone = "America/Los_Angeles"
        postal_address = ["1 Example Street", "USA"]
        email = "privacy@shop.example"
        website = "shop.example"
        notice_page = "https://shop.example/notice"

        [routes]
        shop_domains = ["shop.myshopify.com"]

        [triage]
        opens_at = "high"
        joins_within_hours = 24

        [residency]
        regions = { US = "us-east-1" }
        otherwise = "eu-central-1"

        [senders]
        email_from = "Example Goods <notice@shop.example>"
        email_window = "always"
        sms_window = "08:00-21:00"
        esign_consent = true
        sms = false
        in_app = false

        [roles]
        "arn:aws:iam::000000000000:user/ada" = ["approver"]

        [escalation]
        at_percent_left = [50, 25, 10]

        [[escalation.targets]]
        kind = "webhook"
        name = "pager"
        url = "https://events.pagerduty.com/v2/enqueue"
        secret = "alert-pager"
        format = "pagerduty"

        [wording.en]
        what_happened = "Somebody copied a file."
        consequences = "Strangers may write to you."
        measures = "We closed the access."
        advice = "Change your password."
    "#;

    #[test]
    fn toml_and_json_say_the_same() {
        let from_toml = body(SETTINGS, &[]).unwrap();
        assert_eq!(from_toml["tenant"]["controller"]["time_zone"], "America/Los_Angeles");
        let json = format!("\n  {}", from_toml["tenant"]);
        assert_eq!(body(&json, &[]).unwrap(), from_toml);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let wrong = |from: &str, to: &str| body(&SETTINGS.replace(from, to), &[]).unwrap_err().to_string();
        let unknown = wrong("approvals_needed = 1", "aprovals_needed = 1");
        assert!(unknown.contains("line 5") && unknown.contains("aprovals_needed"), "{unknown}");
        let syntax = wrong("[residency]", "[residency");
        assert!(syntax.contains("line 28"), "{syntax}");
        let missing = wrong("        otherwise = \"eu-central-1\"\n", "");
        assert!(missing.contains("otherwise"), "{missing}");
        let problem = wrong("approvals_needed = 1", "approvals_needed = 2");
        assert!(problem.contains("2 approvals are needed, but 1 people"), "{problem}");
        let json = body("{\n\"id\": 7}", &[]).unwrap_err();
        assert!(matches!(json, TenantError::Settings { line: 2, .. }), "{json}");
    }

    #[test]
    fn a_secret_file_holds_a_key_a_line_newest_first() {
        for (text, expected) in [
            ("new\nold\n", r#"{"keys":["new","old"]}"#),
            ("  new \r\n\r\nold", r#"{"keys":["new","old"]}"#),
            ("with \"quotes\" inside", r#"{"keys":["with \"quotes\" inside"]}"#),
        ] {
            let secrets = [("webhook-shopify".to_owned(), text.to_owned())];
            assert_eq!(body(SETTINGS, &secrets).unwrap()["secrets"]["webhook-shopify"], expected);
        }
    }

    #[test]
    fn a_secret_without_a_key_or_given_twice_is_refused() {
        let secret = |text: &str| ("webhook-shopify".to_owned(), text.to_owned());
        let empty = body(SETTINGS, &[secret(" \n\n")]);
        assert_eq!(empty, Err(TenantError::NoKey("webhook-shopify".to_owned())));
        let twice = body(SETTINGS, &[secret("a"), secret("b")]);
        assert_eq!(twice, Err(TenantError::Twice("webhook-shopify".to_owned())));
    }

    #[test]
    fn secret_files_are_named_on_the_command_line() {
        let file = |path: Option<&str>| {
            Ok(SecretFile { name: "webhook-shopify".to_owned(), path: path.map(PathBuf::from) })
        };
        assert_eq!("webhook-shopify=a=b.txt".parse(), file(Some("a=b.txt")));
        assert_eq!("webhook-shopify=-".parse(), file(None));
        for bad in ["", "webhook-shopify", "webhook-shopify=", "=keys"] {
            assert_eq!(bad.parse::<SecretFile>(), Err(TenantError::SecretFile), "{bad}");
        }
    }
}
