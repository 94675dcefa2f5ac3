//! One open finding of each form that is read, made after the vendors' public schemas with values of our own.

use serde_json::{Value, json};

/// The source that a sample's signal names, its severity, its id, and the body: JSON, or text as it is.
pub type Sample = (&'static str, &'static str, &'static str, Value);

/// Every JSON form; each is known by exactly one reader.
pub fn json_samples() -> Vec<Sample> {
    let mut samples = aws();
    samples.extend(crowdstrike());
    samples.extend(sentinel());
    samples.extend(defender());
    samples.extend(sentinelone());
    samples.extend(wiz());
    samples.extend(others());
    samples
}

/// Text: CEF and LEEF behind a syslog header and without.
pub fn text_samples() -> Vec<Sample> {
    vec![
        (
            "cef",
            "high",
            "Acme:Wall:e-1",
            json!("CEF:0|Acme|Wall|1|42|Blocked|8|externalId=e-1 src=203.0.113.9"),
        ),
        (
            "leef",
            "high",
            "Acme:Wall:e-2",
            json!("LEEF:1.0|Acme|Wall|1|42|externalId=e-2\tsev=8\tsrc=203.0.113.9"),
        ),
        (
            "leef",
            "medium",
            "Acme:Wall:e-3",
            json!(
                "<134>1 2026-02-03T04:05:06Z wall app 1 - - LEEF:2.0|Acme|Wall|1|42|^|externalId=e-3^sev=5^usrName=etl"
            ),
        ),
    ]
}

pub fn aws_case() -> Value {
    json!({
        "version": "0", "id": "9f1c2d3e", "detail-type": "Case Created", "source": "aws.security-ir",
        "account": "444455556666", "time": "2026-02-03T04:05:06Z", "region": "eu-central-1",
        "resources": ["arn:aws:security-ir:eu-central-1:444455556666:case/7306458291"],
        "detail": {"caseId": "7306458291", "createdBy": "444455556666"},
    })
}

pub fn ocsf_incident() -> Value {
    json!({
        "class_uid": 2005, "category_uid": 2, "activity_id": 1, "severity_id": 3, "time": 1_770_091_506_000_i64,
        "status_id": 2, "metadata": {"version": "1.3.0", "product": {"name": "Desk", "vendor_name": "Acme"}},
        "finding_info_list": [{"uid": "inc-9", "title": "Exports under watch"}],
    })
}

pub fn ocsf_data() -> Value {
    json!({
        "class_uid": 2006, "category_uid": 2, "severity_id": 4, "time": 1_770_091_506_000_i64, "status_id": 1,
        "metadata": {"version": "1.4.0", "product": {"name": "DLP", "vendor_name": "Acme"}},
        "finding_info": {"uid": "d-1", "title": "Personal data left the bucket"},
        "databucket": {"name": "exports", "uid": "arn:aws:s3:::exports"}, "table": {"name": "customers"},
    })
}

fn aws() -> Vec<Sample> {
    let source = "security-incident-response";
    vec![
        (source, "medium", "7306458291", aws_case()),
        (
            source,
            "medium",
            "7306458292",
            json!({
                "caseArn": "arn:aws:security-ir:eu-central-1:444455556666:case/7306458292", "caseStatus": "Acknowledged",
                "title": "Keys seen abroad", "engagementType": "Security Incident", "impactedAccounts": ["444455556666"],
                "threatActorIpAddresses": [{"ipAddress": "203.0.113.9", "userAgent": "curl"}],
                "reportedIncidentStartDate": 1_770_091_506.0,
            }),
        ),
        (
            "guardduty",
            "high",
            "gd-1",
            json!({
                "schemaVersion": "2.0", "accountId": "444455556666", "id": "gd-1", "type": "Exfiltration:S3/AnomalousBehavior",
                "severity": 8, "title": "Unusual reads", "createdAt": "2026-02-03T04:05:06Z",
                "service": {"detectorId": "d", "serviceName": "guardduty", "archived": false},
            }),
        ),
        (
            "macie",
            "high",
            "m-1",
            json!({
                "id": "m-1", "accountId": "444455556666", "type": "Policy:IAMUser/S3BucketPublic", "title": "Public",
                "severity": {"score": 3, "description": "High"}, "createdAt": "2026-02-03T04:05:06Z",
                "resourcesAffected": {"s3Bucket": {"name": "exports"}},
                "policyDetails": {"actor": {"ipAddressDetails": {"ipAddressV4": "203.0.113.9"}}},
            }),
        ),
        (
            "security-hub",
            "high",
            "sh-1",
            json!({"findings": [{
                "ProductArn": "p", "GeneratorId": "g", "Id": "sh-1", "Types": ["t"], "Title": "t",
                "Severity": {"Label": "HIGH"}, "CreatedAt": "2026-02-03T04:05:06Z",
            }]}),
        ),
        ("ocsf", "medium", "inc-9", ocsf_incident()),
        ("ocsf", "high", "d-1", ocsf_data()),
    ]
}

pub fn falcon_event() -> Value {
    json!({
        "metadata": {"customerIDString": "c1d0", "offset": 88, "eventType": "EppDetectionSummaryEvent",
                     "eventCreationTime": 1_770_091_506_000_i64, "version": "1.0"},
        "event": {
            "CompositeId": "c1d0:ind:a9e7:4711-10197-88", "AgentId": "a9e7", "Hostname": "till-7", "UserName": "etl",
            "Name": "Suspicious Activity", "Description": "A process read many exports.", "Severity": 70,
            "SeverityName": "High", "Tactic": "Exfiltration", "Technique": "Automated Exfiltration",
            "LocalIP": "10.0.0.7", "ProcessStartTime": 1_760_000_000, "ProcessEndTime": 0, "Status": "new",
        },
    })
}

pub fn falcon_alert() -> Value {
    json!({
        "composite_id": "c1d0:ind:a9e7:4712", "id": "ind:a9e7:4712", "cid": "c1d0", "agent_id": "a9e7",
        "aggregate_id": "aggind:a9e7:1", "name": "ExportByOddProcess", "display_name": "Odd export",
        "description": "An odd process exported customers.", "severity": 90, "status": "new", "tactic": "Exfiltration",
        "technique": "Automated Exfiltration", "product": "epp", "timestamp": "2026-02-03T04:05:06.100Z",
        "created_timestamp": "2026-02-03T04:06:00.123456789Z", "user_name": "etl",
        "falcon_host_link": "https://falcon.example/x",
        "device": {"hostname": "till-7", "service_provider_account_id": "444455556666"},
    })
}

/// Of the data replicator, without the severity's name.
pub fn falcon_fdr() -> Value {
    json!({
        "ExternalApiType": "Event_EppDetectionSummaryEvent", "CompositeId": "c1d0:ind:a9e7:4715", "Severity": 70,
        "Name": "NGAV", "UTCTimestamp": "2026-02-03 04:05:06Z",
    })
}

fn crowdstrike() -> Vec<Sample> {
    let source = "crowdstrike";
    let stream = |kind: &str, event: Value| json!({"metadata": {"eventType": kind, "eventCreationTime": 1_770_091_506_000_i64}, "event": event});
    vec![
        (source, "high", "c1d0:ind:a9e7:4711-10197-88", falcon_event()),
        (source, "critical", "c1d0:ind:a9e7:4712", falcon_alert()),
        (source, "high", "c1d0:ind:a9e7:4715", falcon_fdr()),
        (
            source,
            "low",
            "ldt:a9e7:1",
            stream(
                "DetectionSummaryEvent",
                json!({"DetectId": "ldt:a9e7:1", "DetectName": "NGAV", "Severity": 2, "ComputerName": "till-7"}),
            ),
        ),
        (
            source,
            "medium",
            "inc:a9e7:1",
            stream(
                "IncidentSummaryEvent",
                json!({"IncidentID": "inc:a9e7:1", "State": "open", "FineScore": 0.5,
                       "IncidentStartTime": 1_770_091_506, "HostID": "a9e7"}),
            ),
        ),
        (
            source,
            "critical",
            "c1d0:ind:xdr|1",
            stream(
                "XdrDetectionSummaryEvent",
                json!({"DetectId": "c1d0:ind:xdr|1", "Name": "Brute force", "Severity": 90,
                       "StartTimeEpoch": 1_770_091_506_000_000_000_i64}),
            ),
        ),
        (
            source,
            "low",
            "c1d0:ind:a9e7:4713",
            json!({"ExternalApiType": "Event_EppDetectionSummaryEvent", "CompositeId": "c1d0:ind:a9e7:4713",
                   "Severity": 2, "SeverityName": "Low", "Name": "NGAV", "UTCTimestamp": "2026-02-03 04:05:06Z"}),
        ),
        (
            source,
            "high",
            "c1d0:ind:a9e7:4714",
            json!({"aid": "a9e7", "fdr_event_type": "Event_EppDetectionSummaryEvent", "timestamp": "2026-02-03 04:05:06",
                   "event": {"ExternalApiType": "Event_EppDetectionSummaryEvent", "CompositeId": "c1d0:ind:a9e7:4714",
                             "SeverityName": "High", "Name": "NGAV", "UTCTimestamp": 1_770_091_506_000_i64}}),
        ),
        (
            source,
            "high",
            "ldt:a9e7:2",
            json!({"detection_id": "ldt:a9e7:2", "max_severity_displayname": "High", "status": "new",
                   "first_behavior": "2026-02-03T04:05:06Z",
                   "behaviors": [{"scenario": "data_theft", "technique": "T1020", "user_name": "etl"}]}),
        ),
    ]
}

pub fn sentinel_incident() -> Value {
    json!({
        "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/w/providers/Microsoft.SecurityInsights/Incidents/3f8a",
        "name": "3f8a", "type": "Microsoft.SecurityInsights/Incidents", "etag": "\"0\"",
        "properties": {
            "title": "Mass download by a service account", "severity": "High", "status": "New", "incidentNumber": 812,
            "owner": {"email": "ada@example.com"}, "firstActivityTimeUtc": "2026-02-03T04:05:06.1234567Z",
            "createdTimeUtc": "2026-02-03T04:30:00Z", "additionalData": {"tactics": ["Exfiltration"]},
            "relatedEntities": [
                {"kind": "Ip", "properties": {"address": "203.0.113.9"}},
                {"kind": "Account", "properties": {"accountName": "etl", "userPrincipalName": "ada@example.com"}},
                {"kind": "AmazonResource", "properties": {"amazonResourceId": "arn:aws:s3:::exports"}},
            ],
        },
    })
}

pub fn defender_record() -> Value {
    json!({
        "time": "2026-02-03T04:06:00.123Z", "tenantId": "t-1", "operationName": "Publish",
        "category": "AdvancedHunting-AlertInfo",
        "properties": {"AlertId": "ad-1", "Title": "Odd sign-in", "Severity": "Medium", "Category": "InitialAccess",
                       "ServiceSource": "Microsoft Defender for Identity", "Timestamp": "2026-02-03T04:05:06Z"},
    })
}

fn sentinel() -> Vec<Sample> {
    let source = "microsoft-sentinel";
    vec![
        (source, "high", "3f8a", sentinel_incident()),
        (
            source,
            "high",
            "3f8a",
            json!({"eventUniqueId": "e", "objectSchemaType": "Incident", "objectEventType": "Update",
                   "workspaceId": "w", "object": sentinel_incident()}),
        ),
        (
            source,
            "low",
            "al-7",
            json!({"id": "/x/Entities/al-7", "name": "al-7", "type": "Microsoft.SecurityInsights/Entities",
                   "kind": "SecurityAlert", "properties": {
                       "systemAlertId": "al-7", "alertDisplayName": "Odd query", "severity": "Low", "status": "New",
                       "alertType": "w_rule", "productName": "Azure Sentinel", "startTimeUtc": "2026-02-03T04:05:06Z"}}),
        ),
        (
            source,
            "informational",
            "al-8",
            json!({"TimeGenerated": "2026-02-03T04:05:06Z", "SystemAlertId": "al-8", "AlertName": "Odd query",
                   "DisplayName": "Odd query", "AlertSeverity": "Informational", "ProviderName": "ASI Scheduled Alerts",
                   "VendorName": "Microsoft", "Status": "New"}),
        ),
        (
            source,
            "medium",
            "91bc",
            json!({"IncidentName": "91bc", "IncidentNumber": 813, "Title": "Odd query", "Severity": "Medium",
                   "Status": "Active", "FirstActivityTime": "2026-02-03T04:05:06Z"}),
        ),
    ]
}

fn defender() -> Vec<Sample> {
    vec![
        (
            "defender",
            "high",
            "az-1",
            json!({"id": "/subscriptions/s/providers/Microsoft.Security/locations/l/alerts/az-1", "name": "az-1",
                   "type": "Microsoft.Security/Locations/alerts", "properties": {
                       "systemAlertId": "az-1", "alertDisplayName": "Blob read from afar", "severity": "High",
                       "status": "Active", "productName": "Microsoft Defender for Cloud",
                       "startTimeUtc": "2026-02-03T04:05:06Z"}}),
        ),
        ("defender", "medium", "ad-1", defender_record()),
        ("defender", "medium", "ad-1", json!({"records": [defender_record()]})),
        (
            "defender",
            "high",
            "da-9",
            json!({"value": [{"id": "da-9", "title": "Spray", "severity": "high", "status": "new",
                              "serviceSource": "azureAdIdentityProtection", "createdDateTime": "2026-02-03T04:05:06Z"}]}),
        ),
        (
            "defender",
            "low",
            "g1-9",
            json!({"id": "g1-9", "title": "Spray", "severity": "low", "status": "newAlert", "azureTenantId": "t-1",
                   "vendorInformation": {"provider": "IPC", "vendor": "Microsoft"},
                   "eventDateTime": "2026-02-03T04:05:06Z"}),
        ),
        (
            "defender",
            "medium",
            "2972395",
            json!({"@odata.type": "#microsoft.graph.security.incident", "id": "2972395", "displayName": "Multi-stage",
                   "incidentWebUrl": "https://security.example/2972395", "severity": "medium", "status": "active",
                   "classification": "unknown", "createdDateTime": "2026-02-03T04:05:06.5533333Z"}),
        ),
    ]
}

pub fn s1_threat() -> Value {
    json!({
        "id": "1500", "agentDetectionInfo": {"agentIpV4": "10.0.0.7", "agentUuid": "u-1",
            "cloudProviders": {"AWS": {"awsAccountId": "444455556666"}}},
        "agentRealtimeInfo": {"agentComputerName": "till-7"},
        "threatInfo": {
            "threatId": "1500", "threatName": "dump.exe", "classification": "Infostealer",
            "confidenceLevel": "malicious", "analystVerdict": "undefined", "incidentStatus": "unresolved",
            "identifiedAt": "2026-02-03T04:05:06.000000Z", "processUser": "till\\etl",
        },
    })
}

pub fn s1_alert() -> Value {
    json!({
        "agentDetectionInfo": {"name": "till-7", "uuid": "u-1"},
        "alertInfo": {"alertId": "1986", "createdAt": "2026-02-03T04:05:06Z", "incidentStatus": "Unresolved",
                      "analystVerdict": "Undefined", "eventType": "PROCESSCREATION", "srcIp": "203.0.113.9"},
        "ruleInfo": {"id": "77", "name": "Export tool started", "severity": "Critical"},
        "sourceProcessInfo": {"user": "etl"},
    })
}

fn sentinelone() -> Vec<Sample> {
    let source = "sentinelone";
    vec![
        (source, "high", "1500", s1_threat()),
        (source, "critical", "1986", s1_alert()),
        (source, "high", "1500", json!({"data": [s1_threat()], "pagination": {"totalItems": 1}})),
        (
            source,
            "medium",
            "0191-aa",
            json!({"id": "0191-aa", "name": "Malware on till-7", "severity": "MEDIUM", "status": "NEW",
                   "analystVerdict": "UNDEFINED", "classification": "MALWARE", "confidenceLevel": "MALICIOUS",
                   "detectionSource": {"product": "EDR", "vendor": "SentinelOne"}, "assets": [{"name": "till-7"}],
                   "firstSeenAt": "2026-02-03T04:05:06.000Z"}),
        ),
    ]
}

pub fn wiz_issue() -> Value {
    json!({
        "id": "wi-1", "createdAt": "2026-02-03T04:05:06.263277Z", "severity": "CRITICAL", "status": "OPEN",
        "type": "TOXIC_COMBINATION", "sourceRule": {"__typename": "Control", "id": "wc-1", "name": "Public export bucket"},
        "entitySnapshot": {"id": "en-1", "name": "exports", "type": "BUCKET", "nativeType": "bucket",
                           "providerId": "arn:aws:s3:::exports", "subscriptionExternalId": "444455556666"},
    })
}

fn wiz() -> Vec<Sample> {
    vec![
        ("wiz", "critical", "wi-1", wiz_issue()),
        ("wiz", "critical", "wi-1", json!({"data": {"issues": {"nodes": [wiz_issue()]}}})),
        (
            "wiz",
            "high",
            "wd-1",
            json!({"id": "wd-1", "severity": "HIGH", "title": "Keys used from afar", "tdrId": "cer-keys",
                   "trigger": {"type": "Created"}, "createdAt": "2026-02-03T05:00:00Z",
                   "timeframe": {"start": "2026-02-03 04:05:06.000000000"}, "triggeringEventsCount": 1,
                   "primaryResource": {"id": "r-1", "name": "till-7", "type": "VIRTUAL_MACHINE"},
                   "cloudAccounts": [{"externalId": "444455556666", "cloudPlatform": "AWS"}],
                   "actors": [{"externalId": "203.0.113.9", "name": "203.0.113.9"}]}),
        ),
        (
            "wiz",
            "low",
            "w-1",
            json!({"trigger": {"type": "Created"}, "issue": {"id": "w-1", "severity": "LOW", "status": "OPEN",
                   "created": "2026-02-03T04:05:06Z"}, "control": {"id": "c", "name": "Public bucket"},
                   "resource": {"id": "r", "name": "exports", "type": "bucket", "subscriptionId": "444455556666"}}),
        ),
    ]
}

pub fn wazuh() -> Value {
    json!({
        "timestamp": "2026-02-03T04:05:06.126+0000", "id": "1770091506.164976",
        "rule": {"level": 12, "id": "100101", "description": "Many exports by one key", "firedtimes": 2,
                 "groups": ["amazon", "aws"], "gdpr": ["IV_35.7.d"]},
        "agent": {"id": "003", "name": "till-7", "ip": "10.0.0.7"}, "manager": {"name": "watch"},
        "decoder": {"name": "json"}, "location": "Wazuh-AWS", "full_log": "...",
        "data": {"srcip": "203.0.113.9", "aws": {"recipientAccountId": "444455556666",
                 "requestParameters": {"bucketName": "exports"}}},
    })
}

pub fn qradar() -> Value {
    json!({
        "id": 14, "description": "Many customer records read\n", "severity": 5, "magnitude": 7, "credibility": 4,
        "relevance": 6, "status": "OPEN", "start_time": 1_770_091_506_000_i64, "close_time": null,
        "categories": ["Data Exfiltration"], "offense_type": 0, "offense_source": "203.0.113.9", "inactive": false,
        "log_sources": [{"id": 62, "name": "shop.myshopify.com", "type_name": "Shop"}], "assigned_to": null,
    })
}

pub fn notable() -> Value {
    json!({
        "event_id": "E10E99CE@@notable@@5f3c", "rule_name": "Bulk export", "rule_title": "Bulk export by etl",
        "urgency": "critical", "severity": "high", "status_label": "New", "_time": "1770091506.000", "user": "etl",
        "dest": "till-7", "index": "notable",
    })
}

fn others() -> Vec<Sample> {
    let elastic = json!({"kibana.alert.uuid": "k-1", "kibana.alert.rule.name": "Export", "kibana.alert.severity": "low",
                         "kibana.alert.original_time": "2026-02-03T04:05:06Z"});
    let detection = json!({"ruleId": "ru_1", "ruleName": "export", "alertState": "ALERTING",
                           "ruleLabels": [{"key": "severity", "value": "High"}]});
    let secops = |detection: Value| {
        json!({"id": "de_1", "type": "RULE_DETECTION", "createdTime": "2026-02-03T04:09:00Z",
               "detectionTime": "2026-02-03T04:05:06Z", "detection": detection,
               "event": {"principal": {"ip": ["203.0.113.9"], "user": {"userid": "etl"}}}})
    };
    vec![
        ("wazuh", "high", "1770091506.164976", wazuh()),
        ("wazuh", "high", "1770091506.164976", json!({"severity": 3, "title": "t", "all_fields": wazuh()})),
        (
            "wazuh",
            "high",
            "1770091506.164976",
            json!({"hits": {"total": {"value": 1}, "hits": [{"_index": "wazuh-alerts", "_id": "x", "_source": wazuh()}]}}),
        ),
        ("qradar", "high", "14", qradar()),
        ("splunk", "high", "E10E99CE@@notable@@5f3c", notable()),
        ("splunk", "high", "E10E99CE@@notable@@5f3c", json!({"preview": false, "results": [notable()]})),
        (
            "splunk",
            "high",
            "E10E99CE@@notable@@5f3c",
            json!({"sid": "s-1", "search_name": "n", "results_link": "x", "result": notable()}),
        ),
        ("elastic", "low", "k-1", elastic.clone()),
        ("elastic", "low", "k-1", json!({"alerts": [elastic]})),
        ("elastic", "low", "k-1", json!({"hits": {"hits": [{"_id": "k-1", "_source": elastic}]}})),
        ("google-secops", "high", "de_1", secops(json!([detection]))),
        ("google-secops", "high", "de_1", secops(detection.clone())),
        ("google-secops", "high", "de_1", json!({"detections": [secops(json!([detection]))]})),
        (
            "datadog",
            "critical",
            "dd-1",
            json!({"data": {"type": "signal", "id": "dd-1", "attributes": {"status": "critical",
                   "timestamp": "2026-02-03T04:05:06Z", "attributes": {"title": "PAM changed"}}}}),
        ),
        (
            "backoffice",
            "high",
            "case-1",
            json!({"tocsin": 1, "source": "backoffice", "external_id": "case-1", "severity": "high",
                   "title": "All customers were exported", "occurred_at": "2026-02-03T04:05:06Z"}),
        ),
    ]
}
