//! Whether SES signs for a sender.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::Builder;
use aws_sdk_sesv2::operation::get_email_identity::{GetEmailIdentityError, GetEmailIdentityOutput};
use aws_sdk_sesv2::types::DkimStatus;
use tocsin_domain::person::EmailAddress;
use tocsin_ports::{PortError, ReadSenders, SenderStanding};

use crate::Aws;
use crate::failure::failed;

/// SES takes about one such question a second, and a sender may need several.
const BACKOFF: Duration = Duration::from_secs(1);

impl ReadSenders for Aws {
    async fn sender_standing(
        &self,
        region: &str,
        sender: &EmailAddress,
    ) -> Result<SenderStanding, PortError> {
        standing(self.ses(region)?, sender.personal().expose()).await
    }
}

/// What SES says of one identity.
/// <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetEmailIdentity.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    verified: bool,
    signing: bool,
    /// The keys were found in the DNS. Of an address only its domain may know that.
    proven: bool,
}

/// An address may have an identity of its own, whose switch for signing then counts. The keys are its domain's, or those
/// of the nearest domain above it that has an identity: <https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html>
async fn standing(client: &Client, address: &str) -> Result<SenderStanding, PortError> {
    let own = identity(client, address).await?;
    if own.is_some_and(|own| own.verified && own.signing && own.proven) {
        return Ok(SenderStanding::Signed);
    }
    for domain in domains(address) {
        if let Some(domain) = identity(client, domain).await? {
            return Ok(judge(own, Some(domain)));
        }
    }
    Ok(judge(own, None))
}

/// The address's domain and those above it, without the top.
fn domains(address: &str) -> impl Iterator<Item = &str> {
    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
    let above = std::iter::successors(domain, |domain| Some(domain.split_once('.')?.1));
    above.filter(|domain| domain.contains('.'))
}

async fn identity(client: &Client, name: &str) -> Result<Option<Identity>, PortError> {
    let patient = RetryConfig::standard().with_initial_backoff(BACKOFF);
    let question = client.get_email_identity().email_identity(name).customize();
    match question.config_override(Builder::new().retry_config(patient)).send().await {
        Ok(answer) => Ok(Some(read(&answer))),
        Err(error) if error.as_service_error().is_some_and(GetEmailIdentityError::is_not_found_exception) => {
            Ok(None)
        }
        Err(error) => Err(failed("GetEmailIdentity", &error)),
    }
}

fn read(answer: &GetEmailIdentityOutput) -> Identity {
    let dkim = answer.dkim_attributes();
    Identity {
        verified: answer.verified_for_sending_status(),
        signing: dkim.is_some_and(|dkim| dkim.signing_enabled()),
        proven: dkim.and_then(|dkim| dkim.status()) == Some(&DkimStatus::Success),
    }
}

fn judge(own: Option<Identity>, domain: Option<Identity>) -> SenderStanding {
    let known = || own.into_iter().chain(domain);
    if !known().any(|identity| identity.verified) {
        return SenderStanding::Unverified;
    }
    let signing = own.or(domain).is_some_and(|identity| identity.signing);
    if signing && known().any(|identity| identity.proven) {
        return SenderStanding::Signed;
    }
    SenderStanding::Unsigned
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::loopback::{Loopback, Reply, sdk_config};

    const ADDRESS: &str = "notice@mail.shop.example";

    fn answer(verified: bool, signing: bool, status: &str) -> Reply {
        let dkim = json!({ "SigningEnabled": signing, "Status": status });
        Reply::ok(json!({ "VerifiedForSendingStatus": verified, "DkimAttributes": dkim }).to_string())
    }

    fn unknown() -> Reply {
        Reply::error(404, "NotFoundException")
    }

    /// How the sender stands, and of whom SES was asked.
    async fn asked(replies: Vec<Reply>) -> (Result<SenderStanding, PortError>, Vec<String>) {
        let server = Loopback::start(replies);
        let client = Client::new(&sdk_config(&server.endpoint));
        let standing = standing(&client, ADDRESS).await;
        let line = |line: String| line.split(' ').nth(1).map(str::to_owned).unwrap();
        (standing, server.requests().into_iter().map(|request| line(request.line)).collect())
    }

    #[tokio::test]
    async fn the_address_is_asked_about_and_then_its_domains() {
        let of = |name: &str| format!("/v2/email/identities/{name}");
        let (own, domain, above) =
            (of("notice%40mail.shop.example"), of("mail.shop.example"), of("shop.example"));
        let cases = [
            (vec![answer(true, true, "SUCCESS")], SenderStanding::Signed, vec![&own]),
            (vec![unknown(), answer(true, true, "SUCCESS")], SenderStanding::Signed, vec![&own, &domain]),
            (
                vec![unknown(), unknown(), answer(true, true, "PENDING")],
                SenderStanding::Unsigned,
                vec![&own, &domain, &above],
            ),
            (vec![unknown(), unknown(), unknown()], SenderStanding::Unverified, vec![&own, &domain, &above]),
        ];
        for (replies, expected, names) in cases {
            let (standing, asked) = asked(replies).await;
            assert_eq!(standing, Ok(expected), "{names:?}");
            assert_eq!(asked.iter().collect::<Vec<_>>(), names);
        }
    }

    #[tokio::test]
    async fn a_refusal_is_no_answer_and_names_nobody() {
        let (standing, _) = asked(vec![unknown(), Reply::error(403, "AccessDeniedException")]).await;
        assert_eq!(standing, Err(PortError("GetEmailIdentity: AccessDeniedException".to_owned())));
    }

    #[test]
    fn signed_is_who_is_verified_and_signs_with_a_key_that_is_found() {
        use SenderStanding::{Signed, Unsigned, Unverified};
        let of = |verified, signing, proven| Some(Identity { verified, signing, proven });
        let cases = [
            (None, of(true, true, true), Signed),
            (None, of(true, false, true), Unsigned),
            (None, of(true, true, false), Unsigned),
            (None, of(false, true, true), Unverified),
            // The keys are the domain's, the switch the address's own.
            (of(true, true, false), of(true, false, true), Signed),
            (of(true, false, false), of(true, true, true), Unsigned),
            (of(true, true, false), None, Unsigned),
            (of(false, true, false), of(true, true, true), Signed),
            (of(false, true, false), None, Unverified),
            (None, None, Unverified),
        ];
        for (own, domain, expected) in cases {
            assert_eq!(judge(own, domain), expected, "{own:?} {domain:?}");
        }
    }
}
