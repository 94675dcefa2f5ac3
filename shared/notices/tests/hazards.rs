//! Hostile and odd text through every letter in every channel: nobody is skipped, nothing is lost, nothing escapes.

mod common;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use common::{REFERENCE, demands, facts_under, letters, reader};
use proptest::prelude::*;
use serde::Deserialize;
use tocsin_notices::{
    Audience, Channel, Library, NAME_LIMIT, NoticeFacts, Reader, Rendered, Template, Texts, Violation, gate,
    render,
};

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::shipped().expect("the shipped letters"));
static HAZARDS: LazyLock<Vec<Hazard>> = LazyLock::new(|| {
    let corpus: Corpus = toml::from_str(include_str!("hazards/names.toml")).expect("the corpus");
    corpus.hazard
});

#[derive(Deserialize)]
struct Corpus {
    hazard: Vec<Hazard>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hazard {
    kind: String,
    #[serde(default)]
    text: String,
    bytes: Option<String>,
    #[serde(default = "once")]
    repeat: usize,
    shown: Option<String>,
    #[serde(default)]
    bearable: bool,
}

fn once() -> usize {
    1
}

impl Hazard {
    fn name(&self) -> String {
        match &self.bytes {
            Some(bytes) => String::from_utf8_lossy(&hex::decode(bytes).expect("hexadecimal")).into_owned(),
            None => self.text.repeat(self.repeat),
        }
    }

    fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.text)
    }
}

/// A letter of each template: names and other outside text reach all its regimes alike.
fn one_of_each() -> impl Iterator<Item = (&'static Template, &'static str)> {
    let first = |template: &'static Template| {
        template.header().regimes.keys().next().map(|regime| (template, regime.as_str()))
    };
    LIBRARY.templates().iter().filter_map(first)
}

#[test]
fn every_odd_name_goes_through_every_letter_unharmed() {
    for (template, regime) in
        one_of_each().filter(|(template, _)| template.header().audience == Audience::Individual)
    {
        let facts = facts_under(template, regime);
        let demands = demands(regime);
        let judge = gate::Judge::of(template, regime, &facts, &demands);
        for channel in &template.header().channels {
            let to = |name: Option<&str>| {
                render(template, *channel, regime, &facts, &reader(name), REFERENCE).unwrap()
            };
            let (named, unnamed) = (Shape::of(&to(Some("Erika"))), Shape::of(&to(None)));
            for hazard in HAZARDS.iter() {
                let case = format!("{} {channel:?}: {}", template.id(), hazard.kind);
                let rendered = to(Some(&hazard.name()));
                assert_eq!(judge.check(&rendered), Ok(()), "{case}");
                let expected = if hazard.shown().is_empty() { &unnamed } else { &named };
                assert_eq!(&Shape::of(&rendered), expected, "{case}");
                if let Rendered::Email(email) = &rendered {
                    assert!(
                        email.text.contains(hazard.shown()),
                        "{case}: {:?}",
                        email.text.lines().find(|line| line.ends_with(','))
                    );
                    assert!(email.html.contains(&escaped(hazard.shown())), "{case}");
                }
            }
        }
    }
}

/// A merchant whose name is odd writes letters that pass, in every field where a name can stand.
#[test]
fn a_merchant_of_an_odd_name_writes_to_everybody() {
    for (at_letter, (template, regime)) in one_of_each().enumerate() {
        let (plain, demands) = (facts_under(template, regime), demands(regime));
        for (at, hazard) in HAZARDS.iter().filter(|hazard| hazard.bearable).enumerate() {
            // Over all letters each name comes to stand in each field.
            let (field, put) = FIELDS[(at + at_letter) % NAMES];
            let facts = with(&plain, put, &hazard.name());
            for channel in &template.header().channels {
                let case = format!("{} {channel:?} {field}: {}", template.id(), hazard.kind);
                let rendered =
                    render(template, *channel, regime, &facts, &whom(template), REFERENCE).unwrap();
                let verdict = gate::check_rendered(&rendered, template, regime, &facts, &demands);
                let violations = verdict.err().unwrap_or_default();
                // In letters that the network's alphabet lacks a text message is longer, and is refused before it is torn.
                let is_long = |violation: &Violation| matches!(violation, Violation::SmsTooLong { .. });
                assert!(violations.iter().all(is_long), "{case}: {violations:?}");
                assert!(violations.is_empty() || !hazard.text.is_ascii(), "{case}: {violations:?}");
            }
        }
    }
}

/// What stands in the settings is the merchant's own and is never mended: what looks like an attack is refused, aloud. But
/// whether or not it is refused, it escapes into nothing.
#[test]
fn nothing_in_any_field_becomes_a_tag_a_line_or_a_control() {
    let mut refused = BTreeSet::new();
    for (at_letter, (template, regime)) in one_of_each().enumerate() {
        let plain = facts_under(template, regime);
        for (at, hazard) in HAZARDS.iter().enumerate() {
            // Over all letters each hazard comes to stand in each field.
            let (field, put) = FIELDS[(at + at_letter) % FIELDS.len()];
            let facts = with(&plain, put, &hazard.name());
            for channel in &template.header().channels {
                let case = format!("{} {channel:?} {field}: {}", template.id(), hazard.kind);
                // A wording of nothing but unseen signs is no wording.
                let Ok(rendered) = render(template, *channel, regime, &facts, &whom(template), REFERENCE)
                else {
                    assert!(field.starts_with("texts"), "{case}");
                    continue;
                };
                check_harmless(&rendered, template, &case);
                if hazard.repeat == 1 {
                    let verdict = gate::check_rendered(&rendered, template, regime, &facts, &demands(regime));
                    refused.extend(verdict.err().unwrap_or_default().iter().map(name_of));
                }
            }
        }
    }
    // What is left of a template's syntax or leads away is seen.
    assert!(refused.contains("LeftoverSyntax") && refused.contains("ForeignLink"), "{refused:?}");
}

fn name_of(violation: &Violation) -> String {
    format!("{violation:?}").split([' ', '(']).next().unwrap_or_default().to_owned()
}

/// What has to be the same whatever a reader's name is: the tags, the number of lines, and the title.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    tags: Vec<String>,
    lines: [usize; 2],
    title: String,
}

impl Shape {
    fn of(rendered: &Rendered) -> Shape {
        let lines = |text: &str| text.split('\n').count();
        for sign in all(rendered).chars() {
            assert!(!is_harmful(sign), "{sign:?}");
        }
        match rendered {
            Rendered::Email(email) => Shape {
                tags: tags(&email.html),
                lines: [lines(&email.text), lines(&email.html)],
                title: email.subject.clone(),
            },
            Rendered::Sms(sms) => {
                Shape { tags: Vec::new(), lines: [lines(&sms.text), 0], title: String::new() }
            }
            Rendered::InApp(in_app) => {
                Shape { tags: Vec::new(), lines: [lines(&in_app.text), 0], title: in_app.title.clone() }
            }
        }
    }
}

/// Signs that steer a terminal, turn a line around, or are seen by nobody.
fn is_harmful(sign: char) -> bool {
    (sign.is_control() && sign != '\n')
        || matches!(sign, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2067}'
            | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e007f}')
}

fn all(rendered: &Rendered) -> String {
    match rendered {
        Rendered::Email(email) => format!("{}\n{}\n{}", email.subject, email.text, email.html),
        Rendered::Sms(sms) => sms.text.clone(),
        Rendered::InApp(in_app) => format!("{}\n{}", in_app.title, in_app.text),
    }
}

/// Every tag with its attributes, read as a browser would: from `<` to `>`.
fn tags(html: &str) -> Vec<String> {
    html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default().to_owned()).collect()
}

/// One line of a subject, no sign that harms, and no tag that the template has not.
fn check_harmless(rendered: &Rendered, template: &Template, case: &str) {
    let whole = all(rendered);
    assert!(!whole.contains(is_harmful), "{case}");
    let (title, html) = match rendered {
        Rendered::Email(email) => (email.subject.as_str(), email.html.as_str()),
        Rendered::Sms(_) => ("", ""),
        Rendered::InApp(in_app) => (in_app.title.as_str(), ""),
    };
    assert!(!title.contains('\n'), "{case}");
    let source = template.source(tocsin_notices::Part::Html).unwrap_or_default();
    let known: BTreeSet<String> = tags(source).iter().map(|tag| without_values(tag)).collect();
    for tag in tags(html) {
        assert!(known.contains(&without_values(&tag)), "{case}: <{tag}>");
    }
}

/// A tag with the names of its attributes.
fn without_values(tag: &str) -> String {
    tag.split('"').step_by(2).collect()
}

/// As the template engine escapes.
fn escaped(text: &str) -> String {
    let references =
        [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#x27;"), ('/', "&#x2f;")];
    references.into_iter().fold(text.to_owned(), |text, (sign, reference)| text.replace(sign, reference))
}

fn whom(template: &Template) -> Reader {
    match template.header().audience {
        Audience::Individual => reader(None),
        Audience::Authority | Audience::Controller | Audience::Card => Reader::nobody(),
    }
}

type Put = fn(&mut NoticeFacts, &str);
type Field = (&'static str, Put);

/// How many of the fields hold names.
const NAMES: usize = 7;

/// Names first.
const FIELDS: [Field; 13] = [
    ("merchant.name", |facts, text| text.clone_into(&mut facts.merchant.name)),
    ("merchant.controller", |facts, text| text.clone_into(&mut facts.merchant.controller)),
    ("merchant.affiliate", |facts, text| facts.merchant.affiliate = Some(text.to_owned())),
    ("merchant.address", |facts, text| facts.merchant.address.insert(0, text.to_owned())),
    ("merchant.dpo.name", |facts, text| {
        if let Some(officer) = &mut facts.merchant.dpo {
            text.clone_into(&mut officer.name);
        }
    }),
    ("identity_services.provider", |facts, text| {
        if let Some(services) = &mut facts.identity_services {
            text.clone_into(&mut services.provider);
        }
    }),
    ("filing.authority", |facts, text| {
        if let Some(filing) = &mut facts.filing {
            text.clone_into(&mut filing.authority);
        }
    }),
    ("merchant.phone", |facts, text| facts.merchant.phone = Some(text.to_owned())),
    ("merchant.email", |facts, text| text.clone_into(&mut facts.merchant.email)),
    ("merchant.notice_page", |facts, text| text.clone_into(&mut facts.merchant.notice_page)),
    ("filing.people_categories", |facts, text| {
        if let Some(filing) = &mut facts.filing {
            filing.people_categories = vec![text.to_owned()];
        }
    }),
    ("texts.what_happened", |facts, text| each_text(facts, |texts| &mut texts.what_happened, text)),
    ("texts.advice", |facts, text| each_text(facts, |texts| &mut texts.advice, text)),
];

fn each_text(facts: &mut NoticeFacts, block: fn(&mut Texts) -> &mut Option<String>, text: &str) {
    for texts in facts.texts.values_mut() {
        *block(texts) = Some(text.to_owned());
    }
}

fn with(facts: &NoticeFacts, put: Put, text: &str) -> NoticeFacts {
    let mut facts = facts.clone();
    put(&mut facts, text);
    facts
}

/// Letters and digits of a name but fillers that nobody sees, and marks, which may be stacked.
fn letters_of(text: &str) -> String {
    let is_filler = |sign| matches!(sign, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    let is_mark =
        |sign| matches!(sign, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1dc0}'..='\u{1dff}');
    text.chars().filter(|sign| sign.is_alphanumeric() && !is_filler(*sign) && !is_mark(*sign)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Cleaning a name loses no letter of it, up to the length that is shown.
    #[test]
    fn no_letter_of_a_name_is_lost(name in prop_oneof![any::<String>(), "[\\p{L}\\p{N}\\p{M} .'@:{}\u{e0100}-\u{e0110}]{0,40}"]) {
        let template = LIBRARY.select("eu-gdpr-individual", &["en"]).unwrap();
        let facts = facts_under(template, "eu-gdpr-individual");
        let rendered =
            render(template, Channel::Email, "eu-gdpr-individual", &facts, &reader(Some(&name)), REFERENCE).unwrap();
        let Rendered::Email(email) = rendered else { panic!("not an e-mail") };
        let greeting = email.text.lines().find(|line| line.starts_with("Hello")).expect("a greeting");
        let shown = greeting.strip_prefix("Hello").and_then(|rest| rest.strip_suffix(',')).expect("a greeting");
        let (meant, shown) = (letters_of(&name), (shown, letters_of(shown)));
        let numbers = name.chars().filter(|sign| sign.is_numeric()).count();
        if numbers > 8 && shown.0.is_empty() {
            // So long a number is no name.
        } else if shown.0.ends_with('…') {
            prop_assert!(meant.starts_with(&shown.1), "{:?}", shown);
            // Each sign may get a space before it, so that it is no link and no syntax.
            prop_assert!(name.chars().count() * 2 > NAME_LIMIT, "cut too early");
        } else {
            prop_assert_eq!(meant, shown.1);
        }
    }

    #[test]
    fn any_text_in_any_field_is_harmless(
        text in prop_oneof![any::<String>(), "[<>\"'&{}%#/a-z\r\n\u{0}\u{202e}\u{2028}\u{e000} ]{0,60}"],
        letter in any::<prop::sample::Index>(),
        field in any::<prop::sample::Index>(),
    ) {
        let all: Vec<(&Template, &str)> = letters(&LIBRARY).collect();
        let (template, regime) = *letter.get(&all);
        let (field, put) = field.get(&FIELDS);
        let facts = &with(&facts_under(template, regime), *put, &text);
        for channel in &template.header().channels {
            if let Ok(rendered) = render(template, *channel, regime, facts, &whom(template), REFERENCE) {
                check_harmless(&rendered, template, field);
                let again = render(template, *channel, regime, facts, &whom(template), REFERENCE).unwrap();
                prop_assert_eq!(rendered.digest(), again.digest());
                // The gate comes to a verdict on whatever it is shown.
                let verdict = gate::check_rendered(&rendered, template, regime, facts, &demands(regime));
                prop_assert!(verdict.is_ok() || !verdict.unwrap_err().is_empty());
            }
        }
    }
}
