//! What lets a reader find out that a notice is real.

mod common;

use common::{REFERENCE, demands, facts, reader};
use tocsin_notices::{
    Audience, Channel, Email, InApp, Library, Part, Rendered, Sms, Template, Violation, gate, render,
    shipped_parts, shipped_words,
};

const REGIME: &str = "us-ca-individual";

/// What is wrong with the letter to California when these words of it are others.
fn violations(channel: Channel, from: &str, to: &str) -> Vec<Violation> {
    let library = Library::shipped().expect("the shipped letters");
    let template = library.select(REGIME, &["en"]).expect("an English letter");
    let whole = render(template, channel, REGIME, &facts(), &reader(None), REFERENCE).expect("a notice");
    let swap = |text: &str| text.replace(from, to);
    let changed = match &whole {
        Rendered::Email(Email { subject, text, html }) => {
            Rendered::Email(Email { subject: subject.clone(), text: swap(text), html: swap(html) })
        }
        Rendered::Sms(Sms { text }) => Rendered::Sms(Sms { text: swap(text) }),
        Rendered::InApp(InApp { title, text }) => {
            Rendered::InApp(InApp { title: title.clone(), text: swap(text) })
        }
    };
    assert_ne!(changed, whole, "{from}");
    let found =
        |notice: &Rendered| gate::check_rendered(notice, template, REGIME, &facts(), &demands(REGIME));
    assert_eq!(found(&whole), Ok(()));
    found(&changed).err().unwrap_or_default()
}

#[test]
fn a_notice_that_does_not_say_how_its_reference_is_checked_is_refused() {
    for (channel, from, to) in [
        (Channel::Email, "To check that this notice is real, open our page", "See our page"),
        (Channel::Sms, "Check there:", "Ref."),
        (Channel::InApp, "You can check your reference there:", "Your reference:"),
    ] {
        let unsaid = Violation::Lacks("how its reference is checked on the page");
        assert_eq!(violations(channel, from, to), [unsaid], "{channel:?}");
    }
}

#[test]
fn a_subject_that_names_its_reader_is_refused_for_it_is_published() {
    let words = shipped_words().expect("the shipped words");
    let to_people = shipped_parts().into_iter().filter(|parts| parts.folder.contains("/individual/"));
    for mut parts in to_people {
        let subject = parts.sources.get_mut(&Part::Subject).expect("a subject");
        subject.push_str("{% if name %} {{ name }}{% endif %} {{ reference }}");
        let template = Template::from_parts(parts, &words).expect("a letter");
        assert_eq!(template.header().audience, Audience::Individual);
        let regime = template.header().regimes.keys().next().expect("a regime").clone();
        let found = gate::check_template(&template, &regime, &demands(&regime)).expect_err("violations");
        for name in ["name", "reference"] {
            assert!(found.contains(&Violation::PersonalSubject { name }), "{}: {found:?}", template.id());
        }
    }
}
