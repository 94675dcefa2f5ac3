//! S/MIME. The certificates of the files were made by OpenSSL.

use aes_sealed::Aes256;
use aes_sealed::cipher::block_padding::Pkcs7;
use aes_sealed::cipher::{BlockDecryptMut, KeyIvInit};
use cms::cert::x509::der::{Decode, Encode};
use cms::content_info::ContentInfo;
use cms::enveloped_data::{EnvelopedData, RecipientInfo};
use rsa_sealed::pkcs8::DecodePrivateKey;
use rsa_sealed::{Pkcs1v15Encrypt, RsaPrivateKey};

use super::*;

const RSA: &str = include_str!("../../fixtures/smime/rsa.pem");
const SECRET: &str = include_str!("../../fixtures/smime/rsa.key.pem");

fn opened(mail: &[u8]) -> Vec<u8> {
    let mail = MessageParser::new().parse(mail).unwrap();
    let kind = mail.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("application", Some("pkcs7-mime")));
    assert_eq!(kind.attribute("smime-type"), Some("enveloped-data"));
    let info = ContentInfo::from_der(mail.parts[0].contents()).unwrap();
    let enveloped = EnvelopedData::from_der(&info.content.to_der().unwrap()).unwrap();
    let RecipientInfo::Ktri(to) = enveloped.recip_infos.0.get(0).unwrap() else { panic!("not to RSA") };
    let secret = RsaPrivateKey::from_pkcs8_pem(SECRET).unwrap();
    let key = secret.decrypt(Pkcs1v15Encrypt, to.enc_key.as_bytes()).unwrap();
    let content = enveloped.encrypted_content;
    let iv = content.content_enc_alg.parameters.unwrap();
    let cipher = cbc_sealed::Decryptor::<Aes256>::new_from_slices(&key, iv.value()).unwrap();
    let encrypted = content.encrypted_content.unwrap();
    let payload = cipher.decrypt_padded_vec_mut::<Pkcs7>(encrypted.as_bytes()).unwrap();
    is_protected(&mail, &payload);
    payload
}

#[test]
fn whoever_has_the_private_key_reads_the_letter_and_nobody_else() {
    let recipient = Recipient::parse(SealKind::Smime, RSA, now()).unwrap();
    let mail = sealed(&recipient, WORDS, 1);
    is_closed(&mail, WORDS);
    says(&opened(&mail), WORDS);
    assert_eq!(sealed(&recipient, WORDS, 1), mail);
    assert_ne!(sealed(&recipient, WORDS, 2), mail);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_letter_survives((subject, text, html) in words(), entropy: u8) {
        let recipient = Recipient::parse(SealKind::Smime, RSA, now()).unwrap();
        let words = [subject.as_str(), text.as_str(), html.as_str()];
        says(&opened(&sealed(&recipient, words, entropy)), words);
    }
}
