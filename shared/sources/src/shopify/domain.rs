use std::fmt;

use super::DeliveryError;

/// A shop: `name.myshopify.com`, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShopDomain(String);

impl ShopDomain {
    /// Exactly one label of letters, digits and dashes before `.myshopify.com`; nothing around it.
    pub fn parse(text: &str) -> Result<Self, DeliveryError> {
        let text = text.to_ascii_lowercase();
        let name = text.strip_suffix(".myshopify.com").ok_or(DeliveryError::ShopDomain)?;
        let lawful = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        // 63 bytes is the longest label of a host name (RFC 1035, section 2.3.4).
        if name.is_empty() || name.len() > 63 || name.starts_with('-') || !name.bytes().all(lawful) {
            return Err(DeliveryError::ShopDomain);
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShopDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shops_are_one_label_under_myshopify() {
        for good in ["lamp-store.myshopify.com", "LAMP-Store.myshopify.com", "9.myshopify.com"] {
            assert_eq!(ShopDomain::parse(good).unwrap().as_str(), good.to_lowercase());
        }
        for bad in [
            "",
            "lamps.com",
            "myshopify.com",
            ".myshopify.com",
            "-a.myshopify.com",
            "a.b.myshopify.com",
            "a.myshopify.com.evil.example",
            "evil.example/a.myshopify.com",
            "evil.example#.myshopify.com",
            "a.myshopify.com\n",
            " a.myshopify.com",
            "https://a.myshopify.com",
            "a.myshopify.com:443",
            "a.myshopify.com/",
            "a_b.myshopify.com",
            "ä.myshopify.com",
            "a.myshopify.io",
        ] {
            assert_eq!(ShopDomain::parse(bad), Err(DeliveryError::ShopDomain), "{bad:?}");
        }
    }
}
