//! Which keys are taken, and what an administrator hears of the others.

use super::*;

macro_rules! key {
    ($file:literal) => {
        include_str!(concat!("../../fixtures/", $file))
    };
}

const USABLE: [(SealKind, &str); 5] = [
    (SealKind::OpenPgp, key!("openpgp/rsa.asc")),
    (SealKind::OpenPgp, key!("openpgp/ends.asc")),
    (SealKind::OpenPgp, key!("openpgp/subkey-ends.asc")),
    (SealKind::Smime, key!("smime/rsa.pem")),
    (SealKind::Smime, key!("smime/ends.pem")),
];

fn parsed(kind: SealKind, text: &str, now: Timestamp) -> Result<(), KeyError> {
    Recipient::parse(kind, text, now).map(|_| ())
}

#[test]
fn what_cannot_be_used_is_refused_in_words() {
    use SealKind::{OpenPgp, Smime};
    let concatenated = [key!("openpgp/rsa.asc"), key!("openpgp/ends.asc")].concat();
    let certificates = [key!("smime/rsa.pem"), key!("smime/ends.pem")].concat();
    let long = format!("{}{}", key!("openpgp/rsa.asc"), " ".repeat(MOST_BYTES));
    let as_public = key!("openpgp/ends.secret.asc").replace("PRIVATE KEY", "PUBLIC KEY");
    for (kind, text, why) in [
        (OpenPgp, key!("openpgp/rsa.secret.asc"), "private"),
        (OpenPgp, &as_public, "private"),
        (OpenPgp, key!("openpgp/two.asc"), "more than one"),
        (OpenPgp, &concatenated, "more than one"),
        (OpenPgp, key!("openpgp/revoked.asc"), "revoked"),
        (OpenPgp, key!("openpgp/subkey-revoked.asc"), "revoked"),
        (OpenPgp, key!("openpgp/signs.asc"), "not for encryption"),
        (OpenPgp, key!("openpgp/weak.asc"), "1024 bits"),
        (OpenPgp, key!("openpgp/weak-subkey.asc"), "1024 bits"),
        (OpenPgp, key!("smime/rsa.pem"), "PGP PUBLIC KEY BLOCK"),
        (OpenPgp, "garbage", "PGP PUBLIC KEY BLOCK"),
        (OpenPgp, "", "PGP PUBLIC KEY BLOCK"),
        (OpenPgp, &long, "longer than"),
        (Smime, key!("smime/rsa.key.pem"), "private"),
        (Smime, &certificates, "more than one"),
        (Smime, key!("smime/later.pem"), "valid from 2027-01-01"),
        (Smime, key!("smime/signs.pem"), "not for encryption"),
        (Smime, key!("smime/tls.pem"), "not for encryption"),
        (Smime, key!("smime/weak.pem"), "1024 bits"),
        (Smime, key!("smime/ec.pem"), "not RSA"),
        (Smime, key!("openpgp/rsa.asc"), "X.509"),
        (Smime, "garbage", "X.509"),
        (Smime, &long, "longer than"),
    ] {
        let said = parsed(kind, text, now()).unwrap_err().to_string();
        assert!(said.contains(why), "{why}: {said}");
    }
}

#[test]
fn a_key_is_of_use_until_it_expires() {
    let end = at("2026-11-23T12:00:00Z");
    let second = jiff::SignedDuration::from_secs(1);
    for (kind, text) in USABLE {
        assert_eq!(parsed(kind, text, end - second), Ok(()));
    }
    for (kind, text) in [USABLE[1], USABLE[2], USABLE[4]] {
        assert_eq!(parsed(kind, text, end + second), Err(KeyError::Expired(date_of(end))));
    }
}

/// What somebody else changed in a key counts for nothing: here, for how long it may be used.
#[test]
fn a_key_whose_signatures_do_not_hold_is_refused() {
    use pgp::composed::{Deserializable, SignedPublicKey};
    let (mut cert, _) = SignedPublicKey::from_string(key!("openpgp/ends.asc")).unwrap();
    let (other, _) = SignedPublicKey::from_string(key!("openpgp/rsa.asc")).unwrap();
    let mut without_names = cert.clone();
    cert.public_subkeys = other.public_subkeys;
    without_names.details.users = other.details.users;
    for (cert, why) in [(cert, "not for encryption"), (without_names, "PGP PUBLIC KEY BLOCK")] {
        let text = cert.to_armored_string(Default::default()).unwrap();
        let said = parsed(SealKind::OpenPgp, &text, now()).unwrap_err().to_string();
        assert!(said.contains(why), "{why}: {said}");
    }
}

fn armored(bytes: &[u8], kind: SealKind) -> String {
    use cms::cert::x509::der::pem::{LineEnding, encode_string};
    let label = match kind {
        SealKind::OpenPgp => "PGP PUBLIC KEY BLOCK",
        SealKind::Smime => "CERTIFICATE",
    };
    encode_string(label, LineEnding::LF, bytes).unwrap()
}

/// The bytes in a text's armor.
fn unarmored(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with(['-', '=']) && !line.contains(':'));
    mail_parser::decoders::base64::base64_decode(lines.collect::<String>().as_bytes()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Neither what is no key at all nor a key with wrong bytes in it brings anything down.
    #[test]
    fn no_bytes_are_too_odd(
        which in 0..USABLE.len(),
        text in "\\PC{0,200}",
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        changed in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (kind, usable) = USABLE[which];
        let mut damaged = unarmored(usable);
        for (place, byte) in changed {
            let place = place.index(damaged.len());
            damaged[place] = byte;
        }
        let end = damaged.len() / 2;
        for text in [text, armored(&bytes, kind), armored(&damaged[..end], kind), armored(&damaged, kind)] {
            let _ = parsed(kind, &text, now()).map_err(|error| error.to_string());
        }
    }
}
