//! Webhooks: verified over the raw bytes, and only then read.
//!
//! [`verify`] alone makes a [`Verified`], and only a `Verified` can be read: no code path parses the body of an
//! unverified request (Adyen's payment notifications, which sign fields and not bytes, are the one exception,
//! and give out nothing but the signed fields).
//!
//! A header that the signature does not cover decides nothing that the body can decide, and where both speak,
//! they must agree.

mod adobe_io;
mod adyen;
mod headers;
mod keys;
mod paypal;
mod shopify;
mod standard;
mod stripe;

pub use adobe_io::{BadChallenge, challenge, key_url as adobe_key_url};
pub use headers::Headers;
pub(crate) use keys::from_base64;
pub use keys::{HmacKey, KeyError, RsaKey};
pub use paypal::certificate_url as paypal_certificate_url;
pub use standard::sign as sign_standard;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tocsin_domain::signal::Signal;

use crate::draft::BadId;
use crate::envelope::MAX_BODY;
use crate::json::JsonError;
use crate::shopify::{Compliance, DeliveryError};
use crate::signal::Rejection;

/// One HTTPS request as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    pub headers: &'a Headers,
    /// The raw bytes, after a gateway's base64 is taken off and before anything else.
    pub body: &'a [u8],
}

/// Who sends, and what proves it. Several keys are in force while one is rotated: newest first, any may match.
#[derive(Debug, Clone)]
pub enum Secrets {
    Shopify {
        keys: Vec<HmacKey>,
    },
    Stripe {
        keys: Vec<HmacKey>,
        tolerance: Tolerance,
    },
    Adyen {
        keys: Vec<HmacKey>,
    },
    /// `keys` stand in the order of the signature headers 1 and 2. `client_id` is ours.
    AdobeIo {
        keys: Vec<RsaKey>,
        client_id: String,
    },
    PayPal {
        certificate: RsaKey,
        webhook_id: String,
        tolerance: Tolerance,
    },
    /// <https://www.standardwebhooks.com>, for sources of the merchant's own.
    Standard {
        keys: Vec<HmacKey>,
        tolerance: Tolerance,
    },
}

/// How far the signed time may lie from now, in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tolerance {
    Within(SignedDuration),
    /// A replay is then found by the event's id alone.
    Unchecked,
}

impl Tolerance {
    /// What Stripe's libraries and Standard Webhooks use: five minutes.
    pub const USUAL: Self = Self::Within(SignedDuration::from_mins(5));

    pub(crate) fn allows(self, signed: Timestamp, now: Timestamp) -> bool {
        match self {
            Self::Within(limit) => now.duration_since(signed).abs() <= limit,
            Self::Unchecked => true,
        }
    }
}

/// The signature's outcome.
#[derive(Debug)]
pub enum Verdict<'a> {
    Authentic(Verified<'a>),
    /// The signature is good, but we do not read such requests.
    Unacceptable(Unacceptable),
    Refused(Refusal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    #[error("the method is not POST")]
    Method,
    #[error("the content type is not JSON")]
    ContentType,
}

/// Why a request proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the body is larger than {MAX_BODY} bytes")]
    TooLarge,
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    #[error("the signature is not written as the vendor writes it")]
    Encoding,
    #[error("no key makes this signature")]
    Mismatch,
    #[error("the signed time is too far from now")]
    Time,
    #[error("the request is for another recipient")]
    Recipient,
    #[error("the body holds nothing that is signed")]
    Unsigned,
    #[error("the key would have to be fetched from a host that is not the vendor's")]
    KeyHost,
}

/// A request whose signature was good. Only [`verify`] makes one.
#[derive(Debug)]
pub struct Verified<'a> {
    vendor: Vendor,
    request: Request<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vendor {
    Shopify,
    Stripe,
    Adyen,
    AdobeIo,
    PayPal,
    Standard,
}

/// What an authentic request says.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    Signal(Box<Signal>),
    /// Shopify's privacy requests: a duty of their own, with a person in it.
    Compliance(Compliance),
    /// Commerce as usual, or a vendor's test: counted, and not kept.
    Ordinary {
        topic: String,
    },
}

/// Why an authentic request cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("{0}")]
    Json(#[from] JsonError),
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    #[error("the body has no {0}")]
    MissingField(&'static str),
    #[error("{0}")]
    Id(#[from] BadId),
    #[error("{0}")]
    Shopify(#[from] DeliveryError),
    #[error("{0}")]
    Generic(#[from] Rejection),
}

/// What to answer, and what came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// 202, or 400, 401, 405, 413, 415. Shopify demands 401 for a bad signature on compliance webhooks.
    pub status: u16,
    /// Whether the signature, and what it binds, is good.
    pub authentic: bool,
    pub reason: String,
    pub received: Vec<Received>,
}

/// Checks the signature over the raw bytes, then method and content type. Does not read the body.
pub fn verify<'a>(request: Request<'a>, secrets: &Secrets, now: Timestamp) -> Verdict<'a> {
    if request.body.len() > MAX_BODY {
        return Verdict::Refused(Refusal::TooLarge);
    }
    let checked = match secrets {
        Secrets::Shopify { keys } => shopify::check(&request, keys).map(|()| Vendor::Shopify),
        Secrets::Stripe { keys, tolerance } => {
            stripe::check(&request, keys, *tolerance, now).map(|()| Vendor::Stripe)
        }
        Secrets::Adyen { keys } => adyen::check(&request, keys).map(|()| Vendor::Adyen),
        Secrets::AdobeIo { keys, client_id } => {
            adobe_io::check(&request, keys, client_id).map(|()| Vendor::AdobeIo)
        }
        Secrets::PayPal { certificate, webhook_id, tolerance } => {
            paypal::check(&request, certificate, webhook_id, *tolerance, now).map(|()| Vendor::PayPal)
        }
        Secrets::Standard { keys, tolerance } => {
            standard::check(&request, keys, *tolerance, now).map(|()| Vendor::Standard)
        }
    };
    match (checked, acceptable(&request)) {
        (Err(refusal), _) => Verdict::Refused(refusal),
        (Ok(_), Err(unacceptable)) => Verdict::Unacceptable(unacceptable),
        (Ok(vendor), Ok(())) => Verdict::Authentic(Verified { vendor, request }),
    }
}

/// [`verify`], [`Verified::read`], and the status that tells the sender how it went.
pub fn receive(request: Request<'_>, secrets: &Secrets, now: Timestamp) -> Answer {
    let answer =
        |status, authentic, reason: String| Answer { status, authentic, reason, received: Vec::new() };
    match verify(request, secrets, now) {
        Verdict::Refused(Refusal::TooLarge) => answer(413, false, Refusal::TooLarge.to_string()),
        Verdict::Refused(refusal) => answer(401, false, refusal.to_string()),
        Verdict::Unacceptable(Unacceptable::Method) => answer(405, true, Unacceptable::Method.to_string()),
        Verdict::Unacceptable(Unacceptable::ContentType) => {
            answer(415, true, Unacceptable::ContentType.to_string())
        }
        Verdict::Authentic(verified) => match verified.read() {
            Ok(received) => Answer { received, ..answer(202, true, "accepted".to_owned()) },
            Err(malformed) => answer(400, true, malformed.to_string()),
        },
    }
}

impl Verified<'_> {
    /// Adyen may send several things in one request; every other vendor sends one.
    pub fn read(&self) -> Result<Vec<Received>, Malformed> {
        match self.vendor {
            Vendor::Shopify => shopify::read(self).map(|received| vec![received]),
            Vendor::Stripe => stripe::read(self).map(|received| vec![received]),
            Vendor::Adyen => adyen::read(self),
            Vendor::AdobeIo => adobe_io::read(self).map(|received| vec![received]),
            Vendor::PayPal => paypal::read(self).map(|received| vec![received]),
            Vendor::Standard => standard::read(self),
        }
    }

    fn json(&self) -> Result<Value, Malformed> {
        Ok(crate::json::parse(self.request.body)?)
    }
}

/// JSON by its media type, with any parameters and any `+json` suffix (RFC 6838, section 4.2.8). One value only.
fn acceptable(request: &Request<'_>) -> Result<(), Unacceptable> {
    if !request.method.eq_ignore_ascii_case("POST") {
        return Err(Unacceptable::Method);
    }
    let content_type = request.headers.get("content-type").unwrap_or_default().to_ascii_lowercase();
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let subtype = media.strip_prefix("application/").unwrap_or_default();
    let is_token =
        subtype.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_'));
    if is_token && (subtype == "json" || subtype.ends_with("+json")) {
        return Ok(());
    }
    Err(Unacceptable::ContentType)
}
