//! The signature of a webhook that we send, after Standard Webhooks: base64 of the HMAC-SHA256 over
//! `id.timestamp.body`. <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    #[error("there is no key")]
    None,
    #[error("a key of a signed webhook is whsec_ and base64")]
    Form,
}

/// The three headers. With several keys there are several signatures, so that a receiver may know the old key or the
/// new one while a key is rotated. `id` names the message and stays the same when it is sent again; it holds no dot.
pub fn headers(
    keys: &[String],
    id: &str,
    at: Timestamp,
    body: &str,
) -> Result<[(&'static str, String); 3], BadKey> {
    if keys.is_empty() {
        return Err(BadKey::None);
    }
    let signed = format!("{id}.{}.{body}", at.as_second());
    let signatures = keys.iter().map(|key| signature(key, &signed)).collect::<Result<Vec<_>, _>>()?;
    Ok([
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", at.as_second().to_string()),
        ("webhook-signature", signatures.join(" ")),
    ])
}

fn signature(key: &str, signed: &str) -> Result<String, BadKey> {
    let encoded = key.strip_prefix("whsec_").unwrap_or(key);
    let bytes = STANDARD.decode(encoded).ok().filter(|bytes| !bytes.is_empty()).ok_or(BadKey::Form)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&bytes).map_err(|_| BadKey::Form)?;
    mac.update(signed.as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard's own libraries.
    #[test]
    fn the_standards_own_example_comes_out() {
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let [id, time, signature] = headers(
            std::slice::from_ref(&key),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at,
            r#"{"test": 2432232314}"#,
        )
        .unwrap();
        assert_eq!(id, ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned()));
        assert_eq!(time, ("webhook-timestamp", "1614265330".to_owned()));
        assert_eq!(signature.1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = headers(&[key, "whsec_AAAA".to_owned()], "a", at, "").unwrap();
        assert_eq!(both[2].1.split(' ').count(), 2);
    }

    #[test]
    fn a_key_that_is_none_signs_nothing() {
        let sign = |keys: &[String]| headers(keys, "a", Timestamp::UNIX_EPOCH, "");
        assert_eq!(sign(&[]), Err(BadKey::None));
        for key in ["", "whsec_", "whsec_not base64"] {
            assert_eq!(sign(&[key.to_owned()]), Err(BadKey::Form), "{key}");
        }
    }
}
