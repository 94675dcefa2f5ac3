//! The register of breaches (GDPR Article 33(5)): every incident of a tenant, also those of which nobody was told.

use std::fs;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use tocsin_filings::register::{Entry, columns, to_page, to_rows};

use crate::args::OfTenant;
use crate::chromium::Chromium;
use crate::command::console;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub enum Register {
    /// Write the register out: as structured data, as a table, or as a page or PDF to read
    Export {
        #[arg(long = "as", value_name = "FORMAT", default_value = "json")]
        format: Format,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        of: OfTenant,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Json,
    Csv,
    Html,
    Pdf,
}

pub async fn run(command: Register) -> Result<(), Failure> {
    let Register::Export { format, to, of: OfTenant { tenant, connection, .. } } = command;
    let console = console(&connection).await?;
    let (mut entries, mut controller) = (Vec::new(), String::new());
    for incident in console.incidents(&tenant).await? {
        let id = incident["id"].as_str().unwrap_or_default();
        let answer = console.look(&tenant, &format!("/incidents/{id}/register")).await?;
        controller = answer["controller"].as_str().unwrap_or_default().to_owned();
        entries.push(serde_json::from_value(answer["entry"].clone()).map_err(|_| Failure::OtherVersion)?);
    }
    fs::write(&to, written(format, &controller, &entries)?).map_err(Failure::writing(&to))
}

fn written(format: Format, controller: &str, entries: &[Entry]) -> Result<Vec<u8>, Failure> {
    match format {
        Format::Json => {
            let register: Value = json!({ "controller": controller, "entries": entries });
            Ok(format!("{register:#}\n").into_bytes())
        }
        Format::Csv => {
            let mut table = csv::Writer::from_writer(Vec::new());
            let mut rows = std::iter::once(columns()).chain(to_rows(entries));
            // Into memory: neither a row nor the end can fail.
            let written = rows.try_for_each(|row| table.write_record(row));
            written.map_err(|error| Failure::Pipe(error.into()))?;
            table.into_inner().map_err(|error| Failure::Pipe(error.into_error()))
        }
        Format::Html => Ok(to_page(controller, entries).into_bytes()),
        Format::Pdf => Ok(Chromium::required()?.pdf(&to_page(controller, entries))?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_register_is_one_in_each_format() {
        for (format, holds) in
            [(Format::Json, "\"entries\": []"), (Format::Csv, "Incident,Title"), (Format::Html, "0 entries")]
        {
            let text = String::from_utf8(written(format, "Example Goods Inc.", &[]).unwrap()).unwrap();
            assert!(text.contains(holds), "{text}");
        }
    }
}
