//! Where a notice may point to: the page of the full notice, the tenant's home page and those of official agencies, and
//! nowhere else.

use std::borrow::Cow;

use super::Violation;
use crate::clean::has_unseen;
use crate::facts::NoticeFacts;
use crate::header::AgencyKind;
use crate::html::Document;
use crate::render::Email;
use crate::script::{is_hiragana, is_unspaced, is_wide_mark, narrow};
use crate::sms::spelt;
use crate::template::Template;
use tocsin_domain::link::LinkCode;

/// What may stand between an address and the space behind it.
const CLOSING: &str = ".,;:!?)]}>\"'»”’“…";

/// The places that a notice may show.
pub struct Hosts {
    /// The page of the full notice, and how a text message spells it.
    pages: Vec<String>,
    /// Where the tenant can be written to.
    mailboxes: Vec<String>,
    /// The tenant's host; nothing is below an empty one.
    website: String,
    /// The hosts whose home pages may be shown.
    homes: Vec<String>,
}

impl Hosts {
    /// The tenant's own and those of the agencies that the letter names.
    pub fn of(template: &Template, regime: &str, facts: &NoticeFacts) -> Hosts {
        let merchant = &facts.merchant;
        let website = merchant.website.trim().to_ascii_lowercase();
        let mut homes = Vec::new();
        if !website.is_empty() {
            homes.push(website.clone());
            homes.push(format!("www.{website}"));
            homes.extend(website.strip_prefix("www.").map(str::to_owned));
        }
        let mut pages = Vec::new();
        let page = merchant.notice_page.trim();
        if let Some(host) = page.strip_prefix("https://").map(host_of)
            && is_below(&host, &website)
        {
            pages.extend([page.to_owned(), spelt(page)]);
            homes.push(host);
        }
        for kind in [
            AgencyKind::CreditAgency,
            AgencyKind::CreditReports,
            AgencyKind::NationalBody,
            AgencyKind::StateBody,
        ] {
            homes.extend(template.agencies(regime, kind).map(|agency| agency.website.clone()));
        }
        let officer = merchant.dpo.as_ref().map(|officer| officer.email.as_str());
        let mailboxes = std::iter::once(merchant.email.as_str()).chain(officer).map(str::trim);
        let mailboxes = mailboxes.filter(|address| is_mailbox(address)).map(str::to_owned).collect();
        Hosts { pages, mailboxes, website, homes }
    }

    /// With the link of a text message to its reader's own notice, under this page on the tenant's host, as the notices
    /// that are judged have it.
    pub fn allow_link(&mut self, page: &str) {
        let host = page.strip_prefix("https://").map(host_of).unwrap_or_default();
        if is_below(&host, &self.website) {
            let link = format!("{page}#{}", LinkCode::longest().as_str());
            self.pages.extend([spelt(&link), link]);
        }
    }

    /// An address without its scheme: a home page.
    fn check(&self, address: &str) -> Option<Violation> {
        let host = host_of(address);
        if self.homes.contains(&host) {
            let is_home = matches!(address.get(host.len()..), Some("" | "/"));
            return (!is_home).then_some(Violation::PageNotAllowed);
        }
        if is_below(&host, &self.website) {
            return Some(Violation::PageNotAllowed);
        }
        Some(foreign(&host))
    }

    /// The host of a mailbox: the tenant's, or an agency's.
    fn check_mailbox(&self, host: &str) -> Option<Violation> {
        let host = host_of(host);
        let is_known = self.homes.contains(&host) || is_below(&host, &self.website);
        (!is_known).then(|| foreign(&host))
    }

    /// Text without the addresses that stand whole among the facts.
    fn without_known(&self, text: &str) -> String {
        let known = self.pages.iter().chain(&self.mailboxes);
        known.fold(text.to_owned(), |text, address| without(&text, address))
    }
}

/// The links of a letter, and whatever a mail program makes a link of, in each of its parts.
pub fn check_addresses(email: &Email, document: &Document, hosts: &Hosts) -> Vec<Violation> {
    let mut violations = check_links(document, hosts);
    for text in [&email.subject, &email.text, &document.title, &document.visible] {
        for violation in check_text(text, hosts) {
            if !violations.contains(&violation) {
                violations.push(violation);
            }
        }
    }
    violations
}

/// The links of an HTML part: shown as they are, to the page of the full notice or to a home page.
fn check_links(document: &Document, hosts: &Hosts) -> Vec<Violation> {
    let mut violations = Vec::new();
    for link in document.links.iter().filter(|link| !hosts.pages.contains(&link.href)) {
        match link.href.strip_prefix("https://") {
            Some(address) => violations.extend(hosts.check(address)),
            None => violations.push(Violation::LinkNotHttps),
        }
    }
    violations.extend(
        document.links.iter().filter(|link| link.text.trim() != link.href).map(|_| Violation::LinkDisguised),
    );
    violations
}

/// Everything in plain text that a mail program makes a link of, and what nobody sees.
pub fn check_text(text: &str, hosts: &Hosts) -> Vec<Violation> {
    let mut violations = Vec::new();
    if has_unseen(text) {
        violations.push(Violation::Unseen);
    }
    let text = hosts.without_known(text);
    let text = narrowed(&text);
    let words = text.split(|sign: char| parts(sign) || !is_of_address(sign));
    // Without a dot or a colon a word is no address.
    for word in words.filter(|word| word.contains(['.', ':'])) {
        let word = word.trim_matches(|sign: char| !sign.is_alphanumeric() && sign != '/');
        violations.extend(check_word(word.trim_start_matches('/'), hosts));
    }
    violations
}

fn check_word(word: &str, hosts: &Hosts) -> Option<Violation> {
    match word.trim_start_matches(is_unspaced).split_once("://") {
        Some(("https", address)) => return hosts.check(address),
        Some(_) => return Some(Violation::LinkNotHttps),
        None => {}
    }
    if let Some((_, host)) = word.rsplit_once('@')
        && is_host(&host_of(host))
    {
        return hosts.check_mailbox(host);
    }
    let mut at = 0;
    for piece in word.split(['/', '?', '#', ':', '@', '&', '%', '~', '+']) {
        if is_host(piece) {
            return hosts.check(word.get(at..).unwrap_or(piece));
        }
        at += piece.len() + 1;
    }
    None
}

fn foreign(host: &str) -> Violation {
    Violation::ForeignLink { host: host.chars().take(100).collect() }
}

/// What an address without its scheme begins with, in small letters.
fn host_of(address: &str) -> String {
    address.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase()
}

/// The very host, or one below it, of nothing but the letters of a host name.
fn is_below(host: &str, website: &str) -> bool {
    let Some(before) = host.strip_suffix(website).filter(|_| !website.is_empty()) else {
        return false;
    };
    let is_plain =
        |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || matches!(sign, '.' | '-');
    before.is_empty() || (before.ends_with('.') && before.chars().all(is_plain))
}

/// "shop.example": labels of letters and digits, the last of at least two letters or encoded; or the four numbers of an
/// internet address.
fn is_host(word: &str) -> bool {
    let Some((front, last)) = word.rsplit_once('.') else {
        return false;
    };
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|sign| sign.is_alphanumeric() || sign == '-');
    let is_name = last.chars().count() >= 2 && last.chars().all(char::is_alphabetic);
    let is_encoded = last.len() > 4 && last.to_ascii_lowercase().starts_with("xn--");
    let is_named = (is_name || is_encoded) && is_label(last) && front.split('.').all(is_label);
    is_named || word.parse::<std::net::Ipv4Addr>().is_ok()
}

/// One mailbox and nothing else.
fn is_mailbox(address: &str) -> bool {
    let is_local = |sign: char| sign.is_alphanumeric() || "._%+-".contains(sign);
    address.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty()
            && local.chars().all(is_local)
            && is_host(&host_of(host))
            && host_of(host).len() == host.len()
    })
}

/// Text without an address, wherever that stands by itself.
fn without(text: &str, address: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(address) {
        kept.push_str(before);
        let joins = kept.ends_with(|sign: char| !is_unspaced(sign) && is_of_address(sign) && sign != ':');
        let behind = after.split(|sign: char| parts(sign) || is_unspaced(sign)).next().unwrap_or_default();
        if joins || !behind.chars().all(|sign| CLOSING.contains(sign)) {
            kept.push_str(address);
        } else {
            kept.push(' ');
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// Signs of an address. At any other a mail program may begin a new one.
fn is_of_address(sign: char) -> bool {
    matches!(sign, '.' | '-' | ':' | '/' | '@' | '?' | '#' | '%' | '&' | '~' | '+') || sign.is_alphanumeric()
}

/// Japanese has no space behind an address, but a particle or a mark.
fn parts(sign: char) -> bool {
    sign.is_whitespace() || is_hiragana(sign) || is_wide_mark(sign)
}

/// Wide letters and digits as the plain ones, and a wide full stop between two of them as the dot that browsers take it for.
fn narrowed(text: &str) -> Cow<'_, str> {
    if !text.contains(|sign| matches!(sign, '\u{3002}' | '\u{ff01}'..='\u{ff61}')) {
        return Cow::Borrowed(text);
    }
    let signs: Vec<char> = text
        .chars()
        .map(|sign| Some(narrow(sign)).filter(char::is_ascii_alphanumeric).unwrap_or(sign))
        .collect();
    let is_plain =
        |at: Option<usize>| at.and_then(|at| signs.get(at)).is_some_and(char::is_ascii_alphanumeric);
    let dotted = signs.iter().enumerate().map(|(at, sign)| match sign {
        '\u{3002}' | '\u{ff0e}' | '\u{ff61}'
            if is_plain(at.checked_sub(1)) && is_plain(at.checked_add(1)) =>
        {
            '.'
        }
        _ => *sign,
    });
    Cow::Owned(dotted.collect())
}
