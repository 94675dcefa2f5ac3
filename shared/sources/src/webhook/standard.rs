//! Standard Webhooks: base64 HMAC-SHA256 over `id.timestamp.body`, several signatures in one header.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use jiff::Timestamp;

use super::{HmacKey, Malformed, Received, Refusal, Request, Tolerance, Verified, keys};
use crate::signal::{Parsed, read_generic};

/// The second spelling is that of Svix, which the standard grew out of.
const ID: [&str; 2] = ["webhook-id", "svix-id"];
const TIME: [&str; 2] = ["webhook-timestamp", "svix-timestamp"];
const SIGNATURE: [&str; 2] = ["webhook-signature", "svix-signature"];

pub(super) fn check(
    request: &Request<'_>,
    keys: &[HmacKey],
    tolerance: Tolerance,
    now: Timestamp,
) -> Result<(), Refusal> {
    let (id, time, signatures) = (header(request, ID)?, header(request, TIME)?, header(request, SIGNATURE)?);
    // With a dot in the id, `id.timestamp.` could be cut in two ways.
    if id.contains('.') {
        return Err(Refusal::Encoding);
    }
    let at =
        time.parse().ok().and_then(|second| Timestamp::from_second(second).ok()).ok_or(Refusal::Encoding)?;
    let message: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", request.body];
    let is_good = |signature: Vec<u8>| keys.iter().any(|key| key.signs(&message, &signature));
    let mut candidates = signatures.split(' ').filter_map(|one| keys::from_base64(one.strip_prefix("v1,")?));
    if !candidates.any(is_good) {
        return Err(Refusal::Mismatch);
    }
    if !tolerance.allows(at, now) {
        return Err(Refusal::Time);
    }
    Ok(())
}

/// The signature of a webhook of our own: one for each key in force, so that whoever gets it may still hold the older one.
pub fn sign(keys: &[HmacKey], id: &str, second: i64, body: &[u8]) -> String {
    let time = second.to_string();
    let message: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    let signatures: Vec<String> =
        keys.iter().map(|key| format!("v1,{}", keys::to_base64(&key.mac(&message)))).collect();
    signatures.join(" ")
}

/// The body is the generic form of [`crate::signal`].
pub(super) fn read(verified: &Verified<'_>) -> Result<Vec<Received>, Malformed> {
    match read_generic(&verified.json()?) {
        Parsed::Signals { signals, .. } => {
            Ok(signals.into_iter().map(|signal| Received::Signal(Box::new(signal))).collect())
        }
        Parsed::Ignored { .. } => Ok(vec![Received::Ordinary { topic: "test".to_owned() }]),
        Parsed::Rejected { reason } => Err(Malformed::Generic(reason)),
    }
}

fn header<'a>(request: &Request<'a>, names: [&'static str; 2]) -> Result<&'a str, Refusal> {
    let [name, other] = names;
    request.headers.get(name).or_else(|| request.headers.get(other)).ok_or(Refusal::MissingHeader(name))
}
