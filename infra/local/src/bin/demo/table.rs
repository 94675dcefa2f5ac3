//! The final table of duties as a file, so that two runs can be compared byte by byte.

use std::path::Path;

use serde_json::{Value, json};

use crate::Trouble;

/// Writes a row for each duty, in an order that says nothing of instants, and without any: two runs begin at
/// different times.
pub fn write(file: &Path, shown: &Value) -> Result<(), Trouble> {
    let mut rows: Vec<String> = shown["duties"].as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return Err("the final table has no duties".into());
    }
    rows.sort_unstable();
    std::fs::write(file, format!("[\n{}\n]\n", rows.join(",\n")))?;
    Ok(())
}

fn row(duty: &Value) -> String {
    let (terms, coverage) = (&duty["duty"], &duty["coverage"]);
    json!({
        "regime": terms["regime"],
        "jurisdiction": terms["jurisdiction"],
        "recipient": terms["recipient"],
        "due_rule": terms["due_rule"],
        "state": duty["state"],
        "reached": coverage["reached"],
        "unreachable": coverage["unreachable"],
        "pending": coverage["pending"],
        "undecided": coverage["undecided"],
        "desk": duty["desk"],
    })
    .to_string()
}
