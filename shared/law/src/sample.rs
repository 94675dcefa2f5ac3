//! A small book of no country, for the tests of whatever reads books.

/// What stands before its rules.
pub const HEAD: &str = "jurisdiction = 'ZZ'\nname = 'Nowhere'\nzone = 'UTC'\nlanguages = ['en']\n";

/// Its one rule, with its one case.
pub const RULE: &str = r#"
        [[rule]]
        id = "zz-authority"
        law = "Law"
        citation = "s. 1"
        audience = "authority"
        effective-from = "2026-01-01"
        source = "unverified"
        confidence = "uncertain"
        status = "in-force"
        trigger = [{ people-at-least = 1 }]
        clocks = ["awareness"]
        deadline = { hours = 72 }

        [[rule.case]]
        name = "one"
        facts.clocks = { awareness = "2026-03-02T00:00:00Z" }
        facts.controller = { time_zone = "UTC" }
        facts.affected = { ZZ = 1 }
        owed = "yes"
    "#;
