//! The files of the law that Tocsin ships. A test compares this list with the folder.

use crate::load::Source;

macro_rules! files {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(Source {
            file: concat!($folder, "/", $name, ".toml"),
            text: include_str!(concat!("../", $folder, "/", $name, ".toml")),
        }),+]
    };
}

pub(crate) const RULES: &[Source] = files![
    "rules":
    "ae", "ae-adgm", "ae-difc", "au", "bd", "bh", "br", "bw", "ca", "ca-ab", "ca-qc", "ch", "cn",
    "dz", "eg", "et", "eu", "gb", "gh", "hk", "id", "il", "in", "is", "jo", "jp", "ke", "kr", "kw",
    "li", "lk", "ma", "mo", "mu", "mw", "my", "ng", "no", "nz", "om", "ph", "qa", "qa-qfc", "rw",
    "sa", "sg", "th", "tw", "ug", "us", "us-ak", "us-al", "us-ar", "us-az", "us-ca", "us-co",
    "us-ct", "us-dc", "us-de", "us-fl", "us-ga", "us-gu", "us-hi", "us-ia", "us-id", "us-il",
    "us-in", "us-ks", "us-ky", "us-la", "us-ma", "us-md", "us-me", "us-mi", "us-mn", "us-mo",
    "us-ms", "us-mt", "us-nc", "us-nd", "us-ne", "us-nh", "us-nj", "us-nm", "us-nv", "us-ny",
    "us-oh", "us-ok", "us-or", "us-pa", "us-pr", "us-ri", "us-sc", "us-sd", "us-tn", "us-tx",
    "us-ut", "us-va", "us-vi", "us-vt", "us-wa", "us-wi", "us-wv", "us-wy", "vn", "xx-pci", "za",
    "zm", "zw"
];

pub(crate) const CALENDARS: &[Source] =
    files!["calendars": "br-national", "eu-common", "jp-national", "us-federal"];

pub(crate) const CATEGORIES: Source =
    Source { file: "data-categories.toml", text: include_str!("../data-categories.toml") };

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A file that is written and not listed would be law that nobody applies.
    #[test]
    fn every_file_of_the_folders_is_listed() {
        for (folder, sources) in [("rules", RULES), ("calendars", CALENDARS)] {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/").to_owned() + folder;
            let found: BTreeSet<String> = std::fs::read_dir(path)
                .expect("the folder")
                .map(|entry| format!("{folder}/{}", entry.expect("an entry").file_name().to_string_lossy()))
                .collect();
            let listed: BTreeSet<String> = sources.iter().map(|source| source.file.to_owned()).collect();
            assert_eq!(listed, found);
        }
    }
}
