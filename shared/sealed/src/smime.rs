//! S/MIME: X.509 certificates (RFC 5280) and enveloped data (RFC 8551, RFC 5652), to RSA keys.
//!
//! AES-256-CBC and RSA PKCS #1 v1.5, which every S/MIME reader knows: what a published certificate's reader knows beyond that,
//! nobody can tell from the certificate. The mail comes once, from us, and nobody answers to what an opened one says.

use aes_sealed::Aes256;
use aes_sealed::cipher::block_padding::Pkcs7;
use aes_sealed::cipher::{BlockEncryptMut, KeyIvInit};
use cms::cert::IssuerAndSerialNumber;

use cms::cert::x509::der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use cms::cert::x509::der::pem::{PemLabel, decode_vec};
use cms::cert::x509::der::{AnyRef, Decode, Encode, Tag};
use cms::cert::x509::ext::pkix::{ExtendedKeyUsage, KeyUsage};
use cms::cert::x509::spki::AlgorithmIdentifierOwned;
use cms::cert::x509::{Certificate, TbsCertificate};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{
    EncryptedContentInfo, EnvelopedData, KeyTransRecipientInfo, RecipientIdentifier, RecipientInfo,
    RecipientInfos,
};
use jiff::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::RngCore;
use rsa_sealed::pkcs8::DecodePublicKey;
use rsa_sealed::traits::PublicKeyParts;
use rsa_sealed::{Pkcs1v15Encrypt, RsaPublicKey};

use crate::{FEWEST_RSA_BITS, KeyError, SealError, date_of};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

const UNREADABLE: KeyError =
    KeyError::Unreadable("this is not an X.509 certificate in PEM: -----BEGIN CERTIFICATE-----");

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENVELOPED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

#[derive(Debug, Clone)]
pub struct Recipient {
    /// By which the reader finds the private key.
    id: IssuerAndSerialNumber,
    key: RsaPublicKey,
}

impl Recipient {
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, KeyError> {
        let certificate = certificate(text)?;
        valid(&certificate, now)?;
        if certificate.subject_public_key_info.algorithm.oid != RSA_ENCRYPTION {
            return Err(KeyError::Unsupported(
                "the certificate's key is not RSA, and mail can be encrypted to RSA alone: ask its owner for such a one, or \
                 for an OpenPGP key",
            ));
        }
        for_mail(&certificate)?;
        Ok(Self {
            key: rsa(&certificate.subject_public_key_info.to_der().map_err(|_| UNREADABLE)?)?,
            id: IssuerAndSerialNumber {
                issuer: certificate.issuer,
                serial_number: certificate.serial_number,
            },
        })
    }

    /// DER of a `ContentInfo`.
    pub fn encrypt(&self, payload: &[u8], rng: &mut ChaCha20Rng) -> Result<Vec<u8>, SealError> {
        let (mut key, mut iv) = ([0; 32], [0; 16]);
        rng.fill_bytes(&mut key);
        rng.fill_bytes(&mut iv);
        let cipher = cbc_sealed::Encryptor::<Aes256>::new(&key.into(), &iv.into());
        let encrypted = cipher.encrypt_padded_vec_mut::<Pkcs7>(payload);
        let wrapped = self.key.encrypt(rng, Pkcs1v15Encrypt, &key).map_err(|_| SealError)?;
        self.enveloped(encrypted, &iv, wrapped).map_err(|_| SealError)
    }

    fn enveloped(
        &self,
        encrypted: Vec<u8>,
        iv: &[u8],
        wrapped: Vec<u8>,
    ) -> cms::cert::x509::der::Result<Vec<u8>> {
        let recipient = KeyTransRecipientInfo {
            version: CmsVersion::V0,
            rid: RecipientIdentifier::IssuerAndSerialNumber(self.id.clone()),
            key_enc_alg: AlgorithmIdentifierOwned {
                oid: RSA_ENCRYPTION,
                parameters: Some(AnyRef::NULL.into()),
            },
            enc_key: OctetString::new(wrapped)?,
        };
        let content_enc_alg =
            AlgorithmIdentifierOwned { oid: AES_256_CBC, parameters: Some(Any::new(Tag::OctetString, iv)?) };
        let enveloped = EnvelopedData {
            version: CmsVersion::V0,
            originator_info: None,
            recip_infos: RecipientInfos(SetOfVec::try_from(vec![RecipientInfo::Ktri(recipient)])?),
            encrypted_content: EncryptedContentInfo {
                content_type: DATA,
                content_enc_alg,
                encrypted_content: Some(OctetString::new(encrypted)?),
            },
            unprotected_attrs: None,
        };
        let content = Any::from_der(&enveloped.to_der()?)?;
        ContentInfo { content_type: ENVELOPED_DATA, content }.to_der()
    }
}

fn certificate(text: &str) -> Result<TbsCertificate, KeyError> {
    // Tools write in words before it what stands in it.
    let pem = text.find(BEGIN).and_then(|at| text.get(at..)).ok_or(UNREADABLE)?;
    // Not by `Certificate::from_pem`, which reads as it decodes and does not come back from some that are cut off.
    let (label, bytes) = decode_vec(pem.as_bytes()).map_err(|_| UNREADABLE)?;
    if label != Certificate::PEM_LABEL {
        return Err(UNREADABLE);
    }
    Ok(Certificate::from_der(&bytes).map_err(|_| UNREADABLE)?.tbs_certificate)
}

fn valid(certificate: &TbsCertificate, now: Timestamp) -> Result<(), KeyError> {
    let validity = &certificate.validity;
    let at = |time: cms::cert::x509::time::Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| UNREADABLE)?;
        Timestamp::from_second(seconds).map_err(|_| UNREADABLE)
    };
    let (from, until) = (at(validity.not_before)?, at(validity.not_after)?);
    if now < from {
        return Err(KeyError::NotYet(date_of(from)));
    }
    if until < now {
        return Err(KeyError::Expired(date_of(until)));
    }
    Ok(())
}

/// What a certificate is for, it says; where it says nothing, it is for everything.
fn for_mail(certificate: &TbsCertificate) -> Result<(), KeyError> {
    let usage = certificate.get::<KeyUsage>().map_err(|_| UNREADABLE)?;
    let purposes = certificate.get::<ExtendedKeyUsage>().map_err(|_| UNREADABLE)?;
    let encrypts = usage.is_none_or(|(_, usage)| usage.key_encipherment());
    let mails = |purposes: &ExtendedKeyUsage| {
        purposes.0.iter().any(|purpose| [EMAIL_PROTECTION, ANY_PURPOSE].contains(purpose))
    };
    if !encrypts || !purposes.is_none_or(|(_, purposes)| mails(&purposes)) {
        return Err(KeyError::NotForEncryption);
    }
    Ok(())
}

fn rsa(key: &[u8]) -> Result<RsaPublicKey, KeyError> {
    let key = RsaPublicKey::from_public_key_der(key).map_err(|_| {
        KeyError::Unsupported(
            "the certificate's RSA key cannot be used: it is malformed, or of more than 4096 bits",
        )
    })?;
    match key.n().bits() {
        bits if bits < FEWEST_RSA_BITS => Err(KeyError::Weak(bits)),
        _ => Ok(key),
    }
}
