//! The keys that sign a manifest, and the form of the signature.
//!
//! The signature is a compact JWS (RFC 7515) by Ed25519 (RFC 8037) whose payload is left out: it is the manifest itself.
//! A key is known by its thumbprint (RFC 7638). The newest key signs; those before it stay published, so that what they
//! signed can be checked.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a private key is made from: 32 bytes of chance. It does not print.
pub struct Seed([u8; 32]);

impl Seed {
    pub fn of(chance: [u8; 32]) -> Self {
        Self(chance)
    }

    /// As it stands in the secret.
    pub fn text(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The thumbprint of its public key.
    pub fn key_id(&self) -> String {
        jwk(&SigningKey::from_bytes(&self.0).verifying_key()).kid
    }
}

/// A secret that holds no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is 32 bytes in base64")]
pub struct BadKeys;

/// A merchant's keys, newest first; one at least.
pub struct Keys {
    newest: SigningKey,
    older: Vec<SigningKey>,
}

impl Keys {
    /// # Errors
    /// Where there is none, or one that is not a seed in base64.
    pub fn read(texts: &[String]) -> Result<Self, BadKeys> {
        let mut keys = texts.iter().map(|text| {
            let bytes = STANDARD.decode(text).map_err(|_| BadKeys)?;
            Ok(SigningKey::from_bytes(&<[u8; 32]>::try_from(bytes).map_err(|_| BadKeys)?))
        });
        Ok(Self { newest: keys.next().ok_or(BadKeys)??, older: keys.collect::<Result<_, _>>()? })
    }

    /// The thumbprint of the key that signs.
    pub fn id(&self) -> String {
        jwk(&self.newest.verifying_key()).kid
    }

    /// All public keys, as they are published.
    pub fn published(&self) -> String {
        let keys = std::iter::once(&self.newest).chain(&self.older);
        KeySet { keys: keys.map(|key| jwk(&key.verifying_key())).collect() }.text()
    }

    /// The detached signature over a manifest, as it is published.
    pub fn sign(&self, manifest: &[u8]) -> String {
        let header = Header { alg: EDDSA.to_owned(), kid: self.id() };
        let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap_or_default());
        let signature = self.newest.sign(&input(&header, manifest));
        format!("{header}..{}\n", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

const EDDSA: &str = "EdDSA";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    kid: String,
    alg: String,
    #[serde(rename = "use")]
    used_for: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeySet {
    keys: Vec<Jwk>,
}

impl KeySet {
    fn text(&self) -> String {
        format!("{}\n", serde_json::to_string_pretty(self).unwrap_or_default())
    }
}

fn jwk(key: &VerifyingKey) -> Jwk {
    let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
    let named = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    Jwk {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        kid: URL_SAFE_NO_PAD.encode(Sha256::digest(named)),
        x,
        alg: EDDSA.to_owned(),
        used_for: "sig".to_owned(),
    }
}

fn input(header: &str, manifest: &[u8]) -> Vec<u8> {
    format!("{header}.{}", URL_SAFE_NO_PAD.encode(manifest)).into_bytes()
}

/// The thumbprint of the published key that signed the manifest; `None` where none did. Both files have to be letter for
/// letter as we write them: what is no more ours in them is not passed over.
pub(crate) fn signer(manifest: &[u8], signature: &str, published: &str) -> Option<String> {
    let set: KeySet = serde_json::from_str(published).ok()?;
    let (header, rest) = signature.strip_suffix('\n')?.split_once("..")?;
    let said: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let keys = set.keys.iter().map(key_of).collect::<Option<Vec<VerifyingKey>>>()?;
    let as_written =
        set.text() == published && set.keys.iter().zip(&keys).all(|(said, key)| *said == jwk(key));
    let (key, _) = keys.iter().zip(&set.keys).find(|(_, known)| known.kid == said.kid)?;
    let signature: [u8; 64] = URL_SAFE_NO_PAD.decode(rest).ok()?.try_into().ok()?;
    let is_signed = key.verify_strict(&input(header, manifest), &Signature::from_bytes(&signature)).is_ok();
    (as_written && said.alg == EDDSA && is_signed).then_some(said.kid)
}

fn key_of(jwk: &Jwk) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(&jwk.x).ok()?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and the thumbprint of RFC 8037, appendix A.
    #[test]
    fn a_key_has_the_thumbprint_of_the_standard() {
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let seed = Seed::of(seed.try_into().unwrap());
        assert_eq!(seed.key_id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let keys = Keys::read(&[seed.text()]).unwrap();
        assert_eq!(keys.id(), seed.key_id());
        assert!(keys.published().contains("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
    }

    #[test]
    fn what_an_older_key_signed_is_known_by_the_keys_that_are_published_now() {
        let [old, new] = [[1; 32], [2; 32]].map(|chance| Seed::of(chance).text());
        let before = Keys::read(std::slice::from_ref(&old)).unwrap();
        let after = Keys::read(&[new, old]).unwrap();
        let manifest = b"a manifest";
        assert_ne!(before.id(), after.id());
        for signed_by in [&before, &after] {
            assert_eq!(signer(manifest, &signed_by.sign(manifest), &after.published()), Some(signed_by.id()));
        }
        assert_eq!(signer(manifest, &after.sign(manifest), &before.published()), None, "no such key");
        assert_eq!(signer(b"another", &after.sign(manifest), &after.published()), None);
    }

    #[test]
    fn a_secret_without_a_key_is_none() {
        for texts in [vec![], vec![String::new()], vec![STANDARD.encode([1; 31])], vec!["?".to_owned()]] {
            assert_eq!(Keys::read(&texts).err(), Some(BadKeys));
        }
    }
}
