//! Mail that its recipient alone can read: a letter and a recipient's key to the bytes of a mail (RFC 5322).
//!
//! Pure: the instant, the message's id and the randomness come in. The envelope is fresh for each attempt, and what is in it is
//! the letter that was approved.

mod mime;
mod openpgp;
mod smime;

use jiff::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use tocsin_domain::person::EmailAddress;
use tocsin_domain::tenant::SealKind;

use crate::mime::Envelope;

/// The longest text of a key, in bytes. A certificate with many signatures of others is longer than it needs to be.
pub const MOST_BYTES: usize = 64 * 1024;

/// Of RSA, what is shorter is no longer thought to keep a secret (NIST SP 800-131A).
const FEWEST_RSA_BITS: usize = 2048;

/// A letter on its way to one recipient.
#[derive(Clone, Copy)]
pub struct Letter<'a> {
    /// `Name <address>` or an address.
    pub from: &'a str,
    pub to: &'a EmailAddress,
    pub subject: &'a str,
    pub text: &'a str,
    pub html: &'a str,
    /// Stands outside, so that a mail that nobody can open can still be asked about.
    pub reference: &'a str,
    pub date: Timestamp,
    /// What stands before the @ of the message's id: letters, digits, `-`, `_`, `.`.
    pub id: &'a str,
}

/// What is wrong with a key, for the administrator who has to put another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the key is longer than {MOST_BYTES} bytes: export it without the signatures of others")]
    TooLong,
    #[error(
        "this is a private key: it has to stay with its owner, who has to replace it; put the public key"
    )]
    Private,
    #[error("{0}")]
    Unreadable(&'static str),
    #[error("the text holds more than one key: put the one that mail is to be encrypted to")]
    Several,
    #[error("its owner has revoked the key: ask them for the one that stands in for it")]
    Revoked,
    #[error("the key expired on {0}: ask its owner for a new one")]
    Expired(jiff::civil::Date),
    #[error("the key is valid from {0} on and not before")]
    NotYet(jiff::civil::Date),
    #[error("the key is not for encryption: ask its owner for one that is")]
    NotForEncryption,
    #[error("an RSA key of {0} bits is too weak: {FEWEST_RSA_BITS} are the least")]
    Weak(usize),
    #[error("{0}")]
    Unsupported(&'static str),
}

/// The library could not encrypt to a key that was found usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the mail could not be encrypted")]
pub struct SealError;

/// A key that mail can be encrypted to.
#[derive(Debug, Clone)]
pub struct Recipient(Key);

#[derive(Debug, Clone)]
enum Key {
    OpenPgp(Box<openpgp::Recipient>),
    Smime(Box<smime::Recipient>),
}

impl Recipient {
    /// Reads a key as its owner publishes it: an armored OpenPGP certificate, or an X.509 certificate in PEM.
    ///
    /// # Errors
    /// Where the key cannot be used at that instant.
    pub fn parse(kind: SealKind, text: &str, now: Timestamp) -> Result<Self, KeyError> {
        if text.len() > MOST_BYTES {
            return Err(KeyError::TooLong);
        }
        if text.contains("PRIVATE KEY") {
            return Err(KeyError::Private);
        }
        if text.matches("-----BEGIN ").count() > 1 {
            return Err(KeyError::Several);
        }
        Ok(Self(match kind {
            SealKind::OpenPgp => Key::OpenPgp(Box::new(openpgp::Recipient::parse(text, now)?)),
            SealKind::Smime => Key::Smime(Box::new(smime::Recipient::parse(text, now)?)),
        }))
    }

    /// The bytes of the mail. Nothing of the letter's subject, text or HTML stands in them in clear.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn seal(&self, letter: &Letter<'_>, entropy: [u8; 32]) -> Result<Vec<u8>, SealError> {
        let mut rng = ChaCha20Rng::from_seed(entropy);
        let envelope = Envelope::of(letter, &mut rng);
        let payload = envelope.payload(letter);
        Ok(match &self.0 {
            Key::OpenPgp(key) => envelope.openpgp(&key.encrypt(payload, &mut rng)?),
            Key::Smime(key) => envelope.smime(key.encrypt(&payload, &mut rng)?),
        })
    }
}

fn date_of(at: Timestamp) -> jiff::civil::Date {
    at.to_zoned_datetime(jiff::tz::TimeZone::UTC).date()
}

#[cfg(test)]
mod tests;
