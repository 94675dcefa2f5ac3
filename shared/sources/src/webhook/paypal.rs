//! PayPal: RSA-SHA256 over `transmission id|transmission time|webhook id|CRC-32 of the raw body`.
//!
//! A CRC-32 is no hash: who holds one signed request can make another body with the same sum. So nothing of the
//! body is believed beyond that something came; what matters is to be asked for at PayPal's API by its id.
//! <https://developer.paypal.com/api/rest/webhooks/rest/#link-verifysignature>

use jiff::Timestamp;

use super::{Headers, Malformed, Received, Refusal, Request, RsaKey, Tolerance, Verified, keys};
use crate::json;

const ID: &str = "paypal-transmission-id";
const TIME: &str = "paypal-transmission-time";
const SIGNATURE: &str = "paypal-transmission-sig";
const CERTIFICATE_URL: &str = "paypal-cert-url";
const ALGORITHM: &str = "paypal-auth-algo";

pub(super) fn check(
    request: &Request<'_>,
    certificate: &RsaKey,
    webhook_id: &str,
    tolerance: Tolerance,
    now: Timestamp,
) -> Result<(), Refusal> {
    let header = |name| request.headers.get(name).ok_or(Refusal::MissingHeader(name));
    let (id, time) = (header(ID)?, header(TIME)?);
    let signature = keys::from_base64(header(SIGNATURE)?).ok_or(Refusal::Encoding)?;
    if request.headers.get(ALGORITHM).is_some_and(|algorithm| algorithm != "SHA256withRSA") {
        return Err(Refusal::Encoding);
    }
    if request.headers.get(CERTIFICATE_URL).is_some() {
        certificate_url(request.headers)?;
    }
    let message = format!("{id}|{time}|{webhook_id}|{}", crc32(request.body));
    if !certificate.verifies(message.as_bytes(), &signature) {
        return Err(Refusal::Mismatch);
    }
    let at: Timestamp = time.parse().map_err(|_| Refusal::Encoding)?;
    if !tolerance.allows(at, now) {
        return Err(Refusal::Time);
    }
    Ok(())
}

pub(super) fn read(verified: &Verified<'_>) -> Result<Received, Malformed> {
    let event = verified.json()?;
    let name = json::text(&event, "/event_type").ok_or(Malformed::MissingField("event_type"))?;
    Ok(Received::Ordinary { topic: crate::text::line(name, 100) })
}

/// Where the certificate is to be fetched: over HTTPS, from a host of PayPal's, and nowhere else.
pub fn certificate_url(headers: &Headers) -> Result<&str, Refusal> {
    let url = headers.get(CERTIFICATE_URL).ok_or(Refusal::MissingHeader(CERTIFICATE_URL))?;
    let host =
        url.strip_prefix("https://").and_then(|rest| rest.split('/').next()).ok_or(Refusal::KeyHost)?;
    let is_name = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    if !is_name || !host.ends_with(".paypal.com") {
        return Err(Refusal::KeyHost);
    }
    Ok(url)
}

/// CRC-32 as in ISO 3309 and zip, bit by bit: bodies are small and rare.
fn crc32(bytes: &[u8]) -> u32 {
    const REVERSED_POLYNOMIAL: u32 = 0xedb8_8320;
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { (sum >> 1) ^ REVERSED_POLYNOMIAL } else { sum >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_check_value_of_crc_32() {
        assert_eq!(super::crc32(b"123456789"), 0xcbf4_3926);
    }
}
