//! Where a notice may point to: the tenant's own pages and official agencies, and never to a place for secrets.

use super::Violation;
use crate::facts::NoticeFacts;
use crate::header::AgencyKind;
use crate::html::Link;
use crate::script::{is_hiragana, is_unspaced, is_wide_mark};
use crate::template::Template;

/// Words in an address that lead to a page for secrets, whatever the language.
const SECRET_WORDS: [&str; 28] = [
    "login",
    "log-in",
    "log_in",
    "logon",
    "signin",
    "sign-in",
    "sign_in",
    "anmelde",
    "anmeldung",
    "connexion",
    "identifier",
    "entrar",
    "iniciar-sesion",
    "accedi",
    "inloggen",
    "inloggning",
    "logga-in",
    "logowanie",
    "zaloguj",
    "password",
    "passwort",
    "contrasena",
    "wachtwoord",
    "haslo",
    "senha",
    "losenord",
    "token=",
    "session",
];

/// Path segments that are a customer's account.
const ACCOUNT_SEGMENTS: [&str; 10] = [
    "account",
    "compte",
    "conta",
    "cuenta",
    "konto",
    "mi-cuenta",
    "mijn-account",
    "mitt-konto",
    "moje-konto",
    "my-account",
];

/// The hosts that a notice may show.
pub struct Hosts(Vec<String>);

impl Hosts {
    /// The tenant's own host and those of the agencies that the letter names.
    pub fn of(template: &Template, regime: &str, facts: &NoticeFacts) -> Hosts {
        let mut hosts = vec![facts.merchant.website.trim().to_ascii_lowercase()];
        for kind in [
            AgencyKind::CreditAgency,
            AgencyKind::CreditReports,
            AgencyKind::NationalBody,
            AgencyKind::StateBody,
        ] {
            hosts.extend(template.agencies(regime, kind).map(|agency| agency.website.clone()));
        }
        Hosts(hosts)
    }

    /// The very host, or one below it.
    fn allow(&self, host: &str) -> bool {
        self.0.iter().any(|allowed| {
            host == allowed || host.strip_suffix(allowed.as_str()).is_some_and(|before| before.ends_with('.'))
        })
    }
}

/// The links of an HTML part: https, shown as they are, to an allowed host.
pub fn check_links(links: &[Link], hosts: &Hosts) -> Vec<Violation> {
    let mut violations = Vec::new();
    for link in links {
        match link.href.strip_prefix("https://") {
            Some(address) => violations.extend(check_address(address, hosts)),
            None => violations.push(Violation::LinkNotHttps),
        }
        if link.text.trim() != link.href {
            violations.push(Violation::LinkDisguised);
        }
    }
    violations
}

/// Everything in plain text that a mail program makes a link of.
pub fn check_text(text: &str, hosts: &Hosts) -> Vec<Violation> {
    let mut violations = Vec::new();
    // Japanese has no space behind an address, but a particle or a mark.
    let parts = |sign: char| sign.is_whitespace() || is_hiragana(sign) || is_wide_mark(sign);
    // Without a dot or a colon a word is no address.
    for word in text.split(parts).filter(|word| word.contains(['.', ':'])) {
        let word = word.trim_matches(|sign: char| !sign.is_alphanumeric() && sign != '/');
        let word = word.trim_start_matches('/');
        match word.trim_start_matches(is_unspaced).split_once("://") {
            Some(("https", address)) => violations.extend(check_address(address, hosts)),
            Some(_) => violations.push(Violation::LinkNotHttps),
            None if looks_like_address(word) => violations.extend(check_address(word, hosts)),
            None => {}
        }
    }
    violations
}

/// "shop.example" or "www.shop.example/page": labels of letters and digits, the last of at least two letters.
/// An e-mail address is none.
fn looks_like_address(word: &str) -> bool {
    let host = word.split(['/', '?', '#', ':']).next().unwrap_or(word);
    let Some((front, last)) = host.rsplit_once('.') else {
        return false;
    };
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|sign| sign.is_alphanumeric() || sign == '-');
    last.chars().count() >= 2 && last.chars().all(char::is_alphabetic) && front.split('.').all(is_label)
}

/// An address without its scheme.
fn check_address(address: &str, hosts: &Hosts) -> Vec<Violation> {
    let address = address.to_ascii_lowercase();
    let host = address.split(['/', '?', '#']).next().unwrap_or_default();
    let path = address.get(host.len()..).unwrap_or_default();
    let mut violations = Vec::new();
    if !hosts.allow(host) {
        violations.push(Violation::ForeignLink { host: host.chars().take(100).collect() });
    }
    let segments = path.split(['/', '?', '#']);
    if SECRET_WORDS.iter().any(|word| path.contains(word))
        || segments.into_iter().any(|segment| ACCOUNT_SEGMENTS.contains(&segment))
        || host.split('.').any(|label| matches!(label, "login" | "signin" | "account" | "accounts"))
    {
        violations.push(Violation::LoginLink);
    }
    violations
}
