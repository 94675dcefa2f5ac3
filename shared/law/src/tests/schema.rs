//! The JSON Schema that editors of the rules use knows the same words as the loader. `check_schema.py` holds the files
//! against it.

use serde_json::{Value, json};

use crate::category::DataClass;
use crate::rule::{Reach, RollTo};
use crate::{
    Audience, Clock, Condition, Confidence, Element, Encryption, EventKind, FilingRole, Method, Owed, Risk,
    Status,
};

macro_rules! words {
    ($($name:literal: $type:ty),+ $(,)?) => {
        [$(($name, json!(<$type>::ALL))),+]
    };
}

#[test]
fn the_schema_knows_the_words_that_a_rule_may_use() {
    let schema: Value = serde_json::from_str(include_str!("../../rule.schema.json")).expect("the schema");
    let words = words![
        "audience": Audience, "clock": Clock, "condition": Condition, "confidence": Confidence,
        "data-class": DataClass, "element": Element, "encryption": Encryption, "event": EventKind, "filing-role": FilingRole,
        "method": Method, "owed": Owed, "reach": Reach, "risk": Risk, "roll-to": RollTo, "status": Status,
    ];
    for (name, known) in words {
        assert_eq!(schema["$defs"][name]["enum"], known, "{name}");
    }
}
