//! Every shipped letter passes the gate under every regime that it serves, and its words are on record.

mod common;

use std::collections::BTreeSet;

use common::{REFERENCE, demands, facts, letters, reader};
use tocsin_notices::{Channel, Library, NoticeFacts, Phase, Reader, Rendered, SelectError, gate, render};

#[test]
fn every_letter_passes_the_gate_in_every_channel() {
    let library = Library::shipped().unwrap();
    let facts = facts();
    for (template, regime) in letters(&library) {
        gate::check_template(template, regime, &demands(regime)).unwrap();
        for channel in &template.header().channels {
            let rendered =
                render(template, *channel, regime, &facts, &reader(Some("Erika Example")), REFERENCE)
                    .unwrap();
            let verdict = gate::check_rendered(&rendered, template, regime, &facts, &demands(regime));
            assert_eq!(verdict, Ok(()), "{regime} {} {channel:?}", template.id());
        }
    }
}

#[test]
fn the_words_of_every_letter_are_on_record() {
    let library = Library::shipped().unwrap();
    let facts = facts();
    for (template, regime) in letters(&library) {
        let language = &template.header().language;
        for channel in &template.header().channels {
            let rendered =
                render(template, *channel, regime, &facts, &reader(Some("Erika Example")), REFERENCE)
                    .unwrap();
            let name = format!("{regime}.{language}.{}", name_of(*channel));
            insta::assert_snapshot!(name, shown(&rendered));
        }
    }
}

#[test]
fn every_letter_to_people_has_words_to_withdraw_it_that_pass_the_gate() {
    let library = Library::shipped().unwrap();
    let facts = NoticeFacts { phase: Phase::Withdrawal, ..facts() };
    for (template, regime) in letters(&library).filter(|(_, regime)| regime.ends_with("individual")) {
        let language = &template.header().language;
        for channel in &template.header().channels {
            for copy in [false, true] {
                let reader = Reader { copy, ..reader(Some("Erika Example")) };
                let rendered = render(template, *channel, regime, &facts, &reader, REFERENCE).unwrap();
                let verdict = gate::check_rendered(&rendered, template, regime, &facts, &demands(regime));
                assert_eq!(verdict, Ok(()), "{regime} {language} {channel:?}");
                let first = NoticeFacts { phase: Phase::First, ..facts.clone() };
                let verdict = gate::check_rendered(&rendered, template, regime, &first, &demands(regime));
                assert!(verdict.is_err(), "{regime} {language} {channel:?}: it is no first notice");
                if !copy {
                    let id = template.id().replace('/', "-");
                    insta::assert_snapshot!(
                        format!("withdrawal.{id}.{}", name_of(*channel)),
                        shown(&rendered)
                    );
                }
            }
        }
    }
}

fn name_of(channel: Channel) -> &'static str {
    match channel {
        // A partner, and who gets a letter, read the same words.
        Channel::Email | Channel::Partner | Channel::Letter => "email",
        Channel::Sms => "sms",
        Channel::InApp => "in-app",
    }
}

fn shown(rendered: &Rendered) -> String {
    match rendered {
        Rendered::Email(mail) => {
            format!("Subject: {}\n\n{}\n--- HTML ---\n{}", mail.subject, mail.text, mail.html)
        }
        Rendered::Sms(sms) => {
            let parts = tocsin_notices::sms::parts(&sms.text);
            format!("{:?}, {} parts\n{}", parts.encoding, parts.count, sms.text)
        }
        Rendered::InApp(in_app) => format!("{}\n\n{}", in_app.title, in_app.text),
    }
}

#[test]
fn selection_takes_the_best_language_and_says_what_is_missing() {
    let library = Library::shipped().unwrap();
    let id = |regime, languages: &[&str]| {
        library.select(regime, languages).map(|template| template.id().to_owned())
    };
    let cases: [(&str, &[&str], &str); 16] = [
        ("eu-gdpr-individual", &["de"], "gdpr/individual/de"),
        ("eu-gdpr-individual", &["de-AT"], "gdpr/individual/de"),
        ("eu-gdpr-individual", &["it", "fr"], "gdpr/individual/fr"),
        ("eu-gdpr-individual", &["it"], "gdpr/individual/en"),
        ("eu-gdpr-individual", &[], "gdpr/individual/en"),
        ("br-lgpd-individual", &["en"], "br-lgpd/individual/pt-BR"),
        ("us-ny-individual", &["es"], "us/individual/en-US"),
        ("us-ma-individual", &["en-US"], "us-ma/individual/en-US"),
        ("ca-pipeda-individual", &["en"], "ca/individual/en-CA"),
        ("ca-pipeda-individual", &["es"], "ca/individual/en-CA"),
        ("ca-qc-individual", &["en-US"], "ca/individual/en-CA"),
        ("ca-qc-individual", &["es"], "ca/individual/fr-CA"),
        ("ca-ab-individual", &["fr-FR"], "ca/individual/fr-CA"),
        ("jp-appi-individual", &["ja-JP"], "jp-appi/individual/ja"),
        ("jp-appi-individual", &["en"], "jp-appi/individual/ja"),
        ("eu-gdpr-processor", &["de"], "processor/controller/en"),
    ];
    for (regime, languages, expected) in cases {
        assert_eq!(id(regime, languages).as_deref(), Ok(expected), "{regime} {languages:?}");
    }
    assert_eq!(
        id("ch-fadp-individual", &["it"]),
        Err(SelectError::NoLanguage {
            regime: "ch-fadp-individual".to_owned(),
            wanted: vec!["it".to_owned()],
            available: vec!["de".to_owned(), "fr".to_owned()],
        })
    );
    assert_eq!(
        id("xx-individual", &["en"]),
        Err(SelectError::NoTemplate { regime: "xx-individual".to_owned() })
    );
}

#[test]
fn a_template_is_pinned_by_its_hash() {
    let library = Library::shipped().unwrap();
    let again = Library::shipped().unwrap();
    let hashes: BTreeSet<&str> = library.templates().iter().map(|template| template.content_hash()).collect();
    assert_eq!(hashes.len(), library.templates().len());
    for (one, other) in library.templates().iter().zip(again.templates()) {
        assert_eq!(one.content_hash(), other.content_hash());
        assert_eq!(one.content_hash().len(), 64);
        assert!(one.version() >= 1, "{}", one.id());
    }
}
