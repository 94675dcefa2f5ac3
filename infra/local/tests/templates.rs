//! What the templates promise, read from their text.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::{BTreeMap, BTreeSet};

const HOME: &str = include_str!("../../../template.yaml");
const REGIONAL: &str = include_str!("../../regional.yaml");

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

#[test]
fn each_function_stands_in_one_template_under_its_name() {
    let mut found = BTreeMap::new();
    for (path, properties) in resources(HOME).chain(resources(REGIONAL)) {
        let Some(code) = value(properties, "CodeUri") else { continue };
        let name = code.trim_end_matches('/').rsplit_once("target/lambda/").unwrap().1;
        assert_eq!(value(properties, "FunctionName"), Some(&*format!("!Sub ${{Prefix}}-{name}")), "{path}");
        assert_eq!(value(properties, "Role"), Some(&*format!("!GetAtt {path}Role.Arn")), "{path}");
        assert!(found.insert(name, path).is_none(), "{name} stands there twice");
    }
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), FUNCTIONS);
}

/// Roles name their actions one by one. `*` stands where AWS knows no resource: a telephone number has no ARN, and the
/// account's quota is the account's.
#[test]
fn no_role_may_do_everything() {
    for (name, properties) in resources(HOME).chain(resources(REGIONAL)) {
        if !properties.contains("Type: AWS::IAM::Role") {
            continue;
        }
        let actions = properties.lines().filter(|line| {
            let line = line.trim().trim_start_matches("- ");
            line.starts_with("Action:") || (line.contains(':') && !line.contains(' ') && !line.contains("!"))
        });
        for action in actions {
            assert!(!action.contains('*'), "{name}: {action}");
        }
        let everywhere = properties.matches("Resource: \"*\"").count();
        let expected = match name {
            "SendRole" => 2,
            "DispatchRole" | "PlanRole" | "WatchRole" => 1,
            _ => 0,
        };
        assert_eq!(everywhere, expected, "{name}");
        assert!(!properties.contains("ManagedPolicyArns"), "{name}");
    }
}

/// What each function's step asks of DynamoDB and SQS through its ports, and no more: a transaction needs the action of
/// each of its parts.
#[test]
fn each_role_has_exactly_the_grants_that_its_step_needs() {
    const TAKE: &str = "ReceiveMessage DeleteMessage ChangeMessageVisibility GetQueueAttributes GetQueueUrl";
    let of = |role: &str| -> (&str, String) {
        let with_queue = |more: &str| format!("{TAKE} SendMessage {more}");
        match role {
            // The signal and its leaf; the tenant; triage's queue.
            "IntakeWebhookRole" => ("GetItem PutItem", "SendMessage GetQueueUrl".to_owned()),
            "IntakeSiemRole" => ("GetItem PutItem", with_queue("")),
            // The list of incidents, and how many were opened.
            "TriageRole" => ("GetItem Query PutItem UpdateItem", with_queue("")),
            // The tenant, the receipts of a notice; the inboxes of every region. A link is marked as opened.
            "InboxRole" => ("GetItem Query UpdateItem BatchWriteItem", String::new()),
            // Slices; records into the people tables.
            "ScopeRole" => ("GetItem Query PutItem BatchWriteItem", with_queue("")),
            // The gates, and the parts of a plan. People who are not affected any more are read by their ids.
            "PlanRole" => ("GetItem Query PutItem UpdateItem BatchWriteItem BatchGetItem", with_queue("")),
            // A wave that its canary does not let go is paused: its incident, the leaf and the alert are put.
            "DispatchRole" => ("GetItem Query PutItem UpdateItem", "SendMessage GetQueueUrl".to_owned()),
            // The claim checks a gate. People; inboxes and the provider's ids of texts; what a text links to is put.
            "SendRole" => {
                let actions =
                    "GetItem Query PutItem UpdateItem ConditionCheckItem BatchWriteItem BatchGetItem";
                (actions, with_queue(""))
            }
            // Counts are updates.
            "ReceiptsRole" => ("GetItem PutItem UpdateItem BatchWriteItem", with_queue("")),
            // Sealing removes leaves in batches; an alert that was told is taken out. Canaries go to the senders.
            "WatchRole" => {
                let actions = "GetItem Query PutItem UpdateItem DeleteItem BatchWriteItem";
                (actions, "SendMessage GetQueueUrl".to_owned())
            }
            // A route that a tenant gives up is removed; an export checks a gate; receipts of letters; evidence is read anew;
            // dead letters are looked at and redriven.
            "ConsoleRole" => (
                "GetItem Query PutItem UpdateItem ConditionCheckItem DeleteItem BatchWriteItem",
                with_queue("StartMessageMoveTask ListMessageMoveTasks"),
            ),
            _ => ("", String::new()),
        }
    };
    let mut seen = 0;
    for (name, properties) in resources(HOME).chain(resources(REGIONAL)) {
        if !properties.contains("Service: lambda.amazonaws.com") {
            continue;
        }
        let (tables, queues) = of(name);
        let (topics, texts) = match name {
            // Texts, by one provider or the other.
            "SendRole" => ("Publish", "SendTextMessage"),
            // Alerts.
            "WatchRole" => ("Publish", ""),
            _ => ("", ""),
        };
        let mail = match name {
            // Mail in bulk, and by itself where it is encrypted; the rate after a throttle.
            "SendRole" => "SendEmail SendRawEmail SendBulkEmail GetAccount",
            // The quotas, and whether senders are signed for.
            "PlanRole" => "GetAccount GetEmailIdentity",
            "DispatchRole" => "GetAccount",
            // The quotas; alerts.
            "WatchRole" => "GetAccount SendEmail",
            _ => "",
        };
        for (service, expected) in [
            ("dynamodb", tables),
            ("sqs", queues.as_str()),
            ("sns", topics),
            ("sms-voice", texts),
            ("ses", mail),
        ] {
            let expected: BTreeSet<&str> = expected.split_whitespace().collect();
            assert_eq!(granted(properties, service), expected, "{name}: {service}");
        }
        seen += 1;
    }
    assert_eq!(seen, FUNCTIONS.len());
}

/// The actions of a service that a role may do, without the service's name.
fn granted<'a>(properties: &'a str, service: &str) -> BTreeSet<&'a str> {
    let prefix = format!("{service}:");
    let words = properties.split(|sign: char| sign.is_whitespace() || matches!(sign, '[' | ']' | ','));
    words
        .filter_map(|word| word.strip_prefix(prefix.as_str()))
        .filter(|action| !action.contains(':'))
        .collect()
}

#[test]
fn what_is_kept_is_encrypted_and_what_is_logged_ends() {
    for (name, properties) in resources(HOME).chain(resources(REGIONAL)) {
        let needed: &[&str] = match value(properties, "Type").unwrap() {
            "AWS::SQS::Queue" => &["SqsManagedSseEnabled: true", "MessageRetentionPeriod:"],
            "AWS::DynamoDB::Table" => {
                &["SSESpecification: { SSEEnabled: true }", "DeletionProtectionEnabled:"]
            }
            "AWS::S3::Bucket" => {
                &["SSEAlgorithm: \"aws:kms\"", "Status: Enabled", "RestrictPublicBuckets: true"]
            }
            "AWS::Logs::LogGroup" => &["RetentionInDays:"],
            "AWS::CloudWatch::Alarm" => &["AlarmActions:", "AlarmDescription:"],
            _ => &[],
        };
        for property in needed {
            assert!(properties.contains(property), "{name} lacks {property}");
        }
    }
}

/// What a mail's configuration set does not say is decided by a switch of the account.
#[test]
fn mail_goes_by_tls_and_nobody_is_tracked() {
    let is_set = |(_, lines): &(&str, &str)| lines.contains("Type: AWS::SES::ConfigurationSet\n");
    let sets: Vec<_> = resources(REGIONAL).filter(is_set).collect();
    assert_eq!(sets.len(), 1);
    for (name, properties) in sets {
        for option in
            ["TlsPolicy: REQUIRE", "EngagementMetrics: DISABLED", "OptimizedSharedDelivery: DISABLED"]
        {
            assert!(properties.contains(option), "{name} lacks {option}");
        }
        assert!(!properties.contains("TrackingOptions"), "{name}");
    }
    let (_, events) = resources(REGIONAL)
        .find(|(_, lines)| lines.contains("Type: AWS::SES::ConfigurationSetEventDestination"))
        .unwrap();
    let types = value(events, "MatchingEventTypes").unwrap();
    assert!(!types.contains("open") && !types.contains("click"), "{types}");
}

/// What a claim's lease is reckoned from is the time that `send` has.
#[test]
fn the_lease_knows_the_timeout_of_send() {
    let (_, send) = resources(REGIONAL).find(|(name, _)| *name == "Send").unwrap();
    let timeout = value(send, "Timeout").unwrap();
    for template in [HOME, REGIONAL] {
        let told = value(template, "TOCSIN_SEND_TIMEOUT_SECONDS").unwrap();
        assert_eq!(told.split_whitespace().next(), Some(&*format!("\"{timeout}\"")));
    }
}

/// The home stack hands every parameter on, and both mean the same by it.
#[test]
fn the_templates_agree() {
    let home: BTreeMap<&str, &str> = parameters(HOME).collect();
    let regional: BTreeMap<&str, &str> = parameters(REGIONAL).collect();
    for (name, definition) in &regional {
        let handed_on = format!("        {name}: ");
        assert!(HOME.contains(&handed_on), "the home stack does not set {name}");
        if !["HomeRegion", "Regions"].contains(name) {
            assert_eq!(home.get(name), Some(definition), "{name}");
        }
    }
    let unknown: BTreeSet<_> = home.keys().filter(|name| !regional.contains_key(*name)).collect();
    assert_eq!(unknown, BTreeSet::new());
    let names = |template| -> Vec<&str> {
        let section = section(template, "Globals");
        section.lines().filter_map(|line| line.trim().split_once(':')).map(|(name, _)| name).collect()
    };
    assert_eq!(names(HOME), names(REGIONAL));
}

fn resources(template: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    entries(section(template, "Resources"))
}

fn parameters(template: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    entries(section(template, "Parameters"))
}

/// The lines under a key of the first level.
fn section(template: &'static str, key: &str) -> &'static str {
    let (_, behind) = template.split_once(&format!("\n{key}:\n")).unwrap();
    let end = behind
        .match_indices('\n')
        .find(|(at, _)| behind[at + 1..].starts_with(|letter: char| letter.is_ascii_alphabetic()));
    &behind[..end.map_or(behind.len(), |(at, _)| at + 1)]
}

/// The keys of the second level, each with the lines under it, comments between entries left out.
fn entries(section: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let begins = |line: &str| {
        line.strip_prefix("  ").is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic()))
    };
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    for line in section.split_inclusive('\n') {
        if begins(line) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([section.len()]).collect();
    starts.into_iter().zip(ends).map(move |(start, end)| {
        let (name, rest) = section[start..end].split_once(":\n").unwrap();
        let comment = rest.find("\n  #").map_or(rest.len(), |at| at + 1);
        (name.trim(), rest[..comment].trim_end())
    })
}

/// The value behind the first such key.
fn value<'a>(lines: &'a str, key: &str) -> Option<&'a str> {
    lines.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "))
}
