//! What every notice of the plan is rendered from.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tocsin_domain::incident::Incident;
use tocsin_domain::obligation::{Audience, Owed};
use tocsin_domain::tenant::{Contact, Tenant};
use tocsin_notices::letter::{Brief, BriefContact};
use tocsin_notices::{
    Counts, Filing, IdentityServices, Merchant, NoticeFacts, Occurred, Officer, Phase, Quantity, Texts,
    category_of,
};

use crate::roster::Roster;
use crate::waves::Duty;

pub fn of(
    tenant: &Tenant,
    incident: &Incident,
    roster: &Roster,
    duties: &[Duty],
    now: Timestamp,
) -> Result<Brief, String> {
    let zone = TimeZone::get(&tenant.controller.time_zone)
        .map_err(|_| format!("{:?} is no time zone", tenant.controller.time_zone))?;
    let date = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
    let data = categories(tenant, incident)?;
    let clocks = incident.all_clocks();
    let facts = NoticeFacts {
        merchant: merchant(tenant),
        occurred: clocks.get("occurrence").map_or(Occurred::NotYetKnown, |at| Occurred::On(date(*at))),
        discovered: clocks.get("discovery").map(|at| date(*at)),
        notice_date: date(now),
        phase: Phase::First,
        late: false,
        law_enforcement_delay: incident.stated.law_enforcement_hold.is_some(),
        data_categories: data.iter().flatten().cloned().collect(),
        texts: texts(tenant),
        identity_services: tenant.controller.identity_services.as_ref().map(|offer| IdentityServices {
            provider: offer.provider.clone(),
            months: offer.months,
            phone: offer.phone.clone(),
        }),
        counts: Counts {
            people: Quantity::Exactly(roster.count.people),
            records: Quantity::NotYetKnown,
            people_by_residence: roster.count.by_residence.clone(),
            // The acquirer's own list says which accounts; nobody else can.
            accounts_by_brand: BTreeMap::new(),
        },
        filing: None,
        reference_prefix: reference_prefix(tenant),
    };
    let contacts = contacts(tenant, &clocks, duties, &zone);
    let senders = &tenant.senders;
    Ok(Brief { facts, data, sender: senders.email_from.clone(), contacts, details: senders.details.clone() })
}

/// The contact to which a duty's filing can go.
pub fn contact_of<'a>(tenant: &'a Tenant, duty: &Duty) -> Option<&'a Contact> {
    let obligation = &duty.obligation;
    tenant.contacts.iter().find(|contact| {
        contact.regime == obligation.regime && contact.jurisdiction == obligation.jurisdiction
    })
}

/// By dataset, in the order of the incident.
fn categories(tenant: &Tenant, incident: &Incident) -> Result<Vec<BTreeSet<String>>, String> {
    let of = |name: &String| {
        let dataset = tenant.datasets.iter().find(|dataset| dataset.name == *name);
        let dataset =
            dataset.ok_or_else(|| format!("the dataset {name} is no longer in the tenant's settings"))?;
        let category = |word: &String| {
            let known = category_of(word)
                .ok_or_else(|| format!("dataset {name}: no letter has a word for {word:?}"))?;
            Ok(known.to_owned())
        };
        dataset.data.iter().map(category).collect()
    };
    incident.datasets.iter().map(of).collect()
}

fn merchant(tenant: &Tenant) -> Merchant {
    let controller = &tenant.controller;
    Merchant {
        name: tenant.name.clone(),
        controller: controller.legal_name.clone(),
        affiliate: controller.affiliate.clone(),
        address: controller.postal_address.clone(),
        email: controller.email.clone(),
        phone: controller.phone.clone(),
        dpo: controller.privacy_officer.as_ref().map(|officer| Officer {
            name: officer.name.clone(),
            email: officer.email.clone(),
            phone: None,
        }),
        website: controller.website.clone(),
        notice_page: controller.notice_page.clone(),
    }
}

fn texts(tenant: &Tenant) -> BTreeMap<String, Texts> {
    let text = |words: &String| Some(words.clone());
    tenant
        .wording
        .iter()
        .map(|(language, wording)| {
            let texts = Texts {
                what_happened: text(&wording.what_happened),
                consequences: text(&wording.consequences),
                measures: text(&wording.measures),
                advice: text(&wording.advice),
                reasons_for_delay: None,
                communication: wording.communication.clone(),
                cause: wording.cause.clone(),
                recipients: wording.recipients.clone(),
                other: wording.other.clone(),
            };
            (language.clone(), texts)
        })
        .collect()
}

fn contacts(
    tenant: &Tenant,
    clocks: &BTreeMap<String, Timestamp>,
    duties: &[Duty],
    zone: &TimeZone,
) -> BTreeMap<String, BriefContact> {
    let aware = |audience: Audience| {
        let own = (audience == Audience::Controller).then(|| clocks.get("processor_awareness")).flatten();
        own.or_else(|| clocks.get("awareness")).map(|at| at.to_zoned_datetime(zone.clone()).datetime())
    };
    let owed = duties.iter().filter(|duty| duty.obligation.owed == Owed::Yes);
    owed.filter_map(|duty| Some((contact_of(tenant, duty)?, duty)))
        .map(|(contact, duty)| {
            let filing = Filing {
                authority: duty.obligation.recipient.clone(),
                earlier_number: None,
                aware: aware(duty.obligation.audience),
                time_zone: Some(tenant.controller.time_zone.clone()),
                people_categories: vec!["customers".to_owned()],
            };
            let Contact { email, webhook, encryption, .. } = contact.clone();
            (contact.name.clone(), BriefContact { email, webhook, encryption, filing })
        })
        .collect()
}

/// Up to four letters and digits of the tenant's name, so that a reference tells whose it is.
fn reference_prefix(tenant: &Tenant) -> String {
    let signs = tenant.id.as_str().chars().filter(char::is_ascii_alphanumeric);
    signs.take(4).map(|sign| sign.to_ascii_uppercase()).collect()
}
