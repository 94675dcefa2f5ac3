//! The real templates on the real emulator, with a function that echoes in the place of each function.
//! Needs Python 3.11 or newer, and a package index the first time.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use tocsin_local::cloud::{ACCOUNT, Cloud, CloudError, QueueDepth};
use tocsin_local::deploy::{Deployed, Installation, deploy};
use tocsin_local::emulator::{Emulator, EmulatorOptions, Policies};
use tocsin_local::front_door::FrontDoor;
use tocsin_local::mailbox_provider::{Bounce, MailEvent, MailboxProvider, Weather};
use tocsin_local::{Answer, Credentials};

const HOME: &str = "eu-central-1";
const FURTHER: [&str; 2] = ["us-east-1", "ap-southeast-2"];
const FUNCTIONS: [&str; 11] = [
    "console",
    "dispatch",
    "inbox",
    "intake-siem",
    "intake-webhook",
    "plan",
    "receipts",
    "scope",
    "send",
    "triage",
    "watch",
];

struct Local {
    mailboxes: MailboxProvider,
    deployed: Deployed,
    emulator: Emulator,
}

/// One test: the emulator and the stacks are made once.
#[tokio::test]
async fn the_templates_deploy_and_everything_is_connected() {
    let local = start(Weather::usual(1)).await;
    let cloud = local.emulator.cloud();
    assert_eq!(local.deployed.outputs.keys().map(String::as_str).collect::<BTreeSet<_>>(), regions());
    every_function_sees_its_environment(cloud).await;
    every_queue_has_what_it_needs(cloud).await;
    a_finding_fires_its_function(cloud).await;
    a_webhook_is_answered_and_nothing_else_is(&local).await;
    the_console_knows_who_calls(&local).await;
    roles_may_do_their_work_and_no_more(&local).await;
    what_became_of_mail_arrives_at_receipts(&local).await;
    a_verified_sender_is_signed_for(&local).await;
    the_front_door_makes_it_tls(&local).await;
    a_lost_answer_is_a_mail_that_went(&local).await;
    a_killed_function_starts_again(&local).await;
}

/// What must not survive us: a process group of ours is gone as soon as the emulator is dropped.
#[tokio::test]
async fn nothing_is_left_behind() {
    let options = options("nothing-left", Vec::new());
    let emulator = Emulator::start(&options).await.unwrap();
    let endpoint = emulator.cloud().endpoint();
    let authority = endpoint.strip_prefix("http://").unwrap().to_owned();
    assert!(std::net::TcpStream::connect(&authority).is_ok());
    let scratch = options.state.join(format!("nothing-left-{}", authority.rsplit_once(':').unwrap().1));
    assert!(scratch.is_dir());
    drop(emulator);
    assert!(std::net::TcpStream::connect(&authority).is_err());
    assert!(!scratch.exists());
}

async fn start(weather: Weather) -> Local {
    let door = FrontDoor::build().await.unwrap();
    let emulator = Emulator::start(&options("connected", door.environment())).await.unwrap();
    let mailboxes = door.open(emulator.cloud(), weather);
    let echo = PathBuf::from(env!("CARGO_BIN_EXE_tocsin-local-echo"));
    let installation = Installation {
        project: project(),
        binaries: FUNCTIONS.iter().map(|function| ((*function).to_owned(), echo.clone())).collect(),
        prefix: "tocsin".to_owned(),
        home_region: HOME.to_owned(),
        further_regions: FURTHER.map(str::to_owned).to_vec(),
        administrator: format!("arn:aws:iam::{ACCOUNT}:user/administrator"),
        send_rate: 50,
        text_rate: 50,
        settle_seconds: 20,
    };
    let deployed = deploy(emulator.cloud(), &installation).await.unwrap();
    Local { mailboxes, deployed, emulator }
}

fn options(name: &str, environment: Vec<(String, String)>) -> EmulatorOptions {
    // Beside the build's own output, so that the Python environment is made once for tests and demo.
    let target = Path::new(env!("CARGO_BIN_EXE_tocsin-local-echo")).ancestors().nth(2).unwrap();
    let state = target.join("local");
    EmulatorOptions {
        name: name.to_owned(),
        state,
        home_region: HOME.to_owned(),
        policies: Policies::Checked,
        environment,
    }
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn regions() -> BTreeSet<&'static str> {
    FURTHER.into_iter().chain([HOME]).collect()
}

/// The names and values are the same for every function in every region, but for what AWS itself sets.
async fn every_function_sees_its_environment(cloud: &Cloud) {
    let expected = BTreeMap::from([
        ("TOCSIN_ADMINISTRATORS", json!(format!("arn:aws:iam::{ACCOUNT}:user/administrator"))),
        ("TOCSIN_HOME_REGION", json!(HOME)),
        ("TOCSIN_LOG", json!("info")),
        ("TOCSIN_PREFIX", json!("tocsin")),
        ("TOCSIN_REGIONS", json!("eu-central-1,us-east-1,ap-southeast-2")),
        ("TOCSIN_SEND_RATE", json!("50")),
        ("TOCSIN_TEXT_RATE", json!("50")),
        ("TOCSIN_TEXT_PROVIDER", json!("sns")),
        ("TOCSIN_TEXT_ORIGIN", json!("")),
        ("TOCSIN_CANARY_MINUTES", json!("0")),
        ("TOCSIN_CANARY_SENDER", json!("")),
        ("TOCSIN_PAUSE_BOUNCES_PER_MILLE", json!("50")),
        ("TOCSIN_PAUSE_COMPLAINTS_PER_MILLE", json!("1")),
        ("TOCSIN_PAUSE_SAMPLE", json!("200")),
        ("TOCSIN_SEND_TIMEOUT_SECONDS", json!("60")),
        ("TOCSIN_SETTLE_SECONDS", json!("20")),
        ("TOCSIN_VAULT_BUCKET", json!(format!("tocsin-vault-{ACCOUNT}"))),
    ]);
    let at_home = FUNCTIONS.map(|function| (function, HOME));
    let abroad = FURTHER.map(|region| [("send", region), ("receipts", region)]);
    for (function, region) in at_home.into_iter().chain(abroad.into_iter().flatten()) {
        let environment = environment_of(cloud, function, region).await;
        let ours: BTreeMap<&str, Value> = environment
            .iter()
            .filter(|(name, _)| name.starts_with("TOCSIN_"))
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        assert_eq!(ours, expected, "{function} in {region}");
        assert_eq!(environment["AWS_REGION"], region);
        assert_eq!(environment["AWS_ENDPOINT_URL"], cloud.endpoint());
        assert_ne!(environment["AWS_ENDPOINT_URL_SESV2"], cloud.endpoint());
    }
}

async fn environment_of(cloud: &Cloud, function: &str, region: &str) -> BTreeMap<String, Value> {
    let answer = cloud.invoke(region, &format!("tocsin-{function}"), &json!({})).await.unwrap();
    serde_json::from_value(answer["environment"].clone()).unwrap()
}

async fn every_queue_has_what_it_needs(cloud: &Cloud) {
    let mut queues = BTreeMap::from([
        ("tocsin-siem".to_owned(), ("intake-siem", HOME)),
        ("tocsin-signals".to_owned(), ("triage", HOME)),
        ("tocsin-scope".to_owned(), ("scope", HOME)),
        ("tocsin-plan".to_owned(), ("plan", HOME)),
    ]);
    for region in regions() {
        queues.insert(format!("tocsin-notices-{region}"), ("send", region));
        queues.insert(format!("tocsin-receipts-{region}"), ("receipts", region));
    }
    for (queue, (function, region)) in queues {
        a_queue_has_what_it_needs(cloud, region, &queue, &format!("tocsin-{function}")).await;
    }
}

async fn a_queue_has_what_it_needs(cloud: &Cloud, region: &str, queue: &str, function: &str) {
    let attributes = cloud.queue_attributes(region, queue).await.unwrap();
    let dead_letters = cloud.queue_attributes(region, &format!("{queue}-dlq")).await.unwrap();
    let number = |attributes: &BTreeMap<String, String>, name: &str| attributes[name].parse::<u64>().unwrap();
    let redrive: Value = serde_json::from_str(&attributes["RedrivePolicy"]).unwrap();
    assert_eq!(redrive["deadLetterTargetArn"], dead_letters["QueueArn"], "{queue}");
    assert_eq!(redrive["maxReceiveCount"], 5, "{queue}");
    let kept = "MessageRetentionPeriod";
    assert!(number(&dead_letters, kept) > number(&attributes, kept), "{queue}");

    let sources = event_sources(cloud, region, function).await;
    assert_eq!(sources.len(), 1, "{queue}");
    assert_eq!(sources[0]["EventSourceArn"], attributes["QueueArn"], "{queue}");
    // Without it Lambda deletes failed messages too.
    assert_eq!(sources[0]["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]), "{queue}");
    let target = format!("/2015-03-31/functions/{function}/configuration");
    let configuration = lambda(cloud, region, Method::GET, target, Value::Null).await;
    let timeout = configuration["Timeout"].as_u64().unwrap();
    assert!(number(&attributes, "VisibilityTimeout") >= 6 * timeout, "{queue}");

    let (call, everything) = ("GraniteServiceVersion20100801.DescribeAlarms", json!({}));
    let alarms = cloud.json("monitoring", region, call, &everything).await.unwrap();
    let alarms = alarms["MetricAlarms"].as_array().unwrap();
    let operators = json!([format!("arn:aws:sns:{region}:{ACCOUNT}:tocsin-operators")]);
    for watched in [queue.to_owned(), format!("{queue}-dlq"), "tocsin-parked".to_owned()] {
        let on_it = json!([{ "Name": "QueueName", "Value": watched }]);
        let alarm = alarms.iter().find(|alarm| alarm["Dimensions"] == on_it);
        assert_eq!(alarm.map(|alarm| &alarm["AlarmActions"]), Some(&operators), "{watched} in {region}");
    }
}

async fn event_sources(cloud: &Cloud, region: &str, function: &str) -> Vec<Value> {
    let target = format!("/2015-03-31/event-source-mappings/?FunctionName={function}");
    let mut answer = lambda(cloud, region, Method::GET, target, Value::Null).await;
    serde_json::from_value(answer["EventSourceMappings"].take()).unwrap()
}

async fn lambda(cloud: &Cloud, region: &str, method: Method, target: String, ask: Value) -> Value {
    let body = if ask.is_null() { Bytes::new() } else { Bytes::from(ask.to_string()) };
    let answer = cloud.call(&target.clone(), "lambda", region, method, target, body).await.unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

async fn a_finding_fires_its_function(cloud: &Cloud) {
    cloud.send_message(HOME, "tocsin-siem", "{\"detail-type\":\"GuardDuty Finding\"}").await.unwrap();
    let taken = || async { cloud.queue_depth(HOME, "tocsin-siem").await.unwrap() == EMPTY };
    until("the finding is taken", taken).await;
    assert_eq!(cloud.queue_depth(HOME, "tocsin-siem-dlq").await.unwrap(), EMPTY);
}

const EMPTY: QueueDepth = QueueDepth { waiting: 0, in_flight: 0 };

async fn a_webhook_is_answered_and_nothing_else_is(local: &Local) {
    let post = async |path: &str, method: Method| {
        let (cloud, body) = (local.emulator.cloud(), Bytes::from_static(b"{}"));
        let headers = [("content-type", "application/json"), ("x-shopify-hmac-sha256", "c2lnbmF0dXJl")];
        read(&cloud.call_api_unsigned(&local.deployed, method, path, &headers, body).await.unwrap())
    };
    let (status, event) = post("/webhooks/aurora/shopify", Method::POST).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["pathParameters"], json!({ "tenant": "aurora", "source": "shopify" }));
    assert_eq!(event["headers"]["x-shopify-hmac-sha256"], "c2lnbmF0dXJl");
    assert_eq!(event["body"], "{}");
    assert_eq!(post("/webhooks/aurora", Method::POST).await.0, StatusCode::NOT_FOUND);
    assert_eq!(post("/webhooks/aurora/shopify", Method::PUT).await.0, StatusCode::NOT_FOUND);
    assert_eq!(post("/console/incidents", Method::POST).await.0, StatusCode::FORBIDDEN);
}

async fn the_console_knows_who_calls(local: &Local) {
    let ask = async |caller: &Credentials| {
        let cloud = local.emulator.cloud().called_by(caller.clone());
        let path = "/console/incidents";
        read(&cloud.call_api(&local.deployed, Method::GET, path, Bytes::new()).await.unwrap())
    };
    let operator = local.emulator.cloud().create_operator(&local.deployed, "ann").await.unwrap();
    let (status, event) = ask(&operator).await;
    assert_eq!(status, StatusCode::OK);
    let caller = &event["requestContext"]["authorizer"]["iam"];
    assert_eq!(caller["userArn"], format!("arn:aws:iam::{ACCOUNT}:user/ann"));
    assert_eq!(caller["accessKey"], operator.access_key);
    let forger = Credentials { secret_key: "guessed".to_owned(), ..operator };
    assert_eq!(ask(&forger).await.0, StatusCode::FORBIDDEN);
}

fn read(answer: &Answer) -> (StatusCode, Value) {
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
}

/// The roles of the templates, checked by the emulator as they stand.
async fn roles_may_do_their_work_and_no_more(local: &Local) {
    let cloud = local.emulator.cloud();
    let triage = as_role(cloud, "triage", HOME).await;
    assert!(get_item(&triage, HOME, "tocsin-home").await.is_ok());
    assert!(get_item(&triage, HOME, "tocsin-people").await.is_err());
    assert!(triage.send_message(HOME, "tocsin-scope", "{}").await.is_ok());
    assert!(triage.send_message(HOME, "tocsin-plan", "{}").await.is_err());
    assert!(send_batch(&triage, "tocsin-scope").await.is_ok());
    assert!(send_batch(&triage, "tocsin-plan").await.is_err());
    let scope = as_role(cloud, "scope", HOME).await;
    assert!(scope.put_object(HOME, &local.deployed.vault, "tenant/a", Bytes::new()).await.is_ok());
    assert!(triage.put_object(HOME, &local.deployed.vault, "tenant/a", Bytes::new()).await.is_err());
    let send = as_role(cloud, "send", "us-east-1").await;
    assert!(get_item(&send, HOME, "tocsin-home").await.is_ok());
    assert!(get_item(&send, HOME, "tocsin-people").await.is_err());
}

/// The cloud as a function's role calls it.
async fn as_role(cloud: &Cloud, function: &str, region: &str) -> Cloud {
    let environment = environment_of(cloud, function, region).await;
    let value = |name: &str| environment[name].as_str().unwrap().to_owned();
    cloud.called_by(Credentials {
        access_key: value("AWS_ACCESS_KEY_ID"),
        secret_key: value("AWS_SECRET_ACCESS_KEY"),
        session_token: Some(value("AWS_SESSION_TOKEN")),
    })
}

async fn send_batch(caller: &Cloud, queue: &str) -> Result<Value, CloudError> {
    let url = format!("{}/{ACCOUNT}/{queue}", caller.endpoint());
    let ask = json!({ "QueueUrl": url, "Entries": [{ "Id": "1", "MessageBody": "{}" }] });
    caller.json("sqs", HOME, "AmazonSQS.SendMessageBatch", &ask).await
}

async fn get_item(caller: &Cloud, region: &str, table: &str) -> Result<Value, CloudError> {
    let ask = json!({ "TableName": table, "Key": { "pk": { "S": "a" }, "sk": { "S": "b" } } });
    caller.json("dynamodb", region, "DynamoDB_20120810.GetItem", &ask).await
}

async fn what_became_of_mail_arrives_at_receipts(local: &Local) {
    let cloud = local.emulator.cloud();
    // So that the events stay where they arrive.
    let source = &event_sources(cloud, "us-east-1", "tocsin-receipts").await[0];
    let target = format!("/2015-03-31/event-source-mappings/{}", source["UUID"].as_str().unwrap());
    lambda(cloud, "us-east-1", Method::PUT, target, json!({ "Enabled": false })).await;
    cloud.verify_sender("us-east-1", "aurora.example").await.unwrap();
    let role = as_role(cloud, "send", "us-east-1").await;
    let answer = send(
        &role.through(&front_door(cloud).await),
        &mail_to(&["anna@example.com", "bounce+7@example.com"]),
    )
    .await
    .unwrap();
    let results = answer["BulkEmailEntryResults"].as_array().unwrap();
    let ids: Vec<&str> = results.iter().map(|result| result["MessageId"].as_str().unwrap()).collect();
    assert_eq!(
        local.mailboxes.accepted().iter().map(|mail| mail.message_id.clone()).collect::<Vec<_>>(),
        ids
    );
    until("all events are published", || async { local.mailboxes.outstanding() == 0 }).await;
    assert_eq!(local.mailboxes.unpublished(), 0);

    let envelopes = cloud.peek("us-east-1", "tocsin-receipts-us-east-1").await.unwrap();
    let mut seen = BTreeSet::new();
    for envelope in envelopes {
        let envelope: Value = serde_json::from_str(&envelope).unwrap();
        assert_eq!(envelope["TopicArn"], format!("arn:aws:sns:us-east-1:{ACCOUNT}:tocsin-ses-events"));
        let event: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
        let tags = &event["mail"]["tags"];
        assert_eq!((&tags["chunk"], &tags["person"]), (&json!(["c1"]), &json!(["p1"])));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        seen.insert((text(&event["mail"]["messageId"]), text(&event["eventType"])));
    }
    let expected = [(ids[0], "Send"), (ids[0], "Delivery"), (ids[1], "Send"), (ids[1], "Bounce")];
    assert_eq!(seen, expected.map(|(id, kind)| (id.to_owned(), kind.to_owned())).into());
    assert!(local.mailboxes.published().contains_key(&MailEvent::Bounce(Bounce::Permanent)));

    let mailbox = cloud.sent_mail().await.unwrap();
    let sent: Vec<(&str, &str)> =
        mailbox.iter().map(|mail| (mail.to[0].as_str(), mail.text.as_str())).collect();
    assert_eq!(sent, [("anna@example.com", "R1"), ("bounce+7@example.com", "R1")]);
}

/// As `plan` asks, and nobody who has no need to; of the sender that was verified for the mail above.
async fn a_verified_sender_is_signed_for(local: &Local) {
    let cloud = local.emulator.cloud();
    let door = front_door(cloud).await;
    let identity = async |function: &str, name: &str| {
        let caller = as_role(cloud, function, HOME).await.through(&door);
        let target = format!("/v2/email/identities/{name}");
        caller.call("GetEmailIdentity", "ses", "us-east-1", Method::GET, target, Bytes::new()).await
    };
    let answer: Value =
        serde_json::from_slice(&identity("plan", "aurora.example").await.unwrap().body).unwrap();
    assert_eq!(answer["VerifiedForSendingStatus"], true);
    assert_eq!(answer["DkimAttributes"], json!({ "SigningEnabled": true, "Status": "SUCCESS" }));
    let status = |answer: Result<Answer, CloudError>| match answer {
        Err(CloudError::Refused { status, .. }) => status,
        other => panic!("{other:?}"),
    };
    assert_eq!(status(identity("plan", "notice%40aurora.example").await), StatusCode::NOT_FOUND);
    assert_eq!(status(identity("dispatch", "aurora.example").await), StatusCode::FORBIDDEN);
}

fn mail_to(recipients: &[&str]) -> Value {
    let entry = |to: &&str| {
        json!({
            "Destination": { "ToAddresses": [to] },
            "ReplacementTags": [{ "Name": "person", "Value": "p1" }],
        })
    };
    let content = json!({ "Subject": "About your data", "Text": "{{ref}}" });
    json!({
        "FromEmailAddress": "notice@aurora.example",
        "ConfigurationSetName": "tocsin-us-east-1",
        "DefaultEmailTags": [{ "Name": "chunk", "Value": "c1" }],
        "DefaultContent": { "Template": { "TemplateContent": content, "TemplateData": "{\"ref\":\"R1\"}" } },
        "BulkEmailEntries": recipients.iter().map(entry).collect::<Vec<_>>(),
    })
}

async fn send(by_way_of: &Cloud, mail: &Value) -> Result<Value, CloudError> {
    let (target, body) = ("/v2/email/outbound-bulk-emails".to_owned(), Bytes::from(mail.to_string()));
    let answer = by_way_of.call("SendBulkEmail", "ses", "us-east-1", Method::POST, target, body).await?;
    Ok(serde_json::from_slice(&answer.body).unwrap())
}

/// The address of the door that the functions are told to use.
async fn front_door(cloud: &Cloud) -> String {
    let environment = environment_of(cloud, "send", "us-east-1").await;
    assert_eq!(environment["AWS_ENDPOINT_URL_S3"], environment["AWS_ENDPOINT_URL_SESV2"]);
    environment["AWS_ENDPOINT_URL_S3"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned()
}

async fn the_front_door_makes_it_tls(local: &Local) {
    let cloud = local.emulator.cloud();
    let put = async |by_way_of: &Cloud| {
        let target = format!("/{}/tenant/b", local.deployed.vault);
        by_way_of.call("PutObject", "s3", HOME, Method::PUT, target, Bytes::from_static(b"x")).await
    };
    let scope = as_role(cloud, "scope", HOME).await;
    assert!(put(&scope).await.is_err(), "the vault takes nothing that does not come by TLS");
    assert!(put(&scope.through(&front_door(cloud).await)).await.is_ok());
}

async fn a_lost_answer_is_a_mail_that_went(local: &Local) {
    let cloud = local.emulator.cloud();
    let door = FrontDoor::build().await.unwrap();
    let address = door.environment()[0].1.clone();
    let mailboxes = door.open(cloud, Weather { lost_answers: 1.0, ..Weather::usual(2) });
    let through = cloud.through(address.strip_prefix("http://").unwrap());
    let answer = send(&through, &mail_to(&["lost@example.com"])).await;
    assert!(matches!(answer, Err(CloudError::Http(_))), "{answer:?}");
    assert_eq!((mailboxes.lost_answers(), mailboxes.accepted().len()), (1, 1));
    until("its events are published", || async { mailboxes.outstanding() == 0 }).await;
    assert!(mailboxes.published().contains_key(&MailEvent::Delivery));
    let sent = cloud.sent_mail().await.unwrap();
    assert_eq!(sent.iter().filter(|mail| mail.to == ["lost@example.com"]).count(), 1);
}

async fn a_killed_function_starts_again(local: &Local) {
    let cloud = local.emulator.cloud();
    let before = local.deployed.processes("triage").await.unwrap();
    assert!(!before.is_empty());
    assert_eq!(local.deployed.kill("triage").await.unwrap(), before.len());
    // The first call may find its process dead, as on AWS.
    let alive = || async { cloud.invoke(HOME, "tocsin-triage", &json!({})).await.is_ok() };
    until("triage answers again", alive).await;
}

async fn until<F: Future<Output = bool>>(what: &str, done: impl Fn() -> F) {
    for _ in 0..200 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not within 20 seconds: {what}");
}
