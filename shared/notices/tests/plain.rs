//! How hard the letters are to read, and where words hide what is known.

mod common;

use common::{REFERENCE, demands, facts, facts_under, letters, reader, render_email};
use tocsin_notices::hedge::{hedged, hedges};
use tocsin_notices::readability::{measured, measured_under};
use tocsin_notices::{
    Element, Library, NoticeFacts, Part, Parts, Rendered, Template, Texts, Violation, gate, shipped_parts,
    shipped_words,
};

const GDPR: &str = "eu-gdpr-individual";

#[test]
fn every_header_states_the_grade_of_its_letter() {
    let library = Library::shipped().unwrap();
    for template in library.templates() {
        let (id, measured) = (template.id(), measured(template).unwrap());
        assert_eq!(template.header().readability, measured, "{id}: what it states, and what is measured");
        let is_plain = template.header().elements.contains(&Element::PlainLanguage);
        assert_eq!(measured.is_some(), is_plain && template.header().language != "ja", "{id}");
    }
}

/// Nobody can shorten the name of the company that has to stand in a letter.
#[test]
fn the_merchants_names_and_addresses_weigh_nothing() {
    let library = Library::shipped().unwrap();
    for (template, regime) in letters(&library) {
        let plain = facts_under(template, regime);
        let grade = |facts: &NoticeFacts| measured_under(template, regime, facts).unwrap();
        let mut long = plain.clone();
        let name = "Internationale Gartenbedarfshandelsgesellschaft".to_owned();
        long.merchant.controller =
            format!("{name} Verwaltungsgesellschaft mit beschränkter Haftung & Co. Kommanditgesellschaft");
        long.merchant.affiliate = Some(format!("{name} Beteiligungsgesellschaft. Aktiengesellschaft"));
        long.merchant.name = name;
        long.merchant.address =
            vec!["Administrationsgebäude in der Industriesiedlung am Universitätsviertel.".to_owned()];
        long.merchant.phone =
            plain.merchant.phone.as_ref().map(|phone| format!("{phone} (gebührenpflichtig)"));
        long.reference_prefix = "INTERNATIONALEREFERENZ-".to_owned();
        if let Some(services) = &mut long.identity_services {
            services.provider = "Interdisciplinary Identity Administration Incorporated".to_owned();
        }
        assert_eq!(grade(&long), grade(&plain), "{regime} {}", template.id());
    }
}

#[test]
fn the_merchants_words_weigh_as_the_letters_do() {
    let library = Library::shipped().unwrap();
    for (tag, words) in [
        (
            "en",
            "Unauthorised individuals circumvented the authentication infrastructure of an organisation responsible for \
             administering correspondence, subsequently exfiltrating considerable quantities of identifiable information. ",
        ),
        (
            "de",
            "Unberechtigte Angreifer überwanden die Authentifizierungsmechanismen eines Auftragsverarbeiters und \
             exfiltrierten anschließend umfangreiche Kundeninformationen einschließlich Bestellhistorien. ",
        ),
        (
            "fr",
            "Des individus non identifiés ont contourné l'infrastructure d'authentification d'un sous-traitant responsable \
             de l'administration des communications, procédant ultérieurement à l'exfiltration d'informations. ",
        ),
    ] {
        let template = library.select(GDPR, &[tag]).unwrap();
        let mut facts = facts();
        facts.texts.insert(
            tag.to_owned(),
            Texts { what_happened: Some(words.repeat(6)), ..facts.texts[tag].clone() },
        );
        let email = render_email(template, GDPR, &facts, &reader(None), REFERENCE).unwrap();
        let verdict = gate::check_rendered(&Rendered::Email(email), template, GDPR, &facts, &demands(GDPR));
        let violations = verdict.unwrap_err();
        assert!(matches!(violations[..], [Violation::TooHard { .. }]), "{tag}: {violations:?}");
        let said = violations[0].to_string();
        assert!(said.contains("too hard to read") && said.contains("Make its sentences shorter"), "{said}");
    }
}

/// A sentence that the law prescribes is not the letter's own, neither where it is hard nor where it hedges.
#[test]
fn what_a_law_prescribes_word_for_word_is_not_judged() {
    let words = shipped_words().unwrap();
    let prescribed = "Notwithstanding precautionary administrative interventions, identifiable information \
        potentially experienced unauthorised dissemination, necessitating immediate individual vigilance.";
    let with = |phrase: &str| {
        let mut parts =
            shipped_parts().into_iter().find(|parts| parts.folder == "gdpr/individual/en").unwrap();
        parts.header.push_str(&format!("\n[phrases]\nremain-vigilant = [{phrase:?}]\n"));
        added(&mut parts, &[prescribed; 8]);
        Template::from_parts(parts, &words).unwrap()
    };
    let verdicts = |template: &Template| {
        let facts = facts();
        let email = render_email(template, GDPR, &facts, &reader(None), REFERENCE).unwrap();
        (
            gate::check_template(template, GDPR, &demands(GDPR)),
            gate::check_rendered(&Rendered::Email(email), template, GDPR, &facts, &demands(GDPR)),
        )
    };
    assert_eq!(verdicts(&with(prescribed)), (Ok(()), Ok(())));
    let (template, rendered) = verdicts(&with("vigilance"));
    let hedges =
        [Part::Text, Part::Html].map(|part| Violation::Hedge { part, words: "potentially".to_owned() });
    assert_eq!(template, Err(hedges.to_vec()));
    let rendered = rendered.unwrap_err();
    let hedge = Violation::Hedge { part: Part::Html, words: "potentially".to_owned() };
    assert!(matches!(&rendered[..], [Violation::TooHard { .. }, found] if *found == hedge), "{rendered:?}");
}

#[test]
fn hedges_are_found_as_whole_words() {
    let words = shipped_words().unwrap();
    let cases: [(&str, &str, &[&str]); 22] = [
        ("en", "Your data may have been copied.", &["may have been"]),
        ("en", "Data which may\nhave  been copied", &["may have been"]),
        ("en", "Your data could potentially be misused.", &["potentially"]),
        ("en", "POSSIBLY", &["possibly"]),
        ("en", "What May Have Been Involved", &["may have been"]),
        ("en", "May have been: unclear", &["may have been"]),
        ("en", "We act out of an abundance of caution.", &["abundance of caution"]),
        ("en", "We take your privacy very seriously.", &["privacy very seriously"]),
        // The month, and words within words.
        ("en", "Accounts that you opened in May have been copied.", &[]),
        ("en", "That is impossibly rare.", &[]),
        ("en", "Somebody could send you false messages. You may ask us.", &[]),
        ("de", "Möglicherweise wurden Daten kopiert.", &["möglicherweise"]),
        ("de", "Wir nehmen den Schutz Ihrer Daten sehr ernst.", &["schutz ihrer daten sehr ernst"]),
        ("de", "Die eventuelle Frage beantworten wir. Jemand könnte schreiben.", &[]),
        ("fr", "Rien n’indique un abus.", &["rien n'indique"]),
        ("fr", "Quelqu'un pourrait vous écrire.", &[]),
        ("nl", "Doe dat zo snel mogelijk.", &[]),
        ("es", "Es posible que reciba correos falsos.", &[]),
        ("es", "Es posible que sus datos se copiaran.", &["es posible que sus datos"]),
        ("ja", "お客様の情報が流出した可能性があります。", &["流出した可能性"]),
        ("ja", "偽のメッセージが届く可能性があります。", &[]),
        ("pt-PT", "Os dados podem ter sido copiados.", &["podem ter sido"]),
    ];
    for (tag, text, expected) in cases {
        assert_eq!(hedges(text, &words.languages[tag]), expected, "{text}");
    }
}

/// The merchant knows whether something is in doubt: their words go out, and people see where they hedge.
#[test]
fn where_the_merchants_words_hedge_people_are_told() {
    let library = Library::shipped().unwrap();
    let mut facts = facts();
    for template in library.templates() {
        assert_eq!(hedged(template, &facts), [], "{}", template.id());
    }
    let own = facts.texts.get_mut("en").unwrap();
    own.measures = Some("We take your privacy seriously.\n\nWe closed it.".to_owned());
    own.other = Some("Possibly more follows. Use code SORRY20 for a discount.".to_owned());
    let template = library.select("us-ca-individual", &["en"]).unwrap();
    let found: Vec<String> = hedged(template, &facts).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "the wording `measures` in en hedges: \"privacy seriously\". Say what is known, and what is not yet known",
            "the wording `other` in en hedges: \"possibly\". Say what is known, and what is not yet known",
            "the wording `other` in en sells: \"discount\". A notice to people says nothing beside the breach",
            "the wording `other` in en sells: \"use code\". A notice to people says nothing beside the breach",
        ]
    );
    assert_eq!(hedged(library.select(GDPR, &["de"]).unwrap(), &facts), []);
    let email = render_email(template, "us-ca-individual", &facts, &reader(None), REFERENCE).unwrap();
    let verdict = gate::check_rendered(
        &Rendered::Email(email),
        template,
        "us-ca-individual",
        &facts,
        &demands("us-ca-individual"),
    );
    assert_eq!(verdict, Ok(()));
}

/// With paragraphs before the end of both parts.
fn added(parts: &mut Parts, paragraphs: &[&str]) {
    for (part, end, open, close) in
        [(Part::Text, "{% endif %}\n", "\n", "\n"), (Part::Html, "{% endif %}\n</body>", "<p>", "</p>")]
    {
        let source = parts.sources.get_mut(&part).expect("the part");
        let at = source.rfind(end).expect("its end");
        let text: String = paragraphs.iter().map(|words| format!("{open}{words}{close}\n")).collect();
        source.insert_str(at, &text);
    }
}
