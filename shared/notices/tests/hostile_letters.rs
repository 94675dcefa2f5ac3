//! Letters against the law, made of the shipped ones by one change each: every one is refused, for the reason that it gives.
//! What stands here got through the gate once, or is a neighbour of what did.

mod common;

use std::sync::LazyLock;

use common::{REFERENCE, demands, facts, facts_under, reader, render_email};
use tocsin_notices::{
    BadHtml, Library, NoticeFacts, Part, Rendered, Template, Violation, gate, shipped_parts, shipped_words,
};

/// The letters that are changed: a folder, a regime, and a sentence that stands in both parts.
const LETTERS: [(&str, &str, &str); 2] = [
    ("us/individual/en-US", "us-ca-individual", "Both are free."),
    ("gdpr/individual/de", "eu-gdpr-individual", "Das tut uns leid."),
];

/// A change of a letter's source.
enum Change {
    /// This, for that, in the HTML part.
    Html(&'static str, &'static str),
    /// Behind the sentence, in the HTML part.
    Added(&'static str),
    /// Behind the sentence, in both parts.
    Said(&'static str),
    /// A paragraph with this style.
    Styled(&'static str),
    /// A link to this place, that shows where it leads.
    Linked(&'static str),
}

use Change::{Added, Html, Linked, Said, Styled};

/// What the gate finds in a letter after a change.
fn found(change: &Change, (folder, regime, sentence): (&str, &str, &str)) -> Vec<Violation> {
    let mut parts =
        shipped_parts().into_iter().find(|parts| parts.folder == folder).expect("a shipped letter");
    let mut swap = |part: Part, from: &str, to: &str| {
        let source = parts.sources.get_mut(&part).expect("a part");
        assert!(source.contains(from), "{folder}: {from}");
        *source = source.replacen(from, to, 1);
    };
    match change {
        Html(from, to) => swap(Part::Html, from, to),
        Added(html) => swap(Part::Html, sentence, &format!("{sentence} {html}")),
        Said(words) => {
            swap(Part::Html, sentence, &format!("{sentence} {words}"));
            swap(Part::Text, sentence, &format!("{sentence} {words}"));
        }
        Styled(style) => swap(Part::Html, sentence, &format!("{sentence}</p><p style=\"{style}\">")),
        Linked(place) => {
            swap(Part::Html, sentence, &format!("{sentence} <a href=\"{place}\">{place}</a>"));
            swap(Part::Text, sentence, &format!("{sentence} {place}"));
        }
    }
    let template = Template::from_parts(parts, &WORDS).expect("a letter");
    let mut violations = gate::check_template(&template, regime, &demands(regime)).err().unwrap_or_default();
    let facts = facts_under(&template, regime);
    violations.extend(judged(&template, regime, &facts));
    violations
}

static WORDS: LazyLock<tocsin_notices::Words> = LazyLock::new(|| shipped_words().expect("the shipped words"));

fn judged(template: &Template, regime: &str, facts: &NoticeFacts) -> Vec<Violation> {
    let email =
        render_email(template, regime, facts, &reader(Some("Erika Example")), REFERENCE).expect("an e-mail");
    let verdict = gate::check_rendered(&Rendered::Email(email), template, regime, facts, &demands(regime));
    verdict.err().unwrap_or_default()
}

/// Each change with the violation that it has to give, in every letter.
fn refused(cases: &[(Change, Violation)]) {
    for letter in LETTERS {
        for (change, violation) in cases {
            let found = found(change, letter);
            let what = match change {
                Html(_, what) | Added(what) | Said(what) | Styled(what) | Linked(what) => what,
            };
            assert!(found.contains(violation), "{} {what:?}: {found:?}", letter.0);
        }
    }
}

fn unreadable(error: BadHtml) -> Violation {
    Violation::BadHtml(error)
}

fn style(what: &str) -> Violation {
    Violation::StyleNotAllowed(what.to_owned())
}

fn misplaced(tag: &str, within: &str) -> Violation {
    Violation::Misplaced { tag: tag.to_owned(), within: within.to_owned() }
}

fn attribute(tag: &str, attribute: &str) -> Violation {
    Violation::AttributeNotAllowed { tag: tag.to_owned(), attribute: attribute.to_owned() }
}

fn foreign(host: &str) -> Violation {
    Violation::ForeignLink { host: host.to_owned() }
}

#[test]
fn the_letters_themselves_pass() {
    for letter in LETTERS {
        for change in [
            Added(""),
            Said("Siehe https://www.lindenwerk.example/pages/notice."),
            Linked("https://www.lindenwerk.example/pages/notice"),
            Linked("https://lindenwerk.example"),
            Styled(
                "font-family: 'Segoe UI', Arial, sans-serif; font-size: 14px; font-weight: bold; line-height: 1.4",
            ),
            Styled(
                "margin: 0 auto 1em 2em; padding: 8px; max-width: 30em; text-align: left; overflow-wrap: anywhere",
            ),
            Styled("color: #333; background-color: #f5f5f5; border: 1px solid #cccccc; border-top: none"),
            Html("h2 {", "h1, h2 {"),
        ] {
            assert_eq!(found(&change, letter), [], "{}", letter.0);
        }
    }
}

#[test]
fn nothing_hides_behind_the_end_of_a_style() {
    let style = || unreadable(BadHtml::OpenStyle);
    refused(&[
        (Html("</style>", "</style ><img src=\"https://evil.example/p.gif\"></style>"), style()),
        (Html("</style>", "</style\t><script>x</script></style>"), style()),
        (Html("</style>", "</style/><form action=\"https://evil.example\"></form></style>"), style()),
        (Html("</style>", "</STYLE><img src=\"https://evil.example/p.gif\"></style>"), style()),
        (Html("</style>", "<!-- </style>"), style()),
        (Html("</style>", "</style><style>h1 { margin: 0; }</style>"), Violation::Skeleton),
        (Added("<style>h1 { margin: 0; }</style>"), misplaced("style", "p")),
        (Html("</body>", "<style>h1 { margin: 0; }</style></body>"), misplaced("style", "body")),
    ]);
}

#[test]
fn a_letter_has_one_skeleton_and_plain_elements() {
    let nesting = |closed: &str, open: &str| {
        unreadable(BadHtml::Nesting { closed: closed.to_owned(), open: open.to_owned() })
    };
    let tag = |name: &str| Violation::TagNotAllowed(name.to_owned());
    refused(&[
        (Added("<title>hidden</title>"), misplaced("title", "p")),
        (Added("</p><title>hidden</title><p>"), misplaced("title", "body")),
        (Added("</p><head>48,200 people</head><p>"), misplaced("head", "body")),
        (Added("<title>hidden</title>"), Violation::Skeleton),
        (Html("</body>", "</body><body><p>x</p></body>"), Violation::Skeleton),
        (Html("<head>", "<body></body><head>"), Violation::Skeleton),
        (Html("</head>", "<p></p></head>"), misplaced("p", "head")),
        (Html("</head>", "x</head>"), unreadable(BadHtml::StrayText)),
        (Html("</html>", "x</html>"), unreadable(BadHtml::StrayText)),
        (Html("</html>", "</html>x"), unreadable(BadHtml::StrayText)),
        (Html("<!DOCTYPE html>", ""), unreadable(BadHtml::NoDoctype)),
        (Html("</title>", "<em>x</em></title>"), misplaced("em", "title")),
        (Added("<!-- x -->"), unreadable(BadHtml::Declaration)),
        (Added("<![CDATA[x]]>"), unreadable(BadHtml::Declaration)),
        (Added("<p>x</p>"), misplaced("p", "p")),
        (Added("<ul><li>x</li></ul>"), misplaced("ul", "p")),
        (Added("<strong>x"), nesting("p", "strong")),
        (Added("x</strong>"), nesting("strong", "p")),
        (Added("</ p>"), unreadable(BadHtml::OpenTag)),
        (Added("<//p>"), unreadable(BadHtml::OpenTag)),
        (Added("<bdi>Card 4111 1111 1111 1111</bdi>"), Violation::LooseName),
        (Added("<template>x</template>"), tag("template")),
        (Added("<details>x</details>"), tag("details")),
        (Added("<svg></svg>"), tag("svg")),
        (Added("<img src=\"https://evil.example/p.gif\">"), tag("img")),
        (Added("<input value=\"Your Social Security number\">"), tag("input")),
        (Added("<small>x</small>"), tag("small")),
        (Added("<table></table>"), tag("table")),
        (Added("<base href=\"https://evil.example/\">"), tag("base")),
        (Added("<em hidden=\"\">x</em>"), attribute("em", "hidden")),
        (Added("<em class=\"x\">x</em>"), attribute("em", "class")),
        (Added("<em id=\"x\">x</em>"), attribute("em", "id")),
        (Added("<em hidden>x</em>"), unreadable(BadHtml::Attribute)),
        (Added("<br><br><br><br><br><br><br><br><br>x"), Violation::EmptySpace),
        (Added("</p><p></p><p> </p><p>&nbsp;</p><p></p><p>"), Violation::EmptySpace),
        (
            Html("<body style", "<body background=\"https://evil.example/x.gif\" style"),
            attribute("body", "background"),
        ),
        (Html("initial-scale=1", "initial-scale=0.1"), attribute("meta", "content")),
        (Html("utf-8", "utf-7"), attribute("meta", "charset")),
    ]);
}

#[test]
fn a_style_neither_fetches_nor_hides() {
    let properties = [
        ("height:0;overflow:hidden", "height"),
        ("height:0;overflow:hidden", "overflow"),
        ("max-height:0px", "max-height"),
        ("position:absolute;left:-9999px", "position"),
        ("clip-path:inset(100%)", "clip-path"),
        ("filter:opacity(0)", "filter"),
        ("content-visibility:hidden", "content-visibility"),
        ("zoom:0.1", "zoom"),
        ("scale:0", "scale"),
        ("transform:scale(0)", "transform"),
        ("translate:-9999px", "translate"),
        ("-webkit-text-fill-color:transparent", "-webkit-text-fill-color"),
        ("text-indent:-99em", "text-indent"),
        ("letter-spacing:-1em", "letter-spacing"),
        ("word-spacing:-9em", "word-spacing"),
        ("visibility:&#104;idden", "visibility"),
        ("&#100;isplay:none", "display"),
        ("opacity:0", "opacity"),
        ("mask-image:linear-gradient(transparent,transparent)", "mask-image"),
        ("mix-blend-mode:screen", "mix-blend-mode"),
        ("float:right", "float"),
        ("color:transparent", "color"),
        ("color:white", "color"),
        ("color:#11111100", "color"),
        ("color:var(--x)", "color"),
        ("line-height:0", "line-height"),
        ("line-height:NaN", "line-height"),
        ("margin-left:-9999px", "margin-left"),
        ("margin:0 0 0 -99em", "margin"),
        ("margin-top:900px", "margin-top"),
        ("padding-left:99em", "padding-left"),
        ("max-width:0", "max-width"),
        ("max-width:1px", "max-width"),
        ("font-family:Wingdings", "font-family"),
        ("font-family:url(https://evil.example)", "font-family"),
        ("font-weight:bold !important", "font-weight"),
        ("background:&#117;rl(https://evil.example/p.gif)", "background"),
        ("background-image:image-set(&quot;https://evil.example/p.gif&quot; 1x)", "background-image"),
        ("list-style:url(https://evil.example/p.gif)", "list-style"),
        ("border:1px solid url(x)", "border"),
        ("border:900px solid #ffffff", "border"),
        ("width:expression(alert(1))", "width"),
        ("f\\6fnt-size:1pt", "f\\6fnt-size"),
        ("/**/margin:0", "/**/margin"),
        ("margin:0;margin:1em", "margin, twice in one rule"),
        ("margin:\u{a0}0", "a sign beyond ASCII"),
    ];
    for (block, property) in properties {
        refused(&[(Styled(block), style(property))]);
    }
    for block in [
        "color:#ffffff",
        "background-color:#111111",
        "color:#ffffff;background-color:#ffffff",
        "color:#777777;background-color:#ffffff",
        // Links would not show.
        "color:#ffffff;background-color:#111111",
    ] {
        refused(&[(Styled(block), Violation::PoorContrast)]);
    }
    for block in [
        "font-size:9pt",
        "font-size:&#49;pt",
        "font-size:12pt !important",
        "font-size:900pt",
        "font-size:13px",
        "font-size:0.5em",
    ] {
        refused(&[(Styled(block), Violation::FontTooSmall)]);
    }
    let selector = || style("a rule for something else than elements by name, such as `h1, h2`");
    refused(&[
        (Html("h2 {", "h2 { color: white;"), style("color")),
        (Html("h2 {", "h2 { color: #ffffff;"), Violation::PoorContrast),
        (Html("body {", "h1::before { content: \"50% off\"; } body {"), style("content")),
        (Html("body {", "h1::before { margin: 0; } body {"), selector()),
        (Html("body {", "p:first-child { margin: 0; } body {"), selector()),
        (Html("body {", "* { margin: 0; } body {"), selector()),
        (Html("body {", "@media print { p { display: none; } } body {"), selector()),
        (Html("body {", "@import \"https://evil.example/a.css\"; body {"), selector()),
        (Html("body {", "@font-face { font-family: Arial; } body {"), selector()),
        (Html("body {", "/* x */ body {"), selector()),
        (Html("</style>", "x</style>"), style("a rule without { and }")),
        (
            Html("body {", "body { background-image: image-set(\"https://evil.example/p.gif\" 1x);"),
            style("background-image"),
        ),
        (Html("font-size: 12pt; ", ""), Violation::FontTooSmall),
    ]);
}

#[test]
fn every_character_reference_is_read_or_refused() {
    let reference = || unreadable(BadHtml::Reference);
    refused(&[
        (Added("&copy;"), reference()),
        (Added("&sol;"), reference()),
        (Added("a & b"), reference()),
        (Added("&lt"), reference()),
        (Added("&#x202e"), reference()),
        (Added("&#0;"), reference()),
        (Added("&#101;vil&#46;example"), foreign("evil.example")),
        (Linked("https://evil.example&sol;.lindenwerk.example"), reference()),
        (Added("<em title=\"a&b\">x</em>"), reference()),
    ]);
}

#[test]
fn a_link_leads_to_the_notice_page_or_to_a_home_page() {
    let foreigners = [
        ("https://evil.example\\.lindenwerk.example/x", "evil.example\\.lindenwerk.example"),
        ("https://evil.example&#47;.lindenwerk.example/x", "evil.example"),
        ("https://evil.example%2f.lindenwerk.example/", "evil.example%2f.lindenwerk.example"),
        ("https://lindenwerk.example@evil.example/", "lindenwerk.example@evil.example"),
        ("https://evil.example:x@lindenwerk.example/", "evil.example:x@lindenwerk.example"),
        ("https://www.lindenwerk.example:8443/", "www.lindenwerk.example:8443"),
        ("https://xn--lindnwerk-abc.example/", "xn--lindnwerk-abc.example"),
        ("https://l\u{456}ndenwerk.example/", "l\u{456}ndenwerk.example"),
        ("https://evil.example\u{3002}lindenwerk.example/", "evil.example\u{3002}lindenwerk.example"),
        ("https://evillindenwerk.example", "evillindenwerk.example"),
        ("https://203.0.113.5/", "203.0.113.5"),
        ("https://3405803781/", "3405803781"),
        ("https:///evil.example", ""),
    ];
    for (place, host) in foreigners {
        refused(&[(Linked(place), foreign(host))]);
    }
    for page in [
        "https://www.lindenwerk.example/account",
        "https://www.lindenwerk.example/accounts",
        "https://www.lindenwerk.example/auth",
        "https://www.lindenwerk.example/log%69n",
        "https://www.lindenwerk.example/myaccount",
        "https://www.lindenwerk.example/kundenkonto",
        "https://www.lindenwerk.example/customer_identity/redirect",
        "https://www.lindenwerk.example/go?url=https://evil.example",
        "https://www.lindenwerk.example?url=https://evil.example",
        "https://www.lindenwerk.example/pages/notice/..%2faccount",
        "https://www.lindenwerk.example/pages/notice?next=x",
        "https://www.lindenwerk.example/pages/notice2",
        "https://www.lindenwerk.example/Pages/notice",
        "https://sso.lindenwerk.example/",
        "https://auth.lindenwerk.example/",
    ] {
        refused(&[(Linked(page), Violation::PageNotAllowed)]);
    }
    for place in [
        "javascript:alert(1)",
        "//evil.example/",
        "/account",
        "HTTPS://lindenwerk.example",
        "http://lindenwerk.example",
        "mailto:privacy@lindenwerk.example",
        "tel:+4930123456",
        "",
    ] {
        refused(&[(Linked(place), Violation::LinkNotHttps)]);
    }
    refused(&[(Added("<a href=\"https://lindenwerk.example\">lindenwerk</a>"), Violation::LinkDisguised)]);
}

#[test]
fn no_text_names_another_host() {
    let said = [
        ("Write to help@evil.example today.", "evil.example"),
        ("Write to privacy@lindenwerk.example.evil.example now.", "lindenwerk.example.evil.example"),
        ("See evil.xn--p1ai now.", "evil.xn--p1ai"),
        ("See xn--evl-qoa.example now.", "xn--evl-qoa.example"),
        ("See 203.0.113.5/pay now.", "203.0.113.5"),
        ("See evil\u{ff0e}example now.", "evil.example"),
        ("See evil\u{3002}example now.", "evil.example"),
        ("See evil\u{ff61}example now.", "evil.example"),
        ("See \u{ff45}\u{ff56}\u{ff49}\u{ff4c}.example now.", "evil.example"),
        ("See bit.ly/x now.", "bit.ly"),
        ("See us,evil.example, now.", "evil.example"),
        ("See \u{201e}evil.example\u{201c} now.", "evil.example"),
        ("See page:evil.example now.", "evil.example"),
        ("See x=evil.example now.", "evil.example"),
        ("See any/evil.example now.", "evil.example"),
        ("See evil.example@x now.", "evil.example@x"),
        ("Write to help@evil.example:25 today.", "evil.example:25"),
    ];
    for (words, host) in said {
        refused(&[(Said(words), foreign(host))]);
    }
    refused(&[
        (Said("See https://www.lindenwerk.example/pages/notice/evil now."), Violation::PageNotAllowed),
        (Said("See lindenwerk.example/kundenkonto now."), Violation::PageNotAllowed),
        // In the HTML part alone: the text part has the same letters and no dot.
        (Html("</title>", " evil.example</title>"), foreign("evil.example")),
    ]);
    for (folder, regime, sentence) in LETTERS {
        let mut parts = shipped_parts().into_iter().find(|parts| parts.folder == folder).unwrap();
        for (part, words) in [(Part::Html, "evil.example"), (Part::Text, "evil example")] {
            let source = parts.sources.get_mut(&part).unwrap();
            *source = source.replacen(sentence, &format!("{sentence} {words}."), 1);
        }
        let template = Template::from_parts(parts, &WORDS).unwrap();
        let found = judged(&template, regime, &facts());
        assert!(found.contains(&foreign("evil.example")), "{folder}: {found:?}");
    }
}

/// What the facts do not bear out opens no door: a notice page of another host, or no host at all.
#[test]
fn facts_that_lead_astray_are_refused() {
    let library = Library::shipped().unwrap();
    for (_, regime, _) in LETTERS {
        let template = library.select(regime, &["en"]).unwrap();
        let found = |change: fn(&mut NoticeFacts)| {
            let mut facts = facts();
            change(&mut facts);
            judged(template, regime, &facts)
        };
        let page = found(|facts| facts.merchant.notice_page = "https://evil.example/notice".to_owned());
        assert!(page.contains(&foreign("evil.example")), "{page:?}");
        let page = found(|facts| {
            facts.merchant.notice_page = "https://evil.example\\.lindenwerk.example/notice".to_owned();
        });
        assert!(page.contains(&foreign("evil.example\\.lindenwerk.example")), "{page:?}");
        let homeless = found(|facts| facts.merchant.website = String::new());
        assert!(homeless.contains(&foreign("www.lindenwerk.example")), "{homeless:?}");
        let mailbox = found(|facts| facts.merchant.email = "https://evil.example".to_owned());
        assert!(mailbox.contains(&foreign("evil.example")), "{mailbox:?}");
        // A shop may have its mailbox elsewhere.
        let mailbox = found(|facts| facts.merchant.email = "lindenwerk@mail.example".to_owned());
        assert_eq!(mailbox, []);
    }
}

#[test]
fn nothing_turns_the_text_around() {
    refused(&[
        (Said("\u{202e}free.\u{202c}"), Violation::Unseen),
        (Said("\u{2066}free.\u{2069}"), Violation::Unseen),
        (Said("\u{2068}free.\u{2069}"), Violation::Unseen),
        (Said("\u{2068}free."), Violation::Unseen),
        (Said("\u{200b}"), Violation::Unseen),
        (Said("\u{200f}"), Violation::Unseen),
        (Said("fr\u{ad}ee"), Violation::Unseen),
        (Said("\u{7}"), Violation::Unseen),
        (Added("&#x202e;"), Violation::Unseen),
        (Added("<em dir=\"rtl\">x</em>"), attribute("em", "dir")),
        (Added("<em lang=\"zz\">x</em>"), attribute("em", "lang")),
        (Html("<html lang=\"{{ language }}\">", "<html lang=\"zz\">"), attribute("html", "lang")),
        (Html("<html ", "<html dir=\"rtl\" "), attribute("html", "dir")),
        (Html("<bdi>", "<bdi dir=\"rtl\">"), Violation::LooseName),
    ]);
}
