//! Conditions and updates in DynamoDB's expression language, to the meaning that `tocsin_ports::memory` gives them.
//!
//! Every name stands behind a placeholder: DynamoDB reserves hundreds of words, `state` among them. There are no
//! parentheses, for DynamoDB refuses redundant ones: AND binds more tightly than OR.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tocsin_ports::{Attributes, Condition, Test, Value};

use crate::item::{Map, Raw, value};

/// The names and values that an expression's placeholders stand for.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Placeholders {
    names: Vec<String>,
    values: Vec<AttributeValue>,
}

impl Placeholders {
    /// `None` for the condition that always holds.
    pub fn condition(&mut self, condition: &Condition) -> Option<String> {
        match condition {
            Condition::Always => None,
            Condition::Absent => Some(self.absent()),
            Condition::Present(tests) => {
                let present = format!("attribute_exists({})", self.name("pk"));
                Some(std::iter::once(present).chain(self.tests(tests)).collect::<Vec<_>>().join(" AND "))
            }
            Condition::AbsentOr(tests) if tests.is_empty() => None,
            Condition::AbsentOr(tests) => {
                Some(format!("{} OR {}", self.absent(), self.tests(tests).join(" AND ")))
            }
        }
    }

    /// A condition that always holds, for the one write that cannot go without: the check.
    pub fn always(&mut self) -> String {
        let pk = self.name("pk");
        format!("attribute_exists({pk}) OR attribute_not_exists({pk})")
    }

    /// What is both set and removed ends removed: DynamoDB refuses to do both. A transaction takes no update
    /// without an expression, so where nothing changes, an attribute goes that no item has.
    pub fn update(&mut self, set: &Attributes, remove: &[&'static str]) -> String {
        let set: Vec<String> = set
            .iter()
            .filter(|(name, _)| !remove.contains(name))
            .map(|(name, value)| format!("{} = {}", self.name(name), self.value(value)))
            .collect();
        let remove: Vec<String> = remove.iter().map(|name| self.name(name)).collect();
        let clauses: Vec<String> = [("SET", set), ("REMOVE", remove)]
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(verb, parts)| format!("{verb} {}", parts.join(", ")))
            .collect();
        if clauses.is_empty() { format!("REMOVE {}", self.name("-")) } else { clauses.join(" ") }
    }

    /// DynamoDB's own addition: an attribute that is not there counts as 0.
    pub fn add(&mut self, add: &BTreeMap<String, i64>) -> String {
        let parts: Vec<String> = add
            .iter()
            .map(|(name, number)| format!("{} {}", self.name(name), self.value(&Value::Number(*number))))
            .collect();
        format!("ADD {}", parts.join(", "))
    }

    pub fn name(&mut self, name: &str) -> String {
        let place = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        format!("#n{place}")
    }

    pub fn value(&mut self, of: &Value) -> String {
        self.values.push(value(of));
        format!(":v{}", self.values.len() - 1)
    }

    /// As the SDK takes them: DynamoDB refuses an empty list.
    pub fn into_maps(self) -> (Option<Map<String>>, Option<Raw>) {
        let names = self.names.into_iter().enumerate().map(|(place, name)| (format!("#n{place}"), name));
        let values = self.values.into_iter().enumerate().map(|(place, value)| (format!(":v{place}"), value));
        let (names, values): (Map<String>, Raw) = (names.collect(), values.collect());
        (Some(names).filter(|names| !names.is_empty()), Some(values).filter(|values| !values.is_empty()))
    }

    fn absent(&mut self) -> String {
        format!("attribute_not_exists({})", self.name("pk"))
    }

    fn tests(&mut self, tests: &[Test]) -> Vec<String> {
        tests.iter().map(|test| self.test(test)).collect()
    }

    fn test(&mut self, test: &Test) -> String {
        match test {
            Test::Is(name, value) => format!("{} = {}", self.name(name), self.value(value)),
            // An empty list is no expression: say what never holds.
            Test::IsOneOf(name, values) if values.is_empty() => {
                let name = self.name(name);
                format!("attribute_exists({name}) AND attribute_not_exists({name})")
            }
            Test::IsOneOf(name, values) => {
                let name = self.name(name);
                let values: Vec<String> = values.iter().map(|value| self.value(value)).collect();
                format!("{name} IN ({})", values.join(", "))
            }
            Test::Missing(name) => format!("attribute_not_exists({})", self.name(name)),
            // `contains` is false of what is not there:
            // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
            Test::Lacks(name, part) => {
                format!("NOT contains({}, {})", self.name(name), self.value(&Value::Text(part.clone())))
            }
            Test::Above(name, than) => format!("{} > {}", self.name(name), self.value(&Value::Number(*than))),
            Test::AtMost(name, most) => {
                format!("{} <= {}", self.name(name), self.value(&Value::Number(*most)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        let tests = vec![
            Test::IsOneOf("state", vec!["due".into(), "planned".into()]),
            Test::Is("attempt", Value::Number(2)),
            Test::Missing("held"),
            Test::Above("row", 7),
            Test::AtMost("row", 9),
            Test::Lacks("paused", ";2;".to_owned()),
        ];
        let written = "#n1 IN (:v0, :v1) AND #n2 = :v2 AND attribute_not_exists(#n3) AND #n4 > :v3 AND #n4 <= :v4 AND \
                       NOT contains(#n5, :v5)";
        for (condition, expected) in [
            (Condition::Always, None),
            (Condition::Absent, Some("attribute_not_exists(#n0)".to_owned())),
            (Condition::Present(Vec::new()), Some("attribute_exists(#n0)".to_owned())),
            (Condition::Present(tests.clone()), Some(format!("attribute_exists(#n0) AND {written}"))),
            (Condition::AbsentOr(Vec::new()), None),
            (Condition::AbsentOr(tests), Some(format!("attribute_not_exists(#n0) OR {written}"))),
            (
                Condition::Present(vec![Test::IsOneOf("state", Vec::new())]),
                Some(
                    "attribute_exists(#n0) AND attribute_exists(#n1) AND attribute_not_exists(#n1)"
                        .to_owned(),
                ),
            ),
        ] {
            assert_eq!(Placeholders::default().condition(&condition), expected, "{condition:?}");
        }
    }

    #[test]
    fn updates() {
        let set = Attributes::from([("state", "due".into()), ("wake", "later".into())]);
        let none = Attributes::new();
        for (set, remove, expected) in [
            (&set, vec![], "SET #n0 = :v0, #n1 = :v1"),
            (&set, vec!["held"], "SET #n0 = :v0, #n1 = :v1 REMOVE #n2"),
            (&set, vec!["wake"], "SET #n0 = :v0 REMOVE #n1"),
            (&none, vec!["wake_pk", "wake"], "REMOVE #n0, #n1"),
            (&none, vec![], "REMOVE #n0"),
        ] {
            assert_eq!(Placeholders::default().update(set, &remove), expected);
        }
    }

    #[test]
    fn additions() {
        let add = BTreeMap::from([("bounced".to_owned(), 1), ("delivered".to_owned(), 24)]);
        let mut placeholders = Placeholders::default();
        assert_eq!(placeholders.add(&add), "ADD #n0 :v0, #n1 :v1");
        assert_eq!(placeholders.into_maps().1.unwrap()[":v1"], AttributeValue::N("24".to_owned()));
    }

    #[test]
    fn one_name_is_one_placeholder_across_update_and_condition() {
        let mut placeholders = Placeholders::default();
        let set = Attributes::from([("state", "due".into())]);
        let update = placeholders.update(&set, &[]);
        let condition =
            placeholders.condition(&Condition::Present(vec![Test::Is("state", "planned".into())]));
        assert_eq!(update, "SET #n0 = :v0");
        assert_eq!(condition.as_deref(), Some("attribute_exists(#n1) AND #n0 = :v1"));
        let (names, values) = placeholders.into_maps();
        let names = names.unwrap();
        assert_eq!((names.len(), names["#n0"].as_str(), names["#n1"].as_str()), (2, "state", "pk"));
        assert_eq!(values.unwrap()[":v1"], AttributeValue::S("planned".to_owned()));
    }

    #[test]
    fn empty_lists_are_left_out() {
        assert_eq!(Placeholders::default().into_maps(), (None, None));
    }
}
