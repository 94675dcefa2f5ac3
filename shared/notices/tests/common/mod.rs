//! An invented reader, and what the law demands of each shipped letter.

use tocsin_law::RulePack;
#[allow(unused_imports, reason = "not every test that shares this uses all of the sample")]
pub use tocsin_notices::sample::{REFERENCE, facts, facts_under, keys};
use tocsin_notices::{
    Channel, Demands, Email, Library, NoticeFacts, Reader, RenderError, Rendered, Template, render,
};

/// Every letter under every regime that it serves.
#[allow(dead_code, reason = "not every test that shares this looks at every letter")]
pub fn letters(library: &Library) -> impl Iterator<Item = (&Template, &str)> {
    library
        .templates()
        .iter()
        .flat_map(|template| template.header().regimes.keys().map(move |regime| (template, regime.as_str())))
}

/// What the shipped law demands, whatever the facts are.
#[allow(dead_code, reason = "not every test that shares this asks for it")]
pub fn demands(regime: &str) -> Demands {
    let rule = RulePack::shipped().rule(regime).unwrap_or_else(|| panic!("the law has no rule {regime}"));
    let keys = rule.content_keys();
    Demands::from_keys(keys.iter().map(String::as_str)).expect("elements that notices know")
}

#[allow(dead_code, reason = "not every test that shares this has a reader")]
pub fn reader(name: Option<&str>) -> Reader {
    Reader {
        display_name: name.map(str::to_owned),
        data_categories: keys(&["email", "name", "password-hash"]),
        copy: false,
    }
}

/// A notice in the form of an e-mail.
#[allow(dead_code, reason = "not every test that shares this looks at an e-mail alone")]
pub fn render_email(
    template: &Template,
    regime: &str,
    facts: &NoticeFacts,
    reader: &Reader,
    reference: &str,
) -> Result<Email, RenderError> {
    match render(template, Channel::Email, regime, facts, reader, reference)? {
        Rendered::Email(email) => Ok(email),
        Rendered::Sms(_) | Rendered::InApp(_) => panic!("not an e-mail"),
    }
}
