//! Whether receivers can tell that a plan's mail comes from the tenant: what is not signed may be thrown away unread.

use std::collections::BTreeSet;

use tocsin_domain::plan::{Channel, Wave};
use tocsin_domain::tenant::Senders;
use tocsin_ports::{ReadSenders, SenderStanding};

/// A line for each region that sends mail of these waves and does not sign it, or of which that is not known. No plan is
/// refused for it: an incident may not wait for the DNS.
pub async fn warnings(ports: &impl ReadSenders, senders: &Senders, waves: &[Wave]) -> Vec<String> {
    let mailing = waves.iter().filter(|wave| wave.channel == Channel::Email);
    let regions: BTreeSet<&str> = mailing.map(|wave| wave.region.as_str()).collect();
    let mut warnings = Vec::new();
    for region in regions {
        warnings.extend(warning(ports, senders, region).await);
    }
    warnings
}

async fn warning(ports: &impl ReadSenders, senders: &Senders, region: &str) -> Option<String> {
    let standing = match senders.email_address() {
        Ok(sender) => ports.sender_standing(region, &sender).await.map_err(|error| error.to_string()),
        Err(error) => Err(format!("senders.email_from: {error}")),
    };
    match standing {
        Ok(SenderStanding::Signed) => None,
        Ok(SenderStanding::Unsigned) => Some(format!(
            "{region}: mail from the sender in senders.email_from is not signed (DKIM), and may not arrive: turn on \
             DKIM for its domain in SES there, and publish the records that SES names in the domain's DNS"
        )),
        Ok(SenderStanding::Unverified) => Some(format!(
            "{region}: SES takes no mail from the sender in senders.email_from: create an identity for its domain \
             there, with DKIM, and publish the records that SES names in the domain's DNS"
        )),
        Err(why) => Some(format!(
            "{region}: it is not known whether mail from the sender in senders.email_from is signed (DKIM; {why}): \
             look at its identity in SES there"
        )),
    }
}
