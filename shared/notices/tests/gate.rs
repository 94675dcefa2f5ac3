//! What the gate finds in rendered bytes and in facts.

mod common;

use common::{REFERENCE, demands, facts, keys, reader, render_email};
use tocsin_notices::{
    Channel, Demands, Element, Email, InApp, Library, NoticeFacts, Page, Part, Parts, Phase, Quantity,
    RenderError, Rendered, Sms, Template, Texts, Violation, gate, render, shipped_parts, shipped_words,
};

const REGIME: &str = "us-ca-individual";

fn email(regime: &str, facts: &NoticeFacts) -> Email {
    let library = Library::shipped().expect("the shipped letters");
    let template = library.select(regime, &["en"]).expect("an English letter");
    render_email(template, regime, facts, &reader(Some("Erika Example")), REFERENCE).expect("a letter")
}

fn violations(rendered: &Rendered, regime: &str, facts: &NoticeFacts) -> Vec<Violation> {
    let library = Library::shipped().expect("the shipped letters");
    let template = library.select(regime, &["en"]).expect("an English letter");
    gate::check_rendered(rendered, template, regime, facts, &demands(regime)).err().unwrap_or_default()
}

/// The letter to California after a change in both parts.
fn changed(from: &str, to: &str) -> Vec<Violation> {
    let email = email(REGIME, &facts());
    assert!(email.html.contains(from), "{from}");
    let swap = |part: &str| part.replace(from, to);
    let email = Email { subject: swap(&email.subject), text: swap(&email.text), html: swap(&email.html) };
    violations(&Rendered::Email(email), REGIME, &facts())
}

/// The letter to California after a change in the HTML part alone.
fn html_changed(from: &str, to: &str) -> Vec<Violation> {
    let email = email(REGIME, &facts());
    assert!(email.html.contains(from), "{from}");
    let html = email.html.replace(from, to);
    violations(&Rendered::Email(Email { html, ..email }), REGIME, &facts())
}

#[test]
fn markup_that_fetches_hides_or_acts_is_refused() {
    let cases = [
        ("<img src=\"https://www.lindenwerk.example/p.gif\">", Violation::TagNotAllowed("img".to_owned())),
        ("<script>x</script>", Violation::TagNotAllowed("script".to_owned())),
        ("<form>x</form>", Violation::TagNotAllowed("form".to_owned())),
        ("<iframe></iframe>", Violation::TagNotAllowed("iframe".to_owned())),
        (
            "<link rel=\"stylesheet\" href=\"https://x.example/a.css\">",
            Violation::TagNotAllowed("link".to_owned()),
        ),
        ("<font size=\"1\"></font>", Violation::TagNotAllowed("font".to_owned())),
        ("<p onclick=\"x\"></p>", not_allowed("p", "onclick")),
        ("<p background=\"https://x.example/p.gif\"></p>", not_allowed("p", "background")),
        ("<meta http-equiv=\"refresh\" content=\"0\">", not_allowed("meta", "http-equiv")),
        ("<p style=\"background: url(x)\"></p>", Violation::StyleNotAllowed("background".to_owned())),
        ("<p style=\"DISPLAY : none\"></p>", Violation::StyleNotAllowed("display".to_owned())),
        ("<style>@import 'x';</style>", Violation::StyleNotAllowed("a rule without { and }".to_owned())),
        ("<p style=\"font-size: 9.5pt\"></p>", Violation::FontTooSmall),
        ("<p style=\"font-size: 13px\"></p>", Violation::FontTooSmall),
        ("<p style=\"font-size: 0.5em\"></p>", Violation::FontTooSmall),
        ("<p style=\"font: 6pt serif\"></p>", Violation::StyleNotAllowed("font".to_owned())),
    ];
    for (markup, violation) in cases {
        let found = html_changed("</body>", &format!("{markup}</body>"));
        assert!(found.contains(&violation), "{markup}: {found:?}");
    }
    assert!(html_changed("font-size: 12pt; ", "").contains(&Violation::FontTooSmall));
    for unreadable in ["<!-- x -->", "<p class=x>", "<p", "<style>"] {
        let found = html_changed("</body>", unreadable);
        assert!(matches!(found.as_slice(), [Violation::BadHtml(_)]), "{unreadable}: {found:?}");
    }
}

fn not_allowed(tag: &str, attribute: &str) -> Violation {
    Violation::AttributeNotAllowed { tag: tag.to_owned(), attribute: attribute.to_owned() }
}

#[test]
fn links_lead_to_the_tenant_or_an_agency_and_never_to_a_login() {
    let foreign = |host: &str| Violation::ForeignLink { host: host.to_owned() };
    let cases = [
        ("see https://evil.example/x", vec![foreign("evil.example")]),
        ("see www.evil.example", vec![foreign("www.evil.example")]),
        ("see evil.example", vec![foreign("evil.example")]),
        ("see (https://lindenwerk.example.evil.example)", vec![foreign("lindenwerk.example.evil.example")]),
        ("see https://evillindenwerk.example", vec![foreign("evillindenwerk.example")]),
        ("see https://lindenwerk.example@evil.example", vec![foreign("lindenwerk.example@evil.example")]),
        ("see http://lindenwerk.example", vec![Violation::LinkNotHttps]),
        ("see https://lindenwerk.example/Login", vec![Violation::PageNotAllowed]),
        ("see https://lindenwerk.example/accesorios", vec![Violation::PageNotAllowed]),
        ("see https://login.lindenwerk.example/", vec![Violation::PageNotAllowed]),
        ("see https://shop.lindenwerk.example/help, e.g. at noon.", vec![Violation::PageNotAllowed]),
        ("see lindenwerk.example/help", vec![Violation::PageNotAllowed]),
        ("see https://www.lindenwerk.example/pages/notice, e.g. at noon.", vec![]),
        ("see https://lindenwerk.example or www.lindenwerk.example/.", vec![]),
        ("see https://www.equifax.com/", vec![]),
        ("see https://www.equifax.com/login", vec![Violation::PageNotAllowed]),
        ("write to someone@elsewhere.example", vec![foreign("elsewhere.example")]),
        ("write to someone@lindenwerk.example", vec![]),
    ];
    for (text, expected) in cases {
        assert_eq!(changed("We are sorry.", &format!("We are sorry, {text} now.")), expected, "{text}");
    }
    let page = "<a href=\"https:&#x2f;&#x2f;www.lindenwerk.example&#x2f;pages&#x2f;notice\">";
    let other = html_changed(page, "<a href=\"https://www.lindenwerk.example/elsewhere\">");
    assert_eq!(other, [Violation::PageNotAllowed, Violation::LinkDisguised]);
    let script = html_changed(page, "<a href=\"javascript:x\">");
    assert_eq!(script, [Violation::LinkNotHttps, Violation::LinkDisguised]);
}

#[test]
fn a_letter_is_whole_and_the_same_in_both_parts() {
    let empty = Violation::EmptySection { heading: "What We Are Doing".to_owned() };
    let cut = changed("We closed that account and renewed every access key.", "");
    assert!(cut.contains(&Violation::NotShown(Element::MeasuresTaken)), "{cut:?}");
    let email = email(REGIME, &facts());
    let (before, rest) = email.html.split_once("<h2>What We Are Doing</h2>").unwrap();
    let (_, after) = rest.split_once("<h2>").unwrap();
    let html = format!("{before}<h2>What We Are Doing</h2><h2>{after}");
    let found = violations(&Rendered::Email(Email { html, ..email.clone() }), REGIME, &facts());
    assert!(found.contains(&empty) && found.iter().any(|one| matches!(one, Violation::PartsDiffer { .. })));
    let text = email.text.replace("We are sorry.", "");
    let found = violations(&Rendered::Email(Email { text, ..email.clone() }), REGIME, &facts());
    assert!(matches!(found.as_slice(), [Violation::PartsDiffer { .. }]), "{found:?}");
    let text = email.text.replace("What You Can Do\n", "What You Can Do: ");
    let found = violations(&Rendered::Email(Email { text, ..email }), REGIME, &facts());
    assert_eq!(found, [Violation::TextLacksHeading { heading: "What You Can Do".to_owned() }]);
}

#[test]
fn title_headings_and_marks_of_origin_are_wanted() {
    let title = changed("Notice of Data Breach", "Good News");
    assert_eq!(title, [Violation::NoTitle("Notice of Data Breach")]);
    let heading = changed("What Information Was Involved", "Information");
    assert_eq!(heading, [Violation::NoHeading("What Information Was Involved")]);
    assert_eq!(changed(REFERENCE, "none"), [Violation::Lacks("a reference")]);
    let contact = changed("privacy@lindenwerk.example", "nobody");
    assert_eq!(contact, [Violation::NotShown(Element::Contact)]);
    assert_eq!(changed("We are sorry.", "We are sorry, {{ name }}."), [Violation::LeftoverSyntax]);
}

#[test]
fn a_subject_is_one_line_of_at_most_200_characters() {
    let cases = [
        ("", "is empty"),
        (" \u{a0}", "is empty"),
        ("a\r\nBcc: victim@example.org", "has more than one line, or control characters"),
        ("a\u{2028}b", "has more than one line, or control characters"),
        ("a\0b", "has more than one line, or control characters"),
    ];
    for (subject, problem) in cases {
        let email = Email { subject: subject.to_owned(), ..email(REGIME, &facts()) };
        let found = violations(&Rendered::Email(email), REGIME, &facts());
        assert_eq!(found.first(), Some(&Violation::Subject(problem)), "{subject:?}");
    }
    let long = Email { subject: "a".repeat(201), ..email(REGIME, &facts()) };
    let found = violations(&Rendered::Email(long), REGIME, &facts());
    assert_eq!(found, [Violation::Subject("has more than 200 characters")]);
}

/// A hostile shop name becomes one clean line.
#[test]
fn a_merchant_name_injects_no_header() {
    let mut facts = facts();
    facts.merchant.name = "Lindenwerk\r\nBcc: victim\u{202e}".to_owned();
    let email = email(REGIME, &facts);
    assert_eq!(email.subject, "Notice of Data Breach from Lindenwerk Bcc: victim");
    assert_eq!(violations(&Rendered::Email(email), REGIME, &facts), []);
}

#[test]
fn illinois_and_massachusetts_see_no_counts_and_massachusetts_no_nature() {
    let cases = [
        ("us-il-individual", "412 residents of Illinois", true),
        ("us-il-individual", "12 of our residents", true),
        ("us-il-individual", "in all 48,200 of them", true),
        ("us-il-individual", "12 parcels", false),
        ("us-il-individual", "413 residents", false),
        ("us-ca-individual", "412 residents of Illinois", false),
        ("us-ma-individual", "12 residents", true),
    ];
    for (regime, words, refused) in cases {
        let email = email(regime, &facts());
        let swap = |part: &str| part.replace("We are sorry.", &format!("We are sorry: {words}."));
        let email =
            Email { subject: email.subject.clone(), text: swap(&email.text), html: swap(&email.html) };
        let expected =
            if refused { vec![Violation::ForbiddenShown(Element::NumberOfResidents)] } else { vec![] };
        assert_eq!(violations(&Rendered::Email(email), regime, &facts()), expected, "{regime} {words}");
    }
    let email = email("us-ma-individual", &facts());
    let told = facts().texts["en"].what_happened.clone().unwrap().replace("\n\n", " ");
    for part in [told.as_str(), "They copied data of customers there."] {
        let swap = |text: &str| text.replace("We are sorry.", part);
        let email =
            Email { subject: email.subject.clone(), text: swap(&email.text), html: swap(&email.html) };
        let found = violations(&Rendered::Email(email), "us-ma-individual", &facts());
        assert_eq!(found, [Violation::ForbiddenShown(Element::Nature)]);
    }
}

#[test]
fn the_values_themselves_are_never_shown() {
    let library = Library::shipped().unwrap();
    let template = library.select(REGIME, &["en"]).unwrap();
    let demands = Demands { required: Vec::new(), forbidden: vec![Element::SensitiveValues] };
    let cases = [
        ("4111 1111 1111 1111", true),
        ("4111-1111-1111-1111", true),
        ("card 5555555555554444.", true),
        ("123-45-6789", true),
        ("4111 1111 1111 1112", false),
        ("+55 11 55555 0145", false),
        ("1-800-555-0155", false),
    ];
    for (value, refused) in cases {
        let mut facts = facts();
        facts.texts.get_mut("en").unwrap().measures = Some(format!("We looked at {value} and closed it."));
        let rendered = render(template, Channel::Email, REGIME, &facts, &reader(None), REFERENCE).unwrap();
        let verdict = gate::check_rendered(&rendered, template, REGIME, &facts, &demands);
        let expected =
            if refused { Err(vec![Violation::ForbiddenShown(Element::SensitiveValues)]) } else { Ok(()) };
        assert_eq!(verdict, expected, "{value}");
    }
}

#[test]
fn long_sentences_are_not_plain_language() {
    let mut facts = facts();
    let words = vec!["word"; 41].join(" ");
    facts.texts.get_mut("en").unwrap().what_happened = Some(words);
    let email = email(REGIME, &facts);
    let found = violations(&Rendered::Email(email), REGIME, &facts);
    assert_eq!(found, [Violation::NotPlain { words: 41, limit: 40 }]);
}

/// A letter that says that it is plain is held to it, whether its law asks for that or not.
#[test]
fn what_a_header_calls_plain_is_plain() {
    let mut facts = facts();
    facts.texts.get_mut("en").unwrap().what_happened = Some(vec!["word"; 41].join(" "));
    let found = violations(&Rendered::Email(email("au-ndb-individual", &facts)), "au-ndb-individual", &facts);
    assert_eq!(found, [Violation::NotPlain { words: 41, limit: 40 }]);
}

const JAPAN: &str = "jp-appi-individual";

/// The gate's word on the Japanese letter.
fn in_japanese(facts: &NoticeFacts, required: &Demands, change: impl Fn(&str) -> String) -> Vec<Violation> {
    let library = Library::shipped().expect("the shipped letters");
    let template = library.select(JAPAN, &["ja"]).expect("a Japanese letter");
    let Email { subject, text, html } =
        render_email(template, JAPAN, facts, &reader(Some("佐藤 花子")), REFERENCE).expect("a letter");
    let email = Email { subject, text: change(&text), html: change(&html) };
    let verdict = gate::check_rendered(&Rendered::Email(email), template, JAPAN, facts, required);
    verdict.err().unwrap_or_default()
}

#[test]
fn japanese_sentences_are_measured_in_signs() {
    let found = |told: &str| {
        let mut facts = facts();
        facts.texts.get_mut("ja").unwrap().what_happened = Some(told.to_owned());
        in_japanese(&facts, &demands(JAPAN), str::to_owned)
    };
    let too_long = |signs| vec![Violation::NotPlainSigns { signs, limit: 100 }];
    let cases = [
        ("あ".repeat(100), vec![]),
        ("漢".repeat(101), too_long(101)),
        // Marks are no signs of their own, and a comma ends nothing.
        (format!("{}、{}。", "カ".repeat(60), "名".repeat(41)), too_long(101)),
        (format!("{}。{}。", "あ".repeat(60), "あ".repeat(60)), vec![]),
        (format!("{}！{}？", "あ".repeat(99), "あ".repeat(99)), vec![]),
        (format!("{}：{}", "あ".repeat(99), "あ".repeat(99)), vec![]),
        // Digits and words of other scripts are counted as words.
        (format!("{}2026年3月9日にLindenwerkで", "あ".repeat(95)), vec![]),
        (vec!["word"; 41].join(" "), vec![Violation::NotPlain { words: 41, limit: 40 }]),
    ];
    for (told, expected) in cases {
        assert_eq!(found(&told), expected, "{told}");
    }
}

#[test]
fn japanese_sets_no_space_behind_an_address() {
    let foreign = |host: &str| vec![Violation::ForeignLink { host: host.to_owned() }];
    let cases = [
        ("詳細はhttps://evil.example/xをご覧ください。", foreign("evil.example")),
        ("詳細https://evil.example/x", foreign("evil.example")),
        ("詳細https://lindenwerk.example/help", vec![Violation::PageNotAllowed]),
        ("詳細はhttp://lindenwerk.exampleへ", vec![Violation::LinkNotHttps]),
        ("（https://evil.example）", foreign("evil.example")),
        ("evil.exampleをご覧ください。", foreign("evil.example")),
        ("「evil.example」、次に", foreign("evil.example")),
        ("ページ：evil.example。次に", foreign("evil.example")),
        ("ページ：//evil.example。次に", foreign("evil.example")),
        ("ページevil.exampleへ", foreign("ページevil.example")),
        ("https://lindenwerk.example/loginへ", vec![Violation::PageNotAllowed]),
        ("https://www.lindenwerk.example/pages/noticeへ", vec![]),
        ("lindenwerk.exampleをご覧ください。", vec![]),
        ("https://shop.lindenwerk.example/helpをご覧ください。", vec![Violation::PageNotAllowed]),
        ("委託先のExample Co., Ltd.が", vec![]),
        ("someone@elsewhere.exampleまで", foreign("elsewhere.example")),
        ("privacy@lindenwerk.exampleまで", vec![]),
    ];
    for (told, expected) in cases {
        let mut facts = facts();
        facts.texts.get_mut("ja").unwrap().what_happened = Some(told.to_owned());
        assert_eq!(in_japanese(&facts, &demands(JAPAN), str::to_owned), expected, "{told}");
    }
}

#[test]
fn a_few_japanese_signs_say_as_much_as_many_letters() {
    let found = |cause: &str| {
        let mut facts = facts();
        facts.texts.get_mut("ja").unwrap().cause = Some(cause.to_owned());
        in_japanese(&facts, &demands(JAPAN), str::to_owned)
    };
    assert_eq!(found("調査中です。"), []);
    assert_eq!(found("不明。"), [Violation::EmptySection { heading: "原因".to_owned() }]);
}

#[test]
fn what_is_forbidden_is_seen_in_japanese() {
    let forbidding = |element| Demands { required: Vec::new(), forbidden: vec![element] };
    let said = |words: &'static str| {
        move |part: &str| {
            part.replace("深くお詫び申し上げます。", &format!("深くお詫び申し上げます。{words}"))
        }
    };
    let cases = [
        (Element::NumberOfPeople, "対象は412人です。", true),
        (Element::NumberOfPeople, "対象の方は12名です。", true),
        (Element::NumberOfPeople, "合計で48,200です。", true),
        (Element::NumberOfPeople, "荷物は12個です。", false),
        (Element::NumberOfPeople, "対象は413人です。", false),
        (Element::SensitiveValues, "番号は４１１１　１１１１　１１１１　１１１１です。", true),
        (Element::SensitiveValues, "番号は4111-1111-1111-1111です。", true),
        (Element::SensitiveValues, "番号は４１１１　１１１１　１１１１　１１１２です。", false),
    ];
    for (element, words, refused) in cases {
        let expected = if refused { vec![Violation::ForbiddenShown(element)] } else { vec![] };
        assert_eq!(in_japanese(&facts(), &forbidding(element), said(words)), expected, "{words}");
    }
    // However the lines of what happened are broken.
    let broken = |part: &str| part.replace("何者かが、当社の委託先の", "何者かが、\n当社の 委託先の");
    let told = in_japanese(&facts(), &forbidding(Element::Nature), broken);
    assert!(told.contains(&Violation::ForbiddenShown(Element::Nature)), "{told:?}");
}

/// What a Japanese text message has room for: the longest words for data, the longest shop name, the longest reference.
#[test]
fn a_japanese_text_message_fits() {
    let library = Library::shipped().unwrap();
    let template = library.select(JAPAN, &["ja"]).unwrap();
    for phase in [Phase::First, Phase::Withdrawal] {
        let mut facts = NoticeFacts { phase, ..facts() };
        facts.merchant.name = "リンデンヴェルク".repeat(5);
        let mut reader = reader(None);
        reader.data_categories = keys(&["ssn", "payment_card_last_digits", "messages", "ip_address"]);
        let page = Page::of(template, Channel::Sms, JAPAN, &facts, &reader).unwrap();
        facts.data_categories.clone_from(&reader.data_categories);
        let demands = demands(JAPAN);
        assert_eq!(gate::Judge::of(template, JAPAN, &facts, &demands).check_page(&page), Ok(()));
    }
}

#[test]
fn identity_numbers_call_for_a_service_of_the_months_that_the_law_wants() {
    let mut facts = facts();
    facts.identity_services.as_mut().unwrap().months = 12;
    let of =
        |regime: &str, facts: &NoticeFacts| violations(&Rendered::Email(email(regime, facts)), regime, facts);
    assert_eq!(of("us-ca-individual", &facts), []);
    assert_eq!(
        of("us-ma-individual", &facts),
        [Violation::IdentityServiceTooShort { months: 12, wanted: 18 }]
    );
    facts.identity_services = None;
    assert_eq!(of("us-ca-individual", &facts), [Violation::NoIdentityService]);
    assert_eq!(of("us-fl-individual", &facts), []);
    facts.data_categories = keys(&["email", "name", "password_hash"]);
    assert_eq!(of("us-ca-individual", &facts), []);
}

#[test]
fn each_state_wants_its_months_for_the_numbers_that_it_names() {
    let library = Library::shipped().unwrap();
    let of = |regime: &str, language: &str, facts: &NoticeFacts| {
        let template = library.select(regime, &[language]).unwrap();
        let email = render_email(template, regime, facts, &reader(None), REFERENCE).unwrap();
        let demands = demands(regime);
        gate::check_rendered(&Rendered::Email(email), template, regime, facts, &demands)
            .err()
            .unwrap_or_default()
    };
    let identity = ["drivers-license", "national-id", "ssn"];
    let cases: [(&str, u16, &[&str]); 7] = [
        ("us-ca-individual", 12, &identity),
        ("us-ct-individual", 24, &["ssn", "tax-id"]),
        ("us-dc-individual", 18, &["ssn", "tax-id"]),
        ("us-de-individual", 12, &["ssn"]),
        ("us-ma-individual", 18, &["ssn"]),
        ("us-pa-individual", 12, &["bank-account", "drivers-license", "national-id", "ssn"]),
        ("us-ri-individual", 60, &identity),
    ];
    for (regime, wanted, numbers) in cases {
        for language in ["en", "es"] {
            let mut facts = facts();
            for category in
                ["bank-account", "drivers-license", "national-id", "ssn", "tax-id", "payment-card"]
            {
                facts.data_categories = keys(&["email", "name", "password-hash", category]);
                facts.identity_services.as_mut().unwrap().months = wanted;
                assert_eq!(of(regime, language, &facts), [], "{regime} {language} {category}");
                facts.identity_services.as_mut().unwrap().months = wanted - 1;
                let short = Violation::IdentityServiceTooShort { months: wanted - 1, wanted };
                let expected = if numbers.contains(&category) { vec![short] } else { Vec::new() };
                assert_eq!(of(regime, language, &facts), expected, "{regime} {language} {category}");
            }
            facts.data_categories = keys(&["email", "name", "password-hash", "ssn"]);
            facts.identity_services = None;
            assert_eq!(of(regime, language, &facts), [Violation::NoIdentityService], "{regime} {language}");
        }
    }
    let parts = shipped_parts().into_iter().find(|parts| parts.folder == "us/individual/en-US").unwrap();
    let header = parts.header.replacen("[\"ssn\", \"tax-id\"]", "[\"shoe-size\"]", 1);
    let error = Template::from_parts(Parts { header, ..parts }, &shipped_words().unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "us/individual/en-US/notice.toml: no language has words for the data category \"shoe-size\""
    );
}

#[test]
fn puerto_rico_wants_a_number_that_is_free_to_call() {
    let library = Library::shipped().unwrap();
    let of = |language: &str, phone: Option<&str>| {
        let mut facts = facts();
        facts.merchant.phone = phone.map(str::to_owned);
        let regime = "us-pr-individual";
        let template = library.select(regime, &[language]).unwrap();
        let email = render_email(template, regime, &facts, &reader(None), REFERENCE).unwrap();
        let demands = demands(regime);
        gate::check_rendered(&Rendered::Email(email), template, regime, &facts, &demands)
            .err()
            .unwrap_or_default()
    };
    let free = ["800", "833", "844", "855", "866", "877", "888"];
    for language in ["en", "es"] {
        for prefix in free {
            for phone in [
                format!("1-{prefix}-555-0142"),
                format!("+1 ({prefix}) 555-0142"),
                format!("{prefix} 555 0142"),
            ] {
                assert_eq!(of(language, Some(&phone)), [], "{language} {phone}");
            }
        }
        let refused = [
            "+49 30 5550 0142",
            "0800 555 0142",
            "1-212-555-0142",
            "1-822-555-0142",
            "800-555-014",
            "2-800-555-0142",
        ];
        for phone in refused {
            assert_eq!(of(language, Some(phone)), [Violation::NoTollFreeNumber], "{language} {phone}");
        }
        let without = [Violation::NoTollFreeNumber, Violation::NotShown(Element::TollFreeNumber)];
        assert_eq!(of(language, None), without, "{language}");
    }
}

#[test]
fn short_forms_say_who_what_and_where() {
    let library = Library::shipped().unwrap();
    let template = library.select("eu-gdpr-individual", &["en"]).unwrap();
    let facts = facts();
    let check = |rendered: Rendered| {
        gate::check_rendered(
            &rendered,
            template,
            "eu-gdpr-individual",
            &facts,
            &demands("eu-gdpr-individual"),
        )
        .err()
        .unwrap_or_default()
    };
    let render =
        |channel| render(template, channel, "eu-gdpr-individual", &facts, &reader(None), REFERENCE).unwrap();
    let Rendered::Sms(sms) = render(Channel::Sms) else { panic!("not a text message") };
    let with = |from: &str, to: &str| Rendered::Sms(Sms { text: sms.text.replace(from, to) });
    assert_eq!(check(with("Lindenwerk:", "We:")), [Violation::Lacks("who writes")]);
    assert_eq!(
        check(Rendered::Sms(Sms { text: sms.text.replace("password", "x").replace("e-mail, name", "x") })),
        [Violation::Lacks("what leaked")]
    );
    assert_eq!(check(with("LWX-", "ABC-")), [Violation::Lacks("a reference")]);
    assert_eq!(
        check(with("/pages/notice", "/x")),
        [Violation::PageNotAllowed, Violation::Lacks("the page of the full notice")]
    );
    assert_eq!(check(with("Beware", &"Beware ".repeat(60))), [Violation::SmsTooLong { count: 5, limit: 3 }]);
    let Rendered::InApp(in_app) = render(Channel::InApp) else { panic!("not an in-app message") };
    let cut =
        InApp { text: in_app.text.replace("https://www.lindenwerk.example/pages/notice", ""), ..in_app };
    assert_eq!(check(Rendered::InApp(cut)), [Violation::Lacks("the page of the full notice")]);
}

#[test]
fn facts_that_do_not_suffice_are_named() {
    let library = Library::shipped().unwrap();
    let of = |regime: &str, language: &str, facts: &NoticeFacts| {
        let template = library.select(regime, &[language]).unwrap();
        render_email(template, regime, facts, &reader(None), REFERENCE).err()
    };
    let missing = |fact| Some(RenderError::MissingFact { fact });
    let mut without = facts();
    without.texts.remove("de");
    assert_eq!(of("eu-gdpr-individual", "de", &without), missing("what_happened"));
    assert_eq!(of("eu-gdpr-individual", "en", &without), None);
    without.texts.get_mut("en").unwrap().consequences = Some(" \n\n ".to_owned());
    assert_eq!(of("eu-gdpr-individual", "en", &without), missing("consequences"));
    assert_eq!(of("us-ny-individual", "en", &without), None);
    let late = NoticeFacts { late: true, ..facts() };
    assert_eq!(of("br-lgpd-individual", "pt", &late), missing("reasons_for_delay"));
    let withdrawn = NoticeFacts { phase: Phase::Withdrawal, ..facts() };
    assert_eq!(of("eu-gdpr-individual", "en", &withdrawn), None);
    assert_eq!(of("eu-gdpr-authority", "en", &withdrawn), None);
    let unfiled = NoticeFacts { filing: None, ..facts() };
    assert_eq!(of("eu-gdpr-authority", "en", &unfiled), missing("filing"));
    let template = library.select("eu-gdpr-individual", &["en"]).unwrap();
    for reference in
        ["", "LWX-", "LWX-1", "ABC-7F3K", "LWX-7F3K\r\n", "LWX-<b>99", &format!("LWX-{}", "9".repeat(40))]
    {
        let found = render_email(template, "eu-gdpr-individual", &facts(), &reader(None), reference).err();
        assert_eq!(found, Some(RenderError::BadReference), "{reference:?}");
    }
    let found = render_email(template, "us-ca-individual", &facts(), &reader(None), REFERENCE).err();
    assert_eq!(found, Some(RenderError::RegimeNotServed));
    let filing = library.select("eu-gdpr-authority", &["en"]).unwrap();
    let found = render(filing, Channel::Sms, "eu-gdpr-authority", &facts(), &reader(None), REFERENCE).err();
    assert_eq!(found, Some(RenderError::ChannelNotServed(Channel::Sms)));
}

#[test]
fn a_merchant_without_a_name_or_an_address_to_write_to_is_refused() {
    let mut facts = facts();
    facts.merchant.email = " ".to_owned();
    let found = violations(&Rendered::Email(email(REGIME, &facts)), REGIME, &facts);
    assert_eq!(found, [Violation::NotShown(Element::Contact)]);
    facts = common::facts();
    facts.merchant.controller = String::new();
    let found = violations(&Rendered::Email(email(REGIME, &facts)), REGIME, &facts);
    assert_eq!(found, [Violation::NotShown(Element::ControllerIdentity)]);
}

#[test]
fn an_unknown_category_is_an_error_and_a_missing_one_is_not_a_gap() {
    let library = Library::shipped().unwrap();
    let template = library.select("eu-gdpr-individual", &["en"]).unwrap();
    let mut facts = facts();
    let mut reader = reader(None);
    reader.data_categories.clear();
    let text = render_email(template, "eu-gdpr-individual", &facts, &reader, REFERENCE).unwrap().text;
    assert!(text.contains("- Your Social Security number\n"));
    facts.data_categories.insert("shoe-size".to_owned());
    let found = render_email(template, "eu-gdpr-individual", &facts, &reader, REFERENCE).err();
    assert_eq!(found, Some(RenderError::UnknownCategory));
    reader.data_categories = keys(&["email"]);
    let email = render_email(template, "eu-gdpr-individual", &facts, &reader, REFERENCE).unwrap();
    let demands = demands("eu-gdpr-individual");
    let verdict =
        gate::check_rendered(&Rendered::Email(email), template, "eu-gdpr-individual", &facts, &demands);
    assert!(verdict.unwrap_err().contains(&Violation::UnknownCategory("shoe-size".to_owned())));
}

/// A filing says what is not yet known: to an authority in each field of Art. 33(3) GDPR, to a controller and to an
/// acquirer in each of theirs.
#[test]
fn a_filing_is_never_blank() {
    let library = Library::shipped().unwrap();
    let facts = facts_of_unknowns();
    for (regime, name) in [
        ("eu-gdpr-authority", "filing-of-unknowns"),
        ("eu-gdpr-processor", "notice-of-unknowns-to-a-controller"),
        ("pci-visa-initial-report", "notice-of-unknowns-to-an-acquirer"),
    ] {
        let template = library.select(regime, &["en"]).unwrap();
        let email = render_email(template, regime, &facts, &reader(None), REFERENCE).unwrap();
        insta::assert_snapshot!(name, email.text);
        let verdict =
            gate::check_rendered(&Rendered::Email(email), template, regime, &facts, &demands(regime));
        assert_eq!(verdict, Ok(()), "{regime}");
    }
}

fn facts_of_unknowns() -> NoticeFacts {
    let mut facts = facts();
    facts.texts.insert("en".to_owned(), Texts::default());
    facts.merchant.dpo = None;
    facts.merchant.phone = None;
    facts.discovered = None;
    facts.occurred = tocsin_notices::Occurred::NotYetKnown;
    facts.counts.people = Quantity::NotYetKnown;
    facts.counts.people_by_residence.clear();
    facts.counts.accounts_by_brand.clear();
    facts.late = true;
    facts.phase = Phase::FollowUp;
    let filing = facts.filing.as_mut().expect("a filing");
    filing.aware = None;
    filing.people_categories.clear();
    facts
}

#[test]
fn phases_copies_and_delays_are_said() {
    let library = Library::shipped().unwrap();
    let text = |regime: &str, language: &str, facts: &NoticeFacts, copy: bool| {
        let template = library.select(regime, &[language]).unwrap();
        let mut reader = reader(None);
        reader.copy = copy;
        render_email(template, regime, facts, &reader, REFERENCE).unwrap().text
    };
    let follow_up = NoticeFacts { phase: Phase::FollowUp, ..facts() };
    let correction = NoticeFacts { phase: Phase::Correction, ..facts() };
    let delayed = NoticeFacts { law_enforcement_delay: true, ..facts() };
    let mut late = NoticeFacts { late: true, ..facts() };
    late.texts.get_mut("pt").unwrap().reasons_for_delay =
        Some("Demoramos para achar os endereços.".to_owned());
    let said = [
        (text("eu-gdpr-individual", "en", &follow_up, false), "This notice adds to what we told you before."),
        (text("eu-gdpr-individual", "de", &correction, false), "Diese Mitteilung berichtigt"),
        (text("us-ca-individual", "en", &delayed, false), "Law enforcement asked us to delay this notice."),
        (text("br-lgpd-individual", "pt", &late, false), "Demoramos para achar os endereços."),
        (text("eu-gdpr-individual", "fr", &facts(), true), "Ceci est la copie d'un avis"),
        (text("eu-gdpr-individual", "pl", &correction, false), "Prawidłowe jest to, co piszemy tutaj."),
        (text("eu-gdpr-individual", "sv", &follow_up, true), "Det här är en kopia av ett meddelande"),
        (text("ca-qc-individual", "fr", &correction, false), "Cet avis corrige"),
        (text("nz-pa-individual", "en", &follow_up, true), "This notice adds to what we told you before."),
        (text("jp-appi-individual", "ja", &facts(), true), "以前お送りしたものの写しです。"),
        (text("jp-appi-individual", "ja", &correction, false), "先のお知らせの内容を訂正するものです。"),
        (text("eu-gdpr-processor", "en", &late, false), "It is late, for these reasons:"),
        (text("pci-jcb", "en", &follow_up, false), "Phase: following notice, which adds to an earlier one"),
    ];
    for (text, words) in said {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text("us-ca-individual", "en", &facts(), false).contains("copy of a notice"));
}

#[test]
fn nothing_personal_is_printed_for_debugging() {
    let library = Library::shipped().unwrap();
    let template = library.select("eu-gdpr-individual", &["en"]).unwrap();
    let reader = reader(Some("Erika Example"));
    for channel in [Channel::Email, Channel::Sms, Channel::InApp] {
        let rendered = render(template, channel, "eu-gdpr-individual", &facts(), &reader, REFERENCE).unwrap();
        let printed = format!("{rendered:?} {reader:?} {template:?}");
        assert!(!printed.contains("Erika") && !printed.contains(REFERENCE), "{printed}");
    }
}

#[test]
fn a_digest_binds_every_part() {
    let one = Email { subject: "ab".to_owned(), text: "c".to_owned(), html: String::new() };
    let moved = Email { subject: "a".to_owned(), text: "bc".to_owned(), html: String::new() };
    let sms = Sms { text: "abc".to_owned() };
    assert_ne!(one.digest(), moved.digest());
    assert_ne!(one.digest(), sms.digest());
    assert_eq!(one.digest(), Rendered::Email(one.clone()).digest());
}

#[test]
fn a_template_of_a_tenant_is_strict_and_bounded() {
    let words = shipped_words().unwrap();
    let parts = shipped_parts().into_iter().find(|parts| parts.folder == "gdpr/individual/en").unwrap();
    let with = |source: &str| {
        let mut parts = parts.clone();
        parts.sources.insert(Part::Text, source.to_owned());
        Template::from_parts(parts, &words)
    };
    let error = |source: &str| {
        let template = with(source).unwrap();
        render_email(&template, "eu-gdpr-individual", &facts(), &reader(None), REFERENCE)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(error("x\n{{ merchant.nme }}"), "body.txt.j2, line 2: undefined value");
    assert_eq!(error("{{ filing.people }}"), "body.txt.j2, line 1: undefined value");
    assert_eq!(error("{{ name }}"), "body.txt.j2, line 1: invalid operation");
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    assert!(error(endless).contains("fuel"), "{}", error(endless));
    let header = parts.header.replace(", \"withdrawal\"]", "]");
    let wordless = Template::from_parts(Parts { header, ..parts.clone() }, &words).unwrap();
    let withdrawn = NoticeFacts { phase: Phase::Withdrawal, ..facts() };
    let found = render_email(&wordless, "eu-gdpr-individual", &withdrawn, &reader(None), REFERENCE);
    assert_eq!(found, Err(RenderError::PhaseNotServed));
    let syntax = with("{% if %}").unwrap_err().to_string();
    assert_eq!(syntax, "gdpr/individual/en/body.txt.j2: line 1: syntax error");
}
