//! Mail to a contact that published a key for it. What cannot be encrypted is not sent: a person puts another key, and amends the
//! plan, which froze this one.

use tocsin_domain::person::EmailAddress;
use tocsin_domain::tenant::Encryption;
use tocsin_notices::Rendered;
use tocsin_ports::Entropy;
use tocsin_sealed::{Letter, Recipient};

use crate::compose::{Making, Ready};

pub struct Whom<'a> {
    pub to: EmailAddress,
    pub name: &'a str,
    pub key: &'a Encryption,
    pub reference: &'a str,
}

/// The approved letter in an envelope that is new at each attempt.
pub fn mail(
    making: &Making<'_>,
    entropy: &impl Entropy,
    place: usize,
    Whom { to, name, key, reference }: Whom<'_>,
    message: Rendered,
) -> Result<Ready, String> {
    let Rendered::Email(letter) = message else {
        return Err("the notice is not in the form of its channel".to_owned());
    };
    let unsealed = |why: &dyn std::fmt::Display| {
        format!(
            "mail to {name} has to be encrypted and cannot be: {why}; put another key for {name}, and amend the plan"
        )
    };
    let recipient = Recipient::parse(key.kind, &key.key, making.now).map_err(|why| unsealed(&why))?;
    let chunk = making.chunk;
    let letter = Letter {
        from: &making.brief.sender,
        to: &to,
        subject: &letter.subject,
        text: &letter.text,
        html: &letter.html,
        reference,
        date: making.now,
        id: &format!("{}.{place}.{}", chunk.chunk.at, chunk.attempt + 1),
    };
    let message = recipient.seal(&letter, entropy.random()).map_err(|why| unsealed(&why))?;
    Ok(Ready::Sealed { to, message })
}
