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
    "ad", "ae", "ae-adgm", "ae-difc", "al", "ar", "au", "ba", "bb", "bd", "bh", "bm", "br", "bw",
    "by", "ca", "ca-ab", "ca-qc", "ch", "cl", "cn", "co", "cr", "dz", "ec", "eg", "et", "eu", "gb",
    "ge", "gg", "gh", "hk", "id", "il", "im", "in", "is", "je", "jm", "jo", "jp", "ke", "kr", "kw",
    "ky", "kz", "li", "lk", "ma", "mc", "md", "mk", "mo", "mu", "mw", "mx", "my", "ng", "no", "nz",
    "om", "pa", "pe", "ph", "qa", "qa-qfc", "rs", "ru", "rw", "sa", "sg", "sm", "th", "tr", "tw",
    "ua", "ug", "us", "us-ak", "us-al", "us-ar", "us-az", "us-ca", "us-co", "us-ct", "us-dc",
    "us-de", "us-fl", "us-ga", "us-gu", "us-hi", "us-ia", "us-id", "us-il", "us-in", "us-ks",
    "us-ky", "us-la", "us-ma", "us-md", "us-me", "us-mi", "us-mn", "us-mo", "us-ms", "us-mt",
    "us-nc", "us-nd", "us-ne", "us-nh", "us-nj", "us-nm", "us-nv", "us-ny", "us-oh", "us-ok",
    "us-or", "us-pa", "us-pr", "us-ri", "us-sc", "us-sd", "us-tn", "us-tx", "us-ut", "us-va",
    "us-vi", "us-vt", "us-wa", "us-wi", "us-wv", "us-wy", "uy", "vn", "xk", "xx-pci", "za", "zm",
    "zw"
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
