//! The content gate: a notice that lacks what its regime demands, says what it forbids, or looks like a fraud
//! is not sent. It runs when a template is added, when a plan is made, and on the rendered bytes.

mod evidence;
mod links;
mod markup;
mod plain;
mod rendered;
mod style;
mod template;
mod violation;
mod wording;

pub use rendered::{Judge, check_rendered};
pub use template::check_template;
pub(crate) use template::{is_known_by_phrase, own_words};
pub use violation::Violation;

use crate::script::adjoin;

/// Text with every run of whitespace as one space, or as none where the script sets none, in lower case: how the gate
/// compares.
fn squeezed(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !squeezed.is_empty() && !adjoin(squeezed.chars().next_back(), word.chars().next()) {
            squeezed.push(' ');
        }
        squeezed.push_str(word);
    }
    squeezed.to_lowercase()
}

/// The headings of California's form, in its order (Cal. Civ. Code 1798.82(d)(1)).
const CALIFORNIA_HEADINGS: [&str; 5] = [
    "What Happened",
    "What Information Was Involved",
    "What We Are Doing",
    "What You Can Do",
    "For More Information",
];

/// The title of California's form (Cal. Civ. Code 1798.82(d)(1)).
const CALIFORNIA_TITLE: &str = "Notice of Data Breach";
