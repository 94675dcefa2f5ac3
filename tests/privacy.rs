//! Personal data stays where people are kept: not in the home table, not on a queue, not in a log line.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tocsin_ports::Clock;
use tocsin_tests::*;

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a log").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("a log")).into_owned()
    }
}

/// What tells a person, in any of these places.
fn tells(text: &str) -> Option<&'static str> {
    [
        "customer0@",
        "CUSTOMER0@",
        "Customer Number",
        "+447700900",
        "eve@example.com",
        "Secret Street",
        "Hidden Town",
    ]
    .into_iter()
    .find(|part| text.contains(part))
}

#[test]
fn no_personal_data_leaves_the_people_tables_and_the_vault() {
    let log = Log::default();
    let writer = log.clone();
    let codes = std::cell::RefCell::new(Vec::new());
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let mut people = customers(14);
        people[1] = Customer { email: String::new(), phone: "+447700900123".to_owned(), ..people[1].clone() };
        people[2] = Customer {
            email: String::new(),
            post: Some(("7 Secret Street", "Hidden Town")),
            ..people[2].clone()
        };
        people[7].email = String::new();
        let town = Town::new();
        settle_in(&town, "shop", &people);
        let broken = format!("{}9,Customer Number 9,eve@example.com eve,,DE,,de,,\n", manifest(&people));
        put_manifest(&town, "shop", broken.into_bytes());
        let mut lenient = tenant("shop");
        lenient["reject_limit_per_mille"] = json!(200);
        lenient["senders"]["details"] = json!({ "page": "https://shop.example/my", "hours": 48 });
        put_settings(&town, &lenient, &json!({}));
        for body in ["eve@example.com", r#"{"eve@example.com": "Customer Number 9"}"#] {
            assert!(town.siem(body));
        }
        let incident = leak(&town);
        approve(&town, &incident);
        run(dispatch::step(&town.world, town.world.now()));
        let queued = look_into_queues(&town);
        town.drain();
        let stranger = json!({
            "eventType": "Delivery",
            "mail": { "messageId": "unknown", "timestamp": "2026-11-23T09:00:00Z", "destination": ["eve@example.com"], "tags": {} },
            "delivery": { "timestamp": "2026-11-23T09:00:00Z", "recipients": ["eve@example.com"], "smtpResponse": "250 eve@example.com ok" },
        });
        town.tell(&stranger);
        let mut town = town;
        town.minute();
        assert!(town.world.mails().len() > 10 && !town.world.texts().is_empty(), "something was sent");
        let asked = town.storefront(proxied("shop", "7", town.world.now()));
        assert_eq!(asked.body["notices"].as_array().map(Vec::len), Some(1), "something was shown");
        let [text] = town.world.texts().try_into().expect("one text");
        let (_, behind) = text.body.split_once("/my#").expect("a link");
        let code = behind.split_whitespace().next().expect("a code").to_owned();
        let request = tocsin_stage::http::Request {
            method: "POST".to_owned(),
            path: "/details/shop".to_owned(),
            body: json!({ "code": code }).to_string().into_bytes(),
            ..tocsin_stage::http::Request::default()
        };
        let [opened, again] = [request.clone(), request].map(|request| town.storefront(request));
        assert_eq!((opened.status, again.status), (200, 410), "something was opened");
        assert!(!queued.contains(&code), "a queue");
        assert!(!town.world.home_as_text().contains(&code), "the home table");
        codes.borrow_mut().push(code);
        assert!(town.world.files().iter().any(|file| file.contains("/letters/")), "something was printed");
        assert_eq!(tells(&town.world.home_as_text()), None, "the home table");
        assert_eq!(town.world.parked().iter().find_map(|note| tells(note)), None, "notes of what is parked");
        town.world.advance_to("2027-06-01T00:00:00Z".parse().expect("an instant"));
        town.minute();
        let alerts = town.world.alerts();
        assert!(!alerts.is_empty(), "operators were told of something");
        assert_eq!(tells(&format!("{alerts:?}")), None, "alerts");
        let shown = show(&town, &incident);
        assert_eq!(tells(&shown.to_string()), None, "what the console shows");
    });
    let text = log.text();
    assert!(text.contains("\"function\":\"send\""), "the log was looked at");
    assert_eq!(tells(&text), None, "the log");
    let codes = codes.into_inner();
    assert!(!codes.is_empty() && codes.iter().all(|code: &String| !text.contains(code)), "the log");
}

/// What stands on the queues.
fn look_into_queues(town: &Town) -> String {
    let mut seen = String::new();
    for queue in town.world.busy_queues() {
        let bodies: Vec<String> =
            std::iter::from_fn(|| town.world.take(&queue)).map(|message| message.body).collect();
        for body in bodies {
            let message: Value = serde_json::from_str(&body).expect("JSON");
            assert_eq!(tells(&message.to_string()), None);
            seen.push_str(&body);
            town.world.put_back(&queue, body);
        }
    }
    assert!(!seen.is_empty(), "messages were looked at");
    seen
}
