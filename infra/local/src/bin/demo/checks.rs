//! The demo checks itself: on the emulator's own mailbox, not on what Tocsin says of itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tocsin_local::people::{Person, Population, Reach};

use crate::Trouble;
use crate::figures::metric_lines;
use crate::merchants::{SHOP, authority_addresses};
use crate::story::{HOME, Scene, project, show, text};

/// What an unsigned webhook was answered, and what stood in the store before and after it.
#[derive(Debug, Clone)]
pub struct Unsigned {
    pub status: u16,
    pub before: Traces,
    pub after: Traces,
}

/// What a request could leave behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    items: u64,
    parked: usize,
    signals: usize,
}

pub async fn traces(scene: &Scene) -> Result<Traces, Trouble> {
    let scan = json!({ "TableName": "tocsin-home", "Select": "COUNT" });
    let items = scene.cloud().json("dynamodb", HOME, "DynamoDB_20120810.Scan", &scan).await?;
    Ok(Traces {
        items: items["Count"].as_u64().ok_or("the emulator does not count the home table")?,
        parked: scene.cloud().peek(HOME, "tocsin-parked").await?.len(),
        signals: scene.cloud().peek(HOME, "tocsin-signals").await?.len(),
    })
}

/// Runs every check, prints what held and what did not; `true` when all held.
pub async fn all(scene: &Scene, incident: &str, unsigned: &Unsigned) -> Result<bool, Trouble> {
    let shown = show(scene, incident).await?;
    let shop = scene.populations.first().ok_or("no shop")?;
    let results = [
        (
            "each affected person with a deliverable address got exactly one notice per obligation",
            one_each(scene, shop, &shown).await?,
        ),
        (
            "nobody else got any: no unaffected person, nobody of the other tenant",
            nobody_else(scene, shop).await?,
        ),
        (
            "text messages went once each, to affected people without an address",
            texts(scene, shop, &shown).await?,
        ),
        ("coverage says what the mailboxes say", coverage(shop, &shown)),
        ("the unsigned webhook got 401 and left no trace but a metric", no_trace(scene, unsigned).await?),
        ("the malformed webhook and finding are parked with a reason", parked(scene).await?),
        ("the audit log verifies, and no longer when one byte is changed", audit(scene).await?),
    ];
    println!("Checks");
    for (what, wrong) in &results {
        match wrong {
            None => println!("  ok      {what}"),
            Some(wrong) => println!("  FAILED  {what}: {wrong}"),
        }
    }
    Ok(results.iter().all(|(_, wrong)| wrong.is_none()))
}

/// The duties toward individuals that notices fulfil, by residence.
fn noticed_residences(shown: &Value) -> BTreeMap<String, usize> {
    let mut by_residence: BTreeMap<String, usize> = BTreeMap::new();
    for duty in shown["duties"].as_array().into_iter().flatten() {
        let terms = &duty["duty"];
        if terms["audience"] == "individual" && terms["owed"] == "yes" && duty["desk"].is_null() {
            *by_residence.entry(text(&terms["jurisdiction"]).to_owned()).or_default() += 1;
        }
    }
    by_residence
}

/// Whether a letter is shipped that the person reads. Swiss law is served in German and French, not in Italian.
fn has_letter(person: &Person) -> bool {
    person.country != "CH" || !person.locale.starts_with("it")
}

fn mailbox_of(person: &Person) -> Option<&str> {
    person.mailbox.as_deref()
}

async fn mails_by_mailbox(scene: &Scene) -> Result<BTreeMap<String, usize>, Trouble> {
    let mut by_mailbox: BTreeMap<String, usize> = BTreeMap::new();
    for mail in scene.cloud().sent_mail().await? {
        let [to] = mail.to.as_slice() else {
            return Err("a mail went to more or less than one recipient".into());
        };
        *by_mailbox.entry(to.to_lowercase()).or_default() += 1;
    }
    Ok(by_mailbox)
}

async fn one_each(scene: &Scene, shop: &Population, shown: &Value) -> Result<Option<String>, Trouble> {
    let mails = mails_by_mailbox(scene).await?;
    let residences = noticed_residences(shown);
    if residences.len() < 10 {
        return Ok(Some(format!("only {} residences have a duty toward people", residences.len())));
    }
    let mut wrong = Vec::new();
    let addressed = shop.with_reach(Reach::Mail).chain(shop.with_reach(Reach::MailThatBounces));
    for person in addressed.filter(|person| has_letter(person)) {
        let owed = residences.get(&person.residence()).copied().unwrap_or(0);
        let got = mailbox_of(person).and_then(|mailbox| mails.get(mailbox)).copied().unwrap_or(0);
        if owed != got {
            wrong.push(format!("{} of {}: {got} instead of {owed}", person.id, person.residence()));
        }
    }
    Ok(summary(&wrong))
}

async fn nobody_else(scene: &Scene, shop: &Population) -> Result<Option<String>, Trouble> {
    let mut allowed: BTreeSet<String> = authority_addresses().collect();
    allowed.extend(shop.affected().filter_map(mailbox_of).map(str::to_owned));
    let mails = mails_by_mailbox(scene).await?;
    let strangers = mails.keys().filter(|mailbox| !allowed.contains(*mailbox)).count();
    let website = scene.populations.get(1).ok_or("no website")?;
    let own: BTreeSet<&str> =
        website.people.iter().filter_map(mailbox_of).filter(|box_| !allowed.contains(*box_)).collect();
    if own.is_empty() {
        return Ok(Some("the other tenant has nobody of its own: the check checks nothing".to_owned()));
    }
    Ok((strangers > 0).then(|| format!("{strangers} mailboxes that must not get any")))
}

async fn texts(scene: &Scene, shop: &Population, shown: &Value) -> Result<Option<String>, Trouble> {
    let mut by_phone: BTreeMap<String, usize> = BTreeMap::new();
    for sent in scene.cloud().sent_texts().await? {
        *by_phone.entry(sent.phone).or_default() += 1;
    }
    let residences = noticed_residences(shown);
    let mut wrong = Vec::new();
    let mut expected = 0;
    for person in shop.with_reach(Reach::PhoneOnly).filter(|person| has_letter(person)) {
        // The states of the United States know no text message as a notice.
        let lawful = person.country != "US" && residences.contains_key(&person.residence());
        let got = person.phone.as_deref().and_then(|phone| by_phone.remove(phone)).unwrap_or(0);
        expected += usize::from(lawful);
        if got != usize::from(lawful) {
            wrong.push(format!("{}: {got} texts", person.id));
        }
    }
    wrong.extend(by_phone.keys().map(|_| "a text to somebody else".to_owned()));
    if expected == 0 && shop.people.len() > 1000 {
        wrong.push("nobody should have got a text: the check checks nothing".to_owned());
    }
    Ok(summary(&wrong))
}

/// Reached and bounced, by residence, against the truth.
fn coverage(shop: &Population, shown: &Value) -> Option<String> {
    let count = |reach: Reach| {
        let mut by_residence: BTreeMap<String, u64> = BTreeMap::new();
        for person in shop.with_reach(reach).filter(|person| has_letter(person)) {
            *by_residence.entry(person.residence()).or_default() += 1;
        }
        by_residence
    };
    let (arrive, bounce) = (count(Reach::Mail), count(Reach::MailThatBounces));
    let mut wrong = Vec::new();
    for duty in shown["duties"].as_array().into_iter().flatten() {
        let terms = &duty["duty"];
        if terms["audience"] != "individual" || terms["owed"] != "yes" || !duty["desk"].is_null() {
            continue;
        }
        let residence = text(&terms["jurisdiction"]);
        let of = |truth: &BTreeMap<String, u64>| truth.get(residence).copied().unwrap_or(0);
        let reached = duty["coverage"]["reached"].as_u64().unwrap_or(0);
        let bounced = duty["coverage"]["unreachable"]["bounced"].as_u64().unwrap_or(0);
        if (reached, bounced) != (of(&arrive), of(&bounce)) {
            wrong.push(format!(
                "{residence}: reached {reached}, bounced {bounced}; in truth {}, {}",
                of(&arrive),
                of(&bounce)
            ));
        }
    }
    summary(&wrong)
}

async fn no_trace(scene: &Scene, unsigned: &Unsigned) -> Result<Option<String>, Trouble> {
    if unsigned.status != 401 {
        return Ok(Some(format!("it got {}", unsigned.status)));
    }
    if unsigned.before != unsigned.after {
        return Ok(Some(format!("{:?} became {:?}", unsigned.before, unsigned.after)));
    }
    let metrics = metric_lines(scene, HOME, "intake-webhook").await?;
    let counted = metrics.iter().filter(|metric| metric["outcome"] == "401").count();
    Ok((counted != 1).then(|| "no metric counts it".to_owned()))
}

async fn parked(scene: &Scene) -> Result<Option<String>, Trouble> {
    let notes = scene.cloud().peek(HOME, "tocsin-parked").await?;
    let from = |function: &str| {
        notes
            .iter()
            .filter_map(|note| serde_json::from_str::<Value>(note).ok())
            .filter(|note| note["function"] == function && note["reason"] == "unreadable")
            .count()
    };
    let found = (from("intake-webhook"), from("intake-siem"), notes.len());
    Ok((found != (1, 1, 2)).then(|| format!("{found:?} instead of one of each")))
}

async fn audit(scene: &Scene) -> Result<Option<String>, Trouble> {
    let file = project().join("target/local/demo-audit.jsonl");
    let path = file.display().to_string();
    scene.responder.do_it(&["audit", "export", "--tenant", SHOP, "--out", &path]).await?;
    let whole = scene.responder.run(&["audit", "verify", &path]).await?;
    if whole.code != 0 {
        return Ok(Some(format!("the whole log: {}{}", whole.out, whole.err)));
    }
    println!("  audit        {}", whole.out.trim());
    let mut bytes = std::fs::read(&file)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    let changed = project().join("target/local/demo-audit-changed.jsonl");
    std::fs::write(&changed, bytes)?;
    let broken = scene.responder.run(&["audit", "verify", &changed.display().to_string()]).await?;
    println!("  changed      {}", broken.err.trim());
    Ok((broken.code != 1).then(|| format!("the changed log ended with {}", broken.code)))
}

fn summary(wrong: &[String]) -> Option<String> {
    let first = wrong.first()?;
    Some(format!("{} times, such as {first}", wrong.len()))
}
