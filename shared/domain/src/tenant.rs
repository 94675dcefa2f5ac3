//! A tenant: one merchant, its legal entity, and what its administrators decided beforehand.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::escalation::Escalation;
use crate::id::TenantId;
use crate::link::Details;
use crate::person::{AddressError, EmailAddress, Jurisdiction};
use crate::signal::{Hints, Severity};
use crate::window::SendingWindow;

/// Routes are written together with the settings, in one transaction.
const MOST_ROUTES: usize = 90;

/// A tenant's settings. Every field is given: there are no defaults for law, money or people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    pub platform: Platform,
    pub controller: Controller,
    /// How a signal finds this tenant. A route belongs to one tenant alone.
    pub routes: Routes,
    /// Where this tenant's customer data lies, and which.
    pub datasets: Vec<Dataset>,
    pub triage: TriagePolicy,
    /// In which region the people of a jurisdiction are kept and served.
    pub residency: Residency,
    pub senders: Senders,
    /// Who may do what, by the ARN of the IAM principal.
    pub roles: BTreeMap<String, Vec<Role>>,
    /// How many distinct approvers a plan needs.
    pub approvals_needed: u32,
    /// Within how many minutes approvals are expected: whether a plan can be carried out in time is reckoned from then on.
    pub approval_minutes: u32,
    /// A small share of a large wave goes first.
    pub canary: Canary,
    /// More bad rows than this share of a manifest, in thousandths, block the plan.
    pub reject_limit_per_mille: u32,
    /// Bodies to which a notice can go by e-mail or webhook.
    pub contacts: Vec<Contact>,
    /// Who is told when something waits for a person.
    pub escalation: Escalation,
    /// What is said to people, approved beforehand, by language.
    pub wording: BTreeMap<String, Wording>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    ShopifyPlus,
    Magento,
}

/// The legal entity that owes the notices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    pub legal_name: String,
    pub country: String,
    /// IANA name, such as `Europe/Berlin`.
    pub time_zone: String,
    pub eu_main_establishment: Option<String>,
    pub eu_representative: Option<String>,
    #[serde(default)]
    pub sectors: Vec<String>,
    /// Within how many hours an acquirer's contract asks for word of a breach, by card brand, where it is not the brand's
    /// own term: 24 for `visa`.
    #[serde(default)]
    pub acquirer_hours: BTreeMap<String, u32>,
    /// Line by line.
    pub postal_address: Vec<String>,
    pub email: String,
    /// Free of charge for its readers where the law says so.
    pub phone: Option<String>,
    pub privacy_officer: Option<PrivacyOfficer>,
    /// Parent or affiliated company, which Massachusetts wants named.
    #[serde(default)]
    pub affiliate: Option<String>,
    /// The free service against identity theft that people are offered where numbers leaked by which somebody could take on
    /// their identity. Some states want one, for so many months.
    #[serde(default)]
    pub identity_services: Option<IdentityServices>,
    /// Host name of the shop: notices point there and nowhere else.
    pub website: String,
    /// The page on that host where the full notice stands and its reference can be checked.
    pub notice_page: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityServices {
    /// The company that renders it.
    pub provider: String,
    pub months: u16,
    /// The number to call to take it up.
    pub phone: String,
}

/// The data protection officer, or whoever answers questions about personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacyOfficer {
    pub name: String,
    pub email: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Routes {
    pub shop_domains: Vec<String>,
    pub buckets: Vec<String>,
    pub accounts: Vec<String>,
}

impl Routes {
    /// (kind, value) of each route.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.shop_domains
            .iter()
            .map(|value| ("shop", value.as_str()))
            .chain(self.buckets.iter().map(|value| ("bucket", value.as_str())))
            .chain(self.accounts.iter().map(|value| ("account", value.as_str())))
    }
}

/// The routes that a signal's hints could follow, the narrowest kind first: a bucket or a shop belongs to one
/// merchant, an account may hold several.
pub fn routes_of(hints: &Hints) -> impl Iterator<Item = (&'static str, &str)> {
    hints
        .buckets
        .iter()
        .map(|value| ("bucket", value.as_str()))
        .chain(hints.shop_domains.iter().map(|value| ("shop", value.as_str())))
        .chain(hints.accounts.iter().map(|value| ("account", value.as_str())))
}

/// Customer data at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    pub name: String,
    /// The bucket whose exposure exposes this dataset.
    pub bucket: String,
    /// The list of the people whose data lies there, as a key in the vault under the tenant's own prefix.
    pub manifest: String,
    pub format: ManifestFormat,
    /// Kinds of data, in the law's words: `email`, `order_history`, ...
    pub data: Vec<String>,
    /// Card brands in it, where payment cards are.
    #[serde(default)]
    pub card_brands: Vec<String>,
    pub encrypted: bool,
    /// What a person judged beforehand: the risk to people when this data leaks.
    pub risk: Risk,
    /// Whether significant or serious harm is then likely, which the laws of some countries ask; `None` where nobody
    /// has judged it.
    #[serde(default)]
    pub significant_harm: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManifestFormat {
    Csv,
    JsonLines,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    None,
    Risk,
    High,
}

impl Risk {
    pub fn as_str(self) -> &'static str {
        match self {
            Risk::None => "none",
            Risk::Risk => "risk",
            Risk::High => "high",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriagePolicy {
    /// A signal this severe, or more, opens an incident.
    pub opens_at: Severity,
    /// A signal joins an incident that was opened at most this many hours before.
    pub joins_within_hours: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residency {
    /// By jurisdiction (`US-CA`) or country (`US`).
    pub regions: BTreeMap<String, String>,
    /// Where everybody else is kept, those of unknown residence among them.
    pub otherwise: String,
    /// By region: from which others its notices may be sent while it cannot carry them, the preferred one first. Its
    /// people stay at rest where they are. A region that is not named here is sent from nowhere else.
    #[serde(default)]
    pub may_send_from: BTreeMap<String, Vec<String>>,
}

impl Residency {
    pub fn region_of(&self, residence: Option<&Jurisdiction>) -> &str {
        residence
            .and_then(|home| self.regions.get(home.as_str()).or_else(|| self.regions.get(home.country())))
            .unwrap_or(&self.otherwise)
    }

    /// Every region in which people of the tenant can be, once each.
    pub fn all(&self) -> BTreeSet<&str> {
        self.regions.values().chain([&self.otherwise]).map(String::as_str).collect()
    }

    /// The other regions from which a region's notices may be sent, the preferred one first.
    pub fn may_send_from(&self, region: &str) -> &[String] {
        self.may_send_from.get(region).map(Vec::as_slice).unwrap_or_default()
    }

    fn problems(&self) -> Vec<String> {
        let kept = self.all();
        let mut problems = Vec::new();
        for (region, others) in &self.may_send_from {
            let named = format!("residency.may_send_from of {region}");
            if !kept.contains(region.as_str()) {
                problems.push(format!("{named}: the residency keeps nobody there"));
            }
            if others.contains(region) {
                problems.push(format!("{named} names the region itself"));
            }
            if others.iter().collect::<BTreeSet<_>>().len() < others.len() {
                problems.push(format!("{named} names a region twice"));
            }
        }
        problems
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Senders {
    /// `Name <address>` or an address of a domain that SES has verified for this tenant.
    pub email_from: String,
    /// The hours of a person's day at which a mail may reach them: `always`, or `08:00-21:00`.
    pub email_window: SendingWindow,
    /// The same for text messages: nobody is woken.
    pub sms_window: SendingWindow,
    /// Whether customers agreed to get notices electronically, as United States law asks (15 U.S.C. 7001).
    pub esign_consent: bool,
    /// Domains at which the enterprise gives people mailboxes: where credentials leaked, some laws forbid a notice to such a
    /// mailbox.
    #[serde(default)]
    pub mailbox_domains: Vec<String>,
    /// Whether people without a usable e-mail address get a text message.
    pub sms: bool,
    /// Whether such a message links to the reader's own notice; `None`: it names the page where the full notice stands. Who
    /// was read before this was set gets a link once the evidence is read anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
    /// Whether people whom neither reaches get a letter by the tenant's print house.
    #[serde(default)]
    pub letters: bool,
    /// Whether people without any of these find the notice in the shop's inbox.
    pub in_app: bool,
}

impl Senders {
    /// The address in `email_from`.
    pub fn email_address(&self) -> Result<EmailAddress, AddressError> {
        let named = self.email_from.rsplit_once('<').and_then(|(_, behind)| behind.strip_suffix('>'));
        named.unwrap_or(&self.email_from).parse()
    }
}

/// How much of a wave goes first, to learn from its receipts before the rest goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// Waves to more people than this have one.
    pub above: u32,
    /// In thousandths of the wave's people; 0: no wave has a canary.
    pub share_per_mille: u32,
    /// For how long its receipts are waited for, once it has gone.
    pub minutes: u32,
}

impl Canary {
    /// How many of a wave's people go first; 0 where all go together.
    pub fn of(&self, people: usize) -> usize {
        if people <= self.above as usize || self.share_per_mille >= 1000 {
            return 0;
        }
        let share = people as u128 * u128::from(self.share_per_mille);
        usize::try_from(share.div_ceil(1000)).unwrap_or(0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Viewer,
    Responder,
    Approver,
    Counsel,
    Auditor,
    Administrator,
}

/// A body to which a notice can go: by signed webhook where they have an endpoint, else by e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    pub name: String,
    /// The regime and jurisdiction whose filing goes there.
    pub regime: String,
    pub jurisdiction: String,
    #[serde(default)]
    pub email: Option<String>,
    /// Where they take webhooks after Standard Webhooks, signed with the tenant's secret `partner-NAME`.
    #[serde(default)]
    pub webhook: Option<String>,
    /// What mail to them is encrypted to. Where there is one, nothing goes to them by mail in plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    pub language: String,
}

/// A key that a body publishes for mail to it. Whether it can be used, `tocsin_sealed` says: when the settings are put, and
/// again when a mail goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    pub kind: SealKind,
    /// As it is published: an armored OpenPGP certificate, or an X.509 certificate in PEM.
    pub key: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SealKind {
    OpenPgp,
    Smime,
}

impl Contact {
    fn problems(&self) -> impl Iterator<Item = String> {
        let email = self.email.as_ref().and_then(|email| email.parse::<EmailAddress>().err());
        let webhook = self.webhook.as_ref().and_then(|webhook| webhook.parse::<Endpoint>().err());
        let nameless = self.webhook.is_some() && !is_secrets_name(&self.name);
        let nowhere = self.email.is_none() && self.webhook.is_none();
        let no_mail = self.encryption.is_some() && self.email.is_none();
        let further = [
            (nameless, "with a webhook, the name may hold a-z, 0-9 and - alone: a secret is named after it"),
            (nowhere, "neither an e-mail address nor a webhook is given"),
            (no_mail, "a key is given to encrypt mail to, and no e-mail address"),
        ];
        let further = further.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what.to_owned());
        email
            .map(|error| error.to_string())
            .into_iter()
            .chain(webhook.map(|error| error.to_string()))
            .chain(further)
    }
}

fn is_secrets_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Where a partner takes webhooks: HTTPS to a host by its name. That the name leads to a public address is looked at when
/// it is asked for, because names move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("the webhook is not https://")]
    NotHttps,
    #[error("the webhook's host is not a public name with a dot in it, or stands behind a user's name")]
    Host,
    #[error("the webhook's port or path holds what does not belong there")]
    Rest,
}

impl Endpoint {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let rest = text.strip_prefix("https://").ok_or(EndpointError::NotHttps)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
        let plain = idna::domain_to_ascii_strict(host).is_ok_and(|ascii| ascii == host);
        // An address in figures has no letters at its end; names under these are nobody's in public.
        let top = host
            .rsplit_once('.')
            .map(|(_, top)| top)
            .filter(|top| top.bytes().any(|b| b.is_ascii_alphabetic()));
        let private = ["local", "localhost", "internal", "home", "lan", "arpa", "onion"];
        if !plain || top.is_none_or(|top| private.contains(&top)) {
            return Err(EndpointError::Host);
        }
        let lawful = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'#');
        if port.parse::<u16>().is_err() || !path.bytes().all(lawful) {
            return Err(EndpointError::Rest);
        }
        Ok(Self(text.to_owned()))
    }
}

/// One language's blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    pub what_happened: String,
    pub consequences: String,
    pub measures: String,
    pub advice: String,
    /// For filings: whether, when and how the people concerned are told.
    #[serde(default)]
    pub communication: Option<String>,
    /// What brought the incident about, where a law asks for that by itself (Japan).
    #[serde(default)]
    pub cause: Option<String>,
    /// Who got the data, as far as known (South Africa).
    #[serde(default)]
    pub recipients: Option<String>,
    /// What else readers should know (Japan).
    #[serde(default)]
    pub other: Option<String>,
}

/// The entry of a list of principals that a caller stands under: their own ARN, or that of the role whose session they
/// are in. A session's name is chosen by whoever opens it, so two sessions under one role's entry are one person.
///
/// API Gateway names a session `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, without the role's path:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
pub fn listed<'a>(principal: &str, list: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (mut itself, mut by_role) = (None, None);
    for entry in list {
        if entry == principal {
            itself = Some(entry);
        } else if role_of(principal).is_some_and(|role| is_role(entry, role)) {
            by_role = Some(entry);
        }
    }
    itself.or(by_role)
}

/// The account and the role's name of a session.
fn role_of(principal: &str) -> Option<(&str, &str)> {
    match principal.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", _, "sts", "", account, resource] => {
            let (role, _session) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
            Some((account, role))
        }
        _ => None,
    }
}

fn is_role(entry: &str, (account, role): (&str, &str)) -> bool {
    match entry.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", _, "iam", "", of, resource] => {
            of == account
                && resource.strip_prefix("role/").is_some_and(|path| path.rsplit('/').next() == Some(role))
        }
        _ => false,
    }
}

impl Tenant {
    /// The entry of the tenant's roles that a caller stands under: who they are to this tenant.
    pub fn standing_of(&self, principal: &str) -> Option<&str> {
        listed(principal, self.roles.keys().map(String::as_str))
    }

    pub fn may(&self, principal: &str, role: Role) -> bool {
        self.standing_of(principal).is_some_and(|entry| self.has(entry, role))
    }

    /// Whether an entry of the tenant's roles has this one.
    pub fn has(&self, entry: &str, role: Role) -> bool {
        self.roles.get(entry).is_some_and(|roles| roles.contains(&role))
    }

    /// What is wrong with the settings, for the administrator who wrote them. Empty when nothing is.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let approvers = self.roles.values().filter(|roles| roles.contains(&Role::Approver)).count();
        if self.approvals_needed == 0 {
            problems.push("approvals_needed is 0: nothing may be sent without an approval".to_owned());
        }
        if approvers < self.approvals_needed as usize {
            problems.push(format!(
                "{} approvals are needed, but {approvers} people have the role",
                self.approvals_needed
            ));
        }
        if jiff::tz::TimeZone::get(&self.controller.time_zone).is_err() {
            problems.push(format!(
                "controller.time_zone {:?} is not an IANA time zone",
                self.controller.time_zone
            ));
        }
        for dataset in &self.datasets {
            let own = format!("{}/", self.id);
            if !dataset.manifest.starts_with(&own) || dataset.manifest.contains("..") {
                problems.push(format!("dataset {}: the manifest has to lie under {own}", dataset.name));
            }
            if dataset.data.is_empty() {
                problems.push(format!("dataset {}: data names no kind of data", dataset.name));
            }
        }
        for contact in &self.contacts {
            problems.extend(contact.problems().map(|problem| format!("contact {}: {problem}", contact.name)));
        }
        let repeated = |what: &str, names: Vec<&String>| {
            let distinct: BTreeSet<&&String> = names.iter().collect();
            (distinct.len() < names.len()).then(|| format!("two {what} have the same name"))
        };
        problems.extend(repeated("datasets", self.datasets.iter().map(|dataset| &dataset.name).collect()));
        problems.extend(repeated("contacts", self.contacts.iter().map(|contact| &contact.name).collect()));
        if self.routes.all().count() > MOST_ROUTES {
            problems.push(format!("more than {MOST_ROUTES} routes: one transaction does not hold them"));
        }
        let details = self.senders.details.iter();
        let wrong = details.flat_map(|details| details.problems(&self.controller.website));
        problems.extend(wrong.map(str::to_owned));
        problems.extend(self.residency.problems());
        problems.extend(self.escalation.problems());
        if !self.wording.contains_key("en") {
            problems.push("wording has no block for en, the language that stands in for others".to_owned());
        }
        problems
    }
}

/// Whether all that leaked was encrypted. Of no dataset nothing is known, so that is none.
pub fn all_encrypted<'a>(datasets: impl IntoIterator<Item = &'a Dataset>) -> bool {
    let mut datasets = datasets.into_iter().peekable();
    datasets.peek().is_some() && datasets.all(|dataset| dataset.encrypted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_no_dataset_nothing_is_encrypted() {
        let dataset = |encrypted: bool| -> Dataset {
            serde_json::from_value(serde_json::json!({
                "name": "a", "bucket": "b", "manifest": "t/a.csv", "format": "csv", "data": ["name"],
                "encrypted": encrypted, "risk": "none",
            }))
            .unwrap()
        };
        for (datasets, all) in [(vec![], false), (vec![true], true), (vec![true, false], false)] {
            let datasets: Vec<Dataset> = datasets.into_iter().map(dataset).collect();
            assert_eq!(all_encrypted(&datasets), all);
        }
    }

    #[test]
    fn a_session_stands_under_its_role_and_two_sessions_under_one_entry() {
        let role = "arn:aws:iam::111122223333:role/team/Approvers";
        let session = |name: &str| format!("arn:aws:sts::111122223333:assumed-role/Approvers/{name}");
        let own = session("ada");
        let list = [role, own.as_str(), "arn:aws:iam::111122223333:user/bo"];
        assert_eq!(listed(&own, list), Some(own.as_str()));
        assert_eq!(listed(&session("cy"), list), Some(role));
        assert_eq!(listed("arn:aws:iam::111122223333:user/bo", list), Some(list[2]));
        for stranger in [
            "arn:aws:sts::999999999999:assumed-role/Approvers/ada",
            "arn:aws:sts::111122223333:assumed-role/Approver/ada",
            "arn:aws:sts::111122223333:federated-user/ada",
            "arn:aws:iam::111122223333:user/ada",
            "",
        ] {
            assert_eq!(listed(stranger, list), None, "{stranger}");
        }
    }

    #[test]
    fn an_endpoint_is_a_public_name_over_https() {
        for good in [
            "https://acquirer.example/hooks",
            "https://a.b.example:8443/x?y=1",
            "https://xn--bcher-kva.example",
        ] {
            assert_eq!(good.parse::<Endpoint>().unwrap().as_str(), good);
        }
        for (bad, why) in [
            ("http://acquirer.example/", EndpointError::NotHttps),
            ("https://127.0.0.1/", EndpointError::Host),
            ("https://2130706433/", EndpointError::Host),
            ("https://0x7f.1/", EndpointError::Host),
            ("https://[::1]/", EndpointError::Host),
            ("https://localhost/", EndpointError::Host),
            ("https://metadata.google.internal/", EndpointError::Host),
            ("https://acquirer.example@evil.example/", EndpointError::Host),
            ("https://Acquirer.example/", EndpointError::Host),
            ("https://acquirer.example:port/", EndpointError::Rest),
            ("https://acquirer.example:443@evil.example/", EndpointError::Rest),
            ("https://acquirer.example/a b", EndpointError::Rest),
            ("https://acquirer.example/\r\nHost: evil", EndpointError::Rest),
        ] {
            assert_eq!(bad.parse::<Endpoint>(), Err(why), "{bad}");
        }
    }

    #[test]
    fn a_contact_with_a_key_has_an_address_that_mail_goes_to() {
        let contact = |more: serde_json::Value| -> Contact {
            let mut contact = serde_json::json!({
                "name": "dpa", "regime": "eu-gdpr-authority", "jurisdiction": "DE", "language": "en",
                "webhook": "https://hooks.authority.example/",
            });
            contact.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value(contact).unwrap()
        };
        let key = serde_json::json!({ "kind": "openpgp", "key": "..." });
        for (more, problems) in [
            (serde_json::json!({}), 0),
            (serde_json::json!({ "encryption": key, "email": "filings@authority.example" }), 0),
            (serde_json::json!({ "encryption": key }), 1),
        ] {
            let contact = contact(more.clone());
            assert_eq!(contact.problems().count(), problems, "{more}");
            let written = serde_json::to_value(&contact).unwrap();
            assert_eq!(written.get("encryption"), more.get("encryption"));
        }
    }

    #[test]
    fn a_canary_is_a_share_of_a_large_wave_and_never_the_whole() {
        let canary = Canary { above: 1000, share_per_mille: 10, minutes: 30 };
        for (people, expected) in [(0, 0), (1000, 0), (1001, 11), (100_000, 1000)] {
            assert_eq!(canary.of(people), expected, "{people}");
        }
        for share_per_mille in [0, 1000, u32::MAX] {
            assert_eq!(Canary { share_per_mille, ..canary }.of(5000), 0, "{share_per_mille}");
        }
    }

    #[test]
    fn the_state_decides_before_the_country_and_the_rest_goes_home() {
        let residency = Residency {
            regions: BTreeMap::from([
                ("US".to_owned(), "us-east-1".to_owned()),
                ("US-CA".to_owned(), "us-west-2".to_owned()),
            ]),
            otherwise: "eu-central-1".to_owned(),
            may_send_from: BTreeMap::new(),
        };
        let region =
            |country, province| residency.region_of(Jurisdiction::of(country, province).as_ref()).to_owned();
        assert_eq!(region("US", "CA"), "us-west-2");
        assert_eq!(region("US", "NY"), "us-east-1");
        assert_eq!(region("DE", ""), "eu-central-1");
        assert_eq!(region("US", ""), "eu-central-1");
    }

    #[test]
    fn a_region_is_sent_from_others_that_are_named_for_it_alone() {
        let problems = |region: &str, others: &[&str]| {
            let others = others.iter().map(|other| (*other).to_owned()).collect();
            let residency = Residency {
                regions: BTreeMap::from([("US".to_owned(), "us-east-1".to_owned())]),
                otherwise: "eu-central-1".to_owned(),
                may_send_from: BTreeMap::from([(region.to_owned(), others)]),
            };
            let nowhere: &[String] = &[];
            assert_eq!(residency.may_send_from("af-south-1"), nowhere);
            residency.problems().join("; ")
        };
        for (region, others, expected) in [
            ("eu-central-1", &["eu-west-1", "us-east-1"][..], ""),
            ("us-east-1", &[], ""),
            ("sa-east-1", &["us-east-1"], "keeps nobody there"),
            ("eu-central-1", &["eu-west-1", "eu-central-1"], "names the region itself"),
            ("eu-central-1", &["eu-west-1", "eu-west-1"], "names a region twice"),
        ] {
            let found = problems(region, others);
            assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{found}");
        }
    }
}
