//! A filing as a mail, for an authority that takes it so.

use std::fmt;
use std::str::FromStr;

use email_address::EmailAddress;
use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;
use serde::{Deserialize, Serialize};

use crate::export::{state_of, to_json, to_text};
use crate::filing::Filing;
use crate::form::Form;
use crate::readable::one_line;

/// The longest number of an authority that a subject names, in signs.
const LONGEST_NUMBER: usize = 60;

/// An address as it may stand in the head of a mail: plain ASCII, one mailbox, and no name beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailAddress(String);

/// Why a word is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address is one mailbox in plain letters, such as privacy@shop.example")]
pub struct NoAddress;

/// From whom, to whom, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub from: MailAddress,
    pub to: MailAddress,
    pub at: Timestamp,
}

/// Why there is no mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    #[error("the filing is not approved: nothing goes to an authority before")]
    NotApproved,
    #[error("the authority takes it in its portal, and no address for mail is known: {0}")]
    Portal(String),
    #[error(
        "it is not known how this authority takes it: look up its portal, or name its address for mail yourself"
    )]
    Unknown,
}

impl MailAddress {
    fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for MailAddress {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let is_plain = text.chars().all(|sign| sign.is_ascii_graphic() && !"\"<>()[],:;\\".contains(sign));
        if is_plain && EmailAddress::is_valid(text) { Ok(Self(text.to_owned())) } else { Err(NoAddress) }
    }
}

impl TryFrom<String> for MailAddress {
    type Error = NoAddress;

    fn try_from(text: String) -> Result<Self, NoAddress> {
        text.parse()
    }
}

impl From<MailAddress> for String {
    fn from(address: MailAddress) -> Self {
        address.0
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Where the authority of a place takes a filing by this form as a mail.
///
/// # Errors
/// The portal, where it has one and no address; that neither is known.
pub fn mailbox(form: &Form, place: &str) -> Result<MailAddress, MailError> {
    let authority = form.authorities.get(place);
    if let Some(address) = authority.and_then(|authority| authority.email.clone()) {
        return Ok(address);
    }
    let portal = authority.and_then(|authority| authority.portal.as_ref()).or(form.portal.as_ref());
    Err(portal.map_or(MailError::Unknown, |portal| MailError::Portal(portal.clone())))
}

/// The filing as a mail of RFC 5322, to be opened as a draft and sent by a person: its text, and attached to it the structured
/// data and, where there is one, the page as a PDF.
///
/// One filing is one message wherever it is exported: its id comes of its hash. So do the lines that part it, and no answer
/// can hold a hash that is over it.
///
/// # Errors
/// Where nobody approved the filing.
pub fn to_mail(
    form: &Form,
    filing: &Filing,
    envelope: &Envelope,
    pdf: Option<Vec<u8>>,
) -> Result<Vec<u8>, MailError> {
    if filing.approved.is_none() {
        return Err(MailError::NotApproved);
    }
    let Envelope { from, to, at } = envelope;
    let file = |ending: &str| format!("filing-{}-{}.{ending}", filing.incident, filing.number);
    let data = format!("{:#}\n", to_json(form, filing)).into_bytes();
    let mut parts = vec![
        MimePart::new("text/plain", to_text(form, filing)),
        MimePart::new("application/json", data).attachment(file("json")),
    ];
    parts.extend(pdf.map(|pdf| MimePart::new("application/pdf", pdf).attachment(file("pdf"))));
    let parted = ContentType::new("multipart/mixed").attribute("boundary", &filing.hash);
    let mut mail = Vec::new();
    MessageBuilder::new()
        .from(from.0.as_str())
        .to(to.0.as_str())
        .subject(subject(form, filing))
        .date(at.as_second())
        .message_id(format!("{}.{}@{}", filing.hash, filing.number, from.domain()))
        // What programs for mail open as a draft.
        .header("X-Unsent", Raw::new("1"))
        .body(MimePart::new(parted, parts))
        .serialize(&mut mail);
    Ok(mail)
}

/// Our reference, what it is, and the number by which the authority knows the matter.
fn subject(form: &Form, filing: &Filing) -> String {
    let number = filing.follows.as_deref().map(|number| one_line(number, LONGEST_NUMBER));
    let yours = number.map(|number| format!("; your number {number}")).unwrap_or_default();
    format!(
        "{}: {}; our reference {} / {}{yours}",
        one_line(&form.law, usize::MAX),
        state_of(filing),
        filing.incident,
        filing.number
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_mailbox() {
        for good in ["dsb@dsb.gv.at", "a.b+c@shop.example"] {
            assert_eq!(good.parse().map(|MailAddress(address)| address).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "shop.example",
            "a@b.example, c@d.example",
            "A <a@b.example>",
            "a@b.example\r\nBcc: c@d.example",
            "a@b.example\n",
            "\"a b\"@c.example",
            "a@[127.0.0.1]",
            "\u{e4}@b.example",
            "a@b.example;c@d.example",
        ] {
            assert_eq!(bad.parse::<MailAddress>(), Err(NoAddress), "{bad:?}");
        }
    }
}
