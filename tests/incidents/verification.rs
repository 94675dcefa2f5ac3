//! What a merchant publishes, held against what its customers got.

use serde_json::{Value, json};
use tocsin_domain::plan::{Channel, Phase};
use tocsin_ports::Queue;
use tocsin_ports::memory::Delivered;
use tocsin_stage::http::Response;
use tocsin_tests::*;
use tocsin_verification::{
    Checked, Draft, Files, Issuer, KEYS, Ledger, MANIFEST, Notice, Print, SIGNATURE, Signed, check, pages,
};

const SITE: &str = "/console/tenants/shop/verification";

fn get(town: &Town, path: &str) -> Value {
    let answer = town.console(RESPONDER, "GET", path, &Value::Null);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

fn make_key(town: &Town) -> String {
    let answer =
        town.console(ADMINISTRATOR, "POST", &format!("{SITE}/key"), &json!({ "reason": "the first" }));
    answer.body["key"].as_str().expect("a key").to_owned()
}

fn prints(town: &Town, wave: &Value, from: u32) -> Vec<Print> {
    let part = |name: &str| wave[name].to_string().replace('"', "");
    let incident = part("incident");
    let path =
        format!("/console/tenants/shop/incidents/{incident}/prints/{}/{}/{from}", part("plan"), part("wave"));
    serde_json::from_value(get(town, &path)["prints"].clone()).expect("prints")
}

/// What the command has signed, with the shards and the pages.
fn draft(town: &Town) -> (Draft, Files) {
    let listing = get(town, SITE);
    let notices: Vec<Notice> = serde_json::from_value(listing["notices"].clone()).expect("notices");
    let mut ledger = Ledger::of(notices);
    for wave in listing["waves"].as_array().expect("waves") {
        let notice = u32::try_from(wave["notice"].as_u64().expect("a place")).expect("a place");
        prints(town, wave, 0).into_iter().for_each(|print| ledger.add(notice, print));
    }
    let book = ledger.close();
    let issuer: Issuer = serde_json::from_value(listing["issuer"].clone()).expect("an issuer");
    let mut files = pages(&issuer, &book.draft.notices).expect("pages");
    files.extend(book.shards);
    (book.draft, files)
}

fn sign(town: &Town, who: &str, draft: &Draft) -> Response {
    town.console(who, "POST", &format!("{SITE}/sign"), &json!(draft))
}

fn publish(town: &Town) -> Files {
    let (draft, mut files) = draft(town);
    let answer = sign(town, RESPONDER, &draft);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let Signed { manifest, signature, keys } = serde_json::from_value(answer.body).expect("three files");
    for (path, text) in [(MANIFEST, manifest), (SIGNATURE, signature), (KEYS, keys)] {
        files.insert(path.to_owned(), text.into_bytes());
    }
    files
}

fn checked(files: &Files) -> Checked {
    check(|path| files.get(path).cloned(), None).expect("files as they were signed")
}

fn reference_in(text: &str) -> &str {
    let at = text.find("SHOP-").expect("a reference");
    &text[at..at + 15]
}

fn to_customers(town: &Town) -> Vec<Delivered> {
    town.world.mails().into_iter().filter(|mail| mail.to.starts_with("customer")).collect()
}

#[test]
fn every_reference_is_found_before_its_notice_comes_and_nobody_else_is_in_the_files() {
    let (mut town, incident) = leaked(&customers(60));
    make_key(&town);
    assert!(checked(&publish(&town)).manifest.notices.is_empty(), "nobody has approved anything");
    let reason = json!({ "reason": "the page first" });
    assert_eq!(act(&town, RESPONDER, &incident, "hold", &reason).status, 200);
    approve(&town, &incident);
    let files = publish(&town);
    assert_eq!(act(&town, RESPONDER, &incident, "release", &reason).status, 200);
    town.each_minute_of(3);
    let site = checked(&files);
    let mails = to_customers(&town);
    assert_eq!((mails.len(), site.manifest.issuer.host.as_str()), (60, "shop.example"));
    for mail in &mails {
        let found = site.find(reference_in(&mail.text)).expect("a reference");
        let is_it = |notice: &Notice| {
            notice.channel == Channel::Email
                && notice.subject.as_deref() == Some(mail.subject.as_str())
                && notice.date.to_string() == "2026-11-23"
                && mail.text.contains(&notice.contact.email)
        };
        assert!(found.iter().any(|counted| is_it(&counted.notice)), "{}", mail.subject);
        for (path, bytes) in &files {
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains(&mail.to) && !text.contains(&reference_in(&mail.text)[5..]), "{path}");
            assert!(!text.contains("Customer Number"), "{path}");
        }
    }
    let filing =
        town.world.mails().into_iter().find(|mail| mail.to.starts_with("filings")).expect("a filing");
    for other in [reference_in(&filing.text), "SHOP-2345ABCDEF"] {
        assert!(site.find(other).expect("a reference").is_empty());
    }
    // What was sent stays: the same files again, but for their instant.
    let later = publish(&town);
    let shards = |files: &Files| {
        files
            .iter()
            .filter(|(path, _)| path.ends_with(".txt"))
            .map(|(_, bytes)| bytes.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(shards(&later), shards(&files));
}

/// Three chunks' people in one country, one of whose chunks is handed over.
fn half_told() -> (Town, String) {
    let mut people = customers(120);
    for customer in &mut people {
        (customer.country, customer.province, customer.locale) = ("IE", "", "en");
    }
    let mut settings = without_an_inbox();
    settings["senders"]["sms"] = json!(false);
    let (town, incident) = leaked_of(&people, &settings, &json!({}));
    make_key(&town);
    approve(&town, &incident);
    let now = tocsin_ports::Clock::now(&town.world);
    tick(async { dispatch::step(&town.world, now).await });
    while to_customers(&town).is_empty() {
        let message = town.world.take(&Queue::Notices("eu-central-1".to_owned())).expect("a chunk of people");
        assert!(deliver(&town.world, &Queue::Notices("eu-central-1".to_owned()), &message.body));
    }
    (town, incident)
}

#[test]
fn of_a_plan_that_is_over_those_are_listed_who_were_told() {
    let (mut town, incident) = half_told();
    assert_eq!(checked(&publish(&town)).manifest.references.count, 120, "all may go yet");
    let told = to_customers(&town);
    let mut settings = without_an_inbox();
    settings["wording"]["en"]["what_happened"] = json!("Somebody copied another file.");
    put_settings(&town, &settings, &json!({}));
    let amendment = json!({ "to_those_told": "correction", "read_anew": false, "reason": "it was wrong" });
    assert_eq!(act(&town, RESPONDER, &incident, "amend", &amendment).status, 200);
    town.drain();
    let between = checked(&publish(&town));
    assert_eq!(between.manifest.references.count, told.len() as u64);
    assert!(told.iter().all(|mail| between.find(reference_in(&mail.text)).expect("one").len() == 1));
    approve(&town, &incident);
    town.each_minute_of(3);
    let after = checked(&publish(&town));
    assert_eq!(after.manifest.references.count, 120);
    for mail in &told {
        let found = after.find(reference_in(&mail.text)).expect("a reference");
        let phases: Vec<Phase> = found.iter().map(|counted| counted.notice.phase).collect();
        assert_eq!(phases, [Phase::First, Phase::Correction]);
    }
}

#[test]
fn of_an_incident_that_is_cancelled_those_are_listed_who_were_told() {
    let (town, incident) = half_told();
    let told = to_customers(&town).len() as u64;
    assert_eq!(act(&town, RESPONDER, &incident, "cancel", &json!({ "reason": "a mistake" })).status, 200);
    assert!(told < 120);
    assert_eq!(checked(&publish(&town)).manifest.references.count, told);
}

#[test]
fn of_a_plan_that_waits_for_another_approval_nothing_is_listed() {
    let mut settings = tenant("shop");
    settings["approvals_needed"] = json!(2);
    let (town, incident) = leaked_of(&customers(7), &settings, &json!({}));
    make_key(&town);
    approve(&town, &incident);
    assert!(!get(&town, SITE)["waves"].as_array().expect("waves").is_empty());
    assert_eq!(checked(&publish(&town)).manifest.references.count, 0);
}

#[test]
fn prints_come_by_runs_of_chunks() {
    let (town, _) = half_told();
    let listing = get(&town, SITE);
    let waves = listing["waves"].as_array().expect("waves");
    let wave = waves.iter().find(|wave| wave["chunks"] == 3).expect("a wave of three chunks");
    assert_eq!([0, 1, 2, 3].map(|from| prints(&town, wave, from).len()), [120, 70, 20, 0]);
    let other = format!("/console/tenants/shop/incidents/{}/prints/1/99/0", "0".repeat(32));
    assert_eq!(town.console(RESPONDER, "GET", &other, &Value::Null).status, 404);
}

#[test]
fn the_console_signs_what_it_knows_for_those_who_may() {
    let (town, incident) = leaked(&customers(14));
    approve(&town, &incident);
    let (honest, _) = draft(&town);
    let no_key = sign(&town, RESPONDER, &honest);
    assert!(
        no_key.status == 409 && no_key.body.to_string().contains("tocsin verification key"),
        "{}",
        no_key.body
    );
    let reason = json!({ "reason": "the first" });
    for who in [RESPONDER, APPROVER, COUNSEL] {
        assert_eq!(town.console(who, "POST", &format!("{SITE}/key"), &reason).status, 403);
    }
    assert_eq!(town.console(ADMINISTRATOR, "POST", &format!("{SITE}/key"), &json!({})).status, 400);
    let nobodys = "/console/tenants/nobody/verification/key";
    assert_eq!(town.console(ADMINISTRATOR, "POST", nobodys, &reason).status, 404);
    let key = make_key(&town);
    assert_eq!(get(&town, SITE)["key"], key);
    for (who, status) in [(COUNSEL, 403), (ADMINISTRATOR, 403), (RESPONDER, 200), (APPROVER, 200)] {
        assert_eq!(sign(&town, who, &honest).status, status, "{who}");
    }
    assert_eq!(town.world.home_as_text().matches("manifest-signed").count(), 2);
    type Lie = fn(&mut Draft);
    let lies: [(&str, Lie); 5] = [
        ("a subject", |draft| draft.notices[0].notice.subject = Some("Pay now".to_owned())),
        ("a contact", |draft| draft.notices[0].notice.contact.phone = Some("+1 555 0666".to_owned())),
        ("a count", |draft| draft.notices[0].references = 100),
        ("twice the same", |draft| draft.notices.insert(0, draft.notices[0].clone())),
        ("no shard", |draft| draft.shards.clear()),
    ];
    for (what, tell) in lies {
        let mut draft = honest.clone();
        tell(&mut draft);
        let answer = sign(&town, RESPONDER, &draft);
        assert!(matches!(answer.status, 400 | 409), "{what}: {}", answer.body);
    }
    assert_eq!(town.world.home_as_text().matches("manifest-signed").count(), 2, "a lie leaves no leaf");
}

#[test]
fn two_keys_are_published_at_once_and_the_newer_signs() {
    let (town, incident) = leaked(&customers(7));
    approve(&town, &incident);
    let made: Vec<String> = (0..3).map(|_| make_key(&town)).collect();
    let files = publish(&town);
    assert_eq!(checked(&files).key, made[2]);
    let published = String::from_utf8(files[KEYS].clone()).expect("text");
    assert_eq!([0, 1, 2].map(|key| published.contains(&made[key])), [false, true, true]);
    assert_eq!(town.world.home_as_text().matches("verification-key-made").count(), 3);
}
