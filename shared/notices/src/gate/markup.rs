//! What HTML a notice may be made of: a list of the plain elements, of where each may stand and of what each may carry, so
//! that nothing remote, hidden or active gets in.

use super::Violation;
use super::style::{check_block, check_sheet, sets_size};
use crate::html::{Document, Tag};
use crate::template::{Part, Template};

/// What makes a paragraph or a list.
const FLOW: [&str; 10] = ["address", "div", "h1", "h2", "h3", "hr", "main", "ol", "p", "ul"];

/// What stands in a line.
const PHRASING: [&str; 5] = ["a", "bdi", "br", "em", "strong"];

/// Elements that nobody sees anything of, and that carry no style.
const UNSTYLED: [&str; 5] = ["head", "html", "meta", "style", "title"];

/// As wide as the reader's screen. Anything else may shrink the letter.
const VIEWPORT: &str = "width=device-width, initial-scale=1";

/// More line breaks than these with nothing between them push words out of sight.
const BREAKS: usize = 8;

/// The skeleton, the elements, attributes and styles of a letter.
pub fn check_markup(document: &Document, template: &Template) -> Vec<Violation> {
    let mut violations = Vec::from_iter(check_skeleton(document));
    violations.extend(check_names(document, template));
    violations.extend(check_space(document));
    for tag in &document.tags {
        violations.extend(check_tag(tag, &template.header().language));
        violations.extend(check_block(tag.value("style")));
    }
    violations.extend(document.styles.iter().flat_map(|style| check_sheet(style)));
    let body = document.tags.iter().find(|tag| tag.name == "body").map_or("", |tag| tag.value("style"));
    if !sets_size(body) {
        violations.push(Violation::FontTooSmall);
    }
    violations
}

/// One head and one body, in this order; who has two of them shows different ones to different programs.
fn check_skeleton(document: &Document) -> Option<Violation> {
    let count = |name: &str| document.tags.iter().filter(|tag| tag.name == name).count();
    let begins = document.tags.iter().map(|tag| tag.name.as_str()).take(2).eq(["html", "head"]);
    let is_whole = begins && ["html", "head", "body"].into_iter().all(|name| count(name) == 1);
    let is_plain = count("title") <= 1 && count("style") <= 1;
    (!is_whole || !is_plain).then_some(Violation::Skeleton)
}

/// Whatever stands in `bdi` counts as the reader's name, so nothing else may.
fn check_names(document: &Document, template: &Template) -> Option<Violation> {
    let source = template.source(Part::Html).unwrap_or_default();
    let isolated = source.matches("<bdi>{{ name }}</bdi>").count();
    let is_one = document.names.iter().all(|name| Some(name) == document.names.first());
    (!is_one || source.matches("<bdi").count() != isolated).then_some(Violation::LooseName)
}

fn check_space(document: &Document) -> Option<Violation> {
    let between = document.visible.split(|sign: char| !sign.is_whitespace());
    let most = between.map(|space| space.matches('\n').count()).max();
    most.is_some_and(|most| most > BREAKS).then_some(Violation::EmptySpace)
}

fn check_tag(tag: &Tag, language: &str) -> Vec<Violation> {
    let name = tag.name.as_str();
    if !is_known(name) {
        return vec![Violation::TagNotAllowed(tag.name.clone())];
    }
    let mut violations = Vec::new();
    if !may_hold(&tag.within, name) {
        violations.push(Violation::Misplaced { tag: tag.name.clone(), within: tag.within.clone() });
    }
    violations.extend(
        tag.attributes.iter().filter(|(attribute, value)| !is_allowed(name, attribute, value, language)).map(
            |(attribute, _)| Violation::AttributeNotAllowed {
                tag: tag.name.clone(),
                attribute: attribute.clone(),
            },
        ),
    );
    violations
}

fn is_known(name: &str) -> bool {
    UNSTYLED.contains(&name)
        || FLOW.contains(&name)
        || PHRASING.contains(&name)
        || matches!(name, "body" | "li")
}

/// Whether one element may stand right in another, as the standard has it: what breaks it, browsers mend by moving things.
fn may_hold(within: &str, name: &str) -> bool {
    match within {
        "" => name == "html",
        "html" => matches!(name, "body" | "head"),
        "head" => matches!(name, "meta" | "style" | "title"),
        "body" | "div" | "li" | "main" => FLOW.contains(&name) || PHRASING.contains(&name),
        "address" => name == "p" || PHRASING.contains(&name),
        "em" | "h1" | "h2" | "h3" | "p" | "strong" => PHRASING.contains(&name),
        "ol" | "ul" => name == "li",
        _ => false,
    }
}

fn is_allowed(tag: &str, attribute: &str, value: &str, language: &str) -> bool {
    match (tag, attribute) {
        ("a", "href") => true,
        ("meta", "charset") => value.eq_ignore_ascii_case("utf-8"),
        ("meta", "name") => value == "viewport",
        ("meta", "content") => value == VIEWPORT,
        // A heading in the words of a law of the United States stays English in a letter of another language.
        ("h1" | "h2" | "h3", "lang") => value == language || value == "en",
        (_, "lang") => value == language,
        (_, "dir") => value == direction(language),
        (_, "style") => !UNSTYLED.contains(&tag),
        _ => false,
    }
}

/// Which way a language runs.
fn direction(language: &str) -> &'static str {
    match language.split('-').next() {
        Some("ar" | "fa" | "he" | "ur" | "yi") => "rtl",
        Some(_) | None => "ltr",
    }
}
