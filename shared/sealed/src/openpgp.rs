//! OpenPGP certificates (RFC 9580), read as strictly as somebody would who has to answer for the mail: of what its owner says in
//! several places, the strictest counts.

use jiff::Timestamp;
use pgp::composed::{ArmorOptions, MessageBuilder, PublicOrSecret, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::aead::{AeadAlgorithm, ChunkSize};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::types::{EncryptionKey, KeyDetails, KeyVersion, PublicParams, Tag};
use rand_chacha::ChaCha20Rng;
use rsa_sealed::traits::PublicKeyParts;

use crate::{FEWEST_RSA_BITS, KeyError, SealError, date_of};

const UNREADABLE: KeyError = KeyError::Unreadable(
    "this is not an OpenPGP key as it is published: -----BEGIN PGP PUBLIC KEY BLOCK-----",
);

#[derive(Debug, Clone)]
pub struct Recipient {
    key: EncryptTo,
    form: Form,
}

#[derive(Debug, Clone)]
enum EncryptTo {
    /// A key of the old kind, which signs and encrypts.
    Primary(SignedPublicKey),
    Subkey(SignedPublicSubKey),
}

/// How the owner's software wants what is encrypted.
#[derive(Debug, Clone, Copy)]
enum Form {
    V1(SymmetricKeyAlgorithm),
    V2(SymmetricKeyAlgorithm, AeadAlgorithm),
}

impl Recipient {
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, KeyError> {
        let cert = certificate(text)?;
        if !cert.details.revocation_signatures.is_empty() {
            return Err(KeyError::Revoked);
        }
        strong(cert.primary_key.public_params())?;
        let said = Said::by(&cert);
        if said.about_itself().next().is_none() {
            return Err(UNREADABLE);
        }
        said.about_itself().try_for_each(|signature| unexpired(&cert, signature, now))?;
        Ok(Self { key: encrypt_to(&cert, &said, now)?, form: said.form(cert.primary_key.version()) })
    }

    pub fn encrypt(&self, payload: Vec<u8>, rng: &mut ChaCha20Rng) -> Result<String, SealError> {
        match &self.key {
            EncryptTo::Primary(key) => encrypt(key, self.form, payload, rng),
            EncryptTo::Subkey(key) => encrypt(key, self.form, payload, rng),
        }
        .map_err(|_| SealError)
    }
}

fn encrypt(
    to: &impl EncryptionKey,
    form: Form,
    payload: Vec<u8>,
    rng: &mut ChaCha20Rng,
) -> pgp::errors::Result<String> {
    let message = MessageBuilder::from_bytes("", payload);
    match form {
        Form::V1(cipher) => {
            let mut message = message.seipd_v1(&mut *rng, cipher);
            message.encrypt_to_key(&mut *rng, to)?;
            message.to_armored_string(rng, ArmorOptions::default())
        }
        Form::V2(cipher, aead) => {
            let mut message = message.seipd_v2(&mut *rng, cipher, aead, ChunkSize::C4KiB);
            message.encrypt_to_key(&mut *rng, to)?;
            message
                .to_armored_string(rng, ArmorOptions { include_checksum: false, ..ArmorOptions::default() })
        }
    }
}

fn certificate(text: &str) -> Result<SignedPublicKey, KeyError> {
    let (found, _) = PublicOrSecret::from_armor_many(text.as_bytes()).map_err(|_| UNREADABLE)?;
    let mut cert = None;
    for found in found {
        match found.map_err(|_| UNREADABLE)? {
            PublicOrSecret::Secret(_) => return Err(KeyError::Private),
            PublicOrSecret::Public(_) if cert.is_some() => return Err(KeyError::Several),
            PublicOrSecret::Public(found) => cert = Some(found),
        }
    }
    cert.ok_or(UNREADABLE)
}

/// What the owner says of the key, as far as it is signed with it: what others say of it counts for nothing here.
struct Said<'a> {
    /// The newest of the signatures over the key alone.
    direct: Option<&'a Signature>,
    /// The newest of those over the key and a name of its owner.
    named: Option<&'a Signature>,
}

impl<'a> Said<'a> {
    fn by(cert: &'a SignedPublicKey) -> Self {
        let key = &cert.primary_key;
        let direct = cert.details.direct_signatures.iter().filter(|said| said.verify_key(key).is_ok());
        let named = cert.details.users.iter().flat_map(|user| {
            let own = |said: &&Signature| said.verify_certification(key, Tag::UserId, &user.id).is_ok();
            let own: Vec<&Signature> = user.signatures.iter().filter(own).collect();
            let withdrawn = own.iter().any(|said| said.typ() == Some(SignatureType::CertRevocation));
            if withdrawn { Vec::new() } else { own }
        });
        Self { direct: newest(direct), named: newest(named) }
    }

    fn about_itself(&self) -> impl Iterator<Item = &'a Signature> {
        self.direct.into_iter().chain(self.named)
    }

    /// Whether the primary key itself is for encryption.
    fn encrypts(&self) -> bool {
        self.about_itself().any(is_for_encryption)
    }

    fn form(&self, version: KeyVersion) -> Form {
        let reads_v2 = |said: &Signature| said.features().is_some_and(|features| features.seipd_v2());
        if version == KeyVersion::V6 || self.about_itself().any(reads_v2) {
            let wanted = self.about_itself().flat_map(Signature::preferred_aead_algs).copied();
            let mut known = wanted.filter(|(cipher, aead)| is_aes(*cipher) && is_aead(*aead));
            // What everybody has to know who reads this form.
            let (cipher, aead) = known.next().unwrap_or((SymmetricKeyAlgorithm::AES128, AeadAlgorithm::Ocb));
            return Form::V2(cipher, aead);
        }
        let mut wanted = self.about_itself().flat_map(Signature::preferred_symmetric_algs).copied();
        Form::V1(wanted.find(|cipher| is_aes(*cipher)).unwrap_or(SymmetricKeyAlgorithm::AES128))
    }
}

fn is_aes(cipher: SymmetricKeyAlgorithm) -> bool {
    use SymmetricKeyAlgorithm::{AES128, AES192, AES256};
    matches!(cipher, AES128 | AES192 | AES256)
}

fn is_aead(aead: AeadAlgorithm) -> bool {
    matches!(aead, AeadAlgorithm::Eax | AeadAlgorithm::Ocb | AeadAlgorithm::Gcm)
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|said| said.created())
}

/// The newest subkey that can be used, or the primary key where it encrypts itself. Where none can, what is wrong with the newest.
fn encrypt_to(cert: &SignedPublicKey, said: &Said<'_>, now: Timestamp) -> Result<EncryptTo, KeyError> {
    let mut subkeys: Vec<&SignedPublicSubKey> = cert.public_subkeys.iter().collect();
    subkeys.sort_by_key(|subkey| std::cmp::Reverse(subkey.created_at()));
    let mut wrong = None;
    for subkey in subkeys {
        match usable(cert, subkey, now) {
            Ok(true) => return Ok(EncryptTo::Subkey(subkey.clone())),
            Ok(false) => {}
            Err(error) => wrong = wrong.or(Some(error)),
        }
    }
    if said.encrypts() && is_encryption(cert.primary_key.public_params()) {
        return Ok(EncryptTo::Primary(cert.clone()));
    }
    Err(wrong.unwrap_or(KeyError::NotForEncryption))
}

/// Whether a subkey is for encryption; an error where it is, and cannot be used.
fn usable(cert: &SignedPublicKey, subkey: &SignedPublicSubKey, now: Timestamp) -> Result<bool, KeyError> {
    let is = |kind: SignatureType| move |said: &&Signature| said.typ() == Some(kind);
    let bound = subkey.signatures.iter().filter(is(SignatureType::SubkeyBinding));
    let bound = bound.filter(|said| said.verify_subkey_binding(&cert.primary_key, &subkey.key).is_ok());
    let Some(bound) = newest(bound).filter(|said| is_for_encryption(said)) else {
        return Ok(false);
    };
    if subkey.signatures.iter().any(|said| is(SignatureType::SubkeyRevocation)(&said)) {
        return Err(KeyError::Revoked);
    }
    unexpired(subkey, bound, now)?;
    strong(subkey.public_params())?;
    if !is_encryption(subkey.public_params()) {
        return Err(KeyError::Unsupported(
            "the kind of the key is not known here: RSA, ECDH, X25519 and X448 are",
        ));
    }
    Ok(true)
}

fn is_for_encryption(said: &Signature) -> bool {
    said.key_flags().encrypt_comms() || said.key_flags().encrypt_storage()
}

fn is_encryption(params: &PublicParams) -> bool {
    use PublicParams::{ECDH, RSA, X448, X25519};
    matches!(params, RSA(_) | ECDH(_) | X25519(_) | X448(_))
}

fn strong(params: &PublicParams) -> Result<(), KeyError> {
    if let PublicParams::RSA(params) = params
        && params.key.n().bits() < FEWEST_RSA_BITS
    {
        return Err(KeyError::Weak(params.key.n().bits()));
    }
    Ok(())
}

/// A signature says for how long the key may be used, from its making on; nothing or 0 is for ever.
fn unexpired(key: &impl KeyDetails, said: &Signature, now: Timestamp) -> Result<(), KeyError> {
    let since = |from: pgp::types::Timestamp, span: pgp::types::Duration| {
        Some(span.as_secs())
            .filter(|span| *span > 0)
            .and_then(|span| Timestamp::from_second(i64::from(from.as_secs()) + i64::from(span)).ok())
    };
    let key_ends = said.key_expiration_time().and_then(|span| since(key.created_at(), span));
    let word_ends =
        said.created().zip(said.signature_expiration_time()).and_then(|(at, span)| since(at, span));
    match [key_ends, word_ends].into_iter().flatten().min() {
        Some(end) if end <= now => Err(KeyError::Expired(date_of(end))),
        Some(_) | None => Ok(()),
    }
}
