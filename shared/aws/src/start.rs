//! Clients for everything, made when a function starts.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use tocsin_ports::{Configured, Key, Metered, PortError, SettingError, Settings, TextProvider, Usage};

use crate::http::{http_client, unpooled_http_client};
use crate::mail::Post;
use crate::names;
use crate::partners::Hooks;
use crate::queues::Queues;
use crate::secrets::Secrets;
use crate::table::{Meter, Table};
use crate::text::Texts;
use crate::vault::Vault;

/// How long one try of a call to a table, a queue or the secrets may take.
const TRY: Duration = Duration::from_secs(10);

/// How long one try of a whole file may take.
const FILE_TRY: Duration = Duration::from_mins(1);

/// Every port on AWS.
pub struct Aws {
    pub(crate) settings: Settings,
    pub(crate) home: Table,
    /// By region.
    pub(crate) people: BTreeMap<String, Table>,
    pub(crate) queues: Queues,
    pub(crate) vault: Vault,
    pub(crate) secrets: Secrets,
    pub(crate) post: Post,
    pub(crate) texts: Texts,
    /// SES of every region, for questions about the account.
    ses: BTreeMap<String, aws_sdk_sesv2::Client>,
    pub(crate) hooks: Hooks,
    /// For alerts, whose targets settings name.
    pub(crate) sdk: SdkConfig,
    meter: Meter,
}

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(
        "the table {table} in {region} cannot be read ({error}). Deploy template.yaml there, or correct \
         TOCSIN_PREFIX and TOCSIN_HOME_REGION; the role needs dynamodb:GetItem on the table"
    )]
    HomeTable { table: String, region: String, error: PortError },
}

impl Aws {
    /// Reads the settings from the environment, makes the clients, and reads once from the home table: a wrong
    /// name or role shows here, and the first event finds TLS warm.
    pub async fn from_env() -> Result<Self, StartError> {
        let aws = Self::new(Settings::read(&environment())?).await;
        let nothing = Key::read_back("@start".to_owned(), "@start".to_owned());
        match aws.home.get(&nothing).await {
            Ok(_) => Ok(aws),
            Err(error) => {
                let (table, region) = (aws.home.name, aws.settings.home_region);
                Err(StartError::HomeTable { table, region, error })
            }
        }
    }

    async fn new(settings: Settings) -> Self {
        let sdk = sdk_config(&settings.region).await;
        let meter = Meter::default();
        let table = |region: &str, name: String| {
            let config = aws_sdk_dynamodb::config::Builder::from(&sdk).region(Region::new(region.to_owned()));
            let client = aws_sdk_dynamodb::Client::from_conf(config.build());
            Table { client, name, meter: Rc::clone(&meter) }
        };
        let home = table(&settings.home_region, names::home_table(&settings.prefix));
        let people = |region: &String| (region.clone(), table(region, names::people_table(&settings.prefix)));
        let people = settings.regions.iter().map(people).collect();
        Self {
            home,
            people,
            queues: Queues::new(queue_clients(&sdk, &settings), Rc::clone(&meter)),
            vault: Vault { client: vault_client(&sdk, &settings), bucket: settings.vault_bucket.clone() },
            secrets: Secrets::new(secrets_client(&sdk, &settings)),
            post: Post {
                client: mail_client(&sdk, answer_time(&settings)),
                configuration_set: names::configuration_set(&settings.prefix, &settings.region),
                meter: Rc::clone(&meter),
            },
            texts: texts(&sdk, &settings),
            ses: ses_clients(&sdk, &settings),
            hooks: Hooks::new(answer_time(&settings)),
            sdk,
            meter,
            settings,
        }
    }

    /// SES of a region, for questions.
    pub(crate) fn ses(&self, region: &str) -> Result<&aws_sdk_sesv2::Client, PortError> {
        self.ses.get(region).ok_or_else(|| {
            PortError(format!("{region} is not a region of this installation: see TOCSIN_REGIONS"))
        })
    }
}

impl Metered for Aws {
    fn usage(&self) -> Usage {
        self.meter.get()
    }
}

impl Configured for Aws {
    fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// Region, credentials and endpoints from the environment; one HTTP client; quick retries, for a function pays
/// while it waits.
pub(crate) async fn sdk_config(region: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .http_client(http_client())
        .retry_config(
            RetryConfig::standard()
                .with_initial_backoff(Duration::from_millis(50))
                .with_max_backoff(Duration::from_secs(1)),
        )
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(TRY).build())
        .load()
        .await
}

/// SES in this function's own region. Never a retry, never a kept connection, and an answer or none well before
/// the function's end.
pub(crate) fn mail_client(sdk: &SdkConfig, answer_within: Duration) -> aws_sdk_sesv2::Client {
    let config = aws_sdk_sesv2::config::Builder::from(sdk)
        .http_client(unpooled_http_client())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(answer_within).build());
    aws_sdk_sesv2::Client::from_conf(config.build())
}

/// SNS in this function's own region, in the same way.
pub(crate) fn text_client(sdk: &SdkConfig, answer_within: Duration) -> aws_sdk_sns::Client {
    let config = aws_sdk_sns::config::Builder::from(sdk)
        .http_client(unpooled_http_client())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(answer_within).build());
    aws_sdk_sns::Client::from_conf(config.build())
}

/// End User Messaging in this function's own region, in the same way.
pub(crate) fn sms_voice_client(
    sdk: &SdkConfig,
    answer_within: Duration,
) -> aws_sdk_pinpointsmsvoicev2::Client {
    let config = aws_sdk_pinpointsmsvoicev2::config::Builder::from(sdk)
        .http_client(unpooled_http_client())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(answer_within).build());
    aws_sdk_pinpointsmsvoicev2::Client::from_conf(config.build())
}

fn texts(sdk: &SdkConfig, settings: &Settings) -> Texts {
    match &settings.texts {
        TextProvider::Sns => Texts::Sns(text_client(sdk, answer_time(settings))),
        TextProvider::EndUserMessaging { origin } => Texts::EndUserMessaging {
            client: sms_voice_client(sdk, answer_time(settings)),
            origin: origin.clone(),
            configuration_set: names::configuration_set(&settings.prefix, &settings.region),
        },
    }
}

fn answer_time(settings: &Settings) -> Duration {
    settings.answer_within().unsigned_abs()
}

/// In every region that has queues of ours, this function's own among them.
fn queue_clients(sdk: &SdkConfig, settings: &Settings) -> BTreeMap<String, aws_sdk_sqs::Client> {
    let regions: BTreeSet<&String> = settings.regions.iter().chain([&settings.region]).collect();
    let client = |region: &String| {
        let config = aws_sdk_sqs::config::Builder::from(sdk).region(Region::new(region.clone()));
        (region.clone(), aws_sdk_sqs::Client::from_conf(config.build()))
    };
    regions.into_iter().map(client).collect()
}

/// They only ask, and may ask again.
fn ses_clients(sdk: &SdkConfig, settings: &Settings) -> BTreeMap<String, aws_sdk_sesv2::Client> {
    let client = |region: &String| {
        let config = aws_sdk_sesv2::config::Builder::from(sdk).region(Region::new(region.clone()));
        (region.clone(), aws_sdk_sesv2::Client::from_conf(config.build()))
    };
    settings.regions.iter().map(client).collect()
}

/// A local endpoint has no name for each bucket, so the bucket goes into the path there.
fn vault_client(sdk: &SdkConfig, settings: &Settings) -> aws_sdk_s3::Client {
    let own_endpoint =
        ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"].iter().any(|name| std::env::var_os(name).is_some());
    let config = aws_sdk_s3::config::Builder::from(sdk)
        .region(Region::new(settings.home_region.clone()))
        .force_path_style(own_endpoint)
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(FILE_TRY).build());
    aws_sdk_s3::Client::from_conf(config.build())
}

fn secrets_client(sdk: &SdkConfig, settings: &Settings) -> aws_sdk_secretsmanager::Client {
    let config =
        aws_sdk_secretsmanager::config::Builder::from(sdk).region(Region::new(settings.home_region.clone()));
    aws_sdk_secretsmanager::Client::from_conf(config.build())
}

/// What is not UTF-8 is no setting of ours.
fn environment() -> BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}
