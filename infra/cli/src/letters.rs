//! What a print house, or the post, says of letters.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most letters that the console takes at once.
pub const AT_ONCE: usize = 1000;

/// One letter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Said {
    pub reference: String,
    pub at: Timestamp,
    #[serde(default)]
    pub detail: String,
}

/// Why a file of them cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line}: a row needs the columns reference and at, and at an instant such as 2026-11-23T12:00:00Z"
)]
pub struct BadRow {
    line: u64,
}

/// Every row, or the first that cannot be read: nothing of a file is taken in when a part of it is not understood.
pub fn read(file: &[u8]) -> Result<Vec<Said>, BadRow> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let rows = (2_u64..).zip(reader.deserialize());
    rows.map(|(line, row)| row.map_err(|_| BadRow { line })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_or_its_bad_line_named() {
        let good =
            "reference,at,detail\nSHOP-AB, 2026-12-01T10:00:00Z ,moved\nSHOP-CD,2026-12-01T10:00:00Z,\n";
        let read_back = read(good.as_bytes()).unwrap();
        assert_eq!(read_back.len(), 2);
        assert_eq!((read_back[0].detail.as_str(), read_back[1].reference.as_str()), ("moved", "SHOP-CD"));
        assert_eq!(read(b"reference,at\nSHOP-AB,2026-12-01T10:00:00Z\n").unwrap()[0].detail, "");
        assert_eq!(
            read(b"reference,at\nSHOP-AB,2026-12-01T10:00:00Z\nSHOP-CD,soon\n"),
            Err(BadRow { line: 3 })
        );
        assert_eq!(read(b"at\n2026-12-01T10:00:00Z\n"), Err(BadRow { line: 2 }));
    }
}
