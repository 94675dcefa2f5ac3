//! The rooms know only what they may know.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

fn dependencies() -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let names = dependencies
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned))
                .collect();
            (package["name"].as_str().expect("a name").to_owned(), names)
        })
        .collect()
}

#[test]
fn the_pure_rooms_know_no_runtime_no_cloud_and_no_port() {
    let dependencies = dependencies();
    for room in [
        "tocsin-domain",
        "tocsin-law",
        "tocsin-sources",
        "tocsin-notices",
        "tocsin-sealed",
        "tocsin-filings",
        "tocsin-audit",
        "tocsin-verification",
    ] {
        for forbidden in ["tokio", "lambda_runtime", "tocsin-ports", "tocsin-aws", "tocsin-stage"] {
            assert!(!dependencies[room].iter().any(|name| name == forbidden), "{room} knows {forbidden}");
        }
    }
}

#[test]
fn only_the_adapter_knows_the_cloud() {
    for (room, names) in dependencies() {
        let cloud = names.iter().find(|name| name.starts_with("aws-"));
        assert!(room == "tocsin-aws" || cloud.is_none(), "{room} knows {cloud:?}");
    }
}
