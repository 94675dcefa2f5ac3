//! The demo checks itself: on the emulator's own mailbox, not on what Tocsin says of itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tocsin_local::people::{Person, Population, Reach};
use tocsin_local::{Bytes, Method};

use crate::Trouble;
use crate::figures::metric_lines;
use crate::killer::Killer;
use crate::merchants::{SHOP, authorities, authority_addresses};
use crate::story::{HOME, Scene, project, show, text};
use crate::truth;

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
    objects: usize,
    parked: usize,
    signals: usize,
}

pub async fn traces(scene: &Scene) -> Result<Traces, Trouble> {
    let scan = json!({ "TableName": "tocsin-home", "Select": "COUNT" });
    let items = scene.cloud().json("dynamodb", HOME, "DynamoDB_20120810.Scan", &scan).await?;
    Ok(Traces {
        items: items["Count"].as_u64().ok_or("the emulator does not count the home table")?,
        objects: objects_in_the_vault(scene).await?,
        parked: scene.cloud().peek(HOME, "tocsin-parked").await?.len(),
        signals: scene.cloud().peek(HOME, "tocsin-signals").await?.len(),
    })
}

async fn objects_in_the_vault(scene: &Scene) -> Result<usize, Trouble> {
    let target = format!("/{}?list-type=2", scene.deployed.vault);
    let answer = scene.cloud().call("ListObjectsV2", "s3", HOME, Method::GET, target, Bytes::new()).await?;
    let text = std::str::from_utf8(&answer.body)?;
    let listed = roxmltree::Document::parse(text)?;
    let named = |name: &'static str| listed.descendants().filter(move |node| node.tag_name().name() == name);
    if named("IsTruncated").any(|node| node.text() == Some("true")) {
        return Err("the vault has more objects than one list shows".into());
    }
    Ok(named("Contents").count())
}

/// Runs every check, prints what held and what did not; `true` when all held.
pub async fn all(
    scene: &Scene,
    incident: &str,
    unsigned: &Unsigned,
    killer: &Killer,
) -> Result<bool, Trouble> {
    let shown = show(scene, incident).await?;
    let shop = scene.populations.first().ok_or("no shop")?;
    let mut results = vec![
        (
            "each affected person with a deliverable address, where a letter is shipped, got exactly one notice per \
             obligation",
            one_each(scene, shop).await?,
        ),
        (
            "nobody else got any: no unaffected person, nobody of the other tenant",
            nobody_else(scene, shop).await?,
        ),
        (
            "each authority that takes filings by e-mail, and whose people are affected, got exactly one",
            filings(scene, shop).await?,
        ),
        ("text messages went once each, to affected people whom no mail reaches", texts(scene, shop).await?),
        (
            "the shop's inboxes hold one notice each, for as many people as neither mail nor a telephone reaches",
            inboxes(scene, shop).await?,
        ),
        ("coverage says what the mailboxes say", coverage(shop, &shown)),
        ("the unsigned webhook got 401 and left no trace but a metric", no_trace(scene, unsigned).await?),
        ("the malformed webhook and finding are parked with a reason", parked(scene).await?),
        (
            "the audit log verifies, knows every chunk, and fails when one byte is changed",
            audit(scene, incident, &shown).await?,
        ),
    ];
    if let Some(spared) = killer.spared() {
        let wrong = (!spared.is_empty()).then(|| format!("not {}", spared.join(", ")));
        results.push(("every function that the demo calls was killed in the middle of the run", wrong));
    }
    println!("Checks");
    for (what, wrong) in &results {
        match wrong {
            None => println!("  ok      {what}"),
            Some(wrong) => println!("  FAILED  {what}: {wrong}"),
        }
    }
    print_without_letter(shop);
    Ok(results.iter().all(|(_, wrong)| wrong.is_none()))
}

fn print_without_letter(shop: &Population) {
    let all = truth::without_letter(shop);
    let people: usize = all.values().sum();
    let places: Vec<String> =
        all.iter().map(|((place, language), count)| format!("{place} in {language} ({count})")).collect();
    let places = if places.is_empty() { "nowhere".to_owned() } else { places.join(", ") };
    println!(
        "  no letter is shipped, or worded by the merchant, for {people} affected people with an address: {places}"
    );
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

async fn one_each(scene: &Scene, shop: &Population) -> Result<Option<String>, Trouble> {
    let mails = mails_by_mailbox(scene).await?;
    let mut wrong = Vec::new();
    let mut expected = 0;
    for person in truth::addressed(shop) {
        let Some(owed) = truth::notices(person) else {
            wrong.push(nobody_wrote_down(person));
            continue;
        };
        let got = mailbox_of(person).and_then(|mailbox| mails.get(mailbox)).copied().unwrap_or(0);
        expected += owed;
        if owed != got {
            wrong.push(format!("{} of {}: {got} instead of {owed}", person.id, person.residence()));
        }
    }
    if expected == 0 {
        wrong.push("nobody should have got a notice: the check checks nothing".to_owned());
    }
    Ok(summary(&wrong))
}

fn nobody_wrote_down(person: &Person) -> String {
    format!("nobody wrote down what the law of {} asks for", person.residence())
}

/// A controller without an establishment in the European Union files with each member state concerned, and in the
/// United Kingdom with the one authority.
async fn filings(scene: &Scene, shop: &Population) -> Result<Option<String>, Trouble> {
    let mails = mails_by_mailbox(scene).await?;
    let residences = shop.residences();
    let mut wrong = Vec::new();
    for (jurisdiction, address) in authorities().filter(|(place, _)| residences.contains_key(*place)) {
        let got = mails.get(&address).copied().unwrap_or(0);
        if got != 1 {
            wrong.push(format!("the authority of {jurisdiction} got {got}"));
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

async fn texts(scene: &Scene, shop: &Population) -> Result<Option<String>, Trouble> {
    let mut by_phone: BTreeMap<String, usize> = BTreeMap::new();
    for sent in scene.cloud().sent_texts().await? {
        *by_phone.entry(sent.phone).or_default() += 1;
    }
    let mut wrong = Vec::new();
    let mut expected = 0;
    for person in truth::texted(shop) {
        let Some(owed) = truth::notices_without_address(person) else {
            wrong.push(nobody_wrote_down(person));
            continue;
        };
        let got = person.phone.as_deref().and_then(|phone| by_phone.remove(phone)).unwrap_or(0);
        expected += owed;
        if got != owed {
            wrong.push(format!("{} of {}: {got} texts instead of {owed}", person.id, person.residence()));
        }
    }
    wrong.extend(by_phone.keys().map(|_| "a text to somebody else".to_owned()));
    if expected == 0 && shop.people.len() > 1000 {
        wrong.push("nobody should have got a text: the check checks nothing".to_owned());
    }
    Ok(summary(&wrong))
}

/// Where a text message is a notice, so is the inbox: nobody with a telephone needs it. An inbox is kept under the
/// person's hashed id, so people are counted and not compared by name.
async fn inboxes(scene: &Scene, shop: &Population) -> Result<Option<String>, Trouble> {
    let mut expected = 0;
    for person in truth::inboxed(shop) {
        let Some(owed) = truth::notices_without_address(person) else {
            return Ok(Some(nobody_wrote_down(person)));
        };
        expected += owed;
    }
    let by_inbox = notices_by_inbox(scene).await?;
    let foreign = by_inbox.keys().filter(|inbox| !inbox.starts_with(&format!("{SHOP}#inbox#"))).count();
    let twice = by_inbox.values().filter(|notices| **notices != 1).count();
    if (by_inbox.len(), foreign, twice) == (expected, 0, 0) {
        return Ok(None);
    }
    Ok(Some(format!(
        "{} inboxes instead of {expected}, {foreign} of another tenant, {twice} with more than one notice",
        by_inbox.len()
    )))
}

/// How many notices lie in each inbox that there is, in all regions.
async fn notices_by_inbox(scene: &Scene) -> Result<BTreeMap<String, usize>, Trouble> {
    let mut by_inbox: BTreeMap<String, usize> = BTreeMap::new();
    for region in Scene::regions() {
        let mut scan = json!({
            "TableName": "tocsin-people",
            "ProjectionExpression": "pk",
            "FilterExpression": "contains(pk, :inbox)",
            "ExpressionAttributeValues": { ":inbox": { "S": "#inbox#" } },
        });
        loop {
            let page = scene.cloud().json("dynamodb", region, "DynamoDB_20120810.Scan", &scan).await?;
            for item in page["Items"].as_array().into_iter().flatten() {
                *by_inbox.entry(text(&item["pk"]["S"]).to_owned()).or_default() += 1;
            }
            if page["LastEvaluatedKey"].is_null() {
                break;
            }
            scan["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
        }
    }
    Ok(by_inbox)
}

/// Reached and bounced, by residence, against the truth.
fn coverage(shop: &Population, shown: &Value) -> Option<String> {
    let mut wrong = Vec::new();
    for residence in shop.residences().into_keys() {
        let covered: Vec<&Value> = covered_duties(shown, &residence).collect();
        if Some(covered.len()) != truth::duties(&residence) {
            wrong.push(format!("{residence}: {} duties that notices fulfil", covered.len()));
        }
        let (arrive, bounce) =
            (count(shop, &residence, Reach::Mail), count(shop, &residence, Reach::MailThatBounces));
        for duty in covered {
            let reached = duty["coverage"]["reached"].as_u64().unwrap_or(0);
            let bounced = duty["coverage"]["unreachable"]["bounced"].as_u64().unwrap_or(0);
            let moved = duty["coverage"]["moved"].as_u64().unwrap_or(0);
            // Where another channel is lawful it was tried; else the bounce stands.
            let (stand, move_on) =
                if truth::has_another_channel(&residence) { (0, bounce) } else { (bounce, 0) };
            if (reached, bounced, moved) != (arrive, stand, move_on) {
                wrong.push(format!(
                    "{residence}: reached {reached}, bounced {bounced}, moved {moved}; in truth {arrive}, {stand}, {move_on}"
                ));
            }
        }
    }
    summary(&wrong)
}

/// The duties toward the people of a residence that notices fulfil.
fn covered_duties<'a>(shown: &'a Value, residence: &'a str) -> impl Iterator<Item = &'a Value> {
    shown["duties"].as_array().into_iter().flatten().filter(move |duty| {
        let terms = &duty["duty"];
        let toward_them = terms["audience"] == "individual" && terms["jurisdiction"] == residence;
        toward_them && terms["owed"] == "yes" && duty["desk"].is_null()
    })
}

/// How many people of a residence can be reached that way and get a notice.
fn count(shop: &Population, residence: &str, reach: Reach) -> u64 {
    let there = shop.with_reach(reach).filter(|person| person.residence() == residence);
    there.filter(|person| truth::notices(person) != Some(0)).count() as u64
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

async fn audit(scene: &Scene, incident: &str, shown: &Value) -> Result<Option<String>, Trouble> {
    let file = project().join("target/local/demo-audit.jsonl");
    let path = file.display().to_string();
    scene.responder.do_it(&["audit", "export", "--tenant", SHOP, "--out", &path]).await?;
    let whole = scene.responder.run(&["audit", "verify", &path]).await?;
    if whole.code != 0 {
        return Ok(Some(format!("the whole log: {}{}", whole.out, whole.err)));
    }
    println!("  audit        {}", whole.out.trim());
    let mut bytes = std::fs::read(&file)?;
    if let Some(missing) = missing_in_the_log(&bytes, incident, shown)? {
        return Ok(Some(missing));
    }
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

/// What the exported log should tell of the incident and does not.
fn missing_in_the_log(log: &[u8], incident: &str, shown: &Value) -> Result<Option<String>, Trouble> {
    let leaves = leaves(log)?;
    let of = |action: &str| {
        let of_the_incident = leaves.iter().filter(|leaf| leaf["incident"] == incident);
        of_the_incident.filter(|leaf| leaf["action"] == action).collect::<Vec<_>>()
    };
    for action in ["plan-made", "plan-approved", "chunk-claimed", "chunk-accepted"] {
        if of(action).is_empty() {
            return Ok(Some(format!("no {action} stands in the log")));
        }
    }
    let claimed = of("chunk-claimed").into_iter().map(|leaf| text(&leaf["subject"]["chunk"]));
    let claimed = claimed.collect::<BTreeSet<&str>>().len() as u64;
    let states = shown["chunks"].as_object().into_iter().flatten();
    // What still stands by was not needed.
    let chunks: u64 =
        states.filter(|(state, _)| *state != "standing-by").filter_map(|(_, count)| count.as_u64()).sum();
    Ok((claimed != chunks).then(|| format!("{claimed} chunks were claimed in the log, of {chunks}")))
}

/// Every leaf of an exported log: each line but the last is a tile, with its leaves as they were hashed.
fn leaves(log: &[u8]) -> Result<Vec<Value>, Trouble> {
    let mut leaves = Vec::new();
    for line in std::str::from_utf8(log)?.lines() {
        let tile: Value = serde_json::from_str(line)?;
        for leaf in tile["leaves"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            leaves.push(serde_json::from_str(leaf)?);
        }
    }
    Ok(leaves)
}

fn summary(wrong: &[String]) -> Option<String> {
    let first = wrong.first()?;
    Some(format!("{} times, such as {first}", wrong.len()))
}
