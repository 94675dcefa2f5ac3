//! Text messages that link to their reader's own notice: the link opens once, in its time, and nothing else opens it.

use std::cell::Cell;
use std::rc::Rc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tocsin_domain::link::LinkCode;
use tocsin_ports::memory::{Call, Fault, Texted, World};
use tocsin_ports::store::links::{self, Found};
use tocsin_ports::{Clock, Proof, TenantScope};
use tocsin_stage::http::{Request, Response};
use tocsin_tests::*;

const PHONE: &str = "+447700900123";

const PAGE: &str = "https://shop.example/apps/notice";

const EVERY_REGION: [&str; 3] = ["eu-central-1", "us-east-1", "ap-southeast-2"];

/// Fourteen people in seven places. One in France has a phone alone and the other a mailbox alone; one in Texas, where no
/// text is a notice, has a phone alone.
fn with_phones() -> Vec<Customer> {
    let mut people = customers(14);
    for (id, phone) in [(1, PHONE), (4, "+15550100123")] {
        people[id] = Customer { email: String::new(), phone: phone.to_owned(), ..people[id].clone() };
    }
    people[0].phone = "+4915112345678".to_owned();
    people
}

fn with_details() -> Value {
    let mut settings = tenant("shop");
    settings["senders"]["details"] = json!({ "page": PAGE, "hours": 48 });
    settings
}

/// The text to the phone in France has gone, and no provider said what became of anything.
fn texted() -> (Town, String, Texted) {
    let town = Town::new();
    settle_in_as(&town, &with_details(), &with_phones());
    settle_in(&town, "other", &customers(7));
    let incident = leak(&town);
    approve(&town, &incident);
    let mut town = town;
    town.silence_providers();
    town.minute();
    let [text] = town.world.texts().try_into().expect("one text");
    (town, incident, text)
}

fn code_in(text: &Texted) -> String {
    let (_, behind) = text.body.split_once(&format!("{PAGE}#")).expect("a link");
    behind.split_whitespace().next().expect("a code").to_owned()
}

fn ask(town: &Town, method: &str, tenant: &str, query: &str, body: &[u8]) -> Response {
    town.storefront(Request {
        method: method.to_owned(),
        path: format!("/details/{tenant}"),
        query: query.to_owned(),
        body: body.to_vec(),
        ..Request::default()
    })
}

fn open(town: &Town, tenant: &str, code: &str) -> Response {
    ask(town, "POST", tenant, "", json!({ "code": code }).to_string().as_bytes())
}

fn reached(town: &Town, incident: &str) -> Value {
    duty(&show(town, incident), "eu-gdpr-individual", "FR")["coverage"]["reached"].clone()
}

/// What one person's letter says to another.
fn as_if_to(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (was, now)| text.replace(was, now))
}

#[test]
fn details_open_once_with_the_readers_own_letter_and_count_as_seen() {
    let (town, incident, text) = texted();
    let code = code_in(&text);
    assert!(!text.body.contains("https://shop.example/notice"), "{}", text.body);
    assert_eq!(reached(&town, &incident), 0);
    let opened = open(&town, "shop", &code);
    assert_eq!(opened.status, 200, "{}", opened.body);
    let said = |name: &str| opened.body[name].as_str().expect("a text").to_owned();
    assert!(text.body.contains(&said("reference")), "{}", text.body);
    assert_eq!((said("language").as_str(), said("date").as_str()), ("fr", "2026-11-23"));
    // The other Frenchman's mail, but for who it is to.
    let mails = town.world.mails();
    let mail = mails.iter().find(|mail| mail.to == "customer8@example.com").expect("a mail");
    let (_, behind) = mail.text.split_once("SHOP-").expect("a reference");
    let theirs = format!("SHOP-{}", &behind[..10]);
    let changes = [("Customer Number 8", "Customer Number 1"), (theirs.as_str(), &said("reference"))];
    assert_eq!(said("text"), as_if_to(&mail.text, &changes));
    assert!(said("text").contains("Customer Number 1") && said("text").contains("mot de passe"));
    assert_eq!(reached(&town, &incident), 1);
    let again = open(&town, "shop", &code);
    assert_eq!(again.status, 410);
    assert_eq!(again.body["notice_page"], "https://shop.example/notice");
    assert_eq!(town.world.home_as_text().matches("opened by its link").count(), 1);
}

#[test]
fn details_are_for_nobody_else_and_nothing_that_is_no_code_opens_them() {
    let (town, _, text) = texted();
    let code = code_in(&text);
    let other = LinkCode::longest();
    for (tenant, code, status) in [
        ("other", code.as_str(), 404),
        ("nobody", &code, 404),
        ("shop", other.as_str(), 404),
        ("shop", &code[1..], 404),
        ("shop", &code.to_lowercase(), 404),
        ("shop", "", 404),
        ("Shop", &code, 404),
    ] {
        let answer = open(&town, tenant, code);
        assert_eq!(answer.status, status, "{tenant} {code}");
        assert!(answer.body.get("text").is_none());
    }
    for body in ["", "{", "[]", "{\"code\": 7}", "{\"code\": \"A\", \"more\": 1}"] {
        assert_eq!(ask(&town, "POST", "shop", "", body.as_bytes()).status, 400, "{body}");
    }
    for method in ["PUT", "DELETE", "HEAD"] {
        assert_eq!(ask(&town, method, "shop", "", b"").status, 404, "{method}");
    }
    assert_eq!(open(&town, "shop", &code).status, 200, "nothing of that opened it");
}

/// A messenger or a scanner that follows the link gets what everybody gets.
#[test]
fn details_are_not_opened_by_whoever_only_follows_the_link() {
    let (town, _, text) = texted();
    for (query, kind) in [
        ("", "text/html; charset=utf-8"),
        ("shop=shop.myshopify.com&timestamp=1", "text/html; charset=utf-8"),
        ("file=page.js", "text/javascript; charset=utf-8"),
        ("shop=shop.myshopify.com&file=page.css", "text/css; charset=utf-8"),
    ] {
        let file = ask(&town, "GET", "shop", query, b"").file.expect("a file");
        assert_eq!(file.content_type, kind, "{query}");
        let headers: std::collections::BTreeMap<_, _> = file.headers.iter().copied().collect();
        let policy = headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!((headers["referrer-policy"], &headers["x-robots-tag"][..7]), ("no-referrer", "noindex"));
        // The policy lets nothing run that stands in the page itself.
        assert!(
            !file.text.contains("<script>")
                && !file.text.contains("<style")
                && !file.text.contains(" style=")
        );
        assert!(!file.text.contains("innerHTML"));
    }
    assert_eq!(open(&town, "shop", &code_in(&text)).status, 200);
}

#[test]
fn details_end_with_their_time_in_the_words_of_an_opened_link() {
    let (town, _, text) = texted();
    let code = code_in(&text);
    town.world.advance_to(town.world.now() + SignedDuration::from_hours(48));
    let late = open(&town, "shop", &code);
    assert_eq!(late.status, 410);
    let (town, _, text) = texted();
    assert_eq!(open(&town, "shop", &code_in(&text)).status, 200);
    assert_eq!(open(&town, "shop", &code_in(&text)).body, late.body);
}

/// Where the law does not take a text for a notice, there is none, and so no link; and a mail has none.
#[test]
fn details_are_linked_to_only_where_the_regime_allows_a_text() {
    let (town, incident, text) = texted();
    let shown = show(&town, &incident);
    for (regime, place, allows) in [("eu-gdpr-individual", "FR", true), ("us-tx-individual", "US-TX", false)]
    {
        let methods = duty(&shown, regime, place)["duty"]["methods"].as_array().expect("methods").clone();
        assert_eq!(methods.contains(&json!("sms")), allows, "{regime}: {methods:?}");
    }
    assert_eq!(text.to, PHONE);
    let mails = town.world.mails();
    assert!(mails.iter().any(|mail| mail.to == "customer0@example.com"), "who has both is told by mail");
    assert!(mails.iter().all(|mail| !mail.text.contains(PAGE) && !mail.html.contains(PAGE)));
    let laid: usize = EVERY_REGION
        .iter()
        .map(|region| town.world.people_as_text(region).matches("shop#link#").count())
        .sum();
    assert_eq!(laid, 1);
}

#[test]
fn details_are_kept_by_the_reader_alone_and_their_words_only_until_they_are_read() {
    let (town, incident, text) = texted();
    let code = code_in(&text);
    let kept = |words: &str| {
        let people = EVERY_REGION.map(|region| town.world.people_as_text(region)).concat();
        (people.contains(words), town.world.home_as_text().contains(words))
    };
    const OF_THE_LETTER: &str = "Bonjour Customer Number 1";
    assert_eq!((kept(&code), kept(OF_THE_LETTER)), ((false, false), (true, false)));
    assert!(!show(&town, &incident).to_string().contains(&code));
    assert_eq!(open(&town, "shop", &code).status, 200);
    assert_eq!((kept(&code), kept(OF_THE_LETTER)), ((false, false), (false, false)));
}

/// Whoever was read before links were asked for is told as before.
#[test]
fn details_come_with_the_next_reading_of_the_evidence() {
    let (mut town, incident) = leaked(&with_phones());
    put_settings(&town, &with_details(), &json!({}));
    rescope(&town, &incident);
    approve(&town, &incident);
    town.minute();
    let [text] = town.world.texts().try_into().expect("one text");
    assert_eq!(open(&town, "shop", &code_in(&text)).status, 200);

    let (mut town, incident) = leaked(&with_phones());
    approve(&town, &incident);
    town.minute();
    let [text] = town.world.texts().try_into().expect("one text");
    assert!(text.body.contains("https://shop.example/notice") && !text.body.contains('#'), "{}", text.body);
}

/// The text goes only when what it links to is there.
#[test]
fn details_that_cannot_be_laid_down_keep_their_text_back() {
    let (mut town, incident) = leaked_of(&with_phones(), &with_details(), &json!({}));
    approve(&town, &incident);
    let laid_down = |town: &Town| town.world.people_as_text("eu-central-1").contains("shop#link#");
    // Once a chunk is claimed its people are read, and what is left to do with their table is to write.
    town.world.set_fate(Some(Rc::new(|world, call| {
        let writes = call == Call::Regional("eu-central-1") && world.home_as_text().contains("handing-over");
        writes.then_some(Fault::ErrorBefore)
    })));
    town.each_minute_of(2);
    assert!(!laid_down(&town) && town.world.texts().is_empty());
    town.world.set_fate(None);
    town.each_minute_of(15);
    let [text] = town.world.texts().try_into().expect("one text");
    assert!(laid_down(&town));
    assert_eq!(open(&town, "shop", &code_in(&text)).status, 200);
}

fn rescope(town: &Town, incident: &str) {
    assert_eq!(act(town, RESPONDER, incident, "rescope", &json!({ "reason": "links" })).status, 200);
    town.drain();
}

#[test]
fn details_that_are_laid_down_again_get_a_new_term_and_do_not_open_again() {
    let (town, _, text) = texted();
    let code: LinkCode = code_in(&text).parse().expect("a code");
    let scope = TenantScope::proven("shop".parse().expect("a tenant"), Proof::Link);
    let now = town.world.now();
    let open = |by: &str, now| {
        run(links::open(&town.world, &scope, EVERY_REGION, &code, (by, now))).expect("an answer")
    };
    let put = |notice, until| {
        run(links::put(&town.world, &scope, "eu-central-1", &code, notice, until)).expect("a table")
    };
    let later = now + SignedDuration::from_hours(60);
    assert_eq!(open("a", later), Found::Over);
    let Found::Opened(notice) = open("b", now) else { panic!("it opens") };
    put(&notice, later + SignedDuration::from_hours(1));
    assert_eq!(open("c", later), Found::Over);
    assert_eq!(open("b", now), Found::Over, "a second request of the same mark is a second request");
}

/// Of two at once one gets it; and whoever is told that their own mark is not the first knows it as their own.
#[test]
fn details_that_two_ask_for_at_once_open_for_one() {
    for (faster, opens) in [("another", false), ("own", true)] {
        let (town, _, text) = texted();
        let code: LinkCode = code_in(&text).parse().expect("a code");
        let now = town.world.now();
        let ask = move |world: &World, code: &LinkCode, by: &str| {
            let scope = TenantScope::proven("shop".parse().expect("a tenant"), Proof::Link);
            let found = run(links::open(world, &scope, EVERY_REGION, code, (by, now))).expect("an answer");
            matches!(found, Found::Opened(_))
        };
        let (calls, asked) = (Cell::new(0), code.clone());
        // Behind the look into three regions, and before the mark.
        town.world.set_fate(Some(Rc::new(move |world, _| {
            calls.set(calls.get() + 1);
            if calls.get() == 4 {
                world.set_fate(None);
                assert!(ask(world, &asked, faster));
            }
            None
        })));
        assert_eq!(ask(&town.world, &code, "own"), opens, "{faster}");
    }
}
