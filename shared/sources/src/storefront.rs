//! A storefront that asks for one of its customers: who asks, and what proves it.
//!
//! The customer comes out of what is signed and of nothing else: whoever looks at a shop cannot ask for another.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tocsin_domain::personal::Personal;

use crate::webhook::{Headers, HmacKey, Refusal, Tolerance, from_base64};

/// A signed visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The host name of the shop that signed it.
    pub site: String,
    /// The shop's own id of whoever is logged in; `None` for somebody who is not.
    pub customer: Option<Personal<String>>,
}

/// Shopify's app proxy: HMAC-SHA256 in hex, under the app's secret, over the parameters without `signature`, each as
/// `name=value`, sorted, with nothing between them. Several values of one name are joined by commas.
/// <https://shopify.dev/docs/apps/build/online-store/app-proxies/authenticate-app-proxies>
///
/// # Errors
/// Why nothing is proven.
pub fn shopify(
    query: &str,
    keys: &[HmacKey],
    tolerance: Tolerance,
    now: Timestamp,
) -> Result<Visit, Refusal> {
    let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        given.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let signature = given.remove("signature").ok_or(Refusal::MissingHeader("signature"))?.concat();
    let signature = hex::decode(signature).map_err(|_| Refusal::Encoding)?;
    let mut pairs: Vec<String> =
        given.iter().map(|(name, values)| format!("{name}={}", values.join(","))).collect();
    pairs.sort_unstable();
    let signed = pairs.concat();
    if !keys.iter().any(|key| key.signs(&[signed.as_bytes()], &signature)) {
        return Err(Refusal::Mismatch);
    }
    let mut one = |name: &'static str| match given.remove(name).as_deref() {
        Some([value]) => Ok(value.clone()),
        Some(_) => Err(Refusal::Encoding),
        None => Err(Refusal::MissingHeader(name)),
    };
    within(&one("timestamp")?, tolerance, now)?;
    let customer = one("logged_in_customer_id").ok().filter(|id| !id.is_empty());
    Ok(Visit { site: one("shop")?, customer: customer.map(Personal::new) })
}

/// A Magento customer section: `tocsin-signature: v1,` and base64 of the HMAC-SHA256, under a key of the tenant's, over
/// `inbox.`, the customer's id, the website's host name and the second, with dots between them, as they stand in
/// `tocsin-customer`, `tocsin-website` and `tocsin-timestamp`. As with Standard Webhooks, several signatures may stand
/// there, with blanks between them.
///
/// # Errors
/// Why nothing is proven.
pub fn magento(
    headers: &Headers,
    keys: &[HmacKey],
    tolerance: Tolerance,
    now: Timestamp,
) -> Result<Visit, Refusal> {
    let header = |name: &'static str| headers.get(name).ok_or(Refusal::MissingHeader(name));
    let website = header("tocsin-website")?;
    // A header without a value is none on its way to us, and so it was signed: nobody is logged in.
    let customer = headers.get("tocsin-customer").unwrap_or_default();
    let (time, signatures) = (header("tocsin-timestamp")?, header("tocsin-signature")?);
    // A host name has dots, so the customer's id and the second may not: what is signed can be cut in one way alone.
    if !time.bytes().all(|byte| byte.is_ascii_digit()) || customer.contains('.') {
        return Err(Refusal::Encoding);
    }
    let signed = format!("inbox.{customer}.{website}.{time}");
    let is_good = |signature: Vec<u8>| keys.iter().any(|key| key.signs(&[signed.as_bytes()], &signature));
    let mut candidates = signatures.split(' ').filter_map(|one| from_base64(one.strip_prefix("v1,")?));
    if !candidates.any(is_good) {
        return Err(Refusal::Mismatch);
    }
    within(time, tolerance, now)?;
    let customer = Some(customer.trim()).filter(|id| !id.is_empty());
    Ok(Visit { site: website.to_owned(), customer: customer.map(|id| Personal::new(id.to_owned())) })
}

fn within(second: &str, tolerance: Tolerance, now: Timestamp) -> Result<(), Refusal> {
    let at = second.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
    if !tolerance.allows(at.ok_or(Refusal::Encoding)?, now) {
        return Err(Refusal::Time);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;

    fn keys() -> Vec<HmacKey> {
        ["newest", "hush"].map(|text| HmacKey::from_text(text).unwrap()).into()
    }

    /// The example of Shopify's page, with its secret.
    const EXAMPLE: &str = "extra=1&extra=2&shop=shop-name.myshopify.com&logged_in_customer_id=1&\
                           path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555&\
                           signature=4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn shopifys_own_example_is_authentic() {
        let visit = shopify(EXAMPLE, &keys(), Tolerance::USUAL, at(1_317_327_600)).unwrap();
        let customer = Some(Personal::new("1".to_owned()));
        assert_eq!(visit, Visit { site: "shop-name.myshopify.com".to_owned(), customer });
        assert!(!format!("{visit:?}").contains("\"1\""));
    }

    #[test]
    fn what_is_changed_old_or_unsigned_proves_nothing() {
        let asked = |query: &str, second| shopify(query, &keys(), Tolerance::USUAL, at(second));
        let logged_in = EXAMPLE.replace("customer_id=1", "customer_id=7");
        for (query, second, why) in [
            (logged_in.as_str(), 1_317_327_600, Refusal::Mismatch),
            (&EXAMPLE.replace("4c68", "4c69"), 1_317_327_600, Refusal::Mismatch),
            (&EXAMPLE.replace("4c68", "4g"), 1_317_327_600, Refusal::Encoding),
            (EXAMPLE, 1_317_328_555, Refusal::Time),
            ("shop=shop-name.myshopify.com", 1_317_327_600, Refusal::MissingHeader("signature")),
        ] {
            assert_eq!(asked(query, second), Err(why), "{query}");
        }
        let other = [HmacKey::from_text("other").unwrap()];
        assert_eq!(shopify(EXAMPLE, &other, Tolerance::USUAL, at(1_317_327_600)), Err(Refusal::Mismatch));
    }

    #[test]
    fn a_section_speaks_for_the_customer_that_it_signed() {
        let ask = |customer: &str, signed: &str, second: i64| {
            let message = format!("inbox.{signed}.shop.example.1700000000");
            let mac = keys()[0].mac(&[message.as_bytes()]);
            let signature = format!("v1,AAAA v1,{}", base64::engine::general_purpose::STANDARD.encode(mac));
            let headers: Headers = [
                ("tocsin-customer", customer),
                ("tocsin-website", "shop.example"),
                ("tocsin-timestamp", "1700000000"),
                ("tocsin-signature", signature.as_str()),
            ]
            .into_iter()
            .collect();
            magento(&headers, &keys(), Tolerance::USUAL, at(second))
        };
        let visit = ask("7", "7", 1_700_000_299).unwrap();
        assert_eq!(visit.customer.map(|id| id.expose().clone()), Some("7".to_owned()));
        assert_eq!(ask("", "", 1_700_000_000).unwrap().customer, None);
        assert_eq!(ask("8", "7", 1_700_000_000), Err(Refusal::Mismatch));
        assert_eq!(ask("7.shop", "7.shop", 1_700_000_000), Err(Refusal::Encoding));
        assert_eq!(ask("7", "7", 1_700_000_301), Err(Refusal::Time));
    }
}
