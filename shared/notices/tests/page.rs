//! A page and the notices that come of it.

mod common;

use common::{REFERENCE, demands, facts, reader};
use proptest::prelude::*;
use tocsin_notices::{
    Channel, Library, Page, Part, Reader, Template, Violation, Whom, gate, render, shipped_parts,
    shipped_words,
};

const GDPR: &str = "eu-gdpr-individual";

#[test]
fn what_a_name_could_spoil_is_refused_before_there_is_one() {
    let words = shipped_words().unwrap();
    let parts = shipped_parts().into_iter().find(|parts| parts.folder == "gdpr/individual/en").unwrap();
    let (facts, demands) = (facts(), demands(GDPR));
    let found = |part, from: &str, to: &str| {
        let mut parts = parts.clone();
        let source = parts.sources.get_mut(&part).unwrap();
        assert!(source.contains(from), "{source}");
        *source = source.replace(from, to);
        let template = Template::from_parts(parts, &words).unwrap();
        let channel = if part == Part::Sms { Channel::Sms } else { Channel::Email };
        let page = Page::of(&template, channel, GDPR, &facts, &reader(Some("Erika"))).unwrap();
        gate::Judge::of(&template, GDPR, &facts, &demands).check_page(&page).err().unwrap_or_default()
    };
    assert_eq!(found(Part::Text, "Hello", "Hello"), []);
    let pointing = found(Part::Text, "Hello {{ name }}", "Hello {{ name }}.example");
    assert!(
        matches!(pointing[..], [Violation::ForeignLink { .. }, Violation::PartsDiffer { .. }, ..]),
        "{pointing:?}"
    );
    let long = "{{ name }} ".repeat(4);
    assert_eq!(
        found(Part::Subject, "{{ merchant.name }}", &format!("{{{{ merchant.name }}}} {long}")),
        [Violation::Subject("has more than 200 characters")]
    );
    let words = found(
        Part::Html,
        "We are sorry.",
        "We are sorry, <bdi>{{ name }}</bdi>, for all of this and for the trouble.",
    );
    assert!(words.contains(&Violation::NotPlain { words: 43, limit: 40 }), "{words:?}");
    let signs = found(
        Part::Html,
        "We are sorry.",
        &format!("申し訳ございません<bdi>{{{{ name }}}}</bdi>様{}。", "あ".repeat(27)),
    );
    assert!(signs.contains(&Violation::NotPlainSigns { signs: 101, limit: 100 }), "{signs:?}");
    let torn = found(Part::Sms, "Beware", "Dear {{ name }}, beware");
    assert!(matches!(torn[..], [Violation::SmsTooLong { .. }]), "{torn:?}");
}

#[test]
fn a_gap_is_printed_or_asked_for_and_nothing_else() {
    let words = shipped_words().unwrap();
    let parts = shipped_parts().into_iter().find(|parts| parts.folder == "gdpr/individual/en").unwrap();
    let with = |source: &str| {
        let mut parts = parts.clone();
        parts.sources.get_mut(&Part::Text).unwrap().push_str(source);
        Template::from_parts(parts, &words)
    };
    let used = |name| Err(vec![Violation::GapUsed { part: Part::Text, name }]);
    let cases = [
        ("{{ name }}{%- if name -%}{% endif %}{% if not name %}{% elif reference %}{% endif %}", Ok(())),
        ("{{ merchant.name }}{{ credit_agencies[0].name }}{{ data|length }}", Ok(())),
        ("{{ name|upper }}", used("name")),
        ("{{ name[0] }}", used("name")),
        ("{{ name.x }}", used("name")),
        ("{% if name == \"x\" %}{% endif %}", used("name")),
        ("{{ reference|length }}", used("reference")),
        ("{% if data and reference %}{% endif %}", used("reference")),
    ];
    for (source, expected) in cases {
        let found = gate::check_template(&with(source).unwrap(), GDPR, &demands(GDPR));
        assert_eq!(found, expected, "{source}");
    }
    let mut loose = parts.clone();
    let html = loose.sources.get_mut(&Part::Html).unwrap();
    *html = html.replacen("<bdi>{{ name }}</bdi>", "{{ name }}", 1);
    let loose = Template::from_parts(loose, &words).unwrap();
    assert_eq!(gate::check_template(&loose, GDPR, &demands(GDPR)), Err(vec![Violation::LooseName]));
    for sign in ['\u{e000}', '\u{e001}', '\u{e002}'] {
        let error = with(&sign.to_string()).unwrap_err().to_string();
        assert!(
            error.starts_with("gdpr/individual/en/body.txt.j2: a sign of the private use area"),
            "{error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn notices_of_one_digest_are_the_same(
        one in "[abא ]{0,3}",
        other in "[abא ]{0,3}",
        codes in prop::array::uniform2("[AB]{4}"),
        copies: [bool; 2],
    ) {
        let (library, facts) = (Library::shipped().unwrap(), facts());
        let template = library.select(GDPR, &["en"]).unwrap();
        let of = |name: &str, code: &str, copy: bool| {
            let reader = Reader { copy, ..reader(Some(name)) };
            let reference = format!("{REFERENCE}-{code}");
            let whom = Whom::of(&reader, reference.clone(), &facts).unwrap();
            let channel = Channel::Email;
            let page = Page::of(template, channel, GDPR, &facts, &reader).unwrap();
            let bytes = render(template, channel, GDPR, &facts, &reader, &reference).unwrap();
            (page.digest_to(&whom), bytes)
        };
        let (one, other) = (of(&one, &codes[0], copies[0]), of(&other, &codes[1], copies[1]));
        prop_assert_eq!(one.0 == other.0, one.1 == other.1);
    }
}
