//! A paragraph that is deleted from a letter is missed: every element of every shipped letter, in each part.

mod common;

use std::collections::BTreeSet;

use common::{REFERENCE, demands, facts, facts_under, letters, reader, render_email};
use tocsin_notices::{
    Demands, Element, Library, Part, Parts, Quantity, Rendered, Template, Violation, Words, gate,
    shipped_parts, shipped_words,
};

#[test]
fn the_gate_misses_every_element_that_is_cut_out_of_one_part() {
    let words = shipped_words().unwrap();
    let mut cuts = 0;
    for parts in shipped_parts() {
        let whole = Template::from_parts(parts.clone(), &words).unwrap();
        for (element, regime) in marked(&whole) {
            for part in [Part::Text, Part::Html] {
                let cut = with_source(&parts, part, |source| without(source, element));
                let violations = refusal(&cut, &words, regime, &[element]);
                let missed = Violation::NotMarked { part, element };
                assert!(violations.contains(&missed), "{} {part} {element}: {violations:?}", parts.folder);
                cuts += 1;
            }
        }
    }
    assert!(cuts > 150, "{cuts} cuts");
}

#[test]
fn the_gate_misses_every_element_that_is_emptied() {
    let words = shipped_words().unwrap();
    for parts in shipped_parts() {
        let whole = Template::from_parts(parts.clone(), &words).unwrap();
        for (element, regime) in marked(&whole) {
            let emptied = with_source(&parts, Part::Text, |source| emptied(source, element));
            let violations = refusal(&emptied, &words, regime, &[element]);
            let missed = Violation::EmptyElement { part: Part::Text, element };
            assert!(violations.contains(&missed), "{} {element}: {violations:?}", parts.folder);
        }
    }
}

#[test]
fn a_demand_that_the_header_does_not_declare_is_missed() {
    let words = shipped_words().unwrap();
    let library = Library::shipped().unwrap();
    for (template, regime) in letters(&library) {
        let id = template.id().to_owned();
        let parts = shipped_parts().into_iter().find(|parts| parts.folder == id).unwrap();
        for element in demands(regime).required {
            let header = undeclared(&parts.header, regime, element);
            let template = Template::from_parts(Parts { header, ..parts.clone() }, &words).unwrap();
            let violations = gate::check_template(&template, regime, &demands(regime)).unwrap_err();
            assert!(violations.contains(&Violation::NotDeclared(element)), "{id} {element}: {violations:?}");
        }
    }
}

#[test]
fn a_block_stands_in_a_branch_that_asks_for_it() {
    let words = shipped_words().unwrap();
    let mut blocks = 0;
    for parts in shipped_parts() {
        let whole = Template::from_parts(parts.clone(), &words).unwrap();
        for element in whole.header().blocks() {
            let regime = bearer(&whole, element);
            let question = format!("{{% if \"{element}\" in blocks");
            for part in [Part::Text, Part::Html] {
                let unasked =
                    with_source(&parts, part, |source| source.replace(&question, "{% if copy or not copy"));
                let violations = refusal(&unasked, &words, regime, &[]);
                let for_all = Violation::BlockForAll { part, element };
                assert!(violations.contains(&for_all), "{} {part} {element}: {violations:?}", parts.folder);
                blocks += 1;
            }
        }
    }
    assert_eq!(blocks, 24);
}

/// Nobody reads of rights that another state gives, and the gate sees it where somebody would.
#[test]
fn a_block_is_read_under_its_regimes_alone() {
    let words = shipped_words().unwrap();
    let library = Library::shipped().unwrap();
    for (template, regime) in letters(&library) {
        let facts = facts_under(template, regime);
        let text = render_email(template, regime, &facts, &reader(None), REFERENCE).unwrap().text;
        for element in template.header().blocks() {
            let Some(phrases) = template.header().phrases.get(&element) else {
                continue;
            };
            let shows = phrases.iter().all(|phrase| text.contains(phrase.as_str()));
            assert_eq!(shows, template.header().carried(regime).contains(&element), "{regime} {element}");
        }
    }
    for parts in shipped_parts().into_iter().filter(|parts| parts.folder.starts_with("us/individual/")) {
        let whole = Template::from_parts(parts.clone(), &words).unwrap();
        for element in
            whole.header().blocks().into_iter().filter(|element| whole.header().phrases.contains_key(element))
        {
            let of_others = bearer(&whole, element);
            let regime = "us-tx-individual";
            let facts = facts_under(&whole, of_others);
            let email = render_email(&whole, of_others, &facts, &reader(None), REFERENCE).unwrap();
            let verdict =
                gate::check_rendered(&Rendered::Email(email), &whole, regime, &facts, &demands(regime));
            let violations = verdict.unwrap_err();
            assert!(violations.contains(&Violation::BlockOfOthers(element)), "{element}: {violations:?}");
        }
    }
}

/// What a law demands is refused where the regime has no block for it, in the bytes as in the template.
#[test]
fn a_regime_without_the_block_that_its_law_demands_is_refused() {
    let words = shipped_words().unwrap();
    let cases = [
        ("us-ia-individual", Element::ReportToAuthoritiesAdvice),
        ("us-nm-individual", Element::FcraRights),
        ("us-or-individual", Element::ReportToAuthoritiesAdvice),
        ("us-ri-individual", Element::PoliceReportRight),
        ("us-wi-individual", Element::UnauthorizedAcquisitionStatement),
    ];
    for parts in shipped_parts().into_iter().filter(|parts| parts.folder.starts_with("us/individual/")) {
        for (regime, element) in cases {
            let header = undeclared(&parts.header, regime, element);
            let template = Template::from_parts(Parts { header, ..parts.clone() }, &words).unwrap();
            let demands = demands(regime);
            let violations = gate::check_template(&template, regime, &demands).unwrap_err();
            let folder = &parts.folder;
            assert!(
                violations.contains(&Violation::NotDeclared(element)),
                "{folder} {regime}: {violations:?}"
            );
            let facts = facts_under(&template, regime);
            let email = render_email(&template, regime, &facts, &reader(None), REFERENCE).unwrap();
            let verdict = gate::check_rendered(&Rendered::Email(email), &template, regime, &facts, &demands);
            assert_eq!(verdict, Err(vec![Violation::NotShown(element)]), "{folder} {regime}");
        }
    }
}

/// A paragraph that keeps its mark and loses its value is seen in the rendered notice.
#[test]
fn the_gate_sees_in_the_bytes_that_a_marked_paragraph_says_nothing() {
    let words = shipped_words().unwrap();
    let cases = [
        ("gdpr/individual/en", "eu-gdpr-individual", Element::Nature),
        ("gdpr/individual/de", "ch-fadp-individual", Element::LikelyConsequences),
        ("gdpr/individual/fr", "eu-gdpr-individual", Element::MeasuresTaken),
        ("gdpr/individual/it", "ch-fadp-individual", Element::ProtectiveSteps),
        ("gdpr/individual/pt-PT", "eu-gdpr-individual", Element::DataTypes),
        ("gdpr/individual/en", "gb-ukgdpr-individual", Element::DpoOrContactPoint),
        ("us/individual/en-US", "us-ny-individual", Element::StateAgencyContacts),
        ("us/individual/en-US", "us-ny-individual", Element::FtcContacts),
        ("us/individual/en-US", "us-wa-individual", Element::CraContacts),
        ("us/individual/en-US", "us-wa-individual", Element::DiscoveryDate),
        ("us/individual/en-US", "us-mi-individual", Element::RemainVigilant),
        ("us/individual/en-US", "us-nm-individual", Element::ReviewStatementsAdvice),
        ("us/individual/en-US", "us-nm-individual", Element::FcraRights),
        ("us/individual/es-US", "us-nm-individual", Element::FcraRights),
        ("us/individual/es-US", "us-ri-individual", Element::PoliceReportRight),
        ("us/individual/es-US", "us-wi-individual", Element::UnauthorizedAcquisitionStatement),
        ("us/individual/es-US", "us-or-individual", Element::ReportToAuthoritiesAdvice),
        ("us/individual/es-US", "us-il-individual", Element::FraudAlertStatement),
        ("us-ma/individual/es-US", "us-ma-individual", Element::PoliceReportRight),
        ("us-ma/individual/es-US", "us-ma-individual", Element::CreditFreezeSteps),
        ("us/individual/en-US", "us-ca-individual", Element::NoticeDate),
        ("us/individual/en-US", "us-ca-individual", Element::LawEnforcementDelay),
        ("us/individual/en-US", "us-ca-individual", Element::IdentityTheftServices),
        ("us-ma/individual/en-US", "us-ma-individual", Element::PoliceReportRight),
        ("us-ma/individual/en-US", "us-ma-individual", Element::CreditFreezeSteps),
        ("br-lgpd/individual/pt-BR", "br-lgpd-individual", Element::DiscoveryDate),
        ("au-ndb/individual/en-AU", "au-ndb-individual", Element::DataTypes),
        ("gdpr/authority/en", "eu-gdpr-authority", Element::NumberOfPeople),
        ("gdpr/authority/en", "eu-gdpr-authority", Element::NumberOfRecords),
        ("gdpr/authority/en", "eu-gdpr-authority", Element::Phase),
        ("ca/individual/en-CA", "ca-pipeda-individual", Element::RightToComplain),
        ("ca/individual/fr-CA", "ca-qc-individual", Element::DateOrEstimate),
        ("jp-appi/individual/ja", "jp-appi-individual", Element::Cause),
        ("jp-appi/individual/ja", "jp-appi-individual", Element::DataTypes),
        ("jp-appi/individual/ja", "jp-appi-individual", Element::OtherFacts),
        ("nz-pa/individual/en-NZ", "nz-pa-individual", Element::RegulatorInformed),
        ("nz-pa/individual/en-NZ", "nz-pa-individual", Element::RightToComplain),
        ("sg-pdpa/individual/en-SG", "sg-pdpa-individual", Element::LikelyConsequences),
        ("in-dpdp/individual/en-IN", "in-dpdp-individual", Element::ProtectiveSteps),
        ("processor/controller/en", "eu-gdpr-processor", Element::Nature),
        ("processor/controller/en", "us-ca-processor", Element::DataTypes),
        ("pci/card/en", "pci-mastercard-24h", Element::AccountsAtRisk),
        ("pci/card/en", "pci-visa-initial-report", Element::Chronology),
    ];
    let mut facts = facts();
    facts.counts.records = Quantity::Exactly(96_415);
    for (folder, regime, element) in cases {
        let parts = shipped_parts().into_iter().find(|parts| parts.folder == folder).unwrap();
        let text = with_source(&parts, Part::Text, |source| said_nothing(source, element));
        let both = with_source(&text, Part::Html, |source| said_nothing(source, element));
        let template = Template::from_parts(both, &words).unwrap();
        let email = render_email(&template, regime, &facts, &reader(None), REFERENCE).unwrap();
        let demands = Demands { required: vec![element], forbidden: Vec::new() };
        let violations =
            gate::check_rendered(&Rendered::Email(email), &template, regime, &facts, &demands).unwrap_err();
        assert!(violations.contains(&Violation::NotShown(element)), "{folder} {element}: {violations:?}");
        let others = violations.iter().filter(|violation| !matches!(violation, Violation::NotShown(_)));
        assert_eq!(others.count(), 0, "{folder} {element}: {violations:?}");
    }
}

#[test]
fn california_wants_its_title_and_headings_in_order() {
    let words = shipped_words().unwrap();
    let parts = shipped_parts().into_iter().find(|parts| parts.folder == "us/individual/en-US").unwrap();
    let retitled =
        with_source(&parts, Part::Html, |source| source.replace("Notice of Data Breach", "Good News"));
    let violations = refusal(&retitled, &words, "us-ca-individual", &[]);
    assert_eq!(violations, [Violation::NoTitle("Notice of Data Breach")]);
    for heading in [
        "What Happened",
        "What Information Was Involved",
        "What We Are Doing",
        "What You Can Do",
        "For More Information",
    ] {
        let renamed = with_source(&parts, Part::Text, |source| source.replace(heading, "More"));
        let violations = refusal(&renamed, &words, "us-ca-individual", &[]);
        assert!(violations.contains(&Violation::NoHeading(heading)), "{heading}: {violations:?}");
    }
    let swapped = with_source(&parts, Part::Text, |source| {
        source
            .replace("What Happened", "\u{1}")
            .replace("What You Can Do", "What Happened")
            .replace('\u{1}', "What You Can Do")
    });
    assert!(!refusal(&swapped, &words, "us-ca-individual", &[]).is_empty());
}

#[test]
fn massachusetts_refuses_every_letter_that_could_tell_what_happened() {
    let words = shipped_words().unwrap();
    let massachusetts = demands("us-ma-individual");
    let parts = shipped_parts().into_iter().find(|parts| parts.folder == "us-ma/individual/en-US").unwrap();
    for (part, name) in
        [(Part::Text, "texts.measures"), (Part::Html, "texts.advice"), (Part::Sms, "texts.what_happened")]
    {
        let told = with_source(&parts, part, |source| format!("{source}\n{{{{ {name} }}}}\n"));
        let template = Template::from_parts(told, &words).unwrap();
        let violations = gate::check_template(&template, "us-ma-individual", &massachusetts).unwrap_err();
        assert_eq!(violations, [Violation::ForbiddenUsed { part, element: Element::Nature, name: "texts" }]);
    }
    let library = Library::shipped().unwrap();
    let other = library.select("us-ca-individual", &["en"]).unwrap();
    let violations = gate::check_template(other, "us-ma-individual", &massachusetts).unwrap_err();
    assert!(violations.contains(&Violation::RegimeNotServed { regime: "us-ma-individual".to_owned() }));
    assert!(violations.contains(&Violation::ForbiddenDeclared(Element::Nature)));
    assert!(violations.contains(&Violation::ForbiddenMarked { part: Part::Text, element: Element::Nature }));
    assert!(violations.contains(&Violation::ForbiddenMarked { part: Part::Html, element: Element::Nature }));
}

#[test]
fn a_short_form_that_drops_what_it_must_point_to_is_missed() {
    let words = shipped_words().unwrap();
    let parts = shipped_parts().into_iter().find(|parts| parts.folder == "gdpr/individual/en").unwrap();
    for part in [Part::Sms, Part::InApp] {
        for name in ["data_short", "merchant.notice_page", "reference"] {
            let cut = with_source(&parts, part, |source| source.replace(&format!("{{{{ {name} }}}}"), "x"));
            let violations = refusal(&cut, &words, "eu-gdpr-individual", &[]);
            assert_eq!(violations, [Violation::NotUsed { part, name }]);
        }
    }
}

/// Long-winded words are hard in every language, and the letters are otherwise what they were.
#[test]
fn a_paragraph_of_long_winded_words_makes_every_letter_too_hard() {
    let words = shipped_words().unwrap();
    let long_winded = "Consideratis considerandis, administrativa communicationis irregularitas identificabilium informationum \
        indeterminatam disseminationem occasionavit, responsabilitatibus institutionalibus interdepartimentalibus \
        insufficientibus reperiatis. ";
    let mut judged = 0;
    for parts in shipped_parts() {
        let paragraphs = |source: &str, open: &str, close: &str| {
            let (before, after) = source.rsplit_once("{% endif %}").unwrap();
            format!("{before}\n{open}{}{close}\n{{% endif %}}{after}", long_winded.repeat(12))
        };
        let text = with_source(&parts, Part::Text, |source| paragraphs(source, "", ""));
        let both = with_source(&text, Part::Html, |source| paragraphs(source, "<p>", "</p>"));
        let template = Template::from_parts(both, &words).unwrap();
        let Some(stated) = template.header().readability else {
            continue;
        };
        let regime = template.header().regimes.keys().next().unwrap();
        let facts = facts_under(&template, regime);
        let email = render_email(&template, regime, &facts, &reader(None), REFERENCE).unwrap();
        let verdict =
            gate::check_rendered(&Rendered::Email(email), &template, regime, &facts, &demands(regime));
        let violations = verdict.unwrap_err();
        let [Violation::TooHard { grade, limit }] = violations[..] else {
            panic!("{}: {violations:?}", parts.folder);
        };
        assert_eq!(limit, stated.limit(), "{}", parts.folder);
        assert_ne!(grade, stated, "{}", parts.folder);
        judged += 1;
    }
    assert_eq!(judged, 20);
}

#[test]
fn a_hedge_in_any_part_of_any_letter_is_refused() {
    let words = shipped_words().unwrap();
    for parts in shipped_parts() {
        let whole = Template::from_parts(parts.clone(), &words).unwrap();
        let regime = whole.header().regimes.keys().next().unwrap();
        for part in parts.sources.keys().copied() {
            for hedge in whole.language().hedges() {
                let hedging = with_source(&parts, part, |source| format!("{source}\n<p>{hedge}</p>\n"));
                let violations = refusal(&hedging, &words, regime, &[]);
                let found = Violation::Hedge { part, words: hedge.clone() };
                assert!(violations.contains(&found), "{} {part} {hedge}: {violations:?}", parts.folder);
            }
        }
    }
}

/// Everything that a letter marks, each with a regime under which it carries it.
fn marked(template: &Template) -> Vec<(Element, &str)> {
    let header = template.header();
    let elements = header.elements.iter().copied().chain(header.blocks());
    let elements = elements.filter(|element| *element != Element::PlainLanguage);
    elements.map(|element| (element, bearer(template, element))).collect()
}

/// A regime under which a letter carries an element.
fn bearer(template: &Template, element: Element) -> &str {
    let header = template.header();
    header.regimes.keys().find(|regime| header.carried(regime).contains(&element)).expect("a regime")
}

/// A header that does not say that the letter carries an element under a regime.
fn undeclared(header: &str, regime: &str, element: Element) -> String {
    let line = format!("  \"{element}\",\n");
    if header.contains(&line) {
        return header.replacen(&line, "", 1);
    }
    let (before, rest) = header.split_once(&format!("[regimes.{regime}]")).expect("the regime");
    let (terms, after) = rest.split_once("\n\n").unwrap_or((rest, ""));
    let quoted = format!("\"{element}\"");
    assert!(terms.contains(&quoted), "{regime} {element}");
    let terms = terms.replacen(&format!("{quoted}, "), "", 1).replacen(&quoted, "", 1);
    format!("{before}[regimes.{regime}]{terms}\n\n{after}")
}

fn refusal(parts: &Parts, words: &Words, regime: &str, required: &[Element]) -> Vec<Violation> {
    let template = Template::from_parts(parts.clone(), words).expect("a template that compiles");
    let demands = Demands { required: required.to_vec(), forbidden: Vec::new() };
    gate::check_template(&template, regime, &demands).expect_err(&parts.folder)
}

fn with_source(parts: &Parts, part: Part, change: impl Fn(&str) -> String) -> Parts {
    let mut changed = parts.clone();
    let source = changed.sources.get_mut(&part).expect("the part");
    *source = change(source);
    changed
}

/// Without the marked stretches of this element, marks and all.
fn without(source: &str, element: Element) -> String {
    rewritten(source, element, |_, _| String::new())
}

/// With the marks of this element and nothing between them.
fn emptied(source: &str, element: Element) -> String {
    rewritten(source, element, |mark, _| format!("{mark}{{# end #}}"))
}

/// With other words where the element's stand, so that only the bytes tell.
fn said_nothing(source: &str, element: Element) -> String {
    rewritten(source, element, |mark, body| {
        let kept: BTreeSet<&str> = ["<ul>", "</ul>"].into_iter().filter(|tag| body.contains(tag)).collect();
        let (open, close) = if body.contains("<p>") { ("<p>", "</p>") } else { ("", "") };
        assert!(kept.len() != 1, "a list that begins or ends within a mark");
        format!("{mark}\n{open}Something else stands here.{close}\n{{# end #}}")
    })
}

fn rewritten(source: &str, element: Element, with: impl Fn(&str, &str) -> String) -> String {
    let mut written = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("{# element: ") {
        let (keys, after) = after.split_once(" #}").expect("a whole mark");
        let (body, after) = after.split_once("{# end #}").expect("an ended mark");
        let mark = format!("{{# element: {keys} #}}");
        written.push_str(before);
        if keys.split(", ").any(|key| key == element.as_str()) {
            written.push_str(&with(&mark, body));
        } else {
            written.push_str(&format!("{mark}{body}{{# end #}}"));
        }
        rest = after;
    }
    written + rest
}
