//! Text messages that link to their reader's own notice: what they say, what opens, and what an approval binds of it.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod common;

use std::collections::BTreeMap;

use common::{demands, facts, facts_under, keys, letters, reader};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tocsin_domain::id::{IdentityKey, ObligationId, PersonId};
use tocsin_domain::link::{Details, LinkKey};
use tocsin_domain::person::{Member, Person};
use tocsin_domain::personal::Personal;
use tocsin_domain::plan::{self, Phase, Settling, TemplateRef, Wave};
use tocsin_domain::window::SendingWindow;
use tocsin_notices::letter::{Brief, Composed, Composer, Pages, reference, shipped};
use tocsin_notices::{
    CATEGORIES, Channel, Library, NoticeFacts, Page, Reader, Rendered, Violation, Whom, gate, render,
};

const GDPR: &str = "eu-gdpr-individual";

const TORN: Violation = Violation::SmsTooLong { count: 4, limit: 3 };

/// Forty signs.
const DETAILS_PAGE: &str = "https://www.lindenwerk.example/my-notice";

fn brief(details: bool) -> Brief {
    Brief {
        facts: facts(),
        data: vec![keys(&["email", "name", "password-hash"])],
        sender: "notice@lindenwerk.example".to_owned(),
        contacts: BTreeMap::new(),
        details: details.then(|| Details { page: DETAILS_PAGE.to_owned(), hours: 48 }),
    }
}

fn wave(channel: plan::Channel) -> Wave {
    Wave {
        number: 0,
        obligation: obligation(),
        regime: GDPR.to_owned(),
        scope: None,
        region: "eu-central-1".to_owned(),
        failover: None,
        channel,
        language: "en".to_owned(),
        phase: Phase::First,
        template: TemplateRef {
            id: "gdpr/individual/en".to_owned(),
            version: "1".to_owned(),
            hash: String::new(),
        },
        start: "2026-03-09T09:00:00Z".parse().unwrap(),
        window: SendingWindow::Always,
        residence: None,
        deadline: None,
        settling: Settling::NeverTwice,
        stands_by: false,
        after: None,
        recipients: 1,
        chunks: 1,
        root: tocsin_domain::merkle::Tree::default().root(),
    }
}

fn obligation() -> ObligationId {
    "00112233445566778899aabbccddeeff".parse().unwrap()
}

fn member(name: &str, is_linked: bool) -> Member {
    let key = IdentityKey::new([7; 32]);
    let id = PersonId::of(&key, "phone:+447700900123");
    let person = Person {
        id,
        name: Some(Personal::new(name.to_owned())),
        email: None,
        phone: Some(Personal::new("+447700900123".to_owned())),
        post: None,
        residence: None,
        customer: None,
        link_key: is_linked.then(|| Personal::new(LinkKey::of(&key, id))),
        locale: None,
        salt: String::new(),
    };
    Member { person, slices: vec![0] }
}

fn composed(brief: &Brief, channel: plan::Channel, member: &Member) -> Composed {
    let wave = wave(channel);
    let mut composer = Composer::of(shipped().unwrap().select(GDPR, &["en"]).unwrap(), &wave, brief);
    composer.to_person(member).unwrap()
}

fn body(rendered: Rendered) -> String {
    match rendered {
        Rendered::Sms(sms) => sms.text,
        Rendered::Email(email) => email.text,
        Rendered::InApp(in_app) => in_app.text,
    }
}

#[test]
fn every_text_message_fits_with_its_link() {
    assert_eq!(DETAILS_PAGE.len(), 40);
    let library = Library::shipped().unwrap();
    for (template, regime) in letters(&library) {
        let channels = &template.header().channels;
        if !channels.contains(&Channel::Sms) {
            continue;
        }
        assert!(channels.contains(&Channel::Email), "{}: what would the link open?", template.id());
        let length = |key: &&str| {
            let words = template.language().short_words(&keys(&[*key])).concat();
            std::cmp::Reverse(words.chars().count())
        };
        let mut longest = CATEGORIES;
        longest.sort_by_key(length);
        let mut categories = keys(&longest[..3]);
        categories.insert("ip-address".to_owned());
        let reader = Reader { data_categories: categories.clone(), ..reader(None) };
        let demands = demands(regime);
        for phase in &template.header().phases {
            for name in [
                "Lindenwerk",
                "Lindenwerk Haus- und Gartenbedarf Berlin",
                "Żółta Łódź – artykuły do domu i ogrodu…",
            ] {
                let mut facts = NoticeFacts {
                    phase: *phase,
                    data_categories: categories.clone(),
                    ..facts_under(template, regime)
                };
                name.clone_into(&mut facts.merchant.name);
                let page = Page::linking(template, regime, &facts, &reader, DETAILS_PAGE).unwrap();
                let judge = gate::Judge::of(template, regime, &facts, &demands);
                assert!(judge.check_page(&page).is_err(), "nobody said that texts may link there");
                let verdict = judge.with_details(Some(DETAILS_PAGE)).check_page(&page);
                // In a script of 67 signs a part, there is room for the link of a shop with a shorter name.
                let has_room = template.header().language != "ja";
                let expected = if has_room || name.chars().count() < 20 { Ok(()) } else { Err(vec![TORN]) };
                assert_eq!(verdict, expected, "{regime} {} {phase:?} {name}", template.id());
            }
        }
    }
}

/// What leaves no room for the link is said without it: no incident waits for a shorter address.
#[test]
fn a_link_that_does_not_fit_is_left_out() {
    let mut brief = brief(true);
    let of = |brief: &Brief| composed(brief, plan::Channel::Sms, &member("Erika", true));
    assert!(of(&brief).opens().is_some());
    let long = format!("{DETAILS_PAGE}/{}", "a".repeat(250));
    brief.details = Some(Details { page: long, hours: 48 });
    assert_eq!(of(&brief).opens(), None);
    assert_eq!(of(&brief).bytes(), of(&Brief { details: None, ..brief.clone() }).bytes());
}

#[test]
fn only_a_text_message_to_whoever_has_a_key_links() {
    let code_of = |details, channel, is_linked| {
        let composed = composed(&brief(details), channel, &member("Erika", is_linked));
        let shown = [composed.first(), composed.copy()].map(body);
        let links = shown.iter().filter(|text| text.contains('#')).count();
        assert_eq!(links, if composed.opens().is_some() { 2 } else { 0 });
        composed.opens().map(|opens| opens.code)
    };
    assert!(code_of(true, plan::Channel::Sms, true).is_some());
    for (details, channel, is_linked) in [
        (false, plan::Channel::Sms, true),
        (true, plan::Channel::Sms, false),
        (true, plan::Channel::Email, true),
        (true, plan::Channel::Letter, true),
        (true, plan::Channel::InApp, true),
    ] {
        assert_eq!(code_of(details, channel, is_linked), None, "{details} {channel:?} {is_linked}");
    }
}

/// As it was before there were links: what was approved then is still what is sent.
#[test]
fn without_details_the_bytes_are_those_of_two_pages_with_name_and_reference() {
    let (person, brief) = (member("Erika", false), brief(false));
    let frozen = serde_json::to_string(&brief).unwrap();
    assert!(!frozen.contains("details"), "{frozen}");
    let composed = composed(&brief, plan::Channel::Sms, &person);
    let reference = reference(&brief.facts.reference_prefix, obligation(), &person.person.id.to_string());
    let digest_to = |page: &Page| {
        let mut hash = Sha256::new().chain_update(b"tocsin-notice-v2").chain_update(page.digest());
        for filling in ["Erika", &reference] {
            hash.update((filling.len() as u64).to_be_bytes());
            hash.update(filling);
        }
        hash.finalize()
    };
    let both = Sha256::new()
        .chain_update(digest_to(&composed.pages.first))
        .chain_update(digest_to(&composed.pages.copy))
        .finalize();
    assert_eq!(composed.bytes()[..], both[..16]);
}

/// What the text message does not say and the letter does.
#[test]
fn an_approval_binds_what_opens_and_another_text_has_another_link() {
    let (was, mut now) = (brief(true), brief(true));
    for texts in now.facts.texts.values_mut() {
        texts.measures = Some("We did something else.".to_owned());
    }
    let of = |brief: &Brief, is_linked| composed(brief, plan::Channel::Sms, &member("Erika", is_linked));
    assert_eq!(of(&was, false).bytes(), of(&now, false).bytes(), "the message alone says the same");
    let (was, now) = (of(&was, true), of(&now, true));
    assert_ne!(was.bytes(), now.bytes());
    // Through its link's code, and by itself.
    let opens = was.opens().unwrap();
    let whom = Whom::of(&reader(Some("Erika")), opens.reference, &facts()).unwrap().linked(opens.code);
    let Pages { first, copy, details } = &*was.pages;
    let all = [first, copy, details.as_ref().unwrap()].map(|page| page.digest_to(&whom)).concat();
    assert_eq!(was.bytes()[..], Sha256::digest(all)[..16]);
    let (was, now) = (was.opens().unwrap(), now.opens().unwrap());
    assert_ne!((was.code, was.text), (now.code, now.text));
    let of = |name| composed(&brief(true), plan::Channel::Sms, &member(name, true));
    assert_ne!(of("Erika").bytes(), of("Erik").bytes(), "its name stands in what opens");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// However odd a name is, its link stands whole in the message, and opens the letter as a mail would bring it.
    #[test]
    fn any_name_opens_its_own_letter(name in any::<String>()) {
        let (brief, member) = (brief(true), member(&name, true));
        let composed = composed(&brief, plan::Channel::Sms, &member);
        let opens = composed.opens().unwrap();
        let link = format!("{DETAILS_PAGE}#{} ", opens.code.as_str());
        for text in [composed.first(), composed.copy()].map(body) {
            prop_assert_eq!(text.matches(&link).count(), 1, "{}", text);
            let is_gap = |sign| ('\u{e000}'..='\u{e002}').contains(&sign);
            prop_assert!(!text.contains(is_gap), "a gap is left");
        }
        let template = shipped().unwrap().select(GDPR, &["en"]).unwrap();
        let reader = Reader { display_name: Some(name), data_categories: brief.data[0].clone(), copy: false };
        let mail = render(template, Channel::Email, GDPR, &brief.facts, &reader, &opens.reference).unwrap();
        prop_assert!(opens.text == body(mail));
        prop_assert!(Whom::of(&reader, opens.reference, &brief.facts).is_ok());
    }
}
