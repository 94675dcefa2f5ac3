//! Every shipped letter passes the gate under every regime that it serves, and its words are on record.

mod common;

use std::collections::BTreeSet;

use common::{REFERENCE, demands, facts, facts_under, keys, letters, reader};
use tocsin_law::{RulePack, Status};
use tocsin_notices::{
    Audience, CATEGORIES, Channel, Confidence, Library, NoticeFacts, Page, Phase, Reader, Rendered,
    SelectError, Template, gate, render, shipped_parts, shipped_words,
};

#[test]
fn every_letter_passes_the_gate_in_every_channel() {
    let library = Library::shipped().unwrap();
    for (template, regime) in letters(&library) {
        gate::check_template(template, regime, &demands(regime)).unwrap();
        for phase in &template.header().phases {
            let facts = NoticeFacts { phase: *phase, ..facts_under(template, regime) };
            for channel in &template.header().channels {
                let rendered =
                    render(template, *channel, regime, &facts, &reader(Some("Erika Example")), REFERENCE)
                        .unwrap();
                let verdict = gate::check_rendered(&rendered, template, regime, &facts, &demands(regime));
                assert_eq!(verdict, Ok(()), "{regime} {} {phase:?} {channel:?}", template.id());
            }
        }
    }
}

/// A letter that lists one thing alone lists it so that the gate sees it.
#[test]
fn every_category_can_be_told_alone() {
    let library = Library::shipped().unwrap();
    for (template, regime) in letters(&library) {
        for category in CATEGORIES {
            let facts = NoticeFacts { data_categories: keys(&[category]), ..facts_under(template, regime) };
            let reader = Reader { data_categories: keys(&[category]), ..reader(None) };
            for channel in &template.header().channels {
                let rendered = render(template, *channel, regime, &facts, &reader, REFERENCE).unwrap();
                let verdict = gate::check_rendered(&rendered, template, regime, &facts, &demands(regime));
                assert_eq!(verdict, Ok(()), "{regime} {} {category} {channel:?}", template.id());
            }
        }
    }
}

/// However long the shop's name and the reference are, and whatever leaked.
#[test]
fn every_text_message_fits() {
    let library = Library::shipped().unwrap();
    for (template, regime) in letters(&library) {
        if !template.header().channels.contains(&Channel::Sms) {
            continue;
        }
        let length = |key: &&str| {
            let words = template.language().short_words(&keys(&[*key])).concat();
            std::cmp::Reverse(words.chars().count())
        };
        let mut longest = CATEGORIES;
        longest.sort_by_key(length);
        // A fourth category, so that there are more than a text message names.
        let mut categories = keys(&longest[..3]);
        categories.insert("ip-address".to_owned());
        let reader = Reader { data_categories: categories.clone(), ..reader(None) };
        let demands = demands(regime);
        for phase in &template.header().phases {
            for name in
                ["Lindenwerk Haus- und Gartenbedarf Berlin", "Żółta Łódź – artykuły do domu i ogrodu…"]
            {
                let mut facts = NoticeFacts {
                    phase: *phase,
                    data_categories: categories.clone(),
                    ..facts_under(template, regime)
                };
                name.clone_into(&mut facts.merchant.name);
                let page = Page::of(template, Channel::Sms, regime, &facts, &reader).unwrap();
                let verdict = gate::Judge::of(template, regime, &facts, &demands).check_page(&page);
                assert_eq!(verdict, Ok(()), "{regime} {} {phase:?}", template.id());
            }
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
    let cases: [(&str, &[&str], &str); 33] = [
        ("eu-gdpr-individual", &["de"], "gdpr/individual/de"),
        ("eu-gdpr-individual", &["de-AT"], "gdpr/individual/de"),
        ("eu-gdpr-individual", &["es-MX"], "gdpr/individual/es"),
        ("eu-gdpr-individual", &["nl-BE"], "gdpr/individual/nl"),
        ("eu-gdpr-individual", &["pl"], "gdpr/individual/pl"),
        ("eu-gdpr-individual", &["sv-FI"], "gdpr/individual/sv"),
        // Of the two Portugueses each regime has its own, and either reader understands the other.
        ("eu-gdpr-individual", &["pt"], "gdpr/individual/pt-PT"),
        ("eu-gdpr-individual", &["pt-PT"], "gdpr/individual/pt-PT"),
        ("eu-gdpr-individual", &["pt-BR"], "gdpr/individual/pt-PT"),
        ("br-lgpd-individual", &["pt"], "br-lgpd/individual/pt-BR"),
        ("br-lgpd-individual", &["pt-PT"], "br-lgpd/individual/pt-BR"),
        ("br-lgpd-individual", &["pt-BR"], "br-lgpd/individual/pt-BR"),
        ("eu-gdpr-individual", &["mt", "fr"], "gdpr/individual/fr"),
        ("eu-gdpr-individual", &["mt"], "gdpr/individual/en"),
        ("eu-gdpr-individual", &[], "gdpr/individual/en"),
        ("ch-fadp-individual", &["it-CH"], "gdpr/individual/it"),
        ("br-lgpd-individual", &["en"], "br-lgpd/individual/pt-BR"),
        ("us-ny-individual", &["es"], "us/individual/es-US"),
        ("us-ny-individual", &["es-MX", "en"], "us/individual/es-US"),
        ("us-ny-individual", &["fr"], "us/individual/en-US"),
        ("us-ma-individual", &["en-US"], "us-ma/individual/en-US"),
        ("us-ma-individual", &["es-US"], "us-ma/individual/es-US"),
        ("us-pr-individual", &["en-US"], "us/individual/en-US"),
        ("us-pr-individual", &["fr"], "us/individual/es-US"),
        ("us-pr-individual", &[], "us/individual/es-US"),
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
        id("ch-fadp-individual", &["rm"]),
        Err(SelectError::NoLanguage {
            regime: "ch-fadp-individual".to_owned(),
            wanted: vec!["rm".to_owned()],
            available: vec!["de".to_owned(), "fr".to_owned(), "it".to_owned()],
        })
    );
    assert_eq!(
        id("xx-individual", &["en"]),
        Err(SelectError::NoTemplate { regime: "xx-individual".to_owned() })
    );
}

#[test]
fn the_official_languages_of_the_union_that_have_no_letter_are_known() {
    let missing = Library::shipped().unwrap().missing_eu_languages();
    let expected = ["bg", "cs", "da", "el", "et", "fi", "ga", "hr", "hu", "lt", "lv", "mt", "ro", "sk", "sl"];
    assert_eq!(missing, expected);
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
        assert!(one.header().version >= 1, "{}", one.id());
        let withdraws = one.header().phases.contains(&Phase::Withdrawal);
        assert!(withdraws || one.header().audience != Audience::Individual, "{}", one.id());
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

#[test]
fn a_language_that_the_merchant_did_not_word_is_not_chosen() {
    let library = Library::shipped().unwrap();
    let mut facts = facts();
    let id = |facts: &NoticeFacts, regime, language| {
        library.select_worded(regime, &[language, "en"], facts).map(|template| template.id().to_owned())
    };
    assert_eq!(id(&facts, "eu-gdpr-individual", "sv").as_deref(), Ok("gdpr/individual/sv"));
    facts.texts.remove("sv");
    assert_eq!(id(&facts, "eu-gdpr-individual", "sv").as_deref(), Ok("gdpr/individual/en"));
    // Any that is worded is better than none; where none is, somebody is told.
    facts.texts.remove("it");
    facts.texts.remove("de");
    assert_eq!(id(&facts, "ch-fadp-individual", "it").as_deref(), Ok("gdpr/individual/fr"));
    facts.texts.remove("pt");
    facts.texts.get_mut("ja").unwrap().cause = None;
    for (regime, language) in [("br-lgpd-individual", "pt-BR"), ("jp-appi-individual", "ja")] {
        assert!(matches!(id(&facts, regime, language), Err(SelectError::NotWorded { .. })), "{regime}");
    }
    assert!(matches!(id(&facts, "none", "en"), Err(SelectError::NoTemplate { .. })));
    // Massachusetts wants no words of what happened.
    facts.texts.clear();
    assert_eq!(id(&facts, "us-ma-individual", "en-US").as_deref(), Ok("us-ma/individual/en-US"));
}
