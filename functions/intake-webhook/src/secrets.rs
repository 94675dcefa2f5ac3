//! The tenant's webhook secrets: JSON under the name `webhook-SOURCE`, newest key first.

use std::str::FromStr;

use tocsin_domain::outcome::{Halt, Parked};
use tocsin_ports::{ReadSecrets, TenantScope};
use tocsin_sources::webhook::{HmacKey, KeyError, Secrets, Tolerance};

/// Who may post, by the last part of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Shopify,
    Stripe,
    Adyen,
    /// A source of the merchant's own, signed after Standard Webhooks.
    Generic,
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Source::Shopify => "shopify",
            Source::Stripe => "stripe",
            Source::Adyen => "adyen",
            Source::Generic => "generic",
        }
    }
}

impl FromStr for Source {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Source::Shopify, Source::Stripe, Source::Adyen, Source::Generic]
            .into_iter()
            .find(|source| source.as_str() == text)
            .ok_or(())
    }
}

/// `None` where the tenant has no secret for this source: nothing can then be verified.
pub async fn of_tenant(
    ports: &impl ReadSecrets,
    claimed: &TenantScope,
    source: Source,
) -> Result<Option<Secrets>, Halt> {
    let Some(secret) = ports.secret(claimed, &format!("webhook-{}", source.as_str())).await? else {
        return Ok(None);
    };
    let unusable = || {
        let detail =
            format!("the secret webhook-{} is not {{\"keys\": [...]}} with usable keys", source.as_str());
        Halt::from(Parked::Settings { detail })
    };
    let keys = secret.keys().ok_or_else(unusable)?;
    let read = |key: fn(&str) -> Result<HmacKey, KeyError>| {
        keys.iter().map(|text| key(text)).collect::<Result<Vec<HmacKey>, KeyError>>().map_err(|_| unusable())
    };
    let secrets = match source {
        Source::Shopify => Secrets::Shopify { keys: read(HmacKey::from_text)? },
        Source::Stripe => Secrets::Stripe { keys: read(HmacKey::from_text)?, tolerance: Tolerance::USUAL },
        Source::Adyen => Secrets::Adyen { keys: read(HmacKey::from_hex)? },
        Source::Generic => {
            Secrets::Standard { keys: read(HmacKey::from_standard)?, tolerance: Tolerance::USUAL }
        }
    };
    Ok(Some(secrets))
}
