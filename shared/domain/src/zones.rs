//! In which time zones the people of a residence may live.

use std::fmt;

use jiff::tz::TimeZone;

use crate::person::Jurisdiction;

/// Code, tab, zones. Its head says where it is from.
const TABLE: &str = include_str!("zones.tsv");

/// The zones in which somebody may live: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zones(Vec<TimeZone>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownZone {
    #[error("no time zone is known for the residence {0}: correct the code, or add it to zones.tsv")]
    Residence(Jurisdiction),
    #[error("{0:?} is not an IANA time zone")]
    Name(String),
}

impl Zones {
    /// All zones of a residence, because a record says where its person lives and not by which clock.
    /// A part of a country that has no zones of its own in the table may lie anywhere in the country.
    pub fn of(residence: &Jurisdiction) -> Result<Self, UnknownZone> {
        let names = listed(residence.as_str()).or_else(|| listed(residence.country()));
        let names = names.ok_or_else(|| UnknownZone::Residence(residence.clone()))?;
        names.split_ascii_whitespace().map(time_zone).collect::<Result<_, _>>().map(Self)
    }

    /// The one zone of somebody of whom it is known, such as an authority.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        Ok(Self(vec![time_zone(name)?]))
    }

    #[cfg(test)]
    pub(crate) fn of_names(names: &str) -> Self {
        Self(names.split_ascii_whitespace().map(|name| time_zone(name).unwrap()).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &TimeZone> {
        self.0.iter()
    }
}

fn time_zone(name: &str) -> Result<TimeZone, UnknownZone> {
    TimeZone::get(name).map_err(|_| UnknownZone::Name(name.to_owned()))
}

fn listed(code: &str) -> Option<&'static str> {
    TABLE.lines().find_map(|line| line.split_once('\t').filter(|(of, _)| *of == code)).map(|(_, zones)| zones)
}

impl fmt::Display for Zones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().filter_map(TimeZone::iana_name).collect();
        f.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Codes that rules stand under, and in which nobody lives.
    const NO_RESIDENCE: [&str; 2] = ["EU", "XX-PCI"];

    fn table() -> BTreeMap<&'static str, Vec<&'static str>> {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.split_once('\t').unwrap())
            .map(|(code, zones)| (code, zones.split(' ').collect()))
            .collect()
    }

    fn of(code: &str) -> Result<Zones, UnknownZone> {
        let residence: Jurisdiction = serde_json::from_value(code.into()).unwrap();
        Zones::of(&residence)
    }

    #[test]
    fn every_line_has_a_code_of_its_own_and_zones_that_are_known() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(table().len(), lines);
        for (code, zones) in table() {
            assert_eq!(of(code).unwrap().iter().count(), zones.len(), "{code}");
            assert_eq!(zones.iter().collect::<BTreeSet<_>>().len(), zones.len(), "{code}");
        }
    }

    #[test]
    fn every_country_state_and_territory_is_there() {
        let count = |wanted: fn(&str) -> bool| table().keys().filter(|code| wanted(code)).count();
        // ISO 3166-1 has 249; two are uninhabited; and XK.
        assert_eq!(count(|code| code.len() == 2), 249 - 2 + 1);
        // Fifty states, the District of Columbia, six territories, three of the armed forces.
        assert_eq!(count(|code| code.starts_with("US-")), 50 + 1 + 6 + 3);
    }

    #[test]
    fn states_with_several_zones_have_them_all() {
        for (code, zones) in [
            ("DE", vec!["Europe/Zurich", "Europe/Berlin"]),
            ("US-CA", vec!["America/Los_Angeles"]),
            ("US-FL", vec!["America/New_York", "America/Chicago"]),
            ("US-ID", vec!["America/Boise", "America/Los_Angeles"]),
            ("US-MI", vec!["America/Detroit", "America/Menominee"]),
            ("US-OR", vec!["America/Los_Angeles", "America/Boise"]),
            ("US-TN", vec!["America/New_York", "America/Chicago"]),
            ("US-TX", vec!["America/Chicago", "America/Denver"]),
            ("PT", vec!["Europe/Lisbon", "Atlantic/Madeira", "Atlantic/Azores"]),
        ] {
            assert_eq!(table()[code], zones, "{code}");
        }
        for (code, zone) in [
            ("US-AK", "America/Adak"),
            ("US-IN", "America/Chicago"),
            ("US-KS", "America/Denver"),
            ("US-KY", "America/Chicago"),
            ("US-ND", "America/Denver"),
            ("US-NE", "America/Denver"),
            ("US-SD", "America/Denver"),
            ("AU", "Australia/Lord_Howe"),
        ] {
            assert!(table()[code].contains(&zone), "{code}");
        }
    }

    #[test]
    fn a_part_of_a_country_without_a_line_may_lie_anywhere_in_it_and_an_unknown_country_is_an_error() {
        assert_eq!(of("CA-BC").unwrap(), of("CA").unwrap());
        assert!(matches!(of("ZZ"), Err(UnknownZone::Residence(_))));
        assert!(matches!(of("#"), Err(UnknownZone::Residence(_))));
        assert!(matches!(Zones::named("Europe/Bonn"), Err(UnknownZone::Name(_))));
    }

    #[test]
    fn every_place_that_a_rule_is_for_has_zones() {
        let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../law/rules");
        let mut codes = BTreeSet::new();
        for file in std::fs::read_dir(rules).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let named = text.lines().filter_map(|line| line.strip_prefix("jurisdiction = \""));
            codes.extend(named.map(|code| code.trim_end_matches('"').to_owned()));
        }
        assert!(codes.len() > 80, "{codes:?}");
        for code in codes.iter().filter(|code| !NO_RESIDENCE.contains(&code.as_str())) {
            assert!(table().contains_key(code.as_str()), "{code}");
        }
    }
}
