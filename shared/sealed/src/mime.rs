//! The mail around what is encrypted, and the part that is encrypted, whose own header fields are the true ones (RFC 9788).

use mail_builder::headers::Header;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::RngCore;

use crate::Letter;

/// What everybody on the way can read.
pub struct Envelope {
    from: String,
    to: String,
    date: String,
    id: String,
    subject: String,
    boundaries: [String; 2],
}

impl Envelope {
    pub fn of(letter: &Letter<'_>, rng: &mut ChaCha20Rng) -> Self {
        let (name, address) = sender(letter.from);
        let host = address.rsplit_once('@').map_or(address, |(_, host)| host);
        Self {
            from: value("From", Address::new_address(name, address)),
            to: value("To", Address::new_address(None::<&str>, letter.to.personal().expose().as_str())),
            date: value("Date", Date::new(letter.date.as_second())),
            id: value("Message-ID", MessageId::new(format!("{}@{host}", letter.id))),
            subject: value("Subject", Text::new(format!("Encrypted notice {}", letter.reference))),
            boundaries: [boundary(rng), boundary(rng)],
        }
    }

    fn fields(&self) -> [(&'static str, &str); 5] {
        [
            ("From", &self.from),
            ("To", &self.to),
            ("Date", &self.date),
            ("Message-ID", &self.id),
            ("Subject", &self.subject),
        ]
    }

    /// What is encrypted: both forms of the letter under its own subject, and which fields stand outside as what.
    pub fn payload(&self, letter: &Letter<'_>) -> Vec<u8> {
        let [_, boundary] = &self.boundaries;
        let kind = ContentType::new("multipart/alternative").attribute("boundary", boundary.as_str());
        let form = |kind: &'static str, text: &str| MimePart::new(kind, with_crlf(text));
        let forms = vec![form("text/plain", letter.text), form("text/html", letter.html)];
        let mut part = MimePart::new(kind.attribute("hp", "cipher"), forms);
        for (name, value) in self.fields() {
            part = part.header("HP-Outer", Raw::new(format!("{name}: {value}")));
            part = match name {
                "Subject" => part.header(name, Text::new(letter.subject)),
                _ => part.header(name, Raw::new(value)),
            };
        }
        let mut bytes = Vec::new();
        part.write_part(&mut bytes);
        bytes
    }

    /// PGP/MIME (RFC 3156).
    pub fn openpgp(&self, armored: &str) -> Vec<u8> {
        let [boundary, _] = &self.boundaries;
        let kind = ContentType::new("multipart/encrypted").attribute("boundary", boundary.as_str());
        let kind = kind.attribute("protocol", "application/pgp-encrypted");
        let plain = |kind: ContentType<'static>, text: String| {
            MimePart::new(kind, BodyPart::Binary(text.into_bytes().into())).transfer_encoding("7bit")
        };
        let message = ContentType::new("application/octet-stream").attribute("name", "encrypted.asc");
        let parts = vec![
            plain(ContentType::new("application/pgp-encrypted"), "Version: 1\r\n".to_owned()),
            plain(message, with_crlf(armored)),
        ];
        self.mail(MimePart::new(kind, parts))
    }

    /// `application/pkcs7-mime` (RFC 8551).
    pub fn smime(&self, enveloped: Vec<u8>) -> Vec<u8> {
        let kind = ContentType::new("application/pkcs7-mime").attribute("smime-type", "enveloped-data");
        self.mail(MimePart::new(kind.attribute("name", "smime.p7m"), enveloped).attachment("smime.p7m"))
    }

    fn mail(&self, body: MimePart<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, value) in self.fields().into_iter().chain([("MIME-Version", "1.0")]) {
            bytes.extend_from_slice(format!("{name}: ").as_bytes());
            Raw::new(value).write_header(&mut bytes, name.len() + 2);
        }
        body.write_part(&mut bytes);
        bytes
    }
}

/// The name and the address of `Name <address>`.
fn sender(from: &str) -> (Option<&str>, &str) {
    match from.rsplit_once('<').and_then(|(name, rest)| Some((name, rest.strip_suffix('>')?))) {
        Some((name, address)) => {
            (Some(name.trim().trim_matches('"')).filter(|name| !name.is_empty()), address)
        }
        None => (None, from),
    }
}

/// A field's value as it is written, on one line.
fn value<'a>(name: &str, header: impl Into<HeaderType<'a>>) -> String {
    let mut bytes = Vec::new();
    header.into().write_header(&mut bytes, name.len() + 2);
    String::from_utf8_lossy(&bytes).replace("\r\n", "").trim().to_owned()
}

/// With the ends of lines that mail has, whatever encodes them.
fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// What no letter holds.
fn boundary(rng: &mut ChaCha20Rng) -> String {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    format!("={}", hex::encode(bytes))
}
