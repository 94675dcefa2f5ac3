//! Bodies that published a key for mail to them.

use mail_parser::MessageParser;
use pgp::composed::{Deserializable, Message, SignedSecretKey};
use pgp::types::Password;
use serde_json::{Value, json};
use tocsin_ports::memory::{Delivered, Verdict};
use tocsin_tests::*;

const AUTHORITY: &str = "filings@authority.example";

macro_rules! key {
    ($file:literal) => {
        include_str!(concat!("../../shared/sealed/fixtures/", $file))
    };
}

/// Until noon of the day on which the incident is.
const ENDS: &str = key!("openpgp/ends.asc");

fn with_a_key(kind: &str, key: &str) -> Value {
    let mut settings = tenant("shop");
    settings["contacts"][0]["encryption"] = json!({ "kind": kind, "key": key });
    settings
}

fn approved(settings: &Value) -> (Town, String) {
    let (town, incident) = leaked_of(&customers(7), settings, &json!({}));
    approve(&town, &incident);
    (town, incident)
}

/// What the authority got.
fn got(town: &Town) -> Vec<Delivered> {
    town.world.mails().into_iter().filter(|mail| mail.to == AUTHORITY).collect()
}

fn only<T>(all: Vec<T>) -> T {
    let count = all.len();
    all.into_iter().next().filter(|_| count == 1).unwrap_or_else(|| panic!("{count} of one"))
}

fn bytes(mail: &Delivered) -> &[u8] {
    mail.sealed.as_deref().expect("an encrypted mail")
}

/// The letter as it goes to an authority without a key.
fn in_plain() -> Delivered {
    let (mut town, _) = approved(&tenant("shop"));
    town.minute();
    let mail = only(got(&town));
    assert_eq!(mail.sealed, None);
    mail
}

fn opened(mail: &[u8], with: &str) -> [String; 3] {
    let (secret, _) = SignedSecretKey::from_string(with).expect("a private key");
    let mail = MessageParser::new().parse(mail).expect("a mail");
    let (message, _) = Message::from_armor(mail.parts[2].contents()).expect("a message");
    let mut message = message.decrypt(&Password::empty(), &secret).expect("the key's own");
    let payload = message.as_data_vec().expect("bytes");
    let letter = MessageParser::new().parse(&payload).expect("a letter");
    let text = |of: Option<std::borrow::Cow<'_, str>>| of.unwrap_or_default().replace("\r\n", "\n");
    [letter.subject().unwrap_or_default().to_owned(), text(letter.body_text(0)), text(letter.body_html(0))]
}

fn state(town: &Town, incident: &str) -> String {
    let shown = show(town, incident);
    duty(&shown, "eu-gdpr-authority", "DE")["state"].as_str().unwrap_or_default().to_owned()
}

fn attention(town: &Town, incident: &str) -> String {
    show(town, incident)["incident"]["attention"].to_string()
}

#[test]
fn a_body_with_a_key_gets_the_approved_letter_and_nobody_on_the_way_reads_it() {
    let plain = in_plain();
    for (kind, key) in [("openpgp", key!("openpgp/rsa.asc")), ("smime", key!("smime/rsa.pem"))] {
        let (mut town, incident) = approved(&with_a_key(kind, key));
        town.minute();
        let mail = only(got(&town));
        let seen = std::str::from_utf8(bytes(&mail)).expect("text");
        assert!(!seen.contains(&plain.subject), "{seen}");
        // Outside stand the sender's name and the reference.
        let (_, body) = seen.split_once("\r\n\r\n").expect("a body");
        for word in plain.text.split_whitespace().filter(|word| word.len() > 6) {
            assert!(!body.contains(word), "{word}");
        }
        if kind == "openpgp" {
            let approved = [plain.subject.clone(), plain.text.clone(), plain.html.clone()];
            assert_eq!(opened(bytes(&mail), key!("openpgp/rsa.secret.asc")), approved);
        }
        assert_eq!(state(&town, &incident), "met");
    }
}

#[test]
fn what_goes_again_goes_in_a_new_envelope() {
    let (mut town, incident) = approved(&with_a_key("openpgp", key!("openpgp/rsa.asc")));
    let mut left = 2;
    town.world.set_provider(Some(Box::new(move |mails| {
        let is_filing = mails.iter().any(|mail| mail.to.personal().expose() == AUTHORITY);
        left -= u32::from(is_filing && left > 0);
        let verdict = if is_filing && left > 0 { Verdict::Unfit } else { Verdict::Take };
        Some(vec![verdict; mails.len()])
    })));
    town.each_minute_of(10);
    let id = |mail: &Delivered| {
        MessageParser::new()
            .parse(bytes(mail))
            .and_then(|mail| mail.message_id().map(str::to_owned))
            .expect("an id")
    };
    let mail = only(got(&town));
    assert!(id(&mail).contains(".0.2@"), "{}", id(&mail));
    assert_eq!(state(&town, &incident), "met");
}

#[test]
fn a_key_that_expires_before_its_mail_goes_stops_that_notice_and_asks_a_person() {
    let (mut town, incident) = approved(&with_a_key("openpgp", ENDS));
    town.minutes(60 * 4);
    town.each_minute_of(10);
    assert_eq!(got(&town), []);
    assert!(town.mails_by_address().contains_key("customer0@example.com"));
    assert_ne!(state(&town, &incident), "met");
    let asked = attention(&town, &incident);
    for part in ["expired on 2026-11-23", "put another key for dpa-germany, and amend the plan"] {
        assert!(asked.contains(part), "{asked}");
    }

    put_settings(&town, &with_a_key("openpgp", key!("openpgp/rsa.asc")), &json!({}));
    let body = json!({ "to_those_told": "follow-up", "read_anew": false, "reason": "their key expired" });
    let answer = act(&town, RESPONDER, &incident, "amend", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    town.each_minute_of(2);
    approve(&town, &incident);
    town.each_minute_of(5);
    let [subject, ..] = opened(bytes(&only(got(&town))), key!("openpgp/rsa.secret.asc"));
    assert_eq!(subject, in_plain().subject);
    assert_eq!(state(&town, &incident), "met");
}

/// What was approved is what it is encrypted to: of a key that is put later the plan knows nothing.
#[test]
fn the_plan_binds_the_key() {
    let (mut town, _) = approved(&with_a_key("openpgp", ENDS));
    put_settings(&town, &with_a_key("openpgp", key!("openpgp/rsa.asc")), &json!({}));
    town.minute();
    let [subject, ..] = opened(bytes(&only(got(&town))), key!("openpgp/ends.secret.asc"));
    assert_eq!(subject, in_plain().subject);
}

#[test]
fn a_partner_with_a_key_gets_a_webhook_and_where_that_is_gone_an_encrypted_mail() {
    use tocsin_ports::{Hook, Posted};
    let mut settings = with_a_key("openpgp", key!("openpgp/rsa.asc"));
    settings["contacts"][0]["webhook"] = json!("https://hooks.authority.example/breaches");
    let secrets = json!({ "partner-dpa-germany": json!({ "keys": [SECTION_SECRET] }).to_string() });
    for gone in [false, true] {
        let (mut town, incident) = leaked_of(&customers(7), &settings, &secrets);
        approve(&town, &incident);
        if gone {
            town.world.set_endpoints(Some(Box::new(|_: &Hook| Posted::Status(410))));
        }
        town.each_minute_of(10);
        assert_eq!(town.world.hooks().len(), 1);
        assert!(town.world.hooks().iter().all(|hook| hook.body.contains("Article 33")));
        assert_eq!(got(&town).iter().filter(|mail| mail.sealed.is_some()).count(), usize::from(gone));
        assert_eq!(got(&town).len(), usize::from(gone));
    }
}

#[test]
fn a_key_that_cannot_be_used_is_refused_with_the_settings() {
    let town = Town::new();
    let put = |kind: &str, key: &str, email: Value| {
        let mut settings = with_a_key(kind, key);
        settings["contacts"][0]["email"] = email;
        let body = json!({ "tenant": settings, "secrets": {} });
        town.console(ADMINISTRATOR, "PUT", "/console/tenants/shop", &body)
    };
    let mail = || json!(AUTHORITY);
    assert_eq!(put("openpgp", ENDS, mail()).status, 200);
    town.world.advance_to("2026-11-23T12:00:01Z".parse().expect("an instant"));
    let long = format!("{}{}", key!("openpgp/rsa.asc"), " ".repeat(70_000));
    for (kind, key, email, why) in [
        ("openpgp", ENDS, mail(), "contact dpa-germany: encryption: the key expired on 2026-11-23"),
        ("openpgp", key!("openpgp/rsa.secret.asc"), mail(), "this is a private key"),
        ("openpgp", long.as_str(), mail(), "longer than 65536 bytes"),
        ("smime", key!("smime/ec.pem"), mail(), "not RSA"),
        ("openpgp", key!("openpgp/rsa.asc"), Value::Null, "no e-mail address"),
    ] {
        let answer = put(kind, key, email);
        assert_eq!(answer.status, 400, "{why}");
        assert!(answer.body.to_string().contains(why), "{}", answer.body);
    }
}
