//! Cutting a manifest into slices on line borders.

use tocsin_domain::incident::SLICES_PER_DATASET;
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_ports::ReadVault;
use tocsin_ports::store::slices::Slice;

use crate::manifest::Manifest;

/// About how many bytes one message reads: some thousand people.
const SLICE: u64 = 256 * 1024;

/// How much is read at a time while cutting.
const STRIDE: u64 = 8 * 1024 * 1024;

/// Reads the manifest once to find the borders and the line numbers. The same file gives the same slices.
pub async fn cut(
    ports: &impl ReadVault,
    manifest: &Manifest<'_>,
    dataset: &str,
    place: u32,
) -> Result<Vec<Slice>, Halt> {
    let mut cutter = Cutter::new(manifest.rows_begin, manifest.first_line());
    let mut from = manifest.rows_begin;
    while from < manifest.file.size {
        let to = manifest.file.size.min(from + STRIDE);
        let bytes = ports.range(&manifest.dataset.manifest, &manifest.file.tag, from, to).await?;
        let bytes = bytes.ok_or_else(|| crate::changed(dataset))?;
        cutter.take(&bytes);
        from = to;
    }
    let mut slices = cutter.finish();
    if slices.is_empty() {
        // A manifest without rows was looked at, too: the plan waits for a slice of every dataset.
        slices.push(Cut {
            from: manifest.rows_begin,
            to: manifest.rows_begin,
            first_line: manifest.first_line(),
        });
    }
    if slices.len() >= SLICES_PER_DATASET as usize {
        return Err(Parked::Manifest { detail: format!("the manifest of {dataset} is too large") }.into());
    }
    let first = place * SLICES_PER_DATASET;
    Ok((first..)
        .zip(slices)
        .map(|(number, cut)| Slice {
            number,
            dataset: dataset.to_owned(),
            from: cut.from,
            to: cut.to,
            first_line: cut.first_line,
            tag: manifest.file.tag.clone(),
            counted: None,
        })
        .collect())
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cut {
    from: u64,
    to: u64,
    first_line: u64,
}

/// Finds borders in a stream of bytes.
struct Cutter {
    cuts: Vec<Cut>,
    from: u64,
    first_line: u64,
    at: u64,
    line: u64,
}

impl Cutter {
    fn new(from: u64, first_line: u64) -> Self {
        Self { cuts: Vec::new(), from, first_line, at: from, line: first_line }
    }

    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.at += 1;
            if *byte != b'\n' {
                continue;
            }
            self.line += 1;
            if self.at - self.from >= SLICE {
                self.border();
            }
        }
    }

    fn border(&mut self) {
        self.cuts.push(Cut { from: self.from, to: self.at, first_line: self.first_line });
        self.from = self.at;
        self.first_line = self.line;
    }

    fn finish(mut self) -> Vec<Cut> {
        if self.at > self.from {
            self.border();
        }
        self.cuts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(bytes: &[u8], stride: usize) -> Vec<Cut> {
        let mut cutter = Cutter::new(0, 1);
        for part in bytes.chunks(stride) {
            cutter.take(part);
        }
        cutter.finish()
    }

    #[test]
    fn slices_lie_end_to_end_begin_at_lines_and_know_their_number() {
        let line = format!("{}\n", "x".repeat(999));
        let bytes = line.repeat(1000).into_bytes();
        let cuts = cuts(&bytes, 7919);
        assert!(cuts.len() > 2);
        let mut from = 0;
        for cut in &cuts {
            assert_eq!(cut.from, from);
            assert_eq!(cut.first_line, 1 + cut.from / 1000);
            assert_eq!(cut.to % 1000, 0);
            from = cut.to;
        }
        assert_eq!(from, bytes.len() as u64);
    }

    #[test]
    fn the_stride_changes_nothing_and_a_last_line_needs_no_break() {
        let mut bytes = "some line of text\n".repeat(40_000).into_bytes();
        bytes.extend_from_slice(b"the end");
        assert_eq!(cuts(&bytes, 1000), cuts(&bytes, 65_536));
        assert_eq!(cuts(&bytes, 1000).last().unwrap().to, bytes.len() as u64);
        assert_eq!(cuts(b"", 10), []);
    }
}
