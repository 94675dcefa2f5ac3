//! The stand-in for two IAM checks that the emulator makes and AWS does not, so that the roles of the templates
//! can be checked as they are:
//! - AWS has no action `sqs:SendMessageBatch`: who may `sqs:SendMessage` may send batches.
//! - AWS checks `ses:SendEmail` and `ses:SendBulkEmail` on the identity, the template and the configuration set;
//!   the emulator on `*`.

use serde_json::{Value, json};

use crate::cloud::{Cloud, CloudError, rows_of, text_of, unreadable};

/// Gives every role what the emulator asks for beyond what AWS would, and nothing that the role does not have.
pub(crate) async fn add_what_the_emulator_asks(cloud: &Cloud) -> Result<(), CloudError> {
    let roles = cloud.iam("ListRoles", &[("MaxItems", "1000")]).await?;
    for role in rows_of(&roles, "Roles").iter().filter_map(|row| row.get("RoleName")) {
        let extra = extra_statements(&statements_of(cloud, role).await?);
        if extra.is_empty() {
            continue;
        }
        let policy = json!({ "Version": "2012-10-17", "Statement": extra }).to_string();
        let parameters =
            [("RoleName", role.as_str()), ("PolicyName", "emulator"), ("PolicyDocument", &policy)];
        cloud.iam("PutRolePolicy", &parameters).await?;
    }
    Ok(())
}

async fn statements_of(cloud: &Cloud, role: &str) -> Result<Vec<Value>, CloudError> {
    let policies = cloud.iam("ListRolePolicies", &[("RoleName", role)]).await?;
    let mut statements = Vec::new();
    for policy in names_in(&policies) {
        let parameters = [("RoleName", role), ("PolicyName", policy.as_str())];
        let answer = cloud.iam("GetRolePolicy", &parameters).await?;
        let document = text_of(&answer, "PolicyDocument").ok_or_else(|| unreadable("GetRolePolicy"))?;
        let document: Value =
            serde_json::from_str(&decode(&document)).map_err(|_| unreadable("GetRolePolicy"))?;
        statements.extend(one_or_several(&document["Statement"]).iter().cloned());
    }
    Ok(statements)
}

fn extra_statements(statements: &[Value]) -> Vec<Value> {
    let allowed = statements.iter().filter(|statement| statement["Effect"] == "Allow");
    allowed
        .flat_map(|statement| {
            let has = |action: &str| one_or_several(&statement["Action"]).iter().any(|one| one == action);
            let batches = has("sqs:SendMessage").then(|| {
                json!({ "Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": statement["Resource"] })
            });
            let mail = ["ses:SendEmail", "ses:SendBulkEmail"]
                .into_iter()
                .filter(|action| has(action))
                .map(|action| json!({ "Effect": "Allow", "Action": action, "Resource": "*" }));
            batches.into_iter().chain(mail).collect::<Vec<_>>()
        })
        .collect()
}

/// Where a policy may have a list, it may have the one thing that would stand in it.
fn one_or_several(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn names_in(policies: &str) -> Vec<String> {
    let Ok(document) = roxmltree::Document::parse(policies) else { return Vec::new() };
    let members = document.descendants().filter(|node| node.tag_name().name() == "member");
    members.filter_map(|member| member.text()).map(str::to_owned).collect()
}

/// IAM answers with documents that are percent-encoded (RFC 3986).
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.split_at_checked(2).filter(|_| *first == b'%').and_then(|(code, behind)| {
            let byte = u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()?;
            Some((byte, behind))
        });
        let (byte, behind) = code.unwrap_or((*first, behind));
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_may_send_may_send_batches() {
        let statements = [
            json!({ "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"], "Resource": ["a", "b"] }),
            json!({ "Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": "c" }),
            json!({ "Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "d" }),
        ];
        assert_eq!(
            extra_statements(&statements),
            [json!({ "Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": ["a", "b"] })]
        );
    }

    #[test]
    fn documents_are_decoded() {
        assert_eq!(decode("%7B%22a%22%3A%20%22%C3%BC%22%7D"), "{\"a\": \"ü\"}");
        assert_eq!(decode("100% {}"), "100% {}");
    }
}
