//! Opened with the private keys, as the recipients do it.

mod keys;
mod openpgp;
mod smime;

use mail_parser::{HeaderValue, Message, MessageParser, MimeHeaders};
use proptest::prelude::*;

use super::*;

fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-23T09:00:00Z")
}

fn sealed(to: &Recipient, [subject, text, html]: [&str; 3], entropy: u8) -> Vec<u8> {
    let letter = Letter {
        from: "Zwölf & Söhne <notice@shop.example>",
        to: &"filings@authority.example".parse().unwrap(),
        subject,
        text,
        html,
        reference: "EXAMPLE-23456789AB",
        date: now(),
        id: "c-1-2-3.0.1",
    };
    to.seal(&letter, [entropy; 32]).unwrap()
}

const WORDS: [&str; 3] = [
    "Notification of a personal data breach – Größe",
    "Dear Madam or Sir,\n\nsomebody copied a file.\n.\nFrom here on: ünïcödé 漢字\n",
    "<!DOCTYPE html><html lang=\"en\"><p>Somebody <b>copied</b> a file = 漢字.</p></html>",
];

/// Every line of a mail ends as a mail's lines do.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn says(payload: &[u8], [subject, text, html]: [&str; 3]) {
    let message = MessageParser::new().parse(payload).unwrap();
    assert_eq!(message.subject().unwrap_or_default(), subject);
    assert_eq!(lines(&message.body_text(0).unwrap_or_default()).trim_end(), lines(text).trim_end());
    assert_eq!(lines(&message.body_html(0).unwrap_or_default()).trim_end(), lines(html).trim_end());
}

/// The header fields of a mail and of what is encrypted in it: the true subject is inside alone (RFC 9788).
fn is_protected(mail: &Message<'_>, payload: &[u8]) {
    let inside = MessageParser::new().parse(payload).unwrap();
    assert_eq!(mail.subject(), Some("Encrypted notice EXAMPLE-23456789AB"));
    assert_eq!(mail.date().map(mail_parser::DateTime::to_timestamp), Some(now().as_second()));
    for message in [mail, &inside] {
        let from = message.from().and_then(|from| from.first()).unwrap();
        assert_eq!(from.name(), Some("Zwölf & Söhne"));
        assert_eq!(from.address(), Some("notice@shop.example"));
        let to = message.to().and_then(|to| to.first()).unwrap();
        assert_eq!(to.address(), Some("filings@authority.example"));
        assert_eq!(message.message_id(), Some("c-1-2-3.0.1@shop.example"));
    }
    let kind = inside.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.attribute("hp")), ("multipart", Some("cipher")));
    let outside: Vec<String> = inside
        .header_values("HP-Outer")
        .filter_map(|value| if let HeaderValue::Text(text) = value { Some(text.to_string()) } else { None })
        .collect();
    assert!(outside.contains(&"Subject: Encrypted notice EXAMPLE-23456789AB".to_owned()), "{outside:?}");
    assert_eq!(outside.len(), 5, "{outside:?}");
}

/// It is text as mail servers carry it, and holds nothing of the words in clear.
fn is_closed(mail: &[u8], words: [&str; 3]) {
    let text = std::str::from_utf8(mail).unwrap();
    assert!(text.is_ascii());
    assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\n', '\r'])));
    for word in words.iter().flat_map(|words| words.split_whitespace()).filter(|word| word.len() > 4) {
        assert!(!text.contains(word), "{word}");
    }
}

/// Anything that a letter may hold. A subject is one line, and its words are parted by single spaces.
fn words() -> impl Strategy<Value = (String, String, String)> {
    (
        "[^\\p{C}\\p{Z}]{1,20}( [^\\p{C}\\p{Z}]{1,40}){0,8}",
        "\\PC{0,300}(\\r?\\n\\PC{0,200}){0,5}",
        "<p>\\PC{0,300}</p>",
    )
}
