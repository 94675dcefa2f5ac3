//! A function's settings from its environment. What is missing or wrong stops the function at its start,
//! where the deployment sees it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use tocsin_domain::pause::Limits;
use tocsin_domain::person::EmailAddress;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    #[error("the environment variable {0} is not set; template.yaml sets it")]
    Missing(&'static str),
    #[error("the environment variable {name} is {value:?}, but should be {expected}")]
    Wrong { name: &'static str, value: String, expected: &'static str },
}

/// What template.yaml tells every function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Begins the name of every queue, table and function of this installation.
    pub prefix: String,
    /// Where incidents, plans and the audit log are kept.
    pub home_region: String,
    /// Where this function runs.
    pub region: String,
    /// Every region with a people table and senders, the home region among them.
    pub regions: Vec<String>,
    pub vault_bucket: String,
    /// ARNs of the IAM principals who may put tenants.
    pub administrators: Vec<String>,
    /// Mails a second that may be handed over in each region, where the account's own quota is not lower.
    pub send_rate: u32,
    /// Text messages a second that may be handed over in each region.
    pub text_rate: u32,
    pub texts: TextProvider,
    /// How long evidence is waited for before a doubt is settled by policy.
    pub settling_time: SignedDuration,
    /// No `send` runs longer: a claim's lease is this and a margin.
    pub send_timeout: SignedDuration,
    /// Beyond which bounces or complaints a wave is paused.
    pub pause: Limits,
    /// `None` where nobody wants canaries.
    pub canary: Option<CanarySettings>,
}

/// How canaries are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanarySettings {
    /// One in this time, in each region.
    pub every: SignedDuration,
    /// An address of a domain that SES knows in every region.
    pub sender: String,
}

/// Who carries text messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextProvider {
    /// SNS `Publish`: whatever number the account has. Its reports are delivery logs, joined by the message's id.
    Sns,
    /// AWS End User Messaging `SendTextMessage`: its events carry our tags, and a text ends with its time.
    EndUserMessaging {
        /// The ARN of the number, pool or sender id that texts come from.
        origin: String,
    },
}

/// Ports that know the installation's settings.
pub trait Configured {
    fn settings(&self) -> &Settings;
}

impl Settings {
    /// For how long `send` waits for a provider's answer: a third of its time, for it must still write down how the call
    /// ended.
    pub fn answer_within(&self) -> SignedDuration {
        self.send_timeout / 3
    }

    pub fn read(environment: &BTreeMap<String, String>) -> Result<Self, SettingError> {
        let text = |name: &'static str| {
            environment
                .get(name)
                .filter(|value| !value.is_empty())
                .cloned()
                .ok_or(SettingError::Missing(name))
        };
        let number = |name: &'static str| {
            let value = text(name)?;
            match value.parse::<u32>() {
                Ok(number) if number > 0 => Ok(number),
                Ok(_) | Err(_) => {
                    Err(SettingError::Wrong { name, value, expected: "a whole number above 0" })
                }
            }
        };
        let list = |name: &'static str| {
            Ok(text(name)?.split(',').map(|part| part.trim().to_owned()).collect::<Vec<String>>())
        };
        let settings = Self {
            prefix: text("TOCSIN_PREFIX")?,
            home_region: text("TOCSIN_HOME_REGION")?,
            region: text("AWS_REGION")?,
            regions: list("TOCSIN_REGIONS")?,
            vault_bucket: text("TOCSIN_VAULT_BUCKET")?,
            administrators: list("TOCSIN_ADMINISTRATORS")?,
            send_rate: number("TOCSIN_SEND_RATE")?,
            text_rate: number("TOCSIN_TEXT_RATE")?,
            texts: text_provider(text("TOCSIN_TEXT_PROVIDER")?, text("TOCSIN_TEXT_ORIGIN"))?,
            settling_time: SignedDuration::from_secs(number("TOCSIN_SETTLE_SECONDS")?.into()),
            send_timeout: SignedDuration::from_secs(number("TOCSIN_SEND_TIMEOUT_SECONDS")?.into()),
            pause: Limits {
                bounces_per_mille: number("TOCSIN_PAUSE_BOUNCES_PER_MILLE")?,
                complaints_per_mille: number("TOCSIN_PAUSE_COMPLAINTS_PER_MILLE")?,
                sample: number("TOCSIN_PAUSE_SAMPLE")?,
            },
            canary: canary(text("TOCSIN_CANARY_MINUTES")?, text("TOCSIN_CANARY_SENDER"))?,
        };
        if !settings.regions.contains(&settings.home_region) {
            return Err(SettingError::Wrong {
                name: "TOCSIN_REGIONS",
                value: settings.regions.join(","),
                expected: "a list of regions with the home region in it",
            });
        }
        Ok(settings)
    }
}

fn text_provider(
    provider: String,
    origin: Result<String, SettingError>,
) -> Result<TextProvider, SettingError> {
    match (provider.as_str(), origin) {
        ("sns", Err(_)) => Ok(TextProvider::Sns),
        // Whoever names an origin means to send from it, and SNS would not.
        ("sns", Ok(value)) => {
            Err(SettingError::Wrong { name: "TOCSIN_TEXT_ORIGIN", value, expected: "empty with sns" })
        }
        ("end-user-messaging", origin) => match origin? {
            origin if origin.starts_with("arn:") => Ok(TextProvider::EndUserMessaging { origin }),
            value => Err(SettingError::Wrong { name: "TOCSIN_TEXT_ORIGIN", value, expected: "an ARN" }),
        },
        (_, _) => Err(SettingError::Wrong {
            name: "TOCSIN_TEXT_PROVIDER",
            value: provider,
            expected: "sns or end-user-messaging",
        }),
    }
}

/// No canaries by the word `0` alone.
fn canary(
    minutes: String,
    sender: Result<String, SettingError>,
) -> Result<Option<CanarySettings>, SettingError> {
    let every = match minutes.parse::<u32>() {
        Ok(0) => return Ok(None),
        Ok(minutes) => SignedDuration::from_mins(minutes.into()),
        Err(_) => {
            let expected = "a whole number of minutes, or 0 for no canaries";
            return Err(SettingError::Wrong { name: "TOCSIN_CANARY_MINUTES", value: minutes, expected });
        }
    };
    let sender = sender?;
    match sender.parse::<EmailAddress>() {
        Ok(_) => Ok(Some(CanarySettings { every, sender })),
        Err(_) => Err(SettingError::Wrong {
            name: "TOCSIN_CANARY_SENDER",
            value: sender,
            expected: "an e-mail address",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> BTreeMap<String, String> {
        [
            ("TOCSIN_PREFIX", "tocsin"),
            ("TOCSIN_HOME_REGION", "eu-central-1"),
            ("AWS_REGION", "us-east-1"),
            ("TOCSIN_REGIONS", "eu-central-1,us-east-1"),
            ("TOCSIN_VAULT_BUCKET", "tocsin-vault-123"),
            ("TOCSIN_ADMINISTRATORS", "arn:aws:iam::123456789012:role/tocsin-admin"),
            ("TOCSIN_SEND_RATE", "14"),
            ("TOCSIN_TEXT_RATE", "1"),
            ("TOCSIN_TEXT_PROVIDER", "sns"),
            ("TOCSIN_SETTLE_SECONDS", "900"),
            ("TOCSIN_SEND_TIMEOUT_SECONDS", "60"),
            ("TOCSIN_PAUSE_BOUNCES_PER_MILLE", "50"),
            ("TOCSIN_PAUSE_COMPLAINTS_PER_MILLE", "1"),
            ("TOCSIN_PAUSE_SAMPLE", "200"),
            ("TOCSIN_CANARY_MINUTES", "60"),
            ("TOCSIN_CANARY_SENDER", "canary@example.com"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    #[test]
    fn every_setting_is_needed() {
        assert!(Settings::read(&environment()).is_ok());
        for name in environment().keys() {
            let mut less = environment();
            less.remove(name);
            assert!(Settings::read(&less).is_err(), "{name}");
        }
    }

    #[test]
    fn texts_have_one_provider_and_its_origin() {
        const ORIGIN: &str = "arn:aws:sms-voice:us-east-1:111122223333:pool/pool-1";
        let texts = |provider: &str, origin: &str| {
            let mut environment = environment();
            environment.insert("TOCSIN_TEXT_PROVIDER".to_owned(), provider.to_owned());
            environment.insert("TOCSIN_TEXT_ORIGIN".to_owned(), origin.to_owned());
            Settings::read(&environment).map(|settings| settings.texts)
        };
        assert_eq!(texts("sns", ""), Ok(TextProvider::Sns));
        let chosen = TextProvider::EndUserMessaging { origin: ORIGIN.to_owned() };
        assert_eq!(texts("end-user-messaging", ORIGIN), Ok(chosen));
        for (provider, origin) in [
            ("", ""),
            ("pigeon", ""),
            ("sns", ORIGIN),
            ("end-user-messaging", ""),
            ("end-user-messaging", "+1"),
        ] {
            assert!(texts(provider, origin).is_err(), "{provider} {origin}");
        }
    }

    #[test]
    fn there_are_no_canaries_by_a_zero_alone() {
        let canary = |minutes: &str, sender: &str| {
            let mut environment = environment();
            environment.insert("TOCSIN_CANARY_MINUTES".to_owned(), minutes.to_owned());
            environment.insert("TOCSIN_CANARY_SENDER".to_owned(), sender.to_owned());
            Settings::read(&environment).map(|settings| settings.canary)
        };
        let sender = "canary@example.com";
        let hourly = CanarySettings { every: SignedDuration::from_hours(1), sender: sender.to_owned() };
        assert_eq!(canary("60", sender), Ok(Some(hourly)));
        assert_eq!((canary("0", sender), canary("0", "")), (Ok(None), Ok(None)));
        for (minutes, sender) in [("", sender), ("-1", sender), ("hourly", sender), ("60", ""), ("60", "us")]
        {
            assert!(canary(minutes, sender).is_err(), "{minutes} {sender}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for (name, value) in
            [("TOCSIN_SEND_RATE", "0"), ("TOCSIN_SEND_RATE", "many"), ("TOCSIN_REGIONS", "us-east-1")]
        {
            let mut wrong = environment();
            wrong.insert(name.to_owned(), value.to_owned());
            assert!(matches!(Settings::read(&wrong), Err(SettingError::Wrong { .. })), "{name}={value}");
        }
    }
}
