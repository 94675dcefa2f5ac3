//! What SES grants the account in a region.

use aws_sdk_sesv2::types::SendQuota;
use tocsin_ports::{PortError, Quota, ReadQuota};

use crate::Aws;
use crate::failure::failed;

impl ReadQuota for Aws {
    /// An account whose sending is paused takes nothing, whatever its quota is (`SendingEnabled`):
    /// <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html>
    async fn mail_quota(&self, region: &str) -> Result<Quota, PortError> {
        let answer =
            self.ses(region)?.get_account().send().await.map_err(|error| failed("GetAccount", &error))?;
        let quota = answer.send_quota().ok_or_else(|| PortError("GetAccount: no quota".to_owned()))?;
        Ok(if answer.sending_enabled() { read(quota) } else { Quota { a_day: Some(0), ..read(quota) } })
    }
}

/// A daily quota of -1 is none: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendQuota.html>. Parts of a
/// message a second are left out, but for the last: a rate below 1 is 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "cut to whole, non-negative numbers"
)]
fn read(quota: &SendQuota) -> Quota {
    let whole = |number: f64| number.max(0.0).floor() as u64;
    Quota {
        a_second: u32::try_from(whole(quota.max_send_rate())).unwrap_or(u32::MAX).max(1),
        a_day: (quota.max24_hour_send() >= 0.0).then(|| whole(quota.max24_hour_send())),
        sent: quota.sent_last24_hours().max(0.0).ceil() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_read_in_whole_messages_and_never_generously() {
        let of = |rate, day, sent| {
            let quota = SendQuota::builder().max_send_rate(rate).max24_hour_send(day).sent_last24_hours(sent);
            read(&quota.build())
        };
        assert_eq!(of(14.0, 50_000.0, 17.5), Quota { a_second: 14, a_day: Some(50_000), sent: 18 });
        assert_eq!(of(0.5, -1.0, 0.0), Quota { a_second: 1, a_day: None, sent: 0 });
        assert_eq!(of(1.9, 0.0, -3.0), Quota { a_second: 1, a_day: Some(0), sent: 0 });
    }
}
