//! What HTML a notice may be made of: a list of the plain elements, so that nothing remote, hidden or active gets in.

use super::Violation;
use crate::html::{Document, Tag};

/// Everything that a letter needs.
const TAGS: [&str; 22] = [
    "a", "address", "bdi", "body", "br", "div", "em", "h1", "h2", "h3", "head", "hr", "html", "li", "main",
    "meta", "ol", "p", "strong", "style", "title", "ul",
];

/// Attributes that any element may have.
const COMMON: [&str; 3] = ["dir", "lang", "style"];

/// Style rules that fetch, hide or shrink.
const STYLES: [&str; 10] = [
    "url(",
    "@import",
    "@font-face",
    "expression(",
    "display:none",
    "visibility:hidden",
    "opacity:",
    "font:",
    "text-indent:",
    "transform:",
];

/// The smallest letters, in points (Cal. Civ. Code 1798.82(d)(1)(C)).
const SMALLEST: f64 = 10.0;

/// The elements, attributes and styles of a letter.
pub fn check_markup(document: &Document) -> Vec<Violation> {
    let mut violations: Vec<Violation> = document.tags.iter().flat_map(check_tag).collect();
    let inline = document.tags.iter().map(|tag| tag.value("style"));
    for style in document.styles.iter().map(String::as_str).chain(inline) {
        violations.extend(check_style(style));
    }
    let body = document.tags.iter().find(|tag| tag.name == "body").map_or("", |tag| tag.value("style"));
    if !body.contains("font-size:") {
        violations.push(Violation::FontTooSmall);
    }
    violations
}

fn check_tag(tag: &Tag) -> Vec<Violation> {
    if !TAGS.contains(&tag.name.as_str()) {
        return vec![Violation::TagNotAllowed(tag.name.clone())];
    }
    tag.attributes
        .iter()
        .filter(|(attribute, value)| !is_allowed(&tag.name, attribute, value))
        .map(|(attribute, _)| Violation::AttributeNotAllowed {
            tag: tag.name.clone(),
            attribute: attribute.clone(),
        })
        .collect()
}

fn is_allowed(tag: &str, attribute: &str, value: &str) -> bool {
    match (tag, attribute) {
        ("a", "href") | ("meta", "charset") => true,
        ("meta", "name") => value == "viewport",
        ("meta", "content") => value.starts_with("width="),
        _ => COMMON.contains(&attribute),
    }
}

fn check_style(style: &str) -> Vec<Violation> {
    let style: String = style.to_ascii_lowercase().split_whitespace().collect();
    let mut violations: Vec<Violation> = STYLES
        .iter()
        .filter(|rule| style.contains(**rule))
        .map(|rule| Violation::StyleNotAllowed(rule))
        .collect();
    if style.contains("/*") || style.contains('\\') {
        violations.push(Violation::StyleNotAllowed("comment or escape"));
    }
    if style.split("font-size:").skip(1).any(|size| !is_large_enough(size)) {
        violations.push(Violation::FontTooSmall);
    }
    violations
}

/// A size in points, of at least ten.
fn is_large_enough(size: &str) -> bool {
    let value = size.split([';', '}']).next().unwrap_or_default();
    value
        .strip_suffix("pt")
        .and_then(|points| points.parse::<f64>().ok())
        .is_some_and(|points| points.is_finite() && points >= SMALLEST)
}
