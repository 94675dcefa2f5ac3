//! What `sam package` does: a zip for each function, and a template that says where it went.

use std::io::{Cursor, Write};

use hyper::body::Bytes;
use sha2::{Digest, Sha256};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A deployment package. Its name is its hash, so the same binary is the same package.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub sha256: String,
    pub zip: Bytes,
}

impl Bundle {
    /// The binary as `bootstrap`, executable, with a fixed date: the same bytes give the same zip. Not
    /// compressed: it goes over loopback.
    pub fn of(binary: &[u8]) -> Result<Bundle, ZipError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o755);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("bootstrap", options)?;
        writer.write_all(binary)?;
        let zip = writer.finish()?.into_inner();
        Ok(Bundle { sha256: hex::encode(Sha256::digest(&zip)), zip: Bytes::from(zip) })
    }

    pub fn key(&self) -> String {
        format!("{}.zip", self.sha256)
    }
}

/// The functions whose code a template takes from `target/lambda/`, in the template's order.
pub(crate) fn functions(template: &str) -> Vec<&str> {
    template.lines().filter_map(code_of).collect()
}

/// The template with every function's code, and the template it nests, where `place` says they are.
pub(crate) fn rewrite(template: &str, code: impl Fn(&str) -> String, nested: &str) -> String {
    let mut rewritten = String::with_capacity(template.len());
    for line in template.lines() {
        let indent = line.len() - line.trim_start().len();
        let (indent, text) = line.split_at(indent);
        if let Some(function) = code_of(line) {
            rewritten.push_str(&format!("{indent}CodeUri: {}", code(function)));
        } else if text.starts_with("Location: ") {
            rewritten.push_str(&format!("{indent}Location: {nested}"));
        } else {
            rewritten.push_str(line);
        }
        rewritten.push('\n');
    }
    rewritten
}

fn code_of(line: &str) -> Option<&str> {
    let place = line.trim().strip_prefix("CodeUri: ")?;
    let (_, function) = place.trim_end_matches('/').rsplit_once('/')?;
    Some(function)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const TEMPLATE: &str = "\
Resources:
  Regional:
    Type: AWS::Serverless::Application
    Properties:
      Location: infra/regional.yaml
  Send:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/send/
";

    #[test]
    fn the_same_binary_gives_the_same_zip() {
        let bundle = Bundle::of(b"\x7fELF").unwrap();
        assert_eq!(bundle.zip, Bundle::of(b"\x7fELF").unwrap().zip);
        assert_ne!(bundle.sha256, Bundle::of(b"\x7fELG").unwrap().sha256);
        let mut archive = zip::ZipArchive::new(Cursor::new(bundle.zip.as_ref())).unwrap();
        let mut entry = archive.by_name("bootstrap").unwrap();
        assert_eq!(entry.unix_mode().map(|mode| mode & 0o777), Some(0o755));
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        assert_eq!(content, b"\x7fELF");
    }

    #[test]
    fn code_and_nested_template_are_replaced_and_nothing_else() {
        assert_eq!(functions(TEMPLATE), ["send"]);
        let rewritten =
            rewrite(TEMPLATE, |function| format!("s3://packages/{function}.zip"), "http://x/y.json");
        let changed: Vec<(&str, &str)> =
            TEMPLATE.lines().zip(rewritten.lines()).filter(|(old, new)| old != new).collect();
        assert_eq!(
            changed,
            [
                ("      Location: infra/regional.yaml", "      Location: http://x/y.json"),
                ("      CodeUri: ../target/lambda/send/", "      CodeUri: s3://packages/send.zip"),
            ]
        );
    }
}
