//! Keys, which print nothing of themselves.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rsa::PublicKey;
use rsa::pkcs8::DecodePublicKey;
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use x509_cert::Certificate;
use x509_cert::der::pem::{PemLabel, decode_vec};
use x509_cert::der::{Decode, Encode};

/// A key that cannot be used: a fault of the configuration, found when it is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// With an empty key anyone can sign.
    #[error("the key is empty")]
    Empty,
    #[error("the key is not written in the form that this source uses")]
    Form,
}

/// A shared key for HMAC-SHA256.
#[derive(Clone)]
pub struct HmacKey(Hmac<Sha256>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    keys: Vec<String>,
}

impl HmacKey {
    /// The keys of a secret of ours, `{"keys": [...]}`, newest first, each read by `read`. Never none.
    pub fn list(secret: &str, read: fn(&str) -> Result<Self, KeyError>) -> Result<Vec<Self>, KeyError> {
        let Keys { keys } = serde_json::from_str(secret).map_err(|_| KeyError::Form)?;
        if keys.is_empty() {
            return Err(KeyError::Empty);
        }
        keys.iter().map(|text| read(text)).collect()
    }

    /// The key's own bytes, as Shopify and Stripe use it. Spaces count.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(text.as_bytes())
    }

    /// Hexadecimal digits, as Adyen shows it.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&hex::decode(text).map_err(|_| KeyError::Form)?)
    }

    /// `whsec_` and base64, as Standard Webhooks has it.
    pub fn from_standard(text: &str) -> Result<Self, KeyError> {
        let encoded = text.strip_prefix("whsec_").unwrap_or(text);
        Self::from_bytes(&STANDARD.decode(encoded).map_err(|_| KeyError::Form)?)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.is_empty() {
            return Err(KeyError::Empty);
        }
        Hmac::new_from_slice(bytes).map(Self).map_err(|_| KeyError::Form)
    }

    /// Whether `signature` is the HMAC over the parts. Constant time in the signature.
    pub(crate) fn signs(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.mac(parts).ct_eq(signature).into()
    }

    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(..)")
    }
}

/// A public key for RSA with PKCS #1 v1.5 padding and SHA-256.
#[derive(Debug, Clone)]
pub struct RsaKey(PublicKey);

impl RsaKey {
    /// `-----BEGIN PUBLIC KEY-----`
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        PublicKey::from_public_key_pem(pem).map(Self).map_err(|_| KeyError::Form)
    }

    /// The key of an X.509 certificate. Who loads it has checked its chain and its dates.
    pub fn from_certificate_pem(pem: &str) -> Result<Self, KeyError> {
        // Decoded before it is read: a reader that does both at once did not come back from some that were cut off.
        let (label, bytes) = decode_vec(pem.as_bytes()).map_err(|_| KeyError::Form)?;
        if label != Certificate::PEM_LABEL {
            return Err(KeyError::Form);
        }
        let certificate = Certificate::from_der(&bytes).map_err(|_| KeyError::Form)?;
        let key =
            certificate.tbs_certificate().subject_public_key_info().to_der().map_err(|_| KeyError::Form)?;
        PublicKey::from_public_key_der(&key).map(Self).map_err(|_| KeyError::Form)
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.pkcs1v15_verify::<Sha256>(message, signature).is_ok()
    }
}

pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Standard base64 with padding, and no stray bits: one signature has one spelling.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
