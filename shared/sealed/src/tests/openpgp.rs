//! OpenPGP. The keys of the files were made by GnuPG, those of the newer forms here.

use pgp::composed::{
    Deserializable, EncryptionCaps, KeyType, Message as Encrypted, SecretKeyParamsBuilder, SignedSecretKey,
    SubkeyParamsBuilder,
};
use pgp::types::{KeyVersion, Password};

use super::*;

const RSA: [&str; 2] =
    [include_str!("../../fixtures/openpgp/rsa.asc"), include_str!("../../fixtures/openpgp/rsa.secret.asc")];

/// A pair of keys on the curves that everybody makes today.
fn made(version: KeyVersion, reads_v2: bool) -> SignedSecretKey {
    let subkey = SubkeyParamsBuilder::default()
        .version(version)
        .key_type(KeyType::X25519)
        .can_encrypt(EncryptionCaps::All)
        .build()
        .unwrap();
    let mut params = SecretKeyParamsBuilder::default();
    params.version(version).key_type(KeyType::Ed25519).can_certify(true).can_sign(true);
    params.feature_seipd_v2(reads_v2).primary_user_id("Filings <filings@authority.example>".into());
    params.subkey(subkey).build().unwrap().generate(ChaCha20Rng::from_seed([7; 32])).unwrap()
}

fn recipient(of: &SignedSecretKey) -> Recipient {
    let text = of.to_public_key().to_armored_string(Default::default()).unwrap();
    Recipient::parse(SealKind::OpenPgp, &text, now()).unwrap()
}

fn opened(mail: &[u8], with: &SignedSecretKey) -> Vec<u8> {
    let mail = MessageParser::new().parse(mail).unwrap();
    let kind = mail.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("encrypted")));
    assert_eq!(kind.attribute("protocol"), Some("application/pgp-encrypted"));
    assert_eq!(mail.parts[1].contents(), b"Version: 1\r\n");
    let (message, _) = Encrypted::from_armor(mail.parts[2].contents()).unwrap();
    let payload = message.decrypt(&Password::empty(), with).unwrap().as_data_vec().unwrap();
    is_protected(&mail, &payload);
    payload
}

fn secret(text: &str) -> SignedSecretKey {
    SignedSecretKey::from_string(text).unwrap().0
}

#[test]
fn whoever_has_the_private_key_reads_the_letter_and_nobody_else() {
    let by_gnupg = Recipient::parse(SealKind::OpenPgp, RSA[0], now()).unwrap();
    let of_today = [made(KeyVersion::V4, false), made(KeyVersion::V4, true), made(KeyVersion::V6, true)];
    let known = std::iter::once((by_gnupg, secret(RSA[1])));
    for (recipient, secret) in known.chain(of_today.map(|key| (recipient(&key), key))) {
        let mail = sealed(&recipient, WORDS, 1);
        is_closed(&mail, WORDS);
        says(&opened(&mail, &secret), WORDS);
        assert_eq!(sealed(&recipient, WORDS, 1).len(), mail.len());
        assert_ne!(sealed(&recipient, WORDS, 2), mail);
    }
}

#[test]
fn the_form_is_the_one_that_the_key_asks_for() {
    for (key, v2) in [(made(KeyVersion::V4, false), false), (made(KeyVersion::V4, true), true)] {
        let mail = sealed(&recipient(&key), WORDS, 1);
        let mail = MessageParser::new().parse(&mail).unwrap();
        let (message, _) = Encrypted::from_armor(mail.parts[2].contents()).unwrap();
        let Encrypted::Encrypted { edata, .. } = message else { panic!("not encrypted") };
        assert_eq!(format!("{edata:?}").contains("V2"), v2, "{edata:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_letter_survives((subject, text, html) in words(), entropy: u8) {
        let key = made(KeyVersion::V4, true);
        let words = [subject.as_str(), text.as_str(), html.as_str()];
        says(&opened(&sealed(&recipient(&key), words, entropy), &key), words);
    }
}
