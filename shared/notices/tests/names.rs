//! A person is never skipped for an odd name, and a name never changes what a notice is.

mod common;

use std::sync::LazyLock;

use common::{REFERENCE, demands, facts, facts_under, letters, reader, render_email};
use proptest::prelude::*;
use tocsin_notices::{
    Channel, Email, Library, NAME_LIMIT, NoticeFacts, Page, Reader, Rendered, Template, gate, render,
};

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::shipped().expect("the shipped letters"));
static LETTERS: LazyLock<Vec<(&Template, &str)>> = LazyLock::new(|| letters(&LIBRARY).collect());
static FACTS: LazyLock<NoticeFacts> = LazyLock::new(facts);

fn email(name: &str) -> Email {
    let template = LIBRARY.select("eu-gdpr-individual", &["en"]).expect("an English letter");
    render_email(template, "eu-gdpr-individual", &FACTS, &reader(Some(name)), REFERENCE).expect("a letter")
}

/// How the text part greets.
fn greeting(name: &str) -> String {
    email(name).text.lines().find(|line| line.starts_with("Hello")).expect("a greeting").to_owned()
}

#[test]
fn names_are_shown_as_text() {
    let cases = [
        ("Erika Example", "Hello Erika Example,"),
        ("Nguyễn Thị Minh Khai", "Hello Nguyễn Thị Minh Khai,"),
        ("佐藤 花子", "Hello 佐藤 花子,"),
        ("O'Neill", "Hello O'Neill,"),
        ("Zoe\u{308}", "Hello Zoe\u{308},"),
        ("None", "Hello None,"),
        ("  Erika \t  Example ", "Hello Erika Example,"),
        ("Prof. Dr. h.c. Example", "Hello Prof. Dr. h. c. Example,"),
        // From right to left, between isolates.
        ("יעל כהן", "Hello \u{2068}יעל כהן\u{2069},"),
        ("\u{200f}שם", "Hello \u{2068}שם\u{2069},"),
        // Signs that steer, hide or break.
        ("\u{202e}evil\u{202c}", "Hello evil,"),
        ("abc\u{2066}def\u{2069}", "Hello abcdef,"),
        ("\u{feff}Bob\u{200b}\u{2060}", "Hello Bob,"),
        ("Bob\u{0}\u{7}\u{1b}[31m", "Hello Bob[31m,"),
        ("A\r\nBcc: victim@example.org", "Hello A Bcc: victim@ example. org,"),
        ("A\u{2028}B\u{85}C", "Hello A B C,"),
        ("Z\u{351}\u{36b}\u{343}\u{36a}\u{302}\u{36b}\u{33d}A", "Hello Z\u{351}\u{36b}\u{343}\u{36a}A,"),
        // Template syntax and links, taken apart.
        ("{{7*7}}", "Hello { {7*7} },"),
        ("{% for c in customers %}", "Hello { % for c in customers % },"),
        ("{#x#}", "Hello { #x# },"),
        ("https://evil.example/login", "Hello https: / /evil. example/login,"),
        ("www.evil.example", "Hello www. evil. example,"),
        ("<script>alert(1)</script>", "Hello <script>alert(1)</script>,"),
        // Numbers that are none of a notice, however they are written.
        ("Card 4111 1111 1111 1111", "Hello,"),
        ("4111.1111.1111.1111", "Hello,"),
        ("Erika 123-45-6789", "Hello,"),
        ("１２３４５６７８９", "Hello,"),
        ("Erika 1984", "Hello Erika 1984,"),
        // Nothing to greet by.
        ("", "Hello,"),
        ("   ", "Hello,"),
        ("\u{0}", "Hello,"),
        ("...", "Hello,"),
        ("\u{3164}\u{2800}", "Hello,"),
        ("\u{e000}", "Hello,"),
    ];
    for (name, expected) in cases {
        assert_eq!(greeting(name), expected, "{name:?}");
    }
}

/// In Japanese a title follows the name.
#[test]
fn a_japanese_reader_is_greeted_by_name_and_title() {
    let template = LIBRARY.select("jp-appi-individual", &["ja"]).unwrap();
    let cases = [
        (Some("佐藤 花子"), "\n佐藤 花子 様\n"),
        (Some("佐藤　花子"), "\n佐藤 花子 様\n"),
        (Some("evil.example"), "\nevil. example 様\n"),
        (Some("יעל כהן"), "\n\u{2068}יעל כהן\u{2069} 様\n"),
        (None, "\nお客様へ\n"),
    ];
    for (name, greeting) in cases {
        let email = render_email(template, "jp-appi-individual", &FACTS, &reader(name), REFERENCE).unwrap();
        assert!(email.text.contains(greeting), "{name:?}: {}", email.text);
    }
}

#[test]
fn a_name_is_escaped_in_html() {
    let html = email("</bdi></p><img src=x onerror=\"alert(1)\">").html;
    assert!(html.contains(
        "<bdi>&lt;&#x2f;bdi&gt;&lt;&#x2f;p&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;</bdi>"
    ));
    assert!(!html.contains("<img"));
}

#[test]
fn a_long_name_is_cut_between_characters() {
    let cut = |name: &str| greeting(name).trim_start_matches("Hello ").trim_end_matches(',').to_owned();
    let long = cut(&"a".repeat(300_000));
    assert_eq!(long, format!("{}…", "a".repeat(NAME_LIMIT - 1)));
    assert_eq!(cut(&format!("{}Bob", " ".repeat(300_000))), "Bob");
    assert_eq!(cut(&"a".repeat(NAME_LIMIT)), "a".repeat(NAME_LIMIT));
    // A letter and its mark stay together or go together.
    let marked = cut(&"e\u{301}".repeat(100));
    assert!(marked.ends_with("e\u{301}…") && marked.chars().count() <= NAME_LIMIT, "{marked}");
}

#[test]
fn a_reader_without_a_name_is_greeted_too() {
    let template = LIBRARY.select("eu-gdpr-individual", &["de"]).unwrap();
    let email = render_email(template, "eu-gdpr-individual", &FACTS, &reader(None), REFERENCE).unwrap();
    assert!(email.text.contains("\nGuten Tag,\n"));
}

/// Strings of the kinds that break things, and their mixtures.
fn names() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        any::<String>(),
        Just("{{".to_owned()),
        Just("}}".to_owned()),
        Just("{%".to_owned()),
        Just("%}".to_owned()),
        Just("\r\n".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\u{2069}".to_owned()),
        Just("</bdi>".to_owned()),
        Just("<script>".to_owned()),
        Just("https://evil.example/login".to_owned()),
        Just("http://x".to_owned()),
        Just("evil.example".to_owned()),
        Just("&amp;".to_owned()),
        Just("48200 people".to_owned()),
        Just("12 residents".to_owned()),
        Just("4111 1111 1111 1111".to_owned()),
        Just("123-45-6789".to_owned()),
        Just("What Happened\n".to_owned()),
        Just("é\u{301}\u{301}\u{301}\u{301}\u{301}".to_owned()),
        "[a-z.@:/]{0,40}",
    ];
    prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_name_renders_and_passes_the_gate(name in names(), at in any::<prop::sample::Index>()) {
        let (template, regime) = *at.get(&LETTERS);
        let facts = facts_under(template, regime);
        let rendered = render(template, Channel::Email, regime, &facts, &reader(Some(&name)), REFERENCE).unwrap();
        let verdict = gate::check_rendered(&rendered, template, regime, &facts, &demands(regime));
        prop_assert_eq!(verdict, Ok(()));
        let again = render(template, Channel::Email, regime, &facts, &reader(Some(&name)), REFERENCE).unwrap();
        prop_assert_eq!(rendered.digest(), again.digest());
        let Rendered::Email(email) = rendered else { panic!("not an e-mail") };
        prop_assert!(!email.subject.contains(['\r', '\n', '\0']));
        prop_assert!(!email.text.contains('\r') && !email.html.contains('\r'));
    }

    #[test]
    fn the_gates_word_on_a_page_holds_for_every_name(name in names(), at in any::<prop::sample::Index>(), copy: bool) {
        let (template, regime) = *at.get(&LETTERS);
        let reader = Reader { copy, ..reader(Some(&name)) };
        let (facts, demands) = (facts_under(template, regime), demands(regime));
        let judge = gate::Judge::of(template, regime, &facts, &demands);
        for channel in &template.header().channels {
            let page = Page::of(template, *channel, regime, &facts, &reader).unwrap();
            prop_assert_eq!(judge.check_page(&page), Ok(()));
            let rendered = render(template, *channel, regime, &facts, &reader, REFERENCE).unwrap();
            prop_assert_eq!(judge.check(&rendered), Ok(()));
        }
    }

    #[test]
    fn a_shown_name_is_short_and_stable(name in any::<String>()) {
        let shown = greeting(&name);
        prop_assert!(shown.chars().count() <= NAME_LIMIT + "Hello ,".len() + 2);
        let bare = shown.strip_prefix("Hello").and_then(|rest| rest.strip_suffix(',')).expect("a greeting");
        let bare = bare.replace(['\u{2068}', '\u{2069}'], "");
        prop_assert_eq!(greeting(&bare), shown);
    }
}
