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
    "ad", "al", "ar", "au", "ba", "bb", "bm", "br", "by", "ca", "ca-ab", "ca-qc", "ch", "cl", "cn",
    "co", "cr", "ec", "eu", "gb", "ge", "gg", "hk", "im", "in", "is", "je", "jm", "jp", "kr", "ky",
    "kz", "li", "mc", "md", "mk", "mx", "my", "no", "nz", "pa", "pe", "rs", "ru", "sg", "sm", "tr",
    "ua", "us", "us-ak", "us-al", "us-ar", "us-az", "us-ca", "us-co", "us-ct", "us-dc", "us-de",
    "us-fl", "us-ga", "us-gu", "us-hi", "us-ia", "us-id", "us-il", "us-in", "us-ks", "us-ky",
    "us-la", "us-ma", "us-md", "us-me", "us-mi", "us-mn", "us-mo", "us-ms", "us-mt", "us-nc",
    "us-nd", "us-ne", "us-nh", "us-nj", "us-nm", "us-nv", "us-ny", "us-oh", "us-ok", "us-or",
    "us-pa", "us-pr", "us-ri", "us-sc", "us-sd", "us-tn", "us-tx", "us-ut", "us-va", "us-vi",
    "us-vt", "us-wa", "us-wi", "us-wv", "us-wy", "uy", "xk", "xx-pci"
];

pub(crate) const CALENDARS: &[Source] = files![
    "calendars":
    "br-national", "by-national", "co-national", "cr-national", "ec-national", "eg-national",
    "eu-common", "jp-national", "kz-national", "us-ca", "us-federal", "us-ia", "us-me", "us-vt"
];

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
                .filter(|name| name.ends_with(".toml"))
                .collect();
            let listed: BTreeSet<String> = sources.iter().map(|source| source.file.to_owned()).collect();
            assert_eq!(listed, found);
        }
    }
}
