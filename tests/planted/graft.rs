//! All faults of a file at once. A function that a fault changes gets one body more for it, and the simulation chooses
//! among them when it runs: so one build has every fault, and none of them is planted unless it is named.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::extra::DelimSpan;
use syn::visit::{self, Visit};

use crate::Trouble;
use crate::faults::{Change, Fault};

/// Names the fault that the simulation runs with.
pub const CHOICE: &str = "TOCSIN_PLANTED";

const CHOOSE: &str = r#"
fn is_planted(name: &str) -> bool {
    static PLANTED: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("TOCSIN_PLANTED").ok());
    PLANTED.as_deref() == Some(name)
}
"#;

/// The text of a file with a body more for every fault in each of the functions that the fault changes.
///
/// # Errors
///
/// The text is no Rust, or a change does not lie within one function.
pub fn graft(file: &str, text: &str, faults: &[Fault]) -> Result<String, Trouble> {
    let bodies = Bodies::of(text)?;
    let mut changed: BTreeMap<(usize, usize), Vec<(&str, String)>> = BTreeMap::new();
    for fault in faults {
        for (body, changes) in by_body(file, text, &bodies, fault)? {
            let planted = with_changes(&text[body.0..body.1], &changes);
            changed.entry(body).or_default().push((&fault.name, planted));
        }
    }
    if changed.is_empty() {
        return Ok(text.to_owned());
    }
    let mut grafted = text.to_owned();
    for ((start, end), planted) in changed.iter().rev() {
        grafted.replace_range(start..end, &chosen_among(planted, &text[*start..*end]));
    }
    Ok(grafted + CHOOSE)
}

/// The changes of a fault in this file, under the body that each lies in.
fn by_body<'fault>(
    file: &str,
    text: &str,
    bodies: &Bodies,
    fault: &'fault Fault,
) -> Result<BTreeMap<(usize, usize), Vec<&'fault Change>>, Trouble> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for change in fault.change.iter().filter(|change| change.file == file) {
        let start = text.find(&change.find).ok_or_else(|| format!("{}: nowhere in {file}", fault.name))?;
        let body = bodies
            .around(start..start + change.find.len())
            .ok_or_else(|| format!("{}: the change in {file} is not within one function", fault.name))?;
        found.entry((body.start, body.end)).or_default().push(change);
    }
    Ok(found)
}

fn with_changes(body: &str, changes: &[&Change]) -> String {
    changes.iter().fold(body.to_owned(), |text, change| text.replacen(&change.find, &change.replace, 1))
}

fn chosen_among(planted: &[(&str, String)], original: &str) -> String {
    let planted: String =
        planted.iter().map(|(name, body)| format!("if is_planted({name:?}) {body} else ")).collect();
    format!("{{ {planted}{original} }}")
}

/// Where the bodies of a file's functions stand, braces included, in bytes.
#[derive(Default)]
struct Bodies(Vec<Range<usize>>);

impl Bodies {
    fn of(text: &str) -> Result<Self, Trouble> {
        let mut bodies = Self::default();
        bodies.visit_file(&syn::parse_file(text)?);
        Ok(bodies)
    }

    /// The innermost that holds all of the place.
    fn around(&self, place: Range<usize>) -> Option<&Range<usize>> {
        let holds = |body: &&Range<usize>| body.start < place.start && place.end < body.end;
        self.0.iter().filter(holds).min_by_key(|body| body.len())
    }

    fn add(&mut self, braces: &DelimSpan) {
        self.0.push(braces.open().byte_range().start..braces.close().byte_range().end);
    }
}

impl<'text> Visit<'text> for Bodies {
    fn visit_item_fn(&mut self, function: &'text syn::ItemFn) {
        self.add(&function.block.brace_token.span);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'text syn::ImplItemFn) {
        self.add(&function.block.brace_token.span);
        visit::visit_impl_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "/// Grüße.\nfn add(a: u8) -> u8 {\n    a + 1\n}\n\nfn other() {}\n";

    fn fault(name: &str, find: &str, replace: &str) -> Fault {
        let change = Change { file: "a.rs".to_owned(), find: find.to_owned(), replace: replace.to_owned() };
        Fault { name: name.to_owned(), life: String::new(), seed: None, change: vec![change] }
    }

    #[test]
    fn a_function_gets_a_body_for_each_fault_and_keeps_its_own() {
        let faults = [fault("more", "a + 1", "a + 2"), fault("less", "a + 1", "a - 1")];
        let grafted = graft("a.rs", TEXT, &faults).unwrap();
        let head = "/// Grüße.\nfn add(a: u8) -> u8 { if is_planted(\"more\") {\n    a + 2\n} else \
                    if is_planted(\"less\") {\n    a - 1\n} else {\n    a + 1\n} }\n\nfn other() {}\n";
        assert_eq!(grafted, format!("{head}{CHOOSE}"));
        assert!(CHOOSE.contains(CHOICE));
    }

    #[test]
    fn a_file_without_faults_stays_as_it_is() {
        assert_eq!(graft("b.rs", TEXT, &[fault("more", "a + 1", "a + 2")]).unwrap(), TEXT);
    }

    #[test]
    fn a_change_outside_of_any_function_is_refused() {
        assert!(graft("a.rs", TEXT, &[fault("name", "fn other()", "fn another()")]).is_err());
    }
}
