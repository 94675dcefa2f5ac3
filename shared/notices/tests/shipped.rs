//! Every shipped letter passes the gate under every regime that it serves, and its words are on record.

mod common;

use std::collections::BTreeSet;

use common::{REFERENCE, demands, facts, facts_under, letters, reader};
use tocsin_law::{RulePack, Status};
use tocsin_notices::{
    Audience, Channel, Confidence, Library, NoticeFacts, Phase, Reader, Rendered, SelectError, Template,
    gate, render, shipped_parts, shipped_words,
};

#[test]
fn every_letter_passes_the_gate_in_every_channel() {
    let library = Library::shipped().unwrap();
    for (template, regime) in letters(&library) {
        let facts = facts_under(template, regime);
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

/// Where some regimes of a letter have blocks of their own, the others are on record by their own lines of the text part.
#[test]
fn the_words_of_every_letter_are_on_record() {
    let library = Library::shipped().unwrap();
    let reader = reader(Some("Erika Example"));
    for template in library.templates() {
        let header = template.header();
        for channel in &header.channels {
            let words = |regime: &str| {
                let facts = facts_under(template, regime);
                render(template, *channel, regime, &facts, &reader, REFERENCE).unwrap()
            };
            let first = header.regimes.keys().next().unwrap();
            let mut others = String::new();
            for (regime, terms) in &header.regimes {
                let rendered = words(regime);
                let own = own_lines(&rendered, &words(first));
                let has_own_blocks = !terms.blocks.is_empty() && !own.is_empty();
                if header.blocks().is_empty() || regime == first || has_own_blocks {
                    let name = format!("{regime}.{}.{}", header.language, name_of(*channel));
                    insta::assert_snapshot!(name, shown(&rendered));
                } else if !own.is_empty() {
                    others.push_str(&format!("{regime}\n{own}\n"));
                }
            }
            if !others.is_empty() {
                let id = template.id().replace('/', "-");
                insta::assert_snapshot!(format!("others.{id}.{}", name_of(*channel)), others);
            }
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

/// The lines of a notice's text that another has not.
fn own_lines(notice: &Rendered, other: &Rendered) -> String {
    let text = |rendered: &Rendered| match rendered {
        Rendered::Email(email) => email.text.clone(),
        Rendered::Sms(sms) => sms.text.clone(),
        Rendered::InApp(in_app) => in_app.text.clone(),
    };
    let other = text(other);
    let others: BTreeSet<&str> = other.lines().collect();
    text(notice).lines().filter(|line| !others.contains(line)).map(|line| format!("{line}\n")).collect()
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
    let cases: [(&str, &[&str], &str); 14] = [
        ("eu-gdpr-individual", &["de"], "gdpr/individual/de"),
        ("eu-gdpr-individual", &["de-AT"], "gdpr/individual/de"),
        ("eu-gdpr-individual", &["it", "fr"], "gdpr/individual/fr"),
        ("eu-gdpr-individual", &["it"], "gdpr/individual/en"),
        ("eu-gdpr-individual", &[], "gdpr/individual/en"),
        ("br-lgpd-individual", &["en"], "br-lgpd/individual/pt-BR"),
        ("us-ny-individual", &["es"], "us/individual/es-US"),
        ("us-ny-individual", &["es-MX", "en"], "us/individual/es-US"),
        ("us-ny-individual", &["fr"], "us/individual/en-US"),
        ("us-ma-individual", &["en-US"], "us-ma/individual/en-US"),
        ("us-ma-individual", &["es-US"], "us-ma/individual/es-US"),
        ("us-pr-individual", &["en-US"], "us/individual/en-US"),
        ("us-pr-individual", &["fr"], "us/individual/es-US"),
        ("us-pr-individual", &[], "us/individual/es-US"),
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
        id("jp-appi-individual", &["ja"]),
        Err(SelectError::NoTemplate { regime: "jp-appi-individual".to_owned() })
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
        let withdraws = one.header().phases.contains(&Phase::Withdrawal);
        assert!(withdraws || one.header().audience == Audience::Authority, "{}", one.id());
    }
}

/// Every state, the District of Columbia and the territories: one letter in English, one in Spanish, and one of the two
/// for whoever reads neither.
#[test]
fn every_state_is_served_by_one_letter_a_language() {
    let library = Library::shipped().unwrap();
    let is_of_a_state = |id: &str| {
        let state = id.strip_prefix("us-").and_then(|rest| rest.strip_suffix("-individual"));
        state.is_some_and(|state| state.len() == 2)
    };
    let rules = RulePack::shipped().rules().filter(|rule| rule.status == Status::InForce);
    let regimes: BTreeSet<&str> = rules.map(|rule| rule.id.as_str()).filter(|id| is_of_a_state(id)).collect();
    assert_eq!(regimes.len(), 54);
    for regime in regimes {
        let serving = || library.templates().iter().filter(|template| template.terms(regime).is_some());
        let languages: Vec<&str> = serving().map(|template| template.header().language.as_str()).collect();
        assert_eq!(languages, ["en-US", "es-US"], "{regime}");
        let mut otherwise = serving().filter(|template| template.terms(regime).unwrap().fallback);
        let language = if regime == "us-pr-individual" { "es-US" } else { "en-US" };
        assert_eq!(otherwise.next().unwrap().header().language, language, "{regime}");
        assert!(otherwise.next().is_none(), "{regime}");
    }
}

/// What nobody is sure of is looked up before it goes out; that it is marked so changes no letter.
#[test]
fn agencies_of_uncertain_data_are_known_by_name() {
    let words = shipped_words().unwrap();
    let uncertain: Vec<&str> = words.uncertain_agencies().map(|(key, _)| key).collect();
    insta::assert_snapshot!("uncertain-agencies", uncertain.join("\n"));
    let mut sure = words.clone();
    for agency in sure.agencies.values_mut() {
        agency.confidence = Confidence::WellKnown;
    }
    assert_eq!(sure.uncertain_agencies().count(), 0);
    for parts in shipped_parts() {
        let [one, other] = [&words, &sure].map(|words| Template::from_parts(parts.clone(), words).unwrap());
        assert_eq!(one.content_hash(), other.content_hash());
    }
}
